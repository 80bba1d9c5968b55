package Corswrap::Test;

# Functions for tests with processes: free ports, temporary folders, processes that
# are stopped by their pid, deadlines instead of sleeps, and an HTTP client that
# returns every header as received.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h _exit);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(top_src top_build corswrap corscheck tempdir write_file
    read_file free_port start stop wait_for wait_port wait_socket tick wait_ticks
    run http header headers have_program patience posix_only has_pidfd architecture foreign_perl
    without never_warm under_valgrind);

my $lib = dirname(abs_path(__FILE__));
my %running;    # pid => 'alone' or 'descendants'
my $owner = $$;

# Tests compare modes of files.
umask 022;

sub top_src { return abs_path($ENV{top_srcdir} || "$lib/../../..") }
sub top_build { return abs_path($ENV{top_builddir} || top_src()) }
sub corswrap { return top_build() . '/corswrap' }
sub corscheck { return top_build() . '/corscheck' }

# Returns the seconds times CORSWRAP_PATIENCE (HACKING.md), for machines on which
# programs run about ten times slower.  Times below one second are not changed: they
# are for waits in which nothing should happen.
sub patience {
	my ($seconds) = @_;
	return $seconds if $seconds < 1;
	return $seconds * ($ENV{CORSWRAP_PATIENCE} || 1);
}

# t/watched.txt lists the tests that such a run leaves out.
sub under_valgrind {
	return ($ENV{CORSWRAP_WATCHED} // '') eq 'valgrind';
}

# Was it configured with --enable-posix-only?  Then tests that need Linux are
# left out (HACKING.md, "Other systems").
sub posix_only {
	return read_file(top_build() . '/Makefile') =~
	    /^POSIX_CPPFLAGS = -DOS_POSIX_ONLY/m ? 1 : 0;
}

# without('psl'), and also idn, pcre2, probe: returns why what that library does cannot
# be tested in this build, or undef.
sub without {
	my ($library) = @_;
	return if read_file(top_build() . '/config.h') !~ /^#define WITHOUT_\U$library\E 1$/m;
	return "configure --without-$library";
}

# Can corswrap get a pidfd of a process that it did not start?  It needs one to run
# programs warm, and to end processes that left a program's group.  valgrind
# supports pidfd_open since 3.20.
sub has_pidfd {
	return 0 if posix_only();
	return 1 unless under_valgrind();
	my ($minor) = `valgrind --version` =~ /^valgrind-3\.(\d+)/;
	return !defined $minor || $minor >= 20;
}

# Returns the architecture of a program as os_architecture does, or undef: it is no
# ELF file.
sub architecture {
	my ($file) = @_;
	open my $fh, '<:raw', $file or return;
	read $fh, my $head, 20;
	return if $head !~ /\A\x7fELF.{16}/s;
	my ($class, $order, $machine) = unpack 'x4 C2 x12 S', $head;
	return $class << 24 | $order << 16 | $machine;
}

# Are corswrap and perl of different architectures?  Perl programs run cold then.
sub foreign_perl {
	my ($ours, $perls) = map { architecture($_) } corswrap(), $^X;
	return $ours && $perls && $ours != $perls;
}

# Returns why no program of the language (perl by default) can run warm here, or undef.
sub never_warm {
	my $language = $_[0] // 'perl';
	return 'perl is of another architecture than corswrap, so programs run cold'
	    if $language eq 'perl' && foreign_perl() && !posix_only();
	return if has_pidfd();
	return '--enable-posix-only: programs run cold' if posix_only();
	return "valgrind's: before 3.20 pidfd_open fails, so programs run cold";
}

# Makes a folder that every user may enter, because servers drop privileges; it is
# removed at the end.
sub tempdir {
	my $dir = File::Temp->newdir('corswrap-XXXXXX', TMPDIR => 1);
	chmod 0755, "$dir";
	return $dir;
}

sub write_file {
	my ($path, $text, $mode) = @_;
	open my $fh, '>:raw', $path or die "$path: $!";
	print {$fh} $text;
	close $fh or die "$path: $!";
	chmod $mode, $path if defined $mode;
	return $path;
}

sub read_file {
	my ($path) = @_;
	open my $fh, '<:raw', $path or return '';
	local $/;
	return scalar <$fh> // '';
}

# Returns a free port.  It is reserved for this test while this process or a child
# of it lives, because a server needs a moment to bind it.  It is below 32768,
# because Linux by default gives higher ones to clients.  rand is not used, because a
# test may have seeded it.
my ($next_port, %claims);
sub free_port {
	$next_port //= $$ * 7919;
	for (1 .. 1000) {
		my $port = 10_000 + $next_port++ % 22_000;
		# An abstract name (unix(7)) disappears with its last holder.
		my $claim = IO::Socket::UNIX->new(Listen => 1,
			Local => "\0corswrap-test-port-$port") or next;
		my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
			LocalPort => $port, Listen => 1, ReuseAddr => 1) or next;
		$claims{$port} = $claim;
		return $port;
	}
	die 'no free port';
}

