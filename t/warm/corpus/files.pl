#!/usr/bin/perl
# Temporary files, which no two requests may share and which are removed.
use strict;
use warnings;
use File::Temp qw(tempfile tempdir);
print "Content-Type: text/plain\n\n";
my $dir = tempdir(CLEANUP => 1);
my ($fh, $name) = tempfile(DIR => $dir);
print {$fh} "x" x 10;
close $fh;
print -s $name, " bytes in a file of its own\n";
print STDERR "left: $dir\n" if $ENV{TELL};
