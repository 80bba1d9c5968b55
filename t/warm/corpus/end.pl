#!/usr/bin/perl
# END blocks and destructors, each once, in the process of the request.
use strict;
use warnings;
package Guard;
sub new { return bless { text => $_[1] }, $_[0] }
sub DESTROY { print "gone: $_[0]{text}\n" }
package main;
my $early = $$;
BEGIN { our $compiled = Guard->new('compiled') }
INIT { print "Content-Type: text/plain\n\nINIT runs once\n" }
my $guard = Guard->new('lexical');
END {
	print "END 1, status $?, ", $early == $$ ? 'same' : 'another', "\n";
	$? = 3;
}
END { print "END 2\n" }
exit 5;
