#!/usr/bin/perl
# The folders of src/: each README says what its folder may include, an include
# only ever points down, no files or folders call each other in a circle, and
# each library is behind one file.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Corswrap::Tree;
use Test::More;

# The list must be empty; print its items.
sub none {
	my ($list, $what) = @_;
	return ok(!@$list, $what) || diag(join "\n", @$list);
}

my $top = top_src();

# --- files and folders
# ------------------------------------------------------------

my %only = (
	'ini.h'       => qr{^policy/policy_load\.c$},
	'fcgiapp.h'   => qr{^(?:page/fastcgi\.c|cors/cors_fcgi\.h)$},
	'fastcgi.h'   => qr{^(?:fastcgi/protocol\.h|page/fastcgi\.c)$},
	'pcre2.h'     => qr{^cors/regex\.c$},
	'libpsl.h'    => qr{^(?:policy/hostname|onefile/names)\.c$},
	'idn2.h'      => qr{^(?:policy/hostname|onefile/names)\.c$},
	'curl/curl.h' => qr{^probe/},
);

# --- includes -----------------------------------------------------------------------

my @folders = folders($top);
cmp_ok(scalar @folders, '>=', 12, 'the folders were found');
cmp_ok(scalar sources($top), '>', 150, 'and their files');
my $uses = uses($top);
none([ grep { !$uses->{$_} } @folders ],
    'every folder has a README that says what it uses');
none([ map { s{.*/src/}{}r } glob "$top/src/*.[ch]" ],
    'no C file is outside of a folder');
none([ grep { !$uses->{$_} } map { keys %$_ } values %$uses ],
    'and that is a folder');
none(unlisted($top), 'every file is in the local.mk beside it');
none(bad_includes($top), 'every include is as "Uses:" says');
none(folder_circles($top), 'no folders use each other');
none(strange_libraries($top, \%only), 'a library is behind one file');

# --- the same with faults: each must be found ---------------------------------------------

sub plant {
	my (%files) = @_;
	my $dir = tempdir();
	mkdir "$dir/src";
	for my $path (sort keys %files) {
		mkdir $dir . '/src/' . $path =~ s{/.*}{}r;
		write_file("$dir/src/$path", $files{$path});
	}
	return $dir;
}
my %sound = (
	'base/README' => "Uses: nothing\n", 'base/local.mk' => "a.c a.h b.c\n",
	'cors/README' => "Uses: base\n", 'cors/local.mk' => "c.c c.h\n",
	'base/a.h' => '', 'base/a.c' => "#include \"base/a.h\"\n",
	'base/b.c' => "#include <string.h>\n",
	'cors/c.h' => '', 'cors/c.c' => "#include \"base/a.h\"\n",
);
my @checks = (
	[ 'include', \&bad_includes ], [ 'file', \&unlisted ],
	[ 'circle', \&folder_circles ],
	[ 'library', sub { strange_libraries($_[0], \%only) } ],
);
my @planted = (
	[ 'nothing', '' ],
	[ 'include', 'an include up', 'base/b.c' => "#include \"cors/c.h\"\n" ],
	[ 'include', 'one without a folder', 'base/b.c' => "#include \"a.h\"\n" ],
	[ 'file', 'an unlisted file', 'base/d.c' => '' ],
	[ 'circle', 'two that use each other', 'base/README' => "Uses: cors\n" ],
	[ 'library', 'a library elsewhere', 'cors/c.c' => "#include <pcre2.h>\n" ],
);
for (@planted) {
	my ($fault, $what, %files) = @$_;
	my $dir = plant(%sound, %files);
	my @found = map { @{ $_->[1]->("$dir") } ? $_->[0] : () } @checks;
	is("@found", $fault eq 'nothing' ? '' : $fault, $what ?
	    "$what is found" : 'a sound tree has no fault');
}
is_deeply(circles({ a => { b => 1 }, b => { c => 1 }, c => { a => 1 },
	d => { a => 1 } }), [ 'a b c' ], 'a circle of three is found');

# --- symbols
# ---------------------------------------------------------------------------

SKIP: {
	skip 'no nm here, or nothing was built', 3
	    unless have_program('nm') && objects(top_build(), 'cors');
	my ($made, $used) = symbols(top_build());
	cmp_ok(scalar keys %$made, '>', 400, 'nm reads the objects');

	my (%calls, @up);
	for my $file (sort keys %$used) {
		for my $name (keys %{ $used->{$file} }) {
			my $of = $made->{$name} or next;
			$calls{$file}{$of} = 1 if $of ne $file;
		}
	}
	# Replacements define the same symbols again.
	delete @calls{ grep { m{^static/} } keys %calls };
	delete @{$_}{ grep { m{^static/} } keys %$_ } for values %calls;
	none(circles(\%calls), 'no files call each other in a circle');
	for my $file (sort keys %calls) {
		my ($own) = split m{/}, $file;
		for my $of (sort keys %{ $calls{$file} }) {
			my ($folder) = split m{/}, $of;
			push @up, "$file calls $of" if $folder ne $own &&
			    !$uses->{$own}{$folder};
		}
	}
	none(\@up, 'no call points up');

	# base/os.h has them.
	my %linux = map { $_ => 1 } qw(accept4 clone close_range dup3
	    epoll_create epoll_create1 eventfd getauxval memfd_create pidfd_open
	    pidfd_send_signal pipe2 ppoll prctl prlimit prlimit64 renameat2
	    sendfile sendfile64 signalfd splice syscall tee vmsplice);
	my @linux;
	for my $file (grep { !m{^base/os(?:_\w+)?$} } sort keys %$used) {
		push @linux, map { "$file calls $_" }
		    grep { $linux{$_} } sort keys %{ $used->{$file} };
	}
	none(\@linux, 'what only Linux has goes through base/os.h');
}
done_testing;
