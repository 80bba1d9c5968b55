#!/usr/bin/perl
# The analyzer page as a FastCGI responder: the same page as with CGI, the same
# limits, one request after the other for any input, a clean end, and the units
# that start it.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::CGI qw(cgi_run);
use Corswrap::FastCGI qw(begin_record fcgi_connect fcgi_get params_records
    record stdin_records);
use Corswrap::Server qw(install_program);
use Corswrap::Test;
use IO::Socket::IP ();
use IO::Socket::UNIX ();
use Test::More;
use Time::HiRes qw(time);

my $dir = tempdir();
my $address = "unix:$dir/s";
my $listener = IO::Socket::UNIX->new(Local => "$dir/s", Listen => 50) or die;
# Arguments from the client, which Apache passes on, are ignored.
my $pid = start([ corscheck(), '-V' ], stdin => $listener,
    stderr => "$dir/log");

my %server = (GATEWAY_INTERFACE => 'CGI/1.1', SERVER_NAME => 'tools.example',
	HTTP_HOST => 'tools.example', HTTPS => 'on', REQUEST_METHOD => 'GET');
my $body = 'url=https%3A%2F%2Fapi.example%2F&origin=https%3A%2F%2Fapp.example'
    . '&method=PUT&policy=%5Bcors%5D%0Aorigins+%3D+https%3A%2F%2Fapp.example';
my %post = (%server, REQUEST_METHOD => 'POST', CONTENT_LENGTH => length $body,
	CONTENT_TYPE => 'application/x-www-form-urlencoded');

# --- the same page -------------------------------------------------------------------

sub plain { return $_[0] =~ s/\b[0-9a-f]{32}\b/NONCE/gr }

