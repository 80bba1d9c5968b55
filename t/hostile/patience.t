#!/usr/bin/perl
# Timeouts and disconnects while other events never stop: a client that keeps
# reading a little, a program that never pauses, an end of STDIN that comes
# late.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(begin_record fcgi_connect params_records record
    request_bytes stdin_records);
use Corswrap::Programs;
use Corswrap::Test;
use Test::More;
use Time::HiRes qw(sleep time);

my $note_pid = "open my \$p, '>', \"$dir/pid.new\"; print {\$p} \$\$; close \$p;"
    . "rename \"$dir/pid.new\", \"$dir/pid\";";

# The pid of the program of the last request.
sub started {
	wait_for(sub { -s "$dir/pid" }) or return 0;
	my $pid = read_file("$dir/pid");
	unlink "$dir/pid";
	return $pid;
}

perl_program('ok.pl',   'print "A: 1\n\nok"');
perl_program('mute.pl', $note_pid . 'sleep 60');

# --- a program that always has more, a client that always takes a little -------

shell_program('flood', "echo \$\$ >$dir/pid.new; mv $dir/pid.new $dir/pid;"
    . 'printf "A: 1\n\n"; exec dd if=/dev/zero bs=256k count=100000 2>/dev/null');
{
	my $r = run_responder("total-timeout = 1s\nkill-grace = 300ms");
	my $c = fcgi_connect($r->address);
	my $until = time + 30;
	$c->send_bytes(request_bytes(params => params('flood')));
	my $pid = started();
	while (time < $until) {
		last if $r->log =~ /total-timeout/;
		$c->read_bytes(0.001, 100_000);
		sleep 0.02;
	}
	cmp_ok(time, '<', $until, 'total-timeout: a slow client does not undo it');
	like($r->log, qr/timed out: it took too long \[total-timeout\]/, 'logged');
	ok(gone($pid), 'and the program is terminated');
}

# R43: one that has left its process group for ours.
perl_program('moved.pl', 'setpgrp 0, getpgrp getppid or die;' . $note_pid
    . 'print STDERR "in ", getpgrp, "\n"; sleep 100');
{
	my $r = run_responder("first-byte-timeout = 1s\nkill-grace = 300ms");
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('moved.pl')));
	my $pid = started();
	logged($r, qr/: in @{[ getpgrp $r->pid ]}\n/, 'a program in our own group');
	ok(gone($pid), 'R43: is ended all the same');
	is($c->read_response(timeout => 30)->{status}, 504, 'R43: and answered for');
	is($r->stop, 0, 'and we are not');
}

# Standard error without a pause, to a pipe whose reader never reads.
shell_program('grumbling', 'exec 3>&1; for i in 1 2 3 4 5; do yes >&2 & done;'
    . 'exec yes >&2');
{
	my $r = run_responder("first-byte-timeout = 1s\nkill-grace = 300ms");
	my $got = ask($r, 'grumbling');
	is($got->{status}, 504, 'first-byte-timeout: complaints do not undo it');
	cors_on($got, '504');
}

# --- a body that trickles in ---------------------------------------------------

sub upload_of {
	my ($r, $length, $part) = @_;
	my $c = fcgi_connect($r->address);
	$c->send_bytes(begin_record(keep => 1) . params_records(params('ok.pl',
		REQUEST_METHOD => 'POST', CONTENT_LENGTH => $length))
	    . stdin_content($part));
	return $c;
}

# How long another client waits for a response, in seconds.
sub beside {
	my ($r) = @_;
	my $began = time;
	my $got = ask($r, 'ok.pl');
	return $got->{status} eq 200 ? time - $began : 1000;
}

