package Corswrap::Chaos;

# Everything between a client and its program goes wrong: connections stall and
# break at any byte (Corswrap::Proxy), processes are stopped and continued.
# Every response must be complete and right, or visibly cut off.
# t/hostile/chaos.t runs this for seconds, bench/soak for hours.
#
#	my $c = Corswrap::Chaos->new(seed => 7);
#	my $sum = $c->run(clients => 10, seconds => 8);
#	$sum->{wrong}       # [ "3-14 ...", ... ]: results that no fault explains
#	$sum->{counts}      # all results: { 'whole' => 812, 'cut' => 40, ... }
#	my $left = $c->left;
#
# Clients, each in a process of its own, send requests to nginx, lighttpd or
# corswrap itself, on one of these ways ("~" is the proxy):
#
#	exec     client - server - corswrap - program
#	execp    client - server ~ corswrap - program
#	fwd      client - server - corswrap - php-fpm
#	fwdp     client - server - corswrap ~ php-fpm
#
# and each of them with the proxy between client and server, too.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;

use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Proxy;
use Corswrap::Responder;
use Corswrap::Server;
use Corswrap::Test qw(free_port have_program patience read_file start tempdir
    top_src wait_for wait_socket write_file);
use Errno qw(EAGAIN EINTR);
use IO::Socket::INET;
use POSIX qw(:sys_wait_h _exit);
use Socket qw(MSG_NOSIGNAL);
use Time::HiRes qw(sleep time);

my $origin  = 'https://app.example.com';
my $pattern = join '', map { sprintf "%08d\n", $_ } 1 .. 350_000;
# Seconds: longer than any request that ends by itself, timeouts included.
use constant HELD => 30;

# The program that sends each kind of response, in each language.
my $perl = <<'END';
#!/usr/bin/perl
# EDIT
use strict;
$| = 1;
if (exists $ENV{WARM_UP}) { print "Status: 204\n\n"; exit }
my ($id, $do, $n) = $ENV{QUERY_STRING} =~ /^id=([\d-]+)\.&do=(\w+)&n=(\d+)/;
open my $ran, '>>', 'RUN/ran' or die;
syswrite $ran, "$id\n";
close $ran;
sub some { my ($from, $n) = @_;
	open my $f, '<', 'RUN/pattern' or die;
	seek $f, $from, 0;
	read $f, my $text, $n;
	return $text }
if ($do eq 'nothing') { exit 3 }
print "Content-Type: text/plain\nX-Id: $id\n";
print 'Content-Length: ', $n + length("$id\n"), "\n" if $do eq 'length';
print "\n$id\n";
if ($do eq 'echo') {
	binmode STDIN;
	print $_ while read STDIN, $_, 65536;
} elsif ($do eq 'slow') {
	for (0 .. 4) { print some($_ * 900, 900); select undef, undef, undef, 0.12 }
} elsif ($do eq 'killed') {
	print some(0, $n);
	kill 'KILL', $$;
	sleep 60;
} elsif ($do eq 'frozen') {
	print some(0, $n);
	kill 'STOP', $$ while 1;
} elsif ($do eq 'deaf') {
	$SIG{TERM} = 'IGNORE';
	print some(0, $n);
	sleep 60 while 1;
} elsif ($do eq 'goeson') {
	print some(0, $n);
	open STDOUT, '>', '/dev/null';
	sleep 1;
} else {
	print some(0, $n);
}
END

my $php = <<'END';
<?php
preg_match('/^id=([\d-]+)\.&do=(\w+)&n=(\d+)/', $_SERVER['QUERY_STRING'], $m);
[, $id, $do, $n] = $m;
file_put_contents('RUN/ran', "$id\n", FILE_APPEND);
function some($from, $n) {
	return $n ? file_get_contents('RUN/pattern', false, null, $from, $n) : '';
}
header('Content-Type: text/plain');
header("X-Id: $id");
if ($do == 'length') header('Content-Length: ' . ($n + strlen("$id\n")));
echo "$id\n";
if ($do == 'echo') {
	fpassthru(fopen('php://input', 'r'));
} elseif ($do == 'slow') {
	for ($i = 0; $i < 5; $i++) { echo some($i * 900, 900); flush(); usleep(120000); }
} elseif ($do == 'late') {
	echo some(0, $n);
	flush();
	sleep(5);
} else {
	echo some(0, $n);
}
END

