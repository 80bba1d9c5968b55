/*
 * Writing the header block of the program again, with the CORS headers of the
 * decision instead of its own.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/header_block.h"

#include "base/text.h"
#include "cors/names.h"

/* The names of one header line, each once, ignoring case. */
struct name_set {
	char text[8192]; /* joined by ", " */
	size_t len;
	bool star;
	bool full;
};

struct writer {
	const struct header_block *block;
	const struct cors_decision *decision; /* NULL: no CORS headers */
	int (*emit)(void *ctx, struct slice piece);
	void *ctx;
	bool failed;
	bool silent;	 /* remove the CORS headers, add none */
	bool keep;	 /* keep the application's own CORS headers */
	bool timing;	 /* remove Timing-Allow-Origin */
	bool resource;	 /* remove Cross-Origin-Resource-Policy */
	bool expose_all; /* list all names: with credentials `*` is literal */
	struct name_set vary;
	struct name_set expose;
};

static void
emit(struct writer *w, struct slice piece)
{
	if (!w->failed && piece.len > 0 && w->emit(w->ctx, piece) != 0)
		w->failed = true;
}

static bool
name_set_has(const struct name_set *set, struct slice name)
{
	struct slice rest = slice_of(set->text, set->len), item;

	while (text_list_next(&rest, &item))
		if (slice_eq_nocase(item, name))
			return true;
	return false;
}

static void
name_set_add(struct name_set *set, struct slice name, bool lower)
{
	if (slice_eq(name, SLICE("*"))) {
		set->star = true;
		return;
	}
	/* A full list is not searched again for each further name. */
	if (set->full || !token_is_valid(name) || name_set_has(set, name))
		return;
	if (set->len + name.len + 2 > sizeof(set->text)) {
		set->full = true;
		return;
	}
	if (set->len > 0) {
		set->text[set->len++] = ',';
		set->text[set->len++] = ' ';
	}
	if (lower)
		text_lower(set->text + set->len, name);
	else
		memcpy(set->text + set->len, name.ptr, name.len);
	set->len += name.len;
}

static void
name_set_add_list(struct name_set *set, struct slice list, bool lower)
{
	struct slice name;

	while (text_list_next(&list, &name))
		name_set_add(set, name, lower);
}

bool
header_next(const struct header_block *block, size_t *at,
	    struct header_field *out)
{
	const char *from = block->buf + *at;

	if (block->early_body || *at >= block->len)
		return false;
	const char *colon = memchr(from, ':', block->len - *at);
	const char *end = memchr(from, '\n', block->len - *at);
	out->name = slice_of(from, (size_t)(colon - from));
	out->value = slice_of(colon + 1, (size_t)(end - colon - 1));
	*at = (size_t)(end - block->buf) + 1;
	return true;
}

/* Names that need not or cannot be exposed, or that the browser does not get as
 * a header. */
static bool
is_never_exposed(struct slice name)
{
	return response_header_is_safelisted(name) ||
	       response_header_is_forbidden(name) ||
	       slice_eq_nocase(name, SLICE("status")) || header_is_cors(name);
}

/* Scan the block once: its fields decide what is written. */
static void
scan(struct writer *w)
{
	const struct cors_decision *d = w->decision;
	const struct policy_spec *spec = &d->policy->spec;
	const struct name_list *expose = cors_expose(d);
	struct header_field field;
	size_t at = 0;

	w->timing = spec->timing != TIMING_NONE;
	w->expose_all = expose != NULL && expose->any && spec->credentials;
	for (size_t i = 0; expose != NULL && i < expose->count; i++)
		name_set_add(&w->expose, expose->names[i], true);
	while (header_next(w->block, &at, &field)) {
		if (spec->keep_app_headers &&
		    slice_eq_nocase(field.name,
				    SLICE("access-control-allow-origin")))
			w->keep = true;
		if (slice_eq_nocase(field.name, SLICE("vary")))
			name_set_add_list(&w->vary, field.value, false);
		if (slice_eq_nocase(field.name,
				    SLICE("access-control-expose-headers")))
			name_set_add_list(&w->expose, field.value, true);
		else if (w->expose_all && !is_never_exposed(field.name))
			name_set_add(&w->expose, field.name, true);
	}
	/* Only `*` in the policy exposes all names, not that of the
	 * application. */
	w->expose.star = expose != NULL && expose->any && !spec->credentials;
}

static bool
is_replaced(const struct writer *w, struct slice name)
{
	if (w->resource &&
	    slice_eq_nocase(name, SLICE("cross-origin-resource-policy")))
		return true;
	if (w->decision == NULL)
		return w->silent && header_is_cors(name);
	if (slice_eq_nocase(name, SLICE("vary")))
		return true;
	if (w->timing && !w->keep &&
	    slice_eq_nocase(name, SLICE("timing-allow-origin")))
		return true;
	return !w->keep && header_is_cors(name);
}

