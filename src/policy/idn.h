/*
 * Internationalised host names (IDNA, UTS #46).
 *
 * idn.c asks libidn2; idn_none.c takes its place in the static CGI program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IDN_H
#define IDN_H

#include "base/slice.h"

enum { IDN_MAX = 1024 }; /* bytes of a host in ASCII, NUL included */

/*
 * The host as browsers send it: labels beyond ASCII as A-labels.  A host that
 * is ASCII already is copied as it is.  False: it cannot be written so.
 */
bool idn_to_ascii(struct slice host, char buf[static IDN_MAX]);

/* Are the labels that begin with "xn--" real A-labels?  (Lower case.) */
bool idn_labels_valid(struct slice host);

#endif