for (
	[ 'GET', \%server ],
	[ 'a query', { %server, QUERY_STRING => 'url=https://a.example/' } ],
	[ 'HEAD', { %server, REQUEST_METHOD => 'HEAD' } ],
	[ 'OPTIONS', { %server, REQUEST_METHOD => 'OPTIONS' } ],
	[ 'another method', { %server, REQUEST_METHOD => 'DELETE' } ],
	[ 'a form', \%post, $body ],
	[ 'a form of another site',
		{ %post, HTTP_SEC_FETCH_SITE => 'cross-site' }, $body ],
	[ 'no length', { %post, CONTENT_LENGTH => '' }, $body ],
	[ 'a length that is none', { %post, CONTENT_LENGTH => '0x9' }, $body ],
	[ 'another type', { %post, CONTENT_TYPE => 'text/plain' }, $body ],
	[ 'too long a form', { %post, CONTENT_LENGTH => 262145 },
		'x' x 262145 ],
	[ 'the longest form', { %post, CONTENT_LENGTH => 262144 },
		$body . '&' x (262144 - length $body) ],
	[ 'a form that ends early', { %post, CONTENT_LENGTH => 9999 }, $body ],
	[ 'a long query', { %server, QUERY_STRING => 'x' x 65537 } ],
    ) {
	my ($name, $env, $stdin) = @$_;
	my $cgi = cgi_run(program => corscheck(), env => $env,
	    stdin => $stdin // '');
	my $r = fcgi_get($address, params => $env, stdin => $stdin);
	is(plain($r->{stdout}), plain($cgi->{raw}), "$name: as over CGI");
	is("$r->{ended} $r->{appStatus} $r->{protocolStatus}$r->{stderr}", '1 0 0',
	    "$name: and ends");
}
like(fcgi_get($address, params => \%post, stdin => $body, split => 7,
	padding => 3)->{body}, qr{<title>Blocked - CORS}, 'a form in pieces');
for ([ 'HTTPS=1', { HTTPS => '1' }, 'https' ],
    [ 'no HTTPS', { HTTPS => 'off' }, 'http' ],
    [ 'several proxies', { HTTPS => '',
	    HTTP_X_FORWARDED_PROTO => 'https, http' }, 'https' ],
    [ 'REQUEST_SCHEME', { HTTPS => '', REQUEST_SCHEME => 'https' }, 'https' ]) {
	my ($name, $more, $scheme) = @$_;
	like(fcgi_get($address, params => { %server, %$more })->{body},
	    qr{page&#39;s own, <code>\Q$scheme\E://tools\.example</code>},
	    "$name: the page's own origin");
}

# --- input that web servers never send
# ------------------------------------------------

my $works = sub { is(fcgi_get($address, params => \%server)->{status}, 200,
	"and the next request is answered: $_[0]") };
for (
	[ 'nothing', '' ],
	[ 'a record that breaks off', substr(begin_record(), 0, 5) ],
	[ 'another version', record(1, 1, "\0\1\0\0\0\0\0\0", 0, 9) ],
	[ 'an unknown type', record(77, 1, 'x') ],
	[ 'parameters without an end', begin_record()
	    . params_records(\%server, no_params_end => 1) ],
	[ 'parameters that break off', begin_record()
	    . params_records("\x05\x05HTTP", no_params_end => 1) ],
	[ 'a body that breaks off', begin_record() . params_records(\%post)
	    . stdin_records('url=', no_stdin_end => 1) ],
    ) {
	my ($name, $bytes) = @$_;
	my $c = fcgi_connect($address);
	$c->send_bytes($bytes);
	$c->shutdown_write;
	ok(defined $c->closed_within(8), "$name: the connection is closed");
	$works->($name);
}
my $authorizer = fcgi_get($address, role => 2, params => \%server);
isnt($authorizer->{status}, 200, 'an authorizer lets nobody in');
isnt(fcgi_get($address, role => 3, params => \%server)->{status}, 200,
    'a filter neither');

# A kept connection must not keep the others waiting.
my $kept = fcgi_connect($address);
is($kept->request(params => \%server, keep => 1)->{status}, 200, 'keep');
ok(defined $kept->closed_within(5), 'is not done');
my @many = map { fcgi_connect($address) } 1 .. 20;
$_->send_bytes(Corswrap::FastCGI::request_bytes(params => \%server)) for @many;
is(scalar(grep { $_->read_response->{status} == 200 } @many), 20,
    'many at once are answered one after the other');

# A silent client is disconnected.
my $silent = fcgi_connect($address);
$silent->send_bytes(begin_record());
my $start = time;
is(fcgi_get($address, params => \%server)->{status}, 200,
    'a silent peer is given up');
cmp_ok(time - $start, '<', patience(20), 'in time');

# --- the end ---------------------------------------------------------------------------

# If a request has begun, it is finished first.
my $last = fcgi_connect($address);
$last->send_bytes(begin_record() . params_records(\%post));
select undef, undef, undef, 0.3;
kill 'TERM', $pid;
select undef, undef, undef, 0.3;
$last->send_bytes(stdin_records($body));
like($last->read_response->{body}, qr{<title>Blocked},
    'what has begun is answered after SIGTERM');
my $status = stop($pid);
is($status, 0, 'SIGTERM ends it well') unless under_valgrind();
is(read_file("$dir/log"), '', 'and it has said nothing') unless
    under_valgrind();
for my $signal (qw(INT USR1)) {
	$pid = start([ corscheck() ], stdin => $listener, stderr => "$dir/log");
	is(fcgi_get($address, params => \%server)->{status}, 200, 'another');
	$status = stop($pid, $signal);
	is($status, 0, "SIG$signal ends it too") unless under_valgrind();
}

# TCP, two on one socket; and a connected socket is not a listening one.
my $tcp = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
    Listen => 5, Type => Socket::SOCK_STREAM()) or die;
my @pids = map { start([ corscheck() ], stdin => $tcp) } 1, 2;
is(fcgi_get('tcp:127.0.0.1:' . $tcp->sockport, params => \%server)->{status},
    200, 'TCP') for 1 .. 6;
# Both are ready for a signal to stop: while one waits for the rest of a
# request, the other one serves another request.
ok(wait_for(sub {
	my $held = fcgi_connect('tcp:127.0.0.1:' . $tcp->sockport);
	my $bytes = Corswrap::FastCGI::request_bytes(params => \%server);
	$held->send_bytes(substr $bytes, 0, 20);
	my $other = fcgi_get('tcp:127.0.0.1:' . $tcp->sockport, params => \%server);
	$held->send_bytes(substr $bytes, 20);
	my $first = $held->read_response;
	return ($other->{status} // 0) == 200 && ($first->{status} // 0) == 200;
}, 60), 'each of them serves');
is(scalar(grep { stop($_) } @pids), 0, 'both end') unless under_valgrind();
{
	IO::Socket::UNIX->socketpair(Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0);
	my ($mine, $theirs) = IO::Socket->socketpair(Socket::AF_UNIX(),
	    Socket::SOCK_STREAM(), 0) or die;
	my $out = "$dir/cgi.out";
	my $cgi = start([ corscheck() ], stdin => $theirs, stdout => $out,
	    env => { %server });
	waitpid $cgi, 0;
	like(read_file($out), qr/\AStatus: 200 OK\r\n/,
	    'a connected socket as standard input is CGI');
}

# --- the units ---------------------------------------------------------------------------

SKIP: {
	my $analyze = have_program('systemd-analyze');
	my $service = read_file(top_build() . '/etc/systemd/corscheck.service');
	skip 'no systemd', 1 unless $analyze && length $service;
	install_program(corscheck(), "$dir/corscheck");
	mkdir "$dir/units";
	$service =~ s{^(ExecStart=)\S+}{$1$dir/corscheck}m;
	write_file("$dir/units/corscheck.service", $service);
	write_file("$dir/units/corscheck.socket",
	    read_file(top_src() . '/etc/systemd/corscheck.socket'));
	my ($exit, $out, $err) = run([ $analyze, 'verify', '--man=no',
		glob "$dir/units/*" ]);
	is($exit, 0, 'systemd-analyze verify') or diag($out, $err);
	is_deeply([ grep { /corscheck/ } split /\n/, "$out$err" ], [],
	    'without a complaint');
	($exit, $out) = run([ $analyze, 'security', '--offline=true',
		'--no-pager', "$dir/units/corscheck.service" ]);
	my ($exposure) = $out =~ /Overall exposure level.*?: ([0-9.]+)/;
	cmp_ok($exposure // 99, '<=', 1.5, 'systemd-analyze security')
	    if defined $exposure;
}
done_testing;
