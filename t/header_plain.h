/*
 * The header block by an implementation that is slow and plain: lines are
 * copied out of the text one by one and rules applied in the order in which
 * they are written down.  Tests and fuzzers compare the real one with it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HEADER_PLAIN_H
#define HEADER_PLAIN_H

#include "header_kit.h"

#include <ctype.h>
#include <strings.h>

enum { TEXT_MAX = 2048, FIELDS_MAX = 512 };

/* What is to come of CORS for each case of the kit, written by hand. */
static const struct expected {
	const char *name;
	bool policy;
	bool exposes;
	bool star;	  /* Access-Control-Expose-Headers: * */
	bool block_names; /* those of the block */
	const char *expose;
	const char *lines;
	const char *vary;
} expected[KIT_CASES] = {
    [KIT_NONE] = {.name = "no policy"},
    [KIT_LIST] = {.name = "allowed",
		  .policy = true,
		  .exposes = true,
		  .expose = "x-total",
		  .lines = "Access-Control-Allow-Origin: https://a.com\r\n",
		  .vary = "Origin"},
    [KIT_DENIED] = {.name = "not allowed",
		    .policy = true,
		    .lines = "",
		    .vary = "Origin"},
    [KIT_NO_ORIGIN] = {.name = "no origin",
		       .policy = true,
		       .lines = "",
		       .vary = "Origin"},
    [KIT_ANY] = {.name = "any origin",
		 .policy = true,
		 .exposes = true,
		 .expose = "x-total",
		 .lines = "Access-Control-Allow-Origin: *\r\n",
		 .vary = ""},
    [KIT_ANY_ALL] = {.name = "any origin, all exposed",
		     .policy = true,
		     .exposes = true,
		     .star = true,
		     .expose = "",
		     .lines = "Access-Control-Allow-Origin: *\r\n",
		     .vary = ""},
    [KIT_CRED] = {.name = "credentials",
		  .policy = true,
		  .exposes = true,
		  .expose = "x-total",
		  .lines = "Access-Control-Allow-Origin: https://a.com\r\n"
			   "Access-Control-Allow-Credentials: true\r\n",
		  .vary = "Origin"},
    [KIT_CRED_ALL] = {.name = "credentials, all exposed",
		      .policy = true,
		      .exposes = true,
		      .block_names = true,
		      .expose = "",
		      .lines = "Access-Control-Allow-Origin: https://a.com\r\n"
			       "Access-Control-Allow-Credentials: true\r\n",
		      .vary = "Origin"},
    [KIT_KEEP] = {.name = "app-headers = keep",
		  .policy = true,
		  .exposes = true,
		  .expose = "x-total",
		  .lines = "Access-Control-Allow-Origin: https://a.com\r\n",
		  .vary = "Origin"},
    [KIT_TIMING] = {.name = "timing = same",
		    .policy = true,
		    .exposes = true,
		    .expose = "x-total",
		    .lines = "Access-Control-Allow-Origin: https://a.com\r\n"
			     "Timing-Allow-Origin: https://a.com\r\n",
		    .vary = "Origin"},
    [KIT_FORWARD] = {.name = "preflight = forward",
		     .policy = true,
		     .lines = "Access-Control-Allow-Origin: https://a.com\r\n"
			      "Access-Control-Allow-Methods: PUT\r\n",
		     .vary = "Origin, Access-Control-Request-Method, "
			     "Access-Control-Request-Headers"},
    [KIT_REFUSED] = {.name = "preflight = forward, refused",
		     .policy = true,
		     .lines = "",
		     .vary = "Origin, Access-Control-Request-Method, "
			     "Access-Control-Request-Headers"},
};

/* ---- the second implementation ---- */

struct plain_field {
	char name[TEXT_MAX];
	char value[TEXT_MAX];
	size_t value_len;
};

struct plain_block {
	struct plain_field fields[FIELDS_MAX];
	size_t count;
	int status;
	enum header_fault fault; /* the first */
	char length[TEXT_MAX];
};

static struct plain_block plain;

static void
bad(enum header_fault fault)
{
	if (plain.fault == HEADER_FAULT_NONE)
		plain.fault = fault;
}

static bool
name_ok(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    (name[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", name[i])))
			return false;
	return len > 0;
}

static size_t
strip(const char **text, size_t len)
{
	while (len > 0 && (**text == ' ' || **text == '\t')) {
		++*text;
		len--;
	}
	while (len > 0 && ((*text)[len - 1] == ' ' || (*text)[len - 1] == '\t'))
		len--;
	return len;
}

static bool
value_ok(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i] != '\t' && iscntrl((unsigned char)value[i]))
			return false;
	return true;
}

