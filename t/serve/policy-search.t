#!/usr/bin/perl
# Where corswrap looks for the policy.
#
# SPDX-License-Identifier: ISC

use strict;
use warnings;
use FindBin ();
use lib "$FindBin::Bin/../lib";

use Corswrap::CGI;
use File::Copy qw(copy);
use Corswrap::Test;
use Test::More;

my $dir = tempdir();
mkdir "$dir/$_" for qw(a b c);

# A policy that is recognised by the origin that it allows.
sub policy {
	my ($path, $name) = @_;
	return write_file($path, "[app]\nexec = /bin/true\n[cors]\n"
		. "origins = https://$name.example\n");
}

sub place {
	my ($to) = @_;
	copy(corswrap(), $to) or die "$to: $!";
	chmod 0755, $to;
	return $to;
}

# Which of the policies is in force?
my @names = qw(env ht plain link other);
sub in_force {
	my (%o) = @_;
	for my $name (@names) {
		my $r = cgi_run(%o, env => {
			%{ $o{env} || {} },
			REQUEST_METHOD => 'OPTIONS',
			HTTP_ORIGIN    => "https://$name.example",
			HTTP_ACCESS_CONTROL_REQUEST_METHOD => 'GET',
		});
		return $name if $r->{status} == 204;
		return $r->{body} if $r->{status} == 500;
	}
	return 'none of them';
}

my $api = place("$dir/a/api.cgi");
is(in_force(program => $api), "[no-policy]\n", 'none at all');
policy("$dir/a/api.ini", 'plain');
is(in_force(program => $api), 'plain', 'NAME.ini beside NAME.cgi');
policy("$dir/a/.htapi.ini", 'ht');
is(in_force(program => $api), 'ht', '.htNAME.ini comes first');
policy("$dir/env.ini", 'env');
is(in_force(program => $api, env => { CORSWRAP_CONFIG => "$dir/env.ini" }),
	'env', 'CORSWRAP_CONFIG comes before both');
is(in_force(program => $api, env => { CORSWRAP_CONFIG => "$dir/nothing" }),
	"[no-policy]\n", 'and there is no way back from it');
is(in_force(program => $api, env => { CORSWRAP_CONFIG => '' }), 'ht',
	'but empty is as if unset');
# POSIX has nothing else, and a path that is wrong is no reason to guess.
is(in_force(program => $api, argv0 => '/elsewhere/other.cgi'),
	posix_only() ? "[no-policy]\n" : 'ht', 'argv[0] does not count');
# The kernel then calls it /dev/fd/N.
SKIP: {
	skip 'no python3', 1 unless have_program('python3');
	my $by_descriptor = write_file("$dir/fexecve", "#!/usr/bin/env python3\n"
	    . "import os\nos.execve(os.open('$api', os.O_RDONLY), ['$api'], os.environ)\n",
	    0755);
	is(in_force(program => $by_descriptor), 'ht', 'started by fexecve(3)');
}
# As mod_cgid and suEXEC start it, and thttpd, which names no SCRIPT_FILENAME.
is(in_force(program => $api, argv0 => 'api.cgi', cwd => '/',
	env => { SCRIPT_FILENAME => $api }), 'ht',
	'only the last part in argv[0]: SCRIPT_FILENAME');
is(in_force(program => $api, argv0 => 'api.cgi', cwd => "$dir/a"), 'ht',
	'only the last part in argv[0]: the working folder');
is(in_force(program => $api, argv0 => 'api.cgi', cwd => '/',
	env => { PATH => "/bin:$dir/a" }), 'ht',
	'only the last part in argv[0]: PATH');
# Another script of that folder is not ours.
is(in_force(program => $api, argv0 => 'api.cgi', cwd => '/',
	env => { SCRIPT_FILENAME => "$dir/b/other.pl" }),
	posix_only() ? "[no-policy]\n" : 'ht', 'and not the name of another');
is(in_force(program => $api, argv => [ '-c', "$dir/env.ini" ]), 'ht',
	'nor does -c under a web server');
is(in_force(program => './api.cgi', cwd => "$dir/a"), 'ht',
	'called by a relative path');

symlink '../a/api.cgi', "$dir/b/shop.cgi" or die;
is(in_force(program => "$dir/b/shop.cgi"), "[no-policy]\n",
	'a symbolic link is known by its own path');
policy("$dir/b/shop.ini", 'link');
is(in_force(program => "$dir/b/shop.cgi"), 'link', 'and has its own policy');

place("$dir/c/api.v2.fcgi");
policy("$dir/c/api.ini", 'other');
is(in_force(program => "$dir/c/api.v2.fcgi"), "[no-policy]\n",
	'the last extension alone goes');
policy("$dir/c/api.v2.ini", 'plain');
is(in_force(program => "$dir/c/api.v2.fcgi"), 'plain', 'the rest stays');
place("$dir/c/wrap");
policy("$dir/c/wrap.ini", 'plain');
is(in_force(program => "$dir/c/wrap"), 'plain', 'no extension at all');
policy("$dir/c/.hidden.ini", 'other');
place("$dir/c/.hidden");
is(in_force(program => "$dir/c/.hidden"), 'other',
	'a leading dot begins no extension');

symlink 'nowhere.ini', "$dir/c/.htwrap.ini" or die;
is(in_force(program => "$dir/c/wrap"), 'plain', 'a dangling link is no file');

# An unreadable one is the intended one.
mkdir "$dir/c/.htwrap2.ini";
place("$dir/c/wrap2");
policy("$dir/c/wrap2.ini", 'plain');
is(in_force(program => "$dir/c/wrap2"), "[no-policy]\n",
	'a policy that cannot be read');

done_testing;
