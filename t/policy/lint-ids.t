#!/usr/bin/perl
# Every diagnostic that lint makes, by its exact text.
#
# The table is below: a name, a policy, the output without "POLICY:" in front.
# "<any>" matches the message of a library.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

# DESIGN.md section 4.  Not here: no-policy (t/policy/lint), missing-root and
# missing-peers (a start as FastCGI, t/policy/values), line-too-long
# (t/policy/reader), origins-env (t/policy/origins-env), self (a request), no-newline,
# writable-by-others and may-be-served (files, t/policy/origins-file).
my @ids = qw(invalid-origin null-prohibited null-with-credentials file-scheme
    scheme too-long non-ascii case wildcard ipv6 ipv4 host port default-port
    path missing-origins wildcard-with-credentials insecure-origin
    public-suffix method forbidden-method header forbidden-header
    prohibited-header regex origins-file-unreadable max-age status bad-value
    path-pattern syntax section-too-long unknown-key
    unknown-section duplicate-key duplicate-section duplicate-match
    exec-and-forward prepend-conflict max-age-low method-case shadowed
    broad-wildcard regex-origin regex-any-origin regex-never separator
    useless-headers warm-unused unreachable allow-misses-method exec-missing
    handler-missing root-missing forward-missing isolate-needs-https null-origin
    debug-on max-age-capped safelisted);

# What needs a library that a build may be without.
my %needs = (
	(map { $_ => 'idn' } 'non-ascii', 'non-ascii: emoji (UTS 46)', 'bad-value: hosts'),
	(map { $_ => 'psl' } 'wildcard: within a label',
		'wide ranges and other schemes, with credentials',
		'regex-any-origin and public-suffix of expressions',
		'regex-any-origin: dots that are not escaped, and what may follow',
		'the same without credentials', 'regex-origin'),
);

my $dir = tempdir();
my (%seen, %named);

my $table = do { local $/; <DATA> };
for my $block (split /^== /m, $table) {
	next unless length $block;
	my ($name, $rest) = split /\n/, $block, 2;
	my ($policy, $expected) = $rest =~ /\A(.*?)^--\n(.*)\z/ms
	    or die "no -- in $name";
	write_file("$dir/policy", $policy);
	my ($status, $out, $err) = run([ corscheck(), 'lint', 'policy' ],
	    dir => "$dir");
	$out =~ s/^policy://mg;
	$seen{$_} = 1 for $out =~ /\[([a-z0-9-]+)\]$/mg;
	$named{$name} = 1;
	if (my $why = $needs{$name} && without($needs{$name})) {
		SKIP: { skip "$name: $why", 2 }
		next;
	}
	my $pattern = quotemeta $expected;
	$pattern =~ s/\\<any\\>/[^\\n]+/g;
	like($out, qr/\A$pattern\z/, $name) or diag($out);
	is("$err$status", $expected =~ /: error: / ? 1 : 0,
	    "$name: exit status");
}
is_deeply([ grep { !$named{$_} } sort keys %needs ], [], 'what needs a library is there');
is_deeply([ grep { !$seen{$_} } @ids ], [], 'every id is among them');
done_testing();

