/*
 * Starting as a FastCGI responder: policy, sockets, log, and then the server.
 *
 * No socket is bound and no file is replaced before the policy is valid.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corswrap/start.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "base/os.h"
#include "corswrap/confine.h"
#include "corswrap/first_process.h"
#include "run/log.h"
#include "serve/listen.h"
#include "serve/locate.h"
#include "serve/server.h"

int
start_command(struct start *s)
{
	if (s->options.command == NULL)
		return 0;
	if (options_find_command(s->options.command[0], s->command,
				 sizeof(s->command)) != 0)
		return -1;
	s->options.command[0] = s->command;
	s->load.command = s->options.command;
	return 0;
}

/* Without its own path it would refuse every program (`self`). */
static int
find_self(struct start *s)
{
	(void)locate_program(&s->self, s->argv0);
	executable_remember(&s->self);
	if (s->self.remembered)
		return 0;
	fprintf(stderr,
		"corswrap: cannot tell which file this is, called %s: start it "
		"by its full path [self]\n",
		s->argv0 == NULL ? "nothing" : s->argv0);
	return -1;
}

/* The policy, or NULL with every diagnostic on standard error. */
static struct settings *
load(struct start *s)
{
	if (locate_policy(s->options.policy, &s->self, s->policy,
			  sizeof(s->policy)) == 0)
		return settings_load_or_print(s->policy, &s->load);
	int error = errno;
	const char *named = s->options.policy != NULL
				? s->options.policy
				: getenv("CORSWRAP_CONFIG");
	if (named != NULL && named[0] != '\0') {
		fprintf(stderr, "corswrap: cannot open %s: %s [no-policy]\n",
			named, strerror(error));
		return NULL;
	}
	fprintf(stderr, "corswrap: no policy: %s: %s [no-policy]\n", s->policy,
		"name one with -c, or write one with `corscheck init`");
	return NULL;
}

int
start_test(struct start *s)
{
	struct settings *settings;

	s->load.use = LOAD_LINT;
	s->load.warnings = true;
	settings = find_self(s) == 0 ? load(s) : NULL;
	if (settings == NULL)
		return 1;
	printf("%s: ok\n", s->policy);
	settings_release(settings);
	return 0;
}

/* Is -l beyond loopback, so that `peers` is needed? */
static bool
is_exposed(const struct address *address)
{
	static const char *const own[] = {"127.0.0.0/8", "::1/128"};
	struct network network;

	if (address->path != NULL)
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (network_parse(slice_from(own[i]), &network) &&
		    network_has(&network, slice_from(address->host)))
			return false;
	return true;
}

/* Parse -l; the socket is made only once the policy is valid. */
static int
read_address(struct start *s)
{
	const char *text = s->options.address, *error = NULL;
	char *folder = getcwd(NULL, 0);

	s->arena = arena_new();
	if (folder == NULL || s->arena == NULL)
		error = strerror(errno);
	else
		error = address_parse(s->arena, slice_from(text), folder,
				      &s->address);
	free(folder);
	if (error == NULL) {
		s->load.peers_needed = is_exposed(&s->address);
		return 0;
	}
	fprintf(stderr,
		"corswrap: -l %s: %s (write unix:/path or "
		"tcp:127.0.0.1:9000)\n",
		text, error);
	return -1;
}

/* From here on a signal waits for server_run: otherwise one that arrives now
 * would leave a socket file behind. */
