#!/usr/bin/perl
# An upgrade under load: another program on the same socket, which another
# process keeps open, as systemd does.  The old one finishes, the new one
# accepts, and no request is lost, whatever its method.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get request_bytes);
use Corswrap::Responder;
use Corswrap::Server qw(install_program);
use Corswrap::Test;
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = tempdir();
my $unix = listen_unix("$dir/socket");
my $tcp  = listen_tcp();
my @addresses = ("unix:$dir/socket", 'tcp:127.0.0.1:' . $tcp->sockport);

write_file("$dir/app", <<'SH', 0755);
#!/bin/sh
printf 'Content-Type: text/plain\n\n%s ' "$GENERATION"
case $QUERY_STRING in slow) sleep 1.5;; esac
cat
SH

# A generation: a program of its own, as from a new package, which sends its
# name, on the sockets.
sub generation {
	my ($name) = @_;
	mkdir "$dir/$name";
	my $program = install_program(corswrap(), "$dir/$name/corswrap");
	my $r = responder(sockets => [ $unix, $tcp ], addresses => \@addresses,
		dir => "$dir/$name", corswrap => $program, policy => join "\n",
		'[cors]', 'origins = https://app.example.com', 'methods = PUT',
		'headers = X-Token', '[app]', "exec = $dir/app",
		'[env]', "GENERATION = $name", '[server]', 'log = debug', '');
	return $r;
}

# Clients that send requests all the time.  ->() ends them: responses by text.
sub load {
	my ($clients) = @_;
	my @pids;
	for my $n (1 .. $clients) {
		my $pid = fork // die "fork: $!";
		if ($pid) { push @pids, $pid; next }
		my %said;
		# no signal, which would cut off the current request
		until (-e "$dir/stop") {
			my @kind = ([ 'GET', '' ], [ 'POST', 'body' ],
				[ 'OPTIONS', '' ]);
			my ($method, $body) = @{ $kind[ rand @kind ] };
			my $a = eval { fcgi_get($addresses[ $n % 2 ],
				timeout => 60, stdin => $body,
				params => $method eq 'OPTIONS' ? preflight()
				    : get(REQUEST_METHOD => $method,
					CONTENT_LENGTH => length $body)) };
			my $good = $a && $a->{ended} && ($method eq 'OPTIONS'
			    ? $a->{status} == 204
			    : $a->{body} =~ /^(\w+) \Q$body\E$/);
			$said{ !$good ? 'lost ' . ($@ || $a->{status} // '')
			    : $method eq 'OPTIONS' ? 'preflight' : $1 }++;
			tick("$dir/ticks");
		}
		write_file("$dir/said.$n", join '',
			map { "$said{$_} $_\n" } keys %said);
		_exit(0);
	}
	return sub {
		write_file("$dir/stop", '');
		waitpid $_, 0 for @pids;
		unlink "$dir/stop";
		my %all;
		for my $n (1 .. $clients) {
			for (split /\n/, read_file("$dir/said.$n")) {
				my ($count, $what) = split / /, $_, 2;
				$all{$what} += $count;
			}
		}
		return \%all;
	};
}

# A request that runs while everything changes.
sub slow {
	my ($address) = @_;
	my $c = fcgi_connect($address, timeout => 60);
	$c->send_bytes(request_bytes(params => get(QUERY_STRING => 'slow')));
	return $c;
}

# --- the new one beside the old one ------------------------------------------------
{
	my $old = generation('old');
	my $stop = load(4);
	wait_ticks("$dir/ticks", 40);
	my @slow = map { slow($_) } @addresses;
	ok($_->read_record, 'a slow request runs') for @slow;
	my $new = generation('new');
	is($old->stop, 0, 'the old one finishes what runs, and ends');
	for my $c (@slow) {
		my $a = $c->read_response(timeout => 60);
		ok($a->{ended}, 'the slow request is whole');
	}
	wait_ticks("$dir/ticks", 40);
	my $said = $stop->();
	cmp_ok($said->{$_} // 0, '>', 0, ($said->{$_} // 0) . " answers: $_")
	    for qw(old new preflight);
	delete @$said{qw(old new preflight)};
	is_deeply($said, {}, 'and no other: nothing is lost');
	is(fcgi_get($_, params => get(), timeout => 60)->{body}, 'new ',
		"the new one has $_") for @addresses;

	# --- one after the other, as `systemctl restart` does ------------------------
	$stop = load(4);
	wait_ticks("$dir/ticks", 40);
	is($new->stop, 0, 'it ends; nobody is there');
	sleep 0.5;
	my $next = generation('next');
	wait_ticks("$dir/ticks", 40);
	$said = $stop->();
	cmp_ok($said->{$_} // 0, '>', 0, ($said->{$_} // 0) . " answers: $_")
	    for qw(new next preflight);
	delete @$said{qw(new next preflight)};
	is_deeply($said, {}, 'and no other: requests have waited');
	is($next->stop, 0, 'ends well');
	for my $r ($old, $new, $next) {
		unlike($r->log, qr/error:/, 'no error in the log');
	}
}
done_testing;
