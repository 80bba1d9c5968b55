#!/usr/bin/perl
# The rows of t/vectors/cgi.tsv that concern running programs, with every
# Perl program warm: as t/program/cgi-vectors.t, which fails where one ran cold.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();

$ENV{CORSWRAP_WARM} = 1;
exec $^X, "$FindBin::RealBin/../program/cgi-vectors.t" or die "perl: $!";
