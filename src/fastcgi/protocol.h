/*
 * The numbers of the FastCGI protocol (FastCGI Specification 1.0) and its
 * record header, for those places where records are read or written without
 * libfcgi.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

enum wire_type {
	WIRE_BEGIN_REQUEST = 1,
	WIRE_ABORT_REQUEST = 2,
	WIRE_END_REQUEST = 3,
	WIRE_PARAMS = 4,
	WIRE_STDIN = 5,
	WIRE_STDOUT = 6,
	WIRE_STDERR = 7,
	WIRE_GET_VALUES = 9,
	WIRE_GET_VALUES_RESULT = 10,
	WIRE_UNKNOWN_TYPE = 11
};

enum {
	WIRE_VERSION = 1,
	WIRE_RESPONDER = 1,
	WIRE_KEEP_CONN = 1,
	WIRE_REQUEST_COMPLETE = 0,
	WIRE_CANT_MPX_CONN = 1,
	WIRE_UNKNOWN_ROLE = 3,
	WIRE_HEADER = 8, /* bytes of a record header */
	WIRE_BODY = 8,	 /* of BEGIN_REQUEST and END_REQUEST */
	WIRE_CONTENT_MAX = 65535,
	/* What we allow of one request (DESIGN.md section 4). */
	WIRE_PARAMETERS_BYTES = 65536, /* as "NAME=value" with its NUL */
	WIRE_PARAMETERS = 500
};

struct wire_header {
	unsigned version;
	unsigned type;
	unsigned id;
	size_t content;
	size_t padding;
};

static inline struct wire_header
wire_header_get(const unsigned char *p)
{
	return (struct wire_header){
	    .version = p[0],
	    .type = p[1],
	    .id = (unsigned)p[2] << 8 | p[3],
	    .content = (size_t)p[4] << 8 | p[5],
	    .padding = p[6],
	};
}

/* Write the header of a record; returns the bytes written (WIRE_HEADER). */
static inline size_t
wire_header_put(unsigned char *p, unsigned type, unsigned id, size_t content)
{
	p[0] = WIRE_VERSION;
	p[1] = (unsigned char)type;
	p[2] = (unsigned char)(id >> 8);
	p[3] = (unsigned char)id;
	p[4] = (unsigned char)(content >> 8);
	p[5] = (unsigned char)content;
	p[6] = 0;
	p[7] = 0;
	return WIRE_HEADER;
}

/* Write a whole END_REQUEST record; returns the bytes written. */
static inline size_t
wire_end_put(unsigned char *p, unsigned id, unsigned app, unsigned protocol)
{
	wire_header_put(p, WIRE_END_REQUEST, id, WIRE_BODY);
	p[8] = (unsigned char)(app >> 24);
	p[9] = (unsigned char)(app >> 16);
	p[10] = (unsigned char)(app >> 8);
	p[11] = (unsigned char)app;
	p[12] = (unsigned char)protocol;
	p[13] = p[14] = p[15] = 0;
	return WIRE_HEADER + WIRE_BODY;
}

#endif
