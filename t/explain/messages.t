#!/usr/bin/perl
# `corscheck help` knows every message that the browsers were observed to
# print, with the right cause; also the messages that people paste most, and
# corswrap-errors(7) has all of them.
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

# The situation belongs to the id; '': no id.
my %id = (
	acao_missing => 'acao-missing', pre_acao_missing => 'acao-missing',
	pre_status => 'preflight-status', pre_redirect => 'preflight-redirect',
	pre_method => 'method-not-allowed', pre_header => 'header-not-allowed',
	pre_headers_bad => 'list-malformed', pre_methods_bad => 'list-malformed',
	pre_header_star_auth => 'header-not-allowed',
	acao_two_lines => 'acao-multiple', acao_comma => 'acao-multiple',
	acao_space => 'acao-multiple', acao_mismatch => 'acao-mismatch',
	acao_invalid => 'acao-mismatch', acao_empty => 'acao-mismatch',
	acao_star_creds => 'wildcard-with-credentials',
	pre_acao_star_creds => 'wildcard-with-credentials',
	xhr_creds => 'wildcard-with-credentials',
	acac_missing => 'credentials-not-true', acac_wrong => 'credentials-not-true',
	pre_acac_missing => 'credentials-not-true', pre_network_closed => 'network',
	redir_first_no_acao => 'acao-missing', redir_cross_named => 'acao-mismatch',
	redir_password_same => 'redirect-blocked', redir_data => 'redirect-blocked',
	mixed_http_name => 'mixed-content', mixed_http_localhost => 'mixed-content',
	mixed_redirect => 'mixed-content', file_url => '', same_origin_mode => '',
	eventsource_missing => 'acao-missing', beacon_json => 'acao-missing',
	img_anonymous => 'acao-missing', script_module => 'acao-missing',
	script_crossorigin => 'acao-missing', font_css => 'acao-missing',
	img_plain_canvas => '', network_closed => '',
);

# Messages that differ from the situation's, or do not exist.
my %other = (
	# WebKit only prints a status.
	'webkit pre_acao_missing_403' => 'preflight-status',
	'webkit pre_redirect_301' => 'preflight-status',
	'webkit pre_redirect_301_bare' => 'preflight-status',
	'firefox pre_redirect_301_bare' => 'acao-missing',
	# One of two messages: Firefox counts lines, WebKit only commas.
	'firefox acao_comma' => 'acao-mismatch', 'firefox acao_space' =>
	'acao-mismatch', 'webkit acao_space' => 'acao-missing',
	# WebKit has one message for all of them.
	(map { ("webkit $_" => 'acao-missing') } qw(acao_mismatch acao_invalid
	    acao_empty redir_cross_named)),
	# Firefox names no cause, or a wrong one.
	'firefox redir_password_same' => '', 'firefox pre_network_closed' => '',
	'firefox actual_closed_after_pre' => 'acao-multiple',
	'webkit same_origin_mode' => undef,
);

