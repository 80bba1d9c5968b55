#!/usr/bin/perl -wT
# Taint mode: what comes from outside is tainted, what is unsafe fails.
use strict;
use Scalar::Util qw(tainted);
print "Content-Type: text/plain\n\n";
for my $name (sort keys %ENV) {
	print "$name ", tainted($ENV{$name}) ? 'tainted' : 'clean', "\n";
}
read STDIN, my $body, 100;
print "body ", tainted($body) ? 'tainted' : 'clean', "\n";
print "0 ", tainted($0) ? 'tainted' : 'clean', ", taint mode ${^TAINT}, $^W\n";
print "INC: ", scalar(grep { $_ eq '.' } @INC), "\n";
eval { system '/bin/echo', 'never' };
print $@;
eval { open my $fh, '>', "/tmp/$ENV{QUERY_STRING}" or die "$!"; };
print $@;
$ENV{PATH} = '/usr/bin:/bin';
delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};
print `/bin/echo now it runs`;
my ($safe) = $ENV{QUERY_STRING} =~ /^(\w+)/;
print "untainted: $safe ", tainted($safe) ? 1 : 0, "\n";
