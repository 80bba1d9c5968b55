/*
 * Files that a subcommand reads whole: by name, or "-" for standard input.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORSCHECK_INPUT_H
#define CORSCHECK_INPUT_H

#include "policy/settings.h"

/* Files are read into the arena, and standard input is read once: if it is
 * named several times, it has the same bytes. */
struct input {
	struct arena *arena;
	struct slice standard; /* absent: not read yet */
};

enum { INPUT_POLICY_MAX = 64 << 20 };

/* The name for messages: "-" is "standard input". */
const char *input_name(const char *name);

/* The bytes of the file, at most max of them.  False: the cause was printed on
 * standard error. */
bool input_read(struct input *, const char *name, size_t max,
		struct slice *bytes);

/* settings_load of a file or of standard input.  *text: its text, absent if it
 * cannot be read. */
struct settings *input_settings(struct input *, const char *name,
				const struct load_options *, struct diag_list *,
				struct slice *text);

/* The same if only the policy is needed: diagnostics go to standard error. */
struct settings *input_settings_or_print(struct input *, const char *name,
					 const struct load_options *);

#endif
