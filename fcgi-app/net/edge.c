/* The life of one request of the web server; see edge_priv.h for its states. */
#include "config.h"

#include "edge_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

void
edge_move(struct edge *e, enum edge_state state, uint64_t wait_ms)
{
	e->state = state;
	e->deadline = wait_ms > 0 ? clock_mono_ms() + wait_ms : 0;
}

struct edge *
edge_new(struct loop *loop, int fd)
{
	struct edge *e = xcalloc(1, sizeof(*e));

	e->loop = loop;
	e->fd = fd;
	body_init(&e->body);
	buf_init(&e->pending, SIZE_MAX / 4);
	e->next = loop->edges;
	if (e->next != NULL)
		e->next->prev = e;
	loop->edges = e;
	loop_edge_added(loop);
	return e;
}

void
edge_forget(struct edge *e)
{
	free(TAKE(e->arena));
	e->params = NULL;
	body_release(&e->body);
}

/* The memory stays until the end of the turn: epoll may still report events for it. */
void
edge_close(struct edge *e)
{
	struct loop *loop = e->loop;

	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	edge_forget(e);
	buf_release(&e->pending);
	edge_move(e, EDGE_DEAD, 0);
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		loop->edges = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	e->next = loop->dead;
	loop->dead = e;
	loop_edge_removed(loop);
}

void
edge_bury(struct loop *loop)
{
	while (loop->dead != NULL) {
		struct edge *e = loop->dead;

		loop->dead = e->next;
		free(e);
	}
}

bool
edge_watch(struct edge *e, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = e };
	int op = e->watched != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (!e->framed || e->watched == events)
		return true;
	if (epoll_ctl(e->loop->epoll_fd, op, e->fd, &event) != 0)
		return false;
	e->watched = events;
	return true;
}

static void
edge_unwatch(struct edge *e)
{
	if (e->watched != 0)
		epoll_ctl(e->loop->epoll_fd, EPOLL_CTL_DEL, e->fd, NULL);
	e->watched = 0;
}

/* ---- the request comes in ---- */

static void
answer_too_large(struct edge *e)
{
	edge_move(e, EDGE_OPEN, 0);
	e->unread_input = true;
	edge_end(e, SLICE("Status: 431 Request Header Fields Too Large\r\n"
			  "Content-Type: text/plain\r\n\r\n"
			  "The request headers are too large.\n"));
}

/* Watched only now when the request was whole at the first look: what was read gives no event. */
static void
edge_deliver(struct edge *e)
{
	const struct loops_options *options = loop_options(e->loop);

	if (!edge_watch(e, EDGE_EPOLL)) {
		edge_close(e);
		return;
	}
	edge_move(e, EDGE_OPEN, 0);
	options->request(options->ctx, e->loop, e);
}

static void
reader_run(uv_work_t *work)
{
	struct edge *e = work->data;

	e->read_failed = !edge_read(e, &loop_options(e->loop)->body);
}

static void
set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void
reader_done(uv_work_t *work, int status)
{
	struct edge *e = work->data;

	free(TAKE(e->work));
	if (status != 0 || e->read_failed) {
		edge_close(e);
	} else {
		set_blocking(e->fd, false);
		edge_deliver(e);
	}
}

