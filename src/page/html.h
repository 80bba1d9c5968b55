/*
 * Text as HTML: every untrusted byte is escaped here before it goes into the
 * page.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTML_H
#define HTML_H

#include <stdio.h>

#include "base/slice.h"

/*
 * Write bytes so that they are only text in an element or a quoted attribute: &
 * < > " ' as references; invalid UTF-8 and controls that HTML does not allow
 * (all but tab and line ends; HTML, 13.2.3.5) as U+FFFD.
 */
void html_text(FILE *, struct slice);
/* The same for a C string; NULL writes nothing. */
void html_string(FILE *, const char *);
/* The same for a C string in which `...` is code: <code>...</code>. */
void html_marked(FILE *, const char *);
/* Write a hidden field of a form; nothing for an absent value.  name is a
 * literal. */
void html_hidden(FILE *, const char *name, struct slice value);

#endif
