/*
 * Whether the files that settings came from have changed.
 *
 * stat tells nearly always.  It does not where a file is changed twice within
 * one tick of its file system's clock (4 ms on most, 1 or 2 s on some) and
 * keeps its size: then what was read may not be what is there.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "policy/sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

/* FNV-1a by words: a list of origins may be large, and nothing hostile is at
 * work here. */
static uint64_t
sum_of(struct slice bytes)
{
	uint64_t sum = UINT64_C(14695981039346656037);

	while (bytes.len > 0) {
		size_t len = bytes.len < 8 ? bytes.len : 8;
		uint64_t word = len;

		memcpy(&word, bytes.ptr, len);
		sum = (sum ^ word) * UINT64_C(1099511628211);
		sum ^= sum >> 29; /* or high bits would never come down */
		bytes = slice_after(bytes, len);
	}
	return sum;
}

/* Was it changed so lately that it may be changed again unseen?  A time that
 * is yet to come (another machine's clock) counts as such. */
static bool
is_young(const struct stat *status)
{
	int64_t changed = (int64_t)status->st_ctim.tv_sec * 1000 +
			  status->st_ctim.tv_nsec / 1000000;

	return clock_wall_ms() - changed < SETTINGS_YOUNG;
}

void
source_set(struct source_file *source, const char *path,
	   const struct stat *status, struct slice bytes)
{
	bool young = is_young(status);

	*source = (struct source_file){
	    .path = path,
	    .dev = status->st_dev,
	    .ino = status->st_ino,
	    .size = status->st_size,
	    .mtime = status->st_mtim,
	    .ctime = status->st_ctim,
	    .young = young,
	    .sum = young ? sum_of(bytes) : 0,
	};
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
settings_changed(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++) {
		const struct source_file *source = &settings->sources[i];
		struct stat now;

		if (stat(source->path, &now) != 0 ||
		    now.st_dev != source->dev || now.st_ino != source->ino ||
		    now.st_size != source->size ||
		    !same_time(now.st_mtim, source->mtime) ||
		    !same_time(now.st_ctim, source->ctime))
			return true;
	}
	return false;
}

bool
settings_young(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++)
		if (settings->sources[i].young)
			return true;
	return false;
}

/* It cannot be read, or has grown: stat will tell. */
static bool
is_rewritten(const struct source_file *source)
{
	struct stat status;
	char *bytes;
	size_t len;
	bool other;

	if (read_file(source->path, (size_t)source->size, &bytes, &len,
		      &status) != 0)
		return false;
	other = sum_of(slice_of(bytes, len)) != source->sum;
	free(bytes);
	return other;
}

bool
settings_rewritten(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++)
		if (settings->sources[i].young &&
		    is_rewritten(&settings->sources[i]))
			return true;
	return false;
}

bool
settings_unsettled(const struct settings *settings)
{
	for (size_t i = 0; i < settings->source_count; i++) {
		struct stat now;

		if (stat(settings->sources[i].path, &now) == 0 &&
		    is_young(&now))
			return true;
	}
	return false;
}
