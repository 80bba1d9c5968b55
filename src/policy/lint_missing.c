/*
 * Warnings about files that [app] names and that do not exist, or are not
 * accessible to the user that programs run as, before a request fails.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"

enum { GROUPS_MAX = 64, NAME_MAX_SHOWN = 64 };

/* The user that programs run as. */
struct identity {
	bool self; /* the current user: the kernel checks */
	uid_t uid;
	os_group groups[GROUPS_MAX];
	int group_count;
	char name[NAME_MAX_SHOWN];
};

/* `user` of [server], which root switches to; else the current user. */
static void
identity_find(const struct settings *settings, struct identity *who)
{
	const char *user = settings->server.user;
	const struct passwd *entry = NULL;

	*who = (struct identity){.self = true, .uid = geteuid()};
	if (who->uid == 0 && user != NULL)
		entry = getpwnam(user);
	if (entry != NULL) {
		who->self = entry->pw_uid == 0;
		who->uid = entry->pw_uid;
		who->group_count = GROUPS_MAX;
		if (getgrouplist(user, (os_group)entry->pw_gid, who->groups,
				 &who->group_count) < 0)
			who->group_count = GROUPS_MAX;
	} else {
		entry = getpwuid(who->uid);
	}
	if (entry != NULL)
		snprintf(who->name, sizeof(who->name), "%s", entry->pw_name);
	else
		snprintf(who->name, sizeof(who->name), "%lu",
			 (unsigned long)who->uid);
}

/* Does the mode of the file give the user these rights (bits of R_OK, W_OK,
 * X_OK)? */
static bool
grants(const struct identity *who, const struct stat *st, unsigned wanted)
{
	unsigned have = st->st_mode & 7;

	for (int i = 0; i < who->group_count; i++)
		if (st->st_gid == (gid_t)who->groups[i])
			have = st->st_mode >> 3 & 7;
	if (st->st_uid == who->uid)
		have = st->st_mode >> 6 & 7;
	return (have & wanted) == wanted;
}

/* 0, or the errno that this user would get. */
static int
try_access(const struct identity *who, const char *path, unsigned wanted)
{
	char folder[4096];
	struct stat st;

	if (who->self)
		return faccessat(AT_FDCWD, path, (int)wanted, AT_EACCESS) == 0
			   ? 0
			   : errno;
	for (const char *slash = path;
	     (slash = strchr(slash + 1, '/')) != NULL;) {
		size_t len = (size_t)(slash - path);
		if (len >= sizeof(folder))
			return ENAMETOOLONG;
		memcpy(folder, path, len);
		folder[len] = '\0';
		if (stat(folder, &st) != 0)
			return errno;
		if (!grants(who, &st, X_OK))
			return EACCES;
	}
	if (stat(path, &st) != 0)
		return errno;
	return grants(who, &st, wanted) ? 0 : EACCES;
}

/* A file that a key names. */
struct named {
	const char *id;
	const char *key;
	const char *path;
	unsigned line;
	unsigned wanted; /* bits of R_OK, W_OK, X_OK */
	mode_t type;	 /* S_IFREG, S_IFDIR, S_IFSOCK */
	const char *kind;
	const char *verb; /* what the user cannot do */
};

static void
lint_named(struct loader *loader, const struct identity *who,
	   const struct named *n)
{
	const char *path = loader_quote(loader, slice_from(n->path));
	int error = try_access(who, n->path, n->wanted);
	struct stat st;

	if (error == ENOENT || error == ENOTDIR) {
		loader_warn(loader, n->line, n->id, NULL,
			    "\"%s\": %s does not exist", n->key, path);
	} else if (error != 0) {
		loader_warn(loader, n->line, n->id, NULL,
			    "\"%s\": user %s cannot %s %s: %s", n->key,
			    who->name, n->verb, path, strerror(error));
	} else if (stat(n->path, &st) == 0 &&
		   (st.st_mode & S_IFMT) != n->type) {
		loader_warn(loader, n->line, n->id, NULL,
			    "\"%s\": %s is not a %s", n->key, path, n->kind);
	}
}

static unsigned
handler_line(const struct loader *loader, const char *extension)
{
	for (size_t i = 0; i < loader->count; i++) {
		const struct section *section = &loader->sections[i];
		if (section->kind != SECTION_HANDLERS || section->ignored)
			continue;
		for (size_t j = 0; j < section->count; j++)
			if (slice_eq(section->entries[j].key,
				     slice_from(extension)))
				return section->entries[j].line;
	}
	return 1;
}

static void
lint_exec(struct loader *loader, const struct identity *who)
{
	const struct app *app = &loader->settings->app;
	const unsigned *lines = loader->app.lines;
	struct named program = {
	    .wanted = X_OK, .type = S_IFREG, .kind = "file", .verb = "execute"};

	program.id = "exec-missing";
	program.key = "exec";
	program.line = keys_line(SECTION_APP, lines, "exec");
	program.path = app->exec == NULL ? NULL : app->exec[0];
	if (program.path != NULL && program.line != 0)
		lint_named(loader, who, &program);
	program.id = "handler-missing";
	for (size_t i = 0; i < app->handler_count; i++) {
		program.key = app->handlers[i].extension;
		program.path = app->handlers[i].argv[0];
		program.line = handler_line(loader, program.key);
		lint_named(loader, who, &program);
	}
}

void
lint_missing(struct loader *loader)
{
	const struct app *app = &loader->settings->app;
	const unsigned *lines = loader->app.lines;
	struct identity who;

	/* A CGI program reports it in the response to its one request. */
	if (loader->options->use == LOAD_CGI)
		return;
	identity_find(loader->settings, &who);
	if (loader->options->command == NULL)
		lint_exec(loader, &who);
	for (size_t i = 0;
	     keys_line(SECTION_APP, lines, "root") != 0 && i < app->root_count;
	     i++)
		lint_named(
		    loader, &who,
		    &(struct named){"root-missing", "root", app->root[i],
				    keys_line(SECTION_APP, lines, "root"), X_OK,
				    S_IFDIR, "folder", "enter"});
	for (size_t i = 0;
	     loader->options->command == NULL && i < app->forward_count; i++)
		if (app->forward[i].path != NULL)
			lint_named(loader, &who,
				   &(struct named){
				       "forward-missing", "forward",
				       app->forward[i].path,
				       keys_line(SECTION_APP, lines, "forward"),
				       W_OK, S_IFSOCK, "socket", "connect to"});
}
