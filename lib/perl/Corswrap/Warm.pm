package Corswrap::Warm;

# The Perl side of warm interpreters: a script is compiled, waits before its
# first statement, and continues in a fork for each request.  corswrap starts
#
#   perl SWITCHES -IDIR \
#       -MCorswrap::Warm=FD,ARCHITECTURE,RECVMSG,WRITE,CLOSE,DUP3,FCNTL,EXIT,MODULE,... \
#       SCRIPT
#
# and sends its orders on the socket FD.  RECVMSG to EXIT are the numbers of
# these system calls in corswrap's ARCHITECTURE, for syscall; the modules are
# those of [warm] `load`.  corswrap-warm(7) describes the method, HACKING.md the messages.
#
# The script must not notice any of this.  So this file loads no module, not
# even strict or warnings, because %INC must only have what the script loads.
# It leaves no handle open, changes no variable that a program starts with, and
# never runs END blocks or destructors in a process that does not run the
# script.  Its code is valid under strict, warnings and taint mode.
#
# SPDX-License-Identifier: ISC

our $VERSION = '1';

my ($control, $recvmsg, $write, $close, $dup3, $fcntl, $exit);
my @kept; # memory that forks must not use: _fill
my @load;   # modules to load
my @faults; # errors of loading them
my @standard; # descriptors 0, 1 and 2 when perl started
my $place;    # the current folder when perl started
my %begun;    # the variables when perl started
my (%set, @unset); # how the script changed %ENV while it was compiled

