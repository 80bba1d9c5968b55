#!/usr/bin/perl
# The log as text and as JSON: one line a cause, escaped, with what to do; the
# access log: one line a request.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::FastCGI qw(fcgi_connect fcgi_get request_bytes begin_record
    params_records stdin_records);
use Corswrap::Programs;
use Corswrap::Responder qw(responder);
use Corswrap::Test;
use Fcntl qw(O_NONBLOCK O_RDONLY);
use JSON::PP ();
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(sleep);

perl_program('ok.pl', 'print "A: 1\n\nok"');
perl_program('hang.pl', 'sleep 60');
perl_program('stall.pl', 'print "A: 1\n\nx"; sleep 60');
perl_program('nothing.pl', 'exit 3');
perl_program('crash.pl', 'print "A: 1\n\nx"; kill 11, $$; sleep 5');
perl_program('junk.pl', 'print "no header, \e[31mred\e[0m\n"');
perl_program('badline.pl', 'print "A: 1\nbad\x01line\nB: 2\n\nx"');
perl_program('big.pl', 'print "A: ", "x" x 100, "\n" for 1 .. 800; print "\n"');
perl_program('says.pl', 'print STDERR "first\nse\tcond \"q\" \\\\ \xff\n";'
    . 'print "A: 1\n\nx"');
write_file("$dir/cgi/plain", 'x', 0644);
my $evil = "https://evil.example\r\n2026-01-01T00:00:00Z corswrap: error: forged";

