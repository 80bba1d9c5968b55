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

/* ---- numbers ---- */

const struct measure value_duration = {
    .name = "a duration",
    .grammar = "a duration (a number with ms, s, m or h; seconds without)",
    .factor = 1000,
    .units = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}},
};
const struct measure value_size = {
    .name = "a size",
    .grammar = "a size (a number with K, M or G; bytes without)",
    .factor = 1,
    .units = {{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}},
};
const struct measure value_count = {
    .name = "a whole number",
    .factor = 1,
};

bool
value_number(const struct measure *measure, struct slice text, uint64_t *out)
{
	size_t digits = text_digits(text);
	struct slice unit = slice_after(text, digits);
	uint64_t number, factor = measure->factor;

	if (unit.len > 0) {
		const struct unit *found = measure->units;
		while (found->word != NULL &&
		       !slice_eq(unit, slice_from(found->word)))
			found++;
		factor = found->factor;
	}
	if (factor == 0 || digits == 0)
		return false;
	*out = text_number(slice_of(text.ptr, digits), UINT64_MAX / factor,
			   &number)
		   ? number * factor
		   : UINT64_MAX;
	return true;
}

void
value_number_write(const struct measure *measure, uint64_t number,
		   char buf[static VALUE_TEXT])
{
	struct unit largest = {"", 1};

	for (const struct unit *unit = measure->units; unit->word != NULL;
	     unit++)
		if (number > 0 && number % unit->factor == 0)
			largest = *unit;
	snprintf(buf, VALUE_TEXT, "%llu%s",
		 (unsigned long long)(number / largest.factor), largest.word);
}

/* The unit of "sec", "kb", "MiB", "minutes". */
static const char *
guess_unit(const struct measure *measure, struct slice text)
{
	/* "ms", "min" and "milliseconds" begin with "m": test the longer words
	 * first. */
	bool is_ms = text_starts_nocase(text, SLICE("mil")) ||
		     text_starts_nocase(text, SLICE("ms"));
	const struct unit *unit;

	for (unit = measure->units; unit->word != NULL; unit++)
		if (slice_eq_nocase(text, slice_from(unit->word)))
			return unit->word;
	for (unit = measure->units; unit->word != NULL; unit++)
		if (is_ms
			? strcmp(unit->word, "ms") == 0
			: unit->word[1] == '\0' &&
			      text_starts_nocase(text, slice_from(unit->word)))
			return unit->word;
	return NULL;
}

bool
value_number_fix(const struct measure *measure, struct slice text,
		 char buf[static VALUE_TEXT])
{
	size_t digits = text_digits(text);
	struct slice unit = text_trim(slice_after(text, digits));
	const char *guess = guess_unit(measure, unit);
	uint64_t number;

	if (digits == 0 || guess == NULL)
		return false;
	if (!text_number(slice_of(text.ptr, digits), UINT64_MAX, &number))
		number = UINT64_MAX;
	snprintf(buf, VALUE_TEXT, "%llu%s", (unsigned long long)number, guess);
	return true;
}

/* ---- words ---- */

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

/* Read the text after an opening quote.  Returns the place of the closing
 * quote, or the end of the text. */
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

	/* Every word but the last takes at least two bytes of text. */
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
				return "a backslash is at the end";
			word_byte(&words, text.ptr[i]);
		} else {
			word_byte(&words, c);
		}
	}
	word_end(&words);
	*out = words.list;
	return NULL;
}

/* ---- misspelt names ---- */

enum { NEAR_MAX = 40 }; /* longer words are not misspelt names */

static char
folded(struct slice text, size_t i)
{
	if (text.ptr[i] == '_')
		return '-';
	return ascii_lower(text.ptr[i]);
}

/* The edit distance of two words: a letter added, removed, changed, or two
 * swapped. */
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
			row[j] = size_least(above[j], row[j - 1]) + 1;
			row[j] = size_least(row[j], above[j - 1] + !same);
			if (i > 1 && j > 1 &&
			    folded(a, i - 1) == folded(b, j - 2) &&
			    folded(a, i - 2) == folded(b, j - 1))
				row[j] = size_least(row[j], two[j - 2] + 1);
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
