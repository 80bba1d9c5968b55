/*
 * What each web server is to be told, with the places filled in.
 *
 * The whole configurations of examples/servers say why each line is there;
 * t/corscheck/init.t lets the servers read these.
 *
 * SPDX-License-Identifier: ISC
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "corscheck/init.h"

#include <string.h>
#include <unistd.h>

/* ---- the snippets; @NAME@ is filled in by place() ---- */

#define BY_ITSELF                                                              \
	"# corswrap runs by itself.  With systemd, for a policy "              \
	"in " SYSCONFDIR "/corswrap:\n"                                        \
	"#   systemctl enable --now corswrap@@name@.socket\n"                  \
	"# Without, as the web server's user:\n"                               \
	"#   @corswrap@ -c @policy@ \\\n"                                      \
	"#       -l unix:@socket@ -m 0660\n"
#define BESIDE                                                                 \
	"# corswrap lies beside its policy, under its policy's name:\n"        \
	"#   ln -s @corswrap@ @program@\n"

static const char lighttpd_one[] =
    "# lighttpd starts corswrap; into /etc/lighttpd/conf-enabled, or at the "
    "end.\n"
    "server.modules += ( \"mod_fastcgi\" )\n"
    "fastcgi.server += ( \"@path@\" => ((\n"
    "    \"bin-path\"    => \"@corswrap@ -c @policy@\",\n"
    "    \"socket\"      => \"/run/lighttpd/corswrap-@name@.sock\",\n"
    "    \"max-procs\"   => 1,\n"
    "    \"check-local\" => \"disable\"\n"
    ")) )\n"
    "# Hand the answer on as it comes.\n"
    "$HTTP[\"url\"] =~ \"^@path@\" {\n"
    "    server.stream-response-body = 1\n"
    "}\n";

static const char lighttpd_scripts[] =
    "# lighttpd starts corswrap; into /etc/lighttpd/conf-enabled, or at the "
    "end.\n"
    "server.modules += ( \"mod_alias\", \"mod_fastcgi\" )\n"
    "alias.url += ( \"@path@/\" => \"@root@/\" )\n"
    "$HTTP[\"url\"] =~ \"^@path@/\" {\n"
    "    fastcgi.server = ( \"@path@/\" => ((\n"
    "        \"bin-path\"  => \"@corswrap@ -c @policy@\",\n"
    "        \"socket\"    => \"/run/lighttpd/corswrap-@name@.sock\",\n"
    "        \"max-procs\" => 1\n"
    "    )) )\n"
    "    # Hand the answer on as it comes.\n"
    "    server.stream-response-body = 1\n"
    "}\n";

static const char lighttpd_cgi_one[] =
    BESIDE "server.modules += ( \"mod_alias\", \"mod_cgi\" )\n"
	   "alias.url += ( \"@path@\" => \"@program@\" )\n"
	   "$HTTP[\"url\"] =~ \"^@path@\" {\n"
	   "    cgi.assign = ( \"@name@.cgi\" => \"\" )\n"
	   "    server.stream-response-body = 1\n"
	   "}\n";

static const char lighttpd_cgi_scripts[] =
    "server.modules += ( \"mod_alias\", \"mod_setenv\", \"mod_cgi\" )\n"
    "alias.url += ( \"@path@/\" => \"@root@/\" )\n"
    "$HTTP[\"url\"] =~ \"^@path@/\" {\n"
    "    cgi.assign = ( \".pl\" => \"@corswrap@\", \".py\" => \"@corswrap@\",\n"
    "        \".sh\" => \"@corswrap@\", \".cgi\" => \"@corswrap@\" )\n"
    "    setenv.set-environment += ( \"CORSWRAP_CONFIG\" => \"@policy@\" )\n"
    "    server.stream-response-body = 1\n"
    "}\n";

#define FCGID                                                                  \
	"    # Larger uploads get 500 from Apache, without CORS headers.\n"    \
	"    FcgidMaxRequestLen 134217728\n"                                   \
	"    # Hand the answer on as it comes.\n"                              \
	"    FcgidOutputBufferSize 0\n"                                        \
	"    FcgidPassHeader Authorization\n"                                  \
	"</IfModule>\n"

