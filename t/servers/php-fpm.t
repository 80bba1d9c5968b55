#!/usr/bin/perl
# Forward to real php-fpm pools: a script's variables and output, large uploads
# and responses, disconnects, a pool that is full, reloaded, or killed under
# load.  With CORSWRAP_LONG in the environment bodies have realistic sizes.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get record begin_record
    params_records request_bytes);
use Corswrap::Responder;
use Corswrap::Test qw(have_program read_file start stop tempdir tick wait_for wait_ticks
    wait_socket write_file);
use Digest::MD5 qw(md5_hex);
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);

my ($fpm) = grep { $_ } map { have_program($_) }
    qw(php-fpm php-fpm8.4 php-fpm8.3 php-fpm8.2 php-fpm8.1 php-fpm7.4);
plan skip_all => 'no php-fpm here' unless $fpm;

my $origin = 'https://app.example.com';
my $dir    = tempdir();
chmod 0777, "$dir"; # the pools write there as another user

# --- the application --------------------------------------------------------------

write_file("$dir/app.php", <<'PHP', 0644);
<?php
$do = $_GET['do'] ?? 'hello';
if ($do == 'hello') {
	header('Content-Type: text/plain');
	header('X-Total: 5');
	header('X-Precision: ' . ini_get('precision'));
	echo 'hello from ', getmypid();
} elseif ($do == 'vars') {
	header('Content-Type: application/json');
	echo json_encode($_SERVER);
} elseif ($do == 'headers') {
	http_response_code(404);
	header('Access-Control-Allow-Origin: *');
	header('Access-Control-Allow-Credentials: true');
	header('Vary: Accept-Encoding');
	header('X-A: 1');
	header('X-A: 2', false);
	setcookie('a', '1');
	setcookie('b', '2');
	echo 'not here';
} elseif ($do == 'upload') {
	$in = fopen('php://input', 'r');
	$hash = hash_init('md5');
	echo hash_update_stream($hash, $in), ' ', hash_final($hash), ' ',
	    $_SERVER['CONTENT_LENGTH'];
} elseif ($do == 'bulk') {
	$chunk = str_repeat('0123456789abcdef', 65536);
	for ($i = 0; $i < (int)$_GET['n']; $i++)
		echo $chunk;
} elseif ($do == 'error') {
	error_log("cannot do it\nand a second line");
	echo 'went on';
} elseif ($do == 'fatal') {
	nothing_of_that_name();
} elseif ($do == 'abort') {
	ignore_user_abort(true);
	while (!connection_aborted()) {
		echo str_repeat('x', 8192);
		flush();
		usleep(10000);
	}
	file_put_contents(__DIR__ . '/aborted', 'yes');
} elseif ($do == 'sleep') {
	usleep(1000 * (int)$_GET['ms']);
	echo 'slept';
}
PHP

