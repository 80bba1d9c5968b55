/*
 * The list of diagnostics of a load.
 *
 * They are collected and printed at the end, because an author needs all
 * errors at once and in the order of lines, but the loader finds them in the
 * order of its passes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/diagnostic.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"

struct item {
	struct diag diag;
	size_t file;  /* order of the file's first report; 0: no file */
	size_t order; /* of report */
};

/* A comment that silences warnings. */
struct silence {
	size_t file;
	unsigned line;
	struct slice ids;
};

struct diag_list {
	struct arena *arena;
	struct item *items;
	size_t count;
	size_t room;
	const char **files;
	size_t file_count;
	size_t file_room;
	struct silence *silences;
	size_t silence_count;
	size_t silence_room;
	size_t totals[SEVERITY_ERROR + 1];
	size_t lost;	/* reports for which there was no memory */
	bool no_memory; /* for something else */
};

struct diag_list *
diag_list_new(void)
{
	struct diag_list *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return NULL;
	list->arena = arena_new();
	if (list->arena == NULL) {
		free(list);
		return NULL;
	}
	return list;
}

void
diag_list_free(struct diag_list *list)
{
	if (list == NULL)
		return;
	arena_free(list->arena);
	free(list->items);
	free(list->files);
	free(list->silences);
	free(list);
}

/* The place of the file among the files, from 1; 0: none, or no memory. */
static size_t
file_index(struct diag_list *list, const char *file)
{
	if (file == NULL)
		return 0;
	for (size_t i = list->file_count; i > 0; i--)
		if (strcmp(list->files[i - 1], file) == 0)
			return i;

	if (!array_grow(&list->files, list->file_count, &list->file_room,
			sizeof(*list->files))) {
		list->no_memory = true;
		return 0;
	}
	list->files[list->file_count] =
	    arena_text(list->arena, slice_from(file));
	if (list->files[list->file_count] == NULL)
		return 0;
	return ++list->file_count;
}

void
diag_file(struct diag_list *list, const char *file)
{
	(void)file_index(list, file);
}

struct text_place
text_place_line(unsigned line)
{
	return (struct text_place){.line = line};
}

struct text_place
text_place_word(unsigned line, const char *start, struct slice word)
{
	return (struct text_place){line, (unsigned)(word.ptr - start) + 1,
				   (unsigned)word.len};
}

/* A formatted copy in the list's memory, or NULL. */
__attribute__((format(printf, 2, 0))) static char *
format_copy(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);

	if (text != NULL)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

/* People copy a fix from the terminal, which must show it as it is. */
static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (!ascii_is_printable(*text))
			return false;
	return true;
}

void
diag_report(struct diag_list *list, enum severity severity, const char *file,
	    struct text_place place, const char *id, const char *fix,
	    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport(list, severity, file, place, id, fix, format, args);
	va_end(args);
}

void
diag_vreport(struct diag_list *list, enum severity severity, const char *file,
	     struct text_place place, const char *id, const char *fix,
	     const char *format, va_list args)
{
	char *message = format_copy(list->arena, format, args);
	size_t index = file_index(list, file);
	if (message == NULL || (file != NULL && index == 0) ||
	    !array_grow(&list->items, list->count, &list->room,
			sizeof(*list->items))) {
		list->lost++;
		return;
	}
	if (fix != NULL && is_printable(fix))
		fix = arena_text(list->arena, slice_from(fix));
	else
		fix = NULL;
	list->items[list->count] = (struct item){
	    .diag = {file == NULL ? NULL : list->files[index - 1], place.line,
		     place.column, place.length, severity, id, message, fix},
	    .file = index,
	    .order = list->count,
	};
	list->count++;
	list->totals[severity]++;
}

void
diag_no_memory(struct diag_list *list, const char *file)
{
	list->no_memory = true;
	diag_report(list, SEVERITY_ERROR, file, text_place_line(0), "no-policy",
		    NULL, "no memory");
}

bool
diag_out_of_memory(const struct diag_list *list)
{
	return list->no_memory || list->lost > 0 || arena_failed(list->arena);
}

const char *
diag_quote(struct diag_list *list, struct slice text, size_t max)
{
	bool cut = text.len > max;
	size_t room = TEXT_QUOTED_ROOM(cut ? max : text.len);
	char *out = arena_alloc(list->arena, room + sizeof("..."));

	if (out == NULL)
		return "";
	if (cut)
		text.len = max;
	size_t len = text_quote(text, "", out, room);
	if (cut)
		memcpy(out + len, "...", sizeof("..."));
	return out;
}

size_t
diag_count(const struct diag_list *list, enum severity severity)
{
	return list->totals[severity] +
	       (severity == SEVERITY_ERROR ? list->lost : 0);
}

static int
item_compare(const void *left, const void *right)
{
	const struct item *a = left;
	const struct item *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->diag.line != b->diag.line)
		return a->diag.line < b->diag.line ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* Is there the same report of the same line among the items? */
static bool
is_repeated(const struct item *items, size_t count, const struct item *item)
{
	for (size_t i = count; i > 0; i--) {
		const struct item *other = &items[i - 1];
		if (other->file != item->file ||
		    other->diag.line != item->diag.line)
			return false;
		if (other->diag.severity == item->diag.severity &&
		    strcmp(other->diag.id, item->diag.id) == 0 &&
		    strcmp(other->diag.message, item->diag.message) == 0)
			return true;
	}
	return false;
}

void
diag_ignore(struct diag_list *list, const char *file, unsigned line,
	    struct slice ids)
{
	size_t index = file_index(list, file);

	/* If memory is out, the warning is shown. */
	ids = arena_slice(list->arena, ids);
	if (index == 0 || !slice_present(ids) ||
	    !array_grow(&list->silences, list->silence_count,
			&list->silence_room, sizeof(*list->silences))) {
		list->no_memory = true;
		return;
	}
	list->silences[list->silence_count++] =
	    (struct silence){index, line, ids};
}

