#!/usr/bin/perl
# The analyzer as one file in real Chromium (Corswrap::OneFile), and its size.
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Browser;
use Corswrap::OneFile;
use Corswrap::Test;
use Test::More;

my $file = one_file() or plan skip_all => 'configure left corscheck.html out';
plan skip_all => 'no Chromium' unless Corswrap::Browser::program();

my $html = read_file($file);
cmp_ok(length $html, '<', 1 << 20, 'the file is smaller than 1 MiB');
like($html, qr{http-equiv="Content-Security-Policy" content="default-src 'none'; },
    'its CSP allows nothing that it does not name');
unlike($html =~ s{<script.*}{}sr, qr/\b(?:src|href)=/, 'it loads nothing');

my $browser = Corswrap::Browser->new;
check_one_file(Chromium => sub {
	my ($url) = @_;
	$browser->load($url);
	return sub { $browser->value('document.title') };
});

# What the tools print is no wider than a phone.
$browser->size(width => 390, height => 844);
$browser->value(<<'END');
document.getElementById("files-origins").value = "https://app.example.com";
for (const name of ["files", "command"])
	document.getElementById(name + "-form").requestSubmit();
END
ok(wait_for(sub { $browser->value(
    'document.querySelectorAll("#files-result pre, #command-result pre").length')
    == 3 }), 'the tools print');
cmp_ok($browser->value('document.documentElement.scrollWidth'), '<=', 390,
    'and nothing sticks out');
done_testing;
