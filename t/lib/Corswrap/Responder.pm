package Corswrap::Responder;

# Starts corswrap as a FastCGI responder for one test, on a socket of any kind, reads
# its log, and stops it by its pid.
#
#	my $r = responder(policy => $text, listen => 'unix', args => ['-w', 1]);
#	fcgi_get($r->address, params => preflight());
#	is($r->stop, 0);
#
# listen: unix (default), tcp, tcp6 (-l), fd0, fds (LISTEN_FDS: a unix and a TCP
# socket), or sockets => [...] to inherit those as LISTEN_FDS.  Other options: dir,
# env, ulimit (arguments of the shell's ulimit), wrap (words before the command),
# hold (how many more descriptors it inherits), program (text of a script for exec),
# corswrap (another program than the built one).
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::FastCGI qw(fcgi_connect record);
use Corswrap::Test qw(corswrap free_port read_file tempdir wait_for write_file);
use Exporter qw(import);
use IO::Socket::INET;
use IO::Socket::IP;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h _exit dup2);
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(responder preflight get basic_policy sh_program tcp6_works
    listen_unix listen_tcp);

my $origin = 'https://app.example.com';

# Returns a policy with a program, and more lines of [server], [app] and [cors].
sub basic_policy {
	my ($program, %more) = @_;
	return join "\n", '[cors]', "origins = $origin", 'methods = PUT',
	    'headers = X-Token', 'max-age = 600', $more{cors} // '',
	    '[app]', "exec = $program", $more{app} // '',
	    '[server]', $more{server} // '', '';
}

sub sh_program {
	my ($path, $text) = @_;
	return write_file($path, "#!/bin/sh\n$text", 0755);
}

# preflight and get return the parameters of an allowed preflight and of a GET.
sub preflight {
	return { REQUEST_METHOD => 'OPTIONS', HTTP_ORIGIN => $origin,
		REQUEST_URI => '/x', SCRIPT_NAME => '/x',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT',
		HTTP_ACCESS_CONTROL_REQUEST_HEADERS => 'x-token', @_ };
}

sub get {
	return { REQUEST_METHOD => 'GET', HTTP_ORIGIN => $origin,
		REQUEST_URI => '/x', SCRIPT_NAME => '/x',
		GATEWAY_INTERFACE => 'CGI/1.1', SERVER_PROTOCOL => 'HTTP/1.1',
		REMOTE_ADDR => '127.0.0.1', @_ };
}

sub tcp6_works {
	return IO::Socket::IP->new(LocalHost => '::1', Listen => 1,
		Type => SOCK_STREAM) ? 1 : 0;
}

sub listen_unix {
	my ($path) = @_;
	return IO::Socket::UNIX->new(Local => $path, Listen => 128,
		Type => SOCK_STREAM) || die "$path: $!";
}

sub listen_tcp {
	return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 128,
		ReuseAddr => 1) || die "listen: $!";
}

sub _free_port6 {
	my $s = IO::Socket::IP->new(LocalHost => '::1', Listen => 1,
		Type => SOCK_STREAM) or die "no port: $!";
	return $s->sockport;
}

