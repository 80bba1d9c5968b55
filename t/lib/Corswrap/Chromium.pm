package Corswrap::Chromium;

# Drives a real headless Chromium over a pair of pipes, by the DevTools protocol
# (JSON texts, each ended by a NUL byte).
#
#	my $b = Corswrap::Chromium->new or plan skip_all => 'no Chromium';
#	$b->load("http://127.0.0.1:$port/");
#	my $sum = $b->value('1 + 1');        # awaits promises
#	$b->screenshot("$dir/a.png", width => 390, height => 844);
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test;
use IO::Handle ();
use IO::Select;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use POSIX qw(_exit);
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8;

# Returns the path of the program, or nothing if it is not installed.
sub program {
	for my $name (qw(chromium chromium-browser google-chrome)) {
		my $path = have_program($name);
		return $path if $path;
	}
	return;
}

# new(ARGUMENT, ...): starts a browser with a page; returns nothing if it is not
# installed.  Dies if it does not start.
sub new {
	my ($class, @arguments) = @_;
	my $program = program() or return;
	my $dir = tempdir();
	pipe my $from_us, my $to_browser or die "pipe: $!";
	pipe my $to_us, my $from_browser or die "pipe: $!";
	my @command = ($program, qw(--headless --no-sandbox --disable-gpu
	    --disable-quic --no-first-run --disable-background-networking
	    --disable-component-update --disable-sync --disable-dev-shm-usage
	    --remote-debugging-pipe), "--user-data-dir=$dir/profile",
	    @arguments);
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		_child($dir, $from_us, $from_browser, \@command);
	}
	my $self = bless { pid => $pid, dir => $dir, out => $to_browser,
		in => $to_us, buffer => '', id => 0, events => [],
		owner => $$ }, $class;
	$to_browser->autoflush(1);
	eval { $self->_attach; 1 } or do {
		my $error = $@;
		die "Chromium did not start: $error", read_file("$dir/log");
	};
	return $self;
}

sub _child {
	my ($dir, $in, $out, $command) = @_;
	# First move both away from 3 and 4, where Chromium expects its pipes.
	my $from = _dup($in, 10);
	my $to   = _dup($out, 11);
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', "$dir/log";
	open STDERR, '>>', "$dir/log";
	POSIX::dup2($from, 3);
	POSIX::dup2($to, 4);
	POSIX::close($_) for 5 .. 64;
	setpgrp 0, 0;
	$ENV{HOME} = "$dir";
	exec { $command->[0] } @$command or _exit(127);
}

# Uses fcntl(F_DUPFD), because dup2 would close a descriptor that is in use.
sub _dup {
	my ($fh, $least) = @_;
	return fcntl $fh, POSIX::F_DUPFD(), $least;
}

sub _attach {
	my ($self) = @_;
	my $target = $self->call('Target.createTarget',
		{ url => 'about:blank' })->{targetId};
	$self->{session} = $self->call('Target.attachToTarget',
		{ targetId => $target, flatten => JSON::PP::true })->{sessionId};
	$self->call("$_.enable", {}) for qw(Page Runtime Log);
	return;
}

# Returns one message from the browser, or undef if none arrived in time.
sub _receive {
	my ($self, $until) = @_;
	while ($self->{buffer} !~ /\0/) {
		my $left = $until - time;
		return if $left <= 0;
		next unless IO::Select->new($self->{in})->can_read($left);
		sysread $self->{in}, $self->{buffer}, 65536,
		    length $self->{buffer} or die "Chromium has gone\n";
	}
	$self->{buffer} =~ s/\A([^\0]*)\0//;
	return $json->decode($1);
}

