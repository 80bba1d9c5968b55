#!/usr/bin/perl
# php-cgi as a warm server: scripts must respond the same cold and warm, byte for
# byte, and limits, timeouts and disconnects must have the same effect.  Also stale,
# stopped, killed and refused servers, and leftover processes.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Corpus qw(php_corpus);
use Corswrap::FastCGI qw(fcgi_connect request_bytes);
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test;
BEGIN { $Corswrap::Warmth::language = 'php' }
use Corswrap::Warmth;
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

my $php = '/usr/bin/php-cgi';
plan skip_all => 'no php-cgi' if !-x $php;
my $turns = $ENV{CORSWRAP_LONG} ? 100 : 2;

sub php { my ($name, $code) = @_; return write_file("$dir/cgi/$name", $code) }

sub php_responder {
	my ($app, %o) = @_;
	my $warm = delete $o{warm} // '';
	my $words = delete $o{words} // $php;
	my $section = $warm eq 'none' ? '' :
	    "[warm]\nscripts = $dir/cgi/*.php, $dir/cgi/*/*.php\nafter = 1 in 1m\n$warm";
	return run_responder("$app\n[handlers]\n.php = $words\n$section",
	    server => counter_lines(), %o);
}

# Returns the warm php-cgi servers, busy or idle.
sub servers {
	my ($r) = @_;
	return grep { read_file("/proc/$_/cmdline") =~ /php-cgi\0-d\0opcache/ &&
	    read_file("/proc/$_/cmdline") !~ /report\.php/ } children_of($r->pid);
}

sub settled { my ($r) = @_; return wait_for(sub { servers($r) > 0 }) }

# --- the corpus ----------------------------------------------------------------------------

my $env = "[env]\nFOO = bar\nMORE = \"a b\"";
my $cold = php_responder($env, warm => 'none');
my $warm = php_responder($env, warm => 'max = 30');

# Returns the log lines of a request, without pids and exit statuses, which FastCGI
# does not report.
sub complaints {
	my ($r, $from) = @_;
	my @lines = grep { !/\[exit-status\]/ } split /\n/, substr $r->log, $from;
	s/^\S+ (?=corswrap: )//, s/\[\d+\]/[PID]/g for @lines;
	# If PHP has not read the whole body, a socket is reset, but a pipe only
	# ends.
	s/error: \K(?:\S+: \S.*? \[early-end\]|no output \[bad-header\])([^;]*);.*/no response$1/
	    for @lines;
	# PHP's own messages and those of its children arrive on different ways,
	# in any order.
	return join "\n", sort @lines;
}

sub settle_text {
	my ($text, $folder) = @_;
	$text =~ s/\Q$folder\E/STATE/g;
	$text =~ s/^(REQUEST_TIME(?:_FLOAT)?)=.*/$1=TIME/mg;
	# FastCGI adds this variable, and no parameter can remove it.
	$text =~ s/^FCGI_ROLE="RESPONDER"\n//mg;
	return $text;
}

# Sends a request cold and warm, each with a state of its own.
sub both {
	my ($name, $request, $folder) = @_;
	my %got;
	for my $way ([ cold => $cold ], [ warm => $warm ]) {
		my ($which, $r) = @$way;
		my $from = length $r->log;
		my $got = ask($r, "$name-$which/x.php", params => { %{ $request->{env} } },
		    length $request->{body} ? (stdin => $request->{body}) : ());
		sleep 0.02;
		$got{$which} = settle_text(join("\n", "status $got->{status}",
		    map({ "$_: @{ $got->{header}{$_} }" } sort keys %{ $got->{header} }),
		    $got->{body}, complaints($r, $from)), $folder->{$which});
		$got{$which} =~ s/\Q$name\E-$which/$name/g;
	}
	return \%got;
}

