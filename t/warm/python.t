#!/usr/bin/perl
# Tests corswrap_warm.py without corswrap: Python scripts run cold and in forks of a
# compiled interpreter in turn, and must respond the same, byte for byte.  Also
# refused scripts, and random numbers.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Test;
use Corswrap::Zygote qw(run_cold warm_possible);
use Test::More;

plan skip_all => 'no numbers of system calls' unless warm_possible();
my $python = have_program('python3') or plan skip_all => 'no python3';
(run([ $python, '-c', 'import sys; sys.exit(sys.version_info < (3, 9))' ]))[0] == 0
    or plan skip_all => 'this python3 cannot receive descriptors';
# pyenv has a shell script of that name; use the interpreter itself.
($python) = map { chomp; $_ } (run([ $python, '-c', 'import sys; print(sys.executable)' ]))[1];
my $turns = $ENV{CORSWRAP_LONG} ? 20 : 3;
my $dir = tempdir();

sub script {
	my ($name, $code) = @_;
	return write_file("$dir/$name.py", "#!/usr/bin/env python3\n$code", 0755);
}

my %get = (REQUEST_METHOD => 'GET', QUERY_STRING => 'a=1&b=%C3%A4', SERVER_NAME => 'x',
	SERVER_PORT => 80, SCRIPT_NAME => '/x.py', SERVER_PROTOCOL => 'HTTP/1.1',
	REMOTE_ADDR => '192.0.2.7', GATEWAY_INTERFACE => 'CGI/1.1', LANG => 'C.UTF-8');

write_file("$dir/own.py", "value = 'of the script''s folder'\n");
my @corpus = (
	[ main => <<'END' ],
import sys, os, own
print('Content-Type: text/plain\n')
if __name__ == '__main__':
    print(sys.argv, __file__ == sys.argv[0], __package__, __spec__, own.value)
    print(sys.path[0] == os.path.dirname(__file__), sorted(n for n in globals()))
    print(sys.modules['__main__'].__dict__ is globals(), os.getpgrp() == os.getpid())
    print(sorted(os.listdir('/proc/self/fd'))[:3], open('/dev/null').fileno())
    print({k: v for k, v in sorted(os.environ.items())})
END
	[ body => <<'END', "a line\nand the rest" x 20 ],
import sys, os
print('Content-Type: text/plain\n')
print(sys.stdin.seekable(), sys.stdin.name, sys.stdin.encoding, sys.stdin.errors, repr(sys.stdin.mode))
print(sys.stdin.readline(), len(sys.stdin.read()))
print(sys.stdout.name, sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.line_buffering)
END
	[ exits => <<'END' ],
import atexit, sys
atexit.register(lambda: print('at exit'))
print('Content-Type: text/plain\n')
def deep(n):
    if n == 0:
        sys.exit(7)
    deep(n - 1)
deep(3)
END
	[ dies => <<'END' ],
import sys
print('Content-Type: text/plain\n')
def lower(x):
    raise ValueError(f'no {x}')
try:
    1 / 0
except ZeroDivisionError as e:
    lower('such thing')
END
	[ message => "import sys\nprint('A: 1\\n')\nsys.exit('a message')\n" ],
	[ cgitb => <<'END' ],
import sys
sys.excepthook = lambda t, v, tb: print('Content-Type: text/plain\n\n', t, v, tb.tb_lineno)
raise KeyError('x')
END
	[ wsgi => <<'END' ],
from wsgiref.handlers import CGIHandler
def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    yield ('%s %s' % (environ['QUERY_STRING'], environ['wsgi.multiprocess'])).encode()
CGIHandler().run(app)
END
	[ programs => <<'END' ],
import subprocess, os, sys
print('Content-Type: text/plain\n', flush=True)
print(subprocess.run('echo $QUERY_STRING; ls /proc/self/fd | wc -l; exit 3', shell=True).returncode)
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    print('child')
    sys.exit(4)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
	[ signals => <<'END' ],
import signal, os, time
print('Content-Type: text/plain\n')
signal.signal(signal.SIGALRM, lambda *a: print('rang'))
signal.setitimer(signal.ITIMER_REAL, 0.05)
time.sleep(0.2)
print([l for l in open('/proc/self/status') if l.startswith(('SigB', 'SigI', 'SigC', 'Threads'))], flush=True)
os.kill(os.getpid(), 9)
END
);

