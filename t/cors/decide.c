/*
 * Decisions and the header lines that go with them, byte for byte.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cors/decide.h"
#include "cors/names.h"
#include "cors/path.h"
#include "policy_kit.h"
#include "unit.h"

#define NL "\r\n"
#define ACAO(value) "Access-Control-Allow-Origin: " value NL
#define ACAC "Access-Control-Allow-Credentials: true" NL
#define ACAM(value) "Access-Control-Allow-Methods: " value NL
#define ACAH(value) "Access-Control-Allow-Headers: " value NL
#define ACMA(value) "Access-Control-Max-Age: " value NL
#define ACEH(value) "Access-Control-Expose-Headers: " value NL
#define TAO(value) "Timing-Allow-Origin: " value NL
#define CORP(value) "Cross-Origin-Resource-Policy: " value NL
#define ALLOW(value) "Allow: " value NL
#define REASON(value) "X-Corswrap-Reason: " value NL
#define VARY "Vary: Origin" NL
#define VARY3                                                                  \
	"Vary: Origin, Access-Control-Request-Method, "                        \
	"Access-Control-Request-Headers" NL

#define A "https://a.com"
#define NONE CORS_REASON_NONE

struct row {
	const char *name;
	const char *policy;
	const char *method;
	const char *origin; /* NULL: none; '\n' between two */
	const char *acrm;   /* the same */
	const char *acrh;   /* the same */
	enum cors_verdict verdict;
	enum cors_reason reason;
	const char *lines; /* of our own response */
	const char *other; /* more variables, blanks between them */
};

