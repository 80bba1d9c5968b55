/*
 * The content of the reference; reference.h describes its form.
 *
 * The rules are those of the Fetch standard (https://fetch.spec.whatwg.org/);
 * t/explain/reference.t compares the lists with the results of explain.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/reference.h"

typedef const char *const row[REFERENCE_COLUMNS];

static row pairs[] = {
    {"`Origin`", "`Access-Control-Allow-Origin`", "every response",
     "The page's origin, byte for byte, or `*`. Exactly one value; browsers "
     "reject a response with two."},
    {"`Access-Control-Request-Method`", "`Access-Control-Allow-Methods`",
     "preflight",
     "Names with commas, compared case and all. `GET`, `HEAD` and `POST` need "
     "not be there."},
    {"`Access-Control-Request-Headers`", "`Access-Control-Allow-Headers`",
     "preflight",
     "Names with commas, in any case. Every requested name must be there."},
    {"cookies, passwords, client certificates",
     "`Access-Control-Allow-Credentials`", "every response",
     "`true`, in lower case, and only when the script said "
     "`credentials: \"include\"`. There is no `false`: leave it out."},
    {NULL, "`Access-Control-Max-Age`", "preflight",
     "For how many seconds the browser may keep what the preflight said. "
     "Without it: 5."},
    {NULL, "`Access-Control-Expose-Headers`", "actual response",
     "What else the script may read beside the safelisted response headers."},
    {"`Origin`", "`Vary: Origin`", "every response",
     "Wherever the response depends on the origin, also if the request has no "
     "Origin; otherwise a cache delivers the response of one page to another."},
    {NULL, "`Cross-Origin-Resource-Policy`", "actual response",
     "Which pages may load it without CORS, too: `same-origin`, `same-site` or "
     "`cross-origin`. A page with `Cross-Origin-Embedder-Policy: require-corp` "
     "loads nothing of other origins without it. In the policy: "
     "`resource-policy`."},
    {NULL, "`Timing-Allow-Origin`", "actual response",
     "Which pages may see how long it took. Several origins are allowed here."},
};

static row requests[] = {
    {"method", "`GET`, `HEAD`, `POST`",
     "any other: `PUT`, `DELETE`, `PATCH`, "
     "and `QUERY` (RFC 10008), although it only reads"},
    {"headers set by the script", "no headers, or safelisted ones",
     "any other name, `Authorization` and `X-Requested-With` too; or a "
     "safelisted one with a value that is not"},
    {"`Content-Type`",
     "`application/x-www-form-urlencoded`, `multipart/form-data`, "
     "`text/plain`, with or without parameters",
     "any other: `application/json`"},
    {"`Range`", "`bytes=0-99`, `bytes=100-`",
     "`bytes=-100`, several ranges, other units"},
    {"safelisted values", "at most 128 bytes each, 1024 together",
     "longer: each of them then needs permission"},
    {"body", "text, form, blob", "a `ReadableStream`"},
    {"upload events", "no listener on `XMLHttpRequest.upload`",
     "a listener on it, set before `send()`"},
    {"credentials", "with or without", "make no difference"},
    {"what the server sees", "the request itself, with `Origin`",
     "first `OPTIONS` with `Origin`, `Access-Control-Request-Method` and, if "
     "headers need permission, `Access-Control-Request-Headers` (lower case, "
     "sorted, commas without blanks); no cookie, no password, no body"},
};

static row checks[] = {
    {"1", "preflight", "It is not a redirect.", "preflight-redirect"},
    {"2", "both",
     "`Access-Control-Allow-Origin` is there, once, and is the page's origin; "
     "or `*`, if there are no credentials.",
     "acao-missing, acao-multiple, acao-mismatch, wildcard-with-credentials"},
    {"3", "both",
     "With credentials: `Access-Control-Allow-Credentials` is `true`.",
     "credentials-not-true"},
    {"4", "preflight",
     "The status is from 200 to 299. Any status will do for the actual "
     "response.",
     "preflight-status"},
    {"5", "preflight",
     "`Access-Control-Allow-Methods` and `-Headers` are lists of names.",
     "list-malformed"},
    {"6", "preflight",
     "The method is in `Access-Control-Allow-Methods`, or is `GET`, `HEAD` or "
     "`POST`.",
     "method-not-allowed"},
    {"7", "preflight",
     "Each requested header is in `Access-Control-Allow-Headers`.",
     "header-not-allowed"},
};

static row wildcards[] = {
    {"`Access-Control-Allow-Origin: *`", "every origin, `null` too",
     "fails: it must be the origin itself"},
    {"`Access-Control-Allow-Methods: *`", "every method",
     "a method named `*`, which does not exist"},
    {"`Access-Control-Allow-Headers: *`",
     "every header; by the standard `Authorization` must be named beside it, "
     "though Chromium lets it pass",
     "a header named `*`, which does not exist"},
    {"`Access-Control-Expose-Headers: *`",
     "every response header but `Set-Cookie`",
     "a header named `*`, which does not exist"},
    {"`Timing-Allow-Origin: *`", "every page", "every page"},
    {"`https://*.example.com`",
     "nothing: no header knows patterns; the server compares, and sends the "
     "one origin",
     "the same"},
    {"`Access-Control-Allow-Credentials: true`", "does no harm",
     "must be there, in the response to the preflight and in the actual one"},
};

static row safelists[] = {
    {"methods that need no preflight", "`GET` `HEAD` `POST`", NULL},
    {"methods that browsers write in capitals",
     "`DELETE` `GET` `HEAD` `OPTIONS` `POST` `PUT`",
     "All others stay as the script wrote them: `patch` is not `PATCH`."},
    {"methods that browsers refuse", "`CONNECT` `TRACE` `TRACK`",
     "In any case; fetch() throws."},
    {"request headers that need no preflight", "`Accept`",
     "No control byte but the tab, and not one of `\"():<>?@[\\]{}` and DEL."},
    {"request headers that need no preflight",
     "`Accept-Language` `Content-Language`",
     "Only `0-9 A-Z a-z`, blank and `* , - . ; =`."},
    {"request headers that need no preflight", "`Content-Type`",
     "One of the three of a form; no byte that `Accept` may not have."},
    {"request headers that need no preflight", "`Range`",
     "One range with a beginning: `bytes=0-99`, `bytes=100-`."},
    {"the same, in Chromium alone",
     "`Device-Memory` `Downlink` `DPR` `ECT` `Intervention` `RTT` "
     "`Save-Data` `Viewport-Width` `Width`",
     "Where the value is well-formed."},
    {"request headers that scripts cannot set",
     "`Accept-Charset` `Accept-Encoding` `Access-Control-Request-Headers` "
     "`Access-Control-Request-Method` `Connection` `Content-Length` `Cookie` "
     "`Cookie2` `Date` `DNT` `Expect` `Host` `Keep-Alive` `Origin` `Referer` "
     "`Set-Cookie` `TE` `Trailer` `Transfer-Encoding` `Upgrade` `Via`",
     "Left out silently; and whatever begins with `Proxy-` or `Sec-`."},
    {"request headers that scripts cannot set",
     "`X-HTTP-Method` `X-HTTP-Method-Override` `X-Method-Override`",
     "Left out if the value names `CONNECT`, `TRACE` or `TRACK`."},
    {"response headers that scripts may always read",
     "`Cache-Control` `Content-Language` `Content-Length` `Content-Type` "
     "`Expires` `Last-Modified` `Pragma`",
     "All others only if they are exposed."},
    {"response headers that scripts never read", "`Set-Cookie` `Set-Cookie2`",
     NULL},
};

/* Fetch Metadata, Storage Access, HTML 7.6, COEP: as of November 2026. */
static row beside[] = {
    {"`Sec-Fetch-Site`, `Sec-Fetch-Mode`, `Sec-Fetch-Dest`", "the browser",
     "Whose page it is (`same-origin`, `same-site`, `cross-site`, `none`), in "
     "which mode (`cors`, `no-cors`, `navigate`) and for what. To https and "
     "localhost alone; no script can set them. In the policy: `isolate`."},
    {"`Sec-Fetch-Storage-Access`", "the browser",
     "Of a request with credentials of another site: may it have unpartitioned "
     "cookies? `none`, `inactive` (granted, not used) or `active`. Chromium "
     "133 and later."},
    {"`Activate-Storage-Access`", "the server",
     "To `inactive`: `retry; allowed-origin=\"https://app.example\"`, and the "
     "browser repeats the request with the cookies. The response still needs "
     "its CORS headers."},
    {"`Sec-Purpose`", "the browser",
     "`prefetch`, or `prefetch;prerender`: the page is not looked at yet. "
     "Change nothing for it; an error status refuses it. Across sites it comes "
     "without "
     "cookies."},
    {"`Cross-Origin-Resource-Policy`", "the server",
     "Which pages may load it without CORS: `same-origin`, `same-site`, "
     "`cross-origin`. Requests with CORS are exempt."},
    {"`Cross-Origin-Embedder-Policy`", "the page's server",
     "`require-corp`: the page loads nothing of other origins without CORS or "
     "that header. `credentialless`: it loads it without cookies (not "
     "Safari)."},
    {"`Access-Control-Request-Private-Network`", "nobody",
     "Private Network Access was given up. A page of the public web that "
     "requests a local address needs https and the visitor's permission (Local "
     "Network Access); no header of the server has a part in it."},
    {"`Origin` of a WebSocket", "the browser",
     "CORS has no part in WebSockets: any page can connect, and the server has "
     "to compare `Origin` itself."},
};

