/*
 * The values that keys of a policy take.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/values.h"

#include <stdio.h>

#include "base/text.h"

bool
value_boolean(struct slice text, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
	    {"yes", true},  {"no", false},  {"on", true},
	    {"off", false}, {"true", true}, {"false", false},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_eq(text, slice_from(words[i].word))) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

const char *const value_duration_units[] = {"ms", "s", "m", "h", NULL};
const char *const value_size_units[] = {"K", "M", "G", NULL};

/* In the order of the units; the last is for a number without unit. */
static const uint64_t duration_factors[] = {1, 1000, 60000, 3600000, 1000};
static const uint64_t size_factors[] = {1 << 10, 1 << 20, 1 << 30, 1};

static bool
number_with_unit(struct slice text, const char *const *units,
		 const uint64_t *factors, uint64_t *out)
{
	size_t digits = text_digits(text);
	struct slice unit = slice_after(text, digits);
	uint64_t number;
	size_t i = 0;

	if (!text_number(slice_of(text.ptr, digits), UINT64_MAX, &number))
		return false;
	while (units[i] != NULL && !slice_eq(unit, slice_from(units[i])))
		i++;
	if (units[i] == NULL && unit.len > 0)
		return false;
	if (number > UINT64_MAX / factors[i])
		return false;
	*out = number * factors[i];
	return true;
}

bool
value_duration(struct slice text, uint64_t *out)
{
	return number_with_unit(text, value_duration_units, duration_factors,
				out);
}

bool
value_size(struct slice text, uint64_t *out)
{
	return number_with_unit(text, value_size_units, size_factors, out);
}

static void
write_number(uint64_t number, const char *const *units, const uint64_t *factors,
	     char *buf)
{
	const char *unit = "";
	uint64_t factor = 1;

	for (size_t i = 0; units[i] != NULL; i++) {
		if (number > 0 && number % factors[i] == 0 &&
		    factors[i] >= factor) {
			unit = units[i];
			factor = factors[i];
		}
	}
	snprintf(buf, VALUE_TEXT, "%llu%s",
		 (unsigned long long)(number / factor), unit);
}

void
value_write_duration(uint64_t milliseconds, char buf[static VALUE_TEXT])
{
	write_number(milliseconds, value_duration_units, duration_factors, buf);
}

void
value_write_size(uint64_t bytes, char buf[static VALUE_TEXT])
{
	write_number(bytes, value_size_units, size_factors, buf);
}

/* The unit of "sec", "kb", "MiB", "minutes". */
static const char *
guess_unit(struct slice unit, const char *const *units)
{
	for (size_t i = 0; units[i] != NULL; i++)
		if (slice_eq_nocase(unit, slice_from(units[i])))
			return units[i];
	/* "m" begins "ms", "min" and "milliseconds": the longer words first. */
	if (text_starts_nocase(unit, SLICE("mil")) ||
	    text_starts_nocase(unit, SLICE("ms")))
		return units == value_duration_units ? "ms" : NULL;
	for (size_t i = 0; units[i] != NULL; i++)
		if (unit.len > 0 && units[i][1] == '\0' &&
		    ascii_lower(unit.ptr[0]) == ascii_lower(units[i][0]))
			return units[i];
	return NULL;
}

bool
value_unit_fix(struct slice text, const char *const *units, char *buf,
	       size_t cap)
{
	size_t digits = text_digits(text);
	struct slice unit = text_trim(slice_after(text, digits));
	const char *guess = guess_unit(unit, units);

	if (digits == 0 || digits > 18 || guess == NULL)
		return false;
	snprintf(buf, cap, "%.*s%s", (int)digits, text.ptr, guess);
	return true;
}

/* Words being written to a buffer as long as the text. */
struct words {
	char **list;
	size_t count;
	char *to;
	bool open; /* inside a word, perhaps still an empty one: '' */
};

static void
word_byte(struct words *words, char c)
{
	if (!words->open)
		words->list[words->count++] = words->to;
	words->open = true;
	if (c != '\0')
		*words->to++ = c;
}

static void
word_end(struct words *words)
{
	if (words->open)
		*words->to++ = '\0';
	words->open = false;
}

/* What is between quotes, from behind the first; the place of the closing one,
 * or the end of the text. */
static size_t
word_quoted(struct words *words, struct slice text, size_t i, char quote)
{
	word_byte(words, '\0');
	for (; i < text.len && text.ptr[i] != quote; i++) {
		/* Between double quotes a backslash only escapes these. */
		if (quote == '"' && text.ptr[i] == '\\' && i + 1 < text.len &&
		    strchr("$`\"\\", text.ptr[i + 1]) != NULL)
			i++;
		word_byte(words, text.ptr[i]);
	}
	return i;
}

const char *
value_words(struct arena *arena, struct slice text, char *const **out)
{
	struct words words = {.open = false};

	/* Every word takes two bytes of text or is the last one. */
	words.list = arena_array(arena, text.len / 2 + 2, sizeof(char *));
	words.to = arena_alloc(arena, text.len + 2);
	if (words.list == NULL || words.to == NULL)
		return "no memory";
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (ascii_is_blank(c)) {
			word_end(&words);
		} else if (c == '\'' || c == '"') {
			i = word_quoted(&words, text, i + 1, c);
			if (i == text.len)
				return "a quote is not closed";
		} else if (c == '\\') {
			if (++i == text.len)
				return "a backslash stands at the end";
			word_byte(&words, text.ptr[i]);
		} else {
			word_byte(&words, c);
		}
	}
	word_end(&words);
	*out = words.list;
	return NULL;
}

enum { NEAR_MAX = 40 }; /* longer words are not misspelt names */

static char
folded(struct slice text, size_t i)
{
	if (text.ptr[i] == '_')
		return '-';
	return ascii_lower(text.ptr[i]);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Keystrokes between two words: a letter more, less, other, or two swapped. */
static size_t
distance(struct slice a, struct slice b)
{
	size_t rows[3][NEAR_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *two = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = folded(a, i - 1) == folded(b, j - 1);
			row[j] = least(above[j], row[j - 1]) + 1;
			row[j] = least(row[j], above[j - 1] + !same);
			if (i > 1 && j > 1 &&
			    folded(a, i - 1) == folded(b, j - 2) &&
			    folded(a, i - 2) == folded(b, j - 1))
				row[j] = least(row[j], two[j - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

const char *
value_nearest(struct slice word, const char *const *names)
{
	const char *nearest = NULL;
	size_t best = 4; /* never more than three keystrokes away */

	if (word.len > NEAR_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		struct slice name = slice_from(*names);
		if (name.len > NEAR_MAX)
			continue;
		size_t longer = name.len > word.len ? name.len : word.len;
		size_t steps = distance(word, name);
		/* "warn", "err": an abbreviation. */
		if (word.len >= 3 && word.len < name.len &&
		    text_starts_nocase(name, word) && steps > 2)
			steps = longer / 3 < 2 ? longer / 3 : 2;
		if (steps < best && steps <= longer / 3) {
			best = steps;
			nearest = *names;
		}
	}
	return nearest;
}
