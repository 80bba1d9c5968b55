/*
 * Regular expressions that allow more or less than their author meant.  Texts
 * that an expression matches are generated (regex_sample.h); those that are
 * origins show whether another person could own one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <errno.h>

#include "base/host.h"
#include "base/text.h"
#include "policy/hostname.h"
#include "policy/regex_sample.h"

enum {
	SAMPLES = 120,	    /* of each alternative; fewer of a long
			       expression */
	SAMPLES_FEW = 12,   /* but never fewer */
	BYTES_MAX = 1 << 18 /* of expression that all samples of it read */
};

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
	*rest = slice_after(*rest, i + 1);
	return part;
}

/* ---- what it allows ---- */

/* The examination of one expression. */
struct examination {
	struct loader *loader;
	struct regex_item *item;
	struct regex_scratch *scratch;
	struct regex_sample sample;
	unsigned samples; /* number of samples */
	bool possible;	  /* one was an origin and matched */
	bool exotic;	  /* not all of it was understood */
	bool free_scheme; /* a wildcard matches "://" */
};

/* The domain that an attacker has to register to own this host: the longest
 * suffix, and the label in front of it.  Absent: it cannot be registered. */
static struct slice
registered_name(struct slice host, bool (*is_suffix)(struct slice))
{
	struct slice rest = host;

	for (;;) {
		struct slice name = rest;
		size_t dot = text_find(rest, '.');

		if (dot == rest.len)
			return SLICE_NONE;
		rest = slice_after(rest, dot + 1);
		if (rest.len > 0 && is_suffix(rest))
			return name;
	}
}

/* Names under localhost cannot belong to other people. */
static bool
is_shared_suffix(struct slice host)
{
	return !slice_eq(host, SLICE("localhost")) &&
	       hostname_is_public_suffix(host);
}

static bool
is_varied(const struct regex_sample *sample, struct slice part)
{
	size_t at = (size_t)(part.ptr - sample->text);

	for (size_t i = 0; slice_present(part) && i < part.len; i++)
		if (sample->varied[at + i])
			return true;
	return false;
}

/* Is it a name that wildcards of the expression matched, under a suffix that
 * the author wrote? */
static bool
is_under_suffix(const struct regex_sample *sample, struct slice host)
{
	struct slice name = registered_name(host, is_shared_suffix);

	return slice_present(name) && is_varied(sample, name) &&
	       !is_varied(sample, slice_after(name, text_find(name, '.') + 1));
}

/* An example with this word is easier to understand. */
static bool
is_better(const char *old, struct slice text)
{
	return strstr(old, "stranger") == NULL &&
	       memmem(text.ptr, text.len, "stranger", 8) != NULL;
}

/* Keep the origin as an example if another person can own it.  strays: a '.' of
 * the expression is another byte in this sample. */
static void
judge(struct examination *x, const struct origin *origin, bool strays)
{
	const struct regex_sample *sample = &x->sample;
	struct slice text = slice_of(sample->text, sample->len);
	struct regex_item *item = x->item;

	/* With other schemes the page belongs to an app or an extension. */
	if (origin->is_ip || port_default(origin->scheme) == 0 ||
	    !is_varied(sample, origin->host))
		return;
	if ((item->any == NULL || (item->any_by_dots && !strays) ||
	     (item->any_by_dots == strays && is_better(item->any, text))) &&
	    is_varied(sample, registered_name(origin->host,
					      hostname_is_icann_suffix))) {
		item->any = arena_text(x->loader->scratch, text);
		item->any_by_dots = strays;
	} else if (!strays &&
		   (item->suffix == NULL || is_better(item->suffix, text)) &&
		   is_under_suffix(sample, origin->host)) {
		item->suffix = arena_text(x->loader->scratch, text);
	}
}

/* Is the scheme matched by wildcards only? */
static bool
has_free_scheme(const struct regex_sample *sample)
{
	const char *at = memmem(sample->text, sample->len, "://", 3);

	return sample->any_scheme &&
	       (at == NULL ||
		is_varied(sample, slice_of(sample->text,
					   (size_t)(at - sample->text) + 3)));
}

