/*
 * [cors] and [cors NAME]: the table of their keys, and the values of those that
 * need more than a table.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include "base/text.h"
#include "cors/decide.h"
#include "cors/names.h"
#include "cors/path.h"
#include "policy/fix.h"
#include "policy/values.h"

enum { MAX_AGE_MOST = 86400 };

/* ---- methods ---- */

static void
note_safelisted_method(struct loader *loader, const struct entry *entry,
		       struct slice item, struct slice method)
{
	loader_report(loader, SEVERITY_NOTE, entry->line, item, "safelisted",
		      NULL,
		      "method \"%s\" is always allowed and need not be listed",
		      loader_quote(loader, method));
}

static void
warn_method_case(struct loader *loader, const struct entry *entry,
		 struct slice item, struct slice method)
{
	char *upper = arena_text(loader->scratch, method);
	bool lower = false;

	for (size_t i = 0; upper != NULL && i < method.len; i++) {
		if (upper[i] < 'a' || upper[i] > 'z')
			continue;
		upper[i] = (char)(upper[i] - 'a' + 'A');
		lower = true;
	}
	if (lower)
		loader_report(
		    loader, SEVERITY_WARNING, entry->line, item, "method-case",
		    upper,
		    "method \"%s\": methods are case-sensitive, and browsers "
		    "put only DELETE, GET, HEAD, OPTIONS, POST and PUT in "
		    "upper case",
		    loader_quote(loader, method));
}

static const char not_a_method[] = "a method is made of letters, digits and "
				   "!#$%&'*+-.^_`|~";

static void
method_error(struct loader *loader, const struct entry *entry,
	     struct slice method, const char *id, const char *why)
{
	loader_report(loader, SEVERITY_ERROR, entry->line, method, id, NULL,
		      "method \"%s\": %s", loader_quote(loader, method), why);
}

static void
set_methods(struct loader *loader, void *target, const struct entry *entry)
{
	struct items *methods = &((struct cors_values *)target)->methods;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		struct slice method = method_normalize(item);

		if (slice_eq(item, SLICE("*")))
			methods->any = true;
		else if (!token_is_valid(item))
			method_error(loader, entry, item, "method",
				     not_a_method);
		else if (method_is_forbidden(item))
			method_error(loader, entry, item, "forbidden-method",
				     "no script can send it");
		else if (method_is_safelisted(method))
			note_safelisted_method(loader, entry, item, method);
		else if (!items_have(methods, method)) {
			warn_method_case(loader, entry, item, method);
			items_add(loader, methods, method, entry->line);
		}
	}
}

static void
set_allow(struct loader *loader, void *target, const struct entry *entry)
{
	struct items *allow = &((struct cors_values *)target)->allow;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		struct slice method = method_normalize(item);

		if (slice_eq(item, SLICE("*")))
			method_error(
			    loader, entry, item, "method",
			    "\"allow\" names methods; without the key every "
			    "method is allowed");
		else if (!token_is_valid(item))
			method_error(loader, entry, item, "method",
				     not_a_method);
		else if (!items_have(allow, method)) {
			warn_method_case(loader, entry, item, method);
			items_add(loader, allow, method, entry->line);
		}
	}
}

/* ---- headers ---- */

static void
note_safelisted_header(struct loader *loader, const struct entry *entry,
		       struct slice header)
{
	if (request_header_is_plain(header))
		loader_report(
		    loader, SEVERITY_NOTE, entry->line, header, "safelisted",
		    NULL,
		    "header \"%s\" needs no permission unless its value is "
		    "unusual or longer than 128 bytes",
		    loader_quote(loader, header));
}

static void
note_safelisted_exposed(struct loader *loader, const struct entry *entry,
			struct slice header)
{
	loader_report(
	    loader, SEVERITY_NOTE, entry->line, header, "safelisted", NULL,
	    "header \"%s\" can always be read and need not be exposed",
	    loader_quote(loader, header));
}

static void
header_error(struct loader *loader, const struct entry *entry,
	     struct slice header, const char *id, const char *why)
{
	loader_report(loader, SEVERITY_ERROR, entry->line, header, id, NULL,
		      "header \"%s\": %s", loader_quote(loader, header), why);
}

static const char not_a_token[] = "a header name is made of letters, digits "
				  "and !#$%&'*+-.^_`|~";

/* "Content-Type:" and "X-A;": copied with punctuation. */
static const char *
header_fix(struct loader *loader, struct slice header)
{
	while (header.len > 0 && strchr("\"':;", header.ptr[0]) != NULL)
		header = slice_after(header, 1);
	while (header.len > 0 &&
	       strchr("\"':;", header.ptr[header.len - 1]) != NULL)
		header.len--;
	return token_is_valid(header) ? arena_text(loader->scratch, header)
				      : NULL;
}

