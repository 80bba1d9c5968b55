#!/usr/bin/perl
# corscheck import turns configurations as people publish them into policies that
# lint clean and allow exactly what was intended.
#
# "#:" lines in the cases of t/corscheck/import say what is expected:
#
#	seen URL         where a configuration of this kind was seen
#	delete LINES     the lines that the configuration no longer needs
#	ids ID ...       the ids of all diagnostics that are printed.  Default: delete
#	allow ORIGIN METHOD [WORD,...]    the browser must allow this request; a WORD is
#	                                  "credentials", "url=URL" or the name of a header
#	refuse ORIGIN METHOD [WORD,...]   the browser must block this request
#	nocors ORIGIN METHOD [WORD,...]   no policy may cover this request
#	nothing          no policy is written
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use File::Basename qw(basename dirname);
use JSON::PP ();
use lib dirname(__FILE__) . '/../lib';
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
my $cases = dirname(__FILE__) . '/import';

# Returns the values of "#:" lines: { name => [ texts ] }.
sub expectations {
	my ($text) = @_;
	my %said;
	push @{ $said{$1} }, $2 // ''
	    while $text =~ /^#: (\w+)(?: (.*))?$/mg;
	return \%said;
}

sub verdict_of {
	my ($policy, $what) = @_;
	my ($origin, $method, $words) = split ' ', $what;
	my @flags = ('--origin', $origin, '-X', $method);
	my $url = 'https://api.example/x';
	for my $word (split /,/, $words // '') {
		if ($word eq 'credentials') {
			push @flags, '--credentials';
		} elsif ($word =~ /^url=(.*)/) {
			$url = $1;
		} else {
			push @flags, '-H', "$word: 1";
		}
	}
	my (undef, $out) = run([ corscheck(), 'explain', '-p', $policy, '--json',
		'--url', $url, @flags ]);
	my $answer = eval { JSON::PP::decode_json($out) } || {};
	return ($answer->{verdict} // "no answer: $out",
		$answer->{reason} // '');
}

my @written;
for my $file (sort glob "$cases/*") {
	my $name = basename($file);
	my $said = expectations(read_file($file));
	like($said->{seen}[0], qr{^https?://}, "$name: the case says where it was seen");
	my ($status, $policy, $err) = run([ corscheck(), 'import', $file ]);
	is($status, 0, "$name: exit status 0");
	my %ids = map { $_ => 1 } $err =~ /\[([a-z-]+)\]$/mg;
	is(join(' ', sort keys %ids),
		$said->{ids} ? $said->{ids}[0] : $said->{nothing} ? '' : 'delete',
		"$name: the expected diagnostics are printed") or diag $err;
	my ($lines) = $err =~ /: delete lines? (.*?) there/;
	is($lines, $said->{delete} && $said->{delete}[0],
	    "$name: the lines to delete are named");
	if ($said->{nothing}) {
		is($policy, '', "$name: no policy is written");
		like($err, qr/no line sets a CORS header/,
		    "$name: the message says why there is no policy");
		next;
	}
	my $ini = write_file("$dir/$name.ini", $policy);
	push @written, $ini;
	for (@{ $said->{allow} }) {
		is((verdict_of($ini, $_))[0], 'allowed', "$name: allows $_")
		    or diag $policy;
	}
	for (@{ $said->{refuse} }) {
		my ($verdict, $reason) = verdict_of($ini, $_);
		is($verdict, 'blocked', "$name: refuses $_") or diag $policy;
		isnt($reason, 'no-policy', "$name: a policy refuses $_");
	}
	is((verdict_of($ini, $_))[1], 'no-policy', "$name: no policy covers $_")
	    for @{ $said->{nocors} };
}

my (undef, $lint) = run([ corscheck(), 'lint', @written ]);
is(join("\n", grep { !/: note: / } split /\n/, $lint), '',
	scalar(@written) . ' policies lint clean');
cmp_ok(scalar(@written), '>=', 50, 'at least fifty configurations were imported');

# --- the command ------------------------------------------------------------------

my ($status, $out, $err) = run([ corscheck(), 'import' ]);
is("$status$out", '2', 'without a file: exit status 2');
($status, $out, $err) = run([ corscheck(), 'import', "$dir/none" ]);
is("$status$out", '2', 'a missing file: exit status 2');
like($err, qr/cannot read .*: No such file/, 'a missing file is reported');
($status, $out, $err) = run([ corscheck(), 'import', '--from', 'iis', $0 ]);
is("$status$out", '2', 'an unknown server: exit status 2');
like($err, qr/apache, nginx or other/, 'the message lists the known servers');
my $nginx = write_file("$dir/odd", "add_header Access-Control-Allow-Origin\n\"*\"\n;");
($status, $out) = run([ corscheck(), 'import', '--from', 'nginx', $nginx ]);
like($out, qr/^origins     = \*$/m, '--from sets the server');
($status, $out) = run([ 'sh', '-c',
	corscheck() . " import - <$cases/01-star.htaccess" ]);
like($out, qr/from standard input\..*^origins     = \*$/ms, 'import - reads standard input');

# An included file is read at the place of its include.
write_file("$dir/site.conf", <<'CONF');
server {
    location /api/ {
        include snippets/cors.conf;
    }
}
CONF
write_file("$dir/cors.conf", "add_header Access-Control-Allow-Origin * always;\n");
for my $order ([ 'site.conf', 'cors.conf' ], [ 'cors.conf', 'site.conf' ]) {
	(undef, $out, $err) =
	    run([ corscheck(), 'import', map { "$dir/$_" } @$order ]);
	like($out, qr/^\[cors api\]\npath        = \/api\/\*\norigins     = \*$/m,
		"@$order: the policy has the path of the location that includes the file");
	like($err, qr/\/cors\.conf: note: delete line 1 there/,
		"@$order: the line to delete is in the included file");
}
write_file("$dir/httpd.conf", <<'CONF');
<Location "/api">
    IncludeOptional conf/cors-lines
</Location>
CONF
write_file("$dir/cors-lines", "Header set Access-Control-Allow-Origin *\n");
(undef, $out) = run([ corscheck(), 'import', "$dir/httpd.conf", "$dir/cors-lines" ]);
like($out, qr/^path        = \/api \/api\/\*$/m,
    'the policy has the path of the section that includes the file (Apache)');

# Each section gets a name of its own, also if that with a number is taken.
$nginx = write_file("$dir/names", <<'CONF');
server {
    location /a/ { add_header Access-Control-Allow-Origin https://a.example always; }
    location /a-3/ { add_header Access-Control-Allow-Origin https://b.example always; }
    location = /a { add_header Access-Control-Allow-Origin https://c.example always; }
}
CONF
(undef, $out, $err) = run([ corscheck(), 'import', '--from', 'nginx', $nginx ]);
unlike($err, qr/left out/, 'no section is left out because of its name');
is(join(' ', $out =~ /^\[cors (\S+)\]$/mg), 'a a-3 a-4', 'every section has another name');

# A value cannot start a new line of the policy.
$nginx = write_file("$dir/feed", <<'CONF');
add_header Access-Control-Allow-Origin https://a.example always;
add_header Access-Control-Allow-Headers "x-a
[cors evil]
path = /*
origins = *" always;
add_header Access-Control-Expose-Headers "x-b\tx-c" always;
CONF
(undef, $out, $err) = run([ corscheck(), 'import', $nginx ]);
unlike($out, qr/^\[cors evil/m, 'a line feed in a value starts no section');
write_file("$dir/feed.ini", $out);
(undef, $out) = run([ corscheck(), 'lint', "$dir/feed.ini" ]);
unlike($out, qr/: (?:error|warning): /,
    'the policy with the line feed lints clean') or diag $out;

# Every input gets exit status 0, and a policy (if any) without errors.
my @pieces = map { split /\b/, read_file($_) } sort glob "$cases/*";
my $seed = $ENV{IMPORT_SEED} // 20261129;
srand $seed;
my @bad;
my (@random, %text_of);
for my $round (1 .. 40) {
	my $text = join '', map { $pieces[ rand @pieces ] } 1 .. rand 400;
	my $from = (qw(apache nginx other))[ rand 3 ];
	write_file("$dir/random", $text);
	my ($exit, $policy) =
	    run([ corscheck(), 'import', '--from', $from, "$dir/random" ]);
	push @bad, "round $round: import $exit\n$text" if $exit != 0;
	next if $policy eq '';
	push @random, write_file("$dir/random$round.ini", $policy);
	$text_of{"$dir/random$round.ini"} = $text;
}
my ($exit, $faults) = run([ corscheck(), 'lint', @random ]);
push @bad, map { "$_\n" . ($text_of{ (split /:/)[0] } // '') }
    grep { / (?:error|warning): / } split /\n/, $faults;
is(scalar(@bad) + $exit, 0,
    "40 random configurations: import works, and the policies lint clean (IMPORT_SEED=$seed)")
    or diag $bad[0];

done_testing();
