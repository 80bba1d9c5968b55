#!/usr/bin/perl
# Large output of a program, byte by byte: written in pieces that do not match
# pages or records, over both kinds of socket, on kept connections, to clients
# that are slow or disconnect, and without free pipes or descriptors.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect record request_bytes);
use Corswrap::Responder;
use Corswrap::Test qw(corswrap have_program posix_only run tempdir under_valgrind
    wait_for write_file);
use Digest::MD5 ();
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(sleep);

# No power of two, so that a piece that is lost, doubled or out of place shows.
use constant PERIOD => 65_521;

# The program's output: the same bytes for the same length.
my $block = join '', map { pack 'N', ($_ * 2_654_435_761) & 0xffffffff }
    1 .. PERIOD / 4 + 1;
$block = substr $block, 0, PERIOD;

my $writer = <<'END_OF_PROGRAM';
use strict; use warnings; use Time::HiRes qw(sleep);
my %o = map { split /=/, $_, 2 } split /&/, $ENV{QUERY_STRING} // '';
my $block = join '', map { pack 'N', ($_ * 2_654_435_761) & 0xffffffff }
    1 .. 65_521 / 4 + 1;
$block = substr $block, 0, 65_521;
sub put { my $at = 0;
	while ($at < length $_[0]) {
		$at += syswrite(STDOUT, $_[0], length($_[0]) - $at, $at)
		    // exit 1;
	} }
put("Content-Type: a/b\n\n");
if ($o{until}) { sleep 0.02 until -e $o{until} }
my @sizes = split /,/, $o{sizes};
srand 7;
my ($done, $n) = (0, 0);
my $twice = $block x 4;
while ($done < $o{total}) {
	my $size = $sizes[$n++ % @sizes];
	$size = 1 + int rand 70_000 if $size eq 'random';
	$size = $o{total} - $done if $size > $o{total} - $done;
	put(substr $twice, $done % 65_521, $size);
	$done += $size;
}
END_OF_PROGRAM

my %digest;
sub digest_of {
	my ($total) = @_;
	return $digest{$total} //= do {
		my $md5 = Digest::MD5->new;
		$md5->add($block) for 1 .. $total / PERIOD;
		$md5->add(substr $block, 0, $total % PERIOD);
		$md5->hexdigest;
	};
}

sub writes {
	my (%o) = @_;
	my $dir = $o{dir} // tempdir();
	write_file("$dir/writer.pl", $writer, 0644);
	my $r = responder(%o, dir => $dir,
		program => "exec $^X $dir/writer.pl\n");
	$r->{own_pipes} = own_pipes($r);
	return $r;
}

