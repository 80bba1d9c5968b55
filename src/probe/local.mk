# SPDX-License-Identifier: ISC
# What src/probe is made of.
probe_sources = \
	%D%/probe.c \
	%D%/probe.h \
	$(end)
# What needs libcurl, or takes its place.
probe_http_sources = %D%/http.c
probe_without_http_sources = %D%/without_http.c
EXTRA_DIST += %D%/README
