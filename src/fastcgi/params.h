/*
 * What lies at the beginning of a FastCGI connection, looked at before
 * libfcgi reads it.
 *
 * libfcgi blocks until the parameters are whole and allocates what their
 * lengths announce, up to 2 GiB; so the first request of a connection is looked
 * at in the socket's buffer (MSG_PEEK) and only handed over when it is whole
 * and within bounds.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PEEK_H
#define PEEK_H

#include <stdbool.h>
#include <stddef.h>

enum peek_state {
	PEEK_MORE,	 /* good so far, not whole */
	PEEK_READY,	 /* BEGIN_REQUEST and every parameter are there */
	PEEK_MANAGEMENT, /* a whole management record (id 0) of `used` bytes */
	PEEK_ROLE,	 /* BEGIN_REQUEST of another role than responder */
	PEEK_LARGE,	 /* the parameters are past the bounds */
	PEEK_BAD	 /* not FastCGI, or not a beginning */
};

enum {
	PEEK_NULS = 4,
	PEEK_GLANCE = 16384 /* bytes that are looked at first */
};

struct peek {
	enum peek_state state;
	bool begun;	 /* BEGIN_REQUEST was there: id, keep are valid */
	bool keep;	 /* FCGI_KEEP_CONN */
	bool body_ended; /* READY: the end of STDIN is there too */
	unsigned id;
	/* READY: parameters whose text holds a NUL, and how long they are as
	 * "NAME=value"; libfcgi's strings would end there and so mean something
	 * else than was sent */
	size_t nul_count;
	struct {
		size_t index; /* among the parameters */
		size_t len;
	} nul[PEEK_NULS];
	size_t used;  /* bytes up to where the state was found */
	bool strange; /* READY: other records stood between this one's */
	/* READY, not strange, and without a body: how long it is with the end
	 * of STDIN; else 0 */
	size_t whole;
	size_t count; /* READY: parameters */
	size_t text;  /* bytes of them as "NAME=value" strings */
};

/* Look at len bytes. */
struct peek peek_look(const void *bytes, size_t len);

/*
 * The parameters of a request that is READY and not strange, as
 * "NAME=value" strings: written to text (k->text bytes), their places to list
 * (k->count and a NULL).  A NUL in one becomes \x01 (see nul).  The bytes are
 * overwritten where the parameters were sent in several records.
 */
void peek_parameters(const struct peek *k, void *bytes, char *text,
		     char **list);

/* Are variables that were not looked at within the bounds? */
bool peek_bounded(char *const *variables);

enum {
	PEEK_MANAGEMENT_MAX = 1024, /* a longer management record is PEEK_BAD */
	PEEK_ANSWER_MAX = 128
};

/*
 * The answer to a management record that peek_look has found (FastCGI 1.0,
 * section 4): GET_VALUES_RESULT with the number of workers, or UNKNOWN_TYPE.
 * Returns its length.
 */
size_t peek_answer(const void *record, size_t len, unsigned workers,
		   unsigned char answer[PEEK_ANSWER_MAX]);

#endif
