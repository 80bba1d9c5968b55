#!/usr/bin/perl
# Real WebKitGTK does what `corscheck explain --browser safari` predicts
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

# { number => [line, ...] }: pages send one request after the other, and log
# its number.
sub lines {
	my (%said, $number);
	for my $text (@_) {
		if ($text =~ /\@\@(\d+)/) {
			$number = $1;
		} elsif ($text =~ /\ASECURITY ERROR (.*)/ && $number
		    && $text !~ m{/favicon\.ico }) {
			push @{ $said{$number} }, $1;
		}
	}
	return \%said;
}

check_browser(name => 'safari', seed => 20250713, count => 200, at_once => 1,
	version => 2.50, failed => 'TypeError: Load failed',
	header => qr/Request header field (\S+) is not allowed/,
	# In its messages some bytes of URLs are decoded.
	tidy => sub { return $_[0] =~ s/%7E/~/gr =~ s/%2e/./gr =~ s/%7C/|/gr },
	lines => \&lines, unsaid => sub { return 0 },
	start => sub {
		# The server is the proxy, so that names need no DNS.
		my ($port) = @_;
		return Corswrap::WebKit->new("--proxy=http://127.0.0.1:$port");
	});
