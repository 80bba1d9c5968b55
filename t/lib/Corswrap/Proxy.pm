package Corswrap::Proxy;

# A network that misbehaves: a process that passes bytes on between clients, web
# servers, corswrap and its applications, and stalls, trickles, cuts or resets
# connections at any byte.  (netem needs privileges and a kernel that not every
# machine has, and does not support unix sockets.)
#
#	my $proxy = Corswrap::Proxy->new(seed => 7, routes => [
#		{ place => 'server', listen => "unix:$dir/a", to => "unix:$dir/b" } ]);
#	$proxy->harm->{'3-14'}      # the faults of the request id=3-14.
#	$proxy->connections         # the number of open ones, by place
#
# The fault of a request depends only on the seed, the place and the request's
# id (id=DIGITS-DIGITS and a dot, in its first bytes), so plan_of can predict
# it.  A request without an id passes unharmed.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(read_file tempdir wait_for);
use Digest::MD5 qw(md5);
use Errno qw(EAGAIN EINTR);
use Exporter qw(import);
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(_exit);
use Socket qw(SOCK_STREAM SOL_SOCKET SO_LINGER MSG_NOSIGNAL);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(plan_of);

use constant {
	TO_SERVER => 0,
	TO_CLIENT => 1,
	WAIT      => 0.3,            # how long to wait for an id
	LONG      => 5,              # longer than any limit of its users
	PIECE     => 65536,
	BUFFER    => 256 * 1024,
};

# How many of 100 requests get each fault.  "short" and "trickle" only delay a
# request.
my @acts = ([ none => 30 ], [ short => 14 ], [ trickle => 14 ], [ long => 4 ],
	[ close => 14 ], [ half => 10 ], [ reset => 14 ]);

my $id = qr/\bid=(\d+-\d+)\./;

# Returns an interesting offset: in the first bytes, at the border of a record or a
# buffer, or anywhere.
sub _offset {
	my ($kind, $number) = @_;
	return $number % 700 if $kind < 110;
	return 65536 * (1 + $number % 4) - 12 + $number % 24 if $kind < 150;
	return int 2**(21 * ($number % 10_007) / 10_007);
}

# Returns { act, direction, at, for }: `for` is in seconds, or a number of bytes.
sub plan_of {
	my ($seed, $place, $request) = @_;
	my ($choice, $number, $more, $bits) =
	    unpack 'N4', md5("$seed $place $request");
	my $act = $choice % 100;
	my $name;
	for (@acts) {
		$name = $_->[0];
		last if ($act -= $_->[1]) < 0;
	}
	return { act => $name, direction => $bits & 1 ? TO_CLIENT : TO_SERVER,
		at => _offset($bits >> 8 & 255, $number),
		for => $name eq 'long' ? LONG : $name eq 'trickle'
		    ? 10 + $more % 300 : 0.05 + $more % 1000 / 1250 };
}

# --- the process -------------------------------------------------------------------

