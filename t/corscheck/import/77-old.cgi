#: seen http://enable-cors.org/server_cgi.html
#
#: ids stays
#: allow https://any.example GET x-token
#!/usr/bin/perl
print "Content-type: text/plain\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: X-Token\n\n";
print "hello\n";
