/*
 * Makes the command line of a warm interpreter from that of a program.
 *
 * The first line of a script is parsed as the kernel parses it (at most one
 * argument), and then as env -S and perl do.  The script runs cold if anything
 * in that line is not understood for certain: a switch that has another effect
 * when the script is an argument, or a program that starts the interpreter.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/interpreter.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "base/text.h"
#include "run/first_line.h"

enum {
	MODULES = 4096, /* bytes of the names in [warm] `load` */
	TEXT = PATH_MAX + FIRST_LINE_MAX + MODULES + 256
};

enum language { LANGUAGE_NONE, LANGUAGE_PERL, LANGUAGE_PYTHON, LANGUAGE_PHP };

/* The new command line. */
struct words {
	char *words[INTERPRETER_WORDS + 8];
	size_t count;
	char *text; /* TEXT bytes for words that are not in the caller's argv */
	size_t used;
	bool full; /* a word or text did not fit */
};

static void
push(struct words *w, const char *word)
{
	if (w->count >= INTERPRETER_WORDS)
		w->full = true;
	else
		w->words[w->count++] = (char *)(uintptr_t)word;
}

/* A copy that lives as long as the words. */
static char *
keep(struct words *w, struct slice text)
{
	char *at = w->text + w->used;

	if (w->used + text.len + 1 > TEXT) {
		w->full = true;
		return w->text; /* a placeholder that is never used */
	}
	memcpy(at, text.ptr, text.len);
	at[text.len] = '\0';
	w->used += text.len + 1;
	return at;
}

/* ---- first lines ---- */

/* The first line of the file; absent if the file has none, or if it is longer
 * than what the kernel reads. */
static struct slice
line_of(struct first_line *first, const char *path)
{
	first_line_read(first, path);
	return first->ends ? text_trim(first->line) : SLICE_NONE;
}

/* The next word of it, split at blanks. */
static bool
next_word(struct slice *line, struct slice *word)
{
	size_t len;

	*line = text_trim(*line);
	len = text_find_any(*line, " \t");
	*word = slice_of(line->ptr, len);
	*line = slice_after(*line, len);
	return len > 0;
}

static struct slice
base_name(struct slice path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.ptr[i - 1] == '/')
			return slice_after(path, i);
	return path;
}

/* The text after a version such as "5.36.0". */
static struct slice
after_version(struct slice text)
{
	size_t i = 0;

	while (i < text.len &&
	       (ascii_is_digit(text.ptr[i]) || text.ptr[i] == '.'))
		i++;
	return slice_after(text, i);
}

/* Names such as "perl", "perl5.36.0", "python3", "python3.11", "php-cgi",
 * "php-cgi8.2" and "php8.2-cgi".  "php" is not a CGI program. */
static enum language
language_of(struct slice path)
{
	struct slice name = base_name(path), rest;

	if (slice_starts(name, SLICE("perl")))
		return after_version(slice_after(name, 4)).len == 0
			   ? LANGUAGE_PERL
			   : LANGUAGE_NONE;
	if (slice_starts(name, SLICE("python")))
		return after_version(slice_after(name, 6)).len == 0
			   ? LANGUAGE_PYTHON
			   : LANGUAGE_NONE;
	if (!slice_starts(name, SLICE("php")))
		return LANGUAGE_NONE;
	rest = after_version(slice_after(name, 3));
	return slice_starts(rest, SLICE("-cgi")) &&
		       after_version(slice_after(rest, 4)).len == 0
		   ? LANGUAGE_PHP
		   : LANGUAGE_NONE;
}

/* The path of a program, found in PATH as by execvp(3); NULL: not found. */
static const char *
search_path(struct words *w, const char *search, struct slice name)
{
	struct slice rest = slice_from(search);
	char path[PATH_MAX];

	while (rest.len > 0) {
		size_t len = text_find(rest, ':');
		int n = snprintf(path, sizeof(path), "%.*s/%.*s", (int)len,
				 rest.ptr, (int)name.len, name.ptr);

		/* Skip relative elements; an empty one is the current
		 * folder. */
		if (len > 0 && rest.ptr[0] == '/' && n < (int)sizeof(path) &&
		    access(path, X_OK) == 0)
			return keep(w, slice_from(path));
		rest = slice_after(rest, len + 1);
	}
	return NULL;
}

/*
 * Push the interpreter that a first line names, and the arguments that it would
 * get before the script.  The kernel passes the rest of the line as one
 * argument: only env -S splits that into words; without -S env takes it as the
 * name of the program.
 */
