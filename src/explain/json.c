/*
 * An explanation as JSON, for programs; DESIGN.md section 2 defines it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"
#include "explain/json_add.h"

/* A JSON string.  Invalid UTF-8 is escaped, and so is DEL, the only control
 * byte that JSON allows unescaped. */
static json_t *
bytes(struct explanation *e, struct slice s)
{
	if (s.len == 0)
		return json_string("");
	if (memchr(s.ptr, 0x7f, s.len) == NULL && text_is_utf8(s))
		return json_stringn(s.ptr, s.len);
	return json_string(explain_quote(e, s));
}

static json_t *
text_or_null(const char *text)
{
	return text == NULL ? json_null() : json_string(text);
}

static json_t *
status_or_null(int status)
{
	return status == 0 ? json_null() : json_integer(status);
}

/* One member for each name, with its values joined as browsers do. */
static json_t *
headers(struct explanation *e, const struct fetch_fields *fields)
{
	json_t *object = json_object();

	for (size_t i = 0; i < fields->count; i++) {
		struct slice name = fields->at[i].name;
		size_t before = 0;

		while (before < i &&
		       !slice_eq_nocase(fields->at[before].name, name))
			before++;
		if (before == i)
			json_put(&object, explain_quote(e, name),
				 bytes(e, fetch_get(e->arena, fields, name)));
	}
	return object;
}

static json_t *
request(struct explanation *e, const char *method,
	const struct fetch_fields *fields)
{
	return json_pack("{s:s, s:o}", "method", method, "headers",
			 headers(e, fields));
}

static json_t *
response_object(struct explanation *e, const struct response *response)
{
	if (!response->known)
		return json_null();
	return json_pack("{s:o, s:o}", "status",
			 status_or_null(response->status), "headers",
			 headers(e, &response->fields));
}

static json_t *
texts(const struct texts *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_add(&array, json_string(list->at[i]));
	return array;
}

static json_t *
preflight(struct explanation *e)
{
	bool needed = e->plan.preflight;

	return json_pack(
	    "{s:b, s:o, s:o, s:o, s:o, s:o}", "needed", (int)needed, "why",
	    texts(&e->why), "request",
	    needed ? request(e, "OPTIONS", &e->preflight_request) : json_null(),
	    "response",
	    needed ? response_object(e, &e->preflight) : json_null(), "passes",
	    needed && e->preflight.known ? json_boolean(e->preflight_passes)
					 : json_null(),
	    "reason", text_or_null(e->preflight_reason));
}

static json_t *
request_itself(struct explanation *e)
{
	return json_pack("{s:b, s:o, s:o, s:o}", "sent", (int)e->sent, "method",
			 bytes(e, e->plan.method), "headers",
			 headers(e, &e->request), "response",
			 e->sent ? response_object(e, &e->response)
				 : json_null());
}

static json_t *
readable(struct explanation *e)
{
	json_t *array;

	if (!e->has_readable)
		return json_null();
	array = json_array();
	for (size_t i = 0; i < e->readable_count; i++)
		json_add(&array, bytes(e, e->readable[i]));
	return array;
}

/* The findings of probe in addition to the verdict. */
static json_t *
findings(const struct explanation *e)
{
	json_t *array = json_array();

	for (size_t i = 0; i < e->finding_count; i++) {
		const struct finding *f = &e->findings[i];
		json_add(&array, json_pack("{s:s, s:s, s:s, s:o}", "severity",
					   f->serious ? "mistake" : "advice",
					   "id", f->id, "message", f->message,
					   "fix", text_or_null(f->fix)));
	}
	return array;
}

static json_t *
verdict(const struct explanation *e)
{
	switch (e->verdict) {
	case VERDICT_ALLOWED:
		return json_string("allowed");
	case VERDICT_BLOCKED:
		return json_string("blocked");
	case VERDICT_UNKNOWN:
		break;
	}
	return json_null();
}

static json_t *
object_of(struct explanation *e)
{
	json_t *object = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "preflight",
	    preflight(e), "request", request_itself(e), "readable", readable(e),
	    "verdict", verdict(e), "reason", text_or_null(e->reason), "message",
	    text_or_null(e->message), "fix", text_or_null(e->fix), "browser",
	    fetch_engine(e->question.browser)->id);

	if (e->probed)
		json_put(&object, "findings", findings(e));
	return object;
}

/* Print ASCII only, so that received bytes cannot control a terminal.  Releases
 * the object. */
static bool
print(json_t *object, FILE *out)
{
	bool good =
	    object != NULL &&
	    json_dumpf(object, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0;

	if (good)
		fputc('\n', out);
	json_decref(object);
	return good;
}

void
explain_json(struct explanation *e, FILE *out)
{
	json_t *object = object_of(e);

	if (explain_out_of_memory(e)) {
		json_decref(object);
		return;
	}
	e->out_of_memory = !print(object, out);
}

void
explain_json_all(struct explanation all[FETCH_BROWSERS], FILE *out)
{
	json_t *object = json_object();

	for (int i = 0; i < FETCH_BROWSERS; i++) {
		json_put(&object, fetch_engine((enum fetch_browser)i)->id,
			 object_of(&all[i]));
		all[0].out_of_memory |= explain_out_of_memory(&all[i]);
	}
	if (all[0].out_of_memory) {
		json_decref(object);
		return;
	}
	all[0].out_of_memory = !print(object, out);
}
