/*
 * Where the policy file is (DESIGN.md section 2, "The policy file").
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LOCATE_H
#define LOCATE_H

#include <stddef.h>

/*
 * The path of the policy file: given (-c, may be NULL), CORSWRAP_CONFIG of the
 * process environment, beside the program under the name it was called by
 * (AT_EXECFN), else under sysconfdir.  0 and the path in buf; -1: none exists
 * (buf then holds the last one looked for).
 */
int locate_policy(const char *given, char *buf, size_t cap);

#endif
