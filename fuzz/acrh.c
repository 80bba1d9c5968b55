/*
 * Access-Control-Request-Headers compared with a simple reading of the same
 * lines.  The first byte chooses the policy; lines are joined as HTTP joins
 * them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include <strings.h>

#include "cors/decide.h"

enum { LINES_MAX = 256 };
enum kind { LIST, ANY, ANY_WITH_AUTHORIZATION, KINDS };

static const struct policy *policies[2][KINDS]; /* by credentials */

static void
make_policies(void)
{
	static const struct slice list[] = {
	    {"x-token", 7}, {"content-type", 12}, {"authorization", 13}};
	static const struct name_list lists[KINDS] = {
	    [LIST] = {list, 3, false},
	    [ANY] = {NULL, 0, true},
	    [ANY_WITH_AUTHORIZATION] = {list + 2, 1, true}};
	static struct origin_pattern origin;
	static struct arena *arena;

	if (arena != NULL)
		return;
	arena = arena_new();
	CHECK(arena != NULL);
	CHECK(origin_pattern_parse(SLICE("https://a.com"), &origin) ==
	      ORIGIN_FAULT_NONE);
	for (int i = 0; i < 2 * KINDS; i++) {
		struct policy_spec spec = {.origins = &origin,
					   .origin_count = 1,
					   .credentials = i % 2,
					   .headers = lists[i / 2],
					   .max_age = -1,
					   .preflight_status = 204};
		struct policy_set *set = policy_set_build(arena, &spec, 1);
		CHECK(set != NULL);
		policies[i % 2][i / 2] = set->policies[0];
	}
}

static bool
plain_token(const char *text)
{
	static const char tchar[] =
	    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return text[0] != '\0' && strspn(text, tchar) == strlen(text);
}

static bool
plain_allows(enum kind kind, const char *name)
{
	bool authorization = strcasecmp(name, "authorization") == 0;

	if (kind == LIST)
		return authorization || strcasecmp(name, "x-token") == 0 ||
		       strcasecmp(name, "content-type") == 0;
	return kind == ANY_WITH_AUTHORIZATION || !authorization;
}

struct plain {
	size_t elements;
	bool malformed;
	bool refused;
	char echo[CORS_ACRH_BYTES + 1];
};

static bool
plain_echoed(const struct plain *plain, const char *name)
{
	char copy[CORS_ACRH_BYTES + 1], *rest = copy, *item;

	strcpy(copy, plain->echo);
	while ((item = strsep(&rest, ",")) != NULL)
		if (strcmp(item, name) == 0)
			return true;
	return false;
}

/* The names of one line that holds no NUL. */
static void
plain_line(struct plain *plain, enum kind kind, char *line)
{
	char *item;

	while ((item = strsep(&line, ",")) != NULL && !plain->malformed) {
		size_t len;
		/* "Too many" wins over errors after them. */
		if (++plain->elements > CORS_ACRH_ELEMENTS)
			return;
		item += strspn(item, " \t");
		len = strlen(item);
		while (len > 0 && strchr(" \t", item[len - 1]) != NULL)
			item[--len] = '\0';
		if (len == 0)
			continue;
		if (!plain_token(item)) {
			plain->malformed = true;
			return;
		}
		for (char *c = item; *c != '\0'; c++)
			*c = ascii_lower(*c);
		if (!plain_allows(kind, item)) {
			plain->refused = true;
		} else if (!plain_echoed(plain, item)) {
			if (plain->echo[0] != '\0')
				strcat(plain->echo, ",");
			strcat(plain->echo, item);
		}
	}
}

/* Variables are C strings, so a line ends at its first NUL. */
static enum cors_reason
plain_read(struct plain *plain, enum kind kind, struct slice lines,
	   size_t *count, char *copies[])
{
	size_t bytes = 0;

	memset(plain, 0, sizeof(*plain));
	for (*count = 0; lines.len > 0 && *count < LINES_MAX; ++*count) {
		copies[*count] = fuzz_text(fuzz_until(&lines, '\n'));
		bytes += strlen(copies[*count]) + (*count > 0);
	}
	if (*count > REQUEST_LINES_MAX || bytes > CORS_ACRH_BYTES)
		return CORS_HEADERS_TOO_MANY;
	for (size_t i = 0; i < *count; i++) {
		char *copy = fuzz_text(slice_from(copies[i]));
		plain_line(plain, kind, copy);
		free(copy);
		if (plain->elements > CORS_ACRH_ELEMENTS)
			return CORS_HEADERS_TOO_MANY;
		if (plain->malformed)
			return CORS_HEADERS_MALFORMED;
	}
	return plain->refused ? CORS_HEADER_NOT_ALLOWED : CORS_REASON_NONE;
}

FUZZ_TARGET(acrh)
{
	static struct plain plain;
	static struct cors_decision d;
	struct slice rest = fuzz_slice(data, size);
	unsigned choice = fuzz_byte(&rest);
	bool credentials = choice & 1;
	enum kind kind = (enum kind)((choice >> 1) % KINDS);
	char *copies[LINES_MAX];
	struct request request = {.method = SLICE("OPTIONS"),
				  .origin = SLICE("https://a.com"),
				  .origin_count = 1,
				  .acrm = SLICE("GET"),
				  .acrm_count = 1};
	size_t count;

	make_policies();
	enum cors_reason expected =
	    plain_read(&plain, kind, rest, &count, copies);
	request.acrh_count = (unsigned)count;
	for (size_t i = 0; i < count && i < REQUEST_LINES_MAX; i++)
		request.acrh[i] = slice_from(copies[i]);
	decide_by_policy(policies[credentials][kind], &request, NULL, &d);
	CHECK(d.reason == expected);
	CHECK(d.verdict == (expected == CORS_REASON_NONE
				? CORS_ANSWER_PREFLIGHT
				: CORS_REFUSE_PREFLIGHT));
	if (expected == CORS_REASON_NONE && credentials && kind != LIST)
		CHECK(slice_eq(slice_of(d.echo, d.echo_len),
			       slice_from(plain.echo)));
	for (size_t i = 0; i < count; i++)
		free(copies[i]);
	return 0;
}
