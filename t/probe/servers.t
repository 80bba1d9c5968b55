#!/usr/bin/perl
# corscheck probe in front of real nginx, Apache, lighttpd and Caddy, each with
# common misconfigurations: the cause is found, and the printed fix, pasted
# into the configuration unchanged, fixes it.
#
# Each server is a proxy in front of an application; the directives of a fix
# are between backquotes, one per line.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Raw;
use Corswrap::Scenes;
use Corswrap::Server;
use Corswrap::Test;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;

my $origin = 'https://app.example.com';
my $other = 'https://other.example';
my $bcrypt = q($2y$04$8g1MykaCqwOOPXKekgxmG.WE6ztaz/kmvwVbu3wBw8w4t7GSUr426);
my $password = 'Authorization: Basic ' . encode_base64('ada:secret', '');

# --- the application ----------------------------------------------------------

sub answer {
	my ($status, @fields) = @_;
	return join "\r\n", "HTTP/1.1 $status x", @fields,
	    'Content-Type: text/plain', 'Connection: close',
	    $status == 204 ? () : 'Content-Length: 3', '',
	    $status == 204 ? '' : "ok\n";
}

my @lists = ('Access-Control-Allow-Methods: PUT',
	'Access-Control-Allow-Headers: authorization');

# A correct one.
sub good {
	my ($method, $from) = @_;
	my @cors = ("Access-Control-Allow-Origin: $from", 'Vary: Origin',
		'Access-Control-Allow-Credentials: true');
	return $method eq 'OPTIONS' ? answer(204, @cors, @lists)
	    : answer(200, @cors);
}

# With another Access-Control-Allow-Origin, or without one.
sub with {
	my ($value, $status) = @_;
	return sub {
		my ($method, $from) = @_;
		return good(@_) if $method eq 'OPTIONS';
		return answer($status // 200, 'Vary: Origin', defined $value
		    ? "Access-Control-Allow-Origin: $value" : ());
	};
}

# --- the servers --------------------------------------------------------------

# The directives of each; set: a header of its own; twice: one in addition to
# the application's.
my %servers = (
	nginx => {
		set => sub { "add_header $_[0] \"$_[1]\";" },
		guard => sub { ('auth_basic x;', "auth_basic_user_file $_[0]/users;") },
		login => ['if ($http_authorization = "") { return 302 /login; }'],
		cache => [ 'proxy_cache c;', 'proxy_cache_valid 200 1h;',
			'proxy_ignore_headers Vary;' ],
	},
	apache => {
		set => sub { "Header set $_[0] \"$_[1]\"" },
		# In addition to the application's own, which is not in this
		# table.
		twice => sub { "Header always set $_[0] \"$_[1]\"" },
		guard => sub { ('<Location />', 'AuthType Basic', 'AuthName x',
			"AuthUserFile $_[0]/users", 'Require valid-user',
			'</Location>') },
		login => [ 'RewriteEngine on',
			'RewriteCond %{HTTP:Authorization} =""',
			'RewriteRule ^/x /login [R=302,L]' ],
	},
	lighttpd => {
		set => sub { "setenv.add-response-header = ( \"$_[0]\" => \"$_[1]\" )" },
		guard => sub { ('auth.backend = "htpasswd"',
			"auth.backend.htpasswd.userfile = \"$_[0]/users\"",
			'auth.require = ( "" => ( "method" => "basic", "realm" => "x", "require" => "valid-user" ) )') },
		login => ['$REQUEST_HEADER["Authorization"] == "" { url.redirect = ( "^/x" => "/login" ) url.redirect-code = 302 }'],
	},
	caddy => {
		set => sub { "header $_[0] \"$_[1]\"" },
		# Of "secret", by htpasswd -B.
		guard => sub { ('basicauth {', "ada $bcrypt", '}') },
		login => [ '@stranger not header Authorization *',
			'redir @stranger /login 302' ],
	},
);

my %program = (nginx => 'nginx', apache => 'apache2', lighttpd => 'lighttpd',
	caddy => 'caddy');

sub serve_nginx {
	my ($dir, $backend, @lines) = @_;
	my $port = free_port();
	my $user = $> == 0 ? "user root;\n" : '';
	my $temp = join '', map { "${_}_temp_path $dir/$_;\n" }
	    qw(client_body proxy fastcgi uwsgi scgi);
	write_file("$dir/nginx.conf", <<"END");
${user}daemon off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events {}
http {
access_log off;
$temp
proxy_cache_path $dir/cache keys_zone=c:1m;
server {
listen 127.0.0.1:$port;
location / {
@{[ join "\n", @lines ]}
proxy_pass http://127.0.0.1:$backend;
}
}
}
END
	my $pid = start([ have_program('nginx'), '-c', "$dir/nginx.conf" ],
	    stderr => "$dir/start.log");
	return ($port, $pid) if wait_port($port);
	die "nginx did not start: ", read_file("$dir/start.log"),
	    read_file("$dir/nginx.conf");
}

