/*
 * corscheck and its page when memory is out: every allocation of a command
 * fails once, and once more with all those after it.  The result is the whole
 * one, or an error that names memory; never a part of it.
 *
 * Long commands: 100 allocations (CORSWRAP_FAILURES), spread over all from a
 * random one on; with CORSWRAP_LONG all of them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "corscheck/command.h"
#include "memory_kit.h"
#include "page/page.h"
#include "unit.h"

/* ---- more calls that fail, and one that is the same each time ---- */

bool __wrap_os_random(void *, size_t);

/* The nonce of a page. */
bool
__wrap_os_random(void *bytes, size_t len)
{
	memset(bytes, 'x', len);
	return true;
}

/* ---- files ---- */

#define ORIGIN "https://app.example"

static const struct file {
	const char *name;
	const char *text;
} files[] = {
    {"policy.ini",
     "[app]\nexec = /bin/cat\n[cors]\norigins = " ORIGIN
     " https://*.app.example http://localhost:*\n"
     "origins-regex = https://[a-c]\\.d\\.example\n"
     "methods = PUT\nheaders = X-A\nexpose = X-C\ncredentials = yes\n"
     "allow-insecure = yes\nallow = GET PUT\ntiming = https://t.example\n"
     "[cors n]\norigins = *\ncredentials = no\npath = /n/* /m\n"
     "host = api.example\nheaders = *\n"},
    {"wrong.ini",
     "[app]\nexec = /nowhere/x\n[cors]\norigin = https://a.example\n"
     "origins = https://a.example/ https://A.example http://a.example:80 "
     "https://*.com\n"
     "origins-regex = https://.*\\.b.example\n"
     "methods = put GET\nheaders = \"X-A\" X-A\ncredentials = yep\n"
     "max-age = 5x\n[unknown]\nx = y\n[cors]\norigins = *\n"
     "credentials = yes\n"},
    {"other.ini", "[cors]\norigins = https://other.example\n"},
    {"answer.txt",
     "HTTP/1.1 204 No Content\nAccess-Control-Allow-Origin: " ORIGIN
     "\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: *\n"
     "Access-Control-Allow-Credentials: True\nVary: Accept\n"
     "Access-Control-Max-Age: 5\n\nHTTP/1.1 200 OK\n"
     "Access-Control-Allow-Origin: " ORIGIN "\nServer: nginx/1.2\n"
     "Access-Control-Allow-Credentials: true\n"
     "Access-Control-Expose-Headers: *, x-b\nX-B: \"\xc3\xa9\"\n"
     "Set-Cookie: a=b; SameSite=None\nSet-Cookie: c=d\n\n"},
    {"login.txt", "HTTP/1.1 302 Found\nLocation: https://login.example/x?"
		  "redirect_uri=1\nServer: Apache\n\n"},
    {"page.har",
     "{\"log\":{\"version\":\"1.2\",\"entries\":[{\"request\":{\"method\":"
     "\"PUT\",\"url\":\"https://api.example/a\",\"headers\":[{\"name\":"
     "\"Origin\",\"value\":\"" ORIGIN "\"},{\"name\":\"content-type\","
     "\"value\":\"application/json\"},{\"name\":\"Sec-Fetch-Mode\","
     "\"value\":\"cors\"}],\"cookies\":[]},\"response\":{\"status\":200,"
     "\"headers\":[{\"name\":\"access-control-allow-origin\",\"value\":\"*\"},"
     "{\"name\":\"x-id\",\"value\":\"1\"}]}}]}}"},
    {"access.log",
     "{\"time_iso8601\":\"2026-11-02T10:00:00+00:00\",\"request\":\"GET /a "
     "HTTP/1.1\",\"status\":200,\"http_origin\":\"" ORIGIN "\",\"host\":"
     "\"api.example\"}\n"
     "{\"time_iso8601\":\"2026-11-03T10:00:00+00:00\",\"request\":\"OPTIONS "
     "/a HTTP/1.1\",\"status\":204,\"http_origin\":\"https://b.example\","
     "\"host\":\"api.example\",\"http_access_control_request_method\":"
     "\"PUT\",\"http_access_control_request_headers\":\"x-a,x-b\"}\n"
     "192.0.2.1 - - [02/Nov/2026:10:00:00 +0000] \"POST /n/x HTTP/1.1\" 200 "
     "12 \"-\" \"Mozilla\" \"https://c.example\"\n"
     "192.0.2.1 - - [02/Nov/2026:10:00:00 +0000] \"GET /n/x HTTP/1.1\" 403 "
     "12 \"-\" \"Mozilla\" \"https://other.example\"\n"},
};

