package Corswrap::Tree;

# Lists the contents of the folders of src/ and what each may use, for the tests of
# the tree, which also check copies of the tree with planted faults.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Exporter qw(import);
use File::Basename qw(basename dirname);

use Corswrap::Test;

our @EXPORT = qw(folders sources uses bad_includes strange_libraries
    impure_includes unlisted circles objects symbols
    folder_circles);

# Returns the folders of TOP/src.
sub folders {
	my ($top) = @_;
	my @found = sort map { basename($_) } grep { -d } glob "$top/src/*";
	return @found;
}

# Returns every C file, as folder/file.
sub sources {
	my ($top) = @_;
	my @found = sort map { m{([^/]+/[^/]+)$} } glob "$top/src/*/*.[ch]";
	return @found;
}

# Returns { folder => { folder that it may include from => 1 } }, from the READMEs.
sub uses {
	my ($top) = @_;
	my %uses;
	for my $folder (folders($top)) {
		my ($line) = read_file("$top/src/$folder/README") =~
		    /^Uses: (.*)$/m or next;
		$uses{$folder} = { map { $_ => 1 } grep { $_ ne 'nothing' }
		    split ' ', $line };
	}
	return \%uses;
}

# Returns [ included file, is it in quotes? ] for each include of a file.
sub includes {
	my ($top, $file) = @_;
	my @found;
	for (split /\n/, read_file("$top/src/$file")) {
		push @found, [ $2, $1 eq '"' ]
		    if /^\s*#\s*include\s+([<"])([^>"]+)/;
	}
	return @found;
}

# Returns includes that name no folder, or one that the README does not list.
sub bad_includes {
	my ($top) = @_;
	my $uses = uses($top);
	my @bad;
	for my $file (sources($top)) {
		my $own = dirname($file);
		for (grep { $_->[1] } includes($top, $file)) {
			my ($folder) = $_->[0] =~ m{^([^/]+)/[^/]+$};
			next if defined $folder && ($folder eq $own ||
			    $uses->{$own}{$folder});
			push @bad, "$file includes $_->[0]";
		}
	}
	return \@bad;
}

# Returns headers of libraries that are included outside of the files that ONLY
# allows (header => pattern).
sub strange_libraries {
	my ($top, $only) = @_;
	my @bad;
	for my $file (sources($top)) {
		for (includes($top, $file)) {
			my $may = $only->{ $_->[0] } or next;
			push @bad, "$file includes $_->[0]" if $file !~ $may;
		}
	}
	return \@bad;
}

# Returns the system headers that files matching WHICH include, except those that
# match PURE or MORE (file => pattern).
sub impure_includes {
	my ($top, $which, $pure, $more) = @_;
	my @bad;
	for my $file (grep { $_ =~ $which } sources($top)) {
		for (grep { !$_->[1] } includes($top, $file)) {
			my $also = $more->{$file};
			push @bad, "$file includes $_->[0]"
			    if $_->[0] !~ $pure &&
			    !($also && $_->[0] =~ $also);
		}
	}
	return \@bad;
}

# Returns files that the local.mk beside them does not list.
sub unlisted {
	my ($top) = @_;
	my @bad;
	for my $file (sources($top)) {
		my ($folder, $name) = split m{/}, $file;
		my $list = read_file("$top/src/$folder/local.mk");
		push @bad, $file if $list !~ m{(?:^|[\s/])\Q$name\E(?:\s|$)};
	}
	return \@bad;
}

# Returns groups of nodes that reach each other in a graph { node => { node => 1 } }:
# strongly connected components of more than one node, by Tarjan's algorithm.
sub circles {
	my ($graph) = @_;
	my (%index, %low, %on, @stack, @found);
	my $next = 0;
	my $visit;
	$visit = sub {
		my ($v) = @_;
		$index{$v} = $low{$v} = $next++;
		push @stack, $v;
		$on{$v} = 1;
		for my $w (sort keys %{ $graph->{$v} || {} }) {
			if (!defined $index{$w}) {
				$visit->($w);
				$low{$v} = $low{$w} if $low{$w} < $low{$v};
			} elsif ($on{$w} && $index{$w} < $low{$v}) {
				$low{$v} = $index{$w};
			}
		}
		return if $low{$v} != $index{$v};
		my @group;
		do {
			push @group, pop @stack;
			delete $on{ $group[-1] };
		} while ($group[-1] ne $v);
		push @found, join(' ', sort @group) if @group > 1;
	};
	for my $v (sort keys %$graph) { $visit->($v) if !defined $index{$v} }
	undef $visit;
	return [ sort @found ];
}

# Returns circles between folders, according to their READMEs.
sub folder_circles { return circles(uses($_[0])) }

# Returns the object files of the folders below BUILD/src, or of all folders if no
# folder is given.  libtool puts those of libcors into .libs.
sub objects {
	my ($build, @folders) = @_;
	my $top = top_src();
	# Old objects are left when a source is renamed or moves into a library,
	# so only the newest of each name is used.
	my %newest;
	for my $object (sort { -M $b <=> -M $a }
	    map { glob "$build/src/$_/*.o $build/src/$_/.libs/*.o" }
	    @folders ? @folders : '*') {
		my ($folder, $name) =
		    $object =~ m{src/([^/]+)/(?:\.libs/[^/]*_la-)?([^/]+)\.o$};
		$newest{"$folder/$name"} = $object
		    if defined $name && -e "$top/src/$folder/$name.c";
	}
	return map { $newest{$_} } sort keys %newest;
}

# Returns the symbols that object files below BUILD/src define and use: ({ symbol =>
# file }, { file => { symbol => 1 } }), with files as folder/name.
sub symbols {
	my ($build) = @_;
	my (%made, %used);
	my ($exit, $out) = run([ 'nm', '-A', objects($build) ]);
	for (split /\n/, $out) {
		my ($file, $kind, $name) =
		    m{src/(\S+)\.o:\s*[0-9a-f]*\s+(\w)\s+(\S+)$} or next;
		$file =~ s{/\.libs/[^/]*_la-}{/};
		if ($kind eq 'U') { $used{$file}{$name} = 1 }
		elsif ($kind =~ /[TDRBVWC]/) { $made{$name} = $file }
	}
	return (\%made, \%used);
}

1;
