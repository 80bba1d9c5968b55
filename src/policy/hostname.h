/*
 * Host names: internationalized ones (IDNA, UTS #46) and public suffixes.
 *
 * hostname.c uses libidn2 and libpsl, or simple rules if it is compiled without
 * them, as for the static CGI program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HOSTNAME_H
#define HOSTNAME_H

#include "base/slice.h"

enum { HOSTNAME_MAX = 1024 }; /* bytes of a host in ASCII, NUL included */

/*
 * The host as browsers send it: labels beyond ASCII as A-labels.  An ASCII host
 * is copied unchanged.  False: it cannot be converted, or is too long.
 */
bool hostname_to_ascii(struct slice host, char buf[static HOSTNAME_MAX]);

/* Is every label of the host (lower case) that begins with "xn--" a valid
 * A-label?  Without libidn2: always true. */
bool hostname_labels_valid(struct slice host);

/* Is the host (lower case, ASCII, a final dot allowed) a public suffix, under
 * which any person can register a name? */
bool hostname_is_public_suffix(struct slice host);

/* Is the host a suffix of the ICANN part of the list (com, co.uk)?  Registries
 * sell the names under it, so neighbouring names have different owners.
 * Without libpsl: any single label but localhost. */
bool hostname_is_icann_suffix(struct slice host);

/* Do both hosts (as in origins) have the same registrable domain, so that
 * cookies of one are sent with requests from pages of the other (HTML, "same
 * site"; the schemes are not compared)?  Addresses and public suffixes: only if
 * they are equal. */
bool hostname_same_site(struct slice, struct slice);

#endif
