#!/usr/bin/perl
# Forward: a FastCGI application behind the policy, correct or not: split and
# padded records, early ends, statuses, kept and stale connections, timeouts,
# disconnects, several addresses, and bodies of every size.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get record request_bytes);
use Corswrap::Peer;
use Corswrap::Responder;
use Corswrap::Test qw(free_port patience read_file tempdir under_valgrind wait_for
    write_file);
use Digest::MD5 qw(md5_hex);
use Socket qw(MSG_NOSIGNAL);
use Test::More;
use Time::HiRes qw(sleep time);

my $origin = 'https://app.example.com';
my $dir    = tempdir();
my $unix   = "unix:$dir/app";

# A responder that forwards to addresses, with more lines of [app].
sub forwarder {
	my ($addresses, $app, %o) = @_;
	$addresses = [$addresses] unless ref $addresses;
	return responder(%o, policy => join "\n", '[cors]',
		"origins = $origin", 'methods = PUT', 'headers = X-Token',
		'expose = X-Total',
		'[app]', "forward = @$addresses", $app // '',
		'[server]', 'log = debug', $o{server} // '', '');
}

sub ask {
	my ($r, $do, %o) = @_;
	my %params = (REQUEST_URI => "/x?do=$do", QUERY_STRING => "do=$do",
		CONTENT_LENGTH => length($o{stdin} // ''),
		%{ delete $o{params} // {} });
	return fcgi_get($r->address, params => get(%params), timeout => 60, %o);
}

# After every failure: a page can read the error.
sub cors_ok {
	my ($a, $what) = @_;
	is_deeply([ @{ $a->{header} }{qw(access-control-allow-origin vary)} ],
		[ [$origin], ['Origin'] ], "$what: with CORS headers");
	return;
}

sub failed_with {
	my ($a, $status, $what) = @_;
	is($a->{status}, $status, "$what: $status");
	cors_ok($a, $what);
	is($a->{header}{'cache-control'}[0], 'no-store', "$what: not cached");
	ok($a->{ended}, "$what: the answer is whole");
	return;
}

# The client can see that the response is incomplete.
sub broken {
	my ($a, $what) = @_;
	# F4: no END_REQUEST is not enough (t/program/whole.t).
	my ($odd) = grep { $_->{version} == 0 } @{ $a->{others} // [] };
	ok(!$a->{ended} && $a->{eof} && $odd,
	    "$what: the answer breaks off, and is seen to");
	return;
}

my $hello = "Content-Type: text/plain\r\n\r\nhello";
my $big   = join '', map { chr(($_ * 31 >> 3) & 255) } 0 .. 65534;

# The peer's actions by request.
my %does = (
	hello => sub { $_[0]->answer($hello) },
	echo  => sub {
		my ($c, $r) = @_;
		my @list = @{ $r->{list} };
		my $text = '';
		while (my ($name, $value) = splice @list, 0, 2) {
			$text .= "$name=$value\n";
		}
		$c->answer("X-Total: 5\n\n"
		    . "keep=$r->{keep} role=$r->{role} id=$r->{id}\n"
		    . "stdin=" . md5_hex($r->{stdin}) . "\n$text");
	},
	split => sub {
		my ($c) = @_;
		$c->out('Content-', 3);
		$c->err("PHP message: on", 7);
		$c->out("Type: text/plain\r", 1);
		sleep 0.05;
		$c->err("e\nand two\r\n");
		$c->out("\n\r");
		$c->out("\nfirst ");
		$c->err("unfinished");
		sleep 0.05;
		$c->out('second', 255);
		$c->end;
	},
	bytes => sub {
		my ($c) = @_;
		my $all = '';
		$all .= record(6, 1, $_) for split //, "X-A: 1\n\nslow but sure";
		$all .= record(3, 1, "\0" x 8);
		for my $byte (split //, $all) { $c->send($byte) }
	},
	large => sub {
		my ($c) = @_;
		$c->out("Content-Type: a/b\n\n");
		$c->out($big, 7) for 1 .. 40;
		$c->end;
	},
	flood => sub {
		my ($c) = @_;
		$c->out("Content-Type: a/b\n\n");
		my $one = record(6, 1, 'f' x 65528) x 16;
		$c->send($one) or last for 1 .. 200;
		$c->end;
	},
	# a header block, and then no pause
	endless => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\n");
		my $records = record(6, 1, 'e' x 60_000) x 4;
		1 while $c->send($records);
		$c->note('closed');
	},
	# sends no output until it may, and is then slow
	'finish-late' => sub {
		my ($c) = @_;
		sleep 0.05 until -e "$dir/go";
		$c->out("X-A: 1\n\n");
		for (1 .. patience(40)) { $c->out('x'); sleep 0.1 }
		$c->end;
		$c->note('finished late');
	},
	'end-early'   => sub { },
	'end-partial' => sub { $_[0]->out("X-A: 1\n") },
	'end-headers' => sub { $_[0]->out("X-A: 1\n\npart of it") },
	reset => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\npart");
		sleep 0.3;
		setsockopt $c->{socket}, Socket::SOL_SOCKET(),
		    Socket::SO_LINGER(), pack 'ii', 1, 0;
	},
	'reset-bulk' => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\npart");
		$c->send(pack('CCnnCC', 1, 6, 1, 65000, 0, 0) . 'p' x 10000);
		sleep 0.3;
		setsockopt $c->{socket}, Socket::SOL_SOCKET(),
		    Socket::SO_LINGER(), pack 'ii', 1, 0;
	},
	nothing      => sub { $_[0]->end },
	overloaded   => sub { $_[0]->end(0, 2) },
	role         => sub { $_[0]->end(0, 3) },
	mpx          => sub { $_[0]->end(0, 1) },
	'late-overloaded' => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\npart");
		$c->end(0, 2);
	},
	exit      => sub { $_[0]->out($hello); $_[0]->end(7) },
	garbage   => sub { $_[0]->send("HTTP/1.1 400 Bad Request\r\n\r\n" x 9) },
	version   => sub { $_[0]->send(record(6, 1, $hello, 0, 2)) },
	'wrong-id' => sub { $_[0]->send(record(6, 2, $hello)) },
	'late-garbage' => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\npart");
		$c->send("\x02" x 99);
		sleep 5;
	},
	'bad-header' => sub { $_[0]->answer("no header at all\n") },
	'huge-header' => sub {
		my ($c) = @_;
		$c->out('X-A: ' . 'a' x 60000 . "\n") for 1 .. 3;
		$c->note($c->closed_within(20) ? 'closed' : 'left');
	},
	status   => sub { $_[0]->answer("Status: 404 Gone\nX-A: 1\n\nnone") },
	'not-modified' => sub {
		$_[0]->answer("Status: 304 Not Modified\n\nbody" . 'x' x 99999) },
	complain => sub {
		my ($c) = @_;
		$c->err('e' x 60000 . "\n") for 1 .. 20;
		$c->answer($hello);
	},
	hang => sub {
		my ($c) = @_;
		$c->note($c->closed_within(30) ? 'closed' : 'left');
	},
	'hang-later' => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\npart");
		$c->note($c->closed_within(30) ? 'closed' : 'left');
	},
	drip => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\n");
		while ($c->out('.')) { sleep 0.1 }
		$c->note('closed');
	},
	# Messages without pause after the first output: more than a few reads.
	'complain-on' => sub {
		my ($c) = @_;
		$c->send(record(6, 1, "X-A: 1\n\nfirst") . record(7, 1, "x\n") x 20_000);
		$c->end;
	},
	finish => sub {
		my ($c) = @_;
		$c->out("X-A: 1\n\npart");
		for (1 .. 20) { sleep 0.05; $c->out('more') or return }
		$c->note('finished');
		$c->end;
	},
	extra => sub {
		$_[0]->send(record(6, 1, $hello) . record(3, 1, "\0" x 8)
		    . record(6, 1, 'nobody asked for this'));
	},
	'extra-later' => sub {
		$_[0]->answer($hello);
		$_[0]->send(record(6, 1, 'nobody asked for this'));
		$_[0]->note('said more');
	},
);

