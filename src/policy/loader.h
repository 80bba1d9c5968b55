/*
 * The loader's own structures: a policy between its text and its settings.
 * Private to src/policy.
 *
 * The passes: policy_load.c turns lines into sections of entries; sections.c
 * reads the values of each section (keys*.c, origins*.c) and lets [cors NAME]
 * inherit; check_*.c report conflicts; lint.c warns;
 * sections.c makes the specs that policies are built from.
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
	unsigned key_column; /* from 1 */
	unsigned value_column;
};

struct section {
	enum section_kind kind;
	struct slice name; /* NAME of [cors NAME]; absent without */
	unsigned line;
	struct text_place header; /* "[cors NAME]" */
	bool named;	 /* [cors NAME], even if NAME is invalid */
	bool guessed;	 /* its header is wrong; kind and name are guessed */
	bool ignored;	 /* a duplicate, or its kind could not be guessed: its
			    keys are checked, its values are not used */
	bool incomplete; /* one of its lines is invalid, and may have set a key
			    that seems to be missing */
	struct entry *entries;
	size_t count;
	size_t room;
};

/* A list of words and the lines that they are in. */
struct item {
	struct slice text;
	unsigned line;
};

struct items {
	struct item *list;
	size_t count;
	size_t room;
	bool any; /* `*` is one of them; it is not in the list */
};

struct origin_item {
	struct origin_pattern pattern;
	unsigned line;
};

/* An origins-file, read only once, even if several sections name it; or the
 * value of the variable of an origins-env. */
struct origins_file {
	const char *variable; /* its name; NULL: a file */
	unsigned policy_line; /* of the origins-env */
	const char *path; /* absolute */
	const char *name; /* in messages */
	struct slice text;
	struct origin_pattern *patterns;
	size_t count;
	/* The last position of origins_file_place, the start of a line: it is
	 * called for words in order. */
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
	/* check_regexes: an origin of another person that it matches, and one
	 * that any person can have under a public suffix; NULL: not found */
	bool examined;
	const char *any;
	const char *suffix;
	bool any_by_dots; /* only because a '.' is not escaped */
	bool never;	  /* no origin can match */
};

/*
 * The group of origins, origins-file, origins-regex and origins-env of one
 * section; a section without these keys shares that of [cors].
 */
struct origins {
	unsigned any_line;  /* of `*`; 0: not there */
	unsigned null_line; /* of `null`; 0: not there */
	unsigned none_line; /* of `none`; 0: not there */
	struct origin_item *items;
	size_t count;
	size_t room;
	struct file_item *files;
	size_t file_count;
	size_t file_room;
	struct regex_item *regexes;
	size_t regex_count;
	size_t regex_room;
	bool faulty; /* some were invalid and are left out */
	/* origins_merge: the patterns of items and files without shadowed
	 * ones; the first inline_count are from items */
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
	CORS_ORIGINS_ENV,
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
	CORS_RESOURCE_POLICY,
	CORS_ISOLATE,
	CORS_APP_HEADERS,
	CORS_DEBUG,
	CORS_ALLOW_NULL,
	CORS_ALLOW_INSECURE,
	CORS_ALLOW_PUBLIC_SUFFIX,
	CORS_PATH,
	CORS_HOST
};

/*
 * The values of a section, in the structure that its table of keys has offsets
 * into (keys.h).  lines[]: where each key is first set, 0: nowhere.
 */
struct app_values {
	struct app app;
	unsigned lines[KEYS_MAX];
	struct address *forward;
	size_t forward_room;
	const char **root;
	size_t root_room;
};

struct server_values {
	struct server server;
	unsigned lines[KEYS_MAX];
	struct network *peers;
	size_t peer_room;
	struct network *status_clients;
	size_t status_client_room;
};

struct warm_values {
	struct warm_policy warm;
	unsigned lines[KEYS_MAX];
	struct items scripts;
	struct items load;
	struct items watch;
};

/* Of [cors] or [cors NAME]. */
struct cors_values {
	const struct section *section;
	const char *label; /* "[cors NAME]", for messages */
	unsigned lines[KEYS_MAX];
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
	enum policy_resource resource_policy;
	enum policy_isolate isolate;
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
	struct arena *arena;   /* memory of the settings */
	struct arena *scratch; /* freed when the load is done */
	struct diag_list *diags;
	const struct load_options *options;
	const char *file;   /* in messages */
	const char *prefix; /* of relative names in messages: file's folder with
			       its '/', or "" */
	bool in_memory;	    /* settings_parse: open nothing */
	struct section *sections;
	size_t count;
	size_t room;
	bool incomplete; /* an unknown section may have had the origins that
			    seem to be missing */
	struct app_values app;
	struct server_values server;
	struct warm_values warm;
	struct cors_values *cors; /* not of ignored sections; [cors] first */
	size_t cors_count;
	const struct cors_values *base; /* [cors], if there is one */
	struct origins_file **files;
	size_t file_count;
	size_t file_room;
	/* arrays of the settings, while they grow */
	struct source_file *sources;
	size_t source_room;
	size_t regex_room;
};

enum { QUOTE_MAX = 100 };

/* ---- loader.c ---- */

/* Report that memory is out: the load fails. */
void loader_no_memory(struct loader *);
/* Zeroed memory that lives as long as the settings, or (scratch) until the load
 * is done.  NULL: the error has been reported, and the load fails. */
void *loader_array(struct loader *, size_t count, size_t size);
void *loader_scratch(struct loader *, size_t count, size_t size);
/* array_grow_in, which reports that memory is out. */
bool loader_grow(struct loader *, struct arena *, void *array, size_t count,
		 size_t *room, size_t size);

