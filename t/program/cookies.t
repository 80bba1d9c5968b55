#!/usr/bin/perl
# A program's Set-Cookie with credentials: the log says once for each cookie
# that pages of other sites will not send it, in every mode.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI ();
use Corswrap::Peer;
use Corswrap::Programs;
use Corswrap::Responder;
use Corswrap::Test qw(run write_file);
use Corswrap::Warmth;
use JSON::PP ();
use Test::More;

my @elsewhere = (HTTP_HOST => 'api.b.example', SERVER_SOFTWARE => 'nginx');

# What it prints is the query string, "|" between the lines.
perl_program('cookies.pl', <<'END');
my $q = $ENV{QUERY_STRING} // '';
$q =~ s/%([0-9A-F]{2})/chr hex $1/ge;
print "Content-Type: text/plain\n", map({ "Set-Cookie: $_\n" } split /\|/, $q),
    "\nx";
END

# The lines that one request adds: [ id, text ] of the JSON log.
sub said {
	my ($r, $cookies, %params) = @_;
	my $before = () = log_lines($r, qr/cookie-attributes/);
	my $got = ask($r, 'cookies.pl', params => { @elsewhere,
		QUERY_STRING => $cookies, %params });
	is(scalar @{ $got->{header}{'set-cookie'} // [] },
	    scalar(my @sent = split /\|/, $cookies), 'the cookies come through')
	    or diag(explain($got));
	my @lines = log_lines($r, qr/cookie-attributes/);
	return @lines[ $before .. $#lines ];
}

my $peer = peer("unix:$dir/app", sub {
	my ($c) = @_;
	my $r = $c->read_request or return;
	my %p = ref $r->{params} eq 'ARRAY' ? @{ $r->{params} }
	    : %{ $r->{params} };
	$c->answer("Content-Type: text/plain\n" . join('', map { "Set-Cookie: "
		. s/%([0-9A-F]{2})/chr hex $1/ger . "\n" }
		split /\|/, $p{QUERY_STRING} // '') . "\nx");
});
my $cors = "credentials = yes\n[cors b]\npath = /b/*\n"
    . "[cors open]\npath = /open\norigins = *\ncredentials = no";
my %responders = (
	exec => run_responder('', cors => $cors),
	forward => responder(policy => "[cors]\norigins = $origin\n$cors\n"
	    . "[app]\nforward = unix:$dir/app\n"),
	warm => warm_responder('', cors => $cors),
);
ok(warm_up($responders{warm}, 'cookies.pl'), 'the program is warm');

for my $how (sort keys %responders) {
	my $r = $responders{$how};
	my $say = sub { said($r, @_) };
	my $count = sub { scalar(my @said = said($r, @_)) };
	my @lines = $say->('sid=1; Path=/; HttpOnly');
	is(scalar @lines, 1, "$how: a cookie without attributes is logged");
	like($lines[0], qr/warning: .*cookie "sid" has no SameSite=None; Secure: /,
	    "$how: with what it lacks");
	like($lines[0], qr/\Qto which [cors] allows credentials\E/,
	    "$how: and the section");
	is($count->('sid=2'), 0, "$how: once");
	is($count->('sid=2', REQUEST_URI => '/b/x'), 1,
	    "$how: and once for another section");
	like(join('', $say->('a=1; Secure|b=1; SameSite=None')),
	    qr/"a" has no SameSite=None:.*"b" has no Secure:/s,
	    "$how: each of two");
	is($count->('good=1; SameSite=None; Secure'), 0,
	    "$how: a good one is not");
	# Cases in which SameSite does not matter.
	my %quiet = (
		'no credentials' => [ REQUEST_URI => '/open' ],
		'an origin that is not allowed' =>
		    [ HTTP_ORIGIN => 'https://c.example' ],
		'no origin' => [ HTTP_ORIGIN => undef ],
		'the same site, as the browser says' =>
		    [ HTTP_SEC_FETCH_SITE => 'same-site' ],
		'the same site by its hosts' => [ HTTP_HOST => 'api.a.example:81' ],
		'the same host' => [ HTTP_HOST => 'a.example' ],
	);
	for my $why (sort keys %quiet) {
		my $name = $why =~ s/\W//gr;
		is($count->("$name=1", @{ $quiet{$why} }), 0,
		    "$how: not with $why");
		is($count->("$name=1"), 1, "$how: and else it is");
	}
	is($count->('cross=1', HTTP_HOST => 'a.example',
		HTTP_SEC_FETCH_SITE => 'cross-site'), 1,
	    "$how: the browser's word counts");
}

# A program that uses a new name for each cookie must not fill the log.
my $r = $responders{exec};
said($r, join '|', map { "n$_=1" } 1 .. 100);
my $all = () = log_lines($r, qr/cookie-attributes/);
is($all, 64, 'at most 64 in all');
is(scalar(my @said = said($r, 'again=1')), 0, 'and then no more');

# Bytes that a terminal must not see.
my $json = run_responder('', cors => 'credentials = yes',
	server => 'log-format = json');
my ($line) = said($json, "a%C3%A9b%22=1");
$line //= '{}';
my $object = eval { JSON::PP->new->decode($line =~ s/^[^{]*//r) } // {};
is($object->{id} // $object->{event}, 'cookie-attributes', 'JSON has its id')
    or diag($line);
unlike($line, qr/[^ -~\n]/, 'and no control byte');

# Plain CGI has no memory between requests.
for my $level ('info', 'debug') {
	write_file("$dir/p.ini", "[cors]\norigins = $origin\ncredentials = yes\n"
	    . "[app]\nroot = $dir/cgi\n[server]\nlog = $level\n");
	my $got = Corswrap::CGI::cgi_run(env => { @{ params('cookies.pl',
		@elsewhere, QUERY_STRING => 'sid=1', REDIRECT_STATUS => 200,
		PATH_TRANSLATED => "$dir/cgi/cookies.pl",
		CORSWRAP_CONFIG => "$dir/p.ini") } });
	is($got->{header}{'set-cookie'}[0], 'sid=1', "CGI, log = $level: runs")
	    or diag(explain($got));
	if ($level eq 'debug') {
		like($got->{stderr}, qr/cookie "sid" has no/, 'CGI: it says so');
	} else {
		unlike($got->{stderr}, qr/cookie/, 'CGI: it does not say so');
	}
}
for my $name (sort keys %responders) {
	is($responders{$name}->stop, 0, "$name ends well");
}
done_testing;
