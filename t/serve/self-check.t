#!/usr/bin/perl
# [app] self-check: its contents, who can read it, and what it never contains;
# as CGI, as the static program and as a responder.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI;
use Corswrap::Programs;
use Corswrap::Test;
use Test::More;

my $token = 'k7Qm2Zx9Lp4Rt8Wd';
my $tmp = tempdir();
perl_program('ok.pl', 'print "A: 1\n\nran $ENV{QUERY_STRING}"');
write_file("$dir/cgi/plain.pl", "#!/usr/bin/perl\n", 0644);
my $policy = write_file("$tmp/policy.ini", <<"INI");
[app]
root = $dir/cgi
self-check = $token
[env]
PASSWORD_FILE = /etc/passwd
[cors]
origins = $origin
debug = yes
[cors api]
path = /api/*
INI

sub cgi {
	my ($query, %more) = @_;
	my $program = delete $more{PROGRAM} // corswrap();
	return cgi_run(program => $program, env => { _given( PATH => $ENV{PATH}, CORSWRAP_CONFIG => $policy,
		GATEWAY_INTERFACE => 'CGI/1.1', SERVER_SOFTWARE => "Apache\e[31m",
		SERVER_NAME => 'www.example.org', SERVER_PORT => 80,
		SERVER_PROTOCOL => 'HTTP/1.1', REQUEST_METHOD => 'GET',
		SCRIPT_NAME => '/ok.pl', REQUEST_URI => "/ok.pl?$query",
		QUERY_STRING => $query, PATH_TRANSLATED => "$dir/cgi/ok.pl",
		PATH_INFO => '/ok.pl', REDIRECT_STATUS => 200,
		HTTP_COOKIE => 'sid=secret1', HTTP_AUTHORIZATION => 'Bearer secret2',
		HTTP_PROXY => 'http://evil.example', %more) });
}

sub _given {
	my (%o) = @_;
	return map { $_ => $o{$_} } grep { defined $o{$_} } keys %o;
}

my $r = cgi("a=b&corswrap-check=$token");
like($r->{raw}, qr/^Status: 200 OK\r\n/, 'CGI: it answers');
like($r->{raw}, qr/^Content-Type: text\/plain/m, 'as text');
like($r->{raw}, qr/^Cache-Control: no-store\r$/m, 'that nobody stores');
my $text = $r->{raw} =~ s/\A.*?\r\n\r\n//sr;
like($text, qr/^policy: \Q$policy\E\n    mode 0644, owner \d+, group \d+; this user may read/m,
	'the policy and its permissions');
like($text, qr/^    \[cors\]\n    \[cors api\]$/m, 'its sections');
like($text, qr/^diagnostics:\n.*policy\.ini:8: warning: .*\[debug-on\]$/ms, 'what is wrong with it');
like($text, qr/^server: Apache\\x1b\[31m, CGI$/m, 'the server, escaped');
like($text, qr/^user \d+, group \d+$/m, 'as whom it runs');
like($text, qr/^program: \Q$dir\E\/cgi\/ok\.pl\n    mode 0755,/m, 'the program');
like($text, qr/^directory: \Q$dir\E\/cgi$/m, 'its working directory');
like($text, qr/^    PASSWORD_FILE=\/etc\/passwd$/m, 'its variables, those of [env] too');
like($text, qr/^    SCRIPT_NAME=\/ok\.pl$/m, 'and the server\'s');
unlike($text, qr/secret|HTTP_PROXY=|\Q$token\E/, 'no cookie, password or token');
unlike($text, qr/ran /, 'nothing ran');

for my $row (
	[ 'a wrong token', 'corswrap-check=k7Qm2Zx9Lp4Rt8We' ],
	[ 'a part of it', 'corswrap-check=k7Qm2Zx9Lp4Rt8W' ],
	[ 'more than it', "corswrap-check=${token}x" ],
	[ 'another name', "xcorswrap-check=$token" ],
	[ 'an empty token', 'corswrap-check=' ],
	[ 'none', '' ],
) {
	my ($what, $query) = @$row;
	like(cgi($query)->{raw}, qr/\n\r?\nran \Q$query\E\z/, "$what: the program's");
}
for my $method (qw(POST HEAD)) {
	unlike(cgi("corswrap-check=$token", REQUEST_METHOD => $method,
			CONTENT_LENGTH => 0)->{raw}, qr/self-check/,
		"$method: the program's");
}

$r = cgi("corswrap-check=$token", PATH_TRANSLATED => "$dir/cgi/none.pl");
like($r->{raw}, qr/^program: cannot run, the response would be 404/m, 'a script that is not there');
like($r->{raw}, qr/none\.pl: No such file or directory$/m, 'and what is said of its file');
$r = cgi("corswrap-check=$token", PATH_TRANSLATED => "$dir/cgi/plain.pl");
like($r->{raw}, qr/^program: cannot run, the response would be 403: script-not-executable$/m, 'one that is not executable');
like($r->{raw}, qr/plain\.pl\n    mode 0644,/m, 'its mode says why');

# --- a token that could be guessed ---------------------------------------------------

for my $bad ('short', 'a' x 65, 'a' x 15 . '-', '') {
	write_file("$tmp/bad.ini", "[cors]\norigins = $origin\n[app]\nself-check = $bad\n");
	my (undef, $out) = run([ corscheck(), 'lint', "$tmp/bad.ini" ]);
	like($out, qr/"self-check" takes a token of 16 to 64 letters and digits/, "lint: \"$bad\"");
}
my (undef, $dump) = run([ corscheck(), 'dump', $policy ]);
like($dump, qr/^self-check\s*= \Q$token\E$/m, 'dump has it');

# --- a responder, and without the key ------------------------------------------------

my $responder = run_responder("self-check = $token");
$r = ask($responder, 'ok.pl', params => { QUERY_STRING => "corswrap-check=$token" });
like($r->{body}, qr/^corswrap .*, self-check\n.*, FastCGI\n/s, 'FastCGI: it answers');
$r = ask($responder, 'ok.pl', params => { QUERY_STRING => 'corswrap-check=x' });
like($r->{body}, qr/^ran /, "FastCGI: a wrong token is the program's");
is($responder->stop, 0, 'it ends well');
$responder = run_responder('');
$r = ask($responder, 'ok.pl', params => { QUERY_STRING => "corswrap-check=$token" });
like($r->{body}, qr/^ran /, 'without the key there is none');
$responder->stop;

# Apache's Action names the script by PATH_TRANSLATED; a client that calls us by
# our own URL gets none run, and the check says so.
$r = cgi("corswrap-check=$token", REDIRECT_STATUS => undef);
like($r->{raw}, qr/^program: cannot run, the response would be 403: direct-call$/m,
	'called by its own URL');

my ($exit) = static_cgi();
SKIP: {
	skip 'no static program is built here', 1 if !defined $exit || $exit;
	$r = cgi("corswrap-check=$token", PROGRAM => top_build() . '/corswrap.cgi');
	like($r->{raw}, qr/self-check\n/, 'the static program answers, too');
}
done_testing();
