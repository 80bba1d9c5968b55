#!/usr/bin/perl
# corswrap.ini(5), key by key: type, default, version and example are there,
# and match the program.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my $top = top_src();
my $dir = tempdir();
write_file("$dir/customers.txt", "https://customer.example\n");
$ENV{APP_ORIGINS} = 'https://variable.example';

# --- the source
# --------------------------------------------------------------------

my (%kind, %words);
for my $file (glob "$top/src/policy/keys_*.c") {
	my $text = read_file($file);
	my %list = $text =~ /^static const char \*const (\w+)\[\] = \{(.*?)\};/msg;
	while ($text =~ /^const struct key keys_(\w+)\[\] = \{(.*?)^\};/msg) {
		my ($of, $body) = ($1, $2);
		while ($body =~ /\{"([a-z-]+)",\s*(.*?)(?=\{"|\{0\})/gs) {
			my ($name, $rest) = ($1, $2);
			$kind{$of}{$name} =
			    $rest =~ /VALUE_([A-Z_]+)/ ? $1 : 'OWN';
			$words{$of}{$name} = [ $list{$1} =~ /"([^"]+)"/g ]
			    if $rest =~ /\.words = (\w+)/;
		}
	}
}
my %type = (
	BOOLEAN => qr/^yes or no$/,
	DURATION => qr/^duration$/,
	SIZE => qr/^size$/, LENGTH => qr/^size$/, SIZE_LIMIT => qr/^size$/,
	COUNT => qr/^number/, COUNT_LIMIT => qr/^number/,
	SECONDS_LIMIT => qr/^number of seconds$/,
	PATH => qr/^path$/,
);

# --- the manual
# ----------------------------------------------------------------------

sub plain {
	my ($text) = @_;
	$text =~ s/^\.(?:Li|Ic|Cm|Pa)\s//mg;
	$text =~ s/\\&//g;
	return join ' ', split ' ', $text;
}

my (%entry, %seen);
my $of = '';
for my $part (split /^(?=\.(?:S[sh] |It Ic ))/m,
    read_file("$top/doc/corswrap.ini.5")) {
	if ($part =~ /^\.S[sh] (.*)/) {
		$of = $1 =~ /^\[(app|server|cors|warm)\]/ ? $1 : '';
	} elsif ($of && $part =~ /^\.It Ic (\S+)\n/) {
		$entry{$of}{$1} = $part;
	}
}
my ($version) = read_file("$top/configure.ac") =~ /AC_INIT\(\[corswrap\], \[([\d.]+)/;
my %release = map { $_ => 1 } read_file("$top/NEWS") =~ /^corswrap (\d+\.\d+\.\d+)/mg;
ok($release{$version}, "NEWS has a heading for $version");

# A policy in which only this line of its section is tested.
sub policy {
	my ($section, @lines) = @_;
	my %part = (
		app => [ grep({ /^(?:exec|forward|root)\b/ } @lines) && $section eq 'app'
		    ? () : "exec = /bin/true" ],
		warm => [ 'scripts = /bin/cat' ],
		cors => [ 'origins = https://first.example' ],
		server => [],
	);
	# These keys need the other one of the pair.
	push @{ $part{server} }, 'status-path = /status'
	    if grep { /^status-clients/ } @lines;
	push @{ $part{server} }, 'status-clients = 127.0.0.1'
	    if grep { /^status-path/ } @lines;
	my $name = $section eq 'cors' && grep({ /^(?:path|host)\b/ } @lines)
	    ? 'cors named' : 'cors';
	$part{warm} = [] if $section eq 'warm' && grep { /^scripts/ } @lines;
	my $text = '';
	for my $each (qw(app warm cors server)) {
		my @has = (@{ $part{$each} }, $each eq $section ? @lines : ());
		next if !@has || $each eq 'warm' && $section ne 'warm';
		$text .= join("\n", $each eq 'cors' ? "[$name]" : "[$each]", @has) . "\n";
	}
	return $text;
}

sub dumped {
	my ($text) = @_;
	write_file("$dir/policy.ini", $text);
	my ($exit, $out, $err) = run([ corscheck(), 'dump', "$dir/policy.ini" ]);
	return $exit == 0 ? $out : "exit $exit: $err$text";
}

my $checked = 0;
for my $section (qw(app cors server warm)) {
	cmp_ok(scalar keys %{ $kind{$section} }, '>', 5, "[$section] was found");
	for my $key (sort keys %{ $kind{$section} }) {
		my $text = $entry{$section}{$key} // '';
		my ($type, $default, $since, $example) = $text =~
		    /\n\.Pp\nType:\s(.*?)\s?\.\nDefault:\s(.*?)\s?\.\nSince\s
		    ([\d.]+)\.\n\.Dl\s(.*?)\n/xs;
		ok(defined $example,
		    "[$section] $key has type, default, version and example")
		    or next;
		$_ = plain($_) for $type, $default, $example;
		$example =~ s/\\e/\\/g;
		ok($release{$since}, "$key: $since is a version of NEWS");
		like($example, qr/^\Q$key\E = \S/, "$key: the example is a line of it");
		my $kind = $kind{$section}{$key};
		like($type, $type{$kind}, "$key: its type") if $type{$kind};
		is($type =~ s/^one of //r, join(' , ', @{ $words{$section}{$key} }),
		    "$key: the values of its list") if $words{$section}{$key};

		# `corscheck dump` leaves defaults out.
		my $base = dumped(policy($section));
		my $with = dumped(policy($section, $example));
		unlike($with, qr/^exit/, "$key: the example has no error");
		isnt($with, $base, "$key: and an effect")
		    unless $key =~ /^allow-(?:null|insecure|public-suffix)$/;
		$checked++;
		next if $default =~ /^(?:not |empty|all |the folder|standard error)/;
		is(dumped(policy($section, "$key = $default")),
		    dumped(policy($section)), "$key: the default is $default");
	}
}
cmp_ok($checked, '>=', 60, 'keys were checked');

# The test finds planted mistakes.
unlike(dumped(policy('app', 'max-body = 64MM')), qr/^\[/, 'an error is one');
isnt(dumped(policy('app', 'max-body = 65M')), dumped(policy('app')),
    'another value than the default is told apart');
done_testing;
