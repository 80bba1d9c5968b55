#!/usr/bin/perl
# A large download behind corswrap under every server: complete, the same bytes,
# without more memory; ranges of it; and a page that shows its progress, of 300 MB.
# With CORSWRAP_LONG every server sends 300 MB.
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
plan skip_all => 'no curl' unless have_program('curl');
my $page = page_server('download');
my $dir = app_folder('download', 'download.pl');
my $bare = app_bare($dir, '/download', "$dir/app/download.pl");
my $whole = 300_000_000;
my $size = $ENV{CORSWRAP_LONG} ? $whole : 100_000_000;

# What the program prints: these bytes again and again.
my $block = join('', map { chr } 0 .. 250) x 1000;
my $blocks = $block x 3;

# Straight from the socket: its headers, its length, and whether they are those.
sub fetch {
	my ($port) = @_;
	my $headers = "$dir/log/headers";
	open my $in, '-|', 'curl', '-sS', '-N', '-D', $headers, '-H',
	    "Origin: $page", "http://127.0.0.1:$port/download?size=$size" or die "curl: $!";
	my ($length, $same) = (0, 1);
	while (sysread $in, my $part, 1 << 18) {
		$same &&= $part eq substr $blocks, $length % length $block,
		    length $part;
		$length += length $part;
	}
	close $in;
	return (read_file($headers), $length, $same);
}

# The most memory of the responder of a folder, in KiB; 0: there is none.
sub memory_of {
	my ($dir) = @_;
	my $most = 0;
	for my $pid (map { m{(\d+)$} } glob '/proc/[0-9]*') {
		next unless (readlink("/proc/$pid/exe") // '') eq "$dir/corswrap";
		my ($kib) = read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;
		$most = $kib if ($kib // 0) > $most;
	}
	return $most;
}

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my $own = app_folder('download', 'download.pl');
	my $port = app_serve($own, $server, 'download', app_policy('download',
		$page, { '/usr/lib/cgi-bin' => "$own/app" }), '--exec',
		"$own/app/download.pl", '--path', '/download');
	subtest $server => sub {
		my ($headers, $length, $same) = fetch($port);
		is($length, $size, 'all of it');
		ok($same, 'the same bytes');
		like($headers, qr/^Access-Control-Allow-Origin: \Q$page\E\r$/mi,
		    'with CORS');
		cmp_ok(memory_of($own), '<', 20_000, 'corswrap keeps none of it')
		    unless under_valgrind();
		my $r = same_answer('a part', $bare, $port, 'GET',
		    '/download?size=1000000', [ Origin => $page,
			Range => 'bytes=5000-70000' ]);
		is($r->{status}, 206, 'a part');
		same_answer('HEAD', $bare, $port, 'HEAD', '/download?size=1000',
		    [ Origin => $page ]);
		show_logs($own);
	};
	next if $server !~ /^(?:lighttpd|nginx)$/;
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/download") or
		    skip 'no Chromium', 2;
		my $all = $browser->value('download()', 180);
		# lighttpd and nginx pass the length on.
		is_deeply($all, { total => $whole, at => $whole, wrong => 0 },
		    "$server: a page downloads it") or diag($browser->console);
		is_deeply($browser->value('part(251, 254)'), { status => 206,
			range => "bytes 251-254/$whole", bytes => [ 0 .. 3 ] },
		    "$server: and a part");
	}
}
done_testing;
