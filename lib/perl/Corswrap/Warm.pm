package Corswrap::Warm;

# A Perl program that has been compiled and waits before its first statement:
# each request continues in a fork of it.  corswrap starts
#
#	perl SWITCHES -IDIR \
#	    -MCorswrap::Warm=FD,RECVMSG,WRITE,CLOSE,DUP3,FCNTL,EXIT,MODULE,... SCRIPT
#
# and talks to it through the descriptor FD; the next six are the machine's
# numbers of system calls; the modules are those of [warm] `load`.
# corswrap-warm(7) describes the method and the messages.
#
# The script must not notice, so this file loads no module (%INC and what is
# compiled are the script's), leaves no handle open, touches no variable that a
# program starts with, and never lets END blocks or destructors run in a
# process that is not the script's.  It keeps to strict, warnings and taint
# mode without loading anything.
#
# SPDX-License-Identifier: ISC

our $VERSION = '1';

my ($control, $recvmsg, $write, $close, $dup3, $fcntl, $exit);
my @kept; # memory that forks shall not use: _fill
my @load;   # modules
my @faults; # their errors
my @standard; # descriptors 0, 1 and 2 when perl starts
my $place;    # the current folder then
my %begun;    # and the variables
my (%set, @unset); # the script's changes of them while it is compiled

