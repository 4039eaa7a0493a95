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
fcgi_conn_count_unread(struct fcgi_conn_host *host, ptrdiff_t bytes)
{
	host->unread += (size_t)bytes;
	atomic_fetch_add(host->unread_all, (size_t)bytes);
}

size_t
fcgi_conn_pending(const struct fcgi_conn *e)
{
	return e->pending.len - e->pending_sent;
}

void
fcgi_conn_discard(struct fcgi_conn *e)
{
	fcgi_conn_count_unread(e->host, -(ptrdiff_t)e->pending.len);
	buf_release(&e->pending);
	e->pending_sent = 0;
}

static void
fcgi_conn_end_arrival(struct fcgi_conn *e)
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

static struct fcgi_conn_list *
list_of(struct fcgi_conn_host *host, enum fcgi_conn_state state)
{
	switch (state) {
	case FCGI_CONN_NEW:
		break;
	case FCGI_CONN_WAITING:
	case FCGI_CONN_LINGERING:
		return &host->idle;
	case FCGI_CONN_ARRIVING:
	case FCGI_CONN_SPOOLING:
		return &host->arriving;
	case FCGI_CONN_OPEN:
	case FCGI_CONN_ENDING:
		return &host->open;
	case FCGI_CONN_DEAD:
		return &host->dead;
	}
	return NULL;
}

static void
conn_list_remove(struct fcgi_conn_list *list, struct fcgi_conn *e)
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
list_append(struct fcgi_conn_list *list, struct fcgi_conn *e)
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
fcgi_conn_move(struct fcgi_conn *e, enum fcgi_conn_state state, uint64_t wait_ms)
{
	struct fcgi_conn_list *from = list_of(e->host, e->state), *to = list_of(e->host, state);

	if (from != to) {
		if (from != NULL)
			conn_list_remove(from, e);
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
fcgi_conn_move_idle(struct fcgi_conn *e, enum fcgi_conn_state state, uint64_t wait_ms)
{
	fcgi_conn_move(e, state, wait_ms);
	fcgi_conn_thin_idle(e->host, e->moved_ms);
}

void
fcgi_conn_thin_idle(struct fcgi_conn_host *host, uint64_t now)
{
	struct fcgi_conn_list *idle = &host->idle;

	while (idle->count > host->idle_max && idle->first->moved_ms + IDLE_GIVE_WAY_MS <= now)
		fcgi_conn_close(idle->first);
}

struct fcgi_conn *
fcgi_conn_new(struct fcgi_conn_host *host, int fd)
{
	struct fcgi_conn *e = xcalloc(1, sizeof(*e));

	e->host = host;
	e->fd = fd;
	body_init(&e->body);
	buf_init(&e->pending, SIZE_MAX / 4);
	host->counted(host->loop, 1);
	return e;
}

void
fcgi_conn_forget(struct fcgi_conn *e)
{
	free(TAKE(e->arena));
	e->params = NULL;
	body_release(&e->body);
}

/* The memory stays until the end of the turn: epoll may still report events for it. */
void
fcgi_conn_close(struct fcgi_conn *e)
{
	struct fcgi_conn_host *host = e->host;

	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	fcgi_conn_end_arrival(e);
	fcgi_conn_forget(e);
	fcgi_conn_discard(e);
	fcgi_conn_move(e, FCGI_CONN_DEAD, 0);
	host->counted(host->loop, -1);
}

void
fcgi_conn_bury(struct fcgi_conn_host *host)
{
	while (host->dead.first != NULL) {
		struct fcgi_conn *e = host->dead.first;

		conn_list_remove(&host->dead, e);
		free(e);
	}
}

bool
fcgi_conn_watch(struct fcgi_conn *e, uint32_t events)
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
fcgi_conn_wake(struct fcgi_conn *e)
{
	struct epoll_event event = { .events = e->watched, .data.ptr = e };

	if (e->watched != 0)
		epoll_ctl(e->host->epoll_fd, EPOLL_CTL_MOD, e->fd, &event);
	else if (!fcgi_conn_watch(e, FCGI_CONN_EPOLL))
		fcgi_conn_close(e);
}

/* Watched only now when the request was whole at the first look: what was read gives no event. */
void
fcgi_conn_deliver(struct fcgi_conn *e)
{
	const struct fcgi_conn_options *options = e->host->options;

	fcgi_conn_end_arrival(e);
	if (!fcgi_conn_watch(e, FCGI_CONN_EPOLL)) {
		fcgi_conn_close(e);
		return;
	}
	fcgi_conn_move(e, FCGI_CONN_OPEN, 0);
	options->request(options->ctx, e->host->loop, e);
}

const char *
fcgi_conn_param_at(const struct fcgi_conn *e, size_t i)
{
	return e->params != NULL ? e->params[i] : NULL;
}

const char *
fcgi_conn_param(const struct fcgi_conn *e, const char *name)
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
fcgi_conn_body(struct fcgi_conn *e)
{
	return &e->body;
}

enum fcgi_conn_fault
fcgi_conn_fault(const struct fcgi_conn *e)
{
	return e->fault;
}

void
fcgi_conn_lost(struct fcgi_conn *e)
{
	e->gone = true;
	if (e->state == FCGI_CONN_OPEN && e->events != NULL)
		e->events->gone(e->ctx);
	else if (e->state != FCGI_CONN_OPEN && e->state != FCGI_CONN_SPOOLING)
		fcgi_conn_close(e);
}

void
fcgi_conn_stop(struct fcgi_conn *e, uint64_t now)
{
	uint64_t soon = now + STOP_WAIT_MS;

	if ((e->state == FCGI_CONN_WAITING || e->state == FCGI_CONN_ARRIVING) && e->deadline > soon)
		e->deadline = soon;
}

void
fcgi_conn_cut(struct fcgi_conn *e, uint64_t now)
{
	if (e->state == FCGI_CONN_OPEN && e->events != NULL) {
		e->events->cut(e->ctx);
		if (e->state != FCGI_CONN_DEAD)
			e->deadline = now + STOP_WAIT_MS;
	} else {
		fcgi_conn_lost(e);
	}
}
