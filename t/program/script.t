#!/usr/bin/perl
# Which script runs, the variables that describe it, and each refusal: its
# status, CORS headers, and a line of the log with what to do.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI ();
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Programs;
use Corswrap::Test;
use POSIX ();
use Test::More;

mkdir "$dir/$_" for qw(cgi-old secret more cgi/sub cgi/sub/deep uploads gone);
symlink "$dir/more", "$dir/alias";

my $report = 'printf "A: 1\n\n"; for n in SCRIPT_NAME SCRIPT_FILENAME PATH_INFO'
    . ' PATH_TRANSLATED; do eval "v=\${$n-unset}"; echo "$n=$v"; done; pwd';
shell_program('app', $report);
shell_program('sub/app', $report);
write_file("$dir/$_/app", "#!/bin/sh\n$report\n", 0755)
    for qw(cgi-old secret more uploads);

my $r = run_responder('', root => "$dir/cgi $dir/alias $dir/gone/");
rmdir "$dir/gone";

# The five lines that a script prints about itself.
sub told {
	my ($got) = @_;
	return { (map { /^(\w+)=(.*)$/ ? ($1 => $2) : () }
		    split /\n/, $got->{body}),
		pwd => (split /\n/, $got->{body})[-1] };
}

# --- splitting -------------------------------------------------------------------

# R9: SCRIPT_FILENAME, SCRIPT_NAME as sent; the values for the script,
# PATH_INFO.
my %root = (DOCUMENT_ROOT => '/srv/www');
for my $case (
	[ 'a script', "$dir/cgi/app", '/app', "$dir/cgi/app", '/app', 'unset' ],
	[ 'a tail', "$dir/cgi/app/x/y", '/app/x/y', "$dir/cgi/app", '/app', '/x/y' ],
	[ 'a slash', "$dir/cgi/app/", '/app/', "$dir/cgi/app", '/app', '/' ],
	[ 'slashes', "$dir/cgi/app//x", '/app//x', "$dir/cgi/app", '/app', '//x' ],
	[ 'dots in the tail', "$dir/cgi/app/../../etc/passwd",
		'/app/../../etc/passwd', "$dir/cgi/app", '/app',
		'/../../etc/passwd' ],
	[ 'a name without the tail', "$dir/cgi/app/x", '/app', "$dir/cgi/app",
		'/app', '/x' ],
	[ 'a folder below', "$dir/cgi/sub/app/t", '/sub/app/t',
		"$dir/cgi/sub/app", '/sub/app', '/t' ],
	[ 'dots that stay inside', "$dir/cgi/sub/../app", '/app',
		"$dir/cgi/sub/../app", '/app', 'unset' ],
	[ 'a root that is a link', "$dir/alias/app", '/app', "$dir/alias/app",
		'/app', 'unset' ],
	[ 'a root by its real name', "$dir/more/app", '/app', "$dir/more/app",
		'/app', 'unset' ],
    )
{
	my ($what, $file, $name, $sees, $as, $info) = @$case;
	my $got = ask($r, $file, params => { SCRIPT_NAME => $name, %root });
	is($got->{status}, 200, "R9: $what: runs");
	my $t = told($got);
	is($t->{SCRIPT_FILENAME}, $sees, "$what: SCRIPT_FILENAME");
	is($t->{SCRIPT_NAME}, $as, "$what: SCRIPT_NAME");
	is($t->{PATH_INFO}, $info, "$what: PATH_INFO");
	is($t->{PATH_TRANSLATED}, $info eq 'unset' ? 'unset' : "/srv/www$info",
	    "$what: PATH_TRANSLATED");
}
is(told(ask($r, 'sub/app'))->{pwd}, "$dir/cgi/sub", 'it begins in its folder');

# CGI-084 to 086: a path that the server has split is not changed.
my $t = told(ask($r, 'app', params => { SCRIPT_NAME => '/prefix.fcgi',
	PATH_INFO => '/foo/bar', PATH_TRANSLATED => '/srv/foo/bar' }));