# A pool: {pid, socket}.
sub pool {
	my ($name, $children, $more) = @_;
	my $socket = "$dir/$name.sock";
	my $user   = $> == 0 ? "user = nobody\ngroup = nogroup\n" : '';
	write_file("$dir/$name.conf", <<"CONF");
[global]
error_log = $dir/$name.log
daemonize = no
process_control_timeout = 20s
[$name]
${user}listen = $socket
listen.mode = 0666
pm = static
pm.max_children = $children
php_admin_value[post_max_size] = 200M
php_admin_value[memory_limit] = 300M
php_admin_value[max_execution_time] = 120
php_admin_flag[log_errors] = on
php_admin_flag[html_errors] = off
php_admin_flag[display_errors] = off
${\($more // '')}
CONF
	unlink $socket;
	my $pid = start([ $fpm, '-n', '-F', ($> == 0 ? '-R' : ()), '-y',
		"$dir/$name.conf" ], stderr => "$dir/$name.err");
	wait_socket($socket)
	    or die "$fpm does not start: " . read_file("$dir/$name.err")
	    . read_file("$dir/$name.log");
	return { pid => $pid, socket => $socket, address => "unix:$socket" };
}

sub forwarder {
	my ($pools, $app, %o) = @_;
	my @addresses = map { $_->{address} } @$pools;
	return responder(%o, policy => join "\n", '[cors]',
		"origins = $origin", 'methods = PUT', 'headers = X-Token',
		'expose = X-Total', 'credentials = yes',
		'[app]', "forward = @addresses", 'max-body = 200M', $app // '',
		'[server]', 'log = debug', $o{server} // '', '');
}

sub params {
	my ($do, %more) = @_;
	return get(SCRIPT_FILENAME => "$dir/app.php", SCRIPT_NAME => '/app.php',
		QUERY_STRING => "do=$do", REQUEST_URI => "/app.php?do=$do",
		CONTENT_LENGTH => '', %more);
}

sub ask {
	my ($r, $do, %o) = @_;
	my %more = %{ delete $o{params} // {} };
	return fcgi_get($r->address, params => params($do, %more),
		timeout => 90, %o);
}

my $pool = pool('main', 3);

# --- a script's variables and output
# ----------------------------------------------
{
	my $r = forwarder([$pool]);
	my $a = ask($r, 'hello');
	is($a->{status}, 200, 'an answer');
	like($a->{body}, qr/^hello from \d+$/, 'of the script');
	is_deeply([ map { $a->{header}{$_}[0] } qw(access-control-allow-origin
		access-control-allow-credentials access-control-expose-headers
		vary) ], [ $origin, 'true', 'x-total', 'Origin' ],
		'with CORS headers');
	$a = ask($r, 'vars', params => { PATH_INFO => '/tail',
		SCRIPT_NAME => '/sub/app.php', HTTP_PROXY => 'http://evil',
		HTTP_AUTHORIZATION => 'Basic eA==', HTTPS => 'on' });
	my %got = $a->{body} =~ /"(\w+)":"((?:[^"\\]|\\.)*)"/g;
	s!\\/!/!g for values %got;
	is($got{SCRIPT_FILENAME}, "$dir/app.php", 'SCRIPT_FILENAME');
	is($got{SCRIPT_NAME}, '/sub/app.php', 'SCRIPT_NAME');
	is($got{PATH_INFO}, '/tail', 'PATH_INFO');
	is($got{REDIRECT_STATUS}, '200', 'REDIRECT_STATUS');
	is($got{HTTP_AUTHORIZATION}, 'Basic eA==', 'HTTP_AUTHORIZATION');
	ok(!exists $got{HTTP_PROXY}, 'no HTTP_PROXY');
	my ($usual) = @{ ask($r, 'hello')->{header}{'x-precision'} };
	for my $name (qw(PHP_VALUE PHP_ADMIN_VALUE)) {
		is(ask($r, 'hello', params => { "HTTP_$name" => 'precision=5' })
			->{header}{'x-precision'}[0], $usual,
			"a client's $name is no setting");
	}
	is(ask($r, 'hello', params => { PHP_VALUE => 'precision=5' })
		->{header}{'x-precision'}[0], 5, "the server's PHP_VALUE is");
	$a = ask($r, 'headers');
	is($a->{status}, 404, 'a status');
	is_deeply($a->{header}{'access-control-allow-origin'}, [$origin],
		'its own CORS headers are replaced');
	is_deeply($a->{header}{vary}, ['Accept-Encoding, Origin'],
		'Vary is merged');
	is_deeply($a->{header}{'x-a'}, [ 1, 2 ], 'CGI-044 both X-A');
	is(scalar @{ $a->{header}{'set-cookie'} }, 2, 'CGI-044 both cookies');
	$a = ask($r, 'error');
	is($a->{body}, 'went on', 'error_log()');
	ok($r->wait_log(qr/PHP message: cannot do it/), 'reaches the log');
	$a = ask($r, 'fatal');
	is($a->{status}, 500, 'a fatal error');
	is($a->{header}{'access-control-allow-origin'}[0], $origin,
		'with CORS headers');
	like($r->log, qr/nothing_of_that_name/, 'and a cause in the log');
	$a = ask($r, 'hello', params => { SCRIPT_FILENAME => "$dir/no.php" });
	is($a->{status}, 404, 'a script that is not there');
	$a = ask($r, 'hello', params => { REQUEST_METHOD => 'HEAD' });
	is("$a->{status} '$a->{body}'", "200 ''", 'HEAD');
	$a = ask($r, 'upload', stdin => 'abcdef', params => {
		REQUEST_METHOD => 'POST' });
	is($a->{body}, '6 ' . md5_hex('abcdef') . ' 6',
		'CGI-063 a body without a length');
	$a = fcgi_get($r->address, params => preflight());
	is($a->{status}, 204, 'a preflight');
	is($r->stop, 0, 'ends well');
}

# --- bodies of every size ---------------------------------------------------------
sub upload {
	my ($r, $megabytes) = @_;
	my $md5   = Digest::MD5->new;
	my $chunk = join '', map { chr(($_ * 31 >> 3) & 255) } 0 .. 32767;
	my $left  = $megabytes * 32;
	my $c     = fcgi_connect($r->address, timeout => 120);
	$c->send_bytes(begin_record() . params_records(params('upload',
		REQUEST_METHOD => 'POST', CONTENT_LENGTH => $megabytes << 20)));
	while ($left > 0) {
		my $bytes = '';
		for (1 .. 32) {
			$md5->add($chunk);
			$bytes .= record(5, 1, $chunk);
		}
		$left -= 32;
		$c->send_bytes($bytes);
	}
	$c->send_bytes(record(5, 1, ''));
	return ($c->read_response(timeout => 120)->{body},
		($megabytes << 20) . ' ' . $md5->hexdigest . ' '
		. ($megabytes << 20));
}

# The number of bytes of a body and whether the response was complete.
sub drink {
	my ($r, $megabytes) = @_;
	my $c = fcgi_connect($r->address, timeout => 120);
	$c->send_bytes(request_bytes(params =>
		params('bulk', QUERY_STRING => "do=bulk&n=$megabytes")));
	my ($n, $head) = (0, '');
	while (my $record = $c->read_record) {
		return ($n, 1) if $record->{type} == 3;
		next unless $record->{type} == 6;
		if (defined $head) {
			$head .= $record->{content};
			next unless $head =~ /\r\n\r\n(.*)/s;
			$n    = length $1;
			$head = undef;
		} else {
			$n += length $record->{content};
		}
	}
	return ($n, 0);
}

sub figure {
	my ($r, $what, $megabytes, $start) = @_;
	diag sprintf '%s: %.0f MB/s, %d KiB resident', $what,
	    $megabytes / (time - $start), $r->resident if $ENV{CORSWRAP_LONG};
	return;
}

{
	my $r = forwarder([$pool]);
	ask($r, 'hello');
	my $before = $r->resident;
	for my $megabytes (1, $ENV{CORSWRAP_LONG} ? 100 : 24) {
		my $start = time;
		my ($got, $want) = upload($r, $megabytes);
		is($got, $want, "an upload of $megabytes MB");
		figure($r, "upload of $megabytes MB", $megabytes, $start);
	}
	for my $megabytes (1, $ENV{CORSWRAP_LONG} ? 1024 : 64) {
		my $start = time;
		my ($n, $whole) = drink($r, $megabytes);
		is($n, $megabytes << 20, "an answer of $megabytes MB");
		ok($whole, 'is whole');
		figure($r, "answer of $megabytes MB", $megabytes, $start);
	}
	ok($r->resident - $before < 4096, 'and memory stays flat');
	is($r->stop, 0, 'ends well');
}

# --- a client that disconnects
# ----------------------------------------------------
{
	my $r = forwarder([$pool]);
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('abort')));
	ok($c->read_record, 'a script runs for ever');
	$c->close;
	ok(wait_for(sub { -e "$dir/aborted" }, 30),
		'until its client goes');
	$r->stop;
}

