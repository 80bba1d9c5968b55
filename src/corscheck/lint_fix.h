/*
 * corscheck lint --fix: corrects policies in place.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LINT_FIX_H
#define LINT_FIX_H

#include "corscheck/input.h"

/*
 * Apply the certain fixes to the policy: the file is replaced atomically or
 * left unchanged, and the old version is kept beside it, as FILE.orig.  "-":
 * standard input, corrected on standard output; later reads of it get the
 * corrected text.  The fixes are listed on standard error.  False: failed, and
 * the cause was printed.
 */
bool lint_fix(struct input *, const char *name);

#endif
