#!/usr/bin/perl
# The canonical form of a policy: it means the same, and its own canonical form
# is identical, byte for byte, in every folder.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Corswrap::Vectors qw(rows);
use Test::More;

my $dir = tempdir();
my $other = tempdir();
write_file("$dir/list", "https://l.example\n");

sub dump_of {
	my ($path) = @_;
	return run([ corscheck(), 'dump', $path ]);
}

# The dump of a text, after its dump has been dumped in another folder.
sub stable {
	my ($name, $text) = @_;
	write_file("$dir/policy", $text);
	my ($status, $out, $err) = dump_of("$dir/policy");
	is("$status$err", '0', "$name: is dumped");
	write_file("$other/policy", $out);
	my ($again, $same, $wrong) = dump_of("$other/policy");
	is("$same$wrong", $out, "$name: so is its dump");
	return $out;
}

# Every key, in any order, and the canonical form of each.
is(stable('every key', <<"INI"), <<"OUT", 'the canonical form');
[server]
log-file = log file
log-format = json
log = warning
access-log = on
status-clients = 127.0.0.1,::ffff:192.0.2.77/120
status-path = /status
reload = none
drain-timeout = 90
idle-timeout = 120s
peers = 2001:DB8::7/32
workers = 0064
[handlers]
.php = /usr/bin/php-cgi -d "a  b" 'it''s' "it's" '' x\\;y 'p "";q'
.pl = perl
[cors z]
path = /z /z /y*
host = *.example b.example
origins-regex = https://[a-z] \\.example
origins-file = list
methods = *,PUT
headers = * , Authorization X-A
expose = * X-B
max-age = 00060
preflight-status = 200
timing = *
allow = post GET post
allow-null = no
[env]
B = 1 ; comment
A = "quoted"
EMPTY =
[cors]
origins = https://*.example.com:8080,https://a.example.com:8080
origins = http://localhost:* https://b.example http://[::1]:90
methods = get, put put PATCH
headers = X-A x-a Content-Type
expose = Pragma ETag
credentials = true
allow-insecure = on
enforce = block-unsafe
timing = https://t.example https://t.example
resource-policy = same-origin
isolate = yes
debug = no
preflight = answer
[cors a.b]
host = c.example
origins = null
allow-null = yes
credentials = off
app-headers = keep
max-age = 7200
[app]
exec = bin/run "a b"
root = cgi-bin
inject = rewrite
max-body = 65536K
max-header = 1024
connect-timeout = 1500ms
first-byte-timeout = 60
idle-timeout = 3600s
total-timeout = 0
kill-grace = 2000ms
on-abort = finish
cpu-limit = 120s
memory-limit = 1048576K
file-limit = 64
process-limit = none
local-redirect = 302
lenient = yes
stderr = fastcgi
authorization = restore
directory = work dir
keep = 3
INI
[app]
exec = $dir/bin/run 'a b'
root = $dir/cgi-bin
max-header = 1K
connect-timeout = 1500ms
idle-timeout = 1h
on-abort = finish
cpu-limit = 2m
memory-limit = 1G
file-limit = 64
local-redirect = 302
lenient = yes
stderr = fastcgi
authorization = restore
directory = $dir/work dir
keep = 3

[server]
workers = 64
peers = 2001:db8::/32
idle-timeout = 2m
drain-timeout = 90s
reload = none
status-path = /status
status-clients = 127.0.0.1 192.0.2.0/24
access-log = yes
log = warning
log-format = json
log-file = $dir/log file

[env]
B = 1
A = "quoted"
EMPTY =

[handlers]
.php = /usr/bin/php-cgi -d 'a  b' its 'it'\\''s' '' 'x;y' 'p "";q'
.pl = $dir/perl

[cors]
origins = https://*.example.com:8080 http://localhost:* https://b.example
origins = http://[::1]:90
methods = PUT PATCH
headers = x-a content-type
expose = etag
credentials = yes
enforce = block-unsafe
timing = https://t.example
resource-policy = same-origin
isolate = yes
allow-insecure = yes

[cors a.b]
host = c.example
origins = null
methods = PUT PATCH
headers = x-a content-type
expose = etag
credentials = no
max-age = 7200
enforce = block-unsafe
timing = https://t.example
resource-policy = same-origin
isolate = yes
app-headers = keep
allow-null = yes

[cors z]
path = /z /y*
host = *.example b.example
origins-file = $dir/list
origins-regex = https://[a-z] \\.example
methods = *
headers = * authorization
expose = *
credentials = yes
max-age = 60
preflight-status = 200
allow = POST GET HEAD OPTIONS
enforce = block-unsafe
timing = *
resource-policy = same-origin
isolate = yes
OUT

# Only the needed keys.
is(stable('the least', "[cors]\norigins = *\n"), "[cors]\norigins = *\n",
    'without defaults');
is(stable('defaults written out', "[app]\nmax-body = 64M\n[server]\n"
    . "workers = 32\nlog = info\n[cors]\norigins = *\ncredentials = no\n"
    . "methods =\nallow =\ntiming =\npreflight = answer\n"),
    "[cors]\norigins = *\n", 'defaults are left out');
