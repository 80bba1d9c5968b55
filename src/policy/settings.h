/*
 * A loaded policy file: [app], [server] and every [cors ...].  Immutable and
 * shared by all workers.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/ip.h"
#include "cors/policy.h"
#include "policy/diagnostic.h"

enum inject { INJECT_REWRITE, INJECT_PREPEND };
enum on_abort { ON_ABORT_END, ON_ABORT_FINISH };
enum local_redirect {
	LOCAL_REDIRECT_AUTO,
	LOCAL_REDIRECT_PASS,
	LOCAL_REDIRECT_302
};
enum stderr_to { STDERR_LOG, STDERR_FASTCGI };
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* "unix:PATH" or "tcp:ADDRESS:PORT" as the policy or -l writes it. */
struct address {
	const char *text; /* as written, for messages */
	const char *path; /* unix: absolute path; NULL: TCP */
	const char *host; /* numeric IPv4 or IPv6 address without brackets */
	uint16_t port;
};

/* An address and a prefix length: `peers`, `status-clients`. */
struct network {
	struct ip ip;  /* zero after the bits */
	unsigned bits; /* significant bits */
};

struct handler {
	const char *extension; /* ".php" */
	char *const *argv;     /* NULL-terminated; the script's path comes after */
};

/* A limit of the program (setrlimit); unset: inherited. */
struct limit {
	bool set;
	uint64_t value;
};

struct app {
	char *const *exec; /* NULL-terminated words, [0] a path; NULL: none */
	const struct address *forward;
	size_t forward_count;
	const char *const *root; /* absolute, as written; symbolic links are
				    resolved at each request */
	size_t root_count;
	enum inject inject;
	uint64_t max_body;
	size_t max_header;
	/* milliseconds; 0: none */
	uint64_t body_timeout;
	uint64_t connect_timeout;
	uint64_t first_byte_timeout;
	uint64_t idle_timeout;
	uint64_t total_timeout;
	uint64_t kill_grace;
	enum on_abort on_abort;
	struct limit cpu_limit;    /* seconds */
	struct limit memory_limit; /* bytes */
	struct limit file_limit;
	struct limit process_limit;
	enum local_redirect local_redirect;
	bool lenient;
	enum stderr_to stderr_to;
	bool restore_authorization;
	const char *directory; /* absolute; NULL: the default */
	unsigned keep;
	const char *self_check; /* the token; NULL: none */
	const struct handler *handlers;
	size_t handler_count;
	char *const *env; /* [env]: "NAME=value", NULL-terminated, never NULL */
};

/* The handler of the file's extension; NULL: there is none. */
const struct handler *app_handler(const struct app *, const char *path);

struct server {
	unsigned workers;
	const struct network *peers;
	size_t peer_count;
	bool has_peers;
	/* milliseconds */
	uint64_t idle_timeout;
	uint64_t drain_timeout;
	uint64_t reload;
	const char *status_path; /* NULL: none */
	const struct network *status_clients;
	size_t status_client_count;
	bool access_log;
	enum log_level log;
	enum log_format log_format;
	const char *log_file; /* absolute; NULL: standard error */
	const char *user;     /* that root switches to; NULL: it stays root */
	bool landlock;	      /* at the start, give up access to other files */
};

/* So many requests within a time. */
struct often {
	unsigned count;
	uint64_t time; /* milliseconds */
};

/* [warm].  The lists are NULL-terminated and never NULL. */
struct warm_policy {
	const char *const *scripts; /* patterns of fnmatch(3), absolute */
	bool exec;		    /* the program of [app] exec, too */
	const char *const *load;
	const char *const *watch; /* absolute */
	struct often after;
	unsigned max;
	uint64_t memory; /* bytes */
	unsigned spare;
	struct often renew;
};

/* A file that the settings came from, to see whether it has changed. */
struct source_file {
	const char *path;
	struct file_state state;
	bool recent;  /* it was modified just before it was read: another change
	                 may leave the same times (settings_rewritten) */
	uint64_t sum; /* of its bytes, if recent */
};

/* Remember the file at path (kept by reference) as it was when these bytes
 * were read from it. */
void source_file_set(struct source_file *, const char *path,
    const struct stat *, struct slice bytes);

/* Where a key of a section is, or must be written. */
struct key_place {
	unsigned line;         /* 0: nowhere */
	unsigned section_line; /* of the section to be changed: itself, or
				  [cors] if it inherits the key */
	struct slice section;  /* its NAME; empty for [cors] */
	bool credentials;      /* the value of `credentials` there */
};

enum place { PLACE_ORIGINS, PLACE_METHODS, PLACE_HEADERS, PLACE_CREDENTIALS,
	PLACE_ALLOW, PLACE_COUNT };