# Serve as long as the connection lives.
sub serve {
	my ($c) = @_;
	while (1) {
		my $r = $c->read_request
		    or return $c->note('end of connection');
		my ($do) = $r->{params}{QUERY_STRING} =~ /do=([\w-]+)/;
		$c->note("do $do");
		my $code = $does{$do} or die "do what? $do";
		$code->($c, $r);
		return unless $r->{keep} && $do !~ /^end-/;
	}
}

my $peer = peer($unix, \&serve);

# --- the request --------------------------------------------------------------
{
	my $r = forwarder($unix);
	my %long = map { ("HTTP_X_$_" => 'v' x $_) }
	    (1, 126, 127, 128, 129, 255, 256, 8000, 40000);
	my $a = ask($r, 'echo', params => { %long, HTTP_PROXY => 'http://evil',
		LD_PRELOAD => 'x', CORSWRAP_POLICY2 => 'x', 'BAD-NAME' => 1,
		SCRIPT_FILENAME => '/srv/x.php', PATH_INFO => '/tail',
		HTTP_EMPTY => '', HTTP_X_UTF8 => "\xc3\xa9" });
	is($a->{status}, 200, 'an answer');
	cors_ok($a, 'an answer');
	is($a->{header}{'access-control-expose-headers'}[0], 'x-total',
		'exposed headers');
	my %got = map { /^([^=]+)=(.*)$/ } split /\n/, $a->{body};
	is($got{"HTTP_X_$_"}, 'v' x $_, "a parameter of $_ bytes")
	    for 1, 126, 127, 128, 129, 255, 256, 8000, 40000;
	ok(exists $got{HTTP_EMPTY} && $got{HTTP_EMPTY} eq '',
		'an empty parameter');
	is($got{HTTP_X_UTF8}, "\xc3\xa9", 'bytes over 127');
	is($got{SCRIPT_FILENAME}, '/srv/x.php', 'SCRIPT_FILENAME as it came');
	is($got{PATH_INFO}, '/tail', 'PATH_INFO as it came');
	is($got{REDIRECT_STATUS}, 200, 'REDIRECT_STATUS is set');
	is_deeply([ grep { exists $got{$_} } qw(HTTP_PROXY LD_PRELOAD
		CORSWRAP_POLICY2 BAD-NAME FCGI_ROLE) ], [],
		'what must not come in is dropped');
	like($a->{body}, qr/^keep=0 role=1 id=1$/m, 'R21: a responder, not kept');

	# R20, CGI-119: the peer has read the end of STDIN, or it would not
	# respond
	for my $len (0, 1, 6, 65528, 65535, 65536, 65537, 200_000, 3_000_000) {
		my $body = substr $big x (1 + $len / 65535), 0, $len;
		$a = ask($r, 'echo', stdin => $body,
			params => { REQUEST_METHOD => 'POST' });
		like($a->{body}, qr/^stdin=@{[ md5_hex $body ]}$/m,
			"a body of $len bytes");
		like($a->{body}, qr/^CONTENT_LENGTH=$len$/m,
			"CONTENT_LENGTH of $len bytes");
	}
	$a = ask($r, 'echo', stdin => 'foobar',
		params => { REQUEST_METHOD => 'POST', CONTENT_LENGTH => '' });
	like($a->{body}, qr/^CONTENT_LENGTH=6$/m,
		'a body without a length gets one');

	my $p = fcgi_get($r->address, params => preflight());
	is($p->{status}, 204, 'a preflight');
	is($peer->noted('request'), 11, 'which the application never sees');
	is($r->stop, 0, 'ends well');
}

