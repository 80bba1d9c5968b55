/*
 * Where browser engines deviate from the Fetch standard, or differ in what it
 * allows: one table for all code that needs it.
 *
 * Chromium 156, Firefox ESR 153, WebKitGTK 2.50 (used for Safari here).
 * t/explain/chromium.t, firefox.t and webkit.t compare the fields for requests
 * with the browsers, cookies.t those for cookies.  The fields for
 * Access-Control-Max-Age, redirects and mixed content were observed by hand,
 * those for local networks in Firefox and Safari are from their documentation.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum fetch_browser {
	FETCH_CHROMIUM,
	FETCH_FIREFOX,
	FETCH_SAFARI,
	FETCH_BROWSERS, /* how many */
	FETCH_STANDARD = FETCH_BROWSERS
};

/* How a browser reads Access-Control-Max-Age. */
struct engine_max_age {
	unsigned cap;	  /* at most so many seconds */
	bool is_signed;	  /* + or - may precede the number */
	bool limited;	  /* 2^63 - 1 and more is not a number */
	unsigned of_junk; /* seconds, if the value is not a number */
};

/* Third-party cookies. */
enum engine_foreign {
	FOREIGN_APART,	     /* separate ones for each embedding site */
	FOREIGN_PARTITIONED, /* if the user blocks them, only Partitioned ones
			      */
	FOREIGN_NONE	     /* not sent */
};

struct fetch_engine {
	const char *id;	  /* "chromium": for --browser and JSON */
	const char *name; /* "Chromium" */

	/* ---- "CORS-safelisted request-header" ---- */
	/* Accept, Content-Type: bytes over 0x7f are unsafe. */
	bool high_bytes_unsafe;
	/* Content-Type: a comma is unsafe, also in a parameter. */
	bool comma_unsafe;
	/* Range: the largest valid number; 0: no limit. */
	uint64_t range_max;
	/* Range: "bytes" in any case, and + before a number, are valid. */
	bool range_lax;
	/* Range: bytes=00- is sent as bytes=0-. */
	bool range_tidied;
	/* Client hints are safelisted. */
	bool hints_safe;
	/* A User-Agent that the script sets is dropped. */
	bool own_user_agent;
	/* If fetch() sets a header twice, each value is checked and listed in
	 * the preflight separately (as in Fetch); of a header that is not a
	 * list only the last value is sent. */
	bool values_apart;
	/* XMLHttpRequest: a blank after the last of several values is sent. */
	bool xhr_keeps_blank;
	/* XMLHttpRequest with a string: the charset of Content-Type is replaced
	 * by UTF-8 in place; else the MIME type is serialized again. */
	bool charset_in_place;
	/* Content-Type is checked before its charset is replaced. */
	bool type_judged_first;
	/* The browser's own Accept counts in the sum of safelisted values. */
	bool own_accept_counts;

	/* An upload listener needs a preflight only if there is a body. */
	bool listener_needs_body;
	/* Elements with crossorigin send Origin in same-origin requests,
	 * too. */
	bool elements_send_origin;
	/* Fonts are loaded without CORS. */
	bool fonts_without_cors;

	/* ---- responses ---- */
	struct engine_max_age max_age;
	/* A header line with a blank before its colon is accepted. */
	bool blank_before_colon;

	/* Cross-Origin-Resource-Policy: same-site covers a page of the origin
	 * null, where the URL's host is a single label. */
	bool null_is_same_site;

	/* Cross-Origin-Embedder-Policy: credentialless is unknown. */
	bool no_credentialless;

	/* ---- redirects ---- */
	/* After a redirect that makes the origin null, the preflight still has
	 * the origin of the page. */
	bool preflight_keeps_origin;
	/* A request that needed a preflight before a redirect needs one after
	 * it, too, even if it is now a GET without the headers that needed it.
	 */
	bool asks_again;
	/* Each redirect removes headers from those that the script set, not
	 * from those that the previous request had: headers that an earlier
	 * redirect removed are sent again. */
	bool restores_headers;
	/* A same-origin redirect may have a user name and a password, which are
	 * not sent (Fetch, "HTTP-redirect fetch" 6). */
	bool own_password_passes;
	/* A redirect without Location counts as a redirect for redirect:
	 * "error" and "manual" (Fetch, "HTTP fetch" 6). */
	bool status_redirects;

	/* ---- not CORS ---- */
	/* Which cookies are sent with requests from pages of other sites: a
	 * sentence, and the kind. */
	const char *foreign_cookies;
	enum engine_foreign foreign;
	/* A cookie without SameSite is Lax. */
	bool lax_by_default;
	/* SameSite=None and Partitioned need Secure. */
	bool none_needs_secure;
	/* Secure cookies of http://localhost and the like are kept. */
	bool secure_on_loopback;
	/* A cookie named __Host-... needs an explicit Path=/. */
	bool host_needs_path;
	/* An https page may not request http://localhost, 127.0.0.1, [::1]. */
	bool loopback_is_mixed;
	/* Local Network Access: mixed content rules do not apply to local
	 * addresses; pages that are not secure contexts are blocked; the user
	 * gets a prompt. */
	bool local_relaxes_mixed;
	bool local_needs_secure;
	bool local_asks;
};

/* The fields of a browser, or of FETCH_STANDARD; static, never NULL. */
const struct fetch_engine *fetch_engine(enum fetch_browser);

/* Parse "chromium", "firefox" or "safari".  False: it is another word. */
bool fetch_browser_parse(struct slice, enum fetch_browser *out);

#endif
