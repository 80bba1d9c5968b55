/*
 * Counters of a responder.
 *
 * Counting takes no lock: every counter is atomic, and the table of policies
 * only ever grows (a policy keeps its counters over a reload by its name).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory_stream.h"
#include "cors/decide.h"

/* The label `outcome` of a request. */
enum outcome_label {
	OUTCOME_RUN,
	OUTCOME_PREFLIGHT,
	OUTCOME_PREFLIGHT_REFUSED,
	OUTCOME_OPTIONS,
	OUTCOME_METHOD_REFUSED,
	OUTCOME_BLOCKED,
	OUTCOME_STATUS,
	OUTCOME_ERROR,
	OUTCOME_COUNT
};

static const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_RUN] = "run",
    [OUTCOME_PREFLIGHT] = "preflight",
    [OUTCOME_PREFLIGHT_REFUSED] = "preflight-refused",
    [OUTCOME_OPTIONS] = "options",
    [OUTCOME_METHOD_REFUSED] = "method-refused",
    [OUTCOME_BLOCKED] = "blocked",
    [OUTCOME_STATUS] = "status",
    [OUTCOME_ERROR] = "error",
};

/* Upper bounds of the histogram in microseconds, and as labels. */
static const struct bound {
	uint64_t microseconds;
	const char *label;
} bounds[] = {
    {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},      {1000, "0.001"},
    {2500, "0.0025"}, {5000, "0.005"},	{10000, "0.01"},      {25000, "0.025"},
    {50000, "0.05"},  {100000, "0.1"},	{250000, "0.25"},     {500000, "0.5"},
    {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},	      {10000000, "10"},
    {30000000, "30"}, {60000000, "60"}, {UINT64_MAX, "+Inf"},
};

enum {
	BOUNDS = sizeof(bounds) / sizeof(bounds[0]),
	NAME_MAX_BYTES = 64, /* section names end at 49 */
	SLOTS = 512,	     /* of the table, a power of two */
	SLOTS_USED = 384,    /* further names are counted as "[other]" */
	FAILURES = 64,
	CODES = 600
};

typedef _Atomic uint64_t counter;

struct series {
	char name[NAME_MAX_BYTES];
	size_t name_len;
	counter requests[OUTCOME_COUNT][CORS_REASON_COUNT];
	counter reported;
};

struct histogram {
	counter buckets[BOUNDS]; /* not cumulative */
	counter microseconds;
};

struct failure {
	_Atomic(const char *) id;
	counter count;
};

struct metrics {
	pthread_mutex_t lock; /* for new series and failures */
	_Atomic(struct series *) slots[SLOTS];
	size_t used;
	struct series other;
	struct failure failures[FAILURES];
	counter codes[CODES];
	counter body_bytes;
	struct histogram own;	    /* our own responses */
	struct histogram program;   /* a program ran */
	counter warm[WARM_RESULTS]; /* by enum warm_result */
	counter reloads[2]; /* [0]: the policy had errors; [1]: loaded */
	_Atomic int64_t running;
	const atomic_uint *busy; /* workers; NULL: no responder */
	const atomic_uint *most;
	int64_t started; /* seconds since 1970 */
};

struct metrics *
metrics_new(void)
{
	struct metrics *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	memcpy(s->other.name, "[other]", sizeof("[other]"));
	s->other.name_len = sizeof("[other]") - 1;
	s->started = clock_wall_ms() / 1000;
	return s;
}

