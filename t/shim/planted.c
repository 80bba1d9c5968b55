/*
 * Deliberate faults, one for each name: `make check-asan` and `make
 * check-tsan` run them first, to check that reports are noticed.
 *
 * SPDX-License-Identifier: ISC
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int shared;

static void *
count(void *none)
{
	shared++;
	return none;
}

static int
race(void)
{
	pthread_t other;

	if (pthread_create(&other, NULL, count, NULL) != 0)
		return 1;
	shared++;
	return pthread_join(other, NULL);
}

int
main(int argc, char **argv)
{
	char *volatile block = malloc(4);
	volatile int most = INT_MAX;

	if (argc != 2 || block == NULL)
		return 1;
	if (strcmp(argv[1], "overflow") == 0)
		block[3 + argc] = 1;
	if (strcmp(argv[1], "undefined") == 0)
		most += argc;
	if (strcmp(argv[1], "race") == 0)
		most = race();
	if (strcmp(argv[1], "leak") == 0)
		block = NULL;
	free(block);
	return 0;
}
