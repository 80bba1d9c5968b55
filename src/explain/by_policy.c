/*
 * What a browser does with a request under a policy.
 *
 * The request of the browser becomes the variables that a web server would
 * set, and is handled as in respond.c by the same core: request_read,
 * decide_request, own_response_make and header_write.  The assumed application
 * sends no CORS header of its own.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include <stdint.h>
#include <stdio.h>

#include "base/text.h"
#include "cors/header_block.h"
#include "cors/own_response.h"
#include "cors/path.h"
#include "cors/regex.h"

enum {
	VARIABLES_MAX = 24,
	EQUALS_MAX = 8 /* sections that are named in a note */
};

/* A request in the form that libcors decides about. */
struct core_request {
	struct explanation *e;
	const struct settings *settings;
	struct regex_scratch *scratch;
	struct slice chosen; /* CORSWRAP_POLICY */
	char *variables[VARIABLES_MAX];
	size_t count;
	bool noted; /* which of several sections decides */
	struct request request;
	struct cors_decision decision;
};

/* ---- the web server's side ---- */

static void
set(struct core_request *a, const char *name, struct slice value)
{
	size_t len = strlen(name);
	char *text = arena_alloc(a->e->arena, len + value.len + 2);

	if (text == NULL || a->count + 1 == VARIABLES_MAX) {
		a->e->out_of_memory = true;
		return;
	}
	memcpy(text, name, len);
	text[len] = '=';
	if (value.len > 0)
		memcpy(text + len + 1, value.ptr, value.len);
	text[len + 1 + value.len] = '\0';
	a->variables[a->count++] = text;
}

/* The variables that every web server sets for a request to this URL. */
static void
set_url(struct core_request *a, const struct url *url)
{
	bool https = slice_eq(url->scheme, SLICE("https"));
	char port[16];

	snprintf(port, sizeof(port), "%u", url->port);
	set(a, "REQUEST_URI", url->target);
	set(a, "HTTP_HOST", url->authority);
	set(a, "SERVER_NAME", url->host);
	set(a, "SERVER_PORT", slice_from(port));
	set(a, "SERVER_PROTOCOL", SLICE("HTTP/1.1"));
	set(a, "REQUEST_SCHEME", url->scheme);
	if (https)
		set(a, "HTTPS", SLICE("on"));
	if (slice_present(a->chosen))
		set(a, "CORSWRAP_POLICY", a->chosen);
}

/* Fetch Metadata, 2.3: only to trustworthy URLs. */
static void
set_site(struct core_request *a)
{
	if (!url_is_trustworthy(&a->e->question.url))
		return;
	set(a, "HTTP_SEC_FETCH_SITE",
	    a->e->plan.cross_origin ? SLICE("cross-site")
				    : SLICE("same-origin"));
	set(a, "HTTP_SEC_FETCH_MODE", slice_from(explain_fetch_mode(a->e)));
	set(a, "HTTP_SEC_FETCH_DEST", slice_from(explain_fetch_dest(a->e)));
}

static void
begin(struct core_request *a, struct slice method)
{
	a->count = 0;
	set(a, "REQUEST_METHOD", method);
	set_url(a, &a->e->question.url);
	set_site(a);
}