static const char *
read_line(struct words *w, struct slice line, const char *search)
{
	struct slice word;
	bool split = false;

	if (!next_word(&line, &word) || word.ptr[0] != '/')
		return "its first line names no interpreter by its path";
	if (!slice_eq(base_name(word), SLICE("env"))) {
		push(w, keep(w, word));
		if (line.len > 0)
			push(w, keep(w, text_trim(line)));
		return NULL;
	}
	/* env -S has quotes, escapes, ${NAME} and comments, and env sets
	 * NAME=value: these are not parsed here. */
	if (text_find_any(line, "\"'\\$#=") < line.len ||
	    !next_word(&line, &word))
		return "its first line is not understood";
	split = slice_eq(word, SLICE("-S"));
	if (split && !next_word(&line, &word))
		return "its first line is not understood";
	if (!split && line.len > 0)
		return "its first line is not understood";
	const char *program =
	    word.ptr[0] == '/' ? keep(w, word) : search_path(w, search, word);
	if (program == NULL)
		return "the interpreter in its first line is missing";
	push(w, program);
	while (next_word(&line, &word))
		push(w, keep(w, word));
	return NULL;
}

/* ---- perl ---- */

/*
 * Is it a switch that has the same effect in a warm interpreter?  These are the
 * ones for warnings and taint mode, -C, -l, -I and -M; they are not -x, -n, -p,
 * -i, -s, -e, -c, -d, -D, -u and -v.
 */
static bool
perl_switch(struct slice word)
{
	if (word.len < 2 || word.ptr[0] != '-')
		return false;
	if (word.ptr[1] == 'I' || word.ptr[1] == 'M' || word.ptr[1] == 'm')
		return word.len > 2; /* its argument is in the word */
	for (size_t i = 1; i < word.len; i++) {
		char c = word.ptr[i];

		if (c == 'C' || c == 'l') /* takes the rest, or digits */
			return text_is_digits(slice_after(word, i + 1)) ||
			       i + 1 == word.len ||
			       (c == 'C' &&
				text_find_any(slice_after(word, i + 1),
					      "wTtnp") == word.len - i - 1);
		if (strchr("wWXT", c) == NULL)
			return false;
	}
	return true;
}

/* perl itself reads the switches in the script's first line, however it was
 * started; if that line does not contain "perl", it executes the program that
 * the line names. */
static bool
perl_line(struct slice line)
{
	struct slice word;
	bool found = false;

	while (next_word(&line, &word)) {
		if (found && !perl_switch(word))
			return false;
		found = found || language_of(word) == LANGUAGE_PERL;
	}
	return found;
}

/* Append the modules of `load` to the word in text, each after a comma, except
 * those whose name contains `without`: that is how names of the other language
 * look.  len: bytes of the word so far. */
static const char *
push_modules(struct words *w, char text[TEXT], size_t len,
	     const char *const *load, const char *without)
{
	for (; load != NULL && *load != NULL && len < TEXT; load++)
		if (strstr(*load, without) == NULL)
			len += (size_t)snprintf(text + len, TEXT - len, ",%s",
						*load);
	if (len >= TEXT)
		return "its modules are too many";
	push(w, keep(w, slice_of(text, len)));
	return NULL;
}

static const char *
push_perl(struct words *w, const char *folder, const char *const *load)
{
	long call[OS_CALL_NUMBERS];
	char text[TEXT];
	int n = snprintf(text, sizeof(text), "-I%s/perl", folder);

	push(w, keep(w, slice_of(text, (size_t)n)));
	os_call_numbers(call);
	n = snprintf(text, sizeof(text),
		     "-MCorswrap::Warm=%d,%ld,%ld,%ld,%ld,%ld,%ld,%ld",
		     INTERPRETER_CONTROL, os_architecture(), call[0], call[1],
		     call[2], call[3], call[4], call[5]);
	return push_modules(w, text, (size_t)n, load, ".");
}

static const char *
take_perl(struct words *w, char *const *rest, const char *folder,
	  const char *const *load)
{
	struct first_line first;
	struct slice line = line_of(&first, rest[0]);

	for (size_t i = 1; i < w->count; i++)
		if (!perl_switch(slice_from(w->words[i])))
			return "a switch of perl is not understood";
	if (slice_present(line) && !perl_line(line))
		return "its first line is not understood";
	return push_perl(w, folder, load);
}

/* ---- python ---- */

/* Switches that have no argument and do not change what the script is. */
static bool
python_switch(struct slice word)
{
	if (word.len < 2 || word.ptr[0] != '-')
		return false;
	for (size_t i = 1; i < word.len; i++)
		if (strchr("BEIOsSuq", word.ptr[i]) == NULL)
			return false;
	return true;
}

