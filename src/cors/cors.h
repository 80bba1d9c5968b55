/*
 * libcors: CORS for programs that handle HTTP requests themselves.  They use
 * the same policies, and send the same headers, as corswrap.
 *
 * A policy is loaded once (corswrap.ini(5); only its [cors] sections are used).
 * It then decides each request: libcors responds to preflights and to requests
 * that the policy refuses, and rewrites the response headers of all others.
 * cors(3) is the manual, with examples.
 *
 * Both types are opaque, and programs do not depend on the size of any
 * structure, so they keep working with every later libcors.so.0.
 *
 * Threads: a policy never changes once it is loaded, and any number of threads
 * may use it at once.  A struct cors_request is for one thread at a time.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_H
#define CORS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define CORS_API __attribute__((visibility("default")))
#else
#define CORS_API
#endif

/* The policies of a file: all [cors] and [cors NAME] sections. */
struct cors_policy;

/* A request, the decision on it, and working memory that is reused for the next
 * request. */
struct cors_request;

/*
 * Load a policy file, with the files that it names.  report is called once for
 * each error, with a line without newline: "api.ini:3: error: ... [ID]".  The
 * line is valid until report returns.  report may be NULL; ctx is passed to it.
 *
 * Returns the policy; free it with cors_free.  NULL: the policy has errors,
 * which were reported, or memory is exhausted (errno is ENOMEM).
 */
CORS_API struct cors_policy *cors_load(const char *file,
    void (*report)(void *ctx, const char *message), void *ctx);

/*
 * The same with the text of a policy: length bytes, which are not needed after
 * the call.  No file is opened, so `origins-file` is an error.  name is used in
 * messages instead of a file name.
 */
CORS_API struct cors_policy *cors_parse(const char *name, const char *text,
    size_t length, void (*report)(void *ctx, const char *message), void *ctx);

/*
 * Has a file of the policy changed, appeared or disappeared since it was
 * loaded?  1 or 0; always 0 after cors_parse.  It calls stat(2), so do not use
 * it for every request.  If it returns 1, load the policy again, and free the
 * old one when no request uses it.
 */
CORS_API int cors_changed(const struct cors_policy *);

/* Free a policy; NULL is allowed.  No request may still use it: free each one
 * first, or decide it by another policy. */
CORS_API void cors_free(struct cors_policy *);

/* A new request, which can be reused for each request.  Free it with
 * cors_request_free.  NULL: out of memory (errno is ENOMEM). */
CORS_API struct cors_request *cors_request_new(void);

/* Free a request; NULL is allowed. */
CORS_API void cors_request_free(struct cors_request *);

/*
 * Decide a request by the policy; an earlier decision is discarded.
 *
 * variables: the CGI variables of the request (RFC 3875, 4.1), as strings
 * "NAME=value" with NULL after the last: environ of a CGI program, envp of a
 * libfcgi request.  Other programs make them: REQUEST_METHOD, REQUEST_URI and
 * HTTPS (if the request came by https), and the request headers HTTP_HOST,
 * HTTP_ORIGIN, HTTP_ACCESS_CONTROL_REQUEST_METHOD,
 * HTTP_ACCESS_CONTROL_REQUEST_HEADERS, HTTP_SEC_FETCH_SITE,
 * HTTP_SEC_FETCH_MODE, HTTP_SEC_FETCH_DEST and, behind a proxy,
 * HTTP_X_FORWARDED_PROTO: one string for each header that the request has.
 * They are not copied: they and the policy must not change until the request is
 * decided again or freed.
 *
 * Returns 0, or -1 with errno: ENOMEM.  cors_status is then 500.
 */
CORS_API int cors_decide(struct cors_request *, const struct cors_policy *,
    char *const *variables);

/*
 * 0: the program handles the request, and cors_apply rewrites its headers.
 * Else the status (200 to 599) of the response that libcors makes: to a
 * preflight, or to an OPTIONS or another method if the policy has `allow`; 403
 * if the policy refuses the request; 400 for a path or a host that is invalid
 * or ambiguous; 500 for a policy name (CORSWRAP_POLICY) that does not exist,
 * before cors_decide, and if that failed.
 */
CORS_API int cors_status(const struct cors_request *);

/*
 * Why the policy does not allow the request (or would not, with `enforce =
 * report`): an ID of corswrap-errors(7) such as "origin-not-allowed", or
 * "bad-path", "bad-host", "unknown-policy", "no-memory", "undecided".
 * "no-policy": no section covers the request, so it gets no CORS headers.
 * "none": no problem.  The string is static.  A reason does not mean that the
 * request is refused: see cors_status.
 */
CORS_API const char *cors_reason(const struct cors_request *);

/*
 * Write the response that libcors makes (cors_status is not 0), as a CGI
 * program would: Status and the other header lines, a blank line, and a short
 * text if it is an error.  write is called once with all of it; length is in
 * bytes.
 *
 * Returns 0; what write returned, if that is not 0; or -1 with errno: EINVAL
 * (cors_status is 0), ENOMEM.
 */
CORS_API int cors_answer(struct cors_request *,
    int (*write)(void *ctx, const char *bytes, size_t length), void *ctx);

/*
 * The same as a list, for programs that are not CGI or FastCGI programs: each
 * is called for every header, except Status and the headers of a body
 * (Content-Type, Content-Length).  Send cors_status as the status, without a
 * body or with your own.  Name and value are not NUL-terminated, and valid
 * until each returns.
 *
 * Returns 0; what each returned, if that is not 0, and no more calls are made;
 * or -1 with errno as cors_answer.
 */
CORS_API int cors_answer_list(struct cors_request *,
    int (*each)(void *ctx, const char *name, size_t name_length,
	const char *value, size_t value_length), void *ctx);

/*
 * Rewrite the header block of the program (cors_status is 0), so that it has
 * the one correct set of CORS headers.  The block is lines that end in CRLF or
 * LF, then a blank line; if that is missing, all bytes are the block.  The
 * program's own CORS headers are removed (see `app-headers` in
 * corswrap.ini(5)), Vary is merged, and hop-by-hop headers are removed (RFC
 * 3875, 6.3.4).  Bytes after the blank line are the body, which is written
 * unchanged.  write is called once for the header block, and once for such a
 * body.
 *
 * Returns 0; what write returned, if that is not 0; or -1 with errno, before
 * anything was written: EBADMSG (no header block, an invalid Status or
 * Content-Length), EINVAL (cors_status is not 0), ENOMEM.
 */
CORS_API int cors_apply(struct cors_request *, const char *block,
    size_t length, int (*write)(void *ctx, const char *bytes, size_t length),
    void *ctx);

/*
 * The same for a list of headers: strings "Name: value" with NULL after the
 * last; the list may be empty.  each is called for every header of the
 * response, in order, as by cors_answer_list.
 *
 * Returns 0; what each returned, if that is not 0, and no more calls are made;
 * or -1 with errno, before any call: EBADMSG (a string without colon, without
 * name, or with a CR or LF in it; or as above), EINVAL, ENOMEM.
 */
CORS_API int cors_apply_list(struct cors_request *,
    const char *const *headers,
    int (*each)(void *ctx, const char *name, size_t name_length,
	const char *value, size_t value_length), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
