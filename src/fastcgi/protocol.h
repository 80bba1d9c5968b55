/*
 * The FastCGI protocol (FastCGI Specification 1.0): reading and writing the
 * header of a record.  Numbers and layouts are those of libfcgi's <fastcgi.h>.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FASTCGI_PROTOCOL_H
#define FASTCGI_PROTOCOL_H

#include <fastcgi.h>
#include <stddef.h>
#include <string.h>

enum {
	/* A record's content, and the body of BEGIN_REQUEST and END_REQUEST. */
	FCGI_BEGIN_LEN = sizeof(FCGI_BeginRequestBody),
	FCGI_END_LEN = sizeof(FCGI_EndRequestRecord)
};

/* What a record's header says. */
struct fcgi_header {
	unsigned version;
	unsigned type;
	unsigned id;
	size_t content;
	size_t padding;
};

/* Read a header from FCGI_HEADER_LEN bytes. */
static inline struct fcgi_header
fcgi_header_get(const void *bytes)
{
	FCGI_Header h;

	memcpy(&h, bytes, sizeof(h));
	return (struct fcgi_header){
	    .version = h.version,
	    .type = h.type,
	    .id = (unsigned)h.requestIdB1 << 8 | h.requestIdB0,
	    .content = (size_t)h.contentLengthB1 << 8 | h.contentLengthB0,
	    .padding = h.paddingLength,
	};
}

/* Write a header without padding; returns the bytes written. */
static inline size_t
fcgi_header_put(void *bytes, unsigned type, unsigned id, size_t content)
{
	const FCGI_Header h = {
	    .version = FCGI_VERSION_1,
	    .type = (unsigned char)type,
	    .requestIdB1 = (unsigned char)(id >> 8),
	    .requestIdB0 = (unsigned char)id,
	    .contentLengthB1 = (unsigned char)(content >> 8),
	    .contentLengthB0 = (unsigned char)content,
	};

	memcpy(bytes, &h, sizeof(h));
	return sizeof(h);
}

/* Write a whole END_REQUEST record; returns the bytes written, FCGI_END_LEN. */
static inline size_t
fcgi_end_put(void *bytes, unsigned id, unsigned app, unsigned protocol)
{
	const FCGI_EndRequestBody body = {
	    .appStatusB3 = (unsigned char)(app >> 24),
	    .appStatusB2 = (unsigned char)(app >> 16),
	    .appStatusB1 = (unsigned char)(app >> 8),
	    .appStatusB0 = (unsigned char)app,
	    .protocolStatus = (unsigned char)protocol,
	};
	size_t at = fcgi_header_put(bytes, FCGI_END_REQUEST, id, sizeof(body));

	memcpy((char *)bytes + at, &body, sizeof(body));
	return at + sizeof(body);
}

#endif
