/*
 * The log.
 *
 * A line is made in one buffer and written by one write, so that lines of
 * several threads do not mix and nothing of a line is lost between rotations.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"
#include "base/text.h"
#include "cors/decide.h"

enum {
	/* A pipe takes this much at once or not at all (pipe(7), PIPE_BUF). */
	LINE_MAX_BYTES = 4096,
	TEXT_MAX = 1024,
	VALUE_MAX = 512, /* bytes of an escaped value from outside */
	SAID_MAX = 64,
	STUCK_MS = 100 /* to wait for a log that is full */
};

struct log {
	pthread_mutex_t lock; /* of path and file; not held while writing */
	char *path;	      /* of log-file; NULL: none */
	int file;	      /* log-file, -1: never opened */
	/* read by writers without the lock */
	_Atomic int fd;
	_Atomic int level;
	_Atomic int format;
	_Atomic unsigned long lost; /* lines that could not be written */
	_Atomic bool stuck;	    /* the last one could not */
	int first_fd;
	int reopened; /* the descriptor of log_unblock; -1: none */
	/* keys of log_first; 0: free */
	_Atomic uint64_t said[SAID_MAX];
};

struct log *
log_new(int fd)
{
	struct log *log = calloc(1, sizeof(*log));

	if (log == NULL)
		return NULL;
	(void)pthread_mutex_init(&log->lock, NULL);
	log->fd = log->first_fd = fd;
	log->file = log->reopened = -1;
	log->level = LOG_LEVEL_INFO;
	log->format = LOG_FORMAT_TEXT;
	return log;
}

void
log_free(struct log *log)
{
	if (log == NULL)
		return;
	if (log->file >= 0)
		(void)close(log->file);
	if (log->reopened >= 0)
		(void)close(log->reopened);
	(void)pthread_mutex_destroy(&log->lock);
	free(log->path);
	free(log);
}

void
log_unblock(struct log *log)
{
	int fd = os_pipe_reopen(log->first_fd);

	if (fd < 0)
		return;
	log->first_fd = log->reopened = fd;
	log->fd = fd;
}

/*
 * Open path as the log.  The new file takes the old one's descriptor number,
 * so that a thread that is writing writes to one or the other, and never to a
 * descriptor that has been reused.
 */
static int
open_file(struct log *log, const char *path)
{
	int fd = open(path,
		      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY |
			  O_NONBLOCK,
		      0640);
	int rc = 0;

	if (fd < 0)
		return -1;
	if (log->file < 0) {
		log->file = fd;
	} else {
		rc = os_dup_to(fd, log->file) < 0 ? -1 : 0;
		(void)close(fd);
	}
	if (rc == 0)
		log->fd = log->file;
	return rc;
}

/* The policy names another log-file: open that. */
static int
change_file(struct log *log, const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL || open_file(log, path) != 0) {
		free(copy);
		return -1;
	}
	free(log->path);
	log->path = copy;
	return 0;
}

int
log_configure(struct log *log, const struct server *server)
{
	int rc = 0;

	log->level = (int)server->log;
	log->format = (int)server->log_format;
	(void)pthread_mutex_lock(&log->lock);
	if (server->log_file == NULL) {
		log->fd = log->first_fd;
		free(log->path);
		log->path = NULL;
	} else if (log->path == NULL ||
		   strcmp(log->path, server->log_file) != 0) {
		rc = change_file(log, server->log_file);
	}
	(void)pthread_mutex_unlock(&log->lock);
	return rc;
}

int
log_reopen(struct log *log)
{
	int rc = 0;

	(void)pthread_mutex_lock(&log->lock);
	if (log->path != NULL)
		rc = open_file(log, log->path);
	(void)pthread_mutex_unlock(&log->lock);
	return rc;
}

bool
log_wants(const struct log *log, enum log_level level)
{
	return log != NULL && (int)level <= log->level;
}

bool
log_first(struct log *log, uint64_t key)
{
	key = key == 0 ? 1 : key;
	for (size_t i = 0; i < SAID_MAX; i++) {
		uint64_t there = 0;

		if (atomic_compare_exchange_strong(&log->said[i], &there, key))
			return true;
		if (there == key)
			return false;
	}
	return false;
}

const char *
log_quote(struct slice text, char *buf, size_t cap)
{
	if (cap == 0)
		return "";
	(void)text_quote(text, "\\", buf, cap);
	return buf;
}

/* ---- a line under construction ---- */

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
	bool json;
};

static size_t
room(const struct line *line)
{
	/* Two bytes stay for the end: "}" and the newline. */
	return sizeof(line->text) - 2 - line->len;
}

/* Add all of the text or nothing, so that no escape sequence is cut. */
static bool
put_raw(struct line *line, const char *text, size_t len)
{
	if (len > room(line))
		return false;
	memcpy(line->text + line->len, text, len);
	line->len += len;
	return true;
}

static void
put_text(struct line *line, const char *text)
{
	(void)put_raw(line, text, strlen(text));
}

/*
 * The length of the UTF-8 character that text begins with (RFC 3629, 4), or 0:
 * none, or a control of C1, which a terminal would obey.
 */