/*
 * RFC 9110, 8.6: a 204 has no Content-Length, and in a 304 it is the length
 * that the 200 would have.  A program that prints 0 there means the empty body
 * of the 304, but a cache would store it as the length of the 200.
 */
static bool
is_wrong_length(const struct writer *w, const struct header_field *field)
{
	if (!w->block->has_length ||
	    !slice_eq_nocase(field->name, SLICE("content-length")))
		return false;
	return w->block->status == 204 ||
	       (w->block->status == 304 && slice_eq(field->value, SLICE("0")));
}

static void
write_field(struct writer *w, const struct header_field *field)
{
	emit(w, field->name);
	emit(w, SLICE(": "));
	emit(w, field->value);
	emit(w, SLICE("\r\n"));
}

static void
write_fields(struct writer *w)
{
	struct header_field field, status = {.name = SLICE("")};
	size_t at = 0;

	while (header_next(w->block, &at, &field)) {
		if (is_replaced(w, field.name) || is_wrong_length(w, &field))
			continue;
		if (w->block->options.status_last &&
		    slice_eq_nocase(field.name, SLICE("status")))
			status = field;
		else
			write_field(w, &field);
	}
	if (status.name.len > 0)
		write_field(w, &status);
}

static void
write_vary(struct writer *w)
{
	unsigned tokens = cors_vary(w->decision);

	if (tokens & CORS_VARY_ORIGIN)
		name_set_add(&w->vary, SLICE("Origin"), false);
	if (tokens & CORS_VARY_METHOD)
		name_set_add(&w->vary, SLICE("Access-Control-Request-Method"),
			     false);
	if (tokens & CORS_VARY_HEADERS)
		name_set_add(&w->vary, SLICE("Access-Control-Request-Headers"),
			     false);
	/* `*` includes every name (RFC 9110, 12.5.5), so it also replaces a
	 * list that is too long. */
	if (w->vary.star || w->vary.full) {
		emit(w, SLICE("Vary: *\r\n"));
	} else if (w->vary.len > 0) {
		emit(w, SLICE("Vary: "));
		emit(w, slice_of(w->vary.text, w->vary.len));
		emit(w, SLICE("\r\n"));
	}
}

static void
write_cors(struct writer *w)
{
	struct slice parts[CORS_PARTS_MAX];
	size_t count = cors_inject_parts(w->decision, parts);

	for (size_t i = 0; i < count; i++)
		emit(w, parts[i]);
	if (cors_expose(w->decision) == NULL)
		return;
	if (w->expose.star) {
		emit(w, SLICE("Access-Control-Expose-Headers: *\r\n"));
	} else if (w->expose.len > 0) {
		emit(w, SLICE("Access-Control-Expose-Headers: "));
		emit(w, slice_of(w->expose.text, w->expose.len));
		emit(w, SLICE("\r\n"));
	}
}

/*
 * If the server itself follows a local redirect, no CORS headers are added: RFC
 * 3875, 6.2.2 allows no other field, and Apache copies all fields to the
 * response of the target, which would then have our headers twice.
 */
static void
set_decision(struct writer *w, const struct cors_decision *decision)
{
	const struct header_block *block = w->block;
	const struct header_options *options = &block->options;

	if (decision == NULL || decision->policy == NULL ||
	    header_is_local_redirect(block))
		return;
	if (options->server_redirects &&
	    block->location == HEADER_LOCATION_LOCAL &&
	    (block->status == 200 ||
	     (block->status == 0 && !options->redirect_302)))
		w->silent = true;
	else
		w->decision = decision;
	w->resource = slice_present(cors_resource_policy(decision));
}

/* Must "Status: 302" be added, because the server would otherwise follow the
 * redirect itself, or send another status? */
static bool
needs_302(const struct header_block *block)
{
	if (block->status != 0)
		return false;
	return block->location == HEADER_LOCATION_LOCAL
		   ? block->options.redirect_302
		   : block->location == HEADER_LOCATION_OTHER &&
			 block->options.say_302;
}

int
header_write(const struct header_block *block,
	     const struct cors_decision *decision,
	     int (*emit_piece)(void *ctx, struct slice piece), void *ctx)
{
	struct writer w;

	/* The text of the sets is large, so it is not cleared; len is how much
	 * of it is used. */
	memset(&w, 0, offsetof(struct writer, vary));
	w.vary.len = w.expose.len = 0;
	w.vary.star = w.vary.full = w.expose.star = w.expose.full = false;
	w.block = block;
	w.emit = emit_piece;
	w.ctx = ctx;
	set_decision(&w, decision);
	if (needs_302(block))
		emit(&w, SLICE("Status: 302 Found\r\n"));
	if (block->early_body)
		emit(&w, SLICE("Content-Type: text/html\r\n"));
	if (w.decision != NULL)
		scan(&w);
	write_fields(&w);
	if (w.decision != NULL) {
		if (!w.keep)
			write_cors(&w);
		emit(&w, cors_resource_policy(w.decision));
		write_vary(&w);
	}
	emit(&w, SLICE("\r\n"));
	return w.failed ? -1 : 0;
}
