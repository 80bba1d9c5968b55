#!/usr/bin/perl
# The words of every text that a user reads: those of DevTools, MDN and the RFCs,
# which people also search for; and each such word leads somewhere.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

my $top = top_src();

# --- words that are not used, and what to write ------------------------------------

my @rules = (
	[ qr/answer(?:s|ed|ing)?/i => 'response, respond, reply' ],
	[ qr/ask(?:s|ed|ing)?/i => 'request, send, require' ],
	[ qr/mend(?:s|ed|ing)?|cures?/i => 'fix' ],
	[ qr/hosters?/i => 'hosting provider' ],
	[ qr/(?:no|some|every|any)body/i => 'no user, any page, every client' ],
	[ qr/none/i => 'no response, not set, invalid' ],
	[ qr/lack(?:s|ed|ing)?/i => 'has no ..., ... is missing' ],
	[ qr/strangers?/i => 'other origins, other users' ],
	[ qr/beforehand|foret(?:old|ells?)/i => 'in advance, predicted' ],
	[ qr/all the same|without a word|at hand|shut in/i => 'plain words' ],
	[ qr/(?:is|are) to be|stands? (?:in|alone|beside|for)/i => 'must be, is' ],
	[ qr/(?:is|are|was|were|be) told/i => 'gets, is reported' ],
	[ qr/(?<!there )(?:is|are|was|were) no (?!longer|more\b)\w+/i
		=> 'is not a ...' ],
	[ qr/let (?:the|our|this|it|them|him|its|a|an|that)/i
		=> 'a command: make X readable, allow' ],
);

