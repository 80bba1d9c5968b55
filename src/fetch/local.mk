# SPDX-License-Identifier: ISC
# What src/fetch is made of.
fetch_sources = \
	%D%/address_space.c \
	%D%/address_space.h \
	%D%/charset.c \
	%D%/charset.h \
	%D%/check.c \
	%D%/engine.c \
	%D%/engine.h \
	%D%/fetch.h \
	%D%/header_value.c \
	%D%/plan.c \
	%D%/url.c \
	%D%/url.h \
	%D%/url_host.c \
	$(end)
EXTRA_DIST += %D%/README
