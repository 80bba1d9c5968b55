/*
 * The header block that a CGI program prints (RFC 3875, section 6), read as it
 * comes in, and rewritten with the CORS headers of one decision.
 *
 * The rules, case by case: the last column of notes/cgi.md section 2.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HEADER_H
#define HEADER_H

#include "base/slice.h"
#include "cors/decide.h"

enum header_state {
	HEADER_MORE,  /* the block is not complete yet */
	HEADER_DONE,  /* complete: header_write may be called */
	HEADER_BAD    /* invalid: 502, see fault */
};

enum header_fault {
	HEADER_FAULT_NONE,
	HEADER_FAULT_TOO_LARGE,  /* more than cap bytes */
	HEADER_FAULT_EMPTY,      /* no output at all */
	HEADER_FAULT_NO_HEADERS, /* the output does not begin with a header */
	HEADER_FAULT_STATUS,     /* not three digits, or outside 200 to 599 */
	HEADER_FAULT_LENGTH      /* Content-Length invalid or contradictory */
};

/* What was fixed; logged once for each request. */
enum header_note {
	HEADER_NOTE_DROPPED = 1 << 0,   /* a line that is no header field */
	HEADER_NOTE_UNFOLDED = 1 << 1,  /* obs-fold */
	HEADER_NOTE_CUT = 1 << 2,       /* ended before its blank line */
	HEADER_NOTE_STATUS_LINE = 1 << 3, /* HTTP/1.x made Status: */
	HEADER_NOTE_HOP = 1 << 4,       /* hop-by-hop field dropped */
	HEADER_NOTE_LARGE = 1 << 5,     /* over 4 KiB: nginx may refuse it */
	HEADER_NOTE_INTERIM = 1 << 6,   /* a 1xx block was swallowed */
	HEADER_NOTE_APP_CORS = 1 << 7   /* the application's own Access-Control-* */
};

struct header_options {
	bool lenient;          /* no header block: 200 text/html instead of 502 */
	bool redirect_302;     /* a local redirect becomes Status: 302 + CORS */
	bool keep_transfer_encoding; /* under lighttpd */
	/* Apache redirects internally if Location begins with '/' and the
	 * status is 200 or missing, whatever other fields there are */
	bool server_redirects;
	/* a Location without a Status gets its 302 here: mod_proxy_fcgi and
	 * Caddy would send 200, and a server adds nothing to nph-* */
	bool say_302;
	/* HAProxy: a Location after the Status makes it 302 */
	bool status_last;
};

enum header_location {
	HEADER_LOCATION_NONE,
	HEADER_LOCATION_OTHER,
	HEADER_LOCATION_LOCAL /* begins with '/' */
};

/*
 * A block being read.  The caller gives the buffer; its size is max-header.
 * Read state, fault, notes and bad; the rest is private to header_block.c.
 */
struct header_block {
	char *buf;
	size_t cap;
	size_t len;
	enum header_state state;
	enum header_fault fault;
	unsigned notes;  /* enum header_note */
	char bad[80];    /* the first line that was dropped, for the log */
	size_t bad_len;
	struct header_options options;
	size_t line;     /* where the line being read begins */
	size_t fields;   /* fields in the block once it is done */
	int status;      /* 0: none given */
	bool has_length;
	uint64_t length; /* where it has one */
	bool elsewhere;  /* the server may take the body from a file (X-Sendfile) */
	bool coded;      /* Transfer-Encoding is passed on: length is void */
	bool early_body; /* lenient: buf is body */
	enum header_location location;
};

void header_init(struct header_block *, char *buf, size_t cap,
    const struct header_options *);

/*
 * Feed the program's output.  *used is the number of bytes that belonged to the
 * block (or were dropped); the bytes after them are the body.  The result does
 * not depend on how the input is split.
 */
enum header_state header_feed(struct header_block *, const char *data,
    size_t len, size_t *used);

/* The program's output has ended before HEADER_DONE. */
enum header_state header_end(struct header_block *);

/*
 * Bytes already fed that turned out to be body (lenient, where the output
 * begins without a header block); empty otherwise.
 */
struct slice header_early_body(const struct header_block *);

/* The status in the block; if it has none, 302 with a Location, else 200 (RFC
 * 3875, 6.2).  Only after DONE. */
int header_status(const struct header_block *);
/* The Content-Length in the block; UINT64_MAX: it has none, or
 * Transfer-Encoding overrides it (RFC 9112, 6.3).  Only after DONE. */
uint64_t header_length(const struct header_block *);
/* Do its fields tell the server to send a file as the body? */
bool header_names_file(const struct header_block *);
/* The response has no body by its status (204, 304)? */
bool header_bodyless(const struct header_block *);
/* A local redirect (RFC 3875, 6.2.2) that goes out untouched? */
bool header_is_local_redirect(const struct header_block *);
struct header_field {
	struct slice name;
	struct slice value;
};

/* The next field of a block that is DONE, *at being 0 for the first; false at
 * its end. */
bool header_next(const struct header_block *, size_t *at,
    struct header_field *out);
/* Is this the name of an Access-Control-* field? */
bool header_is_cors(struct slice name);

/*
 * Write the new block, blank line included, in pieces to emit, in order.
 * decision may be NULL or have no policy: then the application's own fields are
 * kept (line ends, hop-by-hop fields and the status line are still fixed).
 * emit returns 0, or -1 to stop, which is then returned.
 */
int header_write(const struct header_block *, const struct cors_decision *,
    int (*emit)(void *ctx, struct slice piece), void *ctx);

#endif
