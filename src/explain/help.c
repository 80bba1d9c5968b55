/*
 * The entries of help.txt: looked up by `corscheck help` and by the analyzer
 * page.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/help.h"

#include "explain/help_entries.h"

const struct help_entry *
help_entries(void)
{
	return entries;
}

const struct help_entry *
help_find(struct slice id)
{
	if (id.len > 2 && id.ptr[0] == '[' && id.ptr[id.len - 1] == ']')
		id = slice_of(id.ptr + 1, id.len - 2);
	for (const struct help_entry *e = entries; e->id != NULL; e++)
		if (slice_eq(slice_from(e->id), id))
			return e;
	return NULL;
}

struct slice
help_cause(const struct help_entry *entry)
{
	const char *end = strstr(entry->text, "\n\n");

	return end == NULL ? slice_from(entry->text)
			   : slice_of(entry->text, (size_t)(end - entry->text));
}
