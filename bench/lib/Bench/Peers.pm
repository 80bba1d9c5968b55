package Bench::Peers;

# The peers, well configured: kept connections, no access log, an opcode cache,
# as many workers as the others have.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Bench::Service;
use Corswrap::Test qw(corswrap free_port have_program read_file wait_port
    wait_socket write_file);
use Exporter qw(import);

our @EXPORT = qw(find_tools missing tool compile responder libfcgi_program
    php_fpm fcgiwrap nginx lighttpd apache write_programs mod_perl starman uwsgi);

# name => [programs, Debian package, needed]
my %wanted = (
	cc        => [ [qw(gcc cc)], 'gcc', 1 ],
	fcgiwrap  => [ [qw(fcgiwrap)], 'fcgiwrap' ],
	'php-fpm' => [ [qw(php-fpm php-fpm8.4 php-fpm8.3 php-fpm8.2 php-fpm8.1
		php-fpm7.4)], 'php-fpm' ],
	nginx     => [ [qw(nginx)], 'nginx-light' ],
	lighttpd  => [ [qw(lighttpd)], 'lighttpd' ],
	'php-cgi' => [ [qw(php-cgi)], 'php-cgi' ],
	starman   => [ [qw(starman)], 'starman' ],
	uwsgi     => [ [qw(uwsgi)], 'uwsgi-core' ],
	apache    => [ [qw(apache2 httpd)], 'apache2' ],
	wrk       => [ [qw(wrk)], 'wrk' ],
	gnuplot   => [ [qw(gnuplot)], 'gnuplot-nox' ],
	perl      => [ [qw(perl)], 'perl', 1 ],
	'musl-gcc' => [ [qw(musl-gcc)], 'musl-tools' ],
);
my (%found, @missing, $dir);

sub _modules {
	my ($folder) = grep { -d } qw(/usr/lib/apache2/modules
	    /usr/lib64/httpd/modules);
	return $folder // '';
}

# find_tools(FOLDER of all that is made)
sub find_tools {
	($dir) = @_;
	for my $name (sort keys %wanted) {
		my ($programs, $package, $needed) = @{ $wanted{$name} };
		($found{$name}) = grep { defined } map {
			have_program($_) // (-x "/usr/sbin/$_" ?
			    "/usr/sbin/$_" : undef) } @$programs;
		next if $found{$name};
		die "bench/run needs $programs->[0] (package $package)\n"
		    if $needed;
		push @missing, [ $name, $package ];
	}
	for my $module ([ fcgid => 'fcgid' ], [ perl => 'perl2' ]) {
		my ($name, $package) = @$module;
		push @missing, [ "mod_$name", "libapache2-mod-$package" ]
		    if $found{apache} && ! -e _modules() . "/mod_$name.so";
	}
	return;
}

sub missing { return @missing }
sub tool { return $found{ $_[0] } }

# compile(NAME, SOURCE, FLAGS, COMPILER): its path; undef if it fails.
sub compile {
	my ($name, $source, $flags, $compiler) = @_;
	my @rest = $flags // ();
	$compiler //= $found{cc};
	return "$dir/$name" if -x "$dir/$name";
	return system("$compiler -O2 -o '$dir/$name' '$source' @rest"
	    . " 2>>'$dir/compile.log'") == 0 ? "$dir/$name" : undef;
}

# --- programs
# -----------------------------------------------------------------

my $hello = <<'END';
#include <stdio.h>
int main(void)
{
	puts("Content-Type: text/plain\r\n\r\nhello");
	return 0;
}
END

# A GiB of output; one MiB of zeros a write.
my $big = <<'END';
#include <unistd.h>
int main(void)
{
	static char block[1048576];
	static const char head[] = "Content-Type: application/x-zeros\r\n\r\n";
	if (write(1, head, sizeof(head) - 1) < 0)
		return 1;
	for (int i = 0; i < 1024; i++)
		for (size_t at = 0; at < sizeof(block);) {
			ssize_t n = write(1, block + at, sizeof(block) - at);
			if (n <= 0)
				return 1;
			at += (size_t)n;
		}
	return 0;
}
END

