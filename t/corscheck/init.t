#!/usr/bin/perl
# corscheck init: the policy is clean, nothing is overwritten, and each server
# takes its snippet and answers with it.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Server;
use Corswrap::Test;
use Fcntl qw(O_RDWR O_NOCTTY);
use File::Copy qw(copy);
use POSIX ();
use Test::More;

my $dir = tempdir();
# It names the corswrap beside itself; a server that dropped its rights may not
# see the build tree.
copy(corscheck(), "$dir/corscheck");
install_program(corswrap(), "$dir/corswrap");
chmod 0755, "$dir/corscheck";
mkdir "$dir/$_" for qw(etc run cgi);
chmod 0777, "$dir/run";
my $program = write_file("$dir/cgi/report.pl", <<"END", 0755);
#!$^X
print "Content-Type: text/plain\\n\\nreport of \$ENV{REQUEST_METHOD} ", <STDIN>;
END

my $origin = 'https://app.example.com';

sub init { return run([ "$dir/corscheck", 'init', @_ ]) }

sub lint_is_silent {
	my ($file, $what) = @_;
	my ($exit, $out, $err) =
	    run([ corscheck(), 'lint', '--strict', $file ]);
	is("$exit$out$err", '0', "$what: lint has nothing to say");
	return;
}

# --- flags ------------------------------------------------------------------------

my ($exit, $out, $err) = init('--origin', $origin, "$dir/etc/plain.ini");
is("$exit$out", '0', 'an origin is enough');
like($err, qr/wrote \Q$dir\E\/etc\/plain\.ini/, 'it says what it wrote');
like($err, qr/--server NAME .*\bnginx\b/, 'and what comes next');
lint_is_silent("$dir/etc/plain.ini", 'plain');
my $policy = read_file("$dir/etc/plain.ini");
like($policy, qr/^origins\s+= \Q$origin\E$/m, 'the origin is in it');
like($policy, qr/^root\s+= \/usr\/lib\/cgi-bin$/m, 'and a folder');
cmp_ok(scalar(() = $policy =~ /^;/mg), '>=', 10, 'comments say what is what');
is((stat "$dir/etc/plain.ini")[2] & 07777, 0644, 'whoever serves may read it');

($exit, $out, $err) = init('--origin', $origin, "$dir/etc/plain.ini");
is("$exit$out", '2', 'an existing file');
like($err, qr/is there already, and stays/, 'is not touched');
is(read_file("$dir/etc/plain.ini"), $policy, 'really');
symlink "$dir/nowhere", "$dir/etc/link.ini";
($exit) = init('--origin', $origin, "$dir/etc/link.ini");
is($exit, 2, 'nor is what a link names');
ok(!-e "$dir/nowhere", 'which stays as it is');

init('--origin', $origin, '--origin', 'https://*.example.net', '--credentials',
    '--method', 'PUT', '--method', 'DELETE', '--header', 'X-Token',
    '--exec', "$program --fast 'two words'", "$dir/etc/full.ini");
lint_is_silent("$dir/etc/full.ini", 'everything');
my (undef, $dump) = run([ corscheck(), 'dump', "$dir/etc/full.ini" ]);
like($dump, $_, "dump: $_") for qr/origins = .*https:\/\/\*\.example\.net/,
    qr/methods = .*DELETE/, qr/headers = .*x-token/i, qr/credentials = yes/,
    qr/exec = \Q$program\E --fast/;
init('--origin', '*', '--forward', 'unix:/run/php.sock', "$dir/etc/php.ini");
lint_is_silent("$dir/etc/php.ini", 'forward');

# --- what is wrong, and what to do -------------------------------------------------

