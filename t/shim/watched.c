/*
 * Where sanitizers leave their reports, linked into the programs that `make
 * check-asan` and `make check-tsan` watch.  An environment variable would not
 * reach most of them: web servers, and tests like them, start a program with
 * an environment of their own.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dlfcn.h>
#include <stddef.h>

const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "log_path=" REPORTS "/asan";
}

const char *
__tsan_default_options(void)
{
	return "log_path=" REPORTS "/tsan";
}

const char *
__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

/* With ASan, gcc's libubsan has a path of its own, which has no default. */
static __attribute__((constructor)) void
set_path_of_ubsan(void)
{
	void *library = dlopen("libubsan.so.1", RTLD_LAZY | RTLD_NOLOAD);
	void (*set)(const char *) = NULL;

	if (library != NULL)
		*(void **)&set = dlsym(library, "__sanitizer_set_report_path");
	if (set != NULL)
		set(REPORTS "/ubsan");
}
