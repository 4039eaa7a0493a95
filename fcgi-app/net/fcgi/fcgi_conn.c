/* How a request of the web server comes in, and the events of its connection. */
#include "config.h"

#include "net/fcgi/fcgi_conn_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

#define REQUEST_WAIT_MS 15000 /* from the connection to the end of the parameters */

static void
answer_too_large(struct edge *e)
{
	edge_move(e, EDGE_OPEN, 0);
	e->unread_input = true;
	edge_end(e, SLICE("Status: 431 Request Header Fields Too Large\r\n"
			  "Content-Type: text/plain\r\n\r\n"
			  "The request headers are too large.\n"));
}

/* The deadline stands since the first look: a head that dribbles in gets no more. */
static void
wait_for_more(struct edge *e)
{
	if (!edge_watch(e, EDGE_EPOLL))
		edge_close(e);
	else if (e->state == EDGE_NEW)
		edge_move_idle(e, EDGE_WAITING, REQUEST_WAIT_MS);
}

/* The request is in the socket as a whole. */
static void
take_whole(struct edge *e, size_t head_len, size_t len)
{
	const struct body_limits *limits = &e->host->options->body;

	if (len > limits->memory)
		edge_begin_arrival(e, head_len); /* a file may be written */
	else if (edge_read(e, limits))
		edge_deliver(e);
	else
		edge_close(e);
}

/* Looks at what has arrived and does what can be done with it. */
static void
edge_look(struct edge *e)
{
	ssize_t n = recv(e->fd, e->host->peek, PEEK_MAX, MSG_PEEK | MSG_DONTWAIT);
	struct fcgi_head head = { 0 };
	enum fcgi_scan_result result;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_for_more(e);
		return;
	}
	if (n <= 0) {
		edge_close(e);
		return;
	}
	result = fcgi_scan(e->host->peek, (size_t)n, &head);
	e->id = head.id;
	switch (result) {
	case FCGI_SCAN_MORE:
		wait_for_more(e);
		break;
	case FCGI_SCAN_PARAMS:
		edge_begin_arrival(e, head.len);
		break;
	case FCGI_SCAN_WHOLE:
		take_whole(e, head.len, (size_t)n);
		break;
	case FCGI_SCAN_TOO_LARGE:
		answer_too_large(e);
		break;
	case FCGI_SCAN_BAD:
		edge_close(e);
		break;
	}
}

void
edge_adopt(struct edge_host *host, int fd)
{
	struct edge *e = edge_new(host, fd);

	e->framed = true;
	edge_look(e);
}

void
edge_listen(struct edge *e, const struct edge_events *events, void *ctx)
{
	e->events = events;
	e->ctx = ctx;
}

void
edge_drop(struct edge *e)
{
	e->events = NULL;
	edge_close(e);
}

/* ---- events ---- */

/* After the request, only an abort or the end can come; anything else is drained. */
static void
edge_input(struct edge *e)
{
	uint8_t bytes[4096];
	ssize_t n;

	do {
		n = recv(e->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n >= 2 && e->state == EDGE_OPEN && bytes[0] == FCGI_VERSION &&
		    bytes[1] == FCGI_TYPE_ABORT)
			n = 0;
	} while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		edge_lost(e);
}

/* What is missing will not come any more after a hang-up. A request that is delivered must hear of
 * it now: epoll has told of it and will not again. */
static void
edge_ready_early(struct edge *e, bool hung_up)
{
	if (e->state == EDGE_WAITING)
		edge_look(e);
	else if (e->state == EDGE_ARRIVING)
		edge_arrive(e);
	if (hung_up && e->state == EDGE_WAITING)
		edge_close(e);
}

void
edge_ready(struct edge *e, uint32_t epoll_events)
{
	const uint32_t hung_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

	if (e->state < EDGE_OPEN) {
		edge_ready_early(e, (epoll_events & hung_up) != 0);
		epoll_events &= hung_up;
	}
	if (e->state < EDGE_OPEN || e->state == EDGE_DEAD)
		return;
	if ((epoll_events & EPOLLOUT) && edge_pending(e) > 0)
		edge_output(e);
	if (e->state != EDGE_DEAD && (epoll_events & (EPOLLIN | hung_up)))
		edge_input(e);
}

void
edge_expire(struct edge *e, uint64_t now)
{
	if (e->deadline == 0 || now < e->deadline)
		return;
	e->deadline = 0;
	if (e->state == EDGE_ARRIVING)
		edge_arrive_late(e);
	else
		edge_lost(e);
}
