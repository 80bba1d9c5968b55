/*
 * The data that workers and the keeper share; private to warm*.c.
 *
 * A worker takes a fork of an interpreter under the lock, and hands its request
 * to that fork without the lock.  The keeper is a thread that starts
 * interpreters, reads their reports and their standard error, and replaces and
 * ends them, so that no request waits for that.
 *
 * A program is a command that requests are for (struct warm_program).  A zygote
 * is a process that has compiled the script of a program, and is forked for
 * each request (zygote.h).  php-cgi is not forked: its zygote only reports
 * which files it uses, and requests go to servers (php.h).
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
	WARM_PROGRAMS = 64,  /* the most that are remembered */
	WARM_SPARES = 16,    /* the most spare forks of a zygote */
	WARM_LINE = 1024,    /* bytes of a log line; longer ones are split */
	WARM_HAND_TIME = 250 /* ms in which a fork must accept a request */
};

struct warm_zygote {
	struct warm_zygote *next;
	struct zygote *zygote;
	struct warm_program *program; /* NULL: retired (warm_retire) */
	char *name;		      /* of the program, for the log */
	bool ready;		      /* requests may use it, or its servers */
	bool reported;	 /* it has sent its report and reads orders */
	bool closing;	 /* its socket is closed, so that it ends */
	unsigned users;	 /* requests that hold it: it must not be freed */
	unsigned faults; /* requests in a row that it did not accept */
	uint64_t count;	 /* requests that took a fork or a server */
	uint64_t since;	 /* clock_ms when it was started */
	int spares[WARM_SPARES]; /* sockets of forks that wait */
	size_t spare_count;
	/* For php-cgi alone; php.memory is NULL for others. */
	struct interpreter php; /* the command line of its servers */
	struct php *idle;	/* servers without a request, last used first */
	unsigned idle_count;
	unsigned server_count; /* all servers, busy ones too */
	/* The unfinished last line of standard error. */
	char line[WARM_LINE];
	size_t line_len;
};

/*
 * Requests are for the same program if they execute the same command in the
 * same folder with the same values of lasting variables (warm_program.c).  A
 * list and its strings are one allocation.
 */
struct warm_program {
	struct warm_program *next;
	char *key; /* argv, directory and env in one string of bytes */
	size_t key_len;
	char **argv;	 /* the program as it is started cold */
	char *directory; /* NULL: that of this process */
	char **env;	 /* the lasting variables */
	char **load;	 /* copies of [warm] `load`, */
	char **watch;	 /* and `watch` */
	uint64_t files;	 /* soft limit of open files */
	char *loaded;	 /* files that the last zygote loaded (zygote.h) */
	/* the other keys of [warm] */
	unsigned spare;
	uint64_t memory; /* bytes */
	uint64_t renew_count;
	uint64_t renew_time;	   /* ms */
	char *name;		   /* for the log */
	struct warm_zygote *now;   /* ready; requests use it */
	struct warm_zygote *fresh; /* compiling; it will replace `now` */
	bool wanted;		   /* the keeper must start a zygote */
	bool complained;	   /* why it runs cold is in the log */
	uint64_t used;		   /* clock_ms of the last request */
	uint64_t window;     /* clock_ms: start of the period of `after` */
	unsigned count;	     /* requests in that period */
	uint64_t not_before; /* clock_ms: no zygote starts earlier */
	uint64_t pause;	     /* ms that followed the last failure */
	uint64_t settle;     /* ms that followed the last ZYGOTE_YOUNG */
};

struct warm {
	struct log *log;
	struct wakeup poke; /* wakes the keeper */
	pthread_t keeper;

	pthread_mutex_t lock; /* protects everything below */
	bool keeping;	      /* the keeper's thread exists */
	bool stopping;
	unsigned max; /* [warm] max */
	struct warm_program *programs;
	size_t program_count;
	struct warm_zygote *zygotes; /* only the keeper adds and removes */
	struct php *doomed;	     /* servers that the keeper must end */
};

/* ---- programs (warm_program.c) ---- */

/* Does [warm] `scripts` name the script?  env: the request's variables, of
 * which SCRIPT_FILENAME is compared, too. */
bool warm_is_wanted(const struct settings *, const struct script *,
		    char *const *env);

/*
 * The program that a request is for; it is added if it is new.  name: for the
 * log.  NULL: no memory, or WARM_PROGRAMS others have zygotes.  The caller
 * holds the lock.
 */
struct warm_program *warm_program_of(struct warm *, const struct settings *,
				     const char *name,
				     const struct child_spec *);
void warm_program_free(struct warm_program *);

/* Count a request.  If the program has no zygote and was requested as often as
 * [warm] `after` says, the keeper starts one.  The caller holds the lock. */
void warm_count(struct warm *, const struct settings *, struct warm_program *);

/*
 * End a worker's use of a zygote: decrease `users`.  The keeper then replaces
 * the zygote if it is stale, has not accepted several requests in a row, or is
 * due to be renewed.  Takes the lock.
 */
void warm_let_go(struct warm *, struct warm_zygote *, enum warm_result);

/* ---- the keeper ---- */

/* Wake the keeper; the first call starts its thread.  The caller holds the
 * lock. */
void warm_poke(struct warm *);

/* Log why a program runs cold, once until one of its zygotes gets ready.  The
 * caller holds the lock. */
void warm_complain(struct warm *, struct warm_program *, const char *why);

/* Delay the program's next start after a failure: a second the first time,
 * twice as long each further time.  The caller holds the lock. */
void warm_put_off(struct warm_program *);

/*
 * Take a zygote from its program, so that no further request uses it, and end
 * its spare forks.  The keeper ends and frees it once `users` is 0.  The caller
 * holds the lock.
 */
void warm_retire(struct warm_zygote *);

/* Pass a server that is no longer in `idle` to the keeper, which ends and frees
 * it: that takes too long for a request.  The caller holds the lock. */
void warm_doom(struct warm *, struct warm_zygote *, struct php *);

/* Stop the keeper, then end and free every zygote; waits for them.  No request
 * may be running.  The caller does not hold the lock. */
void warm_stop(struct warm *);

#endif
