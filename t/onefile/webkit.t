#!/usr/bin/perl
# The analyzer as one file in real WebKitGTK (Corswrap::OneFile).
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::OneFile;
use Corswrap::WebKit;
use Test::More;

plan skip_all => 'configure left corscheck.html out' unless one_file();
plan skip_all => 'no WebKitGTK or no Xvfb' unless Corswrap::WebKit::program();

my $browser = Corswrap::WebKit->new;
check_one_file(WebKit => sub {
	my ($url) = @_;
	$browser->load($url);
	return sub { $browser->console };
});
done_testing;
