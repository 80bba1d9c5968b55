/*
 * The canonical form of a policy, as INI.
 *
 * Every section says all that holds for it, inherited or not, and nothing that
 * is so by default; a key that [cors] sets and [cors NAME] does not want is
 * written out, since NAME would inherit it.  So reading a dump gives the same
 * specs, and dumping those the same bytes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/dump.h"

#include <errno.h>

#include "policy/values.h"

enum { WIDTH = 78 }; /* of lines that can be split */

/* The lines that follow belong to this section; without any it is left out. */
void
dump_section(struct dump *dump, const char *word, struct slice name)
{
	dump->section = word;
	dump->name = name;
}

static void
put_header(struct dump *dump)
{
	if (dump->section == NULL)
		return;
	fprintf(dump->out, "%s[%s%s%.*s]\n", dump->begun ? "\n" : "",
		dump->section, dump->name.len > 0 ? " " : "",
		(int)dump->name.len, dump->name.len > 0 ? dump->name.ptr : "");
	dump->section = NULL;
	dump->begun = true;
}

/* "key = value", without the blanks where they do harm. */
void
dump_line(struct dump *dump, const char *key, struct slice value)
{
	size_t len = strlen(key) + value.len + 1;
	/* "= ;x" would be a comment. */
	bool tight =
	    len + 2 > READER_LINE_MAX || (value.len > 0 && value.ptr[0] == ';');

	put_header(dump);
	if (len > READER_LINE_MAX)
		dump->failed = true;
	else if (value.len == 0)
		fprintf(dump->out, "%s =\n", key);
	else
		fprintf(dump->out, tight ? "%s=%.*s\n" : "%s = %.*s\n", key,
			(int)value.len, value.ptr);
}

void
dump_text(struct dump *dump, const char *key, const char *value)
{
	dump_line(dump, key, slice_from(value));
}

void
dump_boolean(struct dump *dump, const char *key, bool value)
{
	dump_text(dump, key, value ? "yes" : "no");
}

void
dump_number(struct dump *dump, const char *key, uint64_t value)
{
	char text[VALUE_TEXT];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	dump_text(dump, key, text);
}

void
dump_list_end(struct dump_list *list)
{
	if (list->len > 0)
		dump_line(list->dump, list->key,
			  slice_of(list->line, list->len));
	list->len = 0;
}

void
dump_item(struct dump_list *list, struct slice item)
{
	size_t room = WIDTH - strlen(list->key) - 3;

	if (list->len > 0 && list->len + 1 + item.len > room)
		dump_list_end(list);
	if (item.len > READER_LINE_MAX) {
		list->dump->failed = true;
		return;
	}
	if (list->len > 0)
		list->line[list->len++] = ' ';
	memcpy(list->line + list->len, item.ptr, item.len);
	list->len += item.len;
}

static bool
is_representable(struct slice path, bool in_list)
{
	if (path.len == 0 || value_trim(path).len != path.len)
		return false;
	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];
		if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
			return false;
		if (in_list && (value_is_blank(c) || c == ','))
			return false;
		if (c == ';' && (i == 0 || value_is_blank(path.ptr[i - 1])))
			return false;
	}
	return true;
}

/*
 * A path: absolute, so that the dump may lie anywhere; relative to the
 * policy's folder where that folder's name cannot be written in a policy.
 */
struct slice
dump_path_text(struct dump *dump, const char *path, const char *key,
	       bool in_list)
{
	struct slice text = slice_from(path);
	size_t folder = strlen(dump->settings->folder);

	if (is_representable(text, in_list) &&
	    strlen(key) + 1 + text.len <= READER_LINE_MAX)
		return text;
	if (folder > 1 &&
	    slice_starts(text, slice_from(dump->settings->folder)) &&
	    path[folder] == '/')
		text = slice_after(text, folder + 1);
	if (!is_representable(text, in_list))
		dump->failed = true;
	return text;
}

void
dump_path(struct dump *dump, const char *key, const char *path)
{
	dump_line(dump, key, dump_path_text(dump, path, key, false));
}

int
settings_dump(const struct settings *settings, FILE *out)
{
	struct dump dump = {.out = out, .settings = settings};

	dump_app(&dump);
	dump_server(&dump);
	dump_env(&dump);
	dump_handlers(&dump);
	if (dump_specs(&dump) != 0)
		return -1;
	if (dump.failed) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
