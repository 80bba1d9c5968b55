#!/usr/bin/perl
# A request is read in the same way whether it is the first of its connection
# or a further one: records split and padded anywhere, records between them,
# and the time that they may take.  libfcgi fails on each of these, blocks, or
# loses the following bytes (HACKING.md, "Reading FastCGI").
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect record begin_record params_records
    request_bytes stdin_records);
use Corswrap::Responder;
use Corswrap::Scenes;
use Corswrap::Test qw(wait_for);
use Test::More;
use Time::HiRes qw(sleep time);

my @standing = (timeout => 60);
my $r = responder(args => [ '-w', 2 ], program => <<'SH');
printf 'Content-Type: text/plain\n\n%s|' "$X_VALUE"
cat
SH

sub post {
	my ($body, @more) = @_;
	return { %{ get() }, REQUEST_METHOD => 'POST',
		CONTENT_LENGTH => length $body, @more };
}

# While another connection exists, even a closing one, a single worker keeps
# none.
sub kept {
	my ($address) = @_;
	my $c;
	wait_for(sub {
		$c = fcgi_connect($address);
		$c->request(params => preflight(), keep => 1, @standing);
		return !defined $c->closed_within(0.3) });
	return $c;
}

my %connection = (first => \&fcgi_connect, kept => \&kept);

# A record of type with so much padding.
sub padded { return record($_[0], 1, $_[1], $_[2]) }

my $get_values = record(9, 0, "\x0e\0FCGI_MAX_CONNS");

