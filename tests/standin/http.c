/* HTTP/1.1 as it comes in: heads and bodies (RFC 9112). Whatever is odd is refused. */
#include "config.h"

#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 100, "Continue" },
	{ 200, "OK" },
	{ 204, "No Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 304, "Not Modified" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Request Entity Too Large" },
	{ 416, "Requested Range Not Satisfiable" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 499, "Client Closed Request" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

const char *
http_reason(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Unknown";
}

void
http_error_page(struct conn *c, int status, const char *what)
{
	const char *reason = http_reason(status);
	struct buf page;

	buf_init(&page, 64 * 1024);
	buf_addf(&page,
	    "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n"
	    "  <title>Error %d (%s)!!1</title>\n  <style>*{margin:0;padding:0}</style>\n"
	    "  <a href=//www.google.com/><span id=logo aria-label=Google></span></a>\n"
	    "  <p><b>%d.</b> <ins>That\xE2\x80\x99s an error.</ins>\n  <p>",
	    status, reason, status);
	buf_add_html(&page, slice_str(what));
	buf_adds(&page, "  <ins>That\xE2\x80\x99s all we know.</ins>\n");
	conn_reply(c, status, "text/html; charset=UTF-8", "Referrer-Policy: no-referrer\r\n",
	    buf_slice(&page));
	buf_release(&page);
}

struct slice
request_header(const struct request *req, const char *name)
{
	struct slice wanted = slice_str(name);

	for (size_t i = 0; i < req->header_count; i++) {
		if (slice_eqi(req->headers[i].name, wanted))
			return req->headers[i].value;
	}
	return SLICE("");
}

bool
request_has_header(const struct request *req, const char *name)
{
	return request_header(req, name).len > 0;
}

void
request_free(struct request *req)
{
	if (req == NULL)
		return;
	free(req->head);
	free(req->path);
	free(req->headers);
	free(req->chain);
	buf_release(&req->body);
	free(req);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static char *
percent_decode(struct slice s)
{
	char *out = xmalloc(s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '%' && i + 2 < s.len && hex_value(s.ptr[i + 1]) >= 0 &&
		    hex_value(s.ptr[i + 2]) >= 0) {
			out[n++] = (char)(hex_value(s.ptr[i + 1]) * 16 + hex_value(s.ptr[i + 2]));
			i += 2;
		} else {
			out[n++] = s.ptr[i];
		}
	}
	out[n] = '\0';
	return out;
}

static bool
is_token(struct slice s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c >= 127 || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
			return false;
	}
	return true;
}

/* One line without its CRLF; false at the end of the head. */
static bool
next_line(struct slice *rest, struct slice *ret_line)
{
	ptrdiff_t end = slice_find(*rest, SLICE("\r\n"));

	if (end <= 0)
		return false;
	*ret_line = (struct slice){ rest->ptr, (size_t)end };
	*rest = (struct slice){ rest->ptr + end + 2, rest->len - (size_t)end - 2 };
	return true;
}

static int
read_request_line(struct request *req, struct slice line)
{
	struct slice path;
	ptrdiff_t at;

	if (!slice_split(&line, ' ', &req->method) || !slice_split(&line, ' ', &req->target) ||
	    !is_token(req->method) || req->target.len == 0)
		return 400;
	if (slice_eq(line, SLICE("HTTP/1.1")))
		req->minor = 1;
	else if (!slice_eq(line, SLICE("HTTP/1.0")))
		return 400;
	path = req->target;
	/* The absolute form, as for a proxy. */
	if (path.ptr[0] != '/' && (at = slice_find(path, SLICE("://"))) > 0) {
		path = (struct slice){ path.ptr + at + 3, path.len - (size_t)at - 3 };
		at = slice_find(path, SLICE("/"));
		if (at < 0)
			return 400;
		path = (struct slice){ path.ptr + at, path.len - (size_t)at };
	}
	if (path.ptr[0] != '/' && !slice_eq(path, SLICE("*")))
		return 400;
	at = slice_find(path, SLICE("?"));
	if (at >= 0) {
		req->query = (struct slice){ path.ptr + at + 1, path.len - (size_t)at - 1 };
		path.len = (size_t)at;
	}
	req->path = percent_decode(path);
	req->is_head = slice_eq(req->method, SLICE("HEAD"));
	return 0;
}

static int
read_headers(struct request *req, struct slice rest)
{
	struct slice line;

	req->headers = xcalloc(HEADER_LINES_MAX, sizeof(*req->headers));
	while (next_line(&rest, &line)) {
		struct header *h = &req->headers[req->header_count];
		ptrdiff_t colon = slice_find(line, SLICE(":"));

		if (req->header_count == HEADER_LINES_MAX)
			return 431;
		if (colon <= 0)
			return 400;
		h->name = (struct slice){ line.ptr, (size_t)colon };
		h->value = slice_trim(
		    (struct slice){ line.ptr + colon + 1, line.len - (size_t)colon - 1 });
		/* This refuses folded lines and blanks before the colon too. */
		if (!is_token(h->name))
			return 400;
		req->header_count++;
	}
	if (req->header_count > 0)
		req->headers = xrealloc(req->headers, req->header_count * sizeof(*req->headers));
	return 0;
}

