#!/usr/bin/perl
# corscheck reference: its form, and its lists compared with lint's.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use JSON::PP ();
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my ($status, $json, $err) = run([ corscheck(), 'reference', '--json' ]);
is("$status$err", '0', 'reference --json');
my $dir = tempdir();
my $sections = JSON::PP->new->decode($json);
is_deeply([ map { $_->{id} } @$sections ],
    [qw(pairs requests checks wildcards safelists beside agents limits myths)],
    'its sections');
my %section = map { $_->{id} => $_ } @$sections;
for my $section (@$sections) {
	my %keys = map { join(' ', sort keys %$_) => 1 } @{ $section->{rows} };
	is(scalar keys %keys, 1, "$section->{id}: every row has the same keys");
	ok($section->{title}, "$section->{id}: a title");
}
unlike($json, qr/`/, 'no marks are left');

# --- required parts
# -------------------------------------------------------------

my %pair = map { $_->{response_header} => $_->{request_header} }
    @{ $section{pairs}{rows} };
is($pair{'Access-Control-Allow-Origin'}, 'Origin', 'the pairs: origin');
is($pair{"Access-Control-Allow-$_"}, 'Access-Control-Request-'
    . ($_ eq 'Methods' ? 'Method' : $_), "the pairs: $_")
    for qw(Methods Headers);
is($pair{'Access-Control-Max-Age'}, undef, 'nothing asks for Max-Age');

my $said = join "\n", map { "$_->{said} $_->{so}" } @{ $section{myths}{rows} };
like($said, $_, "set right: $_") for qr/There is nothing to call/,
    qr/They never show a CORS error/, qr/Credentials alone cause no preflight/,
    qr/A 204 has no Content-Length/,
    qr/Allow-Headers: \* .* It is valid for requests without credentials/;

my %beside = map { $_->{header} => $_->{meaning} } @{ $section{beside}{rows} };
like($beside{'Access-Control-Request-Private-Network'}, qr/was given up/,
    'Private Network Access is none');
for my $name (qw(Sec-Purpose Sec-Fetch-Storage-Access Activate-Storage-Access
	Cross-Origin-Resource-Policy Cross-Origin-Embedder-Policy)) {
	ok($beside{$name}, "beside CORS: $name");
}
# Each header of a row can be put into a policy.
for my $row (@{ $section{agents}{rows} }) {
	my %list = map { my $key = $_; $key => [ grep { !/^Mcp-Param/ }
		$row->{$key} =~ /(?:^|[ ,])([A-Z][A-Za-z0-9]*(?:-[A-Z][A-Za-z0-9]*)+)/g ] }
	    qw(headers expose);
	write_file("$dir/p.ini", join '', "[cors]\norigins = "
	    . "https://a.example\n", map { "$_ = @{ $list{$_} }\n" }
	    grep { @{ $list{$_} } } sort keys %list);
	my ($exit, $out) = run([ corscheck(), 'lint', "$dir/p.ini" ]);
	is("$exit$out", '0', "$row->{server}: a policy for it") or
	    diag(read_file("$dir/p.ini"));
}

my %limit = map { $_->{limit} => $_->{value} } @{ $section{limits}{rows} };
is_deeply([ sort { $a <=> $b } grep { $_ > 128 } values %limit ],
    [ 600, 1024, 4096, 7200, 86400 ], 'limits are numbers');

# --- the lists, against the rules in the core ----------------------------------------

my %names;
for my $row (@{ $section{safelists}{rows} }) {
	push @{ $names{ $row->{list} } }, @{ $row->{names} };
}

# The diagnostic of lint for each name in a list of this key: { name => id }.
sub lint {
	my ($key, @names) = @_;
	write_file("$dir/p.ini", join '', "[cors]\norigins = https://a.example\n",
	    map { "$key = $_\n" } @names);
	my (undef, $out) = run([ corscheck(), 'lint', '--json', "$dir/p.ini" ]);
	my %id = map { $_ => '' } @names;
	$id{ $names[ $_->{line} - 3 ] } = $_->{id}
	    for grep { $_->{line} > 2 } @{ JSON::PP->new->decode($out) };
	return \%id;
}

sub all_are {
	my ($id, $key, $list, @names) = @_;
	@names = @{ $names{$list} || [] } unless @names;
	cmp_ok(scalar @names, '>', 1, "$list: there are some");
	is_deeply(lint($key, @names), { map { $_ => $id } @names },
	    "$list: and lint says so");
	return;
}

all_are('safelisted', 'methods', 'methods that need no preflight');
all_are('forbidden-method', 'methods', 'methods that browsers refuse');
all_are('safelisted', 'expose',
    'response headers that scripts may always read');
all_are('forbidden-header', 'expose',
    'response headers that scripts never read');
my $forbidden = 'request headers that scripts cannot set';
all_are('forbidden-header', 'headers', $forbidden,
    grep { !/^X-/ } @{ $names{$forbidden} });
# It has every name of the core's own table.
my $core = read_file(top_src() . '/src/cors/names.c');
my ($table) = $core =~ /^request_header_is_forbidden.*?\{(.*?)NULL\}/ms;
is_deeply([ map { lc } grep { !/^X-/ } @{ $names{$forbidden} } ],
    [ $table =~ /"([a-z0-9-]+)"/g ], "$forbidden: all of the core's");

# explain's result for a preflight with a bad status and no header.
like($section{checks}{text}, qr/is what the console names.*at the bottom of it/s,
    'that the reason may be another than the first check that fails');

# --- for people -----------------------------------------------------------------------

for my $width (40, 80, 100) {
	my ($exit, $out) = run([ corscheck(), 'reference' ],
	    env => { COLUMNS => $width });
	is($exit, 0, "reference, $width columns wide");
	like($out, qr/^\Q$_->{title}\E$/m, "$width: $_->{title}") for @$sections;
	# No word is lost at any width.
	my %had = map { $_ => 1 } split ' ', $out;
	my @lost = grep { !$had{$_} } map { split } map { $_->{so} }
	    @{ $section{myths}{rows} };
	is_deeply(\@lost, [], "$width: every word");
	my @long = grep { length > $width } split /\n/, $out;
	is_deeply(\@long, [], "$width: no line is longer") if $width > 40;
	unlike($out, qr/[\e`]| $/m, "$width: no colours in a pipe, no blanks");
}

for ([ 'what is too much', 'more' ], [ 'what it does not know', '--yaml' ]) {
	my ($exit, $out, $error) = run([ corscheck(), 'reference', $_->[1] ]);
	is($exit, 2, "$_->[0] is usage");
	like($error, qr/^usage: corscheck reference \[--json\]/m, 'which it says');
}
SKIP: {
	my $script = have_program('script') or skip 'no script(1)', 3;
	for (['xterm', '', 1], ['xterm', '1', 0], ['dumb', '', 0]) {
		my ($term, $no_color, $bold) = @$_;
		my (undef, $shown) = run([ $script, '-qec', corscheck() . ' reference',
			'/dev/null' ], env => { TERM => $term, NO_COLOR => $no_color });
		is(scalar($shown =~ /\e/), $bold ? 1 : '',
		    "TERM=$term NO_COLOR=$no_color: bold only where it can be");
	}
}

done_testing;