# --- a pool that is full ----------------------------------------------------------

# Several requests at a time: the bodies.
sub together {
	my ($r, $count, $do, %more) = @_;
	my @c = map { fcgi_connect($r->address, timeout => 90) } 1 .. $count;
	$_->send_bytes(request_bytes(params => params($do, %more))) for @c;
	return map { $_->read_response->{body} // '' } @c;
}

{
	my $one = pool('one', 1);
	for my $keep (0, 1, 3) {
		my $r = forwarder([$one],
			"keep = $keep\nfirst-byte-timeout = 30s");
		my $start = time;
		my @bodies = together($r, 6, 'sleep',
			QUERY_STRING => 'do=sleep&ms=50');
		push @bodies, together($r, 6, 'sleep',
			QUERY_STRING => 'do=sleep&ms=50');
		is(scalar(grep { $_ eq 'slept' } @bodies), 12,
			"keep = $keep: one child, twelve requests");
		ok(time - $start < 20, 'and none waits in vain');
		is($r->stop, 0, 'ends well');
	}
	my $r = forwarder([$one], 'first-byte-timeout = 400ms');
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params =>
		params('sleep', QUERY_STRING => 'do=sleep&ms=3000')));
	my $a = $c->read_response(timeout => 60);
	is($a->{status}, 504, 'too slow: 504');
	is($a->{header}{'access-control-allow-origin'}[0], $origin,
		'with CORS headers');
	$r->stop;
	stop($one->{pid});
}

# pm.max_children is exhausted, and so is the backlog.
{
	my $full = pool('full', 1, "\nlisten.backlog = 1");
	my $r = forwarder([$full], 'connect-timeout = 300ms');
	my @c = map { fcgi_connect($r->address, timeout => 90) } 1 .. 8;
	$_->send_bytes(request_bytes(params =>
		params('sleep', QUERY_STRING => 'do=sleep&ms=1500'))) for @c;
	my %count;
	for my $a (map { $_->read_response(timeout => 90) } @c) {
		$count{ $a->{status} }++;
		next if $a->{status} == 200;
		is("$a->{status} @{ $a->{header}{'retry-after'} // [] }",
			'503 1', 'no room: 503, Retry-After');
		is($a->{header}{'access-control-allow-origin'}[0], $origin,
			'with CORS headers');
	}
	ok($count{503}, 'a pool and its backlog are full');
	ok($count{200}, 'those who have their place are served');
	is(ask($r, 'hello')->{status}, 200, 'and then there is room again');
	like($r->log, qr{\[backlog-full\]}, "the log says so");
	is($r->stop, 0, 'ends well');
	stop($full->{pid});
}

