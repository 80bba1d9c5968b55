#!/usr/bin/perl
# make static-cgi and make dist-cgi: one static file that does what the CGI half
# of corswrap does.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI;
use Corswrap::Test;
use Corswrap::Vectors qw(rows policy_text request_variables complaints);
use Test::More;

my ($exit, $out) = static_cgi('dist-cgi') or
    plan skip_all => 'no Makefile here';
my $err;
is($exit, 0, 'make static-cgi dist-cgi') or diag($out);
my $cgi = top_build() . '/corswrap.cgi';
ok(-x $cgi, 'corswrap.cgi is there') or BAIL_OUT('no corswrap.cgi');
SKIP: {
	# The rule falls back to glibc, at five times the size and the time.
	my ($musl) = read_file(top_build() . '/Makefile') =~ /^MUSL_GCC = (.+)$/m;
	skip 'no musl-gcc here', 1 unless $musl;
	unlike(read_file($cgi), qr/GNU C Library|GLIBC_/, 'made with musl');
}

cmp_ok(-s $cgi, '<', 1 << 20, 'under 1 MiB: ' . -s _);
my $bytes = read_file($cgi);
SKIP: {
	# ELF of 64 bits, least byte first: the program headers' types
	skip 'another kind of program', 2 unless $bytes =~ /\A\x7fELF\x02\x01/;
	my ($at, $size, $count) = unpack 'x32 Q< x14 S< S<', $bytes;
	my @types = map { unpack 'L<', substr $bytes, $at + $size * $_, 4 }
	    0 .. $count - 1;
	ok((grep { $_ == 1 } @types), 'it has something to load');
	is(scalar(grep { $_ == 2 || $_ == 3 } @types), 0,
		'no dynamic loader is asked for, and no library');
}

my $temp = tempdir();
my $dir = "$temp";
my $app = app_program("$dir/app");

# ---- every vector -------------------------------------------------------------

for my $row (rows(top_src() . '/t/vectors/cors.tsv', 'request')) {
	my $fixture = policy_text($row);
	my %env     = (PATH => $ENV{PATH}, request_variables($row, $fixture,
		join => 1));
	next if grep { /\0/ || length > 131000 } values %env;
	$env{CORSWRAP_CONFIG} = write_file("$dir/policy.ini",
		"$fixture->{text}\n[app]\nexec = $app\n");
	my $r     = cgi_run(program => $cgi, env => \%env);
	my @wrong = complaints($row, $fixture, $r);
	ok(!@wrong, $row->{id}) or diag(join "\n", @wrong, $r->{raw},
		$r->{stderr});
}

# ---- unsupported features are errors
# ----------------------------------------------

sub answer {
	my ($policy) = @_;
	write_file("$dir/policy.ini", $policy);
	return cgi_run(program => $cgi, env => {
		CORSWRAP_CONFIG => "$dir/policy.ini", REQUEST_METHOD => 'GET' });
}
my $r = answer("[app]\nexec = $app\n[cors]\norigins-regex = https://a.*\n");
is($r->{status}, 500, 'origins-regex is an error');
like($r->{body}, qr/\A4: \[regex\]\n\z/, 'of its own name');
$r = answer("[app]\nforward = unix:/x\n[cors]\norigins = *\n");
is($r->{status}, 500, 'forward is an error');
like($r->{body}, qr/\A2: \[[a-z-]+\]\n\z/, 'in its line');
for (
	[ 'https://*.example',         500, 'right under one label' ],
	[ 'https://*.app.example',     200, 'two labels under it' ],
) {
	my ($origin, $status, $name) = @$_;
	$r = answer("[app]\nexec = $app\n[cors]\ncredentials = yes\n"
		. "origins = $origin\n");
	is($r->{status}, $status, "*. with credentials $name");
}
# Without the list of public suffixes any * in a label needs names behind it:
# two, and three where the last has two letters.
for (
	[ 'https://app-*.example.com', '',    200, 'two labels behind' ],
	[ 'https://app-*.example.com', 'yes', 200, 'the same with credentials' ],
	[ 'https://app-*.netlify.app', '',    200, 'whoever has the second' ],
	[ 'https://app-*.co.uk',       '',    500, 'two, the last of two letters' ],
	[ 'https://app-*.example.co.uk', 'yes', 200, 'three of them' ],
	[ 'https://app-*.com',         '',    500, 'one label' ],
) {
	my ($origin, $credentials, $status, $name) = @$_;
	$r = answer("[app]\nexec = $app\n[cors]\norigins = $origin\n"
		. 'credentials = ' . ($credentials || 'no') . "\n");
	is($r->{status}, $status, "* in a label: $name: $origin");
	like($r->{body}, qr/\A4: \[(?:public-suffix|wildcard)\]\n\z/,
		'which the answer says') if $status == 500;
}
$r = answer("[app]\nexec = $app\n[cors]\nallow-public-suffix = yes\n"
	. "origins = https://app-*.co.uk\n");
is($r->{status}, 200, 'allow-public-suffix lifts that too');
$r = answer("[app]\nexec = $app\n[cors]\ncredentials = yes\n"
	. "allow-public-suffix = yes\norigins = https://*.example\n");
is($r->{status}, 200, 'allow-public-suffix lifts it');

# ---- its own malloc: much of it, and large pieces -----------------------------------

