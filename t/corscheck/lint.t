#!/usr/bin/perl
# corscheck lint as a tool: formats, --fix, how diagnostics are silenced, and how many
# are printed at most.
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
# Without libidn2 no Punycode is offered.
SKIP: {
	my $why = without('idn') or last SKIP;
	s{   https://\S+cher\S+}{} for $faulty, $fixed;
	s{   https://xn\S+}{} for $fixed;
	skip "$why: no host outside of ASCII is fixed", 1;
}

# --- --fix ------------------------------------------------------------------------

my $file = write_file("$dir/a.ini", $faulty, 0640);
my $inode = (stat $file)[1];
my ($status, $out, $err) = lint('--fix', 'a.ini');
is(read_file($file), $fixed,
    '--fix changes no comments, no blanks and nothing that is uncertain');
is($status, 1, '--fix: errors that are left set the exit status');
like($out, qr/\Aa\.ini:5: error: unknown key "orgins" .*\n.*\[max-age-capped\]\n?\z|\Aa\.ini:5: error: unknown key "orgins".*\n\z/,
	'--fix: errors that are left are printed') or diag $out;
like($err, qr/^a\.ini:3: fixed: https:\/\/a\.example \[case\]$/m,
    '--fix reports what it fixed');
like($err, qr/^a\.ini: as it was: .*\/a\.ini\.orig$/m,
    '--fix reports where the backup is');
is(read_file("$dir/a.ini.orig"), $faulty, 'the backup has the old policy');
is((stat $file)[2] & 07777, 0640, 'the policy keeps its mode');
is((stat "$dir/a.ini.orig")[2] & 07777, 0640, 'the backup has the same mode');
isnt((stat $file)[1], $inode, 'the file is replaced, not overwritten');

(undef, undef, $err) = lint('--fix', 'a.ini');
is(read_file($file), $fixed, 'a second --fix changes nothing');
ok(!-e "$dir/a.ini.orig.2", 'a second --fix makes no backup');
write_file($file, $faulty);
lint('--fix', 'a.ini');
is(read_file("$dir/a.ini.orig"), $faulty, 'an older backup is kept');
ok(-e "$dir/a.ini.orig.2", 'the new backup has another name');

write_file("$dir/real.ini", $faulty);
symlink 'real.ini', "$dir/link.ini";
lint('--fix', 'link.ini');
ok(-l "$dir/link.ini", 'a symbolic link is not replaced');
is(read_file("$dir/real.ini"), $fixed, 'the target of a symbolic link is fixed');

SKIP: {
	skip 'root may write anywhere', 3 if $> == 0;
	mkdir "$dir/shut";
	write_file("$dir/shut/b.ini", $faulty);
	chmod 0555, "$dir/shut";
	($status, $out, $err) = lint('--fix', 'shut/b.ini');
	is($status, 2, 'a folder that is not writable: exit status 2');
	like($err, qr/--fix: shut\/b\.ini: Permission denied/,
	    'a folder that is not writable is reported');
	is(read_file("$dir/shut/b.ini"), $faulty,
	    'the policy in a folder that is not writable is not changed');
	chmod 0755, "$dir/shut";
}
($status, $out, $err) = lint('--fix', 'none.ini');
is($status, 2, '--fix of a missing file: exit status 2');

write_file("$dir/crlf.ini", "\xef\xbb\xbf[cors]\r\norigins = https://A.example\r\n");
lint('--fix', 'crlf.ini');
is(read_file("$dir/crlf.ini"), "\xef\xbb\xbf[cors]\r\norigins = https://a.example\r\n",
	'--fix keeps a byte order mark and CRLF');

($status, $out, $err) =
    run([ corscheck(), 'lint', '--fix', '-' ], stdin => $faulty);
is($out, $fixed, '--fix -: the fixed policy is on standard output');
like($err, qr/^standard input:5: error: unknown key/m,
    '--fix -: errors that are left are on standard error');

# --- formats ----------------------------------------------------------------------

# lint does not read keys below an invalid section header, so close it.
my $open = $faulty =~ s/\[cors$/[cors]/mr;
write_file("$dir/b.ini", $open);
(undef, $out) = lint('--format', 'gcc', 'b.ini');
like($out, qr/^b\.ini:3:14: error: origin "HTTPS:.*\[case\]$/m,
	'gcc: the column of an origin');
like($out, qr/^b\.ini:4:15: error: "credentials"/m, 'gcc: the column of a value');

(undef, $out) = lint('--json', 'b.ini');
my $list = JSON::PP::decode_json($out);
is(join(' ', sort keys %{ $list->[0] }),
	'column file fix id line message severity', 'JSON: the keys of a diagnostic');
my ($case) = grep { $_->{id} eq 'case' } @$list;
is("$case->{line}:$case->{column}", '3:14', 'JSON: line and column');
is($case->{fix}, 'https://a.example', 'JSON: the fix');
(undef, my $same) = lint('--format', 'json', 'b.ini');
is($same, $out, '--format json is the same as --json');

(undef, $out) = lint('--format', 'sarif', 'b.ini', 'a.ini');
my $sarif = JSON::PP::decode_json($out);
is($sarif->{version}, '2.1.0', 'SARIF: version 2.1.0');
my $run = $sarif->{runs}[0];
my %rules = map { $_->{id} => 1 } @{ $run->{tool}{driver}{rules} };
ok(!(grep { !$rules{ $_->{ruleId} } } @{ $run->{results} }),
	'SARIF: every rule is declared');
# Apply the fixes as SARIF describes them: columns are code points.
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
is(join('', @lines), $fixed, 'SARIF: its replacements give the same policy as --fix');
write_file("$dir/a b%.ini", "[cors]\n");
(undef, $out) = lint('--format', 'sarif', "$dir/a b%.ini");
like($out, qr{"uri": "file://[^"]*/a%20b%25\.ini"}, 'SARIF: names of files are URIs');

($status, $out, $err) = lint('--format', 'xml', 'b.ini');
is("$status$out", '2', 'an unknown format: exit status 2');

SKIP: {
	my $script = have_program('script') or skip 'no script(1)', 3;
	my (undef, $shown) = run([ $script, '-qec',
		corscheck() . " lint $dir/b.ini", '/dev/null' ],
	    env => { TERM => 'xterm', NO_COLOR => '' });
	$shown =~ s/\r//g;
	my $plain = $shown =~ s/\e\[[0-9;]*m//gr;
	like($shown, qr/\e\[1;31merror:/, 'on a terminal, diagnostics are in colour');
	like($plain, qr/^    4 \| credentials = Yes\n      \|               \^~~$/m,
		'on a terminal, the line is shown with a caret');
	(undef, $shown) = run([ $script, '-qec',
		corscheck() . " lint $dir/b.ini", '/dev/null' ],
	    env => { TERM => 'xterm', NO_COLOR => '1' });
	unlike($shown, qr/\e/, 'NO_COLOR: no colour on a terminal');
}

# --- silenced diagnostics ---------------------------------------------------------

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
	'a comment silences the ids that it names, on its line only');
is($status, 1, '--strict: a warning that is left sets the exit status');
write_file("$dir/d.ini", "[cors]\norigins = x ; corscheck: ignore scheme\n");
($status, $out) = lint('d.ini');
is($status, 1, 'an error cannot be silenced');

# --- the number of diagnostics ----------------------------------------------------

sub many {
	my ($errors, $notes) = @_;
	return "[cors]\norigins = https://a.example\n"
	    . join('', map { "methods = GET\nwrong$_ = 1\n" } 1 .. $errors)
	    . "methods = HEAD\n" x $notes;
}
write_file("$dir/e.ini", many(80, 0));
($status, $out) = lint('e.ini');
my @printed = split /\n/, $out;
is(scalar @printed, 51, '50 diagnostics are printed, and one line about the others');
is(scalar(grep { /\[safelisted\]/ } @printed), 0, 'errors come before notes');
like($printed[-1], qr/^e\.ini: error: 110 more: 30 errors, 0 warnings, 80 notes.* \[too-many\]$/,
	'the last line says how many diagnostics are omitted');
is($status, 1, 'omitted errors set the exit status');
(undef, $out) = lint('--json', 'e.ini', 'a.ini');
$list = JSON::PP::decode_json($out);
is(scalar(grep { $_->{file} eq 'e.ini' } @$list), 51, 'JSON: 51 diagnostics of the file');
cmp_ok(scalar(grep { $_->{file} eq 'a.ini' } @$list), '>', 0,
	'JSON: the next file has a limit of its own');
write_file("$dir/f.ini", many(51, 0) =~ s/methods = GET\n//gr);
(undef, $out) = lint('f.ini');
unlike($out, qr/too-many/, '51 diagnostics are all printed');

write_file("$dir/binary", read_file($^X));
($status, $out) = lint('binary');
is($out, "binary: error: the file is not text: a policy is an INI file [syntax]\n",
	'a binary file: exactly one error');
is($status, 1, 'a binary file: exit status 1');

# --- standard input ---------------------------------------------------------------

($status, $out) = run([ corscheck(), 'lint', '-' ], stdin => $open);
like($out, qr/^standard input:3: error: /m, 'lint - reads standard input');
($status, $out) = run([ corscheck(), 'dump', '-' ],
	stdin => "[cors]\norigins = https://a.example\n");
like($out, qr/^origins\s*= https:\/\/a\.example$/m, 'dump - reads standard input');
($status, $out) = run([ corscheck(), 'explain', '-p', '-', '--json',
	'--url', 'https://b.example/', '--origin', 'https://a.example' ],
	stdin => "[cors]\norigins = https://a.example\n");
is(JSON::PP::decode_json($out)->{verdict}, 'allowed',
    'explain -p - reads the policy from standard input');

# A file whose name begins with "-" is not standard input.
write_file("$dir/-x", "[cors]\norigins = https://a.example\nmax-age = 30\n");
(undef, $out, $err) = lint('--fix', '--', '-x');
like($out, qr/max-age-low/, 'lint --fix -- -x: diagnostics on standard output');
is($err, '', 'and nothing on standard error');

# A removed working directory: the message tells the cause.
mkdir("$dir/gone");
($status, $out) = run([ 'sh', '-c', 'cd "$1" && rmdir "$1" && exec "$2" lint -',
	'sh', "$dir/gone", corscheck() ], stdin => "[cors]\norigins = *\n");
SKIP: {
	skip 'the working directory cannot be removed here', 1 if -d "$dir/gone";
	like($out, qr/error: the working directory cannot be determined: No such file/,
		'lint - in a removed directory does not claim that memory is missing');
}

done_testing();
