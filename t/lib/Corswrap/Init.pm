package Corswrap::Init;

# Puts what `corscheck init` prints, unchanged, into a minimal server.  Ports and
# paths are set by init's own flags.
#
#	my $site = init_site($dir, 'nginx', 'git', '--git', '/srv/git');
#	my $port = init_serve($site);        # also starts its responder, as printed
#	http($port, 'GET', '/git/...');
#	init_stop($site);
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Server;
use Corswrap::Test;
use Exporter qw(import);
use File::Copy qw(copy);
use File::Path qw(make_path);

our @EXPORT = qw(init_servers init_folder init_site init_serve init_stop
    user_of_servers);

# The servers that this machine may have, as init names them.
my @all = qw(lighttpd lighttpd-cgi apache-fcgid apache-cgi apache-proxy nginx
    haproxy caddy busybox);
my %program = (lighttpd => 'lighttpd', 'lighttpd-cgi' => 'lighttpd',
	nginx => 'nginx', haproxy => 'haproxy', caddy => 'caddy',
	busybox => 'busybox', map { $_ => 'apache2' }
	    qw(apache-fcgid apache-cgi apache-proxy htaccess));

sub init_servers { return grep { have_program($program{$_}) } @all }

# Returns the user that the servers of these tests run as, for --user.
sub user_of_servers {
	return $> == 0 ? 'www-data' : scalar getpwuid $>;
}

# Makes a folder with corswrap and corscheck, and the folders that a server writes
# to.
sub init_folder {
	my $dir = tempdir();
	make_path(map { "$dir/$_" } qw(etc log run www/cgi-bin));
	chmod 0777, "$dir/run", "$dir/log";
	install_program(corswrap(), "$dir/corswrap");
	install_program(corscheck(), "$dir/corscheck");
	return $dir;
}

# init_site(FOLDER, SERVER, NAME, FLAG, ...): runs init, and returns { text, policy,
# server, dir }.  The test's own flags come last.
sub init_site {
	my ($dir, $server, $name, @flags) = @_;
	# busybox httpd runs only programs in cgi-bin.  Other servers need a
	# folder for each policy, because their program covers its whole folder.
	my $folder = $server eq 'busybox' ? "$dir/www/cgi-bin" : "$dir/etc";
	my $policy = "$folder/$name.ini";
	my ($exit, $text, $said) = run([ "$dir/corscheck", 'init',
		'--server', $server, '--origin', 'https://app.example.com',
		'--socket', "unix:$dir/run/sockets/$name.sock",
		'--user', user_of_servers(),
		'--log-file', "$dir/log/$name.log",
		'--document-root', "$dir/www", @flags, $policy ]);
	die "init --server $server @flags: $said" if $exit != 0;
	# lighttpd itself makes the socket, but not its folder.
	if ($server =~ /^lighttpd/) {
		mkdir "$dir/run/sockets";
		chmod 0777, "$dir/run/sockets";
	}
	return { text => $text, policy => $policy, server => $server,
		dir => $dir, name => $name, said => $said };
}

# Returns the commands in the comments of a snippet, as a user types them.
sub commands {
	my ($text) = @_;
	my @lines;
	for my $line ($text =~ /^#   (.*)$/mg) {
		if (@lines && $lines[-1] =~ s/\\$//) {
			$lines[-1] .= $line =~ s/^ +//r;
		} else {
			push @lines, $line;
		}
	}
	return @lines;
}

# Runs the printed commands: they make the folder, start the responder and make the
# link beside a policy.
sub type {
	my ($site) = @_;
	my ($dir, @pids) = ($site->{dir});
	for my $command (commands($site->{text})) {
		# Skip commands of systemd and busybox: tests must not change
		# this machine.
		next if $command =~ m{^(?:systemctl|busybox|use_backend|printf)\b|/etc/systemd/};
		if ($> != 0) {
			$command =~ s/^install -d \K-o \S+ -g \S+ //;
			$command =~ s/^setpriv (?:--\S+ +)*//;
			next if $command =~ /^chown /;
		}
		if ($command !~ / -l (?:unix:(\S+)|tcp:127\.0\.0\.1:(\d+))/) {
			my ($exit, $out, $err) = run([ '/bin/sh', '-c', $command ]);
			die "$command: $err" if $exit != 0;
			next;
		}
		my ($path, $port) = ($1, $2);
		push @pids, start([ '/bin/sh', '-c', "exec $command" ],
		    stderr => "$dir/log/corswrap.log");
		die "$command: ", server_logs($dir)
		    unless $path ? wait_socket($path) : wait_port($port);
	}
	return @pids;
}

