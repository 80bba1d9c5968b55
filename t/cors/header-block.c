/*
 * The header block, case by case: every row of the rules for program output
 * (LF and CRLF, Status, folding, duplicates, 1xx, redirects, ...), and the
 * result with CORS.  Each is fed whole, byte by byte and in random pieces.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "header_kit.h"

#define A "Access-Control-Allow-Origin: https://a.com\n"
#define EXPOSE "Access-Control-Expose-Headers: "
#define VARY "Vary: Origin\n"

/* Text with NUL in it. */
#define BYTES(text) .in = (text), .in_len = sizeof(text) - 1

enum {
	LENIENT = 1,
	REDIRECT = 2,
	LIGHTTPD = 4,
	APACHE = 8,
	SAY = 16,
	HAPROXY = 32
};

struct row {
	const char *name;
	const char *in;
	size_t in_len; /* 0: up to the NUL */
	enum kit_case policy;
	unsigned options;
	enum header_fault fault;
	const char *out; /* with LF for CRLF; NULL: the block is bad */
	const char *body;
	unsigned notes; /* those that must be set; all others must not */
};

/* The decision of every case, made once. */
static struct kit kit;

static const struct row rows[] = {
    /* ---- line ends ---- */
    {.name = "CGI-001 LF",
     .in = "Status: 200 OK\n\ntest123",
     .out = "Status: 200 OK\n\n",
     .body = "test123"},
    {.name = "CGI-002 CRLF",
     .in = "Status: 200 OK\r\n\r\ntest123",
     .out = "Status: 200 OK\n\n",
     .body = "test123"},
    {.name = "LF and CRLF mixed, LF CRLF as the end",
     .in = "X-A: 1\r\nX-B: 2\n\r\nb",
     .out = "X-A: 1\nX-B: 2\n\n",
     .body = "b"},
    {.name = "CRLF LF as the end",
     .in = "X-A: 1\r\n\nb",
     .out = "X-A: 1\n\n",
     .body = "b"},
    {.name = "a lone CR is no line end: the line is dropped",
     .in = "X-A: 1\rX-B: 2\nX-C: 3\n\n",
     .out = "X-C: 3\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "CR CR LF",
     .in = "X-A: 1\r\r\nX-C: 3\r\n\r\n",
     .out = "X-C: 3\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "CR CR LF is no blank line",
     .in = "X-A: 1\n\r\r\nX-C: 3\n\nb",
     .out = "X-A: 1\nX-C: 3\n\n",
     .body = "b",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "a body with line ends of its own",
     .in = "X-A: 1\n\n\r\nX-B: 2\n\n",
     .out = "X-A: 1\n\n",
     .body = "\r\nX-B: 2\n\n"},
    {.name = "CGI-042 leading blank line",
     .in = "\n\nbody",
     .out = "\n",
     .body = "\nbody"},
    {.name = "CGI-042 leading blank line, CRLF, with CORS",
     .in = "\r\nbody",
     .policy = KIT_LIST,
     .out = A EXPOSE "x-total\n" VARY "\n",
     .body = "body"},
    /* ---- status ---- */
    {.name = "no Content-Type is invented",
     .in = "Status: 200\r\n\r\nx",
     .out = "Status: 200\n\n",
     .body = "x"},
    {.name = "CGI-008 Status without reason",
     .in = "Status: 404\n\nsend404\n",
     .policy = KIT_LIST,
     .out = "Status: 404\n" A EXPOSE "x-total\n" VARY "\n",
     .body = "send404\n"},
    {.name = "CGI-041 case of names, Status not first",
     .in = "cOnTeNt-TyPe: text/plain\nsTaTuS: 418 T\n\nx",
     .out = "cOnTeNt-TyPe: text/plain\nsTaTuS: 418 T\n\n",
     .body = "x"},
    {.name = "F8: no Content-Length in a 204 (RFC 9110, 8.6)",
     .in = "Content-Length: 20\nStatus: 204\nX-A: 1\n\n",
     .out = "Status: 204\nX-A: 1\n\n"},
    {.name = "F8: nor with CORS, nor a 0",
     .in = "Status: 204 No\ncontent-length: 0\n\n",
     .policy = KIT_LIST,
     .out = "Status: 204 No\n" A EXPOSE "x-total\n" VARY "\n"},
    {.name = "F8: in a 304 that of the 200",
     .in = "Status: 304\nContent-Length: 20\n\n",
     .out = "Status: 304\nContent-Length: 20\n\n"},
    {.name = "F8: but no 0",
     .in = "Status: 304\nContent-Length: 0\n\n",
     .out = "Status: 304\n\n"},
    {.name = "F8: a 205 has none or 0",
     .in = "Status: 205\nContent-Length: 0\n\n",
     .out = "Status: 205\nContent-Length: 0\n\n"},
    {.name = "CGI-024 Status: abc",
     .in = "Status: abc\r\n\r\n",
     .fault = HEADER_FAULT_STATUS},
    {.name = "Status: 99",
     .in = "Status: 99\n\n",
     .fault = HEADER_FAULT_STATUS},
    {.name = "Status: 1000",
     .in = "Status: 1000\n\n",
     .fault = HEADER_FAULT_STATUS},
    {.name = "Status: 600",
     .in = "Status: 600 X\n\n",
     .fault = HEADER_FAULT_STATUS},
    {.name = "Status: 599", .in = "Status: 599\n\n", .out = "Status: 599\n\n"},
    {.name = "Status: 199 is interim",
     .in = "Status: 199\n\n",
     .fault = HEADER_FAULT_EMPTY,
     .notes = HEADER_NOTE_INTERIM},
    {.name = "Status: 101",
     .in = "Status: 101\nUpgrade: x\n\n",
     .fault = HEADER_FAULT_STATUS,
     .notes = HEADER_NOTE_HOP},
    {.name = "Status: 20x",
     .in = "Status: 20x\n\n",
     .fault = HEADER_FAULT_STATUS},
    {.name = "Status: 200OK",
     .in = "Status: 200OK\n\n",
     .fault = HEADER_FAULT_STATUS},
    {.name = "empty Status", .in = "Status:\n\n", .fault = HEADER_FAULT_STATUS},
    {.name = "Status: +200",
     .in = "Status: +200\n\n",
     .fault = HEADER_FAULT_STATUS},
    {.name = "of two Status the first counts",
     .in = "Status: 201 A\nX-A: 1\nStatus: 500 B\n\n",
     .out = "Status: 201 A\nX-A: 1\n\n"},
    {.name = "a second Status may be bad",
     .in = "Status: 201\nStatus: abc\n\n",
     .out = "Status: 201\n\n"},
    {.name = "CGI-016 HTTP/1.0 status line",
     .in = "HTTP/1.0 404 Gone away\nX-A: 1\n\nb",
     .out = "Status: 404 Gone away\nX-A: 1\n\n",
     .body = "b",
     .notes = HEADER_NOTE_STATUS_LINE},
    {.name = "CGI-017 status line without reason",
     .in = "HTTP/1.1 200\r\nX-A: 1\r\n\r\n",
     .out = "Status: 200\nX-A: 1\n\n",
     .notes = HEADER_NOTE_STATUS_LINE},
    {.name = "CGI-045 CGI.pm -nph",
     .in = "HTTP/1.0 200 OK\r\nServer: cmdline\r\nDate: x\r\n\r\n",
     .out = "Status: 200 OK\nServer: cmdline\nDate: x\n\n",
     .notes = HEADER_NOTE_STATUS_LINE},
    {.name = "status line, then Status",
     .in = "HTTP/1.1 404 X\nStatus: 200\n\n",
     .out = "Status: 404 X\n\n",
     .notes = HEADER_NOTE_STATUS_LINE},
    {.name = "status line that is not the first line",
     .in = "X-A: 1\nHTTP/1.1 404 X\n\n",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "status line without status",
     .in = "HTTP/1.1\nX-A: 1\n\n",
     .fault = HEADER_FAULT_STATUS,
     .notes = HEADER_NOTE_STATUS_LINE},
    {.name = "status line of the shortest sort",
     .in = "HTTP/ 200\nX-A: 1\n\n",
     .fault = HEADER_FAULT_STATUS,
     .notes = HEADER_NOTE_STATUS_LINE},
    {.name = "status line with CR in the reason",
     .in = "HTTP/1.1 200 a\rb\n\n",
     .fault = HEADER_FAULT_STATUS,
     .notes = HEADER_NOTE_STATUS_LINE},
    {.name = "1xx block, then the final one",
     .in = "Status: 103 Early Hints\nLink: </x>\n\nStatus: 404 X\nX-A: 1"
	   "\n\nb",
     .policy = KIT_ANY,
     .out = "Status: 404 X\nX-A: 1\nAccess-Control-Allow-Origin: *\n" EXPOSE
	    "x-total\n\n",
     .body = "b",
     .notes = HEADER_NOTE_INTERIM},
    {.name = "1xx status line, then a status line",
     .in = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\n"
	   "\r\nb",
     .out = "Status: 200 OK\nX-A: 1\n\n",
     .body = "b",
     .notes = HEADER_NOTE_INTERIM | HEADER_NOTE_STATUS_LINE},
    {.name = "what a 1xx block says of length is forgotten",
     .in = "Status: 100\nContent-Length: 5\nLocation: /x\n\n"
	   "Content-Length: 7\n\nb",
     .out = "Content-Length: 7\n\n",
     .body = "b",
     .notes = HEADER_NOTE_INTERIM},
    /* ---- lines that are not fields ---- */
    {.name = "CGI-023 empty name",
     .in = ": novalue\r\nX-A: 1\r\n\r\n",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "CGI-028 line without colon",
     .in = "Content-Type: text/html\r\nbroken line\r\n\r\nx",
     .out = "Content-Type: text/html\n\n",
     .body = "x",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "CGI-033 space before the colon",
     .in = "Content-Type : text/plain\r\n\r\n",
     .out = "\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "tab before the colon",
     .in = "X-A: 1\nX-B\t: 2\n\n",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "CGI-040 NUL in a value",
     BYTES("X-A: a\0b\r\nX-B: 1\r\n\r\n"),
     .out = "X-B: 1\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "NUL in a name",
     BYTES("X-A: 1\nX\0B: 1\n\n"),
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "control byte in a value",
     .in = "X-A: a\x01\nX-B: \x7f\nX-C: a\tb\n\n",
     .out = "X-C: a\tb\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "8-bit bytes in a value pass",
     .in = "X-A: \xc3\xa9 \xff\n\n",
     .out = "X-A: \xc3\xa9 \xff\n\n"},
    {.name = "8-bit byte in a name",
     .in = "X-A: 1\nX-\xe9: 1\n\n",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "separators in a name",
     .in = "X-A: 1\nX(B): 1\nX/C: 2\n\"D\": 3\n\n",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_DROPPED},
    {.name = "blanks around a value, empty value",
     .in = "X-A: \t 1 \t\nX-B:\nX-C:  \n\n",
     .out = "X-A: 1\nX-B: \nX-C: \n\n"},
    {.name = "colons in a value",
     .in = "X-A:http://x:80/\n\n",
     .out = "X-A: http://x:80/\n\n"},
    {.name = "CGI-034 obs-fold",
     .in = "X-A: one\r\n two\r\n\r\n",
     .out = "X-A: one two\n\n",
     .notes = HEADER_NOTE_UNFOLDED},
    {.name = "folded twice, by a tab, LF",
     .in = "X-A: one\n\t two \n  three\nX-B: 1\n\n",
     .out = "X-A: one two three\nX-B: 1\n\n",
     .notes = HEADER_NOTE_UNFOLDED},
    {.name = "a fold hides no field",
     .in = "X-A: one\n Access-Control-Allow-Origin: *\n\n",
     .policy = KIT_ANY,
     .out = "X-A: one Access-Control-Allow-Origin: *\n"
	    "Access-Control-Allow-Origin: *\n" EXPOSE "x-total\n\n",
     .notes = HEADER_NOTE_UNFOLDED},
    {.name = "a fold of a field of ours goes with it",
     .in = "Access-Control-Allow-Origin: x,\n y\nX-A: 1\n\n",
     .policy = KIT_ANY,
     .out = "X-A: 1\nAccess-Control-Allow-Origin: *\n" EXPOSE "x-total\n\n",
     .notes = HEADER_NOTE_UNFOLDED | HEADER_NOTE_APP_CORS},
    {.name = "a fold of a dropped line goes with it",
     .in = "X-A: 1\nbroken\n X-B: 2\n\n",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_UNFOLDED | HEADER_NOTE_DROPPED},
    {.name = "a folded value with a lone CR",
     .in = "X-A: 1\n 2\r3\nX-B: 1\n\n",
     .out = "X-B: 1\n\n",
     .notes = HEADER_NOTE_UNFOLDED | HEADER_NOTE_DROPPED},
    {.name = "a fold of blanks alone is no blank line",
     .in = "X-A: 1\n \nX-B: 2\n\nb",
     .out = "X-A: 1\nX-B: 2\n\n",
     .body = "b",
     .notes = HEADER_NOTE_UNFOLDED},
    {.name = "first line that begins with a blank",
     .in = " X-A: 1\nX-B: 2\n\n",
     .out = "X-B: 2\n\n",
     .notes = HEADER_NOTE_DROPPED},
    /* ---- no header block ---- */
    {.name = "CGI-029 no output", .in = "", .fault = HEADER_FAULT_EMPTY},
    {.name = "no output, lenient",
     .in = "",
     .options = LENIENT,
     .fault = HEADER_FAULT_EMPTY},
    {.name = "body alone",
     .in = "hello\nworld\n",
     .fault = HEADER_FAULT_NO_HEADERS},
    {.name = "body alone, lenient",
     .in = "<p>hello\nworld\n",
     .options = LENIENT,
     .policy = KIT_ANY,
     .out = "Content-Type: text/html\nAccess-Control-Allow-Origin: *\n" EXPOSE
	    "x-total\n\n",
     .body = "<p>hello\nworld\n"},
    {.name = "body without line end, lenient",
     .in = "hello",
     .options = LENIENT,
     .out = "Content-Type: text/html\n\n",
     .body = "hello"},
    {.name = "body without line end",
     .in = "hello",
     .fault = HEADER_FAULT_NO_HEADERS},
    {.name = "markup with a colon is no header",
     .in = "<a href=\"http://x/\">\n",
     .options = LENIENT,
     .out = "Content-Type: text/html\n\n",
     .body = "<a href=\"http://x/\">\n"},
    {.name = "CGI-019 the end of output within the block",
     .in = "Content-Type: text/plain\nfoo",
     .policy = KIT_LIST,
     .out = "Content-Type: text/plain\n" A EXPOSE "x-total\n" VARY "\n",
     .notes = HEADER_NOTE_CUT},
    {.name = "half a field is not sent",
     .in = "X-A: 1\nX-B: secr",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_CUT},
    {.name = "nor one whose fold is half",
     .in = "X-A: 1\nX-B: a,\n b,\n c",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_CUT},
    {.name = "nor one whose fold is half, the first",
     .in = "X-A: 1,\n b",
     .fault = HEADER_FAULT_NO_HEADERS,
     .notes = HEADER_NOTE_CUT},
    {.name = "the end after a whole line",
     .in = "X-A: 1\nX-B: 2\n",
     .out = "X-A: 1\nX-B: 2\n\n",
     .notes = HEADER_NOTE_CUT},
    {.name = "the end after a bad line alone",
     .in = "X-A : 1\n",
     .fault = HEADER_FAULT_NO_HEADERS,
     .notes = HEADER_NOTE_CUT | HEADER_NOTE_DROPPED},
    {.name = "the end after a 1xx block",
     .in = "Status: 100\n\n",
     .fault = HEADER_FAULT_EMPTY,
     .notes = HEADER_NOTE_INTERIM},
    {.name = "the end within a 1xx block",
     .in = "Status: 100\n",
     .fault = HEADER_FAULT_EMPTY,
     .notes = HEADER_NOTE_INTERIM | HEADER_NOTE_CUT},
    /* ---- length and hops ---- */
    {.name = "CGI-022 Content-Length: +5x",
     .in = "Content-Length: +5x\r\n\r\n",
     .fault = HEADER_FAULT_LENGTH},
    {.name = "Content-Length: -1",
     .in = "Content-Length: -1\n\n",
     .fault = HEADER_FAULT_LENGTH},
    {.name = "empty Content-Length",
     .in = "Content-Length:\n\n",
     .fault = HEADER_FAULT_LENGTH},
    {.name = "Content-Length beyond all bounds",
     .in = "Content-Length: 99999999999999999999\n\n",
     .fault = HEADER_FAULT_LENGTH},
    {.name = "Content-Length as a list",
     .in = "Content-Length: 5, 5\n\n",
     .fault = HEADER_FAULT_LENGTH},
    {.name = "the same Content-Length twice",
     .in = "Content-Length: 5\nX-A: 1\nContent-length: 5\n\nhello",
     .out = "Content-Length: 5\nX-A: 1\n\n",
     .body = "hello"},
    {.name = "two Content-Length",
     .in = "Content-Length: 5\nContent-Length: 6\n\n",
     .fault = HEADER_FAULT_LENGTH},
    {.name = "two Content-Length after a folded and a dropped line",
     .in = "X-A: 1\n 2\nbroken\nContent-Length: 5\nX: y\n"
	   "Content-Length: 5\n\n",
     .out = "X-A: 1 2\nContent-Length: 5\nX: y\n\n",
     .notes = HEADER_NOTE_UNFOLDED | HEADER_NOTE_DROPPED},
    {.name = "CGI-057 length shorter than the body",
     .in = "Content-Length: 8\n\nSEE-THIS-BUT-NOT-THIS",
     .out = "Content-Length: 8\n\n",
     .body = "SEE-THIS-BUT-NOT-THIS"},
    {.name = "CGI-058 length longer than the body",
     .in = "Content-Length: 100\n\nshort",
     .out = "Content-Length: 100\n\n",
     .body = "short"},
    {.name = "hop-by-hop fields",
     .in = "Connection: close\nKeep-Alive: 1\nProxy-Connection: x\n"
	   "proxy-authenticate: x\nTE: x\nTrailer: x\nUpgrade: x\n"
	   "X-A: 1\n\n",
     .out = "X-A: 1\n\n",
     .notes = HEADER_NOTE_HOP},
    {.name = "Transfer-Encoding",
     .in = "Transfer-Encoding: chunked\nX-A: 1\n\n0\r\n\r\n",
     .out = "X-A: 1\n\n",
     .body = "0\r\n\r\n",
     .notes = HEADER_NOTE_HOP},
    {.name = "Transfer-Encoding under lighttpd",
     .in = "Transfer-Encoding: chunked\n\n0\r\n\r\n",
     .options = LIGHTTPD,
     .out = "Transfer-Encoding: chunked\n\n",
     .body = "0\r\n\r\n"},
    /* ---- order and number ---- */
    {.name = "CGI-044 order and number are kept",
     .in = "X-A: 1\r\nSet-Cookie: a=1\r\nX-A: 2\r\nSet-Cookie: b=2\r\n"
	   "Content-type: text/html\r\n\r\n",
     .policy = KIT_CRED,
     .out = "X-A: 1\nSet-Cookie: a=1\nX-A: 2\nSet-Cookie: b=2\n"
	    "Content-type: text/html\n" A
	    "Access-Control-Allow-Credentials: true\n" EXPOSE "x-total\n" VARY
	    "\n"},
    {.name = "CGI-013 X-Sendfile",
     .in = "Status: 200\r\nX-Sendfile: /p\r\n\r\n",
     .out = "Status: 200\nX-Sendfile: /p\n\n"},
    /* ---- redirects ---- */
    {.name = "CGI-011 local redirect, pass",
     .in = "Location: /404.pl/internal-redir\r\n\r\n",
     .policy = KIT_LIST,
     .out = "Location: /404.pl/internal-redir\n\n"},
    {.name = "CGI-011 local redirect, 302",
     .in = "Location: /404.pl/internal-redir\r\n\r\n",
     .policy = KIT_LIST,
     .options = REDIRECT,
     .out = "Status: 302 Found\nLocation: /404.pl/internal-redir\n" A EXPOSE
	    "x-total\n" VARY "\n"},
    {.name = "local redirect, 302, without a policy",
     .in = "Location: /x\n\n",
     .options = REDIRECT,
     .out = "Status: 302 Found\nLocation: /x\n\n"},
    {.name = "CGI-012 redirect elsewhere",
     .in = "Location: http://www.example.org:2048/\r\n\r\n",
     .policy = KIT_LIST,
     .options = REDIRECT,
     .out = "Location: http://www.example.org:2048/\n" A EXPOSE "x-total\n" VARY
	    "\n"},
    {.name = "Location with Status 3xx",
     .in = "Status: 301 Moved\nLocation: /x\n\n",
     .policy = KIT_ANY,
     .options = APACHE,
     .out = "Status: 301 Moved\nLocation: /x\n"
	    "Access-Control-Allow-Origin: *\n" EXPOSE "x-total\n\n"},
    {.name = "Location with Status 200",
     .in = "Status: 200\nLocation: /x\n\n",
     .policy = KIT_ANY,
     .out = "Status: 200\nLocation: /x\n"
	    "Access-Control-Allow-Origin: *\n" EXPOSE "x-total\n\n"},
    {.name = "Apache redirects by itself with other fields too",
     .in = "Location: /x\nX-A: 1\nAccess-Control-Allow-Origin: *\n\n",
     .policy = KIT_LIST,
     .options = APACHE,
     .out = "Location: /x\nX-A: 1\n\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "Apache does so with Status 200 too",
     .in = "Status: 200 OK\nLocation: /x\n\n",
     .policy = KIT_LIST,
     .options = APACHE,
     .out = "Status: 200 OK\nLocation: /x\n\n"},
    {.name = "Apache, local-redirect = 302",
     .in = "Location: /x\nX-A: 1\n\n",
     .policy = KIT_ANY,
     .options = APACHE | REDIRECT,
     .out = "Status: 302 Found\nLocation: /x\nX-A: 1\n"
	    "Access-Control-Allow-Origin: *\n" EXPOSE "x-total\n\n"},
    {.name = "Location with other fields, pass",
     .in = "Location: /x\nX-A: 1\n\n",
     .policy = KIT_ANY,
     .out = "Location: /x\nX-A: 1\nAccess-Control-Allow-Origin: *\n" EXPOSE
	    "x-total\n\n"},
    /* ---- CORS ---- */
    {.name = "CGI-036 the application's own origin goes",
     .in = "Access-Control-Allow-Origin: *\n"
	   "Access-Control-Allow-Origin: x\n"
	   "ACCESS-CONTROL-allow-Credentials: true\nX-A: 1\n\n",
     .policy = KIT_LIST,
     .out = "X-A: 1\n" A EXPOSE "x-total\n" VARY "\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "without a policy it stays",
     .in = "Access-Control-Allow-Origin: x\nVary: a\nVary: a\n\n",
     .out = "Access-Control-Allow-Origin: x\nVary: a\nVary: a\n\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "an origin that is not allowed",
     .in = "Access-Control-Allow-Origin: *\nX-A: 1\n\n",
     .policy = KIT_DENIED,
     .out = "X-A: 1\n" VARY "\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "no origin",
     .in = "X-A: 1\n\n",
     .policy = KIT_NO_ORIGIN,
     .out = "X-A: 1\n" VARY "\n"},
    {.name = "CGI-037 Vary is merged",
     .in = "Vary: Accept-Encoding\nX-A: 1\nVary: Origin\n\n",
     .policy = KIT_LIST,
     .out = "X-A: 1\n" A EXPOSE "x-total\nVary: Accept-Encoding, Origin\n\n"},
    {.name = "Vary is merged whatever its case",
     .in = "vary: accept,, ORIGIN , accept\n\n",
     .policy = KIT_DENIED,
     .out = "Vary: accept, ORIGIN\n\n"},
    {.name = "Vary: * is kept",
     .in = "Vary: Accept\nVary: *\n\n",
     .policy = KIT_DENIED,
     .out = "Vary: *\n\n"},
    {.name = "Vary is not added to `*`",
     .in = "Vary: Accept\n\n",
     .policy = KIT_ANY,
     .out =
	 "Access-Control-Allow-Origin: *\n" EXPOSE "x-total\nVary: Accept\n\n"},
    {.name = "exposed names are merged, `*` is dropped",
     .in = "Access-Control-Expose-Headers: X-B, *,X-TOTAL\n"
	   "Access-Control-Expose-Headers: x-c, bad name, x-b\n\n",
     .policy = KIT_LIST,
     .out = A EXPOSE "x-total, x-b, x-c\n" VARY "\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "exposed names of an origin that is not allowed",
     .in = "Access-Control-Expose-Headers: X-B\n\n",
     .policy = KIT_DENIED,
     .out = VARY "\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "expose = * without credentials",
     .in = "X-A: 1\nAccess-Control-Expose-Headers: x-b\n\n",
     .policy = KIT_ANY_ALL,
     .out = "X-A: 1\nAccess-Control-Allow-Origin: *\n" EXPOSE "*\n\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "expose = * with credentials: the names of the block",
     .in = "Status: 200\nX-A: 1\nContent-Type: a/b\nX-a: 2\n"
	   "Set-Cookie: c\nSet-Cookie2: c\nETag: \"1\"\n"
	   "Access-Control-Max-Age: 1\nCache-Control: no-store\n"
	   "Content-Length: 1\nContent-Language: de\nExpires: 0\n"
	   "Last-Modified: x\nPragma: x\nVary: Accept\n"
	   "Access-Control-Expose-Headers: x-z\n\n",
     .policy = KIT_CRED_ALL,
     .out = "Status: 200\nX-A: 1\nContent-Type: a/b\nX-a: 2\n"
	    "Set-Cookie: c\nSet-Cookie2: c\nETag: \"1\"\n"
	    "Cache-Control: no-store\nContent-Length: 1\n"
	    "Content-Language: de\nExpires: 0\nLast-Modified: x\n"
	    "Pragma: x\n" A "Access-Control-Allow-Credentials: true\n" EXPOSE
	    "x-a, etag, vary, x-z\nVary: Accept, Origin\n\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "expose = * with credentials, nothing to expose",
     .in = "Content-Type: a/b\n\n",
     .policy = KIT_CRED_ALL,
     .out = "Content-Type: a/b\n" A
	    "Access-Control-Allow-Credentials: true\n" VARY "\n"},
    {.name = "keep: its headers stand",
     .in = "access-control-allow-origin: https://z.com\n"
	   "Access-Control-Expose-Headers: *\nVary: origin\n\n",
     .policy = KIT_KEEP,
     .out = "access-control-allow-origin: https://z.com\n"
	    "Access-Control-Expose-Headers: *\nVary: origin\n\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "keep: without an origin of its own as override",
     .in = "Access-Control-Expose-Headers: X-B\n"
	   "Access-Control-Max-Age: 5\n\n",
     .policy = KIT_KEEP,
     .out = A EXPOSE "x-total, x-b\n" VARY "\n",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "timing: its Timing-Allow-Origin goes",
     .in = "Timing-Allow-Origin: *\nX-A: 1\n\n",
     .policy = KIT_TIMING,
     .out = "X-A: 1\n" A "Timing-Allow-Origin: https://a.com\n" EXPOSE
	    "x-total\n" VARY "\n"},
    {.name = "without timing it stays",
     .in = "Timing-Allow-Origin: *\n\n",
     .policy = KIT_LIST,
     .out = "Timing-Allow-Origin: *\n" A EXPOSE "x-total\n" VARY "\n"},
    {.name = "preflight = forward",
     .in = "Status: 405 No\nAccess-Control-Allow-Methods: *\nVary: x\n"
	   "Access-Control-Expose-Headers: x-b\n\nbody",
     .policy = KIT_FORWARD,
     .out = "Status: 405 No\n" A "Access-Control-Allow-Methods: PUT\n"
	    "Vary: x, Origin, Access-Control-Request-Method, "
	    "Access-Control-Request-Headers\n\n",
     .body = "body",
     .notes = HEADER_NOTE_APP_CORS},
    {.name = "preflight = forward, refused",
     .in = "Access-Control-Allow-Origin: *\n\n",
     .policy = KIT_REFUSED,
     .out = "Vary: Origin, Access-Control-Request-Method, "
	    "Access-Control-Request-Headers\n\n",
     .notes = HEADER_NOTE_APP_CORS},
    /* ---- a Location, and how servers treat it ---- */
    {.name = "Location alone, where the server would say 200",
     .in = "Location: http://b.example/\n\n",
     .options = SAY,
     .out = "Status: 302 Found\nLocation: http://b.example/\n\n"},
    {.name = "Location with a Status of its own",
     .in = "Location: http://b.example/\nStatus: 303 Other\n\n",
     .options = SAY,
     .out = "Location: http://b.example/\nStatus: 303 Other\n\n"},
    {.name = "Status behind Location under HAProxy",
     .in = "Status: 201 Created\nLocation: /new\nX-A: 1\n\nb",
     .options = SAY | REDIRECT | HAPROXY,
     .out = "Location: /new\nX-A: 1\nStatus: 201 Created\n\n",
     .body = "b"},
};

