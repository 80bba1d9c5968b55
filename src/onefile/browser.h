/*
 * Functions of the browser that the one-file page calls from WebAssembly: the
 * imports of the module "browser" (onefile/system.js).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef BROWSER_H
#define BROWSER_H

#include <stddef.h>

#define BROWSER_CALL(name)                                                     \
	__attribute__((import_module("browser"), import_name(#name)))

/*
 * The host as the URL parser writes it (`new URL()`), into out; its length, or
 * -1 if it is invalid or longer than room.
 */
BROWSER_CALL(host_to_ascii)
int browser_host_to_ascii(const char *host, size_t len, char *out, size_t room);

/*
 * A RegExp that has to match a whole text; its number, or -1 with a
 * NUL-terminated message in error.
 */
BROWSER_CALL(regex_compile)
int browser_regex_compile(const char *pattern, size_t len, char *error,
			  size_t room);

/* Does it match the whole text? */
BROWSER_CALL(regex_match)
int browser_regex_match(int regex, const char *text, size_t len);

#endif
