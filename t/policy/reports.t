#!/usr/bin/perl
# Questions and problems that people reported in public
# (t/vectors/reports.tsv): the policies that they need lint clean and work,
# wrong ones are found.  explain predicts corswrap's responses.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::RealBin/../lib";

use Corswrap::CGI;
use Corswrap::Test;
use JSON::PP ();
use Test::More;
use Text::ParseWords qw(shellwords);

my $dir = tempdir();
# A program with CORS headers of its own, which policies always remove.
my $program = write_file("$dir/program", <<'SH', 0755);
#!/bin/sh
printf 'Access-Control-Allow-Origin: https://program.example\n'
printf 'Content-Type: text/plain\n\nx'
SH

sub lint {
	my ($status, $out) = run([ corscheck(), 'lint', 'p.ini' ], dir => "$dir");
	my @found = $out =~ /^p\.ini:\d+: (error|warning): .*\[([\w-]+)\]$/mg;
	my @ids;
	while (my ($severity, $id) = splice @found, 0, 2) {
		push @ids, "$severity:$id";
	}
	is($status, (grep { /^error/ } @ids) ? 1 : 0, 'its exit status');
	return @ids ? "@ids" : 'clean';
}

sub ask {
	my (@arguments) = @_;
	return run([ corscheck(), 'explain', '-p', "$dir/p.ini", @arguments ]);
}

# O=, M=, H= and a path.
sub fields {
	my ($request) = @_;
	my ($kind, @words) = split ' ', $request;
	my %f = (kind => $kind, M => 'GET', path => '/x');
	for my $word (@words) {
		if ($word =~ /^([OMH])=(.*)/) { $f{$1} = $2 } else { $f{path} = $word }
	}
	return \%f;
}

# Of corswrap, as a CGI program.
sub answer {
	my ($f) = @_;
	my %env = (CORSWRAP_CONFIG => "$dir/run.ini", REQUEST_URI => $f->{path},
		SCRIPT_NAME => '', PATH_INFO => $f->{path}, HTTP_HOST => 'api.test',
		GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => $f->{M},
		HTTP_ORIGIN => $f->{O});
	if ($f->{kind} eq 'PREFLIGHT') {
		$env{REQUEST_METHOD} = 'OPTIONS';
		$env{HTTP_ACCESS_CONTROL_REQUEST_METHOD} = $f->{M};
		$env{HTTP_ACCESS_CONTROL_REQUEST_HEADERS} = $f->{H} if $f->{H};
	}
	my $got = cgi_run(env => \%env);
	return $got->{status} if $f->{kind} eq 'PREFLIGHT';
	my ($origin) = @{ $got->{header}{'access-control-allow-origin'} // ['none'] };
	return $origin if $origin ne $f->{O};
	return $got->{header}{'access-control-allow-credentials'}
	    ? 'credentials' : 'echoed';
}

# The same request to explain: can the page read the response?
sub agrees {
	my ($f, $got) = @_;
	my @headers = map { ('-H', "$_: 1") } split /,/, $f->{H} // '';
	my ($status, $out) = ask('--json', '--url', "https://api.test$f->{path}",
		'--origin', $f->{O}, '-X', $f->{M}, @headers);
	my $object = eval { JSON::PP->new->decode($out) } // {};
	if ($f->{kind} eq 'PREFLIGHT') {
		my $r = $object->{preflight}{response};
		return is($r->{status}, $got, 'explain agrees') if $r;
		return fail('explain sees a preflight');
	}
	my $r = $object->{request}{response}{headers} // {};
	my %lower = map { lc $_ => $r->{$_} } keys %$r;
	my $origin = $lower{'access-control-allow-origin'};
	$origin = $origin->[0] if ref $origin;
	is($origin // 'none', $got eq 'echoed' || $got eq 'credentials' ? $f->{O}
		: $got, 'explain agrees') or diag($out);
}

# Rows whose suffixes are private ones of the list, such as vercel.app.
my %needs_psl = map { $_ => 1 } qw(label-1 label-8 regex-3);

open my $table, '<:raw', top_src() . '/t/vectors/reports.tsv' or die $!;
my @rows = map { chomp; [ split /\t/ ] } grep { !/^#/ } <$table>;
shift @rows;
cmp_ok(scalar @rows, '>', 90, 'the reports are there');
for my $row (@rows) {
	my ($id, $policy, $request, $expected) = @$row;
	if (my $why = delete $needs_psl{$id} && without('psl')) {
		SKIP: { skip "$id: $why", 1 }
		next;
	}
	my $text = $policy =~ s/; /\n/gr . "\n";
	write_file("$dir/p.ini", $text);
	write_file("$dir/run.ini", "[app]\nexec = $program\n$text");
	if ($request eq 'lint') {
		like(lint(), qr/\A(?:$expected)\z/, "$id: $policy");
	} elsif ($request =~ s/^explain //) {
		my (undef, $out, $err) = ask(shellwords($request));
		like("$out$err", qr/$expected/i, "$id: $request");
	} else {
		my $f = fields($request);
		my $got = answer($f);
		is($got, $expected, "$id: $request");
		agrees($f, $got);
	}
}
is_deeply([ keys %needs_psl ], [], 'the rows that need libpsl are there');
done_testing;
