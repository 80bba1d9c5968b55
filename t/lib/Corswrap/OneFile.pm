package Corswrap::OneFile;

# Tests the one-file page in a real browser: opened from file://, it prints the same
# as corscheck, byte for byte, and sends nothing.  t/onefile/browsers.t runs this in
# three engines.
#
# A browser gets a copy of corscheck.html with a script of this test at its end.
# The hash of the script is in the copy's CSP.  The script writes its results to
# the page's title and the console.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;

use Digest::SHA qw(sha256_base64);
use Exporter qw(import);
use File::Basename qw(basename);
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use Text::ParseWords qw(shellwords);

use Corswrap::Cases qw(case_files read_case);
use Corswrap::CGI;
use Corswrap::Server qw(install_program);
use Corswrap::Test;
use Corswrap::Vectors qw(rows);

our @EXPORT = qw(one_file check_one_file);

# Returns the path of the page, or nothing if configure left it out.
sub one_file {
	my $file = top_build() . '/corscheck.html';
	return -e $file ? $file : ();
}

# --- the jobs
# -----------------------------------------------------------------------

my $url = 'https://api.example.net/cgi-bin/report';
my @page = ('--url', $url, '--origin', 'https://app.example.com');

# A job is { args, files => { name => bytes }, input }.
sub _job {
	my ($args, %o) = @_;
	return { args => $args, files => {}, input => '', %o };
}

# Returns jobs for the cases of t/explain/cases: as text, as JSON, for each browser.
sub _walks {
	my $dir = top_src() . '/t/explain/cases';
	my %files = map { basename($_) => read_file($_) } glob "$dir/*.ini";
	my @jobs;
	for (glob "$dir/*.txt") {
		my ($command) = read_file($_) =~ /^\$ corscheck explain (.*)$/m;
		my @args = shellwords($command);
		push @jobs, map { _job([ 'explain', @args, @$_ ], files => \%files) }
		    ([], ['--json'], $command =~ /--browser/ ? ()
			: ['--json', '--browser', 'all']);
	}
	return @jobs;
}

# Returns jobs for t/cases: lint, and explain of each request.  In a browser,
# regular expressions run in another engine.
sub _cases {
	my @jobs;
	my $top = top_src();
	for my $file (case_files($top)) {
		my $case = read_case($file);
		next if $case->{text} =~ /^origins-regex/m;
		my %files = ('case.ini' => $case->{text},
			'origins.txt' => read_file("$top/t/cases/origins.txt"));
		push @jobs, _job([ 'lint', '--json', 'case.ini' ],
			files => \%files);
		# For an origins-file, dump prints an absolute path, which differs.
		push @jobs, _job([ 'dump', 'case.ini' ], files => \%files)
		    if $case->{text} !~ /^origins-file/m;
		for my $r (@{ $case->{requests} }) {
			my ($origin) = map { $_->[1] }
			    grep { $_->[0] eq 'Origin' } @{ $r->{headers} };
			push @jobs, _job([ 'explain', '--json', '-p', 'case.ini',
				'--url', "https://api.example.net$r->{uri}",
				'--origin', $origin // 'null',
				'-X', $r->{method} ], files => \%files);
		}
	}
	return @jobs;
}