# --- responses of all kinds
# -----------------------------------------------------
{
	my $r = forwarder($unix);
	my $a = ask($r, 'split');
	is($a->{status}, 200, 'R15, CGI-120 split records');
	cors_ok($a, 'CGI-120');
	is($a->{header}{'content-type'}[0], 'text/plain', 'CGI-120 header');
	is($a->{body}, 'first second', 'CGI-120 body');
	my $log = $r->log;
	like($log, qr/\Q$unix\E: PHP message: one$/m, 'a line of its log');
	like($log, qr/\Q$unix\E: and two$/m, 'another one');
	like($log, qr/\Q$unix\E: unfinished$/m, 'one without an end');
	$a = ask($r, 'bytes');
	is($a->{body}, 'slow but sure', 'records of one byte, sent by bytes');
	$a = ask($r, 'large');
	is(length $a->{body}, 40 * 65535, 'CGI-125 large padded records');
	is(md5_hex($a->{body}), md5_hex($big x 40), 'CGI-125 byte by byte');
	$a = ask($r, 'status');
	is($a->{status}, 404, 'a status of its own');
	is($a->{body}, 'none', 'with its body');
	$a = ask($r, 'not-modified');
	is($a->{status}, 304, 'status 304');
	is($a->{body}, '', '304 has no body');
	ok($a->{ended}, '304 is whole');
	$a = ask($r, 'large', params => { REQUEST_METHOD => 'HEAD' });
	is($a->{body}, '', 'HEAD has no body');
	is($a->{header}{'content-type'}[0], 'a/b', 'HEAD has its header');
	$a = ask($r, 'exit');
	is($a->{appStatus}, 7, 'an exit status is handed on');
	is($a->{body}, 'hello', 'with the answer');
	$a = ask($r, 'complain');
	is($a->{body}, 'hello', 'a megabyte of complaints');
	ok(length($r->log) < 400_000, 'not all of it is logged');
	like($r->log, qr/\d+ more bytes were dropped/,
		'which is said');
	is($r->stop, 0, 'ends well');

	$r = forwarder($unix, 'stderr = fastcgi');
	$a = ask($r, 'split');
	is($a->{stderr}, "PHP message: one\nand two\nunfinished\n",
		'stderr = fastcgi');
	is($a->{body}, 'first second', 'apart from the output');
	$a = ask($r, 'complain-on');
	is($a->{body}, 'first', 'messages without pause: the output');
	my @kinds = map { $_->[1] > 0 ? $_->[0] : () } @{ $a->{records} };
	pop @kinds; # the end
	is($kinds[-1], 7, 'messages without pause: the output does not wait for their end');
	$r->stop;
}