static int
status_of(const char *value, size_t len)
{
	if (len < 3 || !isdigit((unsigned char)value[0]) ||
	    !isdigit((unsigned char)value[1]) ||
	    !isdigit((unsigned char)value[2]) || (len > 3 && value[3] != ' '))
		return 0;
	return (value[0] - '0') * 100 + (value[1] - '0') * 10 + value[2] - '0';
}

static void
add_field(const char *name, const char *value, size_t len)
{
	struct plain_field *f = &plain.fields[plain.count++];

	snprintf(f->name, sizeof(f->name), "%s", name);
	memcpy(f->value, value, len);
	f->value[len] = '\0';
	f->value_len = len;
}

static bool
is_hop(const char *name, const struct header_options *options)
{
	static const char *const hop[] = {"Connection", "Keep-Alive", "TE",
					  "Trailer", "Upgrade"};

	for (size_t i = 0; i < UNIT_COUNT(hop); i++)
		if (strcasecmp(hop[i], name) == 0)
			return true;
	if (strncasecmp(name, "Proxy-", 6) == 0)
		return true;
	return strcasecmp(name, "Transfer-Encoding") == 0 &&
	       !options->keep_transfer_encoding;
}

/* One line, folding undone, without its end. */
static void
one_line(const char *line, size_t len, bool first,
	 const struct header_options *options)
{
	char name[TEXT_MAX];
	const char *value, *colon = memchr(line, ':', len);
	size_t name_len, value_len;

	if (first && len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		const char *blank = memchr(line, ' ', len);
		value = blank == NULL ? line + len : blank;
		value_len = strip(&value, (size_t)(line + len - value));
		plain.status = status_of(value, value_len);
		if (plain.status == 0 || blank == line + 5 ||
		    !value_ok(value, value_len))
			bad(HEADER_FAULT_STATUS);
		else
			add_field("Status", value, value_len);
		return;
	}
	if (colon == NULL)
		return;
	name_len = (size_t)(colon - line);
	value = colon + 1;
	value_len = strip(&value, len - name_len - 1);
	if (!name_ok(line, name_len) || !value_ok(value, value_len))
		return;
	memcpy(name, line, name_len);
	name[name_len] = '\0';
	if (strcasecmp(name, "Status") == 0) {
		if (plain.status != 0)
			return;
		plain.status = status_of(value, value_len);
		if (plain.status == 0)
			bad(HEADER_FAULT_STATUS);
	}
	if (strcasecmp(name, "Content-Length") == 0) {
		char text[TEXT_MAX];
		memcpy(text, value, value_len);
		text[value_len] = '\0';
		if (value_len == 0 || value_len > 18 ||
		    strspn(text, "0123456789") != value_len)
			bad(HEADER_FAULT_LENGTH);
		if (plain.length[0] != '\0') {
			if (strcmp(plain.length, text) != 0)
				bad(HEADER_FAULT_LENGTH);
			return;
		}
		/* even an empty one is the first */
		snprintf(plain.length, sizeof(plain.length), "%s",
			 value_len == 0 ? "?" : text);
	}
	if (!is_hop(name, options))
		add_field(name, value, value_len);
}

/* Where the next line begins; len: without its end. */
static size_t
line_at(struct slice text, size_t at, size_t *len, bool *whole)
{
	size_t end = at;

	while (end < text.len && text.ptr[end] != '\n')
		end++;
	*whole = end < text.len;
	*len = end - at;
	if (*whole && *len > 0 && text.ptr[end - 1] == '\r')
		--*len;
	return *whole ? end + 1 : end;
}

static bool
header_like(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *name = line;
	size_t name_len;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		return true;
	if (colon == NULL)
		return false;
	name_len = strip(&name, (size_t)(colon - line));
	return name_len == 0 || name_ok(name, name_len);
}