static const char fcgid_one[] =
    "# Apache with mod_fcgid (a2enmod fcgid), which starts corswrap; into a\n"
    "# VirtualHost, or /etc/apache2/conf-enabled.\n"
    "<IfModule mod_fcgid.c>\n"
    "    <Location \"@path@\">\n"
    "        Options +ExecCGI\n"
    "        SetHandler fcgid-script\n"
    "        FcgidWrapper \"@corswrap@ -c @policy@\" virtual\n"
    "        Require all granted\n"
    "    </Location>\n" FCGID;

static const char fcgid_scripts[] =
    "# Apache with mod_fcgid (a2enmod fcgid alias), which starts corswrap; "
    "into a\n"
    "# VirtualHost, or /etc/apache2/conf-enabled.\n"
    "<IfModule mod_fcgid.c>\n"
    "    Alias \"@path@/\" \"@root@/\"\n"
    "    <Directory \"@root@\">\n"
    "        Options +ExecCGI\n"
    "        AddHandler fcgid-script .pl .py .sh .cgi\n"
    "        FcgidWrapper \"@corswrap@ -c @policy@\" .pl\n"
    "        FcgidWrapper \"@corswrap@ -c @policy@\" .py\n"
    "        FcgidWrapper \"@corswrap@ -c @policy@\" .sh\n"
    "        FcgidWrapper \"@corswrap@ -c @policy@\" .cgi\n"
    "        Require all granted\n"
    "    </Directory>\n" FCGID;

static const char apache_cgi_one[] =
    "# Apache with mod_cgid or mod_cgi (a2enmod cgid).\n" BESIDE
    "ScriptAlias \"@path@\" \"@program@\"\n"
    "<Directory \"@folder@\">\n"
    "    <Files \"@name@.cgi\">\n"
    "        Options +FollowSymLinks\n"
    "        Require all granted\n"
    "        # Passwords, which Apache keeps from programs.\n"
    "        CGIPassAuth On\n"
    "    </Files>\n"
    "    <FilesMatch \"\\.ini$\">\n"
    "        Require all denied\n"
    "    </FilesMatch>\n"
    "</Directory>\n";

static const char apache_cgi_scripts[] =
    "# Apache with mod_cgid or mod_cgi (a2enmod cgid actions).\n" BESIDE
    "ScriptAlias \"@path@.cgi\" \"@program@\"\n"
    "<Directory \"@folder@\">\n"
    "    <Files \"@name@.cgi\">\n"
    "        Options +FollowSymLinks\n"
    "        Require all granted\n"
    "    </Files>\n"
    "</Directory>\n"
    "Action cors-@name@ \"@path@.cgi\"\n"
    "Alias \"@path@/\" \"@root@/\"\n"
    "<Directory \"@root@\">\n"
    "    AddHandler cors-@name@ .pl .py .sh .php\n"
    "    Require all granted\n"
    "    # Passwords, which Apache keeps from programs.\n"
    "    CGIPassAuth On\n"
    "    <FilesMatch \"\\.ini$\">\n"
    "        Require all denied\n"
    "    </FilesMatch>\n"
    "</Directory>\n";

#define HTACCESS                                                               \
	"# .htaccess of this folder.  The static program lies beside it:\n"    \
	"#   cp corswrap.cgi @program@\n"                                      \
	"Options +ExecCGI\n"                                                   \
	"AddHandler cgi-script .cgi\n"                                         \
	"<FilesMatch \"^\\.ht|\\.(ini|log|txt)$\">\n"                          \
	"    Require all denied\n"                                             \
	"</FilesMatch>\n"
#define HTACCESS_AUTHORIZATION                                                 \
	"# With `authorization = restore` in the policy the program gets "     \
	"it.\n"                                                                \
	"<IfModule mod_setenvif.c>\n"                                          \
	"    SetEnvIf Authorization \"(.+)\" HTTP_AUTHORIZATION=$1\n"          \
	"</IfModule>\n"

static const char htaccess_one[] = HTACCESS HTACCESS_AUTHORIZATION;

static const char htaccess_scripts[] = HTACCESS
    "# The path in the address of @name@.cgi, from the / after the host on.\n"
    "Action cors-@name@ @path@/@name@.cgi\n"
    "AddHandler cors-@name@ .pl .php\n" HTACCESS_AUTHORIZATION;

static const char apache_proxy_one[] =
    "# Apache with mod_proxy_fcgi (a2enmod proxy_fcgi).\n" BY_ITSELF
    "<Proxy \"fcgi://corswrap-@name@/\">\n"
    "    # Hand the answer on as it comes.\n"
    "    ProxySet flushpackets=on\n"
    "</Proxy>\n"
    "<Location \"@path@\">\n"
    "    SetHandler \"proxy:unix:@socket@|fcgi://corswrap-@name@/\"\n"
    "    ProxyFCGIBackendType GENERIC\n"
    "    # Passwords, which Apache keeps from programs.\n"
    "    CGIPassAuth On\n"
    "    Require all granted\n"
    "</Location>\n";

