#!/usr/bin/perl
# make install and make uninstall: installed files, and files that are kept.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Packages qw(taken_by_debian taken_by_rpm taken_by_alpine);
use Corswrap::Test;
use File::Find ();
use Test::More;

plan skip_all => 'not a build tree' unless -e top_build() . '/Makefile';
# No blank: libtool cannot install into such a path.
my $dir = tempdir() . '/folder';
# Only DESTDIR: no path may contain the prefix of this build.
my @where = ("DESTDIR=$dir", 'prefix=/usr', 'sysconfdir=/etc',
	'exec_prefix=/usr', 'datarootdir=/usr/share');

sub make {
	my (@what) = @_;
	my ($exit, $out, $err) =
	    run([ 'make', '-s', '-C', top_build(), @where, @what ],
		timeout => 300);
	is($exit, 0, "make @what") or diag($out, $err);
	return;
}

sub found {
	my @found;
	File::Find::find({ no_chdir => 1, wanted => sub {
		push @found, $_ =~ s/^\Q$dir\E//r unless -d;
	} }, $dir);
	return @found;
}

make('install');

# SECURITY.md: position independent, and addresses that the loader has resolved
# are read-only.
SKIP: {
	skip 'no readelf here, or a build with a sanitizer', 4
	    unless have_program('readelf') &&
	    read_file(top_build() . '/Makefile') =~ /^HARDEN_LDFLAGS = .*-z,now/m;
	for my $name (qw(corswrap corscheck)) {
		my (undef, $out) =
		    run([ 'readelf', '-dlW', "$dir/usr/bin/$name" ]);
		like($out, qr/GNU_RELRO/, "$name has RELRO");
		like($out, qr/Flags:.*\bNOW\b.*\bPIE\b/, 'in full, and PIE');
	}
}
my %mode = map { $_ => (stat "$dir$_")[2] & 07777 } found();
# The libdir of configure; /usr/lib by default.
my ($libdir) = map { s/\$\{exec_prefix\}/\/usr/r }
    read_file(top_build() . '/Makefile') =~ /^libdir = (.*)$/m;
my %want = (
	(map { ("/usr/bin/$_" => 0755,
		"/usr/share/bash-completion/completions/$_" => 0644,
		"/usr/share/zsh/site-functions/_$_" => 0644) }
		qw(corswrap corscheck)),
	(map { ("/usr/share/man/$_" => 0644) }
		qw(man1/corscheck.1 man3/cors.3 man5/corswrap.ini.5 man7/corswrap-errors.7
		man7/corswrap-hosting.7 man7/corswrap-migration.7
		man7/corswrap-operation.7 man7/corswrap-protection.7
		man7/corswrap-recipes.7
		man7/corswrap-warm.7
		man8/corswrap.8)),
	(map { ("/usr/lib/systemd/system/$_" => 0644) }
		qw(corscheck.service corscheck.socket corswrap.socket
		corswrap@.service corswrap@.socket)),
	(map { ("/usr/share/doc/corswrap/examples/$_" => 0755) }
		qw(guestbook.pl quickstart)),
	'/etc/corswrap/corswrap.ini' => 0644,
	(map { ("/usr/include/$_" => 0644) } qw(cors.h cors_fcgi.h)),
	(map { ("$libdir/$_" => 0644) } qw(libcors.a pkgconfig/libcors.pc)),
	"$libdir/libcors.so.0.0.0" => 0755,
	'/usr/libexec/corswrap/perl/Corswrap/Warm.pm' => 0644,
	'/usr/libexec/corswrap/python/corswrap_warm.py' => 0644,
);
is($mode{$_}, $want{$_}, $_) for sort keys %want;
my @shown = sort map { s{.*/}{}r } grep { -f }
    glob(top_src() . '/examples/servers/*'),
    glob(top_src() . '/examples/analyzer/*'),
    glob(top_src() . '/examples/libcors/*');
