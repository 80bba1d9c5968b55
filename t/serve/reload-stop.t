#!/usr/bin/perl
# A changed policy is loaded and an invalid one refused, and a stop finishes
# running requests; neither loses a request.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get request_bytes begin_record
    params_records);
use Corswrap::Responder;
use Corswrap::Test qw(read_file wait_for write_file tempdir);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my @standing = (timeout => 60);

sub max_age {
	my ($address) = @_;
	my $r = fcgi_get($address, params => preflight(), @standing);
	return $r->{header}{'access-control-max-age'}[0] // "status $r->{status}";
}

# By default the file is only checked when the test says so: it is not written
# atomically.
sub policy_with {
	my ($r, $age, %more) = @_;
	$more{server} //= 'reload = 1h';
	return basic_policy($r->{program}, %more) =~
	    s/^max-age = .*$/max-age = $age/mr;
}

# Clients that send requests all the time, each a process; ->() ends them and
# returns how many responses were complete, and how many connections got no
# response.
sub load {
	my ($addresses, %o) = @_;
	my $dir = tempdir();
	my @pids;
	for my $n (1 .. ($o{clients} // 4)) {
		my $pid = fork // die "fork: $!";
		if ($pid) { push @pids, $pid; next }
		my ($well, $lost, $run, $last) = (0, 0, 1, '');
		$SIG{TERM} = sub { $run = 0 };
		my $address = $addresses->[ $n % @$addresses ];
		my $c;
		while ($run) {
			$c ||= fcgi_connect($address);
			if (!$c) {
				last if $o{until_gone};
				sleep 0.01;
				next;
			}
			my $new = !$c->{used}++;
			my $keep = $o{keep} && $n % 2;
			my $got = $c->request(keep => $keep, timeout => 60,
				params => $n % 4 == 3 ? get() : preflight());
			if ($got->{ended} && $got->{status} =~ /^20[04]$/) {
				$well++;
			} elsif ($new || length $got->{stdout}) {
				$lost++;
				$last = "$got->{status} "
				    . join ',', map { $_ // '-' }
				    @$got{qw(ended eof reset timed_out)};
			}
			# else: kept, and closed while it was idle
			undef $c unless $keep && $got->{ended} && !$c->{eof};
		}
		write_file("$dir/$n", "$well $lost $last");
		POSIX::_exit(0);
	}
	return sub {
		kill 'TERM', @pids unless $o{until_gone};
		waitpid $_, 0 for @pids;
		my ($well, $lost, $last) = (0, 0, '');
		for my $n (1 .. @pids) {
			my ($w, $l, $t) = split ' ', read_file("$dir/$n"), 3;
			$well += $w // 0;
			$lost += $l // 1;
			$last = $t if $t;
		}
		diag "lost: $last" if $lost;
		return ($well, $lost);
	};
}

# --- reload ------------------------------------------------------------------

{
	my $r = responder(more => { server => 'reload = 1h' });
	my $a = $r->address;
	is(max_age($a), 600, 'the policy of the start');
	my $kept = fcgi_connect($a);
	$kept->request(params => preflight(), keep => 1, @standing);

	my $ask = load([$a], keep => 1);
	sleep 0.2;
	write_file($r->{policy}, policy_with($r, 601));
	$r->signal('HUP');
	ok(wait_for(sub { max_age($a) eq '601' }, 30),
	    'SIGHUP: the new policy is in force');
	is($kept->request(params => preflight(), keep => 1, @standing)
		->{header}{'access-control-max-age'}[0], 601,
	    'on a kept connection too');

	write_file($r->{policy},
	    policy_with($r, 602) . "[cors x]\norgins = https://a.example/\n"
	    . "path = bad\n");
	$r->signal('HUP');
	ok($r->wait_log(qr/reload-refused/, 30), 'a bad one is refused');
	like($r->log, qr/unknown-key/, 'its diagnostics are in the log');
	like($r->log, qr/path-pattern|missing-origins/, 'all of them');
	is(max_age($a), 601, 'and the last good one stays');
	my @before = $r->log =~ /reload-refused/g;
	sleep 0.5;
	my @after = $r->log =~ /reload-refused/g;
	is(scalar @after, scalar @before, 'said once');

	write_file($r->{policy}, policy_with($r, 603));
	$r->signal('HUP');
	ok(wait_for(sub { max_age($a) eq '603' }, 30), 'mended: in force');
	my ($well, $lost) = $ask->();
	cmp_ok($well, '>', 0, "$well requests meanwhile");
	is($lost, 0, 'none was lost');

	unlink $r->{policy};
	$r->signal('HUP');
	sleep 0.5;
	is(max_age($a), 603, 'the file is gone: the policy stays');
	is($r->stop, 0, 'ends well');
}
{
	my $r = responder(more => { server => 'reload = 200ms' });
	my $a = $r->address;
	write_file($r->{policy}, policy_with($r, 701,
		server => 'reload = 200ms'));
	ok(wait_for(sub { max_age($a) eq '701' }, 30),
	    'a changed file is taken up without a signal');
	write_file("$r->{policy}.new", policy_with($r, 702,
		server => 'reload = 200ms'));
	rename "$r->{policy}.new", $r->{policy};
	ok(wait_for(sub { max_age($a) eq '702' }, 30),
	    'one that is renamed into place too');

	# errors, repeatedly: one log line per change
	write_file($r->{policy}, "[cors]\norigins = https://a.example/\n");
	ok($r->wait_log(qr/reload-refused/, 30), 'a bad file is refused');
	sleep 1.5;
	my @said = $r->log =~ /reload-refused/g;
	is(scalar @said, 1, 'once in 1.5 s');
	is(max_age($a), 702, 'the last good one stays');
	write_file($r->{policy}, "[cors]\norigins = https://a.example/x\n");
	ok(wait_for(sub { my @n = $r->log =~ /reload-refused/g; @n == 2 }, 30),
	    'another bad one: said again');

	# an origins-file that changes
	write_file("$r->{dir}/origins", "https://one.example\n");
	my $text = policy_with($r, 703, server => 'reload = 200ms');
	$text =~ s/^origins = .*$/origins-file = $r->{dir}\/origins/m;
	write_file($r->{policy}, $text);
	my $from = sub { fcgi_get($a, @standing,
		params => preflight(HTTP_ORIGIN => $_[0]))->{status} };
	ok(wait_for(sub { $from->('https://one.example') == 204 }, 30),
	    'origins-file: its origin');
	is($from->('https://two.example'), 403, 'and no other');
	write_file("$r->{dir}/origins", "https://two.example\n");
	ok(wait_for(sub { $from->('https://two.example') == 204 }, 30),
	    'it changes: taken up');
	is($from->('https://one.example'), 403, 'as a whole');
	is($r->stop, 0, 'ends well');
}
{
	# Many times under load: no request lost, no memory leaked.
	my $r = responder(more => { server => 'reload = 1h' });
	my $a = $r->address;
	max_age($a);
	my $ask = load([$a], keep => 1);
	my ($kib, $fds);
	for my $n (1 .. 60) {
		write_file("$r->{policy}.new", policy_with($r, 1000 + $n));
		rename "$r->{policy}.new", $r->{policy};
		$r->signal('HUP');
		wait_for(sub { max_age($a) == 1000 + $n }, 30)
		    or BAIL_OUT("no reload $n: " . $r->log);
		($kib, $fds) = ($r->resident, $r->descriptors) if $n == 20;
	}
	is(max_age($a), 1060, '60 reloads under load');
	my ($well, $lost) = $ask->();
	is($lost, 0, "of $well requests none was lost");
	cmp_ok($r->resident, '<', $kib + ($ENV{CORSWRAP_WATCHED} ? 1e6 : 4000),
	    'memory is where it was');
	ok(wait_for(sub { $r->descriptors <= $fds + 4 }, 10),
	    'descriptors too');
	is($r->stop, 0, 'ends well');
}
{
	# The log file is opened again.
	my $dir = tempdir();
	my $r = responder(more => { server =>
		"log-file = $dir/c.log\nlog = info\naccess-log = yes\nreload = 1h" });
	max_age($r->address);
	ok(wait_for(sub { -s "$dir/c.log" }, 20), 'log-file');
	rename "$dir/c.log", "$dir/c.log.1";
	$r->signal('HUP');
	ok(wait_for(sub { max_age($r->address); -s "$dir/c.log" }, 20),
	    'rotated: SIGHUP opens it again');
	is($r->stop, 0, 'ends well');
}

# R3, R25, CGI-077
# --- stop --------------------------------------------------------------------

for my $signal (qw(TERM INT USR1)) {
	for my $kind (qw(unix tcp fd0)) {
		my $r = responder(listen => $kind);
		max_age($r->address);
		my $start = time;
		$r->signal($signal);
		is($r->wait_end(30), 0, "$signal, $kind, idle: ends well");
		cmp_ok(time - $start, '<', 5, "$signal, $kind: soon");
	}
}
for my $signal (qw(TERM INT USR1)) {
	my $r = responder(
		program => "sleep 1; printf 'Content-Type: text/plain\\n\\nwhole'");
	my $a = $r->address;
	my @running = map { my $c = fcgi_connect($a);
		$c->send_bytes(request_bytes(params => get())); $c } 1 .. 5;
	my $late = fcgi_connect($a); # connected, nothing sent yet
	my $kept = fcgi_connect($a);
	is($kept->request(params => preflight(), keep => 1, @standing)
		->{status}, 204, "$signal: a kept connection");
	sleep 0.3;
	$r->signal($signal);
	$late->send_bytes(request_bytes(params => preflight()));
	is(scalar(grep { $_->read_response(@standing)->{body} eq 'whole' }
			@running), 5, "$signal: what runs is finished");
	is($late->read_response(@standing)->{status}, 204,
	    "$signal: who had connected is served");
	cmp_ok($kept->closed_within(20) // 1000, '<', 15,
	    "$signal: idle connections are closed");
	is($r->wait_end(30), 0, "$signal: then it ends");
	ok(!fcgi_connect($a), "$signal: and nobody listens");
}
for my $signal (qw(TERM USR1)) {
	my $r = responder();
	max_age($r->address);
	my $ask = load([ $r->address ], until_gone => 1, keep => 1);
	sleep 1;
	$r->signal($signal);
	is($r->wait_end(60), 0, "$signal under load: ends well");
	my ($well, $lost) = $ask->();
	cmp_ok($well, '>', 0, "$signal: $well requests");
	is($lost, 0, "$signal: none that was accepted is lost");
}
{
	# Two on one socket, one after the other replaced: no client sees it.
	my $dir    = tempdir();
	my $socket = listen_unix("$dir/socket");
	my $one    = sub {
		my $r = responder(dir => tempdir(), sockets => [$socket],
			addresses => ["unix:$dir/socket"]);
		# connecting tells nothing of the one, but its threads do
		wait_for(sub { $r->threads > 1 }, 60);
		return $r;
	};
	my @running = ($one->(), $one->());
	my $ask = load(["unix:$dir/socket"]);
	for (1 .. 4) {
		push @running, $one->();
		my $old = shift @running;
		$old->signal('TERM');
		is($old->wait_end(60), 0, "one of three on a socket ends");
	}
	my ($well, $lost) = $ask->();
	is($lost, 0, "the others went on: $well requests, none lost");
	$_->stop for @running;
}
{
	my $dir = tempdir();
	my $r = responder(more => { server => 'drain-timeout = 1s',
		app => 'kill-grace = 500ms' },
		program => "echo \$\$ > $dir/pid; sleep 300");
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => get()));
	my $upload = fcgi_connect($r->address);
	$upload->send_bytes(begin_record() . params_records(get(
		REQUEST_METHOD => 'POST', CONTENT_LENGTH => 1000)));
	ok(wait_for(sub { read_file("$dir/pid") =~ /\n/ }, 20), 'it runs');
	my $pid = read_file("$dir/pid") + 0;
	my $start = time;
	$r->signal('TERM');
	is($r->wait_end(60), 0, 'drain-timeout: ends well');
	my $took = time - $start;
	cmp_ok($took, '>', 0.9, 'drain-timeout: it waits that long');
	cmp_ok($took, '<', 25, 'and not for ever');
	ok(!kill(0, $pid), 'the program is gone');
	isnt($c->read_response(@standing)->{status}, 200,
	    'its client learns that it failed');
	like($r->log, qr/drain-timeout/, 'the log says so');
}

done_testing;
