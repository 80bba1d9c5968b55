/*
 * Hosts in URLs: names, and IP addresses, for which people and attackers have
 * many forms and browsers one (https://url.spec.whatwg.org/, 3.5).
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

/* Percent-decode; false: no room. */
static bool
decode(struct slice text, char *buf, size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		int byte = text.ptr[i] == '%'
			       ? text_hex_byte(slice_after(text, i + 1))
			       : -1;
		if (*len == URL_ASCII_MAX - 1)
			return false;
		buf[(*len)++] = byte < 0 ? text.ptr[i] : (char)byte;
		if (byte >= 0)
			i += 2;
	}
	return true;
}

/* Write the name in lower-case ASCII; false: *fault says why not. */
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

/* An address in brackets; absent: it is none. */
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
	char name[URL_ASCII_MAX];
	size_t len;

	*is_ip = false;
	*fault = URL_FAULT_HOST;
	if (text.len > 0 && text.ptr[0] == '[') {
		host = parse_brackets(text, buf);
		*is_ip = slice_present(host);
	} else if (!to_domain(text, to_ascii, name, &len, fault)) {
		return SLICE_NONE;
	} else if (ip_ends_in_number(slice_of(name, len))) {
		host = parse_ipv4(slice_of(name, len), buf);
		*is_ip = slice_present(host);
	} else {
		memcpy(buf, name, len);
		host = slice_of(buf, len);
	}
	if (slice_present(host))
		*fault = URL_FAULT_NONE;
	return host;
}
