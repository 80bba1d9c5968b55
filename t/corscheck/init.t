#!/usr/bin/perl
# corscheck init: the policy is clean, nothing is overwritten, and what is printed
# has no place left open.
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
	# The application's socket is not there.
	$exit = 0 if $out =~ s/^.* \[forward-missing\]\n//mg && $out eq '';
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
	is("$exit$out", '2', "wrong: $name");
	like($err, $said, 'and it says what to do');
	ok(!-e "$dir/etc/wrong.ini", 'nothing is written');
}
for ([ "$dir/none/more/p.ini", qr{make this folder first: mkdir -p \Q$dir/none/more\E$}m ],
	[ "$dir/etc/plain.ini/p.ini", qr/Not a directory/ ],
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
ok(!-e "$dir/none", 'no folder either');

# The folder of policies, which does not exist yet.
($exit, $out, $err) = init('--origin', 'x', "$dir/new/p.ini");
is("$exit$out", '2', 'a folder that is not there, and a mistake');
ok(!-e "$dir/new", 'make nothing');
($exit, $out, $err) = init('--origin', $origin, "$dir/new/p.ini");
is("$exit$out", '0', 'a folder that is not there') or diag($err);
is((stat "$dir/new")[2] & 07777, 0755, 'is made, for all to read');
lint_is_silent("$dir/new/p.ini", 'and the policy in it');

# A program that would be served as a file.
mkdir "$dir/bin";
write_file("$dir/bin/$_", "#!/bin/sh\n", 0755) for qw(report form.cgi old.pl .hidden);
write_file("$dir/bin/data.txt", 'x', 0644);
for my $server (qw(nginx apache-fcgid lighttpd)) {
	unlink "$dir/etc/bin.ini";
	($exit, $out, $err) = init('--server', $server, '--origin', $origin,
	    '--root', "$dir/bin", "$dir/etc/bin.ini");
	is_deeply([ $err =~ m{warning: --root: \Q$dir\E/bin/(\S+) is executable}g ],
	    [ 'report' ], "$server: which program would be shown");
}

# What is not there, or not for the user that runs programs.
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
			is($status, 0, "$server, @{ $_->[0] }: a policy all the same");
			like($said, qr/^corscheck: init: warning: $_->[1]/m,
			    'and a warning');
		}
	}
	unlink "$dir/etc/absent.ini";
	my ($status, undef, $said) = init('--server', 'nginx', '--origin', $origin,
	    '--exec', $program, "$dir/etc/absent.ini");
	is($status, 0, 'all is there');
	unlike($said, qr/warning/, 'no warning');
}

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
	skip 'no terminals here', 1 unless -e '/dev/ptmx';
	my $file = "$dir/etc/asked.ini";
	my ($status, $text) = talk([$file],
		[ qr/1\. .*\]: /s, "apache\n" ],    # there is no such name
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
	like($text, qr/^handle \@corswrap-asked \{$/m, 'the snippet is printed');
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
	# What a folder has in it says what it is.
	make_path("$dir/shop", "$dir/git/report.git");
	write_file("$dir/shop/index.php", '<?php');
	for ([ 'shop', qr/^\.php = /m ],
		[ 'git', qr/git-http-backend/ ], [ 'cgi', qr/^root\s+= /m ]) {
		my ($folder, $want) = @$_;
		my $file = "$dir/etc/asked-$folder.ini";
		($status, $text) = talk([ '--server', 'nginx', '--origin',
			$origin, '--credentials', $file ],
		    [ qr/4\. .*\]: /s, "$dir/$folder\n" ]);
		is($status, 0, "a folder as answer: $folder") or diag($text);
		like(read_file($file), $want, 'is taken for what it is');
	}
	($status, $text) = talk([ "$dir/etc/end.ini" ], [ qr/1\. .*\]: /s, "\cD" ]);
	is($status, 2, 'an end of the input');
	like($text, qr/nothing was written/, 'is said');
	ok(!-e "$dir/etc/end.ini", 'and true');
}

# --- the snippets ---------------------------------------------------------------------
# t/servers/metavariables.t puts them into their servers.

