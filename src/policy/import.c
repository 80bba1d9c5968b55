/*
 * Reads the files of an import in their order, each with the reader for its
 * server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/import.h"

#include <stdlib.h>

#include "base/memory_stream.h"
#include "base/text.h"
#include "policy/import_parts.h"

/* ---- which server ---- */

static bool
starts_with_one_of(struct slice line, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_starts_nocase(line, slice_from(words[i])))
			return true;
	return false;
}

/* "Header set", but not the "header Name value" of Caddy. */
static bool
is_apache_line(struct slice line)
{
	static const char *const words[] = {
	    "header set",   "header always", "header add",   "header append",
	    "header merge", "header unset",  "header onsu",  "header edit",
	    "header echo",  "header setif",  "rewrite",	     "setenvif",
	    "setenv ",	    "<if",	     "<files",	     "<location",
	    "<limit",	    "<directory",    "<virtualhost", "<requireany>",
	};

	return starts_with_one_of(line, words,
				  sizeof(words) / sizeof(words[0]));
}

static bool
is_nginx_line(struct slice line)
{
	static const char *const words[] = {"add_header",  "more_set_headers",
					    "map $",	   "map \"$",
					    "proxy_pass",  "fastcgi_",
					    "proxy_hide_", "server_name",
					    "if ($",	   "set $"};

	return starts_with_one_of(line, words,
				  sizeof(words) / sizeof(words[0]));
}

static enum import_from
guess_server(struct slice text)
{
	bool cors = text_has_nocase(text, SLICE("access-control-")) ||
		    text_has_nocase(text, SLICE("access_control_"));
	size_t nginx = 0, apache = 0, statements = 0;

	while (text.len > 0) {
		struct slice line = text_trim(text_line_next(&text));
		apache += is_apache_line(line);
		nginx += is_nginx_line(line);
		statements += line.len > 0 &&
			      strchr(";{", line.ptr[line.len - 1]) != NULL;
	}
	if (nginx > apache || (apache == 0 && !cors && statements > 0))
		return IMPORT_NGINX;
	return apache > 0 || !cors ? IMPORT_APACHE : IMPORT_OTHER;
}

/* ---- the lines that can be deleted ---- */

/* Words become C strings: a NUL becomes another control byte, which is invalid
 * in a policy, too.  Absent: memory is out. */
static struct slice
without_nul(struct import *import, struct slice text)
{
	if (text.len == 0)
		return SLICE("");
	if (text_find(text, '\0') == text.len)
		return text;
	char *copy = arena_alloc(import->arena, text.len);
	for (size_t i = 0; i < text.len && copy != NULL; i++)
		copy[i] = text.ptr[i] == '\0' ? '\x01' : text.ptr[i];
	return slice_of(copy, text.len);
}

static bool
prepare(struct import *import, const struct import_file *file,
	enum import_from from, struct import_source *source)
{
	*source = (struct import_source){
	    .name = file->name,
	    .text = without_nul(import, file->text),
	    .lines = 1,
	    .from = from == IMPORT_GUESS ? guess_server(file->text) : from};
	if (!slice_present(source->text))
		return false;
	for (size_t i = 0; i < file->text.len; i++)
		source->lines += file->text.ptr[i] == '\n';
	source->replaced =
	    arena_alloc(import->arena, (source->lines + 1) * sizeof(bool));
	return source->replaced != NULL;
}

/* "3-7, 12" */
static void
write_ranges(FILE *out, const struct import_source *source)
{
	const char *comma = "";

	for (unsigned line = 1; line <= source->lines; line++) {
		unsigned last = line;
		if (!source->replaced[line])
			continue;
		while (last < source->lines && source->replaced[last + 1])
			last++;
		fprintf(out, "%s%u", comma, line);
		if (last > line)
			fprintf(out, "-%u", last);
		comma = ", ";
		line = last;
	}
}

static void
say_replaced(struct import *import, const struct import_source *source)
{
	char *ranges = NULL;
	size_t len = 0;
	FILE *out = memory_stream(&ranges, &len);

	if (out != NULL)
		write_ranges(out, source);
	if (out == NULL || fclose(out) != 0)
		import->no_memory = true;
	else if (len > 0)
		import_say(import, SEVERITY_NOTE,
			   (struct import_place){source->name, 0}, "delete",
			   "delete line%s %s there: the policy replaces them, "
			   "and browsers refuse a header that is sent twice",
			   strpbrk(ranges, "-,") == NULL ? "" : "s", ranges);
	free(ranges);
}

/* Does a line of the text include a file of that name? */
static bool
includes(struct slice text, const char *name)
{
	struct slice own = import_base_name(slice_from(name));

	while (text.len > 0) {
		struct slice line = text_trim(text_line_next(&text));
		if (text_starts_nocase(line, SLICE("include")) && own.len > 0 &&
		    memmem(line.ptr, line.len, own.ptr, own.len))
			return true;
	}
	return false;
}

/* An included file is read at the place of its include. */
static void
find_included(struct import *import)
{
	for (size_t i = 0; i < import->source_count; i++)
		for (size_t k = 0; k < import->source_count; k++)
			if (i != k && !import->sources[k].included &&
			    includes(import->sources[k].text,
				     import->sources[i].name))
				import->sources[i].included = true;
}

static void
read_source(struct import *import, struct import_source *source)
{
	if (source->from == IMPORT_NGINX)
		import_nginx(import, source);
	else if (source->from == IMPORT_APACHE)
		import_apache(import, source);
	else
		import_other(import, source);
}

bool
import_policy(struct arena *arena, enum import_from from,
	      const struct import_file *files, size_t count,
	      struct diag_list *notes, struct slice *policy)
{
	struct import import = {
	    .arena = arena,
	    .notes = notes,
	    .sources = arena_array(arena, count, sizeof(*import.sources))};

	*policy = SLICE_NONE;
	if (import.sources == NULL)
		return false;
	for (; import.source_count < count; import.source_count++)
		if (!prepare(&import, &files[import.source_count], from,
			     &import.sources[import.source_count]))
			return false;
	find_included(&import);
	for (size_t i = 0; i < count; i++) {
		diag_file(notes, files[i].name);
		if (!import.sources[i].included)
			read_source(&import, &import.sources[i]);
	}
	for (size_t i = 0; i < count; i++)
		say_replaced(&import, &import.sources[i]);
	import_write(&import, files, count, policy);
	diag_sort(notes);
	return !import.no_memory && !arena_failed(arena) &&
	       !diag_out_of_memory(notes);
}
