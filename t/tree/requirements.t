#!/usr/bin/perl
# Each mistake of other programs and each row of the CGI vectors has its test:
# the list in t/requirements.tsv names the files.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Test;
use Test::More;

my $top = top_src();
my %seen;
for my $line (split /\n/, read_file("$top/t/requirements.tsv")) {
	my ($id, $what, $files) = split /\t/, $line;
	$seen{$id}++;
	my @files = split ' ', $files // '';
	my @without = grep { read_file("$top/$_") !~ /\b$id\b/ } @files;
	ok(@files && !@without, "$id: $what") or diag "not in @without";
}
is_deeply([ grep { ($seen{"R$_"} // 0) != 1 } 1 .. 43 ], [], 'all 43, once');

# "CGI-084" or "CGI-084 to 086" or "CGI-003, 004".
my %named;
for my $file (glob "$top/t/*/*.t $top/t/*/*.c") {
	my $text = read_file($file);
	while ($text =~ /CGI-(\d{3})((?:, \d{3}\b)*)(?: to (\d{3}))?/g) {
		my ($from, $more, $to) = ($1, $2, $3);
		$named{ sprintf '%03d', $_ } = 1 for $from .. $to // $from;
		$named{$_} = 1 for $more =~ /\d{3}/g;
	}
}
my @rows = read_file("$top/t/vectors/cgi.tsv") =~ /^CGI-(\d{3})\t/mg;
is_deeply([ grep { !$named{$_} } @rows ], [], 'every row of cgi.tsv has a test');
cmp_ok(scalar @rows, '>', 70, 'of ' . @rows);

done_testing;
