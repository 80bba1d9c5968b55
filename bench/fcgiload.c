/*
 * Sends FastCGI requests as fast as the responses come, and prints the
 * server's CPU time per request.
 *
 *   fcgiload [-k] [-g] [-s SCRIPT] [-o SCRIPT] [-c CONNECTIONS]
 *       [-n REQUESTS] [-t MILLISECONDS] [-p PID] ADDRESS
 *
 * ADDRESS is unix:PATH or tcp:127.0.0.1:PORT.  -k: connections are kept; -g: a
 * GET instead of a preflight; -s: a GET of that SCRIPT_FILENAME (under 128
 * bytes); -o: a preflight with it; -t: begin no request after that time; -p:
 * the server whose CPU time is read (its threads, not its children).  Prints
 * one line: requests per second, CPU time of the server in microseconds per
 * request, median and 99th percentile of the latency in microseconds,
 * failures, requests, MiB received.
 *
 * The parameters are those that nginx sends for a browser's request with its
 * stock fastcgi_params.
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADER = 8,
	END_REQUEST = 3,
	BYTES = 8192,
	PATIENCE = 60000, /* ms */
	LATENCIES = 1 << 20
};

struct connection {
	int fd;
	size_t sent;
	unsigned char header[HEADER]; /* of the record being read */
	size_t header_len;
	size_t left; /* of its content and padding */
	bool any;    /* there was a response */
	uint64_t begun;
};

struct load {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
	} address;
	socklen_t address_len;
	unsigned char request[BYTES];
	size_t request_len;
	bool keep;
	int epoll;
	long wanted; /* requests */
	long started;
	long done;
	long failed;
	long open;	/* connections with a request */
	uint64_t end;	/* ns: no request is begun after it; 0: none */
	uint64_t bytes; /* received */
	uint32_t *latencies;
};

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0) {
		perror("clock_gettime");
		exit(1);
	}
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the request ---- */

static const char *const common[] = {
    "QUERY_STRING",
    "page=2&per=50",
    "CONTENT_TYPE",
    "",
    "CONTENT_LENGTH",
    "",
    "SCRIPT_NAME",
    "/api/items.pl",
    "REQUEST_URI",
    "/api/items.pl?page=2&per=50",
    "DOCUMENT_URI",
    "/api/items.pl",
    "DOCUMENT_ROOT",
    "/srv/www/example/htdocs",
    "SERVER_PROTOCOL",
    "HTTP/1.1",
    "REQUEST_SCHEME",
    "https",
    "HTTPS",
    "on",
    "GATEWAY_INTERFACE",
    "CGI/1.1",
    "SERVER_SOFTWARE",
    "nginx/1.22.1",
    "REMOTE_ADDR",
    "192.0.2.17",
    "REMOTE_PORT",
    "52114",
    "SERVER_ADDR",
    "192.0.2.1",
    "SERVER_PORT",
    "443",
    "SERVER_NAME",
    "api.example.com",
    "REDIRECT_STATUS",
    "200",
    "HTTP_HOST",
    "api.example.com",
    "HTTP_CONNECTION",
    "keep-alive",
    "HTTP_ACCEPT",
    "*/*",
    "HTTP_ORIGIN",
    "https://app.example.com",
    "HTTP_USER_AGENT",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "HTTP_SEC_FETCH_MODE",
    "cors",
    "HTTP_SEC_FETCH_SITE",
    "same-site",
    "HTTP_SEC_FETCH_DEST",
    "empty",
    "HTTP_REFERER",
    "https://app.example.com/",
    "HTTP_ACCEPT_ENCODING",
    "gzip, deflate, br",
    "HTTP_ACCEPT_LANGUAGE",
    "en-US,en;q=0.9",
    NULL};

static const char *const preflight[] = {"REQUEST_METHOD",
					"OPTIONS",
					"HTTP_ACCESS_CONTROL_REQUEST_METHOD",
					"PUT",
					"HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
					"content-type,x-token",
					NULL};

static const char *script[] = {"SCRIPT_FILENAME",
			       "/srv/www/example/htdocs/api/items.pl", NULL};

static const char *const get[] = {"REQUEST_METHOD", "GET", NULL};

