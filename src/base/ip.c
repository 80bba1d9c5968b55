/*
 * Reading and writing IP addresses.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/ip.h"

#include <stdint.h>

#include "base/text.h"

enum { V4_BYTES = 4, V6_BYTES = 16, GROUPS = 8 };

/* ---- reading IPv4 ---- */

/* Cut the part before the next dot off *rest.  *rest becomes the text after the
 * dot; absent: there is no dot. */
static struct slice
cut_label(struct slice *rest)
{
	size_t dot = text_find(*rest, '.');
	struct slice label = slice_of(rest->ptr, dot);

	*rest = dot < rest->len ? slice_after(*rest, dot + 1) : SLICE_NONE;
	return label;
}

bool
ip_parse_v4(struct slice text, struct ip *out)
{
	struct ip ip = {.v6 = false};

	for (size_t i = 0; i < V4_BYTES; i++) {
		struct slice label = cut_label(&text);
		uint64_t value;

		if ((label.len > 1 && label.ptr[0] == '0') ||
		    !text_number(label, 255, &value) ||
		    slice_present(text) != (i + 1 < V4_BYTES))
			return false;
		ip.bytes[i] = (unsigned char)value;
	}
	*out = ip;
	return true;
}

/* The URL standard's "IPv4 number parser".  A number over 32 bits becomes 2^32.
 * False: not a number. */
static bool
read_url_number(struct slice text, uint64_t *out)
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
		int digit = ascii_hex(text.ptr[i]);
		if (digit < 0 || (unsigned)digit >= base)
			return false;
		value = value * base + (unsigned)digit;
		if (value > UINT32_MAX)
			value = (uint64_t)UINT32_MAX + 1;
	}
	*out = value;
	return true;
}

bool
ip_ends_in_number(struct slice host)
{
	struct slice label;
	uint64_t value;
	size_t start;

	host = text_chop(host, '.');
	for (start = host.len; start > 0 && host.ptr[start - 1] != '.'; start--)
		continue;
	label = slice_after(host, start);
	return text_is_digits(label) || read_url_number(label, &value);
}

bool
ip_parse_url_v4(struct slice text, struct ip *out)
{
	uint64_t address = 0, last = 0;
	size_t count = 0;

	text = text_chop(text, '.');
	while (slice_present(text)) {
		/* Each part except the last is one byte. */
		if (count == V4_BYTES || last > 255)
			return false;
		address = address << 8 | last;
		if (!read_url_number(cut_label(&text), &last))
			return false;
		count++;
	}
	if (count == 0 || last >= (uint64_t)1 << (8 * (V4_BYTES + 1 - count)))
		return false;
	address = address << (8 * (V4_BYTES + 1 - count)) | last;
	*out = (struct ip){.v6 = false};
	for (size_t i = 0; i < V4_BYTES; i++)
		out->bytes[i] = (unsigned char)(address >> (24 - 8 * i));
	return true;
}

/* ---- reading IPv6 ---- */

/* Groups of two bytes; "::" is before the group with the index `gap`. */
struct groups {
	unsigned char bytes[V6_BYTES];
	size_t count;
	size_t gap; /* GROUPS + 1: there is no "::" */
};

static bool
add_group(struct groups *g, unsigned value)
{
	if (g->count == GROUPS)
		return false;
	g->bytes[2 * g->count] = (unsigned char)(value >> 8);
	g->bytes[2 * g->count + 1] = (unsigned char)value;
	g->count++;
	return true;
}

/* Cut off up to four hexadecimal digits.  False: there are none. */
static bool
cut_group(struct slice *rest, unsigned *value)
{
	size_t n = 0;

	*value = 0;
	while (n < rest->len && n < 4 && ascii_hex(rest->ptr[n]) >= 0)
		*value = *value << 4 | (unsigned)ascii_hex(rest->ptr[n++]);
	*rest = slice_after(*rest, n);
	return n > 0;
}

static bool
add_quad(struct groups *g, struct slice text)
{
	struct ip ip;

	return ip_parse_v4(text, &ip) &&
	       add_group(g, (unsigned)ip.bytes[0] << 8 | ip.bytes[1]) &&
	       add_group(g, (unsigned)ip.bytes[2] << 8 | ip.bytes[3]);
}

