# SPDX-License-Identifier: ISC
# Files that interpreters load to run warm.  They are installed in a folder of
# corswrap, because no other program may find them.
warmperldir = $(pkglibexecdir)/perl/Corswrap
dist_warmperl_DATA = %D%/perl/Corswrap/Warm.pm
warmpythondir = $(pkglibexecdir)/python
dist_warmpython_DATA = %D%/python/corswrap_warm.py
warmphpdir = $(pkglibexecdir)/php
dist_warmphp_DATA = %D%/php/report.php
