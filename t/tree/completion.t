#!/usr/bin/perl
# The result of the Tab key on a command line, in the shells themselves.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my $from = top_src() . '/etc/completion';
my $script = have_program('script');
plan skip_all => 'no script(1), which makes a terminal' unless $script;
my $dir = tempdir();
write_file("$dir/policy.ini", '');

# The typed text, and the completed line.
my @typed = (
	[ "corscheck ini\t--ser\tngi\t-", 'init --server nginx -' ],
	[ "corscheck expl\t--method DEL\t", 'explain --method DELETE' ],
	[ "corscheck pro\t--orig\thttps\tx", 'probe --origin https://x' ],
	[ "corscheck lint --st\tpol\t", 'lint --strict policy.ini' ],
	[ "corscheck init --forw\tun\trun/", 'init --forward unix:/run/' ],
	[ "corswrap --lis\tun\tx", '--listen unix:/x' ],
	[ "corswrap --conf\tpol\t-t", '--config policy.ini -t' ],
);

# Instead of the programs, functions that show their words.
my $shown = join '', map { "$_() { printf 'GOT<%s>\\n' \"\$*\"; }\n" }
    qw(corscheck corswrap);
my %start = (
	bash => "for f in '$from'/bash/*; do . \"\$f\"; done\nPS1=\n$shown",
	zsh => "fpath=('$from/zsh' \$fpath)\nautoload -Uz compinit\n"
	    . "compinit -u -D\nPS1=\n$shown",
);
write_file("$dir/bashrc", $start{bash});
write_file("$dir/.zshrc", $start{zsh});
my %shell = (bash => 'bash --noprofile --rcfile bashrc -i', zsh => 'zsh -d -i');

for my $name (sort keys %shell) {
SKIP: {
	skip "no $name", scalar @typed unless have_program($name);
	my (undef, $out) = run([ 'sh', '-c',
		'cd "$1" && exec "$2" -qec "$3" /dev/null', 'sh', $dir, $script,
		$shell{$name} ],
	    env => { HOME => $dir, ZDOTDIR => $dir, TERM => 'vt100' },
	    stdin => join('', map { "$_->[0]\n" } @typed) . "exit\n");
	my @got = $out =~ /GOT<(.*?)>/g;
	is($got[$_] =~ s/\s+$//r, $typed[$_][1],
	    "$name: " . $typed[$_][0] =~ s/\t/<Tab>/gr) for 0 .. $#typed;
}
}

# fish can print its completions itself.
SKIP: {
	my $fish = have_program('fish') or skip 'no fish', 5;
	my $ask = sub {
		my ($line) = @_;
		my (undef, $out) = run([ $fish, '-c', "for f in '$from'/fish/*; "
			. 'source $f; end; complete -C "$argv[1]"', $line ],
		    env => { HOME => $dir });
		return join ' ', map { s/\t.*//r } split /\n/, $out;
	};
	is($ask->('corscheck expl'), 'explain', 'fish: a command');
	is($ask->('corscheck explain --browser fi'), 'firefox', 'fish: a value');
	is($ask->('corscheck lint --f'), '--fix --format', 'fish: options');
	is($ask->('corscheck init --server ngi'), 'nginx', 'fish: a server');
	is($ask->('corswrap --lis'), '--listen', 'fish: corswrap');
}
done_testing;
