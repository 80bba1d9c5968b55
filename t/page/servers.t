#!/usr/bin/perl
# The analyzer page under real servers, as examples/analyzer installs it.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Server;
use Corswrap::Test;
use IO::Socket::UNIX ();
use Test::More;

my $dir; # of the server that is being tested

sub place {
	show_logs($dir) if $dir;
	$dir = tempdir();
	make_places($dir);
	return install_program(corscheck(), "$dir/corscheck");
}

# The shipped file with the paths of this test.
sub analyzer {
	my ($name) = @_;
	my $text = read_file(top_src() . "/examples/analyzer/$name");
	die "no $name\n" unless length $text;
	$text =~ s{/usr/bin/corscheck}{$dir/corscheck}g;
	$text =~ s{/run/corscheck\.sock}{$dir/run/corscheck.sock}g;
	return $text;
}

sub check_page {
	my ($port) = @_;
	my $r = http($port, 'GET', '/analyzer?url=https://a.example/');
	is($r->{status}, 200, 'the page');
	is(header($r, 'Cache-Control'), 'no-store', 'with its headers');
	ok($r->{body} =~ m{value="https://a\.example/"}, 'filled in');
	my $body = 'url=https%3A%2F%2Fa.example%2F&origin=&policy=%5Bcors%5D'
	    . "%0D%0Aorigins+%3D+http%3A%2F%2F127.0.0.1%3A$port%0D%0A";
	# As browsers send it; nginx keeps the port to itself.
	$r = http($port, 'POST', '/analyzer', [ 'Content-Type' =>
		'application/x-www-form-urlencoded',
		Origin => "http://127.0.0.1:$port" ], $body);
	is($r->{status}, 200, 'a form');
	is(($r->{body} =~ m{<title>(.*)</title>})[0], 'Allowed - CORS analyzer',
	    'is answered');
	is(($r->{body} =~ m{data-origin="(.*?)"})[0], "http://127.0.0.1:$port",
	    "with this page's origin");
	is(header($r, 'Content-Length'), length $r->{body}, 'whole')
	    if header($r, 'Content-Length');
	is(http($port, 'POST', '/analyzer', [ 'Content-Type' => 'text/plain' ],
		$body)->{status}, 415, 'another type is refused');
	is(http($port, 'DELETE', '/analyzer')->{status}, 405, 'another method');
	$r = http($port, 'HEAD', '/analyzer');
	is("$r->{status}$r->{body}", 200, 'HEAD');
	return;
}

# Clients from elsewhere are denied: the same file, with another network
# allowed.
sub check_restricted {
	my ($port) = @_;
	is(http($port, 'GET', '/analyzer')->{status}, 403,
	    'another network is kept out');
	return;
}

SKIP: {
	skip 'no lighttpd', 1 unless have_program('lighttpd');
	for my $net ('127.0.0.0/8', '192.0.2.0/24') {
		place();
		my $text = analyzer('lighttpd.conf') =~ s{127\.0\.0\.0/8}{$net}r;
		my $port = lighttpd($dir,
		    qq(server.modules += ( "mod_access" )\n$text));
		subtest "lighttpd, for $net", $net =~ /^127/ ? \&check_page
		    : \&check_restricted, $port;
	}
}
SKIP: {
	skip 'no Apache', 1 unless have_program('apache2') //
	    have_program('httpd');
	for my $who ('local', 'ip 192.0.2.0/24') {
		place();
		my $text = analyzer('apache.conf') =~ s{Require local}
		    {Require $who}r;
		my $port = apache($dir, $text, 'cgi', 'authz_host');
		subtest "Apache, for $who", $who eq 'local' ? \&check_page
		    : \&check_restricted, $port;
	}
}
# As spawn-fcgi does it, and systemd with the units.
sub spawned {
	my ($path) = @_;
	my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5) or die;
	chmod 0666, $path;
	return start([ "$dir/corscheck" ], stdin => $listener,
	    stderr => "$dir/log/corscheck.log");
}
sub activated {
	my ($path) = @_;
	my $pid = start([ 'systemd-socket-activate', '--inetd',
		"--listen=$path", "$dir/corscheck" ],
	    stderr => "$dir/log/corscheck.log");
	wait_for(sub { -S $path }) or die server_logs($dir);
	chmod 0666, $path;
	return $pid;
}
SKIP: {
	skip 'no nginx', 1 unless have_program('nginx');
	my $systemd = have_program('systemd-socket-activate');
	for ([ '127.0.0.0/8', \&spawned ], [ '192.0.2.0/24', \&spawned ],
	    $systemd ? [ '127.0.0.0/8', \&activated ] : ()) {
		my ($net, $start) = @$_;
		place();
		my $pid = $start->("$dir/run/corscheck.sock");
		my $text = analyzer('nginx.conf') =~ s{127\.0\.0\.0/8}{$net}r;
		my $port = serve($dir, 'nginx', 'analyzer-nginx.conf', <<"END");
daemon off;
user www-data;
pid /run/nginx/nginx.pid;
error_log /var/log/nginx/error.log warn;
events {
}
http {
    access_log off;
    server {
        listen 127.0.0.1:8080;
$text
    }
}
END
		subtest "nginx, for $net", $net =~ /^127/ ? \&check_page
		    : \&check_restricted, $port;
		# It handles signals before it responds.
		fcgi_get("unix:$dir/run/corscheck.sock", params => {
			REQUEST_METHOD => 'GET', QUERY_STRING => '' });
		my $status = stop($pid);
		is($status, 0, 'the responder ends well')
		    unless under_valgrind();
	}
}
show_logs($dir) if $dir;
done_testing;
