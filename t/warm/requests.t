#!/usr/bin/perl
# [warm] in a responder: the programs of the corpus must respond the same cold and
# warm, byte for byte, and limits, timeouts and disconnects must have the same effect.
# Also stale, stopped, killed and refused programs, and leftover processes.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Corpus qw(corpus refused requests without_time);
use Corswrap::FastCGI qw(fcgi_connect request_bytes);
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test;
use Corswrap::Warmth;
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

my $turns = $ENV{CORSWRAP_LONG} ? 50 : 2;

# --- the corpus ---------------------------------------------------------------------------

# Returns the log from an offset on, without pids and times.
sub complaints {
	my ($r, $from) = @_;
	my $text = substr $r->log, $from;
	$text =~ s/^\S+ (?=corswrap: )//gm;
	$text =~ s/\[\d+\]/[PID]/g;
	return $text;
}

my $corpus = top_src() . '/t/warm/corpus';
my $section = "root = $corpus\n";
my $cold = run_responder('', root => $corpus);
my $warm = run_responder("[warm]\nscripts = $corpus/*.pl\nafter = 1 in 1m\nmax = 64",
    root => $corpus, server => counter_lines());

# Sends a request cold and warm.  Each has a state of its own, and a repeated turn
# changes both.
sub both {
	my ($script, $request, $state) = @_;
	my %body = length $request->{body} ? (stdin => $request->{body}) : ();
	my %got;
	for my $way ([ cold => $cold ], [ warm => $warm ]) {
		my ($which, $r) = @$way;
		my $folder = "$state/$which";
		mkdir $folder;
		my $from = length $r->log;
		my $answer = ask($r, $script, params => { %{ $request->{env} },
			GUESTBOOK => $folder }, %body);
		sleep 0.02; # standard error arrives separately, perhaps later
		$got{$which} = join "\n", map({ "$_: " . ($answer->{$_} // "none") }
			qw(status appStatus)), map({ "$_: @{ $answer->{header}{$_} }" }
			sort keys %{ $answer->{header} }), $answer->{body},
		    complaints($r, $from);
		$got{$which} =~ s/\Q$folder\E/STATE/g;
		$got{$which} = without_time($got{$which});
	}
	return \%got;
}

sub compare {
	my ($name, $script, $request, $state) = @_;
	my ($got, $ran) = warm_turn($warm, sub { both($script, $request, $state) });
	is($ran, 1, "$name: it ran warm") or return;
	return is($got->{warm}, $got->{cold}, "$name: the same as cold");
}

# With --long, eight clients send a thousand requests for each program with a constant
# response.
sub crowd {
	my ($name, $script, $request, $expected) = @_;
	my ($each, $bad, @clients) = (125, 0);
	my %body = length $request->{body} ? (stdin => $request->{body}) : ();
	for (1 .. 8) {
		my $pid = fork // die "fork: $!";
		push @clients, $pid;
		next if $pid;
		my $wrong = 0;
		for (1 .. $each) {
			my $got = ask($warm, $script, params => $request->{env}, %body);
			$wrong++ if without_time($got->{body}) ne $expected;
		}
		_exit($wrong);
	}
	my $before = counted($warm)->{warm};
	for (@clients) { waitpid $_, 0; $bad += $? >> 8 || $? }
	my $ran = counted($warm)->{warm} - $before;
	return is($bad, 0,
	    "$name: a thousand requests from eight clients are the same as cold; $ran ran warm");
}

for my $program (corpus()) {
	my ($name, $script, %how) = @$program;
	SKIP: {
		skip "$name: $how{lacks}", 1 if $how{lacks};
		my $state = "$dir/state-$name";
		mkdir $state;
		mkdir "$state/early";
		my ($first) = requests($name);
		my %body = length $first->{body} ? (stdin => $first->{body}) : ();
		ok(warm_up($warm, $script, params => { %{ $first->{env} },
			GUESTBOOK => "$state/early" }, %body), "$name: it gets warm")
		    or next;
		for my $turn (1 .. $turns) {
			compare($name, $script, $_, $state) or last
			    for requests($name);
		}
		next if !$ENV{CORSWRAP_LONG};
		for my $request (requests($name)) {
			my %same = (params => $request->{env}, length $request->{body} ?
				(stdin => $request->{body}) : ());
			my @cold = map { without_time(ask($cold, $script, %same)->{body}) } 1, 2;
			crowd($name, $script, $request, $cold[0]) if $cold[0] eq $cold[1] &&
			    $name !~ /^(?:guestbook|session|sqlite|storable|files|syslog)$/;
		}
	}
}
is($warm->stop, 0, 'the warm responder exits with status 0');
is($cold->stop, 0, 'the cold responder exits with status 0');

# --- the process of a warm program --------------------------------------------------------

perl_program('where.pl', <<'END');
BEGIN { our $compiled = $$ }
our $bound;
BEGIN { $bound = join ' ', $ENV{LD_BIND_NOW} // 'none', `echo \${LD_BIND_NOW-none}` }
sub text { open my $f, '<', $_[0] or return; local $/; <$f> }
print "Content-Type: text/plain\n\n";
print "ppid ", getppid, "\n" if $ENV{QUERY_STRING} eq 'ppid';
print "bound $bound";
print "group ", getpgrp == $$ ? 1 : 0, "\n", text('/proc/self/limits'),
    join ' ', map { "$_=$ENV{$_}" } sort keys %ENV;
END
my $limits = "cpu-limit = 7\nfile-limit = 50\nmemory-limit = 900M\nprocess-limit = 5000\n" .
    "[env]\nFOO = bar";
my $one = run_responder($limits);
my $r = warm_responder($limits);
ok(warm_up($r, 'where.pl'), 'where.pl is warm');
is(ask_warm($r, 'where.pl')->{body}, ask($one, 'where.pl')->{body},
    'process group, limits and environment are the same as cold');
like(ask_warm($r, 'where.pl', params => { QUERY_STRING => 'ppid' })->{body},
    qr/^ppid (@{[ join '|', zygotes($r) ]})$/m,
    'a warm program is a child of the zygote');
like(ask_warm($r, 'where.pl')->{body}, qr/^bound none none$/m,
    'neither a compiling program nor its children see the variable for ld.so');
like(read_file('/proc/' . (zygotes($r))[0] . '/environ'), qr/(?:^|\0)LD_BIND_NOW=corswrap\0/,
    'the zygote was started with the variable for ld.so');
my $before = counted($r);
ask($r, 'where.pl', params => { PERL5LIB => '/nowhere' });
my $after = counted($r);
is($after->{cold} - $before->{cold}, 1,
    'a request with another PERL5LIB runs cold');
$_->stop for $one, $r;

# --- time, clients, signals ----------------------------------------------------------------

perl_program('slow.pl', <<'END');
$SIG{TERM} = sub { open my $f, '>', "$ENV{NOTE}.term"; exit };
if ($ENV{QUERY_STRING} eq 'sleep') {
	open my $f, '>', $ENV{NOTE}; print {$f} $$; close $f;
	sleep 60;
}
kill 'SEGV', $$ if $ENV{QUERY_STRING} eq 'die';
print "Content-Type: text/plain\n\nx";
if ($ENV{QUERY_STRING} eq 'late') {
	open my $f, '>', $ENV{NOTE}; print {$f} $$; close $f;
	sleep 60;
}
END
# The limit is longer on a slow machine.
my $limit = 500 * ($ENV{CORSWRAP_PATIENCE} || 1);
$r = warm_responder("first-byte-timeout = ${limit}ms\nkill-grace = 300ms");
ok(warm_up($r, 'slow.pl'), 'slow.pl is warm');
my $got = ask_warm($r, 'slow.pl', params => { QUERY_STRING => 'sleep',
	NOTE => "$dir/note1" });
is($got->{status}, 504, 'a program that takes too long: 504');
ok(gone(read_file("$dir/note1")), 'a program that takes too long is terminated');
ok(-e "$dir/note1.term", 'a program that takes too long gets SIGTERM first');
$got = ask_warm($r, 'slow.pl', params => { QUERY_STRING => 'die' });
is($got->{status}, 502, 'a program that dies: 502');
is($got->{appStatus}, 128 + 11, 'a program that dies: the signal is reported');
logged($r, qr/slow\.pl: terminated by signal 11/,
    'a program that dies: the signal is logged');
my $client = fcgi_connect($r->address);
$client->send_bytes(request_bytes(params => params('slow.pl',
	QUERY_STRING => 'late', NOTE => "$dir/note2")));
ok(wait_for(sub { read_file("$dir/note2") =~ /^\d/ }), 'a program runs');
$client->close;
ok(gone(read_file("$dir/note2")), 'a program is terminated when its client disconnects');
is(ask_warm($r, 'slow.pl')->{body}, 'x', 'the next request runs warm');
ok(wait_for(sub { my ($z) = zygotes($r); !grep { read_file("/proc/$_/stat") =~ /\) Z / }
	children_of($z) }), 'no zombie is left');

$r->stop;

# --- a zygote that is stopped ---------------------------------------------------------------

$r = warm_responder("kill-grace = 300ms");
my $count = "$dir/posted";
perl_program('post.pl', <<"END");
read STDIN, my \$body, 1000;
if (length \$body) { open my \$f, '>>', '$count'; print {\$f} "\$body\\n" }
print "Content-Type: text/plain\\n\\n\$body";
END
sub posted { return scalar split /\n/, read_file($count) }
ok(warm_up($r, 'post.pl'), 'post.pl is warm');
# (The zygote forks the next spare after a response.)
my ($zygote, @forks);
ok(wait_for(sub {
	($zygote) = grep { read_file("/proc/$_/cmdline") =~ /post\.pl/ } zygotes($r);
	@forks = defined $zygote ? children_of($zygote) : ();
	@forks > 0 }), 'spare forks of the zygote wait');
kill 'STOP', $zygote, @forks;
my $start = time;
$got = ask($r, 'post.pl', stdin => "post $_") for 1 .. 3;
is($got->{body}, 'post 3', 'stopped zygote and forks: POST requests get a response');
cmp_ok(time - $start, '<', patience(3),
    'stopped zygote and forks: the responses take less than three seconds');
is(posted(), 3, 'stopped zygote and forks: each POST ran once');
kill 'CONT', $zygote, @forks;
ok(warm_up($r, 'post.pl'), 'after they continue, post.pl gets warm again');
is(posted(), 3, 'the stopped forks ran nothing');

# --- kills ----------------------------------------------------------------------------------

sub zygote_of {
	my ($name) = @_;
	return grep { read_file("/proc/$_/cmdline") =~ /\Q$name\E/ } zygotes($r);
}
my $posts = posted();
for my $round (1 .. 10) {
	my @all = map { ($_, children_of($_)) } zygote_of('post.pl');
	kill 'KILL', $round % 2 ? @all : @all[1 .. $#all];
	is(ask($r, 'post.pl', stdin => "kill $round")->{body}, "kill $round",
	    'killed zygotes and forks: a POST gets a response');
	sleep 0.1;
}
is(posted(), $posts + 10, 'killed zygotes and forks: each POST ran once');
logged($r, qr{post\.pl: runs cold: signal 9 ended it \[warm-refused\]},
    'the log says that the zygote was killed');
ok(warm_up($r, 'post.pl'), 'after the kills, post.pl gets warm again');

# Its child still has the socket, so the zygote ends without the end of its report.
perl_program('dies.pl', <<"END");
use Time::HiRes 'sleep';
BEGIN { if ((-s STDIN // 0) == 1) {
	fork or do { my \$n = 600; sleep 0.05 until -e "$dir/go" || !\$n--; exit };
	kill KILL => \$\$;
} }
print "Content-Type: text/plain\\n\\nwell";
END
is(ask($r, 'dies.pl')->{body}, 'well', 'a script whose compilation is killed runs cold');
logged($r, qr{dies\.pl: runs cold: signal 9 ended it \[warm-refused\]},
    'the log says why');
is(ask($r, 'dies.pl')->{body}, 'well', 'and the responder lives on');
write_file("$dir/go", '');

# --- stale programs --------------------------------------------------------------------------

mkdir "$dir/lib";
mkdir "$dir/lib/first";
sub module { write_file("$dir/lib/Answer.pm.new",
	"package Answer; sub answer { '$_[0]' } 1;\n"); rename "$dir/lib/Answer.pm.new",
	$_[1] // "$dir/lib/Answer.pm" or die }
module('zero');
perl_program('stale.pl', "use lib '$dir/lib/first', '$dir/lib'; use Answer;\n" .
    'print "Content-Type: text/plain\n\n", Answer::answer()');
ok(warm_up($r, 'stale.pl'), 'stale.pl is warm');
module('one');
is(ask($r, 'stale.pl')->{body}, 'one', 'a replaced module is used immediately');
cmp_ok(counted($r)->{stale}, '>=', 1, 'a stale interpreter is counted');
ok(warm_up($r, 'stale.pl'), 'after a replaced module, stale.pl gets warm again');
is(ask_warm($r, 'stale.pl')->{body}, 'one',
    'after a replaced module, warm requests use it');
module('shadow', "$dir/lib/first/Answer.pm");
is(ask($r, 'stale.pl')->{body}, 'shadow',
    'a new module that is found earlier in @INC is used immediately');
unlink "$dir/lib/first/Answer.pm";
is(ask($r, 'stale.pl')->{body}, 'one', 'a removed module is no longer used');
ok(warm_up($r, 'stale.pl'), 'after a removed module, stale.pl gets warm again');
perl_program('stale.pl', 'print "Content-Type: text/plain\n\nnew script"');
is(ask($r, 'stale.pl')->{body}, 'new script', 'a changed script is used immediately');

# Late.pm is loaded by the script when it runs, but with `load` by the interpreter
# before the request.
write_file("$dir/lib/Late.pm", "package Late; our \$by = \$\$; 1;\n");
perl_program('late.pl', "use lib '$dir/lib'; require Late;\n" .
    'print "Content-Type: text/plain\n\n", $Late::by == getppid ? "before" : "late"');
my $loads = warm_responder('', warm => 'load = Late json xml.dom');
ok(warm_up($loads, 'late.pl'), 'late.pl is warm');
is(ask_warm($loads, 'late.pl')->{body}, 'before',
    'load: a module of Perl is loaded before, and modules of Python are ignored');
write_file("$dir/lib/Late.pm.new", "package Late; our \$by = 0; 1;\n");
rename "$dir/lib/Late.pm.new", "$dir/lib/Late.pm";
is(ask($loads, 'late.pl')->{body}, 'late', 'load: a replaced module is used immediately');
$loads->stop;

# A module is removed after it is read, and before the interpreter reports it.
module('one');
module('goes', "$dir/lib/first/Answer.pm");
perl_program('goes.pl', "use lib '$dir/lib/first', '$dir/lib'; use Answer;\n" .
    "BEGIN { unlink '$dir/lib/first/Answer.pm' if !exists \$ENV{REQUEST_METHOD} }\n" .
    'print "Content-Type: text/plain\n\n", Answer::answer()');
like(ask($r, 'goes.pl')->{body}, qr/^(?:goes|one)$/,
    'a module that a BEGIN block will remove: a request works');
ok(wait_for(sub { !-e "$dir/lib/first/Answer.pm" }),
    'the module is removed while the program is compiled');
is(ask($r, 'goes.pl')->{body}, 'one', 'the removed module is no longer used') for 1 .. 3;
ok(warm_up($r, 'goes.pl'), 'goes.pl is warm');
is(ask_warm($r, 'goes.pl')->{body}, 'one', 'the removed module is not used in warm requests');

# Under load, a request after a change must get the new response.
module('0');
perl_program('load.pl', "use lib '$dir/lib'; use Answer;\n" .
    'print "Content-Type: text/plain\n\n", Answer::answer()');
ok(warm_up($r, 'load.pl'), 'load.pl is warm');
my $warm_before = counted($r)->{warm};
my @clients;
for my $n (1 .. 3) {
	my $pid = fork // die;
	push @clients, $pid;
	next if $pid;
	my $end = time + 3;
	my $bad = 0;
	while (time < $end) {
		my $least = read_file("$dir/version") || 0;
		my $body = ask($r, 'load.pl')->{body} // '';
		$bad++ if $body !~ /^\d+$/ || $body < $least;
	}
	_exit($bad ? 1 : 0);
}
for my $version (1 .. 12) {
	sleep 0.2;
	module($version);
	write_file("$dir/version.new", $version);
	rename "$dir/version.new", "$dir/version";
}
for my $pid (@clients) {
	waitpid $pid, 0;
	is($?, 0, 'edits under load: no response is old, and none is missing');
}
my $counts = counted($r);
cmp_ok($counts->{stale}, '>=', 3, 'edits under load: stale interpreters were counted');
cmp_ok($counts->{warm}, '>', $warm_before,
    'edits under load: requests ran warm in between');

# --- watch, renew, max, memory ----------------------------------------------------------------

sub pids { my %seen; $seen{ ask($r, $_[0])->{body} }++ for 1 .. $_[1]; return \%seen }
is($r->stop, 0, 'the responder exits with status 0');
perl_program('parent.pl', 'print "Content-Type: text/plain\n\n", getppid');
write_file("$dir/template", 'x');
$r = warm_responder('', warm => "renew = 6 in 1h\nwatch = $dir/template\nspare = 2");
ok(warm_up($r, 'parent.pl'), 'parent.pl is warm');
my (%parents, $cold_ones);
# On a busy machine a request may run cold because its fork is late.
for my $try (1 .. 3) {
	$before = counted($r);
	%parents = ();
	for (1 .. 40) { $parents{ ask($r, 'parent.pl')->{body} }++; sleep 0.03 }
	$cold_ones = counted($r)->{cold} - $before->{cold} or last;
}
cmp_ok(scalar keys %parents, '>=', 3, 'an interpreter is renewed after some requests');
is($cold_ones, 0, 'no request runs cold while an interpreter is renewed');
my $stale;
for my $try (1 .. 3) {
	ok(warm_up($r, 'parent.pl'), 'parent.pl is warm before a watched file changes');
	write_file("$dir/template", 'y' x $try);
	$before = counted($r);
	ask($r, 'parent.pl');
	$stale = counted($r)->{stale} - $before->{stale} and last;
}
is($stale, 1, 'a changed watched file makes the interpreter stale');
$r->stop;

perl_program("many$_.pl", 'print "Content-Type: text/plain\n\n", getppid') for 1 .. 3;
$r = warm_responder('', warm => "max = 2\nspare = 0");
ok(warm_up($r, "many$_.pl"), "many$_.pl is warm") for 1 .. 3;
ok(wait_for(sub { zygotes($r) <= 2 }), 'max: there are at most two interpreters');
ok(!grep({ read_file("/proc/$_/cmdline") =~ /many1/ } zygotes($r)),
    'max: the least recently used interpreter has ended');
$r->stop;

$r = warm_responder('', warm => 'memory = 1M');
ask($r, 'many1.pl');
logged($r, qr{many1\.pl: runs cold: it takes \d+ MiB; raise \[warm\] memory},
    'memory: an interpreter that takes too much runs cold, and the log says so');
ok(wait_for(sub { !zygotes($r) }), 'memory: the interpreter has ended');
$r->stop;

# --- what cannot run warm ------------------------------------------------------------------------

$r = warm_responder('');
for my $case (refused()) {
	my ($what, $re, $first, $code) = @$case;
	my ($name) = map { s/\W+/-/gr } $what;
	perl_program("$name.pl", "$code\nprint \"Content-Type: text/plain\\n\\nx\"");
	my $from = length $r->log;
	$re = qr/it writes while it is compiled/ if $what eq 'output';
	ask($r, "$name.pl") for 1 .. 2;
	ok(wait_for(sub { substr($r->log, $from) =~ /\Q$name\E\.pl: runs cold: .*$re/ }),
	    "refused: the log says why: $what") or diag(substr $r->log, $from);
	ask($r, "$name.pl") for 1 .. 2;
	my $said = () = substr($r->log, $from) =~ /runs cold/g;
	is($said, 1, "refused: logged only once: $what");
}
perl_program('compile.pl', 'print "Content-Type: text/plain\n\nx"; my $x = ;');
is(ask($r, 'compile.pl')->{status}, 502, 'a program that does not compile: 502');
logged($r, qr/compile\.pl: runs cold: it ended by itself, with exit status 255/,
    'a program that does not compile: the log says why it runs cold');
my $suid = perl_program('suid.pl', 'print "Content-Type: text/plain\n\nx"');
chmod 04755, $suid;
ask($r, 'suid.pl');
logged($r, qr/suid\.pl: runs cold: it is set-user-id/, 'a set-user-id program runs cold');
write_file("$dir/cgi/loop.pl", "#!/usr/bin/perl -n\nprint;\n", 0755);
ask($r, 'loop.pl');
logged($r, qr/loop\.pl: runs cold: a switch of perl is not understood/,
    'a program with perl -n runs cold');
write_file("$dir/cgi/shell.pl", "#!/bin/sh\necho 'A: 1'; echo\n", 0755);
is(ask($r, 'shell.pl')->{status}, 200, 'a shell script works');
logged($r, qr/shell\.pl: runs cold: its interpreter is neither/,
    'a shell script runs cold');

# --- scripts in a folder that is a symbolic link -------------------------------------------------

symlink "$dir/cgi", "$dir/current";
my $linked = run_responder("[warm]\nscripts = $dir/current/env*.pl\nafter = 1 in 1m",
    root => "$dir/current", server => counter_lines());
perl_program('env2.pl', 'print "A: 1\n\nx"');
ok(warm_up($linked, 'env2.pl', params => { SCRIPT_FILENAME => "$dir/current/env2.pl" }),
    'a script in a folder that is a symbolic link gets warm');
my $count2 = counted($linked);
ask($linked, 'where.pl', params => { SCRIPT_FILENAME => "$dir/current/where.pl" });
is_deeply(counted($linked), $count2, 'a script that [warm] does not name is not counted');
$linked->stop;

# --- Python ----------------------------------------------------------------------------------------

SKIP: {
	my $python = (run([ 'python3', '-c', 'import sys; sys.version_info >= (3, 9) ' .
		'and print(sys.executable)' ]))[1] // '';
	chomp $python;
	skip 'no python3 that can receive descriptors', 1 if !-x $python;
	write_file("$dir/cgi/hello.py", "#!$python\n" . <<'END', 0755);
import os, sys, json, secrets
print('Content-Type: application/json\n')
json.dump([os.environ['QUERY_STRING'], sys.stdin.read(), secrets.token_hex(8)], sys.stdout)
if os.environ['QUERY_STRING'] == 'fails':
    raise ValueError('x')
END
	my $p = run_responder("[warm]\nscripts = $dir/cgi/*.py\nload = json secrets\n" .
	    'after = 1 in 1m', server => counter_lines());
	ok(warm_up($p, 'hello.py'), 'hello.py is warm');
	my %seen;
	for my $n (1 .. 5) {
		my $body = ask_warm($p, 'hello.py', params => { QUERY_STRING => "n=$n" },
		    stdin => "body $n", again => 1)->{body};
		like($body, qr/^\["n=$n", "body $n", "\w{16}"\]$/,
		    'a Python script gets the request and its body');
		$seen{$body}++;
	}
	is(scalar keys %seen, 5, 'random numbers differ in each request');
	is(ask_warm($p, 'hello.py', params => { QUERY_STRING => 'fails' })->{appStatus}, 1,
	    'an exception in Python: exit status 1');
	logged($p, qr/hello\.py\[\d+\]: ValueError: x/,
	    'an exception in Python: the traceback is logged');
	ok($p->log !~ /corswrap_warm\.py/,
	    'an exception in Python: the traceback has only frames of the script');
	write_file("$dir/cgi/hello.py", "#!$python\nprint('A: 1\\n\\nnew')\n", 0755);
	is(ask($p, 'hello.py')->{body}, "new\n",
	    'a changed Python script is used immediately');
	is($p->stop, 0, 'the responder with Python exits with status 0');
}

# --- reload, stop, the end of the responder -----------------------------------------------------

write_file("$dir/cgi/env.pl", "#!/usr/bin/env perl\nprint qq(Content-Type: text/plain\\n\\n\$ENV{FOO});\n", 0755);
ok(warm_up($r, 'env.pl'), 'a script with #!/usr/bin/env perl gets warm');
my @old = zygotes($r);
write_file($r->{policy}, read_file($r->{policy}) . "[env]\nFOO = new\n");
kill 'HUP', $r->pid;
logged($r, qr/has been reloaded/, 'the policy is reloaded');
is(ask($r, 'env.pl')->{body}, 'new', 'after a reload, a request gets the new policy');
ok(gone($_), 'a reload ends the zygotes') for @old;
ok(warm_up($r, 'env.pl'), 'after a reload, env.pl gets warm again');
is(ask_warm($r, 'env.pl')->{body}, 'new',
    'after a reload, warm requests get the new policy');
my @all = map { ($_, children_of($_)) } zygotes($r);
cmp_ok(scalar @all, '>=', 2, 'there are zygotes and forks before the stop');
$r->stop;
ok(gone($_), 'zygotes and forks end with the responder') for @all;

$r = warm_responder('');
perl_program('runs.pl', "open my \$f, '>', '$dir/running' if \$ENV{QUERY_STRING}; print {\$f} \$\$ if \$f; close \$f if \$f; sleep 60 if \$ENV{QUERY_STRING}; print qq(A: 1\\n\\n)");
ok(warm_up($r, 'runs.pl'), 'runs.pl is warm');
$client = fcgi_connect($r->address);
$client->send_bytes(request_bytes(params => params('runs.pl', QUERY_STRING => 1)));
ok(wait_for(sub { read_file("$dir/running") }), 'a program runs');
@all = map { ($_, children_of($_)) } zygotes($r);
($zygote) = zygotes($r);
kill 'STOP', $zygote;
kill 'KILL', $r->pid;
ok(gone($_),
    'zygotes and forks end when the responder is killed, even a stopped zygote') for @all;
done_testing;
