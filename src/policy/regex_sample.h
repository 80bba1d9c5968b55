/*
 * Texts that a regular expression matches, made up so that they show what it
 * lets in beside what its author meant: an unescaped '.' is another byte, ".*"
 * is somebody else's name.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef REGEX_SAMPLE_H
#define REGEX_SAMPLE_H

#include "cors/origin.h"

enum { SAMPLE_MAX = ORIGIN_MAX };

struct regex_sample {
	char text[SAMPLE_MAX];
	/* Of each byte: would another do as well, so that whoever made the
	 * expression did not choose it? */
	bool varied[SAMPLE_MAX];
	size_t len;
	/* About the expression, as far as the sample shows it: */
	bool exotic;	 /* it has what is not understood: look-around, \1 */
	bool any_scheme; /* something stands for "://" or what is before it */
};

/*
 * Make the sample of that number; the same number makes the same one.  False:
 * it would be too long to be an origin, or the expression was not understood at
 * all.  Whether it matches, regex_match says: look-around and the like are left
 * out.
 */
bool regex_sample(struct slice expression, unsigned number,
		  struct regex_sample *out);

#endif
