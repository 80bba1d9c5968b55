#!/usr/bin/perl
# Texts that people copy, pasted unchanged: each gets the right result with no flag
# but the one that says where the text is.
#
# The requests are all the same PUT with a token and a JSON body, as each browser
# copies it to the clipboard.  The HARs are as developer tools export them.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use JSON::PP ();
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
my $good = write_file("$dir/good.ini", <<'INI');
[cors]
origins = https://app.example
methods = PUT
headers = Content-Type X-Token
credentials = yes
INI
my $lacks = write_file("$dir/lacks.ini", read_file($good) =~ s/ X-Token//r);

sub ask {
	my ($command, $input, @flags) = @_;
	my ($status, $out, $err) =
	    run([ corscheck(), $command, '--json', @flags ], stdin => $input);
	return (eval { JSON::PP::decode_json($out) } // {}, $err, $status);
}

# --- a request from the clipboard -------------------------------------------------

my $table = do { local $/; <DATA> };
for my $block (split /^== /m, $table) {
	next unless length $block;
	my ($name, $text) = split /\n/, $block, 2;
	my ($option, $other) = $name =~ /etch/i ? qw(--fetch --curl) : qw(--curl --fetch);
	my ($answer, $err) = ask('explain', $text, '-p', $good, $option, '-');
	is($answer->{verdict}, 'allowed', "$name: the request is allowed") or diag $err;
	is($answer->{request}{method}, 'PUT', "$name: the method is PUT");
	is(join(' ', sort grep { !/^accept/ } map { lc } keys %{ $answer->{request}{headers} // {} }),
		'content-type origin x-token',
		    "$name: the headers are those that the script set");
	($answer) = ask('explain', $text, '-p', $lacks, $option, '-');
	is($answer->{reason}, 'header-not-allowed',
	    "$name: a header that the policy does not allow is the reason");
	like($answer->{fix} // '', qr/x-token/i, "$name: the fix names that header");
	($answer, $err) = ask('explain', $text, '-p', $good, $other, '-');
	is($answer->{verdict}, 'allowed',
	    "$name: the request is also allowed with $other") or diag $err;
}

# --- messages of the console ------------------------------------------------------

# Messages as people copy them: with the file name before them, cut off, or from old
# browsers.
my $page = 'https://app.example';
my @lines = (
	[ "index.html:1 Access to fetch at 'https://api.example/x' from origin '$page' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource. If an opaque response serves your needs, set the request's mode to 'no-cors' to fetch the resource with CORS disabled.", 'acao-missing' ],
	[ "XMLHttpRequest cannot load https://api.example/x. No 'Access-Control-Allow-Origin' header is present on the requested resource. Origin '$page' is therefore not allowed access. The response had HTTP status code 500.", 'acao-missing' ],
	[ "Access to XMLHttpRequest at 'http://localhost:8080/api' from origin 'http://localhost:4200' has been blocked by CORS policy: Request header field authorization is not allowed by Access-Control-Allow-Headers in preflight response.", 'header-not-allowed' ],
	[ "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example/x. (Reason: CORS header \x{2018}Access-Control-Allow-Origin\x{2019} missing).", 'acao-missing' ],
	[ "[Error] Origin $page is not allowed by Access-Control-Allow-Origin. Status code: 200", 'acao-missing' ],
	[ "Access to fetch at 'https://api.example/x' from origin '$page' has been blocked by CORS policy: The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.", 'wildcard-with-credentials' ],
	[ "Redirect from 'https://api.example/x' to 'https://login.example/' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request.", 'preflight-redirect' ],
	[ "Access to font at 'https://cdn.example/f.woff2' from origin '$page' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.", 'acao-missing' ],
	[ "Mixed Content: The page at 'https://app.example/' was loaded over HTTPS, but requested an insecure resource 'http://api.example/x'. This request has been blocked; the content must be served over HTTPS.", 'mixed-content' ],
	[ "Access to XMLHttpRequest at 'https://api.example/x' from origin '$page' has been blocked by CORS policy: It does not have HTTP ok status.", 'preflight-status' ],
	[ "Uncaught SecurityError: Failed to read a named property 'document' from 'Window': Blocked a frame with origin \"$page\" from accessing a cross-origin frame.", 'postMessage' ],
	[ "Refused to connect to 'https://api.example/x' because it violates the following Content Security Policy directive: \"default-src 'self'\".", 'connect-src' ],
);
for my $row (@lines) {
	my ($line, $id) = @$row;
	utf8::encode($line);
	my $name = substr $line, 0, 60;
	my ($status, $out, $err) =
	    run([ corscheck(), 'explain', '--console', '-' ], stdin => "$line\n");
	is($status, 0, "console: exit status 0: $name") or diag $err;
	like($out, qr/^Fix: .*|help \Q$id\E$/m, "console: a fix is printed: $name");
	like($out, qr/\Q$id\E/, "console: the help entry $id is named: $name");
	unlike($out, qr/--url URL/,
	    "console: the URL is taken from the message: $name") unless $line =~ /^\[Error\] Origin|frame/;
}
my ($status, $out, $err) = run([ corscheck(), 'explain', '--console', '-' ],
	stdin => 'Anfrage blockiert: (Grund: CORS-Kopfzeile fehlt)');
is($status, 2, 'console: a message in another language: exit status 2');
like($err, qr/in English/, 'console: the error says that only English is understood');

# --- HARs -------------------------------------------------------------------------

sub fields { return [ map { { name => $_->[0], value => $_->[1] } } @_ ] }

sub entry {
	my ($method, $url, $status, $sent, $got, %more) = @_;
	return { startedDateTime => '2026-11-20T10:00:00.000Z', time => 12,
		request => { method => $method, url => $url, httpVersion => 'h2',
			headers => fields(@$sent), cookies => [], queryString => [],
			headersSize => -1, bodySize => 0, %{ $more{request} // {} } },
		response => { status => $status, statusText => '', httpVersion => 'h2',
			headers => fields(@$got), cookies => [], redirectURL => '',
			content => { size => 0, mimeType => 'x-unknown' },
			headersSize => -1, bodySize => -1, %{ $more{response} // {} } },
		cache => {}, timings => { send => 0, wait => 1, receive => 0 } };
}

sub har {
	my ($creator, @entries) = @_;
	return JSON::PP->new->canonical->utf8->encode({ log => { version => '1.2',
		creator => { name => $creator, version => '1' }, pages => [],
		entries => \@entries } });
}

my $api = 'https://api.example/cgi-bin/x';
my @cors = ([ 'Origin', $page ], [ 'Sec-Fetch-Mode', 'cors' ], [ 'Sec-Fetch-Site', 'cross-site' ]);
my @put = (@cors, [ 'Content-Type', 'application/json' ], [ 'X-Token', 'abc' ]);
my @document = ([ 'Sec-Fetch-Mode', 'navigate' ]);
my @image = ([ 'Sec-Fetch-Mode', 'no-cors' ]);
my @start = (entry('GET', "$page/", 200, \@document, [ [ 'content-type', 'text/html' ] ]),
	entry('GET', "$page/favicon.ico", 404, \@image, []));
my %hars = (
	# In Chromium the preflight has an entry of its own, and the request has no response.
	Chromium => [ har('WebInspector', @start,
		entry('PUT', $api, 0, \@put, [],
			request => { postData => { mimeType => 'application/json', text => '{}' } },
			response => { _error => 'net::ERR_FAILED' }),
		entry('OPTIONS', $api, 404, [ @cors, [ 'Access-Control-Request-Method', 'PUT' ],
			[ 'Access-Control-Request-Headers', 'content-type,x-token' ] ],
			[ [ 'server', 'nginx' ] ])), 'preflight-status' ],
	'Chromium, a refused header' => [ har('WebInspector', @start,
		entry('PUT', $api, 0, \@put, [], response => { _error => 'net::ERR_FAILED' }),
		entry('OPTIONS', $api, 204, \@cors, [ [ 'access-control-allow-origin', $page ],
			[ 'access-control-allow-methods', 'PUT' ],
			[ 'access-control-allow-headers', 'content-type' ] ])), 'header-not-allowed' ],
	# Firefox includes the response that the page could not read.
	Firefox => [ har('Firefox', @start,
		entry('GET', $api, 200, \@cors, [ [ 'access-control-allow-origin', 'https://other.example' ] ])),
		'acao-mismatch' ],
	Safari => [ har('WebKit Web Inspector', @start,
		entry('GET', $api, 200, \@cors, [ [ 'Access-Control-Allow-Origin', '*' ],
			[ 'Access-Control-Allow-Origin', $page ] ])), 'acao-multiple' ],
	'all is well' => [ har('WebInspector', @start,
		entry('GET', $api, 200, \@cors, [ [ 'access-control-allow-origin', $page ] ])), undef ],
);
for my $name (sort keys %hars) {
	my ($text, $reason) = @{ $hars{$name} };
	my ($answer, $why) = ask('read', $text, '--har', '-');
	is($answer->{verdict}, $reason ? 'blocked' : 'allowed',
	    "HAR, $name: the verdict is as expected") or diag $why;
	is($answer->{reason}, $reason,
	    "HAR, $name: the reason is as expected") or diag $why;
	($answer) = ask('explain', $text, '--har', '-', '-p', $good);
	is($answer->{verdict}, 'allowed',
	    "HAR, $name: with a policy the request is allowed");
}

# --- a text for another command ---------------------------------------------------

($status, $out, $err) = run([ corscheck(), 'explain', '--curl', '-' ],
	stdin => "Header set Access-Control-Allow-Origin *\n");
is($status, 2, 'explain --curl of a configuration: exit status 2');
like($err, qr/an Apache configuration is for corscheck import/,
    'explain --curl of a configuration: the error names corscheck import');

# --- without an option ------------------------------------------------------------

my $command = "curl '$api' -X PUT -H 'Origin: $page' -H 'X-Token: 1'";
for my $row ([ 'a command', $command, '' ], [ 'standard input', '-', $command ],
	[ 'a file', write_file("$dir/copied", $command), '' ],
	[ 'a call', "fetch('$api', {method: 'PUT', headers: {'X-Token': 1}, referrer: '$page/'})", '' ],
	[ 'a HAR', write_file("$dir/page.har", har('WebInspector', entry('PUT', $api, 0, \@put, []))), '' ]) {
	my ($name, $word, $input) = @$row;
	my ($answer, $why) = ask('explain', $input, '-p', $good, $word);
	is($answer->{request}{method}, 'PUT',
	    "without an option: the method of $name is found") or diag $why;
	is($answer->{verdict}, 'allowed', "without an option: $name is understood");
}
($status, $out) = run([ corscheck(), 'explain', $lines[0][0] ]);
like($out, qr/^Fix: /m, 'without an option: a message of the console is explained');
($status, $out) = run([ corscheck(), 'help', "No 'Access-Control-Allow-Origin' header" ]);
like($out, qr/^More: corscheck help acao-missing$/m,
    'help understands a part of a message');

# --- a URL without --url ----------------------------------------------------------

for my $command (qw(explain probe)) {
	if ($command eq 'probe' && (my $why = without('probe'))) {
		SKIP: { skip "probe: $why", 2 }
		last;
	}
	for my $url ([ '--url', 'http://127.0.0.1:1/' ], ['http://127.0.0.1:1/']) {
		my ($answer) = ask($command, '', @$url, '--origin', $page);
		is($answer->{reason} // 'none', 'blocked-port',
		    "$command @$url[0]: the URL is read");
	}
}
(undef, $out, $err) = run([ corscheck(), 'probe', '-p', $good, 'https://a.example' ]);
like($err, without('probe') ? qr/--without-probe/ : qr/^corscheck: -p is for explain/,
    'probe -p is refused: -p is for explain');

done_testing();

__DATA__
== Chromium, "Copy as cURL (bash)"
curl 'https://api.example/cgi-bin/x?a=1&b=2' \
  -X 'PUT' \
  -H 'accept: */*' \
  -H 'accept-language: de-DE,de;q=0.9' \
  -H 'content-type: application/json' \
  -H 'origin: https://app.example' \
  -b 'sid=1; x=2' \
  -H 'priority: u=1, i' \
  -H 'referer: https://app.example/' \
  -H 'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130"' \
  -H 'sec-fetch-mode: cors' \
  -H 'sec-fetch-site: cross-site' \
  -H 'user-agent: Mozilla/5.0' \
  -H 'x-token: abc' \
  --data-raw $'{"a":"it\'s"}'
== Chromium, "Copy as cURL (cmd)"
curl ^"https://api.example/cgi-bin/x?a=1^&b=2^" ^
  -X ^"PUT^" ^
  -H ^"accept: */*^" ^
  -H ^"content-type: application/json^" ^
  -b ^"sid=1^" ^
  -H ^"origin: https://app.example^" ^
  -H ^"sec-ch-ua: ^\^"Chromium^\^";v=^\^"130^\^"^" ^
  -H ^"x-token: abc^" ^
  --data-raw ^"^{^\^"a^\^":^\^"it's^\^"^}^"
== an older Chromium, cmd.exe
curl "https://api.example/cgi-bin/x" ^
  -X "PUT" ^
  -H "accept: */*" ^
  -H "content-type: application/json" ^
  -H "origin: https://app.example" ^
  -H "x-token: abc" ^
  --data-raw "{\"a\":1}" ^
  --compressed
== Chromium, "Copy as PowerShell"
$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession
$session.UserAgent = "Mozilla/5.0 (X11; Linux x86_64)"
$session.Cookies.Add((New-Object System.Net.Cookie("sid", "1", "/", "api.example")))
Invoke-WebRequest -UseBasicParsing -Uri "https://api.example/cgi-bin/x?a=1&b=2" `
-Method "PUT" `
-WebSession $session `
-Headers @{
"authority"="api.example"
  "method"="PUT"
  "accept"="*/*"
  "origin"="https://app.example"
  "x-token"="abc"
} `
-ContentType "application/json" `
-Body "{`"a`":1}"
== Firefox, "Copy as cURL (POSIX)"
curl 'https://api.example/cgi-bin/x' --compressed -X PUT -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' -H 'Accept: */*' -H 'Accept-Language: en-US,en;q=0.5' -H 'Accept-Encoding: gzip, deflate, br, zstd' -H 'Content-Type: application/json' -H 'X-Token: abc' -H 'Origin: https://app.example' -H 'Connection: keep-alive' -H 'Referer: https://app.example/' -H 'Cookie: sid=1' -H 'Sec-Fetch-Dest: empty' --data-raw '{"a":1}'
== Firefox, "Copy as cURL (Windows)"
curl ^"https://api.example/cgi-bin/x^" ^
  --compressed ^
  -X PUT ^
  -H ^"User-Agent: Mozilla/5.0^" ^
  -H ^"Content-Type: application/json^" ^
  -H ^"X-Token: abc^" ^
  -H ^"Origin: https://app.example^" ^
  -H ^"Cookie: sid=1^" ^
  --data-raw ^"^{^\^"a^\^":1^}^"
== Safari, "Copy as cURL"
curl 'https://api.example/cgi-bin/x' \
-X 'PUT' \
-H 'Accept: */*' \
-H 'Content-Type: application/json' \
-H 'Sec-Fetch-Site: cross-site' \
-H 'Origin: https://app.example' \
-H 'Cookie: sid=1' \
-H 'Content-Length: 7' \
-H 'X-Token: abc' \
--data-binary '{"a":1}'
== Chromium, "Copy as fetch"
fetch("https://api.example/cgi-bin/x?a=1&b=2", {
  "headers": {
    "accept": "*/*",
    "accept-language": "en-US,en;q=0.9",
    "content-type": "application/json",
    "sec-ch-ua": "\"Chromium\";v=\"130\"",
    "sec-fetch-mode": "cors",
    "x-token": "abc"
  },
  "referrer": "https://app.example/",
  "referrerPolicy": "strict-origin-when-cross-origin",
  "body": "{\"a\":1}",
  "method": "PUT",
  "mode": "cors",
  "credentials": "include"
});
== Chromium, "Copy as fetch (Node.js)"
fetch("https://api.example/cgi-bin/x?a=1&b=2", {
  "headers": {
    "accept": "*/*",
    "content-type": "application/json",
    "cookie": "sid=1",
    "x-token": "abc",
    "Referer": "https://app.example/",
    "Referrer-Policy": "strict-origin-when-cross-origin"
  },
  "body": "{\"a\":1}",
  "method": "PUT"
});
== Firefox, "Copy as Fetch"
await fetch("https://api.example/cgi-bin/x", {
    "credentials": "include",
    "headers": {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Accept": "*/*",
        "Content-Type": "application/json",
        "X-Token": "abc",
        "Sec-Fetch-Dest": "empty"
    },
    "referrer": "https://app.example/",
    "body": "{\"a\":1}",
    "method": "PUT",
    "mode": "cors"
});
== Safari, "Copy as Fetch"
fetch("https://api.example/cgi-bin/x", {
    "body": "{\"a\":1}",
    "cache": "default",
    "credentials": "include",
    "headers": {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "X-Token": "abc",
        "User-Agent": "Mozilla/5.0 (Macintosh)"
    },
    "method": "PUT",
    "mode": "cors",
    "redirect": "follow",
    "referrer": "https://app.example/",
    "referrerPolicy": "strict-origin-when-cross-origin"
})
