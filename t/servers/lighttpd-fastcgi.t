#!/usr/bin/perl
# lighttpd mod_fastcgi starts the responder, on descriptor 0.
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
my $port = serve($dir, 'lighttpd', 'lighttpd-fastcgi.conf');
check_exchanges($port, '/api', "$dir/run/count");
show_logs($dir);
done_testing;