sub help {
	my ($text) = @_;
	my ($exit, $out, $err) = run([ corscheck(), 'help', $text ]);
	my ($id) = $out =~ /^More: corscheck help (\S+)$/m;
	return ($exit, $out, $id // '');
}

for my $row (split /\n/, read_file(top_src() . '/t/vectors/console.tsv')) {
	next if $row =~ /^#/;
	my ($situation, $browser, $text) = split /\t/, $row;
	my $name = "$browser $situation";
	my $want = exists $other{$name} ? $other{$name}
	    : $id{$situation} // $id{ $situation =~ s/_\d+(?:_bare)?$//r };
	next if !defined $want;
	my ($exit, $out, $id) = help($text =~ s/ \|\| /\n/gr);
	is("$exit $id", "0 $want", "$name: known");
	like($out, qr/^Fix: .{10}/m, 'with a cure');
}

# --- the most frequent messages
# -----------------------------------------------

for my $text ('TypeError: Failed to fetch', 'Uncaught (in promise) TypeError: '
	. 'NetworkError when attempting to fetch resource.',
	'TypeError: Load failed', 'AxiosError: Network Error') {
	my ($exit, $out) = help($text);
	is($exit, 0, $text);
	like($out, qr/console \(F12\)/, 'says where the cause is');
}
my %also = (
	'GET https://a.example/x.js net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin '
	. '200 (OK)' => 'resource-policy',
	'Access to script at \'file:///x.js\' from origin \'null\' has been '
	. 'blocked by CORS policy: Cross origin requests are only supported for '
	. 'protocol schemes: chrome, data, http, https.' => '',
	'Refused to set unsafe header "Origin"' => '',
	'GET https://a.example/ net::ERR_CERT_AUTHORITY_INVALID' => 'tls',
	'POST http://localhost:3000/api net::ERR_CONNECTION_REFUSED' => 'network',
);
for my $text (sort keys %also) {
	my ($exit, $out, $id) = help($text);
	is("$exit $id", "0 $also{$text}", $text);
}
# --- the lists of the engines ---------------------------------------------------

# Chromium's CorsError (of version 156, with the messages of its console), its
# other messages, and WebKit's (2.50).
my $from = "Access to fetch at 'https://b.example/' from origin "
    . "'https://a.example' has been blocked by CORS policy: ";
my $pre = "${from}Response to preflight request doesn't pass access control "
    . 'check: ';
my $acao = "The 'Access-Control-Allow-Origin' header";
my @lists = (
	[ "${from}Cross origin requests are not allowed by request mode." => '' ],
	[ "$from$acao contains multiple values 'a, b', but only one is allowed. "
	    . 'Have the server send the header with a valid value.' =>
	    'acao-multiple' ],
	[ "${from}The value of the 'Access-Control-Allow-Origin' header in the "
	    . "response must not be the wildcard '*' when the request's "
	    . "credentials mode is 'include'." => 'wildcard-with-credentials' ],
	[ "${from}No 'Access-Control-Allow-Origin' header is present on the "
	    . 'requested resource.' => 'acao-missing' ],
	[ "$from$acao contains the invalid value 'x'." => 'acao-mismatch' ],
	[ "$from$acao has a value 'x' that is not equal to the supplied origin." =>
	    'acao-mismatch' ],
	[ "${from}The value of the 'Access-Control-Allow-Credentials' header in "
	    . "the response is '' which must be 'true' when the request's "
	    . "credentials mode is 'include'." => 'credentials-not-true' ],
	[ "${from}Cross origin requests are only supported for protocol schemes: "
	    . 'chrome, data, http, https.' => '' ],
	[ "${pre}It does not have HTTP ok status." => 'preflight-status' ],
	[ "${pre}Redirect is not allowed for a preflight request." =>
	    'preflight-redirect' ],
	[ "$pre$acao contains the invalid value 'x'." => 'acao-mismatch' ],
	[ "${from}Cannot parse Access-Control-Allow-Methods response header field "
	    . 'in preflight response.' => 'list-malformed' ],
	[ "${from}Method PUT is not allowed by Access-Control-Allow-Methods in "
	    . 'preflight response.' => 'method-not-allowed' ],
	[ "${from}Request header field x is not allowed by "
	    . 'Access-Control-Allow-Headers in preflight response.' =>
	    'header-not-allowed' ],
	[ "${from}Redirect location 'https://u:p\@b.example/' contains a username "
	    . 'and password, which is disallowed for cross-origin requests.' =>
	    'redirect-blocked' ],
	[ "${from}The request client is not a secure context and the resource is "
	    . 'in more-private address space `local`.' => 'local-network' ],
	[ "${from}Request had a target IP address space of `local` yet the "
	    . 'resource is in address space `public`.' => 'local-network' ],
	[ "${from}Permission was denied for this request to access the `local` "
	    . 'address space.' => 'local-network' ],
	[ "Access blocked by CORS policy: something new" => '' ],
	[ 'Authorization will not be covered by the wildcard symbol (*) in CORS '
	    . '`Access-Control-Allow-Headers` handling.' => 'header-not-allowed' ],
	[ 'Fetch API cannot load https://b.example/. Request mode is "no-cors" '
	    . 'but the redirect mode is not "follow".' => 'forbidden-method' ],
	[ 'GET https://b.example/ net::ERR_BLOCKED_BY_RESPONSE.'
	    . 'NotSameOriginAfterDefaultedToSameOriginByCoep 200 (OK)' =>
	    'resource-policy' ],
	[ 'GET http://10.0.0.1/ net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS' =>
	    'local-network' ],
	[ 'The FetchEvent for "https://b.example/" resulted in a network error '
	    . 'response: the promise was rejected.' => '' ],
	# WebKit
	[ 'Origin https://a.example is not allowed by '
	    . 'Access-Control-Allow-Origin. Status code: 200' => 'acao-missing' ],
	[ 'Cannot use wildcard in Access-Control-Allow-Origin when credentials '
	    . 'flag is true.' => 'wildcard-with-credentials' ],
	[ 'Access-Control-Allow-Origin cannot contain more than one origin.' =>
	    'acao-multiple' ],
	[ 'Credentials flag is true, but Access-Control-Allow-Credentials is not '
	    . '"true".' => 'credentials-not-true' ],
	[ 'Preflight response is not successful. Status code: 404' =>
	    'preflight-status' ],
	[ 'Method PUT is not allowed by Access-Control-Allow-Methods.' =>
	    'method-not-allowed' ],
	[ 'Request header field x is not allowed by '
	    . 'Access-Control-Allow-Headers.' => 'header-not-allowed' ],
	[ 'Header Access-Control-Allow-Headers has an invalid value: a b' =>
	    'list-malformed' ],
	[ 'Cross-origin redirection denied by Cross-Origin Resource Sharing '
	    . 'policy.' => 'redirect-blocked' ],
	[ 'Cross-origin media resource load denied by Cross-Origin Resource '
	    . 'Sharing policy.' => '' ],
	[ 'Cross origin requests are not allowed when using same-origin fetch '
	    . 'mode.' => '' ],
	[ 'FetchEvent.respondWith received an error: TypeError: Load failed' => '' ],
	[ "Refused to display 'https://b.example/' in a frame because of "
	    . 'Cross-Origin-Embedder-Policy.' => 'resource-policy' ],
);
for my $row (@lists) {
	my ($exit, $out, $id) = help($row->[0]);
	is("$exit $id", "0 $row->[1]", $row->[0] =~ s/.*blocked by CORS policy: //r);
	like($out, qr/^Fix: .{10}/m, 'with a cure');
}

# Firefox', from the version on this machine.
SKIP: {
	my ($archive) = glob '/usr/lib/firefox*/omni.ja';
	my $python = have_program('python3');
	skip 'no Firefox, or no Python to read it with', 1
	    unless $archive && $python;
	my ($exit, $list) = run([ $python, '-c', <<'END', $archive ]);
import sys, zipfile
files = zipfile.ZipFile(sys.argv[1])
for name in files.namelist():
	if name.endswith(('/security.properties', '/necko.properties',
	    '/dom.properties')):
		sys.stdout.buffer.write(files.read(name) + b'\n')
END
	is($exit, 0, 'Firefox can be read');
	my %seen;
	for (split /\n/, $list) {
		my ($key, $text) = /^((?:CORS|CookieRejected|CORP|LocalNetwork|Inter
		    cepted|InterceptionR)\w+)\s*=\s*(.*)/x or next;
		my ($kind) = $key =~ /^(CORS|Cookie|CORP|LocalNetwork|Intercept)/;
		$text =~ s/%(?:\d\$)?S/x/g;
		($exit, my $out, my $id) = help($text);
		is($exit, 0, "$key: known");
		isnt($id, '', "$key: has an id") if $kind =~ /^(?:Cookie|CORP)/;
		# Every text would match that, too.
		unlike($out, qr/"(?:Cross-Origin Request Blocked|Load failed)"/,
		    'by its own words');
		$seen{$kind}++;
	}
	is(join(' ', sort keys %seen), 'CORP CORS Cookie Intercept LocalNetwork',
	    'all kinds');
}
my ($lost) = help('the weather is fine');
is($lost, 2, 'what is no message is not known');
($lost) = help('');
is($lost, 2, 'nor is nothing');

# --- corswrap-errors(7) -------------------------------------------------------

my $page = read_file(top_src() . '/doc/corswrap-errors.7') =~ s/\\&//gr
    =~ s/\\\(dq/"/gr;
my ($table) = read_file(top_src() . '/src/explain/messages.c') =~
    /messages\[\] = \{(.*?)^\};/ms;
my (@words, %ids);
for my $entry ($table =~ /\n    \{((?:"|NULL,).*?)\}\}/gs) {
	my ($list) = $entry =~ /.*\{(.*)/s;
	$ids{$1} = 1 if $entry =~ /^"([\w-]+)"/;
	for my $string ($list =~ /((?:"(?:[^"\\]|\\.)*"\s*)+)/g) {
		push @words, join '', map { s/\\"/"/gr }
		    $string =~ /"((?:[^"\\]|\\.)*)"/g;
	}
}
cmp_ok(scalar @words, '>', 90, 'the table was read');
for my $words (@words) {
	is(join(' ', grep { index($page, $_) < 0 } split /\*/, $words), '',
	    "corswrap-errors(7): $words");
}
for my $id (sort keys %ids) {
	my ($exit) = run([ corscheck(), 'help', $id ]);
	is($exit, 0, "help knows $id");
}
done_testing;
