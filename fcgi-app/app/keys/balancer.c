/* The waiting room: a list by turn. A caller's next turn comes after its last one that waits, and
 * never before the turn that was served last, so callers alternate and nobody saves up. */
#include "config.h"

#include "balancer_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "app/state/state.h"
#include "net/loop.h"

#define WAITING_MAX 1024 /* requests that wait for a key */

/* It is held for less than a sleep costs: who finds it taken looks again a few times first, where
 * the C library can. */
static void
lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

struct balancer *
balancer_new(void)
{
	struct balancer *b = xcalloc(1, sizeof(*b));
	uint8_t key[SIPHASH_KEY_BYTES];

	random_bytes(key, sizeof(key));
	lock_init(&b->lock);
	b->health = health_new(key, HEALTH_RECORDS_MAX);
	return b;
}

void
balancer_free(struct balancer *b)
{
	if (b == NULL)
		return;
	assert(b->first == NULL);
	health_free(b->health);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* ---- with other processes ---- */

static struct instant
instant_now(void)
{
	return (struct instant){ clock_mono_ms(), clock_wall_ms() };
}

/* With the lock held; the store never waits for it with one of its own. */
static void
on_told(void *ctx, struct slice name, struct slice text)
{
	struct balancer *b = ctx;

	state_put(b->state, STATE_HEALTH, name, text);
}

static void
balancer_on_changed(void *ctx, struct slice name, struct slice text)
{
	struct balancer *b = ctx;
	struct instant now = instant_now();

	pthread_mutex_lock(&b->lock);
	if (health_take(b->health, name, text, &now))
		room_call_all(b, 0);
	pthread_mutex_unlock(&b->lock);
}

static void
balancer_on_lost(void *ctx)
{
	struct balancer *b = ctx;
	struct instant now = instant_now();

	pthread_mutex_lock(&b->lock);
	health_tell_all(b->health, &now);
	pthread_mutex_unlock(&b->lock);
}

/* Processes of one machine reach Google from one address. */
static uint64_t
machine_id(void)
{
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	return health_id(slice_str(name));
}

void
balancer_share(struct balancer *b, struct state *state)
{
	const struct health_watch watch = { machine_id(), on_told, b };
	const struct state_follower follower = { balancer_on_changed, balancer_on_lost, b };

	if (!state_is_shared(state))
		return;
	b->state = state;
	health_set_watch(b->health, &watch);
	state_follow(state, STATE_HEALTH, &follower);
}

uint64_t
balancer_model(struct slice name)
{
	return name.len > 0 ? health_id(name) : 0;
}

bool
balancer_region(struct balancer *b)
{
	bool region;

	pthread_mutex_lock(&b->lock);
	region = health_region(b->health);
	pthread_mutex_unlock(&b->lock);
	return region;
}

/* ---- the room ---- */

static bool
waits_for(const struct waiter *w, const struct keyring *ring, uint64_t model)
{
	return w->ring == ring && w->model == model;
}

static void
balancer_call(struct waiter *w)
{
	if (w->called)
		return;
	w->called = true;
	loop_poke(w->loop);
}

static void
call_next(struct balancer *b, const struct keyring *ring, uint64_t model)
{
	for (struct waiter *w = b->first; w != NULL; w = w->next)
		if (waits_for(w, ring, model)) {
			balancer_call(w);
			return;
		}
}

static void
balancer_take_out(struct balancer *b, struct waiter *w)
{
	struct waiter **at = &b->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	b->waiting--;
	w->inside = w->called = false;
}

bool
room_is_ahead(
    const struct balancer *b, const struct keyring *ring, uint64_t model, const struct waiter *w)
{
	for (const struct waiter *other = b->first; other != NULL && other != w;
	     other = other->next)
		if (waits_for(other, ring, model))
			return true;
	return false;
}

void
room_serve(struct balancer *b, struct waiter *w)
{
	if (w == NULL || !w->inside)
		return;
	if (w->turn > b->clock)
		b->clock = w->turn;
	balancer_take_out(b, w);
	call_next(b, w->ring, w->model);
}

void
room_call_ring(struct balancer *b, const struct keyring *ring)
{
	for (struct waiter *w = b->first; w != NULL; w = w->next)
		if (w->ring == ring && !room_is_ahead(b, ring, w->model, w))
			balancer_call(w);
}

void
room_call_all(struct balancer *b, uint64_t model)
{
	for (struct waiter *w = b->first; w != NULL; w = w->next)
		if (model == 0 || w->model == model)
			balancer_call(w);
}

bool
balancer_enter(struct balancer *b, struct waiter *w, bool *ret_first)
{
	struct waiter **at = &b->first;
	uint64_t last;
	bool room;

	pthread_mutex_lock(&b->lock);
	room = w->inside || b->waiting < WAITING_MAX;
	if (room && !w->inside) {
		last = b->clock;
		for (const struct waiter *o = b->first; w->turn == 0 && o != NULL; o = o->next)
			if (o->caller == w->caller && o->turn > last)
				last = o->turn;
		if (w->turn == 0)
			w->turn = last + 1;
		while (*at != NULL && (*at)->turn <= w->turn)
			at = &(*at)->next;
		w->next = *at;
		*at = w;
		w->inside = true;
		w->called = false;
		b->waiting++;
	}
	*ret_first = room && !room_is_ahead(b, w->ring, w->model, w);
	pthread_mutex_unlock(&b->lock);
	return room;
}

void
balancer_leave(struct balancer *b, struct waiter *w)
{
	pthread_mutex_lock(&b->lock);
	if (w->inside) {
		balancer_take_out(b, w);
		call_next(b, w->ring, w->model);
	}
	pthread_mutex_unlock(&b->lock);
}

bool
balancer_called(struct balancer *b, struct waiter *w)
{
	bool called;

	pthread_mutex_lock(&b->lock);
	called = w->called;
	w->called = false;
	pthread_mutex_unlock(&b->lock);
	return called;
}