/* False: not a token, which has been reported. */
static bool
check_header(struct loader *loader, const struct entry *entry,
	     struct slice header)
{
	if (token_is_valid(header))
		return true;
	loader_report(loader, SEVERITY_ERROR, entry->line, header, "header",
		      header_fix(loader, header), "header \"%s\": %s",
		      loader_quote(loader, header), not_a_token);
	return false;
}

/* Header names are kept in lower case, each once, as browsers send them. */
static void
header_add(struct loader *loader, struct items *items,
	   const struct entry *entry, struct slice header)
{
	char *lower = loader_array(loader, header.len, 1);

	if (lower == NULL)
		return;
	header = text_lower(lower, header);
	if (!items_have(items, header))
		items_add(loader, items, header, entry->line);
}

/* Chromium tried it in preflights, and removed it in 2025. */
static const struct slice private_network = {
    "access-control-request-private-network", 38};

static void
set_headers(struct loader *loader, void *target, const struct entry *entry)
{
	struct items *headers = &((struct cors_values *)target)->headers;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		if (slice_eq(item, SLICE("*"))) {
			headers->any = true;
		} else if (!check_header(loader, entry, item)) {
			continue;
		} else if (request_header_is_forbidden(item)) {
			header_error(loader, entry, item, "forbidden-header",
				     "no script can set it");
		} else if (slice_eq_nocase(item, private_network)) {
			loader_report(
			    loader, SEVERITY_WARNING, entry->line, item,
			    "useless-headers", NULL,
			    "header \"%s\": no browser sends it any more, and "
			    "corswrap does not respond to it",
			    loader_quote(loader, item));
		} else if (request_header_is_misplaced(item)) {
			header_error(
			    loader, entry, item, "prohibited-header",
			    "it belongs in responses, which corswrap sends; "
			    "\"headers\" names those of requests");
		} else {
			note_safelisted_header(loader, entry, item);
			header_add(loader, headers, entry, item);
		}
	}
}

static void
set_expose(struct loader *loader, void *target, const struct entry *entry)
{
	struct items *expose = &((struct cors_values *)target)->expose;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		if (slice_eq(item, SLICE("*")))
			expose->any = true;
		else if (!check_header(loader, entry, item))
			continue;
		else if (response_header_is_forbidden(item))
			header_error(loader, entry, item, "forbidden-header",
				     "no script can read it");
		else if (response_header_is_misplaced(item))
			header_error(
			    loader, entry, item, "prohibited-header",
			    "\"expose\" names headers of the application's "
			    "responses");
		else if (response_header_is_safelisted(item))
			note_safelisted_exposed(loader, entry, item);
		else
			header_add(loader, expose, entry, item);
	}
}

/* ---- numbers, paths, hosts ---- */

/* The nearest valid value for "10s", "-5" and "100000"; "": there is none. */
static void
max_age_fix(struct slice text, char *buf, size_t cap)
{
	uint64_t number = 0;

	buf[0] = '\0';
	if (text.len > 1 && text.ptr[0] == '-' &&
	    value_number(&value_count, slice_after(text, 1), &number))
		snprintf(buf, cap, "0");
	else if (!value_number(&value_duration, text, &number))
		return;
	else if (number / 1000 >= MAX_AGE_MOST)
		snprintf(buf, cap, "%d", MAX_AGE_MOST);
	else if (number % 1000 == 0)
		snprintf(buf, cap, "%llu", (unsigned long long)(number / 1000));
}

static void
set_max_age(struct loader *loader, void *target, const struct entry *entry)
{
	struct cors_values *values = target;
	uint64_t seconds;
	char fix[24];

	if (text_number(entry->value, MAX_AGE_MOST, &seconds)) {
		values->max_age = (long)seconds;
		return;
	}
	max_age_fix(entry->value, fix, sizeof(fix));
	loader_report(
	    loader, SEVERITY_ERROR, entry->line, entry->value, "max-age",
	    fix[0] == '\0' ? NULL : fix,
	    "\"max-age\" takes seconds from 0 to 86400, without a unit, not "
	    "\"%s\"",
	    loader_quote(loader, entry->value));
}

static void
set_status(struct loader *loader, void *target, const struct entry *entry)
{
	struct cors_values *values = target;
	uint64_t status;

	if (entry->value.len == 3 && text_number(entry->value, 299, &status) &&
	    status >= 200)
		values->preflight_status = (int)status;
	else
		loader_report(
		    loader, SEVERITY_ERROR, entry->line, entry->value, "status",
		    NULL,
		    "\"preflight-status\" takes a status from 200 to 299, not "
		    "\"%s\"; browsers refuse a preflight with any other",
		    loader_quote(loader, entry->value));
}

