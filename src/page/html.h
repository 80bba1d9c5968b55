/*
 * HTML as text: every byte that others wrote goes through here on its way into
 * the page.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTML_H
#define HTML_H

#include <stdio.h>

#include "base/slice.h"

/*
 * Write it so that it is text, in an element or in a quoted attribute, and
 * nothing else: & < > " ' as references; what is no UTF-8, and what HTML has
 * no character for (controls but tab and line ends; HTML, 13.2.3.5), as U+FFFD.
 */
void html_text(FILE *, struct slice);
/* The same of a C string; NULL is nothing. */
void html_string(FILE *, const char *);
/* The same of one in which `...` is code: <code>...</code>. */
void html_marked(FILE *, const char *);
/* A hidden field of a form; nothing for an absent value. */
void html_hidden(FILE *, const char *name, struct slice value);

#endif
