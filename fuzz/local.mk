# SPDX-License-Identifier: ISC
# Fuzz targets, and the program that replays their corpora in every test run.

# A file for each target of fuzz/targets.h.
fuzz_targets = \
	fuzz/acrh.c \
	fuzz/fastcgi.c \
	fuzz/fetch.c \
	fuzz/form.c \
	fuzz/forward.c \
	fuzz/header.c \
	fuzz/import.c \
	fuzz/log.c \
	fuzz/match.c \
	fuzz/network.c \
	fuzz/nph.c \
	fuzz/origin.c \
	fuzz/originsfile.c \
	fuzz/page.c \
	fuzz/params.c \
	fuzz/path.c \
	fuzz/policy.c \
	fuzz/record.c \
	fuzz/relay.c \
	fuzz/request.c \
	fuzz/url.c \
	$(end)
# The page without its servers.
fuzz_page_sources = $(explain_sources) $(policy_import_sources) \
	$(page_rendering_sources)
fuzz_replay_SOURCES = \
	$(fuzz_targets) \
	fuzz/fuzz.h \
	fuzz/plain_origin.h \
	fuzz/plain_request.h \
	fuzz/replay.c \
	fuzz/targets.h \
	fuzz/whole.h \
	$(fuzz_page_sources) \
	$(end)
fuzz_libs = libserve.a $(house_libs) $(FCGI_LIBS) $(JANSSON_LIBS)
fuzz_replay_LDADD = $(fuzz_libs)

# Binaries in fuzz-KIND/bin, of libraries built there with the sanitizers.
FUZZ_CC = clang
# Every target so many seconds, on copies of the corpora, which grow there.
FUZZ_SECONDS = 60
fuzz:
	$(MAKE) fuzz-build fuzz_kind=libfuzzer fuzz_cc='$(FUZZ_CC)' \
		fuzz_flags=-fsanitize=fuzzer-no-link
fuzz-afl:
	$(MAKE) fuzz-build fuzz_kind=afl fuzz_cc=afl-clang-fast fuzz_flags=
fuzz-run: fuzz
	$(top_srcdir)/tools/fuzz-run libfuzzer $(FUZZ_SECONDS) $(fuzz_targets)
fuzz-afl-run: fuzz-afl
	$(top_srcdir)/tools/fuzz-run afl $(FUZZ_SECONDS) $(fuzz_targets)

fuzz-build:
	@$(MKDIR_P) fuzz-$(fuzz_kind)/bin
	test -e fuzz-$(fuzz_kind)/Makefile || { cd fuzz-$(fuzz_kind) && \
		$(abs_top_srcdir)/configure -q --enable-sanitizers \
		CC='$(fuzz_cc)' CFLAGS='-g -O1 $(fuzz_flags)'; }
	+$(MAKE) -s -C fuzz-$(fuzz_kind) $(noinst_LIBRARIES) $(noinst_LTLIBRARIES)
	+$(MAKE) -s -C fuzz-$(fuzz_kind) fuzz-link fuzz_cc='$(fuzz_cc)'

fuzz-link: src/page/page_assets.h src/explain/help_entries.h
	for source in $(fuzz_targets); do \
		name=$$(basename $$source .c) && \
		$(LIBTOOL) --quiet --tag=CC --mode=link \
			$(fuzz_cc) -DFUZZ_ALONE -DHAVE_CONFIG_H -I. $(AM_CPPFLAGS) \
			$(AM_CFLAGS) $(CFLAGS) -fsanitize=fuzzer \
			$(top_srcdir)/$$source -o bin/$$name \
			$(top_srcdir)/src/page/form.c \
			$$(test $$name != page || echo $(filter-out \
			%/page/form.c,$(patsubst %,$(top_srcdir)/%,\
			$(filter %.c,$(fuzz_page_sources))))) \
			$$(test $$name != import || echo $(patsubst \
			%,$(top_srcdir)/%,$(filter %.c,$(policy_import_sources)))) \
			$(fuzz_libs) || exit 1; \
	done

.PHONY: fuzz fuzz-afl fuzz-afl-run fuzz-build fuzz-link fuzz-run

EXTRA_DIST += \
	fuzz/README \
	fuzz/corpus \
	$(end)