static char *
with_crlf(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *to = out;

	assert_non_null(out);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			*to++ = '\r';
		*to++ = *text;
	}
	*to = '\0';
	return out;
}

static void
run(const struct row *row, size_t (*next)(void *), void *ctx,
    struct result *result)
{
	const struct header_options options = {
	    .lenient = row->options & LENIENT,
	    .redirect_302 = row->options & REDIRECT,
	    .keep_transfer_encoding = row->options & LIGHTTPD,
	    .server_redirects = row->options & APACHE,
	    .say_302 = row->options & SAY,
	    .status_last = row->options & HAPROXY,
	};
	struct slice text =
	    slice_of(row->in, row->in_len > 0 ? row->in_len : strlen(row->in));

	kit_run(text, 4096, &options, kit_decision(&kit, row->policy), next,
		ctx, result);
}

static void
test_row(void **state)
{
	static struct result whole, pieces;
	const struct row *row = *state;
	uint64_t seed = 88172645463325252u;

	run(row, kit_whole, NULL, &whole);
	assert_int_equal(whole.fault, row->fault);
	assert_int_equal(whole.state, row->out ? HEADER_DONE : HEADER_BAD);
	assert_int_equal(whole.notes, row->notes);
	if (row->out != NULL) {
		const char *body = row->body != NULL ? row->body : "";
		char *out = with_crlf(row->out);
		whole.out[whole.len] = '\0';
		assert_string_equal(whole.out + whole.body, body);
		whole.out[whole.body] = '\0';
		assert_string_equal(whole.out, out);
		free(out);
	}
	run(row, kit_whole, NULL, &whole);
	run(row, kit_byte, NULL, &pieces);
	kit_same(&whole, &pieces);
	for (int i = 0; i < 20; i++) {
		run(row, kit_some, &seed, &pieces);
		kit_same(&whole, &pieces);
	}
}