write_file("$dir/many", join '', map { "https://host$_.example\n" } 1 .. 100_000);
write_file("$dir/policy.ini", "[app]\nexec = $app\n[cors]\norigins-file = many\n"
	. "methods = PUT\n" . join '', map { "headers = x-$_\n" } 1 .. 2000);
for my $case ([ 'https://host99999.example', 204 ],
	[ 'https://host100001.example', 403 ]) {
	$r = cgi_run(program => $cgi, env => {
		CORSWRAP_CONFIG => "$dir/policy.ini",
		REQUEST_METHOD  => 'OPTIONS', HTTP_ORIGIN => $case->[0],
		HTTP_ACCESS_CONTROL_REQUEST_METHOD  => 'PUT',
		HTTP_ACCESS_CONTROL_REQUEST_HEADERS => 'x-1999' });
	is($r->{status}, $case->[1], "100000 origins: $case->[0]");
}
write_file("$dir/policy.ini", "[app]\nexec = $app\n[cors]\norigins = *\n"
	. join '', map { "bad$_ = 1\n" } 1 .. 5000);
$r = cgi_run(program => $cgi, env => {
	CORSWRAP_CONFIG => "$dir/policy.ini", REQUEST_METHOD => 'GET' });
is(scalar(() = $r->{stderr} =~ /\[unknown-key\]/g), 50, '5000 mistakes');
like($r->{stderr}, qr/\b4950 more:/, 'of which the log has 50');
is(scalar(() = $r->{body} =~ /^\d+: \[unknown-key\]$/mg), 100,
	'of which the answer has 100');
my $head = join '', map { "X-$_: " . 'y' x 1000 . "\n" } 1 .. 50;
write_file("$dir/policy.ini", "[app]\nexec = $app\n[cors]\norigins = *\n");
$r = cgi_run(program => $cgi, env => { PATH => $ENV{PATH},
	CORSWRAP_CONFIG => "$dir/policy.ini", REQUEST_METHOD => 'GET',
	SCRIPT_FILENAME => '/x/nph-a.cgi', APP_OUTPUT => "${head}\nbody" });
is(scalar(() = $r->{raw} =~ /^X-\d+: y{1000}\r$/mg), 50, 'a long header block');
like($r->{raw}, qr/\r\n\r\nbody\z/, 'and the body');

# ---- by hand -------------------------------------------------------------------------

($exit, $out) = run([ $cgi, '-h' ], clean => {});
is($exit, 0, '-h');
like($out, qr/^usage: corswrap\.cgi/, 'says how');
($exit, $out) = run([ $cgi, '-V' ], clean => {});
like($out, qr/\Acorswrap\.cgi \d+\.\d/, '-V');
($exit) = run([$cgi], clean => {});
is($exit, 2, 'usage is exit 2');
($exit, $out, $err) = run([ $cgi, '-t', '-c', "$dir/policy.ini" ], clean => {});
is($exit, 0, '-t') or diag($err);

SKIP: {
	skip 'no strace here', 2 unless have_program('strace');
	my %env = (CORSWRAP_CONFIG => "$dir/policy.ini",
		REQUEST_METHOD => 'OPTIONS',
		HTTP_ORIGIN    => 'https://a.example',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET');
	($exit) = run([ have_program('strace'), '-o', "$dir/trace", $cgi ],
		clean => \%env);
	skip 'strace does not work here', 2 if $exit != 0;
	my @calls = split /\n/, read_file("$dir/trace");
	is(scalar(grep { /^writev?\(1,/ } @calls), 1, 'a preflight is one write');
	my @files = map { /^open(?:at)?\([^"]*"([^"]*)"/ ? $1 : () } @calls;
	is_deeply([ grep { $_ ne "$dir/policy.ini" } @files ], [],
		'and opens the policy alone');
}

# ---- the tarball -----------------------------------------------------------------------

my ($tarball) = glob top_build() . '/corswrap-cgi-*.tar.gz';
ok($tarball, 'the tarball is there');
cmp_ok(-s $tarball, '<', 600_000, 'and small: ' . -s _);
my (undef, $list) = run([ 'tar', 'tvzf', $tarball ]);
my ($top) = $tarball =~ m{([^/]+)\.tar\.gz$};
is_deeply([ sort map { m{ \Q$top\E/(.+)$} ? $1 : () } split /\n/, $list ],
	[qw(.htaccess .htapi.ini LICENSE NOTICE.txt README.html api.cgi)],
	'it has what is uploaded, and whose it is');
unlike($list, qr{^\S+ (?!0/0)}m, 'of nobody in particular');
mkdir "$dir/up";
($exit) = run([ 'tar', 'xzf', $tarball, '-C', "$dir/up",
	'--strip-components=1' ]);
is($exit, 0, 'and can be unpacked');
$dir .= '/up';
ok(read_file("$dir/api.cgi") eq $bytes, 'api.cgi is that program');
like(read_file("$dir/NOTICE.txt"), qr/Ben Hoyt.*Rich Felker/s,
	'the notices of what is linked into it');
is((stat "$dir/api.cgi")[2] & 0777, 0755, 'api.cgi is 0755, as suEXEC wants it');
is((stat "$dir/.htapi.ini")[2] & 0777, 0644, 'its policy 0644');
($exit, $out, $err) = run([ "$dir/api.cgi", '-t' ], clean => {});
is($exit, 0, 'the policy in it is good') or diag($err);

done_testing;
