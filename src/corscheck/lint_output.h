/*
 * The output formats of lint: for terminals, for editors, and for code hosts.
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

/* Print the diagnostics in colour, each with the line and a caret under the
 * word that it is about, if that is known. */
void lint_colour(const struct linted *, FILE *);
/* Print "FILE:LINE:COLUMN: error: TEXT [ID]", as gcc does; editors read
 * this. */
void lint_gcc(const struct linted *, FILE *);
/* Add an object for each diagnostic (DESIGN.md section 2) to *array; no
 * memory: it is NULL then. */
void lint_json(const struct linted *, json_t **array);
/* The SARIF 2.1.0 log of all policies, owned by the caller; NULL: no memory. */
json_t *lint_sarif(const struct linted *, size_t count);

#endif
