#!/usr/bin/perl -CS
# Layers that switches and pragmas of the program put on the standard handles.
use utf8;
use open ':std', ':encoding(UTF-8)';
use strict;
use warnings;
binmode STDOUT, ':utf8';
print "Content-Type: text/plain; charset=utf-8\n\n";
print "grün \x{263a} ${^UNICODE}\n";
my $in = <STDIN> // '';
print length $in, " characters: $in\n";
print STDERR "grün auf STDERR\n";
print "@{[ PerlIO::get_layers(*STDOUT) ]}\n";
