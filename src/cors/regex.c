/*
 * Origins by regular expression, through PCRE2.
 *
 * Regular expressions for origins have caused many vulnerabilities (sanic-cors,
 * CVE-2026-37737, and others before).  So a pattern here is always anchored at
 * both ends, the subject is always a whole, valid origin, and the time and
 * memory for a request are limited.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#define PCRE2_CODE_UNIT_WIDTH 8
#include "cors/regex.h"

#ifndef WITHOUT_PCRE2
#include <pcre2.h>
#endif
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

#ifdef WITHOUT_PCRE2
/* Every expression is an error, so none can allow an origin. */
struct regex *
regex_compile(struct slice pattern, char *error, size_t error_cap)
{
	static const char why[] = "this program is built without PCRE2";

	(void)pattern;
	if (error_cap > 0) {
		size_t len = sizeof(why) - 1;

		if (len > error_cap - 1)
			len = error_cap - 1;
		memcpy(error, why, len);
		error[len] = '\0';
	}
	return NULL;
}

void
regex_free(struct regex *regex)
{
	(void)regex;
}

struct regex_scratch *
regex_scratch_new(void)
{
	return NULL;
}

void
regex_scratch_free(struct regex_scratch *scratch)
{
	(void)scratch;
}

bool
regex_match(const struct regex *regex, struct slice subject,
	    struct regex_scratch *scratch)
{
	(void)regex;
	(void)subject;
	(void)scratch;
	return false;
}
#else

/*
 * An origin has at most 326 bytes and 127 labels; a reasonable pattern needs
 * some hundreds of steps for it.  PCRE2's own limit counts backtracking points,
 * and between two of them PCRE2 can process the whole compiled pattern:
 * (?:a?){3000} took 7 us for each, 330 ms for 50,000.  So every item of a
 * pattern has a callout, which counts steps: 50,000 take less than a
 * millisecond.
 *
 * With callouts a pattern can exceed the 64 KiB that PCRE2 allows.  It is then
 * compiled without them, and the limit on backtracking points depends on its
 * size: processing LARGE_BUDGET bytes takes 2 to 3 ms (t/cors/regex-cost.t
 * counts 40 million instructions).
 */
enum {
	MATCH_LIMIT = 50000,
	STEP_LIMIT = 50000,
	LARGE_BUDGET = 3 * 1000 * 1000,
	DEPTH_LIMIT = 2000,
	FRAMES_KIB = 256, /* pcre2_set_heap_limit */
	FRAMES_BYTES = FRAMES_KIB * 1024
};

struct regex {
	pcre2_code *code;
	uint32_t match_limit;
	bool names_file;
};

/*
 * PCRE2 allocates memory for backtracking when a pattern first needs it, and
 * copies it into a larger piece when it needs more: two pieces at a time.  Two
 * pieces are allocated in advance, so that no request allocates.  Pages that
 * are never touched cost nothing.
 */
struct room {
	bool taken;
	alignas(max_align_t) unsigned char bytes[FRAMES_BYTES];
};

struct regex_scratch {
	bool ready; /* from now on only `rooms` is allocated from */
	pcre2_general_context *general;
	pcre2_match_data *data;
	pcre2_match_context *context;
	unsigned long steps; /* of the match that runs */
	struct room rooms[2];
};

static void *
allocate(PCRE2_SIZE size, void *owner)
{
	struct regex_scratch *scratch = owner;

	if (!scratch->ready)
		return malloc(size);
	struct room *room = &scratch->rooms[scratch->rooms[0].taken ? 1 : 0];
	bool fits = !room->taken && size <= sizeof(room->bytes);

	room->taken = room->taken || fits;
	/* If no piece fits, the match fails: not allowed. */
	return fits ? room->bytes : NULL;
}

static void
release(void *bytes, void *owner)
{
	struct regex_scratch *scratch = owner;

	for (int i = 0; i < 2; i++) {
		if (bytes != (void *)scratch->rooms[i].bytes)
			continue;
		scratch->rooms[i].taken = false;
		return;
	}
	free(bytes);
}

/* Append " at N" to the message, if it fits. */
static void
add_offset(char *error, size_t cap, size_t offset)
{
	static const char at[] = " at ";
	char text[sizeof(at) + TEXT_DECIMAL_MAX];
	size_t len = strlen(error), more = sizeof(at) - 1;

	memcpy(text, at, more);
	more += text_put_decimal(text + more, offset);
	text[more++] = '\0';
	if (cap - len >= more)
		memcpy(error + len, text, more);
}

