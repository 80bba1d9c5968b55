#!/usr/bin/perl
# The rows of t/vectors/cgi.tsv that concern running programs, over raw
# FastCGI records.  Connections (CGI-077, 108 and on) are in t/serve, header blocks
# case by case t/cors/header-block's.
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::FastCGI qw(fcgi_get fcgi_connect request_bytes record
    begin_record params_records);
use Corswrap::Programs;
use Corswrap::Test;
use Test::More;
use Time::HiRes qw(sleep time);

mkdir "$dir/$_" for qw(cgi-old secret);
my $r = run_responder("stderr = log\nlocal-redirect = 302");

# ---- header blocks as programs print them: ID, output, status, checks ----
my @blocks = (
	[ 'CGI-001', "Status: 200 OK\n\ntest123", 200, qr/^test123$/ ],
	[ 'CGI-002', "Status: 200 OK\r\n\r\ntest123", 200, qr/^test123$/ ],
	[ 'CGI-008', "Status: 404\n\nsend404\n", 404, qr/^send404$/ ],
	[ 'CGI-012', "Location: http://www.example.org:2048/\r\n\r\n", 302,
	    undef, Location => 'http://www.example.org:2048/' ],
	[ 'CGI-013', "Status: 200\r\nX-Sendfile: /p\r\n\r\n", 200, undef,
	    'X-Sendfile' => '/p' ],
	[ 'CGI-016', "HTTP/1.0 404 Gone away\nX-A: 1\n\nb", 404, qr/^b$/,
	    'X-A' => 1 ],
	[ 'CGI-017', "HTTP/1.1 200\r\nX-A: 1\r\n\r\n", 200, qr/^$/, 'X-A' => 1 ],
	[ 'CGI-019', "Content-Type: text/plain\nfoo", 200, qr/^$/,
	    'Content-Type' => 'text/plain' ],
	[ 'CGI-022', "Content-Length: +5x\r\n\r\n", 502 ],
	[ 'CGI-023', ": novalue\r\nX-A: 1\r\n\r\n", 200, undef, 'X-A' => 1 ],
	[ 'CGI-024', "Status: abc\r\n\r\n", 502 ],
	[ 'CGI-028', "Content-Type: text/html\r\nbroken line\r\n\r\nx", 200,
	    qr/^x$/ ],
	[ 'CGI-032', 'X-A: ' . 'a' x 9000 . "\n\nx", 200, qr/^x$/ ],
	[ 'CGI-033', "A: 1\nContent-Type : text/plain\r\n\r\n", 200, undef,
	    'Content-Type' => '0 values' ],
	[ 'CGI-034', "X-A: one\r\n two\r\n\r\n", 200, undef,
	    'X-A' => 'one two' ],
	[ 'CGI-036', "Access-Control-Allow-Origin: *\n"
	    . "Access-Control-Allow-Origin: x\n\n", 200 ],
	[ 'CGI-037', "Vary: Accept-Encoding\nVary: Origin\n\n", 200, undef,
	    Vary => 'Accept-Encoding, Origin' ],
	[ 'CGI-040', "A: 1\nX-A: a\0b\r\n\r\n", 200, undef,
	    'X-A' => '0 values' ],
	[ 'CGI-041', "cOnTeNt-TyPe: text/plain\nsTaTuS: 418 T\n\nx", 418,
	    qr/^x$/ ],
	[ 'CGI-042', "\n\nbody", 200, qr/^\n?body$/ ],
	[ 'CGI-045', "HTTP/1.0 200 OK\r\nServer: cmdline\r\nDate: x\r\n\r\n",
	    200, undef, Server => 'cmdline' ],
	[ 'CGI-057', "Content-Length: 8\n\nSEE-THIS-BUT-NOT-THIS", 200,
	    qr/^SEE-THIS$/ ],
	[ 'CGI-058', "Content-Length: 100\n\nshort", 200, qr/^short$/ ],
	[ 'CGI-062', "Status: 404 Not Found\r\n\r\n", 404 ],
	[ 'CGI-029', '', 502 ],
	[ 'CGI-020', ('X-A: ' . 'a' x 1000 . "\n") x 70 . "\n", 502 ],
	[ 'CGI-011', "Location: /404.pl\r\n\r\n", 302 ],
);
for my $case (@blocks) {
	my ($id, $out, $status, $body, $name, $value) = @$case;
	perl_program('block.pl', 'print ' . quoted($out) . ';');
	my $got = ask($r, 'block.pl', $id eq 'CGI-062' ?
	    (stdin => 'x' x 1280) : ());
	is($got->{status}, $status, "$id: status");
	cors_on($got, $id);
	like($got->{body}, $body, "$id: body") if $body;
	is(one($got, $name), $value, "$id: $name") if $name;
	# A body shorter than its Content-Length is visibly cut off.
	is(!!$got->{ended}, $id ne 'CGI-058', "$id: how it ends");
}
logged($r, qr/no output/, 'CGI-029: the log says so');
logged($r, qr/broken line/, 'CGI-028: the log has the line');

