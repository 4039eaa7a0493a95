/* Targets, and the bytes of one request. */
#include "config.h"

#include "load_request.h"

#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/xalloc.h"

enum { FCGI_BEGIN = 1, FCGI_PARAMS = 4, FCGI_STDIN = 5 };

#define RECORD_MAX       65528
#define PARAMS_MAX_BYTES (256UL * 1024)

static const struct {
	const char *prefix;
	enum reply_form form;
	bool local;
} schemes[] = {
	{ "http:unix:", REPLY_HTTP, true },
	{ "fcgi:unix:", REPLY_FCGI, true },
	{ "http://", REPLY_HTTP, false },
	{ "fcgi:", REPLY_FCGI, false },
};

static bool
request_resolve(struct target *t, const char *host_port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	char host[sizeof(t->host) - 8];
	const char *colon = strrchr(host_port, ':');
	size_t n = colon != NULL ? (size_t)(colon - host_port) : sizeof(host);
	int port_len = colon != NULL ? (int)strcspn(colon + 1, "/") : 0;
	char port[8];

	if (n >= sizeof(host) || port_len == 0 || port_len >= (int)sizeof(port))
		return false;
	memcpy(host, host_port, n);
	host[n] = '\0';
	snprintf(port, sizeof(port), "%.*s", port_len, colon + 1);
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return false;
	memcpy(&t->addr, found->ai_addr, found->ai_addrlen);
	t->addr_len = found->ai_addrlen;
	freeaddrinfo(found);
	snprintf(t->host, sizeof(t->host), "%s:%s", host, port);
	return true;
}

bool
target_parse(struct target *t, const char *spec)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *rest = NULL;
	bool local = false;

	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < ARRAY_SIZE(schemes) && rest == NULL; i++) {
		if (strncmp(spec, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
			rest = spec + strlen(schemes[i].prefix);
			t->form = schemes[i].form;
			local = schemes[i].local;
		}
	}
	if (rest == NULL)
		return false;
	if (!local)
		return request_resolve(t, rest);
	if (*rest == '\0' || strlen(rest) >= sizeof(un.sun_path))
		return false;
	memcpy(un.sun_path, rest, strlen(rest) + 1);
	memcpy(&t->addr, &un, sizeof(un));
	t->addr_len = sizeof(un);
	snprintf(t->host, sizeof(t->host), "localhost");
	return true;
}

static void
http_build(const struct request *rq, const struct target *t, struct buf *out)
{
	buf_addf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n", rq->method, rq->path, t->host);
	for (size_t i = 0; i < rq->header_count; i++) {
		buf_adds(out, rq->headers[i]);
		buf_adds(out, "\r\n");
	}
	if (rq->has_body)
		buf_addf(out, "Content-Length: %zu\r\n", rq->body.len);
	buf_addf(out, "Connection: %s\r\n\r\n", rq->keep ? "keep-alive" : "close");
	buf_add_slice(out, rq->body);
}

static void
request_record(struct buf *out, int type, const char *data, size_t len)
{
	static const char zero[8];
	size_t padding = (8 - len % 8) % 8;
	char head[8] = { 1, (char)type, 0, 1, (char)(len >> 8), (char)len, (char)padding, 0 };

	buf_add(out, head, sizeof(head));
	if (len > 0)
		buf_add(out, data, len);
	buf_add(out, zero, padding);
}

/* A stream of records with its empty one at the end. */
static void
record_stream(struct buf *out, int type, struct slice s)
{
	while (s.len > 0) {
		size_t n = s.len < RECORD_MAX ? s.len : RECORD_MAX;

		request_record(out, type, s.ptr, n);
		s.ptr += n;
		s.len -= n;
	}
	request_record(out, type, NULL, 0);
}

static void
pair_len(struct buf *out, size_t len)
{
	if (len > 127) {
		buf_addc(out, (char)(len >> 24 | 0x80));
		buf_addc(out, (char)(len >> 16));
		buf_addc(out, (char)(len >> 8));
	}
	buf_addc(out, (char)len);
}

static void
request_pair(struct buf *out, const char *name, const char *value)
{
	pair_len(out, strlen(name));
	pair_len(out, strlen(value));
	buf_adds(out, name);
	buf_adds(out, value);
}

/* Content-Type has a name of its own, every other header is HTTP_NAME. */
static void
header_pair(struct buf *out, const char *header)
{
	char name[80] = "HTTP_";
	const char *value = header + strcspn(header, ":");
	size_t n = (size_t)(value - header);

	if (*value == '\0' || n > sizeof(name) - 6)
		return;
	value += 1 + strspn(value + 1, " ");
	if (n == 12 && strncasecmp(header, "Content-Type", 12) == 0) {
		request_pair(out, "CONTENT_TYPE", value);
		return;
	}
	for (size_t i = 0; i < n; i++)
		name[5 + i] = header[i] == '-' ? '_' : (char)toupper((unsigned char)header[i]);
	name[5 + n] = '\0';
	request_pair(out, name, value);
}

/* The parameters of nginx's fastcgi_params. */
static void
fcgi_build(const struct request *rq, const struct target *t, struct buf *out)
{
	static const char begin[8] = { 0, 1, 0, 0, 0, 0, 0, 0 }; /* responder, no keep */
	const char *query = strchr(rq->path, '?');
	char *path =
	    query != NULL ? xstrndup(rq->path, (size_t)(query - rq->path)) : xstrdup(rq->path);
	struct buf params;
	char length[24] = "";

	buf_init(&params, PARAMS_MAX_BYTES);
	if (rq->has_body)
		snprintf(length, sizeof(length), "%zu", rq->body.len);
	request_pair(&params, "QUERY_STRING", query != NULL ? query + 1 : "");
	request_pair(&params, "REQUEST_METHOD", rq->method);
	request_pair(&params, "CONTENT_LENGTH", length);
	request_pair(&params, "SCRIPT_NAME", path);
	request_pair(&params, "REQUEST_URI", rq->path);
	request_pair(&params, "DOCUMENT_URI", path);
	request_pair(&params, "DOCUMENT_ROOT", "/var/www/html");
	request_pair(&params, "SERVER_PROTOCOL", "HTTP/1.1");
	request_pair(&params, "REQUEST_SCHEME", "http");
	request_pair(&params, "GATEWAY_INTERFACE", "CGI/1.1");
	request_pair(&params, "SERVER_SOFTWARE", "load");
	request_pair(&params, "REMOTE_ADDR", "127.0.0.1");
	request_pair(&params, "REMOTE_PORT", "40000");
	request_pair(&params, "SERVER_ADDR", "127.0.0.1");
	request_pair(&params, "SERVER_PORT", "80");
	request_pair(&params, "SERVER_NAME", "localhost");
	request_pair(&params, "REDIRECT_STATUS", "200");
	request_pair(&params, "HTTP_HOST", t->host);
	for (size_t i = 0; i < rq->header_count; i++)
		header_pair(&params, rq->headers[i]);
	request_record(out, FCGI_BEGIN, begin, sizeof(begin));
	record_stream(out, FCGI_PARAMS, buf_slice(&params));
	record_stream(out, FCGI_STDIN, rq->body);
	out->failed |= params.failed;
	buf_release(&params);
	free(path);
}

void
request_build(const struct request *rq, const struct target *t, struct buf *out)
{
	if (t->form == REPLY_FCGI)
		fcgi_build(rq, t, out);
	else
		http_build(rq, t, out);
}
