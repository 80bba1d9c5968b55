package Bench::Load;

# Load on services, and the results: requests per second, CPU time of the
# services per request, latencies; several contenders in turn, round after
# round.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Bench::Service;
use Bench::Table;
use Bench::Peers qw(tool);
use Corswrap::Test qw(write_file);
use Exporter qw(import);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT = qw(fcgi_load http_load floor_load forks_load compare);

my %units = (us => 1, ms => 1e3, s => 1e6, m => 6e7);

# fcgi_load(PROGRAM, ADDRESS, [OPTIONS], SERVICE, ...): a contender's measure,
# called with milliseconds.
sub fcgi_load {
	my ($program, $address, $options, @services) = @_;
	return sub {
		my ($ms) = @_;
		my $cpu = cpu_of(@services);
		my $out = `$program -t $ms @$options $address 2>&1`;
		$cpu = cpu_of(@services) - $cpu;
		my ($rate, undef, $p50, $p99, $failed, $done, $mib) =
		    $out =~ /^[\d.]+ / ? split ' ', $out :
		    die "$address: $out\n";
		return { rate => $rate, cpu => 1e6 * $cpu / ($done || 1),
			p50 => $p50, p99 => $p99, failed => $failed,
			mib => $mib };
	};
}

# http_load(FOLDER, URL, METHOD, CONNECTIONS, SERVICE, ...): the same by wrk,
# which only supports whole seconds.
sub http_load {
	my ($dir, $url, $method, $connections, @services) = @_;
	my $lua = write_file("$dir/wrk-$method.lua", "wrk.method = '$method'\n"
	    . ($method eq 'OPTIONS' ? join '', map { "wrk.headers['$_->[0]'] = '$_->[1]'\n" }
		[ 'Access-Control-Request-Method', 'PUT' ],
		[ 'Access-Control-Request-Headers', 'content-type,x-token' ] : '')
	    . "wrk.headers['Origin'] = 'https://app.example.com'\n");
	my $wrk = tool('wrk');
	return sub {
		my ($ms) = @_;
		my $s = int(($ms + 500) / 1000) || 1;
		my $cpu = cpu_of(@services);
		my $out = `$wrk -t1 -c$connections -d$s --latency -s $lua $url 2>&1`;
		$cpu = cpu_of(@services) - $cpu;
		my ($done) = $out =~ /(\d+) requests in/ or
		    die "$url: $out\n";
		my ($rate) = $out =~ m{Requests/sec:\s*([\d.]+)};
		my ($bad) = $out =~ /Non-2xx or 3xx responses: (\d+)/;
		$bad //= 0;
		$bad += $_ for $out =~ /(?:connect|read|write|timeout) (\d+)/g;
		$bad ||= $done == 0;
		my %p;
		$p{$1} = $2 * $units{$3}
		    while $out =~ /(50|99)%\s+([\d.]+)(us|ms|s|m)/g;
		return { rate => $rate, cpu => 1e6 * $cpu / ($done || 1),
			p50 => $p{50}, p99 => $p{99}, failed => $bad };
	};
}

# floor_load(SPAWN, PROGRAM, WORKERS): that many workers that only posix_spawn,
# read and wait.
sub floor_load {
	my ($spawn, $program, $workers) = @_;
	my $each;    # microseconds a run of all workers, of the last measure
	return sub {
		my ($ms) = @_;
		my $runs = $each ? int(1000 * $ms / $each / $workers / 2) : 50;
		$runs = 1 if $runs < 1;
		my $command = "p=; for w in @{[ 1 .. $workers ]}; do $spawn 1"
		    . " $runs $program >/dev/null & p=\"\$p \$!\"; done;"
		    . ' for w in $p; do wait $w || exit 1; done';
		my $start  = clock_gettime(CLOCK_MONOTONIC);
		my @before = times;
		system('/bin/sh', '-c', $command) == 0 or
		    die "$spawn: $program: failed\n";
		my @after = times;
		my $wall  = clock_gettime(CLOCK_MONOTONIC) - $start;
		my $done  = $workers * 2 * $runs;    # one round warms up
		$each = 1e6 * $wall / $done;
		my $cpu = $after[2] + $after[3] - $before[2] - $before[3];
		return { rate => $done / $wall, cpu => 1e6 * $cpu / $done,
			p50 => $workers * $each, p99 => 0, failed => 0 };
	};
}

# forks_load(SCRIPT, MODULE, ...): forks of a Perl that has compiled the script,
# and loaded the modules (Bench::Forks).
sub forks_load {
	my ($script, @load) = @_;
	my ($folder) = __FILE__ =~ m{^(.*)/Bench/};
	return sub {
		my ($ms) = @_;
		my $words = join ',', int $ms, @load;
		my $text = `exec $^X -I'$folder' -MBench::Forks=$words $script </dev/null`;
		my ($runs, $wall, $cpu, $p50) = split ' ', $text;
		die "$script: forks of it failed\n" if !$p50;
		return { rate => $runs / $wall, cpu => 1e6 * $cpu / $runs,
			p50 => $p50, p99 => 0, failed => 0 };
	};
}

# compare(ROUNDS, MILLISECONDS, [NAME, sub], ...): { NAME => { rate => [a
# round's, ...], ... } }.  A short round first warms up.
sub compare {
	my ($rounds, $ms, @contenders) = @_;
	my %result;
	for my $round (0 .. $rounds) {
		for my $contender (@contenders) {
			my ($name, $measure) = @$contender;
			my $r = $measure->($round ? $ms : $ms / 4);
			next unless $round;
			push @{ $result{$name}{$_} }, $r->{$_} for keys %$r;
		}
	}
	return \%result;
}

1;