# --- minimal servers ----------------------------------------------------------------

sub in_lighttpd {
	my ($site, $more) = @_;
	my $user = $> == 0 ? "server.username = \"www-data\"\n"
	    . "server.groupname = \"www-data\"\n" : '';
	write_file("$site->{dir}/error.log", '', 0666);
	return lighttpd($site->{dir}, "server.modules += ( \"mod_access\" )\n$user"
	    . "mimetype.assign = ( \".css\" => \"text/css\", "
	    . "\".html\" => \"text/html\" )\n$more$site->{text}");
}

my %apache_modules = (
	'apache-fcgid' => ['fcgid'],
	'apache-cgi'   => [qw(cgid actions)],
	'apache-proxy' => [qw(proxy proxy_fcgi)],
);

sub in_apache {
	my ($site, $more, @modules) = @_;
	my $run = "$site->{dir}/run";
	my %own = ('apache-fcgid' => "FcgidIPCDir $run/fcgid\n"
		. "FcgidProcessTableFile $run/fcgid_shm\n",
		'apache-cgi' => "ScriptSock $run/cgid.sock\n");
	return apache($site->{dir}, ($own{$site->{server}} // '')
	    . "AllowEncodedSlashes On\n$more$site->{text}", 'dir',
	    @{ $apache_modules{$site->{server}} }, @modules);
}

sub in_nginx {
	my ($site, $more, $http) = @_;
	my $dir = $site->{dir};
	return serve($dir, 'nginx', 'nginx.conf', <<"END");
daemon off;
user  www-data;
pid $dir/run/web.pid;
events {
}
http {
types { text/css css; text/html html; }
access_log off;
client_body_temp_path $dir/run/body;
fastcgi_temp_path $dir/run/fastcgi;
@{[ $http // '' ]}
server {
listen 127.0.0.1:8080;
root $dir/www;
$site->{text}
$more
}
}
END
}

# The use_backend lines come from the comment of the snippet.
sub in_haproxy {
	my ($site, $more) = @_;
	my $use = join '', map { "    $_\n" }
	    grep { /^use_backend / } commands($site->{text});
	return serve($site->{dir}, 'haproxy', 'haproxy.cfg', <<"END");
frontend web
    mode http
    timeout client 60s
    bind 127.0.0.1:8080
$more$use
$site->{text}
END
}

# @sites are more sites: [ ADDRESS, LINES ].
sub in_caddy {
	my ($site, $more, @sites) = @_;
	my $text = "{\n\tadmin off\n\tauto_https off\n}\n";
	for ([ 'http://:8080', $more ], @sites) {
		my ($address, $lines) = @$_;
		$text .= <<"END";
$address {
bind 127.0.0.1
root * $site->{dir}/www
$lines
$site->{text}
file_server
}
END
	}
	return serve($site->{dir}, 'caddy', 'Caddyfile', $text);
}

sub in_busybox {
	my ($site) = @_;
	my $port = free_port();
	my ($command) = grep { /^busybox / } commands($site->{text});
	# It listens on loopback only, without the environment of the tests.
	$command =~ s/ -u \S+// if $> != 0;
	$command =~ s/ -p 8080 / -f -p 127.0.0.1:$port / or
	    die "no port in: $command\n";
	start([ '/bin/sh', '-c', "exec $command" ],
	    clean => { PATH => $ENV{PATH} });
	wait_port($port) or die "busybox httpd did not start\n";
	return $port;
}

my %in = (lighttpd => \&in_lighttpd, 'lighttpd-cgi' => \&in_lighttpd,
	nginx => \&in_nginx, haproxy => \&in_haproxy, caddy => \&in_caddy,
	busybox => \&in_busybox, map { $_ => \&in_apache } keys %apache_modules);

# init_serve(SITE, MORE, ...): starts the server and returns its port.  MORE has
# lines of the server in addition to the snippet; the other arguments are modules
# for Apache, lines of http for nginx, or more sites for Caddy.
sub init_serve {
	my ($site, $more, @rest) = @_;
	$site->{pids} = [ type($site) ];
	return $in{ $site->{server} }->($site, $more // '', @rest);
}

# Stops the responder of the site; servers run until the test ends.
sub init_stop {
	my ($site) = @_;
	stop($_) for @{ $site->{pids} // [] };
	return;
}

1;
