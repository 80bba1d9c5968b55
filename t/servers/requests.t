#!/usr/bin/perl
# Methods, bodies, hosts and responses of every kind, through every server with
# only the output of `corscheck init`: status, headers, body and the program's
# variables are those of plain Apache mod_cgid.  The prefix is deep, and has
# bytes that are special in configurations.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use File::Path qw(make_path);
use Test::More;

plan skip_all => 'no Apache' unless have_program('apache2');
my $origin = 'https://app.example.com';
my $prefix = '/a-b/v1.0/c+d~e/x';

my @names = qw(REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING REQUEST_URI
    HTTP_HOST SERVER_NAME SERVER_PORT REMOTE_ADDR CONTENT_LENGTH CONTENT_TYPE
    HTTP_RANGE HTTP_X_LONG HTTP_IF_NONE_MATCH HTTP_COOKIE HTTP_ACCEPT
    HTTP_ACCEPT_ENCODING HTTP_DEPTH HTTP_AUTHORIZATION HTTP_EXPECT HTTP_X_UTF8
    HTTP_USER_AGENT HTTP_PROXY HTTPS);

# X-Do selects its output; default: all its variables.
sub script {
	return "#!$^X\nmy \@names = qw(@names);\n" . <<'PERL';
binmode STDOUT;
binmode STDIN;
my $do = $ENV{HTTP_X_DO} // '';
my $body = '';
if (($ENV{CONTENT_LENGTH} // '') =~ /^\d+$/) {
	while (length $body < $ENV{CONTENT_LENGTH}) {
		read STDIN, $body, $ENV{CONTENT_LENGTH} - length $body,
		    length $body or last;
	}
} else {
	$body = join '', <STDIN>;
}
my $t = "Content-Type: text/plain\n";
my %say = (
	teapot => "Status: 418 Short and stout\n${t}\nteapot\n",
	created => "Status: 201 Created\nLocation: http://x.example/new\n${t}\nmade\n",
	empty => "Status: 204 No Content\n\n",
	same => "Status: 304 Not Modified\nETag: \"a\"\n\n",
	away => "Location: https://x.example/a?b\n\n",
	cookies => "Set-Cookie: a=1; Path=/\nSet-Cookie: b=2; HttpOnly\n${t}\nok\n",
	headers => "${t}ETag: \"abc\"\nLast-Modified: Sat, 03 Jan 2026 04:05:06 GMT\n"
	    . "Cache-Control: private\nX-Total-Count: 7\nX-Empty:\n"
	    . "Content-Disposition: attachment; filename=\"a b.txt\"\n"
	    . "Link: </a>; rel=next\nLink: </b>; rel=prev\n\nok\n",
	crlf => "Content-Type: text/plain\r\nX-A: b\r\n\r\nline\r\n",
	bytes => "Content-Type: application/octet-stream\n\n"
	    . join('', map { chr } 0 .. 255) x 300,
	gzip => "Content-Type: text/plain\nContent-Encoding: gzip\n\n\x1f\x8b\x08\0\0",
	length => "${t}Content-Length: 6\n\nsix..\n",
	error => "Status: 500 Oops\n${t}\nwent wrong\n",
	gone => "Status: 404 Not Found\n${t}\nnot here\n",
	login => "Status: 401 Unauthorized\nWWW-Authenticate: Basic realm=\"x\"\n"
	    . "${t}\nwho\n",
	nothing => "${t}\n",
);
if ($say{$do}) {
	print $say{$do};
} elsif ($do eq 'part') {
	my ($from, $to) = ($ENV{HTTP_RANGE} // '') =~ /^bytes=(\d+)-(\d+)$/;
	my $all = join '', map { sprintf '%07d ', $_ } 0 .. 24_999;
	my $head = "Content-Type: application/octet-stream\nAccept-Ranges: bytes\n";
	print defined $to ? "Status: 206 Partial Content\n${head}"
	    . "Content-Range: bytes $from-$to/200000\n\n"
	    . substr($all, $from, $to - $from + 1) : "$head\n$all";
} else {
	print "${t}\n";
	print "$_=", $ENV{$_} // '', "\n" for @names;
	print 'BODY=', length $body, ' ', unpack('%32C*', $body), "\n";
}
PERL
}

my @asked;    # [ name, method, path and query, fields, body, options of http ]

sub asked {
	my ($name, $method, $path, $fields, $body, %o) = @_;
	push @asked, [ $name, $method, $path, $fields // [], $body, \%o ];
	return;
}

asked('without a body', $_, '/y') for qw(GET HEAD DELETE OPTIONS);
asked('with a body', $_, '/y', [ 'Content-Type' => 'text/xml', Depth => 1 ],
    '<a/>') for qw(POST PUT PATCH DELETE PROPFIND PROPPATCH REPORT MKCOL LOCK);
asked('of WebDAV', $_, '/y', [ Depth => 0, Destination => '/z' ])
    for qw(PROPFIND COPY MOVE UNLOCK);
asked('an empty body', $_, '/y', [ 'Content-Type' => 'text/plain' ], '')
    for qw(POST PUT);
asked('a large body', 'POST', '/up', [ 'Content-Type' => 'text/plain' ],
    "0123456789abcdef\xff\0" x 20_000);
asked('a query of brackets', 'GET', '?a[]=1&a[b]=2&c=%5B%5D');
asked('a query of bytes', 'GET', '?a=%00%ff%E2%82%AC&b=+%2B');
asked('a query without values', 'GET', '?a&b=&=c&&');
asked('a query that is empty', 'GET', '/?');
asked('a query of quotes', 'GET', q{?a='"&b=<x>&c={y}|z^`});
asked('a query of a URL', 'GET', '?u=http://x/a?b=c/../d//e');
asked('a query of ; and :', 'GET', '?a;b:c,d=e@f!$*()');
asked('a path of UTF-8', 'GET', '/%E2%82%AC/%c3%a9');
asked('a path of marks', 'GET', q{/a+b/c&d=e;f,g:h@i!$'()*~});
asked('a path of escapes', 'GET', '/%2B%26%3D%3B%20%25%23%3F/%61');
asked('a path of Latin 1', 'GET', '/%e9');
asked('a path of slashes', 'GET', '/a//b///');
asked('a path of an escaped slash', 'GET', '/a%2Fb/c');
asked('a path like a script', 'GET', '/z.pl/y.php/q.cgi');
asked('a path with a dot at the end', 'GET', '/y.');
asked('a long path', 'GET', '/' . 'abcdefgh/' x 200);
asked("Host $_", 'GET', '/y', [], undef, host => $_)
    for 'www.example.com', 'www.example.com:81', 'WWW.Example.COM', '[::1]',
    '[::1]:8080';
# (A range of bytes lighttpd may cut out itself, if all has come at once.)
asked('headers of all kinds', 'GET', '/y', [ Cookie => 'a=b; c="d e"',
	Accept => '*/*;q=0.1', 'Accept-Encoding' => 'gzip', 'X-Long' => 'l' x 3000,
	Authorization => 'Basic YTpi', 'If-None-Match' => '"a"',
	'X-UTF8' => "\xc3\xa9", Proxy => 'http://evil', Range => 'lines=1-2',
	'User-Agent' => 'x/1 (y; z)' ]);
asked('a body in chunks', 'POST', '/y', [ 'Content-Type' => 'text/plain' ],
    "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", chunked => 1);
for my $do (qw(teapot created empty same away cookies headers crlf bytes gzip
    length error gone login nothing part)) {
	asked("the response $do", $_, '/y', [ 'X-Do' => $do ]) for qw(GET HEAD);
}
asked('a part', 'GET', '/y', [ 'X-Do' => 'part',
	Range => 'bytes=100000-100999' ]);

# For the scripts of a folder: cases that depend on their lines.
my %asked = (one => \@asked,
	root => [ grep { $_->[0] =~ /path|query|chunks|Host|WebDAV/ } @asked ]);

sub build {
	my ($dir) = @_;
	make_path("$dir/app");
	write_file("$dir/app/report.pl", script(), 0755);
	return;
}

# Headers that servers add, and CORS.
my %apart = map { $_ => 1 } qw(date server connection keep-alive via
    transfer-encoding content-length vary status accept-ranges
    access-control-allow-origin access-control-expose-headers);

# Headers of one name joined, as Apache sends them, except cookies; lighttpd
# drops one without a value.
sub plain_headers {
	my ($reply) = @_;
	my (%value, @cookies);
	for (@{ $reply->{headers} }) {
		my ($name, $value) = (lc $_->[0], $_->[1]);
		next if $apart{$name} || $value eq '';
		push @{ $value{$name} }, $value;
	}
	@cookies = map { "set-cookie: $_" } @{ delete $value{'set-cookie'} // [] };
	return [ @cookies, map { "$_: " . join ', ', @{ $value{$_} } }
	    sort keys %value ];
}

# Where a server differs with any program (corswrap(8), CAVEATS).
my %refused = map { ("$_: GET: a query of bytes" => 400,
	"$_: GET: a path of Latin 1" => 404) } qw(lighttpd lighttpd-cgi);
my %differs = (
	lighttpd => qr/^QUERY_STRING$/, 'lighttpd-cgi' => qr/^QUERY_STRING$/,
	caddy => qr/^CONTENT_TYPE$/,
);

# The same, as far as the standards go: names of hosts have no case, a server
# has the port that it has, a body in chunks has the length that came, and not
# all merge slashes.
sub is_same {
	my ($name, $want, $got) = @_;
	return 1 if $got eq $want;
	return 1 if $name =~ /^(?:HTTP_HOST|SERVER_NAME)$/ && lc $got eq lc $want;
	return 1 if $name eq 'SERVER_NAME' && "[$got]" eq $want;
	return 1 if $name eq 'SERVER_PORT' && $got eq 'PORT';
	return 1 if $name eq 'CONTENT_LENGTH' && $want eq '' && $got eq '11';
	return $name eq 'PATH_INFO' && $got =~ s{/+}{/}gr eq $want;
}

sub ask {
	my ($port, $kind) = @_;
	my $path = $kind eq 'one' ? $prefix : "$prefix/report.pl";
	my %got;
	for (@{ $asked{$kind} }) {
		my ($name, $method, $rest, $fields, $body, $o) = @$_;
		my $r = http($port, $method, "$path$rest",
		    [ Origin => $origin, @$fields ], $body, timeout => 15, %$o)
		    || { status => 'no answer', headers => [], body => '' };
		my $text = $r->{body};
		if (length $text < 10_000) { # nothing of that is in more
			$text =~ s/\b$port\b/PORT/g;
			$text =~ s/^CONTENT_LENGTH=0$/CONTENT_LENGTH=/m;
		}
		$got{"$method: $name"} = { status => $r->{status}, body => $text,
			cors => header($r, 'Access-Control-Allow-Origin') // '',
			headers => plain_headers($r) };
	}
	return \%got;
}

sub bare {
	my ($kind) = @_;
	my $dir = tempdir();
	build($dir);
	make_path("$dir/www");
	my $alias = $kind eq 'one' ? "ScriptAlias $prefix $dir/app/report.pl" :
	    "Alias $prefix $dir/app";
	my $port = apache($dir, <<"END", qw(cgid dir));
AllowEncodedSlashes On
ScriptSock $dir/run/cgid.sock
$alias
<Directory $dir/app>
Options +ExecCGI
AddHandler cgi-script .pl
Require all granted
CGIPassAuth On
</Directory>
END
	return ask($port, $kind);
}

sub same_variables {
	my ($what, $may, $want, $got) = @_;
	my %got = $got =~ /^([A-Z_0-9]+)=(.*)$/mg;
	my @wrong;
	for (split /\n/, $want) {
		my ($name, $value) = split /=/, $_, 2;
		push @wrong, "$name: '$value' became '$got{$name}'"
		    if !is_same($name, $value, $got{$name} //= '') &&
		    $name !~ $may;
	}
	return is_deeply(\@wrong, [], "$what: variables");
}

sub compare {
	my ($server, $kind, $want, $got) = @_;
	for my $what (map { "$_->[1]: $_->[0]" } @{ $asked{$kind} }) {
		my ($w, $g) = ($want->{$what}, $got->{$what});
		if (my $status = $refused{"$server: $what"}) {
			is($g->{status}, $status, "$what: refused by the server");
			next;
		}
		is($g->{status}, $w->{status}, "$what: status");
		# Apache has a page of its own, where the program has none.
		@$_{qw(headers body)} = ([ grep { /^location/ }
			@{ $_->{headers} } ], '') for $what =~ /response away/ ?
		    ($w, $g) : ();
		is_deeply($g->{headers}, $w->{headers}, "$what: headers");
		if ($w->{body} =~ /^REQUEST_METHOD=/) {
			same_variables($what, $differs{$server} // qr/^$/,
			    $w->{body}, $g->{body});
		} else {
			ok($g->{body} eq $w->{body}, "$what: body") or
			    diag(substr($w->{body}, 0, 200), "\n--- became\n",
			    substr($g->{body}, 0, 200));
		}
		is($g->{cors}, $origin, "$what: CORS");
	}
	return;
}

for my $kind (qw(one root)) {
	my $want = bare($kind);
	for my $server (init_servers()) {
		next if $server eq 'busybox';
		subtest "$server, $kind" => sub {
			my $dir = init_folder();
			build($dir);
			my $site = init_site($dir, $server, 'x', '--path', $prefix,
			    $kind eq 'one' ? ('--exec', "$dir/app/report.pl")
			    : ('--root', "$dir/app"));
			my $port = init_serve($site);
			compare($server, $kind, $want, ask($port, $kind));
			init_stop($site);
		};
	}
}
done_testing;
