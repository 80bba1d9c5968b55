/*
 * Internationalised host names through libidn2, with the profile of browsers
 * (URL standard, "domain to ASCII": UTS #46, not transitional).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/idn.h"

#include <idn2.h>

enum { LABEL_MAX = 63 };

bool
idn_to_ascii(struct slice host, char buf[static IDN_MAX])
{
	char *ascii = NULL;

	if (host.len >= IDN_MAX)
		return false;
	memcpy(buf, host.ptr, host.len);
	buf[host.len] = '\0';
	if (slice_is_ascii(host))
		return true;
	if (idn2_to_ascii_8z(buf, &ascii,
			     IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return false;
	size_t len = strlen(ascii);
	bool fits = len < IDN_MAX;
	if (fits)
		memcpy(buf, ascii, len + 1);
	idn2_free(ascii);
	return fits;
}

/*
 * Browsers take more than IDNA2008 does: symbols (U+2603, emoji), letters that
 * this libidn2 is too old to know, hyphens anywhere.  What they refuse is bad
 * Punycode, and what would be written in another way.
 */
static bool
is_label_valid(const char *label)
{
	char *ascii = NULL;
	int status = idn2_to_ascii_8z(label, &ascii,
				      IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);

	if (status != IDN2_OK)
		return status == IDN2_DISALLOWED || status == IDN2_UNASSIGNED ||
		       status == IDN2_CONTEXTO ||
		       status == IDN2_CONTEXTO_NO_RULE || status == IDN2_2HYPHEN ||
		       status == IDN2_HYPHEN_STARTEND;
	bool same = strcmp(ascii, label) == 0;
	idn2_free(ascii);
	return same;
}

bool
idn_labels_valid(struct slice host)
{
	while (host.len > 0) {
		const char *dot = memchr(host.ptr, '.', host.len);
		size_t len = dot == NULL ? host.len : (size_t)(dot - host.ptr);
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
		host = slice_after(host, dot == NULL ? len : len + 1);
	}
	return true;
}