# start(\@command, stdout => FILE, stderr => FILE, env => {}, stdin => FH,
# descendants => 1: when it is stopped, end all that it leaves)
sub start {
	my ($command, %o) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		%running = ();
		if ($o{stdin}) {
			open STDIN, '<&=', fileno $o{stdin} or _exit(126);
			POSIX::dup2(fileno($o{stdin}), 0);
		} else {
			open STDIN, '<', '/dev/null' or _exit(126);
		}
		open STDOUT, '>>', $o{stdout} // '/dev/null' or _exit(126);
		open STDERR, '>>', $o{stderr} // '/dev/null' or _exit(126);
		%ENV = %{ $o{clean} } if $o{clean};
		$ENV{$_} = $o{env}{$_} for keys %{ $o{env} || {} };
		$ENV{CORSWRAP_STARTED} = "$owner.$$" if $o{descendants};
		chdir $o{dir} if $o{dir};
		exec { $command->[0] } @$command or _exit(127);
	}
	$running{$pid} = $o{descendants} ? 'descendants' : 'alone';
	return $pid;
}

# Returns the children of a process, their children, and so on, if /proc has them.
sub _descendants {
	my ($pid) = @_;
	return map { ($_, _descendants($_)) } split ' ',
	    read_file("/proc/$pid/task/$pid/children");
}

# Returns the processes that it started, also those that it forks while it ends:
# they have its environment.
sub _started_by {
	my ($pid) = @_;
	return map { m{(\d+)} } grep {
		read_file($_) =~ /(?:\A|\0)CORSWRAP_STARTED=$owner\.$pid\0/ }
	    glob '/proc/[0-9]*/environ';
}

# Kills processes that a server should have ended, after 5 s.  mod_fcgid's process
# manager misses a SIGTERM that arrives while it starts, and then polls a closed
# pipe in an endless loop.
sub _end_left {
	my @pids = @_;
	wait_for(sub { @pids = grep { kill 0, $_ } @pids; !@pids }, 5);
	kill 'KILL', @pids if @pids;
	return;
}

# Stops a process that we started: TERM, and after 40 s KILL.  Returns its wait
# status.
sub stop {
	my ($pid, $signal) = @_;
	my $how = delete $running{$pid} or return undef;
	my @below = $how eq 'descendants' ? _descendants($pid) : ();
	my $status = _stop($pid, $signal);
	_end_left(@below, _started_by($pid)) if $how eq 'descendants';
	return $status;
}

sub _stop {
	my ($pid, $signal) = @_;
	kill $signal // 'TERM', $pid;
	my $until = time + patience(40);
	while (time < $until) {
		my $got = waitpid $pid, WNOHANG;
		return $? if $got == $pid;
		return undef if $got == -1;    # other code has already waited for it
		sleep 0.01;
	}
	kill 'KILL', $pid;
	waitpid $pid, 0;
	return $?;
}

# Stops all processes that this process has started.
sub stop_all {
	stop($_) for keys %running;
	return;
}

# A child must call this after fork, so that it does not stop its parent's processes.
sub is_child {
	%running = ();
	$owner = $$;
	return;
}

END {
	if ($$ == $owner) {
		local $?;
		stop_all();
	}
}