static void
write_text(const char *name, const char *text)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
	assert_int_equal(fclose(out), 0);
}

/* A folder with the files, in which the commands then run. */
static char folder[] = "/tmp/corswrap-memory.XXXXXX";

static bool
enter(void)
{
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return false;
	for (size_t i = 0; i < UNIT_COUNT(files); i++)
		write_text(files[i].name, files[i].text);
	return true;
}

static bool
leave(void)
{
	for (size_t i = 0; i < UNIT_COUNT(files); i++)
		unlink(files[i].name);
	return chdir("/") == 0 && rmdir(folder) == 0;
}

/* ---- a server for probe ---- */

/* Respond to every request with the same, one request for each connection, with
 * a few mistakes that probe finds. */
static void
serve(int listener)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: " ORIGIN "\r\n"
	    "Access-Control-Allow-Methods: PUT\r\n"
	    "Access-Control-Allow-Credentials: True\r\nServer: nginx\r\n"
	    "Content-Length: 0\r\nConnection: close\r\n\r\n";
	char request[4096];

	/* If the test ends without it, nothing waits for this process. */
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	alarm(600);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		if (read(fd, request, sizeof(request)) > 0)
			(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
		close(fd);
	}
}

static char server_url[64];

/* Start it; returns its process. */
static pid_t
start_server(void)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(listener, 8) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) != 0)
		return -1;
	snprintf(server_url, sizeof(server_url), "http://127.0.0.1:%d/a",
		 ntohs(address.sin_port));
	pid_t pid = fork();
	if (pid == 0)
		serve(listener);
	close(listener);
	return pid;
}

/* ---- the commands and requests ---- */

enum { WORDS = 24 };

