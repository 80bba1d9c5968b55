#!/usr/bin/perl
# corscheck init writes a policy that lints clean, overwrites nothing, and prints
# snippets without unfilled placeholders.
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
use File::Path qw(make_path);
use POSIX ();
use Test::More;

my $dir = tempdir();
# init prints the path of the corswrap beside itself, and a server that has dropped
# privileges may not be able to access the build tree.
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
	# A missing socket of the application is no error here.
	$exit = 0 if $out =~ s/^.* \[forward-missing\]\n//mg && $out eq '';
	is("$exit$out$err", '0', "$what: lint reports nothing");
	return;
}

# --- flags ------------------------------------------------------------------------

my ($exit, $out, $err) = init('--origin', $origin, "$dir/etc/plain.ini");
is("$exit$out", '0', 'an origin is sufficient');
like($err, qr/wrote \Q$dir\E\/etc\/plain\.ini/, 'init says what it wrote');
like($err, qr/--server NAME .*\bnginx\b/, 'init says what to do next');
lint_is_silent("$dir/etc/plain.ini", 'plain');
my $policy = read_file("$dir/etc/plain.ini");
like($policy, qr/^origins\s+= \Q$origin\E$/m, 'the policy has the origin');
like($policy, qr/^root\s+= \/usr\/lib\/cgi-bin$/m, 'the policy has a default root');
cmp_ok(scalar(() = $policy =~ /^;/mg), '>=', 10, 'the policy has at least ten comments');
is((stat "$dir/etc/plain.ini")[2] & 07777, 0644, 'every user may read the policy');

($exit, $out, $err) = init('--origin', $origin, "$dir/etc/plain.ini");
is("$exit$out", '2', 'an existing file: exit status 2');
like($err, qr/is there already, and stays/, 'an existing file: the message says so');
is(read_file("$dir/etc/plain.ini"), $policy, 'the existing file is not changed');
symlink "$dir/nowhere", "$dir/etc/link.ini";
($exit) = init('--origin', $origin, "$dir/etc/link.ini");
is($exit, 2, 'a symbolic link: exit status 2');
ok(!-e "$dir/nowhere", 'the target of the link is not made');

init('--origin', $origin, '--origin', 'https://*.example.net', '--credentials',
    '--method', 'PUT', '--method', 'DELETE', '--header', 'X-Token',
    '--exec', "$program --fast 'two words'", "$dir/etc/full.ini");
lint_is_silent("$dir/etc/full.ini", 'all flags');
my (undef, $dump) = run([ corscheck(), 'dump', "$dir/etc/full.ini" ]);
like($dump, $_, "dump: $_") for qr/origins = .*https:\/\/\*\.example\.net/,
    qr/methods = .*DELETE/, qr/headers = .*x-token/i, qr/credentials = yes/,
    qr/exec = \Q$program\E --fast/;
init('--origin', '*', '--forward', 'unix:/run/php.sock', "$dir/etc/php.ini");
lint_is_silent("$dir/etc/php.ini", 'forward');

