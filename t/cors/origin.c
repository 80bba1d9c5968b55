/*
 * Origins: valid ones in policies and in requests, and which patterns match
 * which origins.  Every text is parsed at the end and at the beginning of
 * memory, so that reading one byte too many crashes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>

#include "cors/origin.h"
#include "unit.h"

struct row {
	const char *name; /* the pattern, which is also the test's name */
	const char *id;	  /* of its fault, or "none" */
};

static const struct row patterns[] = {
    {"https://example.com", "none"},
    {"https://example.com:8443", "none"},
    {"https://*.example.com", "none"},
    {"https://*.example.com.", "none"},
    {"http://localhost:*", "none"},
    {"http://*.example.com:*", "none"},
    {"a://example.com", "none"},
    {"connector://localhost", "none"},
    {"chrome-extension://abcdef", "none"},
    {"a1+b-c.d://x", "none"},
    {"http://69.254.169.254", "none"},
    {"https://127.0.0.1:90", "none"},
    {"http://0.0.0.0", "none"},
    {"http://255.255.255.255", "none"},
    {"http://127.0.0.1:*", "none"},
    {"http://[::1]:90", "none"},
    {"http://[::1]:*", "none"},
    {"http://[::]", "none"},
    {"http://[1::]", "none"},
    {"http://[::8]", "none"},
    {"http://[2001:db8:aaaa:1111::100]", "none"},
    {"http://[1:2:3:4:5:6:7:8]", "none"},
    {"http://[1:0:0:2::3]", "none"},
    {"http://[1::2:0:0:3]", "none"},
    {"http://[1:0:2:3:4:5:6:7]", "none"},
    {"http://[::ffff:0:7f7f:7f7f]", "none"},
    {"http://example.com.:3999", "none"},
    {"http://ex_am-ple.com", "none"},
    {"https://-a-.example", "none"},
    {"https://r3---sn-apo3.example", "none"},
    {"https://3com.example", "none"},
    {"https://1.2.3.example", "none"},
    {"https://foo:80", "none"},
    {"http://foo:443", "none"},
    {"app://foo:443", "none"},
    {"https://foo:1", "none"},
    {"https://foo:65535", "none"},
    /* Punycode (RFC 3492): valid and invalid. */
    {"https://www.xn--xample-9ua.com", "none"},
    {"https://xn--rsum-bpad.com", "none"},
    {"https://xn--mgba3a4f16a.ir", "none"},
    {"https://xn--p1ai", "none"},
    {"https://xn--fiqs8s", "none"},
    {"https://xn--ls8h.la", "none"},
    {"https://xn--strae-oqa.de", "none"},
    {"https://*.xn--strae-oqa.de:*", "none"},
    {"https://xn--.com", "host"},
    {"https://xn--f.com", "host"},
    {"https://xn---.com", "host"},
    {"https://xn--foo-.com", "host"},
    {"https://xn--a_b-.com", "host"},
    {"https://xn--99999999.com", "host"},
    {"https://xn--zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz.com", "host"},
    /* invalid-origin */
    {"https://example.com?", "invalid-origin"},
    {"https://example.com:6060?foo=bar", "invalid-origin"},
    {"https://example.com#x", "invalid-origin"},
    {"https://u@example.com", "invalid-origin"},
    {"https://u:p@example.com", "invalid-origin"},
    {"\"https://example.com\"", "invalid-origin"},
    {"'https://example.com'", "invalid-origin"},
    {"@", "invalid-origin"},
    /* null, file */
    {"null", "null-prohibited"},
    {"file:///foo", "file-scheme"},
    {"file:", "file-scheme"},
    {"FILE://foo", "file-scheme"},
    {"file:///", "file-scheme"},
    {"file://*", "file-scheme"},
    {"file://", "none"},
    {"FILE://", "case"},
    /* Names with digits (URL standard, "ends in a number"). */
    {"http://4f2a1b3c9d8e:8080", "none"},
    {"http://3dprinter", "none"},
    {"http://*.3dprinter:*", "none"},
    {"http://foo.3com", "none"},
    {"http://foo.0xyz", "none"},
    {"http://foo.0x", "ipv4"},
    {"http://foo.0x1f", "ipv4"},
    {"http://foo.08", "ipv4"},
    /* Opaque hosts. */
    {"capacitor://localhost", "none"},
    {"capacitor://", "none"},
    {"app://.", "none"},
    {"app://..", "none"},
    {"moz-extension://603715cf-f9f0-4157-8295-ede78487c3b6", "none"},
    {"safari-web-extension://12345678-1234-1234-1234-123456789012", "none"},
    {"vscode-webview://7803497a00", "none"},
    {"vscode-webview://7803497", "none"},
    {"app://a.1.2", "none"},
    {"app://[::1]:90", "none"},
    {"app://a+b%20c~!$&()=:<>^`{|}", "none"},
    {"app://localhost:3000", "none"},
    {"app://localhost:3000-3010", "none"},
    {"app://*.example.com:*", "none"},
    {"app://app-*.example.com", "none"},
    {"app://xn--f", "none"},
    {"moz-extension://*", "none"},
    {"moz-extension://*:*", "none"},
    {"app://A", "case"},
    {"app://*.", "host"},
    {"app://a*", "wildcard"},
    {"app://!*", "wildcard"},
    {"app://a.*.b", "wildcard"},
    {"app://a\\b", "host"},
    {"app://a,b", "host"},
    {"app://a;b", "host"},
    {"app://a b", "host"},
    {"app://a\x7f", "host"},
    {"app://localhost:0", "port"},
    {"app://localhost:99999", "port"},
    {"app://localhost/", "path"},
    {"app:///", "path"},
    {"app://./x", "path"},
    {"app://10.0.0.0/8", "path"},
    /* A star within a label. */
    {"https://deploy-preview-*--mysite.netlify.app", "none"},
    {"https://*--mysite.netlify.app", "none"},
    {"https://app-*.example.com:*", "none"},
    {"https://a.app-*.example.com", "none"},
    {"https://app-*.example.com.", "none"},
    {"https://*_x.example.com", "none"},
    {"https://*foo.com", "none"}, /* policy/fix.c checks the suffixes */
    {"https://foo*.com", "none"},
    {"https://"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.a",
     "none"},
    {"https://"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.a",
     "host"},
    {"http://app-*", "wildcard"},
    {"http://app-*.", "wildcard"},
    {"http://app-*:*", "wildcard"},
    {"https://app-*-*.example.com", "wildcard"},
    {"https://app-*.*.example.com", "wildcard"},
    {"https://*.app-*.example.com", "wildcard"},
    {"https://app-**.example.com", "wildcard"},
    {"https://app.*", "wildcard"},
    {"https://app-*.1.2.3.4", "wildcard"},
    {"http://1*.2.3.4", "wildcard"},
    {"https://app-*.", "wildcard"},
    {"https://app-*..com", "wildcard"},
    {"https://xn--*.example.com", "host"},
    {"https://b^-*.example.com", "host"},
    /* Ranges of addresses and ports. */
    {"http://192.168.0.0/16", "none"},
    {"http://192.168.0.0/16:8080", "none"},
    {"http://192.168.0.0/16:*", "none"},
    {"http://10.0.0.0/8:3000-3999", "none"},
    {"http://0.0.0.0/0", "none"},
    {"http://1.2.3.4/32", "none"},
    {"http://[fd00::]/8", "none"},
    {"http://[fd00::]/8:8080", "none"},
    {"http://[::1]/128", "none"},
    {"http://[::]/0", "none"},
    {"http://192.168.1.0/16", "ipv4"},
    {"http://192.168.0.0/33", "ipv4"},
    {"http://192.168.0.0/016", "ipv4"},
    {"http://192.168/16", "ipv4"},
    {"http://192.168.0.0/8080", "ipv4"},
    {"http://192.168.0.0/99999999999999999999", "ipv4"},
    {"http://[fd00::1]/8", "ipv6"},
    {"http://[fd00::]/129", "ipv6"},
    {"http://[fd00::/8]", "ipv6"},
    {"http://[FD00::]/8", "case"},
    {"http://192.168.0.0/16/", "path"},
    {"http://192.168.0.0/16x", "path"},
    {"http://192.168.0.0/", "path"},
    {"http://192.168.0.0:80/16", "default-port"},
    {"http://192.168.0.0/16:80", "default-port"},
    {"http://192.168.0.0/16:", "port"},
    {"http://192.168.0.0/16:81/x", "path"},
    {"http://*.168.0.0/16", "ipv4"},
    {"http://example.com/16", "path"},
    {"http://localhost:3000-3999", "none"},
    {"http://localhost:1-65535", "none"},
    {"http://*.localhost:80-81", "none"},
    {"http://localhost:3999-3000", "port"},
    {"http://localhost:3000-3000", "port"},
    {"http://localhost:3000-", "port"},
    {"http://localhost:-3000", "port"},
    {"http://localhost:0-3000", "port"},
    {"http://localhost:03-3000", "port"},
    {"http://localhost:3000-65536", "port"},
    {"http://localhost:1-2-3", "port"},
    {"http://localhost:3000-*", "wildcard"},
    {"files://foo", "none"},
    /* scheme */
    {"", "scheme"},
    {"example.com", "scheme"},
    {"example.com:80", "scheme"},
    {"*.example.com", "scheme"},
    {"//example.com", "scheme"},
    {"https:/example.com", "scheme"},
    {"https:example.com", "scheme"},
    {"https//example.com", "scheme"},
    {"://example.com", "scheme"},
    {"NULL", "scheme"},
    {"h*", "scheme"},
    {"42x://foo", "scheme"},
    {"chrome-extension*://foo", "scheme"},
    {"*://foo", "scheme"},
    {"a_b://foo", "scheme"},
    {" https://foo", "scheme"},
    {"https", "scheme"},
    {"https:", "scheme"},
    {"https:/", "scheme"},
    /* non-ascii, case */
    {"https://r\xc3\xa9sum\xc3\xa9.com", "non-ascii"},
    {"https://\xff", "non-ascii"},
    {"https://Example.com", "case"},
    {"HTTPS://example.com", "case"},
    {"http://0xFF000000", "case"},
    {"http://[2001:DB8::1]", "case"},
    {"https://example.com/Path", "case"},
    /* wildcard */
    {"https://**.example.com", "wildcard"},
    {"https://a.*.example.com", "wildcard"},
    {"https://*", "wildcard"},
    {"https://*:*", "wildcard"},
    {"https://*.*.com", "wildcard"},
    {"https://example.com:8*", "wildcard"},
    {"https://example.com:**", "wildcard"},
    {"https://example.com/*", "wildcard"},
    {"https://*.127.0.0.1", "wildcard"},
    {"https://*.[::1]", "wildcard"},
    {"https://[*]", "wildcard"},
    /* ipv6 */
    {"https://abc[::1]:90", "ipv6"},
    {"https://[::1]abc:90", "ipv6"},
    {"http://[::1]1:6060", "ipv6"},
    {"http://::1", "ipv6"},
    {"http://::1:90", "ipv6"},
    {"http://foo:80:90", "ipv6"},
    {"http://foo:*:*", "wildcard"},
    {"http://[::1]:80:90", "port"},
    {"http://[::1", "ipv6"},
    {"http://::1]", "ipv6"},
    {"http://[[::1]]", "ipv6"},
    {"http://[example.com]", "ipv6"},
    {"http://[127.0.0.1]", "ipv6"},
    {"http://[::1%25eth0]", "ipv6"},
    {"http://[::1%eth0]", "ipv6"},
    {"http://[2001:4860:4860:0000:0000:0000:0000:8888]", "ipv6"},
    {"http://[2001:db8:0:0:0:0:0:1]", "ipv6"},
    {"http://[2001:0db8::1]", "ipv6"},
    {"http://[0:0:0:0:0:0:0:1]", "ipv6"},
    {"http://[::ffff:7f7f:7f7f]", "ipv6"},
    {"http://[::ffff:1.2.3.4]", "ipv6"},
    {"http://[1:0:0:0:2::3]", "ipv6"},
    {"http://[1::2:0:0:0:3]", "ipv6"},
    {"http://[1::2::3]", "ipv6"},
    {"http://[:::]", "ipv6"},
    {"http://[1:]", "ipv6"},
    {"http://[:1]", "ipv6"},
    {"http://[1:2:3:4:5:6:7::]", "ipv6"},
    {"http://[1:2:3::4:5:6:7:8]", "ipv6"},
    {"http://[1:2:3:4:5:6:7]", "ipv6"},
    {"http://[1:2:3:4:5:6:7:8:9]", "ipv6"},
    {"http://[12345::]", "ipv6"},
    {"http://[g::]", "ipv6"},
    {"http://[]", "ipv6"},
    {"http://[", "ipv6"},
    {"http://]", "ipv6"},
    {"http://[:]", "ipv6"},
    /* ipv4 */
    {"http://127.1", "ipv4"},
    {"http://1", "ipv4"},
    {"http://0x7f000001", "ipv4"},
    {"http://1.2.3.0x4", "ipv4"},
    {"http://1.2.3.256", "ipv4"},
    {"http://01.2.3.4", "ipv4"},
    {"http://1.2.3.4.", "ipv4"},
    {"http://1.2.3", "ipv4"},
    {"http://1.2.3.", "ipv4"},
    {"http://1..2.3", "ipv4"},
    {"http://foo.255", "ipv4"},
    {"http://1.2.3.4.5", "ipv4"},
    {"http://*.1", "ipv4"},
    {"http://^.1", "ipv4"},
    /* host */
    {"https://", "host"},
    {"https:///", "host"},
    {"https:///x", "host"},
    {"https://:80", "host"},
    {"https://:*", "host"},
    {"https://.", "host"},
    {"https://..", "host"},
    {"https://^foo", "host"},
    {"https://foo bar", "host"},
    {"https://foo\tbar", "host"},
    {"https://foo%2ecom", "host"},
    {"https://foo\\bar", "host"},
    {"https://foo,https://bar", "host"},
    {"http://example..com", "host"},
    {"http://example.com..", "host"},
    {"http://.example.com", "host"},
    {"https://*.", "host"},
    {"https://*..com", "host"},
    /* port, default-port, path */
    {"https://foo:", "port"},
    {"https://foo:/", "port"},
    {"https://foo:0", "port"},
    {"https://foo:65536", "port"},
    {"https://foo:99999", "port"},
    {"https://foo:123456", "port"},
    {"https://foo:06060", "port"},
    {"https://foo:+80", "port"},
    {"https://foo:-1", "port"},
    {"https://foo:8 0", "port"},
    {"https://foo:abc", "port"},
    {"http://[::1]:", "port"},
    {"https://foo:443", "default-port"},
    {"http://foo:80", "default-port"},
    {"http://[::1]:80", "default-port"},
    {"ws://foo:80", "default-port"},
    {"wss://foo:443", "default-port"},
    {"ftp://foo:21", "default-port"},
    {"https://*.foo:443", "default-port"},
    {"https://example.com/", "path"},
    {"https://example.com//", "path"},
    {"https://example.com/a/b", "path"},
    {"https://example.com/a:b", "path"},
    {"https://example.com/[x]", "path"},
    {"https://example.com:8080/", "path"},
    {"http://[::1]/", "path"},
    {"https://*.example.com:*/", "path"},
    /* Of two faults the first one in the order of the manual is reported. */
    {"file://\xc3\xa9@x", "invalid-origin"},
    {"Foo_bar://\xc3\xa9", "scheme"},
    {"https://\xc3\xa9.Com", "non-ascii"},
    {"https://A.*.com", "case"},
    {"https://*.*.[::1]:0/", "wildcard"},
    {"http://[x]:0/", "ipv6"},
    {"http://a..1:0/", "ipv4"},
    {"http://a..b:0/", "host"},
    {"https://a:443/", "default-port"},
    {"https://a:0443/", "port"},
};

