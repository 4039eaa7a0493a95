/* The clock, the loop and the client's side in memory: base/clock.h, net/loop.h,
 * net/fcgi/fcgi_conn.h. */
#include "config.h"

#include "sim_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "net/loop.h"

#define WALL_ORIGIN 1790000000000 /* some day in 2026 */

/* ---- clock ---- */

uint64_t
clock_mono_ms(void)
{
	return sim->now;
}

uint64_t
clock_wall_ms(void)
{
	return WALL_ORIGIN + sim->now;
}

/* ---- loop ---- */

struct upstream *
loop_upstream(struct loop *loop)
{
	return (struct upstream *)loop;
}

void *
loop_local(struct loop *loop)
{
	(void)loop;
	return sim->local;
}

void
loop_set_local(struct loop *loop, void *local, void (*free_fn)(void *local))
{
	(void)loop;
	sim->local = local;
	sim->local_free = free_fn;
}

void
loop_poke(struct loop *loop)
{
	(void)loop;
	sim->poked = true;
}

void
loop_on_poke(struct loop *loop, void (*fn)(struct loop *loop))
{
	(void)loop;
	sim->on_poke = fn;
}

size_t
loop_all_active(const struct loop *loop)
{
	size_t count = 0;

	(void)loop;
	for (const struct sim_client *c = sim->clients; c != NULL; c = c->next)
		count += c->state == SIM_OPEN_YET;
	return count;
}

struct timer *
timer_new(struct loop *loop, timer_fn fn, void *ctx)
{
	struct timer *timer = xcalloc(1, sizeof(*timer));

	(void)loop;
	timer->fn = fn;
	timer->ctx = ctx;
	timer->next = sim->timers;
	sim->timers = timer;
	return timer;
}

void
timer_start(struct timer *timer, uint64_t ms)
{
	if (timer->freed)
		sim_break("a timer was started after its end");
	timer->due = sim->now + ms;
	timer->order = ++sim->order;
	timer->armed = true;
}

void
timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	if (timer->freed)
		sim_break("a timer was freed twice");
	timer->armed = false;
	timer->freed = true;
}

void
sim_timers_release(void)
{
	while (sim->timers != NULL) {
		struct timer *timer = sim->timers;

		if (!timer->freed)
			sim_break("a timer was not freed");
		sim->timers = timer->next;
		free(timer);
	}
}

/* ---- work that waits: done a moment later, as a timer ---- */

struct sim_work {
	struct timer *timer;
	void (*work)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void
work_fired(void *arg)
{
	struct sim_work work = *(struct sim_work *)arg;

	free(arg);
	timer_free(work.timer);
	work.work(work.ctx);
	work.done(work.ctx);
}

void
loop_work(struct loop *loop, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	struct sim_work *w = xcalloc(1, sizeof(*w));

	*w = (struct sim_work){ .work = work, .done = done, .ctx = ctx };
	w->timer = timer_new(loop, work_fired, w);
	timer_start(w->timer, 1);
}

/* ---- the connection ---- */

void
sim_conn_init(struct sim_client *c, const struct sim_ask *ask)
{
	const struct body_limits limits = { ask->spooled ? 0 : SIZE_MAX, SIZE_MAX, "/tmp" };
	struct fcgi_conn *e = &c->conn;
	struct buf arena;
	size_t count = 0;

	e->client = c;
	buf_init(&arena, MIB);
	buf_addf(&arena, "REQUEST_METHOD=%s", ask->method);
	buf_addc(&arena, '\0');
	buf_addf(&arena, "REQUEST_URI=%s", ask->uri);
	buf_addc(&arena, '\0');
	for (size_t i = 0; ask->params[i] != NULL; i++)
		buf_add(&arena, ask->params[i], strlen(ask->params[i]) + 1);
	e->arena = xmalloc(arena.len);
	memcpy(e->arena, arena.data, arena.len);
	for (size_t at = 0; at < arena.len; at += strlen(e->arena + at) + 1)
		e->params[count++] = e->arena + at;
	buf_release(&arena);
	body_init(&e->body);
	if (body_append(&e->body, &limits, ask->body.ptr, ask->body.len) != BODY_OK)
		sim_break("the body cannot be stored");
}

void
sim_conn_release(struct sim_client *c)
{
	free(TAKE(c->conn.arena));
	c->conn.params[0] = NULL;
	body_release(&c->conn.body);
}

/* Every function of the app's side passes here. */
static void
in_use(const struct fcgi_conn *e, const char *what)
{
	if (e->client->state != SIM_OPEN_YET)
		sim_break("%s after the end of the request", what);
}

void
fcgi_conn_listen(struct fcgi_conn *e, const struct fcgi_conn_events *events, void *ctx)
{
	in_use(e, "edge_listen");
	e->events = events;
	e->ctx = ctx;
}

const char *
fcgi_conn_param_at(const struct fcgi_conn *e, size_t i)
{
	in_use(e, "edge_param_at");
	return e->arena != NULL ? e->params[i] : NULL;
}

const char *
fcgi_conn_param(const struct fcgi_conn *e, const char *name)
{
	size_t len = strlen(name);

	in_use(e, "edge_param");
	for (size_t i = 0; e->arena != NULL && e->params[i] != NULL; i++)
		if (strncmp(e->params[i], name, len) == 0 && e->params[i][len] == '=')
			return e->params[i] + len + 1;
	return NULL;
}

struct body *
fcgi_conn_body(struct fcgi_conn *e)
{
	in_use(e, "edge_body");
	return &e->body;
}

enum fcgi_conn_fault
fcgi_conn_fault(const struct fcgi_conn *e)
{
	in_use(e, "edge_fault");
	return e->client->ask.fault;
}

void
fcgi_conn_forget(struct fcgi_conn *e)
{
	in_use(e, "edge_forget");
	sim_conn_release(e->client);
}

static bool
fcgi_conn_put(struct fcgi_conn *e, struct slice bytes)
{
	struct sim_client *c = e->client;

	if (c->hidden)
		e->gone = true;
	if (e->gone)
		return false;
	buf_add_slice(c->stalled ? &c->pending : &c->out, bytes);
	return true;
}

bool
fcgi_conn_write(struct fcgi_conn *e, struct slice bytes)
{
	in_use(e, "edge_write");
	return fcgi_conn_put(e, bytes);
}

size_t
fcgi_conn_pending(const struct fcgi_conn *e)
{
	in_use(e, "edge_pending");
	return e->client->pending.len;
}

static void
fcgi_conn_is_over(struct fcgi_conn *e, enum sim_state state)
{
	e->client->state = state;
	e->client->place = sim->over++;
	sim_conn_release(e->client);
}

void
fcgi_conn_end(struct fcgi_conn *e, struct slice bytes)
{
	in_use(e, "edge_end");
	fcgi_conn_put(e, bytes);
	fcgi_conn_is_over(e, SIM_ENDED);
}

void
fcgi_conn_drop(struct fcgi_conn *e)
{
	in_use(e, "edge_drop");
	fcgi_conn_is_over(e, SIM_DROPPED);
}