is("$t->{SCRIPT_NAME} $t->{PATH_INFO} $t->{PATH_TRANSLATED}",
    '/prefix.fcgi /foo/bar /srv/foo/bar', 'CGI-084, CGI-085: split by the server');
$t = told(ask($r, 'app', params => { SCRIPT_NAME => '',
	PATH_INFO => '/abc/def/ghi' }));
is("$t->{SCRIPT_NAME}|$t->{PATH_INFO}", '|/abc/def/ghi',
    'CGI-086: an empty SCRIPT_NAME');

# Without SCRIPT_FILENAME: DOCUMENT_ROOT and SCRIPT_NAME.
$t = told(ask($r, 'app', params => { SCRIPT_FILENAME => undef,
	DOCUMENT_ROOT => "$dir/cgi/", SCRIPT_NAME => '/sub/app/x' }));
is("$t->{SCRIPT_FILENAME} $t->{SCRIPT_NAME} $t->{PATH_INFO}",
    "$dir/cgi/sub/app /sub/app /x", 'made of DOCUMENT_ROOT and SCRIPT_NAME');

# R34: mod_proxy_fcgi
for my $prefix ('proxy:fcgi://localhost', 'proxy:fcgi://[::1]:9000',
	'proxy:fcgi://127.0.0.1:9000/', 'proxy:unix:/run/x.sock|fcgi://localhost',
	'proxy:balancer://pool')
{
	$t = told(ask($r, "$prefix$dir/cgi/app/x", params => {
		SCRIPT_NAME => '/app/x' }));
	is("$t->{SCRIPT_FILENAME} $t->{PATH_INFO}",
	    ($prefix =~ m{/$} ? '/' : '') . "$dir/cgi/app /x",
	    "R34: $prefix is taken off");
}
$t = told(ask($r, "proxy:fcgi://localhost$dir/cgi/app?a=b"));
is($t->{SCRIPT_FILENAME}, "$dir/cgi/app", 'R34: so is a query behind it');

# --- refusals ----------------------------------------------------------------------

write_file("$dir/cgi/plain.txt", 'text', 0644);
write_file("$dir/cgi/img.jpg", "GIF89a<?php system('id'); ?>", 0644);
write_file("$dir/cgi/noshebang", "echo hello\n", 0755);
write_file("$dir/cgi/crlf", "#!/bin/sh\r\necho\r\n", 0755);
write_file("$dir/cgi/bom", "\xEF\xBB\xBF#!/bin/sh\n", 0755);
write_file("$dir/cgi/wrongint", "#!/no/such/interpreter\n", 0755);
write_file("$dir/cgi/noint", "#!\n", 0755);
write_file("$dir/cgi/empty", '', 0755);
write_file("$dir/cgi/self.sh", '#!' . corswrap() . "\n", 0755);
write_file("$dir/cgi/self2.sh", '#! ' . corswrap() . " -x\n", 0755);
symlink "$dir/secret/app", "$dir/cgi/link";
symlink "$dir/secret",     "$dir/cgi/folderlink";
symlink 'loop',            "$dir/cgi/loop";
symlink "$dir/none",       "$dir/cgi/dangling";
symlink corswrap(),        "$dir/cgi/own";
POSIX::mkfifo("$dir/cgi/fifo", 0755);

