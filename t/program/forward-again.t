#!/usr/bin/perl
# Forward, if the first address does not respond: which requests are retried,
# at which address, how often, and which never are.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get request_bytes);
use Corswrap::Peer;
use Corswrap::Responder;
use Corswrap::Test qw(free_port have_program run tempdir wait_for
    write_file);
use Test::More;
use Time::HiRes qw(sleep time);

my $origin = 'https://app.example.com';
my $dir    = tempdir();
my $hello  = "Content-Type: text/plain\r\n\r\n";

sub forwarder {
	my ($addresses, $app, $server) = @_;
	return responder(policy => join "\n", '[cors]', "origins = $origin",
		'methods = PUT', '[server]', 'log = debug',
		$server // '', '[app]', "forward = @$addresses", $app // '', '');
}

sub ask {
	my ($r, %o) = @_;
	my $method = delete $o{method} // 'GET';
	return fcgi_get($r->address, params => get(REQUEST_METHOD => $method,
		CONTENT_LENGTH => length($o{stdin} // '')), timeout => 60, %o);
}

# An application with its own address that responds with its name.
sub names_itself {
	my ($name) = @_;
	return peer("unix:$dir/$name", sub {
		my ($c) = @_;
		while (my $r = $c->read_request) {
			$c->answer($hello . $name . $r->{stdin});
			return unless $r->{keep};
		}
	});
}

# One that reads requests and closes the connection without a response.
sub swallows {
	my ($name) = @_;
	return peer("unix:$dir/$name", sub { $_[0]->read_request });
}

# One whose first connection is kept, and ends with the next request; all that
# come after it end with their first.
sub goes_stale {
	my ($name) = @_;
	return peer("unix:$dir/$name", sub {
		my ($c) = @_;
		$c->read_request or return;
		return if -e "$dir/$name.used";
		open my $fh, '>', "$dir/$name.used" or die;
		$c->answer($hello . 'kept');
		$c->read_request;
	});
}

my $good = names_itself('good');

# --- to the end of the list -------------------------------------------------------
{
	my @bad = map { swallows("bad$_") } 1 .. 3;
	my @all = ((map { "unix:$dir/bad$_" } 1 .. 3), "unix:$dir/good");
	my $r = forwarder(\@all);
	my $a = ask($r);
	is($a->{body}, 'good', 'three go away: GET reaches the fourth');
	is($_->noted('request'), 1, 'each is asked once') for @bad;
	is($r->stop, 0, 'ends well');

	$r = forwarder(\@all);
	$a = ask($r, method => 'PUT', stdin => 'x' x 300_000);
	is($a->{body}, 'good' . 'x' x 300_000,
		'PUT too, with the whole of its body');
	$r->stop;

	$r = forwarder(\@all);
	$a = ask($r, method => 'QUERY', stdin => 'id=1');
	is($a->{body}, 'goodid=1', 'QUERY too (RFC 10008)');
	$r->stop;

	$r = forwarder(\@all);
	$_->forget for @bad;
	$a = ask($r, method => 'POST', stdin => 'x');
	is($a->{status}, 502, 'POST does not');
	is_deeply([ map { $_->noted('request') } @bad ], [ 1, 0, 0 ],
		'one alone is asked');
	$r->stop;

	# no address left
	$r = forwarder([ @all[ 0 .. 2 ] ]);
	$_->forget for @bad;
	$a = ask($r);
	is($a->{status}, 502, 'all go away: 502');
	is_deeply([ map { $_->noted('request') } @bad ], [ 1, 1, 1 ],
		'after all were asked once');
	is($r->stop, 0, 'ends well');
}

# --- a stale connection, and then a dead application ---------------------------------
{
	my $stale = goes_stale('stale');
	my $r = forwarder([ "unix:$dir/stale", "unix:$dir/good" ], 'keep = 2');
	is(ask($r)->{body}, 'kept', 'a connection is kept');
	is(ask($r)->{body}, 'good',
		'stale, and a new one is no better: the other');
	is($stale->noted('request'), 3, 'the first was asked twice for it');
	is($r->stop, 0, 'ends well');
}

# --- a kept connection lives on, the other address comes back
# ---------------------------
{
	my $hold = sub {
		my ($c) = @_;
		while (my $r = $c->read_request) {
			wait_for(sub { !-e "$dir/wait" }, 30);
			$c->answer($hello . 'returned');
		}
	};
	my $old = peer("unix:$dir/returns", $hold);
	my $r = forwarder([ "unix:$dir/returns", "unix:$dir/good" ], 'keep = 4');
	is(ask($r)->{body}, 'returned', 'a connection is kept');
	# no process listens any more
	kill 'KILL', $old->{pid};
	unlink "$dir/returns";
	write_file("$dir/wait", '');
	my $c = fcgi_connect($r->address, timeout => 60);
	$c->send_bytes(request_bytes(params => get()));
	ok($old->wait_noted('request', 2), 'it lives, and is in use');
	is(ask($r)->{body}, 'good', 'who needs another goes to the other');
	ok($r->wait_log(qr/\[connect-failed\]/), 'the first is taken for dead');
	unlink "$dir/wait";
	is($c->read_response->{body}, 'returned', 'an answer all the same');
	my $new = peer("unix:$dir/returns", $hold);
	ok(wait_for(sub { ask($r); $r->log =~ /\[connected\]/ }, 12),
		'one that lives again is found, kept connections or not');
	is($r->stop, 0, 'ends well');
	$_->stop for $old, $new;
}

# --- overloaded: not run, so any address may be tried
# ---------------------------------
{
	my $full = peer("unix:$dir/full", sub {
		my ($c) = @_;
		$c->read_request or return;
		$c->end(0, 2);
	});
	my $r = forwarder([ "unix:$dir/full", "unix:$dir/good" ]);
	for my $method (qw(GET POST)) {
		is(ask($r, method => $method, stdin => 'x')->{body}, 'goodx',
			"FCGI_OVERLOADED: $method goes to the other");
	}
	is($full->noted('request'), 2, 'the overloaded one does not rest');
	unlike($r->log, qr/connect-failed/, 'nor is it called dead');
	$r->stop;
	$r = forwarder(["unix:$dir/full"]);
	my $a = ask($r);
	is($a->{status}, 503, 'FCGI_OVERLOADED and nobody else: 503');
	is($a->{header}{'retry-after'}[0], 1, 'Retry-After');
	is($full->noted('request'), 3, 'asked once');
	is($r->stop, 0, 'ends well');
}

# --- total-timeout also applies to connecting
# -------------------------------------------
{
	my $busy = peer("unix:$dir/busy", undef, busy => 1, backlog => 1);
	my @held = fill_backlog("$dir/busy");
	my $r = forwarder(["unix:$dir/busy"],
		"connect-timeout = 40s\ntotal-timeout = 400ms");
	my $start = time;
	my $a = ask($r);
	is($a->{status}, 504, 'a backlog that stays full: total-timeout');
	like($r->log, qr/\[total-timeout\]/, 'by its id');
	ok(time - $start < 20, 'in time');
	is($r->stop, 0, 'ends well');

	my $port = free_port();
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		LocalPort => $port, Listen => 0, ReuseAddr => 1) or die;
	for (1 .. 20) {
		my $s = IO::Socket::INET->new(Proto => 'tcp') or die;
		$s->blocking(0);
		connect $s, Socket::pack_sockaddr_in($port,
			Socket::inet_aton('127.0.0.1'));
		push @held, $s;
	}
	$r = forwarder(["tcp:127.0.0.1:$port"],
		"connect-timeout = 40s\ntotal-timeout = 400ms");
	sleep 0.2;
	$start = time;
	$a = ask($r);
	is($a->{status}, 504, 'TCP: total-timeout');
	ok(time - $start < 20, 'in time');
	is($r->stop, 0, 'ends well');
}

# --- a client that disconnects before there is a connection
# ----------------------------
{
	my $busy = peer("unix:$dir/busy2", undef, busy => 1, backlog => 1);
	my @held;
	while (@held < 50) {
		my $s = IO::Socket::UNIX->new(Type => Socket::SOCK_STREAM())
		    or die;
		$s->blocking(0);
		last unless connect $s,
		    Socket::pack_sockaddr_un("$dir/busy2");
		push @held, $s;
	}
	my $r = forwarder(["unix:$dir/busy2"], 'connect-timeout = 10m');
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => get()));
	sleep 0.2;
	$c->close;
	ok($r->wait_log(qr/\[client-gone\]/), 'nobody waits for nobody');
	is($r->stop, 0, 'ends well');

	# and a shutdown of corswrap does not wait for the application
	$r = forwarder(["unix:$dir/busy2"],
		'connect-timeout = 10m', 'drain-timeout = 300ms');
	$c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => get()));
	sleep 0.2;
	$r->signal('TERM');
	is($c->read_response(timeout => 60)->{status}, 503,
		'drain-timeout is over: 503');
	is($r->wait_end, 0, 'ends well');
}

