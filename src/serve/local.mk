# SPDX-License-Identifier: ISC
# What src/serve is made of.
serve_sources = \
	%D%/cgi.c \
	%D%/cgi.h \
	%D%/cgi_io.c \
	%D%/cgi_io.h \
	%D%/connection.c \
	%D%/connection.h \
	%D%/connection_body.c \
	%D%/connection_private.h \
	%D%/listen.c \
	%D%/listen.h \
	%D%/locate.c \
	%D%/locate.h \
	%D%/output.c \
	%D%/output.h \
	%D%/pool.c \
	%D%/pool.h \
	%D%/prepend.c \
	%D%/prepend.h \
	%D%/reload.c \
	%D%/respond.c \
	%D%/respond.h \
	%D%/self_check.c \
	%D%/self_check.h \
	%D%/server.c \
	%D%/server.h \
	%D%/worker.c \
	%D%/worker.h \
	$(end)
EXTRA_DIST += %D%/README
