#!/usr/bin/perl
# gitweb, bare and behind corswrap under every server: pages, feeds, raw files
# whose paths are in PATH_INFO; and a page of another origin in Chromium.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Application;
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

my $gitweb = '/usr/share/gitweb/gitweb.cgi';
plan skip_all => 'no gitweb' unless -x $gitweb;
plan skip_all => 'no Apache' unless have_program('apache2');
my $page = page_server('gitweb');

# A repository with a blank in a file's name.
sub repository {
	my ($dir) = @_;
	write_file("$dir/make", <<'END');
set -e
umask 022
export HOME=$1 GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com
export GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.com
export GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'
git init -q -b main "$1/work"
cd "$1/work"
mkdir docs
echo '# Report' >README.md
echo 'a b' >'docs/to do.txt'
git add .
git commit -q -m 'first <things>'
git clone -q --bare "$1/work" "$1/git/report.git"
echo 'reports' >"$1/git/report.git/description"
END
	mkdir "$dir/git";
	my ($exit, $out, $err) = run([ 'sh', "$dir/make", $dir ]);
	die $err if $exit != 0;
	# Another user reads it.
	run([ 'git', 'config', '--file', "$dir/git/report.git/config",
		'gitweb.owner', 'Ada' ]);
	write_file("$dir/gitconfig", "[safe]\n\tdirectory = *\n");
	return write_file("$dir/gitweb.conf", <<"END");
\$projectroot = '$dir/git';
\@stylesheets = ('/gitweb-static/gitweb.css');
\$javascript = '/gitweb-static/gitweb.js';
\$feature{'pathinfo'}{'default'} = [1];
\$ENV{HOME} = '$dir';
END
}

# One site for all: the compared texts contain its paths.
my $dir = app_folder('gitweb');
my $conf = repository($dir);
write_file("$dir/.gitconfig", "[safe]\n\tdirectory = *\n");
my $bare = ask_once(app_bare($dir, '/gitweb', $gitweb,
    "SetEnv GITWEB_CONFIG $conf\n"));
my $conf_of_folder = write_file("$dir/folder.conf", read_file($conf)
    =~ s/^\@stylesheets.*\n|^\$javascript.*\n//mgr);
my $bare_folder = do {
	my $at = tempdir();
	push @{ $Corswrap::Application::kept }, $at;
	mkdir "$at/www";
	ask_once(apache($at, <<"END", qw(cgid dir)));
ScriptSock $at/run/cgid.sock
SetEnv GITWEB_CONFIG $conf_of_folder
Alias /gitweb /usr/share/gitweb
<Directory /usr/share/gitweb>
Options +ExecCGI +FollowSymLinks
AddHandler cgi-script .cgi
DirectoryIndex index.cgi
Require all granted
</Directory>
END
};
my @paths = ('/gitweb', '/gitweb/', '/gitweb?a=project_index', '/gitweb?a=opml',
	'/gitweb/report.git', '/gitweb/report.git/atom',
	'/gitweb/report.git/tree/HEAD:/docs', '/gitweb/report.git/shortlog',
	'/gitweb/report.git/blob_plain/HEAD:/README.md',
	'/gitweb/report.git/blob_plain/HEAD:/docs/to%20do.txt',
	'/gitweb/report.git/snapshot/HEAD.tar.gz', '/gitweb?p=none.git;a=summary');

# Pages contain the time that they took.
sub edit {
	my ($text) = @_;
	$$text =~ s/<span id="generating_(?:time|info)">.*?<\/span>//gs;
	return;
}

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my $own = app_folder('gitweb');
	my $port = app_serve($own, $server, 'gitweb', app_policy('gitweb', $page,
		{ '/etc/gitweb.conf' => $conf }), '--exec', $gitweb, '--path',
		'/gitweb');
	subtest $server => sub {
		for my $path (@paths) {
			my $r = same_answer($path, $bare, $port, 'GET', $path,
			    [ Origin => $page ], undef, \&edit);
			is(header($r, 'Access-Control-Allow-Origin'), $page,
			    "$path: with CORS");
		}
		is((http($port, 'GET', '/gitwebfoo', [ Origin => $page ]) || {})
		    ->{status}, $server eq 'haproxy' ? 503 : 404,
		    '/gitwebfoo is another');
		show_logs($own);
	};
	# As the package has it: index.cgi in a folder with its stylesheets.
	subtest "$server, the folder" => sub {
		my $own = app_folder('gitweb');
		# Its links are relative to its folder.
		run([ 'cp', '-r', '/usr/share/gitweb', "$own/gitweb" ]);
		my $port = app_serve($own, $server, 'gitweb', <<"END", '--root',
[app]
root = $own/gitweb
[env]
GITWEB_CONFIG = $conf_of_folder
[cors]
origins = $page
END
		    "$own/gitweb", '--path', '/gitweb');
		for my $path ('/gitweb/', '/gitweb/index.cgi/report.git/atom',
			'/gitweb/?a=project_index') {
			my $r = same_answer($path, $bare_folder, $port, 'GET', $path,
			    [ Origin => $page ], undef, \&edit);
			is(header($r, 'Access-Control-Allow-Origin'), $page,
			    "$path: with CORS");
		}
		if ($server ne 'haproxy') {
			my $r = http($port, 'GET', '/gitweb/static/gitweb.css',
			    [ Origin => $page ]);
			is($r->{status}, 200, 'its stylesheet');
			is(header($r, 'Access-Control-Allow-Origin'), undef,
			    'is the server\'s');
		}
		show_logs($own);
	};
	next if $server ne 'apache-fcgid' && $server ne 'caddy';
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/gitweb") or
		    skip 'no Chromium', 3;
		is_deeply($browser->value('projects()'), ['report.git'],
		    "$server: a page lists the repositories") or
		    diag($browser->console);
		is($browser->value('file("report.git", "docs/to do.txt")'), "a b\n",
		    "$server: and reads a file");
		is_deeply($browser->value('titles("report.git")'),
		    ['first <things>'], "$server: and a feed");
	}
}
done_testing;
