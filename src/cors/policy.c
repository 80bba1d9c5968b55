/*
 * Preparing policies at load time, and choosing one for each request.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "cors/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cors/path.h"
#include "cors/private.h"

bool
name_list_has(const struct name_list *list, struct slice name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_eq(list->names[i], name))
			return true;
	return false;
}

bool
name_list_complete_allow(struct arena *arena, struct name_list *list)
{
	bool options = name_list_has(list, SLICE("OPTIONS"));
	bool head = name_list_has(list, SLICE("HEAD")) ||
		    !name_list_has(list, SLICE("GET"));
	struct slice *names;

	if (options && head)
		return true;
	names = arena_array(arena, list->count + 2, sizeof(*names));
	if (names == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++)
		names[i] = list->names[i];
	if (!head)
		names[list->count++] = SLICE("HEAD");
	if (!options)
		names[list->count++] = SLICE("OPTIONS");
	list->names = names;
	return true;
}

/* The line "Name: first,a,b\r\n" in the arena; first may be empty.  Absent: out
 * of memory. */
static struct slice
list_line(struct arena *arena, struct slice name, struct slice first,
	  const struct slice *items, size_t count)
{
	size_t len = name.len + first.len + 4;
	char *line, *end;

	for (size_t i = 0; i < count; i++)
		len += items[i].len + 1;
	line = end = arena_alloc(arena, len + 1);
	if (line == NULL)
		return SLICE_NONE;
	end = text_append(end, name);
	end = text_append(end, SLICE(": "));
	end = text_append(end, first);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 || first.len > 0)
			*end++ = ',';
		end = text_append(end, items[i]);
	}
	end = text_append(end, SLICE("\r\n"));
	return slice_of(line, (size_t)(end - line));
}

/* The line of a list; absent: the list is empty.  *ok becomes false if memory
 * is exhausted. */
static struct slice
names_line(struct arena *arena, const char *name, const struct name_list *list,
	   bool star, bool *ok)
{
	struct slice first = star && list->any ? SLICE("*") : SLICE("");
	struct slice line;

	if (list->count == 0 && first.len == 0)
		return SLICE_NONE;
	line =
	    list_line(arena, slice_from(name), first, list->names, list->count);
	*ok = *ok && slice_present(line);
	return line;
}

/* A hash table, so that the time of a lookup does not grow with the list. */
static bool
hash_names(struct arena *arena, const struct name_list *list,
	   struct header_lines *lines)
{
	size_t size = 4;
	struct slice *table;

	while (size / 2 < list->count)
		size *= 2;
	table = arena_array(arena, size, sizeof(*table));
	if (table == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		struct slice name = list->names[i];
		size_t at = policy_name_hash(name.ptr, name.len);
		while (slice_present(table[at & (size - 1)]))
			at++;
		table[at & (size - 1)] = name;
	}
	lines->names = table;
	lines->names_mask = size - 1;
	return true;
}

static struct slice
max_age_line(struct arena *arena, long seconds)
{
	char digits[TEXT_DECIMAL_MAX];
	struct slice value =
	    slice_of(digits, text_put_decimal(digits, (uint64_t)seconds));

	return list_line(arena, SLICE("Access-Control-Max-Age"), SLICE(""),
			 &value, 1);
}

static struct slice
resource_line(enum policy_resource resource)
{
	switch (resource) {
	case RESOURCE_NONE:
		break;
	case RESOURCE_SAME_ORIGIN:
		return SLICE("Cross-Origin-Resource-Policy: same-origin\r\n");
	case RESOURCE_SAME_SITE:
		return SLICE("Cross-Origin-Resource-Policy: same-site\r\n");
	case RESOURCE_CROSS_ORIGIN:
		return SLICE("Cross-Origin-Resource-Policy: cross-origin\r\n");
	}
	return SLICE_NONE;
}

