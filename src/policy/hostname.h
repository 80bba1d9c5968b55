/*
 * Host names: internationalized ones (IDNA, UTS #46) and public suffixes.
 *
 * hostname.c asks libidn2 and libpsl; static/stubs.c takes its place in the
 * static CGI program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HOSTNAME_H
#define HOSTNAME_H

#include "base/slice.h"

enum { HOSTNAME_MAX = 1024 }; /* bytes of a host in ASCII, NUL included */

/*
 * The host as browsers send it: labels beyond ASCII as A-labels.  An ASCII
 * host is copied unchanged.  False: it cannot be converted.
 */
bool hostname_to_ascii(struct slice host, char buf[static HOSTNAME_MAX]);

/* Are the labels that begin with "xn--" real A-labels?  (Lower case.) */
bool hostname_labels_valid(struct slice host);

/* Is the host (lower case, ASCII, a final dot allowed) a public suffix, under
 * which any person can register a name? */
bool hostname_is_public_suffix(struct slice host);

/* Is it in the ICANN part of the list (com, co.uk), where registries sell names,
 * so that names beside each other have different owners?  Without libpsl: any
 * single label but localhost. */
bool hostname_is_icann_suffix(struct slice host);

/* Have both hosts (as in origins) the same registrable domain, so that cookies
 * of one are sent with requests from pages of the other (HTML, "same site";
 * the schemes are not compared)?  Addresses and public suffixes: only if they
 * are equal. */
bool hostname_same_site(struct slice, struct slice);

#endif
