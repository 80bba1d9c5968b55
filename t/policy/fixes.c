/*
 * Every fix that lint offers, applied to the policy: the diagnostic is gone,
 * there is no new one, and a corrected origin is allowed.  The policies are
 * those of t/policy/lint-ids, which has one for each diagnostic, and 5000
 * random ones, the same every time.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "cors/cors.h"
#include "policy/diagnostic.h"
#include "policy/settings.h"
#include "unit.h"

enum { TEXT = 16384, ROUNDS = 5000, LONG_ROUNDS = 200000, PASSES = 8 };

/* ---- lint, and an edit as diagnostic.h describes it ---- */

static struct diag_list *
lint_text(const char *policy)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = true};
	struct diag_list *diags = diag_list_new();

	assert_non_null(diags);
	settings_release(settings_parse("/p.ini", slice_from(policy), &options,
					diags));
	return diags;
}

static bool
is_applicable(const struct diag *diag)
{
	return diag->fix != NULL && diag->column > 0;
}

/* The policy with this one fix. */
static void
apply(const char *policy, const struct diag *diag, char out[static TEXT])
{
	const char *line = policy;

	for (unsigned i = 1; i < diag->line; i++) {
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	size_t width = strcspn(line, "\n");
	assert_in_range(diag->column, 1, width + 1);
	assert_true(diag->column - 1 + diag->length <= width);
	const char *at = line + diag->column - 1;
	int len = snprintf(out, TEXT, "%.*s%s%s%s", (int)(at - policy), policy,
			   diag->fix, diag->length == 0 ? "\n" : "",
			   at + diag->length);
	assert_in_range(len, 1, TEXT - 1);
}

/* ---- diagnostics after the fix ---- */

enum { SHOWN_MAX = 40 };

static size_t failures;

/* Count them, and print the first ones: one run may find many. */
#define COMPLAIN(...)                                                          \
	do {                                                                   \
		if (failures++ < SHOWN_MAX)                                    \
			print_error(__VA_ARGS__);                              \
	} while (0)

/* The same in the other list, except for the line, which a new line above
 * moves. */
static size_t
count_same(const struct diag_list *diags, const struct diag *diag)
{
	size_t count = 0;

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *other = diag_at(diags, i);
		count += strcmp(other->id, diag->id) == 0 &&
			 strcmp(other->message, diag->message) == 0;
	}
	return count;
}

/* A fix that is a line of its own moves the others. */
static bool
is_still_there(const struct diag_list *diags, const struct diag *diag)
{
	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *other = diag_at(diags, i);
		if (strcmp(other->id, diag->id) == 0 &&
		    strcmp(other->message, diag->message) == 0 &&
		    other->line == diag->line + (diag->length == 0) &&
		    other->column == diag->column)
			return true;
	}
	return false;
}

/* An invalid line can hide other diagnostics until it is valid: a
 * duplicate, an origin that others cover, conflicting keys. */
static bool
was_hidden(const struct diag *fixed, const struct diag *diag)
{
	static const char *const outer[] = {"unknown-key", "unknown-section",
					    "syntax"};
	static const char *const ids[] = {
	    "shadowed",	       "duplicate-key", "duplicate-section",
	    "duplicate-match", "safelisted",	"max-age-capped",
	    "method-case",     "unreachable",	"isolate-needs-https",
	    "useless-headers", "regex-origin",	"max-age-low",
	    "debug-on",	       "prepend-conflict",
	};

	for (size_t i = 0; i < UNIT_COUNT(ids); i++)
		if (strcmp(diag->id, ids[i]) == 0)
			return true;
	/* "credentials = 1" meant yes, and that is not for every origin;
	 * "methods" and "allow" want the same fix. */
	if (strcmp(fixed->id, "bad-value") == 0 &&
	    strncmp(fixed->message, "\"credentials\"", 13) == 0)
		return diag->severity == SEVERITY_ERROR;
	if (strcmp(fixed->id, "method-case") == 0)
		return strcmp(diag->id, "allow-misses-method") == 0;
	/* The values of an unknown key or section had not been read. */
	for (size_t i = 0; i < UNIT_COUNT(outer); i++)
		if (strcmp(fixed->id, outer[i]) == 0)
			return strcmp(diag->id, fixed->id) != 0 ||
			       diag->fix != NULL;
	return false;
}

/* Has the word the host of the origin that this is about? */
static bool
names_host(const char *word, const struct diag *now)
{
	const char *host = strstr(now->message, "://");
	char text[256];

	if (host == NULL)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(host + 3, ":\""),
		 host + 3);
	return strstr(word, text) != NULL;
}

