/* Sockets: accepting, reading, answering without ever blocking. */
#include "config.h"

#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define SCRATCH        (64UL * 1024)
#define READS_AT_ONCE  32
#define ACCEPT_AT_ONCE 4096          /* the whole backlog: a full one costs its clients a second */
#define AHEAD_MAX      (64UL * 1024) /* bytes of a next request kept while this one is answered */

static char scratch[SCRATCH];

static void conn_poll(uv_poll_t *poll, int status, int events);

static void
conn_interest(struct conn *c, int events)
{
	if (c->state == CONN_CLOSED || c->interest == events)
		return;
	c->interest = events;
	uv_poll_start(&c->poll, events, conn_poll);
}

static void
conn_freed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	buf_release(&c->in);
	buf_release(&c->line);
	buf_release(&c->out);
	free(c);
}

void
conn_close(struct conn *c)
{
	const struct conn_ops *ops = c->ops;
	struct request *req = TAKE(c->req);
	bool unanswered = c->state == CONN_BUSY;

	if (c->state == CONN_CLOSED)
		return;
	c->state = CONN_CLOSED;
	c->ops = NULL;
	uv_close((uv_handle_t *)&c->poll, conn_freed);
	close(c->fd);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	c->server->open--;
	if (ops != NULL && ops->gone != NULL)
		ops->gone(c, c->owner);
	if (req != NULL && unanswered)
		c->server->ops->finished(c->server->ctx, req, true);
	request_free(req);
}

/* The answer has left: the connection takes the next request or closes. */
static void
conn_finish(struct conn *c)
{
	struct request *req = TAKE(c->req);

	c->ops = NULL;
	c->owner = NULL;
	c->ending = false;
	c->chunked = false;
	if (req != NULL)
		c->server->ops->finished(c->server->ctx, req, false);
	request_free(req);
	if (!c->keep) {
		/* Lets the last bytes arrive before the descriptor closes. */
		shutdown(c->fd, SHUT_WR);
		conn_close(c);
		return;
	}
	c->state = CONN_HEAD;
	buf_release(&c->out);
	conn_interest(c, UV_READABLE | UV_DISCONNECT);
	conn_advance(c);
}

static void
conn_dispatch(struct conn *c)
{
	c->state = CONN_BUSY;
	c->server->ops->ready(c->server->ctx, c, c->req);
}

