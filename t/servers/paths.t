#!/usr/bin/perl
# Every spelling of a path, through every server: the script that runs and the
# policy that applies belong together, or no script runs.
#
# Two folders, each with a script that says where it lies and a policy that
# Access-Control-Allow-Origin tells apart.  A page may read what is public; a
# spelling that the server takes for the private script and corswrap for the
# public path would give it the private one.
#
# The results are the table in SECURITY.md: CORSWRAP_REWRITE=1 updates it.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

my $origin = 'https://private.example';

# F: the folder that the path begins with, T: the other one, E: F with its first
# letter escaped, U: F in upper case.
my @spellings = (
	'/cgi-bin/F/run.sh', '/cgi-bin/E/run.sh', '/cgi-bin/U/run.sh',
	'/CGI-BIN/F/run.sh', '/cgi-bin/F/run.sh/', '/cgi-bin/F/run.sh/x',
	# dot segments
	'/cgi-bin/F/../T/run.sh', '/cgi-bin/F/%2e%2e/T/run.sh',
	'/cgi-bin/F/.%2E/T/run.sh', '/cgi-bin/./F/run.sh',
	'/cgi-bin/F/%2e/run.sh', '/cgi-bin/F/x/../run.sh',
	'/cgi-bin/F/run.sh/../../T/run.sh', '/cgi-bin/F/run.sh/..',
	'/cgi-bin/F/run.sh/%2e%2e/%2e%2e/T/run.sh', '/../cgi-bin/F/run.sh',
	'/x/../cgi-bin/F/run.sh', '/cgi-bin/x/../F/../T/run.sh',
	# decoded slashes
	'/cgi-bin/F%2frun.sh', '/cgi-bin%2fF%2frun.sh', '/%2fcgi-bin/F/run.sh',
	'/cgi-bin/F/run.sh/a%2fb', '/cgi-bin/F/run.sh%2fx',
	'/cgi-bin/F/..%2fT/run.sh', '/cgi-bin/F/..%2FT/run.sh',
	'/cgi-bin/F%2f../T/run.sh', '/cgi-bin/F%2f..%2fT/run.sh',
	'/cgi-bin/F%2F%2e%2E%2FT%2Frun.sh',
	'/cgi-bin/F/run.sh/..%2f..%2fT%2frun.sh',
	'/cgi-bin/F/run.sh%2f..%2f..%2fT%2frun.sh',
	'/cgi-bin/F/run.sh/%2e%2e%2f%2e%2e%2fT/run.sh',
	'/cgi-bin/F/run.sh/x%2f../../../T/run.sh',
	'/cgi-bin/F/x%2fy/../../T/run.sh', '/cgi-bin/F/x%2f../run.sh',
	# backslashes
	'/cgi-bin/F/..\\T/run.sh', '/cgi-bin/F\\..\\T/run.sh',
	'/cgi-bin/F/..%5cT/run.sh', '/cgi-bin/F%5c..%5cT/run.sh',
	'/cgi-bin/F%5C../T/run.sh', '/cgi-bin/F/run.sh/..%5c..%5cT%5crun.sh',
	# twice, and not at all
	'/cgi-bin/F/%252e%252e/T/run.sh', '/cgi-bin/F/..%252fT/run.sh',
	'/cgi-bin/F/run.sh/..%252f..%252fT%252frun.sh',
	'/cgi-bin/F/%25%32%65%25%32%65/T/run.sh',
	'/cgi-bin/F/..%c0%afT/run.sh', '/cgi-bin/F/%c0%ae%c0%ae/T/run.sh',
	'/cgi-bin/F/%u002e%u002e/T/run.sh', '/cgi-bin/F/run.sh%',
	'/cgi-bin/F/run.sh/%zz/../../../T/run.sh',
	# runs of slashes
	'//cgi-bin/F/run.sh', '/cgi-bin//F//run.sh', '/cgi-bin/F//../T/run.sh',
	'/cgi-bin/F//..//T/run.sh', '/cgi-bin/F/run.sh//../../T/run.sh',
	'/cgi-bin/F/run.sh//..//..//T/run.sh', '//x/cgi-bin/F/run.sh',
	# semicolons
	'/cgi-bin/F;/run.sh', '/cgi-bin/F;x/../T/run.sh',
	'/cgi-bin/F/..;/T/run.sh', '/cgi-bin/F/..;x=y/T/run.sh',
	'/cgi-bin/F/run.sh;/../../T/run.sh', '/cgi-bin/F/..%3b/T/run.sh',
	# characters that end a path
	'/cgi-bin/F/run.sh?/../../T/run.sh', '/cgi-bin/F/run.sh%3f/../../T/run.sh',
	'/cgi-bin/F/run.sh#/../../T/run.sh', '/cgi-bin/F/run.sh%23/../../T/run.sh',
	'/cgi-bin/F#/../T/run.sh', '/cgi-bin/F/../T/run.sh#/cgi-bin/F/run.sh',
	'/cgi-bin/F/run.sh%00', '/cgi-bin/F%00/../T/run.sh',
	'/cgi-bin/F/run.sh%00/../../T/run.sh', '/cgi-bin/F/run.sh/..%00/..%00/T/run.sh',
	'/cgi-bin/F/..%20/T/run.sh', '/cgi-bin/F/..+/T/run.sh',
	'/cgi-bin/F/..%0a/T/run.sh', '/cgi-bin/F/.../T/run.sh',
	# absolute forms
	'http://127.0.0.1/cgi-bin/F/run.sh', 'HTTP://x.example/cgi-bin/F/run.sh',
	'http://x/cgi-bin/F/../T/run.sh', 'http://x/cgi-bin/F/..%2fT/run.sh',
	'http://x//cgi-bin/F/run.sh', 'http:///cgi-bin/F/run.sh',
	'http://x?/cgi-bin/F/run.sh', 'http:/cgi-bin/F/run.sh',
	'x://x/cgi-bin/F/../T/run.sh', 'http://x/cgi-bin/F@y/../T/run.sh',
	'http://x/../cgi-bin/F/run.sh', 'http:\\\\x/cgi-bin/F/run.sh',
	'cgi-bin/F/run.sh', '*',
	# other names of the same folder
	'/also/F/run.sh', '/also/../cgi-bin/F/run.sh', '/also/F/../T/run.sh',
	'/moved/F/run.sh', '/moved/F/../T/run.sh', '/moved/F/..%2fT/run.sh',
	'/~user/F/run.sh', '/cgi-bin/F/none.sh', '/none',
	# the server runs the other folder's script: for an error, for a Location
	# that a program printed, by an alias without a slash
	'/gone/F/x', '/gone/F/x?/cgi-bin/T/run.sh', '/cgi-bin/F/go.sh',
	'/cgi-bin/F/go.sh/../../T/go.sh', '/alias-F/run.sh',
	'/alias-F../T/run.sh', '/alias-F./run.sh', '/alias-F%2e%2e/T/run.sh',
);

