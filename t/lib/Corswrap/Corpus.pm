package Corswrap::Corpus;

# The programs of t/warm/corpus and their requests: each response must be the
# same, byte for byte, whether the program runs warm or cold.
#
#	for (php_corpus()) {
#		my ($name, $files, @requests) = @$_; # files by name; requests are for x.php
#	}
#	for (corpus()) {
#		my ($name, $script, %how) = @$_;    # words, lacks
#		for my $request (requests($name)) { ... } # env, body
#	}
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Config;
use Corswrap::Test;
use Exporter qw(import);
use POSIX ();

our @EXPORT_OK = qw(corpus requests refused without_time php_corpus
    server_variables);

my $perl = '/usr/bin/perl';

# Modules that a program needs and core Perl does not have.
my %needs = (map({ $_ => 'CGI' } qw(begin guestbook carp upload)),
	session => 'CGI::Session', sqlite => 'DBD::SQLite');

# Returns the interpreter and its argument from the first line of the script.
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

my $root = top_src() . '/t/warm/corpus';
my %get = (DOCUMENT_ROOT => $root, REQUEST_METHOD => 'GET', QUERY_STRING => '',
	GATEWAY_INTERFACE => 'CGI/1.1', SERVER_PROTOCOL => 'HTTP/1.1',
	SERVER_NAME => 'www.example', SERVER_PORT => 80, SCRIPT_NAME => '/x.pl',
	REMOTE_ADDR => '192.0.2.7');

# Returns the variables that an interpreter is started with.
sub server_variables { return map { $_ => $get{$_} } qw(DOCUMENT_ROOT GATEWAY_INTERFACE) }

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

# Returns the text without times of day, which may differ by a second.
sub without_time {
	my ($text) = @_;
	return $text =~ s/\b\d\d:\d\d:\d\d\b/TIME/gr;
}

