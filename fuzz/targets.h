/*
 * The fuzz targets, a file of the same name each.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef TARGETS_H
#define TARGETS_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_TARGETS                                                           \
	TARGET(acrh)                                                           \
	TARGET(fastcgi)                                                        \
	TARGET(fetch)                                                          \
	TARGET(form)                                                           \
	TARGET(forward)                                                        \
	TARGET(header)                                                         \
	TARGET(import)                                                         \
	TARGET(log)                                                            \
	TARGET(match)                                                          \
	TARGET(network)                                                        \
	TARGET(nph)                                                            \
	TARGET(origin)                                                         \
	TARGET(originsfile)                                                    \
	TARGET(page)                                                           \
	TARGET(params)                                                         \
	TARGET(path)                                                           \
	TARGET(policy)                                                         \
	TARGET(record)                                                         \
	TARGET(relay)                                                          \
	TARGET(request)                                                        \
	TARGET(url)

#define TARGET(name) int fuzz_##name(const uint8_t *, size_t);
FUZZ_TARGETS
#undef TARGET

#endif
