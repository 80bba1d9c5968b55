#!/usr/bin/perl
# Variables that come twice, and those that servers leave out: the values for
# the decision, and those for the program and a forwarded-to application.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI;
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Peer;
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test qw(corswrap run write_file);
use Test::More;

perl_program('env.pl', 'my $t = ""; open my $f, "<", "/proc/self/environ"; '
    . '{ local $/; $t = <$f> } print "Content-Type: text/plain\n\n", '
    . 'join "\n", sort split /\0/, $t;');
my $exec = run_responder('');
my $peer = peer("unix:$dir/app", sub {
	my ($c) = @_;
	my $r = $c->read_request or return;
	my @list = ref $r->{params} eq 'ARRAY' ? @{ $r->{params} }
	    : %{ $r->{params} };
	my @lines;
	while (my ($n, $v) = splice @list, 0, 2) { push @lines, "$n=$v" }
	$c->answer("Content-Type: text/plain\n\n" . join "\n", @lines);
});
my $forward = responder(policy => <<"END");
[cors]
origins = $origin
[app]
forward = unix:$dir/app
END

# What env.pl or the application gets of those names, as "value|value".
sub got {
	my ($r, $name, @more) = @_;
	my $a = fcgi_get($r->address, timeout => 60,
		params => [ @{ params('env.pl') }, @more ]);
	return join '|', map { /^\Q$name\E=(.*)/ ? $1 : () }
	    split /\n/, $a->{body};
}

for ([ exec => $exec ], [ forward => $forward ]) {
	my ($how, $r) = @$_;
	my @cases = (
		[ 'a list', 'HTTP_ACCEPT', [ 'a/b', 'c/d' ], 'a/b, c/d' ],
		[ 'three of a list', 'HTTP_ACCEPT_LANGUAGE', [qw(de en de)],
		    'de, en, de' ],
		[ 'equal ones', 'HTTP_ACCEPT_ENCODING', [qw(br br)], 'br' ],
		(map { [ 'a list', "HTTP_$_", [qw(a b)], 'a, b' ] }
		    qw(ACCEPT_X CACHE_CONTROL FORWARDED IF_MATCH IF_NONE_MATCH
			VIA X_FORWARDED_FOR
			ACCESS_CONTROL_REQUEST_HEADERS)),
		[ 'cookies', 'HTTP_COOKIE', [ 'a=1', 'b=2' ], 'a=1; b=2' ],
		[ 'two headers that collide', 'HTTP_X_FOO_BAR', [qw(1 2)], '' ],
		[ 'three', 'HTTP_X_FOO_BAR', [qw(1 2 1)], '' ],
		[ 'four', 'HTTP_X_FOO_BAR', [qw(1 2 3 4)], '' ],
		[ 'the same value', 'HTTP_X_FOO_BAR', [qw(1 1)], '1' ],
		[ 'one that begins as a list', 'HTTP_ACCEPTS', [qw(1 2)], '' ],
		[ 'Host', 'HTTP_HOST', [qw(a.example b.example)], 'b.example' ],
		[ 'what the server sets', 'REMOTE_USER', [qw(eve root)], 'root' ],
		[ 'the same thrice', 'REMOTE_USER', [qw(eve root eve)], 'eve' ],
		[ 'an unset one', 'QUERY_STRING', [], '' ],
		[ 'Origin', 'HTTP_ORIGIN', ['https://b.example'], '' ],
	);
	for my $case (@cases) {
		my ($what, $name, $values, $want) = @$case;
		is(got($r, $name, map { $name => $_ } @$values), $want,
		    "$how: $what: $name @$values");
	}
	my $a = fcgi_get($r->address, timeout => 60, params => params('env.pl'));
	like($a->{body}, qr/^QUERY_STRING=$/m,
	    "$how: F28: QUERY_STRING is set, empty");
	is(got($r, 'HTTP_X_B', HTTP_X_A => 1, HTTP_COOKIE => 'a',
		HTTP_X_B => 'x', HTTP_X_A => 2, HTTP_COOKIE => 'b'), 'x',
	    "$how: what came once is left alone");
	logged($r, qr/\[repeated-header\]/,
	    "$how: the log names it");
	my ($line) = log_lines($r, qr/\[repeated-header\]/);
	like($line // '', qr/HTTP_X_FOO_BAR came twice with different values/,
	    "$how: by its name");
	my $before = () = log_lines($r, qr/\[repeated-header\]/);
	got($r, 'X', map { ("HTTP_X_$_" => 1, "HTTP_X_$_" => 2) } 1 .. 200);
	is(scalar(() = log_lines($r, qr/\[repeated-header\]/)), $before + 1,
	    "$how: one line a request");
}