# One more name of the folder and a rewritten one, if init's text does not have
# them; for Apache also a UserDir.
my %more = (
	apache => <<'END',
Alias "/also" "DIR/cgi"
RewriteEngine on
RewriteRule "^/moved/(.*)$" "/cgi-bin/$1" [PT]
UserDir DIR/cgi
Redirect 404 "/gone/"
<Location "/gone/private/">
ErrorDocument 404 /cgi-bin/public/run.sh
</Location>
<Location "/gone/public/">
ErrorDocument 404 /cgi-bin/private/run.sh
</Location>
END
	nginx    => "rewrite ^/moved/(.*)\$ /cgi-bin/\$1 last;\n"
	    . join('', map { <<"END" } [qw(private public)], [qw(public private)]),
location /gone/$_->[0]/ {
error_page 404 /cgi-bin/$_->[1]/run.sh;
return 404;
}
location ^~ /alias-$_->[0] {
alias DIR/cgi/$_->[0]/;
fastcgi_param REQUEST_METHOD \$request_method;
fastcgi_param REQUEST_URI \$request_uri;
fastcgi_param SCRIPT_NAME \$fastcgi_script_name;
fastcgi_param SCRIPT_FILENAME \$request_filename;
fastcgi_pass unix:DIR/run/sockets/paths.sock;
}
END
	haproxy  => "    http-request set-path %[path,regsub(^/moved/,/cgi-bin/)]\n",
	caddy    => "uri replace /moved/ /cgi-bin/ 1\n",
	lighttpd => "server.modules += ( \"mod_rewrite\" )\n"
	    . "url.rewrite-once = ( \"^/moved/(.*)\" => \"/cgi-bin/\$1\" )\n"
	    . join('', map { "\$HTTP[\"url\"] =~ \"^/gone/$_->[0]/\" {\n"
		. "server.error-handler-404 = \"/cgi-bin/$_->[1]/run.sh\"\n}\n"
		} [qw(private public)], [qw(public private)]),
);

