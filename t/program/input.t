#!/usr/bin/perl
# Passing the request body to the program: no body, small, in memory, in a
# file; cut off, too large, of unknown length; and no space for it.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect request_bytes record begin_record
    params_records stdin_records);
use Corswrap::Programs;
use Corswrap::Test;
use Test::More;
use Time::HiRes qw(sleep time);

mkdir "$dir/tmp";
my $r = run_responder("max-body = 4M\n[env]\nX = 1",
	server => "log = debug", env => { TMPDIR => "$dir/tmp" });

# The kind of standard input, the announced length, and the content.
perl_program('stdin.pl', 'binmode STDIN; print "Content-Type: text/plain\n\n",'
    . 'readlink("/proc/self/fd/0"), "\n",'
    . '$ENV{CONTENT_LENGTH} // "unset", "\n";'
    . 'local $/; my $b = <STDIN>; print length $b, "\n", unpack("%32C*", $b);');

sub body_of { my ($n) = @_; return substr 'abcdefghijklmnopqrstuvw' x ($n / 23 + 1), 0, $n }
sub sum_of { return unpack '%32C*', $_[0] }

# --- where it is stored ------------------------------------------------------

my $got = ask($r, 'stdin.pl');
is($got->{body}, "/dev/null\nunset\n0\n0", 'no body: /dev/null, no length');
$got = ask($r, 'stdin.pl', params => { CONTENT_LENGTH => -1,
	REQUEST_METHOD => 'POST' });
is($got->{body}, "/dev/null\nunset\n0\n0", 'none behind a length of -1');
for my $method (qw(GET HEAD OPTIONS POST)) {
	my $c = ask($r, 'stdin.pl', params => { REQUEST_METHOD => $method,
		CONTENT_LENGTH => '' });
	like($c->{body}, $method eq 'HEAD' ? qr/^$/ : qr{^/dev/null\n},
	    "$method with an empty CONTENT_LENGTH");
}
for my $case ([ 1, 'pipe:' ], [ 4096, 'pipe:' ], [ 65535, 'pipe:' ],
	[ 65536, 'pipe:' ], [ 65537, '/memfd:' ], [ 1 << 20, '/memfd:' ],
	[ (1 << 20) + 1, "$dir/tmp/" ], [ 4 << 20, "$dir/tmp/" ])
{
	my ($n, $kind) = @$case;
	# POSIX promises no more room in a pipe, and has no memory files.
	$kind = $n == 1 ? 'pipe:' : "$dir/tmp/" if posix_only() && $n != 4096;
	my $body = body_of($n);
	# Caddy: -1.
	for my $length ($n, undef, -1) {
		my $said = !defined $length ? 'unknown'
		    : $length == -1 ? 'unknown (-1)' : 'known';
		my $what = "$n bytes, $said length";
		$got = ask($r, 'stdin.pl', stdin => $body,
			params => { CONTENT_LENGTH => $length });
		my ($where, $l, $read, $sum) = split /\n/, $got->{body};
		# At the limit, of unknown length: both are correct.
		like($where, qr/^\Q$kind\E/, "$what: $kind")
		    if $said eq 'known' || ($n != 65536 && $n != (1 << 20) + 1);
		is($l, $n, "$what: CONTENT_LENGTH");
		is("$read $sum", "$n " . sum_of($body), "$what: R28: all of it");
	}
}
is_deeply([ glob "$dir/tmp/*" ], [], 'the files have no name');

$got = ask($r, 'stdin.pl', stdin => 'abcdefgh', params => { CONTENT_LENGTH => 5 });
like($got->{body}, qr/\n5\n5\n/, 'more than CONTENT_LENGTH: cut to it');
for my $bad ('-2', '+5', '1 2', '0x10', '5,5', '9' x 30) {
	$got = ask($r, 'stdin.pl', stdin => 'abcde',
		params => { CONTENT_LENGTH => $bad });
	is($got->{status}, 400, "CONTENT_LENGTH $bad: 400");
	cors_on($got, "CONTENT_LENGTH $bad");
}
logged($r, qr/CONTENT_LENGTH is not a number: "-2" \[content-length\]/,
    'and the log says so');

# --- cut short ---------------------------------------------------------------

perl_program('mark.pl', "open my \$f, '>', '$dir/ran'; print \"A: 1\\n\\n\"");

