/*
 * From the text of a policy to its settings: the lines through inih into
 * sections, then the passes of the loader.  The one file that includes <ini.h>.
 * Without inih (the one-file page) the lines of the reader are used directly.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <errno.h>
#ifndef WITHOUT_INIH
#include <ini.h>
#endif
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "policy/reader.h"

enum { POLICY_MAX = 64 << 20 }; /* bytes */

/* What inih's two callbacks, its reader and its handler, share. */
struct parse {
	struct loader *loader;
	struct reader reader;
	struct section *section; /* being read; NULL: before the first */
	size_t given;		 /* bytes of the line that inih was given */
};

static struct section *
section_add(struct loader *loader, const struct reader *reader)
{
	if (!loader_grow(loader, loader->scratch, &loader->sections,
			 loader->count, &loader->room,
			 sizeof(*loader->sections)))
		return NULL;
	struct section *section = &loader->sections[loader->count++];
	*section =
	    (struct section){.kind = SECTION_LOST,
			     .line = reader->line,
			     .header = text_place_word(
				 reader->line, reader->start, reader->said)};
	return section;
}

static bool
is_name_byte(char c)
{
	return ascii_is_digit(c) || ascii_is_alpha(c) || c == '_' || c == '.' ||
	       c == '-';
}

static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_name_byte(name.ptr[i]))
			return false;
	return name.len > 0;
}

/* "[cors NAME]" for a text that was meant as NAME: its valid bytes, with '-'
 * in place of the others.  False: there are none. */
static bool
name_fix(struct slice text, char *buf, size_t cap)
{
	static const struct slice head = {"[cors ", 6};
	size_t len = head.len;

	memcpy(buf, head.ptr, head.len);
	for (size_t i = 0; i < text.len && len + 3 < cap; i++) {
		if (is_name_byte(text.ptr[i]))
			buf[len++] = text.ptr[i];
		else if (len > head.len && buf[len - 1] != '-')
			buf[len++] = '-';
	}
	while (len > head.len && buf[len - 1] == '-')
		len--;
	memcpy(buf + len, "]", 2);
	return len > head.len;
}

static void
set_name(struct loader *loader, struct section *section, struct slice name)
{
	section->named = true;
	section->name = arena_slice(loader->arena, name);
	if (!slice_present(section->name))
		loader_no_memory(loader);
}

/* [cors NAME]: rest is what follows "cors" and a blank. */
static void
named_section(struct loader *loader, struct section *section, struct slice rest)
{
	char fix[READER_SECTION_MAX + 16];

	while (rest.len > 0 && ascii_is_blank(rest.ptr[0]))
		rest = slice_after(rest, 1);
	section->kind = SECTION_CORS;
	set_name(loader, section, rest);
	if (is_name(rest))
		return;
	section->guessed = true;
	diag_report(loader->diags, SEVERITY_ERROR, loader->file,
		    section->header, "syntax",
		    name_fix(rest, fix, sizeof(fix)) ? fix : NULL,
		    "bad name \"%s\" in [cors NAME]; letters, digits, \"_\", "
		    "\".\" and \"-\" are allowed",
		    loader_quote(loader, rest));
}

/* The following keys are in an unknown section. */
static void
mark_lost(struct loader *loader, struct section *section)
{
	section->kind = SECTION_LOST;
	section->ignored = true;
	loader->incomplete = true;
}

/* Its keys are read as those of the section that was probably meant, so that
 * their own errors are reported too. */
static void
unknown_section(struct loader *loader, struct section *section,
		struct slice text)
{
	char fix[READER_SECTION_MAX + 16];
	struct slice head = slice_of(text.ptr, text_find_any(text, " \t:./\""));
	struct slice tail = slice_after(text, head.len);
	const char *shown = NULL;

