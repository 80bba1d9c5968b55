/*
 * Sending an application's output to the client: the part that relay.c (a
 * program) and forward.c (a FastCGI application) share.
 *
 * Both have a loop in which a single poll(2) waits for everything that can
 * happen.  Output is not queued: while the client does not read, the
 * application is not read either, and blocks (back-pressure).
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
	const char *name; /* of the program, or the address; for the log */
	/* For the log, if the client disconnects: what happens then by
	 * on-abort = end, and by on-abort = finish */
	const char *ended;
	const char *runs_on;
	uint64_t started; /* clock_ms */
	uint64_t last;	  /* clock_ms when bytes were last received or sent */
	bool unflushed;	  /* the sink may have buffered data */
	bool complete;	  /* the output has ended, and the sink has all of it */
	bool whole;	  /* the client was sent all of its Content-Length, or a
			     header block without a body */
	bool lost;	  /* the client has disconnected, or does not read */
	bool discard;	  /* the application may continue; discard its output */
	bool over;	  /* end the loop; a program that runs is terminated */
	struct stderr_reader messages;
};

/* Fill in everything but messages, which is left to the caller (stderr_init).
 * name is not copied.  -1: no memory; response_fail has been called. */
int transfer_init(struct transfer *, const struct settings *, struct exchange *,
		  struct response *, const char *name);

/* Count the application as running (1) or no longer (-1). */
void transfer_running(const struct transfer *, int change);

/* ---- what goes wrong ---- */

/* Log a line that begins with the name.  todo: how to fix it; may be NULL. */
void transfer_log(const struct transfer *, enum log_level, const char *id,
		  const char *todo, const char *text);

/* Log an error and set over.  If the client still waits for the response, that
 * fails with the status (response_fail). */
void transfer_fail(struct transfer *, int status, const char *id,
		   const char *todo, const char *text);

/* The client has disconnected.  If it has the whole response, this is no error,
 * and the rest of the output is discarded; if not, on-abort applies. */
void transfer_client_gone(struct transfer *);

/* A call of the sink has failed with errno: the client has disconnected or
 * does not read, or corswrap is shutting down. */
void transfer_sink_failed(struct transfer *);

/* If the sink has refused a line of standard error, call
 * transfer_sink_failed. */
void transfer_check_messages(struct transfer *);

/* ---- how the program ended ---- */

/* Log how the program ended if that was an error, and send its exit status to
 * the server.  status: its wait status; by_us: corswrap has terminated it, so
 * that a signal is no error. */
void transfer_ended(struct transfer *, int status, bool by_us);

/* The program could not be terminated (ENDING_LEFT): log that, and leave it to
 * the reaper, if there is one. */
void transfer_left(struct transfer *, const struct child *);

/* ---- output ---- */

/* Output of the application: header block or body.  Sends it, or discards it,
 * and handles errors. */
void transfer_feed(struct transfer *, const char *, size_t);

/* The output has ended correctly. */
void transfer_end(struct transfer *);

/* Move body from fd to the client, at most so many bytes (0: all available),
 * and no more than the response has room for; only while response_in_body.
 * Returns what sink->move does; the caller handles errors. */
ssize_t transfer_move(struct transfer *, int fd, size_t most);

/* How many bytes can be read from a pipe or socket now; fd may be -1. */
uint64_t transfer_waiting(int fd);

/* Send buffered data to the client. */
void transfer_flush(struct transfer *);

/* ---- time ---- */

/*
 * The next deadline: total-timeout, or one that comes earlier: until the
 * response has begun, first-byte-timeout, counted from `from` (clock_ms); then
 * idle-timeout.  which: the texts for these two; if begun, NULL means those of
 * idle-timeout.
 */
struct deadline transfer_deadline(const struct transfer *, bool begun,
				  uint64_t from, const struct deadline *which);

/* If the deadline has passed, transfer_fail with 504.  Call it at the end of
 * every turn, not only when poll has timed out: an application that never
 * pauses would never time out. */
void transfer_check(struct transfer *, const struct deadline *);

/* ms, or most if that is less or if ms is -1 (no limit). */
static inline int
transfer_sooner(int ms, int most)
{
	return ms < 0 || ms > most ? most : ms;
}

/* ---- waiting ---- */

/* Entries that transfer_poll needs in an array of pollfd, after the caller's
 * own. */
enum { TRANSFER_FDS = 2 };

/*
 * Wait for events of the caller's `own` descriptors or of the client, or for
 * corswrap to stop, no longer than time (NULL: no limit).  Returns as poll(2)
 * does; errors other than EINTR have been handled by transfer_fail.
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