for my $which (sort keys %connection) {
	my $connect = sub { return $connection{$which}->($r->address) };
	my $answers = sub {
		my ($c, $want, $name) = @_;
		my $got = $c->read_response(@standing);
		ok(($got->{body} // '') eq $want, "$which: $name")
		    or diag substr($got->{body} // '-', 0, 80), ' ', $got->{status};
		return $got;
	};
	my $next = sub {
		my ($c, $name) = @_;
		is($c->request(params => preflight(), keep => 1, @standing)
			->{status}, 204, "$which: $name: and the next request");
	};
	my @begin = (1, pack('nCx5', 1, 1));

	# --- cut and padded -------------------------------------------------------
	for my $padding (1, 7, 255) {
		my $c = $connect->();
		my $pairs = Corswrap::FastCGI::pairs(
		    [ map { ($_ => post('abc', X_VALUE => 1)->{$_}) }
		    sort keys %{ post('abc', X_VALUE => 1) } ]);
		$c->send_bytes(padded(@begin, $padding)
		    . padded(4, $pairs, $padding) . padded(4, '', $padding)
		    . padded(5, 'abc', $padding) . padded(5, '', $padding));
		$answers->($c, '1|abc', "every record has $padding bytes of padding");
		$next->($c, 'padding');
	}
	{
		my $c = $connect->();
		my $bytes = request_bytes(params => post('bytes'), keep => 1,
		    stdin => 'bytes', padding => 2);
		for my $byte (split //, $bytes) {
			$c->send_bytes($byte);
			sleep 0.0005;
		}
		$answers->($c, '|bytes', 'a byte at a time');
		$next->($c, 'bytes');
	}
	{
		# 9 bytes on the wire for each, so more than any buffer of ours.
		my $value = 'v' x 60_000;
		my $bytes = request_bytes(params => post('x', X_VALUE => $value),
			split => 1, keep => 1, stdin => 'x');
		my $c = $connect->();
		$c->send_bytes($bytes);
		$answers->($c, "$value|x", '60000 parameter bytes, a record each');
		$next->($c, 'small records');
	}
	{
		my $c = $connect->();
		my %nul = map { ("X_$_" => "a\0b") } 1 .. 9;
		$c->send_bytes(request_bytes(params => post('x', %nul,
			X_VALUE => "n\0l"), keep => 1, stdin => 'x'));
		$answers->($c, "n\x01l|x", 'NULs in ten parameters');
	}

	# --- records between requests
	# -----------------------------------------------
	{
		my $c = $connect->();
		my $records = params_records(post('abc', X_VALUE => 2), split => 40);
		substr $records, 48, 0, $get_values; # behind the first record
		$c->send_bytes(begin_record(keep => 1) . $records);
		my $record = $c->read_record(20);
		is($record->{type}, 10,
		    "$which: GET_VALUES among the parameters is answered at once");
		$c->send_bytes(record(5, 1, 'ab') . $get_values);
		$record = $c->read_record(20);
		is($record->{type}, 10, "$which: and one within the body");
		$c->send_bytes(stdin_records('c'));
		$answers->($c, '2|abc', 'GET_VALUES: nothing of it in the request');
		$next->($c, 'GET_VALUES');
	}
	for my $id (7, 65535) {
		my $c = $connect->();
		my $first = params_records(post('abc', X_VALUE => 3), split => 40);
		substr $first, 48, 0, begin_record(id => $id, keep => 1)
		    . params_records({ X_VALUE => 'other' }, id => $id);
		$c->send_bytes(begin_record(keep => 1) . $first
		    . stdin_records('not ours', id => $id) . stdin_records('abc'));
		my $got = $c->read_response(@standing);
		is_deeply([ @$got{qw(id protocolStatus)} ], [ $id, 1 ],
		    "$which: request $id among the parameters: CANT_MPX_CONN");
		$answers->($c, '3|abc', 'nothing of it in the first one');
		$next->($c, 'a second request');
	}
	{
		my $c = $connect->();
		$c->send_bytes(record(2, 1) . record(2, 9, 'x', 3)
		    . request_bytes(params => post('', X_VALUE => 4), keep => 1));
		$answers->($c, '4|', 'late aborts of requests that have ended');

		$c = $connect->();
		$c->send_bytes(begin_record(keep => 1) . begin_record(keep => 1));
		ok(defined $c->closed_within(20),
		    "$which: the same request begun twice: closed");
	}
	{
		# The refusal arrives although its request is still being sent.
		my $c = $connect->();
		$c->send_bytes(begin_record(keep => 1, role => 3));
		my $got = $c->read_response(@standing);
		is($got->{protocolStatus}, 3, "$which: another role: UNKNOWN_ROLE");
		ok(defined $c->closed_within(20), "$which: and closed");
	}

	# The response reaches a server that is still sending the request.
	for my $case ([ 400, begin_record() . params_records([ A => 'a' x 60_000,
		B => 'b' x 60_000 ], no_params_end => 1), 'too many parameters' ],
	    [ 0, begin_record(role => 3), 'another role, still sent' ]) {
		my ($status, $bytes, $name) = @$case;
		my $c = $connect->();
		$c->send_bytes($bytes);
		my $got = $c->read_response(@standing);
		is($got->{status} // 0, $status, "$which: $name: the response");
		my $sent = 0;
		for (1 .. 30) {
			$sent += $c->send_bytes(params_records([ C => 'c' x 1000 ],
				no_params_end => 1)) > 1000;
			sleep 0.005;
		}
		is($sent, 30, "$which: $name: the rest is still read");
	}

	# --- several requests in one packet ------------------------------------------
	{
		my $c = $connect->();
		$c->send_bytes(join '', map { request_bytes(id => $_, keep => 1,
			params => post("body $_", X_VALUE => $_),
			stdin => "body $_") } 1 .. 5);
		$answers->($c, "$_|body $_", "request $_ of five in one packet")
		    for 1 .. 5;
	}
}
is($r->stop, 0, 'ended well');

# --- time -----------------------------------------------------------------------

# Does a preflight over a new connection get a response?
sub serves {
	my ($address) = @_;
	my $c = fcgi_connect($address);
	return $c->request(params => preflight(), @standing)->{status} == 204;
}

sub never_complete {
	my ($which) = @_;
	my $r1 = responder(args => [ '-w', 1 ]);
	my $a  = $r1->address;
	serves($a);
	my $c  = $connection{$which}->($a);
	my $bytes = request_bytes(params => preflight(), keep => 1);
	$c->send_bytes(substr $bytes, 0, 60);
	my $start = time;
	sleep 0.1;
	# No client waits any more, so it has its full time.
	ok(serves($a) && !defined $c->closed_within(0),
	    "$which: whose parameters are not complete holds no worker");
	ok(serves($a) && !defined $c->closed_within(0), 'nor later');
	my $closed = $c->closed_within(30);
	my $all    = time - $start;
	ok(defined $closed, "$which: it is closed then");
	cmp_ok($all, '>', 3, "$which: when it had some seconds for them");
	is($r1->stop, 0, 'ended well');
	return;
}

# Trickling does not extend the time: all of it would take far longer.
sub trickle {
	my ($which) = @_;
	my $r1 = responder(args => [ '-w', 1 ]);
	my $c  = $connection{$which}->($r1->address);
	my $bytes = request_bytes(params => preflight(), keep => 1);
	my ($sent, $closed) = (0);
	for my $byte (split //, substr $bytes, 0, -1) {
		$c->send_bytes($byte);
		$sent++;
		$closed = $c->closed_within(0.1);
		last if defined $closed;
	}
	ok(defined $closed && $sent < 150, "$which: nor does a byte every 0.1 s")
	    or diag "$sent of " . length $bytes;
	is($r1->stop, 0, 'ended well');
	return;
}

# Stopped for longer than that with the rest under way: not its fault.
sub stopped {
	my ($which) = @_;
	my $r1 = responder(args => [ '-w', 1 ]);
	my $c  = $connection{$which}->($r1->address);
	my $bytes = request_bytes(params => preflight(), keep => 1);
	$c->send_bytes(substr $bytes, 0, 60);
	sleep 0.3;
	kill 'STOP', $r1->pid;
	$c->send_bytes(substr $bytes, 60);
	sleep 6;
	kill 'CONT', $r1->pid;
	is($c->read_response(@standing)->{status}, 204,
	    "$which: a responder that was stopped answers what came meanwhile");
	is($r1->stop, 0, 'ended well');
	return;
}

for my $which (sort keys %connection) {
	scene "never complete, $which" => sub { never_complete($which) };
	scene "trickle, $which" => sub { trickle($which) };
	scene "stopped, $which" => sub { stopped($which) };
}
play_scenes();
done_testing;
