/*
 * Hosts in URLs: names, and the many ways in which people and attackers write
 * an IP address, of which browsers make one (https://url.spec.whatwg.org/,
 * 3.5).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/url.h"

#include <stdint.h>

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
put_number(char *buf, unsigned value, unsigned base)
{
	char digits[16];
	size_t n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while ((value /= base) > 0);
	for (size_t i = 0; i < n; i++)
		buf[i] = digits[n - 1 - i];
	return n;
}

/* ---- IPv4 ---- */

/* The part behind the last dot, a final dot not counted. */
static struct slice
last_label(struct slice host)
{
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	for (size_t i = host.len; i > 0; i--)
		if (host.ptr[i - 1] == '.')
			return slice_after(host, i);
	return host;
}

/* "IPv4 number parser": decimal, octal or hexadecimal; over 2^32 it stays
 * there.  False: no number. */
static bool
ipv4_number(struct slice text, uint64_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	if (text.len > 1 && text.ptr[0] == '0') {
		bool hex = ascii_lower(text.ptr[1]) == 'x';
		base = hex ? 16 : 8;
		text = slice_after(text, hex ? 2 : 1);
	}
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_value(text.ptr[i]);
		if (digit < 0 || (unsigned)digit >= base)
			return false;
		value = value * base + (unsigned)digit;
		if (value > UINT32_MAX)
			value = (uint64_t)UINT32_MAX + 1;
	}
	*out = value;
	return true;
}

/* "Ends in a number checker": then it is an address or nothing. */
static bool
ends_in_number(struct slice host)
{
	struct slice label = last_label(host);
	uint64_t number;
	size_t i = 0;

	while (i < label.len && is_digit(label.ptr[i]))
		i++;
	return label.len > 0 && (i == label.len || ipv4_number(label, &number));
}

/* The parts between dots; their number, 0 if one is no number. */
static size_t
ipv4_parts(struct slice host, uint64_t parts[static 4])
{
	size_t count = 0;

	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	for (size_t from = 0, i = 0; i <= host.len; i++) {
		if (i < host.len && host.ptr[i] != '.')
			continue;
		if (count == 4 ||
		    !ipv4_number(slice_of(host.ptr + from, i - from),
				 &parts[count]))
			return 0;
		count++;
		from = i + 1;
	}
	return count;
}

static struct slice
ipv4_parse(struct slice host, char *buf)
{
	uint64_t parts[4], address = 0;
	size_t count = ipv4_parts(host, parts), len = 0;

	if (count == 0)
		return SLICE_NONE;
	for (size_t i = 0; i + 1 < count; i++) {
		if (parts[i] > 255)
			return SLICE_NONE;
		address |= parts[i] << (8 * (3 - i));
	}
	/* The last fills what is left. */
	if (parts[count - 1] >= (uint64_t)1 << (8 * (5 - count)))
		return SLICE_NONE;
	address |= parts[count - 1];
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			buf[len++] = '.';
		len += put_number(
		    buf + len, (unsigned)(address >> (8 * (3 - i))) & 255, 10);
	}
	return slice_of(buf, len);
}

/* ---- IPv6 ---- */

struct ipv6 {
	unsigned pieces[8];
	size_t count;
	size_t gap; /* place of "::", 9: none */
};

/* The dotted quad at the end; strict, unlike IPv4 hosts. */
static bool
ipv6_quad(struct slice text, struct ipv6 *ip)
{
	unsigned bytes[4], n = 0;
	size_t i = 0;

	if (ip->count > 6)
		return false;
	while (n < 4) {
		size_t from = i;
		unsigned value = 0;
		while (i < text.len && is_digit(text.ptr[i]) && i - from < 4)
			value = value * 10 + (unsigned)(text.ptr[i++] - '0');
		if (i == from || value > 255 ||
		    (i - from > 1 && text.ptr[from] == '0'))
			return false;
		bytes[n++] = value;
		if (n < 4 && (i == text.len || text.ptr[i++] != '.'))
			return false;
	}
	ip->pieces[ip->count++] = bytes[0] << 8 | bytes[1];
	ip->pieces[ip->count++] = bytes[2] << 8 | bytes[3];
	return i == text.len;
}

static size_t
ipv6_piece(struct slice text, unsigned *value)
{
	size_t n = 0;

	*value = 0;
	while (n < text.len && n < 4 && hex_value(text.ptr[n]) >= 0)
		*value = *value << 4 | (unsigned)hex_value(text.ptr[n++]);
	return n;
}

/* "IPv6 parser" from the first piece on. */
static bool
ipv6_pieces(struct slice text, struct ipv6 *ip)
{
	while (text.len > 0) {
		unsigned value;
		size_t n;

		if (ip->count == 8)
			return false;
		if (text.ptr[0] == ':') {
			if (ip->gap != 9)
				return false;
			ip->gap = ip->count;
			text = slice_after(text, 1);
			continue;
		}
		n = ipv6_piece(text, &value);
		if (n < text.len && text.ptr[n] == '.')
			return n > 0 && ipv6_quad(text, ip);
		if (n == 0)
			return false;
		ip->pieces[ip->count++] = value;
		text = slice_after(text, n);
		if (text.len == 0)
			break;
		if (text.ptr[0] != ':' || text.len == 1)
			return false;
		text = slice_after(text, 1);
	}
	return true;
}