for my $program (php_corpus()) {
	my ($name, $files, @requests) = @$program;
	my %folder;
	for my $way (qw(cold warm)) {
		$folder{$way} = "$dir/cgi/$name-$way";
		mkdir $folder{$way};
		write_file("$folder{$way}/$_", $files->{$_}) for keys %$files;
	}
	# After warming up, no file is too recent when it is compiled.
	ok(warm_up($warm, "$name-warm/x.php"), "$name: it gets warm") or next;
	unlink glob "$folder{warm}/*.state $folder{warm}/sess_*";
	for my $turn (1 .. $turns) {
		my $good = 1;
		for my $request (@requests) {
			my ($got, $ran) = warm_turn($warm,
			    sub { both($name, $request, \%folder) });
			$good &&= is($ran, 1, "$name: it ran warm") &&
			    is($got->{warm}, $got->{cold}, "$name: the same as cold");
		}
		last if !$good;
	}
}

# --- what differs in each request -------------------------------------------------------------

php('random.php', '<?php echo mt_rand(), " ", random_int(0, PHP_INT_MAX), " ", ' .
    'uniqid("", true), " ", session_create_id(), " ", lcg_value();');
ok(warm_up($warm, 'random.php'), 'random.php is warm');
my %seen;
for (1 .. 20) {
	$seen{$_}++ for split ' ', ask_warm($warm, 'random.php')->{body};
}
is(scalar keys %seen, 100, 'random numbers and identifiers differ in each request');
php('kept.php', '<?php class C { static $n = 0; } $GLOBALS["g"] = ($g ?? 0) + 1; ' .
    'putenv("KEPT=1"); echo ++C::$n, $g, defined("K") ? 1 : 0, ini_get("precision"), ' .
    'umask(), setlocale(LC_ALL, 0); define("K", 1); ini_set("precision", 3); umask(0); ' .
    'setlocale(LC_ALL, "C.UTF-8"); chdir("/"); set_error_handler(fn() => 1); ' .
    'error_reporting(0); header("X-Kept: 1"); ob_start(); mb_internal_encoding("x");' =~
    s/mb_internal_encoding.*//r);
ok(warm_up($warm, 'kept.php'), 'kept.php is warm');
my $first = ask($cold, 'kept.php')->{body};
is(ask_warm($warm, 'kept.php')->{body}, $first,
    'a request does not see changes of an earlier one') for 1 .. 3;
is($warm->stop, 0, 'the warm responder exits with status 0');
is($cold->stop, 0, 'the cold responder exits with status 0');

# --- time, clients, signals ---------------------------------------------------------------------

php('slow.php', <<'END');
<?php
$what = $_SERVER['QUERY_STRING'];
if ($what === 'sleep' || $what === 'late') {
	if ($what === 'late') { echo 'x'; flush(); }
	file_put_contents($_SERVER['NOTE'], getmypid());
	sleep(60);
}
if ($what === 'child') {
	file_put_contents($_SERVER['NOTE'], exec('sleep 60 >/dev/null 2>&1 & echo $!'));
	sleep(60);
}
if ($what === 'die') posix_kill(getmypid(), 11);
if ($what === 'finish') {
	ignore_user_abort(true);
	echo 'x'; flush();
	file_put_contents($_SERVER['NOTE'], getmypid());
	sleep(1);
	file_put_contents($_SERVER['NOTE'] . '.done', 1);
	exit;
}
echo 'x';
END
# The limit is longer on a slow machine.
my $limit = 500 * ($ENV{CORSWRAP_PATIENCE} || 1);
my $r = php_responder("first-byte-timeout = ${limit}ms\nkill-grace = 300ms");
ok(warm_up($r, 'slow.php'), 'slow.php is warm');
my $got = ask_warm($r, 'slow.php', params => { QUERY_STRING => 'sleep', NOTE => "$dir/note1" });
is($got->{status}, 504, 'a script that takes too long: 504');
cors_on($got, 'a script that takes too long: 504');
ok(gone(read_file("$dir/note1")), 'a script that takes too long is terminated');
ok(warm_up($r, 'slow.php'), 'after a timeout, slow.php gets warm again');
$got = ask_warm($r, 'slow.php', params => { QUERY_STRING => 'child', NOTE => "$dir/note2" });
is($got->{status}, 504, 'a script with a child that takes too long: 504');
ok(gone(read_file("$dir/note2")),
    'the child of a script that takes too long is terminated');
ok(warm_up($r, 'slow.php'), 'after a timeout with a child, slow.php gets warm again');
$got = ask_warm($r, 'slow.php', params => { QUERY_STRING => 'die' });
is($got->{status}, 502, 'a script that dies: 502');
cors_on($got, 'a script that dies: 502');
is($got->{appStatus}, 128 + 11, 'a script that dies: the signal is reported');
logged($r, qr/slow\.php: terminated by signal 11/,
    'a script that dies: the signal is logged');
ok(warm_up($r, 'slow.php'), 'after a script died, slow.php gets warm again');
my $client = fcgi_connect($r->address);
$client->send_bytes(request_bytes(params => params('slow.php',
	QUERY_STRING => 'late', NOTE => "$dir/note3")));
ok(wait_for(sub { read_file("$dir/note3") =~ /^\d/ }), 'a script runs');
$client->close;
ok(gone(read_file("$dir/note3")), 'a script is terminated when its client disconnects');
ok(warm_up($r, 'slow.php'), 'after a disconnect, slow.php gets warm again');
is(ask_warm($r, 'slow.php')->{body}, 'x', 'after a disconnect, the response is right');
ok(wait_for(sub { !zombies_of($r->pid) }), 'no zombie is left');
$r->stop;
$r = php_responder("on-abort = finish\nkill-grace = 300ms");
ok(warm_up($r, 'slow.php'), 'slow.php is warm');
my ($server) = servers($r);
$client = fcgi_connect($r->address);
$client->send_bytes(request_bytes(params => params('slow.php',
	QUERY_STRING => 'finish', NOTE => "$dir/note4")));
ok(wait_for(sub { read_file("$dir/note4") =~ /^\d/ }),
    'on-abort = finish: a script runs');
$client->close;
ok(wait_for(sub { -s "$dir/note4.done" }),
    'on-abort = finish: the script finishes after the client disconnected');

# --- servers that are stopped or killed, with POST requests ----------------------------------------

my $count = "$dir/posted";
php('post.php', <<"END");
<?php
\$body = file_get_contents('php://input');
if (\$body !== '') file_put_contents('$count', "\$body\\n", FILE_APPEND);
if (\$body === 'slow') sleep(2);
echo \$body;
END
sub posted { return scalar split /\n/, read_file($count) }
ok(warm_up($r, 'post.php'), 'post.php is warm');
ok(settled($r), 'idle servers are waiting');
my @stopped = servers($r);
kill 'STOP', @stopped;
my $start = time;
$got = ask($r, 'post.php', stdin => "post $_") for 1 .. 3;
is($got->{body}, 'post 3', 'stopped servers: POST requests get a response');
cmp_ok(time - $start, '<', patience(3),
    'stopped servers: the responses take less than three seconds');
is(posted(), 3, 'stopped servers: each POST ran once');
ok(gone($_), 'a stopped server is killed') for $stopped[0];
kill 'CONT', @stopped;
sleep 0.3;
is(posted(), 3, 'the stopped servers ran nothing');
ok(warm_up($r, 'post.php'), 'after stopped servers, post.php gets warm again');
my $posts = posted();
for my $round (1 .. 10) {
	kill 'KILL', servers($r);
	is(ask($r, 'post.php', stdin => "kill $round")->{body}, "kill $round",
	    'killed servers: a POST gets a response');
	sleep 0.1;
}
is(posted(), $posts + 10, 'killed servers: each POST ran once');
ok(warm_up($r, 'post.php'), 'after killed servers, post.php gets warm again');
my ($pid, $ran);
($got, $ran) = warm_turn($r, sub {
	$posts = posted();
	$pid = fork // die;
	if (!$pid) {
		wait_for(sub { posted() > $posts });
		kill 'KILL', servers($r);
		_exit(0);
	}
	my $answer = ask($r, 'post.php', stdin => 'slow');
	waitpid $pid, 0;
	return $answer;
});
is($ran, 1, 'a slow POST ran warm');
is($got->{status}, 502, 'a server killed while it runs a POST: 502');
cors_on($got, 'a server killed while it runs a POST: 502');
is(posted(), $posts + 1, 'a server killed while it runs a POST: the POST ran once');
# A child of a dead script keeps the connection open.
php('holds.php', '<?php exec("sleep 3 > /dev/null 2>&1 &"); posix_kill(getmypid(), 9);');
$start = time;
is(ask($r, 'holds.php')->{status}, 502, 'a script that dies and leaves a child: 502');
cmp_ok(time - $start, '<', 2,
    'a script that dies and leaves a child: the response does not wait for the child');
is($r->stop, 0, 'the responder exits with status 0');

# --- stale servers ------------------------------------------------------------------------------------

$r = php_responder('');
my $old = time - 1000;
php('stale.php', '<?php echo "one";');
utime $old, $old, "$dir/cgi/stale.php";
ok(warm_up($r, 'stale.php'), 'stale.php is warm');
is(ask_warm($r, 'stale.php')->{body}, 'one', 'the response of stale.php before changes');
write_file("$dir/cgi/new", '<?php echo "two";');
utime $old, $old, "$dir/cgi/new";
rename "$dir/cgi/new", "$dir/cgi/stale.php";
is(ask_warm($r, 'stale.php')->{body}, 'two',
    'a replaced script is used even if size and time are the same');
php('stale.php', '<?php include "part.php"; include "link/part.php";');
php('part.php', '<?php echo "a";');
mkdir "$dir/$_" for qw(first second);
write_file("$dir/first/part.php", '<?php echo "first";');
write_file("$dir/second/part.php", '<?php echo "second";');
symlink "$dir/first", "$dir/cgi/link";
is(ask_warm($r, 'stale.php')->{body}, 'afirst', 'included files, before changes');
php('part.php', '<?php echo "b";');
symlink "$dir/second", "$dir/cgi/link.new";
rename "$dir/cgi/link.new", "$dir/cgi/link";
is(ask_warm($r, 'stale.php')->{body}, 'bsecond',
    'a changed included file and a changed link are used');
mkdir "$dir/cgi/ini";
php('ini/x.php', '<?php echo ini_get("precision"), ini_get("arg_separator.output"), ' .
    'php_ini_loaded_file();');
write_file("$dir/cgi/ini/.user.ini", 'precision = 5');
my %in = (params => { DOCUMENT_ROOT => "$dir/cgi" });
ok(warm_up($r, 'ini/x.php', %in), 'a folder with a .user.ini is warm');
like(ask_warm($r, 'ini/x.php', %in)->{body}, qr/^5&/, 'the .user.ini is used');
write_file("$dir/cgi/ini/.user.ini", 'precision = 6');
like(ask_warm($r, 'ini/x.php', %in)->{body}, qr/^6&/, 'a changed .user.ini is used');
like(ask_warm($r, 'stale.php')->{body}, qr/^b/,
    'the servers of another folder are not affected');
write_file("$dir/cgi/ini/php.ini", "precision = 9\narg_separator.output = +\n");
like(ask($r, 'ini/x.php', %in)->{body}, qr{^6\+\Q$dir\E/cgi/ini/php\.ini$},
    'a new php.ini is used');
cmp_ok(counted($r)->{stale}, '>=', 1, 'after a new php.ini, a server was stale');
ok(warm_up($r, 'ini/x.php', %in), 'with a new php.ini, ini/x.php gets warm again');
like(ask_warm($r, 'ini/x.php', %in)->{body}, qr{^6\+\Q$dir\E/cgi/ini/php\.ini$},
    'with a new php.ini, warm requests use it');
write_file("$dir/cgi/ini/php.ini", "arg_separator.output = -\n");
like(ask($r, 'ini/x.php', %in)->{body}, qr{^6-}, 'a changed php.ini is used');
$r->stop;

# --- how many servers, and how long they live ---------------------------------------------------------

php('pid.php', '<?php usleep((int)$_SERVER["QUERY_STRING"]); echo getmypid(), " ", getmypid() ' .
    '=== posix_getpgrp() ? 1 : 0;');
$r = php_responder("[env]\nPHP_FCGI_MAX_REQUESTS = 3");
ok(warm_up($r, 'pid.php'), 'pid.php is warm');
my %pids;
for (1 .. 30) { $pids{ ask($r, 'pid.php')->{body} }++; sleep 0.03 }
cmp_ok(scalar keys %pids, '>=', 8, 'PHP_FCGI_MAX_REQUESTS: servers are replaced');
ok(!grep({ !/^\d+ 1$/ } keys %pids),
    'PHP_FCGI_MAX_REQUESTS: every request gets a response, and each server leads its group');
$r->stop;
$r = php_responder('', warm => 'renew = 5 in 1h');
ok(warm_up($r, 'pid.php'), 'pid.php is warm');
%pids = ();
for (1 .. 40) { $pids{ ask($r, 'pid.php')->{body} }++; sleep 0.03 }
cmp_ok(scalar keys %pids, '>=', 3, 'renew: servers are replaced');
ok(!grep({ !/^\d+ 1$/ } keys %pids), 'renew: every request gets a response');
$r->stop;
sub crowd {
	my ($r, $clients, $each, $script, %o) = @_;
	my @all;
	for my $n (1 .. $clients) {
		my $pid = fork // die;
		push @all, $pid;
		next if $pid;
		my $bad = 0;
		for my $i (1 .. $each) {
			my $got = ask($r, $script, %o, stdin => "id-$n-$i");
			$bad++ if $got->{body} !~ /^(?:id-$n-$i|\d+ 1)$/;
		}
		_exit($bad > 100 ? 100 : $bad);
	}
	my $bad = 0;
	for (@all) { waitpid $_, 0; $bad += $? >> 8 || ($? ? 100 : 0) }
	return $bad;
}
$r = php_responder('', warm => 'max = 3');
ok(warm_up($r, 'pid.php'), 'pid.php is warm');
is(crowd($r, 6, 10, 'pid.php', params => { QUERY_STRING => 20_000 }), 0,
    'with more simultaneous requests than max, every response is right');
cmp_ok(scalar(my @now = servers($r)), '<=', 3, 'there are at most max servers');
$r->stop;
unlink $count;
$r = php_responder('');
ok(warm_up($r, 'post.php'), 'post.php is warm');
my $each = $ENV{CORSWRAP_LONG} ? 1000 : 60;
my $before = counted($r);
$pid = fork // die;
if (!$pid) {
	for (1 .. 10) {
		sleep 0.1;
		my @some = servers($r);
		my $stopped = $some[rand @some] or next;
		kill 'STOP', $stopped;
		sleep 0.4;
		kill 'CONT', $stopped; # it may have had a request
	}
	_exit(0);
}
is(crowd($r, 8, $each, 'post.php'), 0,
    'many clients while servers are stopped: every response is right');
waitpid $pid, 0;
my @posted = split /\n/, read_file($count);
my %posted = map { $_ => 1 } @posted;
is(scalar @posted, 8 * $each, 'many clients: the script ran once for each request');
is(scalar keys %posted, 8 * $each, 'many clients: no request ran twice');
note join ' ', map { $_ => counted($r)->{$_} } qw(warm cold stale);
cmp_ok(counted($r)->{warm} - $before->{warm}, '>', $each,
    'many clients: more than an eighth of the requests ran warm');
ok(wait_for(sub { servers($r) <= 8 && !zombies_of($r->pid) }),
    'many clients: at most eight servers and no zombie are left');

# --- reload, stop, the end of the responder --------------------------------------------------------------

ok(warm_up($r, 'post.php'), 'post.php is warm');
my @all = servers($r);
kill 'HUP', $r->pid;
write_file($r->{policy}, read_file($r->{policy}) . "[env]\nFOO = new\n");
kill 'HUP', $r->pid;
logged($r, qr/has been reloaded/, 'the policy is reloaded');
ok(gone($_), 'a reload ends the servers') for @all;
php('env.php', '<?php echo getenv("FOO"), " ", trim(shell_exec("echo \$FOO"));');
ok(warm_up($r, 'env.php'), 'env.php is warm');
is(ask_warm($r, 'env.php')->{body}, 'new new',
    'after a reload, the script and its child processes get the new variables');
@all = servers($r);
is($r->stop, 0, 'the responder exits with status 0 after a reload');
ok(gone($_), 'servers end with the responder') for @all;
# It needs a TMPDIR of its own, because other tests have sockets in /tmp.
mkdir "$dir/tmp";
$r = php_responder('', env => { TMPDIR => "$dir/tmp" });
ok(warm_up($r, 'slow.php'), 'slow.php is warm');
$client = fcgi_connect($r->address);
$client->send_bytes(request_bytes(params => params('slow.php',
	QUERY_STRING => 'late', NOTE => "$dir/note5")));
ok(wait_for(sub { read_file("$dir/note5") =~ /^\d/ }), 'a server runs a request');
ok(settled($r), 'other servers are idle');
@all = servers($r);
kill 'STOP', $all[0];
kill 'KILL', $r->pid;
ok(gone($_), 'servers end when the responder is killed, even a stopped one') for @all;
is_deeply([ glob "$dir/tmp/corswrap-*" ], [], 'no socket and no folder is left');

# --- what cannot run warm ----------------------------------------------------------------------------------

for my $case ([ "$php -T 5", qr/a switch of php-cgi is not understood/ ],
	[ "$php -d opcache.preload=$dir/cgi/part.php -d opcache.preload_user=root",
	    qr/opcache\.preload is set/ ]) {
	my ($words, $re) = @$case;
	$r = php_responder('', words => $words);
	ask($r, 'pid.php') for 1 .. 3;
	logged($r, qr/php-cgi: runs cold: $re/,
	    "$words: it runs cold, and the log says why");
	$r->stop;
}
$r = php_responder("[env]\nPHP_FCGI_CHILDREN = 2");
ask($r, 'pid.php') for 1 .. 3;
logged($r, qr/php-cgi: runs cold: PHP_FCGI_CHILDREN is set/,
    'PHP_FCGI_CHILDREN: it runs cold, and the log says why');
$r->stop;
$r = php_responder('cpu-limit = 100');
my $cpu = counted($r);
is(ask($r, 'env.php')->{status}, 200, 'cpu-limit: a request works');
is(counted($r)->{cold} - $cpu->{cold}, 1, 'cpu-limit: the request runs cold');
$r->stop;
write_file("$dir/cgi/line.cgi", "#!$php\n<?php echo 'line';\n", 0755);
$r = run_responder("[warm]\nscripts = $dir/cgi/*.cgi\nafter = 1 in 1m");
is(ask($r, 'line.cgi')->{body}, 'line', 'a script whose first line names php-cgi works');
logged($r, qr/line\.cgi: runs cold: its first line names php-cgi/,
    'a script whose first line names php-cgi runs cold');
$r->stop;
$r = php_responder("memory-limit = 1G\nfile-limit = 33\ndirectory = $dir", words => "$php -d precision=4");
php('limits.php', '<?php echo file_get_contents("/proc/self/limits"), getcwd(), ini_get("precision");' .
    ' include "part.php"; chdir("/");');
$cold = php_responder("memory-limit = 1G\nfile-limit = 33\ndirectory = $dir", warm => 'none',
    words => "$php -d precision=4");
ok(warm_up($r, 'limits.php'),
    'with limits, a directory and switches, limits.php gets warm');
is(ask_warm($r, 'limits.php')->{body}, ask($cold, 'limits.php')->{body},
    'with limits, a directory and switches, warm is the same as cold, even after chdir') for 1 .. 2;
done_testing;
