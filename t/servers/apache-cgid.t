#!/usr/bin/perl
# Apache mod_cgid and mod_cgi: a program with its policy beside it, and Action,
# which sends scripts through it.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no Apache' unless have_program('apache2');

sub prepare {
	my $dir = site();
	symlink "$dir/corswrap", "$dir/cgi/$_.cgi" for qw(api scripts);
	return $dir;
}

my $dir = prepare();
write_file("$dir/cgi/.htapi.ini", policy('exec = report.pl'));
write_file("$dir/cgi/.htscripts.ini", policy("root = $dir/www"));
my $port = serve($dir, 'apache', 'apache-cgid.conf');
subtest 'mod_cgid' =>
    sub { check_exchanges($port, '/api', "$dir/run/count") };

write_file("$dir/www/apps/report.pl", script("$dir/run/count"), 0755);
unlink "$dir/run/count";
subtest 'Action' =>
    sub { check_exchanges($port, '/apps/report.pl', "$dir/run/count") };
show_logs($dir);

$dir = prepare();
write_file("$dir/cgi/.htapi.ini", policy('exec = report.pl'));
$port = apache($dir, <<"END", 'cgi');
ScriptAlias /cgi-bin/ $dir/cgi/
<Directory $dir/cgi>
    Options +FollowSymLinks
    Require all granted
</Directory>
END
subtest 'mod_cgi' =>
    sub { check_exchanges($port, '/cgi-bin/api.cgi', "$dir/run/count") };
show_logs($dir);
done_testing;