/* ---- sizes ---- */

static struct slice
long_block(size_t value)
{
	static char text[1 << 17];
	int n = snprintf(text, sizeof(text), "X-Long: ");

	memset(text + n, 'v', value);
	memcpy(text + (size_t)n + value, "\r\n\r\nbody", 8);
	return slice_of(text, (size_t)n + value + 8);
}

static void
run_long(size_t value, size_t cap, bool lenient, struct result *result)
{
	const struct header_options options = {.lenient = lenient};
	static struct result pieces;

	kit_run(long_block(value), cap, &options, NULL, kit_whole, NULL,
		result);
	kit_run(long_block(value), cap, &options, NULL, kit_byte, NULL,
		&pieces);
	kit_same(result, &pieces);
}

static void
test_fits(void **state)
{
	static struct result result;

	(void)state;
	/* "X-Long: " and two line ends are 12 bytes. */
	run_long(1000 - 12, 1000, false, &result);
	assert_int_equal(result.state, HEADER_DONE);
	assert_int_equal(result.notes, 0);
	assert_int_equal(result.len - result.body, 4);
	run_long(1000 - 11, 1000, false, &result);
	assert_int_equal(result.fault, HEADER_FAULT_TOO_LARGE);
}

static void
test_large(void **state)
{
	static struct result result;

	(void)state;
	run_long(9000, 65536, false, &result);
	assert_int_equal(result.state, HEADER_DONE);
	assert_int_equal(result.notes, HEADER_NOTE_LARGE);
	run_long(70000, 65536, false, &result);
	assert_int_equal(result.fault, HEADER_FAULT_TOO_LARGE);
}

