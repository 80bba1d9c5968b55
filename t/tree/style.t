#!/usr/bin/perl
# What a reader relies on: every file says why it is there and under which
# licence, functions fit a screen, and what is in the tree is in the tarball.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my $top = top_src();
my @code = sort glob "$top/src/*/*.[ch] $top/t/*.[ch] $top/t/*/*.[ch] " .
    "$top/bench/*.[ch] $top/fuzz/*.[ch] $top/examples/*/*.[ch]";
my @makefiles = ("$top/Makefile.am", glob "$top/*/local.mk $top/src/*/local.mk");
my @scripts = grep { read_file($_) =~ /^#!/ } glob "$top/t/*/*.t $top/tools/*";

# Every one that should not be there is named.
sub none {
	my ($list, $what) = @_;
	return ok(!@$list, $what) || diag(join "\n", @$list);
}

sub short { return $_[0] =~ s{^\Q$top\E/}{}r }

# --- purpose and licence ----------------------------------------------------------

my @files = (@code, glob("$top/t/lib/Corswrap/*.pm $top/doc/*.[13578] " .
    "$top/configure.ac $top/bootstrap $top/t/run " .
    "$top/.ci/run $top/examples/quickstart $top/examples/*.pl"),
    @makefiles, @scripts);
my (@bare, @mute);
for my $file (@files) {
	my ($head) = read_file($file) =~ /\A((?:[^\n]*\n){0,40})/;
	push @bare, short($file) if $head !~ /SPDX-License-Identifier: ISC\b/;
	next unless $file =~ /\.[ch]$/;
	# A comment first, with a sentence in it beside the licence.
	my ($comment) = $head =~ m{\A(?:/\*(.*?)\*/|/\*(.*))}s;
	$comment = ($comment // '') =~ s/SPDX-License-Identifier: ISC//r;
	push @mute, short($file) if $comment !~ /\w+(?:\W+\w+){3}/;
}
none(\@bare, 'every file names its licence');
none(\@mute, 'every C file says why it is there');

# --- lengths -------------------------------------------------------------------------

# KNF: a body is between braces in the first column.
sub functions {
	my ($file) = @_;
	my (@found, $start, $name);
	my @lines = split /\n/, read_file($file);
	for my $i (0 .. $#lines) {
		if ($lines[$i] =~ /^(\w+)\(/) { ($start, $name) = ($i, $1) }
		if ($lines[$i] =~ /^\}\s*$/ && defined $start) {
			push @found, [ $name, $i - $start + 1 ];
			undef $start;
		}
	}
	return @found;
}

my (@lengths, @long);
for my $file (grep { short($_) =~ m{^src/} } @code) {
	for (functions($file)) {
		my ($name, $lines) = @$_;
		push @lengths, $lines;
		push @long, short($file) . ": $name has $lines lines"
		    if $lines > 80;
	}
}
@lengths = sort { $a <=> $b } @lengths;
cmp_ok(scalar @lengths, '>', 100, 'functions were found');
none(\@long, 'no function is longer than 80 lines');
cmp_ok($lengths[ @lengths / 2 ], '<=', 20, 'half of them have 20 at most');
# A file that is one thing is not split to be shorter: dump.c writes every key.
my @big = map { short($_) } grep { (() = read_file($_) =~ /\n/g) > 750 }
    grep { short($_) =~ m{^src/} } @code;
none(\@big, 'no file is longer than 750 lines');
cmp_ok(scalar @makefiles, '>', 15, 'build files were found');
none([ map { short($_) } grep { (() = read_file($_) =~ /\n/g) > 300 }
    @makefiles ], 'no build file is longer than 300 lines');

# --- bytes ----------------------------------------------------------------------------

my @odd;
for my $file (@files) {
	my $text = read_file($file);
	push @odd, short($file) . ': blanks at the end of a line'
	    if $text =~ /[ \t]$/m;
	push @odd, short($file) . ': no newline at the end'
	    if $text !~ /\n\z/;
	push @odd, short($file) . ': a carriage return' if $text =~ /\r/;
}
none(\@odd, 'lines end as they should');
my @stiff = map { short($_) } grep { !-x } "$top/bootstrap", "$top/t/run",
    "$top/.ci/run", "$top/examples/quickstart", @scripts;
none(\@stiff, 'scripts can be run');

# --- the tarball ------------------------------------------------------------------------

SKIP: {
	skip 'not a checkout, or not built by make', 1
	    unless -e "$top/.git" && -e top_build() . '/Makefile' &&
	    have_program('git');
	my ($exit, $out) = run([ 'git', '-C', $top, 'ls-files' ]);
	skip 'git does not answer', 1 if $exit != 0;
	my @tree = grep { -e "$top/$_" } split /\n/, $out;
	# The first makefile to say what it would ship.
	my $mk = "include Makefile\nshow-shipped:\n\t\@echo " .
	    "\$(patsubst \$(top_srcdir)/%,%,\$(DISTFILES) " .
	    "\$(am__configure_deps))\n";
	my $dir = tempdir();
	write_file("$dir/show.mk", $mk);
	(undef, $out) = run([ $ENV{MAKE} || 'make', '-s', '-f', "$dir/show.mk",
	    'show-shipped' ], dir => top_build(), env => { MAKEFLAGS => '' });
	my %shipped = map { s{^\Q$top\E/}{}r =>  1 } split ' ', $out;
	my @lost = grep {
		my $file = $_;
		my $in = $shipped{$file};
		while (!$in && $file =~ s{/[^/]+$}{}) { $in = $shipped{$file} }
		!$in
	} grep { !m{^(?:\.gitignore|debian/.*)$} } @tree;
	none(\@lost, 'what is in the tree is in the tarball');
}
done_testing;
