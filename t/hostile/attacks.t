#!/usr/bin/perl
# The attacks of SECURITY.md, each under its name, over real sockets and as
# plain CGI: each attack fails.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::CGI qw(cgi_run);
use Corswrap::FastCGI qw(begin_record fcgi_connect fcgi_get params_records
    stdin_records);
use Corswrap::Responder;
use Corswrap::Test;
use IO::Socket::UNIX;
use POSIX qw(mkfifo);
use Test::More;

my $good = 'https://app.example.com';

# A program that prints its input.
my $shows = <<'SH';
printf 'Content-Type: text/plain\n\n'
for word; do printf 'ARG %s\n' "$word"; done
env | sed 's/^/ENV /'
ls /proc/self/fd | sed 's/^/FD /'
SH

sub lines { my ($got, $what) = @_; return grep { /^$what/ } split /\n/, $got->{body} // '' }

sub names { return map { lc $_->[0] } @{ $_[0]{headers} } }

# --- response splitting -------------------------------------------------------

{
	my $dir = tempdir();
	my $r   = responder(dir => $dir, policy => <<"INI", program =>
[cors]
origins = $good
methods = *
headers = * authorization
credentials = yes
debug = yes
[cors open]
path = /open/*
origins = *
credentials = no
debug = no
[app]
exec = $dir/program
INI
	    q{printf 'X-A: a\\rSet-Cookie: split=1\\nX-B: b\\r\\rX: c\\n'}
	    . q{; printf 'Location: http://b/\\001\\nX-C: d\\n\\nbody'});
	my $split = "\r\nSet-Cookie: split=1\r\n\r\n<script>";
	for my $row (
		[ 'Origin', HTTP_ORIGIN => $good . $split ],
		[ 'a bare line feed', HTTP_ORIGIN => "$good\nSet-Cookie: split=1" ],
		[ 'the asked method',
			HTTP_ACCESS_CONTROL_REQUEST_METHOD => "PUT$split" ],
		[ 'the asked headers',
			HTTP_ACCESS_CONTROL_REQUEST_HEADERS => "x-a$split" ],
		[ 'the path', REQUEST_URI => "/x$split" ],
		[ 'the query', REQUEST_URI => '/x?%0d%0aSet-Cookie:%20split=1' ],
		[ 'the host', HTTP_HOST => "a.example$split" ],
		[ 'under `*`', REQUEST_URI => '/open/x',
			HTTP_ORIGIN => $good . $split,
			HTTP_ACCESS_CONTROL_REQUEST_HEADERS => "x-a$split" ],
	    )
	{
		my ($name, %o) = @$row;
		my $got = fcgi_get($r->address, params => preflight(%o));
		ok($got->{ended}, "response splitting by $name: an answer");
		unlike($got->{stdout}, qr/split/, '... without that');
		my $get = fcgi_get($r->address, params => get(%o));
		unlike($get->{stdout}, qr/^Set-Cookie/mi, '... GET too');
	}
	my $got = fcgi_get($r->address, params => get());
	is_deeply([ grep { /cookie|^x$/ } names($got) ], [],
	    'response splitting by the program: a bare CR begins no line');
	is($got->{header}{'x-c'}[0], 'd', '... its other lines stand');
	is($r->stop, 0, '... and the responder lives');
}

# --- log injection ---------------------------------------------------------------

for my $format ('text', 'json') {
	my $r = responder(more => { server =>
		"log = debug\naccess-log = yes\nlog-format = $format" },
		program => q{printf 'a\\033[2J\\rfake\\n2026 corswrap: error: b\\n' >&2; }
		. q{printf 'bad\\033[31m header\\n\\n'});
	my $evil = "\n2026-01-01T00:00:00Z corswrap: error: you were robbed"
	    . " [fake]\r\e[2J\e]0;x\a\x9b31m\"}{\"level\":\"error";
	fcgi_get($r->address, params => get(REQUEST_URI => "/x$evil",
		HTTP_ORIGIN => "https://a$evil", REMOTE_ADDR => "1$evil",
		REQUEST_METHOD => "GET$evil", CONTENT_LENGTH => "5$evil",
		HTTP_USER_AGENT => $evil));
	fcgi_get($r->address, params => get(REQUEST_URI => "/y$evil"));
	fcgi_get($r->address, params => preflight(HTTP_ORIGIN => $evil,
		CORSWRAP_POLICY => "x$evil"));
	$r->stop;
	my $log = $r->log;
	like($log, qr/robbed/, "log injection, $format: it is in the log");
	unlike($log, qr/^(?!\{"time":|\d{4}-\d\d-\d\dT[\d:.]+Z corswrap: )/m,
	    '... within lines of ours');
	unlike($log, qr/[\x00-\x09\x0b-\x1f\x7f]|\x9b/,
	    '... with nothing that a terminal acts on');
	unlike($log, qr/^2026-01-01/m, '... and no line of theirs');
	unlike($log, qr/^(?:\{.*)?(?<!\\)"\}\{"level/m, '... nor field')
	    if $format eq 'json';
}

# --- httpoxy, leaks of environment and descriptors, argv injection ------------------

my @hostile = (HTTP_PROXY => 'http://evil.example:1', LD_PRELOAD => '/evil.so',
	LD_LIBRARY_PATH => '/evil', CORSWRAP_CONFIG => '/evil.ini',
	LISTEN_FDS => 3, LISTEN_PID => 1, NOTIFY_SOCKET => '/evil',
	'BASH_FUNC_ls%%' => '() { echo pwned; }', 'A B' => 1, '' => 1,
	'X=Y' => 1);
{
	my $dir = tempdir();
	local $ENV{SECRET_OF_RESPONDER} = 'hush';
	local $ENV{HTTP_PROXY} = 'http://own.example:1';
	my $r = responder(dir => $dir, program => $shows, args => [ '-w', 2 ]);
	my @clients = map { fcgi_connect($r->address) } 1 .. 3;
	my $got = fcgi_get($r->address, params => get(@hostile,
		QUERY_STRING => '-s+-d+allow_url_include%3d1+--+x',
		HTTP_COOKIE => '() { :;}; echo shellshock'));
	my %env = map { /^ENV ([^=]*)=(.*)/ } lines($got, 'ENV');
	is_deeply([ grep { /PROXY/ } keys %env ], [],
	    'httpoxy: HTTP_PROXY does not arrive');
	is_deeply([ grep { /^(?:LD_|CORSWRAP|LISTEN|NOTIFY|BASH_FUNC|A B)/ }
		keys %env ], [], 'environment: what is ours or no name is dropped');
	is_deeply([ grep { /SECRET/ } keys %env ], [],
	    "environment leak: nothing of the responder's own");
	is($env{HTTP_COOKIE}, '() { :;}; echo shellshock',
	    'values are handed on as bytes');
	is_deeply([ lines($got, 'ARG') ], [],
	    'argv injection: no word of the query is an argument');
	# 3: the folder that ls reads.
	is_deeply([ sort map { /(\d+)/ } lines($got, 'FD') ], [ 0 .. 3 ],
	    'descriptor leak: 0, 1 and 2, whoever else is connected');
	$_->close for @clients;
	$r->stop;
}
{
	my $dir = tempdir();
	sh_program("$dir/program", $shows);
	write_file("$dir/api.ini", "[cors]\norigins = $good\n[app]\n"
	    . "exec = $dir/program\n[env]\nMINE = yes\n");
	write_file("$dir/evil.ini", "[cors]\norigins = *\n[app]\n"
	    . "exec = /bin/echo\n");
	symlink corswrap(), "$dir/api.cgi" or die;
	my %env = (GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'GET',
		HTTP_ORIGIN => $good, PATH => $ENV{PATH}, REQUEST_URI => '/x');
	# A server only sets variables from client headers with names that
	# begin with HTTP_, so a client cannot set CORSWRAP_CONFIG.
	my %drop = map { $hostile[ 2 * $_ ] => $hostile[ 2 * $_ + 1 ] }
	    grep { $hostile[ 2 * $_ ] =~ /^(?:HTTP_PROXY|LISTEN_|NOTIFY)/ }
	    0 .. $#hostile / 2;
	for my $argv ([ '-l', 'tcp:127.0.0.1:0' ], [ '-c', "$dir/evil.ini" ],
	    [ "-c$dir/evil.ini" ], ['-h'], ['-V'], ['-t'], [ '--', '/bin/echo' ],
	    [ '/bin/echo', 'x' ])
	{
		my $got = cgi_run(program => "$dir/api.cgi", argv => $argv,
			env => { %env, %drop,
				QUERY_STRING => join '+', @$argv });
		is($got->{header}{'access-control-allow-origin'}[0], $good,
		    "argv injection (@$argv): the policy is ours");
		is_deeply([ lines($got, 'ARG') ], [],
		    '... and the program gets none of it');
		is_deeply([ grep { /PROXY|LISTEN_|NOTIFY/ } lines($got, 'ENV') ],
		    [], '... nor what was dropped');
	}
	# A script whose name looks like an option is an absolute path.
	my $got = do {
		write_file("$dir/-rf.pl", 'print "Content-Type: text/plain\n\n$0"');
		write_file("$dir/handlers.ini", "[cors]\norigins = *\n[app]\n"
		    . "root = $dir\n[handlers]\n.pl = /usr/bin/perl\n");
		my $r = responder(policy => read_file("$dir/handlers.ini"));
		my $got = fcgi_get($r->address, params => get(
			SCRIPT_FILENAME => "$dir/-rf.pl"));
		$r->stop;
		$got };
	is($got->{body}, "$dir/-rf.pl", 'argv injection by the name of a script');
}

# --- path traversal, symlink races ----------------------------------------------------

{
	my $dir = tempdir();
	mkdir "$dir/$_" for qw(root root/sub root-evil out);
	my $ok     = "printf 'Content-Type: text/plain\\n\\ninside'\n";
	my $secret = "printf 'Content-Type: text/plain\\n\\nSECRET'\n";
	sh_program("$dir/root/ok.cgi", $ok);
	sh_program("$dir/$_/x.cgi", $secret) for qw(root-evil out);
	symlink "$dir/out/x.cgi", "$dir/root/link.cgi";
	symlink "$dir/out", "$dir/root/folder";
	mkfifo "$dir/root/fifo", 0777;
	symlink '/dev/zero', "$dir/root/zero";
	my $r = responder(policy =>
		"[cors]\norigins = $good\n[app]\nroot = $dir/root\n");
	my $ask = sub { return fcgi_get($r->address, params =>
		get(SCRIPT_FILENAME => $_[0])) };
	is($ask->("$dir/root/ok.cgi")->{body}, 'inside', 'a script of the root');
	for my $path ("$dir/root/../out/x.cgi", "$dir/root/sub/../../out/x.cgi",
	    "$dir/root/./../root-evil/x.cgi", "$dir/root-evil/x.cgi",
	    "$dir/root/link.cgi", "$dir/root/folder/x.cgi",
	    "$dir/root//..//out/x.cgi", 'root/ok.cgi/../../out/x.cgi',
	    "$dir/root/%2e%2e/out/x.cgi", "$dir/root/ok.cgi\0/../../out/x.cgi",
	    "$dir/out/x.cgi", "$dir/root/fifo", "$dir/root/zero", "$dir/root",
	    '/bin/sh', '/etc/passwd', '', "\0$dir/root/ok.cgi")
	{
		my $got = $ask->($path);
		(my $shown = $path) =~ s/\0/\\0/g;
		$shown =~ s/^\Q$dir//;
		ok($got->{ended} && $got->{status} >= 400 &&
		    $got->{stdout} !~ /SECRET|root:/,
		    "path traversal: $shown is $got->{status}");
		unlike($got->{stdout}, qr/\Q$dir/, '... and tells no path');
	}

	# Another user who can write in the root keeps swapping a script for a
	# link; the file that is checked must be the one that is run.
	my $swapper = fork // die;
	if ($swapper == 0) {
		my ($until, $turns) = (time + 20, 0);
		while (time < $until) {
			symlink "$dir/out/x.cgi", "$dir/root/new";
			rename "$dir/root/new", "$dir/root/race.cgi";
			symlink "$dir/root/ok.cgi", "$dir/root/new";
			rename "$dir/root/new", "$dir/root/race.cgi";
			# Sometimes long enough that it can be run.
			select undef, undef, undef, 0.02 if ++$turns % 50 == 0;
		}
		POSIX::_exit(0);
	}
	wait_for(sub { -l "$dir/root/race.cgi" });
	my %seen;
	for (1 .. 300) {
		my $got = $ask->("$dir/root/race.cgi");
		$seen{ $got->{body} =~ /(inside|SECRET)/ ? $1 : 'refused' }++;
	}
	kill 'KILL', $swapper;
	waitpid $swapper, 0;
	ok(!$seen{SECRET}, 'symlink race: what is outside never ran in 300 requests');
	cmp_ok($seen{inside} // 0, '>', 0, '... what is inside did');
	$r->stop;
}
{
	# Our files in folders that other users can write to.
	my $dir = tempdir();
	chmod 01777, "$dir";
	write_file("$dir/victim", "precious\n");
	symlink "$dir/victim", "$dir/socket";
	my $r = responder(dir => $dir, no_wait => 1);
	is($r->wait_end(20), 1, 'symlink race: a link at the place of the socket');
	is(read_file("$dir/victim"), "precious\n", '... is left alone');
	unlink "$dir/socket";
	my $tmp = tempdir();
	$r = responder(dir => $dir, env => { TMPDIR => "$tmp" },
		program => "printf 'Content-Type: text/plain\\n\\n'; "
		. "stat -Lc '%a %h' /proc/self/fd/0; wc -c\n");
	my $got = fcgi_get($r->address, stdin => 'x' x 3_000_000, params =>
		get(REQUEST_METHOD => 'POST', CONTENT_LENGTH => 3_000_000));
	like($got->{body}, qr/^600 0\n\s*3000000\n/,
	    'symlink race: a body lies in a file without a name');
	is_deeply([ glob "$tmp/*" ], [], '... and nothing in TMPDIR');
	is((stat "$dir/socket")[2] & 07777, 0660 & 07777,
	    'the socket is for its user and group') if -S "$dir/socket";
	$r->stop;
}

# --- cache poisoning --------------------------------------------------------------------

{
	my $dir = tempdir();
	my $r = responder(dir => $dir, program => <<'SH');
printf 'Content-Type: text/plain\nCache-Control: public, max-age=60\n'
printf 'Access-Control-Allow-Origin: *\nAccess-Control-Allow-Credentials: true\n'
printf 'Vary: Accept\n\nx'
SH
	for my $row ([ 'an allowed origin', HTTP_ORIGIN => $good ],
	    [ 'another', HTTP_ORIGIN => 'https://evil.example' ],
	    [ 'a malformed one', HTTP_ORIGIN => 'x' ],
	    [ 'null', HTTP_ORIGIN => 'null' ],
	    [ 'hosts of proxies', HTTP_ORIGIN => 'https://evil.example',
		    HTTP_X_FORWARDED_HOST => 'evil.example',
		    HTTP_X_ORIGINAL_URL => '/y', HTTP_X_REWRITE_URL => '/y' ])
	{
		my ($name, %o) = @$row;
		my $got = fcgi_get($r->address, params => get(%o));
		is_deeply($got->{header}{vary}, ['Accept, Origin'],
		    "cache poisoning: Vary names Origin for $name");
		my $want = $o{HTTP_ORIGIN} eq $good ? [$good] : undef;
		is_deeply($got->{header}{'access-control-allow-origin'}, $want,
		    "... and the program's `*` is gone");
		is($got->{header}{'access-control-allow-credentials'}, undef,
		    '... its credentials too');
	}
	my $params = get();
	delete $params->{HTTP_ORIGIN};
	is_deeply(fcgi_get($r->address, params => $params)->{header}{vary},
	    ['Accept, Origin'], 'cache poisoning: and where there is none');
	my $got = fcgi_get($r->address, params =>
		preflight(HTTP_ORIGIN => 'https://evil.example'));
	like($got->{header}{vary}[0], qr/Origin.*Method.*Headers/,
	    'cache poisoning: a refused preflight varies');
	# (of a script without its interpreter valgrind would die)
	write_file("$dir/program", under_valgrind() ? '' : "#!/nowhere\n", 0755);
	$got = fcgi_get($r->address, params => get());
	is("$got->{status} $got->{header}{'cache-control'}[0]", '500 no-store',
	    'cache poisoning: errors of ours are not kept');
	$r->stop;
}

# --- policy bypass -----------------------------------------------------------------------

{
	my $dir = tempdir();
	my $r = responder(dir => $dir, policy => <<"INI");
[cors]
origins = $good
enforce = block
[cors public]
path = /public/*
origins = *
enforce = advertise
[cors private-host]
host = private.example.com
origins = https://admin.example.com
enforce = block
[cors members]
host = *.members.example.com
origins = https://admin.example.com
enforce = block
[app]
exec = $dir/program
INI
	my $evil = 'https://evil.example';
	my $is_private = sub {
		my ($name, %o) = @_;
		my $c = fcgi_connect($r->address);
		my $got = $c->request(params => get(HTTP_ORIGIN => $evil, %o));
		ok($got->{ended} && $got->{status} >= 400 &&
		    !$got->{header}{'access-control-allow-origin'},
		    "policy bypass by $name: $got->{status}");
		$c->close;
	};
	is(fcgi_get($r->address, params => get(HTTP_ORIGIN => $evil,
		REQUEST_URI => '/public/x'))->{status}, 200, 'what is public');
	$is_private->("path $_", REQUEST_URI => $_) for '/public',
	    '/public/../private', '/public/%2e%2e/private',
	    '/public/.%2e/private', '/public%2f..%2fprivate',
	    '/public//../private', '/public/x/../../private', '/PUBLIC/x',
	    '/private/../private', '/private?/public/x', '/private#/public/x',
	    '/private/%2e%2e/%70rivate', 'http://h/private?x=/public/x',
	    'http://public/private', '/publi%63%00/x',
	    '/public/%zz', '/public/%', '\\public\\x', '/x/..;/public/x',
	    '/.;/public/x', '*', '', 'public/x', ' /public/x', '/%2570ublic/x';
	# The script is private, and its path can be misread as a public one.
	my %private = (SCRIPT_NAME => '/private/report.pl');
	$is_private->("a script, and $_->[0]", %private,
		REQUEST_URI => "/private/report.pl$_->[0]", PATH_INFO => $_->[1])
	    for [ '/..%2f..%2fpublic%2fx', '/../../public/x' ],
	    [ '/..%2f..%2fpublic%2fx', '/..%2f..%2fpublic%2fx' ],
	    [ '/%2e%2e%2f%2e%2e%2fpublic/x', '/../../public/x' ],
	    [ '/..%5c..%5cpublic%5cx', '/..\\..\\public\\x' ],
	    [ '/../../public/x', '/../../public/x' ],
	    [ '/%2e%2e/%2E%2e/public/x', '/../../public/x' ],
	    [ '/a%2fb/../../../public/x', '/a/b/../../../public/x' ],
	    [ '/a%2fb/../../../public/x', '/public/x' ];
	$is_private->('a script with dots left in it', REQUEST_URI => '/public/x',
		SCRIPT_NAME => '/public/../private/report.pl');
	$is_private->('path info', REQUEST_URI => '', SCRIPT_NAME => '/private',
		PATH_INFO => '/../public/../private');
	$is_private->('a NUL', REQUEST_URI => '',
		SCRIPT_NAME => "/public/x\0/../../private");
	$is_private->("host $_", REQUEST_URI => '/public/x', HTTP_HOST => $_)
	    for 'private.example.com', 'PRIVATE.example.com',
	    'private.example.com.', 'private.example.com:443',
	    'Private.Example.Com.:80',
	    # URLs may have these, and servers with a wildcard take them.
	    map { "x${_}y.members.example.com" }
	    "'", qw[` ~ ! $ & ( ) * + = { } " ;], ',', "\xc3\xa9";
	$is_private->("an absolute form, Host $_->[1]", REQUEST_URI =>
		"http://$_->[0]/public/x", HTTP_HOST => $_->[1])
	    for [ 'private.example.com', 'www.example.com' ],
	    [ 'a.members.example.com', 'www.example.com' ],
	    [ 'www.example.com', 'private.example.com' ];
	$is_private->("$_->[0], and another script runs",
		REQUEST_URI => '/public/x', SCRIPT_NAME => '/private', @{ $_->[1] })
	    for [ 'an error', [ REDIRECT_STATUS => 404 ] ],
	    [ 'a local redirect', [ REDIRECT_STATUS => 200,
		    REDIRECT_SCRIPT_NAME => '/public/x' ] ],
	    [ 'an error and Action', [ REDIRECT_STATUS => 200,
		    REDIRECT_HANDLER => 'php', REDIRECT_URL => '/private',
		    REDIRECT_REDIRECT_STATUS => 404 ] ];
	$is_private->('an error where the URL has a policy by name',
		REQUEST_URI => '/public/x', SCRIPT_NAME => '/private',
		REDIRECT_STATUS => 404, REDIRECT_CORSWRAP_POLICY => 'public');
	$is_private->('an alias without a slash', REQUEST_URI =>
		'/public/x../private', SCRIPT_NAME => '/public/x../private',
		SCRIPT_FILENAME => '/srv/public/x/../private');
	$is_private->('X-Forwarded-Host', REQUEST_URI => '/public/x',
		HTTP_HOST => 'private.example.com',
		HTTP_X_FORWARDED_HOST => 'public.example.com',
		HTTP_FORWARDED => 'host=public.example.com');
	$is_private->('a header of the client that names a policy',
		REQUEST_URI => '/private', HTTP_CORSWRAP_POLICY => 'public');
	$is_private->('a policy that there is not', REQUEST_URI => '/public/x',
		CORSWRAP_POLICY => 'nonesuch');
	$is_private->('a forged same-origin', REQUEST_URI => '/private',
		HTTP_HOST => 'www.example.com', HTTP_REFERER => "$good/");

	# The second request of a connection is treated like the first.
	my $c = fcgi_connect($r->address);
	is($c->request(keep => 1, params => get(HTTP_ORIGIN => $evil,
		REQUEST_URI => '/public/x'))->{status}, 200,
	    'a kept connection, what is public');
	my $got = $c->request(keep => 1, params => get(HTTP_ORIGIN => $evil,
		REQUEST_URI => '', SCRIPT_NAME => "/public/x\0/../../private"));
	ok($got->{status} >= 400 &&
	    !$got->{header}{'access-control-allow-origin'},
	    "policy bypass by a NUL on it: $got->{status}");
	$c->close;
	$r->stop;
}

# --- policy bypass by origin ------------------------------------------------------------------

{
	my $dir = tempdir();
	my $r = responder(dir => $dir, policy => <<"INI");
[cors]
origins = $good https://*.example.net http://localhost:*
origins-regex = https://[a-z]+\\.example\\.org
credentials = yes
[app]
exec = $dir/program
INI
	no warnings 'qw';
	for my $origin (qw(https://app.example.com.evil.com
	    https://evilapp.example.com https://app.example.com@evil.com
	    https://app.example.com:443 https://app.example.com:8443
	    http://app.example.com https://app.example.com/
	    https://APP.example.com https://app-example.com
	    https://appXexample.com https://example.net https://evilexample.net
	    https://a.example.net.evil.com https://*.example.net
	    https://.example.net https://a..example.net
	    https://evil.com#.example.net https://evil.com?.example.net
	    https://evil.com/.example.net https://evil.com\\.example.net
	    https://evil.com`.example.net https://evil.com%00.example.net
	    https://evil.com%60.example.net https://a{.example.net
	    http://localhost.evil.com http://localhost:80.evil.com
	    http://localhost:evil http://localhost: http://evil.localhost:1
	    https://a.example.orgx https://xa.example.org.evil.com
	    https://a9.example.org https://aXexample.org null NULL file://
	    https:// https://app.example.com,https://evil.com *),
	    "$good https://evil.com", "https://evil.com $good", "$good\n",
	    "https://a.example.org\nhttps://evil.com", " $good", "$good ",
	    "https://evil\x{e9}.example.net", "https://a\0.example.net",
	    "https://a\t.example.net", '')
	{
		my $got = fcgi_get($r->address,
			params => get(HTTP_ORIGIN => $origin));
		(my $shown = $origin) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
		is($got->{header}{'access-control-allow-origin'}, undef,
		    "policy bypass by origin \"$shown\"");
	}
	my $bytes = begin_record() . params_records([ %{ get() },
		HTTP_ORIGIN => 'https://evil.example' ]) . stdin_records('');
	my $c = fcgi_connect($r->address);
	$c->send_bytes($bytes);
	is($c->read_response->{header}{'access-control-allow-origin'}, undef,
	    'policy bypass by two origins');
	$r->stop;
}
done_testing;