# The part of a body that a client sends before it disconnects.
for my $case (
	[ 'length known, closed',  100,       'x' x 40,     'close' ],
	[ 'length known, aborted', 100,       'x' x 40,     'abort' ],
	[ 'nothing of it',         100,       '',           'close' ],
	[ 'large, closed',         3 << 20,   'x' x 2e6,    'close' ],
	[ 'unknown, closed',       undef,     'x' x 40,     'close' ],
	[ 'unknown, aborted',      undef,     'x' x 40,     'abort' ],
	[ 'unknown, large',        undef,     'x' x 2e6,    'close' ],
	[ 'ended too soon',        100,       'x' x 40,     'end' ],
    )
{
	my ($name, $length, $part, $how) = @$case;
	my $before = () = log_lines($r, qr/\[upload-cut\]/);
	my $c = fcgi_connect($r->address);
	$c->send_bytes(begin_record() . params_records(params('mark.pl',
		REQUEST_METHOD => 'POST', CONTENT_LENGTH => $length))
	    . stdin_records($part, no_stdin_end => $how ne 'end'));
	$c->send_bytes(record(2, 1, '')) if $how eq 'abort';
	my $answer = $how eq 'close' ? ($c->close, undef)[1]
	    : $c->read_response(timeout => 60);
	isnt($answer->{status}, 200, "$name: no 200") if $answer;
	ok(wait_for(sub { my $n = () = log_lines($r, qr/\[upload-cut\]/);
		$n > $before }, 30), "$name: logged once as upload-cut");
	ok(!-e "$dir/ran", "$name: nothing has run");
}
is_deeply([ glob "$dir/tmp/*" ], [], 'nothing is left of them');
is(ask($r, 'mark.pl')->{status}, 200, 'and the responder works');
unlink "$dir/ran";

# R24
# --- too large ---------------------------------------------------------------

for my $length (5 << 20, undef) {
	my $name = defined $length ? 'said to be too large' : 'found too large';
	my $c = fcgi_connect($r->address);
	my $bytes = request_bytes(keep => 1, stdin => 'x' x (5 << 20),
		params => params('mark.pl', REQUEST_METHOD => 'POST',
			CONTENT_LENGTH => $length));
	is($c->send_bytes($bytes, 60), length $bytes, "$name: all of it is taken");
	$got = $c->read_response(timeout => 60);
	is($got->{status}, 413, "$name: 413");
	cors_on($got, $name);
	ok($got->{ended}, "$name: and a proper end");
	is($c->request(params => params('stdin.pl'), keep => 1)->{status}, 200,
	    "$name: the connection goes on") if !$c->closed_within(0.2);
	ok(!-e "$dir/ran", "$name: nothing has run");
}
logged($r, qr/larger than max-body .*\[body-too-large\].*raise max-body/,
    'the log says what to raise');
{
	# One that never ends: read up to the limit, then cut off.
	my $c = fcgi_connect($r->address);
	$c->send_bytes(begin_record() . params_records(params('mark.pl',
		REQUEST_METHOD => 'POST', CONTENT_LENGTH => 1 << 40)));
	my $piece = record(5, 1, 'x' x 65528) x 16;
	my ($sent, $start) = (0, time);
	while (time - $start < 60) {
		my $n = $c->send_bytes($piece, 30);
		$sent += $n;
		last if $n < length $piece;
	}
	cmp_ok($sent, '<', 2 << 30, 'an endless upload is cut off');
	cmp_ok(time - $start, '<', 60, 'in time');
	ok(!-e "$dir/ran", 'and has run nothing');
}

# --- no room -----------------------------------------------------------------

