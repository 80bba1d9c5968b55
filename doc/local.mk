# SPDX-License-Identifier: ISC
# What is installed and shipped beside the programs.

dist_man_MANS = \
	doc/cors.3 \
	doc/corscheck.1 \
	doc/corswrap-errors.7 \
	doc/corswrap-hosting.7 \
	doc/corswrap-migration.7 \
	doc/corswrap-operation.7 \
	doc/corswrap-protection.7 \
	doc/corswrap-recipes.7 \
	doc/corswrap-warm.7 \
	doc/corswrap.8 \
	doc/corswrap.ini.5 \
	$(end)
pkgsysconfdir = $(sysconfdir)/corswrap
# The administrator's changes to it are kept.
installed_policy = '$(DESTDIR)$(pkgsysconfdir)/corswrap.ini'
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(pkgsysconfdir)'
	test -e $(installed_policy) || \
		$(INSTALL_DATA) $(srcdir)/etc/corswrap.ini $(installed_policy)
# Folders of our own go too, when they are empty.
uninstall-hook:
	! cmp -s $(srcdir)/etc/corswrap.ini $(installed_policy) || \
		rm -f $(installed_policy)
	for folder in '$(pkganalyzerdir)' '$(pkgserversdir)' \
		'$(pkglibcorsdir)' '$(pkgexamplesdir)' '$(docdir)' '$(pkgsysconfdir)' '$(pkgdatadir)' \
		'$(warmperldir)' '$(pkglibexecdir)/perl' '$(warmpythondir)' \
		'$(warmphpdir)' '$(pkglibexecdir)'; do \
		rmdir "$(DESTDIR)$$folder" 2>/dev/null || :; done
bashcompdir = $(datadir)/bash-completion/completions
dist_bashcomp_DATA = \
	etc/completion/bash/corscheck \
	etc/completion/bash/corswrap \
	$(end)
zshcompdir = $(datadir)/zsh/site-functions
dist_zshcomp_DATA = \
	etc/completion/zsh/_corscheck \
	etc/completion/zsh/_corswrap \
	$(end)
fishcompdir = $(datadir)/fish/vendor_completions.d
dist_fishcomp_DATA = \
	etc/completion/fish/corscheck.fish \
	etc/completion/fish/corswrap.fish \
	$(end)
pkgexamplesdir = $(docdir)/examples
dist_pkgexamples_DATA = \
	examples/guestbook.ini \
	examples/try.html \
	$(end)
pkganalyzerdir = $(pkgexamplesdir)/analyzer
dist_pkganalyzer_DATA = \
	examples/analyzer/apache.conf \
	examples/analyzer/lighttpd.conf \
	examples/analyzer/nginx.conf \
	$(end)
pkglibcorsdir = $(pkgexamplesdir)/libcors
dist_pkglibcors_DATA = \
	examples/libcors/Makefile \
	examples/libcors/README \
	examples/libcors/api.ini \
	examples/libcors/cgi.c \
	examples/libcors/fastcgi.c \
	$(end)
pkgserversdir = $(pkgexamplesdir)/servers
dist_pkgservers_DATA = \
	examples/servers/Caddyfile \
	examples/servers/apache-cgid.conf \
	examples/servers/apache-fcgid.conf \
	examples/servers/apache-proxy-fcgi.conf \
	examples/servers/app.ini \
	examples/servers/haproxy-several.cfg \
	examples/servers/haproxy.cfg \
	examples/servers/lighttpd-cgi.conf \
	examples/servers/lighttpd-fastcgi.conf \
	examples/servers/lighttpd-scripts.ini \
	examples/servers/lighttpd.ini \
	examples/servers/nginx-several.conf \
	examples/servers/nginx.conf \
	examples/servers/scripts.ini \
	$(end)
# systemd looks there under /usr and /usr/local.
systemdunitdir = $(prefix)/lib/systemd/system
dist_systemdunit_DATA = \
	etc/systemd/corscheck.socket \
	etc/systemd/corswrap.socket \
	etc/systemd/corswrap@.socket \
	$(end)
nodist_systemdunit_DATA = \
	etc/systemd/corscheck.service \
	etc/systemd/corswrap@.service \
	$(end)
$(nodist_systemdunit_DATA): %: %.in Makefile
	@$(MKDIR_P) etc/systemd
	$(AM_V_GEN)sed -e 's|@bindir[@]|$(bindir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		$(srcdir)/$@.in >$@

dist_pkgexamples_SCRIPTS = \
	examples/guestbook.pl \
	examples/quickstart \
	$(end)
dist_doc_DATA = README.md NEWS LICENSE SECURITY.md

EXTRA_DIST += \
	doc/analyzer-desk.png \
	doc/analyzer-phone.png \
	doc/draw-exchange \
	doc/exchange.svg \
	doc/exchange.txt \
	doc/measured \
	doc/site \
	doc/wpt.md \
	doc/request.svg \
	doc/request.txt \
	etc/corswrap.ini \
	etc/systemd/corscheck.service.in \
	etc/systemd/corswrap@.service.in \
	examples/applications \
	examples/authentication \
	examples/monitoring \
	examples/shared-hosting \
	$(end)
CLEANFILES += $(nodist_systemdunit_DATA)

html-local: $(dist_man_MANS)
	@mkdir -p html
	@for page in $(dist_man_MANS); do \
		mandoc -Thtml $(top_srcdir)/$$page >html/$$(basename $$page).html; \
		mandoc -Tutf8 $(top_srcdir)/$$page | col -b >html/$$(basename $$page).txt; \
	done

# The site, for any web server or none; with the one-file analyzer where `make page`
# made it.
site: $(dist_man_MANS)
	analyzer=; test ! -e corscheck.html || analyzer='--analyzer corscheck.html'; \
	$(top_srcdir)/tools/make-site $$analyzer $(top_srcdir) site
.PHONY: site

# Drawn ones are kept, so that the README needs nothing.
pictures:
	for name in exchange request; do \
		$(top_srcdir)/doc/draw-exchange <$(top_srcdir)/doc/$$name.txt \
			>$(top_srcdir)/doc/$$name.svg || exit 1; done
.PHONY: pictures
