#!/usr/bin/perl
# corscheck probe against servers: correct ones, ones with each mistake, and
# hostile ones.  Its requests are checked, too: only those that the manual
# says.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Exchange;
use Corswrap::Raw;
use Corswrap::Server;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

my $dir = tempdir();
my $origin = 'https://app.example.com';
my $stranger = 'https://corscheck-probe.invalid';
# Without the settings of the user that runs the test.
my %clean = map { $_ => $ENV{$_} } grep { defined $ENV{$_} }
    qw(PATH LD_LIBRARY_PATH ASAN_OPTIONS UBSAN_OPTIONS TMPDIR);

sub probe {
	my ($url, $arguments, %o) = @_;
	return run([ corscheck(), 'probe', '--origin', $origin,
		@{ $arguments || [] }, $url ], clean => { %clean, HOME => "$dir",
		NO_COLOR => 1, %{ $o{env} || {} } }, timeout => 60);
}

# As JSON: (exit status, the object).
sub ask {
	my ($url, $arguments, %o) = @_;
	my ($status, $out, $err) = probe($url, [ '--json', @{ $arguments || [] } ],
	    %o);
	my $got = eval { JSON::PP->new->decode($out) };
	diag("no JSON: $out$err") unless $got;
	return ($status, $got || {});
}

# --- a server with chosen responses
# ------------------------------------------------

my %answer;
my $listen = raw_socket();
my $port = $listen->sockport;
my $requests = "$dir/requests";

sub good {
	my (%fields) = @_;
	%fields = (Origin => $origin, Methods => 'PUT', Headers => 'x-token',
		'Max-Age' => 600, Vary => 'Origin', %fields);
	my $vary = delete $fields{Vary};
	my $age = delete $fields{'Max-Age'};
	my $status = delete $fields{status} // '200 OK';
	return "HTTP/1.1 $status\r\nAllow: GET\r\nContent-Length: 0\r\n"
	    . (defined $vary ? "Vary: $vary\r\n" : '')
	    . (defined $age ? "Access-Control-Max-Age: $age\r\n" : '')
	    . join('', map { "Access-Control-Allow-$_: $fields{$_}\r\n" }
	        grep { defined $fields{$_} } sort keys %fields) . "\r\n";
}

