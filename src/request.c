/*
 * The request's variables, looked at once.
 *
 * A server sends some thirty of them and we want twenty: the first letters say
 * which few names a variable can have, and comparing with these ends at the
 * first byte that differs.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "request.h"

/* A name with its '=' (without the letters that chose the list) and where the
 * value goes: max of them, counted in *count; or the first, uncounted. */
struct wanted {
	const char *name;
	unsigned short slot;
	unsigned short count;
	unsigned short max;
};

#define FIRST(name, member)                                                    \
	{                                                                      \
		(name), offsetof(struct request, member), 0, 0                 \
	}
#define COUNTED(name, member, number, max)                                     \
	{                                                                      \
		(name), offsetof(struct request, member),                      \
		    offsetof(struct request, number), (max)                    \
	}

/* A null name ends each list. */
static const struct wanted of_http[] = {
    COUNTED("ORIGIN=", origin, origin_count, 1),
    COUNTED("ACCESS_CONTROL_REQUEST_METHOD=", acrm, acrm_count, 1),
    COUNTED("ACCESS_CONTROL_REQUEST_HEADERS=", acrh, acrh_count,
	    REQUEST_LINES_MAX),
    FIRST("HOST=", host),
    FIRST("SEC_FETCH_SITE=", fetch_site),
    FIRST("X_FORWARDED_PROTO=", forwarded_proto),
    {NULL, 0, 0, 0},
};

static const struct wanted of_c[] = {
    FIRST("CONTENT_LENGTH=", content_length),
    FIRST("CORSWRAP_POLICY=", policy_name),
    {NULL, 0, 0, 0},
};

static const struct wanted of_p[] = {
    FIRST("PATH_INFO=", path_info),
    {NULL, 0, 0, 0},
};

static const struct wanted of_r[] = {
    FIRST("REQUEST_METHOD=", method),
    FIRST("REQUEST_URI=", uri),
    FIRST("REQUEST_SCHEME=", request_scheme),
    FIRST("REMOTE_ADDR=", remote_addr),
    {NULL, 0, 0, 0},
};

static const struct wanted of_s[] = {
    FIRST("SCRIPT_NAME=", script_name),
    FIRST("SERVER_NAME=", server_name),
    FIRST("SERVER_PORT=", server_port),
    FIRST("SERVER_PROTOCOL=", protocol),
    FIRST("SERVER_SOFTWARE=", server_software),
    {NULL, 0, 0, 0},
};

/* What comes after the prefix; NULL if the text does not begin so. */
static inline const char *
after(const char *text, const char *prefix)
{
	while (*prefix != '\0')
		if (*text++ != *prefix++)
			return NULL;
	return text;
}

static void
take(struct request *out, const struct wanted *list, const char *text)
{
	const char *value = NULL;

	while (list->name != NULL && (value = after(text, list->name)) == NULL)
		list++;
	if (list->name == NULL)
		return;

	struct slice *slot = (void *)((char *)out + list->slot);
	if (list->max == 0) {
		if (!slice_present(*slot))
			*slot = slice_from(value);
		return;
	}
	unsigned *count = (void *)((char *)out + list->count);
	if (*count < list->max)
		slot[*count] = slice_from(value);
	++*count;
}

void
request_read(struct request *out, char *const *variables)
{
	struct slice redirected = SLICE_NONE;
	const char *rest;

	memset(out, 0, sizeof(*out));
	for (; *variables != NULL; variables++) {
		const char *text = *variables;
		switch (text[0]) {
		case 'C':
			take(out, of_c, text);
			break;
		case 'H':
			if ((rest = after(text, "HTTP_")) != NULL)
				take(out, of_http, rest);
			else if ((rest = after(text, "HTTPS=")) != NULL &&
				 !slice_present(out->https))
				out->https = slice_from(rest);
			break;
		case 'P':
			take(out, of_p, text);
			break;
		case 'R':
			/* Apache renames what it had set before a redirect. */
			rest = after(text, "REDIRECT_CORSWRAP_POLICY=");
			if (rest == NULL)
				take(out, of_r, text);
			else if (!slice_present(redirected))
				redirected = slice_from(rest);
			break;
		case 'S':
			take(out, of_s, text);
			break;
		default:
			break;
		}
	}
	if (!slice_present(out->policy_name))
		out->policy_name = redirected;
}