static size_t
utf8_length(struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t len = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	unsigned char low = 0x80, high = 0xbf;

	if (len == 0 || p[0] > 0xf4 || text.len < len)
		return 0;
	if (p[0] == 0xc2 || p[0] == 0xe0)
		low = 0xa0; /* C1; overlong */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

/* One character of a JSON string (RFC 8259, 7).  Returns how many bytes of
 * the text it used; 0: the line is full. */
static size_t
put_json_char(struct line *line, struct slice text)
{
	unsigned char c = (unsigned char)text.ptr[0];
	size_t len = c < 0x80 ? 1 : utf8_length(text);
	char escaped[6] = "\\u00";

	if (len > 1)
		return put_raw(line, text.ptr, len) ? len : 0;
	if (c == '"' || c == '\\') {
		escaped[1] = (char)c;
		return put_raw(line, escaped, 2) ? 1 : 0;
	}
	/* A control character, or a byte that is not UTF-8: write \u00HH. */
	if (!ascii_is_printable((char)c)) {
		char quoted[TEXT_QUOTED_BYTE_MAX]; /* \xHH */
		(void)text_quote_byte((char)c, quoted);
		memcpy(escaped + 4, quoted + 2, 2);
		return put_raw(line, escaped, sizeof(escaped)) ? 1 : 0;
	}
	return put_raw(line, text.ptr, 1) ? 1 : 0;
}

/* Add ,"key":"value".  The value is cut if the line is full, but always has its
 * closing quote. */
static void
put_json_pair(struct line *line, const char *key, struct slice value)
{
	size_t used = 1;

	/* Four quotes, the comma and the colon. */
	if (strlen(key) + 6 > room(line))
		return;
	put_text(line, ",\"");
	put_text(line, key);
	put_text(line, "\":\"");
	if (value.len > VALUE_MAX && strcmp(key, "message") != 0)
		value.len = VALUE_MAX;
	while (value.len > 0 && used > 0 && room(line) > 6) {
		used = put_json_char(line, value);
		value = slice_after(value, used);
	}
	put_text(line, "\"");
}

/* Our own text; outside text has gone through log_quote. */
static void
put_plain(struct line *line, const char *text)
{
	char quoted[TEXT_QUOTED_BYTE_MAX];

	for (; *text != '\0'; text++)
		(void)put_raw(line, quoted, text_quote_byte(*text, quoted));
}

/* Add key=value.  The value is quoted if needed, so that it cannot look like
 * another key. */
static void
put_text_pair(struct line *line, const char *key, struct slice value)
{
	char quoted[VALUE_MAX];
	bool clear = value.len > 0;

	for (size_t i = 0; i < value.len && clear; i++)
		clear = value.ptr[i] > ' ' &&
			strchr("\"'=;[]", value.ptr[i]) == NULL;
	(void)log_quote(value, quoted, sizeof(quoted));
	for (char *p = quoted; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
	put_text(line, " ");
	put_text(line, key);
	put_text(line, clear ? "=" : "=\"");
	put_text(line, quoted);
	put_text(line, clear ? "" : "\"");
}

/* Add a key and its value, unless the value is absent. */
static void
put_pair(struct line *line, const char *key, struct slice value)
{
	if (!slice_present(value))
		return;
	if (line->json)
		put_json_pair(line, key, value);
	else
		put_text_pair(line, key, value);
}

static void
put_number(struct line *line, const char *key, uint64_t value)
{
	char digits[64];
	int n = snprintf(digits, sizeof(digits),
			 line->json ? ",\"%s\":%" PRIu64 : " %s=%" PRIu64, key,
			 value);

	(void)put_raw(line, digits, (size_t)n);
}

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static void
begin(struct line *line, const struct log *log, enum log_level level,
      const char *id)
{
	int64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	struct tm parts;
	char stamp[48];
	size_t len;

	line->len = 0;
	line->json = log->format == LOG_FORMAT_JSON;
	(void)gmtime_r(&seconds, &parts);
	len = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(stamp + len, sizeof(stamp) - len, ".%03dZ",
		       (int)(now % 1000));
	if (line->json) {
		put_text(line, "{\"time\":\"");
		put_text(line, stamp);
		put_text(line, "\"");
		put_pair(line, "level", slice_from(level_names[level]));
		put_pair(line, "id", slice_from(id));
		return;
	}
	put_text(line, stamp);
	put_text(line, " corswrap: ");
	put_text(line, level_names[level]);
	put_text(line, ": ");
}

/*
 * Try once to write the line: a full disk, a closed pipe or a reader that has
 * stopped must not stop a request.  After one wait for a reader, other lines do
 * not wait until it has read something.  If poll reports a pipe ready, it takes
 * a whole line, unless another thread writes first (log_unblock).
 */
static bool
write_line(struct log *log, const char *text, size_t len)
{
	struct pollfd ready = {.fd = log->fd, .events = POLLOUT};
	ssize_t rc;

	if (poll(&ready, 1, log->stuck ? 0 : STUCK_MS) == 0) {
		log->stuck = true;
		return false;
	}
	do
		rc = write(ready.fd, text, len);
	while (rc < 0 && errno == EINTR);
	log->stuck = rc != (ssize_t)len;
	return !log->stuck;
}

static void
finish(struct line *line, struct log *log)
{
	if (line->json)
		line->text[line->len++] = '}';
	line->text[line->len++] = '\n';
	if (!write_line(log, line->text, line->len))
		log->lost++;
}

/* Before the next line that can be written, log how many were lost. */
static void
report_lost(struct log *log)
{
	struct line line;
	unsigned long lost = log->lost;

	if (lost == 0 || !atomic_compare_exchange_strong(&log->lost, &lost, 0))
		return;
	begin(&line, log, LOG_LEVEL_WARNING, "log-lost");
	if (line.json)
		put_pair(&line, "message", SLICE("lines could not be written"));
	else
		put_text(&line, "lines could not be written [log-lost]");
	put_number(&line, "lines", lost);
	if (line.json)
		line.text[line.len++] = '}';
	line.text[line.len++] = '\n';
	if (!write_line(log, line.text, line.len))
		log->lost += lost;
}

static void
put_request(struct line *line, const struct request *request)
{
	if (request == NULL)
		return;
	put_pair(line, "method", request->method);
	put_pair(line, "uri",
		 slice_present(request->uri) ? request->uri
					     : request->script_name);
	put_pair(line, "origin", request->origin);
	put_pair(line, "client", request->remote_addr);
}

void
log_event(struct log *log, enum log_level level, const char *id,
	  const struct request *request, const char *todo, const char *format,
	  ...)
{
	struct line line;
	char text[TEXT_MAX];
	va_list args;

	if (!log_wants(log, level))
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_lost(log);
	begin(&line, log, level, id);
	if (line.json) {
		put_pair(&line, "message", slice_from(text));
		put_request(&line, request);
		put_pair(&line, "todo", slice_from(todo));
	} else {
		put_plain(&line, text);
		put_text(&line, " [");
		put_text(&line, id);
		put_text(&line, "]");
		put_request(&line, request);
	}
	if (!line.json && todo != NULL) {
		put_text(&line, "; ");
		put_plain(&line, todo);
	}
	finish(&line, log);
}

void
log_no_memory(struct log *log, const struct request *request)
{
	log_event(log, LOG_LEVEL_ERROR, "no-memory", request,
		  "lower `workers`, or give the machine more memory",
		  "out of memory");
}

void
log_program(struct log *log, const char *program, long pid, struct slice text)
{
	struct line line;
	char quoted[TEXT_MAX * 2], tag[32];

	if (!log_wants(log, LOG_LEVEL_ERROR))
		return;
	report_lost(log);
	begin(&line, log, LOG_LEVEL_WARNING, "stderr");
	if (line.json) {
		if (text.len > TEXT_MAX)
			text.len = TEXT_MAX;
		put_pair(&line, "program", slice_from(program));
		if (pid > 0)
			put_number(&line, "pid", (uint64_t)pid);
		put_pair(&line, "message", text);
	} else {
		(void)snprintf(tag, sizeof(tag), pid > 0 ? "[%ld]: " : ": ",
			       pid);
		put_plain(&line, program);
		put_text(&line, tag);
		put_text(&line, log_quote(text, quoted, sizeof(quoted)));
	}
	finish(&line, log);
}

/* The name of the policy that decided; absent: none did. */
static struct slice
policy_name(const struct settings *settings, int index)
{
	if (index < 0 || (size_t)index >= settings->policies->count)
		return SLICE_NONE;
	struct slice name = settings->policies->policies[index]->spec.name;
	return name.len > 0 ? name : SLICE("cors");
}

void
log_access(struct log *log, const struct settings *settings,
	   const struct request *request, const struct outcome *outcome)
{
	struct line line;

	if (log == NULL || !settings->server.access_log)
		return;
	report_lost(log);
	begin(&line, log, LOG_LEVEL_INFO, "access");
	if (!line.json)
		put_text(&line, "access");
	put_request(&line, request);
	put_number(&line, "status", (uint64_t)outcome->status);
	put_number(&line, "bytes", outcome->body_bytes);
	put_number(&line, "microseconds", outcome->microseconds);
	put_pair(&line, "policy", policy_name(settings, outcome->policy));
	put_pair(&line, "what",
		 outcome->preflight ? SLICE("preflight")
		 : outcome->ran	    ? SLICE("ran")
				    : SLICE("answered"));
	/* `corscheck learn` makes `methods` and `headers` from these. */
	if (outcome->preflight) {
		put_pair(&line, "asks-method", request->acrm);
		if (request->acrh_count > 0)
			put_pair(&line, "asks-headers", request->acrh[0]);
	}
	if (outcome->reason != CORS_REASON_NONE)
		put_pair(&line, "reason",
			 slice_from(cors_reason_id(
			     (enum cors_reason)outcome->reason)));
	put_pair(&line, "failure", slice_from(outcome->failure));
	finish(&line, log);
}
