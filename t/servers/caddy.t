#!/usr/bin/perl
# Caddy in front of a responder on a unix socket.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no Caddy' unless have_program('caddy');
my $dir = site();
responder_on($dir, "$dir/etc/app.ini");
my $port = serve($dir, 'caddy', 'Caddyfile');
check_exchanges($port, '/api', "$dir/run/count");
show_logs($dir);
done_testing;
