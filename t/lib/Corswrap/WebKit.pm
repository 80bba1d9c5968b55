package Corswrap::WebKit;

# Runs a real WebKitGTK: its MiniBrowser on an X server without a screen.  It cannot
# be driven by a protocol, so a page must report its results itself, and the console
# goes to a file.
#
#	my $w = Corswrap::WebKit->new("--proxy=http://127.0.0.1:$port")
#	    or plan skip_all => 'no WebKit';
#	$w->load("http://app.example.com/page");     # once
#	my @lines = $w->console;
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test;
use Fcntl qw(F_SETFD);
use IO::Select;
use POSIX qw(_exit);

# Returns the path of the program, or nothing if it or Xvfb is not installed.
sub program {
	return unless have_program('Xvfb') && have_program('stdbuf');
	my @found = sort glob '/usr/lib/*/webkit2gtk-4.*/MiniBrowser '
	    . '/usr/libexec/webkit2gtk-4.*/MiniBrowser';
	return grep({ -x } @found) ? (grep { -x } @found)[-1] : ();
}

# new(ARGUMENT, ...): starts the X server; returns nothing if the browser is not
# installed.  Dies if the X server does not start.
sub new {
	my ($class, @arguments) = @_;
	program() or return;
	my $self = bless { dir => tempdir(), arguments => \@arguments,
		owner => $$, seen => 0 }, $class;
	$self->_start_display;
	return $self;
}

# Starts Xvfb, which reports its display on a descriptor.
sub _start_display {
	my ($self) = @_;
	pipe my $read, my $write or die "pipe: $!";
	$self->{display_pid} = $self->_spawn('xvfb.log', {}, [
		'Xvfb', '-displayfd', 9, '-nolisten', 'tcp', '-screen', 0,
		'800x600x24' ], $write);
	close $write;
	my $got = '';
	my $came = wait_for(sub {
		IO::Select->new($read)->can_read(0.1)
		    && sysread($read, $got, 32, length $got);
		return $got =~ /\n/ }, 30);
	die "Xvfb did not start: ", read_file("$self->{dir}/xvfb.log")
	    unless $came;
	$self->{display} = ':' . ($got =~ /(\d+)/)[0];
	return;
}

# Starts a child in a process group of its own; its descriptor 9 is the handle, if
# one is given.
sub _spawn {
	my ($self, $log, $env, $command, $handle) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid != 0;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', "$self->{dir}/$log";
	open STDERR, '>>', "$self->{dir}/$log";
	# If the handle is already 9, dup2() would do nothing, and exec
	# would close it.
	fileno $handle == 9 ? fcntl($handle, F_SETFD, 0)
	    : POSIX::dup2(fileno $handle, 9) if $handle;
	POSIX::close($_) for 3 .. 8, 10 .. 64;
	setpgrp 0, 0;
	%ENV = (%ENV, %$env);
	exec { $command->[0] } @$command or _exit(127);
}

# Starts the browser with a page, and does not wait until it has loaded.
sub load {
	my ($self, $url) = @_;
	my $dir = $self->{dir};
	my %env = (DISPLAY => $self->{display}, HOME => $dir,
		XDG_RUNTIME_DIR => $dir, GSETTINGS_BACKEND => 'memory',
		DBUS_SESSION_BUS_ADDRESS => 'disabled:', LIBGL_ALWAYS_SOFTWARE
		=> 1, WEBKIT_DISABLE_COMPOSITING_MODE => 1, NO_AT_BRIDGE => 1,
		WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS => 1);
	# Without line buffering the last lines would be lost.
	$self->{pid} = $self->_spawn('log', \%env, [ have_program('stdbuf'),
		'-oL', program(), '--enable-write-console-messages-to-stdout=true',
		@{ $self->{arguments} }, $url ]);
	return;
}

# Returns the console's messages since the last call, oldest first, with source and
# level: "SECURITY ERROR Origin ...".
sub console {
	my ($self) = @_;
	return unless -e "$self->{dir}/log";
	my @lines = split /\n/, read_file("$self->{dir}/log");
	my @new = @lines[$self->{seen} .. $#lines];
	$self->{seen} = @lines;
	return map { s/\A.*?CONSOLE //r } grep { /CONSOLE / } @new;
}

sub version {
	my ($self) = @_;
	my ($exit, $out) = run([ program(), '--version' ],
		env => { DISPLAY => $self->{display} });
	return ($out =~ /(\d+[.]\d+)/)[0];
}

sub DESTROY {
	my ($self) = @_;
	return if $$ != $self->{owner};
	local ($?, $@);
	for my $pid (grep { $_ } delete @$self{qw(pid display_pid)}) {
		kill 'TERM', -$pid;
		my $gone = wait_for(sub {
			waitpid($pid, POSIX::WNOHANG()) == $pid }, 5);
		kill 'KILL', -$pid;
		waitpid $pid, 0 unless $gone;
	}
	return;
}

1;
