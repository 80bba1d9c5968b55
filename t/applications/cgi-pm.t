#!/usr/bin/perl
# A CGI.pm program with uploads, cookies and redirects, bare and behind corswrap
# under every server; and its page in Chromium.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Application;
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no Apache' unless have_program('apache2');
my $page = page_server('cgi-pm');
my $dir = app_folder('cgi-pm', 'upload.pl');
my $bare = app_bare($dir, '/upload', "$dir/app/upload.pl");
my $form = join "\r\n", '--x', 'Content-Disposition: form-data; name="name"', '',
    'Ada', '--x', 'Content-Disposition: form-data; name="file"; filename="a.bin"',
    'Content-Type: application/octet-stream', '',
    join('', map { chr } 0 .. 255) x 400, '--x--', '';

for my $server (grep { $_ ne 'busybox' } init_servers()) {
	my $dir = app_folder('cgi-pm', 'upload.pl');
	my $port = app_serve($dir, $server, 'upload', app_policy('cgi-pm', $page,
		{ '/usr/lib/cgi-bin' => "$dir/app" }), '--exec',
		"$dir/app/upload.pl", '--path', '/upload');
	my @from = (Origin => $page);
	subtest $server => sub {
		same_answer('GET', $bare, $port, 'GET', '/upload?came=%C3%A9', \@from);
		same_answer('PATH_INFO', $bare, $port, 'GET', '/upload/a%20b', \@from);
		same_answer('redirect', $bare, $port, 'GET', '/upload?go=away', \@from);
		my $r = same_answer('upload', $bare, $port, 'POST', '/upload',
		    [ @from, 'Content-Type' => 'multipart/form-data; boundary=x' ],
		    $form);
		is(header($r, 'Access-Control-Allow-Origin'), $page, 'with CORS');
		is(header($r, 'Access-Control-Expose-Headers'), 'x-size',
		    'and the names that the page reads');
		show_logs($dir);
	};
	next if $server ne 'lighttpd';
	SKIP: {
		my $browser = open_page($page, "http://127.0.0.1:$port/upload") or
		    skip 'no Chromium', 2;
		my $got = $browser->value(<<'JS');
send(new File([new Uint8Array(70000)], "b.bin"), "Grace")
JS
		is($got->{text}, "Grace sent b.bin, 70000 bytes\n",
		    'a page uploads a file') or diag($browser->console);
		is($got->{size}, 70000, 'and reads a header of the response');
	}
}
done_testing;