static void
test_pattern(void **state)
{
	const struct row *row = *state;
	struct slice text = slice_from(row->name);
	struct slice end = unit_guard(text), front = unit_guard_front(text);
	struct origin_pattern p;
	struct origin o;

	assert_string_equal(origin_fault_id(origin_pattern_parse(end, &p)),
			    row->id);
	assert_string_equal(origin_fault_id(origin_pattern_parse(front, &p)),
			    row->id);
	/* A request's origin is a pattern that matches itself. */
	bool plain =
	    strcmp(row->id, "none") == 0 && origin_pattern_is_exact(&p);
	assert_true(!plain || strchr(row->name, '*') == NULL);
	assert_int_equal(origin_parse(end, &o), plain);
	assert_int_equal(origin_parse(front, &o), plain);
	unit_unguard(end);
	unit_unguard_front(front);
}

struct parts {
	const char *name;
	const char *scheme;
	const char *host;
	unsigned port;
	const char
	    *flags; /* s any_subdomain, * any_label, h any_host, p any_port,
		       r is_range, i is_ip, o opaque, l loopback */
};

static const struct parts parts[] = {
    {"https://example.com", "https", "example.com", 0, ""},
    {"https://example.com.:81", "https", "example.com.", 81, ""},
    {"x-y://a:5", "x-y", "a", 5, ""},
    {"https://*.example.com", "https", "example.com", 0, "s"},
    {"https://*.example.com:99", "https", "example.com", 99, "s"},
    {"https://*.example.com:*", "https", "example.com", 0, "sp"},
    {"http://localhost:*", "http", "localhost", 0, "pl"},
    {"http://localhost.", "http", "localhost.", 0, "l"},
    {"http://*.localhost", "http", "localhost", 0, "sl"},
    {"http://foo.localhost", "http", "foo.localhost", 0, "l"},
    {"http://alocalhost", "http", "alocalhost", 0, ""},
    {"http://localhost.com", "http", "localhost.com", 0, ""},
    {"http://127.0.0.1", "http", "127.0.0.1", 0, "il"},
    {"http://127.127.127.127:1", "http", "127.127.127.127", 1, "il"},
    {"http://127.example", "http", "127.example", 0, ""},
    {"http://128.0.0.1", "http", "128.0.0.1", 0, "i"},
    {"http://[::1]:90", "http", "[::1]", 90, "il"},
    {"http://[::2]:*", "http", "[::2]", 0, "pi"},
    {"http://3dprinter:1", "http", "3dprinter", 1, ""},
    {"http://a-*.localhost", "http", "a-*.localhost", 0, "*l"},
    {"app://*:*", "app", "*", 0, "hp"},
    {"app://!:1:2", "app", "!:1:2", 0, "o"},
    {"app://", "app", "", 0, "o"},
    {"file://", "file", "", 0, "o"},
    {"http://10.0.0.0/8:5-9", "http", "10.0.0.0", 5, "ri"},
    {"http://127.0.0.0/8", "http", "127.0.0.0", 0, "ril"},
    {"http://127.0.0.0/16:*", "http", "127.0.0.0", 0, "pril"},
    {"http://126.0.0.0/7", "http", "126.0.0.0", 0, "ri"},
    {"http://[::1]/128", "http", "[::1]", 0, "ril"},
    {"http://[fd00::]/8", "http", "[fd00::]", 0, "ri"},
};

