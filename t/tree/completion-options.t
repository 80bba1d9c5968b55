#!/usr/bin/perl
# Every option of every command is completed in bash, zsh and fish, and no other;
# so are the servers of init.  The options are those of the source.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $from = top_src() . '/etc/completion';
my $src = top_src() . '/src';

# Long options in a table for getopt_long.
sub options_of {
	my ($file) = @_;
	my ($table) = read_file("$src/$file") =~ /struct option \w+\[\] = \{(.*?)\n\t\};/s
	    or die "no options in $file";
	return [ sort $table =~ /\{"([a-z-]+)",/g ];
}

my ($table) = read_file("$src/corscheck/main.c") =~ /commands\[\] = \{(.*?)^\};/ms;
my @commands = $table =~ /^    \{"([a-z]+)",/mg;
cmp_ok(scalar @commands, '>=', 12, 'the commands of corscheck');
my %asks = map { $_ => 1 } qw(explain probe read);
my %options = map {
	$_ => options_of($asks{$_} ? 'corscheck/request.c' : "corscheck/cmd_$_.c")
} @commands;
# A policy is for explain alone: a live server and a response have their own.
$options{$_} = [ grep { $_ ne 'policy' } @{ $options{$_} } ] for qw(probe read);

# --- bash -------------------------------------------------------------------------

SKIP: {
	my $bash = have_program('bash') or skip 'no bash', 2 * @commands + 2;
	my $ask = <<'SH';
for f in "$1"/bash/*; do . "$f"; done
shift
for line; do
	COMP_WORDS=($line) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
	_${COMP_WORDS[0]} 2>/dev/null
	echo "${COMPREPLY[*]}"
done
SH
	my @lines = ((map { "corscheck $_ --" } @commands), 'corswrap --');
	my (undef, $out) = run([ $bash, '-c', $ask, 'bash', $from, @lines,
		'corscheck init --server l' ]);
	my @got = split /\n/, $out;
	for my $command (@commands) {
		my @words = sort map { s/^--//r } grep { /^--/ } split ' ', shift @got;
		is("@words", "@{ $options{$command} }", "bash: $command");
	}
	is(join(' ', sort map { s/^--//r } grep { /^--/ } split ' ', shift @got),
		join(' ', @{ options_of('corswrap/options.c') }), 'bash: corswrap');
	is(shift @got, 'lighttpd lighttpd-cgi', 'bash: a value');
}

# --- fish -------------------------------------------------------------------------

SKIP: {
	my $fish = have_program('fish') or skip 'no fish', @commands + 1;
	my @lines = ((map { "corscheck $_ --" } @commands), 'corswrap --');
	my (undef, $out) = run([ $fish, '-c',
		'for f in $argv[1]/fish/*; source $f; end; '
		. 'for line in $argv[2..]; complete -C $line; echo .; end',
		$from, @lines ], env => { HOME => tempdir() });
	my @got = split /^\.\n/m, $out;
	for my $command (@commands, 'corswrap') {
		my @words = sort grep { length } map { /^--([a-z-]+)/ ? $1 : '' }
		    split /\n/, shift @got;
		is("@words", join(' ', @{ $options{$command} // options_of('corswrap/options.c') }),
			"fish: $command");
	}
}

# --- zsh --------------------------------------------------------------------------

# Its completions need a terminal; t/tree/completion presses the key.  Here the
# specifications are read.
my $zsh = read_file("$from/zsh/_corscheck");
my ($shared) = $zsh =~ /^_corscheck_ask=\((.*?)^\)/ms;
my ($cases) = $zsh =~ /case \$words\[1\] in\n(.*?)\n\t\tesac/s;
for my $command (@commands) {
	my ($own) = $cases =~ /^\t\t\Q$command\E\)(.*?);;/ms;
	$own //= '';
	$own .= $shared if $own =~ /\$_corscheck_ask/;
	my %words = map { $_ => 1 } $own =~ /--([a-z-]+)(?=[\[}])/g;
	$words{help} = 1 if $own =~ /\$_corscheck_help/;
	is(join(' ', sort keys %words), "@{ $options{$command} }", "zsh: $command");
}
my %words = map { $_ => 1 }
    read_file("$from/zsh/_corswrap") =~ /--([a-z-]+)(?=[\[}])/g;
is(join(' ', sort keys %words), join(' ', @{ options_of('corswrap/options.c') }),
	'zsh: corswrap');

# --- values -----------------------------------------------------------------------

my $snippets = read_file("$src/corscheck/init_snippet.c");
my @servers = $snippets =~ /^    \{"([a-z-]+)",/mg;
cmp_ok(scalar @servers, '>', 8, 'the servers of init');
for my $file (qw(bash/corscheck zsh/_corscheck fish/corscheck.fish)) {
	my ($list) = read_file("$from/$file") =~ /\b(lighttpd lighttpd-cgi [a-z -]+)/;
	is(join(' ', sort split ' ', $list // ''), join(' ', sort @servers),
		"$file: the servers");
}

done_testing();
