#!/usr/bin/perl
# configure --without-probe, --without-psl, --without-idn, --without-pcre2: such
# programs need no such library, and never allow more.  All of them at once; with
# CORSWRAP_LONG each by itself too.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

plan skip_all => 'not a build tree' unless -e top_build() . '/Makefile';
plan skip_all => "the same under valgrind's shim" if under_valgrind();

my $policy = <<'END';
[app]
exec = /bin/true
[cors]
ORIGINS
END

# lint of a policy with these lines in [cors]: exit status and text.
sub lint {
	my ($dir, $lines) = @_;
	write_file("$dir/p.ini", $policy =~ s/ORIGINS/$lines/r);
	my ($exit, $out) = run([ "$dir/corscheck", 'lint', "$dir/p.ini" ]);
	return ($exit, $out);
}

# What each switch means for a user.
my %library = (probe => 'libcurl', psl => 'libpsl', idn => 'libidn2',
	pcre2 => 'libpcre2');
my %check = (
	probe => sub {
		my ($dir, $without) = @_;
		my ($exit, undef, $err) = run([ "$dir/corscheck", 'probe',
			'--origin', 'https://a.example',
		'http://127.0.0.1:' . free_port() . '/' ]);
		is($exit, 2, 'probe: exit 2');
		like($err, $without ? qr/--without-probe/ : qr/^/, 'and it says why');
	},
	psl => sub {
		my ($dir, $without) = @_;
		my $yes = "\ncredentials = yes";
		my ($exit, $out) = lint($dir, "origins = https://*.co.uk$yes");
		like($out, qr/\[public-suffix\]/, 'psl: co.uk is anybody\'s');
		(undef, $out) = lint($dir, "origins = https://*.com$yes");
		like($out, qr/\[public-suffix\]/, 'so is com');
		($exit) = lint($dir, "origins = https://*.example.com$yes");
		is($exit, 0, 'example.com is not');
		($exit) = lint($dir, "origins = https://*.example.de$yes");
		is($exit, $without ? 1 : 0, 'example.de looks like it');
		($exit) = lint($dir, "origins = https://*.example.de$yes\n"
		    . 'allow-public-suffix = yes');
		is($exit, 0, 'which is allowed by name');
	},
	idn => sub {
		my ($dir, $without) = @_;
		my ($exit, $out) = lint($dir, "origins = https://b\xc3\xbccher.example");
		is($exit, 1, 'idn: letters beyond ASCII are an error');
		like($out, qr/\[non-ascii\]/, 'as ever');
		is($out =~ /xn--bcher-kva/ ? 1 : 0, $without ? 0 : 1,
		    'with the Punycode or without');
		is((lint($dir, 'origins = https://xn--bcher-kva.example'))[0], 0,
		    'which is fine');
	},
	pcre2 => sub {
		my ($dir, $without) = @_;
		my ($exit, $out) =
		    lint($dir, 'origins-regex = https://[a-z]+\\.example\\.com');
		is($exit, $without ? 1 : 0, 'pcre2: origins-regex');
		like($out, qr/without PCRE2.*\[regex\]/, 'is an error')
		    if $without;
	},
);

my @all = qw(probe psl idn pcre2);
for my $off ([@all], $ENV{CORSWRAP_LONG} ? map { [$_] } @all : ()) {
	subtest "without @$off" => sub {
		my $dir = tempdir();
		my ($exit, $out, $err) = run([ top_src() . '/configure', '-q',
			'--disable-dependency-tracking', map { "--without-$_" } @$off ],
			dir => "$dir", timeout => 300, env => {
				CFLAGS => '-O0', CC => $ENV{CC} // 'gcc' });
		is($exit, 0, 'configure') or return diag($out, $err);
		($exit, $out, $err) = run([ 'make', '-s', '-j2', 'corswrap',
			'corscheck' ], dir => "$dir", timeout => 600,
			env => { MAKEFLAGS => '' });
		is($exit, 0, 'make') or return diag($out, $err);
		is($err, '', 'without a word');
		my %without = map { $_ => 1 } @$off;
		# Not ldd: libcurl brings libpsl and libidn2 with it.
		(undef, $out) = run([ 'readelf', '-d', "$dir/corswrap" ]);
		(undef, my $more) = run([ 'readelf', '-d', "$dir/corscheck" ]);
		for (@all) {
			is("$out$more" =~ /\b$library{$_}\b/ ? 1 : 0,
			    $without{$_} ? 0 : 1, "$library{$_} is linked or not");
			$check{$_}->($dir, $without{$_});
		}
		($exit, $out) = run([ "$dir/corswrap", '-t', '-c', "$dir/p.ini" ]);
		is($exit, $without{pcre2} ? 1 : 0, 'corswrap -t agrees');
	};
}
done_testing;
