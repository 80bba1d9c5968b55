#!/usr/bin/perl
# Old Perl: formats, a selected handle, $, $\ $; local in packages, symbolic
# references, require at run time, string eval, AUTOLOAD, sort with $a and $b.
$, = '-'; $\ = "|\n";
print 'Content-Type: text/plain'; $, = $\ = undef; print "\n";
require Text::Wrap; print Text::Wrap::wrap('', ' ', 'word ' x 30), "\n";
sub AUTOLOAD { our $AUTOLOAD; print "auto $AUTOLOAD @_\n" unless $AUTOLOAD =~ /DESTROY/ }
unknown(1, 2);
@x = sort { $b <=> $a } 3, 10, 2; print "@x\n";
$name = 'colour'; $$name = 'red'; print "$colour\n";
print eval '2 + 3 * 4', "\n";
($first, $second) = ('one', 2.5);
format STDOUT_TOP =
Name       Value
----------------
.
format STDOUT =
@<<<<<<<<< @##.##
$first,    $second
.
write;
$~ = 'STDOUT'; $count = () = "a,b,c" =~ /\w/g; print "$count $1\n";
printf "%s %s\n", $0 =~ m{([^/]+)$}, $ARGV[0] // 'none';
