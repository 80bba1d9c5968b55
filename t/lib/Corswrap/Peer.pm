package Corswrap::Peer;

# A FastCGI application for tests of `forward` that misbehaves as the test needs:
# every connection gets a process of its own, which calls code of the test.
#
#	my $peer = peer("unix:$dir/app", sub {
#		my ($c) = @_;			# a connection
#		my $r = $c->read_request or return;
#		$c->answer("Content-Type: text/plain\n\n$r->{stdin}");
#	});
#	$peer->note;	# lines that $c->note has written
#
# read_request returns {params, stdin, keep, id, stdin_end, records}, or undef at
# the end of the connection.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::FastCGI qw(record);
use Corswrap::Test qw(read_file tempdir wait_for);
use Exporter qw(import);
use IO::Socket::IP;
use IO::Socket::UNIX;
use POSIX qw(_exit);
use Socket qw(SOCK_STREAM MSG_NOSIGNAL);

our @EXPORT = qw(peer fill_backlog);

sub _listen {
	my ($address, $backlog) = @_;
	my $s;
	if ($address =~ /^unix:(.*)/) {
		unlink $1;
		$s = IO::Socket::UNIX->new(Local => $1, Listen => $backlog,
			Type => SOCK_STREAM);
		chmod 0777, $1;
	} elsif ($address =~ /^tcp:\[?([^\]]*)\]?:(\d+)$/) {
		$s = IO::Socket::IP->new(LocalHost => $1, LocalPort => $2,
			Listen => $backlog, ReuseAddr => 1, Type => SOCK_STREAM);
	}
	return $s || die "$address: $!";
}

# peer(ADDRESS, sub, backlog => N, busy => 1): starts it; with busy it does not
# accept connections.
sub peer {
	my ($address, $serve, %o) = @_;
	my $dir    = tempdir();
	my $listen = _listen($address, $o{backlog} // 128);
	my $self   = bless { dir => $dir, notes => "$dir/notes",
		address => $address }, __PACKAGE__;
	if ($o{busy}) {
		$self->{listen} = $listen;
		return $self;
	}
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		setpgrp;
		$SIG{CHLD} = 'IGNORE';
		$SIG{PIPE} = 'IGNORE';
		while (1) {
			my $socket = $listen->accept or next;
			my $child = fork // _exit(1);
			if ($child == 0) {
				close $listen;
				my $c = bless { socket => $socket, in => '',
					notes => "$dir/notes" },
				    'Corswrap::Peer::Connection';
				$c->note('connection');
				eval { $serve->($c); 1 } or $c->note("died: $@");
				close $socket;
				_exit(0);
			}
			close $socket;
		}
	}
	$self->{pid} = $pid;
	return $self;
}

# Connects to a unix socket whose server does not accept, until its backlog is full
# or 50 connections fit.  They stay in the backlog as long as the caller keeps them.
sub fill_backlog {
	my ($path) = @_;
	my @held;
	while (@held < 50) {
		my $s = IO::Socket::UNIX->new(Type => Socket::SOCK_STREAM())
		    or die;
		$s->blocking(0);
		last unless connect $s, Socket::pack_sockaddr_un($path);
		push @held, $s;
	}
	return @held;
}

sub notes { my ($self) = @_; return split /\n/, read_file($self->{notes}) }

sub noted {
	my ($self, $what) = @_;
	return scalar grep { $_ eq $what } $self->notes;
}

