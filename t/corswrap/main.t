#!/usr/bin/perl
# The command line of corswrap: its choice of mode, -t, -V, -h, COMMAND, usage,
# exit statuses.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
no warnings qw(exec);
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Test;
use IO::Socket::UNIX ();
use POSIX qw(WNOHANG);
use Socket qw(SOCK_STREAM);
use Test::More;

my $dir  = tempdir();
my $app  = app_program("$dir/app");
my $program = corswrap(); # before %ENV changes
my $good = write_file("$dir/good.ini",
	"[app]\nexec = $app\n[cors]\norigins = https://a.example\n");
my $bad = write_file("$dir/bad.ini",
	"[app]\nexce = $app\n[cors]\norigins = https://a.example/\n");

# Run it as a person would.
sub by_hand {
	my ($argv, %env) = @_;
	return cgi_run(argv => $argv, env => { PATH => $ENV{PATH}, %env },
		cwd => "$dir");
}

# ---- help, version, usage ----------------------------------------------------

my $r = by_hand(['-h']);
is($r->{exit}, 0, '-h');
my @lines = split /\n/, $r->{raw};
cmp_ok(scalar @lines, '<=', 24, '-h fits a screen');
is(scalar(grep { length > 79 } @lines), 0, 'in width too');
for my $option (qw(-c -t -l -m -w -V -h --config --test --listen --mode
	--workers --version --help COMMAND)) {
	like($r->{raw}, qr/(?<!\S)\Q$option\E\b/, "-h has $option");
}
is(by_hand(['--help'])->{raw}, $r->{raw}, '--help is the same');

for my $option (qw(-V --version)) {
	$r = by_hand([$option]);
	like($r->{raw}, qr/\Acorswrap \d+\.\d+\S*\n\z/, $option);
	is($r->{exit}, 0, "$option: exit 0");
}

for (
	[ [],                           qr/-l/,       'nothing at all' ],
	[ ['-x'],                       qr/-h/,       'an unknown option' ],
	[ ['--frob'],                   qr/-h/,       'an unknown long option' ],
	[ [ '-w', '0' ],                qr/workers/,  '-w 0' ],
	[ [ '-w', '4x' ],               qr/workers/,  '-w 4x' ],
	[ [ '-w', '-1' ],               qr/workers/,  '-w -1' ],
	[ [ '-m', '888' ],              qr/0660/,     '-m 888' ],
	[ [ '-m', '77777' ],            qr/0660/,     '-m 77777' ],
	[ ['-l'],                       qr/-h/,       '-l without address' ],
	[ [ '-c', $good, '-l', 'foo' ], qr/unix:/,    'a bad address' ],
	[ [ '-c', $good, '-l', 'tcp:localhost:9' ], qr/unix:/, 'a host name' ],
	[ [ '-c', $good ],              qr/-l/,       '-c alone' ],
) {
	my ($argv, $next, $name) = @$_;
	$r = by_hand($argv);
	is($r->{exit}, 2, "$name: usage, exit 2");
	is($r->{raw}, '', "$name: nothing on standard output");
	like($r->{stderr}, $next, "$name: says what to do");
}

# ---- -t --------------------------------------------------------------------------

$r = by_hand([ '-t', '-c', $good ]);
is($r->{exit}, 0, '-t with a good policy');
$r = by_hand([ '-t', '-c', $bad ]);
is($r->{exit}, 1, '-t with a bad one');
like($r->{stderr}, qr/bad\.ini:2: error: .*exec.*\[unknown-key\]/, 'every');
like($r->{stderr}, qr/bad\.ini:4: error: .*\[path\]/, 'diagnostic');
$r = by_hand([ '-t', '-c', "$dir/none.ini" ]);
is($r->{exit}, 1, '-t without a policy');
is($r->{stderr}, "corswrap: cannot open $dir/none.ini: No such file or "
    . "directory [no-policy]\n", 'F31: and why');
is(by_hand(['-t'], CORSWRAP_CONFIG => "$good/x")->{stderr},
	"corswrap: cannot open $good/x: Not a directory [no-policy]\n",
	'the same by CORSWRAP_CONFIG');