static const char apache_proxy_scripts[] =
    "# Apache with mod_proxy_fcgi (a2enmod proxy_fcgi alias).\n" BY_ITSELF
    "<Proxy \"fcgi://corswrap-@name@/\">\n"
    "    # Hand the answer on as it comes.\n"
    "    ProxySet flushpackets=on\n"
    "</Proxy>\n"
    "Alias \"@path@/\" \"@root@/\"\n"
    "<Directory \"@root@\">\n"
    "    SetHandler \"proxy:unix:@socket@|fcgi://corswrap-@name@/\"\n"
    "    ProxyFCGIBackendType GENERIC\n"
    "    # Passwords, which Apache keeps from programs.\n"
    "    CGIPassAuth On\n"
    "    Require all granted\n"
    "</Directory>\n";

#define NGINX_PASS                                                             \
	"    fastcgi_pass unix:@socket@;\n"                                    \
	"    # Else uploads over 1 MiB get 413 from nginx, without CORS "      \
	"headers.\n"                                                           \
	"    client_max_body_size 64m;\n"                                      \
	"    # A header block over one buffer (4 KiB) is 502.\n"               \
	"    fastcgi_buffer_size 16k;\n"                                       \
	"    fastcgi_buffers 8 16k;\n"                                         \
	"    # Hand the answer on as it comes.\n"                              \
	"    fastcgi_buffering off;\n"                                         \
	"    # No add_header Access-Control-... here: browsers refuse two.\n"  \
	"}\n"

static const char nginx_one[] =
    "# nginx, into a server { }.\n" BY_ITSELF "location @path@ {\n"
    "    include /etc/nginx/fastcgi_params;\n"
    "    fastcgi_param SCRIPT_FILENAME "
    "$document_root$fastcgi_script_name;\n" NGINX_PASS;

static const char nginx_scripts[] =
    "# nginx, into a server { }.\n" BY_ITSELF "location @path@/ {\n"
    "    alias @root@/;\n"
    "    include /etc/nginx/fastcgi_params;\n"
    "    fastcgi_param SCRIPT_FILENAME $request_filename;\n" NGINX_PASS;

#define HAPROXY(request)                                                       \
	"# HAProxy; and in the frontend:\n"                                    \
	"#   use_backend corswrap-@name@ if { path_beg @path@ }\n" BY_ITSELF   \
	"backend corswrap-@name@\n"                                            \
	"    mode http\n"                                                      \
	"    timeout connect 5s\n"                                             \
	"    timeout server 60s\n" request                                     \
	"    filter fcgi-app corswrap-@name@\n"                                \
	"    use-fcgi-app corswrap-@name@\n"                                   \
	"    server corswrap unix@@socket@ proto fcgi\n"                       \
	"\n"                                                                   \
	"fcgi-app corswrap-@name@\n"                                           \
	"    docroot /var/www/html\n"                                          \
	"    # HAProxy drops it otherwise.\n"                                  \
	"    pass-header Authorization\n"                                      \
	"    set-param REDIRECT_STATUS 200\n"

static const char haproxy_one[] = HAPROXY("");

/* %[path] in set-param itself crashes HAProxy 2.6. */
static const char haproxy_scripts[] =
    HAPROXY("    http-request set-var(txn.script) "
	    "path,regsub(^@path@,)\n") "    set-param SCRIPT_FILENAME "
				       "@root@%[var(txn.script)]\n";

static const char caddy_one[] =
    "# Caddy, into a site { }.\n" BY_ITSELF "handle @path@* {\n"
    "    reverse_proxy unix/@socket@ {\n"
    "        transport fastcgi\n"
    "        # Hand the answer on as it comes.\n"
    "        flush_interval -1\n"
    "    }\n"
    "}\n";

static const char caddy_scripts[] =
    "# Caddy, into a site { }.\n" BY_ITSELF "handle_path @path@/* {\n"
    "    reverse_proxy unix/@socket@ {\n"
    "        transport fastcgi {\n"
    "            root @root@\n"
    "            split .pl .py .sh .cgi .php\n"
    "        }\n"
    "        # Hand the answer on as it comes.\n"
    "        flush_interval -1\n"
    "    }\n"
    "}\n";