# --- under load -------------------------------------------------------------------

# Clients that send requests without end: start them, do something, count.
# Returns the number of responses by kind.
sub under_load {
	my ($r, $clients, $what, @methods) = @_;
	my @pids;
	for my $i (1 .. $clients) {
		my $pid = fork // die;
		if ($pid == 0) {
			my %count;
			# no signal, which would cut off the current request
			until (-e "$dir/stop") {
				my $method = $methods[ rand @methods ];
				my $body = $method eq 'GET' ? ''
				    : 'x' x rand 5000;
				my $a = eval { ask($r, 'hello', stdin => $body,
					params => { REQUEST_METHOD => $method,
						CONTENT_LENGTH =>
						    length $body }) };
				my $good = $a && $a->{status} == 200
				    && $a->{ended}
				    && $a->{body} =~ /^hello from \d+$/;
				$count{ $good ? 'good' : $method . '-'
				    . ($a && $a->{status} || 'none') }++;
				tick("$dir/ticks");
			}
			write_file("$dir/count.$i", join '',
				map { "$_ $count{$_}\n" } keys %count);
			_exit(0);
		}
		push @pids, $pid;
	}
	wait_ticks("$dir/ticks", 50);
	$what->();
	wait_ticks("$dir/ticks", 50);
	write_file("$dir/stop", '');
	waitpid $_, 0 for @pids;
	unlink "$dir/stop";
	my %all = (good => 0);
	for my $i (1 .. $clients) {
		for (split /\n/, read_file("$dir/count.$i")) {
			my ($kind, $n) = split / /;
			$all{$kind} += $n;
		}
	}
	return \%all;
}

sub master_ready {
	my ($name, $count) = @_;
	return wait_for(sub {
		my @lines = read_file("$dir/$name.log") =~
		    /ready to handle connections/g;
		@lines >= $count;
	}, 60);
}

for my $keep (0, 3) {
	my $r = forwarder([$pool], "keep = $keep");
	my @ready = read_file("$dir/main.log") =~
	    /ready to handle connections/g;
	my $all = under_load($r, 4, sub {
		kill 'USR2', $pool->{pid};
		master_ready('main', @ready + 1);
	}, qw(GET POST));
	my $good = delete $all->{good};
	ok($good > 20, "keep = $keep: $good answers around a reload of php-fpm");
	is_deeply($all, {}, 'and no other');
	is($r->stop, 0, 'ends well');
}

{
	my @two = (pool('first', 2), pool('second', 2));
	my $r = forwarder(\@two, 'keep = 2');
	my $all = under_load($r, 4, sub {
		# the whole pool at once, in the middle of requests
		my @pids = grep { $_ } ($two[0]{pid}, split ' ',
			read_file("/proc/$two[0]{pid}/task/$two[0]{pid}/children"));
		kill 'KILL', @pids;
		stop($two[0]{pid});
		unlink $two[0]{socket};
		sleep 1;
	}, qw(GET PUT));
	my $good = delete $all->{good};
	ok($good > 20, "$good answers while one of two pools is killed");
	# The request of a killed process had no response yet.
	is_deeply($all, {}, 'and no other');
	$two[0] = pool('first', 2);
	ok(wait_for(sub {
		my ($pid) = ask($r, 'hello')->{body} =~ /from (\d+)/;
		read_file("/proc/$pid/stat") =~ /\) \S (\d+)/
		    && $1 == $two[0]{pid};
	}, 30), 'once it is back it is asked again');
	is($r->stop, 0, 'ends well');
	stop($_->{pid}) for @two;
}

# The whole pool is down for a while: errors, and then responses again.
{
	my $alone = pool('alone', 2);
	my $r = forwarder([$alone]);
	is(ask($r, 'hello')->{status}, 200, 'a pool');
	stop($alone->{pid});
	my $a = ask($r, 'hello');
	is($a->{status}, 503, 'is ended: 503');
	is($a->{header}{'retry-after'}[0], 1, 'Retry-After');
	$alone = pool('alone', 2);
	is(ask($r, 'hello')->{status}, 200, 'and back at once');
	is($r->stop, 0, 'ends well');
	stop($alone->{pid});
}

stop($pool->{pid});
done_testing;
