# SPDX-License-Identifier: ISC
# What src/base is made of.
base_sources = \
	%D%/arena.c \
	%D%/arena.h \
	%D%/array.c \
	%D%/array.h \
	%D%/buffer.c \
	%D%/buffer.h \
	%D%/clock.c \
	%D%/clock.h \
	%D%/executable.c \
	%D%/executable.h \
	%D%/file.c \
	%D%/file.h \
	%D%/hash.h \
	%D%/host.c \
	%D%/host.h \
	%D%/ip.c \
	%D%/ip.h \
	%D%/memory_stream.c \
	%D%/memory_stream.h \
	%D%/os.c \
	%D%/os.h \
	%D%/os_condition.h \
	%D%/os_confine.c \
	%D%/os_process.c \
	%D%/os_signal.c \
	%D%/slice.h \
	%D%/spin.h \
	%D%/text.c \
	%D%/text.h \
	$(end)
EXTRA_DIST += %D%/README
