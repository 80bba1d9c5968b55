#!/usr/bin/perl
# Shared hosting: a real Apache, and only a .htaccess and uploaded files in the
# user's own folder.  mod_cgid and mod_cgi, Action, RewriteRule, php-cgi.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI;
use Corswrap::Server;
use Corswrap::Test;
use File::Temp ();
use Test::More;

plan skip_all => 'no Apache' unless have_program('apache2');
my $php  = have_program('php-cgi');
my $perl = have_program('perl');

# The static program where it can be made, else the other one.
static_cgi();
my $program = -x top_build() . '/corswrap.cgi' ? top_build() . '/corswrap.cgi'
    : corswrap();
my $origin = 'https://app.example.com';
my @from   = (Origin => $origin);
my @ask    = (@from, 'Access-Control-Request-Method' => 'PUT',
	'Access-Control-Request-Headers' => 'content-type,authorization');

# The example as it is uploaded, with the interpreters of this machine.
sub upload {
	my ($folder) = @_;
	my $example = top_src() . '/examples/shared-hosting';
	mkdir $folder;
	install_program($program, "$folder/api.cgi");
	my $policy = read_file("$example/.htapi.ini");
	$policy =~ s/^\.pl\s.*/.pl = $perl/m;
	$policy =~ s/^\.php\s.*/.php = @{[ $php || '\/bin\/false' ]}/m;
	write_file("$folder/.htapi.ini", $policy, 0644);
	write_file("$folder/.htaccess", read_file("$example/.htaccess"), 0644);
	write_file("$folder/.htapi.log", '', 0666); # Apache runs as another user here
	write_file("$folder/report.pl", <<'PERL', 0644);
print "Content-Type: text/plain\n\n";
print "$_=", $ENV{$_} // '(unset)', "\n" for qw(SCRIPT_NAME SCRIPT_FILENAME
    PATH_INFO PATH_TRANSLATED QUERY_STRING REQUEST_METHOD HTTP_AUTHORIZATION);
read STDIN, my $body, $ENV{CONTENT_LENGTH} // 0;
print "BODY=", $body // '', "\n";
PERL
	write_file("$folder/hello.php",
		"<?php header('X-Total-Count: 3'); echo 'php says ', "
		. "\$_SERVER['REQUEST_METHOD'], ' ', \$_GET['q'] ?? '', "
		. "' ', \$_SERVER['PATH_INFO'] ?? '', \"\\n\";", 0644);
	return $folder;
}

sub edit {
	my ($file, $code) = @_;
	local $_ = read_file($file);
	$code->();
	return write_file($file, $_);
}

sub acao {
	my ($reply) = @_;
	return header($reply, 'Access-Control-Allow-Origin');
}

sub start_apache {
	my ($dir, $module, @modules) = @_;
	my $socket = $module eq 'cgid' ? "ScriptSock $dir/run/cgid.sock" : '';
	# a hosting provider allows .htaccess, and nothing more
	return apache($dir, <<"END", $module, qw(rewrite setenvif), @modules);
$socket
<Directory $dir/www>
    AllowOverride All
</Directory>
# as hosting providers run PHP: AddHandler in .htaccess does not override it
<FilesMatch "\\.php\$">
    SetHandler php-of-the-hoster
</FilesMatch>
END
}

