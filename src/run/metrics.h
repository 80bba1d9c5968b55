/*
 * Counters of a responder, as Prometheus text (exposition format 0.0.4).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef STATUS_H
#define STATUS_H

#include "policy/settings.h"
#include "run/exchange.h"

struct status;

struct status *status_new(void);
void status_free(struct status *);

/* Count a request that is done; settings are those it was decided by. */
void status_count(struct status *, const struct settings *,
    const struct outcome *);
/* A program was started (+1) or has ended (-1). */
void status_running(struct status *, int change);
/* A reload was done (true) or refused (false). */
void status_reloaded(struct status *, bool taken);

/*
 * Answer the exchange with the counters.  The caller has compared path, method
 * and REMOTE_ADDR.
 */
int status_answer(struct status *, const struct settings *, struct exchange *,
    bool head);

#endif
