/*
 * URLs as browsers read them (https://url.spec.whatwg.org/), http and https
 * alone: what stands in a request, and which origin it has.
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
	unsigned port; /* never 0: the scheme's own where none is written */
	struct slice authority; /* host and port as Host has them */
	struct slice origin;	/* serialized */
	struct slice target; /* path and query as the request line has them */
	bool is_ip;
	bool has_userinfo; /* fetch() refuses such a URL */
};

enum url_fault {
	URL_FAULT_NONE,
	URL_FAULT_SCHEME, /* none, or neither http nor https */
	URL_FAULT_HOST,
	URL_FAULT_NON_ASCII, /* a host that needs IDNA, and nobody does it */
	URL_FAULT_PORT,
	URL_FAULT_NO_MEMORY
};

/* Writes an internationalised host in ASCII (idn.h); false: it has none. */
typedef bool url_to_ascii(struct slice host, char *buf);

/*
 * Parse text, with base (may be NULL) for what is relative, as the Location of
 * a redirect may be.  to_ascii may be NULL; its buffer has URL_ASCII_MAX bytes.
 */
enum { URL_ASCII_MAX = 1024 };
enum url_fault url_parse(struct arena *, struct slice text,
			 const struct url *base, url_to_ascii *to_ascii,
			 struct url *out);

/* What is wrong, in words: "a URL begins with http:// or https://". */
const char *url_fault_text(enum url_fault);

/*
 * Is what comes over this URL as good as encrypted (Secure Contexts,
 * "potentially trustworthy"): https, or this machine?
 */
bool url_is_trustworthy(const struct url *);

/* ---- url_host.c ---- */

/*
 * Host parser of the URL standard: text is percent-decoded, lower-cased,
 * addresses are brought into their one form; written to buf, which has
 * URL_HOST_ROOM bytes.  Returns the host (absent if it is none).
 */
enum { URL_HOST_ROOM = 1100 };
struct slice url_host_parse(struct slice text, url_to_ascii *to_ascii,
			    char *buf, bool *is_ip, enum url_fault *fault);

#endif
