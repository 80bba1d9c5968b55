#!/usr/bin/perl
# Every system call that can fail is made to fail, one call at a time: the
# response is right, or an error, or visibly incomplete; the log has the cause;
# and the next request works normally, with no descriptor and no process left.
# For the first three calls of each; with CORSWRAP_LONG for every call.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use Errno qw(:POSIX);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::FastCGI qw(fcgi_connect fcgi_get);
use Corswrap::Shim;
use Corswrap::Peer;
use Corswrap::Responder;
use Corswrap::Test;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => "valgrind's own calls would fail (t/watched.txt)"
    if under_valgrind();
my $faults = faults() or plan skip_all => 'the shim is not built';
my $long = $ENV{CORSWRAP_LONG};
my $most = $long ? 400 : 3;    # the nth call, at most

my %error = (
	accept => EMFILE, accept4 => EMFILE, access => EACCES, bind => EADDRINUSE, chdir => EACCES,
	clone => EAGAIN, close => EIO, close_range => ENOSYS,
	connect => ECONNREFUSED, dup2 => EMFILE, dup3 => EMFILE,
	epoll_create1 => EMFILE, epoll_ctl => ENOSPC, epoll_wait => EINTR,
	execve => EACCES, fcntl => EMFILE, flock => EINTR, fopencookie => ENOMEM,
	fork => EAGAIN, fstat => EIO, getcwd => ENOENT, getrlimit => EINVAL,
	getsockname => ENOBUFS, getsockopt => ENOBUFS, ioctl => ENOTTY,
	listen => EADDRINUSE, lseek => EIO, lstat => EACCES, malloc => ENOMEM,
	memfd_create => EMFILE, mkostemp => ENOSPC, mkstemp => ENOSPC,
	nanosleep => EINTR, open => EMFILE, open_memstream => ENOMEM,
	pipe => EMFILE, pipe2 => EMFILE,
	poll => ENOMEM, pread => EIO, pthread_create => EAGAIN, read => EIO,
	readlink => ENOENT, realpath => EACCES, __realpath_chk => EACCES,
	recv => ECONNRESET, __recv_chk => ECONNRESET, send => ENOBUFS,
	sendfile => ENOSPC, sendmsg => EPIPE, setpgid => EPERM, setrlimit => EPERM,
	setsockopt => ENOBUFS, shutdown => ENOTCONN, sigaction => EINVAL,
	signalfd => EMFILE, socket => EMFILE, splice => EIO, stat => EACCES,
	unlink => EACCES, waitpid => EINTR, write => ENOSPC, writev => EPIPE,
);
my @calls = sort keys %error;
# What base/memory_stream.c calls.
my $memory_stream = posix_only() ? 'open_memstream' : 'fopencookie';

# --- a responder --------------------------------------------------------------

sub post {
	my ($r, $body) = @_;
	return fcgi_get($r->address, timeout => 20, stdin => $body,
		params => get(REQUEST_METHOD => 'POST',
			CONTENT_LENGTH => length $body));
}

# The same as the second request of a connection; a client that is disconnected
# before it reconnects, as a web server does.
sub post_again {
	my ($r, $body) = @_;
	my $c = fcgi_connect($r->address) or return { timed_out => 1 };
	my $got = $c->request(params => preflight(), keep => 1, timeout => 20);
	return $got if !$got->{ended} || $got->{status} != 204;
	return $c->request(timeout => 20, stdin => $body, keep => 1,
		params => get(REQUEST_METHOD => 'POST',
			CONTENT_LENGTH => length $body));
}

# Compare a response with the intended one; the difference, or ''.
sub wrong {
	my ($r, $got, $want, $log) = @_;
	return 'no end' if $got->{timed_out};
	return '' unless $got->{ended};    # the connection was cut: no success
	return '' if $got->{status} == 200 && $got->{body} eq $want;
	return 'cut short, and ended as if it were whole'
	    if $got->{status} == 200;
	return "status $got->{status}" unless
	    grep { $_ == $got->{status} } 400, 500, 502, 503, 504;
	return "status $got->{status} without Access-Control-Allow-Origin"
	    unless $got->{header}{'access-control-allow-origin'};
	return "status $got->{status}, and the log says nothing"
	    unless $log =~ /\b(?:error|warning)\b/;
	return '';
}

sub zombies {
	my ($pid) = @_;
	return grep { read_file($_) =~ /\) Z $pid / } glob '/proc/[0-9]*/stat';
}

