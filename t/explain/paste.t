#!/usr/bin/perl
# Requests as people copy them: the results of "Copy as cURL", "Copy as fetch",
# a HAR and pasted response headers.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use utf8;
use File::Basename qw(dirname);
use JSON::PP ();
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();

sub ask {
	my (@words) = @_;
	my ($status, $out, $err) = run([ corscheck(), @words ]);
	my $e = $status == 2 ? {} : eval { JSON::PP::decode_json($out) } // {};
	return ($e, $err, $status, $out);
}

# A request on one line: METHOD, the values of its preflight, whether it has
# credentials, and its origin.
sub summary {
	my ($e) = @_;
	my $asked = $e->{preflight}{request}{headers} // {};
	my %asked = map { lc $_ => $asked->{$_} } keys %$asked;
	my %sent = map { lc $_ => $e->{request}{headers}{$_} } keys %{ $e->{request}{headers} // {} };
	return join ' ', $e->{request}{method} // '-',
	    $e->{preflight}{needed} ? 'asks' : 'simple',
	    $asked{'access-control-request-headers'} // '-',
	    $sent{origin} // '-';
}

my $origin = 'https://app.example.com';

# --- curl -------------------------------------------------------------------------

my $chromium = <<'SH';
curl 'https://api.example.net/report?q=a%20b' \
  -X 'PUT' \
  -H 'accept: application/json, text/plain, */*' \
  -H 'accept-language: de-DE,de;q=0.9' \
  -H 'authorization: Bearer abc' \
  -H 'cache-control: no-cache' \
  -H 'content-type: application/json' \
  -b 'sid=1; theme=dark' \
  -H 'dnt: 1' \
  -H 'origin: https://app.example.com' \
  -H 'pragma: no-cache' \
  -H 'priority: u=1, i' \
  -H 'referer: https://app.example.com/' \
  -H 'sec-ch-ua: "Chromium";v="156"' \
  -H 'sec-fetch-dest: empty' \
  -H 'sec-fetch-mode: cors' \
  -H 'sec-fetch-site: cross-site' \
  -H 'user-agent: Mozilla/5.0' \
  --data-raw $'{"a":"it\'s \u00e9"}'
SH
my $firefox = <<'SH';
curl 'https://api.example.net/report' --compressed -X POST -H 'User-Agent: Mozilla/5.0' -H 'Accept: */*' -H 'Accept-Language: en-US' -H 'Accept-Encoding: gzip, deflate, br, zstd' -H 'X-Requested-With: XMLHttpRequest' -H 'Referer: https://app.example.com/page' -H 'Origin: https://app.example.com' -H 'Connection: keep-alive' -H 'Sec-Fetch-Dest: empty' -H 'Sec-Fetch-Mode: cors' -H 'Sec-Fetch-Site: cross-site' -H 'TE: trailers' --data-raw 'a=1'
SH
my $windows = <<'CMD';
curl ^"https://api.example.net/report^" ^
  -X ^"PATCH^" ^
  -H ^"content-type: application/json^" ^
  -H ^"origin: https://app.example.com^" ^
  --data-raw ^"^{^\^"a^\^":1^}^"
CMD

my @curl = (
	[ 'Chromium, bash', $chromium, "PUT asks authorization,content-type $origin" ],
	[ 'Firefox', $firefox, "POST asks x-requested-with $origin" ],
	[ 'Chromium, cmd.exe', $windows, "PATCH asks content-type $origin" ],
	[ 'by hand', "curl -i -H 'Origin: $origin' https://api.example.net/x", "GET simple - $origin" ],
	[ 'letters together', "curl -sSLXDELETE -H'Origin: $origin' https://api.example.net/x", "DELETE asks - $origin" ],
	[ 'data makes it a POST', "curl https://api.example.net/ -H 'Origin: $origin' -d a=1", "POST simple - $origin" ],
	[ '--json', "curl --json '{}' https://api.example.net/ -H 'Origin: $origin'", "POST asks content-type $origin" ],
	[ 'a form', "curl -F a=b https://api.example.net/ -H 'Origin: $origin'", "POST simple - $origin" ],
	[ 'an upload', "curl -T file https://api.example.net/ -H 'Origin: $origin'", "PUT asks - $origin" ],
	[ '-I', "curl -I https://api.example.net/ -H 'Origin: $origin'", "HEAD simple - $origin" ],
	[ '-G', "curl -G -d a=1 https://api.example.net/ -H 'Origin: $origin'", "GET simple - $origin" ],
	[ 'user and password', "curl -u me:secret https://api.example.net/ -H 'Origin: $origin'", "GET asks authorization $origin" ],
	[ 'the page of the referrer', "curl https://api.example.net/ -e https://app.example.com/page/1", "GET simple - $origin" ],
	[ 'a prompt', "\$ curl https://api.example.net/ -H 'Origin: $origin' | jq .", "GET simple - $origin" ],
	[ 'a preflight', "curl -X OPTIONS https://api.example.net/ -H 'Origin: $origin'"
		. " -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: content-type,x-a'",
	    "PUT asks content-type,x-a $origin" ],
	[ 'double quotes', qq{curl "https://api.example.net/" -H "Origin: $origin" -H "X-A: \\"b\\" \\\$c"}, "GET asks x-a $origin" ],
	[ 'a header taken away', "curl https://api.example.net/ -H 'Origin: $origin' -H 'Accept:'", "GET simple - $origin" ],
	[ 'an empty header', "curl https://api.example.net/ -H 'Origin: $origin' -H 'X-Empty;'", "GET asks x-empty $origin" ],
	[ '--url and no slash', "curl --request PUT --url https://api.example.net -H 'Origin: $origin'", "PUT asks - $origin" ],
);
for my $row (@curl) {
	my ($name, $text, $expected) = @$row;
	my ($e, $err) = ask('explain', '--json', '--curl', $text);
	is(summary($e), $expected, "curl: $name") or diag $err;
}
my ($e, $err, $status, $out) = ask('explain', '--curl', $chromium);
like($out, qr/credentials: "include"/, 'curl: a cookie is credentials');
like($out, qr{fetch\("https://api\.example\.net/report\?q=a%20b"}, 'curl: the URL');
unlike($out, qr/sec-ch-ua|user-agent|pragma|cache-control|accept-language/i,
	"curl: the browser's own headers are not the script's");
($e) = ask('explain', '--json', '--curl', $chromium, '--origin', 'https://other.example', '-X', 'POST');
is(summary($e), 'POST asks authorization,content-type https://other.example', 'curl: flags go before');
(undef, $out) = run([ corscheck(), 'explain', '--json', '--curl', '-' ], stdin => $chromium);
is(summary(JSON::PP::decode_json($out)), $curl[0][2], 'curl: standard input');

# --- fetch ------------------------------------------------------------------------

my @fetch = (
	[ 'Chromium', qq{fetch("https://api.example.net/report", {\n  "headers": {\n    "accept": "*/*",\n    "content-type": "application/json",\n    "sec-ch-ua": "\\"x\\";v=\\"1\\""\n  },\n  "referrer": "$origin/page",\n  "referrerPolicy": "strict-origin-when-cross-origin",\n  "body": "{\\"a\\":1}",\n  "method": "PUT",\n  "mode": "cors",\n  "credentials": "include"\n});},
	    "PUT asks content-type $origin" ],
	[ 'Firefox', qq{await fetch("https://api.example.net/report", {\n    "credentials": "omit",\n    "headers": {\n        "User-Agent": "Mozilla/5.0",\n        "X-Key": "1",\n        "Sec-Fetch-Mode": "cors"\n    },\n    "referrer": "$origin/",\n    "method": "GET",\n    "mode": "cors"\n});},
	    "GET asks x-key $origin" ],
	[ 'by hand', qq{const r = await fetch('https://api.example.net/x', { method: 'DELETE', headers: { 'X-A': token, /* no */ }, }) // x}, 'DELETE asks x-a -' ],
	[ 'Headers', q{fetch(`https://api.example.net/x`, {headers: new Headers({'content-type': 'application/json'}), method: "POST", body: JSON.stringify({a: [1, "x"]})})}, 'POST asks content-type -' ],
	[ 'pairs', q{fetch("https://api.example.net/x", {headers: [["X-A", "1"], ["X-B", "2"]]})}, 'GET asks x-a,x-b -' ],
	[ 'a form', q{fetch("https://api.example.net/x", {method: "POST", body: new FormData(form)})}, 'POST simple - -' ],
	[ 'no options', q{fetch("https://api.example.net/x").then(r => r.json())}, 'GET simple - -' ],
	[ 'null', q{fetch("https://api.example.net/x", {"body": null, "method": "GET", signal: AbortSignal.timeout(5)})}, 'GET simple - -' ],
);
for my $row (@fetch) {
	my ($name, $text, $expected) = @$row;
	my @page = $expected =~ / -$/ ? ('--origin', $origin) : ();
	$expected =~ s/ -$/ $origin/;
	my ($e, $err) = ask('explain', '--json', '--fetch', $text, @page);
	is(summary($e), $expected, "fetch: $name") or diag $err;
}
(undef, undef, undef, $out) = ask('explain', '--fetch', $fetch[0][1]);
like($out, qr/credentials: "include"/, 'fetch: credentials');
(undef, $err) = ask('explain', '--fetch', 'fetch("https://a.example/", options)', '--origin', $origin);
like($err, qr/note: the options are a variable/, 'fetch: what is left out is said');

# --- faults -----------------------------------------------------------------------

for my $row (
	[ 'not curl', '--curl', 'wget https://a.example', qr/begins with "curl"/ ],
	[ 'an open quote', '--curl', q{curl 'https://a.example}, qr/' is not closed/ ],
	[ 'no fetch', '--fetch', 'axios.get("x")', qr/begins with fetch\(/ ],
	[ 'a variable', '--fetch', 'fetch(url)', qr/URL is an expression/ ],
	[ 'a bracket too early', '--fetch', 'fetch("https://a.example/", {a)',
		qr/a \{ is not closed/ ],
	[ 'a template', '--fetch', 'fetch(`${base}/x`)', qr/has a variable in it/ ],
	[ 'an open brace', '--fetch', 'fetch("https://a.example", {method: "PUT"', qr/\{ is not closed/ ],
) {
	my ($name, $flag, $text, $like) = @$row;
	my (undef, $err, $status) = ask('explain', $flag, $text);
	is($status, 2, "$name: usage");
	like($err, $like, "$name: why");
}
(undef, $err, $status) = ask('explain', '--fetch', 'fetch("/api", {headers: {"x": "✓"}})', '--origin', 'HTTPS://App.example');
is(scalar(() = $err =~ /^corscheck: /mg), 3, 'every fault of a question at once') or diag $err;
(undef, $err) = ask('explain', '--curl', 'curl https://a.example', '--fetch', 'fetch("x")');
like($err, qr/one of them, once/, 'one form');

# --- console ----------------------------------------------------------------------

my $chrome = "Access to fetch at 'https://api.example.net/x' from origin "
    . "'$origin' has been blocked by CORS policy: Request header field x-name "
    . "is not allowed by Access-Control-Allow-Headers in preflight response.";
(undef, undef, $status, $out) = ask('explain', '--console', $chrome);
is($status, 0, 'console: a message that is known');
like($out, qr/^Fix: add its name to `headers`/m, 'its cure');
like($out, qr/^More: corscheck help header-not-allowed$/m, 'where more is');
like($out, qr/add -p POLICY;/, 'it asks for what it lacks');
($status, $out, $err) = run([ corscheck(), 'explain', '--console', 'Hello, world' ]);
is("$status$out", '2', 'console: one that is not');
(undef, undef, undef, $out) = ask('explain', '--console', 'TypeError: Failed to fetch');
like($out, qr/--url URL --origin ORIGIN/, 'console: what a bare TypeError lacks');
write_file("$dir/policy", "[cors]\norigins = $origin\nheaders = x-other\n");
($e, $err) = ask('explain', '--json', '-p', "$dir/policy", '--console', $chrome);
is(summary($e), "GET asks x-name $origin", 'console: the request that it names');
is($e->{reason}, 'header-not-allowed', 'console: judged by the policy');
like($err, qr/Fix: add its name/, 'console: the cure beside the JSON');
for my $row (
	[ 'Firefox', "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example.net/x. (Reason: Did not find method in CORS header \x{2018}Access-Control-Allow-Methods\x{2019}).", '-', 'method-not-allowed' ],
	[ 'WebKit', "Origin $origin is not allowed by Access-Control-Allow-Origin. Status code: 200\nFetch API cannot load https://api.example.net/x due to access control checks.", $origin, 'origin-not-allowed' ],
	[ 'XHR', "Access to XMLHttpRequest at 'https://api.example.net/x' from origin 'null' has been blocked by CORS policy: Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.", 'null', 'origin-null' ],
) {
	my ($name, $text, $page, $reason) = @$row;
	utf8::encode($text);
	my @page = $page eq '-' ? ('--origin', $origin, '-X', 'PUT') : ();
	write_file("$dir/policy", "[cors]\norigins = "
	    . ($page eq $origin ? 'https://other.example' : $origin) . "\n");
	my ($e, $err) = ask('explain', '--json', '-p', "$dir/policy", '--console', $text, @page);
	is($e->{reason}, $reason, "console: $name") or diag $err;
}

# --- HAR --------------------------------------------------------------------------

sub entry {
	my ($method, $url, $status, $headers, $answer) = @_;
	my $list = sub { [ map { { name => $_, value => $_[0]{$_} } } sort keys %{ $_[0] } ] };
	return { request => { method => $method, url => $url,
			headers => $list->($headers // {}), cookies => [] },
		response => { status => $status, headers => $list->($answer // {}),
			$status ? () : (_error => 'net::ERR_FAILED') } };
}
sub har {
	my $json = JSON::PP->new->canonical->utf8->encode(
		{ log => { version => '1.2', entries => [@_] } });
	return write_file("$dir/page.har", "\xef\xbb\xbf$json");
}
my $har = har(entry('GET', "$origin/", 200), entry('GET', "$origin/a.js", 304),
	entry('PUT', 'https://api.example.net/x', 0, { Origin => $origin,
		'content-type' => 'application/json', 'Sec-Fetch-Mode' => 'cors' }),
	entry('DELETE', 'https://api.example.net/y', 200, { Origin => $origin },
		{ 'access-control-allow-origin' => '*', 'x-id' => 1 }));
($e) = ask('explain', '--json', '--har', $har);
is(summary($e), "PUT asks content-type $origin", 'HAR: the first that failed');
($e) = ask('explain', '--json', '--har', $har, '--entry', 4);
is(summary($e), "DELETE asks - $origin", 'HAR: an entry by its number');
($e) = ask('read', '--json', '--har', $har, '--entry', 4);
is($e->{reason}, 'method-not-allowed', 'HAR: read judges the answer in it');
(undef, $err, $status) = ask('read', '--har', $har);
like($err, qr/the entry has no response/, 'HAR: an entry without an answer');
(undef, $err) = ask('explain', '--har', $har, '--entry', 9);
like($err, qr/no entry 9: the HAR has 4/, 'HAR: no such entry');
write_file("$dir/no.har", '{"a": 1}');
(undef, $err) = ask('explain', '--har', "$dir/no.har");
like($err, qr/no HAR/, 'HAR: other JSON');
write_file("$dir/no.har", '{"log": ');
(undef, $err) = ask('explain', '--har', "$dir/no.har");
like($err, qr/line 1 is not JSON/, 'HAR: no JSON');

# --- read -------------------------------------------------------------------------

my @question = ('--url', 'https://api.example.net/x', '--origin', $origin);
sub pasted {
	my ($text, @more) = @_;
	my ($status, $out, $err) = run([ corscheck(), 'read', '--json', @question, @more ],
		stdin => $text);
	return ($status == 2 ? {} : JSON::PP::decode_json($out), $err, $status);
}
my $good = "access-control-allow-origin: $origin\r\n";
for my $row (
	[ 'curl -i', "HTTP/2 200 \r\n${good}x-id: 1\r\n\r\nbody: no\r\n", 'allowed', undef ],
	[ 'curl -v', "* Connected\n> GET / HTTP/1.1\n> Host: x\n>\n< HTTP/1.1 200 OK\n< Access-Control-Allow-Origin: $origin\n<\n", 'allowed', undef ],
	[ 'developer tools', "access-control-allow-origin:\n*\ncontent-type:\ntext/html\n", 'allowed', undef ],
	[ ':status:', ":status: 500\ncontent-type: x\n", 'blocked', 'acao-missing' ],
	[ '100 Continue', "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n$good\n", 'allowed', undef ],
	[ 'another origin', "HTTP/1.1 200 OK\nAccess-Control-Allow-Origin: https://other.example\n", 'blocked', 'acao-mismatch' ],
	[ 'twice', "HTTP/1.1 200 OK\n${good}${good}\n", 'blocked', 'acao-multiple' ],
) {
	my ($name, $text, $verdict, $reason) = @$row;
	my ($e, $err) = pasted($text);
	is($e->{verdict}, $verdict, "read: $name") or diag $err;
	is($e->{reason}, $reason, "read: $name: reason");
}
($e) = pasted("HTTP/1.1 200 OK\nAccess-Control-Allow-Origin: *\n", '--credentials');
is($e->{reason}, 'wildcard-with-credentials', 'read: credentials');
($e) = pasted("HTTP/1.1 204 No Content\n${good}access-control-allow-methods: PUT\n\nHTTP/1.1 200 OK\n\n", '-X', 'PUT');
is($e->{reason}, 'acao-missing', 'read: two answers, and the second fails');
is($e->{preflight}{passes}, JSON::PP::true, 'read: the preflight passes');
($e) = pasted("HTTP/1.1 204 No Content\n${good}access-control-allow-methods: PUT\n", '-X', 'PUT');
is($e->{verdict}, 'allowed', 'read: one answer for both');
like($e->{message}, qr/used for the preflight/, 'read: and that is said');
($e) = pasted("HTTP/1.1 200 OK\n${good}${good}\n");
ok((grep { $_->{id} eq 'duplicate-header' } @{ $e->{findings} }), 'read: findings');
($e, $err, $status) = pasted("nothing here\n");
is($status, 2, 'read: no header at all');
like($err, qr/paste what curl -i prints/, 'read: what to paste');
write_file("$dir/answer", "HTTP/1.1 200 OK\n$good\n");
($status) = run([ corscheck(), 'read', @question, "$dir/answer" ]);
is($status, 0, 'read: from a file');

done_testing();