# The text is that of the C library, glibc's or musl's.
like(by_hand([ '-t', '-c', '/' . 'x' x 5000 ])->{stderr},
    qr{\Acorswrap: cannot open /x{5000}: File ?name too long \[no-policy\]\n\z},
    'whatever the cause');
is(by_hand(['-t'], CORSWRAP_CONFIG => $good)->{exit}, 0, '-t and CORSWRAP_CONFIG');
is(by_hand([ '-t', '-l', "unix:$dir/never", '-c', $good ])->{exit}, 0,
	'-t comes before -l');
ok(!-e "$dir/never", 'and binds nothing');
$r = by_hand([ '-t', '-c', $good ], LISTEN_FDS => 1, LISTEN_PID => $$);
is($r->{exit}, 0, '-t comes before LISTEN_FDS');
$r = by_hand([ '-t', '-c', $good, 'no-such-program-anywhere' ]);
is($r->{exit}, 1, 'COMMAND that does not exist');
like($r->{stderr}, qr/no-such-program-anywhere/, 'is named');

if (posix_only()) {
	# It would refuse every program.
	$r = cgi_run(argv0 => '/elsewhere/corswrap', cwd => "$dir",
		env => { PATH => $ENV{PATH} },
		argv => [ '-c', $good, '-l', "unix:$dir/never" ]);
	is($r->{exit}, 1, 'its own path is not known: no start');
	like($r->{stderr}, qr{/elsewhere/corswrap: start it by its full path \[self\]$},
	    'its own path is not known: what to do');
	ok(!-e "$dir/never", 'its own path is not known: it binds nothing');
}

# ---- the choice of mode
# ------------------------------------------------------------

my %get = (REQUEST_METHOD => 'GET', HTTP_ORIGIN => 'https://a.example',
	SCRIPT_NAME => '/app', REQUEST_URI => '/app');

$r = by_hand(['-V'], %get, CORSWRAP_CONFIG => $good);
is($r->{body}, "app ran\n", 'CGI comes before -V');
$r = by_hand([ '-l', "unix:$dir/never" ], GATEWAY_INTERFACE => 'CGI/1.1',
	CORSWRAP_CONFIG => $good);
ok(!-e "$dir/never", 'CGI comes before -l');

# A listening socket as standard input wins over everything, also over a CGI
# environment and -V.
sub on_descriptor {
	my ($fd, $argv, %env) = @_;
	my $path = "$dir/fd$fd";
	unlink $path;
	my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path,
		Listen => 10) or die "$path: $!";
	my $pid = fork;
	die unless defined $pid;
	if (!$pid) {
		open STDIN, '<', '/dev/null' if $fd != 0;
		# with an intermediate descriptor: dup2 onto itself would keep
		# close-on-exec
		POSIX::dup2(fileno $socket, 60);
		POSIX::dup2(60, $fd);
		POSIX::close(60);
		open STDERR, '>', "$dir/log";
		open STDOUT, '>', '/dev/null';
		%ENV = (PATH => $ENV{PATH}, %env);
		$ENV{LISTEN_PID} = $$ if $ENV{LISTEN_PID};
		exec { $program } $program, @$argv;
		POSIX::_exit(127);
	}
	close $socket;
	my $answer = fcgi_get("unix:$path", params => {%get}, timeout => 30);
	kill 'TERM', $pid;
	my $status = wait_for(sub { waitpid($pid, WNOHANG) == $pid }, 20)
	    ? $? : kill('KILL', $pid) && 'killed';
	return ($answer, $status);
}

for my $argv ([ '-c', $good ], [ '-V', '-c', $good ], [ '-t', '-c', $good ],
	[ '-c', $good, '-l', "unix:$dir/never" ]) {
	my ($answer, $status) = on_descriptor(0, $argv, %get);
	is($answer->{body}, "app ran\n", "FastCGI on descriptor 0: @$argv")
	    or diag(read_file("$dir/log"));
	is($status, 0, 'and an orderly end');
}
ok(!-e "$dir/never", '-l is then not used');
my ($answer) = on_descriptor(3, [ '-c', $good ], LISTEN_FDS => 1,
	LISTEN_PID => 1);
