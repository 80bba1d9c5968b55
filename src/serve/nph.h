/*
 * Answers of a program whose name begins with nph-: a web server hands them on
 * as they are, so they must begin with a status line (RFC 3875, 5.2).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef NPH_H
#define NPH_H

#include "serve/cgi_sink.h"

/* Must the answer have a status line?  By SCRIPT_FILENAME's, else SCRIPT_NAME's
 * last part. */
bool nph_wanted(char *const *variables);
/* Collect the header block up to its blank line; sink->nph becomes false when
 * that has come.  *used: bytes that belonged to it.  -1 with errno. */
int nph_feed(struct cgi_sink *, const char *, size_t, size_t *used);
/* Write the block with its status line in front and without `Status:`. */
int nph_write(struct cgi_sink *, int (*emit)(void *ctx, struct slice), void *);

#endif
