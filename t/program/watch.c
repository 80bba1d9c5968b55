/*
 * Files that are watched: every kind of change is seen, and only changes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "run/watch.h"

static char folder[] = "/tmp/corswrap-watch-XXXXXX";

static const char *
path(const char *name)
{
	static char text[4][128];
	static int at;

	at = (at + 1) % 4;
	(void)snprintf(text[at], sizeof(text[at]), "%s/%s", folder, name);
	return text[at];
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int64_t
wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Longer than a tick of any file system's clock that tests run on. */
static void
let_time_pass(void)
{
	struct timespec t = {0, 20 * 1000 * 1000};

	nanosleep(&t, NULL);
}

static struct watch *
watching(const char *name)
{
	struct watch *w = watch_new();

	assert_non_null(w);
	assert_true(watch_add(w, path(name)));
	assert_false(watch_changed(w));
	let_time_pass();
	return w;
}

static void
test_edited(void **state)
{
	struct watch *w;

	(void)state;
	put("a", "one");
	let_time_pass();
	w = watching("a");
	put("a", "two"); /* the same size */
	assert_true(watch_changed(w));
	watch_free(w);
}

static void
test_old_time(void **state)
{
	const struct timespec old[2] = {{1000000, 0}, {1000000, 0}};
	struct watch *w;

	(void)state;
	put("a", "one");
	assert_int_equal(utimensat(AT_FDCWD, path("a"), old, 0), 0);
	w = watching("a");
	put("a", "two");
	assert_int_equal(utimensat(AT_FDCWD, path("a"), old, 0), 0);
	assert_true(watch_changed(w));
	watch_free(w);
}

static void
test_replaced(void **state)
{
	struct watch *w;

	(void)state;
	put("a", "one");
	w = watching("a");
	put("b", "one");
	assert_false(watch_changed(w));
	assert_int_equal(rename(path("b"), path("a")), 0);
	assert_true(watch_changed(w));
	watch_free(w);
}

static void
test_link_moved(void **state)
{
	struct watch *w;

	(void)state;
	put("a", "one");
	put("b", "one");
	(void)unlink(path("l"));
	assert_int_equal(symlink(path("a"), path("l")), 0);
	w = watching("l");
	assert_int_equal(symlink(path("b"), path("m")), 0);
	assert_int_equal(rename(path("m"), path("l")), 0);
	assert_true(watch_changed(w));
	watch_free(w);
}

static void
test_comes_and_goes(void **state)
{
	struct watch *w;

	(void)state;
	(void)unlink(path("new"));
	w = watching("new");
	put("new", "");
	assert_true(watch_changed(w));
	watch_free(w);
	w = watching("new");
	assert_int_equal(unlink(path("new")), 0);
	assert_true(watch_changed(w));
	watch_free(w);
}

static void
test_folder(void **state)
{
	struct watch *w = watch_new();

	(void)state;
	assert_int_equal(mkdir(path("lib"), 0755), 0);
	assert_true(watch_add_folder(w, path("lib")));
	assert_true(watch_absent(w, path("lib/A.pm")));
	assert_true(watch_absent(w, path("lib/B.pm")));
	assert_true(watch_add(w, path("lib/C.pm")));
	assert_true(watch_has(w, path("lib/C.pm")));
	assert_false(watch_has(w, path("lib/A.pm")));
	assert_false(watch_has(w, path("lib")));
	assert_false(watch_changed(w));
	let_time_pass();
	put("lib/counter", "1");
	assert_false(watch_changed(w));
	put("lib/B.pm", "1;");
	assert_true(watch_changed(w));
	assert_int_equal(unlink(path("lib/B.pm")), 0);
	assert_false(watch_changed(w));
	put("lib/C.pm", "1;");
	assert_true(watch_changed(w));
	watch_free(w);
	/* One that is there from the beginning. */
	w = watch_new();
	assert_true(watch_add_folder(w, path("lib")));
	assert_true(watch_absent(w, path("lib/C.pm")));
	assert_true(watch_changed(w));
	watch_free(w);
}

static void
test_place(void **state)
{
	struct watch *w = watch_new();

	(void)state;
	assert_int_equal(mkdir(path("place"), 0755), 0);
	assert_true(watch_add_place(w, path("place")));
	let_time_pass();
	put("place/x", "");
	assert_false(watch_changed(w));
	assert_int_equal(rename(path("place"), path("elsewhere")), 0);
	assert_true(watch_changed(w));
	assert_int_equal(mkdir(path("place"), 0755), 0);
	assert_true(watch_changed(w));
	watch_free(w);
}

static void
test_young(void **state)
{
	const struct timespec old[2] = {{1000000, 0}, {1000000, 0}};
	int64_t start = wall_ms();
	struct watch *w;

	(void)state;
	let_time_pass();
	put("a", "one");
	/* A user can set the modification time, but not the change time. */
	assert_int_equal(utimensat(AT_FDCWD, path("a"), old, 0), 0);
	w = watching("a");
	assert_true(watch_has_young(w, start));
	assert_false(watch_has_young(w, wall_ms() + 100000));
	watch_free(w);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = {
	    "a", "l",		"lib/counter", "lib/C.pm", "lib",
	    "b", "elsewhere/x", "elsewhere",   "place"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path(names[i]));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_edited),
	    cmocka_unit_test(test_old_time),
	    cmocka_unit_test(test_replaced),
	    cmocka_unit_test(test_link_moved),
	    cmocka_unit_test(test_comes_and_goes),
	    cmocka_unit_test(test_folder),
	    cmocka_unit_test(test_place),
	    cmocka_unit_test(test_young),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
