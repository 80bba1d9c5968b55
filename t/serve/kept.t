#!/usr/bin/perl
# Every further request of a kept connection: however it is split, with records
# between requests, and what ends it.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect record begin_record params_records
    request_bytes stdin_records);
use Corswrap::Responder;
use Corswrap::Test qw(read_file wait_for);
use Test::More;
use Time::HiRes qw(sleep);

my @standing = (timeout => 30);
my $r = responder(more => { app => 'stderr = fastcgi' }, program => <<'SH');
printf 'Content-Type: text/plain\n\n%s|%s|' "$REQUEST_METHOD" "$X_VALUE"
[ -z "$COMPLAIN" ] || echo "$COMPLAIN" >&2
[ -z "$SLEEP" ] || exec sleep "$SLEEP"
cat
SH
my $a = $r->address;

# A connection that has been kept over a preflight.
sub kept {
	my $c = fcgi_connect($a);
	is($c->request(params => preflight(), keep => 1, @standing)->{status},
	    204, 'kept') or diag $r->log;
	return $c;
}

sub post {
	my ($body, @more) = @_;
	return { %{ get() }, REQUEST_METHOD => 'POST',
		CONTENT_LENGTH => length $body, @more };
}

sub still_good {
	my ($c, $name) = @_;
	is($c->request(params => preflight(), keep => 1, @standing)->{status},
	    204, "$name: and a preflight after it");
	return;
}

# --- invalid bodies
# ----------------------------------------------------------------

# Parameters in place of the body, which contain bytes that look like its end,
# and a request after them.
{
	my $c = kept();
	my %o = (params => post('hello'), keep => 1);
	$c->send_bytes(begin_record(%o) . params_records($o{params}, %o)
	    . record(5, 1, 'hell') . record(4, 1, record(5, 1, '') .
		request_bytes(params => preflight(), keep => 1)) . record(5, 1, ''));
	is($c->read_response(@standing)->{status}, 400,
	    'parameters within a body: 400');
	is($c->read_bytes(20), '', 'and nothing behind them is answered');
	ok($c->{eof}, 'but the connection closed');
}

# --- bodies ---------------------------------------------------------------------

for my $row ([ 'a body in one piece', 'hello' ],
    [ 'no body', '' ],
    [ 'records of 7 bytes, padded', 'abcdefghijklmnopqrstuvwxyz' x 5,
	split => 7, padding => 3 ],
    [ 'a body as large as what is read at once', 'x' x 16384 ],
    [ 'a large body', 'y' x 300_000 ],
    [ 'a large body in small records', 'z' x 100_000, split => 1000,
	padding => 255 ]) {
	my ($name, $body, @how) = @$row;
	my $c = kept();
	my $got = $c->request(params => post($body), keep => 1, stdin => $body,
		@how, @standing);
	ok($got->{body} eq "POST||$body", $name)
	    or diag substr $got->{body}, 0, 80;
	still_good($c, $name);
}

{
	my $c = fcgi_connect($a);
	my $got = $c->request(params => post('first'), keep => 1,
		stdin => 'first', @standing);
	is($got->{body}, 'POST||first', 'a body in the first request');
	still_good($c, 'that');
}

# --- pieces -----------------------------------------------------------------------

{
	my $c = kept();
	my $bytes = request_bytes(params => post('in pieces'), keep => 1,
		stdin => 'in pieces');
	for my $part (unpack '(a29)*', $bytes) {
		$c->send_bytes($part);
		sleep 0.005;
	}
	is($c->read_response(@standing)->{body}, 'POST||in pieces', 'in pieces');
	still_good($c, 'pieces');

	$c->send_bytes(request_bytes(params => get(X_VALUE => 1), keep => 1)
	    . request_bytes(params => post('two', X_VALUE => 2), keep => 1,
		stdin => 'two', id => 7)
	    . request_bytes(params => get(X_VALUE => 3), keep => 1));
	is($c->read_response(@standing)->{body}, 'GET|1|', 'three at once: one');
	my $got = $c->read_response(@standing);
	is($got->{body}, 'POST|2|two', 'two');
	is($got->{id}, 7, 'under its own id');
	is($c->read_response(@standing)->{body}, 'GET|3|', 'three');
	still_good($c, 'three at once');

	my $value = 'v' x 60_000;
	$got = $c->request(params => get(X_VALUE => $value), keep => 1,
		split => 500, padding => 7, @standing);
	ok($got->{body} eq "GET|$value|", '60000 bytes of parameters in records'
	    . ' of 500');
	$got = $c->request(params => get(X_VALUE => 'a'), keep => 1, long => 1,
		@standing);
	is($got->{body}, 'GET|a|', 'lengths of four bytes');
	$got = $c->request(params => preflight(HTTP_ORIGIN =>
		"https://app.example.com\0"), keep => 1, @standing);
	is($got->{status}, 403, 'an origin that ends in NUL is not that origin');
	still_good($c, 'NUL');
}

