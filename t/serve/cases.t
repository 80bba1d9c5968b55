#!/usr/bin/perl
# The scenario files t/cases/*.ini through corswrap, as CGI and as FastCGI.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use Corswrap::Cases
    qw(read_case case_files policy_with_app case_variables case_complaints);
use Corswrap::FastCGI qw(fcgi_get);
use File::Basename qw(basename);
use File::Copy qw(copy);
use Corswrap::Test;
use Test::More;

my $dir   = tempdir();
my $app   = app_program("$dir/app");
my @files = case_files(top_src());
cmp_ok(scalar @files, '>=', 25, 'the cases are there');
copy($_, "$dir/") for glob top_src() . '/t/cases/*.txt';

my @keys = qw(origins origins-file origins-regex methods headers expose
    credentials max-age preflight preflight-status allow enforce timing
    resource-policy isolate app-headers debug allow-null allow-insecure allow-public-suffix path host);
my $all = join '', map { read_case($_)->{text} } @files;
like($all, qr/^\Q$_\E\s*=/m, "some case has $_") for @keys;

for my $file (@files) {
	my $case   = read_case($file);
	my $name   = basename($file, '.ini');
	my $policy = write_file("$dir/policy.ini",
		policy_with_app($case->{text}, $app));
	my $responder = eval { responder($policy) };
	ok($responder, "$name: the policy is good") or do {
		diag($@);
		next;
	};
	for my $request (@{ $case->{requests} }) {
		my @pairs = case_variables($request);
		my $cgi   = cgi_run(env => { PATH => $ENV{PATH},
			CORSWRAP_CONFIG => $policy, @pairs });
		my $fcgi = fcgi_get($responder->{address}, params => \@pairs,
			timeout => 60);
		for ([ CGI => $cgi, $cgi->{stderr} ],
			[ FastCGI => $fcgi, read_file($responder->{log}) ]) {
			my ($mode, $r, $log) = @$_;
			my @wrong = case_complaints($request, $r);
			ok(!@wrong, "$name: $request->{name} ($mode)")
			    or diag(join "\n", @wrong, $log);
		}
	}
}

done_testing;