void
metrics_free(struct metrics *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(atomic_load(&s->slots[i]));
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
add(counter *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static uint64_t
value(const counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

/* ---- series by policy ---- */

static size_t
slot_of(struct slice name)
{
	return (size_t)hash_bytes(name, 0) & (SLOTS - 1); /* names are ours */
}

/* The slot with the name, or the empty one where it belongs. */
static size_t
find(struct metrics *s, struct slice name, struct series **found)
{
	size_t i = slot_of(name);

	for (;; i = (i + 1) & (SLOTS - 1)) {
		struct series *e =
		    atomic_load_explicit(&s->slots[i], memory_order_acquire);

		*found = e;
		if (e == NULL || slice_eq(slice_of(e->name, e->name_len), name))
			return i;
	}
}

static struct series *
insert(struct metrics *s, struct slice name)
{
	struct series *e;
	size_t slot;

	if (name.len >= NAME_MAX_BYTES)
		return &s->other;
	pthread_mutex_lock(&s->lock);
	slot = find(s, name, &e);
	if (e == NULL && s->used < SLOTS_USED &&
	    (e = calloc(1, sizeof(*e))) != NULL) {
		memcpy(e->name, name.ptr, name.len);
		e->name_len = name.len;
		s->used++;
		atomic_store_explicit(&s->slots[slot], e, memory_order_release);
	}
	pthread_mutex_unlock(&s->lock);
	return e != NULL ? e : &s->other;
}

/* The name of a policy.  If none applied, it is in brackets, because no
 * [cors NAME] can have such a name. */
static struct slice
policy_name(const struct settings *settings, int policy)
{
	struct slice name;

	if (policy < 0 || (size_t)policy >= settings->policies->count)
		return SLICE("[none]");
	name = settings->policies->policies[policy]->spec.name;
	return name.len == 0 ? SLICE("[cors]") : name;
}

static struct series *
series_of(struct metrics *s, struct slice name)
{
	struct series *e;

	find(s, name, &e);
	return e != NULL ? e : insert(s, name);
}

/* ---- counting ---- */

static enum outcome_label
outcome_of(const struct outcome *o)
{
	switch ((enum cors_verdict)o->verdict) {
	case CORS_RUN:
	case CORS_BAD_PATH:
	case CORS_BAD_HOST:
	case CORS_UNKNOWN_POLICY:
		break;
	case CORS_ANSWER_PREFLIGHT:
		return o->reason == CORS_REASON_NONE
			   ? OUTCOME_PREFLIGHT
			   : OUTCOME_PREFLIGHT_REFUSED;
	case CORS_REFUSE_PREFLIGHT:
		return OUTCOME_PREFLIGHT_REFUSED;
	case CORS_ANSWER_OPTIONS:
		return OUTCOME_OPTIONS;
	case CORS_REFUSE_METHOD:
		return OUTCOME_METHOD_REFUSED;
	case CORS_BLOCK:
		return OUTCOME_BLOCKED;
	}
	if (o->ran)
		return OUTCOME_RUN;
	return o->failure == NULL && o->policy < 0 ? OUTCOME_STATUS
						   : OUTCOME_ERROR;
}

static void
count_failure(struct metrics *s, const char *id)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < FAILURES; i++) {
		struct failure *f = &s->failures[i];
		const char *have = atomic_load(&f->id);

		if (have != NULL && strcmp(have, id) != 0)
			continue;
		add(&f->count, 1);
		if (have == NULL)
			atomic_store(&f->id, id);
		break;
	}
	pthread_mutex_unlock(&s->lock);
}

static void
count_time(struct histogram *h, uint64_t microseconds)
{
	size_t i = 0;

	while (microseconds > bounds[i].microseconds)
		i++;
	add(&h->buckets[i], 1);
	add(&h->microseconds, microseconds);
}

void
metrics_count(struct metrics *s, const struct settings *settings,
	      const struct outcome *o)
{
	struct series *e = series_of(s, policy_name(settings, o->policy));
	unsigned reason = (unsigned)o->reason;

	if (reason >= CORS_REASON_COUNT)
		reason = CORS_REASON_NONE;
	add(&e->requests[outcome_of(o)][reason], 1);
	if (o->reported)
		add(&e->reported, 1);
	if (o->status >= 0 && o->status < CODES)
		add(&s->codes[o->status], 1);
	if (o->warm != WARM_NONE)
		add(&s->warm[o->warm], 1);
	if (o->body_bytes > 0)
		add(&s->body_bytes, o->body_bytes);
	if (o->failure != NULL)
		count_failure(s, o->failure);
	count_time(o->ran ? &s->program : &s->own, o->microseconds);
}

void
metrics_failed(struct metrics *s, const char *id)
{
	count_failure(s, id);
}

void
metrics_running(struct metrics *s, int change)
{
	atomic_fetch_add_explicit(&s->running, change, memory_order_relaxed);
}

void
metrics_show_workers(struct metrics *s, const atomic_uint *busy,
		     const atomic_uint *most)
{
	s->busy = busy;
	s->most = most;
}

void
metrics_reloaded(struct metrics *s, bool taken)
{
	add(&s->reloads[taken], 1);
}

/* ---- the text ---- */

static void
head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: `\`, `"` and newline are escaped (exposition format
 * 0.0.4).  Our names do not contain these; this is for future ones. */
