#!/usr/bin/perl
# Signals that come in the middle of requests, a second request on a busy
# connection, and one process at a time as with mod_fcgid.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get request_bytes begin_record
    params_records stdin_records record);
use Corswrap::Programs;
use Corswrap::Responder qw(preflight);
use Corswrap::Test;
use POSIX qw(:sys_wait_h :signal_h _exit);
use Test::More;
use Time::HiRes qw(sleep time);

perl_program('slow.pl', 'binmode STDIN; binmode STDOUT; print "A: 1\n\n";'
    . 'while (read STDIN, my $b, 100_000) { print $b;'
    . 'select undef, undef, undef, 0.01 }');
perl_program('nap.pl', 'print "A: 1\n\n"; select undef, undef, undef, 0.4; print "ok"');

# R10: interrupted calls are restarted.
{
	my $r = run_responder('', server => "log = error\nreload = 1h");
	my $us  = $$;
	my $pid = fork // die;
	if ($pid == 0) {
		# All signals that need no handling; HUP is handled by the
		# responder.
		for (my $n = 0; getppid == $us && kill 0, $r->pid; $n++) {
			kill $_, $r->pid
			    for qw(WINCH CHLD CONT URG), $n % 4 ? () : 'HUP';
			sleep 0.0005;
		}
		_exit(0);
	}
	# Hitting a busy thread is not left to chance: no thread takes signals
	# except those of its own faults, and the many signals show that
	# nothing else fails.
	my %fault = map { $_ => 1 } SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
	    SIGKILL, SIGSEGV, SIGSTOP, 31;
	# The POSIX way waits for signals by sigwait(3), which takes them.
	for my $file (posix_only() ? () : glob '/proc/' . $r->pid . '/task/*/status') {
		my ($blocked) = read_file($file) =~ /^SigBlk:\s+(\w+)/m or next;
		my $mask = hex substr $blocked, -8;
		is_deeply([ grep { !$fault{$_} && !($mask >> $_ - 1 & 1) } 1 .. 31 ],
		    [], 'R10: a thread that no signal interrupts');
	}
	my $body = 'abcdefghij' x 300_000;
	my @clients;
	for my $n (1 .. 4) {
		my $c = fcgi_connect($r->address, timeout => 60);
		$c->send_bytes(begin_record() . params_records(params('slow.pl',
			REQUEST_METHOD => 'POST',
			CONTENT_LENGTH => length $body)));
		push @clients, $c;
	}
	for (my $at = 0; $at < length $body; $at += 300_000) {
		for my $c (@clients) {
			$c->send_bytes(stdin_records(substr($body, $at, 300_000),
				no_stdin_end => 1));
		}
		sleep 0.02;
	}
	$_->send_bytes(stdin_records('')) for @clients;
	my $well = grep { my $a = $_->read_response(timeout => 60);
		$a->{body} eq $body && $a->{appStatus} == 0 } @clients;
	is($well, 4, 'R10: 3 MB in and out while signals rain');
	is(scalar(grep { ask($r, 'nap.pl')->{body} eq 'ok' } 1 .. 3), 3,
	    'R10: and programs that are waited for');
	is(fcgi_get($r->address, params => params('nap.pl',
		REQUEST_METHOD => 'OPTIONS',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET'))->{status}, 204,
	    'R10: and preflights');
	kill 'KILL', $pid;
	waitpid $pid, 0;
	is($r->stop, 0, 'R10: ends well');
}

# R10: a process that is stopped and goes on (Ctrl-Z, cpulimit, a debugger, a
# frozen container): calls with a time limit end with EINTR then (signal(7)).
perl_program('much.pl', 'binmode STDOUT; print "A: 1\n\n";'
    . 'print "abcdefghij" x 100_000 for 1 .. 8');
{
	my $r = run_responder('');
	my $stat = sub { read_file('/proc/' . $r->pid . '/stat') };
	my $freeze = sub {
		for (1 .. 3) {
			sleep 0.1;
			$r->signal('STOP');
			wait_for(sub { $stat->() =~ /^\d+ \(.*\) T /s });
			$r->signal('CONT');
			wait_for(sub { $stat->() !~ /^\d+ \(.*\) T /s });
		}
	};
	my @upload = (REQUEST_METHOD => 'POST', CONTENT_LENGTH => 6);
	for my $kept (0, 1) {
		my $c = fcgi_connect($r->address, timeout => 60);
		$c->request(params => params('nap.pl'), keep => 1) if $kept;
		$c->send_bytes(begin_record() . params_records(params('slow.pl',
			@upload)) . stdin_records('abc', no_stdin_end => 1));
		$freeze->();
		$c->send_bytes(stdin_records('def'));
		my $got = $c->read_response(timeout => 60);
		is($got->{body}, 'abcdef', 'R10: stopped in an upload, kept: '
		    . $kept);
	}
	for my $script ('much.pl', 'slow.pl') {
		my $c = fcgi_connect($r->address, timeout => 60);
		my $body = $script eq 'slow.pl' ? 'x' x 3_000_000 : '';
		$c->send_bytes(request_bytes(params => params($script,
			REQUEST_METHOD => 'POST', CONTENT_LENGTH => length $body),
			stdin => $body));
		# until the socket is full
		wait_for(sub { children_of($r->pid) > 0 });
		sleep 0.5;
		$freeze->();
		my $got = $c->read_response(timeout => 60);
		is(length $got->{body}, length $body || 8_000_000,
		    "R10: stopped while the client does not read, $script");
		is($got->{appStatus}, 0, 'R10: and the program ends well');
	}
	is($r->stop, 0, 'R10: ends well');
}

# R23: a connection carries one request at a time.
{
	my $r = run_responder('');
	my $second = request_bytes(id => 2, params => params('nap.pl'));
	for my $case (
		[ 'before the parameters end', sub {
			begin_record(id => 1) . $second } ],
		[ 'before the body ends', sub {
			begin_record(id => 1) . params_records(params('nap.pl',
				REQUEST_METHOD => 'POST', CONTENT_LENGTH => 3))
			    . $second } ])
	{
		my ($when, $bytes) = @$case;
		my $c = fcgi_connect($r->address);
		$c->send_bytes($bytes->());
		my $first = $c->read_record(20);
		ok(!$first || ($first->{type} == 3 && $first->{id} == 2
			&& (unpack 'NC', $first->{content})[1] == 1),
		    "R23: a second request $when: CANT_MPX_CONN or closed")
		    or diag explain $first;
		isnt($first && $first->{type}, 6, 'R23: and no answer to it');
		$c->close;
	}
	is(ask($r, 'nap.pl')->{body}, 'ok', 'R23: others are served');
	is($r->stop, 0, 'R23: ends well');
}

# R3: TERM ends all workers at once, whatever they do, and removes the socket;
# INT and USR1 (multiwatch, CGI-128) too.
for my $signal (qw(TERM INT USR1)) {
	my $r = run_responder('', workers => 16);
	my ($path) = $r->address =~ /^unix:(.*)/;
	my @c = map { my $c = fcgi_connect($r->address);
		$c->send_bytes(request_bytes(params => params('nap.pl')));
		$c } 1 .. 10;
	wait_for(sub { children_of($r->pid) >= 10 });
	my $threads = $r->threads;
	$r->signal($signal);
	my $well = grep { $_->read_response->{body} eq 'ok' } @c;
	is($well, 10, "R3, CGI-128: $signal: 10 programs end well");
	is($r->wait_end, 0, "R3: $signal: then all $threads threads do");
	ok(!-e $path, "R3, CGI-129: $signal: and the socket is gone");
}

# R4: programs that die one after the other leave no resources in use.
{
	my $r = run_responder('', server => 'log = error');
	perl_program('dies.pl', 'kill 9, $$');
	ask($r, 'dies.pl') for 1 .. 20;
	my $used = sub { my @s = split ' ', read_file('/proc/' . $r->pid . '/stat');
		return $s[13] + $s[14] };
	my $before = $used->();
	sleep 1;
	cmp_ok($used->() - $before, '<=', 10, 'R4: nothing spins afterwards');
	is($r->stop, 0, 'R4: ends well');
}

# R29: the limits at which servers respond themselves are in the manual.
my $manual = join '', map { read_file(top_src() . "/doc/$_") }
    qw(corswrap.8 corswrap-errors.7);
like($manual, qr/$_/, "R29: the manual has $_")
    for qw(FcgidMaxRequestLen client_max_body_size FcgidOutputBufferSize);

done_testing;
