/*
 * What XMLHttpRequest makes of a Content-Type when it sends a string.
 *
 * Pure.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FETCH_CHARSET_H
#define FETCH_CHARSET_H

#include "fetch/fetch.h"

/* Write UTF-8 for another charset in the value, as the browser does; the new
 * value is in the arena.  False: no memory. */
bool fetch_charset_of_string(struct arena *, enum fetch_browser,
			     struct slice *value);

#endif
