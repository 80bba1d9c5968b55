#!/usr/bin/perl
# Sockets that corswrap makes: files that are replaced, files that never are,
# and modes.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get);
use Corswrap::Responder;
use Corswrap::Test qw(corswrap free_port read_file run tempdir wait_for
    write_file);
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;

my @standing = (timeout => 60);

# corswrap -l ADDRESS that is expected to fail: (exit status, standard error)
sub refused {
	my ($address, @more) = @_;
	my $dir = tempdir();
	write_file("$dir/policy.ini", basic_policy('/bin/true'));
	my ($status, undef, $err) = run([ corswrap(), '-c',
			"$dir/policy.ini", '-l', $address, @more ],
		timeout => 20);
	return ($status, $err);
}

# --- the path is taken -------------------------------------------------------

{
	my $r = responder();
	my ($path) = $r->address =~ /^unix:(.*)/;
	my @stat = stat $path;
	my ($status, $err) = refused($r->address);
	is($status, 1, 'a live socket: refused');
	like($err, qr/another program listens there/, 'with the reason');
	is((stat $path)[1], $stat[1], 'and left alone');
	is(fcgi_get($r->address, params => preflight(), @standing)->{status},
	    204, 'its owner goes on');
	$r->signal('KILL');
	$r->wait_end;
	ok(-S $path, 'killed: its socket is left');
	my $next = responder(dir => $r->{dir});
	is(fcgi_get($next->address, params => preflight(), @standing)
		->{status}, 204, 'a stale socket is replaced');
	is($next->stop, 0, 'ends well');
	ok(!-e $path, 'and takes it away');
}
for my $what (qw(file folder link)) {
	my $dir  = tempdir();
	my $path = "$dir/it";
	$what eq 'folder' ? mkdir $path : write_file("$dir/target", 'precious');
	write_file($path, 'precious') if $what eq 'file';
	symlink "$dir/target", $path if $what eq 'link';
	my ($status, $err) = refused("unix:$path");
	is($status, 1, "a $what at the path: refused");
	like($err, qr/no socket/, 'with the reason');
	ok(-e $path, 'and left alone');
	is(read_file($path), 'precious', 'as it was') unless $what eq 'folder';
}
{
	# Another process has put its own socket there meanwhile.
	my $r = responder();
	my ($path) = $r->address =~ /^unix:(.*)/;
	fcgi_get($r->address, params => preflight(), @standing);
	unlink $path;
	my $other = listen_unix($path);
	is($r->stop, 0, 'ends well');
	ok(-S $path, 'a socket that is not ours is not removed');
}
{
	my $dir = tempdir();
	my ($status, $err) = refused("unix:$dir/none/it");
	is($status, 1, 'no such folder: refused');
	like($err, qr/make the folder/, 'with what to do');
	($status, $err) = refused("unix:$dir/" . 'x' x 120);
	is($status =~ /^[12]$/ ? 1 : 0, 1, 'a path too long: refused');
	like($err, qr/shorter|long/, 'with the reason');
	my $port = free_port();
	my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		LocalPort => $port, Listen => 1, ReuseAddr => 1);
	($status, $err) = refused("tcp:127.0.0.1:$port");
	is($status, 1, 'a port that is taken: refused');
	like($err, qr/another port/, 'with what to do');
	($status, $err) = refused('tcp:localhost:9000');
	is($status, 2, 'a name for an address: usage');
	($status, $err) = refused('tcp:192.0.2.1:9000');
	is($status, 1, 'beyond loopback without peers: refused');
	like($err, qr/\[missing-peers\]/, 'by its id');
}
{
	# Started all at once, one of them gets it.
	my $dir = tempdir();
	my @all = map { responder(dir => tempdir(), no_wait => 1,
		args => [ '-l', "unix:$dir/it" ], sockets => [],
		addresses => ["unix:$dir/it"]) } 1 .. 6;
	my $up = wait_for(sub { fcgi_connect("unix:$dir/it") });
	ok($up, 'six at once: one listens');
	ok(wait_for(sub { (grep { defined $_->ended } @all) == 5 }, 40),
	    'the other five have given up');
	is(fcgi_get("unix:$dir/it", params => preflight(), @standing)
		->{status}, 204, 'and the one serves');
	$_->stop for @all;
	ok(!-e "$dir/it", 'its socket is gone');
}

# --- modes -------------------------------------------------------------------

for my $row ([ [], 0600, 0 ], [ [ '-m', '0660' ], 0660, 0 ],
	[ [ '-m', '0666' ], 0666, 0077 ], [ [ '-m', '600' ], 0600, 0 ])
{
	my ($args, $mode, $umask) = @$row;
	my $dir = tempdir();
	my $old = umask $umask;
	my $r   = responder(dir => $dir, args => $args);
	umask $old;
	my ($path) = $r->address =~ /^unix:(.*)/;
	my $got = (stat $path)[2] & 07777;
	if (@$args) {
		is(sprintf('%o', $got), sprintf('%o', $mode), "@$args");
	} else {
		is($got & 0007, 0, 'without -m: not for everybody');
	}
	$r->stop;
}

done_testing;