# A request, and its log lines: each an id, a text in it, whether it has a
# hint.  [id, text, todo], in this order.
my @causes = (
	[ 'a preflight from a stranger', 'ok.pl', { REQUEST_METHOD => 'OPTIONS',
		HTTP_ORIGIN => 'https://b.example',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT' },
	    [ 'origin-not-allowed', qr/refuses this preflight/, qr/add the origin/ ] ],
	[ 'a forged line', 'ok.pl', { REQUEST_METHOD => 'OPTIONS',
		HTTP_ORIGIN => $evil, HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT' },
	    [ 'origin-malformed', qr/refuses this preflight/, undef ] ],
	[ 'a method', 'ok.pl', { REQUEST_METHOD => 'OPTIONS',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PATCH' },
	    [ 'method-not-allowed', qr/preflight: method "PATCH"/,
		qr/`methods`/ ] ],
	[ 'a method that is none', 'ok.pl', { REQUEST_METHOD => 'OPTIONS',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => "P\nX" . 'y' x 9000 },
	    [ 'method-malformed', qr/preflight: method "P\\x0aXy{50,130}"/, undef ] ],
	[ 'a header', 'ok.pl', { REQUEST_METHOD => 'OPTIONS',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET',
		HTTP_ACCESS_CONTROL_REQUEST_HEADERS => 'x-none' },
	    [ 'header-not-allowed', qr/preflight: header "x-none"/,
		qr/`headers`/ ] ],
	[ 'one header of many', 'ok.pl', { REQUEST_METHOD => 'OPTIONS',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET',
		HTTP_ACCESS_CONTROL_REQUEST_HEADERS => ',,X-B , x-c' },
	    [ 'header-not-allowed', qr/preflight: header "X-B"/,
		qr/`headers`/ ] ],
	[ 'a header that is none', 'ok.pl', { REQUEST_METHOD => 'OPTIONS',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET',
		HTTP_ACCESS_CONTROL_REQUEST_HEADERS => "x-a,a\eb" },
	    [ 'headers-malformed', qr/preflight: header "a\\x1bb"/, undef ] ],
	[ 'a blocked request', 'ok.pl', { REQUEST_METHOD => 'POST',
		CONTENT_LENGTH => 0, HTTP_ORIGIN => 'https://b.example' },
	    [ 'enforced', qr/refuses this request/, qr/add the origin/ ] ],
	[ 'an isolated request', 'ok.pl', { HTTP_SEC_FETCH_SITE => 'cross-site',
		HTTP_SEC_FETCH_MODE => 'no-cors', HTTP_ORIGIN => 'https://b.example' },
	    [ 'isolated', qr/isolate = report.*`yes` would refuse/, qr/`isolate = yes`/ ] ],
	[ 'an unknown policy', 'ok.pl', { CORSWRAP_POLICY => "no\nne" },
	    [ 'unknown-policy', qr/names no section.*"no\\x0ane"/, qr/CORSWRAP_POLICY/ ] ],
	[ 'a missing script', 'none.pl', {},
	    [ 'script-missing', qr/none\.pl: no such script/, qr/check the path/ ] ],
	[ 'one that may not run', 'plain', {},
	    [ 'script-not-executable', qr/plain: not executable/, qr/chmod \+x/ ] ],
	[ 'a bad length', 'ok.pl', { CONTENT_LENGTH => "1\e[2J" },
	    [ 'content-length', qr/not a number: "1\\x1b\[2J"/, qr/web server passes/ ] ],
	[ 'a large body', 'ok.pl', { CONTENT_LENGTH => 5000, STDIN => 'x' x 5000 },
	    [ 'body-too-large', qr/max-body \(1024\)/, qr/raise max-body/ ] ],
	[ 'a short body', 'ok.pl', { CONTENT_LENGTH => 500, STDIN => 'x' },
	    [ 'upload-cut', qr/1 of 500 bytes/, undef ] ],
	[ 'a late header', 'hang.pl', {},
	    [ 'first-byte-timeout', qr/timed out: no header block in time/, qr/raise first-byte-timeout/ ] ],
	[ 'a silence', 'stall.pl', {},
	    [ 'idle-timeout', qr/timed out: no output for too long/, qr/raise idle-timeout/ ] ],
	[ 'nothing', 'nothing.pl', {},
	    [ 'bad-header', qr/no output/, qr/by hand/ ],
	    [ 'exit-status', qr/exit status 3/, undef ] ],
	[ 'a crash', 'crash.pl', {},
	    [ 'killed', qr/signal 11/, qr/by hand/ ] ],
	[ 'no header', 'junk.pl', {},
	    [ 'bad-header', qr/does not begin.*\\x1b\[31mred/, qr/lenient = yes/ ] ],
	[ 'a bad line', 'badline.pl', {},
	    [ 'header-dropped', qr/bad\\x01line/, qr/print Name: value/ ] ],
	[ 'large headers', 'big.pl', {},
	    [ 'bad-header', qr/larger than max-header/, qr/raise max-header/ ] ],
);

my %app = (app => "max-body = 1K\nfirst-byte-timeout = 1s\nidle-timeout = 1s\n"
    . "kill-grace = 300ms", cors => "methods = PUT\nheaders = X-A\n"
    . "enforce = block-unsafe\nisolate = report");

# A line as { id, text, todo, and the pairs of the request }.
sub read_text {
	my ($line) = @_;
	my ($head, $level, $text, $id, $rest) = $line =~ /^
	    (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\ corswrap:\ (\w+):\ (.*?)
	    \ \[([a-z-]+)\]((?:\ [a-z]+=(?:"[^"]*"|[^\s";]+))*(?:;\ .*)?)$/x
	    or return { bad => $line };
	my ($pairs, $todo) = split /; /, $rest, 2;
	return { level => $level, id => $id, message => $text, todo => $todo,
		pairs => { map { /^([a-z]+)="?(.*?)"?$/ }
			$pairs =~ /([a-z]+=(?:"[^"]*"|\S+))/g } };
}

sub read_json {
	my ($line) = @_;
	my $o = eval { JSON::PP->new->utf8->decode($line) }
	    or return { bad => $line };
	my %pairs = %$o;
	delete @pairs{qw(time level id message todo)};
	return { %$o{qw(level id message todo)}, pairs => \%pairs };
}

for my $format (qw(text json)) {
	my $read = $format eq 'text' ? \&read_text : \&read_json;
	my $r = run_responder($app{app}, cors => $app{cors},
		server => "log-format = $format\nlog = info");
	for my $cause (@causes) {
		my ($what, $script, $params, @want) = @$cause;
		my %p  = %$params;
		my $in = delete $p{STDIN};
		my $at = length $r->log;
		ask($r, $script, params => \%p,
			defined $in ? (stdin => $in) : ());
		wait_for(sub { my @l = split /\n/, substr $r->log, $at;
			@l >= @want });
		my @lines = split /\n/, substr $r->log, $at;
		is(scalar @lines, scalar @want, "$format: $what: a line a cause")
		    or diag join "\n", @lines;
		unlike(substr($r->log, $at), qr/[^\n -~]/, "$format: $what: plain");
		for my $n (0 .. $#want) {
			my ($id, $text, $todo) = @{ $want[$n] };
			my $l = $read->($lines[$n] // '');
			is($l->{id}, $id, "$format: $what: $id") or
			    diag $lines[$n];
			# JSON has its own escapes; quoted text stays quoted.
			like($l->{message}, $text, "$format: $what: the cause");
			$todo ? like($l->{todo}, $todo, "$format: $what: what to do")
			    : is($l->{todo}, undef, "$format: $what: no advice");
			my $uri = $l->{pairs}{uri};
			is($uri, "/$script", "$format: $what: the request");
			is($l->{pairs}{method}, $p{REQUEST_METHOD}
				// (defined $in ? 'POST' : 'GET'), "$format: $what: method");
			my $want_origin = exists $p{HTTP_ORIGIN}
			    ? $p{HTTP_ORIGIN} : $origin;
			$want_origin =~ s/([\r\n])/sprintf '\\x%02x', ord $1/ge
			    if $format eq 'text';
			is($l->{pairs}{origin}, $want_origin,
			    "$format: $what: origin");
		}
	}
	my $at = length $r->log;
	ask($r, 'says.pl');
	wait_for(sub { my @l = split /\n/, substr $r->log, $at; @l >= 2 });
	my @said = split /\n/, substr $r->log, $at;
	is(scalar @said, 2, "$format: a line for each of the program's");
	if ($format eq 'text') {
		like($said[1], qr/warning: says\.pl\[\d+\]: se\\x09cond "q" \\x5c \\xff$/,
		    'text: tagged and escaped');
	} else {
		my $o = JSON::PP->new->utf8->decode($said[1]);
		is($o->{message}, "se\tcond \"q\" \\ \x{ff}", 'json: its bytes');
		is($o->{program}, 'says.pl', 'json: tagged');
		like($o->{pid}, qr/^\d+$/, 'json: with its pid');
		is($o->{id}, 'stderr', 'json: as such');
	}
	is($r->stop, 0, "$format: ends well");
}

# --- levels --------------------------------------------------------------------------

for my $case ([ 'error', 0, 0, 1 ], [ 'warning', 0, 1, 1 ], [ 'info', 1, 1, 1 ]) {
	my ($level, $info, $warning, $error) = @$case;
	my $r = run_responder('', server => "log = $level");
	ask($r, 'ok.pl', params => { REQUEST_METHOD => 'OPTIONS',
		HTTP_ORIGIN => 'https://b.example',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT' });
	ask($r, 'badline.pl');
	ask($r, 'none.pl');
	$r->wait_log(qr/script-missing/);
	is(join(' ', map { scalar log_lines($r, $_) } qr/origin-not-allowed/,
		qr/header-dropped/, qr/script-missing/), "$info $warning $error",
	    "log = $level");
	$r->stop;
}

# --- access-log ------------------------------------------------------------------------

for my $format (qw(text json)) {
	my $r = run_responder('kill-grace = 300ms', server => "log = error\n"
	    . "access-log = yes\nlog-format = $format\nlog-file = $dir/a.$format");
	my $lines = sub { return grep { /access/ }
		split /\n/, read_file("$dir/a.$format") };
	my @want;
	my $did = sub { my ($what, %o) = @_; push @want, [ $what, %o ] };
	ask($r, 'ok.pl', params => { REMOTE_ADDR => '192.0.2.7' });
	$did->('a program', status => 200, bytes => 2, what => 'ran',
	    policy => 'cors', client => '192.0.2.7', uri => '/ok.pl');
	ask($r, 'ok.pl', params => { REQUEST_METHOD => 'OPTIONS',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET' });
	$did->('a preflight', status => 204, bytes => 0, what => 'preflight');
	ask($r, 'ok.pl', params => { REQUEST_METHOD => 'OPTIONS',
		HTTP_ORIGIN => 'https://b.example',
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET' });
	$did->('a refused one', status => 403, what => 'preflight',
	    reason => 'origin-not-allowed');
	ask($r, 'nothing.pl');
	$did->('a failure', status => 502, what => 'ran', failure => 'bad-header');
	ask($r, 'none.pl', params => { REQUEST_URI => "/a b\n\"c\"" });
	$did->('none', status => 404, what => 'answered', failure => 'script-missing');
	fcgi_get($r->address, params => [ map { ("P$_" => 'x') } 1 .. 600 ]);
	$did->('too many parameters', status => 400, failure => 'parameters-too-large');
	wait_for(sub { $lines->() >= @want });
	my $c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('hang.pl')));
	wait_for(sub { children_of($r->pid) });
	$c->close;
	$did->('a client that went', status => 0, failure => 'client-gone');
	wait_for(sub { $lines->() >= @want });
	my @got = $lines->();
	is(scalar @got, scalar @want, "access-log, $format: a line a request");
	for my $n (0 .. $#want) {
		my ($what, %o) = @{ $want[$n] };
		my %have = $format eq 'json'
		    ? %{ JSON::PP->new->utf8->decode($got[$n]) }
		    : map { /^([a-z]+)="?(.*?)"?$/ }
			$got[$n] =~ /([a-z]+=(?:"[^"]*"|\S+))/g;
		is($have{$_}, $o{$_}, "access-log, $format: $what: $_")
		    for sort keys %o;
		like($have{microseconds}, qr/^\d+$/, "$format: $what: its time");
	}
	is($r->stop, 0, 'ends well');
}

# A log that cannot be written does not stop requests.
SKIP: {
	skip 'no /dev/full', 2 unless -c '/dev/full';
	my $r = run_responder('', server => "log-file = /dev/full\naccess-log = yes");
	is(ask($r, 'ok.pl')->{body}, 'ok', "a full disk: request $_") for 1 .. 2;
	$r->stop;
}

# Nor does one without a reader: the reader of standard error was stopped (tee,
# a supervisor, a terminal).
{
	mkfifo("$dir/stuck", 0600) or die "mkfifo: $!";
	sysopen my $reader, "$dir/stuck", O_RDONLY | O_NONBLOCK or die $!;
	write_file("$dir/stuck.ini", "[cors]\norigins = $origin\n[app]\n"
	    . "exec = $dir/cgi/ok.pl\n[server]\naccess-log = yes\nworkers = 4\n");
	my $pid = start([ corswrap(), '-c', "$dir/stuck.ini", '-l',
		"unix:$dir/stuck.sock" ], stderr => "$dir/stuck");
	wait_socket("$dir/stuck.sock") or die 'no responder';
	# log.c tests that their lines do not wait for the reader.
	my $answered = 0;
	for (1 .. 400) {
		my $got = eval { fcgi_get("unix:$dir/stuck.sock", timeout => 20,
			params => [ REQUEST_METHOD => 'OPTIONS', REQUEST_URI => '/',
			HTTP_ORIGIN => 'https://b.example/' . 'x' x 400,
			HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT' ]) };
		last if !$got || ($got->{status} // 0) != 403;
		$answered++;
	}
	is($answered, 400, 'a stopped reader: all requests are answered');
	# It reads again: the log says what was lost.
	my $log = '';
	my $read = sub { while (sysread $reader, my $bytes, 65536) { $log .= $bytes } };
	$read->();
	fcgi_get("unix:$dir/stuck.sock", timeout => 60, params => [
		REQUEST_METHOD => 'GET', REQUEST_URI => '/', HTTP_ORIGIN => $origin ]);
	ok(wait_for(sub { $read->(); $log =~ /status=200/ }, 30),
	    'a reader that goes on has the next line');
	like($log, qr/lines could not be written \[log-lost\] lines=[1-9]/,
	    'and how many are missing');
	is((() = $log =~ /^(?!\d{4}-)/mg), 0, 'all of them whole');
	is(stop($pid), 0, 'ends well');
}

done_testing;
