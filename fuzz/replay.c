/*
 * Runs the fuzz targets without a fuzzer: the inputs of the corpora, then
 * mutations of them that are the same for the same seed.  So every test run
 * does a few seconds of fuzzing, with any compiler, and a finding is run again
 * by its file.
 *
 * 	replay TARGET [-n MUTATIONS] [-t SECONDS] [-s SEED] FILE ...
 *
 * An input at which a target fails is left in crash-TARGET (in FUZZ_ARTIFACTS
 * or the current folder).
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "targets.h"

enum { INPUT_MAX = 65536, INPUTS_MAX = 4096 };

static const struct target {
	const char *name;
	int (*run)(const uint8_t *, size_t);
} targets[] = {
#define TARGET(name) {#name, fuzz_##name},
    FUZZ_TARGETS
#undef TARGET
};

struct input {
	uint8_t *bytes;
	size_t size;
};

static struct input inputs[INPUTS_MAX];
static size_t input_count;

/* The current input, for the crash handler. */
static const uint8_t *running;
static size_t running_size;
static char artifact[4096];

static void
crashed(int sig)
{
	int fd = open(artifact, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd >= 0) {
		if (write(fd, running, running_size) < 0)
			_exit(3);
		close(fd);
	}
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
watch_crashes(const char *target)
{
	const char *folder = getenv("FUZZ_ARTIFACTS");

	snprintf(artifact, sizeof(artifact), "%s/crash-%s",
		 folder == NULL ? "." : folder, target);
	(void)signal(SIGABRT, crashed);
	/* Sanitizers have handlers of their own for these. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	(void)signal(SIGSEGV, crashed);
	(void)signal(SIGBUS, crashed);
	(void)signal(SIGFPE, crashed);
#endif
	(void)signal(SIGALRM, crashed);
}

/* ---- inputs ---- */

static void
read_input(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(path);
		exit(2);
	}
	if (S_ISREG(st.st_mode) && st.st_size <= INPUT_MAX &&
	    input_count < INPUTS_MAX) {
		struct input *input = &inputs[input_count++];
		input->size = (size_t)st.st_size;
		input->bytes = malloc(input->size + 1);
		if (input->bytes == NULL ||
		    read(fd, input->bytes, input->size) != st.st_size) {
			perror(path);
			exit(2);
		}
	}
	close(fd);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A file, or the files of a folder in the order of their names. */
static void
read_inputs(const char *path)
{
	struct dirent **list;
	int n = scandir(path, &list, is_visible, by_name);

	if (n < 0) {
		read_input(path);
		return;
	}
	for (int i = 0; i < n; i++) {
		char name[4096];
		snprintf(name, sizeof(name), "%s/%s", path, list[i]->d_name);
		read_input(name);
		free(list[i]);
	}
	free(list);
}

/* ---- running ---- */

/* Inputs end at a page boundary, so that reading past them crashes. */
static uint8_t *pages;

static void
make_pages(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	pages = mmap(NULL, INPUT_MAX + page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED ||
	    mprotect(pages + INPUT_MAX, page, PROT_NONE) < 0) {
		perror("mmap");
		exit(2);
	}
}

static void
run_one(const struct target *target, const uint8_t *bytes, size_t size)
{
	running = memcpy(pages + INPUT_MAX - size, bytes, size);
	running_size = size;
	/* An input that takes seconds is a finding. */
	(void)alarm(60);
	(void)target->run(running, size);
	(void)alarm(0);
}

/* xorshift64: the same numbers on every machine. */
static uint64_t seed = 0x9e3779b97f4a7c15;

static size_t
some(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return below == 0 ? 0 : (size_t)(seed % below);
}

static size_t
insert(uint8_t *bytes, size_t size, const uint8_t *what, size_t len)
{
	size_t at = some(size + 1);

	if (len > INPUT_MAX - size)
		len = INPUT_MAX - size;
	memmove(bytes + at + len, bytes + at, size - at);
	memcpy(bytes + at, what, len);
	return size + len;
}

/* One change; the new size. */
static size_t
mutate(uint8_t *bytes, size_t size)
{
	static const uint8_t special[] = "\0\n\r \t:;=,.*/%\"'\\?#@[]<>&+-_~"
					 "\x01\x7f\x80\xff"
					 "09aAzZ";
	const struct input *other = &inputs[some(input_count)];
	size_t at = some(size), len, from;
	uint8_t c = special[some(sizeof(special) - 1)];

	switch (some(size == 0 ? 3 : 8)) {
	case 0: /* a special byte */
		return insert(bytes, size, &c, 1);
	case 1: /* a part of another input */
	case 2:
		from = some(other->size);
		len = some(other->size - from + 1);
		return insert(bytes, size, other->bytes + from,
			      some(2) == 0 ? len : some(len < 16 ? len : 16));
	case 3:
		bytes[at] = c;
		return size;
	case 4:
		bytes[at] ^= (uint8_t)(1U << some(8));
		return size;
	case 5:
		bytes[at] = (uint8_t)some(256);
		return size;
	case 6: /* leave a part out */
		len = 1 + some(size - at < 32 ? size - at : 32);
		memmove(bytes + at, bytes + at + len, size - at - len);
		return size - len;
	default: /* a part twice */
		len = 1 + some(size - at < 64 ? size - at : 64);
		if (len > INPUT_MAX - size)
			return size;
		memmove(bytes + at + len, bytes + at, size - at);
		return size + len;
	}
}

static void
run_mutation(const struct target *target)
{
	static uint8_t bytes[INPUT_MAX + 64];
	const struct input *input = &inputs[some(input_count)];
	size_t size = input->size, changes = 1 + some(6);

	memcpy(bytes, input->bytes, size);
	while (changes-- > 0)
		size = mutate(bytes, size);
	run_one(target, bytes, size);
}

static const struct target *
find_target(const char *name)
{
	for (size_t i = 0; i < UNIT_COUNT(targets); i++)
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	return NULL;
}

static int
usage(void)
{
	fprintf(stderr, "usage: replay TARGET [-n MUTATIONS] [-t SECONDS] "
			"[-s SEED] FILE ...\ntargets:");
	for (size_t i = 0; i < UNIT_COUNT(targets); i++)
		fprintf(stderr, " %s", targets[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int
main(int argc, char **argv)
{
	const struct target *target = argc < 2 ? NULL : find_target(argv[1]);
	unsigned long wanted = 0, done = 0;
	time_t until = 0;
	int option;

	if (target == NULL)
		return usage();
	while ((option = getopt(argc - 1, argv + 1, "n:s:t:")) != -1) {
		if (option == 'n')
			wanted = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed ^= strtoull(optarg, NULL, 10);
		else if (option == 't')
			until = time(NULL) + atoi(optarg);
		else
			return usage();
	}
	for (int i = optind + 1; i < argc; i++)
		read_inputs(argv[i]);
	watch_crashes(target->name);
	make_pages();
	for (size_t i = 0; i < input_count; i++)
		run_one(target, inputs[i].bytes, inputs[i].size);
	while (input_count > 0 && (done < wanted || time(NULL) < until)) {
		run_mutation(target);
		done++;
	}
	printf("%s: %zu inputs, %lu mutations\n", target->name, input_count,
	       done);
	for (size_t i = 0; i < input_count; i++)
		free(inputs[i].bytes);
	return input_count == 0;
}
