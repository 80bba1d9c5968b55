# SPDX-License-Identifier: ISC
# The tests: compiled ones (cmocka) and scripts (Test::More), both TAP.

# A compiled test t/FOLDER/NAME.t is made of t/FOLDER/NAME.c and these.
unit_tests = \
	t/base/arena.t \
	t/base/array.t \
	t/base/clock.t \
	t/base/executable-posix.t \
	t/base/executable.t \
	t/base/host.t \
	t/base/ip.t \
	t/base/memory.t \
	t/base/os-posix.t \
	t/base/os.t \
	t/base/spin.t \
	t/base/text.t \
	t/corscheck/memory.t \
	t/cors/cookie.t \
	t/cors/corners.t \
	t/cors/decide.t \
	t/cors/header-block.t \
	t/cors/header-fuzz.t \
	t/cors/library.t \
	t/cors/match.t \
	t/cors/origin-set.t \
	t/cors/origin.t \
	t/cors/path.t \
	t/cors/policy.t \
	t/explain/explanation.t \
	t/fastcgi/params.t \
	t/fastcgi/record.t \
	t/fetch/charset.t \
	t/fetch/fetch.t \
	t/fetch/url.t \
	t/page/form.t \
	t/policy/fixes.t \
	t/policy/settings.t \
	t/policy/values.t \
	t/program/forward-pool.t \
	t/program/log.t \
	t/program/response.t \
	t/program/strays.t \
	t/program/watch.t \
	$(end)
script_tests = \
	t/applications/cgi-pm.t \
	t/applications/dokuwiki.t \
	t/applications/download.t \
	t/applications/events.t \
	t/applications/fastcgi.t \
	t/applications/git.t \
	t/applications/gitweb.t \
	t/applications/mapserver.t \
	t/applications/others.t \
	t/applications/wsgiref.t \
	t/cors/regex-cost.t \
	t/cors/installed.t \
	t/corscheck/fix.t \
	t/corscheck/help.t \
	t/corscheck/import.t \
	t/corscheck/init.t \
	t/corscheck/learn.t \
	t/corscheck/lint.t \
	t/corscheck/paste.t \
	t/corscheck/warm.t \
	t/corswrap/first-process.t \
	t/corswrap/main.t \
	t/explain/agrees.t \
	t/explain/chromium.t \
	t/explain/cookies.t \
	t/explain/explain.t \
	t/explain/firefox.t \
	t/explain/heads.t \
	t/explain/messages.t \
	t/explain/paste.t \
	t/explain/reference.t \
	t/explain/webkit.t \
	t/hostile/attacks.t \
	t/hostile/chaos.t \
	t/hostile/fault-injection.t \
	t/hostile/faults.t \
	t/hostile/fuzz.t \
	t/hostile/patience.t \
	t/hostile/server-gives-up.t \
	t/hostile/signals.t \
	t/onefile/browsers.t \
	t/page/chromium.t \
	t/page/fastcgi.t \
	t/page/page.t \
	t/page/servers.t \
	t/policy/browser-origins.t \
	t/policy/config-vectors.t \
	t/policy/dump.t \
	t/policy/inheritance.t \
	t/policy/lint-ids.t \
	t/policy/lint.t \
	t/policy/manual-origins.t \
	t/policy/origins-env.t \
	t/policy/origins-file.t \
	t/policy/reader.t \
	t/policy/reports.t \
	t/probe/answers.t \
	t/probe/fixes.t \
	t/probe/no-duplicates.t \
	t/probe/probe.t \
	t/probe/redirects.t \
	t/probe/servers.t \
	t/program/cgi-vectors.t \
	t/program/cookies.t \
	t/program/forward-again.t \
	t/program/forward.t \
	t/program/input.t \
	t/program/log-lines.t \
	t/program/running.t \
	t/program/repeated.t \
	t/program/script.t \
	t/program/whole.t \
	t/serve/behind-body.t \
	t/serve/cases.t \
	t/serve/cgi.t \
	t/serve/connections.t \
	t/serve/counts.t \
	t/serve/fastcgi.t \
	t/serve/kept.t \
	t/serve/listen.t \
	t/serve/output.t \
	t/serve/policy-search.t \
	t/serve/prepend.t \
	t/serve/records.t \
	t/serve/reload-kinds.t \
	t/serve/reload-stop.t \
	t/serve/reload-ticks.t \
	t/serve/status.t \
	t/serve/rights.t \
	t/serve/self-check.t \
	t/serve/started.t \
	t/serve/vectors-cgi.t \
	t/serve/vectors-fastcgi.t \
	t/servers/apache-cgid.t \
	t/servers/apache-fcgid.t \
	t/servers/apache-proxy-fcgi.t \
	t/servers/authentication.t \
	t/servers/caddy.t \
	t/servers/haproxy.t \
	t/servers/htaccess.t \
	t/servers/legacy.t \
	t/servers/lengths.t \
	t/servers/lighttpd-cgi.t \
	t/servers/lighttpd-fastcgi.t \
	t/servers/https.t \
	t/servers/metavariables.t \
	t/servers/nginx.t \
	t/servers/paths.t \
	t/servers/php-fpm.t \
	t/servers/php.t \
	t/servers/quickstart.t \
	t/servers/refused-body.t \
	t/servers/requests.t \
	t/servers/scale-out.t \
	t/servers/systemd.t \
	t/servers/upgrade.t \
	t/servers/whole.t \
	t/static/startup-counts.t \
	t/static/static-cgi.t \
	t/tree/completion.t \
	t/tree/completion-options.t \
	t/tree/install.t \
	t/tree/keys.t \
	t/tree/layers.t \
	t/tree/manual.t \
	t/tree/monitoring.t \
	t/tree/posix.t \
	t/tree/processes.t \
	t/tree/pure.t \
	t/tree/recipes.t \
	t/tree/requirements.t \
	t/tree/response-table.t \
	t/tree/site.t \
	t/tree/snippets.t \
	t/tree/style.t \
	t/tree/words.t \
	t/warm/applications.t \
	t/warm/cgi-vectors.t \
	t/tree/switches.t \
	t/warm/crowd.t \
	t/warm/perl.t \
	t/warm/php.t \
	t/warm/python.t \
	t/warm/requests.t \
	t/warm/running.t \
	$(end)

