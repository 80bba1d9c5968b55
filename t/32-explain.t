#!/usr/bin/perl
# corscheck explain as a program: what it prints, and its exit statuses.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
my $url = 'https://api.example.net/cgi-bin/report';

# explain in an environment without what would change its answer.
sub ask {
	delete local @ENV{qw(CORSWRAP_POLICY NO_COLOR)};
	return run([ corscheck(), 'explain', @_ ], dir => "$dir");
}

# --- mistakes of who asks ------------------------------------------------------

sub mistake {
	my ($name, $args, $want) = @_;
	my ($status, $out, $err) = ask(@$args);
	is($err, "corscheck: $want\n", $name);
	is("$status$out", '2', 'and it says nothing else');
}

my @from = ('--url', $url);
mistake('no URL', [ '--origin', 'null' ],
    '--url is missing: what does the page ask for?');
mistake('no origin', [ '--url', $url ],
    '--origin is missing: of which origin is the page?');
mistake('two URLs', [ @from, @from ], '--url is given twice');
mistake('a URL of another scheme', [ '--url', 'ftp://x/', '--origin', 'null' ],
    'URL "ftp://x/": a URL begins with http:// or https://');
mistake('a port past 65535',
    [ '--url', 'http://x:70000/', '--origin', 'null' ],
    'URL "http://x:70000/": a port is a number from 1 to 65535');
mistake('a header without value', [ @from, '--origin', 'null', '-H', 'X-A' ],
    q(header "X-A": a header is written 'Name: value'));
mistake('a character that no header has',
    [ @from, '--origin', 'null', '-H', "X-A: \xe6\xbc\xa2" ],
    'header "X-A: \xe6\xbc\xa2": fetch() takes no character past U+00FF: '
    . 'percent-encode it');
mistake('more than a server takes',
    [ @from, '--origin', 'null', '-H', 'X-A: ' . 'x' x 65600 ],
    'URL and headers have 65647 bytes: make them shorter, web servers take '
    . '65536 at most');
my $none = 'no browser sends this: an origin is a scheme, a host and a port, '
    . 'as in https://app.example.com';
for (
	[ 'a slash', 'https://app.example.com/', 'https://app.example.com' ],
	[ 'upper case', 'HTTPS://App.Example.com', 'https://app.example.com' ],
	[ 'a default port', 'http://a.example:80', 'http://a.example' ],
	[ 'not in ASCII', "https://b\xc3\xbccher.example",
		'https://xn--bcher-kva.example', 'https://b\xc3\xbccher.example' ],
    ) {
	my ($name, $origin, $meant, $shown) = @$_;
	mistake("an origin: $name", [ @from, '--origin', $origin ],
	    sprintf 'origin "%s": no browser sends this, it sends %s: write that',
	    $shown || $origin, $meant);
}
mistake('an origin without scheme', [ @from, '--origin', 'app.example.com' ],
    'origin "app.example.com": an origin begins with a scheme: did you mean '
    . 'https://app.example.com?');
mistake('one of this machine', [ @from, '--origin', 'localhost:3000' ],
    'origin "localhost:3000": an origin begins with a scheme: did you mean '
    . 'http://localhost:3000?');
mistake('a file', [ @from, '--origin', 'file:///home/me/page.html' ],
    'origin "file:///home/me/page.html": the pages of files and data: URLs '
    . 'send null: write that');
mistake('any origin is none', [ @from, '--origin', '*' ], qq(origin "*": $none));
mistake('an origin with a control byte', [ @from, '--origin', "https://\e[31m" ],
    qq(origin "https://\\x1b[31m": $none));

# --- what only consoles show -----------------------------------------------------

my (undef, $told) = ask('--url', "http://a.example/x#y'z", '--origin', 'null',
    '--method', 'TRACE');
like($told, qr/'TRACE' HTTP method is unsupported/, 'a method that is refused');
(undef, $told) = ask('--url', 'http://me:secret@a.example/x', '--origin',
    'null', '--method', 'TRACE');
like($told, qr{URL that includes credentials: http://a[.]example/x$}m,
    'the URL is refused before the method');
unlike($told, qr/secret/, 'and no password is shown');
write_file("$dir/none.ini", "[cors]\norigins = https://b.example\n");
(undef, $told) = ask('-p', "$dir/none.ini", '--url', "http://a.example/x#y z",
    '--origin', 'https://c.example');
like($told, qr{^Access to fetch at 'http://a[.]example/x#y%20z' from}m,
    'the fragment, as in the console');

done_testing;
