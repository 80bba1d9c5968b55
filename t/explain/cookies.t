#!/usr/bin/perl
# Which cookies of a response are sent with the page's next request: real
# Chromium, Firefox and WebKitGTK do what `corscheck read` says about
# Set-Cookie, for a page of another site and for one of the same site.
#
# WebKitGTK uses the cookies of libsoup, which does not know name prefixes.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Firefox;
use Corswrap::Raw;
use Corswrap::Scenes;
use Corswrap::Test;
use Corswrap::WebKit;
use JSON::PP ();
use Test::More;

# NAME becomes one of its own for each, HOST the URL's host.
my @cookies = ('NAME=1', 'NAME=1; SameSite=Lax', 'NAME=1; SameSite=None',
	'NAME=1; Secure', 'NAME=1; SameSite=None; Secure',
	'NAME=1; SameSite=None; Secure; Partitioned',
	'NAME=1; SameSite=None; Partitioned', 'NAME=1; SameSite=Strict; Secure',
	'NAME=1; SameSite=bogus; Secure', 'NAME=1; SameSite=Lax; SameSite=None; Secure',
	'NAME=1; Domain=HOST', 'NAME=1; SameSite=None; Secure; Domain=.HOST',
	'NAME=1; SameSite=None; Secure; Domain=other.HOST',
	'NAME=1; SameSite=None; Secure; Domain=elsewhere.example',
	'__Host-NAME=1; SameSite=None; Secure; Path=/',
	'__Host-NAME=1; SameSite=None; Secure; Path=/; Partitioned',
	'__Host-NAME=1; SameSite=None; Secure; Partitioned',
	'__Host-NAME=1; SameSite=None; Secure; Path=/; Domain=HOST; Partitioned',
	'__Host-NAME=1; SameSite=None; Path=/',
	'__Secure-NAME=1; SameSite=None', '__Secure-NAME=1',
	'__Secure-NAME=1; SameSite=None; Secure; Partitioned',
	'__secure-NAME=1', '__Http-NAME=1; SameSite=None; Secure; Partitioned',
	'__Http-NAME=1; SameSite=None; Secure; Partitioned; HttpOnly',
	'__Host-Http-NAME=1; SameSite=None; Secure; Path=/; Partitioned',
	'__Host-Http-NAME=1; SameSite=None; Secure; Path=/; Partitioned; HttpOnly');

# Secure cookies over http are only stored for loopback names; there WebKit
# does not store those of pages of the same site either.
my %engines = (
	chromium => { program => \&Corswrap::Chromium::program,
		start => sub { Corswrap::Chromium->new },
		hosts => [qw(app.localhost www.api.localhost api.localhost)] },
	firefox => { program => \&Corswrap::Firefox::program,
		start => sub { Corswrap::Firefox->new(
		    'network.dns.localDomains' =>
		    'app.localhost,www.api.localhost,api.localhost') },
		hosts => [qw(app.localhost www.api.localhost api.localhost)] },
	safari => { program => \&Corswrap::WebKit::program,
		start => sub { Corswrap::WebKit->new("--proxy=http://127.0.0.1:$_[0]") },
		hosts => [qw(app.example.net www.example.com api.example.com)],
		unknown => qr/^__/ },
);

my $script = <<'END';
async function all(count, site, done, next) {
	const got = [];
	for (let i = 0; i < count; i++) {
		const init = { credentials: 'include', cache: 'no-store' };
		await fetch(`${api}/?${site}${i}`, init);
		const r = await fetch(`${api}/?get-${site}${i}`, init);
		got.push(await r.text());
	}
	await fetch(done, { method: 'POST', body: JSON.stringify(got) });
	if (next) location.replace(next);
}
END

my $dir = tempdir();
my $json = JSON::PP->new;

# --- the server, which is the proxy of WebKit too ------------------------------

sub cookie {
	my ($host, $of) = @_;
	my ($i) = $of =~ /(\d+)$/;
	return $cookies[$i] =~ s/NAME/c$of/r =~ s/HOST/$host/r;
}

sub head {
	my ($host, $origin, $i) = @_;
	return ('HTTP/1.1 200 x', "Access-Control-Allow-Origin: $origin",
	    'Access-Control-Allow-Credentials: true', 'Vary: Origin',
	    defined $i ? 'Set-Cookie: ' . cookie($host, $i) : ());
}

sub reply {
	my ($body, @fields) = @_;
	return join "\r\n", @fields, 'Connection: close', 'Content-Length: '
	    . length $body, '', $body;
}

