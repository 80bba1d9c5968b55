/*
 * Regular expressions that allow more or less than their author meant: each is
 * tried on made-up origins that a stranger could have, built of the text around
 * its wildcards, and looked over for what no origin has.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "base/text.h"
#include "policy/hostname.h"

enum { PART_MAX = 200 }; /* bytes of literal text that are looked at */

/* The text that every match begins and ends with, as far as it is plain. */
struct literals {
	char head[PART_MAX];
	char tail[PART_MAX];
	struct slice before; /* in head: behind "://" */
	struct slice after;  /* in tail */
};

static bool
is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' ||
	       c == '.';
}

/* The expression up to the next '|' that is in no group or class. */
static struct slice
next_alternative(struct slice *rest)
{
	size_t i = 0, depth = 0;
	bool class = false;

	for (; i < rest->len; i++) {
		char c = rest->ptr[i];
		if (c == '\\')
			i++;
		else if (class)
			class = c != ']';
		else if (c == '[')
			class = true;
		else if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '|' && depth == 0)
			break;
	}
	i = i < rest->len ? i : rest->len;
	struct slice part = slice_of(rest->ptr, i);
	*rest = slice_after(*rest, i < rest->len ? i + 1 : i);
	return part;
}

/* Without "$", and without a group at the end that may be missing: a port. */
static struct slice
strip_end(struct slice text)
{
	for (;;) {
		size_t open = text.len;

		if (text_ends(text, SLICE("$"))) {
			text.len--;
			continue;
		}
		if (!text_ends(text, SLICE(")?")))
			return text;
		while (open > 0 && text.ptr[open - 1] != '(')
			open--;
		if (open == 0)
			return text;
		text.len = open - 1;
	}
}

/* The plain bytes at the end; an unescaped dot is taken for a dot. */
static void
read_tail(struct slice text, struct literals *out)
{
	size_t at = sizeof(out->tail);

	text = strip_end(text);
	while (text.len > 0 && at > 0 && is_host_byte(text.ptr[text.len - 1])) {
		bool escaped = text.len > 1 && text.ptr[text.len - 2] == '\\';
		if (escaped && ascii_is_digit(text.ptr[text.len - 1]))
			break;
		if (escaped && ascii_is_alpha(text.ptr[text.len - 1]))
			break;
		out->tail[--at] = text.ptr[text.len - 1];
		text.len -= escaped ? 2 : 1;
	}
	out->after = slice_of(out->tail + at, sizeof(out->tail) - at);
}

/* The plain bytes behind "://" up to the first that is not. */
static void
read_head(struct slice text, struct literals *out)
{
	const char *at = memmem(text.ptr, text.len, "//", 2);
	size_t len = 0, skip = 2;

	if (at == NULL) {
		at = memmem(text.ptr, text.len, "\\/\\/", 4);
		skip = 4;
	}
	out->before = slice_of(out->head, 0);
	if (at == NULL)
		return;
	text = slice_after(text, (size_t)(at - text.ptr) + skip);
	for (size_t i = 0; i < text.len && len < sizeof(out->head); i++) {
		if (text.ptr[i] == '\\' && i + 1 < text.len &&
		    !ascii_is_alpha(text.ptr[i + 1]) &&
		    !ascii_is_digit(text.ptr[i + 1]))
			i++;
		else if (text.ptr[i] == '.')
			break; /* any byte: what is varied */
		if (!is_host_byte(text.ptr[i]))
			break;
		/* A byte that may be missing. */
		if (i + 1 < text.len && strchr("?*{", text.ptr[i + 1]) != NULL)
			break;
		out->head[len++] = text.ptr[i];
	}
	out->before.len = len;
}

/* Does the expression match an origin of these parts over http or https? */
static bool
try_host(const struct regex_item *item, struct regex_scratch *scratch,
	 struct slice before, struct slice filler, struct slice after)
{
	static const struct slice schemes[] = {{"https://", 8}, {"http://", 7}};
	char text[ORIGIN_MAX + 1];

	for (size_t i = 0; i < 2; i++) {
		const struct slice parts[] = {schemes[i], before, filler,
					      after};
		struct origin origin;
		size_t len = 0;

		for (size_t j = 0; j < 4; j++) {
			if (parts[j].len > sizeof(text) - len)
				return false;
			if (parts[j].len > 0)
				memcpy(text + len, parts[j].ptr, parts[j].len);
			len += parts[j].len;
		}
		if (origin_parse(slice_of(text, len), &origin) &&
		    regex_match(item->regex, slice_of(text, len), scratch))
			return true;
	}
	return false;
}

