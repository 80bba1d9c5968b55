/*
 * A file of origins, compared with a simple reading of its lines.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "policy/settings.h"

static void
fill(int fd, const void *bytes, size_t len)
{
	CHECK(fd >= 0 && ftruncate(fd, 0) == 0);
	CHECK(pwrite(fd, bytes, len, 0) == (ssize_t)len);
}

static struct settings *
load(int policy, bool *errors)
{
	struct load_options options = {.use = LOAD_LINT, .warnings = true};
	struct diag_list *diags = diag_list_new();
	char path[64];

	CHECK(diags != NULL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", policy);
	struct settings *settings = settings_load(path, &options, diags);
	*errors = diag_count(diags, SEVERITY_ERROR) > 0;
	diag_list_free(diags);
	return settings;
}

static struct slice
trim(struct slice s)
{
	while (s.len > 0 && (*s.ptr == ' ' || *s.ptr == '\t'))
		s = slice_after(s, 1);
	while (s.len > 0 &&
	       (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Every line that is not empty is in the set. */
static void
check_lines(const struct policy *policy, struct slice text)
{
	struct origin_pattern pattern;
	const char *last;

	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_after(text, 3);
	last = text.len == 0 ? NULL : memrchr(text.ptr, '\n', text.len);
	text.len = last == NULL ? 0 : (size_t)(last - text.ptr) + 1;
	while (text.len > 0) {
		struct slice line = fuzz_until(&text, '\n');
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		line = trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		CHECK(origin_pattern_parse(line, &pattern) ==
		      ORIGIN_FAULT_NONE);
		if (origin_pattern_is_exact(&pattern))
			CHECK(origin_set_check(policy->origins, line, NULL) ==
			      ORIGIN_ALLOWED);
	}
}

FUZZ_TARGET(originsfile)
{
	static int policy = -1, list = -1;
	bool errors;

	if (policy < 0) {
		char text[128];
		policy = memfd_create("policy", MFD_CLOEXEC);
		list = memfd_create("list", MFD_CLOEXEC);
		int n = snprintf(text, sizeof(text),
				 "[cors]\norigins = https://base.example\n"
				 "origins-file = /proc/self/fd/%d\n",
				 list);
		fill(policy, text, (size_t)n);
	}
	fill(list, data, size);
	struct settings *settings = load(policy, &errors);
	CHECK((settings == NULL) == errors);
	if (settings == NULL)
		return 0;
	CHECK(settings->policies->count == 1);
	check_lines(settings->policies->policies[0], fuzz_slice(data, size));
	settings_release(settings);
	return 0;
}
