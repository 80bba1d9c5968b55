# SPDX-License-Identifier: ISC
# What src/serve is made of.
serve_sources = \
	%D%/bulk.c \
	%D%/bulk.h \
	%D%/cgi.c \
	%D%/cgi.h \
	%D%/cgi_sink.c \
	%D%/cgi_sink.h \
	%D%/direct.c \
	%D%/direct.h \
	%D%/fastcgi.c \
	%D%/fastcgi.h \
	%D%/greet.c \
	%D%/line.c \
	%D%/line.h \
	%D%/listen.c \
	%D%/listen.h \
	%D%/locate.c \
	%D%/locate.h \
	%D%/nph.c \
	%D%/nph.h \
	%D%/outlet.c \
	%D%/outlet.h \
	%D%/pool.c \
	%D%/pool.h \
	%D%/prepend.c \
	%D%/prepend.h \
	%D%/reload.c \
	%D%/respond.c \
	%D%/respond.h \
	%D%/server.c \
	%D%/server.h \
	%D%/worker.c \
	$(end)
EXTRA_DIST += %D%/README
