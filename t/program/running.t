#!/usr/bin/perl
# Programs while they run: streaming and back-pressure, standard error,
# timeouts, disconnects, limits, descriptors, signals, environment.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Faults ();
use Corswrap::FastCGI qw(fcgi_connect request_bytes record);
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $r = run_responder("kill-grace = 300ms", server => 'log = debug');

# --- the header block ----------------------------------------------------------

# notes/cgi.md 2, cases that are not in t/program/cgi-vectors: output, status,
# body, name and value.
for my $case (
	[ 'CR alone ends no line', "A: 1\rB: 2\r\n\r\nx", 200, 'x', A => '0 values' ],
	[ 'LF, then CRLF', "A: 1\n\r\nx", 200, 'x', A => 1 ],
	[ 'CRLF, then LF', "A: 1\r\n\nx", 200, 'x', A => 1 ],
	[ 'no Content-Type is invented', "A: 1\n\nx", 200, 'x',
		'Content-Type' => '0 values' ],
	[ 'Status 99',      "Status: 99\n\n",         502 ],
	[ 'Status 1000',    "Status: 1000\n\n",       502 ],
	[ 'Status 600',     "Status: 600\n\n",        502 ],
	[ 'two Status',     "Status: 404\nStatus: 200\n\n", 404, undef,
		Status => '404' ],
	[ 'R42: Status behind Content-Type',
		"Content-Type: a/b\nX: 1\nStatus: 418 T\n\n", 418 ],
	[ '1xx is swallowed', "Status: 103 Early Hints\nLink: </x>\n\n"
		. "Status: 201 Created\nA: 1\n\nx", 201, 'x', Link => '0 values' ],
	[ 'HTTP/1.1 100', "HTTP/1.1 100 Continue\r\n\r\n"
		. "HTTP/1.1 404 Nope\r\nA: 1\r\n\r\nx", 404, 'x', A => 1 ],
	[ 'two equal Content-Length', "Content-Length: 1\nContent-Length: 1\n\nx",
		200, 'x', 'Content-Length' => 1 ],
	[ 'two other ones', "Content-Length: 1\nContent-Length: 2\n\nx", 502 ],
	[ 'Transfer-Encoding', "Transfer-Encoding: chunked\nA: 1\n\n0\r\n\r\n",
		200, "0\r\n\r\n", 'Transfer-Encoding' => '0 values' ],
	[ 'Connection', "Connection: close\nKeep-Alive: 5\nA: 1\n\nx", 200, 'x',
		Connection => '0 values' ],
	[ '8-bit value', "A: caf\xc3\xa9 \xff\n\nx", 200, 'x',
		A => "caf\xc3\xa9 \xff" ],
	[ 'Location and Status', "Location: /x\nStatus: 301\n\nx", 301, 'x',
		Location => '/x' ],
	[ '204 with a body', "Status: 204\n\nbody", 204, '' ],
	[ '304 with a body', "Status: 304\nETag: \"x\"\n\nbody", 304, '',
		ETag => '"x"' ],
	[ 'text without a header', "hello there\n", 502 ],
	[ 'HTML without a header', "<html>\n<a href='http://x'>\n", 502 ],
    )
{
	my ($what, $out, $status, $body, $name, $value) = @$case;
	perl_program('block.pl', 'print ' . quoted($out));
	my $got = ask($r, 'block.pl');
	is($got->{status}, $status, "$what: $status");
	cors_on($got, $what);
	is($got->{body}, $body, "$what: body") if defined $body;
	is(one($got, $name), $value, "$what: $name") if defined $name;
}
logged($r, qr/header block: hello there\\x0a \[bad-header\].*lenient = yes/,
    'what has no header block is quoted, with what to do');
perl_program('te.pl', 'print "Transfer-Encoding: chunked\n\n0\r\n\r\n"');
is(one(ask($r, 'te.pl', params => { SERVER_SOFTWARE => 'lighttpd/1.4.69' }),
	'Transfer-Encoding'), 'chunked', 'lighttpd wants Transfer-Encoding');
perl_program('large.pl', 'print "A: ", "x" x 5000, "\n\nx"');
is(ask($r, 'large.pl')->{body}, 'x', 'R30: more than 4 KiB of headers pass');
logged($r, qr/over 4 KiB.*\[header-large\].*print less/, 'with a warning');

# R27, R6: nothing at all
perl_program('nothing.pl', 'exit 7');
my $got = ask($r, 'nothing.pl');
is("$got->{status} $got->{appStatus}", '502 7', 'R27: nothing is 502, R39: '
    . 'with the exit status');
