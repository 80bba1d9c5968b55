#!/usr/bin/perl
# All kinds of faults at once, for some seconds; bench/soak does the same for
# longer.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Faults;
use Corswrap::Test qw(under_valgrind wait_for);
use Test::More;

my $slow = $ENV{CORSWRAP_SLOW_REQUESTS} || 300;
my $f = Corswrap::Faults->new(workers => $slow + 24);
my $r = $f->responder_of;
$f->hold(20);
$f->chaos(clients => 4, seconds => 0.5);
my $before = $f->left;

sub lost { return { map { /^(?:lost|died|no report)/ ? ($_ => $_[0]{$_}) : () }
	keys %{ $_[0] } } }
sub total { my ($sum, $re) = @_; my $n = 0;
	$n += $sum->{$_} for grep { $_ =~ $re } keys %$sum; return $n }

sub nothing_is_left {
	my ($when, $kib) = @_;
	my $left = $f->left;
	is_deeply($left->{programs}, [], "$when: no program and no zombie");
	is($left->{running}, 0, "$when: the counters agree");
	is_deeply($left->{files}, [], "$when: no temporary file");
	is_deeply($left->{deleted}, [], "$when: nor one without a name");
	cmp_ok($left->{descriptors}, '<=', $before->{descriptors} + 8,
	    "$when: descriptors are where they were");
	SKIP: {
		skip 'a sanitizer has memory of its own', 1
		    if $f->is_sanitized;
		# Memory is given back some time after the burst.
		my $most = $before->{resident} + $kib;
		wait_for(sub { $r->resident <= $most });
		cmp_ok($r->resident, '<=', $most, "$when: memory too");
	}
	return;
}

my $held = $f->hold($slow);
is($held->{held}, $slow, "$slow slow requests run at once");
is($held->{whole}, $slow, 'each gets a whole answer') or diag explain $held;
nothing_is_left('afterwards', 6144 + $slow * 8);

my $sum = $f->chaos(clients => 12, seconds => under_valgrind() ? 25 : 5);
is_deeply(lost($sum), {}, 'every client that stayed got a whole answer');
cmp_ok(total($sum, qr/^whole: /), '>', under_valgrind() ? 10 : 50,
    'many of them');
cmp_ok($sum->{gone} // 0, '>', under_valgrind() ? 4 : 20,
    'though many others went');
cmp_ok($sum->{'policies written'}, '>', 5, 'and the policy was rewritten');
my $counters = $f->counters;
cmp_ok($counters->{'corswrap_reloads_total{result="taken"}'}, '>', 0,
    'and taken up');
cmp_ok($counters->{'corswrap_reloads_total{result="refused"}'}, '>', 0,
    'where it was good');
nothing_is_left('after all that', 6144 + $slow * 8);

$sum = $f->stop_under_load(8);
is_deeply(lost($sum), {}, 'TERM under load: nothing accepted is lost');
cmp_ok($sum->{'whole: ok'}, '>', 8, "of $sum->{'whole: ok'}");
is($sum->{exit}, 0, 'and it ends well');

done_testing;
