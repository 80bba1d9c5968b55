# SPDX-License-Identifier: ISC
#
# A FastCGI client that speaks raw records, so that tests can send what web
# servers never send: split, padded, late, wrong and missing records.

package Corswrap::FastCGI;

use strict;
use warnings;

use Carp qw(croak);
use Corswrap::Test qw(patience);
use Errno qw(EAGAIN EINTR EPIPE ECONNRESET);
use Exporter qw(import);
use IO::Handle ();
use IO::Socket::IP ();
use IO::Socket::UNIX ();
use Socket qw(SOCK_STREAM MSG_NOSIGNAL);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(record pairs begin_record params_records stdin_records
	request_bytes fcgi_begin fcgi_get fcgi_connect parse_response);

use constant {
	FCGI_BEGIN_REQUEST     => 1,
	FCGI_ABORT_REQUEST     => 2,
	FCGI_END_REQUEST       => 3,
	FCGI_PARAMS            => 4,
	FCGI_STDIN             => 5,
	FCGI_STDOUT            => 6,
	FCGI_STDERR            => 7,
	FCGI_GET_VALUES        => 9,
	FCGI_GET_VALUES_RESULT => 10,
	FCGI_UNKNOWN_TYPE      => 11,

	FCGI_RESPONDER => 1,
	FCGI_KEEP_CONN => 1,

	FCGI_REQUEST_COMPLETE => 0,
	FCGI_CANT_MPX_CONN    => 1,
	FCGI_OVERLOADED       => 2,
	FCGI_UNKNOWN_ROLE     => 3,
};

# --- building records -------------------------------------------------------

sub record {
	my ($type, $id, $content, $padding, $version) = @_;
	$content = '' unless defined $content;
	$padding = 0  unless defined $padding;
	$version = 1  unless defined $version;
	return pack('CCnnCC', $version, $type, $id, length $content, $padding, 0)
	    . $content . ("\0" x $padding);
}

sub begin_record {
	my (%o) = @_;
	return record(FCGI_BEGIN_REQUEST, $o{id} || 1,
		pack('nCx5', defined $o{role} ? $o{role} : FCGI_RESPONDER,
			$o{keep} ? FCGI_KEEP_CONN : 0),
		$o{begin_padding});
}

sub _length {
	my ($n, $long) = @_;
	return $n < 128 && !$long ? pack('C', $n) : pack('N', $n | 0x80000000);
}

# Encodes name-value pairs; an array keeps order and duplicates.
sub pairs {
	my ($params, $long) = @_;
	my @list = ref $params eq 'HASH'
	    ? map { $_ => $params->{$_} } sort keys %$params : @$params;
	my $bytes = '';
	while (my ($name, $value) = splice @list, 0, 2) {
		$bytes .= _length(length $name, $long)
		    . _length(length $value, $long) . $name . $value;
	}
	return $bytes;
}

# Cuts a stream into records of at most `split` bytes; does not add its end.
sub _stream {
	my ($type, $bytes, %o) = @_;
	my $step = $o{split} || 65535;
	my $out  = '';
	for (my $at = 0; $at < length $bytes; $at += $step) {
		$out .= record($type, $o{id} || 1, substr($bytes, $at, $step),
			$o{padding});
	}
	return $out;
}

sub params_records {
	my ($params, %o) = @_;
	my $bytes = ref $params ? pairs($params, $o{long}) : $params;
	return _stream(FCGI_PARAMS, $bytes, %o)
	    . ($o{no_params_end} ? '' : record(FCGI_PARAMS, $o{id} || 1, '', 0));
}

sub stdin_records {
	my ($body, %o) = @_;
	return _stream(FCGI_STDIN, defined $body ? $body : '', %o)
	    . ($o{no_stdin_end} ? '' : record(FCGI_STDIN, $o{id} || 1, '', 0));
}

# Returns everything that a server sends for one request.
sub request_bytes {
	my (%o) = @_;
	return begin_record(%o)
	    . params_records($o{params} || {}, %o)
	    . ($o{no_stdin} ? '' : stdin_records($o{stdin}, %o));
}

# --- the connection ---------------------------------------------------------

sub fcgi_connect {
	return __PACKAGE__->connect(@_);
}

sub connect {
	my ($class, $address, %o) = @_;
	my $socket;
	my $now = time;
	if ($address =~ m{^unix:(.+)$}s) {
		$socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $1);
	} elsif ($address =~ m{^tcp:\[?([^\]]+?)\]?:(\d+)$}) {
		$socket = IO::Socket::IP->new(
			PeerHost => $1, PeerPort => $2, Type => SOCK_STREAM,
			($o{local} ? (LocalHost => $o{local}) : ()));
	} else {
		croak "bad address $address";
	}
	return undef unless $socket;
	$socket->blocking(0);
	return bless {
		socket    => $socket,
		in        => '',
		eof       => 0,
		timeout   => $o{timeout} || 30,
		connected => $now,
	}, $class;
}

sub socket { return $_[0]{socket} }
sub close  { my $s = delete $_[0]{socket}; close $s if $s; return }

