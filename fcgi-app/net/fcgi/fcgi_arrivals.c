/*
 * A body that is not there with its head: it is taken in on the loop as its bytes come, and holds a
 * place meanwhile. What belongs into the body's file is written by the pool, one piece at a time,
 * and nothing more is read until that is done.
 */
#include "config.h"

#include "net/fcgi/fcgi_conn_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "net/fcgi/fcgi_stdin.h"
#include "net/fcgi/pace.h"
#include "net/fcgi/places.h"

#define ARRIVAL_CHUNK (64 * KIB) /* read of one at once, and written to its file */
#define ARRIVAL_READS 4          /* such reads before others have their turn */

/* The owner tells the caller; what still comes is of no use. */
static void
arrival_refuse(struct fcgi_conn *e, enum fcgi_conn_fault fault)
{
	e->fault = fault;
	e->unread_input = true;
	fcgi_conn_deliver(e);
}

static void
arrival_finish(struct fcgi_conn *e)
{
	if (fcgi_conn_body_is_whole(e))
		fcgi_conn_deliver(e);
	else
		fcgi_conn_close(e);
}

/* What does not move at all is not waited for when the process stops. */
static void
set_deadline(struct fcgi_conn *e)
{
	e->deadline = pace_due_ms(&e->arrival->pace);
	if (e->host->stopping)
		fcgi_conn_stop(e, e->arrival->pace.heard_ms);
}

static void
count_memory(struct fcgi_conn *e)
{
	struct arrival *a = e->arrival;

	e->host->arriving_memory += e->body.mem.len - a->counted;
	a->counted = e->body.mem.len;
}

/* ---- the file ---- */

static void
write_chunk(void *ctx)
{
	struct fcgi_conn *e = ctx;
	struct arrival *a = e->arrival;
	struct body_limits limits = e->host->options->body;

	limits.memory = 0;
	a->written = body_append(&e->body, &limits, a->chunk.data, a->chunk.len);
}

/* Whatever the socket has told meanwhile is told again. */
static void
chunk_written(void *ctx)
{
	struct fcgi_conn *e = ctx;
	struct arrival *a = e->arrival;

	buf_release(&a->chunk);
	count_memory(e);
	fcgi_conn_move(e, FCGI_CONN_ARRIVING, 0);
	if (e->gone) {
		fcgi_conn_close(e);
		return;
	}
	if (a->written != BODY_OK) {
		arrival_refuse(e, FCGI_CONN_BODY_FAILED);
	} else if (a->ended) {
		arrival_finish(e);
	} else {
		pace_hear(&a->pace, 0, clock_mono_ms());
		set_deadline(e);
	}
	if (e->state != FCGI_CONN_DEAD)
		fcgi_conn_wake(e);
}

/* ---- bytes ---- */

static bool
fits_in_memory(const struct fcgi_conn *e, size_t len)
{
	const struct fcgi_conn_host *host = e->host;

	return e->body.fd < 0 && e->arrival->chunk.len == 0 &&
	       e->body.len + len <= host->options->body.memory &&
	       host->arriving_memory + len <= host->arriving_memory_max;
}

/* False when the body is too large. */
static bool
arrival_keep(struct fcgi_conn *e, struct slice content)
{
	const struct body_limits *limits = &e->host->options->body;
	struct arrival *a = e->arrival;

	if (e->body.len + a->chunk.len + content.len > limits->total)
		return false;
	if (fits_in_memory(e, content.len)) {
		body_append(&e->body, limits, content.ptr, content.len);
		count_memory(e);
	} else {
		buf_add_slice(&a->chunk, content);
	}
	return true;
}

