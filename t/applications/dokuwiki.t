#!/usr/bin/perl
# DokuWiki, bare and behind corswrap: under php-fpm and under php-cgi,
# configured only by `corscheck init --php`; the server serves images and
# stylesheets.  In Chromium a page of another origin searches, reads, and logs
# in with a cookie.
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

my $packaged = '/usr/share/dokuwiki';
my ($fpm) = grep { -x } glob '/usr/sbin/php-fpm*';
plan skip_all => 'no DokuWiki' unless -e "$packaged/doku.php";
plan skip_all => 'no Apache' unless have_program('apache2');
plan skip_all => 'no PHP' unless $fpm && have_program('php-cgi');
my $page = page_server('dokuwiki');

# One wiki for all, as the package has it, but in a folder of the test's own.
my $dir = app_folder('dokuwiki');
my $wiki = "$dir/wiki";
write_file("$dir/make", <<'END');
set -e
cp -rL /usr/share/dokuwiki "$1/wiki"
rm -f "$1/wiki/inc/preload.php"
cp -rL /etc/dokuwiki "$1/wiki/conf"
cp -rL /var/lib/dokuwiki/data "$1/data"
cp "$1/users" "$1/wiki/conf/users.auth.php"
printf '*\t@ALL\t1\n*\t@user\t8\n' >"$1/wiki/conf/acl.auth.php"
printf '====== Reports ======\nThe word is xylophone.\n' >"$1/data/pages/start.txt"
# What its indexer writes, for the search.
mkdir -p "$1/data/index"
echo start >"$1/data/index/page.idx"
find "$1/data" "$1/wiki/conf" -type d -exec chmod 755 {} +
END
my (undef, $hash) = run([ 'openssl', 'passwd', '-1', '-salt', 'abcdefgh',
	'secret' ]);
chomp $hash;
write_file("$dir/users", "ada:$hash:Ada L.:ada\@example.com:user\n");
my ($exit, $out, $err) = run([ 'sh', "$dir/make", $dir ]);
die $err if $exit != 0;
write_file("$wiki/conf/local.php", <<"END");
<?php
\$conf['title'] = 'Wiki';
\$conf['savedir'] = '$dir/data';
\$conf['useacl'] = 1;
\$conf['superuser'] = '\@admin';
\$conf['tagline'] = '';
\$conf['updatecheck'] = 0;
END
run([ 'chown', '-R', user_of_servers(), "$dir/data", "$wiki/conf" ]) if $> == 0;

my $bare = do {
	my $at = tempdir();
	push @{ $Corswrap::Application::kept }, $at;
	mkdir "$at/www";
	my $php = have_program('php-cgi');
	apache($at, <<"END", qw(cgid dir actions));
ScriptSock $at/run/cgid.sock
ScriptAlias /php.cgi $php
Action php /php.cgi
Alias /wiki $wiki
AddType text/css .css
AddType image/png .png
<Directory ~ "$wiki|/usr/bin">
Require all granted
DirectoryIndex index.php
AddHandler php .php
<FilesMatch "^\\.">
Require all denied
</FilesMatch>
</Directory>
END
};

# Pages are only read here, but for sessions.
my $bare_once = ask_once($bare);

# php-fpm as the servers' user, as packages set it up.
my $user = $> == 0 ? "user = www-data\ngroup = www-data\n" : '';
write_file("$dir/etc/fpm.conf", <<"END");
[global]
error_log = $dir/log/fpm.log
daemonize = no
[www]
$user
listen = $dir/run/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 2
END
start([ $fpm, '-F', '-y', "$dir/etc/fpm.conf" ], stderr => "$dir/log/fpm.start");
wait_socket("$dir/run/fpm.sock") or die "no php-fpm:\n", server_logs($dir);

