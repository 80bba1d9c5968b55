#!/usr/bin/perl
# corswrap as process 1, as in a container: orphans of its programs are waited
# for, signals reach the responder, and its exit status is passed on.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Responder;
use Corswrap::Test;
use Test::More;

my @namespace = qw(unshare --pid --fork --mount-proc --kill-child);
my ($exit) = eval { run([ @namespace, 'true' ]) };
plan skip_all => 'no process namespaces: unshare(1), and root' if !defined $exit || $exit != 0;

sub children {
	my ($pid) = @_;
	return map { split ' ', read_file($_) } glob "/proc/$pid/task/*/children";
}

# Process 1 of a new container, and the responder.
sub container {
	my (%o) = @_;
	my $dir = tempdir();
	my $r = responder(dir => "$dir", wrap => \@namespace, %o,
	    program => <<"END");
printf 'Content-Type: text/plain\\r\\n\\r\\nprogram\\n'
setsid sh -c 'echo >>$dir/left' >/dev/null 2>&1 </dev/null &
setsid sh -c '(echo >>$dir/left) &' >/dev/null 2>&1 </dev/null &
END
	my ($first) = children($r->pid);
	return ($r, $first, $dir);
}

my ($r, $first, $dir) = container();
like(read_file("/proc/$first/status"), qr/^NSpid:\t\d+\t1$/m,
    'process 1 of its container');
for my $i (1 .. 5) {
	is(fcgi_get($r->address, params => get())->{status}, 200,
	    "request $i");
}
ok(wait_for(sub { (-s "$dir/left" // 0) == 10 }),
    'each program has left two processes');
ok(wait_for(sub { !grep { read_file("/proc/$_/stat") =~ /\) Z \d/ }
    children($first) }), 'none of them is a zombie');

write_file($r->{policy}, read_file($r->{policy}) =~
    s/max-age = 600/max-age = 77/r);
kill 'HUP', $first;
ok($r->wait_log(qr/\[reloaded\]/), 'SIGHUP is passed on');
is((fcgi_get($r->address, params => preflight())
    ->{header}{'access-control-max-age'} // [''])->[0], 77,
    'and the policy taken up');
kill 'TERM', $first;
is($r->wait_end, 0, 'SIGTERM: exit 0');
like($r->log, qr/\[stopping\]/, 'as it should');
ok(!-e "$dir/socket", 'the socket is removed');

($r, $first, $dir) = container();
my ($responder) = children($first);
isnt($responder // $first, $first, 'the responder is another process');
kill 'KILL', $responder if $responder;
is($r->wait_end, 128 + 9, 'one that is killed: the status says so');
ok(!-e "$dir/socket", 'and the socket is removed');

($r, $first, $dir) = container(no_wait => 1, policy => "[cors]\nno-such-key = 1\n");
is($r->wait_end, 1, 'a policy with errors: exit 1');

# Without CAP_KILL root may not signal processes of other users.
SKIP: {
	my @less = qw(setpriv --bounding-set=-kill);
	my ($none) = eval { run([ @less, 'true' ]) };
	skip 'no setpriv(1)', 2 if !defined $none || $none != 0;
	($r, $first, $dir) = container(wrap => [ @namespace, @less ],
	    more => { server => 'user = www-data' });
	kill 'TERM', $first;
	is($r->wait_end, 0, 'a responder that became another user: exit 0');
	like($r->log, qr/\[stopping\]/, 'SIGTERM is passed on');
}

done_testing;