	section->guessed = true;
	/* in "cors:x" the x is a name, not a misspelling */
	section->kind =
	    slice_eq_nocase(head, SLICE("cors")) && tail.len > 1 &&
		    (ascii_is_alpha(tail.ptr[1]) || ascii_is_digit(tail.ptr[1]))
		? SECTION_LOST
		: section_nearest(text);
	if (section->kind != SECTION_LOST) {
		snprintf(fix, sizeof(fix), "[%s]", section_word(section->kind));
		shown = fix;
	} else if (section_nearest(head) == SECTION_CORS && head.len > 0 &&
		   name_fix(tail, fix, sizeof(fix))) {
		section->kind = SECTION_CORS;
		/* what is between "[cors " and "]" */
		set_name(loader, section, slice_of(fix + 6, strlen(fix) - 7));
		shown = fix;
	} else {
		mark_lost(loader, section);
	}
	diag_report(loader->diags, SEVERITY_ERROR, loader->file,
		    section->header, "unknown-section", shown,
		    "unknown section [%s]", loader_quote(loader, text));
}

static void
open_section(struct parse *parse, struct slice text)
{
	struct loader *loader = parse->loader;
	struct section *section = section_add(loader, &parse->reader);

	parse->section = section;
	if (section == NULL)
		return;
	section->kind = section_find(text);
	if (section->kind != SECTION_LOST)
		return;
	if (text.len > 4 && slice_starts(text, SLICE("cors")) &&
	    ascii_is_blank(text.ptr[4]))
		named_section(loader, section, slice_after(text, 5));
	else
		unknown_section(loader, section, text);
}

/* After a header that has been reported, or a key before any header. */
static void
add_lost_section(struct parse *parse, enum section_kind kind)
{
	parse->section = section_add(parse->loader, &parse->reader);
	if (parse->section == NULL)
		return;
	parse->section->kind = kind;
	parse->section->guessed = true;
	if (kind == SECTION_LOST)
		mark_lost(parse->loader, parse->section);
}

static void
mark_incomplete(struct parse *parse)
{
	if (parse->section == NULL)
		parse->loader->incomplete = true;
	else
		parse->section->incomplete = true;
}

/* inih would understand the line in another way. */
static void
report_ambiguous(struct parse *parse)
{
	loader_error(parse->loader, parse->reader.line, "syntax", NULL,
		     "the line can be read in two ways");
}

/* Write the line as inih expects it.  Without stdio, because a CGI program does
 * this for each request.  False: this inih has a smaller INI_MAX_LINE. */
static bool
put_line(char *buf, int cap, struct slice text, bool section)
{
	size_t more = section ? sizeof("[]\n") : sizeof("\n");

	if (cap < 4 || text.len > (size_t)cap - more)
		return false;
	if (section)
		*buf++ = '[';
	if (text.len > 0)
		memcpy(buf, text.ptr, text.len);
	buf += text.len;
	if (section)
		*buf++ = ']';
	*buf++ = '\n';
	*buf = '\0';
	return true;
}

static void take_key(struct parse *, struct slice key, struct slice value);

/* "; corscheck: ignore ID" after the text of the line. */
static void
read_silence(struct parse *parse)
{
	const struct slice words = SLICE("corscheck: ignore ");
	struct slice comment = text_trim(parse->reader.comment);

	if (slice_starts(comment, words))
		diag_ignore(parse->loader->diags, parse->loader->file,
			    parse->reader.line,
			    slice_after(comment, words.len));
}

/* inih's reader: the next line, in a form that inih cannot misread. */
static char *
next_line(char *buf, int cap, void *context)
{
	struct parse *parse = context;
	struct slice text;

	for (;;) {
		enum line_kind kind = reader_next(&parse->reader, &text);
		bool section = kind == LINE_SECTION;

		if (kind == LINE_END)
			return NULL;
		read_silence(parse);
		if (section)
			open_section(parse, text);
		else if (kind == LINE_BAD_SECTION)
			add_lost_section(parse, SECTION_LOST);
		else if (kind == LINE_BAD)
			mark_incomplete(parse);
		else if (kind == LINE_LONG_KEY)
			take_key(parse, parse->reader.key, parse->reader.value);
		if (kind != LINE_KEY && !section)
			continue;
		if (!put_line(buf, cap, text, section)) {
			report_ambiguous(parse);
			continue;
		}
		parse->given = text.len;
		return buf;
	}
}

