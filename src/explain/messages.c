/*
 * The table of messages: of Chromium (its list of CORS errors), Firefox (the
 * reasons that MDN lists) and WebKit, and of libraries that report them.  Most
 * were seen in the browsers.
 *
 * The most specific message comes first: "TypeError: Failed to fetch" is last,
 * because it is pasted together with the line that has the cause.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/messages.h"

#include "base/text.h"

static const struct message messages[] = {
    /* ---- preflights ---- */
    {"preflight-redirect",
     "The server redirects the preflight, which no browser follows: from http "
     "to https, to a final /, or to a login page.",
     "request the URL that it redirects to; exempt OPTIONS from the login",
     {"Redirect is not allowed for a preflight request",
      "CORS request external redirect not allowed"}},
    {"preflight-status",
     "The status of the response to the preflight is not from 200 to 299: a "
     "policy refuses it, a password is required, or the server does not accept "
     "OPTIONS.",
     "respond to OPTIONS with 204 and the CORS headers, before any check of "
     "passwords or methods",
     {"It does not have HTTP ok status",
      "CORS preflight response did not succeed",
      "CORS preflight channel did not succeed",
      "Preflight response is not successful"}},
    {"method-not-allowed",
     "The response to the preflight does not list the method.",
     "add it to `methods`; write it in capitals in the script, for patch is "
     "not PATCH",
     {"is not allowed by Access-Control-Allow-Methods",
      "Did not find method in CORS header 'Access-Control-Allow-Methods'"}},
    {"header-not-allowed",
     "The response to the preflight does not list a header that the script "
     "sets.",
     "add its name to `headers`; * does not cover Authorization, and nothing "
     "where the request has credentials",
     {"is not allowed by Access-Control-Allow-Headers",
      "is not allowed according to header 'Access-Control-Allow-Headers' from "
      "CORS preflight response",
      "missing token '*' in CORS header 'Access-Control-Allow-Headers'",
      "will disallow reading the remote resource at * soon",
      "Authorization will not be covered by the wildcard symbol"}},
    {"list-malformed",
     "A list in the response to the preflight contains something that is not a "
     "name, such as a blank between two.",
     "separate the names by commas",
     {"Cannot parse Access-Control-Allow-* response header field in preflight "
      "response",
      "invalid token '*' in CORS header 'Access-Control-Allow-*'",
      "Header Access-Control-Allow-* has an invalid value"}},
    /* ---- credentials ---- */
    {"wildcard-with-credentials",
     "The request has credentials, for which * names no origin.",
     "list the origins by name in `origins` and set `credentials = yes`; or "
     "send the request without credentials",
     {"must not be the wildcard '*' when the request's credentials mode is "
      "'include'",
      "Credential is not supported if the CORS header "
      "'Access-Control-Allow-Origin' is '*'",
      "Cannot use wildcard in Access-Control-Allow-Origin when credentials "
      "flag is true"}},
    {"credentials-not-true",
     "The request has credentials, and the response does not have "
     "Access-Control-Allow-Credentials: true.",
     "set `credentials = yes`; or send the request without credentials",
     {"which must be 'true' when the request's credentials mode is 'include'",
      "expected 'true' in CORS header 'Access-Control-Allow-Credentials'",
      "Access-Control-Allow-Credentials is not \"true\""}},
    {"cookie-attributes",
     "A cookie is sent with requests of other sites only if it has "
     "SameSite=None and Secure; and browsers block third-party cookies that "
     "are not Partitioned, unless the visitor allows them.",
     "set it with SameSite=None; Secure; Partitioned over https, or serve page "
     "and URL from one site",
     {"because it is foreign and does not have the \"Partitioned* attribute",
      "because it is in a cross-site context and its \"SameSite\" is \"Lax\" "
      "or \"Strict\"",
      "This attempt to set a cookie via a Set-Cookie header was blocked "
      "because",
      "This Set-Cookie was blocked because",
      "Third-party cookie will be blocked", "Third-party cookie is blocked",
      "has been rejected as third-party",
      "blocking all third-party storage access requests"}},
    {"cookie-attributes",
     "The browser does not keep the cookie: it has SameSite=None or "
     "Partitioned without Secure, or Secure at a URL of http, or its name "
     "begins with __Host- or __Secure- and it does not keep what that "
     "promises.",
     "set it with Secure over https; a __Host- cookie with Path=/ and without "
     "Domain",
     {"because it has the \"SameSite=None\" attribute but is missing the "
      "\"secure\" attribute",
      "because it has the \"SameSite\" attribute set to \"None\" without the "
      "\"secure\" attribute",
      "because it has the \"Partitioned\" attribute but is missing the "
      "\"secure\" attribute",
      "because a non-HTTPS cookie can't be set as \"secure\"",
      "because there is an existing \"secure\" cookie",
      "has been rejected for invalid prefix"}},
    {"cookie-attributes",
     "The browser does not keep the cookie: an attribute of it, its name or "
     "its value is not one that a cookie of this URL can have.",
     "correct what the message names; leave Domain out, or write the URL's "
     "host or a domain above it that is not a public suffix",
     {"has been rejected for invalid", "Cookie * has been rejected"}},
    /* ---- the origin ---- */
    {"acao-multiple",
     "There are two origins, where one is allowed: two places add the header.",
     "send it in one place only: remove add_header (nginx), Header (Apache) or "
     "the application's own",
     {"header contains multiple values",
      "Multiple CORS header 'Access-Control-Allow-Origin' not allowed",
      "Access-Control-Allow-Origin cannot contain more than one origin"}},
    {"acao-mismatch",
     "Access-Control-Allow-Origin is there, but it is empty. (null) is how "
     "Firefox prints that; it is not the origin null, so do not set "
     "`allow-null`.",
     "find out what sends it, with curl -i -H 'Origin: ...' URL, and remove "
     "it there: often a variable that is not set in add_header (nginx) or "
     "Header set (Apache)",
     {"CORS header 'Access-Control-Allow-Origin' does not match '(null)'",
      "CORS header 'Access-Control-Allow-Origin' does not match ''",
      "header contains the invalid value ''"}},
    {"acao-mismatch",
     "The response allows another origin than the page's: a fixed one, one "
     "from a cache that ignores Vary, or, after a redirect to another origin, "
     "not null.",
     "send the origin of the request, and Vary: Origin; request the URL that "
     "is redirected to",
     {"that is not equal to the supplied origin",
      "CORS header 'Access-Control-Allow-Origin' does not match '*'"}},
    {"acao-mismatch",
     "Access-Control-Allow-Origin has a value that is not an origin, such as "
     "app.example.com without its https://.",
     "write the origin as the browser's message has it",
     {"header contains the invalid value"}},
    {"redirect-blocked",
     "The server redirects to where no browser follows: to a URL with user "
     "name and password, to data:, or to another scheme.",
     "respond at this URL without the redirect",
     {"contains a username and password, which is disallowed for cross-origin "
      "requests",
      "Cross-origin redirection denied by Cross-Origin Resource Sharing "
      "policy",
      "denied by Cross-Origin Resource Sharing policy: redirection URL * has "
      "credentials",
      "not allowed to follow a cross-origin CORS redirection with non CORS "
      "scheme",
      "Redirecting to data: URI not allowed", "net::ERR_TOO_MANY_REDIRECTS",
      "redirected too many times"}},
    {"acao-missing",
     "A redirect on the way has no Access-Control-Allow-Origin for the page.",
     "request the URL that it leads to, or send the header with the redirect "
     "too",
     {"Cross-origin redirection to * denied by Cross-Origin Resource Sharing "
      "policy"}},
    {"acao-missing",
     "The response does not allow the page's origin: it is not in the policy, "
     "no policy covers the path, or something else responded (an error page, a "
     "proxy, a login).",
     "add the page's origin to `origins`, as the message writes it; send the "
     "CORS headers on errors too",
     {"No 'Access-Control-Allow-Origin' header is present on the requested "
      "resource",
      "CORS header 'Access-Control-Allow-Origin' missing",
      "is not allowed by Access-Control-Allow-Origin"}},
    /* ---- messages that only look like CORS ---- */
    {"local-network",
     "The page requests a URL on this machine or in the local network. "
     "Browsers require a page of https and the visitor's permission; no header "
     "replaces them.",
     "serve the page over https, and have the visitor allow it; a frame needs "
     "allow=\"local-network-access\"",
     {"Permission was denied for this request to access the `*` address space",
      "is not a secure context and the resource is in more-private address "
      "space",
      "BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS",
      "BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS",
      "Access to local network is blocked",
      "Local Network Access permission required",
      "Local Network Access detected"}},
    {"local-network",
     "The script says with targetAddressSpace in which network the server is, "
     "and it is in another.",
     "write the address space that the message names behind it, or leave "
     "targetAddressSpace out",
     {"Request had a target IP address space of"}},
    {"local-network",
     "A trial of Chromium, which required Access-Control-Allow-Private-Network "
     "in the response to a preflight; it was given up, and the visitor's "
     "permission took its place (Chrome 142).",
     "update the browser, and serve the page over https: then the visitor can "
     "allow it",
     {"for this private network request targeting the"}},
    {"mixed-content",
     "A page of https requests an http URL; the request is not sent.",
     "serve the URL over https",
     {"the content must be served over HTTPS",
      "Blocked loading mixed active content", "requested insecure content from",
      "Loading mixed (insecure) active content",
      "was not allowed to request insecure content",
      "Not allowed to request resource"}},
    {NULL,
     "The page is a file (its origin is null), or requests one. Browsers load "
     "modules, and allow fetch(), only over http and https.",
     "serve the page from a web server: for trials `python3 -m http.server` "
     "in its folder",
     {"Cross origin requests are only supported for protocol schemes",
      "Cross origin requests are only supported for HTTP",
      "CORS request not http", "Not allowed to load local resource",
      "may not load or link to file:"}},
    {"resource-policy",
     "The page has Cross-Origin-Embedder-Policy: require-corp, under which "
     "what it loads without CORS needs Cross-Origin-Resource-Policy.",
     "send Cross-Origin-Resource-Policy: cross-origin (`resource-policy = "
     "cross-origin`), request it with CORS (crossorigin), or send "
     "credentialless instead of require-corp with the page",
     {"NotSameOriginAfterDefaultedToSameOriginByCoep",
      "NotSameOriginAfterDefaultedToSameOriginByDip",
      "because of Cross-Origin-Embedder-Policy",
      "was blocked by Cross-Origin-Embedder-Policy"}},
    {"resource-policy",
     "The response's Cross-Origin-Resource-Policy blocks loading without CORS, "
     "or it is missing and the page's Cross-Origin-Embedder-Policy requires "
     "it.",
     "send Cross-Origin-Resource-Policy: cross-origin (`resource-policy = "
     "cross-origin`), or load it with CORS (crossorigin)",
     {"ERR_BLOCKED_BY_RESPONSE.NotSameOrigin",
      "ERR_BLOCKED_BY_RESPONSE.NotSameSite",
      "was blocked due to its Cross-Origin-Resource-Policy header",
      "violates the resource's Cross-Origin-Resource-Policy response header",
      "ERR_BLOCKED_BY_RESPONSE.CoepFrameResourceNeedsCoepHeader",
      "because of its Cross-Origin-Embedder-Policy",
      "Cross-Origin-Resource-Policy prevented from serving the response",
      "failed Cross-Origin-Resource-Policy check"}},
    {"resource-policy",
     "The page loads a script or an image without CORS, and the response is "
     "HTML or JSON, which browsers withhold (Opaque Response Blocking): often "
     "an error page or a login page.",
     "look at the response in the network tab; load data with fetch() and CORS",
     {"ERR_BLOCKED_BY_ORB", "is blocked by OpaqueResponseBlocking",
      "blocked by OpaqueResponseBlocking",
      "Cross-Origin Read Blocking (CORB) blocked"}},
    {"blocked-port",
     "Browsers do not connect to ports of other protocols.",
     "serve the URL on another port",
     {"net::ERR_UNSAFE_PORT",
      "uses a network port which is normally used for purposes other than Web "
      "browsing",
      "Not allowed to use restricted network port"}},
    {NULL,
     "The page's own Content-Security-Policy blocks the request; nothing on "
     "the requested server changes that.",
     "add the URL's origin to connect-src (img-src, font-src, script-src) of "
     "the page's policy",
     {"violates the following Content Security Policy directive",
      "The page's settings blocked the loading of a resource",
      "violates the document's Content Security Policy",
      "because it does not appear in the connect-src directive"}},
    {NULL,
     "An extension of the browser, such as an ad blocker, blocked it.",
     "try without extensions, in a private window",
     {"net::ERR_BLOCKED_BY_CLIENT"}},
    {NULL,
     "A service worker of the page responded in the server's place: it failed, "
     "or gave a response of another kind than the request takes. No header of "
     "the server changes that.",
     "correct the worker's fetch handler; to try without it, unregister it or "
     "bypass it (F12, Application, Service workers)",
     {"The FetchEvent for * resulted in a network error",
      "A ServiceWorker passed", "A ServiceWorker intercepted",
      "A ServiceWorker canceled", "A ServiceWorker is not allowed",
      "FetchEvent.respondWith received an error",
      "FetchEvent unable to handle respondWith promise"}},
    {NULL,
     "The browser has CORS switched off in its settings, or an extension "
     "meddles with the request.",
     "try with a new profile (Firefox: content.cors.disable in about:config)",
     {"CORS disabled", "CORS header 'Origin' cannot be added"}},
    {NULL,
     "A file with an integrity attribute was loaded from another origin "
     "without CORS, so it cannot be checked.",
     "give the <script> or <link> crossorigin, and allow the page's origin on "
     "its server",
     {"is not eligible for integrity checks since it's neither CORS-enabled "
      "nor same-origin",
      "has an integrity attribute, but the resource requires the request to be "
      "CORS enabled"}},
    {NULL,
     "The page uses mode: \"same-origin\", for a URL of another origin.",
     "leave the mode out",
     {"Request mode is \"same-origin\" but the URL's origin is not same as the "
      "request origin",
      "may not load data from",
      "Cross origin requests are not allowed by request mode",
      "Cross origin requests are not allowed when using same-origin"}},
    {NULL,
     "The canvas has an image of another origin in it, which was loaded "
     "without CORS.",
     "add crossorigin to the image, and allow the page's origin on its server",
     {"tainted by cross-origin data", "canvases may not be exported",
      "The canvas has been tainted"}},
    {NULL,
     "A script reaches into a frame or window of another origin; no header of "
     "CORS allows that.",
     "use postMessage() between the two pages",
     {"from accessing a cross-origin frame",
      "from accessing a frame with origin",
      "Permission denied to access property"}},
    {NULL,
     "A script of another origin failed, and was loaded without CORS: the page "
     "does not learn how.",
     "add crossorigin to the <script>, and allow the page's origin on its "
     "server",
     {"Script error."}},
    {NULL,
     "A module, font or script of another origin did not pass CORS; another "
     "line has the reason.",
     "allow the page's origin on its server",
     {"Cross-origin script load denied by Cross-Origin Resource Sharing policy",
      "Cross-origin media resource load denied by Cross-Origin Resource "
      "Sharing policy",
      "Cross-origin text track load denied by Cross-Origin Resource Sharing "
      "policy",
      "source URI is not allowed in this document",
      "bad URI or cross-site access not allowed",
      "can't establish a connection to the server at"}},
    {NULL,
     "The preloaded file is requested in another mode, so it is loaded twice.",
     "give the <link rel=preload> the same crossorigin as the request",
     {"but is not used because the request credentials mode does not match",
      "but is not used because the request mode does not match"}},
    /* ---- mistakes of scripts ---- */
    {NULL,
     "A script sets a header that is the browser's own.",
     "leave it out: no server sees it",
     {"Refused to set unsafe header",
      "Attempt to set a forbidden header was denied"}},
    {NULL,
     "JavaScript reads a response header that is not exposed.",
     "add its name to `expose`",
     {"Refused to get unsafe header"}},
    {"forbidden-method",
     "Browsers do not send this method: TRACE, TRACK, CONNECT, or one with a "
     "blank.",
     "use another method",
     {"HTTP method is unsupported", "is not a valid HTTP method",
      "Invalid request method", "Method is forbidden",
      "Method is not a valid HTTP token"}},
    {"forbidden-method",
     "Mode no-cors allows only GET, HEAD and POST, and the page cannot read "
     "the response.",
     "leave mode: \"no-cors\" out: it does not do away with CORS",
     {"Request mode is \"no-cors\" but the redirect mode is not \"follow\"",
      "is unsupported in no-cors mode",
      "Method must be GET, POST or HEAD in no-cors mode"}},
    {"forbidden-method",
     "fetch() takes no URL with user name and password.",
     "send an Authorization header",
     {"Request cannot be constructed from a URL that includes credentials",
      "is an url with embedded credentials",
      "URL is not valid or contains user credentials"}},
    /* ---- the network ---- */
    {"tls",
     "The server's certificate is not one that the browser trusts.",
     "install a certificate for this name; a request of a page has no warning "
     "to click through",
     {"net::ERR_CERT_", "net::ERR_SSL_", "SEC_ERROR_",
      "The certificate for this server is invalid"}},
    {"network",
     "No server responded: the name or the port is wrong, or the server is "
     "down.",
     "make a server respond at this URL first: this is not about CORS",
     {"net::ERR_CONNECTION_", "net::ERR_NAME_NOT_RESOLVED",
      "net::ERR_EMPTY_RESPONSE", "net::ERR_ADDRESS_",
      "Could not connect to the server", "The network connection was lost",
      "Connection terminated unexpectedly",
      "A server with the specified hostname could not be found"}},
    {"timeout",
     "The server did not respond in time.",
     "find out what the server waits for",
     {"net::ERR_TIMED_OUT", "The request timed out"}},
    /* ---- messages without a cause ---- */
    {NULL,
     "Firefox' second line of every preflight that fails, or no response at "
     "all: the server is down, or its certificate is not trusted.",
     "look for the line before it; if it is the only one, make a server "
     "respond",
     {"CORS request did not succeed"}},
    {NULL,
     "Something was blocked by CORS, or by what looks like it; the line above "
     "it has the reason.",
     "look for it in the console (F12)",
     {"due to access control checks",
      "Response to preflight request doesn't pass access control check",
      "has been blocked by CORS policy", "Access blocked by CORS policy",
      "Cross-Origin Request Blocked", "Fetch API cannot load"}},
    {NULL,
     "All that JavaScript gets, whatever the cause: CORS, a network error, "
     "mixed content or an extension. Only the console and the network tab have "
     "the cause.",
     "look for the line with the reason in the console (F12), or run corscheck "
     "probe",
     {"TypeError: Failed to fetch",
      "NetworkError when attempting to fetch resource",
      "TypeError: Load failed", "Load failed", "Failed to fetch",
      "Network request failed", "Network Error", "net::ERR_FAILED",
      "Failed to load resource", "TypeError: NetworkError"}},
    {NULL, NULL, NULL, {NULL}},
};

