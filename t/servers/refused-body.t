#!/usr/bin/perl
# A body far larger than max-body: the 413 and its CORS headers reach the
# client through every server, also through one that does not read the response
# before it has sent the whole body (mod_fcgid, Caddy), because corswrap reads
# the rest.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use IO::Select;
use IO::Socket::INET;
use Test::More;

plan skip_all => 'no curl' unless my $curl = have_program('curl');
my $folder = tempdir();
my $body = "$folder/body";
write_file($body, 'x' x ($ENV{CORSWRAP_LONG} ? 100_000_000 : 30_000_000));
through_servers(sub {
	my ($name, $port, $path) = @_;
	# As real clients, it reads the response while it sends.
	for my $how ('Content-Length: 30000000', 'Transfer-Encoding: chunked') {
		# HAProxy: 400 by itself (corswrap(8), CAVEATS)
		next if $name eq 'HAProxy' && $how =~ /chunked/;
		my ($exit, $out) = run([ $curl, '-sS', '-m', 50, '-D', '-',
			'-H', 'Expect:', '-H', 'Origin: https://app.example.com',
			'-H', $how, '--data-binary', "\@$body",
			"http://127.0.0.1:$port$path" ]);
		like($out, qr{^HTTP/1\.[01] 413}, "F12: $name, $how: 413");
		like($out, qr{^Access-Control-Allow-Origin: https://app\.example}mi,
		    "F12: $name, $how: that the page can read");
	}
}, app => "max-body = 1M\n");

# One that takes too long, if the server passes it on as it arrives.
through_servers(sub {
	my ($name, $port, $path) = @_;
	return if $name !~ /^(?:nginx|mod_proxy_fcgi)$/;
	my $s = IO::Socket::INET->new("127.0.0.1:$port") or die "connect: $!";
	local $SIG{PIPE} = 'IGNORE';
	print {$s} "POST $path HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nConnection: close\r\n"
	    . "Origin: https://app.example.com\r\nContent-Length: 1000\r\n\r\n";
	my ($wait, $got, $start) = (IO::Select->new($s), '', time);
	while (time - $start < 20) {
		if ($wait->can_read(0.1)) { sysread $s, $got, 65536, length $got or last }
		else { syswrite $s, 'x' }
		last if $got =~ /\r\n\r\n./s;
	}
	like($got, qr{^HTTP/1\.1 408}, "F2: $name: 408");
	like($got, qr{^Access-Control-Allow-Origin: https://app\.example}mi,
	    "F2: $name: that the page can read");
}, app => "body-timeout = 1s\n");
done_testing;
