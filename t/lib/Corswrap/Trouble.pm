package Corswrap::Trouble;

# Faults of the machine: a full folder for uploads, a clock that jumps, programs that
# end exactly at their timeout.  Each function returns its checks as a list of
# [ passed, description ], or [ undef, reason ] if it cannot run here.
#
#	ok($_->[0], $_->[1]) for full_disk();
#
# t/hostile/chaos.t runs them once, bench/soak for hours.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;

use Corswrap::Faults ();
use Corswrap::FastCGI qw(begin_record fcgi_begin fcgi_connect fcgi_get
    params_records record request_bytes stdin_records);
use Corswrap::Responder;
use Corswrap::Server;
use Corswrap::Test qw(corswrap have_program patience read_file run start
    stop tempdir top_src wait_for wait_socket write_file);
use Exporter qw(import);
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(full_disk clock_jumps deadline_race);

my $origin = 'https://app.example.com';

# The program for all functions; QUERY_STRING selects what it does.
my $program = <<'END';
#!/usr/bin/perl
use strict;
$| = 1;
my ($do, $n) = $ENV{QUERY_STRING} =~ /^(\w+)=?([\d.]*)/;
sub pause { select undef, undef, undef, $_[0] }
if ($do eq 'hang') { sleep 60 }
if ($do eq 'after') { pause($n) }
print "Content-Type: text/plain\n\n";
if ($do eq 'count') {
	my ($sum, $part) = 0;
	$sum += length $part while read STDIN, $part, 65536;
	print $sum;
} elsif ($do eq 'mute') { print 'x'; sleep 60;
} elsif ($do eq 'drip') { for (1 .. $n) { print 'x'; pause(0.2) }
} elsif ($do eq 'after') { print 'y' x 150_000;
} else { print 'ok' }
END

