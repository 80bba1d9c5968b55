# SPDX-License-Identifier: ISC
# What src/static is made of.
static_sources = \
	%D%/main.c \
	%D%/malloc.c \
	%D%/stubs.c \
	$(end)
EXTRA_DIST += %D%/README

# The CGI half alone, static: no FastCGI, PCRE2, libpsl, libidn2.
corswrap_cgi_sources = \
	$(base_sources) \
	$(cors_sources) \
	$(cors_regex_sources) \
	$(fetch_sources) \
	$(policy_sources) \
	$(policy_library_sources) \
	$(static_sources) \
	src/run/answer.c \
	src/run/child.c \
	src/run/cookies.c \
	src/run/ending.c \
	src/run/env.c \
	src/run/first_line.c \
	src/run/log.c \
	src/run/metrics.c \
	src/run/body.c \
	src/run/relay.c \
	src/run/repeated.c \
	src/run/response.c \
	src/run/script.c \
	src/run/stderr.c \
	src/run/strays.c \
	src/run/transfer.c \
	src/serve/cgi.c \
	src/serve/cgi_io.c \
	src/serve/locate.c \
	src/serve/prepend.c \
	src/serve/respond.c \
	src/serve/self_check.c \
	$(end)

# With musl it starts in a third of the time.  A libinih.a made for glibc works
# with musl, apart from the name fopen64.  No config.h: it was made for another
# library.
# malloc.c defines these four functions; gcc must not treat them as built-in.
STATIC_CFLAGS = -Os -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-fstack-protector-strong -fno-builtin-malloc -fno-builtin-calloc \
	-fno-builtin-realloc -fno-builtin-free
# A segment less is a mapping and a page fault less at every start.
STATIC_LINK = -static -Wl,--gc-sections,-z,relro,-z,now,-z,noseparate-code -s
static_flags = -std=gnu11 -w -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DWITHOUT_PCRE2 -DWITHOUT_IDN -DWITHOUT_PSL \
	-DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
	-DSYSCONFDIR='"$(sysconfdir)"' -iquote $(top_srcdir)/src

static-cgi: corswrap.cgi

corswrap.cgi: $(corswrap_cgi_sources)
	@$(MKDIR_P) static-include && \
		cp $(INIH_INCLUDEDIR)/ini.h static-include/ini.h
	$(AM_V_GEN)sources=; for file in $(corswrap_cgi_sources); do \
		case $$file in *.c) \
			test -e $$file || file=$(top_srcdir)/$$file; \
			sources="$$sources $$file";; esac; done; \
	if test -n '$(MUSL_GCC)' && $(MUSL_GCC) -flto \
		-flto-partition=one $(STATIC_CFLAGS) $(static_flags) \
		-idirafter static-include $(STATIC_LINK) \
		-o $@.new $$sources $(INIH_LIBDIR)/libinih.a \
		-Wl,--defsym=fopen64=fopen; then :; \
	else \
		echo "static-cgi: with $(CC) and glibc" && \
		$(CC) $(STATIC_CFLAGS) $(static_flags) $(INIH_CFLAGS) \
			$(STATIC_LINK) -o $@.new $$sources $(INIH_LIBS) \
			-pthread; \
	fi && mv $@.new $@

# What a user of shared hosting uploads.  tools/release makes it for other kinds
# of machines as well; their files then have the time of the release.
dist_cgi_for = x86-64
dist_cgi_name = corswrap-cgi-$(PACKAGE_VERSION)
dist_cgi_time = @$${SOURCE_DATE_EPOCH:-$$(date +%s)}
dist-cgi: corswrap.cgi
	@rm -rf $(dist_cgi_name) && $(MKDIR_P) $(dist_cgi_name)
	@cp corswrap.cgi $(dist_cgi_name)/api.cgi && \
		cp $(top_srcdir)/examples/shared-hosting/.htapi.ini \
			$(top_srcdir)/examples/shared-hosting/.htaccess \
			$(top_srcdir)/examples/shared-hosting/NOTICE.txt \
			$(top_srcdir)/LICENSE $(dist_cgi_name) && \
		sed 's/x86-64/$(dist_cgi_for)/' \
			$(top_srcdir)/examples/shared-hosting/README.html \
			>$(dist_cgi_name)/README.html
	@chmod 755 $(dist_cgi_name) $(dist_cgi_name)/api.cgi
	@chmod 644 $(dist_cgi_name)/.ht* $(dist_cgi_name)/[A-Z]*
	$(AM_V_GEN)tar -c --owner=0 --group=0 --numeric-owner --sort=name \
		--format=ustar --mtime="$(dist_cgi_time)" \
		$(dist_cgi_name) | gzip -9n >$(dist_cgi_name).tar.gz
	@if command -v zip >/dev/null; then \
		find $(dist_cgi_name) -exec touch -d "$(dist_cgi_time)" {} + && \
		rm -f $(dist_cgi_name).zip && \
		find $(dist_cgi_name) | LC_ALL=C sort | \
			TZ=UTC zip -q -9 -X $(dist_cgi_name).zip -@; \
	fi
	@rm -rf $(dist_cgi_name)

CLEANFILES += \
	$(dist_cgi_name).tar.gz \
	$(dist_cgi_name).zip \
	.static-cgi.lock \
	corswrap.cgi \
	static-include/ini.h \
	$(end)
EXTRA_DIST += $(static_sources)
.PHONY: static-cgi dist-cgi
