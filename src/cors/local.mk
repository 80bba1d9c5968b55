# SPDX-License-Identifier: ISC
# What src/cors is made of.
cors_sources = \
	%D%/answer.c \
	%D%/cookie.c \
	%D%/cookie.h \
	%D%/decide.c \
	%D%/decide.h \
	%D%/header_block.c \
	%D%/header_block.h \
	%D%/header_rewrite.c \
	%D%/host_ends.h \
	%D%/library.c \
	%D%/library.h \
	%D%/names.c \
	%D%/names.h \
	%D%/origin.c \
	%D%/origin.h \
	%D%/origin_set.c \
	%D%/own_response.c \
	%D%/own_response.h \
	%D%/path.c \
	%D%/path.h \
	%D%/policy.c \
	%D%/policy.h \
	%D%/private.h \
	%D%/regex.h \
	%D%/request.c \
	%D%/request.h \
	$(end)
# It needs a library that may be left out.
cors_regex_sources = %D%/regex.c
include_HEADERS = \
	%D%/cors.h \
	%D%/cors_fcgi.h \
	$(end)
EXTRA_DIST += %D%/README
