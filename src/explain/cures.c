/*
 * Cures as people can paste them: the directives of each server for each
 * mistake, with the page's origin, the method and the headers filled in.
 *
 * t/probe/servers.t pastes those of the servers that Debian has, and asks
 * again.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/cures.h"

#include "base/text.h"

/* ---- who answered ---- */

static struct slice
value_of(const struct response *response, const char *name)
{
	for (size_t i = 0; i < response->fields.count; i++)
		if (slice_eq_nocase(response->fields.at[i].name,
				    slice_from(name)))
			return response->fields.at[i].value;
	return SLICE_NONE;
}

bool
cures_is_corswrap(const struct response *response)
{
	/* No other server names all three. */
	return response->known &&
	       (slice_present(value_of(response, "x-corswrap-reason")) ||
		slice_eq(value_of(response, "vary"),
			 SLICE("Origin, Access-Control-Request-Method, "
			       "Access-Control-Request-Headers")));
}

enum server_kind
cures_server(const struct response *response)
{
	static const struct {
		const char *header; /* NULL: the body of an error */
		const char *word;
		enum server_kind kind;
	} signs[] = {
	    {"x-amz-request-id", "", SERVER_S3},
	    {"server", "AmazonS3", SERVER_S3},
	    {"x-amz-cf-id", "", SERVER_CLOUDFRONT},
	    {"via", "CloudFront", SERVER_CLOUDFRONT},
	    {"server", "CloudFront", SERVER_CLOUDFRONT},
	    {"x-powered-by", "Express", SERVER_EXPRESS},
	    {"server", "nginx", SERVER_NGINX},
	    {"server", "openresty", SERVER_NGINX},
	    {"server", "Apache", SERVER_APACHE},
	    {"server", "lighttpd", SERVER_LIGHTTPD},
	    {"server", "Caddy", SERVER_CADDY},
	    {"via", "Caddy", SERVER_CADDY},
	    {"server", "Microsoft-IIS", SERVER_IIS},
	    {"x-powered-by", "ASP.NET", SERVER_IIS},
	    {"server", "cloudflare", SERVER_CLOUDFLARE},
	    {"cf-ray", "", SERVER_CLOUDFLARE},
	    {NULL, "<center>nginx", SERVER_NGINX},
	    {NULL, "<address>Apache", SERVER_APACHE},
	    {NULL, "<pre>Cannot ", SERVER_EXPRESS},
	    {NULL, "Internet Information Services", SERVER_IIS},
	};

	if (!response->known)
		return SERVER_UNKNOWN;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		struct slice text = signs[i].header == NULL
					? response->body
					: value_of(response, signs[i].header);
		struct slice word = slice_from(signs[i].word);
		/* An empty word: the header alone is the sign. */
		if (slice_present(text) &&
		    (word.len == 0 || text_find_nocase(text, word) < text.len))
			return signs[i].kind;
	}
	return SERVER_UNKNOWN;
}

/* ---- what is wrong ---- */

enum problem {
	PROBLEM_NONE,
	PROBLEM_OPTIONS, /* the preflight is not answered as it should be */
	PROBLEM_ORIGIN,	 /* the answer has not the page's origin, or twice */
	PROBLEM_VARY,
	PROBLEM_CACHE,
	PROBLEM_BACKEND,
	PROBLEMS
};

static enum problem
problem_of(const struct explanation *e, const char *id)
{
	static const struct {
		const char *id;
		enum problem problem;
	} ids[] = {
	    {"options-guarded", PROBLEM_OPTIONS},
	    {"options-not-allowed", PROBLEM_OPTIONS},
	    {"options-not-found", PROBLEM_OPTIONS},
	    {"options-failed", PROBLEM_OPTIONS},
	    {"options-redirected", PROBLEM_OPTIONS},
	    {"login-redirect", PROBLEM_OPTIONS},
	    {"preflight-refused", PROBLEM_OPTIONS},
	    {"preflight-status", PROBLEM_OPTIONS},
	    {"preflight-redirect", PROBLEM_OPTIONS},
	    {"method-not-allowed", PROBLEM_OPTIONS},
	    {"header-not-allowed", PROBLEM_OPTIONS},
	    {"list-malformed", PROBLEM_OPTIONS},
	    {"acao-missing", PROBLEM_ORIGIN},
	    {"acao-multiple", PROBLEM_ORIGIN},
	    {"acao-mismatch", PROBLEM_ORIGIN},
	    {"wildcard-with-credentials", PROBLEM_ORIGIN},
	    {"credentials-not-true", PROBLEM_ORIGIN},
	    {"duplicate-header", PROBLEM_ORIGIN},
	    {"error-without-cors", PROBLEM_ORIGIN},
	    {"vary-missing", PROBLEM_VARY},
	    {CURES_CACHE, PROBLEM_CACHE},
	    {"backend-down", PROBLEM_BACKEND},
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		if (strcmp(ids[i].id, id) != 0)
			continue;
		/* The same, but of the preflight's answer. */
		if (ids[i].problem == PROBLEM_ORIGIN && e->plan.preflight &&
		    !e->preflight_passes)
			return PROBLEM_OPTIONS;
		return ids[i].problem;
	}
	return PROBLEM_NONE;
}

