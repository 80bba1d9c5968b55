#!/usr/bin/perl
# A responder with fewer rights than its programs: a user other than root
# (`user`), Landlock (`landlock`), both.  All its functions still work, and
# programs keep their rights.
#
# A process that has changed its user is not dumpable, so tests cannot use
# /proc/RESPONDER/fd; one under Landlock cannot inspect processes that are not.
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

# That user may not be able to read the tree (/root).
my $libexec = tempdir();
run([ 'cp', '-R', top_src() . '/lib/.', "$libexec" ]);
run([ 'chmod', '-R', 'a+rX', "$libexec" ]);
$ENV{CORSWRAP_LIBEXEC} = "$libexec";
my $uid = getpwnam 'www-data';

# Landlock's version from the kernel, by the number of the system call.
my $landlock = syscall 444, 0, 0, 1;
my $has = $landlock > 0 && !under_valgrind(); # whose kernel has none
note($has ? "Landlock $landlock" : "no Landlock: $!");

# At the end LeakSanitizer stops every thread, but cannot stop one with more
# rights.
my %confined = (ASAN_OPTIONS => 'detect_leaks=0');

# Processes that were started with that word.
sub with_word {
	my ($word) = @_;
	return grep { read_file("/proc/$_/cmdline") =~ /\Q$word\E/ && $_ != $$ }
	    map { m{(\d+)} } glob '/proc/[0-9]*';
}

