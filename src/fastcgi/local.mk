# SPDX-License-Identifier: ISC
# What src/fastcgi is made of.
fastcgi_sources = \
	%D%/params.c \
	%D%/params.h \
	%D%/protocol.h \
	%D%/record.c \
	%D%/record.h \
	$(end)
EXTRA_DIST += %D%/README
