#!/usr/bin/perl
# The cost of a request in system calls, instructions and allocations: numbers
# that do not depend on the machine's speed, so that a change that makes
# corswrap slower shows here.  The limits have room for other compilers and
# libraries.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::Counts;
use Corswrap::FastCGI qw(fcgi_connect request_bytes);
use Corswrap::Responder;
use Corswrap::Test;
use Test::More;

my @standing = (timeout => 60);

sub preflights_kept {
	my ($address, $count) = @_;
	my $c = fcgi_connect($address);
	my $bytes = request_bytes(params => preflight(), keep => 1);
	for (1 .. $count) {
		$c->send_bytes($bytes);
		die 'no answer' unless $c->read_response(@standing)->{ended};
	}
	return $c->close;
}

sub requests_new {
	my ($address, $params, $count) = @_;
	my $bytes = request_bytes(params => $params);
	for (1 .. $count) {
		my $c = fcgi_connect($address);
		$c->send_bytes($bytes);
		die 'no answer' unless $c->read_response(@standing)->{ended};
		$c->close;
	}
	return;
}

sub between {
	my ($value, $least, $most, $name) = @_;
	note sprintf '%s: %.2f', $name, $value;
	return ok($value >= $least && $value <= $most,
	    "$name: $least to $most") || diag "it is $value";
}

# --- system calls ------------------------------------------------------------------

my $dir = tempdir();
my $program = sh_program("$dir/program",
    "printf 'Content-Type: text/plain\\n\\nhello'\n");

SKIP: {
	my $r = responder(policy => basic_policy($program,
		server => "workers = 4\nreload = 1h"));
	my $a = $r->address;
	my $n = 50;
	requests_new($a, get(), 2);
	my $idle = calls_of($r->pid, sub { sleep 1 });
	skip 'strace is missing, or may not attach', 2 unless $idle;
	my $all = sub {
		my ($count) = @_;
		my $sum = 0;
		# without the periodic calls of the main thread
		$sum += $count->{$_} for grep { !/^(?:poll|restart_syscall|clock_gettime)$/ }
		    keys %$count;
		return $sum / $n;
	};
	my $kept = least_calls($r->pid, sub { preflights_kept($a, $n) },
	    sub { $all->($_[0]) <= 2.4 });
	between($all->($kept), 2, 2.4, 'system calls of a preflight, kept')
	    or diag explain $kept;
	skip '--enable-posix-only: counts', 1 if posix_only();
	my $exec = least_calls($r->pid, sub { requests_new($a, get(), $n) },
	    sub { $all->($_[0]) <= 38 });
	# accept, read; a look at the program; two pipes; in the child
	# group, signals, descriptors, folder; reads, the end, six closes
	between($all->($exec), 25, 38, 'system calls of a program')
	    or diag explain $exec;
	$r->stop;
}

# --- instructions and allocations ----------------------------------------------------

# The cost of a responder after so many requests.
sub serve {
	my ($kept, $new, $run) = @_;
	my $policy = write_file("$dir/policy.ini", basic_policy($program,
		server => "workers = 4\nreload = 1h"));
	unlink "$dir/socket";
	my $address = "unix:$dir/socket";
	return cost_of([ corswrap(), '-c', $policy, '-l', $address ], sub {
		wait_for(sub { -S "$dir/socket" && fcgi_connect($address) }, 60)
		    or die 'it does not come up';
		preflights_kept($address, 50 + $kept);
		requests_new($address, preflight(), 20 + $new);
		requests_new($address, get(), 2 + $run);
	}, dir => $dir);
}

SKIP: {
	skip 'no valgrind, or a build with a sanitizer or gcov', 7
	    unless can_count_cost();
	skip 'the bounds are for code of 64 bits, and corswrap is of another architecture', 7
	    if foreign_perl();
	my ($base, $kept, $new, $run) = (serve(0, 0, 0), serve(300, 0, 0),
		serve(0, 300, 0), serve(0, 0, 20));
	skip 'callgrind says nothing here', 7 unless $base;
	my $each = sub {
		my ($cost, $what, $n) = @_;
		return ($cost->{$what} - $base->{$what}) / $n;
	};
	between($each->($kept, 'instructions', 300), 2500, 9000,
	    'instructions of a preflight, kept');
	between($each->($kept, 'allocations', 300), -0.05, 0.05,
	    'allocations of a preflight, kept');
	between($each->($new, 'instructions', 300), 2500, 10_000,
	    'instructions of a preflight, new');
	between($each->($new, 'allocations', 300), -0.05, 0.05,
	    'allocations of a preflight, new');
	between($each->($run, 'instructions', 20), 6000, 26_000,
	    'instructions of a program');
	between($each->($run, 'allocations', 20), 1, 8,
	    'allocations of a program');

	# The drop-in: a whole process that responds to one preflight.
	my ($exit) = static_cgi('static-cgi');
	skip 'no static program here', 1 unless defined $exit && $exit == 0;
	my %variables = (%{ preflight() }, GATEWAY_INTERFACE => 'CGI/1.1',
		CORSWRAP_CONFIG => "$dir/policy.ini", PATH => $ENV{PATH});
	my $cgi = cost_of([ top_build() . '/corswrap.cgi' ], undef,
	    clean => \%variables, stdout => "$dir/answer");
	like(read_file("$dir/answer"), qr/^Status: 204/, 'the drop-in answers');
	between($cgi->{instructions}, 25_000, 110_000, 'instructions of the'
	    . ' drop-in that answers a preflight') if $cgi;
}

done_testing;
