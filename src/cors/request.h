/*
 * The parts of a request that a decision needs, read once from its variables
 * (CGI: the environment, FastCGI: the parameters).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "base/slice.h"

enum {
	REQUEST_LINES_MAX = 16 /* repeated Access-Control-Request-Headers */
};

/*
 * Every slice points into the variables; absent where the variable is unset.
 * If a variable comes twice, the last counts.  Exceptions: of Origin and the
 * Access-Control-Request ones the number matters; and headers that a request
 * has only once (Sec-Fetch-*, X-Forwarded-Proto) become empty if they have two
 * values, which is never trusted.
 */
struct request {
	struct slice method;      /* REQUEST_METHOD */
	struct slice origin;      /* HTTP_ORIGIN, the first */
	unsigned origin_count;    /* two are malformed (Fetch allows one) */
	struct slice acrm;        /* HTTP_ACCESS_CONTROL_REQUEST_METHOD */
	unsigned acrm_count;
	struct slice acrh[REQUEST_LINES_MAX]; /* ..._REQUEST_HEADERS, joined */
	unsigned acrh_count;      /* may exceed REQUEST_LINES_MAX: too many */
	struct slice fetch_site;  /* HTTP_SEC_FETCH_SITE */
	struct slice fetch_mode;  /* HTTP_SEC_FETCH_MODE */
	struct slice fetch_dest;  /* HTTP_SEC_FETCH_DEST */
	struct slice host;        /* HTTP_HOST */
	struct slice server_name;
	struct slice server_port;
	struct slice https;
	struct slice request_scheme;
	struct slice forwarded_proto; /* HTTP_X_FORWARDED_PROTO */
	struct slice uri;         /* REQUEST_URI */
	struct slice script_name;
	struct slice script_filename;
	struct slice path_info;
	/* REQUEST_URI names another script than the one that runs: Apache or
	 * lighttpd ran it for an error (REDIRECT_STATUS 4xx, 5xx), or for a
	 * Location that a program printed (REDIRECT_SCRIPT_NAME). */
	bool server_redirected;
	struct slice redirect_handler; /* REDIRECT_HANDLER: Apache's Action */
	struct slice redirect_url;     /* REDIRECT_URL, decoded */
	/* CORSWRAP_POLICY, else REDIRECT_CORSWRAP_POLICY unless that was set for
	 * such another script */
	struct slice policy_name;
	struct slice server_software;
	struct slice remote_addr;
	struct slice content_length;
	struct slice protocol;    /* SERVER_PROTOCOL */
};

/* Fill *out from a NULL-terminated array of "NAME=value" strings. */
void request_read(struct request *out, char *const *variables);

/* Did the client connect by https, according to the server: HTTPS is "on" or 1,
 * REQUEST_SCHEME is https, or X-Forwarded-Proto's first element is? */
bool request_is_https(const struct request *);

#endif
