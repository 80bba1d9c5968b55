#!/usr/bin/perl
# The site: every link leads to an existing page and place, nothing is loaded
# from elsewhere, and in real Chromium the search works from file:// with the
# words that people use.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Test;
use Test::More;

for (qw(mandoc cmark-gfm)) {
	plan skip_all => "no $_" unless have_program($_);
}
my $dir = tempdir();
my $site = "$dir/site";
my ($status, $out, $err) = run([ top_src() . '/tools/make-site', top_src(), $site ]);
is($status, 0, 'it is made') or diag $err;

# --- links ------------------------------------------------------------------------

my (%ids, %links);
for my $file (glob "$site/*.html") {
	my $name = $file =~ s{.*/}{}r;
	my $html = read_file($file);
	my @ids = $html =~ /<[^>]*\sid="([^"]+)"/g;
	$ids{$name} = { map { $_ => 1 } @ids };
	my %times;
	$times{$_}++ for @ids;
	is_deeply([ grep { $times{$_} > 1 } sort keys %times ], [],
	    "$name: each id once");
	$links{$name} = [ $html =~ /<[^>]*\s(?:href|src|action)="([^"]+)"/g ];
	next if $name eq 'README.html';    # what the drop-in brings, as it is
	like($html, qr/<html lang="en">.*<meta name="viewport".*<title>[^<]+<\/title>/s,
	    "$name: language, width and title");
	is(() = $html =~ /<h1\b/g, 1, "$name: one heading of the page")
	    unless $name eq 'hacking.html';
	is(() = $html =~ /<img(?![^>]*\salt="[^"])/g, 0, "$name: pictures have words");
	is_deeply([ grep { m{^(?:https?:)?//} }
	    $html =~ /<(?:script|link|img|iframe)\b[^>]*\s(?:src|href)="([^"]+)"/g ],
	    [], "$name: loads nothing from elsewhere");
}
cmp_ok(scalar keys %ids, '>=', 18, 'the pages');
# What people look for has a place of its own, and long pages a list of them.
for ([ 'corswrap-errors.7.html', qr/^the-preflight-gets-405/ ],
	[ 'corswrap.8.html', qr/^nginx/ ],
	[ 'corswrap.ini.5.html', qr/^unknown-section/ ],
	[ 'servers.html', qr/^packaging-oci-containerfile/ ],
	[ 'servers.html', qr/^packaging-kubernetes-corswrap-yaml/ ]) {
	my ($name, $id) = @$_;
	ok(scalar(grep { /$id/ } keys %{ $ids{$name} }), "$name: $id");
}
for (qw(corswrap-errors.7 corswrap.ini.5 corswrap-operation.7 hacking)) {
	like(read_file("$site/$_.html"), qr/class="contents"/, "$_: its contents");
}
like(read_file("$site/corswrap.ini.5.html"),
    qr{<li class="h3">[^\n]*\[app\][^\n]*href="#max-body">max-body</a>}, 'and the keys');
unlike(read_file("$site/servers.html"), qr/\@(?:sysconfdir|bindir)\@/,
    'units are as they are installed');
