/*
 * Origins and patterns by an implementation that is slow and plain: text is
 * split and compared as text, addresses are asked of the C library.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PLAIN_ORIGIN_H
#define PLAIN_ORIGIN_H

#include "fuzz.h"

#include <arpa/inet.h>

enum { PLAIN_MAX = 1024 };

struct plain_origin {
	char scheme[PLAIN_MAX];
	char host[PLAIN_MAX];
	char port[PLAIN_MAX]; /* "" without */
	bool has_port;
};

/* scheme://host[:port] apart; false: it does not have this form. */
static bool
plain_split(const char *text, struct plain_origin *out)
{
	const char *rest = strstr(text, "://"), *colon;

	memset(out, 0, sizeof(*out));
	if (strlen(text) >= PLAIN_MAX || rest == NULL)
		return false;
	memcpy(out->scheme, text, (size_t)(rest - text));
	rest += 3;
	colon = strrchr(rest, ':');
	if (colon != NULL && strchr(colon, ']') != NULL)
		colon = NULL;
	strcpy(out->host, rest);
	if (colon != NULL) {
		out->host[colon - rest] = '\0';
		out->has_port = true;
		strcpy(out->port, colon + 1);
	}
	return true;
}

static bool
plain_only(const char *text, const char *set)
{
	return *text != '\0' && strspn(text, set) == strlen(text);
}

#define PLAIN_LOWER "abcdefghijklmnopqrstuvwxyz"
#define PLAIN_DIGITS "0123456789"

static bool
plain_port(const struct plain_origin *o)
{
	static const char *const standard[][2] = {{"http", "80"},
						  {"ws", "80"},
						  {"https", "443"},
						  {"wss", "443"},
						  {"ftp", "21"}};

	if (!o->has_port)
		return true;
	if (!plain_only(o->port, PLAIN_DIGITS) || strlen(o->port) > 5 ||
	    o->port[0] == '0' || atoi(o->port) > 65535)
		return false;
	for (size_t i = 0; i < UNIT_COUNT(standard); i++)
		if (strcmp(o->scheme, standard[i][0]) == 0 &&
		    strcmp(o->port, standard[i][1]) == 0)
			return false;
	return true;
}

/* RFC 5952, 4: made anew from the sixteen bytes. */
static void
plain_print_ipv6(const unsigned char b[16], char text[64])
{
	unsigned group[8];
	int start = -1, length = 1;

	for (int i = 0; i < 8; i++)
		group[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
	for (int i = 0; i < 8; i++) {
		int run = 0;
		while (i + run < 8 && group[i + run] == 0)
			run++;
		if (run > length) {
			start = i;
			length = run;
		}
	}
	text[0] = '\0';
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			strcat(text, "::");
			i += length - 1;
			continue;
		}
		if (text[0] != '\0' && text[strlen(text) - 1] != ':')
			strcat(text, ":");
		sprintf(text + strlen(text), "%x", group[i]);
	}
}

static bool
plain_ipv6(const char *host)
{
	char inner[PLAIN_MAX], again[64];
	unsigned char bytes[16];
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	size_t len = strlen(host);

	if (len < 3 || host[0] != '[' || host[len - 1] != ']')
		return false;
	strcpy(inner, host + 1);
	inner[len - 2] = '\0';
	if (inet_pton(AF_INET6, inner, bytes) != 1 ||
	    memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return false;
	plain_print_ipv6(bytes, again);
	return strcmp(inner, again) == 0;
}

static const char *
plain_last_label(const char *host, char label[PLAIN_MAX])
{
	char *dot;

	strcpy(label, host);
	if (label[0] != '\0' && label[strlen(label) - 1] == '.')
		label[strlen(label) - 1] = '\0';
	dot = strrchr(label, '.');
	return dot == NULL ? label : dot + 1;
}

static bool
plain_is_ip(const char *host)
{
	char label[PLAIN_MAX];
	const char *last = plain_last_label(host, label);

	return host[0] == '[' || (*last >= '0' && *last <= '9');
}

static bool
plain_name(const char *host)
{
	char copy[PLAIN_MAX], *rest = copy, *label;

	strcpy(copy, host);
	if (copy[0] != '\0' && copy[strlen(copy) - 1] == '.')
		copy[strlen(copy) - 1] = '\0';
	while ((label = strsep(&rest, ".")) != NULL)
		if (!plain_only(label, PLAIN_LOWER PLAIN_DIGITS "-_") ||
		    strlen(label) > 63)
			return false;
	return true;
}

/* Is it an origin as browsers serialize it?  A-labels are not looked into. */
static bool
plain_valid(const char *text, struct plain_origin *out)
{
	unsigned char bytes[4];
	char again[64];

	if (!plain_split(text, out) || !plain_port(out))
		return false;
	if (!plain_only(out->scheme, PLAIN_LOWER PLAIN_DIGITS "+-.") ||
	    strchr(PLAIN_LOWER, out->scheme[0]) == NULL ||
	    strlen(out->scheme) > 64 || strlen(out->host) > 253 ||
	    strcmp(out->scheme, "file") == 0)
		return false;
	if (out->host[0] == '[')
		return plain_ipv6(out->host);
	if (!plain_is_ip(out->host))
		return plain_name(out->host);
	return inet_pton(AF_INET, out->host, bytes) == 1 &&
	       inet_ntop(AF_INET, bytes, again, sizeof(again)) != NULL &&
	       strcmp(again, out->host) == 0;
}

/* Does the pattern, which is known to be a good one, match the origin? */
static inline bool
plain_match(const char *pattern, const char *origin)
{
	struct plain_origin p, o;
	const char *host = p.host;

	if (strchr(pattern, '*') == NULL)
		return strcmp(pattern, origin) == 0;
	if (!plain_valid(origin, &o) || !plain_split(pattern, &p) ||
	    strcmp(p.scheme, o.scheme) != 0)
		return false;
	if (strcmp(p.port, "*") != 0 && strcmp(p.port, o.port) != 0)
		return false;
	if (strncmp(host, "*.", 2) != 0)
		return strcmp(host, o.host) == 0;
	if (plain_is_ip(o.host) || strlen(o.host) < strlen(host))
		return false;
	return strcmp(o.host + strlen(o.host) - strlen(host) + 1, host + 1) ==
	       0;
}

#endif
