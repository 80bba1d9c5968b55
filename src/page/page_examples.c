/*
 * Examples to click: texts that can be pasted, each with its result.
 *
 * Forms, not links: lighttpd does not accept a line end in a query.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "page/page.h"

#include "page/html.h"

struct example {
	const char *label;
	const char *paste;
	const char *url;
	const char *origin;
	const char *method;
	const char *headers;
	const char *policy;
	bool credentials;
};

static const struct example examples[] = {
    {.label = "a console message",
     .paste =
	 "Access to fetch at 'https://api.example.net/report' from origin "
	 "'https://app.example.com' has been blocked by CORS policy: "
	 "Response to preflight request doesn't pass access control check: "
	 "It does not have HTTP ok status."},
    {.label = "a cURL command and its output",
     .paste = "$ curl -i -X OPTIONS https://api.example.net/report \\\n"
	      "  -H 'Origin: https://app.example.com' \\\n"
	      "  -H 'Access-Control-Request-Method: PUT'\n"
	      "HTTP/1.1 204 No Content\n"
	      "Server: nginx/1.26.0\n"
	      "Access-Control-Allow-Origin: https://app.example.com\n"
	      "Access-Control-Allow-Methods: GET, POST\n"},
    {.label = "response headers",
     .paste = "HTTP/1.1 200 OK\n"
	      "Server: Apache/2.4.62 (Debian)\n"
	      "Content-Type: application/json\n"
	      "Access-Control-Allow-Origin: *\n"
	      "Access-Control-Allow-Origin: https://app.example.com\n"},
    {.label = "an .htaccess",
     .paste = "<IfModule mod_headers.c>\n"
	      "  Header set Access-Control-Allow-Origin \"*\"\n"
	      "  Header set Access-Control-Allow-Credentials \"true\"\n"
	      "  Header set Access-Control-Allow-Methods \"GET, PUT\"\n"
	      "</IfModule>\n"},
    {.label = "a policy that refuses",
     .url = "https://api.example.net/cgi-bin/report",
     .origin = "https://app.example.com",
     .method = "PUT",
     .headers = "Content-Type: application/json\nAuthorization: Bearer x",
     .credentials = true,
     .policy = "[cors]\n"
	       "origins = https://*.example.com\n"
	       "headers = Content-Type\n"
	       "max-age = 600\n"},
};

static void
print_example(FILE *out, const struct example *example)
{
	fputs("<form method=\"post\" action=\"#answer\">\n", out);
	html_hidden(out, "paste", slice_from(example->paste));
	html_hidden(out, "url", slice_from(example->url));
	html_hidden(out, "origin", slice_from(example->origin));
	html_hidden(out, "method", slice_from(example->method));
	html_hidden(out, "headers", slice_from(example->headers));
	html_hidden(out, "policy", slice_from(example->policy));
	if (example->credentials)
		html_hidden(out, "credentials", SLICE("on"));
	fprintf(out, "<button type=\"submit\">%s</button>\n</form>\n",
		example->label);
}

void
page_examples_html(struct page *page)
{
	fputs("<div class=\"examples\"><p>See an example:</p>\n", page->out);
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		print_example(page->out, &examples[i]);
	fputs("</div>\n", page->out);
}