is($answer->{body}, "app ran\n", 'LISTEN_FDS') or diag(read_file("$dir/log"));
$r = by_hand([ '-c', $good ], LISTEN_FDS => 1, LISTEN_PID => 1);
is($r->{exit}, 2, 'LISTEN_FDS of somebody else is none');

# ---- starting as FastCGI ------------------------------------------------------------

$r = by_hand([ '-c', $bad, '-l', "unix:$dir/never" ]);
is($r->{exit}, 1, 'a bad policy stops the start');
like($r->{stderr}, qr/bad\.ini:2:.*\n(?:.*\n)*.*bad\.ini:4:/,
	'with every diagnostic on standard error');
ok(!-e "$dir/never", 'before anything is bound');
is($r->{raw}, '', 'nothing on standard output');
$r = by_hand([ '-c', "$dir/none.ini", '-l', "unix:$dir/never" ]);
is($r->{exit}, 1, 'so does none');
like($r->{stderr}, qr/\[no-policy\]/, 'and is named');
my $rootless = write_file("$dir/rootless.ini", "[cors]\norigins = *\n");
$r = by_hand([ '-c', $rootless, '-l', "unix:$dir/never" ]);
is($r->{exit}, 1, 'neither exec nor forward nor root');
like($r->{stderr}, qr/\[missing-root\]/, 'missing-root');
is(by_hand([ '-t', '-c', $rootless ])->{exit}, 0, 'which -t does not mind');
$r = by_hand([ '-c', $good, '-l', 'tcp:0.0.0.0:1' ]);
is($r->{exit}, 1, 'TCP beyond loopback');
like($r->{stderr}, qr/\[missing-peers\]/, 'needs peers');
write_file("$dir/file", 'precious');
$r = by_hand([ '-c', $good, '-l', "unix:$dir/file" ]);
is($r->{exit}, 1, 'a file in the place of the socket');
is(read_file("$dir/file"), 'precious', 'is left alone');

# ---- COMMAND ------------------------------------------------------------------------------

sub command_says {
	my (@command) = @_;
	my $responder = eval { responder($rootless, args => \@command) };
	return $@ unless $responder;
	return fcgi_get($responder->{address}, params => {%get})->{body};
}
write_file("$dir/words", "#!/bin/sh\n"
	. "printf 'Content-Type: a/b\\r\\n\\r\\n%s' \"\$*\"\n", 0755);
is(command_says("$dir/words", '-l', 'a b'), '-l a b',
	'COMMAND and its arguments, options too');
is(command_says('--', "$dir/words", 'x'), 'x', '-- before COMMAND');
{
	local $ENV{PATH} = "$dir:$ENV{PATH}";
	is(command_says('words', 'x'), 'x', 'COMMAND by PATH');
}
chdir $dir;
is(command_says('words', 'x'),   'x', 'COMMAND in the current folder');
is(command_says('./words', 'x'), 'x', 'COMMAND relative to it');
chdir '/';
my $beaten = write_file("$dir/beaten.ini",
	"[app]\nexec = /bin/false\n[cors]\norigins = *\n");
{
	my $responder = responder($beaten, args => [ "$dir/words", 'x' ]);
	is(fcgi_get($responder->{address}, params => {%get})->{body}, 'x',
		'COMMAND beats exec');
}

# ---- -m -----------------------------------------------------------------------------------

for my $mode (0, 0600, 0660) {
	my @args = $mode ? ('-m', sprintf '%04o', $mode) : ();
	my $responder = responder($good, args => \@args);
	my $path      = $responder->{address} =~ s/^unix://r;
	is((stat $path)[2] & 0777, $mode || 0660,
		$mode ? sprintf('-m %04o', $mode) : 'the socket is 0660');
	$responder->stop;
	ok(!-e $path, 'and goes with us');
}

done_testing;
