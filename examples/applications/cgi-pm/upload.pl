#!/usr/bin/perl
# A typical CGI.pm program: a form with a file, a cookie, a redirect.  It does
# not implement CORS.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use CGI qw(-utf8);

my $q = CGI->new;
if (($q->param('go') // '') eq 'away') {
	print $q->redirect(-uri => $q->url(-path_info => 0) . '?came=here');
} elsif ($q->request_method eq 'POST') {
	my $file = $q->upload('file');
	my $size = 0;
	if ($file) {
		$size += length $_ while defined($_ = readline $file);
	}
	print $q->header(-type => 'text/plain', -charset => 'utf-8',
	    -cookie => $q->cookie(-name => 'last', -value => $size),
	    -X_Size => $size);
	printf "%s sent %s, %d bytes\n", scalar $q->param('name'),
	    scalar $q->param('file'), $size;
} else {
	print $q->header(-type => 'text/plain', -charset => 'utf-8');
	printf "self %s, path %s, came %s\n", $q->url(-absolute => 1),
	    $q->path_info // '', scalar $q->param('came') // '';
}
