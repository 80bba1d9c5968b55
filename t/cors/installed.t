#!/usr/bin/perl
# The installed library: what it exports, programs built against it with
# pkg-config, and every request row of t/vectors/cors.tsv by its calls.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::FastCGI qw(fcgi_get parse_response);
use Corswrap::Vectors qw(rows policy_text request_variables complaints);
use Corswrap::Test;
use Test::More;

plan skip_all => 'not a build tree' unless -e top_build() . '/Makefile';
plan skip_all => 'a build with a sanitizer wants programs with it (shim)'
    if $ENV{CORSWRAP_WATCHED};

my $dir = tempdir();
my $lib = "$dir/lib";
my %env = (PKG_CONFIG_PATH => "$lib/pkgconfig", LD_LIBRARY_PATH => $lib,
	PATH => $ENV{PATH});
my ($cc) = map { s/\s*$//r } read_file(top_build() . '/Makefile') =~
    /^CC = (.*)/m;

sub make {
	my ($in, @what) = @_;
	my ($exit, $out, $err) = run([ 'make', '-s', '-C', $in, @what ],
		env => { %env, MAKEFLAGS => '' }, timeout => 300);
	ok($exit == 0, "make @what" =~ s/\Q$dir\E/DIR/gr) or diag($out, $err);
	return;
}

# The files must be where libcors.pc says, whatever options configure had.
make(top_build(), 'install', "prefix=$dir", "exec_prefix=$dir",
	"libdir=$lib", "includedir=$dir/include", "sysconfdir=$dir/etc",
	"datarootdir=$dir/share");
my $pc = read_file("$lib/pkgconfig/libcors.pc");
like($pc, qr/^Libs: -L\$\{libdir\} -lcors$/m, 'libcors.pc');
for ([ prefix => $dir ], [ exec_prefix => $dir ], [ libdir => $lib ],
	[ includedir => "$dir/include" ]) {
	$pc =~ s/^$_->[0]=.*$/$_->[0]=$_->[1]/m;
}
write_file("$lib/pkgconfig/libcors.pc", $pc);

# --- what it exports --------------------------------------------------------------

my $header = read_file("$dir/include/cors.h");
my @public = sort $header =~ /^CORS_API [^;]*?\b(cors_\w+)\(/mg;
cmp_ok(scalar @public, '>=', 13, 'cors.h has the calls');
my (undef, $out) = run([ 'nm', '-D', '--defined-only', "$lib/libcors.so.0" ]);
is_deeply([ sort $out =~ /^\S+ \w (\S+)$/mg ], \@public,
	'libcors.so.0 exports the calls of cors.h and nothing else');
(undef, $out) = run([ 'nm', '-g', '--defined-only', "$lib/libcors.a" ]);
# (make coverage links gcov's library into it)
is_deeply([ grep { !/^(?:__gcov_|mangle_path$)/ } sort $out =~ /^\S+ \w (\S+)$/mg ], \@public,
	'and so does libcors.a');
(undef, $out) = run([ 'readelf', '-d', "$lib/libcors.so" ]);
like($out, qr/soname: \[libcors\.so\.0\]/, 'the soname');
unlike($out, qr/NEEDED.*libfcgi/, 'it does not need libfcgi');
(undef, $out) = run([ 'readelf', '-d', "$dir/bin/corswrap" ]);
unlike($out, qr/libcors/, 'corswrap does not need libcors.so');

# The headers are self-sufficient, in C and in C++.
for ([ 'c', '-std=c99' ], [ 'c++', '-std=c++11' ]) {
	my ($language, $standard) = @$_;
	SKIP: {
		skip 'no g++ (shim)', 2 if $language eq 'c++' && !have_program('g++');
		for my $name (qw(cors.h cors_fcgi.h)) {
			my ($exit, undef, $err) = run([ split(' ', $cc),
			    '-x', $language, $standard, '-Wall', '-Wextra',
			    '-Werror', '-pedantic', '-fsyntax-only',
			    "-I$dir/include", '-include', $name, '/dev/null' ]);
			is($exit, 0, "$name alone as $language") or diag($err);
		}
	}
}

# --- the examples ---------------------------------------------------------------------

my $here = "$dir/libcors";
mkdir $here;
for (glob "$dir/share/doc/corswrap/examples/libcors/*") {
	my $name = s{.*/}{}r;
	write_file("$here/$name", read_file($_));
}
ok(-e "$here/$_", "the installed examples have $_")
    for qw(Makefile README api.ini cgi.c fastcgi.c);
my $origin = 'https://app.example.com';
my @asked = (
	[ 'a request', { REQUEST_METHOD => 'GET', HTTP_ORIGIN => $origin }, sub {
		my ($r) = @_;
		is($r->{status}, 200, 'runs');
		is("@{ $r->{header}{'access-control-allow-origin'} }", $origin,
			'with its origin');
		is("@{ $r->{header}{'access-control-expose-headers'} }",
			'x-count', 'and what is exposed');
		is("@{ $r->{header}{vary} }", 'Origin', 'and Vary');
		is($r->{body}, "You sent a GET.\n", 'and its body');
	} ],
	[ 'a preflight', { REQUEST_METHOD => 'OPTIONS', HTTP_ORIGIN => $origin,
		HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT' }, sub {
		my ($r) = @_;
		is($r->{status}, 204, 'is answered');
		is("@{ $r->{header}{'access-control-allow-methods'} }", 'PUT',
			'with the methods');
		ok(!$r->{header}{'x-count'}, 'and not by the program');
	} ],
	[ 'a refusal', { REQUEST_METHOD => 'POST',
		HTTP_ORIGIN => 'https://evil.example' }, sub {
		my ($r) = @_;
		is($r->{status}, 403, 'has 403');
		ok(!$r->{header}{'access-control-allow-origin'}, 'and no origin');
		like($r->{body}, qr/^The CORS policy refuses/, 'and says so');
	} ],
);
for my $static ('', 'yes') {
	my $how = $static ? 'static' : 'shared';
	make($here, 'clean', 'all', "CC=$cc", "STATIC=$static");
	my ($exit, $libs) = run([ 'readelf', '-d', "$here/cgi" ]);
	is($libs =~ /libcors\.so\.0/ ? 'shared' : 'static', $how,
		"the $how library was linked");
	my $socket = "$dir/$how.sock";
	my $pid = start([ "$here/fastcgi", $socket ], env => \%env,
		stderr => "$dir/log");
	ok(wait_for(sub { -S $socket }), 'the FastCGI program listens')
	    or diag(read_file("$dir/log"));
	for (@asked) {
		my ($what, $variables, $check) = @$_;
		my %request = (GATEWAY_INTERFACE => 'CGI/1.1',
			SERVER_PROTOCOL => 'HTTP/1.1', REQUEST_URI => '/x',
			HTTP_HOST => 'api.example', %$variables);
		subtest "$how, CGI: $what" => sub {
			$check->(cgi_run(program => "$here/cgi",
				env => { %env, %request }));
		};
		subtest "$how, FastCGI: $what" => sub {
			my $r = fcgi_get("unix:$socket", params => \%request);
			ok($r->{ended}, 'the request is ended');
			$check->($r);
		};
	}
	stop($pid);
}

# --- the vectors --------------------------------------------------------------------------

my ($exit, undef, $err) = run([ split(' ', $cc), '-Wall', '-Werror',
	'-I', "$dir/include", '-o', "$dir/answer_rows",
	top_src() . '/t/shim/answer_rows.c', "-L$lib", '-lcors' ]);
is($exit, 0, 'the driver is built') or BAIL_OUT($err);
my @rows = rows(top_src() . '/t/vectors/cors.tsv', 'request');
cmp_ok(scalar @rows, '>=', 99, 'the rows are there');
my %by_policy;
push @{ $by_policy{ policy_text($_)->{text} } }, $_ for @rows;
for my $text (sort keys %by_policy) {
	write_file("$dir/policy.ini", $text);
	my (@asked_rows, $requests);
	for my $row (@{ $by_policy{$text} }) {
		my $fixture = policy_text($row);
		my @pairs   = request_variables($row, $fixture);
		if (grep { /\0/ } @pairs) {
			SKIP: { skip "$row->{id}: a C string cannot hold NUL", 1 }
			next;
		}
		while (my ($name, $value) = splice @pairs, 0, 2) {
			$requests .= "$name=$value\0";
		}
		$requests .= "\0";
		push @asked_rows, [ $row, $fixture ];
	}
	my ($rc, $said, $log) = run([ "$dir/answer_rows", "$dir/policy.ini" ],
		stdin => $requests, env => \%env);
	is($rc, 0, "the driver ends well ($asked_rows[0][0]{id})") or diag($log);
	for (@asked_rows) {
		my ($row, $fixture) = @$_;
		my $length = $said =~ s/\A(\d+)\n// ? $1 : 0;
		my $raw = substr $said, 0, $length, '';
		my $r = parse_response($raw);
		$r->{status} = $r->{header}{status}
		    ? ($r->{header}{status}[0] =~ /^(\d+)/)[0] : 200;
		my @wrong = complaints($row, $fixture, $r);
		ok($length > 0 && !@wrong, $row->{id})
		    or diag(join "\n", @wrong, $text, substr $raw, 0, 2000);
	}
}
done_testing;
