# SPDX-License-Identifier: ISC
# What src/probe is made of.
probe_sources = \
	%D%/findings.c \
	%D%/http.c \
	%D%/probe.c \
	%D%/probe.h \
	$(end)
EXTRA_DIST += %D%/README
