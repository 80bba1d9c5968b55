#!/usr/bin/perl
# HAProxy in front of a responder on a unix socket.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no HAProxy' unless have_program('haproxy');
my $dir = site();
responder_on($dir, "$dir/etc/app.ini");
my $port = serve($dir, 'haproxy', 'haproxy.cfg');
check_exchanges($port, '/api', "$dir/run/count");
show_logs($dir);
done_testing;
