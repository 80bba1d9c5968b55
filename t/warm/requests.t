#!/usr/bin/perl
# [warm] in a responder: the corpus cold and warm, byte for byte; stale,
# stopped, killed and refused programs; limits, timeouts and disconnects as
# when cold; leftover processes.
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

# The log lines of a program since then, without pid and time.
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

# Both ways; each has a state of its own, which a repeated turn changes in both.
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
		sleep 0.02; # standard error comes in another way
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
	is($ran, 1, "$name: ran warm") or return;
	return is($got->{warm}, $got->{cold}, "$name: the same as cold");
}

# --long: a thousand requests for a program with a constant response, from
# eight clients at once.
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
	return is($bad, 0, "$name: a thousand at once, the same as cold; $ran were warm");
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
			GUESTBOOK => "$state/early" }, %body), "$name: gets warm")
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
is($warm->stop, 0, 'it ends well');
is($cold->stop, 0, 'so does the other');

# --- where it runs ------------------------------------------------------------------------

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
ok(warm_up($r, 'where.pl'), 'it gets warm');
is(ask_warm($r, 'where.pl')->{body}, ask($one, 'where.pl')->{body},
    'group, limits, environment are as when cold');
like(ask_warm($r, 'where.pl', params => { QUERY_STRING => 'ppid' })->{body},
    qr/^ppid (@{[ join '|', zygotes($r) ]})$/m, 'it is a child of the zygote');
like(ask_warm($r, 'where.pl')->{body}, qr/^bound none none$/m,
    'a variable for ld.so is not seen while it is compiled, nor by its programs');
like(read_file('/proc/' . (zygotes($r))[0] . '/environ'), qr/(?:^|\0)LD_BIND_NOW=corswrap\0/,
    'but it was started with it');
my $before = counted($r);
ask($r, 'where.pl', params => { PERL5LIB => '/nowhere' });
my $after = counted($r);
is($after->{cold} - $before->{cold}, 1,
    'variables that perl itself looks at are those that it was started with');
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
# Longer where everything takes longer.
my $limit = 500 * ($ENV{CORSWRAP_PATIENCE} || 1);
$r = warm_responder("first-byte-timeout = ${limit}ms\nkill-grace = 300ms");
ok(warm_up($r, 'slow.pl'), 'slow.pl is warm');
my $got = ask_warm($r, 'slow.pl', params => { QUERY_STRING => 'sleep',
	NOTE => "$dir/note1" });
is($got->{status}, 504, 'a program that takes too long: 504');
ok(gone(read_file("$dir/note1")), 'it has been ended');
ok(-e "$dir/note1.term", 'with TERM first');
$got = ask_warm($r, 'slow.pl', params => { QUERY_STRING => 'die' });
is($got->{status}, 502, 'a program that dies: 502');
is($got->{appStatus}, 128 + 11, 'and its signal is known');
logged($r, qr/slow\.pl: terminated by signal 11/, 'and logged');
my $client = fcgi_connect($r->address);
$client->send_bytes(request_bytes(params => params('slow.pl',
	QUERY_STRING => 'late', NOTE => "$dir/note2")));
ok(wait_for(sub { read_file("$dir/note2") =~ /^\d/ }), 'it runs');
$client->close;
ok(gone(read_file("$dir/note2")), 'a client that goes ends it');
is(ask_warm($r, 'slow.pl')->{body}, 'x', 'the next is warm again');
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
# (It forks the next one behind a response.)
my ($zygote, @forks);
ok(wait_for(sub {
	($zygote) = grep { read_file("/proc/$_/cmdline") =~ /post\.pl/ } zygotes($r);
	@forks = defined $zygote ? children_of($zygote) : ();
	@forks > 0 }), 'forks of it wait');
kill 'STOP', $zygote, @forks;
my $start = time;
$got = ask($r, 'post.pl', stdin => "post $_") for 1 .. 3;
is($got->{body}, 'post 3', 'the zygote and its forks are stopped: POSTs are answered');
cmp_ok(time - $start, '<', patience(3), 'soon');
is(posted(), 3, 'and each ran once');
kill 'CONT', $zygote, @forks;
ok(warm_up($r, 'post.pl'), 'it gets warm again');
is(posted(), 3, 'what had been stopped ran nothing');

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
	    'killed: answered');
	sleep 0.1;
}
is(posted(), $posts + 10, 'each ran once');
logged($r, qr{post\.pl: runs cold: signal 9 ended it \[warm-refused\]},
    'the log says what became of it');
ok(warm_up($r, 'post.pl'), 'and another one comes');

