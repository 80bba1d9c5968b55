/*
 * The output formats of lint.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/lint_output.h"

#include <stdlib.h>

#include "base/text.h"
#include "explain/json_add.h"

/* The line of the text, without its end. */
static struct slice
line_of(struct slice text, unsigned line)
{
	while (--line > 0 && text.len > 0)
		text_line_next(&text);
	return text_line_next(&text);
}

/* ---- for a terminal ---- */

static void
print_bytes(FILE *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char quoted[TEXT_QUOTED_BYTE_MAX];
		char c = bytes.ptr[i];

		if (c == '\t')
			c = ' ';
		size_t len = text_quote_byte(c, quoted);

		fwrite(quoted, 1, len, out);
	}
}

/* The columns that print_bytes needs. */
static int
width_of(struct slice bytes)
{
	int width = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		char quoted[TEXT_QUOTED_BYTE_MAX];
		char c = bytes.ptr[i];

		if (c == '\t')
			c = ' ';
		width += (int)text_quote_byte(c, quoted);
	}
	return width;
}

/* Print the part of the line around the word, and a caret under it. */
static void
print_caret(FILE *out, const struct diag *diag, struct slice line)
{
	enum { BEFORE = 40, SHOWN = 72 };
	size_t column = diag->column - 1, first = 0;

	if (column > line.len)
		return;
	if (column > BEFORE)
		first = column - BEFORE;
	struct slice part = slice_after(line, first);
	struct slice before = slice_of(part.ptr, column - first);
	if (part.len > SHOWN)
		part.len = SHOWN;
	fprintf(out, "%5u | %s", diag->line, first > 0 ? "..." : "");
	print_bytes(out, part);
	struct slice marked = slice_after(part, before.len);
	if (marked.len > diag->length)
		marked.len = diag->length;
	fprintf(out, "\n      | %*s\033[1;32m^",
		(first > 0 ? 3 : 0) + width_of(before), "");
	for (int i = width_of(marked); i > 1; i--)
		fputc('~', out);
	fprintf(out, "\033[0m\n");
}

void
lint_colour(const struct linted *linted, FILE *out)
{
	static const char *const colours[] = {
	    [SEVERITY_NOTE] = "36",
	    [SEVERITY_WARNING] = "35",
	    [SEVERITY_ERROR] = "31",
	};

	for (size_t i = 0; i < diag_total(linted->diags); i++) {
		const struct diag *diag = diag_at(linted->diags, i);
		fprintf(out, "\033[1m%s", diag->file == NULL ? "" : diag->file);
		if (diag->line > 0)
			fprintf(out, ":%u", diag->line);
		fprintf(out,
			"%s\033[0m\033[1;%sm%s:\033[0m %s \033[2m[%s]\033[0m\n",
			diag->file == NULL ? "" : ": ", colours[diag->severity],
			severity_name(diag->severity), diag->message, diag->id);
		if (diag->column > 0 && slice_present(linted->text) &&
		    diag->file != NULL && strcmp(diag->file, linted->name) == 0)
			print_caret(out, diag,
				    line_of(linted->text, diag->line));
		if (diag->fix != NULL)
			fprintf(out,
				"      | did you mean \033[32m%s\033[0m?\n",
				diag->fix);
	}
	diag_print_lost(linted->diags, out);
}

/* ---- gcc ---- */

void
lint_gcc(const struct linted *linted, FILE *out)
{
	for (size_t i = 0; i < diag_total(linted->diags); i++) {
		struct diag diag = *diag_at(linted->diags, i);
		fprintf(out, "%s:%u:%u: %s: %s%s%s%s [%s]\n",
			diag.file == NULL ? linted->name : diag.file,
			diag.line == 0 ? 1 : diag.line,
			diag.column == 0 ? 1 : diag.column,
			severity_name(diag.severity), diag.message,
			diag.fix == NULL ? "" : " (did you mean \"",
			diag.fix == NULL ? "" : diag.fix,
			diag.fix == NULL ? "" : "\"?)", diag.id);
	}
	diag_print_lost(linted->diags, out);
}

/* ---- JSON ---- */

/* JSON is UTF-8; other bytes, as in file names, are escaped. */
static json_t *
json_text(struct diag_list *diags, const char *text)
{
	if (text == NULL)
		return json_null();
	if (!text_is_utf8(slice_from(text)))
		text = diag_quote(diags, slice_from(text), strlen(text));
	return json_string(text);
}

void
lint_json(const struct linted *linted, json_t **array)
{
	struct diag_list *diags = linted->diags;

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *diag = diag_at(diags, i);
		json_add(array,
			 json_pack("{s:o, s:I, s:I, s:s, s:s, s:o, s:o}",
				   "file", json_text(diags, diag->file), "line",
				   (json_int_t)diag->line, "column",
				   (json_int_t)diag->column, "severity",
				   severity_name(diag->severity), "id",
				   diag->id, "message",
				   json_text(diags, diag->message), "fix",
				   json_text(diags, diag->fix)));
	}
}

