package Corswrap::Programs;

# Runs programs that the test writes in a responder, and returns their results.
#
#	my $r = run_responder("max-body = 1K", server => 'log = debug');
#	perl_program('x.pl', 'print "A: 1\n\nx"');
#	my $got = ask($r, 'x.pl', stdin => 'abc', params => { NAME => 'value' });
#	cors_on($got, 'what');
#	logged($r, qr/re/, 'what');
#
# The programs are in "$dir/cgi", which is the `root` of the policy; $dir is removed
# at the end.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;

use Exporter qw(import);
use Test::More ();
use Time::HiRes ();

use Corswrap::FastCGI qw(fcgi_get);
use Corswrap::Responder;
use Corswrap::Test qw(never_warm read_file tempdir top_src wait_for write_file);

Test::More::plan(skip_all => never_warm())
    if $ENV{CORSWRAP_WARM} && never_warm();

our @EXPORT = qw($dir $origin perl_program shell_program quoted run_responder
    params ask one cors_on logged log_lines gone children_of zombies_of
    is_waiting);

# With CORSWRAP_WARM every Perl program must run warm: ask fails if one does not.
my $warm = $ENV{CORSWRAP_WARM};
$ENV{CORSWRAP_LIBEXEC} = top_src() . '/lib' if $warm;
my $early = $warm ? 'if (exists $ENV{WARM_UP}) { print "Status: 204\n\n"; exit }'
    : '';

our $dir;
our $origin = 'https://a.example';
in_own_folder();

# Makes a new $dir, for a process that must not share files.  Only the process that
# made it removes it, by leave_folder or at its end.
sub in_own_folder {
	$dir = tempdir();
	mkdir "$dir/cgi";
	return;
}

sub leave_folder {
	undef $dir;
	return;
}

sub perl_program {
	my ($name, $code) = @_;
	return write_file("$dir/cgi/$name",
	    "#!/usr/bin/perl\n\$| = 1;$early\n$code\n", 0755);
}

sub shell_program {
	my ($name, $code) = @_;
	return write_file("$dir/cgi/$name", "#!/bin/sh\n$code\n", 0755);
}

