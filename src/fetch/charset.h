/*
 * How XMLHttpRequest changes Content-Type when it sends a string.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FETCH_CHARSET_H
#define FETCH_CHARSET_H

#include "fetch/fetch.h"

/* Replace another charset in *value, a Content-Type, by UTF-8, as the browser
 * does.  A new value is in the arena.  False: out of memory. */
bool fetch_charset_of_string(struct arena *, enum fetch_browser,
			     struct slice *value);

#endif