sub try {
	my ($what, $rights, %o) = @_;
	my $dir = tempdir();
	mkdir "$dir/other";
	mkdir "$dir/logs";
	write_file("$dir/origins", "https://one.example\n");
	chown $uid, -1, "$dir/logs", "$dir";
	my $word = 4000 + $$ . int rand 1000;
	# What has left the process group is found on Linux alone.
	my $setsid = has_pidfd() ? 'setsid' : '';
	my $r = responder(dir => "$dir", env => { TMPDIR => "$dir/logs",
		$o{confined} ? %confined : () },
	    more => { cors => "origins-file = $dir/origins",
		app => "first-byte-timeout = 700ms\nkill-grace = 200ms\nmax-body = 64M",
		server => "$rights\nlog-file = $dir/logs/log\nreload = 1h" },
	    program => <<"END");
case \$QUERY_STRING in
writes) printf 'Content-Type: text/plain\\n\\n'; echo x >'$dir/other/made' && echo wrote;;
leaves) $setsid sleep $word & sleep $word;;
rights) printf 'Content-Type: text/plain\\n\\n'; grep NoNewPrivs /proc/self/status;;
fails) exit 3;;
*) printf 'Content-Type: text/plain\\n\\n'; wc -c;;
esac
END
	my $ask = sub {
		fcgi_get($r->address, timeout => 60, params => get(
			QUERY_STRING => $_[0], @_[ 1 .. $#_ ])) };
	my $log = sub { read_file("$dir/logs/log") };

	is($ask->('')->{body} + 0, 0, "$what: a program runs");
	if ($o{keeps}) {
		is($ask->('writes')->{body}, "wrote\n",
		    "$what: and writes where corswrap may not");
		unlink "$dir/other/made";
	}
	# POSIX knows no such right.
	my $no_new = posix_only() ? 0 : $o{no_new} // 0;
	is($ask->('rights')->{body}, "NoNewPrivs:\t$no_new\n",
	    "$what: its rights");
	# Both are larger than a pipe.
	for my $size (200_000, 3_000_000) {
		my $got = fcgi_get($r->address, timeout => 60, params => get(
			REQUEST_METHOD => 'POST', CONTENT_LENGTH => $size,
			QUERY_STRING => ''), stdin => 'x' x $size);
		is($got->{body} + 0, $size, "$what: a body of $size");
	}
	is($ask->('fails')->{status}, 502, "$what: an exit status is seen");
	is($ask->('leaves')->{status}, 504, "$what: first-byte-timeout");
	ok(wait_for(sub { !with_word($word) }),
	    "$what: what the program left of itself is ended");

	# A new policy, replaced by renaming, and a rotated log.
	rename "$dir/logs/log", "$dir/logs/old";
	write_file("$dir/new", read_file($r->{policy}) =~
	    s/max-age = 600/max-age = 77/r);
	rename "$dir/new", $r->{policy};
	$r->signal('HUP');
	ok(wait_for(sub { $log->() =~ /\[reload/ }),
	    "$what: SIGHUP: a new log, and a reload");
	is((fcgi_get($r->address, params => preflight(
		HTTP_ORIGIN => 'https://one.example'))
	    ->{header}{'access-control-max-age'} // [''])->[0], 77,
	    "$what: the policy is taken up");

	# Its own rights: a file that it was not started with.
	write_file("$dir/other/origins", "https://two.example\n");
	chmod 0711, "$dir/other";
	write_file($r->{policy}, read_file($r->{policy}) =~
	    s{\Q$dir\E/origins}{/var/lib/corswrap-rights-$$}r);
	write_file("/var/lib/corswrap-rights-$$", "https://two.example\n");
	$r->signal('HUP');
	ok(wait_for(sub { (() = $log->() =~ /\[reload/g) > 1 }),
	    "$what: another file is asked for");
	my $two = (fcgi_get($r->address, params => preflight(
		HTTP_ORIGIN => 'https://two.example'))->{status} // 0);
	is($two, $o{confined} ? 403 : 204, "$what: " .
	    ($o{confined} ? 'and may not be read' : 'and is read'));
	unlink "/var/lib/corswrap-rights-$$";

	is($r->stop, 0, "$what: ends well");
	ok(!-e "$dir/socket", "$what: and removes its socket");
	unlike($log->() . read_file("$dir/logs/old") . $r->log,
	    qr/\[landlock\]/, "$what: the kernel could");
	return;
}

# A kept interpreter, whose memory and files corswrap checks.
sub try_warm {
	my ($what, $rights) = @_;
	if (never_warm()) {
		SKIP: { skip "$what: " . never_warm(), 3 }
		return;
	}
	my $dir = tempdir();
	chmod 0755, "$dir";
	write_file("$dir/Part.pm", "package Part;\nsub text { 'one' }\n1;\n");
	my $program = write_file("$dir/warm.pl", <<"END", 0755);
#!/usr/bin/perl
use lib '$dir';
use Part;
print "Content-Type: text/plain\\r\\n\\r\\n", Part::text(), "\\n";
END
	my $r = responder(env => { $rights =~ /landlock/ ? %confined : () },
	    policy => basic_policy($program, server => "$rights\n"
		. "status-path = /status\nstatus-clients = 127.0.0.1\n"
		. "[warm]\nscripts = exec\nafter = 1 in 1m"));
	my $warm = sub {
		fcgi_get($r->address, params => get());
		fcgi_get($r->address, params => get(REQUEST_URI => '/status',
			SCRIPT_NAME => '/status'))->{body} =~
		    /^corswrap_warm_requests_total\{result="warm"\} [1-9]/m };
	ok(wait_for($warm, 40), "$what: a program runs warm") or diag($r->log);
	write_file("$dir/Part.pm", "package Part;\nsub text { 'two, longer' }\n1;\n");
	ok(wait_for(sub { fcgi_get($r->address, params => get())->{body} eq
		"two, longer\n" }, 40), "$what: a changed module is seen");
	is($r->stop, 0, "$what: warm, ends well");
	return;
}

# A policy, an origins-file and a log that are links into other folders.
sub try_links {
	my $dir = tempdir();
	mkdir "$dir/$_" or die for qw(etc policies lists logs tmp);
	write_file("$dir/lists/origins", "https://one.example\n");
	symlink '../lists/origins', "$dir/etc/origins" or die;
	symlink '../logs/real', "$dir/etc/log" or die;
	write_file("$dir/logs/real", '');
	my $text = basic_policy('/bin/true', cors => "origins-file = $dir/etc/origins",
		server => "landlock = yes\nreload = 1h\nlog-file = $dir/etc/log");
	write_file("$dir/policies/app.ini", $text);
	symlink '../policies/app.ini', "$dir/etc/policy.ini" or die;
	# Not -l, whose folder may be written.
	my $r = responder(dir => "$dir/etc", listen => 'fd0', policy => $text,
	    env => { TMPDIR => "$dir/tmp", %confined });
	write_file("$dir/lists/origins", "https://two.example\n");
	unlink "$dir/logs/real";
	$r->signal('HUP');
	ok(wait_for(sub { read_file("$dir/logs/real") =~ /\[reload/ }),
	    'links: the log is opened again');
	is(fcgi_get($r->address, params => preflight(
		HTTP_ORIGIN => 'https://two.example'))->{status}, 204,
	    'links: policy and origins are read again');
	is($r->stop, 0, 'links: ends well');
	return;
}

# A connection that is taken and not served, and one that may not be made.
sub try_ports {
	my @ports = map { listen_tcp() } 1, 2;
	my $dir = tempdir();
	my $policy = sub { "[app]\nforward = tcp:127.0.0.1:" . $_[0]->sockport .
		"\nfirst-byte-timeout = 300ms\n[cors]\norigins = https://a.example\n" .
		"[server]\nlandlock = yes\nreload = 1h\n" };
	my $r = responder(dir => "$dir", env => {%confined},
	    policy => $policy->($ports[0]));
	is(fcgi_get($r->address, params => get())->{status}, 504,
	    'forward: its port can be reached');
	write_file($r->{policy}, $policy->($ports[1]));
	$r->signal('HUP');
	$r->wait_log(qr/\[reloaded\]/);
	is(fcgi_get($r->address, params => get())->{status}, 503,
	    'forward: another one cannot');
	like($r->log, qr/Permission denied/, 'and why is in the log');
	$r->stop;
	return;
}

# Where the system does not have it, a responder serves, and says so.
sub without_landlock {
	my $r = responder(more => { server => 'landlock = yes' });
	is(fcgi_get($r->address, params => preflight())->{status}, 204,
	    'no Landlock: it serves');
	like($r->log, qr/keeps all its rights.*\[landlock\]/,
	    'no Landlock: the log says so');
	is($r->stop, 0, 'no Landlock: ends well');
	return;
}

SKIP: {
	skip 'not root, or no www-data', 1 unless $> == 0 && defined $uid;
	try('user', 'user = www-data', no_new => 1);
	if (posix_only()) {
		without_landlock();
		skip '--enable-posix-only: neither warm nor Landlock', 1;
	}
	try_warm('user', 'user = www-data');
	skip 'this kernel has no Landlock', 1 unless $has;
	try('landlock', 'landlock = yes', keeps => 1, confined => 1);
	try('both', "user = www-data\nlandlock = yes", no_new => 1,
	    confined => 1);
	try_warm('landlock', 'landlock = yes');
	try_ports();
	try_links();
}
done_testing;
