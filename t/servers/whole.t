#!/usr/bin/perl
# When a response is complete (the table in HACKING.md), behind nginx and
# lighttpd: the client's result, the program's end, and the log.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;
use Socket;
use Time::HiRes qw(sleep time);

my @servers = grep { have_program($_->[0]) } [ nginx => 'nginx.conf' ],
    [ lighttpd => 'lighttpd-fastcgi.conf' ];
plan skip_all => 'no nginx, no lighttpd' unless @servers;

# The actions of ?do=; a program that reaches its end writes "end".
my $program = <<'END';
#!/usr/bin/perl
use POSIX ();
$| = 1;
my ($do) = $ENV{QUERY_STRING} =~ /^(\w+)/;
sub done { open my $f, '>', "RUN/end-$do"; close $f }
if ($do eq 'killed') { print "A: 1\n\n", 'x' x 20_000; sleep 1; kill 9, $$ }
if ($do eq 'atonce') { print "A: 1\n\n", 'x' x 900; kill 9, $$; sleep 9 }
if ($do eq 'late') { print "A: 1\n\nabc"; sleep 60 }
if ($do eq 'closes') { print "A: 1\n\nabc"; close STDOUT; POSIX::close(1); sleep_a_bit() for 1 .. 17; done() }
if ($do eq 'flood') { print "A: 1\n\n"; print 'x' x 65536 for 1 .. 1000 }
if ($do eq 'flows') { print "A: 1\n\n"; for (1 .. 200) { print 'x' x 5000; sleep_a_bit() } }
# Work at the end, such as a commit or Python's atexit.
if ($do eq 'length') { print "Content-Length: 3\n\nabc"; work() }
if ($do eq 'head') { print "A: 1\n\n"; work() }
if ($do =~ /^(204|304)/) { print "Status: $1\n\n"; work() }
if ($do eq 'less') { print "Content-Length: 9\n\nabc"; work() }
sub work { for (1 .. 10) { print "\n" if $do ne 'length' || $_ > 5; sleep_a_bit() } done() }
sub sleep_a_bit { select undef, undef, undef, 0.1 }
END

# Does curl take it for complete?  (exit status, body)
sub fetch {
	my ($port, $do, @more) = @_;
	my ($exit, $out) = run([ 'curl', '-s', '-m', 20, @more,
		"http://127.0.0.1:$port/api?$do" ], timeout => 60);
	return ($exit, $out);
}

# A client that does not read yet.
sub slow_client {
	my ($port, $do) = @_;
	socket my $s, AF_INET, SOCK_STREAM, 0 or die "socket: $!";
	setsockopt $s, SOL_SOCKET, SO_RCVBUF, 4096;
	connect $s, sockaddr_in($port, INADDR_LOOPBACK) or die "connect: $!";
	syswrite $s, "GET /api?$do HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    . "Connection: close\r\n\r\n";
	return $s;
}

for my $of (@servers) {
	my ($server, $file) = @$of;
	my $dir = site();
	write_file("$dir/cgi/report.pl", $program =~ s{RUN}{$dir/run}gr, 0755);
	for my $ini ("$dir/etc/app.ini", "$dir/etc/lighttpd.ini") {
		write_file($ini, read_file($ini) =~
		    s/^\[app\]/[app]\nidle-timeout = 2s\nkill-grace = 300ms/mr);
	}
	responder_on($dir, "$dir/etc/app.ini") if $server eq 'nginx';
	my $port = serve($dir, $server, $file);

	my ($exit, $body) = fetch($port, 'killed');
	isnt($exit, 0, "F4, $server: a signal: the client sees that it is cut");
	# lighttpd counts what it has when the connection ends beside the data.
	my $whole = grep { (fetch($port, 'atonce'))[0] == 0 } 1 .. 10;
	is($whole, 0, "F4, $server: a signal at once: each is seen to be cut");
	($exit, $body) = fetch($port, 'late');
	is($body, 'abc', "F4, $server: a timeout: what came");
	isnt($exit, 0, "F4, $server: a timeout: the client sees that it is cut");

	# A client that reads slowly until the timeout, which hits within a
	# record: nginx takes that for the end.  (nginx must pass data on at
	# once, or it would read all of it itself.)
	if ($server eq 'nginx') {
		my $s = slow_client($port, 'flood');
		ok(wait_for(sub { read_file("$dir/log/corswrap.log") =~
		    /the client does not read.*\[idle-timeout\]/ }, 20), "F3, $server: a client that takes nothing");
		my $got = '';
		1 while sysread $s, $got, 1 << 20, length $got;
		like($got, qr{^HTTP/1\.1 200.*Transfer-Encoding: chunked}s, "F3, $server: a slow client");
		unlike($got, qr{\r\n0\r\n\r\n\z}, "F3, $server: sees that it is cut");
	}

	my $log = sub { read_file($server eq 'nginx' ? "$dir/log/corswrap.log"
		: "$dir/log/corswrap-lighttpd.log") };
	($exit, $body) = fetch($port, 'closes');
	is("$exit $body", '0 abc', "F11, $server: standard output closed: whole");
	ok(!-e "$dir/run/end-closes", "F11, $server: while the program goes on");
	for my $case ([ 'length' ], [ 'head', '-I' ], [ 204 ], [ 304 ]) {
		my ($do, @more) = @$case;
		($exit, $body) = fetch($port, $do, @more);
		is($exit, 0, "F10, $server: $do: whole");
		ok(wait_for(sub { -e "$dir/run/end-$do" }, 10),
		    "F10, $server: $do: the program comes to its end");
	}
	ok(wait_for(sub { -e "$dir/run/end-closes" }, 10),
	    "F11, $server: the program comes to its end");
	unlike($log->(), qr/client-gone/, "F10, $server: no client is gone");
	# A client that disconnects is noticed; not by lighttpd while there is
	# no output.
	fetch($port, 'flows', '-m', 1);
	ok(wait_for(sub { $log->() =~ /client-gone/ }, 10),
	    "$server: one that goes is");
	show_logs($dir);
}
done_testing;
