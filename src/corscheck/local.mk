# SPDX-License-Identifier: ISC
# What src/corscheck is made of.
corscheck_sources = \
	%D%/cmd_explain.c \
	%D%/cmd_init.c \
	%D%/cmd_lint.c \
	%D%/cmd_reference.c \
	%D%/command.c \
	%D%/command.h \
	%D%/init.h \
	%D%/init_policy.c \
	%D%/init_snippet.c \
	%D%/main.c \
	$(end)
EXTRA_DIST += %D%/README
