#!/usr/bin/perl
# Time limits and clients that go, where something else goes on all the time: a
# client that is always about to take more, a program that never pauses, an end
# of STDIN that comes late.
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

# The pid of the program that has just been asked for.
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
	like($r->log, qr/it took too long \[total-timeout\]/, 'logged');
	ok(gone($pid), 'and the program is ended');
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

# Standard error without a pause, which the client of the pipe never empties.
shell_program('grumbling', 'exec 3>&1; for i in 1 2 3 4 5; do yes >&2 & done;'
    . 'exec yes >&2');
{
	my $r = run_responder("first-byte-timeout = 1s\nkill-grace = 300ms");
	my $got = ask($r, 'grumbling');
	is($got->{status}, 504, 'first-byte-timeout: complaints do not undo it');
	cors_on($got, '504');
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
	logged($r, qr/runs on \[client-gone\]/, 'the client goes');
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
	logged($r, qr/client-gone.*lament\.pl.*status=200/s,
	    "stderr = fastcgi, on-abort = $mode: each line is not waited for");
}

# --- who goes though input is left ---------------------------------------------

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
