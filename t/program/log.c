/*
 * The log: lines that no input can break, JSON that always is JSON, files that
 * are rotated, and a log that cannot be written but does not stop requests.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cors/decide.h"
#include "run/log.h"

/* ---- a strict reader of one JSON object (RFC 8259) ---- */

struct json {
	const char *at;
	const char *end;
	bool bad;
};

static bool
json_take(struct json *j, char c)
{
	if (j->at < j->end && *j->at == c) {
		j->at++;
		return true;
	}
	return false;
}

static size_t
utf8_char(const char *at, const char *end)
{
	const unsigned char *p = (const unsigned char *)at;
	size_t left = (size_t)(end - at);
	unsigned long c;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < len)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < (len == 4 ? 0x10000u : len == 3 ? 0x800u : 0x80u))
		return 0;
	return c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

static void
json_string(struct json *j)
{
	if (!json_take(j, '"'))
		j->bad = true;
	while (!j->bad && j->at < j->end && *j->at != '"') {
		if ((unsigned char)*j->at < 0x20) {
			j->bad = true;
		} else if (json_take(j, '\\')) {
			if (j->at == j->end)
				j->bad = true;
			else if (*j->at == 'u')
				j->bad =
				    j->end - j->at < 5 ||
				    strspn(j->at + 1, "0123456789abcdef") < 4;
			else
				j->bad = strchr("\"\\/bfnrt", *j->at) == NULL;
			j->at++;
		} else {
			size_t len = utf8_char(j->at, j->end);
			j->bad = len == 0;
			j->at += len;
		}
	}
	if (!json_take(j, '"'))
		j->bad = true;
}

static void
json_value(struct json *j)
{
	const char *from = j->at;

	if (j->at < j->end && *j->at == '"') {
		json_string(j);
		return;
	}
	while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
		j->at++;
	if (j->at == from || (*from == '0' && j->at > from + 1))
		j->bad = true;
}

static bool
is_json_object(const char *text, size_t len)
{
	struct json j = {text, text + len, false};

	if (!json_take(&j, '{'))
		return false;
	do {
		json_string(&j);
		if (!json_take(&j, ':'))
			j.bad = true;
		json_value(&j);
	} while (!j.bad && json_take(&j, ','));
	return !j.bad && json_take(&j, '}') && j.at == j.end;
}

/* ---- a log whose lines can be read ---- */

struct fixture {
	struct log *log;
	FILE *file;
	char text[1 << 16];
	size_t len;
};

static struct server
server_with(enum log_format format, enum log_level level)
{
	return (struct server){.log = level, .log_format = format};
}

static void
open_log(struct fixture *f, enum log_format format, enum log_level level)
{
	struct server server = server_with(format, level);

	f->file = tmpfile();
	assert_non_null(f->file);
	f->log = log_new(fileno(f->file));
	assert_non_null(f->log);
	assert_int_equal(log_configure(f->log, &server), 0);
}

/* All that was logged. */
static const char *
logged(struct fixture *f)
{
	ssize_t n = pread(fileno(f->file), f->text, sizeof(f->text) - 1, 0);

	assert_true(n >= 0);
	f->len = (size_t)n;
	f->text[n] = '\0';
	return f->text;
}

static void
close_log(struct fixture *f)
{
	log_free(f->log);
	(void)fclose(f->file);
}

static char method[] = "REQUEST_METHOD=PUT";
static char uri[] = "REQUEST_URI=/a?b=c d\"\n\x1b[2J";
static char origin[] = "HTTP_ORIGIN=https://a.com status=200";
static char client[] = "REMOTE_ADDR=192.0.2.7";
static char *const variables[] = {method, uri, origin, client, NULL};

static void
hostile_request(struct request *request)
{
	request_read(request, variables);
}

/* "2026-01-02T03:04:05.678Z" */
static void
check_stamp(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z";

	for (size_t i = 0; shape[i] != '\0'; i++)
		if (shape[i] == '0')
			assert_true(text[i] >= '0' && text[i] <= '9');
		else
			assert_int_equal(text[i], shape[i]);
}

