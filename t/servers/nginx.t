#!/usr/bin/perl
# nginx in front of a responder on a unix socket: its own, and one that systemd
# opened and passes on.
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

# max-body of the policy is the limit, and not client_max_body_size: nginx's 413
# would have no CORS headers.
write_file("$dir/etc/app.ini", read_file("$dir/etc/app.ini") =~
    s/^\[app\]/[app]\nmax-body = 3M/mr);
kill 'HUP', $pid;
my $r;
# Until the changed policy is in force.
ok(wait_for(sub {
	$r = http($port, 'POST', '/api',
	    [ Origin => 'https://app.example.com' ], 'x' x 5_000_000);
	return ($r->{status} // 0) == 413 }), '5 MB: 413');
is(header($r, 'Access-Control-Allow-Origin'), 'https://app.example.com',
    'which the page can read');
write_file("$dir/etc/app.ini", read_file("$dir/etc/app.ini") =~
    s/^max-body.*\n//mr);

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
