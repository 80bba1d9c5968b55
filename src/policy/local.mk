# SPDX-License-Identifier: ISC
# What src/policy is made of.
policy_sources = \
	%D%/address.c \
	%D%/check_app.c \
	%D%/check_cors.c \
	%D%/diagnostic.c \
	%D%/diagnostic.h \
	%D%/dump.c \
	%D%/dump.h \
	%D%/dump_app.c \
	%D%/dump_cors.c \
	%D%/feature.h \
	%D%/idn.h \
	%D%/keys.c \
	%D%/keys.h \
	%D%/keys_app.c \
	%D%/keys_cors.c \
	%D%/keys_env.c \
	%D%/keys_read.c \
	%D%/lint.c \
	%D%/lint_place.c \
	%D%/loader.c \
	%D%/loader.h \
	%D%/origin_fix.c \
	%D%/origins.c \
	%D%/origins_file.c \
	%D%/origins_merge.c \
	%D%/place_fix.c \
	%D%/policy_load.c \
	%D%/reader.c \
	%D%/reader.h \
	%D%/sections.c \
	%D%/settings.c \
	%D%/settings.h \
	%D%/sources.c \
	%D%/sources.h \
	%D%/suffix.h \
	%D%/values.c \
	%D%/values.h \
	$(end)
# What needs a library: the static program has stand-ins for it.
policy_library_sources = \
	%D%/features.c \
	%D%/idn.c \
	%D%/suffix.c \
	$(end)
EXTRA_DIST += %D%/README
