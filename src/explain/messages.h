/*
 * What the consoles of browsers print, and what scripts are told: the cause of
 * each message, and the cure.
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
	const char *id; /* of the reason or finding; NULL: it is of none */
	const char *cause;
	const char *fix;
	/* Each as a browser prints it; "*" stands for what differs. */
	const char *words[MESSAGE_WORDS];
};

/* All of them; the last has no cause. */
const struct message *message_list(void);

/*
 * The message that is in what somebody pasted, of several lines the one that
 * says most; quotes may be typographic, blanks and line ends many.  *words is
 * which of its words; NULL: none is known, or memory is out.
 */
const struct message *message_find(struct arena *, struct slice text,
				   const char **words);

#endif
