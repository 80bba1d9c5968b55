/*
 * Where the engines of today's browsers deviate from the Fetch standard, or
 * differ where it allows that: one table for all code that needs it.
 *
 * Chromium 156, Firefox ESR 153, WebKitGTK 2.50 (used for Safari here).
 * t/explain/chromium.t, firefox.t and webkit.t compare the rows on requests
 * with the browsers, cookies.t those on cookies.  The rows on
 * Access-Control-Max-Age, redirects and mixed content come from exchanges
 * observed by hand, those on local networks in Firefox and Safari from their
 * documentation.
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

/* What a browser does with an Access-Control-Max-Age that is not a number. */
struct engine_max_age {
	unsigned cap;	  /* seconds at most */
	bool is_signed;	  /* + and - before the number */
	bool limited;	  /* 2^63 - 1 and more is not a number */
	unsigned of_junk; /* seconds */
};

/* Third-party cookies. */
enum engine_foreign {
	FOREIGN_APART,	     /* each site that embeds the URL has its own */
	FOREIGN_PARTITIONED, /* where the visitor blocks them: Partitioned */
	FOREIGN_NONE
};

struct fetch_engine {
	const char *id;	  /* "chromium": of --browser and of JSON */
	const char *name; /* "Chromium" */

	/* ---- "CORS-safelisted request-header" ---- */
	/* Accept, Content-Type: bytes over 7f are unsafe. */
	bool high_bytes_unsafe;
	/* Content-Type: a comma in it is unsafe, also in a parameter. */
	bool comma_unsafe;
	/* Range: the largest number; 0: no limit. */
	uint64_t range_max;
	/* Range: "bytes" in any case, + before a number. */
	bool range_lax;
	/* Range: bytes=00- goes out as bytes=0-. */
	bool range_tidied;
	/* Client hints are safelisted. */
	bool hints_safe;
	/* A User-Agent that the script sets is dropped. */
	bool own_user_agent;
	/* A header that fetch() is given twice: each value is checked, and
	 * named in the preflight, by itself (as in Fetch); of a header that is
	 * not a list only the last is sent. */
	bool values_apart;
	/* XMLHttpRequest: a blank behind the last of several values stays. */
	bool xhr_keeps_blank;
	/* XMLHttpRequest with a string: a charset of its Content-Type becomes
	 * UTF-8 in its place; else the type is serialized again. */
	bool charset_in_place;
	/* The value that the script set is checked, not the changed one. */
	bool type_judged_first;
	/* Its own Accept counts in the sum of safelisted values. */
	bool own_accept_counts;

	/* A listener of the upload counts only if the request has a body. */
	bool listener_needs_body;
	/* Elements with crossorigin send Origin to their own origin, too. */
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
	/* The preflight after a redirect that makes the origin null still has
	 * the page's origin. */
	bool preflight_keeps_origin;
	/* A request that needed a preflight before a redirect needs one after
	 * it, too, even if it has become a GET and has no such header any more.
	 */
	bool asks_again;
	/* Each redirect removes headers from those that the script set, as if
	 * it were the first: headers that an earlier redirect removed come
	 * back. */
	bool restores_headers;
	/* A redirect from the page's origin to itself may have a user name and
	 * a password, which are not sent (Fetch, "HTTP-redirect fetch" 6). */
	bool own_password_passes;
	/* A redirect without Location counts as a redirect for redirect:
	 * "error" and "manual" (Fetch, "HTTP fetch" 6). */
	bool status_redirects;

	/* ---- beside CORS ---- */
	/* Which cookies are sent with requests from pages of other sites. */
	const char *foreign_cookies;
	enum engine_foreign foreign;
	/* A cookie without SameSite is Lax. */
	bool lax_by_default;
	/* SameSite=None and Partitioned need Secure. */
	bool none_needs_secure;
	/* Secure cookies of http://localhost and the like are kept. */
	bool secure_on_loopback;
	/* A name that begins with __Host- needs Path=/ written out. */
	bool host_needs_path;
	/* An https page may not request http://localhost, 127.0.0.1, [::1]. */
	bool loopback_is_mixed;
	/* Local Network Access: mixed content rules do not apply to local
	 * addresses; pages that are not secure contexts are blocked; users get
	 * a prompt. */
	bool local_relaxes_mixed;
	bool local_needs_secure;
	bool local_asks;
};

/* Never NULL. */
const struct fetch_engine *fetch_engine(enum fetch_browser);

/* "chromium", "firefox", "safari"; false: another word. */
bool fetch_browser_parse(struct slice, enum fetch_browser *out);

#endif
