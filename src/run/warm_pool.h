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
#include "run/thread.h"
#include "run/zygote.h"

enum {
	WARM_PROGRAMS = 64, /* that are counted, at most */
	WARM_SPARES = 16,   /* forks of one that wait */
	WARM_LINE = 1024    /* of standard error; longer ones are split */
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
};

/* The keeper shall look; starts it.  The caller holds the lock. */
void warm_poke(struct warm *);

/* Why it stays cold, once in the log.  The caller holds the lock. */
void warm_complain(struct warm *, struct warm_program *, const char *why);

/* It gets no more requests.  The caller holds the lock. */
void warm_retire(struct warm_zygote *);

/* End the keeper and every zygote. */
void warm_stop(struct warm *);

#endif
