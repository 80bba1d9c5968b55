#!/usr/bin/perl
# A program behind corswrap sees the same meta-variables (RFC 3875) as under
# bare Apache mod_cgid, behind every server, configured only with the output of
# `corscheck init`; corswrap only gets scripts, the server serves other files.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use File::Path qw(make_path);
use Test::More;

plan skip_all => 'no Apache' unless have_program('apache2');
my $origin = 'https://app.example.com';
my $php = have_program('php-cgi');

# All of RFC 3875 except those that describe the server and how it found the
# program.
my @names = qw(REQUEST_METHOD SCRIPT_NAME PATH_INFO PATH_TRANSLATED QUERY_STRING
    REQUEST_URI HTTP_HOST HTTPS REMOTE_ADDR CONTENT_LENGTH CONTENT_TYPE
    SERVER_NAME SERVER_PORT SERVER_PROTOCOL GATEWAY_INTERFACE DOCUMENT_ROOT);

# Where a server is known to differ; corswrap(8), CAVEATS.
my %differs = (
	# The alias is its document root.
	'lighttpd scripts'     => qr/^(?:PATH_TRANSLATED|DOCUMENT_ROOT)$/,
	'lighttpd-cgi scripts' => qr/^(?:PATH_TRANSLATED|DOCUMENT_ROOT)$/,
	'lighttpd-cgi one'     => qr/^(?:PATH_TRANSLATED|DOCUMENT_ROOT)$/,
	# It sets a default for a body without one.
	'caddy one'     => qr/^CONTENT_TYPE$/,
	'caddy scripts' => qr/^CONTENT_TYPE$/,
	# It leaves them out, and REQUEST_URI is decoded.
	'busybox one'   => qr/^(?:SERVER_NAME|SERVER_PORT|PATH_TRANSLATED
	    |DOCUMENT_ROOT|REQUEST_URI)$/x,
);

# Paths without a program.
my %refuses = (
	# A folder, and a file name with a slash in it.
	busybox => qr{^GET \S+?(?:/|/\?|%2f\S*)$},
);

sub perl_script {
	return <<"END";
#!$^X
read STDIN, my \$body, \$ENV{CONTENT_LENGTH} || 0;
print "Content-Type: text/plain\\n\\n";
print "\$_=", \$ENV{\$_} // '', "\\n" for qw(@names);
print "BODY=\$body\\n";
END
}

sub php_script {
	return <<"END";
<?php
\$body = file_get_contents('php://input');
header('Content-Type: text/plain');
foreach (explode(' ', '@names') as \$name) {
	echo \$name, '=', \$_SERVER[\$name] ?? '', "\\n";
}
echo "BODY=\$body\\n";
END
}

# A site in a folder, the same for every server.
sub build {
	my ($dir) = @_;
	make_path("$dir/app/sub", "$dir/wiki/lib");
	write_file("$dir/app/$_", perl_script(), 0755) for qw(report.pl sub/x.pl);
	write_file("$dir/wiki/$_", php_script()) for qw(index.php lib/exe.php);
	write_file("$dir/$_/style.css", "b { color: red }\n") for qw(app wiki);
	write_file("$dir/$_/.secret", "secret\n") for qw(app wiki);
	return;
}

# [ method, path, body ]
my %asked = (
	one => [ map { ['GET', $_] }
		qw(/x /x/ /x/foo/b%20r /x/a%2fb/c?x=1&y=%20z /x?a+b /x/?
		/x/%C3%A9/%2B+ /x.y /xweb /xweb/foo),
		['POST', '/x/up', 'y' x 10], ['PUT', '/x', ''] ],
	root => [ map { ['GET', $_] }
		qw(/x/report.pl /x/report.pl/foo/b%20r /x/report.pl/a%2Fb?q=%20
		/x/sub/x.pl/y? /x/style.css /xweb/report.pl /x/none.pl
		/x/.secret),
		['POST', '/x/report.pl', 'abc'] ],
	php => [ map { ['GET', $_] }
		qw(/x /x/ /x/?a=b /x/index.php/x%20y /x/lib/exe.php?id=1
		/x/style.css /xweb/index.php /x/none.php /x/.secret),
		['POST', '/x/lib/exe.php/q', 'abc'] ],
);

