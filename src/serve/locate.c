/*
 * How we were started, and where the policy file is: given, named by the
 * environment, beside the program, or under sysconfdir (DESIGN.md section 2).
 *
 * A user of shared hosting has two files in a cgi-bin and nothing else, and
 * suEXEC empties the environment, so the name under which the program was
 * called must be enough.  It comes from the kernel (AT_EXECFN) where that
 * reports it, and not from argv[0], which the caller can set to any text; and
 * it is the symbolic link's own path, so that one binary serves many policies.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/locate.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/executable.h"
#include "base/slice.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

/* Join the pieces into buf.  False with errno: they do not fit (buf is then
 * empty). */
static bool
join(char *buf, size_t cap, const struct slice *pieces, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		if (pieces[i].len >= cap - len) {
			buf[0] = '\0';
			errno = ENAMETOOLONG;
			return false;
		}
		if (pieces[i].len > 0)
			memcpy(buf + len, pieces[i].ptr, pieces[i].len);
		len += pieces[i].len;
	}
	buf[len] = '\0';
	return true;
}

/*
 * Does the file exist?  One without access counts: it is the intended policy,
 * and the load reports the error.
 */
static bool
exists(const char *path)
{
	return access(path, F_OK) == 0 || errno == EACCES;
}

static int
named(const char *path, char *buf, size_t cap)
{
	struct slice piece = slice_from(path);

	return join(buf, cap, &piece, 1) && exists(buf) ? 0 : -1;
}

/* Split a path into its folder (with the '/') and a name without its last
 * extension; a dot in front of a name does not begin an extension. */
static void
split(struct slice path, struct slice *folder, struct slice *stem)
{
	size_t base = path.len, end = path.len;

	while (base > 0 && path.ptr[base - 1] != '/')
		base--;
	for (size_t i = path.len; i > base + 1; i--)
		if (path.ptr[i - 1] == '.') {
			end = i - 1;
			break;
		}
	*folder = slice_of(path.ptr, base);
	*stem = slice_of(path.ptr + base, end - base);
}

/* Beside the program: .htapi.ini, then api.ini, for api.cgi. */
static int
beside(const char *program, char *buf, size_t cap)
{
	struct slice folder, stem;

	split(slice_from(program), &folder, &stem);
	if (stem.len == 0)
		return -1;
	/* Apache refuses to serve .ht*, so that name is tried first. */
	for (int hidden = 1; hidden >= 0; hidden--) {
		struct slice pieces[] = {folder,
					 hidden ? SLICE(".ht") : SLICE(""),
					 stem, SLICE(".ini")};

		if (join(buf, cap, pieces, 4) && exists(buf))
			return 0;
	}
	return -1;
}

/*
 * Some servers start a CGI program in its folder (RFC 3875, 7.2) and give only
 * the last part of its path as argv[0]: mod_cgid, suEXEC, thttpd.
 */
static bool
find_by_last_part(struct executable *program, const char *argv0)
{
	const char *script = getenv("SCRIPT_FILENAME");
	const char *last = script == NULL ? NULL : strrchr(script, '/');
	struct slice pieces[] = {SLICE("./"), slice_from(argv0)};
	char here[NAME_MAX + sizeof("./")];

	if (last != NULL && strcmp(last + 1, argv0) == 0 &&
	    executable_find(program, script))
		return true;
	return join(here, sizeof(here), pieces, 2) &&
	       executable_find(program, here);
}

bool
locate_program(struct executable *program, const char *argv0)
{
	if (argv0 != NULL && strchr(argv0, '/') == NULL && started_as_cgi() &&
	    find_by_last_part(program, argv0))
		return true;
	return executable_find(program, argv0);
}

int
locate_policy(const char *given, const struct executable *program, char *buf,
	      size_t cap)
{
	const char *variable;

	if (given != NULL)
		return named(given, buf, cap);
	variable = getenv("CORSWRAP_CONFIG");
	if (variable != NULL && variable[0] != '\0')
		return named(variable, buf, cap);
	/* Do not use the policy of the system instead: the one beside the
	 * program may allow less. */
	if (program->path == NULL) {
		(void)named("NAME.ini beside corswrap, whose own path is not "
			    "known",
			    buf, cap);
		return -1;
	}
	if (beside(program->path, buf, cap) == 0)
		return 0;
	return named(SYSCONFDIR "/corswrap/corswrap.ini", buf, cap);
}

/*
 * Apache makes the words of a query without `=` the program's arguments
 * (RFC 3875, 4.4), so a client could write `?-l+tcp:0.0.0.0:9000`: whether we
 * are a CGI program must be known before argv is looked at.
 */
bool
started_as_cgi(void)
{
	return getenv("REQUEST_METHOD") != NULL ||
	       getenv("GATEWAY_INTERFACE") != NULL;
}

const char *
started_with_script(int argc, char **argv)
{
	const char *script = getenv("SCRIPT_FILENAME");

	if (argc != 2 || script == NULL || strcmp(argv[1], script) != 0)
		return NULL;
	return argv[1];
}