# Sessions, and parts that depend on the time or on the port.
sub edit {
	my ($text) = @_;
	$$text =~ s/^"[0-9a-f]{32}"$/ETAG/;
	$$text =~ s/^\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT$/TIME/;
	$$text =~ s/(<dc:date>).*?</$1TIME</g;
	$$text =~ s/DokuWiki=\w+/DokuWiki=SESSION/g;
	$$text =~ s/DW[0-9a-f]+=\w*/DW=COOKIE/g;
	$$text =~ s/(taskrunner\.php\?[^"]*?)\d{6,}/$1TIME/g;
	$$text =~ s/(name="sectok" value=")\w*/$1TOKEN/g;
	$$text =~ s/(sectok[=":]+)\w{8,}/$1TOKEN/g;
	$$text =~ s/(expires=|Max-Age=)[^;]*/$1TIME/gi;
	return;
}

my @paths = ('/wiki', '/wiki/', '/wiki/doku.php?id=start',
	'/wiki/doku.php?id=start&do=export_raw', '/wiki/doku.php/start',
	'/wiki/doku.php?id=none', '/wiki/lib/exe/css.php?t=dokuwiki',
	'/wiki/lib/images/magnifier.png', '/wiki/lib/scripts/jquery/none.js',
	'/wiki/feed.php', '/wiki/.htaccess');

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my $cgi = $server =~ /-cgi$|fcgid/;
	my $own = app_folder('dokuwiki');
	my $policy = $cgi ? 'policy-cgi.ini' : 'policy.ini';
	my $text = app_file("dokuwiki/$policy") =~ s{https://app\.example\.com}{$page}r
	    =~ s{/usr/share/dokuwiki}{$wiki}r
	    =~ s{/run/php/php-fpm\.sock}{$dir/run/fpm.sock}r;
	my $port = app_serve($own, $server, 'wiki', $text, '--php', $wiki,
	    '--path', '/wiki', $cgi ? () : ('--forward', "unix:$dir/run/fpm.sock"));
	subtest "$server, " . ($cgi ? 'php-cgi' : 'php-fpm') => sub {
		for my $path (@paths) {
			# HAProxy serves no files; Caddy has no 403 for hidden
			# files.
			next if $path =~ /\.(?:png|js|htaccess)$/ && $server =~
			    /^(?:haproxy|caddy)$/;
			my $static = $path =~ /\.(?:png|js|htaccess)$/;
			my $r;
			if ($static || $path eq '/wiki') {
				$r = http($port, 'GET', $path, [ Origin => $page ]);
				my $b = http($bare, 'GET', $path, []);
				is($r->{status}, $b->{status}, "$path: status");
				is($r->{body}, $b->{body}, "$path: the file")
				    if $b->{status} == 200;
				is(header($r, 'Access-Control-Allow-Origin'), undef,
				    "$path: the server's own");
				next;
			}
			$r = same_answer($path, $bare_once, $port, 'GET', $path,
			    [ Origin => $page ], undef, \&edit);
			is(header($r, 'Access-Control-Allow-Origin'), $page,
			    "$path: with CORS");
		}
		my $r = same_answer('a form', $bare_once, $port, 'POST',
		    '/wiki/lib/exe/ajax.php', [ Origin => $page, 'Content-Type' =>
			'application/x-www-form-urlencoded' ],
		    'call=qsearch&q=start', \&edit);
		like($r->{body}, qr/id=start/, 'which finds the page');
		show_logs($own);
	};
	next unless $server =~ /^(?:nginx|lighttpd-cgi)$/;
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/wiki") or
		    skip 'no Chromium', 4;
		like($browser->value('text("start")'), qr/xylophone/,
		    "$server: a page reads a text") or diag($browser->console);
		like($browser->value('search("start")'), qr/id=start/,
		    "$server: and searches");
		is($browser->value('who()'), undef, "$server: nobody is logged in");
		$browser->value('login("ada", "secret")');
		is($browser->value('who()'), 'Ada L.',
		    "$server: a login's cookie comes and goes") or
		    diag($browser->console);
	}
}
done_testing;