# busybox httpd runs what lies in cgi-bin.
$asked{busybox} = [ map { my ($method, $path, @body) = @$_;
	[ $method, $path =~ s{^/x(?=[/?]|$)}{/cgi-bin/x.cgi}r, @body ] }
    @{ $asked{one} } ];

# The same at the top: --path /.
for my $kind (grep { $_ ne 'busybox' } keys %asked) {
	my @top = grep { length $_->[1] } map {
		my ($method, $path, $body) = @$_;
		$path =~ m{^/x(?![/?])} ? () : [ $method, $path =~ s{^/x}{}r =~
			s{^\?}{/?}r, $body ] } @{ $asked{$kind} };
	$asked{"$kind at the top"} = \@top;
}

# Everything about each response, by request.
sub ask {
	my ($port, $kind, $dir) = @_;
	my %got;
	for (@{ $asked{$kind} }) {
		my ($method, $path, $body) = @$_;
		my $r = http($port, $method, $path, [ Origin => $origin ], $body)
		    || { status => 'no answer', headers => [], body => '' };
		my %v = $r->{body} =~ /^([A-Z_]+)=(.*)$/mg;
		for (values %v) {
			s/\Q$dir\E/DIR/g;
			s/\b$port\b/PORT/g;
		}
		# No body, and an empty one.
		$v{CONTENT_LENGTH} = '' if ($v{CONTENT_LENGTH} // '') eq '0';
		$got{"$method $path"} = { status => $r->{status},
			cors => header($r, 'Access-Control-Allow-Origin') // '',
			location => header($r, 'Location') // '',
			body => $r->{body}, v => \%v };
	}
	return \%got;
}

# --- bare Apache ---------------------------------------------------------------------

sub bare {
	my ($kind) = @_;
	my $dir = tempdir();
	build($dir);
	make_path("$dir/www");
	my $top = $kind =~ s/ at the top$//;
	my %lines = (
		one  => "ScriptAlias /x $dir/app/report.pl\n",
		root => "Alias /x $dir/app\n<Directory $dir/app>\n"
		    . "Options +ExecCGI\nAddHandler cgi-script .pl\n</Directory>\n",
		php  => "Alias /x $dir/wiki\nScriptAlias /php.cgi $php\n"
		    . "Action php /php.cgi\n<Directory $dir/wiki>\n"
		    . "AddHandler php .php\nDirectoryIndex index.php\n"
		    . "</Directory>\n",
	);
	s{^(ScriptAlias|Alias) /x (\S+)}{$1 / $2/}m for $top ? values %lines : ();
	$lines{busybox} = $lines{one} =~ s{ /x }{ /cgi-bin/x.cgi }r;
	# The longer one first.
	$lines{php} =~ s{^(Alias / .*\n)(ScriptAlias .*\n)}{$2$1}m;
	my $port = apache($dir, <<"END", qw(cgid actions dir));
AllowEncodedSlashes On
ScriptSock $dir/run/cgid.sock
$lines{$kind}
<Directory ~ "$dir/(?:app|wiki)|/usr/bin">
Require all granted
<FilesMatch "^\\.">
Require all denied
</FilesMatch>
</Directory>
END
	return ask($port, $top ? "$kind at the top" : $kind, $dir);
}

# --- compared --------------------------------------------------------------------------

sub compare {
	my ($server, $kind, $want, $got) = @_;
	my $shape = $kind =~ /^(?:root|php)\b/ ? 'scripts' : 'one';
	my $may = $differs{"$server $shape"} // qr/^$/;
	# Apache translates through the Alias of /, which is all it has then.
	$may = qr/$may|^PATH_TRANSLATED$/ if $kind =~ / at the top$/;
	for (@{ $asked{$kind} }) {
		my $what = "$_->[0] $_->[1]";
		my ($w, $g) = ($want->{$what}, $got->{$what});
		my $ran = length($w->{v}{REQUEST_METHOD} // '');
		# Newer ones (busybox 1.37) run it, and then it is compared.
		if ($refuses{$server} && $what =~ $refuses{$server}
		    && $g->{status} == 404) {
			is($g->{v}{REQUEST_METHOD}, undef, "$what: 404, nothing runs");
			next;
		}
		# HAProxy and Caddy have other responses for missing files.
		my $status = $g->{status};
		$status = $w->{status} if $server eq 'haproxy' && !$ran
		    && $status == 503;
		$status = 403 if $w->{status} == 403 && $status == 404;
		is($status, $w->{status}, "$what: status");
		is($g->{location} =~ s{^http://[^/]+}{}r,
		    $w->{location} =~ s{^http://[^/]+}{}r, "$what: Location")
		    if $w->{status} == 301 && $g->{status} == 301;
		if (!$ran) {
			is($g->{v}{REQUEST_METHOD}, undef, "$what: nothing runs");
			is($g->{body}, $w->{body}, "$what: the server's file")
			    if $w->{status} == 200 && $g->{status} == 200;
			next;
		}
		is($g->{cors}, $origin, "$what: through corswrap");
		my @wrong = map { "$_: '$w->{v}{$_}' became '"
			. ($g->{v}{$_} // '') . q(') }
		    grep { ($g->{v}{$_} // '') ne $w->{v}{$_} }
		    grep { !/$may/ } @names, 'BODY';
		is_deeply(\@wrong, [], "$what: the same variables");
	}
	return;
}

sub preflight_is_answered {
	my ($port, $path) = @_;
	my $r = http($port, 'OPTIONS', $path, [ Origin => $origin,
		'Access-Control-Request-Method' => 'POST',
		'Access-Control-Request-Headers' => 'content-type' ]) || {};
	is($r->{status}, 204, 'a preflight is answered');
	is(header($r, 'Access-Control-Allow-Headers'), 'content-type',
	    'by corswrap');
	return;
}

my %flags = (
	one  => sub { ('--exec', "$_[0]/app/report.pl") },
	root => sub { ('--root', "$_[0]/app") },
	php  => sub { ('--php', "$_[0]/wiki") },
);
my %first = (one => '/x/', root => '/x/report.pl', php => '/x/index.php');

for my $kind ('one', 'root', 'php', map { "$_ at the top" } qw(one root php)) {
	next if $kind =~ /^php/ && !$php;
	my ($flags, $top) = $kind =~ /^(\w+)( at the top)?$/;
	my $want = bare($kind);
	is((grep { $_->{v}{REQUEST_METHOD} } values %$want) > 3, 1,
	    "$kind: the program runs bare");
	for my $server (init_servers()) {
		next if $server eq 'busybox';
		subtest "$server, $kind" => sub {
			my $dir = init_folder();
			build($dir);
			my $site = init_site($dir, $server, 'x', '--path',
			    $top ? '/' : '/x', $flags{$flags}->($dir));
			my $port = init_serve($site);
			preflight_is_answered($port, $top
			    ? $first{$flags} =~ s{^/x}{}r : $first{$flags});
			# The index handles a folder.
			preflight_is_answered($port, $top ? '/' : '/x/')
			    if $flags eq 'php';
			compare($server, $kind, $want, ask($port, $kind, $dir));
			diag($site->{text}, server_logs($dir))
			    unless Test::More->builder->is_passing;
			init_stop($site);
		};
	}
}

# --- busybox httpd ---------------------------------------------------------------------

SKIP: {
	skip 'no busybox httpd here', 1 unless have_program('busybox') &&
	    (run([ 'busybox', '--list' ]))[1] =~ /^httpd$/m;
	my ($version) = (run([ 'busybox' ]))[1] =~ /^BusyBox v1\.(\d+)/;
	skip 'busybox httpd before 1.34 sends 501 for OPTIONS (corswrap(8))', 1
	    if $version < 34;
	my $dir = init_folder();
	build($dir);
	my $site = init_site($dir, 'busybox', 'x', '--exec', "$dir/app/report.pl");
	my $port = init_serve($site);
	preflight_is_answered($port, '/cgi-bin/x.cgi');
	compare('busybox', 'busybox', bare('busybox'), ask($port, 'busybox', $dir));
	is((http($port, 'GET', '/cgi-bin/x.ini') || {})->{status}, 404,
	    'busybox: the policy is not shown');
}
done_testing;
