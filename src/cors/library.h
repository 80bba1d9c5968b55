/*
 * What a policy of cors.h is made of: policy/cors_load.c makes it, library.c
 * decides by it.
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
	struct settings *settings; /* that they belong to; for policy alone */
};

#endif
