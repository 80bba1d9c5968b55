/*
 * corscheck lint --fix: corrects policies in place.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/lint_fix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/apply.h"
#include "policy/settings.h"

static bool
complain(const char *name, const char *why)
{
	fprintf(stderr, "corscheck: lint --fix: %s: %s\n", name, why);
	return false;
}

/* ---- the text ---- */

static void
say_fixes(const struct fixes *made, const char *name)
{
	for (size_t i = 0; i < made->count; i++)
		fprintf(stderr, "%s:%u: fixed: %s [%s]\n", name,
			made->at[i]->line, made->at[i]->fix, made->at[i]->id);
}

/* One pass.  *count: the number of fixes that were applied.  Absent: no
 * memory. */
static struct slice
fix_once(struct arena *arena, struct slice text, const char *name,
	 size_t *count)
{
	const struct load_options options = {.use = LOAD_LINT,
					     .warnings = true};
	struct diag_list *diags = diag_list_new();
	struct fixes made;

	if (diags == NULL)
		return SLICE_NONE;
	settings_release(settings_load_text(name, text, &options, diags));
	struct slice fixed = diag_out_of_memory(diags)
				 ? SLICE_NONE
				 : fixes_apply(arena, text, name, diags, &made);
	if (!slice_present(fixed)) {
		diag_list_free(diags);
		return SLICE_NONE;
	}
	*count = made.count;
	say_fixes(&made, name);
	diag_list_free(diags);
	return fixed;
}

/* Apply fixes until there are none: a fix can uncover another error of the same
 * word. */
static struct slice
fix_text(struct arena *arena, struct slice text, const char *name)
{
	enum { PASSES = 10 };
	size_t count = 1;

	for (int i = 0; i < PASSES && count > 0 && slice_present(text); i++)
		text = fix_once(arena, text, name, &count);
	return text;
}

/* ---- the file ---- */

static bool
write_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t wrote = write(fd, text.ptr, text.len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return false;
		text = slice_after(text, (size_t)wrote);
	}
	return fsync(fd) == 0;
}

/* Write the text to a new file, set its mode and, if permitted, its owner, and
 * close it.  False, with errno: failed. */
static bool
write_new(int fd, struct slice text, const struct stat *like)
{
	bool good = fd >= 0 && write_all(fd, text);

	if (good && fchown(fd, like->st_uid, like->st_gid) != 0 &&
	    errno != EPERM)
		good = false;
	if (good && fchmod(fd, like->st_mode & 07777) != 0)
		good = false;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return good;
}

/* Write FILE.orig, or FILE.orig.2 and so on: these are never overwritten. */
static bool
back_up(const char *path, struct slice text, const struct stat *like,
	char backup[PATH_MAX])
{
	enum { TRIES = 100 };

	for (int i = 1; i <= TRIES; i++) {
		int len =
		    i == 1 ? snprintf(backup, PATH_MAX, "%s.orig", path)
			   : snprintf(backup, PATH_MAX, "%s.orig.%d", path, i);
		if (len >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		int fd =
		    open(backup, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			return write_new(fd, text, like);
		if (errno != EEXIST)
			return false;
	}
	return false;
}

/* Replace the file, to which the name may be a symbolic link, by the fixed
 * text. */
static bool
replace(const char *name, struct slice text, struct slice fixed)
{
	char backup[PATH_MAX], new[PATH_MAX];
	char *path = realpath(name, NULL);
	struct stat like;
	bool good = false;

	if (path != NULL && stat(path, &like) == 0 &&
	    snprintf(new, sizeof(new), "%s.XXXXXX", path) < PATH_MAX &&
	    back_up(path, text, &like, backup)) {
		int fd = mkstemp(new);
		good = write_new(fd, fixed, &like) && rename(new, path) == 0;
		int saved = errno;
		if (!good && fd >= 0)
			unlink(new);
		errno = saved;
	}
	free(path);
	if (!good)
		return complain(name, strerror(errno));
	fprintf(stderr, "%s: as it was: %s\n", name, backup);
	return true;
}

bool
lint_fix(struct input *input, const char *name)
{
	struct slice text, fixed;

	if (!input_read(input, name, INPUT_POLICY_MAX, &text))
		return false;
	fixed = fix_text(input->arena, text, input_name(name));
	if (!slice_present(fixed))
		return complain(name, "no memory");
	if (strcmp(name, "-") == 0) {
		input->standard = fixed;
		return fwrite(fixed.ptr, 1, fixed.len, stdout) == fixed.len;
	}
	return slice_eq(text, fixed) || replace(name, text, fixed);
}
