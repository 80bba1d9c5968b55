/*
 * The parts of a policy of cors.h: policy/cors_load.c makes it, library.c
 * decides requests by it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CORS_LIBRARY_H
#define CORS_LIBRARY_H

#include "cors/cors.h"
#include "cors/policy.h"

struct settings;

struct cors_policy {
	const struct policy_set *policies;
	struct settings *settings; /* owns the policies; only for src/policy */
};

#endif
