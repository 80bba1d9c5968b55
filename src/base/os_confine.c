/*
 * Landlock: the process gives up the rights to open, make and remove files,
 * except those that it names, and to make most connections.
 *
 * A child has the rights of the thread that started it, and programs must not
 * be confined.  So they are started by a thread that was started before and is
 * not confined.  It also reads /proc, because the kernel hides processes that
 * have more rights than the reader (ptrace(2), access mode checking).
 *
 * The numbers are those of linux/landlock.h, and never change.  That header is
 * not used, because some distributions have an older one, and musl has none.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "base/os.h"

#include <errno.h>

#ifndef OS_POSIX_ONLY
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* One for the process, as the rights are.  NULL: it is not confined. */
static void (*elsewhere)(void (*)(void *), void *);

bool
os_elsewhere(void (*function)(void *), void *context)
{
	if (elsewhere == NULL)
		return false;
	elsewhere(function, context);
	return true;
}

#ifndef OS_POSIX_ONLY

enum {
	SYS_CREATE_RULESET = 444, /* the same on every architecture */
	SYS_ADD_RULE = 445,
	SYS_RESTRICT_SELF = 446,

	WANT_VERSION = 1,
	RULE_PATH = 1,
	RULE_PORT = 2,
	CONNECT_TCP = 1 << 1,
	BOTH_TCP = 1 << 0 | CONNECT_TCP, /* bind and connect: from version 4 */

	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_FILE = 1 << 5,
	MAKE_REG = 1 << 8,
	TRUNCATE = 1 << 14,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
};

struct ruleset {
	uint64_t files;
	uint64_t ports;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed;
	uint64_t port;
};

/* ---- the thread that keeps its rights ---- */

static struct free_thread {
	pthread_mutex_t turn; /* held by the caller whose turn it is */
	pthread_mutex_t lock; /* for the fields below */
	pthread_cond_t change;
	void (*function)(void *); /* NULL: nothing to do */
	void *context;
} free_thread = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
		 PTHREAD_COND_INITIALIZER, NULL, NULL};

static void *
serve(void *nothing)
{
	struct free_thread *t = &free_thread;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (t->function == NULL)
			pthread_cond_wait(&t->change, &t->lock);
		t->function(t->context);
		t->function = NULL;
		pthread_cond_broadcast(&t->change);
	}
	return nothing;
}

/* Callers take turns: each call takes about a millisecond. */
static void
run_there(void (*function)(void *), void *context)
{
	struct free_thread *t = &free_thread;

	pthread_mutex_lock(&t->turn);
	pthread_mutex_lock(&t->lock);
	t->function = function;
	t->context = context;
	pthread_cond_broadcast(&t->change);
	while (t->function != NULL)
		pthread_cond_wait(&t->change, &t->lock);
	pthread_mutex_unlock(&t->lock);
	pthread_mutex_unlock(&t->turn);
}

/* The thread blocks all signals: other threads handle them. */
static int
start_free_thread(void)
{
	sigset_t all, had;
	pthread_t thread;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &had);
	error = pthread_create(&thread, NULL, serve, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &had, NULL);
	if (error == 0)
		error = pthread_detach(thread);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* ---- the rules ---- */

/* All rights that this version of Landlock knows. */
static uint64_t
rights_on_files(int version)
{
	/* Versions 2, 3 and 5 each added one; 4 added none. */
	const int bits = version >= 5 ? 16 : version >= 3 ? 15 : 12 + version;

	return ((uint64_t)1 << bits) - 1;
}

static uint64_t
rights_of(const struct os_grant *grant)
{
	uint64_t rights = 0;

	if ((grant->may & OS_MAY_READ) != 0)
		rights |= READ_FILE | READ_DIR;
	if ((grant->may & OS_MAY_WRITE) != 0)
		rights |= WRITE_FILE | TRUNCATE | MAKE_REG | REMOVE_FILE;
	return rights;
}

/* A missing file is not an error: it cannot be opened later, either. */
static int
add_path(int rules, const struct os_grant *grant, uint64_t known)
{
	struct path_rule rule;
	struct stat st;
	int fd = open(grant->path, O_PATH | O_CLOEXEC), rc;

	if (fd < 0)
		return 0;
	rule.parent = fd;
	rule.allowed = rights_of(grant) & known;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= OF_FILES;
	rc = (int)syscall(SYS_ADD_RULE, rules, RULE_PATH, &rule, 0);
	(void)close(fd);
	return rc;
}

static int
add(int rules, const struct os_grant *grant, const struct ruleset *known)
{
	struct port_rule rule = {CONNECT_TCP, grant->port};

	if (grant->path != NULL)
		return add_path(rules, grant, known->files);
	if (known->ports == 0)
		return 0;
	return (int)syscall(SYS_ADD_RULE, rules, RULE_PORT, &rule, 0);
}

int
os_confine(const struct os_grant *grants, size_t count)
{
	long version = syscall(SYS_CREATE_RULESET, NULL, 0, WANT_VERSION);
	struct ruleset all = {0, 0};
	int rules, rc = -1, error;

	if (version < 1)
		return -1;
	all.files = rights_on_files((int)version);
	all.ports = version >= 4 ? BOTH_TCP : 0;
	rules = (int)syscall(SYS_CREATE_RULESET, &all,
			     version >= 4 ? sizeof(all) : sizeof(all.files), 0);
	if (rules < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add(rules, &grants[i], &all) != 0)
			goto out;
	/* The kernel requires this, unless we are root; the unconfined thread,
	 * and so programs, do not get it. */
	if (start_free_thread() == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_RESTRICT_SELF, rules, 0) == 0) {
		elsewhere = run_there;
		rc = 0;
	}
out:
	error = errno;
	(void)close(rules);
	errno = error;
	return rc;
}

#else /* OS_POSIX_ONLY */

int
os_confine(const struct os_grant *grants, size_t count)
{
	(void)grants;
	(void)count;
	errno = ENOSYS;
	return -1;
}

#endif
