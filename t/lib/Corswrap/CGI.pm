package Corswrap::CGI;

# Starts corswrap as a web server would: as a CGI program with an environment of
# its own, or as a FastCGI responder on a unix socket.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::FastCGI qw(parse_response);
use Corswrap::Test;
use IO::Socket::UNIX ();
use Exporter qw(import);
use Fcntl qw(:flock);

our @EXPORT = qw(cgi_run app_program responder static_cgi);

# Writes a program that prints its variable APP_OUTPUT, which has a header block,
# or else a plain response, and notes in APP_LOG that it was started.
sub app_program {
	my ($path) = @_;
	return write_file($path, <<'SH', 0755);
#!/bin/sh
[ -z "$APP_LOG" ] || echo "$REQUEST_METHOD $REQUEST_URI" >>"$APP_LOG"
if [ -n "$APP_OUTPUT" ]; then
	printf '%s' "$APP_OUTPUT"
else
	printf 'Content-Type: text/plain\r\n\r\napp ran\n'
fi
SH
}

# cgi_run(program => PATH, argv0 => NAME, argv => [], env => {}, cwd => FOLDER,
# stdin => TEXT): env is the whole environment.  Returns the hash of
# parse_response with status, raw, stderr and exit (-signal).
sub cgi_run {
	my (%o) = @_;
	my $program = $o{program} // corswrap();
	my ($exit, $out, $err) = run(
		[ $o{argv0} // $program, @{ $o{argv} // [] } ],
		file  => $program,
		clean => $o{env} // {},
		dir   => $o{cwd},
		stdin => $o{stdin},
		timeout => 120);
	my $r = parse_response($out);
	@$r{qw(raw stderr exit)} = ($out, $err, $exit);
	$r->{status} = !defined $r->{block} ? 0
	    : $r->{header}{status} ? ($r->{header}{status}[0] =~ /^(\d+)/)[0]
	    : 200;
	return $r;
}

# static_cgi(TARGET, ...): makes static-cgi and these targets, one test at a time,
# and returns (exit status, output of make), or nothing if there is no Makefile.
sub static_cgi {
	my (@targets) = @_;
	my $build = top_build();
	return unless -e "$build/Makefile";
	open my $lock, '>', "$build/.static-cgi.lock" or die $!;
	flock $lock, LOCK_EX or die $!;
	# Long enough for a whole compilation on a busy machine.
	my ($exit, $out, $err) = run([ $ENV{MAKE} || 'make', '-s', 'static-cgi',
		@targets ], dir => $build, timeout => 600,
		env => { MAKEFLAGS => '' });
	return ($exit, $out . $err);
}

# Starts a responder with a policy and more arguments.  The object has {address}
# and {log}; the responder ends when the object is destroyed.  Dies with the
# responder's output if it does not start.
sub responder {
	my ($policy, %o) = @_;
	my $dir  = tempdir();
	my $self = bless { dir => $dir, address => "unix:$dir/s",
		log => "$dir/log" }, 'Corswrap::CGI::Responder';
	my $pid = start([ corswrap(), '-c', $policy, '-l', $self->{address},
		@{ $o{args} // [] } ], stderr => "$dir/log");
	my $up = wait_for(sub {
		# -S is not enough: between bind and listen the socket
		# exists but refuses connections.
		IO::Socket::UNIX->new(Peer => "$dir/s") ||
		    waitpid($pid, POSIX::WNOHANG()) == $pid }, 30);
	die 'no responder: ' . read_file("$dir/log") unless ref $up;
	$self->{pid} = $pid;
	return $self;
}

sub Corswrap::CGI::Responder::stop {
	my ($self) = @_;
	my $pid = delete $self->{pid};
	local $?;
	return defined $pid ? Corswrap::Test::stop($pid) : undef;
}

sub Corswrap::CGI::Responder::DESTROY { $_[0]->stop }

1;
