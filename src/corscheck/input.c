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

static bool
is_standard(const char *name)
{
	return strcmp(name, "-") == 0;
}

const char *
input_name(const char *name)
{
	return is_standard(name) ? "standard input" : name;
}

/* Read standard input to its end.  0, or -1 with errno. */
static int
read_standard(size_t max, char **bytes, size_t *len)
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

/* 0, or -1 with errno. */
static int
read_bytes(struct input *input, const char *name, size_t max,
	   struct slice *bytes)
{
	struct stat status;
	char *read = NULL;
	size_t len = 0;

	if (is_standard(name) && slice_present(input->standard)) {
		*bytes = input->standard;
		return 0;
	}
	int result = is_standard(name)
			 ? read_standard(max, &read, &len)
			 : read_file(name, max, &read, &len, &status);
	int saved = errno;
	if (result == 0) {
		*bytes = arena_slice(input->arena, slice_of(read, len));
		if (!slice_present(*bytes)) {
			result = -1;
			saved = ENOMEM;
		} else if (is_standard(name)) {
			input->standard = *bytes;
		}
	}
	free(read);
	errno = saved;
	return result;
}

bool
input_read(struct input *input, const char *name, size_t max,
	   struct slice *bytes)
{
	if (read_bytes(input, name, max, bytes) == 0)
		return true;
	fprintf(stderr, "corscheck: cannot read %s: %s\n", input_name(name),
		read_file_cause(errno));
	return false;
}

struct settings *
input_settings(struct input *input, const char *name,
	       const struct load_options *options, struct diag_list *diags,
	       struct slice *text)
{
	int result;

	*text = SLICE_NONE;
	result = read_bytes(input, name, INPUT_POLICY_MAX, text);
	if (result != 0 && errno == ENOMEM) {
		diag_no_memory(diags, input_name(name));
		return NULL;
	}
	if (!is_standard(name))
		return settings_load(name, options, diags);
	if (result == 0)
		return settings_load_text(input_name(name), *text, options,
					  diags);
	diag_report(diags, SEVERITY_ERROR, input_name(name), text_place_line(0),
		    "no-policy", NULL, "the policy cannot be read: %s",
		    read_file_cause(errno));
	return NULL;
}

struct settings *
input_settings_or_print(struct input *input, const char *name,
			const struct load_options *options)
{
	struct diag_list *diags;
	struct settings *settings;
	struct slice text;

	if (!is_standard(name))
		return settings_load_or_print(name, options);
	diags = diag_list_new();
	if (diags == NULL) {
		fprintf(stderr, "corscheck: no memory\n");
		return NULL;
	}
	settings = input_settings(input, name, options, diags, &text);
	diag_print(diags, stderr);
	diag_list_free(diags);
	return settings;
}
