/*
 * What the files of the loader share: a policy between its text and its
 * settings.  Private to policy_load.c, keys*.c, origins*.c, sections.c,
 * lint*.c.
 *
 * The passes: policy_load.c turns lines into sections of entries; keys*.c read
 * the entries' values; sections.c lets [cors NAME] inherit, tests what only the
 * whole can tell, and makes the specs; lint.c warns.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LOADER_H
#define LOADER_H

#include "policy/keys.h"
#include "policy/settings.h"

/* A line "key = value". */
struct entry {
	struct slice key;
	struct slice value;
	unsigned line;
};

struct section {
	enum section_kind kind;
	struct slice name; /* NAME of [cors NAME]; absent without */
	unsigned line;
	bool named;   /* [cors NAME], even if NAME was no good */
	bool guessed; /* its header is wrong, this is what was meant */
	bool stray;   /* stands twice, or nothing was meant: its keys are
			 checked and then forgotten */
	bool suspect; /* a line of it was lost: do not miss what it may have
			 said */
	struct entry *entries;
	size_t count;
	size_t cap;
};

/* A list of words and the lines they stand in. */
struct item {
	struct slice text;
	unsigned line;
};

struct items {
	struct item *list;
	size_t count;
	size_t cap;
	bool any; /* `*` is among them; it is not in the list */
};

struct origin_item {
	struct origin_pattern pattern;
	unsigned line;
};

/* An origins-file, read once however many sections name it. */
struct origins_file {
	const char *path; /* absolute */
	const char *name; /* in messages */
	struct slice text;
	struct origin_pattern *patterns;
	size_t count;
	size_t cap;
	/* Where origins_file_line was last, since lines are asked for in order
	 */
	size_t seen;
	unsigned seen_line;
};

struct file_item {
	struct origins_file *file;
	unsigned line;
};

struct regex_item {
	const struct regex *regex;
	struct slice text;
	unsigned line;
};

/*
 * The group of origins, origins-file and origins-regex of one section; a
 * section that sets none of them shares that of [cors].
 */
struct origins {
	unsigned any_line;  /* of `*`; 0: not there */
	unsigned null_line; /* of `null`; 0: not there */
	struct origin_item *items;
	size_t count;
	size_t cap;
	struct file_item *files;
	size_t file_count;
	size_t file_cap;
	struct regex_item *regexes;
	size_t regex_count;
	size_t regex_cap;
	bool faulty; /* some were wrong and are not here */
	/* origins_merge: what counts of items and files, shadowed ones left
	 * out; the first inline_count are of items */
	const struct origin_pattern *merged;
	size_t merged_count;
	size_t inline_count;
};

struct timing {
	enum policy_timing kind;
	struct items origins;
};

/* The keys of [cors] in the order of keys_cors. */
enum cors_key {
	CORS_ORIGINS,
	CORS_ORIGINS_FILE,
	CORS_ORIGINS_REGEX,
	CORS_METHODS,
	CORS_HEADERS,
	CORS_EXPOSE,
	CORS_CREDENTIALS,
	CORS_MAX_AGE,
	CORS_PREFLIGHT,
	CORS_PREFLIGHT_STATUS,
	CORS_ALLOW,
	CORS_ENFORCE,
	CORS_TIMING,
	CORS_APP_HEADERS,
	CORS_DEBUG,
	CORS_ALLOW_NULL,
	CORS_ALLOW_INSECURE,
	CORS_ALLOW_PUBLIC_SUFFIX,
	CORS_PATH,
	CORS_HOST
};

/* A [cors] section being read. */
struct draft {
	const struct section *section;
	const char *label;	  /* "[cors NAME]", for messages */
	unsigned lines[KEYS_MAX]; /* where its keys stand first, 0: nowhere */
	struct origins *origins;
	struct items methods;
	struct items headers;
	struct items expose;
	struct items allow;
	struct items paths;
	struct items hosts;
	struct timing timing;
	long max_age;
	int preflight_status;
	enum policy_enforce enforce;
	bool credentials;
	bool forward_preflight;
	bool keep_app_headers;
	bool debug;
	bool allow_null;
	bool allow_insecure;
	bool allow_public_suffix;
};

struct loader {
	struct settings *settings;
	struct arena *arena;   /* of the settings */
	struct arena *scratch; /* gone when the load is done */
	struct diag_list *diags;
	const struct load_options *options;
	const char *file;   /* in messages */
	const char *prefix; /* of relative names in messages: file's folder with
			       its '/', or "" */
	bool in_memory;	    /* settings_parse: open nothing */
	struct section *sections;
	size_t count;
	size_t cap;
	bool suspect; /* a section was lost */
	struct draft
	    *drafts; /* [cors] sections that are not stray, [cors] first */
	size_t draft_count;
	const struct draft *base; /* [cors], if there is one */
	/* keys of [app] and [server], by their place in the table */
	unsigned app_lines[KEYS_MAX];
	unsigned server_lines[KEYS_MAX];
	struct origins_file **files;
	size_t file_count;
	size_t file_cap;
};