# --- failures
# -------------------------------------------------------------------
{
	my $r = forwarder($unix, 'max-header = 64K');
	my $n = $peer->noted('connection');
	failed_with(ask($r, 'end-early'), 502, 'R22, CGI-122 an end before all');
	is($peer->noted('connection'), $n + 1, 'CGI-122 is asked once');
	failed_with(ask($r, 'end-partial'), 502, 'an end within the header');
	failed_with(ask($r, 'nothing'), 502, 'an answer of nothing');
	my $a = ask($r, 'end-headers');
	is($a->{body}, 'part of it', 'CGI-121 what there is is delivered');
	is($a->{header}{'access-control-allow-origin'}[0], $origin,
		'CGI-121 with CORS headers');
	broken($a, 'CGI-121');
	like($r->log, qr/\[truncated\]/, 'CGI-121 is logged');
	$a = ask($r, 'reset');
	is($a->{body}, 'part', 'a reset');
	broken($a, 'a reset');
	failed_with($a = ask($r, 'overloaded'), 503, 'FCGI_OVERLOADED');
	is($a->{header}{'retry-after'}[0], 1, 'FCGI_OVERLOADED: Retry-After');
	failed_with(ask($r, 'role'), 500, 'FCGI_UNKNOWN_ROLE');
	failed_with(ask($r, 'mpx'), 502, 'FCGI_CANT_MPX_CONN');
	broken(ask($r, 'late-overloaded'), 'FCGI_OVERLOADED after the header');
	failed_with(ask($r, 'garbage'), 502, 'no FastCGI');
	failed_with(ask($r, 'version'), 502, 'version 2');
	failed_with(ask($r, 'wrong-id'), 502, 'a request that is not ours');
	my $start = time;
	broken(ask($r, 'late-garbage'), 'no FastCGI after the header');
	ok(time - $start < 4, 'at once');
	failed_with(ask($r, 'bad-header'), 502, 'no header block');
	failed_with(ask($r, 'huge-header'), 502, 'a header block without end');
	ok($peer->wait_noted('closed'), 'its connection is closed');
	is(ask($r, 'hello')->{body}, 'hello', 'and then all is well');
	is($r->stop, 0, 'ends well');
}

# --- TCP ------------------------------------------------------------------------
for my $host ('127.0.0.1', '[::1]') {
SKIP: {
	skip 'no IPv6 here', 8 if $host eq '[::1]' && !tcp6_works();
	my $tcp = "tcp:$host:" . free_port();
	my $other = eval { peer($tcp, \&serve) }
	    // do { $tcp = "tcp:$host:" . free_port(); peer($tcp, \&serve) };
	my $r = forwarder($tcp);
	is(ask($r, 'hello')->{body}, 'hello', "$tcp: an answer");
	my $body = $big x 20;
	like(ask($r, 'echo', stdin => $body,
		params => { REQUEST_METHOD => 'POST' })->{body},
		qr/^stdin=@{[ md5_hex $body ]}$/m, "$tcp: a large body");
	is(md5_hex(ask($r, 'large')->{body}), md5_hex($big x 40),
		"$tcp: a large answer");
	my $a = ask($r, 'reset');
	is($a->{body}, 'part', "$tcp: a reset");
	broken($a, "$tcp: a reset");
	$a = ask($r, 'reset-bulk');
	broken($a, "$tcp: a reset within a record");
	unlike($r->log, qr/client-gone/, "$tcp: which is not the client's");
	failed_with(ask($r, 'end-early'), 502, "$tcp: an early end");
	is($r->stop, 0, "$tcp: ends well");
}
}