# Each call, each time that it is called while a request is handled.
sub sweep {
	my ($name, $r, $calls, $bodies, $answer, $post) = @_;
	$post //= \&post;
	post($r, 'x') for 1 .. 3;
	my $total = 0;
	my $fds   = $r->descriptors;
	for my $call (@$calls) {
		my @bad;
		my $hits = 0;
		for my $body (@$bodies) {
			for my $n (1 .. $most) {
				my $logged = length $r->log;
				$faults->arm($call, $n, $error{$call});
				my $got = $post->($r, $body);
				my $hit = $faults->disarm or last;
				$hits++;
				my $wrong = wrong($r, $got, $answer->($body),
					substr $r->log, $logged);
				push @bad, "$n, body of " . length($body) .
				    ": $wrong" if $wrong;
				last if defined $r->ended || @bad > 3;
				my $again = post($r, 'again');
				push @bad, "$n: then no answer" unless
				    $again->{status} == 200 &&
				    $again->{body} eq $answer->('again');
			}
		}
		if (defined $r->ended) {
			fail("$name: $call: the responder has ended");
			diag($r->log =~ /((?:[^\n]*\n){1,5})\z/);
			return $total;
		}
		$total += $hits;
		next unless $hits;
		my $now;
		wait_for(sub { ($now = $r->descriptors) <= $fds }, 5);
		push @bad, "descriptors: $fds, then $now" if $now > $fds;
		$fds = $now;
		ok(!@bad, "$name: $call fails $hits times")
		    || diag(join "\n", @bad);
	}
	is_deeply([ zombies($r->pid) ], [], "$name: no zombie is left");
	return $total;
}

my $program = "printf 'Content-Type: text/plain\\n\\n'; cat; printf end\n";
my @bodies  = ('', 'x' x 100, 'x' x 200_000);
my $total   = 0;
{
	my @pages = ({ REQUEST_URI => '/counters', REMOTE_ADDR => '127.0.0.1' },
	    { QUERY_STRING => 'corswrap-check=0123456789abcdef' });
	my $r = responder(env => $faults->env, args => [ '-w', 2 ],
		program => $program, more => {
		app => "kill-grace = 50ms\nself-check = 0123456789abcdef",
		server => "status-path = /counters\nstatus-clients = 127.0.0.1" });
	$total += sweep('exec', $r, \@calls, \@bodies,
		sub { $_[0] . 'end' });
	$total += sweep('kept', $r, [ grep { !/^accept/ } @calls ], \@bodies,
		sub { $_[0] . 'end' }, \&post_again);
	# Now every one of them.
	for my $call (posix_only() ? qw(pipe fork malloc mkstemp) :
	    qw(pipe2 clone malloc memfd_create)) {
		next unless $faults->may_refuse($call);
		$faults->arm($call, 1, $error{$call}, lasting => 1);
		my $got = post($r, 'x' x 200_000);
		my $hits = $faults->disarm;
		cmp_ok($hits, '>', 0, "$call always fails");
		is(wrong($r, $got, 'x' x 200_000 . 'end', 'error'), '',
		    'an error of ours, or the right answer');
		is(post($r, '')->{body}, 'end', 'and when it is over, an answer');
	}
	for my $page (@pages) {
		$faults->arm($memory_stream, 1, ENOMEM);
		my $got = fcgi_get($r->address, timeout => 20, params => get(%$page));
		is($faults->disarm, 1, 'no memory for a page of our own');
		is($got->{status}, 500, 'is 500');
		is(fcgi_get($r->address, params => get(%$page))->{status}, 200,
		    'and then the page');
	}
	is($r->stop, 0, 'exec: stops as it should');
}
{
	# A body too large for memory goes to a file: the disk is full.
	my $dir = tempdir();
	my $r   = responder(env => { %{ $faults->env }, TMPDIR => "$dir" },
		args => [ '-w', 2 ], program => $program);
	my $body = 'x' x 3_000_000;
	is(length(post($r, $body)->{body}), 3_000_003, 'a large body');
	for my $n (1, 2, 40) {
		$faults->arm('write', $n, ENOSPC);
		my $got = post($r, $body);
		cmp_ok($faults->disarm, '>', 0, "no space for write $n");
		ok(!$got->{ended} || $got->{status} == 500,
		    'is 500, or no whole answer');
		is(post($r, 'y')->{body}, 'yend', 'and then served again');
	}
	# Of unknown length it is in memory first, and is copied from there.
	# (POSIX has no such memory: it is in a file at once.)
	SKIP: {
	skip '--enable-posix-only: no copy', 4 if posix_only();
	my %unsaid = (timeout => 20, stdin => $body,
		params => get(REQUEST_METHOD => 'POST'));
	$faults->arm('sendfile', 1, EINTR);
	my $got = fcgi_get($r->address, %unsaid);
	is($faults->disarm, 1, 'the copy to a file is interrupted');
	is(length($got->{body}), 3_000_003, 'and goes on');
	$faults->arm('sendfile', 1, ENOSPC);
	$got = fcgi_get($r->address, %unsaid);
	is($faults->disarm, 1, 'no space for the copy');
	is($got->{status}, 500, 'is 500');
	}
	like($r->log, qr/No space left on device.*\[spool\].*make room in TMPDIR/,
	    'the log says what to do');
	is_deeply([ glob "$dir/*" ], [], 'no file is left behind');
	$r->stop;
}

