#!/usr/bin/perl
# The first command that a new user runs.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

plan skip_all => 'no lighttpd' unless have_program('lighttpd');
my ($exit, $out, $err) = run([ top_src() . '/examples/quickstart', '--check' ],
    env => { top_builddir => top_build() }, timeout => 120);
is($exit, 0, 'quickstart --check') or diag($out, $err);
like($out, qr/started 0 times/, 'a preflight does not start the script');
like($out, qr/started 2 times/, 'the POST and the GET do');
($exit, $out, $err) = run([ top_src() . '/examples/quickstart', '--foo' ]);
is($exit, 2, 'a mistake on its command line');
done_testing;
