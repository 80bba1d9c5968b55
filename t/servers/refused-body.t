#!/usr/bin/perl
# A body far larger than max-body: the 413 and its CORS headers reach the client
# through every server, also through one that reads no answer before it has sent
# the whole body (mod_fcgid, Caddy), because corswrap reads the rest.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no curl' unless my $curl = have_program('curl');
my $folder = tempdir();
my $body = "$folder/body";
write_file($body, 'x' x 30_000_000);
my $apache = have_program('apache2');
my @cases = (
	[ 'nginx',    'nginx',    'nginx.conf',   '/api', 'app' ],
	[ 'HAProxy',  'haproxy',  'haproxy.cfg',  '/api', 'app' ],
	[ 'Caddy',    'caddy',    'Caddyfile',    '/api', 'app' ],
	[ 'lighttpd', 'lighttpd', 'lighttpd-fastcgi.conf', '/api', '' ],
	[ 'mod_proxy_fcgi', 'apache', 'apache-proxy-fcgi.conf',
		'/cgi-bin/report.pl', 'scripts' ],
	[ 'mod_fcgid', 'apache', 'apache-fcgid.conf', '/cgi-bin/report.pl', '' ],
	[ 'mod_cgid',  'apache', 'apache-cgid.conf', '/api', '' ],
);

for my $case (@cases) {
	my ($name, $server, $file, $path, $own) = @$case;
	SKIP: {
		skip "no $name", 2
		    unless $server eq 'apache' ? $apache : have_program($server);
		skip "no $name", 2 if $name eq 'mod_fcgid'
		    && !-e module_folder() . '/mod_fcgid.so';
		my $dir = site();
		if ($name eq 'mod_cgid') {
			symlink "$dir/corswrap", "$dir/cgi/api.cgi";
			write_file("$dir/cgi/.htapi.ini", policy('exec = report.pl'));
		}
		for my $policy (glob "$dir/etc/*.ini $dir/cgi/.ht*.ini") {
			write_file($policy, read_file($policy) =~
			    s/^\[app\]/[app]\nmax-body = 1M/mr);
		}
		my $pid = $own ? responder_on($dir, "$dir/etc/$own.ini") : undef;
		my $port = serve($dir, $server, $file);
		# As clients do: it reads an answer while it sends.
		my ($exit, $out) = run([ $curl, '-sS', '-m', 50, '-D', '-',
			'-H', 'Expect:', '-H', 'Origin: https://app.example.com',
			'--data-binary', "\@$body", "http://127.0.0.1:$port$path" ]);
		like($out, qr{^HTTP/1\.[01] 413}, "F12: $name: 413");
		like($out, qr{^Access-Control-Allow-Origin: https://app\.example}mi,
		    "F12: $name: that the page can read") or show_logs($dir);
		stop($pid) if $pid;
	}
}
done_testing;
