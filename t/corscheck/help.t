#!/usr/bin/perl
# corscheck help has an entry for every id that the programs can print, and its
# examples are correct: lint reports the id for the wrong policy and not for the
# right one.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(basename dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
my $src = top_src() . '/src';

# --- every id ---------------------------------------------------------------------

# Collect the ids in the source: of diagnostics, decisions and explanations.
my %used;
my $id = qr/"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"/;
for my $file (glob "$src/policy/*.c") {
	next if basename($file) =~ /^import/;
	my $text = read_file($file);
	$used{$1} = $file while $text =~ /SEVERITY_\w+,[^;"]{0,200}?$id,/g;
	$used{$1} = $file while $text =~ /\b(?:complain|report|loader_\w+)\([^;"]{0,120}?$id,/g;
}
my $decide = read_file("$src/cors/decide.c");
my ($reasons) = $decide =~ /reason_ids\[\][^{]*\{(.*?)\};|\[CORS_ORIGIN_NOT_ALLOWED\](.*?)\};/s;
$used{$1} = 'decide.c' while ($decide =~ /\[CORS_\w+\]\s*=\s*$id/g);
for my $file (glob "$src/explain/*.c $src/probe/*.c") {
	my $text = read_file($file);
	$used{$1} = $file while $text =~ /(?:finding_add|explain_blocked|explain_unreachable)\(\s*\w+,\s*$id/g;
}
# Ids of the log follow the level, a status, or the 0 of a time limit, or name the
# failure that the counters have.
my %logged;
for my $file (glob "$src/run/*.c $src/serve/*.c $src/corswrap/*.c") {
	my $text = read_file($file);
	$logged{$1} = $file while $text =~ /LOG_LEVEL_\w+,\s*$id/g;
	$logged{$1} = $file while $text =~ /\b(?:0|[45]\d\d|status),\s*$id,/g;
	$logged{$1} = $file while $text =~ /\b(?:failure|id) =\s*$id/g;
	$logged{$1} = $file
	    while $text =~ /\b(?:metrics_failed|response_fail)\([^;"]*$id/g;
	for my $choice ($text =~ /\b(?:id = |LOG_LEVEL_WARNING,\s*)(\w+\s*\?[^;]*?)[;,]/g) {
		$logged{$1} = $file while $choice =~ /$id/g;
	}
}
cmp_ok(scalar keys %logged, '>', 60, 'ids of the log were found');
%used = (%used, %logged);
delete @used{qw(none)};
my (undef, $list) = run([ corscheck(), 'help' ]);
my %known = map { $_ => 1 } $list =~ /^([a-z0-9-]+) +(?:error|warning|note|reason|finding|log) /mg;
cmp_ok(scalar keys %known, '>', 100, 'help lists more than a hundred ids');
cmp_ok(scalar keys %used, '>', 60, 'ids were found in the source');
is_deeply([ grep { !$known{$_} } sort keys %used ], [],
    'every id in the source has an entry in help')
    or diag map { "$_: $used{$_}\n" } grep { !$known{$_} } sort keys %used;

# Conversely, every entry is for an id that a program prints.
my $all = join '', map { read_file($_) } glob "$src/*/*.c";
is_deeply([ grep { index($all, "\"$_\"") < 0 } sort keys %known ], [],
    'every entry in help is for an id in the source');

# lint-ids.t has the list of DESIGN.md and of the manual.
my ($lint_ids) = read_file(dirname(__FILE__) . '/../policy/lint-ids.t') =~ /my \@ids = qw\((.*?)\)/s;
is_deeply([ grep { !$known{$_} } split ' ', $lint_ids ], [],
    'every id of lint has an entry');

# --- every example ----------------------------------------------------------------

my $help = read_file("$src/explain/help.txt") =~ s/^#.*\n//mgr;
for my $entry (split /^== /m, $help) {
	my ($name) = $entry =~ /^(\S+) / or next;
	my ($wrong) = $entry =~ /^wrong:\n((?:(?!right:$|fix: ).+\n)+)/m;
	my ($right) = $entry =~ /^right:\n((?:(?!fix: ).+\n)+)/m;
	like($entry, qr/^right:|^fix: /m, "$name: the entry says what to do");
	next unless $wrong;
	for my $case ([ wrong => $wrong, 1 ], [ right => $right, 0 ]) {
		my ($what, $policy, $has) = @$case;
		$policy = "origins = https://app.example.com\n$policy"
		    if $policy !~ /^\[/ && $policy !~ /^or\w+(?:-regex|-file)? = /m;
		$policy = "[cors]\n$policy" if $policy !~ /^\[/;
		write_file("$dir/policy", $policy);
		my (undef, $out) = run([ corscheck(), 'lint', "$dir/policy" ]);
		is($out =~ /\[\Q$name\E\]$/m ? 1 : 0, $has,
		    "$name: lint reports the id for the wrong example only ($what)") or diag $out;
		is(join("\n", grep { !/: note:/ } split /\n/, $out), '',
			"$name: the right example has no other errors") unless $has;
	}
}

# --- the command ------------------------------------------------------------------

my ($status, $out) = run([ corscheck(), 'help', 'case' ]);
is($status, 0, 'help ID: exit status 0');
is($out, <<'OUT', 'help ID prints the entry');
case (error)

Browsers send scheme and host in lower case, and origins are compared byte for byte.

Wrong:
    origins = https://App.example.com

Right:
    origins = https://app.example.com
OUT
(undef, my $same) = run([ corscheck(), 'help', '[case]' ]);
is($same, $out, 'the id may have the brackets of a diagnostic');
($status, $out, my $err) = run([ corscheck(), 'help', 'cas' ]);
is("$status$out", '2', 'an unknown id: exit status 2');
like($err, qr/no such id: "cas"/, 'an unknown id is reported');
done_testing();