# --- mistakes: the message says what to do -----------------------------------------

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
		qr/known are lighttpd .*\bnginx\b/ ],
	[ [ '--origin', $origin, '--path', 'api' ], qr/as --path \/api/ ],
	[ [ '--origin', $origin, '--path', '/a"b' ], qr/as --path \/api/ ],
	[ [ '--origin', $origin, '--exec', '/a', '--root', '/b' ],
		qr/only one of/ ],
	[ [ '--origin', $origin, '--exec', "'/a" ], qr/--exec: .*\[/ ],
	[ [ '--origin', $origin, '--forward', 'php.sock' ], qr/--forward: / ],
	[ [ '--origin', $origin, '--forward', 'unix:/a', '--git', '/b' ],
		qr/only one of/ ],
	[ [ '--origin', $origin, '--socket', 'run/x.sock' ], qr/--socket: unix:/ ],
	[ [ '--origin', $origin, '--socket', 'unix:/a;b' ], qr/--socket: unix:/ ],
	[ [ '--origin', $origin, '--user', '-x' ], qr/--user: / ],
	[ [ '--origin', $origin, '--log-file', 'x.log' ], qr/--log-file: / ],
	[ [ '--origin', $origin, '--server', 'busybox', '--root', '/srv' ],
		qr/use --exec or --git/ ],
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
	is("$exit$out", '2', "a mistake: $name: exit status 2");
	like($err, $said, "$name: the message says what to do");
	ok(!-e "$dir/etc/wrong.ini", "$name: nothing is written");
}
for ([ "$dir/none/more/p.ini", qr{make this folder first: mkdir -p \Q$dir/none/more\E$}m ],
	[ "$dir/etc/plain.ini/p.ini", qr/Not a directory/ ],
	[ "$dir/etc/", qr/name a file/ ],
	[ "$dir/etc/a b.ini", qr/letters, digits/ ]) {
	($exit, $out, $err) = init('--origin', $origin, $_->[0]);
	is("$exit$out", '2', "an impossible file: $_->[0]: exit status 2");
	like($err, $_->[1], "the message says why: $_->[0]");
}
($exit, $out, $err) =
    init('--origin', $origin, '--server', 'htaccess', "$dir/etc/policy");
is("$exit$out", '2',
    '--server htaccess with a policy that is not NAME.ini: exit status 2');
like($err, qr/NAME\.ini/, 'the message says how to name the policy');
($exit, $out, $err) = init('--origin', $origin);
is("$exit$out", '2', 'without a file: exit status 2');
like($err, qr/^usage: corscheck init /m, 'without a file, usage is printed');
is_deeply([ glob "$dir/etc/.cors*" ], [], 'no temporary file is left');
ok(!-e "$dir/none", 'no folder was made for an impossible file');

# init makes the folder of the policy if only that does not exist.
($exit, $out, $err) = init('--origin', 'x', "$dir/new/p.ini");
is("$exit$out", '2', 'a new folder, and a mistake: exit status 2');
ok(!-e "$dir/new", 'after a mistake the folder is not made');
($exit, $out, $err) = init('--origin', $origin, "$dir/new/p.ini");
is("$exit$out", '0', 'a new folder: exit status 0') or diag($err);
is((stat "$dir/new")[2] & 07777, 0755, 'the folder is made, and every user may read it');
lint_is_silent("$dir/new/p.ini", 'policy in a new folder');

# init warns about programs that the server would send as files.
mkdir "$dir/bin";
write_file("$dir/bin/$_", "#!/bin/sh\n", 0755) for qw(report form.cgi old.pl .hidden);
write_file("$dir/bin/data.txt", 'x', 0644);
for my $server (qw(nginx apache-fcgid lighttpd)) {
	unlink "$dir/etc/bin.ini";
	($exit, $out, $err) = init('--server', $server, '--origin', $origin,
	    '--root', "$dir/bin", "$dir/etc/bin.ini");
	is_deeply([ $err =~ m{warning: --root: \Q$dir\E/bin/(\S+) is executable}g ],
	    [ 'report' ], "$server: the program that would be sent as a file is named");
}

# init warns about files that do not exist, or that the user who runs programs
# cannot access.
{
	mkdir "$dir/closed";
	write_file("$dir/closed/report.pl", read_file($program), 0755);
	write_file("$dir/cgi/plain.txt", 'x', 0644);
	my @absent = ([ ['--git', "$dir/none"], qr/--git: \S+: No such file/ ],
		[ ['--root', "$dir/none"], qr/"root": \S+ does not exist \[root-missing\]/ ],
		[ ['--php', "$dir/none"], qr/"root": \S+ does not exist/ ],
		[ ['--exec', "$dir/none.pl"], qr/"exec": \S+ does not exist \[exec-missing\]/ ],
		[ ['--exec', "$dir/cgi/plain.txt"], qr/"exec": user \S+ cannot execute/ ],
		[ ['--forward', "unix:$dir/none.sock"], qr/"forward": .*\[forward-missing\]/ ]);
	if ($> == 0) {
		chmod 0700, "$dir/closed";
		push @absent, [ ['--exec', "$dir/closed/report.pl"],
			qr/"exec": user www-data cannot execute \S+: Permission denied/ ];
	}
	for my $server ('nginx', 'lighttpd') {
		for (@absent) {
			unlink "$dir/etc/absent.ini";
			my ($status, undef, $said) = init('--server', $server,
			    '--origin', $origin, @{ $_->[0] }, "$dir/etc/absent.ini");
			is($status, 0,
			    "$server, @{ $_->[0] }: a policy is written nevertheless");
			like($said, qr/^corscheck: init: warning: $_->[1]/m,
			    "$server, @{ $_->[0] }: there is a warning");
		}
	}
	unlink "$dir/etc/absent.ini";
	my ($status, undef, $said) = init('--server', 'nginx', '--origin', $origin,
	    '--exec', $program, "$dir/etc/absent.ini");
	is($status, 0, 'an existing program: exit status 0');
	unlike($said, qr/warning/, 'an existing program: no warning');
}

