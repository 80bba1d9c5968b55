#!/usr/bin/perl
# Every request row of t/vectors/cors.tsv through corswrap as a CGI program.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::Vectors qw(rows policy_text request_variables complaints);
use Corswrap::Test;
use Test::More;

# The kernel does not pass a longer string to a new program (MAX_ARG_STRLEN),
# so a web server cannot either.
use constant LONGEST => 131000;

my $dir  = tempdir();
my $app  = app_program("$dir/app");
my @rows = rows(top_src() . '/t/vectors/cors.tsv', 'request');
cmp_ok(scalar @rows, '>=', 99, 'the rows are there');

for my $row (@rows) {
	my $fixture = policy_text($row);
	my @pairs   = request_variables($row, $fixture, join => 1);
	my %env     = (PATH => $ENV{PATH});
	while (my ($name, $value) = splice @pairs, 0, 2) {
		$env{$name} = length $value > LONGEST
		    ? substr($value, 0, LONGEST - length $name) : $value;
	}
	SKIP: {
		skip "$row->{id}: an environment cannot hold NUL", 1
		    if grep { /\0/ } values %env;
		write_file("$dir/policy.ini", "$fixture->{text}\n[app]\nexec = $app\n");
		$env{CORSWRAP_CONFIG} = "$dir/policy.ini";
		my $r     = cgi_run(env => \%env);
		my @wrong = complaints($row, $fixture, $r);
		push @wrong, "exit $r->{exit}"
		    if $r->{exit};
		ok(!@wrong, $row->{id})
		    or diag(join "\n", @wrong, $fixture->{text},
			substr($r->{raw}, 0, 2000), $r->{stderr});
	}
}

done_testing;
