package Corswrap::Exchange;

# Exchanges that must work through every server: the same requests must get the
# same responses.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Server;
use Corswrap::Test;
use Exporter qw(import);
use Test::More;

our @EXPORT = qw(policy script site check_exchanges through_servers);

my $origin = 'https://app.example.com';

# Returns a policy for the script in a folder; $app has more lines of [app].
sub policy {
	my ($app) = @_;
	return <<"END";
[app]
$app
[cors]
origins = $origin
methods = PUT DELETE
headers = Content-Type
expose = X-Total-Count
max-age = 600
END
}

# A typical Perl script; it counts its starts, and ?do= selects its action.
sub script {
	my ($count) = @_;
	return <<"END";
#!/usr/bin/perl
open my \$log, '>>', '$count'; print {\$log} "\$ENV{REQUEST_METHOD}\\n"; close \$log;
\$| = 1;
my (\$do) = (\$ENV{QUERY_STRING} // '') =~ /do=(\\w+)/;
binmode STDIN;
if ((\$do // '') eq 'bad') { print "no header block at all\\n"; exit }
if ((\$do // '') eq 'length') {
	local \$/;
	my \$all = <STDIN>;
	print "Content-Type: text/plain\\n\\n", length \$all, ' bytes, ',
	    'CONTENT_LENGTH ', \$ENV{CONTENT_LENGTH} // 'unset', "\\n";
	exit;
}
if ((\$do // '') eq 'twice') {
	# In its own order, not that of Perl's hash.
	open my \$environ, '<', '/proc/self/environ';
	local \$/;
	print "Content-Type: text/plain\\n\\n", map { "\$_\\n" } sort
	    grep { /^HTTP_(?:ACCEPT|COOKIE|X_FOO_BAR)=/ }
	    split /\\0/, <\$environ>;
	exit;
}
if ((\$do // '') eq 'slow') {
	# Continues when the client has read the beginning, or gives up.
	print "Content-Type: text/plain\\n\\npart 1\\n";
	for (1 .. 200) {
		last if -e '$count.seen';
		select undef, undef, undef, 0.05;
	}
	print -e '$count.seen' ? "seen\\n" : "not seen\\n";
	exit;
}
my (\$length, \$body) = (0, '');
\$length += length \$body while read STDIN, \$body, 65536;
print "Content-Type: text/plain\\nAccess-Control-Allow-Origin: *\\n";
print "X-Total-Count: 3\\nVary: Accept-Encoding\\n\\n";
print "method=\$ENV{REQUEST_METHOD} length=\$length\\n";
END
}

# Makes a folder as the shipped configurations expect it, with the script, which
# notes its starts in run/count, and the two policies.
sub site {
	my $dir = tempdir();
	make_places($dir);
	write_file("$dir/cgi/report.pl", script("$dir/run/count"), 0755);
	example($dir, $_) for qw(app.ini scripts.ini lighttpd.ini
	    lighttpd-scripts.ini);
	return $dir;
}

# Name, server, configuration, path of the script, and the policy of the responder
# if the server does not start it.
my @servers = (
	[ 'nginx',    'nginx',    'nginx.conf',   '/api', 'app' ],
	[ 'HAProxy',  'haproxy',  'haproxy.cfg',  '/api', 'app' ],
	[ 'Caddy',    'caddy',    'Caddyfile',    '/api', 'app' ],
	[ 'lighttpd', 'lighttpd', 'lighttpd-fastcgi.conf', '/api', '' ],
	[ 'mod_proxy_fcgi', 'apache', 'apache-proxy-fcgi.conf',
		'/cgi-bin/report.pl', 'scripts' ],
	[ 'mod_fcgid', 'apache', 'apache-fcgid.conf', '/cgi-bin/report.pl', '' ],
	[ 'mod_cgid',  'apache', 'apache-cgid.conf', '/api', '' ],
);

# through_servers(TEST, app => LINES, script => TEXT, config => SUB): starts each
# installed server, with these lines of [app] and this text of the script, and
# calls TEST->(NAME, PORT, PATH, FOLDER).  config changes the server's shipped
# configuration, which is in $_.
sub through_servers {
	my ($test, %o) = @_;
	for my $case (@servers) {
		my ($name, $server, $file, $path, $own) = @$case;
		my $there = $server eq 'apache' ? have_program('apache2')
		    : have_program($server);
		$there &&= -e module_folder() . '/mod_fcgid.so'
		    if $name eq 'mod_fcgid';
		SKIP: {
			skip "no $name", 1 unless $there;
			my $dir = site();
			write_file("$dir/cgi/report.pl", $o{script}, 0755)
			    if $o{script};
			if ($name eq 'mod_cgid') {
				symlink "$dir/corswrap", "$dir/cgi/api.cgi";
				write_file("$dir/cgi/.htapi.ini",
				    policy('exec = report.pl'));
			}
			for my $policy (glob "$dir/etc/*.ini $dir/cgi/.ht*.ini") {
				write_file($policy, read_file($policy) =~
				    s/^\[app\]/[app]\n$o{app}/mr) if $o{app};
			}
			my $pid = $own ? responder_on($dir, "$dir/etc/$own.ini")
			    : undef;
			local $_ = read_file(top_src() . "/examples/servers/$file");
			$o{config}->($name) if $o{config};
			$test->($name, serve($dir, $server, $file, $_), $path, $dir);
			show_logs($dir);
			stop($pid) if $pid;
		}
	}
	return;
}

sub starts { my ($file) = @_; my @l = split /\n/, read_file($file); return scalar @l }

sub preflight {
	my ($port, $path, $from) = @_;
	return http($port, 'OPTIONS', $path, [ Origin => $from,
	    'Access-Control-Request-Method' => 'PUT',
	    'Access-Control-Request-Headers' => 'content-type' ]);
}

# check_exchanges(PORT, PATH, FILE WITH STARTS): runs the tests; the file must be
# empty.
sub check_exchanges {
	my ($port, $path, $count) = @_;

	my $r = preflight($port, $path, $origin);
	is($r->{status}, 204, 'an allowed preflight gets 204');
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    'the preflight response allows its origin');
	# Apache joins list headers itself, without blanks.
	like(header($r, 'Access-Control-Allow-Methods'), qr{^PUT, ?DELETE$},
	    'the preflight response lists the allowed methods');
	is(header($r, 'Access-Control-Allow-Headers'), 'content-type',
	    'the preflight response allows the header');
	is(header($r, 'Access-Control-Max-Age'), 600,
	    'the preflight response has max-age');
	like(header($r, 'Vary'), qr/^Origin,[ ]?Access-Control-Request-Method,[ ]?
	    Access-Control-Request-Headers$/x, 'the preflight response has Vary');
	is($r->{body}, '', 'the preflight response has no body');

	$r = preflight($port, $path, 'https://evil.example');
	is($r->{status}, 403, 'a preflight from another origin gets 403');
	is(scalar(headers($r, 'Access-Control-Allow-Origin')), 0,
	    'the 403 allows no origin');
	is(starts($count), 0, 'the program was not started for a preflight');

	$r = http($port, 'GET', $path, [ Origin => $origin ]);
	is($r->{status}, 200, 'a GET gets 200');
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    'the GET allows exactly one origin, that of the page');
	is(header($r, 'Access-Control-Expose-Headers'), 'x-total-count',
	    'the GET exposes X-Total-Count');
	like(join(',', headers($r, 'Vary')), qr/^Accept-Encoding, ?Origin$/,
	    'Origin is added to the Vary of the program');
	like($r->{body}, qr/^method=GET length=0$/, 'the GET has the body of the program');
	is(starts($count), 1, 'the program was started once');

	$r = http($port, 'GET', $path, [ Origin => 'https://evil.example' ]);
	is($r->{status}, 200, 'a GET from another origin runs the program');
	is(scalar(headers($r, 'Access-Control-Allow-Origin')), 0,
	    'the other origin cannot read the response');

	$r = http($port, 'GET', "$path?do=bad", [ Origin => $origin ]);
	is($r->{status}, 502, 'a program without a header block gets 502');
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    'the page can read the 502');

	my $body = 'x' x (1 << 20);
	$r = http($port, 'PUT', $path, [ Origin => $origin,
	    'Content-Type' => 'text/plain' ], $body);
	like($r->{body}, qr/^method=PUT length=1048576$/, 'an upload of 1 MB arrives');

	# For an unknown length, Caddy sets -1, other servers nothing.
	my $chunks = "5\r\nhello\r\n2710\r\n" . 'y' x 10000 . "\r\n0\r\n\r\n";
	$r = http($port, 'PUT', "$path?do=length", [ Origin => $origin,
	    'Content-Type' => 'text/plain' ], $chunks, chunked => 1);
	is($r->{body}, "10005 bytes, CONTENT_LENGTH 10005\n",
	    'an upload in chunks arrives, with its length');
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    'the response has its CORS header');

	# Some servers join the lines of a header, others pass on each line;
	# some drop names with "_", others merge two headers into one name.
	$r = http($port, 'GET', "$path?do=twice", [ Origin => $origin,
	    Accept => 'a/b', Cookie => 'c=1', 'X-Foo-Bar' => 'x',
	    Accept => 'c/d', Cookie => 'd=2', 'X-Foo_Bar' => 'y' ]);
	like($r->{body}, qr{\AHTTP_ACCEPT=a/b,[ ]?c/d\n
	    HTTP_COOKIE=c=1(?:;[ ]?|,[ ])d=2\n(?:HTTP_X_FOO_BAR=.*\n)?\z}x,
	    'the program gets a header on two lines as one variable');

	unlink "$count.seen";
	$r = http($port, 'GET', "$path?do=slow", [ Origin => $origin ], undef,
	    each => sub { write_file("$count.seen", '') if $_[0] =~ /^part 1/m });
	is($r->{body}, "part 1\nseen\n",
	    'each part of a response is passed on immediately');
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    'the response has its CORS header');

	$r = http($port, 'OPTIONS', $path, [ Origin => $origin ]);
	like($r->{body}, qr/^method=OPTIONS /,
	    'the program gets an OPTIONS that is not a preflight');
	is(header($r, 'Access-Control-Allow-Origin'), $origin,
	    'an OPTIONS that is not a preflight gets CORS headers');
	return;
}

1;
