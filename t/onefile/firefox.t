#!/usr/bin/perl
# The analyzer as one file in real Firefox (Corswrap::OneFile).
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Firefox;
use Corswrap::OneFile;
use Test::More;

plan skip_all => 'configure left corscheck.html out' unless one_file();
plan skip_all => 'no Firefox' unless Corswrap::Firefox::program();

my $browser = Corswrap::Firefox->new;
check_one_file(Firefox => sub {
	my ($url) = @_;
	$browser->load($url);
	return sub { $browser->call('WebDriver:GetTitle')->{value} };
});
done_testing;
