/*
 * What the workers and the keeper of warm interpreters share; private to warm.c
 * and warm_keeper.c.
 *
 * A worker takes a fork under the lock and does everything else without it.
 * The keeper is a thread that starts interpreters, reads what they report and
 * complain of, replaces and ends them, so that no request waits for any of
 * that.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_WARM_POOL_H
#define RUN_WARM_POOL_H

#include <stdint.h>

#include "policy/settings.h"
#include "run/log.h"
#include "run/php.h"
#include "run/script.h"
#include "run/thread.h"
#include "run/zygote.h"

enum {
	WARM_PROGRAMS = 64, /* that are counted, at most */
	WARM_SPARES = 16,   /* forks of one that wait */
	WARM_LINE = 1024,   /* of standard error; longer ones are split */
	WARM_HAND_TIME = 250 /* ms for one to take a request */
};

/* A zygote with its users. */
struct warm_zygote {
	struct warm_zygote *next;
	struct zygote *zygote;
	struct warm_program *program; /* NULL: to be ended */
	char *name;		      /* of the program, for the log */
	bool ready;
	bool reported;	 /* it takes orders */
	bool closing;	 /* it gets no more orders; wait for its end */
	unsigned users;	 /* requests that are being handed to it */
	unsigned faults; /* forks in a row that did not answer in time */
	uint64_t count;	 /* of requests */
	uint64_t since;	 /* ms: it was started, or told to end */
	int spares[WARM_SPARES];
	size_t spare_count;
	/* Of php-cgi: how its servers are started (memory is NULL for others),
	 * and those that wait, the last used first */
	struct interpreter php;
	struct php *idle;
	unsigned idle_count;
	unsigned server_count; /* with those that have a request */
	char line[WARM_LINE]; /* of its standard error, begun */
	size_t line_len;
};

/* A program of `scripts`: what is executed, where, with which variables. */
struct warm_program {
	struct warm_program *next;
	char *key; /* all that tells it from another one */
	size_t key_len;
	char **argv; /* what is executed; each list is one piece of memory */
	char *directory; /* NULL: ours */
	char **env;
	char **load; /* of the policy, and: */
	char **watch;
	uint64_t files;
	char *loaded; /* by the last interpreter; see zygote.h */
	/* of [warm] */
	unsigned spare;
	uint64_t memory;
	uint64_t renew_count;
	uint64_t renew_time;
	char *name;
	struct warm_zygote *now;   /* ready, for requests */
	struct warm_zygote *fresh; /* compiling; takes its place */
	bool wanted;		   /* one shall be started */
	bool complained;	   /* its obstacle is in the log */
	uint64_t used;		   /* ms: the last request */
	uint64_t window;	   /* ms: `after` is counted since */
	unsigned count;		   /* of requests since then */
	uint64_t not_before;	   /* ms: of the next start */
	uint64_t pause;		   /* ms: after the next failure */
	uint64_t settle; /* ms: until files that were changed are old enough */
};

struct warm {
	struct log *log;
	struct wakeup poke; /* the keeper shall look */
	pthread_t keeper;

	pthread_mutex_t lock; /* for all below */
	bool keeping;	      /* the keeper runs */
	bool stopping;
	unsigned max;
	struct warm_program *programs;
	size_t program_count;
	struct warm_zygote *zygotes;
	struct php *doomed; /* servers to be ended */
};

/* ---- programs (warm_program.c) ---- */

/* Is it one of [warm] `scripts`? */
bool warm_is_wanted(const struct settings *, const struct script *,
		    char *const *env);

/* The program of this request, made if need be; NULL: no memory.  name: for the
 * log.  The caller holds the lock. */
struct warm_program *warm_program_of(struct warm *, const struct settings *,
				     const char *name,
				     const struct child_spec *);
void warm_program_free(struct warm_program *);

/* Count a request, and see whether an interpreter is worth its memory.  The
 * caller holds the lock. */
void warm_count(struct warm *, const struct settings *, struct warm_program *);

/* A zygote that was held (users) is let go; what has been found out about it
 * counts. */
void warm_let_go(struct warm *, struct warm_zygote *, enum warm_result);

/* ---- the keeper ---- */

/* The keeper shall look; starts it.  The caller holds the lock. */
void warm_poke(struct warm *);

/* Why it stays cold, once in the log.  The caller holds the lock. */
void warm_complain(struct warm *, struct warm_program *, const char *why);

/* The next start is not before a while.  The caller holds the lock. */
void warm_put_off(struct warm_program *);

/* It gets no more requests.  The caller holds the lock. */
void warm_retire(struct warm_zygote *);

/* A server of it that is no longer used must be ended.  The caller holds
 * the lock. */
void warm_doom(struct warm *, struct warm_zygote *, struct php *);

/* End the keeper and every zygote. */
void warm_stop(struct warm *);

#endif
