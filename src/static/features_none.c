/*
 * What the static CGI program can do (DESIGN.md section 5).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/feature.h"

const bool feature_forward = false;