# --- what is stale ---------------------------------------------------------------------------

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
is(ask($r, 'stale.pl')->{body}, 'one', 'a module that was replaced is never old');
cmp_ok(counted($r)->{stale}, '>=', 1, 'and counted');
ok(warm_up($r, 'stale.pl'), 'then it is warm anew');
is(ask_warm($r, 'stale.pl')->{body}, 'one', 'with the new one');
module('shadow', "$dir/lib/first/Answer.pm");
is(ask($r, 'stale.pl')->{body}, 'shadow', 'a module that comes before it counts');
unlink "$dir/lib/first/Answer.pm";
is(ask($r, 'stale.pl')->{body}, 'one', 'and one that goes');
ok(warm_up($r, 'stale.pl'), 'it is warm');
perl_program('stale.pl', 'print "Content-Type: text/plain\n\nnew script"');
is(ask($r, 'stale.pl')->{body}, 'new script', 'a script that was changed is never old');

# One that the script loads when it runs, and the interpreter before.
write_file("$dir/lib/Late.pm", "package Late; our \$by = \$\$; 1;\n");
perl_program('late.pl', "use lib '$dir/lib'; require Late;\n" .
    'print "Content-Type: text/plain\n\n", $Late::by == getppid ? "before" : "late"');
my $loads = warm_responder('', warm => 'load = Late json xml.dom');
ok(warm_up($loads, 'late.pl'), 'late.pl is warm');
is(ask_warm($loads, 'late.pl')->{body}, 'before', 'load: a module of it, but none of Python');
write_file("$dir/lib/Late.pm.new", "package Late; our \$by = 0; 1;\n");
rename "$dir/lib/Late.pm.new", "$dir/lib/Late.pm";
is(ask($loads, 'late.pl')->{body}, 'late', 'and never an old one');
$loads->stop;

# A module that goes between the moment when it is read and the report of it.
module('one');
module('goes', "$dir/lib/first/Answer.pm");
perl_program('goes.pl', "use lib '$dir/lib/first', '$dir/lib'; use Answer;\n" .
    "BEGIN { unlink '$dir/lib/first/Answer.pm' if !exists \$ENV{REQUEST_METHOD} }\n" .
    'print "Content-Type: text/plain\n\n", Answer::answer()');
like(ask($r, 'goes.pl')->{body}, qr/^(?:goes|one)$/, 'a module that is going to go');
ok(wait_for(sub { !-e "$dir/lib/first/Answer.pm" }), 'goes while it is compiled');
is(ask($r, 'goes.pl')->{body}, 'one', 'and is not used any more') for 1 .. 3;
ok(warm_up($r, 'goes.pl'), 'goes.pl is warm');
is(ask_warm($r, 'goes.pl')->{body}, 'one', 'and right');

# Under load: a request after the change gets the new response.
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
	is($?, 0, 'edits under load: no answer is old and none is lost');
}
my $counts = counted($r);
cmp_ok($counts->{stale}, '>=', 3, 'they were seen');
cmp_ok($counts->{warm}, '>', $warm_before, 'and it was warm in between');

# --- watch, renew, max, memory ----------------------------------------------------------------

sub pids { my %seen; $seen{ ask($r, $_[0])->{body} }++ for 1 .. $_[1]; return \%seen }
is($r->stop, 0, 'it stops');
perl_program('parent.pl', 'print "Content-Type: text/plain\n\n", getppid');
write_file("$dir/template", 'x');
$r = warm_responder('', warm => "renew = 6 in 1h\nwatch = $dir/template\nspare = 2");
ok(warm_up($r, 'parent.pl'), 'parent.pl is warm');
my (%parents, $cold_ones);
# On a busy machine one may be cold because its fork is late.
for my $try (1 .. 3) {
	$before = counted($r);
	%parents = ();
	for (1 .. 40) { $parents{ ask($r, 'parent.pl')->{body} }++; sleep 0.03 }
	$cold_ones = counted($r)->{cold} - $before->{cold} or last;
}
cmp_ok(scalar keys %parents, '>=', 3, 'an interpreter is renewed after some requests');
is($cold_ones, 0, 'and no request runs cold for it');
my $stale;
for my $try (1 .. 3) {
	ok(warm_up($r, 'parent.pl'), 'it is warm');
	write_file("$dir/template", 'y' x $try);
	$before = counted($r);
	ask($r, 'parent.pl');
	$stale = counted($r)->{stale} - $before->{stale} and last;
}
is($stale, 1, 'a watched file that changes makes it stale');
$r->stop;

perl_program("many$_.pl", 'print "Content-Type: text/plain\n\n", getppid') for 1 .. 3;
$r = warm_responder('', warm => "max = 2\nspare = 0");
ok(warm_up($r, "many$_.pl"), "many$_.pl is warm") for 1 .. 3;
ok(wait_for(sub { zygotes($r) <= 2 }), 'max: the least used has gone');
ok(!grep({ read_file("/proc/$_/cmdline") =~ /many1/ } zygotes($r)), 'that one');
$r->stop;