# Its response only for $origin.
sub careful {
	my ($method, $from, %fields) = @_;
	return good(Origin => undef, Methods => undef, Headers => undef,
	    'Max-Age' => undef, exists $fields{Vary} ? %fields{Vary} : ()) if ($from // '') ne $origin;
	return good(%fields);
}

sub reply {
	my ($head, $client) = @_;
	my ($method, $name) = $head =~ m{^(\S+) /([\w-]*)};
	my ($from) = $head =~ /^Origin: (.*?)\r$/m;
	open my $log, '>>', $requests;
	syswrite $log, "$head\n";
	my $code = $answer{ $name // '' };
	my $reply = $code ? $code->($method, $from, $head, $client)
	    : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	$reply =~ s/\r\n/\r\nConnection: close\r\n/
	    unless !defined $reply || $reply =~ /^\S+ 1\d\d/;
	return $reply;
}

# The requests since the last call: [ "METHOD ORIGIN" ].
sub asked {
	my @heads = split /\r\n\r\n\n/, read_file($requests);
	unlink $requests;
	return map { my ($method) = /^(\S+)/; my ($from) = /^Origin: (.*?)\r?$/m;
		$method . ' ' . ($from // '-') } @heads;
}

# --- the mistakes -----------------------------------------------------------------

my @put = (qw(--method PUT -H), 'X-Token: 1');
# [ name, arguments, the server, exit, reason, findings ]
my @cases = (
	[ 'good', [@put], sub { careful(@_[0, 1]) }, 0, undef ],
	[ 'good-simple', [], sub { careful(@_[0, 1]) }, 0, undef ],
	[ 'good-credentials', [ @put, '--credentials' ],
		sub { careful(@_[0, 1], Credentials => 'true') }, 0, undef ],
	[ 'not-found', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, 1, 'preflight-status',
		'options-not-found' ],
	[ 'not-allowed', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, 1, 'preflight-status',
		qw(allow-missing options-not-allowed) ],
	[ 'not-allowed-with-headers', [@put], sub { careful(@_[0, 1],
		status => '405 No') }, 1, 'preflight-status',
		'options-not-allowed' ],
	[ 'guarded', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\n"
		. "Content-Length: 0\r\n\r\n" : careful(@_[0, 1]) }, 1,
		'preflight-status', 'options-guarded' ],
	[ 'redirected', [@put], sub { "HTTP/1.1 302 Found\r\n"
		. "Location: /good\r\nContent-Length: 0\r\n\r\n" }, 1,
		'preflight-redirect', 'options-redirected' ],
	# The detected server, and its fix.
	[ 'backend-down', [@put], sub { "HTTP/1.1 502 Bad Gateway\r\n"
		. "Server: nginx\r\nContent-Length: 0\r\n\r\n" }, 1,
		'preflight-status', 'backend-down' ],
	[ 'backend-late', [], sub { $_[0] eq 'OPTIONS' ? careful(@_[0, 1])
		: "HTTP/1.1 504 Late\r\nVary: Origin\r\n"
		. "Content-Length: 0\r\n\r\n" }, 1, 'acao-missing',
		qw(backend-down error-without-cors) ],
	[ 'backend-told', [], sub { careful(@_[0, 1], status => '503 Busy') },
		0, undef, 'backend-down' ],
	[ 'proxy-password', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, 1, 'preflight-status',
		'options-guarded' ],
	[ 'unknown-method', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 501 What\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, 1, 'preflight-status',
		'options-not-allowed' ],
	[ 'to-login', [@put], sub { "HTTP/1.1 302 Found\r\n"
		. "Location: /accounts/login/?next=/x\r\n"
		. "Content-Length: 0\r\n\r\n" }, 1, 'preflight-redirect',
		'login-redirect' ],
	[ 'to-sso', [@put], sub { "HTTP/1.1 302 Found\r\n"
		. "Location: https://sso.example/start\r\n"
		. "Content-Length: 0\r\n\r\n" }, 1, 'preflight-redirect',
		'login-redirect' ],
	[ 'to-blog', [@put], sub { "HTTP/1.1 302 Found\r\n"
		. "Location: /blogin/authors?next=/login\r\n"
		. "Content-Length: 0\r\n\r\n" }, 1, 'preflight-redirect',
		'options-redirected' ],
	[ 'get-login', [], sub { $_[0] eq 'OPTIONS' ? careful(@_[0, 1])
		: "HTTP/1.1 302 Found\r\nLocation: /wp-login.php\r\n"
		. "Vary: Origin\r\nContent-Length: 0\r\n\r\n" }, 1,
		'acao-missing', 'login-redirect' ],
	[ 'broken', [@put], sub { "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n" },
		1, 'preflight-status', 'options-failed' ],
	[ 'star-credentials', [ @put, '--credentials' ],
		sub { good(Origin => '*', Credentials => 'true', Vary => undef) },
		1, 'wildcard-with-credentials', 'wildcard-with-credentials' ],
	[ 'star-credentials-unasked', [],
		sub { good(Origin => '*', Credentials => 'true', Vary => undef) },
		0, undef, 'wildcard-with-credentials' ],
	[ 'star-in-list', [@put], sub { careful(@_[0, 1], Headers => '*',
		Credentials => 'true') }, 0, undef, 'wildcard-in-list' ],
	[ 'missing', [], sub { careful($_[0], 'https://other.example',
		Vary => 'Origin') }, 1, 'acao-missing' ],
	[ 'twice', [], sub { careful(@_[0, 1]) =~
		s/(Access-Control-Allow-Origin: .*\r\n)/$1$1/r }, 1,
		'acao-multiple', 'duplicate-header' ],
	[ 'age-twice', [@put], sub { careful(@_[0, 1]) =~
		s/(Access-Control-Max-Age: .*\r\n)/$1$1/r }, 0, undef,
		qw(duplicate-header max-age-malformed) ],
	[ 'other', [], sub { good(Origin => 'https://other.example') }, 1,
		'acao-mismatch' ],
	[ 'no-vary', [], sub { careful(@_[0, 1], Vary => undef) }, 0, undef,
		'vary-missing' ],
	[ 'no-vary-preflight', [@put], sub { careful(@_[0, 1], Vary => undef) },
		0, undef, 'vary-missing' ],
	[ 'vary-star', [], sub { careful(@_[0, 1], Vary => '*') }, 0, undef ],
	[ 'vary-among', [], sub { careful(@_[0, 1],
		Vary => 'Accept, origin') }, 0, undef ],
	[ 'reflects', [], sub { good(Origin => $_[1]) }, 0, undef,
		qw(null-accepted origin-reflected) ],
	[ 'reflects-put', [ @put, '--credentials' ], sub { good(Origin => $_[1],
		Credentials => 'true') }, 0, undef,
		qw(null-accepted origin-reflected) ],
	[ 'null', [], sub { ($_[1] // '') eq 'null' ? good(Origin => 'null')
		: careful(@_[0, 1]) }, 0, undef, 'null-accepted' ],
	[ 'age-none', [@put], sub { careful(@_[0, 1], 'Max-Age' => undef) }, 0,
		undef, 'max-age-low' ],
	[ 'age-low', [@put], sub { careful(@_[0, 1], 'Max-Age' => 5) }, 0,
		undef, 'max-age-low' ],
	[ 'age-high', [@put], sub { careful(@_[0, 1], 'Max-Age' => 86400) }, 0,
		undef, 'max-age-capped' ],
	[ 'age-odd', [@put], sub { careful(@_[0, 1], 'Max-Age' => '10m') }, 0,
		undef, 'max-age-malformed' ],
	[ 'credentials-odd', [], sub { careful(@_[0, 1], Credentials => 'True') },
		0, undef, 'credentials-value' ],
	# Without credentials the attributes do not matter.
	(map { my ($name, $line, @more) = @$_; [ "cookie-$name", ['--credentials'],
		sub { careful(@_[0, 1], Credentials => 'true') =~
			s/\r\n\r\n/\r\n$line\r\n\r\n/r }, 0, undef, @more ] }
		[ bare => 'Set-Cookie: sid=1; Path=/', 'cookie-attributes' ],
		[ lax => 'Set-Cookie: sid=1; SameSite=Lax; Secure',
			'cookie-attributes' ],
		[ insecure => 'Set-Cookie: sid=1; SameSite=None',
			'cookie-attributes' ],
		[ 'third-party' => 'Set-Cookie: sid=1; SameSite=None; Secure',
			'cookie-attributes' ],
		[ host => 'Set-Cookie: __Host-sid=1; SameSite=None; Secure; '
			. 'Partitioned', 'cookie-attributes' ],
		[ good => 'Set-Cookie: __Host-sid=1; SameSite=None; Secure; '
			. 'Path=/; Partitioned' ]),
	[ 'cookie-unasked', [], sub { careful(@_[0, 1], Credentials => 'true') =~
		s/\r\n\r\n/\r\nSet-Cookie: sid=1\r\n\r\n/r }, 0, undef ],
	[ 'no-allow', [], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, 0, undef, 'allow-missing' ],
	[ 'error', [], sub { $_[0] eq 'GET'
		? "HTTP/1.1 500 Oh\r\nVary: Origin\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, 1, 'acao-missing', 'error-without-cors' ],
	[ 'error-with-cors', [], sub { careful(@_[0, 1],
		status => '500 Oh') }, 0, undef ],
	[ 'method', [@put], sub { careful(@_[0, 1], Methods => 'put') }, 1,
		'method-not-allowed' ],
	[ 'header', [@put], sub { careful(@_[0, 1], Headers => 'x-other') }, 1,
		'header-not-allowed' ],
	[ 'list', [@put], sub { careful(@_[0, 1], Headers => 'x-token; x-b') },
		1, 'list-malformed' ],
	# Variants that servers use.
	[ 'continued', [], sub { "HTTP/1.1 103 Early\r\nLink: <x>\r\n"
		. "Access-Control-Allow-Origin: *\r\n\r\n" . careful(@_[0, 1]) },
		0, undef ],
	[ 'folded', [], sub { careful(@_[0, 1]) =~
		s/(Allow-Origin:) /$1\r\n\t /r }, 0, undef ],
	[ 'chunked', [], sub { my $reply = careful(@_[0, 1]);
		return $reply if $_[0] ne 'GET';
		$reply =~ s/Content-Length: 0/Transfer-Encoding: chunked/;
		return "${reply}2\r\nok\r\n0\r\nAccess-Control-Allow-Origin: *\r\n"
		    . "\r\n" }, 0, undef ],
	[ 'no-reason', [], sub { careful(@_[0, 1], status => '200') }, 0, undef ],
);
$answer{ $_->[0] } = $_->[2] for @cases;

# --- the cause of a refusal
# ----------------------------------------------------------

# A policy refuses with 403, or leaves its headers out, and does not say why.
my $vary = 'Vary: Origin, Access-Control-Request-Method, '
    . 'Access-Control-Request-Headers';
sub refusal {
	return "HTTP/1.1 $_[0] No\r\nContent-Length: 0\r\n$vary\r\n\r\n";
}
sub engine {
	my ($method, $from, $head, $status, $bad) = @_;
	return careful($method, $from) if $method ne 'OPTIONS';
	return refusal($status)
	    if ($from // '') ne $origin || $head =~ $bad;
	return careful($method, $from, Methods => 'DELETE',
		Headers => 'x-other');
}
my $put_asked = qr/^Access-Control-Request-Method: PUT\r$/m;
my $token_asked = qr/^Access-Control-Request-Headers: .*x-token/m;
my $fix_origin = qr/^add \Q$origin\E to `origins`$/;
my $fix_bare = qr/^put corswrap in front of it, with `origins = \Q$origin\E`: the response has no CORS header$/;
my $bare = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
sub bad_policy {
	return "HTTP/1.1 500 No\r\nServer: Apache\r\nContent-Length: "
	    . length($_[0]) . "\r\n\r\n$_[0]";
}
my $fix_policy = qr/^correct these lines of the policy/;
# [ name, arguments, the server, the fix, findings ]
my @causes = (
	[ 'refuses-method', [@put], sub { engine(@_[0 .. 2], 403, $put_asked) },
		qr/^add PUT to `methods`; also add x-token to `headers`$/,
		'preflight-refused' ],
	[ 'refuses-header', [@put], sub { engine(@_[0 .. 2], 403, $token_asked) },
		qr/^add x-token to `headers`$/, 'preflight-refused' ],
	[ 'refuses-origin', [@put], sub { $_[0] eq 'OPTIONS' ? refusal(403)
		: careful(@_[0, 1]) }, $fix_origin, 'preflight-refused' ],
	[ 'hides-method', [@put], sub { engine(@_[0 .. 2], 200, $put_asked) },
		qr/^add PUT to `methods`/, qw(allow-missing preflight-refused) ],
	[ 'hides-header', [ '-H', 'X-Token: 1' ],
		sub { engine(@_[0 .. 2], 204, $token_asked) },
		qr/^add x-token to `headers`$/,
		qw(allow-missing preflight-refused) ],
	[ 'hides-origin', [@put], sub { $_[0] eq 'OPTIONS' ? refusal(200)
		: careful(@_[0, 1]) }, $fix_origin,
		qw(allow-missing preflight-refused) ],
	# corswrap as a CGI program whose policy has mistakes, or is missing.
	[ 'bad-policy', [@put], sub { bad_policy("12: [unknown-key]\n18: [path]\n") },
		$fix_policy, 'policy-error' ],
	[ 'many-mistakes', [@put], sub { bad_policy(join '', map {
		"$_: [unknown-key]\n" } 1 .. 200) }, $fix_policy, 'policy-error' ],
	[ 'no-policy', [], sub { bad_policy("[no-policy]\n") }, $fix_policy,
		'policy-error' ],
	[ 'no-bad-policy', [@put], sub { bad_policy("12: [unknown-key]\nx\ny") },
		qr/RewriteRule|204/, 'options-failed' ],
	# corswrap as a CGI program of Apache, which joins Vary with commas.
	[ 'apache-cgi', [], sub { $_[0] eq 'OPTIONS'
		? refusal(403) =~ s/, /,/gr =~ s/\r\n/\r\nServer: Apache\r\n/r
		: "HTTP/1.1 200 OK\r\nServer: Apache\r\nVary: Origin\r\n"
		. "Content-Length: 0\r\n\r\n" }, $fix_origin ],
	# A server without CORS.
	[ 'bare-put', [@put], sub { $bare }, $fix_bare, 'allow-missing' ],
	[ 'bare', [], sub { $bare }, $fix_bare, 'allow-missing' ],
	[ 'forbidden', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, qr/^exempt preflights/,
		'options-guarded' ],
	[ 'down', [@put], sub { "HTTP/1.1 502 Bad Gateway\r\n"
		. "Content-Length: 0\r\n\r\n" },
		qr/^start what is behind the proxy/, 'backend-down' ],
	[ 'password', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, qr/^require passwords for every method except/,
		'options-guarded' ],
	[ 'login', [@put], sub { "HTTP/1.1 303 See\r\nLocation: /login\r\n"
		. "Content-Length: 0\r\n\r\n" },
		qr/^exempt OPTIONS from the login/, 'login-redirect' ],
	[ 'unknown', [@put], sub { $_[0] eq 'OPTIONS'
		? "HTTP/1.1 405 No\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n"
		: careful(@_[0, 1]) }, qr/^pass OPTIONS to corswrap/,
		'options-not-allowed' ],
	# Hints in the response.
	[ 'preflight-alone', [@put], sub { $_[0] eq 'OPTIONS'
		? careful(@_[0, 1]) : refusal(200) },
		qr/^send the CORS headers with the response itself too/ ],
	[ 'slash', [], sub { careful(@_[0, 1], Origin => "$origin/") },
		qr{^send \Q$origin\E byte for byte} ],
	[ 'list-of-origins', [], sub { careful(@_[0, 1],
		Origin => "$origin, https://b.example") },
		qr/takes no list/ ],
	[ 'small', [@put], sub { careful(@_[0, 1], Methods => 'put') },
		qr/^write PUT in `methods`, not put: case counts$/ ],
	[ 'bare-redirect', [], sub { "HTTP/1.1 301 Go\r\nLocation: /x\r\n"
		. "Vary: Origin\r\nContent-Length: 0\r\n\r\n" },
		qr{^request /x directly, or send the CORS headers with the redirect} ],
);
$answer{ $_->[0] } = $_->[2] for @causes;

# --- redirects of the request ----------------------------------------------------------

sub redirect {
	my ($status, $to, @more) = @_;
	return "HTTP/1.1 $status Go\r\nLocation: $to\r\nContent-Length: 0\r\n"
	    . join('', map { "$_\r\n" } "Vary: Origin", @more) . "\r\n";
}
my $allow = "Access-Control-Allow-Origin: $origin";
my %more = (
	'go-here' => sub { ($_[1] // '') ne $origin ? careful(@_[0, 1])
		: redirect(302, '/good-simple?a b', $allow) },
	'go-bare' => sub { redirect(302, '/good-simple') },
	'go-away' => sub { redirect(307, "http://localhost:$port/wants-null",
		$allow) },
	'wants-null' => sub { careful($_[0], $origin,
		Origin => $_[1] // 'none', Vary => 'Origin') },
	'go-elsewhere' => sub { redirect(302,
		"http://localhost:$port/good-simple", $allow) },
	'go-round' => sub { redirect(302, '/go-round', $allow) },
	'go-ftp' => sub { redirect(302, "ftp://127.0.0.1:$port/x", $allow) },
	'go-file' => sub { redirect(302, 'file:///etc/passwd', $allow) },
	'go-user' => sub { redirect(302, "http://me:pw\@127.0.0.1:$port/good",
		$allow) },
	'go-put' => sub { $_[0] eq 'OPTIONS' ? careful(@_[0, 1])
		: redirect(307, '/not-found', $allow) },
	'go-put-away' => sub { $_[0] eq 'OPTIONS' ? careful(@_[0, 1])
		: redirect(307, "http://localhost:$port/wants-any-put", $allow) },
	'wants-any-put' => sub { good(Origin => $_[1]) },
	'blank-colon' => sub { careful(@_[0, 1]) =~
		s/(Access-Control-Allow-Origin):/$1 :/r },
	'go-post' => sub { redirect(301, '/good-simple', $allow) },
	'go-both' => sub { redirect(302, '/good-simple',
		'Location: /good', $allow) },
	'go-same' => sub { ($_[1] // '') ne $origin ? careful(@_[0, 1])
		: redirect(302, '/good-simple', 'Location: /good-simple',
			$allow) },
	'go-cross' => sub { redirect(302,
		"http://localhost:$port/wants-any") },
	'go-cross-refused' => sub { redirect(302,
		"http://localhost:$port/good-simple") },
	'wants-any' => sub { good(Origin => $_[1]) },
	'go-nowhere' => sub { good(status => '302 Found') },
);
@answer{ keys %more } = values %more;

# --- hostile servers --------------------------------------------------------------------

my %hostile = (
	'silent' => sub { sleep 30; undef },
	'half' => sub { syswrite $_[3], "HTTP/1.1 200 OK\r\nX-A: "; sleep 30;
		undef },
	'closes' => sub { undef },
	'no-http' => sub { "SSH-2.0-OpenSSH_9.2\r\n" },
	'huge-line' => sub { "HTTP/1.1 200 OK\r\nX-A: " . 'a' x 400_000
		. "\r\n\r\n" },
	'huge-block' => sub { "HTTP/1.1 200 OK\r\n" . "X-A: aaaaaaaaaa\r\n" x
		20_000 . "\r\n" },
	'many-lines' => sub { "HTTP/1.1 200 OK\r\n" . "a:\r\n" x 5000 . "\r\n" },
	'endless-headers' => sub { syswrite $_[3], "HTTP/1.1 200 OK\r\n";
		1 while syswrite $_[3], "X-A: " . 'a' x 100 . "\r\n"; undef },
	'endless-body' => sub { my $reply = careful(@_[0, 1]);
		$reply =~ s/Content-Length: 0\r\n//;
		syswrite $_[3], $reply;
		my $sent = 0;
		while (my $n = syswrite $_[3], 'x' x 65536) { $sent += $n }
		open my $log, '>>', "$dir/sent";
		syswrite $log, "$sent\n";
		undef },
	'slow-body' => sub { my $reply = careful(@_[0, 1]);
		return $reply if $_[1] && $_[1] ne $origin || !$_[1];
		syswrite $_[3], $reply =~ s/Content-Length: 0/Content-Length: 9/r;
		sleep 30; undef },
	'short-body' => sub { careful(@_[0, 1]) =~
		s/Content-Length: 0/Content-Length: 9/r },
	'control' => sub { careful(@_[0, 1]) =~ s/^(Allow: )/X-Evil: a\e]0;b\x07\e[2J\x7f\x9b31m\r\nX-\e[1m: b\r\n$1/mr },
	'control-origin' => sub { good(Origin => "\e[2Jhttps://x\x07") },
	'control-location' => sub { redirect(302, "/\e[2J\x07", ) },
	'control-location-put' => sub { redirect(302, "/\e[2J\x07", ) },
	'nul' => sub { "HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n" },
	'status' => sub { "HTTP/1.1 999 \e[31mx\r\n$allow\r\nVary: Origin\r\n"
		. "Content-Length: 0\r\n\r\n" },
	'status-odd' => sub { "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n" },
	'informs' => sub { "HTTP/1.1 100 Go\r\n\r\n" x 50_000 },
);
@answer{ keys %hostile } = values %hostile;

my $at = "http://127.0.0.1:$port";
raw_server($listen, \&reply);

# --- the mistakes, each found, and no other -------------------------------------------

for my $case (@cases) {
	my ($name, $arguments, undef, $exit, $reason, @findings) = @$case;
	my ($status, $got) = ask("$at/$name", $arguments);
	is($status, $exit, "$name: exit status");
	is($got->{verdict}, $exit ? 'blocked' : 'allowed', "$name: verdict");
	is($got->{reason}, $reason, "$name: reason");
	my %found = map { $_->{id} => 1 } @{ $got->{findings} };
	is_deeply([ sort keys %found ], [ sort @findings ], "$name: mistakes")
	    or diag(JSON::PP->new->pretty->encode($got));
	ok($got->{fix}, "$name: a fix") if $exit;
}

for my $case (@causes) {
	my ($name, $arguments, undef, $fix, @findings) = @$case;
	my ($status, $got) = ask("$at/$name", $arguments);
	is("$status $got->{verdict}", '1 blocked', "$name: blocked");
	like($got->{fix}, $fix, "$name: the fix");
	my %found = map { $_->{id} => 1 } @{ $got->{findings} };
	is_deeply([ sort keys %found ], [ sort @findings ], "$name: mistakes")
	    or diag(JSON::PP->new->pretty->encode($got));
}

# Their severity.
my (undef, $weighed) = ask("$at/reflects");
my %weight = map { $_->{id} => $_->{severity} } @{ $weighed->{findings} };
is_deeply(\%weight, { 'origin-reflected' => 'advice',
	'null-accepted' => 'mistake' }, 'without credentials it is advice');
(undef, $weighed) = ask("$at/reflects-put", [ @put, '--credentials' ]);
%weight = map { $_->{id} => $_->{severity} } @{ $weighed->{findings} };
is($weight{'origin-reflected'}, 'mistake', 'with them a mistake');

# --- the requests
# ---------------------------------------------------------------------

unlink $requests;
my ($status, $got) = ask("$at/good", \@put);
my @heads = split /\r\n\r\n\n/, read_file($requests);
is_deeply([asked()], [ "OPTIONS $origin", "PUT $origin",
	"OPTIONS $stranger", 'OPTIONS null', 'OPTIONS -' ],
    'PUT: preflight, request, and three that change nothing');
like($heads[0], qr/^Access-Control-Request-Headers: x-token\r$/m,
    'the preflight asks for the header');
unlike($heads[0], qr/^x-token:/mi, 'and does not have it');
like($heads[1], qr/^x-token: 1\r$/m, 'the request has');
like($heads[1], qr/^Content-Length: 0\r?$/m, 'and no body');
unlike($_, qr/^(?:Cookie|Authorization|Content-Type|Accept-Encoding):/mi,
    'nothing else') for @heads;
like($heads[0], qr/^Sec-Fetch-Site: cross-site\r$/m, 'as a browser says it');
is_deeply($got->{request}{headers}, { Origin => $origin, 'x-token' => 1 },
    'and that is told');
is($got->{preflight}{response}{headers}{'Access-Control-Allow-Headers'},
    'x-token', 'the answer too');
is_deeply($got->{readable}, ['content-length'], 'nothing is exposed')
    or diag(explain($got->{readable}));

ask("$at/good-simple");
is_deeply([asked()], [ "GET $origin", "GET $stranger", 'GET null',
	'OPTIONS -' ], 'GET: itself, as others, OPTIONS');
ask("$at/good-simple", [qw(--method POST)]);
is_deeply([asked()], [ "POST $origin", "OPTIONS $stranger", 'OPTIONS null',
	'OPTIONS -' ], 'POST: once');
ask("$at/not-found", \@put);
is_deeply([asked()], [ "OPTIONS $origin", "OPTIONS $stranger",
	'OPTIONS null', 'OPTIONS -' ], 'a failed preflight: no PUT');
ask("$at/closes");
is(scalar(() = asked()), 1, 'no answer: nothing more is asked');
(undef, $got) = ask("$at/good", [qw(--method TRACE)]);
is($got->{reason}, 'forbidden-method', 'TRACE');
is_deeply([asked()], [], 'is not sent');
my ($exit) = run([ corscheck(), 'probe', '--origin', $at, "$at/good" ],
    clean => \%clean);
is($exit, 0, 'the same origin');
is_deeply([asked()], ['GET -'], 'is asked once, without Origin');
($exit, my $blocked) = ask("http://me:secret\@127.0.0.1:$port/good");
is($exit, 1, 'a password in the URL');
is_deeply([asked()], [], 'is not sent anywhere');

unlink $requests;
ask("$at/refuses-method", \@put);
my @more_heads = split /\r\n\r\n\n/, read_file($requests);
is_deeply([asked()], [ ("OPTIONS $origin") x 3, "OPTIONS $stranger",
	'OPTIONS null', 'OPTIONS -' ], 'a refusal: two preflights more, no PUT');
unlike($more_heads[1], qr/Request-Headers/, 'one without headers');
like($more_heads[2], qr/^Access-Control-Request-Method: GET\r$/m, 'one of GET');

# No data of the user: netrc, cookies, curl's configuration.
write_file("$dir/.netrc", "machine 127.0.0.1 login me password pw\n", 0600);
write_file("$dir/.curlrc", "user = me:pw\ncookie = a=b\n");
unlink $requests;
ask("$at/good-simple");
unlike(read_file($requests), qr/^(?:Authorization|Cookie):/mi,
    'no .netrc, no .curlrc');
unlink $requests;
probe("$at/good", [ '-H', 'X-Empty:', '-H', 'Cookie: a=b', '-H',
	'Content-Type: application/json', '--method', 'PATCH' ]);
my $patch = read_file($requests);
like($patch, qr/^Access-Control-Request-Headers: content-type,x-empty\r$/m,
    'an empty header is asked for');
unlike($patch, qr/^Cookie/mi, 'and Cookie never sent');

# --- redirects --------------------------------------------------------------------------

unlink $requests;
($status, $got) = ask("$at/go-here");
is($status, 0, 'a redirect is followed');
like(read_file($requests), qr{^GET /good-simple\?a%20b }m, 'as URLs are written');
unlink $requests;
($status, $got) = ask("$at/go-bare");
is("$status $got->{reason}", '1 acao-missing', 'if it has CORS headers itself');
is((asked())[1], "GET $stranger", 'else it is not followed');
my ($code, $text) = probe("$at/go-away");
is($code, 0, 'to another origin');
like($text, qr{307: the browser goes on to http://localhost:$port/wants-null, now with Origin: null},
    'Origin is null then');
is((asked())[1], 'GET null', 'really');
($status, $got) = ask("$at/go-elsewhere");
is("$status $got->{reason}", '1 acao-missing', 'which the next may refuse');
like($got->{message}, qr{at 'http://localhost:$port/good-simple' \(redirected from '\Q$at\E/go-elsewhere'\) from origin 'null'},
    'in the words of the console');
like($got->{fix}, qr{^request http://localhost:$port/good-simple directly},
    'and the fix is not the page\'s: the redirect made it null');
unlink $requests;
probe("$at/go-away", [ '-H', 'Authorization: secret' ]);
unlike(read_file($requests), qr/^authorization:/mi,
    'not sent before it was asked for');
unlink $requests;
($status, $got) = ask("$at/go-round");
is("$status $got->{reason}", '1 redirect-blocked', 'round and round');
like($got->{message}, qr/there were 20 already/, 'comes to an end');
is(scalar(grep { $_ eq "GET $origin" } asked()), 21, 'after 20');
for ([ 'go-ftp', 'another scheme' ], [ 'go-file', 'a file' ],
	[ 'go-user', 'a password' ]) {
	($status, $got) = ask("$at/$_->[0]");
	is("$status $got->{verdict} $got->{reason}",
	    '1 blocked redirect-blocked', "to $_->[1]");
	is(scalar(grep { $_ eq "GET $origin" } asked()), 1, 'is not followed');
}
like($got->{message}, qr/^Access to fetch at '\Q$at\E\/go-user' from origin '\Q$origin\E' has been blocked by CORS policy: Redirect location '' contains a username and password, which is disallowed for cross-origin requests\. \(Note: /,
    'in the words of the console');
unlike($got->{message}, qr/pw/, 'without the password');
($status, $got) = ask("$at/go-put", \@put);
is("$status $got->{reason}", '1 preflight-status',
    'a preflight before each request');
is_deeply([ (asked())[0 .. 2] ], [ "OPTIONS $origin", "PUT $origin",
	"OPTIONS $origin" ], 'the second PUT is not sent');
ok($got->{request}{sent}, 'the first was');
($status, $got) = ask("$at/go-post", [ '--method', 'POST' ]);
is($status, 0, '301 to a POST');
is((asked())[1], "GET $origin", 'becomes GET');
is((ask("$at/go-nowhere"))[0], 0, 'a redirect without Location is an answer');
($status, $got) = ask("$at/go-both");
is("$status $got->{reason}", '1 redirect-blocked', 'two different Locations');
is((ask("$at/go-same"))[0], 0, 'the same one twice');
unlink $requests;
my @own = (clean => \%clean);
my ($own_exit) = run([ corscheck(), 'probe', '--origin', $at,
	"$at/go-cross" ], @own);
is_deeply([ (asked())[0, 1] ], [ 'GET -', "GET $at" ],
    'from the same origin elsewhere: Origin then');
is($own_exit, 0, 'where it is checked, and not before');
($own_exit) = run([ corscheck(), 'probe', '--origin', $at,
	"$at/go-cross-refused" ], @own);
is($own_exit, 1, 'and may fail');

# --- where browsers differ --------------------------------------------------------------

for ([ 'chromium', 'null' ], [ 'firefox', $origin ]) {
	my ($browser, $asks) = @$_;
	unlink $requests;
	($status, $got) = ask("$at/go-put-away", [ @put, '--browser', $browser ]);
	is($status, 0, "$browser: a redirect to a third origin");
	is_deeply([ (asked())[0 .. 3] ], [ "OPTIONS $origin", "PUT $origin",
		"OPTIONS $asks", 'PUT null' ], 'the Origin of each request');
}
for ([ 'chromium', 0 ], [ 'firefox', 1 ]) {
	is((ask("$at/blank-colon", [ '--browser', $_->[0] ]))[0], $_->[1],
	    "$_->[0]: a blank before the colon");
}
unlink $requests;
($status, $got) = ask("$at/good", [ '--browser', 'safari' ]);
is("$status $got->{reason}", '1 mixed-content',
    'safari: no http of this machine for an https page');
ok(!-e $requests, 'nothing is sent');

# --- hostile ----------------------------------------------------------------------------

my @soon = (env => { CORSCHECK_TIMEOUT => 1 });
for (qw(silent half)) {
	($status, $got) = ask("$at/$_", undef, @soon);
	is("$status $got->{verdict} $got->{reason}", '2 blocked timeout', $_);
	is($got->{request}{response}, undef, "$_: no response");
}
($status, $got) = ask("$at/silent", \@put, @soon);
is("$status $got->{reason}", '2 timeout', 'a preflight without answer');
is($got->{preflight}{passes}, undef, 'passes is not known');
ok(!$got->{request}{sent}, 'the request is not sent');
for (qw(closes no-http huge-line huge-block many-lines endless-headers nul
	status-odd informs)) {
	($status, $got) = ask("$at/$_");
	is("$status $got->{verdict} $got->{reason}", '2 blocked network', $_);
	unlike($got->{message}, qr/[^ -~]/, "$_: said in ASCII");
}
for (qw(endless-body slow-body short-body status)) {
	($status, $got) = ask("$at/$_");
	is("$status $got->{verdict}", '0 allowed', $_);
}
wait_for(sub { read_file("$dir/sent") =~ /\n/ });
my ($sent) = sort { $b <=> $a } split /\n/, read_file("$dir/sent");
cmp_ok($sent, '<', 16 << 20, 'the body is cut, whatever sockets take');
# The output on a terminal, and its equivalent in JSON.
for my $name (qw(control control-origin control-location)) {
	(undef, my $out, my $err) = probe("$at/$name");
	unlike($out . $err, qr/[^\n -~]/, "$name: nothing for a terminal");
	(undef, $out) = probe("$at/$name", ['--json']);
	unlike($out, qr/[^\n -~\x7f]/, "$name: in JSON neither");
}
(undef, my $shown) = probe("$at/control");
like($shown, qr/X-Evil: a\\x1b\]0;b\\x07\\x1b\[2J\\x7f\\x9b31m/,
    'but it is shown');
unlike($shown, qr/X-\\x1b/, 'a name that is none is passed over');
(undef, $shown) = probe("$at/control-location-put", \@put);
unlike($shown, qr/[^\n -~]/, 'nor where a preflight is redirected to');

my $closed = free_port();
($status, $got) = ask("http://127.0.0.1:$closed/", \@put);
is("$status $got->{verdict} $got->{reason}", '2 blocked network',
    'nobody listens');
is($got->{preflight}{response}, undef, 'no response');
# Such a label is never looked up in the DNS (RFC 1035, 2.3.4).
($status, $got) = ask('https://' . 'a' x 64 . '.invalid/');
is("$status $got->{reason}", '2 network', 'a name that nobody has');

# --- blocked before any request
# -------------------------------------------------------

for ([ "http://api.invalid/", 'mixed-content' ],
	[ 'https://127.0.0.1:25/', 'blocked-port' ]) {
	($status, $got) = ask($_->[0]);
	is("$status $got->{verdict} $got->{reason}", "1 blocked $_->[1]",
	    $_->[1]);
	ok(!$got->{request}{sent}, 'nothing is sent');
}
my ($space_exit, undef, $space_err) = run([ corscheck(), 'probe', '--origin',
	$origin, '--page-space', 'here', "$at/a" ], clean => \%clean);
is($space_exit, 2, 'no address space');
like($space_err, qr/--page-space is public, local or loopback/, 'is told');
($status, my $local) = run([ corscheck(), 'probe', '--json', '--origin',
	'http://app.example.com', '--page-space', 'public', '-X', 'PUT',
	"$at/good" ], clean => \%clean);
is("$status " . JSON::PP->new->decode($local)->{reason}, '1 local-network',
    'a page of the web that did not come over https');
unlink $requests;

# --- usage ------------------------------------------------------------------------------

for ([ [], 'no URL' ], [ [ "$at/a", "$at/b" ], 'two' ],
	[ [ '--url', "$at/a", "$at/b" ], 'two, one of them by --url' ], [ [ '-p', 'x.ini', "$at/a" ], '-p' ],
	[ [ 'ftp://127.0.0.1/' ], 'ftp' ], [ [ 'file:///etc/passwd' ], 'file' ],
	[ [ 'gopher://127.0.0.1/' ], 'gopher' ]) {
	my ($exit_status, $out, $err) = run([ corscheck(), 'probe', '--origin',
		$origin, @{ $_->[0] } ], clean => \%clean);
	is("$exit_status$out", '2', "$_->[1]: usage");
	ok(length $err, 'which is said');
}

for my $timeout ('0', '3601', '1x', '-1') {
	my ($exit_status, $out, $err) = probe("$at/good", undef,
	    env => { CORSCHECK_TIMEOUT => $timeout });
	is("$exit_status$out", '2', "CORSCHECK_TIMEOUT=$timeout");
	like($err, qr/^corscheck: CORSCHECK_TIMEOUT is a number of seconds from 1 to 3600\n\z/,
	    'is said');
}

# --- real servers --------------------------------------------------------------------------

SKIP: {
	skip 'no lighttpd', 1 unless have_program('lighttpd');
	my $site = site();
	my $web = serve($site, 'lighttpd', 'lighttpd-fastcgi.conf');
	my ($exit_status, $out, $err) = probe("http://127.0.0.1:$web/api",
	    [ '--method', 'PUT', '-H', 'Content-Type: application/json' ]);
	is("$exit_status$err", '0', 'lighttpd and corswrap: allowed')
	    or diag($out, $err);
	like($out, qr/pass PUT is allowed by Access-Control-Allow-Methods/, 'told');
	unlike($out, qr/^Mistake/m, 'no mistake');
	like($out, qr/^Allowed\.$/m, 'and the verdict');
	(undef, $got) = ask("http://127.0.0.1:$web/api", [ '--method', 'PUT' ]);
	is_deeply([ map { $_->{id} } @{ $got->{findings} } ], ['allow-missing'],
	    'advice alone: `allow` is not set');
	is_deeply([ grep { /^(?:content-type|x-total-count)$/ }
		@{ $got->{readable} } ], [qw(content-type x-total-count)],
	    'what the script may read');
	($exit_status, $out) = run([ corscheck(), 'probe', '--origin',
		'https://evil.example', "http://127.0.0.1:$web/api" ],
	    clean => \%clean);
	is($exit_status, 1, 'another origin is blocked');
	($exit_status, $out) = run([ corscheck(), 'probe', '--method', 'PUT',
		'--origin', 'https://evil.example', "http://127.0.0.1:$web/api" ],
	    clean => \%clean);
	like($out, qr/^Fix: add https:\/\/evil.example to `origins`$/m,
	    'and its preflight: that is said, and nothing of passwords');
	# explain's prediction for the policy is what the server does.
	for ([], [qw(--method PUT)], [qw(--method PATCH)],
		[ '-H', 'Content-Type: text/csv' ], [ '-H', 'X-Other: 1' ],
		['--credentials'], [ qw(--method DELETE --credentials) ]) {
		my @of_both = ('--json', '--origin', $origin, @$_);
		my $url = "http://127.0.0.1:$web/api";
		my ($said_exit, $said) = run([ corscheck(), 'explain', '-p',
			"$site/etc/app.ini", '--url', $url, @of_both ],
		    clean => \%clean);
		my ($done_exit, $done) = run([ corscheck(), 'probe', @of_both,
			$url ], clean => \%clean);
		($said, $done) = map { JSON::PP->new->decode($_) } $said, $done;
		is("$done_exit $done->{verdict}", "$said_exit $said->{verdict}",
		    "explain and probe agree: @$_");
		is_deeply($done->{preflight}{request},
		    $said->{preflight}{request}, 'and ask the same');
		is($done->{preflight}{response}{status},
		    $said->{preflight}{response}{status}, 'with the same status');
	}
	($status, $got) = ask("https://127.0.0.1:$web/api");
	is("$status $got->{reason}", '2 tls', 'TLS to one who does not speak it');
	like($got->{fix}, qr/speaks TLS/, 'which is another thing than a '
	    . 'certificate');
	show_logs($site);
}

SKIP: {
	skip 'no Apache', 1 unless have_program('apache2') // have_program('httpd');
	my $site = tempdir();
	my $web = apache($site, <<'END', qw(headers alias));
<Location "/both">
    Header set Access-Control-Allow-Origin "https://app.example.com"
    Header add Access-Control-Allow-Origin "*"
</Location>
<Location "/guarded">
    Require all denied
</Location>
Redirect "/old" "/new"
END
	write_file("$site/www/both", "both\n");
	($status, $got) = ask("http://127.0.0.1:$web/both");
	is("$status $got->{reason}", '1 acao-multiple', 'Apache: Header add');
	ok((grep { $_->{id} eq 'duplicate-header' } @{ $got->{findings} }),
	    'is named');
	($status, $got) = ask("http://127.0.0.1:$web/guarded", \@put);
	is("$status $got->{reason}", '1 preflight-status', 'Apache: Require');
	ok((grep { $_->{id} eq 'options-guarded' } @{ $got->{findings} }),
	    'is named');
	($status, $got) = ask("http://127.0.0.1:$web/old", \@put);
	is("$status $got->{reason}", '1 preflight-redirect', 'Apache: Redirect');
	show_logs($site);
}

SKIP: {
	my $nginx = have_program('nginx');
	skip 'no nginx, or no openssl', 1
	    unless $nginx && have_program('openssl');
	my $site = tempdir();
	mkdir "$site/run";
	my $web = free_port();
	my ($made, undef, $said) = run([ 'openssl', 'req', '-x509', '-newkey',
		'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days',
		'2', '-subj', '/CN=corswrap test', '-addext',
		'subjectAltName=IP:127.0.0.1', '-keyout', "$site/key.pem",
		'-out', "$site/cert.pem" ]);
	is($made, 0, 'a certificate') or diag($said);
	my $user = $> == 0 ? 'user root;' : '';
	write_file("$site/nginx.conf", <<"END");
daemon off;
$user
pid $site/run/nginx.pid;
error_log $site/run/nginx.log;
events { }
http {
access_log off;
map \$http_origin \$allowed { "https://app.example.com" \$http_origin; default ""; }
server {
listen 127.0.0.1:$web ssl http2;
ssl_certificate $site/cert.pem;
ssl_certificate_key $site/key.pem;
location /reflects {
	add_header Access-Control-Allow-Origin \$http_origin;
	add_header Access-Control-Allow-Credentials true;
	return 200 "reflects\n";
}
location /good {
	add_header Access-Control-Allow-Origin \$allowed always;
	add_header Vary Origin always;
	add_header Allow "GET, HEAD, OPTIONS" always;
	return 200 "good\n";
}
location /error {
	add_header Access-Control-Allow-Origin \$allowed;
	add_header Vary Origin always;
	return 503;
}
}
}
END
	my $pid = start([ $nginx, '-p', "$site/run",
		nginx_messages($nginx, "$site/run/nginx.log"),
		'-c', "$site/nginx.conf" ], stderr => "$site/run/nginx.log");
	wait_port($web) or diag(read_file("$site/run/nginx.log"));
	my $https = "https://127.0.0.1:$web";
	($status, $got) = ask("$https/good");
	is("$status $got->{verdict} $got->{reason}", '2 blocked tls',
	    'a certificate that nobody signed');
	like($got->{fix}, qr/certificate/, 'and the fix');
	# It is not the server's fault then (libcurl's error 77).
	($status, $got) = ask("$https/good", undef,
	    env => { SSL_CERT_FILE => "$dir/no-such-file" });
	is("$status $got->{verdict} $got->{reason}", '2 blocked tls',
	    'no certificates on this machine');
	like($got->{message}, qr/^This machine has no certificates/,
	    'is told as that');
	like($got->{fix}, qr/ca-certificates.*SSL_CERT_FILE/,
	    'and not as the server\'s');
	my @trust = (env => { SSL_CERT_FILE => "$site/cert.pem" });
	my ($exit_status, $out, $err) = probe("$https/good", undef, @trust);
	is($exit_status, 0, 'over HTTP/2') or diag($out, $err);
	like($out, qr/^    < HTTP\/2 200$/m, 'which is told');
	($status, $got) = ask("$https/good", undef, @trust);
	is_deeply($got->{findings}, [], 'no mistakes')
	    or diag(explain($got->{findings}));
	($status, $got) = ask("$https/reflects", ['--credentials'], @trust);
	my %found = map { $_->{id} => $_->{severity} } @{ $got->{findings} };
	is_deeply(\%found, { 'origin-reflected' => 'mistake',
		'null-accepted' => 'mistake', 'vary-missing' => 'mistake',
		'allow-missing' => 'advice' }, 'nginx: $http_origin');
	($status, $got) = ask("$https/error", undef, @trust);
	is("$status $got->{reason}", '1 acao-missing', 'nginx: no `always`');
	ok((grep { $_->{id} eq 'error-without-cors' } @{ $got->{findings} }),
	    'is named');
	($status, $got) = ask("https://localhost:$web/good", undef, @trust);
	is("$status $got->{reason}", '2 tls', 'another name than the certificate\'s');
	stop($pid);
}
done_testing;
