#!/usr/bin/perl
# inject = prepend: our lines, then the program in our own place.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
my $policy = "$dir/policy.ini";

sub policy {
	my ($exec, $more, $cors) = @_;
	return write_file($policy, "[app]\nexec = $exec\ninject = prepend\n"
		. ($more || '') . "[cors]\norigins = https://a.example\n"
		. "expose = X-One\n" . ($cors || ''));
}

sub get {
	my (%more) = @_;
	my %o = %{ delete $more{o} || {} };
	return cgi_run(%o, env => { PATH => $ENV{PATH}, REQUEST_METHOD => 'GET',
		CORSWRAP_CONFIG => $policy, REQUEST_URI => '/app',
		SCRIPT_NAME => '/app', HTTP_ORIGIN => 'https://a.example',
		%more });
}

write_file("$dir/app", <<'SH', 0755);
#!/bin/sh
printf 'Content-Type: text/plain\n\n'
echo "pid $$ parent $PPID"
echo "group $(cut -d" " -f5 /proc/$$/stat)"
echo "cwd $(pwd)"
echo "env $(env | sort | tr '\n' ' ')"
echo "fds $(ls /proc/self/fd | tr '\n' ' ')"
echo "body $(cat)"
SH

policy("$dir/app");
my $r = get(HTTP_PROXY => 'evil', EXTRA => 'kept', o => { stdin => '' });
is($r->{status}, 200, 'it runs');
like($r->{raw}, qr{\AVary:\ Origin\r\n
	Access-Control-Allow-Origin:\ https://a\.example\r\n
	(?:[^\r\n]+\r\n)*Content-Type:\ text/plain\n\n}x,
	'our lines, then the program\'s');
like($r->{block}, qr/^Vary: Origin\r?$/m, 'with Vary');
like($r->{block}, qr/^Access-Control-Expose-Headers: x-one\r?$/m, 'and expose');
like($r->{body}, qr/parent $$\n/, 'in our own place: the server is its parent');
is(($r->{body} =~ /^group (\d+)$/m)[0], getpgrp,
	'in the group of the server, which signals it as a whole');
like($r->{body}, qr/cwd \Q$dir\E\n/, 'in the program\'s folder');
like($r->{body}, qr/ EXTRA=kept /, 'with the environment');
like($r->{body}, qr/ REDIRECT_STATUS=200 /, 'as it is built for others');
unlike($r->{body}, qr/HTTP_PROXY|CORSWRAP_/, 'filtered');
like($r->{body}, qr/fds 0 1 2 (?:3 )?\n/, 'descriptors 0 to 2 alone');

for my $size (1, 100_000, 2_000_000) {
	$r = get(REQUEST_METHOD => 'POST', CONTENT_LENGTH => $size,
		o => { stdin => 'x' x $size });
	ok($r->{body} =~ /body (x*)\n\z/ && length $1 == $size,
		"a body of $size bytes");
}

# The file of the body must not become standard error.
write_file("$dir/complains", <<'SH', 0755);
#!/bin/sh
printf 'Content-Type: text/plain\n\n'
echo complaint >&2
cat
SH
policy("$dir/complains");
$r = get(REQUEST_METHOD => 'POST', CONTENT_LENGTH => 100_000,
	o => { program => '/bin/sh', argv0 => 'sh', stdin => 'x' x 100_000,
	argv => [ '-c', 'cat | exec "$0" 2>&-', corswrap() ] });
ok($r->{body} eq 'x' x 100_000, 'started without standard error: the body is whole')
    or diag(substr $r->{body}, 0, 100);
policy("$dir/app");

