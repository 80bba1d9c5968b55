/*
 * What becomes of cookies, which no CORS header decides.
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
	/* Of null, and of a host that is no name, there is no site. */
	return !origin_parse(q->origin, &origin) || origin.opaque ||
	       !hostname_same_site(origin.host, q->url.host);
}

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
			"SameSite=None; Secure, and %s "
			"[cookie-attributes]",
			fetch_engine(e->question.browser)->foreign_cookies));
}
