#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A CGI program that does not implement CORS.
use strict;
use warnings;
print "Content-Type: text/plain\r\n\r\n",
    "$ENV{REQUEST_METHOD} $ENV{SCRIPT_NAME}: hello\n";
