# SPDX-License-Identifier: ISC
#
# Turns the rows of t/vectors/cors.tsv into policies, requests and expected results,
# and compares these with a response.  The first line of that file explains its
# encoding.

package Corswrap::Vectors;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(rows policy_text request_variables complaints);

# Expands {N*X}, nested ones from the inside, then {AAA..BBB}, \t, \xHH.
sub expand {
	my ($text) = @_;
	1 while $text =~ s/\{(\d+)\*([^{}]*)\}/$2 x $1/e;
	$text =~ s/\\t/\t/g;
	$text =~ s/\\x([0-9a-fA-F]{2})/chr hex $1/ge;
	return $text;
}

sub _request_value {
	my ($text) = @_;
	return undef if $text eq '-';
	$text = $1 if $text =~ /^"(.*)"$/s;
	return expand($text);
}

# Returns every row of a kind ("request", "config"), as a hash by column.
sub rows {
	my ($file, $kind) = @_;
	open my $h, '<:raw', $file or die "$file: $!";
	my (@columns, @rows);
	while (my $line = <$h>) {
		chomp $line;
		next if $line =~ /^#/ || $line eq '';
		my @fields = split /\t/, $line, -1;
		if (!@columns) {
			@columns = @fields;
			next;
		}
		my %row;
		@row{@columns} = @fields;
		push @rows, \%row if $row{kind} eq $kind;
	}
	return @rows;
}

# Turns "key=value; key=value" and "[/path] key=value" into a policy, and returns it
# with the parts that describe the environment: { text, uri, app_status,
# app_headers }.
sub policy_text {
	my ($row) = @_;
	my %fixture = (uri => '/cgi-bin/app', app_headers => []);
	my (%section, @order, $name);
	my $open = sub {
		my ($key) = @_;
		push @order, $key unless $section{$key};
		$section{$key} ||= [];
		$name = $key;
	};
	for my $item (split /;\s*/, $row->{policy}) {
		if ($item =~ s/^\[([^\]]+)\]\s*//) {
			$open->($1);
		}
		my ($key, $value) = split /=/, $item, 2;
		if ($key eq 'uri') {
			$fixture{uri} = $value;
		} elsif ($key eq 'app-status') {
			$fixture{app_status} = $value;
		} elsif ($key eq 'app-header') {
			push @{ $fixture{app_headers} }, $value;
		} elsif ($key eq 'app') {
			$fixture{app_status} = $1 if $value =~ /^(\d+)/;
		} elsif ($key eq 'path') {
			my $old = $name;
			$open->($value);
			$section{$value} = delete $section{$old} if defined $old;
			@order = grep { $section{$_} } @order;
		} else {
			$open->('') unless defined $name;
			push @{ $section{$name} }, "$key = " . expand($value);
		}
	}
	my $number = 0;
	my $text   = '';
	for my $key (@order) {
		$text .= $key eq '' ? "[cors]\n"
		    : '[cors s' . ++$number . "]\npath = $key\n";
		$text .= "$_\n" for @{ $section{$key} };
	}
	$fixture{text} = $text;
	return \%fixture;
}

# Returns the variables of the request as name and value pairs, in order.  If join is
# true, a header on several lines is joined as web servers do.
sub request_variables {
	my ($row, $fixture, %o) = @_;
	my @list = (
		GATEWAY_INTERFACE => 'CGI/1.1',
		SERVER_PROTOCOL   => 'HTTP/1.1',
		SERVER_NAME       => 'www.example.org',
		SERVER_PORT       => '80',
		HTTP_HOST         => 'www.example.org',
		REQUEST_METHOD    => $row->{method},
		REQUEST_URI       => $fixture->{uri},
		SCRIPT_NAME       => '/cgi-bin/app',
		APP_OUTPUT        => _app_output($fixture),
	);
	my $origin = _request_value($row->{origin});
	push @list, HTTP_ORIGIN => $origin if defined $origin;
	my $acrm = _request_value($row->{acrm});
	push @list, HTTP_ACCESS_CONTROL_REQUEST_METHOD => $acrm if defined $acrm;
	if ($row->{acrh} ne '-') {
		my @lines = map { _request_value($_) }
		    split /\\n/, $row->{acrh}, -1;
		@lines = join ', ', @lines if $o{join};
		push @list, HTTP_ACCESS_CONTROL_REQUEST_HEADERS => $_ for @lines;
	}
	return @list;
}

sub _app_output {
	my ($fixture) = @_;
	my @lines = ('Content-Type: text/plain', 'X-App: ran',
		@{ $fixture->{app_headers} });
	unshift @lines, "Status: $fixture->{app_status}"
	    if defined $fixture->{app_status};
	return join("\r\n", @lines) . "\r\n\r\napp ran\n";
}

sub _list {
	my ($text) = @_;
	return grep { $_ ne '' } split /\s*,\s*/, $text;
}

# Compares one expected cell with the values of a header.
sub _compare {
	my ($what, $want, $values, $fold) = @_;
	return () if $want eq '?';
	return defined $values ? "$what must be absent, is @$values" : ()
	    if $want eq '-';
	return "$what is absent, expected $want" unless defined $values;
	return "$what comes " . @$values . ' times' if @$values != 1;
	my @got = _list($fold ? lc $values->[0] : $values->[0]);
	my (%seen, @wrong);
	$seen{$_}++ for @got;
	push @wrong, "$what has $_ twice"
	    for grep { $seen{$_} > 1 } sort keys %seen;
	for my $token (_list($fold ? lc $want : $want)) {
		if ($token =~ s/^!//) {
			push @wrong, "$what has $token" if $seen{$token};
		} elsif (!$seen{$token}) {
			push @wrong, "$what lacks $token: $values->[0]";
		}
	}
	return @wrong;
}

# Compares the response (from parse_response, with status) with the expected one, and
# returns the differences.
sub complaints {
	my ($row, $fixture, $r) = @_;
	my $h   = $r->{header};
	my $ran = $h->{'x-app'} ? 1 : 0;
	my @wrong;
	if ($row->{exp_status} eq 'app') {
		my $status = $fixture->{app_status} || 200;
		push @wrong, "the application did not run: status $r->{status}"
		    unless $ran;
		push @wrong, "status $r->{status}, the application's is $status"
		    unless $r->{status} == $status;
	} else {
		my $class = $row->{exp_status} eq '2xx' ? qr/^2\d\d$/
		    : qr/^\Q$row->{exp_status}\E$/;
		push @wrong, "status $r->{status}, expected $row->{exp_status}"
		    unless $r->{status} =~ $class;
		push @wrong, 'the application ran' if $ran;
	}
	my $aca = 'access-control-';
	for ([ exp_acao => "${aca}allow-origin" ],
		[ exp_acac => "${aca}allow-credentials" ],
		[ exp_acam_contains => "${aca}allow-methods" ],
		[ exp_acah_contains => "${aca}allow-headers", 1 ],
		[ exp_acma => "${aca}max-age" ],
		[ exp_aceh_contains => "${aca}expose-headers", 1 ]) {
		my ($column, $name, $fold) = @$_;
		push @wrong, _compare($name, $row->{$column}, $h->{$name}, $fold);
	}
	# If Vary is absent, what it must not contain needs no check.
	my $vary = $h->{vary};
	push @wrong, _compare('vary', $row->{exp_vary_contains}, $vary, 1)
	    unless !$vary && $row->{exp_vary_contains} =~ /^!/;
	return @wrong;
}

1;
