#!/usr/bin/perl
# PHP through php-cgi as a handler: under mod_fcgid with FcgidWrapper, and under
# lighttpd as FastCGI and as plain CGI.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";

use Corswrap::Server;
use Corswrap::Test;
use IO::Socket::INET;
use Test::More;

my $php = have_program('php-cgi');
plan skip_all => 'no php-cgi' unless $php;
my $origin = 'https://app.example.com';
my @from   = (Origin => $origin);

sub site {
	my $dir = tempdir();
	mkdir "$dir/$_" for qw(www www/up run);
	chmod 0777, "$dir/run";
	install_program(corswrap(), "$dir/corswrap.fcgi");
	# CGI searches beside itself (lighttpd does not pass on an
	# environment).
	symlink "$dir/corswrap.fcgi", "$dir/corswrap.cgi";
	for my $name ('policy.ini', 'corswrap.ini') {
		write_file("$dir/$name", <<"END", 0644);
[app]
root = $dir/www
[handlers]
.php = $php
[cors]
origins = $origin
methods = PUT
expose = X-Total
credentials = yes
END
	}
	write_file("$dir/www/hello.php", <<'END', 0644);
<?php
header('X-Total: 7');
header('X-Two: 1');
header('X-Two: 2', false);
header('Access-Control-Allow-Origin: *');
setcookie('a', '1');
setcookie('b', '2');
header('Content-Type: text/plain');
$in = file_get_contents('php://input');
echo $_SERVER['REQUEST_METHOD'], ' q=', $_GET['q'] ?? '', ' length=',
    $_SERVER['CONTENT_LENGTH'] ?? 'none', ' read=', strlen($in), ' sum=',
    md5($in), ' info=', $_SERVER['PATH_INFO'] ?? 'none', ' name=',
    $_SERVER['SCRIPT_NAME'], "\n";
END
	write_file("$dir/www/gone.php",
	    '<?php http_response_code(404); echo "php has none";', 0644);
	write_file("$dir/www/go.php",
	    '<?php header("Location: https://elsewhere.example/");', 0644);
	write_file("$dir/www/up/img.jpg", '<?php echo "taken over";', 0644);
	return $dir;
}

sub chunked {
	my ($port, $path, @parts) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
	    Timeout => 20) or return '';
	print {$s} "POST $path HTTP/1.1\r\nHost: localhost\r\nOrigin: $origin\r\n"
	    . "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
	    map({ sprintf "%x\r\n%s\r\n", length $_, $_ } @parts), "0\r\n\r\n";
	local $SIG{ALRM} = sub { die "timeout\n" };
	alarm 60;
	my $got = join '', <$s>;
	alarm 0;
	return $got;
}

sub check_php {
	my ($what, $port) = @_;
	my $r = http($port, 'OPTIONS', '/hello.php', [ @from,
		'Access-Control-Request-Method' => 'PUT' ]);
	is($r->{status}, 204, "$what: preflight");
	is(scalar(headers($r, 'X-Total')), 0, "$what: without PHP");
	$r = http($port, 'GET', '/hello.php?q=5', \@from);
	is($r->{status}, 200, "$what: GET") or diag $r->{raw};
	like($r->{body}, qr/^GET q=5 .*read=0 .*info=none name=\/hello\.php\n/,
	    "$what: runs");
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    "$what: one origin, ours");
	is(header($r, 'Access-Control-Expose-Headers'), 'x-total',
	    "$what: exposed");
	is_deeply([ map { /^(.=.)/ } headers($r, 'Set-Cookie') ], [qw(a=1 b=2)],
	    "$what: each cookie");
	is(join(', ', headers($r, 'X-Two')), '1, 2', "$what: both of two lines");
	for my $n (5, 70_000, 1_500_000) {
		my $body = substr 'abcdefghijk' x ($n / 11 + 1), 0, $n;
		$r = http($port, 'POST', '/hello.php', \@from, $body);
		like($r->{body}, qr/length=$n read=$n /, "$what: POST of $n");
	}
	# CGI-063
	like(chunked($port, '/hello.php', 'abc', 'def'), qr/length=6 read=6 /,
	    "$what: CGI-063: a body of no known length");
	$r = http($port, 'GET', '/hello.php/a/b?q=1', \@from);
	like($r->{body}, qr{q=1 .*info=/a/b name=/hello\.php\n}, "$what: PATH_INFO");
	$r = http($port, 'GET', '/gone.php', \@from);
	is("$r->{status} $r->{body}", '404 php has none', "$what: its own 404");
	is(header($r, 'Access-Control-Allow-Origin'), $origin, "$what: with CORS");
	$r = http($port, 'GET', '/go.php', \@from);
	is($r->{status}, 302, "$what: a redirect");
	is(header($r, 'Access-Control-Allow-Origin'), $origin, "$what: with CORS");
	for my $path ('/up/img.jpg/x.php', '/up/img.jpg/.php') {
		$r = http($port, 'GET', $path, \@from);
		isnt($r->{body}, 'taken over', "$what: $path is not run");
	}
	$r = http($port, 'GET', '/none.php', \@from);
	is($r->{status}, 404, "$what: a script that is missing");
	return;
}

SKIP: {
	skip 'no Apache with mod_fcgid', 1
	    unless have_program('apache2') && -e module_folder() . '/mod_fcgid.so';
	my $dir  = site();
	my $port = apache($dir, <<"END", 'fcgid');
<Directory $dir/www>
    Options +ExecCGI
    AddHandler fcgid-script .php
    FcgidWrapper "$dir/corswrap.fcgi" .php
    Require all granted
</Directory>
FcgidInitialEnv CORSWRAP_CONFIG $dir/policy.ini
FcgidMaxRequestLen 134217728
FcgidOutputBufferSize 0
FcgidIPCDir $dir/run/fcgid
FcgidProcessTableFile $dir/run/fcgid_shm
END
	check_php('mod_fcgid', $port);
	diag(server_logs($dir)) unless Test::More->builder->is_passing;
}

SKIP: {
	skip 'no lighttpd', 1 unless have_program('lighttpd');
	my $dir  = site();
	my $port = lighttpd($dir, <<"END");
fastcgi.server = ( ".php" => ((
    "bin-path" => "$dir/corswrap.fcgi -c $dir/policy.ini",
    "socket" => "$dir/run/app.sock", "max-procs" => 1 )) )
END
	check_php('lighttpd, FastCGI', $port);
	diag(server_logs($dir)) unless Test::More->builder->is_passing;

	$dir  = site();
	$port = lighttpd($dir, "cgi.assign = ( \".php\" => \"$dir/corswrap.cgi\" )");
	check_php('lighttpd, CGI', $port);
	diag(server_logs($dir)) unless Test::More->builder->is_passing;
}

done_testing;