{
	my $r = run_responder("body-timeout = 4s\nidle-timeout = 1s",
		workers => 2);
	my @slow = map { upload_of($r, 100, 'x') } 1 .. 8;
	my ($began, $worst) = (time, 0);
	while (time - $began < 2.5) {
		sleep 0.25;
		$_->send_bytes(record(5, 1, 'x')) for @slow;
		my $took = beside($r);
		$worst = $took if $took > $worst;
	}
	cmp_ok($worst, '<', 2, 'F2: slow bodies hold no worker');
	my @got = map { $_->read_response(timeout => 30) } @slow;
	is(join(' ', map { $_->{status} // 'none' } @got), join(' ', (408) x 8),
	    'F2: body-timeout: 408');
	cmp_ok(time - $began, '>', 3.5, 'F2: not before it');
	cors_on($got[0], 'F2: 408');
	logged($r, qr/takes too long \(\d+ bytes of it came\).*\[body-timeout\]/,
	    'F2: logged');
}
{
	my $r = run_responder("body-timeout = 2s\nidle-timeout = 1s",
		workers => 2);
	my $c = upload_of($r, 3004, 'x' x 2000);    # 2 s, and 4 s for these
	my $silent = upload_of($r, 4, 'x');
	sleep 1.5;
	$silent->send_bytes(stdin_content('xyz') . record(5, 1, ''));
	is($silent->read_response(timeout => 30)->{status}, 200,
	    'F2: idle-timeout bounds no body');
	sleep 2;
	$c->send_bytes(stdin_content('x' x 1004) . record(5, 1, ''));
	is($c->read_response(timeout => 30)->{status}, 200,
	    'F2: a second more for each 500 bytes');
	is($c->request(params => params('ok.pl'), keep => 1)->{status}, 200,
	    'F2: and the connection goes on');
	is($r->stop, 0, 'F2: it stops as ever');
}

# A fast beginning does not allow hours of silence: DEADLINE_SILENCE
# (t/base/clock.c).
SKIP: {
	skip 'CORSWRAP_LONG is not set', 4 unless $ENV{CORSWRAP_LONG};
	my $r = run_responder("body-timeout = 2s");
	my $c = upload_of($r, 10_000_000, 'x' x 3_000_000);
	my $began = time;
	my $got = $c->read_response(timeout => 90);
	is($got->{status}, 408, 'F2: 3 MB, then silence: 408');
	cmp_ok(time - $began, '>', 55, 'F2: not at once');
	cmp_ok(time - $began, '<', 75, 'F2: but after a minute');
	is($r->stop, 0, 'F2: it stops as ever');
}

# --- a client that does not read -------------------------------------------------

shell_program('much',
	'printf "A: 1\n\n"; exec dd if=/dev/zero bs=256k count=40 2>/dev/null');
{
	my $r = run_responder('', workers => 1);
	my @slow = map { fcgi_connect($r->address) } 1 .. 6;
	$_->send_bytes(request_bytes(params => params('much'))) for @slow;
	sleep 1.5;
	my $worst = 0;
	for (1 .. 4) {
		my $took = beside($r);
		$worst = $took if $took > $worst;
		$_->read_bytes(0.01, 50_000) for @slow;
	}
	cmp_ok($worst, '<', 2, 'F3: clients that do not read hold no worker');
	$_->close for @slow;
}

# --- total-timeout holds whatever the client does ---------------------------------

sub cut_in_time {
	my ($r, $name) = @_;
	my $c = fcgi_connect($r->address);
	setsockopt $c->socket, 1, 8, pack 'i', 4096;    # SO_RCVBUF
	$c->send_bytes(request_bytes(params => params('much')));
	my $began = time;
	while (time - $began < 20 && $r->log !~ /total-timeout/) {
		$c->read_bytes(0.01, 150);
		sleep 0.1;
	}
	cmp_ok(time - $began, '<', 10, "F3: total-timeout bounds writes: $name");
	cmp_ok(beside($r), '<', 5, "F3: and the worker is free: $name");
	return;
}
{
	my $r = run_responder("total-timeout = 2s\nkill-grace = 300ms",
		workers => 1);
	cut_in_time($r, 'exec');
	my $c = upload_of($r, 100, 'x');
	my $began = time;
	my $got = $c->read_response(timeout => 30);
	is($got->{status}, 408, 'F3: total-timeout in a body: 408');
	cors_on($got, 'F3: 408');
	cmp_ok(time - $began, '<', 8, 'F3: in time');
	logged($r, qr/takes too long .*\[total-timeout\]/, 'F3: logged');
	# The first half of it passes during the parameters and the body.
	$c = upload_of($r, 2, 'x');
	sleep 1.2;
	$c->send_bytes(record(5, 1, 'x') . record(5, 1, ''));
	is($c->read_response(timeout => 30)->{status}, 200,
	    'F3: what is whole in time is answered');
}
{
	my $behind = run_responder('', workers => 4);
	my $r = run_responder("forward = unix:" . ($behind->address =~ s/^unix://r)
	    . "\ntotal-timeout = 2s", workers => 1);
	cut_in_time($r, 'forward');
}

# --- on-abort = finish ---------------------------------------------------------

perl_program('finish.pl', $note_pid . "select undef, undef, undef, 0.05 until -e \"$dir/go\";"
    . 'print "A: 1\n\n"; for (1 .. 80) { print "x"; select undef, undef, undef,'
    . "0.1 } close STDOUT; sleep 1; open my \$f, '>', \"$dir/done\"");
{
	my $r = run_responder("on-abort = finish\nfirst-byte-timeout = 7s\n"
	    . 'kill-grace = 300ms');
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('finish.pl')));
	my $pid = started();
	$c->close;
	logged($r, qr/continues \[client-gone\]/, 'the client goes');
	write_file("$dir/go", '');
	ok(gone($pid), 'on-abort = finish: the program ends');
	ok(-e "$dir/done", 'by itself: what it says is a beginning, unheard');
	unlike($r->log, qr/timeout/, 'and nothing is late');
}

# --- complaints that the client does not take ----------------------------------

perl_program('lament.pl', 'print "A: 1\n\n", "x" x 400_000;'
    . 'print STDERR "line $_\n" for 1 .. 3000');
for my $mode (qw(end finish)) {
	my $r = run_responder("idle-timeout = 1s\nstderr = fastcgi\n"
	    . "kill-grace = 300ms\non-abort = $mode", server => 'access-log = yes');
	my $c = fcgi_connect($r->address);
	$c->request(params => params('ok.pl'), keep => 1);
	setsockopt $c->socket, 1, 8, pack 'i', 4096;    # SO_RCVBUF
	$c->send_bytes(request_bytes(params => params('lament.pl')));
	# The access log's line comes when the request is over.
	logged($r, qr/the client does not read.*idle-timeout.*lament\.pl.*status=200/s,
	    "stderr = fastcgi, on-abort = $mode: each line is not waited for");
}

# --- disconnects with input left
# -----------------------------------------------

{
	my $r = run_responder("kill-grace = 300ms\nfirst-byte-timeout = 50s");
	my $end = record(5, 1, '');

	for my $kept (0, 1) {
		for my $case (
			[ 'all at once',   'hello', $end ],
			[ 'end comes late', 'hello', '', $end ],
			[ 'end in two',    'hello', '', substr($end, 0, 5),
				substr($end, 5) ],
			[ 'no end',        'hello', '' ],
			[ 'large',         'x' x 300_000, $end ])
		{
			my ($what, $body, @rest) = @$case;
			for my $aborts (0, 1) {
				my $c = fcgi_connect($r->address);
				$c->request(params => params('ok.pl'), keep => 1)
				    if $kept;
				$c->send_bytes(begin_record(keep => 1)
				    . params_records(params('mute.pl',
					    REQUEST_METHOD => 'POST',
					    CONTENT_LENGTH => length $body))
				    . stdin_content($body) . shift @rest);
				my $pid = started();
				for my $later (@rest) {
					sleep 0.1;
					$c->send_bytes($later);
				}
				@rest = @$case[ 2 .. $#$case ];
				sleep 0.1;
				$c->send_bytes(record(2, 1, '')) if $aborts;
				$c->close unless $aborts;
				my $began = time;
				ok(gone($pid), 'R1: ' . ($kept ? 'kept' : 'new')
				    . " connection, $what, "
				    . ($aborts ? 'ABORT' : 'closed'));
				cmp_ok(time - $began, '<', 25, 'R1: at once');
				ok($c->read_response(timeout => 30)->{ended},
				    'R1: and the abort is answered') if $aborts;
			}
		}
	}
}

# STDIN without the record that ends it.
sub stdin_content {
	my ($body) = @_;
	my $records = '';
	$records .= record(5, 1, $_) for unpack '(a32768)*', $body;
	return $records;
}

done_testing;