sub serve_apache {
	my ($dir, $backend, @lines) = @_;
	my $port = free_port();
	my $modules = '/usr/lib/apache2/modules';
	my $load = join q(), map { "LoadModule ${_}_module $modules/mod_$_.so\n" }
	    grep { -e "$modules/mod_$_.so" }
	    qw(mpm_event authz_core authz_user authn_core authn_file auth_basic
	    headers rewrite proxy proxy_http unixd);
	my $user = $> == 0 ? "User www-data\nGroup www-data\n" : '';
	write_file("$dir/apache.conf", <<"END");
ServerRoot $dir
ServerName 127.0.0.1
Listen 127.0.0.1:$port
PidFile $dir/apache.pid
DefaultRuntimeDir $dir
Mutex file:$dir default
ErrorLog $dir/error.log
$load
$user
<Location />
Require all granted
</Location>
@{[ join "\n", @lines ]}
ProxyPass / http://127.0.0.1:$backend/ retry=0
END
	my $pid = start([ have_program('apache2'), '-DFOREGROUND', '-f',
		"$dir/apache.conf" ], stderr => "$dir/start.log");
	return ($port, $pid) if wait_port($port);
	die "Apache did not start: ", read_file("$dir/start.log"),
	    read_file("$dir/apache.conf");
}

sub serve_lighttpd {
	my ($dir, $backend, @lines) = @_;
	my $port = free_port();
	write_file("$dir/lighttpd.conf", <<"END");
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$dir"
server.errorlog = "$dir/error.log"
server.modules = ( "mod_setenv", "mod_redirect", "mod_auth", "mod_authn_file",
    "mod_proxy" )
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => $backend )) )
@{[ join "\n", @lines ]}
END
	my $pid = start([ have_program('lighttpd'), '-D', '-f',
		"$dir/lighttpd.conf" ], stderr => "$dir/start.log");
	return ($port, $pid) if wait_port($port);
	die "lighttpd did not start: ", read_file("$dir/start.log"),
	    read_file("$dir/lighttpd.conf");
}

# Lines that begin with header_down belong into the proxy's block.
sub serve_caddy {
	my ($dir, $backend, @lines) = @_;
	my $port = free_port();
	my @down = grep { /^header_down/ } @lines;
	my $proxy = join "\n", "reverse_proxy 127.0.0.1:$backend {", @down, '}';
	@lines = grep { !/^header_down/ } @lines;
	# Of a fix that is put around it.
	my @behind = @lines && $lines[-1] eq "}\n" ? pop @lines : ();
	write_file("$dir/Caddyfile", <<"END");
{
	admin off
	auto_https off
	storage file_system $dir/data
}
http://127.0.0.1:$port {
bind 127.0.0.1
@{[ join "\n", @lines, $proxy, @behind ]}
}
END
	my $pid = start([ have_program('caddy'), 'run', '--adapter', 'caddyfile',
		'--config', "$dir/Caddyfile" ], stderr => "$dir/start.log",
		env => { %ENV, HOME => $dir, XDG_CONFIG_HOME => $dir });
	return ($port, $pid) if wait_port($port);
	die "Caddy did not start: ", read_file("$dir/start.log"),
	    read_file("$dir/Caddyfile");
}

my %serve = (nginx => \&serve_nginx, apache => \&serve_apache,
	lighttpd => \&serve_lighttpd, caddy => \&serve_caddy);

# --- the mistakes
# -------------------------------------------------------------

# id: the expected finding; application: CODE->(method, Origin); lines:
# CODE->(server's words, folder); ask: more arguments; put: the fix replaces
# the old lines.
my @cases = (
	{ name => 'a password on OPTIONS', id => 'options-guarded',
		application => \&good, lines => sub { $_[0]{guard}->($_[1]) },
		ask => [ '-X', 'PUT', '-H', $password ] },
	{ name => 'a redirect to a login', id => 'login-redirect',
		application => \&good, lines => sub { @{ $_[0]{login} } },
		ask => [ '-X', 'PUT', '-H', $password ] },
	{ name => 'OPTIONS not allowed', id => 'options-not-allowed',
		application => sub { $_[0] eq 'OPTIONS' ? answer(405) : good(@_) },
		ask => [ '-X', 'PUT' ] },
	{ name => 'a header twice', id => 'duplicate-header',
		application => \&good, lines => sub {
			$_[0]{twice}->('Access-Control-Allow-Origin', $origin) } },
	{ name => 'Vary missing', id => 'vary-missing',
		application => sub { answer(200,
			"Access-Control-Allow-Origin: $_[1]") } },
	{ name => '* with credentials', id => 'wildcard-with-credentials',
		application => with(undef), ask => ['--credentials'],
		lines => sub { $_[0]{set}->('Access-Control-Allow-Origin', '*') } },
	{ name => 'errors without the header', id => 'error-without-cors',
		application => with(undef, 500), lines => sub {
			$_[0]{set}->('Access-Control-Allow-Origin', $origin) },
		only => [qw(nginx)] },
	{ name => 'errors of the application without the header',
		id => 'error-without-cors', application => sub {
			answer(500, 'Vary: Origin') } },
	{ name => 'another origin', id => 'acao-mismatch',
		application => with(undef), lines => sub {
			$_[0]{set}->('Access-Control-Allow-Origin', $other) } },
	{ name => 'no header at all', id => 'acao-missing',
		application => with(undef) },
	{ name => 'a cache that does not look at Vary', id => 'vary-missing',
		application => \&good, lines => sub { @{ $_[0]{cache} } },
		warm => 1, only => [qw(nginx)] },
);

