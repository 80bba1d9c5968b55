/*
 * What happens to a request before or beside CORS, and where Chromium leaves
 * the standard: it changes no verdict, and who asks must know it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "explain/explanation.h"

/* Fetch, 2.9 "Port blocking": ports of other protocols. */
bool
explain_is_bad_port(unsigned port)
{
	static const unsigned short bad[] = {
	    1,	  7,	9,    11,   13,	  15,	17,   19,   20,	  21,	22,
	    23,	  25,	37,   42,   43,	  53,	69,   77,   79,	  87,	95,
	    101,  102,	103,  104,  109,  110,	111,  113,  115,  117,	119,
	    123,  135,	137,  139,  143,  161,	179,  389,  427,  465,	512,
	    513,  514,	515,  526,  530,  531,	532,  540,  548,  554,	556,
	    563,  587,	601,  636,  989,  990,	993,  995,  1719, 1720, 1723,
	    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
	    6668, 6669, 6679, 6697, 10080};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (bad[i] == port)
			return true;
	return false;
}

static void
note_port(struct explanation *e)
{
	unsigned port = e->question.url.port;

	if (explain_is_bad_port(port))
		texts_add(e, &e->notes,
			  explain_printf(e,
					 "browsers do not connect to port %u, "
					 "which is another protocol's: serve "
					 "this on another one",
					 port));
}

/* Mixed Content, 5.1: the page is secure and the URL is not. */
bool
explain_is_mixed(const struct explanation *e)
{
	return slice_starts(e->question.origin, SLICE("https://")) &&
	       !url_is_trustworthy(&e->question.url);
}

/* IP address spaces (Local Network Access, 3.1), as far as a host shows. */
enum space { SPACE_PUBLIC, SPACE_LOCAL, SPACE_LOOPBACK };

static enum space
find_space(const struct url *url)
{
	static const char *const local[] = {
	    "10.", "192.168.", "169.254.", "[fc", "[fd", "[fe80:", NULL};
	struct url plain = *url;
	struct slice host = url->host;

	plain.scheme = SLICE("http"); /* trustworthy by its host alone */
	if (url_is_trustworthy(&plain))
		return SPACE_LOOPBACK;
	if (!url->is_ip)
		return host.len > 6 && slice_eq(slice_after(host, host.len - 6),
						SLICE(".local"))
			   ? SPACE_LOCAL
			   : SPACE_PUBLIC;
	for (const char *const *at = local; *at != NULL; at++)
		if (slice_starts(host, slice_from(*at)))
			return SPACE_LOCAL;
	/* 172.16.0.0/12 */
	if (slice_starts(host, SLICE("172.")) && host.len > 6 &&
	    host.ptr[6] == '.') {
		int second = (host.ptr[4] - '0') * 10 + (host.ptr[5] - '0');
		if (second >= 16 && second <= 31)
			return SPACE_LOCAL;
	}
	return SPACE_PUBLIC;
}

static void
note_network(struct explanation *e)
{
	struct url page;

	if (url_parse(e->arena, e->question.origin, NULL, NULL, &page) !=
		URL_FAULT_NONE ||
	    find_space(&page) >= find_space(&e->question.url))
		return;
	texts_add(e, &e->notes,
		  url_is_trustworthy(&page)
		      ? "Chromium asks the visitor first whether the page may "
			"reach this machine or the local network, and no "
			"header does away with that"
		      : "Chromium lets pages reach this machine or the local "
			"network only if they came over https, and asks the "
			"visitor first");
}

/* Where the verdict is Chromium's and not the standard's. */
static void
note_header(struct explanation *e, const struct fetch_header *h)
{
	const char *name = explain_quote(e, h->name);
	const char *text;

	if (!h->chromium || !(e->plan.cross_origin || !fetch_is_sent(h)))
		return;
	if (!fetch_is_sent(h))
		text =
		    explain_printf(e,
				   "Chromium leaves the header %s out; by the "
				   "Fetch standard it is sent",
				   name);
	else if (fetch_asks(h))
		text =
		    explain_printf(e,
				   "Chromium asks first because of the header "
				   "%s; by the Fetch standard it need not",
				   name);
	else
		text = explain_printf(e,
				      "Chromium sends the header %s without "
				      "asking; by the Fetch standard it asks "
				      "first",
				      name);
	texts_add(e, &e->notes, text);
}

void
explain_add_notes(struct explanation *e)
{
	note_port(e);
	if (explain_is_mixed(e))
		texts_add(
		    e, &e->notes,
		    "browsers block http requests of https pages as mixed "
		    "content, whatever CORS says: serve this over https");
	if (e->plan.cross_origin)
		note_network(e);
	for (size_t i = 0; i < e->plan.header_count; i++)
		note_header(e, &e->plan.headers[i]);
}