SKIP: {
	skip 'the shim cannot refuse memory here', 2
	    unless $faults->may_refuse('malloc');
	# A worker's first request gets the memory that it keeps.
	my @bad;
	my $hits = 0;
	for my $n (1 .. ($long ? 40 : 8)) {
		my $r = responder(env => $faults->env, args => [ '-w', 1 ],
			program => $program, more => { cors =>
			'origins-regex = https://[a-z]+\.example' });
		$faults->arm('malloc', $n, ENOMEM);
		my $got = post($r, 'x');
		my $hit = $faults->disarm;
		my $wrong = wrong($r, $got, 'xend', $r->log);
		push @bad, "$n: $wrong" if $wrong;
		push @bad, "$n: then no answer" unless
		    post($r, 'y')->{body} eq 'yend';
		push @bad, "$n: does not stop" unless $r->stop == 0;
		last unless $hit;
		$hits++;
	}
	cmp_ok($hits, '>', 3, "the first request: no memory $hits times");
	ok(!@bad, 'is an error, or the right answer') || diag(join "\n", @bad);
	$total += $hits;
}
SKIP: {
	skip 'the shim cannot refuse memory here', 3
	    unless $faults->may_refuse('malloc');
	my $dir = tempdir();
	write_file("$dir/program", "#!/usr/bin/perl\n"
	    . 'print "Content-Type: text/plain\n", "X-Parent: ", getppid,'
	    . ' "\n\n"; local $/ = undef; print <STDIN>, "end";', 0755);
	my $r = responder(env => $faults->env, args => [ '-w', 2 ],
		policy => basic_policy("$dir/program")
		. "[warm]\nscripts = exec\nafter = 1 in 1m\n");
	my $cold = post($r, 'x')->{header}{'x-parent'};
	my $warm = sub { my $p = post($r, 'x')->{header}{'x-parent'};
		$p && $p != $cold };
	ok(wait_for($warm, 20), 'a program gets warm');
	my @bad;
	for my $n (1 .. ($long ? 40 : 6)) {
		my $logged = length $r->log;
		$faults->arm('malloc', $n, ENOMEM);
		my $got = post($r, 'x' x 20_000);
		my $hit = $faults->disarm or last;
		$total++;
		my $wrong = wrong($r, $got, 'x' x 20_000 . 'end',
			substr $r->log, $logged);
		push @bad, "$n: $wrong" if $wrong;
		push @bad, "$n: then no answer" unless
		    post($r, 'y')->{body} eq 'yend';
	}
	ok(!@bad, 'no memory for a warm one') || diag(join "\n", @bad);
	is($r->stop, 0, 'warm: stops as it should');
}

# --- forwarded ----------------------------------------------------------------

{
	my $dir  = tempdir();
	my $peer = peer("unix:$dir/app", sub {
		my ($c) = @_;
		while (my $request = $c->read_request) {
			$c->answer("Content-Type: text/plain\n\n"
			    . "$request->{stdin}end");
			last unless $request->{keep};
		}
	});
	for my $keep (0, 2) {
		my $r = responder(env => $faults->env, args => [ '-w', 2 ],
			policy => "[cors]\norigins = https://app.example.com\n"
			    . "[app]\nforward = unix:$dir/app\nkeep = $keep\n");
		$total += sweep("forward, keep = $keep", $r, \@calls,
			[ '', 'x' x 200_000 ], sub { $_[0] . 'end' });
		is($r->stop, 0, "forward, keep = $keep: stops as it should");
	}
	# an unreachable host or network: the application's failure
	my $r = responder(env => $faults->env, args => [ '-w', 2 ],
		policy => "[cors]\norigins = https://app.example.com\n"
		    . "[app]\nforward = unix:$dir/app unix:$dir/other\n");
	my $other = peer("unix:$dir/other", sub {
		my ($c) = @_;
		my $request = $c->read_request or return;
		$c->answer("X-A: 1\n\n$request->{stdin}other");
	});
	for my $error (ETIMEDOUT, EHOSTUNREACH) {
		$faults->arm('send', 1, $error);
		my $got = post($r, 'x');
		$faults->disarm;
		is($got->{body}, 'xother', "not a byte could be sent ($error):"
		    . ' the other is asked');
		$other->forget;
		wait_for(sub { post($r, 'x')->{body} eq 'xend' }, 30);
	}
	is($r->stop, 0, 'ends well');
	$_->stop for $peer, $other;
}

