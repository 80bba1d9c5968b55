#!/usr/bin/perl
# Policies that change twice within one tick of the file system's clock, and
# where the log of a reload goes.
#
# Real ticks are too short to hit, so stat is made to count in seconds, as some
# file systems do.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Responder;
use Corswrap::Test qw(corswrap have_program read_file run tempdir wait_for
    write_file);
use Test::More;
use Time::HiRes qw(sleep time);

my @standing = (timeout => 60);

sub max_age {
	my ($r) = @_;
	return fcgi_get($r->address, params => preflight(), @standing)
	    ->{header}{'access-control-max-age'}[0] // 'none';
}

sub policy {
	my ($dir, $age, %more) = @_;
	return basic_policy("$dir/program",
		server => 'reload = 200ms', %more) =~
	    s/^max-age = .*$/max-age = $age/mr;
}

# Both times of the last change have no fraction of a second.
sub coarse_library {
	my ($dir) = @_;
	my ($cc) = grep { have_program($_) } qw(cc gcc clang);
	return unless $cc;
	write_file("$dir/coarse.c", <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/stat.h>
static void coarsen(struct stat *s)
{
	s->st_mtim.tv_nsec = s->st_ctim.tv_nsec = 0;
}
int stat(const char *path, struct stat *s)
{
	int (*next)(const char *, struct stat *) = dlsym(RTLD_NEXT, "stat");
	int rc = next(path, s);
	coarsen(s);
	return rc;
}
int fstat(int fd, struct stat *s)
{
	int (*next)(int, struct stat *) = dlsym(RTLD_NEXT, "fstat");
	int rc = next(fd, s);
	coarsen(s);
	return rc;
}
END
	my ($status, $out, $err) = run([ $cc, '-shared', '-fPIC', '-o',
		"$dir/coarse.so", "$dir/coarse.c", '-ldl' ]);
	return $status == 0 ? "$dir/coarse.so" : undef;
}

# At the beginning of a second, so that what follows lies within it.
sub wait_for_second {
	my $left = 1 - (time - int time);
	sleep $left + 0.01;
	return;
}

sub same_second { my @s = map { (stat $_[0])[$_] } 9, 10; return "@s" }

my $dir = tempdir();
my $coarse = coarse_library($dir);
my ($symbols) = (run([ 'nm', '-D', corswrap() ]))[1];

SKIP: {
	skip 'no compiler', 4 unless $coarse;
	skip 'stat is not a symbol of this C library', 4
	    unless $symbols =~ /\bU stat(?:@|$)/m;
	skip 'a sanitizer wants to be first', 4 if $symbols =~ /__[at]san_/;

	# Loaded at the start, and written again within the second.
	my ($r, $times);
	for (1 .. 10) {
		my $d = tempdir();
		wait_for_second();
		$r = responder(dir => $d, policy => policy($d, 601),
			env => { LD_PRELOAD => $coarse });
		$times = same_second($r->{policy});
		write_file($r->{policy}, policy($d, 602));
		last if same_second($r->{policy}) eq $times;
		$r->stop;
	}
	is(same_second($r->{policy}), $times,
	    'two policies of one second and one size');
	ok(wait_for(sub { max_age($r) eq '602' }, 30),
	    'the second one is taken up');
	sleep 2.5;
	is(scalar(() = $r->log =~ /\[reloaded\]/g), 1, 'once');

	# Refused, and fixed within the second.
	for (1 .. 10) {
		wait_for_second();
		write_file($r->{policy}, policy($r->{dir}, 60300) =~
		    s/^origins/orgins/mr);
		$times = same_second($r->{policy});
		my $said = () = $r->log =~ /reload-refused/g;
		wait_for(sub { my $n = () = $r->log =~ /reload-refused/g;
			$n > $said }, 30);
		write_file($r->{policy}, policy($r->{dir}, 6030));
		last if same_second($r->{policy}) eq $times;
	}
	my $start = time;
	ok(wait_for(sub { max_age($r) eq '6030' }, 60),
	    'a bad one that is mended within the second is taken up');
	cmp_ok(time - $start, '<', 25, 'soon');
	is($r->stop, 0, 'ends well');
}

# --- the log of a reload ------------------------------------------------------

{
	my $d = tempdir();
	my %log = (server => "reload = 200ms\nlog-file = $d/policy.log");
	my $r = responder(dir => $d, policy => policy($d, 601, %log));
	my $said = sub { my ($re) = @_;
		return wait_for(sub { read_file("$d/policy.log") =~ $re }, 30) };
	write_file($r->{policy}, "[cors]\norigins = https://a.example/\n"
	    . "metods = PUT\n");
	ok($said->(qr/reload-refused/), 'a refused reload is in log-file');
	like(read_file("$d/policy.log"),
	    qr/policy\.ini:2: error: .*\[path\] \[bad-policy\]/,
	    'with its diagnostics');
	like(read_file("$d/policy.log"), qr/policy\.ini:3: error: .*did you mean/,
	    'all of them, and what would be right');
	is(scalar(grep { !/^\d{4}-\d\d-\d\dT[\d:.]+Z corswrap: \w+: / }
		split /\n/, read_file("$d/policy.log")), 0, 'a line each');
	is(max_age($r), 601, 'the good one stays');

	write_file($r->{policy}, policy($d, 5, %log));
	ok($said->(qr/\[max-age-low\] \[policy\]/),
	    'the warnings of one that is taken up are there too');
	ok(wait_for(sub { max_age($r) eq '5' }, 30), 'it is in force');
	unlike($r->log, qr/error|warning/, 'and nothing of all that on standard error');
	is($r->stop, 0, 'ends well');
}

done_testing;
