#!/usr/bin/perl
# What standard input is: size, kind, place, and its bytes in both ways.
use strict;
use warnings;
print "Content-Type: text/plain\n\n";
print "pipe ", -p STDIN ? 1 : 0, " file ", -f STDIN ? 1 : 0, " size ", -s STDIN || 0, "\n";
print "terminal ", -t STDIN ? 1 : 0, -t STDOUT ? 1 : 0, -t STDERR ? 1 : 0, "\n";
print "tell ", tell(STDIN), " sysseek ", sysseek(STDIN, 0, 1) // "no: $!", "\n";
print "eof ", eof(STDIN) ? 1 : 0, "\n";
my $line = <STDIN>;
print "line $line" if defined $line;
print "number $.\n" if defined $.;
print "seek ", seek(STDIN, 0, 0) ? 'yes' : "no: $!", "\n";
read STDIN, my $all, $ENV{CONTENT_LENGTH} || 0;
print "bytes ", length $all, ": $all\n";
print "layers @{[ PerlIO::get_layers(*STDIN) ]} @{[ PerlIO::get_layers(*STDOUT) ]}\n";