sub ask {
	my ($port, $case) = @_;
	my ($exit, $out, $err) = run([ corscheck(), 'probe', '--json',
		'--origin', $origin, @{ $case->{ask} // [] },
		"http://127.0.0.1:$port/x" ]);
	my $e = eval { JSON::PP->new->decode($out) } // die "$out$err";
	return $e;
}

# The fix of the finding with the id, else of the verdict.
sub cure_of {
	my ($e, $id) = @_;
	my @found = grep { $_->{id} eq $id && defined $_->{fix} }
	    @{ $e->{findings} };
	return $found[-1]{fix} if @found;
	return ($e->{reason} // '') eq $id ? $e->{fix} : undef;
}

sub has {
	my ($e, $id) = @_;
	return ($e->{reason} // '') eq $id
	    || grep { $_->{id} eq $id } @{ $e->{findings} };
}

# Put the directives of the fix in front of the old lines, around them, or in
# their place.
sub paste {
	my ($cure, @lines) = @_;
	my ($front, $back) = split /; and behind all of them/, $cure;
	my @new = $front =~ /`([^`]+)`/g;
	push @lines, map { "$_\n" } ($back // '') =~ /`([^`]+)`/g;
	@lines = grep { !/Access-Control-Allow/ } @lines
	    if $cure =~ /in place of other lines/;
	return $cure =~ /at the end/ ? (@lines, @new) : (@new, @lines);
}

for my $words (values %servers) { $words->{twice} //= $words->{set} }

# It ends with its case.
sub application {
	my ($case) = @_;
	my $listen = raw_socket();
	my $port = $listen->sockport;
	my $pid = raw_server($listen, sub {
		my ($method) = $_[0] =~ /\A(\S+)/;
		my ($from) = $_[0] =~ /^Origin: (.*?)\r$/mi;
		return $case->{application}->($method, $from // '*');
	});
	return { port => $port, pid => $pid };
}

sub check {
	my ($name, $case, $backend) = @_;
	my $dir = tempdir();
	chmod 0755, $dir;
	my (undef, $hash) = run([ qw(openssl passwd -apr1 -salt abcdefgh secret) ]);
	write_file("$dir/users", "ada:$hash", 0644);
	my @lines = $case->{lines}
	    ? $case->{lines}->($servers{$name}, $dir) : ();
	my ($port, $pid) = $serve{$name}->($dir, $backend, @lines);
	http($port, 'GET', '/x', [ Origin => $other ]) if $case->{warm};
	my $e = ask($port, $case);
	stop($pid);
	my $what = "$name, $case->{name}";
	ok(has($e, $case->{id}), "$what: found") or diag(explain($e));
	my $cure = cure_of($e, $case->{id}) // '';
	like($cure, qr/`/, "$what: cured in its words") or return;
	($port, $pid) = eval { $serve{$name}->($dir, $backend,
		paste($cure, @lines)) } or do {
		fail("$what: the cure can be pasted");
		diag($cure, $@);
		return;
	};
	$e = ask($port, $case);
	stop($pid);
	ok($e->{verdict} eq 'allowed' && !has($e, $case->{id}),
	    "$what: and the cure cures it") or diag($cure, explain($e));
	return;
}

# The fix is to start it.  The application's pid.
sub check_backend {
	my ($name) = @_;
	my $dir = tempdir();
	chmod 0755, $dir;
	my $backend = free_port();
	my ($port, $pid) = $serve{$name}->($dir, $backend);
	my $e = ask($port, {});
	ok(has($e, 'backend-down'), "$name, nothing behind it: found");
	like($e->{fix} // '', qr/^start what .*(?:error_?log|log of Caddy)/i,
	    'cured in its words');
	my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$backend",
		Listen => 8, ReuseAddr => 1) or die "listen: $!";
	my $application = raw_server($listen, sub {
		my ($from) = $_[0] =~ /^Origin: (.*?)\r$/mi;
		return good('GET', $from // '*') });
	# lighttpd lets a backend that was down rest for a second.
	ok(wait_for(sub { ask($port, {})->{verdict} eq 'allowed' }),
	    'started, it works');
	stop($pid);
	return $application;
}

my @here = grep { have_program($program{$_}) }
    qw(nginx apache lighttpd caddy);
plan skip_all => 'no web server' unless @here;
for my $name (@here) {
	scene $name => sub {
		for my $case (@cases) {
			next if $case->{only}
			    && !grep { $_ eq $name } @{ $case->{only} };
			subtest "$name: $case->{name}" => sub {
				my $application = application($case);
				check($name, $case, $application->{port});
				kill -TERM => $application->{pid};
			};
		}
		subtest "$name: nothing behind it" => sub {
			kill -TERM => check_backend($name);
		};
	};
}
play_scenes();
done_testing;