static void
examine_part(struct examination *x, struct slice part, unsigned count)
{
	struct regex_sample *sample = &x->sample;

	for (unsigned i = 0; i < count; i++) {
		bool made = regex_sample(part, i, sample);
		struct origin origin;

		x->exotic = x->exotic || sample->exotic;
		if (!made)
			continue;
		struct slice text = slice_of(sample->text, sample->len);
		x->samples++;
		x->free_scheme = x->free_scheme || has_free_scheme(sample);
		if (!origin_parse(text, &origin) ||
		    !regex_match(x->item->regex, text, x->scratch))
			continue;
		x->possible = true;
		judge(x, &origin, i % 2 != 0);
	}
}

/* Check every alternative by itself: there may be hundreds. */
static void
examine(struct loader *loader, struct regex_item *item,
	struct regex_scratch *scratch)
{
	struct examination x = {
	    .loader = loader, .item = item, .scratch = scratch};
	struct slice rest = item->text;
	size_t count = BYTES_MAX / (rest.len + 1);

	count = count > SAMPLES ? SAMPLES : count;
	count = count < SAMPLES_FEW ? SAMPLES_FEW : count;
	while (rest.len > 0)
		examine_part(&x, next_alternative(&rest), (unsigned)count);
	item->never = !x.possible && !x.exotic && !x.free_scheme &&
		      x.samples >= SAMPLES_FEW;
	item->examined = true;
}

/* ---- what can never match ---- */

/* The expression without the "/.../i" that was copied with it; absent: there is
 * none. */
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

/* Adapted to origins: lower case outside of escapes, '/' not escaped. */
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

/* A usual reason why the expression matches no origin; NULL: no such
 * reason.  *fix is the expression without that fault, or NULL. */
static const char *
why_never(struct loader *loader, struct slice text, const char **fix)
{
	struct slice inner = within_delimiters(text);
	struct slice rest = text_chop(text, '$'), all = text;
	bool changed, one = next_alternative(&all).len == text.len;

	*fix = NULL;
	if (slice_present(inner)) {
		*fix = plain_text(loader, inner, &changed);
		return "the expression begins and ends with \"/\", which no "
		       "origin does: write it without delimiters";
	}
	if (slice_eq(text, SLICE("null")))
		return "an expression never matches the origin null";
	if (one && text_ends(rest, SLICE("/")) && !text_ends(rest, SLICE("//")))
		return "the expression ends with \"/\", and an origin has no "
		       "path";
	*fix = plain_text(loader, text, &changed);
	if (changed && one && memmem(text.ptr, text.len, "(?", 2) == NULL &&
	    text_find_any(text, "()*?{") == text.len)
		return "the expression has upper-case letters, and browsers "
		       "send origins in lower case";
	*fix = NULL;
	return NULL;
}

/* With a scheme, if the expression begins with a host. */
static const char *
with_scheme(struct loader *loader, struct slice text)
{
	struct slice parts[] = {SLICE("https://"), text};

	if (slice_starts(text, SLICE("^")))
		parts[1] = slice_after(text, 1);
	if (parts[1].len == 0 ||
	    (!ascii_is_alpha(parts[1].ptr[0]) && parts[1].ptr[0] != '(') ||
	    memmem(text.ptr, text.len, "//", 2) != NULL ||
	    text_find(text, '.') == text.len)
		return NULL;
	return arena_join(loader->scratch, parts, 2);
}

/* With a backslash before each '.' that is not repeated and in no class. */
static const char *
with_escaped_dots(struct loader *loader, struct slice text)
{
	char *out = loader_scratch(loader, 2 * text.len + 1, 1);
	size_t len = 0;
	bool class = false;

	for (size_t i = 0; out != NULL && i < text.len; i++) {
		char c = text.ptr[i];
		bool repeated = i + 1 < text.len &&
				text_find(SLICE("*+?{"), text.ptr[i + 1]) < 4;

		if (c == '.' && !class && !repeated)
			out[len++] = '\\';
		out[len++] = c;
		if (c == '\\' && i + 1 < text.len)
			out[len++] = text.ptr[++i];
		else
			class = class ? c != ']' : c == '[';
	}
	return out;
}

/* Does the expression match some origin, but no origin of other people? */
static bool
is_good_fix(struct loader *loader, const char *fix)
{
	struct regex_item item = {.text = slice_from(fix)};
	struct regex_scratch *scratch;
	struct regex *regex;
	const char *again;
	char fault[120];
	bool good = false;

	if (fix == NULL || why_never(loader, item.text, &again) != NULL)
		return false;
	errno = 0;
	scratch = regex_scratch_new();
	regex = regex_compile(item.text, fault, sizeof(fault));
	item.regex = regex;
	if ((scratch == NULL || regex == NULL) && errno == ENOMEM)
		loader_no_memory(loader);
	if (regex != NULL && scratch != NULL) {
		examine(loader, &item, scratch);
		good = item.any == NULL && item.suffix == NULL && !item.never;
	}
	regex_free(regex);
	regex_scratch_free(scratch);
	return good;
}

