#!/usr/bin/perl
# An expression in a policy is matched against the Origin of any client: this
# always costs less than 20 ms of processor time (F29).  Counted in
# instructions, which do not depend on the load: 6e7 are 20 ms at three per
# nanosecond.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Counts;
use Corswrap::Test;
use Test::More;

plan skip_all => "valgrind's own instructions are all of them"
    unless can_count_cost();

my $dir = tempdir();
my $most = 6e7;
my %origin = (
	'no x' => 'https://' . 'a' x 62,
	'x at the end' => 'https://' . 'a' x 60 . '1x',
	'labels' => 'https://' . join('.', ('a' x 60) x 4) . '1x.example',
);

# For a preflight that corswrap handles as a CGI program, which has fewer
# libraries to load than corscheck.
sub cost {
	my ($expression, $origin) = @_;
	write_file("$dir/policy", "[cors]\norigins-regex = $expression\n");
	unlink "$dir/out";
	my $cost = cost_of([ corswrap() ], undef, stdout => "$dir/out",
	    clean => { PATH => $ENV{PATH}, CORSWRAP_CONFIG => "$dir/policy",
		GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'OPTIONS',
		REQUEST_URI => '/', HTTP_ORIGIN => $origin,
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT' });
	die read_file("$dir/out")
	    if read_file("$dir/out") !~ /^Status: (?:403|204) /m;
	return $cost && $cost->{instructions};
}

my $base = cost('https://a\.example', 'https://b.example');
ok($base, 'what a preflight costs by itself') or BAIL_OUT('no callgrind');
note "$base";
for my $expression ('https://(?:(?:a?){60}){60}a{40}\.example',
    'https://(?:a?){3000}a{40}x', 'https://(?:(?:a*){50}){50}x',
    'https://(?:a?b?c?d?e?f?g?h?i?j?k?){900}x',
    'https://(?:a{0,200}){30}x',
    'https://(?:(?=a*)(?=a*)(?=a*)a?){200}x', 'https://(a+)+x',
    'https://(.*.*.*.*.*.*)x', 'https://((a*)*\2)*x',
    # Too long for callouts: the limit on backtracking depends on the size.
    'https://' . 'a?' x 15000 . 'x',
    'https://(' . join('|', map { "a{$_}b" } 1 .. 2000) . ')x',
    'https://((' . join('|', map { "a$_" } 1 .. 2000) . '|a)*)*x') {
	# Each with the worst subject, and the first two with others.
	my @names = $expression =~ /60|3000/ ? sort keys %origin : 'labels';
	for my $name (@names) {
		my $cost = cost($expression, $origin{$name}) - $base;
		cmp_ok($cost, '<', $most, sprintf '%s, %s: %.1f million',
		    substr($expression, 0, 40), $name, $cost / 1e6);
	}
}

# Usual expressions keep working, also long lists.
for ([ 'https://([a-z0-9-]+\.)*[a-z0-9-]+\.example\.com',
	'https://a.b.c.d.e.f.g.h.i.j.k.l.m.example.com' ],
    [ 'https://(' . join('|', map { "host$_" } 1 .. 18) . ')\.example\.com',
	'https://host18.example.com' ],
    [ 'https://(' . join('|', map { "host$_" } 1 .. 400) . ')\.example\.com',
	'https://host400.example.com' ],
    [ 'https://(?:app|www|api)(?:-[a-z0-9]+){0,5}\.example\.(?:com|org)(:\d+)?',
	'https://app-a-b-c-d.example.org:8080' ]) {
	my ($expression, $origin) = @$_;
	write_file("$dir/policy", "[cors]\norigins-regex = $expression\n");
	my ($exit) = run([ corscheck(), 'explain', '-p', "$dir/policy",
		'--url', 'https://api.example/', '--origin', $origin ]);
	is($exit, 0, 'allowed: ' . substr($expression, 0, 40));
}

done_testing;