static void
test_parts(void **state)
{
	const struct parts *row = *state;
	struct origin_pattern p;
	char flags[16] = "";

	assert_int_equal(origin_pattern_parse(slice_from(row->name), &p),
			 ORIGIN_FAULT_NONE);
	unit_assert_slice(p.text, row->name);
	unit_assert_slice(p.scheme, row->scheme);
	unit_assert_slice(p.host, row->host);
	assert_int_equal(p.port, row->port);
	strcat(flags, p.any_subdomain ? "s" : "");
	strcat(flags, p.any_label ? "*" : "");
	strcat(flags, p.any_host ? "h" : "");
	strcat(flags, p.any_port ? "p" : "");
	strcat(flags, p.is_range ? "r" : "");
	strcat(flags, p.is_ip ? "i" : "");
	strcat(flags, p.opaque ? "o" : "");
	strcat(flags, p.is_loopback ? "l" : "");
	assert_string_equal(flags, row->flags);
}

struct match {
	const char *name;
	const char *patterns; /* blanks between them */
	const char *origin;
	enum origin_verdict want;
};

#define YES ORIGIN_ALLOWED
#define NO ORIGIN_UNKNOWN
#define BAD ORIGIN_MALFORMED

static const struct match matches[] = {
    {"exact", "https://example.com", "https://example.com", YES},
    {"other scheme", "https://example.com", "http://example.com", NO},
    {"port counts", "https://example.com", "https://example.com:1", NO},
    {"no port where one is", "https://a.com:1", "https://a.com", NO},
    {"prefix of the value", "https://example.com", "https://example.co", NO},
    {"value is a prefix", "https://example.com", "https://example.com.evil",
     NO},
    {"dash lookalike (express#408)", "https://example.com",
     "https://evil-example.com", NO},
    {"dot is no any-byte (clusterfuzz#5303)", "https://example.com",
     "https://examplexcom", NO},
    {"trailing slash", "https://example.com", "https://example.com/", BAD},
    {"default port written", "https://*.example.com",
     "https://a.example.com:443", BAD},
    {"default port, any port", "https://example.com:*",
     "https://example.com:443", BAD},
    {"subdomain", "https://*.example.com", "https://a.example.com", YES},
    {"any depth", "https://*.example.com", "https://a.b.c.example.com", YES},
    {"never the apex", "https://*.example.com", "https://example.com", NO},
    {"label boundary", "https://*.example.com", "https://evilexample.com", NO},
    {"suffix in front", "https://*.example.com",
     "https://a.example.com.evil.com", NO},
    {"final dot is another host", "https://*.example.com",
     "https://a.example.com.", NO},
    {"final dot in both", "https://*.example.com.", "https://a.example.com.",
     YES},
    {"scheme of a wildcard", "https://*.example.com", "http://a.example.com",
     NO},
    {"port of a wildcard", "https://*.example.com",
     "https://a.example.com:8443", NO},
    {"wildcard with a port", "https://*.example.com:8443",
     "https://a.example.com:8443", YES},
    {"wildcard with a port, without", "https://*.example.com:8443",
     "https://a.example.com", NO},
    {"userinfo", "https://*.example.com", "https://a@b.example.com", BAD},
    {"userinfo trick", "https://example.com", "https://example.com@evil.com",
     BAD},
    {"path before the suffix", "https://*.example.com",
     "https://evil.com/.example.com", BAD},
    {"query before the suffix", "https://*.example.com",
     "https://evil.com?.example.com", BAD},
    {"fragment before the suffix", "https://*.example.com",
     "https://evil.com#.example.com", BAD},
    {"backslash before the suffix", "https://*.example.com",
     "https://evil.com\\.example.com", BAD},
    {"percent before the suffix", "https://*.example.com",
     "https://evil.com%2f.example.com", BAD},
    {"upper case", "https://*.example.com", "https://A.example.com", BAD},
    {"upper case, exact", "https://example.com", "https://Example.com", BAD},
    {"upper-case scheme", "https://example.com", "HTTPS://example.com", BAD},
    {"literal star", "https://*.example.com", "https://*.example.com", BAD},
    {"literal star, any port", "https://a.com:*", "https://a.com:*", BAD},
    {"empty label", "https://*.example.com", "https://.example.com", BAD},
    {"empty label inside", "https://*.example.com", "https://a..example.com",
     BAD},
    {"leading dot twice", "https://*.example.com", "https://..example.com",
     BAD},
    {"no port", "http://localhost:*", "http://localhost", YES},
    {"any port", "http://localhost:*", "http://localhost:8080", YES},
    {"port 1", "http://localhost:*", "http://localhost:1", YES},
    {"port 65535", "http://localhost:*", "http://localhost:65535", YES},
    {"port 0", "http://localhost:*", "http://localhost:0", BAD},
    {"port 65536", "http://localhost:*", "http://localhost:65536", BAD},
    {"port 08080", "http://localhost:*", "http://localhost:08080", BAD},
    {"port empty", "http://localhost:*", "http://localhost:", BAD},
    {"any port is no any host", "http://localhost:*", "http://localhost.evil",
     NO},
    {"any port is no any subdomain", "http://a.com:*", "http://b.a.com:80",
     BAD},
    {"localhost prefix (mcp-chrome#384)", "http://127.0.0.1:*",
     "http://127.0.0.1.evil.com", NO},
    {"both wildcards", "http://*.example.com:*", "http://a.example.com:99",
     YES},
    {"both wildcards, apex", "http://*.example.com:*", "http://example.com:99",
     NO},
    {"bracketed name", "http://example.com", "http://[example.com]", BAD},
    {"ipv6", "http://[::1]:90", "http://[::1]:90", YES},
    {"ipv6, any port", "http://[::1]:*", "http://[::1]:90", YES},
    {"ipv6 in long form", "http://[::1]:90", "http://[0:0:0:0:0:0:0:1]:90",
     BAD},
    {"ipv6 without brackets", "http://[::1]:90", "http://::1:90", BAD},
    {"ipv6 and junk (tower-mcp#1350)", "http://[::1]:*", "http://[::1]evil.com",
     BAD},
    {"ipv4 in another form", "http://127.0.0.1", "http://127.1", BAD},
    {"wildcard takes no address", "https://*.0.example", "https://1.2.3.4", NO},
    {"two values", "https://example.com",
     "https://example.com https://evil.com", BAD},
    {"list", "https://example.com", "https://evil.com,https://example.com",
     BAD},
    {"list, wildcard", "https://*.example.com",
     "https://evil.com,https://a.example.com", BAD},
    {"leading blank", "https://example.com", " https://example.com", BAD},
    {"trailing blank", "https://example.com", "https://example.com ", BAD},
    {"CR LF", "https://example.com", "https://example.com\r\nX: y", BAD},
    {"not ASCII", "https://example.com", "https://ex\xc3\xa4mple.com", BAD},
    {"empty", "https://example.com", "", BAD},
    {"null", "https://*.example.com https://null", "null", BAD},
    {"file", "https://*.example.com", "file://", NO},
    {"file, named", "file://", "file://", YES},
    {"file with a path", "file://", "file:///x", BAD},
    {"a name that begins with a digit", "http://4f2a1b3c9d8e:8080",
     "http://4f2a1b3c9d8e:8080", YES},
    {"digits, any port", "http://3dprinter:*", "http://3dprinter:81", YES},
    {"opaque", "app://.", "app://.", YES},
    {"opaque, another", "app://.", "app://..", NO},
    {"opaque, nothing", "capacitor://", "capacitor://", YES},
    {"any host of a scheme", "moz-extension://*",
     "moz-extension://603715cf-f9f0-4157-8295-ede78487c3b6", YES},
    {"any host, an opaque one", "app://*", "app://!", YES},
    {"any host, with a port", "app://*", "app://a:9", NO},
    {"any host, any port", "app://*:*", "app://a:9", YES},
    {"any host, another scheme", "moz-extension://*", "app://a", NO},
    {"any host, upper case", "moz-extension://*", "moz-extension://A", BAD},
    {"any host, a path", "moz-extension://*", "moz-extension://a/b", BAD},
    {"*. of an opaque host", "app://*.example.com", "app://!.example.com", NO},
    {"star in a label", "https://deploy-preview-*--mysite.netlify.app",
     "https://deploy-preview-7--mysite.netlify.app", YES},
    {"star in a label, other site",
     "https://deploy-preview-*--mysite.netlify.app",
     "https://deploy-preview-7--other.netlify.app", NO},
    {"star in a label, no dot", "https://deploy-preview-*--mysite.netlify.app",
     "https://deploy-preview-7.x--mysite.netlify.app", NO},
    {"star in a label, nothing", "https://deploy-preview-*--mysite.netlify.app",
     "https://deploy-preview---mysite.netlify.app", NO},
    {"star in a label, dashes", "https://deploy-preview-*--mysite.netlify.app",
     "https://deploy-preview------mysite.netlify.app", YES},
    {"star in a label, underscore", "https://a-*.example.com",
     "https://a-x_y.example.com", NO},
    {"star in a label, at the end", "https://a-*.example.com",
     "https://a-xyz.example.com", YES},
    {"star in a label, a label in front", "https://a-*.example.com",
     "https://b.a-xyz.example.com", NO},
    {"star in a label, in front", "https://*-a.example.com",
     "https://x-a.example.com", YES},
    {"star in a label, in front, nothing", "https://*-a.example.com",
     "https://-a.example.com", NO},
    {"star in the second label", "https://b.a-*.example.com",
     "https://b.a-xyz.example.com", YES},
    {"star in a label, other port", "https://a-*.example.com",
     "https://a-b.example.com:99", NO},
    {"star in a label, port range", "https://a-*.example.com:90-99",
     "https://a-b.example.com:99", YES},
    {"two heads of one tail",
     "https://a-*.example.com https://bb-*.example.com",
     "https://bb-c.example.com", YES},
    {"two heads, other ports",
     "https://a-*.example.com:1 https://a-b*.example.com:2",
     "https://a-bc.example.com:2", YES},
    {"two tails", "https://a-*-x.example.com https://a-*x.example.com",
     "https://a-bx.example.com", YES},
    {"range", "http://192.168.0.0/16", "http://192.168.3.4", YES},
    {"range, outside", "http://192.168.0.0/16", "http://192.169.0.0", NO},
    {"range, port", "http://192.168.0.0/16", "http://192.168.3.4:81", NO},
    {"range, any port", "http://192.168.0.0/16:*", "http://192.168.3.4:81",
     YES},
    {"range, its own text", "http://192.168.0.0/16", "http://192.168.0.0/16",
     BAD},
    {"range, other scheme", "http://192.168.0.0/16", "https://192.168.3.4", NO},
    {"range, not a name", "http://192.168.0.0/16", "http://192.168.a", NO},
    {"range, IPv6", "http://[fd00::]/8", "http://[fd12:3456::1]", YES},
    {"range, IPv6, outside", "http://[fd00::]/8", "http://[fe80::1]", NO},
    {"range, IPv4 in no IPv6", "http://[::]/0", "http://1.2.3.4", NO},
    {"range of everything", "http://0.0.0.0/0", "http://1.2.3.4", YES},
    {"range of one", "http://1.2.3.4/32", "http://1.2.3.4", YES},
    {"two ranges", "http://10.0.0.0/8:1 http://10.1.0.0/16:2",
     "http://10.1.2.3:1", YES},
    {"port range", "http://localhost:3000-3999", "http://localhost:3999", YES},
    {"port range, first", "http://localhost:3000-3999", "http://localhost:3000",
     YES},
    {"port range, below", "http://localhost:3000-3999", "http://localhost:2999",
     NO},
    {"port range, above", "http://localhost:3000-3999", "http://localhost:4000",
     NO},
    {"port range, no port", "http://localhost:3000-3999", "http://localhost",
     NO},
    {"port range with the default", "http://localhost:70-90",
     "http://localhost", YES},
    {"port range with another default", "https://localhost:70-90",
     "https://localhost", NO},
    {"several port ranges",
     "http://a:5-7 http://a:20-30 http://a:25-40 http://a:1-2", "http://a:35",
     YES},
    {"several port ranges, between",
     "http://a:5-7 http://a:20-30 http://a:25-40 http://a:1-2", "http://a:10",
     NO},
    {"several ports of one wildcard", "http://*.a:5 http://*.a:9 http://*.a",
     "http://x.a:9", YES},
    {"several ports, none of them", "http://*.a:5 http://*.a:9 http://*.a",
     "http://x.a:7", NO},
    {"garbage", "https://example.com", "invalid_origin", BAD},
    {"garbage (spring)", "https://example.com", "http://*@:;", BAD},
    {"A-label that cannot be", "https://*.example.com",
     "https://xn--f.example.com", BAD},
    {"GHSA-vhxv-fg4m-p2w8", "https://foo.com https://bar.com",
     "https://barfoo.com", NO},
    {"GHSA-vhxv-fg4m-p2w8, wildcards", "https://*.foo.com https://*.bar.com",
     "https://a.barfoo.com", NO},
    {"GHSA-v84h-653v-4pq9", "https://foo.com:* https://bar.com:*",
     "https://barfoo.com:1", NO},
    {"jub0bs#12, many of one suffix",
     "https://bat https://cat https://fat https://hat https://meerkat "
     "https://mat https://oat https://pat https://rat https://sat",
     "https://meerkat", YES},
    {"one of many that is not there",
     "https://bat https://cat https://fat https://hat https://meerkat",
     "https://kat", NO},
    {"custom scheme", "custom-protocol://abcdefg", "custom-protocol://abcdefg",
     YES},
    {"underscore", "https://*.example.com", "https://a_b.example.com", YES},
    {"the second of two wildcards", "https://*.a.com https://*.b.com",
     "https://x.b.com", YES},
    {"longer wildcard first", "https://*.x.a.com https://*.a.com",
     "https://y.a.com", YES},
    {"twins", "https://a.com https://a.com https://*.a.com https://*.a.com",
     "https://b.a.com", YES},
};

