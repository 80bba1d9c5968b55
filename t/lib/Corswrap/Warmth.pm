package Corswrap::Warmth;

# Starts responders with a [warm] section, and reads their counters.
#
#	my $r = warm_responder("kill-grace = 300ms", warm => 'spare = 2');
#	warm_up($r, 'x.pl');
#	my $got = ask_warm($r, 'x.pl', stdin => 'a=1');  # fails if it ran cold
#	my ($pair, $ran) = warm_turn($r, sub { [ ask($cold, @w), ask($r, @w) ] });
#	counted($r)->{cold}
#	zygotes($r)                                      # processes
#
# The programs are those of Corswrap::Programs.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test;
use Exporter qw(import);
use Test::More ();
use Time::HiRes qw(sleep);

our @EXPORT = qw(warm_responder warm_up warm_turn ask_warm counted zygotes warm_section
    counter_lines);

# Warm programs need Linux: only Linux reports which process has replied
# (os_name_senders).
# A test that runs no Perl warm sets $language before it uses this module.
our $language;
Test::More::plan(skip_all => never_warm($language)) if never_warm($language);

# Tests run before make install, so use the files of the source tree.
$ENV{CORSWRAP_LIBEXEC} = top_src() . '/lib';

# Returns lines of [server] that allow the tests to read the counters.
sub counter_lines {
	return "status-path = /warm-status\nstatus-clients = 192.0.2.1";
}

sub warm_section {
	my ($more) = @_;
	return "[warm]\nscripts = $dir/cgi/*.pl\nafter = 1 in 1m\n" .
	    ($more // '') . "\n";
}

# Starts a responder.  $app has lines of [app]; the options are those of
# run_responder, and warm => lines of [warm].
sub warm_responder {
	my ($app, %o) = @_;
	my $section = warm_section(delete $o{warm});
	my $server = delete $o{server} // '';
	return run_responder(($app // '') . "\n$section", server =>
	    "$server\n" . counter_lines(), %o);
}

sub _counters {
	my ($r) = @_;
	my $got = ask($r, 'status', params => { REQUEST_URI => '/warm-status',
		REMOTE_ADDR => '192.0.2.1' });
	return $got->{body};
}

# Returns { warm => N, cold => N, stale => N } for all requests so far.  (A request is
# counted after its response has been sent, which may be later than the client reads
# it.  So this waits until the worker that reports is the only busy one, at most 2 s,
# because a test may have a request that is still running.)
sub counted {
	my ($r) = @_;
	my $text;
	wait_for(sub { $text = _counters($r);
		$text =~ /^corswrap_busy_workers 1$/m }, 2);
	return { $text =~
		/^corswrap_warm_requests_total\{result="(\w+)"\} (\d+)/mg };
}

# Sends requests until one runs warm; returns false if this never happens.
sub warm_up {
	my ($r, $script, %o) = @_;
	return wait_for(sub {
		my $before = counted($r)->{warm};
		ask($r, $script, %o);
		return 1 if counted($r)->{warm} > $before;
		sleep 0.02;
		return;
	}, 20) || do {
		Test::More::diag(substr $r->log, -1500);
		0;
	};
}

# Returns the code's result, and how many requests ran warm in the meantime.
sub _ran_warm {
	my ($r, $code) = @_;
	my $before = counted($r)->{warm};
	my $got = $code->();
	return ($got, counted($r)->{warm} - $before);
}

# warm_turn(RESPONDER, CODE): calls CODE, which sends one request that should run
# warm, and repeats this while the request runs cold, because on a busy machine a
# fork may be too late.  Returns (result, 1), or (last result, 0) if no request ran
# warm.
sub warm_turn {
	my ($r, $code) = @_;
	my ($got, $ran);
	wait_for(sub { ($got, $ran) = _ran_warm($r, $code); $ran == 1 }, 20);
	return ($got, $ran);
}

# Like ask, for a program that must run warm.  A request with a body may have side
# effects, so it is repeated only with again => 1.
sub ask_warm {
	my ($r, $script, %o) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $again = delete $o{again} // !defined $o{stdin};
	my ($got, $ran) = ($again ? \&warm_turn : \&_ran_warm)->($r,
	    sub { ask($r, $script, %o) });
	Test::More::is($ran, 1, "$script ran warm");
	return $got;
}

# Returns the pids of the warm interpreters.
sub zygotes {
	my ($r) = @_;
	return grep { read_file("/proc/$_/cmdline") =~ /Corswrap::Warm|corswrap_warm/ }
	    children_of($r->pid);
}

1;