for my $name (sort keys %links) {
	my @bad = grep {
		my ($page, $id) = /\A([^#]*)(?:#(.*))?\z/;
		$page = $name if $page eq '';
		$id =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge if defined $id;
		!-e "$site/$page" || defined $id && length $id && !$ids{$page}{$id};
	} grep { !/^(?:https?|mailto):/ } @{ $links{$name} };
	is_deeply(\@bad, [], "$name: its links lead somewhere");
}
{
	run([ 'cp', '-r', map({ top_src() . "/$_" } qw(doc examples etc packaging bench NEWS)),
		glob(top_src() . '/*.md'), $dir ]);
	open my $fh, '>>', "$dir/README.md" or die;
	print {$fh} "\n[gone](examples/gone.conf)\n";
	close $fh or die;
	($status, $out, $err) = run([ top_src() . '/tools/make-site', $dir, "$dir/other" ]);
	isnt($status, 0, 'a link that leads nowhere ends it');
	like($err, qr{examples/gone\.conf}, 'and is named');
}

sub decoded { my ($link) = @_; return $link =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger }

# --- the search -------------------------------------------------------------------

SKIP: {
	my $b = Corswrap::Chromium->new or skip 'no Chromium', 1;
	$b->load("file://$site/index.html");
	for my $row (
		[ 'timed out', 'corswrap.ini.5' ],
		[ 'exclude', 'corswrap.ini.5', 'corswrap-recipes.7' ],
		[ 'metrics', 'corswrap-operation.7', 'corswrap.ini.5' ],
		[ 'upstream nginx', 'servers', 'corswrap-operation.7#Several', 'corswrap-recipes.7', 'corswrap.8' ],
		[ 'journalctl', 'corswrap-operation.7', 'corswrap.8' ],
		[ 'errorlog', 'corswrap-operation.7', 'corswrap.8' ],
		[ 'disconnect', 'corswrap-operation.7', 'corswrap.ini.5', 'corswrap.8' ],
		[ 'No Access-Control-Allow-Origin header is present',
			'corswrap-errors.7' ],
		[ 'Failed to fetch', 'corswrap-errors.7' ],
		[ 'origins', 'corswrap.ini.5' ],
		[ 'max-age Firefox', 'corswrap.ini.5' ],
		[ 'fcgiwrap', 'corswrap-migration.7', 'measured' ],
		[ 'Header set', 'corswrap-migration.7', 'corscheck.1' ],
		[ '.htaccess', 'corswrap-hosting.7', 'servers', 'corscheck.1', 'corswrap-migration.7' ],
		[ 'php-fpm', 'corswrap-recipes.7', 'servers', 'corswrap.ini.5', 'measured' ],
		[ 'allow-misses-method', 'corscheck.1', 'corswrap.ini.5', 'corswrap-errors.7' ],
		[ 'socket group', 'corswrap.ini.5', 'corswrap.8', 'servers', 'corswrap-operation.7' ],
		[ 'cors_decide', 'cors.3' ],
		[ 'git clone', 'applications' ],
		[ 'CSRF', 'corswrap-protection.7', 'corswrap.ini.5' ],
		# By other words than the pages have, in other forms, as a part.
		[ 'docker', 'servers#packaging-oci', 'corswrap-operation.7#Containers_' ],
		[ 'kubernetes', 'servers#packaging-kubernetes', 'corswrap-operation.7#Containers_' ],
		[ 'k8s', 'servers#packaging-kubernetes', 'corswrap-operation.7#Containers_' ],
		[ 'typo', 'corswrap.ini.5#unknown-section', 'corscheck.1' ],
		[ 'intranet', 'corswrap-recipes.7#A_server_in_the_intranet' ],
		[ 'custom header', 'corswrap-recipes.7#Custom_request_headers' ],
		[ 'X-Token', 'corswrap-recipes.7#Custom_request_headers' ],
		[ 'exclude path', 'corswrap-recipes.7#Excluding_a_path' ],
		[ 'bypass', 'corswrap-recipes.7#Excluding_a_path' ],
		[ '405', 'corswrap-errors.7#the-preflight-gets-405' ],
		[ 'preflight 405 nginx', 'corswrap-errors.7#the-preflight-gets-405', 'corswrap-errors.7#nginx' ],
		[ '(null)', 'corswrap-errors.7#firefox-cors-header-access-control-allow-origin-does-not-mat' ],
		[ 'upload', 'corswrap-recipes.7#Large_uploads', 'corswrap.ini.5#max-body' ],
		[ 'uploads too large', 'corswrap-recipes.7#Large_uploads', 'corswrap.ini.5#max-body' ],
		[ 'timeouts', 'corswrap-operation.7', 'corswrap.ini.5', 'corscheck.1' ],
		[ 'program needs ten minutes', 'corswrap-operation.7#A_program_that_needs' ],
		[ 'exit status', 'corscheck.1#EXIT_STATUS', 'corswrap.8#EXIT_STATUS' ],
		[ 'CI', 'corscheck.1' ],
		[ 'SELinux Fedora', 'corswrap.8#systems-without-the-group' ],
		[ 'another user', 'corswrap.8#run-as-another-user' ],
		[ 'run as user', 'corswrap.8#run-as-another-user' ],
		[ 'ftp', 'corswrap-hosting.7' ],
		[ 'mixed content', 'corswrap-errors.7#mixed-content' ],
		[ 'subdomains cookies', 'corswrap-recipes.7#All_subdomains' ],
		[ 'prometheus refused preflights', 'corswrap-operation.7#Monitoring' ],
		[ 'access log format', 'corswrap.ini.5#log-format', 'corswrap-migration.7', 'corswrap.ini.5#access-log', 'corswrap-operation.7#Where_the_log' ],
	) {
		my ($words, @pages) = @$row;
		my $found = $b->value(sprintf q{(() => {
			const words = document.getElementById("words");
			words.value = %s;
			words.dispatchEvent(new Event("input"));
			return [...document.querySelectorAll("#found a")].slice(0, 3)
				.map(a => a.getAttribute("href").replace(".html", ""));
			})()}, JSON::PP->new->allow_nonref->encode($words));
		# A page, or the beginning of a place in it.
		ok(scalar(grep { my $page = $_; grep { $page =~ /#/
			? index(decoded($_), $page) == 0 : s/#.*//r eq $page }
			@$found } @pages),
		    "search: $words") or diag join ' ', @$found;
	}
	is($b->value('document.getElementById("words").value = "<img src=x>", '
		. 'document.getElementById("words").dispatchEvent(new Event("input")),'
		. 'document.querySelectorAll("#found img").length'), 0,
	    'what is typed is text');
	$b->load("file://$site/servers.html#examples-servers-nginx-conf");
	ok($b->value('document.querySelector("#examples-servers-nginx-conf").open'),
	    'a link to a file opens it');
	$b->size(width => 390, height => 844);
	ok($b->value('document.querySelector(".menu").offsetParent !== null'),
	    'a phone has a link to the menu');
	for my $page (qw(index corswrap.ini.5 hacking)) {
		$b->load("file://$site/$page.html");
		cmp_ok($b->value('document.documentElement.scrollWidth'), '<=', 390,
		    "$page: fits a phone");
	}
}
done_testing;
