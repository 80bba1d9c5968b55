package Corswrap::Application;

# Runs the real applications of examples/applications behind corswrap, with the
# policy and page from there and the lines that `corscheck init` prints, and
# compares them with the same application under plain Apache mod_cgid.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Chromium;
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use Test::More ();

our @EXPORT = qw(app_file app_folder app_policy app_serve app_bare page_server
    open_page ask_once same_answer);

# Returns the text of a file of examples/applications/NAME.
sub app_file {
	my ($name) = @_;
	my $text = read_file(top_src() . "/examples/applications/$name");
	die "no examples/applications/$name\n" unless length $text;
	return $text;
}

# Returns a folder as init_folder makes it, with the programs of NAME in its app/.
sub app_folder {
	my ($name, @programs) = @_;
	my $dir = init_folder();
	mkdir "$dir/app";
	for my $program (@programs) {
		write_file("$dir/app/$program", app_file("$name/$program"), 0755);
	}
	return $dir;
}

# app_policy(NAME, PAGE, { text in the file => text for this test }): returns the
# text of the policy of NAME, for a page on the origin PAGE.
sub app_policy {
	my ($name, $page, $places) = @_;
	my $text = app_file("$name/policy.ini");
	$text =~ s{https://app\.example\.com}{$page} or
	    die "$name/policy.ini has another origin\n";
	for my $from (sort { length $b <=> length $a } keys %{ $places // {} }) {
		$text =~ s/\Q$from\E/$places->{$from}/g or
		    die "$name/policy.ini has no $from\n";
	}
	return $text;
}

# app_serve(FOLDER, SERVER, NAME, POLICY, FLAG ...): starts the server and returns
# its port.  The policy replaces the one that init wrote.
sub app_serve {
	my ($dir, $server, $name, $policy, @flags) = @_;
	my $site = init_site($dir, $server, $name, @flags);
	$policy .= "\n[server]\nlog-file = $dir/log/$name.log\n"
	    if $server =~ /^lighttpd/ && $policy !~ /^\[server\]/m;
	write_file($site->{policy}, $policy);
	my ($exit, $out, $err) = run([ corscheck(), 'lint', $site->{policy} ]);
	die "$name: $out$err" if $exit != 0;
	return init_serve($site);
}

# app_bare(FOLDER, PATH, PROGRAM, LINES, MODULE ...): runs the program under Apache
# mod_cgid without corswrap, and returns the port.
sub app_bare {
	my ($dir, $path, $program, $lines, @modules) = @_;
	my $at = tempdir();
	mkdir "$at/www";
	# It is removed when the test ends.
	push @{ $Corswrap::Application::kept }, $at;
	my $folder = dirname($program);
	return apache($at, <<"END", qw(cgid dir), @modules);
AllowEncodedSlashes On
ScriptSock $at/run/cgid.sock
ScriptAlias "$path" "$program"
<Directory "$folder">
Require all granted
CGIPassAuth On
</Directory>
@{[ $lines // '' ]}
END
}

# --- compared -------------------------------------------------------------------------

# Headers that are not compared: those that servers add or leave out (Caddy passes
# Status on), and those of CORS.
my %apart = map { $_ => 1 } qw(date server connection keep-alive status
    transfer-encoding content-length vary accept-ranges via
    access-control-allow-origin access-control-expose-headers
    access-control-allow-credentials);

sub plain_headers {
	my ($reply) = @_;
	# Apache rewrites dates.
	return [ sort map { lc($_->[0]) . ': ' . $_->[1] =~
		s/, (\d) (\w{3} \d{4} .*) \+0000$/, 0$1 $2 GMT/r }
	    grep { !$apart{ lc $_->[0] } } @{ $reply->{headers} } ];
}

# Shows the first place where two texts differ.
sub difference {
	my ($got, $want) = @_;
	my $at = 0;
	$at++ while $at < length $got && substr($got, $at, 1) eq
	    substr($want, $at, 1);
	my $from = $at < 60 ? 0 : $at - 60;
	return join "\n", "from byte $at:", substr($got, $from, 160),
	    '--- bare:', substr $want, $from, 160;
}

# ask_once(BARE PORT): for same_answer instead of the port, if the program keeps no
# state: it then gets each request once, and not again for each server.
sub ask_once {
	my ($port) = @_;
	return { port => $port, answers => {} };
}

# same_answer(WHAT, BARE PORT, PORT, METHOD, PATH, FIELDS, BODY, sub): tests that
# status, headers and body are the same.  The sub gets a reference to each text,
# and may remove differences that are correct.  Returns the wrapped reply.
sub same_answer {
	my ($what, $bare, $port, $method, $path, $fields, $body, $edit) = @_;
	my $answer = sub {
		my ($p) = @_;
		my $r = http($p, $method, $path, $fields, $body) // {
			status => 'no answer', headers => [], body => '' };
		for my $text (\$r->{body}, map { \$_->[1] } @{ $r->{headers} }) {
			$$text =~ s/\b127\.0\.0\.1:$p\b/HOST/g;
			$edit->($text) if $edit;
		}
		return $r;
	};
	my $request = join "\0", $method, $path, @$fields, $body // '';
	my $want = ref $bare
	    ? $bare->{answers}{$request} //= $answer->($bare->{port})
	    : $answer->($bare);
	my $got = $answer->($port);
	Test::More::is($got->{status}, $want->{status},
	    "$what: same status as without corswrap");
	Test::More::is_deeply(plain_headers($got), plain_headers($want),
	    "$what: same headers as without corswrap");
	Test::More::is(length $got->{body}, length $want->{body},
	    "$what: same length of the body");
	Test::More::ok($got->{body} eq $want->{body},
	    "$what: same body as without corswrap") or
	    Test::More::diag(difference($got->{body}, $want->{body}));
	return $got;
}

# --- pages ------------------------------------------------------------------------------

# page_server(NAME, name => FILE, ...): serves the page and other files on an
# origin of their own, and returns its URL without a path.
sub page_server {
	my ($name, %files) = @_;
	my $at = tempdir();
	push @{ $Corswrap::Application::kept }, $at;
	mkdir "$at/www";
	write_file("$at/www/index.html", app_file("$name/page.html"));
	copy($files{$_}, "$at/www/$_") or die "$_: $!" for keys %files;
	return 'http://127.0.0.1:' . lighttpd($at, <<'END');
mimetype.assign = ( ".html" => "text/html; charset=utf-8",
    ".js" => "text/javascript", ".css" => "text/css" )
index-file.names = ( "index.html" )
END
}

# open_page(PAGE, API): returns a browser on that page, with the URL of the API,
# or nothing if there is no Chromium.
sub open_page {
	my ($page, $api) = @_;
	my $browser = Corswrap::Chromium->new or return;
	$browser->load("$page/?api=$api");
	return $browser;
}

1;