/* ---- nginx ---- */

static const char *
nginx_origin(struct explanation *e)
{
	return explain_printf(
	    e, "add_header Access-Control-Allow-Origin \"%s\" always;%s",
	    explain_quote(e, e->question.origin),
	    e->question.credentials
		? "` `add_header Access-Control-Allow-Credentials true always;"
		: "");
}

/* The lists of a preflight, in the form of each server. */
static const char *
lists(struct explanation *e, const char *method, const char *headers,
      const char *end)
{
	const char *text = explain_printf(
	    e, "%s%s%s", method, explain_quote(e, e->plan.method), end);

	if (slice_present(e->plan.asked))
		text = explain_printf(e, "%s%s%s%s", text, headers,
				      explain_quote(e, e->plan.asked), end);
	return text;
}

static const char *
cure_nginx(struct explanation *e, enum problem problem)
{
	const char *origin = nginx_origin(e);

	switch (problem) {
	case PROBLEM_OPTIONS:
		return explain_printf(
		    e,
		    "put in front of all else in the location: `if "
		    "($request_method = OPTIONS) {` `%s` `%sadd_header Vary "
		    "Origin always;` `return 204;` `}`",
		    origin,
		    lists(e, "add_header Access-Control-Allow-Methods \"",
			  "add_header Access-Control-Allow-Headers \"",
			  "\" always;` `"));
	case PROBLEM_ORIGIN:
		return explain_printf(
		    e,
		    "in the location, in place of other lines for them: "
		    "`proxy_hide_header Access-Control-Allow-Origin;` "
		    "`fastcgi_hide_header Access-Control-Allow-Origin;` "
		    "`proxy_hide_header Access-Control-Allow-Credentials;` "
		    "`fastcgi_hide_header Access-Control-Allow-Credentials;` "
		    "`%s` `add_header Vary Origin always;`",
		    origin);
	case PROBLEM_VARY:
		return "beside the other add_header of the location: "
		       "`add_header Vary Origin always;`";
	case PROBLEM_CACHE:
		return "beside proxy_cache: `proxy_cache_key "
		       "\"$scheme$proxy_host$request_uri$http_origin\";` "
		       "(fastcgi_cache_key beside fastcgi_cache), and empty "
		       "the cache; or let what is behind it send Vary: Origin";
	case PROBLEM_BACKEND:
		return "start what proxy_pass or fastcgi_pass names, or "
		       "correct its address: the error_log of nginx says why; "
		       "nothing about CORS is known before that";
	default:
		return NULL;
	}
}

/* ---- Apache ---- */

static const char *
apache_origin(struct explanation *e, const char *when)
{
	return explain_printf(
	    e, "`Header always set Access-Control-Allow-Origin \"%s\"%s`%s%s%s",
	    explain_quote(e, e->question.origin), when,
	    e->question.credentials
		? " `Header always set Access-Control-Allow-Credentials true"
		: "",
	    e->question.credentials ? when : "",
	    e->question.credentials ? "`" : "");
}

static const char *
cure_apache(struct explanation *e, enum problem problem)
{
	static const char preflights[] =
	    " \"expr=%{REQUEST_METHOD} == 'OPTIONS'\"";

	switch (problem) {
	case PROBLEM_OPTIONS:
		return explain_printf(
		    e,
		    "in the <VirtualHost>, in front of other rules: "
		    "`RewriteEngine on` `RewriteCond %%{REQUEST_METHOD} "
		    "=OPTIONS` `RewriteRule ^ - [R=204,L]` %s %s`Header always "
		    "merge Vary Origin`",
		    apache_origin(e, preflights),
		    lists(e,
			  "`Header always set Access-Control-Allow-Methods \"",
			  "`Header always set Access-Control-Allow-Headers \"",
			  "\" \"expr=%{REQUEST_METHOD} == 'OPTIONS'\"` "));
	case PROBLEM_ORIGIN:
		return explain_printf(
		    e,
		    "in place of other lines for them: `Header onsuccess unset "
		    "Access-Control-Allow-Origin` `Header onsuccess unset "
		    "Access-Control-Allow-Credentials` %s `Header always merge "
		    "Vary Origin`",
		    apache_origin(e, ""));
	case PROBLEM_VARY:
		return "`Header always merge Vary Origin`";
	case PROBLEM_CACHE:
		return "let what is behind the cache send Vary: Origin on "
		       "every "
		       "answer, which mod_cache keeps to: `CacheQuickHandler "
		       "off` `Header merge Vary Origin`, and empty the cache "
		       "(htcacheclean)";
	case PROBLEM_BACKEND:
		return "start what ProxyPass names, or correct its address: "
		       "the ErrorLog of Apache says why; nothing about CORS is "
		       "known before that";
	default:
		return NULL;
	}
}

