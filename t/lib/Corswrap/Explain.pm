# SPDX-License-Identifier: ISC
#
# Compares corscheck explain with corswrap: takes a question and its explanation,
# sends corswrap exactly the requests in the explanation, and decides as a browser
# would (in a few lines of code) about the responses.

package Corswrap::Explain;

use strict;
use warnings;

use Corswrap::CGI;
use Corswrap::Test;
use Exporter qw(import);
use JSON::PP ();

use constant APP_STATUS => 218;

our @EXPORT_OK = qw(explain_json explain_arguments disagreements);

# Returns the arguments for { url, origin, method, headers => [[n, v]],
# credentials }.
sub explain_arguments {
	my ($q) = @_;
	return ('--url', $q->{url}, '--origin', $q->{origin},
		(defined $q->{method} ? ('--method', $q->{method}) : ()),
		(map { ('-H', "$_->[0]: $_->[1]") } @{ $q->{headers} // [] }),
		($q->{credentials} ? '--credentials' : ()));
}

# Returns the object that explain prints, or undef and its output if that is not
# JSON.
sub explain_json {
	my ($q, @policy) = @_;
	local $ENV{CORSWRAP_POLICY} = $q->{chosen};
	delete $ENV{CORSWRAP_POLICY} unless defined $q->{chosen};
	my ($status, $out, $err) = run([ corscheck(), 'explain', '--json',
		@policy, explain_arguments($q) ]);
	return (undef, $err) if $out eq '';
	my $e = JSON::PP->new->utf8->decode($out);
	$e->{exit} = $status;
	return ($e, $err);
}

# Returns the variables that a web server sets for a browser's request to the URL.
sub _variables {
	my ($q, $request) = @_;
	my ($scheme, $host, $port, $target) =
	    $q->{url} =~ m{^(https?)://([^/:]+)(?::(\d+))?(/.*)$}
	    or die "$q->{url}: write it as browsers do\n";
	my $self = "$scheme://$host" . (defined $port ? ":$port" : '');
	my %variable = (
		GATEWAY_INTERFACE => 'CGI/1.1',
		SERVER_PROTOCOL   => 'HTTP/1.1',
		SERVER_NAME       => $host,
		SERVER_PORT       => $port // ($scheme eq 'https' ? 443 : 80),
		HTTP_HOST         => $self =~ s{^\w+://}{}r,
		REQUEST_METHOD    => $request->{method},
		REQUEST_URI       => $target,
		SCRIPT_NAME       => '/cgi-bin/app',
		# The only header is the one that explain assumes.  No other
		# component sends this status.
		APP_OUTPUT        => 'Status: ' . APP_STATUS
		    . "\r\nContent-Type: text/plain\r\n\r\napp ran\n",
		PATH              => $ENV{PATH},
	);
	$variable{HTTPS} = 'on' if $scheme eq 'https';
	$variable{CORSWRAP_POLICY} = $q->{chosen} if defined $q->{chosen};
	$variable{HTTP_SEC_FETCH_SITE} =
	    $q->{origin} eq $self ? 'same-origin' : 'cross-site'
	    if $scheme eq 'https' || $host eq 'localhost';
	@variable{qw(HTTP_SEC_FETCH_MODE HTTP_SEC_FETCH_DEST)} = qw(cors empty)
	    if $variable{HTTP_SEC_FETCH_SITE};
	for my $name (keys %{ $request->{headers} }) {
		my $variable = 'HTTP_' . uc $name =~ tr/-/_/r;
		$variable{$variable} = $request->{headers}{$name};
	}
	return \%variable;
}

sub _ran {
	my ($r) = @_;
	return $r->{status} == APP_STATUS;
}

# Returns the headers as explain prints them: each name once.
sub _joined {
	my ($r) = @_;
	my %joined;
	for (@{ $r->{headers} }) {
		my $name = lc $_->[0];
		next if $name =~ /^(?:status|content-length)$/;
		next if $name eq 'content-type' && _ran($r);
		push @{ $joined{$name} }, $_->[1];
	}
	return join "\n", map { "$_: " . join ', ', @{ $joined{$_} } }
	    sort keys %joined;
}

sub _said {
	my ($response) = @_;
	my $headers = $response->{headers};
	return join "\n", sort map { lc($_) . ": $headers->{$_}" } keys %$headers;
}

# Sends the request to corswrap, and compares the response with explain's
# prediction.
sub _ask {
	my ($q, $policy, $step, $wrong) = @_;
	my $variables = _variables($q, $step->{request} // $step);
	$variables->{CORSWRAP_CONFIG} = $policy;
	my $r      = cgi_run(env => $variables);
	my $status = _ran($r) ? 'app' : $r->{status};
	my $said   = $step->{response}{status} // 'app';
	push @$wrong, "explain said $said, corswrap $status"
	    if $said ne $status;
	my ($want, $have) = (_said($step->{response}), _joined($r));
	push @$wrong, "explain said\n$want\ncorswrap\n$have" if $want ne $have;
	return $r;
}

sub _list {
	my ($text) = @_;
	return map { $_ => 1 } grep { $_ ne '' } split /\s*,\s*/, $text // '';
}

# Fetch, "CORS check".
sub _may_read {
	my ($q, $r) = @_;
	my $origin = join ', ', @{ $r->{header}{'access-control-allow-origin'}
	    // return 0 };
	return !$q->{credentials} if $origin eq '*';
	return 0 if $origin ne $q->{origin};
	return !$q->{credentials} || join(', ',
		@{ $r->{header}{'access-control-allow-credentials'} // [] })
	    eq 'true';
}

# Fetch, "CORS-preflight fetch", 7.  In Chromium, `*` also covers authorization.
sub _may_send {
	my ($q, $asked, $r) = @_;
	return 0 unless _may_read($q, $r) && $r->{status} =~ /^2\d\d$/;
	my ($methods, $headers) = map {
		+{ _list(join ',', @{ $r->{header}{"access-control-allow-$_"}
			// [] }) } } qw(methods headers);
	my $method = $asked->{'Access-Control-Request-Method'};
	my $star   = !$q->{credentials};
	return 0 unless $method =~ /^(?:GET|HEAD|POST)$/
	    || $methods->{$method} || $star && $methods->{'*'};
	my %has  = map { lc $_ => 1 } keys %$headers;
	my %want = _list($asked->{'Access-Control-Request-Headers'});
	return !grep { !$has{$_} && !($star && $has{'*'}) } keys %want;
}

# disagreements(QUESTION, POLICY FILE, EXPLANATION): lists where corswrap or that
# browser differs from explain.
sub disagreements {
	my ($q, $policy, $e) = @_;
	my @wrong;
	my $allowed = 1;
	if ($e->{preflight}{needed}) {
		my $r = _ask($q, $policy, $e->{preflight}, \@wrong);
		$allowed = _may_send($q, $e->{preflight}{request}{headers}, $r);
		push @wrong, 'the browser decides otherwise about the preflight response'
		    if !$allowed != !$e->{preflight}{passes};
	}
	if ($e->{request}{sent}) {
		push @wrong, 'the request is sent although the preflight fails' unless $allowed;
		my $r = _ask($q, $policy, $e->{request}, \@wrong);
		my ($self) = $q->{url} =~ m{^(\w+://[^/]+)/};
		$allowed = $self eq $q->{origin} || _may_read($q, $r);
	} elsif (($e->{reason} // '') eq 'forbidden-method') {
		$allowed = 0;
	} elsif ($allowed) {
		push @wrong, 'the request is not sent although the preflight succeeds';
	}
	push @wrong, "the browser decides otherwise: explain says $e->{verdict}"
	    if ($e->{verdict} eq 'allowed') != !!$allowed;
	push @wrong, "exit status $e->{exit}"
	    if $e->{exit} != ($allowed ? 0 : 1);
	push @wrong, 'blocked without a reason or a fix'
	    if !$allowed && !(defined $e->{reason} && defined $e->{fix});
	return @wrong;
}

1;
