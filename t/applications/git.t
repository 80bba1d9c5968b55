#!/usr/bin/perl
# git-http-backend behind corswrap under every server, configured only by
# `corscheck init --git`: git itself clones and pushes; and so does a page of
# another origin in Chromium, with isomorphic-git.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Application;
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use File::Path qw(make_path);
use Test::More;

my $backend = '/usr/lib/git-core/git-http-backend';
plan skip_all => 'no git' unless -x $backend && have_program('git');
plan skip_all => 'no Apache' unless have_program('apache2');
my $origin = 'https://app.example.com';
my $user = user_of_servers();

# A repository that pages may push to, of the user that the servers run as.
sub repository {
	my ($dir) = @_;
	write_file("$dir/make", <<'END');
set -e
export HOME=$1 GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com
export GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.com
export GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'
git init -q -b main "$1/first"
cd "$1/first"
echo '# Report' >README.md
seq 1 40000 >numbers
git add .
git commit -q -m first
mkdir -p "$1/git"
git clone -q --bare "$1/first" "$1/git/re port.git"
git -C "$1/git/re port.git" config http.receivepack true
END
	my ($exit, $out, $err) = run([ 'sh', "$dir/make", $dir ]);
	die $err if $exit != 0;
	run([ 'chown', '-R', $user, "$dir/git" ]) if $> == 0;
	# One of another user, as repositories often are.
	run([ 'cp', '-r', "$dir/git/re port.git", "$dir/git/foreign.git" ]);
	return;
}

sub git {
	my ($dir, @words) = @_;
	return run([ 'git', '-c', 'user.name=Grace', '-c',
		'user.email=grace@example.com', @words ], timeout => 60,
		env => { HOME => $dir, GIT_TERMINAL_PROMPT => 0 });
}

my %site;
sub serve_git {
	my ($server) = @_;
	my $dir = init_folder();
	repository($dir);
	my $site = init_site($dir, $server, 'git', '--git', "$dir/git", '--header',
	    'Content-Type');
	# A home of the user, with git's setting for repositories of other
	# owners.
	my $port = init_serve($site);
	return ($dir, $port);
}

my $bare_dir = init_folder();
repository($bare_dir);
my $bare = app_bare($bare_dir, '/git', $backend,
    "SetEnv GIT_PROJECT_ROOT $bare_dir/git\nSetEnv GIT_HTTP_EXPORT_ALL 1\n");

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my ($dir, $port) = serve_git($server);
	subtest $server => sub {
		my $repository = '/git/re%20port.git';
		my @from = (Origin => $origin);
		for my $path ('info/refs?service=git-upload-pack', 'HEAD',
			'info/refs?service=git-receive-pack', 'none', '../HEAD') {
			same_answer($path, $bare, $port, 'GET', "$repository/$path",
			    \@from)
			# Servers that reject them come last.
			    unless $server eq 'haproxy' && $path =~ /^\.\./;
		}
		is(http($port, 'GET', '/git/foreign.git/info/refs?service=' .
			'git-upload-pack', \@from)->{status}, 200,
		    'a repository of another user');
		my $r = http($port, 'OPTIONS', "$repository/git-upload-pack", [ @from,
			'Access-Control-Request-Method' => 'POST',
			'Access-Control-Request-Headers' =>
			    'content-type,git-protocol' ]);
		is($r->{status}, 204, 'a preflight');
		is(header($r, 'Access-Control-Allow-Origin'), $origin, 'passes');
		my $url = "http://127.0.0.1:$port$repository";
		my ($exit, $out, $err) = git($dir, 'clone', '-q', $url, "$dir/work");
		is($exit, 0, 'git clones') or diag($err);
		is(read_file("$dir/work/README.md"), "# Report\n", 'what is there');
		# More than http.postBuffer: git sends it in chunks.
		write_file("$dir/work/large", join '', map { pack 'N', rand 2**32 }
			1 .. 600_000);
		git($dir, '-C', "$dir/work", 'add', '.');
		git($dir, '-C', "$dir/work", 'commit', '-qm', 'second');
		# HAProxy does not accept chunks larger than its buffer.
		my @whole = $server eq 'haproxy' ? qw(-c http.postBuffer=8M) : ();
		($exit, $out, $err) = git($dir, '-C', "$dir/work", @whole, 'push',
		    '-q');
		is($exit, 0, 'git pushes 2 MB' . (@whole ? '' : ' in chunks')) or
		    diag($err);
		($exit, $out) = git($dir, '-c', 'safe.directory=*', '-C',
		    "$dir/git/re port.git", 'log', '--format=%s');
		is($out, "second\nfirst\n", 'and they are there');
		show_logs($dir);
	};
}

# --- a page ---------------------------------------------------------------------------

# isomorphic-git comes from npm, into a temporary folder.
sub libraries {
	return unless have_program('npm');
	my $dir = tempdir();
	push @{ $Corswrap::Application::kept }, $dir;
	my ($exit) = run([ 'npm', 'install', '--no-save', '--no-audit', '--no-fund',
		'--ignore-scripts', '--prefix', "$dir", 'isomorphic-git@1',
		'@isomorphic-git/lightning-fs@4', 'buffer@6' ], dir => "$dir",
		timeout => 120, env => { HOME => "$dir" });
	my %file = ('git.js' => 'isomorphic-git/index.umd.min.js',
		'git-http.js' => 'isomorphic-git/http/web/index.umd.js',
		'lightning-fs.js' =>
		    '@isomorphic-git/lightning-fs/dist/lightning-fs.min.js',
		map { ("$_.js" => "$_/index.js") } qw(base64-js ieee754 buffer));
	$_ = "$dir/node_modules/$_" for values %file;
	return $exit == 0 && !grep({ !-e } values %file) ? %file : ();
}

SKIP: {
	skip 'no Chromium', 1 unless Corswrap::Chromium::program();
	my %files = libraries();
	skip 'the npm registry has no isomorphic-git for us', 1 unless %files;
	my $page = page_server('git', %files);
	for my $server (grep { /^(?:nginx|lighttpd-cgi)$/ } init_servers()) {
		my $dir = init_folder();
		repository($dir);
		my $port = app_serve($dir, $server, 'git', app_policy('git', $page,
			{ '/srv/git' => "$dir/git" }), '--git', "$dir/git");
		my $browser = open_page($page,
		    "http://127.0.0.1:$port/git/re%2520port.git");
		is_deeply($browser->value('clone()', 120), ['first'],
		    "$server: a page clones") or diag($browser->console);
		my $pushed = $browser->value(
		    'push("from page.txt", "hello\\n", "by a page")', 120);
		ok($pushed->{ok}, "$server: and pushes") or diag($browser->console);
		my ($exit, $out) = git($dir, '-c', 'safe.directory=*', '-C',
		    "$dir/git/re port.git", 'show', 'main:from page.txt');
		is($out, "hello\n", "$server: which arrives");
		show_logs($dir);
	}
}
done_testing;
