/* What a request of the web server is: its state, its lists, and what it holds. */
#include "config.h"

#include "net/fcgi/fcgi_conn_priv.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/fcgi/places.h"

#define STOP_WAIT_MS     1000 /* silence in a request once the process is to stop */
#define IDLE_GIVE_WAY_MS 1000 /* then one that waits for its head makes room when it is short */

/* ---- what it holds ---- */

void
edge_count_unread(struct edge_host *host, ptrdiff_t bytes)
{
	host->unread += (size_t)bytes;
	atomic_fetch_add(host->unread_all, (size_t)bytes);
}

size_t
edge_pending(const struct edge *e)
{
	return e->pending.len - e->pending_sent;
}

void
edge_discard(struct edge *e)
{
	edge_count_unread(e->host, -(ptrdiff_t)e->pending.len);
	buf_release(&e->pending);
	e->pending_sent = 0;
}

static void
edge_end_arrival(struct edge *e)
{
	struct arrival *a = TAKE(e->arrival);

	if (a == NULL)
		return;
	if (a->placed)
		places_leave(e->host->places, a->owners, a->owner_count);
	e->host->arriving_memory -= a->counted;
	buf_release(&a->chunk);
	free(a);
}

/* ---- its state ---- */

static struct edge_list *
list_of(struct edge_host *host, enum edge_state state)
{
	switch (state) {
	case EDGE_NEW:
		break;
	case EDGE_WAITING:
	case EDGE_LINGERING:
		return &host->idle;
	case EDGE_ARRIVING:
	case EDGE_SPOOLING:
		return &host->arriving;
	case EDGE_OPEN:
	case EDGE_ENDING:
		return &host->open;
	case EDGE_DEAD:
		return &host->dead;
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
	struct edge_list *from = list_of(e->host, e->state), *to = list_of(e->host, state);

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
	edge_thin_idle(e->host, e->moved_ms);
}

void
edge_thin_idle(struct edge_host *host, uint64_t now)
{
	struct edge_list *idle = &host->idle;

	while (idle->count > host->idle_max && idle->first->moved_ms + IDLE_GIVE_WAY_MS <= now)
		edge_close(idle->first);
}

struct edge *
edge_new(struct edge_host *host, int fd)
{
	struct edge *e = xcalloc(1, sizeof(*e));

	e->host = host;
	e->fd = fd;
	body_init(&e->body);
	buf_init(&e->pending, SIZE_MAX / 4);
	host->counted(host->loop, 1);
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
	struct edge_host *host = e->host;

	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	edge_end_arrival(e);
	edge_forget(e);
	edge_discard(e);
	edge_move(e, EDGE_DEAD, 0);
	host->counted(host->loop, -1);
}

void
edge_bury(struct edge_host *host)
{
	while (host->dead.first != NULL) {
		struct edge *e = host->dead.first;

		list_remove(&host->dead, e);
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
	if (epoll_ctl(e->host->epoll_fd, op, e->fd, &event) != 0)
		return false;
	e->watched = events;
	return true;
}

void
edge_wake(struct edge *e)
{
	struct epoll_event event = { .events = e->watched, .data.ptr = e };

	if (e->watched != 0)
		epoll_ctl(e->host->epoll_fd, EPOLL_CTL_MOD, e->fd, &event);
	else if (!edge_watch(e, EDGE_EPOLL))
		edge_close(e);
}

/* Watched only now when the request was whole at the first look: what was read gives no event. */
void
edge_deliver(struct edge *e)
{
	const struct edge_options *options = e->host->options;

	edge_end_arrival(e);
	if (!edge_watch(e, EDGE_EPOLL)) {
		edge_close(e);
		return;
	}
	edge_move(e, EDGE_OPEN, 0);
	options->request(options->ctx, e->host->loop, e);
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
edge_lost(struct edge *e)
{
	e->gone = true;
	if (e->state == EDGE_OPEN && e->events != NULL)
		e->events->gone(e->ctx);
	else if (e->state != EDGE_OPEN && e->state != EDGE_SPOOLING)
		edge_close(e);
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