sub import {
	my ($class, @words) = @_;
	($control, $recvmsg, $write, $close, $dup3, $fcntl, $exit) =
	    map { $_ + 0 } splice @words, 0, 7;
	@load = @words;
	# A program that the script starts while it is compiled must not inherit
	# it (F_SETFD, FD_CLOEXEC).
	syscall $fcntl, $control, 2, 1;
	@standard = _standard();
	$place = readlink '/proc/self/cwd';
	# It was for ld.so(8) and this process.
	delete $ENV{LD_BIND_NOW} if ($ENV{LD_BIND_NOW} // '') eq 'corswrap';
	%begun = %ENV;
	# The script must not see this file and its folder.
	my $dir = delete $INC{'Corswrap/Warm.pm'};
	$dir = substr $dir, 0, -length '/Corswrap/Warm.pm';
	@INC = grep { ref || $_ ne $dir } @INC;
	return;
}

# --- bytes and descriptors -------------------------------------------------------------

# Not exit: END blocks and destructors belong to the script.
sub _vanish {
	syscall $exit, 0;
	return;
}

sub _send {
	my ($fd, $bytes) = @_;
	return syscall($write, $fd, $bytes, length $bytes) == length $bytes;
}

# What the kernel writes a message into, MOST bytes of it; some can be used many
# times.  By the kernel's struct msghdr, since core Perl has no other way to
# receive descriptors.
sub _box {
	my ($most) = @_;
	my %box = (bytes => "\0" x $most, beside => "\0" x 64);
	# Neither may share memory with a copy.
	vec($box{$_}, 0, 1) = 0 for qw(bytes beside);
	$box{piece} = pack 'P L!', $box{bytes}, $most;
	$box{header} = pack 'L! I x![L!] P L! P L! i x![L!]',
	    0, 0, $box{piece}, 1, $box{beside}, 64, 0;
	$box{room} = pack 'L!', 64;
	# Where it says how much came beside the bytes.
	$box{at} = length pack 'L! I x![L!] P L! P', 0, 0, $box{piece}, 1,
	    $box{beside};
	return \%box;
}

# _receive(FD, BOX): the bytes, and the descriptors that came with them; nothing
# at the end.
sub _receive {
	my ($fd, $box) = @_;
	my $n = -1;
	do {
		substr $box->{header}, $box->{at}, length $box->{room},
		    $box->{room};
		$n = syscall $recvmsg, $fd, $box->{header}, 0;
	} while ($n < 0 && $! == 4); # EINTR; %! would load a module
	return if $n <= 0;
	my $room = substr $box->{header}, $box->{at}, length $box->{room};
	return substr $box->{bytes}, 0, $n if $room eq "\0" x length $room;
	return (substr($box->{bytes}, 0, $n), _descriptors($box->{beside}));
}

# Those in a control message of SOL_SOCKET (1), SCM_RIGHTS (1).
sub _descriptors {
	my ($beside) = @_;
	my $head = length pack 'L! i i', 0, 0, 0;
	my ($len, $level, $type) = unpack 'L! i i', $beside;
	return if $len <= $head || $level != 1 || $type != 1;
	return unpack 'i*', substr $beside, $head, $len - $head;
}

# --- modules of `load` -----------------------------------------------------------------

# A name without "::" may be a Python module; it is Perl's if there is such a
# file.  "POSIX::" is perl's own other way to write POSIX.
sub _path_of {
	my ($name) = @_;
	$name =~ /\A([A-Za-z_]\w*(?:::\w+)*)(::)?\z/ or return $name;
	my ($plain, $ours) = ($1, $2);
	my $path = ($plain =~ s{::}{/}gr) . '.pm';
	return $path if $ours || $path ne "$plain.pm";
	return (grep { ref || -f "$_/$path" } @INC) ? $path : undef;
}

# As `require` does when the script runs: compiled, and import is not called.
# The script's error handlers must not see errors of these modules.
sub _load {
	local ($_, $@, $!) = ('');
	local @SIG{qw(__DIE__ __WARN__)};
	for my $name (@load) {
		my $path = _path_of($name);
		next if !defined $path || eval { require $path };
		my ($why) = $@ =~ /\A(.*)/;
		push @faults, "module $name cannot be loaded: $why";
	}
	return;
}

# --- state that forks would share
# ------------------------------------------------------

sub _standard {
	return map { readlink("/proc/self/fd/$_") // 'closed' } 0 .. 2;
}

# _data(STASH, SEEN, FOUND): the handles DATA of all packages, by descriptor.
sub _data {
	my ($stash, $seen, $found) = @_;
	return if $seen->{ 0 + $stash }++;
	# Constants and stubs are kept in a stash as other things than globs.
	for my $name (keys %$stash) {
		next if ref \$stash->{$name} ne 'GLOB';
		my $glob = \$stash->{$name};
		if ($name eq 'DATA' && *{$glob}{IO}) {
			my $fd = fileno *{$glob}{IO};
			$found->{$fd} = *{$glob}{IO} if defined $fd && $fd > 2;
		} elsif (substr($name, -2) eq '::' && *{$glob}{HASH}) {
			_data(*{$glob}{HASH}, $seen, $found);
		}
	}
	return;
}

sub _entries {
	my ($dir) = @_;
	opendir my $list, $dir or return;
	my @names = grep { !/\D/ } readdir $list;
	closedir $list;
	return @names;
}

sub _has_children {
	my $first;
	sysopen my $list, "/proc/self/task/$$/children", 0 or return;
	return sysread $list, $first, 1;
}

# Memory that forks would share, and write to.
sub _shared {
	sysopen my $list, '/proc/self/maps', 0 or return;
	my ($text, $n) = ('');
	1 while $n = sysread $list, $text, 65536, length $text;
	return $text =~ /^\S+ .w.s \S+ \S+ \S+ *(.*)/m ? $1 : undef;
}

# The names of its files must be valid in the current folder.
sub _has_moved {
	my $now = readlink '/proc/self/cwd';
	return if defined $now && defined $place && $now eq $place;
	return grep { defined && !ref && substr($_, 0, 1) ne '/' }
	    @INC, values %INC;
}

# Everything that would make a fork of this process differ from a cold start,
# in words.
sub _obstacles {
	my ($data) = @_;
	my @found = @faults;
	my @now = _standard();
	push @found, 'there is more than one thread'
	    if _entries('/proc/self/task') > 1;
	push @found, 'a child process is running' if _has_children();
	my $seconds = alarm 0;
	push @found, 'an alarm is set' if $seconds;
	for my $fd (0 .. 2) {
		push @found, "descriptor $fd was replaced by $now[$fd]"
		    if $now[$fd] ne $standard[$fd];
	}
	for my $fd (sort { $a <=> $b } _entries('/proc/self/fd')) {
		next if $fd <= 2 || $fd == $control || $data->{$fd};
		# The one that was reading the folder is closed by now.
		my $what = readlink "/proc/self/fd/$fd";
		push @found, "descriptor $fd is open: $what" if defined $what;
	}
	my $shared = _shared();
	push @found, "memory is shared: $shared" if defined $shared;
	push @found, 'it changes its folder, and loads modules by relative paths'
	    if _has_moved();
	# Its only byte shows whether it was read.
	push @found, 'standard input was read' if sysseek(STDIN, 0, 1) != 0;
	return @found;
}

# Changes that make the interpreter stale: of a file that was loaded ("=" and
# its path), or in a folder ("/") one of the files ("?") that would have been
# found before a module.
sub _files {
	my (@files, %absent);
	for my $name (sort keys %INC) {
		my $file = $INC{$name};
		push @files, "=$file" if defined $file && !ref $file;
		my $folder = $name =~ m{\A(.+)/} ? $1 : '';
		for my $dir (grep { !ref } @INC) {
			last if defined $file && $file eq "$dir/$name";
			# The deepest there is: what comes below it changes it.
			my $there = $folder eq '' ? $dir : "$dir/$folder";
			while (!-d $there && length $there > length $dir) {
				$there =~ s{/[^/]*\z}{};
			}
			push @{ $absent{"/$there"} }, "?$dir/$name";
		}
	}
	return (@files, map { $_, @{ $absent{$_} } } sort keys %absent);
}

# --- memory ----------------------------------------------------------------------------

# Where the heap ends; 0: there is none.  Not by hex, which under -w warns of
# addresses of more than 32 bits.
sub _heap_end {
	sysopen my $list, '/proc/self/maps', 0 or return 0;
	my ($text, $n) = ('');
	1 while $n = sysread $list, $text, 65536, length $text;
	$text =~ /-([0-9a-f]+) \S+ \S+ \S+ \S+ +\[heap\]/ or return 0;
	my $digits = 2 * length pack 'J', 0;
	return unpack 'J>', pack 'H*', substr '0' x $digits . $1, -$digits;
}

# A fork copies each page that it is the first to write to.  What is free in the
# heap lies scattered between what is not: take all of that, so that what a fork
# allocates lies together, behind the end that the heap has now.  The largest
# first, since a large piece is cut for a small one; without lists, whose items
# would be free again afterwards.
sub _fill {
	my $end = _heap_end() or return;
	my ($i, $size) = (0, 65536);
	$#kept = 8191;
	while ($size && $i < $#kept) {
		vec($kept[$i], $size - 4, 8) = 0;
		# Not J, which has 64 bits where a pointer has 32 (i386).
		if (unpack('L!', pack 'P', $kept[$i]) <= $end) {
			$i++;
			next;
		}
		undef $kept[$i];
		$size = $size > 1024 ? $size / 2 : $size - 16;
	}
	# The heads of scalars have a list of their own.
	1 while $i < $#kept && \($kept[++$i] = undef) <= $end;
	return;
}

# --- serving ---------------------------------------------------------------------------

# Reports obstacles to forks of this process ("!"  and words) and its files
# (_files), each ended by a NUL; an empty one ends the list.  In messages of 32
# KiB at most, which any socket takes.
sub _report {
	my ($data) = @_;
	my $list = '';
	$list .= "!$_\0" for _obstacles($data);
	$list .= "$_\0" for _files();
	# Under -T names of descriptors are tainted, which syscall refuses.
	($list) = "$list\0" =~ /\A(.*)\z/s;
	while (length $list) {
		_send($control, substr $list, 0, 32768, '') or _vanish();
	}
	return;
}

# A separate descriptor for DATA, whose offset forks would otherwise share.
sub _reopen {
	my ($fd, $io) = @_;
	my $at = sysseek $io, 0, 1;
	sysopen my $fresh, "/proc/self/fd/$fd", 0 or _vanish();
	sysseek $fresh, $at, 0;
	# perl's own are close-on-exec above 2 ($^F): O_CLOEXEC.
	syscall($dup3, fileno $fresh, 0 + $fd, 02000000) >= 0 or _vanish();
	return;
}

# The script's changes of its variables so far: BEGIN { $ENV{PATH} = ... }.
sub _take_changes {
	for my $name (keys %ENV) {
		$set{$name} = $ENV{$name}
		    if !exists $begun{$name} || $begun{$name} ne $ENV{$name};
	}
	@unset = grep { !exists $ENV{$_} } keys %begun;
	return;
}

# The variables as at a start of perl: tainted, if tainting is on.  Then with
# the script's later changes.
sub _environment {
	my ($list) = @_;
	%ENV = $list =~ /([^=\0]+)=([^\0]*)\0/g;
	if (${^TAINT}) {
		my $taint = substr "$0$^X", 0, 0;
		$_ .= $taint for values %ENV;
	}
	delete @ENV{@unset} if @unset;
	$ENV{$_} = $set{$_} for keys %set;
	return;
}

# The parent needs the modules that this process loads: their names, each ended
# by a NUL, when it ends.  Not pragmas, which come with modules.  Only then is
# there an END block of ours.
sub _tell {
	my ($socket) = @_;
	my ($pid, %known) = ($$, %INC);
	syscall $fcntl, $socket, 2, 1; # not for programs that the script starts
	our $tell = sub {
		return if $$ != $pid;
		for my $file (sort keys %INC) {
			next if $known{$file} || !$INC{$file};
			next if $file !~ /\A([A-Z].*)\.pm\z/s;
			_send($socket, ($1 =~ s{/}{::}gr) . "\0");
		}
	};
	eval 'END { our $tell->() }';
	return;
}

# In a fork: be ready, take a request, confirm it, and begin at the byte that
# allows it ("g", or "l" of corscheck: _tell); anything else is the end.
sub _child {
	my ($socket, $data) = @_;
	syscall $close, $control;
	setpgrp 0, 0;
	_reopen($_, $data->{$_}) for keys %$data;
	%ENV = ();
	my $box = _box(4096);
	_send($socket, 'r') or _vanish();
	my ($bytes, @fds) = _receive($socket, $box);
	_vanish() if !defined $bytes || @fds != 3 || length $bytes < 4;
	my $length = unpack 'L', substr $bytes, 0, 4, '';
	while (length $bytes < $length) {
		my ($more) = _receive($socket, $box);
		_vanish() if !defined $more;
		$bytes .= $more;
	}
	for my $fd (0 .. 2) {
		syscall($dup3, $fds[$fd], $fd, 0) >= 0 or _vanish();
		syscall $close, $fds[$fd];
	}
	_send($socket, 'a') or _vanish();
	_environment($bytes);
	my ($go) = _receive($socket, $box);
	_vanish() if !defined $go || $go !~ /\A[gl]\z/;
	$go eq 'g' ? syscall $close, $socket : _tell($socket);
	srand;
	$^T = time;
	return;
}

# The process that sent the orders has ended: the running programs end with it.
sub _end {
	my (@running) = @_;
	kill 15, map { -$_ } @running;
	_vanish();
	return;
}

# Orders: "f" and a socket: fork; "w" and a process: it has ended, reap it.
# Returns in each fork, which then runs the script.
sub _serve {
	my ($data) = @_;
	my %running;
	# The script's handlers are only for its own process.
	my @handled = grep {
		defined $SIG{$_} && $SIG{$_} !~ /\A(?:|DEFAULT|IGNORE)\z/ &&
		    !/\A__/ || $_ eq 'CHLD' && defined $SIG{$_}
	} keys %SIG;
	local @SIG{@handled} = ('DEFAULT') x @handled;
	my ($order, $socket, $pid);
	my $orders = _box(32);
	_fill();
	while (($order, $socket) = _receive($control, $orders)) {
		if ($order eq 'f' && defined $socket) {
			$pid = fork;
			return _child($socket, $data) if defined $pid && !$pid;
			$running{$pid} = 1 if $pid;
			syscall $close, $socket;
		} elsif (substr($order, 0, 1) eq 'w') {
			$pid = substr $order, 1;
			waitpid $pid, 0 if delete $running{$pid};
		}
	}
	return _end(keys %running);
}

# A program that was not started by corswrap does not wait.
INIT {
	if (defined $control) {
		my ($error, $status, $death) = ($! + 0, $?, $@);
		local $.; # which handle was read last: "died, <IN> line 1"
		my %data;
		_load();
		# What was printed while compiling must be seen before the report.
		my $selected = select STDOUT;
		my $flush = $|;
		$| = 1;
		$| = $flush;
		select $selected;
		_data(\%main::, {}, \%data);
		_take_changes();
		_report(\%data);
		_serve(\%data);
		($!, $?, $@) = ($error, $status, $death);
	}
}

1;