static void
entry_add(struct loader *loader, struct section *section, struct slice key,
	  struct slice value, const struct reader *reader)
{
	if (!loader_grow(loader, loader->scratch, &section->entries,
			 section->count, &section->room,
			 sizeof(*section->entries)))
		return;
	struct entry *entry = &section->entries[section->count];
	entry->key = arena_slice(loader->arena, key);
	entry->value = arena_slice(loader->arena, value);
	entry->line = reader->line;
	entry->key_column = (unsigned)(reader->key.ptr - reader->start) + 1;
	entry->value_column = (unsigned)(reader->value.ptr - reader->start) + 1;
	if (slice_present(entry->key) && slice_present(entry->value))
		section->count++;
	else
		loader_no_memory(loader);
}

/* A key before any section: one error for all of them, since one header is
 * missing. */
static void
key_without_section(struct parse *parse, struct slice key)
{
	struct loader *loader = parse->loader;
	enum section_kind home = section_with_key(key);
	char fix[16];

	snprintf(fix, sizeof(fix), "[%s]",
		 home == SECTION_LOST ? "" : section_word(home));
	diag_report(loader->diags, SEVERITY_ERROR, loader->file,
		    (struct text_place){parse->reader.line,
					(unsigned)parse->reader.mark + 1, 0},
		    "syntax", home == SECTION_LOST ? NULL : fix,
		    "the key \"%s\" is before any section",
		    loader_quote(loader, key));
	add_lost_section(parse, home);
}

/* "origins = https://a ; https://b": what follows is a comment. */
static void
warn_separator(struct parse *parse, struct slice key)
{
	struct slice rest = parse->reader.comment, word;
	size_t count = 0;

	if (!slice_present(rest) || !slice_eq(key, SLICE("origins")) ||
	    !parse->loader->options->warnings)
		return;
	while (text_word_next(&rest, &word)) {
		struct origin_pattern pattern;

		word = text_chop(word, ';');
		if (word.len > 0 &&
		    origin_pattern_parse(word, &pattern) != ORIGIN_FAULT_NONE)
			return;
		count += word.len > 0;
	}
	if (count > 0)
		diag_report(
		    parse->loader->diags, SEVERITY_WARNING, parse->loader->file,
		    text_place_word(parse->reader.line, parse->reader.start,
				    parse->reader.comment),
		    "separator", NULL,
		    "\";\" begins a comment, and the origins behind it "
		    "are not read: separate origins by blanks");
}

/* Take a key and its value, from inih or from a line that is too long for
 * inih. */
static void
take_key(struct parse *parse, struct slice key, struct slice value)
{
	if (parse->section == NULL)
		key_without_section(parse, key);
	warn_separator(parse, key);
	if (parse->section != NULL)
		entry_add(parse->loader, parse->section, key, value,
			  &parse->reader);
}

#ifdef WITHOUT_INIH
/* next_line opens sections itself. */
static int
read_lines(struct parse *parse)
{
	char line[READER_BUFFER];

	while (next_line(line, sizeof(line), parse) != NULL)
		if (line[0] != '[')
			take_key(parse, parse->reader.key, parse->reader.value);
	return 0;
}
#else
/* inih's handler. */
static int
add_key(void *context, const char *section, const char *name, const char *value)
{
	struct parse *parse = context;
	struct slice key = slice_from(name);
	struct slice text = slice_from(value);

	(void)section; /* of the last key; the reader has the last header */
	if (key.len + 1 + text.len != parse->given) {
		report_ambiguous(parse);
		return 1;
	}
	take_key(parse, key, text);
	return 1;
}

static int
read_lines(struct parse *parse)
{
	return ini_parse_stream(next_line, parse, add_key, parse);
}
#endif

static int
section_compare(const void *left, const void *right)
{
	const struct section *a = *(const struct section *const *)left;
	const struct section *b = *(const struct section *const *)right;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->named != b->named)
		return a->named ? 1 : -1;
	order = slice_compare(a->name, b->name);
	if (order != 0)
		return order;
	if (a->guessed != b->guessed)
		return a->guessed ? 1 : -1;
	return a->line < b->line ? -1 : 1;
}

