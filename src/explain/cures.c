/*
 * The fix for a reason or a finding in a server's configuration; the table of
 * servers is src/explain/web_servers.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/cures.h"

#include "base/text.h"

/* No other server has exactly these names in Vary.  Apache joins the fields of
 * a CGI program with commas without blanks. */
static bool
is_corswrap_vary(struct slice vary)
{
	static const struct slice names[] = {
	    {"Origin", 6},
	    {"Access-Control-Request-Method", 29},
	    {"Access-Control-Request-Headers", 30},
	};
	size_t count = 0;
	struct slice item;

	while (slice_present(vary) && text_list_next(&vary, &item)) {
		if (count == sizeof(names) / sizeof(names[0]) ||
		    !slice_eq(item, names[count]))
			return false;
		count++;
	}
	return count == sizeof(names) / sizeof(names[0]);
}

static bool
is_id(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c) && c != '-')
			return false;
	}
	return text.len > 0;
}

/* Is it "12: [unknown-key]" or "[no-policy]"? */
static bool
is_policy_mistake(struct slice line)
{
	size_t digits = text_digits(line);

	if (digits > 0) {
		line = slice_after(line, digits);
		if (!slice_starts(line, SLICE(": ")))
			return false;
		line = slice_after(line, 2);
	}
	return line.len > 2 && line.ptr[0] == '[' &&
	       line.ptr[line.len - 1] == ']' &&
	       is_id(slice_of(line.ptr + 1, line.len - 2));
}

struct slice
cures_policy_mistakes(const struct response *response)
{
	struct slice body = text_trim(response->body), rest = body;
	size_t len = 0;

	if (!response->known || response->status != 500)
		return SLICE_NONE;
	while (rest.len > 0 &&
	       is_policy_mistake(text_trim(text_line_next(&rest))))
		len = body.len - rest.len;
	/* Of a long body only the beginning is kept, whose last line is cut. */
	return len > 0 && memchr(body.ptr + len, '\n', body.len - len) == NULL
		   ? slice_of(body.ptr, len)
		   : SLICE_NONE;
}

bool
cures_is_corswrap(const struct response *response)
{
	return response->known &&
	       (slice_present(cures_policy_mistakes(response)) ||
		slice_present(fetch_first(&response->fields,
					  SLICE("x-corswrap-reason"))) ||
		is_corswrap_vary(
		    fetch_first(&response->fields, SLICE("vary"))));
}

/* False: it does not depend on a server's configuration. */
static bool
find_problem(const struct explanation *e, const char *id,
	     enum server_problem *out)
{
	static const struct {
		const char *id;
		enum server_problem problem;
	} ids[] = {
	    {"options-guarded", PROBLEM_OPTIONS},
	    {"options-not-allowed", PROBLEM_METHOD},
	    {"options-not-found", PROBLEM_METHOD},
	    {"options-failed", PROBLEM_OPTIONS},
	    {"options-redirected", PROBLEM_OPTIONS},
	    {"login-redirect", PROBLEM_OPTIONS},
	    {"preflight-refused", PROBLEM_OPTIONS},
	    {"preflight-status", PROBLEM_OPTIONS},
	    {"preflight-redirect", PROBLEM_OPTIONS},
	    {"method-not-allowed", PROBLEM_OPTIONS},
	    {"header-not-allowed", PROBLEM_OPTIONS},
	    {"list-malformed", PROBLEM_OPTIONS},
	    {"acao-missing", PROBLEM_ORIGIN},
	    {"acao-multiple", PROBLEM_ORIGIN},
	    {"acao-mismatch", PROBLEM_ORIGIN},
	    {"wildcard-with-credentials", PROBLEM_ORIGIN},
	    {"credentials-not-true", PROBLEM_ORIGIN},
	    {"duplicate-header", PROBLEM_ORIGIN},
	    {"error-without-cors", PROBLEM_ORIGIN},
	    {"vary-missing", PROBLEM_VARY},
	    {CURES_CACHE, PROBLEM_CACHE},
	    {"backend-down", PROBLEM_BACKEND},
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		if (strcmp(ids[i].id, id) != 0)
			continue;
		*out = ids[i].problem;
		/* The response to the preflight has that mistake. */
		if (*out == PROBLEM_ORIGIN && e->plan.preflight &&
		    !e->preflight_passes)
			*out = PROBLEM_OPTIONS;
		return true;
	}
	return false;
}

/* Fixes for every server, without the keys of a policy. */
static const char *
cure_plainly(const char *id)
{
	static const struct {
		const char *id;
		const char *fix;
	} plain[] = {
	    {"allow-missing", "send Allow with the supported methods"},
	    {"max-age-low", "send Access-Control-Max-Age: 600"},
	    {"origin-reflected",
	     "compare Origin with a list of those that may call, instead of "
	     "sending it back; or send * without credentials, if every page "
	     "may read it"},
	    {"wildcard-in-list",
	     "write the names: with credentials * is a name "
	     "like any other"},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (strcmp(plain[i].id, id) == 0)
			return plain[i].fix;
	return NULL;
}

const char *
cures_find(struct explanation *e, enum server_kind kind, const char *id)
{
	enum server_problem problem;

	if (kind == SERVER_UNKNOWN)
		return NULL;
	return find_problem(e, id, &problem) ? server_cure(e, kind, problem)
					     : cure_plainly(id);
}
