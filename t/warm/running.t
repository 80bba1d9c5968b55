#!/usr/bin/perl
# Runs t/program/running.t, about programs while they run, with every Perl program
# warm.  It fails if a program runs cold.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();

$ENV{CORSWRAP_WARM} = 1;
exec $^X, "$FindBin::RealBin/../program/running.t" or die "perl: $!";