logged($r, qr/exit status 7 \[exit-status\]/, 'R39: and logged');

my $lenient = run_responder('lenient = yes');
$got = ask($lenient, 'block.pl');
is("$got->{status} " . one($got, 'Content-Type') . " $got->{body}",
    "200 text/html <html>\n<a href='http://x'>\n", 'lenient = yes');
$lenient->stop;

# max-header
perl_program('endless.pl', "open my \$f, '>', '$dir/pid'; print {\$f} \$\$;"
    . 'close $f; print "X: ", "y" x 1000, "\n" while 1');
my $tight = run_responder("max-header = 2K\nkill-grace = 300ms");
for my $case ([ $r, 'of 64K' ], [ $tight, 'of 2K' ]) {
	my ($where, $name) = @$case;
	unlink "$dir/pid";
	$got = ask($where, 'endless.pl');
	is($got->{status}, 502, "max-header $name: 502");
	cors_on($got, "max-header $name");
	ok(gone(read_file("$dir/pid")), 'and the program is terminated');
	logged($where, qr/larger than max-header.*raise max-header/, 'logged');
}
$tight->stop;

# NPH over FastCGI, and the three ways of a local redirect
perl_program('nph-x.pl', 'print "HTTP/1.1 404 Gone\r\nServer: s\r\n\r\nx"');
$got = ask($r, 'nph-x.pl');
is("$got->{status} " . one($got, 'Server'), '404 s', 'NPH: a proper answer');
unlike($got->{stdout}, qr{^HTTP/}m, 'without its status line');
my $local = "Location: /other\r\n\r\n";
perl_program('local.pl', 'print ' . quoted($local));
for my $case (
	[ 'auto', 'Apache/2.4.57 (Debian)', 1 ], [ 'auto', 'nginx/1.22', 0 ],
	[ 'auto', 'lighttpd/1.4', 0 ], [ 'auto', undef, 0 ],
	[ 'pass', 'nginx/1.22', 1 ], [ '302', 'Apache/2.4', 0 ])
{
	my ($mode, $software, $passed) = @$case;
	my $l = run_responder("local-redirect = $mode");
	my $what = "local-redirect = $mode, " . ($software // 'no name');
	$got = ask($l, 'local.pl', params => { SERVER_SOFTWARE => $software });
	if ($passed) {
		is($got->{stdout}, $local, "$what: untouched");
	} else {
		is("$got->{status} " . one($got, 'Location'), '302 /other', $what);
		cors_on($got, $what);
	}
	$l->stop;
}

# --- streaming -------------------------------------------------------------------

# R5: each piece is sent only once the client has the previous one.
perl_program('steps.pl', 'print "A: 1\n\n"; for my $n (1 .. 5) {'
    . "print \"<\$n>\"; select undef, undef, undef, 0.01 until -e \"$dir/step\$n\" }");
{
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('steps.pl')));
	my ($have, $well) = ('', 0);
	for my $n (1 .. 5) {
		while ($have !~ /<$n>/) {
			my $record = $c->read_record(30) or last;
			$have .= $record->{content};
		}
		$well++ if $have =~ /<$n>$/;
		write_file("$dir/step$n", '');
	}
	is($well, 5, 'R5: what is written is seen before more is');
}

# R14: unread output stops the program.
perl_program('flood.pl', "open my \$f, '>', '$dir/count'; binmode STDOUT;"
    . 'print "A: 1\n\n"; for my $n (1 .. 3200) { print "z" x 65536;'
    . 'seek $f, 0, 0; print {$f} $n; $f->flush }');
{
	# A sanitizer keeps what is freed for a while.
	my $most = $r->resident + (Corswrap::Faults->is_sanitized ? 32 : 8) * 1024;
	my $c = fcgi_connect($r->address, timeout => 120);
	$c->send_bytes(request_bytes(params => params('flood.pl')));
	my $last = -1;
	wait_for(sub { my $n = -s "$dir/count" ? read_file("$dir/count") : 0;
		my $still = $n > 0 && $n == $last; $last = $n; sleep 0.2; $still });
	cmp_ok($last, '<', 160, 'R14: the program waits for the client');
	cmp_ok($r->resident, '<', $most, 'R14: and nothing is queued');
	my $whole = $c->read_response(timeout => 120);
	is(length $whole->{body}, 3200 * 65536, '200 MiB come whole');
	cmp_ok($r->resident, '<', $most, 'memory stays where it was');
}

