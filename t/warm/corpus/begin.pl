#!/usr/bin/perl -T
# What a script does to its variables while it is compiled holds when it runs;
# what the web server says of itself is there by then.
use strict;
use warnings;

BEGIN {
	$ENV{PATH} = '/usr/bin:/bin';
	delete @ENV{qw(IFS CDPATH ENV BASH_ENV LANG)};
	$ENV{ADDED} = 'by the script';
	$ENV{QUERY_STRING} = 'replaced' if exists $ENV{ADDED};
	if (defined $ENV{GATEWAY_INTERFACE}) {
		require CGI::Util;
	}
	our ($root) = $ENV{DOCUMENT_ROOT} =~ m{^(/.*)};
}
use lib our $root . '/lib';
use HasData;

print "Content-Type: text/plain\n\n";
print "$_=$ENV{$_}\n" for grep { !/GUESTBOOK/ } sort keys %ENV;
print exists $INC{'CGI/Util.pm'} ? "as CGI\n" : "by hand\n";
print `echo \$ADDED \$PATH`;
