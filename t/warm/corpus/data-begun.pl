#!/usr/bin/perl
# DATA of a module, which was read in part while it was compiled.
use FindBin;
use lib "$FindBin::Bin/lib";
use HasData;
print "Content-Type: text/plain\n\n", "first: $HasData::first";
print "rest: $_" while <HasData::DATA>;
print fileno(HasData::DATA) > 2 ? "open\n" : "odd\n";
