/*
 * The headers that a browser adds to the requests of a page; probe adds them,
 * too.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/findings.h"

size_t
explain_metadata(const struct explanation *e,
		 struct fetch_field out[EXPLAIN_METADATA])
{
	if (!url_is_trustworthy(&e->question.url))
		return 0;
	out[0] = (struct fetch_field){
	    SLICE("Sec-Fetch-Site"),
	    e->plan.cross_origin ? SLICE("cross-site") : SLICE("same-origin")};
	out[1] = (struct fetch_field){SLICE("Sec-Fetch-Mode"),
				      slice_from(explain_fetch_mode(e))};
	out[2] = (struct fetch_field){SLICE("Sec-Fetch-Dest"),
				      slice_from(explain_fetch_dest(e))};
	return EXPLAIN_METADATA;
}

struct fetch_fields
explain_fields(struct explanation *e, const struct fetch_fields *fields,
	       struct slice origin)
{
	struct fetch_field *at = arena_array(
	    e->arena, fields->count + EXPLAIN_METADATA, sizeof(*at));
	size_t count = fields->count;

	if (at == NULL) {
		e->out_of_memory = true;
		return *fields;
	}
	for (size_t i = 0; i < count; i++) {
		at[i] = fields->at[i];
		if (slice_present(origin) &&
		    slice_eq(at[i].name, SLICE("Origin")))
			at[i].value = origin;
	}
	count += explain_metadata(e, at + count);
	return (struct fetch_fields){at, count};
}
