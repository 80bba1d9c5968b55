/*
 * The executable of this process, and programs found by name.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/executable.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "base/slice.h"
#include "base/text.h"

/* ---- programs by their names ---- */

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* Absolute, because the working folder may change.  Without stdio, because
 * plain CGI responds to a preflight without it (startup-counts.t). */
static bool
make_absolute(struct slice folder, const char *name, char *buf, size_t cap)
{
	struct slice file = slice_from(name), slash = SLICE("/");
	bool absolute = folder.len > 0 ? folder.ptr[0] == '/' : name[0] == '/';
	char *at = buf;

	buf[0] = '\0';
	if (!absolute && getcwd(buf, cap) == NULL)
		return false;
	at += strlen(buf);
	if ((size_t)(at - buf) + folder.len + file.len + 3 > cap)
		return false;
	if (!absolute)
		at = text_append(at, slash);
	at = text_append(at, folder);
	if (folder.len > 0 && folder.ptr[folder.len - 1] != '/')
		at = text_append(at, slash);
	at = text_append(at, file);
	*at = '\0';
	return true;
}

bool
executable_at(const char *path, char *buf, size_t cap)
{
	return make_absolute(SLICE(""), path, buf, cap) && is_program(buf);
}

bool
executable_in_path(const char *name, char *buf, size_t cap)
{
	const char *path = getenv("PATH");
	size_t len;

	if (name[0] == '\0' || strchr(name, '/') != NULL)
		return false;
	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	for (; *path != '\0'; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		if (make_absolute(slice_of(path, len), name, buf, cap) &&
		    is_program(buf))
			return true;
	}
	return false;
}

/* ---- our own ---- */

bool
executable_find(struct executable *e, const char *argv0)
{
	const char *name = os_exec_name();
	ssize_t len;

	e->remembered = false;
	e->path = name;
	/* The path is useless after fexecve(3). */
	if (name != NULL && strncmp(name, "/dev/fd/", 8) != 0)
		return true;
	len = os_executable(e->room, sizeof(e->room) - 1);
	if (len > 0)
		e->room[len] = '\0';
	else if (argv0 == NULL ||
		 !(strchr(argv0, '/') != NULL
		       ? executable_at(argv0, e->room, sizeof(e->room))
		       : executable_in_path(argv0, e->room, sizeof(e->room)))) {
		e->path = NULL;
		return false;
	}
	e->path = e->room;
	return true;
}

/* stat(2) of the executable or, if the system does not report that, of the file
 * that its path names now. */
static bool
look(const struct executable *e, struct stat *own)
{
	return os_executable_stat(own) == 0 ||
	       (e->path != NULL && stat(e->path, own) == 0);
}

void
executable_remember(struct executable *e)
{
	struct stat own;

	e->remembered = look(e, &own);
	if (!e->remembered)
		return;
	e->device = own.st_dev;
	e->inode = own.st_ino;
}

static bool
has(const struct stat *files, size_t count, dev_t device, ino_t inode)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].st_dev == device && files[i].st_ino == inode)
			return true;
	return false;
}

enum executable_match
executable_is_any(const struct executable *e, const struct stat *files,
		  size_t count)
{
	struct stat own;

	if (e->remembered && has(files, count, e->device, e->inode))
		return EXECUTABLE_OWN;
	if (!look(e, &own))
		return e->remembered ? EXECUTABLE_OTHER : EXECUTABLE_UNKNOWN;
	return has(files, count, own.st_dev, own.st_ino) ? EXECUTABLE_OWN
							 : EXECUTABLE_OTHER;
}
