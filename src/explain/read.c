/*
 * What a browser does with pasted responses.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/findings.h"

#include "base/array.h"
#include "base/text.h"

enum { BLOCKS_MAX = 16 };

struct blocks {
	struct explanation *e;
	struct response at[BLOCKS_MAX];
	size_t count;
	struct fetch_field *fields; /* of the last one */
	size_t room;
	bool open;	   /* the last one may get more lines */
	bool has_statuses; /* responses begin with one; other text is a body */
};

/* The number after "HTTP/1.1 ", ":status:", "Status:"; 0: another line. */
static int
read_status(struct slice line)
{
	static const char *const heads[] = {
	    ":status:", "Status:", "Status Code:"};
	uint64_t status;

	if (slice_starts(line, SLICE("HTTP/")))
		line = slice_after(line, text_find(line, ' '));
	else
		for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
			if (text_starts_nocase(line, slice_from(heads[i]))) {
				line = slice_after(line, strlen(heads[i]));
				break;
			} else if (i + 1 == sizeof(heads) / sizeof(heads[0])) {
				return 0;
			}
	line = text_trim(line);
	line.len = text_digits(line);
	return line.len == 3 && text_number(line, 999, &status) ? (int)status
								: 0;
}

static struct response *
open_block(struct blocks *b)
{
	if (b->open)
		return &b->at[b->count - 1];
	if (b->count == BLOCKS_MAX)
		return NULL;
	b->open = true;
	b->at[b->count] = (struct response){.known = true};
	b->fields = NULL;
	b->room = 0;
	return &b->at[b->count++];
}

static void
add_field(struct blocks *b, struct slice name, struct slice value)
{
	struct response *to = open_block(b);

	if (to == NULL)
		return;
	/* Fields are only added to the last block. */
	if (!array_grow_in(b->e->arena, &b->fields, to->fields.count, &b->room,
			   sizeof(*b->fields))) {
		b->e->out_of_memory = true;
		return;
	}
	b->fields[to->fields.count] =
	    (struct fetch_field){name, text_trim_http(value)};
	to->fields = (struct fetch_fields){b->fields, to->fields.count + 1};
}

static void
begin_block(struct blocks *b, int status, const char *line)
{
	/* The body before it ends here. */
	if (!b->open && b->count > 0 && slice_present(b->at[b->count - 1].body))
		b->at[b->count - 1].body.len =
		    (size_t)(line - b->at[b->count - 1].body.ptr);
	/* A status line after fields begins the next response. */
	if (b->open && (b->at[b->count - 1].status != 0 ||
			b->at[b->count - 1].fields.count > 0))
		b->open = false;
	struct response *to = open_block(b);
	if (to != NULL)
		to->status = status;
}

static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alpha(name.ptr[i]) &&
		    !ascii_is_digit(name.ptr[i]) &&
		    strchr("-_.", name.ptr[i]) == NULL)
			return false;
	return name.len > 0;
}

/* Read a line; of curl -v only received lines ("< ").  Developer tools copy a
 * value to the line below its name. */
static void
read_line(struct blocks *b, struct slice line, struct slice *rest)
{
	line = text_trim(line);
	if (line.len > 0 && (line.ptr[0] == '>' || line.ptr[0] == '*'))
		return;
	if (line.len > 0 && line.ptr[0] == '<')
		line = text_trim(slice_after(line, 1));
	if (line.len == 0) {
		/* Error pages show which server it is. */
		if (b->open && b->has_statuses)
			b->at[b->count - 1].body = *rest;
		b->open = false;
		return;
	}
	int status = read_status(line);
	if (status != 0) {
		b->has_statuses = true;
		begin_block(b, status, line.ptr);
		return;
	}
	if (b->has_statuses && !b->open)
		return;
	size_t colon = text_find(line, ':');
	struct slice name = text_trim(slice_of(line.ptr, colon));
	if (colon == line.len || !is_name(name))
		return;
	struct slice value = slice_after(line, colon + 1);
	if (value.len == 0 && rest->len > 0)
		value = text_line_next(rest);
	add_field(b, name, value);
}

/* 100 Continue and the like come before the final response. */
static void
drop_interim(struct blocks *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->at[i].status == 0 || b->at[i].status >= 200)
			b->at[kept++] = b->at[i];
	b->count = kept;
}

static void
use(struct explanation *e, struct response *to, const struct response *from,
    int status, const char *by)
{
	*to = *from;
	to->by = by;
	if (to->status == 0) {
		to->status = status;
		texts_add(e, &e->notes,
			  explain_printf(
			      e, "the response has no status: %d is assumed",
			      status));
	}
}

static void
check(struct explanation *e, const struct blocks *b)
{
	const struct response *last = &b->at[b->count - 1];

	if (e->plan.preflight) {
		use(e, &e->preflight, &b->at[0], 204,
		    "The response to the preflight, as it was pasted:");
		if (b->count == 1)
			texts_add(e, &e->notes,
				  "one response was pasted: it is used for the "
				  "preflight and for the request");
		if (!browser_check_preflight(e))
			return;
	}
	use(e, &e->response, last, 200,
	    "The response to the request, as it was pasted:");
	browser_check_response(e);
}

const char *
explain_answers(struct explanation *e, struct slice text)
{
	struct blocks *b = arena_alloc(e->arena, sizeof(*b));

	e->probed = true;
	if (b == NULL) {
		e->out_of_memory = true;
		return NULL;
	}
	b->e = e;
	while (text.len > 0) {
		struct slice line = text_line_next(&text);
		read_line(b, line, &text);
	}
	drop_interim(b);
	if (b->count == 0)
		return "there is no header in it: paste what curl -i prints, "
		       "or the response headers of the developer tools";
	if (explain_is_settled(e))
		return NULL;
	check(e, b);
	if (!e->out_of_memory && e->plan.cross_origin)
		explain_find(e, NULL, SLICE_NONE);
	return NULL;
}
