#!/usr/bin/perl
# inject = prepend: our lines, then the program in our own place.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/lib";

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
echo "cwd $(pwd)"
echo "env $(env | sort | tr '\n' ' ')"
echo "fds $(ls /proc/self/fd | tr '\n' ' ')"
echo "body $(cat)"
SH

policy("$dir/app");
my $r = get(HTTP_PROXY => 'evil', EXTRA => 'kept', o => { stdin => '' });
is($r->{status}, 200, 'it runs');
like($r->{raw}, qr{\AAccess-Control-Allow-Origin:\ https://a\.example\r\n
	(?:[^\r\n]+\r\n)*Content-Type:\ text/plain\n\n}x,
	'our lines, then the program\'s');
like($r->{block}, qr/^Vary: Origin\r?$/m, 'with Vary');
like($r->{block}, qr/^Access-Control-Expose-Headers: x-one\r?$/m, 'and expose');
like($r->{body}, qr/parent $$\n/, 'in our own place: the server is its parent');
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
is(get()->{body}, "33\n", 'limits hold');

# ---- what goes wrong is known before the first byte ----------------------------

sub fails {
	my ($name, $status, $log) = @_;
	my $r = get();
	like($r->{status}, $status, "$name: $r->{status}");
	is(scalar(() = $r->{block} =~ /^Status:/mg), 1, "$name: one Status");
	is(scalar(() = $r->{block} =~ /^Access-Control-Allow-Origin:/mg), 1,
		"$name: CORS once");
	is($r->{header}{'cache-control'}[0], 'no-store', "$name: no-store");
	like($r->{stderr}, $log, "$name: the log has a hint");
	return;
}

policy("$dir/none");
fails('no such program', qr/404|50[02]/, qr/\Q$dir\E\/none/);
write_file("$dir/plain", "#!/bin/sh\n", 0644);
policy("$dir/plain");
fails('not executable', qr/40[34]|50[02]/, qr/chmod/);
write_file("$dir/crlf", "#!/bin/sh\r\necho\r\n", 0755);
policy("$dir/crlf");
fails('CRLF', qr/404|50[02]/, qr/carriage return|line end/);
write_file("$dir/nobang", "echo hello\n", 0755);
policy("$dir/nobang");
fails('no #! line', qr/404|50[02]/, qr/#!/);
write_file("$dir/nointerp", "#!/no/such/interpreter\n", 0755);
policy("$dir/nointerp");
fails('no interpreter', qr/404|50[02]/, qr/interpreter/);
policy("$dir/app", "directory = $dir/nowhere\n");
fails('no directory', qr/404|50[02]/, qr/directory/);

# ---- where it cannot be ------------------------------------------------------------

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
for my $conflict ('[app] lenient = yes', '[app] max-header = 4K',
	'[app] local-redirect = pass', '[app] idle-timeout = 5s',
	'[cors] app-headers = keep', "[cors] expose = *\ncredentials = yes") {
	my ($section, $line) = $conflict =~ /\[(\w+)\] (.*)/s;
	write_file($policy, "[app]\nexec = $dir/app\ninject = prepend\n"
		. ($section eq 'app' ? "$line\n" : '')
		. "[cors]\norigins = https://a.example\n"
		. ($section eq 'cors' ? "$line\n" : ''));
	like(get()->{body}, qr/\[prepend-conflict\]/, "refused with $conflict");
}

done_testing;