/* The lines from begin to end are a whole block. */
static void
all_lines(struct slice text, size_t begin, size_t end,
	  const struct header_options *options)
{
	char joined[TEXT_MAX + 1];
	size_t at = begin, len, joined_len, next;
	bool whole, first = true;

	plain.count = 0;
	plain.status = 0;
	plain.fault = HEADER_FAULT_NONE;
	plain.length[0] = '\0';
	while (at < end) {
		next = line_at(text, at, &len, &whole);
		memcpy(joined, text.ptr + at, len);
		joined_len = len;
		at = next;
		while (at < end &&
		       (text.ptr[at] == ' ' || text.ptr[at] == '\t')) {
			const char *more = text.ptr + at;
			next = line_at(text, at, &len, &whole);
			len = strip(&more, len);
			joined[joined_len++] = ' ';
			memcpy(joined + joined_len, more, len);
			joined_len += len;
			at = next;
		}
		one_line(joined, joined_len, first, options);
		first = false;
	}
}

static enum header_fault
block_fault(void)
{
	if (plain.fault != HEADER_FAULT_NONE)
		return plain.fault;
	if (plain.status != 0 && (plain.status < 200 || plain.status > 599))
		return HEADER_FAULT_STATUS;
	return HEADER_FAULT_NONE;
}

static bool
is_interim(void)
{
	return plain.fault == HEADER_FAULT_NONE && plain.status >= 100 &&
	       plain.status < 200 && plain.status != 101;
}

static enum header_fault
no_block(const struct header_options *options, size_t begin, bool *early,
	 size_t *body)
{
	if (!options->lenient)
		return HEADER_FAULT_NO_HEADERS;
	*early = true;
	*body = begin;
	return HEADER_FAULT_NONE;
}

