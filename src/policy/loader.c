/*
 * Memory, messages, paths and lists for every part of the loader.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "policy/fix.h"

/* ---- memory ---- */

void
loader_no_memory(struct loader *loader)
{
	diag_no_memory(loader->diags, loader->file);
}

void *
loader_array(struct loader *loader, size_t count, size_t size)
{
	void *memory = arena_array(loader->arena, count, size);

	if (memory == NULL)
		loader_no_memory(loader);
	return memory;
}

void *
loader_scratch(struct loader *loader, size_t count, size_t size)
{
	void *memory = arena_array(loader->scratch, count, size);

	if (memory == NULL)
		loader_no_memory(loader);
	return memory;
}

bool
loader_grow(struct loader *loader, struct arena *arena, void *array,
	    size_t count, size_t *room, size_t size)
{
	if (array_grow_in(arena, array, count, room, size))
		return true;
	loader_no_memory(loader);
	return false;
}

/* ---- messages ---- */

/* The entry of that line; NULL: the line has none. */
static const struct entry *
entry_at(const struct loader *loader, unsigned line)
{
	size_t low = 0, high = loader->count;

	/* The last section, then the last entry, that begins no later. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (loader->sections[middle].line <= line)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	const struct section *section = &loader->sections[low - 1];
	for (low = 0, high = section->count; low < high;) {
		size_t middle = low + (high - low) / 2;
		if (section->entries[middle].line <= line)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && section->entries[low - 1].line == line
		   ? &section->entries[low - 1]
		   : NULL;
}

static bool
is_within(struct slice word, struct slice text)
{
	return slice_present(word) && word.ptr >= text.ptr &&
	       word.ptr + word.len <= text.ptr + text.len;
}

struct text_place
loader_place(const struct loader *loader, unsigned line, struct slice word)
{
	const struct entry *entry = entry_at(loader, line);
	struct text_place place = {.line = line};

	if (entry != NULL && is_within(word, entry->value))
		place.column = entry->value_column +
			       (unsigned)(word.ptr - entry->value.ptr);
	else if (entry != NULL && is_within(word, entry->key))
		place.column =
		    entry->key_column + (unsigned)(word.ptr - entry->key.ptr);
	if (place.column != 0)
		place.length = (unsigned)word.len;
	return place;
}

/* Warnings and notes are only made if the options say so. */
__attribute__((format(printf, 6, 0))) static void
report(struct loader *loader, enum severity severity, struct text_place place,
       const char *id, const char *fix, const char *format, va_list args)
{
	if (severity == SEVERITY_ERROR || loader->options->warnings)
		diag_vreport(loader->diags, severity, loader->file, place, id,
			     fix, format, args);
}

void
loader_report(struct loader *loader, enum severity severity, unsigned line,
	      struct slice word, const char *id, const char *fix,
	      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(loader, severity, loader_place(loader, line, word), id, fix,
	       format, args);
	va_end(args);
}

void
loader_error(struct loader *loader, unsigned line, const char *id,
	     const char *fix, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(loader, SEVERITY_ERROR, text_place_line(line), id, fix, format,
	       args);
	va_end(args);
}

void
loader_warn(struct loader *loader, unsigned line, const char *id,
	    const char *fix, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(loader, SEVERITY_WARNING, text_place_line(line), id, fix, format,
	       args);
	va_end(args);
}

void
loader_note(struct loader *loader, unsigned line, const char *id,
	    const char *fix, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(loader, SEVERITY_NOTE, text_place_line(line), id, fix, format,
	       args);
	va_end(args);
}

const char *
loader_quote(struct loader *loader, struct slice text)
{
	return diag_quote(loader->diags, text, QUOTE_MAX);
}

/* Is this text valid in place of the invalid one? */
static bool
fits_use(enum origin_use use, const char *fix)
{
	struct slice rest = slice_from(fix), word;
	struct origin_pattern pattern;
	size_t count = 0;

	for (; text_word_next(&rest, &word); count++)
		if (use == ORIGIN_IN_TIMING &&
		    (origin_pattern_check(word, &pattern) !=
			 ORIGIN_FAULT_NONE ||
		     !origin_pattern_is_exact(&pattern)))
			return false;
	return count == 1 || use != ORIGIN_IN_FILE;
}

void
loader_bad_origin(struct loader *loader, const char *file,
		  struct text_place place, enum origin_use use,
		  struct slice text, enum origin_fault fault)
{
	const char *fix = fix_origin(loader->scratch, text);

	if (fix != NULL && !fits_use(use, fix))
		fix = NULL;
	diag_report(loader->diags, SEVERITY_ERROR, file, place,
		    origin_fault_id(fault), fix, "origin \"%s\": %s",
		    loader_quote(loader, text), origin_fault_text(fault, text));
}

/* ---- files ---- */

/* The folder of a file name, with its '/'; "" without. */
static struct slice
folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slice_of(file, slash == NULL ? 0 : (size_t)(slash - file) + 1);
}

/* The file's absolute name; a text in memory counts as a file in "/".
 * NULL: an error was reported. */
