# SPDX-License-Identifier: ISC
# What src/corswrap is made of.
corswrap_sources = \
	%D%/confine.c \
	%D%/confine.h \
	%D%/first_process.c \
	%D%/first_process.h \
	%D%/main.c \
	%D%/options.c \
	%D%/options.h \
	%D%/start.c \
	%D%/start.h \
	$(end)
EXTRA_DIST += %D%/README
