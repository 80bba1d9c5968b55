package Corswrap::Shim;

# Makes system calls of corswrap fail when the test says so (t/shim/faults.c is
# preloaded).
#
#	my $faults = faults() or plan skip_all => ...;
#	my $r = responder(env => $faults->env);
#	$faults->arm('pipe2', 2, EMFILE);	# the second from now on, once
#	...
#	my $hits = $faults->disarm;
#
# arm(CALL, N, ERROR, lasting => 1): the Nth call and all after it fail.
# share(BYTES): a read or write moves at most that many bytes.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(corswrap read_file run tempdir
    top_build);
use Exporter qw(import);

our @EXPORT = qw(faults);

use constant { ARMED => 0, COUNTDOWN => 4, SHARE => 16, HITS => 20,
	SIZE => 64 };

# Returns undef if the shim was not built.
sub faults {
	my $shim = top_build() . '/t/shim/faults.so';
	return unless -e $shim;
	my $dir = tempdir();
	open my $fh, '+>:raw', "$dir/control" or die "control: $!";
	syswrite $fh, "\0" x SIZE;
	return bless { dir => $dir, fh => $fh, shim => $shim }, __PACKAGE__;
}

# A sanitizer's library must be preloaded before the shim; it calls the shim.
sub _sanitizer {
	my ($exit, $out) = run([ 'ldd', corswrap() ]);
	return $out =~ m{=> (/\S+/lib[at]san\.so\S*)} ? $1 : ();
}

sub env {
	my ($self) = @_;
	return { LD_PRELOAD => join(' ', _sanitizer(), $self->{shim}),
		FAULTS => "$self->{dir}/control" };
}

# Can the shim make this call fail?  A sanitizer allocates memory itself, and gcov's
# code in the program does not check allocations.  A build with ThreadSanitizer calls
# clone by another name (src/base/os.c), which the shim does not intercept.
sub may_refuse {
	my ($self, $call) = @_;
	my $sanitizer = _sanitizer() // '';
	return !$sanitizer && read_file(corswrap()) !~ /__gcov_/
	    if $call eq 'malloc';
	return $call ne 'clone' || $sanitizer !~ /tsan/;
}

sub _put {
	my ($self, $at, $bytes) = @_;
	sysseek $self->{fh}, $at, 0;
	syswrite $self->{fh}, $bytes;
	return;
}

sub _get {
	my ($self, $at) = @_;
	sysseek $self->{fh}, $at, 0;
	sysread $self->{fh}, my $bytes, 4;
	return unpack 'l', $bytes;
}

sub arm {
	my ($self, $call, $n, $error, %o) = @_;
	$self->_put(ARMED, pack 'l', 0);
	$self->_put(COUNTDOWN, pack 'lll', $n, $error, $o{lasting} ? 1 : 0);
	$self->_put(HITS, pack 'lZ40', 0, $call);
	$self->_put(ARMED, pack 'l', 1);
	return;
}

# Disarms the fault, and returns how often the call failed.
sub disarm {
	my ($self) = @_;
	$self->_put(ARMED, pack 'l', 0);
	return $self->_get(HITS);
}

sub hits { return $_[0]->_get(HITS) }

sub share {
	my ($self, $bytes) = @_;
	return $self->_put(SHARE, pack 'l', $bytes);
}

1;
