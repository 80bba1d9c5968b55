#!/usr/bin/perl -w
# A death outside of any eval: what is said where, and the exit status.
use strict;
print "Content-Type: text/plain\n\nbefore\n";
warn "a warning";
my $undefined;
print "x" . $undefined . "\n";
eval { die { code => 42 } };
print "caught $@->{code}, in an eval: ", defined $^S && $^S ? 1 : 0, "\n";
$! = 9;
die "that was it";
