#!/usr/bin/perl
# What a main program relies on.
use strict;
use warnings;
use FindBin qw($Bin $Script);
use File::Basename;
print "Content-Type: text/plain\n\n";
main() unless caller;
sub main {
	my @c = caller 0;
	print join(' ', 'caller', $c[3], basename($c[1]), $c[2]), "\n";
	print "frames ", scalar(() = caller(1)), "\n";
	print "0 ", basename($0), " ", basename(__FILE__), " ", __PACKAGE__, "\n";
	print "bin ", basename($Bin), " script $Script\n";
	print "arguments ", scalar @ARGV, "\n";
	print "^S ", $^S, " ^T ", abs(time - $^T) < 5 ? 'now' : 'then', "\n";
	print "! ", $! + 0 ? 'set' : 'unset', " ? $? \@ '$@'\n";
	{ local $0 = 'another name'; print "$0\n"; }
	print basename($0), "\n";
	print "pid ", -d "/proc/$$" ? 'alive' : 'odd', "\n";
	print "group ", getpgrp == $$ ? 'own' : getpgrp . " of $$", "\n";
	print "descriptors ", join(' ', sort { $a <=> $b } grep { -e "/proc/self/fd/$_" }
	    map { m{(\d+)$} } glob '/proc/self/fd/*'), "\n";
	print "INC ", join(' ', grep { /Corswrap/ } %INC, @INC), "\n";
	open my $fh, '<', '/dev/null' or die;
	print "next descriptor ", fileno $fh, "\n";
	print "signals ", join(' ', grep { defined $SIG{$_} } sort keys %SIG), "\n";
	open my $status, '<', '/proc/self/status' or die;
	print grep { /^(?:Sig(?:Blk|Ign|Cgt|Pnd)|Threads|Umask|NoNewPrivs)/ } <$status>;
}
