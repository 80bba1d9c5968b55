/*
 * The cost of a decision: nanoseconds for sets of 1, 2, 10, 1000 and a million
 * origins, with a thousand patterns of every form among them too, hit and
 * miss, actual request and preflight with two headers, against the targets of
 * the design: 60 ns and 150 ns, and for a million origins at most 1.3 times
 * the cost of two.
 *
 * 	bench/decide [-c]      -c: exit 1 if a target is missed
 *
 * Every row uses 16 origins of the set in turn.  The cost with a different one
 * of the million for each request, so that the table is not in the processor's
 * caches, is printed too; that depends on the memory.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cors/decide.h"
#include "cors/policy.h"

enum { TEXT = 48, TURN = 16, COLD = 1 << 16, ROUNDS = 7 };

enum kind { ACTUAL, PREFLIGHT, ANSWERED };

struct bench {
	struct arena *arena;
	const struct policy *policy;
	struct slice hit[TURN];
	struct slice miss[TURN];
	struct slice *cold; /* COLD of them, in random order */
	double load;	    /* milliseconds */
};

static volatile unsigned sum; /* keeps the compiler from removing the loop */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint32_t
draw(void)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static void *
need(void *memory)
{
	if (memory == NULL) {
		perror("bench/decide");
		exit(2);
	}
	return memory;
}

/* The text before and after the number of an origin. */
struct form {
	const char *before;
	const char *behind;
};

static struct slice
print_origin(struct arena *arena, const struct form *form, size_t number)
{
	char *text = need(arena_alloc(arena, TEXT));
	/* Spread, so that neighbours differ in more than their last byte. */
	int len = snprintf(text, TEXT, "%s%u%s", form->before,
			   (unsigned)(number * 2654435761u), form->behind);

	return slice_of(text, (size_t)len);
}

struct row {
	size_t count;
	const char *name;
	struct form pattern, hit, miss;
	bool judged;
	bool mixed; /* a thousand of them are patterns, of every form */
};

enum { MIXED = 1000 };

static const struct form mixed[] = {
    {"https://*.h", ".example.net"},	{"https://h", "-*.example.net"},
    {"https://h", ".example.net:*"},	{"https://h", ".example.net:3000-3999"},
    {"https://pr-*-h", ".example.net"},
};

/* Is the origin of this number a pattern? */
static bool
is_mixed(const struct row *row, size_t number)
{
	return row->mixed && number % (row->count / MIXED) == 0;
}

#define EXACT                                                                  \
	{"https://h", ".example.com"}, {"https://h", ".example.com"},          \
	{                                                                      \
		"https://h", ".example.org"                                    \
	}
#define WILD                                                                   \
	{"https://*.h", ".example.com"}, {"https://www.h", ".example.com"},    \
	{                                                                      \
		"https://www.h", ".example.org"                                \
	}

static const struct row rows[] = {
    {1, "exact", EXACT, true, false},
    {2, "exact", EXACT, true, false},
    {10, "exact", EXACT, true, false},
    {1000, "exact", EXACT, true, false},
    {1000000, "exact", EXACT, true, false},
    {1000000, "mixed", EXACT, true, true},
    {2, "*.", WILD, false, false},
    {1000000, "*.", WILD, false, false},
};

static const struct policy *
build(struct arena *arena, struct slice *texts, size_t count)
{
	static const struct slice methods[] = {{"PUT", 3}, {"DELETE", 6}};
	static const struct slice headers[] = {{"content-type", 12},
					       {"authorization", 13},
					       {"x-requested-with", 16}};
	struct origin_pattern *p = need(arena_array(arena, count, sizeof(*p)));
	struct policy_spec spec = {
	    .origins = p,
	    .origin_count = count,
	    .methods = {methods, 2, false},
	    .headers = {headers, 3, false},
	    .max_age = 600,
	    .preflight_status = 204,
	    .credentials = true,
	};

	for (size_t i = 0; i < count; i++)
		if (origin_pattern_parse(texts[i], &p[i]) !=
		    ORIGIN_FAULT_NONE) {
			fprintf(stderr, "bench/decide: %.*s\n",
				(int)texts[i].len, texts[i].ptr);
			exit(2);
		}
	return ((struct policy_set *)need(policy_set_build(arena, &spec, 1)))
	    ->policies[0];
}

static size_t
draw_exact(const struct row *row)
{
	size_t number = draw() % row->count;

	return is_mixed(row, number) ? number + 1 : number;
}

