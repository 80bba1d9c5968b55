# SPDX-License-Identifier: ISC
# What src/corscheck is made of.
corscheck_sources = \
	%D%/ask.c \
	%D%/ask.h \
	%D%/check_explain.c \
	%D%/check_init.c \
	%D%/check_probe.c \
	%D%/cmd_lint.c \
	%D%/cmd_reference.c \
	%D%/corscheck.h \
	%D%/init.h \
	%D%/init_ask.c \
	%D%/init_policy.c \
	%D%/init_snippet.c \
	%D%/main.c \
	$(end)
EXTRA_DIST += %D%/README
