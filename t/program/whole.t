#!/usr/bin/perl
# When a response is complete, and what then happens to program, client, log
# and counters: the table in HACKING.md, over raw records.  t/servers/whole.t
# has the same behind web servers.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(begin_record fcgi_connect params_records request_bytes
    record);
use Corswrap::Peer;
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Scenes;
use Corswrap::Test;
use Test::More;
use Time::HiRes qw(sleep time);

my $status = "status-path = /status\nstatus-clients = 192.0.2.9";

# For most scenes: the programs that several of them run.
sub usual {
	perl_program('killed.pl', 'print "A: 1\n\n", "x" x 20_000; kill 9, $$; sleep 9');
	perl_program('exits.pl', 'print "A: 1\n\nabc"; exit 7');
	perl_program('hangs.pl', 'print "A: 1\n\nabc"; sleep 60');
	program('after.pl', 'print $ENV{QUERY_STRING} eq "length" ? "Content-Length: 3\n" :'
	    . ' $ENV{QUERY_STRING} =~ /^(\d+)$/ ? "Status: $1\n" : "", "A: 1\n\nabc";'
	    . 'told(sub { print " " }); note()');
	program('less.pl', 'print "Content-Length: 4\n\nabc"; sleep 5; note()');
	return run_responder('kill-grace = 300ms', server => $status);
}

# A counter, or 0.
sub counter {
	my ($of, $name) = @_;
	my $got = ask($of, 'status', params => { REQUEST_URI => '/status',
		REMOTE_ADDR => '192.0.2.9' });
	return ($got->{body} =~ /^\Q$name\E (\d+)$/m)[0] // 0;
}

sub failures { return counter($_[0], "corswrap_failures_total{failure=\"$_[1]\"}") }
sub running { return counter($_[0], 'corswrap_running_programs') }

