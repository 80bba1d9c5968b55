#!/usr/bin/perl
# corscheck help: an entry for every id that the programs can print, and
# correct examples: the wrong policy gets the id, the right one does not.
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

# The ids in the source: of diagnostics, of decisions, of explanations.
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
# Of the log: behind the level; behind a status, or a time limit's 0; as the
# failure that counters have.
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
cmp_ok(scalar keys %known, '>', 100, 'over a hundred ids');
cmp_ok(scalar keys %used, '>', 60, 'and most of the source was found');
is_deeply([ grep { !$known{$_} } sort keys %used ], [], 'every id has an entry')
    or diag map { "$_: $used{$_}\n" } grep { !$known{$_} } sort keys %used;

# And every entry is for an id that a program prints.
my $all = join '', map { read_file($_) } glob "$src/*/*.c";
is_deeply([ grep { index($all, "\"$_\"") < 0 } sort keys %known ], [],
    'every entry is of an id in the source');

# The lists of DESIGN.md, as lint-ids and the manual have them.
my ($lint_ids) = read_file(dirname(__FILE__) . '/../policy/lint-ids.t') =~ /my \@ids = qw\((.*?)\)/s;
is_deeply([ grep { !$known{$_} } split ' ', $lint_ids ], [], 'every id of lint');

# --- every example ----------------------------------------------------------------

my $help = read_file("$src/explain/help.txt") =~ s/^#.*\n//mgr;
for my $entry (split /^== /m, $help) {
	my ($name) = $entry =~ /^(\S+) / or next;
	my ($wrong) = $entry =~ /^wrong:\n((?:(?!right:$|fix: ).+\n)+)/m;
	my ($right) = $entry =~ /^right:\n((?:(?!fix: ).+\n)+)/m;
	like($entry, qr/^right:|^fix: /m, "$name: says what to do");
	next unless $wrong;
	for my $case ([ wrong => $wrong, 1 ], [ right => $right, 0 ]) {
		my ($what, $policy, $has) = @$case;
		$policy = "origins = https://app.example.com\n$policy"
		    if $policy !~ /^\[/ && $policy !~ /^or\w+(?:-regex|-file)? = /m;
		$policy = "[cors]\n$policy" if $policy !~ /^\[/;
		write_file("$dir/policy", $policy);
		my (undef, $out) = run([ corscheck(), 'lint', "$dir/policy" ]);
		is($out =~ /\[\Q$name\E\]$/m ? 1 : 0, $has, "$name: $what") or diag $out;
		is(join("\n", grep { !/: note:/ } split /\n/, $out), '',
			"$name: nothing else is wrong with it") unless $has;
	}
}

# --- the command ------------------------------------------------------------------

my ($status, $out) = run([ corscheck(), 'help', 'case' ]);
is($status, 0, 'help ID');
is($out, <<'OUT', 'what it prints');
case (error)

Browsers send scheme and host in lower case, and origins are compared byte for byte.

Wrong:
    origins = https://App.example.com

Right:
    origins = https://app.example.com
OUT
(undef, my $same) = run([ corscheck(), 'help', '[case]' ]);
is($same, $out, 'with the brackets of a diagnostic');
($status, $out, my $err) = run([ corscheck(), 'help', 'cas' ]);
is("$status$out", '2', 'no such id');
like($err, qr/no such id: "cas"/, 'it says so');
done_testing();
