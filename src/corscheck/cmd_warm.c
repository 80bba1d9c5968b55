/*
 * corscheck warm: can a script run warm, is its response the same, and how much
 * faster is it?  It runs cold and warm in turn, with the same request.  The
 * modules that it loads while it runs are preloaded.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/command.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/os.h"
#include "base/text.h"
#include "fastcgi/record.h"
#include "policy/settings.h"
#include "run/body.h"
#include "run/forward_send.h"
#include "run/php.h"
#include "run/zygote.h"

enum {
	TURNS = 10,
	VARIABLES = 256,
	COMPILE_TIME = 60 * 1000, /* ms */
	ANSWER_TIME = 60 * 1000,
	MODULES = 256,
	LINE = 4096
};

/* The result of a run. */
struct run {
	char *output; /* standard output, then standard error */
	size_t len;
	size_t room;
	size_t error_len; /* of standard error */
	int status;
	uint64_t time; /* microseconds */
};

struct subject {
	const struct settings *settings;
	char path[PATH_MAX];
	char directory[PATH_MAX];
	char *argv[INTERPRETER_WORDS + 2];
	char *env[VARIABLES + 1];  /* of a request */
	char *base[VARIABLES + 1]; /* of the interpreter */
	char script_filename[PATH_MAX + 32];
	struct php *php; /* the server that runs it warm, if it is one */
	const char *load[MODULES + 1]; /* modules to preload */
};

/* ---- the program ---- */

/* Opening a FIFO would wait for a writer, and reading a device may never
 * end. */
static bool
is_regular(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	errno = ENODEV;
	return S_ISREG(st.st_mode);
}

/* The words of [app] exec or of the handler, followed by the script. */
static bool
find_words(struct subject *s, const char *script)
{
	const struct app *app = &s->settings->app;
	const struct handler *handler;
	char *const *words = NULL;
	size_t n = 0;

	if (strcmp(script, "exec") == 0) {
		words = app->exec;
	} else if (is_regular(script) && realpath(script, s->path) != NULL) {
		handler = app_handler(app, s->path);
		words = handler == NULL ? NULL : handler->argv;
	} else {
		s->path[0] = '\0'; /* realpath left the part where it failed */
	}
	for (; words != NULL && words[n] != NULL && n < INTERPRETER_WORDS; n++)
		s->argv[n] = words[n];
	if (s->path[0] != '\0')
		s->argv[n++] = s->path;
	else if (n > 0)
		(void)snprintf(s->path, sizeof(s->path), "%s", s->argv[0]);
	return n > 0;
}

static void
find_directory(struct subject *s)
{
	char *slash;

	(void)snprintf(s->directory, sizeof(s->directory), "%s",
		       s->settings->app.directory != NULL
			   ? s->settings->app.directory
			   : s->path);
	slash = strrchr(s->directory, '/');
	if (s->settings->app.directory == NULL && slash != NULL)
		slash[slash == s->directory] = '\0';
}

static size_t
put_variable(char **env, size_t count, char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < count; i++)
		if (strncmp(env[i], variable, len) == 0) {
			env[i] = variable;
			return count;
		}
	if (count < VARIABLES)
		env[count++] = variable;
	return count;
}

/* The variables of a GET; the user's override them, [env] overrides both. */
static void
find_variables(struct subject *s, char **own, int count)
{
	static char usual[][48] = {"GATEWAY_INTERFACE=CGI/1.1",
				   "PATH=/usr/local/bin:/usr/bin:/bin",
				   "QUERY_STRING=",
				   "REDIRECT_STATUS=200",
				   "REMOTE_ADDR=127.0.0.1",
				   "REQUEST_METHOD=GET",
				   "SCRIPT_NAME=/script",
				   "SERVER_NAME=localhost",
				   "SERVER_PORT=80",
				   "SERVER_PROTOCOL=HTTP/1.1",
				   "SERVER_SOFTWARE=corscheck"};
	size_t n = 0, lasting = 0, fixed = 0;
	char *const *env = s->settings->app.env;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		n = put_variable(s->env, n, usual[i]);
	(void)snprintf(s->script_filename, sizeof(s->script_filename),
		       "SCRIPT_FILENAME=%s", s->path);
	n = put_variable(s->env, n, s->script_filename);
	for (int i = 0; i < count; i++)
		n = put_variable(s->env, n, own[i]);
	for (; env[fixed] != NULL; fixed++) {
		n = put_variable(s->env, n, env[fixed]);
		lasting = put_variable(s->base, lasting, env[fixed]);
	}
	for (size_t i = 0; i < n; i++)
		if (interpreter_reads(s->env[i]) ||
		    (!interpreter_is_server(s->argv) &&
		     interpreter_may_see(s->env[i])))
			lasting = put_variable(s->base, lasting, s->env[i]);
}