# Is it cut off so that no server takes it for complete: no END_REQUEST, and an
# invalid last record?
sub cut {
	my ($got, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($odd) = grep { $_->{version} == 0 } @{ $got->{others} // [] };
	return ok(!$got->{ended} && $got->{eof} && $odd, "$what: cut, and seen to be")
	    || diag(explain($got->{records}));
}

# A program that notes that it reached its end, and runs on, up to a minute,
# until a file says that it may end.
sub program {
	my ($name, $code) = @_;
	return perl_program($name, <<"END" . $code);
sub note { open my \$f, '>', "$dir/end"; print {\$f} 'end'; close \$f }
sub told { my (\$do) = \@_;
	for (1 .. 1200) {
		return if -e "$dir/go";
		\$do->() if \$do;
		select undef, undef, undef, 0.05;
	} }
END
}
sub release { write_file("$dir/go", ''); return }
sub ended { return wait_for(sub { -s "$dir/end" }, 20) }
sub forget { unlink "$dir/end", "$dir/go"; return }

# --- F4: cut short ---------------------------------------------------------------

scene 'signals and exit statuses' => sub {
	my $r = usual();
	perl_program('killed-length.pl', 'print "Content-Length: 3\n\nabc"; kill 9, $$; sleep 9');
	perl_program('killed-short.pl', 'print "Content-Length: 4\n\nabc"; kill 9, $$; sleep 9');
	my $got = ask($r, 'killed.pl');
	is(length $got->{body}, 20_000, 'F4: what a program wrote before a signal came');
	cut($got, 'F4: a signal');
	logged($r, qr/killed\.pl: terminated by signal 9 .*\[killed\]/, 'F4: logged');
	is(failures($r, 'killed'), 1, 'F4: counted');
	cut(ask($r, 'killed.pl', params => { REQUEST_METHOD => 'POST' }, stdin => 'x'),
	    'F4: a signal, POST');
	cut(ask($r, 'killed-short.pl'), 'F4: a signal before Content-Length');
	$got = ask($r, 'killed-length.pl');
	ok($got->{ended}, 'F4: a signal behind Content-Length: whole');
	is($got->{appStatus}, 128 + 9, 'F4: whose exit status says so');
	ok(ask($r, 'killed.pl', params => { REQUEST_METHOD => 'HEAD' })->{ended},
	    'F4: a signal behind the header block of HEAD: whole');
	is(failures($r, 'killed'), 5, 'F4: counted with the others');
	$got = ask($r, 'exits.pl');
	ok($got->{ended}, 'an exit status: whole');
	is($got->{appStatus}, 7, 'and passed on');
	logged($r, qr/exits\.pl: exit status 7 \[exit-status\]/, 'an exit status: logged');
	is(failures($r, 'exit-status'), 0, 'an exit status: no failure');
	# lighttpd decodes it, so that the length is void.
	perl_program('coded.pl', 'print "Content-Length: 2\nTransfer-Encoding: chunked\n\n'
	    . '3\r\nabc\r\n0\r\n\r\n"');
	is(ask($r, 'coded.pl', params => { SERVER_SOFTWARE => 'lighttpd/1.4.69' })->{body},
	    "3\r\nabc\r\n0\r\n\r\n", 'Transfer-Encoding beside it: as it is');
	is($r->stop, 0, 'it stops well');
};

scene 'limits' => sub {
	usual()->stop;
	my $t = run_responder("idle-timeout = 300ms\nkill-grace = 100ms",
	    server => $status);
	my $got = ask($t, 'hangs.pl');
	is($got->{body}, 'abc', 'F4: what came before the timeout');
	logged($t, qr/hangs\.pl: timed out: no output.*\[idle-timeout\]/, 'F4: a timeout: logged');
	is_deeply([ grep { !is_waiting($_) } children_of($t->pid) ], [],
	    'F4: a timeout: the program is terminated');
	cut($got, 'F4: a timeout');
	is(failures($t, 'idle-timeout'), 1, 'F4: a timeout: counted');
	$t->stop;
	$t = run_responder("total-timeout = 3s\nkill-grace = 100ms");
	cut(ask($t, 'hangs.pl'), 'F4: total-timeout');
	$t->stop;
	$t = run_responder('kill-grace = 100ms', server => 'drain-timeout = 300ms');
	my $c = fcgi_connect($t->address);
	$c->send_bytes(request_bytes(params => params('hangs.pl')));
	wait_for(sub { children_of($t->pid) });
	$t->signal('TERM');
	cut($c->read_response(timeout => 20), 'F4: a shutdown');
	$t->stop;
};

# The deadline passes just when the output has ended, before the body is
# compared with its Content-Length: corswrap is stopped meanwhile.
scene 'a short body at a deadline' => sub {
	usual()->stop;
	my $t = run_responder("total-timeout = 2s\nkill-grace = 100ms", server => $status);
	perl_program('deadline.pl', '$| = 1; print "Content-Length: 9\n\nabc";'
	    . 'select undef, undef, undef, 0.3; kill STOP => getppid; require POSIX;'
	    . 'POSIX::close(1); sleep 2; kill CONT => getppid; sleep 60');
	cut(ask($t, 'deadline.pl'), 'a short body at total-timeout');
	is(failures($t, 'total-timeout'), 1, 'a short body at total-timeout: counted');
	$t->stop;
};

# --- a body that differs from its Content-Length --------------------------------

# Servers keep the connection to the client: an extra byte becomes the
# beginning of the next response, and a missing one is taken from it.
for my $mode (qw(exec forward)) {
	scene "lengths, $mode" => sub { lengths($mode) };
}
sub lengths {
	my ($mode) = @_;
	perl_program('length.pl', 'my ($say, $print, $how) = (split(/,/, $ENV{QUERY_STRING}), "");'
	    . 'print "Content-Length: $say\n", $how =~ /^X-/ ? "$how: /x\n" : "", "\n";'
	    . 'if ($how eq "late") { print "x" x $say; sleep 1; $print -= $say }'
	    . 'print "x" x $print; if ($how eq "shut") { close STDOUT; require POSIX;'
	    . 'POSIX::close(1); select undef, undef, undef, 0.5;'
	    . 'open my $f, ">", "' . $dir . '/end"; print {$f} "end" }');
	my $peer = $mode eq 'exec' ? undef : peer("unix:$dir/lengths", sub {
		my ($c) = @_;
		my ($say, $print, $how) = split /,/, $c->read_request->{params}{QUERY_STRING};
		$c->out("Content-Length: $say\n" . ($how && $how =~ /^X-/ ? "$how: /x\n" : '') . "\n");
		if ($how && $how eq 'late') { $c->out('x' x $say); sleep 1; $print -= $say }
		for (; $print > 0; $print -= 60_000) { $c->out('x' x ($print < 60_000 ? $print : 60_000)) }
		$c->end;
	});
	my $of = $peer ? run_responder("forward = unix:$dir/lengths", server => $status)
	    : usual();
	my $length = sub { return ask($of, 'length.pl', params => { QUERY_STRING => $_[0] }) };
	for my $case ('3,6,', '0,99,', '3,6,late', '1000,300000,', '200000,3000000,',
		'200000,200001,', '5,5,', '0,0,')
	{
		my ($say, $print) = split /,/, $case;
		my $got = $length->($case);
		is(length $got->{body}, $say, "$mode: $case: no byte too many");
		ok($got->{ended}, "$mode: $case: whole");
	}
	for my $case ('6,3,', '1,0,', '3000000,200000,', '6,3,shut', '6,5,X-Sendfile') {
		cut($length->($case), "$mode: $case: too few");
	}
	ok(wait_for(sub { -s "$dir/end" }), 'while its program goes on') if $mode eq 'exec';
	# The server sends a file, whose length it is.
	for my $field (qw(X-Sendfile X-Accel-Redirect X-LIGHTTPD-send-file)) {
		ok($length->("6,0,$field")->{ended}, "$mode: $field: whole");
	}
	ok(ask($of, 'length.pl', params => { QUERY_STRING => '6,0,',
		REQUEST_METHOD => 'HEAD' })->{ended}, "$mode: HEAD: whole");
	logged($of, qr/longer than its Content-Length \(3\); .*\[long-body\]/,
	    "$mode: too many: logged");
	logged($of, qr/ended after 3 bytes of its Content-Length \(6\) \[short-body\]/,
	    "$mode: too few: logged");
	is(failures($of, 'short-body'), 5, "$mode: too few: counted");
	is(failures($of, 'long-body'), 0, "$mode: too many: no failure");
	is($of->stop, 0, "$mode: it stops well");
	return;
}

# --- F11: the response ends with standard output
# ------------------------------------

sub closing_programs {
	program('closes.pl', 'use POSIX (); print "A: 1\n\nabc"; close STDOUT;'
	    . 'POSIX::close(1); told(); print STDERR "late words\n"; note(); exit 3');
	program('closes-both.pl', 'use POSIX (); print "A: 1\n\nabc";'
	    . 'POSIX::close($_) for 1, 2; told(); note()');
	program('closes-long.pl', 'use POSIX (); open my $f, ">", "' . $dir . '/pid"; print {$f} $$;'
	    . 'close $f; $SIG{TERM} = "IGNORE" if $ENV{QUERY_STRING}; print "A: 1\n\nabc";'
	    . 'POSIX::close($_) for 1, 2; sleep 60');
	return;
}

scene 'standard output is closed' => sub {
	my $r = usual();
	closing_programs();
	for my $name (qw(closes.pl closes-both.pl)) {
		forget();
		my $got = ask($r, $name);
		is($got->{body}, 'abc', "F11: $name: the answer");
		ok($got->{ended}, "F11: $name: whole");
		ok(!-e "$dir/end", "F11: $name: when standard output is closed");
		is(running($r), 1, "F11: $name: and is counted");
		release();
		ok(ended(), "F11: $name: to its end");
		ok(wait_for(sub { running($r) == 0 }), "F11: $name: reaped");
		is_deeply([ grep { !is_waiting($_) } zombies_of($r->pid) ], [],
		    "F11: $name: no zombie");
	}
	logged($r, qr/closes\.pl\[\d+\]: late words/, 'F11: what it complains of is heard');
	logged($r, qr/closes\.pl: exit status 3 \[exit-status\]/,
	    'F11: its exit status is logged');
	is($r->stop, 0, 'it stops well');
};

# No worker and no kept connection is occupied.
scene 'no worker is held' => sub {
	closing_programs();
	my $one = run_responder('kill-grace = 300ms', workers => 1, server => $status);
	my $c = fcgi_connect($one->address);
	my $well = grep { $c->request(params => params('closes.pl'), keep => 1)
		->{body} eq 'abc' } 1 .. 3;
	is($well, 3, 'F11: three over one kept connection');
	ok(!-e "$dir/end", 'F11: with one worker, before any has ended');
	$c->close;
	is(running($one), 3, 'F11: all go on');
	# Nothing lost: a shutdown waits for them.
	$one->signal('TERM');
	sleep 0.3;
	ok(!defined $one->ended, 'F11: a shutdown waits for what goes on');
	release();
	is($one->wait_end, 0, 'F11: a shutdown');
	ok(-s "$dir/end", 'F11: behind its end');
};

# Within the limits.
for my $case ([ 'idle-timeout', '500ms' ], [ 'total-timeout', '3s' ]) {
	my ($limit, $time) = @$case;
	scene "closed, $limit" => sub {
		closing_programs();
		for my $deaf ('', 'deaf') {
			my $t = run_responder("$limit = $time\nkill-grace = 300ms",
			    server => $status);
			unlink "$dir/pid";
			my $got = ask($t, 'closes-long.pl', params => { QUERY_STRING => $deaf });
			ok($got->{ended}, "F11: $limit $deaf: the answer is whole");
			ok(gone(read_file("$dir/pid")),
			    "F11: $limit $deaf: but the program ends");
			logged($t, qr/closes-long\.pl: .*\[$limit\]/, "F11: $limit: logged");
			ok(wait_for(sub { failures($t, $limit) == 1 }), "F11: $limit: counted");
			$t->stop;
		}
	};
}
scene 'closed, drain-timeout' => sub {
	closing_programs();
	my $t = run_responder('kill-grace = 300ms', server => 'drain-timeout = 300ms');
	ask($t, 'closes-long.pl');
	my $pid = read_file("$dir/pid");
	ok(kill(0, $pid), 'F11: one that goes on');
	is($t->stop, 0, 'F11: drain-timeout');
	ok(gone($pid), 'F11: ends it, too');
};

# Plain CGI: our standard output ends with that of the program.
scene 'closed, CGI' => sub {
	closing_programs();
	my $policy = write_file("$dir/cgi.ini",
	    "[app]\nexec = $dir/cgi/closes-both.pl\n[cors]\norigins = $origin\n");
	my $corswrap = corswrap();
	local %ENV = (PATH => $ENV{PATH}, REQUEST_METHOD => 'GET',
	    CORSWRAP_CONFIG => $policy, REQUEST_URI => '/x', SCRIPT_NAME => '/x');
	open my $cgi, '-|', $corswrap or die $!;
	my $out = do { local $/; <$cgi> };
	like($out, qr/abc\z/, 'F11, CGI: the answer');
	ok(!-e "$dir/end", 'F11, CGI: ends with the program\'s output, which goes on');
	release();
	close $cgi;
	is($?, 0, 'F11, CGI: ends well');
	ok(-s "$dir/end", 'F11, CGI: to its end');
};

# --- F10: a client that has the whole response has not aborted
# ----------------------

# Send a request, and read up to the end of the response.
sub reads {
	my ($of, $name, $until, %params) = @_;
	my $c = fcgi_connect($of->address);
	$c->send_bytes(request_bytes(params => params($name, %params)));
	my $have = '';
	while ($have !~ $until) {
		my $record = $c->read_record(20) or last;
		$have .= $record->{content};
	}
	return ($c, $have);
}

# The same, and then it closes.
sub leaves {
	forget();
	my ($c, $have) = reads(@_);
	$c->close;
	return $have;
}

for my $case ([ 'Content-Length', qr/abc/, QUERY_STRING => 'length' ],
	[ 'HEAD', qr/A: 1/, REQUEST_METHOD => 'HEAD' ],
	[ '204', qr/A: 1/, QUERY_STRING => 204 ], [ '304', qr/A: 1/, QUERY_STRING => 304 ])
{
	my ($what, $until, @params) = @$case;
	scene "a client that has all, $what" => sub {
		my $r = usual();
		for my $on_abort (qw(end finish)) {
			my $o = run_responder("on-abort = $on_abort\nkill-grace = 100ms",
			    server => $status, workers => 1);
			like(leaves($o, 'after.pl', $until, @params), $until,
			    "F10: $what: there");
			is(ask($o, 'exits.pl')->{body}, 'abc', "F10: $what: holds no worker");
			ok(!-e "$dir/end", 'indeed');
			release();
			ok(ended(), "F10: $what: the program comes to its end");
			is(failures($o, 'client-gone'), 0, "F10: $what: the client is not gone");
			ok(wait_for(sub { running($o) == 0 }), "F10: $what: reaped");
			unlike($o->log, qr/client-gone|killed/, "F10: $what: nor in the log");
			$o->stop;
		}
		# A client that stays gets the end of the request when the
		# program ends.
		forget();
		my ($c, $have) = reads($r, 'after.pl', $until, @params);
		like($have, $until, "$what: a client that stays");
		my $more = $c->read_record(0.4);
		ok(!$more && !$c->{eof}, "$what: has no end of it yet")
		    or diag explain $more;
		release();
		my $got = $c->read_response(timeout => 20);
		ok($got->{ended} && -s "$dir/end", "$what: waits for the program");
		is($got->{body}, '', "$what: and gets nothing more");
		is($r->stop, 0, 'it stops well');
	};
}

scene 'a client that lacks a byte' => sub {
	my $r = usual();
	leaves($r, 'less.pl', qr/abc/);
	logged($r, qr/less\.pl: the client disconnected; the program is terminated \[client-gone\]/,
	    'F10: a client that lacks a byte is gone');
	ok(wait_for(sub { failures($r, 'client-gone') == 1 }), 'F10: counted');
	ok(!-e "$dir/end", 'F10: and the program is terminated');
	# A program killed after its client has the whole response: only
	# logged.
	program('dies.pl', 'print "Content-Length: 3\n\nabc"; told(); kill 9, $$');
	leaves($r, 'dies.pl', qr/abc/);
	release();
	logged($r, qr/dies\.pl: terminated by signal 9/, 'F10: it dies later: logged');
	ok(wait_for(sub { failures($r, 'killed') == 1 }), 'F10: it dies later: counted');
	is($r->stop, 0, 'it stops well');
};

# A client that does not read has not disconnected, nor has one during a
# shutdown.
for my $case ([ 'idle-timeout', "idle-timeout = 500ms", '' ],
	[ 'total-timeout', "total-timeout = 3s", '' ],
	[ 'stopped', '', 'drain-timeout = 500ms' ])
{
	my ($id, $app, $server) = @$case;
	for my $mode (qw(exec forward)) {
		scene "a deaf client, $id, $mode" => sub {
			shell_program('flood', 'printf "A: 1\n\n";'
			    . 'exec dd if=/dev/zero bs=256k count=99 2>/dev/null');
			my $behind = $mode eq 'forward' ? run_responder('') : undef;
			my $t = run_responder("$app\nkill-grace = 100ms\n"
			    . ($behind ? 'forward = ' . $behind->address : ''),
			    server => "access-log = yes\n$server");
			my $c = fcgi_connect($t->address);
			$c->send_bytes(request_bytes(params => params('flood')));
			if ($id eq 'stopped') {
				# Its response is under way.
				wait_for(sub { my $in = '';
					vec($in, fileno $c->socket, 1) = 1;
					select $in, undef, undef, 0 });
				$t->signal('TERM');
			}
			logged($t, qr/failure=$id/, "a deaf client: $mode: $id, and");
			unlike($t->log, qr/client-gone/, "a deaf client: $mode: $id: is not gone");
			# The rest of the current record, and an invalid one.
			cut($c->read_response(timeout => 20), "a deaf client: $mode: $id");
			$t->stop;
			$behind->stop if $behind;
		};
	}
}

# One that has only closed its sending side still reads.  (With TCP that is
# unknown.)
for my $after (0, 30_000) {
	scene "half a close, $after" => sub {
		my $r = usual();
		program('waits.pl', 'print "A: 1\n\n"; told(); print "abc"; note()');
		my $half = sub {
			forget();
			my ($c, $have) = reads($r, 'waits.pl', qr/A: 1/);
			# further requests, while the server does not read them
			$c->send_bytes(record(1, 1, "\0\1\0\0\0\0\0\0")
			    . record(4, 1, 'x' x $after)) if $after;
			shutdown $c->socket, 1;
			sleep 0.3;
			return $c;
		};
		my $c = $half->();
		release();
		my $got = $c->read_response(timeout => 20);
		ok($got->{ended} && $got->{body} eq 'abc', "half a close, $after: whole");
		is(failures($r, 'client-gone'), 0, "half a close, $after: is no end");
		$c = $half->();
		$c->close;
		ok(wait_for(sub { failures($r, 'client-gone') == 1 }),
		    "the other half, $after: is one");
		ok(!-e "$dir/end", "the other half, $after: the program is terminated");
		is($r->stop, 0, 'it stops well');
	};
}

scene 'half a close over TCP' => sub {
	my $r = run_responder('kill-grace = 300ms', listen => 'tcp', server => $status);
	program('waits.pl', 'print "A: 1\n\nabc"; told(); note()');
	my ($c) = reads($r, 'waits.pl', qr/abc/);
	shutdown $c->socket, 1;
	my $got = $c->read_response(timeout => 20);
	ok(!$got->{ended} && $got->{reset}, 'half a close over TCP: the client sees a cut')
	    || diag(explain($got->{records}));
	is(failures($r, 'client-gone'), 1, 'half a close over TCP: counts as gone');
	ok(!-e "$dir/end", 'half a close over TCP: the program is terminated');
	is($r->stop, 0, 'it stops well');
};

# A server may not end a body that it has sent (HAProxy: an empty one, in
# chunks).
scene 'no end of STDIN' => sub {
	my $r = usual();
	for my $length (0, 3) {
		for my $next ('', 'ABORT', 'another id') {
			my $c = fcgi_connect($r->address);
			my $start = time;
			$c->send_bytes(begin_record(keep => 1) . params_records(params('exits.pl',
				REQUEST_METHOD => 'PUT', CONTENT_LENGTH => $length))
			    . ($length ? record(5, 1, 'xyz') : ''));
			my $got = $c->read_response(timeout => 40);
			ok($got->{ended} && $got->{body} eq 'abc',
			    "no end of STDIN, $length: whole");
			# body-timeout is 60 s
			cmp_ok(time - $start, '<', 30, "no end of STDIN, $length: at once");
			$c->send_bytes(record(2, 1, '')) if $next eq 'ABORT';
			$got = $c->request(params => params('exits.pl'), keep => 1,
			    $next eq 'another id' ? (id => 7) : ());
			is($got->{body}, 'abc', "no end of STDIN, $length, $next: the next request");
		}
	}
	is($r->stop, 0, 'it stops well');
};

# Without occupying a worker, also with on-abort = finish.
scene 'on-abort' => sub {
	usual()->stop;
	my $f = run_responder('on-abort = finish', workers => 1, server => $status);
	leaves($f, 'after.pl', qr/A: 1/);
	is(ask($f, 'exits.pl')->{body}, 'abc', 'on-abort = finish holds no worker');
	ok(!-e "$dir/end", 'indeed');
	release();
	ok(ended(), 'and the program comes to its end');
	is(failures($f, 'client-gone'), 1, 'without its client, which is counted');
	$f->stop;
};

# --- forward: END_REQUEST ---------------------------------------------------------------

scene 'forward' => sub {
	my $r = usual();
	my $f = run_responder('forward = ' . $r->address, server => $status);
	my $got = ask($f, 'exits.pl');
	ok($got->{ended}, 'END_REQUEST: whole');
	is("$got->{body} $got->{appStatus}", 'abc 7', 'END_REQUEST: with its status');
	logged($f, qr/exit status 7 \[exit-status\]/, 'END_REQUEST: logged');
	is(failures($f, 'exit-status'), 0, 'END_REQUEST: no failure');
	$got = ask($f, 'killed.pl');
	is(length $got->{body}, 20_000, 'no END_REQUEST: what came');
	cut($got, 'no END_REQUEST');
	logged($f, qr/\[(?:truncated|bad-record)\]/, 'no END_REQUEST: logged');
	is(failures($f, 'truncated') + failures($f, 'bad-record'), 1,
	    'no END_REQUEST: counted');
	like(leaves($f, 'after.pl', qr/abc/, QUERY_STRING => 'length'), qr/abc/,
	    'forward: a client that has all');
	release();
	ok(ended(), 'forward: the application comes to its end');
	is(failures($f, 'client-gone'), 0, 'forward: the client is not gone');
	leaves($f, 'less.pl', qr/abc/);
	logged($f, qr/the client disconnected; the connection to the application is closed.*\[client-gone\]/,
	    'forward: one that lacks a byte is');
	ok(wait_for(sub { failures($f, 'client-gone') == 1 }), 'forward: counted');
	$f->stop;
	# An application that has sent everything, and closes without
	# END_REQUEST.
	my $peer = peer("unix:$dir/peer", sub {
		my ($c) = @_;
		$c->read_request;
		$c->out("Content-Length: 3\n\nabc");
	});
	$f = run_responder("forward = unix:$dir/peer", server => $status);
	$got = ask($f, 'x');
	ok($got->{ended} && $got->{body} eq 'abc',
	    'no END_REQUEST behind Content-Length: whole');
	is(failures($f, 'truncated'), 1, 'and counted');
	$f->stop;
	$peer->stop;
};

# --- F7: processes that left the group
# ------------------------------------------------

my %leave = (
	setsid  => 'if (!fork) { setsid(); stay() }',
	setpgid => 'if (!fork) { setpgid(0, 0); stay() }',
	deep    => 'if (!fork) { setsid(); if (!fork) { setsid(); stay() } sleep 300 }',
	# its parent is gone: known by the pipe that it can write to
	daemon  => 'if (!fork) { setsid(); if (!fork) { setsid(); stay() } POSIX::_exit(0) } wait;',
	'daemon-out' => 'if (!fork) { setsid(); if (!fork) { open STDERR, ">", "/dev/null"; stay() }'
	    . ' POSIX::_exit(0) } wait;',
	# both have ended: it is then a child of its program
	'daemon-shut' => 'if (!fork) { setsid(); if (!fork) { POSIX::close($_) for 0 .. 2;'
	    . 'chdir "/"; %ENV = (); stay() } POSIX::_exit(0) } wait;',
	'daemon-deaf' => 'if (!fork) { setsid(); if (!fork) { $SIG{TERM} = "IGNORE";'
	    . 'POSIX::close($_) for 0 .. 2; stay() } POSIX::_exit(0) } wait;',
	# TERM is not enough
	deaf    => 'if (!fork) { $SIG{TERM} = "IGNORE"; setsid(); stay() }',
);
# As sh and daemons do it; each prints its pid and stays.
sub stray_program {
	my ($name, $code) = @_;
	return perl_program($name, 'use POSIX qw(setsid setpgid);'
	    . "sub stay { open my \$f, '>', \"$dir/stray.new\"; print {\$f} \$\$; close \$f;"
	    . "rename '$dir/stray.new', '$dir/stray'; exec 'sleep', 300 }\n$code");
}
sub stray { wait_for(sub { -s "$dir/stray" }); return read_file("$dir/stray") }
# Only Linux reports the descendants; elsewhere only the group is ended.
for my $how (!has_pidfd() ? () : sort keys %leave) {
	scene "what left the group, $how" => sub {
		my $hung = $leave{$how}
		    . "select undef, undef, undef, 0.02 until -s '$dir/stray';"
		    . 'print "A: 1\n\nabc";';
		stray_program('hung.pl', "$hung sleep 300");
		stray_program('shut-hung.pl', "$hung POSIX::close(\$_) for 1, 2; sleep 300");
		# Of the two, the limit is there for the first one.
		my $t = run_responder("first-byte-timeout = 30s\nidle-timeout = 700ms\n"
		    . 'kill-grace = 300ms');
		unlink "$dir/stray";
		cut(ask($t, 'hung.pl'), "F7: $how: a timeout");
		ok(gone(stray()), "F7: $how: a timeout ends it");
		if ($how !~ /daemon(?!-shut|-deaf)/) {
			unlink "$dir/stray";
			ask($t, 'shut-hung.pl');
			ok(gone(stray()), "F7: $how: a timeout behind the answer ends it");
		}
		$t->stop;
		$t = run_responder('kill-grace = 300ms');
		unlink "$dir/stray";
		my $c = fcgi_connect($t->address);
		$c->send_bytes(request_bytes(params => params('hung.pl')));
		my $pid = stray();
		ok($pid && kill(0, $pid), "F7: $how: runs");
		$c->close;
		ok(gone($pid), "F7: $how: a client that goes ends it");
		$t->stop;
	};
}

# Many, and some that keep starting others until they are stopped.  (The number
# identifies them.)
my %crowd = (
	many   => 'for (1 .. 150) { if (!fork) { setsid(); exec "sleep", $mark } }',
	breeds => '$SIG{TERM} = "IGNORE"; if (!fork) { setsid();'
	    . 'for (1 .. 3000) { if (!fork) { if (!fork) { setsid();'
	    . 'POSIX::close($_) for 0 .. 2; exec "sleep", $mark } POSIX::_exit(0) }'
	    . 'wait; select undef, undef, undef, 0.01 } POSIX::_exit(0) }',
);
sub crowd {
	my ($mark) = @_;
	my @pids = grep { read_file("/proc/$_/cmdline") eq "sleep\0$mark\0" }
	    map { m{/proc/(\d+)$} ? $1 : () } glob '/proc/[0-9]*';
	return @pids;
}
for my $how (!has_pidfd() ? () : sort keys %crowd) {
	scene "a crowd, $how" => sub {
		my $mark = 1_000_000 + $$;
		# Its response, and so its timeout, begins after it was seen.
		my $go = "$dir/go-$mark";
		stray_program('crowd.pl', "my \$mark = $mark; $crowd{$how}"
		    . "select undef, undef, undef, 0.01 until -e '$go';"
		    . 'print "A: 1\n\nabc"; sleep 300');
		my $t = run_responder("first-byte-timeout = 30s\nidle-timeout = 1s\n"
		    . 'kill-grace = 300ms');
		my $c = fcgi_connect($t->address);
		$c->send_bytes(request_bytes(params => params('crowd.pl')));
		ok(wait_for(sub { crowd($mark) > 20 }), "F7: $how: they run");
		write_file($go, '');
		cut($c->read_response(timeout => 40), "F7: $how: a timeout");
		ok(wait_for(sub { crowd($mark) == 0 }), "F7: $how: none is left")
		    || diag(crowd($mark) . ' are left');
		kill 'KILL', crowd($mark);
		$t->stop;
	};
}

# One that ended normally may leave processes behind.
scene 'what may be left' => sub {
	my $r = usual();
	my %left;
	for my $how (qw(setsid daemon daemon-shut)) {
		stray_program('well.pl', "\$SIG{CHLD} = 'DEFAULT';"
		    . "print \"A: 1\\n\\nabc\"; $leave{$how}");
		unlink "$dir/stray";
		my $got = ask($r, 'well.pl');
		is($got->{body}, 'abc', "F7: $how: ended well");
		$left{$how} = stray();
	}
	# So may others at the same time.
	my $t = run_responder("idle-timeout = 300ms\nkill-grace = 100ms");
	cut(ask($t, 'hangs.pl'), 'F7: another one is ended');
	$t->stop;
	sleep 0.6;
	for my $how (sort keys %left) {
		my $pid = $left{$how};
		ok($pid && kill(0, $pid) && read_file("/proc/$pid/stat") !~ /\) Z/,
		    "F7: $how: is left alone");
		kill 'KILL', $pid if $pid;
	}
	is($r->stop, 0, 'it stops well');
};

# --- workers do not wait for kill-grace
# -----------------------------------------------

for my $case ([ 'a client that goes', 'idle-timeout = 30s', '' ],
	[ 'a timeout in mid-answer', 'idle-timeout = 500ms', '' ],
	[ 'a timeout before it', 'first-byte-timeout = 500ms', 'mute' ])
{
	my ($what, $limit, $query) = @$case;
	scene "kill-grace, $what" => sub {
		usual()->stop;
		perl_program('deaf.pl', '$SIG{TERM} = "IGNORE"; open my $p, ">", "' . $dir
		    . '/pid.new"; print {$p} $$; close $p; rename "' . "$dir/pid.new\", \"$dir/pid"
		    . '"; print "A: 1\n\nabc" unless $ENV{QUERY_STRING}; 1 while sleep 300');
		my $t = run_responder("$limit\nkill-grace = 5s", workers => 1, server => $status);
		my $c = fcgi_connect($t->address);
		$c->send_bytes(request_bytes(params => params('deaf.pl', QUERY_STRING => $query)));
		ok(wait_for(sub { -s "$dir/pid" }), "$what: a program that TERM does not end");
		my $pid = read_file("$dir/pid");
		if ($limit =~ /30s/) { $c->close }
		elsif ($query) { is($c->read_response(timeout => 20)->{status}, 504, "$what: 504") }
		else { cut($c->read_response(timeout => 20), $what) }
		is(ask($t, 'exits.pl')->{body}, 'abc', "$what: a worker is free");
		ok(kill(0, $pid), "$what: before kill-grace is over");
		is(running($t), 1, "$what: it is counted still");
		ok(gone($pid), "$what: and ended");
		ok(wait_for(sub { running($t) == 0 }), "$what: and reaped");
		is($t->stop, 0, "$what: a stop");
	};
}

# --- F5: a program that cannot be ended -----------------------------------------------

for my $how ('', 'shut') {
	scene "a program that cannot be ended $how" => sub {
	SKIP: { cannot_be_ended($how) } };
}
sub cannot_be_ended {
	my ($how) = @_;
	skip 'needs root and setpriv', 7 unless $> == 0 && have_program('setpriv');
	my $home = tempdir();
	my $user = 61000 + $$ % 4000;
	# It switches to another user, which the responder may not signal.
	write_file("$home/perl", read_file($^X), 04755);
	chmod 04755, "$home/perl";
	write_file("$home/other", "#!$home/perl\nuse POSIX ();\$| = 1;\n"
		. "\$< = 0; \$> = 0; \$SIG{TERM} = 'IGNORE'; \$SIG{PIPE} = 'IGNORE';"
		. "open my \$p, '>', '$home/pid'; print {\$p} \"\$\$ \$<\"; close \$p;"
		. "print \"A: 1\\n\\nabc\"; POSIX::close(1), POSIX::close(2)"
		. " if \$ENV{QUERY_STRING} eq 'shut'; sleep 300", 0755);
	write_file("$home/quick", "#!/bin/sh\nprintf 'A: 1\\n\\nquick'\n", 0755);
	write_file("$home/corswrap", read_file(corswrap()), 0755);
	write_file("$home/p.ini", "[app]\nroot = $home\nidle-timeout = 500ms\n"
	    . "kill-grace = 300ms\n[cors]\norigins = $origin\n"
	    . "[server]\n$status\n", 0644);
	chown $user, $user, $home;
	my $pid = start([ have_program('setpriv'), "--reuid=$user",
		"--regid=$user", '--clear-groups', "$home/corswrap", '-c',
		"$home/p.ini", '-l', "unix:$home/s", '-w', 1 ],
	    stderr => "$home/log");
	wait_socket("$home/s") or skip 'it does not start as another user', 7;
	my $u = bless { addresses => ["unix:$home/s"], log => "$home/log",
		status => 0 }, 'Corswrap::Responder';
	my $got = ask($u, "$home/other", params => { QUERY_STRING => $how });
	my ($other, $as) = split ' ', read_file("$home/pid");
	skip 'set-user-ID has no effect here', 7 unless defined $as && $as eq '0';
	is($got->{body}, 'abc', "F5: $how: its answer");
	is(ask($u, "$home/quick")->{body}, 'quick', "F5: $how: no worker is held");
	logged($u, qr/other: process $other cannot be terminated, and is left running \[not-ended\]/,
	    "F5: $how: logged");
	ok(wait_for(sub { failures($u, 'not-ended') == 1 && running($u) == 0 }),
	    "F5: $how: counted");
	ok(kill(0, $other), "F5: $how: it lives");
	kill 'KILL', $other;
	ok(wait_for(sub { !kill 0, $other }), "F5: $how: and is reaped in the end");
	is(stop($pid), 0, "F5: $how: the responder ends");
	return;
}

play_scenes();
done_testing;
