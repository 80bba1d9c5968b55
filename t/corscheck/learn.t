#!/usr/bin/perl
# corscheck learn and replay: policies out of logs, and logs against policies.
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
is($status, 0, 'learn: exit status');
is($err, '', 'nothing to complain of');
like($policy, qr/^origins = https:\/\/app\.example +; 7 requests, 2026-11-01 to 2026-11-05$/m,
	'an origin that came often, with its count and days');
is(scalar(() = $policy =~ /^origins/mg), 1, 'no other is admitted');
like($policy, qr/^; Rare.*\n; origins = https:\/\/twice\.example +; 2 requests, 2026-11-02$/m,
	'who came twice is set apart');
like($policy, qr/^; Scanners.*\n; origins = https:\/\/scan\.example +; 9 requests/m,
	'and who was never answered');
like($policy, qr/^; The server's own.*\n; origins = https:\/\/api\.example /m,
	'and the pages of the host itself');
like($policy, qr/^; origins = null /m, 'null is never admitted');
like($policy, qr/^; origins = https:\/\/App\.example /m, 'nor is upper case');
unlike($policy, qr/\e/, 'nothing reaches the terminal as it is');
like($policy, qr/^methods = PUT DELETE$/m, 'methods: of requests and preflights');
like($policy, qr/^headers = content-type x-key$/m, 'headers of preflights');
write_file("$tmp/learned.ini", $policy);
my (undef, $lint) = corscheck_('lint', 'learned.ini');
is(join("\n", grep { !/: note:/ } split /\n/, $lint), '', 'it lints clean');