static struct header_lines *
lines_build(struct arena *arena, const struct policy_spec *spec)
{
	struct header_lines *lines = arena_alloc(arena, sizeof(*lines));
	bool ok = lines != NULL;
	bool star = !spec->credentials; /* Fetch: `*` is literal with them */

	if (!ok)
		return NULL;
	/* With credentials `*` is literal: the requested name is echoed. */
	if (!spec->methods.any || star)
		lines->methods =
		    names_line(arena, "Access-Control-Allow-Methods",
			       &spec->methods, star, &ok);
	if (!spec->headers.any || star)
		lines->headers =
		    names_line(arena, "Access-Control-Allow-Headers",
			       &spec->headers, star, &ok);
	lines->headers_named = names_line(arena, "Access-Control-Allow-Headers",
					  &spec->headers, false, &ok);
	lines->expose = names_line(arena, "Access-Control-Expose-Headers",
				   &spec->expose, star, &ok);
	if (spec->has_allow)
		lines->allow =
		    names_line(arena, "Allow", &spec->allow, false, &ok);
	lines->resource = resource_line(spec->resource_policy);
	if (spec->timing == TIMING_ANY)
		lines->timing = SLICE("Timing-Allow-Origin: *\r\n");
	else if (spec->timing == TIMING_LIST)
		lines->timing = names_line(arena, "Timing-Allow-Origin",
					   &spec->timing_origins, false, &ok);
	if (spec->max_age >= 0) {
		lines->max_age = max_age_line(arena, spec->max_age);
		ok = ok && slice_present(lines->max_age);
	}
	ok = ok && hash_names(arena, &spec->headers, lines);
	return ok ? lines : NULL;
}

static struct policy *
policy_build(struct arena *arena, const struct policy_spec *spec,
	     unsigned index)
{
	struct policy *policy = arena_alloc(arena, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	policy->spec = *spec;
	policy->index = index;
	/* The loader refuses these combinations.  In case it misses one, do not
	 * let any site use the user's cookies. */
	if (spec->no_origin) {
		policy->spec.any_origin = policy->spec.null_origin = false;
		policy->spec.origin_count = policy->spec.regex_count = 0;
		policy->spec.keep_app_headers = false;
	}
	if (policy->spec.any_origin)
		policy->spec.credentials = false;
	if (policy->spec.credentials)
		policy->spec.null_origin = false;
	policy->origins =
	    origin_set_build(arena, spec->origins, policy->spec.origin_count,
			     spec->regexes, policy->spec.regex_count);
	policy->lines = lines_build(arena, &policy->spec);
	return policy->origins == NULL || policy->lines == NULL ? NULL : policy;
}

/* ---- choosing ---- */

/* In the order in which they are tried. */
enum host_class { HOST_EXACT, HOST_WILDCARD, HOST_NONE };

/* A policy for a host.  Its paths are compared after the host. */
struct host_rule {
	enum host_class class;
	struct slice host;
	const struct policy *policy;
};

struct policy_choice {
	const struct host_rule *rules; /* sorted by compare_rules */
	size_t count;
	size_t exact; /* how many of them are HOST_EXACT; they come first */
	bool uses_hosts;
};

/* Exact hosts sorted by bytes, then wildcards from the longest to the shortest,
 * then no host; so rules with the same host are adjacent. */
static int
compare_hosts(const void *left, const void *right)
{
	const struct host_rule *a = left, *b = right;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->class == HOST_WILDCARD && a->host.len != b->host.len)
		return a->host.len > b->host.len ? -1 : 1;
	return slice_compare(a->host, b->host);
}

/* Rules with the same host by name, so the order in the file does not
 * matter. */
static int
compare_rules(const void *left, const void *right)
{
	const struct host_rule *a = left, *b = right;
	int order = compare_hosts(a, b);

	return order != 0
		   ? order
		   : slice_compare(a->policy->spec.name, b->policy->spec.name);
}

static enum host_class
class_of_host(struct slice host)
{
	return slice_starts(host, SLICE("*.")) ? HOST_WILDCARD : HOST_EXACT;
}

static size_t
add_rules(struct host_rule *rules, size_t n, const struct policy *policy)
{
	const struct policy_spec *spec = &policy->spec;

	/* A NAME without host and path is chosen by CORSWRAP_POLICY only. */
	if (spec->name.len > 0 && spec->path_count == 0 &&
	    spec->host_count == 0)
		return n;
	for (size_t i = 0; i < spec->host_count; i++)
		rules[n++] = (struct host_rule){class_of_host(spec->hosts[i]),
						spec->hosts[i], policy};
	if (spec->host_count == 0)
		rules[n++] = (struct host_rule){HOST_NONE, SLICE(""), policy};
	return n;
}

static struct policy_choice *
choice_build(struct arena *arena, const struct policy_set *set)
{
	struct policy_choice *choice = arena_alloc(arena, sizeof(*choice));
	struct host_rule *rules;
	size_t room = 0;

	for (size_t i = 0; i < set->count; i++)
		room += set->policies[i]->spec.host_count + 1;
	rules = arena_array(arena, room, sizeof(*rules));
	if (choice == NULL || rules == NULL)
		return NULL;
	for (size_t i = 0; i < set->count; i++)
		choice->count =
		    add_rules(rules, choice->count, set->policies[i]);
	qsort(rules, choice->count, sizeof(*rules), compare_rules);
	for (size_t i = 0; i < choice->count; i++) {
		choice->exact += rules[i].class == HOST_EXACT;
		choice->uses_hosts =
		    choice->uses_hosts || rules[i].class != HOST_NONE;
	}
	choice->rules = rules;
	return choice;
}