enum { PATTERNS_MAX = 16 };

static size_t
parse_all(const char *text, struct origin_pattern *out)
{
	size_t count = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		assert_true(count < PATTERNS_MAX);
		assert_int_equal(
		    origin_pattern_parse(slice_of(text, len), &out[count++]),
		    ORIGIN_FAULT_NONE);
		text += len + (text[len] == ' ');
	}
	return count;
}

static void
test_match(void **state)
{
	const struct match *row = *state;
	struct origin_pattern p[PATTERNS_MAX];
	struct arena *arena = arena_new();
	struct slice origin = unit_guard(slice_from(row->origin));
	struct slice front = unit_guard_front(slice_from(row->origin));
	size_t count = parse_all(row->patterns, p);
	struct origin_set *set = origin_set_build(arena, p, count, NULL, 0);

	assert_non_null(set);
	memset(p, 0, sizeof(p)); /* the array is not kept */
	assert_int_equal(origin_set_check(set, origin, NULL), row->want);
	assert_int_equal(origin_set_check(set, front, NULL), row->want);
	assert_int_equal(
	    (origin_set_check(set, origin, NULL) == ORIGIN_ALLOWED),
	    row->want == ORIGIN_ALLOWED);
	unit_unguard(origin);
	unit_unguard_front(front);
	arena_free(arena);
}