my @wrong = (
	[ [ '--origin', 'https://app.example.com/' ],
		qr/did you mean "https:\/\/app\.example\.com"\?/ ],
	[ [ '--origin', "https://a.example\nmethods = *" ], qr/control byte/ ],
	[ [ '--origin', 'https://a.example ; x' ], qr/comment/ ],
	[ [ '--origin', '*', '--credentials' ], qr/wildcard-with-credentials/ ],
	[ [ '--origin', 'http://a.example', '--credentials' ],
		qr/insecure-origin/ ],
	[ [ '--origin', $origin, '--method', 'TRACE' ], qr/forbidden-method/ ],
	[ [ '--origin', $origin, '--header', 'Cookie' ], qr/forbidden-header/ ],
	[ [ '--origin', $origin, '--server', 'iis' ],
		qr/there are lighttpd .*\bnginx\b/ ],
	[ [ '--origin', $origin, '--path', 'api' ], qr/as --path \/api/ ],
	[ [ '--origin', $origin, '--path', '/a"b' ], qr/as --path \/api/ ],
	[ [ '--origin', $origin, '--exec', '/a', '--root', '/b' ],
		qr/only one of/ ],
	[ [ '--origin', $origin, '--exec', "'/a" ], qr/--exec: .*\[/ ],
	[ [ '--origin', $origin, '--forward', 'php.sock' ], qr/--forward: / ],
	[ [ '--origin', $origin, '--server', 'nginx', '--root', 'cgi' ],
		qr/--root: .*begin with/ ],
	[ [ '--origin', $origin, '--server', 'htaccess', '--forward',
		'unix:/run/php.sock' ], qr/--forward: .*lighttpd/ ],
	[ [], qr/as --origin https:/ ],
);
for (@wrong) {
	my ($flags, $said) = @$_;
	my $name = join ' ', @$flags;
	$name =~ s/\n.*//s;
	($exit, $out, $err) = init(@$flags, "$dir/etc/wrong.ini");
	is("$exit$out", '2', "wrong: $name");
	like($err, $said, 'and it says what to do');
	ok(!-e "$dir/etc/wrong.ini", 'nothing is written');
}
for ([ "$dir/none/p.ini", qr/make this folder first/ ],
	[ "$dir/etc/", qr/name a file/ ],
	[ "$dir/etc/a b.ini", qr/letters, digits/ ]) {
	($exit, $out, $err) = init('--origin', $origin, $_->[0]);
	is("$exit$out", '2', "a file that cannot be: $_->[0]");
	like($err, $_->[1], 'and why');
}
($exit, $out, $err) =
    init('--origin', $origin, '--server', 'htaccess', "$dir/etc/policy");
is("$exit$out", '2', 'a CGI program without a name');
like($err, qr/NAME\.ini/, 'and how it gets one');
($exit, $out, $err) = init('--origin', $origin);
is("$exit$out", '2', 'no file');
like($err, qr/^usage: corscheck init /m, 'is usage');
is_deeply([ glob "$dir/etc/.cors*" ], [], 'nothing is left over');

# --- questions ---------------------------------------------------------------------

# talk(FILE, [ prompt, answer ], ...): on a terminal of its own; its exit
# status, and all that stood there.
sub talk {
	my ($arguments, @lines) = @_;
	sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or return;
	my $number = pack 'i', 0;
	# TIOCSPTLCK, TIOCGPTN
	my $unlocked = pack 'i', 0;
	ioctl $master, 0x40045431, $unlocked or return;
	ioctl $master, 0x80045430, $number or return;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		sysopen my $slave, '/dev/pts/' . unpack('i', $number),
		    O_RDWR | O_NOCTTY or POSIX::_exit(126);
		POSIX::dup2(fileno $slave, $_) for 0 .. 2;
		close $master;
		exec "$dir/corscheck", 'init', @$arguments or POSIX::_exit(127);
	}
	my ($text, $seen) = ('', 0);
	my $read = sub {
		my $ready = '';
		vec($ready, fileno $master, 1) = 1;
		return unless select $ready, undef, undef, 20;
		return sysread $master, $text, 4096, length $text;
	};
	for my $line (@lines) {
		my ($prompt, $answer) = @$line;
		while (substr($text, $seen) !~ $prompt) { $read->() or last }
		$seen = length $text;
		syswrite $master, $answer;
	}
	while ($read->()) { }
	waitpid $pid, 0;
	return ($? >> 8, $text =~ s/\r//gr);
}

SKIP: {
	skip 'no terminals here', 9 unless -e '/dev/ptmx';
	my $file = "$dir/etc/asked.ini";
	my ($status, $text) = talk([$file],
		[ qr/1\. .*\]: /s, "apache\n" ],    # there is none of that name
		[ qr/please \[lighttpd\]: /, "caddy\n" ],
		[ qr/2\. .*: $/s, "http://a.example/ https://b.example\n" ],
		[ qr/once more.*: $/is, "\n" ],    # there is no default
		[ qr/once more.*: $/is, "https://a.example, https://b.example\n" ],
		[ qr/3\. .*\]: /s, "maybe\n" ],
		[ qr/yes or no \[no\]: /, "yes\n" ],
		[ qr/4\. .*\]: /s, "report.pl\n" ],
		[ qr/begins with \/.*\]: /s, "$program\n" ]);
	is($status, 0, 'four questions') or diag($text);
	like($text, qr/did you mean "http:\/\/a\.example"/, 'a fix is offered');
	like($text, qr/^handle \/api\* \{$/m, 'the snippet is printed');
	lint_is_silent($file, 'what was asked for');
	(undef, $dump) = run([ corscheck(), 'dump', $file ]);
	like($dump, qr/origins = https:\/\/a\.example.*https:\/\/b\.example/s,
	    'both origins');
	like($dump, qr/credentials = yes.*/, 'credentials');
	like($dump, qr/exec = \Q$program\E/, 'the program');
	($status, $text) = talk([ '--server', 'nginx', '--origin', $origin,
		'--root', '/srv', "$dir/etc/less.ini" ], [ qr/3\. .*\]: /s, "\n" ]);
	is($status, 0, 'what flags say is not asked for') or diag($text);
	unlike($text, qr/^[124]\. /m, 'really') ;
	($status, $text) = talk([ "$dir/etc/end.ini" ], [ qr/1\. .*\]: /s, "\cD" ]);
	is($status, 2, 'an end of the input');
	like($text, qr/nothing was written/, 'is said');
	ok(!-e "$dir/etc/end.ini", 'and true');
}

