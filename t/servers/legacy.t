#!/usr/bin/perl
# Typical legacy applications, behind one lighttpd and one Apache: CGI.pm, PHP
# under php-cgi and php-fpm, shell, Python, compiled C, one that sends wrong
# CORS headers; and forty scripts behind one responder, with a policy for each
# team by path and by host.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no nginx' unless have_program('nginx');
my $origin = 'https://app.example.com';
my $dir = tempdir();
make_places($dir);
mkdir "$dir/cgi/$_" for qw(sales hr open);
chmod 0755, "$dir/cgi";

# --- the applications -------------------------------------------------------------

# Each prints its name, the value of ?q=, and its input.
my %app = (
	'cgipm.pl' => <<'END',
#!/usr/bin/perl
use CGI;
my $q = CGI->new;
print $q->header(-type => 'text/plain', -X_App => 'cgipm');
print 'q=', $q->url_param('q'), ' body=', $q->param('POSTDATA') // '', "\n";
END
	'shell.sh' => <<'END',
#!/bin/sh
echo 'Content-Type: text/plain'
echo 'X-App: shell'
echo
printf '%s body=' "$QUERY_STRING"
head -c "${CONTENT_LENGTH:-0}"
echo
END
	'hello.php' => <<'END',
<?php
header('Content-Type: text/plain');
header('X-App: php');
echo 'q=', $_GET['q'], ' body=', file_get_contents('php://input'), "\n";
END
	'hello.py' => <<'END',
#!/usr/bin/env python3
import os, sys
body = sys.stdin.read(int(os.environ.get('CONTENT_LENGTH') or 0))
print('Content-Type: text/plain\nX-App: python\n')
print(os.environ['QUERY_STRING'], 'body=' + body)
END
	'wrong.pl' => <<'END',
#!/usr/bin/perl
print "Content-Type: text/plain\r\nX-App: wrong\r\n",
    "Access-Control-Allow-Origin: *\r\n",
    "access-control-allow-origin: https://elsewhere.example\r\n",
    "Access-Control-Allow-Credentials: TRUE\r\n",
    "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n",
    "Vary: Accept-Language\r\n\r\n";
read STDIN, my $body, $ENV{CONTENT_LENGTH} || 0;
print "$ENV{QUERY_STRING} body=$body\n";
END
);
for my $name (keys %app) {
	# PHP runs through [handlers] and need not be executable.
	write_file("$dir/cgi/$name", $app{$name},
	    $name =~ /php$/ ? 0644 : 0755);
}
my ($cc) = grep { have_program($_) } qw(cc gcc clang);
if ($cc) {
	write_file("$dir/app.c", <<'END');
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	const char *length = getenv("CONTENT_LENGTH");
	long n = length ? atol(length) : 0;
	int c;

	printf("Content-Type: text/plain\nX-App: c\n\n%s body=",
	    getenv("QUERY_STRING"));
	while (n-- > 0 && (c = getchar()) != EOF)
		putchar(c);
	putchar('\n');
	return 0;
}
END
	my ($exit, undef, $err) = run([ $cc, '-o', "$dir/cgi/compiled.cgi",
	    "$dir/app.c" ]);
	is($exit, 0, 'the C program is compiled') or diag($err);
}
# Forty scripts of three teams.
for my $n (1 .. 40) {
	my $team = (qw(sales hr open))[ $n % 3 ];
	write_file("$dir/cgi/$team/report$n.sh", <<"END", 0755);
#!/bin/sh
printf 'Content-Type: text/plain\\nX-App: report$n\\n\\n'
echo "\$QUERY_STRING body="
END
}