sub with_action {
	my ($dir, $port) = @_;
	my $www = "$dir/www/api";

	my $r = http($port, 'OPTIONS', '/api/report.pl', \@ask);
	is($r->{status}, 204, 'a preflight by way of Action');
	is(acao($r), $origin, 'allowed');
	$r = http($port, 'GET', '/api/report.pl?a=b', \@from);
	is($r->{status}, 200, 'a script by way of Action');
	is(acao($r), $origin, 'allowed');
	like($r->{body}, qr{^SCRIPT_NAME=/api/report\.pl$}m, 'SCRIPT_NAME');
	like($r->{body}, qr{^SCRIPT_FILENAME=\Q$www\E/report\.pl$}m,
		'R35: SCRIPT_FILENAME');
	like($r->{body}, qr{^PATH_INFO=(?:\(unset\))?$}m, 'no PATH_INFO');
	like($r->{body}, qr{^QUERY_STRING=a=b$}m, 'QUERY_STRING');
	$r = http($port, 'GET', '/api/report.pl/x/y', \@from);
	like($r->{body}, qr{^PATH_INFO=/x/y$}m, 'PATH_INFO behind the script');
	$r = http($port, 'POST', '/api/report.pl', \@from, 'z' x 60_000);
	like($r->{body}, qr{^BODY=z{60000}$}m, 'a body');
	$r = http($port, 'GET', '/api/report.pl',
		[ @from, Authorization => 'Bearer x.y' ]);
	like($r->{body}, qr{^HTTP_AUTHORIZATION=Bearer x\.y$}m,
		'Authorization, by SetEnvIf');
	$r = http($port, 'HEAD', '/api/report.pl', \@from);
	is("$r->{status} " . acao($r), "200 $origin", 'HEAD');
	$r = http($port, 'DELETE', '/api/report.pl', \@from);
	like($r->{body}, qr{^REQUEST_METHOD=DELETE$}m, 'any method');
	$r = http($port, 'GET', '/api/none.pl', \@from);
	is($r->{status}, 404, 'a script that is not there');
	$r = http($port, 'GET', '/api/report.pl', [ Origin => 'https://x.example' ]);
	is(acao($r), undef, 'a stranger gets nothing');
	is(header($r, 'Vary'), 'Origin', 'but Vary');

	# R36: directly to the wrapper
	$r = http($port, 'GET', '/api/api.cgi', \@from);
	is($r->{status}, 403, 'R36: called directly: refused');
	$r = http($port, 'GET', '/api/api.cgi/api/report.pl', \@from);
	is($r->{status}, 403, 'with a script behind it too');
	unlike($r->{body}, qr/SCRIPT_NAME/, 'and nothing ran');
	$r = http($port, 'GET', "/api/api.cgi?$www/report.pl", \@from);
	is($r->{status}, 403, 'nor by the query');

	# folders of other users
	mkdir "$dir/www/other";
	write_file("$dir/www/other/secret.pl", "print qq(\\n\\nsecret);", 0755);
	write_file("$dir/www/other/.htaccess", "Action cors-api /api/api.cgi\n"
		. "AddHandler cors-api .pl\n");
	$r = http($port, 'GET', '/other/secret.pl', \@from);
	is($r->{status}, 403, 'a script outside of the folder');
	unlike($r->{body}, qr/secret/, 'did not run');

	# a folder that only links to other users'
	symlink "$dir/www/other", "$www/link";
	$r = http($port, 'GET', '/api/link/secret.pl', \@from);
	isnt($r->{status}, 200, 'nor by way of a link');
	unlike($r->{body}, qr/secret$/, 'did not run');
	unlink "$www/link";

	# what must not be read
	for my $file (qw(.htapi.ini .htapi.log .htaccess)) {
		is(http($port, 'GET', "/api/$file")->{status}, 403,
			"$file is not served");
	}
	write_file("$www/api.ini", 'x');
	is(http($port, 'GET', '/api/api.ini')->{status}, 403,
		'nor a policy without .ht');
	unlink "$www/api.ini";
	return;
}

sub with_php {
	my ($port) = @_;
	SKIP: {
		skip 'no php-cgi', 4 unless $php;
		my $r = http($port, 'GET', '/api/hello.php/tail?q=1', \@from);
		is($r->{status}, 200, 'php-cgi by [handlers]');
		like($r->{body}, qr{^php says GET 1 /tail$}m, 'its output');
		is(acao($r), $origin, 'allowed');
		is(header($r, 'X-Total-Count'), 3, 'its own header fields');
	}
	return;
}

