/*
 * [env] and [handlers], whose keys are names of the user's own.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <stdlib.h>

#include "policy/values.h"

static int
entry_compare(const void *left, const void *right)
{
	const struct entry *a = *(const struct entry *const *)left;
	const struct entry *b = *(const struct entry *const *)right;
	int order = strcmp(a->key.ptr, b->key.ptr);

	if (order != 0)
		return order;
	return a->line < b->line ? -1 : 1;
}

/* Names that stand twice; sorted, since there may be many. */
static void
find_duplicates(struct loader *loader, const struct section *section)
{
	const struct entry **sorted =
	    loader_scratch(loader, section->count, sizeof(*sorted));
	const struct entry *first = NULL;

	if (sorted == NULL)
		return;
	for (size_t i = 0; i < section->count; i++)
		sorted[i] = &section->entries[i];
	qsort(sorted, section->count, sizeof(*sorted), entry_compare);
	for (size_t i = 0; i < section->count; i++) {
		if (first != NULL && slice_eq(first->key, sorted[i]->key))
			loader_error(
			    loader, sorted[i]->line, "duplicate-key", NULL,
			    "\"%s\" is set twice, first in line %u",
			    loader_quote(loader, first->key), first->line);
		else
			first = sorted[i];
	}
}

/* "export NAME" is the mistake that is made. */
static bool
is_variable(struct loader *loader, const struct entry *entry)
{
	const char *blank = strpbrk(entry->key.ptr, " \t");
	const char *last = strrchr(entry->key.ptr, ' ');

	if (blank == NULL)
		return true;
	loader_error(loader, entry->line, "bad-value",
		     last == NULL ? NULL : last + 1,
		     "the name of a variable holds no blank, \"%s\" does",
		     loader_quote(loader, entry->key));
	return false;
}

void
env_section_read(struct loader *loader, struct section *section)
{
	char **env = loader_array(loader, section->count + 1, sizeof(*env));
	size_t count = 0;

	if (env == NULL)
		return;
	for (size_t i = 0; i < section->count; i++) {
		const struct entry *entry = &section->entries[i];
		size_t len = entry->key.len + 1 + entry->value.len;

		if (!is_variable(loader, entry))
			continue;
		char *text = loader_array(loader, len + 1, 1);
		if (text == NULL)
			return;
		memcpy(text, entry->key.ptr, entry->key.len);
		text[entry->key.len] = '=';
		memcpy(text + entry->key.len + 1, entry->value.ptr,
		       entry->value.len);
		env[count++] = text;
	}
	find_duplicates(loader, section);
	if (!section->stray)
		loader->settings->app.env = env;
}

/* An extension begins with its dot and lies within a file name. */
static bool
is_extension(struct loader *loader, const struct entry *entry)
{
	struct slice key = entry->key;
	char fix[QUOTE_MAX];

	if (key.len > 1 && key.ptr[0] == '.' &&
	    memchr(key.ptr, '/', key.len) == NULL &&
	    memchr(key.ptr + 1, '.', key.len - 1) == NULL)
		return true;
	while (key.len > 0 && (key.ptr[0] == '.' || key.ptr[0] == '*'))
		key = slice_after(key, 1);
	snprintf(fix, sizeof(fix), ".%.*s", (int)key.len, key.ptr);
	bool mended = key.len > 0 && key.len + 2 < sizeof(fix) &&
		      memchr(key.ptr, '/', key.len) == NULL &&
		      memchr(key.ptr, '.', key.len) == NULL;
	loader_error(
	    loader, entry->line, "unknown-key", mended ? fix : NULL,
	    "\"%s\" is no file name extension; [handlers] takes keys like "
	    "\".php\"",
	    loader_quote(loader, entry->key));
	return false;
}

static bool
read_handler(struct loader *loader, const struct entry *entry,
	     struct handler *handler)
{
	char *const *words = NULL;
	const char *fault;

	if (!is_extension(loader, entry))
		return false;
	fault = value_words(loader->arena, entry->value, &words);
	if (fault == NULL && (words[0] == NULL || words[0][0] == '\0'))
		fault = "a program is wanted";
	if (fault != NULL) {
		loader_error(loader, entry->line, "bad-value", NULL,
			     "\"%s\": %s", loader_quote(loader, entry->key),
			     fault);
		return false;
	}
	handler->extension = entry->key.ptr;
	handler->argv = loader_program(loader, words);
	return handler->argv != NULL;
}

void
handlers_section_read(struct loader *loader, struct section *section)
{
	struct handler *handlers =
	    loader_array(loader, section->count, sizeof(*handlers));
	size_t count = 0;

	if (handlers == NULL)
		return;
	for (size_t i = 0; i < section->count; i++)
		if (read_handler(loader, &section->entries[i],
				 &handlers[count]))
			count++;
	find_duplicates(loader, section);
	if (section->stray)
		return;
	loader->settings->app.handlers = handlers;
	loader->settings->app.handler_count = count;
}
