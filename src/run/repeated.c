/*
 * Variables that came twice.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/repeated.h"

#include "base/hash.h"
#include "base/text.h"
#include "run/log.h"

enum { FILTER_BITS = 4096, WORD_BITS = 64 };

struct settling {
	struct exchange *x;
	size_t count; /* of the variables that are settled, from the first */
	/* A bit for each hash of a name that has come.  Nearly all names come
	 * once, and this saves a search for each. */
	uint64_t filter[FILTER_BITS / WORD_BITS];
	char *memory; /* for joined values, and names without a value */
	size_t used;
	struct slice refused; /* the first name that is removed */
	size_t refused_count;
};

static struct slice
name_of(const char *variable)
{
	return slice_of(variable, strcspn(variable, "="));
}

static bool
has_name(const char *variable, struct slice name)
{
	return strncmp(variable, name.ptr, name.len) == 0 &&
	       (variable[name.len] == '=' || variable[name.len] == '\0');
}

/* Note the name of a variable.  False: it has not come before; true: it may
 * have. */
static bool
may_have_come(struct settling *s, const char *variable)
{
	uint64_t hash = hash_bytes(name_of(variable), 0) % FILTER_BITS;
	uint64_t bit = UINT64_C(1) << hash % WORD_BITS;
	bool came = (s->filter[hash / WORD_BITS] & bit) != 0;

	s->filter[hash / WORD_BITS] |= bit;
	return came;
}

/* The separator with which the lines of a header are joined; NULL: it is not a
 * list (RFC 9110, 5.3). */
static const char *
separator_of(struct slice name)
{
	static const char *const lists[] = {
	    "HTTP_ACCEPT",
	    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
	    "HTTP_CACHE_CONTROL",
	    "HTTP_FORWARDED",
	    "HTTP_IF_MATCH",
	    "HTTP_IF_NONE_MATCH",
	    "HTTP_VIA",
	    "HTTP_X_FORWARDED_FOR",
	};

	/* RFC 9113, 8.2.3: HTTP/2 may split it. */
	if (slice_eq(name, SLICE("HTTP_COOKIE")))
		return "; ";
	if (slice_starts(name, SLICE("HTTP_ACCEPT_")))
		return ", ";
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (slice_eq(name, slice_from(lists[i])))
			return ", ";
	return NULL;
}

/* ---- joined values ---- */

/* Get memory for all values that may be made: each variable is copied at most
 * once. */
static int
need_memory(struct settling *s)
{
	struct scratch *scratch = s->x->scratch;
	size_t size = 1;

	if (s->memory != NULL)
		return 0;
	for (char **v = s->x->variables; *v != NULL; v++)
		size += strlen(*v) + 3;
	if (buffer_need(&scratch->joined, &scratch->joined_cap, size) != 0)
		return -1;
	s->memory = scratch->joined;
	return 0;
}

static bool
is_made(const struct settling *s, const char *variable)
{
	uintptr_t start = (uintptr_t)s->memory, at = (uintptr_t)variable;

	return s->memory != NULL && at >= start && at < start + s->used;
}

/* Make "NAME=a, b, c" of `first` and of every variable of that name in rest. */
static char *
join(struct settling *s, const char *first, char *const *rest,
     const char *separator)
{
	struct slice name = name_of(first);
	char *made = s->memory + s->used, *at = made;

	at = text_append(at, slice_from(first));
	for (; *rest != NULL; rest++) {
		if (!has_name(*rest, name) || (*rest)[name.len] != '=')
			continue;
		at = text_append(at, slice_from(separator));
		at = text_append(at, slice_from(*rest + name.len + 1));
	}
	*at++ = '\0';
	s->used += (size_t)(at - made);
	return made;
}

/* Remove a variable: only its name stays, so that a third value of that name
 * finds it.  Programs do not get it (env.c). */
static char *
without_value(struct settling *s, struct slice name)
{
	char *made = s->memory + s->used;

	*text_append(made, name) = '\0';
	s->used += name.len + 1;
	if (s->refused_count++ == 0)
		s->refused = slice_of(made, name.len);
	return made;
}

/* ---- settling ---- */

/* rest[0] has the name of *settled, and another value. */
static int
settle(struct settling *s, char **settled, char *const *rest)
{
	struct slice name = name_of(*rest);
	const char *separator = separator_of(name);

	/* It has been joined with all others or removed already. */
	if (is_made(s, *settled))
		return 0;
	if (separator == NULL && (!slice_starts(name, SLICE("HTTP_")) ||
				  slice_eq(name, SLICE("HTTP_HOST")))) {
		*settled = *rest;
		return 0;
	}
	if (need_memory(s) != 0)
		return -1;
	*settled = separator != NULL ? join(s, *settled, rest, separator)
				     : without_value(s, name);
	return 0;
}

static int
add(struct settling *s, char *const *rest)
{
	char **list = s->x->variables;
	size_t i = s->count;

	if (may_have_come(s, *rest)) {
		struct slice name = name_of(*rest);

		for (i = 0; i < s->count && !has_name(list[i], name);)
			i++;
	}
	if (i == s->count)
		list[s->count++] = *rest;
	else if (strcmp(list[i], *rest) != 0)
		return settle(s, &list[i], rest);
	return 0;
}

static void
log_refused(const struct settling *s, const struct request *request)
{
	char quoted[128];

	log_event(
	    s->x->log, LOG_LEVEL_WARNING, "repeated-header", request, NULL,
	    "%s came %s with different values: it is not passed to the program",
	    log_quote(s->refused, quoted, sizeof(quoted)),
	    s->refused_count > 1 ? "(and other headers) twice" : "twice");
}

int
repeated_settle(struct exchange *x, const struct request *request)
{
	struct settling s = {.x = x};

	/* This works in place, because no more is written than was read. */
	for (char **v = x->variables; *v != NULL; v++)
		if (add(&s, v) != 0)
			return -1;
	x->variables[s.count] = NULL;
	if (s.refused_count > 0)
		log_refused(&s, request);
	return 0;
}