# --- questions ---------------------------------------------------------------------

# talk(ARGUMENTS, [ prompt, reply ], ...): runs init on a terminal of its own, and
# returns its exit status and everything that was on the terminal.
sub talk {
	my ($arguments, @lines) = @_;
	sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or return;
	my $number = pack 'i', 0;
	# The ioctls are TIOCSPTLCK and TIOCGPTN.
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
	skip 'no terminals here', 1 unless -e '/dev/ptmx';
	my $file = "$dir/etc/asked.ini";
	my ($status, $text) = talk([$file],
		[ qr/1\. .*\]: /s, "apache\n" ],    # an unknown name
		[ qr/please \[lighttpd\]: /, "caddy\n" ],
		[ qr/2\. .*: $/s, "http://a.example/ https://b.example\n" ],
		[ qr/once more.*: $/is, "\n" ],    # this question has no default
		[ qr/once more.*: $/is, "https://a.example, https://b.example\n" ],
		[ qr/3\. .*\]: /s, "maybe\n" ],
		[ qr/yes or no \[no\]: /, "yes\n" ],
		[ qr/4\. .*\]: /s, "report.pl\n" ],
		[ qr/begins with \/.*\]: /s, "$program\n" ]);
	is($status, 0, 'init asks four questions') or diag($text);
	like($text, qr/did you mean "http:\/\/a\.example"/,
	    'init offers a fix for an invalid origin');
	like($text, qr/^handle \@corswrap-asked \{$/m, 'the snippet is printed');
	lint_is_silent($file, 'the policy from the replies');
	(undef, $dump) = run([ corscheck(), 'dump', $file ]);
	like($dump, qr/origins = https:\/\/a\.example.*https:\/\/b\.example/s,
	    'the policy has both origins');
	like($dump, qr/credentials = yes.*/, 'the policy has credentials');
	like($dump, qr/exec = \Q$program\E/, 'the policy has the program');
	($status, $text) = talk([ '--server', 'nginx', '--origin', $origin,
		'--root', '/srv', "$dir/etc/less.ini" ], [ qr/3\. .*\]: /s, "\n" ]);
	is($status, 0, 'with flags, init only asks for the rest') or diag($text);
	unlike($text, qr/^[124]\. /m, 'with flags, the other questions are not printed') ;
	# If the reply is a folder, its contents determine the keys of the policy.
	make_path("$dir/shop", "$dir/git/report.git");
	write_file("$dir/shop/index.php", '<?php');
	for ([ 'shop', qr/^\.php = /m ],
		[ 'git', qr/git-http-backend/ ], [ 'cgi', qr/^root\s+= /m ]) {
		my ($folder, $want) = @$_;
		my $file = "$dir/etc/asked-$folder.ini";
		($status, $text) = talk([ '--server', 'nginx', '--origin',
			$origin, '--credentials', $file ],
		    [ qr/4\. .*\]: /s, "$dir/$folder\n" ]);
		is($status, 0, "a folder as the reply: $folder") or diag($text);
		like(read_file($file), $want,
		    "$folder: the policy fits the contents of the folder");
	}
	($status, $text) = talk([ "$dir/etc/end.ini" ], [ qr/1\. .*\]: /s, "\cD" ]);
	is($status, 2, 'end of input: exit status 2');
	like($text, qr/nothing was written/, 'end of input is reported');
	ok(!-e "$dir/etc/end.ini", 'end of input: no policy was written');
}

