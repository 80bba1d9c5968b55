# SPDX-License-Identifier: ISC
# What src/run is made of.
run_sources = \
	%D%/answer.c \
	%D%/answer.h \
	%D%/body.c \
	%D%/body.h \
	%D%/child.c \
	%D%/child.h \
	%D%/ending.c \
	%D%/ending.h \
	%D%/env.c \
	%D%/env.h \
	%D%/exchange.h \
	%D%/first_line.c \
	%D%/first_line.h \
	%D%/forward.c \
	%D%/forward.h \
	%D%/forward_connect.c \
	%D%/forward_connect.h \
	%D%/forward_pool.c \
	%D%/forward_pool.h \
	%D%/forward_send.c \
	%D%/forward_send.h \
	%D%/interpreter.c \
	%D%/interpreter.h \
	%D%/log.c \
	%D%/log.h \
	%D%/metrics.c \
	%D%/metrics.h \
	%D%/reaper.c \
	%D%/reaper.h \
	%D%/relay.c \
	%D%/relay.h \
	%D%/repeated.c \
	%D%/repeated.h \
	%D%/response.c \
	%D%/response.h \
	%D%/script.c \
	%D%/script.h \
	%D%/socket_address.c \
	%D%/socket_address.h \
	%D%/stderr.c \
	%D%/stderr.h \
	%D%/strays.c \
	%D%/strays.h \
	%D%/transfer.c \
	%D%/transfer.h \
	%D%/warm.c \
	%D%/warm.h \
	%D%/warm_keeper.c \
	%D%/warm_pool.h \
	%D%/watch.c \
	%D%/watch.h \
	%D%/zygote.c \
	%D%/zygote.h \
	$(end)
EXTRA_DIST += %D%/README