__DATA__
== invalid-origin: quotes
[cors]
origins = "https://example.com" 'https://b.example'
--
2: error: origin ""https://example.com"": an origin holds no quotes, "?", "#" or "@" (did you mean "https://example.com"?) [invalid-origin]
2: error: origin "'https://b.example'": an origin holds no quotes, "?", "#" or "@" (did you mean "https://b.example"?) [invalid-origin]
== invalid-origin: query and fragment
[cors]
origins = https://example.com? https://example.com/a#b
--
2: error: origin "https://example.com?": an origin holds no quotes, "?", "#" or "@" (did you mean "https://example.com"?) [invalid-origin]
2: error: origin "https://example.com/a#b": an origin holds no quotes, "?", "#" or "@" (did you mean "https://example.com"?) [invalid-origin]
== invalid-origin: userinfo
[cors]
origins = https://user@example.com
--
2: error: origin "https://user@example.com": an origin holds no quotes, "?", "#" or "@" (did you mean "https://example.com"?) [invalid-origin]
== invalid-origin: a comment too late
[cors]
origins = https://a.example # ours, since 2020
--
2: error: "#" begins a comment at the start of a line alone; ";" does after a blank [invalid-origin]
== null-prohibited
[cors]
origins = https://a.example null
--
2: error: origin "null": every sandboxed frame and every file sends it; only "allow-null = yes" in [cors] allows it [null-prohibited]
== null-prohibited: allow-null is not inherited
[cors]
origins = null
allow-null = yes
[cors x]
path = /x
--
2: warning: origin "null" lets in every site: any page can open a sandboxed frame that sends it [null-origin]
4: error: origin "null": every sandboxed frame and every file sends it; only "allow-null = yes" in [cors x] allows it [null-prohibited]
== null-with-credentials
[cors]
origins = null
allow-null = yes
credentials = yes
--
2: error: origin "null" with "credentials = yes": any site could read what is private [null-with-credentials]
== null-with-credentials: inherited origins
[cors]
origins = null
allow-null = yes
[cors x]
path = /x
allow-null = yes
credentials = yes
--
2: warning: origin "null" lets in every site: any page can open a sandboxed frame that sends it [null-origin]
7: error: origin "null" with "credentials = yes": any site could read what is private [null-with-credentials]
== file-scheme
[cors]
origins = file:///srv/app FILE://x
--
2: error: origin "file:///srv/app": a page opened from a file has the origin null; some webviews send "file://", with nothing behind it [file-scheme]
2: error: origin "FILE://x": a page opened from a file has the origin null; some webviews send "file://", with nothing behind it [file-scheme]
== scheme
[cors]
origins = example.com ab NULL 42-ext://foo chrome*://foo localhost:3000 http:/a.example //b.example https//c.example HTTP/d.example:8080
--
2: error: origin "example.com": an origin begins with a scheme and "://" (did you mean "https://example.com"?) [scheme]
2: error: origin "ab": an origin begins with a scheme and "://" [scheme]
2: error: origin "NULL": an origin begins with a scheme and "://" [scheme]
2: error: origin "42-ext://foo": the part before "://" is not a scheme [scheme]
2: error: origin "chrome*://foo": the part before "://" is not a scheme [scheme]
2: error: origin "localhost:3000": an origin begins with a scheme and "://" (did you mean "http://localhost:3000"?) [scheme]
2: error: origin "http:/a.example": an origin begins with a scheme and "://" (did you mean "http://a.example"?) [scheme]
2: error: origin "//b.example": an origin begins with a scheme and "://" (did you mean "https://b.example"?) [scheme]
2: error: origin "https//c.example": an origin begins with a scheme and "://" (did you mean "https://c.example"?) [scheme]
2: error: origin "HTTP/d.example:8080": an origin begins with a scheme and "://" (did you mean "http://d.example:8080"?) [scheme]
== too-long
[cors]
origins = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa://b aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa://b
--
2: error: origin "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa://b": a scheme has at most 64 bytes, a host 253, and 251 after "*." [too-long]
== origins as other programs write them
[cors]
origins = ["https://a.example", "https://b.example"] https://c.example;
origins = https?://d.example http(s)://e.example *://f.example
origins = .g.example h.example/ chrome-extension://*/
origins = http://localhost:[3000-3010] https://i.example:3000,3001
origins = ^https://j\.example$ $ORIGINS %{ORIGINS}
origins = https://a.*.github.io https://k.example:80* http://localhost:80*
timing = HTTPS://*.l.example https://m.example;https://n.example
--
2: error: origin "["https://a.example"": an origin holds no quotes, "?", "#" or "@" (did you mean "https://a.example"?) [invalid-origin]
2: error: origin ""https://b.example"]": an origin holds no quotes, "?", "#" or "@" (did you mean "https://b.example"?) [invalid-origin]
2: error: origin "https://c.example;": the host is not a valid name (did you mean "https://c.example"?) [host]
2: warning: origins are separated by blanks or commas, not by ";" [separator]
3: error: origin "https?://d.example": an origin holds no quotes, "?", "#" or "@" (did you mean "https://d.example"?) [invalid-origin]
3: error: origin "http(s)://e.example": the part before "://" is not a scheme (did you mean "https://e.example"?) [scheme]
3: error: origin "*://f.example": the part before "://" is not a scheme (did you mean "https://f.example"?) [scheme]
4: error: origin ".g.example": an origin begins with a scheme and "://" (did you mean "https://*.g.example"?) [scheme]
4: error: origin "h.example/": an origin begins with a scheme and "://" (did you mean "https://h.example"?) [scheme]
4: error: origin "chrome-extension://*/": an origin has no path, not even "/" (did you mean "chrome-extension://*"?) [path]
5: error: origin "http://localhost:[3000-3010]": an IPv6 address is written in brackets, in the form of RFC 5952 (did you mean "http://localhost:3000-3010"?) [ipv6]
5: error: origin "3001": a port alone is not an origin: write the whole origin for each port, or a range (http://localhost:3000-3999) [scheme]
6: error: origin "^https://j\.example$": a regular expression is the value of "origins-regex" [scheme]
6: error: origin "$ORIGINS": the name of a variable is the value of "origins-env" [scheme]
6: error: origin "%{ORIGINS}": the name of a variable is the value of "origins-env" [scheme]
7: error: origin "https://a.*.github.io": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
7: error: origin "https://k.example:80*": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
7: error: origin "http://localhost:80*": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" (did you mean "http://localhost:*"?) [wildcard]
8: error: origin "HTTPS://*.l.example": browsers send origins in lower case [case]
8: error: origin "https://m.example;https://n.example": the host is not a valid name (did you mean "https://m.example https://n.example"?) [host]
== non-ascii
[cors]
origins = https://résumé.com https://*.bücher.example:8443 https://☃.example
--
2: error: origin "https://r\xc3\xa9sum\xc3\xa9.com": browsers send such a host in punycode (did you mean "https://xn--rsum-bpad.com"?) [non-ascii]
2: error: origin "https://*.b\xc3\xbccher.example:8443": browsers send such a host in punycode (did you mean "https://*.xn--bcher-kva.example:8443"?) [non-ascii]
2: error: origin "https://\xe2\x98\x83.example": browsers send such a host in punycode (did you mean "https://xn--n3h.example"?) [non-ascii]
== non-ascii: emoji (UTS 46)
[cors]
origins = https://💩.la https://i❤️.ws https://A☃b.example:8443 https://👩‍💻.example
--
2: error: origin "https://\xf0\x9f\x92\xa9.la": browsers send such a host in punycode (did you mean "https://xn--ls8h.la"?) [non-ascii]
2: error: origin "https://i\xe2\x9d\xa4\xef\xb8\x8f.ws": browsers send such a host in punycode (did you mean "https://xn--i-7iq.ws"?) [non-ascii]
2: error: origin "https://A\xe2\x98\x83b.example:8443": browsers send such a host in punycode (did you mean "https://xn--ab-fsx.example:8443"?) [non-ascii]
2: error: origin "https://\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb.example": browsers send such a host in punycode [non-ascii]
== case
[cors]
origins = HTTPS://Example.COM:443/ http://0xFF000000
--
2: error: origin "HTTPS://Example.COM:443/": browsers send origins in lower case (did you mean "https://example.com"?) [case]
2: error: origin "http://0xFF000000": browsers send origins in lower case (did you mean "http://255.0.0.0"?) [case]
== wildcard
[cors]
origins = https://**.example.com https://*example.com https://a.*.example.com https://*.127.0.0.1 https://a.example:80* https://a.example/*
--
2: error: origin "https://**.example.com": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" (did you mean "https://*.example.com"?) [wildcard]
2: error: origin "https://*example.com": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" (did you mean "https://*.example.com"?) [wildcard]
2: error: origin "https://a.*.example.com": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" (did you mean "https://*.example.com"?) [wildcard]
2: error: origin "https://*.127.0.0.1": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
2: error: origin "https://a.example:80*": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
2: error: origin "https://a.example/*": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" (did you mean "https://a.example"?) [wildcard]
== wildcard: within a label
[cors]
origins = https://app-*.example.com https://foo*.com http://app-* https://app-*.co.uk http://192.168.*.* http://192.168.1.*:8080 https://*.*.com
--
2: error: origin "https://foo*.com": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
2: error: origin "http://app-*": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
2: error: origin "https://app-*.co.uk": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
2: error: origin "http://192.168.*.*": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" (did you mean "http://192.168.0.0/16"?) [wildcard]
2: error: origin "http://192.168.1.*:8080": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" (did you mean "http://192.168.1.0/24:8080"?) [wildcard]
2: error: origin "https://*.*.com": "*" is allowed for subdomains (https://*.example.com), for a part of a label (https://app-*.example.com), for a port (http://localhost:*), or alone; for anything else use "origins-regex" [wildcard]
== ipv4, ipv6: ranges
[cors]
origins = http://192.168.1.0/16 http://[fd00::/8] http://[fd00::1]/64:* HTTP://10.0.0.0/8
--
2: error: origin "http://192.168.1.0/16": a range of IPv4 addresses is written 192.168.0.0/16, with no bit set behind its length (did you mean "http://192.168.0.0/16"?) [ipv4]
2: error: origin "http://[fd00::/8]": a range of IPv6 addresses is written [fd00::]/8, with no bit set behind its length (did you mean "http://[fd00::]/8"?) [ipv6]
2: error: origin "http://[fd00::1]/64:*": a range of IPv6 addresses is written [fd00::]/8, with no bit set behind its length (did you mean "http://[fd00::]/64:*"?) [ipv6]
2: error: origin "HTTP://10.0.0.0/8": browsers send origins in lower case (did you mean "http://10.0.0.0/8"?) [case]
== wide ranges and other schemes, without credentials
[cors]
origins = http://10.0.0.0/8 http://8.0.0.0/7 http://[fc00::]/7 http://[f8::]/6 moz-extension://* file:// app://.
--
2: error: origin "http://[f8::]/6": a range of IPv6 addresses is written [fd00::]/8, with no bit set behind its length (did you mean "http://[::]/6"?) [ipv6]
2: warning: origin "http://8.0.0.0/7": the range has more addresses than one network [broad-wildcard]
2: warning: origin "moz-extension://*": every page of this scheme is allowed, of any extension or app [broad-wildcard]
2: warning: origin "file://": only Cordova and old webviews send it, and any page in any of them; browsers send "null" [file-scheme]
== wide ranges and other schemes, with credentials
[cors]
credentials = yes
origins = https://10.0.0.0/8 https://8.0.0.0/7 http://127.0.0.0/8 http://192.168.0.0/16:* file:// https://app-*.netlify.app
--
3: error: origin "http://192.168.0.0/16:*": with "credentials = yes", whoever is on the way can read what is private; "allow-insecure = yes" allows it (did you mean "https://192.168.0.0/16:*"?) [insecure-origin]
3: error: origin "https://app-*.netlify.app": anyone can register a name under it, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
3: error: origin "https://8.0.0.0/7": with "credentials = yes" too many machines can read what is private [broad-wildcard]
3: error: origin "file://": any page in any webview that opens files sends it, and "credentials = yes" shows them what is private [file-scheme]
3: warning: origin "http://192.168.0.0/16:*": every port of the host is allowed, whichever program opens it [broad-wildcard]
== ipv6
[cors]
origins = http://::1 http://[::FFFF]:90 http://[0:0::1] https://[::1]abc http://[::ffff:7f7f:7f7f] http://2001:db8::1
--
2: error: origin "http://::1": an IPv6 address is written in brackets, in the form of RFC 5952 (did you mean "http://[::1]"?) [ipv6]
2: error: origin "http://[::FFFF]:90": browsers send origins in lower case (did you mean "http://[::ffff]:90"?) [case]
2: error: origin "http://[0:0::1]": an IPv6 address is written in brackets, in the form of RFC 5952 (did you mean "http://[::1]"?) [ipv6]
2: error: origin "https://[::1]abc": an IPv6 address is written in brackets, in the form of RFC 5952 (did you mean "https://[::1]"?) [ipv6]
2: error: origin "http://[::ffff:7f7f:7f7f]": an IPv6 address is written in brackets, in the form of RFC 5952 [ipv6]
2: error: origin "http://2001:db8::1": an IPv6 address is written in brackets, in the form of RFC 5952 (did you mean "http://[2001:db8::1]"?) [ipv6]
== ipv4
[cors]
origins = http://127.1 https://1.2.3.4.5 https://foo.255 http://010.0.0.1:8080 http://127.0.0.1.
--
2: error: origin "http://127.1": a host whose last label is a number is an IPv4 address of four decimal numbers (did you mean "http://127.0.0.1"?) [ipv4]
2: error: origin "https://1.2.3.4.5": a host whose last label is a number is an IPv4 address of four decimal numbers [ipv4]
2: error: origin "https://foo.255": a host whose last label is a number is an IPv4 address of four decimal numbers [ipv4]
2: error: origin "http://010.0.0.1:8080": a host whose last label is a number is an IPv4 address of four decimal numbers [ipv4]
2: error: origin "http://127.0.0.1.": a host whose last label is a number is an IPv4 address of four decimal numbers (did you mean "http://127.0.0.1"?) [ipv4]
== host
[cors]
origins = https:// https://a..b https://a%20b https://xn--f.example https://xn--f.example:0
--
2: error: origin "https://": the host is not a valid name [host]
2: error: origin "https://a..b": the host is not a valid name [host]
2: error: origin "https://a%20b": the host is not a valid name [host]
2: error: origin "https://xn--f.example": the host is not a valid name [host]
2: error: origin "https://xn--f.example:0": the host is not a valid name [host]
== port
[cors]
origins = https://a.example:65536 https://b.example:06060 https://c.example: https://d.example:x
--
2: error: origin "https://a.example:65536": a port is a number from 1 to 65535 without leading zeros, a range (3000-3999), or "*" [port]
2: error: origin "https://b.example:06060": a port is a number from 1 to 65535 without leading zeros, a range (3000-3999), or "*" (did you mean "https://b.example:6060"?) [port]
2: error: origin "https://c.example:": a port is a number from 1 to 65535 without leading zeros, a range (3000-3999), or "*" (did you mean "https://c.example"?) [port]
2: error: origin "https://d.example:x": a port is a number from 1 to 65535 without leading zeros, a range (3000-3999), or "*" [port]
== default-port
[cors]
origins = https://a.example:443 http://b.example:80 ws://c.example:080 foo://d.example:99999
--
2: error: origin "https://a.example:443": browsers leave the default port out (did you mean "https://a.example"?) [default-port]
2: error: origin "http://b.example:80": browsers leave the default port out (did you mean "http://b.example"?) [default-port]
2: error: origin "ws://c.example:080": a port is a number from 1 to 65535 without leading zeros, a range (3000-3999), or "*" (did you mean "ws://c.example"?) [port]
2: error: origin "foo://d.example:99999": a port is a number from 1 to 65535 without leading zeros, a range (3000-3999), or "*" [port]
== path
[cors]
origins = https://a.example/ https://b.example/app/index.html
--
2: error: origin "https://a.example/": an origin has no path, not even "/" (did you mean "https://a.example"?) [path]
2: error: origin "https://b.example/app/index.html": an origin has no path, not even "/" (did you mean "https://b.example"?) [path]
== missing-origins: nothing at all
[app]
exec = x
--
1: error: no section has origins; nothing would be allowed [missing-origins]
2: warning: "exec": <any> does not exist [exec-missing]
== missing-origins: [cors] alone
[cors]
credentials = yes
--
1: error: no section has origins; nothing would be allowed [missing-origins]
== missing-origins: a section that empties the list
[cors]
origins = https://a.example
[cors x]
path = /x
origins = , ,
--
3: error: [cors x] has no origins, neither its own nor those of [cors] [missing-origins]
== missing-origins: a section that nothing gives origins
[cors]
methods = PUT
[cors x]
path = /x
--
3: error: [cors x] has no origins, neither its own nor those of [cors] [missing-origins]
== wildcard-with-credentials
[cors]
origins = *
credentials = yes
--
2: error: "origins = *" with "credentials = yes": browsers refuse it; name the origins, or set "credentials = no" [wildcard-with-credentials]
== wildcard-with-credentials: inherited origins
[cors]
origins = *
[cors x]
path = /x
credentials = yes
--
5: error: "origins = *" with "credentials = yes": browsers refuse it; name the origins, or set "credentials = no" [wildcard-with-credentials]
== wildcard-with-credentials: inherited credentials
[cors]
origins = https://a.example
credentials = yes
[cors x]
path = /x
origins = *
--
6: error: "origins = *" with "credentials = yes": browsers refuse it; name the origins, or set "credentials = no" [wildcard-with-credentials]
== wildcard-with-credentials: said once of what is inherited whole
[cors]
origins = *
credentials = yes
[cors x]
path = /x
--
2: error: "origins = *" with "credentials = yes": browsers refuse it; name the origins, or set "credentials = no" [wildcard-with-credentials]
== insecure-origin
[cors]
origins = http://a.example http://b.example:8080 http://*.c.example http://localhost:3000 http://127.0.0.1 custom://x
credentials = yes
--
2: error: origin "http://a.example": with "credentials = yes", whoever is on the way can read what is private; "allow-insecure = yes" allows it (did you mean "https://a.example"?) [insecure-origin]
2: error: origin "http://b.example:8080": with "credentials = yes", whoever is on the way can read what is private; "allow-insecure = yes" allows it (did you mean "https://b.example:8080"?) [insecure-origin]
2: error: origin "http://*.c.example": with "credentials = yes", whoever is on the way can read what is private; "allow-insecure = yes" allows it (did you mean "https://*.c.example"?) [insecure-origin]
== insecure-origin: inherited origins
[cors]
origins = http://a.example http://b.example
[cors x]
path = /x
credentials = yes
--
5: error: origin "http://a.example" of [cors]: with "credentials = yes", whoever is on the way can read what is private; "allow-insecure = yes" allows it [insecure-origin]
== insecure-origin: allow-insecure is not inherited
[cors]
origins = http://a.example
credentials = yes
allow-insecure = yes
[cors x]
path = /x
--
5: error: origin "http://a.example" of [cors]: with "credentials = yes", whoever is on the way can read what is private; "allow-insecure = yes" allows it [insecure-origin]
== public-suffix
[cors]
origins = https://*.com https://*.github.io https://*.co.uk https://*.example.com https://*.internal
credentials = yes
--
2: warning: origin "https://*.example.com" is covered by "https://*.com" in line 2 [shadowed]
2: error: origin "https://*.com": anyone can register a name under it, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
2: error: origin "https://*.github.io": anyone can register a name under it, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
2: error: origin "https://*.co.uk": anyone can register a name under it, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
2: error: origin "https://*.internal": anyone can register a name under it, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
== public-suffix: a warning without credentials
[cors]
origins = https://*.co.uk
--
2: warning: origin "https://*.co.uk": anyone can register a name under it [public-suffix]
== public-suffix: allow-public-suffix is not inherited
[cors]
origins = https://*.github.io
credentials = yes
allow-public-suffix = yes
[cors x]
path = /x
--
2: warning: origin "https://*.github.io": anyone can register a name under it [broad-wildcard]
5: error: origin "https://*.github.io" of [cors]: anyone can register a name under it, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
== method
[cors]
origins = https://a.example
methods = "" PUT/ DEL(ETE)
--
3: error: method """": a method is made of letters, digits and !#$%&'*+-.^_`|~ [method]
3: error: method "PUT/": a method is made of letters, digits and !#$%&'*+-.^_`|~ [method]
3: error: method "DEL(ETE)": a method is made of letters, digits and !#$%&'*+-.^_`|~ [method]
== forbidden-method
[cors]
origins = https://a.example
methods = CONNECT tRaCe TRACK
--
3: error: method "CONNECT": no script can send it [forbidden-method]
3: error: method "tRaCe": no script can send it [forbidden-method]
3: error: method "TRACK": no script can send it [forbidden-method]
== header
[cors]
origins = https://a.example
headers = Content-Type: X@Y
expose = X(Y)
--
3: error: header "Content-Type:": a header name is made of letters, digits and !#$%&'*+-.^_`|~ (did you mean "Content-Type"?) [header]
3: error: header "X@Y": a header name is made of letters, digits and !#$%&'*+-.^_`|~ [header]
4: error: header "X(Y)": a header name is made of letters, digits and !#$%&'*+-.^_`|~ [header]
== forbidden-header
[cors]
origins = https://a.example
headers = Cookie Sec-Fetch-Site proxy-x Host
expose = Set-Cookie
--
3: error: header "Cookie": no script can set it [forbidden-header]
3: error: header "Sec-Fetch-Site": no script can set it [forbidden-header]
3: error: header "proxy-x": no script can set it [forbidden-header]
3: error: header "Host": no script can set it [forbidden-header]
4: error: header "Set-Cookie": no script can read it [forbidden-header]
== prohibited-header
[cors]
origins = https://a.example
headers = Access-Control-Allow-Origin Access-Control-Max-Age
expose = Origin Access-Control-Allow-Methods Access-Control-Request-Method
--
3: error: header "Access-Control-Allow-Origin": it belongs in responses, which corswrap sends; "headers" names those of requests [prohibited-header]
3: error: header "Access-Control-Max-Age": it belongs in responses, which corswrap sends; "headers" names those of requests [prohibited-header]
4: error: header "Origin": "expose" names headers of the application's responses [prohibited-header]
4: error: header "Access-Control-Allow-Methods": "expose" names headers of the application's responses [prohibited-header]
4: error: header "Access-Control-Request-Method": "expose" names headers of the application's responses [prohibited-header]
== regex
[cors]
origins-regex = https://(a
--
2: error: regular expression "https://(a": <any> [regex]
== origins-file-unreadable
[cors]
origins-file = no-such-list
--
2: error: origins-file "no-such-list" cannot be read: <any> [origins-file-unreadable]
== max-age
[cors]
origins = https://a.example
max-age = 10s
[cors b]
path = /b
max-age = -1
[cors c]
path = /c
max-age = 86401
[cors d]
path = /d
max-age =
[cors e]
path = /e
max-age = forever
--
3: error: "max-age" takes seconds from 0 to 86400, without a unit, not "10s" (did you mean "10"?) [max-age]
6: error: "max-age" takes seconds from 0 to 86400, without a unit, not "-1" (did you mean "0"?) [max-age]
9: error: "max-age" takes seconds from 0 to 86400, without a unit, not "86401" (did you mean "86400"?) [max-age]
12: error: "max-age" takes seconds from 0 to 86400, without a unit, not "" [max-age]
15: error: "max-age" takes seconds from 0 to 86400, without a unit, not "forever" [max-age]
== status
[cors]
origins = https://a.example
preflight-status = 302
[cors b]
path = /b
preflight-status = ok
--
3: error: "preflight-status" takes a status from 200 to 299, not "302"; browsers refuse a preflight with any other [status]
6: error: "preflight-status" takes a status from 200 to 299, not "ok"; browsers refuse a preflight with any other [status]
== bad-value: booleans
[cors]
origins = https://a.example
credentials = YES
debug = 1
allow-null =
--
3: error: "credentials" takes yes or no, not "YES" (did you mean "yes"?) [bad-value]
4: error: "debug" takes yes or no, not "1" (did you mean "yes"?) [bad-value]
5: error: "allow-null" takes yes or no, not "" [bad-value]
== bad-value: choices
[app]
inject = preprend
on-abort = continue
local-redirect = 301
stderr = log fastcgi
authorization = yes
[server]
log = warn
log-format = JSON
[cors]
origins = https://a.example
enforce = block-all
preflight = forwards
app-headers = drop
--
2: error: "inject" takes rewrite or prepend, not "preprend" (did you mean "prepend"?) [bad-value]
3: error: "on-abort" takes end or finish, not "continue" [bad-value]
4: error: "local-redirect" takes auto, pass or 302, not "301" (did you mean "302"?) [bad-value]
5: error: "stderr" takes log or fastcgi, not "log fastcgi" [bad-value]
6: error: "authorization" takes no or restore, not "yes" [bad-value]
8: error: "log" takes error, warning, info or debug, not "warn" (did you mean "warning"?) [bad-value]
9: error: "log-format" takes text or json, not "JSON" (did you mean "json"?) [bad-value]
12: error: "enforce" takes advertise, report, block-unsafe or block, not "block-all" [bad-value]
13: error: "preflight" takes answer or forward, not "forwards" (did you mean "forward"?) [bad-value]
14: error: "app-headers" takes override or keep, not "drop" [bad-value]
== bad-value: durations, sizes, numbers
[app]
idle-timeout = 10 sec
total-timeout = 1d
kill-grace = none
max-body = 64kb
max-header = 1
memory-limit = lots
file-limit = 2
keep = -1
[server]
workers = 0
reload = 1000000h
[cors]
origins = https://a.example
--
2: error: "idle-timeout" takes a duration (a number with ms, s, m or h; seconds without), or none, not "10 sec" (did you mean "10s"?) [bad-value]
3: error: "total-timeout" takes a duration (a number with ms, s, m or h; seconds without), or none, not "1d" [bad-value]
4: error: "kill-grace" takes a duration (a number with ms, s, m or h; seconds without), not "none" [bad-value]
5: error: "max-body" takes a size (a number with K, M or G; bytes without), not "64kb" (did you mean "64K"?) [bad-value]
6: error: "max-header" takes a size from 64 to 64M, not "1" [bad-value]
7: error: "memory-limit" takes a size (a number with K, M or G; bytes without), or none, not "lots" [bad-value]
8: error: "file-limit" takes a whole number from 3 to 1073741824, or none, not "2" [bad-value]
9: error: "keep" takes a whole number from 0 to 10000, not "-1" [bad-value]
11: error: "workers" takes a whole number from 1 to 65536, not "0" [bad-value]
12: error: "reload" takes a duration from 0 to 596h, or none, not "1000000h" (did you mean "596h"?) [bad-value]
== bad-value: numbers that are too large
[app]
total-timeout = 9999999999999h
idle-timeout = 99999999999999999999 sec
max-body = 9999999999999999999999G
max-header = 100mb
file-limit = 99999999999999999999
[server]
workers = 65537
reload = 700 h
[cors]
origins = https://a.example
max-age = 99999999999999999999
--
2: error: "total-timeout" takes a duration from 0 to 596h, or none, not "9999999999999h" (did you mean "596h"?) [bad-value]
3: error: "idle-timeout" takes a duration (a number with ms, s, m or h; seconds without), or none, not "99999999999999999999 sec" (did you mean "596h"?) [bad-value]
4: error: "max-body" takes a size from 0 to 1048576G, not "9999999999999999999999G" (did you mean "1048576G"?) [bad-value]
5: error: "max-header" takes a size (a number with K, M or G; bytes without), not "100mb" (did you mean "64M"?) [bad-value]
6: error: "file-limit" takes a whole number from 3 to 1073741824, or none, not "99999999999999999999" (did you mean "1073741824"?) [bad-value]
8: error: "workers" takes a whole number from 1 to 65536, not "65537" (did you mean "65536"?) [bad-value]
9: error: "reload" takes a duration (a number with ms, s, m or h; seconds without), or none, not "700 h" (did you mean "596h"?) [bad-value]
12: error: "max-age" takes seconds from 0 to 86400, without a unit, not "99999999999999999999" (did you mean "86400"?) [max-age]
== bad-value: programs
[app]
exec = "/srv/a b
directory =
[handlers]
.php =
.pl = perl \
[cors]
origins = https://a.example
--
2: error: "exec": a quote is not closed [bad-value]
3: error: "directory" takes a path, not "" [bad-value]
5: error: ".php": a program is wanted [bad-value]
6: error: ".pl": a backslash is at the end [bad-value]
== bad-value: addresses
[app]
forward = unix: tcp:127.0.0.1 tcp:localhost:9000 tcp:127.0.0.1:0 9000 tcp:[::1]:99999
[server]
peers = 192.0.2.0/33 example.com
status-clients = ::1/200
status-path = status
[cors]
origins = https://a.example
--
2: error: "forward" takes unix:PATH or tcp:ADDRESS:PORT, not "unix:": a path is missing [bad-value]
2: error: "forward" takes unix:PATH or tcp:ADDRESS:PORT, not "tcp:127.0.0.1": a port is missing [bad-value]
2: error: "forward" takes unix:PATH or tcp:ADDRESS:PORT, not "tcp:localhost:9000": the address must be a number like 127.0.0.1 or [::1] (did you mean "tcp:127.0.0.1:9000"?) [bad-value]
2: error: "forward" takes unix:PATH or tcp:ADDRESS:PORT, not "tcp:127.0.0.1:0": a port is a number from 1 to 65535 [bad-value]
2: error: "forward" takes unix:PATH or tcp:ADDRESS:PORT, not "9000": it begins with neither "unix:" nor "tcp:" [bad-value]
2: error: "forward" takes unix:PATH or tcp:ADDRESS:PORT, not "tcp:[::1]:99999": a port is a number from 1 to 65535 [bad-value]
4: error: "peers" takes addresses and prefixes like 192.0.2.0/24, not "192.0.2.0/33" [bad-value]
4: error: "peers" takes addresses and prefixes like 192.0.2.0/24, not "example.com" [bad-value]
5: error: "status-clients" takes addresses and prefixes like 192.0.2.0/24, not "::1/200" [bad-value]
6: error: "status-path" takes a path that begins with "/", without "*", not "status" (did you mean "/status"?) [bad-value]
== bad-value: status-path and status-clients go together
[server]
status-path = /status
[cors]
origins = https://a.example
--
2: error: "status-path" needs "status-clients": who may read the counters [bad-value]
== bad-value: status-clients without status-path
[server]
status-clients = 127.0.0.1
[cors]
origins = https://a.example
--
2: error: "status-clients" needs "status-path" [bad-value]
== bad-value: variables
[env]
export PERL5LIB = /srv/lib
[cors]
origins = https://a.example
--
2: error: the name of a variable holds no blank, "export PERL5LIB" does (did you mean "PERL5LIB"?) [bad-value]
== bad-value: hosts
[cors]
origins = https://a.example
[cors x]
host = Example.COM https://a.example example.com:8080 *.*.example -_-! bücher.example
--
4: error: host "Example.COM": a host is a name in lower case without port, perhaps with "*." in front (did you mean "example.com"?) [bad-value]
4: error: host "https://a.example": a host is a name in lower case without port, perhaps with "*." in front (did you mean "a.example"?) [bad-value]
4: error: host "example.com:8080": a host is a name in lower case without port, perhaps with "*." in front (did you mean "example.com"?) [bad-value]
4: error: host "*.*.example": a host is a name in lower case without port, perhaps with "*." in front [bad-value]
4: error: host "-_-!": a host is a name in lower case without port, perhaps with "*." in front [bad-value]
4: error: host "b\xc3\xbccher.example": a host is a name in lower case without port, perhaps with "*." in front (did you mean "xn--bcher-kva.example"?) [bad-value]
== bad-value: timing
[cors]
origins = https://a.example
timing = same https://a.example
--
3: error: "timing" takes "same" alone, "*", or origins [bad-value]
== wildcard, null and path in timing
[cors]
origins = https://a.example
timing = https://*.a.example null https://b.example/
--
3: error: origin "https://*.a.example": "timing" takes whole origins, "*" or "same" [wildcard]
3: error: origin "null": every sandboxed frame and every file sends it [null-prohibited]
3: error: origin "https://b.example/": an origin has no path, not even "/" (did you mean "https://b.example"?) [path]
== path-pattern
[cors]
origins = https://a.example
[cors x]
path = api/* /a/*/b /a//b /a/./b /a/../b /a/../b* https://a.example/cgi-bin/*
--
4: error: path "api/*": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/api/*"?) [path-pattern]
4: error: path "/a/*/b": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end [path-pattern]
4: error: path "/a//b": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/a/b"?) [path-pattern]
4: error: path "/a/./b": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/a/b"?) [path-pattern]
4: error: path "/a/../b": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/b"?) [path-pattern]
4: error: path "/a/../b*": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/b*"?) [path-pattern]
4: error: path "https://a.example/cgi-bin/*": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/cgi-bin/*"?) [path-pattern]
== syntax: no equals sign, a colon, no key
[cors]
origins https://a.example
origins: https://a.example
https://b.example:8443
= x
--
2: error: no "=" in "origins https://a.example" (did you mean "origins = https://a.example"?) [syntax]
3: error: ":" before any "=" in "origins: https://a.example" (did you mean "origins = https://a.example"?) [syntax]
4: error: no "=" in "https://b.example:8443" [syntax]
5: error: no key before "=" [syntax]
== syntax: key before any section
origins = https://a.example/
methods = PUT
--
1: error: the key "origins" is before any section (did you mean "[cors]"?) [syntax]
1: error: origin "https://a.example/": an origin has no path, not even "/" (did you mean "https://a.example"?) [path]
== syntax: text after the bracket, no bracket
[cors] x
origins = https://a.example
[app
exec = x
--
1: error: text after "]" (did you mean "[cors]"?) [syntax]
3: error: no "]" after "[" (did you mean "[app]"?) [syntax]
== syntax: bad names
[cors a/b]
origins = https://a.example
path = /a
[cors "b"]
path = /b
[cors ]
path = /c
--
1: error: bad name "a/b" in [cors NAME]; letters, digits, "_", "." and "-" are allowed (did you mean "[cors a-b]"?) [syntax]
4: error: bad name ""b"" in [cors NAME]; letters, digits, "_", "." and "-" are allowed (did you mean "[cors b]"?) [syntax]
6: error: bad name "" in [cors NAME]; letters, digits, "_", "." and "-" are allowed [syntax]
== section-too-long
[cors aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]
path = /a
[cors]
origins = https://a.example
--
1: error: the section name has 55 bytes, at most 49 are allowed [section-too-long]
== unknown-key
[app]
exce = x
origins = https://a.example
[server]
max-body = 3
[cors]
origins = https://a.example
Methods = PUT
allowed-headers = X-A
max_age = 60
colour = red
path = /x
host = a.example
[cors x]
path = /x
pfad = /y
[handlers]
php = /usr/bin/php-cgi
tar.gz = x
--
2: error: unknown key "exce" in [app] (did you mean "exec"?) [unknown-key]
3: error: unknown key "origins" in [app]; it belongs in [cors] [unknown-key]
5: error: unknown key "max-body" in [server]; it belongs in [app] [unknown-key]
8: error: unknown key "Methods" in [cors] (did you mean "methods"?) [unknown-key]
9: error: unknown key "allowed-headers" in [cors] (did you mean "headers"?) [unknown-key]
10: error: unknown key "max_age" in [cors] (did you mean "max-age"?) [unknown-key]
11: error: unknown key "colour" in [cors] [unknown-key]
12: error: "path" is for [cors NAME], not for [cors] [unknown-key]
13: error: "host" is for [cors NAME], not for [cors] [unknown-key]
16: error: unknown key "pfad" in [cors x] [unknown-key]
18: error: "php" is not a file name extension; [handlers] takes keys like ".php" (did you mean ".php"?) [unknown-key]
19: error: "tar.gz" is not a file name extension; [handlers] takes keys like ".php" [unknown-key]
== unknown-section
[crs]
origins = https://a.example/
[Cors]
origns = x
[cors:public]
path = x
[apache]
foo = bar
[]
--
1: error: unknown section [crs] (did you mean "[cors]"?) [unknown-section]
2: error: origin "https://a.example/": an origin has no path, not even "/" (did you mean "https://a.example"?) [path]
3: error: unknown section [Cors] (did you mean "[cors]"?) [unknown-section]
4: error: unknown key "origns" in [cors] (did you mean "origins"?) [unknown-key]
5: error: unknown section [cors:public] (did you mean "[cors public]"?) [unknown-section]
6: error: path "x": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/x"?) [path-pattern]
7: error: unknown section [apache] [unknown-section]
9: error: unknown section [] [unknown-section]
== duplicate-key
[app]
exec = a
exec = b
[cors]
origins = https://a.example
origins = https://b.example
max-age = 600
max-age = 700
[env]
A = 1
B = 2
A = 3
[handlers]
.php = a
.php = b
--
2: warning: "exec": <any> does not exist [exec-missing]
3: error: "exec" is set twice, first in line 2 [duplicate-key]
8: error: "max-age" is set twice, first in line 7 [duplicate-key]
12: error: "A" is set twice, first in line 10 [duplicate-key]
14: warning: ".php": <any> does not exist [handler-missing]
14: warning: ".php": <any> does not exist [handler-missing]
15: error: ".php" is set twice, first in line 14 [duplicate-key]
== duplicate-section
[cors]
origins = https://a.example
[cors a]
path = /a
[cors]
origins = https://b.example/
[cors a]
path = /b
[app]
[app]
--
5: error: [cors] is there twice, first in line 1 [duplicate-section]
6: error: origin "https://b.example/": an origin has no path, not even "/" (did you mean "https://b.example"?) [path]
7: error: [cors a] is there twice, first in line 3 [duplicate-section]
10: error: [app] is there twice, first in line 9 [duplicate-section]
== duplicate-match
[cors]
origins = https://a.example
[cors a]
path = /a /b
[cors b]
path = /b
[cors c]
host = *.a.example
[cors d]
host = *.a.example b.example
[cors e]
path = /e
host = a.example
[cors f]
path = /f /e
host = a.example b.example
[cors g]
path = /e
--
6: error: [cors b] and [cors a] (line 3) cover the same requests (path /b), and both have the origin "https://a.example" [duplicate-match]
10: error: [cors d] and [cors c] (line 7) cover the same requests (host *.a.example), and both have the origin "https://a.example" [duplicate-match]
15: error: [cors f] and [cors e] (line 11) cover the same requests (path /e, host a.example), and both have the origin "https://a.example" [duplicate-match]
== what is not there
[app]
root = /nonexistent /etc/hostname /etc
[handlers]
.a = /nonexistent/interpreter -x
.b = /bin
.c = /bin/sh
[cors]
origins = https://a.example
isolate = yes
--
2: warning: "root": /nonexistent does not exist [root-missing]
2: warning: "root": /etc/hostname is not a folder [root-missing]
4: warning: ".a": /nonexistent/interpreter does not exist [handler-missing]
5: warning: ".b": /bin is not a file [handler-missing]
9: note: browsers send Sec-Fetch-Site only to https and localhost; over http "isolate" has no effect [isolate-needs-https]
== not for this user
[app]
exec = /etc/passwd
root = /root
[server]
user = nobody
[cors]
origins = https://a.example
--
2: warning: "exec": user <any> cannot execute /etc/passwd: Permission denied [exec-missing]
3: warning: "root": user <any> cannot enter /root: Permission denied [root-missing]
== a socket that is none
[app]
forward = unix:/etc/passwd tcp:127.0.0.1:1
[server]
user = root
[cors]
origins = https://a.example
--
2: warning: "forward": <any> [forward-missing]
== duplicate-match between equals
[cors a]
path = /x
origins = https://a.example https://*.b.example
credentials = yes
[cors b]
path = /x
origins = https://b.example https://c.b.example
methods = PUT
headers = X-A
expose = X-B
max-age = 600
timing = *
[cors c]
path = /y /x
origins = *
enforce = block
[cors d]
path = /y
origins = *
enforce = block
[cors e]
path = /x
origins = https://e.example
origins-regex = https://[a-z]\.f\.example
[cors f]
path = /x
origins = https://g.example https://*.b.example
[cors g]
path = /x
origins-regex = https://[a-z]\.f\.example
[cors h]
path = /z
origins = https://a.example
allow = GET
resource-policy = same-site
[cors i]
path = /z
origins = https://b.example
allow = GET HEAD
[cors j]
path = /v
origins = *
[cors k]
path = /v
origins = https://a.example
[cors l]
path = /u
origins = https://a.example
[cors m]
path = /u
origins = none
--
14: error: [cors c] and [cors a] (line 1) cover the same requests (path /x), and they differ in "enforce" [duplicate-match]
18: error: [cors d] and [cors c] (line 13) cover the same requests (path /y), and both have the origin "*" [duplicate-match]
22: error: [cors e] and [cors c] (line 13) cover the same requests (path /x), and they differ in "enforce" [duplicate-match]
24: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
26: error: [cors f] and [cors a] (line 1) cover the same requests (path /x), and both have the origin "https://*.b.example" [duplicate-match]
29: error: [cors g] and [cors c] (line 13) cover the same requests (path /x), and they differ in "enforce" [duplicate-match]
30: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
37: error: [cors i] and [cors h] (line 31) cover the same requests (path /z), and they differ in "resource-policy" [duplicate-match]
50: error: [cors m] and [cors l] (line 46) cover the same requests (path /u), and one of them has "origins = none" [duplicate-match]
== exec-and-forward
[app]
exec = /srv/a
forward = unix:/run/a
[cors]
origins = https://a.example
--
2: warning: "exec": /srv/a does not exist [exec-missing]
3: error: "forward" excludes "exec" (line 2); remove one of them [exec-and-forward]
3: warning: "forward": /run/a does not exist [forward-missing]
== prepend-conflict
[app]
forward = unix:/run/a
inject = prepend
lenient = yes
local-redirect = 302
[cors]
origins = https://a.example
credentials = yes
app-headers = keep
preflight = forward
expose = *
--
2: error: "forward" and "inject = prepend" (line 3) exclude each other: the program then runs in corswrap's place [prepend-conflict]
2: warning: "forward": /run/a does not exist [forward-missing]
4: error: "lenient" and "inject = prepend" (line 3) exclude each other: the program's own headers are not read then [prepend-conflict]
5: error: "local-redirect" and "inject = prepend" (line 3) exclude each other: the program's own headers are not read then [prepend-conflict]
9: error: "app-headers = keep" and "inject = prepend" (line 3) exclude each other: the program's own headers are not read then [prepend-conflict]
10: error: "preflight = forward" and "inject = prepend" (line 3) exclude each other: the program's own headers are not read then [prepend-conflict]
11: error: "expose = *" and "inject = prepend" (line 3) exclude each other: with credentials it becomes the names in the program's headers, which are not read then [prepend-conflict]
== max-age-low and max-age-capped
[cors]
origins = https://a.example
max-age = 59
[cors a]
path = /a
max-age = 60
[cors b]
path = /b
max-age = 600
[cors c]
path = /c
max-age = 601
[cors d]
path = /d
max-age = 7200
[cors e]
path = /e
max-age = 7201
--
3: warning: with "max-age = 59" browsers repeat the preflight all the time; 60 or more avoids that [max-age-low]
12: note: Safari uses less than 601: at most 600 [max-age-capped]
15: note: Safari uses less than 7200: at most 600 [max-age-capped]
18: note: browsers use less than 7201: Chromium at most 7200, Safari at most 600 [max-age-capped]
== method-case
[cors]
origins = https://a.example
methods = patch put Chicken
--
3: warning: method "patch": methods are case-sensitive, and browsers put only DELETE, GET, HEAD, OPTIONS, POST and PUT in upper case (did you mean "PATCH"?) [method-case]
3: warning: method "Chicken": methods are case-sensitive, and browsers put only DELETE, GET, HEAD, OPTIONS, POST and PUT in upper case (did you mean "CHICKEN"?) [method-case]
== shadowed: by wildcards and twice
[cors]
origins = https://a.example.com https://*.example.com https://*.b.example.com http://localhost:3000 http://localhost:* https://a.example.com:8080
origins = http://localhost:*
--
2: warning: origin "https://a.example.com" is covered by "https://*.example.com" in line 2 [shadowed]
2: warning: origin "https://*.b.example.com" is covered by "https://*.example.com" in line 2 [shadowed]
2: warning: origin "http://localhost:3000" is covered by "http://localhost:*" in line 2 [shadowed]
3: warning: origin "http://localhost:*" is covered by "http://localhost:*" in line 2 [shadowed]
== shadowed: by *
[cors]
origins = * https://a.example
methods = * PUT
headers = * Authorization X-A
expose = X-B *
timing = https://a.example *
origins-regex = https://b
--
2: warning: origin "https://a.example" is covered by "*" in line 2 [shadowed]
3: warning: "PUT" is covered by "*" in "methods" [shadowed]
4: warning: "x-a" is covered by "*" in "headers" [shadowed]
5: warning: "x-b" is covered by "*" in "expose" [shadowed]
6: warning: "https://a.example" is covered by "*" in "timing" [shadowed]
7: warning: "origins-regex" is covered by "*" in line 2 [shadowed]
7: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
== broad-wildcard
[cors]
origins = https://a.example:* https://*.github.io http://localhost:*
allow-public-suffix = yes
--
2: warning: origin "https://a.example:*": every port of the host is allowed, whichever program opens it [broad-wildcard]
2: warning: origin "https://*.github.io": anyone can register a name under it [broad-wildcard]
== regex-any-origin and public-suffix of expressions
[cors]
credentials = yes
origins-regex = .*
origins-regex = https://.*
origins-regex = https://[^.]+\.com
origins-regex = https://.*example\.com
origins-regex = (.*)example.com$
origins-regex = https://.*\.vercel\.app
origins-regex = https://[a-z]+\.(github\.io)
origins-regex = https://deploy-preview-\d+--mysite\.netlify\.app
origins-regex = https://app\.example\.com|https://.*\.pages\.dev
origins-regex = https://([a-z0-9-]+\.)?example\.com(:\d+)?
origins-regex = https?://localhost(:\d+)?
origins-regex = https://(a|b)\.pages\.dev
origins-regex = vscode-webview://[0-9a-z]+
--
3: error: regular expression ".*": the origin of another site matches, as https://stranger.com, and "credentials = yes" shows it what is private [regex-any-origin]
3: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
4: error: regular expression "https://.*": the origin of another site matches, as https://stranger.co.uk, and "credentials = yes" shows it what is private [regex-any-origin]
4: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
5: error: regular expression "https://[^.]+\.com": the origin of another site matches, as https://stranger-7.com, and "credentials = yes" shows it what is private [regex-any-origin]
5: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
6: error: regular expression "https://.*example\.com": the origin of another site matches, as https://stranger-7example.com, and "credentials = yes" shows it what is private [regex-any-origin]
6: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
7: error: regular expression "(.*)example.com$": the origin of another site matches, as https://stranger.comexample.com, and "credentials = yes" shows it what is private [regex-any-origin]
7: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
8: error: regular expression "https://.*\.vercel\.app": anyone can register a name that matches, as https://stranger-7.vercel.app, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
8: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
9: error: regular expression "https://[a-z]+\.(github\.io)": anyone can register a name that matches, as https://stranger.github.io, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
9: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
10: error: regular expression "https://deploy-preview-\d+--mysite\.netlify\.app": anyone can register a name that matches, as https://deploy-preview-8080--mysite.netlify.app, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
10: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
11: error: regular expression "https://app\.example\.com|https://.*\.pages\.dev": anyone can register a name that matches, as https://stranger-7.pages.dev, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
11: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
12: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
13: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
14: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
15: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
== regex-any-origin: dots that are not escaped, and what may follow
[cors]
credentials = yes
origins-regex = https://www.example.com
origins-regex = https://(a|b).example.com
origins-regex = https://*.example.com
origins-regex = https://(www.)?example.com(:\d+)?
origins-regex = https://(?!admin\.)[a-z]+.example\.com
origins-regex = https://example\.(com|org|.*)
origins-regex = https://.*\.example\.(com|org)
origins-regex = https://example\.com.*
origins-regex = https://example\.com:.*
origins-regex = http://192\.168\..*
origins-regex = https://192\.168\.[0-9]{1,3}\.[[:digit:]]{1,3}(:[0-9]+)?
origins-regex = https://(?:dev-[a-f0-9]{7,10}|staging)\.example\.com
origins-regex = https://.*\.example.com
origins-regex = https://example.com
origins-regex = chrome-extension://.*
origins-regex = (?i)https://[A-Z]+\.Example\.com
--
3: error: regular expression "https://www.example.com": "." matches any byte, so an origin of another site matches, as https://wwwxexample.com, and "credentials = yes" shows it what is private (did you mean "https://www\.example\.com"?) [regex-any-origin]
3: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
4: error: regular expression "https://(a|b).example.com": "." matches any byte, so an origin of another site matches, as https://axexample.com, and "credentials = yes" shows it what is private (did you mean "https://(a|b)\.example\.com"?) [regex-any-origin]
4: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
5: error: regular expression "https://*.example.com": "." matches any byte, so an origin of another site matches, as https://xexample.com, and "credentials = yes" shows it what is private [regex-any-origin]
5: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
6: error: regular expression "https://(www.)?example.com(:\d+)?": "." matches any byte, so an origin of another site matches, as https://wwwxexample.com:7, and "credentials = yes" shows it what is private (did you mean "https://(www\.)?example\.com(:\d+)?"?) [regex-any-origin]
6: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
7: error: regular expression "https://(?!admin\.)[a-z]+.example\.com": "." matches any byte, so an origin of another site matches, as https://strangerxexample.com, and "credentials = yes" shows it what is private (did you mean "https://(?!admin\.)[a-z]+\.example\.com"?) [regex-any-origin]
7: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
8: error: regular expression "https://example\.(com|org|.*)": the origin of another site matches, as https://example.stranger.co.uk, and "credentials = yes" shows it what is private [regex-any-origin]
8: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
9: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
10: error: regular expression "https://example\.com.*": the origin of another site matches, as https://example.comstranger.co.uk, and "credentials = yes" shows it what is private [regex-any-origin]
10: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
11: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
12: error: regular expression "http://192\.168\..*": the origin of another site matches, as http://192.168.stranger.co.uk, and "credentials = yes" shows it what is private [regex-any-origin]
12: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
13: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
14: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
15: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
16: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
17: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
18: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
== regex-never
[cors]
origins-regex = example\.com
origins-regex = ^(a|b).example.com$
origins-regex = null
origins-regex = https://example\.com:443
origins-regex = https://example\.com/.*
origins-regex = "https://example\.com"
origins-regex = https://a\.example https://b\.example
origins-regex = [https://a.example, https://b.example]
origins-regex = https://\*\.example\.com
origins-regex = https://(Foo|BAR)\.example
origins-regex = https://[^/]+/
origins-regex = https://(?=a)[ab]\.example:0
origins-regex = .*\.example\.com
--
2: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port (did you mean "https://example\.com"?) [regex-never]
2: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
3: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port (did you mean "https://(a|b)\.example\.com$"?) [regex-never]
3: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
4: warning: an expression never matches the origin null [regex-never]
4: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
5: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port [regex-never]
5: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
6: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port [regex-never]
6: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
7: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port [regex-never]
7: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
8: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port [regex-never]
8: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
9: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port [regex-never]
9: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
10: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port [regex-never]
10: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
11: warning: no origin matches: it is SCHEME://HOST or SCHEME://HOST:PORT, in lower case, without path and default port [regex-never]
11: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
12: warning: the expression ends with "/", and an origin has no path [regex-never]
12: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
13: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
14: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
== the same without credentials
[cors]
credentials = no
origins-regex = .*
origins-regex = https://.*\.vercel\.app
--
3: warning: regular expression ".*": the origin of another site matches, as https://stranger.com [regex-any-origin]
3: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
4: warning: regular expression "https://.*\.vercel\.app": anyone can register a name that matches, as https://stranger-7.vercel.app [public-suffix]
4: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
== regex-never
[cors]
credentials = no
origins-regex = /^https:\/\/(.*\.)?example\.com$/i
origins-regex = https://App\.Example\.com
origins-regex = https://app\.example\.com/$
--
3: warning: the expression begins and ends with "/", which no origin does: write it without delimiters (did you mean "^https://(.*\.)?example\.com$"?) [regex-never]
3: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
4: warning: the expression has upper-case letters, and browsers send origins in lower case (did you mean "https://app\.example\.com"?) [regex-never]
4: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
5: warning: the expression ends with "/", and an origin has no path [regex-never]
5: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
== separator
[cors]
origins = https://a.example ; https://b.example
origins = https://c.example;https://d.example
origins = https://e.example | https://f.example
origins = https://g.example ; staging
--
2: warning: ";" begins a comment, and the origins behind it are not read: separate origins by blanks [separator]
3: error: origin "https://c.example;https://d.example": the host is not a valid name (did you mean "https://c.example https://d.example"?) [host]
3: warning: origins are separated by blanks or commas, not by ";" [separator]
4: error: origin "|": an origin begins with a scheme and "://" (did you mean ","?) [scheme]
4: warning: origins are separated by blanks or commas, not by "|" [separator]
== regex-origin
[cors]
origins-regex = https://[a-z]+\.example
--
2: warning: regular expression "https://[a-z]+\.example": anyone can register a name that matches, as https://stranger.example [public-suffix]
2: warning: a regular expression easily allows more than it should; "origins" knows subdomains and ports (https://*.example.com, http://localhost:*) [regex-origin]
== useless-headers
[cors]
origins = https://a.example
headers = Accept Accept-Language
[cors b]
path = /b
headers = Accept Content-Type
--
3: note: header "Accept" needs no permission unless its value is unusual or longer than 128 bytes [safelisted]
3: note: header "Accept-Language" needs no permission unless its value is unusual or longer than 128 bytes [safelisted]
3: warning: "headers" names only headers that need no permission; the key can be left out [useless-headers]
6: note: header "Accept" needs no permission unless its value is unusual or longer than 128 bytes [safelisted]
== warm-unused
[cors]
origins = https://a.example
[app]
inject = prepend
[warm]
scripts = *.pl
--
6: warning: [warm] is for FastCGI responders, "inject = prepend" for plain CGI [warm-unused]
== warm-unused, forward
[cors]
origins = https://a.example
[app]
forward = tcp:127.0.0.1:9000
[warm]
scripts = *.pl
--
6: warning: [warm] starts programs in advance, but "forward" starts no program [warm-unused]
== warm-unused, exec
[cors]
origins = https://a.example
[warm]
scripts = exec
--
4: warning: "exec" is the program of [app], which is not set [warm-unused]
== warm, values
[cors]
origins = https://a.example
[warm]
scripts = *.pl
after = twice
renew = 0 in 1h
max = 65
memory = 1K
spare = -1
lod = CGI
--
5: error: "after" takes a number of requests and a time from 1s to 24h, like "2 in 1m", not "twice" [bad-value]
6: error: "renew" takes a number of requests and a time from 1s to 24h, like "10000 in 1h", not "0 in 1h" [bad-value]
7: error: "max" takes a whole number from 0 to 64, not "65" (did you mean "64"?) [bad-value]
8: error: "memory" takes a size from 1M to 1024G, not "1K" [bad-value]
9: error: "spare" takes a whole number from 0 to 16, not "-1" [bad-value]
10: error: unknown key "lod" in [warm] (did you mean "load"?) [unknown-key]
== unreachable
[cors]
origins = https://a.example
[cors a]
--
3: warning: [cors a] has neither "path" nor "host": only the variable CORSWRAP_POLICY chooses it [unreachable]
== allow-misses-method
[cors]
origins = https://a.example
methods = PUT DELETE PATCH
allow = GET put
--
3: warning: method "DELETE" is in "methods" but not in "allow": its preflight passes, and the request then gets 405 [allow-misses-method]
3: warning: method "PATCH" is in "methods" but not in "allow": its preflight passes, and the request then gets 405 [allow-misses-method]
== null-origin
[cors]
origins = null https://a.example
allow-null = yes
--
2: warning: origin "null" lets in every site: any page can open a sandboxed frame that sends it [null-origin]
== debug-on
[cors]
origins = https://a.example
debug = on
--
3: warning: "debug = yes" shows every client why a preflight was refused; not for production [debug-on]
== safelisted
[cors]
origins = https://a.example
methods = GET head POST PUT
headers = Content-Language X-A
expose = pragma X-B
--
3: note: method "GET" is always allowed and need not be listed [safelisted]
3: note: method "HEAD" is always allowed and need not be listed [safelisted]
3: note: method "POST" is always allowed and need not be listed [safelisted]
4: note: header "Content-Language" needs no permission unless its value is unusual or longer than 128 bytes [safelisted]
5: note: header "pragma" can always be read and need not be exposed [safelisted]
