#: seen http://enable-cors.org/server_cgi.html
#
#: ids stays
#: allow https://any.example GET
#!/usr/bin/perl
use CGI qw(header);
print header(
    -type => 'text/turtle',
    -access_control_allow_origin => '*',
);
