package Corswrap::Faults;

# Faults of programs, clients and policies, all at once, and a check for leftovers.
# t/hostile/faults.t runs this for seconds, bench/soak for any time.
#
#	my $f = Corswrap::Faults->new(workers => 64);
#	my $held  = $f->hold(200);          # 200 slow requests at the same time
#	my $tally = $f->chaos(clients => 8, seconds => 5);
#	my $left  = $f->left;               # leftovers: there should be nothing
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;

use POSIX qw(:sys_wait_h _exit mkfifo);
use Time::HiRes qw(sleep time);

use Corswrap::FastCGI qw(fcgi_connect fcgi_get begin_record params_records
    record request_bytes stdin_records);
use Corswrap::Responder qw(responder preflight get);
use Corswrap::Test qw(corswrap read_file run tempdir
    under_valgrind wait_for write_file);

# The program; QUERY_STRING selects what it does.  Programs may start slowly.
my $program = <<'END';
#!/bin/sh
head() { printf 'Content-Type: text/plain\n\n'; }
case $QUERY_STRING in
ok*) head; printf %s "$QUERY_STRING" ;;
echo*) head; exec cat ;;
flood*) head; exec head -c "${QUERY_STRING#flood}" /dev/zero ;;
nothing) exit 3 ;;
crash) kill -SEGV $$ ;;
midcrash) head; printf part; kill -KILL $$ ;;
hang) exec sleep 300 ;;
mute) head; printf x; exec sleep 300 ;;
deaf) trap '' TERM; while :; do sleep 1; done ;;
pours) head; exec cat /dev/zero ;;
fork) (sleep 2; echo late) & head; printf whole ;;
brood) for i in 1 2 3 4 5; do sleep 300 & done; head; printf x; wait ;;
noise) head; printf whole; head -c 200000 /dev/zero | tr '\0' '\n' >&2
	head -c 100000 /dev/zero | tr '\0' e >&2 ;;
bighead) while :; do echo 'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'; done ;;
gate) read -r line <"$GATE"; head; printf whole ;;
esac
END

sub policy {
	my ($self, %o) = @_;
	my $age = $o{age} // 600;
	return <<"END";
[cors]
origins = https://app.example.com
methods = PUT
headers = X-Token
max-age = $age
[app]
exec = $self->{dir}/faulty
first-byte-timeout = 60s
kill-grace = 300ms
max-body = 16M
[env]
GATE = $self->{dir}/gate
[server]
workers = $self->{workers}
reload = 200ms
status-path = /status
status-clients = 127.0.0.1
END
}

