/*
 * corscheck reference: the reference as tables for a terminal, and as JSON.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "explain/json_add.h"
#include "explain/reference.h"

enum { CELL_MAX = 1024, GAP = 2, WIDTH_MIN = 40, WIDTH_MAX = 120 };
enum { LAST_MIN = 20, INDENT = 4 };

/* ---- cells ---- */

/* Copy the text without the marks of code, cut at the buffer's end.  Returns
 * its length. */
static size_t
plain(const char *text, char buf[CELL_MAX])
{
	size_t len = 0;

	for (; text != NULL && *text != '\0' && len < CELL_MAX - 1; text++)
		if (*text != '`')
			buf[len++] = *text;
	buf[len] = '\0';
	return len;
}

/* How much of the text fits into a line of this width. */
static size_t
line_length(const char *text, size_t width)
{
	size_t best = 0;

	for (size_t i = 0;; i++) {
		if (text[i] == '\0')
			return i <= width || best == 0 ? i : best;
		if (i > width && best > 0)
			return best;
		if (text[i] == ' ')
			best = i;
	}
}

/* Print a line of the text, filled up to width; returns the rest. */
static const char *
print_line(const char *text, size_t width, bool fill)
{
	size_t len = line_length(text, width);

	printf("%.*s", (int)len, text);
	if (fill && len < width)
		printf("%*s", (int)(width - len), "");
	text += len;
	return text + strspn(text, " ");
}

static void
print_paragraph(const char *text, size_t width)
{
	char buf[CELL_MAX];
	const char *rest = buf;

	plain(text, buf);
	while (*rest != '\0') {
		rest = print_line(rest, width, false);
		putchar('\n');
	}
	putchar('\n');
}

/* ---- tables ---- */

/* The widest cell of a column, and its longest word. */
static void
measure(const struct reference_section *s, size_t column, size_t *width,
	size_t *word)
{
	*width = *word = 0;
	for (size_t i = 0; i <= s->row_count; i++) {
		const char *text = i == s->row_count ? s->columns[column].title
						     : s->rows[i][column];
		char buf[CELL_MAX];
		size_t len = plain(text, buf);
		if (len > *width)
			*width = len;
		for (const char *p = buf; *p != '\0'; p += strspn(p, " ")) {
			len = strcspn(p, " ");
			if (len > *word)
				*word = len;
			p += len;
		}
	}
}

/* Shrink the widest column until all fit.  False: they do not fit, and no
 * column can be narrower. */
static bool
fit(const struct reference_section *s, size_t columns, size_t total,
    size_t *widths)
{
	size_t words[REFERENCE_COLUMNS] = {0};
	size_t sum = GAP * (columns - 1);

	for (size_t i = 0; i < columns; i++) {
		measure(s, i, &widths[i], &words[i]);
		sum += widths[i];
	}
	while (sum > total) {
		size_t widest = columns;
		for (size_t i = 0; i < columns; i++)
			if (widths[i] > words[i] &&
			    (widest == columns || widths[i] > widths[widest]))
				widest = i;
		if (widest == columns)
			return false;
		widths[widest]--;
		sum--;
	}
	return true;
}

/* A table that is being printed. */
struct table {
	const struct reference_section *section;
	size_t widths[REFERENCE_COLUMNS];
	size_t columns; /* side by side; one less than all: the last column is
			   below its row */
	size_t width;
};

/* A last column with room for only a few words per line is easier to read below
 * its row. */
static void
lay_out(struct table *t)
{
	const struct reference_section *s = t->section;
	size_t natural, word;
	bool fits;

	t->columns = s->column_count;
	fits = fit(s, t->columns, t->width, t->widths);
	measure(s, t->columns - 1, &natural, &word);
	if (t->columns < 3 || (fits && (natural <= t->widths[t->columns - 1] ||
					t->widths[t->columns - 1] >= LAST_MIN)))
		return;
	t->columns--;
	fit(s, t->columns, t->width, t->widths);
}

static void
print_below(const struct table *t, const char *text)
{
	char buf[CELL_MAX];
	const char *rest = buf;

	plain(text, buf);
	while (*rest != '\0') {
		printf("%*s", INDENT, "");
		rest = print_line(rest, t->width - INDENT, false);
		putchar('\n');
	}
}

static void
print_cells(const struct table *t, const char *const cells[REFERENCE_COLUMNS])
{
	char bufs[REFERENCE_COLUMNS][CELL_MAX];
	const char *rest[REFERENCE_COLUMNS] = {""};
	bool more = true;

	for (size_t i = 0; i < t->columns; i++) {
		plain(cells[i], bufs[i]);
		rest[i] = bufs[i];
	}
	while (more) {
		size_t last = 0;
		more = false;
		for (size_t i = 0; i < t->columns; i++)
			if (*rest[i] != '\0')
				last = i;
		for (size_t i = 0; i <= last; i++) {
			rest[i] = print_line(rest[i], t->widths[i], i < last);
			if (i < last)
				printf("%*s", GAP, "");
		}
		putchar('\n');
		for (size_t i = 0; i < t->columns; i++)
			more |= *rest[i] != '\0';
	}
	if (t->columns < t->section->column_count)
		print_below(t, cells[t->columns]);
}