my $php = have_program('php-cgi');
write_file("$dir/etc/app.ini", <<"END");
[app]
root = $dir/cgi
[handlers]
.php = @{[ $php // '/usr/bin/php-cgi' ]}
[cors]
origins = $origin
methods = PUT
headers = Content-Type
expose = X-App
[cors sales]
path = /api/sales/*
origins = https://sales.example.com
credentials = yes
[cors hr]
path = /api/hr/*
origins = https://hr.example.com
[cors open]
path = /api/open/*
origins = *
[cors partner]
host = *.partner.example
origins = https://partner.example
END

# nginx names the script: /api/NAME is cgi/NAME.
responder_on($dir, "$dir/etc/app.ini");
my $config = read_file(top_src() . '/examples/servers/nginx.conf');
$config =~ s/(fastcgi_param SCRIPT_FILENAME)\s+\S+;/$1 \$cgi_file;/
    or die 'nginx.conf names no SCRIPT_FILENAME';
$config =~ s{(http \{)}
    {$1\n    map \$uri \$cgi_file { ~^/api(/.*)\$ "$dir/cgi\$1"; }};
my $port = serve($dir, 'nginx', 'nginx.conf', $config);

# --- each of them, alone -------------------------------------------------------------

sub ask {
	my ($method, $path, $from, $body, %o) = @_;
	return http($port, $method, $path, [ Origin => $from,
	    defined $body ? ('Content-Type' => 'text/plain') : () ], $body, %o);
}

sub check_application {
	my ($name, $app, $at) = @_;
	$at //= "/api/$name";
	my $r = http($port, 'OPTIONS', $at, [ Origin => $origin,
	    'Access-Control-Request-Method' => 'PUT' ]);
	is($r->{status}, 204, "$name: preflight");
	is(scalar(headers($r, 'X-App')), 0, "$name: which never reached it");
	for ([ 'GET', undef, '' ], [ 'POST', 'hello', 'hello' ]) {
		my ($method, $send, $got) = @$_;
		$r = ask($method, "$at?q=7", $origin, $send);
		is($r->{status}, 200, "$name: $method") or diag($r->{raw});
		is($r->{body}, "q=7 body=$got\n", "$name: $method: its answer");
		is(header($r, 'X-App'), $app, "$name: $method: its header");
		is(header($r, 'Access-Control-Allow-Origin'), $origin,
		    "$name: $method: one origin");
		is(scalar(headers($r, 'Access-Control-Allow-Credentials')), 0,
		    "$name: $method: no credentials");
		is(scalar(headers($r, 'Access-Control-Allow-Methods')), 0,
		    "$name: $method: nothing of a preflight");
		like(header($r, 'Vary'), qr/\bOrigin$/, "$name: $method: Vary");
	}
	return;
}
check_application('cgipm.pl', 'cgipm')
    if eval { require CGI; 1 };
check_application('shell.sh', 'shell');
check_application('wrong.pl', 'wrong');
check_application('hello.py', 'python') if have_program('python3');
check_application('compiled.cgi', 'c') if $cc;
check_application('hello.php', 'php') if $php;

# --- php-fpm, to which requests are forwarded ----------------------------------------

my ($fpm) = grep { defined } map { have_program($_) } 'php-fpm',
    map { "php-fpm8.$_" } reverse 0 .. 9;
SKIP: {
	skip 'no php-fpm', 1 unless $fpm;
	my $user = $> == 0 ? "user = www-data\ngroup = www-data\n" : '';
	write_file("$dir/etc/fpm.conf", <<"END");
[global]
pid = $dir/run/fpm.pid
error_log = $dir/log/fpm.log
daemonize = no
[www]
${user}listen = $dir/run/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 2
END
	start([ $fpm, '-F', '-y', "$dir/etc/fpm.conf", '-n' ],
	    stderr => "$dir/log/fpm.start");
	wait_socket("$dir/run/fpm.sock")
	    or die "php-fpm did not start:\n", server_logs($dir);
	write_file("$dir/etc/fpm.ini", <<"END");
[app]
forward = unix:$dir/run/fpm.sock
[cors]
origins = $origin
methods = PUT
headers = Content-Type
END
	rename "$dir/run/app.sock", "$dir/run/first.sock";
	responder_on($dir, "$dir/etc/fpm.ini");
	check_application('php-fpm', 'php', '/api/hello.php');
	rename "$dir/run/first.sock", "$dir/run/app.sock";
}

# --- forty of them, one policy per team
# ------------------------------------------------

my %team_origin = (sales => 'https://sales.example.com',
	hr => 'https://hr.example.com', open => '*');
my $wrong = 0;
for my $n (1 .. 40) {
	my $team = (qw(sales hr open))[ $n % 3 ];
	my $from = $team_origin{$team} eq '*' ? 'https://any.example'
	    : $team_origin{$team};
	my $r = ask('GET', "/api/$team/report$n.sh?q=1", $from);
	my $other = ask('GET', "/api/$team/report$n.sh?q=1", $origin);
	my $allowed = header($other, 'Access-Control-Allow-Origin') // 'none';
	$wrong++ unless $r->{status} == 200 &&
	    (header($r, 'X-App') // '') eq "report$n" &&
	    (header($r, 'Access-Control-Allow-Origin') // '')
		eq $team_origin{$team} &&
	    $allowed eq ($team eq 'open' ? '*' : 'none') &&
	    ($team eq 'sales') ==
		(() = headers($r, 'Access-Control-Allow-Credentials'));
}
is($wrong, 0, 'forty scripts, each with the policy of its team');
my $r = ask('GET', '/api/shell.sh?q=1', 'https://partner.example', undef,
    host => 'www.partner.example');
is(header($r, 'Access-Control-Allow-Origin'), 'https://partner.example',
    'and one by host');
$r = ask('GET', '/api/shell.sh?q=1', $origin, undef,
    host => 'www.partner.example');
is(scalar(headers($r, 'Access-Control-Allow-Origin')), 0,
    'which is not the one for all');
show_logs($dir);
done_testing;