static const struct row {
	const char *name;
	int (*run)(const struct command *, int, char **); /* NULL: the page */
	/* "=PATH" is a file of the sources, and "@" the server's URL. */
	const char *words[WORDS];
	const char *form;   /* of the page; NULL: GET with words[0] */
	const char *writes; /* a file that is not there before, or NULL */
	const char *fixes;  /* a file that the command changes, or NULL */
	/* jansson's allocations do not fail: its parser ignores that in a
	 * string, and loses the byte (lex_save, of 2.14). */
	bool parses;
} rows[] = {
#define ASK "--url", "https://api.example/a", "--origin", ORIGIN
#define PUT "-X", "PUT", "-H", "X-A: 1", "-H", "X-B: \"1\xc3\xa9\""
#define POLICY "-p", "policy.ini"
    {.name = "explain: allowed", explain_command, {POLICY, ASK}},
    {.name = "explain: a preflight",
     explain_command,
     {POLICY, ASK, "-X", "PUT", "-H", "X-A: 1", "--credentials"}},
    {.name = "explain: blocked", explain_command, {POLICY, ASK, PUT}},
    {.name = "explain --json", explain_command, {POLICY, ASK, PUT, "--json"}},
    {.name = "explain: all browsers",
     explain_command,
     {POLICY, ASK, PUT, "--browser", "all", "--json"}},
    {.name = "explain: all browsers as text",
     explain_command,
     {POLICY, ASK, PUT, "--browser", "all"}},
    {.name = "explain: another origin",
     explain_command,
     {POLICY, "--url", "https://api.example/a", "--origin", "https://x.example",
      "--credentials"}},
    {.name = "explain: an expression",
     explain_command,
     {POLICY, "--url", "https://api.example/b/x", "--origin",
      "https://a.d.example", "--json"}},
    {.name = "explain: not covered",
     explain_command,
     {POLICY, "--url", "https://api.example/z", "--origin", ORIGIN}},
    {.name = "explain: without a policy", explain_command, {ASK, PUT}},
    {.name = "explain: a loopback",
     explain_command,
     {POLICY, "--url", "http://127.0.0.1:80/a", "--origin", ORIGIN}},
    {.name = "explain: an image",
     explain_command,
     {POLICY, ASK, "--mode", "no-cors", "--as", "image", "--coep",
      "require-corp", "--json"}},
    {.name = "explain: faults",
     explain_command,
     {"--url", "/x", "--origin", "HTTPS://a", "-H", "a", "-X", "a b"}},
    {.name = "explain --curl",
     explain_command,
     {POLICY, "--curl",
      "curl 'https://api.example/a' -X 'PUT' -H 'origin: " ORIGIN "' "
      "-H 'content-type: application/json' -b 'sid=1' -u me:secret -e " ORIGIN
      "/p --data-raw $'{\"a\":\"it\\'s\"}'"}},
    {.name = "explain --fetch",
     explain_command,
     {POLICY, "--json", "--fetch",
      "fetch(\"https://api.example/a\", {\"headers\": {\"content-type\": "
      "\"application/json\", \"x-\\u0061\": `1`}, \"referrer\": \"" ORIGIN
      "/page\", \"body\": \"{}\", \"method\": \"PUT\", \"mode\": \"cors\", "
      "\"credentials\": \"include\"});"}},
    {.name = "explain, PowerShell",
     explain_command,
     {POLICY, "Invoke-WebRequest -UseBasicParsing -Uri "
	      "\"https://api.example/a\" -Method \"PUT\" -Headers "
	      "@{\"x-a\"=\"1\"; \"origin\"=\"" ORIGIN "\"} -Body \"a\""}},
    {.name = "explain --har",
     explain_command,
     {POLICY, "--har", "page.har", "--entry", "1"},
     .parses = true},
    {.name = "explain --console",
     explain_command,
     {POLICY, "--console",
      "Access to fetch at 'https://api.example/a' from origin '" ORIGIN
      "' has been blocked by CORS policy: Request header field x-name is not "
      "allowed by Access-Control-Allow-Headers in preflight response."}},
    {.name = "read", read_command, {ASK, PUT, "--credentials", "answer.txt"}},
    {.name = "read --json",
     read_command,
     {ASK, PUT, "--credentials", "--json", "answer.txt"}},
    {.name = "read: one response", read_command, {ASK, "login.txt"}},
    {.name = "read --har",
     read_command,
     {"--har", "page.har", "--entry", "1", "--json"},
     .parses = true},
    {.name = "probe", probe_command, {"--origin", ORIGIN, PUT, "@"}},
    {.name = "probe --json",
     probe_command,
     {"--origin", ORIGIN, "--credentials", "--json", "@"}},
    {.name = "lint: good", lint_command, {"policy.ini"}},
    {.name = "lint: errors", lint_command, {"wrong.ini"}},
    {.name = "lint --json", lint_command, {"--json", "wrong.ini"}},
    {.name = "lint, SARIF", lint_command, {"--format", "sarif", "wrong.ini"}},
    {.name = "lint, gcc", lint_command, {"--format", "gcc", "wrong.ini"}},
    {.name = "lint --fix",
     lint_command,
     {"--fix", "wrong.ini"},
     .writes = "wrong.ini.orig",
     .fixes = "wrong.ini"},
    {.name = "dump", dump_command, {"policy.ini"}},
    {.name = "help", help_command, {"acao-missing"}},
    {.name = "help MESSAGE",
     help_command,
     {"Access to fetch at 'https://api.example/a' from origin '" ORIGIN
      "' has been blocked by CORS policy: Request header field x-name is not "
      "allowed by Access-Control-Allow-Headers in preflight response."}},
    {.name = "reference", reference_command, {NULL}},
    {.name = "reference --json", reference_command, {"--json"}},
    {.name = "learn", learn_command, {"access.log"}},
    {.name = "replay",
     replay_command,
     {"-p", "policy.ini", "-p", "other.ini", "access.log"}},
    {.name = "replay, one policy",
     replay_command,
     {"-p", "policy.ini", "access.log"}},
    {.name = "init",
     init_command,
     {"--server", "nginx", "--origin", ORIGIN, "--origin", "https://b.example",
      "--method", "PUT", "--header", "X-A", "--exec", "/bin/cat", "--corswrap",
      "/bin/cat", "--unit-folder", ".", "new.ini"},
     .writes = "new.ini"},
#define IMPORT(file)                                                           \
	{                                                                      \
		.name = "import " file, import_command,                        \
		{                                                              \
			"=t/corscheck/import/" file                            \
		}                                                              \
	}
    IMPORT("04-setenvif-names.htaccess"),
    IMPORT("10-rewrite-variable.htaccess"),
    IMPORT("12-clever-expression.htaccess"),
    IMPORT("16-locationmatch-mirror.conf"),
    IMPORT("21-map.conf"),
    IMPORT("25-two-servers.conf"),
    IMPORT("43-vhosts.conf"),
    IMPORT("53-map-methods.conf"),
    IMPORT("70-lighttpd.conf"),
    IMPORT("72-caddy"),
    IMPORT("73-web.config"),
    IMPORT("74-list.php"),
    IMPORT("78-server.js"),
    IMPORT("90-none.conf"),
    {.name = "the page", NULL, {""}},
    {.name = "the page with a query",
     NULL,
     {"url=https%3A%2F%2Fapi.example%2Fa&origin=https%3A%2F%2Fapp.example"
      "&policy=%5Bcors%5D%0Aorigins%20%3D%20x"}},
#define FIELDS                                                                 \
	"url=https%3A%2F%2Fapi.example%2Fa&origin=https%3A%2F%2Fapp.example&"  \
	"method=PUT&headers=X-A%3A+1%0AX-B%3A+%C3%A9&"
#define GOOD_POLICY                                                            \
	"policy=%5Bcors%5D%0Aorigins+%3D+https%3A%2F%2Fapp.example%0A"         \
	"methods+%3D+PUT%0A"
    {.name = "the page: blocked", .form = FIELDS GOOD_POLICY "&credentials=on"},
    {.name = "the page: allowed",
     .form = FIELDS GOOD_POLICY "headers+%3D+X-A+X-B%0A"},
    {.name = "the page: a wrong policy",
     .form = FIELDS "policy=%5Bcors%5D%0Aorigins+%3D+https%3A%2F%2FA.example"
		    "%2F%0Amethod+%3D+put%0A"},
    {.name = "the page: its script",
     .form = FIELDS "part=lint&policy=%5Bcors"
		    "%5D%0Aorigins+%3D+x%0A"},
    {.name = "the page: curl",
     .form = "paste=curl+https%3A%2F%2Fapi.example%2Fa+-X+PUT+-H+%27origin%3A+"
	     "https%3A%2F%2Fapp.example%27&" GOOD_POLICY},
    {.name = "the page: a response",
     .form = FIELDS "paste=HTTP%2F1.1+200+OK%0Aaccess-control-allow-origin%3A+"
		    "*%0Aserver%3A+nginx%0A"},
    {.name = "the page: a console",
     .form = GOOD_POLICY
     "&paste=Access+to+fetch+at+%27https%3A%2F%2Fapi.example%2Fa%27+from+"
     "origin+%27https%3A%2F%2Fapp.example%27+has+been+blocked+by+CORS+"
     "policy%3A+No+%27Access-Control-Allow-Origin%27+header+is+present+on+"
     "the+requested+resource."},
    {.name = "the page: an .htaccess",
     .form = "paste=Header+always+set+Access-Control-Allow-Origin+%22https%3A"
	     "%2F%2Fapp.example%22%0AHeader+set+Access-Control-Allow-Methods+"
	     "%22GET%2C+PUT%22%0A"},
    {.name = "the page: the reference", .form = "part=reference"},
};

