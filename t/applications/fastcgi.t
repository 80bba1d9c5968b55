#!/usr/bin/perl
# A native FastCGI application, directly behind lighttpd and behind corswrap
# under every server that supports responders; and its page in Chromium.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Application;
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no lighttpd' unless have_program('lighttpd');
plan skip_all => 'no FCGI for Perl' unless eval { require FCGI; 1 };
my $page = page_server('fastcgi');

# The application on a socket that every user may connect to; its path.
sub application {
	my ($dir) = @_;
	my $socket = "$dir/run/counter.sock";
	start([ $^X, "$dir/app/counter.pl", $socket ],
	    stderr => "$dir/log/application.log");
	wait_socket($socket) or die "no application\n", server_logs($dir);
	chmod 0666, $socket;
	return $socket;
}

my $dir = app_folder('fastcgi', 'counter.pl');
my $socket = application($dir);
my $bare = lighttpd($dir, <<"END");
fastcgi.server = ( "/counter" => (( "socket" => "$socket",
    "check-local" => "disable" )) )
END

# How far it has counted, and which process it is.
sub edit {
	my ($text) = @_;
	$$text =~ s/"count": \d+/"count": N/;
	$$text =~ s/^\d+$/PID/;
	return;
}

for my $server (grep { !/-cgi$|busybox/ } init_servers()) {
	my $dir = app_folder('fastcgi', 'counter.pl');
	my $socket = application($dir);
	my $port = app_serve($dir, $server, 'counter', app_policy('fastcgi', $page,
		{ '/run/counter/counter.sock' => $socket }), '--forward',
		"unix:$socket", '--path', '/counter');
	subtest $server => sub {
		my @from = (Origin => $page);
		my $r = same_answer('GET', $bare, $port, 'GET', '/counter/a%20b',
		    \@from, undef, \&edit);
		is(header($r, 'Access-Control-Allow-Origin'), $page, 'with CORS');
		same_answer('POST', $bare, $port, 'POST', '/counter',
		    [ @from, 'Content-Type' => 'text/plain' ], 'x' x 100_000, \&edit);
		same_answer('DELETE', $bare, $port, 'DELETE', '/counter', \@from,
		    undef, \&edit);
		my @counts = map { http($port, 'GET', '/counter', \@from)->{body}
			=~ /"count": (\d+)/ } 1 .. 3;
		is("@counts", '1 2 3', 'one process answers all of them');
		show_logs($dir);
	};
	next if $server ne 'apache-proxy' && $server ne 'nginx';
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/counter") or
		    skip 'no Chromium', 3;
		is($browser->value('reset()'), 204, "$server: a page resets it") or
		    diag($browser->console);
		my $got = $browser->value('count()');
		is($got->{count}, 1, "$server: and counts");
		like($got->{process}, qr/^\d+$/, "$server: and reads a header");
	}
}
done_testing;
