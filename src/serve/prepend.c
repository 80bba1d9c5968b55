/*
 * inject = prepend: write our header lines, then replace this process with the
 * program.
 *
 * This needs no second process and no copying, and the web server's signals and
 * limits apply to the program itself.  It works because header fields may come
 * in any order (RFC 3875, 6.3): ours come first, and the program's header block
 * continues and ends ours.  The program's output is not read, so its own CORS
 * headers cannot be removed: hence the diagnostic prepend-conflict.
 *
 * All known causes of failure are checked before the first byte.  If execve
 * still fails, the header block is not yet complete, so an error with its own
 * Status can be added.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "serve/prepend.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/answer.h"
#include "run/child.h"
#include "run/first_line.h"
#include "serve/cgi_io.h"

bool
prepend_possible(const struct exchange *x)
{
	return !nph_wanted(x->variables);
}

/* Log the cause and send a response.  d is NULL if the header block has begun
 * already, because it has the CORS lines then. */
static void
failed(struct exchange *x, const char *file, enum child_stage stage, int error,
       const struct cors_decision *d, const struct request *request)
{
	int status = child_report(x->log, request, file, stage, error);

	x->outcome.failure = "start-failed";
	answer_error(x, d, status, NULL);
}

/* The errno with which execve would fail for the file, as far as that can be
 * known before; 0: none. */
static int
check_program(const char *file)
{
	char interpreter[FIRST_LINE_MAX];
	struct first_line first;
	struct stat st;

	if (stat(file, &st) != 0 || access(file, X_OK) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	first_line_read(&first, file);
	if (!slice_present(first.head))
		return 0; /* executable and not readable: a binary may be */
	/* The kernel cannot execute text without #!; it may support more
	 * formats of binaries than we know (binfmt_misc). */
	if (!slice_present(first.line))
		return text_find(first.head, '\0') < first.head.len ? 0
								    : ENOEXEC;
	if (!first_line_interpreter(&first, interpreter))
		return ENOEXEC;
	return access(interpreter, X_OK) == 0 ? 0 : errno;
}

static int
write_parts(struct exchange *x, const struct slice *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (x->out->write(x->out, parts[i].ptr, parts[i].len) != 0)
			return -1;
	return 0;
}

/* A line that must not be spoiled by the line after it. */
static bool
is_guard(struct slice part)
{
	return slice_starts(part, SLICE("Vary:")) ||
	       slice_starts(part, SLICE("Cross-Origin-Resource-Policy:"));
}

/*
 * Our own lines only.  Vary and Cross-Origin-Resource-Policy come first: if
 * the program's first line begins with a blank, some servers join it to the
 * line before (RFC 9112, 5.2).  A Vary that no cache can read would serve one
 * origin's response to another, and a resource policy that no browser can read
 * forbids nothing.  If any other of our lines is spoiled, it allows nothing.
 * So another line comes last; if there is none, a second Vary.
 */
static int
write_lines(struct exchange *x, const struct cors_decision *d)
{
	struct slice parts[CORS_PARTS_MAX];
	size_t count = d->policy == NULL ? 0 : cors_parts(d, parts);
	size_t others = 0;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		if (is_guard(parts[i]))
			rc = write_parts(x, &parts[i], 1);
	for (size_t i = 0; i < count && rc == 0; i++)
		if (!is_guard(parts[i])) {
			rc = write_parts(x, &parts[i], 1);
			others++;
		}
	/* Vary is the last part of cors_parts. */
	if (rc == 0 && others == 0 && count > 0 &&
	    cors_vary(d) != CORS_VARY_NONE)
		rc = write_parts(x, &parts[count - 1], 1);
	return rc != 0 ? rc : x->out->flush(x->out);
}

/* The descriptor for standard input: the body, or /dev/null.  -1 with errno. */
static int
input_of(const struct body *body)
{
	return body->fd >= 0 ? body->fd
			     : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void
prepend_run(const struct settings *settings, struct exchange *x,
	    const struct script *script, char **variables, struct body *body,
	    const struct cors_decision *d, const struct request *request)
{
	enum child_stage stage = CHILD_STAGE_EXEC;
	struct child_spec spec = {.argv = script->argv,
				  .env = variables,
				  .directory = script->directory,
				  .in = input_of(body),
				  .out = STDOUT_FILENO,
				  .err = STDERR_FILENO,
				  .limits = &settings->app};
	int error = check_program(script->argv[0]);

	if (error == 0 && spec.in < 0) {
		stage = CHILD_STAGE_NULL;
		error = errno;
	}
	if (error == 0 && child_enter(&spec, &stage) != 0)
		error = errno;
	if (error != 0) {
		failed(x, script->argv[0], stage, error, d, request);
		return;
	}
	(void)alarm(0);
	x->outcome.ran = true;
	if (write_lines(x, d) != 0) {
		x->outcome.failure = "client-gone";
		return;
	}
	(void)execve(script->argv[0], script->argv, variables);
	failed(x, script->argv[0], CHILD_STAGE_EXEC, errno, NULL, request);
}