/* The rest of a section, which decisions do not need. */
struct spec_source {
	struct key_place places[PLACE_COUNT];
	bool has_origins;     /* else other sections only inherit its keys */
	size_t inline_count;  /* of the spec's origins: written in the policy, the
	                         others come from origins-env and -file */
	const char *variable;	    /* origins-env; NULL: none */
	const char *const *files;   /* origins-file, absolute */
	size_t file_count;
	const struct slice *regexes; /* origins-regex */
	size_t regex_count;
	bool allow_null;
	bool allow_insecure;
	bool allow_public_suffix;
};

/* [app], [server] and [warm] with every default. */
extern const struct app settings_app_default;
extern const struct server settings_server_default;
extern const struct warm_policy settings_warm_default;

struct settings {
	struct arena *arena;
	const char *file;   /* of the policy, absolute */
	const char *folder; /* of that file, absolute */
	struct app app;
	struct server server;
	struct warm_policy warm;
	struct policy_set *policies;
	/* every section's spec, those without origins too; for dump and lint */
	const struct policy_spec *specs;
	const struct spec_source *spec_sources;
	size_t spec_count;
	const struct source_file *sources; /* the policy and its origins-files;
					      empty under LOAD_CGI */
	size_t source_count;
	struct regex **regexes; /* of all sections, to be freed */
	size_t regex_count;
};

/* How a policy is going to be used: some errors depend on it. */
enum load_use {
	LOAD_LINT,    /* corscheck */
	LOAD_CGI,
	LOAD_FASTCGI  /* missing-root and missing-peers are errors */
};

/* How the policy is loaded. */
struct load_options {
	enum load_use use;
	char *const *command; /* COMMAND of the command line, NULL-terminated, [0]
	                         an absolute path; replaces [app] exec and forward.
	                         NULL: none */
	bool peers_needed;    /* listening on TCP beyond loopback */
	bool warnings;        /* make the warnings and notes too */
	bool exec_only;       /* the static CGI program: `forward` is an error */
};

/*
 * Load a policy and its origins-files.  All diagnostics go to the list, sorted.
 * NULL if there was an error; settings_release frees the result.  Source of the
 * rules: DESIGN.md section 3.
 */
struct settings *settings_load(const char *file, const struct load_options *,
    struct diag_list *);
/* The same for text that is already in memory, such as from standard input:
 * name is for messages, and relative paths are relative to its folder (without
 * "/", the working directory). */
struct settings *settings_load_text(const char *name, struct slice text,
    const struct load_options *, struct diag_list *);
/* The same from text in memory; opens no file (origins-file is then
 * `origins-file-unreadable`); name is for messages.  For untrusted policies: it
 * reads no environment variable either. */
struct settings *settings_parse(const char *name, struct slice text,
    const struct load_options *, struct diag_list *);

/* settings_load for programs with a terminal: the diagnostics are printed to
 * standard error. */
struct settings *settings_load_or_print(const char *file,
    const struct load_options *);

/* Free them.  NULL allowed. */
void settings_release(struct settings *);

/* Has one of the files changed or disappeared since the load?  Uses only stat.
 * Never under LOAD_CGI. */
bool settings_changed(const struct settings *);

enum { SETTINGS_RECENT = 2000 }; /* ms; the coarsest clock of a file system */

/*
 * File systems count time in ticks: of two changes in one tick that keep the
 * size, stat shows only one.  So if a file was modified less than
 * SETTINGS_RECENT before it was loaded (settings_recently_modified), it has to
 * be read once more after that time: settings_rewritten says whether its bytes
 * have changed.
 */
bool settings_recently_modified(const struct settings *);
bool settings_rewritten(const struct settings *);
/* Has one of the files been modified less than SETTINGS_RECENT before now? */
bool settings_being_modified(const struct settings *);

/* Write the policy in canonical form, as INI; the dump of a dump has the same
 * bytes.  0, or -1 with errno; ENAMETOOLONG: a value does not fit a line of a
 * policy. */
int settings_dump(const struct settings *, FILE *);

/* Parse "unix:PATH", "tcp:127.0.0.1:9000", "tcp:[::1]:9000" (for -l too);
 * memory from the arena; relative unix paths are relative to folder.  NULL on
 * success, else what is wrong. */
const char *address_parse(struct arena *, struct slice text,
    const char *folder, struct address *);
/* Parse "192.0.2.0/24", "::1".  False: not an address or prefix. */
bool network_parse(struct slice text, struct network *);
/* Is the textual address (REMOTE_ADDR) in the network?  IPv4-mapped IPv6
 * addresses count as IPv4. */
bool network_has(const struct network *, struct slice address);

#endif
