/*
 * The decision: which request is a preflight, whether its origin, method and
 * headers pass, and what becomes of the request.  What is then sent is the
 * business of cors_answer.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/decide.h"

#include "cors/private.h"

static const char *const reason_ids[CORS_REASON_COUNT] = {
    [CORS_REASON_NONE] = "none",
    [CORS_ORIGIN_NOT_ALLOWED] = "origin-not-allowed",
    [CORS_ORIGIN_MALFORMED] = "origin-malformed",
    [CORS_ORIGIN_NULL] = "origin-null",
    [CORS_METHOD_NOT_ALLOWED] = "method-not-allowed",
    [CORS_METHOD_MALFORMED] = "method-malformed",
    [CORS_HEADER_NOT_ALLOWED] = "header-not-allowed",
    [CORS_HEADERS_MALFORMED] = "headers-malformed",
    [CORS_HEADERS_TOO_MANY] = "headers-too-many",
    [CORS_ENFORCED] = "enforced",
    [CORS_NOT_IN_ALLOW] = "not-in-allow",
};

const char *
cors_reason_id(enum cors_reason reason)
{
	return reason_ids[reason];
}

/* RFC 9110, 5.6.2: the bytes of tokens; upper case with the bit that makes it
 * lower. */
enum { TCHAR = 1, TCHAR_UPPER = 0x20 | TCHAR };

static const unsigned char tchar[256] = {
    ['!'] = TCHAR,	   ['#' ... '\''] = TCHAR,
    ['*'] = TCHAR,	   ['+'] = TCHAR,
    ['-'] = TCHAR,	   ['.'] = TCHAR,
    ['0' ... '9'] = TCHAR, ['A' ... 'Z'] = TCHAR_UPPER,
    ['^' ... '`'] = TCHAR, ['a' ... 'z'] = TCHAR,
    ['|'] = TCHAR,	   ['~'] = TCHAR,
};

bool
cors_is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (tchar[(unsigned char)s.ptr[i]] == 0)
			return false;
	return s.len > 0;
}

/* ---- the origin ---- */

static enum cors_reason
check_origin(const struct policy *policy, const struct request *request,
	     struct regex_scratch *scratch)
{
	struct slice origin = request->origin;

	if (policy->spec.any_origin)
		return CORS_REASON_NONE;
	if (request->origin_count > 1)
		return CORS_ORIGIN_MALFORMED;
	/* Fetch: an opaque origin serializes as "null"; anybody can be it. */
	if (slice_eq(origin, SLICE("null")))
		return policy->spec.null_origin ? CORS_REASON_NONE
						: CORS_ORIGIN_NULL;
	switch (origin_set_ask(policy->origins, origin, scratch)) {
	case ORIGIN_ALLOWED:
		return CORS_REASON_NONE;
	case ORIGIN_UNKNOWN:
		return CORS_ORIGIN_NOT_ALLOWED;
	case ORIGIN_MALFORMED:
		break;
	}
	return CORS_ORIGIN_MALFORMED;
}

/* ---- the method ---- */

static bool
is_forbidden_method(struct slice method)
{
	return slice_eq_nocase(method, SLICE("CONNECT")) ||
	       slice_eq_nocase(method, SLICE("TRACE")) ||
	       slice_eq_nocase(method, SLICE("TRACK"));
}

static bool
is_safelisted_method(struct slice method)
{
	return slice_eq(method, SLICE("GET")) ||
	       slice_eq(method, SLICE("HEAD")) ||
	       slice_eq(method, SLICE("POST"));
}

static enum cors_reason
check_method(const struct policy *policy, const struct request *request)
{
	struct slice method = request->acrm;

	if (request->acrm_count > 1 || !cors_is_token(method))
		return CORS_METHOD_MALFORMED;
	/* Case-sensitive: a browser that asks for "patch" would not take
	 * "PATCH" for an answer (Fetch, "CORS-preflight fetch" step 7). */
	if (is_safelisted_method(method) ||
	    name_list_has(&policy->spec.methods, method))
		return CORS_REASON_NONE;
	if (policy->spec.methods.any && !is_forbidden_method(method))
		return CORS_REASON_NONE;
	return CORS_METHOD_NOT_ALLOWED;
}

