/*
 * The variables of a request, read in one pass.
 *
 * A server sends about thirty with every request, and about twenty are needed.
 * So the first letters of a variable select the few names that it is compared
 * with.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/request.h"

#include "base/text.h"

/*
 * The text after the prefix (a literal); NULL: it does not begin with it.
 * Unrolled, because most names differ at the first byte or not at all: this
 * needs a third of the instructions of a loop.
 */
#define AFTER(text, literal) after((text), (literal), sizeof(literal) - 1)

__attribute__((always_inline)) static inline const char *
after(const char *text, const char *prefix, size_t len)
{
#pragma GCC unroll 32
	for (size_t i = 0; i < len; i++)
		if (text[i] != prefix[i])
			return NULL;
	return text + len;
}

/* Set the slot to the value if the variable has this name.  The last of several
 * is used, because that is the server's and not the client's. */
#define SET(slot, text, name) set((slot), AFTER((text), name))

static inline void
set(struct slice *slot, const char *value)
{
	if (value != NULL)
		*slot = slice_from(value);
}

/* The same for a header that a request has only once: two different values come
 * from two headers with the same variable ("Sec-Fetch-Site" and
 * "Sec_Fetch_Site"), so the result is empty, which is never trusted. */
#define SET_ONLY(slot, text, name) set_only((slot), AFTER((text), name))

static inline void
set_only(struct slice *slot, const char *value)
{
	if (value == NULL)
		return;
	*slot = slice_present(*slot) && !slice_eq(*slot, slice_from(value))
		    ? SLICE("")
		    : slice_from(value);
}

/* The same for headers that are counted: all are, and the first max are
 * kept. */
static inline void
set_counted(struct slice *slots, unsigned max, unsigned *count,
	    const char *value)
{
	if (value == NULL)
		return;
	if (*count < max)
		slots[*count] = slice_from(value);
	++*count;
}

static void
read_http(struct request *out, const char *text)
{
	switch (text[0]) {
	case 'A':
		text = AFTER(text, "ACCESS_CONTROL_REQUEST_");
		if (text == NULL)
			break;
		set_counted(&out->acrm, 1, &out->acrm_count,
			    AFTER(text, "METHOD="));
		set_counted(out->acrh, REQUEST_LINES_MAX, &out->acrh_count,
			    AFTER(text, "HEADERS="));
		break;
	case 'H':
		SET(&out->host, text, "HOST=");
		break;
	case 'O':
		set_counted(&out->origin, 1, &out->origin_count,
			    AFTER(text, "ORIGIN="));
		break;
	case 'S':
		if ((text = AFTER(text, "SEC_FETCH_")) == NULL)
			break;
		SET_ONLY(&out->fetch_site, text, "SITE=");
		SET_ONLY(&out->fetch_mode, text, "MODE=");
		SET_ONLY(&out->fetch_dest, text, "DEST=");
		break;
	case 'X':
		SET_ONLY(&out->forwarded_proto, text, "X_FORWARDED_PROTO=");
		break;
	default:
		break;
	}
}

static void
read_request(struct request *out, const char *text)
{
	switch (text[0]) {
	case 'M':
		SET(&out->method, text, "METHOD=");
		break;
	case 'S':
		SET(&out->request_scheme, text, "SCHEME=");
		break;
	case 'U':
		SET(&out->uri, text, "URI=");
		break;
	default:
		break;
	}
}

static void
read_server(struct request *out, const char *text)
{
	switch (text[0]) {
	case 'N':
		SET(&out->server_name, text, "NAME=");
		break;
	case 'P':
		SET(&out->server_port, text, "PORT=");
		SET(&out->protocol, text, "PROTOCOL=");
		break;
	case 'S':
		SET(&out->server_software, text, "SOFTWARE=");
		break;
	default:
		break;
	}
}

/* Variables that Apache renamed to REDIRECT_... when it redirected a request
 * internally, perhaps several times. */
struct redirects {
	struct slice policy_name;
	bool was_program; /* the last redirect was by an error or a program */
};

/*
 * After a local redirect (RFC 3875, 6.2.2) and for Apache's ErrorDocument, the
 * script that runs is not that of the URL, and REQUEST_URI is still the
 * client's.  If Apache rewrites a request or passes it to an Action, there was
 * no error and no program, so these variables are absent.
 */
static bool
left_program(const char *text)
{
	const char *status = AFTER(text, "STATUS=");

	if (status != NULL)
		return status[0] == '4' || status[0] == '5';
	return AFTER(text, "SCRIPT_NAME=") != NULL;
}

static void
read_redirect(struct request *out, struct redirects *r, const char *text)
{
	const char *before = text, *rest;

	while ((rest = AFTER(before, "REDIRECT_")) != NULL)
		before = rest;
	if (left_program(before)) {
		out->server_redirected = true;
		r->was_program = r->was_program || before == text;
	}
	SET(&out->redirect_handler, text, "HANDLER=");
	SET(&out->redirect_url, text, "URL=");
	SET(&r->policy_name, text, "CORSWRAP_POLICY=");
}

static void
read_variable(struct request *out, struct redirects *redirects,
	      const char *text)
{
	const char *rest;

	switch (text[0]) {
	case 'C':
		SET(&out->content_length, text, "CONTENT_LENGTH=");
		SET(&out->policy_name, text, "CORSWRAP_POLICY=");
		break;
	case 'H':
		if ((rest = AFTER(text, "HTTP_")) != NULL)
			read_http(out, rest);
		else
			SET(&out->https, text, "HTTPS=");
		break;
	case 'P':
		SET(&out->path_info, text, "PATH_INFO=");
		break;
	case 'R':
		if ((rest = AFTER(text, "REQUEST_")) != NULL) {
			read_request(out, rest);
			break;
		}
		if ((rest = AFTER(text, "REDIRECT_")) != NULL)
			read_redirect(out, redirects, rest);
		else
			SET(&out->remote_addr, text, "REMOTE_ADDR=");
		break;
	case 'S':
		if ((rest = AFTER(text, "SERVER_")) != NULL) {
			read_server(out, rest);
			break;
		}
		SET(&out->script_name, text, "SCRIPT_NAME=");
		SET(&out->script_filename, text, "SCRIPT_FILENAME=");
		break;
	default:
		break;
	}
}

void
request_read(struct request *out, char *const *variables)
{
	struct redirects redirects = {SLICE_NONE, false};

	memset(out, 0, sizeof(*out));
	for (; *variables != NULL; variables++)
		read_variable(out, &redirects, *variables);
	/* The section for the URL that failed does not apply to the script that
	 * runs instead. */
	if (!slice_present(out->policy_name) && !redirects.was_program)
		out->policy_name = redirects.policy_name;
	/* Caddy sets -1 if the length is unknown. */
	if (slice_eq(out->content_length, SLICE("-1")))
		out->content_length = SLICE_NONE;
}

bool
request_is_https(const struct request *request)
{
	struct slice list = request->forwarded_proto, proto = SLICE_NONE;

	/* With several proxies, the first one has seen the client. */
	(void)text_element_next(&list, &proto);
	return slice_eq_nocase(request->https, SLICE("on")) ||
	       slice_eq(request->https, SLICE("1")) ||
	       slice_eq_nocase(request->request_scheme, SLICE("https")) ||
	       slice_eq_nocase(proto, SLICE("https"));
}
