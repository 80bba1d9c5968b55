# SPDX-License-Identifier: ISC
#
# Scenario files t/cases/*.ini: a policy whose comments are requests and the
# responses that they must get.  Such a file is itself a valid policy.
#
#	; Text for the reader.
#	[cors]
#	origins = https://a.example
#
#	;= what this request shows
#	;> PUT /cgi-bin/app
#	;> Origin: https://a.example
#	;> $HTTPS=on
#	;+ X-Total-Count: 3
#	;< app
#	;< Access-Control-Allow-Origin: https://a.example
#	;< Vary: Origin
#
# `;=` begins a request and names it.  The first `;>` is its request line, the
# others are its header fields; `$NAME=value` is a variable that the web server
# sets in addition.  `;+` is a header field that the application sends (also
# `Status`).  The first `;<` is the expected status, or `app` if the application
# must run and its status must be passed on.  The others are all the header fields
# that CORS affects, exactly and as often as they must occur; fields that are not
# listed must be absent.

package Corswrap::Cases;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(read_case case_files policy_with_app case_variables
    case_complaints cors_fields);

# Is this a field of CORS, or one that corswrap adds?
sub _is_ours {
	my ($name) = @_;
	return lc($name) =~ /^(?:access-control-.*|vary|allow
		|timing-allow-origin|cross-origin-resource-policy|x-corswrap-reason)$/x;
}

sub case_files {
	my ($top) = @_;
	return sort glob "$top/t/cases/*.ini";
}

# Returns { text => the file, requests => [ { name, method, uri,
# headers => [[n, v]], variables => [[n, v]], app => [[n, v]], status,
# expect => [[n, v]] } ] }.
sub read_case {
	my ($file) = @_;
	open my $h, '<:raw', $file or die "$file: $!";
	my %case = (text => '', requests => []);
	my $r;
	while (my $line = <$h>) {
		$case{text} .= $line;
		chomp $line;
		next unless $line =~ /^;([=>+<])\s*(.*?)\s*$/;
		my ($mark, $rest) = ($1, $2);
		if ($mark eq '=') {
			$r = { name => $rest, headers => [], variables => [],
				app => [], expect => [] };
			push @{ $case{requests} }, $r;
			next;
		}
		die "$file:$.: ;$mark before the first ;=\n" unless $r;
		_take($r, $mark, $rest) or die "$file:$.: $line\n";
	}
	for (@{ $case{requests} }) {
		die "$file: \"$_->{name}\" is not whole\n"
		    unless defined $_->{method} && defined $_->{status};
	}
	return \%case;
}

sub _take {
	my ($r, $mark, $rest) = @_;
	if ($mark eq '>' && !defined $r->{method}) {
		@$r{qw(method uri)} = $rest =~ /^(\S+)\s+(\S+)$/ or return 0;
	} elsif ($mark eq '>' && $rest =~ /^\$(\w+)=(.*)$/) {
		push @{ $r->{variables} }, [ $1, $2 ];
	} elsif ($mark eq '<' && !defined $r->{status}) {
		return 0 unless $rest =~ /^(?:app|\d{3})$/;
		$r->{status} = $rest;
	} else {
		my $list = { '>' => 'headers', '+' => 'app', '<' => 'expect' };
		return 0 unless $rest =~ /^([^:\s]+):\s*(.*)$/;
		push @{ $r->{ $list->{$mark} } }, [ $1, $2 ];
	}
	return 1;
}

# Returns the policy with the application added to it.
sub policy_with_app {
	my ($text, $program) = @_;
	return $text if $text =~ s/^(\[app\][^\n]*\n)/$1exec = $program\n/m;
	return "$text\n[app]\nexec = $program\n";
}

# Returns the variables that the web server sets for the request, as name and
# value pairs.
sub case_variables {
	my ($r) = @_;
	my ($host) = map { $_->[1] } grep { lc $_->[0] eq 'host' }
	    @{ $r->{headers} };
	my @app = @{ $r->{app} };
	push @app, [ 'Content-Type', 'text/plain' ]
	    unless grep { lc $_->[0] eq 'content-type' } @app;
	my $output = join '', map { "$_->[0]: $_->[1]\r\n" } @app;
	my @list = (
		GATEWAY_INTERFACE => 'CGI/1.1',
		SERVER_PROTOCOL   => 'HTTP/1.1',
		SERVER_NAME       => 'www.example.org',
		SERVER_PORT       => '80',
		REQUEST_METHOD    => $r->{method},
		REQUEST_URI       => $r->{uri},
		SCRIPT_NAME       => '/cgi-bin/app',
		APP_OUTPUT        => "X-App: ran\r\n$output\r\napp ran\n",
	);
	push @list, HTTP_HOST => 'www.example.org' unless defined $host;
	for (@{ $r->{headers} }) {
		my $name = uc $_->[0];
		$name =~ tr/-/_/;
		push @list, "HTTP_$name" => $_->[1];
	}
	push @list, @$_ for @{ $r->{variables} };
	return @list;
}

# Returns the fields of a response that a case must list, as sorted lines; blanks
# around commas are normalised.
sub cors_fields {
	my ($fields) = @_;
	return [ sort map { lc($_->[0]) . ': ' . $_->[1] =~ s/\s*,\s*/, /gr }
	    grep { _is_ours($_->[0]) } @$fields ];
}

# Compares the response (from parse_response, with status) with the expected one,
# and returns the differences.
sub case_complaints {
	my ($r, $got) = @_;
	my $ran = $got->{header}{'x-app'} ? 1 : 0;
	my ($status) = map { $_->[1] =~ /^(\d+)/ }
	    grep { lc $_->[0] eq 'status' } @{ $r->{app} };
	my $want = $r->{status} eq 'app' ? $status || 200 : $r->{status};
	my @wrong;
	push @wrong, "status $got->{status}, expected $want"
	    if $got->{status} != $want;
	push @wrong, $ran ? 'the application ran' : 'the application did not run'
	    if $ran != ($r->{status} eq 'app');
	my $have = join "\n", @{ cors_fields($got->{headers}) };
	my $need = join "\n", @{ cors_fields($r->{expect}) };
	push @wrong, "has\n$have\nexpected\n$need" if $have ne $need;
	return @wrong;
}

1;