/* A head was read: what now. */
static void
conn_headed(struct conn *c, int verdict)
{
	struct request *req = c->req;

	if (verdict > 1) {
		c->state = CONN_BUSY;
		c->keep = false;
		http_error_page(c, verdict, "Your client has issued a malformed request.");
		return;
	}
	c->state = CONN_BODY;
	sha256_init(&req->sha);
	req->mode = c->server->ops->head(c->server->ctx, c, req);
	if (c->chunk == CHUNK_NONE && c->left == 0)
		conn_dispatch(c);
	else if (slice_eqi(request_header(req, "expect"), SLICE("100-continue")))
		conn_write_raw(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

void
conn_advance(struct conn *c)
{
	if (c->advancing)
		return;
	c->advancing = true;
	while (c->in.len > 0 && (c->state == CONN_HEAD || c->state == CONN_BODY)) {
		if (c->state == CONN_HEAD) {
			int verdict = http_read_head(c);

			if (verdict == 0)
				break;
			conn_headed(c, verdict);
		} else {
			size_t used = http_feed_body(c, c->in.data, c->in.len);

			buf_consume(&c->in, used);
			if (c->state == CONN_BUSY && c->ops == NULL && !c->ending)
				conn_dispatch(c);
		}
	}
	if (c->in.len == 0 && c->state != CONN_CLOSED)
		buf_release(&c->in);
	c->advancing = false;
}

static void
conn_received(struct conn *c, const char *data, size_t len)
{
	if (c->state == CONN_BODY && c->in.len == 0) {
		size_t used = http_feed_body(c, data, len);

		data += used;
		len -= used;
		if (len > 0)
			buf_add(&c->in, data, len);
		if (c->state == CONN_BUSY && c->ops == NULL && !c->ending)
			conn_dispatch(c);
	} else {
		buf_add(&c->in, data, len);
	}
	if (c->in.failed) {
		conn_close(c);
		return;
	}
	conn_advance(c);
	if (c->state == CONN_BUSY && c->in.len > AHEAD_MAX)
		conn_interest(c, c->interest & ~UV_READABLE);
}

static void
conn_read(struct conn *c)
{
	for (int i = 0; i < READS_AT_ONCE && c->state != CONN_CLOSED; i++) {
		ssize_t n;

		if ((c->interest & UV_READABLE) == 0)
			return;
		n = recv(c->fd, scratch, sizeof(scratch), 0);
		if (n > 0) {
			conn_received(c, scratch, (size_t)n);
			if ((size_t)n < sizeof(scratch))
				return;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno == EAGAIN) {
			return;
		} else {
			conn_close(c);
			return;
		}
	}
}

static void
conn_flush(struct conn *c)
{
	if (c->out.len > 0) {
		ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);

		if (n < 0)
			return; /* a broken connection is reported by the next poll */
		if ((size_t)n < c->out.len) {
			buf_consume(&c->out, (size_t)n);
			return;
		}
		buf_release(&c->out);
	}
	conn_interest(c, c->interest & ~UV_WRITABLE);
	if (c->ending)
		conn_finish(c);
	else if (c->ops != NULL && c->ops->drained != NULL)
		c->ops->drained(c, c->owner);
}

static void
conn_poll(uv_poll_t *poll, int status, int events)
{
	struct conn *c = poll->data;

	if (status < 0) {
		conn_close(c);
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		conn_flush(c);
	if (c->state == CONN_CLOSED)
		return;
	if ((events & UV_DISCONNECT) != 0 && (c->interest & UV_READABLE) == 0)
		conn_close(c);
	else if ((events & (UV_READABLE | UV_DISCONNECT)) != 0)
		conn_read(c);
}

bool
conn_idle_out(const struct conn *c)
{
	return c->out.len == 0;
}

void
conn_own(struct conn *c, const struct conn_ops *ops, void *owner)
{
	c->ops = ops;
	c->owner = owner;
}

void
conn_forget_request(struct conn *c)
{
	struct request *req = c->req;

	free(TAKE(req->head));
	free(TAKE(req->path));
	free(TAKE(req->headers));
	req->header_count = 0;
	buf_release(&req->body);
}

void
conn_want_write(struct conn *c)
{
	conn_interest(c, c->interest | UV_WRITABLE);
}

size_t
conn_try_raw(struct conn *c, const void *data, size_t len)
{
	ssize_t n;

	if (c->state == CONN_CLOSED || c->out.len > 0)
		return 0;
	n = send(c->fd, data, len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : len;
	return (size_t)n;
}

void
conn_write_raw(struct conn *c, const void *data, size_t len)
{
	size_t sent;

	if (c->state == CONN_CLOSED || len == 0)
		return;
	sent = conn_try_raw(c, data, len);
	if (sent < len) {
		buf_add(&c->out, (const char *)data + sent, len - sent);
		conn_want_write(c);
	}
}

void
conn_write(struct conn *c, struct slice data)
{
	struct buf framed;

	if (c->no_body || data.len == 0)
		return;
	if (!c->chunked) {
		conn_write_raw(c, data.ptr, data.len);
		return;
	}
	buf_init(&framed, data.len + 32);
	buf_addf(&framed, "%zx\r\n", data.len);
	buf_add_slice(&framed, data);
	buf_adds(&framed, "\r\n");
	conn_write_raw(c, framed.data, framed.len);
	buf_release(&framed);
}

static void
head_add(struct buf *head, const struct conn *c, int status, const char *type, const char *headers)
{
	static time_t date_of;
	static char date[64];
	time_t now = time(NULL);

	if (now != date_of) {
		struct tm tm;

		gmtime_r(&now, &tm);
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		date_of = now;
	}
	if (c->req != NULL)
		c->req->status = status;
	buf_addf(head, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
	if (type != NULL)
		buf_addf(head, "Content-Type: %s\r\n", type);
	buf_addf(head,
	    "Vary: Origin\r\nVary: X-Origin\r\nVary: Referer\r\nDate: %s\r\n"
	    "Server: scaffolding on HTTPServer2\r\nX-Content-Type-Options: nosniff\r\n"
	    "Server-Timing: gfet4t7; dur=7\r\n%s",
	    date, headers);
	if (!c->keep)
		buf_adds(head, "Connection: close\r\n");
}

void
conn_reply(struct conn *c, int status, const char *type, const char *headers, struct slice body)
{
	struct buf out;

	buf_init(&out, OUT_MAX);
	head_add(&out, c, status, type, headers);
	buf_addf(&out, "Content-Length: %zu\r\n\r\n", body.len);
	if (!c->no_body)
		buf_add_slice(&out, body);
	conn_write_raw(c, out.data, out.len);
	buf_release(&out);
	conn_end(c);
}

void
conn_begin(struct conn *c, int status, const char *type, const char *headers)
{
	struct buf out;

	c->chunked = c->req->minor >= 1;
	if (!c->chunked)
		c->keep = false;
	buf_init(&out, HEAD_MAX);
	head_add(&out, c, status, type, headers);
	buf_adds(&out, c->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
	conn_write_raw(c, out.data, out.len);
	buf_release(&out);
}

void
conn_end(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	if (c->chunked && !c->no_body)
		conn_write_raw(c, "0\r\n\r\n", 5);
	c->ops = NULL;
	c->ending = true;
	if (c->out.len == 0)
		conn_finish(c);
}

void
conn_cut(struct conn *c)
{
	c->keep = false;
	c->chunked = false;
	conn_end(c);
}

void
conn_reset(struct conn *c)
{
	struct linger linger = { .l_onoff = 1 };
	struct request *req = TAKE(c->req);

	if (c->state == CONN_CLOSED)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	c->ops = NULL;
	if (req != NULL)
		c->server->ops->finished(c->server->ctx, req, false);
	request_free(req);
	conn_close(c);
}

static void
server_accept(uv_poll_t *poll, int status, int events)
{
	struct server *s = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int one = 1, fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct conn *c;

		if (fd < 0)
			return;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		s->accepted++;
		s->open++;
		c = xcalloc(1, sizeof(*c));
		c->server = s;
		c->fd = fd;
		buf_init(&c->in, HEAD_MAX + 4 * SCRATCH);
		buf_init(&c->line, CHUNK_LINE_MAX);
		buf_init(&c->out, OUT_MAX);
		c->poll.data = c;
		uv_poll_init(s->loop, &c->poll, fd);
		c->next = s->conns;
		if (c->next != NULL)
			c->next->link = &c->next;
		c->link = &s->conns;
		s->conns = c;
		conn_interest(c, UV_READABLE | UV_DISCONNECT);
	}
}

static int
server_bind(struct server *s, const char *address)
{
	const char *colon = strrchr(address, ':');
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	char host[64];
	uint64_t port;
	int one = 1;

	if (colon == NULL || (size_t)(colon - address) >= sizeof(host) ||
	    !slice_u64(slice_str(colon + 1), &port) || port > 65535)
		return -1;
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		return -1;
	sin.sin_port = htons((uint16_t)port);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -1;
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 || listen(s->fd, 4096) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&sin, &len) != 0) {
		close(s->fd);
		return -1;
	}
	s->port = ntohs(sin.sin_port);
	return 0;
}

int
server_init(
    struct server *s, uv_loop_t *loop, const char *address, const struct server_ops *ops, void *ctx)
{
	*s = (struct server){ .loop = loop, .ops = ops, .ctx = ctx };
	if (server_bind(s, address) != 0) {
		fprintf(stderr, "standin: cannot listen on %s: %s\n", address, strerror(errno));
		return -1;
	}
	s->listener.data = s;
	uv_poll_init(loop, &s->listener, s->fd);
	uv_poll_start(&s->listener, UV_READABLE, server_accept);
	return 0;
}

void
server_close(struct server *s)
{
	uv_close((uv_handle_t *)&s->listener, NULL);
	close(s->fd);
	while (s->conns != NULL)
		conn_close(s->conns);
}