static void
test_text(void **state)
{
	struct fixture f;
	struct request request;

	(void)state;
	open_log(&f, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	hostile_request(&request);
	log_event(f.log, LOG_LEVEL_ERROR, "some-id", &request, "do this",
		  "it is %d", 42);
	check_stamp(logged(&f));
	assert_string_equal(
	    f.text + 24,
	    " corswrap: error: it is 42 [some-id] "
	    "method=PUT uri=\"/a?b=c d'\\x0a\\x1b[2J\" "
	    "origin=\"https://a.com status=200\" client=192.0.2.7; do this\n");
	close_log(&f);
}

static void
test_json(void **state)
{
	struct fixture f;
	struct request request;

	(void)state;
	open_log(&f, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	hostile_request(&request);
	log_event(f.log, LOG_LEVEL_WARNING, "some-id", &request, "do this",
		  "it \"is\" %d", 42);
	(void)logged(&f);
	check_stamp(f.text + 9);
	assert_string_equal(
	    f.text + 33,
	    "\",\"level\":\"warning\","
	    "\"id\":\"some-id\",\"message\":\"it \\\"is\\\" 42\","
	    "\"method\":\"PUT\",\"uri\":\"/a?b=c d\\\"\\u000a\\u001b[2J\","
	    "\"origin\":\"https://a.com status=200\","
	    "\"client\":\"192.0.2.7\",\"todo\":\"do this\"}\n");
	assert_true(is_json_object(f.text, f.len - 1));
	close_log(&f);
}

static void
test_levels(void **state)
{
	struct fixture f;

	(void)state;
	open_log(&f, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	assert_true(log_wants(f.log, LOG_LEVEL_ERROR));
	assert_true(log_wants(f.log, LOG_LEVEL_WARNING));
	assert_false(log_wants(f.log, LOG_LEVEL_INFO));
	assert_false(log_wants(NULL, LOG_LEVEL_ERROR));
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "not wanted");
	log_event(f.log, LOG_LEVEL_DEBUG, "x", NULL, NULL, "not wanted");
	log_event(NULL, LOG_LEVEL_ERROR, "x", NULL, NULL, "nowhere");
	assert_string_equal(logged(&f), "");
	log_event(f.log, LOG_LEVEL_WARNING, "x", NULL, NULL, "wanted");
	assert_string_equal(logged(&f) + 24,
			    " corswrap: warning: wanted [x]\n");
	close_log(&f);
}

static void
test_quote(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(log_quote(SLICE("a\n\\\xff\x7f"
					    "b"),
				      buf, sizeof(buf)),
			    "a\\x0a\\x5c\\xff");
	assert_string_equal(
	    log_quote(SLICE("0123456789abcdefg"), buf, sizeof(buf)),
	    "0123456789abcde");
	assert_string_equal(log_quote(SLICE("abc\n"), buf, 7), "abc");
	assert_string_equal(log_quote(SLICE("abc\n"), buf, 8), "abc\\x0a");
	assert_string_equal(log_quote(SLICE("abc"), buf, 1), "");
	assert_string_equal(log_quote(SLICE("abc"), buf, 0), "");
	assert_string_equal(log_quote(SLICE_NONE, buf, sizeof(buf)), "");
}

static void
test_program(void **state)
{
	struct fixture f;

	(void)state;
	open_log(&f, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	log_program(f.log, "a.pl", 77, SLICE("Died at \xc3\xa9\x1b[0m"));
	assert_string_equal(
	    logged(&f) + 24,
	    " corswrap: warning: a.pl[77]: Died at \\xc3\\xa9\\x1b[0m\n");
	close_log(&f);
	open_log(&f, LOG_FORMAT_JSON, LOG_LEVEL_ERROR);
	log_program(f.log, "a.pl", 77, SLICE("Died at \xc3\xa9\xff\x1b[0m"));
	assert_non_null(
	    strstr(logged(&f),
		   "\"program\":\"a.pl\",\"pid\":77,"
		   "\"message\":\"Died at \xc3\xa9\\u00ff\\u001b[0m\"}\n"));
	close_log(&f);
}

static void
fill_outcome(struct outcome *outcome)
{
	*outcome = (struct outcome){.status = 403,
				    .policy = 0,
				    .reason = CORS_ORIGIN_NOT_ALLOWED,
				    .preflight = true,
				    .failure = "client-gone",
				    .body_bytes = 12345678901u,
				    .microseconds = 99};
}

static void
test_access(void **state)
{
	struct fixture f;
	struct request request;
	struct outcome outcome;
	const struct policy policy = {.spec = {.name = SLICE("public")}};
	const struct policy *const list[] = {&policy};
	struct policy_set set = {.policies = list, .count = 1};
	struct settings settings = {.policies = &set,
				    .server = {.access_log = true}};

	(void)state;
	open_log(&f, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	hostile_request(&request);
	request.uri = SLICE("/a");
	request.origin = SLICE_NONE;
	fill_outcome(&outcome);
	log_access(f.log, &settings, &request, &outcome);
	assert_string_equal(
	    logged(&f) + 24,
	    " corswrap: info: access "
	    "method=PUT uri=/a client=192.0.2.7 status=403 bytes=12345678901 "
	    "microseconds=99 policy=public what=preflight "
	    "reason=origin-not-allowed failure=client-gone\n");
	close_log(&f);
	open_log(&f, LOG_FORMAT_JSON, LOG_LEVEL_ERROR);
	outcome.policy = -1;
	log_access(f.log, &settings, &request, &outcome);
	(void)logged(&f);
	assert_true(is_json_object(f.text, f.len - 1));
	assert_non_null(strstr(f.text, "\"bytes\":12345678901"));
	assert_null(strstr(f.text, "policy"));
	settings.server.access_log = false;
	size_t before = f.len;
	log_access(f.log, &settings, &request, &outcome);
	(void)logged(&f);
	assert_int_equal(f.len, before);
	close_log(&f);
}

/* ---- whatever comes in ---- */

static uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static struct slice
random_bytes(char *buf, size_t cap, uint64_t *seed)
{
	/* Many bytes with which a multi-byte character could begin or
	 * continue. */
	static const unsigned char lead[] = {0xc2, 0xc3, 0xe0, 0xe2, 0xed, 0xf0,
					     0xf4, 0x80, 0x85, 0x9f, 0xa0, 0xbf,
					     '"',  '\\', '\n', 0};
	size_t len = (size_t)(next_random(seed) % cap);

	for (size_t i = 0; i < len; i++)
		buf[i] = (char)(next_random(seed) % 2 == 0
				    ? lead[next_random(seed) % sizeof(lead)]
				    : next_random(seed) % 256);
	return slice_of(buf, len);
}

static void
check_lines(const struct fixture *f, bool json, size_t expected)
{
	const char *at = f->text, *end = f->text + f->len;
	size_t lines = 0;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		assert_non_null(stop);
		assert_true(stop - at < 4096);
		if (json)
			assert_true(is_json_object(at, (size_t)(stop - at)));
		for (const char *p = at; !json && p < stop; p++)
			assert_true(*p >= 0x20 && *p < 0x7f);
		at = stop + 1;
		lines++;
	}
	assert_int_equal(lines, expected);
}

static void
hostile_lines(enum log_format format)
{
	static char a[6000], b[2000], c[2000], quoted[1500];
	static struct fixture f;
	uint64_t seed = 0x1234567u;

	for (int i = 0; i < 300; i++) {
		struct request request = {
		    .method = random_bytes(b, 40, &seed),
		    .uri = random_bytes(c, sizeof(c), &seed),
		    .origin = random_bytes(b, sizeof(b), &seed),
		};
		struct slice text = random_bytes(a, sizeof(a), &seed);
		open_log(&f, format, LOG_LEVEL_DEBUG);
		log_event(f.log, LOG_LEVEL_INFO, "id", &request, "todo", "%s",
			  log_quote(text, quoted, sizeof(quoted)));
		log_program(f.log, "p", 1, text);
		(void)logged(&f);
		check_lines(&f, format == LOG_FORMAT_JSON, 2);
		close_log(&f);
	}
}

static void
test_hostile_text(void **state)
{
	(void)state;
	hostile_lines(LOG_FORMAT_TEXT);
}

static void
test_hostile_json(void **state)
{
	(void)state;
	hostile_lines(LOG_FORMAT_JSON);
}

/* Every single byte, and every pair, as text of a JSON string. */
static void
test_every_pair(void **state)
{
	static struct fixture f;
	char pair[2];

	(void)state;
	for (int i = 0; i < 256; i++) {
		open_log(&f, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
		for (int k = 0; k < 256; k++) {
			pair[0] = (char)i;
			pair[1] = (char)k;
			log_program(f.log, "p", 1, slice_of(pair, 2));
		}
		(void)logged(&f);
		check_lines(&f, true, 256);
		close_log(&f);
	}
}

/* ---- files ---- */

static char folder[] = "/tmp/corswrap-log-XXXXXX";

static const char *
in_folder(const char *name)
{
	static char paths[4][128];
	static int turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static size_t
file_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t lines = 0;
	int c;

	if (file == NULL)
		return 0;
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	(void)fclose(file);
	return lines;
}

static void
test_file(void **state)
{
	struct fixture f;
	struct server server = server_with(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	const char *path = in_folder("a.log"), *old = in_folder("a.log.1");
	mode_t mask = umask(0);
	struct stat st;

	(void)state;
	open_log(&f, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	server.log_file = path;
	assert_int_equal(log_configure(f.log, &server), 0);
	(void)umask(mask);
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_string_equal(logged(&f), "");
	/* Rotated: the old file until SIGHUP, then the new one. */
	assert_int_equal(rename(path, old), 0);
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "two");
	assert_int_equal(log_reopen(f.log), 0);
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "three");
	assert_int_equal(file_lines(old), 2);
	assert_int_equal(file_lines(path), 1);
	/* Appended to. */
	assert_int_equal(log_reopen(f.log), 0);
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "four");
	assert_int_equal(file_lines(path), 2);
	/* And back. */
	server.log_file = NULL;
	assert_int_equal(log_configure(f.log, &server), 0);
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "five");
	assert_int_equal(file_lines(path), 2);
	assert_non_null(strstr(logged(&f), "five"));
	close_log(&f);
}

static void
test_bad_file(void **state)
{
	struct fixture f;
	struct server server = server_with(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	const char *path = in_folder("b.log");

	(void)state;
	open_log(&f, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	server.log_file = in_folder("none/b.log");
	assert_int_equal(log_configure(f.log, &server), -1);
	assert_int_equal(errno, ENOENT);
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "one");
	assert_non_null(strstr(logged(&f), "one"));
	server.log_file = path;
	assert_int_equal(log_configure(f.log, &server), 0);
	server.log_file = in_folder("none/b.log");
	assert_int_equal(log_configure(f.log, &server), -1);
	log_event(f.log, LOG_LEVEL_INFO, "x", NULL, NULL, "two");
	assert_int_equal(file_lines(path), 1);
	close_log(&f);
}

/* A full disk: requests go on, and the log later says how many lines are
 * missing. */
static void
test_full_disk(void **state)
{
	struct fixture f;
	struct server server = server_with(LOG_FORMAT_JSON, LOG_LEVEL_INFO);

	(void)state;
	open_log(&f, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	server.log_file = "/dev/full";
	assert_int_equal(log_configure(f.log, &server), 0);
	for (int i = 0; i < 5; i++)
		log_event(f.log, LOG_LEVEL_ERROR, "x", NULL, NULL, "lost");
	server.log_file = NULL;
	assert_int_equal(log_configure(f.log, &server), 0);
	log_event(f.log, LOG_LEVEL_ERROR, "x", NULL, NULL, "there");
	assert_non_null(strstr(logged(&f), "\"id\":\"log-lost\""));
	assert_non_null(strstr(f.text, "\"lines\":5}\n"));
	assert_non_null(strstr(f.text, "there"));
	assert_null(strstr(f.text, "\"lost\""));
	check_lines(&f, true, 2);
	close_log(&f);
}

/* How often this process has waited for anything. */
static long
waits(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_nvcsw;
}

/* A reader that has stopped reading is waited for once, not for each line. */
static void
test_stuck_reader(void **state)
{
	int ends[2];
	char buf[65536];
	ssize_t n;
	size_t lines = 0;
	long before;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 8192) >= 0);
	struct log *log = log_new(ends[1]);
	assert_non_null(log);
	memset(buf, 'x', 500);
	buf[500] = '\0';
	before = waits();
	for (int i = 0; i < 60; i++)
		log_event(log, LOG_LEVEL_ERROR, "x", NULL, NULL, "%s", buf);
	assert_in_range(waits() - before, 1, 20);
	n = read(ends[0], buf, sizeof(buf));
	assert_true(n > 0 && buf[n - 1] == '\n');
	for (ssize_t i = 0; i < n; i++)
		lines += buf[i] == '\n';
	assert_true(lines >= 1 && lines < 60);
	log_event(log, LOG_LEVEL_ERROR, "x", NULL, NULL, "there");
	n = read(ends[0], buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "[log-lost]"));
	assert_non_null(strstr(buf, "there [x]\n"));
	log_free(log);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

enum { THREADS = 6, LINES = 400 };

static void *
write_lines(void *ctx)
{
	for (int i = 0; i < LINES; i++)
		log_event(ctx, LOG_LEVEL_INFO, "x", NULL, "todo",
			  "line %d 0123456789 0123456789 0123456789", i);
	return NULL;
}

/* Many writers while the file is rotated: every line once and complete. */
static void
test_threads(void **state)
{
	struct log *log = log_new(2);
	struct server server = server_with(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	const char *path = in_folder("t.log"), *old = in_folder("t.log.1");
	pthread_t threads[THREADS];
	static struct fixture f;
	size_t lines = 0;

	(void)state;
	assert_non_null(log);
	server.log_file = path;
	assert_int_equal(log_configure(log, &server), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, write_lines, log), 0);
	assert_int_equal(rename(path, old), 0);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(log_reopen(log), 0);
		assert_int_equal(log_configure(log, &server), 0);
		assert_true(log_wants(log, LOG_LEVEL_INFO));
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	log_free(log);
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(i == 0 ? path : old, "r");
		assert_non_null(file);
		while (fgets(f.text, sizeof(f.text), file) != NULL) {
			f.len = strlen(f.text);
			check_lines(&f, true, 1);
			lines++;
		}
		(void)fclose(file);
	}
	assert_int_equal(lines, THREADS * LINES);
}

static void
clean_up(void)
{
	static const char *const names[] = {"a.log", "a.log.1", "b.log",
					    "t.log", "t.log.1"};

	for (size_t i = 0; i < UNIT_COUNT(names); i++)
		(void)unlink(in_folder(names[i]));
	(void)rmdir(folder);
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*test)(void **);
	} all[] = {
	    {"a line of text", test_text},
	    {"a line of JSON", test_json},
	    {"levels", test_levels},
	    {"log_quote", test_quote},
	    {"a line of a program", test_program},
	    {"a line of the access log", test_access},
	    {"text stays lines of ASCII", test_hostile_text},
	    {"JSON stays JSON", test_hostile_json},
	    {"JSON of every pair of bytes", test_every_pair},
	    {"log-file, rotated", test_file},
	    {"log-file that cannot be opened", test_bad_file},
	    {"a full disk", test_full_disk},
	    {"a reader that has stopped", test_stuck_reader},
	    {"threads", test_threads},
	};
	struct CMUnitTest tests[UNIT_COUNT(all)];
	int failed;

	for (size_t i = 0; i < UNIT_COUNT(all); i++)
		tests[i] = (struct CMUnitTest){.name = all[i].name,
					       .test_func = all[i].test};
	if (mkdtemp(folder) == NULL)
		return 1;
	failed = unit_run(tests, UNIT_COUNT(all));
	clean_up();
	return failed;
}
