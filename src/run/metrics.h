/*
 * Counters of a responder, as Prometheus text (exposition format 0.0.4).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STATUS_H
#define STATUS_H

#include "policy/settings.h"
#include "run/exchange.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *);

/* Count a request that is done; settings are those it was decided by. */
void metrics_count(struct metrics *, const struct settings *,
		   const struct outcome *);
/* A program was started (+1) or has ended (-1). */
void metrics_running(struct metrics *, int change);
/* A reload was done (true) or refused (false). */
void metrics_reloaded(struct metrics *, bool taken);

/*
 * Answer the exchange with the counters.  The caller has compared path, method
 * and REMOTE_ADDR.
 */
int metrics_answer(struct metrics *, const struct settings *, struct exchange *,
		   bool head);

#endif
