#!/usr/bin/perl
# What `corscheck explain --browser safari` says, real WebKitGTK does
# (Corswrap::Differential).
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Differential;
use Corswrap::WebKit;
use Test::More;

plan skip_all => 'no WebKitGTK or no Xvfb' unless Corswrap::WebKit::program();

# { number => [line, ...] }: the URL is in the second line of each, the cause in
# the first.  Pages ask for one thing after the other, so these are neighbours.
sub lines {
	my (%said, $cause);
	for my $text (@_) {
		if ($text =~ /\ASECURITY ERROR (.*)/) {
			$cause = $1;
		} elsif ($text =~ /\AJS ERROR .* cannot load .*?[?]n=(\d+)/) {
			push @{ $said{$1} }, $cause if defined $cause;
			undef $cause;
		}
	}
	return \%said;
}

check_browser(name => 'safari', seed => 20250713, count => 200, at_once => 1,
	version => 2.50, failed => 'TypeError: Load failed',
	header => qr/Request header field (\S+) is not allowed/,
	lines => \&lines,
	start => sub {
		# The server is the proxy, so that names need no DNS.
		my ($port) = @_;
		return Corswrap::WebKit->new("--proxy=http://127.0.0.1:$port");
	});
