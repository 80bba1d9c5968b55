#!/usr/bin/perl
# lighttpd mod_fastcgi starts the responder, on descriptor 0.
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
write_file("$dir/legacy.pl", script("$dir/count"), 0755);
write_file("$dir/policy.ini", policy("exec = legacy.pl"));
my $port = lighttpd($dir, sprintf(<<'END', corswrap(), $dir, $dir));
fastcgi.server = ( "/api" => ((
	"bin-path" => "%s -c %s/policy.ini",
	"socket" => "%s/corswrap.sock",
	"max-procs" => 1,
	"check-local" => "disable"
)) )
END
check_exchanges($port, '/api', "$dir/count");
done_testing;
