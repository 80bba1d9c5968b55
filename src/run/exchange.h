/*
 * One request and the destination of its response, for CGI and FastCGI.  cgi.c
 * and worker.c fill it in; respond.c works with it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_EXCHANGE_H
#define RUN_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/slice.h"
#include "base/spin.h"
#include "cors/regex.h"

struct body;
struct log;
struct metrics;
struct child;
struct child_spec;
struct executable;
struct forward_pool;
struct reaper;
struct response;
struct script;
struct settings;
struct warm;

/*
 * Memory of one worker, reused from request to request; nothing in it outlives
 * the request.  Buffers (base/buffer.h) are allocated on first need and kept.
 */
struct scratch {
	/* An `exec` that was checked, and is not corswrap itself */
	struct file_state other;
	const void *other_of; /* the settings whose `exec` that is */
	struct regex_scratch *regex;
	char *path; /* for path_normalize */
	size_t path_cap;
	char *joined; /* for repeated_settle */
	size_t joined_cap;
	char *header; /* for header_init */
	size_t header_cap;
	char *io; /* for relaying; at least 64 KiB when in use */
	size_t io_cap;
	struct spin spin_application; /* waiting for its response */
	struct spin spin_server;      /* waiting for its next request */
};

/* Free all of it; it is empty then, and may be used again. */
static inline void
scratch_free(struct scratch *scratch)
{
	regex_scratch_free(scratch->regex);
	free(scratch->path);
	free(scratch->joined);
	free(scratch->header);
	free(scratch->io);
	*scratch = (struct scratch){0};
}

/*
 * Where the response goes.  All calls: 0 or more on success, -1 with errno.
 * Errors of the client: EPIPE or ECONNRESET, it has disconnected; ETIMEDOUT,
 * it read nothing until idle-timeout or exchange->until; EBUSY, too many
 * clients are slow already; ECANCELED, corswrap stops.
 */
struct sink {
	/* Write all of it, blocking, at most for the idle timeout. */
	int (*write)(struct sink *, const void *, size_t);
	/* Send buffered data to the client before returning. */
	int (*flush)(struct sink *);
	/*
	 * Move up to max bytes (0: all available) from a readable pipe or
	 * socket to the client, in the cheapest way.  Returns the number of
	 * bytes, 0 at the end of fd, -1 with errno (EAGAIN: none available;
	 * errors other than the client's are those of fd).
	 */
	ssize_t (*move)(struct sink *, int fd, size_t max);
	/* A line for the web server's error log (FCGI_STDERR); may be NULL. */
	int (*write_stderr)(struct sink *, const void *, size_t);
	/* A descriptor to poll for these events while waiting, or -1. */
	int poll_fd;
	short poll_events;
	/* poll_fd has events: is the client gone (or has it aborted)?  If not,
	 * their cause has been taken, so that poll waits again. */
	bool (*gone)(struct sink *);
	/* The response has ended and the program still runs: the server
	 * need not wait.  NULL: the caller that ends the request does this. */
	int (*end)(struct sink *);
	/* Send the exit status of the program to the server (appStatus). */
	void (*set_exit)(struct sink *, int status);
	/* The response is incomplete: the client must be able to see that. */
	void (*set_broken)(struct sink *);
};

/* Where the request body comes from. */
struct source {
	/* Blocking.  0 at the end; -1 with errno: cut off; ETIMEDOUT: past
	 * body-timeout or exchange->until; EBUSY: too many clients are
	 * slow; ECANCELED: corswrap stops. */
	ssize_t (*read)(struct source *, void *, size_t);
	/* A descriptor that the program can inherit, or -1. */
	int fd;
};

/* How [warm] served a request. */
enum warm_result {
	WARM_NONE,  /* [warm] does not apply to it */
	WARM_USED,  /* in a warm interpreter */
	WARM_COLD,  /* no interpreter was ready: started as without [warm] */
	WARM_STALE, /* cold, because a file of the interpreter had changed */
	WARM_RESULTS
};

/* How a request ended; for the access log and the counters. */
struct outcome {
	int status;  /* that was sent; 0: none */
	int policy;  /* the index of the policy in the set; -1: none */
	int reason;  /* enum cors_reason */
	int verdict; /* enum cors_verdict */
	bool preflight;
	bool ran;	       /* the program was started, or the request
				  forwarded */
	enum warm_result warm; /* where a program ran */
	bool reported;	       /* by isolate or enforce = report */
	const char *failure;   /* id of the failure ("first-byte-timeout",
				  "client-gone", ...), static; NULL: nothing
				  */
	uint64_t body_bytes;   /* of the response */
	uint64_t microseconds; /* from first parameter to last byte */
};

struct exchange {
	char **variables; /* "NAME=value" from the server, NULL-terminated */
	bool fastcgi;	  /* they are FastCGI parameters, not our environment */
	bool nph;	  /* CGI: the server sends our output on unchanged */
	struct slice server_script; /* lighttpd's argv[1] in CGI; else absent */
	struct source *in;
	struct sink *out;
	struct scratch *scratch;
	const struct executable *self; /* the file that this process runs */
	struct log *log;
	struct metrics *metrics;   /* FastCGI alone; NULL in CGI */
	struct forward_pool *pool; /* connections to forward to; may be NULL */
	struct warm *warm;	   /* NULL in CGI */
	/* warm.h has these two functions; NULL in CGI, which needs neither */
	enum warm_result (*warm_serve)(struct warm *, const struct settings *,
				       const struct script *, struct exchange *,
				       char **variables, struct body *,
				       struct response *);
	enum warm_result (*warm_start)(struct warm *, const struct settings *,
				       const struct script *,
				       const struct child_spec *,
				       struct child *);
	struct reaper *reaper; /* takes over programs that outlive their
				  response; NULL: they are waited for */
	/* how many programs of this thread the reaper has: the thread must
	 * not end before they do (child.h, the parent-death signal) */
	atomic_uint *left;
	/* readable when every program must be ended now; -1: never */
	int stop_fd;
	/* soft limit of open files for programs: the one that corswrap was
	 * started with; 0: its present one */
	uint64_t file_limit;
	/* called before anything that may take long (reading a body,
	 * running a program), so that another worker accepts; NULL in CGI */
	void (*will_block)(struct exchange *);
	/* the body has been read: a program may run now; NULL in CGI */
	void (*will_run)(struct exchange *);
	/* clock_ms: total-timeout, counted from the first parameter; 0: none */
	uint64_t until;
	struct outcome outcome;
};

/* The value of a variable of that name in a list such as x->variables, or
 * NULL. */
static inline const char *
variables_find(char *const *variables, const char *name)
{
	size_t len = strlen(name);

	for (; *variables != NULL; variables++)
		if (strncmp(*variables, name, len) == 0 &&
		    (*variables)[len] == '=')
			return *variables + len + 1;
	return NULL;
}

#endif
