/*
 * Texts that a regular expression matches, made to show what it allows besides
 * the intended texts: an unescaped '.' becomes another byte, and ".*" the name
 * of another person's host.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef REGEX_SAMPLE_H
#define REGEX_SAMPLE_H

#include "cors/origin.h"

enum { SAMPLE_MAX = ORIGIN_MAX };

struct regex_sample {
	char text[SAMPLE_MAX];
	/* For each byte: would another one match as well, so that it is not
	 * the author's choice? */
	bool varied[SAMPLE_MAX];
	size_t len;
	/* About the part of the expression that the sample used: */
	bool exotic;	 /* it has unsupported syntax: look-around, \1 */
	bool any_scheme; /* a wildcard matches "://" or the text before it */
};

/*
 * Make the sample of that number; the same number makes the same sample.
 * False: it would be too long for an origin, or the syntax is unsupported.
 * Test it with regex_match: look-around and the like are ignored here.
 */
bool regex_sample(struct slice expression, unsigned number,
		  struct regex_sample *out);

#endif