# --- kept connections -------------------------------------------------------------
{
	$peer->forget;
	my $r = forwarder($unix, 'keep = 2');
	for my $i (1 .. 5) {
		my $a = ask($r, 'echo');
		like($a->{body}, qr/^keep=1/m, "request $i asks to keep");
	}
	is($peer->noted('connection'), 1, 'one connection for all');
	ok($peer->wait_noted('end of connection', 1, 30),
		'which is closed when nobody needs it any more');
	ask($r, 'hello');
	is($peer->noted('connection'), 2, 'and then there is another');
	ask($r, 'extra');
	ask($r, 'hello');
	is($peer->noted('connection'), 3,
		'not the one on which there was more');
	ask($r, 'extra-later');
	ok($peer->wait_noted('said more'), 'more comes when nobody listens');
	is(ask($r, 'hello')->{body}, 'hello', 'which is no answer');
	is($peer->noted('connection'), 4, 'nor is that connection used');
	ask($r, 'bad-header');
	ask($r, 'hello');
	is($peer->noted('connection'), 5, 'nor one that was given up');
	ask($r, 'end-headers');
	is(ask($r, 'hello')->{body}, 'hello', 'nor one that broke off');
	is($peer->noted('connection'), 6, 'a new one each time');
	is($r->stop, 0, 'ends well');
	is(scalar(grep { /died/ } $peer->notes), 0, 'the peer lives');
}

# A kept connection that is visibly closed, and one that ends when it is used.
{
	my $turn = sub {
		my ($c) = @_;
		my $r = $c->read_request or return;
		$c->answer($hello);
		my ($do) = $r->{params}{QUERY_STRING} =~ /do=([\w-]+)/;
		return if $do eq 'close';
		if ($do eq 'pause') { sleep 0.2; return }
		# wait for the next request, and disconnect
		$c->fill or return;
		$c->note('went');
	};
	my $other = peer("unix:$dir/turn", $turn);
	my $r = forwarder("unix:$dir/turn", 'keep = 4');
	for my $do (qw(close close hello)) {
		is(ask($r, $do)->{body}, 'hello', "after an end: $do");
	}
	# now the kept one is closed as soon as the request arrives
	my $a = ask($r, 'hello');
	is($a->{body}, 'hello', 'CGI-126 stale: GET is sent once more');
	ok($other->wait_noted('went'), 'CGI-126 after it was sent in vain');
	is($other->noted('request'), 4, 'CGI-126 and never twice to one');
	# a request that may not be sent twice does not use a connection that
	# may be dead
	my ($asked, $made) = map { $other->noted($_) } qw(request connection);
	$a = ask($r, 'hello', stdin => 'x',
		params => { REQUEST_METHOD => 'POST' });
	is($a->{body}, 'hello', 'POST has a new connection');
	is($other->noted('connection'), $made + 1, 'which is its first');
	is($other->noted('request'), $asked + 1, 'and is sent once');
	is($r->stop, 0, 'ends well');
}

