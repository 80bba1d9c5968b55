#!/usr/bin/perl
# The core turns bytes into decisions: base (except its files for clocks, files
# and the system), cors, fastcgi and fetch only include, call and store what
# that needs.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Corswrap::Tree;
use Test::More;

my @folders = qw(base cors fastcgi fetch);
my $pure = qr{^(?:base/(?!(?:clock|executable|file|memory_stream|os(?:_\w+)?)\b)|(?:cors|fastcgi|fetch)/)};

# --- includes -----------------------------------------------------------------------

my $headers = qr/^(?:config|stdbool|stddef|stdint|string|limits|stdalign|pcre2
    |fastcgi)\.h$/x;
# Code that makes policies may allocate, and functions that it calls may fail.
my %more = (
	'base/arena.c' => qr/^(?:stdlib|errno)\.h$/,
	'base/array.c' => qr/^(?:stdlib|errno)\.h$/,
	'base/buffer.c' => qr/^stdlib\.h$/,
	'base/spin.h'  => qr/^(?:time|sched)\.h$/,
	'cors/regex.c' => qr/^stdlib\.h$/,
	'cors/origin_set.c' => qr/^stdlib\.h$/,
	'cors/policy.c' => qr/^(?:stdlib|errno)\.h$/,
	# The library's own calls, and inline functions in its users.
	'cors/library.c' => qr/^(?:stdlib|errno)\.h$/,
	'cors/cors_fcgi.h' => qr/^(?:cors|fcgiapp)\.h$/,
);

sub includes {
	my ($top) = @_;
	return impure_includes($top, $pure, $headers, \%more);
}

# --- calls and variables, by the linker's symbols -------------------------------------

my %allowed = map { $_ => qr/./ } qw(memchr memcmp memcpy memmove memset
    mempcpy strlen strnlen memrchr memmem bcmp strchr strrchr strcmp strncmp
    __errno_location);
$allowed{$_} = qr{^(?:base/(?:arena|array|buffer)|cors/(?:regex|library
    |origin_set|policy))$}x for qw(malloc calloc realloc free qsort);
# Compilers and their checkers bring their own.
my $compiler = qr/^_*(?:asan|ubsan|tsan|sanitizer|gcov|llvm|stack_chk
    |GLOBAL_OFFSET_TABLE|sancov|odr_asan)_*|^__\w+_chk$
    |^__(?:aeabi_)?u?l?(?:div|mod|divmod)(?:[ds]i[34])?$|^__x86\.get_pc_thunk
    |^__asan|^__ubsan|^__tsan|^__gcov/x;

# External symbols must be on the list, and our own must be pure as well.
sub calls {
	my ($build) = @_;
	my ($made, $used) = symbols($build);
	my @found;
	for my $file (grep { $_ =~ $pure } sort keys %$used) {
		for my $name (sort keys %{ $used->{$file} }) {
			my $of = $made->{$name};
			next if $of && ($of =~ $pure || $of =~ m{^static/});
			next if !$of && ($name =~ $compiler ||
			    ($name =~ /^pcre2_/ && $file eq 'cors/regex') ||
			    ($allowed{$name} && $file =~ $allowed{$name}));
			push @found, "$file calls $name" . ($of ? " of $of" : '');
		}
	}
	return \@found;
}

# Bytes that can be written.  .data.rel.ro are constants with addresses in them.
sub variables {
	my ($build) = @_;
	my ($exit, $out) = run([ 'nm', '-A', '-f', 'sysv',
	    objects($build, @folders) ]);
	my @found;
	for (split /\n/, $out) {
		my ($file, $name, $section) =
		    m{src/(\S+)\.o:(\S+)\s*\|.*\|\s*(\S+)\s*$} or next;
		$file =~ s{\.libs/libcore_la-}{};
		push @found, "$file: $name" if $file =~ $pure &&
		    $section =~ /^(?:\.t?data|\.t?bss|\*COM\*|COMMON)(?!\.rel\.ro)/ &&
		    "$name$section" !~ /asan|tsan|ubsan|gcov|odr|sancov|\.LC/;
	}
	return \@found;
}

sub none {
	my ($list, $what) = @_;
	return ok(!@$list, $what) || diag(join "\n", @$list);
}

none(includes(top_src()), 'the core includes nothing that does I/O');
SKIP: {
	skip 'no nm here, or nothing was built', 2 + @folders
	    unless have_program('nm') &&
	    objects(top_build(), 'cors');
	for my $folder (@folders) {
		my @objects = objects(top_build(), $folder);
		cmp_ok(scalar @objects, '>=', 2,
		    "the objects of $folder are found");
	}
	none(calls(top_build()), 'it calls nothing but memory and PCRE2');
	none(variables(top_build()), 'and has no variables');
}

# --- the same with faults: each must be found -----------------------------------------

SKIP: {
	my $cc = have_program('cc') ? 'cc' : 'gcc';
	my @planted = (
		[ 'header', 'a header of the system',
		    "#include <fcntl.h>\nint f(void) { return O_RDONLY; }\n" ],
		[ '', 'nothing', 'int f(const char *s) { return s[0]; }' ],
		[ 'call', 'the environment',
		    'char *getenv(const char *); int f(const char *s)
		    { return *getenv(s); }' ],
		[ 'call', 'a clock of base',
		    'int tick(void); int f(void) { return tick(); }' ],
		[ '', 'a constant with addresses',
		    'const char *const names[] = { "a", "b" };
		    const char *f(int i) { return names[i]; }' ],
		[ 'variable', 'a counter',
		    'int f(void) { static int n; return ++n; }' ],
		[ 'variable', 'a counter that does not begin at 0',
		    'int f(void) { static int n = 7; return ++n; }' ],
		[ 'variable', 'a variable of a thread',
		    'int f(void) { static _Thread_local int n; return ++n; }' ],
	);
	skip 'no compiler here', scalar @planted
	    unless have_program('nm') && have_program($cc);
	for (@planted) {
		my ($fault, $what, $code) = @$_;
		my $dir = tempdir();
		local $ENV{top_srcdir} = "$dir";
		mkdir "$dir/$_" for qw(src src/base src/cors);
		write_file("$dir/src/base/clock.c", 'int tick(void) { return 1; }');
		write_file("$dir/src/cors/c.c", $code);
		for my $file (qw(base/clock cors/c)) {
			my ($exit, undef, $err) = run([ $cc, '-c', '-fPIE', '-o',
			    "$dir/src/$file.o", "$dir/src/$file.c" ]);
			is($exit, 0, "$what: $file is compiled") || diag($err);
		}
		is(join(' ', (@{ includes($dir) } ? 'header' : ()),
		    (@{ calls($dir) } ? 'call' : ()),
		    (@{ variables($dir) } ? 'variable' : ())), $fault,
		    $fault ? "$what is found" : "$what is no fault");
	}
}
done_testing;