# A snippet, with no place left open, and a policy that lint likes.
sub snippet {
	my ($server, $app, @more) = @_;
	my $file = "$dir/etc/$server-" . join('', "@$app" =~ /(\w+)/) . '.ini';
	unlink $file;
	my ($status, $text, $said) = init('--server', $server, '--origin', $origin,
	    @$app, @more, $file);
	is($status, 0, "$server, @$app: a snippet") or diag($said);
	lint_is_silent($file, "$server, @$app");
	unlike($text, qr/\@(?!corswrap|x\b)[a-z:-]+\@|%(?:all|one|scripts|include)\b/,
	    'no place is left open');
	like($text, qr/\Q$dir\E\/corswrap\b/, 'it names the corswrap beside it')
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
	    'git finds the repositories');
	(undef, $text) = snippet($server, [ '--php', "$dir/wiki" ]);
	like($text, qr/^\.php = \S+php-cgi$/m, 'PHP is run by php-cgi');
	next if $cgi;
	snippet($server, [ '--forward', 'unix:/run/app.sock' ]);
	(undef, $text) = snippet($server, [ '--forward', 'unix:/run/php.sock',
		'--php', "$dir/wiki" ]);
	like($text, qr/^forward\s+= unix:\/run\/php\.sock$/m, 'or by php-fpm');
	unlike($text, qr/^(?:root|\.php)\b/m, 'alone');
}

# The responder's address, in each server's words.
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
	like($text, $address{$server}[0], "$server: a unix socket");
	like($text, qr/^#   install -d -o http -g http \/run$/m, 'its folder');
	like($text, qr/ -l unix:\/run\/x\.sock /, 'and its responder');
	like($text, qr/^#       ListenStream= ListenStream=\/run\/x\.sock \\$/m,
	    "and systemd's");
	($text) = snippet($server, @app, 'tcp:[::1]:9000');
	like($text, $address{$server}[1], "$server: TCP");
	like($text, qr/ -l tcp:\[::1\]:9000 /, 'and its responder');
	like($text, qr/ ListenStream=\[::1\]:9000 /, "and systemd's");
	unlike($text, qr/install -d/, 'which needs no folder');
}

# Debian's HAProxy sees no socket in /run; two policies have two ports.
{
	my ($text) = snippet('haproxy', [ '--exec', $program ]);
	my ($port) = $text =~ /^    server corswrap 127\.0\.0\.1:(9[1-8]\d\d) proto/m;
	ok($port, 'haproxy: a port by default');
	like($text, qr/ -l tcp:127\.0\.0\.1:$port /, 'for the responder too');
	my ($other) = (snippet('haproxy', [ '--git', "$dir/repositories" ]))[0]
	    =~ /server corswrap 127\.0\.0\.1:(\d+) /;
	isnt($other, $port, 'another one for another policy');
}

# --- systemd's units: what is missing
# ----------------------------------------------------

# The drop-in of a snippet, made as it says, in a folder of ours.
sub drop_ins {
	my ($text) = @_;
	my $at = tempdir();
	my $script = join "\n", grep { !/^systemctl/ } $text =~
	    s/\\\n# *//gr =~ /^#   ((?:mkdir|printf|systemctl) .*)$/mg;
	$script =~ s{/etc/systemd/system}{$at}g;
	my ($status, $printed, $said) = run([ '/bin/sh', '-ec', $script ]);
	is("$status$printed$said", '0', 'its commands are good');
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
	is($status, 0, "units: $what") or diag($said);
	my $got = drop_ins($text);
	s/\Q$dir\E/DIR/g for values %$got;
	is_deeply($got, $want, 'what they lack') or diag($text);
	like($text, qr/^#   systemctl enable --now corswrap\@unit\.socket$/m,
	    'and how they are started');
	is(scalar($text =~ /daemon-reload/), scalar(%$want) ? 1 : '',
	    'read again if there is something');
	return;
}

my $command = "ExecStart=\nExecStart=DIR/corswrap -c DIR/etc/unit.ini\n";
make_path("$dir/repositories", "$dir/wiki");
my @exec = ('--exec', $program);
units_lack('nothing', {}, @exec);
units_lack('nothing for its own socket', {}, @exec, '--socket',
    'unix:/run/corswrap/unit.sock');
