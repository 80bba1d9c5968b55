#!/usr/bin/perl
# The manuals: every option and key of the programs, and no other.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Corswrap::Tree;
use Test::More;

my $top = top_src();
my %page = map { $_ => read_file("$top/doc/$_") }
    map { s{.*/}{}r } glob "$top/doc/*.[1-8]";

# --- mandoc ------------------------------------------------------------------------

SKIP: {
	my $mandoc = have_program('mandoc');
	skip 'no mandoc', scalar keys %page unless $mandoc;
	for my $name (sort keys %page) {
		my (undef, $out) = run([ $mandoc, '-Tlint', "$top/doc/$name" ]);
		# Whether a referenced page is installed does not matter.
		my @said = grep { !/referenced manual not found|mandoc\.db/ }
		    split /\n/, $out;
		is_deeply(\@said, [], "mandoc has nothing to say of $name");
	}
}

# A word of a heading that mdoc takes for a macro is not printed.
my $macro = join '|', qw(Ac Ad An Ao Ap Aq Ar At Bc Bo Bq Bsx Bx Cd Cm Dc Do Dq Dv
    Dx Ec Em En Eo Er Es Ev Fa Fc Fl Fn Fo Fr Ft Fx Ic In Li Lk Ms Mt Nm No Ns Nx
    Oc Oo Op Ox Pa Pc Pf Po Pq Qc Ql Qo Qq Sc So Sq St Sx Sy Ta Tn Ux Va Vt Xc Xo
    Xr);
my @taken = map {
	my $name = $_;
	map { "$name: $_" } grep { /^\.S[sh]\s(?:.*\s)?(?:$macro)(?:\s|$)/ }
	    split /\n/, $page{$name};
} sort keys %page;
is_deeply(\@taken, [], 'no word of a heading is a macro');
like(".Ss In ten minutes", qr/^\.S[sh]\s(?:.*\s)?(?:$macro)(?:\s|$)/,
    'and one that was is found');

# --- options of corswrap --------------------------------------------------------------

my $options = read_file("$top/src/corswrap/options.c");
my ($short) = $options =~ /getopt_long\(\s*argc,\s*argv,\s*"\+?([^"]+)"/;
my %long = $options =~ /\{"([a-z-]+)",\s*\w+,\s*NULL,\s*'(\w)'\}/g;
my %letter = map { $_ => 1 } $short =~ /(\w)/g;
my %manual;
while ($page{'corswrap.8'} =~ /^\.It Fl (\w)(?: Ar \w+)? , Fl Fl (\w+)/mg) {
	$manual{$2} = $1;
}
is_deeply(\%manual, \%long, 'corswrap(8) has every option and no other');
is_deeply([ sort keys %letter ], [ sort values %long ],
    'every letter has a long name');
my ($exit, $out) = run([ corswrap(), '-h' ]);
is($exit, 0, 'corswrap -h');
my %help;
$help{$2} = $1 while $out =~ /^\s+-(\w), --([a-z-]+)/mg;
is_deeply(\%help, \%long, 'and so has its summary');
my ($synopsis) = $page{'corswrap.8'} =~ /^\.Sh SYNOPSIS\n(.*?)^\.Sh/ms;
my %shown = map { $_ => 1 } map { /(\b\w\b)/g }
    $synopsis =~ /Fl ([\w |]+?)(?: Ar.*)?$/mg;
is_deeply([ sort keys %shown ], [ sort keys %letter ],
    'and so has its synopsis');

# --- commands and options of corscheck ---------------------------------------------------

