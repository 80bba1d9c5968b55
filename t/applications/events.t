#!/usr/bin/perl
# Server-Sent Events behind corswrap under every server: each event arrives
# when it is sent, a program ends when its page is closed, and EventSource
# reconnects.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Application;
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'no lighttpd' unless have_program('lighttpd');
my $page = page_server('events');

# Is a program of that folder still running?
sub runs {
	my ($dir) = @_;
	return grep { read_file("/proc/$_/cmdline") =~ m{\Q$dir\E/app/events\.pl} }
	    map { m{(\d+)$} } glob '/proc/[0-9]*';
}

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my $dir = app_folder('events', 'events.pl');
	my $port = app_serve($dir, $server, 'events', app_policy('events', $page,
		{ '/usr/lib/cgi-bin' => "$dir/app" }), '--exec',
		"$dir/app/events.pl", '--path', '/events');
	subtest $server => sub {
		my $begin = time;
		my @at;
		my $r = http($port, 'GET', '/events?count=4&every=0.4',
		    [ Origin => $page ], undef, each => sub {
			my $n = () = $_[0] =~ /^id: /mg;
			push @at, time - $begin while @at < $n;
		});
		is(header($r, 'Access-Control-Allow-Origin'), $page, 'with CORS');
		like(header($r, 'Content-Type'), qr{^text/event-stream}, 'events');
		is(scalar @at, 4, 'all of them');
		cmp_ok($at[3] - $at[0], '>', 0.3, 'and not all at once');

		# A page that is closed.
		my $s = IO::Socket::INET->new("127.0.0.1:$port") or die;
		print {$s} "GET /events?every=0.1 HTTP/1.1\r\n"
		    . "Host: 127.0.0.1:$port\r\n"
		    . "Origin: $page\r\n\r\n";
		my $got = '';
		while ($got !~ /^id: 2$/m) {
			sysread $s, $got, 4096, length $got or last;
		}
		is(scalar(runs($dir)), 1, 'it runs while somebody listens');
		close $s;
		ok(wait_for(sub { !runs($dir) }, 20), 'and ends with the page');
		show_logs($dir);
	};
	next if $server !~ /^(?:nginx|haproxy)$/;
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/events?"
		    . 'every=0.4%26count=3') or skip 'no Chromium', 3;
		my $ticks = $browser->value('listen(7)');
		is_deeply([ map { $_->{n} } @$ticks ], [ 1 .. 7 ],
		    "$server: EventSource goes on where it was") or
		    diag($browser->console);
		cmp_ok($ticks->[2]{at} - $ticks->[0]{at}, '>', 100,
		    "$server: ticks come one by one");
		ok(wait_for(sub { !runs($dir) }, 20), "$server: close() ends it");
	}
}
done_testing;
