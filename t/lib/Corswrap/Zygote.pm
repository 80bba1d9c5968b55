package Corswrap::Zygote;

# Does what a responder does with a warm interpreter: starts one, reads its report,
# and runs requests in forks of it.  Also runs the same program cold, for comparison.
#
#	my $zygote = Corswrap::Zygote->start('/a/b.pl', words => [ $^X, '-w' ]);
#	$zygote->{obstacles}, $zygote->{files}   # "=FILE", "/FOLDER", "?ABSENT"
#	my $got = $zygote->ask(env => { A => 1 }, body => 'x');
#	my $cold = run_cold('/a/b.pl', words => [ $^X, '-w' ], env => ...);
#	$got->{out}, $got->{err}, $got->{status}
#
# start also takes load => [modules], and architecture => that of the responder, if
# it is not perl's.  ask(tell => 1) also returns {told}, the modules
# that the request loaded.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(architecture patience read_file top_src wait_for);
use Exporter qw(import);
use Fcntl qw(F_SETFD FD_CLOEXEC);
use IO::Select;
use POSIX qw(_exit);
use Socket;
use Time::HiRes qw(time);

our @EXPORT_OK = qw(run_cold warm_possible);

use constant CONTROL => 63;

my @calls = qw(recvmsg write close dup3 fcntl exit_group);
my %number;

# Are the numbers of the system calls known on this machine?
sub warm_possible {
	return 1 if %number;
	return unless $^O eq 'linux' && eval { require 'sys/syscall.ph'; 1 };
	for my $call (@calls, 'sendmsg') {
		$number{$call} = __PACKAGE__->can("SYS_$call")->();
	}
	return 1;
}

