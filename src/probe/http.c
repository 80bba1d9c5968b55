/*
 * One HTTP request through libcurl, without the user's own data: no cookie, no
 * .netrc, no redirect, only http and https (DESIGN.md section 4).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "probe/probe.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "cors/names.h"

/* How long to wait for the body once the headers have arrived. */
enum { BODY_MS = 2000, FIELDS_MAX = 4096 };

struct probe_client {
	CURL *curl;
	char error[CURL_ERROR_SIZE];
};

/* The part of a body to keep, for recognising error pages. */
enum { BODY_KEPT = 2048 };

/* A response while it is received. */
struct reading {
	struct explanation *e;
	struct response *out;
	struct fetch_field *fields;
	size_t count;
	size_t room;
	size_t header_bytes;
	size_t body_bytes;
	char *body; /* its first BODY_KEPT */
	bool too_large;
	bool has_nul;
	bool complete;	/* the header block of the final response */
	uint64_t since; /* ms, when it was */
};

/* ---- the header block ---- */

/* "HTTP/1.1 204 No Content", "HTTP/2 204"; 0: it is not a status line. */
static int
read_status(struct slice line)
{
	size_t blank = text_find(line, ' ');
	uint64_t status;

	if (!slice_starts(line, SLICE("HTTP/")) || line.len - blank < 4 ||
	    !text_number(slice_of(line.ptr + blank + 1, 3), 999, &status))
		return 0;
	return (int)status;
}

/* RFC 9112, 5.2: a line that begins with a blank continues the one before; the
 * line end and the blanks are read as one blank. */
static void
unfold(struct reading *r, struct slice line)
{
	struct fetch_field *last = &r->fields[r->count - 1];
	struct slice pieces[] = {last->value, SLICE(" "), text_trim_http(line)};
	size_t len = pieces[0].len + 1 + pieces[2].len;
	char *text = arena_join(r->e->arena, pieces, 3);

	if (text == NULL)
		r->e->out_of_memory = true;
	else
		last->value = text_trim_http(slice_of(text, len));
}

static void
parse_line(struct reading *r, struct slice line)
{
	struct arena *arena = r->e->arena;
	size_t colon = text_find(line, ':');
	struct slice name, value;

	if (line.len > 0 && ascii_is_blank(line.ptr[0])) {
		if (r->count > 0)
			unfold(r, line);
		return;
	}
	/* A blank before the colon is wrong (RFC 9112, 5.1), and Chromium alone
	 * accepts it.  Browsers skip lines that are not headers. */
	if (colon > 0 && ascii_is_blank(line.ptr[colon - 1]) &&
	    !fetch_engine(r->e->question.browser)->blank_before_colon)
		return;
	name = text_trim_http(slice_of(line.ptr, colon));
	if (colon == line.len || !token_is_valid(name))
		return;
	name = arena_slice(arena, name);
	value =
	    arena_slice(arena, text_trim_http(slice_after(line, colon + 1)));
	if (!slice_present(name) || !slice_present(value) ||
	    !array_grow_in(arena, &r->fields, r->count, &r->room,
			   sizeof(*r->fields)))
		r->e->out_of_memory = true;
	else
		r->fields[r->count++] = (struct fetch_field){name, value};
}

/* CURLOPT_HEADERFUNCTION: each line, of 1xx responses and trailers too. */
static size_t
on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct reading *r = ctx;
	struct slice line = slice_of(data, size * n);
	int status;

	r->header_bytes += line.len;
	if (r->header_bytes > PROBE_HEADER_MAX || r->count == FIELDS_MAX) {
		r->too_large = true;
		return 0;
	}
	if (r->complete)
		return size * n;
	/* Browsers reject the response, and libcurl only since 7.83. */
	if (text_find(line, '\0') < line.len) {
		r->has_nul = true;
		return 0;
	}
	while (line.len > 0 && (line.ptr[line.len - 1] == '\n' ||
				line.ptr[line.len - 1] == '\r'))
		line.len--;
	status = read_status(line);
	if (status != 0) {
		r->out->status = status;
		r->count = 0;
	} else if (line.len > 0) {
		parse_line(r, line);
	} else if (r->out->status >= 200) {
		r->complete = true;
		r->since = clock_ms();
	}
	return r->e->out_of_memory ? 0 : size * n;
}

/* ---- the body ---- */

/* Error pages show which server made them. */
static void
keep_body(struct reading *r, struct slice data)
{
	size_t have = r->body_bytes;

	if (have >= BODY_KEPT)
		return;
	if (r->body == NULL)
		r->body = arena_alloc(r->e->arena, BODY_KEPT);
	if (r->body == NULL)
		return;
	if (data.len > BODY_KEPT - have)
		data.len = BODY_KEPT - have;
	if (data.len > 0)
		memcpy(r->body + have, data.ptr, data.len);
	r->out->body = slice_of(r->body, have + data.len);
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct reading *r = ctx;

	keep_body(r, slice_of(data, size * n));
	r->body_bytes += size * n;
	return r->body_bytes > PROBE_BODY_MAX ? 0 : size * n;
}

static int
on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct reading *r = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return r->complete && clock_ms() - r->since >= BODY_MS;
}

/* ---- the client ---- */

