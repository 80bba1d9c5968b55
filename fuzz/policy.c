/*
 * The text of a policy, for each use: it is refused with an error, or its
 * canonical form means the same and does not change again.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "fuzz.h"

#include "policy/settings.h"

/* Output for terminals and logs. */
static void
check_diags(const struct diag_list *diags, const struct settings *settings)
{
	CHECK((settings == NULL) == (diag_count(diags, SEVERITY_ERROR) > 0));
	for (size_t i = 0; i < diag_total(diags); i++) {
		const struct diag *d = diag_at(diags, i);
		char line[4096];
		int n = diag_format(d, line, sizeof(line));
		CHECK(n > 0 && d->id != NULL && d->message != NULL);
		for (const char *c = line; *c != '\0'; c++)
			CHECK(*c >= ' ' && *c < '\x7f');
	}
}

static struct settings *
parse(struct slice text, enum load_use use)
{
	struct load_options options = {.use = use, .warnings = true};
	struct diag_list *diags = diag_list_new();
	struct settings *settings;

	CHECK(diags != NULL);
	settings = settings_parse("fuzz.ini", text, &options, diags);
	diag_sort(diags);
	check_diags(diags, settings);
	diag_list_free(diags);
	return settings;
}

static char *
dump(const struct settings *settings, size_t *len)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, len);

	CHECK(file != NULL && settings_dump(settings, file) == 0);
	CHECK(fclose(file) == 0);
	return text;
}

FUZZ_TARGET(policy)
{
	struct settings *settings, *again;
	size_t len, again_len;

	settings_release(parse(fuzz_slice(data, size), LOAD_FASTCGI));
	settings_release(parse(fuzz_slice(data, size), LOAD_CGI));
	settings = parse(fuzz_slice(data, size), LOAD_LINT);
	if (settings == NULL)
		return 0;
	char *text = dump(settings, &len);
	again = parse(slice_of(text, len), LOAD_LINT);
	CHECK(again != NULL);
	char *same = dump(again, &again_len);
	CHECK(len == again_len && memcmp(text, same, len) == 0);
	CHECK(settings->spec_count == again->spec_count);
	free(text);
	free(same);
	settings_release(settings);
	settings_release(again);
	return 0;
}
