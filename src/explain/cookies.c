/*
 * What happens to cookies, which CORS headers do not control.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/cookies.h"

#include "policy/hostname.h"

bool
explain_cookies_cross(const struct explanation *e)
{
	const struct question *q = &e->question;
	struct origin origin;

	if (!q->credentials || !e->plan.cross_origin)
		return false;
	/* null, and a host that is not a name, have no site. */
	return !origin_parse(q->origin, &origin) || origin.opaque ||
	       !hostname_same_site(origin.host, q->url.host);
}

/* ---- a cookie that the response sets ---- */

static bool
is_named(const struct cookie *cookie, struct slice prefix)
{
	return cookie->name.len >= prefix.len &&
	       slice_eq_nocase(slice_of(cookie->name.ptr, prefix.len), prefix);
}

/* RFC 6265bis, 5.7: name prefixes that require attributes of the cookie.
 * NULL: it has them. */
static const char *
break_promise(const struct cookie *cookie, bool needs_path)
{
	bool both = is_named(cookie, SLICE("__Host-Http-"));
	bool host = is_named(cookie, SLICE("__Host-"));
	bool http = both || is_named(cookie, SLICE("__Http-"));
	bool path = slice_present(cookie->path)
			? slice_eq(cookie->path, SLICE("/"))
			: !needs_path;

	if ((host || http || is_named(cookie, SLICE("__Secure-"))) &&
	    !cookie->secure)
		return "a name with this prefix needs Secure";
	if (http && !cookie->http_only)
		return "a name with this prefix needs HttpOnly";
	if (host && (!path || slice_present(cookie->domain)))
		return "a name that begins with __Host- needs Path=/, and no "
		       "Domain";
	return NULL;
}

/* "domain-match" (RFC 6265bis, 5.1.3), and not a public suffix. */
static bool
is_of_host(const struct explanation *e, struct slice domain)
{
	const struct url *url = &e->question.url;
	struct slice low = arena_lower(e->arena, domain), behind;

	if (domain.len == 0 || slice_eq(low, url->host))
		return true;
	if (url->is_ip || url->host.len <= domain.len ||
	    hostname_is_public_suffix(low))
		return false;
	behind = slice_after(url->host, url->host.len - domain.len - 1);
	return behind.ptr[0] == '.' && slice_eq(slice_after(behind, 1), low);
}

static const char *
refuse_cookie(const struct explanation *e, const struct cookie *cookie)
{
	const struct fetch_engine *engine = fetch_engine(e->question.browser);
	const struct url *url = &e->question.url;

	if (cookie->secure && !slice_eq(url->scheme, SLICE("https")) &&
	    !(engine->secure_on_loopback && url_is_trustworthy(url)))
		return "it is Secure, and the URL is not https";
	if (cookie->none && !cookie->secure && engine->none_needs_secure)
		return "SameSite=None needs Secure";
	if (cookie->partitioned && !cookie->secure && engine->none_needs_secure)
		return "Partitioned needs Secure";
	if (slice_present(cookie->domain) && !is_of_host(e, cookie->domain))
		return "its Domain does not match the URL's host";
	return break_promise(cookie, engine->host_needs_path);
}

enum cookie_fate
explain_cookie_fate(const struct explanation *e, const struct cookie *cookie,
		    const char **why)
{
	const struct fetch_engine *engine = fetch_engine(e->question.browser);

	*why = refuse_cookie(e, cookie);
	if (*why != NULL)
		return COOKIE_REFUSED;
	if (!explain_cookies_cross(e))
		return COOKIE_GOES;
	if (cookie->same_site || (!cookie->none && engine->lax_by_default))
		return COOKIE_SAME_SITE;
	return engine->foreign == FOREIGN_NONE ||
		       (engine->foreign == FOREIGN_PARTITIONED &&
			!cookie->partitioned)
		   ? COOKIE_THIRD_PARTY
		   : COOKIE_GOES;
}

/* ---- without a response ---- */

void
explain_note_cookies(struct explanation *e)
{
	if (explain_cookies_cross(e))
		texts_add(
		    e, &e->notes,
		    explain_printf(
			e,
			"the page is of another site, so of the URL's "
			"cookies only those go along that were set with "
			"SameSite=None; Secure (__Host- names also with "
			"Path=/, without Domain); %s [cookie-attributes]",
			fetch_engine(e->question.browser)->foreign_cookies));
}