$r = get(HTTP_ORIGIN => 'https://b.example');
unlike($r->{block}, qr/Access-Control/, 'a stranger gets none');
like($r->{block}, qr/^Vary: Origin\r?$/m, 'but Vary');
$r = get(REQUEST_METHOD => 'OPTIONS',
	HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET');
is($r->{status}, 204, 'a preflight is answered as ever');
is($r->{body}, '', 'without the program');

write_file("$dir/limits", "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\n'\nulimit -n\n",
	0755);
policy("$dir/limits", "file-limit = 33\n[env]\nX=1\n");
SKIP: {
	skip 'valgrind lets no hard limit of files be set', 1
	    if under_valgrind();
	is(get()->{body}, "33\n", 'limits hold');
}

# The kernel accepts a #!  line that ends with the file.
write_file("$dir/short", "#!$dir/app", 0755);
policy("$dir/short");
like(get()->{body}, qr/^pid \d+ parent $$\n/, 'a #! line without an end');

# F9: a first line that begins with a blank is joined to our last one by servers
# that still unfold (nginx and Apache do not): our Vary stays whole.
write_file("$dir/blank", "#!/bin/sh\nprintf ' X-Evil: 1\\nContent-Type: a/b\\n\\nx'\n",
	0755);
policy("$dir/blank", '', "resource-policy = same-origin\n");
for my $case ([ 'https://a.example', 'allowed' ], [ 'https://b.example', 'refused' ],
	[ '', 'empty' ])
{
	$r = get(HTTP_ORIGIN => $case->[0]);
	my $joined = $r->{raw} =~ s/\r?\n[ \t]+/ /gr;
	like($joined, qr/^Vary: Origin\r?$/m, "F9: $case->[1]: Vary cannot be spoiled");
	like($joined, qr/^Cross-Origin-Resource-Policy: same-origin\r?$/m,
	    "F9: $case->[1]: nor can the resource policy");
	like($joined, qr/^\S.* X-Evil: 1$/m, 'the blank line was joined to another');
}

# ---- failures that are known before the first byte
# -----------------------------

sub fails {
	my ($name, $log) = @_;
	my $r = get();
	is($r->{status}, 500, "$name: 500, as with rewrite");
	like($r->{raw}, qr/\AStatus: 500/, "$name: known before the first byte");
	is(scalar(() = $r->{block} =~ /^Status:/mg), 1, "$name: one Status");
	is(scalar(() = $r->{block} =~ /^Access-Control-Allow-Origin:/mg), 1,
		"$name: CORS once");
	is($r->{header}{'cache-control'}[0], 'no-store', "$name: no-store");
	like($r->{stderr}, $log, "$name: the log has a hint");
	return;
}

policy("$dir/none");
fails('no such program', qr/\Q$dir\E\/none/);
write_file("$dir/plain", "#!/bin/sh\n", 0644);
policy("$dir/plain");
fails('not executable', qr/chmod/);
mkdir "$dir/folder";
policy("$dir/folder");
fails('a folder', qr/it is a folder/);
write_file("$dir/bom", "\xEF\xBB\xBF#!/bin/sh\n", 0755);
policy("$dir/bom");
fails('a byte order mark', qr/byte order mark/);
write_file("$dir/crlf", "#!/bin/sh\r\necho\r\n", 0755);
policy("$dir/crlf");
fails('CRLF', qr/carriage return|line end/);
write_file("$dir/nobang", "echo hello\n", 0755);
policy("$dir/nobang");
fails('no #! line', qr/#!/);
write_file("$dir/nointerp", "#!/no/such/interpreter\n", 0755);
policy("$dir/nointerp");
fails('no interpreter', qr/interpreter/);
policy("$dir/app", "directory = $dir/nowhere\n");
fails('no directory', qr/directory/);
SKIP: {
	skip 'valgrind dies of an exec that fails', 5 if under_valgrind();
	# Failures that only execve reports: the header block is not yet
	# complete.
	write_file("$dir/foreign", "\x7fELF" . "\0" x 200, 0755);
	policy("$dir/foreign");
	$r = get();
	is($r->{status}, 500, 'known by execve alone: 500');
	is(scalar(() = $r->{block} =~ /^Access-Control-Allow-Origin:/mg), 1,
		'with CORS, once');
	is($r->{header}{'cache-control'}[0], 'no-store', 'not to be stored');
	like($r->{stderr}, qr/foreign: cannot start: .*\[start-failed\]/, 'and logged');
}

# ---- unsupported cases
# -------------------------------------------------------------

policy("$dir/app");
$r = get(SCRIPT_FILENAME => '/x/nph-app.cgi');
like($r->{raw}, qr{\AHTTP/1\.1 200 OK\r\n}, 'nph-*: as rewrite');
unlike($r->{body}, qr/parent $$\n/, 'by a child');
{
	my $responder = responder($policy);
	my $f = fcgi_get($responder->{address}, params => {
		REQUEST_METHOD => 'GET', HTTP_ORIGIN => 'https://a.example' });
	is($f->{header}{'access-control-allow-origin'}[0], 'https://a.example',
		'FastCGI: as rewrite');
	is($f->{status}, 200, 'and it runs');
}
# Lint and the request itself refuse it, and name the line of the other key:
# the first of the third element.
sub conflicts {
	my ($name, $app, $cors, @lines) = @_;
	write_file($policy, "[app]\ninject = prepend\n$app"
		. "[cors]\norigins = https://a.example\n$cors");
	my $r = get();
	is($r->{status}, 500, "$name: refused");
	is($r->{body}, join('', map { "$_: [prepend-conflict]\n" } @lines),
		"$name: in its line");
	my ($exit, $out) = run([ corscheck(), 'lint', $policy ]);
	is($exit, 1, "$name: lint is of the same mind");
	is_deeply([ $out =~ /^\Q$policy\E:(\d+): error: .*\[prepend-conflict\]$/mg ],
		\@lines, "$name: and says so");
	return;
}
conflicts('forward', "forward = tcp:127.0.0.1:9\n", '', 3);
for my $line ('lenient = yes', 'max-header = 4K', 'max-header = 64K',
	'local-redirect = pass', 'local-redirect = auto',
	'connect-timeout = 1s', 'first-byte-timeout = 60s', 'idle-timeout = 5s',
	'total-timeout = 1m') {
	conflicts($line, "exec = $dir/app\n$line\n", '', 4);
}
conflicts('app-headers', "exec = $dir/app\n", "app-headers = keep\n", 6);
conflicts('preflight', "exec = $dir/app\n", "preflight = forward\n", 6);
conflicts('expose', "exec = $dir/app\n", "credentials = yes\nexpose = *\n", 7);
conflicts('[cors NAME]', "exec = $dir/app\n",
	"expose = *\n[cors b]\npath = /b\norigins = https://b.example\n"
	. "credentials = yes\n[cors c]\npath = /c\napp-headers = keep\n", 6, 13);
conflicts('all at once', "exec = $dir/app\nlenient = yes\nidle-timeout = 1s\n",
	"app-headers = keep\n", 4, 5, 8);
for my $fine ('lenient = no', 'max-body = 1K', 'kill-grace = 1s',
	'stderr = log') {
	write_file($policy, "[app]\nexec = $dir/app\ninject = prepend\n$fine\n"
		. "[cors]\norigins = https://a.example\nexpose = *\n");
	is(get()->{status}, 200, "$fine: no conflict");
}

# ---- ourselves ----------------------------------------------------------------------

symlink corswrap(), "$dir/again";
write_file("$dir/script", "#!" . corswrap() . "\n", 0755);
for my $self (corswrap(), "$dir/again", "$dir/script") {
	for my $inject (qw(prepend rewrite)) {
		write_file($policy, "[app]\nexec = $self\ninject = $inject\n"
			. "[cors]\norigins = https://a.example\n");
		my $r = get();
		is($r->{status}, 500, "$inject of ourselves: 500");
		like($r->{stderr}, qr/\[self\]/, "$inject: the log says so");
	}
}
# What cannot be excluded is refused.
if (posix_only()) {
	write_file($policy, "[app]\nexec = $dir/app\n[cors]\norigins = *\n");
	my $r = get(o => { argv0 => '/elsewhere/corswrap' });
	is($r->{status}, 500, 'our own path is not known: 500');
	like($r->{stderr}, qr/own path is not known \[self\].*full path/,
	    'our own path is not known: the log says what to do');
}

done_testing;
