#!/usr/bin/perl
# Real Chromium does what `corscheck explain` predicts
# (Corswrap::Differential).
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Differential;
use Test::More;

plan skip_all => 'no Chromium' unless Corswrap::Chromium::program();

# { number => [line, ...] }
sub lines {
	my %said;
	for my $text (@_) {
		next unless $text =~ /\AAccess to [\w ]+ at '.*?[?]n=(\d+)/;
		push @{ $said{$1} }, $text;
	}
	return \%said;
}

check_browser(name => 'chromium', seed => 20250711, count => 240, at_once => 64,
	version => 156, failed => 'TypeError: Failed to fetch',
	header => qr/Request header field (\S+) is not allowed/,
	lines => \&lines, unsaid => sub {
		# In a message about the network, not of the console.
		my ($said, $f) = @_;
		return $said->{reason} eq 'resource-policy';
	},
	start => sub {
		my ($port, @hosts) = @_;
		return Corswrap::Chromium->new('--host-resolver-rules='
		    . join ', ', map { "MAP $_ 127.0.0.1" } @hosts);
	});