# [ heading, init's name, more for the server, modules ]
my @servers = (
	[ 'lighttpd mod_fastcgi', 'lighttpd', $more{lighttpd} ],
	[ 'lighttpd mod_cgi', 'lighttpd-cgi', $more{lighttpd} ],
	(map { my ($what, $name) = @$_;
		map { [ "$what $_", $name,
			"AllowEncodedSlashes $_\n$more{apache}",
			qw(rewrite userdir) ] } 'NoDecode', 'On', 'Off' }
	    [ 'mod_fcgid', 'apache-fcgid' ], [ 'mod_cgid', 'apache-cgi' ],
	    [ 'mod_proxy_fcgi', 'apache-proxy' ]),
	[ 'nginx', 'nginx', $more{nginx} ],
	[ 'HAProxy', 'haproxy', $more{haproxy} ],
	[ 'Caddy', 'caddy', $more{caddy} ],
);

sub script {
	my ($dir, $folder) = @_;
	my $other = $folder eq 'public' ? 'private' : 'public';
	mkdir "$dir/cgi/$folder";
	write_file("$dir/cgi/$folder/go.sh", "#!/bin/sh\n"
	    . "printf 'Location: /cgi-bin/$other/run.sh\\n\\n'\n", 0755);
	return write_file("$dir/cgi/$folder/run.sh", "#!/bin/sh\n"
	    . "printf 'Content-Type: text/plain\\n\\nRAN $folder\\n'\n", 0755);
}

