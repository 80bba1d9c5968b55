#!/usr/bin/perl
# The fuzz targets without a fuzzer: their corpora, and some thousands of
# mutations of them, the same in every run.  With CORSWRAP_LONG set (t/run
# --long) a minute each of new mutations.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my $replay = top_build() . '/fuzz/replay';
plan skip_all => 'fuzz/replay is not built' unless -x $replay;
my $corpus = top_src() . '/fuzz/corpus';
my $long   = $ENV{CORSWRAP_LONG};
my $dir    = tempdir();

my (undef, undef, $usage) = run([$replay]);
my ($names) = $usage =~ /^targets: (.+)$/m;
my @targets = split ' ', $names // '';
cmp_ok(scalar @targets, '>', 10, 'replay names its targets');
is_deeply([ sort map { m{([^/]+)$} } glob "$corpus/*" ], [ sort @targets ],
    'each has a corpus, and each corpus a target');
my @sources = map { m{/(\w+)\.c$} } glob top_src() . '/fuzz/*.c';
is_deeply([ sort @targets ], [ sort grep { $_ ne 'replay' } @sources ],
    'and a file');

# Targets with system calls for every input run fewer.  So does valgrind, which
# also runs the whole corpora.
my $share = under_valgrind() ? 50 : 1;
my %slow = map { $_ => 1 } qw(fastcgi import log originsfile page params policy);
# One process or connection per input.
my %few = (relay => 40, forward => 600);
for my $target (@targets) {
	my @how = $long ? ('-t', 60, '-s', time ^ $$)
	    : ('-n', int(($few{$target} ||
		($slow{$target} ? 3000 : 20000)) / $share) || 1);
	my ($exit, $out, $err) = run([ $replay, $target, @how,
		"$corpus/$target" ], timeout => 300,
		env => { FUZZ_ARTIFACTS => "$dir" });
	my ($inputs, $done) =
	    $out =~ /^\Q$target\E: (\d+) inputs, (\d+) mutations$/;
	ok($exit == 0 && $inputs && $done, "$target: "
	    . ($done // 0) . ' mutations');
	next if $exit == 0;
	diag("$target: exit status $exit, with @how\n$err");
	my $input = read_file("$dir/crash-$target");
	diag('the input: ' . unpack('H*', substr $input, 0, 4096));
}

# A target that could not fail would prove nothing.
{
	my ($exit, undef, $err) = run([ $replay, 'no-such-target' ]);
	is($exit, 2, 'an unknown target is an error');
	write_file("$dir/none", '');
	mkdir "$dir/empty";
	($exit) = run([ $replay, 'url', "$dir/empty" ]);
	is($exit, 1, 'so is a corpus without inputs');
}
done_testing;
