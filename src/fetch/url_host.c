/*
 * Hosts in URLs: names, and IP addresses, which browsers convert from many
 * forms to one (https://url.spec.whatwg.org/, 3.5).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fetch/url.h"

#include "base/ip.h"
#include "base/text.h"

/* "Forbidden domain code point". */
static bool
is_forbidden(char c)
{
	unsigned char u = (unsigned char)c;

	return u <= ' ' || u == 0x7f ||
	       (u < 0x80 && memchr("#/:<>?@[\\]^|%", c, 13) != NULL);
}

/* Percent-decode into buf, of URL_ASCII_MAX bytes.  Absent: it does not fit. */
static struct slice
decode(struct slice text, char *buf)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int byte =
		    c == '%' ? text_hex_byte(slice_after(text, i + 1)) : -1;

		if (len == URL_ASCII_MAX - 1)
			return SLICE_NONE;
		if (byte >= 0) {
			c = (char)byte;
			i += 2;
		}
		buf[len++] = c;
	}
	return slice_of(buf, len);
}

/* The name in lower-case ASCII, in buf.  Absent: *fault is the reason. */
static struct slice
to_domain(struct slice text, url_to_ascii *to_ascii, char *buf,
	  enum url_fault *fault)
{
	char decoded[URL_ASCII_MAX];
	struct slice name = decode(text, decoded);

	*fault = URL_FAULT_HOST;
	/* NUL is forbidden, and to_ascii may read it as the end of the name. */
	if (name.len == 0 || text_find(name, '\0') < name.len)
		return SLICE_NONE;
	if (!slice_is_ascii(name)) {
		if (to_ascii == NULL)
			*fault = URL_FAULT_NON_ASCII;
		if (to_ascii == NULL || !to_ascii(name, buf))
			return SLICE_NONE;
		name = slice_from(buf);
	}
	for (size_t i = 0; i < name.len; i++)
		if (is_forbidden(name.ptr[i]))
			return SLICE_NONE;
	return name.len == 0 ? SLICE_NONE : text_lower(buf, name);
}

/* Read an IPv6 address in brackets.  Absent: it is invalid. */
static struct slice
parse_brackets(struct slice text, char *buf)
{
	struct ip ip;
	size_t len;

	if (text.ptr[text.len - 1] != ']' ||
	    !ip_parse_v6(slice_of(text.ptr + 1, text.len - 2), &ip))
		return SLICE_NONE;
	buf[0] = '[';
	len = 1 + ip_write(&ip, buf + 1);
	buf[len++] = ']';
	return slice_of(buf, len);
}

static struct slice
parse_ipv4(struct slice text, char *buf)
{
	struct ip ip;

	if (!ip_parse_url_v4(text, &ip))
		return SLICE_NONE;
	return slice_of(buf, ip_write(&ip, buf));
}

struct slice
url_host_parse(struct slice text, url_to_ascii *to_ascii, char *buf,
	       bool *is_ip, enum url_fault *fault)
{
	struct slice host;

	*is_ip = false;
	*fault = URL_FAULT_HOST;
	if (text.len > 0 && text.ptr[0] == '[') {
		host = parse_brackets(text, buf);
		*is_ip = slice_present(host);
	} else {
		host = to_domain(text, to_ascii, buf, fault);
		if (ip_ends_in_number(host)) {
			host = parse_ipv4(host, buf);
			*is_ip = slice_present(host);
		}
	}
	if (slice_present(host))
		*fault = URL_FAULT_NONE;
	return host;
}
