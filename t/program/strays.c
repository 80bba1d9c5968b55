/*
 * Processes that left a program's group are found also while their parents end.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "run/strays.h"

enum { DAEMONS = 400 };

/* A daemon is started by a process that ends at the next order. */
static void
start_daemon(int orders, int told)
{
	pid_t pid = fork();

	if (pid != 0) {
		(void)waitpid(pid, NULL, 0);
		return;
	}
	(void)setsid();
	pid = fork();
	if (pid == 0) {
		pid = getpid();
		(void)!write(told, &pid, sizeof(pid));
		for (;;)
			(void)pause();
	}
	(void)!read(orders, &(char){0}, 1);
	_exit(0);
}

/* The program: it ends when the orders end. */
static void
run_program(int orders, int told)
{
	char order;

	os_adopt_orphans();
	(void)setpgid(0, 0);
	while (read(orders, &order, 1) == 1) {
		start_daemon(orders, told);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	_exit(0);
}

static bool
is_in(const struct strays *s, pid_t pid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].pid == pid)
			return true;
	return false;
}

static void
test_daemons(void **state)
{
	int orders[2], told[2], missed = 0, own = os_process_open(getpid());
	struct strays s;
	pid_t program, daemon;

	(void)state;
	assert_int_equal(os_pipe(orders), 0);
	assert_int_equal(os_pipe(told), 0);
	program = fork();
	if (program == 0) {
		(void)close(orders[1]);
		run_program(orders[0], told[1]);
	}
	for (int i = 0; i < DAEMONS; i++) {
		assert_int_equal(write(orders[1], "x", 1), 1);
		assert_int_equal(read(told[0], &daemon, sizeof(daemon)),
				 sizeof(daemon));
		strays_init(&s);
		/* It ends before, during or after the search. */
		assert_int_equal(write(orders[1], "x", 1), 1);
		for (volatile int spin = 0; spin < i % 50 * 500; spin++)
			continue;
		strays_of(&s, program);
		missed += !is_in(&s, daemon);
		strays_free(&s);
		assert_int_equal(kill(daemon, SIGKILL), 0);
	}
	(void)close(orders[1]);
	assert_int_equal(waitpid(program, NULL, 0), program);
	/* Without pidfds a stray is not added (base/os.h).  Under qemu
	 * some daemons become children of process 1, and cannot be found. */
	if (getenv("CORSWRAP_EMULATED") == NULL)
		assert_int_equal(missed, own >= 0 ? 0 : DAEMONS);
	(void)close(own);
	for (int i = 0; i < 2; i++)
		(void)close(told[i]);
	(void)close(orders[0]);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_daemons),
	};

	return unit_run(tests, sizeof(tests) / sizeof(tests[0]));
}