static int
read_framing(struct conn *c, const struct request *req)
{
	bool has_length = false;

	c->chunk = CHUNK_NONE;
	c->left = 0;
	for (size_t i = 0; i < req->header_count; i++) {
		const struct header *h = &req->headers[i];
		uint64_t length;

		if (slice_eqi(h->name, SLICE("content-length"))) {
			if (!slice_u64(h->value, &length) || (has_length && length != c->left))
				return 400;
			has_length = true;
			c->left = length;
		} else if (slice_eqi(h->name, SLICE("transfer-encoding"))) {
			if (!slice_eqi(h->value, SLICE("chunked")) || req->minor == 0)
				return 501;
			if (c->chunk != CHUNK_NONE)
				return 400;
			c->chunk = CHUNK_SIZE;
		}
	}
	if (has_length && c->chunk != CHUNK_NONE)
		return 400;
	return 0;
}

int
http_read_head(struct conn *c)
{
	struct slice in = buf_slice(&c->in);
	ptrdiff_t end;
	struct slice rest, line, connection;
	struct request *req;
	int status;

	/* A client may send an empty line between requests. */
	while (slice_starts(in, SLICE("\r\n"))) {
		buf_consume(&c->in, 2);
		in = buf_slice(&c->in);
	}
	end = slice_find(in, SLICE("\r\n\r\n"));
	if (end < 0)
		return in.len > HEAD_MAX ? 431 : 0;
	if ((size_t)end > HEAD_MAX)
		return 431;
	req = c->req = xcalloc(1, sizeof(*req));
	buf_init(&req->body, BODY_KEPT_MAX);
	req->head = xstrndup(in.ptr, (size_t)end + 4);
	rest = (struct slice){ req->head, (size_t)end + 4 };
	buf_consume(&c->in, (size_t)end + 4);
	if (memchr(req->head, '\0', rest.len) != NULL || !next_line(&rest, &line))
		return 400;
	if ((status = read_request_line(req, line)) != 0 ||
	    (status = read_headers(req, rest)) != 0 || (status = read_framing(c, req)) != 0)
		return status;
	connection = request_header(req, "connection");
	c->keep = req->minor >= 1 && !slice_eqi(connection, SLICE("close"));
	c->no_body = req->is_head;
	if (req->minor >= 1 && !request_has_header(req, "host"))
		return 400;
	return 1;
}

static void
body_bytes(struct request *req, const char *data, size_t len)
{
	req->body_bytes += len;
	if (req->mode == BODY_DROP)
		return;
	sha256_add(&req->sha, data, len);
	if (req->chain != NULL)
		sha256_add(req->chain, data, len);
	if (req->body_too_large)
		return;
	if (req->mode == BODY_BRIEF) {
		size_t room = 1024 * 1024 - req->body.len;

		buf_add(&req->body, data, len < room ? len : room);
		return;
	}
	buf_add(&req->body, data, len);
	if (req->body.failed) {
		buf_release(&req->body);
		req->body_too_large = true;
	}
}

/* Collects one line of the chunk framing; true when it is complete (its CRLF is dropped). */
static bool
chunk_line(struct conn *c, const char *data, size_t len, size_t *ret_used)
{
	const char *end = memchr(data, '\n', len);
	size_t n = end != NULL ? (size_t)(end - data) + 1 : len;

	buf_add(&c->line, data, n);
	*ret_used = n;
	return end != NULL;
}

/* False when the line is not a size. */
static bool
chunk_begin(struct conn *c)
{
	struct slice line = buf_slice(&c->line), size;
	uint64_t value = 0;

	if (c->line.failed || !slice_ends(line, SLICE("\r\n")))
		return false;
	if (!slice_split(&line, ';', &size))
		return false;
	size = slice_trim(size);
	if (size.len == 0 || size.len > 15)
		return false;
	for (size_t i = 0; i < size.len; i++) {
		int digit = hex_value(size.ptr[i]);

		if (digit < 0)
			return false;
		value = value * 16 + (uint64_t)digit;
	}
	buf_reset(&c->line);
	c->left = value;
	c->chunk = value > 0 ? CHUNK_DATA : CHUNK_TRAILER;
	return true;
}

/* One step through the chunk framing; returns bytes used, or SIZE_MAX for a fault. */
static size_t
chunk_step(struct conn *c, const char *data, size_t len)
{
	size_t used;

	if (c->chunk == CHUNK_DATA) {
		used = c->left < len ? (size_t)c->left : len;
		body_bytes(c->req, data, used);
		c->left -= used;
		if (c->left == 0)
			c->chunk = CHUNK_CRLF;
		return used;
	}
	if (!chunk_line(c, data, len, &used))
		return c->line.failed ? SIZE_MAX : used;
	if (c->chunk == CHUNK_SIZE)
		return chunk_begin(c) ? used : SIZE_MAX;
	if (c->chunk == CHUNK_CRLF) {
		if (!slice_eq(buf_slice(&c->line), SLICE("\r\n")))
			return SIZE_MAX;
		c->chunk = CHUNK_SIZE;
	} else if (slice_eq(buf_slice(&c->line), SLICE("\r\n"))) {
		c->chunk = CHUNK_NONE;
		c->state = CONN_BUSY;
	}
	buf_reset(&c->line);
	return used;
}

size_t
http_feed_body(struct conn *c, const char *data, size_t len)
{
	size_t used = 0;

	while (used < len && c->state == CONN_BODY && c->chunk != CHUNK_NONE) {
		size_t n = chunk_step(c, data + used, len - used);

		if (n == SIZE_MAX) {
			c->keep = false;
			c->state = CONN_BUSY;
			http_error_page(c, 400, "The body's chunks are malformed.");
			return len;
		}
		used += n;
	}
	if (c->state == CONN_BODY && c->chunk == CHUNK_NONE) {
		size_t n = c->left < len - used ? (size_t)c->left : len - used;

		body_bytes(c->req, data + used, n);
		c->left -= n;
		used += n;
		if (c->left == 0)
			c->state = CONN_BUSY;
	}
	return used;
}
