#!/usr/bin/perl
# corscheck learn writes policies from logs; replay applies policies to logs.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Programs;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

my $tmp = tempdir();

sub corscheck_ { return run([ corscheck(), @_ ], dir => $tmp) }

sub nginx {
	my (%o) = @_;
	return JSON::PP->new->canonical->encode({
		time_iso8601 => ($o{day} // '2026-11-02') . 'T10:00:00+00:00',
		request => ($o{method} // 'GET') . ' ' . ($o{uri} // '/api/x') . ' HTTP/1.1',
		status => $o{status} // 200,
		http_origin => $o{origin} // '',
		host => $o{host} // 'api.example',
		http_access_control_request_method => $o{asks} // '',
		http_access_control_request_headers => $o{headers} // '',
		upstream => { nested => [ 1, { a => '}"' } ] },
	}) . "\n";
}

sub combined {
	my (%o) = @_;
	my ($year, $month, $day) = split /-/, $o{day} // '2026-11-02';
	my @months = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
	return sprintf qq{192.0.2.1 - - [%s/%s/%s:10:00:00 +0000] "%s %s HTTP/1.1" }
	    . qq{%d 12 "-" "Mozilla \\"5.0\\"" "%s"\n}, $day,
	    $months[ $month - 1 ], $year, $o{method} // 'GET',
	    $o{uri} // '/api/x', $o{status} // 200, $o{origin} // '-';
}

# --- learn ------------------------------------------------------------------------

my @day = (
	(map { +{ origin => 'https://app.example', day => "2026-11-0$_" } } 1 .. 5),
	{ origin => 'https://app.example', method => 'PUT' },
	{ origin => 'https://app.example', method => 'OPTIONS', asks => 'DELETE',
		headers => 'content-type,x-key', status => 204 },
	(map { +{ origin => 'https://twice.example' } } 1 .. 2),
	(map { +{ origin => 'https://scan.example', status => 403,
		method => 'PATCH' } } 1 .. 9),
	(map { +{ origin => 'null' } } 1 .. 4),
	(map { +{ origin => 'https://App.example' } } 1 .. 4),
	(map { +{ origin => "https://x\e[31m\nevil.example" } } 1 .. 4),
	(map { +{ origin => 'https://api.example', method => 'PATCH' } } 1 .. 4),
	{},
);
write_file("$tmp/nginx.log", join '', map { nginx(%$_) } @day);
my ($status, $policy, $err) = corscheck_('learn', 'nginx.log');
is($status, 0, 'learn: exit status 0');
is($err, '', 'learn: no complaints about the log');
like($policy, qr/^origins = https:\/\/app\.example +; 7 requests, 2026-11-01 to 2026-11-05$/m,
	'a frequent origin is allowed, with its count and days');
is(scalar(() = $policy =~ /^origins/mg), 1, 'no other origin is allowed');
like($policy, qr/^; Rare.*\n; origins = https:\/\/twice\.example +; 2 requests, 2026-11-02$/m,
	'an origin with two requests is commented out as rare');
like($policy, qr/^; Scanners.*\n; origins = https:\/\/scan\.example +; 9 requests/m,
	'an origin whose requests all failed is commented out as a scanner');
like($policy, qr/^; The server's own.*\n; origins = https:\/\/api\.example /m,
	'the origin of the server itself is commented out');
like($policy, qr/^; origins = null /m, 'null is never allowed');
like($policy, qr/^; origins = https:\/\/App\.example /m,
    'an origin in upper case is never allowed');
unlike($policy, qr/\e/, 'control bytes are not printed');
like($policy, qr/^methods = PUT DELETE$/m,
    'methods are those of requests and preflights');
like($policy, qr/^headers = content-type x-key$/m, 'headers are those of preflights');
write_file("$tmp/learned.ini", $policy);
my (undef, $lint) = corscheck_('lint', 'learned.ini');
is(join("\n", grep { !/: note:/ } split /\n/, $lint), '', 'the policy lints clean');

# The combined format has no host, so the server's own origin cannot be recognised.
write_file("$tmp/access.log", join '', map { combined(%$_) } grep {
	($_->{origin} // '') ne 'https://api.example'
	    && ($_->{origin} // '') !~ /\n/ } @day);
(undef, my $same, $err) = corscheck_('learn', 'access.log');
is($err, '', 'combined: no complaints about the log');
like($same, qr/^origins = https:\/\/app\.example +; 7 requests, 2026-11-01 to 2026-11-05$/m,
	'combined: the same origin is allowed');
like($same, qr/^methods = PUT$/m, 'combined: only the methods of requests are known');

(undef, $same) = run([ corscheck(), 'learn', '-' ],
	stdin => read_file("$tmp/nginx.log"));
is($same, $policy =~ s/nginx\.log/standard input/r, 'learn - reads standard input');

write_file("$tmp/other.log", qq{192.0.2.1 - - [02/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "curl"\n}
    . "not a log\n\n");
($status, $policy, $err) = corscheck_('learn', 'other.log');
like($err, qr/1 of 2 lines have an unknown format/, 'unknown lines are counted');
like($err, qr/1 lines have no Origin: log it/,
    'learn says how to log Origin if a log does not have it');
like($policy, qr/^origins = none$/m, 'without Origin in the log, no origin is allowed');
# By default Apache and nginx log Referer, but not Origin.
write_file("$tmp/plain.log", join '', map {
	qq{192.0.2.1 - - [02/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 1 "$_" "Mozilla/5.0"\n}
} 'https://app.example/a', 'https://app.example/b?c', '-', 'https://Other.example', 'x://*/');
($status, $policy, $err) = corscheck_('learn', 'plain.log');
like($policy, qr/^origins = none$/m, 'with Referer only, no origin is allowed');
like($policy, qr/Referer.*^; among them:\n; origins = https:\/\/app\.example\n\z/ms,
	'with Referer only, the origins of pages are listed as comments') or diag $policy;

# Caddy's JSON has the fields in an object, each as a list.
write_file("$tmp/caddy.log", join '', map { qq({"level":"info","ts":1793600000.12,)
	. qq("logger":"http.log.access","msg":"handled request","request":{"remote_ip":)
	. qq("192.0.2.1","proto":"HTTP/2.0","method":"$_","host":"api.example","uri":"/x",)
	. qq("headers":{"Origin":["https://app.example"],"Accept":["*/*","a"]},"tls":{"version":772}},)
	. qq("bytes_read":0,"user_id":"","duration":0.1,"size":3,"status":200,)
	. qq("resp_headers":{"Server":["Caddy"]}}\n) } qw(GET PUT GET));
($status, $policy, $err) = corscheck_('learn', 'caddy.log');
is($err, '', 'Caddy: no complaints about the log');
like($policy, qr/^origins = https:\/\/app\.example +; 3 requests, 2026-11-02$/m,
    'Caddy: the origin is allowed')
    or diag $policy;
like($policy, qr/^methods = PUT$/m, 'Caddy: the method is allowed');

write_file("$tmp/old.log.gz", "\x1f\x8b\x08\0\0");
($status, undef, $err) = corscheck_('learn', 'old.log.gz');
is($status, 2, 'a compressed log: exit status 2');
like($err, qr/old\.log\.gz is compressed: zcat \S*old\.log\.gz \| corscheck learn -/,
    'a compressed log: the message says how to read it');
($status) = corscheck_('learn', 'none.log');
is($status, 2, 'a missing log: exit status 2');
($status) = corscheck_('learn');
is($status, 2, 'learn without a log: exit status 2');

write_file("$tmp/strangers.log", join '', map { nginx(origin => "https://s$_.example") } 1 .. 400);
(undef, $policy) = corscheck_('learn', 'strangers.log');
like($policy, qr/^; \.\.\. and 350 more$/m,
    'only 50 of many rare origins are listed; the others are counted');

# --- replay -----------------------------------------------------------------------

write_file("$tmp/old.ini", <<'INI');
[cors]
origins = https://app.example
methods = PUT DELETE
headers = x-key
enforce = block
INI
write_file("$tmp/new.ini", <<'INI');
[cors]
origins = https://app.example https://twice.example
methods = DELETE
headers = x-key content-type
enforce = block
INI
($status, my $out) = corscheck_('replay', '-p', 'old.ini', 'nginx.log');
is($status, 0, 'replay with one policy: exit status 0');
like($out, qr/^ +5  GET https:\/\/app\.example: allowed  \(\/api\/x\)$/m,
    'replay: an allowed request');
like($out, qr/^ +1  preflight of DELETE https:\/\/app\.example: header-not-allowed /m,
	'replay: a refused preflight, with the reason');
like($out, qr/^ +9  PATCH https:\/\/scan\.example: 403, blocked /m,
    'replay: a blocked origin');
like($out, qr/^ +1  GET without Origin: no Origin /m, 'replay: a request without Origin');
($status, $out) = corscheck_('replay', '-p', 'old.ini', '-p', 'new.ini', 'nginx.log');
is($status, 1, 'replay with two policies that differ: exit status 1');
like($out, qr/^ +1  preflight of DELETE https:\/\/app\.example: header-not-allowed -> allowed /m,
	'replay: a preflight that the new policy allows');
like($out, qr/^ +2  GET https:\/\/twice\.example: 403, blocked -> allowed /m,
    'replay: an origin that the new policy allows');
unlike($out, qr/ GET https:\/\/app\.example/,
    'replay: requests without a difference are not listed');
like($out, qr/^3 of 35 requests get different responses$/m,
    'replay: the number of differences');
($status, $out) = corscheck_('replay', '-p', 'old.ini', '-p', 'old.ini', 'nginx.log');
is($status, 0, 'replay with the same policy twice: exit status 0');
write_file("$tmp/bad.ini", "[cors]\n");
($status) = corscheck_('replay', '-p', 'bad.ini', 'nginx.log');
is($status, 2, 'replay with an invalid policy: exit status 2');
($status) = corscheck_('replay', 'nginx.log');
is($status, 2, 'replay without a policy: exit status 2');

write_file("$tmp/paths.ini", "[cors open]\npath = /open/*\norigins = *\n");
write_file("$tmp/paths.log", nginx(uri => '/open/x', origin => 'https://a.example')
    . nginx(uri => '/shut', origin => 'https://a.example')
    . nginx(uri => '/open/..%2fshut', origin => 'https://a.example'));
(undef, $out) = corscheck_('replay', '-p', 'paths.ini', 'paths.log');
like($out, qr/: allowed  \(\/open\/x\)/, 'replay: a path that the policy covers');
like($out, qr/: no policy  \(\/shut\)/, 'replay: a path that no policy covers');
like($out, qr/: 400, /, 'replay: a path that servers interpret in two ways gets 400');

# --- the log of corswrap ----------------------------------------------------------

perl_program('ok.pl', 'print "A: 1\n\nok"');
my $r = run_responder('', cors => "methods = PUT\nheaders = x-key",
	server => "access-log = yes\nlog-format = json\nlog-file = $tmp/own.log");
ask($r, 'ok.pl') for 1 .. 3;
ask($r, 'ok.pl', params => { REQUEST_METHOD => 'OPTIONS',
	HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT',
	HTTP_ACCESS_CONTROL_REQUEST_HEADERS => 'x-key' });
$r->stop;
(undef, $policy, $err) = corscheck_('learn', 'own.log');
like($policy, qr/^origins = \Q$origin\E +; 4 requests/m,
    'learn reads the log of corswrap') or diag $err;
like($policy, qr/^methods = PUT$/m, 'the log of corswrap has the methods of preflights');
like($policy, qr/^headers = x-key$/m,
    'the log of corswrap has the headers of preflights');
is($err, '', 'there is no complaint about the other lines of the log of corswrap');
done_testing();
