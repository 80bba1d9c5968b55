#!/usr/bin/perl
# A password that the server requires, as in examples/authentication:
# preflights pass, the page can read a 401, with one set of CORS headers, and
# no program runs without the password; in Chromium too.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $origin = 'https://app.example.com';
my $good = 'Basic ' . encode_base64('ada:secret', '');
my $bad  = 'Basic ' . encode_base64('ada:wrong', '');

sub shipped {
	my ($name) = @_;
	my $text = read_file(top_src() . "/examples/authentication/$name");
	die "no examples/authentication/$name\n" unless length $text;
	return $text;
}

my $program = <<"END";
#!$^X
open my \$log, '>>', 'COUNT'; print {\$log} "\$ENV{REQUEST_METHOD}\\n"; close \$log;
# A 401 of its own.
print "Status: 401 Unauthorized\\nX-Own: yes\\n" if \$ENV{QUERY_STRING} eq 'own';
print "Content-Type: text/plain\\n\\n", \$ENV{REQUEST_METHOD}, ' by ',
    \$ENV{REMOTE_USER} // '', "\\n";
END

# A folder with the policy, the users and the program, for pages of that origin.
sub site {
	my ($page) = @_;
	my $dir = init_folder();
	make_places($dir);
	write_file("$dir/cgi/report.pl", $program =~ s{COUNT}{$dir/run/count}r, 0755);
	write_file("$dir/run/count", '', 0666);
	my (undef, $hash) = run([ qw(openssl passwd -apr1 -salt abcdefgh secret) ]);
	write_file("$dir/etc/users", "ada:$hash", 0644);
	example($dir, 'private.ini', undef,
	    shipped('policy.ini') =~ s{\Q$origin\E}{$page}r);
	return $dir;
}

sub starts { my ($dir) = @_; return scalar(() = read_file("$dir/run/count") =~ /\n/g) }

sub preflight {
	my ($port, @more) = @_;
	return http($port, 'OPTIONS', '/api/x', [ @more,
		'Access-Control-Request-Method' => 'PUT',
		'Access-Control-Request-Headers' => 'authorization' ]);
}