static const struct slice fillers[] = {
    {"qzxv", 4}, {"7", 1}, {"qzxv-7", 6}, {"7qz", 3}, {"www.qzxv", 8}};

enum { FILLERS = sizeof(fillers) / sizeof(fillers[0]) };

static bool
try_fillers(const struct regex_item *item, struct regex_scratch *scratch,
	    const struct literals *parts)
{
	for (size_t i = 0; i < FILLERS; i++)
		if (try_host(item, scratch, SLICE(""), fillers[i],
			     parts->after) ||
		    try_host(item, scratch, parts->before, fillers[i],
			     parts->after))
			return true;
	return false;
}

/* The name behind the first label of what follows a filler. */
static struct slice
parent_of(struct slice after)
{
	size_t dot = text_find(after, '.');

	return dot < after.len ? slice_after(after, dot + 1) : SLICE_NONE;
}

static bool
allows_any(const struct regex_item *item, struct regex_scratch *scratch)
{
	static const struct slice suffixes[] = {
	    {".com", 4}, {".net", 4}, {".org", 4}, {".dev", 4}, {".co.uk", 6}};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (try_host(item, scratch, SLICE(""), SLICE("qzxv"),
			     suffixes[i]) &&
		    try_host(item, scratch, SLICE(""), SLICE("qzxv-7"),
			     suffixes[i]))
			return true;
	return false;
}

/* Where people deploy: found even behind groups and classes. */
static bool
allows_known_suffix(const struct regex_item *item,
		    struct regex_scratch *scratch)
{
	static const char *const suffixes[] = {
	    ".vercel.app",   ".netlify.app",	   ".github.io",
	    ".pages.dev",    ".herokuapp.com",	   ".web.app",
	    ".onrender.com", ".azurewebsites.net", ".workers.dev"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (try_host(item, scratch, SLICE(""), SLICE("qzxv"),
			     slice_from(suffixes[i])))
			return true;
	return false;
}

/* Look at every alternative: what a stranger's name has in common with it. */
static void
examine(struct regex_item *item, struct regex_scratch *scratch)
{
	struct slice rest = item->text;

	item->any = allows_any(item, scratch);
	item->suffix = !item->any && allows_known_suffix(item, scratch);
	while (rest.len > 0 && !item->any) {
		struct slice part = next_alternative(&rest);
		struct literals parts;

		read_tail(part, &parts);
		read_head(part, &parts);
		struct slice parent = parent_of(parts.after);
		/* Names under localhost are nobody else's. */
		if (parent.len == 0 ||
		    slice_eq(text_chop(parent, '.'), SLICE("localhost")))
			continue;
		/* "https://.*example\.com": evilexample.com. */
		bool open = hostname_is_icann_suffix(parent);
		bool suffix = hostname_is_public_suffix(parent);
		if ((open || suffix) && try_fillers(item, scratch, &parts)) {
			item->any = item->any || open;
			item->suffix = item->suffix || !open;
		}
	}
}

/* ---- what can never match ---- */

/* "/.../i" was pasted along; the expression without, absent if it was not. */
static struct slice
within_delimiters(struct slice text)
{
	size_t end = text.len;

	while (end > 0 && ascii_is_alpha(text.ptr[end - 1]))
		end--;
	if (end < 3 || text.ptr[0] != '/' || text.ptr[end - 1] != '/' ||
	    text.ptr[end - 2] == '\\')
		return SLICE_NONE;
	return slice_of(text.ptr + 1, end - 2);
}

/* As origins need it: lower case outside of escapes, '/' not escaped. */
static const char *
plain_text(struct loader *loader, struct slice text, bool *changed)
{
	char *out = arena_text(loader->scratch, text);
	size_t len = 0;
	bool class = false;

	*changed = false;
	for (size_t i = 0; out != NULL && i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\\' && i + 1 < text.len) {
			if (text.ptr[i + 1] != '/')
				out[len++] = c;
			out[len++] = text.ptr[++i];
			continue;
		}
		class = class ? c != ']' : c == '[';
		*changed = *changed || (!class && c != ascii_lower(c));
		out[len++] = class ? c : ascii_lower(c);
	}
	if (out != NULL)
		out[len] = '\0';
	return out;
}

