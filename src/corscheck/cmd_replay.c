/*
 * corscheck replay: the responses that a policy would have given to the
 * requests of a log, or the requests for which two policies differ.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"
#include "cors/decide.h"
#include "cors/path.h"
#include "corscheck/input.h"
#include "corscheck/log_read.h"
#include "corscheck/tally.h"

enum { POLICIES_MAX = 2, GROUPS_SHOWN = 50, PATH_ROOM = 1 << 16 };

/* Requests with the same response. */
struct group {
	uint64_t count;
	struct slice uri; /* one of them */
	bool same;	  /* both policies agree */
};

struct replay {
	struct arena *arena;
	struct settings *policies[POLICIES_MAX];
	size_t policy_count;
	struct regex_scratch *scratch;
	struct tally keys;
	struct group *groups;
	size_t room;
	struct log_counts counts;
	uint64_t guessed; /* preflights whose line does not have the requested
			     method and headers */
	uint64_t different;
	bool no_memory;
	struct cors_decision decision;
	char path[PATH_ROOM];
};

/* ---- one request ---- */

static bool
is_preflight(const struct log_entry *entry)
{
	return slice_eq(entry->method, SLICE("OPTIONS")) &&
	       slice_present(entry->origin);
}

static void
make_request(struct replay *replay, const struct log_entry *entry,
	     struct request *request)
{
	*request =
	    (struct request){.method = entry->method,
			     .uri = entry->uri,
			     .host = entry->host,
			     .origin = entry->origin,
			     .origin_count = slice_present(entry->origin)};
	if (!is_preflight(entry))
		return;
	request->acrm = entry->asked_method;
	if (!slice_present(request->acrm)) {
		/* Then only the origin decides. */
		request->acrm = SLICE("GET");
		replay->guessed++;
	}
	request->acrm_count = 1;
	request->acrh[0] = entry->asked_headers;
	request->acrh_count = slice_present(entry->asked_headers);
}

/* The result in a few words, as a literal. */
static const char *
outcome(const struct cors_decision *d)
{
	if (d->policy == NULL)
		return d->verdict == CORS_BAD_PATH ? "400, a path that servers "
						     "read in two ways"
						   : "no policy";
	switch (d->verdict) {
	case CORS_BLOCK:
		return "403, blocked";
	case CORS_REFUSE_METHOD:
		return "405";
	case CORS_REFUSE_PREFLIGHT:
		return cors_reason_id(d->reason);
	default:
		break;
	}
	if (d->refused)
		return cors_reason_id(d->reason);
	if (!d->has_origin)
		return "no Origin";
	return d->origin_allowed ? "allowed" : "not readable";
}

static const char *
decide(struct replay *replay, size_t policy, const struct request *request)
{
	const struct policy_set *set = replay->policies[policy]->policies;
	struct slice path = SLICE_NONE;

	if (set->uses_paths && path_room(request) <= PATH_ROOM)
		path = path_normalize(request, replay->path, PATH_ROOM);
	decide_request(set, request, path, replay->scratch, &replay->decision);
	return outcome(&replay->decision);
}

/* ---- groups ---- */

static void
add(struct replay *replay, const struct log_entry *entry, struct slice key,
    bool same)
{
	bool added;
	size_t place = tally_place(&replay->keys, key, &added);

	if (place == TALLY_NONE ||
	    !array_grow(&replay->groups, place, &replay->room,
			sizeof(*replay->groups))) {
		replay->no_memory = true;
		return;
	}
	if (added)
		replay->groups[place] = (struct group){
		    .uri = arena_slice(replay->arena, entry->uri),
		    .same = same};
	replay->groups[place].count++;
}

static bool
take(void *ctx, const struct log_entry *entry)
{
	struct replay *replay = ctx;
	const char *first, *second = NULL;
	struct request request;
	enum { KEY_MAX = 1024, SHOWN = 120 };
	char key[KEY_MAX], origin[TEXT_QUOTED_ROOM(SHOWN)];
	char method[TEXT_QUOTED_ROOM(SHOWN)];

	make_request(replay, entry, &request);
	first = decide(replay, 0, &request);
	if (replay->policy_count > 1)
		second = decide(replay, 1, &request);
	bool same = second == NULL || strcmp(first, second) == 0;
	replay->different += !same;
	if (second != NULL && same)
		return true;
	struct slice text = entry->origin;
	text.len = text.len > SHOWN ? SHOWN : text.len;
	text_quote(text, "", origin, sizeof(origin));
	text = is_preflight(entry) ? request.acrm : entry->method;
	text.len = text.len > SHOWN ? SHOWN : text.len;
	text_quote(text, "", method, sizeof(method));
	int len = snprintf(key, sizeof(key), "%s%s %s: %s%s%s",
			   is_preflight(entry) ? "preflight of " : "", method,
			   origin[0] == '\0' ? "without Origin" : origin, first,
			   second == NULL ? "" : " -> ",
			   second == NULL ? "" : second);
	add(replay, entry,
	    slice_of(key, (size_t)(len < KEY_MAX ? len : KEY_MAX - 1)), same);
	return !replay->no_memory;
}

