package Corswrap::Counts;

# The cost of work in numbers that are the same on every machine: system calls
# (strace), instructions and allocations (callgrind).
#
#	my $count = calls_of($pid, sub { ... });	# { read => 3, ... }
#	my $count = least_calls($pid, sub { ... }, sub { $_[0]{read} <= 3 });
#	my $cost = cost_of(\@command, sub { my ($pid) = @_; ... });
#	$cost->{instructions}, $cost->{allocations}
#
# undef if it cannot be measured: under valgrind the numbers are valgrind's.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(corswrap have_program read_file start stop tempdir
    under_valgrind wait_for write_file);
use Exporter qw(import);
use POSIX ();
use Time::HiRes qw(sleep);

our @EXPORT = qw(calls_of least_calls cost_of can_count_cost);

# System calls of the process, its threads and its children until they exec,
# while the code runs; by name; MSG_PEEK counts as "peek", all kinds of reads
# and writes as these.
sub calls_of {
	my ($target, $code) = @_;
	return undef if under_valgrind() || !have_program('strace');
	my $dir  = tempdir();
	my $file = "$dir/strace";
	my $pid  = fork // die "fork: $!";
	if ($pid == 0) {
		open STDERR, '>', "$file.err";
		exec 'strace', '-f', '-q', '-o', $file, '-p', $target
		    or POSIX::_exit(127);
	}
	wait_for(sub { -s $file || read_file("$file.err") =~ /ttach/ }, 20);
	sleep 0.3;
	write_file($file, '');
	$code->();
	sleep 0.2;
	kill 'INT', $pid;
	waitpid $pid, 0;
	return undef
	    if read_file("$file.err") =~ /not permitted|denied|Could not/;
	my (%count, %gone);
	for my $line (split /\n/, read_file($file)) {
		my ($task, $name) = $line =~ /^(\d+)\s+(\w+)\(/ or next;
		next if $gone{$task};
		$gone{$task} = 1 if $name eq 'execve';
		# i386 has calls of its own for them.
		$name = 'write' if $name =~ /^send(?:to)?$/;
		$name = $line =~ /MSG_PEEK/ ? 'peek' : 'read'
		    if $name =~ /^recv(?:from)?$/;
		$count{$name}++;
	}
	return \%count;
}

# The same, up to five times, until the second code says that they are as few as
# they are to be: on a busy machine bytes come late, and threads sleep and wake
# each other in between, but a call that is made for each request always shows.
sub least_calls {
	my ($target, $code, $is_few) = @_;
	my $count;
	for (1 .. 5) {
		$count = calls_of($target, $code) or return undef;
		last if $is_few->($count);
	}
	return $count;
}

# valgrind cannot run a program with a sanitizer; and one for make coverage is
# not optimised, and writes files at its end.
sub can_count_cost {
	return !under_valgrind() && have_program('valgrind')
	    && have_program('callgrind_control')
	    && read_file(corswrap()) !~ /__(?:asan|tsan|ubsan|gcov)_/;
}

my %allocates = map { $_ => 1 } qw(malloc calloc realloc posix_memalign
    aligned_alloc);

# The numbers in a profile of callgrind: instructions, and calls of allocators.
sub _read_profile {
	my ($file) = @_;
	my (%name, %cost, $callee);
	$cost{allocations} = 0;
	for my $line (split /\n/, read_file($file)) {
		if ($line =~ /^(?:summary|totals): (\d+)/) {
			$cost{instructions} = $1;
		} elsif ($line =~ /^(c?)fn=\((\d+)\)(?: (.*))?/) {
			$name{$2} = $3 if defined $3;
			$callee = $name{$2} if $1;
		} elsif ($line =~ /^calls=(\d+)/) {
			$cost{allocations} += $1
			    if $allocates{ ($callee // '') =~ s/'\d+$//r };
		}
	}
	return defined $cost{instructions} ? \%cost : undef;
}

# A whole process under callgrind, from its start until the code returns, which
# is called with its pid; without code, until its own end.
sub cost_of {
	my ($command, $code, %o) = @_;
	my $dir = tempdir();
	my $pid = start([ 'valgrind', '--tool=callgrind',
		"--callgrind-out-file=$dir/%p", @$command ],
	    stderr => "$dir/log", %o);
	if ($code) {
		$code->($pid);
		system("callgrind_control --dump $pid >/dev/null 2>&1");
		wait_for(sub { -s "$dir/$pid.1" }, 20);
		sleep 0.1;
	} else {
		waitpid $pid, 0;
	}
	stop($pid, 'KILL');
	my ($file) = grep { -s } "$dir/$pid.1", "$dir/$pid";
	return $file ? _read_profile($file) : undef;
}

1;