# --- the decision ------------------------------------------------------------

my $d = responder(policy => <<"END");
[cors]
origins = $origin
methods = PUT
enforce = block
[cors b]
host = b.example
origins = https://b.example
[app]
root = $dir/cgi
END
sub status {
	my (@more) = @_;
	my $a = fcgi_get($d->address, timeout => 60,
		params => [ @{ params('env.pl') }, @more ]);
	return "$a->{status} " . ($a->{header}{'access-control-allow-origin'}[0]
	    // 'none');
}
is(status(), "200 $origin", 'decision: as it is');
is(status(HTTP_HOST => 'b.example', HTTP_HOST => 'a.example'), "200 $origin",
    'decision: the last HTTP_HOST chooses');
is(status(HTTP_HOST => 'a.example', HTTP_HOST => 'b.example'), '403 none',
    'decision: and only that');
is(status(HTTP_ORIGIN => 'https://b.example'), '403 none',
    'decision: two origins are malformed');
sub foreign {
	my (@more) = @_;
	my @list = @{ params('env.pl', HTTP_ORIGIN => 'https://c.example') };
	return fcgi_get($d->address, timeout => 60,
	    params => [ @list, @more ])->{status};
}
is(foreign(HTTP_SEC_FETCH_SITE => 'same-origin'), 200,
    'decision: Sec-Fetch-Site counts');
is(foreign(HTTP_SEC_FETCH_SITE => 'cross-site',
	HTTP_SEC_FETCH_SITE => 'same-origin'), 403,
    'decision: two that collide do not');
is(foreign(HTTP_SEC_FETCH_SITE => 'same-origin',
	HTTP_SEC_FETCH_SITE => 'cross-site', HTTP_SEC_FETCH_SITE => 'none'),
    403, 'decision: in any order');
my $i = responder(policy => "[cors]\norigins = $origin\nisolate = yes\n"
    . "[app]\nroot = $dir/cgi\n");
for ([ 200, 'same-origin' ], [ 403, 'cross-site' ],
    [ 403, 'cross-site', 'same-origin' ], [ 403, 'same-origin', 'cross-site' ]) {
	my ($want, @sites) = @$_;
	is(fcgi_get($i->address, timeout => 60, params => [
		@{ params('env.pl', HTTP_ORIGIN => undef) },
		map { (HTTP_SEC_FETCH_SITE => $_) } @sites ])->{status}, $want,
	    "decision: isolate: Sec-Fetch-Site @sites");
}
is(foreign(HTTP_HOST => 'c.example', HTTP_X_FORWARDED_PROTO => 'https'), 200,
    'decision: X-Forwarded-Proto counts');
is(foreign(HTTP_HOST => 'c.example', HTTP_X_FORWARDED_PROTO => 'http',
	HTTP_X_FORWARDED_PROTO => 'https'), 403,
    'decision: two that collide do not');
is(status(REQUEST_METHOD => 'OPTIONS', HTTP_ACCESS_CONTROL_REQUEST_METHOD =>
	'PUT', HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET'), '403 none',
    'decision: the last REQUEST_METHOD; two requested methods are malformed');

# --- CGI: an environment can have a name twice --------------------------------

SKIP: {
	my ($cc) = grep { Corswrap::Test::have_program($_) } qw(cc gcc);
	skip 'no compiler', 1 unless $cc;
	write_file("$dir/twice.c", <<"END");
#include <unistd.h>
int main(int argc, char **argv)
{
	char *env[] = {"REQUEST_METHOD=GET", "GATEWAY_INTERFACE=CGI/1.1",
	    "REDIRECT_STATUS=200", "SERVER_PROTOCOL=HTTP/1.1",
	    "CORSWRAP_CONFIG=$dir/cgi.ini", "HTTP_X_A=1", "HTTP_X_A=2",
	    "HTTP_COOKIE=a", "REMOTE_USER=eve", "HTTP_COOKIE=b",
	    "REMOTE_USER=root", NULL};
	(void)argc;
	execve(argv[1], argv + 1, env);
	return 1;
}
END
	write_file("$dir/cgi.ini", "[cors]\norigins = $origin\n[app]\n"
	    . "exec = $dir/cgi/env.pl\n");
	is((run([ $cc, '-o', "$dir/twice", "$dir/twice.c" ]))[0], 0, 'compiled');
	my (undef, $out) = run([ "$dir/twice", corswrap(), '-c',
		"$dir/cgi.ini" ]);
	is(join(' ', grep { /^(?:HTTP|REMOTE)/ } split /\n/, $out // ''),
	    'HTTP_COOKIE=a; b REMOTE_USER=root', 'CGI: the same');
}

done_testing;
