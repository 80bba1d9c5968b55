#!/usr/bin/perl
# ORIGINS BY EXAMPLE of corswrap.ini(5) is correct: each form lints without an
# error, and matches exactly the origins that the manual says.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Test;
use JSON::PP ();
use Test::More;

my $dir = tempdir();
my ($section) = (read_file(top_src() . '/doc/corswrap.ini.5') =~ s/\\&//gr) =~
    /^\.Sh ORIGINS BY EXAMPLE\n(.*?)^\.Sh /ms;
ok($section, 'the section is there');

# What a policy with these forms allows the origin.
sub allows {
	my ($origin) = @_;
	my (undef, $out) = run([ corscheck(), 'explain', '--json', '-p',
		"$dir/p.ini", '--url', 'https://api.test/', '--origin', $origin ]);
	my $object = eval { JSON::PP->new->decode($out) } // {};
	return $object->{request}{response}{headers}{'Access-Control-Allow-Origin'}
	    // 'none';
}

# The origins of a line, without the words between them.
sub origins { return $_[0] =~ m{(?<![\w/])([a-z-]+://[^\s,]*|null)(?= |$)}g }

my %told;
for my $item (split /^\.It Li /m, $section) {
	my ($forms, $text) = $item =~ /\A(\S[^\n]*)\n(.*)\z/s or next;
	next unless $forms =~ m{://};
	my @forms = split / , /, $forms;
	write_file("$dir/p.ini", "[cors]\norigins = @forms\n");
	my ($status, $out) = run([ corscheck(), 'lint', "$dir/p.ini" ]);
	is($status, 0, "@forms: no error") or diag($out);
	my @yes = map { origins($_) } $text =~ /^\.Li \+ (.*)/mg;
	my @no = map { origins($_) } $text =~ /^\.Li - (.*)/mg;
	@yes = @forms if !@yes;
	$told{yes} += @yes;
	$told{no} += @no;
	is(allows($_), $_, "@forms: allows $_") for @yes;
	is(allows($_), 'none', "@forms: does not allow $_") for @no;
	ok(@no > 0, "@forms: what it does not match is there");
}
cmp_ok($told{$_} // 0, '>=', 20, "examples of $_") for qw(yes no);
done_testing;
