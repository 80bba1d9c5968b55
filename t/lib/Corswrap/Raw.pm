package Corswrap::Raw;

# A server that responds with whatever bytes a test chooses, valid or not.
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

# Returns a socket that listens on a free port of 127.0.0.1.
sub raw_socket {
	return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
	    ReuseAddr => 1) // die "listen: $!";
}

# raw_server(SOCKET, CODE): calls CODE->(head of the request, socket) for each
# connection, in a process of its own, sends its result and closes the connection.
# Returns the pid of the server, which ends with the test.
sub raw_server {
	my ($listen, $code) = @_;
	my $pid = fork // die "fork: $!";
	if ($pid) {
		close $listen;
		$group{$pid} = 1;
		return $pid;
	}
	%group = ();
	# It is a process group of its own, so that all its processes can be
	# ended.
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