/* ---- one run ---- */

struct outcome {
	int status; /* the exit status, or minus the signal */
	struct slice out, err, file;
};

static sigjmp_buf before_signal;
static int captured[2]; /* files for standard output and error */

static void catch (int number)
{
	siglongjmp(before_signal, number);
}

static size_t
read_form_bytes(void *ctx, char *to, size_t len)
{
	const char *form = ctx;
	size_t all = strlen(form);

	if (len > all)
		len = all;
	memcpy(to, form, len);
	return len;
}

static int
run_page(const struct row *row)
{
	char host[] = "HTTP_HOST=tools.example", scheme[] = "HTTPS=on";
	char type[] = "CONTENT_TYPE=application/x-www-form-urlencoded";
	char method[32], query[512], length[64];
	char *variables[] = {method, host, scheme, type, query, length, NULL};
	const struct page_request request = {.variables = variables,
					     .read = read_form_bytes,
					     .ctx =
						 (void *)(uintptr_t)row->form,
					     .out = stdout};

	snprintf(method, sizeof(method), "REQUEST_METHOD=%s",
		 row->form == NULL ? "GET" : "POST");
	snprintf(query, sizeof(query), "QUERY_STRING=%s",
		 row->form == NULL ? row->words[0] : "");
	snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu",
		 row->form == NULL ? 0 : strlen(row->form));
	page_respond(&request);
	return 0;
}