static void
set_path(struct loader *loader, void *target, const struct entry *entry)
{
	struct items *paths = &((struct cors_values *)target)->paths;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		const char *fix = fix_path(loader->scratch, item);

		if (path_pattern_valid(item) && fix == NULL) {
			if (!items_have(paths, item))
				items_add(loader, paths, item, entry->line);
			continue;
		}
		loader_report(
		    loader, SEVERITY_ERROR, entry->line, item, "path-pattern",
		    fix,
		    "path \"%s\": a path begins with \"/\", holds no \"//\", "
		    "\"/./\" or \"/../\", and \"*\" only at its end",
		    loader_quote(loader, item));
	}
}

static void
set_host(struct loader *loader, void *target, const struct entry *entry)
{
	struct items *hosts = &((struct cors_values *)target)->hosts;
	struct slice rest = entry->value, item;

	while (text_word_next(&rest, &item)) {
		if (host_pattern_valid(item)) {
			if (!items_have(hosts, item))
				items_add(loader, hosts, item, entry->line);
			continue;
		}
		loader_report(
		    loader, SEVERITY_ERROR, entry->line, item, "bad-value",
		    fix_host(loader->scratch, item),
		    "host \"%s\": a host is a name in lower case without port, "
		    "perhaps with \"*.\" in front",
		    loader_quote(loader, item));
	}
}

static const char *const preflight_words[] = {"answer", "forward", NULL};
static const char *const app_headers_words[] = {"override", "keep", NULL};
static const char *const enforce_words[] = {"advertise", "report",
					    "block-unsafe", "block", NULL};
static const char *const resource_words[] = {"same-origin", "same-site",
					     "cross-origin", NULL};
static const char *const isolate_words[] = {"no", "report", "yes", NULL};

#define OWN(function) .kind = VALUE_OWN, .set = function
#define LIST(function) OWN(function), .repeats = true
#define AT(member)                                                             \
	.offset = offsetof(struct cors_values, member),                        \
	.size = sizeof(((struct cors_values *)0)->member)
#define AT_NOT_INHERITED(member) .offset = offsetof(struct cors_values, member)

/* [cors NAME] inherits the keys that have a size.  The origins keys are
 * inherited together (sections.c); path, host and the allow-... keys never. */
const struct key keys_cors[] = {
    [CORS_ORIGINS] = {"origins", LIST(origins_set)},
    [CORS_ORIGINS_FILE] = {"origins-file", LIST(origins_set_file)},
    [CORS_ORIGINS_REGEX] = {"origins-regex", LIST(origins_set_regex)},
    [CORS_ORIGINS_ENV] = {"origins-env", OWN(origins_set_env)},
    [CORS_METHODS] = {"methods", LIST(set_methods), AT(methods)},
    [CORS_HEADERS] = {"headers", LIST(set_headers), AT(headers)},
    [CORS_EXPOSE] = {"expose", LIST(set_expose), AT(expose)},
    [CORS_CREDENTIALS] = {"credentials", VALUE_BOOLEAN, AT(credentials)},
    [CORS_MAX_AGE] = {"max-age", OWN(set_max_age), AT(max_age)},
    [CORS_PREFLIGHT] = {"preflight", VALUE_SWITCH, AT(forward_preflight),
			.words = preflight_words},
    [CORS_PREFLIGHT_STATUS] = {"preflight-status", OWN(set_status),
			       AT(preflight_status)},
    [CORS_ALLOW] = {"allow", LIST(set_allow), AT(allow)},
    [CORS_ENFORCE] = {"enforce", VALUE_CHOICE, AT(enforce),
		      .words = enforce_words},
    [CORS_TIMING] = {"timing", LIST(origins_set_timing), AT(timing)},
    [CORS_RESOURCE_POLICY] = {"resource-policy", VALUE_CHOICE,
			      AT(resource_policy), .words = resource_words,
			      .unset = true},
    [CORS_ISOLATE] = {"isolate", VALUE_CHOICE, AT(isolate),
		      .words = isolate_words},
    [CORS_APP_HEADERS] = {"app-headers", VALUE_SWITCH, AT(keep_app_headers),
			  .words = app_headers_words},
    [CORS_DEBUG] = {"debug", VALUE_BOOLEAN, AT(debug)},
    [CORS_ALLOW_NULL] = {"allow-null", VALUE_BOOLEAN,
			 AT_NOT_INHERITED(allow_null)},
    [CORS_ALLOW_INSECURE] = {"allow-insecure", VALUE_BOOLEAN,
			     AT_NOT_INHERITED(allow_insecure)},
    [CORS_ALLOW_PUBLIC_SUFFIX] = {"allow-public-suffix", VALUE_BOOLEAN,
				  AT_NOT_INHERITED(allow_public_suffix)},
    [CORS_PATH] = {"path", LIST(set_path), .named_only = true},
    [CORS_HOST] = {"host", LIST(set_host), .named_only = true},
    {0},
};