sub responder {
	my (%o) = @_;
	my $dir  = $o{dir} // tempdir();
	my $self = bless { dir => $dir, log => "$dir/log", owner => $$,
		policy => "$dir/policy.ini", addresses => [] }, __PACKAGE__;
	$self->{program} = sh_program("$dir/program", $o{program} //
	    "printf 'Content-Type: text/plain\\n\\n%s\\n' \"\$REQUEST_METHOD\"; cat\n");
	write_file($self->{policy},
	    $o{policy} // basic_policy($self->{program}, %{ $o{more} // {} }));
	my $kind    = $o{listen} // 'unix';
	my @command = ($o{corswrap} // corswrap(), '-c', $self->{policy}, @{ $o{args} // [] });
	my ($stdin, @fds);
	if ($o{sockets}) {
		@fds = @{ $o{sockets} };
		$self->{addresses} = $o{addresses};
	} elsif ($kind eq 'unix') {
		$self->{addresses} = ["unix:$dir/socket"];
		push @command, '-l', $self->address;
	} elsif ($kind eq 'tcp') {
		$self->{addresses} = ['tcp:127.0.0.1:' . free_port()];
		push @command, '-l', $self->address;
	} elsif ($kind eq 'tcp6') {
		$self->{addresses} = ['tcp:[::1]:' . _free_port6()];
		push @command, '-l', $self->address;
	} elsif ($kind eq 'fd0') {
		$stdin = listen_unix("$dir/socket");
		$self->{addresses} = ["unix:$dir/socket"];
	} else {
		@fds = (listen_unix("$dir/socket"), listen_tcp());
		$self->{addresses} = [ "unix:$dir/socket",
			'tcp:127.0.0.1:' . $fds[1]->sockport ];
	}
	$self->{keep} = [ @fds, $stdin ];
	$self->_start(\@command, $stdin, \@fds, %o);
	return $self if $o{no_wait};
	for my $address (@{ $self->{addresses} }) {
		my $up = wait_for(sub {
			die "corswrap ended: " . $self->log if $self->ended;
			fcgi_connect($address) }, 60);
		die "no responder at $address: " . $self->log unless $up;
		# The socket listens before the start is complete, so wait
		# until a worker replies to FCGI_GET_VALUES.
		eval { $up->send_bytes(record(9, 0, ''));
			$up->read_record };
	}
	return $self;
}

sub _start {
	my ($self, $command, $stdin, $fds, %o) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDOUT, '>>', "$self->{dir}/out" or _exit(126);
		open STDERR, '>>', $self->{log} or _exit(126);
		if ($stdin) { dup2(fileno $stdin, 0) }
		else { open STDIN, '<', '/dev/null' or _exit(126) }
		if (@$fds) {
			# first move them away, because old and new numbers may overlap
			my $to = 50;
			my @high = map { dup2(fileno $_, $to); $to++ } @$fds;
			my $n = 3;
			dup2($_, $n++), POSIX::close($_) for @high;
			$ENV{LISTEN_FDS} = @$fds;
			$ENV{LISTEN_PID} = $o{listen_pid} // $$;
		}
		$ENV{$_} = $o{env}{$_} for keys %{ $o{env} // {} };
		unshift @$command, @{ $o{wrap} } if $o{wrap};
		if ($o{hold}) {
			# descriptors that stay open across exec
			unshift @$command, 'perl', '-e', 'use POSIX; my $n = shift;'
			    . ' dup2(0, 60 + $_) for 1 .. $n; exec @ARGV',
			    $o{hold};
		}
		if ($o{ulimit}) {
			exec '/bin/sh', '-c', "ulimit $o{ulimit} && exec \"\$@\"",
			    'sh', @$command or _exit(127);
		}
		exec { $command->[0] } @$command or _exit(127);
	}
	$self->{pid} = $pid;
	return;
}

sub address { my ($self, $n) = @_; return $self->{addresses}[ $n // 0 ] }
sub pid     { return $_[0]{pid} }
sub log     { return read_file($_[0]{log}) }
sub signal  { my ($self, $name) = @_; return kill $name, $self->{pid} }

# Returns the exit status (or -signal) if it has ended, else undef.
sub ended {
	my ($self) = @_;
	return $self->{status} if defined $self->{status};
	return undef unless waitpid($self->{pid}, WNOHANG) == $self->{pid};
	$self->{status} = $? & 127 ? -($? & 127) : $? >> 8;
	return $self->{status};
}

# Waits until it ends, and returns its status, or undef if it does not end.
sub wait_end {
	my ($self, $seconds) = @_;
	wait_for(sub { defined $self->ended }, $seconds // 60);
	return $self->{status};
}

sub stop {
	my ($self) = @_;
	return $self->{status} if defined $self->ended;
	$self->signal('TERM');
	return $self->wait_end if defined $self->wait_end(40);
	$self->signal('KILL');
	return $self->wait_end;
}

# Waits for a line in the log.
sub wait_log {
	my ($self, $pattern, $seconds) = @_;
	return wait_for(sub { $self->log =~ $pattern }, $seconds // 20);
}

sub threads {
	my ($self) = @_;
	my @tasks = glob "/proc/$self->{pid}/task/*";
	return scalar @tasks;
}

# Returns the number of open descriptors; resident returns KiB.
sub descriptors {
	my ($self) = @_;
	opendir my $dh, "/proc/$self->{pid}/fd" or return 0;
	return scalar grep { /^\d+$/ } readdir $dh;
}

# Returns open files that have no name, except the one that valgrind keeps.
sub unlinked {
	my ($self) = @_;
	return grep { /deleted|memfd/ && !/valgrind_proc/ }
	    map { readlink $_ // () } glob "/proc/$self->{pid}/fd/*";
}

sub resident {
	my ($self) = @_;
	return read_file("/proc/$self->{pid}/status") =~ /^VmRSS:\s+(\d+)/m
	    ? $1 : 0;
}

sub DESTROY {
	my ($self) = @_;
	local ($?, $@, $!);
	return if defined $self->{status} || !$self->{pid} ||
	    ($self->{owner} // $$) != $$;
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	return;
}

1;
