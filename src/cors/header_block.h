/*
 * The header block that a CGI program prints (RFC 3875, section 6): read as it
 * arrives, and rewritten with the CORS headers of a decision.
 *
 * The last column of notes/cgi.md section 2 has the rules.
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
	HEADER_FAULT_STATUS,     /* not three digits, or not 200 to 599 */
	HEADER_FAULT_LENGTH      /* Content-Length invalid or contradictory */
};

/* What was fixed; logged once for each request. */
enum header_note {
	HEADER_NOTE_DROPPED = 1 << 0,   /* a line that is not a header field */
	HEADER_NOTE_UNFOLDED = 1 << 1,  /* obs-fold */
	HEADER_NOTE_CUT = 1 << 2,       /* ended before its blank line */
	HEADER_NOTE_STATUS_LINE = 1 << 3, /* Status is from an HTTP/1.x line */
	HEADER_NOTE_HOP = 1 << 4,       /* hop-by-hop field dropped */
	HEADER_NOTE_LARGE = 1 << 5,     /* over 4 KiB: nginx may refuse it */
	HEADER_NOTE_INTERIM = 1 << 6,   /* a 1xx block was dropped */
	HEADER_NOTE_APP_CORS = 1 << 7   /* the application's own Access-Control-* */
};

struct header_options {
	bool lenient;          /* no header block: 200 text/html instead of 502 */
	bool redirect_302;     /* a local redirect becomes 302 with CORS */
	bool keep_transfer_encoding; /* under lighttpd */
	/* Apache redirects internally if Location begins with '/' and the
	 * status is 200 or missing, even if there are other fields */
	bool server_redirects;
	/* add Status: 302 to a Location without Status: mod_proxy_fcgi and
	 * Caddy would send 200, and servers add nothing to nph-* */
	bool say_302;
	/* write Status last: in HAProxy a Location after it makes it 302 */
	bool status_last;
};

enum header_location {
	HEADER_LOCATION_NONE,
	HEADER_LOCATION_OTHER,
	HEADER_LOCATION_LOCAL /* begins with '/' */
};

/*
 * A block being read.  The caller gives the buffer; its size is max-header.
 * Callers read state, fault, notes and bad; the rest is private to
 * header_block.c and header_rewrite.c.
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
	uint64_t length; /* if has_length */
	bool elsewhere;  /* the server may take the body from a file (X-Sendfile) */
	bool coded;      /* Transfer-Encoding is kept and overrides length */
	bool early_body; /* lenient: buf holds body, no header block */
	enum header_location location;
};

/* Prepare to read a block into buf, which must live as long as the block. */
void header_init(struct header_block *, char *buf, size_t cap,
    const struct header_options *);

/*
 * Read the next output of the program.  Returns the state.  *used is the number
 * of bytes that belong to the block (or were dropped); the bytes after them are
 * the body.  The result does not depend on how the output is split.
 */
enum header_state header_feed(struct header_block *, const char *data,
    size_t len, size_t *used);

/* The output of the program ended before HEADER_DONE.  Returns the final state,
 * HEADER_DONE or HEADER_BAD. */
enum header_state header_end(struct header_block *);

/*
 * Bytes already read that are body, because the output begins without a header
 * block (lenient); else empty.
 */
struct slice header_early_body(const struct header_block *);

/* The status in the block; if it has none, 302 with a Location, else 200 (RFC
 * 3875, 6.2).  Only after DONE. */
int header_status(const struct header_block *);
/* The Content-Length in the block; UINT64_MAX: it has none, or
 * Transfer-Encoding overrides it (RFC 9112, 6.3).  Only after DONE. */
uint64_t header_length(const struct header_block *);
/* Does a field (X-Sendfile) tell the server to send a file as the body? */
bool header_names_file(const struct header_block *);
/* Does the status (204, 304) mean that the response has no body? */
bool header_bodyless(const struct header_block *);
/* Is it a local redirect (RFC 3875, 6.2.2) that is sent unchanged? */
bool header_is_local_redirect(const struct header_block *);
struct header_field {
	struct slice name;
	struct slice value;
};

/* Read the next field of a block that is DONE; *at must be 0 for the first.
 * *out points into the block.  False: there are no more. */
bool header_next(const struct header_block *, size_t *at,
    struct header_field *out);
/* Is this the name of an Access-Control-* field? */
bool header_is_cors(struct slice name);

/*
 * Pass the new block, with its blank line, to emit in pieces.  decision may be
 * NULL or have no policy: then the application's own fields are kept (line
 * ends, hop-by-hop fields and the status line are still fixed).  emit returns
 * 0, or -1 to stop; this function returns the same.
 */
int header_write(const struct header_block *, const struct cors_decision *,
    int (*emit)(void *ctx, struct slice piece), void *ctx);

#endif