for my $case (@corpus) {
	my ($name, $code, $body) = @$case;
	my $script = script($name, $code);
	my $zygote = Corswrap::Zygote->start($script, words => [$python],
	    load => [qw(json wsgiref.handlers)], env => { LANG => 'C.UTF-8' });
	is_deeply($zygote->{obstacles}, [],
	    "$name: the interpreter reports no obstacle") or next;
	for my $turn (1 .. $turns) {
		my %how = (env => \%get, body => $body // '');
		my $cold = run_cold($script, words => [$python], %how);
		my $warm = $zygote->ask(%how);
		is_deeply([ @$warm{qw(out err status)} ], [ @$cold{qw(out err status)} ],
		    "$name: the same as cold") or last;
		ok(length $warm->{out}, "$name: there is output");
	}
}

# --- random numbers ------------------------------------------------------------------------

# Changes of variables by a module of `load` remain when the script runs.
mkdir "$dir/modules";
write_file("$dir/modules/sets.py", "import os\nBOUND = os.environ.get('LD_BIND_NOW')\n" .
    "os.environ['SET'] = 'by a module'\n" .
    "os.environ.pop('LOST', None)\nos.environ['QUERY_STRING'] = 'changed'\n");
write_file("$dir/modules/shares.py", "import mmap\nm = mmap.mmap(-1, 4096)\n");
write_file("$dir/modules/moves.py", "import os\nos.chdir('/')\n");
my %modules = (PYTHONPATH => "$dir/modules", LOST => 1);
{
	my $sets = script('variables', "import os, sets\n" .
	    "print(sorted(os.environ.items()), sets.BOUND)\n");
	my $z = Corswrap::Zygote->start($sets, words => [$python], load => ['sets'],
	    env => \%modules);
	is_deeply($z->{obstacles}, [], 'a module that changes variables is allowed');
	is($z->ask(env => { %modules, %get })->{out},
	    run_cold($sets, words => [$python], env => { %modules, %get })->{out},
	    'changes of variables by a module are the same as cold');
	for my $case ([ shares => qr{memory is shared: /dev/zero} ],
		[ moves => qr/a module changes the folder/ ]) {
		$z = Corswrap::Zygote->start($sets, words => [$python], load => [ $case->[0] ],
		    env => \%modules);
		like("@{ $z->{obstacles} }", $case->[1],
		    "a module that $case->[0] is refused");
	}
}

# A fork reports which modules a script imports that were not loaded before.
my $asks = Corswrap::Zygote->start(script('imports', "import json, xml.dom.minidom, os\n"),
    words => [$python], load => []);
my $told = $asks->ask(tell => 1);
like($told->{told}, qr/^(?:\w+\0)*json\0(?:\w+\0)*xml\0/,
    'with tell, a fork reports modules that are imported late');
unlike($told->{told}, qr/\bos\b|\./,
    'with tell, a fork reports neither loaded modules nor submodules');
is($told->{status}, 0, 'with tell, a fork exits with the status of the script');

my $zygote = Corswrap::Zygote->start(script('draws', <<'END'), words => [$python], load => [qw(random secrets uuid tempfile)]);
import random, secrets, uuid, tempfile, os
print(random.random(), secrets.token_hex(8), uuid.uuid4(), tempfile.mktemp(), os.getpid())
END
my %seen;
for my $spare ($zygote->spare, $zygote->spare, (undef) x 8) {
	$seen{$_}++ for split ' ', $zygote->ask($spare ? (spare => $spare) : ())->{out};
}
is(scalar keys %seen, 50, 'random numbers, names and identifiers differ in each fork');

# --- refused scripts -----------------------------------------------------------------------------

write_file("$dir/opens.py", "f = open('/etc/passwd')\n");
write_file("$dir/prints.py", "print('x')\n");
write_file("$dir/threads.py", "import threading, time\nthreading.Thread(target=time.sleep, args=(1,), daemon=True).start()\n");
write_file("$dir/reads.py", "import sys\nsys.stdin.readline()\n");
my $plain = script('plain', "print('x')\n");
for my $case ([ opens => qr{descriptor \d+ is open: /etc/passwd} ],
	[ prints => qr/it wrote while it was compiled/ ],
	[ threads => qr/more than one thread/ ], [ reads => qr/standard input was read/ ],
	[ missing => qr/module missing cannot be loaded: No module named/ ])
{
	my ($module, $re) = @$case;
	my $z = Corswrap::Zygote->start($plain, words => [$python], load => [$module]);
	like(join('; ', @{ $z->{obstacles} }), $re, "refused: $module");
}
mkdir "$dir/shadow";
write_file("$dir/shadow/json.py", "value = 1\n");
my $z = Corswrap::Zygote->start(write_file("$dir/shadow/x.py", "print('x')\n"),
    words => [$python], load => []);
ok(!grep({ m{json} } @{ $z->{obstacles} }),
    'a module beside the script with the name of one that is not loaded is allowed');
write_file("$dir/shadow/socket.py", "value = 1\n");
$z = Corswrap::Zygote->start("$dir/shadow/x.py", words => [$python], load => []);
like(join('; ', @{ $z->{obstacles} }), qr{shadow/socket\.py comes before a module that is loaded},
    'a module beside the script that would hide a loaded one is refused');

# --- leftover processes
# ----------------------------------------------------------------------------

$zygote = Corswrap::Zygote->start(script('touch', "open('$dir/ran', 'w')\n"), words => [$python], load => []);
my $spare = $zygote->spare;
wait_for(sub { scalar $zygote->children });
my ($child) = $zygote->children;
close $spare;
ok(wait_for(sub { !kill(0, $child) || read_file("/proc/$child/stat") =~ /\) Z / }),
    'a fork whose socket is closed ends');
ok(!-e "$dir/ran", 'a fork whose socket is closed runs no part of the script');
done_testing;