static void
label(FILE *f, const char *name, struct slice text)
{
	fprintf(f, "%s=\"", name);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n') {
			fputs("\\n", f);
			continue;
		}
		if (c == '\\' || c == '"')
			putc('\\', f);
		putc(c, f);
	}
	putc('"', f);
}

static void
put_series(FILE *f, const struct series *e)
{
	for (unsigned b = 0; b < OUTCOME_COUNT; b++) {
		for (unsigned r = 0; r < CORS_REASON_COUNT; r++) {
			uint64_t n = value(&e->requests[b][r]);

			if (n == 0)
				continue;
			fputs("corswrap_requests_total{", f);
			label(f, "policy", slice_of(e->name, e->name_len));
			fprintf(f,
				",outcome=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
				outcome_names[b],
				cors_reason_id((enum cors_reason)r), n);
		}
	}
}

static void
put_reported(FILE *f, const struct series *e)
{
	uint64_t n = value(&e->reported);

	if (n == 0)
		return;
	fputs("corswrap_reported_total{", f);
	label(f, "policy", slice_of(e->name, e->name_len));
	fprintf(f, "} %" PRIu64 "\n", n);
}

static void
each_series(struct metrics *s, FILE *f,
	    void (*put)(FILE *, const struct series *))
{
	for (size_t i = 0; i < SLOTS; i++) {
		const struct series *e =
		    atomic_load_explicit(&s->slots[i], memory_order_acquire);

		if (e != NULL)
			put(f, e);
	}
	put(f, &s->other);
}

static void
put_histogram(FILE *f, const struct histogram *h, const char *by)
{
	uint64_t n = 0, us = value(&h->microseconds);

	for (size_t i = 0; i < BOUNDS; i++) {
		n += value(&h->buckets[i]);
		fprintf(f,
			"corswrap_request_duration_seconds_bucket{by=\"%s\","
			"le=\"%s\"} %" PRIu64 "\n",
			by, bounds[i].label, n);
	}
	fprintf(f,
		"corswrap_request_duration_seconds_sum{by=\"%s\"} %" PRIu64
		".%06" PRIu64 "\n",
		by, us / 1000000, us % 1000000);
	fprintf(f,
		"corswrap_request_duration_seconds_count{by=\"%s\"} %" PRIu64
		"\n",
		by, n);
}

static void
put_codes(struct metrics *s, FILE *f)
{
	head(f, "corswrap_responses_total", "counter",
	     "Responses by status code; 0: no response was sent.");
	for (unsigned i = 0; i < CODES; i++)
		if (value(&s->codes[i]) > 0)
			fprintf(f,
				"corswrap_responses_total{code=\"%u\"} %" PRIu64
				"\n",
				i, value(&s->codes[i]));
}

static void
put_failures(struct metrics *s, FILE *f)
{
	head(f, "corswrap_failures_total", "counter",
	     "Requests that failed, by cause.");
	for (size_t i = 0; i < FAILURES; i++) {
		const char *id = atomic_load(&s->failures[i].id);

		if (id == NULL)
			break;
		fputs("corswrap_failures_total{", f);
		label(f, "failure", slice_from(id));
		fprintf(f, "} %" PRIu64 "\n", value(&s->failures[i].count));
	}
}

