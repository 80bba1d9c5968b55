/*
 * Variables that came twice: a client may send a header on several lines, or
 * two headers whose names become one ("X-User" and "X_User"), and servers set
 * variables that clients have set already.  A program sees one value of each
 * name.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_REPEATED_H
#define RUN_REPEATED_H

#include "cors/request.h"
#include "run/exchange.h"

/*
 * Leave one value of every name in the variables of the exchange, in place
 * (DESIGN.md section 4, "The environment of the program"): lists are joined;
 * any other HTTP_* with two values is removed, and the log says so; of
 * HTTP_HOST and all others the last one is kept.  Joined values lie in the
 * exchange's scratch memory until the next request.  -1: no memory.
 *
 * Call request_read first: it counts what came.
 */
int repeated_settle(struct exchange *, const struct request *);

#endif
