package Corswrap::Corpus;

# The programs of t/warm/corpus and how they are asked: each must answer the
# same warm as cold, byte for byte.
#
#	for (corpus()) {
#		my ($name, $script, %how) = @$_;    # words, lacks
#		for my $request (requests($name)) { ... } # env, body
#	}
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test;
use Exporter qw(import);

our @EXPORT_OK = qw(corpus requests refused without_time);

my $perl = '/usr/bin/perl';

# What a program needs that core Perl has not.
my %needs = (map({ $_ => 'CGI' } qw(guestbook carp upload)),
	session => 'CGI::Session', sqlite => 'DBD::SQLite');

# The words before the script, as its first line has them.
sub _words {
	my ($script) = @_;
	my ($line) = read_file($script) =~ m{^#!(\S+(?: \S+)?)};
	return [ split ' ', $line ];
}

sub corpus {
	my @all;
	for my $script (sort glob top_src() . '/t/warm/corpus/*.pl') {
		my ($name) = $script =~ m{([^/]+)\.pl$};
		my %how = (words => _words($script));
		my $module = $needs{$name};
		$how{lacks} = "no $module"
		    if $module && !eval "require $module; 1";
		push @all, [ $name, $script, %how ];
	}
	return @all;
}

my %get = (REQUEST_METHOD => 'GET', QUERY_STRING => '',
	GATEWAY_INTERFACE => 'CGI/1.1', SERVER_PROTOCOL => 'HTTP/1.1',
	SERVER_NAME => 'www.example', SERVER_PORT => 80, SCRIPT_NAME => '/x.pl',
	REMOTE_ADDR => '192.0.2.7');

sub _get {
	my ($query, %more) = @_;
	return { env => { %get, QUERY_STRING => $query, %more }, body => '' };
}

sub _post {
	my ($body, %more) = @_;
	return { env => { %get, REQUEST_METHOD => 'POST', CONTENT_TYPE =>
		'application/x-www-form-urlencoded',
		CONTENT_LENGTH => length $body, %more }, body => $body };
}

sub _upload {
	my ($bytes) = @_;
	my $mark = 'xxMarkxx';
	return _post("--$mark\r\nContent-Disposition: form-data; name=\"text\"" .
	    "\r\n\r\na text\r\n--$mark\r\nContent-Disposition: form-data; " .
	    "name=\"file\"; filename=\"a b.bin\"\r\nContent-Type: image/png\r\n" .
	    "\r\n$bytes\r\n--$mark--\r\n",
	    CONTENT_TYPE => "multipart/form-data; boundary=$mark");
}

my %asked = (
	guestbook => sub { (_get('a=1;b=%C3%A4;a=2', HTTP_COOKIE => 'seen=yes'),
		_post('name=Anna&text=%3Cb%3Ehello%3C%2Fb%3E'), _get('')) },
	stdin => sub { (_get(''), _post("a line\nand the rest" x 50)) },
	taint => sub { (_get('abc;def'), _post('tainted', QUERY_STRING => 'x')) },
	upload => sub { (_upload(join '', map { chr $_ % 256 } 1 .. 70_000),
		_upload(''), _get('')) },
	utf8 => sub { (_post("gr\xc3\xbcn")) },
);

sub requests {
	my ($name) = @_;
	return $asked{$name} ? $asked{$name}->() : (_get('q=1'));
}

# The text without times of day, which may differ by a second.
sub without_time {
	my ($text) = @_;
	return $text =~ s/\b\d\d:\d\d:\d\d\b/TIME/gr;
}

# What cannot run warm: what it is, what is said of it, first line, program.
sub refused {
	my @refused = (
		[ 'a file held open', qr{descriptor \d+ is open: /etc/passwd},
			undef, 'BEGIN { open our $f, "<", "/etc/passwd" }' ],
		[ 'a socket', qr/descriptor \d+ is open: socket/, undef,
			'use Socket; BEGIN { socket our $s, AF_INET, SOCK_STREAM, 0 }' ],
		[ 'standard output replaced', qr{descriptor 1 was replaced by /dev/null},
			undef, 'BEGIN { open STDOUT, ">", "/dev/null" }' ],
		[ 'standard error closed', qr/descriptor 2 was replaced by closed/,
			undef, 'BEGIN { close STDERR }' ],
		[ 'standard input read', qr/standard input was read/, undef,
			'BEGIN { my $line = <STDIN> }' ],
		[ 'output', qr/it wrote while it was compiled/, undef,
			'BEGIN { print "Content-Type: text/plain\n\n" }' ],
		[ 'a child', qr/a child process is running/, undef,
			'BEGIN { fork || do { close STDERR; sleep 1; exec "true" } }' ],
		[ 'an alarm', qr/an alarm is set/, undef, 'BEGIN { alarm 100 }' ],
	);
	push @refused, [ 'a database opened in BEGIN', qr/descriptor \d+ is open: .*\.db/,
		undef, 'use DBI; BEGIN { our $d = DBI->connect("dbi:SQLite:dbname=' .
		'/tmp/corswrap-refused-' . $$ . '.db"); $d->do("create table if ' .
		'not exists t (n)"); unlink "/tmp/corswrap-refused-' . $$ . '.db" }' ]
	    if eval { require DBD::SQLite; 1 };
	push @refused, [ 'a thread', qr/more than one thread/, undef,
		'use threads; BEGIN { async { sleep 1 }->detach }' ]
	    if eval { require Config; $Config::Config{useithreads} };
	return @refused;
}

1;
