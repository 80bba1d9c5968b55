#!/usr/bin/perl
# Apache mod_cgid and mod_cgi: a program with its policy beside it.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no Apache' unless have_program('apache2');
for my $module (qw(cgid cgi)) {
	my $dir = tempdir();
	mkdir "$dir/cgi";
	write_file("$dir/legacy.pl", script("$dir/count"), 0755);
	write_file("$dir/count", '', 0666);
	write_file("$dir/cgi/.htapi.ini", policy("exec = $dir/legacy.pl"));
	install_program(corswrap(), "$dir/cgi/api.cgi");
	my $socket = $module eq 'cgid' ? "ScriptSock $dir/run/cgid.sock" : '';
	my $port = apache($dir, <<"END", $module);
$socket
ScriptAlias /cgi-bin/ $dir/cgi/
<Directory $dir/cgi>
    Require all granted
</Directory>
END
	subtest "mod_$module" =>
	    sub { check_exchanges($port, '/cgi-bin/api.cgi', "$dir/count") };
	diag(read_file("$dir/error.log"))
	    unless Test::More->builder->is_passing;
}
done_testing;