is(stable('covered by *', "[cors]\norigins = https://a.example * null\n"
    . "origins-file = list\norigins-regex = x\nallow-null = yes\n"),
    "[cors]\norigins = *\nallow-null = yes\n", '* alone is left');
is(stable('order', "[cors b]\npath = /b\norigins = *\n[cors a]\n"
    . "path = /a\norigins = *\n"), "[cors a]\npath = /a\norigins = *\n\n"
    . "[cors b]\npath = /b\norigins = *\n", 'sections by name');
is(stable('reset', "[cors]\norigins = *\nmethods = PUT\ndebug = yes\n"
    . "allow = GET\ntiming = same\n[cors a]\npath = /a\nmethods =\n"
    . "debug = no\nallow =\ntiming =\n"),
    "[cors]\norigins = *\nmethods = PUT\nallow = GET HEAD OPTIONS\n"
    . "timing = same\ndebug = yes\n\n[cors a]\npath = /a\norigins = *\n"
    . "methods =\nallow =\ntiming =\ndebug = no\n",
    'what NAME does not inherit is written out');

# Long lists take more than one line, long items a line each.
my @origins = map { "https://host-number-$_.example.com" } 1 .. 40;
my $long = stable('a long list', "[cors]\n" . join '', map
    { "origins = $_\n" } @origins);
is_deeply([ map { split } $long =~ /^origins = (.*)/mg ], \@origins,
    'all of a long list, in order');
is((grep { length > 78 } split /\n/, $long), 0, 'in lines of a screen');
my $name = 'X-' . 'a' x 180;
is(stable('a long item', "[cors]\norigins=*\nheaders=$name\nheaders=b\n"),
    "[cors]\norigins = *\nheaders = " . lc($name) . "\nheaders = b\n",
    'a long item has its own line');

# Words that need quotes, and text that would be a comment.
stable('words', "[cors]\norigins=*\n[app]\nexec = /a 'x \"y\"' \"it's\" a\\ b "
    . "\\\\ ' '';' \"\\\"\" '\t'\n");
is(stable('warm', "[cors]\norigins = *\n[warm]\nscripts = exec /srv/*.pl, /b.pl\n"
	. "after = 3 in 60s\nrenew = 10000 in 60m\nmemory = 1024M\nload = a b\n"
	. "watch = /etc/x\nmax = 4\nspare = 0\n"),
    "[warm]\nscripts = exec\nscripts = /srv/*.pl /b.pl\nload = a b\nwatch = /etc/x\n"
    . "after = 3 in 1m\nmax = 4\nmemory = 1G\nspare = 0\n\n[cors]\norigins = *\n",
    'warm, without what is the default');
stable('a tab', "[cors]\norigins=*\n[server]\nlog-file = a\tb\n");
write_file("$dir/policy", "[cors]\norigins=*\n[app]\nexec = /a ' '';x' ';'\n");
is((dump_of("$dir/policy"))[1], "[app]\nexec = /a ' '';x' ';'\n\n[cors]\n"
    . "origins = *\n", 'a blank and a semicolon in one word');

# Folders whose names cannot be in a list: then the names are relative to the
# policy's folder.
for my $folder ('my site', 'a,b', 'x ;y') {
	mkdir "$dir/$folder" or die;
	write_file("$dir/$folder/policy", "[app]\nroot = cgi ../other\n"
	    . "exec = run\n[cors]\norigins = *\n");
	my ($status, $out) = dump_of("$dir/$folder/policy");
	like($out, qr{^root = cgi \.\./other$}m, "root in \"$folder\"");
	write_file("$dir/$folder/again", $out);
	is((dump_of("$dir/$folder/again"))[1], $out, "again in \"$folder\"");
}
# inih would truncate such a line, so it bypasses inih.
my $deep = "$dir/" . join '/', map { 'folder' x 20 } 1 .. 3;
system 'mkdir', '-p', $deep;
write_file("$deep/policy", "[app]\nexec = run\n[cors]\norigins = *\n");
my ($status, $out, $err) = dump_of("$deep/policy");
is("$status$err", '0', 'a path that is longer than a line of inih');
like($out, qr{^exec = \Q$deep\E/run$}m, 'is written whole');
write_file("$deep/again", $out);
is((dump_of("$deep/again"))[1], $out, 'and read again');

# Every policy of the vectors and of the scenario files.
for my $row (rows(top_src() . '/t/vectors/cors.tsv', 'config')) {
	next unless $row->{exp_status} =~ /^ok/;
	stable($row->{id}, "[cors]\n" . join '', map { my ($k, $v) =
	    split /=/, $_, 2; "$k = $v\n" } split /;\s*/, $row->{policy});
}

# A policy with mistakes has no canonical form.
write_file("$dir/policy", "[cors]\norigins = x\n");
($status, $out, $err) = dump_of("$dir/policy");
is("$status$out", '2', 'mistakes: exit status, nothing on standard output');
like($err, qr{^\S+/policy:2: error: .*\[scheme\]$}m, 'and the diagnostics');
done_testing();
