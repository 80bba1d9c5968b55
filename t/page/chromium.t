#!/usr/bin/perl
# The analyzer page in real Chromium, under real lighttpd: filled in, sent, read,
# and its button pressed, against an API behind corswrap; and without
# JavaScript.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Chromium;
use Corswrap::Server;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

plan skip_all => 'no Chromium' unless Corswrap::Chromium::program();
plan skip_all => 'no lighttpd' unless have_program('lighttpd');

my $dir = tempdir();
my $port = free_port();

# --- an API and the page, two origins of one server ----------------------------------

sub serve_both {
	install_program(corscheck(), "$dir/analyzer.cgi");
	write_file("$dir/policy.ini", policy_text());
	write_file("$dir/app", <<'END', 0755);
#!/bin/sh
printf 'Content-Type: text/plain\nX-Total: 3\nX-Secret: 1\n\ntext\n'
END
	write_file("$dir/lighttpd.conf", <<"END");
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$dir"
server.errorlog = "$dir/error.log"
server.modules = ( "mod_alias", "mod_cgi", "mod_fastcgi" )
mimetype.assign = ( ".html" => "text/html" )
alias.url = ( "/analyzer" => "$dir/analyzer.cgi" )
cgi.assign = ( "analyzer.cgi" => "" )
fastcgi.server = ( "/api" => (( "socket" => "$dir/app.sock",
    "check-local" => "disable" )) )
END
	start([ corswrap(), '-c', "$dir/policy.ini", '-l', "unix:$dir/app.sock",
		'-m', '0666' ], stderr => "$dir/error.log");
	wait_socket("$dir/app.sock") or die read_file("$dir/error.log");
	start([ have_program('lighttpd'), '-D', '-f', "$dir/lighttpd.conf" ],
	    stderr => "$dir/error.log");
	wait_port($port) or die read_file("$dir/error.log");
	return;
}

sub policy_text {
	return <<"END";
[app]
exec = $dir/app
[cors]
origins = http://127.0.0.1:$port
methods = PUT
headers = X-Token
expose = X-Total
[cors closed]
path = /api/closed
origins = https://elsewhere.example
END
}

# --- the page, as a user uses it
# ---------------------------------------------------

my $browser;
my $page = "http://127.0.0.1:$port/analyzer";
my $api = "http://localhost:$port/api";

sub quoted { return JSON::PP->new->allow_nonref->ascii->encode($_[0]) }

sub element { return 'document.getElementById(' . quoted($_[0]) . ')' }

sub text_of {
	my ($id) = @_;
	my $text = $browser->value(element($id) . '?.innerText ?? ""');
	return $text =~ s/\s+/ /gr =~ s/^ | $//gr;
}

# Press Enter or the space bar, as on a keyboard, where the focus is.
sub press {
	my ($key, $text) = @_;
	my %key = (key => $key, code => $key eq ' ' ? 'Space' : $key,
		text => $text, windowsVirtualKeyCode => ord $text);
	$browser->call('Input.dispatchKeyEvent', { type => $_, %key })
	    for qw(keyDown keyUp);
	return;
}

# Open the folded parts.
sub unfold {
	return $browser->value(
	    q{document.querySelectorAll('details').forEach(d => d.open = true)});
}

# Fill in the form of the page, and send it with the keyboard.
sub ask {
	my (%form) = @_;
	$browser->load($page);
	unfold();
	for my $id (sort keys %form) {
		$browser->value(element($id) . '.focus()');
		$browser->call('Input.insertText', { text => $form{$id} })
		    if $id ne 'credentials';
		press(' ', ' ') if $id eq 'credentials';
	}
	@{ $browser->{events} } = ();
	$browser->value(element('url') . '.focus()');
	press('Enter', "\r");
	$browser->event('Page.loadEventFired');
	unfold();
	return;
}

# Press the button; returns the text of the page.
sub try_it {
	$browser->value(element('send') . '.focus()');
	press('Enter', "\r");
	wait_for(sub { my $said = text_of('outcome');
		$said ne '' && $said !~ /^Sending/ }) or diag('no outcome');
	return text_of('outcome');
}