static row agents[] = {
    {"an MCP server, revision 2026-07-28", "`POST`",
     "`Content-Type` `Authorization` `MCP-Protocol-Version` `Mcp-Method` "
     "`Mcp-Name`, and each `Mcp-Param-...` by its name: no list knows prefixes",
     "`WWW-Authenticate`, where it names the authorization server"},
    {"an MCP server, revisions of 2025", "`GET` `POST` `DELETE`",
     "`Content-Type` `Authorization` `MCP-Protocol-Version` `Mcp-Session-Id` "
     "`Last-Event-ID`",
     "`Mcp-Session-Id` `WWW-Authenticate`"},
    {"an A2A server", "`GET` `POST`",
     "`Content-Type` `Authorization` `A2A-Version` `A2A-Extensions`",
     "`A2A-Extensions`"},
    {"an API with keys", "those that it has",
     "`Content-Type` and `Authorization`, or the header of the key: a page "
     "shows the key to its visitor",
     "`Retry-After`, the request's id and the limits, if the page shows them"},
};

static row limits[] = {
    {"`Access-Control-Max-Age`, at most, in Chromium", "7200", "seconds"},
    {"`Access-Control-Max-Age`, at most, in Firefox", "86400", "seconds"},
    {"`Access-Control-Max-Age`, at most, in Safari", "600", "seconds"},
    {"`Access-Control-Max-Age` when it is missing or no number", "5",
     "seconds"},
    {"value of a safelisted request header", "128", "bytes"},
    {"values of all safelisted request headers together", "1024", "bytes"},
    {"redirects of a preflight", "0", "redirects"},
    {"redirects of the actual request, each with CORS headers of its own", "20",
     "redirects"},
    {"`Access-Control-Request-Headers` that corswrap reads", "4096", "bytes"},
    {"names in it that corswrap reads", "128", "names"},
};

