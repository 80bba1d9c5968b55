# SPDX-License-Identifier: ISC
#
# Starts corswrap as a web server would: as a CGI program with an environment
# of its own, or as a FastCGI responder on a unix socket.

package Corswrap::CGI;

use strict;
use warnings;
no warnings qw(exec);

use Carp qw(croak);
use Corswrap::FastCGI qw(parse_response);
use Exporter qw(import);
use Fcntl qw(F_SETFD);
use File::Basename qw(dirname);
use File::Temp ();
use IO::Select ();
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(cgi_run builddir srcdir program responder spew slurp
    app_program wait_until);

sub srcdir {
	return $ENV{top_srcdir} if defined $ENV{top_srcdir};
	return POSIX::getcwd() if -e 't/vectors/cors.tsv';
	return dirname(dirname(dirname(dirname(__FILE__))));
}
sub builddir { return defined $ENV{top_builddir} ? $ENV{top_builddir} : srcdir() }

sub program {
	my ($name) = @_;
	my $path = builddir() . '/' . ($name || 'corswrap');
	return $path =~ m{^/} ? $path : POSIX::getcwd() . "/$path";
}

sub spew {
	my ($path, $text, $mode) = @_;
	open my $h, '>:raw', $path or croak "$path: $!";
	print {$h} $text;
	close $h or croak "$path: $!";
	chmod $mode, $path if defined $mode;
	return $path;
}

sub slurp {
	my ($path) = @_;
	open my $h, '<:raw', $path or return undef;
	local $/;
	return <$h>;
}

# True as soon as the code says so, false when time is over.
sub wait_until {
	my ($seconds, $code) = @_;
	my $until = time + $seconds;
	while (time < $until) {
		return 1 if $code->();
		sleep 0.02;
	}
	return $code->();
}

# A program that prints what its variable APP_OUTPUT says, header block and
# all, or a plain answer; and notes in APP_LOG that it was started.
sub app_program {
	my ($path) = @_;
	return spew($path, <<'SH', 0755);
#!/bin/sh
[ -z "$APP_LOG" ] || echo "$REQUEST_METHOD $REQUEST_URI" >>"$APP_LOG"
if [ -n "$APP_OUTPUT" ]; then
	printf '%s' "$APP_OUTPUT"
else
	printf 'Content-Type: text/plain\r\n\r\napp ran\n'
fi
SH
}

# One CGI request.  env is the whole environment; the answer is that of
# parse_response with raw, stderr, exit (or signal), and status.
sub cgi_run {
	my (%o) = @_;
	my $program = $o{program} || program();
	my $stdin   = File::Temp->new;
	print {$stdin} defined $o{stdin} ? $o{stdin} : '';
	$stdin->flush;
	pipe my $out_r, my $out_w or croak "pipe: $!";
	pipe my $err_r, my $err_w or croak "pipe: $!";
	my $pid = fork;
	croak "fork: $!" unless defined $pid;
	if (!$pid) {
		open my $in, '<', $o{stdin_path} || $stdin->filename
		    or POSIX::_exit(126);
		POSIX::dup2(fileno $in, 0);
		POSIX::dup2(fileno $out_w, 1);
		POSIX::dup2(fileno $err_w, 2);
		chdir $o{cwd} if $o{cwd};
		%ENV = %{ $o{env} || {} };
		exec { $program } ($o{argv0} || $program), @{ $o{argv} || [] };
		POSIX::_exit(127);
	}
	close $out_w;
	close $err_w;
	my %got  = (out => '', err => '');
	my %name = (fileno $out_r => 'out', fileno $err_r => 'err');
	my $select = IO::Select->new($out_r, $err_r);
	my $until  = time + ($o{timeout} || 120);
	while ($select->count) {
		my @ready = $select->can_read($until - time > 0
			? $until - time : 0);
		last unless @ready;
		for my $h (@ready) {
			my $n = sysread $h, $got{ $name{ fileno $h } },
			    1 << 16, length $got{ $name{ fileno $h } };
			$select->remove($h) unless $n;
		}
	}
	kill 'KILL', $pid if $select->count;
	waitpid $pid, 0;
	my $r = parse_response($got{out});
	@$r{qw(raw stderr exit signal timed_out)} =
	    ($got{out}, $got{err}, $? >> 8, $? & 127, $select->count);
	$r->{status} = !defined $r->{block} ? 0
	    : $r->{header}{status} ? ($r->{header}{status}[0] =~ /^(\d+)/)[0]
	    : 200;
	return $r;
}

# A FastCGI responder; ends with the object.  {address}, {pid}, {log}.
sub responder {
	my ($policy, %o) = @_;
	my $dir  = File::Temp->newdir;
	my $self = bless {
		dir     => $dir,
		owner   => $$,
		address => "unix:$dir/s",
		log     => "$dir/log",
	}, 'Corswrap::CGI::Responder';
	my $program = program();
	my $pid = fork;
	croak "fork: $!" unless defined $pid;
	if (!$pid) {
		open STDIN,  '<', '/dev/null';
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', "$dir/log";
		delete @ENV{ grep { /^CORSWRAP_/ } keys %ENV };
		exec { $program } 'corswrap', '-c', $policy, '-l',
		    $self->{address}, @{ $o{args} || [] };
		POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	my $up = wait_until(30, sub {
		if (waitpid($pid, POSIX::WNOHANG()) == $pid) {
			delete $self->{pid};
			return 1;
		}
		return -S "$dir/s";
	});
	croak 'no responder: ' . slurp("$dir/log")
	    unless $up && $self->{pid};
	return $self;
}

sub Corswrap::CGI::Responder::stop {
	my ($self) = @_;
	my $pid = delete $self->{pid};
	return unless $pid && $self->{owner} == $$;
	local $?;
	kill 'TERM', $pid;
	my $gone = 0;
	wait_until(20, sub { $gone = waitpid($pid, POSIX::WNOHANG()) == $pid });
	if (!$gone) {
		kill 'KILL', $pid;
		waitpid $pid, 0;
	}
	return;
}

sub Corswrap::CGI::Responder::DESTROY { $_[0]->stop }

1;