static void
set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
			 (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

struct probe_client *
probe_client_new(long seconds)
{
	struct probe_client *client = calloc(1, sizeof(*client));
	const char *certificates = getenv("SSL_CERT_FILE");
	CURL *curl;

	if (client == NULL)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0)
		client->curl = curl_easy_init();
	curl = client->curl;
	if (curl == NULL) {
		free(client);
		return NULL;
	}
	set_protocols(curl);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, seconds);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "corscheck/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	/* As curl and all programs with OpenSSL do. */
	if (certificates != NULL && *certificates != '\0')
		curl_easy_setopt(curl, CURLOPT_CAINFO, certificates);
	return client;
}

void
probe_client_free(struct probe_client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	curl_global_cleanup();
	free(client);
}

/* ---- the request ---- */

static bool
add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more != NULL)
		*list = more;
	return more != NULL;
}

/* "name: value"; libcurl wants "name;" for one without value. */
static bool
add_field(struct explanation *e, struct curl_slist **list,
	  const struct fetch_field *field)
{
	size_t len = field->name.len + field->value.len + 3;
	char *line = arena_alloc(e->arena, len);
	size_t at = field->name.len;

	if (line == NULL)
		return false;
	memcpy(line, field->name.ptr, at);
	if (field->value.len == 0) {
		line[at] = ';';
	} else {
		memcpy(line + at, ": ", 2);
		memcpy(line + at + 2, field->value.ptr, field->value.len);
	}
	return add_line(list, line);
}

/* NULL: no memory. */
static struct curl_slist *
make_fields(struct explanation *e, const struct fetch_fields *fields)
{
	struct curl_slist *list = NULL;
	bool typed = false, good = true;

	for (size_t i = 0; good && i < fields->count; i++) {
		good = add_field(e, &list, &fields->at[i]);
		typed |=
		    slice_eq_nocase(fields->at[i].name, SLICE("content-type"));
	}
	/* libcurl adds a Content-Type to an empty POST; this line removes
	 * it. */
	if (good && !typed)
		good = add_line(&list, "Content-Type:");
	if (good)
		return list;
	curl_slist_free_all(list);
	e->out_of_memory = true;
	return NULL;
}

/* Fetch, "HTTP-network-or-cache fetch" 8.5: POST and PUT without a body have
 * Content-Length: 0, other methods have none. */
static void
set_method(CURL *curl, const char *method)
{
	bool sends = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;

	curl_easy_setopt(curl, CURLOPT_NOBODY, 0L);
	curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	if (sends) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

static enum probe_fault
fault_of(CURLcode code)
{
	switch ((int)code) {
	case CURLE_OPERATION_TIMEDOUT:
		return PROBE_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_SSL_CIPHER:
	case CURLE_USE_SSL_FAILED:
		return PROBE_TLS;
	case CURLE_SSL_CACERT_BADFILE:
		return PROBE_NO_CERTIFICATES;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return PROBE_CERTIFICATE;
	default:
		return PROBE_NETWORK;
	}
}

/* A message of libcurl may quote the server, or its certificate. */
static const char *
describe_fault(struct probe_client *client, const struct reading *r,
	       CURLcode code)
{
	const char *text = client->error;

	if (r->too_large)
		return explain_printf(r->e,
				      "the header block has more than %d bytes "
				      "or %d lines",
				      PROBE_HEADER_MAX, FIELDS_MAX);
	if (r->has_nul)
		return "a header line has a NUL byte";
	if (*text == '\0')
		text = curl_easy_strerror(code);
	return explain_quote(r->e, slice_from(text));
}

static enum probe_fault
perform(struct probe_client *client, struct reading *r, const char **why)
{
	CURLcode code;
	long version = 0;

	client->error[0] = '\0';
	curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(client->curl, CURLOPT_XFERINFODATA, r);
	code = curl_easy_perform(client->curl);
	/* A browser passes on the response once it has the header block, so
	 * an error in the body does not matter. */
	if (!r->complete || r->too_large) {
		*why = describe_fault(client, r, code);
		return fault_of(code);
	}
	curl_easy_getinfo(client->curl, CURLINFO_HTTP_VERSION, &version);
	r->out->known = true;
	r->out->http2 = version == CURL_HTTP_VERSION_2_0;
	r->out->fields = (struct fetch_fields){r->fields, r->count};
	return PROBE_ANSWERED;
}

enum probe_fault
probe_send(struct probe_client *client, struct explanation *e,
	   const struct url *url, struct slice method,
	   const struct fetch_fields *fields, struct response *out,
	   const char **why)
{
	struct reading reading = {.e = e, .out = out};
	struct curl_slist *list = make_fields(e, fields);
	char *href = arena_text(e->arena, url->href);
	char *verb = arena_text(e->arena, method);
	enum probe_fault fault = PROBE_NETWORK;

	*out = (struct response){.known = false};
	*why = "";
	if (list == NULL || href == NULL || verb == NULL) {
		e->out_of_memory = true;
	} else {
		set_method(client->curl, verb);
		curl_easy_setopt(client->curl, CURLOPT_URL, href);
		curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, list);
		fault = perform(client, &reading, why);
		curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
	}
	curl_slist_free_all(list);
	return fault;
}
