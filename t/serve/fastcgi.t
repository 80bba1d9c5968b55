#!/usr/bin/perl
# The FastCGI responder over raw records: every kind of socket, records cut,
# padded and wrong, bounds, bodies, bulk, abort.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get record begin_record
    params_records stdin_records request_bytes);
use Corswrap::Responder;
use Corswrap::Test qw(read_file wait_for write_file tempdir);
use Test::More;
use Time::HiRes qw(sleep time);

my @standing = (timeout => 60);

sub passes {
	my ($address, $what, %o) = @_;
	my $r = fcgi_get($address, params => preflight(), @standing, %o);
	is("$r->{status} " . ($r->{ended} // 0) . ' '
		. ($r->{header}{'access-control-allow-origin'}[0] // '-'),
	    '204 1 https://app.example.com', $what);
	return $r;
}

# --- sockets ----------------------------------------------------------------

for my $kind (qw(unix tcp tcp6 fd0 fds)) {
SKIP: {
	skip 'no IPv6 here', 5 if $kind eq 'tcp6' && !tcp6_works();
	my $r = responder(listen => $kind);
	for my $n (0 .. ($kind eq 'fds' ? 1 : 0)) {
		my $address = $r->address($n);
		passes($address, "$kind: preflight");
		my $get = fcgi_get($address, params => get(), @standing);
		is($get->{body}, "GET\n", "$kind: the program answers");
		my $post = fcgi_get($address, @standing, stdin => 'abc',
			params => get(REQUEST_METHOD => 'POST',
				CONTENT_LENGTH => 3));
		is($post->{body}, "POST\nabc", "$kind: it has the body");
		is_deeply([ @$post{qw(ended appStatus protocolStatus)} ],
		    [ 1, 0, 0 ], "$kind: END_REQUEST");
	}
	is($r->stop, 0, "$kind: ends well");
	my ($path) = $r->address =~ /^unix:(.*)/;
	next unless $path;
	is(-e $path ? 1 : 0, $kind eq 'unix' ? 0 : 1,
	    "$kind: its socket is " . ($kind eq 'unix' ? 'gone' : 'left'));
	}
}

{
	# LISTEN_FDS for another process: usage.
	my $r = responder(listen => 'fds', listen_pid => 1, no_wait => 1);
	is($r->wait_end, 2, 'LISTEN_PID of another process: not ours');
}

# R15, CGI-114 (records cut and padded)
# --- records ----------------------------------------------------------------

my $r       = responder(args => [ '-w', 4 ]);
my $address = $r->address;

for my $row (
	[ 'params in records of a byte, 255 bytes of padding',
		split => 1, padding => 255 ],
	[ 'params in records of 7 bytes', split => 7 ],
	[ 'lengths of four bytes',        long  => 1 ],
	[ 'request id 65535',             id    => 65535 ],
	[ 'padding of the records',       padding => 3 ],
    )
{
	my ($name, %o) = @$row;
	my $got = passes($address, $name, %o);
	is($got->{id}, $o{id} || 1, "$name: the id comes back");
	my $post = fcgi_get($address, %o, @standing, stdin => 'x' x 3000,
		params => get(REQUEST_METHOD => 'POST',
			CONTENT_LENGTH => 3000));
	is($post->{body}, "POST\n" . 'x' x 3000, "$name: body");
}
{
	my $got = passes($address, 'an answer of ours');
	is_deeply([ map { $_->[0] } @{ $got->{records} } ], [ 6, 6, 3 ],
	    'is one STDOUT record, its end, and END_REQUEST');
}
{
	# In pieces, as slow networks bring them.
	my $c     = fcgi_connect($address);
	my $bytes = request_bytes(params => preflight());
	for my $part (unpack '(a60)*', $bytes) {
		$c->send_bytes($part);
		sleep 0.02;
	}
	is($c->read_response(@standing)->{status}, 204, 'a request in pieces');
}
{
	# CGI-112
	my $c   = fcgi_connect($address);
	my $got = $c->request(params => preflight(), role => 9, @standing);
	is_deeply([ @$got{qw(ended protocolStatus)} ], [ 1, 3 ],
	    'role 9: UNKNOWN_ROLE');
	ok(defined $c->closed_within(20), 'and closed');
	passes($address, 'the responder lives');

	$c = fcgi_connect($address);
	is($c->request(params => preflight(), keep => 1, @standing)->{status},
	    204, 'a kept connection');
	$got = $c->request(params => preflight(), role => 3, keep => 1,
		@standing);
	is_deeply([ @$got{qw(ended protocolStatus)} ], [ 1, 3 ],
	    'a filter on it: UNKNOWN_ROLE');
}

# CGI-115, CGI-116, and invalid beginnings
srand 20240517;
my $before = $r->resident;
for my $row (
	[ 'version 2', record(1, 1, pack('nCx5', 1, 0), 0, 2) ],
	[ 'STDIN first',       record(5, 1, 'x') ],
	[ 'BEGIN of 4 bytes',  record(1, 1, "\0\1\0\0") ],
	[ 'BEGIN with id 0',   record(1, 0, pack('nCx5', 1, 0)) ],
	[ 'ABORT for PARAMS',
		begin_record() . params_records({ A => 'b' },
			no_params_end => 1) . record(2, 1) ],
	[ 'half a pair at the end',
		begin_record() . record(4, 1, "\5\5AB") . record(4, 1) ],
	[ 'HTTP', "GET / HTTP/1.0\r\n\r\n" ],
	[ 'management of 60000 bytes', record(9, 0, 'x' x 60000) ],
	map({ [ "random bytes $_", join '',
		    map { chr int rand 256 } 1 .. 300 ] } 1 .. 8),
	map({ [ "random bytes behind BEGIN $_", begin_record() . join '',
		    map { chr int rand 256 } 1 .. 300 ] } 1 .. 8),
    )
{
	my ($name, $bytes) = @$row;
	my $c = fcgi_connect($address);
	$c->send_bytes($bytes);
	my $seconds = $c->closed_within(30);
	ok(defined $seconds && $seconds < 15, "$name: closed");
}
{
	# Found by a fuzzer: a part of the body was taken for all of it.
	my $c = fcgi_connect($address);
	$c->send_bytes(begin_record() . params_records(get(
		REQUEST_METHOD => 'POST')) . record(5, 1, 'x' x 100, 7)
		. "\1\5\0");
	$c->shutdown_write;
	is($c->read_response(@standing)->{status}, 400,
	    'a body that ends in the header of a record: 400');
}
for my $row (
	[ 'lengths 0x7fffffff', "\xff\xff\xff\xff\xff\xff\xff\xff" . 'AB' ],
	[ 'length of a value 0x7ffffff0', "\1\xff\xff\xff\xf0A" . 'B' x 100 ],
    )
{
	my ($name, $content) = @$row;
	my $c = fcgi_connect($address);
	$c->send_bytes(begin_record() . record(4, 1, $content));
	my $got = $c->read_response(@standing);
	is($got->{status}, 400, "$name: 400");
	ok(defined $c->closed_within(20), "$name: closed");
}
cmp_ok($r->resident, '<', $before + 20000, 'without memory for it');
passes($address, 'and the responder lives');

{
	# The connection is cut between two parameters, which a reader might
	# take for their end: half a request must not be served.
	my $c = fcgi_connect($address);
	is($c->request(params => preflight(), keep => 1, @standing)->{status},
	    204, 'kept');
	my $p = Corswrap::FastCGI::pairs([ REQUEST_METHOD => 'GET',
		REQUEST_URI => '/' ]);
	$c->send_bytes(begin_record(keep => 1) . record(4, 1, $p));
	$c->shutdown_write;
	is($c->read_bytes(20), '', 'parameters that break off: no answer');
	ok($c->{eof}, 'closed');
}

# --- management records -----------------------------------------------------

{
	my $c    = fcgi_connect($address);
	my $want = Corswrap::FastCGI::pairs([ FCGI_MAX_CONNS => '',
		FCGI_MPXS_CONNS => '', FCGI_FOO => '' ]);
	$c->send_bytes(record(9, 0, $want));
	my $got = $c->read_record(20);
	is_deeply([ @$got{qw(type id content)} ],
	    [ 10, 0, Corswrap::FastCGI::pairs(
		    [ FCGI_MAX_CONNS => 4, FCGI_MPXS_CONNS => 0 ]) ],
	    'GET_VALUES is answered at once');
	$c->send_bytes(record(77, 0, 'abc'));
	$got = $c->read_record(20);
	is_deeply([ $got->{type}, ord $got->{content} ], [ 11, 77 ],
	    'UNKNOWN_TYPE');
	is($c->request(params => preflight(), @standing)->{status}, 204,
	    'and the request that follows');
}

# R24
# --- bounds (64K and 500 parameters) ----------------------------------------

sub many {
	my ($count) = @_;
	my $p = preflight();
	my $n = 0;
	$p->{ 'P' . $n++ } = 'v' while keys %$p < $count;
	return $p;
}

sub big {
	my ($bytes) = @_;
	my $p = preflight();
	my $size = 0;
	$size += length($_) + length($p->{$_}) + 2 for keys %$p;
	$p->{HTTP_COOKIE} = 'c' x ($bytes - $size - 11 - 2);
	return $p;
}

for my $kept (0, 1) {
	my $where = $kept ? 'kept connection' : 'new connection';
	for my $row ([ '500 parameters', many(500), 204 ],
		[ '501 parameters', many(501), 400 ],
		[ '65536 bytes',    big(65536), 204 ],
		[ '65537 bytes',    big(65537), 400 ])
	{
		my ($name, $params, $status) = @$row;
		my $c = fcgi_connect($address);
		$c->request(params => preflight(), keep => 1, @standing)
		    if $kept;
		my $got = $c->request(params => $params, keep => 1, @standing);
		is($got->{status}, $status, "$where: $name: $status");
		next if $status == 204;
		is(join(',', grep { /^access-control|^vary/ }
			keys %{ $got->{header} }), '',
		    "$where: $name: no CORS header");
		is($got->{header}{'cache-control'}[0], 'no-store',
		    "$where: $name: not to be stored");
		ok($got->{ended} && defined $c->closed_within(20),
		    "$where: $name: ended and closed");
	}
}

# --- bodies -----------------------------------------------------------------

{
	my $body = join '', map { pack 'N', $_ } 1 .. 300_000;
	my $got  = fcgi_get($address, @standing, stdin => $body,
		params => get(REQUEST_METHOD => 'POST',
			CONTENT_LENGTH => length $body));
	ok($got->{body} eq "POST\n$body", 'a body of 1.2 MB comes back');
}
is($r->stop, 0, 'all that has left it well');

{
	my $dir = tempdir();
	my $r2  = responder(program => <<"END");
echo \$\$ >> $dir/started
case \$QUERY_STRING in
exit3) printf 'Content-Type: text/plain\\n\\nx'; exit 3;;
stderr) echo complaint >&2; printf 'Content-Type: text/plain\\n\\nx';;
bulk) printf 'Content-Type: text/plain\\n\\n'
	head -c 20000000 /dev/zero | tr '\\0' 'z';;