static void
put_requests(struct metrics *s, FILE *f)
{
	head(f, "corswrap_requests_total", "counter",
	     "Requests by policy, outcome and reason.");
	each_series(s, f, put_series);
	head(f, "corswrap_reported_total", "counter",
	     "Requests that enforce = block or isolate = yes would have "
	     "refused.");
	each_series(s, f, put_reported);
}

static void
put_single(FILE *f, const char *name, const char *type, const char *help,
	   int64_t n)
{
	head(f, name, type, help);
	fprintf(f, "%s %" PRId64 "\n", name, n);
}

static void
put_warm(struct metrics *s, FILE *f)
{
	static const char *const names[WARM_RESULTS] = {
	    [WARM_USED] = "warm", [WARM_COLD] = "cold", [WARM_STALE] = "stale"};

	head(f, "corswrap_warm_requests_total", "counter",
	     "Requests for scripts of [warm], by how they ran.");
	for (size_t i = WARM_USED; i < WARM_RESULTS; i++)
		fprintf(f,
			"corswrap_warm_requests_total{result=\"%s\"} %" PRIu64
			"\n",
			names[i], value(&s->warm[i]));
}

/* The load, by which an autoscaler can add machines. */
static void
put_workers(struct metrics *s, FILE *f)
{
	if (s->busy == NULL)
		return;
	put_single(
	    f, "corswrap_busy_workers", "gauge",
	    "Workers that are responding now, with the one of this request.",
	    atomic_load_explicit(s->busy, memory_order_relaxed));
	put_single(f, "corswrap_workers", "gauge",
		   "Workers that may respond at a time.",
		   atomic_load_explicit(s->most, memory_order_relaxed));
}

static void
put_all(struct metrics *s, FILE *f)
{
	put_requests(s, f);
	put_codes(s, f);
	put_failures(s, f);
	head(f, "corswrap_request_duration_seconds", "histogram",
	     "From the first parameter to the last byte of the response, by "
	     "what responded.");
	put_histogram(f, &s->own, "corswrap");
	put_histogram(f, &s->program, "program");
	put_single(f, "corswrap_response_body_bytes_total", "counter",
		   "Bytes of response bodies.", (int64_t)value(&s->body_bytes));
	put_single(f, "corswrap_running_programs", "gauge",
		   "Programs that are running.",
		   atomic_load_explicit(&s->running, memory_order_relaxed));
	put_workers(s, f);
	put_warm(s, f);
	head(f, "corswrap_reloads_total", "counter",
	     "Reloads of the policy, taken or refused.");
	fprintf(f,
		"corswrap_reloads_total{result=\"taken\"} %" PRIu64
		"\ncorswrap_reloads_total{result=\"refused\"} %" PRIu64 "\n",
		value(&s->reloads[1]), value(&s->reloads[0]));
	put_single(f, "corswrap_start_time_seconds", "gauge",
		   "When the responder was started, in seconds since 1970.",
		   s->started);
}

static int
send_text(struct exchange *x, const char *text, size_t len, bool with_body)
{
	char header[256];
	int n = snprintf(
	    header, sizeof(header),
	    "Status: 200 OK\r\n"
	    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    len);

	if (x->out->write(x->out, header, (size_t)n) < 0)
		return -1;
	if (!with_body)
		return 0;
	x->outcome.body_bytes += len;
	return x->out->write(x->out, text, len);
}

int
metrics_answer(struct metrics *s, struct exchange *x, bool is_head)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = memory_stream(&text, &len);
	int result = 1;

	if (f == NULL)
		return 1;
	put_all(s, f);
	/* If fclose fails, memory was short, and the text is cut off. */
	if (fclose(f) == 0) {
		x->outcome.status = 200;
		result = send_text(x, text, len, !is_head);
	}
	free(text);
	return result;
}