# Long requests do not close the kept connections of others.
{
	my $turn = sub {
		my ($c) = @_;
		my $r = $c->read_request or return;
		my ($do) = $r->{params}{QUERY_STRING} =~ /do=([\w-]+)/;
		if ($do eq 'work') { $c->note('at work'); sleep 2 }
		$c->answer($hello);
		return 1;
	};
	my $busy = peer("unix:$dir/busy", sub { my ($c) = @_;
		while ($turn->($c)) { } });
	my $r = forwarder("unix:$dir/busy", 'keep = 4');
	my $slow = fcgi_connect($r->address, timeout => 60);
	$slow->send_bytes(request_bytes(params => get(QUERY_STRING => 'do=work')));
	ok($busy->wait_noted('at work'), 'one request takes long');
	my $right = grep { (ask($r, 'hello')->{body} // '') eq 'hello' } 1 .. 60;
	is($right, 60, 'others are answered meanwhile');
	# 2 s are over after seven times its patience, each twice the last
	my $made = $busy->noted('connection');
	# (there a few requests take as long)
	ok($made <= (under_valgrind() ? 60 : 12), "most of them on a kept connection ($made made)");
	is($slow->read_response->{body}, 'hello', 'and so is that one');
	is($r->stop, 0, 'ends well');
}

# An application with a single process, which a kept connection occupies.
{
	my $port = free_port();
	my $listen = Corswrap::Peer::_listen("unix:$dir/single", 64);
	my $pid = fork // die;
	if ($pid == 0) {
		$SIG{PIPE} = 'IGNORE';
		while (my $socket = $listen->accept) {
			my $c = bless { socket => $socket, in => '',
				notes => "$dir/single-notes" },
			    'Corswrap::Peer::Connection';
			$c->note('connection');
			eval {
				while (my $q = $c->read_request) {
					sleep 0.02;
					$c->answer($hello);
				}
			};
		}
		POSIX::_exit(0);
	}
	close $listen;
	my $r = forwarder("unix:$dir/single",
		"keep = 4\nfirst-byte-timeout = 20s");
	my @c = map { fcgi_connect($r->address, timeout => 60) } 1 .. 8;
	my $ok = 0;
	my $start = time;
	for my $round (1 .. 3) {
		$_->send_bytes(request_bytes(params => get(), keep => 1)) for @c;
		$ok += ($_->read_response->{body} // '') eq 'hello' for @c;
	}
	is($ok, 24, 'eight at a time, one process, all are answered');
	ok(time - $start < 15, 'and none waits in vain');
	is($r->stop, 0, 'ends well');
	kill 'KILL', $pid;
	waitpid $pid, 0;
}

# --- time -----------------------------------------------------------------------
{
	my $r = forwarder($unix, join "\n", 'first-byte-timeout = 500ms',
		'idle-timeout = 700ms', 'total-timeout = 3s');
	$peer->forget;
	my $start = time;
	failed_with(ask($r, 'hang'), 504, 'first-byte-timeout');
	my $took = time - $start;
	ok($took > 0.4 && $took < 10, "in time ($took)");
	ok($peer->wait_noted('closed'), 'its connection is closed');
	$peer->forget;
	my $a = ask($r, 'hang-later');
	is($a->{body}, 'part', 'idle-timeout');
	broken($a, 'idle-timeout');
	ok($peer->wait_noted('closed'), 'its connection is closed');
	ok($r->wait_log(qr/\[$_\]/), "$_ is logged")
	    for qw(first-byte-timeout idle-timeout);
	is($r->stop, 0, 'ends well');

	# A peer that waits for the processor is silent, too, but not so long.
	$r = forwarder($unix, "idle-timeout = 60s\ntotal-timeout = 3s");
	$peer->forget;
	$start = time;
	$a = ask($r, 'drip');
	like($a->{body}, qr/^\.{5}/, 'total-timeout: not idle');
	broken($a, 'total-timeout');
	$took = time - $start;
	ok($took > 2.5 && $took < 30, "total-timeout in time ($took)");
	ok($peer->wait_noted('closed'), 'its connection is closed');
	ok($r->wait_log(qr/\[total-timeout\]/), 'total-timeout is logged');
	is($r->stop, 0, 'ends well');

	# One that never pauses, for a client that always takes a little.
	$r = forwarder($unix, 'total-timeout = 1s');
	$peer->forget;
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params =>
		get(QUERY_STRING => 'do=endless', REQUEST_URI => '/')));
	my $until = time + 40;
	while (time < $until) {
		last if $r->log =~ /\[total-timeout\]/;
		$c->read_bytes(0.001, 100_000);
		sleep 0.02;
	}
	cmp_ok(time, '<', $until, 'total-timeout: a slow client does not undo it');
	$c->close;
	ok($peer->wait_noted('closed'), 'its connection is closed');
	is($r->stop, 0, 'ends well');
}

# --- a client that disconnects
# -----------------------------------------------------
{
	my $r = forwarder($unix);
	$peer->forget;
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params =>
		get(QUERY_STRING => 'do=hang', REQUEST_URI => '/')));
	ok($peer->wait_noted('do hang'), 'a request runs');
	$c->close;
	ok($peer->wait_noted('closed', 1, 10), 'the client goes: it is told');
	ok($r->wait_log(qr/\[client-gone\]/), 'and the log');
	$peer->forget;
	$c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params =>
		get(QUERY_STRING => 'do=hang-later', REQUEST_URI => '/')));
	ok($c->read_record, 'an answer has begun');
	$c->send_bytes(record(2, 1, ''));
	ok($peer->wait_noted('closed', 1, 10), 'FCGI_ABORT_REQUEST: it is told');
	is($r->stop, 0, 'ends well');

	$r = forwarder($unix, 'on-abort = finish');
	$peer->forget;
	$c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params =>
		get(QUERY_STRING => 'do=finish', REQUEST_URI => '/')));
	ok($c->read_record, 'an answer has begun');
	$c->close;
	ok($peer->wait_noted('finished', 1, 20), 'on-abort = finish: it ends');
	is($r->stop, 0, 'ends well');

	$r = forwarder($unix, "on-abort = finish\nfirst-byte-timeout = "
	    . patience(3) . 's');
	$peer->forget;
	$c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params =>
		get(QUERY_STRING => 'do=finish-late', REQUEST_URI => '/')));
	ok($peer->wait_noted('do finish-late'), 'a request runs');
	$c->close;
	ok($r->wait_log(qr/\[client-gone\]/), 'its client goes');
	write_file("$dir/go", '');
	ok($peer->wait_noted('finished late', 1, 30), 'on-abort = finish: it ends');
	unlike($r->log, qr/timeout/, 'what it says is a beginning, unheard');
	is($r->stop, 0, 'ends well');
}

