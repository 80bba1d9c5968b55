#!/usr/bin/perl
# corscheck lint --fix applies every fix that is certain: the policy then lints
# without errors, has the expected value, and allows the intended request.  Fixes
# that are only probable are not applied.
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

# The id, the wrong line, the correct line, and a request: [ORIGIN, METHOD,
# HEADER ...].  A line of [cors] gets an origin above it unless it sets one
# itself; a text that begins with "[" is a whole policy.
my $a = 'https://a.example';
my @certain = (
	[ 'bad-value', 'credentials = YES', 'credentials = yes', [$a] ],
	[ 'bad-value', 'preflight = forwards', 'preflight = forward', [$a] ],
	[ 'case', 'origins = HTTPS://A.Example', "origins = $a", [$a] ],
	[ 'default-port', "origins = $a:443", "origins = $a", [$a] ],
	[ 'header', 'headers = X-Token:', 'headers = X-Token', [ $a, 'GET', 'X-Token' ] ],
	[ 'host', "origins = $a;https://b.example", "origins = $a https://b.example",
		['https://b.example'] ],
	[ 'host', "origins = $a https://b.example;", "origins = $a https://b.example",
		['https://b.example'] ],
	[ 'invalid-origin', qq{origins = "$a"}, "origins = $a", [$a] ],
	[ 'invalid-origin', qq{origins = ["$a", "https://b.example"]},
		"origins = $a, https://b.example", ['https://b.example'] ],
	[ 'invalid-origin', "origins = $a?", "origins = $a", [$a] ],
	[ 'ipv4', 'origins = http://127.1', 'origins = http://127.0.0.1',
		['http://127.0.0.1'] ],
	[ 'ipv6', 'origins = http://::1', 'origins = http://[::1]', ['http://[::1]'] ],
	[ 'max-age', 'max-age = 10m', 'max-age = 600', [$a] ],
	[ 'method-case', 'methods = patch', 'methods = PATCH', [ $a, 'PATCH' ] ],
	[ 'non-ascii', "origins = https://b\xc3\xbccher.example",
		'origins = https://xn--bcher-kva.example',
		['https://xn--bcher-kva.example'] ],
	[ 'path', "origins = $a/", "origins = $a", [$a] ],
	[ 'path', "origins = $a/app/index.html", "origins = $a", [$a] ],
	[ 'path-pattern', "[cors x]\npath = cgi-bin/*\norigins = $a\n",
		"[cors x]\npath = /cgi-bin/*\norigins = $a\n",
		[ $a, 'GET' ] ],
	[ 'port', 'origins = https://b.example:06060', 'origins = https://b.example:6060',
		['https://b.example:6060'] ],
	[ 'port', "origins = $a:", "origins = $a", [$a] ],
	[ 'regex-any-origin', 'origins-regex = https://www.example.com',
		'origins-regex = https://www\.example\.com', ['https://www.example.com'] ],
	[ 'regex-any-origin', 'origins-regex = https://(www.)?example.com(:\d+)?',
		'origins-regex = https://(www\.)?example\.com(:\d+)?',
		['https://www.example.com:8443'] ],
	[ 'regex-never', 'origins-regex = /^https:\/\/(.*\.)?a\.example$/i',
		'origins-regex = ^https://(.*\.)?a\.example$', ['https://www.a.example'] ],
	[ 'regex-never', 'origins-regex = https://A\.Example',
		'origins-regex = https://a\.example', [$a] ],
	[ 'scheme', "origins = $a | https://b.example", "origins = $a , https://b.example",
		['https://b.example'] ],
	[ 'scheme', 'origins = https:/a.example', "origins = $a", [$a] ],
	[ 'syntax', "origins: $a", "origins = $a", [$a] ],
	[ 'syntax', "origins $a", "origins = $a", [$a] ],
	[ 'syntax', "origins = $a\n", "[cors]\norigins = $a\n", [$a], 'whole' ],
	[ 'unknown-key', 'Methods = PUT', 'methods = PUT', [ $a, 'PUT' ] ],
	[ 'unknown-key', 'max_age = 600', 'max-age = 600', [$a] ],
	[ 'unknown-section', "[Cors]\norigins = $a\n", "[cors]\norigins = $a\n", [$a] ],
	[ 'unknown-section', "[cors:x]\npath = /cgi-bin/*\norigins = $a\n",
		"[cors x]\npath = /cgi-bin/*\norigins = $a\n", [$a] ],
	[ 'wildcard', 'origins = https://**.a.example', 'origins = https://*.a.example',
		['https://b.a.example'] ],
	[ 'wildcard', "origins = $a/*", "origins = $a", [$a] ],
);
# These fixes are only offered: a person must decide.
my @left = (
	[ 'insecure-origin', "origins = http://a.example\ncredentials = yes" ],
	[ 'ipv4', 'origins = http://192.168.1.0/16' ],
	[ 'invalid-origin', 'origins = https?://a.example' ],
	[ 'regex-never', 'origins-regex = a\.example' ],
	[ 'scheme', 'origins = a.example' ],
	[ 'scheme', 'origins = http(s)://a.example' ],
	[ 'unknown-key', "orgins = $a" ],
	[ 'unknown-section', "[crs]\norigins = $a\n" ],
	[ 'wildcard', 'origins = https://a.*.a.example' ],
);

