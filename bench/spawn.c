/*
 * How long programs take from start to end, side by side.
 *
 * 	spawn ROUNDS RUNS COMMAND [COMMAND ...]
 *
 * A COMMAND is a program and its arguments, split at blanks, run with our
 * environment, empty standard input, and standard output to a pipe that is
 * read.  The commands take turns run by run, so that other load affects all of
 * them equally.  A round's figure is the median of its RUNS in wall time and
 * the mean in processor time, which hardly scatters; printed is the median of
 * the rounds, in microseconds.
 *
 * SPDX-License-Identifier: ISC
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 64, ROUNDS_MAX = 1000, RUNS_MAX = 100000, COMMANDS_MAX = 32 };

extern char **environ;

struct sample {
	double wall[ROUNDS_MAX];
	double cpu[ROUNDS_MAX];
};

static double
microseconds(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static double
wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return microseconds(u.ru_utime) + microseconds(u.ru_stime);
}

static void
run(char *const *argv)
{
	posix_spawn_file_actions_t actions;
	char buffer[65536];
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		exit(1);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0) {
		perror(argv[0]);
		exit(1);
	}
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	while (read(fds[0], buffer, sizeof(buffer)) > 0)
		continue;
	close(fds[0]);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "%s: ended badly\n", argv[0]);
		exit(1);
	}
}

static int
order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), order);
	return values[count / 2];
}

/* Every command RUNS times, in turn. */
static void
one_round(char *words[][WORDS], int commands, int runs, int r,
	  struct sample samples[])
{
	static double walls[COMMANDS_MAX][RUNS_MAX], cpus[COMMANDS_MAX];

	memset(cpus, 0, sizeof(cpus));
	for (int k = 0; k < runs; k++)
		for (int i = 0; i < commands; i++) {
			double w = wall(), c = cpu();

			run(words[i]);
			walls[i][k] = wall() - w;
			cpus[i] += cpu() - c;
		}
	for (int i = 0; i < commands; i++) {
		samples[i].wall[r] = median(walls[i], (size_t)runs);
		samples[i].cpu[r] = cpus[i] / runs;
	}
}

int
main(int argc, char **argv)
{
	static struct sample samples[COMMANDS_MAX];
	char *words[COMMANDS_MAX][WORDS];
	int rounds, runs, commands = argc - 3;

	if (commands < 1 || commands > COMMANDS_MAX)
		return 2;
	rounds = atoi(argv[1]);
	runs = atoi(argv[2]);
	if (rounds < 1 || rounds > ROUNDS_MAX || runs < 1 || runs > RUNS_MAX)
		return 2;
	for (int i = 0; i < commands; i++) {
		size_t n = 0;

		for (char *w = strtok(argv[3 + i], " ");
		     w != NULL && n + 1 < WORDS; w = strtok(NULL, " "))
			words[i][n++] = w;
		words[i][n] = NULL;
	}
	for (int r = -1; r < rounds; r++) /* the first warms up */
		one_round(words, commands, runs, r < 0 ? 0 : r, samples);
	for (int i = 0; i < commands; i++)
		printf("%.1f %.1f\n", median(samples[i].wall, (size_t)rounds),
		       median(samples[i].cpu, (size_t)rounds));
	return 0;
}