# Calls the code until it returns true or the time (20 s) is over.
sub wait_for {
	my ($what, $seconds) = @_;
	my $until = time + patience($seconds // 20);
	while (1) {
		my $value = $what->();
		return $value if $value;
		return if time > $until;
		sleep 0.02;
	}
}

# A process that does something repeatedly calls tick(FILE) each time.
# wait_ticks(FILE, N) in another process waits until that has been done N more times,
# at most a minute.
sub tick {
	my ($file) = @_;
	open my $fh, '>>', $file or return;
	syswrite $fh, '.';
	return;
}

sub wait_ticks {
	my ($file, $count) = @_;
	my $until = $count + (-s $file // 0);
	return wait_for(sub { (-s $file // 0) >= $until }, 60);
}

sub wait_port {
	my ($port) = @_;
	return wait_for(sub {
		IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
		    Timeout => 1) });
}

sub wait_socket {
	my ($path) = @_;
	return wait_for(sub { IO::Socket::UNIX->new(Peer => $path) });
}

# run(\@command, stdin => TEXT, env => {}, clean => {}) in list context:
# (exit status, or -signal; standard output; standard error)
sub run {
	my ($command, %o) = @_;
	# Files that have been unlinked cost less than a folder of files.
	my ($in, $out, $err) = map { _unnamed() } 1 .. 3;
	print {$in} $o{stdin} // '';
	seek $in, 0, 0; # this also flushes the buffer
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		%running = ();
		POSIX::dup2(fileno $in, 0) // _exit(126);
		POSIX::dup2(fileno $out, 1) // _exit(126);
		POSIX::dup2(fileno $err, 2) // _exit(126);
		%ENV = %{ $o{clean} } if $o{clean};
		$ENV{$_} = $o{env}{$_} for keys %{ $o{env} || {} };
		chdir $o{dir} if $o{dir};
		exec { $o{file} // $command->[0] } @$command or _exit(127);
	}
	my $until = time + patience($o{timeout} // 60);
	my ($status, $pause) = (undef, 0.0005);
	while (!defined $status) {
		if (waitpid($pid, WNOHANG) == $pid) { $status = $?; last }
		if (time > $until) {
			kill 'KILL', $pid;
			waitpid $pid, 0;
			$status = $?;
		}
		sleep $pause;
		$pause *= 1.5 if $pause < 0.01;
	}
	my $exit = $status & 127 ? -($status & 127) : $status >> 8;
	return ($exit, map { _all_of($_) } $out, $err);
}

sub _unnamed {
	open my $fh, '+>', undef or die "temporary file: $!";
	binmode $fh;
	return $fh;
}

sub _all_of {
	my ($fh) = @_;
	my $text = '';
	sysseek $fh, 0, 0;
	1 while sysread $fh, $text, 1 << 16, length $text;
	return $text;
}

# http(PORT, METHOD, PATH, [Name => value, ...], BODY): { status, headers =>
# [[name, value], ...], body }, or nothing if there was no response.  Options:
# host, timeout, chunked (the body is chunks already), and each: called with
# all data so far whenever more arrives.
sub http {
	my ($port, $method, $path, $fields, $body, %o) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port, Timeout => 10) or return;
	my $text = "$method $path HTTP/1.1\r\n";
	my @fields = @{ $fields || [] };
	$text .= 'Host: ' . ($o{host} // "127.0.0.1:$port") . "\r\n";
	while (my ($name, $value) = splice @fields, 0, 2) {
		$text .= "$name: $value\r\n";
	}
	$text .= $o{chunked} ? "Transfer-Encoding: chunked\r\n"
	    : 'Content-Length: ' . length($body) . "\r\n" if defined $body;
	$text .= "Connection: close\r\n\r\n";
	$text .= $body if defined $body;
	local $SIG{PIPE} = 'IGNORE';
	my $got = '';
	eval {
		local $SIG{ALRM} = sub { die "timeout\n" };
		alarm(patience($o{timeout} // 60));
		while (length $text) {
			my $n = syswrite $s, $text, 65536;
			last unless $n;
			substr $text, 0, $n, '';
		}
		while (sysread $s, my $part, 65536) {
			$got .= $part;
			$o{each}->($got) if $o{each};
		}
		alarm 0;
	};
	alarm 0;
	my ($head, $rest) = split /\r\n\r\n/, $got, 2;
	return unless defined $head && $head =~ m{^HTTP/1\.[01] (\d{3})};
	my $status = $1;
	my (undef, @lines) = split /\r\n/, $head;
	my @headers = map { [ split /:\s*/, $_, 2 ] } @lines;
	my $reply = { status => $status, headers => \@headers,
		body => $rest // '', raw => $got };
	$reply->{body} = unchunk($reply->{body})
	    if lc(join ',', headers($reply, 'Transfer-Encoding')) eq 'chunked';
	return $reply;
}

sub unchunk {
	my ($text) = @_;
	my $out = '';
	while ($text =~ s/^([0-9a-fA-F]+)[^\r\n]*\r\n//) {
		my $n = hex $1;
		last if $n == 0;
		$out .= substr $text, 0, $n, '';
		$text =~ s/^\r\n//;
	}
	return $out;
}

# headers returns every value of a header; header returns its only value, or undef
# unless there is exactly one.
sub headers {
	my ($reply, $name) = @_;
	return map { $_->[1] } grep { lc $_->[0] eq lc $name }
	    @{ $reply->{headers} };
}

sub header {
	my @values = headers(@_);
	return @values == 1 ? $values[0] : undef;
}

sub have_program {
	my ($name) = @_;
	for my $dir (split(/:/, $ENV{PATH} // ''), '/usr/sbin', '/usr/local/sbin') {
		return "$dir/$name" if -x "$dir/$name";
	}
	return;
}

1;