static unsigned char *
put_header(unsigned char *p, unsigned type, size_t len)
{
	const unsigned char header[HEADER] = {1,
					      (unsigned char)type,
					      0,
					      1,
					      (unsigned char)(len >> 8),
					      (unsigned char)len,
					      0,
					      0};

	memcpy(p, header, HEADER);
	return p + HEADER;
}

static unsigned char *
put_pairs(unsigned char *p, const char *const *pairs)
{
	for (; *pairs != NULL; pairs += 2) {
		size_t name = strlen(pairs[0]), value = strlen(pairs[1]);

		*p++ = (unsigned char)name;
		*p++ = (unsigned char)value; /* all are under 128 */
		memcpy(p, pairs[0], name);
		memcpy(p + name, pairs[1], value);
		p += name + value;
	}
	return p;
}

static void
build_request(struct load *l, const char *const *kind)
{
	unsigned char *p = put_header(l->request, 1, 8), *content;

	memcpy(p, "\0\1\0\0\0\0\0\0", 8);
	p[2] = l->keep;
	p += 8;
	content = p + HEADER;
	content = put_pairs(put_pairs(content, kind), common);
	content = put_pairs(content, script);
	put_header(p, 4, (size_t)(content - p - HEADER));
	p = put_header(content, 4, 0);
	p = put_header(p, 5, 0);
	l->request_len = (size_t)(p - l->request);
}

/* ---- connections ---- */

static void
shut(struct load *l, struct connection *c)
{
	(void)l;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static int
dial(struct load *l)
{
	int on = 1;

	for (;;) {
		int fd = socket(l->address.any.sa_family,
				SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -1;
		if (l->address.any.sa_family == AF_INET)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
				   sizeof(on));
		if (connect(fd, &l->address.any, l->address_len) == 0) {
			fcntl(fd, F_SETFL, O_NONBLOCK);
			return fd;
		}
		close(fd);
		if (errno != EAGAIN)
			return -1;
	}
}

static void
send_more(struct load *l, struct connection *c)
{
	ssize_t n = send(c->fd, l->request + c->sent, l->request_len - c->sent,
			 MSG_NOSIGNAL);

	if (n > 0)
		c->sent += (size_t)n;
}

/* The next request, over a new connection or the kept one; false: all have
 * been sent. */
static bool
begin(struct load *l, struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

	c->begun = clock_ns(CLOCK_MONOTONIC);
	if (l->started == l->wanted || (l->end != 0 && c->begun >= l->end)) {
		shut(l, c);
		return false;
	}
	l->started++;
	c->sent = c->header_len = c->left = 0;
	c->any = false;
	if (c->fd < 0) {
		c->fd = dial(l);
		if (c->fd < 0) {
			perror("connect");
			exit(1);
		}
		epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event);
	}
	send_more(l, c);
	return true;
}

/* Follow the records; true: END_REQUEST is complete. */
static bool
follow(struct connection *c, const unsigned char *p, size_t len)
{
	while (len > 0) {
		if (c->left > 0) {
			size_t n = c->left < len ? c->left : len;

			c->left -= n;
			p += n;
			len -= n;
		} else {
			c->header[c->header_len++] = *p++;
			len--;
			if (c->header_len < HEADER)
				continue;
			c->header_len = 0;
			c->left = ((size_t)c->header[4] << 8 | c->header[5]) +
				  c->header[6];
			c->any = true;
		}
		if (c->left == 0 && c->header_len == 0 &&
		    c->header[1] == END_REQUEST && c->any)
			return true;
	}
	return false;
}

static void
finish(struct load *l, struct connection *c, bool well)
{
	uint64_t ns = clock_ns(CLOCK_MONOTONIC) - c->begun;

	l->latencies[l->done % LATENCIES] = (uint32_t)(ns / 1000);
	l->done++;
	l->failed += !well;
	if (!l->keep || !well)
		shut(l, c);
	if (!begin(l, c))
		l->open--;
}