/* A warning or error that applied to the word before the fix, too: the word
 * itself has "*."  or ":*" or "http://". */
static bool
was_written(const char *policy, const struct diag *diag, const struct diag *now)
{
	static const struct {
		const char *id, *construct;
	} earned[] = {
	    {"broad-wildcard", ":*"},	{"broad-wildcard", "://*"},
	    {"broad-wildcard", "/"},	{"insecure-origin", "ttp"},
	    {"file-scheme", "://"},
	};
	char word[256];
	const char *line = policy;

	for (unsigned i = 1; i < diag->line; i++)
		line = strchr(line, '\n') + 1;
	snprintf(word, sizeof(word), "%.*s", (int)diag->length,
		 line + diag->column - 1);
	for (char *c = word; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; i < UNIT_COUNT(earned); i++)
		if (strcmp(now->id, earned[i].id) == 0 &&
		    strstr(word, earned[i].construct) != NULL)
			return true;
	return strcmp(now->id, "public-suffix") == 0 && names_host(word, now);
}

static void
check_after(const char *name, const char *policy, const char *fixed,
	    const struct diag_list *before, const struct diag *diag)
{
	struct diag_list *after = lint_text(fixed);

	if (is_still_there(after, diag))
		COMPLAIN("%s: \"%s\" does not cure [%s] %s\n%s--\n%s", name,
			 diag->fix, diag->id, diag->message, policy, fixed);
	for (size_t i = 0; i < diag_total(after); i++) {
		const struct diag *now = diag_at(after, i);
		if (count_same(after, now) > count_same(before, now) &&
		    !was_hidden(diag, now) && !was_written(policy, diag, now))
			COMPLAIN("%s: after \"%s\" for [%s]: [%s] %s\n%s--\n%s",
				 name, diag->fix, diag->id, now->id,
				 now->message, policy, fixed);
	}
	diag_list_free(after);
}

/* ---- an origin that is as the pattern says ---- */

static void
put(char *to, const char *from, size_t len)
{
	size_t have = strlen(to);

	len = strnlen(from, len);
	assert_true(have + len < TEXT);
	memcpy(to + have, from, len);
	to[have + len] = '\0';
}

static void
example_of(const char *pattern, char out[static TEXT])
{
	const char *host = strstr(pattern, "://") + 3;
	const char *port, *end = host + strcspn(host, "/*:");

	out[0] = '\0';
	put(out, pattern, (size_t)(host - pattern));
	if (host[0] == '[' && strchr(host, ']') != NULL)
		end = strchr(host, ']') + 1;
	else if (strncmp(host, "*.", 2) == 0)
		end = host + 1 + strcspn(host + 1, ":");
	else if (*end == '*')
		end = host + strcspn(host, ":");
	for (const char *c = host; c < end; c++)
		put(out, *c == '*' ? "qz7" : c, *c == '*' ? 3 : 1);
	port = end + strcspn(end, ":");
	if (port[0] == ':' && port[1] != '*')
		put(out, port, strcspn(port, "-"));
}

/* Does a policy with only this origin allow that one? */
static bool
allows(const char *pattern, const char *origin)
{
	static char policy[TEXT], variable[TEXT];
	char *variables[] = {variable, (char[]){"REQUEST_METHOD=GET"}, NULL};
	struct cors_request *request = cors_request_new();

	snprintf(policy, TEXT, "[cors]\norigins = %s\n", pattern);
	snprintf(variable, TEXT, "HTTP_ORIGIN=%s", origin);
	struct cors_policy *loaded =
	    cors_parse("p", policy, strlen(policy), NULL, NULL);
	bool allowed = loaded != NULL &&
		       cors_decide(request, loaded, variables) == 0 &&
		       strcmp(cors_reason(request), "none") == 0;
	cors_request_free(request);
	cors_free(loaded);
	return allowed;
}

/* Each origin of the fix.  In app://[::1]:1-2 everything after "://" is an
 * opaque name. */
static void
check_allowed(const char *name, const char *fix)
{
	static char words[TEXT], origin[TEXT];
	char *rest = NULL;

	snprintf(words, TEXT, "%s", fix);
	for (char *word = strtok_r(words, " ,", &rest); word != NULL;
	     word = strtok_r(NULL, " ,", &rest)) {
		example_of(word, origin);
		if (!allows(word, origin) && !allows(word, word))
			COMPLAIN("%s: \"%s\" does not allow %s\n", name, word,
				 origin);
	}
}

/* ---- all fixes of a policy ---- */

