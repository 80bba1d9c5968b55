#!/usr/bin/perl
# Every message that the browsers were seen to print is known to
# `corscheck help`, with the cause of its situation; so is what people paste
# first, and corswrap-errors(7) has all of them.
#
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use Test::More;

# The situation is that of the id; '' is none.
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

# What a browser says in other words than the situation has, or does not say.
my %other = (
	# A bare status is all that WebKit says of it.
	'webkit pre_acao_missing_403' => 'preflight-status',
	'webkit pre_redirect_301' => 'preflight-status',
	'webkit pre_redirect_301_bare' => 'preflight-status',
	'firefox pre_redirect_301_bare' => 'acao-missing',
	# One of two words: Firefox looks at lines, WebKit at commas alone.
	'firefox acao_comma' => 'acao-mismatch', 'firefox acao_space' =>
	'acao-mismatch', 'webkit acao_space' => 'acao-missing',
	# WebKit has one sentence for all of it.
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

# --- what people paste first --------------------------------------------------

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