/* An error, a warning, a note in a line of the policy; warnings and notes are
 * only made if the options say so. */
void loader_error(struct loader *, unsigned line, const char *id,
		  const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void loader_warn(struct loader *, unsigned line, const char *id,
		 const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void loader_note(struct loader *, unsigned line, const char *id,
		 const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same about a word of the policy.  If it points into the key or the value
 * of an entry, the report has its column; else it is about the whole line. */
void loader_report(struct loader *, enum severity, unsigned line,
		   struct slice word, const char *id, const char *fix,
		   const char *format, ...)
    __attribute__((format(printf, 7, 8)));
/* The place of a word in that line, as loader_report finds it. */
struct text_place loader_place(const struct loader *, unsigned line,
			       struct slice word);
/* diag_quote for at most QUOTE_MAX bytes, in the list of the load. */
const char *loader_quote(struct loader *, struct slice);
/* Where an origin is written, which decides which fixes are possible. */
enum origin_use {
	ORIGIN_IN_LIST,	 /* `origins`, a variable */
	ORIGIN_IN_FILE,	 /* one a line */
	ORIGIN_IN_TIMING /* no patterns */
};

/* Report an invalid origin at a place of the file of that name. */
void loader_bad_origin(struct loader *, const char *file, struct text_place,
		       enum origin_use, struct slice text, enum origin_fault);

/* Where the policy is, for relative paths and for messages: sets `prefix`, and
 * `file` and `folder` of the settings.  false: an error was reported. */
bool loader_locate(struct loader *);
/* The absolute path for a path that may be relative to the policy's folder.
 * NULL: no memory, reported. */
const char *loader_path(struct loader *, struct slice);
/* A copy of the words of a program, [0] as an absolute path.  NULL: no memory,
 * reported. */
char *const *loader_program(struct loader *, char *const *words);
/* Remember a file with these bytes for settings_changed (not under LOAD_CGI).
 * False: no memory, reported. */
bool loader_source(struct loader *, const char *path, const struct stat *,
		   struct slice bytes);
/* Warn about a file that every user can write to. */
void loader_check_mode(struct loader *, const char *name, const struct stat *);
/* Report a file in UTF-16; true: it is. */
bool loader_is_utf16(struct loader *, const char *name, struct slice text);

/* Append; false: no memory, reported. */
bool items_add(struct loader *, struct items *, struct slice, unsigned line);
bool items_have(const struct items *, struct slice);
/* The items as a name_list, in memory of the settings.  If memory is out, that
 * has been reported and the list has no names. */
struct name_list items_names(struct loader *, const struct items *);
/* Is there a value of an origins key, `none` too?  Only then does the section
 * cover requests. */
bool origins_any(const struct origins *);

/* ---- keys_read.c ---- */

/* Read every entry of a section that has a table of keys into target, and
 * report unknown, repeated and invalid ones. */
void keys_read(struct loader *, struct section *, const struct key *table,
	       void *target, unsigned lines[KEYS_MAX]);

/* ---- keys_app.c: [env] and [handlers], which have no such table ---- */

void keys_read_env(struct loader *, struct section *);
void keys_read_handlers(struct loader *, struct section *);

/* ---- sections.c ---- */

/* Read the values of every section, and let [cors NAME] inherit. */
void sections_read(struct loader *);
/* Make the specs of the settings; only after a load without errors.  False: no
 * memory. */
bool sections_finish(struct loader *);

/* ---- origins.c: the values of the origins keys and of timing ---- */

void origins_set(struct loader *, void *values, const struct entry *);
void origins_set_file(struct loader *, void *values, const struct entry *);
void origins_set_regex(struct loader *, void *values, const struct entry *);
void origins_set_env(struct loader *, void *values, const struct entry *);
void origins_set_timing(struct loader *, void *values, const struct entry *);

/* ---- origins_file.c ---- */

/* The file of that path, read and parsed; NULL: reported in that line of the
 * policy. */
struct origins_file *origins_file_load(struct loader *, struct slice path,
				       unsigned line);
/* The place of a word of its text; for a variable the line of its
 * origins-env. */
struct text_place origins_file_place(struct origins_file *, struct slice word);

/* ---- origins_merge.c ---- */

/* Leave out shadowed origins, and warn about them. */
void origins_merge(struct loader *, struct origins *);

/* ---- check_cors.c ---- */

/* Report conflicts within and between [cors] sections. */
void check_cors(struct loader *);
/* Is it "*.", or a '*' within a label, right below a public suffix? */
bool origin_is_public_suffix(const struct origin_pattern *);
/* Is it a range with more addresses than a /8 (IPv6: /7), not of loopback? */
bool origin_is_wide_range(const struct origin_pattern *);
/* Is it "file://"? */
bool origin_is_file(const struct origin_pattern *);

/* ---- check_regex.c ---- */

/* Report expressions that match origins of other people, or no origin.  base:
 * [cors] if the origins are inherited from it, else NULL. */
void check_regexes(struct loader *, const struct cors_values *,
		   const struct cors_values *base);

/* ---- check_app.c ---- */

/* Report conflicts of [app] and [server]. */
void check_app(struct loader *);

/* ---- lint.c ---- */

/* Warnings and notes, if the options say so. */
void lint(struct loader *);

/* ---- lint_missing.c ---- */

/* Warn about missing programs, folders and sockets. */
void lint_missing(struct loader *);

#endif
