#!/usr/bin/perl
# corscheck explain as a program: what it prints, byte for byte, as JSON by its
# schema, and its exit statuses.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use File::Copy qw(copy);
use JSON::PP ();
use Test::More;
use Text::ParseWords qw(shellwords);

my $dir = tempdir();
my $url = 'https://api.example.net/cgi-bin/report';

# explain without environment variables that would change its output.
sub ask {
	delete local @ENV{qw(CORSWRAP_POLICY NO_COLOR)};
	return run([ corscheck(), 'explain', @_ ], dir => "$dir");
}

# --- walks -----------------------------------------------------------------------

# Each file: a title, the command, what it prints, and its exit status.
copy($_, "$dir/") for glob top_src() . '/t/explain/cases/*.ini';
my @walks = map {
	my ($title, $command, $out, $status) = read_file($_) =~
	    m{\A([^\n]+)\n\n\$ corscheck explain ([^\n]+)\n(.*)\[exit status (\d)\]\n\z}s
	    or die "$_: not a walk\n";
	{ title => $title, args => [ shellwords($command) ], out => $out,
		status => $status }
} glob top_src() . '/t/explain/cases/*.txt';
cmp_ok(scalar @walks, '>=', 20, 'the walks are there');
for my $walk (@walks) {
	my ($status, $out, $err) = ask(@{ $walk->{args} });
	is($out, $walk->{out}, $walk->{title});
	is("$status$err", $walk->{status}, 'exit status');
}