units_lack('php-fpm writes by itself', {}, '--php', "$dir/wiki", '--forward',
    'unix:/run/php.sock');
units_lack('the policy', { service => "[Service]\n$command" }, @exec,
    '--unit-folder', '/usr/local/etc/corswrap');
units_lack('repositories', { service => "[Service]\nUser=www-data\n"
    . "DynamicUser=no\nReadWritePaths=-DIR/repositories\n$command" },
    '--git', "$dir/repositories");
units_lack('PHP', { service => "[Service]\nUser=www-data\nDynamicUser=no\n"
    . "ReadWritePaths=-DIR/wiki\nReadWritePaths=-/var/lib/php/sessions\n"
    . $command }, '--php', "$dir/wiki");
units_lack('a home', { service => "[Service]\nProtectHome=no\n$command" },
    '--exec', '/home/ada/report.pl');
units_lack('a socket', { socket => "[Socket]\nSocketUser=www-data\n"
    . "SocketGroup=www-data\nListenStream=\nListenStream=127.0.0.1:9000\n" },
    @exec, '--socket', 'tcp:127.0.0.1:9000');
units_lack('a user', { service => "[Service]\nUser=http\nDynamicUser=no\n"
    . "SupplementaryGroups=\n$command", socket => "[Socket]\nSocketUser=http\n"
    . "SocketGroup=http\nListenStream=\n"
    . "ListenStream=/run/corswrap/unit.sock\n" }, @exec, '--user', 'http');

# --- pushing for every client
# ---------------------------------------------------------

