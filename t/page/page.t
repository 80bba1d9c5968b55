#!/usr/bin/perl
# The analyzer page as a web server sees it: which requests it handles, that
# input always stays text, that it agrees with explain, and that it opens no
# file.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::CGI;
use Corswrap::Test;
use Encode qw(decode encode);
use HTML::HTML5::Parser;
use JSON::PP ();
use Test::More;

my $dir = tempdir();

# --- requests
# ----------------------------------------------------------------------

# page(METHOD, env => {}, stdin => TEXT, argv => []): as cgi_run, and tree.
sub page {
	my ($method, %o) = @_;
	my %env = (GATEWAY_INTERFACE => 'CGI/1.1', SERVER_NAME => 'tools.example',
		HTTP_HOST => 'tools.example', HTTPS => 'on',
		REQUEST_METHOD => $method, %{ $o{env} || {} });
	delete @env{ grep { !defined $env{$_} } keys %env };
	return cgi_run(program => corscheck(), %o, env => \%env);
}

sub encoded {
	my (%form) = @_;
	return join '&', map {
		my ($name, $value) = ($_, $form{$_});
		s/([^A-Za-z0-9_.-])/sprintf '%%%02X', ord $1/ge for $name, $value;
		"$name=$value" } sort keys %form;
}

sub post {
	my (%form) = @_;
	my $body = encoded(%form);
	return page('POST', stdin => $body, env => {
		CONTENT_TYPE => 'application/x-www-form-urlencoded',
		CONTENT_LENGTH => length $body });
}

# --- parsing a page
# --------------------------------------------------------------

# The tree that a browser makes of it; invalid HTML fails.  Style and script
# are the same in every page and are parsed in one: the parser is slow.
my $css_text = qr{(?<=>\n)[^<]*(?=</style>)};
my $js_text = qr{<script nonce="\w+">\n\K.*?(?=</script>)}s;
sub tree {
	my ($r, $name) = @_;
	my $parser = HTML::HTML5::Parser->new;
	my $text = decode('UTF-8', $r->{body});
	$text =~ s/$css_text// && $text =~ s/$js_text// if $name ne 'GET';
	my $tree = $parser->parse_string($text);
	my @errors = grep { !/complicance: INFO/ } map { "$_" } $parser->errors;
	is("@errors", '', "$name: nothing is wrong with the HTML");
	return $tree;
}

