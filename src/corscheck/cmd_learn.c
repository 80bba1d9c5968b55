/*
 * corscheck learn: a first policy from the requests in access logs.
 *
 * It allows each origin that sent requests with successful responses; it never
 * makes wildcards.  An origin with fewer than three requests, or without a
 * success, becomes a comment for a person to check.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"
#include "corscheck/log_read.h"
#include "corscheck/tally.h"
#include "policy/fix.h"

enum { ENOUGH = 3, STRANGERS_MAX = 50 };

struct seen {
	uint64_t count;
	bool good; /* one had a response with a status under 400 */
	bool own;  /* the host's own pages */
	char first[LOG_DAY];
	char last[LOG_DAY];
};

struct learn {
	struct tally origins;
	struct seen *seen;
	size_t room;
	struct tally referers; /* origins of pages, of a log without Origin */
	struct tally methods;
	struct tally headers;
	struct log_counts counts;
	uint64_t with_origin;
	char first[LOG_DAY];
	char last[LOG_DAY];
	bool no_memory;
};

/* ---- reading ---- */

static void
widen(char first[LOG_DAY], char last[LOG_DAY], const char day[LOG_DAY])
{
	if (day[0] == '\0')
		return;
	if (first[0] == '\0' || strcmp(day, first) < 0)
		memcpy(first, day, LOG_DAY);
	if (strcmp(day, last) > 0)
		memcpy(last, day, LOG_DAY);
}

/* Is it a page of the requested host? */
static bool
is_own(const struct log_entry *entry)
{
	const char *at = memmem(entry->origin.ptr, entry->origin.len, "://", 3);

	return at != NULL && slice_present(entry->host) &&
	       slice_eq_nocase(
		   slice_after(entry->origin,
			       (size_t)(at - entry->origin.ptr) + 3),
		   entry->host);
}

static struct seen *
place_of(struct learn *learn, struct slice origin)
{
	bool added;
	size_t place = tally_place(&learn->origins, origin, &added);

	if (place == TALLY_NONE ||
	    !array_grow(&learn->seen, place, &learn->room,
			sizeof(*learn->seen))) {
		learn->no_memory = true;
		return NULL;
	}
	if (added)
		learn->seen[place] = (struct seen){.count = 0};
	return &learn->seen[place];
}

static void
take_words(struct learn *learn, const struct log_entry *entry)
{
	struct slice rest = entry->asked_headers, name;
	struct slice method = slice_present(entry->asked_method)
				  ? entry->asked_method
				  : entry->method;

	if (entry->status >= 400)
		return;
	if (!slice_eq(method, SLICE("OPTIONS")))
		learn->no_memory |=
		    tally_place(&learn->methods, method, NULL) == TALLY_NONE;
	while (text_list_next(&rest, &name))
		learn->no_memory |=
		    tally_place(&learn->headers, name, NULL) == TALLY_NONE;
}

/* "https://app.example/page": its origin, which does not prove that a
 * script of it sent the request. */
static void
take_referer(struct learn *learn, struct slice referer)
{
	enum { REFERERS_MAX = 1000 };
	struct slice rest = slice_after(referer, text_find(referer, ':'));

	if (!slice_starts(rest, SLICE("://")) ||
	    learn->referers.count >= REFERERS_MAX)
		return;
	rest = slice_after(rest, 3);
	rest = slice_after(rest, text_find_any(rest, "/?#"));
	referer.len -= rest.len;
	learn->no_memory |=
	    tally_place(&learn->referers, referer, NULL) == TALLY_NONE;
}

static bool
take(void *ctx, const struct log_entry *entry)
{
	struct learn *learn = ctx;

	if (!slice_present(entry->origin)) {
		take_referer(learn, entry->referer);
		return !learn->no_memory;
	}
	struct seen *seen = place_of(learn, entry->origin);
	if (seen == NULL)
		return false;
	learn->with_origin++;
	seen->count++;
	seen->good |= entry->status < 400;
	seen->own |= is_own(entry);
	widen(seen->first, seen->last, entry->day);
	widen(learn->first, learn->last, entry->day);
	if (!seen->own)
		take_words(learn, entry);
	return !learn->no_memory;
}

/* ---- writing ---- */

static void
print_days(const char *first, const char *last)
{
	if (first[0] == '\0')
		return;
	printf(", %s", first);
	if (strcmp(first, last) != 0)
		printf(" to %s", last);
}

static void
print_origin(const struct learn *learn, size_t i, const char *comment)
{
	const struct seen *seen = &learn->seen[i];
	struct slice origin = learn->origins.keys[i];
	enum { SHOWN = 200 };
	char quoted[TEXT_QUOTED_ROOM(SHOWN)];

	if (origin.len > SHOWN)
		origin.len = SHOWN;
	text_quote(origin, "", quoted, sizeof(quoted));
	printf("%sorigins = %-40s ; %" PRIu64 " request%s", comment, quoted,
	       seen->count, seen->count == 1 ? "" : "s");
	print_days(seen->first, seen->last);
	printf("\n");
}

enum group { GROUP_ADMITTED, GROUP_OWN, GROUP_FEW, GROUP_FAILED, GROUP_ODD };

static enum group
group_of(const struct learn *learn, size_t i)
{
	const struct seen *seen = &learn->seen[i];
	struct origin_pattern pattern;
	struct slice origin = learn->origins.keys[i];

	if (origin_pattern_check(origin, &pattern) != ORIGIN_FAULT_NONE ||
	    text_find(origin, '*') < origin.len ||
	    slice_starts(origin, SLICE("file:")))
		return GROUP_ODD;
	if (seen->own)
		return GROUP_OWN;
	if (!seen->good)
		return GROUP_FAILED;
	return seen->count < ENOUGH ? GROUP_FEW : GROUP_ADMITTED;
}