/* ---- the headers ---- */

/*
 * The names are written in lower case into the decision's echo buffer one
 * after the other; each stays there only if it is to be echoed.  They always
 * fit, because what is written is never longer than what was read, and that
 * is within CORS_ACRH_BYTES.
 */
struct asked {
	const struct policy *policy;
	struct cors_decision *d;
	bool echo;	   /* `*` with credentials: the names are the answer */
	unsigned elements; /* empty ones too */
	bool refused;
	/* which names have been echoed: places from 1 by hash; 0: free */
	unsigned char seen[2 * CORS_ACRH_ELEMENTS];
	unsigned short start[CORS_ACRH_ELEMENTS];
	unsigned short length[CORS_ACRH_ELEMENTS];
	unsigned count;
};

static bool
is_listed(const struct policy_parts *parts, struct slice name, size_t hash)
{
	for (;; hash++) {
		struct slice other = parts->names[hash & parts->names_mask];
		if (!slice_present(other))
			return false;
		if (slice_eq(other, name))
			return true;
	}
}

/* Keep the name that lies at the end of the echo, unless it stands there
 * already: at most half of `seen` is ever taken. */
static void
keep_name(struct asked *asked, size_t at, size_t len, size_t hash)
{
	struct cors_decision *d = asked->d;
	struct slice name = slice_of(d->echo + at, len);
	unsigned char *place;

	for (;; hash++) {
		place = &asked->seen[hash % sizeof(asked->seen)];
		if (*place == 0)
			break;
		unsigned i = *place - 1U;
		if (slice_eq(
			slice_of(d->echo + asked->start[i], asked->length[i]),
			name))
			return;
	}
	asked->start[asked->count] = (unsigned short)at;
	asked->length[asked->count] = (unsigned short)len;
	*place = (unsigned char)++asked->count;
	d->echo_len = at + len;
}

/* A name without the blanks around it; false: not a token. */
static bool
ask_name(struct asked *asked, struct slice name)
{
	struct cors_decision *d = asked->d;
	size_t at = d->echo_len + (d->echo_len > 0);
	char *text = d->echo + at;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		if (tchar[c] == 0)
			return false;
		text[i] = (char)(c | (tchar[c] & 0x20));
	}
	size_t hash = policy_name_hash(text, name.len);
	struct slice lower = slice_of(text, name.len);
	/* Authorization is the one name that `*` does not cover (Fetch,
	 * "CORS non-wildcard request-header name"). */
	if (!is_listed(asked->policy->parts, lower, hash) &&
	    (!asked->policy->spec.headers.any ||
	     slice_eq(lower, SLICE("authorization")))) {
		asked->refused = true;
	} else if (asked->echo) {
		if (at > 0)
			text[-1] = ',';
		keep_name(asked, at, name.len, hash);
	}
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One line of the list (RFC 9110, 5.6.1: empty elements are ignored). */
static enum cors_reason
ask_line(struct asked *asked, struct slice line)
{
	for (size_t end = 0;; end++) {
		struct slice name = slice_after(line, end);

		if (++asked->elements > CORS_ACRH_ELEMENTS)
			return CORS_HEADERS_TOO_MANY;
		while (end < line.len && line.ptr[end] != ',')
			end++;
		name.len = (size_t)(line.ptr + end - name.ptr);
		while (name.len > 0 && is_blank(name.ptr[0]))
			name = slice_after(name, 1);
		while (name.len > 0 && is_blank(name.ptr[name.len - 1]))
			name.len--;
		if (name.len > 0 && !ask_name(asked, name))
			return CORS_HEADERS_MALFORMED;
		if (end == line.len)
			return CORS_REASON_NONE;
	}
}

