#!/usr/bin/perl
# The origins that real Chromium, Firefox and WebKitGTK send for pages of every
# kind of host and scheme: they match the table, a policy with them has no
# error, and corswrap then allows them.
#
# The server is the browsers' HTTP proxy, so pages have any host and port.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use utf8;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Chromium;
use Corswrap::CGI;
use Corswrap::Firefox;
use Corswrap::Raw;
use Corswrap::Test;
use Corswrap::WebKit;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(encode_base64);
use Test::More;

binmode $_, ':utf8' for Test::More->builder->output,
    Test::More->builder->failure_output;

# The address of a page, and the origin that its requests have.  Addresses that
# only some browsers accept are not here.
my @pages = (
	[ 'http://app.example/', 'http://app.example' ],
	[ 'http://App.EXAMPLE/', 'http://app.example' ],
	[ 'http://app.example:80/', 'http://app.example' ],
	[ 'http://app.example:8080/', 'http://app.example:8080' ],
	[ 'http://app.example:00081/', 'http://app.example:81' ],
	[ 'http://app.example:65535/', 'http://app.example:65535' ],
	[ 'http://app.example./', 'http://app.example.' ],
	[ 'http://%61pp2.example/', 'http://app2.example' ],
	[ 'http://a_b.example/', 'http://a_b.example' ],
	[ 'http://-a-.example/', 'http://-a-.example' ],
	[ 'http://3dprinter/', 'http://3dprinter' ],
	[ 'http://4f2a1b3c9d8e:8080/', 'http://4f2a1b3c9d8e:8080' ],
	[ 'http://7.example/', 'http://7.example' ],
	[ 'http://192.0.2.7/', 'http://192.0.2.7' ],
	[ 'http://0xC0.0x00.513/', 'http://192.0.2.1' ],
	[ 'http://3221225994/', 'http://192.0.2.10' ],
	[ 'http://[2001:DB8:0::1]/', 'http://[2001:db8::1]' ],
	[ 'http://[2001:db8::1]:8443/', 'http://[2001:db8::1]:8443' ],
	[ 'http://[::ffff:192.0.2.1]/', 'http://[::ffff:c000:201]' ],
	[ 'http://bücher.example/', 'http://xn--bcher-kva.example' ],
	[ 'http://BÜCHER.example/', 'http://xn--bcher-kva.example' ],
	[ 'http://xn--bcher-kva.example/', 'http://xn--bcher-kva.example' ],
	[ 'http://straße.example/', 'http://xn--strae-oqa.example' ],
	[ 'http://💩.example/', 'http://xn--ls8h.example' ],
	[ 'http://i❤️.example/', 'http://xn--i-7iq.example' ],
	[ 'http://ｗｉｄｅ.example/', 'http://wide.example' ],
	[ 'http://例え.テスト/', 'http://xn--r8jz45g.xn--zckzah' ],
);
# Frames of the first page.
my @frames = (
	[ '<iframe sandbox="allow-scripts" srcdoc="%s"></iframe>', 'null' ],
	[ '<iframe src="data:text/html;base64,%b"></iframe>', 'null' ],
	[ '<iframe srcdoc="%s"></iframe>', 'http://base.example' ],
);

my $dir = tempdir();
my $listen = raw_socket();
my $port = $listen->sockport;

# The script of page n.
sub script {
	my ($n) = @_;
	return "<script>fetch('http://target.example/o?n=$n',"
	    . "{method:'POST'})</script>";
}

sub base_page {
	my $text = '<!doctype html><meta charset=utf-8><title>x</title>' . script(0);
	for my $n (1 .. @pages) {
		my $url = $pages[ $n - 1 ][0];
		$text .= "<iframe src=\"${url}page?n=$n\"></iframe>\n";
	}
	for my $i (0 .. $#frames) {
		my $script = script(@pages + 1 + $i);
		my $encoded = encode_base64($script, '');
		$text .= $frames[$i][0] =~ s/%s/$script/r =~ s/%b/$encoded/r;
	}
	utf8::encode($text);
	return $text;
}