perl_program('slow.pl', 'print "Status: 200 OK\r\n"; select undef, undef, undef, 0.3;'
    . 'print "\r\n"; select undef, undef, undef, 0.3; print "test123"');
is(ask($r, 'slow.pl')->{body}, 'test123', 'CGI-003, 004: in parts');
perl_program('lines.pl', 'print "X-A: 1\nX-A: 2\nSet-Cookie: a\nSet-Cookie: b\n\n"');
is_deeply([ map { $_->[1] } grep { $_->[0] =~ /^(X-A|Set-Cookie)$/ }
    @{ ask($r, 'lines.pl')->{headers} } ], [ 1, 2, 'a', 'b' ],
    'CGI-044: order and number kept');
perl_program('segv.pl', 'kill 11, $$; sleep 5');
my $got = ask($r, 'segv.pl');
is($got->{status}, 502, 'CGI-031: killed before output');
logged($r, qr/signal 11/, 'CGI-031: the log names the signal');

# ---- bodies ----
my $mega = join '', map { chr(65 + $_ % 26) } 1 .. 1 << 20;
perl_program('deaf.pl', 'sleep 1; print "Status: 200\n\nok"');
my $began = time;
$got = ask($r, 'deaf.pl', stdin => $mega);
is($got->{body}, 'ok', 'CGI-046: never reads its input');
cmp_ok(time - $began, '<', 20, 'and holds nobody');
perl_program('talks.pl', 'print "A: 1\n\n", "y" x (1 << 20); my $n = 0;'
    . 'while (my $k = read STDIN, my $b, 65536) { $n += $k } print $n');
$got = ask($r, 'talks.pl', stdin => $mega);
is(length $got->{body}, (1 << 20) + 7, 'CGI-047: writes before it reads');
like($got->{body}, qr/y1048576$/, 'and reads it all then');
perl_program('cat.pl', 'binmode STDIN; binmode STDOUT; print "A: 1\n\n";'
    . 'while (read STDIN, my $b, 65536) { print $b }');
