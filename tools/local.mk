# SPDX-License-Identifier: ISC
# Targets for developers; their long shell scripts are in tools/.

warnings:
	$(MAKE) clean
	$(MAKE) STRICT_CFLAGS='$(MORE_CFLAGS)' all
	$(MAKE) STRICT_CFLAGS='$(MORE_CFLAGS)' check-programs

# The whole test run with sanitizers or valgrind: every report fails it,
# whichever process started the program (t/shim/watched.c), and that is tested
# first.  t/watched.txt lists the tests that are left out, and why.
PROVE = prove -Q -j2
all_tests = $(addprefix $(abs_top_srcdir)/,$(script_tests)) $(unit_tests)
watched_tests = $(filter-out $(addprefix %,$($(watched)_not)), \
	$(if $(only),$(filter $(foreach prefix,$(only), \
		$(abs_top_srcdir)/t/$(prefix)% t/$(prefix)%),$(all_tests)), \
		$(all_tests)))
check-asan:
	$(MAKE) check-watched watched=asan flags=--enable-sanitizers
check-tsan:
	$(MAKE) check-watched watched=tsan flags=--enable-sanitizers=thread

check-watched:
	@$(MKDIR_P) watched-$(watched)
	test -e watched-$(watched)/Makefile || { cd watched-$(watched) && \
		$(abs_top_srcdir)/configure -q $(flags) CC='$(CC)' \
		CFLAGS='-O1 -g'; }
	$(CC) -fPIC -c -o watched-$(watched)/watched.o \
		-DREPORTS='"$(abs_builddir)/watched-$(watched)/reports"' \
		$(top_srcdir)/t/shim/watched.c
	+$(MAKE) -s -C watched-$(watched) LDFLAGS=$(watched_o) \
		all check-programs
	+$(MAKE) -s -C watched-$(watched) LDFLAGS=$(watched_o) \
		watched-run watched=$(watched)
# Not as a separate file: libtool would add it to the libraries.
watched_o = -Wl,$(abs_builddir)/watched-$(watched)/watched.o