sub all {
	my ($tree, $path) = @_;
	# Elements are in the namespace of HTML.
	$path =~ s{(?<=/)(\w+)(?=[\[/]|$)}{*[local-name()='$1']}g;
	my @nodes = $tree->findnodes($path);
	return @nodes;
}

sub text {
	my ($tree, $path) = @_;
	return join ' ', map { $_->textContent =~ s/\s+/ /gr =~ s/^ | $//gr }
	    all($tree, $path);
}

# Every element with its attributes' names: text must never add to them.
sub skeleton {
	my ($tree) = @_;
	my %kinds;
	for my $node (all($tree, '//*')) {
		$kinds{ join ' ', $node->localname,
			sort map { $_->nodeName } $node->attributes } = 1;
	}
	return \%kinds;
}

# --- requests ----------------------------------------------------------------------

my $get = page('GET');
is($get->{status}, 200, 'GET');
is($get->{exit}, 0, 'the program ends well');
is($get->{stderr}, '', 'and says nothing');
is($get->{header}{'content-type'}[0], 'text/html; charset=utf-8', 'HTML');
is($get->{header}{'content-length'}[0], length $get->{body}, 'its length');
is($get->{header}{'cache-control'}[0], 'no-store', 'not to be kept');
is($get->{header}{'x-content-type-options'}[0], 'nosniff', 'nor guessed at');
my $csp = $get->{header}{'content-security-policy'}[0];
my ($nonce) = $csp =~ /'nonce-([0-9a-f]{32})'/;
is($csp, "default-src 'none'; style-src 'nonce-$nonce'; "
    . "script-src 'nonce-$nonce'; connect-src 'self'; form-action 'self'; "
    . "base-uri 'none'; frame-ancestors 'none'",
    'nothing runs in it but its own script, which asks nobody else');
my $form_tree = tree($get, 'GET');
is(join(' ', map { $_->getAttribute('nonce') } all($form_tree, '//style')),
    $nonce, 'its style has the nonce');
is(join(' ', map { $_->getAttribute('nonce') } all($form_tree, '//script')),
    $nonce, 'and its script');
is(scalar(all($form_tree, q(//*[@style or @src or @*[starts-with(name(), 'on')]]))),
    0, 'no inline style, no source, no handler');
is(scalar(all($form_tree, '//link')), 0, 'and links to no style');
unlike($get->{body}, qr/nonce-?[="']*$nonce.*nonce[="']*[^$nonce]{8}/s, 'one nonce');
isnt((page('GET')->{header}{'content-security-policy'}[0])
    =~ s/.*nonce-(\w+).*/$1/r, $nonce, 'another nonce the next time');

my $head = page('HEAD');
is($head->{status}, 200, 'HEAD');
is($head->{body}, '', 'without the body');
is($head->{header}{'content-length'}[0], length $get->{body}, 'with its length');
my $options = page('OPTIONS');
is($options->{status}, 204, 'OPTIONS');
is($options->{header}{allow}[0], 'GET, HEAD, OPTIONS, POST', 'says what can be');
for my $method ('PUT', 'get', 'TRACE', '', undef) {
	my $r = page($method);
	is($r->{status}, 405, 'not ' . ($method // 'without a method'));
	is($r->{header}{allow}[0], 'GET, HEAD, OPTIONS, POST', 'says what can be');
}
is(page('GET', argv => [ 'lint', '/etc/passwd' ])->{body} =~ /<h1>/, 1,
    "the client's words in argv are not read");
is(page('GET', env => { QUERY_STRING => 'a=' . 'b' x 70000 })->{status}, 414,
    'a query that is too long');

sub refused {
	my ($status, $name, $env, $body) = @_;
	my $r = page('POST', stdin => $body // '', env => {
		CONTENT_TYPE => 'application/x-www-form-urlencoded',
		CONTENT_LENGTH => length($body // ''), %$env });
	is($r->{status}, $status, $name);
	like($r->{header}{'content-type'}[0], qr{^text/plain}, 'in text');
	is($r->{header}{'cache-control'}[0], 'no-store', 'not to be kept');
	return;
}
refused(411, 'no length', { CONTENT_LENGTH => undef });
refused(411, 'an empty length', { CONTENT_LENGTH => '' });
refused(400, 'a length that is none', { CONTENT_LENGTH => '1x' });
refused(411, 'an unknown length, as Caddy says it', { CONTENT_LENGTH => '-1' });
refused(400, 'a negative length', { CONTENT_LENGTH => '-2' });
refused(400, 'a length with a sign', { CONTENT_LENGTH => '+3' }, 'a=b');
refused(400, 'a body that is too short', { CONTENT_LENGTH => 10 }, 'a=b');
refused(413, 'a body that is too long', { CONTENT_LENGTH => (4 << 20) + 1 });
refused(413, 'one that no number holds', { CONTENT_LENGTH => '9' x 40 });
refused(415, 'no type', { CONTENT_TYPE => undef }, 'a=b');
refused(415, 'JSON', { CONTENT_TYPE => 'application/json' }, '{}');
refused(415, 'another form', { CONTENT_TYPE =>
	'multipart/form-data; boundary=x' }, 'a=b');
refused(415, 'a type that begins so', { CONTENT_TYPE =>
	'application/x-www-form-urlencodedx' }, 'a=b');
refused(400, 'too many fields', {}, join '&', map { "a$_=b" } 1 .. 65);
is(page('POST', stdin => 'url=', env => { CONTENT_LENGTH => 4, CONTENT_TYPE =>
	'Application/X-WWW-Form-Urlencoded; charset=UTF-8' })->{status}, 200,
    'the type with a parameter, in any case');

# --- the form -----------------------------------------------------------------------

my %form = (url => 'https://api.example.net/cgi-bin/report?a=1&b=2',
	origin => 'https://app.example.com', method => 'PUT',
	headers => "Content-Type: application/json\r\nX-One: 1",
	credentials => 'on', policy => "\n[cors]\norigins = *\n");
my $filled = tree(page('GET', env => { QUERY_STRING => encoded(%form) }),
    'a query');
is((all($filled, qq(//*[\@id='$_'])))[0]->getAttribute('value'), $form{$_},
    "$_ is filled in") for qw(url origin method);
is((all($filled, "//*[\@id='headers']"))[0]->textContent,
    $form{headers} =~ s/\r//gr, 'headers are filled in');
is((all($filled, "//*[\@id='policy']"))[0]->textContent, $form{policy},
    'the policy, its first line end too');
ok((all($filled, "//*[\@id='credentials']"))[0]->hasAttribute('checked'),
    'credentials');
is(scalar(all($filled, "//*[\@id='answer']")), 0, 'a query explains nothing');

# --- screen readers and keyboards
# -----------------------------------------------

sub check_access {
	my ($tree, $name) = @_;
	my %ids;
	$ids{ $_->getAttribute('id') }++ for all($tree, '//*[@id]');
	is(join(' ', grep { $ids{$_} > 1 } sort keys %ids), '', "$name: ids once");
	my %labels = map { $_->getAttribute('for') => 1 } all($tree, '//label');
	my @bare = grep { !$labels{ $_->getAttribute('id') // '' } } all($tree,
	    q(//*[local-name()='textarea' or local-name()='input']
	    [not(@type='hidden')]));
	is(scalar(@bare), 0, 'every field has a label');
	my @broken = grep { !$ids{$_} } map { split ' ', $_->value } all($tree,
	    '//@aria-describedby | //@aria-labelledby | //@for | //@list');
	is("@broken", '', 'and what describes it is there');
	@broken = grep { !$ids{$_} } map { $_->value =~ /^#(.+)/ } all($tree,
	    '//@href');
	is("@broken", '', 'links within the page lead somewhere');
	my $level = 0;
	for my $heading (all($tree, q(//*[self::* and (local-name()='h1'
	    or local-name()='h2' or local-name()='h3' or local-name()='h4')]))) {
		my ($new) = $heading->localname =~ /(\d)/;
		fail('a heading of level ' . ($level + 1) . ' is left out before "'
		    . $heading->textContent . '"') if $new > $level + 1;
		$level = $new;
	}
	is(scalar(all($tree, '//h1')), 1, 'one heading of the first level');
	is(scalar(all($tree, "//$_")), 1, "one $_") for qw(main header nav footer);
	is((all($tree, '/html'))[0]->getAttribute('lang'), 'en', 'its language');
	return;
}
check_access($form_tree, 'the form');
check_access($filled, 'the form, filled in');

# Contrast (WCAG 2.2, 1.4.3 and 1.4.11), in both themes.
my $css = read_file(top_src() . '/src/page/page.css');
my ($light, $dark) = map { +{ /--([\w-]+): #(\w{6});/g } }
    $css =~ /:root \{(.*?)\n\s*\}/gs;
sub luminance {
	my @parts = map { my $c = hex($_) / 255;
		$c <= 0.04045 ? $c / 12.92 : (($c + 0.055) / 1.055) ** 2.4 }
	    $_[0] =~ /../g;
	return 0.2126 * $parts[0] + 0.7152 * $parts[1] + 0.0722 * $parts[2];
}
sub contrast {
	my ($high, $low) = sort { $b <=> $a } map { luminance($_) } @_;
	return ($high + 0.05) / ($low + 0.05);
}
for (
	[ 4.5, 'text', qw(back panel good-back bad-back warn-back) ],
	[ 4.5, 'dim', qw(back panel good-back bad-back) ],
	[ 4.5, 'link', qw(back bad-back) ], [ 4.5, 'on-link', 'link' ],
	[ 4.5, 'good', qw(back good-back) ], [ 4.5, 'bad', qw(back bad-back) ],
	[ 4.5, 'warn', qw(back warn-back) ], [ 3, 'line', 'back' ],
    ) {
	my ($least, $fore, @backs) = @$_;
	for my $back (@backs) {
		cmp_ok(contrast($_->{$fore}, $_->{$back}), '>=', $least,
		    "contrast of $fore on $back, "
		    . ($_ == $light ? 'light' : 'dark')) for $light, $dark;
	}
}

# --- the walk -------------------------------------------------------------------------

# Each line of explain's output, without its marks, is in the page.
sub says_the_same {
	my ($name, %form) = @_;
	my $r = post(%form);
	my $tree = tree($r, $name);
	check_access($tree, $name);
	write_file("$dir/policy.ini", $form{policy}) if length $form{policy};
	my @command = (corscheck(), 'explain', '--url', $form{url}, '--origin',
	    $form{origin}, '--method', $form{method} || 'GET');
	push @command, '-p', "$dir/policy.ini" if length $form{policy};
	push @command, '--credentials' if $form{credentials};
	push @command, map { ('-H', $_) } split /\r?\n/, $form{headers} // '';
	my ($exit, $out) = run(\@command);
	my $shown = text($tree, "//*[\@id='answer']");
	my @missing;
	for (split /\n/, $out) {
		my $line = s/^\s*(?:[<>-] )?//r =~ s/`//gr =~ s/\s+/ /gr;
		$line =~ s/^(Allowed|Blocked|Unknown)\.(?: \[(.*)\])?$/
		    $1 . ($2 ? " $2" : '')/e;
		push @missing, $line if index($shown, $line) < 0;
	}
	is(join("\n", @missing), '', "$name: it says what explain says") or
	    diag $shown;
	my ($verdict) = $out =~ /^(Allowed|Blocked|Unknown)\./m;
	is(text($tree, '//title'), "$verdict - CORS analyzer", 'in the title too');
	my $script = $r->{header}{'content-security-policy'}[0];
	like($script, qr/; script-src 'nonce-\w+'; connect-src http: https:; /,
	    'its script may send what the button is for');
	is(scalar(all($tree, "//*[\@id='answer-title']")), 1, 'one verdict');
	is(scalar(all($tree, '//script')), 1, 'one script');
	return $tree;
}

my $policy = "[cors]\r\norigins = https://app.example.com\r\nmethods = PUT\r\n"
    . "headers = Content-Type\r\nexpose = X-Total\r\nmax-age = 600\r\n";
my %ask = (url => 'https://api.example.net/x', method => 'PUT',
	origin => 'https://app.example.com', policy => $policy,
	headers => "Content-Type: text/csv\r\n\r\n");
says_the_same('allowed, with a preflight', %ask);
says_the_same('refused for its origin', %ask, origin => 'null');
says_the_same('refused for a header', %ask, headers => "X-A: 1\nX-B: <2>");
says_the_same('no credentials', %ask, method => '', headers => '',
    credentials => 'on');
says_the_same('one origin', %ask, origin => 'https://api.example.net');
says_the_same('a method that is refused', %ask, method => 'TRACE');
says_the_same('no policy', %ask, policy => '');
says_the_same('not covered', %ask,
    policy => "[cors a]\npath = /y\norigins = *\n");

my $own = says_the_same('for the browser', %ask, url => 'https://a.example/#x',
    headers => qq(X-A: \xc3\xa9"<&'\\\nx-b: 2));
my ($button) = all($own, "//*[\@id='send']");
is($button->getAttribute('data-url'), 'https://a.example/#x', 'the URL');
is($button->getAttribute('data-method'), 'PUT', 'the method');
is($button->getAttribute('data-credentials'), 'same-origin', 'credentials');
is_deeply(JSON::PP->new->decode($button->getAttribute('data-headers')),
    [ [ 'X-A', qq( \x{e9}"<&'\\) ], [ 'x-b', ' 2' ] ], 'headers');
is($button->getAttribute('data-origin'), 'https://tools.example',
    "this page's origin");
is($button->getAttribute('data-verdict'), 'blocked', 'what is foretold for it');
is(text($own, "//*[\@id='trial']//td[1]") =~ /origin-not-allowed/, 1,
    'and why');

for (
	[ 'http://b.example:8080', HTTP_HOST => 'B.example:8080', HTTPS => undef ],
	[ 'http://b.example', HTTP_HOST => 'b.example:80', HTTPS => 'off' ],
	[ 'https://b.example', HTTP_HOST => 'b.example', HTTPS => undef,
	    REQUEST_SCHEME => 'https' ],
	[ 'https://b.example', HTTP_HOST => 'b.example', HTTPS => undef,
	    HTTP_X_FORWARDED_PROTO => 'https' ],
	[ 'https://b.example:444', HTTP_HOST => 'b.example', HTTPS => undef,
	    HTTP_ORIGIN => 'https://b.example:444' ],
	[ 'https://b.example', HTTP_HOST => 'b.example', HTTP_ORIGIN =>
	    'https://c.example', HTTP_SEC_FETCH_SITE => 'same-origin' ], [ undef, HTTP_HOST => 'a/b' ],
	[ undef, HTTP_HOST => 'a@b' ], [ undef, HTTP_HOST => 'a b' ],
	[ undef, HTTP_HOST => 'a' x 300 ], [ undef, HTTP_HOST => 'a?"><script>' ],
    ) {
	my ($want, %env) = @$_;
	my $body = encoded(%ask);
	my $tree = tree(page('POST', stdin => $body, env => { %env,
		CONTENT_TYPE => 'application/x-www-form-urlencoded',
		CONTENT_LENGTH => length $body }), 'Host');
	my ($send) = all($tree, "//*[\@id='send']");
	is($send->getAttribute('data-origin'), $want,
	    "this page's origin: " . ($want // 'unknown'));
}
# Another site may only fill in the form.
for (
	[ HTTP_ORIGIN => 'https://b.example' ], [ HTTP_ORIGIN => 'null' ],
	[ HTTP_ORIGIN => '' ], [ HTTP_ORIGIN => 'https://tools.example.b.example' ],
	[ HTTP_ORIGIN => 'https://tools.example/' ],
	[ HTTP_ORIGIN => 'https://tools.example',
	    HTTP_SEC_FETCH_SITE => 'cross-site' ],
	[ HTTP_SEC_FETCH_SITE => 'same-site' ], [ HTTP_SEC_FETCH_SITE => '' ],
    ) {
	my $body = encoded(%ask);
	my $r = page('POST', stdin => $body, env => { @$_,
		CONTENT_TYPE => 'application/x-www-form-urlencoded',
		CONTENT_LENGTH => length $body });
	my $tree = tree($r, "@$_");
	is(scalar(all($tree, "//*[\@id='send']")), 0, "@$_: no button");
	like($r->{header}{'content-security-policy'}[0], qr/connect-src 'self';/,
	    'and nothing is sent elsewhere');
	like(text($tree, "//*[\@class='warning']"),
	    qr/another site has filled this in/, 'and the visitor is told');
	is((all($tree, "//*[\@id='url']"))[0]->getAttribute('value'), $ask{url},
	    'but the form is filled in');
}
for (
	[ HTTP_ORIGIN => 'https://tools.example' ],
	[ HTTP_ORIGIN => 'https://tools.example:8443' ],
	[ HTTP_SEC_FETCH_SITE => 'none' ],
    ) {
	my $body = encoded(%ask);
	my $r = page('POST', stdin => $body, env => { @$_,
		CONTENT_TYPE => 'application/x-www-form-urlencoded',
		CONTENT_LENGTH => length $body });
	is(scalar(all(tree($r, "@$_"), "//*[\@id='send']")), 1, "@$_: a button");
}
my $empty = tree(post(%ask, origin => ''), 'no origin');
unlike($_->textContent, qr/^ /, 'the call begins at the margin') for
    (all($empty, "//*[\@class='walk']//*[\@class='wire']"))[0];
like(text($empty, "//*[\@class='walk']"), qr{of https://tools\.example calls:},
    "without an origin it is this page's own");

# --- mistakes
# ------------------------------------------------------------------------

my %known; # elements with their attributes
sub wrong {
	my ($name, $field, $want, %form) = @_;
	my $tree = tree(post(%ask, %form), $name);
	check_access($tree, $name);
	is(text($tree, "//*[\@id='fault']"), $want, "$name: what is wrong");
	is(join(' ', map { $_->getAttribute('id') } all($tree,
	    "//*[\@aria-invalid='true']")), $field, 'and where');
	is(text($tree, '//title'), 'Errors - CORS analyzer', 'in the title too');
	is(scalar(all($tree, "//*[\@id='send']")), 0, 'there is no button');
	%known = (%known, %{ skeleton($tree) });
	return $tree;
}
wrong('no URL', 'url', 'The URL: what does the page request?', url => ' ');
wrong('a URL of another scheme', 'url', 'The URL "javascript:alert(1)": a URL '
    . 'begins with http:// or https://', url => 'javascript:alert(1)');
wrong('an origin', 'origin', 'The origin "app.example.com": an origin begins '
    . 'with a scheme: did you mean https://app.example.com?',
    origin => 'app.example.com');
wrong('a header', 'headers', q(The header "nonsense": a header is written )
    . q('Name: value'), headers => "A: b\nnonsense");
wrong('many headers', 'headers', 'The headers: no request has more than 100 '
    . 'lines of them', headers => "A: b\n" x 101);
wrong('everything', 'url origin headers policy', 'The URL "ftp://a.example/": a '
    . 'URL begins with http:// or https:// The origin "NULL": it is written null '
    . q(The header "x": a header is written 'Name: value' The header "y": a )
    . q(header is written 'Name: value' The policy has errors; see below.),
    url => 'ftp://a.example/', origin => 'NULL', headers => "x\nA: b\ny",
    policy => '[cors');
# A message that begins with the name of a field is not only about that field.
my $long = wrong('too much', '', 'The URL and headers have 65573 bytes: make them '
    . 'shorter, web servers take 65536 at most',
    url => 'https://api.example.net/' . 'x' x 65523, headers => '');
is((all($long, "//*[\@id='fault']//a"))[0]->getAttribute('href'), '#ask',
    'this is about the form');
my $bad = wrong('a policy', 'policy', '', policy => "[cors]\norgins = *\nmax-age = 5x\n");
is(text($bad, "//*[\@id='answer-title']"), 'The policy has errors',
    'which is the heading');
like(text($bad, "//*[\@class='diags']"),
    qr/error in line 2: .*did you mean origins.*unknown-key error in line 3: /,
    'every one of them');
my $warned = tree(post(%ask, policy => "[cors]\norigins = *\nmax-age = 5\n"),
    'a policy with a warning');
like(text($warned, "//*[\@class='diags']"), qr/warning in line 3: .*max-age-low/,
    'warnings of a good one too');

# --- pasted text
# -------------------------------------------------------------------

my $console = "Access to fetch at 'https://api.example.net/x' from origin "
    . "'https://app.example.com' has been blocked by CORS policy: ";
my $har = JSON::PP::encode_json({ log => { entries => [
	{ request => { method => 'GET', url => 'https://app.example.com/favicon.ico',
		headers => [] }, response => { status => 404, headers => [] } },
	{ request => { method => 'PATCH', url => 'https://api.example.net/x',
		headers => [ { name => 'Origin', value =>
		    'https://app.example.com' } ] },
	    response => { status => 200, headers => [ { name => 'Server',
		value => 'nginx' } ] } } ] } });
my $curl_v = <<'END';
* Connected to api.example.net (192.0.2.1) port 443
> GET /x?a=1 HTTP/2
> Host: api.example.net
> Origin: https://app.example.com
>
< HTTP/2 200
< server: nginx/1.26
< access-control-allow-origin: https://other.example.com
<
END
my $devtools = <<'END';
Request URL
https://api.example.net/x
Request Method
GET
Status Code
200 OK
access-control-allow-origin
*
server
Apache
origin
https://app.example.com
END
my $htaccess = <<'END';
<IfModule mod_headers.c>
Header set Access-Control-Allow-Origin "*"
Header set Access-Control-Allow-Credentials true
Header set Access-Control-Allow-Methods "GET, PUT"
</IfModule>
END
# name, pasted text, the kind that is shown, the verdict, text of the result,
# and the fields that are filled in.
my @pastes = (
	[ 'Chromium', $console . "No 'Access-Control-Allow-Origin' header is "
	    . 'present on the requested resource.', 'a console message',
	    'Blocked', qr/nginx.*add_header Access-Control-Allow-Origin .*Apache/,
	    url => 'https://api.example.net/x', origin => 'https://app.example.com' ],
	[ 'a method', $console . 'Method PATCH is not allowed by '
	    . 'Access-Control-Allow-Methods in preflight response.',
	    'a console message', 'Blocked',
	    qr/"PATCH" always.*To OPTIONS, with.*: PATCH To the request itself/,
	    method => 'PATCH' ],
	[ 'a preflight', $console . "Response to preflight request doesn't pass "
	    . "access control check: No 'Access-Control-Allow-Origin' header is "
	    . 'present on the requested resource.', 'a console message', 'Blocked',
	    qr/if \(\$request_method = OPTIONS\).*To OPTIONS.*Assumed: PUT/ ],
	[ 'Firefox', "Cross-Origin Request Blocked: The Same Origin Policy "
	    . "disallows reading the remote resource at http://api.test/x. "
	    . "(Reason: CORS header \xe2\x80\x98Access-Control-Allow-Origin"
	    . "\xe2\x80\x99 missing). Status code: 200.", 'a console message',
	    'Blocked', qr{Assumed: http://app\.example\.com},
	    url => 'http://api.test/x', origin => '' ],
	[ 'no cause', 'TypeError: Failed to fetch', 'a console message', 'Result',
	    qr/What the message means All that JavaScript gets/ ],
	[ 'cURL', "curl 'https://api.example.net/x' -X PUT -H 'Origin: "
	    . "https://app.example.com' -H 'Content-Type: application/json' "
	    . "-H 'Cookie: a=b'", 'a cURL command', 'Unknown',
	    qr/curl -i -X OPTIONS 'https.*Access-Control-Request-Headers: content-type'/,
	    method => 'PUT', headers => "Content-Type: application/json\n" ],
	[ 'cURL and its output', "\$ curl -i https://api.example.net/x -H "
	    . "'Origin: https://app.example.com'\nHTTP/1.1 200 OK\r\nServer: "
	    . "nginx\r\n\r\n<html>", 'a cURL command', 'Blocked',
	    qr/proxy_hide_header/, origin => 'https://app.example.com',
	    paste => "HTTP/1.1 200 OK\nServer: nginx\n\n<html>" ],
	[ 'fetch', 'await fetch("https://api.example.net/x", {method: "DELETE", '
	    . 'credentials: "include"})', 'a fetch() call', 'Unknown',
	    qr/with credentials/, method => 'DELETE' ],
	[ 'a HAR', $har, 'a HAR file', 'Blocked', qr/acao-missing/,
	    url => 'https://api.example.net/x', method => 'PATCH' ],
	[ 'response headers', "HTTP/1.1 200 OK\nServer: Apache\n"
	    . "Access-Control-Allow-Origin: *\n", 'response headers', 'Allowed',
	    qr{page's origin\. Assumed: https://app\.example\.com \(change} ],
	[ 'two headers', "Access-Control-Allow-Origin: *\n"
	    . "Access-Control-Allow-Origin: https://a.example\nServer: nginx\n",
	    'response headers', 'Blocked', qr/acao-multiple.*proxy_hide_header/ ],
	[ 'curl -v', $curl_v, 'response headers', 'Blocked', qr/acao-mismatch/,
	    url => 'https://api.example.net/x?a=1',
	    origin => 'https://app.example.com' ],
	[ 'developer tools', $devtools, 'response headers', 'Allowed',
	    qr{GET https://api\.example\.net/x from a page}, method => 'GET' ],
	[ 'an .htaccess', $htaccess, 'an Apache configuration', 'Result',
	    qr/1 problem in this.*Line 3.*Header always set .*methods = PUT/ ],
	[ 'nginx', "location /x {\n  proxy_pass http://b;\n}\n",
	    'an nginx configuration', 'Result',
	    qr/No CORS header is set.*add_header Access-Control-Allow-Origin/ ],
	[ 'a program', "<?php\nheader('Access-Control-Allow-Origin: *');\n"
	    . "header('Access-Control-Allow-Credentials: true');\n",
	    'a configuration or a program', 'Result',
	    qr/1 problem in this.*Line 3.*origins = \*/ ],
	[ 'lighttpd', 'setenv.add-response-header = ( '
	    . '"Access-Control-Allow-Origin" => "app.example.com" )',
	    'a configuration or a program', 'Result',
	    qr/problem.*setenv\.set-response-header/ ],
	[ 'a problem of no header', "<Limit OPTIONS>\nRequire valid-user\n</Limit>\n"
	    . "Header set Access-Control-Allow-Origin *\nAuthType Basic\n"
	    . "Require valid-user\n", 'an Apache configuration', 'Result',
	    qr/problems? in this configuration.*password.*RewriteRule/ ],
	[ 'a policy', $policy, 'a corswrap policy', 'Result', qr/a corswrap policy/,
	    policy => $policy =~ s/\r//gr ],
	[ 'a URL', 'https://api.example.net/x', 'a URL', 'Unknown', qr/curl -i/,
	    url => 'https://api.example.net/x', origin => '' ],
	[ 'nonsense', 'the weather is fine', undef, 'Errors',
	    qr/What you pasted: this is not recognised/ ],
	[ 'a broken HAR', '{"log": ', undef, 'Errors',
	    qr/What you pasted: line 1 is not JSON/ ],
	[ 'a variable', 'fetch(`${base}/x`)', undef, 'Errors',
	    qr/the URL has a variable in it/ ],
);
my @pasted;
for (@pastes) {
	my ($name, $paste, $kind, $title, $says, %fields) = @$_;
	my $tree = tree(post(paste => $paste), $name);
	push @pasted, $tree;
	check_access($tree, $name);
	is(text($tree, "//*[\@class='kind']/strong"), $kind // '',
	    "$name: " . ($kind // 'not recognised'));
	is(text($tree, '//title'), "$title - CORS analyzer", "$name: $title");
	like(text($tree, "//*[\@id='answer']"), $says, "$name: the answer");
	for my $field (sort keys %fields) {
		my ($node) = all($tree, "//*[\@id='$field']");
		is($node->localname eq 'textarea' ? $node->textContent
		    : $node->getAttribute('value'), $fields{$field},
		    "$name: $field is filled in");
	}
}

# The fields count until something else is pasted.
my ($read) = post(paste => $pastes[0][1])->{body} =~ /name="read" value="(\w+)"/;
my %again = (paste => $pastes[0][1], read => $read,
	url => 'https://other.example/y', origin => 'https://app.example.com');
like(post(%again)->{body}, qr{<code>GET https://other\.example/y</code>},
    'a field that was changed counts');
like(post(%again, read => 'x')->{body},
    qr{<code>GET https://api\.example\.net/x</code>}, 'a new paste does');
my %cr = (%again, paste => "curl 'https://api.example.net/x' \\\n  -X PUT\n"
    . "HTTP/1.1 200 OK\nServer: nginx\n");
my $form = post(%cr)->{body};
my ($mark) = $form =~ /name="read" value="(\w+)"/;
like(post(%cr, paste => "HTTP/1.1 200 OK\r\nServer: nginx\r\n", read => $mark,
	method => 'DELETE')->{body}, qr/<code>DELETE /,
    'the mark is one of what the form shows, with CRLF too');
is(post(paste => 'x' x ((1 << 20) + 1))->{status}, 413, 'a paste of over 1 MiB');
# gcov's counts of each branch cost more processor time than a form may take.
my $large = read_file(corscheck()) =~ /__gcov_/ ? 1 << 16 : 1 << 20;
is(post(paste => 'x' x $large)->{status}, 200, "one of $large bytes");

# --- fixes that are made --------------------------------------------------------------

# The fields of the form whose button is pressed.
sub press {
	my ($tree) = @_;
	return map { $_->getAttribute('name') => encode('UTF-8',
	    $_->getAttribute('value')) } all($tree,
	    "//*[\@class='apply']//*[\@type='hidden']");
}

my $lacking = "[cors]\n; all of ours\norigins = https://b.example ; partners\n"
    . "max-age = 600\n";
my %refused = (%ask, policy => $lacking, headers => "X-A: 1\nX-B: 2",
	credentials => 'on');
my $refused = tree(post(%refused), 'a refusal');
push @pasted, $refused;
is(text($refused, "//*[\@class='wire patch']"), '2 + credentials = yes '
    . '3 + headers = x-a x-b 4 + methods = PUT 6 - origins = https://b.example ; '
    . 'partners 6 + origins = https://b.example https://app.example.com ; partners',
    'the lines that change, as a patch');
my %fixed = press($refused);
is($fixed{policy}, "[cors]\ncredentials = yes\nheaders = x-a x-b\nmethods = PUT\n"
    . "; all of ours\norigins = https://b.example https://app.example.com ; "
    . "partners\nmax-age = 600\n", 'all else stays as it is');
like(post(%fixed)->{body}, qr{<title>Allowed - }, 'and then it is allowed');
is($fixed{url}, $ask{url}, 'of the same question');
for (
	[ 'null', origin => 'null' ],
	[ 'a closed path', policy => "[cors]\norigins = none\n" ],
	[ 'http with credentials', origin => 'http://a.example' ],
	[ 'patch, which is a mistake', method => 'patch' ],
	[ 'a response header', headers => 'Access-Control-Allow-Origin: *' ],
    ) {
	my ($name, %form) = @$_;
	my $body = post(%refused, %form)->{body};
	like($body, qr{<title>Blocked - }, "$name: blocked");
	unlike($body, qr/class="apply"/, "$name: no fix is certain");
}
my $wrong = tree(post(policy => "[cors]\norigins = https://A.example/\n"), 'case');
push @pasted, $wrong;
is({ press($wrong) }->{policy}, "[cors]\norigins = https://a.example\n",
    'a certain correction of lint');

# --- parts of the page ---------------------------------------------------------------

my $lint = post(%ask, policy => "[cors]\norgins = *\n", part => 'lint');
like($lint->{body}, qr{\A<div\ id="lint"\ data-kind="">\n<h3>.*
    data-line="2"\ data-column="1"\ data-length="6"\ data-fix="origins"
    .*</div>\n\z}sx,
    'what is wrong with the policy, for the script');
like(post(paste => 'curl https://a.example', part => 'lint')->{body},
    qr/data-kind="a cURL command"/, 'and what was pasted');
for my $r (page('GET', env => { QUERY_STRING => 'part=reference' }),
    post(part => 'reference')) {
	my $tree = tree($r, 'the reference');
	check_access($tree, 'the reference');
	push @pasted, $tree;
	like(text($tree, "//*[\@id='reference']"), qr/Vary/, 'the reference');
	is(scalar(all($tree, '//script | //form')), 0, 'alone');
}
is(post(%ask, part => 'form')->{body} =~ /id="answer"/ ? 1 : 0, 0,
    'the form without an answer');

# --- limits --------------------------------------------------------------------------

my $comment = "[cors]\norigins = https://app.example.com\n;";
my $full = $comment . ("x" x 150 . "\n;") x 500;
$full = substr $full, 0, 65536;
is(post(%ask, policy => $full)->{status}, 200, 'a policy of 64 KiB');
my $r = post(%ask, policy => $full . "\n");
is($r->{status}, 413, 'one of a byte more');
my $origins = "[cors]\n" . join '', map { "origins = https://a$_.example\n" }
    1 .. 2000;
is(post(%ask, policy => $origins)->{status}, 200, 'thousands of origins');
my $errors = post(%ask, policy => "[cors]\n" . "x = 1\n" x 9000);
is(scalar(() = $errors->{body} =~ /<li class="error" /g), 100,
    'of thousands of errors a hundred are shown');
like($errors->{body}, qr/<li>and \d+ more</, 'and how many there are');
is(post(%ask, policy => "[cors]\norigins-regex = (a{1,999}){1,999}(b+)+\n",
	origin => 'https://' . 'b' x 60)->{status}, 200, 'a greedy expression');

# No file is opened, no program started and no connection made, whatever a
# policy names.
SKIP: {
	skip 'no strace', 1 unless have_program('strace');
	skip "valgrind's own calls (t/watched.txt)", 1 if under_valgrind();
	local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
	my $calls = sub {
		my (%form) = @_;
		my $body = encoded(%form);
		my ($exit, $out, $err) = run([ 'strace', '-f', '-qq', '-o',
			"$dir/trace", '-e', 'trace=%file,%network,%process',
			corscheck() ], stdin => $body, env => {
			REQUEST_METHOD => 'POST', HTTP_HOST => 'tools.example',
			CONTENT_TYPE => 'application/x-www-form-urlencoded',
			CONTENT_LENGTH => length $body });
		is($exit, 0, 'it ran under strace') or diag $err;
		return join '', map { s/^\d+ +//r =~ s/0x\w+|\d+//gr }
		    grep { !/execve|SIG/ } split /^/, read_file("$dir/trace");
	};
	my $before = $calls->(%ask);
	is($calls->(%ask, url => 'https://xn--bcher-kva.example/', policy => <<'END'),
[app]
exec = /bin/ls
directory = /etc
root = /etc /srv
[server]
log-file = /tmp/x
[handlers]
.php = /usr/bin/php-cgi
[cors]
origins = https://app.example.com https://*.co.uk https://b.example
origins-file = /etc/passwd
methods = PUT
END
	    $before, 'a policy with an origins-file opens nothing');
	is($calls->(%ask, policy => <<'END'), $before, 'nor one without');
[app]
forward = unix:/run/x.sock tcp:127.0.0.1:9
[server]
log-file = /tmp/x
[cors]
origins = https://app.example.com https://*.co.uk
origins-regex = https://[a-z]+[.]example
END
}
my $file = tree(post(%ask, policy => "[cors]\norigins-file = /etc/passwd\n"),
    'an origins-file');
like(text($file, "//*[\@class='diags']"), qr/origins-file-unreadable/,
    'an origins-file is an error');
unlike($file->toString, qr/root:/, 'and is not shown');

# --- untrusted text stays text
# -------------------------------------------------------

my @hostile = (
	q("><script>alert(1)</script>), q(' onfocus=alert(1) autofocus='),
	'</textarea><img src=x onerror=alert(1)>', '</title></style><script>',
	'<!--', ']]>', '&lt;b&gt;&quot;&#39;', '\\u003cscript\\u003e', '`<b>`',
	"a\0b", "\x01\x1b[31m\x7f", "\xff\xfe\xc0\xaf\xed\xa0\x80\xf5\x80",
	"\xc3\xa9\xe2\x80\xa8\xe2\x80\xae\xf0\x9f\x98\x80", "\xc2\x85",
	"x\r\nSet-Cookie: a=b\r\n\r\n<script>", 'javascript:alert(1)',
	'%3Cscript%3E', '${x}{{x}}', 'x' x 3000,
);
# The parser is slow, so they share one page.
my @together = map { join ' ', grep { defined } @hostile[$_ .. $_ + 3] }
    grep { $_ % 4 == 0 } 0 .. $#hostile;
%known = (%known, %{ skeleton($form_tree) }, %{ skeleton($filled) });
for my $tree ($own, $bad, $warned, $empty, @pasted, says_the_same('all', %ask,
    origin => 'null', credentials => 'on', policy => $policy
    . "credentials = yes\nheaders = X-A\n")) {
	%known = (%known, %{ skeleton($tree) });
}

# The button's request may have side effects; one that is not sent has none.
my $mind = qr/may change something there/;
my %writes = (url => 'https://api.example.net/x', policy => "[cors]\n"
	. "origins = *\n");
like(post(%writes, method => 'POST')->{body}, $mind, 'POST: a warning');
unlike(post(%writes, method => 'GET')->{body}, $mind, 'GET: none');
unlike(post(%writes, method => 'PUT')->{body}, $mind,
    'a PUT whose preflight fails is not sent: none');
like(post(%writes, method => 'PUT', policy => '')->{body},
    qr/if the preflight passes it runs/, 'no policy: it depends');
unlike(post(%writes, method => 'TRACE')->{body}, $mind,
    'a TRACE is never sent: none');

# How HTML writes bytes that are not text.
sub expected {
	my ($bytes) = @_;
	my $text = decode('UTF-8', $bytes, sub { "\x{fffd}" });
	$text =~ s/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/\x{fffd}/g;
	return $text =~ s/\r\n?/\n/gr;
}

# The number of U+FFFD for invalid text is not defined.
sub squeezed { return encode('UTF-8', $_[0] =~ s/\x{fffd}+/\x{fffd}/gr) }


sub check_hostile {
	my ($r, $name, %form) = @_;
	is($r->{status}, 200, "$name: an answer");
	is(join(' ', map { $_->[0] } @{ $r->{headers} }), 'Status Cache-Control '
	    . 'X-Content-Type-Options Referrer-Policy Cross-Origin-Opener-Policy '
	    . 'Cross-Origin-Resource-Policy Content-Security-Policy Content-Type '
	    . 'Content-Length', 'its header fields, and no others');
	my $tree = tree($r, $name);
	is(join("\n", grep { !$known{$_} } sort keys %{ skeleton($tree) }), '',
	    'no element or attribute that others have not');
	for my $field (qw(url origin method headers policy)) {
		my ($node) = all($tree, "//*[\@id='$field']");
		my $area = $node->localname eq 'textarea';
		my $got = $area ? $node->textContent
		    : $node->getAttribute('value');
		my $want = $form{$field};
		$want =~ s/^[ \t\r\n]+|[ \t\r\n]+$//g unless $area;
		$want = expected($want);
		# An input of one line has no line ends.
		$_ = s/\s//gr for $area ? () : ($got, $want);
		is(squeezed($got), squeezed($want),
		    "$field is in the form as it was sent");
	}
	return;
}

for my $i (0 .. $#together) {
	my $bytes = $together[$i];
	my %fields = map { $_ => $bytes } qw(url origin method headers policy);
	check_hostile(post(%fields), "hostile $i", %fields);
	check_hostile(page('GET', env => { QUERY_STRING => encoded(%fields) }),
	    "hostile $i by GET", %fields);
	# Into the walk too.
	%fields = (%ask, url => "https://a.example/$bytes?$bytes#$bytes",
		method => $i % 2 ? 'PUT' : $bytes, policy => $policy,
		headers => 'X-A: ' . ($bytes =~ s/[\r\n]//gr));
	check_hostile(post(%fields), "hostile $i, explained", %fields);
	%fields = (%ask, url => "http://me:$bytes\@a.example/",
		policy => "[cors $bytes]\n$bytes = 1\norigins = $bytes\n");
	check_hostile(post(%fields), "hostile $i in a policy", %fields);
}
# In every kind of pasted text.
my @templates = ("curl 'https://a.example/%s' -H 'X-A: %s' -H 'Origin: "
    . "https://b.example'\nHTTP/1.1 200 %s\nServer: nginx %s\nX-B: %s\n",
	$console . '%s', "fetch('https://a.example/%s', { headers: { '%s': '%s' } })",
	"Access-Control-Allow-Origin: %s\nSet-Cookie: %s=1\nLocation: %s\n",
	"<IfModule mod_headers.c>\nHeader set Access-Control-Allow-Origin \"%s\"\n"
	. "Header set Access-Control-Allow-Methods \"%s\"\n# %s\n",
	"add_header Access-Control-Allow-Origin \"%s\";\nif (\$x = %s) { }\n",
	'{"log": {"entries": [{"request": {"url": "%s", "method": "%s"}}]}}',
	'https://a.example/%s', "[cors]\norigins = %s\n", '%s');
for my $bytes (@together) {
	for my $template (@templates) {
		my $paste = $template =~ s/%s/$bytes/gr;
		my $r = post(paste => $paste);
		is($r->{status}, 200, 'a hostile paste: an answer');
		my $tree = tree($r, 'a hostile paste');
		is(join("\n", grep { !$known{$_} } sort keys
		    %{ skeleton($tree) }), '', 'and nothing of it is HTML')
		    or diag $paste;
	}
}
for my $host (map { s/\0//gr } @together) {
	my $r = page('GET', env => { HTTP_HOST => $host,
		HTTP_X_FORWARDED_PROTO => $host, REQUEST_SCHEME => $host,
		PATH_INFO => $host, SCRIPT_NAME => $host, HTTPS => $host });
	is($r->{status}, 200, 'a hostile Host');
	is(join("\n", grep { !$known{$_} } sort keys %{ skeleton(tree($r,
	    'Host')) }), '', 'adds nothing');
}

# The one-file page (src/onefile) is this page without a server; its shell
# handles the script's requests.
{
	my $body = encoded(url => 'https://api.example.net/',
		origin => 'https://app.example.com');
	for my $alone (0, 1) {
		my $r = page('POST', stdin => $body, env => {
			CONTENT_TYPE => 'application/x-www-form-urlencoded',
			CONTENT_LENGTH => length $body,
			$alone ? (CORSCHECK_ONE_FILE => 1) : () });
		my $is = $alone ? 'the one-file page' : 'a page of a server';
		is($r->{body} =~ /id="send" data/ ? 'a button' : 'none',
		    $alone ? 'none' : 'a button', "$is: what can be sent");
		like($r->{body}, $alone ? qr/This page sends nothing/
		    : qr/This server sends nothing/, "$is: says so");
	}
}

done_testing;