/* The set of a row, and its requests. */
static void
prepare(struct bench *b, const struct row *row)
{
	struct slice *texts = need(calloc(row->count, sizeof(*texts)));
	double start;

	b->arena = need(arena_new());
	for (size_t i = 0; i < row->count; i++)
		texts[i] = print_origin(
		    b->arena,
		    is_mixed(row, i) ? &mixed[i / (row->count / MIXED) %
					      (sizeof(mixed) / sizeof(*mixed))]
				     : &row->pattern,
		    i);
	start = now();
	b->policy = build(b->arena, texts, row->count);
	b->load = (now() - start) / 1e6;
	free(texts);
	for (size_t i = 0; i < TURN; i++) {
		size_t number = draw_exact(row);
		b->hit[i] = print_origin(b->arena, &row->hit, number);
		b->miss[i] = print_origin(b->arena, &row->miss, number);
	}
	b->cold = need(arena_array(b->arena, COLD, sizeof(*b->cold)));
	for (size_t i = 0; i < COLD; i++)
		b->cold[i] = print_origin(b->arena, &row->hit, draw_exact(row));
}

static void
request_for(struct request *request, enum kind kind)
{
	memset(request, 0, sizeof(*request));
	request->method = kind == ACTUAL ? SLICE("GET") : SLICE("OPTIONS");
	request->origin_count = 1;
	if (kind == ACTUAL)
		return;
	request->acrm = SLICE("PUT");
	request->acrm_count = 1;
	request->acrh[0] = SLICE("authorization,content-type");
	request->acrh_count = 1;
}

/* Nanoseconds per decision, the best of some rounds. */
static double
measure(const struct bench *b, enum kind kind, const struct slice *origins,
	size_t count, bool want)
{
	static struct cors_decision d;
	struct slice parts[CORS_PARTS_MAX];
	struct request request;
	double best = 1e9;
	size_t loops = count > TURN ? count : (size_t)1 << 18;

	request_for(&request, kind);
	for (int round = 0; round < ROUNDS; round++) {
		double start = now();
		for (size_t i = 0; i < loops; i++) {
			request.origin = origins[i & (count - 1)];
			decide_by_policy(b->policy, &request, NULL, &d);
			if (d.origin_allowed != want) {
				fprintf(stderr, "bench/decide: wrong\n");
				exit(2);
			}
			if (kind == ANSWERED)
				sum += (unsigned)cors_parts(&d, parts);
		}
		double each = (now() - start) / (double)loops;
		if (each < best)
			best = each;
	}
	return best;
}

static bool
judge(const char *what, double value, double target, const char *unit)
{
	printf("%-46s %8.2f%s  at most %g%s: %s\n", what, value, unit, target,
	       unit, value <= target ? "kept" : "MISSED");
	return value <= target;
}

int
main(int argc, char **argv)
{
	bool check = argc > 1 && strcmp(argv[1], "-c") == 0, good = true;
	double worst[2] = {0, 0}, two[2] = {1, 1}, million[2] = {0, 0};

	printf("%8s %-6s %8s %8s %8s %8s %8s %8s %8s\n", "origins", "form",
	       "actual", "miss", "prefl.", "miss", "+lines", "cold", "load ms");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct bench b = {0};
		prepare(&b, row);
		double ns[] = {
		    measure(&b, ACTUAL, b.hit, TURN, true),
		    measure(&b, ACTUAL, b.miss, TURN, false),
		    measure(&b, PREFLIGHT, b.hit, TURN, true),
		    measure(&b, PREFLIGHT, b.miss, TURN, false),
		    measure(&b, ANSWERED, b.hit, TURN, true),
		    measure(&b, ACTUAL, b.cold, COLD, true),
		};
		printf("%8zu %-6s %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f\n",
		       row->count, row->name, ns[0], ns[1], ns[2], ns[3], ns[4],
		       ns[5], b.load);
		arena_free(b.arena);
		for (int k = 0; k < 2 && row->judged; k++) {
			double most = ns[2 * k] > ns[2 * k + 1] ? ns[2 * k]
								: ns[2 * k + 1];
			worst[k] = most > worst[k] ? most : worst[k];
			if (row->count == 2)
				two[k] = ns[2 * k];
			if (row->count == 1000000 && ns[2 * k] > million[k])
				million[k] = ns[2 * k];
		}
	}
	good &=
	    judge("actual request, worst, hit or miss", worst[0], 60, " ns");
	good &=
	    judge("preflight with two headers, worst", worst[1], 150, " ns");
	good &= judge("actual: 10^6 origins against 2", million[0] / two[0],
		      1.3, " x");
	good &= judge("preflight: 10^6 origins against 2", million[1] / two[1],
		      1.3, " x");
	return check && !good ? 1 : 0;
}