# Prepares this process for an exec of the script: its folder, its environment and its
# process group.  Returns the words that start the interpreter.
sub _begin {
	my ($script, %o) = @_;
	my ($folder) = $script =~ m{^(.*)/};
	chdir $folder or _exit(126);
	%ENV = (PATH => $ENV{PATH}, %{ $o{env} // {} });
	$SIG{$_} = 'DEFAULT' for qw(PIPE INT CHLD TERM);
	setpgrp 0, 0;
	return @{ $o{words} // [$^X] };
}

sub _put {
	my (@handles) = @_;
	POSIX::dup2(fileno $handles[$_], $_) // _exit(125) for 0 .. $#handles;
	# Close descriptors that the tests may have inherited.
	opendir my $list, '/proc/self/fd' or _exit(124);
	syscall $number{fcntl}, 0 + $_, F_SETFD, FD_CLOEXEC for
	    grep { /^\d+$/ && $_ > 2 && $_ != CONTROL } readdir $list;
	return;
}

sub _body {
	my ($text) = @_;
	open my $fh, '+>', undef or die "body: $!";
	syswrite $fh, $text;
	sysseek $fh, 0, 0;
	return $fh;
}

# Returns the arguments that make the interpreter wait for requests; load =>
# [modules].
sub _waiter {
	my (%o) = @_;
	my @load = @{ $o{load} // [] };
	return (top_src() . '/lib/python/corswrap_warm.py', join ',', CONTROL, @load)
	    if ($o{words} // [''])->[0] =~ m{/python[^/]*\z};
	return ('-I' . top_src() . '/lib/perl', '-MCorswrap::Warm=' .
	    join ',', CONTROL, $o{architecture} // architecture($^X),
	    map({ $number{$_} } @calls), @load);
}

# Reads two pipes until both have ended, and returns their contents.
sub _collect {
	my ($out, $err) = @_;
	my %text = ($out => '', $err => '');
	my $select = IO::Select->new($out, $err);
	my $until = time + patience(30);
	while ($select->count && time < $until) {
		for my $fh ($select->can_read(1)) {
			my $n = sysread $fh, $text{$fh}, 65536, length $text{$fh};
			$select->remove($fh) unless $n;
		}
	}
	return ($text{$out}, $text{$err});
}

# Returns the interpreter's own standard error so far.
sub said {
	my ($self) = @_;
	my $text = '';
	while (IO::Select->new($self->{err})->can_read(0)) {
		sysread $self->{err}, $text, 65536, length $text or last;
	}
	return $text;
}

sub start {
	my ($class, $script, %o) = @_;
	socketpair my $ours, my $theirs, AF_UNIX, SOCK_SEQPACKET, PF_UNSPEC
	    or die "socketpair: $!";
	pipe my $out, my $to_out or die "pipe: $!";
	pipe my $err, my $to_err or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		my @words = _begin($script, %o);
		$ENV{LD_BIND_NOW} = 'corswrap'; # as the responder does
		my $in = _body("\n");
		POSIX::dup2(fileno $theirs, CONTROL);
		_put($in, $to_out, $to_err);
		exec @words, _waiter(%o), $script, @{ $o{args} // [] } or
		    _exit(127);
	}
	my $self = bless { pid => $pid, control => $ours, out => $out,
		err => $err, obstacles => [], files => [] }, $class;
	close $_ for $theirs, $to_out, $to_err;
	$self->_take_report;
	return $self;
}

sub _take_report {
	my ($self) = @_;
	my $list = '';
	until ($list =~ /(?:\A|\0)\0\z/) {
		IO::Select->new($self->{control})->can_read(patience(20))
		    or die "no report\n";
		sysread $self->{control}, $list, 65536, length $list
		    or die "it died: " . $self->said;
	}
	for (split /\0/, $list) {
		push @{ $self->{obstacles} }, $1 if /^!(.*)/s;
		push @{ $self->{files} }, $_ if m{^[=/?]};
	}
	push @{ $self->{obstacles} }, 'it wrote while it was compiled'
	    if IO::Select->new($self->{out})->can_read(0) &&
	    sysread $self->{out}, my $text, 1; # or it has ended
	return;
}

# Sends bytes with descriptors (SCM_RIGHTS).
sub _hand {
	my ($to, $bytes, @handles) = @_;
	my $fds = pack 'i*', map { fileno $_ } @handles;
	my $head = length pack 'L! i i', 0, 0, 0;
	my $beside = pack 'L! i i a* x![L!]', $head + length $fds, 1, 1, $fds;
	my $piece = pack 'P L!', $bytes, length $bytes;
	my $header = pack 'L! I x![L!] P L! P L! i x![L!]', 0, 0, $piece, 1,
	    $beside, length $beside, 0;
	my $n = syscall $number{sendmsg}, fileno $to, $header, 0;
	die "sendmsg: $!" if $n < 0;
	return;
}

# Makes a fork that waits for a request; returns our end of its socket.
sub spare {
	my ($self) = @_;
	socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
	    or die "socketpair: $!";
	# SO_PASSCRED: the kernel reports which process sent a message.
	setsockopt $ours, SOL_SOCKET, 16, 1;
	_hand($self->{control}, 'f', $theirs);
	return $ours;
}

# Returns the children of the zygote.
sub children {
	my ($self) = @_;
	my $pid = $self->{pid};
	return split ' ', read_file("/proc/$pid/task/$pid/children");
}

# Returns the wait status of a process that has ended but was not reaped.
sub _status {
	my ($self, $pid) = @_;
	wait_for(sub { read_file("/proc/$pid/stat") =~ /\) Z / }, 10)
	    or return 'runs on';
	my $status = (split ' ', read_file("/proc/$pid/stat") =~ s/.*\)//sr)[49];
	syswrite $self->{control}, "w$pid";
	return $status;
}

sub _byte {
	my ($socket) = @_;
	IO::Select->new($socket)->can_read(patience(20)) or die "no answer\n";
	my $got = sysread $socket, my $byte, 1;
	return $got ? $byte : 'end';
}

# ask(env => {}, body => TEXT, spare => SOCKET, before => CODE): runs a request, and
# returns the same as run_cold.  before is called when everything but the last byte
# has been sent.
sub ask {
	my ($self, %o) = @_;
	my %known = map { $_ => 1 } $self->children;
	my $socket = $o{spare} // $self->spare;
	pipe my $out, my $to_out or die "pipe: $!";
	pipe my $err, my $to_err or die "pipe: $!";
	my $byte = _byte($socket);
	die "the fork says $byte: " . $self->said if $byte ne 'r';
	my ($pid) = grep { !$known{$_} } $self->children;
	my %env = (PATH => $ENV{PATH}, %{ $o{env} // {} });
	my $list = join '', map { "$_=$env{$_}\0" } sort keys %env;
	_hand($socket, pack('L', length $list), _body($o{body} // ''), $to_out,
	    $to_err);
	syswrite $socket, $list;
	close $_ for $to_out, $to_err;
	$byte = _byte($socket);
	die "the fork says $byte: " . $self->said if $byte ne 'a';
	$o{before}->() if $o{before};
	syswrite $socket, $o{tell} ? 'l' : 'g';
	my %got = (pid => $pid);
	@got{qw(out err)} = _collect($out, $err);
	$got{status} = $self->_status($pid) if defined $pid;
	if ($o{tell}) {
		$got{told} = '';
		1 while sysread $socket, $got{told}, 65536, length $got{told};
	}
	return \%got;
}

sub DESTROY {
	my ($self) = @_;
	# Also close the pipes, or an interpreter that fills them never ends.
	close $_ for @$self{qw(control out err)};
	local $?;
	waitpid $self->{pid}, 0;
	return;
}

# Runs the script as a server would; returns { out, err, status }.
sub run_cold {
	my ($script, %o) = @_;
	pipe my $out, my $to_out or die "pipe: $!";
	pipe my $err, my $to_err or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		my @words = _begin($script, %o);
		_put(_body($o{body} // ''), $to_out, $to_err);
		exec @words, $script, @{ $o{args} // [] } or _exit(127);
	}
	close $_ for $to_out, $to_err;
	my %got;
	@got{qw(out err)} = _collect($out, $err);
	waitpid $pid, 0;
	$got{status} = $?;
	return \%got;
}

1;
