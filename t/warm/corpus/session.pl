#!/usr/bin/perl
# CGI::Session: a session whose id was given, and a new one.
use strict;
use warnings;
use CGI;
use CGI::Session;
my $q = CGI->new;
my $s = CGI::Session->new('driver:File', $q, { Directory => $ENV{GUESTBOOK} })
    or die CGI::Session->errstr;
$s->param(name => 'Anna');
$s->flush;
print $q->header('text/plain'), "name ", $s->param('name'), ", id of ",
    length $s->id, " letters\n";
print STDERR $s->id, "\n" if $ENV{TELL};
