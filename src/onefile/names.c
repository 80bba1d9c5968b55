/*
 * Host names in the one-file page: Punycode from the browser's URL parser,
 * public suffixes from a table, with the calls of libidn2 and libpsl
 * (include/).
 *
 * SPDX-License-Identifier: ISC
 */
#include <idn2.h>
#include <libpsl.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "onefile/browser.h"
#include "onefile/suffixes.h"

/* ---- libidn2 ---- */

int
idn2_to_ascii_8z(const char *input, char **output, int flags)
{
	enum { ROOM = 1024 };
	char *text = malloc(ROOM);
	int len = -1;

	(void)flags;
	*output = NULL;
	if (text != NULL)
		len =
		    browser_host_to_ascii(input, strlen(input), text, ROOM - 1);
	if (len < 0) {
		free(text);
		return IDN2_INVALID;
	}
	text[len] = '\0';
	*output = text;
	return IDN2_OK;
}

void
idn2_free(void *text)
{
	free(text);
}

/* ---- libpsl ---- */

/*
 * The table is one text, "NAME FLAGS\n" for each name that has rules, in the
 * order of their bytes: so it can be searched without an index.  FLAGS: '.' the
 * name is a suffix, '*' every name right below it is one, '!' it is not one;
 * ',' '+' '?' are the same for rules that are not ICANN's.
 */
struct psl_ctx_st {
	struct slice table;
};

const psl_ctx_t *
psl_builtin(void)
{
	static const psl_ctx_t list = {{suffixes, sizeof(suffixes) - 1}};

	return &list;
}

/* The beginning of the line with this byte. */
static size_t
line_start(struct slice table, size_t at)
{
	while (at > 0 && table.ptr[at - 1] != '\n')
		at--;
	return at;
}

/* The flags of the name; absent: it has no rule. */
static struct slice
flags_of(struct slice table, struct slice name)
{
	size_t low = 0, high = table.len;

	while (low < high) {
		size_t start = line_start(table, low + (high - low) / 2);
		struct slice line = slice_after(table, start);
		line.len = text_find(line, '\n');
		struct slice found = slice_of(line.ptr, text_find(line, ' '));
		int order = slice_compare(name, found);

		if (order == 0)
			return slice_after(line, found.len + 1);
		if (order < 0)
			high = start;
		else
			low = start + line.len + 1;
	}
	return SLICE_NONE;
}

static bool
has(struct slice flags, const char *which, int type)
{
	return ((type & PSL_TYPE_ICANN) != 0 &&
		text_find(flags, which[0]) < flags.len) ||
	       ((type & PSL_TYPE_PRIVATE) != 0 &&
		text_find(flags, which[1]) < flags.len);
}

/* https://publicsuffix.org/list/, "Format"; as in libpsl, a name below which
 * all are suffixes is one, too. */
int
psl_is_public_suffix2(const psl_ctx_t *list, const char *text, int type)
{
	struct slice name = slice_from(text);
	size_t dot = text_find(name, '.');
	struct slice flags = flags_of(list->table, name);

	if (dot == name.len && (type & PSL_TYPE_NO_STAR_RULE) == 0)
		return 1;
	if (slice_present(flags)) {
		if (has(flags, "!?", PSL_TYPE_ANY))
			return 0;
		return has(flags, ".,", type) || has(flags, "*+", type);
	}
	if (dot == name.len)
		return 0;
	flags = flags_of(list->table, slice_after(name, dot + 1));
	return slice_present(flags) && has(flags, "*+", type);
}