static void
test_long_body_lenient(void **state)
{
	static char text[1 << 17];
	static struct result whole, pieces;
	const struct header_options options = {.lenient = true};
	struct slice all = slice_of(text, sizeof(text));

	(void)state;
	memset(text, 'b', sizeof(text));
	kit_run(all, 4096, &options, NULL, kit_whole, NULL, &whole);
	assert_int_equal(whole.state, HEADER_DONE);
	assert_int_equal(whole.len - whole.body, sizeof(text));
	kit_run(all, 4096, &options, NULL, kit_byte, NULL, &pieces);
	kit_same(&whole, &pieces);
}

/* More names than fit on the line: `*`, and never a truncated name. */
static void
test_long_vary(void **state)
{
	static char text[60000];
	static struct result result;
	const struct header_options options = {0};
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 850; i++)
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len,
		    "Vary: x-header-number-%d\n"
		    "Access-Control-Expose-Headers: x-other-%d\n",
		    i, i);
	text[len++] = '\n';
	kit_run(slice_of(text, len), 65536, &options,
		kit_decision(&kit, KIT_CRED_ALL), kit_whole, NULL, &result);
	assert_int_equal(result.state, HEADER_DONE);
	result.out[result.body] = '\0';
	assert_non_null(strstr(result.out, "\r\nVary: *\r\n"));
	assert_null(strstr(result.out, "x-header-number-1"));
	char *last = strstr(result.out, "\r\nVary");
	assert_non_null(last);
	*last = '\0';
	last = strrchr(result.out, ',');
	assert_non_null(last);
	assert_memory_equal(last, ", x-other-", 10);
}

