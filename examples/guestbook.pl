#!/usr/bin/perl
# A typical old guest book: CGI.pm, JSON in and out, and without CORS.
# corswrap runs in front of it.
#
#   GET                                      all entries
#   POST {"name": "...", "text": "..."}      one more
#
# It keeps its entries in $GUESTBOOK_DIR and writes a line to guestbook.log
# there each time it is started.
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use CGI ();
use Fcntl qw(:flock);
use JSON::PP ();

my $dir = $ENV{GUESTBOOK_DIR} || '/tmp';
my $json = JSON::PP->new->utf8->canonical;
my $cgi = CGI->new;

open my $log, '>>', "$dir/guestbook.log" or die "guestbook.log: $!";
print {$log} "$$ " . $cgi->request_method . "\n";
close $log;

sub respond {
	my ($status, $data, @more) = @_;
	print $cgi->header(-type => 'application/json', -status => $status,
	    -charset => 'utf-8', @more);
	print $json->encode($data), "\n";
	exit 0;
}

open my $book, '+>>', "$dir/guestbook.txt" or
    respond('500 Internal Server Error', { error => 'cannot open the book' });
flock $book, LOCK_EX;
seek $book, 0, 0;
my @entries = map { $json->decode($_) } <$book>;

if ($cgi->request_method eq 'POST') {
	my $entry = eval { $json->decode($cgi->param('POSTDATA') // '') };
	respond('400 Bad Request', { error => 'name and text, please' })
	    unless ref $entry eq 'HASH' && length($entry->{name} // '') &&
	    length($entry->{text} // '');
	push @entries, { name => "$entry->{name}", text => "$entry->{text}" };
	print {$book} $json->encode($entries[-1]), "\n";
}
respond('200 OK', { entries => \@entries },
    -X_Total_Count => scalar @entries);