static int
run_row(const struct row *row)
{
	static char paths[WORDS][512];
	const struct command command = {row->name, row->run, "", "",
					"/bin/cat"};
	char name[] = "corscheck", *argv[WORDS + 2] = {name};
	int argc = 1;

	if (row->run == NULL)
		return run_page(row);
	for (int i = 0; row->words[i] != NULL; i++, argc++) {
		const char *word = row->words[i];
		const char *before = word[0] == '=' ? getenv("top_srcdir") : "";
		snprintf(paths[i], sizeof(paths[i]), "%s%s%s", before,
			 word[0] == '=' ? "/" : "",
			 word[0] == '@'	  ? server_url
			 : word[0] == '=' ? word + 1
					  : word);
		argv[argc] = paths[i];
	}
	/* So glibc and musl start again. */
	optind = 0;
	return row->run(&command, argc, argv);
}

/* What is in the file; SLICE_NONE: there is none.  free(3) it. */
static struct slice
contents(int fd)
{
	struct stat status;
	struct slice text = SLICE_NONE;

	if (fd >= 0 && fstat(fd, &status) == 0) {
		size_t size = (size_t)status.st_size;
		char *bytes = malloc(size + 1);
		assert_non_null(bytes);
		assert_int_equal(pread(fd, bytes, size, 0), size);
		bytes[size] = '\0';
		text = slice_of(bytes, size);
	}
	return text;
}

/* Prepare the files; with `after` read the result of them. */
static struct slice
around(const struct row *row, bool after)
{
	const char *name = row->fixes != NULL ? row->fixes : row->writes;
	struct slice text = SLICE_NONE;

	if (after && name != NULL) {
		int fd = open(name, O_RDONLY);
		text = contents(fd);
		if (fd >= 0)
			close(fd);
	}
	if (row->writes != NULL)
		unlink(row->writes);
	for (size_t i = 0; after && i < UNIT_COUNT(files); i++)
		if (row->fixes != NULL && strcmp(files[i].name, name) == 0)
			write_text(name, files[i].text);
	return text;
}

static void
redirect(const int to[2], int saved[2])
{
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		if (saved != NULL)
			saved[i] = dup(i + 1);
		assert_int_equal(dup2(to[i], i + 1), i + 1);
	}
}

/* The allocations of the last run. */
static long run_total;

/* Run it while the nth allocation fails.  *failed: one did. */
static struct outcome
run_once(const struct row *row, long n, bool *failed)
{
	struct outcome got;
	int saved[2], number;

	(void)around(row, false);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ftruncate(captured[i], 0), 0);
		assert_int_equal(lseek(captured[i], 0, SEEK_SET), 0);
	}
	redirect(captured, saved);
	number = sigsetjmp(before_signal, 1);
	if (number == 0) {
		until = n;
		got.status = run_row(row);
	} else {
		got.status = -number;
	}
	*failed = until < 0;
	run_total = n - until;
	until = -1;
	lasting = false;
	redirect(saved, NULL);
	close(saved[0]);
	close(saved[1]);
	got.out = contents(captured[0]);
	got.err = contents(captured[1]);
	got.file = around(row, true);
	return got;
}

static void
outcome_free(struct outcome *o)
{
	free((void *)(uintptr_t)o->out.ptr);
	free((void *)(uintptr_t)o->err.ptr);
	free((void *)(uintptr_t)o->file.ptr);
}

/* ---- judging ---- */

static bool
same(const struct outcome *a, const struct outcome *b)
{
	return a->status == b->status && slice_eq(a->out, b->out) &&
	       slice_eq(a->err, b->err) && slice_eq(a->file, b->file);
}

