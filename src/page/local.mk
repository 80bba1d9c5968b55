# SPDX-License-Identifier: ISC
# What src/page is made of.
# The page, from the bytes of a form to HTML; and what serves it.
page_rendering_sources = \
	%D%/form.c \
	%D%/form.h \
	%D%/html.c \
	%D%/html.h \
	%D%/page.h \
	%D%/page_answer.c \
	%D%/page_examples.c \
	%D%/page_fix.c \
	%D%/page_form.c \
	%D%/page_html.c \
	%D%/page_lint.c \
	%D%/page_read.c \
	%D%/page_reference.c \
	%D%/page_try.c \
	%D%/page_verdict.c \
	%D%/page_walk.c \
	$(end)
page_sources = \
	$(page_rendering_sources) \
	%D%/cgi.c \
	%D%/fastcgi.c \
	%D%/page.c \
	$(end)
EXTRA_DIST += %D%/README

# The page's style and script as C strings, without their comments.
src/page/page_assets.h: src/page/page.css src/page/page.js tools/page-assets
	$(AM_V_GEN)$(MKDIR_P) src/page && $(top_srcdir)/tools/page-assets \
		$(top_srcdir)/src/page >$@.tmp && mv $@.tmp $@
src/page/page_html.$(OBJEXT): src/page/page_assets.h
CLEANFILES += src/page/page_assets.h
EXTRA_DIST += \
	%D%/page.css \
	%D%/page.js \
	tools/page-assets \
	$(end)
