# SPDX-License-Identifier: ISC
# What src/corscheck is made of.
# The commands, without main.
corscheck_command_sources = \
	%D%/cmd_dump.c \
	%D%/cmd_explain.c \
	%D%/cmd_help.c \
	%D%/cmd_import.c \
	%D%/cmd_init.c \
	%D%/cmd_learn.c \
	%D%/cmd_lint.c \
	%D%/cmd_reference.c \
	%D%/cmd_replay.c \
	%D%/cmd_warm.c \
	%D%/command.c \
	%D%/command.h \
	%D%/init.h \
	%D%/init_place.c \
	%D%/init_policy.c \
	%D%/init_snippet.c \
	%D%/init_unit.c \
	%D%/input.c \
	%D%/input.h \
	%D%/lint_fix.c \
	%D%/lint_fix.h \
	%D%/lint_output.c \
	%D%/lint_output.h \
	%D%/log_read.c \
	%D%/log_read.h \
	%D%/request.c \
	%D%/request.h \
	%D%/tally.c \
	%D%/tally.h \
	$(end)
corscheck_sources = $(corscheck_command_sources) %D%/main.c
EXTRA_DIST += %D%/README

# What init prints, as C strings.
snippets = apache-cgi apache-fcgid apache-proxy beside busybox caddy haproxy \
	htaccess lighttpd lighttpd-cgi nginx push start systemd
src/corscheck/snippets.h: $(snippets:%=src/corscheck/snippets/%) \
		src/corscheck/local.mk tools/snippet-strings
	$(AM_V_GEN)$(MKDIR_P) src/corscheck && \
		$(top_srcdir)/tools/snippet-strings \
		$(top_srcdir)/src/corscheck/snippets $(snippets) >$@.tmp && \
		mv $@.tmp $@
src/corscheck/init_snippet.$(OBJEXT): src/corscheck/snippets.h
CLEANFILES += src/corscheck/snippets.h
EXTRA_DIST += %D%/snippets tools/snippet-strings
