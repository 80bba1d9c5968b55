package HasData;
# A module whose own data has been begun when the program starts.
our $first = <DATA>;
1;
__DATA__
first line
second line
third line
