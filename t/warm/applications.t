#!/usr/bin/perl
# Runs awstats, smokeping and W3C's validator, as Debian installs them, cold and in
# forks of a compiled interpreter: the responses must be the same, byte for byte.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::Corpus qw(without_time);
use Corswrap::Test;
use Corswrap::Zygote qw(run_cold warm_possible);
use Test::More;

plan skip_all => 'no numbers of system calls' unless warm_possible();
my $dir = tempdir();
my %usual = (REQUEST_METHOD => 'GET', SERVER_NAME => 'localhost', SERVER_PORT => 80,
	SCRIPT_NAME => '/x.cgi', GATEWAY_INTERFACE => 'CGI/1.1', PATH => '/usr/bin:/bin',
	SERVER_PROTOCOL => 'HTTP/1.1', REMOTE_ADDR => '192.0.2.1');

my $turns = $ENV{CORSWRAP_LONG} ? 20 : 7;

# Runs the request three times cold and warm in turn, then only warm.
sub same {
	my ($what, $zygote, $script, $how, %request) = @_;
	my $cold;
	for my $turn (1 .. $turns) {
		$cold = run_cold($script, %$how, %request) if $turn <= 3;
		my $warm = $zygote->ask(%request);
		for (qw(out err status)) {
			next if without_time($cold->{$_}) eq without_time($warm->{$_});
			return is($warm->{$_}, $cold->{$_}, "$what: $_ in turn $turn");
		}
	}
	return like($cold->{out}, qr/<html|<!DOCTYPE|<h1>/i, "$what: the same as cold");
}

sub application {
	my ($name, $script, $words, $env, %o) = @_;
	SKIP: {
		skip "no $name here", 1 if !-e $script || ($o{needs} && !$o{needs}->());
		my %how = (words => $words, args => $o{args} // []);
		my %start = (PATH => $usual{PATH}, GATEWAY_INTERFACE => 'CGI/1.1', %$env);
		my $zygote = Corswrap::Zygote->start($script, %how, env => \%start);
		is_deeply($zygote->{obstacles}, [],
		    "$name: the interpreter reports no obstacle") or next;
		for my $query (@{ $o{queries} }) {
			same("$name?$query", $zygote, $script, \%how, env => { %usual, %$env,
				QUERY_STRING => $query });
		}
		for my $body (@{ $o{bodies} // [] }) {
			same("$name, POST", $zygote, $script, \%how, body => $body, env => {
				%usual, %$env, REQUEST_METHOD => 'POST', CONTENT_TYPE =>
				    'application/x-www-form-urlencoded',
				CONTENT_LENGTH => length $body });
		}
		ok(wait_for(sub { !$zygote->children }),
		    "$name: no child process is left");
	}
	return;
}

# --- awstats: a log of two visits ----------------------------------------------------

my $awstats = '/usr/lib/cgi-bin/awstats.pl';
# Each page has a different number of requests, because awstats lists equal ones in
# random order.
write_file("$dir/access.log", join '', map { my $n = $_; ("192.0.2.$_ - - [10/Oct/2025:13:5$_:36 +0000] " .
	"\"GET /page$_.html HTTP/1.1\" 200 2326 \"-\" \"Mozilla/5.0 Firefox/10$_\"\n") x $n } 1 .. 5);
write_file("$dir/awstats.x.conf", <<"END");
LogFile="$dir/access.log"
LogFormat=1
SiteDomain="x"
HostAliases="localhost"
DirData="$dir"
DNSLookup=0
END
application('awstats', $awstats, ['/usr/bin/perl'], { AWSTATS_ENABLE_CONFIG_DIR => $dir },
    needs => sub { (run([ $awstats, '-config=x', "-configdir=$dir", '-update' ]))[0] == 0 },
    queries => [ map { "config=$_&configdir=$dir" } 'x', 'x&year=2025&month=10',
	'x&year=2025&month=10&output=allhosts', 'none' ]);

# --- smokeping: one host -----------------------------------------------------------------

mkdir "$dir/$_" for qw(images data pages);
write_file("$dir/smokeping", <<"END");
*** General ***
owner = Anna
contact = a\@b.example
mailhost = x.example
imgcache = $dir/images
imgurl = /images
datadir = $dir/data
dyndir = $dir/pages
piddir = $dir
cgiurl = http://localhost/smokeping.cgi
smokemail = /etc/smokeping/smokemail
tmail = /etc/smokeping/tmail
sendmail = /bin/true
*** Database ***
step = 300
pings = 20
AVERAGE 0.5 1 1008
*** Presentation ***
template = /etc/smokeping/basepage.html
htmltitle = yes
+ overview
width = 600
height = 50
range = 10h
+ detail
width = 600
height = 200
unison_tolerance = 2
"Last 3 Hours" 3h
*** Probes ***
+ TCPPing
binary = /bin/true
*** Targets ***
probe = TCPPing
menu = Top
title = Latency
remark = Welcome
+ Local
menu = Local
title = Local
++ Host
menu = Host
title = Host
host = localhost
END
application('smokeping', '/usr/share/smokeping/smokeping.cgi', ['/usr/bin/perl'], {},
    args => ["$dir/smokeping"], queries => [ '', 'target=Local' ]);

# --- W3C's validator: SGML parsers, -T, a POST ---------------------------------------------

application('validator', '/usr/lib/cgi-bin/w3c-markup-validator/check', [ '/usr/bin/perl', '-T' ],
    {}, queries => [ '', 'uri=none', 'fragment=%3Chtml%3E%3Cp%3Ex' ],
    bodies => [ 'fragment=' . '%3C!DOCTYPE%20html%20PUBLIC%20%22-%2F%2FW3C%2F%2FDTD%20HTML%20' .
	'4.01%2F%2FEN%22%20%22http%3A%2F%2Fwww.w3.org%2FTR%2Fhtml4%2Fstrict.dtd%22%3E' .
	'%3Ctitle%3Ex%3C%2Ftitle%3E%3Cp%3Ehello' ]);
done_testing;
