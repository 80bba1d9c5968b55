/*
 * Sending the application's response to the client.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/response.h"

#include <stdio.h>

#include "run/answer.h"
#include "run/cookies.h"
#include "run/log.h"

static bool
is_server(struct slice software, const char *name)
{
	return slice_present(software) &&
	       slice_starts(software, slice_from(name));
}

/* The header rules that depend on the server and on [app].  The server does not
 * parse the output of an nph-* program, so it cannot redirect for it. */
static struct header_options
header_options(const struct app *app, const struct request *request, bool nph)
{
	bool apache = !nph && is_server(request->server_software, "Apache");

	return (struct header_options){
	    .lenient = app->lenient,
	    .redirect_302 =
		nph || app->local_redirect == LOCAL_REDIRECT_302 ||
		(app->local_redirect == LOCAL_REDIRECT_AUTO && !apache),
	    .keep_transfer_encoding =
		is_server(request->server_software, "lighttpd"),
	    .server_redirects = apache,
	    .say_302 = true,
	    .status_last =
		is_server(request->server_software, "HAProxy"),
	};
}

int
response_init(struct response *response, struct exchange *exchange,
	      const struct settings *settings,
	      const struct cors_decision *decision,
	      const struct request *request)
{
	const struct app *app = &settings->app;
	struct scratch *scratch = exchange->scratch;
	struct header_options options =
	    header_options(app, request, exchange->nph);

	*response = (struct response){.exchange = exchange,
				      .settings = settings,
				      .decision = decision,
				      .request = request};
	/* RFC 3875, 4.3.3: what a program prints to HEAD is discarded. */
	response->bodyless = slice_eq(request->method, SLICE("HEAD"));
	if (buffer_need(&scratch->header, &scratch->header_cap,
			app->max_header) != 0)
		return -1;
	header_init(&response->block, scratch->header, app->max_header,
		    &options);
	return 0;
}

static const char *
fault_text(enum header_fault fault, const char **todo)
{
	switch (fault) {
	case HEADER_FAULT_TOO_LARGE:
		*todo = "raise max-header, or find out why the program prints "
			"so many headers";
		return "the header block is larger than max-header";
	case HEADER_FAULT_EMPTY:
		*todo = "run the program by hand with the same environment; "
			"its standard error says more";
		return "no output";
	case HEADER_FAULT_NO_HEADERS:
		*todo = "print a header such as Content-Type and an empty line "
			"first, or set lenient = yes";
		return "the output does not begin with a header block";
	case HEADER_FAULT_STATUS:
		*todo = "print Status: with three digits from 200 to 599";
		return "the status is not valid";
	case HEADER_FAULT_LENGTH:
		*todo = "print one Content-Length, with digits only";
		return "the Content-Length is not valid";
	case HEADER_FAULT_NONE:
		break;
	}
	*todo = NULL;
	return "";
}

static int
bad_block(struct response *response)
{
	const struct header_block *block = &response->block;
	const char *todo, *text = fault_text(block->fault, &todo);
	char line[256] = "";

	/* The output often shows the cause: it is an interpreter's error
	 * message, or a page. */
	if (block->fault == HEADER_FAULT_NO_HEADERS)
		(void)log_quote(slice_of(block->buf, block->len), line,
				sizeof(line));
	log_event(response->exchange->log, LOG_LEVEL_ERROR, "bad-header",
		  response->request, todo, "%s%s%s", text,
		  line[0] == '\0' ? "" : ": ", line);
	response_fail(response, 502, "bad-header");
	return -2;
}

/* Log corrections that need no attention, at the level debug. */
static void
log_corrections(const struct response *response)
{
	static const struct {
		unsigned note;
		const char *text;
	} corrections[] = {
	    {HEADER_NOTE_UNFOLDED, ", folded lines joined"},
	    {HEADER_NOTE_STATUS_LINE, ", HTTP/1.x line made Status"},
	    {HEADER_NOTE_HOP, ", hop-by-hop fields dropped"},
	    {HEADER_NOTE_INTERIM, ", interim response (1xx) dropped"},
	    {HEADER_NOTE_APP_CORS, ", has Access-Control-* of its own"},
	};
	char text[256] = "";
	size_t len = 0;

	if (!log_wants(response->exchange->log, LOG_LEVEL_DEBUG))
		return;
	for (size_t i = 0; i < sizeof(corrections) / sizeof(*corrections); i++)
		if (response->block.notes & corrections[i].note)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
						"%s", corrections[i].text);
	if (len > 0)
		log_event(response->exchange->log, LOG_LEVEL_DEBUG,
			  "header-mended", response->request, NULL,
			  "the header block: %s", text + 2);
}