my @put = sort map { s{.*/}{}r }
    grep { m{/examples/(?:servers|analyzer|libcors)/} } keys %mode;
is_deeply(\@put, \@shown, 'every example');

# Every file has its package, each kind's own place for libraries, and corscheck's
# and libcors' are in theirs.  The one-file page and the static program are not
# made everywhere, the others by a build of any kind.
my $page = '/usr/share/corswrap/corscheck.html';
my $static = '/usr/lib/corswrap/corswrap.cgi';
sub installed_in {
	my ($lib, @more) = @_;
	my %file = map { s{^\Q$libdir\E(?=/(?:libcors|pkgconfig)\b)}{$lib}r => 1 } keys %mode;
	delete $file{$page};
	return [ sort keys %{{ %file, map { $_ => 1 } @more }} ];
}

sub belongs_to {
	my ($file) = @_;
	return 'corscheck' if $file =~ m{corscheck|/examples/analyzer/};
	return 'libcors' if $file =~ m{libcors|/include/|cors\.3$};
	return 'corswrap';
}

# Manuals that several refer to, and what a kind gives a package of its own.
my $shared = qr{/man/man[57]/|/man8/corswrap|^\Q$static\E$};
my %kind = (
	'debian/' => [ \&taken_by_debian, '/usr/lib/x86_64-linux-gnu',
		[ $page, $static ] ],
	'the spec' => [ \&taken_by_rpm, '/usr/lib64', [$page] ],
	'the APKBUILD' => [ \&taken_by_alpine, '/usr/lib', [$static] ],
);
for my $name (sort keys %kind) {
	my ($taken_by, $lib, $more) = @{$kind{$name}};
	if ($name eq 'debian/' && !-d top_src() . '/debian') {
		SKIP: { skip 'debian/: not in the tarball', 3 }
		next;
	}
	my $files = installed_in($lib, @{$more});
	my ($by, $idle) = $taken_by->($files);
	is_deeply([ grep { !$by->{$_} } @{$files} ], [],
	    "$name: every file is in a package");
	is_deeply($idle, [], "$name: every pattern takes a file");
	my @elsewhere = grep { my $is = $by->{$_} // '-';
		my $want = belongs_to($_);
		$is ne '-' && $_ !~ $shared && $is !~ /-(?:doc|dev|completion)$/ &&
		    $is !~ /^$want/ } @{$files};
	is_deeply([ map { "$_: $by->{$_}" } @elsewhere ], [],
	    "$name: and in that of its program");
	next unless $name eq 'the APKBUILD';
	# There what no function moves is in the main package, wanted or not.
	is_deeply([ grep { $by->{$_} eq 'corswrap' &&
		!m{^/(?:usr/bin/corswrap$|usr/libexec/corswrap/|etc/corswrap/)}
		} @{$files} ], [], "$name: nothing is left over");
}

# The administrator's policy.
write_file("$dir/etc/corswrap/corswrap.ini", "; mine\n");
make('install');
is(read_file("$dir/etc/corswrap/corswrap.ini"), "; mine\n",
    'a policy that was written stays');
make('uninstall');
is_deeply([ found() ], ['/etc/corswrap/corswrap.ini'],
    'and is all that is left');
is_deeply([ grep { -e "$dir/usr/$_" } qw(share/corswrap share/doc/corswrap libexec/corswrap) ],
    [], 'no folder of ours either');
unlink "$dir/etc/corswrap/corswrap.ini";
make('install');
make('uninstall');
is_deeply([ found() ], [], 'one that was not goes too');

# The installed quickstart finds the installed programs.
SKIP: {
	skip 'no lighttpd', 1 unless have_program('lighttpd');
	make('install');
	my ($exit, $out, $err) = run(
	    [ "$dir/usr/share/doc/corswrap/examples/quickstart", '--check' ],
	    env => { PATH => "$dir/usr/bin:$ENV{PATH}" }, timeout => 120);
	is($exit, 0, 'the installed quickstart') or diag($out, $err);
}
done_testing;