$r = warm_responder('', warm => 'memory = 1M');
ask($r, 'many1.pl');
logged($r, qr{many1\.pl: runs cold: it takes \d+ MiB; raise \[warm\] memory}, 'memory');
ok(wait_for(sub { !zygotes($r) }), 'and it is ended');
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
	    "refused and named: $what") or diag(substr $r->log, $from);
	ask($r, "$name.pl") for 1 .. 2;
	my $said = () = substr($r->log, $from) =~ /runs cold/g;
	is($said, 1, 'once');
}
perl_program('compile.pl', 'print "Content-Type: text/plain\n\nx"; my $x = ;');
is(ask($r, 'compile.pl')->{status}, 502, 'what does not compile is 502 as always');
logged($r, qr/compile\.pl: runs cold: it ended by itself, with exit status 255/, 'and said');
my $suid = perl_program('suid.pl', 'print "Content-Type: text/plain\n\nx"');
chmod 04755, $suid;
ask($r, 'suid.pl');
logged($r, qr/suid\.pl: runs cold: it is set-user-id/, 'set-user-id: cold');
write_file("$dir/cgi/loop.pl", "#!/usr/bin/perl -n\nprint;\n", 0755);
ask($r, 'loop.pl');
logged($r, qr/loop\.pl: runs cold: a switch of perl is not understood/, '-n: cold');
write_file("$dir/cgi/shell.pl", "#!/bin/sh\necho 'A: 1'; echo\n", 0755);
is(ask($r, 'shell.pl')->{status}, 200, 'a shell script');
logged($r, qr/shell\.pl: runs cold: its interpreter is neither/, 'is cold');

# --- named through a link ------------------------------------------------------------------------

symlink "$dir/cgi", "$dir/current";
my $linked = run_responder("[warm]\nscripts = $dir/current/env*.pl\nafter = 1 in 1m",
    root => "$dir/current", server => counter_lines());
perl_program('env2.pl', 'print "A: 1\n\nx"');
ok(warm_up($linked, 'env2.pl', params => { SCRIPT_FILENAME => "$dir/current/env2.pl" }),
    'a script in a folder that is a link');
my $count2 = counted($linked);
ask($linked, 'where.pl', params => { SCRIPT_FILENAME => "$dir/current/where.pl" });
is_deeply(counted($linked), $count2, 'another one is not counted');
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
		like($body, qr/^\["n=$n", "body $n", "\w{16}"\]$/, 'a request and its body');
		$seen{$body}++;
	}
	is(scalar keys %seen, 5, 'no two alike');
	is(ask_warm($p, 'hello.py', params => { QUERY_STRING => 'fails' })->{appStatus}, 1,
	    'an exception: exit status 1');
	logged($p, qr/hello\.py\[\d+\]: ValueError: x/, 'and a traceback');
	ok($p->log !~ /corswrap_warm\.py/, 'with the frames of the script alone');
	write_file("$dir/cgi/hello.py", "#!$python\nprint('A: 1\\n\\nnew')\n", 0755);
	is(ask($p, 'hello.py')->{body}, "new\n", 'a changed script is never old');
	is($p->stop, 0, 'it ends well');
}

# --- reload, stop, the end of the responder -----------------------------------------------------

write_file("$dir/cgi/env.pl", "#!/usr/bin/env perl\nprint qq(Content-Type: text/plain\\n\\n\$ENV{FOO});\n", 0755);
ok(warm_up($r, 'env.pl'), '#!/usr/bin/env perl');
my @old = zygotes($r);
write_file($r->{policy}, read_file($r->{policy}) . "[env]\nFOO = new\n");
kill 'HUP', $r->pid;
logged($r, qr/has been reloaded/, 'a reload');
is(ask($r, 'env.pl')->{body}, 'new', 'takes the new policy');
ok(gone($_), 'and ends a zygote') for @old;
ok(warm_up($r, 'env.pl'), 'another one comes');
is(ask_warm($r, 'env.pl')->{body}, 'new', 'warm with the new policy');
my @all = map { ($_, children_of($_)) } zygotes($r);
cmp_ok(scalar @all, '>=', 2, 'zygotes and forks are there');
$r->stop;
ok(gone($_), 'gone with a stop') for @all;

$r = warm_responder('');
perl_program('runs.pl', "open my \$f, '>', '$dir/running' if \$ENV{QUERY_STRING}; print {\$f} \$\$ if \$f; close \$f if \$f; sleep 60 if \$ENV{QUERY_STRING}; print qq(A: 1\\n\\n)");
ok(warm_up($r, 'runs.pl'), 'runs.pl is warm');
$client = fcgi_connect($r->address);
$client->send_bytes(request_bytes(params => params('runs.pl', QUERY_STRING => 1)));
ok(wait_for(sub { read_file("$dir/running") }), 'one runs');
@all = map { ($_, children_of($_)) } zygotes($r);
($zygote) = zygotes($r);
kill 'STOP', $zygote;
kill 'KILL', $r->pid;
ok(gone($_), 'gone when the responder is killed, even a stopped one') for @all;
done_testing;