static enum cors_reason
ask_lines(struct asked *asked, const struct request *request)
{
	size_t bytes = 0;

	if (request->acrh_count > REQUEST_LINES_MAX)
		return CORS_HEADERS_TOO_MANY;
	/* The bound first: a megabyte of commas costs nothing. */
	for (unsigned i = 0; i < request->acrh_count; i++)
		bytes += request->acrh[i].len + (i > 0);
	if (bytes > CORS_ACRH_BYTES)
		return CORS_HEADERS_TOO_MANY;
	for (unsigned i = 0; i < request->acrh_count; i++) {
		enum cors_reason reason = ask_line(asked, request->acrh[i]);
		if (reason != CORS_REASON_NONE)
			return reason;
	}
	return asked->refused ? CORS_HEADER_NOT_ALLOWED : CORS_REASON_NONE;
}

/* The whole list must be well-formed before any name of it counts. */
static enum cors_reason
check_headers(const struct policy *policy, const struct request *request,
	      struct cors_decision *d)
{
	struct asked asked;
	enum cors_reason reason;

	asked.policy = policy;
	asked.d = d;
	asked.echo = policy->spec.headers.any && policy->spec.credentials;
	asked.elements = asked.count = 0;
	asked.refused = false;
	if (asked.echo)
		memset(asked.seen, 0, sizeof(asked.seen));
	reason = ask_lines(&asked, request);
	if (reason == CORS_HEADERS_MALFORMED || reason == CORS_HEADERS_TOO_MANY)
		d->echo_len = 0;
	return reason;
}

/* ---- the preflight ---- */

/* Two Access-Control-Request-Method are one value with a comma (Fetch, "get a
 * header"), so not empty, even where each of them is. */
static bool
is_preflight(const struct request *request)
{
	return slice_eq(request->method, SLICE("OPTIONS")) &&
	       request->origin_count > 0 &&
	       (request->acrm.len > 0 || request->acrm_count > 1);
}

/* Origin, then method, then headers: the first that fails is the reason. */
static enum cors_reason
check_preflight(const struct policy *policy, const struct request *request,
		struct regex_scratch *scratch, struct cors_decision *d)
{
	enum cors_reason reason = check_origin(policy, request, scratch);
	enum cors_reason headers;

	if (reason != CORS_REASON_NONE)
		return reason;
	d->origin_allowed = true;
	reason = check_method(policy, request);
	d->drop_star_method = reason != CORS_REASON_NONE;
	if (reason != CORS_REASON_NONE && !policy->spec.debug)
		return reason;
	headers = check_headers(policy, request, d);
	d->drop_star = headers != CORS_REASON_NONE;
	return reason != CORS_REASON_NONE ? reason : headers;
}

static void
decide_preflight(const struct policy *policy, const struct request *request,
		 struct regex_scratch *scratch, struct cors_decision *d)
{
	const struct policy_spec *spec = &policy->spec;

	d->preflight = true;
	d->method = request->acrm;
	d->reason = check_preflight(policy, request, scratch, d);
	d->refused = d->reason != CORS_REASON_NONE;
	if (spec->forward_preflight)
		return; /* CORS_RUN */
	if (!d->refused || (spec->debug && d->origin_allowed)) {
		d->verdict = CORS_ANSWER_PREFLIGHT;
		d->status = spec->preflight_status;
	} else {
		d->verdict = CORS_REFUSE_PREFLIGHT;
		d->status = 403;
	}
}

/* ---- the actual request ---- */

/* The scheme by which the client came, as far as the server tells. */
static bool
is_https(const struct request *request)
{
	struct slice proto = request->forwarded_proto;
	const char *comma =
	    proto.len == 0 ? NULL : memchr(proto.ptr, ',', proto.len);

	/* Of several proxies the first has seen the client. */
	if (comma != NULL)
		proto.len = (size_t)(comma - proto.ptr);
	while (proto.len > 0 && is_blank(proto.ptr[proto.len - 1]))
		proto.len--;
	return slice_eq_nocase(request->https, SLICE("on")) ||
	       slice_eq(request->https, SLICE("1")) ||
	       slice_eq_nocase(request->request_scheme, SLICE("https")) ||
	       slice_eq_nocase(proto, SLICE("https"));
}

/* Split "host:port"; the port absent where there is none. */
static struct slice
split_port(struct slice *host)
{
	struct slice port = SLICE_NONE;

	for (size_t i = host->len; i > 0 && host->ptr[i - 1] != ']'; i--) {
		if (host->ptr[i - 1] != ':')
			continue;
		port = slice_after(*host, i);
		host->len = i - 1;
		break;
	}
	return port;
}