/* ---- a run ---- */

static bool
append(struct run *run, int fd)
{
	ssize_t n;

	if (!array_reserve(&run->output, run->len + LINE, &run->room, 1))
		return false;
	n = read(fd, run->output + run->len, LINE);
	if (n > 0)
		run->len += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

static bool
append_bytes(struct run *run, struct slice bytes)
{
	if (!array_reserve(&run->output, run->len + bytes.len, &run->room, 1))
		return false;
	memcpy(run->output + run->len, bytes.ptr, bytes.len);
	run->len += bytes.len;
	return true;
}

/* Append standard error to standard output. */
static void
add_errors(struct run *run, struct run *errors)
{
	if (errors->len > 0 &&
	    append_bytes(run, slice_of(errors->output, errors->len)))
		run->error_len = errors->len;
	free(errors->output);
}

/* Read standard output and standard error until both are closed or nothing
 * comes for ANSWER_TIME. */
static void
collect(struct run *run, int out, int err)
{
	struct run errors = {.output = NULL};
	struct pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};

	while ((fds[0].fd >= 0 || fds[1].fd >= 0) &&
	       poll(fds, 2, ANSWER_TIME) > 0) {
		if (fds[0].revents != 0 && !append(run, out))
			fds[0].fd = -1;
		if (fds[1].revents != 0 && !append(&errors, err))
			fds[1].fd = -1;
	}
	add_errors(run, &errors);
}

/* ---- of a server ---- */

/* Read its connection to the end of the response. */
static bool
read_answer(struct php *php, struct run *run, struct run *errors)
{
	struct record_reader reader;
	enum record_event event = RECORD_MORE;
	char buf[LINE];
	struct slice piece;
	size_t used;

	record_reader_init(&reader);
	for (;;) {
		struct pollfd fd = {php->connection, POLLIN, 0};
		ssize_t n = -1, at = 0;

		if (poll(&fd, 1, ANSWER_TIME) > 0)
			n = recv(php->connection, buf, sizeof(buf), 0);
		if (n <= 0)
			return false;
		do {
			event = record_read(&reader, buf + at, (size_t)(n - at),
					    &used, &piece);
			at += (ssize_t)used;
			if (event == RECORD_END || event == RECORD_BAD)
				return event == RECORD_END;
			if (event != RECORD_MORE &&
			    !append_bytes(event == RECORD_STDOUT ? run : errors,
					  piece))
				return false;
		} while (event != RECORD_MORE);
	}
}

static bool
run_server(const struct subject *s, struct run *run)
{
	const struct body none = {.fd = -1};
	struct run errors = {.output = NULL};
	struct forward_request request;
	struct pollfd left = {s->php->err, POLLIN, 0};
	uint64_t start = clock_us();
	bool ok;

	*run = (struct run){.output = NULL};
	if (php_offer(s->php, s->env, clock_ms() + ANSWER_TIME) != 0 ||
	    forward_request_rest(&request, &none) != 0)
		return false;
	ok = send(s->php->connection, request.bytes, request.len,
		  MSG_NOSIGNAL) == (ssize_t)request.len &&
	     read_answer(s->php, run, &errors);
	run->time = clock_us() - start;
	while (poll(&left, 1, 0) > 0 && append(&errors, s->php->err))
		continue;
	add_errors(run, &errors);
	forward_request_free(&request);
	return ok;
}

/* ---- of a program ---- */

/* The data that a fork wrote to its socket until it ended. */
static void
take_told(struct run *told, int socket)
{
	struct pollfd fd = {socket, POLLIN, 0};

	while (poll(&fd, 1, 0) > 0 && append(told, socket))
		continue;
	(void)close(socket);
}

/* Run it, warm if there is a zygote, else cold.  *told, unless NULL: the
 * modules that the fork loads.  False: it could not be started. */
static bool
run_once(const struct subject *s, struct zygote *z, struct run *run,
	 struct run *told)
{
	int out[2], err[2] = {-1, -1}, socket = -1;
	enum child_stage stage;
	uint64_t start;
	struct child child;
	uint64_t until = clock_ms() + ANSWER_TIME;
	bool ok = false;