# Shuts down the sending side; the other direction stays open.
sub shutdown_write { shutdown $_[0]{socket}, 1; return }

sub _wait {
	my ($self, $for_write, $until) = @_;
	for (;;) {
		my $left = $until - time;
		return 0 if $left <= 0;
		my $bits = '';
		vec($bits, fileno $self->{socket}, 1) = 1;
		my ($r, $w) = $for_write ? (undef, $bits) : ($bits, undef);
		my $n = select $r, $w, undef, $left;
		next if $n < 0 && $! == EINTR;
		return $n > 0;
	}
}

# Sends all the bytes, or fewer if the peer closes or the time is over.  Returns
# the number of bytes sent.
sub send_bytes {
	my ($self, $bytes, $timeout) = @_;
	my $until = time + patience($timeout || $self->{timeout});
	my $sent  = 0;
	while ($sent < length $bytes) {
		my $n = send $self->{socket}, substr($bytes, $sent, 1 << 20),
		    MSG_NOSIGNAL;
		$self->{begun} //= time;
		if (defined $n) {
			$sent += $n;
		} elsif ($! == EAGAIN || $! == EINTR) {
			last unless $self->_wait(1, $until);
		} else {
			last;
		}
	}
	return $sent;
}

# Reads more bytes into the buffer.  Returns their number, 0 at the end (or after a
# reset), or undef when the time is over.
sub _fill {
	my ($self, $until) = @_;
	return 0 if $self->{eof};
	for (;;) {
		my $n = sysread $self->{socket}, $self->{in}, 1 << 17,
		    length $self->{in};
		return $n if $n;
		if (defined $n) {
			$self->{eof} = 1;
			return 0;
		}
		if ($! == ECONNRESET || $! == EPIPE) {
			@$self{qw(eof reset)} = (1, 1);
			return 0;
		}
		return undef unless $! == EAGAIN || $! == EINTR;
		return undef unless $self->_wait(0, $until);
	}
}

