/*
 * The messages of browsers' consoles, and the errors that scripts get: the
 * cause of each, and the fix.
 *
 * Pure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef EXPLAIN_MESSAGES_H
#define EXPLAIN_MESSAGES_H

#include "base/arena.h"
#include "base/slice.h"

enum { MESSAGE_WORDS = 10 };

struct message {
	const char *id; /* of the reason or finding; NULL: none belongs to it */
	const char *cause;
	const char *fix;
	/* Each as a browser prints it; "*" is text that differs. */
	const char *words[MESSAGE_WORDS];
};

/* All of them; the last has no cause. */
const struct message *message_list(void);

/*
 * The known message in a pasted text, the most specific one if there are
 * several; quotes may be typographic, blanks and line ends may be repeated.
 * *words is the variant that matched; NULL: no known message, or out of
 * memory.
 */
const struct message *message_find(struct arena *, struct slice text,
				   const char **words);

#endif
