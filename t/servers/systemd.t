#!/usr/bin/perl
# The units for systemd: that they are sound, how far they lock corswrap in,
# and that it and its programs still work there: with only the allowed system
# calls, no new privileges and an unprivileged user, on a socket that another
# process made.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get);
use Corswrap::Peer;
use Corswrap::Responder;
use Corswrap::Server;
use Corswrap::Test;
use File::Path qw(make_path);
use Test::More;

my $analyze  = have_program('systemd-analyze');
my $activate = have_program('systemd-socket-activate');
plan skip_all => 'no systemd' unless $analyze && $activate;
# SystemCallArchitectures=native of the units refuses it.
plan skip_all => 'corswrap is of another architecture than this system' if foreign_perl();

my $dir = tempdir();
make_places($dir);
my $service = unit($dir, 'corswrap@.service', 'app');
my $socket  = unit($dir, 'corswrap@.socket', 'app');

# --- the files --------------------------------------------------------------------
{
	my $units = "$dir/units";
	mkdir $units or die;
	# as installed: with %i, but the program where it is
	for my $name ('corswrap@.service', 'corswrap@.socket', 'corswrap.socket') {
		write_file("$units/$name", unit($dir, $name, '%i'));
	}
	my ($exit, $out, $err) = run([ $analyze, 'verify', '--man=no',
		glob "$units/*" ]);
	is($exit, 0, 'systemd-analyze verify') or diag($out, $err);
	# only its messages about these: others are not ours
	is_deeply([ grep { /corswrap/ } split /\n/, "$out$err" ], [],
		'without a complaint') or diag($out, $err);

	($exit, $out, $err) = run([ $analyze, 'security', '--offline=true',
		'--no-pager', "$units/corswrap\@.service" ]);
	my ($exposure) = $out =~ /Overall exposure level.*?: ([0-9.]+)/;
	plan_exposure($exposure) if defined $exposure;
	SKIP: {
		skip 'systemd before 250 has no --offline', 1
		    if $err =~ /unrecognized option '--offline/;
		is($exit, 0, 'systemd-analyze security') or diag($out, $err);
	}
}

sub ends_well {
	my $status = stop($_[0]);
	return ok(defined $status, 'ends') if under_valgrind();
	return is($status, 0, 'ends well');
}

