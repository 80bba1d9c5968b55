/*
 * Writing a header block anew, with one correct CORS answer in it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/header_block.h"

/* A list of names being gathered, each once, whatever its case. */
struct gathered {
	char text[8192];
	size_t len;
	bool star;
	bool full;
};

struct writer {
	const struct header_block *block;
	const struct cors_decision *decision; /* NULL: nothing of CORS */
	int (*emit)(void *ctx, struct slice piece);
	void *ctx;
	bool failed;
	bool silent;	 /* its CORS headers go and none of ours come */
	bool keep;	 /* the application's own CORS headers stand */
	bool timing;	 /* its Timing-Allow-Origin goes */
	bool expose_all; /* the real names, for `*` with credentials */
	struct gathered vary;
	struct gathered expose;
};

static void
emit(struct writer *w, struct slice piece)
{
	if (!w->failed && piece.len > 0 && w->emit(w->ctx, piece) != 0)
		w->failed = true;
}

static bool
gathered_has(const struct gathered *list, struct slice name)
{
	struct slice rest = slice_of(list->text, list->len);

	while (rest.len > 0) {
		const char *comma = memchr(rest.ptr, ',', rest.len);
		size_t len =
		    comma == NULL ? rest.len : (size_t)(comma - rest.ptr);
		struct slice item = slice_of(rest.ptr, len);
		while (item.len > 0 && item.ptr[0] == ' ')
			item = slice_after(item, 1);
		if (slice_eq_nocase(item, name))
			return true;
		rest = slice_after(rest, comma == NULL ? len : len + 1);
	}
	return false;
}

static void
gather(struct gathered *list, struct slice name, bool lower)
{
	if (slice_eq(name, SLICE("*"))) {
		list->star = true;
		return;
	}
	/* Full: it does not matter any more, and a long list is not worth it.
	 */
	if (list->full || !cors_is_token(name) || gathered_has(list, name))
		return;
	if (list->len + name.len + 2 > sizeof(list->text)) {
		list->full = true;
		return;
	}
	if (list->len > 0) {
		list->text[list->len++] = ',';
		list->text[list->len++] = ' ';
	}
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.ptr[i];
		if (lower)
			byte = ascii_lower(byte);
		list->text[list->len++] = byte;
	}
}

/* Every element of a comma list (RFC 9110, 5.6.1). */
static void
gather_list(struct gathered *list, struct slice value, bool lower)
{
	while (value.len > 0) {
		const char *comma = memchr(value.ptr, ',', value.len);
		size_t len =
		    comma == NULL ? value.len : (size_t)(comma - value.ptr);
		struct slice item = slice_of(value.ptr, len);
		while (item.len > 0 &&
		       (item.ptr[0] == ' ' || item.ptr[0] == '\t'))
			item = slice_after(item, 1);
		while (item.len > 0 && (item.ptr[item.len - 1] == ' ' ||
					item.ptr[item.len - 1] == '\t'))
			item.len--;
		gather(list, item, lower);
		value = slice_after(value, comma == NULL ? len : len + 1);
	}
}

struct field {
	struct slice name;
	struct slice value;
};

/* The next field of the plain form; false at its end. */
static bool
next_field(const struct header_block *block, size_t *at, struct field *out)
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

/* Fetch, "CORS-safelisted response-header name" and "forbidden
 * response-header name": the first need no exposing, the second cannot be. */
static bool
is_never_exposed(struct slice name)
{
	static const char *const names[] = {
	    "cache-control", "content-language", "content-length",
	    "content-type",  "expires",		 "last-modified",
	    "pragma",	     "set-cookie",	 "set-cookie2",
	    "status"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_eq_nocase(name, slice_from(names[i])))
			return true;
	return header_is_cors(name);
}

/* What stands in the block decides what is written: look through it once. */
static void
survey(struct writer *w)
{
	const struct cors_decision *d = w->decision;
	const struct policy_spec *spec = &d->policy->spec;
	const struct name_list *expose = cors_expose(d);
	struct field field;
	size_t at = 0;

	w->timing = spec->timing != TIMING_NONE;
	w->expose_all = expose != NULL && expose->any && spec->credentials;
	for (size_t i = 0; expose != NULL && i < expose->count; i++)
		gather(&w->expose, expose->names[i], true);
	while (next_field(w->block, &at, &field)) {
		if (spec->keep_app_headers &&
		    slice_eq_nocase(field.name,
				    SLICE("access-control-allow-origin")))
			w->keep = true;
		if (slice_eq_nocase(field.name, SLICE("vary")))
			gather_list(&w->vary, field.value, false);
		if (slice_eq_nocase(field.name,
				    SLICE("access-control-expose-headers")))
			gather_list(&w->expose, field.value, true);
		else if (w->expose_all && !is_never_exposed(field.name))
			gather(&w->expose, field.name, true);
	}
	/* The application's `*` says nothing of what the policy exposes. */
	w->expose.star = expose != NULL && expose->any && !spec->credentials;
}

static bool
is_ours(const struct writer *w, struct slice name)
{
	if (w->decision == NULL)
		return w->silent && header_is_cors(name);
	if (slice_eq_nocase(name, SLICE("vary")))
		return true;
	if (w->timing && !w->keep &&
	    slice_eq_nocase(name, SLICE("timing-allow-origin")))
		return true;
	return !w->keep && header_is_cors(name);
}

static void
write_fields(struct writer *w)
{
	struct field field;
	size_t at = 0;

	while (next_field(w->block, &at, &field)) {
		if (is_ours(w, field.name))
			continue;
		emit(w, field.name);
		emit(w, SLICE(": "));
		emit(w, field.value);
		emit(w, SLICE("\r\n"));
	}
}

static void
write_vary(struct writer *w)
{
	unsigned tokens = cors_vary(w->decision);

	if (tokens & CORS_VARY_ORIGIN)
		gather(&w->vary, SLICE("Origin"), false);
	if (tokens & CORS_VARY_METHOD)
		gather(&w->vary, SLICE("Access-Control-Request-Method"), false);
	if (tokens & CORS_VARY_HEADERS)
		gather(&w->vary, SLICE("Access-Control-Request-Headers"),
		       false);
	/* RFC 9110, 12.5.5: `*` covers all; so does a list too long to keep. */
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
 * What becomes of CORS where the server itself redirects: RFC 3875, 6.2.2
 * allows no other field, and Apache carries all there are over to the answer
 * of the target, where ours would then stand twice.
 */
static void
choose(struct writer *w, const struct cors_decision *decision)
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
}

/* Without it a redirect would be none, or one of the server's own. */
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

	/* Not the gathering buffers: they are large and have lengths. */
	memset(&w, 0, offsetof(struct writer, vary));
	w.vary.len = w.expose.len = 0;
	w.vary.star = w.vary.full = w.expose.star = w.expose.full = false;
	w.block = block;
	w.emit = emit_piece;
	w.ctx = ctx;
	choose(&w, decision);
	if (needs_302(block))
		emit(&w, SLICE("Status: 302 Found\r\n"));
	if (block->early_body)
		emit(&w, SLICE("Content-Type: text/html\r\n"));
	if (w.decision != NULL)
		survey(&w);
	write_fields(&w);
	if (w.decision != NULL) {
		if (!w.keep)
			write_cors(&w);
		write_vary(&w);
	}
	emit(&w, SLICE("\r\n"));
	return w.failed ? -1 : 0;
}