static bool
read_groups(struct slice rest, struct groups *g)
{
	if (slice_starts(rest, SLICE("::"))) {
		g->gap = 0;
		rest = slice_after(rest, 2);
	}
	while (rest.len > 0) {
		struct slice before = rest;
		unsigned value;

		if (!cut_group(&rest, &value))
			return false;
		if (rest.len > 0 && rest.ptr[0] == '.')
			return add_quad(g, before);
		if (!add_group(g, value))
			return false;
		if (rest.len == 0)
			return true;
		if (rest.ptr[0] != ':' || rest.len == 1)
			return false;
		rest = slice_after(rest, 1);
		if (rest.ptr[0] != ':')
			continue;
		if (g->gap <= GROUPS)
			return false;
		g->gap = g->count;
		rest = slice_after(rest, 1);
	}
	return true;
}

bool
ip_parse_v6(struct slice text, struct ip *out)
{
	struct groups g = {.gap = GROUPS + 1};

	if (!read_groups(text, &g))
		return false;
	/* "::" replaces at least one group. */
	if ((g.gap > GROUPS) != (g.count == GROUPS))
		return false;
	*out = (struct ip){.v6 = true};
	if (g.gap > GROUPS)
		g.gap = GROUPS;
	size_t tail = 2 * (g.count - (g.count < g.gap ? g.count : g.gap));
	memcpy(out->bytes, g.bytes, 2 * g.count - tail);
	memcpy(out->bytes + V6_BYTES - tail, g.bytes + 2 * g.count - tail,
	       tail);
	return true;
}

bool
ip_parse(struct slice text, struct ip *out)
{
	return ip_parse_v4(text, out) || ip_parse_v6(text, out);
}

/* ---- writing ---- */

static unsigned
group_at(const struct ip *ip, size_t i)
{
	return (unsigned)ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1];
}

/* Find the longest run of at least two zero groups, or the first of several
 * (RFC 5952, 4.2).  Returns its length, or 0. */
static size_t
find_zeros(const struct ip *ip, size_t *start)
{
	size_t best = 1;

	*start = GROUPS;
	for (size_t i = 0, run = 0; i < GROUPS; i++) {
		run = group_at(ip, i) == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*start = i + 1 - run;
		}
	}
	return best > 1 ? best : 0;
}

static size_t
write_v6(const struct ip *ip, char *buf)
{
	size_t len = 0, start, zeros = find_zeros(ip, &start);
	char digits[TEXT_HEX_MAX];

	for (size_t i = 0; i < GROUPS; i++) {
		if (i == start) {
			buf[len++] = ':';
			buf[len++] = ':';
			i += zeros - 1;
			continue;
		}
		if (i > 0 && i != start + zeros)
			buf[len++] = ':';
		size_t n = text_put_hex(digits, group_at(ip, i));
		memcpy(buf + len, digits, n);
		len += n;
	}
	return len;
}

size_t
ip_write(const struct ip *ip, char buf[static IP_TEXT_MAX])
{
	char digits[TEXT_DECIMAL_MAX];
	size_t len = 0;

	if (ip->v6)
		return write_v6(ip, buf);
	for (size_t i = 0; i < V4_BYTES; i++) {
		size_t n = text_put_decimal(digits, ip->bytes[i]);
		if (i > 0)
			buf[len++] = '.';
		memcpy(buf + len, digits, n);
		len += n;
	}
	return len;
}

/* ---- properties ---- */

bool
ip_eq(const struct ip *a, const struct ip *b)
{
	return a->v6 == b->v6 &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
ip_is_loopback(const struct ip *ip)
{
	static const struct ip one = {{[15] = 1}, true};

	return ip->v6 ? ip_eq(ip, &one) : ip->bytes[0] == 127;
}

static const struct ip mapped = {{[10] = 0xff, [11] = 0xff}, true};

bool
ip_is_mapped(const struct ip *ip)
{
	return ip_in_network(ip, &mapped, 96);
}

void
ip_unmap(struct ip *ip)
{
	struct ip inner = {.v6 = false};

	if (!ip_is_mapped(ip))
		return;
	memcpy(inner.bytes, ip->bytes + 12, V4_BYTES);
	*ip = inner;
}

void
ip_mask(struct ip *ip, unsigned bits)
{
	unsigned whole = bits / 8;

	if (whole >= V6_BYTES)
		return;
	ip->bytes[whole] &= (unsigned char)~(0xffU >> bits % 8);
	memset(ip->bytes + whole + 1, 0, V6_BYTES - whole - 1);
}

bool
ip_in_network(const struct ip *ip, const struct ip *network, unsigned bits)
{
	struct ip a = *ip, b = *network;

	ip_mask(&a, bits);
	ip_mask(&b, bits);
	return ip_eq(&a, &b);
}