# --- several addresses ----------------------------------------------------------
{
	my $first = "unix:$dir/first";
	my $r = forwarder([ $first, $unix ]);
	is(ask($r, 'hello')->{body}, 'hello', 'the first is dead: the second')
	    for 1 .. 3;
	my @lines = $r->log =~ /(\[connect-failed\])/g;
	is(scalar @lines, 1, 'which is logged once');
	my $other = peer($first, sub {
		my ($c) = @_;
		$c->read_request or return;
		$c->answer("X-A: 1\n\nfirst");
	});
	ok(wait_for(sub { ask($r, 'hello')->{body} eq 'first' }, 30),
		'once it lives it is used again');
	ok($r->wait_log(qr/\[connected\]/), 'which is logged');
	$other->stop;
	unlink "$dir/first";

	# one that dies with the request
	$other = peer($first, sub { my ($c) = @_; $c->read_request });
	$r->stop;
	$r = forwarder([ $first, $unix ]);
	is(ask($r, 'hello')->{body}, 'hello', 'GET goes to the other');
	$r->stop;
	$r = forwarder([ $first, $unix ]);
	failed_with(ask($r, 'hello', stdin => 'x',
		params => { REQUEST_METHOD => 'POST' }), 502, 'POST does not');
	$r->stop;
	$other->stop;
	unlink "$dir/first";

	$r = forwarder([ $first, "unix:$dir/none", 'tcp:127.0.0.1:'
		. free_port() ]);
	my $a;
	for my $i (1 .. 3) {
		failed_with($a = ask($r, 'hello'), 503, "all are dead ($i)");
	}
	is($a->{header}{'retry-after'}[0], 1, 'Retry-After');
	$other = peer($first, \&serve);
	is(ask($r, 'hello')->{body}, 'hello',
		'where all are dead, all are tried');
	is($r->stop, 0, 'ends well');
}

# --- a full backlog -------------------------------------------------------------
{
	my $busy = peer("unix:$dir/busy", undef, busy => 1, backlog => 1);
	my @held = fill_backlog("$dir/busy");
	ok(@held < 50, 'a backlog is full');
	my $r = forwarder("unix:$dir/busy", 'connect-timeout = 300ms');
	my $a = ask($r, 'hello');
	failed_with($a, 503, 'backlog full');
	is($a->{header}{'retry-after'}[0], 1, 'backlog full: Retry-After');
	$r->stop;
	$r = forwarder([ "unix:$dir/busy", $unix ], 'connect-timeout = 20s');
	my $start = time;
	is(ask($r, 'hello')->{body}, 'hello', 'another takes it');
	ok(time - $start < 10, 'without waiting');
	$r->stop;
	# it becomes free while we wait
	$r = forwarder("unix:$dir/busy",
		"connect-timeout = 30s\nfirst-byte-timeout = 30s");
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => get()));
	sleep 0.3;
	@held = ();
	while (my $s = $busy->{listen}->accept) {
		$s->blocking(1);
		my $one = bless { socket => $s, in => '', notes => "$dir/n" },
		    'Corswrap::Peer::Connection';
		my $q = $one->read_request or next;
		$one->answer($hello);
		last;
	}
	is($c->read_response->{body}, 'hello', 'a short wait is no failure');
	is($r->stop, 0, 'ends well');
}
{
	# TCP: a full backlog drops the SYN, which looks like no reaction
	my $port = free_port();
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		LocalPort => $port, Listen => 0, ReuseAddr => 1) or die;
	my @held;
	for (1 .. 20) {
		my $s = IO::Socket::INET->new(Proto => 'tcp') or die;
		$s->blocking(0);
		connect $s, Socket::pack_sockaddr_in($port,
			Socket::inet_aton('127.0.0.1'));
		push @held, $s;
	}
	my $r = forwarder("tcp:127.0.0.1:$port", 'connect-timeout = 500ms');
	sleep 0.2;
	my $start = time;
	my $a = ask($r, 'hello');
	failed_with($a, 504, 'connect-timeout');
	my $took = time - $start;
	ok($took > 0.4 && $took < 10, "in time ($took)");
	is($r->stop, 0, 'ends well');
}