	if (z != NULL && s->php != NULL)
		return run_server(s, run);
	*run = (struct run){.output = NULL};
	if (os_pipe(out) != 0 || os_pipe(err) != 0)
		return false;
	struct child_spec spec = {.argv = s->argv,
				  .env = s->env,
				  .directory = s->directory,
				  .in = -1,
				  .out = out[1],
				  .err = err[1],
				  .limits = &s->settings->app,
				  .prepared = true};
	start = clock_us();
	if (z == NULL)
		ok = child_start(&spec, &child, &stage) == 0;
	else if ((socket = zygote_fork(z)) >= 0)
		ok = zygote_hand(z, socket, &spec, until, &child) == 0 &&
		     zygote_taken(socket, &spec, until, &child) == 0;
	(void)close(out[1]);
	(void)close(err[1]);
	if (ok && z != NULL)
		(told == NULL ? zygote_go : zygote_go_and_tell)(socket);
	if (ok) {
		collect(run, out[0], err[0]);
		run->time = clock_us() - start;
		if (!child_wait(&child, ANSWER_TIME))
			child_kill(&child, SIGKILL);
		run->status = child_reap(&child);
	}
	if (ok && told != NULL)
		take_told(told, socket);
	(void)close(out[0]);
	(void)close(err[0]);
	return ok;
}

/* A server does not report an exit status. */
static bool
same_run(const struct run *a, const struct run *b, bool is_server)
{
	return a->len == b->len && a->error_len == b->error_len &&
	       (a->status == b->status || is_server) &&
	       (a->len == 0 || memcmp(a->output, b->output, a->len) == 0);
}

/* ---- the interpreter ---- */

/* Show the user its standard error while it compiles. */
static void
pass_errors(struct zygote *z)
{
	char buf[LINE];
	ssize_t n = read(z->err, buf, sizeof(buf));

	if (n > 0)
		(void)!write(STDERR_FILENO, buf, (size_t)n);
}

static enum zygote_news
compile(struct zygote *z)
{
	enum zygote_news news = ZYGOTE_COMPILING;
	uint64_t until = clock_ms() + COMPILE_TIME;

	while (news == ZYGOTE_COMPILING && clock_ms() < until) {
		struct pollfd fds[2] = {{z->control, POLLIN, 0},
					{z->err, POLLIN, 0}};

		if (poll(fds, 2, COMPILE_TIME) <= 0)
			break;
		if (fds[1].revents & POLLIN)
			pass_errors(z);
		if (fds[0].revents != 0)
			news = zygote_read(z);
	}
	pass_errors(z);
	return news;
}

static void
cannot(const struct subject *s, const char *why)
{
	char text[1024];

	(void)text_quote(slice_from(why), "", text, sizeof(text));
	printf("%s: cannot run warm: %s\n", s->path, text);
}

/* Start the server of the interpreter.  False, with errno: it cannot be
 * started. */
static bool
start_server(struct subject *s, const struct interpreter *interpreter)
{
	char *argv[INTERPRETER_WORDS + 1];
	const struct child_spec spec = {.argv = argv,
					.env = s->base,
					.directory = s->directory,
					.prepared = true};
	enum child_stage stage;

	memcpy(argv, interpreter->argv, interpreter->server * sizeof(*argv));
	argv[interpreter->server] = NULL;
	s->php = php_start(&spec, &stage);
	return s->php != NULL;
}

/* Start the interpreter, and wait until it is ready.  NULL: why has the
 * cause. */
static struct zygote *
start_zygote(struct subject *s, char why[static LINE])
{
	const struct warm_policy *warm = &s->settings->warm;
	struct zygote_spec spec = {
	    .env = s->base, .directory = s->directory, .watch = warm->watch};
	struct interpreter interpreter;
	enum child_stage stage;
	struct zygote *z = NULL;
	enum zygote_news news = ZYGOTE_YOUNG;
	char *loaded = NULL;
	const char *fault =
	    interpreter_find(s->argv, s->base, s->load, &interpreter);

	spec.interpreter = &interpreter;
	/* The longest time that a file counts as recently changed. */
	for (int i = 0; fault == NULL && news == ZYGOTE_YOUNG && i < 5; i++) {
		if (z != NULL) {
			free(loaded);
			spec.loaded = loaded = z->loaded;
			z->loaded = NULL;
			zygote_free(z);
		}
		(void)poll(NULL, 0, i < 2 ? WATCH_TICK : WATCH_SECONDS / 2);
		z = zygote_start(&spec, &stage);
		if (z == NULL)
			fault = zygote_start_fault(errno);
		else
			news = compile(z);
	}
	if (fault == NULL && news == ZYGOTE_READY && interpreter.server > 0 &&
	    !start_server(s, &interpreter))
		fault = zygote_start_fault(errno);
	interpreter_free(&interpreter);
	free(loaded);
	if (fault == NULL && news == ZYGOTE_READY)
		return z;
	if (fault == NULL)
		fault = news == ZYGOTE_UNFIT  ? z->obstacle
			: news == ZYGOTE_DEAD ? "it ends while it is compiled"
			: news == ZYGOTE_YOUNG
			    ? "its files are changed all the time"
			    : "it does not get ready";
	(void)snprintf(why, LINE, "%s", fault);
	zygote_free(z);
	return NULL;
}