/* "scheme://host" of that many bytes, the host in labels of `label` bytes. */
static struct slice
long_origin(char *to, const char *scheme, const char *star, size_t host,
	    size_t label)
{
	size_t len = strlen(scheme) + 3 + strlen(star);

	sprintf(to, "%s://%s", scheme, star);
	for (size_t i = 0; i < host; i++)
		to[len++] = i % (label + 1) == label ? '.' : 'a';
	return slice_of(to, len);
}

struct length {
	const char *name;
	size_t scheme;
	const char *star;
	size_t host;
	size_t label;
	const char *id;
};

static const struct length lengths[] = {
    {"label of 63 bytes", 5, "", 63, 63, "none"},
    {"label of 64 bytes, opaque", 5, "", 64, 64, "none"},
    {"label of 64 bytes behind *.", 5, "*.", 64, 64, "wildcard"},
    {"opaque host of 254 bytes", 5, "!", 253, 64, "too-long"},
    {"host of 253 bytes", 5, "", 253, 50, "none"},
    {"host of 254 bytes", 5, "", 254, 50, "too-long"},
    {"127 labels", 5, "", 253, 1, "none"},
    {"wildcard of 251 bytes", 5, "*.", 251, 50, "none"},
    {"wildcard of 252 bytes", 5, "*.", 252, 50, "too-long"},
    {"scheme of 64 bytes", 64, "", 10, 10, "none"},
    {"scheme of 65 bytes", 65, "", 10, 10, "too-long"},
    {"both at their longest", 64, "", 253, 63, "none"},
    {"megabyte", 5, "", 1000000, 50, "too-long"},
};