static bool
is_clean_error(const struct row *row, const struct outcome *got)
{
	static const char status[] = "Status: 500 ";

	if (row->run == NULL)
		return got->status == 0 &&
		       slice_starts(got->out, slice_from(status)) &&
		       strcasestr(got->out.ptr, "memory") != NULL;
	return got->status == CHECK_USAGE &&
	       (strcasestr(got->err.ptr, "memory") != NULL ||
		strcasestr(got->out.ptr, "no memory") != NULL);
}

/* A file is complete, or is not there, or is as it was. */
static bool
is_file_whole(const struct row *row, const struct outcome *got,
	      const struct outcome *whole)
{
	if (row->run == NULL || got->file.ptr == NULL ||
	    slice_eq(got->file, whole->file))
		return true;
	for (size_t i = 0; i < UNIT_COUNT(files); i++)
		if (row->fixes != NULL &&
		    strcmp(files[i].name, row->fixes) == 0)
			return slice_eq(got->file, slice_from(files[i].text));
	return false;
}

/* Show where a text begins to differ from the whole one. */
static void
show(const char *what, struct slice text, struct slice whole)
{
	enum { BEFORE = 60, SHOWN = 200 };
	size_t same = 0, from;

	if (slice_eq(text, whole))
		return;
	while (same < text.len && same < whole.len &&
	       text.ptr[same] == whole.ptr[same])
		same++;
	from = same > BEFORE ? same - BEFORE : 0;
	printf("# %s, from byte %zu: ", what, from);
	for (size_t i = from; i < text.len && i < same + SHOWN; i++)
		printf("%c%s", text.ptr[i],
		       text.ptr[i] == '\n' ? "#     " : "");
	printf("\n");
}

/* How many of these allocations make it go wrong. */
static int
count_wrong(const struct row *row, const struct outcome *whole, long from,
	    long stride, bool all)
{
	enum { SHOWN = 5 };
	bool failed = true;
	int wrong = 0;

	for (long n = from; failed; n += stride) {
		lasting = all;
		struct outcome got = run_once(row, n, &failed);
		if (!same(&got, whole) &&
		    !(failed && is_clean_error(row, &got) &&
		      is_file_whole(row, &got, whole))) {
			wrong++;
			if (wrong <= SHOWN) {
				printf("# allocation %ld%s fails: status %d\n",
				       n, all ? " and all behind it" : "",
				       got.status);
				show("out", got.out, whole->out);
				show("err", got.err, whole->err);
				show("file", got.file, whole->file);
			}
		}
		outcome_free(&got);
	}
	return wrong;
}

static void
test_row(void **state)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	const struct row *row = *state;
	const char *given = getenv("CORSWRAP_FAILURES");
	const long most = given != NULL ? atol(given) : 100;
	const struct sigaction action = {.sa_handler = catch};
	struct sigaction old[UNIT_COUNT(signals)];
	bool failed;
	long total, stride = 1, from;

	for (size_t i = 0; i < UNIT_COUNT(signals); i++)
		sigaction(signals[i], &action, &old[i]);
	json_set_alloc_funcs(row->parses ? __real_malloc : __wrap_malloc, free);
	struct outcome whole = run_once(row, LONG_MAX, &failed);
	assert_false(failed);
	total = run_total;
	if (getenv("CORSWRAP_LONG") == NULL)
		stride = total / most + 1;
	from = random() % stride;
	int wrong = count_wrong(row, &whole, from, stride, false) +
		    count_wrong(row, &whole, from, stride, true);
	printf("# %s: %ld allocations, from %ld in steps of %ld\n", row->name,
	       total, from, stride);
	outcome_free(&whole);
	for (size_t i = 0; i < UNIT_COUNT(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	struct CMUnitTest tests[UNIT_COUNT(rows)];
	const char *given = getenv("CORSWRAP_SEED");
	unsigned seed = given != NULL ? (unsigned)atoi(given) : 1;
	size_t n = 0;

	srandom(seed);
	fprintf(stderr, "# CORSWRAP_SEED=%u\n", seed);
	for (size_t i = 0; i < UNIT_COUNT(captured); i++) {
		FILE *file = tmpfile();
		if (file == NULL)
			return 1;
		captured[i] = fileno(file);
	}
	pid_t server = start_server();
	if (server < 0 || !enter())
		return 1;
	UNIT_ROWS(tests, n, rows, test_row);
	int status = unit_run(tests, n);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return leave() ? status : 1;
}
