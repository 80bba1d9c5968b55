/*
 * origins-file: a list of origins, one a line, perhaps a million of them.
 *
 * The file is kept in memory as it is and its patterns point into it, so that
 * a line costs one pattern and no allocation.  A line's number is counted only
 * when a message needs it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "policy/fix.h"

/* Ten million origins fit. */
static const size_t FILE_MAX = (size_t)256 << 20;

struct text_place
origins_file_place(struct origins_file *file, struct slice word)
{
	size_t offset = (size_t)(word.ptr - file->text.ptr);

	if (file->variable != NULL)
		return text_place_line(file->policy_line);
	if (offset < file->seen || file->seen_line == 0) {
		file->seen = 0;
		file->seen_line = 1;
	}
	while (file->seen < offset) {
		const char *from = file->text.ptr + file->seen;
		const char *end = memchr(from, '\n', offset - file->seen);
		if (end == NULL)
			break;
		file->seen = (size_t)(end - file->text.ptr) + 1;
		file->seen_line++;
	}
	return text_place_word(file->seen_line, file->text.ptr + file->seen,
			       word);
}

static size_t
count_lines(struct slice text)
{
	size_t count = 0;
	const char *end;

	while ((end = memchr(text.ptr, '\n', text.len)) != NULL) {
		text = slice_after(text, (size_t)(end - text.ptr) + 1);
		count++;
	}
	return count;
}

/* A line that is neither blank nor a comment. */
static void
read_origin(struct loader *loader, struct origins_file *file, struct slice line)
{
	struct origin_pattern *pattern = &file->patterns[file->count];
	enum origin_fault fault = origin_pattern_check(line, pattern);

	if (fault == ORIGIN_FAULT_NONE) {
		file->count++;
		return;
	}
	struct text_place place = origins_file_place(file, line);
	if (fault == ORIGIN_FAULT_NULL || slice_eq(line, SLICE("*")) ||
	    slice_eq(line, SLICE("none")))
		diag_report(loader->diags, SEVERITY_ERROR, file->name, place,
			    fault == ORIGIN_FAULT_NULL ? "null-prohibited"
			    : line.len == 1	       ? "wildcard"
						       : "scheme",
			    NULL,
			    "origin \"%s\": it is allowed only in \"origins\", "
			    "not in a file",
			    loader_quote(loader, line));
	else
		loader_bad_origin(loader, file->name, place, ORIGIN_IN_FILE,
				  line, fault);
}

/* The text after the last line feed is not used: another process may still be
 * writing it. */
static void
warn_left_out(struct loader *loader, struct origins_file *file,
	      struct slice line)
{
	line = text_trim(line);
	if (line.len == 0 || line.ptr[0] == '#' || !loader->options->warnings)
		return;
	diag_report(loader->diags, SEVERITY_WARNING, file->name,
		    origins_file_place(file, line), "no-newline", NULL,
		    "the last line has no line feed and is left out: \"%s\"",
		    loader_quote(loader, line));
}

static void
read_lines(struct loader *loader, struct origins_file *file)
{
	struct slice rest = file->text;
	const char *end;

	if (slice_starts(rest, SLICE("\xef\xbb\xbf")))
		rest = slice_after(rest, 3);
	while ((end = memchr(rest.ptr, '\n', rest.len)) != NULL) {
		size_t len = (size_t)(end - rest.ptr);
		struct slice line = slice_of(rest.ptr, len);

		rest = slice_after(rest, len + 1);
		line = text_trim(text_chop(line, '\r'));
		if (line.len > 0 && line.ptr[0] != '#')
			read_origin(loader, file, line);
	}
	warn_left_out(loader, file, rest);
}

/* The name in messages: relative to the same folder as the policy's own name
 * in messages. */
static const char *
message_name(struct loader *loader, struct slice path)
{
	size_t prefix = path.ptr[0] == '/' ? 0 : strlen(loader->prefix);
	struct slice parts[] = {slice_of(loader->prefix, prefix), path};
	char *name = arena_join(loader->arena, parts, 2);

	if (name == NULL)
		loader_no_memory(loader);
	return name;
}

/* Read the file into the settings' memory.  False: reported. */
static bool
read_text(struct loader *loader, struct origins_file *file, unsigned line)
{
	struct stat status;
	char *bytes = NULL;
	size_t len;

	if (loader->in_memory) {
		loader_error(
		    loader, line, "origins-file-unreadable", NULL,
		    "origins-file \"%s\" is not read here: no file is opened",
		    loader_quote(loader, slice_from(file->name)));
		return false;
	}
	if (read_file(file->path, FILE_MAX, &bytes, &len, &status) != 0) {
		loader_error(loader, line, "origins-file-unreadable", NULL,
			     "origins-file \"%s\" cannot be read: %s",
			     loader_quote(loader, slice_from(file->name)),
			     read_file_cause(errno));
		return false;
	}
	file->text = arena_slice(loader->arena, slice_of(bytes, len));
	free(bytes);
	if (!slice_present(file->text) ||
	    !loader_source(loader, file->path, &status, file->text)) {
		loader_no_memory(loader);
		return false;
	}
	loader_check_mode(loader, file->name, &status);
	if (loader_is_utf16(loader, file->name, file->text)) {
		file->text.ptr = NULL;
		return false;
	}
	return true;
}

static struct origins_file *
file_add(struct loader *loader, const char *path)
{
	struct origins_file *file = loader_scratch(loader, 1, sizeof(*file));

	if (file == NULL ||
	    !loader_grow(loader, loader->scratch, &loader->files,
			 loader->file_count, &loader->file_room, sizeof(file)))
		return NULL;
	loader->files[loader->file_count++] = file;
	file->path = path;
	return file;
}

struct origins_file *
origins_file_load(struct loader *loader, struct slice name, unsigned line)
{
	const char *path = loader_path(loader, name);
	struct origins_file *file;

	if (path == NULL)
		return NULL;
	for (size_t i = 0; i < loader->file_count; i++)
		if (strcmp(loader->files[i]->path, path) == 0)
			return loader->files[i]->text.ptr == NULL
				   ? NULL
				   : loader->files[i];
	file = file_add(loader, path);
	if (file == NULL)
		return NULL;
	file->name = message_name(loader, name);
	if (file->name == NULL || !read_text(loader, file, line))
		return NULL;
	file->patterns = loader_array(loader, count_lines(file->text),
				      sizeof(*file->patterns));
	if (file->patterns == NULL)
		return NULL;
	read_lines(loader, file);
	return file;
}