/* ---- modules that are loaded when it runs ---- */

/* Add the reported names after those of the policy.  False: there are none. */
static bool
add_modules(struct subject *s, const struct run *told)
{
	size_t n = 0, before;

	while (s->load[n] != NULL)
		n++;
	before = n;
	for (size_t at = 0; at < told->len && n < MODULES; n++) {
		s->load[n] = told->output + at;
		at += strlen(s->load[n]) + 1;
	}
	s->load[n] = NULL;
	return n > before;
}

/* From now on preload the modules that a request loaded, if that is possible.
 * s->load then points into told. */
static void
load_before(struct subject *s, struct zygote **z, const struct run *told)
{
	struct zygote *better;
	size_t known = 0;
	char why[LINE], text[1024];

	while (s->load[known] != NULL)
		known++;
	if (told->len == 0 || told->output[told->len - 1] != '\0' ||
	    !add_modules(s, told))
		return;
	better = start_zygote(s, why);
	if (better != NULL) {
		zygote_free(*z);
		*z = better;
		return;
	}
	s->load[known] = NULL;
	(void)text_quote(slice_from(why), "", text, sizeof(text));
	printf("%s: note: the modules that it loads when it runs cannot be "
	       "loaded in advance: %s\n",
	       s->path, text);
}

/* ---- checks of the source ---- */

/* Lines in BEGIN blocks and `use` that look at a request's variables: a hint,
 * not a parser. */
static void
grep_script(const struct subject *s)
{
	char *line = NULL;
	size_t cap = 0;
	unsigned number = 0;
	int depth = 0;
	FILE *f = fopen(s->path, "re");

	while (f != NULL && getline(&line, &cap, f) > 0) {
		const char *text = line + strspn(line, " \t");
		bool begin = strncmp(text, "BEGIN", 5) == 0;

		number++;
		if ((depth > 0 || begin || strncmp(text, "use ", 4) == 0) &&
		    (strstr(text, "$ENV{") != NULL ||
		     strstr(text, "%ENV") != NULL))
			printf("%s:%u: note: this looks at %%ENV before there "
			       "is a request; only what [env] sets is there, "
			       "and what is the server's (DOCUMENT_ROOT)\n",
			       s->path, number);
		if (!begin && depth == 0)
			continue;
		for (; *text != '\0'; text++)
			depth += *text == '{' ? 1 : *text == '}' ? -1 : 0;
		if (depth < 0)
			depth = 0;
	}
	free(line);
	if (f != NULL)
		(void)fclose(f);
}

/* ---- the verdict ---- */

static int
by_time(const void *left, const void *right)
{
	uint64_t a = ((const struct run *)left)->time;
	uint64_t b = ((const struct run *)right)->time;

	return (a > b) - (a < b);
}

static void
print_times(const char *name, struct run runs[TURNS])
{
	const struct run *middle = &runs[TURNS / 2];

	qsort(runs, TURNS, sizeof(runs[0]), by_time);
	printf("%s  %8.2f ms  (%.2f to %.2f)\n", name,
	       (double)middle->time / 1000, (double)runs[0].time / 1000,
	       (double)runs[TURNS - 1].time / 1000);
}

static void
print_difference(const struct run *cold, const struct run *warm, bool is_server)
{
	size_t i = 0, least = cold->len < warm->len ? cold->len : warm->len;

	while (i < least && cold->output[i] == warm->output[i])
		i++;
	if (cold->status != warm->status && !is_server)
		printf("exit status: cold %d, warm %d\n",
		       WEXITSTATUS(cold->status), WEXITSTATUS(warm->status));
	for (int n = 0; n < 2; n++) {
		const struct run *run = n == 0 ? cold : warm;
		size_t from = i > 40 ? i - 40 : 0;
		size_t len = run->len - from < 80 ? run->len - from : 80;
		char text[TEXT_QUOTED_BYTE_MAX * 80 + 1];

		(void)text_quote(slice_of(run->output + from, len), "", text,
				 sizeof(text));
		printf("%s  ...%s\n", n == 0 ? "cold" : "warm", text);
	}
}