# --- the snippets, in their servers ---------------------------------------------------

# The snippet of a server for one program or for the folder of it, its sockets
# where a test may make them.
my %policy;

sub snippet {
	my ($server, $kind, $file, @more) = @_;
	my @app = $kind eq 'one' ? ('--exec', $program)
	    : ('--root', "$dir/cgi");
	$file //= "$dir/etc/$server-$kind.ini";
	my ($status, $text, $said) =
	    init('--server', $server, '--origin', $origin, @app, @more, $file);
	is($status, 0, "$server, $kind: a snippet") or diag($said);
	lint_is_silent($file, "$server, $kind");
	unlike($text, qr/\@[a-z]+\@/, 'no place is left open');
	like($text, qr/\Q$dir\E\/corswrap\b/, 'it names the corswrap beside it')
	    unless $server =~ /htaccess/;
	$text =~ s{/run/(?:corswrap|lighttpd)/}{$dir/run/}g;
	($policy{$server}) = $file;
	return $text;
}

sub answers {
	my ($port, $path, $what) = @_;
	my @from = (Origin => $origin);
	my $reply = http($port, 'OPTIONS', $path, [ @from,
		'Access-Control-Request-Method' => 'POST',
		'Access-Control-Request-Headers' => 'content-type' ]) || {};
	is($reply->{status}, 204, "$what: a preflight is answered");
	is(header($reply, 'Access-Control-Allow-Headers'), 'content-type',
	    "$what: by corswrap");
	$reply = http($port, 'POST', $path,
	    [ @from, 'Content-Type' => 'application/json' ], '{"a": 1}') || {};
	is($reply->{status}, 200, "$what: the program too");
	is(header($reply, 'Access-Control-Allow-Origin'), $origin,
	    "$what: with its header");
	like($reply->{body} // '', qr/^report of POST \{"a": 1\}$/, "$what: itself");
	return;
}

# The responder as the snippet's comment starts it.
sub alone {
	my ($text) = @_;
	my ($command) = $text =~ /^#   (\S+corswrap -c .*\n#  .*)$/m or
	    return fail('the snippet says how corswrap is started');
	$command =~ s/\\?\n#//;
	my @words = split ' ', $command;
	$words[-1] = '0666';    # servers here have other users
	my $pid = start(\@words, stderr => "$dir/run/corswrap.log");
	my ($socket) = $command =~ /unix:(\S+)/;
	wait_socket($socket) or
	    diag(read_file("$dir/run/corswrap.log"), $command);
	return $pid;
}

sub config_is_good {
	my ($what, @command) = @_;
	my ($status, $said, $error) = run(\@command,
	    env => { HOME => "$dir/run", XDG_DATA_HOME => "$dir/run",
		XDG_CONFIG_HOME => "$dir/run" });
	is($status, 0, "$what: the server reads it") or diag($said, $error);
	return;
}

my %path = (one => '/api', scripts => '/cgi-bin/report.pl');

SKIP: {
	my $lighttpd = have_program('lighttpd');
	skip 'no lighttpd', 1 unless $lighttpd;
	for my $kind (qw(one scripts)) {
		my $text = snippet('lighttpd', $kind);
		my $port = lighttpd($dir, $text);
		config_is_good("lighttpd, $kind", $lighttpd, '-tt', '-f',
		    "$dir/lighttpd.conf");
		answers($port, $path{$kind}, "lighttpd, $kind");
	}
	mkdir "$dir/beside";
	my $text = snippet('lighttpd-cgi', 'one', "$dir/beside/api.ini");
	link_beside($text);
	answers(lighttpd($dir, $text), $path{one}, 'lighttpd-cgi, one');
	$text = snippet('lighttpd-cgi', 'scripts');
	answers(lighttpd($dir, $text), $path{scripts}, 'lighttpd-cgi, scripts');
}

# As the snippet's comment says.
sub link_beside {
	my ($text) = @_;
	my ($from, $to) = $text =~ /^#   ln -s (\S+) (\S+)$/m or
	    return fail('the snippet says where corswrap lies');
	symlink $from, $to;
	return;
}

SKIP: {
	my $apache = have_program('apache2') // have_program('httpd');
	skip 'no Apache', 1 unless $apache;
	my @proxy = qw(proxy proxy_fcgi);
	my @sites;    # a folder for each Apache
	my $site = sub { push @sites, tempdir(); return $sites[-1] };
	for my $kind (qw(one scripts)) {
		if (-e module_folder() . '/mod_fcgid.so') {
			my $text = snippet('apache-fcgid', $kind);
			my $at = $site->();
			my $port = apache($at, "$text\nFcgidIPCDir $at/run/fcgid\n"
			    . "FcgidProcessTableFile $at/run/fcgid_shm\n", 'fcgid');
			config_is_good("apache-fcgid, $kind", $apache, '-t', '-f',
			    "$at/apache.conf");
			answers($port, $path{$kind}, "apache-fcgid, $kind");
		}
		my $text = snippet('apache-proxy', $kind);
		my $pid = alone($text);
		answers(apache($site->(), $text, @proxy), $path{$kind},
		    "apache-proxy, $kind");
		stop($pid);
		mkdir "$dir/cgi-$kind";
		# The policy covers the folder that its scripts are in.
		$text = snippet('apache-cgi', $kind, "$dir/cgi-$kind/api.ini");
		link_beside($text);
		my $at = $site->();
		answers(apache($at, "ScriptSock $at/run/cgid.sock\n$text",
			qw(cgid actions)), $path{$kind}, "apache-cgi, $kind");
	}
	my $at = $site->();
	mkdir "$at/www";
	my $www = "$at/www/hosted";
	mkdir $www;
	copy($program, "$www/report.pl");
	chmod 0755, "$www/report.pl";
	install_program(corswrap(), "$www/api.cgi");
	my ($status, $text, $said) = init('--server', 'htaccess', '--origin',
	    $origin, '--path', '/hosted', "$www/.htapi.ini");
	is($status, 0, 'htaccess') or diag($said);
	like($text, qr/cp corswrap\.cgi \Q$www\E\/api\.cgi/, 'what is uploaded');
	write_file("$www/.htaccess", $text, 0644);
	my $port = apache($at, "ScriptSock $at/run/cgid.sock\n"
	    . "<Directory $at/www>\nAllowOverride All\n</Directory>\n",
	    qw(cgid actions setenvif));
	answers($port, '/hosted/report.pl', 'htaccess');
	is((http($port, 'GET', '/hosted/.htapi.ini') || {})->{status}, 403,
	    'the policy is nobody\'s business');
}

SKIP: {
	my $nginx = have_program('nginx');
	skip 'no nginx', 1 unless $nginx;
	for my $kind (qw(one scripts)) {
		my $text = snippet('nginx', $kind);
		my $port = free_port();
		my $user = $> == 0 ? 'user root;' : '';
		write_file("$dir/nginx.conf", <<"END");
daemon off;
$user
pid $dir/run/nginx.pid;
error_log $dir/run/nginx.log;
events { }
http {
access_log off;
server {
listen 127.0.0.1:$port;
root $dir/www;
$text
}
}
END
		my @nginx = ($nginx, '-p', "$dir/run", '-e',
			"$dir/run/nginx.log", '-c', "$dir/nginx.conf");
		config_is_good("nginx, $kind", @nginx, '-t');
		my $pid = alone($text);
		my $server = start(\@nginx, stderr => "$dir/run/nginx.log");
		wait_port($port) or diag(read_file("$dir/run/nginx.log"));
		answers($port, $path{$kind}, "nginx, $kind");
		stop($_) for $server, $pid;
	}
}

SKIP: {
	my $haproxy = have_program('haproxy');
	skip 'no HAProxy', 1 unless $haproxy;
	for my $kind (qw(one scripts)) {
		my $text = snippet('haproxy', $kind);
		my $port = free_port();
		my ($use) = $text =~ /^#   (use_backend .*)$/m;
		write_file("$dir/haproxy.cfg", <<"END");
frontend web
    mode http
    timeout client 60s
    bind 127.0.0.1:$port
    $use

$text
END
		config_is_good("haproxy, $kind", $haproxy, '-c', '-f',
		    "$dir/haproxy.cfg");
		my $pid = alone($text);
		my $server = start([ $haproxy, '-db', '-f', "$dir/haproxy.cfg" ],
		    stderr => "$dir/run/haproxy.log");
		wait_port($port) or diag(read_file("$dir/run/haproxy.log"));
		answers($port, $path{$kind}, "haproxy, $kind");
		stop($_) for $server, $pid;
	}
}

SKIP: {
	my $caddy = have_program('caddy');
	skip 'no Caddy', 1 unless $caddy;
	for my $kind (qw(one scripts)) {
		my $text = snippet('caddy', $kind);
		my $port = free_port();
		write_file("$dir/Caddyfile", <<"END");
{
	admin off
	auto_https off
}
http://127.0.0.1:$port {
$text
}
END
		my @caddy = ('--adapter', 'caddyfile', '--config',
			"$dir/Caddyfile");
		config_is_good("caddy, $kind", $caddy, 'validate', @caddy);
		my $pid = alone($text);
		my $server = start([ $caddy, 'run', @caddy ],
		    stderr => "$dir/run/caddy.log", env => { HOME => "$dir/run",
			XDG_DATA_HOME => "$dir/run",
			XDG_CONFIG_HOME => "$dir/run" });
		wait_port($port) or diag(read_file("$dir/run/caddy.log"));
		answers($port, $path{$kind}, "caddy, $kind");
		stop($_) for $server, $pid;
	}
}

SKIP: {
	my $systemd = have_program('systemd-analyze');
	my $text = snippet('systemd', 'one');
	my ($socket) = $text =~ m{finds it at unix:(\S+)\.$}m;
	is($socket, "$dir/run/systemd-one.sock", 'the socket of the others');
	my ($name) = $text =~ /enable --now (corswrap\@systemd-one)\.socket$/m;
	ok($name, 'the unit that is enabled');
	my $template = top_build() . '/etc/systemd/corswrap@.service';
	skip 'no systemd, or not made here', 1
	    unless $systemd && -e $template && $name;
	mkdir "$dir/units";
	mkdir "$dir/units/$name.service.d";
	copy($template, "$dir/units/corswrap\@.service");
	write_file("$dir/units/$name.service.d/override.conf", $text);
	my ($status, $said, $error) = run([ $systemd, 'verify', '--man=no',
		"$name.service" ], env => { SYSTEMD_UNIT_PATH => "$dir/units:" });
	my @wrong_lines = grep { /\Q$dir\E|corswrap\@/ } split /\n/,
	    $said . $error;
	is_deeply(\@wrong_lines, [], 'systemd reads it');
}
done_testing;
