/*
 * The request's variables, looked at once.
 *
 * A server sends some thirty of them and we want twenty, for every request: the
 * letters in which the names differ say which one a variable can be, and only
 * with that it is compared.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "request.h"

/* What comes after the prefix; NULL if the text does not begin so. */
static inline const char *
after(const char *text, const char *prefix)
{
	while (*prefix != '\0')
		if (*text++ != *prefix++)
			return NULL;
	return text;
}

/* The value, if the variable has this name and is the first that has. */
static inline void
take(struct slice *slot, const char *text, const char *name)
{
	const char *value = after(text, name);

	if (value != NULL && !slice_present(*slot))
		*slot = slice_from(value);
}

/* The same where the number matters: max values are kept, all are counted. */
static inline void
take_counted(struct slice *slots, unsigned max, unsigned *count,
	     const char *text, const char *name)
{
	const char *value = after(text, name);

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
		text = after(text, "ACCESS_CONTROL_REQUEST_");
		if (text == NULL)
			break;
		take_counted(&out->acrm, 1, &out->acrm_count, text, "METHOD=");
		take_counted(out->acrh, REQUEST_LINES_MAX, &out->acrh_count,
			     text, "HEADERS=");
		break;
	case 'H':
		take(&out->host, text, "HOST=");
		break;
	case 'O':
		take_counted(&out->origin, 1, &out->origin_count, text,
			     "ORIGIN=");
		break;
	case 'S':
		take(&out->fetch_site, text, "SEC_FETCH_SITE=");
		break;
	case 'X':
		take(&out->forwarded_proto, text, "X_FORWARDED_PROTO=");
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
		take(&out->method, text, "METHOD=");
		break;
	case 'S':
		take(&out->request_scheme, text, "SCHEME=");
		break;
	case 'U':
		take(&out->uri, text, "URI=");
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
		take(&out->server_name, text, "NAME=");
		break;
	case 'P':
		take(&out->server_port, text, "PORT=");
		take(&out->protocol, text, "PROTOCOL=");
		break;
	case 'S':
		take(&out->server_software, text, "SOFTWARE=");
		break;
	default:
		break;
	}
}

static void
read_variable(struct request *out, struct slice *redirected, const char *text)
{
	const char *rest;

	switch (text[0]) {
	case 'C':
		take(&out->content_length, text, "CONTENT_LENGTH=");
		take(&out->policy_name, text, "CORSWRAP_POLICY=");
		break;
	case 'H':
		if ((rest = after(text, "HTTP_")) != NULL)
			read_http(out, rest);
		else
			take(&out->https, text, "HTTPS=");
		break;
	case 'P':
		take(&out->path_info, text, "PATH_INFO=");
		break;
	case 'R':
		if ((rest = after(text, "REQUEST_")) != NULL) {
			read_request(out, rest);
			break;
		}
		take(&out->remote_addr, text, "REMOTE_ADDR=");
		/* Apache renames what it had set before a redirect. */
		take(redirected, text, "REDIRECT_CORSWRAP_POLICY=");
		break;
	case 'S':
		if ((rest = after(text, "SERVER_")) != NULL)
			read_server(out, rest);
		else
			take(&out->script_name, text, "SCRIPT_NAME=");
		break;
	default:
		break;
	}
}

void
request_read(struct request *out, char *const *variables)
{
	struct slice redirected = SLICE_NONE;

	memset(out, 0, sizeof(*out));
	for (; *variables != NULL; variables++)
		read_variable(out, &redirected, *variables);
	if (!slice_present(out->policy_name))
		out->policy_name = redirected;
}
