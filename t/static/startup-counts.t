#!/usr/bin/perl
# The cost of a preflight in the static program, counted: system calls,
# instructions, files; no locale, no resolver, no stdio.  Counts do not depend
# on the load, unlike times, which bench/cgi measures.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Config;
use Corswrap::CGI;
use Corswrap::Counts;
use Corswrap::Test;
use File::Copy qw(copy);
use Test::More;

my ($exit, $out) = static_cgi() or plan skip_all => 'no Makefile here';
is($exit, 0, 'make static-cgi') or diag($out), done_testing, exit;

# As it is uploaded: the shipped policy beside it.
my $dir = tempdir();
copy(top_build() . '/corswrap.cgi', "$dir/api.cgi") or die $!;
chmod 0755, "$dir/api.cgi";
copy(top_src() . '/examples/shared-hosting/.htapi.ini', "$dir/.htapi.ini")
    or die $!;
write_file("$dir/app.pl", "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\nran\\n'\n",
	0755);
write_file("$dir/prepend.ini", "[app]\nexec = app.pl\ninject = prepend\n"
	. "[cors]\norigins = https://app.example.com\n");

my %request = (
	GATEWAY_INTERFACE => 'CGI/1.1',
	HTTP_ORIGIN       => 'https://app.example.com',
	REQUEST_URI       => '/api/report.pl',
);
my %preflight = (%request, REQUEST_METHOD => 'OPTIONS',
	HTTP_ACCESS_CONTROL_REQUEST_METHOD  => 'PUT',
	HTTP_ACCESS_CONTROL_REQUEST_HEADERS => 'content-type,authorization');

# Run it under a tool; the contents of the tool's file, unless the tool does
# not work.
sub by_tool {
	my ($program, $env, $tool, @options) = @_;
	my $path = have_program($tool) or return;
	my ($exit, $out, $err) = run([ $path, @options, $program ],
		clean => { PATH => $ENV{PATH}, %$env });
	return if $exit != 0;
	like($out, qr/Access-Control-Allow-Origin/, "$tool: answered");
	my $file = read_file("$dir/counts");
	unlink "$dir/counts";
	return ($file, $err);
}

# ---- a preflight --------------------------------------------------------------

SKIP: {
	my ($trace) = by_tool("$dir/api.cgi", \%preflight, 'strace',
		'-o', "$dir/counts");
	skip 'no strace that works', 5 unless defined $trace;
	my @calls = grep { /^\w+\(/ } split /\n/, $trace;
	cmp_ok(scalar @calls, '<=', 30, 'system calls: ' . @calls)
	    or diag($trace);
	# The calls that a C library needs to start, and those that read the
	# policy; with 32 bits they have other names.
	my %expected = map { $_ => 1 } qw(execve arch_prctl set_thread_area set_tid_address
	    set_robust_list rseq prlimit64 readlink readlinkat getrandom brk
	    mprotect uname access faccessat open openat fcntl fcntl64 fstat fstat64
	    newfstatat fstatat64 statx ugetrlimit read close getcwd write
	    exit_group mmap mmap2 munmap);
	my @odd = grep { /^(\w+)\(/ && !$expected{$1} } @calls;
	is_deeply(\@odd, [], 'none that is not needed');
	is(scalar(grep { /^write\(/ } @calls), 1, 'one write');
	my @files = map { /^open(?:at)?\([^"]*"([^"]*)"/ ? $1 : () } @calls;
	is_deeply(\@files, [ "$dir/.htapi.ini", "$dir/.htapi.log" ],
		'the files: policy and log');
	is(scalar(grep { /^mmap2?\(/ } @calls), 0, 'memory as it came')
	    or diag($trace);
}

SKIP: {
	my (undef, $said) = by_tool("$dir/api.cgi", \%preflight, 'valgrind',
		'--tool=callgrind', "--callgrind-out-file=$dir/counts");
	skip 'no valgrind that works', 2 unless defined $said;
	my ($count) = $said =~ /refs:\s*([\d,]+)/;
	$count =~ tr/,//d;
	# Measured: 74,000 with musl.  glibc starts with 30,000 of its own, and
	# i386 needs a sixth more.
	cmp_ok($count, '<', $Config{ptrsize} == 8 ? 110_000 : 130_000,
	    "instructions: $count");
	cmp_ok($count, '>', 10_000, 'and they are the program\'s');
}

# ---- what it does not call, by name: of the program with symbols -----------------

SKIP: {
	skip 'no valgrind, or a sanitizer or gcov calls them (t/watched.txt)', 2
	    unless can_count_cost();
	my ($profile) = by_tool(corswrap(), { %preflight,
		CORSWRAP_CONFIG => "$dir/.htapi.ini" }, 'valgrind',
		'--tool=callgrind', "--callgrind-out-file=$dir/counts");
	skip 'no valgrind that works', 2 unless defined $profile;
	my %called = map { $_ => 1 } $profile =~ /^c?fn=\(\d+\) (\S+)/mg;
	ok($called{main} || $called{cgi_run}, 'the profile has names')
	    or diag(join ' ', sort keys %called);
	my @forbidden = grep { !/^_dl_/ && /printf|fopen|fwrite|fputs|puts$
	    |setlocale|newlocale|iconv|getaddrinfo|gethost|__res_|nss
	    |clock_gettime|localtime|gmtime|strftime|pcre2|^psl_|idn2
	    |FCGX|pthread_create/x } sort keys %called;
	is_deeply(\@forbidden, [],
		'no stdio, no locale, no resolver, no clock, no library');
}

# ---- prepend ----------------------------------------------------------------------

SKIP: {
	my ($trace) = by_tool("$dir/api.cgi", { %request,
		REQUEST_METHOD => 'GET', CORSWRAP_CONFIG => "$dir/prepend.ini" },
		'strace', '-f', '-o', "$dir/counts");
	skip 'no strace that works', 3 unless defined $trace;
	my @calls = map { s/^\d+\s+//r } grep { /^\d+\s+\w+\(/ }
	    split /\n/, $trace;
	my @execs = grep { $calls[$_] =~ /^execve\(/ } 0 .. $#calls;
	is(scalar @execs, 2, 'two execve: ours and the program\'s');
	my @own = @calls[ 1 .. ($execs[1] // 0) - 1 ];
	is(scalar(grep { /^(?:v?fork|clone3?|pipe2?)\(/ } @own), 0,
		'no process and no pipe');
	my @rest = grep { !/^rt_sig/ } @own; # one for each signal
	cmp_ok(scalar @rest, '<=', 45, 'system calls before: ' . @rest)
	    or diag(join "\n", @rest);
}

done_testing;
