/*
 * Stand-ins for what the static CGI program is built without: FastCGI
 * applications, PCRE2, libidn2 and libpsl.
 *
 * None of them lets a policy allow more than the full program would: the loader
 * refuses `forward` (load_options.exec_only) and regular expressions, and what
 * libidn2 and libpsl would refuse beyond that is checked as far as it can be.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/text.h"
#include "cors/regex.h"
#include "policy/hostname.h"
#include "run/forward.h"

/* ---- run/forward.c, run/forward_pool.c ---- */

struct forward_pool *
forward_pool_new(void)
{
	return NULL;
}

void
forward_pool_free(struct forward_pool *pool)
{
	(void)pool;
}

void
forward_run(struct forward_pool *pool, const struct settings *settings,
	    struct exchange *x, char **variables, struct body *body,
	    struct response *response, bool idempotent)
{
	(void)pool;
	(void)settings;
	(void)x;
	(void)variables;
	(void)body;
	(void)idempotent;
	response_fail(response, 500, "forward", NULL);
}

/* ---- cors/regex.c ---- */

struct regex *
regex_compile(struct slice pattern, char *error, size_t error_cap)
{
	static const char why[] = "this program is built without PCRE2";

	(void)pattern;
	if (error_cap > 0) {
		size_t len = sizeof(why) - 1;

		if (len > error_cap - 1)
			len = error_cap - 1;
		memcpy(error, why, len);
		error[len] = '\0';
	}
	return NULL;
}

void
regex_free(struct regex *regex)
{
	(void)regex;
}

struct regex_scratch *
regex_scratch_new(void)
{
	return NULL;
}

void
regex_scratch_free(struct regex_scratch *scratch)
{
	(void)scratch;
}

bool
regex_match(const struct regex *regex, struct slice subject,
	    struct regex_scratch *scratch)
{
	(void)regex;
	(void)subject;
	(void)scratch;
	return false;
}

/* ---- policy/hostname.c ---- */

/* No Punycode is offered. */
bool
hostname_to_ascii(struct slice host, char buf[static HOSTNAME_MAX])
{
	if (host.len >= HOSTNAME_MAX || !slice_is_ascii(host))
		return false;
	memcpy(buf, host.ptr, host.len);
	buf[host.len] = '\0';
	return true;
}

/* A-labels are checked by their bytes alone (cors/origin.c). */
bool
hostname_labels_valid(struct slice host)
{
	(void)host;
	return true;
}

/* A name of two labels is believed to be its owner's (DESIGN.md section 5). */
bool
hostname_is_public_suffix(struct slice host)
{
	host = text_chop(host, '.');
	return text_find(host, '.') == host.len;
}
