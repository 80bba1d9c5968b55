#!/usr/bin/perl
# The counters: which clients get them, whether they count, and whether
# Prometheus can read them.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get request_bytes);
use Corswrap::Responder;
use Corswrap::Test qw(have_program read_file run wait_for write_file);
use Test::More;
use Time::HiRes qw(sleep);

my @standing = (timeout => 60);

my $r = responder(
	more => { server => "status-path = /internal/status\n"
		. "status-clients = 127.0.0.1 10.0.0.0/8\nreload = 1h",
		app => "first-byte-timeout = 1s\nkill-grace = 200ms",
		cors => 'enforce = report' },
	program => <<'END');
case $QUERY_STRING in
slow) sleep 60;;
dies) printf 'Content-Type: text/plain\n\npart'; kill -KILL $$;;
wait) sleep 2;;
esac
printf 'Content-Type: text/plain\n\nprogram\n'
END
my $a = $r->address;

sub status {
	my (%o) = @_;
	return fcgi_get($a, @standing, params => get(
		REQUEST_URI => '/internal/status', SCRIPT_NAME =>
		'/internal/status', %o));
}

# Buckets grow with their bounds, and the last, +Inf, is the count.
sub _histograms {
	my ($value, @names) = @_;
	my @bad;
	for my $name (@names) {
		my %by;
		for my $sample (keys %$value) {
			$sample =~ /^${name}_bucket\{(.*?),?le="([^"]+)"\}$/
			    or next;
			$by{$1}{ $2 eq '+Inf' ? 9**9**9 : $2 } = $value->{$sample};
		}
		push @bad, "no buckets: $name" unless %by;
		for my $labels (keys %by) {
			my @bounds = sort { $main::a <=> $main::b }
			    keys %{ $by{$labels} };
			my @counts = @{ $by{$labels} }{@bounds};
			push @bad, "shrinks: $name $labels"
			    if grep { $counts[$_] < $counts[ $_ - 1 ] }
				1 .. $#counts;
			push @bad, "no +Inf: $name" if $bounds[-1] != 9**9**9;
			push @bad, "+Inf is not the count: $name $labels"
			    if $counts[-1] != ($value->{"${name}_count{$labels}"} // -1);
			push @bad, "no sum: $name $labels"
			    unless defined $value->{"${name}_sum{$labels}"};
		}
	}
	return @bad;
}

