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
 * The path of a request, decoded once, runs of '/' reduced to one, dot segments
 * resolved, written to buf.  From REQUEST_URI up to '?'  (of an absolute form
 * its path), else, or where the server has redirected the request to another
 * script, from SCRIPT_NAME and PATH_INFO, which the server has decoded already.
 * Returns the path (in buf), or an absent slice if it does not fit, or if
 * servers read it in different ways, so that the script could belong to another
 * path than the policy: NUL, a bad '%', a dot segment beside a decoded "%2f" or
 * "%5c", a ".."  behind one, any dot segment in SCRIPT_NAME or PATH_INFO, or
 * one in SCRIPT_FILENAME that came from the URL.  The response is then 400.  A
 * path that is empty or does not begin with '/' after decoding ("*", authority
 * form) is returned unchanged and matches no pattern.
 */
struct slice path_normalize(const struct request *, char *buf, size_t cap);
/* So many bytes always hold the path of the request. */
static inline size_t
path_room(const struct request *request)
{
	return request->uri.len + request->script_name.len +
	    request->path_info.len + request->redirect_url.len + 2;
}

/* A decoded path, as written in a policy, in the same normal form; absent if it
 * has a NUL or does not fit. */
struct slice path_resolve(struct slice decoded, char *buf, size_t cap);

/* Is it a valid `path` key: begins with '/', no NUL, at most one '*', at the
 * end? */
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
 * Is the host of the request unambiguous?  Not if HTTP_HOST (or SERVER_NAME) is
 * not a valid host, for a server may take "x'y.example.com" for one of its
 * "*.example.com"; and not if REQUEST_URI has an authority with another host.
 * host: the result of host_normalize.  If some section has a `host`, the
 * response is 400.
 */
bool host_is_clear(const struct request *, struct slice host);
/* Is it a valid `host` key: an exact host, or "*." and a host? */
bool host_pattern_valid(struct slice pattern);
bool host_pattern_match(struct slice pattern, struct slice host);

#endif