static const char *
take_python(struct words *w, const char *folder, const char *const *load)
{
	char text[TEXT];
	int n =
	    snprintf(text, sizeof(text), "%s/python/corswrap_warm.py", folder);

	for (size_t i = 1; i < w->count; i++)
		if (!python_switch(slice_from(w->words[i])))
			return "a switch of python is not understood";
	push(w, keep(w, slice_of(text, (size_t)n)));
	n = snprintf(text, sizeof(text), "%d", INTERPRETER_CONTROL);
	return push_modules(w, text, (size_t)n, load, "::");
}

/* ---- php ---- */

/* With these options php-cgi notices a file that was replaced with the same
 * time, a link that was moved, and a changed .user.ini. */
static const char *const php_server[] = {
    "-d", "opcache.enable=0",	   "-d", "realpath_cache_size=0",
    "-d", "user_ini.cache_ttl=-1", NULL};

/* With these options report.php alone runs, and its output is not changed. */
static const char *const php_report[] = {"-d", "auto_prepend_file=",
					 "-d", "auto_append_file=",
					 "-d", "open_basedir=",
					 "-d", "output_buffering=0",
					 "-d", "output_handler=",
					 "-d", "zlib.output_compression=0",
					 "-d", "display_startup_errors=0",
					 "-q", "-C",
					 NULL};

static void
push_all(struct words *w, const char *const *words)
{
	while (*words != NULL)
		push(w, *words++);
}

/*
 * Push the handler's own options: -c, -d and -n.  -q is left out, because
 * php-cgi ignores it in requests.  *argv becomes the first word that is not an
 * option.
 */
static const char *
push_php_words(struct words *w, char *const **argv)
{
	char *const *word = *argv;

	for (; *word != NULL && **word == '-'; word++) {
		struct slice text = slice_from(*word);

		if (slice_eq(text, SLICE("-q")))
			continue;
		if (!slice_starts(text, SLICE("-c")) &&
		    !slice_starts(text, SLICE("-d")) &&
		    !slice_eq(text, SLICE("-n")))
			return "a switch of php-cgi is not understood";
		push(w, *word);
		if (text.len == 2 && text.ptr[1] != 'n') {
			if (*++word == NULL)
				return "a switch of php-cgi has no value";
			push(w, *word);
		}
	}
	*argv = word;
	return NULL;
}

static const char *
find_php(struct words *w, char *const *argv, const char *folder, size_t *server)
{
	char text[TEXT];
	int n = snprintf(text, sizeof(text), "%s/php/report.php", folder);
	const char *fault;

	push(w, *argv++);
	push_all(w, php_server);
	fault = push_php_words(w, &argv);
	*server = w->count;
	push_all(w, php_report);
	push(w, keep(w, slice_of(text, (size_t)n)));
	return fault;
}

/* ---- all languages ---- */

/* Push the words before the script.  *rest: the script and its arguments. */
static const char *
split(struct words *w, char *const *argv, const char *search,
      char *const **rest)
{
	struct first_line first;
	struct slice line;

	*rest = argv;
	if (language_of(slice_from(argv[0])) != LANGUAGE_NONE) {
		do
			push(w, *(*rest)++);
		while (**rest != NULL && ***rest == '-');
		return **rest == NULL ? "it has no script" : NULL;
	}
	line = line_of(&first, argv[0]);
	if (!slice_present(line))
		return "it is not a script with a first line";
	return read_line(w, line, search);
}

static const char *
check_file(const char *path)
{
	struct stat st;

	if (path[0] != '/')
		return "it is not named by its whole path";
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return "it is not a file";
	if ((st.st_mode & (S_ISUID | S_ISGID)) != 0)
		return "it is set-user-id or set-group-id";
	return NULL;
}

/* The interpreter must not be a script, such as a wrapper in the shell that
 * searches for the real perl. */
static const char *
check_interpreter(const char *path)
{
	struct first_line first;
	const char *fault = check_file(path);

	if (fault == NULL && slice_present(line_of(&first, path)))
		fault = "its interpreter is a script itself";
	return fault;
}

static const char *
find(struct words *w, char *const *argv, const char *search, const char *folder,
     const char *const *load, char *const **rest)
{
	const char *fault = split(w, argv, search, rest);
	enum language language;

	if (fault == NULL && w->count == 0)
		fault = "its command line is too long";
	if (fault != NULL)
		return fault;
	language = language_of(slice_from(w->words[0]));
	if ((fault = check_interpreter(w->words[0])) != NULL ||
	    (fault = check_file(**rest)) != NULL)
		return fault;
	if (language == LANGUAGE_PERL)
		fault = take_perl(w, *rest, folder, load);
	else if (language == LANGUAGE_PYTHON)
		fault = take_python(w, folder, load);
	else if (language == LANGUAGE_PHP)
		fault = "its first line names php-cgi: name php-cgi in "
			"[handlers] instead";
	else
		fault = "its interpreter is neither perl nor python";
	for (char *const *word = *rest; *word != NULL; word++)
		push(w, *word);
	return fault == NULL && w->full ? "its command line is too long"
					: fault;
}