/* Why the expression matches no origin; NULL: it may.  *fix is the expression
 * without that fault, or NULL. */
static const char *
never_matches(struct loader *loader, struct slice text, const char **fix)
{
	struct slice inner = within_delimiters(text);
	struct slice rest = text;
	bool changed, one = next_alternative(&rest).len == text.len;

	*fix = NULL;
	if (slice_present(inner)) {
		*fix = plain_text(loader, inner, &changed);
		return "the expression begins and ends with \"/\", which no "
		       "origin does: write it without delimiters";
	}
	/* A '/' at the end, that of "://" aside. */
	rest = text_chop(text, '$');
	if (one && text_ends(rest, SLICE("/")) && !text_ends(rest, SLICE("//")))
		return "the expression ends with \"/\", and an origin has no "
		       "path";
	*fix = plain_text(loader, text, &changed);
	if (changed && one && memmem(text.ptr, text.len, "(?", 2) == NULL &&
	    text_find_any(text, "()*?{") == text.len)
		return "the expression has upper-case letters, and browsers "
		       "send origins in lower case";
	return NULL;
}

/* Is it an expression, and one that may match? */
static bool
is_good_fix(struct loader *loader, const char *fix)
{
	struct regex *regex;
	const char *again;
	char fault[120];

	if (fix == NULL ||
	    never_matches(loader, slice_from(fix), &again) != NULL)
		return false;
	regex = regex_compile(slice_from(fix), fault, sizeof(fault));
	regex_free(regex);
	return regex != NULL;
}

static void
warn_never(struct loader *loader, const struct regex_item *item)
{
	const char *fix, *why = never_matches(loader, item->text, &fix);

	if (why != NULL && loader->options->warnings)
		loader_report(loader, SEVERITY_WARNING, item->line, item->text,
			      "regex-never",
			      is_good_fix(loader, fix) ? fix : NULL, "%s", why);
}

/* ---- what is reported ---- */

static void
report(struct loader *loader, bool error, unsigned line, const char *id,
       const struct regex_item *item, const char *why)
{
	if (!error && !loader->options->warnings)
		return;
	diag_report(loader->diags, error ? SEVERITY_ERROR : SEVERITY_WARNING,
		    loader->file, loader_place(loader, line, item->text), id,
		    NULL, "regular expression \"%s\": %s",
		    loader_quote(loader, item->text), why);
}

static void
check_item(struct loader *loader, const struct cors_values *values,
	   const struct cors_values *base, const struct regex_item *item)
{
	bool inherited = base != NULL;
	unsigned line = item->line;

	if (inherited)
		line = values->lines[CORS_CREDENTIALS] != 0
			   ? values->lines[CORS_CREDENTIALS]
			   : values->section->line;
	if (item->any && (!inherited || !base->credentials) &&
	    (!inherited || values->credentials))
		report(loader, values->credentials, line, "regex-any-origin",
		       item,
		       values->credentials
			   ? "a stranger's origin matches, and \"credentials = "
			     "yes\" shows it what is private"
			   : "a stranger's origin matches");
	bool forbidden = values->credentials && !values->allow_public_suffix;
	bool reported =
	    inherited && (base->credentials && !base->allow_public_suffix);
	if (item->suffix && !reported && (forbidden || !inherited))
		report(loader, forbidden, line, "public-suffix", item,
		       forbidden
			   ? "anybody can register a name that matches, and "
			     "\"credentials = yes\" shows them what is "
			     "private; \"allow-public-suffix = yes\" allows it"
			   : "anybody can register a name that matches");
	if (!inherited)
		warn_never(loader, item);
}

void
check_regexes(struct loader *loader, const struct cors_values *values,
	      const struct cors_values *base)
{
	struct origins *origins = values->origins;
	struct regex_scratch *scratch = NULL;

	/* A CGI program does this for each request: only what is an error. */
	if (origins->regex_count == 0 ||
	    (!loader->options->warnings && !values->credentials))
		return;
	for (size_t i = 0; i < origins->regex_count; i++) {
		struct regex_item *item = &origins->regexes[i];

		if (!item->examined && scratch == NULL)
			scratch = regex_scratch_new();
		/* Without it nothing matches: what is too wide would pass. */
		if (!item->examined && scratch == NULL) {
			loader_no_memory(loader);
			return;
		}
		if (!item->examined)
			examine(item, scratch);
		item->examined = true;
		check_item(loader, values, base, item);
	}
	regex_scratch_free(scratch);
}
