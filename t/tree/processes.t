#!/usr/bin/perl
# What a test has started ends with the test, and so does what a server leaves.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::Test;
use Test::More;

my $dir = tempdir();

# A server that ends at SIGTERM, but starts one more process first, and a child
# that ignores it and has a child.
sub server {
	my ($name, %how) = @_;
	my $pid = start([ '/bin/sh', '-c', <<'END', $name ], dir => "$dir", %how);
sh -c 'trap "" TERM; sleep 1000 & echo $! >"$0.below"; wait' "$0" &
echo $! >"$0.child"
trap 'sleep 1001 & echo $! >"$0.late"; exit 0' TERM
wait
END
	ok(wait_for(sub { -s "$dir/$name.child" && -s "$dir/$name.below" }),
	    "$name: has started");
	return $pid;
}

# Is such a process there, and no zombie?
sub runs {
	my ($file) = @_;
	my $pid = read_file("$dir/$file") + 0;
	return kill(0, $pid) &&
	    read_file("/proc/$pid/stat") !~ /\A\d+ \(.*\) Z /s;
}

SKIP: {
	skip 'no list of children in /proc: not Linux', 5
	    unless -e "/proc/$$/task/$$/children";
	my $pid = server('server', descendants => 1);
	is(stop($pid), 0, 'server: ends');
	ok(wait_for(sub { !runs("server.$_") }, 20), "server: its $_ has ended")
	    for qw(child below late);
}

# Tests of what is left behind must see it.
is(stop(server('alone')), 0, 'alone: ends');
for my $file (qw(alone.child alone.below alone.late)) {
	ok(runs($file), "$file: still there");
	kill 'KILL', read_file("$dir/$file") + 0;
}

done_testing();