# The page of another site navigates to that of the same site.
sub page {
	my ($browser, $site, $port) = @_;
	my (undef, $same, $host) = @{ $engines{$browser}{hosts} };
	my $next = $site eq 'same' ? ''
	    : "http://$same:$port/page/$browser/same";
	return reply("<!doctype html>\n<title>page</title>\n<script>\n"
	    . "const api = 'http://$host:$port';\n${script}all("
	    . @cookies . ", '$site', '/done/$browser-$site', '$next');\n"
	    . "</script>\n", 'HTTP/1.1 200 x', 'Content-Type: text/html');
}

sub respond {
	my ($head, $client, $port) = @_;
	my ($target) = $head =~ m{^\S+ (?:http://[^/ ]*)?(\S+)};
	my ($host) = $head =~ /^Host: ([^:\r]+)/mi;
	my ($origin) = $head =~ /^Origin: (.*?)\r$/mi;
	my ($sent) = $head =~ /^Cookie: (.*?)\r$/mi;
	return page($1, $2, $port) if $target =~ m{^/page/(\w+)/(\w+)$};
	return reply('', head($host, $origin, $1)) if $target =~ m{^/\?(\w+)$};
	return reply(($sent // '') =~ /c$1=1/ ? 'goes' : 'stays',
	    head($host, $origin)) if $target =~ m{^/\?get-(\w+)$};
	if ($target =~ m{^/done/([\w-]+)$}) {
		my $name = $1;
		my ($length) = $head =~ /^Content-Length: (\d+)/mi;
		my $body = '';
		read $client, $body, $length;
		write_file("$dir/$name.part", $body);
		rename "$dir/$name.part", "$dir/$name";
	}
	return reply('', 'HTTP/1.1 404 x');
}

# --- the comparison
# ------------------------------------------------------------

# { site => [for each cookie] }
sub ask_browser {
	my ($browser, $engine, $port) = @_;
	my %got;
	$engine->load("http://$engines{$browser}{hosts}[0]:$port/page/"
	    . "$browser/another");
	for my $site (qw(another same)) {
		my $file = "$dir/$browser-$site";
		wait_for(sub { -e $file }, 60)
		    or die "no report: ", join("\n", $engine->console), "\n";
		$got{$site} = $json->decode(read_file($file));
	}
	return \%got;
}

sub ask_read {
	my ($browser, $origin, $url, $host, $i) = @_;
	my $file = write_file("$dir/head-$browser", join "\r\n",
	    head($host, $origin, $i), '', '');
	my ($exit, $out, $err) = run([ corscheck(), 'read', '--json', '--browser',
		$browser, '--credentials', '--origin', $origin, '--url', $url,
		$file ]);
	my $e = eval { $json->decode($out) } // die "$out$err";
	return $e->{findings};
}

sub check {
	my ($browser, $site, $page_host, $host, $port, $got) = @_;
	my %tally;
	for my $i (0 .. $#cookies) {
		next if $engines{$browser}{unknown}
		    && $cookies[$i] =~ $engines{$browser}{unknown};
		my $findings = ask_read($browser, "http://$page_host:$port",
		    "http://$host:$port/", $host, $i);
		my ($about) = grep { $_->{id} eq 'cookie-attributes' } @$findings;
		my $says = $about ? 'stays' : 'goes';
		is($says, $got->[$i], "$browser, $site site: "
		    . cookie($host, $i) . ": $got->[$i]") or diag(explain($about));
		$tally{$says}++;
	}
	return %tally;
}

my $listen = raw_socket();
my $port = $listen->sockport;
raw_server($listen, sub { respond(@_, $port) });
# The browser is started by the scene, and ends with it.
sub play {
	my ($browser) = @_;
	my $of = $engines{$browser};
	my ($cross, $same, $host) = @{ $of->{hosts} };
	my $engine = $of->{start}->($port);
	my $got = ask_browser($browser, $engine, $port);
	undef $engine;
	my %tally;
	for ([ another => $cross ], [ same => $same ]) {
		my ($site, $page_host) = @$_;
		my %of = check($browser, $site, $page_host, $host, $port,
		    $got->{$site});
		$tally{"$site $_"} += $of{$_} for keys %of;
	}
	# WebKit sends no cookie to another site.
	for my $kind ($browser eq 'safari' ? () : 'another goes', 'another stays',
	    'same goes', 'same stays') {
		cmp_ok($tally{$kind} // 0, '>', 2, "$browser: enough: $kind");
	}
	return;
}

for my $browser (sort keys %engines) {
	scene $browser => sub {
		SKIP: {
			skip "no $browser", 1
			    unless $engines{$browser}{program}->();
			play($browser);
		}
	};
}
play_scenes();
done_testing;