# The samples by name and labels; fails on text that is not format 0.0.4.
sub samples {
	my ($text) = @_;
	my (%value, %type, %help, @bad);
	push @bad, 'no newline at the end' unless $text =~ /\n\z/;
	for my $line (split /\n/, $text) {
		if ($line =~ /^# HELP ([a-z_]+) (\S.*)$/) {
			push @bad, "HELP twice: $1" if $help{$1}++;
		} elsif ($line =~ /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/) {
			push @bad, "TYPE twice: $1" if $type{$1};
			push @bad, "TYPE without HELP: $1" unless $help{$1};
			$type{$1} = $2;
			push @bad, "counter without _total: $1"
			    if $2 eq 'counter' && $1 !~ /_total$/;
		} elsif ($line =~ /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\[\\n"])*",?)*\})? (-?[0-9.]+|\+Inf)$/) {
			my ($name, $labels, $number) = ($1, $2 // '', $3);
			my $family = $name;
			$family =~ s/_(?:bucket|sum|count)$//
			    unless $type{$name};
			push @bad, "no TYPE: $name" unless $type{$family};
			push @bad, "twice: $name$labels"
			    if exists $value{"$name$labels"};
			$value{"$name$labels"} = $number;
		} else {
			push @bad, "no sample: $line";
		}
	}
	push @bad, _histograms(\%value, grep { $type{$_} eq 'histogram' }
		keys %type);
	push @bad, map { "negative: $_" } grep { $value{$_} =~ /^-/ &&
		($type{ s/\{.*//r } // '') eq 'counter' } keys %value;
	is_deeply(\@bad, [], 'the text is of format 0.0.4');
	return \%value;
}

# --- allowed clients ---------------------------------------------------------

my $s = status();
is($s->{status}, 200, 'a client of status-clients gets it');
is($s->{header}{'content-type'}[0],
    'text/plain; version=0.0.4; charset=utf-8', 'its type');
is($s->{header}{'cache-control'}[0], 'no-store', 'not to be stored');
is($s->{header}{'content-length'}[0], length $s->{body}, 'its length');
samples($s->{body});
is(status(REMOTE_ADDR => '10.1.2.3')->{header}{'content-type'}[0],
    'text/plain; version=0.0.4; charset=utf-8', 'so does one of the prefix');
is(status(REMOTE_ADDR => '192.0.2.1')->{body}, "program\n",
    'for anybody else it is a path of the application');
is(status(REMOTE_ADDR => '')->{body}, "program\n",
    'for nobody in particular too');
is(status(REQUEST_METHOD => 'POST', CONTENT_LENGTH => 0)->{body},
    "program\n", 'POST is the application\'s');
is(status(REQUEST_URI => '/internal/status/',
	SCRIPT_NAME => '/internal/status/')->{body}, "program\n",
    'another path too');
my $head = status(REQUEST_METHOD => 'HEAD');
is("$head->{status} $head->{body}", '200 ', 'HEAD: no body');
cmp_ok($head->{header}{'content-length'}[0], '>', 100, 'but its length');

# --- whether they count ------------------------------------------------------

sub delta {
	my ($code) = @_;
	my $before = samples(status()->{body});
	$code->();
	my $after = samples(status()->{body});
	return sub { ($after->{ $_[0] } // 0) - ($before->{ $_[0] } // 0) };
}

my $origin = 'https://app.example.com';
my $count = delta(sub {
	fcgi_get($a, params => preflight(), @standing) for 1 .. 7;
	fcgi_get($a, params => preflight(HTTP_ORIGIN => 'https://b.example'),
		@standing) for 1 .. 3;
	fcgi_get($a, params => preflight(
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'DELETE'), @standing)
	    for 1 .. 2;
	fcgi_get($a, params => get(), @standing) for 1 .. 4;
	fcgi_get($a, params => get(HTTP_ORIGIN => 'https://b.example'),
		@standing);
	fcgi_get($a, params => get(QUERY_STRING => 'slow'), @standing);
	fcgi_get($a, params => get(QUERY_STRING => 'dies'), @standing);
});
my $requests = sub {
	$count->("corswrap_requests_total{policy=\"[cors]\",outcome=\"$_[0]\","
		. "reason=\"$_[1]\"}") };
is($requests->('preflight', 'none'), 7, 'preflights that pass');
is($requests->('preflight-refused', 'origin-not-allowed'), 3,
    'refused for the origin');
is($requests->('preflight-refused', 'method-not-allowed'), 2,
    'refused for the method');
is($requests->('run', 'none'), 6, 'programs run');
is($requests->('run', 'enforced'), 1, 'a program that enforce reports');
is($count->('corswrap_reported_total{policy="[cors]"}'), 1, 'as such');
is($count->('corswrap_responses_total{code="204"}'), 7, 'status 204');
is($count->('corswrap_responses_total{code="403"}'), 5, 'status 403');
is($count->('corswrap_responses_total{code="504"}'), 1, 'status 504');
is($count->('corswrap_failures_total{failure="first-byte-timeout"}'), 1,
    'a failure by its id');
is($count->('corswrap_failures_total{failure="killed"}'), 1,
    'a program that died inside its answer');
my $time = 'corswrap_request_duration_seconds';
is($count->("${time}_count{by=\"program\"}"), 7, 'durations of programs');
is($count->("${time}_bucket{by=\"program\",le=\"+Inf\"}"), 7,
    'the last bucket has them all');
cmp_ok($count->("${time}_bucket{by=\"program\",le=\"0.5\"}"), '<=', 6,
    'the slow one is not among the quick');
cmp_ok($count->("${time}_sum{by=\"program\"}"), '>=', 0.9,
    'its second is in the sum');
is($count->("${time}_count{by=\"corswrap\"}"), 13,
    'durations of our own: 12 and one of the counters');
cmp_ok($count->('corswrap_response_body_bytes_total'), '>=', 5 * 8,
    'bytes of bodies');

my $c = fcgi_connect($a);
$c->send_bytes(request_bytes(params => get(QUERY_STRING => 'wait')));
my $running;
ok(wait_for(sub {
	$running = samples_quietly(status()->{body});
	# The workers are counted first, and it may start in between.
	$running->{corswrap_running_programs} == 1 &&
	    $running->{corswrap_busy_workers} == 2 }, 20),
    'a program that runs is seen');
is($running->{corswrap_busy_workers}, 2, 'its worker is busy, and ours');
cmp_ok($running->{corswrap_workers}, '>=', 2, 'of as many as there may be');
$c->close;
ok(wait_for(sub {
	samples_quietly(status()->{body})->{corswrap_running_programs} == 0 },
	30), 'and its end');

sub samples_quietly {
	return { map { /^(\S+) (\S+)$/ ? ($1 => $2) : () }
		    split /\n/, $_[0] };
}

write_file($r->{policy}, "[cors]\n");
$r->signal('HUP');
$r->wait_log(qr/reload-refused/);
is(samples(status()->{body})
	->{'corswrap_reloads_total{result="refused"}'}, 1,
    'a refused reload');

SKIP: {
	skip 'no promtool', 1 unless have_program('promtool');
	my ($status, $out, $err) = run([ 'promtool', 'check', 'metrics' ],
		stdin => status()->{body});
	is($status, 0, 'promtool check metrics') or diag "$out$err";
}
is($r->stop, 0, 'ends well');

done_testing;