# --- the place ---------------------------------------------------------------------

# Starts the servers and the responders exec, fwd and fwdp.
sub new {
	my ($class, %o) = @_;
	my $self = bless { seed => $o{seed}, warm => $o{warm}, turn => 0,
		dir => tempdir(), stopped => {}, r => {} }, $class;
	my $dir = $self->{dir};
	make_places("$dir");
	chmod 0777, "$dir";
	mkdir "$dir/tmp";
	write_file("$dir/run/pattern", $pattern);
	write_file("$dir/run/ran", '', 0666);
	write_file("$dir/cgi/app.pl", $perl =~ s{RUN}{$dir/run}gr, 0755);
	write_file("$dir/cgi/app.php", $php =~ s{RUN}{$dir/run}gr, 0644);
	$self->_start_fpm;
	my %listen = map { $_ => "unix:$dir/run/$_.sock" }
	    qw(exec execp fwd fwdp fpmp);
	my @routes = ([ server => $listen{execp}, $listen{exec} ],
	    [ fpm => $listen{fpmp}, "unix:$dir/run/fpm.sock" ]);
	my $app = "exec = $dir/cgi/app.pl\n";
	$app .= "[warm]\nscripts = exec\nafter = 1 in 1m\nrenew = 200 in 1m\n"
	    . "spare = 2\n" if $self->{warm};
	$self->_start_responder('exec', $app);
	$self->_start_responder('fwd', "forward = unix:$dir/run/fpm.sock\nkeep = 2\n");
	$self->_start_responder('fwdp', "forward = $listen{fpmp}\nkeep = 2\n");
	my $nginx = have_program('nginx') ? $self->_nginx : undef;
	my $lighttpd = have_program('lighttpd') ? $self->_lighttpd : undef;
	for ([ nginx => $nginx ], [ lighttpd => $lighttpd ]) {
		my ($name, $port) = @$_;
		next unless $port;
		my $mine = free_port();
		push @routes, [ client => "tcp:127.0.0.1:$mine",
			"tcp:127.0.0.1:$port" ];
		$self->{servers}{$name} = [ $port, $mine ];
	}
	$self->{proxy} = Corswrap::Proxy->new(seed => $o{seed}, routes => [
		map { { place => $_->[0], listen => $_->[1], to => $_->[2] } }
		    @routes ]);
	return $self;
}

sub proxy  { return $_[0]{proxy} }
sub folder { return "$_[0]{dir}" }
sub responder_of { return $_[0]{r}{ $_[1] } }

sub fpm_program {
	my ($fpm) = grep { $_ } map { have_program($_) }
	    qw(php-fpm php-fpm8.4 php-fpm8.3 php-fpm8.2 php-fpm8.1 php-fpm7.4);
	return $fpm;
}

sub _start_fpm {
	my ($self) = @_;
	my ($dir, $fpm) = ($self->{dir}, fpm_program());
	return unless $fpm;
	my $user = $> == 0 ? "user = root\ngroup = root\n" : '';
	write_file("$dir/etc/fpm.conf", <<"CONF");
[global]
error_log = $dir/log/fpm.log
daemonize = no
[chaos]
${user}listen = $dir/run/fpm.sock
listen.mode = 0666
listen.backlog = 511
pm = static
pm.max_children = 24
request_terminate_timeout = 20s
php_admin_value[post_max_size] = 200M
php_admin_value[upload_tmp_dir] = $dir/tmp
CONF
	$self->{fpm} = start([ $fpm, '-n', '-F', ($> == 0 ? '-R' : ()), '-y',
		"$dir/etc/fpm.conf" ], stderr => "$dir/log/fpm.err",
	    env => { TMPDIR => "$dir/tmp" });
	wait_socket("$dir/run/fpm.sock")
	    or die "$fpm does not start: " . server_logs($dir);
	return;
}