# Returns jobs with mistakes in policies: the vectors, and cases for libidn2 and
# libpsl.
sub _lint {
	my @policies = map { my $policy = $_->{policy};
		"[cors]\n" . join '', map { s/=/ = /r . "\n" }
		    split /;\s*/, $policy }
	    grep { $_->{policy} !~ /regex/ }
	    rows(top_src() . '/t/vectors/cors.tsv', 'config');
	push @policies, map { "[cors]\norigins = $_\ncredentials = yes\n" }
	    qw(https://*.co.uk https://*.github.io https://*.ck https://*.www.ck
	    https://*.a.ck https://*.kawasaki.jp https://*.city.kawasaki.jp
	    https://*.x.kawasaki.jp https://*.example.com https://*.com
	    https://*.blogspot.com https://*.xn--p1ai https://*.compute.amazonaws.com
	    https://*.localhost https://*.unknowntld https://*.er
	    https://münchen.example https://☃.example https://straße.example
	    https://xn--mnchen-3ya.example
	    https://xn--ls8h.example http://*.example.org HTTPS://App.Example.com/
	    https://app.example.com:443 app.example.com);
	push @policies, "[cors]\norigin = x\n[app]\nexce = y\n[corss]\n",
	    "[cors\norigins = *\n", "origins = *\n", "[cors]\norigins: *\n",
	    "[cors]\norigins = *\norigins2\n", "[cors] x = y\n",
	    "[cors]\norigins = https://a.example ; https://b.example\n",
	    "[cors]\norigins = " . 'https://a.example ' x 40 . "\n",
	    "[cors]\n" . "max-age = x\n" x 80, "\xef\xbb\xbf[cors]\r\norigins = *\r\n",
	    "[app]\nforward = unix:/" . 'x' x 120 . "\n[cors]\norigins = *\n",
	    "[cors]\norigins = *", "a\0b\n", "\xff\xfe[\0c\0";
	return (map({ _job([ 'lint', '--json', '-' ], input => $_) } @policies),
	    map { _job([ 'lint', '--format', 'sarif', '-' ], input => $_) }
	    @policies[-20 .. -1]);
}

sub _import {
	my @jobs;
	for (glob top_src() . '/t/corscheck/import/*') {
		my $name = basename($_);
		push @jobs, _job([ 'import', $name ],
			files => { $name => read_file($_) });
	}
	return @jobs;
}

sub _pasted {
	my $good = "access-control-allow-origin: https://app.example.com\r\n";
	my $list = sub { [ map { { name => $_, value => $_[0]{$_} } }
		sort keys %{ $_[0] } ] };
	my $entry = sub { my ($method, $status, $headers, $answer) = @_;
		return { time => 1.5e1, request => { method => $method, url => $url,
			headers => $list->($headers), cookies => [] },
			response => { status => $status,
			headers => $list->($answer) } } };
	my $har = JSON::PP->new->canonical->utf8->pretty->encode({ log => {
		version => "1.2 \x{263a} \x{1f600} \\ \"", entries => [
		$entry->('GET', 200, {}, {}),
		$entry->('PUT', 0, { Origin => 'https://app.example.com',
			'content-type' => 'application/json' }, {}),
		$entry->('DELETE', 200, { Origin => 'https://app.example.com' },
			{ 'access-control-allow-origin' => '*', 'x-id' => 1 }) ] } });
	my $browser = q{Access to fetch at 'https://api.example.net/x' from origin }
	    . q{'https://app.example.com' has been blocked by CORS policy: No }
	    . q{'Access-Control-Allow-Origin' header is present on the requested }
	    . q{resource.};
	return (map({ my $text = $_;
		_job([ 'read', '--json', @page ], input => $text),
		_job([ 'read', @page, '-X', 'PUT', '--credentials' ],
			input => $text) } "HTTP/2 200 \r\n${good}x-id: 1\r\n\r\nbody\r\n",
		"HTTP/1.1 200 OK\n${good}${good}\n",
		"HTTP/1.1 204 No Content\n${good}access-control-allow-methods: PUT"
		. "\n\nHTTP/1.1 200 OK\nx: \xff\n\n", "nothing here\n"),
	    map({ _job([ @$_, '--har', '-' ], input => $har) }
		[ 'explain', '--json' ], [ 'explain', '--json', '--entry', 3 ],
		[ 'read', '--json', '--entry', 3 ], [ 'read' ],
		[ 'explain', '--entry', 9 ]),
	    map({ _job([ 'explain', '--har', '-' ], input => $_) } '{"a": 1}',
		'{"log": {"entries": 5}}', "[1, 2.5, -3e2, null, true, \"\\u00e4\"]"),
	    _job([ 'explain', '--json', '--curl', "curl 'https://api.example.net/' "
		. "-H 'Origin: https://app.example.com' --data-raw '{\"a\":1}'" ]),
	    _job([ 'explain', '--json', '--fetch',
		'fetch("https://api.example.net/", {"headers": {"x-a": "1"}, '
		. '"method": "PATCH", "credentials": "include"})', '--origin',
		'https://app.example.com' ]),
	    _job([ 'explain', '--console', $browser ]), _job([ 'reference', '--json' ]));
}

sub _others {
	my ($ids) = @_;
	return (_job(['help']), _job([ 'help', 'no-such-id' ]), _job([ 'nonsense' ]),
	    _job([]), map { _job([ 'help', $_ ]) } @$ids);
}

# --- the output of corscheck
# ------------------------------------------------------------

# Runs all jobs in one shell, because starting each separately would take longer.
sub _expected {
	my ($dir, @jobs) = @_;
	my $quoted = sub { map { "'" . s/'/'\\''/gr . "'" } @_ };
	my $script = '';
	for my $i (0 .. $#jobs) {
		my $job = $jobs[$i];
		mkdir "$dir/$i";
		write_file("$dir/$i/$_", $job->{files}{$_}) for keys %{ $job->{files} };
		write_file("$dir/$i.in", $job->{input});
		$script .= join ' ', "cd $dir/$i;", $quoted->(corscheck(),
			@{ $job->{args} }), "<../$i.in >../$i.out 2>../$i.err;",
			"echo \$? >../$i.status\n";
	}
	write_file("$dir/script", $script);
	delete local @ENV{qw(CORSWRAP_POLICY NO_COLOR REQUEST_METHOD
	    GATEWAY_INTERFACE)};
	system 'sh', "$dir/script";
	return map { { status => 0 + read_file("$dir/$_.status"),
		stdout => read_file("$dir/$_.out"),
		stderr => read_file("$dir/$_.err") } } 0 .. $#jobs;
}

# Returns a form of the page, and the page that the CGI program responds with.
sub _posted {
	my $body = 'url=https%3A%2F%2Fapi.example.net%2F&origin=https%3A%2F%2F'
	    . 'app.example.com&method=PUT&headers=X-A%3A+1&policy=%5Bcors%5D%0D%0A'
	    . 'origins+%3D+https%3A%2F%2Fapp.example.com%0D%0A';
	my $r = cgi_run(program => corscheck(), stdin => $body, env => {
		REQUEST_METHOD => 'POST', CORSCHECK_ONE_FILE => 1,
		CONTENT_TYPE => 'application/x-www-form-urlencoded',
		CONTENT_LENGTH => length $body });
	return ($body, $r->{body});
}

# --- the browser's side -------------------------------------------------------------------

my $script = <<'END';
(async () => {
	const decode = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
	const said = bytes => Array.from(new Uint8Array(bytes),
		byte => String.fromCharCode(byte)).join("");
	const wait = async what => {
		for (let value; ; await new Promise(done => setTimeout(done, 10)))
			if ((value = what()))
				return value;
	};
	const id = name => document.getElementById(name);
	const found = {done: 0, bad: [], violations: []};
	await wait(() => globalThis.corscheck);
	document.addEventListener("securitypolicyviolation", event =>
		found.violations.push(event.effectiveDirective));

	for (const job of test.jobs) {
		const files = {};
		for (const [name, text] of Object.entries(job.files))
			files[name] = decode(text);
		const run = await corscheck(job.args, decode(job.input), files);
		found.done++;
		const differs = run.status !== job.status
			|| said(run.stdout) !== said(decode(job.stdout))
			|| said(run.stderr) !== said(decode(job.stderr));
		if (differs && found.bad.length < 5)
			found.bad.push([found.done - 1, job.args, run.status,
				said(run.stdout).slice(0, 2000),
				said(run.stderr).slice(0, 1000)]);
		else if (differs)
			found.bad.push([found.done - 1]);
	}

	// The page's own HTML, but for its nonce.
	const page = await (await fetch(location.href, {method: "POST",
		body: test.form})).text();
	const plain = text => text.replace(/nonce="[0-9a-f]+"/g, "");
	found.page = plain(page) === plain(new TextDecoder()
		.decode(decode(test.page)));

	// As a visitor: fill in the form and send it.
	id("url").value = "https://api.example.net/";
	id("origin").value = "https://app.example.com";
	id("policy").value = "[cors]\norigins = https://other.example\n";
	id("url").form.requestSubmit();
	await wait(() => id("answer"));
	found.title = document.title;
	found.answer = id("answer").innerText;

	// Without CSP this would be sent.
	document.addEventListener("securitypolicyviolation", event =>
		found.violations.push(event.effectiveDirective));
	found.fetch = await fetch(test.elsewhere).then(() => "sent", () => "blocked");
	const image = new Image();
	image.src = test.elsewhere;
	await wait(() => found.violations.length >= 2);

	// Errors as one types: the page's script runs, and what it asks is answered.
	id("policy-part").open = true;
	id("policy").value = "[cors]\norgins = *\n";
	id("policy").dispatchEvent(new Event("input", {bubbles: true}));
	await wait(() => /origins/.test(id("live").textContent));
	found.live = id("live").textContent;

	// A link to another part of the page, and back.
	document.querySelector("a[href='?part=reference']").click();
	await wait(() => !id("ask") && id("files"));
	found.reference = document.querySelector("main").innerText.slice(0, 200);
	history.back();
	await wait(() => id("ask"));

	// Files to upload.
	const create = URL.createObjectURL;
	let zip;
	URL.createObjectURL = blob => create.call(URL, zip = blob);
	id("files-origins").value = "https://app.example.com https://b.example";
	id("files-methods").value = "PUT";
	id("files-form").requestSubmit();
	await wait(() => zip);
	found.zip = btoa(said(await zip.arrayBuffer()));
	found.shown = id("files-result").innerText;

	// An expression: approximate, and said to be.
	id("url").value = "https://api.example.net/";
	id("origin").value = "https://app.example.com";
	id("policy").value = "[cors]\norigins-regex = https://[a-z]+\\.example\n";
	id("url").form.requestSubmit();
	await wait(() => /RegExp/.test(document.body.innerText));
	found.regex = document.title;
	return found;
})().catch(error => ({error: String(error) + error.stack})).then(found => {
	const text = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
	document.title = "@@" + text + "@@";
	console.log(document.title);
});
END

# Writes the copy of the page.
sub _write_copy {
	my ($file, $test) = @_;
	my $html = read_file(one_file());
	my $json = JSON::PP->new->latin1->canonical->encode($test);
	$json =~ s{</}{<\\/}g;
	my $text = "const test = $json;\n$script";
	$text = "{ $text }";
	my $hash = sha256_base64($text) . '=';
	$html =~ s{'wasm-unsafe-eval'}{$& 'sha256-$hash'} or die 'no CSP';
	$html =~ s{</body>}{<script>$text</script>\n</body>} or die 'no body';
	return write_file($file, $html);
}

# --- the test
# -------------------------------------------------------------------------------

sub _encoded {
	my ($job, $expected) = @_;
	my $base64 = sub { MIME::Base64::encode_base64($_[0], '') };
	return { args => [ map { my $a = $_; utf8::decode($a); $a } @{ $job->{args} } ],
		files => { map { $_ => $base64->($job->{files}{$_}) }
		    keys %{ $job->{files} } }, input => $base64->($job->{input}),
		status => $expected->{status},
		map { $_ => $base64->($expected->{$_}) } qw(stdout stderr) };
}

# Returns the browser's results.  ask(URL) loads the page, and returns a sub that
# is polled until a text has "@@...@@".
sub _found {
	my ($ask, $file) = @_;
	my $look = $ask->("file://$file");
	my $text;
	wait_for(sub { ($text) = map { /\@\@([A-Za-z0-9+\/=]+)\@\@/ } $look->();
		defined $text }, 90);
	return { error => 'the page reported no results' } unless defined $text;
	return JSON::PP->new->utf8->decode(decode_base64($text));
}

# Unpacks the zip into a folder with corswrap.cgi, and tests that a preflight works.
sub _check_upload {
	my ($dir, $zip) = @_;
	write_file("$dir/api.zip", decode_base64($zip));
	my ($status, $out, $err) = run([ 'python3', '-c', <<'END', "$dir/api.zip" ]);
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
z.extractall(sys.argv[1] + ".d")
print([(i.filename, oct(i.external_attr >> 16)) for i in z.infolist()])
END
	is($out, "[('.htapi.ini', '0o100644'), ('.htaccess', '0o100644')]\n",
	    'the zip has both files, readable by all') or diag $err;
	like(read_file("$dir/api.zip.d/.htaccess"), qr{^    Action cors-api /api/api\.cgi$}m,
	    'the .htaccess hands scripts to the program');
	my $program = "$dir/api.zip.d/api.cgi";
	install_program(corswrap(), $program);
	for (['https://b.example', 204], ['https://c.example', 403]) {
		my ($origin, $want) = @$_;
		my $r = cgi_run(program => $program, env => {
			REQUEST_METHOD => 'OPTIONS', HTTP_ORIGIN => $origin,
			HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'PUT' });
		is($r->{status}, $want, "uploaded: a preflight from $origin gets $want");
	}
	return;
}

# The jobs, what corscheck prints for them, and the copy of the page are made once
# for all engines.
my $prepared;
sub _prepared {
	return $prepared //= do {
		my $dir = tempdir();
		my $ids = [ map { /^([a-z-]+)  / ? $1 : () } split /\n/,
			(run([ corscheck(), 'help' ]))[1] ];
		cmp_ok(scalar @$ids, '>', 50, 'corscheck help lists more than 50 ids');
		my @jobs = (_walks(), _cases(), _lint(), _import(), _pasted(),
			_others($ids));
		mkdir "$dir/jobs";
		my @expected = _expected("$dir/jobs", @jobs);
		my $elsewhere = IO::Socket::INET->new(Listen => 5,
			LocalAddr => '127.0.0.1');
		my ($form, $page) = _posted();
		_write_copy("$dir/test.html", {
			jobs => [ map { _encoded($jobs[$_], $expected[$_]) }
				0 .. $#jobs ],
			form => $form,
			page => MIME::Base64::encode_base64($page, ''),
			elsewhere => 'http://127.0.0.1:' . $elsewhere->sockport
			    . '/' });
		{ dir => $dir, jobs => \@jobs, expected => \@expected,
			elsewhere => $elsewhere };
	};
}

# check_one_file(ENGINE, sub (URL) { ...; sub { texts } }): runs the tests.
sub check_one_file {
	my ($engine, $ask) = @_;
	my $p = _prepared();
	my $dir = tempdir();
	my $found = _found($ask, "$p->{dir}/test.html");
	is($found->{error}, undef, "$engine: the page runs");
	return if $found->{error};
	cmp_ok($found->{done}, '>', 500, "$engine: the page ran more than 500 jobs");
	is_deeply($found->{bad}, [], "$engine: the page prints the same as corscheck")
	    or _explain($found->{bad}, @$p{qw(jobs expected)});
	ok($found->{page},
	    "$engine: the page for a form is the same as that of the CGI program");
	is($found->{title}, 'Blocked - CORS analyzer',
	    "$engine: submitting a form shows its verdict");
	like($found->{answer}, qr/origin-not-allowed/,
	    "$engine: the verdict has its reason");
	like($found->{live}, qr/orgins/,
	    "$engine: errors are shown while the user types");
	like($found->{reference}, qr/Reference/,
	    "$engine: the link to the reference works");
	is($found->{fetch}, 'blocked', "$engine: fetch() is blocked");
	is_deeply([ sort @{ $found->{violations} } ], [ 'connect-src', 'img-src' ],
	    "$engine: the CSP blocks fetch() and images");
	ok(!IO::Select->new($p->{elsewhere})->can_read(0),
	    "$engine: no connection arrived at the other server");
	is($found->{regex}, 'Blocked - CORS analyzer',
	    "$engine: origins-regex is matched by the browser's RegExp");
	_check_upload($dir, $found->{zip});
	return;
}

sub _explain {
	my ($bad, $jobs, $expected) = @_;
	diag(scalar(@$bad), ' results differ from those of corscheck');
	for my $one (@$bad) {
		my $i = $one->[0];
		diag("job $i, input: ", substr $jobs->[$i]{input}, 0, 300);
		diag(JSON::PP->new->canonical->pretty->encode($one));
		diag("expected $_: ", substr $expected->[$i]{$_}, 0, 2000)
		    for qw(status stdout stderr);
	}
	return;
}

1;