static void
warn_never(struct loader *loader, const struct regex_item *item)
{
	const char *fix, *why;

	if (!loader->options->warnings)
		return;
	why = why_never(loader, item->text, &fix);
	if (why == NULL && !item->never)
		return;
	if (why == NULL) {
		why = "no origin matches: it is SCHEME://HOST or "
		      "SCHEME://HOST:PORT, in lower case, without path and "
		      "default port";
		fix = with_scheme(loader, item->text);
		if (fix != NULL && !is_good_fix(loader, fix))
			fix = with_escaped_dots(loader, slice_from(fix));
	}
	loader_report(loader, SEVERITY_WARNING, item->line, item->text,
		      "regex-never", is_good_fix(loader, fix) ? fix : NULL,
		      "%s", why);
}

/* ---- what is reported ---- */

static void
report(struct loader *loader, bool error, unsigned line, const char *id,
       const struct regex_item *item, const char *fix, const char *why,
       const char *example)
{
	bool suffix = strcmp(id, "public-suffix") == 0;

	if (!error && !loader->options->warnings)
		return;
	diag_report(loader->diags, error ? SEVERITY_ERROR : SEVERITY_WARNING,
		    loader->file, loader_place(loader, line, item->text), id,
		    fix, "regular expression \"%s\": %s, as %s%s",
		    loader_quote(loader, item->text), why,
		    loader_quote(loader, slice_from(example)),
		    !error ? ""
		    : suffix
			? ", and \"credentials = yes\" shows them what is "
			  "private; \"allow-public-suffix = yes\" allows it"
			: ", and \"credentials = yes\" shows it what is "
			  "private");
}

/* A fix so that it no longer matches origins of other people; NULL: the author
 * must decide, or the expression is in another line. */
static const char *
fix_any(struct loader *loader, const struct regex_item *item, bool inherited)
{
	const char *fix;

	if (inherited || !loader->options->warnings || !item->any_by_dots)
		return NULL;
	fix = with_escaped_dots(loader, item->text);
	return is_good_fix(loader, fix) ? fix : NULL;
}

static void
check_item(struct loader *loader, const struct cors_values *values,
	   const struct cors_values *base, const struct regex_item *item)
{
	bool inherited = base != NULL;
	bool forbidden = values->credentials && !values->allow_public_suffix;
	bool reported =
	    inherited && base->credentials && !base->allow_public_suffix;
	unsigned line = item->line;

	if (inherited)
		line = values->lines[CORS_CREDENTIALS] != 0
			   ? values->lines[CORS_CREDENTIALS]
			   : values->section->line;
	if (item->any != NULL && (!inherited || !base->credentials) &&
	    (!inherited || values->credentials))
		report(loader, values->credentials, line, "regex-any-origin",
		       item, fix_any(loader, item, inherited),
		       item->any_by_dots ? "\".\" matches any byte, so an "
					   "origin of another site matches"
					 : "the origin of another site matches",
		       item->any);
	else if (item->any == NULL && item->suffix != NULL && !reported &&
		 (forbidden || !inherited))
		report(loader, forbidden, line, "public-suffix", item, NULL,
		       "anyone can register a name that matches", item->suffix);
	if (!inherited)
		warn_never(loader, item);
}

void
check_regexes(struct loader *loader, const struct cors_values *values,
	      const struct cors_values *base)
{
	struct origins *origins = values->origins;
	struct regex_scratch *scratch = NULL;

	/* A CGI program does this for each request, so without warnings only
	 * what can be an error is examined. */
	if (origins->regex_count == 0 ||
	    (!loader->options->warnings && !values->credentials))
		return;
	for (size_t i = 0; i < origins->regex_count; i++) {
		struct regex_item *item = &origins->regexes[i];

		if (!item->examined && scratch == NULL)
			scratch = regex_scratch_new();
		/* Without it no sample would match, and an expression that
		 * allows too much would pass. */
		if (!item->examined && scratch == NULL) {
			loader_no_memory(loader);
			return;
		}
		if (!item->examined)
			examine(loader, item, scratch);
		check_item(loader, values, base, item);
	}
	regex_scratch_free(scratch);
}
