#!/usr/bin/perl
# Several responders on TCP behind HAProxy and nginx, each of which forwards to
# two applications: one is killed under load, another terminated, an
# application is killed; no request is lost that may be sent twice.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Peer;
use Corswrap::Responder qw(responder);
use Corswrap::Server;
use Corswrap::Test;
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

my @servers = grep { have_program($_) } qw(haproxy nginx);
plan skip_all => 'neither HAProxy nor nginx' unless @servers;

my $origin = 'https://app.example.com';
my $dir    = tempdir();
make_places($dir);

# --- the applications ---------------------------------------------------------------

sub application {
	my ($name) = @_;
	return peer("unix:$dir/run/$name.sock", sub {
		my ($c) = @_;
		while (my $r = $c->read_request) {
			# so that there is something to be killed in
			sleep 0.05 if rand() < 0.3;
			$c->answer("Content-Type: text/plain\n\n$name "
			    . "$r->{params}{REQUEST_METHOD} $r->{stdin}");
			return unless $r->{keep};
		}
	});
}

my %app = map { $_ => application($_) } qw(left right);

# --- the responders -----------------------------------------------------------------

sub one {
	my ($port) = @_;
	return responder(sockets => [], addresses => ["tcp:127.0.0.1:$port"],
		args => [ '-l', "tcp:127.0.0.1:$port" ], policy => <<"END");
[app]
forward = unix:$dir/run/left.sock unix:$dir/run/right.sock
keep = 4
[cors]
origins = $origin
methods = PUT DELETE
headers = Content-Type
[server]
log = debug
END
}

# --- the clients --------------------------------------------------------------------

# Is it the application's response, with the header that a page needs?
sub is_good {
	my ($a, $method, $body) = @_;
	return 0 unless $a;
	return 0 unless (header($a, 'Access-Control-Allow-Origin') // '')
	    eq $origin;
	return $a->{status} == 204 if $method eq 'OPTIONS';
	return $a->{status} == 200 && $a->{body} eq '' if $method eq 'HEAD';
	return $a->{status} == 200
	    && $a->{body} =~ /^(?:left|right) $method \Q$body\E$/;
}

# Several of them, without end; ->() ends them: responses by kind.
sub load {
	my ($port, $clients, @methods) = @_;
	my @pids;
	for my $n (1 .. $clients) {
		my $pid = fork // die "fork: $!";
		if ($pid) { push @pids, $pid; next }
		my %count;
		srand $n;
		# no signal, which would cut off the current request
		until (-e "$dir/stop") {
			my $method = $methods[ rand @methods ];
			my $body = $method =~ /^P/ ? 'x' x (1 + rand 3000) : '';
			my @preflight = $method eq 'OPTIONS'
			    ? ('Access-Control-Request-Method' => 'PUT') : ();
			my $a = http($port, $method, '/api/x',
				[ Origin => $origin, @preflight ],
				$method =~ /^P/ ? $body : undef);
			$count{ is_good($a, $method, $body) ? 'good'
			    : "$method " . ($a ? $a->{status} : 'none') }++;
			tick("$dir/ticks");
		}
		write_file("$dir/count.$n", join '',
			map { "$count{$_} $_\n" } keys %count);
		_exit(0);
	}
	return sub {
		write_file("$dir/stop", '');
		waitpid $_, 0 for @pids;
		unlink "$dir/stop";
		my %all = (good => 0);
		for my $n (1 .. $clients) {
			for (split /\n/, read_file("$dir/count.$n")) {
				my ($count, $what) = split / /, $_, 2;
				$all{$what} += $count;
			}
		}
		return \%all;
	};
}

# Load, an event, and the results.
sub under_load {
	my ($what, $port, $methods, $happens) = @_;
	my $stop = load($port, 5, @$methods);
	wait_ticks("$dir/ticks", 50);
	$happens->();
	wait_ticks("$dir/ticks", 50);
	sleep 0.3;
	my $all = $stop->();
	my $good = delete $all->{good};
	cmp_ok($good, '>', 20, "$what: $good answers");
	is_deeply($all, {}, "$what: and no other");
	return;
}

my @twice = qw(GET GET HEAD OPTIONS PUT DELETE);

for my $server (@servers) {
	my %name = (haproxy => 'haproxy-several.cfg',
		nginx => 'nginx-several.conf');
	my @ports = map { free_port() } 1 .. 3;
	my @responders = map { one($_) } @ports;
	my $text = read_file(top_src() . "/examples/servers/$name{$server}");
	$text =~ s/\b900$_\b/$ports[ $_ - 1 ]/g for 1 .. 3;
	my $port = serve($dir, $server, $name{$server}, $text);
	ok(wait_for(sub {
		is_good(http($port, 'GET', '/api/x', [ Origin => $origin ]),
			'GET', '')
	}), "$server: up");

	under_load("$server: one of three is killed", $port, \@twice, sub {
		$responders[0]->signal('KILL');
		$responders[0]->wait_end;
	});
	under_load("$server: it comes back", $port, \@twice, sub {
		$responders[0] = one($ports[0]);
	});
	under_load("$server: one is told to end", $port, \@twice, sub {
		is($responders[1]->stop, 0, "$server: ends well");
	});
	$responders[1] = one($ports[1]);
	under_load("$server: an application is killed", $port, \@twice, sub {
		$app{left}->stop;
		unlink "$dir/run/left.sock";
	});
	$app{left} = application('left');
	ok(wait_for(sub {
		my $a = http($port, 'GET', '/api/x', [ Origin => $origin ]);
		$a && $a->{body} =~ /^left/;
	}, 30), "$server: once it is back it is asked again");
	is($_->stop, 0, "$server: ends well") for @responders;
}
show_logs($dir);
done_testing;
