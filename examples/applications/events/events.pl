#!/usr/bin/perl
# Server-Sent Events from a CGI program: one event every ?every= seconds, until
# ?count= or until the client disconnects.  It does not implement CORS.
# SPDX-License-Identifier: ISC
use strict;
use warnings;

$| = 1;
my %q = ($ENV{QUERY_STRING} // '') =~ /(\w+)=([\w.]+)/g;
my $from = $ENV{HTTP_LAST_EVENT_ID} // 0;
$from = $from =~ /^(\d{1,9})$/ ? $1 : 0;
print "Content-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n",
    "retry: 100\n\n";
for my $n ($from + 1 .. $from + ($q{count} // 1_000_000)) {
	print "id: $n\nevent: tick\ndata: {\"n\": $n}\n\n";
	select undef, undef, undef, $q{every} // 1;
}
