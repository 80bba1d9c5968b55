#!/usr/bin/perl
# corswrap as a plain CGI program: exact bytes, errors, hostile arguments and
# environments, signals.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
no warnings qw(exec);
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::Test;
use POSIX qw(WNOHANG);
use Socket qw(AF_UNIX SOCK_STREAM);
use Test::More;
use Time::HiRes qw(sleep time);

my $dir    = tempdir();
my $app    = app_program("$dir/app");
my $policy = "$dir/policy.ini";
my $program = corswrap(); # before %ENV is another

sub policy { return write_file($policy, $_[0]) }

# The variables that a web server sets for a request.
sub variables {
	my ($method, %more) = @_;
	return {
		PATH              => $ENV{PATH},
		CORSWRAP_CONFIG   => $policy,
		GATEWAY_INTERFACE => 'CGI/1.1',
		SERVER_PROTOCOL   => 'HTTP/1.1',
		SERVER_NAME       => 'www.example.org',
		SERVER_PORT       => '80',
		HTTP_HOST         => 'www.example.org',
		REQUEST_METHOD    => $method,
		REQUEST_URI       => '/cgi-bin/app',
		SCRIPT_NAME       => '/cgi-bin/app',
		%more,
	};
}

my %preflight = (
	HTTP_ORIGIN                        => 'https://a.example',
	HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT',
);
my $main = "[app]\nexec = $app\n[cors]\norigins = https://a.example\n"
    . "methods = PUT DELETE\nheaders = X-One\nmax-age = 600\n";

# ---- exact bytes -----------------------------------------------------------

policy($main);
my $r = cgi_run(env => variables('OPTIONS', %preflight, APP_LOG => "$dir/ran"));
is($r->{raw}, join("\r\n",
	'Status: 204 No Content',
	'Access-Control-Allow-Origin: https://a.example',
	'Access-Control-Allow-Methods: PUT,DELETE',
	'Access-Control-Allow-Headers: x-one',
	'Access-Control-Max-Age: 600',
	'Vary: Origin, Access-Control-Request-Method, '
	    . 'Access-Control-Request-Headers', '', ''),
	'a preflight, byte for byte');
is($r->{stderr}, '', 'nothing in the log');
is($r->{exit},   0,  'exit 0');
ok(!-e "$dir/ran", 'the program did not run');

$r = cgi_run(env => variables('OPTIONS', %preflight,
	HTTP_ORIGIN => 'https://b.example'));
is($r->{status}, 403, 'a refused preflight');
is_deeply([ grep { /^access-control/ } keys %{ $r->{header} } ], [],
	'has nothing of CORS');
is($r->{header}{'cache-control'}[0], 'no-store', 'is not to be stored');
like($r->{stderr}, qr/origin-not-allowed/, 'its reason is in the log');

$r = cgi_run(env => variables('GET', HTTP_ORIGIN => 'https://a.example',
	APP_LOG => "$dir/ran"));
is($r->{raw}, join("\r\n", 'Content-Type: text/plain',
	'Access-Control-Allow-Origin: https://a.example', 'Vary: Origin', '',
	"app ran\n"), 'an actual request, byte for byte');
is(read_file("$dir/ran"), "GET /cgi-bin/app\n", 'the program ran once');

policy("${main}preflight-status = 200\n");
$r = cgi_run(env => variables('OPTIONS', %preflight));
is($r->{status}, 200, 'preflight-status');
is($r->{header}{'content-length'}[0], 0, 'Content-Length: 0 unless 204');
policy("${main}preflight-status = 299\n");
is(cgi_run(env => variables('OPTIONS', %preflight))->{status}, 299,
	'a status without a phrase');

