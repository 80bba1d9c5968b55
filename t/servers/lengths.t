#!/usr/bin/perl
# A program whose body is not as long as its Content-Length says, behind real
# servers with a kept connection: no byte of it gets into the next response,
# and vice versa.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Test;
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);

my $script = <<'END';
#!/usr/bin/perl
$| = 1;
my $evil = "HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 4\r\n\r\nEVIL";
my ($do) = $ENV{QUERY_STRING} =~ /^(\w+)/;
if ($do eq 'short') { print "Content-Length: 100\n\nabc"; exit }
if ($do eq 'long') { print "Content-Length: 3\n\nabc$evil"; exit }
if ($do eq 'late') {
	print "Content-Length: 3\n\nabc";
	select undef, undef, undef, 0.3;
	print $evil;
	exit;
}
if ($do eq 'none') { print "Content-Length: 0\n\n$evil"; exit }
print "Content-Length: 2\n\nok";
END

# Two requests over one connection; returns the received bytes.
sub both {
	my ($port, $path, $do) = @_;
	my $s = IO::Socket::INET->new("127.0.0.1:$port") or die "connect: $!";
	print {$s} map { "GET $path?$_ HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n\r\n" }
	    $do, 'ok';
	my ($got, $wait) = ('', IO::Select->new($s));
	while ($wait->can_read($got =~ /(?:\r\n|\n)ok/ ? 0.3 : 3)) {
		sysread $s, $got, 65536, length $got or last;
	}
	return $got;
}

through_servers(sub {
	my ($name, $port, $path) = @_;
	# HAProxy 2.6 does not end an empty body in chunks.
	my $s = IO::Socket::INET->new("127.0.0.1:$port") or die "connect: $!";
	print {$s} "PUT $path?none HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n"
	    . "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
	my $start = time;
	my $all = do { local $/; <$s> };
	like($all, qr{^HTTP/1\.1 200}, "$name: an empty body in chunks: 200");
	cmp_ok(time - $start, '<', 20, "$name: an empty body in chunks: at once");
	for my $do (qw(long late none)) {
		my $got = both($port, $path, $do);
		unlike($got, qr/EVIL/, "$name: $do: not a byte too many");
		is(() = $got =~ m{HTTP/1\.1 200}g, 2, "$name: $do: and both responses")
		    || diag($got);
	}
	# Apache as mod_cgid and mod_proxy_fcgi counts itself, or sends chunks.
	my $got = both($port, $path, 'short');
	unlike($got, qr{^Content-Length: 100\b.*\nabc.*HTTP/1\.1 200}ims,
	    "$name: too short: the next response is not its rest") || diag($got);
}, script => $script);
done_testing;
