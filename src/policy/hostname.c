/*
 * Host names through libidn2 and libpsl.
 *
 * Without them (configure --without-idn, --without-psl; the static program has
 * neither) nothing is allowed that they would refuse: what they know beyond our
 * own rules is offered or refused by its looks.
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

#include "base/text.h"

#ifndef WITHOUT_IDN
enum { LABEL_MAX = 63 };

/* The profile of browsers (URL standard, "domain to ASCII": UTS #46, not
 * transitional). */
static const int profile = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT;

bool
hostname_to_ascii(struct slice host, char buf[static HOSTNAME_MAX])
{
	char *ascii = NULL;

	if (host.len >= HOSTNAME_MAX)
		return false;
	memcpy(buf, host.ptr, host.len);
	buf[host.len] = '\0';
	if (slice_is_ascii(host))
		return true;
	if (idn2_to_ascii_8z(buf, &ascii, profile) != IDN2_OK)
		return false;
	size_t len = strlen(ascii);
	bool fits = len < HOSTNAME_MAX;
	if (fits)
		memcpy(buf, ascii, len + 1);
	idn2_free(ascii);
	return fits;
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
		host = slice_after(host, len < host.len ? len + 1 : len);
	}
	return true;
}
#else
/* No Punycode is offered. */
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

/* The list that is compiled into libpsl, not a file: a policy that is pasted
 * into the analyzer page must not make it open files. */
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
/* By its looks (DESIGN.md section 5): any one label, and any two of which the
 * last has two letters, as co.uk. */
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