# The limits in the policy are longer than any harmless fault.
sub _start_responder {
	my ($self, $name, $app) = @_;
	my $dir = $self->{dir};
	return if $name ne 'exec' && !$self->{fpm};
	mkdir "$dir/$name";
	$self->{policy}{$name} = <<"END";
[cors]
origins = $origin
methods = PUT
[server]
workers = 24
reload = 200ms
drain-timeout = 10s
status-path = /status
status-clients = 192.0.2.9
[env]
CHAOS = $dir
SCRIPT_FILENAME = $dir/cgi/app.php
[app]
body-timeout = 4s
first-byte-timeout = 4s
idle-timeout = 3s
total-timeout = 12s
kill-grace = 300ms
$app
END
	$self->{policy}{$name} =~ s/^SCRIPT_FILENAME.*\n//m if $name eq 'exec';
	my $socket = "$dir/run/$name.sock";
	$self->{r}{$name} = responder(dir => "$dir/$name",
	    policy => $self->{policy}{$name}, sockets => [ listen_unix($socket) ],
	    addresses => ["unix:$socket"], env => { TMPDIR => "$dir/tmp",
		CORSWRAP_LIBEXEC => top_src() . '/lib' });
	chmod 0666, $socket;
	return;
}

sub _ways {
	my ($self) = @_;
	return $self->{fpm} ? qw(exec execp fwd fwdp) : qw(exec execp);
}

# Each server runs the shipped configuration, with one location for each way.
sub _nginx {
	my ($self) = @_;
	my $text = read_file(top_src() . '/examples/servers/nginx.conf');
	$text =~ s{^(\h+location ~ \^/api.*?^        \}\n)}{
		my $block = $1;
		join '', map { my $way = $_;
			$block =~ s{/api\b}{/$way}gr =~ s{app\.sock}{$way.sock}gr
		} $self->_ways }ems or die 'nginx.conf has changed';
	return serve($self->{dir}, 'nginx', 'nginx.conf', $text);
}

sub _lighttpd {
	my ($self) = @_;
	my $text = read_file(top_src()
	    . '/examples/servers/lighttpd-fastcgi.conf');
	$text =~ s{^(\$HTTP\["url"\].*?^\}\n)}{
		my $block = $1;
		$block =~ s/^ +"(?:bin-path|max-procs)".*\n//mg;
		join '', map { my $way = $_;
			$block =~ s{/api\b}{/$way}gr =~
			    s{/run/lighttpd/\S+?\.sock}{/run/corswrap/$way.sock}gr
		} $self->_ways }ems or die 'lighttpd-fastcgi.conf has changed';
	return serve($self->{dir}, 'lighttpd', 'lighttpd-fastcgi.conf', $text);
}

# --- one request ---------------------------------------------------------------------

