/*
 * System functions that corscheck needs and WebAssembly does not have.
 *
 * The files are a list in the page's memory (onefile/system.js): they have no
 * owners, modes or links, and there are no other processes.  `warm` needs
 * processes and is not in the page; neither are lint's checks of files on the
 * server, because the browser runs on another machine.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/executable.h"
#include "base/os.h"
#include "corscheck/command.h"
#include "page/page.h"
#include "policy/loader.h"

/* ---- POSIX ---- */

char *
realpath(const char *path, char *real)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return NULL;
	if (real == NULL)
		real = malloc(PATH_MAX);
	if (real != NULL)
		snprintf(real, PATH_MAX, "%s%s", *path == '/' ? "" : "/",
			 strcmp(path, ".") == 0 ? "" : path);
	return real;
}

int
mkostemp(char *path, int flags)
{
	size_t len = strlen(path);

	if (len < 6 || strcmp(path + len - 6, "XXXXXX") != 0) {
		errno = EINVAL;
		return -1;
	}
	memcpy(path + len - 6, "000000", 6);
	return open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
}

int
mkstemp(char *path)
{
	return mkostemp(path, 0);
}

int
fchmod(int fd, mode_t mode)
{
	(void)fd;
	(void)mode;
	return 0;
}

int
fchown(int fd, uid_t user, gid_t group)
{
	(void)fd;
	(void)user;
	(void)group;
	return 0;
}

/* ---- base/os.h ---- */

bool
os_random(void *to, size_t len)
{
	return getentropy(to, len) == 0;
}

bool
executable_find(struct executable *e, const char *argv0)
{
	(void)argv0;
	e->path = NULL;
	return false;
}

int
os_rename_new(const char *from, const char *to)
{
	struct stat status;

	if (stat(to, &status) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

bool
os_is_listener(int fd)
{
	(void)fd;
	return false;
}

/* ---- what is left out ---- */

int
page_fastcgi(int listener)
{
	(void)listener;
	return 1;
}

int
warm_command(const struct command *command, int argc, char **argv)
{
	(void)command;
	(void)argc;
	(void)argv;
	fputs("corscheck: warm: a browser cannot run programs; use corscheck "
	      "on the server\n",
	      stderr);
	return CHECK_USAGE;
}

void
lint_missing(struct loader *loader)
{
	(void)loader;
}