static row myths[] = {
    {"The script must send the preflight, or call something for it.",
     "There is nothing to call. The browser sends it by itself, before the "
     "request that needs it, and caches the response for a while."},
    {"It works with curl (or Postman), so the server is right.",
     "They never show a CORS error: it is browsers that check. curl shows the "
     "headers; `corscheck probe` shows what a browser makes of them."},
    {"`credentials: \"include\"` causes a preflight.",
     "Credentials alone cause no preflight, and a preflight carries no "
     "credentials. They only make the checks stricter."},
    {"`Access-Control-Allow-Headers: *` is not valid; or always is.",
     "It is valid for requests without credentials. With credentials it is the "
     "name of a header. `Authorization` must always be listed."},
    {"`QUERY` is safe, so it needs no preflight.",
     "RFC 10008 lets clients repeat it and caches keep it, and a server can "
     "treat it as it does GET. The Fetch standard has only `GET`, `HEAD` and "
     "`POST` on its list: put `QUERY` into `methods`."},
    {"A server on a private network needs "
     "`Access-Control-Allow-Private-Network: true`.",
     "Chromium used it in trials only, with "
     "`Access-Control-Request-Private-Network`, and gave it up: since Chrome "
     "138 Local Network Access requires the visitor's permission instead (142: "
     "by default). corswrap never sends it, and removes it from the "
     "application's response."},
    {"Respond to a preflight with 204 and `Content-Length: 0`.",
     "A 204 has no Content-Length (RFC 9110, 8.6). Any status from 200 to 299 "
     "will do; a 200 without body has `Content-Length: 0`."},
    {"CORS protects the server.",
     "It lets pages read what the same-origin policy keeps from them. A simple "
     "request has already run when its response is withheld from the script."},
    {"`mode: \"no-cors\"` fixes it.",
     "It gets a response that the script cannot read: no status, no headers, "
     "no body."},
    {"The script sets `Access-Control-Allow-Origin` in its request.",
     "That is a response header. In a request it only causes a preflight that "
     "names it."},
    {"Several origins in `Access-Control-Allow-Origin`, with commas.",
     "One or `*`. The server looks for the request's origin in its list and "
     "sends that one, with `Vary: Origin`."},
    {"Send the request's `Origin` back, so that every page works.",
     "With credentials every page on the web then reads what the visitor may "
     "read. Compare with a list, the whole origin, not its beginning or end."},
    {"`Access-Control-Allow-Origin: null` is for local files.",
     "Every page can make itself the origin `null`, with a sandboxed frame."},
    {"The CORS headers belong on 200 alone.",
     "On every status, errors too: else the script sees a network error "
     "instead of the 401 or 500."},
    {"`OPTIONS` must require the password like the rest.",
     "A preflight never has one. 401 or 403 to it means that no script gets "
     "through; guard the actual requests."},
    {"A redirect to the login page, or from http to https, does no harm.",
     "A preflight that is redirected has failed. Request the last URL."},
    {"Every `OPTIONS` is a preflight.",
     "One with `Origin` and `Access-Control-Request-Method` is. All others "
     "belong to the application."},
    {"`Access-Control-Max-Age: 86400` keeps it for a day.",
     "In Firefox. Chromium keeps it two hours at most, Safari ten minutes."},
};

