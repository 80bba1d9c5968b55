#!/usr/bin/perl
# Calls of Linux only, and of some POSIX systems only, are in
# src/base/os*.[ch], and the former are not used with OS_POSIX_ONLY.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my @calls = qw(accept4 clone close_range dup3 epoll_create1 epoll_ctl epoll_wait
    eventfd getauxval getrandom inotify_init1 memfd_create pidfd_open
    pidfd_send_signal pipe2 ppoll prctl prlimit renameat2 sendfile signalfd splice
    syscall tee timerfd_create unshare vmsplice memrchr eaccess mempcpy);
my @names = qw(CLONE_PIDFD F_GETPIPE_SZ F_SETPIPE_SZ MFD_CLOEXEC MSG_CMSG_CLOEXEC
    MSG_MORE O_TMPFILE POLLRDHUP RENAME_NOREPLACE SIOCOUTQ SOCK_CLOEXEC
    SOCK_NONBLOCK SO_PASSCRED SO_PEERCRED);
# What POSIX has and OpenBSD or macOS have not: base/os.h has it for all of them.
push @names, qw(RLIMIT_AS SIGRTMIN pthread_condattr_setclock);
# glibc has some of them by other names as well.
my $calls = join '|', @calls;
my $symbol = qr/^(?:__)?(?:$calls)(?:64)?$/;
my $word = join '|', @names;

# The code of a file: no comments, no texts.
sub code_of {
	my ($text) = @_;
	$text =~ s{/\*.*?\*/}{ }gs;
	$text =~ s{"(?:[^"\\\n]|\\.)*"}{""}g;
	return $text;
}

# The Linux-only names in a text.
sub named {
	my ($text) = @_;
	my $code = code_of($text);
	# A name in front of a parenthesis, except members and declarations.
	my %seen = map { $_ => 1 } $code =~ /(?<![\w.>])($calls)\s*\(/g,
	    $code =~ /\b($word)\b/g, $code =~ m{include\s*<(linux/\S*?|sys/(?:auxv
		|epoll|eventfd|inotify|prctl|random|sendfile|signalfd|syscall
		|timerfd))(?:\.h)?>}xg;
	$seen{'/proc'} = 1 if $text =~ m{"/proc/};
	return sort keys %seen;
}

my $src = top_src() . '/src';
is_deeply([ named("fd = accept4(1);\n#include <sys/epoll.h>\nx(SOCK_CLOEXEC)") ],
    [qw(SOCK_CLOEXEC accept4 sys/epoll)], 'they are found');
is_deeply([ named("/* splice(2) */ s->splice(1); \"prctl()\"") ], [],
    'and not where they are none');
my @files = glob "$src/*/*.[ch]";
cmp_ok(scalar @files, '>', 150, 'the files');
my $os = 0;
for my $file (@files) {
	my @named = named(read_file($file));
	if ($file =~ m{/base/os[^/]*$}) {
		$os += @named;
		next;
	}
	is("@named", '', $file =~ s{.*/src/}{}r) if @named;
}
cmp_ok($os, '>', 20, 'src/base/os has what only Linux has');

# Names that the linker would look for.
sub undefined {
	my (@words) = @_;
	my ($exit, $out, $err) = run([ 'nm', @words ]);
	is($exit, 0, "nm @words") or diag($err);
	return sort grep { /$symbol/ } map { /\bU (\w+)/ ? $1 : () }
	    split /\n/, $out;
}

SKIP: {
	my ($compiler) = grep { have_program($_) } qw(cc gcc clang);
	skip 'a shim has no compiler', 1 if !$compiler;
	my $dir = tempdir();
	for my $file (glob "$src/base/os*.c") {
		my ($name) = $file =~ m{([^/]*)\.c$};
		my ($exit, undef, $err) = run([ $compiler, '-c', '-D_GNU_SOURCE',
			'-D_FILE_OFFSET_BITS=64', '-DOS_POSIX_ONLY=1', '-iquote',
			$src, '-o', "$dir/$name.o", $file ]);
		is($exit, 0, "$name is compiled") or diag($err);
		is_deeply([ undefined('-u', "$dir/$name.o") ], [],
		    "$name needs nothing that only Linux has");
	}
}
for my $program (corswrap(), corscheck()) {
	my @left = undefined('-D', $program);
	my ($name) = $program =~ m{([^/]*)$};
	if (posix_only()) { is("@left", '', "$name: none is left") }
	else { ok(scalar(grep { $_ eq 'accept4' } @left), "$name has them") }
}

done_testing;
