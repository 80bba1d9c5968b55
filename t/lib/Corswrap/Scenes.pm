package Corswrap::Scenes;

# Runs parts of a test that mostly wait ("scenes") at the same time: each in a process
# of its own, with its own $Corswrap::Programs::dir.  The results are reported in the
# order of the scenes.
#
#	scene 'timeouts' => sub { my $r = run_responder(...); is(...) };
#	scene 'signals'  => sub { ... };
#	play_scenes();
#	done_testing;
#
# Processes that a scene starts end with it.  Those started before belong to the
# test, and all scenes may use them.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Test qw(read_file tempdir wait_for);
use Exporter qw(import);
use POSIX qw(:sys_wait_h _exit);
use Test::More ();
use Time::HiRes qw(sleep);

our @EXPORT = qw(scene play_scenes);

my @scenes;    # [ name, code ]

sub scene {
	my ($name, $code) = @_;
	push @scenes, [ $name, $code ];
	return;
}

# Runs a scene in this process, which is a child; its output goes to the file.
sub _perform {
	my ($scene, $file) = @_;
	my ($name, $code) = @$scene;
	my $builder = Test::More->builder;
	open my $out, '>', $file or _exit(1);
	$out->autoflush(1);
	$builder->reset;
	$builder->$_($out) for qw(output failure_output todo_output);
	Corswrap::Test::is_child();
	if (defined &Corswrap::Programs::in_own_folder) {
		Corswrap::Programs::in_own_folder();
	}
	eval { $code->(); 1 } or Test::More::fail("$name: died: $@");
	Corswrap::Test::stop_all();
	Corswrap::Programs::leave_folder()
	    if defined &Corswrap::Programs::leave_folder;
	print {$out} "# $name: done\n";
	close $out;
	_exit(0);
}

# Reports the results of a scene as tests of this process.
sub _report {
	my ($name, $text) = @_;
	my $builder = Test::More->builder;
	my $failed;
	for my $line (split /\n/, $text) {
		if ($line =~ /^(not )?ok \d+(?: - (.*?))?(?: # skip (.*))?$/i) {
			$failed = $1;
			if (defined $3) { $builder->skip($3) }
			else { $builder->ok(!$failed, $2) }
		} elsif ($line =~ /^\s*# ?(.*)/ && $1 ne "$name: done") {
			$failed ? Test::More::diag($1) : Test::More::note($1);
		}
	}
	Test::More::fail("$name: the scene did not finish") if $text !~ /^# \Q$name\E: done$/m;
	return;
}

# Runs all scenes, at most $most at the same time, and reports them.
sub play_scenes {
	my ($most) = @_;
	my $dir = tempdir();
	my (%running, @pids);
	for my $i (0 .. $#scenes) {
		_wait_one(\%running) while keys %running >= ($most // 8);
		my $pid = fork // die "fork: $!";
		_perform($scenes[$i], "$dir/$i") if $pid == 0;
		$running{$pid} = 1;
	}
	_wait_one(\%running) while %running;
	_report($scenes[$_][0], read_file("$dir/$_")) for 0 .. $#scenes;
	@scenes = ();
	return;
}

sub _wait_one {
	my ($running) = @_;
	for my $pid (keys %$running) {
		next unless waitpid($pid, WNOHANG) == $pid;
		delete $running->{$pid};
		return;
	}
	sleep 0.02;
	return;
}

1;