serve_both();
$browser = Corswrap::Chromium->new;

ask(url => "$api/x", method => 'PUT', headers => "X-Token: 1\n",
    policy => policy_text());
is($browser->value('document.title'), 'Allowed - CORS analyzer',
    'allowed: the title');
is($browser->value('location.hash'), '#answer', 'the answer is shown first');
like(text_of('answer'), qr/A page of http:\/\/127\.0\.0\.1:$port calls:/,
    'without an origin it is that of the page');
like(text_of('answer'), qr/Access-Control-Request-Headers: x-token/,
    'the walk can be read');
is(text_of('got-outcome'), 'not sent yet', 'nothing is sent by itself');
is(try_it(), 'This browser lets the page read the response. As predicted.',
    'the button: as predicted');
is(text_of('got-status'), '200', 'the status');
like(text_of('got-names'), qr/content-type x-total/, 'headers that were readable');
unlike(text_of('got-names'), qr/x-secret/, 'and no others');
is($browser->value('document.activeElement.id'), 'send',
    'the focus stays where it was');
is($browser->value(element('outcome') . '.getAttribute("aria-live")'), 'polite',
    'and the outcome is announced');

ask(url => "$api/closed", policy => policy_text());
is($browser->value('document.title'), 'Blocked - CORS analyzer', 'blocked');
like(try_it(), qr/^This browser keeps the response .*Failed to fetch\)\. As predicted\.$/,
    'the button: as predicted');

ask(url => "$api/x", credentials => 1, policy => policy_text());
like(text_of('answer'), qr/credentials: "include"/, 'with credentials');
like(try_it(), qr/ As predicted\.$/, 'blocked, as predicted');

# Without a server there is no verdict about CORS, whatever was predicted.
my $nobody = free_port();
ask(url => "http://localhost:$nobody/", policy => policy_text());
like(try_it(), qr/^No server responds at this URL, so CORS has no part in it \(TypeError: Failed to fetch\)\.$/,
    'nobody there: said as that');
is(text_of('got-outcome'), 'no response', 'in the table too');

# A policy that is not the server's.
ask(url => "$api/closed", policy => "[cors]\norigins = *\n");
like(try_it(), qr/ Not as predicted\.$/, 'another policy: not as predicted');

ask(url => "$api/x");
like(text_of('answer'), qr/^Unknown /, 'no policy');
like(try_it(), qr/read the response\. No prediction to compare with\.$/,
    'and no prediction');

ask(url => "$api/x", method => 'TRACE', policy => policy_text());
like(try_it(), qr/'TRACE' HTTP method is unsupported.*As predicted\.$/,
    'what fetch() refuses');

# The question is about a page other than this one.
ask(url => "$api/x", origin => 'https://elsewhere.example',
    policy => policy_text());
is($browser->value('document.title'), 'Blocked - CORS analyzer', 'another page');
like(text_of('try'), qr/Outcome allowed not sent yet/,
    'what is foretold for this one');
like(try_it(), qr/ As predicted\.$/, 'and so it is');

