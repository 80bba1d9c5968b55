#!/usr/bin/perl
# By https: the program has HTTPS, the port and the host as under bare Apache
# mod_cgid, and `enforce` treats https://HOST as the site's own pages, behind
# every server; with http neither.
# SPDX-License-Identifier: ISC
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Corswrap::Init;
use Corswrap::Server;
use Corswrap::Test;
use Test::More;

plan skip_all => 'no openssl' unless have_program('openssl');
plan skip_all => 'no curl' unless have_program('curl');
my @names = qw(HTTPS SERVER_PORT SERVER_NAME HTTP_HOST REQUEST_URI SCRIPT_NAME
    PATH_INFO REMOTE_ADDR);

sub certificate {
	my ($dir) = @_;
	my ($made, undef, $said) = run([ 'openssl', 'req', '-x509', '-newkey',
		'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days',
		'2', '-subj', '/CN=corswrap test', '-addext',
		'subjectAltName=IP:127.0.0.1', '-keyout', "$dir/key.pem",
		'-out', "$dir/cert.pem" ]);
	BAIL_OUT("no certificate: $said") if $made != 0;
	write_file("$dir/both.pem", read_file("$dir/cert.pem")
	    . read_file("$dir/key.pem"));
	chmod 0644, "$dir/key.pem", "$dir/both.pem";
	return;
}

# Lines for TLS on one more port, and other arguments of init_serve.
my %tls = (
	lighttpd => sub {
		my ($dir, $port) = @_;
		return <<"END";
server.modules += ( "mod_openssl" )
\$SERVER["socket"] == "127.0.0.1:$port" {
ssl.engine = "enable"
ssl.pemfile = "$dir/both.pem"
}
END
	},
	apache => sub {
		my ($dir, $port) = @_;
		return (<<"END", 'ssl');
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
SSLEngine on
SSLCertificateFile $dir/cert.pem
SSLCertificateKeyFile $dir/key.pem
</VirtualHost>
END
	},
	nginx => sub {
		my ($dir, $port) = @_;
		return <<"END";
listen 127.0.0.1:$port ssl;
ssl_certificate $dir/cert.pem;
ssl_certificate_key $dir/key.pem;
END
	},
	haproxy => sub {
		my ($dir, $port) = @_;
		return "    bind 127.0.0.1:$port ssl crt $dir/both.pem\n";
	},
	caddy => sub {
		my ($dir, $port) = @_;
		return ('', [ "https://127.0.0.1:$port",
			"tls $dir/cert.pem $dir/key.pem" ]);
	},
);

# curl, which knows the certificate: { status, body }.
sub get {
	my ($dir, $url, @headers) = @_;
	my ($exit, $out, $err) = run([ 'curl', '-sS', '--max-time', 60,
		'--noproxy', '*', '--cacert', "$dir/cert.pem",
		(map { ('-H', $_) } @headers), '-w', '\nSTATUS %{http_code}\n',
		$url ]);
	diag("$url: $err") if $exit != 0;
	my ($body, $status) = $out =~ /\A(.*)\nSTATUS (\d+)\n\z/s;
	return { status => $status // 0, body => $body // '' };
}

sub variables {
	my ($dir, $url, $port) = @_;
	my %v = get($dir, $url)->{body} =~ /^([A-Z_]+)=(.*)$/mg;
	s/\b$port\b/PORT/g for values %v;
	return \%v;
}

sub program {
	my ($dir) = @_;
	return write_file("$dir/report.pl", <<"END", 0755);
#!$^X
print "Content-Type: text/plain\\n\\n";
print "\$_=", \$ENV{\$_} // '', "\\n" for qw(@names);
END
}

sub bare {
	my $dir = tempdir();
	certificate($dir);
	my $program = program($dir);
	my $port = free_port();
	my ($more) = $tls{apache}->($dir, $port);
	mkdir "$dir/run";
	apache($dir, "${more}ScriptSock $dir/run/cgid.sock\n"
	    . "ScriptAlias /x $program\n<Directory $dir>\nRequire all granted\n"
	    . "</Directory>\n", qw(cgid ssl));
	return variables($dir, "https://127.0.0.1:$port/x/a%20b?c", $port);
}

my $want;
if (have_program('apache2') &&
    -e '/usr/lib/apache2/modules/mod_ssl.so') {
	$want = bare();
}
$want //= { HTTPS => 'on', SERVER_PORT => 'PORT', SERVER_NAME => '127.0.0.1',
	HTTP_HOST => '127.0.0.1:PORT', REQUEST_URI => '/x/a%20b?c',
	SCRIPT_NAME => '/x', PATH_INFO => '/a b', REMOTE_ADDR => '127.0.0.1' };
is($want->{HTTPS}, 'on', 'bare Apache: HTTPS');

sub missing {
	my ($server) = @_;
	return 'no mod_openssl' if $server =~ /^lighttpd/ &&
	    !grep { -e } glob '/usr/lib*/lighttpd/mod_openssl.so '
	    . '/usr/lib/*/lighttpd/mod_openssl.so';
	return 'no mod_ssl' if $server =~ /^apache/ &&
	    !-e '/usr/lib/apache2/modules/mod_ssl.so';
	return 'no TLS' if $server eq 'busybox';
	return;
}

for my $server (init_servers()) {
	SKIP: {
		my $missing = missing($server);
		skip "$server: $missing", 1 if $missing;
		subtest $server => sub { try($server) };
	}
}

sub try {
	my ($server) = @_;
	my $dir = init_folder();
	certificate($dir);
	my $site = init_site($dir, $server, 'x', '--path', '/x', '--exec',
	    program($dir));
	my $policy = read_file($site->{policy});
	$policy =~ s/^\[cors\]\n/[cors]\nenforce = block\n/m or die $policy;
	write_file($site->{policy}, $policy);
	my $tls = free_port();
	my ($kind) = $server =~ /^(\w+)/;
	my $plain = init_serve($site, $tls{$kind}->($dir, $tls));
	ok(wait_port($tls), 'it listens for TLS');
	my $path = '/x/a%20b?c';
	is_deeply(variables($dir, "https://127.0.0.1:$tls$path", $tls), $want,
	    'the variables of bare Apache') or diag($site->{text});
	my $v = variables($dir, "http://127.0.0.1:$plain$path", $plain);
	is($v->{HTTPS} // '', '', 'no HTTPS by http');
	is($v->{SERVER_PORT}, 'PORT', 'and its port');
	for ([ 'https', $tls, 'http' ], [ 'http', $plain, 'https' ]) {
		my ($scheme, $port, $other) = @$_;
		my $url = "$scheme://127.0.0.1:$port$path";
		is(get($dir, $url, "Origin: $scheme://127.0.0.1:$port")->{status},
		    200, "$scheme: a page of the site itself");
		is(get($dir, $url, "Origin: $other://127.0.0.1:$port")->{status},
		    403, "$scheme: one by $other is another's");
	}
	diag(server_logs($dir)) unless Test::More->builder->is_passing;
	init_stop($site);
	return;
}

done_testing;
