#!/usr/bin/perl
# A handler for ALRM, set while compiling, and one set at run time.
use strict;
use warnings;
our $rang;
BEGIN { $SIG{ALRM} = sub { $rang++ } }
$| = 1;
print "Content-Type: text/plain\n\n";
use Time::HiRes ();
Time::HiRes::alarm(0.05);
Time::HiRes::sleep(0.3);
print "rang ", $rang || 0, "\n";
my $ok = eval {
	local $SIG{ALRM} = sub { die "too long\n" };
	Time::HiRes::alarm(0.05);
	1 while 1;
	1;
};
print "ended: $@";
kill 'TERM', $$;
sleep 5;
print "not reached\n";
