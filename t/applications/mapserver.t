#!/usr/bin/perl
# MapServer, bare and behind corswrap under every server; and in Chromium a canvas
# that reads the pixels of a map from another origin.
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

my $mapserv = '/usr/lib/cgi-bin/mapserv';
plan skip_all => 'no MapServer' unless -x $mapserv;
plan skip_all => 'no Apache' unless have_program('apache2');
my $page = page_server('mapserver');
my $dir = app_folder('mapserver');
write_file("$dir/app/square.map", app_file('mapserver/square.map'));
my $conf = write_file("$dir/app/mapserver.conf",
    app_file('mapserver/mapserver.conf') =~ s{/srv/maps}{$dir/app}r);
my $bare = ask_once(app_bare($dir, '/map', $mapserv,
    "SetEnv MAPSERVER_CONFIG_FILE $conf\n"));

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my $own = app_folder('mapserver');
	my $port = app_serve($own, $server, 'map', app_policy('mapserver', $page,
		{ '/etc/mapserver.conf' => $conf }), '--exec', $mapserv, '--path',
		'/map');
	subtest $server => sub {
		my @from = (Origin => $page);
		my $r = same_answer('a map', $bare, $port, 'GET',
		    '/map?map=SQUARE&mode=map', \@from);
		like($r->{body}, qr/^\x89PNG/, 'a picture');
		is(header($r, 'Access-Control-Allow-Origin'), $page, 'with CORS');
		same_answer('WMS', $bare, $port, 'GET', '/map?map=SQUARE&SERVICE=WMS'
		    . '&VERSION=1.3.0&REQUEST=GetCapabilities', \@from);
		$r = same_answer('a path that is not allowed', $bare, $port, 'GET',
		    '/map?map=/etc/passwd&mode=map', \@from);
		is(header($r, 'Access-Control-Allow-Origin'), $page,
		    'its error has CORS');
		same_answer('a form', $bare, $port, 'POST', '/map', [ @from,
			'Content-Type' => 'application/x-www-form-urlencoded' ],
		    'map=SQUARE&mode=map');
		show_logs($own);
	};
	next if $server ne 'lighttpd' && $server ne 'haproxy';
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/map") or
		    skip 'no Chromium', 3;
		is_deeply($browser->value('drawn.then(() => colour(32, 32))'),
		    [ 255, 0, 0 ], "$server: a pixel of the square") or
		    diag($browser->console);
		is_deeply($browser->value('colour(2, 2)'), [ 0, 0, 255 ],
		    "$server: and of the ground");
		my $said = eval {
			$browser->value('draw(null).then(() => colour(2, 2))') };
		like($@, qr/tainted/, "$server: without CORS there are none");
	}
}
done_testing;