sub _policy {
	my ($dir, $app, $more) = @_;
	return <<"END";
[cors]
origins = $origin
methods = PUT
[server]
status-path = /status
status-clients = 192.0.2.9
reload = 200ms
@{[ $more // '' ]}
[app]
@{[ $app =~ /^forward/m ? '' : "exec = $dir/app.pl" ]}
kill-grace = 100ms
$app
END
}

sub _ask {
	my ($c, $query, %o) = @_;
	my $body = $o{body};
	return $c->request(keep => $o{keep}, timeout => $o{timeout} // 60,
	    stdin => $body, params => _params($query, $body));
}

sub _params {
	my ($query, $body) = @_;
	return get(QUERY_STRING => $query, defined $body
	    ? (REQUEST_METHOD => 'POST', CONTENT_LENGTH => length $body) : ());
}

sub _once {
	my ($address, $query, %o) = @_;
	return fcgi_get($address, keep => $o{keep}, timeout => $o{timeout} // 60,
	    stdin => $o{body}, params => _params($query, $o{body}));
}

sub _counter {
	my ($r, $name) = @_;
	my $got = fcgi_get($r->address, params => get(REQUEST_URI => '/status',
		SCRIPT_NAME => '/status', REMOTE_ADDR => '192.0.2.9'));
	return ($got->{body} =~ /^\Q$name\E (\S+)$/m)[0] // 0;
}

sub _cors {
	my ($got) = @_;
	return ($got->{header}{'access-control-allow-origin'}[0] // '') eq $origin;
}

# When no program runs, no file without a name may be left open.
sub _rest {
	my ($r, $when) = @_;
	my $idle = wait_for(sub {
		!_counter($r, 'corswrap_running_programs') }, 20);
	my @open = $r->unlinked;
	return ([ $idle, "$when: no program is left running" ],
	    [ !@open, "$when: no unlinked file is left open (@open)" ]);
}

# --- a full disk -----------------------------------------------------------------

# Returns words before a command that mount a small file system over a folder for
# that command only, or nothing if this is not permitted.
sub _small_disk {
	my ($folder, $size) = @_;
	return unless have_program('unshare');
	for my $how ('-m', '-Urm') {
		my @words = ('unshare', $how, 'sh', '-c', 'mount -t tmpfs -o size='
		    . "$size,mode=1777 none '$folder' && exec \"\$@\"", 'sh');
		return @words if (run([ @words, 'true' ]))[0] == 0;
	}
	return;
}

my $MB = 1 << 20;

sub _kib_used {
	my ($folder) = @_;
	my ($all, $free, $size) = split ' ', (run([ 'stat', '-f', '-c', '%b %f %S',
		$folder ]))[1];
	return ($all - $free) * $size / 1024;
}

# Returns the files on the small disk, and the processes that have them open.
sub _left_on {
	my ($disk) = @_;
	my ($folder) = $disk =~ m{/root(/.*)};
	my @open = grep { (readlink // '') =~ m{^\Q$folder\E/} }
	    glob '/proc/[0-9]*/fd/*';
	return join ' ', ':', _kib_used($disk), 'KiB,', glob("$disk/*"), map {
		m{^(/proc/\d+)}; ($_, read_file("$1/cmdline") =~ tr/\0/ /r) } @open;
}

# Starts nginx and lighttpd before the responder of the folder; returns their ports.
sub _doors {
	my ($dir) = @_;
	my %port;
	return unless have_program('curl');
	$port{nginx} = serve($dir, 'nginx', 'nginx.conf') if have_program('nginx');
	return %port unless have_program('lighttpd');
	my $text = read_file(top_src() . '/examples/servers/lighttpd-fastcgi.conf');
	$text =~ s/^ +"(?:bin-path|max-procs)".*\n//mg;
	$text =~ s{/run/lighttpd/\S+?\.sock}{/run/corswrap/app.sock};
	$port{lighttpd} = serve($dir, 'lighttpd', 'lighttpd-fastcgi.conf', $text);
	return %port;
}

# A disk becomes full in the middle of a request body, because of this body or of
# other files.
sub full_disk {
	my $dir = tempdir();
	make_places("$dir");
	mkdir "$dir/$_" for qw(small app);
	# If no disk can be mounted, use a limit of file sizes, which fails in
	# the same place.
	my @wrap = _small_disk("$dir/small", '4m');
	write_file("$dir/app.pl", $program, 0755);
	my $socket = "$dir/run/app.sock";
	my $r = responder(dir => "$dir/app", wrap => \@wrap,
	    ulimit => @wrap ? undef : '-f 8192', policy =>
	    _policy($dir, "max-body = 64M\nbody-timeout = 8s"),
	    sockets => [ listen_unix($socket) ], addresses => ["unix:$socket"],
	    env => { TMPDIR => "$dir/small" });
	chmod 0666, $socket;
	# The disk is only mounted in the responder's namespace.
	my $disk = @wrap ? '/proc/' . $r->pid . "/root$dir/small" : undef;
	my %port = _doors($dir);
	my @seen = _fills($r, \%port, $disk);
	stop_server($_) for values %port;
	push @seen, [ $r->stop == 0, 'full disk: it ends well' ];
	return @seen;
}

# Like a real client, curl reads the response while it sends.
sub _upload {
	my ($port, $size) = @_;
	my $file = tempdir();
	write_file("$file/body", 'x' x $size);
	my ($exit, $out, $err) = run([ 'curl', '-sS', '-i', '-m', patience(50),
		'-H', 'Expect:', '-H', "Origin: $origin",
		'-H', 'Content-Type: text/plain', '--data-binary',
		"\@$file/body", "http://127.0.0.1:$port/api?count" ]);
	my ($head, $body) = split /\r\n\r\n/, $out, 2;
	return { status => ($out =~ m{^HTTP/\S+ (\d+)})[0] // 0, said => $err,
		body => $body // '',
		header => { map { /^([^:]+): *(.*?)\r?$/ ? (lc $1 => [ $2 ]) : () }
		    split /\n/, $head // '' } };
}

sub _fills {
	my ($r, $port, $disk) = @_;
	# ThreadSanitizer maps a file of its own in TMPDIR.
	my $before = defined $disk ? _kib_used($disk) : 0;
	my @seen;
	my $is = sub { my ($got, $size, $what) = @_;
		push @seen, [ $got->{status} == 200 && $got->{body} eq $size,
			"full disk: $what ($got->{status}, "
			    . substr($got->{body}, 0, 20) . ')' ] };
	my $isnt = sub { my ($got, $cors, $what) = @_;
		push @seen, [ $got->{status} == 500 && $cors,
			"full disk: $what: 500 with CORS ($got->{status} "
			    . ($got->{said} // '') . ')' ] };
	$is->(_once($r->address, 'count', body => 'x' x (2 * $MB)), 2 * $MB,
	    'an upload that fits arrives');
	$isnt->($_, _cors($_), 'an upload that does not fit')
	    for _once($r->address, 'count', body => 'x' x (12 * $MB));
	for my $door (sort keys %$port) {
		my $got = _upload($port->{$door}, 12 * $MB);
		$isnt->($got, _cors($got), "an upload that does not fit, $door");
		$is->(_upload($port->{$door}, $MB + 5), $MB + 5,
		    "the next upload arrives, $door");
	}

	push @seen, defined $disk ? _filled_by_others($r, $disk)
	    : [ 1, 'full disk: none can be mounted here, so with ulimit -f' ];
	# Requests that need no space on the disk must work while it is full.
	my $got = _once($r->address, 'ok');
	push @seen, [ $got->{body} eq 'ok', 'full disk: a GET works' ];
	$is->(_once($r->address, 'count', body => 'x' x 50_000), 50_000,
	    'a small body arrives');
	push @seen, [ $r->log =~ /cannot keep the request body.*\[spool\]/,
		'full disk: the failure is logged' ];
	unlink "$disk/filler" if defined $disk;
	$is->(_once($r->address, 'count', body => 'x' x (3 * $MB)), 3 * $MB,
	    'an upload arrives when there is room again');
	my $empty = !defined $disk || wait_for(sub { _kib_used($disk) <= $before }, 10);
	push @seen, _rest($r, 'full disk'), [ $empty,
		'full disk: the disk is empty in the end' . ($empty ? '' : _left_on($disk)) ];
	return @seen;
}

# Another process fills the disk in the middle of two bodies.
sub _filled_by_others {
	my ($r, $disk) = @_;
	my $size = 2 * $MB - 10;
	my $begin = begin_record() . params_records(_params('count', 'x' x $size))
	    . stdin_records('x' x (1200 * 1024), no_stdin_end => 1);
	my $rest = stdin_records('x' x ($size - 1200 * 1024));
	my @c = map { fcgi_begin($r->address, $begin) } 1, 2;
	wait_for(sub { _kib_used($disk) > 2000 }, 10);
	open my $filler, '>', "$disk/filler" or die "$disk: $!";
	1 while defined syswrite $filler, 'y' x 65536;
	close $filler;
	$_->send_bytes($rest) for @c;
	# When one request fails, there may be room for the other.
	my @got = sort { $b->{status} <=> $a->{status} }
	    map { $_->read_response(timeout => 30) } @c;
	$_->close for @c;
	return ([ $got[0]{status} == 500 && _cors($got[0]),
		"full disk: filled by another process: 500 with CORS ($got[0]{status})" ],
	    [ _cors($got[1]) && ($got[1]{status} == 500 || $got[1]{body} eq $size),
		"full disk: the other upload arrives, or gets 500 with CORS ($got[1]{status})" ]);
}

# --- a clock that jumps -----------------------------------------------------------

sub _faketime_library {
	my ($library) = grep { -e } map { glob "$_/faketime/libfaketimeMT.so.1" }
	    '/usr/lib/*', '/usr/lib64', '/usr/local/lib';
	return $library;
}

sub _jumping {
	my ($library, $file, $dir, $app) = @_;
	mkdir $dir;
	return responder(dir => $dir, policy => _policy($dir, $app),
	    env => { LD_PRELOAD => $library, FAKETIME_TIMESTAMP_FILE => $file,
		FAKETIME_NO_CACHE => 1, DONT_FAKE_MONOTONIC => 1,
		FAKETIME_DONT_FAKE_MONOTONIC => 1, NO_FAKE_STAT => 1 });
}

# Returns the responses while the clock jumps, each with the seconds that it took.
sub _while_jumping {
	my ($file, %c) = @_;
	my ($start, $next, $turn) = (time, 0, 0);
	my @jumps = qw(+1d -1d +7300d -3000d +2h -2h);
	my (%got, %fed);
	while (%c && time - $start < patience(20)) {
		if (time > $next) {
			$next = time + 0.15;
			write_file("$file.new", "$jumps[ $turn++ % @jumps ]\n");
			rename "$file.new", $file;
		}
		for my $name (keys %c) {
			# The body of an upload is sent in five parts.
			if ($name =~ /^upload/ && ($fed{$name} // 0) < 5 &&
			    time - $start > 0.35 * (1 + ($fed{$name} // 0))) {
				$c{$name}->send_bytes(record(5, 1, 'x') .
				    (++$fed{$name} == 5 ? record(5, 1, '') : ''));
			}
			$c{$name}{raw} .= $c{$name}->read_bytes(0);
			next unless $c{$name}{eof};
			my $c = delete $c{$name};
			$c->{in} = $c->{raw};
			$got{$name} = $c->read_response(timeout => 0.1);
			$got{$name}{took} = time - $start;
			$c->close;
		}
		sleep 0.02;
	}
	return \%got;
}

sub clock_jumps {
	my $library = _faketime_library()
	    or return [ undef, 'no libfaketime (faketime)' ];
	my ($exit, $out) = run([ 'ldd', corswrap() ]);
	return [ undef, 'libfaketime cannot be preloaded into a static program' ]
	    if $out =~ /statically linked/;
	my $dir = tempdir();
	my $file = "$dir/clock";
	write_file($file, "+0\n");
	write_file("$dir/app.pl", $program, 0755);
	mkdir "$dir/$_" for qw(exec behind);
	write_file("$dir/$_/app.pl", $program, 0755) for qw(exec behind);
	my $limits = "first-byte-timeout = 2s\nidle-timeout = 2s\n"
	    . "total-timeout = 5s\nbody-timeout = 4s\n";
	my $behind = responder(dir => "$dir/behind", policy =>
	    _policy("$dir/behind", ''));
	my %r = (exec => _jumping($library, $file, "$dir/exec", $limits),
	    forward => _jumping($library, $file, "$dir/forward",
		"forward = @{[ $behind->address ]}\nkeep = 2\n$limits"));
	my (%kept, %c);
	for my $way (keys %r) {
		$kept{$way} = fcgi_connect($r{$way}->address);
		_ask($kept{$way}, 'ok', keep => 1);
		for my $query (qw(drip=12 hang mute drip=60)) {
			my $c = $c{"$query, $way"} = fcgi_connect(
				$r{$way}->address);
			$c->send_bytes(request_bytes(params => _params($query)));
		}
		for my $name (qw(upload silent)) {
			my $c = $c{"$name, $way"} = fcgi_connect(
				$r{$way}->address);
			$c->send_bytes(begin_record() . params_records(
				_params('count', 'xxxxx')));
		}
	}
	my $got = _while_jumping($file, %c);
	my @seen = map { _judge_jump($_, $got->{$_}) } sort keys %c;
	for my $way (sort keys %r) {
		push @seen, [ _ask($kept{$way}, 'ok', keep => 1)->{body} eq 'ok',
			"a clock that jumps: a kept connection still works, $way" ];
		push @seen, _rest($r{$way}, "a clock that jumps, $way"),
		    _after_jumps($r{$way}, $way);
	}
	return @seen;
}

# Timeouts still take their normal time.
sub _judge_jump {
	my ($name, $got) = @_;
	my ($what) = $name =~ /^([^,]*)/;
	my %limit = (hang => 2, mute => 2, 'drip=60' => 5, silent => 4);
	my $took = $got->{took} // 1000;
	my $status = $got->{status} // 'nothing';
	my $right = $what eq 'drip=12'
	    ? $got->{ended} && $got->{body} eq 'x' x 12 && $took > 2.2
	    : $what eq 'upload' ? $got->{ended} && $got->{body} eq '5'
	    # After a 408 corswrap continues to read for 5 s, so that the
	    # response arrives.
	    : $took > $limit{$what} - 0.5 &&
	    $took < patience($limit{$what} + ($what eq 'silent' ? 9 : 4)) &&
	    ($what eq 'hang' ? $status eq 504 : $what eq 'silent'
	    ? $status eq 408 : $status eq 200 && !$got->{ended});
	return [ $right && ($status eq 'nothing' || _cors($got)),
		sprintf 'a clock that jumps: %s (%s, %.1f s)', $name, $status,
		$took ];
}

sub _after_jumps {
	my ($r, $way) = @_;
	my $counter = 'corswrap_reloads_total{result="taken"}';
	my $before = _counter($r, $counter);
	my $file = "$r->{policy}";
	write_file("$file.new", read_file($file) . "; again\n");
	rename "$file.new", $file;
	my $taken = wait_for(sub { _counter($r, $counter) > $before }, 10);
	my %now = map { strftime('%FT%H', gmtime time - $_) => 1 } 0, 60;
	my $moved = grep { !$now{$_} } $r->log =~ /^(\d{4}-\d\d-\d\dT\d\d)/mg;
	return ([ $taken, "a clock that jumps: a changed policy is reloaded, $way" ],
	    [ $moved, "a clock that jumps: so the log says, $way" ],
	    [ $r->stop == 0, "a clock that jumps: it ends well, $way" ]);
}

# --- programs that end exactly at their timeout
# ------------------------------------

# Sends $rounds rounds of 12 simultaneous requests, by exec and by forward; half of
# the responses are in time and half are not.
sub deadline_race {
	my ($rounds) = @_;
	my $dir = tempdir();
	mkdir "$dir/$_" for qw(exec forward behind);
	write_file("$dir/$_/app.pl", $program, 0755) for qw(exec behind);
	my $limit = "total-timeout = 400ms\n";
	my $behind = responder(dir => "$dir/behind",
	    policy => _policy("$dir/behind", ''));
	my %r = (exec => responder(dir => "$dir/exec",
		policy => _policy("$dir/exec", $limit)),
	    forward => responder(dir => "$dir/forward", policy =>
		_policy("$dir/forward", "forward = @{[ $behind->address ]}\n"
		    . "keep = 4\n$limit")));
	my (%tally, %kib);
	my %wait = (exec => 0.38, forward => 0.38);
	for my $round (1 .. $rounds) {
		my @c;
		for my $way (sort keys %r) {
			for my $n (1 .. 6) {
				my $c = fcgi_connect($r{$way}->address);
				my $after = $wait{$way} + ($n - 3) * 0.004;
				$c->send_bytes(request_bytes(params =>
					_params("after=$after")));
				push @c, [ $way, $c ];
			}
		}
		for (@c) {
			my ($way, $c) = @$_;
			my $came = _judge_race($c->read_response(timeout => 30));
			$tally{"$came, $way"}++;
			$wait{$way} += $came eq 'whole' ? 0.003 : -0.003;
			$wait{$way} = 0.1 if $wait{$way} < 0.1;
			$c->close;
		}
		next if $round != int($rounds / 2);
		$kib{$_} = $r{$_}->resident for keys %r;
	}
	my @seen = map { [ !/^wrong/, "a race with total-timeout: $tally{$_} $_" ] }
	    sort keys %tally;
	for my $way (sort keys %r) {
		my $r = $r{$way};
		push @seen, [ $tally{"whole, $way"} && ($tally{"504, $way"} ||
			$tally{"cut, $way"}),
			"a race with total-timeout: some responses are whole, some not, $way" ],
		    [ Corswrap::Faults->is_sanitized || scalar
			wait_for(sub { $r->resident <= $kib{$way} + 512 }, 15),
			"a race with total-timeout: memory, $way: $kib{$way}, "
			    . $r->resident . ' KiB' ],
		    _rest($r, "a race with total-timeout, $way"),
		    [ $r->stop == 0, "a race: it ends well, $way" ];
	}
	return @seen;
}

sub _judge_race {
	my ($got) = @_;
	return 'wrong: no answer' if $got->{timed_out} || !$got->{block};
	return 'wrong: no CORS' unless _cors($got);
	return '504' if $got->{status} == 504 && $got->{ended};
	return "wrong: $got->{status}" if $got->{status} != 200;
	return 'wrong: other bytes' if $got->{body} !~ /\Ay*\z/;
	return 'cut' if !$got->{ended};
	return length $got->{body} == 150_000 ? 'whole' : 'wrong: passes for whole';
}

1;