/* The header of a guessed section has been reported already. */
static void
duplicate_section(struct loader *loader, struct section *section,
		  const struct section *first)
{
	section->ignored = true;
	if (section->guessed)
		return;
	if (section->named)
		diag_report(loader->diags, SEVERITY_ERROR, loader->file,
			    section->header, "duplicate-section", NULL,
			    "[cors %s] is there twice, first in line %u",
			    loader_quote(loader, section->name), first->line);
	else
		diag_report(loader->diags, SEVERITY_ERROR, loader->file,
			    section->header, "duplicate-section", NULL,
			    "[%s] is there twice, first in line %u",
			    section_word(section->kind), first->line);
}

/* Sorted, equal headers are neighbours. */
static void
find_duplicate_sections(struct loader *loader)
{
	struct section **sorted =
	    loader_scratch(loader, loader->count, sizeof(struct section *));
	const struct section *first = NULL;
	size_t count = 0;

	if (sorted == NULL)
		return;
	for (size_t i = 0; i < loader->count; i++)
		if (!loader->sections[i].ignored)
			sorted[count++] = &loader->sections[i];
	qsort(sorted, count, sizeof(struct section *), section_compare);
	for (size_t i = 0; i < count; i++) {
		if (first != NULL && first->kind == sorted[i]->kind &&
		    first->named == sorted[i]->named &&
		    slice_eq(first->name, sorted[i]->name))
			duplicate_section(loader, sorted[i], first);
		else
			first = sorted[i];
	}
}

/* A program, an archive, a picture: one error for the file instead of one for
 * each line.  A single control byte in a text is an error in its line.
 */
static bool
is_binary(struct loader *loader, struct slice text)
{
	enum { LOOKED_AT = 65536, ONE_IN = 20, FEW = 8 };
	size_t len = text.len < LOOKED_AT ? text.len : LOOKED_AT, count = 0;

	for (size_t i = 0; i < len; i++)
		count += (unsigned char)text.ptr[i] < ' ' &&
			 strchr("\t\r\n", text.ptr[i]) == NULL;
	for (size_t i = 0; i < len; i++)
		count += text.ptr[i] == '\0';
	if (count <= FEW || count < len / ONE_IN)
		return false;
	diag_report(loader->diags, SEVERITY_ERROR, loader->file,
		    text_place_line(0), "syntax", NULL,
		    "the file is not text: a policy is an INI file");
	return true;
}

static void
parse_lines(struct loader *loader, struct slice text)
{
	struct parse parse = {.loader = loader};

	if (loader_is_utf16(loader, loader->file, text) ||
	    is_binary(loader, text)) {
		loader->incomplete = true;
		return;
	}
	reader_init(&parse.reader, text, loader->file, loader->diags);
	if (read_lines(&parse) != 0)
		report_ambiguous(&parse);
	find_duplicate_sections(loader);
}

static struct policy_set *
build_policies(struct loader *loader)
{
	const struct settings *settings = loader->settings;
	struct policy_spec *specs =
	    loader_scratch(loader, settings->spec_count, sizeof(*specs));
	size_t count = 0;

	if (specs == NULL)
		return NULL;
	for (size_t i = 0; i < settings->spec_count; i++)
		if (settings->spec_sources[i].has_origins)
			specs[count++] = settings->specs[i];
	return policy_set_build(loader->arena, specs, count);
}

/* COMMAND of the command line replaces `exec` and `forward`. */
static void
set_command(struct loader *loader)
{
	struct app *app = &loader->settings->app;
	char *const *command = loader->options->command;
	size_t count = 0;

	if (command == NULL)
		return;
	while (command[count] != NULL)
		count++;
	char **words = loader_array(loader, count + 1, sizeof(*words));
	if (words == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		words[i] = arena_text(loader->arena, slice_from(command[i]));
		if (words[i] == NULL)
			loader_no_memory(loader);
	}
	app->exec = words;
	app->forward = NULL;
	app->forward_count = 0;
}

/* All passes.  True: no error. */
static bool
load_text(struct loader *loader, struct slice text)
{
	size_t before = diag_count(loader->diags, SEVERITY_ERROR);

	parse_lines(loader, text);
	sections_read(loader);
	check_cors(loader);
	check_app(loader);
	lint(loader);
	set_command(loader);
	if (diag_count(loader->diags, SEVERITY_ERROR) > before ||
	    !sections_finish(loader))
		return false;
	loader->settings->policies = build_policies(loader);
	if (loader->settings->policies == NULL)
		loader_no_memory(loader);
	/* A list that memory was missing for would leave out origins, or the
	 * paths that a section is limited to. */
	return diag_count(loader->diags, SEVERITY_ERROR) == before;
}

