#!/usr/bin/perl
# corscheck warm: what can run warm and what cannot, whether it answers the
# same, and what the policy then needs.
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
# Linux before 5.3, too, and valgrind, have no pidfd_open.
if (my $cold = never_warm()) {
	is($exit, 1, 'none can run warm: 1');
	is($out . $err, "$good: cannot run warm: this needs Linux 5.3 or later\n",
	    'and why');
	SKIP: { skip $cold, 1 }
	done_testing;
	exit;
}
is($exit, 0, 'one that can run warm: 0');
like($out, qr/^The responses are the same, byte for byte, 10 times/m, 'it says so');
like($out, qr/^cold +\d+\.\d\d ms  \(\d.* to \d.*\)\nwarm +\d+\.\d\d ms/m, 'with times');
like($out, qr/^\[warm\]\nscripts = \Q$good\E$/m, 'and what to put into the policy');
unlike($out, qr/^load/m, 'it loads nothing late');
is($err, '', 'nothing else');

# Modules that it loads when it runs.
mkdir "$dir/lib";
write_file("$dir/lib/Late.pm", "package Late; require Text::Wrap; 1;\n");
write_file("$dir/lib/Held.pm", "package Held; open our \$f, '<', '/etc/passwd'; 1;\n");
my $late = script('late.pl', "use lib '$dir/lib'; " .
    'print require Late, eval { require No::Such } // 0, "\n"; require Held if $ENV{QUERY_STRING};');
($exit, $out) = check($policy, $late);
is($exit, 0, 'one that loads modules late');
like($out, qr/^scripts = \Q$late\E\nload = (?:\S+ )*Late (?:\S+ )*Text::Wrap(?: \S+)*$/m, 'those for the policy');
unlike($out, qr/Corswrap|No::Such/, 'no others');
write_file("$dir/load.ini", read_file($policy) . "[warm]\nload = Late\n");
($exit, $out) = check("$dir/load.ini", $late);
like($out, qr/^scripts = .*\nload = Late$/m, 'the policy has them: no others');
($exit, $out) = check($policy, $late, 'QUERY_STRING=held');
is($exit, 0, 'one of them cannot be loaded beforehand');
like($out, qr{^\Q$late\E: note: the modules .* cannot be loaded in advance: descriptor \d+ is open}m, 'why');
unlike($out, qr/^load/m, 'it runs warm without');

($exit, $out) = check($policy, script('handled.x', 'print "$^W\n"', '# no first line'));
is($exit, 0, 'one with a handler');

my $counter = script('counter.pl', <<"END");
open my \$f, '+>>', '$dir/n'; seek \$f, 0, 0; my \$n = <\$f> // 0; close \$f;
open \$f, '>', '$dir/n'; print {\$f} ++\$n; print "answer \$n\\n";
END
($exit, $out) = check($policy, $counter);
is($exit, 1, 'answers that differ: 1');
like($out, qr/^The responses differ, first in turn 1:\ncold  \.\.\.answer 1\\x0a\nwarm  \.\.\.answer 2\\x0a$/m,
    'where');
like($out, qr/differs from one cold start to the next/, 'and that it does so cold');
unlike($out, qr/^scripts/m, 'no advice');

my $env = script('env.pl', <<'END');
my $where;
BEGIN {
	$where = $ENV{QUERY_STRING};
}
print "at ", $where // 'nothing', "\n";
END
($exit, $out) = check($policy, $env, 'QUERY_STRING=here');
is($exit, 1, 'a request that is looked at too early: 1');
like($out, qr/^\Q$env\E:4: note: this looks at %ENV before there is a request/m, 'the line');
like($out, qr/^exit status|^cold  \.\.\.at here\\x0a\nwarm  \.\.\.at nothing/m, 'and what comes of it');

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
	is($exit, 1, "$what: 1");
	like($out, qr/^\Q$file\E: cannot run warm: $re/m, 'and why');
	like($err, qr/syntax error/, 'with what perl says') if $what eq 'an error';
}

is((check($policy, "$dir/none.pl"))[0], 2, 'no such script: 2');
is((check($policy, 'exec'))[0], 2, 'no exec: 2');
is((check($policy))[0], 2, 'no script: 2');
is((check($policy, $good, 'word'))[0], 2, 'no variable: 2');
write_file("$dir/e.ini", "[cors]\norigins = *\n[app]\nexec = $good\n");
($exit, $out) = check("$dir/e.ini", 'exec');
is($exit, 0, 'exec');
like($out, qr/^scripts = exec$/m, 'is called so');

# What is no file is not waited for.
mkfifo("$dir/fifo.pl", 0700) or die "mkfifo: $!";
for my $path ("$dir/fifo.pl", '/dev/zero', $dir) {
	($exit, $out, $err) = check($policy, $path);
	is($exit, 2, "$path: 2");
	like($err, qr/: it is not a regular file$/m, 'and why');
}

SKIP: {
	skip 'no php-cgi', 1 if !-x '/usr/bin/php-cgi';
	write_file("$dir/p.ini", "[cors]\norigins = *\n[app]\nroot = $dir\n[handlers]\n" .
	    ".php = /usr/bin/php-cgi\n[env]\nFOO = bar\n");
	my $script = write_file("$dir/x.php", '<?php echo json_encode($_GET), getenv("FOO"); ' .
	    'error_log("said"); fwrite(fopen("php://stderr", "w"), "written\n"); exit(3);');
	($exit, $out, $err) = check("$dir/p.ini", $script, 'QUERY_STRING=a=b');
	is($exit, 0, 'a PHP script that can run warm: 0');
	like($out, qr/^The responses are the same, byte for byte, 10 times/m, 'it says so');
	like($out, qr/^scripts = \Q$script\E$/m, 'and what to put into the policy');
	is($err, '', 'nothing else');
	write_file("$dir/x.php", '<?php echo getenv("FCGI_ROLE") ? "warm" : "cold";');
	($exit, $out) = check("$dir/p.ini", $script);
	is($exit, 1, 'answers that differ: 1');
	like($out, qr/^cold .*cold\nwarm .*warm$/m, 'where');
	write_file("$dir/p.ini", read_file("$dir/p.ini") =~ s/php-cgi/php-cgi -T 2/r);
	($exit, $out) = check("$dir/p.ini", $script);
	like($out, qr/cannot run warm: a switch of php-cgi is not understood/, 'a switch');
}
done_testing;
