#!/usr/bin/perl
# Each fix of corscheck probe for a live corswrap is applied to its policy: the
# policy then lints without errors, and finally the request passes.
#
# CORSWRAP_SEED chooses other policies, CORSWRAP_RANDOM how many.
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI;
use Corswrap::Raw;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

my $dir = tempdir();
my $policy = "$dir/p.ini";
my $program = app_program("$dir/app");

# A web server of a few lines in front of corswrap as a CGI program.
sub serve {
	my ($head) = @_;
	local $SIG{CHLD} = 'DEFAULT'; # raw_server ignores its children
	my ($method, $uri) = $head =~ /^(\S+) (\S+)/ or return;
	my %env = (PATH => $ENV{PATH}, GATEWAY_INTERFACE => 'CGI/1.1',
		SERVER_PROTOCOL => 'HTTP/1.1', REQUEST_METHOD => $method,
		REQUEST_URI => $uri, SCRIPT_NAME => '/app',
		CORSWRAP_CONFIG => $policy);
	$env{'HTTP_' . uc $1 =~ tr/-/_/r} = $2
	    while $head =~ /^([\w-]+): (.*?)\r$/mg;
	my $got = cgi_run(env => \%env);
	my (undef, $body) = split /\r?\n\r?\n/, $got->{raw}, 2;
	my $fields = join '', map { "$_->[0]: $_->[1]\r\n" }
	    grep { lc $_->[0] ne 'status' } @{ $got->{headers} };
	return "HTTP/1.1 $got->{status} X\r\n$fields" . ($got->{status} == 204 ? ''
	    : 'Content-Length: ' . length($body // '') . "\r\n")
	    . "Connection: close\r\n\r\n" . ($body // '');
}

my $listen = raw_socket();
my $url = 'http://127.0.0.1:' . $listen->sockport . '/app';
raw_server($listen, \&serve);

# --- random cases
# ---------------------------------------------------------------------

srand($ENV{CORSWRAP_SEED} // 19);
sub pick { return $_[ rand @_ ] }
sub some { my $p = shift; return grep { rand() < $p } @_ }

my @methods = qw(GET POST PUT DELETE PATCH PURGE);
my @headers = qw(X-Token Authorization Content-Type X-Api-Key);

sub draw {
	my $credentials = pick(qw(yes no no));
	my @keys = ("credentials = $credentials", 'origins = ' . pick(
		$credentials eq 'no' ? '*' : (), 'http://localhost:*',
		'https://app.example.com', 'https://*.example.com'));
	push @keys, 'methods = ' . join ' ', some(0.4, @methods[ 2 .. 5 ]);
	push @keys, 'headers = ' . pick('*', join ' ', some(0.4, @headers));
	push @keys, 'debug = yes' if rand() < 0.2;
	push @keys, 'preflight-status = 200' if rand() < 0.2;
	my @arguments = ('--origin', pick('https://app.example.com',
		'https://www.other.example', 'http://localhost:3000',
		'http://plain.example'), '-X', pick(@methods),
	    map({ ('-H', "$_: " . ($_ eq 'Content-Type' ? 'text/xml' : 1)) }
		some(0.3, @headers)), some(0.4, '--credentials'));
	return [ "[cors]\n" . join('', map { s/= $/=/r . "\n" } @keys), @arguments ];
}

my @drawn = map { draw() } 1 .. $ENV{CORSWRAP_RANDOM} // 16;
srand;

# --- the fixes of probe
# -----------------------------------------------------------------

# Apply the fix to [cors]; how many keys changed.
sub apply {
	my ($text, $fix) = @_;
	my $count = 0;
	while ($fix =~ /add ([^`]+?) to `([a-z]+)`/g) {
		my ($words, $key) = ($1, $2);
		$$text =~ s/^($key =.*)$/$1 $words/m or $$text .= "$key = $words\n";
		$count++;
	}
	while ($fix =~ /`([a-z-]+) = ([^`]+)`/g) {
		my ($key, $value) = ($1, $2);
		$$text =~ s/^$key =.*$/$key = $value/m or $$text .= "$key = $value\n";
		$count++;
	}
	return $count;
}

my %fixed;
for my $n (1 .. @drawn) {
	my ($text, @arguments) = @{ $drawn[ $n - 1 ] };
	my @told;
	for my $round (1 .. 7) {
		write_file($policy, "[app]\nexec = $program\n$text");
		my ($rc, $lint) = run([ corscheck(), 'lint', $policy ]);
		is($rc, 0, "$n.$round: the policy has no error")
		    or diag(join "\n", $lint, $text, @told) or last;
		my ($status, $out, $err) = run([ corscheck(), 'probe', '--json',
			@arguments, $url ], timeout => 60);
		my $got = eval { JSON::PP->new->decode($out) } // {};
		my $verdict = $got->{verdict} // "none: $out$err";
		if ($verdict eq 'allowed') {
			pass("$n: it passes");
			last;
		}
		$got->{fix} //= 'no fix';
		push @told, $got->{fix};
		# The page must change, not the policy.
		if ($got->{fix} =~ s/; if `credentials = yes` is set there, .*//
		    && $text =~ /^credentials = yes/m) {
			s{^http:}{https:} for @arguments;
			next;
		}
		last if $got->{fix} =~ /^serve the page over https$/;
		$fixed{ $got->{reason} }++;
		if (!apply(\$text, $got->{fix})) {
			fail("$n: it can be followed: $got->{fix}");
			diag("@arguments\n$text$out");
			last;
		}
		fail("$n: it never passes") or diag(join "\n", "@arguments", $text,
			@told) if $round == 7;
	}
}
cmp_ok(scalar keys %fixed, '>=', 3, 'several reasons were fixed')
    or diag(explain(\%fixed));
done_testing;