/* Settings with every default, in an arena of their own. */
static struct settings *
settings_new(void)
{
	struct arena *arena = arena_new();
	struct settings *settings;

	if (arena == NULL)
		return NULL;
	settings = arena_alloc(arena, sizeof(*settings));
	if (settings == NULL) {
		arena_free(arena);
		return NULL;
	}
	settings->arena = arena;
	settings->app = settings_app_default;
	settings->server = settings_server_default;
	settings->warm = settings_warm_default;
	return settings;
}

/* Was there no memory for a part of it?  It may have been a restriction. */
static bool
ran_out(const struct loader *loader)
{
	return arena_failed(loader->arena) || arena_failed(loader->scratch) ||
	       diag_out_of_memory(loader->diags);
}

static struct settings *
load(struct loader *loader, struct slice text, const struct stat *status)
{
	struct settings *settings = settings_new();
	bool good = false;

	loader->settings = settings;
	loader->scratch = arena_new();
	diag_file(loader->diags, loader->file);
	if (settings == NULL || loader->scratch == NULL) {
		loader_no_memory(loader);
	} else {
		loader->arena = settings->arena;
		good = loader_locate(loader) &&
		       (status == NULL ||
			loader_source(loader, settings->file, status, text));
	}
	if (good) {
		if (status != NULL)
			loader_check_mode(loader, loader->file, status);
		good = load_text(loader, text) && !ran_out(loader);
	}
	if (!good && settings != NULL && loader->scratch != NULL &&
	    ran_out(loader))
		loader_no_memory(loader);
	diag_sort(loader->diags);
	arena_free(loader->scratch);
	if (good)
		return settings;
	if (settings != NULL)
		settings_release(settings);
	return NULL;
}

/* Why a policy cannot be read, and the next step. */
static const char *
unreadable(int error)
{
	switch (error) {
	case EACCES:
		return "Permission denied; make it readable by this user, and "
		       "its folder accessible";
	case EISDIR:
		return "Is a directory; name the file in it";
	case ENOENT:
		return "No such file or directory; `corscheck init FILE` "
		       "writes "
		       "a first one";
	default:
		return read_file_cause(error);
	}
}

struct settings *
settings_load(const char *file, const struct load_options *options,
	      struct diag_list *diags)
{
	struct loader loader = {
	    .diags = diags, .options = options, .file = file};
	struct stat status;
	char *bytes;
	size_t len;

	if (read_file(file, POLICY_MAX, &bytes, &len, &status) != 0) {
		if (errno == ENOMEM) {
			diag_no_memory(diags, file);
			return NULL;
		}
		diag_report(diags, SEVERITY_ERROR, file, text_place_line(0),
			    "no-policy", NULL, "the policy cannot be read: %s",
			    unreadable(errno));
		return NULL;
	}
	struct settings *settings =
	    load(&loader, slice_of(bytes, len), &status);
	free(bytes);
	return settings;
}

struct settings *
settings_load_text(const char *name, struct slice text,
		   const struct load_options *options, struct diag_list *diags)
{
	struct loader loader = {
	    .diags = diags, .options = options, .file = name};

	return load(&loader, text, NULL);
}

struct settings *
settings_parse(const char *name, struct slice text,
	       const struct load_options *options, struct diag_list *diags)
{
	struct loader loader = {
	    .diags = diags,
	    .options = options,
	    .file = name,
	    .in_memory = true,
	};

	return load(&loader, text, NULL);
}

struct settings *
settings_load_or_print(const char *file, const struct load_options *options)
{
	struct diag_list *diags = diag_list_new();
	struct settings *settings = NULL;

	if (diags == NULL) {
		fprintf(stderr, "%s: error: no memory [no-policy]\n", file);
		return NULL;
	}
	settings = settings_load(file, options, diags);
	diag_print(diags, stderr);
	diag_list_free(diags);
	return settings;
}