TESTS = $(script_tests)
check_PROGRAMS = fuzz/replay
if HAVE_CMOCKA
TESTS += $(unit_tests)
check_PROGRAMS += $(unit_tests)
endif
unit_libs = libserve.a $(house_libs) $(CMOCKA_LIBS)
LDADD = $(unit_libs)

# Each is made of the C file of its name (automake's default), and some of what
# no library has.
t_explain_explanation_t_SOURCES = \
	src/explain/barrier.c \
	src/explain/browser_checks.c \
	src/explain/console.c \
	src/explain/cookies.c \
	src/explain/explanation.c \
	src/explain/fix.c \
	src/explain/web_servers.c \
	src/explain/question.c \
	src/explain/without_cors.c \
	src/explain/words.c \
	t/explain/explanation.c \
	$(end)
t_page_form_t_SOURCES = t/page/form.c src/page/form.c
# t/memory_kit.h
memory_kit_wraps = -Wl,--wrap=malloc -Wl,--wrap=calloc \
	-Wl,--wrap=realloc -Wl,--wrap=arena_alloc -Wl,--wrap=arena_array \
	-Wl,--wrap=arena_slice -Wl,--wrap=arena_text \
	-Wl,--wrap=arena_lower -Wl,--wrap=arena_join
t_base_memory_t_LDFLAGS = $(AM_LDFLAGS) $(memory_kit_wraps)
t_corscheck_memory_t_SOURCES = t/corscheck/memory.c $(explain_sources) \
	$(page_sources) $(corscheck_command_sources) $(policy_import_sources) \
	$(probe_sources)
if WITH_PROBE
t_corscheck_memory_t_SOURCES += $(probe_http_sources)
else
t_corscheck_memory_t_SOURCES += $(probe_without_http_sources)
endif
t_corscheck_memory_t_LDFLAGS = $(AM_LDFLAGS) $(memory_kit_wraps) \
	-Wl,--wrap=os_random
t_corscheck_memory_t_LDADD = libserve.a $(house_libs) $(FCGI_LIBS) \
	$(CURL_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)

TEST_EXTENSIONS = .t
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)' \
	top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir;

check-programs: $(check_PROGRAMS) $(check_DATA)

# Preloaded by t/hostile/fault-injection.t.
check_DATA = t/shim/faults.so
t/shim/faults.so: t/shim/faults.c
	@$(MKDIR_P) t/shim
	$(AM_V_CC)$(CC) -g -O1 -shared -fPIC -o $@ \
		$(top_srcdir)/t/shim/faults.c -ldl
CLEANFILES += t/shim/faults.so

EXTRA_DIST += \
	$(script_tests) \
	t/cases \
	t/corscheck/import \
	t/explain.schema.json \
	t/explain/cases \
	t/header_kit.h \
	t/header_plain.h \
	t/lib \
	t/memory_kit.h \
	t/policy_kit.h \
	t/requirements.tsv \
	t/run \
	t/shim \
	t/unit.h \
	t/valgrind.supp \
	t/vectors \
	t/warm/corpus \
	t/watched.txt \
	$(end)
