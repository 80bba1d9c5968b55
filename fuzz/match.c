/*
 * The matcher compared with a simple one: lines of patterns, the last an
 * origin.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "plain_origin.h"

#include "cors/origin.h"

enum { PATTERNS_MAX = 256 };

struct patterns {
	struct origin_pattern at[PATTERNS_MAX];
	size_t count;
};

static void
read_patterns(struct slice lines, struct patterns *out)
{
	out->count = 0;
	while (lines.len > 0 && out->count < PATTERNS_MAX)
		if (origin_pattern_parse(fuzz_until(&lines, '\n'),
					 &out->at[out->count]) ==
		    ORIGIN_FAULT_NONE)
			out->count++;
}

/* Does one of them match by the plain matcher? */
static bool
plain_any(const struct patterns *patterns, const char *origin)
{
	bool any = false;

	for (size_t i = 0; i < patterns->count; i++) {
		char *text = fuzz_text(patterns->at[i].text);
		any = any || plain_match(text, origin);
		free(text);
	}
	return any;
}

FUZZ_TARGET(match)
{
	static struct patterns patterns;
	struct slice lines = fuzz_slice(data, size), origin = lines;
	struct arena *arena = arena_new();
	struct origin parsed;

	CHECK(arena != NULL);
	while (memchr(origin.ptr, '\n', origin.len) != NULL)
		(void)fuzz_until(&origin, '\n');
	lines.len -= origin.len;
	read_patterns(lines, &patterns);
	struct origin_set *set =
	    origin_set_build(arena, patterns.at, patterns.count, NULL, 0);
	CHECK(set != NULL);
	char *text = fuzz_text(origin);
	bool expected =
	    strlen(text) == origin.len && plain_any(&patterns, text);
	enum origin_verdict answer = origin_set_check(set, origin, NULL);
	/* The simple one does not check whether A-labels decode. */
	if (strstr(text, "xn--") == NULL)
		CHECK((answer == ORIGIN_ALLOWED) == expected);
	CHECK((answer == ORIGIN_MALFORMED) == !origin_parse(origin, &parsed));
	/* Each exact pattern is in the set. */
	for (size_t i = 0; i < patterns.count; i++)
		if (origin_pattern_is_exact(&patterns.at[i]) &&
		    patterns.at[i].text.len <= ORIGIN_MAX)
			CHECK(origin_set_check(set, patterns.at[i].text,
					       NULL) == ORIGIN_ALLOWED);
	free(text);
	arena_free(arena);
	return 0;
}
