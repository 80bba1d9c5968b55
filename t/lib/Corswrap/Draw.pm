package Corswrap::Draw;

# Draws random policies, pages' fetch() calls and applications, which are the same
# for the same seed.  Values are often near limits: 127, 128 and 129 bytes, methods
# in unusual case, origins that nearly match.
#
#	my $draw = Corswrap::Draw->new(seed => 7, port => $port);
#	my @policies = map { $draw->policy($_) } 1 .. 40;
#	my $fetch = $draw->fetch($number, \@policies);
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;

sub new {
	my ($class, %o) = @_;
	srand $o{seed};
	return bless {%o}, $class;
}

sub chance { my ($self, $of) = @_; return rand() < $of }

sub one {
	my ($self, @from) = @_;
	return $from[ rand @from ];
}

# Returns at most $most of the values, each at most once, in a random order.
sub some {
	my ($self, $most, @from) = @_;
	my $count = int rand $most + 1;
	my @got;
	push @got, splice @from, rand @from, 1 while @from && @got < $count;
	return @got;
}

# --- pages and servers
# --------------------------------------------------------

# Host names that the browser resolves to this machine.
my @page_hosts = qw(127.0.0.1 localhost app.example.com sub.app.example.net);
my @api_hosts  = qw(127.0.0.1 localhost api.example.com app.example.com);

sub hosts {
	return qw(app.example.com api.example.com sub.app.example.net);
}

# Returns the origins that have a page; "null" is the origin of a sandboxed page.
sub origins {
	my ($self) = @_;
	return ((map { "http://$_:$self->{port}" } @page_hosts), 'null');
}

# --- policies -----------------------------------------------------------------

my @names = qw(X-One X-Two x-three Authorization Content-Type Range Accept
    Accept-Language Content-Language X-Requested-With DPR If-Match);
my @exposed = qw(X-Total-Count x-page ETag X-Secret Location Server-Timing);
my @methods = qw(PUT DELETE PATCH OPTIONS patch Put FOO PROPFIND);

sub policy_origins {
	my ($self, $credentials) = @_;
	my $port = $self->{port};
	my @keys;
	if ($self->chance(0.2)) {
		push @keys, 'origins = *' unless $credentials;
	} elsif ($self->chance(0.4)) {
		# These match every page except the sandboxed one.
		push @keys, "origins = http://127.0.0.1:$port "
		    . "http://localhost:* http://*.example.com:$port "
		    . "http://*.example.net:*";
	}
	if (!@keys) {
		my @list = $self->some(4, (map { "http://$_:$port" } @page_hosts),
		    'http://*.example.net:' . $port, 'http://*.example.com:*',
		    'http://localhost:*', "https://app.example.com:$port",
		    'http://app.example.com', "http://*.app.example.net:$port",
		    "http://*.localhost:$port", 'https://elsewhere.example');
		push @keys, 'origins = ' . join ' ', @list if @list;
		push @keys, 'origins-regex = http://(?:app|sub[.]app)[.]example[.]'
		    . "(?:com|net):$port" if $self->chance(0.1);
		push @keys, "origins-file = $self->{origins_file}"
		    if $self->chance(0.1);
		if (!$credentials && $self->chance(0.25)) {
			push @keys, 'origins = null', 'allow-null = yes';
		}
		push @keys, 'origins = https://nobody.example' if !@keys;
	}
	if ($credentials) {
		push @keys, 'allow-insecure = yes', 'allow-public-suffix = yes';
	}
	return @keys;
}

# policy(N): returns the text of [cors pN], which covers /p/N/*.
sub policy {
	my ($self, $n) = @_;
	my $credentials = $self->chance(0.45);
	my $generous = $self->chance(0.5);
	my @keys = ("path = /p/$n/*", $self->policy_origins($credentials),
	    'credentials = ' . ($credentials ? 'yes' : 'no'));
	my @list = $self->chance(0.2) ? '*' : $generous ? @methods
	    : $self->some(5, @methods);
	push @keys, 'methods = ' . join ' ', @list if $self->chance(0.85);
	my $any = $self->chance(0.25);
	@list = $any ? ('*', $self->some(1, 'Authorization'))
	    : $generous ? @names : $self->some(8, @names);
	push @keys, 'headers = ' . join ' ', @list if $self->chance(0.9);
	@list = $self->chance(0.2) ? '*' : $self->some(4, @exposed);
	push @keys, 'expose = ' . join ', ', @list if $self->chance(0.7);
	push @keys, 'max-age = ' . $self->one(0, 1, 60, 600, 86400)
	    if $self->chance(0.5);
	push @keys, 'preflight-status = ' . $self->one(200, 202, 299)
	    if $self->chance(0.2);
	push @keys, 'preflight = forward' if $self->chance(0.1);
	push @keys, 'allow = ' . join ' ', 'GET', $self->some(4, qw(POST PUT
	    DELETE PATCH)) if $self->chance(0.15);
	push @keys, 'enforce = ' . $self->one(qw(report block-unsafe block))
	    if $self->chance(0.3);
	push @keys, 'timing = ' . $self->one('same', '*') if $self->chance(0.2);
	push @keys, 'debug = yes' if $self->chance(0.2);
	push @keys, 'resource-policy = ' . $self->one(qw(same-origin same-site
	    cross-origin)) if $self->chance(0.3);
	return join "\n", "[cors p$n]", @keys, '';
}

