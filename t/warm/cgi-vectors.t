#!/usr/bin/perl
# Runs t/program/cgi-vectors.t with every Perl program warm: the rows of
# t/vectors/cgi.tsv about running programs.  It fails if a program runs cold.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();

$ENV{CORSWRAP_WARM} = 1;
exec $^X, "$FindBin::RealBin/../program/cgi-vectors.t" or die "perl: $!";