/* ---- lighttpd ---- */

static const char *
lighttpd_origin(struct explanation *e)
{
	return explain_printf(
	    e, "\"Access-Control-Allow-Origin\" => \"%s\"%s",
	    explain_quote(e, e->question.origin),
	    e->question.credentials
		? ", \"Access-Control-Allow-Credentials\" => \"true\""
		: "");
}

static const char *
cure_lighttpd(struct explanation *e, enum problem problem)
{
	const char *origin = lighttpd_origin(e);

	switch (problem) {
	case PROBLEM_OPTIONS:
		return explain_printf(
		    e,
		    "at the end of the configuration, with mod_setenv "
		    "in front of mod_redirect: `$HTTP[\"request-method\"] == "
		    "\"OPTIONS\" {` `auth.require = ()` `url.redirect = ( "
		    "\"\" => \"/\" )` `url.redirect-code = 204` "
		    "`setenv.set-response-header = ( %s%s, \"Vary\" => "
		    "\"Origin\" )` `}` (without auth.require where mod_auth is "
		    "not loaded)",
		    origin,
		    lists(e, ", \"Access-Control-Allow-Methods\" => \"",
			  ", \"Access-Control-Allow-Headers\" => \"", "\""));
	case PROBLEM_ORIGIN:
		return explain_printf(
		    e,
		    "in place of other lines for them: "
		    "`setenv.set-response-header = ( %s )` "
		    "`setenv.add-response-header = ( \"Vary\" => \"Origin\" )`",
		    origin);
	case PROBLEM_VARY:
		return "`setenv.add-response-header += ( \"Vary\" => "
		       "\"Origin\" )`";
	case PROBLEM_BACKEND:
		return "start what proxy.server or fastcgi.server names, or "
		       "correct its address: server.errorlog says why; nothing "
		       "about CORS is known before that";
	default:
		return NULL;
	}
}

/* ---- others ---- */

static const char *
cure_caddy(struct explanation *e, enum problem problem)
{
	const char *origin = explain_quote(e, e->question.origin);

	switch (problem) {
	case PROBLEM_OPTIONS:
		return explain_printf(
		    e,
		    "in the site: `@preflight method OPTIONS` `header "
		    "@preflight Access-Control-Allow-Origin \"%s\"` %s`respond "
		    "@preflight 204`; and give basic_auth a matcher that "
		    "leaves "
		    "OPTIONS out (not method OPTIONS)",
		    origin,
		    lists(e,
			  "`header @preflight Access-Control-Allow-Methods \"",
			  "`header @preflight Access-Control-Allow-Headers \"",
			  "\"` "));
	case PROBLEM_ORIGIN:
		return explain_printf(
		    e,
		    "in the block of reverse_proxy, in place of other lines "
		    "for them: `header_down Access-Control-Allow-Origin "
		    "\"%s\"` %s`header_down +Vary Origin`",
		    origin,
		    e->question.credentials
			? "`header_down Access-Control-Allow-Credentials "
			  "true` "
			: "");
	case PROBLEM_VARY:
		return "`header +Vary Origin`";
	case PROBLEM_BACKEND:
		return "start what reverse_proxy or php_fastcgi names, or "
		       "correct its address: the log of Caddy says why; "
		       "nothing about CORS is known before that";
	default:
		return NULL;
	}
}

