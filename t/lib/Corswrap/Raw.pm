package Corswrap::Raw;

# A server that responds with any bytes that a test chooses, valid or not.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(patience);
use Exporter qw(import);
use IO::Socket::INET;
use POSIX ();

our @EXPORT = qw(raw_socket raw_server);

my %group;    # leader of a process group => 1
my $owner = $$;

# Listening on a free port of 127.0.0.1.
sub raw_socket {
	return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
	    ReuseAddr => 1) // die "listen: $!";
}

# raw_server(SOCKET, CODE): for each connection, CODE->(head of the request,
# socket) in a process of its own; its result is sent, and the connection
# closed.  The pid; it ends with the test.
sub raw_server {
	my ($listen, $code) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid) {
		close $listen;
		$group{$pid} = 1;
		return $pid;
	}
	%group = ();
	# A process group of its own, ended with all its processes.
	setpgrp;
	open STDOUT, '>', '/dev/null';
	@SIG{qw(CHLD PIPE)} = qw(IGNORE IGNORE);
	alarm patience(600);
	while (my $client = $listen->accept) {
		next if fork;
		alarm patience(60);
		my $head = '';
		while (my $line = <$client>) {
			$head .= $line;
			last if $line eq "\r\n";
		}
		my $reply = $code->($head, $client);
		syswrite $client, $reply if defined $reply;
		POSIX::_exit(0);
	}
	POSIX::_exit(0);
}

END {
	if ($$ == $owner) {
		local $?;
		kill -TERM => $_ for keys %group;
	}
}

1;
