/*
 * Leaves out the origins of a section that another one covers, each with a
 * warning, because a shorter policy is easier to review.
 *
 * Only a few patterns can cover an origin: each is composed and looked up in a
 * hash table, so that a million origins take a second and not a day.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <limits.h>

#include "base/hash.h"

enum { TEXT_MAX = ORIGIN_MAX + 8 };

struct merge {
	struct loader *loader;
	struct origins *origins;
	const struct origin_pattern *patterns; /* items, then those of files */
	size_t count;
	unsigned *table; /* of indexes in patterns, from 1; 0: empty */
	size_t mask;
	bool has_wildcards;
	unsigned char *covered; /* patterns that are left out */
	size_t covered_count;
};

/* The slot of the text in the table, or the free slot for it. */
static unsigned *
find_slot(const struct merge *merge, struct slice text)
{
	/* The author of the policy has no reason to make collisions. */
	size_t i = (size_t)hash_bytes(text, 0) & merge->mask;

	while (merge->table[i] != 0 &&
	       !slice_eq(merge->patterns[merge->table[i] - 1].text, text))
		i = (i + 1) & merge->mask;
	return &merge->table[i];
}

/* The pattern with these parts, if the section has it. */
static const struct origin_pattern *
find_pattern(const struct merge *merge, struct slice scheme, bool sub,
	     struct slice host, struct slice port)
{
	char text[TEXT_MAX];
	size_t len = 0;
	const struct slice parts[] = {
	    scheme, SLICE("://"), sub ? SLICE("*.") : SLICE(""), host, port};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].len > sizeof(text) - len)
			return NULL;
		memcpy(text + len, parts[i].ptr, parts[i].len);
		len += parts[i].len;
	}
	unsigned found = *find_slot(merge, slice_of(text, len));
	return found == 0 ? NULL : &merge->patterns[found - 1];
}

/* The host with the length of its range. */
static struct slice
host_text(const struct origin_pattern *pattern)
{
	struct slice rest = slice_of(
	    pattern->host.ptr, (size_t)(pattern->text.ptr + pattern->text.len -
					pattern->host.ptr));

	if (!pattern->is_range)
		return pattern->host;
	size_t end = pattern->host.len + 1;
	while (end < rest.len && rest.ptr[end] != ':')
		end++;
	return slice_of(rest.ptr, end);
}

/* The port of a pattern with its ':'; empty: it has none. */
static struct slice
port_text(const struct origin_pattern *pattern)
{
	struct slice host = host_text(pattern);
	const char *end = host.ptr + host.len;

	return slice_of(end,
			(size_t)(pattern->text.ptr + pattern->text.len - end));
}

/* Another pattern that allows all that this one does, or NULL. */
static const struct origin_pattern *
find_cover(const struct merge *merge, const struct origin_pattern *pattern)
{
	const struct origin_pattern *cover = NULL;
	struct slice port = port_text(pattern), any = SLICE(":*");
	struct slice rest = host_text(pattern);
	const char *dot;

	if (pattern->opaque)
		return NULL;
	if (!pattern->any_port)
		cover = find_pattern(merge, pattern->scheme,
				     pattern->any_subdomain, rest, any);
	if (pattern->is_ip)
		return cover;
	while (cover == NULL &&
	       (dot = memchr(rest.ptr, '.', rest.len)) != NULL) {
		rest = slice_after(rest, (size_t)(dot - rest.ptr) + 1);
		cover = find_pattern(merge, pattern->scheme, true, rest, port);
		if (cover == NULL)
			cover = find_pattern(merge, pattern->scheme, true, rest,
					     any);
	}
	return cover;
}

/* The file that a pattern is from, or NULL for the policy. */
static struct file_item *
file_of(const struct merge *merge, size_t index)
{
	const struct origins *origins = merge->origins;

	if (index < origins->count)
		return NULL;
	index -= origins->count;
	for (size_t i = 0; i < origins->file_count; i++) {
		if (index < origins->files[i].file->count)
			return &origins->files[i];
		index -= origins->files[i].file->count;
	}
	return NULL;
}

/* Write " in line 3" for the covering pattern.  In a file the user can search
 * for it. */
static void
write_where(const struct merge *merge, size_t index, char *buf, size_t cap)
{
	const struct file_item *item = file_of(merge, index);

	if (item == NULL)
		snprintf(buf, cap, " in line %u",
			 merge->origins->items[index].line);
	else
		snprintf(buf, cap, " in the origins-%s of line %u",
			 item->file->variable == NULL ? "file" : "env",
			 item->line);
}

static void
leave_out(struct merge *merge, size_t index, const struct origin_pattern *cover)
{
	struct loader *loader = merge->loader;
	const struct origin_pattern *pattern = &merge->patterns[index];
	struct file_item *item = file_of(merge, index);
	char where[60];

	merge->covered[index] = 1;
	merge->covered_count++;
	if (!loader->options->warnings)
		return;
	write_where(merge, (size_t)(cover - merge->patterns), where,
		    sizeof(where));
	diag_report(loader->diags, SEVERITY_WARNING,
		    item == NULL ? loader->file : item->file->name,
		    item == NULL
			? loader_place(loader,
				       merge->origins->items[index].line,
				       pattern->text)
			: origins_file_place(item->file, pattern->text),
		    "shadowed", NULL, "origin \"%s\" is covered by \"%s\"%s",
		    loader_quote(loader, pattern->text),
		    loader_quote(loader, cover->text), where);
}