# All cases for a page.
sub check {
	my ($dir, $port) = @_;
	my @from = (Origin => $origin);
	my $one = sub {
		my ($r, $name, $want, $what) = @_;
		is_deeply([ headers($r, $name) ], [ $want ], "$what: one $name");
	};
	my $r = preflight($port, @from);
	is($r->{status}, 204, 'a preflight without a password passes');
	$one->($r, 'Access-Control-Allow-Origin', $origin, 'preflight');
	is(preflight($port, Origin => 'https://evil.example')->{status}, 403,
	    'that of another origin is refused');

	for my $case ([ 'no password', @from ],
		[ 'a wrong one', @from, Authorization => $bad ]) {
		my ($what, @fields) = @$case;
		$r = http($port, 'PUT', '/api', \@fields, 'x');
		is($r->{status}, 401, "$what: 401");
		$one->($r, 'Access-Control-Allow-Origin', $origin, $what);
		$one->($r, 'Access-Control-Allow-Credentials', 'true', $what);
		like(header($r, 'WWW-Authenticate') // '', qr/^Basic realm="?reports/,
		    "$what: and asks for one");
	}
	$r = http($port, 'GET', '/api', [ Origin => 'https://evil.example' ]);
	is($r->{status}, 401, 'another origin: 401');
	is_deeply([ headers($r, 'Access-Control-Allow-Origin') ], [],
	    'which it cannot read');
	is(http($port, 'GET', '/api', [])->{status}, 401, 'no origin: 401');
	for my $fields ([ @from ], [ 'Access-Control-Request-Method' => 'PUT' ], []) {
		http($port, 'OPTIONS', '/api', $fields);
	}
	is(starts($dir), 0, 'nothing has run, nor for an OPTIONS');

	$r = http($port, 'PUT', '/api', [ @from, Authorization => $good ], 'x');
	is("$r->{status} $r->{body}", "200 PUT by ada\n", 'the right one');
	$one->($r, 'Access-Control-Allow-Origin', $origin, 'the right one');
	$one->($r, 'Access-Control-Allow-Credentials', 'true', 'the right one');
	$r = http($port, 'GET', '/api?own', [ @from, Authorization => $good ]);
	is("$r->{status} " . (header($r, 'X-Own') // ''), '401 yes',
	    'a 401 of the program');
	$one->($r, 'Access-Control-Allow-Origin', $origin, 'of the program');
	show_logs($dir);
	return;
}

# Start the responder as the lines of init say.
sub responder {
	my ($dir) = @_;
	my $socket = "$dir/run/private.sock";
	start([ "$dir/corswrap", '-c', "$dir/etc/private.ini", '-l',
		"unix:$socket", '-m', '0666' ], stderr => "$dir/log/corswrap.log");
	wait_socket($socket) or die server_logs($dir);
	return;
}

# The configuration of a server, its passwords filled in; port.
sub serve_example {
	my ($dir, $server, $name, $page) = @_;
	my $text = shipped($name);
	if ($server eq 'haproxy') {
		my (undef, $hash) = run([ qw(openssl passwd -5 -salt abcdefgh secret) ]);
		chomp $hash;
		$text =~ s/\bHASH\b/$hash/;
	} elsif ($server eq 'caddy') {
		my (undef, $line) = run([ qw(htpasswd -nbB -C 4 ada secret) ]);
		my ($hash) = $line =~ /^ada:(\S+)/ or die "no htpasswd\n";
		$text =~ s/\bHASH$/$hash/m;
	}
	# In whatever way the file writes it.
	$text =~ s/https:\/\/app\\\.example\\\.com/quotemeta $page/ge;
	$text =~ s/\Q$origin\E/$page/g;
	return serve($dir, $server, $name, $text);
}

my @examples = ([ lighttpd => 'lighttpd.conf' ], [ apache => 'apache.conf' ],
	[ nginx => 'nginx.conf' ], [ haproxy => 'haproxy.cfg' ],
	[ caddy => 'Caddyfile' ]);
my %program = (apache => 'apache2');
for (@examples) {
	my ($server, $name) = @$_;
	SKIP: {
		skip "no \u$server", 1
		    unless have_program($program{$server} // $server);
		skip 'no htpasswd', 1
		    if $server eq 'caddy' && !have_program('htpasswd');
		subtest $name => sub {
			my $dir = site($origin);
			responder($dir) if $server =~ /nginx|haproxy|caddy/;
			my $port = serve_example($dir, $server, $name, $origin);
			check($dir, $port);
		};
	}
}

# The same lines of Apache in front of its other modules.
SKIP: {
	skip 'no Apache', 1 unless have_program('apache2');
	my ($lines) = shipped('apache.conf') =~ m{^# <<<\n.*?(^<Location "/api">.*?^</Location>$)}ms
	    or die 'no <Location>';
	for my $server (qw(apache-cgi apache-proxy)) {
		subtest $server => sub {
			my $dir = site($origin);
			my $policy = read_file("$dir/etc/private.ini");
			unlink "$dir/etc/private.ini";
			my $site = init_site($dir, $server, 'private', '--exec',
			    "$dir/cgi/report.pl", '--path', '/api');
			write_file($site->{policy}, $policy);
			$site->{text} .= $lines =~ s{/etc/corswrap}{$dir/etc}gr;
			my $port = init_serve($site, '', qw(authn_core authn_file
			    authz_user auth_basic setenvif headers));
			check($dir, $port);
			init_stop($site);
		};
	}
}

# --- a page --------------------------------------------------------------------------------

SKIP: {
	skip 'no lighttpd', 1 unless have_program('lighttpd');
	skip 'no Chromium', 1 unless Corswrap::Chromium::program();
	my $at = tempdir();
	mkdir "$at/www";
	write_file("$at/www/index.html", '<!DOCTYPE html><title>Page</title>');
	my $page = 'http://127.0.0.1:' . lighttpd($at,
	    'index-file.names = ( "index.html" )' . "\n"
	    . 'mimetype.assign = ( ".html" => "text/html" )');
	my $dir = site($page);
	responder($dir);
	my ($server, $name) = have_program('nginx')
	    ? ('nginx', 'nginx.conf') : ('haproxy', 'haproxy.cfg');
	my $port = serve_example($dir, $server, $name, $page);
	my $browser = Corswrap::Chromium->new;
	$browser->load("$page/");
	my $call = sub {
		my ($password) = @_;
		return $browser->value(<<"JS");
fetch("http://127.0.0.1:$port/api", { method: "PUT", body: "x",
    headers: { Authorization: "$password" } })
    .then(async (r) => `\${r.status} \${r.ok ? await r.text() : ""}`,
        (error) => String(error))
JS
	};
	is($call->($bad), '401 ', 'a page sees that the password is wrong') or
	    diag($browser->console);
	is($call->($good), "200 PUT by ada\n", 'and what the right one brings') or
	    diag($browser->console);
	show_logs($dir);
}
done_testing;
