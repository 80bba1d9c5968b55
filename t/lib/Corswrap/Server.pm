package Corswrap::Server;

# Runs real web servers on free loopback ports, each in a folder of its own, with the
# configurations that people copy: those of examples/servers, with only the paths and
# ports replaced.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test;
use Exporter qw(import);
use File::Copy qw(copy);
use File::Path qw(make_path);
use Test::More ();

our @EXPORT = qw(lighttpd apache module_folder install_program example
    make_places serve stop_server responder_on server_logs unit
    nginx_messages show_logs);

# Copies a built program to another name.
sub install_program {
	my ($from, $to) = @_;
	copy($from, $to) or die "$from: $!";
	chmod 0755, $to;
	return $to;
}

# --- the shipped configurations -----------------------------------------------

# Paths in the shipped files and their replacements in a test's folder.
my %places = (
	'/etc/corswrap'    => 'etc',
	'/run/corswrap'    => 'run',
	'/run/apache2'     => 'run',
	'/run/nginx'       => 'run',
	'/run/lighttpd'    => 'run',
	'/var/log/lighttpd' => 'log',
	'/var/log/apache2' => 'log',
	'/var/log/nginx'   => 'log',
	'/usr/lib/cgi-bin' => 'cgi',
	'/srv/www'         => 'www',
);

# make_places(FOLDER): makes those folders, accessible to a server that drops
# privileges, and copies corswrap to where such a server can read it.
sub make_places {
	my ($dir) = @_;
	make_path(map { "$dir/$_" } values %places, 'www/apps');
	chmod 0777, "$dir/run", "$dir/log";
	install_program(corswrap(), "$dir/corswrap");
	return;
}

# example(FOLDER, NAME, PORT, TEXT): writes a shipped file (or TEXT instead of it)
# with replaced paths to FOLDER/etc, and returns its path.
sub example {
	my ($dir, $name, $port, $text) = @_;
	$text //= read_file(top_src() . "/examples/servers/$name");
	die "no examples/servers/$name\n" unless length $text;
	$text =~ s{\Q$_\E\b}{$dir/$places{$_}}g for sort keys %places;
	$text =~ s{/usr/bin/corswrap\b}{$dir/corswrap}g;
	if (defined $port) {
		# lighttpd.conf has its port on a line of its own.
		$text =~ s/\b8080\b/$port/g or die "$name has no 8080\n";
	}
	# Adapt directives that need root.  nginx, started as root, stays root,
	# so that it can access folders that only root may enter.
	if ($> == 0) {
		$text =~ s/^user www-data;/user root;/mg;
	} else {
		$text =~ s/^(?:user www-data;|User www-data|Group www-data)$//mg;
	}
	$text =~ s{^(LoadModule \S+ )/usr/lib/apache2/modules}
	    {$1 . module_folder()}emg if $text =~ /^LoadModule/m;
	return write_file("$dir/etc/$name", $text);
}

# unit(FOLDER, NAME, INSTANCE): returns the text of a unit as installed, for this
# instance and folder.
sub unit {
	my ($dir, $name, $instance) = @_;
	my ($text) = grep { length } map { read_file("$_/etc/systemd/$name") }
	    top_build(), top_src();
	die "no etc/systemd/$name\n" unless defined $text;
	$text =~ s{%i}{$instance}g;
	$text =~ s{^(ExecStart=)\S+/corswrap -c \S+/corswrap/}
	    {$1$dir/corswrap -c $dir/etc/}m;
	$text =~ s{/run/corswrap\b}{$dir/run}g;
	return $text;
}

# Returns nginx's option for messages before its configuration is read.  nginx before
# 1.19.5 has no such option, but a fixed log file.
sub nginx_messages {
	my ($program, $file) = @_;
	my $said = (run([ $program, '-h' ]))[2];
	return $said =~ /^\s+-e /m ? ('-e', $file) : ();
}

my %command = (
	lighttpd => [ [qw(lighttpd)], sub { ('-D', '-f', $_[1]) } ],
	apache   => [ [qw(apache2 httpd)],
		sub { ('-DFOREGROUND', '-f', $_[1]) } ],
	nginx    => [ [qw(nginx)], sub {
		('-p', "$_[0]/run", nginx_messages($_[2], "$_[0]/log/error.log"),
		'-c', $_[1]) } ],
	haproxy  => [ [qw(haproxy)], sub { ('-db', '-f', $_[1]) } ],
	caddy    => [ [qw(caddy)], sub {
		('run', '--adapter', 'caddyfile', '--config', $_[1]) } ],
);

# Apache listens before the process of mod_cgid has made its socket, and given it to
# Apache's user as the last step.  A request before that gets 503.
sub _wait_cgid {
	my ($text) = @_;
	my ($socket) = $text =~ /^\s*ScriptSock\s+"?([^"\s]+)/m or return 1;
	return wait_for(sub { grep { -S && ($> != 0 || (stat _)[4] != 0) }
		glob "$socket.*" });
}

# serve(FOLDER, SERVER, NAME, TEXT): starts the server with the shipped configuration,
# or with TEXT instead of it, and returns its port.
my %pid_of; # of the server that listens on a port
sub serve {
	my ($dir, $server, $name, $text) = @_;
	my ($names, $arguments) = @{ $command{$server} };
	my ($program) = grep { defined } map { have_program($_) } @$names;
	die "no $server\n" unless defined $program;
	my $port = free_port();
	my $config = example($dir, $name, $port, $text);
	# Caddy needs a home folder.
	$pid_of{$port} = start([ $program, $arguments->($dir, $config, $program) ],
	    descendants => 1,
	    stderr => "$dir/log/start.log", stdout => "$dir/log/start.log",
	    env => { HOME => "$dir/run", XDG_DATA_HOME => "$dir/run",
		XDG_CONFIG_HOME => "$dir/run" });
	return $port if wait_port($port) && _wait_cgid(read_file($config));
	die "$server did not start:\n", server_logs($dir);
}

# A server that is not stopped runs until the test ends.
sub stop_server {
	my ($port) = @_;
	return stop(delete $pid_of{$port});
}

sub server_logs {
	my ($dir) = @_;
	return join '', map { "--- $_\n" . read_file($_) }
	    grep { -f } glob "$dir/log/* $dir/*.log";
}

# Prints the server's messages if a test has failed.
sub show_logs {
	my ($dir) = @_;
	Test::More::diag(server_logs($dir)) unless Test::More->builder->is_passing;
	return;
}

# responder_on(FOLDER, POLICY): starts corswrap on the socket of the shipped files,
# as they say, and returns its pid.
sub responder_on {
	my ($dir, $policy) = @_;
	my $socket = "$dir/run/app.sock";
	my $pid = start([ "$dir/corswrap", '-c', $policy, '-l', "unix:$socket",
	    '-m', '0666' ], stderr => "$dir/log/corswrap.log");
	return $pid if wait_socket($socket);
	die "corswrap did not start:\n", server_logs($dir);
}

# --- configurations of a test's own --------------------------------------------

# lighttpd(FOLDER, CONFIG): starts lighttpd and returns its port; CONFIG is the
# configuration other than port and root.
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

# apache(FOLDER, CONFIG, MODULE, ...): starts Apache with these modules, and returns
# its port.
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
	    descendants => 1,
	    stderr => "$dir/start.log");
	return $port if wait_port($port) && _wait_cgid($config);
	die "Apache did not start:\n", read_file("$dir/start.log"),
	    read_file("$dir/error.log");
}

1;
