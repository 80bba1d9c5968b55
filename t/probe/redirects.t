#!/usr/bin/perl
# corscheck probe treats redirects as real Chromium and Firefox do: random
# chains over three origins, followed or not.
#
# CORSWRAP_SEED sets the random seed, CORSWRAP_EXCHANGES how many.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Firefox;
use Corswrap::Raw;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

# Each chain is requested by one of them.
my %programs = (chromium => \&Corswrap::Chromium::program,
	firefox => \&Corswrap::Firefox::program);
my @here = grep { $programs{$_}->() } sort keys %programs;
plan skip_all => 'no Chromium and no Firefox' unless @here;

my $seed = $ENV{CORSWRAP_SEED} // 20261121;
my $count = $ENV{CORSWRAP_EXCHANGES} // 80;
note("CORSWRAP_SEED=$seed CORSWRAP_EXCHANGES=$count");
srand $seed;
my $dir = tempdir();
my $requests = "$dir/requests";

sub one_of { return $_[ rand @_ ] }

# --- the chains -----------------------------------------------------------------------

my $listen = raw_socket();
my $port = $listen->sockport;
# The page's, and two others.
my @hosts = map { "http://$_:$port" } qw(localhost 127.0.0.1 third.localhost);
my $page = $hosts[0];

# The response of a hop: its Access-Control-Allow-Origin, whether preflights
# pass.
sub hop {
	return {
		host => one_of(@hosts, @hosts[1, 2]),
		allow => one_of(qw(echo echo echo echo echo star page null none
			twice)),
		credentials => rand() < 0.8,
		options => rand() < 0.9 ? 204 : one_of(403, 302),
		status => one_of(301, 302, 303, 307, 308),
		location => one_of((1) x 12, 2, 'none', 'user', 'data'),
	};
}

my @cases;
for my $n (0 .. $count - 1) {
	my %headers;
	$headers{'X-A'} = '1' if rand() < 0.3;
	$headers{Authorization} = 'Bearer x' if rand() < 0.25;
	$headers{'Content-Type'} = one_of('text/plain', 'text/csv')
	    if rand() < 0.3;
	push @cases, {
		method => one_of(qw(GET GET GET POST POST PUT HEAD DELETE)),
		headers => \%headers,
		credentials => rand() < 0.3,
		redirect => one_of(('follow') x 5, 'error', 'manual'),
		hops => [ map { hop() } 0 .. one_of(1, 1, 1, 2, 2, 3) ],
	};
}

