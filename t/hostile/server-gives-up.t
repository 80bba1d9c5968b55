#!/usr/bin/perl
# A real web server ends corswrap as a CGI program: the client disconnects, the
# server times out, the server is stopped.  Whatever the program does then, no
# process and no zombie is left.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI;
use Corswrap::Scenes;
use Corswrap::Server;
use Corswrap::Test;
use IO::Socket::INET;
use Test::More;

static_cgi();
my $wrapper = -x top_build() . '/corswrap.cgi' ? top_build() . '/corswrap.cgi'
    : corswrap();

# The programs after they have printed their pids.  "deaf" ignores TERM;
# "child" has another process, in its own group.
my %programs = (
	quiet => 'tell; exec sleep 300',
	child => 'sleep 300 & tell $!; wait',
	deaf  => "trap '' TERM; tell; while :; do sleep 1; done",
	loud  => "tell; printf 'Content-Type: a/b\\n\\n'; exec cat /dev/zero",
);

# A folder with a wrapped program each, as rewrite and as prepend.
sub site_of {
	my $dir = tempdir();
	mkdir "$dir/$_" for qw(www run pids www/cgi);
	chmod 0777, "$dir/run", "$dir/pids";
	for my $name (keys %programs) {
		write_file("$dir/www/cgi/$name.sh", <<"SH", 0755);
#!/bin/sh
tell() {
	to=$dir/pids/\${SCRIPT_NAME##*/}
	echo \$\$ \$PPID "\$@" >\$to.new
	mv \$to.new \$to
}
$programs{$name}
SH
		for my $inject (qw(rewrite prepend)) {
			install_program($wrapper, "$dir/www/cgi/$name-$inject.cgi");
			write_file("$dir/www/cgi/.ht$name-$inject.ini",
				"[app]\nexec = $name.sh\ninject = $inject\n"
				. "kill-grace = 30s\n[cors]\norigins = *\n");
		}
	}
	return $dir;
}

# Request it; { name, connection, pids }: of the program, its child, and with
# rewrite of its parent, which is corswrap.
sub ask {
	my ($dir, $port, $name, $inject) = @_;
	my $file = "$dir/pids/$name-$inject.cgi";
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		PeerPort => $port) or die $!;
	print {$s} "GET /cgi/$name-$inject.cgi HTTP/1.1\r\nHost: x\r\n"
	    . "Origin: https://a.example\r\n\r\n";
	ok(wait_for(sub { -s $file }, 30), "$name, $inject: it runs");
	my ($pid, $parent, @more) = split ' ', read_file($file);
	return { name => "$name, $inject", connection => $s,
		pids => [ $pid, @more, $inject eq 'rewrite' ? $parent : () ] };
}

# Ended and reaped; zombies without a living parent belong to init.
sub is_gone {
	my ($pid) = @_;
	my ($state, $parent) = read_file("/proc/$pid/stat") =~ /.*\) (\S) (\d+)/;
	return !defined $state || ($state eq 'Z' && $parent == 1);
}

sub are_gone {
	my ($what, @asked) = @_;
	for my $one (@asked) {
		for my $pid (@{ $one->{pids} }) {
			ok(wait_for(sub { is_gone($pid) }, 60),
				"$what, $one->{name}: $pid is gone")
			    or diag(read_file("/proc/$pid/stat")),
			    kill 'KILL', $pid;
		}
	}
	return;
}

# The client reads some of it and disconnects.
sub leave {
	my (@asked) = @_;
	for my $one (@asked) {
		sysread $one->{connection}, my $part, 4096;
		close $one->{connection};
	}
	return;
}

# ---- Apache ------------------------------------------------------------------

sub start_apache {
	my ($dir, $module, $more) = @_;
	my $socket = $module eq 'cgid' ? "ScriptSock $dir/run/cgid.sock" : '';
	return apache($dir, <<"END", $module);
$socket
$more
<Directory $dir/www/cgi>
    Options +ExecCGI
    AddHandler cgi-script .cgi
    Require all granted
</Directory>
END
}

sub stop_apache {
	my ($dir) = @_;
	Corswrap::Test::stop(read_file("$dir/run/apache.pid") =~ /(\d+)/);
	return;
}

for my $module (have_program('apache2') ? qw(cgid cgi) : ()) {
	scene "mod_$module, its patience" => sub {
		my $dir = site_of();
		# Apache notices a disconnect only when it writes to the
		# client; it ends a silent program after Timeout, within which
		# the program must have started, even on a busy machine.
		my $port = start_apache($dir, $module, 'Timeout 5');
		my @loud = map { ask($dir, $port, 'loud', $_) } qw(rewrite prepend);
		leave(@loud);
		# The server must end a program that replaced us, and Apache
		# does not know its children.
		my @silent = map { ask($dir, $port, @$_) } [qw(quiet rewrite)],
		    [qw(quiet prepend)], [qw(child rewrite)], [qw(deaf rewrite)],
		    [qw(deaf prepend)];
		are_gone("mod_$module: the client disconnected", @loud);
		are_gone("mod_$module: Timeout", @silent);
		for my $one (@silent) {
			sysread $one->{connection}, my $head, 4096;
			like($head // '', qr{\AHTTP/1.1 50}, "$one->{name}: an error");
		}
		diag(read_file("$dir/error.log"))
		    unless Test::More->builder->is_passing;
		stop_apache($dir);
	};
	scene "mod_$module, a stop" => sub {
		my $dir = site_of();
		my $port = start_apache($dir, $module, '');
		# Not prepend: this Apache never ends silent programs.
		my @running = map { ask($dir, $port, $_, 'rewrite') } qw(child deaf);
		stop_apache($dir);
		are_gone("mod_$module: the server is stopped", @running);
	};
}

# ---- lighttpd ----------------------------------------------------------------

scene 'lighttpd' => sub {
	my $dir = site_of();
	# It notices a disconnect when it writes to the client.
	my $port = lighttpd($dir, <<'END');
cgi.assign = ( ".cgi" => "" )
cgi.limits = ( "read-timeout" => 5 )
END
	my @silent = map { ask($dir, $port, $_, 'rewrite') }
	    qw(quiet child deaf);
	are_gone('lighttpd: read-timeout', @silent);
	# Last: after it some versions ignore other timeouts.
	my @loud = map { ask($dir, $port, 'loud', $_) } qw(rewrite prepend);
	leave(@loud);
	are_gone('lighttpd: the client disconnected', @loud);
} if have_program('lighttpd');

play_scenes();
done_testing;