/* Print whether the responses are the same.  True: they differ. */
static bool
print_bytes(const struct run cold[TURNS], const struct run warm[TURNS],
	    bool is_server)
{
	for (int i = 0; i < TURNS; i++) {
		if (same_run(&cold[i], &warm[i], is_server))
			continue;
		printf("The responses differ, first in turn %d:\n", i + 1);
		print_difference(&cold[i], &warm[i], is_server);
		for (int j = 1; j < TURNS; j++)
			if (!same_run(&cold[0], &cold[j], false)) {
				printf("It also differs from one cold start to "
				       "the next: see whether this is the "
				       "time, or something random.\n");
				break;
			}
		return true;
	}
	printf("The responses are the same, byte for byte, %d times (%zu "
	       "bytes).\n",
	       TURNS, cold[0].len);
	return false;
}

/* Print the lines for the policy. */
static void
print_section(const struct subject *s, const char *name)
{
	printf("\n[warm]\nscripts = %s\n",
	       strcmp(name, "exec") == 0 ? name : s->path);
	if (s->load[0] != NULL)
		printf("load =");
	for (const char *const *load = s->load; *load != NULL; load++)
		printf(" %s", *load);
	if (s->load[0] != NULL)
		printf("\n");
}

static int
compare(struct subject *s, struct zygote **z, const char *name)
{
	struct run told = {.output = NULL};
	struct run cold[TURNS] = {{.output = NULL}};
	struct run warm[TURNS] = {{.output = NULL}};
	bool ran = true, differs;
	int status = CHECK_USAGE;

	for (int i = 0; i < TURNS && ran; i++) {
		ran = run_once(s, NULL, &cold[i], NULL) &&
		      run_once(s, *z, &warm[i], i == 0 ? &told : NULL);
		if (ran && i == 0)
			load_before(s, z, &told);
	}
	if (ran) {
		differs = print_bytes(cold, warm, s->php != NULL);
		status = differs ? CHECK_BAD : CHECK_GOOD;
		print_times("cold", cold);
		print_times("warm", warm);
		if (!differs)
			print_section(s, name);
	} else {
		fprintf(stderr, "corscheck warm: cannot run %s: %s\n", s->path,
			strerror(errno));
	}
	for (int i = 0; i < TURNS; i++) {
		free(cold[i].output);
		free(warm[i].output);
	}
	free(told.output);
	return status;
}

static int
examine(const struct settings *settings, int argc, char **argv)
{
	const char *const *load = settings->warm.load;
	struct subject s = {.settings = settings};
	struct zygote *z;
	char why[LINE];
	int status;

	if (!find_words(&s, argv[0])) {
		fprintf(stderr, "corscheck warm: %s: %s\n", argv[0],
			strcmp(argv[0], "exec") == 0 ? "not set in [app]"
						     : read_file_cause(errno));
		return CHECK_USAGE;
	}
	find_directory(&s);
	find_variables(&s, argv + 1, argc - 1);
	for (size_t i = 0; i < MODULES && load[i] != NULL; i++)
		s.load[i] = load[i];
	child_prepare();
	grep_script(&s);
	z = start_zygote(&s, why);
	if (z == NULL) {
		cannot(&s, why);
		php_free(s.php);
		return CHECK_BAD;
	}
	status = compare(&s, &z, argv[0]);
	php_free(s.php);
	zygote_free(z);
	return status;
}

int
warm_command(const struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const struct load_options load = {.use = LOAD_LINT};
	int letter = getopt_long(argc, argv, "+h", options, NULL);
	struct settings *settings;
	int status;

	if (letter != -1 || argc - optind < 2)
		return command_usage(command, letter == 'h');
	for (int i = optind + 2; i < argc; i++)
		if (strchr(argv[i], '=') == NULL)
			return command_usage(command, 0);
	settings = settings_load_or_print(argv[optind], &load);
	if (settings == NULL)
		return CHECK_USAGE;
	status = examine(settings, argc - optind - 1, argv + optind + 1);
	settings_release(settings);
	return status;
}
