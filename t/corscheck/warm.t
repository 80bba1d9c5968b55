#!/usr/bin/perl
# corscheck warm says whether a program can run warm, whether its responses are then
# the same, and what the policy needs.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Test;
use POSIX qw(mkfifo);
use Test::More;

$ENV{CORSWRAP_LIBEXEC} = top_src() . '/lib';
my $dir = tempdir();
my $policy = write_file("$dir/p.ini",
    "[cors]\norigins = *\n[env]\nFIXED = yes\n[handlers]\n.x = /usr/bin/perl -w\n");

sub script {
	my ($name, $code, $first) = @_;
	return write_file("$dir/$name", ($first // '#!/usr/bin/perl') . "\n$code\n", 0755);
}

sub check {
	my (@words) = @_;
	my ($exit, $out, $err) = run([ corscheck(), 'warm', @words ], timeout => 60);
	return ($exit, $out // '', $err // '');
}

my $good = script('good.pl', <<'END');
use POSIX ();
print "Content-Type: text/plain\n\n$ENV{QUERY_STRING} $ENV{FIXED} $ENV{SCRIPT_FILENAME}\n";
print STDERR "said\n"; exit 3;
END
my ($exit, $out, $err) = check($policy, $good, 'QUERY_STRING=a=b');
# A corscheck of another architecture (musl-i386) can start no perl warm.
if (foreign_perl()) {
	is($exit, 1, 'another architecture than that of perl: exit status 1');
	is($out . $err, "$good: cannot run warm: perl is of another architecture than corswrap: "
	    . "install the corswrap of perl's architecture\n", 'and the message says so');
	SKIP: { skip never_warm(), 1 }
	done_testing;
	exit;
}
# Without pidfd_open no program can run warm: with --enable-posix-only, on Linux before
# 5.3, or under valgrind before 3.20.
if (my $cold = never_warm()) {
	is($exit, 1, 'without pidfd_open: exit status 1');
	is($out . $err, "$good: cannot run warm: this needs Linux 5.3 or later\n",
	    'without pidfd_open: the message says what is needed');
	SKIP: { skip $cold, 1 }
	done_testing;
	exit;
}
is($exit, 0, 'a program that can run warm: exit status 0');
like($out, qr/^The responses are the same, byte for byte, 10 times/m,
    'the responses are compared');
like($out, qr/^cold +\d+\.\d\d ms  \(\d.* to \d.*\)\nwarm +\d+\.\d\d ms/m,
    'the times of cold and warm are printed');
like($out, qr/^\[warm\]\nscripts = \Q$good\E$/m, 'the keys for the policy are printed');
unlike($out, qr/^load/m, 'there is no load key: no module is loaded late');
is($err, '', 'nothing is printed on standard error');

# Modules that a program loads when it runs, not when it is compiled, go into `load`.
mkdir "$dir/lib";
write_file("$dir/lib/Late.pm", "package Late; require Text::Wrap; 1;\n");
write_file("$dir/lib/Held.pm", "package Held; open our \$f, '<', '/etc/passwd'; 1;\n");
my $late = script('late.pl', "use lib '$dir/lib'; " .
    'print require Late, eval { require No::Such } // 0, "\n"; require Held if $ENV{QUERY_STRING};');
($exit, $out) = check($policy, $late);
is($exit, 0, 'a program that loads modules late: exit status 0');
like($out, qr/^scripts = \Q$late\E\nload = (?:\S+ )*Late (?:\S+ )*Text::Wrap(?: \S+)*$/m,
    'load has the modules that were loaded late');
unlike($out, qr/Corswrap|No::Such/, 'load has no other modules');
write_file("$dir/load.ini", read_file($policy) . "[warm]\nload = Late\n");
($exit, $out) = check("$dir/load.ini", $late);
like($out, qr/^scripts = .*\nload = Late$/m,
    'if the policy loads a module, load stays the same');
($exit, $out) = check($policy, $late, 'QUERY_STRING=held');
is($exit, 0, 'a module that cannot be loaded in advance: exit status 0');
like($out, qr{^\Q$late\E: note: the modules .* cannot be loaded in advance: descriptor \d+ is open}m,
    'a module that cannot be loaded in advance: the note says why');
unlike($out, qr/^load/m,
    'there is no load key with a module that cannot be loaded in advance');

($exit, $out) = check($policy, script('handled.x', 'print "$^W\n"', '# no first line'));
is($exit, 0, 'a script with a handler: exit status 0');

my $counter = script('counter.pl', <<"END");
open my \$f, '+>>', '$dir/n'; seek \$f, 0, 0; my \$n = <\$f> // 0; close \$f;
open \$f, '>', '$dir/n'; print {\$f} ++\$n; print "answer \$n\\n";
END
($exit, $out) = check($policy, $counter);
is($exit, 1, 'responses that differ: exit status 1');
like($out, qr/^The responses differ, first in turn 1:\ncold  \.\.\.answer 1\\x0a\nwarm  \.\.\.answer 2\\x0a$/m,
    'responses that differ: the difference is printed');
like($out, qr/differs from one cold start to the next/,
    'responses that differ: so they do between cold starts');
unlike($out, qr/^scripts/m, 'responses that differ: no keys are suggested');

my $env = script('env.pl', <<'END');
my $where;
BEGIN {
	$where = $ENV{QUERY_STRING};
}
print "at ", $where // 'nothing', "\n";
END
($exit, $out) = check($policy, $env, 'QUERY_STRING=here');
is($exit, 1, 'a program that reads variables too early: exit status 1');
like($out, qr/^\Q$env\E:4: note: this looks at %ENV before there is a request/m,
    'a program that reads variables too early: the line is named');
like($out, qr/^exit status|^cold  \.\.\.at here\\x0a\nwarm  \.\.\.at nothing/m,
    'a program that reads variables too early: the difference is printed');

for my $case (
	[ 'an open file', 'BEGIN { open our $f, "<", "/etc/passwd" }',
		qr{descriptor \d+ is open: /etc/passwd} ],
	[ 'output', 'BEGIN { print "x" }', qr/it writes while it is compiled/ ],
	[ 'an error', 'my $x = ;', qr/it ends while it is compiled/ ],
	[ 'another language', 'echo', qr/its interpreter is neither/, '#!/bin/sh' ],
    )
{
	my ($what, $code, $re, $first) = @$case;
	my $file = script('bad.pl', $code, $first);
	($exit, $out, $err) = check($policy, $file);
	is($exit, 1, "$what: exit status 1");
	like($out, qr/^\Q$file\E: cannot run warm: $re/m, "$what: the reason is printed");
	like($err, qr/syntax error/,
	    "$what: the message of perl is printed") if $what eq 'an error';
}

is((check($policy, "$dir/none.pl"))[0], 2, 'a missing script: exit status 2');
is((check($policy, 'exec'))[0], 2, 'exec with a policy that has no exec: exit status 2');
is((check($policy))[0], 2, 'without a script: exit status 2');
is((check($policy, $good, 'word'))[0], 2,
    'an argument that is not NAME=value: exit status 2');
write_file("$dir/e.ini", "[cors]\norigins = *\n[app]\nexec = $good\n");
($exit, $out) = check("$dir/e.ini", 'exec');
is($exit, 0, 'the program of exec: exit status 0');
like($out, qr/^scripts = exec$/m, 'the program of exec: scripts is set to exec');

# corscheck does not wait for something that is not a regular file.
mkfifo("$dir/fifo.pl", 0700) or die "mkfifo: $!";
for my $path ("$dir/fifo.pl", '/dev/zero', $dir) {
	($exit, $out, $err) = check($policy, $path);
	is($exit, 2, "$path: exit status 2");
	like($err, qr/: it is not a regular file$/m, "$path: the message says why");
}

SKIP: {
	skip 'no php-cgi', 1 if !-x '/usr/bin/php-cgi';
	write_file("$dir/p.ini", "[cors]\norigins = *\n[app]\nroot = $dir\n[handlers]\n" .
	    ".php = /usr/bin/php-cgi\n[env]\nFOO = bar\n");
	my $script = write_file("$dir/x.php", '<?php echo json_encode($_GET), getenv("FOO"); ' .
	    'error_log("said"); fwrite(fopen("php://stderr", "w"), "written\n"); exit(3);');
	($exit, $out, $err) = check("$dir/p.ini", $script, 'QUERY_STRING=a=b');
	is($exit, 0, 'a PHP script that can run warm: exit status 0');
	like($out, qr/^The responses are the same, byte for byte, 10 times/m,
    'PHP: the responses are compared');
	like($out, qr/^scripts = \Q$script\E$/m,
	    'PHP: the keys for the policy are printed');
	is($err, '', 'PHP: nothing is printed on standard error');
	write_file("$dir/x.php", '<?php echo getenv("FCGI_ROLE") ? "warm" : "cold";');
	($exit, $out) = check("$dir/p.ini", $script);
	is($exit, 1, 'PHP, responses that differ: exit status 1');
	like($out, qr/^cold .*cold\nwarm .*warm$/m, 'PHP: the difference is printed');
	write_file("$dir/p.ini", read_file("$dir/p.ini") =~ s/php-cgi/php-cgi -T 2/r);
	($exit, $out) = check("$dir/p.ini", $script);
	like($out, qr/cannot run warm: a switch of php-cgi is not understood/,
	    'PHP, an unknown switch: the message says why it cannot run warm');
}
done_testing;
