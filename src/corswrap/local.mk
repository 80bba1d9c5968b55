# SPDX-License-Identifier: ISC
# What src/corswrap is made of.
corswrap_sources = \
	%D%/tune.c \
	%D%/main.c \
	%D%/options.c \
	%D%/options.h \
	%D%/options_cgi.c \
	%D%/start.c \
	%D%/start.h \
	%D%/tune.h \
	$(end)
EXTRA_DIST += %D%/README
