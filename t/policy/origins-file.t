#!/usr/bin/perl
# Lists of origins in files of their own.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;
use POSIX ();
use Time::HiRes qw(time);

my $dir = tempdir();
mkdir "$dir/sub" or die;

sub lint {
	my ($list, $policy) = @_;
	write_file("$dir/list", $list) if defined $list;
	write_file("$dir/policy", $policy // "[cors]\norigins-file = list\n");
	my ($status, $out, $err) = run([ corscheck(), 'lint', 'policy' ],
	    dir => "$dir");
	return "$out$err";
}

# The lines that are read from a file.
is(lint("https://a.example\n"), '', 'one origin');
is(lint("# comment\n\n  \t\n https://a.example \r\n\t# x\nhttp://b.example:8080"
    . "\nhttps://*.c.example\nhttp://localhost:*\nhttp://*.d.example:*\n"),
    "list:9: warning: origin \"http://*.d.example:*\": every port of the host "
    . "is allowed, whichever program opens it [broad-wildcard]\n",
    'comments, blank lines, blanks, wildcards');
is(lint("\xef\xbb\xbfhttps://a.example\n"), '', 'UTF-8 mark');
is(lint(''), '', 'an empty list allows nobody, which is no mistake');
is(lint("https://a.example\nhttps://b.example"),
    'list:2: warning: the last line has no line feed and is left out: '
    . "\"https://b.example\" [no-newline]\n", 'no line feed at the end');
is(lint("https://a.example\n#"), '', 'a comment without line feed');
is(lint("https://a.example\nhttps://b.exam/"),
    'list:2: warning: the last line has no line feed and is left out: '
    . "\"https://b.exam/\" [no-newline]\n", 'half a line is no mistake');

is(lint(join '', map { "$_\0" } split //, "https://a.example\n" x 50),
    "list:1: error: the file is in UTF-16; save it as UTF-8 [syntax]\n",
    'UTF-16');

# Mistakes are reported for the file they are in.
is(lint("https://a.example/\n\nhttps://B.example\n*\nnull\nhttps://c.example, "
    . "https://d.example\n; x\n"), <<'OUT', 'bad lines');
list:1: error: origin "https://a.example/": an origin has no path, not even "/" (did you mean "https://a.example"?) [path]
list:3: error: origin "https://B.example": browsers send origins in lower case (did you mean "https://b.example"?) [case]
list:4: error: origin "*": it is allowed only in "origins", not in a file [wildcard]
list:5: error: origin "null": it is allowed only in "origins", not in a file [null-prohibited]
list:6: error: origin "https://c.example, https://d.example": the host is not a valid name [host]
list:7: error: origin "; x": an origin begins with a scheme and "://" [scheme]
OUT
is(lint("https://\0a\nhttps://\x1b[2J\n" . 'https://' . ('x' x 63 . '.') x 4
    . "\n"), <<'OUT' =~ s/XXX/'x' x 63 . '.' . 'x' x 28/er, 'bad bytes');
list:1: error: origin "https://\x00a": the host is not a valid name [host]
list:2: error: origin "https://\x1b[2J": browsers send origins in lower case [case]
list:3: error: origin "https://XXX...": a scheme has at most 64 bytes, a host 253, and 251 after "*." [too-long]
OUT
is(lint("http://a.example\nhttp://localhost\nhttps://*.com\n",
    "[cors]\norigins-file = list\ncredentials = yes\n"), <<'OUT', 'credentials');
list:1: error: origin "http://a.example": with "credentials = yes", whoever is on the way can read what is private; "allow-insecure = yes" allows it (did you mean "https://a.example"?) [insecure-origin]
list:3: error: origin "https://*.com": anyone can register a name under it, and "credentials = yes" shows them what is private; "allow-public-suffix = yes" allows it [public-suffix]
OUT
is(lint("http://a.example\nhttp://b.example\n",
    "[cors]\norigins-file = list\n[cors x]\npath = /x\ncredentials = yes\n"),
    'policy:5: error: origin "http://a.example" of [cors]: with "credentials = '
    . 'yes", whoever is on the way can read what is private; "allow-insecure = '
    . 'yes" allows it [insecure-origin]'
    . "\n", 'credentials of a section that inherits the list');

# Shadowed lines.
is(lint("https://a.b.example\nhttps://c.example\nhttps://c.example\n",
    "[cors]\norigins-file = list\norigins = https://*.b.example\n"), <<'OUT',
list:1: warning: origin "https://a.b.example" is covered by "https://*.b.example" in line 3 [shadowed]
list:3: warning: origin "https://c.example" is covered by "https://c.example" in the origins-file of line 2 [shadowed]
OUT
    'shadowed lines');
is(lint("https://a.example\n", "[cors]\norigins-file = list\norigins-file = list\n"),
    'policy:3: warning: "list" is read already, see line 2 [shadowed]' . "\n",
    'the same file twice');

# Names are relative to the policy; messages to where the policy's name is.
write_file("$dir/sub/list", "x\n");
write_file("$dir/sub/policy", "[cors]\norigins-file = list\norigins-file = "
    . "none\n");
my (undef, $out) = run([ corscheck(), 'lint', 'sub/policy' ], dir => "$dir");
is($out, <<'OUT', 'relative names');
sub/policy:3: error: origins-file "sub/none" cannot be read: No such file or directory [origins-file-unreadable]
sub/list:1: error: origin "x": an origin begins with a scheme and "://" [scheme]
OUT
is(lint(undef, "[cors]\norigins-file = $dir/sub/list\n"),
    "$dir/sub/list:1: error: origin \"x\": an origin begins with a scheme and "
    . "\"://\" [scheme]\n", 'absolute names');
is(lint(undef, "[cors]\norigins-file = sub\n"), 'policy:2: error: origins-file '
    . "\"sub\" cannot be read: Is a directory [origins-file-unreadable]\n",
    'a folder');
# Reading never blocks, and files without an end are not read (F6).
POSIX::mkfifo("$dir/fifo", 0600) or die;
for ([ 'fifo', 'it is not a regular file' ], [ '/dev/zero', 'File too large' ],
    [ '/dev/full', 'File too large' ]) {
	my ($file, $cause) = @$_;
	is(lint(undef, "[cors]\norigins-file = $file\n"), 'policy:2: error: '
	    . "origins-file \"$file\" cannot be read: $cause "
	    . "[origins-file-unreadable]\n", "origins-file $file");
}
is(lint(undef, "[cors]\norigins-file = /dev/null\n"), '', 'an empty device');
open my $large, '>', "$dir/large" or die;
truncate $large, (256 << 20) + 1 or die;
like(lint(undef, "[cors]\norigins-file = large\n"), qr/File too large/,
    'a file over 256 MiB');
close $large;
write_file("$dir/two  words, really", "https://a.example\n");
is(lint(undef, "[cors]\norigins-file = two  words, really\n"), '',
    'a name with blanks is one name');

# Files that other users can write to.
chmod 0666, "$dir/list";
write_file("$dir/list", "https://a.example\n", 0666);
write_file("$dir/policy", "[cors]\norigins-file = list\n", 0602);
(undef, $out) = run([ corscheck(), 'lint', 'policy' ], dir => "$dir");
is($out, <<'OUT', 'files that everybody may write to');
policy:1: warning: every user of this machine can write to the file (mode 0602); run chmod o-w [writable-by-others]
list:1: warning: every user of this machine can write to the file (mode 0666); run chmod o-w [writable-by-others]
OUT
chmod 0664, "$dir/policy", "$dir/list";
(undef, $out) = run([ corscheck(), 'lint', 'policy' ], dir => "$dir");
is($out, '', 'a group may');

# And to the program, and to the folder.
mkdir "$dir/site";
my $place = sub {
	my ($text, $name) = @_;
	write_file("$dir/site/$name", $text, 0644);
	my ($exit, $said) = run([ corscheck(), 'lint', $name ],
		dir => "$dir/site");
	is($exit, 0, 'no error');
	return $said;
};
my $policy = "[app]\nexec = app.pl\n[cors]\norigins = https://a.example\n";
write_file("$dir/site/app.pl", "#!/bin/sh\n", 0757);
is($place->($policy, 'p.ini'), "p.ini:2: warning: every user of this machine "
    . "can write to the program \"$dir/site/app.pl\" (mode 0757); run "
    . "chmod o-w [writable-by-others]\n", 'a program of everybody');
chmod 0775, "$dir/site/app.pl";
is($place->($policy, 'p.ini'), '', 'a group may');
chmod 0777, "$dir/site";
is($place->($policy, 'p.ini'), 'p.ini:1: warning: every user of this machine '
    . "can replace files of the policy's folder (mode 0777); run "
    . "chmod o-w [writable-by-others]\n", 'a folder of everybody');
chmod 01777, "$dir/site";
is($place->($policy, 'p.ini'), '', 'unless it is sticky');
chmod 0755, "$dir/site";

# A policy beside its program is in a folder that a web server serves.
write_file("$dir/site/p.cgi", '', 0755);
is($place->($policy, 'p.ini'), 'p.ini:1: note: a web server that serves this '
    . 'folder may hand out the policy as text; Apache keeps ".htp.ini" to '
    . 'itself, lighttpd what url.access-deny = ( ".ini" ) names '
    . "[may-be-served]\n", 'a policy beside its program');
is($place->($policy, '.htp.ini'), '', 'Apache does not serve .ht*');
is($place->("${policy}[server]\nlog-file = .htp.log\n", '.htp.ini'), '',
    'nor a log of such a name');
is($place->("${policy}[server]\nlog-file = p.log\n", '.htp.ini'),
    '.htp.ini:6: note: a web server that serves this folder may hand out the '
    . 'log as text; Apache keeps ".htp.log" to itself, lighttpd what '
    . "url.access-deny = ( \".log\" ) names [may-be-served]\n",
    'another name is');
is($place->("${policy}[server]\nlog-file = /var/log/p.log\n", '.htp.ini'), '',
    'elsewhere it is not our business');
is($place->($policy, 'q.ini'), '', 'nor is a policy beside others\' programs');
chmod 0644, "$dir/site/p.cgi";
is($place->($policy, 'p.ini'), '', 'nor beside what is no program');

# Many origins.  Comparing each with each would take minutes; bench/ measures
# the speed (DESIGN.md: 100 ms for 10^5).  10^6 must work, and every mistake in
# it be found.
my $many = join '', map { "https://host$_.example\n" } 1 .. 100_000;
write_file("$dir/list", $many);
my $start = time;
is(lint(undef), '', '10^5 origins');
cmp_ok(time - $start, '<', 10, 'in no time that grows with the square');
my $more = $many x 1;
$more .= join '', map { "http://host$_.example\n" } 1 .. 900_000;
$more .= "https://*.x.example\nbad\n";
is(lint($more), 'list:1000002: error: origin "bad": an origin begins with a '
    . "scheme and \"://\" [scheme]\n", '10^6 origins, the last one bad');
$start = time;
my @lines = split /\n/, lint(join '', map { "https://H$_.example\n" }
    1 .. 20_000);
is(scalar @lines, 51, '20000 mistakes: 50 are printed');
cmp_ok(time - $start, '<', 20, 'are told in time');
is($lines[49], 'list:50: error: origin "https://H50.example": browsers send '
    . 'origins in lower case (did you mean "https://h50.example"?) [case]',
    'the last that is printed');
like($lines[50], qr/\Alist: error: 19950 more: 19950 errors, 0 warnings/,
    'and how many more there are');
@lines = split /\n/, lint(("https://a.x.example\n" x 20_000)
    . "https://*.x.example\n");
like($lines[50], qr/\Alist: \w+: 19950 more: 0 errors/,
    '20000 lines that another one covers');

# A file that changes while it is read is read again: a writer that rewrites
# the list in place never makes corscheck see half of it.
my @sizes = map { my $n = $_; join '', map { "https://h$n-$_.example\n" }
    1 .. 20_000 } 1, 2;
write_file("$dir/list", $sizes[0]);
my $writer = fork // die;
if ($writer == 0) {
	my $until = time + 4;
	while (time < $until) {
		for my $text (@sizes) {
			open my $h, '>', "$dir/list" or next;
			print {$h} $text;
			close $h;
			select undef, undef, undef, 0.05;
		}
	}
	POSIX::_exit(0);
}
my $torn = 0;
my $rounds = 0;
my $until = time + 3.5;
while (time < $until) {
	my $got = lint(undef);
	$rounds++;
	# A mix of two lists would show as a line cut in two; a list that keeps
	# changing may be refused, and is then not used.  A writer that has
	# paused inside a line leaves that line out, with a warning; one that
	# has just begun leaves no origin at all.
	$torn++ if $got ne '' && $got !~
	    /keeps changing|\[no-newline\]|\[missing-origins\]/;
}
waitpid $writer, 0;
is($torn, 0, "a list that is being rewritten ($rounds times read)");
done_testing();
