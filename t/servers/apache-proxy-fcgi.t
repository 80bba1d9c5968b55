#!/usr/bin/perl
# Apache mod_proxy_fcgi in front of a responder on a unix socket.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no Apache with mod_proxy_fcgi' unless
    have_program('apache2') && -e module_folder() . '/mod_proxy_fcgi.so';
my $dir = site();
responder_on($dir, "$dir/etc/scripts.ini");
my $port = serve($dir, 'apache', 'apache-proxy-fcgi.conf');
check_exchanges($port, '/cgi-bin/report.pl', "$dir/run/count");
show_logs($dir);
done_testing;
