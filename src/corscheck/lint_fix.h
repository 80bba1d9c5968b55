/*
 * corscheck lint --fix: policies, corrected in place.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LINT_FIX_H
#define LINT_FIX_H

#include "corscheck/input.h"

/*
 * Make the certain fixes of the policy: the file is replaced at once or left as
 * it is, and what it was stays beside it, as FILE.orig.  "-": standard input,
 * corrected on standard output; what is read of it then is the corrected text.
 * What was fixed is said on standard error. False: it could not be done, and
 * why was said.
 */
bool lint_fix(struct input *, const char *name);

#endif
