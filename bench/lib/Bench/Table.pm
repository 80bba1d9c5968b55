package Bench::Table;

# Results and their output: medians with their spread, ratios per round (so
# that a disturbance in a round affects both sides), as text, as TSV and as
# plots.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(have_program write_file);
use Exporter qw(import);
use POSIX ();

our @EXPORT = qw(median spread ratios bars curves);

sub median {
	my @sorted = sort { $a <=> $b } @_;
	return 0 unless @sorted;
	my $half = @sorted / 2;
	return @sorted % 2 ? $sorted[ int $half ]
	    : ($sorted[ $half - 1 ] + $sorted[$half]) / 2;
}

# [median, least, most]
sub spread {
	my @sorted = sort { $a <=> $b } @_;
	return [ median(@sorted), $sorted[0] // 0, $sorted[-1] // 0 ];
}

# The spread of this/that, one quotient a round.
sub ratios {
	my ($this, $that) = @_;
	my $n = @$this < @$that ? @$this : @$that;
	return spread(map { $that->[$_] ? $this->[$_] / $that->[$_] : 0 }
	    0 .. $n - 1);
}

sub _gnuplot {
	my ($script) = @_;
	my $gnuplot = have_program('gnuplot') or return;
	open my $in, '|-', $gnuplot or return;
	print {$in} $script;
	return close $in;
}

my $style = <<'END';
set terminal svg size 760,%d noenhanced font 'sans-serif,13' background '#ffffff'
set border 3 lc '#666666'
set tics nomirror tc '#333333'
set grid lc '#dddddd'
END

# bars(FILE, TITLE, LABEL OF THE AXIS, [NAME, VALUE, LEAST, MOST, OURS], ...): on
# a logarithmic axis where the values are far apart.
sub bars {
	my ($file, $title, $label, @rows) = @_;
	my @values = sort { $a <=> $b } grep { $_ > 0 } map { $_->[1] } @rows;
	my $log  = @values && $values[-1] > 30 * $values[0];
	my $base = $log ? 10**POSIX::floor(log($values[0]) / log(10)) : 0;
	my $axis = $log ? 'set logscale x' : '';
	my $n = 0;
	my $data = join '', map {
		join("\t", $n++, map({ s/[\t"]//gr } $_->[0]), @$_[ 1 .. 3 ],
		    $_->[4] ? 1 : 0) . "\n" } reverse @rows;
	my ($height, $top) = (110 + 30 * @rows, @rows - 0.4);
	write_file("$file.tsv", $data);
	my $done = _gnuplot(sprintf($style, $height) . <<"END");
set datafile separator tab
set output '$file.svg'
set title "$title" tc '#111111'
set xlabel "$label" tc '#333333'
$axis
set xrange [$base:*]
set yrange [-0.6:$top]
set style fill solid 1.0 noborder
set bars small
unset key
set grid noytics
plot '$file.tsv' using 3:1:($base):3:(\$1-0.33):(\$1+0.33):(\$6 > 0 ? 0x2a6fdb : 0xb8c4d6):ytic(2) \\
	with boxxyerror lc rgb variable, \\
	'' using 3:1:4:5 with xerrorbars pt 0 lc '#444444'
END
	unlink "$file.tsv";
	return $done;
}

# curves(FILE, TITLE, X, Y, { NAME => [[x, y], ...] }, %options): both axes
# logarithmic; with linear => 1 the second one is not.
sub curves {
	my ($file, $title, $x, $y, $lines, %o) = @_;
	my @names = sort keys %$lines;
	my $data = join "\n\n", map {
		join '', map { "$_->[0]\t$_->[1]\n" } @{ $lines->{$_} } } @names;
	my @colour = qw(2a6fdb d1495b 2e933c 9b5de5 e09f3e 777777);
	my $plot = join ', ', map {
		"'$file.tsv' index $_ using 1:2 with linespoints pt 7 ps 0.6 lw 2"
		    . " lc '#$colour[ $_ % @colour ]' title \"$names[$_]\"" }
	    0 .. $#names;
	my $log = $o{linear} ? 'x' : 'xy';
	my $range = $o{linear} ? 'set yrange [0:*]' : '';
	write_file("$file.tsv", $data);
	my $done = _gnuplot(sprintf($style, 420) . <<"END");
set output '$file.svg'
set title "$title" tc '#111111'
set xlabel "$x"
set ylabel "$y"
set logscale $log
$range
set key outside right top
plot $plot
END
	unlink "$file.tsv";
	return $done;
}

1;