# Returns the bytes as a Perl string literal.
sub quoted {
	my ($text) = @_;
	$text =~ s/([^ -~]|[\\"\$\@])/sprintf '\\x{%02x}', ord $1/ge;
	return "\"$text\"";
}

# Starts a responder.  $app has lines of [app] (other sections may follow them);
# server and cors have lines of these sections; the other options are for
# Corswrap::Responder.
sub run_responder {
	my ($app, %o) = @_;
	my $server = delete $o{server} // '';
	my $cors   = delete $o{cors} // '';
	my $root   = delete $o{root} // "$dir/cgi";
	my $work   = delete $o{workers} // 8;
	if ($warm) {
		$cors = "$cors\n[warm]\nscripts = $dir/cgi/*.pl\nafter = 1 in 1m\n";
		$server .= "\nstatus-path = /warm-status\n" .
		    "status-clients = 192.0.2.9" if $server !~ /status-path/;
	}
	return responder(args => [ '-w', $work ], %o, policy => <<"END");
[cors]
origins = $origin
$cors
[server]
$server
[app]
root = $root
$app
END
}

# Returns the parameters of a request for a script, which is given by name or path,
# as a list.
sub params {
	my ($script, %more) = @_;
	my $path = $script =~ m{^/|^proxy:} ? $script : "$dir/cgi/$script";
	my %p = (REQUEST_METHOD => 'GET', SCRIPT_FILENAME => $path,
	    SCRIPT_NAME => "/$script", HTTP_ORIGIN => $origin,
	    REQUEST_URI => "/$script", GATEWAY_INTERFACE => 'CGI/1.1',
	    SERVER_PROTOCOL => 'HTTP/1.1', %more);
	return [ map { $_ => $p{$_} } grep { defined $p{$_} } sort keys %p ];
}

# Sends one request; params => {} override those of the script.  With a body it is
# a POST with CONTENT_LENGTH, unless params say otherwise.
sub ask {
	my ($r, $script, %o) = @_;
	return _ask($r, $script, %o) if !$warm || !_warms($r, $script, %o);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	# An interpreter is started with these variables (corswrap-warm(7)), so
	# the requests that warm it up must have the same.
	my %same = map { $_ => $o{params}{$_} } grep { exists $o{params}{$_} }
	    qw(DOCUMENT_ROOT GATEWAY_INTERFACE SERVER_ADMIN SERVER_SOFTWARE);
	Test::More::fail("$script: it does not get warm") if !wait_for(sub {
		my $before = _warm_count($r);
		_ask($r, $script, params => { %same, WARM_UP => 1 });
		return _warm_count($r) > $before || Time::HiRes::sleep(0.03) && 0;
	}, 20);
	my $before = _warm_count($r);
	my $got = _ask($r, $script, %o);
	# With 400 or 413 corswrap responds itself, and no program runs.
	Test::More::fail("$script: it ran cold") if _warm_count($r) == $before &&
	    $got->{status} !~ /^4(?:00|13)$/;
	return $got;
}

# Is it an executable Perl program?
sub _warms {
	my ($r, $script, %o) = @_;
	my ($first) = read_file("$dir/cgi/$script") =~ /^(.*\n.*)/;
	return ($first // '') =~ /^#!.*perl.*\n.*WARM_UP/;
}

sub _warm_count {
	my ($r) = @_;
	my $got = _ask($r, 'status', params => { REQUEST_URI => '/warm-status',
		REMOTE_ADDR => '192.0.2.9' });
	return ($got->{body} =~ /_warm_requests_total\{result="warm"\} (\d+)/)[0]
	    // 0;
}

sub _ask {
	my ($r, $script, %o) = @_;
	my %more = %{ delete $o{params} || {} };
	if (defined $o{stdin}) {
		$more{CONTENT_LENGTH} = length $o{stdin}
		    unless exists $more{CONTENT_LENGTH};
		$more{REQUEST_METHOD} //= 'POST';
	}
	return fcgi_get($r->address, params => params($script, %more),
	    timeout => 60, %o);
}

sub one {
	my ($r, $name) = @_;
	my @v = @{ $r->{header}{ lc $name } || [] };
	return @v == 1 ? $v[0] : scalar(@v) . ' values';
}

sub cors_on {
	my ($r, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Test::More::is(one($r, 'Access-Control-Allow-Origin'), $origin,
	    "$what, with CORS");
}

sub logged {
	my ($r, $re, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Test::More::ok($r->wait_log($re), $what)
	    || Test::More::diag(substr $r->log, -1500);
}

sub log_lines {
	my ($r, $re) = @_;
	return grep { $_ =~ $re } split /\n/, $r->log;
}

# Has the process ended?  It may be a zombie that another process must reap.
sub gone {
	my ($pid) = @_;
	return wait_for(sub {
		return 1 unless kill 0, $pid;
		read_file("/proc/$pid/stat") =~ /^\d+ \(.*\) Z/s }, 30);
}

sub _stats {
	return map { read_file("/proc/$_/stat") }
	    map { m{(\d+)$} ? $1 : () } glob '/proc/[0-9]*';
}

# Returns the pids of the children of a process; zombies_of returns only those that
# are zombies.
sub children_of {
	my ($pid) = @_;
	return map { /^(\d+) \(.*\) \S $pid /s ? $1 : () } _stats();
}

# Is it a warm interpreter, or a fork of one, that waits for a request?
sub is_waiting {
	my ($pid) = @_;
	my ($parent) = read_file("/proc/$pid/stat") =~ /\) \S (\d+) /;
	return read_file("/proc/$pid/cmdline") =~ /Corswrap::Warm/ &&
	    ($parent // 1) != 1 && (read_file("/proc/$parent/cmdline") =~
		/corswrap\0-c|Corswrap::Warm/);
}

sub zombies_of {
	my ($pid) = @_;
	return map { /^(\d+) \(.*\) Z $pid /s ? $1 : () } _stats();
}

1;