# A client that is slow for a short time does not count as the program's
# silence.
{
	my $i = run_responder('idle-timeout = 1s');
	perl_program('mega.pl', 'print "A: 1\n\n", "z" x 3_000_000');
	my $c = fcgi_connect($i->address);
	$c->send_bytes(request_bytes(params => params('mega.pl')));
	my $bytes = '';
	for (1 .. 8) {
		sleep 0.3;
		$bytes .= $c->read_bytes(0.001, 300_000);
	}
	$bytes .= $c->read_bytes(60);
	cmp_ok(length $bytes, '>', 3_000_000, 'a slow client gets all of it');
	logged($i, qr/^(?!.*idle-timeout)/s, 'and no timeout is logged');
	$i->stop;
}

# HEAD and 304: the program runs to its end, its output is discarded.
perl_program('long.pl', 'print "Status: $ENV{QUERY_STRING}\n\n", "z" x 500_000;'
    . "open my \$f, '>', '$dir/end'");
for my $case ([ 'HEAD', 200 ], [ 'GET', 304 ], [ 'GET', 204 ]) {
	my ($method, $status) = @$case;
	unlink "$dir/end";
	$got = ask($r, 'long.pl', params => { REQUEST_METHOD => $method,
		QUERY_STRING => $status });
	is("$got->{status} $got->{body} $got->{appStatus}", "$status  0",
	    "$method, $status: no body");
	ok(-e "$dir/end", 'but the program came to its end');
}

# --- standard error -----------------------------------------------------------------

# R7, R31: all at once.
perl_program('noisy.pl', 'for (1 .. 200) { print STDERR "e" x 5000, "\n";'
    . 'print "A: 1\n\n" if $_ == 100; print "o" x 5000 if $_ > 100 }'
    . 'print STDERR "last words"');
for my $to (qw(log fastcgi)) {
	my $n = run_responder("stderr = $to");
	$got = ask($n, 'noisy.pl', stdin => 'x' x 1_000_000);
	is(length $got->{body}, 500_000, "R7, stderr = $to: the answer is whole");
	my $heard = $to eq 'log' ? $n->log : $got->{stderr};
	like($heard, qr/eeeeee/, "stderr = $to: heard");
	like($heard, qr/\(\d+ more bytes were dropped\)/, 'within bounds');
	cmp_ok(length $heard, '<', 100_000, 'indeed');
	is($got->{appStatus}, 0, 'ended well');
	$n->stop;
}
perl_program('evil.pl', 'print STDERR "\e[2Jone\rtwo\x{7f}\nthree\0four";'
    . 'print "A: 1\n\nx"');