static struct tally_rank *
rank(const struct learn *learn)
{
	struct tally_rank *ranked =
	    calloc(learn->origins.count + 1, sizeof(*ranked));

	for (size_t i = 0; ranked != NULL && i < learn->origins.count; i++)
		ranked[i] = (struct tally_rank){learn->seen[i].count, i};
	if (ranked != NULL)
		tally_sort(ranked, learn->origins.count);
	return ranked;
}

static size_t
print_group(const struct learn *learn, const struct tally_rank *ranked,
	    enum group group, const char *heading, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < learn->origins.count; i++) {
		if (group_of(learn, ranked[i].place) != group)
			continue;
		if (count == 0)
			printf("%s", heading);
		if (count++ < most)
			print_origin(learn, ranked[i].place,
				     group == GROUP_ADMITTED ? "" : "; ");
	}
	if (count > most)
		printf("; ... and %zu more\n", count - most);
	return count;
}

/* Methods beyond those that are always allowed; names of headers. */
static void
print_words(const char *key, const struct tally *words, bool methods)
{
	static const char *const always[] = {"GET", "HEAD", "POST"};
	enum { SHOWN = 40 };
	size_t count = 0;

	for (size_t i = 0; i < words->count && count < SHOWN; i++) {
		struct slice word = words->keys[i];
		bool needed = word.len > 0;
		for (size_t k = 0; k < word.len; k++)
			needed &= ascii_is_alpha(word.ptr[k]) ||
				  ascii_is_digit(word.ptr[k]) ||
				  strchr("-_", word.ptr[k]) != NULL;
		for (size_t k = 0; k < 3 && methods; k++)
			needed &= !slice_eq(word, slice_from(always[k]));
		if (!needed)
			continue;
		printf("%s%.*s", count++ == 0 ? key : " ", (int)word.len,
		       word.ptr);
	}
	if (count > 0)
		printf("\n");
}

static void
print_head(const struct learn *learn)
{
	printf("; Made by \"corscheck learn\" from %" PRIu64
	       " requests with an Origin",
	       learn->with_origin);
	print_days(learn->first, learn->last);
	printf(".\n; Read it before you use it: a log shows who came, not who "
	       "may.\n\n[cors]\n");
}

/* If the log has no Origin at all, list at least the possible origins. */
static void
print_referers(const struct learn *learn)
{
	struct origin_pattern pattern;
	size_t count = 0;

	for (size_t i = 0; i < learn->referers.count && learn->with_origin == 0;
	     i++) {
		struct slice origin = learn->referers.keys[i];
		if (origin_pattern_check(origin, &pattern) !=
			ORIGIN_FAULT_NONE ||
		    text_find(origin, '*') < origin.len ||
		    count == STRANGERS_MAX)
			continue;
		if (count++ == 0)
			printf("\n; The log has no Origin.  Its Referer names "
			       "pages of these, the server's own\n; among "
			       "them:\n");
		printf("; origins = %.*s\n", (int)origin.len, origin.ptr);
	}
}

static bool
print_policy(const struct learn *learn)
{
	struct tally_rank *ranked = rank(learn);

	if (ranked == NULL)
		return false;
	print_head(learn);
	if (print_group(learn, ranked, GROUP_ADMITTED, "", SIZE_MAX) == 0)
		printf("origins = none\n");
	print_words("methods = ", &learn->methods, true);
	print_words("headers = ", &learn->headers, false);
	printf("; A log does not say whether pages send cookies:\n"
	       "; credentials = yes\n");
	print_group(learn, ranked, GROUP_FEW,
		    "\n; Rare: fewer than 3 requests.\n", STRANGERS_MAX);
	print_group(
	    learn, ranked, GROUP_FAILED,
	    "\n; Scanners: every request got a status of 400 or more.\n",
	    STRANGERS_MAX);
	print_group(learn, ranked, GROUP_OWN,
		    "\n; The server's own pages, which need no policy.\n",
		    STRANGERS_MAX);
	print_group(learn, ranked, GROUP_ODD,
		    "\n; What no policy lists: null, files, malformed.\n",
		    STRANGERS_MAX);
	free(ranked);
	print_referers(learn);
	return true;
}

static void
say_counts(const struct learn *learn)
{
	const struct log_counts *counts = &learn->counts;

	if (counts->without > 0)
		fprintf(stderr,
			"corscheck: learn: %" PRIu64
			" lines have no Origin: log it (Apache: add "
			"\\\"%%{Origin}i\\\" to the LogFormat; nginx: "
			"$http_origin)\n",
			counts->without);
	if (counts->others > 0 && counts->requests == 0)
		fprintf(stderr, "corscheck: learn: corswrap logs requests with "
				"\"access-log = yes\" in [server]\n");
}

static int
learn_files(struct learn *learn, int count, char **names)
{
	if (!log_read_all("learn", count, names, &learn->counts, take, learn))
		return CHECK_USAGE;
	say_counts(learn);
	if (!print_policy(learn))
		return command_no_memory();
	return CHECK_GOOD;
}

int
learn_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int letter = getopt_long(argc, argv, "h", options, NULL);

	if (letter != -1 || optind == argc)
		return command_usage(command, letter == 'h');
	struct arena *arena = arena_new();
	struct learn learn = {.origins = {.arena = arena},
			      .referers = {.arena = arena},
			      .methods = {.arena = arena},
			      .headers = {.arena = arena}};
	int status = arena == NULL
			 ? command_no_memory()
			 : learn_files(&learn, argc - optind, argv + optind);
	tally_free(&learn.origins);
	tally_free(&learn.referers);
	tally_free(&learn.methods);
	tally_free(&learn.headers);
	free(learn.seen);
	arena_free(arena);
	return status;
}
