#!/usr/bin/perl
# What [cors NAME] inherits from [cors], tested by the dump, which lists all
# values of every section.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
write_file("$dir/list", "https://l.example\n");

# The lines of [cors x] in the dump, or the errors.
sub section_x {
	my ($text) = @_;
	write_file("$dir/policy", $text);
	my ($status, $out, $err) = run([ corscheck(), 'dump', 'policy' ],
	    dir => "$dir");
	return $err =~ s/^policy://mgr if $status;
	my ($section) = $out =~ /^\[cors x\]\n(.*?)(?=^\[|\z)/ms;
	return join '', grep { /\S/ } split /^/, $section // 'none';
}

my $full = <<'INI';
[cors]
origins = https://a.example
methods = PUT DELETE
headers = X-A X-B
expose = X-C
credentials = yes
max-age = 100
preflight = forward
preflight-status = 200
allow = GET PUT
enforce = block
timing = same
resource-policy = same-site
isolate = report
app-headers = keep
debug = yes
INI

is(section_x("${full}[cors x]\npath = /x\n"), <<'INI', 'everything');
path = /x
origins = https://a.example
methods = PUT DELETE
headers = x-a x-b
expose = x-c
credentials = yes
max-age = 100
preflight = forward
preflight-status = 200
allow = GET PUT HEAD OPTIONS
enforce = block
timing = same
resource-policy = same-site
isolate = report
app-headers = keep
debug = yes
INI

is(section_x("[cors x]\npath = /x\n$full"),
    section_x("${full}[cors x]\npath = /x\n"), 'order does not matter');

is(section_x("${full}[cors x]\npath = /x\nmethods = PATCH\nheaders = X-Z\n"
    . "expose = *\ncredentials = no\nmax-age = 5\npreflight = answer\n"
    . "preflight-status = 204\nallow = POST\nenforce = report\n"
    . "timing = https://t.example\nresource-policy = cross-origin\n"
    . "isolate = yes\napp-headers = override\ndebug = no\n"
    . "origins = https://b.example\n"), <<'INI', 'replaced, lists too');
path = /x
origins = https://b.example
methods = PATCH
headers = x-z
expose = *
credentials = no
max-age = 5
preflight = answer
preflight-status = 204
allow = POST OPTIONS
enforce = report
timing = https://t.example
resource-policy = cross-origin
isolate = yes
app-headers = override
debug = no
INI

is(section_x("${full}[cors x]\npath = /x\nmethods =\nheaders = ,\nexpose =\n"
    . "allow =\ntiming =\nresource-policy =\nisolate = no\n"), <<'INI', 'emptied');
path = /x
origins = https://a.example
methods =
headers =
expose =
credentials = yes
max-age = 100
preflight = forward
preflight-status = 200
allow =
enforce = block
timing =
resource-policy =
isolate = no
app-headers = keep
debug = yes
INI

is(section_x("${full}[cors x]\npath = /x\nmethods =\nmethods = LINK\n"),
    section_x("${full}[cors x]\npath = /x\nmethods = LINK\n"),
    'an empty value beside a full one');

# The three origins keys are one group.
my $group = "[cors]\norigins = https://a.example\norigins-file = list\n"
    . "origins-regex = https://r[.]example\n";
my $x = "[cors x]\npath = /x\n";
is(section_x("$group$x"), "path = /x\norigins = https://a.example\n"
    . "origins-file = $dir/list\norigins-regex = https://r[.]example\n",
    'the whole group');
is(section_x("$group${x}origins = https://b.example\n"),
    "path = /x\norigins = https://b.example\n", 'origins drops all three');
is(section_x("$group${x}origins-file = list\n"),
    "path = /x\norigins-file = $dir/list\n", 'origins-file drops all three');
is(section_x("$group${x}origins-regex = https://s\n"),
    "path = /x\norigins-regex = https://s\n",
    'origins-regex drops all three');
like(section_x("$group${x}origins =\n"),
    qr/^5: error: .*\[missing-origins\]\n\z/, 'an empty origins drops them');

# [cors] without origins covers no requests, but others inherit its keys.
my $defaults = "[cors]\nmethods = PUT\ncredentials = yes\n";
is(section_x("$defaults${x}origins = https://a.example\n"),
    "path = /x\norigins = https://a.example\nmethods = PUT\n"
    . "credentials = yes\n", 'defaults alone');
write_file("$dir/policy", "$defaults${x}origins = https://a.example\n");
my (undef, $out) = run([ corscheck(), 'dump', "$dir/policy" ]);
unlike($out, qr/^\[cors\]$/m, 'and is no policy itself');

# The keys that lift a refusal are never inherited.
my %lifted = (
	'allow-null' => [ 'null', 'no', 'null-prohibited' ],
	'allow-insecure' => [ 'http://a.example', 'yes', 'insecure-origin' ],
	'allow-public-suffix' => [ 'https://*.com', 'yes', 'public-suffix' ],
);
for my $key (sort keys %lifted) {
	my ($origin, $credentials, $id) = @{ $lifted{$key} };
	my $base = "[cors]\norigins = $origin\ncredentials = $credentials\n"
	    . "$key = yes\n";
	like(section_x("$base$x"), qr/^5: error: .*\[$id\]\n\z/,
	    "$key is not inherited");
	unlike(section_x("$base$x$key = yes\n"), qr/error/,
	    "$key in [cors x]");
	like(section_x("$base${x}origins = $origin\n"),
	    qr/^7: error: .*\[$id\]\n\z/, "$key is not inherited with origins");
}

# Mistakes are reported once, in their own line.
like(section_x("[cors]\norigins = http://a.example\ncredentials = yes\n$x"),
    qr/\A2: error: [^\n]*\[insecure-origin\]\n\z/,
    'a mistake that is inherited');
like(section_x("[cors]\norigins = https://a.example/\n$x"),
    qr/\A2: error: [^\n]*\[path\]\n\z/, 'a bad origin that is inherited');
like(section_x("[cors]\norgins = https://a.example\n$x"),
    qr/\A2: error: [^\n]*\[unknown-key\]\n\z/, 'a misspelt key');
like(section_x("[cors]\norigins = " . ('x' x 70000) . "\n$x"),
    qr/\A2: error: [^\n]*\[line-too-long\]\n\z/, 'a line that is lost');
like(section_x("[cors]\norigins = x\n[cors x]\norigins = https://a.example\n"
    . "path = x\n"),
    qr/\A2: error: [^\n]*\[scheme\]\n5: error: [^\n]*\[path-pattern\]\n\z/,
    'each section its own');
done_testing();
