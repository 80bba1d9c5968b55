#!/usr/bin/perl
# A megabyte of output in small and large pieces, and standard error between.
print "Content-Type: application/octet-stream\n\n";
for my $i (1 .. 1000) {
	print "line $i ", 'x' x ($i % 80), "\n";
	print STDERR "at $i\n" if $i % 100 == 0;
}
print 'y' x 1_000_000;
