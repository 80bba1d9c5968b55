/*
 * A whole request, from its variables to the header lines of the response, by
 * policies of every kind: for any input the lines are well-formed and only
 * what the policy names is allowed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "cors/decide.h"
#include "cors/names.h"
#include "cors/path.h"
#include "policy/settings.h"

static const char text[] =
    "[cors]\norigins = https://a.com https://*.b.com http://localhost:*\n"
    "methods = PUT\nheaders = x-token\nexpose = x-total\nmax-age = 60\n"
    "[cors any]\npath = /any /any/*\norigins = *\nheaders = *\n"
    "methods = *\nexpose = *\ntiming = same\n"
    "[cors cred]\npath = /cred/*\ncredentials = yes\nmethods = *\n"
    "headers = * authorization\ndebug = yes\ntiming = same\n"
    "[cors block]\npath = /block/*\nenforce = block\nallow = GET PUT\n"
    "preflight-status = 200\n"
    "[cors host]\nhost = *.h.com h.com\npath = /h/*\norigins = null\n"
    "allow-null = yes\nenforce = block-unsafe\npreflight = forward\n"
    "[cors regex]\npath = /regex/*\norigins-regex = https://[a-z]+\\.r\\.com\n"
    "timing = https://t.com\n";

static struct settings *settings;
static struct regex_scratch *scratch;

static void
load(void)
{
	struct load_options options = {.use = LOAD_CGI};
	struct diag_list *diags;

	if (settings != NULL)
		return;
	diags = diag_list_new();
	scratch = regex_scratch_new();
	settings = settings_parse("policy", slice_from(text), &options, diags);
	if (settings == NULL)
		diag_print(diags, stderr);
	CHECK(settings != NULL && scratch != NULL);
	diag_list_free(diags);
}

/* Whole lines, printable, with a name each. */
static void
check_lines(const char *lines, size_t len)
{
	const char *at = lines, *end = lines + len;

	while (at < end) {
		const char *stop = memchr(at, '\r', (size_t)(end - at));
		CHECK(stop != NULL && stop + 1 < end && stop[1] == '\n');
		const char *colon = memchr(at, ':', (size_t)(stop - at));
		CHECK(colon != NULL &&
		      token_is_valid(slice_of(at, (size_t)(colon - at))));
		for (const char *p = colon; p < stop; p++)
			CHECK((unsigned char)*p >= ' ' && *p != '\x7f');
		at = stop + 2;
	}
}

static bool
has(struct slice lines, struct slice line)
{
	return memmem(lines.ptr, lines.len, line.ptr, line.len) != NULL;
}

static void
check_answer(const struct policy *policy, const struct request *request,
	     const struct cors_decision *d, struct slice lines)
{
	const struct policy_spec *spec = &policy->spec;
	bool echoes = has(lines, SLICE("Access-Control-Allow-Origin: ")) &&
		      !has(lines, SLICE("Allow-Origin: *\r\n"));

	check_lines(lines.ptr, lines.len);
	/* The only pair that the standard forbids. */
	if (has(lines, SLICE("Allow-Credentials")))
		CHECK(!has(lines, SLICE("Allow-Origin: *\r\n")));
	if (has(lines, SLICE("Allow-Origin: *\r\n")))
		CHECK(spec->any_origin);
	/* Every echoed origin is in the set, and Vary names Origin. */
	if (echoes) {
		CHECK(request->origin_count == 1 && d->origin_allowed);
		CHECK(slice_eq(request->origin, SLICE("null"))
			  ? spec->null_origin
			  : (origin_set_check(policy->origins, request->origin,
					      scratch) == ORIGIN_ALLOWED));
		CHECK(has(lines, SLICE("Vary: Origin")));
	}
	if (d->verdict == CORS_REFUSE_PREFLIGHT)
		CHECK(d->status == 403 && !echoes);
	if (d->verdict == CORS_ANSWER_PREFLIGHT && !d->refused)
		CHECK(d->status >= 200 && d->status <= 299);
	if (spec->enforce == ENFORCE_BLOCK && d->verdict == CORS_RUN &&
	    !d->preflight)
		CHECK(!d->has_origin || d->origin_allowed ||
		      slice_present(request->fetch_site) ||
		      request->origin_count == 1);
}

FUZZ_TARGET(request)
{
	static struct cors_decision d;
	static char lines[16384], path[4096];
	struct slice rest = fuzz_slice(data, size), parts[CORS_PARTS_MAX];
	char *variables[FUZZ_VARIABLES_MAX + 1];
	const struct policy *policy;
	struct request request;
	size_t count, len = 0;

	load();
	(void)fuzz_variables(&rest, variables);
	request_read(&request, variables);
	struct slice normal = path_normalize(&request, path, sizeof(path));
	enum policy_chosen chosen =
	    policy_choose(settings->policies, &request, normal, &policy);
	CHECK((chosen == POLICY_CHOSEN || chosen == POLICY_EQUALS) ==
	      (policy != NULL));
	CHECK((chosen == POLICY_BAD_PATH) == !slice_present(normal));
	decide_by_policy(policy, &request, scratch, &d);
	count = cors_parts(&d, parts);
	for (size_t i = 0; i < count; i++) {
		CHECK(parts[i].len <= sizeof(lines) - len);
		memcpy(lines + len, parts[i].ptr, parts[i].len);
		len += parts[i].len;
	}
	if (policy != NULL)
		check_answer(policy, &request, &d, slice_of(lines, len));
	else
		CHECK(count == 0 && d.verdict == CORS_RUN);
	fuzz_variables_free(variables);
	return 0;
}
