/*
 * `landlock` of [server]: what a responder itself may still do.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORSWRAP_CONFINE_H
#define CORSWRAP_CONFINE_H

#include "policy/settings.h"
#include "run/log.h"

/*
 * Give up the rights to files and ports that this policy does not need, once
 * the socket and the log are open and before there are threads; programs keep
 * theirs.  own: the socket that was made, or NULL.  If the system cannot do
 * it, a warning goes to the log.
 */
void confine(const struct settings *, const struct address *own, struct log *);

#endif
