# SPDX-License-Identifier: ISC
# What src/policy is made of.
policy_sources = \
	%D%/address.c \
	%D%/check_app.c \
	%D%/check_cors.c \
	%D%/check_regex.c \
	%D%/cors_load.c \
	%D%/diagnostic.c \
	%D%/diagnostic.h \
	%D%/dump.c \
	%D%/fix.c \
	%D%/fix.h \
	%D%/hostname.h \
	%D%/keys.c \
	%D%/keys.h \
	%D%/keys_app.c \
	%D%/keys_cors.c \
	%D%/keys_read.c \
	%D%/keys_warm.c \
	%D%/lint.c \
	%D%/loader.c \
	%D%/loader.h \
	%D%/origins.c \
	%D%/origins_file.c \
	%D%/origins_merge.c \
	%D%/policy_load.c \
	%D%/reader.c \
	%D%/reader.h \
	%D%/regex_sample.c \
	%D%/regex_sample.h \
	%D%/sections.c \
	%D%/settings.c \
	%D%/settings.h \
	%D%/values.c \
	%D%/values.h \
	$(end)
# Files that need libraries that may be left out.
policy_library_sources = \
	%D%/hostname.c \
	$(end)
# Files that look up users; the static CGI program leaves them out.
policy_user_sources = \
	%D%/lint_missing.c \
	$(end)
# Files for corscheck only: corrected policies, and policies from other
# servers' configurations.
policy_import_sources = \
	%D%/apply.c \
	%D%/apply.h \
	%D%/import.c \
	%D%/import.h \
	%D%/import_apache.c \
	%D%/import_apache.h \
	%D%/import_apache_header.c \
	%D%/import_apache_words.c \
	%D%/import_condition.c \
	%D%/import_nginx.c \
	%D%/import_nginx.h \
	%D%/import_nginx_header.c \
	%D%/import_nginx_words.c \
	%D%/import_origins.c \
	%D%/import_other.c \
	%D%/import_parts.c \
	%D%/import_parts.h \
	%D%/import_values.c \
	%D%/import_write.c \
	$(end)
EXTRA_DIST += %D%/README
