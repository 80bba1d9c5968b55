package Corswrap::Server;

# Real web servers on free loopback ports, each in a folder of its own.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test;
use Exporter qw(import);
use File::Copy qw(copy);

our @EXPORT = qw(lighttpd apache module_folder install_program);

# A copy of a built program under a name of its own.
sub install_program {
	my ($from, $to) = @_;
	copy($from, $to) or die "$from: $!";
	chmod 0755, $to;
	return $to;
}

# lighttpd(FOLDER, CONFIG): the configuration beyond port and root; the port.
sub lighttpd {
	my ($dir, $config) = @_;
	my $program = have_program('lighttpd') or die "no lighttpd\n";
	my $port = free_port();
	mkdir "$dir/www";
	write_file("$dir/lighttpd.conf", <<"END");
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$dir/www"
server.errorlog = "$dir/error.log"
server.modules = ( "mod_alias", "mod_fastcgi", "mod_cgi" )
server.stream-response-body = 1
$config
END
	start([ $program, '-D', '-f', "$dir/lighttpd.conf" ],
	    stderr => "$dir/start.log");
	return $port if wait_port($port);
	die "lighttpd did not start:\n", read_file("$dir/start.log"),
	    read_file("$dir/error.log");
}

sub module_folder {
	for my $dir (qw(/usr/lib/apache2/modules /usr/lib64/httpd/modules)) {
		return $dir if -d $dir;
	}
	die "no Apache modules\n";
}

# apache(FOLDER, CONFIG, MODULE, ...): worker threads, and the modules named.
sub apache {
	my ($dir, $config, @modules) = @_;
	my $program = have_program('apache2') // have_program('httpd') or
	    die "no Apache\n";
	my $port = free_port();
	my $modules = module_folder();
	my $load = '';
	for my $name (qw(mpm_event authz_core mime unixd alias env), @modules) {
		my $file = "$modules/mod_$name.so";
		$load .= "LoadModule ${name}_module $file\n" if -e $file;
	}
	my $user = $> == 0 ? "User www-data\nGroup www-data\n" : '';
	mkdir "$dir/www";
	mkdir "$dir/run";
	chmod 0777, "$dir/run";
	write_file("$dir/apache.conf", <<"END");
ServerRoot $dir
ServerName 127.0.0.1
Listen 127.0.0.1:$port
PidFile $dir/run/apache.pid
DefaultRuntimeDir $dir/run
Mutex file:$dir/run default
ErrorLog $dir/error.log
LogLevel warn
$load
$user
TypesConfig /dev/null
DocumentRoot $dir/www
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory $dir/www>
    Require all granted
</Directory>
$config
END
	start([ $program, '-DFOREGROUND', '-f', "$dir/apache.conf" ],
	    stderr => "$dir/start.log");
	return $port if wait_port($port);
	die "Apache did not start:\n", read_file("$dir/start.log"),
	    read_file("$dir/error.log");
}

1;
