#!/usr/bin/perl
# An upload by multipart/form-data.
use strict;
use warnings;
use CGI;
my $q = CGI->new;
print $q->header('text/plain');
my $fh = $q->upload('file') or do { print "no file: ", $q->cgi_error // '', "\n"; exit };
binmode $fh;
my ($size, $sum) = (0, 0);
while (read $fh, my $buffer, 8192) {
	$size += length $buffer;
	$sum = ($sum + unpack '%32C*', $buffer) % 65521;
}
print "name ", scalar $q->param('file'), "\n";
print "type ", $q->uploadInfo(scalar $q->param('file'))->{'Content-Type'}, "\n";
print "size $size sum $sum\n";
print "text ", scalar $q->param('text'), "\n";
