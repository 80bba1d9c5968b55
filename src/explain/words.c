/*
 * Functions that make the texts of an explanation.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/array.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>

/* ---- building blocks ---- */

static const char *explain_vprintf(struct explanation *, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

static const char *
explain_vprintf(struct explanation *e, const char *format, va_list list)
{
	va_list again;
	char *text = NULL;
	int len;

	va_copy(again, list);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len >= 0)
		text = arena_alloc(e->arena, (size_t)len + 1);
	if (text == NULL) {
		e->out_of_memory = true;
		return "";
	}
	vsnprintf(text, (size_t)len + 1, format, list);
	return text;
}

bool
explain_out_of_memory(const struct explanation *e)
{
	return e->out_of_memory || arena_failed(e->arena);
}

const char *
explain_printf(struct explanation *e, const char *format, ...)
{
	va_list list;
	const char *text;

	va_start(list, format);
	text = explain_vprintf(e, format, list);
	va_end(list);
	return text;
}

const char *
explain_quote(struct explanation *e, struct slice s)
{
	size_t room = TEXT_QUOTED_ROOM(s.len);
	char *text = arena_alloc(e->arena, room);

	if (text == NULL) {
		e->out_of_memory = true;
		return "";
	}
	text_quote(s, "", text, room);
	return text;
}

/* Make room for one more item.  False: memory is out, and out_of_memory is
 * set. */
static bool
grow(struct explanation *e, void *array, size_t count, size_t *room,
     size_t size)
{
	if (array_grow_in(e->arena, array, count, room, size))
		return true;
	e->out_of_memory = true;
	return false;
}

void
texts_add(struct explanation *e, struct texts *texts, const char *text)
{
	if (grow(e, &texts->at, texts->count, &texts->room, sizeof(*texts->at)))
		texts->at[texts->count++] = text;
}

void
checks_add(struct explanation *e, struct checks *checks, bool passes,
	   const char *text)
{
	if (grow(e, &checks->at, checks->count, &checks->room,
		 sizeof(*checks->at)))
		checks->at[checks->count++] = (struct check){passes, text};
}

void
finding_add(struct explanation *e, const char *id, bool serious,
	    const char *fix, const char *format, ...)
{
	va_list list;

	if (!grow(e, &e->findings, e->finding_count, &e->finding_room,
		  sizeof(*e->findings)))
		return;
	va_start(list, format);
	e->findings[e->finding_count++] = (struct finding){
	    id, serious, explain_vprintf(e, format, list), fix};
	va_end(list);
}

const char *
explain_noted(struct explanation *e, const char *text)
{
	for (size_t i = 0; i < e->notes.count; i++)
		text =
		    explain_printf(e, "%s (Note: %s.)", text, e->notes.at[i]);
	return text;
}

/* ---- verdicts ---- */

void
explain_blocked(struct explanation *e, const char *id, const char *message,
		const char *fix)
{
	e->verdict = VERDICT_BLOCKED;
	e->reason = id;
	e->message = message;
	e->fix = fix;
}

void
explain_unreachable(struct explanation *e, const char *id, const char *message,
		    const char *fix)
{
	explain_blocked(e, id, message, fix);
	e->unreachable = true;
}
