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

# As a daemon, as packages start it: it has no standard error, but the policy
# has a log-file.
{
	my $dir = site();
	my $port = free_port();
	my $config = example($dir, 'lighttpd-fastcgi.conf', $port);
	my $pid_file = "$dir/run/lighttpd.pid";
	write_file($config, read_file($config)
	    . "server.pid-file = \"$pid_file\"\n");
	my ($exit, $out, $err) = run([ have_program('lighttpd'), '-f', $config ]);
	is($exit, 0, 'lighttpd as a daemon') or diag($out, $err);
	wait_port($port) or diag(server_logs($dir));
	http($port, 'OPTIONS', '/api', [ Origin => 'https://evil.example',
		'Access-Control-Request-Method' => 'PUT' ]);
	my $log = "$dir/log/corswrap-lighttpd.log";
	ok(wait_for(sub { read_file($log) =~ /\[origin-not-allowed\]/ }),
	    'a refusal is in the log-file');
	like(read_file($log), qr/log in \Q$log\E \[started\]/,
	    'whose first line says where it is');
	# It waits for what it started.
	my ($pid) = read_file($pid_file) =~ /^(\d+)/;
	kill 'TERM', $pid if $pid;
	ok(wait_for(sub { $pid && !kill 0, $pid }), 'and it ends');
}
done_testing;