struct policy_set *
policy_set_build(struct arena *arena, const struct policy_spec *specs,
		 size_t count)
{
	struct policy_set *set = arena_alloc(arena, sizeof(*set));
	const struct policy **policies =
	    arena_array(arena, count, sizeof(*policies));

	if (set == NULL || policies == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		policies[i] = policy_build(arena, &specs[i], (unsigned)i);
		if (policies[i] == NULL)
			return NULL;
		set->uses_paths = set->uses_paths || specs[i].path_count > 0;
		set->uses_regexes =
		    set->uses_regexes || specs[i].regex_count > 0;
	}
	set->policies = policies;
	set->count = count;
	set->choice = choice_build(arena, set);
	return set->choice == NULL ? NULL : set;
}

/*
 * How well the paths of a policy match: 0: not at all; 1: it has no paths; more
 * for longer globs, and most for an exact path.
 */
static size_t
path_rank(const struct policy_spec *spec, struct slice path)
{
	size_t best = 0;

	if (spec->path_count == 0)
		return 1;
	/* policy_choose has checked that the path is not absent. */
	for (size_t i = 0; i < spec->path_count; i++) {
		struct slice p = spec->paths[i];
		bool glob = p.len > 0 && p.ptr[p.len - 1] == '*';
		size_t rank = glob ? p.len + 1 : SIZE_MAX;
		if (rank > best && path_pattern_match(p, path))
			best = rank;
	}
	return best;
}

/* The rules of one host whose paths match best. */
struct found {
	const struct host_rule *first; /* NULL: no rule matches */
	size_t rank;
	size_t count; /* more than 1: POLICY_EQUALS */
};

static struct found
best_of_host(const struct policy_choice *choice, size_t at, struct slice path)
{
	const struct host_rule *host = &choice->rules[at];
	struct found found = {NULL, 0, 0};

	for (; at < choice->count; at++) {
		const struct host_rule *rule = &choice->rules[at];
		if (compare_hosts(host, rule) != 0)
			break;
		size_t rank = path_rank(&rule->policy->spec, path);
		if (rank > found.rank)
			found = (struct found){rule, rank, 1};
		else if (rank > 0 && rank == found.rank)
			found.count++;
	}
	return found;
}