# --- the snippets ---------------------------------------------------------------------
# t/servers/metavariables.t runs the servers with them.

# Tests that a snippet has no unfilled placeholder, and that its policy lints clean;
# returns both.
sub snippet {
	my ($server, $app, @more) = @_;
	my $file = "$dir/etc/$server-" . join('', "@$app" =~ /(\w+)/) . '.ini';
	unlink $file;
	my ($status, $text, $said) = init('--server', $server, '--origin', $origin,
	    @$app, @more, $file);
	is($status, 0, "$server, @$app: exit status 0") or diag($said);
	lint_is_silent($file, "$server, @$app");
	unlike($text, qr/\@(?!corswrap|x\b)[a-z:-]+\@|%(?:all|one|scripts|include)\b/,
	    "$server, @$app: no placeholder is left");
	like($text, qr/\Q$dir\E\/corswrap\b/,
	    "$server, @$app: the snippet names the corswrap beside corscheck")
	    unless $server =~ /htaccess/;
	return ($text, read_file($file));
}

my @servers = qw(lighttpd lighttpd-cgi apache-fcgid apache-cgi apache-proxy
    nginx haproxy caddy);
mkdir "$dir/$_" for qw(repositories wiki);
for my $server (@servers) {
	my $cgi = $server =~ /-cgi$/;
	snippet($server, [ '--exec', $program ]);
	snippet($server, [ '--root', "$dir/cgi" ]);
	my (undef, $text) = snippet($server, [ '--git', "$dir/repositories" ]);
	like($text, qr/^GIT_PROJECT_ROOT\s+= \Q$dir\E\/repositories$/m,
	    "$server: the policy names the repositories");
	(undef, $text) = snippet($server, [ '--php', "$dir/wiki" ]);
	like($text, qr/^\.php = \S+php-cgi$/m, "$server: php-cgi runs PHP");
	next if $cgi;
	snippet($server, [ '--forward', 'unix:/run/app.sock' ]);
	(undef, $text) = snippet($server, [ '--forward', 'unix:/run/php.sock',
		'--php', "$dir/wiki" ]);
	like($text, qr/^forward\s+= unix:\/run\/php\.sock$/m,
	    "$server: with --forward, php-fpm runs PHP");
	unlike($text, qr/^(?:root|\.php)\b/m,
	    "$server: with --forward there is no root and no handler");
}

