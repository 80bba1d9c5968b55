/*
 * Diagnostics as people, compilers' front ends and code hosts read them.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LINT_OUTPUT_H
#define LINT_OUTPUT_H

#include <jansson.h>

#include "policy/diagnostic.h"

/* A policy and its diagnostics. */
struct linted {
	const char *name;
	struct slice text; /* absent: it could not be read */
	struct diag_list *diags;
};

/* With the line and a caret under each that has a place, in colour. */
void lint_colour(const struct linted *, FILE *);
/* "FILE:LINE:COLUMN: error: TEXT [ID]", as gcc prints and editors read. */
void lint_gcc(const struct linted *, FILE *);
/* The objects of DESIGN.md section 2, added to the array. */
void lint_json(const struct linted *, json_t *array);
/* The log of one run (SARIF 2.1.0); NULL: memory is out. */
json_t *lint_sarif(const struct linted *, size_t count);

#endif
