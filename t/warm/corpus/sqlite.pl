#!/usr/bin/perl
# A database that is opened by the program itself, at each request.
use strict;
use warnings;
use DBI;
print "Content-Type: text/plain\n\n";
my $db = DBI->connect("dbi:SQLite:dbname=$ENV{GUESTBOOK}/db", '', '',
    { RaiseError => 1, AutoCommit => 1 });
$db->sqlite_busy_timeout(20000);
$db->do('create table if not exists hits (page text primary key, n integer)');
$db->do('insert or ignore into hits values (?, 0)', undef, 'x');
$db->do('update hits set n = n + 1 where page = ?', undef, 'x');
print "row ", join(' ', $db->selectrow_array('select page, n > 0 from hits')), "\n";
$db->disconnect;
