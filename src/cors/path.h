/*
 * The paths and hosts of requests in normal form, and the patterns that
 * policies have for them (DESIGN.md section 3, "Choosing").
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PATH_H
#define PATH_H

#include "base/slice.h"
#include "cors/request.h"

/*
 * Write the path of a request to buf: percent-decoded once, each run of '/'
 * reduced to one, and dot segments resolved.
 *
 * It is the path of REQUEST_URI (in origin or absolute form).  If that is
 * missing, or if the server has redirected the request to another script, it is
 * SCRIPT_NAME and PATH_INFO (under Apache's Action: REDIRECT_URL), which the
 * server has decoded already.
 *
 * Returns the path (in buf).  Absent: it does not fit into cap bytes, or
 * servers read it in different ways, so that the script could belong to another
 * path than the policy; the response is then 400.  This is so for NUL, an
 * invalid '%', a dot segment beside a decoded "%2f" or "%5c", ".." after one,
 * any dot segment in SCRIPT_NAME or PATH_INFO, one in SCRIPT_FILENAME that came
 * from the URL, and a REQUEST_URI in another form.  A path that is empty, "*"
 * or otherwise begins without '/' is returned unchanged and matches no pattern.
 */
struct slice path_normalize(const struct request *, char *buf, size_t cap);
/* The size of a buffer that is always large enough for the path. */
static inline size_t
path_room(const struct request *request)
{
	return request->uri.len + request->script_name.len +
	    request->path_info.len + request->redirect_url.len + 2;
}

/* Write a decoded path of a policy to buf in the same normal form.  Absent: it
 * contains NUL or does not fit. */
struct slice path_resolve(struct slice decoded, char *buf, size_t cap);

/* Is it a valid value of `path`: does it begin with '/', without NUL, dot
 * segments and empty segments, and with at most one '*', at the end? */
bool path_pattern_valid(struct slice pattern);
/* Does the normalized path match: is it equal, or does it begin with the text
 * before the final '*'? */
bool path_pattern_match(struct slice pattern, struct slice path);

/*
 * Write the host of a request to buf, in lower case, without port and final
 * dot: HTTP_HOST, or SERVER_NAME if that is missing or empty.  Absent: there is
 * no host, it is invalid, or it does not fit into cap bytes.
 */
struct slice host_normalize(const struct request *, char *buf, size_t cap);
/*
 * Is the host of the request unambiguous?  It is not if HTTP_HOST (or
 * SERVER_NAME) is invalid, because a server may accept "x'y.example.com" as one
 * of its "*.example.com"; nor if REQUEST_URI has an authority with another
 * host.  Then the response is 400 if a section has a `host`.  host: the result
 * of host_normalize.
 */
bool host_is_clear(const struct request *, struct slice host);
/* Is it a valid value of `host`: a host in lower case without port, or "*." and
 * a host? */
bool host_pattern_valid(struct slice pattern);
/* Does the normalized host match?  "*." matches one or more labels. */
bool host_pattern_match(struct slice pattern, struct slice host);

#endif
