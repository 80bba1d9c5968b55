/*
 * FastCGI records as a client writes and reads them (FastCGI Specification 1.0,
 * sections 3 and 5): the request as one run of bytes, and the response read
 * piece by piece, wherever the reads cut it.
 *
 * Pure: no descriptor, no memory but the caller's.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>

#include "base/slice.h"
#include "fastcgi/protocol.h"

enum {
	RECORD_ID = 1, /* one request at a time on a connection */
	/* Content length of the records that we make: a multiple of 8, so that
	 * they need no padding (section 3.3). */
	RECORD_CONTENT = 65528
};

/*
 * The bytes that record_request_put will write for these variables
 * ("NAME=value", NULL-terminated) and a body of body bytes in the same run.
 */
size_t record_request_size(char *const *variables, size_t body);

/*
 * Write BEGIN_REQUEST (keep: FCGI_KEEP_CONN) and all of PARAMS to out, which
 * has room for record_request_size; returns the bytes written.
 */
size_t record_request_put(unsigned char *out, char *const *variables,
			  bool keep);

/*
 * A body and its STDIN records: record_body_size is the room that they need,
 * and record_body_put makes the records of the body, which lies at the end of
 * that room.  The empty record that ends STDIN is not among them.
 */
size_t record_body_size(size_t body);
void record_body_put(unsigned char *room, size_t body);

/* ---- the response ---- */

enum record_event {
	RECORD_MORE,   /* the bytes are used up */
	RECORD_STDOUT, /* a piece of output (never empty) */
	RECORD_STDERR,
	RECORD_END, /* the response has ended */
	RECORD_BAD  /* not FastCGI, or a record that is not allowed here */
};

struct record_reader {
	unsigned char header[FCGI_HEADER_LEN];
	size_t have; /* bytes of the header */
	unsigned type;
	bool ours;	/* the record is of our request; others are skipped */
	size_t content; /* bytes of the record that are still to come */
	size_t padding;
	unsigned char end[sizeof(FCGI_EndRequestBody)];
	size_t end_have;
	bool ended;
	/* of END_REQUEST, once RECORD_END has been returned */
	uint32_t app_status;
	unsigned protocol_status;
};

void record_reader_init(struct record_reader *);

/*
 * Take the next piece of data: *used bytes of it, which hold *piece for STDOUT
 * and STDERR.  Call it until it returns RECORD_MORE, RECORD_END or RECORD_BAD.
 */
enum record_event record_read(struct record_reader *, const char *data,
			      size_t len, size_t *used, struct slice *piece);

/*
 * How many bytes of output come next, with no other byte before them, so that
 * the caller may pass them on itself?  It then calls record_skip.
 */
size_t record_output_left(const struct record_reader *);
void record_skip(struct record_reader *, size_t);

#endif
