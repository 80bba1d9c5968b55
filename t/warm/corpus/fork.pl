#!/usr/bin/perl
# fork, wait, system, backticks, pipes, exec.
use strict;
use warnings;
$| = 1;
print "Content-Type: text/plain\n\n";
my $pid = fork // die "fork: $!";
if (!$pid) { print "in the child\n"; exit 3 }
waitpid $pid, 0;
print "child: ", $? >> 8, "\n";
system 'echo from system; exit 4';
print "system: ", $? >> 8, "\n";
print "backticks: ", `echo \$QUERY_STRING`;
open my $to, '|-', 'cat' or die;
print {$to} "through a pipe\n";
close $to;
open my $from, '-|', 'ls -1 /proc/self/fd | wc -l' or die;
print "descriptors of a child: ", scalar <$from>;
close $from;
local $SIG{CHLD} = 'IGNORE';
exec 'sh', '-c', 'echo exec: $$ | sed "s/[0-9][0-9]*/pid/"; exit 6';