{
	# The shell counts in units of 512 bytes: files of 2 MiB at most.
	my $f = run_responder('', ulimit => '-f 4096',
		env => { TMPDIR => "$dir/tmp" });
	$got = ask($f, 'stdin.pl', stdin => body_of(3 << 20));
	is($got->{status}, 500, 'no room for a body: 500');
	cors_on($got, 'no room');
	logged($f, qr/cannot keep the request body.*\[spool\].*ulimit -f/,
	    'the log says what to do');
	$got = ask($f, 'stdin.pl', stdin => body_of(3 << 20),
		params => { CONTENT_LENGTH => undef });
	is($got->{status}, 500, 'the same of no known length');
	like(ask($f, 'stdin.pl', stdin => body_of(1 << 20))->{body},
	    qr/\n1048576\n1048576\n/, 'and smaller ones go through as ever');
	is($f->stop, 0, 'ends well');

	my $n = run_responder('', env => { TMPDIR => "$dir/none" });
	$got = ask($n, 'stdin.pl', stdin => body_of(3 << 20));
	if (posix_only()) {
		is($got->{status}, 500, 'no folder for files, no memory: 500');
		logged($n, qr/cannot keep the request body.*\[spool\]/,
		    'and the log has the cause');
	} else {
		like($got->{body}, qr{^/memfd:.*\n3145728\n3145728\n}s,
		    'no folder for files: memory, within max-body');
	}
	$n->stop;
}

# --- more than 2 GiB ---------------------------------------------------------

# 2 GiB on the disk.
if ($ENV{CORSWRAP_LONG}) {
	my $l = run_responder('max-body = 3G', env => { TMPDIR => "$dir/tmp" });
	perl_program('large.pl', 'print "Content-Type: text/plain\n\n",'
	    . '-s STDIN, " $ENV{CONTENT_LENGTH} "; seek STDIN, -3, 2; print <STDIN>');
	my $size  = (1 << 31) + 3;
	my $piece = record(5, 1, 'x' x 65528) x 16;
	my $each  = 16 * 65528;
	my $c = fcgi_connect($l->address);
	$c->send_bytes(begin_record() . params_records(params('large.pl',
		REQUEST_METHOD => 'POST', CONTENT_LENGTH => $size)));
	my $left = $size - 3;
	for (; $left >= $each; $left -= $each) {
		last if $c->send_bytes($piece, 60) < length $piece;
	}
	cmp_ok($left, '<', $each, 'more than 2 GiB: taken');
	$c->send_bytes(stdin_records('x' x $left . 'end'), 60);
	my $whole = $c->read_response(timeout => 120);
	is($whole->{status}, 200, 'more than 2 GiB: the program runs');
	is($whole->{body}, "$size $size end", 'more than 2 GiB: and gets all');
	$l->stop;
}

# --- how programs read it ----------------------------------------------------

# R11, R12: one that never reads; R13, R33: one that writes all before it
# reads; with bodies of every kind.
perl_program('deaf.pl', 'close STDIN; print "A: 1\n\nok"');
perl_program('talks.pl', 'print "A: 1\n\n", "y" x 2_000_000; my $n = 0;'
    . 'while (my $k = read STDIN, my $b, 65536) { $n += $k } print $n');
for my $n (10, 60_000, 300_000, 3_000_000) {
	my $body = body_of($n);
	is(ask($r, 'deaf.pl', stdin => $body)->{body}, 'ok',
	    "R12: $n bytes that are never read");
	$got = ask($r, 'talks.pl', stdin => $body);
	is(length($got->{body}) . ' ' . substr($got->{body}, 2_000_000),
	    2_000_000 + length($n) . " $n",
	    "R13, R33: 2 MB out before $n bytes in");
}

# While a body is read its client may disconnect, other requests on a kept
# connection stay in sync, and a slow client delays no other.
{
	my $c = fcgi_connect($r->address);
	$c->send_bytes(begin_record() . params_records(params('stdin.pl',
		REQUEST_METHOD => 'POST', CONTENT_LENGTH => 5)));
	for my $byte (split //, 'hello') {
		$c->send_bytes(record(5, 1, $byte));
		sleep 0.05;
		is(ask($r, 'deaf.pl')->{body}, 'ok', 'others go on') if $byte eq 'e';
	}
	$c->send_bytes(record(5, 1, ''));
	like($c->read_response(timeout => 60)->{body}, qr/\n5\n5\n/,
	    'a body byte by byte');
}
{
	my $c = fcgi_connect($r->address);
	for my $n (1 .. 3) {
		my $k = $c->request(keep => 1, stdin => body_of(300_000),
			params => params('deaf.pl', REQUEST_METHOD => 'POST',
				CONTENT_LENGTH => 300_000));
		is($k->{body}, 'ok', "R32: kept connection, unread body $n");
	}
}
is($r->stop, 0, 'ends well');

done_testing;
