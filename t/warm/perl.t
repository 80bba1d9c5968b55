#!/usr/bin/perl
# Tests Corswrap::Warm without corswrap: programs of every kind run cold and in forks
# of a compiled interpreter in turn, and must respond the same, byte for byte.  Also
# refused programs, and leftover processes.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Corpus qw(corpus requests refused server_variables without_time);
use Corswrap::Test;
use Corswrap::Zygote qw(run_cold warm_possible);
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'no numbers of system calls' unless warm_possible();
my $turns = $ENV{CORSWRAP_LONG} ? 20 : 3;
my $dir = tempdir();

# --- the same as cold -------------------------------------------------------------------

# The response of a program without state must equal the first one each time, in
# twenty requests in total.
sub more {
	my ($name, $zygote, $first, $request, $count) = @_;
	for (1 .. $count) {
		my $got = $zygote->ask(%$request);
		for (qw(out err status)) {
			next if without_time($got->{$_}) eq $first->{$_};
			return is($got->{$_}, $first->{$_}, "$name: $_");
		}
	}
	return ok(1, "$name: the same $count times more");
}

# Cold and warm have folders of their own with the same state, so that they do not see
# each other's changes.
sub turns {
	my ($name, $zygote, $script, %how) = @_;
	my ($same, @requests) = (1, requests($name));
	my (%first, %state);
	for my $turn (1 .. $turns) {
		for my $request (@requests) {
			my %got;
			for my $way (qw(cold warm)) {
				my $state = "$dir/$way-$name";
				mkdir $state;
				my %r = (%$request, env => { %{ $request->{env} },
					GUESTBOOK => $state });
				$got{$way} = $way eq 'cold' ?
				    run_cold($script, %how, %r) : $zygote->ask(%r);
				$_ = without_time(s/\Q$state\E/STATE/gr)
				    for @{ $got{$way} }{qw(out err)};
			}
			for (qw(out err status)) {
				next if $got{cold}{$_} eq $got{warm}{$_};
				$same = 0;
				is($got{warm}{$_}, $got{cold}{$_}, "$name: $_ in turn $turn");
			}
			return if !$same;
			my $cold = $first{$request} //= $got{cold};
			$state{$request} ||= $cold->{$_} ne $got{cold}{$_} for qw(out err);
			ok(length $got{warm}{out}, "$name: there is output")
			    if $turn == 1;
		}
	}
	for my $request ($turns < 20 ? @requests : ()) {
		more($name, $zygote, $first{$request}, { %$request, env => {
			%{ $request->{env} }, GUESTBOOK => "$dir/warm-$name" } },
		    20 - $turns) if !$state{$request};
	}
	return ok($same, "$name: the same as cold, " . $turns * @requests . ' times');
}

for my $program (corpus()) {
	my ($name, $script, %how) = @$program;
	SKIP: {
		skip "$name: $how{lacks}", 1 if $how{lacks};
		my $zygote = Corswrap::Zygote->start($script, %how,
		    env => { server_variables() });
		is_deeply($zygote->{obstacles}, [],
		    "$name: the interpreter reports no obstacle")
		    or next;
		turns($name, $zygote, $script, %how);
		is($zygote->said, '',
		    "$name: the interpreter prints nothing on its own standard error");
		ok(wait_for(sub { !$zygote->children }),
		    "$name: no child process is left");
	}
}

