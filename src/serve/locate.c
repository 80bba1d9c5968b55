/*
 * How we were started, and where the policy file is: given, named by the
 * environment, beside the program, or under sysconfdir (DESIGN.md section 2).
 *
 * A user of shared hosting has two files in a cgi-bin and nothing else, and
 * suEXEC empties the environment, so the name under which the program was
 * called must be enough.  It comes from the kernel (AT_EXECFN) and not from
 * argv[0], which the caller can set to any text; and it is the symbolic link's
 * own path, so that one binary serves many policies.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/locate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
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

/*
 * The path that the program was called by.  fexecve gives a useless path; then
 * use the executable's own.
 */
static struct slice
called_by(char *buf, size_t cap)
{
	const char *name;
	ssize_t len;

	errno = 0;
	name = os_exec_name();
	if (name != NULL && strncmp(name, "/dev/fd/", 8) != 0)
		return slice_from(name);
	len = os_executable(buf, cap);
	return len <= 0 ? SLICE_NONE : slice_of(buf, (size_t)len);
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
beside(char *buf, size_t cap)
{
	char self[4096];
	struct slice folder, stem, path = called_by(self, sizeof(self));

	if (!slice_present(path))
		return -1;
	split(path, &folder, &stem);
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

int
locate_policy(const char *given, char *buf, size_t cap)
{
	const char *variable;

	if (given != NULL)
		return named(given, buf, cap);
	variable = getenv("CORSWRAP_CONFIG");
	if (variable != NULL && variable[0] != '\0')
		return named(variable, buf, cap);
	if (beside(buf, cap) == 0)
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
