#!/usr/bin/perl
# Storable, JSON::PP, POSIX and Data::Dumper: structures there and back.
use strict;
use warnings;
use Data::Dumper;
use JSON::PP;
use POSIX qw(strftime floor);
use Storable qw(freeze thaw dclone);
$Data::Dumper::Sortkeys = $Data::Dumper::Indent = 1;
my $json = JSON::PP->new->canonical->pretty;
my $data = { list => [ 1 .. 5 ], text => "a\tb", deep => { x => { y => undef } } };
print "Content-Type: application/json\r\n\r\n";
print $json->encode(thaw(freeze($data)));
print Dumper(dclone($data));
print strftime('%Y-%m-%d', gmtime 86400 * 365), ' ', floor(2.7), "\n";