# --- large bodies
# -----------------------------------------------------------------
{
	my $early = sub {
		my ($c) = @_;
		my $q = $c->read_request(no_stdin => 1) or return;
		my ($do) = $q->{params}{QUERY_STRING} =~ /do=([\w-]+)/;
		if ($do eq 'refuse') {
			$c->answer("Status: 413 Too Much\n\ntoo much");
			sleep 0.2;
			return; # with most of the body unread
		}
		# all of a large response before any of a large body is read
		$c->out("X-A: 1\n\n");
		$c->out($big) for 1 .. 40;
		my $n = 0;
		while (my $record = $c->read_record) {
			$n += length $record->[2];
			last if $record->[0] == 5 && !length $record->[2];
		}
		$c->out($n);
		$c->end;
	};
	my $other = peer("unix:$dir/early", $early);
	my $r = forwarder("unix:$dir/early", 'keep = 2');
	my $body = 'u' x 5_000_000;
	my $a = ask($r, 'refuse', stdin => $body,
		params => { REQUEST_METHOD => 'POST' });
	is($a->{status}, 413, 'an answer before the body is read');
	is($a->{body}, 'too much', 'is handed on');
	$a = ask($r, 'both', stdin => $body,
		params => { REQUEST_METHOD => 'POST' });
	is(length $a->{body}, 40 * 65535 + 7, 'no deadlock of two writers');
	is(substr($a->{body}, -7), 5_000_000, 'all of the body has come');
	is($r->stop, 0, 'ends well');
}

# --- bulk: memory does not grow, a slow client stops the application
# --------------
{
	my $r = forwarder($unix);
	is(ask($r, 'hello')->{body}, 'hello', 'up');
	my $before = $r->resident;
	my $c = fcgi_connect($r->address, timeout => 120);
	$c->send_bytes(request_bytes(params =>
		get(QUERY_STRING => 'do=flood', REQUEST_URI => '/')));
	sleep 0.7; # unread output must not be buffered anywhere
	ok($r->resident - $before < 4096, 'nothing is queued');
	my ($n, $ended) = (0, 0);
	while (my $record = $c->read_record) {
		$n += length $record->{content} if $record->{type} == 6;
		$ended = 1, last if $record->{type} == 3;
	}
	ok($ended, '200 MB: whole');
	ok($n > 200 * 16 * 65528 && $n < 200 * 16 * 65528 + 500,
		'200 MB: every byte');
	ok($r->resident - $before < 4096, 'memory stays flat');
	is($r->stop, 0, 'ends well');
}

# --- no leftovers
# -----------------------------------------------------------------
{
	my $r = forwarder($unix, "keep = 3\nfirst-byte-timeout = 1s");
	ask($r, 'hello') for 1 .. 3;
	my $fds = $r->descriptors;
	for my $i (1 .. 15) {
		ask($r, $_) for qw(hello end-early garbage bad-header
			overloaded end-headers large);
	}
	is(ask($r, 'hello')->{body}, 'hello', 'still alive');
	ok($r->descriptors <= $fds + 3, 'no descriptor is left open');
	my $start = time;
	my $c = fcgi_connect($r->address);
	$peer->forget;
	$c->send_bytes(request_bytes(params =>
		get(QUERY_STRING => 'do=finish', REQUEST_URI => '/')));
	ok($peer->wait_noted('do finish'), 'a request runs');
	$r->signal('TERM');
	my $a = $c->read_response;
	is($a->{body}, 'part' . 'more' x 20, 'SIGTERM: it runs to its end');
	ok($a->{ended}, 'SIGTERM: whole');
	is($r->wait_end, 0, 'ends well');
}

done_testing;
