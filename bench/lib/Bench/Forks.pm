package Bench::Forks;

# The least that a warm Perl script can cost: a Perl that has compiled it forks,
# reads what the fork prints, and waits for it, one after the other.  No server,
# no responder, nothing that looks whether the script has changed.
#
#	perl -MBench::Forks=MILLISECONDS,MODULE,... SCRIPT
#
# prints how many times, the seconds and the seconds of CPU time that all took,
# and the median of a run in microseconds.
#
# SPDX-License-Identifier: ISC

my ($ms, @load);

sub import {
	(undef, $ms, @load) = @_;
	return;
}

sub _run {
	pipe my $read, my $write or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open STDOUT, '>&', $write;
		close $_ for $read, $write;
		return 1;
	}
	close $write;
	my $text;
	1 while sysread $read, $text, 65536;
	close $read;
	waitpid $pid, 0;
	return;
}

INIT {
	if (defined $ms) {
		require Time::HiRes;
		require s{::}{/}gr . '.pm' for @load;
		my ($start, $in_script, @times) = Time::HiRes::time();
		my ($now, @before) = ($start, times);
		while (!$in_script && $now - $start < $ms / 1000) {
			my $begun = $now;
			$in_script = _run();
			$now = Time::HiRes::time();
			push @times, $now - $begun;
		}
		if (!$in_script) {
			my @after = times;
			my $cpu = 0;
			$cpu += $after[$_] - $before[$_] for 0 .. 3;
			@times = sort { $a <=> $b } @times;
			$| = 1;
			printf "%d %f %f %f\n", scalar @times, $now - $start, $cpu,
			    1e6 * $times[ $#times / 2 ];
			kill 'KILL', $$; # without END blocks, which are the script's
		}
	}
}

1;
