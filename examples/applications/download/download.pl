#!/usr/bin/perl
# A download of ?size= bytes (300 MB) whose bytes depend on their position.  It
# does not implement CORS, but Range: a page can fetch a part.
# SPDX-License-Identifier: ISC
use strict;
use warnings;

my ($size) = ($ENV{QUERY_STRING} // '') =~ /\bsize=(\d{1,12})\b/;
$size //= 300_000_000;
my ($from, $to) = (0, $size - 1);
my $part = ($ENV{HTTP_RANGE} // '') =~ /^bytes=(\d{1,12})-(\d{0,12})$/ &&
    $1 < $size;
if ($part) {
	$from = $1;
	$to = $2 if length $2 && $2 < $to;
}
# 251 is a prime, so every block begins differently.
my $pattern = join('', map { chr } 0 .. 250) x 1000;
my $count = $to - $from + 1;
print $part ? "Status: 206 Partial Content\r\n"
    . "Content-Range: bytes $from-$to/$size\r\n" : '',
    "Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\n",
    "Content-Disposition: attachment; filename=\"large.bin\"\r\n",
    "Content-Length: $count\r\n\r\n";
exit if $ENV{REQUEST_METHOD} eq 'HEAD';
binmode STDOUT;
for (my $at = $from; $at <= $to; ) {
	my $begin = $at % 251;
	my $n = length($pattern) - $begin;
	$n = $to - $at + 1 if $n > $to - $at + 1;
	print substr $pattern, $begin, $n;
	$at += $n;
}
