#!/usr/bin/perl
# The physical lines of a policy: those that inih would silently misread or
# truncate.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use POSIX ();
use Test::More;

my $dir = tempdir();

sub lint {
	my ($text) = @_;
	write_file("$dir/policy", $text);
	my ($status, $out, $err) = run([ corscheck(), 'lint', 'policy' ],
	    dir => "$dir");
	$out =~ s/^policy://mg;
	return "$out$err";
}

# What the policy means, as one text.
sub dump_of {
	my ($text) = @_;
	write_file("$dir/policy", $text);
	my ($status, $out, $err) = run([ corscheck(), 'dump', 'policy' ],
	    dir => "$dir");
	return "$out$err";
}

my $plain = "[cors]\norigins = https://a.example\nmax-age = 600\n";
my $meaning = dump_of($plain);
is($meaning, $plain, 'a plain policy is its own dump');

# Other ways to write the same.
my @same = (
	[ 'CRLF', $plain =~ s/\n/\r\n/gr ],
	[ 'no line feed at the end', $plain =~ s/\n\z//r ],
	[ 'CRLF, none at the end', ($plain =~ s/\n/\r\n/gr) =~ s/\r\n\z//r ],
	[ 'UTF-8 mark', "\xef\xbb\xbf$plain" ],
	[ 'no blanks', $plain =~ s/ = /=/gr ],
	[ 'many blanks', $plain =~ s/ = / \t  = \t /gr ],
	[ 'blanks at the end', $plain =~ s/\n/ \t\n/gr ],
	[ 'indented, which is no continuation', $plain =~ s/^/ \t /gmr ],
	[ 'blank lines', $plain =~ s/\n/\n\n \t\n\n/gr ],
	[ 'comment lines', "; a\n# b\n \t;c\n\t#d = e\n$plain;[app]\n" ],
	[ 'comments behind', $plain =~ s/\n/ ; x = [y]\n/gr ],
	[ 'comments behind, tab', $plain =~ s/\n/\t;x\n/gr ],
	[ 'commas and repeated keys',
		"[cors]\norigins = ,, \norigins=https://a.example , ,\n"
		. "max-age = 600\n" ],
);
for my $case (@same) {
	my ($name, $text) = @$case;
	is(dump_of($text), $meaning, $name);
	is(lint($text), '', "$name: nothing to say");
}

# ';' begins a comment after a blank, inside quotes too, and nowhere else.
is(dump_of("[app]\nexec = a;b 'c;d' ; e\n$plain"),
    "[app]\nexec = $dir/a;b 'c;d'\n\n$plain" =~ s/(\S*)a;b/'$1a;b'/r,
    'semicolons within words');
is(lint("[app]\nexec = a 'b ; c'\n$plain"),
    "2: error: \"exec\": a quote is not closed [bad-value]\n",
    'a comment inside quotes');
is(dump_of("[env]\nA = x#y # z\nB =;x\n$plain"),
    "[env]\nA = x#y # z\nB=;x\n\n$plain", 'values with signs of comments');

# Lines that must be reported, and never hide the others.
my $too_long = 'the line has %d bytes, at most 65536 are allowed; split a list by '
    . 'repeating its key [line-too-long]';
my @bad = (
	[ 'NUL', "$plain\nmethods = P\0UT\nfoo = x\n",
		"5: error: the line holds a NUL byte [syntax]\n"
		. "6: error: unknown key \"foo\" in [cors] [unknown-key]\n" ],
	[ 'control byte', "${plain}methods = P\x01UT\n",
		"4: error: the line holds the control byte \\x01 [syntax]\n" ],
	[ 'escape in a comment', "; \x1b[2J\n$plain",
		"1: error: the line holds the control byte \\x1b [syntax]\n" ],
	[ 'DEL', "${plain}; \x7f\n",
		"4: error: the line holds the control byte \\x7f [syntax]\n" ],
	[ 'form feed', "${plain}\x0cmethods = PUT\n",
		"4: error: the line holds the control byte \\x0c [syntax]\n" ],
	[ 'lone CR', "${plain}methods = PUT\rheaders = X-A\n",
		"4: error: the line holds a carriage return that no line feed "
		. "follows [syntax]\n" ],
	[ 'CR at the end of the file', "${plain}methods = PUT\r",
		"4: error: the line holds a carriage return that no line feed "
		. "follows [syntax]\n" ],
	[ 'CR CR LF', "${plain}methods = PUT\r\r\n",
		"4: error: the line holds a carriage return that no line feed "
		. "follows [syntax]\n" ],
	[ 'CR alone between lines', $plain =~ s/\n/\r/gr,
		"1: error: the line holds a carriage return that no line feed "
		. "follows [syntax]\n" ],
	[ 'UTF-16, little endian',
		"\xff\xfe" . join('', map { "$_\0" } split //, $plain),
		"1: error: the file is in UTF-16; save it as UTF-8 [syntax]\n" ],
	[ 'UTF-16, big endian',
		"\xfe\xff" . join('', map { "\0$_" } split //, $plain),
		"1: error: the file is in UTF-16; save it as UTF-8 [syntax]\n" ],
	[ 'UTF-16 without a mark', join('', map { "$_\0" } split //, $plain),
		"1: error: the file is in UTF-16; save it as UTF-8 [syntax]\n" ],
	[ 'a mark in the middle', "$plain\xef\xbb\xbfmethods = PUT\n",
		"4: error: unknown key \"\\xef\\xbb\\xbfmethods\" in [cors] "
		. "(did you mean \"methods\"?) [unknown-key]\n" ],
	[ 'two marks', "\xef\xbb\xbf\xef\xbb\xbf$plain", undef ],
	[ 'comment of 65537 bytes', ';' . ('x' x 65536) . "\n$plain",
		'1: error: ' . sprintf($too_long, 65537) . "\n" ],
	[ 'blanks of 65537 bytes', (' ' x 65537) . "\n$plain",
		'1: error: ' . sprintf($too_long, 65537) . "\n" ],
	[ '65537 bytes with CRLF', ';' . ('x' x 65536) . "\r\n$plain",
		'1: error: ' . sprintf($too_long, 65537) . "\n" ],
	[ 'comment of 65536 bytes', ';' . ('x' x 65535) . "\n$plain", '' ],
	[ 'a long line without "="', ('x' x 300) . "\n$plain", undef ],
	[ 'a long key', ('x' x 300) . " = y\n$plain", undef ],
	[ 'a long header that does not end', '[' . ('x' x 300) . "\n$plain",
		"1: error: no \"]\" after \"[\" [syntax]\n" ],
	[ 'a long line before any section', "origins = " . ('x' x 300)
		. "\n[cors]\nmax-age = 600\n", undef ],
	[ 'a megabyte', "[cors]\norigins = " . ('https://a.example ' x 60000)
		. "\nmax-age = x\n",
		'2: error: ' . sprintf($too_long, 1080010) . "\n"
		. '3: error: "max-age" takes seconds from 0 to 86400, without '
		. "a unit, not \"x\" [max-age]\n" ],
	[ 'a section of 50 bytes', "[" . ('x' x 50) . "]\nfoo\nbar = x\n$plain",
		"1: error: the section name has 50 bytes, at most 49 are allowed "
		. "[section-too-long]\n"
		. "2: error: no \"=\" in \"foo\" [syntax]\n" ],
	[ 'a section header with a control byte', "[cors \x02]\nfoo = x\n$plain",
		"1: error: the line holds the control byte \\x02 [syntax]\n" ],
	[ 'a value that begins with a semicolon', "[env]\nA = x\nB=;y\n$plain",
		'' ],
	[ 'comment in a section header', "[cors;x]\norigins = https://a\n",
		"1: error: unknown section [cors;x] (did you mean \"[cors]\"?) "
		. "[unknown-section]\n" ],
	[ 'semicolon behind the bracket', "[cors];x\norigins = https://a\n",
		"1: error: text after \"]\" (did you mean \"[cors]\"?) "
		. "[syntax]\n" ],
	[ 'header cut by a comment', "[cors ; x]\norigins = https://a\n",
		"1: error: no \"]\" after \"[\" (did you mean \"[cors]\"?) "
		. "[syntax]\n" ],
);
for my $case (@bad) {
	my ($name, $text, $expected) = @$case;
	my $got = lint($text);
	if (defined $expected) {
		is($got, $expected, $name);
	} else {
		like($got, qr/ error: /, $name);
	}
}

# inih carries 198 bytes, the reader 64 KiB: the last byte counts.
for my $length (197 .. 202, 4096, 65535, 65536) {
	my $long = 'headers = X-';
	$long .= 'a' x ($length - length $long);
	is(dump_of("$plain$long\n"), "[cors]\norigins = https://a.example\n"
	    . lc("$long\n")
	    . "max-age = 600\n", "a line of $length bytes") if $length < 65535;
	is(lint("$plain$long\n"), '', "$length bytes, lint");
}
my $list = join ' ', map { "https://h$_.example" } 1 .. 2000;
is((() = dump_of("[cors]\norigins = $list\n") =~ /https:/g), 2000,
    'a list of 2000 origins in one line');
my $name = 'X-' . ('a' x (198 - length('[cors]headers = X-') + 6));
my $line = "headers = $name";
is(length $line, 198, 'a line of 198 bytes');
is(dump_of("$plain$line\n"), "[cors]\norigins = https://a.example\n"
    . lc("headers = $name\n") . "max-age = 600\n", 'is read whole');
is(dump_of("$plain$line\r\n"), "[cors]\norigins = https://a.example\n"
    . lc("headers = $name\n") . "max-age = 600\n", 'with CRLF too');
my $tight = "headers=X-" . ('a' x 188);
is(length $tight, 198, 'without blanks');
is(dump_of("$plain$tight\n"), "[cors]\norigins = https://a.example\n"
    . lc($tight =~ s/=/ = /r) . "\nmax-age = 600\n",
    'the dump has room for them');

# A section name of 49 bytes.
my $section = '[cors ' . ('n' x 44) . ']';
is(lint("$section\norigins = https://a.example\npath = /x\n"), '',
    'a section name of 49 bytes');

# Files that are not text.
POSIX::mkfifo("$dir/fifo", 0600) or die "mkfifo: $!";
for my $case ([ '/dev/null', "1: error: no section has origins; nothing would "
		. "be allowed [missing-origins]\n", 1 ],
	[ "$dir", " error: the policy cannot be read: Is a directory; "
		. "name the file in it [no-policy]\n", 2 ],
	[ "$dir/none", " error: the policy cannot be read: No such file or "
		. "directory; `corscheck init FILE` writes a first one [no-policy]\n", 2 ],
	[ "$dir/fifo", " error: the policy cannot be read: it is not a regular "
		. "file [no-policy]\n", 2 ],
	[ '/dev/zero', " error: the policy cannot be read: File too large "
		. "[no-policy]\n", 2 ]) {
	my ($file, $expected, $wanted) = @$case;
	my ($status, $out, $err) = run([ corscheck(), 'lint', $file ]);
	is($out, "$file:$expected", "policy $file");
	is($status, $wanted, "policy $file: exit status");
}
SKIP: {
	skip 'root reads everything', 1 if $> == 0;
	write_file("$dir/secret", $plain, 0000);
	my ($status) = run([ corscheck(), 'lint', "$dir/secret" ]);
	is($status, 2, 'a policy that may not be read');
}

# Any bytes at all: a verdict, never a crash.
srand 1;
my $crashes = 0;
for my $round (1 .. 60) {
	my $text = $plain x 3;
	for (1 .. 1 + int rand 20) {
		substr($text, int rand length $text, int rand 3) =
		    pack 'C*', map { int rand 256 } 1 .. int rand 4;
	}
	write_file("$dir/policy", $text);
	my ($status) = run([ corscheck(), 'lint', '--json', 'policy' ],
	    dir => "$dir");
	next if $status == 0 || $status == 1;
	$crashes++;
	diag("round $round: status $status");
}
is($crashes, 0, 'random bytes');
done_testing();
