/*
 * The parts of a request that a decision needs, read in one pass from its
 * variables (CGI: the environment, FastCGI: the parameters).
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
 * Every slice points into the variables; absent: the variable is not set.  If a
 * variable occurs twice, the last one is used.  Exceptions: Origin and
 * Access-Control-Request-* are counted; and headers that a request has only
 * once (Sec-Fetch-*, X-Forwarded-Proto) are empty, which is never trusted, if
 * they occur with two different values.
 */
struct request {
	struct slice method;      /* REQUEST_METHOD */
	struct slice origin;      /* HTTP_ORIGIN, the first */
	unsigned origin_count;    /* two are malformed (Fetch: only one) */
	struct slice acrm;        /* HTTP_ACCESS_CONTROL_REQUEST_METHOD */
	unsigned acrm_count;
	/* HTTP_ACCESS_CONTROL_REQUEST_HEADERS: together they are one list */
	struct slice acrh[REQUEST_LINES_MAX];
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
	/* The script that runs is not that of REQUEST_URI: Apache or lighttpd
	 * runs it for an error (REDIRECT_STATUS 4xx, 5xx), or for the Location
	 * that a program printed (REDIRECT_SCRIPT_NAME). */
	bool server_redirected;
	struct slice redirect_handler; /* REDIRECT_HANDLER: Apache's Action */
	struct slice redirect_url;     /* REDIRECT_URL, decoded */
	/* CORSWRAP_POLICY, or REDIRECT_CORSWRAP_POLICY unless that was set for
	 * another script */
	struct slice policy_name;
	struct slice server_software;
	struct slice remote_addr;
	struct slice content_length;
	struct slice protocol;    /* SERVER_PROTOCOL */
};

/* Read a NULL-terminated array of "NAME=value" strings, to which *out
 * points. */
void request_read(struct request *out, char *const *variables);

/* Did the client use https: is HTTPS "on" or 1, or is REQUEST_SCHEME or the
 * first element of X-Forwarded-Proto https? */
bool request_is_https(const struct request *);

#endif
