/*
 * Files that a subcommand reads whole.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/file.h"

const char *
input_name(const char *name)
{
	return strcmp(name, "-") == 0 ? "standard input" : name;
}

/* Standard input to its end.  -1 with errno. */
static int
read_standard_input(size_t max, char **bytes, size_t *len)
{
	enum { BLOCK = 65536 };
	size_t room = 0, got;

	*bytes = NULL;
	*len = 0;
	do {
		if (!array_reserve(bytes, *len + BLOCK, &room, 1)) {
			errno = ENOMEM;
			return -1;
		}
		got = fread(*bytes + *len, 1, BLOCK, stdin);
		*len += got;
	} while (got > 0 && *len <= max);
	if (ferror(stdin))
		return -1;
	if (*len > max) {
		errno = EFBIG;
		return -1;
	}
	return 0;
}

bool
input_read(struct arena *arena, const char *name, size_t max,
	   struct slice *bytes)
{
	struct stat status;
	char *read = NULL;
	size_t len = 0;
	int result = strcmp(name, "-") == 0
			 ? read_standard_input(max, &read, &len)
			 : read_file(name, max, &read, &len, &status);

	if (result == 0)
		*bytes = arena_slice(arena, slice_of(read, len));
	else
		fprintf(stderr, "corscheck: cannot read %s: %s\n",
			input_name(name), read_file_cause(errno));
	free(read);
	if (result == 0 && !slice_present(*bytes))
		fprintf(stderr, "corscheck: memory is out\n");
	return result == 0 && slice_present(*bytes);
}
