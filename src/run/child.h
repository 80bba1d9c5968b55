/*
 * Starting a program, and waiting for its end.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "policy/settings.h"
#include "run/log.h"

/* What to start.  The descriptors become 0, 1 and 2 of the program. */
struct child_spec {
	char *const *argv; /* [0] is the file */
	char *const *env;
	const char *directory; /* NULL: that of this process */
	int in;		       /* -1: /dev/null */
	int out;
	int err;
	const struct app *limits; /* cpu_limit and the like; may be NULL */
	uint64_t
	    files; /* soft limit of open files, if limits sets none; 0: ours */
	bool prepared; /* this process has called child_prepare */
	/* Processes that its descendants leave behind become its children
	 * (ending.h) while it lives: wait(2) for any child may return them. */
	bool adopts;
	/* the signal it gets if the calling thread ends first; 0: SIGTERM */
	int death_signal;
	/* A socket that becomes descriptor control_as; 0: none */
	int control;
	int control_as;
};

/* The step at which a start failed: the hint depends on it. */
enum child_stage {
	CHILD_STAGE_START, /* the process: EAGAIN, ENOMEM, EMFILE */
	CHILD_STAGE_NULL,  /* /dev/null, where there is no body */
	CHILD_STAGE_SETUP, /* descriptors, limits */
	CHILD_STAGE_CHDIR,
	CHILD_STAGE_EXEC
};

struct child {
	pid_t pid; /* also its process group; 0: none */
	int pidfd; /* readable once it has ended; -1: none (Linux before 5.2) */
	/*
	 * 0: this process is the parent.  Else another process is (a zygote),
	 * and must wait for it: this is a socket to that parent, to which
	 * child_reap sends "w" and the pid when the program has ended.  pidfd
	 * is never -1 then.
	 */
	int parent;
};

/*
 * Stop ignoring signals, because programs would inherit that; SIGPIPE gets an
 * empty handler instead.  With `prepared` child_start then need not reset each
 * signal, which saves sixty system calls per start.  Call it once, before any
 * thread is started and after other code that sets signals.
 */
void child_prepare(void);

/*
 * Start the program in its own process group, with default signals, an empty
 * signal mask and descriptors 0 to 2 only.  It gets a signal when the calling
 * thread ends, so that thread must live until child_reap.  Starting costs as
 * much as vfork, whatever the size of this process.  -1: errno and *stage say
 * why; no process is left.
 */
int child_start(const struct child_spec *, struct child *,
		enum child_stage *stage);

/*
 * Give this very process what child_start gives its programs (signals,
 * descriptors, directory, limits), for an exec in place.  It stays in its
 * process group: when Apache stops, it only signals that group.  -1: errno and
 * *stage say why.
 */
int child_enter(const struct child_spec *, enum child_stage *stage);

/*
 * Log why a start has failed, and a hint (request may be NULL).  Returns the
 * status of the response: 503 if a retry may succeed, else 500.
 */
int child_report(struct log *, const struct request *, const char *file,
		 enum child_stage stage, int error);

/*
 * Set the limits of app for a process that another one has started for us and
 * that has not begun.  -1 with errno.
 */
int child_limit(pid_t, const struct app *);

/* Has it ended?  Waits up to ms (-1: no limit).  Does not reap. */
bool child_wait(const struct child *, int ms);

/* Wait until it has ended, reap it and close its descriptors.  Returns its wait
 * status; 0 if that is unknown, because another process was its parent and has
 * ended, too. */
int child_reap(struct child *);

/* Send a signal to its process group, and to the program even if it left that.
 */
void child_kill(const struct child *, int sig);

#endif
