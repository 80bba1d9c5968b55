/*
 * Sending an application's output to the client: the part that relay.c (a
 * program) and forward.c (a FastCGI application) share.
 *
 * Both have a loop of one poll(2) for everything that can happen.  Nothing is
 * queued: unread output blocks the application (back-pressure).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RUN_TRANSFER_H
#define RUN_TRANSFER_H

#include <poll.h>

#include "base/clock.h"
#include "run/child.h"
#include "run/response.h"
#include "run/stderr.h"

enum {
	TRANSFER_CHUNK = 64 * 1024, /* bytes of scratch->io */
	TRANSFER_LINGER = 1	    /* ms to wait for more before a flush */
};

struct transfer {
	const struct settings *settings;
	struct exchange *exchange;
	struct response *response;
	const char *name;    /* of the program or the address, for the log */
	const char *ended;   /* for the log when the client is lost: what */
	const char *runs_on; /* happens, by on-abort */
	uint64_t started;    /* ms */
	uint64_t last;	     /* ms, when something came or was sent */
	unsigned alarms;     /* of the client, that were false */
	bool unflushed;
	bool complete; /* the client has got the whole response */
	bool whole;    /* it has all of its Content-Length, or a header block
			  without a body */
	bool lost;     /* the client has disconnected */
	bool discard;  /* and the application runs on: drop its output */
	bool over;     /* it must not run on */
	struct stderr_reader messages;
};

/* Begin now.  name, ended and runs_on are constant; messages is left to the
 * caller (stderr_init).  -1: no memory; response_fail has been called. */
int transfer_init(struct transfer *, const struct settings *, struct exchange *,
		  struct response *, const char *name);

/* Count the application as running (1) or no longer (-1). */
void transfer_running(const struct transfer *, int change);

/* ---- what goes wrong ---- */

/* A line in the log that begins with the name.  todo may be NULL. */
void transfer_log(const struct transfer *, enum log_level, const char *id,
		  const char *todo, const char *text);

/* Log an error, respond with the status if no response has begun, and end
 * it. */
void transfer_fail(struct transfer *, int status, const char *id,
		   const char *todo, const char *text);

/* Not if the response is complete: then the client has it, and the
 * application runs on without a reader. */
void transfer_client_gone(struct transfer *);

/* A call of the sink has failed with errno: the client has disconnected or
 * does not read, or corswrap is shutting down. */
void transfer_sink_failed(struct transfer *);

/* The same if a line of standard error failed because of the sink. */
void transfer_check_messages(struct transfer *);

/* ---- how the program ended ---- */

/* Log it, if that was an error, and report it to the server.  status: its
 * wait status; by_us: it was ended. */
void transfer_ended(struct transfer *, int status, bool by_us);

/* Neither TERM nor KILL has ended it: log that, and do not wait for it. */
void transfer_left(struct transfer *, const struct child *);

/* ---- output ---- */

/* Bytes of the response, header block or body, whatever becomes of them. */
void transfer_feed(struct transfer *, const char *, size_t);

/* The output has ended correctly. */
void transfer_end(struct transfer *);

/* Body from fd to the client, at most so many bytes (0: all available), and
 * no more than the response has room for (response_in_body).  Returns what
 * sink->move does. */
ssize_t transfer_move(struct transfer *, int fd, size_t most);

/* Send buffered data to the client. */
void transfer_flush(struct transfer *);

/* ---- time ---- */

/*
 * The next deadline: before the response begins first-byte-timeout, counted
 * from `from`, then idle-timeout; and total-timeout always.  which: the
 * message in the first two cases; NULL: that of idle-timeout.
 */
struct deadline transfer_deadline(const struct transfer *, bool begun,
				  uint64_t from, const struct deadline *which);

/* Call it after everything else: an application that never pauses would
 * otherwise never time out. */
void transfer_check(struct transfer *, const struct deadline *);

/* ms, or most if that is less or if ms is -1 (no limit). */
static inline int
transfer_sooner(int ms, int most)
{
	return ms < 0 || ms > most ? most : ms;
}

/* ---- waiting ---- */

/* Room in an array of pollfd, behind the caller's own. */
enum { TRANSFER_FDS = 2 };

/*
 * Wait for the caller's `own` descriptors, the client and the end of corswrap,
 * no longer than time (NULL: no limit).  Returns as poll(2) does; an error but
 * EINTR has been handled by transfer_fail.
 */
int transfer_poll(struct transfer *, struct pollfd *, nfds_t own,
		  const struct timespec *time);

/* After transfer_poll: is corswrap shutting down?  Then transfer_fail has been
 * called. */
bool transfer_stopped(struct transfer *, const struct pollfd *, nfds_t own);

/* After transfer_poll and all else: check whether the client has
 * disconnected. */
void transfer_check_client(struct transfer *, const struct pollfd *,
			   nfds_t own);

#endif
