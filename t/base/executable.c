/*
 * Programs by their names, and our own executable: with what Linux reports,
 * and with argv[0] alone, as POSIX has it (executable-posix.c).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/executable.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os.h"

#include "unit.h"

struct place {
	char folder[64];
	char program[128];
};

/* A folder with a program, a file that is none, and a folder in it. */
static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char path[128];
	int fd;

	assert_non_null(p);
	(void)snprintf(p->folder, sizeof(p->folder), "/tmp/corswrap-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	(void)snprintf(p->program, sizeof(p->program), "%s/program", p->folder);
	fd = open(p->program, O_WRONLY | O_CREAT, 0700);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/text", p->folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/folder", p->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"program", "text", "link"};
	struct place *p = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", p->folder,
			       names[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/folder", p->folder);
	(void)rmdir(path);
	(void)rmdir(p->folder);
	free(p);
	return 0;
}

static void
test_at(void **state)
{
	const struct place *p = *state;
	char path[EXECUTABLE_PATH], was[EXECUTABLE_PATH], *here;

	assert_true(executable_at(p->program, path, sizeof(path)));
	assert_string_equal(path, p->program);
	(void)snprintf(was, sizeof(was), "%s/text", p->folder);
	assert_false(executable_at(was, path, sizeof(path)));
	(void)snprintf(was, sizeof(was), "%s/folder", p->folder);
	assert_false(executable_at(was, path, sizeof(path)));
	(void)snprintf(was, sizeof(was), "%s/none", p->folder);
	assert_false(executable_at(was, path, sizeof(path)));
	assert_false(executable_at(p->program, path, strlen(p->program)));

	here = getcwd(NULL, 0);
	assert_non_null(here);
	assert_int_equal(chdir(p->folder), 0);
	assert_true(executable_at("./program", path, sizeof(path)));
	(void)snprintf(was, sizeof(was), "%s/./program", p->folder);
	assert_string_equal(path, was);
	assert_true(executable_at("program", path, sizeof(path)));
	assert_string_equal(path, p->program);

	/* A working folder that was removed has no path. */
	(void)snprintf(was, sizeof(was), "%s/removed", p->folder);
	assert_int_equal(mkdir(was, 0700), 0);
	assert_int_equal(chdir(was), 0);
	assert_int_equal(rmdir(was), 0);
	assert_false(executable_at("program", path, sizeof(path)));
	assert_int_equal(chdir(here), 0);
	free(here);
}

static void
test_in_path(void **state)
{
	const struct place *p = *state;
	char path[EXECUTABLE_PATH], list[256];

	(void)snprintf(list, sizeof(list), "/none:%s/folder:%s/", p->folder,
		       p->folder);
	assert_int_equal(setenv("PATH", list, 1), 0);
	assert_true(executable_in_path("program", path, sizeof(path)));
	assert_string_equal(path, p->program);
	assert_false(executable_in_path("text", path, sizeof(path)));
	assert_false(executable_in_path("folder", path, sizeof(path)));
	assert_false(executable_in_path("none", path, sizeof(path)));
	assert_false(executable_in_path("", path, sizeof(path)));
	/* a path is not a name */
	assert_false(executable_in_path("./program", path, sizeof(path)));
	assert_int_equal(setenv("PATH", "", 1), 0);
	assert_false(executable_in_path("program", path, sizeof(path)));
	assert_int_equal(unsetenv("PATH"), 0);
	assert_true(executable_in_path("sh", path, sizeof(path)));
}

#ifdef OS_POSIX_ONLY

/* What a process knows of itself if the system reports nothing. */
static void
test_argv0(void **state)
{
	const struct place *p = *state;
	struct executable e;
	struct stat st[2];
	char other[128];

	assert_int_equal(stat("/", &st[0]), 0);
	assert_false(executable_find(&e, NULL));
	assert_null(e.path);
	assert_int_equal(executable_is_any(&e, st, 1), EXECUTABLE_UNKNOWN);
	assert_false(executable_find(&e, "/none/program"));
	assert_int_equal(executable_is_any(&e, st, 1), EXECUTABLE_UNKNOWN);
	executable_remember(&e);
	assert_int_equal(executable_is_any(&e, st, 1), EXECUTABLE_UNKNOWN);

	assert_true(executable_find(&e, p->program));
	assert_string_equal(e.path, p->program);
	assert_int_equal(executable_is_any(&e, st, 1), EXECUTABLE_OTHER);
	assert_int_equal(stat(p->program, &st[1]), 0);
	assert_int_equal(executable_is_any(&e, st, 2), EXECUTABLE_OWN);

	/* by a link: the link's own path, and the same file */
	(void)snprintf(other, sizeof(other), "%s/link", p->folder);
	assert_int_equal(symlink("program", other), 0);
	assert_true(executable_find(&e, other));
	assert_string_equal(e.path, other);
	assert_int_equal(executable_is_any(&e, st, 2), EXECUTABLE_OWN);
	assert_int_equal(setenv("PATH", p->folder, 1), 0);
	assert_true(executable_find(&e, "program"));
	assert_string_equal(e.path, p->program);
}

/* An update replaces the file: the old one is still our own, and so is the new
 * one, which would be run. */
static void
test_update(void **state)
{
	const struct place *p = *state;
	struct executable e;
	struct stat before, after;
	char text[128];

	(void)snprintf(text, sizeof(text), "%s/text", p->folder);
	assert_true(executable_find(&e, p->program));
	executable_remember(&e);
	assert_int_equal(stat(p->program, &before), 0);
	assert_int_equal(stat(text, &after), 0);
	assert_int_equal(executable_is_any(&e, &after, 1), EXECUTABLE_OTHER);
	assert_int_equal(rename(text, p->program), 0);
	assert_int_equal(executable_is_any(&e, &before, 1), EXECUTABLE_OWN);
	assert_int_equal(executable_is_any(&e, &after, 1), EXECUTABLE_OWN);
	assert_int_equal(unlink(p->program), 0);
	assert_int_equal(executable_is_any(&e, &before, 1), EXECUTABLE_OWN);
	assert_int_equal(executable_is_any(&e, &after, 1), EXECUTABLE_OTHER);
}

#else

/* This test itself, whatever argv[0] says. */
static void
test_own(void **state)
{
	struct executable e;
	struct stat own, other;

	(void)state;
	assert_true(executable_find(&e, "/bin/sh"));
	assert_string_not_equal(e.path, "/bin/sh");
	assert_true(access(e.path, X_OK) == 0);
	assert_int_equal(stat("/bin/sh", &other), 0);
	/* What runs under qemu is qemu (tools/matrix). */
	if (getenv("CORSWRAP_EMULATED") == NULL) {
		assert_int_equal(stat(e.path, &own), 0);
		assert_int_equal(executable_is_any(&e, &own, 1),
				 EXECUTABLE_OWN);
		executable_remember(&e);
		assert_int_equal(executable_is_any(&e, &own, 1),
				 EXECUTABLE_OWN);
	}
	assert_int_equal(executable_is_any(&e, &other, 1), EXECUTABLE_OTHER);
	assert_int_equal(executable_is_any(&e, NULL, 0), EXECUTABLE_OTHER);
}

#endif

int
main(void)
{
	struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_at, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_in_path, set_up, tear_down),
#ifdef OS_POSIX_ONLY
	    cmocka_unit_test_setup_teardown(test_argv0, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_update, set_up, tear_down),
#else
	    cmocka_unit_test(test_own),
#endif
	};

	return unit_run(tests, sizeof(tests) / sizeof(tests[0]));
}
