#!/usr/bin/perl
# Programs while they run, with every
# Perl program warm: as t/program/running.t, which fails where one ran cold.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();

$ENV{CORSWRAP_WARM} = 1;
exec $^X, "$FindBin::RealBin/../program/running.t" or die "perl: $!";