static void
take_in(struct fcgi_conn *e, struct slice bytes)
{
	struct arrival *a = e->arrival;
	enum fcgi_stdin_result result;
	struct slice content;
	size_t len = 0;

	while ((result = fcgi_stdin_next(&a->in, &bytes, &content)) == FCGI_STDIN_CONTENT) {
		if (!arrival_keep(e, content)) {
			arrival_refuse(e, FCGI_CONN_BODY_TOO_LARGE);
			return;
		}
		len += content.len;
	}
	if (result == FCGI_STDIN_ABORT || result == FCGI_STDIN_BAD) {
		fcgi_conn_close(e);
		return;
	}
	a->ended = result == FCGI_STDIN_END;
	if (a->chunk.len > 0) {
		pace_hear(&a->pace, len, clock_mono_ms());
		fcgi_conn_move(e, FCGI_CONN_SPOOLING, 0);
		e->host->work(e->host->loop, write_chunk, chunk_written, e);
	} else if (a->ended) {
		arrival_finish(e);
	} else {
		pace_hear(&a->pace, len, clock_mono_ms());
		set_deadline(e);
	}
}

void
fcgi_conn_arrive(struct fcgi_conn *e)
{
	for (unsigned i = 0; i < ARRIVAL_READS; i++) {
		ssize_t n = recv(e->fd, e->host->peek, ARRIVAL_CHUNK, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!fcgi_conn_watch(e, FCGI_CONN_EPOLL))
				fcgi_conn_close(e);
			return;
		}
		if (n <= 0) {
			fcgi_conn_close(e);
			return;
		}
		take_in(e, (struct slice){ (const char *)e->host->peek, (size_t)n });
		if (e->state != FCGI_CONN_ARRIVING)
			return;
	}
	fcgi_conn_wake(e);
}

void
fcgi_conn_arrive_late(struct fcgi_conn *e)
{
	arrival_refuse(e, e->host->stopping ? FCGI_CONN_BODY_REFUSED : FCGI_CONN_BODY_TIMEOUT);
}

/* ---- the place ---- */

/* Of those that can be told at once. NULL when there is none. */
static struct fcgi_conn *
arrival_slowest(const struct fcgi_conn_host *host, const struct fcgi_conn *but)
{
	struct fcgi_conn *found = NULL;

	for (struct fcgi_conn *e = host->arriving.first; e != NULL; e = e->next)
		if (e != but && e->state == FCGI_CONN_ARRIVING &&
		    (found == NULL ||
			pace_credit_ms(&e->arrival->pace) < pace_credit_ms(&found->arrival->pace)))
			found = e;
	return found;
}

/* False when the caller has its share already, or nobody gives way. */
static bool
take_place(struct fcgi_conn *e)
{
	const struct fcgi_conn_options *options = e->host->options;
	struct arrival *a = e->arrival;
	struct fcgi_conn *other;

	if (options->owners != NULL)
		a->owner_count = options->owners(options->ctx, e, a->owners);
	a->placed = places_take(e->host->places, a->owners, a->owner_count);
	if (!a->placed)
		return false;
	if (e->host->arriving.count <= e->host->arriving_max)
		return true;
	other = arrival_slowest(e->host, e);
	if (other != NULL)
		arrival_refuse(other, FCGI_CONN_BODY_TIMEOUT);
	return other != NULL;
}

void
fcgi_conn_begin_arrival(struct fcgi_conn *e, size_t head_len)
{
	struct arrival *a;

	if (!fcgi_conn_read_head(e, e->host->peek, head_len) ||
	    recv(e->fd, e->host->peek, head_len, MSG_DONTWAIT) != (ssize_t)head_len) {
		fcgi_conn_close(e);
		return;
	}
	a = e->arrival = xcalloc(1, sizeof(*a));
	fcgi_stdin_init(&a->in, e->id);
	pace_begin(&a->pace, clock_mono_ms());
	buf_init(&a->chunk, SIZE_MAX / 4);
	fcgi_conn_move(e, FCGI_CONN_ARRIVING, 0);
	set_deadline(e);
	if (take_place(e))
		fcgi_conn_arrive(e);
	else
		arrival_refuse(e, FCGI_CONN_BODY_REFUSED);
}