/* Read text; the block is in plain, the body begins at *body. */
static enum header_fault
read_plain(struct slice text, size_t cap, const struct header_options *options,
	   bool *early, size_t *body)
{
	size_t begin = 0, at = 0, len, next, whole_end = 0, field = 0;
	bool whole;

	*early = false;
	plain.count = 0;
	for (;;) {
		next = line_at(text, at, &len, &whole);
		if (next - begin > cap) {
			if (at == begin && options->lenient)
				return no_block(options, begin, early, body);
			return HEADER_FAULT_TOO_LARGE;
		}
		if (!whole)
			break;
		if (len == 0) {
			all_lines(text, begin, at, options);
			at = next;
			if (!is_interim()) {
				*body = at;
				return block_fault();
			}
			begin = at;
			continue;
		}
		if (at == begin && !header_like(text.ptr + at, len))
			return no_block(options, begin, early, body);
		if (text.ptr[at] != ' ' && text.ptr[at] != '\t')
			field = at; /* here the last field begins */
		else if (at == begin)
			field = at;
		at = whole_end = next;
	}
	/* The end has come. */
	if (begin == text.len)
		return HEADER_FAULT_EMPTY;
	if (at == begin)
		return no_block(options, begin, early, body);
	if (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t'))
		whole_end = field;
	*body = text.len;
	all_lines(text, begin, whole_end, options);
	if (is_interim())
		return HEADER_FAULT_EMPTY;
	if (block_fault() != HEADER_FAULT_NONE)
		return block_fault();
	return plain.count == 0 ? HEADER_FAULT_NO_HEADERS : HEADER_FAULT_NONE;
}

/* ---- writing ---- */

static char out[1 << 16];

static void
say(const char *text)
{
	size_t len = strlen(out);

	snprintf(out + len, sizeof(out) - len, "%s", text);
}

static bool
listed(const char *list, const char *name)
{
	char copy[8192], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", list);
	for (char *item = strtok_r(copy, ", ", &save); item != NULL;
	     item = strtok_r(NULL, ", ", &save))
		if (strcasecmp(item, name) == 0)
			return true;
	return false;
}

/* Add the elements of value to list. */
static void
add_names(char list[8192], const char *value, bool lower)
{
	char copy[8192], *item, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", value);
	while ((item = strsep(&rest, ",")) != NULL) {
		const char *name = item;
		size_t len = strip(&name, strlen(item)), have = strlen(list);
		char one[8192];
		snprintf(one, sizeof(one), "%.*s", (int)len, name);
		for (char *p = one; lower && *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		if (name_ok(one, len) && !listed(list, one))
			snprintf(list + have, 8192 - have, "%s%s",
				 have > 0 ? ", " : "", one);
	}
}

static void
without_star(char list[8192])
{
	char copy[8192], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", list);
	list[0] = '\0';
	for (char *item = strtok_r(copy, ", ", &save); item != NULL;
	     item = strtok_r(NULL, ", ", &save))
		if (strcmp(item, "*") != 0)
			add_names(list, item, false);
}

static bool
is_cors_name(const char *name)
{
	return strncasecmp(name, "Access-Control-", 15) == 0 &&
	       name[15] != '\0';
}

static void
expose_block(char list[8192])
{
	static const char safe[] =
	    "cache-control, content-language, content-length, content-type, "
	    "expires, last-modified, pragma, set-cookie, set-cookie2, status";

	for (size_t i = 0; i < plain.count; i++) {
		const char *name = plain.fields[i].name;
		if (strcasecmp(name, "Access-Control-Expose-Headers") == 0)
			add_names(list, plain.fields[i].value, true);
		else if (!listed(safe, name) && !is_cors_name(name))
			add_names(list, name, true);
	}
}

static const struct plain_field *
find(const char *name)
{
	const struct plain_field *found = NULL;

	for (size_t i = 0; i < plain.count; i++)
		if (strcasecmp(plain.fields[i].name, name) == 0)
			found = &plain.fields[i];
	return found;
}

static void
write_fields(const struct expected *e, enum kit_case which, bool keep,
	     bool strip_cors)
{
	for (size_t i = 0; i < plain.count; i++) {
		const struct plain_field *f = &plain.fields[i];
		if (strip_cors && is_cors_name(f->name))
			continue;
		if (e->policy && strcasecmp(f->name, "Vary") == 0)
			continue;
		if (e->policy && which == KIT_TIMING && !keep &&
		    strcasecmp(f->name, "Timing-Allow-Origin") == 0)
			continue;
		say(f->name);
		say(": ");
		say(f->value);
		say("\r\n");
	}
}

static void
write_line(const char *name, char list[8192], bool star)
{
	if (!star && list[0] == '\0')
		return;
	say(name);
	say(star ? "*" : list);
	say("\r\n");
}

static void
write_plain(enum kit_case which, bool early,
	    const struct header_options *options)
{
	static const struct expected nothing;
	const struct expected *e = &expected[which];
	const struct plain_field *location = find("Location");
	bool local = location != NULL && location->value[0] == '/';
	bool none = plain.status == 0;
	bool apache = options->server_redirects && local &&
		      (plain.status == 200 || (none && !options->redirect_302));
	bool untouched =
	    local && none && plain.count == 1 && !options->redirect_302;
	bool keep =
	    which == KIT_KEEP && find("Access-Control-Allow-Origin") != NULL;
	bool strip_cors = e->policy && !untouched && !keep;
	char vary[8192] = "", names[8192] = "";

	out[0] = '\0';
	if (local && none && options->redirect_302)
		say("Status: 302 Found\r\n");
	if (early)
		say("Content-Type: text/html\r\n");
	if (untouched || apache)
		e = &nothing;
	if (apache && expected[which].policy && !untouched)
		strip_cors = true;
	write_fields(e, which, keep, strip_cors);
	if (e->policy && !keep) {
		say(e->lines);
		if (e->exposes) {
			add_names(names, e->expose, true);
			for (size_t i = 0; i < plain.count; i++)
				if (!e->block_names &&
				    strcasecmp(
					plain.fields[i].name,
					"Access-Control-Expose-Headers") == 0)
					add_names(names, plain.fields[i].value,
						  true);
			if (e->block_names)
				expose_block(names);
			without_star(names);
			write_line("Access-Control-Expose-Headers: ", names,
				   e->star);
		}
	}
	if (e->policy) {
		for (size_t i = 0; i < plain.count; i++)
			if (strcasecmp(plain.fields[i].name, "Vary") == 0)
				add_names(vary, plain.fields[i].value, false);
		add_names(vary, e->vary, false);
		write_line("Vary: ", vary, listed(vary, "*"));
	}
	say("\r\n");
}

/* No answer may have a line that is not "name: value". */
static void
check_lines(const struct result *result)
{
	const char *at = result->out, *end = result->out + result->body;

	while (at < end) {
		const char *stop = memchr(at, '\r', (size_t)(end - at));
		assert_non_null(stop);
		assert_true(stop + 1 < end && stop[1] == '\n');
		if (stop == at) {
			assert_ptr_equal(stop + 2, end);
			return;
		}
		const char *colon = memchr(at, ':', (size_t)(stop - at));
		assert_non_null(colon);
		assert_true(name_ok(at, (size_t)(colon - at)));
		assert_true(value_ok(colon + 1, (size_t)(stop - colon - 1)));
		at = stop + 2;
	}
	fail();
}

#endif
