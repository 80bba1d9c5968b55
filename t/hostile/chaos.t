#!/usr/bin/perl
# All kinds of faults at once for some seconds: connections that stall,
# trickle, are cut and reset at any byte between client, server, corswrap and
# php-fpm; processes that are stopped; full disks, clocks that jump.  Every
# response is complete and right, or visibly cut off; no request is lost, and
# no process or descriptor is left.
#
#	CORSWRAP_SEED=17 t/run hostile/chaos    the same again
#
# bench/soak does so for hours.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Chaos;
use Corswrap::Faults;
use Corswrap::Scenes;
use Corswrap::Test qw(patience under_valgrind wait_for);
use Corswrap::Trouble;
use Test::More;

my $seed = $ENV{CORSWRAP_SEED} // (time ^ $$) % 100_000;
diag("CORSWRAP_SEED=$seed");
my $seconds = ($ENV{CORSWRAP_LONG} ? 60 : 6) * (under_valgrind() ? 3 : 1);

sub nothing_wrong {
	my ($sum) = @_;
	is_deeply($sum->{wrong}, [], 'every answer is whole and right, or is seen '
	    . 'to be cut') or diag("CORSWRAP_SEED=$seed");
	note(map { "  $sum->{counts}{$_} $_\n" } sort keys %{ $sum->{counts} });
	return $sum->{counts};
}

# Run until enough requests were made, which takes longer on a slow machine.
sub enough {
	my ($chaos) = @_;
	my ($asked, $well, $harm, $longest) = (0, 0, 0, 0);
	for (1 .. 8) {
		my $counts = nothing_wrong($chaos->run(clients => 10,
			seconds => $seconds));
		$asked += $counts->{asked};
		$well += $counts->{'unharmed: right, whole'} // 0;
		$harm += $counts->{$_} for grep { /^harm:/ } keys %$counts;
		$longest = $counts->{longest} // 0
		    if ($counts->{longest} // 0) > $longest;
		last if $asked > 60 && $well > 40 && $harm > 10;
	}
	cmp_ok($asked, '>', 60, 'many were asked');
	cmp_ok($well, '>', 40, 'and answered');
	cmp_ok($longest, '<', patience(20), 'soon, beside all that');
	cmp_ok($harm, '>', 10, 'though much harm was done');
	return;
}

scene 'everything at once' => sub {
	my $chaos = Corswrap::Chaos->new(seed => $seed);
	# A process after some requests: its figures are the baseline.
	nothing_wrong($chaos->run(clients => 4, seconds => 1.5));
	my $before = $chaos->left;
	enough($chaos);
	my $left = $chaos->left;
	is_deeply($left->{$_}, [], "afterwards: $_")
	    for qw(programs files deleted held);
	for my $name (grep { ref $left->{$_} eq 'HASH' } sort keys %$left) {
		my ($then, $now) = ($before->{$name}, $left->{$name});
		cmp_ok($now->{descriptors}, '<=', $then->{descriptors} + 4,
		    "descriptors, $name");
		my $most = $then->{resident} + 3072;
		my $r = $chaos->responder_of($name);
		ok(Corswrap::Faults->is_sanitized || wait_for(sub {
			$r->resident <= $most }), "memory, $name: "
		    . "$then->{resident}, then " . $r->resident . ' KiB');
	}
	my $ends = $chaos->stop;
	is($ends->{$_}, 0, "ends well: $_") for sort keys %$ends;
};

for my $scene ([ full_disk => \&full_disk ], [ clock_jumps => \&clock_jumps ],
	[ deadline_race => sub { deadline_race(12) } ]) {
	my ($name, $play) = @$scene;
	scene $name => sub {
	SKIP: {
		# valgrind and sanitizers must be preloaded first.
		skip 'a preloaded library beside a sanitizer', 1
		    if $name eq 'clock_jumps' && Corswrap::Faults->is_sanitized;
		my @seen = $play->();
		skip $seen[0][1], 1 if !defined $seen[0][0];
		ok($_->[0], $_->[1]) for @seen;
	} };
}
play_scenes();
done_testing;