# The figure of the manual, if this systemd counts as that of Debian 12 does.
sub plan_exposure {
	my ($exposure) = @_;
	my ($said) = read_file(top_src() . '/doc/corswrap.8') =~
	    /exposure\s+of\s+([0-9.]+)/;
	ok(defined $said, 'the manual has a figure');
	cmp_ok($exposure, '<=', 2, "exposure $exposure");
	cmp_ok(abs($exposure - ($said // 99)), '<=', 0.5,
		'as the manual says');
	return;
}

# TERM is only for corswrap, or a stop would cut off running requests
# (drain-timeout).
like($service, qr/^KillMode=mixed$/m, 'programs are not stopped with it');
like($service, qr/^TimeoutStopSec=(?:[4-9]\d|\d{3,})$/m,
	'and have longer than drain-timeout');

# --- the system calls it allows -----------------------------------------------------

# Every call of a set of systemd's.
sub calls_of {
	my ($set) = @_;
	my ($exit, $out) = run([ $analyze, 'syscall-filter', '--no-pager', $set ]);
	my @names;
	# systemd 255 resets the colour even if it prints none.
	for (split /\n/, $out =~ s/\e\[[\d;]*m//gr) {
		next unless /^\s+(\@?[\w-]+)\s*$/;
		push @names, substr($1, 0, 1) eq '@' ? calls_of($1) : $1;
	}
	return @names;
}

# SystemCallFilter= as systemd reads it: first the allowed calls, then changes.
sub allowed {
	my %allowed;
	for my $line ($service =~ /^SystemCallFilter=(.*)$/mg) {
		my $less = $line =~ s/^~//;
		for my $word (split ' ', $line) {
			my @names = $word =~ /^\@/ ? calls_of($word) : ($word);
			if ($less) { delete @allowed{@names} }
			else { @allowed{@names} = (1) x @names }
		}
	}
	return sort keys %allowed;
}

# Numbers of this machine's calls.
my %number;
{
	write_file("$dir/calls.c", "#include <asm/unistd.h>\n");
	my ($exit, $out) = run([ 'cc', '-E', '-dM', "$dir/calls.c" ]);
	%number = $out =~ /^#define __NR_(\w+) (\d+)$/mg;
}
my @numbers = grep { defined } map { $number{$_} } allowed();
cmp_ok(scalar @numbers, '>', 200, 'the filter lets calls through');
ok(!grep({ $_ == $number{setpriority} } @numbers), 'and some not');

# A program that confines itself as the unit says, and executes its arguments:
# NoNewPrivileges=, SystemCallFilter= with EPERM.
write_file("$dir/confine", <<'PERL' =~ s/CALLS/join ',', @numbers/er
use strict;
use warnings;
my ($prctl, @command) = @ARGV;
my @code = pack 'SCCL', 0x20, 0, 0, 0;			# load the number
for my $number (CALLS) {
	push @code, pack('SCCL', 0x15, 0, 1, $number),	# equal?
	    pack('SCCL', 0x06, 0, 0, 0x7fff0000);	# allow
}
push @code, pack 'SCCL', 0x06, 0, 0, 0x00050001;	# EPERM
my $code = join '', @code;
my $program = pack 'S x![L!] P', scalar @code, $code;
syscall($prctl, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
syscall($prctl, 22, 2, $program) == 0 or die "seccomp: $!";
exec { $command[0] } @command or die "exec: $!";
PERL
);

# --- at work there ------------------------------------------------------------------

my $app = peer("unix:$dir/run/peer.sock", sub {
	my ($c) = @_;
	while (my $r = $c->read_request) {
		$c->answer("Content-Type: text/plain\n\nforwarded "
		    . length $r->{stdin});
		return unless $r->{keep};
	}
});

write_file("$dir/cgi/app.pl", <<'PERL', 0755);
#!/usr/bin/perl
my ($do) = $ENV{QUERY_STRING} =~ /do=(\w+)/;
if ($do eq 'hang') { sleep 60 }
print "Content-Type: text/plain\n\n";
if ($do eq 'body') {
	my $n = 0;
	$n += length $part while read STDIN, $part, 65536;
	print "read $n";
} elsif ($do eq 'limits') {
	print grep { /open files/ } `cat /proc/self/limits`;
} elsif ($do eq 'nice') {
	print setpriority(0, 0, 5) ? 'done' : "refused: $!";
} elsif ($do eq 'parent') {
	print getppid;
} elsif ($do eq 'rights') {
	print grep { /^(?:NoNewPrivs|Seccomp|CapEff|Uid)/ }
	    `cat /proc/self/status`;
}
PERL
my $origin = 'https://app.example.com';
sub policy {
	my ($app, $age) = @_;
	return "[cors]\norigins = $origin\nmethods = PUT\nheaders = X-Token\n"
	    . "max-age = $age\n[app]\n$app\n[server]\nlog = debug\n";
}

# systemd's part, by its own program: the socket is made and passed on.
sub in_unit {
	my ($policy) = @_;
	write_file("$dir/etc/app.ini", $policy);
	my ($path) = $socket =~ /^ListenStream=(.*)$/m;
	my ($command) = $service =~ /^ExecStart=(.*)$/m;
	my @as = $> == 0 && have_program('setpriv')
	    ? qw(setpriv --reuid=65534 --regid=65534 --clear-groups) : ();
	# LeakSanitizer cannot run under the filter (t/watched.txt).
	my $pid = start([ $activate, '--setenv=ASAN_OPTIONS=detect_leaks=0',
		"--setenv=CORSWRAP_LIBEXEC=$dir/libexec",
		"--listen=$path", @as, $^X, "$dir/confine",
		$number{prctl}, split ' ', $command ],
		stderr => "$dir/log/app.log");
	wait_for(sub { -S $path }) or die "no socket\n", server_logs($dir);
	chmod 0666, $path;
	# there is a moment between the file and the first that may connect
	wait_for(sub { fcgi_connect("unix:$path") }) or
	    die "nobody listens\n", server_logs($dir);
	return ($pid, "unix:$path");
}

sub ask {
	my ($address, $do, %o) = @_;
	return fcgi_get($address, timeout => 60, params => get(
		QUERY_STRING => "do=$do", %{ delete $o{params} // {} },
		CONTENT_LENGTH => length($o{stdin} // '')), %o);
}

{
	my ($pid, $address) = in_unit(policy("exec = $dir/cgi/app.pl\n"
	    . "file-limit = 50\ncpu-limit = 20", 600));
	my $a = fcgi_get($address, params => preflight(), timeout => 60);
	is($a->{status}, 204, 'activated by a connection; a preflight is answered') or
	    diag(server_logs($dir));
	$a = ask($address, 'rights');
	like($a->{body}, qr/^NoNewPrivs:\s+1$/m, 'programs: no new privileges');
	like($a->{body}, qr/^Seccomp:\s+2$/m, 'programs: filtered calls');
	is(ask($address, 'nice')->{body}, 'refused: Operation not permitted',
		'a call that is not allowed');
	for my $len (10, 100_000, 20_000_000) {
		$a = ask($address, 'body', stdin => 'x' x $len,
			params => { REQUEST_METHOD => 'POST' });
		is($a->{body}, "read $len", "a body of $len bytes");
	}
	like(ask($address, 'limits')->{body}, qr/\b50\s+50\b/,
		'limits are set');
	write_file("$dir/etc/app.ini", policy("exec = $dir/cgi/app.pl\n"
	    . "first-byte-timeout = 500ms\nkill-grace = 100ms", 601));
	kill 'HUP', $pid;
	ok(wait_for(sub {
		(fcgi_get($address, params => preflight(), timeout => 60)
		    ->{header}{'access-control-max-age'}[0] // '') eq '601'
	}, 30), 'ExecReload: the new policy');
	is(ask($address, 'hang')->{status}, 504, 'a program is ended in time');
	ends_well($pid);
	unlink substr $address, 5;
}
{
	my ($pid, $address) = in_unit(policy("forward = unix:$dir/run/peer.sock\n"
	    . 'keep = 2', 600));
	is(ask($address, 'x', stdin => 'y' x $_,
		params => { REQUEST_METHOD => 'POST' })->{body}, "forwarded $_",
		"a body of $_ bytes is forwarded") for 0, 5, 5_000_000;
	ends_well($pid);
}
SKIP: {
	skip '--enable-posix-only: programs run cold', 5 if posix_only();
	# Where the unprivileged user can read it.
	make_path("$dir/libexec/perl/Corswrap");
	write_file("$dir/libexec/perl/Corswrap/Warm.pm",
	    read_file(top_src() . '/lib/perl/Corswrap/Warm.pm'));
	my ($pid, $address) = in_unit(policy("exec = $dir/cgi/app.pl\n"
	    . "file-limit = 50\n[warm]\nscripts = exec\nafter = 1 in 1m", 600));
	ok(wait_for(sub { ask($address, 'parent')->{body} ne $pid }),
	    'a script gets warm') or diag(server_logs($dir));
	is(ask($address, 'body', stdin => 'x' x 100_000,
		params => { REQUEST_METHOD => 'POST' })->{body}, 'read 100000',
	    'reads a body');
	like(ask($address, 'limits')->{body}, qr/\b50\s+50\b/, 'has its limits');
	like(ask($address, 'rights')->{body}, qr/^Seccomp:\s+2$/m, 'and the filter');
	ends_well($pid);
}
# The unit lets corswrap give up rights (Landlock; `[landlock]`: it could not).
SKIP: {
	skip '--enable-posix-only: no Landlock', 3 if posix_only();
	skip 'this kernel has no Landlock', 3 if syscall(444, 0, 0, 1) <= 0;
	my ($pid, $address) = in_unit(policy("exec = $dir/cgi/app.pl", 600)
	    . "landlock = yes\n");
	like(ask($address, 'rights')->{body}, qr/^Seccomp:\s+2$/m,
	    'a responder that gave up its rights runs a program');
	unlike(read_file("$dir/log/app.log"), qr/\[landlock\]/, 'and it could');
	ends_well($pid);
}
unlike(read_file("$dir/log/app.log"), qr/not permitted/,
	'nothing was refused that it needs');
show_logs($dir);
done_testing;