sub import {
	my ($class, @words) = @_;
	($control, my $architecture, $recvmsg, $write, $close, $dup3, $fcntl,
	    $exit) = map { $_ + 0 } splice @words, 0, 8;
	_refuse() if $architecture != _architecture();
	@load = @words;
	# F_SETFD, FD_CLOEXEC: a program that the script starts while it is
	# compiled must not inherit the socket.
	syscall $fcntl, $control, 2, 1;
	@standard = _standard();
	$place = readlink '/proc/self/cwd';
	# corswrap has set it for ld.so(8) alone; the script must not see it.
	delete $ENV{LD_BIND_NOW} if ($ENV{LD_BIND_NOW} // '') eq 'corswrap';
	%begun = %ENV;
	# The script must see neither this file nor its folder.
	my $dir = delete $INC{'Corswrap/Warm.pm'};
	$dir = substr $dir, 0, -length '/Corswrap/Warm.pm';
	@INC = grep { ref || $_ ne $dir } @INC;
	return;
}

# --- perl's architecture -----------------------------------------------------

# The architecture of perl as corswrap writes its own: class, byte order and
# machine of the ELF header.  0: unknown.
sub _architecture {
	my $head = '';
	sysopen my $file, '/proc/self/exe', 0 or return 0;
	sysread $file, $head, 20;
	return 0 if length $head < 20;
	my ($class, $order, $machine) = unpack 'x4 C2 x12 S', $head;
	return $class << 24 | $order << 16 | $machine;
}

# The numbers of the system calls are of another architecture, where each may be
# any other call: send the report without them, and end before the script is
# compiled.
sub _refuse {
	if (open my $report, '>&=', $control) {
		syswrite $report, '!perl is of another architecture than ' .
		    "corswrap: install the corswrap of perl's architecture\0\0";
	}
	exit;
}

# --- bytes and descriptors ---------------------------------------------------

# End this process.  exit would run the script's END blocks and destructors.
sub _vanish {
	syscall $exit, 0;
	return;
}

sub _send {
	my ($fd, $bytes) = @_;
	return syscall($write, $fd, $bytes, length $bytes) == length $bytes;
}

# _box(MOST): a buffer for messages of at most MOST bytes, which can be used
# many times.  It has the kernel's struct msghdr, because core Perl has no other
# way to receive descriptors.
sub _box {
	my ($most) = @_;
	my %box = (bytes => "\0" x $most, beside => "\0" x 64);
	# The kernel will write to these strings.  perl lets copies share memory
	# until one is written to, so write to them first.
	vec($box{$_}, 0, 1) = 0 for qw(bytes beside);
	$box{piece} = pack 'P L!', $box{bytes}, $most;
	$box{header} = pack 'L! I x![L!] P L! P L! i x![L!]',
	    0, 0, $box{piece}, 1, $box{beside}, 64, 0;
	$box{room} = pack 'L!', 64;
	# The offset of msg_controllen, which recvmsg sets.
	$box{at} = length pack 'L! I x![L!] P L! P', 0, 0, $box{piece}, 1,
	    $box{beside};
	return \%box;
}

# _receive(FD, BOX): the bytes of a message, and the descriptors that came with
# them; an empty list at end of file or after an error.
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

# The descriptors of a control message, which is SOL_SOCKET (1), SCM_RIGHTS (1).
sub _descriptors {
	my ($beside) = @_;
	my $head = length pack 'L! i i', 0, 0, 0;
	my ($len, $level, $type) = unpack 'L! i i', $beside;
	return if $len <= $head || $level != 1 || $type != 1;
	return unpack 'i*', substr $beside, $head, $len - $head;
}

# --- modules of `load` -------------------------------------------------------

# The file of a module for `require`.  A name without "::" may be that of a
# Python module, so undef is returned unless Perl finds such a file; a "::" at
# its end, as in "POSIX::", makes it a Perl module.
sub _path_of {
	my ($name) = @_;
	$name =~ /\A([A-Za-z_]\w*(?:::\w+)*)(::)?\z/ or return $name;
	my ($plain, $ours) = ($1, $2);
	my $path = ($plain =~ s{::}{/}gr) . '.pm';
	return $path if $ours || $path ne "$plain.pm";
	return (grep { ref || -f "$_/$path" } @INC) ? $path : undef;
}

# Load the modules as `require` in the script would, without calling import.
# The script's handlers must not see their errors.
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

# --- state that forks would share --------------------------------------------

# What descriptors 0, 1 and 2 are, to see whether the script replaces one.
sub _standard {
	return map { readlink("/proc/self/fd/$_") // 'closed' } 0 .. 2;
}

# _data(STASH, SEEN, FOUND): add the DATA handles of all packages to FOUND, by
# their descriptor.
sub _data {
	my ($stash, $seen, $found) = @_;
	return if $seen->{ 0 + $stash }++;
	# Constants and stubs are entries of a stash that are not globs.
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

# A mapping that forks would share and can write to, or undef.
sub _shared {
	sysopen my $list, '/proc/self/maps', 0 or return;
	my ($text, $n) = ('');
	1 while $n = sysread $list, $text, 65536, length $text;
	return $text =~ /^\S+ .w.s \S+ \S+ \S+ *(.*)/m ? $1 : undef;
}

# Has the script left its folder although @INC or %INC has relative paths?  They
# would name other files then.
sub _has_moved {
	my $now = readlink '/proc/self/cwd';
	return if defined $now && defined $place && $now eq $place;
	return grep { defined && !ref && substr($_, 0, 1) ne '/' }
	    @INC, values %INC;
}

# Everything that would make a fork of this process differ from a cold start, as
# texts for the log.
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
		# The descriptor that read the folder is closed by now.
		my $what = readlink "/proc/self/fd/$fd";
		push @found, "descriptor $fd is open: $what" if defined $what;
	}
	my $shared = _shared();
	push @found, "memory is shared: $shared" if defined $shared;
	push @found, 'it changes its folder, and loads modules by relative paths'
	    if _has_moved();
	# corswrap has made it a file with one byte, whose offset shows a read.
	push @found, 'standard input was read' if sysseek(STDIN, 0, 1) != 0;
	return @found;
}

# The entries of the report that name files: "=" and the path of a file that was
# loaded, whose change makes the interpreter stale; "/" and a folder, followed
# by "?" and the files that must not appear in it, because perl would find them
# before a module that was loaded.
sub _files {
	my (@files, %absent);
	for my $name (sort keys %INC) {
		my $file = $INC{$name};
		push @files, "=$file" if defined $file && !ref $file;
		my $folder = $name =~ m{\A(.+)/} ? $1 : '';
		for my $dir (grep { !ref } @INC) {
			last if defined $file && $file eq "$dir/$name";
			# The deepest folder that exists: its time changes when
			# the next one is made.
			my $there = $folder eq '' ? $dir : "$dir/$folder";
			while (!-d $there && length $there > length $dir) {
				$there =~ s{/[^/]*\z}{};
			}
			push @{ $absent{"/$there"} }, "?$dir/$name";
		}
	}
	return (@files, map { $_, @{ $absent{$_} } } sort keys %absent);
}

# --- memory ------------------------------------------------------------------

# The address of the end of the heap; 0: there is no heap.  Without hex, which
# under -w warns about numbers of more than 32 bits.
sub _heap_end {
	sysopen my $list, '/proc/self/maps', 0 or return 0;
	my ($text, $n) = ('');
	1 while $n = sysread $list, $text, 65536, length $text;
	$text =~ /-([0-9a-f]+) \S+ \S+ \S+ \S+ +\[heap\]/ or return 0;
	my $digits = 2 * length pack 'J', 0;
	return unpack 'J>', pack 'H*', substr '0' x $digits . $1, -$digits;
}

# Allocate all free memory inside the heap.  The kernel copies a page when a
# fork first writes to it, and the free pieces are scattered over many pages
# between used ones.  After this, what a fork allocates lies together, behind
# the current end of the heap.  Large pieces go first, because malloc would
# cut them up for small ones.  The code avoids lists, whose items would become
# free memory again.
sub _fill {
	my $end = _heap_end() or return;
	my ($i, $size) = (0, 65536);
	$#kept = 8191;
	while ($size && $i < $#kept) {
		vec($kept[$i], $size - 4, 8) = 0;
		# Not J, which may have 64 bits where a pointer has 32 (i386).
		if (unpack('L!', pack 'P', $kept[$i]) <= $end) {
			$i++;
			next;
		}
		undef $kept[$i];
		$size = $size > 1024 ? $size / 2 : $size - 16;
	}
	# perl keeps the heads of scalars in a list of free ones: use that up,
	# too.
	1 while $i < $#kept && \($kept[++$i] = undef) <= $end;
	return;
}

# --- serving -----------------------------------------------------------------

# Send the report: obstacles ("!" and a text) and files (_files), each ended by
# a NUL, and an empty entry at the end.  It is sent in messages of at most 32
# KiB, which fit the send buffer of any socket.
sub _report {
	my ($data) = @_;
	my $list = '';
	$list .= "!$_\0" for _obstacles($data);
	$list .= "$_\0" for _files();
	# Under -T the names of descriptors are tainted, and syscall would
	# refuse them.
	($list) = "$list\0" =~ /\A(.*)\z/s;
	while (length $list) {
		_send($control, substr $list, 0, 32768, '') or _vanish();
	}
	return;
}

# Open DATA again at the same offset: otherwise all forks would share one
# offset, and the second fork would read nothing.
sub _reopen {
	my ($fd, $io) = @_;
	my $at = sysseek $io, 0, 1;
	sysopen my $fresh, "/proc/self/fd/$fd", 0 or _vanish();
	sysseek $fresh, $at, 0;
	# O_CLOEXEC, as perl itself opens descriptors above 2 ($^F).
	syscall($dup3, fileno $fresh, 0 + $fd, 02000000) >= 0 or _vanish();
	return;
}

# Remember how the script has changed its variables while it was compiled, as in
# BEGIN { $ENV{PATH} = ... }.
sub _take_changes {
	for my $name (keys %ENV) {
		$set{$name} = $ENV{$name}
		    if !exists $begun{$name} || $begun{$name} ne $ENV{$name};
	}
	@unset = grep { !exists $ENV{$_} } keys %begun;
	return;
}

# Set the request's variables as perl does when it starts (tainted under -T),
# and then repeat the changes that the script made while it was compiled.
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

# When this process ends, send the names of the modules that it has loaded, each
# ended by a NUL; `corscheck warm` suggests them for `load`.  Pragmas are left
# out, because modules load them.  Only `corscheck warm` gets this END block.
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

# In a fork: say that it is ready ("r"), receive a request, confirm it ("a"),
# and return when "g" is received, so that the script begins.  `corscheck warm`
# sends "l" instead (_tell).  At end of file, or anything else, the fork exits.
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

# corswrap has closed the socket, or has died: terminate the running programs,
# and exit.
sub _end {
	my (@running) = @_;
	kill 15, map { -$_ } @running;
	_vanish();
	return;
}

# Execute orders: "f" and a socket: fork, and serve that socket in the fork; "w"
# and a process ID: wait for that fork, which has ended.  Returns only in forks,
# which then run the script.
sub _serve {
	my ($data) = @_;
	my %running;
	# Signal handlers that the script has set while it was compiled must
	# run in forks alone.
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

# INIT blocks run when the script has been compiled, before its first statement.
# $control is not set if perl was not started by corswrap: then do not wait.
INIT {
	if (defined $control) {
		my ($error, $status, $death) = ($! + 0, $?, $@);
		local $.; # die names the handle that was read last
		my %data;
		_load();
		# Flush: corswrap must see what the script has printed while it
		# was compiled before it reads the report.
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
