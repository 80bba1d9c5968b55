#!/usr/bin/perl
# corscheck as a program: lint with its forms and exit statuses, and usage.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use JSON::PP ();
use POSIX ();
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
my $good = "[cors]\norigins = https://a.example\n";
write_file("$dir/good", $good);
write_file("$dir/warned", "${good}debug = yes\n");
write_file("$dir/noted", "${good}methods = GET\n");
write_file("$dir/bad", "[cors]\norigins = https://a.example/\nmethods = patch\n");

sub corscheck_ {
	return run([ corscheck(), @_ ], dir => "$dir");
}

# Three mistakes, three diagnostics.
write_file("$dir/three", "[cors]\norgins = https://app.example.com\n"
    . "origins = https://example.com/\norigins = " . 'https://x.example ' x 4000
    . "12\n");
my ($status, $out, $err) = corscheck_('lint', 'three');
is($out, <<'OUT', 'a misspelt key, a trailing slash, a line of 72012 bytes');
three:2: error: unknown key "orgins" in [cors] (did you mean "origins"?) [unknown-key]
three:3: error: origin "https://example.com/": an origin has no path, not even "/" (did you mean "https://example.com"?) [path]
three:4: error: the line has 72012 bytes, at most 65536 are allowed; split a list by repeating its key [line-too-long]
OUT
is("$status$err", '1', 'exit status');

# Ten mistakes, ten diagnostics, each with its fix.
write_file("$dir/ten", <<'INI');
[app]
exec: /srv/app.pl
max-body = 64k
[server]
wokers = 4
[cros]
origins = HTTPS://EXAMPLE.COM
origins = http://[0:0:0:0:0:0:0:1]:3000
origins = https://bücher.example
credentials = Yes
headers = X-Api-Key:
max-age = 10m
[cors api]
path = api/*
INI
($status, $out) = corscheck_('lint', 'ten');
my $expected = <<'OUT';
ten:2: error: ":" before any "=" in "exec: /srv/app.pl" (did you mean "exec = /srv/app.pl"?) [syntax]
ten:3: error: "max-body" takes a size (a number with K, M or G; bytes without), not "64k" (did you mean "64K"?) [bad-value]
ten:5: error: unknown key "wokers" in [server] (did you mean "workers"?) [unknown-key]
ten:6: error: unknown section [cros] (did you mean "[cors]"?) [unknown-section]
ten:7: error: origin "HTTPS://EXAMPLE.COM": browsers send origins in lower case (did you mean "https://example.com"?) [case]
ten:8: error: origin "http://[0:0:0:0:0:0:0:1]:3000": an IPv6 address is written in brackets, in the form of RFC 5952 (did you mean "http://[::1]:3000"?) [ipv6]
ten:9: error: origin "https://b\xc3\xbccher.example": browsers send such a host in punycode (did you mean "https://xn--bcher-kva.example"?) [non-ascii]
ten:10: error: "credentials" takes yes or no, not "Yes" (did you mean "yes"?) [bad-value]
ten:11: error: header "X-Api-Key:": a header name is made of letters, digits and !#$%&'*+-.^_`|~ (did you mean "X-Api-Key"?) [header]
ten:12: error: "max-age" takes seconds from 0 to 86400, without a unit, not "10m" (did you mean "600"?) [max-age]
ten:14: error: path "api/*": a path begins with "/", holds no "//", "/./" or "/../", and "*" only at its end (did you mean "/api/*"?) [path-pattern]
OUT
SKIP: {
	my $why = without('idn') or last SKIP;
	$expected =~ s/ \(did you mean "\S+xn--\S+//;
	skip "$why: no fix for a host outside of ASCII", 1;
}
is($out, $expected, 'ten mistakes');
is($status, 1, 'exit status');

# After all fixes the policy has no mistakes.
my $mended = read_file("$dir/ten");
for my $line (split /\n/, $out) {
	my ($number, $fix) = $line =~ /^ten:(\d+):.*did you mean "(.*)"\?\)/
	    or next;
	my @lines = split /\n/, $mended;
	my $at = $number - 1;
	if ($fix =~ /^\[|=/) {
		$lines[$at] = $fix;
	} elsif ($line =~ /unknown key/) {
		$lines[$at] =~ s/^\S+/$fix/;
	} else {
		$lines[$at] =~ s/= .*/= $fix/;
	}
	$mended = join '', map { "$_\n" } @lines;
}
$mended =~ s/^origins = \S+cher\.example\n//m if without('idn');
$mended =~ s/^credentials = .*\n//m;    # the loopback origin is valid with it
write_file("$dir/mended", $mended);
($status, $out) = corscheck_('lint', 'mended');
$out =~ s/^.* \[[a-z]+-missing\]\n//mg;    # no such program here
is("$status$out", '0', 'the fixes mend them') or diag($mended);

