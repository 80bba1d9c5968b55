/*
 * Set-Cookie as browsers read it (RFC 6265bis, 5.6).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/cookie.h"

#include "base/text.h"

/* Cut the part before the next ';' off *rest, and the ';'. */
static struct slice
next_part(struct slice *rest)
{
	size_t len = text_find(*rest, ';');
	struct slice part = slice_of(rest->ptr, len);

	*rest = slice_after(*rest, len + 1);
	return part;
}

/* "name = value"; without '=' all of it is the name. */
static void
split(struct slice part, struct slice *name, struct slice *value)
{
	size_t len = text_find(part, '=');

	*name = text_trim(slice_of(part.ptr, len));
	*value = text_trim(slice_after(part, len + 1));
}

static void
read_attribute(struct slice name, struct slice value, struct cookie *out)
{
	if (slice_eq_nocase(name, SLICE("samesite"))) {
		out->none = slice_eq_nocase(value, SLICE("none"));
		out->same_site = slice_eq_nocase(value, SLICE("lax")) ||
				 slice_eq_nocase(value, SLICE("strict"));
	} else if (slice_eq_nocase(name, SLICE("secure"))) {
		out->secure = true;
	} else if (slice_eq_nocase(name, SLICE("httponly"))) {
		out->http_only = true;
	} else if (slice_eq_nocase(name, SLICE("partitioned"))) {
		out->partitioned = true;
	} else if (slice_eq_nocase(name, SLICE("path"))) {
		out->path = value;
	} else if (slice_eq_nocase(name, SLICE("domain"))) {
		if (slice_starts(value, SLICE(".")))
			value = slice_after(value, 1);
		out->domain = value;
	}
}

void
cookie_read(struct slice rest, struct cookie *out)
{
	struct slice part = next_part(&rest), name, value;

	*out = (struct cookie){.none = false};
	/* Without '=' the whole text is the value. */
	if (text_find(part, '=') < part.len)
		split(part, &out->name, &value);
	while (rest.len > 0) {
		part = next_part(&rest);
		split(part, &name, &value);
		read_attribute(name, value, out);
	}
}

const char *
cookie_lacks(const struct cookie *cookie)
{
	if (cookie->none)
		return cookie->secure ? NULL : "Secure";
	return cookie->secure ? "SameSite=None" : "SameSite=None; Secure";
}
