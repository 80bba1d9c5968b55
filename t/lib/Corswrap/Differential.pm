package Corswrap::Differential;

# Tests that a real browser does what `corscheck explain --browser NAME` predicts,
# with random pages, requests, policies and applications behind a real lighttpd
# and corswrap.
#
#	use Corswrap::Differential;
#	check_browser(name => 'firefox', count => 200, seed => 7,
#		start => sub { my ($port) = @_; return Corswrap::Firefox->new });
#
# Each page sends its requests, reports the results by POST and goes on to the next
# page, so a browser only has to be started once, with the first page.
#
# CORSWRAP_SEED selects other random exchanges, CORSWRAP_EXCHANGES their number:
# by default half of `count`, with CORSWRAP_LONG all.
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use Corswrap::Draw;
use Corswrap::Server;
use Corswrap::Test;
use Exporter qw(import);
use JSON::PP ();
use Test::More;

our @EXPORT = qw(check_browser);

my $json = JSON::PP->new->latin1;
my ($dir, $port, $draw, $browser, %tally, @troubles);

# --- the server's side --------------------------------------------------------

# The application sends every header that a policy exposes, the safelisted ones,
# some that scripts can never read, and CORS headers of its own in six ways.  It
# logs its requests.
my @sent = qw(X-Total-Count X-Page ETag X-Secret Location Server-Timing
    Cache-Control Content-Language Content-Type Expires Last-Modified Pragma);
my %own = ( # 0: none
	1 => "Access-Control-Allow-Origin: *\n",
	2 => "Access-Control-Allow-Origin: https://elsewhere.example\n"
	    . "Access-Control-Allow-Credentials: true\n",
	3 => "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Origin: *\n",
	4 => "Access-Control-Expose-Headers: X-Secret\nVary: Accept-Encoding\n",
	5 => "access-control-expose-headers: *\nVary: *\n",
	6 => "Access-Control-Allow-Methods: nothing at all\nVary: Origin\n",
);

sub write_application {
	my $own = join '', map { "$_) printf '" . ($own{$_} =~ s/\n/\\n/gr)
		. "' ;;\n" } sort keys %own;
	my %value = ('Content-Type' => '%s', Expires => '0',
		'Last-Modified' => 'Mon, 01 Jan 2024 00:00:00 GMT');
	my $all = join '', map { "$_: " . ($value{$_} // '1') . '\n' } @sent;
	return write_file("$dir/app", <<"END", 0755);
#!/bin/sh
s=200 own=0 type=text/plain text=text
IFS='&'
for pair in \$QUERY_STRING; do
	case \$pair in n=*) n=\${pair#*=} ;; s=*) s=\${pair#*=} ;;
	own=*) own=\${pair#*=} ;;
	b=script) type=text/javascript text=1 ;;
	b=eventsource) type=text/event-stream text= ;;
	b=image) type=image/svg+xml
		text='<svg xmlns="http://www.w3.org/2000/svg"/>' ;;
	esac
done
kind=request
[ -n "\$HTTP_ACCESS_CONTROL_REQUEST_METHOD" ] && kind=preflight s=204
env -0 >"$dir/seen/\$n.\$kind"
printf 'Status: %s\\n' "\$s"
case \$own in
$own
esac
printf '$all' "\$type"
printf 'Set-Cookie: a=b\\n\\n'
case \$s in 204) ;; *) [ "\$REQUEST_METHOD" = HEAD ] || echo "\$text" ;; esac
END
}

# Writes a random policy for which lint reports no error and no warning.
sub write_policy {
	my ($sections) = @_;
	write_file("$dir/origins.txt",
	    "http://localhost:$port\nhttp://*.example.com:$port\n");
	my @texts;
	for my $n (1 .. $sections) {
		for my $try (1 .. 1000) {
			die "no policy is good\n" if $try == 1000;
			my $text = $draw->policy($n);
			write_file("$dir/one.ini", $text);
			my ($exit) = run([ corscheck(), 'lint',
				"$dir/one.ini" ]);
			next if $exit != 0;
			push @texts, $text;
			last;
		}
	}
	write_file("$dir/policy.ini", join "\n",
	    "[app]\nexec = $dir/app\n\n[server]\nworkers = 8\n", @texts);
	return @texts;
}

