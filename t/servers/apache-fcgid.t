#!/usr/bin/perl
# Apache mod_fcgid with FcgidWrapper: one request a process (R40).
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no Apache with mod_fcgid'
    unless have_program('apache2') && -e module_folder() . '/mod_fcgid.so';
my $dir = site();
my $port = serve($dir, 'apache', 'apache-fcgid.conf');
check_exchanges($port, '/cgi-bin/report.pl', "$dir/run/count");
show_logs($dir);
done_testing;
