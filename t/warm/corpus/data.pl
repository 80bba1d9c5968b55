#!/usr/bin/perl
# All of __END__, at each request, with the numbers of its lines.
print "Content-Type: text/plain\n\n";
my $where = tell DATA;
while (<DATA>) {
	print "$.: $_";
}
print "from ", $where > 100 ? 'behind the program' : $where, "\n";
seek DATA, $where, 0;
my $first = <DATA>;
print "again: $first";
die "at the end";
__END__
one
two
three, with ä
