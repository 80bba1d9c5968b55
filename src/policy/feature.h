/*
 * What this program can do: features.c is linked into the full one,
 * features_none.c into the static CGI program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FEATURE_H
#define FEATURE_H

#include <stdbool.h>

extern const bool feature_forward; /* to a FastCGI application */

#endif