# lighttpd logs all requests, including preflights.  It also accepts requests that
# a browser sends to a proxy, and the reports of the pages.
sub start_lighttpd {
	chmod 0777, "$dir/seen", "$dir/done";
	write_file("$dir/www/done", <<"END");
cat >"$dir/done/\$QUERY_STRING.part"
mv "$dir/done/\$QUERY_STRING.part" "$dir/done/\$QUERY_STRING"
printf 'Status: 204\\nCross-Origin-Resource-Policy: cross-origin\\n\\n'
END
	my $log = '%{Origin}i' . "\t" . '%{Access-Control-Request-Method}i'
	    . "\t" . '%{Access-Control-Request-Headers}i' . "\t%s\t%m\t%r";
	my $policies = '';
	for my $name (map { my $of = $_; map { "$of-$_" } qw(unsafe-none
	    require-corp credentialless) } qw(null page)) {
		my ($kind, $coep) = split /-/, $name, 2;
		$policies .= "\$HTTP[\"url\"] =~ \"^/$name-\" {\n"
		    . "setenv.add-response-header = (\n"
		    . "\"Cross-Origin-Embedder-Policy\" => \"$coep\",\n"
		    . ($kind eq 'null' ? '"Content-Security-Policy" => '
			. "\"sandbox allow-scripts\"" : '') . " )\n}\n";
	}
	write_file("$dir/lighttpd.conf", <<"END");
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$dir/www"
server.errorlog = "$dir/error.log"
server.modules = ( "mod_fastcgi", "mod_accesslog", "mod_setenv", "mod_cgi" )
server.max-keep-alive-requests = 65535
server.range-requests = "disable"
mimetype.assign = ( ".html" => "text/html" )
accesslog.filename = "$dir/access.log"
accesslog.format = "$log"
\$HTTP["url"] == "/done" {
	cgi.assign = ( "" => "/bin/sh" )
}
$policies
fastcgi.server = ( "/p/" => (( "socket" => "$dir/app.sock",
    "check-local" => "disable" )) )
END
	my $pid = start([ have_program('lighttpd'), '-D', '-f',
		"$dir/lighttpd.conf" ], stderr => "$dir/error.log");
	wait_port($port) or die read_file("$dir/error.log");
	return $pid;
}

# --- the browser's side -------------------------------------------------------

