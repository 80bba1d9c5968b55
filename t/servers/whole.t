#!/usr/bin/perl
# When an answer is whole (the table in HACKING.md), behind nginx and lighttpd:
# what the client sees, what becomes of the program, and what is logged.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;
use Time::HiRes qw(sleep time);

my @servers = grep { have_program($_->[0]) } [ nginx => 'nginx.conf' ],
    [ lighttpd => 'lighttpd-fastcgi.conf' ];
plan skip_all => 'no nginx, no lighttpd' unless @servers;

# What ?do= says; "end" is written by who came to its end.
my $program = <<'END';
#!/usr/bin/perl
use POSIX ();
$| = 1;
my ($do) = $ENV{QUERY_STRING} =~ /^(\w+)/;
sub done { open my $f, '>', "RUN/end-$do"; close $f }
if ($do eq 'killed') { print "A: 1\n\n", 'x' x 20_000; sleep 1; kill 9, $$ }
if ($do eq 'late') { print "A: 1\n\nabc"; sleep 60 }
END

# Does curl take it for whole?  (exit status, body)
sub fetch {
	my ($port, $do, @more) = @_;
	my ($exit, $out) = run([ 'curl', '-s', '-m', 20, @more,
		"http://127.0.0.1:$port/api?$do" ], timeout => 60);
	return ($exit, $out);
}

for my $of (@servers) {
	my ($server, $file) = @$of;
	my $dir = site();
	write_file("$dir/cgi/report.pl", $program =~ s{RUN}{$dir/run}gr, 0755);
	for my $ini ("$dir/etc/app.ini", "$dir/etc/lighttpd.ini") {
		write_file($ini, read_file($ini) =~
		    s/^\[app\]/[app]\nidle-timeout = 2s\nkill-grace = 300ms/mr);
	}
	responder_on($dir, "$dir/etc/app.ini") if $server eq 'nginx';
	my $port = serve($dir, $server, $file);

	my ($exit, $body) = fetch($port, 'killed');
	isnt($exit, 0, "F4, $server: a signal: the client sees that it is cut");
	($exit, $body) = fetch($port, 'late');
	is($body, 'abc', "F4, $server: a timeout: what came");
	isnt($exit, 0, "F4, $server: a timeout: the client sees that it is cut");
	show_logs($dir);
}
done_testing;
