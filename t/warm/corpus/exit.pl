#!/usr/bin/perl
# exit in the middle of nested calls and an eval.
print "Content-Type: text/plain\n\nbefore\n";
sub deep { my ($n) = @_; exit 7 if !$n; eval { deep($n - 1) }; print "not reached\n" }
deep(3);
print "not reached either\n";
