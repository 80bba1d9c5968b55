/*
 * Request paths as policies see them (DESIGN.md section 3, "Choosing").
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PATH_H
#define PATH_H

#include "base/slice.h"
#include "cors/request.h"

/*
 * The path of a request, decoded once, runs of '/' made one, dot segments
 * resolved, written to buf.  From REQUEST_URI up to '?' (of an absolute form
 * its path), else, or where the server has redirected the request to another
 * script, from SCRIPT_NAME and PATH_INFO, which the server has decoded
 * already.  Returns the path (in buf), or an absent slice when it does not fit,
 * or when servers read it in different ways, so that the script could belong to
 * another path than the policy: NUL, a bad '%', a dot segment beside a decoded
 * "%2f" or "%5c", a ".." behind one, any dot segment in SCRIPT_NAME or
 * PATH_INFO, or one in SCRIPT_FILENAME that came from the URL.  The answer is
 * then 400.  A path that is empty or
 * does not begin with '/' after decoding ("*", authority form) is returned as
 * it is and matches no pattern but none.
 */
struct slice path_normalize(const struct request *, char *buf, size_t cap);
/* So many bytes hold the path of the request whatever it is. */
static inline size_t
path_room(const struct request *request)
{
	return request->uri.len + request->script_name.len +
	    request->path_info.len + request->redirect_url.len + 2;
}

/* A decoded path, as somebody wrote it into a policy, in the same normal form;
 * absent when it holds NUL or does not fit. */
struct slice path_resolve(struct slice decoded, char *buf, size_t cap);

/* A `path` key: begins with '/', no NUL, at most one '*' and that at the end. */
bool path_pattern_valid(struct slice pattern);
/* Does the normalized path match?  Exact, or by prefix up to the final '*'. */
bool path_pattern_match(struct slice pattern, struct slice path);

/*
 * The host of a request lower-cased into buf, without port and without one
 * final dot: HTTP_HOST, else SERVER_NAME.  Absent when there is none or it does
 * not fit.
 */
struct slice host_normalize(const struct request *, char *buf, size_t cap);
/*
 * Is it plain whose request it is?  Not if HTTP_HOST (or SERVER_NAME) is no host,
 * for a server may take "x'y.example.com" for one of its "*.example.com"; and not
 * if REQUEST_URI has an authority that is another host.  host: what
 * host_normalize made.  Where some section has a `host`, the answer is 400.
 */
bool host_is_clear(const struct request *, struct slice host);
/* A `host` key: an exact host, or one that leads with "*.". */
bool host_pattern_valid(struct slice pattern);
bool host_pattern_match(struct slice pattern, struct slice host);

#endif
