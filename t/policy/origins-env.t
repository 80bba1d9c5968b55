#!/usr/bin/perl
# `origins = none`, and origins-env: origins from a variable of the environment.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();

sub corscheck_ {
	my ($policy, $env, @args) = @_;
	write_file("$dir/policy", $policy);
	my ($status, $out, $err) = run([ corscheck(), @args ], dir => "$dir",
		env => $env);
	$out =~ s/^policy://mg;
	return "$out$err$status";
}

sub lint { return corscheck_($_[0], $_[1] // {}, 'lint', 'policy') }

sub allowed {
	my ($policy, $env, $origin) = @_;
	my $out = corscheck_($policy, $env, 'explain', '-p', 'policy', '--url',
	    'https://api.example/x', '--origin', $origin);
	return $out =~ /0\z/ ? 1 : 0;
}

# ---- origins-env ----

my $env = "[cors]\norigins-env = MY_ORIGINS\n";
is(lint($env, { MY_ORIGINS => 'https://a.example' }), '0', 'set');
is(lint($env, { MY_ORIGINS => '' }), '0', 'empty is no origins');
is(lint($env), "2: warning: the variable \"MY_ORIGINS\" is not set here; "
    . "where the policy is used it must be [origins-env]\n0", 'not set');
is(lint($env, { MY_ORIGINS => 'https://A.example https://b.example/' }),
    "2: error: origin \"https://A.example\": browsers send origins in lower "
    . "case (did you mean \"https://a.example\"?) [case]\n"
    . "2: error: origin \"https://b.example/\": an origin has no path, not "
    . "even \"/\" (did you mean \"https://b.example\"?) [path]\n1",
    'mistakes in it have the line of the policy');
my $several = { MY_ORIGINS =>
	"https://a.example,https://*.b.example\nhttp://localhost:3000-3010" };
for my $case ([ 'https://a.example', 1 ], [ 'https://x.b.example', 1 ],
    [ 'http://localhost:3005', 1 ], [ 'https://c.example', 0 ]) {
	is(allowed($env, $several, $case->[0]), $case->[1],
	    "several: $case->[0]");
}
is(allowed($env, { MY_ORIGINS => '' }, 'https://a.example'), 0,
    'empty: nobody');
is(allowed($env, {}, 'https://a.example'), 0, 'not set: nobody');
is(allowed($env, { MY_ORIGINS => '*' }, 'https://a.example'), 1, '*');
is(allowed("${env}origins = https://b.example\n",
    { MY_ORIGINS => 'https://a.example' }, "https://$_.example"), 1,
    "beside origins: $_") for qw(a b);
like(lint("${env}credentials = yes\n", { MY_ORIGINS => '*' }),
    qr/^2: error: .*\[wildcard-with-credentials\]$/m, '* with credentials');
like(lint("${env}credentials = yes\n", { MY_ORIGINS => 'http://a.example' }),
    qr/^2: error: .*\[insecure-origin\]$/m, 'http with credentials');
like(lint($env, { MY_ORIGINS => 'null' }),
    qr/^2: error: .*\[null-prohibited\]$/m, 'null');
like(lint("[cors]\norigins-env = $_\n"), qr/^2: error: .*\[bad-value\]$/m,
    "a name that will not do: $_")
    for qw(HTTP_ORIGINS REDIRECT_X REMOTE_USER REQUEST_URI SERVER_NAME
	SCRIPT_NAME PATH_INFO CONTENT_TYPE AUTH_TYPE QUERY_STRING CORSWRAP_X
	1A A-B);
like(lint("${env}origins-env = B\n", { MY_ORIGINS => '' }),
    qr/^3: error: .*\[duplicate-key\]$/m, 'one variable');
is(corscheck_($env, $several, 'dump', 'policy'), "${env}0",
    'dump names the variable');

# At a start it must be there.
my ($status, undef, $err) = run([ corswrap(), '-c', "$dir/policy", '-l',
	"unix:$dir/socket" ], env => {});
is($status, 1, 'a start without it');
like($err, qr/:2: error: the variable "MY_ORIGINS" is not set.*\[origins-env\]/,
    'is an error');
($status, undef, $err) = run([ corswrap(), '-t', '-c', "$dir/policy" ],
    env => {});
is($status, 0, '-t');
like($err, qr/:2: warning: .*\[origins-env\]/, 'warns');

# ---- none ----

my $none = "[cors]\norigins = https://a.example\n"
    . "[cors admin]\npath = /x\norigins = none\napp-headers = keep\n";
is(lint($none), '0', 'none');
is(allowed($none, {}, 'https://a.example'), 0, 'closed');
like(corscheck_($none, {}, 'dump', 'policy'), qr/^origins = none$/m, 'dump');
is(lint("[cors]\norigins = none\n"), '0', 'none are origins');
like(lint("[cors]\norigins = none https://a.example\n"),
    qr/^2: error: "none" allows no origin.*\[bad-value\]$/m, 'it stands alone');
like(corscheck_($none, {}, 'explain', '-p', 'policy', '--url',
    'https://api.example/x', '--origin', 'https://a.example'),
    qr/instead of `none` in \[cors admin\]/, 'the fix replaces it');

write_file("$dir/app", "#!/bin/sh\n" . <<'SH');
echo Content-Type: text/plain
echo Access-Control-Allow-Origin: '*'
echo Access-Control-Allow-Credentials: true
echo
echo body
SH
chmod 0755, "$dir/app";
write_file("$dir/policy", "[app]\nexec = $dir/app\n$none");
my %cgi = (GATEWAY_INTERFACE => 'CGI/1.1', SCRIPT_NAME => '', PATH_INFO => '/x',
	REQUEST_URI => '/x', HTTP_ORIGIN => 'https://a.example',
	CORSWRAP_CONFIG => "$dir/policy", SERVER_PROTOCOL => 'HTTP/1.1');
(undef, my $out) = run([ corswrap() ], env => { %cgi, REQUEST_METHOD => 'GET' });
like($out, qr/body/, 'the program runs');
unlike($out, qr/access-control/i, "its own headers are taken away");
(undef, $out) = run([ corswrap() ], env => { %cgi, REQUEST_METHOD => 'OPTIONS',
	HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET' });
like($out, qr/^Status: 403/m, 'a preflight is refused');
unlike($out, qr/access-control-allow/i, 'without CORS headers');

done_testing();