const struct message *
message_list(void)
{
	return messages;
}

/* ---- pasted text ---- */

/* Typographic quotes, in UTF-8, as ASCII has them. */
static char
read_quote(struct slice text)
{
	static const char bytes[] = "\xe2\x80";
	static const char plain[] = "''''\"\"\"\""; /* 98 to 9f */
	unsigned last;

	if (text.len < 3 || memcmp(text.ptr, bytes, 2) != 0)
		return '\0';
	last = (unsigned char)text.ptr[2];
	return last >= 0x98 && last <= 0x9f ? plain[last - 0x98] : '\0';
}

/* One line, with single blanks.  Absent: no memory. */
static struct slice
fold(struct arena *arena, struct slice text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	if (out == NULL)
		return SLICE_NONE;
	while (text.len > 0) {
		char quote = read_quote(text), c = text.ptr[0];
		text = slice_after(text, quote != '\0' ? 3 : 1);
		if (quote != '\0')
			c = quote;
		if (c == '\t' || c == '\r' || c == '\n')
			c = ' ';
		if (c != ' ' || (len > 0 && out[len - 1] != ' '))
			out[len++] = c;
	}
	return slice_of(out, len);
}

/* Does the text contain the parts of the words (split at "*") in this
 * order? */
static bool
has_words(struct slice text, struct slice words)
{
	while (words.len > 0) {
		size_t len = text_find(words, '*'), at;
		struct slice part = slice_of(words.ptr, len);

		/* In "the wildcard '*'" the asterisk is part of the message,
		 * and any text is accepted for it, too. */
		at = text_find_nocase(text, part);
		if (at == text.len && part.len > 0)
			return false;
		text = slice_after(text, at + part.len);
		words = slice_after(words, len + 1);
	}
	return true;
}

/* Is the text a part of a message, as a user typed it, and long enough to be
 * certain? */
static bool
is_part(struct slice text, struct slice words)
{
	enum { ENOUGH = 12 };

	return text.len >= ENOUGH && text_has_nocase(words, text);
}

const struct message *
message_find(struct arena *arena, struct slice text, const char **words)
{
	struct slice line = fold(arena, text);

	if (!slice_present(line))
		return NULL;
	line = text_trim(line);
	for (const struct message *m = messages; m->cause != NULL; m++)
		for (size_t i = 0; i < MESSAGE_WORDS && m->words[i] != NULL;
		     i++) {
			if (!has_words(line, slice_from(m->words[i])))
				continue;
			*words = m->words[i];
			return m;
		}
	for (const struct message *m = messages; m->cause != NULL; m++)
		for (size_t i = 0; i < MESSAGE_WORDS && m->words[i] != NULL;
		     i++) {
			if (!is_part(line, slice_from(m->words[i])))
				continue;
			*words = m->words[i];
			return m;
		}
	return NULL;
}