# The manual's example is one of them.
{
	my ($command, $shown) = read_file(top_src() . '/doc/corscheck.1') =~
	    /^\$ corscheck explain (.*?[^\\e])\n(A page.*?)^\.Ed$/ms;
	s/\\e\n/ /g, s/\\&//g, s/\\e/\\/g for $command, $shown;
	my (undef, $out) = ask(shellwords($command // ''));
	is($shown, $out, 'what the manual shows is what is printed');
}

# --- as JSON ----------------------------------------------------------------------

my $json = JSON::PP->new->utf8;
SKIP: {
	skip 'no JSON::Validator', scalar @walks
	    unless eval { require JSON::Validator; 1 };
	my $validator = JSON::Validator->new;
	$validator->schema($json->decode(
		read_file(top_src() . '/t/explain.schema.json')));
	for my $walk (@walks) {
		my (undef, $out) = ask('--json', @{ $walk->{args} });
		my @errors = $validator->validate($json->decode($out));
		is("@errors", '', "as JSON: $walk->{title}") or diag $out;
	}
	# It is one that can fail.
	my (undef, $out) = ask('--json', @{ $walks[0]{args} });
	my $good = $json->decode($out);
	for (
		[ 'another key', sub { $_[0]{more} = 1 } ],
		[ 'a missing key', sub { delete $_[0]{fix} } ],
		[ 'a string for a status',
			sub { $_[0]{request}{response}{status} = '200' } ],
		[ 'another verdict', sub { $_[0]{verdict} = 'maybe' } ],
		[ 'a reason that is none', sub { $_[0]{reason} = 'cors' } ],
		[ 'blocked, and nobody says why',
			sub { $_[0]{verdict} = 'blocked' } ],
	    ) {
		my ($name, $spoil) = @$_;
		my $bad = $json->decode($out);
		$spoil->($bad);
		isnt(scalar $validator->validate($bad), 0, "not good: $name");
	}
}
my (undef, $object) = ask('--json', @{ $walks[1]{args} });
is_deeply($json->decode($object), {
	preflight => {
		needed   => JSON::PP::true,
		why      => [ 'method PUT is not GET, HEAD or POST',
			'content-type text/csv is not one of the three that a '
			    . 'form can send' ],
		request  => {
			method  => 'OPTIONS',
			headers => {
				'Origin' => 'https://app.example.com',
				'Access-Control-Request-Method'  => 'PUT',
				'Access-Control-Request-Headers' => 'content-type',
			},
		},
		response => {
			status  => 204,
			headers => {
				'Access-Control-Allow-Origin' =>
				    'https://app.example.com',
				'Access-Control-Allow-Methods' => 'PUT',
				'Access-Control-Allow-Headers' => 'content-type',
				'Access-Control-Max-Age'       => '3600',
				'Vary' => 'Origin, Access-Control-Request-Method, '
				    . 'Access-Control-Request-Headers',
			},
		},
		passes => JSON::PP::true,
		reason => undef,
	},
	request => {
		sent     => JSON::PP::true,
		method   => 'PUT',
		headers  => { Origin => 'https://app.example.com',
			'content-type' => 'text/csv' },
		response => {
			status  => undef,
			headers => {
				'Access-Control-Allow-Origin' =>
				    'https://app.example.com',
				'Access-Control-Expose-Headers' => 'x-total-count',
				'Vary'                          => 'Origin',
			},
		},
	},
	readable => [ 'content-type', 'x-total-count' ],
	browser => 'chromium', verdict  => 'allowed',
	reason   => undef,
	message  => 'The page may read the response.',
	fix      => undef,
}, 'the whole object');
like((ask('--json', '--url', "$url/\xc3\xa9", '--origin', 'null', '-H',
	"X-A: \xc3\xa9 \x7f"))[1], qr/\A[\n\x20-\x7e]+\z/,
    'JSON is ASCII, whatever was asked');
like((ask('--json', '--url', $url, '--origin', 'null', '--method',
	"P\x7fT"))[1], qr/"method": "P\\\\x7fT"/, 'and has no control byte');

# --- on a terminal ------------------------------------------------------------------

SKIP: {
	skip 'no script(1)', 4 unless have_program('script');
	my @args = ('-p', 'app.ini', '--url', $url, '--origin', 'null');
	my $see = sub {
		my (%env) = @_;
		delete local @ENV{qw(CORSWRAP_POLICY NO_COLOR)};
		my (undef, $out) = run([ 'script', '-qec',
			join(' ', corscheck(), 'explain', @args), '/dev/null' ],
			dir => "$dir", env => { TERM => 'xterm', %env });
		return $out;
	};
	like($see->(), qr/\e\[1;31mBlocked\.\e\[0m \[origin-null\]/,
	    'colours on a terminal');
	unlike($see->(NO_COLOR => 1), qr/\e/, 'none with NO_COLOR');
	like($see->(NO_COLOR => ''), qr/\e\[/, 'which counts if it is not empty');
	unlike($see->(TERM => 'dumb'), qr/\e/, 'none on a dumb terminal');
}

# --- CORSWRAP_POLICY -----------------------------------------------------------------

for ([ 'public', 0, 'a section by its name' ],
	[ 'nobody', 1, 'a name that is none is a 500' ]) {
	my ($name, $want, $what) = @$_;
	my ($status, $out) = run([ corscheck(), 'explain', '-p', 'app.ini',
		'--url', $url, '--origin', 'null' ], dir => "$dir",
		env => { CORSWRAP_POLICY => $name });
	is($status, $want, $what) or diag $out;
	like($out, $want ? qr/< 500$/m : qr/Allow-Origin: \*/, 'and told');
}

# --- policies that cannot be used ------------------------------------------------------

write_file("$dir/bad.ini", "[cors]\norigins = https://a.example/\nx = 1\n");
my ($bad, $said, $why) = ask('-p', 'bad.ini', '--url', $url, '--origin', 'null');
is("$bad$said", '2', 'a policy with errors');
is(scalar(() = $why =~ /^bad\.ini:\d+: error: /mg), 2, 'each of them is told');
($bad, $said, $why) = ask('-p', 'none.ini', '--url', $url, '--origin', 'null');
is("$bad$said", '2', 'a policy that is not there');
like($why, qr/none\.ini/, 'which is said');

# --- mistakes of users
# ---------------------------------------------------------

sub mistake {
	my ($name, $args, $want) = @_;
	my ($status, $out, $err) = ask(@$args);
	is($err, "corscheck: $want\n", $name);
	is("$status$out", '2', 'and it says nothing else');
}

my (undef, undef, $usage) = ask('--bogus');
like($usage, qr/\Acorscheck explain: .*bogus.*\nusage: corscheck explain /,
    'an option that is none');
is((ask('-h'))[0], 0, '-h');
is((ask('--url', $url, '--origin', 'null', 'more'))[0], 2, 'a word too much');

my @from = ('--url', $url);
mistake('no URL', [ '--origin', 'null' ],
    '--url is missing: the URL that the page requests');
mistake('no origin', [ '--url', $url ],
    '--origin is missing: the origin of the page');
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
	if ($name eq 'not in ASCII' && (my $why = without('idn'))) {
		SKIP: { skip "an origin: $name: $why", 2 }
		next;
	}
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

mistake('several', [ '--url', 'x', '--origin', 'NULL', '-H', 'a', '-H', 'b' ],
    qq(URL "x": a URL begins with http:// or https://\n)
    . qq(corscheck: origin "NULL": it is written null\n)
    . qq(corscheck: header "a": a header is written 'Name: value'\n)
    . qq(corscheck: header "b": a header is written 'Name: value'));
mistake('all is missing', ['--credentials'],
    "--url is missing: the URL that the page requests\n"
    . 'corscheck: --origin is missing: the origin of the page');

like((ask(@from, '--origin', 'null', '--nix'))[2],
    qr/\Acorscheck explain: unrecognized option(?: '--nix'|: nix)\n/, # glibc, musl
    'an option that is none');
mistake('a word too many', [ @from, '--origin', 'null', 'more' ],
    'unexpected argument "more"');

# --- all obstacles at once
# ---------------------------------------------------------

write_file("$dir/all.ini", "[cors]\norigins = https://b.example\n"
    . "methods = DELETE\n[cors open]\npath = /open/*\norigins = *\n"
    . "methods = PUT\nallow = GET DELETE\n");
for (
	[ 'method and header', '/x', 'https://b.example', [],
		'add PUT to `methods` of [cors] (line 3); also write '
		. '`headers = x-a` in [cors] (line 1)' ],
	[ 'origin, method, header and credentials', '/x', 'https://c.example',
		['--credentials'],
		'add https://c.example to `origins` of [cors] (line 2); also '
		. 'add PUT to `methods` of [cors] (line 3); also write '
		. '`headers = x-a` in [cors] (line 1); also set `credentials = '
		. 'yes` in [cors] (line 1); or send the request without '
		. 'credentials, if it needs no cookies' ],
	[ 'header, `allow` and credentials with *', '/open/x',
		'https://c.example', ['--credentials'],
		'write `headers = x-a` in [cors open] (line 4); also add PUT to '
		. '`allow` of [cors open] (line 8); also send the request '
		. 'without credentials, if it needs no cookies; or list the '
		. 'origins by name, as in `origins = https://c.example` (line '
		. '6), and set `credentials = yes` in [cors open] (line 4)' ],
	[ 'from a page that cannot have credentials', '/x', 'null',
		['--credentials'],
		'serve the page over http or https, not from a file or in a '
		. 'sandbox: then it has an origin; also add PUT to `methods` '
		. 'of [cors] (line 3); also write `headers = x-a` in [cors] '
		. '(line 1)' ],
    ) {
	my ($name, $path, $origin, $more, $want) = @$_;
	my (undef, $out) = ask('--json', '-p', "$dir/all.ini", '--url',
	    "https://a.example$path", '--origin', $origin, '--method', 'PUT',
	    '-H', 'X-A: 1', @$more);
	is($json->decode($out)->{fix}, $want, "the fix for $name");
}
write_file("$dir/path.ini", "[cors a]\norigins = *\npath = /a/*\n");
like((ask('-p', "$dir/path.ini", '--url', 'https://a.example/%00', '--origin',
	'https://b.example'))[1], qr/^Fix: .*leave %00 out$/m, 'a NUL in the path');

# --- messages that only consoles show
# --------------------------------------------

my (undef, $told) = ask('--url', "http://a.example/x#y'z", '--origin', 'null',
    '--method', 'TRACE');
like($told, qr/'TRACE' HTTP method is unsupported/, 'a method that is refused');
(undef, $told) = ask('--url', 'http://me:secret@a.example/x', '--origin',
    'null', '--method', 'TRACE');
like($told, qr{URL that includes credentials: http://a[.]example/x$}m,
    'the URL is refused before the method');
unlike($told, qr/secret/, 'and no password is shown');
write_file("$dir/none.ini", "[cors]\norigins = https://b.example\n");
(undef, $told) = ask('-p', "$dir/none.ini", '--url', "https://a.example/x#y z",
    '--origin', 'https://c.example');
like($told, qr{^Access to fetch at 'https://a[.]example/x#y%20z' from}m,
    'the fragment, as in the console');

# --- three browsers ---------------------------------------------------------------

# The message of each (observed; Firefox' quotes are typographic there).
my $blocked = 'Cross-Origin Request Blocked: The Same Origin Policy disallows '
    . "reading the remote resource at $url. (Reason: ";
my $bare = "$dir/none.ini";
write_file("$dir/list.ini", "[cors]\norigins = https://c.example\n"
	. "methods = DELETE\nheaders = X-B\nenforce = advertise\n");
for ([ 'no header', $bare, [], 'origin-not-allowed',
	"${blocked}CORS header 'Access-Control-Allow-Origin' missing). Status code: 200.",
	'Origin https://c.example is not allowed by Access-Control-Allow-Origin. Status code: 200' ],
	[ 'no header in the preflight', $bare, [ '-X', 'PUT' ],
	'origin-not-allowed',
	qr/^\Q${blocked}\ECORS header 'Access-Control-Allow-Origin' missing\)\. Status code: \d+\.$/,
	qr/^(?:Preflight response is not successful\. Status code: 403|Origin https:.*)$/ ]) {
	my ($name, $ini, $arguments, $reason, $firefox, $safari) = @$_;
	my %words = (firefox => $firefox, safari => $safari);
	for my $browser (sort keys %words) {
		my ($status, $out) = ask('-p', $ini, '--url', $url, '--origin',
			'https://c.example', '--browser', $browser, '--json',
			@$arguments);
		my $e = $json->decode($out);
		is("$status $e->{browser} $e->{reason}", "1 $browser $reason",
		    "$browser: $name");
		my $want = ref $words{$browser} ? $words{$browser}
		    : qr/^\Q$words{$browser}\E$/;
		like($e->{message}, $want, 'in its words');
	}
}
sub differs {
	my ($origin, $asked, @arguments) = @_;
	my ($status, $out) = ask('--url', $asked, '--origin', $origin, '--browser',
		'all', '--json', @arguments);
	my $all = $json->decode($out);
	is(join(' ', sort keys %$all), 'chromium firefox safari', 'all of them');
	return ($status, map { ($_->{reason} // '-') . ' '
		. ($_->{preflight}{needed} ? 'P' : '-') }
		@$all{qw(chromium firefox safari)});
}
my @page = ('https://c.example', $url);
is_deeply([ differs(@page, '-H', 'User-Agent: x') ], [ 0, '- -', '- P', '- P' ],
    'User-Agent');
is_deeply([ differs(@page, '-H', 'Save-Data: on') ], [ 0, '- -', '- P', '- P' ],
    'client hints');
is_deeply([ differs(@page, '-H', 'Content-Type: text/plain;a=b,c') ],
    [ 0, '- -', '- P', '- -' ], 'a comma in Content-Type');
is_deeply([ differs(@page, '-H', 'Range: BYTES=0-5') ],
    [ 0, '- P', '- P', '- -' ], 'Range');
is_deeply([ differs('https://c.example', 'http://localhost:8080/') ],
    [ 1, '- -', '- -', 'mixed-content -' ],
    'http://localhost of an https page: Safari alone blocks it');
is_deeply([ differs('https://c.example', 'http://192.168.1.5/') ],
    [ 1, '- -', 'mixed-content -', 'mixed-content -' ],
    'an address of the local network: Chromium alone asks');
(undef, $told) = ask('-p', $bare, '--url', $url, '--origin',
    'https://b.example', '--browser', 'all');
like($told, qr/^Chromium, Firefox and Safari agree/m, 'one walk if they agree');
is(scalar(() = $told =~ /calls:/g), 1, 'and no more');
(undef, $told) = ask('--url', 'http://localhost/', '--origin',
    'https://b.example', '--browser', 'all');
like($told, qr/^The browsers differ:\n    Chromium  unknown\n    Firefox   unknown\n    Safari    blocked \[mixed-content\]\n/m,
    'else each, and where they differ');
is((ask('--url', $url, '--origin', 'null', '--browser', 'opera'))[0], 2,
    'no other browser');

done_testing;
