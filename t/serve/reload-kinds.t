#!/usr/bin/perl
# A running responder whose policy or origins-file becomes unreadable or
# endless: it does not block, keeps the last valid policy, logs that, loads the
# file once it is valid again, and ends on SIGTERM (F6).
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Responder;
use Corswrap::Test qw(read_file tempdir wait_for write_file);
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(sleep time);

# Each replaces the file by something else.
my %kinds = (
	'a FIFO'   => [ sub { mkfifo($_[0], 0644) or die "mkfifo: $!" },
	    qr/it is not a regular file/ ],
	'a device' => [ sub { symlink '/dev/zero', $_[0] or die },
	    qr/File too large/ ],
	'a socket' => [ sub { listen_unix($_[0]) }, qr/cannot be read: / ],
	'a folder' => [ sub { mkdir $_[0] or die }, qr/[Ii]s a directory/ ],
	'too large' => [ sub { open my $f, '>', $_[0] or die;
		truncate $f, (256 << 20) + 1 or die; close $f },
	    qr/File too large/ ],
	'gone' => [ sub { 1 }, qr/No such file/ ],
);

sub allows {
	my ($r, $name) = @_;
	return fcgi_get($r->address, timeout => 60, params => preflight(
		HTTP_ORIGIN => "https://$name.example"))->{status} == 204;
}

sub remove { return -d $_[0] && !-l $_[0] ? rmdir $_[0] : unlink $_[0] }

sub try_kind {
	my ($which, $kind) = @_;
	my ($put, $cause) = @{ $kinds{$kind} };
	my $dir = tempdir();
	my $what = "$which: $kind";
	write_file("$dir/origins", "https://a.example\n");
	my $r = responder(dir => $dir, policy => basic_policy("$dir/program",
		cors => 'origins-file = origins',
		server => 'reload = 100ms'));
	my $file = $which eq 'policy' ? $r->{policy} : "$dir/origins";
	my $good = read_file($file);
	ok(allows($r, 'a'), "$what: it was good");
	rename $file, "$file.kept" or die;
	my $held = $put->($file);
	ok($r->wait_log(qr/\[reload-refused\]/), "$what: the log says so")
	    or diag $r->log;
	like($r->log, $cause, "$what: and why");
	ok(allows($r, 'a'), "$what: the last good policy stays");
	$r->signal('HUP');
	ok(wait_for(sub { (() = $r->log =~ /\[reload-refused\]/g) > 1 }, 20),
	    "$what: SIGHUP tries again");
	ok(allows($r, 'a'), "$what: and loses nothing");
	if ($kind =~ /FIFO|device/) {
		my $start = time;
		is($r->stop, 0, "$what: SIGTERM ends it");
		cmp_ok(time - $start, '<', 15, "$what: at once");
		return;
	}
	undef $held;
	remove($file);
	write_file($file, $which eq 'policy'
	    ? $good =~ s/app\.example\.com/b.example/r
	    : "https://b.example\n");
	ok(wait_for(sub { allows($r, 'b') }, 40), "$what: until it is good again");
	is($r->stop, 0, "$what: SIGTERM ends it");
	return;
}

for my $which ('policy', 'origins-file') {
	try_kind($which, $_) for sort keys %kinds;
}

done_testing;
