#!/usr/bin/perl
# Input after a body: the next request is served, an ABORT_REQUEST ends the
# program, and so does a close, however the input is split; for the first
# request of a connection and a further one, for a program and for an
# application.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect record begin_record params_records
    request_bytes stdin_records);
use Corswrap::Peer;
use Corswrap::Responder;
use Corswrap::Test qw(read_file tempdir wait_for write_file);
use Test::More;

my @standing = (timeout => 30);
my $dir = tempdir();
my $r   = responder(program => <<'SH');
printf 'Content-Type: text/plain\n\n%s|' "$X_VALUE"
if [ -n "$SLEEP" ]; then
	cat
	echo $$ >"$SLEEP.new"
	mv "$SLEEP.new" "$SLEEP"
	exec sleep 120
fi
cat
SH

sub post {
	my ($body, @more) = @_;
	return { %{ get() }, REQUEST_METHOD => 'POST',
		CONTENT_LENGTH => length $body, @more };
}

# A new connection, and one that has been kept over a preflight.
my %connection = (
	'first' => sub { fcgi_connect($_[0]->address) },
	'kept'  => sub {
		my $c = fcgi_connect($_[0]->address);
		$c->request(params => preflight(), keep => 1, @standing);
		return $c;
	},
);

# --- another request ----------------------------------------------------------

my $large = join '', map { "line $_\n" } 1 .. 20_000;
for my $which (sort keys %connection) {
	for my $row ([ 'a short one', 'hello' ], [ 'a large one', $large ],
	    [ 'one in records of 7 bytes', 'some bytes more', split => 7,
		padding => 3 ],
	    [ 'one behind 20000 bytes of parameters', 'hello',
		large => 'v' x 20_000 ])
	{
		my ($name, $body, %how) = @$row;
		my $value = delete $how{large} // 1;
		my $c = $connection{$which}->($r);
		$c->send_bytes(
		    request_bytes(params => post($body, X_VALUE => $value),
			keep => 1, stdin => $body, %how)
		    . request_bytes(params => post('two', X_VALUE => 2),
			keep => 1, stdin => 'two', id => 2)
		    . request_bytes(params => get(X_VALUE => 3), keep => 1));
		is($c->read_response(@standing)->{body}, "$value|$body",
		    "$which: a body, $name");
		is($c->read_response(@standing)->{body}, '2|two',
		    'and the request right behind it');
		is($c->read_response(@standing)->{body}, '3|', 'and the third');
	}

	# A body that goes on past CONTENT_LENGTH.
	my $c = $connection{$which}->($r);
	$c->send_bytes(request_bytes(params => post('hello', X_VALUE => 1),
		keep => 1, stdin => 'hello and more')
	    . request_bytes(params => get(X_VALUE => 2), keep => 1));
	is($c->read_response(@standing)->{body}, '1|hello',
	    "$which: more than CONTENT_LENGTH says");
	is($c->read_response(@standing)->{body}, '2|',
	    'and the request behind that');
}

# --- the end ------------------------------------------------------------------

my $waiting = 0;
my $peer = peer("unix:$dir/app", sub {
	my ($c) = @_;
	my $request = $c->read_request or return;
	my $file = $request->{params}{SLEEP};
	$c->send(record(6, 1, "Content-Type: text/plain\n\n|"));
	write_file("$file.new", 'application');
	rename "$file.new", $file;
	# Until it learns that the client has disconnected.
	1 while $c->fill;
	write_file("$file.end", '');
});
my $forwarding = responder(policy => <<"INI");
[cors]
origins = https://app.example.com
[app]
forward = unix:$dir/app
INI

my $abort = record(2, 1);
my $end   = record(5, 1);
# Input with the body, input while the program runs, and whether that must end
# it without more input: shut.
my @cases = (
	[ 'an abort later',                   $end, $abort ],
	[ 'the end of the body, then abort',  '',   "$end$abort" ],
	[ 'the end, and an abort in halves',  '',   [ $end, substr($abort, 0, 5),
		substr($abort, 5) ] ],
	[ 'a padded abort',                   '',   $end . record(2, 1, 'x', 7) ],
	[ "an abort of something else first", $end, record(2, 9) . $abort ],
	[ 'the end, then closed',             '',   $end, 'close' ],
	[ 'the end in halves, then closed',   '',   [ substr($end, 0, 3),
		substr($end, 3) ], 'close' ],
);

sub ends {
	my ($what, $server, $body, $which, $name, $with, $later, $close) = @_;
	my $file = "$dir/run" . ++$waiting;
	my $c = $connection{$which}->($server);
	$c->send_bytes(begin_record(keep => 1)
	    . params_records(post($body, SLEEP => $file))
	    . stdin_records($body, no_stdin_end => 1) . $with);
	my $running = wait_for(sub { -e $file }, 30);
	ok($running, "$what, $which: runs") or return;
	for my $bytes (ref $later ? @$later : $later) {
		$c->send_bytes($bytes);
		select undef, undef, undef, 0.02;
	}
	$c->close if $close;
	chomp(my $pid = read_file($file));
	ok(wait_for(sub { $pid eq 'application' ? -e "$file.end"
		: !kill 0, $pid }, 30), "$what, $which: $name: is ended");
	return if $close;
	ok($c->read_response(@standing)->{ended}, 'and its answer too');
	return;
}

for my $which (sort keys %connection) {
	for my $case (@cases) {
		ends('a program', $r, 'hello', $which, @$case);
		ends('an application', $forwarding, 'hello', $which, @$case);
	}
	ends('a large body', $r, $large, $which, @{ $cases[1] });

	# Everything at once: it need not even run.
	my $c = $connection{$which}->($r);
	$c->send_bytes(request_bytes(params => post('hello',
		SLEEP => "$dir/once$which"), stdin => 'hello', keep => 1) . $abort);
	ok($c->read_response(@standing)->{ended},
	    "$which: an abort right behind the body");
}
is($r->stop, 0, 'ended well');
is($forwarding->stop, 0, 'and so did the other');
$peer->stop;
done_testing;