# --- no descriptors left: that is our own failure
# ---------------------------------------

# Allow a process one more descriptor than it has.
sub one_more {
	my ($pid) = @_;
	my (%used, @free);
	opendir my $dh, "/proc/$pid/fd" or die;
	$used{$_} = 1 for grep { /^\d+$/ } readdir $dh;
	for (my $i = 0; @free < 2; $i++) {
		push @free, $i unless $used{$i};
	}
	run([ 'prlimit', '--pid', $pid, "--nofile=$free[1]:" ]);
	return;
}

SKIP: {
	skip 'no prlimit', 4 unless have_program('prlimit');
	my $r = forwarder([ "unix:$dir/none", "unix:$dir/good" ]);
	my $before = $r->descriptors;
	is(ask($r)->{body}, 'good', 'an answer');
	wait_for(sub { $r->descriptors <= $before });
	# The connection to corswrap uses it; one of before may just be closed.
	my $a;
	for (1 .. 5) {
		one_more($r->pid);
		$a = ask($r);
		last if $a->{status} == 503;
	}
	is($a->{status}, 503, 'no descriptor is left: 503');
	unlike($r->log, qr/good: .*\[connect-failed\] [^m]/,
		'the application is not called dead');
	run([ 'prlimit', '--pid', $r->pid, '--nofile=1000:' ]);
	is(ask($r)->{body}, 'good', 'and is asked again at once');
	$r->stop;
}