# --- records between requests
# -------------------------------------------------------

{
	my $c = kept();
	$c->send_bytes(record(9, 0, "\x0eFCGI_MAX_CONNS" =~ s/^./\x0e\0/sr));
	my $record = $c->read_record(20);
	is($record->{type}, 10, 'GET_VALUES is answered');
	like($record->{content}, qr/FCGI_MAX_CONNS\d+/, 'with a number');
	still_good($c, 'GET_VALUES');
	$c->send_bytes(begin_record(keep => 1) . params_records(post('abcd'))
	    . record(5, 9, 'not ours', 4) . stdin_records('abcd'));
	is($c->read_response(@standing)->{body}, 'POST||abcd',
	    "another request's record in the body");
	my $got = $c->request(params => get(COMPLAIN => 'woe'), keep => 1,
		@standing);
	is($got->{body}, 'GET||', 'a program that complains');
	like($got->{stderr}, qr/^woe$/m, 'is heard over FCGI_STDERR');
	is((grep { $_->[0] == 7 && $_->[1] == 0 } @{ $got->{records} }), 1,
	    'which has an end');
	still_good($c, 'complaints');
}

# A server may abort when we have just responded, or at once.
{
	my $c = kept();
	$c->send_bytes(record(2, 1));
	still_good($c, 'ABORT_REQUEST of a request that has ended');
	$c->send_bytes(record(2, 7, 'padded', 3));
	still_good($c, 'of one that never was');

	$c->send_bytes(request_bytes(params => get(SLEEP => 120), keep => 1)
	    . record(2, 1));
	my $got = $c->read_response(@standing);
	ok($got->{ended}, 'ABORT_REQUEST right behind its request ends it')
	    or diag $r->log;
}

# More than one request at a time is not supported (FCGI_MPXS_CONNS is 0).
for my $id (2, 65535) {
	my $c = kept();
	$c->send_bytes(begin_record(keep => 1) . params_records(post('abcd'))
	    . record(5, 1, 'ab') . begin_record(id => $id) . record(5, 1, 'cd')
	    . record(5, 1));
	my $got = $c->read_response(@standing);
	is($got->{id}, $id, 'another request in the body gets an answer');
	is($got->{protocolStatus}, 1, 'CANT_MPX_CONN');
	is($c->read_response(@standing)->{body}, 'POST||abcd',
	    'and the first one its own');
	still_good($c, 'multiplexing');
}

# --- what ends it ---------------------------------------------------------------------

{
	my $c = kept();
	my $got = $c->request(params => preflight(), keep => 1, role => 2,
		@standing);
	is($got->{protocolStatus}, 3, 'another role: UNKNOWN_ROLE');
	ok(defined $c->closed_within(20), 'and closed');

	$c = kept();
	$got = $c->request(params => get(X_VALUE => 'v' x 70_000), keep => 1,
		@standing);
	is($got->{status}, 400, '70000 bytes of parameters: 400');
	ok(defined $c->closed_within(20), 'and closed');

	for my $row ([ 'nonsense', "GET / HTTP/1.0\r\n\r\n" ],
	    [ 'a body before its request', record(5, 1, 'x') ],
	    [ 'half a pair', begin_record(keep => 1) . record(4, 1, "\5\5AB")
		. record(4, 1) ]) {
		my ($name, $bytes) = @$row;
		$c = kept();
		$c->send_bytes($bytes);
		ok(defined $c->closed_within(20), "$name: closed");
	}

	for my $row ([ 'aborted', record(2, 1) ],
	    [ 'a record of a wrong version', record(5, 1, 'x', 0, 3) ],
	    [ 'cut', undef ]) {
		my ($name, $bytes) = @$row;
		$c = kept();
		$c->send_bytes(begin_record(keep => 1)
		    . params_records(post('x' x 50, X_VALUE => $name))
		    . record(5, 1, 'some'));
		defined $bytes ? $c->send_bytes($bytes) : $c->shutdown_write;
		my $got = $c->read_response(@standing);
		unlike($got->{body}, qr/POST/, "a body that is $name: not run");
		ok(defined $c->closed_within(20), 'and closed');
	}
	still_good(kept(), 'all of it');
}

is($r->stop, 0, 'ended well');
done_testing;
