#!/usr/bin/perl
# Every policy in a manual page or the README lints without errors, since
# people copy them; and the picture is made from its text.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Test;
use File::Basename qw(basename);
use Test::More;

my $dir = tempdir();
write_file("$dir/customers.txt", "https://customer.example\n");

# The literal displays of a manual page, or of Markdown, with what stands
# before them.
sub displays {
	my ($file) = @_;
	my ($title, @found) = ('');
	my $text = read_file($file);
	if ($file =~ /\.md$/) {
		push @found, ['a policy', $1] while $text =~ /^```ini\n(.*?)^```/gms;
		return @found;
	}
	for my $line ($text =~ /^(.*)\n/gm) {
		if (ref $found[-1] && !$found[-1][2]) {
			$found[-1][2] = 1, next if $line =~ /^\.Ed/;
			next if $line =~ /^\.\\"/;
			$line =~ s/\\&//g;
			$line =~ s/\\e/\\/g;
			$found[-1][1] .= "$line\n";
		} elsif ($line =~ /^\.S[sh] (.*)/) {
			$title = $1;
		} elsif ($line =~ /^\.Bd -literal/) {
			push @found, [$title, '', 0];
		}
	}
	return @found;
}

my $n = 0;
for my $file (glob(top_src() . '/doc/*.[1578]'), top_src() . '/README.md') {
	my $name = basename($file);
	for (displays($file)) {
		my ($title, $policy) = @$_;
		next unless $policy =~ /^\[(?:app|cors)\b/m;
		# A part is only about programs: other parts say which pages
		# may call them.
		$policy .= "[cors]\norigins = https://a.example\n"
		    unless $policy =~ /^\[cors\b/m;
		write_file("$dir/policy.ini", $policy);
		my ($status, $out, $err) =
		    run([ corscheck(), 'lint', "$dir/policy.ini" ]);
		is($status, 0, "$name: $title") or diag($out . $err . $policy);
		unlike($out . $err, qr/ error: /, "$name: $title: no error");
		$n++;
	}
}
cmp_ok($n, '>=', 15, 'policies were found');

# --- the output of `corscheck import` in corswrap-migration(7)
# ----------------------

my %import = (apache => '.htaccess', nginx => 'site.conf');
my @migration = displays(top_src() . '/doc/corswrap-migration.7');
for my $i (0 .. $#migration - 1) {
	my ($title, $lines) = @{ $migration[$i] };
	my $from = $title =~ /Apache/ ? 'apache' : $title =~ /nginx$/ ? 'nginx' : next;
	next unless $lines =~ /Access-Control/;
	write_file("$dir/$import{$from}", $lines);
	my ($exit, $made) = run([ corscheck(), 'import', '--from', $from,
		"$dir/$import{$from}" ]);
	is($exit, 0, "corscheck import: $title");
	is($made =~ s/\A;.*\n\n//r, $migration[ $i + 1 ][1],
	    'and the policy is the one that is shown');
	delete $import{$from};
}
is_deeply(\%import, {}, 'both servers were imported');

# --- lines for nginx ---------------------------------------------------------------

my $status;
SKIP: {
	my $nginx = have_program('nginx') or skip 'no nginx', 1;
	my (%in, %taken);
	run([ 'cp', '/etc/nginx/fastcgi_params', $dir ]);
	for my $file (glob(top_src() . '/doc/*.[578]')) {
		for (displays($file)) {
			my ($title, $lines) = @$_;
			my $where = $lines =~ /^(?:location|fastcgi_\w+) /m ? 'server'
			    : $lines =~ /^(?:upstream|log_format) /m ? 'http' : next;
			# The first is what is replaced; the others name an upstream.
			next if $lines =~ /^(?:FROM|#.*corscheck)|\Afastcgi_pass corswrap;/m;
			$lines = "location /x {\n$lines}\n" if $lines =~ /\Afastcgi_/;
			my ($http, $server) = $where eq 'http' ? ($lines, '') : ('', $lines);
			$http =~ s{/var/log/nginx}{$dir}g;
			write_file("$dir/nginx.conf", "pid $dir/pid; error_log stderr;\n"
			    . "events {}\nhttp { access_log off;\n$http\n"
			    . "server { listen 127.0.0.1:1;\n$server\n} }\n");
			my ($exit, undef, $err) =
			    run([ $nginx, '-t', '-q', '-p', $dir, '-c', "$dir/nginx.conf" ]);
			is($exit, 0, basename($file) . ": $title: nginx takes it")
			    or diag($err, $lines);
			$taken{ basename($file) }++;
		}
	}
	cmp_ok(scalar keys %taken, '>=', 3, 'lines for nginx were found');
}

# --- commands that are shown ---------------------------------------------------------

# Each option of a command is one that it has.
my $manual = read_file(top_src() . '/doc/corscheck.1');
my %options;
for my $file (glob(top_src() . '/doc/*.[1578]'), top_src() . '/README.md') {
	my $text = read_file($file) =~ s/\\e\n/ /gr =~ s/\\\n/ /gr;
	while ($text =~ /^(?:\.Dl |\$ | {4})?(?:\$ )?corscheck (\w+)((?: .*)?)$/mg) {
		my ($command, $rest) = ($1, $2);
		$rest =~ s/ [|>].*//;
		$options{$command} //= do {
			my (undef, $out) = run([ corscheck(), $command, '-h' ]);
			$out;
		};
		for ($rest =~ /(?<=\s)(--?[a-zA-Z]+)/g) {
			my $fl = s/^--/Fl Fl /r =~ s/^-/Fl /r;
			ok($options{$command} =~ /\Q$_\E\b/ || $manual =~ /\b$fl\b/,
			    basename($file) . ": corscheck $command $_");
		}
	}
}
cmp_ok(scalar keys %options, '>=', 5, 'commands were found');

for my $name (qw(exchange request)) {
	($status, my $svg) = run([ $^X, top_src() . '/doc/draw-exchange',
	    top_src() . "/doc/$name.txt" ]);
	is($svg, read_file(top_src() . "/doc/$name.svg"),
	    "$name: the picture is drawn from its text");
}
# The life of a request is that of the code.
my $life = read_file(top_src() . '/doc/request.txt');
my $code = join '', map { read_file($_) } glob top_src() . '/src/{serve,cors,run}/*.c';
my %named = map { $_ => 1 } $life =~ /\b([a-z]\w*)\(\)/g;
cmp_ok(scalar keys %named, '>=', 15, 'functions are named');
is_deeply([ grep { $code !~ /^(?:\t*\.|\w[\w \t*]*\W)?$_\(|\.$_\b|->$_\(/m } sort keys %named ],
    [], 'and each is in the code');

# --- a first run
# ---------------------------------------------------------------------

for my $program (corswrap(), corscheck()) {
	($status, my $help) = run([ $program, '-h' ]);
	is($status, 0, basename($program) . ' -h');
	my @lines = split /\n/, $help;
	cmp_ok(scalar @lines, '<=', 24, 'fits a screen');
	is(scalar(grep { length > 80 } @lines), 0, 'and its width');
	like($help, qr/corscheck|corswrap\(8\)/, 'and names what is next');
}

SKIP: {
	skip 'no mandoc', 1 unless have_program('mandoc');
	skip 'built elsewhere', 1 unless -e top_build() . '/Makefile';
	my ($made, $out, $err) =
	    run([ 'make', '-s', '-C', top_build(), 'html' ]);
	is($made, 0, 'make html') or diag $err;
	for my $page (glob top_src() . '/doc/*.[1578]') {
		my $name = top_build() . '/html/' . basename($page);
		like(read_file("$name.html"), qr{<h1.*</html>}s,
		    basename($page) . ' as HTML');
		like(read_file("$name.txt"), qr/^NAME\n/m, 'as text');
		unlike(read_file("$name.txt"), qr/[\b\e]/, 'plain text');
	}
}
done_testing;
