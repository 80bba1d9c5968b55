/*
 * What the full program can do.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/feature.h"

const bool feature_forward = true;