static void
set_preflight(struct core_request *a)
{
	const struct fetch_plan *plan = &a->e->plan;

	begin(a, SLICE("OPTIONS"));
	set(a, "HTTP_ORIGIN", a->e->question.origin);
	set(a, "HTTP_ACCESS_CONTROL_REQUEST_METHOD", plan->method);
	if (slice_present(plan->asked))
		set(a, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", plan->asked);
}

static void
set_request(struct core_request *a)
{
	begin(a, a->e->plan.method);
	if (a->e->plan.sends_origin)
		set(a, "HTTP_ORIGIN", a->e->question.origin);
}

/* ---- corswrap's side ---- */

/* Status is shown separately, and the length of the body has nothing to do
 * with CORS. */
static bool
is_shown(struct slice name)
{
	return !slice_eq(name, SLICE("Status")) &&
	       !slice_eq(name, SLICE("Content-Length"));
}

/* Header lines, each ended by CRLF, as fields. */
static void
parse_lines(struct explanation *e, struct slice lines, struct response *out)
{
	struct fetch_field *at;
	size_t count = 0;

	for (size_t i = 0; i < lines.len; i++)
		count += lines.ptr[i] == '\n';
	at = arena_array(e->arena, count, sizeof(*at));
	if (at == NULL) {
		e->out_of_memory = true;
		return;
	}
	count = 0;
	while (lines.len > 0) {
		size_t end = text_find(lines, '\n');
		struct slice line = slice_of(lines.ptr, end);
		size_t colon = text_find(line, ':');

		if (colon < line.len && is_shown(slice_of(line.ptr, colon)))
			at[count++] = (struct fetch_field){
			    slice_of(line.ptr, colon),
			    text_trim_http(slice_after(line, colon + 1))};
		lines = slice_after(lines, end + 1);
	}
	out->fields = (struct fetch_fields){at, count};
}

/* Text that is assembled in memory. */
struct lines {
	struct explanation *e;
	char *text;
	size_t len;
	size_t room;
};

static int
add_piece(void *ctx, struct slice piece)
{
	struct lines *lines = ctx;

	if (piece.len == 0)
		return 0;
	if (lines->len + piece.len > lines->room) {
		size_t room = 2 * (lines->room + piece.len) + 1024;
		char *text = arena_alloc(lines->e->arena, room);
		if (text == NULL) {
			lines->e->out_of_memory = true;
			return -1;
		}
		if (lines->len > 0)
			memcpy(text, lines->text, lines->len);
		lines->text = text;
		lines->room = room;
	}
	memcpy(lines->text + lines->len, piece.ptr, piece.len);
	lines->len += piece.len;
	return 0;
}

/* The application's response with the lines that corswrap adds.  The
 * application's own line, Content-Type, is not shown. */
static void
application_response(struct core_request *a, struct response *out)
{
	static const char block[] = "Content-Type: text/plain\r\n\r\n";
	struct lines lines = {.e = a->e};
	struct header_options options = {0};
	struct header_block header;
	struct slice ours;
	char buf[128];
	size_t used;

	header_init(&header, buf, sizeof(buf), &options);
	if (header_feed(&header, block, sizeof(block) - 1, &used) !=
		HEADER_DONE ||
	    header_write(&header, &a->decision, add_piece, &lines) != 0)
		return;
	/* Its own line is the first one, and the blank line the last. */
	ours = slice_after(slice_of(lines.text, lines.len),
			   sizeof("Content-Type: text/plain\r\n") - 1);
	ours.len -= 2;
	out->status = 0;
	parse_lines(a->e, ours, out);
}

static void
corswrap_response(struct core_request *a, struct response *out)
{
	struct lines lines = {.e = a->e};
	struct own_response own;

	own_response_make(&own, &a->decision, false);
	for (size_t i = 0; i < own.head; i++)
		add_piece(&lines, own.pieces[i]);
	out->status = own.status;
	out->by = "corswrap responds:";
	parse_lines(a->e, slice_of(lines.text, lines.len), out);
}

/* The policy's reason.  With `enforce = report` or `isolate = report` it is
 * only counted, and the decision does not have it. */
static enum cors_reason
policy_reason(const struct cors_decision *d)
{
	struct origin parsed;

	if (!d->reported ||
	    (d->reason != CORS_ENFORCED && d->reason != CORS_ISOLATED))
		return d->reason;
	if (d->origin_allowed || !d->has_origin)
		return CORS_REASON_NONE;
	if (slice_eq(d->origin, SLICE("null")))
		return CORS_ORIGIN_NULL;
	return origin_parse(d->origin, &parsed) ? CORS_ORIGIN_NOT_ALLOWED
						: CORS_ORIGIN_MALFORMED;
}

/* Where the policy was written: the set has the sections with origins, in their
 * order. */
static const struct spec_source *
find_source(const struct settings *settings, const struct policy *policy)
{
	unsigned index = 0;

	for (size_t i = 0; policy != NULL && i < settings->spec_count; i++) {
		const struct spec_source *source = &settings->spec_sources[i];

		if (source->has_origins && index++ == policy->index)
			return source;
	}
	return NULL;
}

/* State the policy's reason above the response: the browser only sees that a
 * header is missing. */
static void
describe_refusal(struct explanation *e, struct response *out)
{
	if (!e->plan.cross_origin || out->policy_reason == CORS_REASON_NONE)
		return;
	out->by = explain_printf(
	    e,
	    out->status != 0 ? "corswrap refuses it, because %s:"
			     : "The application responds, and corswrap does "
			       "not allow the page to read it, because %s:",
	    explain_refusal(e, out));
}

static const char *
section_label(struct explanation *e, const struct policy *policy)
{
	return explain_printf(e, "[cors %s]",
			      explain_quote(e, policy->spec.name));
}

/* If there are several sections for this path: which one decided, and why
 * not the others; as a note, once for preflight and request. */
static void
note_equals(struct core_request *a, struct slice path)
{
	static const char *const how[] = {
	    [ORIGIN_BY_NONE] = "does not have the page's origin",
	    [ORIGIN_BY_ANY] = "has it by `*`",
	    [ORIGIN_BY_REGEX] = "has it by an expression",
	    [ORIGIN_BY_PATTERN] = "has it in a pattern",
	    [ORIGIN_EXACTLY] = "has it exactly",
	};
	struct policy_equal equals[EQUALS_MAX];
	struct explanation *e = a->e;
	size_t count;
	const char *text;

	if (!a->decision.by_origin || a->noted)
		return;
	a->noted = true;
	count = policy_equals(a->settings->policies, &a->request, path,
			      a->scratch, equals, EQUALS_MAX);
	text = explain_printf(e,
			      "several sections have this path, and the Origin "
			      "chooses: %s is used, which %s",
			      section_label(e, equals[0].policy),
			      how[equals[0].match]);
	for (size_t i = 1; i < count; i++)
		text = explain_printf(e, "%s; %s %s%s", text,
				      section_label(e, equals[i].policy),
				      how[equals[i].match],
				      equals[i].match != equals[0].match ? ""
				      : equals[i].policy->spec.credentials >
					      equals[0].policy->spec.credentials
					  ? ", with credentials"
					  : ", and its name is later");
	texts_add(e, &e->notes, text);
}

/* The path, if a policy has one.  False: no memory. */
static bool
read_path(struct core_request *a, struct slice *path)
{
	size_t room = path_room(&a->request);
	char *buf;

	*path = SLICE_NONE;
	if (!a->settings->policies->uses_paths)
		return true;
	buf = arena_alloc(a->e->arena, room);
	if (buf == NULL)
		return false;
	*path = path_normalize(&a->request, buf, room);
	return true;
}

/* The same call as in respond.c. */
static void
decide(struct core_request *a)
{
	const struct policy_set *set = a->settings->policies;
	struct slice path;

	a->variables[a->count] = NULL;
	request_read(&a->request, a->variables);
	if (set->uses_regexes && a->scratch == NULL)
		a->scratch = regex_scratch_new();
	if ((set->uses_regexes && a->scratch == NULL) || !read_path(a, &path)) {
		a->e->out_of_memory = true;
		return;
	}
	decide_request(set, &a->request, path, a->scratch, &a->decision);
	note_equals(a, path);
}

static void
response(struct core_request *a, struct response *out)
{
	const struct cors_decision *d = &a->decision;

	*out = (struct response){.known = true};
	if (!a->e->out_of_memory)
		decide(a);
	if (a->e->out_of_memory)
		return;
	if (d->verdict == CORS_RUN)
		application_response(a, out);
	else
		corswrap_response(a, out);
	if (d->verdict == CORS_BAD_PATH || d->verdict == CORS_BAD_HOST ||
	    d->verdict == CORS_UNKNOWN_POLICY)
		return;
	out->policy = d->policy;
	out->source = find_source(a->settings, d->policy);
	out->uncovered = d->policy == NULL;
	out->refused = d->refused;
	out->policy_reason = policy_reason(d);
	describe_refusal(a->e, out);
}

/* ---- the whole exchange ---- */

static void
run_exchange(struct core_request *a)
{
	struct explanation *e = a->e;

	if (e->plan.preflight) {
		set_preflight(a);
		response(a, &e->preflight);
		if (!browser_check_preflight(e))
			return;
	}
	set_request(a);
	response(a, &e->response);
	browser_check_response(e);
}

/* Without a policy only the requests are known. */
static void
describe_without_policy(struct explanation *e)
{
	const char *text = "No policy was given, so the response is not known.";

	if (!e->plan.cross_origin)
		text = "Page and URL have the same origin: CORS has no part in "
		       "it.";
	e->message = explain_noted(e, text);
}

void
explain_by_policy(struct explanation *e, const struct settings *settings,
		  struct slice chosen)
{
	struct core_request a = {
	    .e = e, .settings = settings, .chosen = chosen};

	if (explain_is_settled(e))
		return;
	if (settings != NULL)
		run_exchange(&a);
	else
		describe_without_policy(e);
	regex_scratch_free(a.scratch);
}
