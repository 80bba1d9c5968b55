#!/usr/bin/perl
# The layers of HACKING.md: an arrow only ever points down, each library is
# behind one file, and the core is pure.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Corswrap::Test;
use File::Basename qw(basename);
use Test::More;

# Every one that should not be there is named.
sub none {
	my ($list, $what) = @_;
	return ok(!@$list, $what) || diag(join "\n", @$list);
}

my $src = top_src() . '/src';

# --- what is in which layer, by Makefile.am -------------------------------------

my @layers = qw(core load run serve fastcgi corswrap);
my $make = read_file(top_src() . '/Makefile.am');
$make =~ s/\\\n/ /g;
my %rank;
for my $i (0 .. $#layers) {
	my ($list) = $make =~ /^$layers[$i]_(?:sources|SOURCES)\s*=(.*)$/m;
	ok($list, "Makefile.am lists $layers[$i]") or next;
	$rank{ basename($_) } = $i for split ' ', $list;
}
my ($check) = $make =~ /^corscheck_SOURCES\s*=(.*)$/m;
$rank{ basename($_) } = @layers - 1 for split ' ', $check;
# Those that stand in for another, and headers that no source is named after.
my %like = (
	'regexp.c' => 'core', 'regexp_none.c' => 'core', 'regexp.h' => 'core',
	'suffix.c' => 'load', 'suffix_none.c' => 'load', 'suffix.h' => 'load',
	'idn.c' => 'load', 'idn_none.c' => 'load', 'idn.h' => 'load',
	'features.c' => 'load', 'features_none.c' => 'load',
	'feature.h' => 'load', 'loader.h' => 'load', 'settings.h' => 'load',
	'slice.h' => 'core', 'policy_parts.h' => 'core',
	'exchange.h' => 'run', 'wire.h' => 'run', 'forward_none.c' => 'run',
	# Of [cors], [app] and [server] alike; the static program has it.
	'pool.h' => 'fastcgi', 'status.h' => 'run', 'status.c' => 'run',
	'page_assets.h' => 'corswrap', 'corswrap_cgi.c' => 'corswrap', 'memory_cgi.c' => 'corswrap',
);
my %number = map { $layers[$_] => $_ } 0 .. $#layers;
$rank{$_} = $number{ $like{$_} } for keys %like;

# --- includes --------------------------------------------------------------------

my %only = (
	'ini.h'     => qr/^policy_load\.c$/,
	'fcgiapp.h' => qr/^fastcgi\.c$/,
	'pcre2.h'   => qr/^regexp\.c$/,
	'libpsl.h'  => qr/^suffix\.c$/,
	'idn2.h'    => qr/^idn\.c$/,
	'curl/curl.h' => qr/^probe\w*\.[ch]$/,
);
my $pure = qr/^(?:config|stdbool|stddef|stdint|string|limits|stdalign|pcre2)\.h$/;
# What makes policies may allocate, and what it calls may fail.
my %more = (
	'arena.c'  => qr/^(?:stdlib|errno)\.h$/,
	'regexp.c' => qr/^stdlib\.h$/,
	'origin_set.c' => qr/^stdlib\.h$/,
	'policy.c' => qr/^(?:stdlib|errno)\.h$/,
);
my @files = map { basename($_) } sort glob "$src/*.[ch]";
# What makes an answer of an error is the same for every error, whoever finds it.
my %upward_all_the_same = ('response.c' => 'respond.h');
my (@unlisted, @upward, @strange, @impure);
for my $file (@files) {
	push @unlisted, $file unless defined $rank{$file};
	for my $line (split /\n/, read_file("$src/$file")) {
		next unless $line =~ /^\s*#\s*include\s+([<"])([^>"]+)/;
		my ($own, $name) = ($1 eq '"', $2);
		push @upward, "$file includes $name" if $own &&
		    ($rank{$name} // 99) > ($rank{$file} // 99) &&
		    ($upward_all_the_same{$file} // '') ne $name;
		push @strange, "$file includes $name"
		    if $only{$name} && $file !~ $only{$name};
		push @impure, "$file includes $name" if !$own &&
		    ($rank{$file} // 99) == 0 && $name !~ $pure &&
		    !($more{$file} && $name =~ $more{$file});
	}
}
none(\@unlisted, 'every file is in a layer');
none(\@upward, 'no include points up');
none(\@strange, 'a library is behind one file');
none(\@impure, 'the core includes nothing that does I/O');

# --- what the core calls ------------------------------------------------------------

SKIP: {
	my $archive = top_build() . '/libcore.a';
	skip 'no nm, or no libcore.a here', 3
	    unless have_program('nm') && -e $archive;
	my ($exit, $out) = run([ 'nm', '-A', $archive ]);
	is($exit, 0, 'nm reads libcore.a');
	my (%made, %used);
	for (split /\n/, $out) {
		my ($object, $kind, $name) =
		    /([\w.-]+\.o):\s*[0-9a-f]*\s+(\w)\s+(\S+)$/ or next;
		if ($kind eq 'U') { $used{$name}{$object} = 1 }
		else { $made{$name} = 1 }
	}
	# Compilers and their checkers bring their own.
	my $compiler = qr/^_*(?:asan|ubsan|tsan|sanitizer|gcov|llvm|stack_chk
	    |GLOBAL_OFFSET_TABLE|sancov|odr_asan)_*|^__\w+_chk$
	    |^__asan|^__ubsan|^__tsan|^__gcov/x;
	my %allowed = map { $_ => qr/./ } qw(memchr memcmp memcpy memmove memset
	    mempcpy strlen strnlen memrchr memmem bcmp strchr
	    strrchr strcmp strncmp __errno_location);
	$allowed{$_} = qr/^(?:arena|regexp|origin_set|policy)\.o$/
	    for qw(malloc calloc realloc free qsort);
	my @calls;
	for my $name (sort keys %used) {
		next if $made{$name} || $name =~ $compiler;
		for my $object (sort keys %{ $used{$name} }) {
			next if $name =~ /^pcre2_/ && $object eq 'regexp.o';
			next if $allowed{$name} && $object =~ $allowed{$name};
			push @calls, "$object: $name";
		}
	}
	none(\@calls, 'the core calls nothing but memory and PCRE2');
	my @state = $out =~ /(\S+:\s*[0-9a-f]+ [bBC] \S+)/g;
	@state = grep { !/__(?:asan|tsan|ubsan|gcov|odr)|gcov|\.[bl]ss|sancov/ } @state;
	none(\@state, 'the core has no variables of its own');
}
done_testing;
