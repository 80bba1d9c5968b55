#!/usr/bin/perl
# The table "When a response is complete" in HACKING.md names its tests: they exist.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my ($table) = read_file(top_src() . '/HACKING.md') =~
    /^## When a response is complete\n(.*?)^## /ms;
ok($table, 'the table is there');
my $tests = join '', map { read_file(top_src() . "/t/$_/whole.t") }
    qw(program servers);
for my $row (grep { /^\| (?!---|what comes)/ } split /\n/, $table // '') {
	my ($what) = $row =~ /^\| ([^|]*?) \|/;
	my @names = $row =~ /`([^`]+)`/g;
	my @missing = grep { index($tests, $_) < 0 } @names;
	ok(@names && !@missing, "tests of: $what") || diag("@missing");
}
done_testing;
