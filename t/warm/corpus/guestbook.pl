#!/usr/bin/perl -w
# A guest book of the year 2002: CGI.pm, parameters, a cookie, entries in a file.
use strict;
use CGI qw(:standard escapeHTML);
use CGI::Carp qw(fatalsToBrowser);
use Fcntl qw(:flock);

my $file = "$ENV{GUESTBOOK}/entries.txt";
my $q = CGI->new;
if ($q->request_method eq 'POST' && defined $q->param('name')) {
	open my $fh, '>>', $file or die "cannot write: $!";
	flock $fh, LOCK_EX;
	print {$fh} scalar $q->param('name'), "\t", scalar $q->param('text'), "\n";
	close $fh;
}
print $q->header(-type => 'text/html', -charset => 'UTF-8',
	-cookie => $q->cookie(-name => 'seen', -value => 'yes', -path => '/'));
print start_html('Guest book'), h1('Guest book');
if (open my $fh, '<', $file) {
	while (<$fh>) {
		chomp;
		my ($name, $text) = map { escapeHTML($_) } split /\t/, $_, 2;
		print p(b($name), $text), "\n";
	}
}
print p('visited before: ', scalar $q->cookie('seen') || 'no'),
    map({ p(escapeHTML("$_ = " . join ', ', $q->multi_param($_))) } $q->param),
    end_html, "\n";