# Draws a request at random; its id is in it.  Also returns the body that its
# complete response must have.
sub _draw {
	my ($self, $id) = @_;
	my @doors = ('raw', sort keys %{ $self->{servers} });
	my @ways = $self->_ways;
	my %q = (id => $id, door => $doors[ rand @doors ],
		way => $ways[ rand @ways ], upload => undef,
		through => rand() < 0.3);
	$q{through} = 0 if $q{door} eq 'raw';
	my @kinds = (qw(ok ok ok bulk bulk length echo echo slow),
		$q{way} =~ /^fwd/ ? 'late' : qw(nothing killed frozen deaf goeson));
	$q{do} = $kinds[ rand @kinds ];
	# Requests that run until a limit are made rarer, to save time.
	$q{do} = 'ok' if $q{do} =~ /^(?:late|frozen|deaf)$/ && rand() < 0.8;
	my $large = $q{do} =~ /^(?:bulk|length|echo)$/;
	$q{n} = $q{do} eq 'slow' ? 4500 : int rand(!$large ? 2000
	    : (300, 70_000, 200_000, 2_500_000)[ rand 4 ]);
	$q{upload} = substr $pattern, int rand 100, $q{n} if $q{do} eq 'echo';
	$q{body} = "$id\n" . ($q{upload} // substr $pattern, 0, $q{n});
	$q{query} = "id=$id.&do=$q{do}&n=$q{n}";
	return \%q;
}

# Returns the response: { status, field => { name => value }, body, whole, held,
# port }.
sub _raw {
	my ($self, $q) = @_;
	my $post = defined $q->{upload};
	my $r = fcgi_get("unix:$self->{dir}/run/$q->{way}.sock", timeout => HELD,
		stdin => $q->{upload}, params => get(
		REQUEST_METHOD => $post ? 'POST' : 'GET',
		REQUEST_URI => "/$q->{way}?$q->{query}",
		SCRIPT_NAME => "/$q->{way}", QUERY_STRING => $q->{query},
		$post ? (CONTENT_LENGTH => length $q->{upload},
		    CONTENT_TYPE => 'text/plain') : ()));
	return {} if defined $r->{error};
	return { status => $r->{status}, whole => $r->{ended},
		held => $r->{timed_out}, body => $r->{body} // '',
		exit => $r->{appStatus},
		field => { map { $_ => $r->{header}{$_}[0] }
		    keys %{ $r->{header} } } };
}

# Sends and reads at the same time, because a server may respond before it has
# read everything.
sub _talk {
	my ($port, $text) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port) or return ('', 0);
	$s->blocking(0);
	my ($got, $until) = ('', time + patience(HELD));
	while (time < $until) {
		my ($in, $out) = ('', '');
		vec($in, fileno $s, 1) = 1;
		vec($out, fileno $s, 1) = 1 if length $text;
		next if select($in, $out, undef, 1) <= 0;
		if (length $text && vec $out, fileno $s, 1) {
			my $n = send $s, substr($text, 0, 65536), MSG_NOSIGNAL;
			if (defined $n) { substr $text, 0, $n, '' }
			elsif ($! != EAGAIN && $! != EINTR) { $text = '' }
		}
		next unless vec $in, fileno $s, 1;
		my $n = sysread $s, $got, 65536, length $got;
		return ($got, 0) if defined $n && $n == 0;
		return ($got, 0) if !defined $n && $! != EAGAIN && $! != EINTR;
	}
	return ($got, 1);
}

