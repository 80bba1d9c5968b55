#!/usr/bin/perl
# Every request row of t/vectors/cors.tsv through corswrap as a FastCGI
# responder.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Vectors qw(rows policy_text request_variables complaints);
use Corswrap::Test;
use Test::More;

# All parameters of a request together (DESIGN.md section 4); with more the
# response is 400 without a policy, whatever the row says.
use constant PARAMETERS_MAX => 65536;

my $dir  = tempdir();
my $app  = app_program("$dir/app");
my @rows = rows(top_src() . '/t/vectors/cors.tsv', 'request');
cmp_ok(scalar @rows, '>=', 99, 'the rows are there');

# Rows of one policy share a responder.
my %by_policy;
push @{ $by_policy{ policy_text($_)->{text} } }, $_ for @rows;

for my $text (sort keys %by_policy) {
	write_file("$dir/policy.ini", $text);
	my $responder = responder("$dir/policy.ini", args => [$app]);
	for my $row (@{ $by_policy{$text} }) {
		my $fixture = policy_text($row);
		my @pairs   = request_variables($row, $fixture);
		my $size    = 0;
		$size += length for @pairs;
		my $r = fcgi_get($responder->{address}, params => \@pairs,
			timeout => 60);
		my @wrong;
		if ($size > PARAMETERS_MAX) {
			push @wrong, "status $r->{status}, expected 400"
			    if $r->{status} != 400;
			push @wrong, "has $_" for grep { /^access-control-/ }
			    sort keys %{ $r->{header} };
		} else {
			@wrong = complaints($row, $fixture, $r);
		}
		push @wrong, 'no END_REQUEST' unless $r->{ended};
		ok(!@wrong, $row->{id})
		    or diag(join "\n", @wrong, $text,
			substr($r->{stdout}, 0, 2000),
			read_file($responder->{log}));
	}
}

done_testing;
