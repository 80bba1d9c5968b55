#!/usr/bin/perl
# The analyzer as one file in real Chromium, Firefox and WebKitGTK
# (Corswrap::OneFile), and its size.
#
# In one test, so that what corscheck prints is found out once.
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Firefox;
use Corswrap::OneFile;
use Corswrap::Test;
use Corswrap::WebKit;
use Test::More;

my $file = one_file() or plan skip_all => 'configure left corscheck.html out';
my $html = read_file($file);
cmp_ok(length $html, '<', 1 << 20, 'the file is smaller than 1 MiB');
like($html, qr{http-equiv="Content-Security-Policy" content="default-src 'none'; },
    'its CSP allows nothing that it does not name');
unlike($html =~ s{<script.*}{}sr, qr/\b(?:src|href)=/, 'it loads nothing');

SKIP: {
	skip 'no Chromium', 1 unless Corswrap::Chromium::program();
	my $browser = Corswrap::Chromium->new;
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
	ok(wait_for(sub { $browser->value('document.querySelectorAll('
	    . '"#files-result pre, #command-result pre").length') == 3 }),
	    'the tools print');
	cmp_ok($browser->value('document.documentElement.scrollWidth'), '<=',
	    390, 'and nothing sticks out');
}
SKIP: {
	skip 'no Firefox', 1 unless Corswrap::Firefox::program();
	my $browser = Corswrap::Firefox->new;
	check_one_file(Firefox => sub {
		my ($url) = @_;
		$browser->load($url);
		return sub { $browser->call('WebDriver:GetTitle')->{value} };
	});
}
SKIP: {
	skip 'no WebKitGTK or no Xvfb', 1 unless Corswrap::WebKit::program();
	my $browser = Corswrap::WebKit->new;
	check_one_file(WebKit => sub {
		my ($url) = @_;
		$browser->load($url);
		return sub { $browser->console };
	});
}
done_testing;