ask($r, 'evil.pl');
logged($r, qr/evil\.pl\[\d+\]: \\x1b\[2Jone\\x0dtwo\\x7f\n/,
    'complaints are tagged and escaped');
logged($r, qr/evil\.pl\[\d+\]: three\\x00four\n/, 'the last line too');

# --- time -----------------------------------------------------------------------------

my $t = run_responder("first-byte-timeout = 1s\nidle-timeout = 1s\n"
    . "total-timeout = 4s\nkill-grace = 500ms", workers => 32);
my $pid_line = "open my \$p, '>', \"$dir/pid.new\"; print {\$p} \$\$; close \$p;"
    . "rename \"$dir/pid.new\", \"$dir/pid\";";

perl_program('halfhead.pl', $pid_line . 'for (1 .. 100) { print "X: $_\n";'
    . 'print STDERR "still here\n"; select undef, undef, undef, 0.1 }');
perl_program('trap.pl', "\$SIG{TERM} = sub { open my \$f, '>', '$dir/termed';"
    . 'close $f; exit 0 };' . $pid_line . 'sleep 60');
perl_program('shut.pl', $pid_line . 'print "A: 1\n\nx"; close STDOUT;'
    . 'close STDERR; POSIX::close($_) for 1, 2; sleep 60; use POSIX ();');
perl_program('bg.pl', $pid_line . 'my $k = fork; if (!$k) { while (1) {'
    . 'syswrite STDOUT, "b" x 100 or exit; select undef, undef, undef, 0.01 } }'
    . 'print "A: 1\n\nok"');

$got = ask($t, 'halfhead.pl');
is($got->{status}, 504, 'R2: half a header block and complaints are no first byte');
cors_on($got, 'R2');
ok(gone(read_file("$dir/pid")), 'and it is ended');
logged($t, qr/\[first-byte-timeout\].*raise first-byte-timeout/, 'logged');
$got = ask($t, 'trap.pl');
is($got->{status}, 504, 'one that hears TERM');
ok(wait_for(sub { -e "$dir/termed" }), 'is told so, and may tidy up');
my $start = time;
$got = ask($t, 'shut.pl');
is($got->{body}, 'x', 'one that closes its output and goes on: the answer');
cmp_ok(time - $start, '<', 30, 'and an end');
ok(gone(read_file("$dir/pid")), 'of it too');
logged($t, qr/closed its output but does not exit.*background/, 'logged');
$start = time;
$got = ask($t, 'bg.pl');
like($got->{body}, qr/^(?:ok|b)*/, 'R17: a child that writes on and on');
cmp_ok(time - $start, '<', 25, 'R17: does not hold the request');
ok($got->{ended} && $got->{appStatus} == 0, 'which ends well');
# Its pipe is closed with the request, so it ends by itself.
ok(wait_for(sub { !grep { read_file("/proc/$_/cmdline") =~ /bg\.pl/ &&
	    !is_waiting($_) } map { m{(\d+)$} } glob '/proc/[0-9]*' }),
    'R17: nor is its pipe left open');

# total-timeout also applies to a program that runs on without a client.
my $finish = run_responder("on-abort = finish\ntotal-timeout = 2s\n"
    . 'kill-grace = 300ms');
perl_program('spin.pl', $pid_line . 'print "A: 1\n\n"; print "x" x 1000 while 1');
unlink "$dir/pid";
my $c = fcgi_connect($finish->address);
$c->send_bytes(request_bytes(params => params('spin.pl')));
ok(wait_for(sub { -s "$dir/pid" }), 'on-abort = finish: it runs');
$c->close;
ok(gone(read_file("$dir/pid")), 'until total-timeout');
logged($finish, qr/\[total-timeout\]/, 'logged');
$finish->stop;

# --- disconnects
# ----------------------------------------------------------------------

# R1, R16: one that streams, one that is silent, one that only counts; over a
# connection of its own and over a kept one.
perl_program('busy.pl', $pid_line . 'my $n = 0; $n++ while 1');
perl_program('mute.pl', $pid_line . 'sleep 60');
for my $name (qw(spin.pl mute.pl busy.pl)) {
	for my $kept (0, 1) {
		unlink "$dir/pid";
		$c = fcgi_connect($r->address);
		$c->request(params => params('nothing.pl'), keep => 1) if $kept;
		$c->send_bytes(request_bytes(params => params($name),
			keep => $kept));
		wait_for(sub { -s "$dir/pid" });
		my $pid = read_file("$dir/pid");
		$c->close;
		ok(gone($pid), "R1, R16: $name is ended, "
		    . ($kept ? 'kept connection' : 'new connection'));
	}
}
logged($r, qr/the client disconnected; the program is terminated \[client-gone\]/,
    'logged');
{
	# R1: ABORT on a kept connection; the response ends, the connection
	# stays.
	unlink "$dir/pid";
	$c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('mute.pl'), keep => 1));
	wait_for(sub { -s "$dir/pid" });
	$c->send_bytes(record(2, 1, ''));
	ok(gone(read_file("$dir/pid")), 'R1: ABORT ends it');
	$got = $c->read_response(timeout => 60);
	ok($got->{ended} || $got->{eof}, 'R1: and the request');
}

{
	# A client that sends its next request byte by byte is still watched.
	unlink "$dir/pid";
	$c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('mute.pl'), keep => 1));
	wait_for(sub { -s "$dir/pid" });
	for my $byte (split //, substr record(1, 1, "\0\1\1\0\0\0\0\0"), 0, 14) {
		$c->send_bytes($byte);
		sleep 0.02;
	}
	$c->close;
	ok(gone(read_file("$dir/pid")),
	    'a client that sends the next request slowly and disconnects');
}

# --- limits ---------------------------------------------------------------------------

shell_program('limits', 'printf "A: 1\n\n"; for l in t v n; do '
    . 'echo $l $(ulimit -S -$l) $(ulimit -H -$l); done;'
    . 'echo u $(sed -n "s/^Max processes *//p" /proc/self/limits)');