static void
print_rule(size_t width)
{
	while (width-- > 0)
		putchar('-');
}

static void
print_head(const struct table *t)
{
	const char *titles[REFERENCE_COLUMNS] = {NULL};

	for (size_t i = 0; i < t->section->column_count; i++)
		titles[i] = t->section->columns[i].title;
	print_cells(t, titles);
	for (size_t i = 0; i < t->columns; i++) {
		print_rule(t->widths[i]);
		if (i + 1 < t->columns)
			printf("%*s", GAP, "");
	}
	putchar('\n');
}

static bool
is_repeated(const struct reference_section *s, size_t row)
{
	return row > 0 && s->column_count > 2 && s->rows[row][0] != NULL &&
	       s->rows[row - 1][0] != NULL &&
	       strcmp(s->rows[row][0], s->rows[row - 1][0]) == 0;
}

static void
print_section(const struct reference_section *s, size_t width, bool bold)
{
	struct table table = {.section = s, .width = width};
	bool spaced;

	printf("%s%s%s\n\n", bold ? "\033[1m" : "", s->title,
	       bold ? "\033[0m" : "");
	if (s->text != NULL)
		print_paragraph(s->text, width);
	lay_out(&table);
	print_head(&table);
	/* Blank lines separate rows of whole sentences. */
	spaced = table.columns < s->column_count || s->column_count == 2;
	for (size_t i = 0; i < s->row_count; i++) {
		const char *cells[REFERENCE_COLUMNS];
		if (spaced && i > 0)
			putchar('\n');
		memcpy(cells, s->rows[i], sizeof(cells));
		if (is_repeated(s, i))
			cells[0] = NULL;
		print_cells(&table, cells);
	}
}

/* The terminal's width, or COLUMNS. */
static size_t
line_width(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	unsigned long width = 80;

	if (text != NULL && *text != '\0')
		width = strtoul(text, NULL, 10);
	else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width == 0)
		width = 80;
	return width < WIDTH_MIN   ? WIDTH_MIN
	       : width > WIDTH_MAX ? WIDTH_MAX
				   : width;
}

static void
print_text(void)
{
	bool bold = command_is_coloured(stdout);

	for (size_t i = 0; i < reference_section_count; i++) {
		if (i > 0)
			putchar('\n');
		print_section(&reference_sections[i], line_width(), bold);
	}
}

/* ---- JSON ---- */

/* The marked pieces of a cell: `GET` `HEAD`. */
static json_t *
json_names(const char *text)
{
	json_t *array = json_array();

	for (const char *p = strchr(text, '`'); p != NULL;) {
		const char *end = strchr(p + 1, '`');
		if (end == NULL)
			break;
		json_add(&array, json_stringn(p + 1, (size_t)(end - p - 1)));
		p = strchr(end + 1, '`');
	}
	return array;
}

static json_t *
json_cell(const char *key, const char *text)
{
	char buf[CELL_MAX];

	if (text == NULL)
		return json_null();
	if (strcmp(key, "names") == 0)
		return json_names(text);
	if (strcmp(key, "value") == 0 || strcmp(key, "step") == 0)
		return json_integer(strtol(text, NULL, 10));
	plain(text, buf);
	return json_string(buf);
}

static json_t *
json_section(const struct reference_section *s)
{
	json_t *rows = json_array();
	char buf[CELL_MAX];

	for (size_t i = 0; i < s->row_count; i++) {
		json_t *row = json_object();
		for (size_t j = 0; j < s->column_count; j++)
			json_put(&row, s->columns[j].key,
				 json_cell(s->columns[j].key, s->rows[i][j]));
		json_add(&rows, row);
	}
	plain(s->text, buf);
	return json_pack(
	    "{s:s, s:s, s:o, s:o}", "id", s->id, "title", s->title, "text",
	    s->text == NULL ? json_null() : json_string(buf), "rows", rows);
}

static int
print_json(void)
{
	json_t *array = json_array();

	for (size_t i = 0; i < reference_section_count; i++)
		json_add(&array, json_section(&reference_sections[i]));
	if (array == NULL || json_dumpf(array, stdout, JSON_INDENT(2)) != 0) {
		json_decref(array);
		return command_no_memory();
	}
	putchar('\n');
	json_decref(array);
	return CHECK_GOOD;
}

int
reference_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	bool json = false;
	int letter;

	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter != 'j')
			return command_usage(command, letter == 'h');
		json = true;
	}
	if (optind != argc)
		return command_usage(command, 0);
	if (json)
		return print_json();
	print_text();
	return CHECK_GOOD;
}