/* Each by itself; how many there are. */
static size_t
check_each(const char *name, const char *policy)
{
	static char fixed[TEXT];
	struct diag_list *diags = lint_text(policy);
	size_t count = 0;

	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *diag = diag_at(diags, i);
		if (!is_applicable(diag)) {
			if (diag->fix != NULL)
				COMPLAIN("%s: where does \"%s\" go? [%s]\n", name,
					 diag->fix, diag->id);
			continue;
		}
		count++;
		apply(policy, diag, fixed);
		check_after(name, policy, fixed, diags, diag);
		if (strncmp(diag->message, "origin \"", 8) == 0)
			check_allowed(name, diag->fix);
	}
	diag_list_free(diags);
	return count;
}

/* The first, then the first of the others, until there are none. */
static void
check_together(const char *name, const char *policy)
{
	static char texts[2][TEXT];
	size_t n = 0;

	snprintf(texts[0], TEXT, "%s", policy);
	for (;; n++) {
		struct diag_list *diags = lint_text(texts[n % 2]);
		size_t i = 0;
		while (i < diag_total(diags) &&
		       !is_applicable(diag_at(diags, i)))
			i++;
		if (i == diag_total(diags)) {
			diag_list_free(diags);
			return;
		}
		assert_in_range(n, 0, 99);
		apply(texts[n % 2], diag_at(diags, i), texts[(n + 1) % 2]);
		diag_list_free(diags);
		if (n == 99)
			fail_msg("%s: there is no end to it:\n%s", name,
				 texts[0]);
	}
}

/* ---- the policies of t/policy/lint-ids ---- */

static char *
read_table(void)
{
	char path[4096];
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/t/policy/lint-ids.t",
		 getenv("top_srcdir"));
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	char *text = calloc(1, (size_t)size + 1);
	rewind(file);
	assert_int_equal(fread(text, 1, (size_t)size, file), size);
	fclose(file);
	return text;
}

static void
test_table(void **state)
{
	char *table = read_table();
	char *block = strstr(table, "\n__DATA__\n");
	size_t policies = 0, fixes = 0;

	(void)state;
	assert_non_null(block);
	block = strstr(block, "\n== ");
	while (block != NULL) {
		char *name = block + 4;
		char *policy = strchr(name, '\n') + 1;
		char *end = strstr(policy - 1, "\n--\n");
		assert_non_null(end);
		block = strstr(end + 1, "\n== ");
		policy[-1] = '\0';
		end[1] = '\0';
		if (strlen(policy) < TEXT / 2) {
			policies++;
			fixes += check_each(name, policy);
			check_together(name, policy);
		}
	}
	assert_true(policies > 80);
	assert_true(fixes > 80);
	assert_int_equal(failures, 0);
	free(table);
}

/* ---- random policies ---- */

static uint64_t seed;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

#define PICK(list) ((list)[draw(UNIT_COUNT(list))])

/* One byte added, removed, changed, doubled, in upper case, or two swapped. */
static void
misspell(char *text)
{
	static const char bytes[] = "/*:.-_;,'\"|#?@[]\\ =9aZ\xc3\xa9";
	size_t len = strlen(text), at = len == 0 ? 0 : draw((uint32_t)len);

	if (len == 0 || len > 400)
		return;
	switch (draw(6)) {
	case 0:
		memmove(text + at, text + at + 1, len - at);
		break;
	case 1:
		text[at] = (char)toupper((unsigned char)text[at]);
		break;
	case 2:
		memmove(text + at + 1, text + at, len - at + 1);
		break;
	case 3:
		memmove(text + at + 1, text + at, len - at + 1);
		text[at] = bytes[draw(sizeof(bytes) - 1)];
		break;
	case 4:
		text[at] = bytes[draw(sizeof(bytes) - 1)];
		break;
	default:
		if (at + 1 < len) {
			char c = text[at];
			text[at] = text[at + 1];
			text[at + 1] = c;
		}
	}
}

