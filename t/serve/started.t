#!/usr/bin/perl
# The start of a responder: the first line of its log has the version, the
# policy, the address and the log file; as root it warns, or switches to `user`
# permanently.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Responder;
use Corswrap::Test;
use Test::More;

my ($version) = (run([ corswrap(), '-V' ]))[1] =~ /(\S+)$/;

sub started {
	my ($r) = @_;
	$r->wait_log(qr/\[started\]/);
	my ($line) = $r->log =~ /^(.*\[started\].*)$/m;
	return $line // '(no line)';
}

# --- the line -----------------------------------------------------------------------

for my $kind (qw(unix tcp fd0 fds)) {
	my $r = responder(listen => $kind, args => [ '-w', 7 ],
	    more => { cors => "[cors hr]\npath = /hr/*" });
	my $line = started($r);
	like($line, qr/\bcorswrap \Q$version\E with policy \Q$r->{policy}\E: /,
	    "$kind: version and policy");
	like($line, qr/: \[cors\] \[cors hr\], listening on /, "$kind: sections");
	like($line, qr/ \Q$_\E\b/, "$kind: $_") for @{ $r->{addresses} };
	like($line, qr/, 7 workers, log in standard error /, "$kind: the rest");
	unlike($r->log, qr/\[started\].*\[started\]/s, "$kind: once");
	is($r->stop, 0, "$kind: ends well") unless under_valgrind();
}
{
	my $r = responder(more => { cors => join "\n", map {
		("[cors s$_]", "path = /s$_") } 1 .. 20 });
	like(started($r), qr/\[cors s7\] and 13 more, listening/,
	    'of many sections the first');
	$r->stop;
}
# A server may leave descriptor 0 alone open (FastCGI 1.0, 2.2).  Its sockets and
# pipes must not become standard error, to which the log goes.
SKIP: {
	skip 'no /proc', 3 unless -e '/proc/self/fd';
	my $r = responder(listen => 'fd0',
	    wrap => [ 'sh', '-c', 'exec "$@" >&- 2>&-', 'sh' ]);
	is(readlink "/proc/@{[ $r->pid ]}/fd/$_", '/dev/null',
	    "started without descriptor $_: /dev/null") for 1, 2;
	is($r->stop, 0, 'and ends well');
}
if (tcp6_works()) {
	my $r = responder(listen => 'tcp6');
	like(started($r), qr/ \Q@{[ $r->address ]}\E, /, 'an IPv6 address');
	$r->stop;
}
{
	my $dir = tempdir();
	my $r = responder(more => { server => "log-file = $dir/x.log\n"
		. 'log-format = json' });
	ok(wait_for(sub { read_file("$dir/x.log") =~ /"id":"started"/ }),
	    'into the log-file, as JSON');
	like(read_file("$dir/x.log"), qr/log in \Q$dir\E\/x\.log/, 'which it names');
	is($r->log =~ /started/ ? 1 : 0, 0, 'and nowhere else');
	$r->stop;
}
SKIP: {
	# A hole; what is behind it takes numbers of 64 bits, on every machine.
	my $dir = tempdir();
	write_file("$dir/x.log", '');
	truncate "$dir/x.log", 3 << 30 or skip "no file of 3 GiB here: $!", 1;
	my $r = responder(more => { server => "log-file = $dir/x.log" });
	ok(wait_for(sub { -s "$dir/x.log" > 3 << 30 }),
	    'a log of more than 2 GiB goes on');
	$r->stop;
}
{
	my $r = responder(more => { server => 'log = warning' });
	fcgi_get($r->address, params => get());
	unlike($r->log, qr/\[started\]/, 'it is an info');
	$r->stop;
}

# --- root -----------------------------------------------------------------------------

SKIP: {
	skip 'not root', 1 if $> != 0;
	my $r = responder();
	started($r);
	like($r->log, qr/warning: running as root.*\[root\].*set `user`/,
	    'root is warned');
	$r->stop;

	my $uid = getpwnam 'www-data' // skip 'no www-data', 1;
	my $dir = tempdir();
	chmod 0777, "$dir";
	$r = responder(dir => "$dir", more => {
		server => "user = www-data\nlog-file = $dir/user.log" },
	    program => "printf 'Content-Type: text/plain\\n\\n'; id -un;"
		. "grep NoNewPrivs /proc/self/status\n");
	ok(wait_for(sub { read_file("$dir/user.log") =~ /\[started\]/ }),
	    'with `user` it starts');
	unlike(read_file("$dir/user.log"), qr/\[root\]/, 'and does not warn');
	is((stat "$dir/socket")[4], $uid, 'its socket is that user\'s');
	my $status = read_file('/proc/' . $r->pid . '/status');
	like($status, qr/^Uid:\t$uid\t$uid\t$uid\t$uid$/m, 'it is that user');
	like($status, qr/^CapEff:\t0+$/m, 'with no capability');
	# prctl(2)
	my $set = posix_only() ? 0 : 1;
	like($status, qr/^NoNewPrivs:\t$set$/m, 'for good');
	my $got = fcgi_get($r->address, params => get());
	is($got->{body}, "www-data\nNoNewPrivs:\t$set\n", 'and so are programs');
	is($r->stop, 0, 'it ends well');
	ok(!-e "$dir/socket", 'and removes its socket');

	my $n = responder(no_wait => 1, more => {
		server => 'user = no-such-user-here' });
	is($n->wait_end, 1, 'a user that is not there: exit 1');
	like($n->log, qr/user no-such-user-here: there is no such user/,
	    'and why');
}

# --- what a name may be ----------------------------------------------------------------

for my $bad ('a b', '-x', 'a/b', 'a:b') {
	my $dir = tempdir();
	write_file("$dir/p.ini", "[app]\nexec = /bin/true\n[cors]\n"
	    . "origins = https://a.example\n[server]\nuser = $bad\n");
	my ($exit, $out) = run([ corscheck(), 'lint', "$dir/p.ini" ]);
	is($exit, 1, "user = $bad");
	like($out, qr/name of a user.*\[bad-value\]/, 'is no user');
}
done_testing;
