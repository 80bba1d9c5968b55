/*
 * Writing a policy down, line by line.  Private to dump*.c.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef DUMP_H
#define DUMP_H

#include <stdio.h>

#include "policy/reader.h"
#include "policy/settings.h"

struct dump {
	FILE *out;
	const struct settings *settings;
	const char *section; /* its header is to come with its first line */
	struct slice name;
	bool begun;  /* a section stands before */
	bool failed; /* a value does not fit a line of a policy */
};

/* A list being written to as few lines as it needs. */
struct dump_list {
	struct dump *dump;
	const char *key;
	char line[READER_LINE_MAX + 1];
	size_t len;
};

/* The lines that follow belong to this section; without any it is left out. */
void dump_section(struct dump *, const char *word, struct slice name);
/* "key = value", without the blanks where they do harm. */
void dump_line(struct dump *, const char *key, struct slice value);
void dump_text(struct dump *, const char *key, const char *value);
void dump_boolean(struct dump *, const char *key, bool);
void dump_number(struct dump *, const char *key, uint64_t);

void dump_item(struct dump_list *, struct slice);
void dump_list_end(struct dump_list *);

/*
 * A path: absolute, so that the dump may lie anywhere; relative to the
 * policy's folder where that folder's name cannot be written in a policy.
 */
struct slice dump_path_text(struct dump *, const char *path, const char *key,
			    bool in_list);
void dump_path(struct dump *, const char *key, const char *path);

/* dump_app.c: [app], [server], [env], [handlers] */
void dump_app(struct dump *);
void dump_server(struct dump *);
void dump_env(struct dump *);
void dump_handlers(struct dump *);

/* dump_cors.c: [cors] and every [cors NAME]; -1: no memory */
int dump_specs(struct dump *);

#endif
