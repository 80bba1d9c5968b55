package Corswrap::Counts;

# Measures costs that are the same on every machine: system calls (with strace),
# instructions and allocations (with callgrind).
#
#	my $count = calls_of($pid, sub { ... });	# { read => 3, ... }
#	my $count = least_calls($pid, sub { ... }, sub { $_[0]{read} <= 3 });
#	my $cost = cost_of(\@command, sub { my ($pid) = @_; ... });
#	$cost->{instructions}, $cost->{allocations}
#
# The functions return undef if this cannot be measured: under valgrind the
# numbers would be valgrind's own.
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

# Returns the system calls, by name, that the process, its threads and its children
# until their exec make while the code runs.  A call with MSG_PEEK is counted as
# "peek", all kinds of reads as "read", and all kinds of writes as "write".
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
		# i386 has other calls for the same purpose.
		$name = 'write' if $name =~ /^send(?:to)?$/;
		$name = $line =~ /MSG_PEEK/ ? 'peek' : 'read'
		    if $name =~ /^recv(?:from)?$/;
		$count{$name}++;
	}
	return \%count;
}

# Counts up to five times, until the second code says that the calls are as few as
# expected: on a busy machine bytes arrive late, and threads sleep and wake each
# other in between.  A call that is made for each request shows every time.
sub least_calls {
	my ($target, $code, $is_few) = @_;
	my $count;
	for (1 .. 5) {
		$count = calls_of($target, $code) or return undef;
		last if $is_few->($count);
	}
	return $count;
}

# valgrind cannot run a program with a sanitizer, and a program built by `make
# coverage` is not optimised and writes files when it exits.
sub can_count_cost {
	return !under_valgrind() && have_program('valgrind')
	    && have_program('callgrind_control')
	    && read_file(corswrap()) !~ /__(?:asan|tsan|ubsan|gcov)_/;
}

my %allocates = map { $_ => 1 } qw(malloc calloc realloc posix_memalign
    aligned_alloc);

# Reads a profile of callgrind: the number of instructions and of calls of
# allocators.
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

# Runs a process under callgrind and returns its cost, from its start until the
# code, which is called with its pid, returns; without code, until it exits.
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
