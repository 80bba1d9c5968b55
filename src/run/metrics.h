/*
 * Counters of a responder, as Prometheus text (exposition format 0.0.4).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_METRICS_H
#define RUN_METRICS_H

#include <stdatomic.h>

#include "policy/settings.h"
#include "run/exchange.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *);

/* Also show the number of busy workers and its limit.  Both numbers are the
 * caller's, and must live as long as the counters.  Call it once, before the
 * first request. */
void metrics_show_workers(struct metrics *, const atomic_uint *busy,
			  const atomic_uint *most);

/* Count a request that has ended, with the settings that it was decided by. */
void metrics_count(struct metrics *, const struct settings *,
		   const struct outcome *);
/* A program was started (+1) or has ended (-1). */
void metrics_running(struct metrics *, int change);
/* Count a failure of a request that was counted already; id: as failure of an
 * outcome. */
void metrics_failed(struct metrics *, const char *id);
/* Count a reload of the policy.  taken: it is in force now; else it has
 * errors. */
void metrics_reloaded(struct metrics *, bool taken);

/*
 * Respond with the counters.  The caller has compared path, method and
 * REMOTE_ADDR.  0; -1 with errno; 1: no memory, and nothing was sent.
 */
int metrics_answer(struct metrics *, struct exchange *, bool head);

#endif