# --- fetch() ------------------------------------------------------------------

# Returns a value of that length, made of the given pieces.
sub value {
	my ($self, $length, @bytes) = @_;
	return join '', map { $self->one(@bytes) } 1 .. $length;
}

my @plain = ('a' .. 'z', 'A' .. 'Z', 0 .. 9, '-', '.', '*', ';', '=', ',');
my @types = ('text/plain', 'Text/Plain; charset=utf-8', 'application/json',
	'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
	'multipart/form-data;boundary="x"', 'text/plain, text/html',
	'application/x-www-form-urlencoded;charset=UTF-8', 'text', '',
	'text/html', 'text/plain;', 'application/csp-report', ' text/plain ',
	'text/plain; charset="utf-8"', 'text /plain', "text/plain;a=\xe9",
	'text/plain;charset=iso-8859-1', 'text/html; charset="x";a=b',
	'text/plain; a="x;y"; charset=x; charset=y', 'text/plain;charset');
my @ranges = ('bytes=0-99', 'bytes=100-', 'bytes=-100', 'bytes=000-', 'bytes=5-3',
	'bytes=0-1,3-4', 'BYTES=0-1', 'bytes= 0-1', 'bytes=0-9223372036854775807',
	'bytes=0-9223372036854775806', 'bytes=1-1', 'items=0-1', 'bytes=007-08', 'Bytes = 5 - 6 ', 'bytes=-7',
    'bytes=', 'bytes=-', 'bytes=x-1', 'bytes=1-x', 'bytes=10-9', 'bytes', 'bytes=9-10');

# Returns a header whose value is safelisted, or nearly.
sub safelisted {
	my ($self) = @_;
	my $name = $self->one(qw(Accept Accept-Language Content-Language
	    accept aCCept-language));
	my $length = $self->one(0, 1, 5, 20, 127, 128, 129);
	my $value = $self->value($length, @plain);
	if ($length > 2 && $self->chance(0.4)) {
		substr $value, 1, 1, $self->one('"', '(', ')', ':', '<', '>',
		    '?', '@', '[', '\\', ']', '{', '}', '/', '!', '&', ' ',
		    "\t", '_', "\xe9", "\x7f", "\x01");
	}
	return [ $name, $value ];
}

sub header {
	my ($self) = @_;
	my $kind = rand;
	return $self->safelisted if $kind < 0.25;
	return [ 'Content-Type', $self->one(@types) ] if $kind < 0.45;
	return [ 'Range', $self->one(@ranges) ] if $kind < 0.55;
	return [ $self->one(qw(X-One x-two X-THREE X-Requested-With If-Match
	    X-None Authorization)), $self->one('1', 'a, b', '', ' x ') ]
	    if $kind < 0.85;
	return [ $self->one(qw(Save-Data DPR Width Device-Memory ECT)),
	    $self->one('on', '1.5', '2', 'off', 'x', '4g') ] if $kind < 0.9;
	return [ $self->one(qw(Cookie Host Sec-Mine proxy-x Origin Via TE
	    User-Agent Date)), 'mine' ] if $kind < 0.96;
	return [ $self->one(qw(X-HTTP-Method-Override X-Method-Override)),
	    $self->one('PUT', 'TRACE', 'put, track') ] if $kind < 0.985;
	return $self->one([ 'X Bad', '1' ], [ '', '1' ], [ 'X-One', "a\nb" ]);
}

# Returns safelisted headers whose values have about 1024 bytes in total.
sub long_headers {
	my ($self) = @_;
	# Each value has at most 128 bytes, Range and Content-Type included.
	my $left = $self->one(1020, 1021, 1022, 1024, 1025, 1026);
	my @headers = ([ 'Content-Type', 'text/plain' ]);
	$left -= length 'text/plain';
	for my $name (qw(Accept Accept-Language Content-Language)) {
		my $length = $left > 128 ? 128 : $left;
		push @headers, [ $name, 'a' x $length ];
		$left -= $length;
	}
	# More names on Chromium's list of client hints.
	for my $name (qw(DPR Width Viewport-Width Device-Memory Downlink RTT)) {
		last if $left <= 0;
		my $length = $left > 128 ? 128 : $left;
		push @headers, [ $name, '0' x ($length - 1) . '1' ];
		$left -= $length;
	}
	return @headers;
}