static void
hold_signals(void)
{
	sigset_t set;

	server_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static int
open_socket(struct start *s)
{
	char error[512];

	hold_signals();
	s->fds[0] = listen_open(&s->address, s->options.mode, &s->file, error,
				sizeof(error));
	if (s->fds[0] < 0) {
		fprintf(stderr, "corswrap: %s\n", error);
		return -1;
	}
	s->fd_count = 1;
	return 0;
}

void
start_take(struct start *s, int first, int count)
{
	for (int i = 0; i < count && i < START_FDS; i++) {
		s->fds[s->fd_count++] = first + i;
		if (listen_is_exposed(first + i))
			s->load.peers_needed = true;
	}
}

/* ---- the user that it runs as ---- */

/* Give our own socket to that user, so that it can remove the socket, and the
 * web server can connect.  -1: reported on standard error. */
static int
become(const struct start *s, const char *user)
{
	const struct passwd *entry;
	const char *path = s->options.address == NULL ? NULL : s->address.path;

	errno = 0;
	entry = getpwnam(user);
	if (entry == NULL) {
		fprintf(stderr, "corswrap: user %s: %s\n", user,
			errno != 0 ? strerror(errno) : "there is no such user");
		return -1;
	}
	if ((path == NULL || chown(path, entry->pw_uid, entry->pw_gid) == 0) &&
	    initgroups(user, (os_group)entry->pw_gid) == 0 &&
	    setgid(entry->pw_gid) == 0 && setuid(entry->pw_uid) == 0 &&
	    os_no_new_privileges() == 0)
		return 0;
	fprintf(stderr, "corswrap: cannot become user %s: %s\n", user,
		strerror(errno));
	return -1;
}

/* Only after the socket and the log have been opened: that may need root. */
static int
drop_rights(const struct start *s, const struct settings *settings,
	    struct log *log)
{
	if (geteuid() != 0)
		return 0;
	if (settings->server.user != NULL)
		return become(s, settings->server.user);
	log_event(log, LOG_LEVEL_WARNING, "root", NULL,
		  "set `user` in [server], or start it as another user",
		  "running as root, and so will the programs");
	return 0;
}

/* ---- the first line of the log ---- */

/* A summary of the policy, with the names of its first sections. */
static void
write_sections(const struct settings *settings, FILE *out)
{
	enum { SHOWN = 8 };
	char quoted[256];

	for (size_t i = 0; i < settings->spec_count && i < SHOWN; i++) {
		struct slice name = settings->specs[i].name;
		fprintf(out, "%s[cors%s%s]", i == 0 ? "" : " ",
			name.len > 0 ? " " : "",
			log_quote(name, quoted, sizeof(quoted)));
	}
	if (settings->spec_count > SHOWN)
		fprintf(out, " and %zu more", settings->spec_count - SHOWN);
}

/* The address, the policy, and where messages go, so that an administrator who
 * searches for the log finds this line. */
static void
announce(const struct start *s, const struct settings *settings,
	 struct log *log)
{
	const struct server *server = &settings->server;
	char *text = NULL, name[256];
	size_t len = 0;
	FILE *out = memory_stream(&text, &len);

	if (out == NULL)
		return;
	write_sections(settings, out);
	fprintf(out, ", listening on");
	for (size_t i = 0; i < s->fd_count; i++) {
		char quoted[512];
		listen_name(s->fds[i], name, sizeof(name));
		fprintf(out, " %s",
			log_quote(slice_from(name), quoted, sizeof(quoted)));
	}
	if (fclose(out) == 0)
		log_event(log, LOG_LEVEL_INFO, "started", NULL, NULL,
			  "corswrap " PACKAGE_VERSION
			  " with policy %s: %s, %u workers, log in %s",
			  s->policy, text,
			  s->options.workers > 0 ? s->options.workers
						 : server->workers,
			  server->log_file != NULL ? server->log_file
						   : "standard error");
	free(text);
}

/* NULL: reported on standard error. */
static struct log *
open_log(const struct server *server)
{
	struct log *log = log_new(STDERR_FILENO);

	if (log != NULL)
		log_unblock(log);
	if (log != NULL && log_configure(log, server) == 0)
		return log;
	fprintf(stderr, "corswrap: log-file %s: %s\n",
		server->log_file != NULL ? server->log_file : "",
		strerror(errno));
	log_free(log);
	return NULL;
}

static int
serve(struct start *s, struct settings *settings)
{
	bool own = s->options.address != NULL && s->address.text != NULL;
	struct server_options options = {.fds = s->fds,
					 .fd_count = s->fd_count,
					 .own = own ? &s->file : NULL,
					 .policy = s->policy,
					 .self = &s->self,
					 .load = s->load,
					 .workers = s->options.workers,
					 .program = "corswrap"};
	struct log *log = open_log(&settings->server);
	int status = 1;
	pid_t responder;

	if (log == NULL || drop_rights(s, settings, log) != 0) {
		settings_release(settings);
	} else if ((responder = first_process_start()) > 0) {
		/* Process 1 needs no policy, and must not keep a log open that
		 * has been rotated. */
		settings_release(settings);
		log_free(log);
		return first_process_wait(responder);
	} else {
		announce(s, settings, log);
		confine(settings, own ? &s->address : NULL, log);
		status = server_run(&options, settings, log);
	}
	log_free(log);
	return status;
}

int
start_fastcgi(struct start *s)
{
	struct settings *settings;
	bool own = s->fd_count == 0;
	int status = 1;

	os_open_standard();
	/* Process 1 would ignore them. */
	if (getpid() == 1)
		hold_signals();
	s->load.use = LOAD_FASTCGI;
	s->load.warnings = true;
	if (own && read_address(s) != 0)
		status = 2;
	else if (find_self(s) != 0 || (settings = load(s)) == NULL)
		;
	else if (own && open_socket(s) != 0)
		settings_release(settings);
	else
		status = serve(s, settings);
	if (own && s->fd_count > 0)
		listen_remove(&s->file, s->fds[0]);
	arena_free(s->arena);
	return status;
}
