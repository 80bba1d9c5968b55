#!/usr/bin/perl
# lighttpd mod_cgi: a program with its policy beside it, and cgi.assign with
# corswrap as what runs scripts.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no lighttpd' unless have_program('lighttpd');
my $dir = site();
symlink "$dir/corswrap", "$dir/cgi/api.cgi";
write_file("$dir/cgi/.htapi.ini", policy('exec = report.pl'));
my $port = serve($dir, 'lighttpd', 'lighttpd-cgi.conf');
for my $path (qw(/api /cgi-bin/report.pl)) {
	unlink "$dir/run/count";
	subtest $path => sub { check_exchanges($port, $path, "$dir/run/count") };
}
is(http($port, 'GET', '/cgi-bin/.htapi.ini')->{status}, 403,
    'the policy is not served');
show_logs($dir);
done_testing;