my $sleeper = <<'END';
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
	const char *wait = getenv("BENCH_SLEEP");
	usleep((useconds_t)(wait == NULL ? 2000000 : atoi(wait)));
	puts("Content-Type: text/plain\r\n\r\nslept");
	return 0;
}
END

my $cors_pl = <<'END';
use strict;
my $origin = $ENV{HTTP_ORIGIN} // '';
my %allowed = ('https://app.example.com' => 1);
if ($ENV{REQUEST_METHOD} eq 'OPTIONS') {
	print "Status: 204 No Content\r\n";
	print "Access-Control-Allow-Origin: $origin\r\n",
	    "Access-Control-Allow-Methods: PUT,DELETE\r\n",
	    "Access-Control-Allow-Headers: content-type,x-token\r\n",
	    "Access-Control-Max-Age: 600\r\n" if $allowed{$origin};
	print "Vary: Origin\r\n\r\n";
} else {
	print "Access-Control-Allow-Origin: $origin\r\n" if $allowed{$origin};
	print "Vary: Origin\r\nContent-Type: text/plain\r\n\r\nhello\n";
}
END

my $cors_php = <<'END';
<?php
$origin = $_SERVER['HTTP_ORIGIN'] ?? '';
$allowed = in_array($origin, ['https://app.example.com'], true);
if ($_SERVER['REQUEST_METHOD'] === 'OPTIONS') {
	http_response_code(204);
	if ($allowed) {
		header("Access-Control-Allow-Origin: $origin");
		header('Access-Control-Allow-Methods: PUT,DELETE');
		header('Access-Control-Allow-Headers: content-type,x-token');
		header('Access-Control-Max-Age: 600');
	}
	header('Vary: Origin');
} else {
	if ($allowed)
		header("Access-Control-Allow-Origin: $origin");
	header('Vary: Origin');
	header('Content-Type: text/plain');
	echo "hello\n";
}
END

# All programs, by name.
sub write_programs {
	my %p;
	write_file("$dir/$_->[0].c", $_->[1]) for [ 'hello', $hello ],
	    [ 'big', $big ], [ 'sleeper', $sleeper ];
	$p{dynamic} = compile('hello.cgi', "$dir/hello.c");
	$p{static}  = compile('hellos.cgi', "$dir/hello.c", '-static');
	# With the smallest possible start-up of a C program.
	$p{musl} = compile('hellom.cgi', "$dir/hello.c", '-static',
		tool('musl-gcc')) if tool('musl-gcc');
	$p{big}     = compile('big.cgi', "$dir/big.c");
	$p{sleeper} = compile('sleeper.cgi', "$dir/sleeper.c", '-static');
	my $top = "#!$found{perl}\n";
	$p{perl} = write_file("$dir/hello.pl", $top . "use strict;\n"
	    . "print \"Content-Type: text/plain\\r\\n\\r\\nhello\\n\";\n", 0755);
	$p{cors_pl}  = write_file("$dir/cors.pl", $top . $cors_pl, 0755);
	$p{cors_php} = write_file("$dir/cors.php", $cors_php, 0644);
	return %p;
}

# --- services -----------------------------------------------------------------

my $number = 0;

sub _socket { return "$dir/socket" . ++$number }

sub _up {
	my ($path) = @_;
	return ready => sub { -S $path && wait_socket($path) },
	    stderr => "$path.log";
}

my $origins = join '', map { "$_\n" } 'origins = https://app.example.com',
    'methods = PUT DELETE', 'headers = content-type x-token',
    'max-age = 600', 'credentials = yes';

