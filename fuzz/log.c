/*
 * Hostile bytes in the log: each call makes one printable line, in JSON one
 * object.  The first byte selects the form; then variables of the request;
 * after an empty one a program's standard error.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/log.h"

static struct log *log_file;
static int fd = -1;

static void
start(void)
{
	if (log_file != NULL)
		return;
	fd = memfd_create("log", MFD_CLOEXEC);
	CHECK(fd >= 0);
	log_file = log_new(fd);
	CHECK(log_file != NULL);
}

static void
check_json(const char *line, size_t len)
{
	json_error_t error;
	json_t *object = json_loadb(
	    line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (object == NULL)
		fprintf(stderr, "%s in %.*s\n", error.text, (int)len, line);
	CHECK(json_is_object(object));
	json_decref(object);
}

/* ASCII; in JSON UTF-8 (which jansson checks) without C1 controls, which
 * terminals take for escape sequences. */
static bool
is_harmless(struct slice line, size_t i, bool json)
{
	unsigned char c = (unsigned char)line.ptr[i];

	if (c < ' ' || c == 0x7f)
		return false;
	if (c < 0x80)
		return true;
	return json && !(c == 0xc2 && (unsigned char)line.ptr[i + 1] < 0xa0);
}

/* Each call makes whole lines, without bytes that control a terminal. */
static void
check_lines(bool json, size_t want)
{
	static char bytes[65536];
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct slice rest;
	size_t lines = 0;

	CHECK(end > 0 && end < (off_t)sizeof(bytes));
	CHECK(pread(fd, bytes, (size_t)end, 0) == end);
	CHECK(bytes[end - 1] == '\n');
	for (rest = slice_of(bytes, (size_t)end); rest.len > 0; lines++) {
		struct slice line = fuzz_until(&rest, '\n');
		CHECK(line.len > 0 && line.len < 4096);
		for (size_t i = 0; i < line.len; i++)
			CHECK(is_harmless(line, i, json));
		if (json)
			check_json(line.ptr, line.len);
	}
	CHECK(lines == want);
}

FUZZ_TARGET(log)
{
	struct slice rest = fuzz_slice(data, size > 16384 ? 16384 : size);
	bool json = fuzz_byte(&rest) % 2;
	struct server server = settings_server_default;
	struct settings settings = {.server = settings_server_default};
	char *variables[FUZZ_VARIABLES_MAX + 1], quoted[300];
	struct outcome outcome = {.status = 200, .policy = -1};
	struct request request;

	start();
	server.log_format = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
	settings.server.access_log = true;
	CHECK(log_configure(log_file, &server) == 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0 && ftruncate(fd, 0) == 0);
	(void)fuzz_variables(&rest, variables);
	request_read(&request, variables);
	log_event(log_file, LOG_LEVEL_ERROR, "fuzz", &request, "do nothing",
		  "said %s", log_quote(rest, quoted, sizeof(quoted)));
	log_program(log_file, "program", 1, fuzz_slice(data, size));
	log_access(log_file, &settings, &request, &outcome);
	check_lines(json, 3);
	fuzz_variables_free(variables);
	return 0;
}