sub new {
	my ($class, %o) = @_;
	my $dir  = tempdir();
	my $self = bless { dir => $dir, workers => $o{workers} // 64 }, $class;
	mkdir "$dir/tmp";
	mkfifo("$dir/gate", 0600) or die "mkfifo: $!";
	write_file("$dir/faulty", $program, 0755);
	$self->{r} = responder(policy => $self->policy,
		env => { TMPDIR => "$dir/tmp" });
	return $self;
}

# Is it built with a sanitizer, or under valgrind?  Their own memory hides how much
# corswrap uses.
sub is_sanitized {
	return 1 if under_valgrind();
	return (run([ 'nm', '-D', corswrap() ]))[1] =~ /__[at]san_/;
}

sub responder_of { return $_[0]{r} }

# --- counters ----------------------------------------------------------------------

sub counters {
	my ($self) = @_;
	my $text = fcgi_get($self->{r}->address, timeout => 60,
	    params => get(REQUEST_URI => '/status', SCRIPT_NAME => '/status'))
	    ->{body};
	return { map { /^([^# ]\S*) (\S+)$/ ? ($1 => $2) : () }
		    split /\n/, $text };
}

sub running { return $_[0]->counters->{corswrap_running_programs} // -1 }

# --- clients in processes of their own ------------------------------------------------

# Runs the code in $count processes.  Each returns a hash of counts; the sums are
# returned.
sub _crowd {
	my ($self, $count, $code, $meanwhile) = @_;
	my $out = tempdir();
	my %pid;
	for my $n (1 .. $count) {
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			local $SIG{PIPE} = 'IGNORE';
			srand $n * 7919;
			my $tally = eval { $code->($n) } // { "died: $@" => 1 };
			write_file("$out/$n.new", join '',
				map { "$tally->{$_} $_\n" } sort keys %$tally);
			rename "$out/$n.new", "$out/$n";
			_exit(0);
		}
		$pid{$pid} = 1;
	}
	while (%pid) {
		$meanwhile->() if $meanwhile;
		for my $pid (keys %pid) {
			delete $pid{$pid} if waitpid($pid, WNOHANG) == $pid;
		}
		sleep 0.02;
	}
	my %sum;
	for my $n (1 .. $count) {
		my $text = read_file("$out/$n");
		$sum{'no report'}++ if $text eq '';
		$sum{$2} += $1 while $text =~ /^(\d+) (.*)$/mg;
	}
	return \%sum;
}

# Sends $count slow requests; all must be running before any can end.  Returns the
# counts of the results, and `held`, how many ran at the same time.
sub hold {
	my ($self, $count) = @_;
	my $each  = 200;
	my $held  = 0;
	my $until = time + 300;
	my $gate;
	my $sum = $self->_crowd(int(($count + $each - 1) / $each), sub {
		my ($n) = @_;
		my $mine = $n * $each <= $count ? $each : $count % $each;
		my @c = map {
			my $c;
			# connect to a unix socket fails immediately if its queue is
			# full.
			wait_for(sub { $c = fcgi_connect($self->{r}->address,
				timeout => 300) }, 60) or die "connect: $!";
			$c->send_bytes(request_bytes(
				params => get(QUERY_STRING => 'gate')));
			$c } 1 .. $mine;
		my %tally;
		for my $c (@c) {
			my $r = $c->read_response(timeout => 300);
			my $well = $r->{ended} && $r->{status} == 200
			    && $r->{body} eq 'whole' && $r->{appStatus} == 0;
			$tally{ $well ? 'whole' : "lost: $r->{status}" }++;
		}
		return \%tally;
	}, sub {
		return if $gate;
		my $now = $self->running;
		$held = $now if $now > $held;
		return if $now < $count && time < $until;
		# There is a line for each request, also for one whose shell has
		# not started yet: it counts as running since its process exists.
		open $gate, '+<', "$self->{dir}/gate" or die "gate: $!";
		syswrite $gate, "\n" x (2 * $count);
	});
	$sum->{held} = $held;
	return $sum;
}

# --- one request, and its expected result
# ---------------------------------------------

# How each response must end, and how it is checked.  A response that a signal cuts
# off must not look complete to the server (F4).
my %expected = (
	nothing  => [ ended => sub { $_[0]{status} == 502 } ],
	crash    => [ ended => sub { $_[0]{status} == 502 } ],
	bighead  => [ ended => sub { $_[0]{status} == 502 } ],
	midcrash => [ cut => sub { $_[0]{status} == 200 &&
		    $_[0]{body} eq 'part' } ],
	# On a slow machine the late part may still be in the response.
	fork  => [ ended => sub { $_[0]{body} =~ (under_valgrind()
		? qr/\Awhole(?:late\n)?\z/ : qr/\Awhole\z/)
		    && $_[0]{appStatus} == 0 } ],
	noise => [ ended => sub { $_[0]{body} eq 'whole' &&
		    $_[0]{appStatus} == 0 } ],
);

# Requests that would not end by themselves: their clients disconnect, or abort.
my @endless = qw(hang mute deaf pours brood);

# A kept connection may be closed between two requests (as in HTTP; RFC 9110,
# 9.2.2).  A request that was sent into the closing connection was not accepted.
sub _request {
	my ($c, %o) = @_;
	my $r = $c->request(%o);
	$r->{again} = $c->{used}++ && $r->{eof} && !@{ $r->{records} };
	return $r;
}

sub _whole { return _as_wanted(@_[ 0, 1 ], ended => $_[2]) }

sub _as_wanted {
	my ($name, $r, $end, $want) = @_;
	return { again => 1 } if $r->{again};
	my $how = $r->{timed_out} ? 'time over' : $r->{ended} ? 'ended' : 'cut';
	return { "whole: $name" => 1 } if $how eq $end && $want->($r);
	return { sprintf("lost: %s: status %s, %d bytes, %s", $name,
		$r->{status} // '-', length($r->{body} // ''), $how eq 'ended'
		    ? "ended with $r->{appStatus}" : $how) => 1 };
}

sub _stay {
	my ($self, $c, $keep) = @_;
	my $kind = int rand 8;
	my %o = (keep => $keep, timeout => 120);
	if ($kind == 0) {
		return _whole('preflight', _request($c, %o,
			params => preflight()), sub { $_[0]{status} == 204 });
	} elsif ($kind <= 2) {
		my $token = 'ok' . int rand 1e9;
		return _whole('ok', _request($c, %o,
			params => get(QUERY_STRING => $token)),
		    sub { $_[0]{body} eq $token && $_[0]{appStatus} == 0 });
	} elsif ($kind == 3) {
		my $n = int rand((100, 70_000, 2_000_000)[ int rand 3 ]);
		my $body = substr "0123456789abcdefghijklm" x ($n / 23 + 1), 0, $n;
		return _whole('echo', _request($c, %o, stdin => $body,
			params => get(REQUEST_METHOD => 'POST',
				QUERY_STRING => 'echo',
				rand() < 0.5 ? (CONTENT_LENGTH => $n) : ())),
		    sub { $_[0]{body} eq $body && $_[0]{appStatus} == 0 });
	} elsif ($kind == 4) {
		my $n = int rand 3_000_000;
		return _whole('flood', _request($c, %o,
			params => get(QUERY_STRING => "flood$n")),
		    sub { length $_[0]{body} == $n && $_[0]{appStatus} == 0 });
	}
	my @names = sort keys %expected;
	my $name  = $names[ int rand @names ];
	return _as_wanted($name, _request($c, %o,
		params => get(QUERY_STRING => $name)), @{ $expected{$name} });
}

# Sends a request and disconnects at a random moment.
sub _vanish {
	my ($self, $c) = @_;
	my $name  = (@endless, 'ok', 'flood900000')[ int rand 7 ];
	my $bytes = begin_record(keep => int rand 2) . params_records(
	    get(QUERY_STRING => $name, rand() < 0.3
		? (REQUEST_METHOD => 'POST', CONTENT_LENGTH => 3_000_000) : ()));
	$bytes .= stdin_records('x' x int rand 200_000, no_stdin_end => 1)
	    if rand() < 0.5;
	if (rand() < 0.4) {
		# Disconnect somewhere in the middle of the request.
		$c->send_bytes(substr $bytes, 0, int rand length $bytes);
	} else {
		$c->send_bytes($bytes . stdin_records(''));
		$c->read_bytes(rand 0.3, int rand 100_000) if rand() < 0.6;
		$c->send_bytes(record(2, 1, '')) if rand() < 0.3;
	}
	sleep rand 0.05 if rand() < 0.5;
	return { gone => 1 };
}

sub _client {
	my ($self, $until) = @_;
	my (%tally, $c, $keep);
	while (time < $until) {
		if (!$c) {
			$c = fcgi_connect($self->{r}->address);
			$keep = rand() < 0.5;
			if (!$c) { sleep 0.01; next }
		}
		my $stays = rand() < 0.6;
		my $did = $stays ? $self->_stay($c, $keep) : $self->_vanish($c);
		$tally{$_} += $did->{$_} for keys %$did;
		next if $stays && $keep && !defined $c->closed_within(0);
		$c->close;
		undef $c;
	}
	$c->close if $c;
	return \%tally;
}

# Runs everything at the same time, and returns the results by name.
sub chaos {
	my ($self, %o) = @_;
	my $until = time + $o{seconds};
	my ($turn, $next) = (0, 0);
	my $file = $self->{r}{policy};
	my $sum = $self->_crowd($o{clients}, sub { $self->_client($until) },
	    sub {
		return if time < $next || time > $until;
		$next = time + 0.3;
		$turn++;
		my $text = $turn % 4 == 2 ? "[cors]\norigns = nonsense\n"
		    : $self->policy(age => 600 + $turn);
		if ($turn % 2) {
			write_file("$file.new", $text);
			rename "$file.new", $file;
		} else {
			write_file($file, $text);
		}
		$self->{r}->signal('HUP') if $turn % 3 == 0;
	    });
	write_file($file, $self->policy);
	$sum->{'policies written'} = $turn;
	return $sum;
}

# --- after the run
# ----------------------------------------------------------------------

# Returns the programs of this test that still run, found by their descriptors and
# command lines.
sub _programs {
	my ($self) = @_;
	my $pid = $self->{r}->pid;
	my @left;
	for my $proc (glob '/proc/[0-9]*') {
		my $stat = read_file("$proc/stat");
		my ($state, $parent) = $stat =~ /^\d+ \(.*\) (\S) (\d+) /s
		    or next;
		push @left, "$proc $state" if $parent == $pid
		    || read_file("$proc/environ") =~ /^GATE=\Q$self->{dir}\E\//m
		    || read_file("$proc/environ") =~ /\0GATE=\Q$self->{dir}\E\//;
	}
	return @left;
}

sub zombies { return grep { / Z$/ } $_[0]->_programs }

# Waits until corswrap is idle, and returns the leftovers: processes, names in
# TMPDIR, descriptors by kind, resident KiB, threads.
sub left {
	my ($self, $seconds) = @_;
	my $r = $self->{r};
	wait_for(sub { $self->running == 0 && !$self->_programs }, $seconds // 60);
	# Threads that are no longer needed end after a while.
	my $last = -1;
	wait_for(sub { my $n = $r->descriptors + $r->threads;
		my $still = $n == $last; $last = $n; sleep 0.7; $still }, 30);
	return { programs => [ $self->_programs ],
		files => [ glob "$self->{dir}/tmp/* $self->{dir}/tmp/.[!.]*" ],
		deleted => [ $r->unlinked ],
		descriptors => $r->descriptors, threads => $r->threads,
		resident => $r->resident, running => $self->running };
}

# Sends TERM while $clients clients keep sending requests; returns the results.
sub stop_under_load {
	my ($self, $clients) = @_;
	my $r = $self->{r};
	my ($said, $start) = (0, time);
	my $sum = $self->_crowd($clients, sub {
		my %tally;
		while (my $c = fcgi_connect($r->address, timeout => 120)) {
			my $token = 'ok' . int rand 1e9;
			my $a = $c->request(timeout => 120,
				params => get(QUERY_STRING => $token));
			$c->close;
			my $did = _whole('ok', $a, sub {
				$_[0]{body} eq $token && $_[0]{appStatus} == 0 });
			$tally{$_} += $did->{$_} for keys %$did;
		}
		return \%tally;
	}, sub {
		$r->signal('TERM') if !$said && time > $start + 1 && ++$said;
	});
	$sum->{exit} = $r->wait_end(60);
	return $sum;
}

1;