static const char *
absolute(struct loader *loader)
{
	char cwd[PATH_MAX] = "";
	const char *file;

	if (loader->file[0] != '/' && !loader->in_memory &&
	    getcwd(cwd, sizeof(cwd)) == NULL) {
		diag_report(loader->diags, SEVERITY_ERROR, loader->file,
			    text_place_line(0), "no-policy", NULL,
			    "the working directory cannot be determined: %s; "
			    "change to another one",
			    strerror(errno));
		return NULL;
	}
	if (strcmp(cwd, "/") == 0)
		cwd[0] = '\0';
	struct slice parts[] = {slice_from(cwd), SLICE("/"),
				slice_from(loader->file)};
	if (loader->file[0] == '/')
		file = arena_text(loader->arena, parts[2]);
	else
		file = arena_join(loader->arena, parts, 3);
	if (file == NULL)
		loader_no_memory(loader);
	return file;
}

bool
loader_locate(struct loader *loader)
{
	struct settings *settings = loader->settings;

	settings->file = absolute(loader);
	if (settings->file == NULL)
		return false;
	struct slice folder = folder_of(settings->file);
	if (folder.len > 1)
		folder.len--;
	settings->folder = arena_text(loader->arena, folder);
	loader->prefix = arena_text(loader->arena, folder_of(loader->file));
	if (settings->folder != NULL && loader->prefix != NULL)
		return true;
	loader_no_memory(loader);
	return false;
}

const char *
loader_path(struct loader *loader, struct slice text)
{
	const char *folder = loader->settings->folder;
	bool absolute = text.len > 0 && text.ptr[0] == '/';
	struct slice parts[] = {slice_from(folder), SLICE("/"), text};
	/* The folder "/" already ends with a slash. */
	size_t first = folder[1] == '\0' ? 1 : 0;
	char *path;

	if (absolute)
		path = arena_text(loader->arena, text);
	else
		path = arena_join(loader->arena, parts + first, 3 - first);
	if (path == NULL)
		loader_no_memory(loader);
	return path;
}

char *const *
loader_program(struct loader *loader, char *const *words)
{
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	char **program = loader_array(loader, count + 1, sizeof(char *));
	const char *path = loader_path(loader, slice_from(words[0]));
	if (program == NULL || path == NULL)
		return NULL;
	for (size_t i = 1; i < count; i++)
		program[i] = words[i];
	/* execve takes char *, but does not write to it. */
	memcpy(program, &path, sizeof(path));
	return program;
}

bool
loader_source(struct loader *loader, const char *path,
	      const struct stat *status, struct slice bytes)
{
	struct settings *settings = loader->settings;

	/* A CGI program serves one request: changes are not checked. */
	if (loader->options->use == LOAD_CGI)
		return true;
	if (!loader_grow(loader, loader->arena, &loader->sources,
			 settings->source_count, &loader->source_room,
			 sizeof(*loader->sources)))
		return false;
	source_file_set(&loader->sources[settings->source_count++], path,
			status, bytes);
	settings->sources = loader->sources;
	return true;
}

void
loader_check_mode(struct loader *loader, const char *name,
		  const struct stat *status)
{
	if (!loader->options->warnings || !S_ISREG(status->st_mode) ||
	    (status->st_mode & S_IWOTH) == 0)
		return;
	diag_report(loader->diags, SEVERITY_WARNING, name, text_place_line(1),
		    "writable-by-others", NULL,
		    "every user of this machine can write to the file (mode "
		    "%04o); run chmod o-w",
		    (unsigned)(status->st_mode & 07777));
}

/* With or without a byte order mark: a policy or list of origins never has a
 * NUL as its first or second byte. */
bool
loader_is_utf16(struct loader *loader, const char *name, struct slice text)
{
	if (text.len < 2 || (!slice_starts(text, SLICE("\xff\xfe")) &&
			     !slice_starts(text, SLICE("\xfe\xff")) &&
			     (text.ptr[0] == '\0') == (text.ptr[1] == '\0')))
		return false;
	diag_report(loader->diags, SEVERITY_ERROR, name, text_place_line(1),
		    "syntax", NULL, "the file is in UTF-16; save it as UTF-8");
	return true;
}

/* ---- lists ---- */

bool
items_have(const struct items *items, struct slice text)
{
	for (size_t i = 0; i < items->count; i++)
		if (slice_eq(items->list[i].text, text))
			return true;
	return false;
}

bool
items_add(struct loader *loader, struct items *items, struct slice text,
	  unsigned line)
{
	if (!loader_grow(loader, loader->scratch, &items->list, items->count,
			 &items->room, sizeof(*items->list)))
		return false;
	items->list[items->count++] = (struct item){text, line};
	return true;
}

struct name_list
items_names(struct loader *loader, const struct items *items)
{
	struct slice *names =
	    loader_array(loader, items->count, sizeof(*names));

	if (names == NULL)
		return (struct name_list){.any = items->any};
	for (size_t i = 0; i < items->count; i++)
		names[i] = items->list[i].text;
	return (struct name_list){names, items->count, items->any};
}

bool
origins_any(const struct origins *origins)
{
	return origins->any_line != 0 || origins->null_line != 0 ||
	       origins->none_line != 0 || origins->count > 0 ||
	       origins->file_count > 0 || origins->regex_count > 0;
}