/* With PHP_FCGI_CHILDREN, php-cgi only supervises child processes, which
 * corswrap could not end. */
static const char *
check_children(char *const *env)
{
	static const char name[] = "PHP_FCGI_CHILDREN=";
	const char *value;

	for (; *env != NULL; env++) {
		value = *env + sizeof(name) - 1;
		if (strncmp(*env, name, sizeof(name) - 1) == 0 &&
		    strcmp(value, "0") != 0 && *value != '\0')
			return "PHP_FCGI_CHILDREN is set; remove it: corswrap "
			       "starts as many as are needed";
	}
	return NULL;
}

/* The same as find for php-cgi, which does not compile a script in advance. */
static const char *
find_server(struct words *w, char *const *argv, char *const *env,
	    const char *folder, size_t *server)
{
	const char *fault = find_php(w, argv, folder, server);

	if (fault == NULL)
		fault = check_children(env);
	if (fault == NULL)
		fault = check_interpreter(argv[0]);
	return fault == NULL && w->full ? "its command line is too long"
					: fault;
}

/* Copy the words to out: one allocation holds argv, then the strings. */
static const char *
copy_out(const struct words *w, const char *script, struct interpreter *out)
{
	size_t size = (w->count + 1) * sizeof(char *);
	char **argv;
	char *text;

	for (size_t i = 0; i < w->count; i++)
		size += strlen(w->words[i]) + 1;
	out->memory = malloc(size);
	if (out->memory == NULL)
		return "out of memory";
	argv = out->argv = (char **)(void *)out->memory;
	text = out->memory + (w->count + 1) * sizeof(char *);
	for (size_t i = 0; i < w->count; i++) {
		size_t len = strlen(w->words[i]) + 1;

		argv[i] = memcpy(text, w->words[i], len);
		if (w->words[i] == script)
			out->script = text;
		text += len;
	}
	argv[w->count] = NULL;
	out->program = argv[0];
	if (out->server > 0)
		out->script = argv[0];
	return NULL;
}

/* CORSWRAP_LIBEXEC is for tests, which run before make install. */
static const char *
library_folder(void)
{
	const char *folder = getenv("CORSWRAP_LIBEXEC");

	return folder != NULL && folder[0] == '/' ? folder : PKGLIBEXECDIR;
}

static const char *
search_of(char *const *env)
{
	for (; *env != NULL; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "";
}

bool
interpreter_is_server(char *const *argv)
{
	return language_of(slice_from(argv[0])) == LANGUAGE_PHP;
}

static bool
begins_with(const char *text, const char *const *begin)
{
	for (; *begin != NULL; begin++)
		if (strncmp(text, *begin, strlen(*begin)) == 0)
			return true;
	return false;
}

bool
interpreter_reads(const char *variable)
{
	/* PHP_VALUE, PHP_AUTH_USER and the like belong to a request. */
	static const char *const begin[] = {"PATH=",	 "LANG=",
					    "LANGUAGE=", "TZ=",
					    "HOME=",	 "TMPDIR=",
					    "PERL",	 "PYTHON",
					    "LC_",	 "PHPRC=",
					    "PHP_FCGI_", "PHP_INI_SCAN_DIR=",
					    "USE_ZEND_", "USE_TRACKED_ALLOC=",
					    NULL};

	return begins_with(variable, begin);
}

bool
interpreter_may_see(const char *variable)
{
	static const char *const begin[] = {
	    "DOCUMENT_ROOT=", "GATEWAY_INTERFACE=", "SERVER_ADMIN=",
	    "SERVER_SOFTWARE=", NULL};

	return begins_with(variable, begin);
}

const char *
interpreter_find(char *const *argv, char *const *env, const char *const *load,
		 struct interpreter *out)
{
	struct words w = {.count = 0};
	char *const *rest = argv;
	const char *fault;

	*out = (struct interpreter){.memory = NULL};
	w.text = malloc(TEXT);
	if (w.text == NULL)
		return "out of memory";
	fault =
	    interpreter_is_server(argv)
		? find_server(&w, argv, env, library_folder(), &out->server)
		: find(&w, argv, search_of(env), library_folder(), load, &rest);
	if (fault == NULL)
		fault = copy_out(&w, *rest, out);
	free(w.text);
	return fault;
}

void
interpreter_free(struct interpreter *i)
{
	free(i->memory);
	*i = (struct interpreter){.memory = NULL};
}
