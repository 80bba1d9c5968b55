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

/* A parsed URL; its slices live in the arena. */
struct url {
	struct slice href; /* the whole of it, without fragment and userinfo */
	struct slice full; /* with the fragment, as consoles show it */
	struct slice scheme; /* "http" or "https" */
	struct slice host;   /* lower case; an IPv6 address with its brackets */
	unsigned port; /* never 0: the scheme's default if none is written */
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

/* Write an internationalised host in ASCII; false: it is invalid. */
typedef bool url_to_ascii(struct slice host, char *buf);

/*
 * Parse text.  A relative URL, as in the Location of a redirect, needs a base
 * (else NULL).  to_ascii may be NULL; its buffer has URL_ASCII_MAX bytes.
 */
enum { URL_ASCII_MAX = 1024 };
enum url_fault url_parse(struct arena *, struct slice text,
			 const struct url *base, url_to_ascii *to_ascii,
			 struct url *out);

/* The fault as a sentence, such as "a URL begins with http:// or https://". */
const char *url_fault_text(enum url_fault);

/*
 * Is the URL "potentially trustworthy" (Secure Contexts), by https or because
 * its host is this machine?
 */
bool url_is_trustworthy(const struct url *);

/* ---- url_host.c ---- */

/*
 * The URL standard's host parser: percent-decode and lower-case the text, write
 * an address in its canonical form.  buf has URL_HOST_ROOM bytes and holds the
 * host that is returned; absent: not a valid host, *fault says why.
 */
enum { URL_HOST_ROOM = 1100 };
struct slice url_host_parse(struct slice text, url_to_ascii *to_ascii,
			    char *buf, bool *is_ip, enum url_fault *fault);

#endif