sub answer {
	my ($head) = @_;
	my ($method, $path) = $head =~ m{^(\S+) (?:http://[^/ ]*)?(/\S*)} or
	    return "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n";
	my ($n) = $path =~ /[?]n=(\d+)/;
	my $body = 'x';
	if ($path =~ m{^/o}) {
		my ($origin) = $head =~ /^Origin: (.*?)\r$/mi;
		if (defined $n && $method ne 'OPTIONS') {
			write_file("$dir/seen/$n.$$", $origin // '');
			rename "$dir/seen/$n.$$", "$dir/seen/$n";
		}
	} elsif ($path =~ m{^/page}) {
		$body = '<!doctype html><title>x</title>' . script($n);
	} else {
		$body = base_page();
	}
	return "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
	    . "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n"
	    . 'Content-Length: ' . length($body) . "\r\n"
	    . "Connection: close\r\n\r\n$body";
}

raw_server($listen, \&answer);

# A Chromium extension's id is made of its folder's name.
my $extension = "$dir/extension";
mkdir $extension;
my $id = join '', map { chr(ord('a') + hex) }
    split //, substr sha256_hex($extension), 0, 32;
write_file("$extension/manifest.json", '{"manifest_version":3,"name":"x",'
    . '"version":"1"}');
write_file("$extension/page.html", '<!doctype html><script src="page.js">'
    . '</script>');
write_file("$extension/page.js", script('900') =~ s{</?script>}{}gr);

# --- what browsers send
# --------------------------------------------------------------

my %engines = (
	chromium => sub {
		return unless Corswrap::Chromium::program();
		return Corswrap::Chromium->new("--proxy-server=http://127.0.0.1:$port",
			'--proxy-bypass-list=<-loopback>',
			'--disable-features=DisableLoadExtensionCommandLineSwitch,'
			. 'LocalNetworkAccessChecks',
			"--load-extension=$extension");
	},
	firefox => sub {
		return unless Corswrap::Firefox::program();
		return Corswrap::Firefox->new('network.proxy.type' => 1,
			'network.proxy.http' => '127.0.0.1',
			'network.proxy.http_port' => $port,
			'network.proxy.allow_hijacking_localhost' => JSON::PP::true);
	},
	webkit => sub {
		return unless Corswrap::WebKit::program();
		return Corswrap::WebKit->new("--proxy=http://127.0.0.1:$port");
	},
);

my %sent; # every origin that came, and from which browser
sub seen { return -e "$dir/seen/$_[0]" ? read_file("$dir/seen/$_[0]") : undef }

my $count = @pages + @frames;
for my $name (sort keys %engines) {
	SKIP: {
		my $engine = $engines{$name}->();
		skip "no $name here", 1 unless $engine;
		run([ 'rm', '-rf', "$dir/seen" ]);
		mkdir "$dir/seen";
		$engine->load('http://base.example/');
		wait_for(sub { !grep { !-e "$dir/seen/$_" } 0 .. $count }, 60);
		for my $n (1 .. $count) {
			my ($what, $want) = $n <= @pages ? @{ $pages[ $n - 1 ] }
			    : @{ $frames[ $n - 1 - @pages ] };
			my $got = seen($n);
			is($got, $want, "$name: $what");
			$sent{$got} = $name if defined $got;
		}
		if ($name eq 'chromium') {
			eval { $engine->load("chrome-extension://$id/page.html") };
			wait_for(sub { -e "$dir/seen/900" }, 20);
			is(seen(900), "chrome-extension://$id",
			    'chromium: a page of an extension');
			$sent{ seen(900) // '' } = $name;
			write_file("$dir/page.html", script('901'));
			$engine->load("file://$dir/page.html");
			wait_for(sub { -e "$dir/seen/901" }, 20);
			is(seen(901), 'null', 'chromium: a page of a file');
		}
		undef $engine;
	}
}

# --- what corswrap accepts
# ------------------------------------------------------------

# From programs that are not installed: webviews, extensions of other browsers.
$sent{$_} = 'others' for ('capacitor://localhost', 'ionic://localhost',
	'tauri://localhost', 'https://tauri.localhost', 'app://.', 'file://',
	'moz-extension://603715cf-f9f0-4157-8295-ede78487c3b6',
	'safari-web-extension://1f0ab2d4-4a0f-4e5f-9c1e-0d7b2f6c7d3e',
	'vscode-webview://0d6u4e7n2k1', 'https://app.example.');
delete $sent{''};
# An IPv4 address in the form of IPv6, which must be refused by cors.tsv.
delete $sent{'http://[::ffff:c000:201]'};
my $program = app_program("$dir/program");
for my $origin (sort keys %sent) {
	my $null = $origin eq 'null' ? "allow-null = yes\n" : '';
	write_file("$dir/p.ini", "[app]\nexec = $program\n[cors]\n"
	    . "origins = $origin\n$null");
	my ($status, $out) = run([ corscheck(), 'lint', "$dir/p.ini" ]);
	is($status, 0, "$origin ($sent{$origin}): no error") or diag($out);
	my $got = cgi_run(env => { PATH => $ENV{PATH}, REQUEST_METHOD => 'GET',
		GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_URI => '/x',
		CORSWRAP_CONFIG => "$dir/p.ini", HTTP_ORIGIN => $origin });
	is(($got->{header}{'access-control-allow-origin'} // ['none'])->[0],
	    $origin, "$origin: it is allowed");
	# An expression too.
	next if $null;
	my $regex = "\Q$origin\E" =~ s{\\([:/_-])}{$1}gr;
	write_file("$dir/p.ini", "[app]\nexec = $program\n[cors]\n"
	    . "origins-regex = $regex\n");
	$got = cgi_run(env => { PATH => $ENV{PATH}, REQUEST_METHOD => 'GET',
		GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_URI => '/x',
		CORSWRAP_CONFIG => "$dir/p.ini", HTTP_ORIGIN => $origin });
	is(($got->{header}{'access-control-allow-origin'} // ['none'])->[0],
	    $origin, "$origin: an expression matches it");
}
done_testing;
