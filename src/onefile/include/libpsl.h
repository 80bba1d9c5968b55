/*
 * Replaces libpsl's header in the one-file page: the calls that
 * policy/hostname.c makes, using a table made from the publicsuffix package
 * (onefile/names.c).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef ONEFILE_LIBPSL_H
#define ONEFILE_LIBPSL_H

typedef struct psl_ctx_st psl_ctx_t;

enum {
	PSL_TYPE_ICANN = 1,
	PSL_TYPE_PRIVATE = 2,
	PSL_TYPE_NO_STAR_RULE = 4,
	PSL_TYPE_ANY = PSL_TYPE_ICANN | PSL_TYPE_PRIVATE
};

const psl_ctx_t *psl_builtin(void);

/* Is the name (lower case, ASCII) a public suffix, by rules of these types? */
int psl_is_public_suffix2(const psl_ctx_t *, const char *name, int type);

#endif