# --- short reads and writes, interruptions -------------------------------------

{
	my $r = responder(env => $faults->env, args => [ '-w', 2 ],
		program => $program, more => { app => 'kill-grace = 50ms' });
	# More than a record's header, which the kernel takes whole.
	$faults->share(9);
	for my $body ('', 'x' x 1000, 'x' x 20_000) {
		my $got = post($r, $body);
		ok($got->{ended} && $got->{body} eq $body . 'end',
		    'nine bytes at a time, a body of ' . length $body);
	}
	$faults->share(0);
	# On a connection an interruption means that the time is over (pool.h):
	# there it may end the request, but not with an incomplete response.
	my %patience = map { $_ => 1 } qw(read write writev send sendmsg recv splice);
	for my $call (qw(read write writev send sendmsg recv poll waitpid nanosleep
	    epoll_wait sendfile splice pread accept accept4)) {
		my @bad;
		for my $n (1 .. ($long ? 12 : 2)) {
			my $body = 'x' x 100_000;
			$faults->arm($call, $n, EINTR);
			my $got = post($r, $body);
			last unless $faults->disarm;
			next if $got->{ended} && $got->{body} eq $body . 'end';
			push @bad, $n unless $patience{$call} &&
			    wrong($r, $got, $body . 'end', 'error') eq '';
		}
		ok(!@bad, "$call is interrupted") || diag("calls @bad");
	}
	$r->stop;
}

# --- the log --------------------------------------------------------------------

SKIP: {
	skip 'no /dev/full', 5 unless -c '/dev/full';
	my $r = responder(env => $faults->env, more => {
		server => "log-file = /dev/full\naccess-log = yes" },
		program => "echo complaint >&2; $program");
	for my $n (1 .. 5) {
		is(post($r, "n$n")->{body}, "n${n}end",
		    "request $n, and the disk of the log is full");
	}
	$r->stop;
}

# --- plain CGI ------------------------------------------------------------------

sub cgi {
	my ($policy, $body) = @_;
	return run([ corswrap() ], stdin => $body, timeout => 60, clean => {
		%{ $faults->env }, CORSWRAP_CONFIG => $policy,
		PATH => $ENV{PATH}, GATEWAY_INTERFACE => 'CGI/1.1',
		REQUEST_METHOD => 'POST', REQUEST_URI => '/x',
		CONTENT_LENGTH => length $body,
		HTTP_ORIGIN => 'https://app.example.com' });
}
{
	my $dir = tempdir();
	sh_program("$dir/program", $program);
	write_file("$dir/policy.ini", basic_policy("$dir/program",
		app => 'kill-grace = 50ms'));
	my ($exit, $out) = cgi("$dir/policy.ini", 'x');
	like($out, qr/^Access-Control-Allow-Origin: .*xend\z/ms, 'CGI');
	for my $call (grep { !/accept|listen|bind|epoll_wait/ } @calls) {
		my @bad;
		my $hits = 0;
		for my $body ('', 'x' x 200_000) {
			for my $n (1 .. $most) {
				$faults->arm($call, $n, $error{$call});
				my ($exit, $out, $err) =
				    cgi("$dir/policy.ini", $body);
				$faults->disarm or last;
				$hits++;
				my $right = $out =~ /\r\n\r\n\Q$body\Eend\z/;
				my $clear = $out =~
				    /^Status: (?:400|500|502|503|504) /m;
				# An exit status that the server sees.
				push @bad, "$n: exit $exit, " . substr $out,
				    0, 200 if $exit < 0 ||
				    (!$right && !$clear && $exit == 0);
				push @bad, "$n: silent" if $clear && !length $err;
			}
		}
		$total += $hits;
		next unless $hits;
		ok(!@bad, "CGI: $call fails $hits times")
		    || diag(join "\n", @bad);
	}
}

# --- starting, linting, loading again --------------------------------------------