static int
stop_at_second(void *ctx, struct slice piece)
{
	(void)piece;
	return ++*(int *)ctx == 2 ? -1 : 0;
}

static void
test_emit_stops(void **state)
{
	const struct header_options options = {0};
	struct header_block block;
	char buf[64];
	size_t used;
	int calls = 0;

	(void)state;
	header_init(&block, buf, sizeof(buf), &options);
	assert_int_equal(header_feed(&block, "X-A: 1\n\n", 8, &used),
			 HEADER_DONE);
	assert_int_equal(header_write(&block, NULL, stop_at_second, &calls),
			 -1);
	assert_int_equal(calls, 2);
}

static void
test_status(void **state)
{
	static const struct {
		const char *text;
		int status;
		bool bodyless;
	} of[] = {{"X-A: 1\n\n", 200, false},
		  {"Status: 404\n\n", 404, false},
		  {"Location: http://x/\n\n", 302, false},
		  {"Location: /x\nX-A: 1\n\n", 302, false},
		  {"Status: 204\n\n", 204, true},
		  {"Status: 304 x\nLocation: /x\n\n", 304, true},
		  {"\n", 200, false}};
	const struct header_options options = {0};
	struct header_block block;
	char buf[64];
	size_t used;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(of); i++) {
		header_init(&block, buf, sizeof(buf), &options);
		assert_int_equal(
		    header_feed(&block, of[i].text, strlen(of[i].text), &used),
		    HEADER_DONE);
		assert_int_equal(header_status(&block), of[i].status);
		assert_int_equal(header_bodyless(&block), of[i].bodyless);
	}
}

