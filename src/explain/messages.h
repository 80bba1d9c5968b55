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
	const char *id; /* of the reason or finding; NULL: there is none */
	const char *cause;
	const char *fix;
	/* Parts of messages as browsers print them; "*" is any text. */
	const char *words[MESSAGE_WORDS];
};

/* All messages; after the last is one without cause. */
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
