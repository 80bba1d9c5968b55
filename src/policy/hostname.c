/*
 * Host names, with libidn2 and libpsl.
 *
 * The program can be built without them (configure --without-idn,
 * --without-psl; the static program always is).  Simple rules then replace
 * them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/hostname.h"

#ifndef WITHOUT_IDN
#include <idn2.h>
#endif
#ifndef WITHOUT_PSL
#include <libpsl.h>
#endif

#include <stdint.h>

#include "base/host.h"
#include "base/ip.h"
#include "base/text.h"

#ifndef WITHOUT_IDN
enum { LABEL_MAX = 63 };

/* The profile of browsers (URL standard, "domain to ASCII": UTS #46, not
 * transitional). */
static const int profile = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT;

/* ---- emoji ---- */

/*
 * libidn2 maps by UTS #46, and then refuses characters that IDNA2008 does not
 * know; browsers accept them.  UTS #46 keeps every assigned character of these
 * ranges unchanged.
 */
static bool
is_symbol(uint32_t c)
{
	return (c >= 0x2190 && c <= 0x2328) || (c >= 0x232b && c <= 0x23ff) ||
	       (c >= 0x2600 && c <= 0x27bf) || (c >= 0x2b05 && c <= 0x2b55) ||
	       (c >= 0x1f1e6 && c <= 0x1f1ff) || (c >= 0x1f300 && c <= 0x1faff);
}

/* Cut the first character off a text in UTF-8; 0: it is malformed. */
static uint32_t
cut_character(struct slice *rest)
{
	unsigned char first = (unsigned char)rest->ptr[0];
	size_t more = first < 0x80   ? 0
		      : first < 0xe0 ? 1
		      : first < 0xf0 ? 2
				     : 3;
	uint32_t c = more == 0 ? first : first & (0x3fU >> more);

	if (more >= rest->len || (first >= 0x80 && first < 0xc2))
		return 0;
	for (size_t i = 1; i <= more; i++)
		c = c << 6 | ((unsigned char)rest->ptr[i] & 0x3fU);
	*rest = slice_after(*rest, more + 1);
	return c;
}

static size_t
put_delta(uint32_t delta, uint32_t bias, char *to)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = 0;

	for (uint32_t k = 36;; k += 36) {
		uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		if (delta < t) {
			to[len++] = digits[delta];
			return len;
		}
		to[len++] = digits[t + (delta - t) % (36 - t)];
		delta = (delta - t) / (36 - t);
	}
}

enum { DELTA_MAX = 8 }; /* digits of 32 bits */

/* Write "xn--" and the Punycode (RFC 3492, 6.3).  Returns the length; 0: it
 * would be longer than a label. */
static size_t
encode(const uint32_t *points, size_t count, char to[static LABEL_MAX])
{
	uint32_t n = 0x80, delta = 0, bias = 72;
	size_t len = 4, done = 0;
	bool first = true;

	memcpy(to, "xn--", 4);
	for (size_t i = 0; i < count; i++) {
		if (points[i] < 0x80)
			to[len++] = (char)points[i];
		if (len + 1 > LABEL_MAX)
			return 0;
	}
	done = len - 4;
	uint32_t basic = (uint32_t)done;
	if (basic > 0)
		to[len++] = '-';
	while (done < count) {
		uint32_t next = UINT32_MAX;

		for (size_t i = 0; i < count; i++)
			if (points[i] >= n && points[i] < next)
				next = points[i];
		delta += (next - n) * ((uint32_t)done + 1);
		for (size_t i = 0; i < count; i++) {
			delta += points[i] < next;
			if (points[i] != next)
				continue;
			if (len + DELTA_MAX > LABEL_MAX)
				return 0;
			len += put_delta(delta, bias, to + len);
			bias = host_punycode_bias(delta, (uint32_t)++done, first);
			first = false;
			delta = 0;
		}
		delta++;
		n = next + 1;
	}
	return len;
}

/* Write a label of ASCII and symbols as an A-label.  Returns the length; 0: it
 * has other characters, or is too long.  The selector of emoji presentation is
 * dropped (UTS #46: ignored). */
static size_t
symbols_to_ascii(struct slice label, char to[static LABEL_MAX])
{
	uint32_t points[LABEL_MAX];
	size_t count = 0;

	while (label.len > 0) {
		uint32_t c = cut_character(&label);
		bool ascii = c != 0 && c < 0x80;

		if (c == 0xfe0f)
			continue;
		if (count == LABEL_MAX || (!ascii && !is_symbol(c)))
			return 0;
		points[count++] =
		    ascii ? (unsigned char)ascii_lower((char)c) : c;
	}
	return encode(points, count, to);
}

/* ---- hosts ---- */

/* Append a label; false: it cannot be written, or there is no room. */
static bool
append_label(struct slice label, char *buf, size_t *len)
{
	char text[HOSTNAME_MAX], symbols[LABEL_MAX];
	char *ascii = NULL;
	struct slice out = label;

	memcpy(text, label.ptr, label.len);
	text[label.len] = '\0';
	if (!slice_is_ascii(label)) {
		if (idn2_to_ascii_8z(text, &ascii, profile) == IDN2_OK)
			out = slice_from(ascii);
		else
			out =
			    slice_of(symbols, symbols_to_ascii(label, symbols));
	}
	bool fits =
	    (out.len > 0 || label.len == 0) && *len + out.len < HOSTNAME_MAX;
	if (fits && out.len > 0)
		memcpy(buf + *len, out.ptr, out.len);
	*len += fits ? out.len : 0;
	idn2_free(ascii);
	return fits;
}