/* A macro, for the number of rows. */
#define ROWS(array) (array), sizeof(array) / sizeof((array)[0])

const struct reference_section reference_sections[] = {
    {"pairs",
     "Request and response headers",
     "What a browser sends, and what it requires in the response.",
     {{"request_header", "the browser sends"},
      {"response_header", "the server responds"},
      {"on", "on"},
      {"meaning", "meaning"}},
     4,
     ROWS(pairs)},
    {"requests",
     "Simple and preflighted requests",
     "A simple request is sent at once. Before any other the browser sends a "
     "preflight by itself.",
     {{"what", "what"}, {"simple", "simple"}, {"preflighted", "preflighted"}},
     3,
     ROWS(requests)},
    {"checks",
     "What the browser checks, in its order",
     "The first that fails is what the console names. `corscheck explain` and "
     "`corscheck probe` name what is at the bottom of it: what the policy "
     "refuses, or the status where that is bad and the headers are missing "
     "too.",
     {{"step", "step"},
      {"answer", "answer"},
      {"check", "check"},
      {"reason", "reason"}},
     4,
     ROWS(checks)},
    {"wildcards",
     "What * covers, and credentials",
     "With credentials means a request with `credentials: \"include\"`, or "
     "`withCredentials`.",
     {{"header", "header"},
      {"without_credentials", "without credentials"},
      {"with_credentials", "with credentials"}},
     3,
     ROWS(wildcards)},
    {"safelists",
     "Safelists",
     NULL,
     {{"list", "list"}, {"names", "names"}, {"condition", "condition"}},
     3,
     ROWS(safelists)},
    {"beside",
     "Headers beside CORS",
     "What else is sent with requests of other origins, or decides about them.",
     {{"header", "header"}, {"by", "sent by"}, {"meaning", "meaning"}},
     3,
     ROWS(beside)},
    {"agents",
     "Servers for agents",
     "What pages need of servers that were written for programs: `methods`, "
     "`headers` and `expose` of the policy. Such a server also has to reject "
     "an `Origin` that it does not know, with 403: a page whose name is bound "
     "to a local address could reach it.",
     {{"server", "server"},
      {"methods", "methods"},
      {"headers", "headers"},
      {"expose", "expose"}},
     4,
     ROWS(agents)},
    {"limits",
     "Limits",
     NULL,
     {{"limit", "limit"}, {"value", "value"}, {"unit", "unit"}},
     3,
     ROWS(limits)},
    {"myths",
     "What many pages get wrong",
     NULL,
     {{"said", "what they say"}, {"so", "how it is"}},
     2,
     ROWS(myths)},
};

const size_t reference_section_count =
    sizeof(reference_sections) / sizeof(reference_sections[0]);