# The responder's address, in each server's notation.
my %address = (
	nginx   => [ qr/fastcgi_pass unix:\/run\/x\.sock;/,
		qr/fastcgi_pass \[::1\]:9000;/ ],
	haproxy => [ qr/server corswrap unix\@\/run\/x\.sock proto/,
		qr/server corswrap \[::1\]:9000 proto/ ],
	caddy   => [ qr/reverse_proxy unix\/\/run\/x\.sock \{/,
		qr/reverse_proxy \[::1\]:9000 \{/ ],
	'apache-proxy' => [ qr/"proxy:unix:\/run\/x\.sock\|fcgi:\/\/corswrap-/,
		qr/"proxy:fcgi:\/\/\[::1\]:9000"/ ],
);
for my $server (sort keys %address) {
	my @app = ([ '--exec', $program ], '--socket');
	my ($text) = snippet($server, @app, 'unix:/run/x.sock', '--user', 'http');
	like($text, $address{$server}[0], "$server: the snippet has the unix socket");
	like($text, qr/^#   install -d -o http -g http \/run$/m,
	    "$server: the folder of the socket is made");
	like($text, qr/ -l unix:\/run\/x\.sock /,
	    "$server: the responder listens on the unix socket");
	like($text, qr/^#       ListenStream= ListenStream=\/run\/x\.sock \\$/m,
	    "$server: so does the systemd unit");
	($text) = snippet($server, @app, 'tcp:[::1]:9000');
	like($text, $address{$server}[1], "$server: the snippet has the TCP address");
	like($text, qr/ -l tcp:\[::1\]:9000 /, "$server: the responder listens on TCP");
	like($text, qr/ ListenStream=\[::1\]:9000 /, "$server: so does systemd");
	unlike($text, qr/install -d/, "$server: TCP needs no folder");
}

# Debian's HAProxy runs in a chroot and cannot access sockets in /run, so a TCP port
# is the default; each policy has a port of its own.
{
	my ($text) = snippet('haproxy', [ '--exec', $program ]);
	my ($port) = $text =~ /^    server corswrap 127\.0\.0\.1:(9[1-8]\d\d) proto/m;
	ok($port, 'haproxy: the default is a TCP port');
	like($text, qr/ -l tcp:127\.0\.0\.1:$port /,
	    'haproxy: the responder listens on that port');
	my ($other) = (snippet('haproxy', [ '--git', "$dir/repositories" ]))[0]
	    =~ /server corswrap 127\.0\.0\.1:(\d+) /;
	isnt($other, $port, 'haproxy: another policy gets another port');
}

# --- systemd units: the drop-ins of a snippet ------------------------------------------

# Runs the commands of a snippet that make drop-ins, in a temporary folder, and
# returns these files by kind of unit.
sub drop_ins {
	my ($text) = @_;
	my $at = tempdir();
	my $script = join "\n", grep { !/^systemctl/ } $text =~
	    s/\\\n# *//gr =~ /^#   ((?:mkdir|printf|systemctl) .*)$/mg;
	$script =~ s{/etc/systemd/system}{$at}g;
	my ($status, $printed, $said) = run([ '/bin/sh', '-ec', $script ]);
	is("$status$printed$said", '0', 'the commands that make drop-ins work');
	my %files;
	for (glob "$at/*/*") {
		$files{ m{corswrap\@([\w-]+)\.(service|socket)\.d/init\.conf$}
		    ? $2 : $_ } = read_file($_);
	}
	return \%files;
}

sub units_lack {
	my ($what, $want, @flags) = @_;
	unlink "$dir/etc/unit.ini";
	my ($status, $text, $said) = init('--server', 'nginx', '--origin', $origin,
	    '--unit-folder', "$dir/etc", @flags, "$dir/etc/unit.ini");
	is($status, 0, "drop-ins, $what: exit status 0") or diag($said);
	my $got = drop_ins($text);
	s/\Q$dir\E/DIR/g for values %$got;
	is_deeply($got, $want,
	    "drop-ins, $what: the files are as expected") or diag($text);
	like($text, qr/^#   systemctl enable --now corswrap\@unit\.socket$/m,
	    "drop-ins, $what: the snippet says how to start the units");
	is(scalar($text =~ /daemon-reload/), scalar(%$want) ? 1 : '',
	    "drop-ins, $what: daemon-reload if and only if there are any");
	return;
}

my $command = "ExecStart=\nExecStart=DIR/corswrap -c DIR/etc/unit.ini\n";
make_path("$dir/repositories", "$dir/wiki");
my @exec = ('--exec', $program);
units_lack('not needed', {}, @exec);
units_lack('not needed for the default socket', {}, @exec, '--socket',
    'unix:/run/corswrap/unit.sock');
units_lack('not needed if php-fpm writes the files', {}, '--php', "$dir/wiki",
    '--forward', 'unix:/run/php.sock');
units_lack('a policy elsewhere', { service => "[Service]\n$command" }, @exec,
    '--unit-folder', '/usr/local/etc/corswrap');
units_lack('writable repositories', { service => "[Service]\nUser=www-data\n"
    . "DynamicUser=no\nReadWritePaths=-DIR/repositories\n$command" },
    '--git', "$dir/repositories");
units_lack('writable files of PHP',
    { service => "[Service]\nUser=www-data\nDynamicUser=no\n"
    . "ReadWritePaths=-DIR/wiki\nReadWritePaths=-/var/lib/php/sessions\n"
    . $command }, '--php', "$dir/wiki");
units_lack('a program in /home', { service => "[Service]\nProtectHome=no\n$command" },
    '--exec', '/home/ada/report.pl');
units_lack('a TCP socket', { socket => "[Socket]\nSocketUser=www-data\n"
    . "SocketGroup=www-data\nListenStream=\nListenStream=127.0.0.1:9000\n" },
    @exec, '--socket', 'tcp:127.0.0.1:9000');
units_lack('another user', { service => "[Service]\nUser=http\nDynamicUser=no\n"
    . "SupplementaryGroups=\n$command", socket => "[Socket]\nSocketUser=http\n"
    . "SocketGroup=http\nListenStream=\n"
    . "ListenStream=/run/corswrap/unit.sock\n" }, @exec, '--user', 'http');

# --- --push: git accepts pushes from every client --------------------------------------

{
	my ($text, $policy) = snippet('nginx', [ '--git', "$dir/repositories" ],
	    '--push');
	like($text, qr{^#   chown -R www-data \Q$dir\E/repositories$}m,
	    '--push: the snippet makes the user own the repositories');
	like($policy, qr/^GIT_CONFIG_COUNT\s+= 2\n.*^GIT_CONFIG_KEY_1\s+= http\.receivepack$/ms,
	    '--push: the policy enables http.receivepack');
	($text, $policy) = snippet('nginx', [ '--git', "$dir/repositories" ]);
	unlike("$text$policy", qr/chown|http\.receivepack/,
	    'without --push: no chown and no http.receivepack');
	($exit, $out, $err) = init('--push', '--exec', $program, '--origin',
	    $origin, "$dir/etc/wrong.ini");
	is("$exit$out", '2', '--push without --git: exit status 2');
	like($err, qr/--push: only with --git/, '--push without --git is reported');
}

# With --path / there is no prefix, and nothing to redirect.
for my $server (@servers) {
	for my $app ([ '--exec', $program ], [ '--php', "$dir/wiki" ]) {
		my ($text) = snippet($server, $app, '--path', '/');
		unlike($text, qr{//(?!corswrap-|\Q$dir\E|run/)},
		    "$server, --path /: no path has an empty name");
		unlike($text, qr/^redir |code 301|return 301/m,
		    "$server, --path /: no redirect");
	}
}

# lighttpd as a daemon discards standard error, so the policy needs a log-file.
for my $server (qw(lighttpd lighttpd-cgi)) {
	my (undef, $text) = snippet($server, [ '--exec', $program ]);
	like($text, qr/^log-file\s+= \/var\/log\/lighttpd\/corswrap-\S+\.log$/m,
	    "$server: the policy has a log-file");
	(undef, $text) = snippet($server, [ '--exec', $program ], '--log-file',
	    "$dir/run/x.log");
	like($text, qr/^log-file\s+= \Q$dir\E\/run\/x\.log$/m,
	    "$server: --log-file sets it");
}

# A path prefix ends at a boundary, and a dot in it matches only a dot.
{
	my ($text) = snippet('nginx', [ '--exec', $program ], '--path', '/a.b');
	like($text, qr/^location ~ \^\/a\\\.b\(/m,
	    'the dot of a path is quoted in a regular expression');
}

# --- shared hosting: the files of init are uploaded unchanged ------------------------------

SKIP: {
	skip 'no Apache', 1 unless have_program('apache2');
	my $at = tempdir();
	mkdir "$at/www";
	# init writes the files in another folder than the one they are uploaded to.
	my ($made, $www) = ("$at/made", "$at/www/hosted");
	mkdir $_ for $made, $www;
	write_file("$www/report.pl", read_file($program), 0644);
	write_file("$www/hello.php", "<?php echo 'php says ',\n"
	    . "\$_SERVER['REQUEST_METHOD'];\n", 0644);
	my ($status, $text, $said) = init('--server', 'htaccess', '--origin',
	    $origin, '--path', '/hosted', "$made/.htapi.ini");
	is($status, 0, 'htaccess: exit status 0') or diag($said);
	lint_is_silent("$made/.htapi.ini", 'htaccess');
	like($text, qr/corswrap\.cgi as api\.cgi/,
	    'htaccess: the text says what to upload');
	copy("$made/.htapi.ini", "$www/.htapi.ini");
	install_program(corswrap(), "$www/api.cgi");
	write_file("$www/.htaccess", $text, 0644);
	write_file("$www/.htapi.log", '', 0666);
	# Hosting providers configure PHP like this; AddHandler in .htaccess
	# does not override it.
	my $port = apache($at, "ScriptSock $at/run/cgid.sock\n"
	    . "<Directory $at/www>\nAllowOverride All\n</Directory>\n"
	    . "<FilesMatch \"\\.php\$\">\nSetHandler php-of-the-hoster\n"
	    . "</FilesMatch>\n", qw(cgid actions setenvif));
	my @from = (Origin => $origin);
	my $r = http($port, 'OPTIONS', '/hosted/report.pl', [ @from,
		'Access-Control-Request-Method' => 'POST',
		'Access-Control-Request-Headers' => 'content-type' ]) || {};
	is($r->{status}, 204, 'htaccess: a preflight gets 204');
	is(header($r, 'Access-Control-Allow-Headers'), 'content-type',
	    'htaccess: the preflight response is from corswrap');
	$r = http($port, 'POST', '/hosted/report.pl',
	    [ @from, 'Content-Type' => 'application/json' ], '{"a": 1}') || {};
	is("$r->{status} $r->{body}", '200 report of POST {"a": 1}',
	    'htaccess: a Perl script that is not executable runs');
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    'htaccess: the response of the Perl script has CORS');
	SKIP: {
		skip 'no php-cgi', 2 unless have_program('php-cgi');
		$r = http($port, 'GET', '/hosted/hello.php', \@from) || {};
		is("$r->{status} $r->{body}", '200 php says GET',
		    'htaccess: a PHP script runs');
		is(header($r, 'Access-Control-Allow-Origin'), $origin,
		    'htaccess: the response of the PHP script has CORS');
	}
	is((http($port, 'GET', "/hosted/$_") || {})->{status}, 403,
	    "htaccess: $_ is not accessible") for qw(.htapi.ini .htapi.log .htaccess);
	diag($text, read_file("$at/error.log"))
	    unless Test::More->builder->is_passing;
}

# --- systemd -----------------------------------------------------------------------------

SKIP: {
	my $systemd = have_program('systemd-analyze');
	my ($text) = snippet('systemd', [ '--exec', $program ], '--socket',
	    "unix:$dir/run/systemd-exec.sock");
	like($text, qr/finds it at unix:\Q$dir\E\/run\/systemd-exec\.sock\.$/m,
	    'systemd: the text names the socket for the web server');
	like($text, qr/ ListenStream=\Q$dir\E\/run\/systemd-exec\.sock \\$/m,
	    'systemd: the unit listens on that socket');
	my ($name) = $text =~ /enable --now (corswrap\@[\w-]+)\.socket$/m;
	ok($name, 'systemd: the text says which unit to enable');
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
	is_deeply(\@wrong_lines, [], 'systemd-analyze accepts the unit');
}

# --- busybox httpd ------------------------------------------------------------------------

mkdir "$dir/site";
mkdir "$dir/site/cgi-bin";
($exit, $out, $err) = init('--server', 'busybox', '--origin', $origin, '--exec',
    $program, "$dir/site/cgi-bin/api.ini");
is($exit, 0, 'busybox: exit status 0') or diag($err);
like($out, qr/^#   busybox httpd -p 8080 -u www-data -h \Q$dir\E\/site$/m,
    'busybox: the command has the folder that httpd serves');
($exit, $out, $err) = init('--server', 'busybox', '--origin', $origin, '--exec',
    $program, "$dir/etc/busybox.ini");
is("$exit$out", '2', 'busybox, a policy outside of cgi-bin: exit status 2');
like($err, qr/cgi-bin/, 'busybox: the message says where the policy must be');
done_testing;
