#!/usr/bin/perl
# When an answer is whole, and what becomes then of program, client, log and
# counters: the table in HACKING.md, over raw records.  t/servers/whole.t has the
# same behind web servers.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect request_bytes record);
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test;
use Test::More;
use Time::HiRes qw(sleep time);

my $status = "status-path = /status\nstatus-clients = 192.0.2.9";
my $r = run_responder('kill-grace = 300ms', server => $status);

# A counter, or 0.
sub counter {
	my ($of, $name) = @_;
	my $got = ask($of, 'status', params => { REQUEST_URI => '/status',
		REMOTE_ADDR => '192.0.2.9' });
	return ($got->{body} =~ /^\Q$name\E (\d+)$/m)[0] // 0;
}

sub failures { return counter($_[0], "corswrap_failures_total{failure=\"$_[1]\"}") }

# Is it cut so that no server takes it for whole: no END_REQUEST, and a last
# record that is none?
sub cut {
	my ($got, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($odd) = grep { $_->{version} == 0 } @{ $got->{others} // [] };
	return ok(!$got->{ended} && $got->{eof} && $odd, "$what: cut, and seen to be")
	    || diag(explain($got->{records}));
}

# --- F4: cut short ---------------------------------------------------------------

perl_program('killed.pl', 'print "A: 1\n\n", "x" x 20_000; kill 9, $$; sleep 9');
perl_program('killed-length.pl', 'print "Content-Length: 3\n\nabc"; kill 9, $$; sleep 9');
perl_program('killed-short.pl', 'print "Content-Length: 4\n\nabc"; kill 9, $$; sleep 9');
perl_program('exits.pl', 'print "A: 1\n\nabc"; exit 7');
perl_program('hangs.pl', 'print "A: 1\n\nabc"; sleep 60');
my $got = ask($r, 'killed.pl');
is(length $got->{body}, 20_000, 'F4: what a program wrote before a signal came');
cut($got, 'F4: a signal');
logged($r, qr/killed\.pl: ended by signal 9 .*\[killed\]/, 'F4: logged');
is(failures($r, 'killed'), 1, 'F4: counted');
cut(ask($r, 'killed.pl', params => { REQUEST_METHOD => 'POST' }, stdin => 'x'),
    'F4: a signal, POST');
cut(ask($r, 'killed-short.pl'), 'F4: a signal before Content-Length');
$got = ask($r, 'killed-length.pl');
ok($got->{ended}, 'F4: a signal behind Content-Length: whole');
is($got->{appStatus}, 128 + 9, 'F4: whose exit status says so');
ok(ask($r, 'killed.pl', params => { REQUEST_METHOD => 'HEAD' })->{ended},
    'F4: a signal behind the header block of HEAD: whole');
$got = ask($r, 'exits.pl');
ok($got->{ended}, 'an exit status: whole');
is($got->{appStatus}, 7, 'and passed on');
{
	my $t = run_responder("idle-timeout = 300ms\nkill-grace = 100ms",
	    server => $status);
	$got = ask($t, 'hangs.pl');
	is($got->{body}, 'abc', 'F4: what came before the timeout');
	cut($got, 'F4: a timeout');
	is(failures($t, 'idle-timeout'), 1, 'F4: a timeout: counted');
	$t->stop;
	$t = run_responder("total-timeout = 300ms\nkill-grace = 100ms");
	cut(ask($t, 'hangs.pl'), 'F4: total-timeout');
	$t->stop;
	$t = run_responder('kill-grace = 100ms', server => 'drain-timeout = 300ms');
	my $c = fcgi_connect($t->address);
	$c->send_bytes(request_bytes(params => params('hangs.pl')));
	sleep 0.3;
	$t->signal('TERM');
	cut($c->read_response(timeout => 20), 'F4: a shutdown');
	$t->stop;
}

ok($r->stop == 0, 'it stops well');
done_testing;
