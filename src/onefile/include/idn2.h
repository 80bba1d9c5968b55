/*
 * Replaces libidn2's header in the one-file page: the calls that
 * policy/hostname.c makes.  They use the browser's own URL parser
 * (onefile/names.c).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_IDN2_H
#define ONEFILE_IDN2_H

enum { IDN2_NONTRANSITIONAL = 1, IDN2_NFC_INPUT = 2 };

/* The browser only says that a name is invalid. */
enum {
	IDN2_OK = 0,
	IDN2_INVALID = -1,
	IDN2_DISALLOWED = -2,
	IDN2_UNASSIGNED = -3,
	IDN2_CONTEXTO = -4,
	IDN2_CONTEXTO_NO_RULE = -5,
	IDN2_2HYPHEN = -6,
	IDN2_HYPHEN_STARTEND = -7
};

/* *output must be freed with idn2_free. */
int idn2_to_ascii_8z(const char *input, char **output, int flags);
void idn2_free(void *);

#endif
