#!/usr/bin/perl
# The analyzer page in real Chromium, under real lighttpd: filled in, sent, read,
# and its button pressed, against an API behind corswrap; and without
# JavaScript.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Browser;
use Corswrap::Server;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

plan skip_all => 'no Chromium' unless Corswrap::Browser::program();
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

# --- the page, as a visitor uses it ------------------------------------------------

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

# Fill the form in, as it stands in the page, and send it with the keyboard.
sub ask {
	my (%form) = @_;
	$browser->load($page);
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
	return;
}

# Press the button; what the page then says.
sub try_it {
	$browser->value(element('send') . '.focus()');
	press('Enter', "\r");
	wait_for(sub { my $said = text_of('outcome');
		$said ne '' && $said !~ /^Sending/ }) or diag('no outcome');
	return text_of('outcome');
}

serve_both();
$browser = Corswrap::Browser->new;

ask(url => "$api/x", method => 'PUT', headers => "X-Token: 1\n",
    policy => policy_text());
is($browser->value('document.title'), 'Allowed - CORS analyzer',
    'allowed: the title');
is($browser->value('location.hash'), '#result', 'the result is shown first');
like(text_of('result'), qr/A page of http:\/\/127\.0\.0\.1:$port calls:/,
    'without an origin it is that of the page');
like(text_of('result'), qr/Access-Control-Request-Headers: x-token/,
    'the walk can be read');
is(text_of('got-outcome'), 'not sent yet', 'nothing is sent by itself');
is(try_it(), 'This browser lets the page read the answer. As predicted.',
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
like(try_it(), qr/^This browser keeps the answer .*Failed to fetch\)\. As predicted\.$/,
    'the button: as predicted');

ask(url => "$api/x", credentials => 1, policy => policy_text());
like(text_of('result'), qr/credentials: "include"/, 'with credentials');
like(try_it(), qr/ As predicted\.$/, 'blocked, as predicted');

# No server at all is no verdict about CORS, whatever was foretold.
my $nobody = free_port();
ask(url => "http://localhost:$nobody/", policy => policy_text());
like(try_it(), qr/^No server answers at this URL, so CORS had no part in it \(TypeError: Failed to fetch\)\.$/,
    'nobody there: said as that');
is(text_of('got-outcome'), 'no answer', 'in the table too');

# A policy that is not the server's.
ask(url => "$api/closed", policy => "[cors]\norigins = *\n");
like(try_it(), qr/ Not as predicted\.$/, 'another policy: not as predicted');

ask(url => "$api/x");
like(text_of('result'), qr/^What the browser does .* Unknown/, 'no policy');
like(try_it(), qr/read the answer\. No prediction to compare with\.$/,
    'and no prediction');

ask(url => "$api/x", method => 'TRACE', policy => policy_text());
like(try_it(), qr/'TRACE' HTTP method is unsupported.*As predicted\.$/,
    'what fetch() refuses');

# The question is about another page than this one.
ask(url => "$api/x", origin => 'https://elsewhere.example',
    policy => policy_text());
is($browser->value('document.title'), 'Blocked - CORS analyzer', 'another page');
like(text_of('try'), qr/Outcome allowed not sent yet/,
    'what is foretold for this one');
like(try_it(), qr/ As predicted\.$/, 'and so it is');

# What others wrote does not run, and what is not ours does not.
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
    'DELETE0', 'and is filled in, without a button');

# --- how it looks ---------------------------------------------------------------------

# Nothing is cut off at the side, in any width or theme; and to look at:
# CORSWRAP_SCREENSHOTS=FOLDER.
ask(url => "$api/x", method => 'PUT', headers => 'X-Token: 1',
    policy => policy_text());
for my $width (320, 390, 1280) {
	for my $dark (0, 1) {
		$browser->size(width => $width, height => 844, dark => $dark);
		is($browser->value(
		    'document.documentElement.scrollWidth - innerWidth') <= 0,
		    1, "$width px, " . ($dark ? 'dark' : 'light')
		    . ': nothing sticks out');
		$browser->screenshot("$ENV{CORSWRAP_SCREENSHOTS}/page-$width-"
		    . ($dark ? 'dark' : 'light') . '.png', width => $width,
		    height => 844, dark => $dark) if $ENV{CORSWRAP_SCREENSHOTS};
	}
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
