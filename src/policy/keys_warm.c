/*
 * [warm]: which scripts get a warm interpreter, and its limits.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "base/text.h"
#include "policy/values.h"

enum { OFTEN_MAX = 1000000 };

#define HOUR ((uint64_t)3600000)
#define GIB ((uint64_t)1 << 30)

static struct items *
list_of(struct loader *loader, struct items *items, const struct entry *entry)
{
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item))
		if (!items_add(loader, items, item, entry->line))
			return NULL;
	return items;
}

/* A NULL-terminated list of the settings; paths are made absolute. */
static const char *const *
finish_list(struct loader *loader, const struct items *items, bool paths)
{
	const char **list =
	    loader_array(loader, items->count + 1, sizeof(*list));

	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < items->count; i++) {
		struct slice text = items->list[i].text;

		list[i] = paths ? loader_path(loader, text)
				: arena_text(loader->arena, text);
		if (list[i] == NULL) {
			loader_no_memory(loader);
			return NULL;
		}
	}
	list[items->count] = NULL;
	return list;
}

/* `exec` is the program of [app]; a file of that name is "./exec". */
static void
set_scripts(struct loader *loader, void *target, const struct entry *entry)
{
	struct warm_values *values = target;
	struct slice rest = entry->value, item;
	const char *const *list;

	while (text_word_next(&rest, &item)) {
		if (slice_eq(item, SLICE("exec")))
			values->warm.exec = true;
		else if (!items_add(loader, &values->scripts, item,
				    entry->line))
			return;
	}
	list = finish_list(loader, &values->scripts, true);
	if (list != NULL)
		values->warm.scripts = list;
}

static void
set_load(struct loader *loader, void *target, const struct entry *entry)
{
	struct warm_values *values = target;
	const char *const *list;

	if (list_of(loader, &values->load, entry) == NULL)
		return;
	list = finish_list(loader, &values->load, false);
	if (list != NULL)
		values->warm.load = list;
}

static void
set_watch(struct loader *loader, void *target, const struct entry *entry)
{
	struct warm_values *values = target;
	const char *const *list;

	if (list_of(loader, &values->watch, entry) == NULL)
		return;
	list = finish_list(loader, &values->watch, true);
	if (list != NULL)
		values->warm.watch = list;
}

/* "N in DURATION". */
static bool
parse_often(struct slice text, struct often *out)
{
	size_t digits = text_digits(text);
	struct slice rest = text_trim(slice_after(text, digits));
	uint64_t count = 0, time = 0;

	if (digits == text.len || !ascii_is_blank(text.ptr[digits]) ||
	    rest.len < 3 || !slice_starts(rest, SLICE("in")) ||
	    !ascii_is_blank(rest.ptr[2]) ||
	    !text_number(slice_of(text.ptr, digits), OFTEN_MAX, &count) ||
	    !value_number(&value_duration, text_trim(slice_after(rest, 2)),
			  &time) ||
	    count == 0 || time < 1000 || time > 24 * HOUR)
		return false;
	out->count = (unsigned)count;
	out->time = time;
	return true;
}

static void
set_often(struct loader *loader, const struct entry *entry, const char *key,
	  const char *example, struct often *out)
{
	if (!parse_often(entry->value, out))
		loader_report(loader, SEVERITY_ERROR, entry->line, entry->value,
			      "bad-value", NULL,
			      "\"%s\" takes a number of requests and a time "
			      "from 1s to 24h, like \"%s\", not \"%s\"",
			      key, example, loader_quote(loader, entry->value));
}

static void
set_after(struct loader *loader, void *target, const struct entry *entry)
{
	struct warm_values *values = target;

	set_often(loader, entry, "after", "2 in 1m", &values->warm.after);
}

static void
set_renew(struct loader *loader, void *target, const struct entry *entry)
{
	struct warm_values *values = target;

	set_often(loader, entry, "renew", "10000 in 1h", &values->warm.renew);
}

#define WARM(member) .offset = offsetof(struct warm_values, warm.member)
#define RANGE(least, most) .min = (least), .max = (most)

const struct key keys_warm[] = {
    {"scripts", .kind = VALUE_OWN, .set = set_scripts, .repeats = true},
    {"load", .kind = VALUE_OWN, .set = set_load, .repeats = true},
    {"watch", .kind = VALUE_OWN, .set = set_watch, .repeats = true},
    {"after", .kind = VALUE_OWN, .set = set_after},
    {"max", VALUE_COUNT, WARM(max), RANGE(0, 64)},
    {"memory", VALUE_SIZE, WARM(memory), RANGE(1 << 20, 1024 * GIB)},
    {"spare", VALUE_COUNT, WARM(spare), RANGE(0, 16)},
    {"renew", .kind = VALUE_OWN, .set = set_renew},
    {0},
};