/* ---- SARIF ---- */

/* A file's name as a URI reference (RFC 3986, 4.1). */
static json_t *
sarif_uri(const char *file)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = strlen(file), used = 0;
	char *uri = malloc(3 * len + sizeof("file://"));

	if (uri == NULL)
		return NULL;
	if (file[0] == '/') {
		used = strlen("file://");
		memcpy(uri, "file://", used);
	}
	for (; *file != '\0'; file++) {
		unsigned char c = (unsigned char)*file;
		if (ascii_is_alpha(*file) || ascii_is_digit(*file) ||
		    strchr("-._~/", *file) != NULL) {
			uri[used++] = *file;
		} else {
			uri[used++] = '%';
			uri[used++] = digits[c >> 4];
			uri[used++] = digits[c & 15];
		}
	}
	json_t *string = json_stringn(uri, used);
	free(uri);
	return string;
}

/* The number of code points in the first bytes of a line in UTF-8. */
static json_int_t
code_points(struct slice line, size_t bytes)
{
	json_int_t count = 0;

	for (size_t i = 0; i < bytes && i < line.len; i++)
		count += ((unsigned char)line.ptr[i] & 0xc0) != 0x80;
	return count;
}

static json_t *
sarif_region(const struct linted *linted, const struct diag *diag)
{
	json_int_t line = diag->line == 0 ? 1 : diag->line;

	if (diag->column == 0 || !slice_present(linted->text) ||
	    strcmp(diag->file, linted->name) != 0)
		return json_pack("{s:I}", "startLine", line);
	struct slice text = line_of(linted->text, diag->line);
	return json_pack("{s:I, s:I, s:I}", "startLine", line, "startColumn",
			 code_points(text, diag->column - 1) + 1, "endColumn",
			 code_points(text, diag->column - 1 + diag->length) +
			     1);
}

static json_t *
sarif_fixes(const struct linted *linted, const struct diag *diag)
{
	size_t len = strlen(diag->fix);
	char *text = malloc(len + 2);

	if (text == NULL)
		return NULL;
	memcpy(text, diag->fix, len + 1);
	if (diag->length == 0) /* it is a new line */
		memcpy(text + len, "\n", 2);
	json_t *fixes = json_pack(
	    "[{s:{s:s+}, s:[{s:{s:o}, s:[{s:o, s:{s:s}}]}]}]", "description",
	    "text", "Did you mean: ", diag->fix, "artifactChanges",
	    "artifactLocation", "uri", sarif_uri(diag->file), "replacements",
	    "deletedRegion", sarif_region(linted, diag), "insertedContent",
	    "text", text);
	free(text);
	return fixes;
}

static json_t *
sarif_result(const struct linted *linted, const struct diag *diag)
{
	const char *file = diag->file == NULL ? linted->name : diag->file;
	json_t *result = json_pack(
	    "{s:s, s:s, s:{s:o}, s:[{s:{s:{s:o}, s:o}}]}", "ruleId", diag->id,
	    "level", severity_name(diag->severity), "message", "text",
	    json_text(linted->diags, diag->message), "locations",
	    "physicalLocation", "artifactLocation", "uri", sarif_uri(file),
	    "region",
	    diag->file == NULL ? json_pack("{s:i}", "startLine", 1)
			       : sarif_region(linted, diag));

	if (result != NULL && diag->fix != NULL && diag->column > 0 &&
	    diag->file != NULL)
		json_put(&result, "fixes", sarif_fixes(linted, diag));
	return result;
}

/* Add the id, unless it is listed. */
static void
add_rule(json_t **rules, const char *id)
{
	json_t *rule;
	size_t i;

	json_array_foreach(
	    *rules, i,
	    rule) if (strcmp(json_string_value(json_object_get(rule, "id")),
			     id) == 0) return;
	json_add(rules, json_pack("{s:s}", "id", id));
}

json_t *
lint_sarif(const struct linted *linted, size_t count)
{
	json_t *rules = json_array(), *results = json_array();

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < diag_total(linted[i].diags); k++) {
			const struct diag *diag = diag_at(linted[i].diags, k);
			add_rule(&rules, diag->id);
			json_add(&results, sarif_result(&linted[i], diag));
		}
	return json_pack(
	    "{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
	    "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0",
	    "runs", "tool", "driver", "name", "corscheck", "version",
	    PACKAGE_VERSION, "rules", rules, "columnKind", "unicodeCodePoints",
	    "results", results);
}