my $path = qr/check the path that the server passes on$/;
my $add  = qr/add its folder to root in \[app\]/;
for my $case (
	# what, path, status, id and text in the log, what to do
	[ 'missing', "$dir/cgi/none", 404, qr/no such script \[script-missing\]/, $path ],
	[ 'missing below a file that is none', "$dir/cgi/none/x/y", 404,
		qr/cgi\/none\/x\/y: no such script/, $path ],
	[ 'a folder', "$dir/cgi", 404, qr/not a regular file \[script-no-file\]/, $path ],
	[ 'a folder with a tail', "$dir/cgi/sub/none", 404, qr/\[script-missing\]/, $path ],
	[ 'a pipe', "$dir/cgi/fifo", 403, qr/\[script-no-file\]/, $path ],
	[ 'a device', '/dev/null', 403, qr/\[script-no-file\]/, $path ],
	[ 'a link that leads nowhere', "$dir/cgi/dangling", 404, qr/\[script-missing\]/, $path ],
	[ 'links in a circle', "$dir/cgi/loop", 404, qr/symbolic link(?:s| loop) \[script-missing\]/i, $path ],
	[ 'a name too long', "$dir/cgi/" . 'x' x 300, 404, qr/too long \[script-missing\]/, $path ],
	[ 'a path too long', "$dir/cgi" . '/x' x 3000, 404, qr/too long \[script-missing\]/, $path ],
	[ 'nothing', '', 500, qr/names no script \[no-script\]/, qr/pass SCRIPT_FILENAME, or set exec/ ],
	[ 'a relative path', 'cgi/app', 403, qr/not an absolute path \[script-path\]/, qr/must pass an absolute path/ ],
	[ 'a proxy without a path', 'proxy:fcgi://localhost', 403, qr/\[script-path\]/, qr/absolute path/ ],
	[ 'a proxy of nothing', 'proxy:x', 403, qr/\[script-path\]/, qr/absolute path/ ],
	[ 'R41: a folder whose name begins so', "$dir/cgi-old/app", 403, qr/not under any root \[outside-root\]/, $add ],
	[ 'R8: dots', "$dir/cgi/../secret/app", 403, qr/secret\/app: not under/, $add ],
	[ 'R8: a link out of the root', "$dir/cgi/link", 403, qr/secret\/app: not under/, $add ],
	[ 'R8: a folder that is a link', "$dir/cgi/folderlink/app", 403, qr/secret\/app: not under/, $add ],
	[ 'R8: the root of all', '/bin/sh', 403, qr/\[outside-root\]/, $add ],
	[ 'not executable', "$dir/cgi/plain.txt", 403, qr/\[script-not-executable\]/, qr/chmod \+x it, or name its interpreter in \[handlers\]/ ],
	[ 'img.jpg/x.php', "$dir/cgi/img.jpg/x.php", 403, qr/img\.jpg: not executable/, qr/chmod/ ],
	[ 'R6: no #!', "$dir/cgi/noshebang", 500, qr/noshebang: cannot start: Exec format error \[start-failed\]/, qr/first line must be #!/ ],
	[ 'R6: an empty #!', "$dir/cgi/noint", 500, qr/\[start-failed\]/, qr/first line must be #!|interpreter/ ],
	[ 'R6: an empty file', "$dir/cgi/empty", 500, qr/\[start-failed\]/, qr/first line must be #!/ ],
	[ 'R6: a byte order mark before #!', "$dir/cgi/bom", 500, qr/bom: cannot start: Exec format error/, qr/byte order mark.*without/ ],
	[ 'R6: CRLF behind #!', "$dir/cgi/crlf", 500, qr/crlf: cannot start: No such file/, qr/carriage return: save it with Unix line ends/ ],
	[ 'R6: an interpreter that is missing', "$dir/cgi/wrongint", 500, qr/cannot start: No such file/, qr/interpreter in its #! line is missing/ ],
	[ 'ourselves by a link', "$dir/cgi/own", 403, qr/\[outside-root\]/, $add ],
	[ 'ourselves as interpreter', "$dir/cgi/self.sh", 500, qr/corswrap itself \[self\]/, qr/name the legacy program/ ],
	[ 'ourselves with a word', "$dir/cgi/self2.sh", 500, qr/corswrap itself \[self\]/, qr/name the legacy program/ ],
	[ 'a newline in the path', "$dir/cgi/a\nb\e[2J", 404, qr/a\\x0ab\\x1b\[2J: no such/, $path ],
    )
{
	my ($what, $script, $status, $cause, $todo) = @$case;
	# valgrind assumes that the exec succeeds, and dies (t/watched.txt).
	next if under_valgrind() && $script =~ m{/(?:crlf|wrongint)$};
	my $at = length $r->log;
	my $got = ask($r, 'x', params => { SCRIPT_FILENAME => $script });
	is($got->{status}, $status, "$what: $status");
	cors_on($got, $what);
	is(one($got, 'Cache-Control'), 'no-store', "$what: not to be stored");
	unlike($got->{body}, qr/\Q$dir\E/, "$what: the client learns no path");
	wait_for(sub { length $r->log > $at });
	my @lines = split /\n/, substr $r->log, $at;
	is(scalar @lines, 1, "$what: one line in the log") or diag "@lines";
	like($lines[0], $cause, "$what: the cause");
	like($lines[0] =~ s/.*; //r, $todo, "$what: what to do");
}

SKIP: {
	skip 'root may everything', 3 if $> == 0;
	chmod 0, "$dir/cgi/sub";
	my $got = ask($r, 'sub/app');
	is($got->{status}, 403, 'a folder that we may not enter: 403');
	logged($r, qr/\[script-unreadable\].*the user that runs corswrap/, 'logged');
	cors_on($got, 'unreadable');
	chmod 0755, "$dir/cgi/sub";
}

# A hard link to corswrap counts as corswrap, in every folder.
SKIP: {
	link corswrap(), "$dir/cgi/hard" or skip 'another file system', 2;
	my $got = ask($r, 'hard');
	is($got->{status}, 500, 'ourselves by a hard link');
	logged($r, qr/hard: this is corswrap itself/, 'logged');
}

# --- [handlers] ---------------------------------------------------------------------

my $h = run_responder("[handlers]\n.pl = /usr/bin/perl -T\n.own = " . corswrap()
    . "\n.none = $dir/none", root => "$dir/cgi");
write_file("$dir/cgi/one.pl", 'print "A: 1\n\n${^TAINT} $0 @ARGV"', 0644);
write_file("$dir/cgi/$_", 'print "A: 1\n\nran"', 0644)
    for qw(one.PL one.pl.txt x.own x.none);
is(ask($h, 'one.pl')->{body}, "1 $dir/cgi/one.pl ",
    'a handler: its words, then the script, which need not be executable');
is(ask($h, 'one.pl/tail.txt')->{body}, "1 $dir/cgi/one.pl ",
    'chosen by the script, not by what is behind it');
is(ask($h, "one.pl", params => { QUERY_STRING => '-s' })->{body},
    "1 $dir/cgi/one.pl ", 'R37: no words of the client');
for my $name (qw(one.PL one.pl.txt img.jpg/x.pl)) {
	my $got = ask($h, $name);
	is($got->{status}, 403, "$name has no handler");
	cors_on($got, $name);
}
is(ask($h, 'app')->{status}, 200, 'other scripts run by themselves');
is(ask($h, 'x.own')->{status}, 500, 'a handler that is corswrap');
logged($h, qr/corswrap itself \[self\]/, 'logged');
is(ask($h, 'x.none')->{status}, 500, 'a handler that is missing');
logged($h, qr/none: cannot start.*the file is missing: check exec, \[handlers\]/, 'logged');
$h->stop;

# --- plain CGI ------------------------------------------------------------------------

write_file("$dir/cgi/policy.ini", "[cors]\norigins = $origin\n"
    . "[handlers]\n.pl = /usr/bin/perl\n");
write_file("$dir/cgi/args.pl", 'print "A: 1\n\n", join "|", map({ "$_=" . '
    . '($ENV{$_} // "unset") } qw(SCRIPT_NAME SCRIPT_FILENAME PATH_INFO '
    . 'PATH_TRANSLATED)), @ARGV', 0644);
sub cgi {
	my ($env, @argv) = @_;
	return Corswrap::CGI::cgi_run(argv => \@argv, env => {
		CORSWRAP_CONFIG => "$dir/cgi/policy.ini", PATH => $ENV{PATH},
		GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'GET',
		HTTP_ORIGIN => $origin, SERVER_PROTOCOL => 'HTTP/1.1',
		SCRIPT_NAME => '/cgi-bin/w.cgi', DOCUMENT_ROOT => "$dir", %$env });
}
my %action = (REDIRECT_STATUS => 200, PATH_INFO => '/cgi/args.pl/t',
    SCRIPT_FILENAME => "$dir/cgi/w.cgi",
    PATH_TRANSLATED => "$dir/cgi/args.pl/t");
my $got = cgi(\%action);
is($got->{body}, "SCRIPT_NAME=/cgi/args.pl|SCRIPT_FILENAME=$dir/cgi/args.pl"
    . "|PATH_INFO=/t|PATH_TRANSLATED=$dir/t", 'R35: by Action: all four rewritten');
$got = cgi({ %action, PATH_INFO => '/cgi/args.pl',
	PATH_TRANSLATED => "$dir/cgi/args.pl" });
is($got->{body}, "SCRIPT_NAME=/cgi/args.pl|SCRIPT_FILENAME=$dir/cgi/args.pl"
    . '|PATH_INFO=unset|PATH_TRANSLATED=unset', 'R35: without a tail');
$got = cgi({ %action, QUERY_STRING => '-s' }, '-s');
# The whole text: the name of the temporary folder may contain "-s".
is($got->{body}, "SCRIPT_NAME=/cgi/args.pl|SCRIPT_FILENAME=$dir/cgi/args.pl"
    . "|PATH_INFO=/t|PATH_TRANSLATED=$dir/t", 'R37, CGI-103: argv is not the client\'s');

# CGI-089: each of these is a refusal with its line.
for my $case (
	[ 'R36, CGI-089: called directly', { REDIRECT_STATUS => undef }, 403, qr/called directly.*\[direct-call\].*Action/ ],
	[ 'R36: without a script', { PATH_TRANSLATED => undef }, 403, qr/\[direct-call\]/ ],
	[ 'outside of the folder of the policy', { PATH_TRANSLATED => "$dir/secret/app" }, 403, qr/\[outside-root\].*root in \[app\]/ ],
	[ 'missing', { PATH_TRANSLATED => "$dir/cgi/none.pl" }, 404, qr/\[script-missing\].*$path/ ],
    )
{
	my ($what, $change, $status, $re) = @$case;
	my %env = (%action, %$change);
	delete $env{$_} for grep { !defined $env{$_} } keys %env;
	$got = cgi(\%env);
	is($got->{status}, $status, "$what: $status");
	cors_on($got, $what);
	like($got->{stderr}, $re, "$what: logged");
}
# lighttpd's cgi.assign with a handler: argv[1] is the script.
$got = cgi({ SCRIPT_FILENAME => "$dir/cgi/args.pl", SCRIPT_NAME => '/args.pl' },
    "$dir/cgi/args.pl");
like($got->{body}, qr{^SCRIPT_NAME=/args\.pl\|SCRIPT_FILENAME=\Q$dir\E/cgi/args\.pl},
    'lighttpd: argv[1] is SCRIPT_FILENAME');
$got = cgi({ SCRIPT_FILENAME => "$dir/cgi/app", SCRIPT_NAME => '/app' },
    "$dir/cgi/args.pl");
is($got->{status}, 403, 'lighttpd: argv[1] is another: not taken');

# CGI-101: suEXEC leaves no CORSWRAP_CONFIG; the policy lies beside the program.
mkdir "$dir/home";
symlink corswrap(), "$dir/home/api.cgi";
write_file("$dir/home/.htapi.ini", "[app]\nexec = $dir/cgi/app\n[cors]\norigins = $origin\n");
$got = Corswrap::CGI::cgi_run(program => "$dir/home/api.cgi", env => {
	GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'GET',
	HTTP_ORIGIN => $origin, PATH => '/usr/bin:/bin' });
is($got->{status}, 200, 'CGI-101: suEXEC: the policy beside the program');
cors_on($got, 'CGI-101');

is($r->stop, 0, 'ends well');
done_testing;
