# SPDX-License-Identifier: ISC
# What src/base is made of.
base_sources = \
	%D%/arena.c \
	%D%/arena.h \
	%D%/clock.c \
	%D%/clock.h \
	%D%/file.c \
	%D%/file.h \
	%D%/slice.h \
	%D%/spin.h \
	$(end)
EXTRA_DIST += %D%/README