/* The first line that was dropped is kept for the log, as much as fits. */
static void
test_bad_line(void **state)
{
	static const char text[] = "X-A: 1\nthis is bad\nthis too\n\n";
	const struct header_options options = {0};
	struct header_block block;
	char buf[512], longer[300];
	size_t used;

	(void)state;
	header_init(&block, buf, sizeof(buf), &options);
	(void)header_feed(&block, text, sizeof(text) - 1, &used);
	assert_int_equal(block.bad_len, 11);
	assert_memory_equal(block.bad, "this is bad", 11);
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "A: 1\n", 5);
	memcpy(longer + sizeof(longer) - 2, "\n\n", 2);
	header_init(&block, buf, sizeof(buf), &options);
	assert_int_equal(header_feed(&block, longer, sizeof(longer), &used),
			 HEADER_DONE);
	assert_int_equal(block.bad_len, sizeof(block.bad));
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*test)(void **);
	} more[] = {
	    {"a block that just fits, one byte more", test_fits},
	    {"CGI-020 and CGI-032 large blocks", test_large},
	    {"a long body, lenient", test_long_body_lenient},
	    {"a Vary without end", test_long_vary},
	    {"emit stops", test_emit_stops},
	    {"the status of a block", test_status},
	    {"the first bad line", test_bad_line},
	};
	static struct CMUnitTest tests[UNIT_COUNT(rows) + UNIT_COUNT(more)];
	size_t n = 0;
	int failed;

	kit_open(&kit);
	UNIT_ROWS(tests, n, rows, test_row);
	for (size_t i = 0; i < UNIT_COUNT(more); i++)
		tests[n++] = (struct CMUnitTest){.name = more[i].name,
						 .test_func = more[i].test};
	failed = unit_run(tests, n);
	kit_close(&kit);
	return failed;
}
