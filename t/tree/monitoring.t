#!/usr/bin/perl
# examples/monitoring: the rules and the dashboard use counters, labels and
# values that a responder really has, and the alerts fire when they should.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Responder;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

my $folder = top_src() . '/examples/monitoring';
my $dashboard = JSON::PP->new->decode(read_file("$folder/dashboard.json"));
my $rules = read_file("$folder/alerts.yml");

# The expressions of both.
my @queries = map { map { $_->{expr} } @{ $_->{targets} } }
    @{ $dashboard->{panels} };
cmp_ok(scalar @queries, '>=', 12, 'the dashboard has panels');
push @queries, $rules =~ /^\s+expr: ((?:[^\n]+)(?:\n {10,}[^\n]+)*)/mg;
cmp_ok(scalar @queries, '>=', 18, 'and there are rules');

# Those of corswrap-operation(7), and its list of the counters.
my $manual = read_file(top_src() . '/doc/corswrap-operation.7');
push @queries, $manual =~ /^\.Dl (sum.*corswrap_.*)/mg;
cmp_ok(scalar @queries, '>=', 20, 'and the manual has queries');
my @listed = $manual =~ /^\.It Li (corswrap_\w+)$/mg;

# A responder that has seen all sorts of requests.
my $r = responder(more => { server => "status-path = /-/status\n"
	. "status-clients = 127.0.0.1\nreload = 100ms",
	cors => "enforce = report" },
    program => 'case $QUERY_STRING in bad) exit 0;; esac;'
    . 'printf "Content-Type: text/plain\n\n"; exit 0' . "\n");
fcgi_get($r->address, params => preflight());
fcgi_get($r->address, params => preflight(
	HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'DELETE'));
fcgi_get($r->address, params => get(HTTP_ORIGIN => 'https://evil.example'));
fcgi_get($r->address, params => get(QUERY_STRING => 'bad'));
# A failure may be counted a moment behind its response.
my $status;
wait_for(sub {
	$status = fcgi_get($r->address, params => get(REQUEST_URI => '/-/status',
		SCRIPT_NAME => '/-/status'))->{body};
	$status =~ /^corswrap_failures_total\{/m;
});

# Series => { label => { value => 1 } }
my %series;
for ($status =~ /^(\w+(?:\{.*\})?) /mg) {
	my ($name, $labels) = /^(\w+)(?:\{(.*)\})?$/;
	$series{$name} //= {};
	while (($labels // '') =~ /(\w+)="([^"]*)"/g) {
		$series{$name}{$1}{$2} = 1;
	}
}
cmp_ok(scalar keys %series, '>=', 10, 'the responder has counters');
# Those that only appear once they have been counted.
my $types = join ' ', $status =~ /^# TYPE (\w+)/mg;

is_deeply([ sort @listed ], [ sort split ' ', $types ],
    'corswrap-operation(7) lists every counter and no other');

# Labels that the scrape adds, and series of the store itself.
my %of_prometheus = map { $_ => 1 } qw(instance job);
for my $query (@queries) {
	my @asked = $query =~ /\b(corswrap_\w+)(?:\{([^}]*)\})?/g;
	while (my ($name, $labels) = splice @asked, 0, 2) {
		ok($series{$name}, "$name is counted") or next;
		while (($labels // '') =~ /(\w+)(=~?)"([^"]*)"/g) {
			my ($label, $how, $value) = ($1, $2, $3);
			next if $of_prometheus{$label};
			ok($series{$name}{$label}, "$name has the label $label");
			next if $name =~ /reloads/;
			ok(grep({ $series{$name}{$label}{$_} } split /\|/, $value),
			    "$name: $label can be $value");
		}
	}
	for my $by ($query =~ /\bby \(([\w, ]+)\)/g) {
		my ($name) = $query =~ /\b(corswrap_\w+)/;
		ok($of_prometheus{$_} || $series{$name}{$_}, "$name has $_")
		    for split /, /, $by;
	}
}
$r->stop;

SKIP: {
	my $promtool = have_program('promtool') or skip 'no promtool', 2;
	my ($exit, $out, $err) = run([ $promtool, 'check', 'rules',
		"$folder/alerts.yml" ]);
	is($exit, 0, 'promtool check rules') or diag($out, $err);
	($exit, $out, $err) = run([ $promtool, 'test', 'rules',
		"$folder/alerts.test.yml" ]);
	is($exit, 0, 'promtool test rules') or diag($out, $err);
	my $dir = tempdir();
	write_file("$dir/alerts.yml", $rules);
	write_file("$dir/prometheus.yml", read_file("$folder/prometheus.yml"));
	($exit, $out, $err) = run([ $promtool, 'check', 'config',
		"$dir/prometheus.yml" ]);
	is($exit, 0, 'promtool check config') or diag($out, $err);
}
SKIP: {
	my $logrotate = have_program('logrotate') or skip 'no logrotate', 1;
	my ($exit, $out, $err) = run([ $logrotate, '-d', "$folder/logrotate" ]);
	is($exit, 0, 'logrotate reads its file') or diag($out, $err);
}
done_testing;
