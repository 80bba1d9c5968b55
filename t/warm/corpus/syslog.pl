#!/usr/bin/perl
# Sys::Syslog, whose socket is opened at the first message.
use strict;
use warnings;
use Sys::Syslog qw(:standard :macros);
print "Content-Type: text/plain\n\n";
my $ok = eval {
	Sys::Syslog::setlogsock([qw(unix)]);
	openlog('guest book', 'ndelay,pid', LOG_USER);
	syslog(LOG_DEBUG, 'a test of corswrap');
	closelog();
	1;
};
print $ok ? "logged\n" : "no log: " . ($@ =~ /^(.{20})/)[0] . "\n";