sub location {
	my ($n, $step, $hop, $next) = @_;
	my $to = "$next->{host}/$n/" . ($step + 1);
	return '' if $hop->{location} eq 'none';
	return "Location: data:text/plain,x\r\n" if $hop->{location} eq 'data';
	return 'Location: ' . ($to =~ s{//}{//me:pw\@}r) . "\r\n"
	    if $hop->{location} eq 'user';
	# The same host may be left out.
	$to =~ s{^http://[^/]+}{} if $next->{host} eq $hop->{host} && $n % 2;
	return "Location: $to\r\n" . ($hop->{location} eq '2'
	    ? "Location: $to?other\r\n" : '');
}

sub answer {
	my ($n, $step, $method, $origin) = @_;
	my $case = $cases[$n];
	my $hop = $case->{hops}[$step];
	my $next = $case->{hops}[ $step + 1 ];
	my %allow = (echo => [ $origin // '*' ], star => ['*'],
		page => [$page], null => ['null'], none => [],
		twice => [ $page, $page ]);
	my $fields = join '', map { "Access-Control-Allow-Origin: $_\r\n" }
	    @{ $allow{ $hop->{allow} } };
	$fields .= "Access-Control-Allow-Credentials: true\r\n"
	    if $hop->{credentials};
	$fields .= "Cache-Control: no-store\r\nContent-Length: 0\r\n"
	    . "Connection: close\r\n";
	if ($method eq 'OPTIONS') {
		return "HTTP/1.1 $hop->{options} x\r\n$fields"
		    . "Location: /elsewhere\r\n"
		    . "Access-Control-Allow-Methods: PUT, DELETE\r\n"
		    . 'Access-Control-Allow-Headers: '
		    . "authorization, content-type, x-a\r\n\r\n";
	}
	return "HTTP/1.1 200 x\r\n$fields\r\n" unless $next;
	return "HTTP/1.1 $hop->{status} x\r\n" . location($n, $step, $hop, $next)
	    . "$fields\r\n";
}

my $empty = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
    . "Content-Length: 1\r\nConnection: close\r\n\r\nx";

raw_server($listen, sub {
	my ($head) = @_;
	my ($method, $n, $step) = $head =~ m{^(\S+) /(\d+)/(\d+)} or
	    return $empty;
	my ($host) = $head =~ /^Host: (.*?)\r$/mi;
	my ($origin) = $head =~ /^Origin: (.*?)\r$/mi;
	my @shown = map { lc } sort $head =~
	    /^(authorization|x-a|content-type):/gim;
	my $asked = join ' ', $head =~
	    /^Access-Control-Request-(?:Method|Headers): (.*?)\r$/gim;
	open my $log, '>>', "$requests.$n";
	syswrite $log, "$method $host $step from " . ($origin // '-')
	    . " with @shown, asks $asked\n";
	return answer($n, $step, $method, $origin);
});

sub seen {
	my ($n) = @_;
	my @lines = split /\n/, read_file("$requests.$n");
	unlink "$requests.$n";
	return @lines;
}

# --- the comparison
# ---------------------------------------------------------------------

my %browser = (chromium => sub { Corswrap::Chromium->new },
	firefox => sub { Corswrap::Firefox->new('network.dns.localDomains' =>
	    'third.localhost') });
$_ = $_->() for @browser{@here};
$browser{$_}->load("$page/") for @here;
my (%verdicts, $agreed);
for my $n (0 .. $#cases) {
	my $case = $cases[$n];
	my $name = $here[ $n % @here ];
	my $browser = $browser{$name};
	my $url = "$case->{hops}[0]{host}/$n/0";
	my $options = JSON::PP->new->encode({ method => $case->{method},
		headers => $case->{headers}, cache => 'no-store',
		redirect => $case->{redirect},
		credentials => $case->{credentials} ? 'include'
		: 'same-origin' });
	my $outcome = $browser->value("fetch('$url', $options)"
	    . '.then(r => "allowed", e => "blocked")');
	my @browser = seen($n);
	my ($status, $out, $err) = run([ corscheck(), 'probe', '--json',
		'--browser', $name, '--redirect', $case->{redirect},
		'--origin', $page, '--method', $case->{method},
		($case->{credentials} ? '--credentials' : ()),
		(map { ('-H', "$_: $case->{headers}{$_}") }
			sort keys %{ $case->{headers} }), $url ]);
	my $got = eval { JSON::PP->new->decode($out) } || {};
	my @probe = seen($n);
	# Its own three requests come last, only to the first URL; two more if
	# the first preflight is refused.
	my @own = splice @probe, scalar @browser;
	my @more = grep { !m{ 0 from (?:https://corscheck-probe\.invalid|null|-) } }
	    @own;
	my @simpler = grep { m{^OPTIONS \S+ 0 from \Q$page\E with , asks \S+$} }
	    @more;
	@more = () if @simpler == @more && @more <= 2 &&
	    !($got->{preflight}{passes} // 1);
	$verdicts{$outcome}++;
	my $same = $outcome eq ($got->{verdict} // '') &&
	    "@browser" eq "@probe" && !@more && @own <= 3 + @simpler;
	$agreed++ if $same;
	ok($same, "chain $n, $name, $case->{redirect}: $outcome after " . @browser . ' requests') or
	    diag(explain({ case => $case, browser => \@browser,
		probe => \@probe, own => \@own, verdict => $got->{verdict},
		message => $got->{message} }), $err);
}
cmp_ok($verdicts{$_} // 0, '>=', $count / 10, "enough are $_")
    for qw(allowed blocked);
done_testing;