SKIP: {
	# There is also no memory for it until the exec (t/watched.txt).
	skip 'valgrind lets no hard limit of files be set', 8 if under_valgrind();
	my $l = run_responder("cpu-limit = 1\nmemory-limit = 300M\nfile-limit = 50\n"
	    . "process-limit = 4000");
	$got = ask($l, 'limits');
	like($got->{body}, qr/^t 1 1$/m,                 'cpu-limit');
	like($got->{body}, qr/^v 307200 307200$/m,       'memory-limit');
	like($got->{body}, qr/^n 50 50$/m,               'file-limit');
	like($got->{body}, qr/^u 4000\s+4000\s+process/m, 'process-limit');
	$got = ask($l, 'busy.pl');
	is($got->{status}, 502, 'cpu-limit: ended, 502');
	logged($l, qr/signal (?:24|9) .*\[killed\].*limit in \[app\]/, 'logged');
	perl_program('greedy.pl', 'my @x; push @x, "x" x 10_000_000 while 1');
	is(ask($l, 'greedy.pl')->{status}, 502, 'memory-limit: 502');
	logged($l, qr/Out of memory|exit status|signal/, 'logged');
	$l->stop;
}

# The responder's own limit is not passed on to programs.
SKIP: {
	my ($hard) = read_file('/proc/self/limits') =~
	    /^Max open files\s+\d+\s+(\d+|unlimited)/m;
	skip 'few descriptors allowed', 2
	    if $hard ne 'unlimited' && $hard < 1000;
	skip 'valgrind takes twelve of them', 2 if under_valgrind();
	my $n = run_responder('', workers => 100, ulimit => '-S -n 200');
	# It listens before it has raised the limit.
	like(ask($n, 'limits')->{body}, qr/^n 200 (?!200$)\w+$/m,
	    'programs have what there was');
	like(read_file('/proc/' . $n->pid . '/limits'),
	    qr/^Max open files\s+(?!200\b)\d+/m,
	    'but it has more files for 100 workers');
	$n->stop;
}

# R18: only 0 to 2, whatever the responder has open and other programs run.
shell_program('fds', 'sleep 0.3; printf "A: 1\n\n"; exec ls -l /proc/self/fd');
{
	my $h = run_responder('', hold => 30, workers => 32);
	my @all = map { my $x = fcgi_connect($h->address);
		$x->send_bytes(request_bytes(params => params('fds'))); $x } 1 .. 20;
	my @bad;
	for my $x (@all) {
		my @fds = $x->read_response(timeout => 60)->{body} =~
		    /(\d+) -> (?!\/proc\/)/g;
		push @bad, "@fds" if "@fds" ne '0 1 2';
	}
	is_deeply(\@bad, [], 'R18: 20 at once have descriptors 0 to 2');
	is(scalar @all, 20, 'and all were asked');
	$h->stop;
}

# R19, R26: default signals, whatever the responder was started with.
shell_program('signals', 'printf "A: 1\n\n"; exec cat /proc/self/status');
{
	local @SIG{qw(HUP INT PIPE CHLD TERM USR1 USR2 QUIT XFSZ)} =
	    ('IGNORE') x 9;
	my $old = POSIX::SigSet->new;
	POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(
		POSIX::SIGUSR2(), POSIX::SIGALRM()), $old);
	my $s = run_responder('');
	POSIX::sigprocmask(POSIX::SIG_SETMASK(), $old);
	local $SIG{CHLD} = 'DEFAULT';
	$got = ask($s, 'signals');
	like($got->{body}, qr/^SigBlk:\s*0+$/m, 'R19: none blocked');
	like($got->{body}, qr/^SigIgn:\s*0+$/m, 'R19: none ignored');
	is($s->stop, 0, 'R25: and TERM still stops it');
}

# --- the environment ------------------------------------------------------------------

shell_program('env', 'printf "A: 1\n\n"; cat /proc/self/environ; echo; pwd');
my %hostile = (HTTP_PROXY => 'x', HTTP_PROXY_X => 'stays', LD_PRELOAD => 'x',
    LD_LIBRARY_PATH => 'x', LISTEN_PID => 1, LISTEN_FDS => 1,
    NOTIFY_SOCKET => 'x', CORSWRAP_POLICY => '', 'A-B' => 'x', '' => 'x',
    EMPTY => '', BYTES => "a\xff\nb");
my $e = run_responder("authorization = restore\n[env]\nHTTP_PROXY = ours\n"
    . "QUERY_STRING = fixed", env => { OF_THE_RESPONDER => 1 });
$got = ask($e, 'env', params => { %hostile, QUERY_STRING => 'given',
	REDIRECT_HTTP_AUTHORIZATION => 'Basic x' });
