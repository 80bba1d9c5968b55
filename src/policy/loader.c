/*
 * What every part of the loader needs: memory, messages, paths.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "policy/sources.h"

void
loader_no_memory(struct loader *loader)
{
	diag_report(loader->diags, SEVERITY_ERROR, loader->file, 0, "no-policy",
		    NULL, "no memory");
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
loader_grow(struct loader *loader, void *list, size_t count, size_t *cap,
	    size_t size)
{
	void *old;

	if (count < *cap)
		return true;
	size_t grown = *cap == 0 ? 8 : *cap * 2;
	void *memory = loader_scratch(loader, grown, size);
	if (memory == NULL)
		return false;
	/* list is the address of a pointer of some type. */
	memcpy(&old, list, sizeof(old));
	if (count > 0)
		memcpy(memory, old, count * size);
	memcpy(list, &memory, sizeof(memory));
	*cap = grown;
	return true;
}

void *
loader_list(struct loader *loader, const void *list, size_t count, size_t size)
{
	void *grown;

	/* There is room up to the next power of two. */
	if (count > 0 && (count & (count - 1)) != 0)
		return (void *)(uintptr_t)list;
	grown = loader_array(loader, count == 0 ? 1 : count * 2, size);
	if (grown != NULL && count > 0)
		memcpy(grown, list, count * size);
	return grown;
}

void
loader_error(struct loader *loader, unsigned line, const char *id,
	     const char *fix, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport(loader->diags, SEVERITY_ERROR, loader->file, line, id, fix,
		     format, args);
	va_end(args);
}

void
loader_warn(struct loader *loader, unsigned line, const char *id,
	    const char *fix, const char *format, ...)
{
	va_list args;

	if (!loader->options->warnings)
		return;
	va_start(args, format);
	diag_vreport(loader->diags, SEVERITY_WARNING, loader->file, line, id,
		     fix, format, args);
	va_end(args);
}

void
loader_note(struct loader *loader, unsigned line, const char *id,
	    const char *fix, const char *format, ...)
{
	va_list args;

	if (!loader->options->warnings)
		return;
	va_start(args, format);
	diag_vreport(loader->diags, SEVERITY_NOTE, loader->file, line, id, fix,
		     format, args);
	va_end(args);
}

const char *
loader_quote(struct loader *loader, struct slice text)
{
	return diag_quote(loader->diags, text, QUOTE_MAX);
}

const char *
loader_path(struct loader *loader, struct slice text)
{
	const char *folder = loader->settings->folder;
	bool whole = text.len > 0 && text.ptr[0] == '/';
	struct slice parts[] = {slice_from(folder), SLICE("/"), text};
	/* "/" alone ends in one already. */
	size_t first = folder[1] == '\0' ? 1 : 0;
	char *path;

	if (whole)
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
	/* execve takes char *; nobody writes to it. */
	memcpy(program, &path, sizeof(path));
	return program;
}

bool
loader_source(struct loader *loader, const char *path,
	      const struct stat *status, struct slice bytes)
{
	struct settings *settings = loader->settings;
	struct source_file *grown;

	/* One request and gone: nobody will look whether they have changed. */
	if (loader->options->use == LOAD_CGI)
		return true;
	grown = loader_list(loader, settings->sources, settings->source_count,
			    sizeof(*grown));
	if (grown == NULL)
		return false;
	source_set(&grown[settings->source_count++], path, status, bytes);
	settings->sources = grown;
	return true;
}