sub wait_noted {
	my ($self, $what, $count, $seconds) = @_;
	return wait_for(sub { $self->noted($what) >= ($count // 1) },
		$seconds // 30);
}

sub forget { my ($self) = @_; unlink $self->{notes}; return }

sub stop {
	my ($self) = @_;
	close delete $self->{listen} if $self->{listen};
	my $pid = delete $self->{pid} or return;
	kill 'KILL', -$pid;
	waitpid $pid, 0;
	return;
}

sub DESTROY { local ($?, $@, $!); $_[0]->stop; return }

package Corswrap::Peer::Connection;

use Corswrap::FastCGI qw(record);
use Socket qw(MSG_NOSIGNAL);

sub note {
	my ($self, $text) = @_;
	open my $fh, '>>', $self->{notes} or return;
	syswrite $fh, "$text\n";
	return;
}

# Reads more bytes; returns false at the end of the connection.
sub fill {
	my ($self) = @_;
	my $n = sysread $self->{socket}, $self->{in}, 262144,
	    length $self->{in};
	return $n;
}

sub read_record {
	my ($self) = @_;
	while (1) {
		if (length $self->{in} >= 8) {
			my ($version, $type, $id, $len, $padding) =
			    unpack 'CCnnC', $self->{in};
			die "version $version\n" if $version != 1;
			if (length $self->{in} >= 8 + $len + $padding) {
				my $content = substr $self->{in}, 8, $len;
				substr $self->{in}, 0, 8 + $len + $padding, '';
				return [ $type, $id, $content, $padding ];
			}
		}
		$self->fill or return;
	}
}

sub _length {
	my ($bytes) = @_;
	my $n = unpack 'C', $$bytes;
	if ($n < 128) {
		substr $$bytes, 0, 1, '';
		return $n;
	}
	$n = unpack('N', $$bytes) & 0x7fffffff;
	substr $$bytes, 0, 4, '';
	return $n;
}

sub _pairs {
	my ($bytes) = @_;
	my @pairs;
	while (length $bytes) {
		my ($n, $v) = (_length(\$bytes), _length(\$bytes));
		push @pairs, substr($bytes, 0, $n), substr($bytes, $n, $v);
		substr $bytes, 0, $n + $v, '';
	}
	return @pairs;
}

# With no_stdin it returns as soon as all parameters have arrived.
sub read_request {
	my ($self, %o) = @_;
	my %r = (stdin => '', params_bytes => '', records => []);
	while (my $record = $self->read_record) {
		my ($type, $id, $content) = @$record;
		push @{ $r{records} }, [ $type, length $content ];
		$r{id} = $id;
		if ($type == 1) {
			($r{role}, $r{keep}) = unpack 'nC', $content;
		} elsif ($type == 4) {
			$r{params_bytes} .= $content;
			next if length $content;
			$r{list}   = [ _pairs($r{params_bytes}) ];
			$r{params} = { @{ $r{list} } };
			$self->note('request');
			return \%r if $o{no_stdin};
		} elsif ($type == 5) {
			return \%r unless length $content;
			$r{stdin} .= $content;
		}
	}
	return;
}

# Sends all the bytes; returns false if the other side does not read them.
sub send {
	my ($self, $bytes) = @_;
	my $at = 0;
	while ($at < length $bytes) {
		my $n = send $self->{socket}, substr($bytes, $at, 1 << 20),
		    MSG_NOSIGNAL;
		return 0 unless defined $n;
		$at += $n;
	}
	return 1;
}

sub out { my ($self, $text, $padding) = @_;
	return $self->send(record(6, 1, $text, $padding)) }
sub err { my ($self, $text, $padding) = @_;
	return $self->send(record(7, 1, $text, $padding)) }

sub end {
	my ($self, $app, $protocol) = @_;
	return $self->send(record(6, 1, '')
		. record(3, 1, pack 'NCx3', $app // 0, $protocol // 0));
}

# Sends a complete response.
sub answer {
	my ($self, $text) = @_;
	my $bytes = '';
	while (length $text) {
		$bytes .= record(6, 1, substr $text, 0, 65000, '');
	}
	return $self->send($bytes . record(6, 1, '')
		. record(3, 1, "\0" x 8));
}

# Returns the seconds until the other side closes, or undef if it does not within
# $seconds.
sub closed_within {
	my ($self, $seconds) = @_;
	my $until = Time::HiRes::time() + $seconds;
	vec(my $bits = '', fileno $self->{socket}, 1) = 1;
	while ((my $left = $until - Time::HiRes::time()) > 0) {
		next unless select my $ready = $bits, undef, undef, $left;
		my $n = sysread $self->{socket}, my $rest, 65536;
		return $seconds - $left unless $n;
	}
	return;
}

1;
