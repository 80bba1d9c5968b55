/*
 * Origins by regular expression, through PCRE2.
 *
 * The mistakes that made such lists the best-known hole in CORS (sanic-cors,
 * CVE-2026-37737, and many before it) cannot be made here: a pattern is always
 * anchored at both ends, the subject is always a whole, well-formed origin, and
 * limits bound the time and the memory that one request can take.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#define PCRE2_CODE_UNIT_WIDTH 8
#include "cors/regex.h"

#include <pcre2.h>
#include <stdalign.h>
#include <stdlib.h>

#include "base/text.h"

/*
 * An origin has 326 bytes at most and 127 labels.  A sane pattern needs some
 * hundreds of steps for it; one that backtracks without end stops within a
 * few milliseconds.
 */
enum {
	MATCH_LIMIT = 50000,
	DEPTH_LIMIT = 2000,
	FRAMES_KIB = 256, /* pcre2_set_heap_limit */
	FRAMES_BYTES = FRAMES_KIB * 1024
};

struct regex {
	pcre2_code *code;
};

/*
 * PCRE2 keeps its backtracking in memory that it asks for when a pattern first
 * needs it, and copies it into a larger piece when it needs more: two pieces at
 * a time.  We have two ready, so that no request allocates.  Pages that are
 * never touched cost nothing.
 */
struct room {
	bool taken;
	alignas(max_align_t) unsigned char bytes[FRAMES_BYTES];
};

struct regex_scratch {
	bool ready; /* complete: from now on only the rooms are handed out */
	pcre2_general_context *general;
	pcre2_match_data *data;
	pcre2_match_context *context;
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
	/* Without room the match fails: not allowed. */
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

/* " at N" behind the message, if it fits. */
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

struct regex *
regex_compile(struct slice pattern, char *error, size_t error_cap)
{
	int code = 0;
	size_t offset = 0;
	struct regex *regex = calloc(1, sizeof(*regex));

	if (error_cap > 0)
		error[0] = '\0';
	if (regex == NULL) {
		if (error_cap >= sizeof("memory is out"))
			memcpy(error, "memory is out", sizeof("memory is out"));
		return NULL;
	}
	/*
	 * ANCHORED and ENDANCHORED bind every alternative of "a|b", and
	 * (*ACCEPT) too.  Origins are ASCII in one case: a pattern that asks
	 * for Unicode is mistaken, and one byte may not mean several.
	 */
	regex->code = pcre2_compile(
	    (PCRE2_SPTR)pattern.ptr, pattern.len,
	    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
		PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C,
	    &code, &offset, NULL);
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
	/* One pair: only the whole match is of interest. */
	scratch->data = pcre2_match_data_create(1, scratch->general);
	scratch->context = pcre2_match_context_create(scratch->general);
	if (scratch->general == NULL || scratch->data == NULL ||
	    scratch->context == NULL) {
		regex_scratch_free(scratch);
		return NULL;
	}
	(void)pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
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

	int rc = pcre2_match(regex->code, (PCRE2_SPTR)subject.ptr, subject.len,
			     0, 0, scratch->data, scratch->context);
	if (rc < 0) /* no match, or a limit: fail closed */
		return false;
	/* \K can move the start of a match: it must still be the whole. */
	const PCRE2_SIZE *span = pcre2_get_ovector_pointer(scratch->data);
	return span[0] == 0 && span[1] == subject.len;
}