static void
test_lengths(void **state)
{
	const struct length *row = *state;
	char scheme[80] = "";
	char *text = malloc(row->host + 100);
	struct origin_pattern p;
	struct origin o;

	assert_non_null(text);
	memset(scheme, 's', row->scheme);
	struct slice s = unit_guard(
	    long_origin(text, scheme, row->star, row->host, row->label));
	assert_string_equal(origin_fault_id(origin_pattern_parse(s, &p)),
			    row->id);
	assert_int_equal(origin_parse(s, &o),
			 strcmp(row->id, "none") == 0 && row->star[0] == '\0');
	unit_unguard(s);
	free(text);
}

/* The longest origin of all, wildcards of every length, 126 suffixes. */
static void
test_deep_host(void **state)
{
	char text[ORIGIN_MAX + 1];
	struct origin_pattern p[2];
	struct arena *arena = arena_new();
	struct slice s = long_origin(text, "https", "", 253, 1);

	(void)state;
	assert_int_equal(origin_pattern_parse(SLICE("https://*.a.a:*"), &p[0]),
			 ORIGIN_FAULT_NONE);
	assert_int_equal(origin_pattern_parse(SLICE("https://*.b"), &p[1]),
			 ORIGIN_FAULT_NONE);
	struct origin_set *set = origin_set_build(arena, p, 2, NULL, 0);
	assert_int_equal(origin_set_check(set, s, NULL), ORIGIN_ALLOWED);
	text[s.len - 1] = 'c';
	assert_int_equal(origin_set_check(set, s, NULL), ORIGIN_UNKNOWN);
	arena_free(arena);
}

