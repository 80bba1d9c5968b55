#!/usr/bin/perl
# Real Chromium agrees with corscheck probe about header blocks, well-formed or
# not: whether the page may read the response, and which headers.
#
# CORSWRAP_SEED sets the random seed, CORSWRAP_EXCHANGES how many.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Raw;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

plan skip_all => 'no Chromium' unless Corswrap::Chromium::program();

my $seed = $ENV{CORSWRAP_SEED} // 20261121;
my $count = $ENV{CORSWRAP_EXCHANGES} // 70;
note("CORSWRAP_SEED=$seed CORSWRAP_EXCHANGES=$count");
srand $seed;
my $dir = tempdir();

sub one_of { return $_[ rand @_ ] }

my $listen = raw_socket();
my $port = $listen->sockport;
my $page = "http://localhost:$port";
my $other = "http://127.0.0.1:$port";

# --- the responses
# ----------------------------------------------------------------------

# A field as a program may write it.
sub field {
	my ($name, $value) = @_;
	$name = one_of($name, $name, lc $name, uc $name);
	my $colon = one_of((': ') x 8, ':', ":\t", ':   ', ' : ', "\t:");
	$value .= one_of(('') x 8, ' ', "\t", ',', ', ');
	$value = one_of('', ' ', ',', $value) if rand() < 0.05;
	# Folded, which RFC 9112 has deprecated.
	$value =~ s/^(.*?)[, ]/$1\r\n / if rand() < 0.04;
	return "$name$colon$value" . one_of(("\r\n") x 10, "\n");
}

sub origin_fields {
	return () if rand() < 0.06;
	my @fields = field('Access-Control-Allow-Origin',
	    one_of(($page) x 12, ('*') x 4, 'null', "$page/", uc $page, "$page, *",
		"$page $other", $other, '"*"', '* *'));
	push @fields, field('Access-Control-Allow-Origin',
	    one_of($page, '*', '')) if rand() < 0.05;
	return @fields;
}

sub other_fields {
	my @fields;
	push @fields, field('Access-Control-Allow-Credentials',
	    one_of(('true') x 8, 'True', 'false', '1', 'true, true', "\"true\""))
	    if rand() < 0.6;
	push @fields, field('Access-Control-Expose-Headers', one_of('*', 'X-A',
		'x-a, X-B', 'X-A X-B', 'X-A,, X-B', '"X-A"', 'X-A; X-B',
		'set-cookie, X-B', '*, X-B', ',', 'X-A,'))
	    for 1 .. one_of(0, 1, 1, 1, 2);
	push @fields, field(one_of('X-A', 'X-B', 'X-C', 'ETag', 'Pragma',
		'Content-Language', 'Set-Cookie', 'Last-Modified', 'X_D'), 'v')
	    for 1 .. one_of(0, 1, 2, 3);
	# Lines that are not headers.
	push @fields, one_of(": no name\r\n", "X A: b\r\n",
	    "X-\x80: b\r\n", "X-A: caf\xe9\r\n", "(x): y\r\n", "X-B: a\x01b\r\n",
	    "X-A: a\0b\r\n", "X-A: a\rb\r\n", "\xef\xbb\xbfX-A: b\r\n")
	    if rand() < 0.15;
	return @fields;
}

sub answer {
	my @fields = (origin_fields(), other_fields());
	for (my $i = @fields; --$i > 0;) {
		my $j = int rand $i + 1;
		@fields[ $i, $j ] = @fields[ $j, $i ];
	}
	my $before = rand() < 0.05 ? one_of("HTTP/1.1 103 Early Hints\r\n"
	    . "Access-Control-Allow-Origin: *\r\n\r\n",
	    "HTTP/1.1 100 Continue\r\n\r\n") : '';
	my $line = one_of(('HTTP/1.1 200 OK') x 10, 'HTTP/1.0 200 OK',
	    'HTTP/1.1 200', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 500 Oh',
	    'HTTP/1.1 204 x', 'HTTP/1.1 304 x', 'HTTP/1.1 599 x',
	    'HTTP/1.1 302 no Location');
	return "$before$line\r\n" . join('', @fields)
	    . "Content-Length: 0\r\nCache-Control: no-store\r\n"
	    . "Connection: close\r\n\r\n";
}

my @answers = map { answer() } 1 .. $count;
my @credentials = map { rand() < 0.4 } 1 .. $count;

raw_server($listen, sub {
	my ($n) = $_[0] =~ m{^GET /a/(\d+) };
	return $answers[$n] if defined $n;
	return "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	    . "Content-Length: 1\r\nConnection: close\r\n\r\nx";
});

# --- the comparison
# ---------------------------------------------------------------------

my $browser = Corswrap::Chromium->new;
$browser->load("$page/");
my %verdicts;
for my $n (0 .. $count - 1) {
	my $url = "$other/a/$n";
	my $mode = $credentials[$n] ? 'include' : 'same-origin';
	my $browsers = $browser->value("fetch('$url', { cache: 'no-store', "
	    . "credentials: '$mode' }).then(r => 'allowed ' + r.status + ' ' + "
	    . '[...r.headers.keys()].sort().join(" "), e => "blocked")');
	my (undef, $out) = run([ corscheck(), 'probe', '--json', '--origin',
		$page, $credentials[$n] ? '--credentials' : (), $url ]);
	my $got = eval { JSON::PP->new->decode($out) } || {};
	my $probes = $got->{verdict} // 'nothing';
	$probes .= " $got->{request}{response}{status} "
	    . join ' ', @{ $got->{readable} } if $probes eq 'allowed';
	$verdicts{ $browsers =~ s/ .*//r }++;
	is($probes, $browsers, "answer $n: $browsers") or
	    diag(explain($answers[$n]), $mode, ' ', $got->{message});
}
cmp_ok($verdicts{$_} // 0, '>=', $count / 10, "enough are $_")
    for qw(allowed blocked);
done_testing;