sub _listen {
	my ($address) = @_;
	my $s = $address =~ /^unix:(.*)/s
	    ? IO::Socket::UNIX->new(Local => $1, Listen => 512)
	    : IO::Socket::INET->new(Listen => 512, ReuseAddr => 1,
		LocalAddr => $address =~ s/^tcp://r);
	die "$address: $!" unless $s;
	chmod 0666, $1 if $address =~ /^unix:(.*)/s;
	$s->blocking(0);
	return $s;
}

sub _connect {
	my ($address) = @_;
	my $s = $address =~ /^unix:(.*)/s ? IO::Socket::UNIX->new(Peer => $1)
	    : IO::Socket::INET->new(PeerAddr => $address =~ s/^tcp://r);
	$s->blocking(0) if $s;
	return $s;
}

sub new {
	my ($class, %o) = @_;
	my $dir  = tempdir();
	my $self = bless { seed => $o{seed}, dir => $dir, owner => $$ }, $class;
	my @routes = map { { %$_, socket => _listen($_->{listen}) } }
	    @{ $o{routes} };
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		my $worker = bless { seed => $o{seed}, dir => "$dir",
			routes => \@routes, connections => {} }, $class;
		eval { $worker->_serve; 1 } or warn "proxy: $@";
		_exit(1);
	}
	return $self;
}

sub pid { return $_[0]{pid} }

# Returns the faults so far: id => [{ place, act, direction, at }, ...].
sub harm {
	my ($self) = @_;
	my %harm;
	for (split /\n/, read_file("$self->{dir}/harm")) {
		my ($request, $place, $act, $direction, $at) = split ' ';
		push @{ $harm{$request} }, { place => $place, act => $act,
			direction => $direction, at => $at };
	}
	return \%harm;
}

# Forgets the faults so far.
sub forget { unlink "$_[0]{dir}/harm"; return }

# Returns the number of connections that the proxy holds, by place.
sub connections {
	my ($self) = @_;
	my $file = "$self->{dir}/count";
	unlink $file;
	kill 'USR1', $self->{pid};
	wait_for(sub { -e $file }) or die 'the proxy is gone';
	return { split ' ', read_file($file) };
}

sub stop {
	my ($self) = @_;
	return if !$self->{pid} || $self->{owner} != $$;
	local ($?, $!);
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
	return;
}

sub DESTROY { return $_[0]->stop }

sub _count {
	my ($self) = @_;
	my %count = map { $_->{place} => 0 } @{ $self->{routes} };
	$count{ $_->{place} }++ for values %{ $self->{connections} };
	open my $fh, '>', "$self->{dir}/count.new" or return;
	print {$fh} join(' ', %count), "\n";
	close $fh;
	rename "$self->{dir}/count.new", "$self->{dir}/count";
	return;
}

sub _serve {
	my ($self) = @_;
	my ($asked, $parent) = (0, getppid);
	local $SIG{USR1} = sub { $asked = 1 };
	local $SIG{TERM} = 'DEFAULT';
	local $SIG{PIPE} = 'IGNORE';
	for (;;) {
		my ($read, $write, $wait) = $self->_wishes;
		# Exit if the process that started us has died.
		_exit(0) if getppid != $parent;
		my $n = select $read, $write, undef, $asked ? 0 : $wait;
		if ($asked) { $asked = 0; $self->_count }
		next if $n < 0;
		for my $route (@{ $self->{routes} }) {
			$self->_accept($route)
			    if vec $read, fileno $route->{socket}, 1;
		}
		$self->_turn($_, $read) for values %{ $self->{connections} };
	}
}

# Returns the descriptors to wait for: (readable, writable, seconds).
sub _wishes {
	my ($self) = @_;
	my ($read, $write, $wait, $now) = ('', '', 1, time);
	vec($read, fileno $_->{socket}, 1) = 1 for @{ $self->{routes} };
	for my $c (values %{ $self->{connections} }) {
		for my $d (@{ $c->{ways} }) {
			vec($read, fileno $d->{from}, 1) = 1
			    if !$d->{ended} && length $d->{bytes} < BUFFER;
			next if !length $d->{bytes} && !$d->{ended};
			my $until = $d->{until} > $c->{until} ? $d->{until}
			    : $c->{until};
			if ($until > $now) {
				$wait = $until - $now if $until - $now < $wait;
			} elsif (!$d->{shut}) {
				vec($write, fileno $d->{to}, 1) = 1;
			}
		}
	}
	return ($read, $write, $wait);
}

sub _accept {
	my ($self, $route) = @_;
	while (my $client = $route->{socket}->accept) {
		my $server = _connect($route->{to}) or next;
		$client->blocking(0);
		my @ends = ($client, $server);
		$self->{connections}{ fileno $client } = {
			place => $route->{place}, key => fileno $client,
			until => time + WAIT, id => '', tail => '',
			ways => [ map { { from => $ends[$_], to => $ends[ 1 - $_ ],
				number => $_, bytes => '', count => 0,
				until => 0, slow => 0 } } 0, 1 ] };
	}
	return;
}

# Reads available data, and passes on as much as the faults allow.
sub _turn {
	my ($self, $c, $read) = @_;
	for my $d (@{ $c->{ways} }) {
		next if $d->{ended} || !vec $read, fileno $d->{from}, 1;
		my $n = sysread $d->{from}, my $part, PIECE;
		if (!defined $n) {
			next if $! == EAGAIN || $! == EINTR;
			return $self->_drop($c, 1);
		}
		$d->{ended} = 1 if $n == 0;
		$self->_look($c, $part) if $d->{number} == TO_SERVER;
		$d->{bytes} .= $part unless $d->{lost};
	}
	return if time < $c->{until};
	for my $d (@{ $c->{ways} }) {
		$self->_pass($c, $d) or return;
	}
	return $self->_drop($c) if !grep { !$_->{shut} } @{ $c->{ways} };
	return;
}

# Starts the plan of a request when its id, other than the previous one, is found.
sub _look {
	my ($self, $c, $part) = @_;
	my $text = $c->{tail} . $part;
	$c->{tail} = length $text > 40 ? substr $text, -40 : $text;
	my ($request) = $text =~ $id;
	return if !defined $request || $request eq $c->{id};
	@$c{qw(id until)} = ($request, 0);
	# On a kept connection, the fault of the previous request also affects
	# this one.
	$self->_note($c, $c->{done})
	    if grep { $_->{lost} || $_->{until} > time + 1 } @{ $c->{ways} };
	my $plan = plan_of($self->{seed}, $c->{place}, $request);
	for my $d (@{ $c->{ways} }) {
		# Data that has not been passed on yet belongs to the new request.
		@$d{qw(count slow plan)} = (0, 0, undef);
		$d->{plan} = $plan if $d->{number} == $plan->{direction} &&
		    $plan->{act} ne 'none';
	}
	return;
}

# Passes on as much as the faults allow; returns false if the connection is closed.
sub _pass {
	my ($self, $c, $d) = @_;
	while (!$d->{shut} && time >= $d->{until}) {
		my $most = PIECE;
		if (my $plan = $d->{plan}) {
			if ($d->{count} >= $plan->{at}) {
				$self->_act($c, $d, $plan) or return 0;
				next;
			}
			$most = $plan->{at} - $d->{count}
			    if $plan->{at} - $d->{count} < $most;
		}
		$most = 1 if $d->{slow};
		if (!length $d->{bytes}) {
			return 1 unless $d->{ended};
			shutdown $d->{to}, 1;
			$d->{shut} = 1;
			last;
		}
		my $n = send $d->{to}, substr($d->{bytes}, 0, $most), MSG_NOSIGNAL;
		if (!defined $n) {
			return 1 if $! == EAGAIN || $! == EINTR;
			$self->_drop($c, 1);
			return 0;
		}
		substr $d->{bytes}, 0, $n, '';
		$d->{count} += $n;
		if ($d->{slow}) {
			$d->{slow}--;
			$d->{until} = time + 0.002;
		}
	}
	return 1;
}

# Does the fault planned for this byte; returns false if the connection is closed.
sub _act {
	my ($self, $c, $d, $plan) = @_;
	my $act = $plan->{act};
	$d->{plan} = undef;
	if ($act eq 'trickle') {
		$d->{slow} = $plan->{for};
		return 1;
	}
	$c->{done} = $plan;
	$self->_note($c, $plan) if $act ne 'short';
	if ($act eq 'short' || $act eq 'long') {
		$d->{until} = time + $plan->{for};
		return 1;
	}
	if ($act eq 'half') {
		shutdown $d->{to}, 1;
		@$d{qw(shut lost bytes)} = (1, 1, '');
		return 1;
	}
	$self->_drop($c, $act eq 'reset');
	return 0;
}

sub _note {
	my ($self, $c, $plan) = @_;
	open my $fh, '>>', "$self->{dir}/harm" or die "harm: $!";
	syswrite $fh, "$c->{id} $c->{place} $plan->{act} $plan->{direction} "
	    . "$plan->{at}\n";
	return;
}

# Closes a connection, or resets both sides.  (A unix socket is reset when it is
# closed with unread input.)
sub _drop {
	my ($self, $c, $reset) = @_;
	for my $d (@{ $c->{ways} }) {
		setsockopt $d->{from}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
		    if $reset;
		close $d->{from};
	}
	delete $self->{connections}{ $c->{key} };
	return;
}

1;
