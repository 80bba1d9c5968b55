#!/usr/bin/perl
# Apache mod_fcgid with FcgidWrapper.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Corswrap::Exchange;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no Apache with mod_fcgid'
    unless have_program('apache2') && -e module_folder() . '/mod_fcgid.so';
my $dir = tempdir();
mkdir "$dir/cgi";
write_file("$dir/cgi/legacy.pl", script("$dir/count"), 0755);
write_file("$dir/count", '', 0666);
write_file("$dir/policy.ini", policy("root = $dir/cgi"));
install_program(corswrap(), "$dir/corswrap");
my $port = apache($dir, <<"END", 'fcgid');
FcgidIPCDir $dir/run
FcgidProcessTableFile $dir/run/fcgid_shm
FcgidInitialEnv CORSWRAP_CONFIG $dir/policy.ini
FcgidMaxRequestLen 134217728
FcgidOutputBufferSize 0
Alias /cgi $dir/cgi
<Directory $dir/cgi>
    Options +ExecCGI
    Require all granted
    AddHandler fcgid-script .pl
    FcgidWrapper $dir/corswrap .pl
</Directory>
END
check_exchanges($port, '/cgi/legacy.pl', "$dir/count");
diag(read_file("$dir/error.log")) unless Test::More->builder->is_passing;
done_testing;