/*
 * ANCHORED and ENDANCHORED apply to every alternative of "a|b", and to
 * (*ACCEPT).  Origins are lower-case ASCII, so a pattern that enables Unicode
 * is a mistake.
 */
static pcre2_code *
compile(struct slice pattern, uint32_t more, int *error, size_t *offset)
{
	return pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len,
			     PCRE2_ANCHORED | PCRE2_ENDANCHORED |
				 PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF |
				 PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
				 more,
			     error, offset, NULL);
}

/* How often a pattern without callouts may backtrack. */
static uint32_t
limit_of_large(const pcre2_code *code)
{
	size_t size = 0;

	(void)pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
	size_t limit = LARGE_BUDGET / (size + 1);
	return limit < MATCH_LIMIT ? (uint32_t)limit : MATCH_LIMIT;
}

static int
count_step(pcre2_callout_block *block, void *owner)
{
	struct regex_scratch *scratch = owner;

	(void)block;
	return ++scratch->steps > STEP_LIMIT ? PCRE2_ERROR_CALLOUT : 0;
}

struct regex *
regex_compile(struct slice pattern, char *error, size_t error_cap)
{
	int code = 0;
	size_t offset = 0;
	struct regex *regex = calloc(1, sizeof(*regex));

	if (error_cap > 0)
		error[0] = '\0';
	if (regex == NULL) {
		if (error_cap >= sizeof("out of memory"))
			memcpy(error, "out of memory", sizeof("out of memory"));
		return NULL;
	}
	regex->match_limit = MATCH_LIMIT;
	regex->code = compile(pattern, PCRE2_AUTO_CALLOUT, &code, &offset);
	/* It is too large with callouts, or invalid: then this fails, too. */
	if (regex->code == NULL && code != PCRE2_ERROR_HEAP_FAILED) {
		regex->code = compile(pattern, 0, &code, &offset);
		if (regex->code != NULL)
			regex->match_limit = limit_of_large(regex->code);
	}
	regex->names_file = pattern.len > 0 &&
			    memmem(pattern.ptr, pattern.len, "file", 4) != NULL;
	if (regex->code != NULL)
		return regex;
	free(regex);
	if (error_cap > 0 &&
	    pcre2_get_error_message(code, (PCRE2_UCHAR *)error, error_cap) > 0)
		add_offset(error, error_cap, offset);
	return NULL;
}

void
regex_free(struct regex *regex)
{
	if (regex == NULL)
		return;
	pcre2_code_free(regex->code);
	free(regex);
}

struct regex_scratch *
regex_scratch_new(void)
{
	struct regex_scratch *scratch = calloc(1, sizeof(*scratch));

	if (scratch == NULL)
		return NULL;
	scratch->general =
	    pcre2_general_context_create(allocate, release, scratch);
	/* One pair: only the whole match is needed. */
	scratch->data = pcre2_match_data_create(1, scratch->general);
	scratch->context = pcre2_match_context_create(scratch->general);
	if (scratch->general == NULL || scratch->data == NULL ||
	    scratch->context == NULL) {
		regex_scratch_free(scratch);
		return NULL;
	}
	(void)pcre2_set_callout(scratch->context, count_step, scratch);
	(void)pcre2_set_depth_limit(scratch->context, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(scratch->context, FRAMES_KIB);
	scratch->ready = true;
	return scratch;
}

void
regex_scratch_free(struct regex_scratch *scratch)
{
	if (scratch == NULL)
		return;
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	pcre2_general_context_free(scratch->general);
	free(scratch);
}

bool
regex_match(const struct regex *regex, struct slice subject,
	    struct regex_scratch *scratch)
{
	if (scratch == NULL)
		return false;

	/* The author of ".*" hardly means to allow local files in webviews. */
	if (!regex->names_file && slice_eq(subject, SLICE("file://")))
		return false;
	scratch->steps = 0;
	(void)pcre2_set_match_limit(scratch->context, regex->match_limit);
	int rc = pcre2_match(regex->code, (PCRE2_SPTR)subject.ptr, subject.len,
			     0, 0, scratch->data, scratch->context);
	if (rc < 0) /* no match, or a limit: fail closed */
		return false;
	/* \K can move the start of a match: the match must still be the whole
	 * subject. */
	const PCRE2_SIZE *span = pcre2_get_ovector_pointer(scratch->data);
	return span[0] == 0 && span[1] == subject.len;
}
#endif