long) printf 'Content-Type: text/plain\\n\\nbegun\\n'
	echo \$\$ > $dir/pid; sleep 300;;
*) printf 'Content-Type: text/plain\\n\\n'; cat;;
esac
END
	my $a2 = $r2->address;
	my %post = (REQUEST_METHOD => 'POST', CONTENT_LENGTH => 10);

	my $c = fcgi_connect($a2);
	$c->send_bytes(begin_record() . params_records(get(%post))
	    . stdin_records('12345', no_stdin_end => 1));
	$c->close;
	$c = fcgi_connect($a2);
	$c->send_bytes(begin_record() . params_records(get(%post))
	    . stdin_records('12345', no_stdin_end => 1) . record(2, 1));
	my $got = $c->read_response(@standing);
	isnt($got->{status}, 200, 'aborted while the body is sent: no answer '
	    . 'that looks well');
	$c = fcgi_connect($a2);
	$got = $c->request(params => get(%post), stdin => '12345', @standing);
	is($got->{status}, 400, 'less than CONTENT_LENGTH: 400');
	is(read_file("$dir/started"), '', 'and the program never ran');

	$got = fcgi_get($a2, params => get(QUERY_STRING => 'exit3'), @standing);
	is_deeply([ @$got{qw(ended appStatus body)} ], [ 1, 3, 'x' ],
	    'R39: the exit status is appStatus');

	$got = fcgi_get($a2, params => get(QUERY_STRING => 'bulk'), @standing);
	is(length $got->{body}, 20_000_000, '20 MB of output');
	ok($got->{body} !~ /[^z]/, 'all of it as it was');
	my @sizes = map { $_->[1] } grep { $_->[0] == 6 } @{ $got->{records} };
	ok(!(grep { $_ > 65535 } @sizes), 'in records that the protocol allows');
	cmp_ok(scalar @sizes, '<', 20_000_000 / 4096, 'and not in small ones');

	for my $how (qw(abort close)) {
		unlink "$dir/pid";
		my $c2 = fcgi_connect($a2);
		$c2->send_bytes(
			request_bytes(params => get(QUERY_STRING => 'long')));
		my $first = $c2->read_record(60);
		like($first->{content}, qr/begun/, "$how: it streams");
		ok(wait_for(sub { read_file("$dir/pid") =~ /\n/ }, 20),
		    "$how: it runs");
		my $pid = read_file("$dir/pid") + 0;
		$how eq 'abort' ? $c2->send_bytes(record(2, 1)) : $c2->close;
		ok(wait_for(sub { !kill 0, $pid }, 30),
		    "R1: $how: the program is terminated");
		next if $how eq 'close';
		ok($c2->read_response(@standing)->{ended},
		    'abort: END_REQUEST comes');
	}
	is($r2->stop, 0, 'ends well');
}

{
	my $r3 = responder(more => { app => 'stderr = fastcgi' },
		program => "echo complaint >&2\n"
		    . "printf 'Content-Type: text/plain\\n\\nx'\n");
	my $got = fcgi_get($r3->address, params => get(), @standing);
	like($got->{stderr}, qr/complaint/, 'stderr = fastcgi: FCGI_STDERR');
	is($got->{body}, 'x', 'beside the answer');
}

done_testing;
