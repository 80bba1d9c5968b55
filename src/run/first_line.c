/*
 * The first line of a program: which interpreter a script names.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "run/first_line.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

void
first_line_read(struct first_line *f, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, f->bytes, sizeof(f->bytes));
	size_t end;

	if (fd >= 0)
		(void)close(fd);
	f->head = n < 0 ? SLICE_NONE : slice_of(f->bytes, (size_t)n);
	f->line = SLICE_NONE;
	end = text_find(f->head, '\n');
	f->ends = end < f->head.len;
	if (slice_starts(f->head, SLICE("#!")))
		f->line = slice_of(f->bytes + 2, end - 2);
}

bool
first_line_interpreter(const struct first_line *f,
		       char path[static FIRST_LINE_MAX])
{
	struct slice name = text_trim(f->line);

	name.len = text_find_any(name, " \t");
	if (name.len > 0)
		memcpy(path, name.ptr, name.len);
	path[name.len] = '\0';
	return name.len > 0;
}