my %env = map { /^([^=]*)=(.*)\z/s ? ($1 => $2) : () } split /\0/, $got->{body};
is($env{HTTP_PROXY}, 'ours', 'no HTTP_PROXY but that of [env]');
is($env{QUERY_STRING}, 'fixed', '[env] beats the parameters');
is($env{HTTP_AUTHORIZATION}, 'Basic x', 'authorization = restore');
is($env{HTTP_PROXY_X}, 'stays', 'other names stay');
is($env{EMPTY}, '', 'empty ones too');
is($env{BYTES}, "a\xff\nb", 'and values byte for byte');
is($env{REDIRECT_STATUS}, 200, 'REDIRECT_STATUS');
like(ask($e, 'env', params => { REDIRECT_STATUS => '000' })->{body},
    qr/\0REDIRECT_STATUS=200\0/, 'the same for what nginx says without an error');
like(ask($e, 'env', params => { REDIRECT_STATUS => 404 })->{body},
    qr/\0REDIRECT_STATUS=404\0/, 'with one it stays');
ok($env{PATH}, 'PATH');
is_deeply([ grep { /^(?:LD_|LISTEN_|NOTIFY|CORSWRAP|A-B|OF_THE|$)/ }
	sort keys %env ], [], 'and nothing of what is to be dropped');
like($got->{body}, qr{\n\Q$dir\E/cgi$}m, 'in the folder of the script');
$e->stop;
mkdir "$dir/work";
my $w = run_responder("directory = $dir/work");
like(ask($w, 'env')->{body}, qr{\n\Q$dir\E/work$}m, 'or in `directory`');
rmdir "$dir/work";
$got = ask($w, 'env');
is($got->{status}, 500, 'which is gone: 500');
cors_on($got, 'directory');
logged($w, qr/\[start-failed\].*; its folder does not exist: check exec,.* and directory in/,
    'logged with what to do');
$w->stop;

# --- no room for processes ---------------------------------------------------------------

# CGI-083: a user of its own, because root has no such limit.
SKIP: {
	skip 'needs root, setpriv and prlimit', 6 unless $> == 0
	    && have_program('setpriv') && have_program('prlimit');
	my $user = 61000 + $$ % 4000;
	my $home = tempdir();
	write_file("$home/corswrap", read_file(corswrap()), 0755);
	write_file("$home/p.ini", "[app]\nroot = $dir/cgi\n"
	    . "[cors]\norigins = $origin\n", 0644);
	chown $user, $user, "$home";
	my @as = (have_program('setpriv'), "--reuid=$user", "--regid=$user",
	    '--clear-groups');
	my $pid = start([ @as, "$home/corswrap", '-c', "$home/p.ini", '-l',
		"unix:$home/s", '-w', 4 ],
	    stderr => "$home/log");
	wait_socket("$home/s") or skip 'it does not start as another user', 6;
	my $u = bless { addresses => ["unix:$home/s"], log => "$home/log",
		status => 0 }, 'Corswrap::Responder';
	is(ask($u, 'env')->{status}, 200, 'CGI-083: as a user of its own');
	# By the same user: root of a container may not.
	system(@as, 'prlimit', '--nproc=1:4000', '--pid', $pid);
	$got = ask($u, 'env');
	is($got->{status}, 503, 'CGI-083: no more processes: 503');
	cors_on($got, 'CGI-083');
	is(one($got, 'Retry-After'), 1, 'CGI-083: to be tried again');
	logged($u, qr/cannot start: Resource temporarily unavailable \[start-failed\].*raise the limits of processes/,
	    'CGI-083: the log says what to raise');
	system(@as, 'prlimit', '--nproc=4000:4000', '--pid', $pid);
	is(ask($u, 'env')->{status}, 200, 'CGI-083: and it goes on');
	stop($pid);
}

# --- at rest -----------------------------------------------------------------------------

# R4: no thread spins after all that.
sub ticks { return (split ' ', read_file('/proc/' . $_[0]->pid . '/stat'))[13] +
	(split ' ', read_file('/proc/' . $_[0]->pid . '/stat'))[14] }
my $before = ticks($r);
sleep 1.5;
cmp_ok(ticks($r) - $before, '<=', 10, 'R4: an idle responder uses no processor');
is_deeply([ zombies_of($r->pid) ], [], 'CGI-081: no zombie');
is_deeply([ grep { !is_waiting($_) } children_of($r->pid) ], [],
    'and no program left');
is($_->stop, 0, 'ends well') for $r, $t;

done_testing;