sub policy_of {
	my ($text, $whole) = @_;
	return $text if $whole || $text =~ /^\[/;
	return "[cors]\n$text\n" if $text =~ /^origins/;
	return "[cors]\norigins = https://a.example\n$text\n";
}

sub fixed_by {
	my ($text) = @_;
	my (undef, $out, $err) =
	    run([ corscheck(), 'lint', '--fix', '-' ], stdin => $text);
	return ($out, $err);
}

my (%seen, @files);
for my $case (@certain) {
	my ($id, $wrong, $right, $request, $whole) = @$case;
	my $policy = policy_of($wrong, $whole);
	my $name = "$id: " . (split /\n/, $wrong)[0];
	$seen{$id} = 1;
	if ($id eq 'non-ascii' && (my $why = without('idn'))) {
		SKIP: { skip "$name: $why", 3 }
		next;
	}
	my ($out, $err) = fixed_by($policy);
	like($err, qr/: fixed: .* \[\Q$id\E\]$/m, "$name: the fix is reported");
	is($out, policy_of($right, $whole), "$name: the policy is fixed");
	my $file = write_file("$dir/" . @files . '.ini', $out);
	push @files, $file;
	my ($origin, $method, @headers) = @$request;
	my (undef, $json) = run([ corscheck(), 'explain', '-p', $file, '--json',
		'--url', 'https://api.example/cgi-bin/x', '--origin', $origin,
		'-X', $method // 'GET', map { ('-H', "$_: 1") } @headers ]);
	is(eval { JSON::PP::decode_json($json)->{verdict} }, 'allowed',
		"$name: the fixed policy allows the intended request") or diag $out, $json;
}
my (undef, $lint) = run([ corscheck(), 'lint', @files ]);
unlike($lint, qr/: error: /, 'the fixed policies have no errors') or diag $lint;

for my $case (@left) {
	my ($id, $wrong) = @$case;
	my $policy = policy_of($wrong);
	my ($out, $err) = fixed_by($policy);
	is($out, $policy, "$id: " . (split /\n/, $wrong)[0] . ': the policy is not changed');
	like($err, qr/did you mean ".*\[\Q$id\E\]$/m, "$id: the fix is offered");
}

# Every id in the table of the source must be tested here.
my $source = read_file(top_src() . '/src/policy/apply.c');
my @ids = $source =~ /\{"([a-z0-9-]+)", CHANGE_\w+\}/g;
cmp_ok(scalar @ids, '>', 20, 'the table in the source was found');
is_deeply([ grep { !$seen{$_} } @ids ], [], 'every id with a certain fix is tested');

done_testing();