# responder(app => LINES, server => LINES, origins => LINES, ...):
# (service, address, path of the socket)
sub responder {
	my (%o) = @_;
	my $path = _socket();
	my $policy = write_file("$path.ini", "[cors]\n"
	    . ($o{origins} // $origins) . "[app]\n$o{app}\n[server]\n"
	    . ($o{server} // '') . "\n");
	my $s = service([ corswrap(), '-c', $policy, '-l', "unix:$path",
		'-m', '0666', @{ $o{args} // [] } ], env => $o{env} // {},
	    _up($path));
	return ($s, "unix:$path", $path);
}

# The loop of libfcgi's examples: (service, address, path).
sub libfcgi_program {
	my ($source) = @_;
	my $program = compile('tiny', $source, '-lfcgi') or
	    die "bench/run needs libfcgi (package libfcgi-dev)\n";
	my $path = _socket();
	my $s = service([ $program, $path ], _up($path));
	chmod 0777, $path;
	return ($s, "unix:$path", $path);
}

# php_fpm(CHILDREN)
sub php_fpm {
	my ($children) = @_;
	my $path = _socket();
	my $root = $> == 0 ? "user = www-data\ngroup = www-data\n" : '';
	write_file("$path.conf", <<"END");
[global]
error_log = $path.log
daemonize = no
[www]
$root
listen = $path
listen.mode = 0666
listen.backlog = 1024
pm = static
pm.max_children = $children
END
	my $s = service([ $found{'php-fpm'}, '-F', '-y', "$path.conf",
		'-d', 'opcache.enable=1' ], _up($path));
	return ($s, "unix:$path", $path);
}

# fcgiwrap(WORKERS)
sub fcgiwrap {
	my ($workers) = @_;
	my $path = _socket();
	my $s = service([ $found{fcgiwrap}, '-c', $workers, '-s',
		"unix:$path" ], _up($path));
	chmod 0777, $path;
	return ($s, "unix:$path", $path);
}

# nginx({ LOCATION => LINES }, { UPSTREAM => SOCKET }): (service, port).
# Upstreams keep connections.
sub nginx {
	my ($locations, $upstreams) = @_;
	my $port = free_port();
	my $place = "$dir/nginx" . ++$number;
	mkdir $place;
	my $user = $> == 0 ? 'user root;' : '';
	my $names = join '', map {
		"upstream $_ { server unix:$upstreams->{$_}; keepalive 64; }\n" }
	    sort keys %$upstreams;
	my $places = join '', map {
		"location = $_ { $locations->{$_} }\n" } sort keys %$locations;
	my $parameters = join '', map { "fastcgi_param $_;\n" }
	    'QUERY_STRING $query_string', 'REQUEST_METHOD $request_method',
	    'CONTENT_TYPE $content_type', 'CONTENT_LENGTH $content_length',
	    'SCRIPT_NAME $fastcgi_script_name', 'REQUEST_URI $request_uri',
	    'DOCUMENT_URI $document_uri', 'DOCUMENT_ROOT $document_root',
	    'SERVER_PROTOCOL $server_protocol',
	    'REQUEST_SCHEME $scheme', 'GATEWAY_INTERFACE CGI/1.1',
	    'SERVER_SOFTWARE nginx/$nginx_version', 'REMOTE_ADDR $remote_addr',
	    'REMOTE_PORT $remote_port', 'SERVER_ADDR $server_addr',
	    'SERVER_PORT $server_port', 'SERVER_NAME $server_name',
	    'REDIRECT_STATUS 200';
	write_file("$place/conf", <<"END");
$user
worker_processes 2;
error_log $place/error.log;
pid $place/pid;
daemon off;
events { worker_connections 2048; }
http {
access_log off;
keepalive_requests 1000000000;
client_body_temp_path $place/body; proxy_temp_path $place/proxy;
fastcgi_temp_path $place/fastcgi; uwsgi_temp_path $place/uwsgi;
scgi_temp_path $place/scgi;
$parameters
$names
server {
listen 127.0.0.1:$port backlog=2048;
$places
}
}
END
	my $s = service([ $found{nginx}, '-p', $place, '-e',
		"$place/error.log", '-c', "$place/conf" ],
	    stderr => "$place/start.log", ready => sub { wait_port($port) });
	return ($s, $port);
}

# lighttpd(CONFIGURATION, MODULES)
sub lighttpd {
	my ($lines, @modules) = @_;
	my $port = free_port();
	my $place = "$dir/lighttpd" . ++$number;
	mkdir $place;
	my $modules = join ', ', map { "\"mod_$_\"" } @modules;
	write_file("$place/conf", <<"END");
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$dir"
server.errorlog = "$place/error.log"
server.max-keep-alive-requests = 65535
server.max-connections = 2048
server.max-fds = 4096
server.modules = ( $modules )
$lines
END
	my $s = service([ $found{lighttpd}, '-D', '-f', "$place/conf" ],
	    stderr => "$place/start.log", ready => sub { wait_port($port) });
	return ($s, $port);
}

# apache(CONFIGURATION, MODULES)
sub apache {
	my ($lines, @modules) = @_;
	my $port = free_port();
	my $place = "$dir/apache" . ++$number;
	mkdir $place;
	chmod 0777, $place;
	my $folder = _modules();
	my $load = join '', map {
		-e "$folder/mod_$_.so" ?
		    "LoadModule ${_}_module $folder/mod_$_.so\n" : '' }
	    (grep { /^mpm_/ } @modules) ? () : 'mpm_event',
	    qw(authz_core unixd alias), @modules;
	my $user = $> == 0 ? "User www-data\nGroup www-data\n" : '';
	write_file("$place/conf", <<"END");
ServerRoot $place
ServerName 127.0.0.1
Listen 127.0.0.1:$port
PidFile $place/pid
DefaultRuntimeDir $place
Mutex file:$place default
ErrorLog $place/error.log
LogLevel warn
$load
$user
MaxKeepAliveRequests 0
DocumentRoot $dir
<Directory />
Require all granted
Options +ExecCGI
</Directory>
$lines
END
	# mpm_prefork ends its process group, which would otherwise be ours.
	my $s = service([ 'setsid', $found{apache}, '-DFOREGROUND', '-f',
		"$place/conf" ], stderr => "$place/start.log",
	    ready => sub { wait_port($port) });
	return ($s, $port);
}

# Scripts of Perl in an interpreter that stays: (service, path of the URL with
# the port), or nothing.  mod_perl's Registry, the script as a sub.
sub mod_perl {
	my ($file, %env) = @_;
	return if !$found{apache} || ! -e _modules() . '/mod_perl.so';
	my $set = join '', map { "PerlSetEnv $_ \"$env{$_}\"\n" } sort keys %env;
	my ($s, $port) = apache(<<"END", qw(mpm_prefork env perl));
StartServers 2
MaxRequestWorkers 2
Alias /script $file
PerlModule ModPerl::Registry
<Location /script>
SetHandler perl-script
PerlResponseHandler ModPerl::Registry
PerlOptions +ParseHeaders
$set</Location>
END
	return ($s, "$port/script");
}

# CGI::Compile under Starman.
sub starman {
	my ($file, %env) = @_;
	return if !$found{starman} || !eval { require CGI::Compile;
		require CGI::Emulate::PSGI; 1 };
	my $port = free_port();
	my $place = "$dir/starman" . ++$number;
	write_file("$place.psgi", 'use CGI::Emulate::PSGI; use CGI::Compile;' .
	    " CGI::Emulate::PSGI->handler(CGI::Compile->compile('$file'));\n");
	my $s = service([ $found{starman}, '--workers', 2, '--listen',
		"127.0.0.1:$port", '--preload-app', "$place.psgi" ], env => \%env,
	    stderr => "$place.log", ready => sub { wait_port($port) });
	return ($s, "$port/");
}

# uWSGI's cgi plugin, which starts a program for each request.
sub uwsgi {
	my ($file, %env) = @_;
	return if !$found{uwsgi} || !-e '/usr/lib/uwsgi/plugins/cgi_plugin.so';
	my $port = free_port();
	my $log = "$dir/uwsgi" . ++$number . '.log';
	my $s = service([ $found{uwsgi}, '--plugin', 'cgi', '--http-socket',
		"127.0.0.1:$port", '--http-socket-modifier1', 9, '--cgi', $file,
		'--processes', 2, '--disable-logging', '--die-on-term' ], env => \%env, stderr => $log,
	    ready => sub { wait_port($port) });
	return ($s, "$port/");
}

1;
