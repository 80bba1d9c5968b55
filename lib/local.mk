# SPDX-License-Identifier: ISC
# Modules for warm interpreters: in a folder of our own, so that other programs
# do not find them.
warmperldir = $(pkglibexecdir)/perl/Corswrap
dist_warmperl_DATA = %D%/perl/Corswrap/Warm.pm
warmpythondir = $(pkglibexecdir)/python
dist_warmpython_DATA = %D%/python/corswrap_warm.py
warmphpdir = $(pkglibexecdir)/php
dist_warmphp_DATA = %D%/php/report.php