/* The first rule of the exact host, or the place where it would be. */
static size_t
find_exact(const struct policy_choice *choice, struct slice host)
{
	size_t low = 0, high = choice->exact;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (slice_compare(choice->rules[middle].host, host) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The order is: exact host, longest wildcard host, no host; for the same host:
 * exact path, longest glob, no path.  If no section with a host has a matching
 * path, the next host that matches is tried.
 */
static struct found
find_by_host(const struct policy_choice *choice, struct slice host,
	     struct slice path)
{
	struct found found = {NULL, 0, 0};
	size_t at =
	    slice_present(host) ? find_exact(choice, host) : choice->exact;

	if (at < choice->exact && slice_eq(choice->rules[at].host, host))
		found = best_of_host(choice, at, path);
	for (at = choice->exact; found.first == NULL && at < choice->count;
	     at++) {
		const struct host_rule *rule = &choice->rules[at];
		if (at > choice->exact && compare_hosts(rule - 1, rule) == 0)
			continue; /* the first rule of this host did it */
		if (rule->class == HOST_NONE ||
		    host_pattern_match(rule->host, host))
			found = best_of_host(choice, at, path);
	}
	return found;
}

/* False: the host is ambiguous. */
static bool
find_by_request(const struct policy_set *set, const struct request *request,
		struct slice path, struct found *out)
{
	char buf[ORIGIN_HOST_MAX + 1];
	struct slice host = SLICE_NONE;

	if (set->choice->uses_hosts) {
		host = host_normalize(request, buf, sizeof(buf));
		if (!host_is_clear(request, host))
			return false;
	}
	*out = find_by_host(set->choice, host, path);
	return true;
}

static const struct policy *
choose_by_name(const struct policy_set *set, struct slice name)
{
	for (size_t i = 0; i < set->count; i++)
		if (slice_eq(set->policies[i]->spec.name, name))
			return set->policies[i];
	return NULL;
}

enum policy_chosen
policy_choose(const struct policy_set *set, const struct request *request,
	      struct slice path, const struct policy **out)
{
	struct found found;

	*out = NULL;
	if (set->uses_paths && !slice_present(path))
		return POLICY_BAD_PATH;
	/* RFC 3875, 4.1: an empty variable is the same as a missing one. */
	if (request->policy_name.len > 0) {
		*out = choose_by_name(set, request->policy_name);
		return *out == NULL ? POLICY_UNKNOWN : POLICY_CHOSEN;
	}
	if (!find_by_request(set, request, path, &found))
		return POLICY_BAD_HOST;
	if (found.first == NULL)
		return POLICY_NONE;
	*out = found.first->policy;
	return found.count > 1 ? POLICY_EQUALS : POLICY_CHOSEN;
}

/* ---- choosing between equals ---- */

static enum origin_match
match_origin(const struct policy *policy, const struct request *request,
	     struct regex_scratch *scratch)
{
	if (policy->spec.any_origin)
		return ORIGIN_BY_ANY;
	if (request->origin_count != 1)
		return ORIGIN_BY_NONE;
	if (slice_eq(request->origin, SLICE("null")))
		return policy->spec.null_origin ? ORIGIN_EXACTLY
						: ORIGIN_BY_NONE;
	return origin_set_match(policy->origins, request->origin, scratch);
}

/* Is a preferred to b? */
static bool
is_closer(const struct policy_equal *a, const struct policy_equal *b)
{
	if (a->match != b->match)
		return a->match > b->match;
	return !a->policy->spec.credentials && b->policy->spec.credentials;
}

size_t
policy_equals(const struct policy_set *set, const struct request *request,
	      struct slice path, struct regex_scratch *scratch,
	      struct policy_equal *out, size_t max)
{
	const struct host_rule *rule;
	struct found found = {NULL, 0, 0};
	size_t n = 0;

	/* policy_choose has checked the host. */
	(void)find_by_request(set, request, path, &found);
	rule = found.first;
	for (size_t left = found.count; left > 0; rule++) {
		struct policy_equal equal = {rule->policy, ORIGIN_BY_NONE};
		if (path_rank(&rule->policy->spec, path) != found.rank)
			continue;
		left--;
		equal.match = match_origin(rule->policy, request, scratch);
		if (n > 0 && is_closer(&equal, &out[0])) {
			struct policy_equal other = out[0];
			out[0] = equal;
			equal = other;
		}
		if (n < max)
			out[n++] = equal;
	}
	return n;
}

static bool
same_names(const struct name_list *a, const struct name_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!name_list_has(b, a->names[i]))
			return false;
	return true;
}

const char *
policy_spec_differs(const struct policy_spec *a, const struct policy_spec *b)
{
	const struct {
		const char *key;
		bool differs;
	} keys[] = {
	    {"preflight", a->forward_preflight != b->forward_preflight},
	    {"preflight-status", a->preflight_status != b->preflight_status},
	    {"allow", !same_names(&a->allow, &b->allow)},
	    {"enforce", a->enforce != b->enforce},
	    {"resource-policy", a->resource_policy != b->resource_policy},
	    {"isolate", a->isolate != b->isolate},
	    {"app-headers", a->keep_app_headers != b->keep_app_headers},
	    {"debug", a->debug != b->debug},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].differs)
			return keys[i].key;
	return NULL;
}

/* Do both lists have a pattern (*out) in common, or are both empty? */
static bool
have_common(const struct slice *a, size_t a_count, const struct slice *b,
	    size_t b_count, struct slice *out)
{
	*out = SLICE_NONE;
	if (a_count == 0 && b_count == 0)
		return true;
	for (size_t i = 0; i < a_count; i++)
		for (size_t j = 0; j < b_count; j++)
			if (slice_eq(a[i], b[j])) {
				*out = a[i];
				return true;
			}
	return false;
}

/*
 * Different patterns of the same rank never match the same request: two globs
 * of the same length that match it are equal, and so are two exact paths.
 */
bool
policy_spec_ties(const struct policy_spec *a, const struct policy_spec *b,
		 struct slice *path, struct slice *host)
{
	*path = *host = SLICE_NONE;
	/* [cors] has neither; a NAME that has neither is only chosen by name.
	 */
	if (a->path_count + a->host_count == 0 ||
	    b->path_count + b->host_count == 0)
		return false;
	return have_common(a->paths, a->path_count, b->paths, b->path_count,
			   path) &&
	       have_common(a->hosts, a->host_count, b->hosts, b->host_count,
			   host);
}
