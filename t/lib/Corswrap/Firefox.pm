package Corswrap::Firefox;

# Drives a real headless Firefox by Marionette's protocol: JSON texts over a TCP
# connection, each preceded by its length.  The methods are the same as those of
# Corswrap::Chromium.
#
#	my $f = Corswrap::Firefox->new('network.proxy.type' => 1)
#	    or plan skip_all => 'no Firefox';
#	$f->load("http://127.0.0.1:$port/");
#	my @lines = $f->console;
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test;
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(_exit);
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8;

# Firefox must not send requests of its own, change addresses to https or refuse
# addresses.  Marionette must not change preferences: by default it changes about
# fifty.
my %prefs = (
	'marionette.port' => 0,
	'remote.prefs.recommended' => JSON::PP::false,
	'dom.security.https_first' => JSON::PP::false,
	'network.captive-portal-service.enabled' => JSON::PP::false,
	'network.connectivity-service.enabled' => JSON::PP::false,
	'browser.shell.checkDefaultBrowser' => JSON::PP::false,
	'browser.safebrowsing.malware.enabled' => JSON::PP::false,
	'browser.safebrowsing.phishing.enabled' => JSON::PP::false,
	'datareporting.policy.dataSubmissionEnabled' => JSON::PP::false,
	'app.update.enabled' => JSON::PP::false,
	'services.settings.server' => 'data:,',
);

# Returns the path of the program, or nothing if it is not installed.
sub program {
	for my $name (qw(firefox-esr firefox)) {
		my $path = have_program($name);
		return $path if $path;
	}
	return;
}

# new(PREFERENCE => value, ...): starts a browser with a page; returns nothing if it
# is not installed.  Dies if it does not start.
sub new {
	my ($class, %more) = @_;
	my $program = program() or return;
	my $dir = tempdir();
	mkdir "$dir/profile" or die "$dir/profile: $!";
	my %all = (%prefs, %more);
	my $text = JSON::PP->new->allow_nonref;
	write_file("$dir/profile/user.js", join '', map {
		"user_pref(\"$_\", " . $text->encode($all{$_}) . ");\n"
	} sort keys %all);
	my @command = ($program, qw(-headless -no-remote --marionette
	    --remote-allow-system-access -profile), "$dir/profile",
	    'about:blank');
	my $pid = fork // die "fork: $!";
	_child($dir, \@command) if $pid == 0;
	my $self = bless { pid => $pid, dir => $dir, buffer => '', id => 0,
		owner => $$ }, $class;
	eval { $self->_attach; 1 } or do {
		my $error = $@;
		die "Firefox did not start: $error", read_file("$dir/log");
	};
	return $self;
}

sub _child {
	my ($dir, $command) = @_;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', "$dir/log";
	open STDERR, '>>', "$dir/log";
	POSIX::close($_) for 3 .. 64;
	setpgrp 0, 0;
	$ENV{HOME} = $dir;
	$ENV{MOZ_CRASHREPORTER_DISABLE} = 1;
	exec { $command->[0] } @$command or _exit(127);
}

sub _attach {
	my ($self) = @_;
	my $file = "$self->{dir}/profile/MarionetteActivePort";
	wait_for(sub { -s $file }, 60) or die "no port\n";
	my $port = read_file($file);
	wait_for(sub {
		$self->{socket} = IO::Socket::INET->new(
		    PeerAddr => "127.0.0.1:$port") }, 20) or die "no answer\n";
	$self->_receive(time + patience(60)) or die "no greeting\n";
	my $session = $self->call('WebDriver:NewSession',
		{ acceptInsecureCerts => JSON::PP::true,
		  pageLoadStrategy => 'normal' });
	$self->{version} = $session->{capabilities}{browserVersion};
	$self->_listen;
	return;
}

# Keeps the console's errors and warnings in the window of the browser itself.
sub _listen {
	my ($self) = @_;
	$self->_chrome(<<'END');
window.corswrapSaid = [];
Services.console.registerListener({ observe(message) {
	if (!(message instanceof Ci.nsIScriptError)) return;
	window.corswrapSaid.push(message.errorMessage);
} });
END
	return;
}

# Runs a script in the browser itself, and returns its result.
sub _chrome {
	my ($self, $script) = @_;
	$self->call('Marionette:SetContext', { value => 'chrome' });
	my $got = $self->call('WebDriver:ExecuteScript',
		{ script => $script, args => [] });
	$self->call('Marionette:SetContext', { value => 'content' });
	return $got->{value};
}

# Returns one message, or undef if none arrived in time.
sub _receive {
	my ($self, $until) = @_;
	while (1) {
		if ($self->{buffer} =~ /\A(\d+):/
		    && length $self->{buffer} >= $+[0] + $1) {
			my $text = substr $self->{buffer}, $+[0], $1;
			substr $self->{buffer}, 0, $+[0] + $1, '';
			return $json->decode($text);
		}
		my $left = $until - time;
		return if $left <= 0;
		next unless IO::Select->new($self->{socket})->can_read($left);
		sysread $self->{socket}, $self->{buffer}, 65536,
		    length $self->{buffer} or die "Firefox has gone\n";
	}
}

# call(COMMAND, PARAMETERS, seconds): returns the command's result.  Dies on an
# error.
sub call {
	my ($self, $command, $params, $seconds) = @_;
	my $id = ++$self->{id};
	my $text = $json->encode([ 0, $id, $command, $params // {} ]);
	print { $self->{socket} } length $text, ":$text";
	my $until = time + patience($seconds // 60);
	while (my $got = $self->_receive($until)) {
		next if ref $got ne 'ARRAY' || $got->[1] != $id;
		die "$command: $got->[2]{message}\n" if $got->[2];
		return $got->[3];
	}
	die "$command: no answer\n";
}

# Returns the browser's major version.
sub version {
	my ($self) = @_;
	return ($self->{version} =~ /\A(\d+)/)[0];
}

# Loads a page and waits until it has loaded.
sub load {
	my ($self, $url) = @_;
	$self->call('WebDriver:Navigate', { url => $url });
	return;
}

# Returns the value of an expression in the page, after awaiting a promise.
sub value {
	my ($self, $expression, $seconds) = @_;
	my $got = $self->call('WebDriver:ExecuteScript',
		{ script => "return ($expression);", args => [],
		  sandbox => JSON::PP::null }, $seconds);
	return $got->{value};
}

# Returns the console's messages since the last call, oldest first.
sub console {
	my ($self) = @_;
	return @{ $self->_chrome(
	    'return window.corswrapSaid.splice(0);') };
}

sub DESTROY {
	my ($self) = @_;
	return if $$ != $self->{owner} || !$self->{pid};
	local ($?, $@);
	my $pid = delete $self->{pid};
	eval { $self->call('Marionette:Quit', {}, 5) } if $self->{socket};
	# The browser and its helpers are a process group of their own.
	my $gone = wait_for(sub {
		waitpid($pid, POSIX::WNOHANG()) == $pid }, 10);
	kill 'KILL', -$pid;
	waitpid $pid, 0 unless $gone;
	return;
}

1;
