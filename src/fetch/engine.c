/*
 * The table of how engines deviate, and of the standard itself.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/engine.h"

static const struct fetch_engine engines[] = {
    [FETCH_CHROMIUM] =
	{
	    .id = "chromium",
	    .name = "Chromium",
	    .range_max = INT64_MAX - 1, /* INT64_MAX is "no limit" */
	    .range_tidied = true,
	    .foreign_cookies = "Chromium sends Partitioned ones alone where "
			       "third-party cookies are blocked (Incognito, "
			       "Debian's Chromium, by the visitor)",
	    .foreign = FOREIGN_PARTITIONED,
	    .lax_by_default = true,
	    .none_needs_secure = true,
	    .secure_on_loopback = true,
	    .host_needs_path = true,
	    .hints_safe = true,
	    .listener_needs_body = true,
	    .elements_send_origin = true,
	    .own_user_agent = true,
	    .own_accept_counts = true,
	    .charset_in_place = true,
	    .max_age =
		{.cap = 7200, .is_signed = true, .limited = true, .of_junk = 5},
	    .blank_before_colon = true,
	    .null_is_same_site = true,
	    .local_relaxes_mixed = true,
	    .local_needs_secure = true,
	    .local_asks = true,
	},
    [FETCH_FIREFOX] =
	{
	    .id = "firefox",
	    .name = "Firefox",
	    .high_bytes_unsafe = true,
	    .comma_unsafe = true,
	    .type_judged_first = true,
	    .range_max = UINT64_MAX,
	    .values_apart = true,
	    .xhr_keeps_blank = true,
	    .foreign_cookies = "Firefox keeps them apart for each site that "
			       "embeds it",
	    .none_needs_secure = true,
	    .secure_on_loopback = true,
	    .max_age = {.cap = 86400, .of_junk = 0},
	    .preflight_keeps_origin = true,
	    .asks_again = true,
	    .restores_headers = true,
	    .own_password_passes = true,
	    .status_redirects = true,
	    .local_asks = true,
	},
    [FETCH_SAFARI] =
	{
	    .id = "safari",
	    .name = "Safari",
	    .range_max = UINT64_MAX,
	    .range_lax = true,
	    .xhr_keeps_blank = true,
	    .foreign_cookies = "Safari sends no cookies there",
	    .foreign = FOREIGN_NONE,
	    .own_accept_counts = true,
	    .max_age =
		{.cap = 600, .is_signed = true, .limited = true, .of_junk = 5},
	    .elements_send_origin = true,
	    .fonts_without_cors = true,
	    .no_credentialless = true,
	    .loopback_is_mixed = true,
	},
    [FETCH_STANDARD] =
	{
	    .id = "fetch",
	    .name = "the Fetch standard",
	    .max_age = {.cap = UINT32_MAX, .of_junk = 5},
	},
};

const struct fetch_engine *
fetch_engine(enum fetch_browser browser)
{
	return &engines[browser];
}

bool
fetch_browser_parse(struct slice text, enum fetch_browser *out)
{
	for (int i = 0; i < FETCH_BROWSERS; i++) {
		if (!slice_eq(text, slice_from(engines[i].id)))
			continue;
		*out = (enum fetch_browser)i;
		return true;
	}
	return false;
}
