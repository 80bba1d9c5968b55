# SPDX-License-Identifier: ISC
# What src/onefile is made of.  It is compiled to WebAssembly alone.
onefile_sources = \
	%D%/browser.h \
	%D%/json.c \
	%D%/json.h \
	%D%/json_read.c \
	%D%/names.c \
	%D%/regex.c \
	%D%/system.c \
	$(end)
onefile_parts = \
	%D%/shell.js \
	%D%/system.js \
	%D%/tools.html \
	%D%/zip.js \
	$(end)
EXTRA_DIST += $(onefile_sources) $(onefile_parts) %D%/README %D%/include \
	tools/one-file tools/public-suffixes

# corscheck for a browser.  cors/regex.c and others are left out of it because
# src/onefile has their calls, or because there are no processes and no sockets.
wasm_left_out = \
	src/base/executable.c \
	src/base/os.c \
	src/base/os_process.c \
	src/base/os_signal.c \
	src/corscheck/cmd_warm.c \
	src/page/fastcgi.c \
	src/policy/cors_load.c \
	$(end)
wasm_sources = $(filter-out $(wasm_left_out),$(filter %.c, \
	$(base_sources) $(cors_sources) $(fetch_sources) $(policy_sources) \
	$(policy_library_sources) $(policy_import_sources) $(explain_sources) \
	$(probe_sources) $(probe_without_http_sources) $(page_sources) \
	$(corscheck_sources) $(onefile_sources)))
wasm_objects = $(wasm_sources:%.c=wasm/%.o)
WASM_CFLAGS = -Oz
wasm_flags = --target=wasm32-wasi -std=gnu11 -w -D_GNU_SOURCE \
	-D_WASI_EMULATED_SIGNAL -DWITHOUT_INIH -DWITHOUT_PROBE \
	-DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
	-DSYSCONFDIR='"$(sysconfdir)"' -DBINDIR='"$(bindir)"' \
	-DPKGLIBEXECDIR='"$(pkglibexecdir)"' \
	-iquote $(top_srcdir)/src -iquote $(top_builddir)/src \
	-isystem $(top_srcdir)/src/onefile/include

src/onefile/suffixes.h: tools/public-suffixes $(PUBLIC_SUFFIX_LIST)
	$(AM_V_GEN)$(MKDIR_P) src/onefile && $(top_srcdir)/tools/public-suffixes \
		$(PUBLIC_SUFFIX_LIST) >$@.tmp && mv $@.tmp $@
# What the files include may be made itself, and then corscheck needs it too.
wasm/%.o: %.c src/onefile/local.mk | corscheck$(EXEEXT) src/onefile/suffixes.h
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(WASM_CC) $(wasm_flags) $(WASM_CFLAGS) \
		-MMD -MP -c -o $@ $<
-include $(wasm_objects:.o=.d)

# An explanation for three browsers is on the stack.
corscheck.wasm: $(wasm_objects)
	$(AM_V_GEN)$(WASM_CC) --target=wasm32-wasi -Wl,--strip-all,--gc-sections \
		-Wl,-z,stack-size=4194304 -o $@ $(wasm_objects)

corscheck.html: corscheck.wasm corscheck$(EXEEXT) $(onefile_parts) tools/one-file
	$(AM_V_GEN)$(top_srcdir)/tools/one-file $(top_srcdir)/src/onefile \
		corscheck.wasm ./corscheck$(EXEEXT) >$@.tmp && mv $@.tmp $@

CLEANFILES += corscheck.html corscheck.wasm src/onefile/suffixes.h
if WITH_ONE_FILE
nodist_pkgdata_DATA = corscheck.html
page: corscheck.html
else
page:
	@echo "corscheck.html: left out by configure; it is made with clang," \
		"lld, wasi-libc, perl and publicsuffix, and not across" >&2; exit 1
endif
.PHONY: page