/* Log corrections of what should be fixed in the program. */
static void
log_notes(const struct response *response)
{
	const struct header_block *block = &response->block;
	struct log *log = response->exchange->log;
	char line[4 * sizeof(block->bad) + 1];

	if (block->notes & HEADER_NOTE_DROPPED)
		log_event(
		    log, LOG_LEVEL_WARNING, "header-dropped", response->request,
		    "print Name: value, without blanks before the colon and "
		    "without control bytes",
		    "dropped a line that is not a header field: %s",
		    log_quote(slice_of(block->bad, block->bad_len), line,
			      sizeof(line)));
	if (block->notes & HEADER_NOTE_CUT)
		log_event(log, LOG_LEVEL_WARNING, "header-cut",
			  response->request,
			  "print an empty line after the headers",
			  "the output ended inside the header block");
	if (block->notes & HEADER_NOTE_LARGE)
		log_event(
		    log, LOG_LEVEL_WARNING, "header-large", response->request,
		    "print less, or raise the web server's header buffer",
		    "the header block is over 4 KiB: servers may refuse it");
	log_corrections(response);
}

static int
emit_piece(void *ctx, struct slice piece)
{
	struct sink *out = ctx;

	return out->write(out, piece.ptr, piece.len);
}

uint64_t
response_room(const struct response *response)
{
	uint64_t sent = response->exchange->outcome.body_bytes;

	return response->bodyless || sent >= response->length
		   ? 0
		   : response->length - sent;
}

static void
note_excess(struct response *response)
{
	if (response->excess || response->bodyless)
		return;
	response->excess = true;
	log_event(response->exchange->log, LOG_LEVEL_WARNING, "long-body",
		  response->request,
		  "print the length of the body as Content-Length, or no "
		  "Content-Length",
		  "the body is longer than its Content-Length (%llu); the rest "
		  "is dropped",
		  (unsigned long long)response->length);
}

static int
send_body(struct response *response, const char *data, size_t len)
{
	struct sink *out = response->exchange->out;
	uint64_t room = response_room(response);

	if (len > room) {
		note_excess(response);
		len = (size_t)room;
	}
	if (len == 0)
		return 0;
	if (out->write(out, data, len) != 0)
		return -1;
	response->exchange->outcome.body_bytes += len;
	return 0;
}

static int
send_header(struct response *response)
{
	struct exchange *exchange = response->exchange;
	struct slice early = header_early_body(&response->block);

	log_notes(response);
	cookies_check(exchange, response->decision, response->request,
		      &response->block);
	response->started = true;
	if (header_bodyless(&response->block))
		response->bodyless = true;
	exchange->outcome.status = header_status(&response->block);
	response->length = header_length(&response->block);
	if (header_write(&response->block, response->decision, emit_piece,
			 exchange->out) != 0)
		return -1;
	return send_body(response, early.ptr, early.len);
}

int
response_feed(struct response *response, const char *data, size_t len)
{
	size_t used = 0;

	if (response->failed)
		return -2;
	if (!response->started) {
		switch (header_feed(&response->block, data, len, &used)) {
		case HEADER_MORE:
			return 0;
		case HEADER_BAD:
			return bad_block(response);
		case HEADER_DONE:
			break;
		}
		if (send_header(response) != 0)
			return -1;
	}
	return send_body(response, data + used, len - used);
}

bool
response_in_body(const struct response *response)
{
	return response->started && !response->failed &&
	       response_room(response) > 0;
}

int
response_end(struct response *response)
{
	if (response->failed)
		return -2;
	if (response->started)
		return 0;
	if (header_end(&response->block) == HEADER_BAD)
		return bad_block(response);
	return send_header(response);
}

bool
response_whole(const struct response *response)
{
	return response->started && !response->failed &&
	       (response->bodyless ||
		response->exchange->outcome.body_bytes >= response->length);
}

static void
set_broken(struct response *response)
{
	struct sink *out = response->exchange->out;

	if (out->set_broken != NULL)
		out->set_broken(out);
}

void
response_cut(struct response *response)
{
	if (response->started && !response->failed && !response_whole(response))
		set_broken(response);
}

void
response_over(struct response *response)
{
	struct exchange *exchange = response->exchange;
	uint64_t sent = exchange->outcome.body_bytes;

	if (!response->started || response->failed || response->over ||
	    response->length == UINT64_MAX || response_room(response) == 0 ||
	    (sent == 0 && header_names_file(&response->block)))
		return;
	response->over = true;
	log_event(
	    exchange->log, LOG_LEVEL_ERROR, "short-body", response->request,
	    "print the length of the body as Content-Length, or no "
	    "Content-Length",
	    "the body ended after %llu bytes of its Content-Length (%llu)",
	    (unsigned long long)sent, (unsigned long long)response->length);
	if (exchange->outcome.failure == NULL)
		exchange->outcome.failure = "short-body";
	set_broken(response);
}

void
response_fail(struct response *response, int status, const char *id)
{
	struct exchange *exchange = response->exchange;
	bool whole = response_whole(response);

	if (response->failed)
		return;
	response->failed = true;
	exchange->outcome.failure = id;
	if (!response->started) {
		(void)answer_error(exchange, response->decision, status, NULL);
		return;
	}
	if (!whole)
		set_broken(response);
}