static void
receive(struct load *l, struct connection *c)
{
	static unsigned char bytes[256 * 1024];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	l->bytes += n > 0 ? (uint64_t)n : 0;
	if (n <= 0)
		finish(l, c, false);
	else if (follow(c, bytes, (size_t)n))
		finish(l, c, true);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
run(struct load *l, long connections)
{
	struct connection *all = calloc((size_t)connections, sizeof(*all));
	struct epoll_event events[64];

	if (all == NULL)
		exit(1);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (long i = 0; i < connections; i++) {
		all[i].fd = -1;
		l->open += begin(l, &all[i]);
	}
	while (l->open > 0) {
		int n = epoll_wait(l->epoll, events, 64, PATIENCE);

		if (n <= 0) {
			fputs("fcgiload: no answer for 60 s\n", stderr);
			exit(1);
		}
		for (int i = 0; i < n; i++)
			receive(l, events[i].data.ptr);
	}
	free(all);
}

static void
report(struct load *l, uint64_t ns, uint64_t cpu)
{
	long count = l->done < LATENCIES ? l->done : LATENCIES;

	qsort(l->latencies, (size_t)count, sizeof(*l->latencies), by_size);
	printf("%.2f %.3f %u %u %ld %ld %.1f\n",
	       (double)l->done / ((double)ns / 1e9),
	       (double)cpu / 1000 / (double)l->done, l->latencies[count / 2],
	       l->latencies[count * 99 / 100], l->failed, l->done,
	       (double)l->bytes / 1048576);
}

static bool
set_address(struct load *l, const char *text)
{
	char host[64];
	unsigned port;

	if (strncmp(text, "unix:", 5) == 0 &&
	    strlen(text + 5) < sizeof(l->address.un.sun_path)) {
		l->address.un.sun_family = AF_UNIX;
		strcpy(l->address.un.sun_path, text + 5);
		l->address_len = sizeof(l->address.un);
		return true;
	}
	if (sscanf(text, "tcp:%63[0-9.]:%u", host, &port) != 2)
		return false;
	l->address.in.sin_family = AF_INET;
	l->address.in.sin_port = htons((uint16_t)port);
	l->address_len = sizeof(l->address.in);
	return inet_pton(AF_INET, host, &l->address.in.sin_addr) == 1;
}

int
main(int argc, char **argv)
{
	struct load l = {.wanted = 0};
	const char *const *kind = preflight;
	long connections = 1, pid = 0, milliseconds = 0;
	clockid_t clock;
	uint64_t start, cpu = 0;
	int option;

	while ((option = getopt(argc, argv, "kgc:n:o:p:s:t:")) != -1) {
		switch (option) {
		case 'k':
			l.keep = true;
			break;
		case 'g':
			kind = get;
			break;
		case 'c':
			connections = atol(optarg);
			break;
		case 'n':
			l.wanted = atol(optarg);
			break;
		case 'p':
			pid = atol(optarg);
			break;
		case 'o':
			script[1] = optarg;
			break;
		case 't':
			milliseconds = atol(optarg);
			break;
		case 's':
			kind = get;
			script[1] = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc || !set_address(&l, argv[optind]) ||
	    connections < 1 || l.wanted < 0 || strlen(script[1]) > 127) {
		fputs("usage: fcgiload [-k] [-g] [-s SCRIPT] [-o SCRIPT]"
		      " [-c CONNECTIONS] [-n REQUESTS] [-t MILLISECONDS]"
		      " [-p PID] ADDRESS\n",
		      stderr);
		return 2;
	}
	l.latencies = calloc(LATENCIES, sizeof(*l.latencies));
	if (l.latencies == NULL)
		return 1;
	if (pid != 0 && clock_getcpuclockid((pid_t)pid, &clock) != 0) {
		fprintf(stderr, "fcgiload: no process %ld\n", pid);
		return 1;
	}
	if (l.wanted == 0)
		l.wanted = milliseconds > 0 ? LONG_MAX : 10000;
	build_request(&l, kind);
	if (pid != 0)
		cpu = clock_ns(clock);
	start = clock_ns(CLOCK_MONOTONIC);
	if (milliseconds > 0)
		l.end = start + (uint64_t)milliseconds * 1000000;
	run(&l, connections);
	start = clock_ns(CLOCK_MONOTONIC) - start;
	if (pid != 0)
		cpu = clock_ns(clock) - cpu;
	report(&l, start, cpu);
	free(l.latencies);
	return l.failed > 0;
}