# Returns the body of a message, and whether it is complete (RFC 9112, 8).
sub _body {
	my ($field, $rest) = @_;
	if (($field->{'transfer-encoding'} // '') =~ /chunked/i) {
		my $body = '';
		while ($rest =~ s/\A([0-9a-fA-F]+)[^\r\n]*\r\n//) {
			my $n = hex $1;
			return ($body, $rest =~ /\A\r\n/ ? 1 : 0) if $n == 0;
			$body .= substr $rest, 0, $n, '';
			return ($body, 0) unless $rest =~ s/\A\r\n//;
		}
		return ($body, 0);
	}
	my $length = $field->{'content-length'};
	return ($rest, defined $length && $length == length $rest ? 1 : 0);
}

sub _http {
	my ($self, $q) = @_;
	my $port = $self->{servers}{ $q->{door} }[ $q->{through} ? 1 : 0 ];
	my $text = (defined $q->{upload} ? 'POST' : 'GET')
	    . " /$q->{way}?$q->{query} HTTP/1.1\r\nHost: x\r\n"
	    . "Origin: $origin\r\nConnection: close\r\n";
	$text .= "Content-Type: text/plain\r\nContent-Length: "
	    . length($q->{upload}) . "\r\n" if defined $q->{upload};
	my ($got, $held) = _talk($port, "$text\r\n" . ($q->{upload} // ''));
	my ($head, $rest) = split /\r\n\r\n/, $got, 2;
	return { held => $held } unless defined $rest &&
	    $head =~ m{^HTTP/1\.[01] (\d{3})};
	my %r = (status => $1, held => $held);
	my (undef, @lines) = split /\r\n/, $head;
	for (@lines) {
		my ($name, $value) = split /:\s*/, $_, 2;
		$r{field}{ lc $name } = $value;
	}
	@r{qw(body whole)} = _body($r{field}, $rest);
	return \%r;
}

# Sends a request, and returns one line that describes it and its response.
sub _ask {
	my ($self, $id) = @_;
	my $q = $self->_draw($id);
	my $start = time;
	my $r = $q->{door} eq 'raw' ? $self->_raw($q) : $self->_http($q);
	my $body = $r->{body} // '';
	my $at = !($r->{status}) ? 'none' : $r->{status} != 200 ? 'error'
	    : $body eq $q->{body} ? 'right'
	    : $body eq substr($q->{body}, 0, length $body) ? 'part' : 'alien';
	return join ' ', $id, $q->{door}, $q->{way}, $q->{through} ? 'p' : '-',
	    $q->{do}, $q->{n}, $r->{status} || 0, $at, $r->{whole} ? 'whole' : 'cut',
	    ($r->{field}{'access-control-allow-origin'} // '') eq $origin ? 'cors' : '-',
	    $r->{held} ? 'held' : sprintf('%.2f', time - $start), length $body;
}

# --- everything at once -----------------------------------------------------------------

sub _client {
	my ($self, $n, $until, $file) = @_;
	srand $self->{seed} * 1009 + $self->{turn} * 101 + $n;
	my $i = 0;
	open my $fh, '>', $file or die "$file: $!";
	while (time < $until) {
		my $line = $self->_ask($n . '-' . ($self->{turn} * 100_000 + ++$i));
		print {$fh} "$line\n";
		sleep rand 0.06;
	}
	close $fh;
	return;
}

# Stops a process for some seconds.
sub _stop {
	my ($self, $pid, $seconds) = @_;
	kill 'STOP', $pid or return 0;
	$self->{stopped}{$pid} = time + $seconds;
	return 1;
}

sub _continue {
	my ($self, $all) = @_;
	for my $pid (keys %{ $self->{stopped} }) {
		next if !$all && time < $self->{stopped}{$pid};
		kill 'CONT', $pid;
		delete $self->{stopped}{$pid};
	}
	return;
}

# Returns the children of a process that are not zombies.
sub _children {
	my ($pid) = @_;
	return map { m{^(\d+) \(.*\) [^Z] $pid }s ? $1 : () }
	    map { read_file($_) } glob '/proc/[0-9]*/stat';
}

# Other events: name => action.  They are harmless, so they must not change any
# response.
my %deeds = (
	'responder stopped' => sub { my ($self, $name) = @_;
		$self->_stop($self->{r}{$name}->pid, 0.2 + rand 0.8) },
	'program stopped' => sub { my ($self) = @_;
		my @pids = _children($self->{r}{exec}->pid) or return 0;
		$self->_stop($pids[ rand @pids ], 0.1 + rand 0.9) },
	'php-fpm stopped' => sub { my ($self) = @_;
		my @pids = $self->{fpm} ? _children($self->{fpm}) : return 0;
		my $seconds = 0.1 + rand 0.9;
		$self->_stop($_, $seconds) for @pids;
		1 },
	'server stopped' => sub { my ($self) = @_;
		my @pids = map { (_children($_), $_) } $self->_server_pids;
		$self->_stop($pids[ rand @pids ], 0.1 + rand 0.4) },
	'policy written' => sub { my ($self, $name) = @_;
		my $file = $self->{r}{$name}{policy};
		my $bad = rand() < 0.3;
		write_file("$file.new", $bad ? "[cors]\norigins = nonsense\n"
		    : "$self->{policy}{$name}; $self->{turn} " . time . "\n");
		rename "$file.new", $file },
	'HUP' => sub { my ($self, $name) = @_; $self->{r}{$name}->signal('HUP') },
);
my %warm_deeds = (
	'script edited' => sub { my ($self) = @_;
		my $file = "$self->{dir}/cgi/app.pl";
		write_file("$file.new", $perl =~ s{RUN}{$self->{dir}/run}gr =~
		    s/# EDIT/'# ' . time/er, 0755);
		rename "$file.new", $file },
	'zygote killed' => sub { my ($self) = @_;
		my @pids = grep { read_file("/proc/$_/cmdline") =~ /Corswrap::Warm/ }
		    _children($self->{r}{exec}->pid) or return 0;
		kill 'KILL', $pids[ rand @pids ] },
);

sub _server_pids {
	my ($self) = @_;
	my %mine = map { $_ => 1 } map { $_->pid } values %{ $self->{r} };
	$mine{$_} = 1 for grep { defined } $self->{fpm}, $self->{proxy}->pid;
	return grep { !$mine{$_} && read_file("/proc/$_/cmdline") =~
	    /\A(?:\S*nginx|\S*lighttpd)/ } _children($$);
}

sub _deed {
	my ($self, $counts) = @_;
	my @all = (%deeds, $self->{warm} ? %warm_deeds : ());
	my %all = @all;
	my @names = sort keys %all;
	my $name = $names[ rand @names ];
	my @r = sort keys %{ $self->{r} };
	$counts->{$name}++ if $all{$name}->($self, $r[ rand @r ]);
	return;
}

# Runs the given number of clients for the given time; returns { counts, wrong }.
sub run {
	my ($self, %o) = @_;
	my $out = tempdir();
	my $until = time + $o{seconds};
	my (%pid, %counts);
	$counts{'longest pause'} = 0;
	$self->{turn}++;
	$self->{proxy}->forget;
	write_file("$self->{dir}/run/ran", '');
	for my $n (1 .. $o{clients}) {
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			local $SIG{PIPE} = 'IGNORE';
			eval { $self->_client($n, $until, "$out/$n"); 1 }
			    or print STDERR "client $n: $@";
			_exit($@ ? 1 : 0);
		}
		$pid{$pid} = $n;
	}
	srand $self->{seed} * 1009 + $self->{turn};
	my ($next, $seen, @wrong) = (0, time);
	while (%pid) {
		# Was the whole machine stopped?
		my $gap = time - $seen;
		$counts{'longest pause'} = sprintf '%.1f', $gap
		    if $gap > $counts{'longest pause'};
		$seen = time;
		for my $pid (keys %pid) {
			next unless waitpid($pid, WNOHANG) == $pid;
			push @wrong, "client $pid{$pid} died" if $?;
			delete $pid{$pid};
		}
		$self->_continue;
		if (time > $next && time < $until) {
			$next = time + 0.25 + rand 0.3;
			$self->_deed(\%counts);
		}
		sleep 0.03;
	}
	$self->_continue(1);
	write_file($self->{r}{$_}{policy}, $self->{policy}{$_})
	    for keys %{ $self->{r} };
	push @wrong, $self->_judge(\%counts,
	    map { split /\n/, read_file("$out/$_") } 1 .. $o{clients});
	return { counts => \%counts, wrong => \@wrong };
}

# --- the judge ---------------------------------------------------------------------------

# The expected result without a fault: status, completeness.
my %right = (
	nothing => [ 502, 'error', 'whole' ],
	map({ $_ => [ 200, 'part', 'cut' ] } qw(late frozen deaf)),
	killed => [ 200, 'right', 'cut' ],
);

# Returns why a response is wrong, or nothing if it is right.
sub _fault {
	my ($got, @harm) = @_;
	my ($id, $door, $way, $through, $do, $n, $status, $at, $whole, $cors,
	    $took) = @$got;
	return 'held' if $took eq 'held';
	return 'alien bytes' if $at eq 'alien';
	my ($want, $how, $end) = @{ $right{$do} // [ 200, 'right', 'whole' ] };
	# The whole body may arrive before the signal or the limit.
	$how = 'right' if $how eq 'part' && $at eq 'right';
	return if $status == $want && $at eq $how && $whole eq $end
	    && $cors eq 'cors';
	# If the cut arrives together with data, nginx does not send that data,
	# and lighttpd counts it (wait_until_taken in src/serve/output.c); a
	# delay between the server and corswrap can cause this.  A reset by the
	# proxy may lose the last record, and then nginx does not notice the cut.
	return if $do eq 'killed' && ($whole eq 'cut' ||
		($way eq 'execp' && $door ne 'raw' && $at eq 'right'));
	# If a limit expires while corswrap is stopped, and the response has
	# arrived when corswrap continues, it sends the response.
	return if $do eq 'late' && $at eq 'right' && $took > 4.9;
	return 'wrong, although the proxy did no harm' unless @harm;
	my %place = map { $_->{place} => $_ } @harm;
	return 'no CORS' if $status == 200 && $cors ne 'cors';
	# Error responses of the server itself have no CORS headers.
	return 'an error response without CORS' if $at eq 'error' && $cors ne 'cors' &&
	    !$place{client} && !$place{server};
	return "status $status" if $at eq 'error' && $status < 400;
	return if $at eq 'error' || $at eq 'none' || $whole eq 'cut';
	return if $at eq 'right' && $how eq 'right' && $end eq 'whole';
	# Some servers take a response without END_REQUEST for complete: they
	# notice if corswrap cuts it, but not if the network in between does.
	return if $place{server} && $door ne 'raw';
	# php-fpm runs a script even with a partial body.
	return if $do eq 'echo' && $place{fpm} && $place{fpm}{act} eq 'half' &&
	    $place{fpm}{direction} == 0;
	return 'a cut response was passed on as complete';
}

# Is the load average above six processes for each processor?
sub _is_swamped {
	my ($load) = read_file('/proc/loadavg') =~ /^([\d.]+)/ or return;
	my $processors = () = read_file('/proc/cpuinfo') =~ /^processor\b/mg;
	return $load > 6 * ($processors || 1);
}

sub _judge {
	my ($self, $counts, @lines) = @_;
	my $harm = $self->{proxy}->harm;
	my (%ran, @wrong);
	$ran{$_}++ for split /\n/, read_file("$self->{dir}/run/ran");
	for my $line (@lines) {
		my @got = split ' ', $line;
		my @harm = @{ $harm->{ $got[0] } // [] };
		my $why = _fault(\@got, @harm);
		# Only idempotent requests are repeated (RFC 9110, 9.2.2).
		$why //= "ran $ran{$got[0]} times"
		    if $got[4] eq 'echo' && ($ran{ $got[0] } // 0) > 1;
		# If the whole machine stood still, a process was stopped for longer
		# than a limit.  If the machine is overloaded, a server may connect
		# and then send nothing for the second that corswrap allows it.
		my $limit = _is_swamped() ? 0.9
		    : $counts->{'longest pause'} > 1.5 ? 2.5 : undef;
		if (defined $why && defined $limit && $got[10] ne 'held' &&
		    $got[10] > $limit && $got[7] ne 'alien' &&
		    ($got[7] =~ /^(?:error|none)$/ || $got[8] eq 'cut')) {
			$counts->{'excused: the machine stood still'}++;
			undef $why;
		}
		push @wrong, "$line: $why (" . join(', ', map {
			"$_->{act} at $_->{place}, way $_->{direction}, "
			    . "byte $_->{at}" } @harm) . ')' if defined $why;
		$counts->{asked}++;
		$counts->{ @harm ? "harmed: $got[7], $got[8]"
			: "unharmed: $got[7], $got[8]" }++;
		$counts->{"harm: $_->{act}, $_->{place}"}++ for @harm;
		$counts->{longest} = $got[10] if !@harm && $got[4] eq 'ok' &&
		    $got[10] ne 'held' && $got[10] > ($counts->{longest} // 0);
	}
	return @wrong;
}

# --- after the run
# -----------------------------------------------------------------------

sub counter {
	my ($self, $name, $counter) = @_;
	my $text = fcgi_get($self->{r}{$name}->address, timeout => 60,
	    params => get(REQUEST_URI => '/status', SCRIPT_NAME => '/status',
		REMOTE_ADDR => '192.0.2.9'))->{body} // '';
	return ($text =~ /^\Q$counter\E (\S+)$/m)[0] // 0;
}

# Returns the programs that the responders run, with zombies but without warm
# interpreters.
sub _programs {
	my ($self) = @_;
	my %own = map { $_->pid => 1 } values %{ $self->{r} };
	my @left;
	for my $stat (map { read_file($_) } glob '/proc/[0-9]*/stat') {
		my ($pid, $state, $parent) = $stat =~ /^(\d+) \(.*\) (\S) (\d+) /s
		    or next;
		my $environment = read_file("/proc/$pid/environ");
		next unless $own{$parent} ||
		    $environment =~ /(?:^|\0)CHAOS=\Q$self->{dir}\E(?:\0|$)/;
		my $command = read_file("/proc/$pid/cmdline") =~ tr/\0/ /r;
		next if $self->{warm} && $state ne 'Z' &&
		    $command =~ /Corswrap::Warm/;
		push @left, "$pid $state $command";
	}
	return @left;
}

# Waits until all processes are idle, and returns the leftovers by responder.
sub left {
	my ($self) = @_;
	my @names = sort keys %{ $self->{r} };
	my %left = (programs => [], files => [], deleted => [], held => []);
	# Warm interpreters may start and end at any time, so only those
	# that stay are counted.
	wait_for(sub { $left{programs} = [ $self->_programs ];
		!@{ $left{programs} } && !grep {
			$self->counter($_, 'corswrap_running_programs') }
		    @names }, 30);
	# Connections that php-fpm and the responders keep open are idle
	# and not counted.
	my $open;
	wait_for(sub { $open = $self->{proxy}->connections;
		!$open->{client} && !$open->{server} }, 30);
	$left{held} = [ map { "$_: $open->{$_}" } grep { $open->{$_} }
		qw(client server) ];
	for my $name (@names) {
		my $r = $self->{r}{$name};
		my $last = -1;
		wait_for(sub { my $n = $r->descriptors + $r->threads;
			my $still = $n == $last; $last = $n; sleep 0.5;
			$still }, 20);
		push @{ $left{held} }, "$name: a program runs"
		    if $self->counter($name, 'corswrap_running_programs');
		push @{ $left{deleted} }, $r->unlinked;
		$left{$name} = { descriptors => $r->descriptors,
			threads => $r->threads, resident => $r->resident };
	}
	$left{files} = [ glob "$self->{dir}/tmp/* $self->{dir}/tmp/.[!.]*" ];
	return \%left;
}

# Stops everything, and returns the exit statuses by responder.
sub stop {
	my ($self) = @_;
	$self->_continue(1);
	return { map { $_ => $self->{r}{$_}->stop } sort keys %{ $self->{r} } };
}

sub log_of { my ($self, $name) = @_; return $self->{r}{$name}->log }

sub DESTROY {
	my ($self) = @_;
	local ($?, $@, $!);
	kill 'CONT', keys %{ $self->{stopped} };
	return;
}

1;
