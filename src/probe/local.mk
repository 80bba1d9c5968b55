# SPDX-License-Identifier: ISC
# What src/probe is made of.
probe_sources = \
	%D%/cures.c \
	%D%/cures.h \
	%D%/findings.c \
	%D%/metadata.c \
	%D%/probe.c \
	%D%/probe.h \
	%D%/read.c \
	%D%/server.c \
	$(end)
# What needs libcurl, or takes its place.
probe_http_sources = %D%/http.c
probe_without_http_sources = %D%/without_http.c
EXTRA_DIST += %D%/README