static bool
is_silenced(const struct diag_list *list, const struct item *item)
{
	if (item->diag.severity == SEVERITY_ERROR || item->diag.line == 0)
		return false;
	for (size_t i = 0; i < list->silence_count; i++) {
		struct slice rest = list->silences[i].ids, id;
		if (list->silences[i].file != item->file ||
		    list->silences[i].line != item->diag.line)
			continue;
		while (text_word_next(&rest, &id))
			if (slice_eq(id, slice_from(item->diag.id)))
				return true;
	}
	return false;
}

void
diag_sort(struct diag_list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), item_compare);
	for (size_t i = 0; i < list->count; i++) {
		const struct item *item = &list->items[i];
		if (is_silenced(list, item) ||
		    is_repeated(list->items, kept, item))
			list->totals[item->diag.severity]--;
		else
			list->items[kept++] = *item;
	}
	list->count = kept;
}

size_t
diag_total(const struct diag_list *list)
{
	return list->count;
}

const struct diag *
diag_at(const struct diag_list *list, size_t index)
{
	return &list->items[index].diag;
}

/* Count the items of one file, from `first` on, by severity.  Returns the index
 * after the last one. */
static size_t
count_file(const struct diag_list *list, size_t first,
	   size_t counts[SEVERITY_ERROR + 1])
{
	size_t end = first;

	memset(counts, 0, (SEVERITY_ERROR + 1) * sizeof(counts[0]));
	while (end < list->count &&
	       list->items[end].file == list->items[first].file)
		counts[list->items[end++].diag.severity]++;
	return end;
}

/* How many of each severity are shown, and in counts how many are not. */
static void
share_out(size_t counts[SEVERITY_ERROR + 1], size_t shown[SEVERITY_ERROR + 1])
{
	size_t left = DIAG_SHOWN;

	for (int i = SEVERITY_ERROR; i >= SEVERITY_NOTE; i--) {
		shown[i] = counts[i] < left ? counts[i] : left;
		left -= shown[i];
		counts[i] -= shown[i];
	}
}

/* The item that says how many are left out. */
static struct item
too_many(struct diag_list *list, const struct item *last,
	 const size_t counts[SEVERITY_ERROR + 1])
{
	size_t errors = counts[SEVERITY_ERROR];
	char text[128];

	snprintf(text, sizeof(text),
		 "%zu more: %zu errors, %zu warnings, %zu notes; these %d come "
		 "first",
		 errors + counts[SEVERITY_WARNING] + counts[SEVERITY_NOTE],
		 errors, counts[SEVERITY_WARNING], counts[SEVERITY_NOTE],
		 DIAG_SHOWN);
	const char *message = arena_text(list->arena, slice_from(text));
	return (struct item){
	    .diag = {.file = last->diag.file,
		     .severity = errors > 0 ? SEVERITY_ERROR
				 : counts[SEVERITY_WARNING] > 0
				     ? SEVERITY_WARNING
				     : SEVERITY_NOTE,
		     .id = "too-many",
		     .message = message == NULL ? "" : message},
	    .file = last->file,
	    .order = last->order};
}

void
diag_cap(struct diag_list *list)
{
	size_t kept = 0, end;

	for (size_t first = 0; first < list->count; first = end) {
		size_t counts[SEVERITY_ERROR + 1], shown[SEVERITY_ERROR + 1];
		end = count_file(list, first, counts);
		if (end - first <= DIAG_SHOWN + 1) {
			while (first < end)
				list->items[kept++] = list->items[first++];
			continue;
		}
		share_out(counts, shown);
		struct item more =
		    too_many(list, &list->items[end - 1], counts);
		for (size_t i = first; i < end; i++)
			if (shown[list->items[i].diag.severity]-- > 0)
				list->items[kept++] = list->items[i];
			else
				shown[list->items[i].diag.severity] = 0;
		list->items[kept++] = more;
	}
	list->count = kept;
}

const char *
severity_name(enum severity severity)
{
	static const char *const names[] = {"note", "warning", "error"};

	return names[severity];
}

int
diag_format(const struct diag *diag, char *buf, size_t cap)
{
	bool has_fix = diag->fix != NULL;
	char line[16] = "";

	if (diag->file != NULL && diag->line > 0)
		snprintf(line, sizeof(line), ":%u", diag->line);
	return snprintf(
	    buf, cap, "%s%s%s%s: %s%s%s%s [%s]",
	    diag->file == NULL ? "" : diag->file, line,
	    diag->file == NULL ? "" : ": ", severity_name(diag->severity),
	    diag->message, has_fix ? " (did you mean \"" : "",
	    has_fix ? diag->fix : "", has_fix ? "\"?)" : "", diag->id);
}

void
diag_print_one(const struct diag *diag, FILE *out)
{
	char cut[512] = ""; /* what is printed if memory is out */
	int len = diag_format(diag, cut, sizeof(cut));
	char *text = NULL;

	if (len >= (int)sizeof(cut))
		text = malloc((size_t)len + 1);
	if (text != NULL)
		diag_format(diag, text, (size_t)len + 1);
	fprintf(out, "%s\n", text != NULL ? text : cut);
	free(text);
}

void
diag_print_lost(const struct diag_list *list, FILE *out)
{
	if (list->lost > 0)
		fprintf(out, "error: no memory for %zu more diagnostics\n",
			list->lost);
}

void
diag_print(struct diag_list *list, FILE *out)
{
	diag_cap(list);
	for (size_t i = 0; i < list->count; i++)
		diag_print_one(&list->items[i].diag, out);
	diag_print_lost(list, out);
}