# Returns scripts for php-cgi: name, files (requests are for x.php), requests.
sub php_corpus {
	my @all = (
		[ 'server', '<?php foreach ($_SERVER as $k => $v) echo "$k=", json_encode($v), "\n";' .
			' print_r($argv ?? "none"); print_r($_GET); echo getenv("FOO"), "\n";' .
			' print_r($_COOKIE);',
			_get('a=1&b[]=2&b[]=%C3%A4', HTTP_COOKIE => 'seen=yes', AUTH_TYPE =>
				'Basic', HTTP_AUTHORIZATION => 'Basic YTpi', PATH_INFO => '/more'),
			_get('word+word') ],
		[ 'body', '<?php echo file_get_contents("php://input"), count($_POST), "\n";' .
			' print_r($_POST);', _post('a=1&b=%3C&c[x]=y'), _post('x' x 100_000),
			_post('{"a":1}', CONTENT_TYPE => 'application/json'), _get('') ],
		[ 'upload', '<?php foreach ($_FILES as $n => $f) { echo $n, $f["name"], $f["type"],' .
			' $f["size"], $f["error"], " ", $f["size"] ? md5_file($f["tmp_name"]) : "",' .
			' is_uploaded_file($f["tmp_name"]), "\n"; } print_r($_POST);',
			_upload(join '', map { chr $_ % 256 } 1 .. 100_000), _upload('') ],
		[ 'session', '<?php session_save_path(__DIR__); session_id("abc"); session_start();' .
			' $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; echo $_SESSION["n"];' .
			' if ($_SERVER["QUERY_STRING"] === "end") session_destroy();',
			_get('1'), _get('2'), _get('end') ],
		[ 'shutdown', '<?php register_shutdown_function(function () { echo "last ", getcwd(),' .
			' " ", connection_status(); }); class D { function __destruct() { echo "gone "; } }' .
			' $d = new D; echo "first "; if ($_GET) exit(3); echo "second ";',
			_get(''), _get('a=1') ],
		[ 'fatal', '<?php echo "before "; if ($_GET["w"] === "throw") throw new Exception("no");' .
			' if ($_GET["w"] === "call") nothing(); if ($_GET["w"] === "log") error_log("a line");' .
			' if ($_GET["w"] === "warn") echo $undefined; if ($_GET["w"] === "memory")' .
			' { ini_set("memory_limit", "4M"); str_repeat("x", 8000000); }' .
			' if ($_GET["w"] === "err") fwrite(fopen("php://stderr", "w"), "to stderr\n");' .
			' echo "after";', map { _get("w=$_") } qw(throw call log warn memory err none) ],
		[ 'parse', '<?php echo "x"; $x = ;', _get('') ],
		[ 'time', '<?php set_time_limit(1); echo "x"; for (;;);', _get('') ],
		[ 'headers', '<?php http_response_code(404); header("X-A: 1"); header("X-A: 2", false);' .
			' setcookie("a", "b c"); header("Content-Type: text/plain; charset=x"); echo "no";',
			_get('') ],
		[ 'redirect', '<?php header("Location: /there?a=b");', _get('') ],
		[ 'flush', '<?php ob_start(fn($t) => strtoupper($t)); echo "a"; ob_end_flush(); echo "b";' .
			' flush(); ob_start(); echo "c"; ob_flush(); echo "d"; output_add_rewrite_var("s", "1");' .
			' echo "<a href=\"x.php\">"; for ($i = 0; $i < 3; $i++) { echo str_repeat("y", 70000);' .
			' flush(); }', _get('') ],
		[ 'where', '<?php echo __FILE__, __DIR__, getcwd(), basename($_SERVER["PHP_SELF"]);' .
			' include "part.php"; chdir("/"); echo getcwd(); file_put_contents(__DIR__ . "/a.state",' .
			' "x", FILE_APPEND); echo strlen(file_get_contents(__DIR__ . "/a.state"));',
			{ 'part.php' => '<?php echo "part ", __LINE__;' }, _get(''), _get('') ],
		[ 'programs', '<?php echo shell_exec("echo \\\$FOO; pwd"), exec("exit 3", $o, $s), $s;' .
			' $p = proc_open(["cat"], [["pipe", "r"], ["pipe", "w"]], $pipes); fwrite($pipes[0],' .
			' "through"); fclose($pipes[0]); echo stream_get_contents($pipes[1]), proc_close($p);' .
			' passthru("echo passed; echo complaint >&2");', _get('') ],
		[ 'ini', '<?php echo ini_get("precision"), ini_get("user_ini.filename"), ini_get("x");',
			{ '.user.ini' => "precision = 5\nauto_prepend_file = p.inc\n",
				'p.inc' => 'prepended ' }, _get('') ],
		[ 'large', '<?php for ($i = 0; $i < 40; $i++) echo str_repeat(chr(65 + $i % 26), 50000);',
			_get('') ],
		[ 'empty', '', _get('') ],
		[ 'text', "#!/usr/bin/php-cgi\nno code <?= 1 + 1 ?>\n", _get('') ],
		[ 'sqlite', '<?php $d = new SQLite3(__DIR__ . "/d.state"); $d->exec("create table if not' .
			' exists t (n)"); $d->exec("insert into t values (1)");' .
			' echo $d->querySingle("select count(*) from t");', _get(''), _get('') ],
	);
	my $modules = join ' ', (run([ 'php-cgi', '-m' ]))[1];
	@all = grep { $_->[0] ne 'sqlite' } @all if $modules !~ /sqlite3/;
	for (@all) {
		my ($name, $code, @more) = @$_;
		my %files = ref $more[0] && !$more[0]{env} ? %{ shift @more } : ();
		$_ = [ $name, { %files, 'x.php' => $code }, @more ];
	}
	return @all;
}

# Returns scripts that cannot run warm: name, message, first line, program.
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
	push @refused, [ 'shared memory', qr{memory is shared: /dev/zero}, undef,
		'BEGIN { syscall 9, 0, 4096, 3, 0x21, -1, 0 }' ] # mmap
	    if $Config{archname} =~ /^x86_64-linux/;
	push @refused, [ 'a folder left, with relative paths', qr/it changes its folder/,
		undef, 'use lib "."; BEGIN { chdir "/" }' ];
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