static const char systemd[] =
    "# Of systemd's units corswrap@.service and corswrap@.socket, which come "
    "with\n"
    "# corswrap: systemctl edit corswrap@@name@.service\n"
    "[Service]\n"
    "ExecStart=\n"
    "ExecStart=@corswrap@ -c @policy@\n"
    "# For a policy in " SYSCONFDIR "/corswrap this alone:\n"
    "#   systemctl enable --now corswrap@@name@.socket\n"
    "# The web server finds it at unix:@socket@.\n";

const struct init_server init_servers[] = {
    {"lighttpd", "lighttpd, mod_fastcgi: starts corswrap", false, lighttpd_one,
     lighttpd_scripts, "/cgi-bin"},
    {"lighttpd-cgi", "lighttpd, mod_cgi", true, lighttpd_cgi_one,
     lighttpd_cgi_scripts, "/cgi-bin"},
    {"apache-fcgid", "Apache, mod_fcgid: starts corswrap", false, fcgid_one,
     fcgid_scripts, "/cgi-bin"},
    {"apache-cgi", "Apache, mod_cgid or mod_cgi", true, apache_cgi_one,
     apache_cgi_scripts, "/cgi-bin"},
    {"apache-proxy", "Apache, mod_proxy_fcgi", false, apache_proxy_one,
     apache_proxy_scripts, "/cgi-bin"},
    {"htaccess", "shared hosting: Apache, and only a folder of one's own", true,
     htaccess_one, htaccess_scripts, "/api"},
    {"nginx", "nginx", false, nginx_one, nginx_scripts, "/cgi-bin"},
    {"haproxy", "HAProxy", false, haproxy_one, haproxy_scripts, "/cgi-bin"},
    {"caddy", "Caddy", false, caddy_one, caddy_scripts, "/cgi-bin"},
    {"systemd", "units that start corswrap for a server", false, systemd,
     systemd, "/cgi-bin"},
    {NULL, NULL, false, NULL, NULL, NULL},
};

const struct init_server *
init_server_find(const char *name)
{
	for (const struct init_server *s = init_servers; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

/* ---- filling in ---- */

static bool
is(const char *name, size_t len, const char *what)
{
	return strlen(what) == len && strncmp(name, what, len) == 0;
}

const char *
init_default_root(const struct init_plan *plan)
{
	return plan->server != NULL && plan->server->cgi ? plan->folder
							 : "/usr/lib/cgi-bin";
}

static const char *
root_of(const struct init_plan *plan)
{
	return plan->app == INIT_APP_ROOT && plan->app_value != NULL
		   ? plan->app_value
		   : init_default_root(plan);
}

/* Without a final /: the snippets add it where it belongs. */
static void
write_folder(const char *path, FILE *out)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	fwrite(path, 1, len, out);
}

/* The value of @name@; false: there is none of that name. */
static bool
place(const struct init_plan *plan, const char *name, size_t len, FILE *out)
{
	if (is(name, len, "corswrap"))
		fputs(plan->corswrap, out);
	else if (is(name, len, "policy"))
		fputs(plan->policy, out);
	else if (is(name, len, "folder"))
		fputs(plan->folder, out);
	else if (is(name, len, "name"))
		fputs(plan->name, out);
	else if (is(name, len, "program"))
		fprintf(out, "%s/%s.cgi", plan->folder, plan->name);
	else if (is(name, len, "socket"))
		fprintf(out, "/run/corswrap/%s.sock", plan->name);
	else if (is(name, len, "path"))
		write_folder(plan->path, out);
	else if (is(name, len, "root"))
		write_folder(root_of(plan), out);
	else
		return false;
	return true;
}

void
init_snippet_write(const struct init_plan *plan, FILE *out)
{
	const char *text = plan->app == INIT_APP_ROOT ? plan->server->scripts
						      : plan->server->one;

	while (*text != '\0') {
		const char *at = strchr(text, '@'), *end;
		if (at == NULL) {
			fputs(text, out);
			return;
		}
		fwrite(text, 1, (size_t)(at - text), out);
		end = strchr(at + 1, '@');
		if (end != NULL &&
		    place(plan, at + 1, (size_t)(end - at - 1), out)) {
			text = end + 1;
		} else {
			/* HAProxy's own: unix@/run/... */
			fputc('@', out);
			text = at + 1;
		}
	}
}
