#!/usr/bin/perl
# Real Firefox does what `corscheck explain --browser firefox` predicts
# (Corswrap::Differential).
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Differential;
use Corswrap::Firefox;
use Test::More;

plan skip_all => 'no Firefox' unless Corswrap::Firefox::program();

# { number => [line, ...] }, with the quotes of ASCII as explain has them.  After
# a preflight that fails there is a second line, which names no cause.
sub lines {
	my %said;
	for my $text (@_) {
		next unless $text =~ /\ACross-Origin Request Blocked: /
		    || $text =~ /Cross-Origin-Resource-Policy header/;
		next unless $text =~ /[?]n=(\d+)/;
		push @{ $said{$1} }, $text =~
		    tr/\x{2018}\x{2019}\x{201c}\x{201d}/''""/r;
	}
	return \%said;
}

check_browser(name => 'firefox', seed => 20250715, count => 200, at_once => 16,
	version => 153, failed => 'TypeError: NetworkError when attempting to '
	    . 'fetch resource.',
	header => qr/header '(\S+)' is not allowed/, lines => \&lines,
	unsaid => sub { return 0 },
	# It does not change this byte of a URL.
	tidy => sub { return $_[0] =~ s/%7C/|/gr },
	start => sub {
		my ($port, @hosts) = @_;
		return Corswrap::Firefox->new('network.dns.localDomains' =>
		    join ',', @hosts);
	});