my $big = $mega x 16;
$got = ask($r, 'cat.pl', stdin => $big);
ok($got->{body} eq $big, 'CGI-048: 16 MiB back') or
    diag("status $got->{status}, ", length $got->{body}, ' bytes, exit ',
	$got->{appStatus} // 'none', "\n", substr($r->log, -600));
ok(ask($r, 'cat.pl', stdin => $big, params => { CONTENT_LENGTH => undef })
    ->{body} eq $big, 'the same without a length');
perl_program('length.pl', 'my $n = read STDIN, my $b, 99;'
    . 'print "A: 1\n\n", ($ENV{CONTENT_LENGTH} // "-"), ":", $b');
is(ask($r, 'length.pl')->{body}, '-:', 'CGI-056: none');
is(ask($r, 'length.pl', params => { CONTENT_LENGTH => 0 })->{body}, '0:',
    'CGI-056: 0');
is(ask($r, 'length.pl', stdin => 'foobar')->{body}, '6:foobar',
    'CGI-056: 6');
is(ask($r, 'length.pl', stdin => 'foobar',
    params => { CONTENT_LENGTH => undef })->{body}, '6:foobar',
    'CGI-056, 063: without a length');
is(ask($r, 'length.pl', stdin => 'x', params => { CONTENT_LENGTH => 'x1' })
    ->{status}, 400, 'a length that is none');
perl_program('mark.pl', "open my \$f, '>', '$dir/ran'; print \"A: 1\\n\\n\"");
my $c = fcgi_connect($r->address);
$c->send_bytes(begin_record()
    . params_records(params('mark.pl', CONTENT_LENGTH => 100,
	REQUEST_METHOD => 'POST')) . record(5, 1, 'x' x 40));
$c->close;
logged($r, qr/disconnected.*nothing was run|cut|abort/i, 'CGI-064: a cut upload is logged');
sleep 0.2;
ok(!-e "$dir/ran", 'and nothing has run');

my $small = run_responder("max-body = 1K");
$got = ask($small, 'cat.pl', stdin => $mega);
is($got->{status}, 413, 'past max-body: 413');
cors_on($got, '413');

# ---- standard error ----
perl_program('loud.pl', 'print STDERR "e" x 1023, "\n" for 1 .. 1024;'
    . 'print "A: 1\n\nok"');
is(ask($r, 'loud.pl')->{body}, 'ok', 'CGI-051: 1 MiB of complaints');
logged($r, qr/eeeee/, 'logged');
cmp_ok(-s $r->{log}, '<', 300_000, 'within bounds');
my $f = run_responder('stderr = fastcgi');
perl_program('both.pl', 'print STDERR "one\n"; print "A: 1\n\nx"; print STDERR "two\n";'
    . 'print "y"');
$got = ask($f, 'both.pl');
is($got->{body}, 'xy', 'CGI-053: the body');
like($got->{stderr}, qr/one.*two/s, 'CGI-053: FCGI_STDERR');

# ---- leftovers ----
perl_program('daemon.pl', "my \$pid = fork; if (!\$pid) { open my \$f, '>', '$dir/daemon';"
    . 'print {$f} $$; close $f; sleep 60; exit } '
    . "select undef, undef, undef, .05 until -s '$dir/daemon';"
    . 'print "A: 1\n\nok"');
$began = time;
$got = ask($r, 'daemon.pl');
is($got->{body}, 'ok', 'R17, CGI-054: a daemon holds standard output');
cmp_ok(time - $began, '<', 20, 'but not the request');
my $daemon = read_file("$dir/daemon");
ok(kill(0, $daemon), 'and lives on');
kill 'KILL', $daemon;

# ---- time ----
my $t = run_responder("first-byte-timeout = 1s\nidle-timeout = 1s\n"
    . "total-timeout = 3s\nkill-grace = 300ms");
perl_program('hang.pl', "open my \$f, '>', '$dir/pid'; print {\$f} \$\$; close \$f;"
    . 'sleep 60');
$began = time;
$got = ask($t, 'hang.pl');
is($got->{status}, 504, 'R2, CGI-072: 504');
cors_on($got, 'CGI-072');
cmp_ok(time - $began, '>=', 0.9, 'not before its time');
ok(gone(read_file("$dir/pid")), 'and the program is terminated');
logged($t, qr/first-byte-timeout/, 'logged with what to raise');
perl_program('stall.pl', 'print "A: 1\n\nx"; sleep 60');
$got = ask($t, 'stall.pl');
is($got->{body}, 'x', 'CGI-073: what there was');
isnt($got->{appStatus}, 0, 'CGI-073: not as if it were whole');
logged($t, qr/idle-timeout/, 'logged');
perl_program('drip.pl', 'print "A: 1\n\n"; while (1) { print "."; '
    . 'select undef, undef, undef, 0.1 }');
$began = time;
$got = ask($t, 'drip.pl');
like($got->{body}, qr/^\.+$/, 'CGI-074: dots');
cmp_ok(time - $began, '<', 25, 'that end');
perl_program('stubborn.pl', '$SIG{TERM} = "IGNORE"; my $k = fork; '
    . "if (\$k) { open my \$f, '>', '$dir/both'; print {\$f} \"\$\$ \$k\";"
    . 'close $f } sleep 1 while 1');
$got = ask($t, 'stubborn.pl');
is($got->{status}, 504, 'R43, CGI-071: deaf to TERM');
ok(gone($_), 'CGI-071: KILL, for the whole group')
    for split / /, read_file("$dir/both");

# ---- the client disconnects ----
for my $how ('close', 'abort') {
	unlink "$dir/pid";
	$c = fcgi_connect($r->address);
	$c->send_bytes(request_bytes(params => params('hang.pl')));
	wait_for(sub { -s "$dir/pid" });
	my $pid = read_file("$dir/pid");
	if ($how eq 'close') { $c->close }
	else { $c->send_bytes(record(2, 1, '')) }
	ok(gone($pid), "R1: client gone ($how): the program is terminated");
}
my $finish = run_responder('on-abort = finish');
unlink "$dir/done";
perl_program('finish.pl', "open my \$f, '>', '$dir/begun'; close \$f;"
    . "print \"A: 1\\n\\n\"; print 'x' x 1000 or exit for 1 .. 300;"
    . "sleep 1; open \$f, '>', '$dir/done'");
$c = fcgi_connect($finish->address);
$c->send_bytes(request_bytes(params => params('finish.pl')));
wait_for(sub { -e "$dir/begun" });
$c->close;
ok(wait_for(sub { -e "$dir/done" }), 'on-abort = finish: it runs to its end');

# ---- the program's surroundings ----
# Not Perl, which ignores SIGFPE by itself.
write_file("$dir/cgi/status.pl", <<'END', 0755);
#!/bin/sh
printf 'A: 1\n\n'
ls /proc/$$/fd >&1 # dash has the script itself on 10
read -r pid name state parent group rest </proc/$$/stat
[ "$group" = $$ ] && echo group 1
exec cat /proc/self/status # dash itself blocks signals while it waits
END
$got = ask($r, 'status.pl');
like($got->{body}, qr/SigBlk:\s*0+\n/, 'CGI-080: nothing blocked');
like($got->{body}, qr/SigIgn:\s*0+\n/, 'CGI-080: nothing ignored');
like($got->{body}, qr/^0\n1\n(10\n)?2\n/m, 'descriptors 0 to 2');
like($got->{body}, qr/^group 1$/m, 'R19: a process group of its own');
my $e = run_responder("[env]\nPATH = /wibble\nLD_X = 1",
    env => { RESPONDER_SECRET => 'x' });
perl_program('env.pl', 'print "A: 1\n\n", map { "$_=$ENV{$_}\n" } sort keys %ENV');
$got = ask($e, 'env.pl', params => { HTTP_PROXY => 'x', LD_PRELOAD => 'x',
	LISTEN_FDS => 1, CORSWRAP_X => 1, 'a b' => 1, '1x' => 1,
	NOTIFY_SOCKET => 'x', HTTP_X_FORWARDED_FOR => 'foo, bar, bazz' });
like($got->{body}, qr{^PATH=/wibble$}m, 'CGI-098: [env]');
like($got->{body}, qr{^LD_X=1$}m, '[env] is not filtered');
like($got->{body}, qr{^REDIRECT_STATUS=200$}m, 'CGI-104: REDIRECT_STATUS');
like($got->{body}, qr{^HTTP_X_FORWARDED_FOR=foo, bar, bazz$}m, 'CGI-100');
like($got->{body}, qr{^GATEWAY_INTERFACE=CGI/1.1$}m, 'CGI-010');
unlike($got->{body}, qr{^(HTTP_PROXY|LD_PRELOAD|LISTEN_FDS|CORSWRAP_X|a b|1x|NOTIFY_SOCKET)=}m,
    'what is dropped');
unlike($got->{body}, qr{RESPONDER_SECRET}, 'nothing of the responder\'s own');

# ---- which script ----
$got = ask($r, 'env.pl', params => { SCRIPT_FILENAME => "$dir/cgi/env.pl/extra/path",
	SCRIPT_NAME => '/env.pl/extra/path', DOCUMENT_ROOT => '/srv' });
like($got->{body}, qr{^PATH_INFO=/extra/path$}m, 'CGI-087: PATH_INFO');
like($got->{body}, qr{^SCRIPT_FILENAME=\Q$dir\E/cgi/env.pl$}m, 'CGI-087: SCRIPT_FILENAME');
like($got->{body}, qr{^SCRIPT_NAME=/env.pl$}m, 'SCRIPT_NAME');
like($got->{body}, qr{^PATH_TRANSLATED=/srv/extra/path$}m, 'PATH_TRANSLATED');
$got = ask($r, "proxy:fcgi://localhost:9000$dir/cgi/env.pl");
is($got->{status}, 200, 'CGI-090: the prefix is stripped');
$got = ask($r, "proxy:unix:/run/x.sock|fcgi://localhost$dir/cgi/env.pl");
is($got->{status}, 200, 'and mod_proxy_fcgi\'s other one');
write_file("$dir/$_/x", "#!/bin/sh\necho Status: 200; echo\n", 0755)
    for qw(cgi-old secret);
symlink "$dir/secret/x", "$dir/cgi/link";
is(ask($r, "$dir/cgi-old/x")->{status}, 403, 'CGI-091: /cgi is not /cgi-old');
is(ask($r, "$dir/cgi/../secret/x")->{status}, 403, 'CGI-092: dots');
is(ask($r, 'link')->{status}, 403, 'CGI-092: a link out of the root');
logged($r, qr/root/, 'and the log says what to do');
is(ask($r, 'none.pl')->{status}, 404, 'missing: 404');
is(ask($r, "$dir/cgi")->{status}, 404, 'a folder: 404');
write_file("$dir/cgi/img.jpg", "no program", 0644);
is(ask($r, 'img.jpg/x.php')->{status}, 403, 'img.jpg/x.php is img.jpg');
write_file("$dir/cgi/noshebang", "echo hello\n", 0755);
cmp_ok(ask($r, 'noshebang')->{status}, '>=', 500, 'CGI-095: no #!');
logged($r, qr/#!/, 'the log says so');
write_file("$dir/cgi/crlf", "#!/bin/sh\r\necho\r\n", 0755);
cmp_ok(ask($r, 'crlf')->{status}, '>=', 500, 'CGI-095: CRLF');
logged($r, qr/carriage return|CRLF|line end/i, 'the log says so');
write_file("$dir/cgi/plain.txt", "x", 0644);
is(ask($r, 'plain.txt')->{status}, 403, 'not executable: 403');
logged($r, qr/chmod/, 'the log says what to do');
symlink corswrap(), "$dir/cgi/self";
my $wide = run_responder('', root => "$dir/cgi " . top_build());
$got = ask($wide, 'self');
is($got->{status}, 500, 'never ourselves');
logged($wide, qr/\[self\]|itself/, 'and the log says so');
my $h = run_responder("[handlers]\n.pl = /usr/bin/perl -T");
write_file("$dir/cgi/tainted.pl", 'print "A: 1\n\n${^TAINT}"', 0644);
is(ask($h, 'tainted.pl')->{body}, '1', 'a handler\'s words, no x bit needed');

# ---- many ----
perl_program('nothing.pl', 'print "A: 1\n\n"');
# If it runs warm, its own interpreter uses some.
ask($r, 'nothing.pl');
my $fds = () = glob "/proc/$r->{pid}/fd/*";
ask($r, 'nothing.pl') for 1 .. 200;
my $zombies = grep { read_file("/proc/$_/stat") =~ /^\d+ \(.*\) Z $r->{pid} / }
    map { m{(\d+)$} } glob '/proc/[0-9]*';
is($zombies, 0, 'CGI-081: no zombie after 200 requests');
ok(wait_for(sub { my $now = () = glob "/proc/$r->{pid}/fd/*"; $now <= $fds + 2 }, 10),
    'no descriptor left');

# ---- no room ----
SKIP: {
	my $sh = have_program('sh');
	skip 'valgrind fails where descriptors run out', 2 if under_valgrind();
	# A signal and each start take more descriptors with POSIX only.
	write_file("$dir/few.sh", 'ulimit -n ' . (posix_only() ? 30 : 24)
	    . "; exec \"\$@\"\n");
	write_file("$dir/few.ini", "[app]\nroot = $dir/cgi\n[cors]\norigins = $origin\n");
	my $pid = start([ $sh, "$dir/few.sh", corswrap(), '-c', "$dir/few.ini",
	    '-l', "unix:$dir/few", '-w', 16 ], stderr => "$dir/fewlog");
	wait_socket("$dir/few") or skip 'it did not start', 2;
	my @open = map { fcgi_connect("unix:$dir/few", timeout => 60) } 1 .. 40;
	perl_program('nap.pl', 'select undef, undef, undef, 0.2; print "A: 1\n\nok"');
	$_ && $_->send_bytes(request_bytes(params => params('nap.pl'))) for @open;
	my %seen;
	for my $c (grep { $_ } @open) {
		$seen{ $c->read_response->{status} }++;
		$c->close;
	}
	is(join(',', grep { !/^(200|503)$/ } keys %seen), '',
	    'CGI-082: 200 or 503 with few descriptors') or diag explain \%seen;
	is(fcgi_get("unix:$dir/few", params => params('nap.pl'))->{status}, 200,
	    'CGI-082: and it recovers');
}
done_testing;
