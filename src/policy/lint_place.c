/*
 * Warnings and notes about where a policy lies: who else may write what decides
 * here, and who may read it.
 *
 * On shared hosting a policy lies beside its program, in a folder that a web
 * server serves; only its name or the server's configuration keeps it from
 * being handed out as text.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/loader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "policy/keys.h"

static struct slice
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slice_from(slash == NULL ? path : slash + 1);
}

/* Apache's own configuration, as shipped everywhere, denies these. */
static bool
is_hidden(struct slice name)
{
	return slice_starts(name, SLICE(".ht"));
}

/* The name that a program would have for this policy to be its own (locate.c):
 * without .ht in front and .ini behind; absent: none would. */
static struct slice
stem_of(struct slice name)
{
	if (is_hidden(name))
		name = slice_after(name, 3);
	if (name.len < 5 ||
	    !slice_eq(slice_after(name, name.len - 4), SLICE(".ini")))
		return SLICE_NONE;
	return slice_of(name.ptr, name.len - 4);
}

static bool
is_program(int folder, const char *name, struct slice stem)
{
	struct slice text = slice_from(name);
	struct stat st;

	if (!slice_starts(text, stem) ||
	    (text.len > stem.len && text.ptr[stem.len] != '.'))
		return false;
	return fstatat(folder, name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & S_IXUSR) != 0;
}

/* Does a program lie beside the policy that finds it by its name? */
static bool
beside_program(const struct settings *settings)
{
	struct slice stem = stem_of(base_of(settings->file));
	DIR *folder = slice_present(stem) ? opendir(settings->folder) : NULL;
	struct dirent *entry;
	bool found = false;

	if (folder == NULL)
		return false;
	while (!found && (entry = readdir(folder)) != NULL)
		found = is_program(dirfd(folder), entry->d_name, stem);
	(void)closedir(folder);
	return found;
}

static void
lint_served(struct loader *loader)
{
	const struct settings *settings = loader->settings;
	const char *log = settings->server.log_file;
	struct slice name = base_of(settings->file);
	size_t len = strlen(settings->folder);

	if (!beside_program(settings))
		return;
	if (!is_hidden(name))
		loader_note(
		    loader, 1, "may-be-served", NULL,
		    "a web server that serves this folder may hand out the "
		    "policy as text; Apache keeps \".ht%s\" to itself, "
		    "lighttpd what url.access-deny = ( \".ini\" ) names",
		    loader_quote(loader, name));
	if (log != NULL && strncmp(log, settings->folder, len) == 0 &&
	    log[len] == '/' && strchr(log + len + 1, '/') == NULL &&
	    !is_hidden(base_of(log)))
		loader_note(
		    loader,
		    loader->server_lines[keys_find(SECTION_SERVER, false,
						   SLICE("log-file"))],
		    "may-be-served", NULL,
		    "a web server that serves this folder may hand out the "
		    "log as text; Apache keeps \".ht%s\" to itself, lighttpd "
		    "what url.access-deny = ( \".log\" ) names",
		    loader_quote(loader, base_of(log)));
}

/* Whoever may write to the program, or put another policy in this one's place,
 * decides what runs.  In a sticky folder one may touch one's own files alone.
 */
static void
lint_writable(struct loader *loader)
{
	const struct settings *settings = loader->settings;
	const char *program =
	    settings->app.exec == NULL ? NULL : settings->app.exec[0];
	struct stat st;

	if (program != NULL && stat(program, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IWOTH) != 0)
		loader_warn(
		    loader,
		    loader->app_lines[keys_find(SECTION_APP, false,
						SLICE("exec"))],
		    "writable-by-others", NULL,
		    "everybody on this machine can write to the program "
		    "\"%s\" (mode %04o); take that away with chmod o-w",
		    loader_quote(loader, slice_from(program)),
		    (unsigned)(st.st_mode & 07777));
	if (stat(settings->folder, &st) == 0 &&
	    (st.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
		loader_warn(
		    loader, 1, "writable-by-others", NULL,
		    "everybody on this machine can replace files of the "
		    "policy's folder (mode %04o); take that away with "
		    "chmod o-w",
		    (unsigned)(st.st_mode & 07777));
}

void
lint_place(struct loader *loader)
{
	if (loader->in_memory)
		return;
	lint_writable(loader);
	lint_served(loader);
}