sub request {
	my ($sizes, $total, $more, %o) = @_;
	return request_bytes(params => get(QUERY_STRING =>
		"sizes=$sizes&total=$total" . ($more // ''), %{ $o{params} // {} }),
		keep => $o{keep});
}

# Is a response being spliced?  Then there are two more pipes of which the
# responder has both ends (valgrind has one of its own).
sub own_pipes {
	my ($r) = @_;
	my %ends;
	for (glob '/proc/' . $r->pid . '/fd/*') {
		my $to = readlink $_;
		$ends{$to}++ if defined $to && $to =~ /^pipe:/;
	}
	return scalar grep { $_ == 2 } values %ends;
}

sub splices {
	my ($r) = @_;
	return own_pipes($r) == $r->{own_pipes} + 2;
}

# The response to one request: the length of the body, its digest, how it
# ended.  With a responder: a client that reads slowly until all buffers are
# full.
sub take {
	my ($c, $r) = @_;
	my ($slow, $md5) = (400, Digest::MD5->new);
	my %a = (length => 0, ended => 0, most => 0);
	my $head = '';
	while (my $record = $c->read_record(120)) {
		$a{ended} = 1, last if $record->{type} == 3;
		next if $record->{type} != 6;
		my $text = $record->{content};
		if ($r && !$a{spliced} && $slow-- > 0) {
			sleep 0.02;
			$a{spliced} = splices($r);
		}
		$a{most} = length $text if length $text > $a{most};
		if (defined $head) {
			$head .= $text;
			next unless $head =~ s/^.*?\r?\n\r?\n//s;
			($text, $head) = ($head, undef);
		}
		$a{length} += length $text;
		$md5->add($text);
	}
	$a{digest} = $md5->hexdigest;
	return \%a;
}

sub is_whole {
	my ($c, $total, $what, $r) = @_;
	my $a = take($c, $r);
	is_deeply([ @$a{qw(ended length digest)} ],
		[ 1, $total, digest_of($total) ], "$what: byte by byte");
	return $a;
}

my @sizes = (1, 7, 2049, 4095, 4096, 4097, 8191, 61_439, 61_440, 61_441,
	65_535, 65_537, '1,4096', '4097,65537,3', 'random');

# There each record takes its time.
@sizes = (1, 4097, 'random') if under_valgrind();

for my $kind (qw(unix tcp)) {
	my $r = writes(listen => $kind);
	my $idle = $r->descriptors;
	my $c = fcgi_connect($r->address, timeout => 60);
	for my $sizes (@sizes) {
		# of single bytes no more than it takes
		my $total = $sizes =~ /^[17]$/ ? 500_001 : 4_000_003;
		$c->send_bytes(request($sizes, $total, '', keep => 1));
		is_whole($c, $total, "$kind, $sizes at a time");
	}
	# a client that does not read at first: bulk for sure
	for my $sizes (4096, 8191, 65_537, 'random') {
		$c->send_bytes(request($sizes, 12_000_007, '', keep => 1));
		my $a = is_whole($c, 12_000_007,
			"$kind, $sizes, a slow client", $r);
		ok($a->{spliced} || posix_only(), "$kind, $sizes: spliced");
		cmp_ok($a->{most}, '<=', 65_535, 'no record is too large');
		$c->send_bytes(request(10, 100, '', keep => 1));
		is_whole($c, 100, "$kind, a small answer after it");
	}
	$c->send_bytes(request('random', 12_000_007, '', keep => 1,
		params => { REQUEST_METHOD => 'HEAD' }));
	my $a = take($c);
	is_deeply([ @$a{qw(ended length)} ], [ 1, 0 ], "$kind, HEAD: no body");
	$c->send_bytes(request(10, 100, '', keep => 1));
	is_whole($c, 100, "$kind, an answer after HEAD");
	$c->close;

	# a client that goes amid it
	for my $how (qw(unread amid)) {
		$c = fcgi_connect($r->address, timeout => 60);
		$c->send_bytes(request(65_537, 1_000_000_000));
		ok(wait_for(sub { $c->read_record; splices($r) || posix_only() }, 60),
			"$kind, $how: spliced");
		$c->read_record for 1 .. ($how eq 'amid' ? 50 : 0);
		$c->close;
		ok(wait_for(sub { $r->descriptors <= $idle + 1 }, 60),
			"$kind, $how: no descriptor is left");
	}
	is($r->stop, 0, "$kind: ends well");
}

# --- descriptors are out ------------------------------------------------------------

# Allow a process n more descriptors than it has.
sub leave {
	my ($pid, $n) = @_;
	my %used = map { m{(\d+)$} ? ($1 => 1) : () } glob "/proc/$pid/fd/*";
	my $limit = 0;
	for (my $free = 0; $free < $n || $used{$limit}; $limit++) {
		$free++ unless $used{$limit};
	}
	run([ 'prlimit', '--pid', $pid, "--nofile=$limit:" ]);
	return;
}

# A response that begins when `ready` was called, after its program was
# started.
sub when_ready {
	my ($r, $total, $what, $ready) = @_;
	my $until = "$r->{dir}/until";
	unlink $until;
	my $c = fcgi_connect($r->address, timeout => 60);
	$c->send_bytes(request('4096,65537', $total, "&until=$until"));
	ok($c->read_record, "$what: the header block");
	$ready->();
	write_file($until, '');
	# the block is past: what is taken begins with an empty one
	substr($c->{in}, 0, 0) = record(6, 1, "\n\n");
	return is_whole($c, $total, $what, $r);
}

SKIP: {
	skip 'valgrind has descriptors and pipes of its own', 10 if under_valgrind();
	skip 'no prlimit', 10 unless have_program('prlimit');
	my $r = writes();
	for my $left (0, 2, 3) {
		my $a = when_ready($r, 3_000_007, "$left descriptors left",
			sub { leave($r->pid, $left) });
		ok(!$a->{spliced}, "$left descriptors left: copied");
		run([ 'prlimit', '--pid', $r->pid, '--nofile=1000:' ]);
	}
	is($r->stop, 0, 'ends well');
}

# --- the pages of a user's pipes are used up (pipe(7)) --------------------------------

# A user of this test alone: the pages are counted by user on the whole machine,
# for every process and every chroot.
my $user = 20_000 + $$ % 40_000;
my @other = (qw(setpriv --clear-groups --inh-caps=-all), "--reuid=$user",
	"--regid=$user", '--');

# A process of the other user that holds all the pages that it may have.
sub hold_pages {
	my $pid = open my $from, '-|', @other, $^X, '-e', <<'END_OF_PROGRAM';
my @held;
my $wide = 1;
while (@held < 4000 && pipe my $r, my $w) {
	push @held, $r, $w;
	$wide &&= fcntl $w, 1031, 1 << 20; # F_SETPIPE_SZ
	last if fcntl($w, 1032, 0) < 65_536; # F_GETPIPE_SZ
}
$| = 1;
print @held / 2, "\n";
sleep 300;
END_OF_PROGRAM
	die "holder: $!" unless $pid;
	my $n = <$from> // 0;
	return { pid => $pid, from => $from, pipes => $n };
}

sub let_go {
	my ($holder) = @_;
	kill 'KILL', $holder->{pid};
	close $holder->{from};
	return;
}

SKIP: {
	skip 'valgrind has descriptors and pipes of its own', 7 if under_valgrind();
	skip 'needs root, to be another user', 7
	    if $> != 0 || !have_program('setpriv');
	my $dir = tempdir();
	copy(corswrap(), "$dir/corswrap") or die "copy: $!";
	chmod 0755, $dir, "$dir/corswrap";
	chown $user, $user, $dir;
	my $r = writes(dir => $dir, corswrap => write_file("$dir/run",
		"#!/bin/sh\nexec @other $dir/corswrap \"\$@\"\n", 0755));
	my $holder;
	my $a = when_ready($r, 6_000_007, 'pipes for splicing are narrow',
		sub { $holder = hold_pages() });
	ok($a->{spliced} || posix_only(), 'they serve all the same');
	let_go($holder);
	$holder = hold_pages();
	my $c = fcgi_connect($r->address, timeout => 60);
	$c->send_bytes(request('4096,65537', 3_000_007));
	$a = is_whole($c, 3_000_007, 'all pipes are narrow', $r);
	ok(!$a->{spliced}, 'then it is not worth the while');
	let_go($holder);
	$c = fcgi_connect($r->address, timeout => 60);
	$c->send_bytes(request('4096,65537', 12_000_007));
	is_whole($c, 12_000_007, 'and after that', $r);
	is($r->stop, 0, 'ends well');
}

done_testing;