/* ---- printing ---- */

static void
print_groups(const struct replay *replay, struct tally_rank *ranked)
{
	size_t count = replay->keys.count;
	enum { SHOWN = 80 };

	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct tally_rank){replay->groups[i].count, i};
	tally_sort(ranked, count);
	for (size_t i = 0; i < count && i < GROUPS_SHOWN; i++) {
		const struct group *group = &replay->groups[ranked[i].place];
		char uri[TEXT_QUOTED_ROOM(SHOWN)];
		struct slice text = group->uri;
		text.len = text.len > SHOWN ? SHOWN : text.len;
		text_quote(text, "", uri, sizeof(uri));
		printf("%9" PRIu64 "  %s  (%s)\n", group->count,
		       replay->keys.keys[ranked[i].place].ptr, uri);
	}
	if (count > GROUPS_SHOWN)
		printf("... and %zu more of these\n",
		       count - (size_t)GROUPS_SHOWN);
}

static void
say_counts(const struct replay *replay)
{
	const struct log_counts *counts = &replay->counts;

	if (counts->without > 0)
		fprintf(stderr,
			"corscheck: replay: %" PRIu64
			" lines have no place for Origin\n",
			counts->without);
	if (replay->guessed > 0)
		fprintf(stderr,
			"corscheck: replay: %" PRIu64
			" preflights do not say what they requested: only the "
			"origin was judged\n",
			replay->guessed);
	if (replay->policy_count > 1)
		printf("%" PRIu64 " of %" PRIu64
		       " requests get different responses\n",
		       replay->different, counts->requests);
	else
		printf("%" PRIu64 " requests\n", counts->requests);
}

/* ---- the command ---- */

static int
replay_files(struct replay *replay, int count, char **names)
{
	if (!log_read_all("replay", count, names, &replay->counts, take,
			  replay))
		return CHECK_USAGE;
	struct tally_rank *ranked =
	    calloc(replay->keys.count + 1, sizeof(*ranked));
	if (ranked == NULL || arena_failed(replay->arena)) {
		free(ranked);
		return command_no_memory();
	}
	print_groups(replay, ranked);
	free(ranked);
	say_counts(replay);
	return replay->different > 0 ? CHECK_BAD : CHECK_GOOD;
}

static bool
load_policies(struct replay *replay, char **names)
{
	const struct load_options load = {.use = LOAD_LINT};
	struct input input = {.arena = replay->arena};
	bool regexes = false;

	for (size_t i = 0; i < replay->policy_count; i++) {
		replay->policies[i] =
		    input_settings_or_print(&input, names[i], &load);
		if (replay->policies[i] == NULL)
			return false;
		regexes |= replay->policies[i]->policies->uses_regexes;
	}
	if (regexes && (replay->scratch = regex_scratch_new()) == NULL) {
		(void)command_no_memory();
		return false;
	}
	return true;
}

static int
run_replay(size_t policy_count, char **policies, int count, char **logs)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int status = CHECK_USAGE;

	if (replay == NULL)
		return command_no_memory();
	replay->arena = replay->keys.arena = arena_new();
	replay->policy_count = policy_count;
	if (replay->arena == NULL)
		status = command_no_memory();
	else if (load_policies(replay, policies))
		status = replay_files(replay, count, logs);
	for (size_t i = 0; i < policy_count; i++)
		settings_release(replay->policies[i]);
	regex_scratch_free(replay->scratch);
	tally_free(&replay->keys);
	free(replay->groups);
	arena_free(replay->arena);
	free(replay);
	return status;
}

int
replay_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"policy", required_argument, NULL, 'p'},
	    {NULL, 0, NULL, 0},
	};
	char *policies[POLICIES_MAX];
	size_t count = 0;
	int letter;

	while ((letter = getopt_long(argc, argv, "hp:", options, NULL)) != -1) {
		if (letter != 'p' || count == POLICIES_MAX)
			return command_usage(command, letter == 'h');
		policies[count++] = optarg;
	}
	if (count == 0 || optind == argc)
		return command_usage(command, 0);
	return run_replay(count, policies, argc - optind, argv + optind);
}