# Where one of these words is right: file, text, and why.
my @exceptions = (
	[ qr/./, qr/SameSite=None|set to \\?"None/, 'an attribute of cookies' ],
	[ qr/./, qr/(?:=|Default:|\bLi|["'(\\]) ?none\b|`none`|^"?none"?$|, or none$/,
		'a value of a key' ],
	[ qr/\.conf$|\.py$/, qr/AllowOverride None|else None/,
		'a word of Apache and of Python' ],
	[ qr/\.(?:[ch]|html|js|1)$/, qr/default-src 'none'/,
		'a word of Content-Security-Policy' ],
	[ qr/./, qr/preflight *= *answer|Li answer\b|Default: answer|"answer"/,
		'the value of `preflight`' ],
	[ qr/./, qr/asks-(?:method|headers)/, 'names of fields of the log' ],
	[ qr/corswrap-errors\.7$|messages\.c$/, qr/^\.It .*Dq |^".*\*.*"$/,
		'the words of browsers' ],
	[ qr/HACKING\.md$/, qr/`[^`]*`/, 'names of tests and files' ],
	[ qr/HACKING\.md$/, qr/\| none\b/, 'a cell of a table: there is no such thing' ],
	[ qr/./, qr/\[cors everybody\]/, 'the name of a section' ],
	[ qr{src/page/.*\.[cj]s?$}, qr/#?\banswer-title|#answer\b|id=\\?"(?:ask|answer)\\?"|\bask\b(?:\(|"| =)/,
		'names of elements and functions of the page' ],
	[ qr{^src/explain/without_cors\.c$}, qr/or lack thereof/,
		'a message of Firefox' ],
	[ qr{^src/explain/help\.txt$}, qr/header-mended/, 'an id of the log' ],
	[ qr{^src/explain/walk\.c$}, qr/^ none\.$/, 'JavaScript can read: none' ],
	[ qr/./, qr/unsafe-none/, 'a value of Cross-Origin-Embedder-Policy' ],
);

sub exempt {
	my ($file, $line, $from, $to) = @_;
	for (@exceptions) {
		my ($of, $text) = @$_;
		next unless $file =~ $of;
		while ($line =~ /$text/g) {
			return 1 if $-[0] < $to && $+[0] > $from;
		}
	}
	return 0;
}

# What is wrong with a text: "FILE: WORD (write ...): the sentence".
sub wrong_words {
	my ($file, @texts) = @_;
	my @wrong;
	for my $text (@texts) {
		for (@rules) {
			my ($word, $better) = @$_;
			while ($text =~ /\b($word)\b/gi) {
				next if exempt($file, $text, $-[0], $+[0]);
				push @wrong, "$file: \"$1\" ($better): " .
				    substr $text, 0, 150;
			}
		}
	}
	return @wrong;
}

# --- the texts -----------------------------------------------------------------------

# The sentences among a C file's literals: what has a blank in it.
sub literals {
	my ($text) = @_;
	my @found;
	my $all = '';
	# A comment, a character, a string, or anything else.
	while ($text =~ m{\G(?:/\*.*?\*/|'(?:[^'\\\n]|\\.)+'|
	    "((?:[^"\\\n]|\\.)*)"|(\s+|PRI[a-zA-Z0-9]+)|.)}gsx) {
		if (defined $1) { $all .= $1; next }
		next if defined $2;
		push @found, $all =~ s/\\n/ /gr if $all =~ /\s/;
		$all = '';
	}
	return @found;
}

sub texts {
	my ($file) = @_;
	my $text = read_file("$top/$file");
	return literals($text) if $file =~ /\.[ch]$/;
	$text =~ s/^\.\\".*\n//mg if $file =~ /\.[1-8]$/;
	# Tables that a test writes.
	$text =~ s/<!-- begin t.*?<!-- end.*?-->//gs;
	return split /\n/, $text;
}

sub short { return map { s{^\Q$top\E/}{}r } @_ }
my @files = sort grep { -f "$top/$_" && !/\.(?:png|svg|orig)$/ } short(
    glob("$top/README.md $top/NEWS $top/SECURITY.md $top/HACKING.md " .
	"$top/CONTRIBUTING.md $top/doc/*.[1-8] $top/doc/exchange.txt " .
	"$top/src/*/*.[ch] $top/src/explain/help.txt " .
	"$top/src/corscheck/snippets/* $top/src/page/*.js " .
	"$top/etc/*.ini $top/etc/systemd/* $top/etc/completion/*/* " .
	"$top/examples/* $top/examples/*/* $top/examples/*/*/* " .
	"$top/examples/*/.ht*"));
cmp_ok(scalar @files, '>', 150, 'files were found');

my @wrong = map { wrong_words($_, texts($_)) } @files;
ok(!@wrong, 'texts for users have the words that users know') or
    diag(join "\n", @wrong, scalar(@wrong) . ' in all');

# It finds what is planted, in a manual and in a literal that is split.
my $dir = tempdir();
is(scalar(() = wrong_words('doc/x.8', 'Nobody may be asked for an answer.')), 3,
    'three planted words are found');
is_deeply([ literals("f(\"let the \"\n\t\"user in\"); /* \"let our user\" */") ],
    ['let the user in'], 'a literal is put together, a comment is none');
is(scalar(() = wrong_words('src/x/y.c', literals(
	"f(\"let the \"\n\t\"user in\"); /* \"let our user\" */"))), 1,
    'a planted hint is found');
is(scalar(() = wrong_words('doc/x.8', 'Set-Cookie: a=b; SameSite=None',
	'origins = none')), 0, 'what is right is not');

# --- comments: fewer words, those that are wrong wherever they are used ----------------

my %never = (
	mend => 'fix', mends => 'fixes', mended => 'fixed', mending => 'fixing',
	hoster => 'hosting provider', hosters => 'hosting providers',
	nobody => 'no user, no process, no client',
	somebody => 'a user, another process', anybody => 'any user',
	everybody => 'every user', 'none of' => 'does not ... these',
	lack => 'have no', lacks => 'has no, is missing', lacked => 'had no',
	lacking => 'missing', 'for ever' => 'without limit', midst => 'middle',
	'at hand' => 'that people can copy', 'without a word' => 'silently',
	beforehand => 'in advance', foretell => 'predict',
	foretold => 'predicted', stranger => 'another person, any client',
	strangers => 'other people, any client', anew => 'again',
	cure => 'fix', cures => 'fixes', 'is told' => 'gets, is reported',
	'are told' => 'get, are reported',
);
my $never = join '|', map { s/ /\\s+/r } sort keys %never;

# Where one of them is right: file, text, and why.
my @allowed = (
	[ qr{^src/explain/}, qr/\bcures(?:\.[ch]|, server)|\bserver_cure\b/, 'names of the code' ],
	[ qr{^configure\.ac$}, qr/without a word/, 'not worth configuring every build' ],
	[ qr{^src/explain/}, qr/or lack thereof/, 'a message of Firefox' ],
	[ qr{^t/lib/Corswrap/Corpus\.pm$}, qr/words, lacks/, 'a key of its hashes' ],
	[ qr{^t/tree/words\.t$}, qr/./s, 'this list' ],
);

# The comments of a file, each as one line: those of C and of JavaScript, or
# lines of scripts that begin with "#" and what follows code.  Of a README all.
sub comments {
	my ($file, $text) = @_;
	my @found;
	return split /\n\n+/, $text if $file =~ /README$/;
	if ($file =~ /\.(?:[ch]|js|css|in)$/ && $text !~ /^#(?:!| )/) {
		# Strings may contain what begins a comment.
		while ($text =~ m{"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'|
		    (/\*.*?\*/|(?:^[ \t]*//[^\n]*\n)+)}gsmx) {
			push @found, $1 if defined $1;
		}
	} else {
		push @found, $1 while $text =~ m{((?:^[ \t]*\#(?!!)[^\n]*\n)+)}gm;
		push @found, $1 while $text =~ m{\S[ \t]+(\# [^\n]*)}g;
	}
	return map { s{\s*\n[ \t]*(?:\*|//|\#)?[ \t]*}{ }gr } @found;
}

sub wrong_comments {
	my ($file, $text) = @_;
	my @wrong;
	return () if $text !~ /\b(?:$never)\b/i;
	for my $comment (comments($file, $text)) {
		while ($comment =~ /\b($never)\b/gi) {
			my $word = $1;
			next if grep { $file =~ $_->[0] && $comment =~ $_->[1] } @allowed;
			my $better = $never{ lc($word) =~ s/\s+/ /gr };
			push @wrong, "$file: \"$word\" ($better): " .
			    substr $comment, 0, 150;
		}
	}
	return @wrong;
}

# Not: configurations and pages as other people published them, inputs of fuzzers.
my @sources = sort grep { -f "$top/$_" && -T _ && !m{^t/corscheck/import/} } short(
    glob("$top/src/*/*.* $top/src/onefile/include/*.h $top/t/*/*.* $top/t/*/*/*.* " .
	"$top/t/run $top/t/lib/Corswrap/* $top/bench/* $top/bench/lib/*/* " .
	"$top/src/*/README $top/fuzz/README $top/fuzz/*.[ch] $top/*/local.mk $top/tools/* $top/lib/*/* $top/lib/*/*/* " .
	"$top/examples/* $top/examples/*/* $top/examples/*/*/* $top/packaging/*/* " .
	"$top/etc/*/* $top/configure.ac $top/Makefile.am $top/bootstrap $top/.ci/run"));
cmp_ok(scalar @sources, '>', 800, 'sources were found');
@wrong = map { wrong_comments($_, read_file("$top/$_")) } @sources;
ok(!@wrong, 'comments have plain words') or
    diag(join "\n", @wrong, scalar(@wrong) . ' in all');

# It finds what is planted, in each kind of comment, over the end of a line, and
# nothing in code.
is(scalar(() = wrong_comments('src/x/y.c', "/* Waits for\n * ever. */\n" .
	"int nobody; /* somebody's */\n")), 2, 'planted words of C are found');
is(scalar(() = wrong_comments('t/x/y.t', "#!/usr/bin/perl\n# It lacks\n" .
	"f('nobody'); # mended\n")), 2, 'planted words of a script are found');

# --- the words that people search for ------------------------------------------------

# A word, the page that has it, and what stands within a few lines of it there.
my @leads = (
	[ 'timed out', 'corswrap.ini.5', 'first-byte-timeout' ],
	[ '504', 'corswrap.ini.5', 'first-byte-timeout' ],
	[ 'exclude', 'corswrap.ini.5', 'sections of their own' ],
	[ 'bypass', 'corswrap.ini.5', 'sections of their own' ],
	[ 'metrics', 'corswrap.ini.5', 'status-path' ],
	[ 'metrics', 'corswrap-operation.7', 'status-path' ],
	[ 'preflight-refused', 'corswrap-operation.7', 'increase' ],
	[ 'upstream', 'corswrap.ini.5', 'forward' ],
	[ 'failover', 'corswrap.ini.5', 'forward' ],
	[ 'failover', 'corswrap-operation.7', 'fastcgi_next_upstream' ],
	[ 'errorlog', 'corswrap-operation.7', 'log-file' ],
	[ 'ErrorLog', 'corswrap-operation.7', 'mod_fcgid' ],
	[ 'journalctl', 'corswrap-operation.7', 'systemd' ],
	[ 'disconnect', 'corswrap.ini.5', 'on-abort' ],
	[ 'disconnects', 'corswrap-operation.7', 'client-gone' ],
	[ 'Chrome', 'corswrap.ini.5', '7200' ],
	[ 'Firefox', 'corswrap.ini.5', '86400' ],
	[ 'Chrome', 'corswrap-errors.7', 'blocked by CORS policy' ],
	[ 'HTTP ok status', 'corswrap-errors.7', '200 to 299' ],
	[ 'Failed to fetch', 'corswrap-errors.7', 'console' ],
	[ 'fastcgi_read_timeout', 'corswrap-operation.7', '504' ],
	[ 'FcgidIOTimeout', 'corswrap-operation.7', '500' ],
	[ 'ProxyTimeout', 'corswrap-operation.7', '504' ],
	[ 'LimitRequestBody', 'corswrap-operation.7', '413' ],
	[ 'timeout server', 'corswrap-operation.7', '504' ],
	[ 'read_timeout', 'corswrap-operation.7', 'Caddy' ],
	[ 'ReadWritePaths', 'corswrap-operation.7', 'daemon-reload' ],
	[ 'SocketGroup', 'corswrap-operation.7', 'www-data' ],
	[ 'make install', 'corswrap-operation.7', '/usr/local/bin/corswrap' ],
	[ 'fastcgi_pass', 'corswrap-recipes.7', 'php-fpm' ],
	[ 'Exclud', 'corswrap-recipes.7', 'cors api' ],
	[ 'add_header', 'corswrap-migration.7', 'corscheck import' ],
	[ 'fcgiwrap', 'corswrap-migration.7', 'fastcgi_pass' ],
	[ 'slowcgi', 'corswrap-migration.7', 'total-timeout' ],
	[ 'CSRF', 'corswrap-protection.7', 'enforce = block-unsafe' ],
	[ 'ten minutes', 'corswrap.8', 'corscheck init' ],
);
for (@leads) {
	my ($word, $page, $goal) = @$_;
	my @lines = split /\n/, read_file("$top/doc/$page") =~ s/^\.(?:Li|Ic|Pa) //gmr;
	my $near = grep {
		my $first = $_ < 12 ? 0 : $_ - 12;
		my $last = $_ + 12 > $#lines ? $#lines : $_ + 12;
		$lines[$_] =~ /\Q$word\E/ &&
		    grep { /\Q$goal\E/ } @lines[ $first .. $last ];
	} 0 .. $#lines;
	ok($near, "$page: $word leads to $goal");
}

# --- what a text for readers names is there ---------------------------------------------

for my $name (qw(README.md CONTRIBUTING.md SECURITY.md HACKING.md)) {
	my $text = read_file("$top/$name");
	my %named = map { $_ => 1 } $text =~ /\]\(([^)#:]+)\)/g;
	$named{$1} = 1 while $text =~
	    m{`((?:src|t|doc|examples|bench|tools|fuzz|etc)/[\w./-]+\.(?:\w+))`}g;
	my @gone = grep { !-e "$top/$_" && !m{/(?:NN-|FOLDER|NAME)} }
	    sort keys %named;
	is_deeply(\@gone, [], "$name: what it names is there");
}
my $readme = read_file("$top/README.md");
cmp_ok(scalar(() = $readme =~ /\n/g), '<', 120, 'README.md fits two screens');
for my $page (map { s{.*/}{}r } glob "$top/doc/*.[1-8]") {
	like($readme, qr{\(doc/\Q$page\E\)}, "README.md names $page");
}
for ($readme =~ /^\|.*?\b\d+(?:\.\d+)? (?:us|ms|s)\b.*$/mg) {
	like($_, qr/\b[0-9a-f]{7}, 20\d\d-\d\d-\d\d \|$/,
	    'a figure has its commit and date: ' . substr $_, 0, 40);
}
done_testing;