bool
hostname_to_ascii(struct slice host, char buf[static HOSTNAME_MAX])
{
	char *ascii = NULL;
	size_t len = 0;

	if (host.len >= HOSTNAME_MAX)
		return false;
	memcpy(buf, host.ptr, host.len);
	buf[host.len] = '\0';
	if (slice_is_ascii(host))
		return true;
	/* The whole name first: rules for right-to-left names span labels. */
	if (idn2_to_ascii_8z(buf, &ascii, profile) == IDN2_OK) {
		len = strlen(ascii);
		bool fits = len < HOSTNAME_MAX;
		if (fits)
			memcpy(buf, ascii, len + 1);
		idn2_free(ascii);
		return fits;
	}
	while (host.len > 0) {
		size_t dot = text_find(host, '.');

		if (!append_label(slice_of(host.ptr, dot), buf, &len))
			return false;
		bool more = dot < host.len;
		host = slice_after(host, more ? dot + 1 : dot);
		if (!more)
			break;
		if (len + 1 >= HOSTNAME_MAX)
			return false;
		buf[len++] = '.';
	}
	buf[len] = '\0';
	return true;
}

/*
 * Browsers accept more than IDNA2008 does: symbols (U+2603, emoji), letters
 * that this libidn2 is too old to know, hyphens anywhere.  They reject invalid
 * Punycode, and A-labels that are not in their normal form.
 */
static bool
is_label_valid(const char *label)
{
	char *ascii = NULL;
	int status = idn2_to_ascii_8z(label, &ascii, profile);

	if (status != IDN2_OK)
		return status == IDN2_DISALLOWED || status == IDN2_UNASSIGNED ||
		       status == IDN2_CONTEXTO ||
		       status == IDN2_CONTEXTO_NO_RULE ||
		       status == IDN2_2HYPHEN || status == IDN2_HYPHEN_STARTEND;
	bool same = strcmp(ascii, label) == 0;
	idn2_free(ascii);
	return same;
}

bool
hostname_labels_valid(struct slice host)
{
	while (host.len > 0) {
		size_t len = text_find(host, '.');
		struct slice label = slice_of(host.ptr, len);
		char text[LABEL_MAX + 1];

		if (slice_starts(label, SLICE("xn--"))) {
			if (len > LABEL_MAX)
				return false;
			memcpy(text, label.ptr, len);
			text[len] = '\0';
			if (!is_label_valid(text))
				return false;
		}
		host = slice_after(host, len + 1);
	}
	return true;
}
#else
/* Without libidn2 only ASCII hosts are known. */
bool
hostname_to_ascii(struct slice host, char buf[static HOSTNAME_MAX])
{
	if (host.len >= HOSTNAME_MAX || !slice_is_ascii(host))
		return false;
	memcpy(buf, host.ptr, host.len);
	buf[host.len] = '\0';
	return true;
}

/* A-labels are checked by their bytes alone (cors/origin.c). */
bool
hostname_labels_valid(struct slice host)
{
	(void)host;
	return true;
}
#endif

#ifndef WITHOUT_PSL
enum { HOST_MAX = 255 };

/* Use the list that is compiled into libpsl, not a file: a policy that a user
 * pastes into the analyzer page must not open files. */
static bool
is_listed(struct slice host, int types)
{
	const psl_ctx_t *list = psl_builtin();
	char text[HOST_MAX + 1];

	if (list == NULL || host.len == 0 || host.len > HOST_MAX)
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	return psl_is_public_suffix2(list, text, types) != 0;
}

bool
hostname_is_public_suffix(struct slice host)
{
	host = text_chop(host, '.');
	if (text_find(host, '.') == host.len)
		return true; /* the list's rule "*" */
	return is_listed(host, PSL_TYPE_ANY);
}

bool
hostname_is_icann_suffix(struct slice host)
{
	return is_listed(text_chop(host, '.'),
			 PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
}
#else
/* Without libpsl (DESIGN.md section 5): any single label, and two labels if
 * the last one has two letters, such as co.uk. */
bool
hostname_is_public_suffix(struct slice host)
{
	size_t first;

	host = text_chop(host, '.');
	first = text_find(host, '.');
	if (first == host.len)
		return true;
	host = slice_after(host, first + 1);
	return host.len == 2 && text_find(host, '.') == host.len;
}

bool
hostname_is_icann_suffix(struct slice host)
{
	host = text_chop(host, '.');
	return text_find(host, '.') == host.len &&
	       !slice_eq(host, SLICE("localhost"));
}
#endif

/* The public suffix of the host and the label in front of it; for an address
 * or a public suffix the whole host. */
static struct slice
registrable_domain(struct slice host)
{
	struct slice domain = host, rest = host;
	struct ip ip;

	if (host.len == 0 || host.ptr[0] == '[' || ip_parse(host, &ip))
		return host;
	for (;;) {
		size_t dot = text_find(rest, '.');

		if (hostname_is_public_suffix(rest) || dot == rest.len)
			return domain;
		domain = rest;
		rest = slice_after(rest, dot + 1);
	}
}

bool
hostname_same_site(struct slice a, struct slice b)
{
	return slice_eq(a, b) ||
	       slice_eq(registrable_domain(a), registrable_domain(b));
}
