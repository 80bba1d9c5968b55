#!/usr/bin/perl
# The rows of t/vectors/cors.tsv that are only about policies (kind config):
# lint accepts or refuses them with the id in the row.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Corswrap::Vectors qw(rows);
use Test::More;

my $dir = tempdir();

# "key=value; key=value" as a policy.
sub policy {
	my ($items) = @_;
	return "[cors]\n" . join '', map { my ($k, $v) = split /=/, $_, 2;
		"$k = $v\n" } split /;\s*/, $items;
}

# The canonical value of the last key of the row.
sub canonical {
	my ($row) = @_;
	my ($key) = (split /;\s*/, $row->{policy})[-1] =~ /^([^=]+)=/;
	my ($status, $out) = run([ corscheck(), 'dump', "$dir/policy" ]);
	return '' if $status;
	return join ',', sort map { split /[ ,]+/ } $out =~ /^\Q$key\E = (.*)/mg;
}

my @rows = rows(top_src() . '/t/vectors/cors.tsv', 'config');
cmp_ok(scalar @rows, '>=', 60, 'there are vectors');
for my $row (@rows) {
	write_file("$dir/policy", policy($row->{policy}));
	my ($status, $json) = run([ corscheck(), 'lint', "$dir/policy" ]);
	my @errors = $json =~ /: error: .*\[([a-z0-9-]+)\]$/mg;
	my $want = $row->{exp_status};
	if ($want =~ /^ok(?::canonical=(.*))?$/) {
		is_deeply(\@errors, [], "$row->{id}: $row->{policy}");
		is(canonical($row), join(',', sort split /[ ,]+/, $1),
		    "$row->{id}: canonical") if defined $1;
	} elsif ($want =~ /^error:(\d+)-issues$/) {
		is(scalar @errors, $1, "$row->{id}: $row->{policy}");
	} elsif ($want =~ /^error:(.*)$/) {
		is_deeply(\@errors, [ $1 ], "$row->{id}: $row->{policy}");
	} else {
		fail("$row->{id}: nothing is expected ($want)");
	}
	# The note of a row has the corrected text.
	if ($row->{notes} =~ /^hint (punycode )?(\S+:\S+)/) {
		my ($fix, $why) = ($2, $1 && without('idn'));
		SKIP: { skip "$row->{id}: $why", 1 if $why }
		next if $why;
		like($json, qr/did you mean "\Q$fix\E"/, "$row->{id}: the fix");
	}
}
done_testing();