($exit, $out) = run([ corscheck(), '-h' ]);
is($exit, 0, 'corscheck -h');
# The options of all commands, from the --help of each.
for my $command ($out =~ /^  (\w+)/mg) {
	my ($status, $text) = run([ corscheck(), $command, '-h' ]);
	is($status, 0, "corscheck $command -h");
	$out .= $text;
}
my %said = map { $_ => 1 } $out =~ /(?:^|[\s\[|])(--[a-z]+|-[a-zA-Z]\b)/mg;
my %told;
for ($page{'corscheck.1'} =~ /^\.(?:Op|It) (Fl .*)$/mg) {
	my $line = $_;
	$told{"--$1"} = 1 while $line =~ s/Fl Fl ([a-z]+)//;
	$told{"-$1"}  = 1 while $line =~ s/Fl ([a-zA-Z])\b//;
}
delete @said{qw(-h -V --help --version)};
delete @told{qw(-h -V --help --version)};
is_deeply([ sort keys %told ], [ sort keys %said ],
    'corscheck(1) has every option and no other');
my %command = map { $_ => 1 } $out =~ /corscheck ([a-z]+)\b/g;
delete $command{init} unless $out =~ /corscheck init\s/;
my %described = map { $_ => 1 } $page{'corscheck.1'} =~ /^\.It Cm ([a-z]+)/mg;
is_deeply([ sort keys %described ], [ sort keys %command ],
    'and every command');

# --- completion of the shells -------------------------------------------------------------

my ($bash, $zsh) = map { join '', map { read_file($_) } glob $_ }
    "$top/etc/completion/bash/*", "$top/etc/completion/zsh/*";
for my $name (sort keys %long) {
	like($bash, qr/-$long{$name} --$name\b/, "bash completes --$name");
	like($zsh, qr/\{-$long{$name},--$name\}/, "zsh completes --$name");
}
for my $name (sort keys %command) {
	like($bash, qr/compgen -W '[^']*\b$name\b/, "bash completes $name");
	like($zsh, qr/'$name:/, "zsh completes $name");
}
# The options of each command: t/tree/completion-options.t.

# --- the calls of libcors ------------------------------------------------------------------

# Types and names of the prototypes, without those of the parameters.
sub plain { return $_[0] =~ s/\s+/ /gr =~ s/ ?([(),*]) ?/$1/gr =~ s/ $//r }
my %call;
for my $name (qw(cors.h cors_fcgi.h)) {
	my $text = read_file("$top/src/cors/$name") =~ s{/\*.*?\*/}{}gsr;
	while ($text =~ /^(?:CORS_API|static\ inline)\s+
	    (?<type>[\w\s*]+?)\b(?<name>cors_\w+)\(/mgx) {
		$call{ $+{name} } = plain($+{type});
	}
}
cmp_ok(scalar keys %call, '>=', 16, 'the calls were found');
my ($names) = $page{'cors.3'} =~ /^\.Sh NAME\n(.*?)^\.Nd/ms;
is_deeply([ sort $names =~ /^\.Nm (\w+)/mg ], [ sort keys %call ],
    'cors(3) names every call of the headers and no other');
my ($prototypes) = $page{'cors.3'} =~ /^\.Sh SYNOPSIS\n(.*?)^\.Sh/ms;
my %prototype;
while ($prototypes =~ /^\.Ft "?([^"\n]+)"?\n\.F[no] (\w+)/mg) {
	$prototype{$2} = plain($1);
}
is_deeply(\%prototype, \%call, 'with the types that they return');
# Programs that make the variables themselves must know of every request header
# that a decision can depend on.
my %header = map { $_ => 1 } read_file("$top/src/cors/request.h") =~
    /\b(HTTP_[A-Z]\w+)/g;
cmp_ok(scalar keys %header, '>=', 8, 'headers of requests were found');
for (['cors(3)', $page{'cors.3'}], ['cors.h', read_file("$top/src/cors/cors.h")]) {
	my ($name, $text) = @$_;
	is_deeply([ grep { $text !~ /\b$_\b/ } sort keys %header ], [],
	    "$name names every request header that is read");
}
my ($contracts) = $page{'cors.3'} =~ /^\.Sh DESCRIPTION\n(.*?)^\.Sh/ms;
# A paragraph that begins with the call, and an example that uses it.
my %described_call;
for my $part (split /^\.Ed\n/m, $contracts) {
	my ($name) = $part =~ /(?:^\.Pp\n|^\.Ss .*\n|\A)\.Fn (\w+)\n/m or next;
	$described_call{$name} = 1
	    if $part =~ /^\.Bd -literal.*\n(?:.*\n)*.*\b$name\b/m;
}
is_deeply([ sort keys %described_call ], [ sort keys %call ],
    'and describes each, with an example');

# --- keys ----------------------------------------------------------------------------------

my %keys;
for my $file (glob "$top/src/policy/keys_*.c") {
	my $text = read_file($file);
	while ($text =~ /^const struct key keys_(\w+)\[\] = \{(.*?)^\};/msg) {
		my ($of, $body) = ($1, $2);
		$keys{$of}{$_} = 1
		    for $body =~ /^\s*(?:\[\w+\]\s*=\s*)?\{"([a-z-]+)"/mg;
	}
}
my %written;
my $of = '';
for (split /\n/, $page{'corswrap.ini.5'}) {
	if (/^\.S[sh] (.*)/) {
		my $title = $1;
		$of = $title =~ /\[(app|server|cors)\]/ ? $1 : '';
	} elsif ($of && /^\.It Ic (.*)/) {
		$written{$of}{$_} = 1 for split / , /, $1;
	}
}
for my $section (qw(app server cors)) {
	cmp_ok(scalar keys %{ $keys{$section} || {} }, '>', 5,
	    "[$section] was found in the source");
	is_deeply([ sort keys %{ $written{$section} || {} } ],
	    [ sort keys %{ $keys{$section} || {} } ],
	    "corswrap.ini(5) has every key of [$section] and no other");
}

# Every id of a diagnostic has a sentence.
my %id;
for my $file (sources($top)) {
	my $text = read_file("$top/src/$file");
	$id{$1} = 1 while $text =~ /loader_(?:error|warning|note)\(\s*
	    \w+,\s*[^,]+,\s*"([a-z][a-z0-9-]+)"/xg;
}
my ($list) = $page{'corswrap.ini.5'} =~ /^\.Sh DIAGNOSTICS\n(.*?)^\.Sh/ms;
my %explained = map { $_ => 1 } map { split / , / }
    ($list // '') =~ /^\.It Li (.*)$/mg;
my @missing = grep { !$explained{$_} } sort keys %id;
is_deeply(\@missing, [], 'and every diagnostic that the source names');

# Every console message that the programs predict can be looked up.
my $errors = $page{'corswrap-errors.7'} =~ s/\\&//gr;
my ($checks) = read_file("$top/src/explain/browser_checks.c") =~
    /^describe_mismatch\((.*?)^static bool$/ms;
my %sentence;
for ($checks =~ /((?:"(?:[^"\\]|\\.)+"\s*)+)/g) {
	my $text = join '', /"((?:[^"\\]|\\.)+)"/g;
	$text =~ s/ Have the server send the header with a valid value\.$//;
	$sentence{$_} = 1 for grep { length > 20 } split / ?%s ?/, $text;
}
cmp_ok(scalar keys %sentence, '>=', 10, 'the sentences were found');
is(index($errors, $_) >= 0 ? 'there' : 'missing', 'there',
    "corswrap-errors(7): $_") for sort keys %sentence;
for my $browser (qw(Firefox Safari)) {
	cmp_ok(scalar(() = $errors =~ /^$browser:$/mg), '>=', 8,
	    "and what $browser says");
}
done_testing;