static void
draw_origin(char out[static TEXT])
{
	static const char *const schemes[] = {
	    "https://", "http://", "HTTPS://", "https:/", "//", "", "https:",
	    "app://", "capacitor://", "moz-extension://", "wss://", "file://",
	    "*://", "http(s)://", "<https://", "\"https://"};
	static const char *const hosts[] = {
	    "example.com", "*.example.com", "*example.com", "app-*.example.com",
	    "*.*.example.com", "localhost", "127.0.0.1", "192.168.1.7",
	    "10.0.0.0/8", "192.168.*.*", "[::1]", "::1", "[fd00::]/8",
	    "[fd00::/8]", "fd00::/8", "0x7f.1", "010.1.2.3", "1.2.3",
	    ("b\xc3\xbc" "cher.example"), "\xf0\x9f\x92\xa9.la", "xn--ls8h.la",
	    "xn--.example", "Example.COM", "example.com.", "a_b.example",
	    "*.co.uk", "*.github.io", "*.com", "user:pw@example.com",
	    "shop.example.co.uk", "example", "3dprinter", "*", ".", "",
	    "www.*", "a.*.example.com", "*-x.*.example.com"};
	static const char *const tails[] = {
	    "", "", "", "/", "/*", "/a/b", ":443", ":80", ":8080", ":*", ":80*",
	    ":3000-3999", ":0080", ":", ":65536", "?", "#a", "\"", ">", ":443/",
	    ";https://b.example", "|https://b.example", ":3000,https://b.example"};

	out[0] = '\0';
	put(out, PICK(schemes), 99);
	put(out, PICK(hosts), 99);
	put(out, PICK(tails), 99);
	while (draw(3) == 0)
		misspell(out);
}

/* A line of [cors], or of another section. */
static void
draw_line(char out[static TEXT])
{
	static const char *const lines[] = {
	    "methods = PUT patch", "headers = \"Content-Type\", X-A:",
	    "expose = 'X-B';", "credentials = 1", "credentials = Yes",
	    "max-age = 10m", "max-age = 100000", "max-age = -3",
	    "preflight = forwards", "preflight-status = 200",
	    "allow = GET put patch", "enforce = blok", "timing = *",
	    "resource-policy = same_site", "isolate = reports",
	    "app-headers = overide", "debug = 0", "allow-null = y",
	    "allow-insecure = true", "origins-regex = /^https:\\/\\/a\\.example$/i",
	    "origins-regex = https://App\\.example", "path = a/../b*",
	    "path = https://a.example/x", "host = A.example:80",
	    "[Cors]", "[cors a b]", "[cor x]", "[cors x", "[app] # main",
	    "[server]", "[app]", "workers = 10", "log = warn",
	    "idle-timeout = 10 seconds", "max-body = 3mb", "status-path = s/",
	    "forward = tcp:localhost:9000", "[env]", "export A = b",
	    "[handlers]", "php = /bin/true", "*.pl = /usr/bin/perl",
	    "[cors x]", "[warm]", "spare = 2", "; nothing", "# nothing"};

	snprintf(out, TEXT, "%s", PICK(lines));
	while (draw(4) == 0)
		misspell(out);
}

static void
draw_policy(char out[static TEXT])
{
	static char line[TEXT];

	out[0] = '\0';
	if (draw(10) > 0)
		put(out, draw(4) == 0 ? "\t[cors]  \n" : "[cors]\n", 99);
	for (uint32_t i = draw(6) + 1; i > 0; i--) {
		bool origins = draw(3) > 0;
		if (draw(6) == 0)
			put(out, "  ", 2);
		if (origins)
			put(out, draw(8) == 0 ? "Origins=" : "origins = ", 99);
		for (uint32_t j = draw(3); origins && j > 0; j--) {
			draw_origin(line);
			put(out, line, 999);
			put(out, draw(2) == 0 ? " " : ", ", 2);
		}
		if (origins)
			draw_origin(line);
		else
			draw_line(line);
		put(out, line, 999);
		put(out, draw(9) == 0 ? " ; why\r\n" : "\n", 99);
	}
}

static void
test_random(void **state)
{
	static char policy[TEXT];
	char name[32];
	uint64_t rounds = getenv("CORSWRAP_LONG") == NULL ? ROUNDS : LONG_ROUNDS;
	size_t fixes = 0;

	(void)state;
	for (uint64_t i = 1; i <= rounds; i++) {
		seed = i;
		for (int j = 0; j < 4; j++)
			(void)draw(2);
		snprintf(name, sizeof(name), "seed %llu",
			 (unsigned long long)i);
		draw_policy(policy);
		fixes += check_each(name, policy);
		check_together(name, policy);
	}
	assert_true(fixes > rounds);
	assert_int_equal(failures, 0);
}

int
main(void)
{
	struct CMUnitTest tests[2];
	size_t n = 0;

	UNIT_TEST(tests, n, test_table);
#ifndef WITHOUT_PSL
	/* Which stars are offered depends on the list of public suffixes. */
	UNIT_TEST(tests, n, test_random);
#else
	(void)test_random;
#endif
	return unit_run(tests, n);
}