# call(METHOD, PARAMETERS, seconds): returns the method's result.  Dies on an error.
sub call {
	my ($self, $method, $params, $seconds) = @_;
	my $id = ++$self->{id};
	my $until = time + patience($seconds // 60);
	my %message = (id => $id, method => $method, params => $params // {});
	$message{sessionId} = $self->{session} if $self->{session};
	print { $self->{out} } $json->encode(\%message), "\0";
	while (my $got = $self->_receive($until)) {
		if (($got->{id} // 0) == $id) {
			die "$method: $got->{error}{message}\n" if $got->{error};
			return $got->{result};
		}
		push @{ $self->{events} }, $got if $got->{method};
	}
	die "$method: no answer\n";
}

# Waits for an event, removes it, and returns its parameters.
sub event {
	my ($self, $name, $seconds) = @_;
	my $until = time + patience($seconds // 60);
	while (1) {
		for my $i (0 .. $#{ $self->{events} }) {
			next if $self->{events}[$i]{method} ne $name;
			return (splice @{ $self->{events} }, $i, 1)->{params};
		}
		my $got = $self->_receive($until) // die "no $name\n";
		push @{ $self->{events} }, $got if $got->{method};
	}
}

# Returns the browser's major version.
sub version {
	my ($self) = @_;
	return ($self->call('Browser.getVersion')->{product} =~ m{/(\d+)})[0];
}

# Loads a page and waits until it has loaded.
sub load {
	my ($self, $url) = @_;
	@{ $self->{events} } = ();
	my $result = $self->call('Page.navigate', { url => $url });
	die "$url: $result->{errorText}\n" if $result->{errorText};
	$self->event('Page.loadEventFired');
	return;
}

# Returns the value of an expression in the page, after awaiting a promise.  Dies
# with the exception if the expression throws one.
sub value {
	my ($self, $expression, $seconds) = @_;
	my $r = $self->call('Runtime.evaluate', {
		expression => $expression, awaitPromise => JSON::PP::true,
		returnByValue => JSON::PP::true, userGesture => JSON::PP::true,
	}, $seconds);
	if (my $e = $r->{exceptionDetails}) {
		die +($e->{exception}{description} // $e->{text}), "\n";
	}
	return $r->{result}{value};
}

# Returns the console's messages since the last call, oldest first.
sub console {
	my ($self) = @_;
	$self->value('1'); # now the messages that were logged before have arrived
	my (@texts, @rest);
	for (@{ $self->{events} }) {
		if ($_->{method} eq 'Log.entryAdded') {
			push @texts, $_->{params}{entry}{text};
		} elsif ($_->{method} eq 'Runtime.consoleAPICalled') {
			push @texts, join ' ', map { $_->{value} // '' }
			    @{ $_->{params}{args} };
		} else {
			push @rest, $_;
		}
	}
	@{ $self->{events} } = @rest;
	return @texts;
}

# size(width => 390, height => 844, dark => 1)
sub size {
	my ($self, %o) = @_;
	$self->call('Emulation.setDeviceMetricsOverride', {
		width => $o{width}, height => $o{height},
		deviceScaleFactor => 1,
		mobile => $o{width} < 600 ? JSON::PP::true : JSON::PP::false });
	$self->call('Emulation.setEmulatedMedia', { features => [ {
		name => 'prefers-color-scheme',
		value => $o{dark} ? 'dark' : 'light' } ] });
	return;
}

# Writes a screenshot of the whole page, as PNG.
sub screenshot {
	my ($self, $file, %o) = @_;
	$self->size(%o);
	my $shot = $self->call('Page.captureScreenshot',
		{ format => 'png', captureBeyondViewport => JSON::PP::true });
	return write_file($file, decode_base64($shot->{data}));
}

sub DESTROY {
	my ($self) = @_;
	return if $$ != $self->{owner} || !$self->{pid};
	local ($?, $@);
	my $pid = delete $self->{pid};
	eval { delete $self->{session}; $self->call('Browser.close', {}, 5) };
	close $self->{out};
	close $self->{in};
	# The browser and its helpers are a process group of their own.
	my $gone = wait_for(sub {
		waitpid($pid, POSIX::WNOHANG()) == $pid }, 10);
	kill 'KILL', -$pid;
	waitpid $pid, 0 unless $gone;
	return;
}

1;