/* Put every text into the table once; the first one covers its duplicates. */
static void
fill_table(struct merge *merge)
{
	for (size_t i = 0; i < merge->count; i++) {
		const struct origin_pattern *pattern = &merge->patterns[i];
		unsigned *slot = find_slot(merge, pattern->text);

		if (*slot != 0)
			leave_out(merge, i, &merge->patterns[*slot - 1]);
		else
			*slot = (unsigned)i + 1;
		if (!origin_pattern_is_exact(pattern))
			merge->has_wildcards = true;
	}
}

static void
find_covered(struct merge *merge)
{
	for (size_t i = 0; i < merge->count; i++) {
		if (merge->covered[i])
			continue;
		const struct origin_pattern *cover =
		    find_cover(merge, &merge->patterns[i]);
		if (cover != NULL)
			leave_out(merge, i, cover);
	}
}

/* Items and files in one array; a single file's array is used directly. */
static const struct origin_pattern *
gather(struct loader *loader, const struct origins *origins, size_t *count)
{
	*count = origins->count;
	for (size_t i = 0; i < origins->file_count; i++)
		*count += origins->files[i].file->count;
	if (origins->count == 0 && origins->file_count == 1)
		return origins->files[0].file->patterns;

	struct origin_pattern *all = loader_array(loader, *count, sizeof(*all));
	if (all == NULL)
		return NULL;
	struct origin_pattern *to = all;
	for (size_t i = 0; i < origins->count; i++)
		*to++ = origins->items[i].pattern;
	for (size_t i = 0; i < origins->file_count; i++) {
		const struct origins_file *file = origins->files[i].file;
		if (file->count > 0)
			memcpy(to, file->patterns, file->count * sizeof(*to));
		to += file->count;
	}
	return all;
}

/* The patterns that are not covered, in the same order. */
static void
compact(struct merge *merge)
{
	struct origins *origins = merge->origins;
	struct origin_pattern *kept;
	size_t count = 0;

	if (merge->covered_count == 0)
		return;
	kept = loader_array(merge->loader, merge->count - merge->covered_count,
			    sizeof(*kept));
	if (kept == NULL)
		return;
	for (size_t i = 0; i < merge->count; i++) {
		if (i == origins->count)
			origins->inline_count = count;
		if (!merge->covered[i])
			kept[count++] = merge->patterns[i];
	}
	if (origins->count == merge->count)
		origins->inline_count = count;
	origins->merged = kept;
	origins->merged_count = count;
}

/* `*` covers everything beside it. */
static void
warn_covered_by_any(struct loader *loader, const struct origins *origins)
{
	for (size_t i = 0; i < origins->count; i++)
		loader_report(
		    loader, SEVERITY_WARNING, origins->items[i].line,
		    origins->items[i].pattern.text, "shadowed", NULL,
		    "origin \"%s\" is covered by \"*\" in line %u",
		    loader_quote(loader, origins->items[i].pattern.text),
		    origins->any_line);
	for (size_t i = 0; i < origins->file_count; i++)
		if (origins->files[i].file->count > 0)
			loader_warn(
			    loader, origins->files[i].line, "shadowed", NULL,
			    "\"origins-%s\" is covered by \"*\" in line %u",
			    origins->files[i].file->variable == NULL ? "file"
								     : "env",
			    origins->any_line);
	for (size_t i = 0; i < origins->regex_count; i++)
		loader_report(
		    loader, SEVERITY_WARNING, origins->regexes[i].line,
		    origins->regexes[i].text, "shadowed", NULL,
		    "\"origins-regex\" is covered by \"*\" in line %u",
		    origins->any_line);
	if (origins->null_line != 0)
		loader_warn(loader, origins->null_line, "shadowed", NULL,
			    "origin \"null\" is covered by \"*\" in line %u",
			    origins->any_line);
}

void
origins_merge(struct loader *loader, struct origins *origins)
{
	struct merge merge = {.loader = loader, .origins = origins};
	size_t size = 16;

	if (origins->any_line != 0) {
		warn_covered_by_any(loader, origins);
		return;
	}
	merge.patterns = gather(loader, origins, &merge.count);
	if (merge.patterns == NULL)
		return;
	origins->merged = merge.patterns;
	origins->merged_count = merge.count;
	origins->inline_count = origins->count;
	while (size < merge.count * 2)
		size *= 2;
	if (merge.count >= UINT_MAX)
		return;
	merge.mask = size - 1;
	merge.table = loader_scratch(loader, size, sizeof(*merge.table));
	merge.covered = loader_scratch(loader, merge.count, 1);
	if (merge.table == NULL || merge.covered == NULL)
		return;
	fill_table(&merge);
	if (merge.has_wildcards)
		find_covered(&merge);
	compact(&merge);
}