{
	my ($text, $policy) = snippet('nginx', [ '--git', "$dir/repositories" ],
	    '--push');
	like($text, qr{^#   chown -R www-data \Q$dir\E/repositories$}m,
	    '--push: who must own the repositories');
	like($policy, qr/^GIT_CONFIG_COUNT\s+= 2\n.*^GIT_CONFIG_KEY_1\s+= http\.receivepack$/ms,
	    'and what git is told');
	($text, $policy) = snippet('nginx', [ '--git', "$dir/repositories" ]);
	unlike("$text$policy", qr/chown|http\.receivepack/, 'neither without');
	($exit, $out, $err) = init('--push', '--exec', $program, '--origin',
	    $origin, "$dir/etc/wrong.ini");
	is("$exit$out", '2', '--push without --git');
	like($err, qr/--push: only with --git/, 'is a mistake');
}

# At the top there is no prefix, and nothing to redirect.
for my $server (@servers) {
	for my $app ([ '--exec', $program ], [ '--php', "$dir/wiki" ]) {
		my ($text) = snippet($server, $app, '--path', '/');
		unlike($text, qr{//(?!corswrap-|\Q$dir\E|run/)}, "$server: no empty name");
		unlike($text, qr/^redir |code 301|return 301/m,
		    "$server: no redirect");
	}
}

# lighttpd as a daemon keeps no standard error.
for my $server (qw(lighttpd lighttpd-cgi)) {
	my (undef, $text) = snippet($server, [ '--exec', $program ]);
	like($text, qr/^log-file\s+= \/var\/log\/lighttpd\/corswrap-\S+\.log$/m,
	    "$server: a log-file");
	(undef, $text) = snippet($server, [ '--exec', $program ], '--log-file',
	    "$dir/run/x.log");
	like($text, qr/^log-file\s+= \Q$dir\E\/run\/x\.log$/m, 'by flag');
}

# A prefix has a boundary, and a dot in it is a dot.
{
	my ($text) = snippet('nginx', [ '--exec', $program ], '--path', '/a.b');
	like($text, qr/^location ~ \^\/a\\\.b\(/m, 'an expression is quoted');
}

# --- shared hosting: what init writes is uploaded as it is ---------------------------------

SKIP: {
	skip 'no Apache', 1 unless have_program('apache2');
	my $at = tempdir();
	mkdir "$at/www";
	# The folder in which the files are made is not the one that they serve.
	my ($made, $www) = ("$at/made", "$at/www/hosted");
	mkdir $_ for $made, $www;
	write_file("$www/report.pl", read_file($program), 0644);
	write_file("$www/hello.php", "<?php echo 'php says ',\n"
	    . "\$_SERVER['REQUEST_METHOD'];\n", 0644);
	my ($status, $text, $said) = init('--server', 'htaccess', '--origin',
	    $origin, '--path', '/hosted', "$made/.htapi.ini");
	is($status, 0, 'htaccess') or diag($said);
	lint_is_silent("$made/.htapi.ini", 'htaccess');
	like($text, qr/corswrap\.cgi as api\.cgi/, 'what is uploaded');
	copy("$made/.htapi.ini", "$www/.htapi.ini");
	install_program(corswrap(), "$www/api.cgi");
	write_file("$www/.htaccess", $text, 0644);
	write_file("$www/.htapi.log", '', 0666);
	# As hosting providers run PHP: AddHandler in .htaccess does not
	# override it.
	my $port = apache($at, "ScriptSock $at/run/cgid.sock\n"
	    . "<Directory $at/www>\nAllowOverride All\n</Directory>\n"
	    . "<FilesMatch \"\\.php\$\">\nSetHandler php-of-the-hoster\n"
	    . "</FilesMatch>\n", qw(cgid actions setenvif));
	my @from = (Origin => $origin);
	my $r = http($port, 'OPTIONS', '/hosted/report.pl', [ @from,
		'Access-Control-Request-Method' => 'POST',
		'Access-Control-Request-Headers' => 'content-type' ]) || {};
	is($r->{status}, 204, 'a preflight is answered');
	is(header($r, 'Access-Control-Allow-Headers'), 'content-type',
	    'by corswrap');
	$r = http($port, 'POST', '/hosted/report.pl',
	    [ @from, 'Content-Type' => 'application/json' ], '{"a": 1}') || {};
	is("$r->{status} $r->{body}", '200 report of POST {"a": 1}',
	    'a Perl script that is not executable runs');
	is(header($r, 'Access-Control-Allow-Origin'), $origin, 'with CORS');
	SKIP: {
		skip 'no php-cgi', 2 unless have_program('php-cgi');
		$r = http($port, 'GET', '/hosted/hello.php', \@from) || {};
		is("$r->{status} $r->{body}", '200 php says GET', 'PHP too');
		is(header($r, 'Access-Control-Allow-Origin'), $origin,
		    'with CORS');
	}
	is((http($port, 'GET', "/hosted/$_") || {})->{status}, 403,
	    "$_ is nobody's business") for qw(.htapi.ini .htapi.log .htaccess);
	diag($text, read_file("$at/error.log"))
	    unless Test::More->builder->is_passing;
}

# --- systemd -----------------------------------------------------------------------------

SKIP: {
	my $systemd = have_program('systemd-analyze');
	my ($text) = snippet('systemd', [ '--exec', $program ], '--socket',
	    "unix:$dir/run/systemd-exec.sock");
	like($text, qr/finds it at unix:\Q$dir\E\/run\/systemd-exec\.sock\.$/m,
	    'the socket of the others');
	like($text, qr/ ListenStream=\Q$dir\E\/run\/systemd-exec\.sock \\$/m,
	    'where the unit listens, too');
	my ($name) = $text =~ /enable --now (corswrap\@[\w-]+)\.socket$/m;
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

# --- busybox httpd ------------------------------------------------------------------------

mkdir "$dir/site";
mkdir "$dir/site/cgi-bin";
($exit, $out, $err) = init('--server', 'busybox', '--origin', $origin, '--exec',
    $program, "$dir/site/cgi-bin/api.ini");
is($exit, 0, 'busybox') or diag($err);
like($out, qr/^#   busybox httpd -p 8080 -u www-data -h \Q$dir\E\/site$/m,
    'the folder that it serves');
($exit, $out, $err) = init('--server', 'busybox', '--origin', $origin, '--exec',
    $program, "$dir/etc/busybox.ini");
is("$exit$out", '2', 'a policy elsewhere');
like($err, qr/cgi-bin/, 'and where to');
done_testing;
