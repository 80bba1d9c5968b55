/*
 * URLs as browsers parse them (https://url.spec.whatwg.org/), http and https
 * only: the parts that a request needs, and the origin.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef URL_H
#define URL_H

#include "base/arena.h"
#include "base/slice.h"

/* A parsed URL; its slices are in the arena. */
struct url {
	struct slice href;   /* the whole URL, without fragment and userinfo */
	struct slice full;   /* href with the fragment, as in consoles */
	struct slice scheme; /* "http" or "https" */
	struct slice host;   /* lower case; an IPv6 address with its brackets */
	unsigned port; /* never 0: if missing, the default of the scheme */
	struct slice authority; /* host and port as in Host */
	struct slice origin;	/* serialized */
	struct slice target;	/* path and query as in the request line */
	bool is_ip;
	bool has_userinfo; /* fetch() refuses such a URL */
};

enum url_fault {
	URL_FAULT_NONE,
	URL_FAULT_SCHEME, /* no scheme, or neither http nor https */
	URL_FAULT_HOST,
	URL_FAULT_NON_ASCII, /* the host needs IDNA, but to_ascii is NULL */
	URL_FAULT_PORT,
	URL_FAULT_NO_MEMORY
};

/* Write an internationalized host in ASCII to buf, of URL_ASCII_MAX bytes, with
 * a NUL.  host contains no NUL.  False: it is invalid. */
typedef bool url_to_ascii(struct slice host, char *buf);

/*
 * Parse a URL.  base may be NULL if the URL is not relative; it is needed for
 * Location.  to_ascii may be NULL; then hosts must be ASCII.  *out is valid
 * only with URL_FAULT_NONE.
 */
enum { URL_ASCII_MAX = 1024 };
enum url_fault url_parse(struct arena *, struct slice text,
			 const struct url *base, url_to_ascii *to_ascii,
			 struct url *out);

/* A message for the fault, such as "a URL begins with http:// or https://". */
const char *url_fault_text(enum url_fault);

/*
 * Is the URL "potentially trustworthy" (Secure Contexts), because it is https
 * or because its host is this machine?
 */
bool url_is_trustworthy(const struct url *);

/* ---- url_host.c ---- */

/*
 * The URL standard's "host parser": percent-decode the text, make it lower
 * case, and write an address in its canonical form.  Returns the host, which is
 * in buf, of URL_HOST_ROOM bytes.  Absent: the host is invalid, and *fault is
 * the reason; else *fault is URL_FAULT_NONE.
 */
enum { URL_HOST_ROOM = 1100 };
struct slice url_host_parse(struct slice text, url_to_ascii *to_ascii,
			    char *buf, bool *is_ip, enum url_fault *fault);

#endif
