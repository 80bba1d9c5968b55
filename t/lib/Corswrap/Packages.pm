package Corswrap::Packages;

# Reads from the lists of debian/, the spec and the APKBUILD which package takes
# each installed file, so that a test can compare them with `make install`.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test;
use Exporter qw(import);

our @EXPORT_OK = qw(taken_by_debian taken_by_rpm taken_by_alpine);

# Returns an expression for a shell pattern, which matches a file, or a folder and
# everything below it.
sub _matcher {
	my ($glob) = @_;
	my $re = join '', map { $_ eq '*' ? '[^/]*' : quotemeta }
	    split /(\*)/, $glob =~ s{^/|/$}{}gr;
	return qr{\A/$re(?:/.*)?\z}s;
}

# Rules are [package, pattern].  The first that matches a file takes it; the package
# '-' means that no package has it.  Returns the packages by file, and the patterns
# that took nothing.
sub _take {
	my ($files, @rules) = @_;
	my (%by, @idle);
	for my $rule (@rules) {
		my ($package, $glob) = @{$rule};
		my $matches = _matcher($glob);
		my @taken = grep { /$matches/ } @{$files};
		push @idle, "$package: $glob" unless @taken;
		$by{$_} //= $package for @taken;
	}
	return (\%by, \@idle);
}

sub _lines {
	my ($file) = @_;
	return grep { !/^\s*(?:#|$)/ } split /\n/, read_file($file);
}

# Returns what a recipe removes below the folder because a package gets it in
# another way.
sub _removed {
	my ($text, $below) = @_;
	$text =~ s/\\\n/ /g;
	return map { my $words = $_;
		$words =~ /\Q$below\E(\S+)/g } grep { /^\s*rm / } split /\n/, $text;
}

sub taken_by_debian {
	my ($files) = @_;
	my $debian = top_src() . '/debian';
	my @rules;
	# dh_installexamples takes examples from the source tree.
	my @examples = map { my $list = $_;
		my ($package) = $list =~ m{([^/]+)\.examples$};
		map { [ $package, "/usr/share/doc/corswrap/$_" ] }
		    grep { m{^examples/} } _lines($list) } glob "$debian/*.examples";
	my @removed = _removed(read_file("$debian/rules"), 'debian/tmp');
	for my $gone (@removed) {
		my ($by) = grep { $_->[1] =~ s{/\*$}{}r eq $gone } @examples;
		push @rules, [ $by ? $by->[0] : '-', $gone ];
	}
	push @rules, map { [ '-', $_ ] } _lines("$debian/not-installed");
	for my $list (glob "$debian/*.install") {
		my ($package) = $list =~ m{([^/]+)\.install$};
		push @rules, map { [ $package, (split)[0] ] } _lines($list);
	}
	return _take($files, @rules);
}

my %macro = (
	_bindir => '/usr/bin', _libdir => '/usr/lib64',
	_libexecdir => '/usr/libexec', _includedir => '/usr/include',
	_datadir => '/usr/share', _docdir => '/usr/share/doc',
	_mandir => '/usr/share/man', _sysconfdir => '/etc',
	_unitdir => '/usr/lib/systemd/system', name => 'corswrap',
);

sub taken_by_rpm {
	my ($files) = @_;
	my $spec = read_file(top_src() . '/packaging/rpm/corswrap.spec');
	$spec =~ s/%\{(\w+)\}/$macro{$1} \/\/ "%{$1}"/ge;
	my ($install) = $spec =~ /^%install\n(.*?)^%\w/ms;
	my @rules = map { [ '-', $_ ] } _removed($install, '%{buildroot}');
	my ($package, %excluded);
	for my $line (split /\n/, $spec) {
		if ($line =~ /^%files(?:\s+-n\s+(\S+))?/) {
			$package = $1 // 'corswrap';
		} elsif ($line =~ /^%(?:post|pre|changelog|package|description)/) {
			undef $package;
		} elsif (!defined $package || $line =~ /^%(?:license|dir|if|endif)/) {
			next;
		} elsif ($line =~ m{^(?:%config\S*\s+|(%exclude\s+))?(/\S+)}) {
			push @{$1 ? $excluded{$package} //= [] : \@rules},
			    $1 ? $2 : [ $package, $2 ];
		}
	}
	# A file that one package excludes may be in another package.
	@rules = sort { length $b->[1] <=> length $a->[1] } @rules;
	my ($by, $idle) = _take($files, @rules);
	for my $file (sort keys %{$by}) {
		my $left = $excluded{$by->{$file}} // [];
		delete $by->{$file} if grep { $file =~ _matcher($_) } @{$left};
	}
	return ($by, $idle);
}

# abuild's own functions move some files; the rest is in the main package.
sub taken_by_alpine {
	my ($files) = @_;
	my $recipe = read_file(top_src() . '/packaging/alpine/APKBUILD');
	my ($package) = $recipe =~ /^package\(\) \{\n(.*?)^\}/ms;
	my @rules = map { [ '-', $_ ] } _removed($package, '"$pkgdir"');
	push @rules, map { [ 'corswrap-doc', $_ ] }
	    qw(/usr/share/doc /usr/share/man);
	push @rules, map { [ 'corswrap-dev', $_ ] } qw(/usr/include
	    /usr/lib/pkgconfig /usr/lib/*.a /usr/lib/*.so);
	push @rules, map { [ 'corswrap-completion', "/usr/share/$_" ] } qw(
	    bash-completion/completions zsh/site-functions
	    fish/vendor_completions.d);
	my %function = map { /^(\w+):(\w+)$/ ? ($2 => $1) : ($_ => $_) }
	    map { s/^\$pkgname/corswrap/r } split ' ',
	    ($recipe =~ /^subpackages="(.*?)"/ms)[0];
	$function{cgi} = delete $function{cgi} // 'cgi';
	while ($recipe =~ /^(\w+)\(\) \{\n(.*?)^\}/msg) {
		my ($name, $body) = ($1, $2);
		next unless $function{$name};
		push @rules, map { [ $function{$name}, "/$_" ] }
		    map { split ' ' } $body =~ /^\s*amove (.*)$/mg;
	}
	my ($by, $idle) = _take($files, @rules);
	$by->{$_} //= 'corswrap' for @{$files};
	return ($by, $idle);
}

1;