static const struct row actual[] = {
    {"listed origin", "origins=" A, "GET", A, NULL, NULL, CORS_RUN, NONE,
     ACAO(A) VARY, NULL},
    {"listed origin, all lines",
     "origins=" A "; credentials=yes; expose=x-a x-b; methods=PUT; "
     "headers=x-c; max-age=5",
     "POST", A, NULL, NULL, CORS_RUN, NONE, ACAO(A) ACAC ACEH("x-a,x-b") VARY,
     NULL},
    {"other origin", "origins=" A "; credentials=yes; expose=x-a", "GET",
     "https://b.com", NULL, NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY,
     NULL},
    {"malformed origin", "origins=" A, "GET", "b.com", NULL, NULL, CORS_RUN,
     CORS_ORIGIN_MALFORMED, VARY, NULL},
    {"empty origin", "origins=" A, "GET", "", NULL, NULL, CORS_RUN,
     CORS_ORIGIN_MALFORMED, VARY, NULL},
    {"two origins", "origins=" A, "GET", A "\n" A, NULL, NULL, CORS_RUN,
     CORS_ORIGIN_MALFORMED, VARY, NULL},
    {"null", "origins=" A, "GET", "null", NULL, NULL, CORS_RUN,
     CORS_ORIGIN_NULL, VARY, NULL},
    {"null, allowed", "origins=" A " null", "GET", "null", NULL, NULL, CORS_RUN,
     NONE, ACAO("null") VARY, NULL},
    {"null in upper case", "origins=null", "GET", "NULL", NULL, NULL, CORS_RUN,
     CORS_ORIGIN_MALFORMED, VARY, NULL},
    {"null with credentials is nobody", "origins=null; credentials=yes", "GET",
     "null", NULL, NULL, CORS_RUN, CORS_ORIGIN_NULL, VARY, NULL},
    {"no origin", "origins=" A "; credentials=yes; expose=x-a", "GET", NULL,
     NULL, NULL, CORS_RUN, NONE, VARY, NULL},
    {"CR LF in the origin", "origins=" A, "GET", A "\r\nX: y", NULL, NULL,
     CORS_RUN, CORS_ORIGIN_MALFORMED, VARY, NULL},
    {"any origin", "origins=*; expose=x-a", "GET", A, NULL, NULL, CORS_RUN,
     NONE, ACAO("*") ACEH("x-a"), NULL},
    {"any origin, none sent", "origins=*; expose=*", "GET", NULL, NULL, NULL,
     CORS_RUN, NONE, ACAO("*") ACEH("*"), NULL},
    {"any origin, null", "origins=*", "GET", "null", NULL, NULL, CORS_RUN, NONE,
     ACAO("*"), NULL},
    {"any origin, garbage", "origins=*", "GET", "\x01", NULL, NULL, CORS_RUN,
     NONE, ACAO("*"), NULL},
    {"any origin, two", "origins=*", "GET", A "\n" A, NULL, NULL, CORS_RUN,
     NONE, ACAO("*"), NULL},
    {"any origin never with credentials", "origins=*; credentials=yes", "GET",
     A, NULL, NULL, CORS_RUN, NONE, ACAO("*"), NULL},
    {"expose any with credentials is the application's matter",
     "origins=" A "; credentials=yes; expose=*", "GET", A, NULL, NULL, CORS_RUN,
     NONE, ACAO(A) ACAC VARY, NULL},
    {"unlisted method without preflight", "origins=" A "; methods=PUT",
     "DELETE", A, NULL, NULL, CORS_RUN, NONE, ACAO(A) VARY, NULL},
    /* Not preflights. */
    {"OPTIONS without ACRM", "origins=" A, "OPTIONS", A, NULL, "x-a", CORS_RUN,
     NONE, ACAO(A) VARY, NULL},
    {"OPTIONS with an empty ACRM", "origins=" A, "OPTIONS", A, "", NULL,
     CORS_RUN, NONE, ACAO(A) VARY, NULL},
    {"OPTIONS without Origin", "origins=" A, "OPTIONS", NULL, "PUT", NULL,
     CORS_RUN, NONE, VARY, NULL},
    {"options in lower case", "origins=" A, "options", A, "PUT", NULL, CORS_RUN,
     NONE, ACAO(A) VARY, NULL},
    {"GET with ACRM", "origins=" A, "GET", A, "PUT", "x-a", CORS_RUN, NONE,
     ACAO(A) VARY, NULL},
    /* Timing. */
    {"timing same", "origins=" A "; timing=same", "GET", A, NULL, NULL,
     CORS_RUN, NONE, ACAO(A) TAO(A) VARY, NULL},
    {"timing same, other origin", "origins=" A "; timing=same", "GET",
     "https://b.com", NULL, NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY,
     NULL},
    {"timing same, any origin", "origins=*; timing=same", "GET", A, NULL, NULL,
     CORS_RUN, NONE, ACAO("*") TAO("*"), NULL},
    {"timing any", "origins=" A "; timing=*", "GET", A, NULL, NULL, CORS_RUN,
     NONE, ACAO(A) TAO("*") VARY, NULL},
    {"timing any, no origin", "origins=" A "; timing=*", "GET", NULL, NULL,
     NULL, CORS_RUN, NONE, TAO("*") VARY, NULL},
    {"timing list", "origins=" A "; timing=https://x.com https://y.com", "GET",
     A, NULL, NULL, CORS_RUN, NONE,
     ACAO(A) TAO("https://x.com,https://y.com") VARY, NULL},
    /* Enforce. */
    {"advertise", "origins=" A "; enforce=advertise", "DELETE", "https://b.com",
     NULL, NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY, NULL},
    {"report", "origins=" A "; enforce=report", "GET", "https://b.com", NULL,
     NULL, CORS_RUN, CORS_ENFORCED, VARY, NULL},
    {"report, allowed", "origins=" A "; enforce=report", "GET", A, NULL, NULL,
     CORS_RUN, NONE, ACAO(A) VARY, NULL},
    {"block", "origins=" A "; enforce=block", "GET", "https://b.com", NULL,
     NULL, CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block, malformed", "origins=" A "; enforce=block", "GET", "x", NULL, NULL,
     CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block, null", "origins=" A "; enforce=block", "GET", "null", NULL, NULL,
     CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block, empty", "origins=" A "; enforce=block", "GET", "", NULL, NULL,
     CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block, no origin", "origins=" A "; enforce=block", "DELETE", NULL, NULL,
     NULL, CORS_RUN, NONE, VARY, NULL},
    {"block, allowed", "origins=" A "; enforce=block", "PUT", A, NULL, NULL,
     CORS_RUN, NONE, ACAO(A) VARY, NULL},
    {"block, any origin", "origins=*; enforce=block", "PUT", "x", NULL, NULL,
     CORS_RUN, NONE, ACAO("*"), NULL},
    {"block, OPTIONS", "origins=" A "; enforce=block", "OPTIONS",
     "https://b.com", NULL, NULL, CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block-unsafe, GET", "origins=" A "; enforce=block-unsafe", "GET",
     "https://b.com", NULL, NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY,
     NULL},
    {"block-unsafe, HEAD", "origins=" A "; enforce=block-unsafe", "HEAD",
     "https://b.com", NULL, NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY,
     NULL},
    {"block-unsafe, OPTIONS", "origins=" A "; enforce=block-unsafe", "OPTIONS",
     "https://b.com", NULL, NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY,
     NULL},
    {"block-unsafe, POST", "origins=" A "; enforce=block-unsafe", "POST",
     "https://b.com", NULL, NULL, CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block-unsafe, get", "origins=" A "; enforce=block-unsafe", "get",
     "https://b.com", NULL, NULL, CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block-unsafe, QUERY", "origins=" A "; enforce=block-unsafe", "QUERY",
     "https://b.com", NULL, NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY,
     NULL},
    {"block-unsafe, query", "origins=" A "; enforce=block-unsafe", "query",
     "https://b.com", NULL, NULL, CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
    {"block before allow", "origins=" A "; enforce=block; allow=GET", "PUT",
     "https://b.com", NULL, NULL, CORS_BLOCK, CORS_ENFORCED, VARY, NULL},
/* Cross-Origin-Resource-Policy. */
    {"resource-policy", "origins=" A "; resource-policy=same-origin", "GET", A,
     NULL, NULL, CORS_RUN, NONE, ACAO(A) CORP("same-origin") VARY, NULL},
    {"resource-policy, no origin",
     "origins=" A "; resource-policy=cross-origin", "GET", NULL, NULL, NULL,
     CORS_RUN, NONE, CORP("cross-origin") VARY, NULL},
    {"resource-policy, any origin", "origins=*; resource-policy=same-site",
     "GET", A, NULL, NULL, CORS_RUN, NONE, ACAO("*") CORP("same-site"), NULL},
    {"resource-policy, preflight",
     "origins=" A "; methods=PUT; resource-policy=same-site", "OPTIONS", A,
     "PUT", NULL, CORS_ANSWER_PREFLIGHT, NONE, ACAO(A) ACAM("PUT") VARY3, NULL},
    {"resource-policy, refused preflight",
     "origins=" A "; resource-policy=same-site", "OPTIONS", A, "PUT", NULL,
     CORS_REFUSE_PREFLIGHT, CORS_METHOD_NOT_ALLOWED, VARY3, NULL},
    {"resource-policy, blocked",
     "origins=" A "; enforce=block; resource-policy=same-site", "GET",
     "https://b.com", NULL, NULL, CORS_BLOCK, CORS_ENFORCED,
     CORP("same-site") VARY, NULL},
/* Isolate. */
#define ISOLATED(name, policy, method, origin, verdict, reason, lines, fetch)  \
	{                                                                      \
		"isolate, " name, "isolate=" policy, method, origin, NULL,     \
		    NULL, verdict, reason, lines, fetch                        \
	}
#define FETCH(site, mode, dest)                                                \
	"HTTP_SEC_FETCH_SITE=" site " HTTP_SEC_FETCH_MODE=" mode               \
	" HTTP_SEC_FETCH_DEST=" dest
    ISOLATED("no", "no; origins=" A, "POST", NULL, CORS_RUN, NONE, VARY,
	     FETCH("cross-site", "no-cors", "empty")),
    ISOLATED("image", "yes; origins=" A, "GET", NULL, CORS_BLOCK, CORS_ISOLATED,
	     VARY, FETCH("cross-site", "no-cors", "image")),
    ISOLATED("same-site", "yes; origins=" A, "GET", NULL, CORS_BLOCK,
	     CORS_ISOLATED, VARY, FETCH("same-site", "no-cors", "image")),
    ISOLATED("same-origin", "yes; origins=" A, "GET", NULL, CORS_RUN, NONE,
	     VARY, FETCH("same-origin", "no-cors", "image")),
    ISOLATED("typed by the visitor", "yes; origins=" A, "GET", NULL, CORS_RUN,
	     NONE, VARY, FETCH("none", "navigate", "document")),
    ISOLATED("no Sec-Fetch-Site", "yes; origins=" A, "POST", NULL, CORS_RUN,
	     NONE, VARY, "HTTP_SEC_FETCH_MODE=no-cors"),
    ISOLATED("Sec-Fetch-Site alone", "yes; origins=" A, "GET", NULL, CORS_BLOCK,
	     CORS_ISOLATED, VARY, "HTTP_SEC_FETCH_SITE=cross-site"),
    ISOLATED("named, fetch", "yes; origins=" A, "PUT", A, CORS_RUN, NONE,
	     ACAO(A) VARY, FETCH("cross-site", "cors", "empty")),
    ISOLATED("named, form", "yes; origins=" A, "POST", A, CORS_RUN, NONE,
	     ACAO(A) VARY, FETCH("cross-site", "navigate", "document")),
    ISOLATED("null by name", "yes; origins=null", "POST", "null", CORS_RUN,
	     NONE, ACAO("null") VARY, FETCH("cross-site", "cors", "empty")),
    ISOLATED("null", "yes; origins=" A, "POST", "null", CORS_BLOCK,
	     CORS_ISOLATED, VARY, FETCH("cross-site", "cors", "empty")),
    ISOLATED("stranger, fetch", "yes; origins=" A, "GET", "https://b.com",
	     CORS_BLOCK, CORS_ISOLATED, VARY,
	     FETCH("cross-site", "cors", "empty")),
    ISOLATED("any, fetch", "yes; origins=*", "PUT", "https://b.com", CORS_RUN,
	     NONE, ACAO("*"), FETCH("cross-site", "cors", "empty")),
    ISOLATED("any, form", "yes; origins=*", "POST", "https://b.com", CORS_BLOCK,
	     CORS_ISOLATED, ACAO("*"),
	     FETCH("cross-site", "navigate", "document")),
    ISOLATED("any, image", "yes; origins=*", "GET", NULL, CORS_BLOCK,
	     CORS_ISOLATED, ACAO("*"), FETCH("cross-site", "no-cors", "image")),
    ISOLATED("link", "yes; origins=" A, "GET", NULL, CORS_RUN, NONE, VARY,
	     FETCH("cross-site", "navigate", "document")),
    ISOLATED("link, HEAD", "yes; origins=" A, "HEAD", NULL, CORS_RUN, NONE,
	     VARY, FETCH("cross-site", "navigate", "document")),
    ISOLATED("frame", "yes; origins=" A, "GET", NULL, CORS_BLOCK, CORS_ISOLATED,
	     VARY, FETCH("cross-site", "navigate", "iframe")),
    ISOLATED("object", "yes; origins=" A, "GET", NULL, CORS_BLOCK,
	     CORS_ISOLATED, VARY, FETCH("cross-site", "no-cors", "document")),
    ISOLATED("report", "report; origins=" A, "POST", "https://b.com", CORS_RUN,
	     CORS_ISOLATED, VARY, FETCH("cross-site", "cors", "empty")),
    ISOLATED("report, enforce too", "report; enforce=report; origins=" A,
	     "POST", "https://b.com", CORS_RUN, CORS_ISOLATED, VARY,
	     FETCH("cross-site", "cors", "empty")),
    ISOLATED("report, and enforce blocks",
	     "report; enforce=block; origins=" A, "POST", "https://b.com",
	     CORS_BLOCK, CORS_ENFORCED, VARY,
	     FETCH("cross-site", "cors", "empty")),
    ISOLATED("before enforce", "yes; enforce=report; origins=" A, "POST",
	     "https://b.com", CORS_BLOCK, CORS_ISOLATED, VARY,
	     FETCH("cross-site", "cors", "empty")),
    ISOLATED("before allow", "yes; allow=GET; origins=" A, "PUT", NULL,
	     CORS_BLOCK, CORS_ISOLATED, VARY,
	     FETCH("cross-site", "no-cors", "empty")),
    {"isolate, preflight", "origins=" A "; isolate=yes; methods=PUT", "OPTIONS",
     A, "PUT", NULL, CORS_ANSWER_PREFLIGHT, NONE, ACAO(A) ACAM("PUT") VARY3,
     FETCH("cross-site", "cors", "empty")},
/* Same origin. */
#define BLOCK "origins=" A "; enforce=block"
#define S(name, origin, verdict, reason, other)                                \
	{                                                                      \
		name, BLOCK, "POST", origin, NULL, NULL, verdict, reason,      \
		    VARY, other                                                \
	}
    S("Sec-Fetch-Site same-origin", "https://b.com", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED, "HTTP_SEC_FETCH_SITE=same-origin"),
    S("Sec-Fetch-Site none", "null", CORS_RUN, CORS_ORIGIN_NULL,
      "HTTP_SEC_FETCH_SITE=none"),
    S("Sec-Fetch-Site same-site", "https://b.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTP_SEC_FETCH_SITE=same-site HTTPS=on HTTP_HOST=b.com"),
    S("Sec-Fetch-Site cross-site", "https://b.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTP_SEC_FETCH_SITE=cross-site HTTPS=on HTTP_HOST=b.com"),
    S("Sec-Fetch-Site empty", "https://b.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTP_SEC_FETCH_SITE= HTTPS=on HTTP_HOST=b.com"),
    S("Sec-Fetch-Site in upper case", "https://b.com", CORS_BLOCK,
      CORS_ENFORCED, "HTTP_SEC_FETCH_SITE=Same-Origin"),
    S("own host", "https://b.com", CORS_RUN, CORS_ORIGIN_NOT_ALLOWED,
      "HTTPS=on HTTP_HOST=b.com"),
    S("own host in upper case", "https://b.com", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED, "HTTPS=ON HTTP_HOST=B.com"),
    S("own host, scheme by REQUEST_SCHEME", "https://b.com", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED, "REQUEST_SCHEME=https HTTP_HOST=b.com"),
    S("own host, scheme by X-Forwarded-Proto", "https://b.com", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED,
      "HTTP_X_FORWARDED_PROTO=https,http HTTP_HOST=b.com"),
    S("own host, HTTPS off", "https://b.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=off HTTP_HOST=b.com"),
    S("own host, plain", "http://b.com", CORS_RUN, CORS_ORIGIN_NOT_ALLOWED,
      "HTTP_HOST=b.com"),
    S("own host, other scheme", "http://b.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=on HTTP_HOST=b.com"),
    S("own host, other scheme of its own", "app://b.com", CORS_BLOCK,
      CORS_ENFORCED, "HTTPS=on HTTP_HOST=b.com"),
    S("own host, default port written", "https://b.com", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED, "HTTPS=on HTTP_HOST=b.com:443"),
    S("own host, port left out", "https://b.com", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED, "HTTPS=on HTTP_HOST=b.com:"),
    S("own host and port", "https://b.com:8443", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED, "HTTPS=on HTTP_HOST=b.com:8443"),
    S("own host, other port", "https://b.com:8443", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=on HTTP_HOST=b.com"),
    S("own host, bad port", "https://b.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=on HTTP_HOST=b.com:x"),
    S("own address", "http://[::1]:8080", CORS_RUN, CORS_ORIGIN_NOT_ALLOWED,
      "HTTP_HOST=[::1]:8080"),
    S("own name without Host", "http://b.com:81", CORS_RUN,
      CORS_ORIGIN_NOT_ALLOWED, "SERVER_NAME=b.com SERVER_PORT=81"),
    S("final dot is another host", "https://b.com.", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=on HTTP_HOST=b.com"),
    S("another host", "https://b.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=on HTTP_HOST=c.com"),
    S("null is nobody's own", "null", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=on HTTP_HOST=null"),
    S("malformed is nobody's own", "https://B.com", CORS_BLOCK, CORS_ENFORCED,
      "HTTPS=on HTTP_HOST=B.com"),
    S("two are nobody's own", "https://b.com\nhttps://b.com", CORS_BLOCK,
      CORS_ENFORCED, "HTTPS=on HTTP_HOST=b.com"),
    /* Allow. */
    {"allow, listed", "origins=" A "; allow=GET PUT", "PUT", A, NULL, NULL,
     CORS_RUN, NONE, ACAO(A) VARY, NULL},
    {"allow, HEAD with GET", "origins=" A "; allow=GET", "HEAD", A, NULL, NULL,
     CORS_RUN, NONE, ACAO(A) VARY, NULL},
    {"allow, HEAD without GET", "origins=" A "; allow=PUT", "HEAD", A, NULL,
     NULL, CORS_REFUSE_METHOD, CORS_NOT_IN_ALLOW,
     ACAO(A) ALLOW("PUT,OPTIONS") VARY, NULL},
    {"allow, not listed", "origins=" A "; allow=GET; expose=x-a", "PUT", A,
     NULL, NULL, CORS_REFUSE_METHOD, CORS_NOT_IN_ALLOW,
     ACAO(A) ACEH("x-a") ALLOW("GET,HEAD,OPTIONS") VARY, NULL},
    {"allow, not listed, other origin", "origins=" A "; allow=GET", "PUT",
     "https://b.com", NULL, NULL, CORS_REFUSE_METHOD, CORS_NOT_IN_ALLOW,
     ALLOW("GET,HEAD,OPTIONS") VARY, NULL},
    {"allow, OPTIONS", "origins=" A "; allow=GET HEAD POST", "OPTIONS", A, NULL,
     NULL, CORS_ANSWER_OPTIONS, NONE,
     ACAO(A) ALLOW("GET,HEAD,POST,OPTIONS") VARY, NULL},
    {"allow, OPTIONS without origin", "origins=*; allow=OPTIONS GET HEAD",
     "OPTIONS", NULL, NULL, NULL, CORS_ANSWER_OPTIONS, NONE,
     ACAO("*") ALLOW("OPTIONS,GET,HEAD"), NULL},
    {"allow, another case", "origins=" A "; allow=GET", "get", A, NULL, NULL,
     CORS_REFUSE_METHOD, CORS_NOT_IN_ALLOW,
     ACAO(A) ALLOW("GET,HEAD,OPTIONS") VARY, NULL},
    {"allow does not touch preflights", "origins=" A "; allow=GET; methods=PUT",
     "OPTIONS", A, "PUT", NULL, CORS_ANSWER_PREFLIGHT, NONE,
     ACAO(A) ACAM("PUT") VARY3, NULL},
};

#define P(name, policy, origin, acrm, acrh, lines)                             \
	{                                                                      \
		name, policy, "OPTIONS", origin, acrm, acrh,                   \
		    CORS_ANSWER_PREFLIGHT, NONE, lines, NULL                   \
	}
#define R(name, policy, origin, acrm, acrh, reason)                            \
	{                                                                      \
		name, policy, "OPTIONS", origin, acrm, acrh,                   \
		    CORS_REFUSE_PREFLIGHT, reason, VARY3, NULL                 \
	}
#define D(name, policy, acrm, acrh, reason, lines)                             \
	{                                                                      \
		name, policy, "OPTIONS", A, acrm, acrh, CORS_ANSWER_PREFLIGHT, \
		    reason, lines, NULL                                        \
	}
#define LIST "origins=" A "; headers=content-type x-bar x-baz x-foo"
#define OK_LIST ACAO(A) ACAH("content-type,x-bar,x-baz,x-foo") VARY3
#define FULL                                                                   \
	"origins=" A "; credentials=yes; methods=PUT DELETE; "                 \
	"headers=content-type authorization; max-age=600"
#define CRED "origins=" A "; credentials=yes; methods=*; headers=*"
#define OPEN "origins=*; methods=*; headers=*"

static const struct row preflights[] = {
    P("preflight", "origins=" A, A, "GET", NULL, ACAO(A) VARY3),
    P("preflight, the whole lists", FULL, A, "PUT", "content-type",
      ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	  ACMA("600") VARY3),
    P("preflight, lists though nothing needs them", FULL, A, "GET", NULL,
      ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	  ACMA("600") VARY3),
    P("preflight, max-age 0", "origins=" A "; max-age=0", A, "GET", NULL,
      ACAO(A) ACMA("0") VARY3),
    P("preflight, max-age 86400", "origins=" A "; max-age=86400", A, "GET",
      NULL, ACAO(A) ACMA("86400") VARY3),
    P("preflight exposes nothing", "origins=" A "; expose=x-a; timing=*", A,
      "GET", NULL, ACAO(A) VARY3),
    P("preflight, GET", "origins=" A, A, "GET", NULL, ACAO(A) VARY3),
    P("preflight, HEAD", "origins=" A, A, "HEAD", NULL, ACAO(A) VARY3),
    P("preflight, POST", "origins=" A, A, "POST", NULL, ACAO(A) VARY3),
    P("preflight, null", "origins=null", "null", "GET", NULL,
      ACAO("null") VARY3),
    P("preflight, any origin", OPEN, A, "PURGE", "x-foo",
      ACAO("*") ACAM("*") ACAH("*") VARY3),
    P("preflight, any origin, garbage", OPEN, "x\n", "PURGE", NULL,
      ACAO("*") ACAM("*") ACAH("*") VARY3),
    P("preflight, any origin, empty", OPEN, "", "PURGE", NULL,
      ACAO("*") ACAM("*") ACAH("*") VARY3),
    P("preflight, any and authorization", "origins=*; headers=* authorization",
      A, "GET", "authorization,x-a", ACAO("*") ACAH("*,authorization") VARY3),
    P("preflight, any header, none asked", OPEN, A, "GET", NULL,
      ACAO("*") ACAM("*") ACAH("*") VARY3),
    P("preflight, any with credentials", CRED, A, "PURGE", "bar,baz,foo",
      ACAO(A) ACAC ACAM("PURGE") ACAH("bar,baz,foo") VARY3),
    P("preflight, any with credentials, none asked", CRED, A, "patch", NULL,
      ACAO(A) ACAC ACAM("patch") VARY3),
    P("preflight, any with credentials, each once, in lower case", CRED, A,
      "PUT", "X-B , x-a,,x-b\nX-A,\tx-c",
      ACAO(A) ACAC ACAM("PUT") ACAH("x-b,x-a,x-c") VARY3),
    P("preflight, any with credentials, authorization listed",
      "origins=" A "; credentials=yes; headers=* authorization", A, "GET",
      "Authorization,x-a", ACAO(A) ACAC ACAH("authorization,x-a") VARY3),
    P("preflight, strange tokens", CRED, A, "!#$%&'*+-.^_`|~09AZaz",
      "!#$%&'*+-.^_`|~09AZaz",
      ACAO(A) ACAC ACAM("!#$%&'*+-.^_`|~09AZaz") ACAH("!#$%&'*+-.^_`|~09azaz")
	  VARY3),
    R("preflight, other origin", FULL, "https://b.com", "PUT", NULL,
      CORS_ORIGIN_NOT_ALLOWED),
    R("preflight, malformed origin", FULL, "https://a.com/", "PUT", NULL,
      CORS_ORIGIN_MALFORMED),
    R("preflight, empty origin", FULL, "", "PUT", NULL, CORS_ORIGIN_MALFORMED),
    R("preflight, two origins", FULL, A "\n" A, "PUT", NULL,
      CORS_ORIGIN_MALFORMED),
    R("preflight, null refused", FULL, "null", "PUT", NULL, CORS_ORIGIN_NULL),
    R("preflight, method not listed", FULL, A, "PATCH", NULL,
      CORS_METHOD_NOT_ALLOWED),
    R("preflight, method in another case", "origins=" A "; methods=PATCH", A,
      "patch", NULL, CORS_METHOD_NOT_ALLOWED),
    P("preflight, method in its own case", "origins=" A "; methods=patch", A,
      "patch", NULL, ACAO(A) ACAM("patch") VARY3),
    R("preflight, safelisted in another case", FULL, A, "get", NULL,
      CORS_METHOD_NOT_ALLOWED),
    R("preflight, OPTIONS must be listed (rs#196)", FULL, A, "OPTIONS", NULL,
      CORS_METHOD_NOT_ALLOWED),
    R("preflight, star is a method's name", FULL, A, "*", NULL,
      CORS_METHOD_NOT_ALLOWED),
    R("preflight, CONNECT under *", OPEN, A, "CONNECT", NULL,
      CORS_METHOD_NOT_ALLOWED),
    R("preflight, trace under *", OPEN, A, "trace", NULL,
      CORS_METHOD_NOT_ALLOWED),
    R("preflight, TrAcK under *", CRED, A, "TrAcK", NULL,
      CORS_METHOD_NOT_ALLOWED),
    R("preflight, method of two words", CRED, A, "PUT DELETE", NULL,
      CORS_METHOD_MALFORMED),
    R("preflight, method with a comma", CRED, A, "PUT,DELETE", NULL,
      CORS_METHOD_MALFORMED),
    R("preflight, method with CR LF", CRED, A, "PUT\r\nX: y", NULL,
      CORS_METHOD_MALFORMED),
    R("preflight, method not ASCII", CRED, A, "P\xc3\x9cT", NULL,
      CORS_METHOD_MALFORMED),
    R("preflight, two methods", CRED, A, "PUT\nPUT", NULL,
      CORS_METHOD_MALFORMED),
    R("preflight, two empty methods", CRED, A, "\n", NULL,
      CORS_METHOD_MALFORMED),
    R("origin before method", FULL, "x", "\x01", "\x01", CORS_ORIGIN_MALFORMED),
    R("method before headers", FULL, A, "PATCH", "\x01",
      CORS_METHOD_NOT_ALLOWED),
    /* Access-Control-Request-Headers. */
    P("headers, one", LIST, A, "GET", "x-bar", OK_LIST),
    P("headers, empty", LIST, A, "GET", "", OK_LIST),
    P("headers, all", LIST, A, "GET", "content-type,x-bar,x-baz,x-foo",
      OK_LIST),
    P("headers, another order", LIST, A, "GET", "x-foo,content-type", OK_LIST),
    P("headers, another case (rs#183)", LIST, A, "GET", "X-Foo,CONTENT-TYPE",
      OK_LIST),
    P("headers, twice", LIST, A, "GET", "x-foo,x-foo,X-Foo", OK_LIST),
    P("headers, blanks (rs#141)", LIST, A, "GET", "x-bar, x-baz", OK_LIST),
    P("headers, many blanks", LIST, A, "GET", " \t x-bar \t , \t x-baz \t ",
      OK_LIST),
    P("headers, a comma", LIST, A, "GET", ",", OK_LIST),
    P("headers, blanks alone", LIST, A, "GET", "  ", OK_LIST),
    P("headers, empty elements", LIST, A, "GET", "x-bar,,,x-baz,", OK_LIST),
    P("headers, several lines (rs#184)", LIST, A, "GET", "x-bar\nx-baz",
      OK_LIST),
    P("headers, empty lines", LIST, A, "GET", "\n\nx-bar", OK_LIST),
    R("headers, unknown", LIST, A, "GET", "x-new", CORS_HEADER_NOT_ALLOWED),
    R("headers, unknown among known", LIST, A, "GET", "x-bar,x-new,x-foo",
      CORS_HEADER_NOT_ALLOWED),
    R("headers, none listed", "origins=" A, A, "GET", "x-bar",
      CORS_HEADER_NOT_ALLOWED),
    R("headers, two run together", LIST, A, "GET", "x-barx-baz",
      CORS_HEADER_NOT_ALLOWED),
    R("headers, one byte shorter (jub0bs#15)", LIST, A, "GET", "content-typ",
      CORS_HEADER_NOT_ALLOWED),
    R("headers, one byte longer (jub0bs#15)", LIST, A, "GET", "content-types",
      CORS_HEADER_NOT_ALLOWED),
    R("headers, star is a name", LIST, A, "GET", "*", CORS_HEADER_NOT_ALLOWED),
    R("headers, semicolon", LIST, A, "GET", "x-bar;x-baz",
      CORS_HEADERS_MALFORMED),
    R("headers, blank inside", LIST, A, "GET", "x-bar x-baz",
      CORS_HEADERS_MALFORMED),
    R("headers, CR LF (actor-ts#792)", CRED, A, "GET", "x-bar\r\nSet-Cookie: a",
      CORS_HEADERS_MALFORMED),
    R("headers, colon", CRED, A, "GET", "x-bar:1", CORS_HEADERS_MALFORMED),
    R("headers, not ASCII", CRED, A, "GET", "x-\xc3\xa4",
      CORS_HEADERS_MALFORMED),
    R("headers, DEL", CRED, A, "GET", "x-\x7f", CORS_HEADERS_MALFORMED),
    R("headers, malformed behind unknown", LIST, A, "GET", "x-new,x bar",
      CORS_HEADERS_MALFORMED),
    R("headers, malformed in another line", LIST, A, "GET", "x-bar\nx@",
      CORS_HEADERS_MALFORMED),
    R("headers, authorization under *", OPEN, A, "GET", "authorization",
      CORS_HEADER_NOT_ALLOWED),
    R("headers, AuthorizatioN under * with credentials", CRED, A, "GET",
      "x-a,AuthorizatioN", CORS_HEADER_NOT_ALLOWED),
    /* Debug: the real headers are sent, with the reason for the refusal. */
    D("debug, passed", FULL "; debug=yes", "PUT", "content-type", NONE,
      ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	  ACMA("600") VARY3),
    D("debug, method", FULL "; debug=yes", "PATCH", "content-type",
      CORS_METHOD_NOT_ALLOWED,
      ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	  ACMA("600") REASON("method-not-allowed") VARY3),
    D("debug, header", FULL "; debug=yes", "PUT", "x-a",
      CORS_HEADER_NOT_ALLOWED,
      ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	  ACMA("600") REASON("header-not-allowed") VARY3),
    D("debug, method under *", OPEN "; debug=yes", "TRACE", "x-a",
      CORS_METHOD_NOT_ALLOWED,
      ACAO("*") ACAH("*") REASON("method-not-allowed") VARY3),
    D("debug, malformed method under *", CRED "; debug=yes", "a b", "x-a,x-b",
      CORS_METHOD_MALFORMED,
      ACAO(A) ACAC ACAH("x-a,x-b") REASON("method-malformed") VARY3),
    D("debug, header under *", OPEN "; debug=yes", "PUT", "x-a,authorization",
      CORS_HEADER_NOT_ALLOWED,
      ACAO("*") ACAM("*") REASON("header-not-allowed") VARY3),
    D("debug, method, and a header under *",
      "origins=*; headers=* authorization; debug=yes", "PUT", "x-a;b",
      CORS_METHOD_NOT_ALLOWED,
      ACAO("*") ACAH("authorization") REASON("method-not-allowed") VARY3),
    D("debug, malformed header under *",
      "origins=*; headers=* authorization; debug=yes", "GET", "x-a;b",
      CORS_HEADERS_MALFORMED,
      ACAO("*") ACAH("authorization") REASON("headers-malformed") VARY3),
    D("debug, header under * with credentials", CRED "; debug=yes", "PUT",
      "x-a,authorization,x-b", CORS_HEADER_NOT_ALLOWED,
      ACAO(A) ACAC ACAM("PUT") ACAH("x-a,x-b") REASON("header-not-allowed")
	  VARY3),
    D("debug, malformed header under * with credentials", CRED "; debug=yes",
      "PUT", "x-a,x\x01", CORS_HEADERS_MALFORMED,
      ACAO(A) ACAC ACAM("PUT") REASON("headers-malformed") VARY3),
    {"debug, origin", FULL "; debug=yes", "OPTIONS", "https://b.com", "PUT",
     NULL, CORS_REFUSE_PREFLIGHT, CORS_ORIGIN_NOT_ALLOWED,
     REASON("origin-not-allowed") VARY3, NULL},
    {"debug, actual request", FULL "; debug=yes", "GET", "https://b.com", NULL,
     NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED, VARY, NULL},
    /* Forward. */
    {"forward, passed", FULL "; preflight=forward", "OPTIONS", A, "PUT",
     "content-type", CORS_RUN, NONE,
     ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	 ACMA("600") VARY3,
     NULL},
    {"forward, refused", FULL "; preflight=forward", "OPTIONS", A, "PATCH",
     NULL, CORS_RUN, CORS_METHOD_NOT_ALLOWED, VARY3, NULL},
    {"forward, other origin",
     FULL "; preflight=forward; enforce=block; "
	  "allow=GET",
     "OPTIONS", "https://b.com", "PUT", NULL, CORS_RUN, CORS_ORIGIN_NOT_ALLOWED,
     VARY3, NULL},
    {"forward, debug", FULL "; preflight=forward; debug=yes", "OPTIONS", A,
     "PATCH", NULL, CORS_RUN, CORS_METHOD_NOT_ALLOWED,
     ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	 ACMA("600") REASON("method-not-allowed") VARY3,
     NULL},
};

/* One or several values, '\n' between them. */
static unsigned
set_values(const char *text, struct slice *out, unsigned max)
{
	unsigned count = 0;

	if (text == NULL)
		return 0;
	for (;;) {
		size_t len = strcspn(text, "\n");
		if (count < max)
			out[count] = slice_of(text, len);
		count++;
		if (text[len] == '\0')
			return count;
		text += len + 1;
	}
}

static void
fill_request(struct request *r, const struct row *row, char *others)
{
	char *variables[16] = {NULL};
	size_t n = 0;

	if (row->other != NULL) {
		strcpy(others, row->other);
		for (char *word = strtok(others, " "); word != NULL;
		     word = strtok(NULL, " "))
			variables[n++] = word;
	}
	request_read(r, variables);
	r->method = slice_from(row->method);
	r->origin_count = set_values(row->origin, &r->origin, 1);
	r->acrm_count = set_values(row->acrm, &r->acrm, 1);
	r->acrh_count = set_values(row->acrh, r->acrh, REQUEST_LINES_MAX);
}

static char *
join(const struct slice *parts, size_t count, char *to)
{
	char *end = to;

	for (size_t i = 0; i < count; i++)
		end = mempcpy(end, parts[i].ptr, parts[i].len);
	*end = '\0';
	return to;
}

static int
status_of(const struct row *row, const struct policy *policy)
{
	switch (row->verdict) {
	case CORS_RUN:
		return 0;
	case CORS_ANSWER_PREFLIGHT:
		return policy->spec.preflight_status;
	case CORS_ANSWER_OPTIONS:
		return 204;
	case CORS_REFUSE_METHOD:
		return 405;
	case CORS_REFUSE_PREFLIGHT:
	case CORS_BLOCK:
	case CORS_BAD_PATH:
	case CORS_BAD_HOST:
	case CORS_UNKNOWN_POLICY:
		break;
	}
	return 403;
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct arena *arena = arena_new();
	const struct policy *policy =
	    kit_policies(arena, row->policy)->policies[0];
	char text[8192], others[256];
	struct slice parts[CORS_PARTS_MAX];
	struct request r;
	struct cors_decision d;

	memset(&d, 0xa5, sizeof(d)); /* nothing may be left from the last case */
	fill_request(&r, row, others);
	decide_by_policy(policy, &r, NULL, &d);
	assert_string_equal(cors_reason_id(d.reason),
			    cors_reason_id(row->reason));
	assert_int_equal(d.verdict, row->verdict);
	assert_int_equal(d.status, status_of(row, policy));
	assert_string_equal(join(parts, cors_parts(&d, parts), text),
			    row->lines);
	assert_ptr_equal(d.policy, policy);
	assert_int_equal(d.has_origin, row->origin != NULL);
	assert_int_equal(d.refused, d.preflight && row->reason != NONE);
	assert_int_equal(d.reported,
			 row->verdict == CORS_RUN &&
			     (row->reason == CORS_ENFORCED ||
			      row->reason == CORS_ISOLATED));
	/* ACAO is sent only if the origin is allowed. */
	if (strstr(row->lines, "Allow-Origin: ") != NULL &&
	    strncmp(row->lines, "Timing", 6) != 0)
		assert_true(d.origin_allowed);
	arena_free(arena);
}

static void
test_no_policy(void **state)
{
	struct request r = {.method = SLICE("OPTIONS"),
			    .origin = SLICE(A),
			    .origin_count = 1,
			    .acrm = SLICE("PUT"),
			    .acrm_count = 1};
	struct cors_decision d;
	struct slice parts[CORS_PARTS_MAX];

	(void)state;
	decide_by_policy(NULL, &r, NULL, &d);
	assert_int_equal(d.verdict, CORS_RUN);
	assert_int_equal(d.reason, CORS_REASON_NONE);
	assert_int_equal(d.status, 0);
	assert_int_equal(cors_parts(&d, parts), 0);
	assert_int_equal(cors_inject_parts(&d, parts), 0);
	assert_int_equal(cors_vary(&d), CORS_VARY_NONE);
	assert_null(cors_expose(&d));
}

/* For an application's response: no Vary, no Expose-Headers, no Allow. */
struct inject {
	const char *name;
	const char *policy;
	const char *method;
	const char *origin;
	const char *acrm;
	const char *lines;
	unsigned vary;
	int expose; /* number of names, -1: no such header */
};

static const struct inject injects[] = {
    {"inject, allowed", FULL "; expose=x-a x-b", "GET", A, NULL, ACAO(A) ACAC,
     CORS_VARY_ORIGIN, 2},
    {"inject, allowed, nothing to expose", FULL, "GET", A, NULL, ACAO(A) ACAC,
     CORS_VARY_ORIGIN, 0},
    {"inject, other origin", FULL "; expose=x-a", "GET", "https://b.com", NULL,
     "", CORS_VARY_ORIGIN, -1},
    {"inject, no origin", FULL "; expose=x-a", "GET", NULL, NULL, "",
     CORS_VARY_ORIGIN, -1},
    {"inject, any origin", "origins=*; expose=x-a", "GET", NULL, NULL,
     ACAO("*"), CORS_VARY_NONE, 1},
    {"inject, timing", "origins=" A "; timing=same", "GET", A, NULL,
     ACAO(A) TAO(A), CORS_VARY_ORIGIN, 0},
    {"inject, forwarded preflight", FULL "; preflight=forward; expose=x-a",
     "OPTIONS", A, "PUT",
     ACAO(A) ACAC ACAM("PUT,DELETE") ACAH("content-type,authorization")
	 ACMA("600"),
     CORS_VARY_ORIGIN | CORS_VARY_METHOD | CORS_VARY_HEADERS, -1},
    {"inject, forwarded and refused", FULL "; preflight=forward", "OPTIONS", A,
     "PATCH", "", CORS_VARY_ORIGIN | CORS_VARY_METHOD | CORS_VARY_HEADERS, -1},
};

static void
test_inject(void **state)
{
	const struct inject *row = *state;
	struct arena *arena = arena_new();
	const struct policy *policy =
	    kit_policies(arena, row->policy)->policies[0];
	const struct row as_row = {
	    .method = row->method, .origin = row->origin, .acrm = row->acrm};
	struct slice parts[CORS_PARTS_MAX];
	struct request r;
	struct cors_decision d;
	char text[8192];

	fill_request(&r, &as_row, NULL);
	decide_by_policy(policy, &r, NULL, &d);
	assert_int_equal(d.verdict, CORS_RUN);
	assert_string_equal(join(parts, cors_inject_parts(&d, parts), text),
			    row->lines);
	assert_int_equal(cors_vary(&d), row->vary);
	const struct name_list *expose = cors_expose(&d);
	assert_int_equal(expose == NULL ? -1 : (int)expose->count, row->expose);
	arena_free(arena);
}

/* ---- bounds ---- */

struct bound {
	const char *name;
	const char *policy;
	const char *unit; /* of the value, repeated */
	size_t times;
	const char *tail;
	unsigned lines;
	enum cors_reason reason;
};

static const struct bound bounds[] = {
    {"127 commas", LIST, ",", 127, "", 1, NONE},
    {"128 commas", LIST, ",", 128, "", 1, CORS_HEADERS_TOO_MANY},
    {"128 names", LIST, "x-foo,", 127, "x-bar", 1, NONE},
    {"129 names", LIST, "x-foo,", 128, "x-bar", 1, CORS_HEADERS_TOO_MANY},
    {"128 elements in lines", LIST, ",", 7, "", 16, NONE},
    {"144 elements in lines", LIST, ",", 8, "", 16, CORS_HEADERS_TOO_MANY},
    {"17 lines", LIST, "", 0, "x-foo", 17, CORS_HEADERS_TOO_MANY},
    {"4096 bytes", LIST, " ", 4091, "x-foo", 1, NONE},
    {"4097 bytes", LIST, " ", 4092, "x-foo", 1, CORS_HEADERS_TOO_MANY},
    {"4096 bytes in two lines", LIST, " ", 2042, "x-foo", 2, CORS_REASON_NONE},
    {"4097 bytes in two lines", LIST, " ", 2044, "x-foo", 2,
     CORS_HEADERS_TOO_MANY},
    {"a name of 4096 bytes, echoed", CRED, "x", 4096, "", 1, NONE},
    {"a name of 4097 bytes", CRED, "x", 4097, "", 1, CORS_HEADERS_TOO_MANY},
    {"128 names, echoed once", CRED, "x-foo,", 127, "x-bar", 1, NONE},
    {"200 names (rs#170)", CRED, "h,", 200, "z", 1, CORS_HEADERS_TOO_MANY},
    {"1024 commas", LIST, ",", 1024, "", 1, CORS_HEADERS_TOO_MANY},
    {"a megabyte of commas (GO-2024-2883)", LIST, ",", 1000000, "", 1,
     CORS_HEADERS_TOO_MANY},
    {"a megabyte of blanks", LIST, " ", 1000000, "x-bar", 1,
     CORS_HEADERS_TOO_MANY},
    {"a megabyte of name", CRED, "x", 1000000, "", 1, CORS_HEADERS_TOO_MANY},
};

static void
test_bound(void **state)
{
	const struct bound *row = *state;
	struct arena *arena = arena_new();
	const struct policy *policy =
	    kit_policies(arena, row->policy)->policies[0];
	size_t unit = strlen(row->unit), tail = strlen(row->tail);
	size_t len = unit * row->times + tail;
	char *text = malloc(len + 1);
	struct request r = {.method = SLICE("OPTIONS"),
			    .origin = SLICE(A),
			    .origin_count = 1,
			    .acrm = SLICE("GET"),
			    .acrm_count = 1};
	struct cors_decision d;

	assert_non_null(text);
	for (size_t i = 0; i < row->times; i++)
		memcpy(text + i * unit, row->unit, unit);
	memcpy(text + len - tail, row->tail, tail);
	struct slice value = unit_guard(slice_of(text, len));
	for (unsigned i = 0; i < row->lines && i < REQUEST_LINES_MAX; i++)
		r.acrh[i] = value;
	r.acrh_count = row->lines;
	decide_by_policy(policy, &r, NULL, &d);
	assert_string_equal(cors_reason_id(d.reason),
			    cors_reason_id(row->reason));
	unit_unguard(value);
	free(text);
	arena_free(arena);
}

/* The maximum number of different names, each echoed once, in order. */
static void
test_echo_full(void **state)
{
	struct arena *arena = arena_new();
	const struct policy *policy = kit_policies(arena, CRED)->policies[0];
	struct request r = {.method = SLICE("OPTIONS"),
			    .origin = SLICE(A),
			    .origin_count = 1,
			    .acrm = SLICE("GET"),
			    .acrm_count = 1};
	char text[CORS_ACRH_BYTES + 64] = "";
	size_t len = 0;
	struct cors_decision d;

	(void)state;
	/* 128 names of 31 bytes and 127 commas: 4095 bytes. */
	for (unsigned i = 0; i < CORS_ACRH_ELEMENTS; i++)
		len += (size_t)sprintf(text + len, "%sx-%029u",
				       i == 0 ? "" : ",", i * 7919 % 128);
	r.acrh[0] = slice_of(text, len);
	r.acrh_count = 1;
	assert_int_equal(len, CORS_ACRH_BYTES - 1);
	decide_by_policy(policy, &r, NULL, &d);
	assert_int_equal(d.reason, CORS_REASON_NONE);
	assert_int_equal(d.echo_len, len);
	assert_memory_equal(d.echo, text, len);
	arena_free(arena);
}

/* A long list is as fast and as exact as a short one. */
static void
test_many_headers(void **state)
{
	enum { COUNT = 1000 };
	static char names[COUNT][16];
	static struct slice list[COUNT];
	struct arena *arena = arena_new();
	struct policy_spec spec = kit_spec(arena, SLICE("origins=" A));
	struct request r = {.method = SLICE("OPTIONS"),
			    .origin = SLICE(A),
			    .origin_count = 1,
			    .acrm = SLICE("GET"),
			    .acrm_count = 1,
			    .acrh_count = 1};
	struct cors_decision d;

	(void)state;
	for (int i = 0; i < COUNT; i++)
		list[i] =
		    slice_of(names[i], (size_t)sprintf(names[i], "x-%d", i));
	spec.headers = (struct name_list){list, COUNT, false};
	const struct policy *policy =
	    policy_set_build(arena, &spec, 1)->policies[0];
	for (int i = 0; i < COUNT + 50; i++) {
		char text[32];
		r.acrh[0] =
		    slice_of(text, (size_t)sprintf(text, "X-%d,x-1", i));
		decide_by_policy(policy, &r, NULL, &d);
		assert_int_equal(d.reason, i < COUNT ? CORS_REASON_NONE
						     : CORS_HEADER_NOT_ALLOWED);
	}
	arena_free(arena);
}

/* ---- memory and time ---- */

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) &&                    \
    !defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 1
#endif
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef COUNTS_ALLOCATIONS
#endif
#endif

static unsigned long allocations;

#ifdef COUNTS_ALLOCATIONS
/* Replaces the library's, so that PCRE2's allocations are counted too. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *
malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}
#endif

static void
test_no_allocation(void **state)
{
	char error[64], buf[256], long_name[260];
	struct arena *arena = arena_new();
	struct regex *re = regex_compile(
	    SLICE("https://(([a-z0-9]|-)+\\.)*r\\.com"), error, sizeof(error));
	const struct regex *list[] = {re};
	struct policy_spec spec = kit_spec(arena, SLICE(CRED));
	struct regex_scratch *scratch = regex_scratch_new();
	struct request r = {.method = SLICE("OPTIONS"),
			    .origin_count = 1,
			    .acrm = SLICE("PUT"),
			    .acrm_count = 1,
			    .acrh[0] = SLICE("x-a,x-b,x-c"),
			    .acrh_count = 1,
			    .uri = SLICE("/a/../b"),
			    .host = SLICE("h.x:80")};
	struct cors_decision d;
	struct slice parts[CORS_PARTS_MAX];

	(void)state;
	assert_non_null(re);
	assert_non_null(scratch);
	spec.regexes = list;
	spec.regex_count = 1;
	struct policy_set *set = policy_set_build(arena, &spec, 1);
	memset(long_name, 'a', sizeof(long_name));
	memcpy(long_name, "https://", 8);
	for (size_t i = 10; i < 240; i += 2)
		long_name[i] = '.';
	memcpy(long_name + 247, ".r.com", 6);
	const struct slice origins[] = {SLICE(A), SLICE("https://x.r.com"),
					SLICE("https://b.com"), SLICE("null"),
					slice_of(long_name, 253)};

	unsigned long before = allocations;
#ifdef COUNTS_ALLOCATIONS
	/* valgrind replaces ours by its own. */
	assert_true(before > 0 || getenv("CORSWRAP_WATCHED") != NULL);
#endif
	for (int i = 0; i < 1000; i++) {
		const struct policy *policy;
		struct slice path = path_normalize(&r, buf, sizeof(buf));
		r.origin = origins[(size_t)i % UNIT_COUNT(origins)];
		(void)policy_choose(set, &r, path, &policy);
		decide_by_policy(policy, &r, scratch, &d);
		(void)cors_parts(&d, parts);
		assert_int_equal(d.reason == CORS_REASON_NONE,
				 i % 5 == 0 || i % 5 == 1 || i % 5 == 4);
	}
	assert_int_equal(allocations - before, 0);
	regex_free(re);
	regex_scratch_free(scratch);
	arena_free(arena);
}

/* Hostile values cost no more than others: a thousand of each within a
 * second, which a matcher without limits misses by far. */
static void
test_hostile_time(void **state)
{
	enum { SIZE = 1000000 };
	struct arena *arena = arena_new();
	const struct policy *policy = kit_policies(arena, CRED)->policies[0];
	char *text = malloc(SIZE), names[CORS_ACRH_BYTES];
	struct request r = {.method = SLICE("OPTIONS"),
			    .origin = SLICE(A),
			    .origin_count = 1,
			    .acrm = SLICE("PUT"),
			    .acrm_count = 1,
			    .acrh_count = 1};
	struct cors_decision d;
	clock_t start = clock();

	(void)state;
	assert_non_null(text);
	memset(text, ',', SIZE);
	for (int i = 0; i < 1000; i++) {
		r.acrh[0] = slice_of(text, SIZE);
		decide_by_policy(policy, &r, NULL, &d);
		assert_int_equal(d.reason, CORS_HEADERS_TOO_MANY);
		/* 128 names that differ only in their last byte. */
		memset(names, 'x', sizeof(names));
		for (size_t j = 0; j < 128; j++) {
			names[j * 32 + 31] = ',';
			names[j * 32 + 30] = "0123456789abcdef"[j % 16];
			names[j * 32 + 29] = "0123456789abcdef"[j / 16];
		}
		r.acrh[0] = slice_of(names, sizeof(names) - 1);
		decide_by_policy(policy, &r, NULL, &d);
		assert_int_equal(d.reason, CORS_REASON_NONE);
		struct request other = r;
		other.origin = slice_of(text, SIZE);
		decide_by_policy(policy, &other, NULL, &d);
		assert_int_equal(d.reason, CORS_ORIGIN_MALFORMED);
	}
	assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
	free(text);
	arena_free(arena);
}

/* ---- tokens, ids ---- */

static void
test_tokens(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		bool want = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') ||
			    (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
		assert_int_equal(token_is_valid(slice_of(&byte, 1)), want);
	}
	assert_false(token_is_valid(SLICE("")));
	assert_false(token_is_valid(SLICE_NONE));
	assert_false(token_is_valid(SLICE("a\0b")));
	assert_true(token_is_valid(SLICE("X-Requested-With")));
}

static void
test_ids(void **state)
{
	(void)state;
	for (int i = 0; i < CORS_REASON_COUNT; i++) {
		const char *id = cors_reason_id((enum cors_reason)i);
		assert_non_null(id);
		assert_true(token_is_valid(slice_from(id)));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
			    id, cors_reason_id((enum cors_reason)j));
	}
}

/* From the variables to a decision, for every kind of result. */
static void
test_request(void **state)
{
	static const struct {
		const char *uri;
		const char *name;
		enum cors_verdict verdict;
		int status;
		const char *policy; /* its name; NULL: none */
	} rows[] = {
	    {"/a/x", NULL, CORS_ANSWER_PREFLIGHT, 204, "a"},
	    {"/b", NULL, CORS_RUN, 0, NULL},
	    {"/%zz", NULL, CORS_BAD_PATH, 400, NULL},
	    {"/%zz", "CORSWRAP_POLICY=a", CORS_BAD_PATH, 400, NULL},
	    {"/b", "CORSWRAP_POLICY=a", CORS_ANSWER_PREFLIGHT, 204, "a"},
	    {"/a/x", "CORSWRAP_POLICY=c", CORS_UNKNOWN_POLICY, 500, NULL},
	};
	struct arena *arena = arena_new();
	const struct policy_set *set =
	    kit_policies(arena, "name=a;path=/a/*;origins=https://a.com");
	struct cors_decision d;
	struct request r;
	char method[] = "REQUEST_METHOD=OPTIONS";
	char origin[] = "HTTP_ORIGIN=https://a.com";
	char requested[] = "HTTP_ACCESS_CONTROL_REQUEST_METHOD=GET";
	char uri[32], path[64];

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		char *variables[] = {method, origin, requested, uri,
				     (char *)(uintptr_t)rows[i].name, NULL};
		(void)snprintf(uri, sizeof(uri), "REQUEST_URI=%s", rows[i].uri);
		request_read(&r, variables);
		assert_true(path_room(&r) <= sizeof(path));
		decide_request(set, &r,
			       path_normalize(&r, path, path_room(&r)), NULL,
			       &d);
		assert_int_equal(d.verdict, rows[i].verdict);
		assert_int_equal(d.status, rows[i].status);
		assert_int_equal(d.policy != NULL, rows[i].policy != NULL);
		if (d.policy != NULL)
			unit_assert_slice(d.policy->spec.name, rows[i].policy);
	}
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[300];
	size_t n = 0;

	UNIT_ROWS(tests, n, actual, test_row);
	UNIT_ROWS(tests, n, preflights, test_row);
	UNIT_ROWS(tests, n, injects, test_inject);
	UNIT_ROWS(tests, n, bounds, test_bound);
	UNIT_TEST(tests, n, test_no_policy);
	UNIT_TEST(tests, n, test_echo_full);
	UNIT_TEST(tests, n, test_many_headers);
	UNIT_TEST(tests, n, test_no_allocation);
	UNIT_TEST(tests, n, test_hostile_time);
	UNIT_TEST(tests, n, test_tokens);
	UNIT_TEST(tests, n, test_ids);
	UNIT_TEST(tests, n, test_request);
	assert_true(n <= UNIT_COUNT(tests));
	return unit_run(tests, n);
}