# A server with both scripts behind it: { port, site }.
sub site {
	my (undef, $name, $more, @modules) = @_;
	my $dir = init_folder();
	mkdir "$dir/cgi";
	script($dir, $_) for qw(private public);
	symlink '.', "$dir/cgi/user";
	my $site = init_site($dir, $name, 'paths', '--root', "$dir/cgi",
	    '--path', '/cgi-bin');
	# Init's policy without the origins.
	my $policy = read_file($site->{policy});
	$policy =~ s/^\[cors.*?(?=^\[|\z)//msg;
	write_file($site->{policy}, $policy . <<"END");

[cors]
origins = https://rest.example
[cors private]
path = /cgi-bin/private/* /gone/private/* /alias-private*
origins = $origin
[cors public]
path = /cgi-bin/public/* /gone/public/* /alias-public*
origins = *
END
	$more =~ s/\bDIR\b/$dir/g;
	return { site => $site, dir => $dir, port => init_serve($site, $more, @modules) };
}

# [ the script that ran, the section of the policy, status ]
sub ask {
	my ($port, $target) = @_;
	my $r = http($port, 'GET', $target, [ Origin => $origin ], undef,
	    timeout => 20) or return [ '', '', 'none' ];
	my ($ran) = $r->{body} =~ /^RAN (\w+)$/m;
	my @said = headers($r, 'Access-Control-Allow-Origin');
	my $policy = !@said ? 'rest' : $said[0] eq '*' ? 'public'
	    : $said[0] eq $origin ? 'private' : "@said";
	return [ $ran // '', $policy, $r->{status} ];
}

# If the server itself maps another URL to a script, the policy is that of the
# requested URL: that is the meaning of `path`.
sub is_renamed { return $_[0] =~ m{^/(?:also|moved|~user)/} }

sub target {
	my ($spelling, $from, $to) = @_;
	my %is = (F => $from, T => $to, U => uc $from,
	    E => sprintf '%%%02x%s', ord $from, substr $from, 1);
	return $spelling =~ s{(?:(?<=[/\\-])|(?<=%(?:2[fF]|5[cC]|af)))
	    ([FTUE])(?![A-Z-])}{$is{$1}}xgr;
}

# A cell: F or T, the folder whose script ran under its policy; "F!" by the rest's policy,
# the URL being another one; else the status.
sub cell {
	my ($got, $from) = @_;
	my ($ran, $policy, $status) = @$got;
	return $status if $ran eq '';
	my $letter = $ran eq $from ? 'F' : 'T';
	return $letter if $ran eq $policy;
	return $policy eq 'rest' ? "$letter*" : "$letter!!";
}

my (%table, %servers);
for my $server (@servers) {
	my ($heading, $name) = @$server;
	if (!grep { $_ eq $name } init_servers()) {
		note "no $name";
		next;
	}
	my $s = site(@$server);
	$servers{$heading} = 1;
	my $ran = 0;
	for my $spelling (@spellings) {
		my @cells;
		for my $pair ([qw(private public)], [qw(public private)]) {
			my $target = target($spelling, @$pair);
			my $got = ask($s->{port}, $target);
			my ($what, $policy, $status) = @$got;
			my $together = $what eq '' || $what eq $policy ||
			    (is_renamed($spelling) && $policy eq 'rest');
			$ran++ if $what ne '';
			ok($together, "$heading: $target") or
			    diag "$heading: $target: $status, ran $what under "
			    . "the policy of $policy";
			push @cells, cell($got, $pair->[0]);
		}
		$table{$spelling}{$heading} = $cells[0] eq $cells[1] ? $cells[0]
		    : "$cells[0], $cells[1]";
	}
	cmp_ok($ran, '>', 10, "$heading: programs ran at all")
	    or diag server_logs($s->{dir});
	init_stop($s->{site});
}


# --- the table ------------------------------------------------------------------

sub version {
	my ($program, @arguments) = @_;
	my $path = have_program($program) // return "no $program";
	my (undef, $out, $err) = run([ $path, @arguments ]);
	return "$out$err" =~ m{(\d+\.\d+(?:\.\d+)*)} ? "$program $1" : $program;
}

# Identical columns are merged.
sub table {
	my (@columns, %seen);
	for my $heading (grep { $servers{$_} } map { $_->[0] } @servers) {
		my $key = join "\0", map { $table{$_}{$heading} } @spellings;
		if ($seen{$key}) { $seen{$key}[0] .= "; $heading"; next }
		push @columns, $seen{$key} = [ $heading, $heading ];
	}
	my $text = 'Measured with ' . join(', ', version('lighttpd', '-v'),
	    version('apache2', '-v'), version('nginx', '-v'),
	    version('haproxy', '-v'), version('caddy', 'version')) . ".\n\n";
	$text .= '| request target | ' . join(' | ', map { $_->[0] } @columns)
	    . " |\n| --- " . '| --- ' x @columns . "|\n";
	for my $spelling (@spellings) {
		$text .= "| `$spelling` | " . join(' | ',
		    map { $table{$spelling}{ $_->[1] } } @columns) . " |\n";
	}
	return $text;
}

my $file = top_src() . '/SECURITY.md';
my ($begin, $end) = map { "<!-- $_ t/servers/paths.t -->\n" } 'begin', 'end';
my $written = read_file($file);
my $new = $written =~ s/^\Q$begin\E\K.*?(?=^\Q$end\E)/"\n" . table() . "\n"/emsr;
like($written, qr/^\Q$begin\E.*^\Q$end\E/ms, 'SECURITY.md has a place for it');
if ($ENV{CORSWRAP_REWRITE}) {
	write_file($file, $new);
	pass('SECURITY.md has been written');
} else {
	SKIP: {
		my ($theirs) = $written =~ /^(Measured with .*)$/m;
		my ($ours) = $new =~ /^(Measured with .*)$/m;
		skip 'other servers than those of SECURITY.md', 1
		    if ($theirs // '') ne $ours;
		ok($written eq $new, 'the table in SECURITY.md is what came out '
		    . '(CORSWRAP_REWRITE=1 writes it)')
		    or diag((grep { index($written, $_) < 0 }
			split /^/, $new)[0 .. 4]);
	}
}

done_testing;