static void
test_nul(void **state)
{
	struct origin_pattern p;
	struct arena *arena = arena_new();

	(void)state;
	assert_int_equal(origin_pattern_parse(SLICE("https://a.com\0"), &p),
			 ORIGIN_FAULT_HOST);
	assert_int_equal(origin_pattern_parse(SLICE("https://a.com"), &p),
			 ORIGIN_FAULT_NONE);
	struct origin_set *set = origin_set_build(arena, &p, 1, NULL, 0);
	assert_int_equal(origin_set_check(set, SLICE("https://a.com\0"), NULL),
			 ORIGIN_MALFORMED);
	arena_free(arena);
}

struct regex_row {
	const char *name;
	const char *pattern;
	const char *origin;
	bool want;
};

static const struct regex_row regexes[] = {
    {"regex", "https://[a-z]+\\.a\\.com", "https://b.a.com", true},
    {"regex: the tail (CVE-2026-37737)", "https://a\\.com",
     "https://a.com.evil.com", false},
    {"regex: the head", "http://a\\.com", "x-http://a.com", false},
    {"regex: every alternative", "https://a\\.com|https://b\\.com",
     "https://b.com", true},
    {"regex: no alternative is free", "https://a\\.com|https://b\\.com",
     "https://a.com.evil.com", false},
    {"regex: nor the last", "https://a\\.com|b\\.com", "https://b.com", false},
    {"regex: (*ACCEPT)", "https://a(*ACCEPT)\\.com", "https://a.com.evil",
     false},
    {"regex: \\K", "https://evil\\Kx", "https://evilx", false},
    {"regex: lookahead", "(?=https://a\\.com).*", "https://a.com", true},
    {"regex: lookahead past the end", "https://a\\.co(?=m)", "https://a.com",
     false},
    {"regex: own anchors", "^https://a\\.com$", "https://a.com", true},
    {"regex: $ in several lines", "(?m)^https://a\\.com$",
     "https://a.com\nhttps://evil.com", false},
    {"regex: whatever is no origin", "(?s).*", "https://a.com/x", false},
    {"regex: nor null", ".*", "null", false},
    {"regex: nor file", ".*", "file://", false},
    {"regex: file, named", "file://|https://a", "file://", true},
    {"regex: an opaque host", "vscode-webview://[0-9a-z]+",
     "vscode-webview://7803497a00", true},
    {"regex: nor upper case", "(?i)https://a\\.com", "https://A.com", false},
    {"regex: everything", ".*", "https://anything.example:8", true},
    {"regex: groups", "https://((a)|(b))(\\.(c))?\\.com", "https://b.c.com",
     true},
    {"regex: all labels", "https://([a-z0-9-]+\\.)*[a-z0-9-]+\\.example\\.com",
     "https://a.b.c.d.e.f.g.h.i.j.k.l.m.example.com", true},
};