static bool
ipv6_read(struct slice text, struct ipv6 *ip)
{
	ip->count = 0;
	ip->gap = 9;
	if (text.len > 0 && text.ptr[0] == ':') {
		if (text.len < 2 || text.ptr[1] != ':')
			return false;
		text = slice_after(text, 1);
	}
	if (!ipv6_pieces(text, ip))
		return false;
	if (ip->gap == 9)
		return ip->count == 8;
	if (ip->count == 8)
		return false;
	size_t tail = ip->count - ip->gap;
	for (size_t i = 0; i < tail; i++)
		ip->pieces[7 - i] = ip->pieces[ip->count - 1 - i];
	for (size_t i = ip->gap; i < 8 - tail; i++)
		ip->pieces[i] = 0;
	return true;
}

/* The first longest run of zero pieces, two at least; else 8. */
static size_t
ipv6_zeros(const struct ipv6 *ip, size_t *len)
{
	size_t best = 8, best_len = 1;

	for (size_t i = 0; i < 8; i++) {
		size_t n = 0;
		while (i + n < 8 && ip->pieces[i + n] == 0)
			n++;
		if (n > best_len) {
			best = i;
			best_len = n;
		}
		i += n;
	}
	*len = best_len;
	return best;
}

static struct slice
ipv6_parse(struct slice text, char *buf)
{
	struct ipv6 ip;
	size_t len = 0, zeros, zeros_len;

	if (!ipv6_read(text, &ip))
		return SLICE_NONE;
	zeros = ipv6_zeros(&ip, &zeros_len);
	buf[len++] = '[';
	for (size_t i = 0; i < 8; i++) {
		if (i == zeros) {
			buf[len++] = ':';
			if (i == 0)
				buf[len++] = ':';
			i += zeros_len - 1;
			continue;
		}
		len += put_number(buf + len, ip.pieces[i], 16);
		if (i < 7)
			buf[len++] = ':';
	}
	buf[len++] = ']';
	return slice_of(buf, len);
}

/* ---- names ---- */

/* "Forbidden domain code point". */
static bool
is_forbidden(char c)
{
	unsigned char u = (unsigned char)c;

	return u <= ' ' || u == 0x7f ||
	       (u < 0x80 && memchr("#/:<>?@[\\]^|%", c, 13) != NULL);
}

/* Percent-decoded, without the lower-casing; false: no room. */
static bool
decode(struct slice text, char *buf, size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		int high = -1, low = -1;
		if (text.ptr[i] == '%' && i + 2 < text.len) {
			high = hex_value(text.ptr[i + 1]);
			low = hex_value(text.ptr[i + 2]);
		}
		if (*len == URL_ASCII_MAX - 1)
			return false;
		if (high >= 0 && low >= 0) {
			buf[(*len)++] = (char)(high * 16 + low);
			i += 2;
		} else {
			buf[(*len)++] = text.ptr[i];
		}
	}
	return true;
}

/* The name in lower case ASCII in buf; false: fault says why not. */
static bool
to_domain(struct slice text, url_to_ascii *to_ascii, char *buf, size_t *len,
	  enum url_fault *fault)
{
	char decoded[URL_ASCII_MAX];

	*fault = URL_FAULT_HOST;
	if (!decode(text, decoded, len) || *len == 0)
		return false;
	if (!slice_is_ascii(slice_of(decoded, *len))) {
		if (to_ascii == NULL) {
			*fault = URL_FAULT_NON_ASCII;
			return false;
		}
		if (!to_ascii(slice_of(decoded, *len), buf))
			return false;
		*len = strlen(buf);
	} else {
		memcpy(buf, decoded, *len);
	}
	for (size_t i = 0; i < *len; i++) {
		if (is_forbidden(buf[i]))
			return false;
		buf[i] = ascii_lower(buf[i]);
	}
	return *len > 0;
}

struct slice
url_host_parse(struct slice text, url_to_ascii *to_ascii, char *buf,
	       bool *is_ip, enum url_fault *fault)
{
	struct slice host;
	char name[URL_ASCII_MAX];
	size_t len;

	*is_ip = false;
	*fault = URL_FAULT_HOST;
	if (text.len > 0 && text.ptr[0] == '[') {
		if (text.ptr[text.len - 1] != ']')
			return SLICE_NONE;
		host = ipv6_parse(slice_of(text.ptr + 1, text.len - 2), buf);
		*is_ip = slice_present(host);
	} else if (!to_domain(text, to_ascii, name, &len, fault)) {
		return SLICE_NONE;
	} else if (ends_in_number(slice_of(name, len))) {
		host = ipv4_parse(slice_of(name, len), buf);
		*is_ip = slice_present(host);
	} else {
		memcpy(buf, name, len);
		host = slice_of(buf, len);
	}
	if (slice_present(host))
		*fault = URL_FAULT_NONE;
	return host;
}
