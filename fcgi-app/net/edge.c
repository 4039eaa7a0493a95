/* The life of one request of the web server; see edge_priv.h for its states. */
#include "config.h"

#include "edge_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"

static struct edge_list *
list_of(struct loop *loop, enum edge_state state)
{
	switch (state) {
	case EDGE_NEW:
		break;
	case EDGE_WAITING:
	case EDGE_LINGERING:
		return &loop->idle;
	case EDGE_ARRIVING:
	case EDGE_SPOOLING:
		return &loop->arriving;
	case EDGE_OPEN:
	case EDGE_ENDING:
		return &loop->open;
	case EDGE_DEAD:
		return &loop->dead;
	}
	return NULL;
}

static void
list_remove(struct edge_list *list, struct edge *e)
{
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		list->first = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	else
		list->last = e->prev;
	list->count--;
}

static void
list_append(struct edge_list *list, struct edge *e)
{
	e->prev = list->last;
	e->next = NULL;
	if (list->last != NULL)
		list->last->next = e;
	else
		list->first = e;
	list->last = e;
	list->count++;
}

void
edge_move(struct edge *e, enum edge_state state, uint64_t wait_ms)
{
	struct edge_list *from = list_of(e->loop, e->state), *to = list_of(e->loop, state);

	if (from != to) {
		if (from != NULL)
			list_remove(from, e);
		list_append(to, e);
	}
	e->state = state;
	e->deadline = 0;
	if (wait_ms > 0) {
		e->moved_ms = clock_mono_ms();
		e->deadline = e->moved_ms + wait_ms;
	}
}

void
edge_move_idle(struct edge *e, enum edge_state state, uint64_t wait_ms)
{
	edge_move(e, state, wait_ms);
	edge_thin_idle(e->loop, e->moved_ms);
}

void
edge_thin_idle(struct loop *loop, uint64_t now)
{
	struct edge_list *idle = &loop->idle;

	while (idle->count > loop->idle_max && idle->first->moved_ms + IDLE_GIVE_WAY_MS <= now)
		edge_close(idle->first);
}

struct edge *
edge_new(struct loop *loop, int fd)
{
	struct edge *e = xcalloc(1, sizeof(*e));

	e->loop = loop;
	e->fd = fd;
	body_init(&e->body);
	buf_init(&e->pending, SIZE_MAX / 4);
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
	edge_end_arrival(e);
	edge_forget(e);
	edge_discard(e);
	edge_move(e, EDGE_DEAD, 0);
	loop_edge_removed(loop);
}

void
edge_bury(struct loop *loop)
{
	while (loop->dead.first != NULL) {
		struct edge *e = loop->dead.first;

		list_remove(&loop->dead, e);
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

void
edge_wake(struct edge *e)
{
	struct epoll_event event = { .events = e->watched, .data.ptr = e };

	if (e->watched != 0)
		epoll_ctl(e->loop->epoll_fd, EPOLL_CTL_MOD, e->fd, &event);
	else if (!edge_watch(e, EDGE_EPOLL))
		edge_close(e);
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
void
edge_deliver(struct edge *e)
{
	const struct loops_options *options = loop_options(e->loop);

	edge_end_arrival(e);
	if (!edge_watch(e, EDGE_EPOLL)) {
		edge_close(e);
		return;
	}
	edge_move(e, EDGE_OPEN, 0);
	options->request(options->ctx, e->loop, e);
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
	const struct body_limits *limits = &loop_options(e->loop)->body;

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
	ssize_t n = recv(e->fd, e->loop->peek, PEEK_MAX, MSG_PEEK | MSG_DONTWAIT);
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
	result = fcgi_scan(e->loop->peek, (size_t)n, &head);
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
edge_adopt(struct loop *loop, int fd)
{
	struct edge *e = edge_new(loop, fd);

	e->framed = true;
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
	else if (e->state != EDGE_OPEN && e->state != EDGE_SPOOLING)
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

void
edge_stop(struct edge *e, uint64_t now)
{
	uint64_t soon = now + STOP_WAIT_MS;

	if ((e->state == EDGE_WAITING || e->state == EDGE_ARRIVING) && e->deadline > soon)
		e->deadline = soon;
}

void
edge_cut(struct edge *e, uint64_t now)
{
	if (e->state == EDGE_OPEN && e->events != NULL) {
		e->events->cut(e->ctx);
		if (e->state != EDGE_DEAD)
			e->deadline = now + STOP_WAIT_MS;
	} else {
		edge_lost(e);
	}
}
