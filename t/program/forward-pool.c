/*
 * The state shared by forwarded requests, with a clock that stands still: how
 * long an address rests, which request tries it again, which connections are
 * kept, and which are closed for requests that wait.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/forward_pool.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "unit.h"

/* Far ahead, so that the thread that closes old connections sleeps. */
static uint64_t now = (uint64_t)1 << 40;

/* Replaces the clock's: only forward_pool.c is linked in addition. */
uint64_t
clock_ms(void)
{
	return now;
}

static struct forward_pool *pool;

static struct forward_peer *
fresh_peer(void)
{
	struct forward_peer *peer;

	pool = forward_pool_new();
	assert_non_null(pool);
	peer = forward_pool_peer(pool, "unix:/a");
	assert_non_null(peer);
	assert_ptr_equal(peer, forward_pool_peer(pool, "unix:/a"));
	assert_ptr_not_equal(peer, forward_pool_peer(pool, "unix:/b"));
	return peer;
}

/* A connection that is open until it is closed; *theirs tells which. */
static int
connection(int *theirs)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	*theirs = ends[1];
	return ends[0];
}

static bool
is_closed(int theirs)
{
	char byte;

	return recv(theirs, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int
count_closed(const int *theirs, int count)
{
	int closed = 0;

	for (int i = 0; i < count; i++)
		closed += is_closed(theirs[i]);
	return closed;
}

/* ---- health ---- */

static void
test_rest_grows(void **state)
{
	static const uint64_t rests[] = {1000, 2000, 4000, 8000, 8000};
	struct forward_peer *peer = fresh_peer();

	(void)state;
	assert_true(forward_peer_try(pool, peer));
	assert_true(forward_peer_failed(pool, peer));
	for (size_t i = 0; i < UNIT_COUNT(rests); i++) {
		now += rests[i] - 1;
		assert_false(forward_peer_try(pool, peer));
		now += 1;
		assert_true(forward_peer_try(pool, peer));
		assert_false(forward_peer_failed(pool, peer));
	}
	assert_true(forward_peer_fails(peer));
	assert_true(forward_peer_alive(pool, peer));
	assert_false(forward_peer_fails(peer));
	assert_false(forward_peer_alive(pool, peer));
	/* and from the beginning */
	assert_true(forward_peer_failed(pool, peer));
	now += 1000;
	assert_true(forward_peer_try(pool, peer));
	forward_pool_free(pool);
}

static void
test_together(void **state)
{
	struct forward_peer *peer = fresh_peer();

	(void)state;
	assert_true(forward_peer_failed(pool, peer));
	for (int i = 0; i < 20; i++)
		assert_false(forward_peer_failed(pool, peer));
	now += 1000;
	assert_true(forward_peer_try(pool, peer));
	forward_pool_free(pool);
}

static void
test_one_tries(void **state)
{
	struct forward_peer *peer = fresh_peer();

	(void)state;
	(void)forward_peer_failed(pool, peer);
	now += 1000;
	assert_true(forward_peer_try(pool, peer));
	assert_false(forward_peer_try(pool, peer));
	/* it never reported a result: another one tries after a while */
	now += 1000;
	assert_true(forward_peer_try(pool, peer));
	assert_false(forward_peer_try(pool, peer));
	forward_pool_free(pool);
}

/* ---- connections ---- */

static void
test_youngest_first(void **state)
{
	struct forward_peer *peer = fresh_peer();
	int theirs[3], ours[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		ours[i] = connection(&theirs[i]);
		forward_peer_release(pool, peer, ours[i], 2);
	}
	assert_int_equal(count_closed(theirs, 3), 1);
	assert_true(is_closed(theirs[2])); /* one too many */
	assert_int_equal(forward_peer_acquire(pool, peer, false), ours[1]);
	assert_int_equal(forward_peer_acquire(pool, peer, false), ours[0]);
	assert_int_equal(forward_peer_acquire(pool, peer, false), -1);
	/* fewer may be kept than before */
	forward_peer_release(pool, peer, ours[0], 2);
	forward_peer_release(pool, peer, ours[1], 1);
	assert_true(is_closed(theirs[1]));
	assert_false(is_closed(theirs[0]));
	forward_pool_free(pool);
	assert_true(is_closed(theirs[0]));
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
}

static void
test_not_quiet(void **state)
{
	struct forward_peer *peer = fresh_peer();
	int theirs[4], ours[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		ours[i] = connection(&theirs[i]);
		forward_peer_release(pool, peer, ours[i], 4);
	}
	assert_int_equal(write(theirs[3], "x", 1), 1);
	close(theirs[2]);
	assert_int_equal(forward_peer_acquire(pool, peer, false), ours[1]);
	forward_peer_release(pool, peer, ours[1], 4);
	/* a fresh one is needed: one of the two is closed */
	assert_int_equal(forward_peer_acquire(pool, peer, true), -1);
	assert_true(is_closed(theirs[1]));
	assert_false(is_closed(theirs[0]));
	forward_peer_forget(pool, peer);
	assert_true(is_closed(theirs[0]));
	forward_pool_free(pool);
	close(theirs[0]);
	close(theirs[1]);
	close(theirs[3]);
}

/* Requests wait: that many kept ones are closed, at once or when they are
 * released, and no more than there are requests. */
static void
test_stuck(void **state)
{
	struct forward_peer *peer = fresh_peer();
	int theirs[6], ours[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		ours[i] = connection(&theirs[i]);
	forward_peer_release(pool, peer, ours[0], 6);
	forward_peer_stuck(pool, peer, false); /* one is there */
	assert_true(is_closed(theirs[0]));
	forward_peer_stuck(pool, peer, false); /* and now none is: owed */
	forward_peer_stuck(pool, peer, true);  /* the first still waits: too */
	forward_peer_stuck(pool, peer, true);  /* as many as wait, no more */
	forward_peer_release(pool, peer, ours[1], 6);
	forward_peer_release(pool, peer, ours[2], 6);
	forward_peer_release(pool, peer, ours[3], 6);
	assert_int_equal(count_closed(theirs, 6), 3);
	assert_false(is_closed(theirs[3]));
	assert_int_equal(forward_peer_acquire(pool, peer, false), ours[3]);
	/* no connection is owed, so none is closed */
	forward_peer_stuck(pool, peer, true);
	forward_peer_served(pool, peer);
	forward_peer_served(pool, peer);
	forward_peer_release(pool, peer, ours[3], 6);
	forward_peer_release(pool, peer, ours[4], 6);
	forward_peer_release(pool, peer, ours[5], 6);
	assert_int_equal(count_closed(theirs, 6), 3);
	forward_pool_free(pool);
	assert_int_equal(count_closed(theirs, 6), 6);
	for (int i = 0; i < 6; i++)
		close(theirs[i]);
}

/* No pool or no memory for the peer: nothing is kept, nothing is counted. */
static void
test_none(void **state)
{
	int theirs, ours = connection(&theirs);

	(void)state;
	assert_null(forward_pool_peer(NULL, "unix:/a"));
	assert_true(forward_peer_try(NULL, NULL));
	assert_true(forward_peer_failed(NULL, NULL));
	assert_false(forward_peer_fails(NULL));
	assert_false(forward_peer_alive(NULL, NULL));
	forward_peer_stuck(NULL, NULL, false);
	forward_peer_served(NULL, NULL);
	forward_peer_forget(NULL, NULL);
	assert_int_equal(forward_peer_acquire(NULL, NULL, false), -1);
	forward_peer_release(NULL, NULL, ours, 9);
	assert_true(is_closed(theirs));
	close(theirs);
	forward_pool_free(NULL);
}

int
main(void)
{
	struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rest_grows),
	    cmocka_unit_test(test_together),
	    cmocka_unit_test(test_one_tries),
	    cmocka_unit_test(test_youngest_first),
	    cmocka_unit_test(test_not_quiet),
	    cmocka_unit_test(test_stuck),
	    cmocka_unit_test(test_none),
	};

	return unit_run(tests, UNIT_COUNT(tests));
}
