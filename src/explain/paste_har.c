/*
 * A request and its response from a HAR file as browsers save it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "explain/paste.h"

#include "base/memory_stream.h"

static struct slice
text_of(struct pasted *p, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		return SLICE_NONE;
	struct slice text =
	    arena_slice(p->arena, slice_of(json_string_value(value),
					   json_string_length(value)));
	p->no_memory |= !slice_present(text);
	return text;
}

static struct slice
header_of(const json_t *message, const char *name)
{
	const json_t *header;
	size_t i;

	json_array_foreach(json_object_get(message, "headers"), i, header)
	{
		const char *own =
		    json_string_value(json_object_get(header, "name"));
		const char *value =
		    json_string_value(json_object_get(header, "value"));
		if (own != NULL && value != NULL &&
		    slice_eq_nocase(slice_from(own), slice_from(name)))
			return slice_from(value);
	}
	return SLICE_NONE;
}

/* Was it a request with CORS, according to the HAR?  A page, its images and
 * a missing favicon are not. */
static bool
is_cors(const json_t *entry)
{
	const json_t *request = json_object_get(entry, "request");

	return slice_present(header_of(request, "Origin")) ||
	       slice_eq(header_of(request, "Sec-Fetch-Mode"), SLICE("cors"));
}

static bool
has_status(const json_t *entry)
{
	return json_integer_value(json_object_get(
		   json_object_get(entry, "response"), "status")) > 0;
}

/* Firefox shows the response that it has blocked. */
static bool
is_refused(const json_t *entry)
{
	struct slice origin =
	    header_of(json_object_get(entry, "request"), "Origin");
	struct slice allowed = header_of(json_object_get(entry, "response"),
					 "Access-Control-Allow-Origin");
	const char *url = json_string_value(
	    json_object_get(json_object_get(entry, "request"), "url"));

	return slice_present(origin) && url != NULL &&
	       !slice_starts(slice_from(url), origin) &&
	       !slice_eq(allowed, SLICE("*")) && !slice_eq(allowed, origin);
}

/* The page could not read a response: Chromium writes status 0 and _error. */
static bool
has_failed(const json_t *entry)
{
	const json_t *response = json_object_get(entry, "response");
	json_int_t status =
	    json_integer_value(json_object_get(response, "status"));

	return status == 0 || status >= 400 ||
	       json_object_get(response, "_error") != NULL || is_refused(entry);
}

/* The request that a user most likely means: one that failed with CORS
 * without a readable response; one that failed with CORS; one with CORS;
 * one that failed. */
static int
rank_of(const json_t *entry)
{
	if (is_cors(entry) && has_failed(entry))
		return has_status(entry) ? 3 : 4;
	return is_cors(entry) ? 2 : has_failed(entry) ? 1 : 0;
}

static const json_t *
find_entry(const json_t *entries, size_t number)
{
	const json_t *entry;
	size_t i;

	if (number > 0)
		return json_array_get(entries, number - 1);
	for (int wanted = 4; wanted > 0; wanted--)
		json_array_foreach(entries, i, entry)
		{
			if (rank_of(entry) == wanted)
				return entry;
		}
	return json_array_get(entries, 0);
}

static void
read_request(struct pasted *p, const json_t *request)
{
	const json_t *header;
	size_t i;

	p->url = text_of(p, request, "url");
	p->method = text_of(p, request, "method");
	p->body = json_is_object(json_object_get(request, "postData"));
	p->credentials =
	    json_array_size(json_object_get(request, "cookies")) > 0;
	json_array_foreach(json_object_get(request, "headers"), i, header)
	{
		struct slice name = text_of(p, header, "name");
		if (slice_present(name))
			paste_header(p, name, text_of(p, header, "value"));
	}
}

static void
write_field(FILE *out, const json_t *header)
{
	const char *name = json_string_value(json_object_get(header, "name"));
	const char *value = json_string_value(json_object_get(header, "value"));

	if (name != NULL && value != NULL)
		fprintf(out, "%s: %s\n", name, value);
}

/* Write it as a header block, with the status line before it. */
static void
read_response(struct pasted *p, const json_t *response)
{
	json_int_t status =
	    json_integer_value(json_object_get(response, "status"));
	char *text = NULL;
	size_t len = 0;

	p->response = SLICE_NONE;
	if (status == 0)
		return;
	FILE *out = memory_stream(&text, &len);
	if (out != NULL) {
		fprintf(out, "HTTP/1.1 %" JSON_INTEGER_FORMAT "\n", status);
		const json_t *headers = json_object_get(response, "headers");

		for (size_t i = 0; i < json_array_size(headers); i++)
			write_field(out, json_array_get(headers, i));
	}
	if (out == NULL || fclose(out) != 0)
		p->no_memory = true;
	else
		p->response = arena_slice(p->arena, slice_of(text, len));
	free(text);
}

/* A request whose preflight failed was not sent: use the response to the
 * preflight. */
static void
read_preflight(struct pasted *p, const json_t *entries)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		const json_t *request = json_object_get(entry, "request");
		if (!slice_eq(text_of(p, request, "method"),
			      SLICE("OPTIONS")) ||
		    !slice_eq(text_of(p, request, "url"), p->url) ||
		    !has_status(entry))
			continue;
		read_response(p, json_object_get(entry, "response"));
		paste_note(p,
			   "the request has no response: that to its "
			   "preflight, entry %zu, is judged",
			   i + 1);
		return;
	}
}

static void
read_entries(struct pasted *p, const json_t *root, size_t number)
{
	const json_t *entries =
	    json_object_get(json_object_get(root, "log"), "entries");
	const json_t *entry = find_entry(entries, number);

	if (!json_is_array(entries))
		paste_fault(p, "this is JSON, but no HAR: it has no "
			       "log.entries");
	else if (entry == NULL)
		paste_fault(p, "there is no entry %zu: the HAR has %zu", number,
			    json_array_size(entries));
	if (p->fault != NULL)
		return;
	read_request(p, json_object_get(entry, "request"));
	read_response(p, json_object_get(entry, "response"));
	if (p->fault == NULL && !slice_present(p->response))
		read_preflight(p, entries);
	if (!slice_present(p->url) || !slice_present(p->method))
		paste_fault(p, "the entry has no request.url or "
			       "request.method");
}

bool
paste_har(struct arena *arena, struct slice text, size_t entry,
	  struct pasted *out)
{
	json_error_t error;

	*out = (struct pasted){.arena = arena};
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_after(text, 3);
	/* jansson calls a token that it has no memory for invalid. */
	errno = 0;
	json_t *root = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL, &error);
	if (errno == ENOMEM)
		out->no_memory = true;
	else if (root == NULL)
		paste_fault(out, "line %d is not JSON: %s", error.line,
			    error.text);
	else
		read_entries(out, root, entry);
	json_decref(root);
	return out->fault == NULL && !out->no_memory;
}
