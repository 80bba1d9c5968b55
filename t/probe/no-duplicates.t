#!/usr/bin/perl
# The advice of `corscheck probe` never leads to duplicate CORS headers: a
# server that adds CORS headers itself, in front of a program with and without
# them; the advice is followed literally and the probe repeated, until it
# allows the request without findings.  Then the response has one
# Access-Control-Allow-Origin, of every status.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use JSON::PP ();
use Test::More;

my $origin = 'https://app.example.com';
my $acao = 'Access-Control-Allow-Origin';
my @credentials = ('', '--credentials');

# As people write it, and where in init's text it goes.
my %usual = (
	nginx          => qq(add_header $acao "$origin";),
	'apache-fcgid' => qq(Header set $acao "$origin"),
	'apache-cgi'   => qq(Header add $acao "$origin"),
	'apache-proxy' => qq(Header always set $acao "$origin"),
	lighttpd       => qq{setenv.add-response-header = ( "$acao" => "$origin" )},
	caddy          => qq(header $acao "$origin"),
	haproxy        => qq(http-response add-header $acao "$origin"),
);
my %place = (
	nginx    => qr/^location [^{]*\{\n/m,
	caddy    => qr/^handle \S+ \{\n/m,
	haproxy  => qr/^    mode http\n/m,
	lighttpd => qr/^\$HTTP\["url"\][^{]*\{\n/m,
	map { $_ => qr/^/ } qw(apache-fcgid apache-cgi apache-proxy),
);

# When the program sends the header itself: never, always, unless it fails.
my @cases = (
	[ 'n1', 'never', 1 ], [ 'n0', 'never', 0 ], [ 'a1', 'always', 1 ],
	[ 'o1', 'ok', 1 ], [ 'o0', 'ok', 0 ],
);

sub program {
	my ($dir, $name, $own) = @_;
	return write_file("$dir/$name.pl", <<"END", 0755);
#!$^X
my \$ok = (\$ENV{PATH_INFO} // '') !~ /error/;
print "Status: 404 Not Found\\n" unless \$ok;
print "$acao: $origin\\nAccess-Control-Allow-Credentials: true\\n"
    if '$own' eq 'always' || ('$own' eq 'ok' && \$ok);
print "Content-Type: text/plain\\n\\nx\\n";
END
}

# A case's part of the server: init's text with its lines in their place.
sub part {
	my ($dir, $server, $case) = @_;
	my $site = init_site($dir, $server, $case->{name}, '--path',
	    "/$case->{name}", '--exec', program($dir, @$case{qw(name own)}));
	# Without a policy for the request corswrap works like fcgiwrap.
	my $policy = read_file($site->{policy});
	$policy =~ s/^\[cors.*?(?=^\[|\z)//msg;
	write_file($site->{policy}, $policy . ($case->{origins}
	    ? "\n[cors]\norigins = $case->{origins}\ncredentials = yes\n"
	    : "\n[cors never]\npath = /never\norigins = https://never.example\n"));
	my ($down, $lines) = map { join '', map { "$_\n" } @$_ }
	    [ grep { /^header_down/ } @{ $case->{lines} } ],
	    [ grep { !/^header_down/ } @{ $case->{lines} } ];
	$lines = "<Location \"/$case->{name}\">\n$lines</Location>\n"
	    if $server =~ /^apache/ && $lines ne '';
	$site->{text} =~ s/($place{$server})/$1$lines/ or die $site->{text};
	$site->{text} =~ s/(^ *reverse_proxy .*\{\n)/$1$down/m
	    or die $site->{text} if $down ne '';
	return $site;
}

my %more = (
	lighttpd => ["server.modules += ( \"mod_setenv\" )\n"],
	map { $_ => [ '', 'headers' ] } qw(apache-fcgid apache-cgi apache-proxy),
);

sub probe {
	my ($port, $path, @flags) = @_;
	my ($exit, $out, $err) = run([ corscheck(), 'probe', '--json',
		grep({ length } @flags), '--origin', $origin,
		"http://127.0.0.1:$port$path" ], timeout => 60);
	return eval { JSON::PP->new->utf8->decode($out) } // die "$out$err";
}

sub count {
	my ($port, $path) = @_;
	my $r = http($port, 'GET', $path, [ Origin => $origin ]) or return 'none';
	return scalar headers($r, $acao);
}

# Apply the advice to the case; false: it has no directive to apply.
sub follow {
	my ($case, $advice) = @_;
	if ($advice =~ /take it out of the web server's configuration/) {
		$case->{lines} = [];
	} elsif ($advice =~ /in place of other lines for them:/) {
		$case->{lines} = [ $' =~ /`([^`]+)`/g ];
	} elsif ($advice =~ /put corswrap in front of it, with `origins = ([^`]+)`/) {
		$case->{origins} = $1;
	} else {
		return 0;
	}
	return 1;
}

# One probe of a case: the advice, '' if there is none.
sub advice {
	my ($port, $case) = @_;
	for my $what ('ok', 'error') {
		my $path = "/$case->{name}/$what";
		my $got = probe($port, $path, $case->{flags});
		my $count = count($port, $path);
		$case->{count}{$what} = $count;
		return $got->{fix} // 'blocked without advice'
		    if $got->{verdict} ne 'allowed';
		fail("$case->{name}: allowed with $count of them") if $count ne '1';
		my ($bad) = grep { $_->{id} =~
		    /^(?:duplicate-header|error-without-cors)$/ }
		    @{ $got->{findings} };
		return $bad->{fix} if $bad;
	}
	return '';
}

sub try {
	my ($server, $flags) = @_;
	my @open = map { { name => $_->[0], own => $_->[1], flags => $flags,
		lines => $_->[2] ? [ $usual{$server} ] : [], advised => [] } }
	    @cases;
	for my $round (1 .. 5) {
		my $dir = init_folder();
		my @sites = map { part($dir, $server, $_) } @open;
		my $site = { %{ $sites[0] },
			text => join "\n", map { $_->{text} } @sites };
		my $port = init_serve($site, @{ $more{$server} // [] });
		my @left;
		for my $case (@open) {
			my $advice = advice($port, $case);
			if ($advice eq '') {
				my @counts = map { "$_: $case->{count}{$_}" }
				    sort keys %{ $case->{count} };
				is("@counts", 'error: 1 ok: 1', "$server "
				    . "$flags $case->{name}: one header after "
				    . @{ $case->{advised} } . ' changes');
				next;
			}
			push @{ $case->{advised} }, $advice;
			if (follow($case, $advice)) {
				push @left, $case;
			} else {
				fail("$server $case->{name}: nothing to do");
				diag join "\n", @{ $case->{advised} };
			}
		}
		init_stop($site);
		@open = @left or last;
	}
	for my $case (@open) {
		fail("$server $flags $case->{name}: it never ends");
		diag join "\n", @{ $case->{advised} };
	}
	return;
}

for my $server (grep { $usual{$_} } init_servers()) {
	try($server, $_)
	    for $ENV{CORSWRAP_LONG} || $server eq 'nginx' ? @credentials : '';
}

done_testing;
