/*
 * Cookies of programs that browsers will not send for pages of other sites.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/cookies.h"

#include "base/hash.h"
#include "base/text.h"
#include "cors/cookie.h"
#include "cors/path.h"
#include "policy/hostname.h"
#include "run/log.h"

enum { HOST_ROOM = 1024, NAME_SHOWN = 64 };

/* Is the page from another site?  Over https browsers send Sec-Fetch-Site; over
 * http compare the hosts. */
static bool
is_cross_site(const struct cors_decision *decision,
	      const struct request *request)
{
	char buf[HOST_ROOM];
	struct slice host;
	struct origin origin;

	if (slice_present(request->fetch_site) && request->fetch_site.len > 0)
		return slice_eq(request->fetch_site, SLICE("cross-site"));
	host = host_normalize(request, buf, sizeof(buf));
	if (!slice_present(host) || !origin_parse(decision->origin, &origin))
		return false;
	return origin.opaque || !hostname_same_site(origin.host, host);
}

static void
report(const struct exchange *x, const struct cors_decision *decision,
       const struct request *request, const struct cookie *cookie)
{
	const struct policy_spec *spec = &decision->policy->spec;
	enum log_level level = x->fastcgi ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG;
	char name[4 * NAME_SHOWN + 1], section[4 * NAME_SHOWN + 1] = "";
	bool named = slice_present(spec->name);

	if (!log_wants(x->log, level) ||
	    !log_first(x->log,
		       hash_bytes(cookie->name, hash_bytes(spec->name, named))))
		return;
	if (named)
		log_quote(spec->name, section, sizeof(section));
	log_event(
	    x->log, level, "cookie-attributes", request,
	    "set it with SameSite=None; Secure, over https, or set "
	    "credentials = no",
	    "cookie \"%s\" has no %s: browsers do not send it with requests of "
	    "other sites, to which [cors%s%s] allows credentials",
	    log_quote(cookie->name, name, sizeof(name)), cookie_lacks(cookie),
	    named ? " " : "", section);
}

void
cookies_check(const struct exchange *x, const struct cors_decision *decision,
	      const struct request *request, const struct header_block *block)
{
	struct header_field field;
	struct cookie cookie;
	size_t at = 0;

	if (decision == NULL || decision->policy == NULL ||
	    !decision->policy->spec.credentials || !decision->origin_allowed)
		return;
	while (header_next(block, &at, &field)) {
		if (!slice_eq_nocase(field.name, SLICE("set-cookie")))
			continue;
		cookie_read(field.value, &cookie);
		if (cookie_lacks(&cookie) != NULL &&
		    is_cross_site(decision, request))
			report(x, decision, request, &cookie);
	}
}