/* A body that is not here yet is waited for in a reader thread: libfcgi can only block. */
static void
send_to_reader(struct edge *e)
{
	const struct timeval patience = { .tv_sec = READ_TIMEOUT_MS / 1000 };

	edge_unwatch(e);
	set_blocking(e->fd, true);
	setsockopt(e->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	edge_move(e, EDGE_READING, 0);
	e->work = xcalloc(1, sizeof(*e->work));
	e->work->data = e;
	if (uv_queue_work(&e->loop->uv, e->work, reader_run, reader_done) != 0) {
		free(TAKE(e->work));
		edge_close(e);
	}
}

/* The deadline stands since the adoption: a request that dribbles in gets no more. */
static void
wait_for_more(struct edge *e)
{
	if (!edge_watch(e, EDGE_EPOLL))
		edge_close(e);
}

/* Looks at what has arrived and does what can be done with it. */
static void
edge_look(struct edge *e)
{
	ssize_t n = recv(e->fd, e->loop->peek, PEEK_MAX, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_for_more(e);
		return;
	}
	if (n <= 0) {
		edge_close(e);
		return;
	}
	switch (fcgi_scan(e->loop->peek, (size_t)n, &e->id)) {
	case FCGI_SCAN_MORE:
		wait_for_more(e);
		break;
	case FCGI_SCAN_PARAMS:
		e->params_ready = true;
		if ((size_t)n >= PEEK_BODY)
			send_to_reader(e);
		else
			wait_for_more(e);
		break;
	case FCGI_SCAN_WHOLE:
		if (edge_read(e, &loop_options(e->loop)->body))
			edge_deliver(e);
		else
			edge_close(e);
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
edge_adopt(struct loop *loop, int fd)
{
	struct edge *e = edge_new(loop, fd);

	e->framed = true;
	edge_move(e, EDGE_WAITING, REQUEST_WAIT_MS);
	edge_look(e);
}

/* ---- what the owner asks ---- */

void
edge_listen(struct edge *e, const struct edge_events *events, void *ctx)
{
	e->events = events;
	e->ctx = ctx;
}

const char *
edge_param_at(const struct edge *e, size_t i)
{
	return e->params != NULL ? e->params[i] : NULL;
}

const char *
edge_param(const struct edge *e, const char *name)
{
	/* Most names differ in a letter or two. */
	for (size_t i = 0; e->params != NULL && e->params[i] != NULL; i++) {
		const char *param = e->params[i], *wanted = name;

		while (*wanted != '\0' && *param == *wanted) {
			param++;
			wanted++;
		}
		if (*wanted == '\0' && *param == '=')
			return param + 1;
	}
	return NULL;
}

struct body *
edge_body(struct edge *e)
{
	return &e->body;
}

enum edge_fault
edge_fault(const struct edge *e)
{
	return e->fault;
}

void
edge_drop(struct edge *e)
{
	e->events = NULL;
	edge_close(e);
}

/* ---- events ---- */

void
edge_lost(struct edge *e)
{
	e->gone = true;
	if (e->state == EDGE_OPEN && e->events != NULL)
		e->events->gone(e->ctx);
	else if (e->state != EDGE_OPEN)
		edge_close(e);
}

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

void
edge_ready(struct edge *e, uint32_t epoll_events)
{
	const uint32_t hung_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

	if (e->state == EDGE_WAITING) {
		edge_look(e);
		/* What is missing will not come any more. A request that was just delivered must
		 * hear of the hang-up now: epoll has told of it and will not again. */
		if (e->state == EDGE_WAITING && (epoll_events & hung_up))
			edge_close(e);
		epoll_events &= hung_up;
	}
	if (e->state != EDGE_DEAD && (epoll_events & EPOLLOUT) && edge_pending(e) > 0)
		edge_output(e);
	if (e->state != EDGE_DEAD && e->state != EDGE_READING &&
	    (epoll_events & (EPOLLIN | hung_up)))
		edge_input(e);
}

void
edge_expire(struct edge *e, uint64_t now)
{
	/* A body that comes in small pieces fills the socket's buffer before it is whole, because
	 * it is only looked at: a reader takes it out. */
	if (e->state == EDGE_WAITING && e->params_ready) {
		send_to_reader(e);
		return;
	}
	if (e->deadline != 0 && now >= e->deadline) {
		e->deadline = 0;
		edge_lost(e);
	}
}

void
edge_stop(struct edge *e)
{
	uint64_t soon = clock_mono_ms() + STOP_WAIT_MS;

	if (e->state == EDGE_WAITING && e->deadline > soon)
		e->deadline = soon;
}

void
edge_cut(struct edge *e)
{
	/* A reader thread closes its own: the shutdown wakes it. */
	if (e->state == EDGE_READING) {
		shutdown(e->fd, SHUT_RDWR);
	} else if (e->state == EDGE_OPEN && e->events != NULL) {
		e->events->cut(e->ctx);
		if (e->state != EDGE_DEAD)
			e->deadline = clock_mono_ms() + STOP_WAIT_MS;
	} else {
		edge_lost(e);
	}
}