SKIP: {
	skip "valgrind's own calls (t/watched.txt)", 1 if under_valgrind();
	skip 'no strace here', 1
	    if system('strace -V >/dev/null 2>&1') != 0;
	policy($main);
	my %env = %{ variables('OPTIONS', %preflight) };
	# no LeakSanitizer beside strace (t/watched.txt)
	local %ENV = (%env, ASAN_OPTIONS => 'detect_leaks=0');
	system('strace', '-f', '-o', "$dir/trace", '-e',
		'trace=write,writev,vfork,fork,clone,clone3', $program) == 0
	    or skip 'strace does not work here', 1;
	my @writes = grep { /\bwritev?\(1,/ } split /\n/, read_file("$dir/trace");
	is(scalar @writes, 1, 'a preflight is one write') or diag(@writes);
}

# ---- our own errors --------------------------------------------------------

sub is_error {
	my ($r, $status, $cors, $name) = @_;
	is($r->{status}, $status, "$name: $status");
	is($r->{header}{'cache-control'}[0], 'no-store', "$name: no-store");
	like($r->{header}{'content-type'}[0], qr{^text/plain}, "$name: text");
	my $acao = $r->{header}{'access-control-allow-origin'};
	is($acao && $acao->[0], $cors ? 'https://a.example' : undef,
		"$name: CORS");
	unlike($r->{body}, qr/\Q$dir\E/, "$name: no path in the body");
	return;
}

my %actual = (HTTP_ORIGIN => 'https://a.example');
policy("[app]\nexec = $dir/missing\n[cors]\norigins = https://a.example\n");
$r = cgi_run(env => variables('GET', %actual));
like($r->{status}, qr/^(?:404|500|502)$/, 'a missing program');
is_error($r, $r->{status}, 1, 'a missing program');
like($r->{stderr}, qr/\Q$dir\E\/missing/, 'the log names it');

policy("[app]\nexec = $app\nmax-body = 10\n"
	. "[cors]\norigins = https://a.example\n");
is_error(cgi_run(env => variables('POST', %actual, CONTENT_LENGTH => 11),
	stdin => 'x' x 11), 413, 1, 'a body over max-body');
is_error(cgi_run(env => variables('POST', %actual, CONTENT_LENGTH => '1x'),
	stdin => 'x' x 11), 400, 1, 'a bad CONTENT_LENGTH');

policy("[app]\nexec = $app\n[cors a]\npath = /x\norigins = https://a.example\n");
is_error(cgi_run(env => variables('GET', %actual, REQUEST_URI => '/%00')),
	400, 0, 'NUL in the path');
is_error(cgi_run(env => variables('GET', %actual, REQUEST_URI => '/%4')),
	400, 0, 'a bad escape');

policy($main);
is_error(cgi_run(env => variables('GET', %actual, CORSWRAP_POLICY => 'x')),
	500, 0, 'an unknown CORSWRAP_POLICY');
is(cgi_run(env => variables('GET', %actual, CORSWRAP_POLICY => ''))->{status},
	200, 'an empty CORSWRAP_POLICY is as if unset');

policy("${main}enforce = block\nallow = GET\n");
$r = cgi_run(env => variables('HEAD', HTTP_ORIGIN => 'https://b.example'));
is($r->{status}, 403, 'enforce = block');
is($r->{body},   '',  'HEAD has no body');
$r = cgi_run(env => variables('DELETE', %actual));
is($r->{status}, 405, 'a method not in allow');
is($r->{header}{allow}[0] =~ s/\s//gr, 'GET,HEAD,OPTIONS', 'with Allow');

# ---- a bad policy, seen with a browser alone --------------------------------

policy("[app]\nexec = $app\nexce = x\n[cors]\norigins = https://a.example/\n"
	. "credentails = yes\n");
$r = cgi_run(env => variables('GET', %actual));
is_error($r, 500, 0, 'a bad policy');
is($r->{body}, "3: [unknown-key]\n5: [path]\n6: [unknown-key]\n",
	'every line and id, and nothing else');
like($r->{stderr}, qr/policy\.ini:3: error: .*exce.*\[unknown-key\]/,
	'the log has the words');
like($r->{stderr}, qr/policy\.ini:6: error: .*\[unknown-key\]/, 'all of them');
cmp_ok($r->{exit}, '!=', 0, 'and the exit status tells');

$r = cgi_run(env => { %{ variables('GET') },
	CORSWRAP_CONFIG => "$dir/none.ini" });
is_error($r, 500, 0, 'no policy');
is($r->{body}, "[no-policy]\n", 'says so');
like($r->{stderr}, qr/none\.ini/, 'the log names what was looked for');

# ---- argv and the environment are the client's -----------------------------

policy($main);
for my $argv ([ '-l', 'tcp:0.0.0.0:9000' ], ['-V'], [ '-c', '/etc/passwd' ],
	[ '-t', '--' ], ['--help'], [ '-s' x 5000 ], ['/bin/sh']) {
	$r = cgi_run(env => variables('GET', %actual), argv => $argv);
	is($r->{body}, "app ran\n",
		'R37: argv is not read: ' . substr "@$argv", 0, 30);
}
$r = cgi_run(env => { CORSWRAP_CONFIG => $policy, REQUEST_METHOD => 'OPTIONS',
	%preflight }, argv => ['-V']);
is($r->{status}, 204, 'REQUEST_METHOD alone makes it CGI');
$r = cgi_run(env => { CORSWRAP_CONFIG => $policy, GATEWAY_INTERFACE => '' });
isnt($r->{status}, 0, 'GATEWAY_INTERFACE alone makes it CGI');
cmp_ok($r->{exit}, '>=', 0, 'and it does not crash');

$r = cgi_run(env => variables('GET', %actual,
	HTTP_CORSWRAP_CONFIG => '/etc/passwd', HTTP_CORSWRAP_POLICY => 'x',
	REDIRECT_CORSWRAP_CONFIG => '/etc/passwd',
	QUERY_STRING => "CORSWRAP_CONFIG=/etc/passwd"));
is($r->{body}, "app ran\n", 'header fields are not our variables');

write_file("$dir/env", "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv\n",
	0755);
policy("[app]\nexec = $dir/env\n[cors]\norigins = *\n");
$r = cgi_run(env => variables('GET', HTTP_PROXY => 'evil', LD_PRELOAD => '/x',
	CORSWRAP_X => 'y', LISTEN_FDS => 1, 'BAD-NAME' => 'z', GOOD => 'w'));
unlike($r->{body}, qr/^(?:HTTP_PROXY|LD_PRELOAD|CORSWRAP_|LISTEN_|BAD-)/m,
	'what must not reach the program does not');
like($r->{body}, qr/^GOOD=w$/m, 'the rest does');

for my $odd ({ REQUEST_METHOD => '' }, { REQUEST_METHOD => 'GET',
	REQUEST_URI => '', HTTP_HOST => '', SERVER_NAME => '',
	HTTP_ORIGIN => '' }, { REQUEST_METHOD => "\xff\x01",
	HTTP_ORIGIN => "\xff" x 5000, REQUEST_URI => '%' x 5000,
	SERVER_PORT => '-1', HTTPS => "\n" }) {
	$r = cgi_run(env => { CORSWRAP_CONFIG => $policy, %$odd });
	ok($r->{status} && $r->{exit} >= 0, 'an odd environment is survived');
}

# ---- nph-* ------------------------------------------------------------------

policy($main);
$r = cgi_run(env => variables('OPTIONS', %preflight,
	SCRIPT_FILENAME => '/srv/nph-app.cgi'));
like($r->{raw}, qr{\AHTTP/1\.1 204 No Content\r\nConnection: close\r\n},
	'nph: a status line');
unlike($r->{raw}, qr/^Status:/m, 'nph: no Status');
like($r->{raw}, qr/\r\n\r\n\z/, 'nph: whole');
$r = cgi_run(env => variables('GET', %actual, SERVER_PROTOCOL => 'HTTP/1.0',
	SCRIPT_FILENAME => '/srv/nph-app.cgi',
	APP_OUTPUT => "Content-Type: a/b\nStatus: 404 Gone\n\nbody"));
like($r->{raw}, qr{\AHTTP/1\.0 404 Gone\r\n.*\r\n\r\nbody\z}s,
	'nph: the program\'s status and body');
# The server does not parse these, so the output must already have the final
# form.
for my $case (
	[ 'a reason left out', "Status: 404\n\nbody", '404 ' ],
	[ 'a redirect', "Location: http://x.example/\n\n", '302 Found' ],
	[ 'one with more', "Location: x/y\nA: 1\n\nbody", '302 Found' ],
	[ 'a local one',    "Location: /x\n\n",           '302 Found' ],
	[ 'with a status',  "Status: 200\nLocation: /x\n\n", '200 ' ],
	[ 'another status', "Status: 307 T\nLocation: /x\n\n", '307 T' ])
{
	my ($what, $output, $line) = @$case;
	$r = cgi_run(env => variables('GET', %actual, APP_OUTPUT => $output,
		SCRIPT_FILENAME => '/srv/nph-app.cgi',
		SERVER_SOFTWARE => 'Apache/2.4.62'));
	like($r->{raw}, qr{\AHTTP/1\.1 \Q$line\E\r\n}, "nph: $what");
	like($r->{raw}, qr/^Access-Control-Allow-Origin: \S+\r$/m,
		"nph: $what, with CORS");
}
$r = cgi_run(env => variables('GET', SCRIPT_FILENAME => '/nph-x/app.cgi'));
unlike($r->{raw}, qr{\AHTTP/}, 'nph: the file\'s name counts, not the folder\'s');

# A program whose response fills many pipes.
sub spew_big {
	write_file("$dir/big", "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\n'\n"
		. "exec head -c 5000000 /dev/zero\n", 0755);
	policy("[app]\nexec = $dir/big\n[cors]\norigins = *\n");
	return;
}

# ---- bodies -----------------------------------------------------------------

write_file("$dir/cat", "#!/bin/sh\nprintf 'Content-Type: a/b\\r\\n\\r\\n'\nexec cat\n",
	0755);
policy("[app]\nexec = $dir/cat\n[cors]\norigins = *\n");
{
	my %env = %{ variables('GET') };
	my ($exit, $out) = run([ '/bin/sh', '-c', "$program | cat" ],
		clean => \%env);
	like($out, qr/\r\n\r\n\z/, 'through a pipe');
	spew_big();
	($exit, $out) = run([ '/bin/sh', '-c', "$program | cat" ],
		clean => \%env);
	is(length($out =~ s/.*?\r\n\r\n//sr), 5_000_000,
		'five million bytes through a pipe');
	($exit, $out) = run([ '/bin/sh', '-c', "$program >>$dir/appended" ],
		clean => \%env);
	is(length(read_file("$dir/appended") =~ s/.*?\r\n\r\n//sr), 5_000_000,
		'and to the end of a file, where splice cannot');
	policy("[app]\nexec = $dir/cat\n[cors]\norigins = *\n");
}
for my $size (0, 1, 5000, 70_000, 3_000_000) {
	my $body = join '', map { chr(33 + $_ % 90) } 1 .. 997;
	$body = substr $body x (1 + $size / 997), 0, $size;
	$r = cgi_run(env => variables('POST', CONTENT_LENGTH => $size),
		stdin => $body);
	ok($r->{body} eq $body, "a body of $size bytes goes through and back");
}

# ---- the server ends the request --------------------------------------------

# A chroot without /dev/null, or as good as one: a request with a body needs none,
# and one without says what is missing.
SKIP: {
	my @bare = ('unshare', '--mount', '--propagation', 'private', 'sh', '-c',
		'mount -t tmpfs none /dev && exec "$@"', 'sh');
	skip 'root alone hides /dev', 7 unless $> == 0 && have_program('unshare')
	    && (run([ @bare, 'true' ]))[0] == 0;
	my ($unshare, @rest) = @bare;
	my @how = (program => have_program('unshare'), argv0 => $unshare,
		argv => [ @rest, $program ]);
	policy($main);
	my $bare = cgi_run(@how, stdin => 'abc', env => variables('POST',
		HTTP_ORIGIN => 'https://a.example', CONTENT_LENGTH => 3));
	is($bare->{status}, 200, 'no /dev/null, with a body');
	is($bare->{body}, "app ran\n", 'no /dev/null, with a body: whole');
	is($bare->{exit}, 0, 'no /dev/null, with a body: exit status');
	is($bare->{stderr}, '', 'no /dev/null, with a body: nothing is wrong');
	$bare = cgi_run(@how, env => variables('GET',
		HTTP_ORIGIN => 'https://a.example'));
	is($bare->{status}, 500, 'no /dev/null, and no body');
	like($bare->{stderr}, qr{\[start-failed\].*/dev/null.*mknod -m 666},
	    'no /dev/null, and no body: the log says what to make');
	unlike($bare->{stderr}, qr/raise the limit/,
	    'no /dev/null, and no body: it is no limit');
}

# Start it with a program that never ends; the pids of both.
sub start_endless {
	my ($script, $grace) = @_;
	unlink "$dir/pid";
	write_file("$dir/endless", $script, 0755);
	policy("[app]\nexec = $dir/endless\nkill-grace = " . ($grace || '500ms')
		. "\n"
		. "[cors]\norigins = *\n");
	pipe my $out_r, my $out_w or die;
	my $pid = fork;
	die unless defined $pid;
	if (!$pid) {
		close $out_r;
		open STDIN, '<', '/dev/null';
		POSIX::dup2(fileno $out_w, 1);
		open STDERR, '>', '/dev/null';
		%ENV = (%{ variables('GET') }, PIDFILE => "$dir/pid");
		exec $program;
		POSIX::_exit(127);
	}
	close $out_w;
	wait_for(sub { -s "$dir/pid" }, 30);
	return ($pid, read_file("$dir/pid") =~ /(\d+)/g, $out_r);
}

sub is_gone {
	my ($pid) = @_;
	my $state = read_file("/proc/$pid/stat");
	return $state eq '' || $state =~ /\) [ZX] /;
}

sub check_end {
	my ($how, $script, $act, $grace) = @_;
	my ($pid, @rest) = start_endless($script, $grace);
	my $out = pop @rest;
	ok(@rest > 0, "$how: it was started");
	ok(!is_gone($_), "$how: $_ runs") for @rest;
	$act->($pid, $out);
	my $reaped = 0;
	ok(wait_for(sub { $reaped = waitpid($pid, WNOHANG) == $pid }, 20),
		"$how: we end") or kill 'KILL', $pid;
	ok(wait_for(sub { is_gone($_) }, 20), "$how: $_ is gone")
	    or kill 'KILL', $_ for @rest;
	return;
}

my $quiet = "#!/bin/sh\nsleep 300 &\necho \$\$ \$! >\$PIDFILE.n\n"
    . "mv \$PIDFILE.n \$PIDFILE\nwait\n";
my $loud = "#!/bin/sh\nprintf 'Content-Type: a/b\\r\\n\\r\\n'\n"
    . "echo \$\$ >\$PIDFILE.n\nmv \$PIDFILE.n \$PIDFILE\n"
    . "exec cat /dev/zero\n";
my $deaf = "#!/bin/sh\ntrap '' TERM\necho \$\$ >\$PIDFILE.n\n"
    . "mv \$PIDFILE.n \$PIDFILE\nwhile :; do sleep 1; done\n";
check_end('TERM', $quiet, sub { kill 'TERM', $_[0] });
check_end('TERM while output is stuck', $loud,
	sub { sleep 0.2; kill 'TERM', $_[0] });
check_end('TERM and a deaf program', $deaf, sub { kill 'TERM', $_[0] });
# A server kills 3 s after TERM, so the value of kill-grace cannot be used.
check_end('TERM, a deaf program and much patience', $deaf, sub {
	my ($pid) = @_;
	my $start = time;
	kill 'TERM', $pid;
	wait_for(sub { is_gone($pid) }, 60);
	cmp_ok(time - $start, '<', 20, 'the server is not waited for');
}, '60s');
# The parent-death signal.
check_end('KILL and a deaf program', $deaf, sub { kill 'KILL', $_[0] }, '30s')
    unless posix_only();
check_end('the client goes', $loud, sub { close $_[1] });
check_end('the client goes unheard', $quiet, sub { close $_[1] });

# --- a body that does not come in time ----------------------------------------------

# Send a byte each 0.1 s, for so many s; the response, and its duration.
sub upload {
	my ($environment, $for, $length) = @_;
	pipe my $in, my $to or die $!;
	pipe my $from, my $out or die $!;
	my $start = time;
	my $pid = fork // die $!;
	if ($pid == 0) {
		open STDIN, '<&', $in or POSIX::_exit(126);
		open STDOUT, '>&', $out or POSIX::_exit(126);
		open STDERR, '>', "$dir/slow-log" or POSIX::_exit(126);
		close $_ for $to, $from;
		%ENV = %$environment;
		exec {$program} $program or POSIX::_exit(127);
	}
	close $_ for $in, $out;
	local $SIG{PIPE} = 'IGNORE';
	my $read = '';
	while (time - $start < $for) {
		vec($read = '', fileno $from, 1) = 1;
		last if select $read, undef, undef, 0.1;
		syswrite $to, 'x' if $length;
	}
	close $to if $for < 2;
	my $got = do { local $/; <$from> };
	my $took = time - $start;
	waitpid $pid, 0;
	return ($got, $took);
}
for my $mode ('', "inject = prepend\n") {
	for my $case ([ 'trickles', 'body-timeout', 100 ], [ 'never comes', 'body-timeout', 100, 1 ],
		[ 'of unknown length', 'body-timeout', '' ], [ 'trickles', 'total-timeout', 100 ])
	{
		my ($what, $limit, $length, $silent) = @$case;
		next if $mode && $limit eq 'total-timeout'; # prepend-conflict
		my $name = 'a body that ' . ($length ? $what : "trickles, $what")
		    . ($mode ? ', prepend' : '') . ": $limit";
		policy("[app]\nexec = $app\n$limit = 1s\n$mode\n"
		    . "[cors]\norigins = https://a.example\n");
		my ($got, $took) = upload(variables('POST', HTTP_ORIGIN => 'https://a.example',
			HTTP_TRANSFER_ENCODING => 'chunked', CONTENT_LENGTH => $length), 20, !$silent);
		like($got, qr/^Status: 408/m, "$name: 408");
		like($got, qr{^Access-Control-Allow-Origin: https://a\.example\r}m, "$name: with CORS");
		cmp_ok($took, '<', 10, "$name: in time");
		like(read_file("$dir/slow-log"), qr/takes too long .*\[$limit\]/, "$name: logged");
		# One that comes in time runs.
		($got) = upload(variables('POST', HTTP_TRANSFER_ENCODING => 'chunked'), 0.5, 1);
		like($got, qr/^Content-Type/m, "$name: one that comes in time") if !$length;
	}
}

# An error of standard output is not the program's.
{
	write_file("$dir/much", "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\n'\n"
	    . "head -c 1000000 /dev/zero\n", 0755);
	policy("[app]\nexec = $dir/much\n[cors]\norigins = https://a.example\n");
	my ($exit, undef, $err) = run([ '/bin/sh', '-c', 'trap "" XFSZ; ulimit -f 400; exec "$0" >"$1"',
		$program, "$dir/limited" ],
		clean => variables('GET'));
	isnt($exit, 0, 'a file of limited size as standard output: corswrap does not end with 0');
	unlike($err, qr/\[read-failed\]/, 'a file of limited size as standard output: not an error of the program');
}

# A server that does not read: a write to its pipe or socket blocks.
write_file("$dir/flood", "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\n'\nhead -c 9000000 /dev/zero\n",
	0755);
for my $kind (qw(pipe socket)) {
	my ($from, $to);
	$kind eq 'pipe' ? pipe($from, $to)
	    : socketpair($from, $to, AF_UNIX, SOCK_STREAM, 0) or die "$kind: $!";
	policy("[app]\nexec = $dir/flood\nidle-timeout = 1s\nkill-grace = 100ms\n"
	    . "[cors]\norigins = https://a.example\n");
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open STDIN, '<', '/dev/null';
		open STDERR, '>', "$dir/flood-log";
		open STDOUT, '>&', $to;
		close $_ for $from, $to;
		%ENV = %{ variables('GET') };
		exec $program or POSIX::_exit(127);
	}
	close $to;
	my $ended = wait_for(sub { waitpid($pid, WNOHANG) == $pid }, 30);
	ok($ended && $? != 0, "a $kind that nobody reads: corswrap ends, and not with 0");
	if (!$ended) { kill 'KILL', $pid; waitpid $pid, 0 }
	like(read_file("$dir/flood-log"), qr/client does not read.*\[idle-timeout\]/,
	    "a $kind that nobody reads: logged");
}

done_testing;
