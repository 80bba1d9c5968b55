#!/usr/bin/perl
# lighttpd mod_cgi: a program with its policy beside it, and cgi.assign with
# corswrap as the handler of scripts.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no lighttpd' unless have_program('lighttpd');
my $dir = tempdir();
mkdir "$dir/www";
write_file("$dir/legacy.pl", script("$dir/count"), 0755);
write_file("$dir/www/named.pl", script("$dir/named"), 0755);
install_program(corswrap(), "$dir/www/api.cgi");
install_program(corswrap(), "$dir/wrapper");
write_file("$dir/www/.htapi.ini", policy("exec = $dir/legacy.pl"));
write_file("$dir/wrapper.ini", policy("root = $dir/www"));
my $port = lighttpd($dir, <<"END");
cgi.assign = ( "api.cgi" => "", ".pl" => "$dir/wrapper" )
END
subtest 'beside its policy' =>
    sub { check_exchanges($port, '/api.cgi', "$dir/count") };
subtest 'as a handler' =>
    sub { check_exchanges($port, '/named.pl', "$dir/named") };
done_testing;
