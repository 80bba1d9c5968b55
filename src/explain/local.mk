# SPDX-License-Identifier: ISC
# What src/explain is made of.
explain_sources = \
	%D%/barrier.c \
	%D%/browser_checks.c \
	%D%/by_policy.c \
	%D%/console.c \
	%D%/cookies.c \
	%D%/cookies.h \
	%D%/cures.c \
	%D%/cures.h \
	%D%/edit.c \
	%D%/edit.h \
	%D%/explanation.c \
	%D%/explanation.h \
	%D%/findings.c \
	%D%/findings.h \
	%D%/help.c \
	%D%/help.h \
	%D%/fix.c \
	%D%/json.c \
	%D%/json_add.h \
	%D%/messages.c \
	%D%/messages.h \
	%D%/metadata.c \
	%D%/paste.c \
	%D%/paste.h \
	%D%/paste_any.c \
	%D%/paste_console.c \
	%D%/paste_curl.c \
	%D%/paste_fetch.c \
	%D%/paste_har.c \
	%D%/paste_powershell.c \
	%D%/paste_response.c \
	%D%/question.c \
	%D%/read.c \
	%D%/reference.c \
	%D%/reference.h \
	%D%/server.c \
	%D%/text.c \
	%D%/walk.c \
	%D%/walk.h \
	%D%/web_servers.c \
	%D%/web_servers.h \
	%D%/without_cors.c \
	%D%/words.c \
	$(end)
EXTRA_DIST += %D%/README

# What help prints, as C strings.
src/explain/help_entries.h: src/explain/help.txt tools/help-strings
	$(AM_V_GEN)$(MKDIR_P) src/explain && \
		$(top_srcdir)/tools/help-strings \
		$(top_srcdir)/src/explain/help.txt >$@.tmp && mv $@.tmp $@
src/explain/help.$(OBJEXT): src/explain/help_entries.h
CLEANFILES += src/explain/help_entries.h
EXTRA_DIST += %D%/help.txt tools/help-strings