{
	my $dir = tempdir();
	sh_program("$dir/program", $program);
	write_file("$dir/list", join '', map { "https://h$_.example\n" } 1 .. 50);
	write_file("$dir/policy.ini", basic_policy("$dir/program",
		cors => "origins-file = list\norigins-regex = https://x[0-9]\\.example"));
	for my $command ([ corswrap(), '-c', "$dir/policy.ini", '-t' ],
	    [ corscheck(), 'lint', "$dir/policy.ini" ],
	    [ corscheck(), 'dump', "$dir/policy.ini" ])
	{
		my @bad;
		my $hits = 0;
		my (undef, $want) = run($command);
		for my $call (grep { $faults->may_refuse($_) } ($memory_stream,
		    qw(malloc read open fstat realpath __realpath_chk getcwd))) {
			for my $n (1 .. ($long ? 1000 : 8)) {
				$faults->arm($call, $n, $error{$call});
				my ($exit, $out, $err) = run($command,
					env => $faults->env);
				$faults->disarm or last;
				$hits++;
				push @bad, "$call $n: exit $exit" if $exit < 0;
				push @bad, "$call $n: silent, exit $exit"
				    if $exit > 0 && !length "$out$err";
				push @bad, "$call $n: exit 0, but $out" if
				    $exit == 0 && $out ne $want;
			}
		}
		$total += $hits;
		ok(!@bad, "@$command[0, 1]: $hits faults") ||
		    diag(join "\n", @bad);
	}
	# A socket of its own.
	my @bad;
	for my $call (qw(socket bind listen unlink lstat stat epoll_create1
	    epoll_ctl signalfd pthread_create malloc fcntl flock open
	    sigaction getsockname pipe pipe2)) {
		for my $n (1 .. ($long ? 400 : 2)) {
			$faults->arm($call, $n, $error{$call});
			my $r = responder(dir => $dir, no_wait => 1,
				env => $faults->env, policy =>
				basic_policy("$dir/program"));
			my $got;
			wait_for(sub { defined $r->ended || ($got =
				post($r, 'x'))->{status} == 200 }, 20);
			my $hits = $faults->disarm;
			my $end  = $r->ended;
			$total += $hits;
			push @bad, "$call $n: neither served nor ended"
			    unless defined $end || $got->{status} == 200;
			push @bad, "$call $n: ended with $end"
			    if defined $end && $end != 1 && $end != 2;
			push @bad, "$call $n: ended, and said nothing"
			    if defined $end && !length $r->log;
			unlink $r->{log};
			$r->stop;
			last unless $hits;
		}
	}
	ok(!@bad, 'a start ends with an error or serves')
	    || diag(join "\n", @bad);
}
{
	my $dir = tempdir();
	my $r   = responder(dir => $dir, env => $faults->env,
		more => { server => 'reload = 1h' }, program => $program);
	my $text = read_file($r->{policy});
	my @bad;
	# Its socket exists before the start is complete, which must not hit a
	# fault.
	is(post($r, 'x')->{body}, 'xend', 'a responder that serves');
	for my $call (qw(malloc open read fstat stat)) {
		# A load has more of malloc than of the others.
		for my $n (1 .. ($call eq 'malloc' ? 40 : $most)) {
			my $new = "https://$call$n.example";
			write_file($r->{policy}, $text =~ s/^origins = .*\K$/ $new/mr);
			my $logged = length $r->log;
			$faults->arm($call, $n, $error{$call});
			$r->signal('HUP');
			wait_for(sub { substr($r->log, $logged) =~ /\n/ }, 1);
			$faults->disarm or last;
			$total++;
			push @bad, "$call $n" unless
			    post($r, 'x')->{body} eq 'xend';
			push @bad, "$call $n: silent" unless
			    substr($r->log, $logged) =~ /\[(?:reload-refused|reloaded)\]/;
			my $got = fcgi_get($r->address, params =>
				get(HTTP_ORIGIN => $new));
			push @bad, "$call $n: the new policy, but not loaded"
			    if $got->{header}{'access-control-allow-origin'} &&
			    substr($r->log, $logged) !~ /\[reloaded\]/;
		}
	}
	ok(!@bad, 'a reload that fails leaves the policy that was')
	    || diag(join "\n", @bad);
	my $new = 'https://last.example';
	write_file($r->{policy}, $text =~ s/^origins = .*\K$/ $new/mr);
	$r->signal('HUP');
	ok(wait_for(sub { fcgi_get($r->address, params => get(HTTP_ORIGIN =>
		$new))->{header}{'access-control-allow-origin'} }, 20),
	    'and one that does not takes the new one');
	is($r->stop, 0, 'and the responder stops as it should');
}
cmp_ok($total, '>', 150, "$total faults in all");
done_testing;