enum { QUOTE_MAX = 100 };

/* Memory of the settings, and memory until the load is done.  NULL has been
 * reported: the load fails. */
void *loader_array(struct loader *, size_t count, size_t size);
void *loader_scratch(struct loader *, size_t count, size_t size);
/* Make room for one more after count elements of *list (a pointer to scratch
 * memory); false: no memory, reported. */
bool loader_grow(struct loader *, void *list, size_t count, size_t *cap,
		 size_t size);

/* The list in the settings' memory, with room for one more after its count
 * elements; only for lists that were made by this alone.  NULL: no memory. */
void *loader_list(struct loader *, const void *list, size_t count, size_t size);

/* An error, a warning, a note in a line of the policy; warnings and notes are
 * only made if the options ask for them. */
void loader_error(struct loader *, unsigned line, const char *id,
		  const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void loader_warn(struct loader *, unsigned line, const char *id,
		 const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void loader_note(struct loader *, unsigned line, const char *id,
		 const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* diag_quote in the list of the load. */
const char *loader_quote(struct loader *, struct slice);
/* An absolute path of one that may be relative to the policy's folder. */
const char *loader_path(struct loader *, struct slice);
/* The words of a program with an absolute path in front. */
char *const *loader_program(struct loader *, char *const *words);
void loader_no_memory(struct loader *);
/* Remember a file with these bytes so that its change is seen. */
bool loader_source(struct loader *, const char *path, const struct stat *,
		   struct slice bytes);

/* keys_read.c: read every entry of a section of keys; lines[] is where each
 * key stood first. */
void keys_read(struct loader *, struct section *, const struct key *table,
	       void *target, unsigned lines[KEYS_MAX]);
/* An entry whose name is no key of its section. */
void keys_unknown(struct loader *, struct section *, const struct entry *);
/* One value by its kind. */
void keys_value(struct loader *, const struct key *, void *target,
		const struct entry *);
/* Put the words of a list behind those that are there. */
bool items_add(struct loader *, struct items *, struct slice, unsigned line);
bool items_have(const struct items *, struct slice);
/* As a name_list, for a spec. */
struct name_list items_names(struct loader *, const struct items *);

/* keys_app.c */
void app_read(struct loader *);

/* app_check.c: what only [app] and [server] as a whole can tell */
void app_check(struct loader *);
/* COMMAND of the command line beats `exec` and `forward`. */
void app_command(struct loader *);

/* keys_env.c: [env] and [handlers] */
void env_section_read(struct loader *, struct section *);
void handlers_section_read(struct loader *, struct section *);

/* sections.c: read [cors] sections into drafts, inheritance done */
void cors_read(struct loader *);
/* Drafts without error into specs of the settings; false: no memory. */
bool cors_finish(struct loader *);
/* Has the section origins, so that it covers requests? */
bool origins_any(const struct origins *);

/* origins.c: the values of the three origins keys */
void origins_take(struct loader *, void *draft, const struct entry *);
void origins_file_take(struct loader *, void *draft, const struct entry *);
void origins_regex_take(struct loader *, void *draft, const struct entry *);
void timing_take(struct loader *, void *draft, const struct entry *);
/* Report what is wrong with an origin; NULL: the line is of the policy. */
void origins_fault(struct loader *, const struct origins_file *, unsigned line,
		   struct slice text, enum origin_fault);
/* Parse, and ask libidn2 about A-labels. */
enum origin_fault origins_parse(struct slice, struct origin_pattern *);
/* Leave out what is shadowed, and warn of it. */
void origins_merge(struct loader *, struct origins *);

/* origins_file.c: the file of that path, read and parsed; NULL: reported in
 * that line of the policy. */
struct origins_file *origins_file_load(struct loader *, struct slice path,
				       unsigned line);
unsigned origins_file_line(struct origins_file *, const char *at);

/* origin_fix.c: the corrected text of an origin, or NULL. */
const char *origin_fix(struct arena *, struct slice);
/* The same as https. */
const char *origin_fix_secure(struct arena *, const struct origin_pattern *);

/* place_fix.c: the corrected text of a `path` or `host`; NULL: it is right as
 * it is, or cannot be mended. */
const char *path_fix(struct arena *, struct slice);
const char *host_fix(struct arena *, struct slice);

/* conflicts.c: what the values of a section say together */
void conflicts_check(struct loader *);
/* Subdomains of a public suffix? */
bool origin_is_suffix(const struct origin_pattern *);

/* lint.c: warnings and notes */
void lint_plain_method(struct loader *, const struct entry *, struct slice);
void lint_method_case(struct loader *, const struct entry *, struct slice);
void lint_plain_header(struct loader *, const struct entry *, struct slice);
void lint_plain_exposed(struct loader *, const struct entry *, struct slice);
void lint_sections(struct loader *);
void lint_file_mode(struct loader *, const char *name, const struct stat *);
/* What the policy's place lets others do; of a policy in a file alone. */
void lint_place(struct loader *);

#endif