# --- what a client cannot set -----------------------------------------------------------
{
	my $echo = peer("unix:$dir/echo", sub {
		my ($c) = @_;
		my $r = $c->read_request or return;
		my @list = @{ $r->{list} };
		my $text = $hello;
		while (my ($name, $value) = splice @list, 0, 2) {
			$text .= "$name=$value\n";
		}
		$c->answer($text);
	});
	my $r = forwarder(["unix:$dir/echo"]);
	# R38: a client's `PHP-Value: x` is HTTP_PHP_VALUE; PHP_VALUE is the server's.
	my $body = ask($r, params => get(HTTP_PHP_VALUE => 'x',
		HTTP_PHP_ADMIN_VALUE => 'y', "PHP_VALUE\0X" => 'nul',
		"PHP_VALUE\nX" => 'line', 'PHP_VALUE ' => 'blank',
		"X\0\1\1PHP_VALUE" => 'inside', '' => 'PHP_VALUE=empty',
		'=PHP_VALUE' => 'equals'))->{body};
	is_deeply([ grep { /^PHP_/ } split /\n/, $body ], [],
		'no PHP_VALUE, however the client writes it');
	like($body, qr/^HTTP_PHP_VALUE=x$/m, 'its header is handed on');
	$body = ask($r, params => get(PHP_VALUE => 'precision=5'))->{body};
	like($body, qr/^PHP_VALUE=precision=5$/m, "the server's own is, too");
	is($r->stop, 0, 'ends well');
}

done_testing;