# JSON says the same.
sub json_of {
	my ($status, $out) = corscheck_('lint', '--json', @_);
	my $value = eval { JSON::PP->new->utf8->decode($out) };
	ok(defined $value, "lint --json @_: is JSON") or diag($out);
	return ($status, $value);
}
my $list;
($status, $list) = json_of('bad');
is($status, 1, 'JSON: exit status');
is_deeply($list, [
	{ file => 'bad', line => 2, column => 11,
		severity => 'error', id => 'path',
		message => 'origin "https://a.example/": an origin has no '
		    . 'path, not even "/"', fix => 'https://a.example' },
	{ file => 'bad', line => 3, column => 11,
		severity => 'warning', id => 'method-case',
		message => 'method "patch": methods are case-sensitive, and '
		    . 'browsers put only DELETE, GET, HEAD, OPTIONS, POST and '
		    . 'PUT in upper case', fix => 'PATCH' },
], 'JSON: what stands in it');
($status, $list) = json_of('good');
is_deeply([ $status, $list ], [ 0, [] ], 'JSON of a policy without mistakes');
($status, $list) = json_of('noted');
is_deeply([ $status, $list->[0]{severity}, $list->[0]{fix} ],
    [ 0, 'note', undef ], 'JSON of a note');
($status, $list) = json_of('good', 'bad', 'warned');
is_deeply([ map { "$_->{file} $_->{id}" } @$list ],
    [ 'bad path', 'bad method-case', 'warned debug-on' ],
    'JSON of several files is one array');
write_file("$dir/n\xff\n", "[cors]\norigins = x\n");
($status, $list) = json_of("n\xff\n");
is($list->[0]{file}, 'n\xff\x0a', 'JSON of a name that is no UTF-8');

# The text and the JSON of one policy are the same diagnostics.
($status, $out) = corscheck_('lint', 'ten');
(undef, $list) = json_of('ten');
is(join('', map { "$_->{file}:$_->{line}: $_->{severity}: $_->{message}"
	. (defined $_->{fix} ? " (did you mean \"$_->{fix}\"?)" : '')
	. " [$_->{id}]\n" } @$list), $out, 'JSON and text agree');

# Exit statuses.
for my $case (
	[ 0, 'good' ], [ 0, 'warned' ], [ 0, 'noted' ], [ 1, 'bad' ],
	[ 0, '--strict', 'good' ], [ 1, '--strict', 'warned' ],
	[ 0, '--strict', 'noted' ], [ 1, '--strict', 'bad' ],
	[ 1, 'warned', '--strict' ], [ 1, '--json', '--strict', 'warned' ],
	[ 0, 'good', 'warned' ], [ 1, 'bad', 'good' ], [ 2, 'none' ],
	[ 2, 'bad', 'none', 'good' ], [ 2, '.' ], [ 2 ], [ 2, '--what' ],
	[ 2, '--json' ], [ 0, '--help' ], [ 0, '-h' ]) {
	my ($want, @arguments) = @$case;
	my ($status) = corscheck_('lint', @arguments);
	is($status, $want, "lint @arguments");
}
for my $case ([ 0, 'good' ], [ 0, 'warned' ], [ 2, 'bad' ], [ 2, 'none' ],
	[ 2 ], [ 2, 'good', 'good' ], [ 2, '--json', 'good' ], [ 0, '-h' ]) {
	my ($want, @arguments) = @$case;
	my ($status) = corscheck_('dump', @arguments);
	is($status, $want, "dump @arguments");
}

# A file that cannot be read is reported, in both forms.
($status, $out) = corscheck_('lint', 'none');
is($out, "none: error: the policy cannot be read: No such file or directory; "
    . "`corscheck init FILE` writes a first one [no-policy]\n", 'no such file');
($status, $list) = json_of('none');
is_deeply([ $status, $list->[0]{id}, $list->[0]{line} ],
    [ 2, 'no-policy', 0 ], 'no such file, in JSON');

# The program itself.
($status, $out, $err) = corscheck_();
is("$status$out", '2', 'no subcommand');
like($err, qr/^usage: corscheck COMMAND /, 'is told the usage');
($status, $out, $err) = corscheck_('lnit');
is("$status$out", '2', 'no such subcommand');
like($err, qr/^corscheck: there is no subcommand "lnit"$/m, 'is told so');
for my $flag ('-h', '--help') {
	($status, $out, $err) = corscheck_($flag);
	is("$status$err", '0', "corscheck $flag");
	like($out, qr/^ +dump +a policy/m, "corscheck $flag: usage");
}
for my $flag ('-V', '--version') {
	($status, $out, $err) = corscheck_($flag);
	is("$status$err", '0', "corscheck $flag");
	like($out, qr/^corscheck [0-9.]+\n\z/, "corscheck $flag: version");
}

# Even a very long line is printed completely.
my @cut = grep {
	my $name = './' x $_ . 'none';
	(undef, $out) = run([ corscheck(), 'lint', $name ]);
	$out !~ /\A\Q$name\E: error: .* \[no-policy\]\n\z/;
} 188 .. 204, 1000;
is("@cut", '', 'long lines are printed whole');

# A full disk is an error.
SKIP: {
	skip 'no /dev/full', 1 unless -e '/dev/full';
	my $pid = fork // die;
	if ($pid == 0) {
		open STDOUT, '>', '/dev/full' or POSIX::_exit(126);
		open STDERR, '>', '/dev/null' or POSIX::_exit(126);
		exec corscheck(), 'lint', "$dir/bad" or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	is($? >> 8, 2, 'what cannot be printed');
}

# Under a web server arguments come from the client (RFC 3875, 4.4).
for my $variable ('REQUEST_METHOD', 'GATEWAY_INTERFACE') {
	($status, $out, $err) = run([ corscheck(), 'lint', "$dir/bad" ],
	    env => { $variable => 'GET' });
	unlike("$out$err", qr/bad:2|\[path\]/,
	    "with $variable the arguments are not read");
}
done_testing();
