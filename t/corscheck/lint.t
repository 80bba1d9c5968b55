#!/usr/bin/perl
# corscheck lint as a tool: its forms, --fix, what is silenced, and how much is
# printed at most.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Encode ();
use File::Basename qw(dirname);
use JSON::PP ();
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();

sub lint { return run([ corscheck(), 'lint', @_ ], dir => $dir) }

my $faulty = <<'INI';
; ours, since 2020
[cors
  origins  =	HTTPS://A.example https://b.example/   https://bücher.example ; keep
credentials = Yes
orgins = https://c.example
max-age = 10m
INI
my $fixed = <<'INI';
; ours, since 2020
[cors]
  origins  =	https://a.example https://b.example   https://xn--bcher-kva.example ; keep
credentials = yes
orgins = https://c.example
max-age = 600
INI

# --- --fix ------------------------------------------------------------------------

my $file = write_file("$dir/a.ini", $faulty, 0640);
my $inode = (stat $file)[1];
my ($status, $out, $err) = lint('--fix', 'a.ini');
is(read_file($file), $fixed, 'comments, blanks and what is not certain stay');
is($status, 1, 'what is left counts');
like($out, qr/\Aa\.ini:5: error: unknown key "orgins" .*\n.*\[max-age-capped\]\n?\z|\Aa\.ini:5: error: unknown key "orgins".*\n\z/,
	'and is printed') or diag $out;
like($err, qr/^a\.ini:3: fixed: https:\/\/a\.example \[case\]$/m, 'what was fixed is said');
like($err, qr/^a\.ini: as it was: .*\/a\.ini\.orig$/m, 'and where the old one is');
is(read_file("$dir/a.ini.orig"), $faulty, 'the backup');
is((stat $file)[2] & 07777, 0640, 'the mode stays');
is((stat "$dir/a.ini.orig")[2] & 07777, 0640, 'of both');
isnt((stat $file)[1], $inode, 'replaced, not written over');

(undef, undef, $err) = lint('--fix', 'a.ini');
is(read_file($file), $fixed, 'a second time changes nothing');
ok(!-e "$dir/a.ini.orig.2", 'and makes no backup');
write_file($file, $faulty);
lint('--fix', 'a.ini');
is(read_file("$dir/a.ini.orig"), $faulty, 'an older backup is kept');
ok(-e "$dir/a.ini.orig.2", 'beside a new one');

write_file("$dir/real.ini", $faulty);
symlink 'real.ini', "$dir/link.ini";
lint('--fix', 'link.ini');
ok(-l "$dir/link.ini", 'a symbolic link stays one');
is(read_file("$dir/real.ini"), $fixed, 'what it leads to is fixed');

SKIP: {
	skip 'root may write anywhere', 3 if $> == 0;
	mkdir "$dir/shut";
	write_file("$dir/shut/b.ini", $faulty);
	chmod 0555, "$dir/shut";
	($status, $out, $err) = lint('--fix', 'shut/b.ini');
	is($status, 2, 'a folder that nothing can be written to');
	like($err, qr/--fix: shut\/b\.ini: Permission denied/, 'the cause');
	is(read_file("$dir/shut/b.ini"), $faulty, 'it is as it was');
	chmod 0755, "$dir/shut";
}
($status, $out, $err) = lint('--fix', 'none.ini');
is($status, 2, 'no such file');

write_file("$dir/crlf.ini", "\xef\xbb\xbf[cors]\r\norigins = https://A.example\r\n");
lint('--fix', 'crlf.ini');
is(read_file("$dir/crlf.ini"), "\xef\xbb\xbf[cors]\r\norigins = https://a.example\r\n",
	'a byte order mark and CRLF stay');

($status, $out, $err) =
    run([ corscheck(), 'lint', '--fix', '-' ], stdin => $faulty);
is($out, $fixed, 'standard input: the fixed policy on standard output');
like($err, qr/^standard input:5: error: unknown key/m, 'the rest on the other');

# --- forms ------------------------------------------------------------------------

# Keys below a header that is no header are not read.
my $open = $faulty =~ s/\[cors$/[cors]/mr;
write_file("$dir/b.ini", $open);
(undef, $out) = lint('--format', 'gcc', 'b.ini');
like($out, qr/^b\.ini:3:14: error: origin "HTTPS:.*\[case\]$/m,
	'gcc: with the column');
like($out, qr/^b\.ini:4:15: error: "credentials"/m, 'of the value');

(undef, $out) = lint('--json', 'b.ini');
my $list = JSON::PP::decode_json($out);
is(join(' ', sort keys %{ $list->[0] }),
	'column file fix id line message severity', 'JSON: the keys');
my ($case) = grep { $_->{id} eq 'case' } @$list;
is("$case->{line}:$case->{column}", '3:14', 'JSON: the place');
is($case->{fix}, 'https://a.example', 'JSON: the fix');
(undef, my $same) = lint('--format', 'json', 'b.ini');
is($same, $out, '--format json is --json');

(undef, $out) = lint('--format', 'sarif', 'b.ini', 'a.ini');
my $sarif = JSON::PP::decode_json($out);
is($sarif->{version}, '2.1.0', 'SARIF');
my $run = $sarif->{runs}[0];
my %rules = map { $_->{id} => 1 } @{ $run->{tool}{driver}{rules} };
ok(!(grep { !$rules{ $_->{ruleId} } } @{ $run->{results} }),
	'SARIF: every rule is declared');
# A fix, applied as SARIF says it: columns are code points.
my @lines = split /(?<=\n)/, Encode::decode('UTF-8', $open);
for my $result (reverse @{ $run->{results} }) {
	my $change = $result->{fixes}[0]{artifactChanges}[0] or next;
	next if $change->{artifactLocation}{uri} ne 'b.ini'
	    || $result->{ruleId} eq 'unknown-key';
	my $replacement = $change->{replacements}[0];
	my $region = $replacement->{deletedRegion};
	substr($lines[ $region->{startLine} - 1 ], $region->{startColumn} - 1,
		$region->{endColumn} - $region->{startColumn}) =
	    $replacement->{insertedContent}{text};
}
is(join('', @lines), $fixed, 'SARIF: its replacements make the same policy');
write_file("$dir/a b%.ini", "[cors]\n");
(undef, $out) = lint('--format', 'sarif', "$dir/a b%.ini");
like($out, qr{"uri": "file://[^"]*/a%20b%25\.ini"}, 'SARIF: names as URIs');

($status, $out, $err) = lint('--format', 'xml', 'b.ini');
is("$status$out", '2', 'a form that is not there');

SKIP: {
	my $script = have_program('script') or skip 'no script(1)', 3;
	my (undef, $shown) = run([ $script, '-qec',
		corscheck() . " lint $dir/b.ini", '/dev/null' ],
	    env => { TERM => 'xterm', NO_COLOR => '' });
	$shown =~ s/\r//g;
	my $plain = $shown =~ s/\e\[[0-9;]*m//gr;
	like($shown, qr/\e\[1;31merror:/, 'a terminal: in colour');
	like($plain, qr/^    4 \| credentials = Yes\n      \|               \^~~$/m,
		'with the line and a caret');
	(undef, $shown) = run([ $script, '-qec',
		corscheck() . " lint $dir/b.ini", '/dev/null' ],
	    env => { TERM => 'xterm', NO_COLOR => '1' });
	unlike($shown, qr/\e/, 'NO_COLOR');
}

# --- silence ----------------------------------------------------------------------

write_file("$dir/c.ini", <<'INI');
[cors]
origins = https://a.example
debug = yes ; corscheck: ignore debug-on
max-age = 30 ; corscheck: ignore max-age-capped, max-age-low
[cors x] ; corscheck: ignore unreachable
methods = patch ; corscheck: ignore debug-on
INI
($status, $out) = lint('--strict', 'c.ini');
like($out, qr/\Ac\.ini:6: warning: .* \[method-case\]\n\z/,
	'a warning of its line is silenced, of another id not');
is($status, 1, '--strict counts what is left');
write_file("$dir/d.ini", "[cors]\norigins = x ; corscheck: ignore scheme\n");
($status, $out) = lint('d.ini');
is($status, 1, 'errors are never silenced');

# --- how much ---------------------------------------------------------------------

sub many {
	my ($errors, $notes) = @_;
	return "[cors]\norigins = https://a.example\n"
	    . join('', map { "methods = GET\nwrong$_ = 1\n" } 1 .. $errors)
	    . "methods = HEAD\n" x $notes;
}
write_file("$dir/e.ini", many(80, 0));
($status, $out) = lint('e.ini');
my @printed = split /\n/, $out;
is(scalar @printed, 51, '50 diagnostics, and one');
is(scalar(grep { /\[safelisted\]/ } @printed), 0, 'errors come before notes');
like($printed[-1], qr/^e\.ini: error: 110 more: 30 errors, 0 warnings, 80 notes.* \[too-many\]$/,
	'how many more');
is($status, 1, 'and they count');
(undef, $out) = lint('--json', 'e.ini', 'a.ini');
$list = JSON::PP::decode_json($out);
is(scalar(grep { $_->{file} eq 'e.ini' } @$list), 51, 'JSON: 51 of the file');
cmp_ok(scalar(grep { $_->{file} eq 'a.ini' } @$list), '>', 0,
	'JSON: the next file has its own');
write_file("$dir/f.ini", many(51, 0) =~ s/methods = GET\n//gr);
(undef, $out) = lint('f.ini');
unlike($out, qr/too-many/, 'one more is not counted but printed');

write_file("$dir/binary", read_file($^X));
($status, $out) = lint('binary');
is($out, "binary: error: the file is not text: a policy is an INI file [syntax]\n",
	'a program: one error');
is($status, 1, 'exit status');

# --- standard input ---------------------------------------------------------------

($status, $out) = run([ corscheck(), 'lint', '-' ], stdin => $open);
like($out, qr/^standard input:3: error: /m, 'lint -');
($status, $out) = run([ corscheck(), 'dump', '-' ],
	stdin => "[cors]\norigins = https://a.example\n");
like($out, qr/^origins\s*= https:\/\/a\.example$/m, 'dump -');
($status, $out) = run([ corscheck(), 'explain', '-p', '-', '--json',
	'--url', 'https://b.example/', '--origin', 'https://a.example' ],
	stdin => "[cors]\norigins = https://a.example\n");
is(JSON::PP::decode_json($out)->{verdict}, 'allowed', 'explain -p -');

done_testing();
