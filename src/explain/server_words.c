/*
 * What to write into a server's configuration, in its own words.
 *
 * Each line sets a header anew, on every status, whatever the program behind
 * has sent: one that was added beside the program's would be the second, and
 * browsers reject a response with two.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

#include "base/text.h"

enum product { NGINX, APACHE, LIGHTTPD, CADDY, HAPROXY, OTHER };

/* By the Server field.  HAProxy has none of its own, and OTHER stands for all
 * whose configuration we do not know. */
static enum product
product_of(struct explanation *e, const struct response *response)
{
	static const struct {
		const char *product;
		enum product server;
	} servers[] = {
	    {"nginx", NGINX},
	    {"apache", APACHE},
	    {"lighttpd", LIGHTTPD},
	    {"caddy", CADDY},
	};
	struct slice name =
	    fetch_get(e->arena, &response->fields, SLICE("server"));

	if (!slice_present(name))
		return HAPROXY;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (text_starts_nocase(name, slice_from(servers[i].product)))
			return servers[i].server;
	return OTHER;
}

static const char *
line_for(struct explanation *e, enum product server, const char *name,
	 const char *value)
{
	switch (server) {
	case NGINX:
		return explain_printf(e,
				      " `fastcgi_hide_header %s; add_header %s "
				      "\"%s\" always;`",
				      name, name, value);
	case APACHE:
		return explain_printf(e,
				      " `Header onsuccess unset %s` `Header "
				      "always set %s \"%s\"`",
				      name, name, value);
	case LIGHTTPD:
		return explain_printf(e,
				      " `setenv.set-response-header += ( "
				      "\"%s\" => \"%s\" )`",
				      name, value);
	case CADDY:
		return explain_printf(e, " `header_down %s \"%s\"`", name,
				      value);
	case HAPROXY:
		return explain_printf(
		    e, " `http-after-response set-header %s \"%s\"`", name,
		    value);
	case OTHER:
		break;
	}
	return "";
}

/* Nothing that a configuration reads as more than text ("$" of nginx)? */
static bool
is_plain(struct slice origin)
{
	for (size_t i = 0; i < origin.len; i++) {
		char c = origin.ptr[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) &&
		    memchr(":/.-_[]", c, 7) == NULL)
			return false;
	}
	return true;
}

const char *
explain_set_headers(struct explanation *e, const struct response *response)
{
	static const char *const names[] = {
	    [NGINX] = "nginx (proxy_hide_header with proxy_pass)",
	    [APACHE] = "Apache",
	    [LIGHTTPD] = "lighttpd",
	    [CADDY] = "Caddy (in reverse_proxy)",
	    [HAPROXY] = "HAProxy",
	};
	static const char what[] = "send the CORS headers on every status, "
				   "errors too, and each of them once";
	enum product server = product_of(e, response);
	const char *credentials = "";

	if (server == OTHER || slice_eq(e->question.origin, SLICE("null")) ||
	    !is_plain(e->question.origin))
		return what;
	if (e->question.credentials)
		credentials = line_for(
		    e, server, "Access-Control-Allow-Credentials", "true");
	return explain_printf(e,
			      "%s; %s, in place of other lines for them:%s%s",
			      what, names[server],
			      line_for(e, server, "Access-Control-Allow-Origin",
				       explain_quote(e, e->question.origin)),
			      credentials);
}