# Untrusted text does not run, and neither do scripts that are not ours.
my $evil = q("><img src=x onerror="document.title='evil'"><script>)
    . q(document.title='evil'</script>);
ask(url => "$api/x?$evil", headers => "X-Token: $evil", method => 'PUT',
    policy => policy_text() . "; $evil\n");
is($browser->value('document.title'), 'Allowed - CORS analyzer',
    'markup in every field does not run');
is($browser->value('document.images.length + document.scripts.length'), 1,
    'nor is it there');
like(try_it(), qr/ As predicted\.$/, 'and it is sent as it is');
$browser->console;
$browser->value(q{
	const script = document.createElement('script');
	script.textContent = "document.title = 'evil'";
	document.body.append(script);
	const image = document.createElement('img');
	image.src = '/analyzer';
	document.body.append(image);
	document.body.setAttribute('style', 'display: none');
	1});
is($browser->value('document.title'), 'Allowed - CORS analyzer',
    'a script without the nonce does not run');
is(scalar(grep { /Content Security Policy/ } $browser->console), 3,
    'nor is a style or an image taken');

# A page of another origin that sends the form itself.
write_file("$dir/elsewhere.html", <<"END");
<!doctype html><title>elsewhere</title>
<form method="post" action="$page"><input name="url" value="$api/x">
<input name="method" value="DELETE"></form>
END
$browser->load("http://localhost:$port/elsewhere.html");
@{ $browser->{events} } = ();
$browser->value('document.forms[0].submit()');
$browser->event('Page.loadEventFired');
is($browser->value('location.origin'), "http://127.0.0.1:$port",
    'a form of another site arrives');
is($browser->value(element('method') . '.value + document.scripts.length'),
    'DELETE1', 'and is filled in');
is($browser->value(element('send') . ' === null'), 1, 'without a button');

# --- with JavaScript ---------------------------------------------------------------

sub type_into {
	my ($id, $text) = @_;
	unfold();
	$browser->value(element($id) . '.focus()');
	$browser->call('Input.insertText', { text => $text });
	return;
}

# Errors appear at their lines while the user types, without a reload.
$browser->load($page);
type_into('policy', "[cors]\norigins = *\nmetods = PUT\n");
ok(wait_for(sub { text_of('live') =~ /error in line 3: .*methods/ }),
    'an unknown key is shown while one types') or diag text_of('live');
is($browser->value(q{document.querySelector('.gutter .error').textContent}), 3,
    'at its line');
$browser->value(q{[...document.querySelectorAll('#live button')]
    .find(b => b.textContent === 'Use methods').click()});
is($browser->value(element('policy') . '.value'),
    "[cors]\norigins = *\nmethods = PUT\n", 'and corrected by a click');
ok(wait_for(sub { text_of('live') eq '' }), 'then nothing is wrong');
type_into('paste', 'curl https://api.example.net/');
ok(wait_for(sub { text_of('kind') eq 'Recognised: a cURL command.' }),
    'what is pasted is recognised');

# A link has the question after #, without secrets; it only fills in the form.
$browser->value(element('paste') . q{.value = ''});
type_into('url', "$api/x");
type_into('headers', "X-Token: abc\nX-A: 1");
$browser->value(element('credentials') . '.click()');
$browser->value(element('share') . '.click()');
my $link = $browser->value('location.href');
my $behind = qr{%2Fapi%2Fx&.*headers=X-Token%3A\+x(?:%0D)?%0AX-A%3A\+1.*credentials=on};
like($link, qr{^\Q$page\E#\?url=http.*$behind}, 'a link to the question');
like(text_of('said'), qr/link/, 'and that is said');
$browser->load('about:blank');
$browser->load($link);
is($browser->value(element('url') . '.value'), "$api/x", 'it fills the form in');
is($browser->value(element('policy') . '.value'),
    "[cors]\norigins = *\nmethods = PUT\n", 'the policy too');
is($browser->value(element('credentials') . '.checked'), 1, 'and credentials');
is($browser->value(element('answer') . ' === null'), 1, 'but asks nothing');
is($browser->value('document.activeElement.textContent'), 'Explain',
    'that is one key away');
$browser->load('about:blank');
$browser->load("$page#?url=%22%3E%3Cscript%3Edocument.title%3D1%3C%2Fscript%3E&read=x&no=1");
is($browser->value(element('url') . '.value'),
    '"><script>document.title=1</script>', 'whatever is in it stays text');

# A click applies the fix.
ask(url => "$api/x", method => 'PUT', headers => 'X-Other: 1',
    policy => policy_text());
is($browser->value('document.title'), 'Blocked - CORS analyzer',
    'a header that is not allowed');
@{ $browser->{events} } = ();
$browser->value(q{document.querySelector('.apply button').click()});
$browser->event('Page.loadEventFired');
is($browser->value('document.title'), 'Allowed - CORS analyzer', 'the fix is made');
like($browser->value(element('policy') . '.value'), qr/^headers = X-Token x-other$/m,
    'in the text of the policy');

# A HAR loses its bodies and secrets before it is sent.
$browser->load($page);
my $short = $browser->value(q{(() => {
	const data = new DataTransfer();
	data.setData('text', JSON.stringify({ log: { entries: [ {
		request: { url: 'https://a.example/', method: 'GET', cookies: [],
		    headers: [ { name: 'Authorization', value: 'geheim' } ] },
		response: { status: 0, headers: [], content: { text: 'geheim' } }
	} ] } }));
	document.getElementById('paste').dispatchEvent(
	    new ClipboardEvent('paste', { clipboardData: data, cancelable: true }));
	return document.getElementById('paste').value;
})()});
like($short, qr/"Authorization","value":"x"/, 'a HAR is pasted in short');
unlike($short, qr/geheim/, 'without bodies and secrets');

# --- accessibility -----------------------------------------------------------------

# axe-core, if installed: npm pack axe-core, and CORSWRAP_AXE=FOLDER/axe.min.js
sub check_axe {
	my ($name) = @_;
	return unless $ENV{CORSWRAP_AXE};
	$browser->call('Runtime.evaluate', { expression =>
	    read_file($ENV{CORSWRAP_AXE}) . '; 1' });
	my $found = $browser->value(q{axe.run().then(r => r.violations.map(v =>
	    v.id + ': ' + v.nodes.map(n => n.html).join(' ')).join("\n"))});
	return is($found, '', "axe: $name");
}

# --- how it looks ---------------------------------------------------------------------

# No text is cut off at the side, in any width or theme; pictures:
# CORSWRAP_SCREENSHOTS=FOLDER.
my %looks = (
	form => sub { $browser->load($page) },
	policy => sub { ask(url => "$api/x", method => 'PUT',
		headers => "X-Token: 1\nX-Other: 1", policy => policy_text()) },
	headers => sub { ask(paste => "HTTP/1.1 200 OK\nServer: nginx\n") },
	reference => sub { $browser->load("$page?part=reference") },
);
for my $look (sort keys %looks) {
	$looks{$look}->();
	for my $case (map { my $w = $_; map { [ $w, $_ ] } 0, 1 } 320, 390, 1280) {
		my ($width, $dark) = @$case;
		$browser->size(width => $width, height => 844, dark => $dark);
		is($browser->value(
		    'document.documentElement.scrollWidth - innerWidth') <= 0,
		    1, "$look, $width px, " . ($dark ? 'dark' : 'light')
		    . ': nothing sticks out');
		check_axe("$look, $width px, " . ($dark ? 'dark' : 'light'));
		$browser->screenshot("$ENV{CORSWRAP_SCREENSHOTS}/$look-$width-"
		    . ($dark ? 'dark' : 'light') . '.png', width => $width,
		    height => 844, dark => $dark) if $ENV{CORSWRAP_SCREENSHOTS};
	}
}

# The verdict, its cause and the line to change are seen without scrolling.
for my $size ([ 390, 844 ], [ 1280, 720 ]) {
	my ($width, $height) = @$size;
	$browser->size(width => $width, height => $height);
	$looks{policy}->();
	is($browser->value(q{document.querySelector('.apply button')
	    .getBoundingClientRect().bottom <= innerHeight}), 1,
	    "$width x $height: verdict and fix are in the first screen");
}

# --- without JavaScript ----------------------------------------------------------------

$browser->call('Emulation.setScriptExecutionDisabled',
    { value => JSON::PP::true });
ask(url => "$api/x", method => 'PUT', headers => 'X-Token: 1',
    policy => policy_text());
is($browser->value('document.title'), 'Allowed - CORS analyzer',
    'without JavaScript: the form is answered');
like(text_of('try'), qr/This part needs JavaScript\. All else works without\.$/,
    'and says what is missing');
is($browser->value(element('trial') . '.offsetParent === null'), 1,
    'the button is not there');

undef $browser;
done_testing;