# Servers that have dropped their rights start programs too.  434 is pidfd_open,
# which valgrind before 3.20 does not know.
pidfd_warning = /unhandled amd64-linux syscall: 434$$/,+4d
watched-run:
	rm -rf reports && mkdir -m 1777 reports
	$(CC) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) -o planted \
		$(top_srcdir)/t/shim/planted.c
	for fault in $(planted_$(watched)); do \
		env -i ./planted $$fault; \
		if grep -qs . reports/*; then rm reports/*; else \
			echo "$$fault: there would be no report"; exit 1; fi; \
	done
	rc=0; CORSWRAP_WATCHED=$(watched) $($(watched)_environment) \
		top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_builddir)' \
		$(PROVE) $(watched_tests) || rc=1; \
	$(if $(filter valgrind,$(watched)),sed -i '$(pidfd_warning)' \
		reports/* || :;) \
	for report in reports/*; do \
		if test -s $$report; then head -n 60 $$report; rc=1; fi; \
	done; exit $$rc

planted_asan = overflow leak undefined
planted_tsan = race
planted_valgrind = overflow leak

# t/shim/valgrind.c in every program restarts it under valgrind.  `make
# check-valgrind only="cors serve/fastcgi"`: the tests whose names begin so.
# Arenas are referenced by pointers into their middle, so "possibly lost" is
# not an error.
VALGRIND_OPTIONS = -q --leak-check=full --error-exitcode=99 --vgdb=no \
	--errors-for-leak-kinds=definite --show-leak-kinds=definite \
	--read-inline-info=no --fair-sched=yes --max-threads=1200 \
	--child-silent-after-fork=yes \
	--suppressions=$(abs_top_srcdir)/t/valgrind.supp
valgrind_not = t/servers/systemd.t
valgrind_environment = CORSWRAP_PATIENCE=10 CORSWRAP_RANDOM=8 \
	CORSWRAP_EXCHANGES=20 CORSWRAP_SLOW_REQUESTS=40 CORSWRAP_FAILURES=8
valgrind_dir = $(abs_builddir)/watched-valgrind
check-valgrind:
	@$(MKDIR_P) watched-valgrind/reports
	test -e watched-valgrind/Makefile || { cd watched-valgrind && \
		$(abs_top_srcdir)/configure -q CC='$(CC)' CFLAGS='-O1 -g'; }
	$(CC) -g -O1 -fPIC -c -o watched-valgrind/under.new \
		-DVALGRIND_OPTIONS='"$(VALGRIND_OPTIONS)"' \
		-DVALGRIND_REPORTS='"$(valgrind_dir)/reports"' \
		$(top_srcdir)/t/shim/valgrind.c
	cd watched-valgrind && { cmp -s under.new under.o || \
		rm -f corswrap corscheck $(unit_tests) fuzz/replay; } && \
		mv under.new under.o
	+$(MAKE) -s -C watched-valgrind LDFLAGS=-Wl,$(valgrind_dir)/under.o \
		all check-programs
	+$(MAKE) -s -C watched-valgrind LDFLAGS=-Wl,$(valgrind_dir)/under.o \
		watched-run watched=valgrind

# Static analysis by gcc, clang and cppcheck.  t/watched.txt lists suppressions
# with their reasons.
analyze: check-cppcheck analyze-gcc analyze-clang

analyze-gcc:
	@$(MKDIR_P) watched-analyzer
	test -e watched-analyzer/Makefile || { cd watched-analyzer && \
		$(abs_top_srcdir)/configure -q CC=gcc; }
	+$(MAKE) -s -C watched-analyzer clean
	+$(MAKE) -s -C watched-analyzer CFLAGS='-O1 -fanalyzer -Werror' all

CLANG_CHECKS = -*,clang-analyzer-*,bugprone-*,cert-*,concurrency-*,$(CLANG_NOT)
not_c11_k = -clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
CLANG_NOT = -bugprone-easily-swappable-parameters,-bugprone-assignment-in-if-condition,$(not_c11_k),-bugprone-sizeof-expression,-bugprone-not-null-terminated-result,-bugprone-narrowing-conversions,-bugprone-suspicious-missing-comma,-concurrency-mt-unsafe,-cert-err33-c
clang_tidy = xargs -I FILE -P "$$(nproc)" clang-tidy --quiet \
	--warnings-as-errors='*' FILE --checks='$(CLANG_CHECKS)
# What is for WebAssembly alone has headers of its own, and frees nothing: its
# memory ends with each run.
analyze-clang: src/page/page_assets.h src/corscheck/snippets.h \
		src/explain/help_entries.h src/onefile/suffixes.h
	printf '%s\n' $(addprefix $(top_srcdir)/,$(sort $(filter-out \
		src/onefile/%,$(filter %.c,$(all_sources))))) | $(clang_tidy)' -- \
		-I. -iquote . -iquote src -DHAVE_CONFIG_H $(AM_CPPFLAGS) \
		-std=gnu11 $(INIH_CFLAGS) $(PCRE2_CFLAGS) $(FCGI_CFLAGS) 2>/dev/null
	printf '%s\n' $(addprefix $(top_srcdir)/,$(filter %.c,\
		$(onefile_sources))) | \
		$(clang_tidy),-clang-analyzer-unix.Malloc' -- $(wasm_flags) 2>/dev/null

# All static checks of the tree.
lint: check-cppcheck
	mandoc -Tlint -Wwarning $(addprefix $(top_srcdir)/,$(dist_man_MANS)) | \
		{ ! grep -v 'referenced manual not found'; }
	shellcheck -S warning $(top_srcdir)/bootstrap $(top_srcdir)/t/run \
		$(top_srcdir)/examples/quickstart
	for file in $(top_srcdir)/t/*/*.t $(top_srcdir)/t/lib/Corswrap/*.pm; do \
		case $$(head -c 2 $$file) in '#!'|pa) \
			perl -I$(top_srcdir)/t/lib -wc $$file 2>&1 | \
				{ ! grep -v 'syntax OK$$'; } || exit 1;; esac; done

# A separate build that counts the lines that the tests reach; threads share
# counters.  gcc makes exec write all counts first: between clone and exec that
# would use the small stack, and the shared memory, of a child.  Files are left out
# of which each system compiles or reaches one half (t/base/*-posix.c).
coverage:
	rm -rf coverage && mkdir coverage
	cd coverage && $(abs_top_srcdir)/configure -q CC='$(CC)' \
		CFLAGS='--coverage -fprofile-update=atomic -fno-builtin-execv -fno-builtin-execve -O0 -g' \
		LDFLAGS=--coverage
	+$(MAKE) -C coverage -s all check-programs
	cd coverage && rc=0; \
		top_srcdir=$(abs_top_srcdir) \
		top_builddir=$(abs_top_builddir)/coverage \
		$(PROVE) $(all_tests) || rc=1; \
	$(abs_top_srcdir)/tools/coverage-report $(filter-out \
		$(addprefix src/base/,clock.c executable.c file.c os.c \
		os_confine.c os_process.c os_signal.c), \
		$(filter %.c,$(pure_sources))) || rc=1; exit $$rc

check-cppcheck:
	cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr \
		-I$(top_srcdir)/src $(top_srcdir)/src

reformat:
	clang-format -i $$(find $(top_srcdir)/src $(top_srcdir)/t \
		$(top_srcdir)/fuzz $(top_srcdir)/bench -name '*.[ch]')

.PHONY: warnings check-asan check-tsan check-watched watched-run \
	check-valgrind analyze analyze-gcc analyze-clang check-cppcheck \
	coverage lint reformat

EXTRA_DIST += \
	tools/coverage-report \
	tools/fuzz-run \
	tools/run-tests \
	$(end)

# The blocks in examples and manuals that `corscheck init` prints.
fill-snippets: corscheck
	cd $(srcdir) && tools/fill-snippets \
		--corscheck $(abs_top_builddir)/corscheck \
		examples/*/* examples/*/*/* examples/*/.htaccess packaging/*/* doc/*.[1578] README.md
.PHONY: fill-snippets
EXTRA_DIST += tools/fill-snippets tools/make-site tools/matrix tools/test-packages

# The downloads, in release/ (packaging/README); release-check makes them
# twice, compares, and runs each artefact.  Both use the last commit.
release:
	$(top_srcdir)/tools/release $(abs_builddir)/release
release-check:
	$(top_srcdir)/tools/release-check $(abs_builddir)/release
.PHONY: release release-check
EXTRA_DIST += \
	packaging \
	tools/oci-image \
	tools/release \
	tools/release-check \
	tools/release-toolchain \
	tools/sbom \
	tools/smoke \
	$(end)
EXTRA_DIST += tools/wpt-handler tools/wpt-run
