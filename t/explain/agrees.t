#!/usr/bin/perl
# corscheck explain predicts what corswrap does: every scenario file, every
# request of the vectors and random exchanges go through both, and explain's
# fixes are applied to the policy until the request passes.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::Cases qw(read_case case_files policy_with_app cors_fields);
use Corswrap::Explain qw(explain_json explain_arguments disagreements);
use Corswrap::Test;
use Corswrap::Vectors qw(rows policy_text request_variables);
use File::Basename qw(basename);
use File::Copy qw(copy);
use List::Util qw(shuffle);
use Test::More;

my $dir = tempdir();
my $app = app_program("$dir/app");
copy($_, "$dir/") for glob top_src() . '/t/cases/*.txt';
my $policy = "$dir/policy.ini";

# The request of a file as a browser would send it.
sub question_of {
	my ($method, $uri, $header, $variable) = @_;
	my $host   = $header->{host} // 'www.example.org';
	my $scheme = ($variable->{HTTPS} // '') eq 'on'
	    || ($variable->{REQUEST_SCHEME} // '') eq 'https'
	    || ($variable->{HTTP_X_FORWARDED_PROTO} // '') eq 'https'
	    ? 'https' : 'http';
	# Otherwise browsers send no request: it is mixed content.
	$scheme = 'https' if ($header->{origin} // '') =~ /^https:/
	    && $host !~ /^(?:localhost|127\.|\[::1\])/
	    && $header->{origin} ne "https://$host";
	$uri = $1 if $uri =~ m{^https?://[^/]*(/.*)$};
	my %q = (
		url    => "$scheme://$host$uri",
		origin => $header->{origin} // "$scheme://$host",
		method => $method,
		chosen => $variable->{CORSWRAP_POLICY}
		    // $variable->{REDIRECT_CORSWRAP_POLICY},
	);
	my $asked = $header->{'access-control-request-method'} // '';
	return \%q if $method ne 'OPTIONS' || $asked eq '';
	$q{method}  = $asked;
	my $headers = $header->{'access-control-request-headers'} // '';
	$q{headers} = [ map { [ $_, '("x")' ] } grep { $_ ne '' }
	    split /[ \t]*,[ \t]*/, $headers ];
	return \%q;
}

# Does explain's browser send the request of the file?  Then the file's own
# expectation also applies to explain.
my $direct = 0;

sub same_request {
	my ($q, $header, $step) = @_;
	for my $name (qw(Origin Access-Control-Request-Method
		Access-Control-Request-Headers)) {
		my ($want, $have) = ($header->{lc $name}, $step->{headers}{$name});
		return 0 if defined $want != defined $have
		    || defined $want && $want ne $have;
	}
	return 1;
}

sub check_expected {
	my ($step, $status, $expect) = @_;
	my $said = [ map { [ $_, $step->{response}{headers}{$_} ] }
	    keys %{ $step->{response}{headers} } ];
	my @wrong;
	push @wrong, "status $status expected"
	    if $status ne ($step->{response}{status} // 'app');
	my ($have, $want) = map { join "\n", @{ cors_fields($_) } }
	    ($said, $expect);
	push @wrong, "explain said\n$have\nexpected\n$want" if $have ne $want;
	$direct++;
	return @wrong;
}

# --- the scenario files ----------------------------------------------------------

for my $file (case_files(top_src())) {
	my $case = read_case($file);
	my $name = basename($file, '.ini');
	write_file($policy, policy_with_app($case->{text}, $app));
	for my $r (@{ $case->{requests} }) {
		my %header   = map { lc $_->[0] => $_->[1] } @{ $r->{headers} };
		my %variable = map { @$_ } @{ $r->{variables} };
		my $q = question_of($r->{method}, $r->{uri}, \%header, \%variable);
		$q->{credentials} = grep { $_->[0] =~ /-credentials$/i }
		    @{ $r->{expect} };
		my ($e, $said) = explain_json($q, '-p', $policy);
		if (!$e) {
			# Not a request that a browser sends.
			like($said, qr/^corscheck: (?:origin|URL) /,
			    "$name: $r->{name}: nobody sends it");
			next;
		}
		if (($e->{reason} // '') eq 'mixed-content') {
			is("$q->{origin} $q->{url}" =~ m{^https://\S+ http://},
			    1, "$name: $r->{name}: nobody sends it");
			next;
		}
		my @wrong = disagreements($q, $policy, $e);
		my $step = $r->{method} ne 'OPTIONS' || !$q->{headers}
		    ? $e->{request}
		    : { %{ $e->{preflight} }, %{ $e->{preflight}{request} // {} } };
		push @wrong, check_expected($step, $r->{status}, $r->{expect})
		    if !@{ $r->{app} } && $step->{response}
		    && ($header{'sec-fetch-site'} // '') !~ /^\w+-site$/
		    && same_request($q, \%header, $step);
		ok(!@wrong, "$name: $r->{name}") or diag(join "\n",
			@wrong, "@{[ explain_arguments($q) ]}");
	}
}
cmp_ok($direct, '>=', 60, 'most were compared with what the files expect');

# --- the vectors ------------------------------------------------------------------

for my $row (rows(top_src() . '/t/vectors/cors.tsv', 'request')) {
	my $fixture  = policy_text($row);
	my %variable = request_variables($row, $fixture, join => 1);
	next if grep { /\0/ } values %variable; # no argument holds it
	my %header;
	for (qw(ORIGIN ACCESS_CONTROL_REQUEST_METHOD
		ACCESS_CONTROL_REQUEST_HEADERS)) {
		$header{ lc =~ tr/_/-/r } = $variable{"HTTP_$_"}
		    if defined $variable{"HTTP_$_"};
	}
	write_file($policy, "$fixture->{text}\n[app]\nexec = $app\n");
	my $q = question_of($row->{method}, $fixture->{uri}, \%header, {});
	next if grep { length > 100_000 } values %header;
	$q->{credentials} = $row->{exp_acac} eq 'true';
	my ($e, $said) = explain_json($q, '-p', $policy);
	if (!$e) {
		like($said, qr/^corscheck: (?:origin|URL) /,
		    "$row->{id}: nobody sends it");
		next;
	}
	my @wrong = disagreements($q, $policy, $e);
	ok(!@wrong, $row->{id})
	    or diag(join "\n", @wrong, "@{[ explain_arguments($q) ]}",
		$fixture->{text});
}

# --- at random ---------------------------------------------------------------------

# All random values are drawn before the run: temporary folders draw their
# names from the same generator, and how often depends on other processes.
srand($ENV{CORSWRAP_SEED} // 8);
sub pick { return $_[ rand @_ ] }
sub some { my $p = shift; return grep { rand() < $p } @_ }

my @hosts = qw(api.example.net www.example.org localhost:8080);
my @pages = qw(https://app.example.com https://a.example http://localhost:3000
    https://x.sub.example https://sub.example https://a.example:8443
    https://www.example.org null http://plain.example);
my @methods = qw(GET HEAD POST PUT DELETE PATCH patch OPTIONS PURGE);
my @headers = ([ 'Content-Type', 'application/json' ],
	[ 'Content-Type', 'text/plain' ], [ 'Authorization', 'Bearer x' ],
	[ 'X-Requested-With', 'fetch' ], [ 'X-Api-Key', '1' ],
	[ 'Accept', 'text/html' ], [ 'Range', 'bytes=0-99' ],
	[ 'Cookie', 'a=b' ], [ 'If-None-Match', '"x"' ]);

# A section without errors; ORIGINS may be left to [cors].
sub random_section {
	my ($title, $inherits) = @_;
	my $credentials = pick(qw(yes no no));
	my @safe = qw(https://app.example.com https://*.sub.example
	    https://a.example:* http://localhost:* https://www.example.org);
	my $origins = rand() < 0.25 && $credentials eq 'no' ? '*'
	    : join ' ', pick(@safe), some(0.3, @safe);
	my @lines = ("credentials = $credentials");
	push @lines, "origins = $origins" unless $inherits && rand() < 0.4
	    && $credentials eq 'no';
	push @lines, 'methods = ' . pick('*', join ' ', some(0.4, @methods))
	    if rand() < 0.8;
	push @lines, 'headers = ' . pick('*', '* Authorization',
		join ' ', some(0.5, map { $_->[0] } @headers[0, 2 .. 4]))
	    if rand() < 0.8;
	push @lines, 'expose = ' . pick('*', 'X-Total-Count ETag')
	    if rand() < 0.4;
	push @lines, 'allow = ' . join ' ', 'GET', some(0.5, @methods)
	    if rand() < 0.2;
	push @lines, 'enforce = '
	    . pick(qw(advertise report block-unsafe block)) if rand() < 0.6;
	push @lines, 'isolate = ' . pick(qw(no report yes)) if rand() < 0.3;
	push @lines, 'resource-policy = '
	    . pick(qw(same-origin same-site cross-origin)) if rand() < 0.2;
	push @lines, 'debug = ' . pick(qw(yes no)) if rand() < 0.3;
	push @lines, 'preflight = ' . pick(qw(forward answer)) if rand() < 0.2;
	push @lines, 'preflight-status = ' . pick(200, 204, 299)
	    if rand() < 0.2;
	push @lines, 'max-age = ' . int rand 9000 if rand() < 0.3;
	push @lines, 'timing = ' . pick('same', '*') if rand() < 0.2;
	push @lines, 'app-headers = ' . pick(qw(keep override)) if rand() < 0.2;
	# An empty list is a list.
	return join '', "[$title]\n", map { s/= $/=/r . "\n" } shuffle @lines;
}

sub random_policy {
	my $text = random_section('cors', 0);
	$text .= random_section('cors api', 1) . "path = /cgi-bin/api/*\n"
	    if rand() < 0.5;
	$text .= random_section('cors local', 1) . "host = localhost\n"
	    if rand() < 0.3;
	# [cors] has no origins of its own if no section inherits them.
	my ($base, @named) = split /^(?=\[)/m, $text;
	$base =~ s/^origins = .*\n//m
	    if rand() < 0.5 && @named && !grep { !/^origins = /m } @named;
	return join '', $base, @named;
}

sub random_question {
	my $host = pick(@hosts);
	my %q    = (
		url => pick($host =~ /:/ ? 'http' : 'https', 'http')
		    . "://$host/cgi-bin/" . pick(qw(app api/x api/ %61pi/x?y=z)),
		origin      => pick(@pages),
		method      => pick(@methods),
		headers     => [ map { [@$_] } some(0.25, @headers) ],
		credentials => rand() < 0.4,
	);
	# Else it is mixed content, whatever the policy says.
	$q{url} =~ s{^http:(?!//localhost)}{https:} if $q{origin} =~ /^https:/;
	return \%q;
}

# Apply the fix to the policy's lines; false: it is not for a policy.
sub apply {
	my ($lines, $fix) = @_;
	my @edits;
	my $place = qr/\[cors[^\]]*\] \(line (\d+)\)/;
	if ($fix =~ /list the origins by name, as in `(origins = \S+)` \(line (\d+)\), and (.*)$/) {
		@edits = ([ $2, 'replace', $1 ]);
		$fix   = $3;
	} elsif ($fix =~ /give \[cors\] `(origins = \S+)`/) {
		my ($n) = grep { $lines->[ $_ - 1 ] eq '[cors]' } 1 .. @$lines;
		@edits = ([ $n, 'behind', $1 ]);
		$fix   = '';
	}
	if ($fix =~ /^(.*; or (?:, as it is, )?)?add (.+?) to `[a-z]+` of $place/) {
		push @edits, [ $3, 'append', $2 ];
	} elsif ($fix =~ /write `(.+? = .+?)` in $place/) {
		push @edits, [ $2, 'behind', $1 ];
	}
	if ($fix =~ /set `(credentials = yes)` in $place/) {
		my ($set, $n) = ($1, $2);
		push @edits, [ $n, $lines->[ $n - 1 ] =~ /^credentials/
			? 'replace' : 'behind', $set ];
	}
	for (sort { $b->[0] <=> $a->[0] } @edits) {
		my ($n, $how, $text) = @$_;
		$lines->[ $n - 1 ] .= " $text" if $how eq 'append';
		$lines->[ $n - 1 ] = $text if $how eq 'replace';
		splice @$lines, $n, 0, $text if $how eq 'behind';
	}
	return scalar @edits;
}

# Not the policy has to change, or not only the policy.
sub is_elsewhere {
	my ($fix) = @_;
	return $fix =~ /serve the page over http|be https alone/;
}

my @drawn = map { [ random_policy(), random_question() ] }
    1 .. $ENV{CORSWRAP_RANDOM} // 80;
# Random values produce these too rarely.
for my $key ('enforce = block', 'isolate = yes') {
	push @drawn, [ "[cors]\norigins = https://a.example\n$key\n",
		{ url => 'https://api.example.net/cgi-bin/app',
			origin => 'https://app.example.com', method => 'GET',
			headers => [], credentials => 0 } ];
}
# A common mistake in scripts, whose header no policy may list.
push @drawn, map { [ "[cors]\norigins = https://a.example\n$_",
	{ url => 'https://api.example.net/cgi-bin/app',
		origin => 'https://a.example', method => 'GET',
		headers => [ [ 'Access-Control-Allow-Origin', '*' ],
			[ 'X-Api-Key', '1' ] ], credentials => 0 } ] }
    "headers = X-Api-Key\n", "headers = X-Other\n";
srand;

my %seen;
for my $n (1 .. @drawn) {
	my ($text, $q) = @{ $drawn[ $n - 1 ] };
	my @told;
	for my $round (0 .. 8) {
		write_file($policy, policy_with_app($text, $app));
		my ($e, $said) = explain_json($q, '-p', $policy);
		my @wrong = $e ? disagreements($q, $policy, $e) : $said;
		if (!$e && $said =~ /: error: /) {
			push @wrong, 'the policy is bad';
		}
		ok(!@wrong, "random $n.$round: " . ($e && $e->{reason} // 'good'))
		    or diag(join "\n", @wrong, "@{[ explain_arguments($q) ]}",
			$text, @told);
		last if @wrong || !defined $e->{reason};
		$seen{ $e->{reason} }++;
		push @told, $e->{fix};
		last if is_elsewhere($e->{fix});
		if ($e->{fix} =~ /take (.+?) out of the script/) {
			my %out = map { $_ => 1 } split / /, $1;
			$q->{headers} = [ grep { !$out{ lc $_->[0] } }
				@{ $q->{headers} } ];
			next if $e->{fix} =~ /^take/;
		}
		my @lines = split /\n/, $text;
		if (!apply(\@lines, $e->{fix})) {
			fail("random $n.$round: no fix of a policy: $e->{fix}");
			last;
		}
		$text = join "\n", @lines, '';
		fail("random $n: it never passes") or diag(join "\n", @told, $text)
		    if $round == 8;
	}
}
# The default number, with the default seed, produces each reason.
my @reasons = qw(origin-not-allowed origin-null method-not-allowed
    header-not-allowed credentials-not-true wildcard-with-credentials enforced
    isolated not-in-allow no-policy);
@reasons = () if defined $ENV{CORSWRAP_SEED}
    || ($ENV{CORSWRAP_RANDOM} // 80) < 80;
ok($seen{$_}, "at random there was $_") for @reasons;

done_testing;
