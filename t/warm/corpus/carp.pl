#!/usr/bin/perl
# CGI::Carp's page for a fatal error, and its handler of what the page says.
use CGI;
use CGI::Carp qw(fatalsToBrowser set_message warningsToBrowser);
BEGIN { set_message(sub { print "<p>sorry: $_[0]</p>\n" }) }
sub lower { die "no such thing\n" }
lower();
