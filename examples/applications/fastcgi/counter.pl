#!/usr/bin/perl
# A native FastCGI application: one process that serves one request after the
# other, and remembers.  It does not implement CORS.  counter.pl ADDRESS listens on
# a path, or on :PORT.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FCGI;

my $socket = FCGI::OpenSocket($ARGV[0] // '/run/counter/counter.sock', 100);
my %env;
my $request = FCGI::Request(\*STDIN, \*STDOUT, \*STDERR, \%env, $socket);
my $count = 0;
while ($request->Accept() >= 0) {
	read STDIN, my $body, $env{CONTENT_LENGTH} || 0;
	$count++;
	if ($env{REQUEST_METHOD} eq 'DELETE') {
		$count = 0;
		print "Status: 204 No Content\r\n\r\n";
	} else {
		print "Content-Type: application/json\r\nX-Process: $$\r\n\r\n",
		    "{\"count\": $count, \"path\": \"", $env{PATH_INFO} // '',
		    '", "script": "', $env{SCRIPT_NAME}, '", "length": ',
		    length($body // ''), "}\n";
	}
}