# The page sends several requests at once.  Each URL is different, so that
# preflights are not shared.
my $script = <<'END';
async function call(job) {
	const r = await fetch(job.url, job.init);
	return { status: r.status, type: r.type,
		names: Array.from(r.headers, field => field[0]) };
}
function xhr(job, done) {
	const x = new XMLHttpRequest();
	x.open(job.init.method, job.url);
	for (const [name, value] of job.init.headers)
		x.setRequestHeader(name, value);
	x.withCredentials = job.init.credentials === 'include';
	if (job.listens) x.upload.onprogress = () => 0;
	x.onload = () => done({ status: x.status, names: Array.from(
		x.getAllResponseHeaders().matchAll(/^([^:\r\n]+):/gm),
		match => match[1]) });
	x.onerror = () => done({ error: 'event' });
	x.send(job.init.body);
}
function element(job, done) {
	const e = document.createElement(job.as === 'image' ? 'img' : 'script');
	if (job.init.mode !== 'no-cors')
		e.crossOrigin = job.init.credentials === 'include'
		    ? 'use-credentials' : 'anonymous';
	e.onload = () => done({ loaded: true });
	e.onerror = () => done({ error: 'event' });
	e.src = job.url;
	document.head.append(e);
}
function font(job, done) {
	const url = job.url.replace(/["\\]/g, '\\$&');
	new FontFace('f' + job.number, `url("${url}")`).load().then(
		() => done({ loaded: true }), () => done({ error: 'event' }));
}
function source(job, done) {
	const s = new EventSource(job.url,
		{ withCredentials: job.init.credentials === 'include' });
	s.onopen = () => { s.close(); done({ loaded: true }) };
	s.onerror = () => { s.close(); done({ error: 'event' }) };
}
const kinds = { xhr, script: element, image: element, font,
	eventsource: source };
async function one(job) {
	let got;
	try {
		got = job.as === 'fetch' ? await call(job)
		    : await new Promise(done => kinds[job.as](job, done));
	} catch (e) {
		got = { error: e.name + ': ' + e.message };
	}
	return { number: job.number, ...got };
}
async function all(jobs, at_once, done, next) {
	const got = [];
	const worker = async () => {
		while (jobs.length > 0) {
			// One after the other: the console shows whose it is.
			if (at_once === 1) console.log('@@' + jobs[0].number);
			got.push(await one(jobs.shift()));
		}
	};
	await Promise.all(Array.from({ length: at_once }, worker));
	await fetch(done, { method: 'POST', mode: 'no-cors',
		body: JSON.stringify(got) });
	if (next) location.replace(next);
}
END

sub job {
	my ($f) = @_;
	return { number => $f->{number}, as => $f->{as},
		listens => $f->{listens},
		url => $f->{url} =~ s/(\?n=\d+)/$1&s=$f->{status}&own=$f->{own}&b=$f->{as}/r,
		init => { method => $f->{method}, headers => $f->{headers},
			credentials => $f->{credentials}, mode => $f->{mode},
			redirect => $f->{redirect},
			defined $f->{body} ? (body => $f->{body}) : () } };
}

# Writes the pages, for all origins that send requests and each
# Cross-Origin-Embedder-Policy; returns { base, name, jobs } for each.
sub write_pages {
	my ($at_once, @fetches) = @_;
	my @pages;
	my %jobs;
	push @{ $jobs{"$_->{origin} $_->{coep}"} }, $_ for @fetches;
	for my $of (sort keys %jobs) {
		my ($origin, $coep) = split / /, $of;
		my $base = $origin eq 'null' ? "http://127.0.0.1:$port" : $origin;
		my $name = ($origin eq 'null' ? 'null' : 'page') . "-$coep-"
		    . @pages . '.html';
		push @pages, { base => $base, name => $name, jobs => $jobs{$of} };
	}
	for my $i (0 .. $#pages) {
		my $next = $i < $#pages ? "$pages[$i + 1]{base}/"
		    . $pages[$i + 1]{name} : '';
		my $arguments = join ', ', map {
			JSON::PP->new->ascii->allow_nonref->encode($_) }
		    [ map { job($_) } @{ $pages[$i]{jobs} } ], $at_once,
		    "$pages[$i]{base}/done?$i", $next;
		write_file("$dir/www/$pages[$i]{name}", "<!doctype html>"
		    . "<title>page</title>\n<script>\n$script"
		    . "addEventListener('load', () => all($arguments));\n"
		    . "</script>\n");
	}
	return @pages;
}

# Returns the browser's results for all pages, by number: { status, names } or
# { error }, and said, the messages of its console.
sub ask_browser {
	my ($engine, @pages) = @_;
	my %got;
	$engine->load("$pages[0]{base}/$pages[0]{name}");
	my $seconds = 60 + map { @{ $_->{jobs} } } @pages;
	for my $i (0 .. $#pages) {
		wait_for(sub { -e "$dir/done/$i" }, $seconds)
		    or die "no report of page $i: ", join("\n",
		    $engine->console), "\n";
		$got{ $_->{number} } = $_
		    for @{ $json->decode(read_file("$dir/done/$i")) };
	}
	my $said = $browser->{lines}->($engine->console);
	push @{ $got{$_}{said} }, @{ $said->{$_} } for keys %$said;
	return \%got;
}

# Returns the requests on the wire, by number: { preflight => [...],
# request => [...] }.
sub read_log {
	my %seen;
	for (split /\n/, read_file("$dir/access.log")) {
		my ($origin, $method, $headers, $status, $m, $line) = split /\t/;
		next unless $line =~ /[?]n=(\d+)/;
		my $n = $1;
		my $kind = $m eq 'OPTIONS' && $method ne '-' ? 'preflight'
		    : 'request';
		push @{ $seen{$n}{$kind} }, { status => $status,
			origin => $origin, method => $method,
			headers => $headers, line => $line };
	}
	return \%seen;
}

sub predict {
	my ($f) = @_;
	my $job = job($f);
	my @command = (corscheck(), 'explain', '--json', '--browser',
	    $browser->{name}, '-p', "$dir/policy.ini", '--url', $job->{url},
	    '--origin', $f->{origin}, '--method', $f->{method}, '--as',
	    $f->{as}, '--mode', $f->{mode}, '--coep', $f->{coep},
	    '--redirect', $f->{redirect});
	push @command, '-d', $f->{body} if defined $f->{body};
	push @command, '--upload-listener' if $f->{listens};
	push @command, '--credentials' if $f->{credentials} eq 'include';
	for my $header (@{ $f->{headers} }) {
		utf8::encode(my $text = join ':', @$header);
		push @command, '-H', $text;
	}
	my ($exit, $out, $err) = run(\@command);
	my $said = eval { $json->decode($out) };
	die "explain: $exit $err\n", join(' ', @command) unless $said;
	return ($said, $exit);
}

# --- do they agree? -----------------------------------------------------------

sub trouble { push @troubles, join '', @_; return }

sub same {
	my ($what, $got, $want) = @_;
	$got = defined $got ? "$got" : 'nothing';
	$want = defined $want ? "$want" : 'nothing';
	trouble("$what: $browser->{name}: $got; explain: $want")
	    if $got ne $want;
	return;
}

sub check_preflight {
	my ($said, $seen) = @_;
	my $came = $seen->{preflight} || [];
	same('preflights', scalar @$came, $said->{preflight}{needed} ? 1 : 0);
	return unless @$came && $said->{preflight}{needed};
	my $want = $said->{preflight}{request}{headers};
	my $got = $came->[0];
	same('Origin of the preflight', $got->{origin}, $want->{Origin});
	same('its method', $got->{method},
	    $want->{'Access-Control-Request-Method'});
	same('its headers', $got->{headers},
	    $want->{'Access-Control-Request-Headers'} // '-');
	my $status = $said->{preflight}{response}{status};
	same('its status', $got->{status}, $status) if defined $status;
	return;
}

# Checks the headers that the script has set, as the application received them.
sub check_request {
	my ($said, $f) = @_;
	my $file = "$dir/seen/$f->{number}.request";
	return unless -e $file;
	my %env = map { split /=/, $_, 2 } split /\0/, read_file($file);
	my $want = $said->{request}{headers};
	for my $name (sort keys %$want) {
		my $key = uc $name =~ tr/-/_/r;
		$key = "HTTP_$key" unless $key eq 'CONTENT_TYPE';
		# Invalid UTF-8 is escaped in JSON.
		next if $want->{$name} =~ /[^ -~]|\\x/;
		# lighttpd drops empty headers.
		same("$name of the request", $env{$key} // '', $want->{$name});
	}
	same('Origin of the request', $env{HTTP_ORIGIN}, undef)
	    unless $want->{Origin};
	return;
}

# Checks which headers of the response the script could read.
sub check_readable {
	my ($said, $f, $got, $text) = @_;
	my %may = map { $_ => 1 } @{ $said->{readable} };
	my %there = %may;
	if (!defined $said->{request}{response}{status}) {
		# Add the application's own headers: the known ones, and those
		# that it exposes in addition to the policy.
		%there = map { lc $_ => 1 } @sent;
		$may{$_} = 1 for qw(cache-control content-language content-type
		    expires last-modified pragma);
		$may{'x-secret'} = 1 if $f->{own} == 4;
		%may = (%may, %there) if $text =~ /^expose = [*]$/m
		    || $f->{origin} eq lc +($f->{url} =~ m{^(\w+://[^/]*)})[0];
	}
	my %read = map { $_ => 1 } @{ $got->{names} };
	my @got = grep { $there{$_} } sort keys %read;
	my @want = grep { $there{$_} } sort keys %may;
	same('readable', "@got", "@want");
	trouble("Set-Cookie can be read") if $read{'set-cookie'};
	return;
}

# If several headers are not allowed, a browser names any of them, but explain
# names the first.
sub same_header {
	my ($said, $got, $text) = @_;
	my $field = $browser->{header};
	my ($named) = ($got // '') =~ $field or return $text;
	my ($other) = $text =~ $field or return $text;
	my %allowed = map { $_ => 1 } split /,/, $said->{preflight}{response}
	    {headers}{'Access-Control-Allow-Headers'} // '';
	my %asked = map { $_ => 1 } split /,/, $said->{preflight}
	    {request}{headers}{'Access-Control-Request-Headers'};
	$text =~ s/\Q$other\E/$named/
	    if $asked{ lc $named } && !$allowed{ lc $named };
	return $text;
}

# explain has the messages of one version of the browser; those of other versions
# may differ and are not compared.
sub same_words {
	my ($what, $got, $want) = @_;
	return unless $browser->{same_words};
	if (my $tidy = $browser->{tidy}) {
		$_ = $tidy->($_) for grep { defined } $got, $want;
	}
	# explain escapes unprintable bytes.
	$got =~ s/\n/\\x0a/g if defined $got;
	return same($what, $got, $want);
}

# Returns explain's message as the browser's console must print it: with the
# application's real status, which explain assumes to be 200.
sub expected_message {
	my ($said, $f, $got) = @_;
	my $message = $said->{message} =~ s/ \(Note: .*\)//r;
	$message = same_header($said, $got->{said}[0], $message);
	my $response = $said->{request}{sent} ? $said->{request}{response}
	    : $said->{preflight}{response};
	my $own = $said->{request}{sent} ? $f->{status} : 204;
	$message =~ s/Status code: \K200\b/$own/
	    unless defined $response->{status};
	return $message;
}

# Compares the exceptions of fetch() and XMLHttpRequest.  Only explain names the
# header.  The browser shows the URL as given, explain without the password.
sub check_thrown {
	my ($got, $message) = @_;
	same_words('thrown', map { s{(?<=: )http://.*}{}rsi
		=~ s/ \((?:of )?the header .*//r } $got->{error}, $message);
	return;
}

# Checks an element or a font.  Whether it has loaded means nothing if corswrap
# has sent an error, or the font is invalid.
sub check_element {
	my ($said, $f, $got) = @_;
	my $status = $said->{request}{response}{status} // 200;
	my $outcome = $f->{as} eq 'font' || $status >= 300 ? $said->{verdict}
	    : $got->{loaded} ? 'allowed' : 'blocked';
	same('outcome', $outcome, $said->{verdict});
	return;
}

sub check_outcome {
	my ($said, $f, $got, $text) = @_;
	my $message = expected_message($said, $f, $got);
	my $thrown = defined $got->{error} && $got->{error} ne 'event'
	    && $got->{error} ne $browser->{failed};
	if ($thrown) {
		same('outcome', 'blocked', $said->{verdict});
		check_thrown($got, $message);
		return;
	}
	if ($f->{as} !~ /^(?:fetch|xhr)$/) {
		check_element($said, $f, $got);
	} else {
		same('outcome', defined $got->{error} ? 'blocked' : 'allowed',
			$said->{verdict});
	}
	same_words('console', $got->{said}[0], $said->{verdict} eq 'blocked'
		&& !$browser->{unsaid}->($said, $f) ? $message : undef);
	return if $said->{verdict} ne 'allowed' || !defined $got->{status};
	if (($got->{type} // '') eq 'opaque') {
		same('readable headers of an opaque response', "@{ $got->{names} }",
			"@{ $said->{readable} }");
		same('mode of an opaque response', $f->{mode}, 'no-cors');
		return;
	}
	same('status', $got->{status},
	    $said->{request}{response}{status} // $f->{status});
	check_readable($said, $f, $got, $text);
	return;
}

# lighttpd refuses unknown methods (without a log line) and invalid bytes before
# corswrap gets them.  explain cannot predict that: it knows the policy, not the
# server.
sub server_refused {
	my ($said, $seen) = @_;
	return 0 unless $said->{request}{sent};
	return 1 if $said->{request}{method} !~
	    /\A(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|PROPFIND)\z/;
	return grep { $_->{status} eq '400' } @{ $seen->{request} || [] };
}

sub kind {
	my ($said) = @_;
	return 'refused by fetch()' if ($said->{reason} // '') eq
	    'forbidden-method';
	return 'resource-policy' if ($said->{reason} // '') eq
	    'resource-policy';
	return join ', ', $said->{preflight}{needed} ? 'preflight' : 'none',
	    $said->{verdict};
}

sub check {
	my ($f, $got, $seen, $text) = @_;
	my ($said, $exit) = predict($f);
	@troubles = ();
	my $kind = kind($said);
	same('exit status', $said->{verdict} eq 'allowed' ? 0 : 1, $exit);
	check_preflight($said, $seen);
	if (server_refused($said, $seen)) {
		$kind = 'refused by lighttpd';
	} else {
		same('requests', scalar @{ $seen->{request} || [] },
		    $said->{request}{sent} ? 1 : 0);
		check_request($said, $f) if $said->{request}{sent};
		check_outcome($said, $f, $got, $text);
	}
	$tally{$kind}++;
	my $method = $f->{method} =~ tr/ -~//cdr;
	ok(!@troubles, "$f->{number}: $f->{as}, $f->{mode}, $method of "
	    . "$f->{origin}: $kind") or
	    diag(join "\n", @troubles, JSON::PP->new->ascii->pretty->canonical
	    ->encode({ asked => $f, explain => $said, browser => $got,
		    wire => $seen }), $text);
	return;
}

# --- the test -----------------------------------------------------------------

# Each kind of exchange must have occurred, or the test proves nothing about it.
sub check_tally {
	my ($count) = @_;
	my @kinds = ('none, allowed', 'none, blocked', 'preflight, allowed',
		'preflight, blocked', 'refused by fetch()', 'resource-policy');
	# With fewer than 100 exchanges, some kinds may not occur.
	for my $kind ($count < 100 ? () : @kinds) {
		cmp_ok($tally{$kind} // 0, '>=', $count / 100,
			"$kind: at least one exchange in a hundred is of this kind");
	}
	cmp_ok($tally{'refused by lighttpd'} // 0, '<=', $count / 15,
		'lighttpd refuses at most one request in fifteen');
	note(join ', ', map { "$_: $tally{$_}" } sort keys %tally);
	return;
}

# check_browser(...) is a whole test file.  Arguments:
#   name, seed, count
#   at_once   how many requests a page sends at the same time
#   start     sub (port): starts the browser and returns it
#   version   the version whose messages explain has
#   failed    the exception of fetch() if the console has the cause
#   header    a pattern that finds the name of a header in a message
#   tidy      sub (text): normalises parts that do not matter
#   lines     sub (lines of the console): returns { number => [line] }
#   unsaid    sub (explanation, exchange): is it blocked without a console message?
sub check_browser {
	$browser = {@_};
	plan skip_all => 'no lighttpd' unless have_program('lighttpd');
	my $seed = $ENV{CORSWRAP_SEED} // $browser->{seed};
	my $count = $ENV{CORSWRAP_EXCHANGES} //
	    int $browser->{count} / ($ENV{CORSWRAP_LONG} ? 1 : 2);
	$dir = tempdir();
	mkdir "$dir/$_" for qw(www seen done);
	$port = free_port();
	$draw = Corswrap::Draw->new(seed => $seed, port => $port,
		origins_file => "$dir/origins.txt");
	note("CORSWRAP_SEED=$seed CORSWRAP_EXCHANGES=$count");

	write_application();
	my @policies = write_policy(40);
	my @fetches = map { $draw->exchange($_, \@policies) } 1 .. $count;
	my $lighttpd = start_lighttpd();
	my $corswrap = start([ corswrap(), '-c', "$dir/policy.ini", '-l',
		"unix:$dir/app.sock", '-m', '0666' ],
		stderr => "$dir/corswrap.log");
	wait_socket("$dir/app.sock") or die read_file("$dir/corswrap.log");
	my $engine = $browser->{start}->($port, $draw->hosts);
	my $version = $engine->version;
	$browser->{same_words} = $version == $browser->{version};
	note("version $version: words are not compared")
	    unless $browser->{same_words};
	my $got = ask_browser($engine,
		write_pages($browser->{at_once}, @fetches));
	undef $engine;
	# The log is complete only after lighttpd has exited.
	stop($lighttpd);
	stop($corswrap);
	my $seen = read_log();
	my %text = (none => '', map { $_ => $policies[ $_ - 1 ] }
		1 .. @policies);
	check($_, $got->{ $_->{number} }, $seen->{ $_->{number} } || {},
		$text{ $_->{policy} }) for @fetches;
	check_tally($count);
	diag("CORSWRAP_SEED=$seed CORSWRAP_EXCHANGES=$count")
	    unless Test::More->builder->is_passing;
	done_testing;
	return;
}

1;