# The view of a user who has only a browser.
sub with_mistakes {
	my ($dir, $port) = @_;
	my $policy = "$dir/www/api/.htapi.ini";
	my $good   = read_file($policy);
	edit($policy, sub { s/^origins.*/orgins = x/m });
	my ($before) = read_file($policy) =~ /\A(.*?)^orgins/ms;
	my $line = 1 + ($before =~ tr/\n//);
	my $r = http($port, 'GET', '/api/report.pl', \@from);
	is($r->{status}, 500, 'a mistake in the policy');
	like($r->{body}, qr/^$line: \[unknown-key\]$/m, 'its line and name');
	unlike($r->{raw}, qr/\Q$dir\E|orgins/, 'and no more');
	unlink $policy;
	$r = http($port, 'GET', '/api/report.pl', \@from);
	is($r->{body}, "[no-policy]\n", 'no policy at all');
	write_file($policy, $good);

	# the wrong path in the line Action, as the page of instructions says
	my $htaccess = read_file("$dir/www/api/.htaccess");
	edit("$dir/www/api/.htaccess", sub { s{/api/api\.cgi}{/cgi-bin/api.cgi} });
	$r = http($port, 'GET', '/api/report.pl', \@from);
	is($r->{status}, 404, 'the wrong path in Action: 404');
	like($r->{body}, qr/<title>404/, 'the server\'s own page');
	write_file("$dir/www/api/.htaccess", $htaccess);

	edit($policy, sub { s/^; exec.*/exec = nothing-here.pl/m });
	$r = http($port, 'GET', '/api/api.cgi', \@from);
	like($r->{status}, qr/^(?:404|50[02])$/, 'a program that is not there');
	is(acao($r), $origin, 'an error that the page may read');
	like(read_file("$dir/www/api/.htapi.log"), qr/nothing-here\.pl/,
		'log-file names it');
	write_file($policy, $good);
	return;
}

# RewriteRule forms around one program, and the Authorization header.
sub with_rewrite {
	my ($dir, $port) = @_;
	my $www = upload("$dir/www/shop");
	write_file("$www/app.pl", "#!$perl\n" . read_file("$www/report.pl"),
		0755);
	edit("$www/.htapi.ini", sub {
		s/^; exec.*/exec = app.pl\nauthorization = restore/m });
	write_file("$www/.htaccess", <<'HT');
Options +ExecCGI
AddHandler cgi-script .cgi
RewriteEngine on
RewriteRule ^v1/(.*)$ api.cgi/$1 [L,E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
HT
	my $r = http($port, 'GET', '/shop/v1/items/7?x=1',
		[ @from, Authorization => 'Basic eDp5' ]);
	is($r->{status}, 200, 'RewriteRule to the wrapper');
	is(acao($r), $origin, 'allowed');
	like($r->{body}, qr{^PATH_INFO=/items/7$}m, 'PATH_INFO');
	like($r->{body}, qr{^HTTP_AUTHORIZATION=Basic eDp5$}m,
		'authorization = restore');
	is(http($port, 'OPTIONS', '/shop/v1/items/7', \@ask)->{status}, 204,
		'a preflight');
	$r = http($port, 'GET', '/shop/api.cgi?-V', \@from);
	like($r->{body}, qr/^REQUEST_METHOD=GET$/m,
		'with exec a direct call is welcome, and its words are not read');

	# one program under two names, each with its own policy
	symlink 'api.cgi', "$www/link.cgi";
	link "$www/api.cgi", "$www/hard.cgi";
	for my $name (qw(link hard)) {
		(my $policy = read_file("$www/.htapi.ini")) =~
		    s{^origins.*}{origins = https://$name.example}m;
		write_file("$www/.ht$name.ini", $policy);
		$r = http($port, 'GET', "/shop/$name.cgi",
			[ Origin => "https://$name.example" ]);
		is(acao($r), "https://$name.example",
			"the same program as $name.cgi has a policy of its own");
		is(acao(http($port, 'GET', "/shop/$name.cgi", \@from)), undef,
			'and only that');
	}

	# prepend, and a name that begins with nph-
	edit("$www/.htapi.ini", sub { s/^\[app\]/[app]\ninject = prepend/m });
	$r = http($port, 'GET', '/shop/v1/x', \@from);
	is(acao($r), $origin, 'inject = prepend');
	like($r->{body}, qr{^PATH_INFO=/x$}m, 'the program runs');
	install_program($program, "$www/nph-api.cgi");
	write_file("$www/.htnph-api.ini", read_file("$www/.htapi.ini"));
	$r = http($port, 'GET', '/shop/nph-api.cgi', \@from);
	is($r->{status}, 200, 'an nph-* name');
	is(acao($r), $origin, 'allowed');
	like($r->{body}, qr/^REQUEST_METHOD=GET$/m, 'and answered');
	return;
}

for my $module (qw(cgid cgi)) {
	my $dir = tempdir();
	mkdir "$dir/www";
	upload("$dir/www/api");
	my $port = start_apache($dir, $module, 'actions');
	subtest "mod_$module: Action"      => sub { with_action($dir, $port) };
	subtest "mod_$module: php-cgi"     => sub { with_php($port) };
	subtest "mod_$module: mistakes"    => sub { with_mistakes($dir, $port) };
	subtest "mod_$module: RewriteRule" => sub { with_rewrite($dir, $port) };
	diag(read_file("$dir/error.log"), read_file("$dir/www/api/.htapi.log"))
	    unless Test::More->builder->is_passing;
}

# Without mod_actions: the other way of the example.
{
	my $dir = tempdir();
	mkdir "$dir/www";
	upload("$dir/www/api");
	my $port = start_apache($dir, 'cgid');
	my $r = http($port, 'GET', '/api/run/report.pl?a=b', \@from);
	is($r->{status}, 200, 'without mod_actions: RewriteRule and a script')
	    or diag(read_file("$dir/error.log"));
	is(acao($r), $origin, 'allowed');
	like($r->{body}, qr{^QUERY_STRING=a=b$}m, 'it runs');
	$r = http($port, 'GET', '/api/api.cgi/api/report.pl', \@from);
	is($r->{status}, 403, 'still not directly');
}

# suEXEC: the program runs as the folder's owner, with an environment without
# any of our variables.  The package wants it under /var/www.
my $suexec = '/usr/lib/apache2/suexec';
my @owner  = (getpwnam 'nobody')[ 2, 3 ];
my $why_not = !-x $suexec ? "no $suexec (apache2-suexec-pristine)"
    : $> != 0 ? 'suEXEC wants an Apache that root has started'
    : !-d '/var/www' ? 'suEXEC wants /var/www'
    : !@owner || $owner[0] < 100 ? 'no user for suEXEC'
    : !-e module_folder() . '/mod_suexec.so' ? 'no mod_suexec' : undef;

sub with_suexec {
	my ($module) = @_;
	my $www = File::Temp->newdir('corswrap-XXXXXX', DIR => '/var/www');
	my $folder = upload("$www/api");
	my $policy = "$folder/.htapi.ini";
	write_file("$folder/who.pl", "#!$perl\nprint qq(Content-Type: text/plain"
		. "\\n\\n\$> ), join(' ', sort keys %ENV), qq(\\n);", 0755);
	edit($policy, sub { s/^log-file.*/log-file = .htnew.log/m });
	my $own = sub { chown @owner, "$www", $folder,
		glob "$folder/* $folder/.ht*" };
	$own->();
	chmod 0755, "$www", $folder;
	my $dir  = tempdir();
	my $socket = $module eq 'cgid' ? "ScriptSock $dir/run/cgid.sock" : '';
	my $port = apache($dir, <<"END", $module, qw(suexec rewrite setenvif actions));
$socket
SuexecUserGroup nobody #$owner[1]
SetEnv CORSWRAP_CONFIG /nowhere
SetEnv GONE yes
DocumentRoot $www
<Directory $www>
    Require all granted
    AllowOverride All
</Directory>
END
	# every script of the folder
	my $r = http($port, 'GET', '/api/report.pl/tail?a=b',
		[ @from, Authorization => 'Basic eDp5' ]);
	is($r->{status}, 200, 'a script by way of Action')
	    or diag(read_file("$dir/error.log"));
	is(acao($r), $origin, 'allowed');
	like($r->{body}, qr{^SCRIPT_NAME=/api/report\.pl$}m, 'SCRIPT_NAME');
	like($r->{body}, qr{^PATH_INFO=/tail$}m, 'PATH_INFO');
	like($r->{body}, qr{^HTTP_AUTHORIZATION=Basic eDp5$}m,
		'Authorization, by SetEnvIf');
	is(http($port, 'GET', '/api/api.cgi/api/report.pl')->{status}, 403,
		'not directly');
	is((stat "$folder/.htnew.log")[4], $owner[0],
		'log-file is made as the owner');
	with_php($port);

	# one program
	for my $inject (qw(rewrite prepend)) {
		edit($policy, sub {
			s/^\[app\]\n(?:exec.*\ninject.*\n)?/[app]\nexec = who.pl\ninject = $inject\n/m });
		$own->();
		$r = http($port, 'GET', '/api/api.cgi', \@from);
		is($r->{status}, 200, "$inject: one program")
		    or diag(read_file("$dir/error.log"));
		like($r->{body}, qr/^$owner[0] /, "$inject: as the owner");
		unlike($r->{body}, qr/CORSWRAP|GONE/,
			"$inject: in the environment that suEXEC leaves");
		is(acao($r), $origin, "$inject: allowed");
	}
	is(http($port, 'OPTIONS', '/api/api.cgi', \@ask)->{status}, 204,
		'a preflight');
	link "$folder/api.cgi", "$folder/hard.cgi";
	write_file("$folder/hard.ini", read_file($policy)
		=~ s{^origins.*}{origins = https://hard.example}mr);
	$own->();
	is(acao(http($port, 'GET', '/api/hard.cgi',
		[ Origin => 'https://hard.example' ])), 'https://hard.example',
		'the program under another name');
	edit($policy, sub { s/^origins.*/orgins = x/m });
	$own->();
	like(http($port, 'GET', '/api/api.cgi', \@from)->{body},
		qr/^\d+: \[unknown-key\]$/m, 'a mistake is told in the browser');
	chmod 0775, "$folder/api.cgi";
	$r = http($port, 'GET', '/api/api.cgi', \@from);
	is($r->{status}, 500, 'a program that a group may write to');
	like($r->{body}, qr/<title>500/, 'is refused by suEXEC itself');
	return;
}

for my $module (qw(cgid cgi)) {
	SKIP: {
		skip "suEXEC under mod_$module: $why_not", 1 if $why_not;
		subtest "mod_$module: suEXEC" => sub { with_suexec($module) };
	}
}

done_testing;
