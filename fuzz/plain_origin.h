/*
 * Origins and patterns by an implementation that is slow and plain: text is
 * split and compared as text, addresses are parsed by the C library.
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
	bool opaque;
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

/* The port that URLs of a special scheme leave out, or NULL. */
static const char *
plain_default(const char *scheme)
{
	static const char *const standard[][2] = {{"http", "80"},
						  {"ws", "80"},
						  {"https", "443"},
						  {"wss", "443"},
						  {"ftp", "21"}};

	for (size_t i = 0; i < UNIT_COUNT(standard); i++)
		if (strcmp(scheme, standard[i][0]) == 0)
			return standard[i][1];
	return NULL;
}

static bool
plain_port(const struct plain_origin *o)
{
	const char *usual = plain_default(o->scheme);

	if (!o->has_port)
		return true;
	return plain_only(o->port, PLAIN_DIGITS) && strlen(o->port) <= 5 &&
	       o->port[0] != '0' && atoi(o->port) <= 65535 &&
	       (usual == NULL || strcmp(o->port, usual) != 0);
}

/* RFC 5952, 4: written from the sixteen bytes. */
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

/* URL standard, "ends in a number". */
static bool
plain_is_number(const char *label)
{
	if (label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
		return strspn(label + 2, PLAIN_DIGITS "abcdefABCDEF") ==
		       strlen(label + 2);
	return plain_only(label, PLAIN_DIGITS);
}

static bool
plain_is_ipv4(const char *host)
{
	unsigned char bytes[4];
	char again[64];

	return inet_pton(AF_INET, host, bytes) == 1 &&
	       inet_ntop(AF_INET, bytes, again, sizeof(again)) != NULL &&
	       strcmp(again, host) == 0;
}

static bool
plain_is_ip(const struct plain_origin *o)
{
	char label[PLAIN_MAX];

	if (o->opaque)
		return false;
	if (plain_default(o->scheme) == NULL)
		return plain_is_ipv4(o->host);
	return o->host[0] == '[' ||
	       plain_is_number(plain_last_label(o->host, label));
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

/* With schemes that are not special: a name and a port, or any text. */
static bool
plain_valid_other(const char *text, struct plain_origin *out)
{
	const char *rest = strstr(text, "://") + 3;
	size_t len = strcspn(rest, ":");

	memset(out->host, 0, sizeof(out->host));
	memcpy(out->host, rest, len);
	out->has_port = rest[len] == ':';
	strcpy(out->port, out->has_port ? rest + len + 1 : "");
	if (plain_name(out->host))
		return strlen(out->host) <= 253 && plain_port(out);
	strcpy(out->host, rest);
	out->has_port = false;
	out->port[0] = '\0';
	out->opaque = true;
	for (const char *at = rest; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~' ||
		    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ/?#@\"',;*\\", *at) !=
			NULL)
			return false;
	return strlen(rest) <= 253 &&
	       (strcmp(out->scheme, "file") != 0 || *rest == '\0');
}

/* Is it an origin as browsers serialize it?  A-labels are not checked. */
static bool
plain_valid(const char *text, struct plain_origin *out)
{
	if (!plain_split(text, out) ||
	    !plain_only(out->scheme, PLAIN_LOWER PLAIN_DIGITS "+-.") ||
	    strchr(PLAIN_LOWER, out->scheme[0]) == NULL ||
	    strlen(out->scheme) > 64)
		return false;
	if (plain_default(out->scheme) == NULL)
		return plain_valid_other(text, out) &&
		       (strcmp(out->scheme, "file") != 0 ||
			out->host[0] == '\0');
	if (!plain_port(out) || strlen(out->host) > 253)
		return false;
	if (out->host[0] == '[')
		return plain_ipv6(out->host);
	return plain_is_ip(out) ? plain_is_ipv4(out->host)
				: plain_name(out->host);
}

static inline bool
plain_match_port(const struct plain_origin *p, const struct plain_origin *o)
{
	const char *usual = plain_default(p->scheme);
	int first, last, port = atoi(o->port);

	if (strcmp(p->port, "*") == 0)
		return true;
	if (strchr(p->port, '-') == NULL)
		return strcmp(p->port, o->port) == 0;
	sscanf(p->port, "%d-%d", &first, &last);
	if (port == 0 && usual != NULL)
		port = atoi(usual);
	return port >= first && port <= last;
}

/* range: "10.0.0.0/8", "[fd00::]/8" */
static inline bool
plain_match_range(const char *range, const char *host)
{
	char left[PLAIN_MAX], right[PLAIN_MAX];
	unsigned char a[16], b[16];
	bool v6 = range[0] == '[';

	if ((host[0] == '[') != v6)
		return false;
	strcpy(left, range + v6);
	strcpy(right, host + v6);
	left[strcspn(left, "]/")] = '\0';
	right[strcspn(right, "]")] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, left, a) != 1 ||
	    inet_pton(v6 ? AF_INET6 : AF_INET, right, b) != 1)
		return false;
	for (int i = 0; i < atoi(strchr(range, '/') + 1); i++)
		if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

/* Does the text begin and end so, with a part of a label between? */
static inline bool
plain_match_label(const char *pattern, const char *host)
{
	size_t head = strcspn(pattern, "*"), len = strlen(host);
	size_t tail = strlen(pattern) - head - 1;

	return len > head + tail && strncmp(pattern, host, head) == 0 &&
	       strcmp(host + len - tail, pattern + head + 1) == 0 &&
	       strspn(host + head, PLAIN_LOWER PLAIN_DIGITS "-") >=
		   len - head - tail;
}

static inline bool
plain_match_host(const struct plain_origin *p, const struct plain_origin *o)
{
	if (strcmp(p->host, "*") == 0)
		return true;
	if (strchr(p->host, '/') != NULL)
		return !o->opaque && plain_match_range(p->host, o->host);
	if (strchr(p->host, '*') == NULL)
		return strcmp(p->host, o->host) == 0;
	if (plain_is_ip(o) || o->opaque)
		return false;
	if (strncmp(p->host, "*.", 2) != 0)
		return plain_match_label(p->host, o->host);
	if (strlen(o->host) < strlen(p->host))
		return false;
	return strcmp(o->host + strlen(o->host) - strlen(p->host) + 1,
		      p->host + 1) == 0;
}

/* Does the pattern, which is valid, match the origin? */
static inline bool
plain_match(const char *pattern, const char *origin)
{
	struct plain_origin p, o;

	if (plain_valid(pattern, &p))
		return strcmp(pattern, origin) == 0;
	return plain_valid(origin, &o) && plain_split(pattern, &p) &&
	       strcmp(p.scheme, o.scheme) == 0 && plain_match_port(&p, &o) &&
	       plain_match_host(&p, &o);
}

#endif