/* A sentence for each, with the page's origin for %s. */
static const char *const sentences[SERVER_KINDS][PROBLEMS] = {
    [SERVER_IIS] =
	{
	    [PROBLEM_OPTIONS] =
		"install the IIS CORS module, and allow the origin %s in "
		"web.config (<cors enabled=\"true\">), which answers "
		"preflights before authentication; let no handler take "
		"OPTIONS (OPTIONSVerbHandler)",
	    [PROBLEM_ORIGIN] =
		"allow the origin %s in one place: <cors> of web.config, not "
		"<customHeaders> of <httpProtocol>, which sends one value to "
		"all and beside the application's",
	    [PROBLEM_VARY] = "allow the origin %s by <cors> of web.config, "
			     "which sends Vary: Origin; <customHeaders> does "
			     "not",
	    [PROBLEM_BACKEND] =
		"start the application pool, or what the rewrite rule of ARR "
		"names; the Event Log says why (page of origin %s)",
	},
    [SERVER_EXPRESS] =
	{
	    [PROBLEM_OPTIONS] =
		"app.use(cors({ origin: \"%s\" })) in front of every route "
		"and of what checks logins, so that it answers OPTIONS",
	    [PROBLEM_ORIGIN] =
		"app.use(cors({ origin: \"%s\", credentials: true })) in "
		"front of every route and of what handles errors, and no "
		"res.header(\"Access-Control-Allow-Origin\") beside it",
	    [PROBLEM_VARY] = "let cors({ origin: [\"%s\"] }) choose the "
			     "origin: of a list it sends Vary: Origin",
	},
    [SERVER_S3] =
	{
	    [PROBLEM_OPTIONS] =
		"add to the bucket's CORS configuration (Permissions, CORS) "
		"a rule with \"AllowedOrigins\": [\"%s\"] and the method and "
		"headers in AllowedMethods and AllowedHeaders",
	    [PROBLEM_ORIGIN] =
		"add to the bucket's CORS configuration (Permissions, CORS) "
		"a rule with \"AllowedOrigins\": [\"%s\"]; S3 sends CORS "
		"headers only to requests with Origin, so set crossorigin on "
		"images and scripts",
	    [PROBLEM_VARY] = "ask for it with Origin each time (crossorigin "
			     "on images and scripts of %s): S3 sends Vary "
			     "only then",
	},
    [SERVER_CLOUDFRONT] =
	{
	    [PROBLEM_OPTIONS] =
		"allow OPTIONS in the behavior, and give it a response "
		"headers policy with CORS for %s (override origin), or the "
		"origin request policy CORS-S3Origin",
	    [PROBLEM_ORIGIN] =
		"give the behavior a response headers policy with CORS for "
		"%s (override origin), and invalidate what is cached",
	    [PROBLEM_VARY] = "put Origin into the cache key: the cache "
			     "policy of the behavior (page of %s)",
	    [PROBLEM_CACHE] =
		"put Origin into the cache key (cache policy of the "
		"behavior), and create an invalidation; page of %s",
	    [PROBLEM_BACKEND] = "see that CloudFront's origin server "
				"answers, before anything about CORS for %s",
	},
    [SERVER_CLOUDFLARE] =
	{
	    [PROBLEM_CACHE] =
		"purge the cache, and bypass it for what depends on Origin, "
		"as of %s: Cloudflare keeps to Vary only in cache rules",
	    [PROBLEM_BACKEND] = "see that the origin server behind "
				"Cloudflare answers (520 to 526 say how it "
				"fails), before anything about CORS for %s",
	},
};

static const char *
cure_sentence(struct explanation *e, enum server_kind kind,
	      enum problem problem)
{
	const char *words = sentences[kind][problem];
	size_t at;

	if (words == NULL)
		return NULL;
	at = strcspn(words, "%");
	return explain_printf(e, "%.*s%s%s", (int)at, words,
			      explain_quote(e, e->question.origin),
			      words + at + 2);
}

/* What every server can do, without the keys of a policy. */
static const char *
cure_plainly(const char *id)
{
	static const struct {
		const char *id;
		const char *fix;
	} plain[] = {
	    {"allow-missing", "send Allow with the methods that there are"},
	    {"max-age-low", "send Access-Control-Max-Age: 600"},
	    {"origin-reflected",
	     "compare Origin with a list of those that may call, instead of "
	     "sending it back; or send * without credentials, if everybody may "
	     "read it"},
	    {"wildcard-in-list",
	     "write the names: with credentials * is a name "
	     "like any other"},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (strcmp(plain[i].id, id) == 0)
			return plain[i].fix;
	return NULL;
}

/* May the origin be pasted into a configuration? */
static bool
is_plain(struct slice origin)
{
	return text_find_any(origin, "\"'`$\\;{} ") == origin.len;
}

const char *
cures_find(struct explanation *e, enum server_kind kind, const char *id)
{
	enum problem problem = problem_of(e, id);

	if (kind == SERVER_UNKNOWN || kind == SERVER_CORSWRAP)
		return NULL;
	if (problem == PROBLEM_NONE)
		return cure_plainly(id);
	if (!is_plain(e->question.origin))
		return NULL;
	switch (kind) {
	case SERVER_NGINX:
		return cure_nginx(e, problem);
	case SERVER_APACHE:
		return cure_apache(e, problem);
	case SERVER_LIGHTTPD:
		return cure_lighttpd(e, problem);
	case SERVER_CADDY:
		return cure_caddy(e, problem);
	case SERVER_UNKNOWN:
	case SERVER_CORSWRAP:
	case SERVER_KINDS:
		return NULL;
	default:
		return cure_sentence(e, kind, problem);
	}
}
