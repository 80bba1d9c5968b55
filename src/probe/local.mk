# SPDX-License-Identifier: ISC
# What src/probe is made of.
probe_sources = \
	%D%/http.c \
	%D%/probe.c \
	%D%/probe.h \
	%D%/probe_findings.c \
	%D%/probe_refusal.c \
	$(end)
EXTRA_DIST += %D%/README