# gitweb with a repository starts git several times and reads its output.
SKIP: {
	my ($gitweb) = grep { -e } '/usr/share/gitweb/gitweb.cgi', '/usr/lib/cgi-bin/gitweb.cgi';
	skip 'no gitweb here', 1 unless $gitweb && have_program('git');
	my %who = map { ("GIT_$_\_NAME" => 'Anna', "GIT_$_\_EMAIL" => 'a@b.example',
		"GIT_$_\_DATE" => '2005-04-07T22:13:13Z') } qw(AUTHOR COMMITTER);
	my ($failed) = run([ 'sh', '-ec', 'git init -q "$0/r" && cd "$0/r" && echo x >file && ' .
		'git add file && git commit -qm "a commit" && mv .git ../a.git', $dir ],
	    env => { %who, HOME => "$dir" });
	skip 'git does not commit', 1 if $failed;
	write_file("$dir/gitweb.conf", "\$projectroot = '$dir';\n");
	my $zygote = Corswrap::Zygote->start($gitweb);
	is_deeply($zygote->{obstacles}, [],
	    'gitweb: the interpreter reports no obstacle');
	for my $query ('', 'p=a.git;a=summary', 'p=a.git;a=commitdiff;h=HEAD', 'p=none') {
		my %env = (GITWEB_CONFIG => "$dir/gitweb.conf", REQUEST_METHOD => 'GET',
			QUERY_STRING => $query, SERVER_NAME => 'x', SCRIPT_NAME => '/gitweb.cgi',
			HOME => "$dir");
		my ($cold, $warm) = (run_cold($gitweb, env => \%env), $zygote->ask(env => \%env));
		is(without_time($warm->{$_}), without_time($cold->{$_}), "gitweb?$query: $_")
		    for qw(out err status);
		like($cold->{out}, qr/<html/, "gitweb?$query: the response is a page");
	}
}

# --- what differs in each fork -----------------------------------------------------------

