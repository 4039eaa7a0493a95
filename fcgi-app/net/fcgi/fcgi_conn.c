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
answer_too_large(struct fcgi_conn *e)
{
	fcgi_conn_move(e, FCGI_CONN_OPEN, 0);
	e->unread_input = true;
	fcgi_conn_end(e, SLICE("Status: 431 Request Header Fields Too Large\r\n"
			       "Content-Type: text/plain\r\n\r\n"
			       "The request headers are too large.\n"));
}

/* The deadline stands since the first look: a head that dribbles in gets no more. */
static void
wait_for_more(struct fcgi_conn *e)
{
	if (!fcgi_conn_watch(e, FCGI_CONN_EPOLL))
		fcgi_conn_close(e);
	else if (e->state == FCGI_CONN_NEW)
		fcgi_conn_move_idle(e, FCGI_CONN_WAITING, REQUEST_WAIT_MS);
}

/* The request is in the socket as a whole. */
static void
conn_take_whole(struct fcgi_conn *e, size_t head_len, size_t len)
{
	const struct body_limits *limits = &e->host->options->body;

	if (len > limits->memory)
		fcgi_conn_begin_arrival(e, head_len); /* a file may be written */
	else if (fcgi_conn_read(e, limits))
		fcgi_conn_deliver(e);
	else
		fcgi_conn_close(e);
}

/* Looks at what has arrived and does what can be done with it. */
static void
fcgi_conn_look(struct fcgi_conn *e)
{
	ssize_t n = recv(e->fd, e->host->peek, PEEK_MAX, MSG_PEEK | MSG_DONTWAIT);
	struct fcgi_head head = { 0 };
	enum fcgi_scan_result result;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_for_more(e);
		return;
	}
	if (n <= 0) {
		fcgi_conn_close(e);
		return;
	}
	result = fcgi_scan(e->host->peek, (size_t)n, &head);
	e->id = head.id;
	switch (result) {
	case FCGI_SCAN_MORE:
		wait_for_more(e);
		break;
	case FCGI_SCAN_PARAMS:
		fcgi_conn_begin_arrival(e, head.len);
		break;
	case FCGI_SCAN_WHOLE:
		conn_take_whole(e, head.len, (size_t)n);
		break;
	case FCGI_SCAN_TOO_LARGE:
		answer_too_large(e);
		break;
	case FCGI_SCAN_BAD:
		fcgi_conn_close(e);
		break;
	}
}

void
fcgi_conn_adopt(struct fcgi_conn_host *host, int fd)
{
	struct fcgi_conn *e = fcgi_conn_new(host, fd);

	e->framed = true;
	fcgi_conn_look(e);
}

void
fcgi_conn_listen(struct fcgi_conn *e, const struct fcgi_conn_events *events, void *ctx)
{
	e->events = events;
	e->ctx = ctx;
}

void
fcgi_conn_drop(struct fcgi_conn *e)
{
	e->events = NULL;
	fcgi_conn_close(e);
}

/* ---- events ---- */

/* After the request, only an abort or the end can come; anything else is drained. */
static void
fcgi_conn_input(struct fcgi_conn *e)
{
	uint8_t bytes[4096];
	ssize_t n;

	do {
		n = recv(e->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n >= 2 && e->state == FCGI_CONN_OPEN && bytes[0] == FCGI_VERSION &&
		    bytes[1] == FCGI_TYPE_ABORT)
			n = 0;
	} while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		fcgi_conn_lost(e);
}

/* What is missing will not come any more after a hang-up. A request that is delivered must hear of
 * it now: epoll has told of it and will not again. */
static void
fcgi_conn_ready_early(struct fcgi_conn *e, bool hung_up)
{
	if (e->state == FCGI_CONN_WAITING)
		fcgi_conn_look(e);
	else if (e->state == FCGI_CONN_ARRIVING)
		fcgi_conn_arrive(e);
	if (hung_up && e->state == FCGI_CONN_WAITING)
		fcgi_conn_close(e);
}

void
fcgi_conn_ready(struct fcgi_conn *e, uint32_t epoll_events)
{
	const uint32_t hung_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

	if (e->state < FCGI_CONN_OPEN) {
		fcgi_conn_ready_early(e, (epoll_events & hung_up) != 0);
		epoll_events &= hung_up;
	}
	if (e->state < FCGI_CONN_OPEN || e->state == FCGI_CONN_DEAD)
		return;
	if ((epoll_events & EPOLLOUT) && fcgi_conn_pending(e) > 0)
		fcgi_conn_output(e);
	if (e->state != FCGI_CONN_DEAD && (epoll_events & (EPOLLIN | hung_up)))
		fcgi_conn_input(e);
}

void
fcgi_conn_expire(struct fcgi_conn *e, uint64_t now)
{
	if (e->deadline == 0 || now < e->deadline)
		return;
	e->deadline = 0;
	if (e->state == FCGI_CONN_ARRIVING)
		fcgi_conn_arrive_late(e);
	else
		fcgi_conn_lost(e);
}