static void
test_regex(void **state)
{
	const struct regex_row *row = *state;
	char error[64];
	struct arena *arena = arena_new();
	struct regex_scratch *scratch = regex_scratch_new();
	struct regex *re =
	    regex_compile(slice_from(row->pattern), error, sizeof(error));
	const struct regex *list[] = {re};

	assert_non_null(re);
	struct origin_set *set = origin_set_build(arena, NULL, 0, list, 1);
	assert_int_equal((origin_set_check(set, slice_from(row->origin),
					   scratch) == ORIGIN_ALLOWED),
			 row->want);
	assert_int_not_equal(
	    origin_set_check(set, slice_from(row->origin), NULL),
	    ORIGIN_ALLOWED);
	regex_free(re);
	regex_scratch_free(scratch);
	arena_free(arena);
}

/* A pattern that backtracks without end, and one that needs much memory, do
 * not match, and the scratch still works. */
static void
test_regex_limits(void **state)
{
	static const char *const bad[] = {
	    "https://(a+)+\\.x",
	    "https://(a|aa)*b",
	    "https://((a)?){1,253}z",
	    "https://(?:a(?=.*))*(.)*(.)*(.)*(.)*y",
	};
	char text[ORIGIN_MAX + 1], error[64];
	struct regex_scratch *scratch = regex_scratch_new();
	struct regex *good =
	    regex_compile(SLICE("https://[a.]+"), error, sizeof(error));
	struct slice s = long_origin(text, "https", "", 253, 63);

	(void)state;
	assert_non_null(good);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
			struct regex *re = regex_compile(slice_from(bad[i]),
							 error, sizeof(error));
			assert_non_null(re);
			assert_false(regex_match(re, s, scratch));
			assert_true(regex_match(good, s, scratch));
			regex_free(re);
		}
	}
	regex_free(good);
	regex_scratch_free(scratch);
}

static void
test_regex_errors(void **state)
{
	char error[128], few[8];

	(void)state;
	assert_null(regex_compile(SLICE("(("), error, sizeof(error)));
	assert_string_equal(error, "missing closing parenthesis at 2");
	assert_null(regex_compile(SLICE("(*UTF)a"), error, sizeof(error)));
	assert_true(strlen(error) > 0);
	assert_null(regex_compile(SLICE("(*UCP)a"), error, sizeof(error)));
	assert_null(regex_compile(SLICE("a\\Cb"), error, sizeof(error)));
	/* A short buffer is never overrun. */
	memset(few, 'x', sizeof(few));
	assert_null(regex_compile(SLICE("(("), few, 4));
	assert_int_equal(few[4], 'x');
	assert_null(regex_compile(SLICE("(("), few, 0));
	regex_free(NULL);
	regex_scratch_free(NULL);
}

static void
test_empty_set(void **state)
{
	struct arena *arena = arena_new();
	struct origin_set *set = origin_set_build(arena, NULL, 0, NULL, 0);

	(void)state;
	assert_non_null(set);
	assert_int_equal(origin_set_check(set, SLICE("https://a.com"), NULL),
			 ORIGIN_UNKNOWN);
	assert_int_equal(origin_set_check(set, SLICE_NONE, NULL),
			 ORIGIN_MALFORMED);
	arena_free(arena);
}

int
main(void)
{
	struct CMUnitTest tests[600];
	size_t n = 0;

	UNIT_ROWS(tests, n, patterns, test_pattern);
	UNIT_ROWS(tests, n, parts, test_parts);
	UNIT_ROWS(tests, n, matches, test_match);
	UNIT_ROWS(tests, n, lengths, test_lengths);
	UNIT_ROWS(tests, n, regexes, test_regex);
	UNIT_TEST(tests, n, test_deep_host);
	UNIT_TEST(tests, n, test_nul);
	UNIT_TEST(tests, n, test_regex_limits);
	UNIT_TEST(tests, n, test_regex_errors);
	UNIT_TEST(tests, n, test_empty_set);
	assert_true(n <= UNIT_COUNT(tests));
	return unit_run(tests, n);
}