# Our field of the host is not in the combined format.
write_file("$tmp/access.log", join '', map { combined(%$_) } grep {
	($_->{origin} // '') ne 'https://api.example'
	    && ($_->{origin} // '') !~ /\n/ } @day);
(undef, my $same, $err) = corscheck_('learn', 'access.log');
is($err, '', 'combined: nothing to complain of');
like($same, qr/^origins = https:\/\/app\.example +; 7 requests, 2026-11-01 to 2026-11-05$/m,
	'combined: the same origin');
like($same, qr/^methods = PUT$/m, 'combined: knows methods of requests alone');

(undef, $same) = run([ corscheck(), 'learn', '-' ],
	stdin => read_file("$tmp/nginx.log"));
is($same, $policy =~ s/nginx\.log/standard input/r, 'standard input');

write_file("$tmp/other.log", qq{192.0.2.1 - - [02/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "curl"\n}
    . "not a log\n\n");
($status, $policy, $err) = corscheck_('learn', 'other.log');
like($err, qr/1 of 2 lines have an unknown format/, 'unknown lines are counted');
like($err, qr/1 lines have no Origin: log it/, 'a log without Origin, and what to do');
like($policy, qr/^origins = none$/m, 'nobody came: nobody is let in');
# A log as Apache and nginx write it unless told: what Referer says.
write_file("$tmp/plain.log", join '', map {
	qq{192.0.2.1 - - [02/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 1 "$_" "Mozilla/5.0"\n}
} 'https://app.example/a', 'https://app.example/b?c', '-', 'https://Other.example', 'x://*/');
($status, $policy, $err) = corscheck_('learn', 'plain.log');
like($policy, qr/^origins = none$/m, 'no Origin: nobody is let in');
like($policy, qr/Referer.*^; among them:\n; origins = https:\/\/app\.example\n\z/ms,
	'but the pages of Referer are named') or diag $policy;

# Caddy's JSON has the fields in an object, each as a list.
write_file("$tmp/caddy.log", join '', map { qq({"level":"info","ts":1793600000.12,)
	. qq("logger":"http.log.access","msg":"handled request","request":{"remote_ip":)
	. qq("192.0.2.1","proto":"HTTP/2.0","method":"$_","host":"api.example","uri":"/x",)
	. qq("headers":{"Origin":["https://app.example"],"Accept":["*/*","a"]},"tls":{"version":772}},)
	. qq("bytes_read":0,"user_id":"","duration":0.1,"size":3,"status":200,)
	. qq("resp_headers":{"Server":["Caddy"]}}\n) } qw(GET PUT GET));
($status, $policy, $err) = corscheck_('learn', 'caddy.log');
is($err, '', 'Caddy: nothing to complain of');
like($policy, qr/^origins = https:\/\/app\.example +; 3 requests, 2026-11-02$/m, 'Caddy: the origin')
    or diag $policy;
like($policy, qr/^methods = PUT$/m, 'Caddy: the method');

write_file("$tmp/old.log.gz", "\x1f\x8b\x08\0\0");
($status, undef, $err) = corscheck_('learn', 'old.log.gz');
is($status, 2, 'a log that is compressed');
like($err, qr/old\.log\.gz is compressed: zcat \S*old\.log\.gz \| corscheck learn -/, 'what to do');
($status) = corscheck_('learn', 'none.log');
is($status, 2, 'no such log');
($status) = corscheck_('learn');
is($status, 2, 'no log at all');

write_file("$tmp/strangers.log", join '', map { nginx(origin => "https://s$_.example") } 1 .. 400);
(undef, $policy) = corscheck_('learn', 'strangers.log');
like($policy, qr/^; \.\.\. and 350 more$/m, 'many strangers are counted');

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
is($status, 0, 'replay: one policy');
like($out, qr/^ +5  GET https:\/\/app\.example: allowed  \(\/api\/x\)$/m, 'what is allowed');
like($out, qr/^ +1  preflight of DELETE https:\/\/app\.example: header-not-allowed /m,
	'what a preflight would be refused for');
like($out, qr/^ +9  PATCH https:\/\/scan\.example: 403, blocked /m, 'who is kept out');
like($out, qr/^ +1  GET without Origin: no Origin /m, 'what is no matter of CORS');
($status, $out) = corscheck_('replay', '-p', 'old.ini', '-p', 'new.ini', 'nginx.log');
is($status, 1, 'two policies that differ');
like($out, qr/^ +1  preflight of DELETE https:\/\/app\.example: header-not-allowed -> allowed /m,
	'a preflight that passes now');
like($out, qr/^ +2  GET https:\/\/twice\.example: 403, blocked -> allowed /m, 'an origin');
unlike($out, qr/ GET https:\/\/app\.example/, 'nothing about what stays');
like($out, qr/^3 of 35 requests get different responses$/m, 'how many');
($status, $out) = corscheck_('replay', '-p', 'old.ini', '-p', 'old.ini', 'nginx.log');
is($status, 0, 'a policy and itself');
write_file("$tmp/bad.ini", "[cors]\n");
($status) = corscheck_('replay', '-p', 'bad.ini', 'nginx.log');
is($status, 2, 'a policy with errors');
($status) = corscheck_('replay', 'nginx.log');
is($status, 2, 'no policy');

write_file("$tmp/paths.ini", "[cors open]\npath = /open/*\norigins = *\n");
write_file("$tmp/paths.log", nginx(uri => '/open/x', origin => 'https://a.example')
    . nginx(uri => '/shut', origin => 'https://a.example')
    . nginx(uri => '/open/..%2fshut', origin => 'https://a.example'));
(undef, $out) = corscheck_('replay', '-p', 'paths.ini', 'paths.log');
like($out, qr/: allowed  \(\/open\/x\)/, 'a path that is covered');
like($out, qr/: no policy  \(\/shut\)/, 'one that is not');
like($out, qr/: 400, /, 'one that servers read in two ways');

# --- our own log ------------------------------------------------------------------

perl_program('ok.pl', 'print "A: 1\n\nok"');
my $r = run_responder('', cors => "methods = PUT\nheaders = x-key",
	server => "access-log = yes\nlog-format = json\nlog-file = $tmp/own.log");
ask($r, 'ok.pl') for 1 .. 3;
ask($r, 'ok.pl', params => { REQUEST_METHOD => 'OPTIONS',
	HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT',
	HTTP_ACCESS_CONTROL_REQUEST_HEADERS => 'x-key' });
$r->stop;
(undef, $policy, $err) = corscheck_('learn', 'own.log');
like($policy, qr/^origins = \Q$origin\E +; 4 requests/m, 'our log') or diag $err;
like($policy, qr/^methods = PUT$/m, 'with what preflights asked for');
like($policy, qr/^headers = x-key$/m, 'names of headers, too');
is($err, '', 'its other lines are no fault');
done_testing();
