#!/usr/bin/perl
# nginx in front of a responder on a unix socket: its own, and one that systemd
# opened and hands over.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no nginx' unless have_program('nginx');
my $dir = site();
my $pid = responder_on($dir, "$dir/etc/app.ini");
my $port = serve($dir, 'nginx', 'nginx.conf');
subtest 'its own socket' =>
    sub { check_exchanges($port, '/api', "$dir/run/count") };

stop($pid);
ok(!-e "$dir/run/app.sock", 'which goes with it');

SKIP: {
	my $activate = have_program('systemd-socket-activate');
	skip 'no systemd', 1 unless $activate;
	my ($command) = unit($dir, 'corswrap@.service', 'app') =~
	    /^ExecStart=(.*)$/m;
	my ($socket) = unit($dir, 'corswrap@.socket', 'app') =~
	    /^ListenStream=(.*)$/m;
	start([ $activate, "--listen=$socket", split ' ', $command ],
	    stderr => "$dir/log/systemd.log");
	wait_for(sub { -S $socket }) or die "no socket\n", server_logs($dir);
	chmod 0666, $socket;
	# there is a moment between the file and the first that may connect
	wait_socket($socket) or die "nobody listens\n", server_logs($dir);
	unlink "$dir/run/count";
	subtest 'a socket of systemd' =>
	    sub { check_exchanges($port, '/api', "$dir/run/count") };
}
show_logs($dir);
done_testing;
