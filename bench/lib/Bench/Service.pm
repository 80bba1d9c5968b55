package Bench::Service;

# A service under measurement: a process with its children, whose CPU time and
# memory can be read.  CPU time comes from a cgroup of its own if we can make
# one (it includes ended children, to the nanosecond); else from /proc, where
# that of ended children is known to 10 ms.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(read_file start stop wait_for write_file);
use Exporter qw(import);
use POSIX ();
use Time::HiRes qw(sleep clock_gettime);

our @EXPORT = qw(service cpu_of way_of_counting);

my $count = 0;
my $tick  = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my $groups;    # where cgroups can be made; '': not possible

sub _groups {
	return $groups if defined $groups;
	for my $place (qw(/sys/fs/cgroup/cpuacct /sys/fs/cgroup)) {
		my $own = "$place/corswrap-bench-$$";
		next unless -d $place && mkdir $own;
		my $counts = -e "$own/cpuacct.usage" || -e "$own/cpu.stat";
		rmdir $own;
		return $groups = $place if $counts;
	}
	return $groups = '';
}

sub way_of_counting {
	return _groups() ? 'cgroup ' . _groups() : '/proc, to 10 ms';
}

# service(COMMAND, ready => sub, %options of start): runs when this returns.
sub service {
	my ($command, %o) = @_;
	my $self  = bless {}, __PACKAGE__;
	my $ready = delete $o{ready};
	my @words = @$command;
	if (_groups()) {
		$self->{group} = _groups() . "/corswrap-bench-$$-" . ++$count;
		mkdir $self->{group} or die "$self->{group}: $!\n";
		unshift @words, '/bin/sh', '-c',
		    'echo $$ >"$0/cgroup.procs" && exec "$@"', $self->{group};
	}
	$self->{pid} = start(\@words, %o);
	return $self if !$ready || wait_for($ready);
	die "$command->[0] does not come up:\n",
	    $o{stderr} ? read_file($o{stderr}) : '';
}

# A process and those under it.
sub _tree {
	my ($top) = @_;
	my %children;
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($pid, $parent) = read_file($stat) =~
		    /^(\d+) \(.*\) \S (\d+)/s or next;
		push @{ $children{$parent} }, $pid;
	}
	my @found = ($top);
	for (my $i = 0; $i < @found; $i++) {
		push @found, @{ $children{ $found[$i] } // [] };
	}
	return @found;
}

sub pids {
	my ($self) = @_;
	return split ' ', read_file("$self->{group}/cgroup.procs")
	    if $self->{group};
	return _tree($self->{pid});
}

sub pid { return $_[0]{pid} }

# Seconds of CPU time since it began.
sub cpu {
	my ($self) = @_;
	if ($self->{group}) {
		my $v1 = read_file("$self->{group}/cpuacct.usage");
		return $v1 / 1e9 if length $v1;
		return read_file("$self->{group}/cpu.stat") =~
		    /^usage_usec (\d+)/m ? $1 / 1e6 : 0;
	}
	my $sum = 0;
	for my $pid (_tree($self->{pid})) {
		# clock_getcpuclockid(3): its threads, those that ended too
		my $own = clock_gettime((-1 - $pid) * 8 + 2);
		$sum += $own if $own > 0;
		my @stat = split ' ', read_file("/proc/$pid/stat") =~
		    s/.*\)//sr;
		$sum += ($stat[13] + $stat[14]) / $tick if @stat > 14;
	}
	return $sum;
}

# Seconds of all of several services.
sub cpu_of {
	my $sum = 0;
	$sum += $_->cpu for @_;
	return $sum;
}

# KiB: the largest process's resident (RSS), and what all take together (PSS).
sub memory {
	my ($self) = @_;
	my ($rss, $pss) = (0, 0);
	for my $pid ($self->pids) {
		my $rollup = read_file("/proc/$pid/smaps_rollup");
		my ($r) = $rollup =~ /^Rss:\s+(\d+)/m;
		my ($p) = $rollup =~ /^Pss:\s+(\d+)/m;
		$rss = $r if ($r // 0) > $rss;
		$pss += $p // 0;
	}
	return ($rss, $pss);
}

# KiB: what the first process has resident, and had at most.
sub resident {
	my ($self) = @_;
	my $status = read_file("/proc/$self->{pid}/status");
	my ($now)  = $status =~ /^VmRSS:\s+(\d+)/m;
	my ($peak) = $status =~ /^VmHWM:\s+(\d+)/m;
	return ($now // 0, $peak // 0);
}

sub end {
	my ($self) = @_;
	return unless $self->{pid};
	my @all = $self->pids;
	stop(delete $self->{pid}, 'TERM');
	return unless $self->{group};
	my $group = delete $self->{group};
	for (1 .. 100) {
		return if rmdir $group;
		kill 'KILL', split ' ', read_file("$group/cgroup.procs");
		sleep 0.02;
	}
	return;
}

sub DESTROY {
	my ($self) = @_;
	local ($?, $@, $!);
	$self->end;
	return;
}

1;