# Returns the next record as {version,type,id,content,padding}, or undef at the end
# of the connection or when the time is over ($c->{eof} says which).
sub read_record {
	my ($self, $timeout) = @_;
	return $self->_record(time + patience($timeout // $self->{timeout}));
}

sub _record {
	my ($self, $until) = @_;
	for (;;) {
		if (length $self->{in} >= 8) {
			my ($version, $type, $id, $length, $padding) =
			    unpack 'CCnnC', $self->{in};
			if (length $self->{in} >= 8 + $length + $padding) {
				my $bytes = substr $self->{in}, 0,
				    8 + $length + $padding, '';
				return {
					version => $version,
					type    => $type,
					id      => $id,
					content => substr($bytes, 8, $length),
					padding => $padding,
				};
			}
		}
		return undef unless $self->_fill($until);
	}
}

# Returns bytes until the peer closes, the time is over or max is reached.
sub read_bytes {
	my ($self, $timeout, $max) = @_;
	my $until = time + patience($timeout // $self->{timeout});
	1 while (!defined $max || length $self->{in} < $max)
	    && $self->_fill($until);
	return substr $self->{in}, 0,
	    defined $max ? $max : length $self->{in}, '';
}

# Returns the seconds until the peer closes, or undef if it does not.  Data that it
# sends is dropped.
sub closed_within {
	my ($self, $timeout) = @_;
	my $start = time;
	$self->read_bytes($timeout);
	return $self->{eof} ? time - $start : undef;
}

sub parse_response {
	my ($bytes) = @_;
	my ($head, $body) = $bytes =~ /\A((?:[^\r\n]+\r?\n)*)\r?\n(.*)\z/s;
	return { headers => [], header => {}, body => $bytes, block => undef }
	    unless defined $head;
	my (@list, %by);
	for my $line (split /\r?\n/, $head) {
		my ($name, $value) = $line =~ /^([^:]*):[ \t]*(.*?)[ \t]*$/s
		    or next;
		push @list, [ $name, $value ];
		push @{ $by{ lc $name } }, $value;
	}
	return { headers => \@list, header => \%by, body => $body,
		block => $head };
}

# Returns the response to one request; see the pod.
sub read_response {
	my ($self, %o) = @_;
	my $until = time + patience($o{timeout} || $self->{timeout});
	my %r     = (stdout => '', stderr => '', records => [], ended => 0);
	for (;;) {
		my $record = time < $until ? $self->_record($until) : undef;
		if (!$record) {
			$r{timed_out} = 1 unless $self->{eof};
			last;
		}
		push @{ $r{records} }, [ $record->{type},
			length $record->{content}, $record->{id} ];
		$r{id} = $record->{id};
		if ($record->{type} == FCGI_STDOUT) {
			$r{stdout} .= $record->{content};
		} elsif ($record->{type} == FCGI_STDERR) {
			$r{stderr} .= $record->{content};
		} elsif ($record->{type} == FCGI_END_REQUEST) {
			@r{qw(appStatus protocolStatus)} =
			    unpack 'NC', $record->{content};
			$r{ended} = 1;
			last;
		} else {
			push @{ $r{others} }, $record;
		}
	}
	@r{qw(eof reset)} = @$self{qw(eof reset)};
	my $parsed = parse_response($r{stdout});
	@r{keys %$parsed} = values %$parsed;
	$r{status} = $r{header}{status}
	    ? ($r{header}{status}[0] =~ /^(\d+)/)[0] : 200;
	$r{status} = 0 if !defined $r{block};
	return \%r;
}

# Sends a request on this connection and returns its response.
sub request {
	my ($self, %o) = @_;
	$self->send_bytes(request_bytes(%o), $o{timeout});
	return $self->read_response(%o);
}

# corswrap closes a connection that is silent for a second (DESIGN.md section 3).
# On a busy machine this process may be that slow.
sub _was_late {
	my ($self) = @_;
	return ($self->{begun} // 0) - $self->{connected} > 0.9;
}

# Returns a new connection on which these bytes were sent in time.
sub fcgi_begin {
	my ($address, $bytes) = @_;
	my $c;
	for (1 .. 10) {
		$c = __PACKAGE__->connect($address) or croak "$address: $!";
		$c->send_bytes($bytes);
		last unless $c->_was_late;
	}
	return $c;
}

# Sends one request over a connection of its own.
sub fcgi_get {
	my ($address, %o) = @_;
	my $bytes = request_bytes(%o);
	my $r;
	for (1 .. 5) {
		my $c = __PACKAGE__->connect($address, %o)
		    or return { error => "connect: $!", status => 0, stdout => '',
			stderr => '', headers => [], header => {}, body => '' };
		$c->send_bytes($bytes, $o{timeout});
		$r = $c->read_response(%o);
		$c->close;
		last if !$r->{eof} || @{ $r->{records} } || !$c->_was_late;
	}
	return $r;
}

1;

__END__

=head1 NAME

Corswrap::FastCGI - raw FastCGI client for tests

=head1 SYNOPSIS

	use Corswrap::FastCGI qw(fcgi_get fcgi_connect request_bytes record);

	# one request, one connection
	my $r = fcgi_get("unix:/tmp/x.sock",
		params => { REQUEST_METHOD => 'GET', HTTP_ORIGIN => 'https://a.example' },
		stdin  => 'body');
	is($r->{status}, 200);
	is($r->{header}{vary}[0], 'Origin');

	# a kept connection
	my $c = fcgi_connect("tcp:127.0.0.1:9000", timeout => 10);
	my $r1 = $c->request(params => {...}, keep => 1);
	my $r2 = $c->request(params => {...}, keep => 1);

	# servers never do this
	$c->send_bytes(record(Corswrap::FastCGI::FCGI_PARAMS, 1, "junk", 255));
	my $seconds = $c->closed_within(5);

=head1 ADDRESSES

C<unix:/path>, C<tcp:127.0.0.1:9000>, C<tcp:[::1]:9000>, as C<corswrap -l> takes
them.

=head1 OPTIONS OF A REQUEST

=over

=item params

A hash reference (sent in order of names), an array reference of names and
values (order and duplicates kept), or the encoded bytes themselves.

=item stdin

The body; CONTENT_LENGTH is not added.

=item id, role, keep

Request id (1), role (1, responder), FCGI_KEEP_CONN (off).

=item split, padding

Content of a PARAMS or STDIN record at most (65535); padding bytes of every
such record but the empty ones (0).  C<begin_padding>: of BEGIN_REQUEST.

=item long

Lengths of names and values in four bytes, even the short ones.

=item no_params_end, no_stdin_end, no_stdin

Leave out the record that ends the stream; leave out STDIN altogether.

=item timeout

Seconds (30); also of C<fcgi_connect>, whose value then is the default.

=item local

C<fcgi_connect> to TCP: bind to this address first (127.0.0.2).

=back

=head1 THE ANSWER

C<request> and C<read_response> return a hash:

=over

=item stdout, stderr

What came in FCGI_STDOUT and FCGI_STDERR.

=item headers, header, body, block

Header lines of stdout in order, as C<[name, value]>; the values by lower-cased
name as lists; what follows the blank line; the header block itself (undef: there
was none).

=item status

The number in C<Status:>, 200 without it, 0 when there was no header block.

=item ended, appStatus, protocolStatus

Whether END_REQUEST came, and what it said.

=item records

Every record as C<[type, length, id]>, in order.

=item others

Records of other types, whole.

=item eof, reset, timed_out

Why it ended without END_REQUEST.

=back

=head1 RAW

C<record(type, id, content, padding, version)>, C<begin_record>,
C<params_records>, C<stdin_records>, C<pairs> and C<request_bytes> build bytes;
C<send_bytes(bytes, timeout)> returns how many were taken; C<read_record>,
C<read_bytes(timeout, max)> and C<closed_within(timeout)> read with a deadline;
C<shutdown_write>, C<close> and C<socket> do what they say. Record types and roles
are constants of the package: C<Corswrap::FastCGI::FCGI_STDIN>.

=cut