static unsigned
port_number(struct slice port)
{
	unsigned value = 0;

	if (port.len == 0 || port.len > 5)
		return 0;
	for (size_t i = 0; i < port.len; i++) {
		if (port.ptr[i] < '0' || port.ptr[i] > '9')
			return 0;
		value = value * 10 + (unsigned)(port.ptr[i] - '0');
	}
	return value;
}

/* DESIGN.md section 4, "Same-origin". */
static bool
is_same_origin(const struct request *request)
{
	struct origin origin;
	struct slice host = request->host, port;
	bool https = is_https(request);
	unsigned default_port = https ? 443 : 80;

	if (slice_present(request->fetch_site))
		return slice_eq(request->fetch_site, SLICE("same-origin")) ||
		       slice_eq(request->fetch_site, SLICE("none"));
	if (request->origin_count != 1 ||
	    !origin_parse(request->origin, &origin) ||
	    !slice_eq(origin.scheme, https ? SLICE("https") : SLICE("http")))
		return false;
	if (slice_present(host)) {
		port = split_port(&host);
	} else {
		host = request->server_name;
		port = request->server_port;
	}
	/* RFC 3986, 6.2.3: "host:" is as good as "host". */
	unsigned number = port.len > 0 ? port_number(port) : default_port;
	return slice_eq_nocase(host, origin.host) &&
	       number == (origin.port == 0 ? default_port : origin.port);
}

/* Does `enforce` speak of this request, from an origin not allowed? */
static bool
is_enforced(const struct policy *policy, const struct request *request)
{
	switch (policy->spec.enforce) {
	case ENFORCE_ADVERTISE:
		return false;
	case ENFORCE_BLOCK_UNSAFE:
		if (slice_eq(request->method, SLICE("GET")) ||
		    slice_eq(request->method, SLICE("HEAD")) ||
		    slice_eq(request->method, SLICE("OPTIONS")))
			return false;
		break;
	case ENFORCE_REPORT:
	case ENFORCE_BLOCK:
		break;
	}
	return !is_same_origin(request);
}

static void
decide_allow(const struct policy *policy, const struct request *request,
	     struct cors_decision *d)
{
	if (!policy->spec.has_allow)
		return;
	if (!name_list_has(&policy->spec.allow, request->method)) {
		d->verdict = CORS_REFUSE_METHOD;
		d->reason = CORS_NOT_IN_ALLOW;
		d->status = 405;
	} else if (slice_eq(request->method, SLICE("OPTIONS"))) {
		d->verdict = CORS_ANSWER_OPTIONS;
		d->status = 204;
	}
}

static void
decide_actual(const struct policy *policy, const struct request *request,
	      struct regex_scratch *scratch, struct cors_decision *d)
{
	d->origin_allowed = policy->spec.any_origin;
	if (d->has_origin && !policy->spec.any_origin) {
		d->reason = check_origin(policy, request, scratch);
		d->origin_allowed = d->reason == CORS_REASON_NONE;
	}
	if (d->has_origin && !d->origin_allowed &&
	    is_enforced(policy, request)) {
		d->reason = CORS_ENFORCED;
		d->reported = policy->spec.enforce == ENFORCE_REPORT;
		if (!d->reported) {
			d->verdict = CORS_BLOCK;
			d->status = 403;
			return;
		}
	}
	decide_allow(policy, request, d);
}

void
cors_decide(const struct policy *policy, const struct request *request,
	    struct regex_scratch *scratch, struct cors_decision *d)
{
	/* Not the echo buffer: 4 KiB would cost more than the decision. */
	memset(d, 0, offsetof(struct cors_decision, echo));
	d->policy = policy;
	d->verdict = CORS_RUN;
	d->has_origin = request->origin_count > 0;
	d->origin = request->origin;
	if (policy == NULL)
		return;
	if (is_preflight(request))
		decide_preflight(policy, request, scratch, d);
	else
		decide_actual(policy, request, scratch, d);
}