my @odd = (qw({ } | ^ ` < > " ' ! $ & * ; : @ = + ~ \\ [ ]), ' ');

# Returns a URL in one of several notations.
sub url {
	my ($self, $number, $policy) = @_;
	my $host = $self->one(@api_hosts);
	$host = uc $host if $self->chance(0.15);
	my $scheme = $self->chance(0.1) ? 'HTTP' : 'http';
	my $path = $self->one("/p/$policy/x", "/p/$policy/", "/p/$policy/a/../b",
	    "/p/./$policy/a%2eb", "/p/$policy/%7Ex", "/p/$policy//x",
	    "/p/$policy/x y", "/p\\$policy\\x", "/p/$policy/a%2Fb");
	$path .= $self->value(4, @odd) if $self->chance(0.1);
	my $user = $self->chance(0.01) ? 'me:secret@' : '';
	my $url = "$scheme://$user$host:$self->{port}$path?n=$number";
	$url .= '&odd=' . $self->value(4, @odd) if $self->chance(0.1);
	$url .= $self->one('#', '#part', "#a b'`", '#' . $self->value(4, @odd))
	    if $self->chance(0.15);
	return $url;
}

# fetch(NUMBER, POLICIES): returns a call of fetch(), the origin of the page that
# makes it, and the response of the application.
sub fetch {
	my ($self, $number, $policies) = @_;
	my @headers = map { $self->header } 1 .. $self->one(0, 0, 1, 1, 1, 2, 3);
	@headers = $self->long_headers if $self->chance(0.05);
	push @headers, $headers[0] if @headers && $self->chance(0.05);
	my $method = $self->chance(0.45) ? $self->one(qw(GET get POST HEAD))
	    : $self->chance(0.9) ? $self->one(qw(PUT put DELETE PATCH OPTIONS
	    patch Put options dELETE Head))
	    : $self->one('TRACE', 'track', 'Connect', 'FOO', 'BAD METHOD', '');
	my $policy = 1 + int rand @$policies;
	my @origins = $self->origins;
	my $own = $self->one(0, 0, 0, 1 .. 6);
	# Sometimes no policy covers the URL.  explain then assumes that the
	# application sends no CORS headers, so it must send none.
	($policy, $own) = ('none', 0) if $self->chance(0.04);
	return {
		number => $number, policy => $policy,
		origin => $self->one(@origins),
		url => $self->url($number, $policy),
		method => $method, headers => \@headers,
		credentials => $self->one(qw(omit same-origin include include)),
		status => $self->one(200, 200, 200, 201, 204, 401, 404, 418, 500),
		own => $own,
	};
}

# Like fetch, but the request may be sent in other ways, most of which have no
# method and no headers.  Adds { as, mode, body, listens, coep, redirect }.
sub exchange {
	my ($self, $number, $policies) = @_;
	my $f = $self->fetch($number, $policies);
	$f->{as} = $self->one(('fetch') x 8, ('xhr') x 4, qw(script script image
	    image font eventsource));
	$f->{mode} = $f->{as} =~ /^(?:fetch|script|image)$/
	    && $self->chance($f->{as} eq 'fetch' ? 0.25 : 0.6) ? 'no-cors'
	    : 'cors';
	my $calls = $f->{as} eq 'fetch' || $f->{as} eq 'xhr';
	if ($calls) {
		$f->{body} = 'x' if $f->{method} =~ /^(?:GET|HEAD)$/i
		    ? $self->chance(0.05) : $self->chance(0.5);
		$f->{listens} = 1 if $f->{as} eq 'xhr' && $self->chance(0.2);
		$f->{method} = $self->one(qw(GET POST HEAD post))
		    if $f->{mode} eq 'no-cors' && $self->chance(0.8);
	} else {
		# Elements cannot set a method or headers, and ignore error pages.
		@$f{qw(method headers status)} = ('GET', [], 200);
	}
	$f->{credentials} = 'same-origin' if $f->{as} eq 'font'
	    || !$calls && $f->{mode} eq 'no-cors'
	    || $f->{as} eq 'xhr' && $f->{credentials} eq 'omit';
	# coep is a setting of the page.  redirect is one of fetch(), and has
	# no effect here because nothing redirects.
	$f->{coep} = $self->one(('unsafe-none') x 3, 'require-corp',
	    'credentialless');
	$f->{redirect} = $f->{as} eq 'fetch' ? $self->one(('follow') x 3,
	    'error', 'manual') : 'follow';
	# With no-cors, fetch() allows only "follow".
	$f->{redirect} = 'follow' if $f->{mode} eq 'no-cors';
	$f->{url} =~ s/me:secret@// if $f->{as} ne 'fetch';
	return $f;
}

1;
