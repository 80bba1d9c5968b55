#!/usr/bin/perl
# A Python application under wsgiref's CGIHandler, bare and behind corswrap under
# every server; and its page in Chromium.
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

plan skip_all => 'no Apache' unless have_program('apache2');
plan skip_all => 'no python3'
    unless -x '/usr/bin/python3';
my $page = page_server('wsgiref');
my $dir = app_folder('wsgiref', 'app.py');
my $bare = app_bare($dir, '/app', "$dir/app/app.py");
my @json = ('Content-Type' => 'application/json');

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my $dir = app_folder('wsgiref', 'app.py');
	my $port = app_serve($dir, $server, 'app', app_policy('wsgiref', $page,
		{ '/usr/lib/cgi-bin' => "$dir/app" }), '--exec',
		"$dir/app/app.py", '--path', '/app');
	my @from = (Origin => $page);
	subtest $server => sub {
		same_answer('GET', $bare, $port, 'GET', '/app/items/a%20b?x=1', \@from);
		same_answer('PUT', $bare, $port, 'PUT', '/app/items/7',
		    [ @from, @json ], '{"name": "Ada"}');
		same_answer('an error', $bare, $port, 'POST', '/app', [ @from, @json ],
		    'no JSON');
		my $r = same_answer('DELETE', $bare, $port, 'DELETE', '/app/items/7',
		    \@from);
		is(header($r, 'Access-Control-Allow-Origin'), $page, 'with CORS');
		show_logs($dir);
	};
	next if $server ne 'nginx';
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/app") or
		    skip 'no Chromium', 3;
		my $got = $browser->value('call("PUT", "/items/7", {name: "Ada"})');
		is($got->{data}{said}{name}, 'Ada', 'a page PUTs JSON') or
		    diag($browser->console);
		like($got->{etag}, qr/^"\d+"$/, 'and reads the ETag');
		is($browser->value('call("DELETE", "/items/7")')->{status}, 204,
		    'a page DELETEs');
	}
}
done_testing;
