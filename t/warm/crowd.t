#!/usr/bin/perl
# Many clients send requests while scripts and modules are edited, and interpreters
# are killed, stopped and renewed: every response must be right, every request must
# run once, and no process may be left.  With --long each client sends a thousand
# requests.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test;
use Corswrap::Warmth;
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

my $each = $ENV{CORSWRAP_LONG} ? 1000 : 120;
my $clients = 8;

mkdir "$dir/lib";
sub edit {
	my ($file, $text) = @_;
	my $mode = (stat $file)[2];
	write_file("$file.new", $text, defined $mode ? $mode & 07777 : 0644);
	rename "$file.new", $file or die "$file: $!";
	return;
}
my $version = 0;
sub module { edit("$dir/lib/Version.pm", "package Version; our \$n = $version; 1;\n") }
module();
my $post = <<"END";
#!/usr/bin/perl -w
use strict;
use lib '$dir/lib';
use Version;
read STDIN, my \$id, 100;
open my \$f, '>>', '$dir/ran' or die;
syswrite \$f, "\$id\\n";
print "Content-Type: text/plain\\n\\n\$id ", \$Version::n, ' ', rand, "\\n";
exit \$id % 3;
# EDIT
END
write_file("$dir/cgi/crowd.pl", $post, 0755);
perl_program('other.pl', 'print "Content-Type: text/plain\n\n", "y" x 100_000');

my $r = warm_responder('', workers => 10, warm =>
    "renew = 150 in 1h\nspare = 3\nmax = 4");
ok(warm_up($r, 'crowd.pl', stdin => '0'), 'crowd.pl is warm');
ok(warm_up($r, 'other.pl'), 'other.pl is warm');
my $before = $r->descriptors;
unlink "$dir/ran";

# Runs one client, which writes wrong responses to a file of its own, one per line.
sub client {
	my ($n) = @_;
	my $wrong = '';
	for my $i (1 .. $each) {
		my $id = $n * 10_000 + $i;
		my $least = read_file("$dir/least") || 0;
		my $got = ask($r, 'crowd.pl', stdin => $id);
		my ($said, $of, $random) = ($got->{body} // '') =~ /^(\d+) (\d+) (\S+)$/;
		$wrong .= "$id: " . ($got->{status} // 'nothing') . ' ' .
		    ($got->{body} // '') . ", least $least\n"
		    if !defined $random || $said != $id || $of < $least;
		# If the interpreter was killed, the exit status is unknown, and 0 is
		# reported.
		$wrong .= "$id: exit status $got->{appStatus}\n"
		    if $got->{appStatus} != $id % 3 && $got->{appStatus} != 0;
		if ($i % 10 == 0) {
			my $body = ask($r, 'other.pl')->{body} // '';
			$wrong .= "$id: other: " . length($body) . "\n"
			    if $body ne 'y' x 100_000;
		}
		write_file("$dir/random-$n-$i", $random // '');
	}
	write_file("$dir/wrong-$n", $wrong);
	return;
}

my @clients;
for my $n (1 .. $clients) {
	my $pid = fork // die "fork: $!";
	if (!$pid) { eval { client($n) }; warn $@ if $@; _exit($@ ? 1 : 0) }
	push @clients, $pid;
}
my ($running, $turn) = (1, 0);
while ($running) {
	sleep 0.15;
	my @zygotes = zygotes($r);
	my $victim = $zygotes[ rand @zygotes ];
	my $act = ++$turn % 6;
	if ($act == 1 || $act == 4) {
		$version++;
		module();
		edit("$dir/least", $version);
	} elsif ($act == 2) {
		edit("$dir/cgi/crowd.pl", $post =~ s/# EDIT/# edit $turn/r);
	} elsif ($act == 3 && $victim) {
		kill 'KILL', $victim;
	} elsif ($act == 5 && $victim) {
		kill 'STOP', $victim;
	}
	my $end = 0;
	waitpid($_, POSIX::WNOHANG()) != 0 && $end++ for @clients;
	$running = 0 if $end == @clients;
}
is(read_file("$dir/wrong-$_"), '',
    "client $_: every response is right") for 1 .. $clients;
my @ran = split /\n/, read_file("$dir/ran");
my %ran;
$ran{$_}++ for @ran;
is(scalar @ran, $clients * $each, 'the program ran once for each request');
is((grep { $_ > 1 } values %ran), 0, 'no request ran twice');
my %random = map { read_file($_) => 1 } glob "$dir/random-*";
is(scalar keys %random, $clients * $each, 'random numbers differ in each request');
my $counts = counted($r);
note join ' ', map { "$_ $counts->{$_}" } sort keys %$counts;
cmp_ok($counts->{warm}, '>', $clients * $each / 10,
    'more than a tenth of the requests ran warm');
cmp_ok($counts->{stale}, '>', 0, 'some interpreters were stale');

# When everything is idle, there are as many descriptors as before, no zombies, and no
# more interpreters than `max`.
ok(warm_up($r, 'crowd.pl', stdin => '0'), 'crowd.pl is warm in the end');
ok(warm_up($r, 'other.pl'), 'other.pl is warm in the end');
ok(wait_for(sub { abs($r->descriptors - $before) <= 6 }), 'no descriptor is leaked') or
    diag("$before before, now " . $r->descriptors);
ok(wait_for(sub { !zombies_of($r->pid) }), 'no zombie is left');
ok(wait_for(sub { zygotes($r) <= 4 }), 'there are at most four interpreters');
my @all = map { ($_, children_of($_)) } zygotes($r);
is($r->stop, 0, 'corswrap exits with status 0');
ok(gone($_), 'interpreters and forks end with corswrap') for @all;
done_testing;