sub program {
	my ($name, $code, $first) = @_;
	return write_file("$dir/$name", ($first // '#!/usr/bin/perl') . "\n$code\n", 0755);
}

my $random = program('random.pl', <<'END');
use File::Temp ();
use List::Util qw(shuffle);
BEGIN { rand } # seeded while it was compiled
print join ' ', $$, $^T, rand, (File::Temp::tempnam('/tmp', 'x'))[0],
    join '', shuffle 1 .. 30;
END
my $zygote = Corswrap::Zygote->start($random);
my (@early, %seen);
push @early, $zygote->spare for 1 .. 3;
sleep 1.1;
my $now = time;
for my $spare (@early, (undef) x 7) {
	my @words = split ' ', $zygote->ask($spare ? (spare => $spare) : ())->{out};
	cmp_ok($words[1], '>=', int $now, '^T is the time of the request');
	$seen{$_}++ for @words[0, 2 .. 4];
}
is_deeply([ grep { $seen{$_} > 1 } sort keys %seen ], [],
    'pids, random numbers, names of files and orders differ in each fork');
is(scalar keys %seen, 40, 'there are four different values for each of ten requests');

SKIP: {
	skip 'no Data::UUID', 1 unless eval { require Data::UUID; 1 };
	my $z = Corswrap::Zygote->start(program('uuid.pl', <<'END'));
use Data::UUID;
my $u = Data::UUID->new;
print join ' ', map { $u->create_str } 1 .. 3;
END
	my %ids = map { $_ => 1 } map { split ' ', $z->ask->{out} } 1 .. 20;
	is(scalar keys %ids, 60, 'identifiers of Data::UUID differ in each fork');
}

# No request sees changes of an earlier one.
$zygote = Corswrap::Zygote->start(program('globals.pl',
	'our ($n, %h); $h{$$} = ++$n; $main::{x}++; print "$n ", scalar keys %h'));
is($zygote->ask->{out}, '1 1', 'globals are fresh') for 1 .. 3;

# The environment has only the variables of the request.
$zygote = Corswrap::Zygote->start(program('env.pl', <<'END'), env => { OLD => 1 });
print join ' ', map { "$_=$ENV{$_}" } sort keys %ENV;
print "\n", `env | LC_ALL=C sort | grep -Ev '^(_|PWD|SHLVL|OLDPWD)='`;
END
is($zygote->ask(env => { A => 'x y', EMPTY => '', PATH => '/usr/bin:/bin',
	EQUAL => 'a=b=c', BYTES => "\xe4" })->{out},
    "A=x y BYTES=\xe4 EMPTY= EQUAL=a=b=c PATH=/usr/bin:/bin\n" .
    "A=x y\nBYTES=\xe4\nEMPTY=\nEQUAL=a=b=c\nPATH=/usr/bin:/bin\n",
    'the program and its child processes get the variables of the request');
my $big = 'v' x 100;
my %many = map { ("N$_" => $big) } 1 .. 600;
like($zygote->ask(env => \%many)->{out}, qr/N600=v{100} /, '64 KiB of variables arrive');

# --- the report ---------------------------------------------------------------------------

for my $case (refused()) {
	my ($what, $text, $first, $code) = @$case;
	my $z = Corswrap::Zygote->start(program('refused.pl', $code, $first));
	like(join('; ', @{ $z->{obstacles} }), $text, "refused: $what");
}

# A corswrap of another architecture, whose numbers of system calls are others here: 32
# bits, another byte order, another machine, unknown.  The script is not even compiled,
# because it may have an effect then.
{
	my $ours = architecture($^X);
	my $script = program('foreign.pl', "BEGIN { open my \$f, '>', '$dir/compiled' } print 'x'");
	for my $other ($ours ^ 3 << 24, $ours ^ 3 << 16, $ours ^ 1, 0) {
		my $z = Corswrap::Zygote->start($script, architecture => $other);
		is_deeply($z->{obstacles}, [ 'perl is of another architecture than corswrap: ' .
			"install the corswrap of perl's architecture" ],
		    "refused: a corswrap of architecture $other");
		is($z->said, '', 'and nothing is printed');
	}
	ok(!-e "$dir/compiled", 'a script is not compiled for a corswrap of another architecture');
}

mkdir "$dir/$_" for qw(lib lib/Deep first behind);
write_file("$dir/lib/Deep/Down.pm", "package Deep::Down; 1;\n");
$zygote = Corswrap::Zygote->start(program('modules.pl', <<"END"));
use lib "$dir/first", "$dir/lib";
BEGIN { push \@INC, "$dir/behind" }
use Deep::Down;
print "x";
END
my %files = map { $_ => 1 } @{ $zygote->{files} };
ok($files{"=$dir/lib/Deep/Down.pm"}, 'the module of a program is reported');
ok($files{"/$dir/first"} && $files{"?$dir/first/Deep/Down.pm"},
    'the folder in which the module would be found first is reported');
ok(!$files{"?$dir/behind/Deep/Down.pm"},
    'a folder that is searched later is not reported');
ok(!(grep { /Corswrap/ } keys %files), 'the modules of corswrap are not reported');

# --- load ------------------------------------------------------------------------------------

write_file("$dir/lib/$_->[0].pm", "package $_->[0]; $_->[1]\n1;\n") for
    [ Late => 'our $by = $$; our $imported = 0; sub import { $imported++ } END { print "end\n" }' ],
    [ Broken => 'die "out of order\n";' ], [ Holds => 'open our $f, "<", "/etc/passwd";' ],
    [ Speaks => 'print "spoken\n";' ], [ 'With' => 'require Deep::Down; $ENV{WITH} = 1;' ];
my $late = program('late.pl', <<"END", '#!/usr/bin/perl -T');
use lib '$dir/lib';
our \@told;
BEGIN { \$SIG{\$_} = sub { push \@told, \@_ } for qw(__DIE__ __WARN__); \$_ = 'kept' }
print "\$_\n";
print "there\n" if \$INC{'Late.pm'};
print "Content-Type: text/plain\n\n", require Late, "\n";
print \$Late::by == \$\$ ? 'own' : 'before', " \$Late::imported \$^S ", scalar \@told, "\n";
Late->import;
print "\$Late::imported\n";
END
my @perl = ($^X, '-T');
is(run_cold($late, words => \@perl)->{out},
    "kept\nContent-Type: text/plain\n\n1\nown 0 0 0\n1\nend\n",
    'a module that is loaded late works cold');
$zygote = Corswrap::Zygote->start($late, words => \@perl);
my $told = $zygote->ask(tell => 1);
is($told->{out}, "kept\nContent-Type: text/plain\n\n1\nown 0 0 0\n1\nend\n",
    'a module that is loaded late works warm');
is($told->{told}, "Late\0", 'with tell, a fork reports modules that are loaded late');
is($told->{status}, 0, 'with tell, a fork exits with the status of the program');
$zygote = Corswrap::Zygote->start($late, words => \@perl, load => [qw(Late json No_such:)]);
like($zygote->{obstacles}[0], qr/^module No_such: cannot be loaded: /,
    'load: an invalid name of a module is refused');
is(@{ $zygote->{obstacles} }, 1,
    'load: a missing module without :: is ignored, because it may be for Python');
$zygote = Corswrap::Zygote->start($late, words => \@perl, load => [qw(Late json)]);
is_deeply($zygote->{obstacles}, [], 'load: the interpreter reports no obstacle');
is($zygote->ask->{out}, "kept\nthere\nContent-Type: text/plain\n\n1\nbefore 0 0 0\n1\nend\n",
    'load: the module is loaded before the request, and not imported') for 1 .. 2;
is($zygote->ask(tell => 1)->{told}, '', 'load: no module is loaded late');
ok(scalar(grep { $_ eq "=$dir/lib/Late.pm" } @{ $zygote->{files} }),
    'load: the file of the module is reported');

for my $case (
	[ 'No::Such' => qr{^module No::Such cannot be loaded: Can't locate No/Such\.pm in \@INC} ],
	[ 'JSON_No::' => qr{^module JSON_No:: cannot be loaded: Can't locate JSON_No\.pm} ],
	[ Broken => qr/^module Broken cannot be loaded: out of order$/ ],
	[ Holds => qr{^descriptor \d+ is open: /etc/passwd$} ],
	[ Speaks => qr/^it wrote while it was compiled$/ ],
    ) {
	my ($module, $re) = @$case;
	my $z = Corswrap::Zygote->start($late, words => \@perl, load => [$module]);
	like($z->{obstacles}[0], $re, "load $module: refused");
	is($z->said, '', "load $module: the handlers of the script are not called");
}
$zygote = Corswrap::Zygote->start(program('with.pl',
	"use lib '$dir/lib'; print join ' ', \$ENV{WITH}, require Deep::Down, require With"),
    load => ['With']);
is($zygote->ask->{out}, '1 1 1',
    'load: changes of variables by a module remain in effect');

# --- leftover processes
# -------------------------------------------------------------------

sub gone {
	my ($pid) = @_;
	return wait_for(sub { !kill(0, $pid) || read_file("/proc/$pid/stat") =~ /\) Z / }, 10);
}

# A fork that does not get the last byte must not run the script.
my $touch = program('touch.pl', "open my \$f, '>', '$dir/ran'; END { open my \$f, '>', '$dir/end' }");
$zygote = Corswrap::Zygote->start($touch);
my $spare = $zygote->spare;
wait_for(sub { scalar $zygote->children });
my ($child) = $zygote->children;
close $spare;
ok(gone($child), 'a fork whose socket is closed ends');
ok(!-e "$dir/ran" && !-e "$dir/end",
    'a fork whose socket is closed runs no part of the script');

# When the zygote ends, so do its forks.
$zygote = Corswrap::Zygote->start(program('slow.pl', <<"END"));
\$SIG{TERM} = sub { open my \$f, '>', "$dir/told"; exit };
open my \$f, '>', "$dir/runs";
sleep 60;
END
my $asked = fork // die;
if (!$asked) { $zygote->ask; POSIX::_exit(0) }
wait_for(sub { -e "$dir/runs" });
($child) = $zygote->children;
my $pid = $zygote->{pid};
kill 'KILL', $asked;
waitpid $asked, 0;
undef $zygote;
ok(gone($child), 'a program ends when its client and its zygote end');
ok(-e "$dir/told", 'the program gets SIGTERM first');
ok(gone($pid), 'the zygote has ended');
done_testing;
