#!/usr/bin/perl
# One text for a server's configuration: the blocks in the examples and manuals
# are what `corscheck init` prints.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my $top = top_src();
my @files = grep { read_file($_) =~ />>> (?:corscheck init |examples\/)/ }
    glob("$top/examples/*/* $top/examples/*/*/* $top/examples/*/.htaccess $top/packaging/*/* $top/doc/*.[1578] $top/README.md");
cmp_ok(scalar @files, '>=', 12, 'files with such blocks were found');

sub check {
	my (@files) = @_;
	return run([ $^X, "$top/tools/fill-snippets", '--corscheck',
		corscheck(), '--check', @files ]);
}

my ($exit, $out, $err) = check(@files);
is($exit, 0, 'each is what its command prints') or
    diag($out, $err, "make fill-snippets writes them anew\n");

# An edited block is found.
my $dir = tempdir();
my $text = read_file("$top/examples/servers/nginx.conf");
$text =~ s/(fastcgi_buffers) 8/$1 9/ or die 'no fastcgi_buffers';
write_file("$dir/nginx.conf", $text);
($exit, $out) = check("$dir/nginx.conf");
is($exit, 1, 'an edited block');
like($out, qr/nginx\.conf is not what corscheck init prints/, 'is named');
is(read_file("$dir/nginx.conf"), $text, 'and left alone by --check');
($exit) = run([ $^X, "$top/tools/fill-snippets", '--corscheck', corscheck(),
	"$dir/nginx.conf" ]);
is($exit, 0, 'it is written anew');
is(read_file("$dir/nginx.conf"),
    read_file("$top/examples/servers/nginx.conf"), 'as it was');

# No configuration of a server is written by hand beside them.
for my $file (glob("$top/examples/servers/*.c* $top/examples/servers/Caddyfile")) {
	like(read_file($file), qr/^\s*# >>> corscheck init /m,
	    $file =~ s{.*/}{}r . ' has a block of corscheck init');
}

# Nor has the manual another text for the analyzer page than its examples.
my $manual = read_file("$top/doc/corscheck.1");
for my $file (glob "$top/examples/analyzer/*.conf") {
	my ($name) = $file =~ m{(examples/.*)};
	like($manual, qr/^\.\\" >>> \Q$name\E$/m, "$name is in corscheck(1)");
}
write_file("$dir/corscheck.1", $manual =~ s/deny  all/deny  none/r);
($exit, $out) = check("$dir/corscheck.1");
is($exit, 1, 'an edited copy of an example is found');
done_testing;
