/*
 * Those who follow a space: they hear, in pages, what was put after the place where they stand. The
 * follower is called without a lock, by one thread at a time: first by whoever began to follow,
 * from then on by the store's thread.
 */
#include "config.h"

#include "app/state/state.h"

#include <assert.h>

#include "base/clock.h"
#include "state_store.h"

bool
state_cursor_meet(struct state_cursor *at, struct state_cursor newest)
{
	bool heard = at->origin != 0 || at->number != 0;

	if (at->origin == newest.origin && at->number <= newest.number)
		return false;
	*at = (struct state_cursor){ newest.origin, 0 };
	return heard;
}

/* Whatever breaks the limits was not put there by a store. */
static bool
is_sane(const struct state_item *item)
{
	return item->key.len > 0 && item->key.len <= STATE_KEY_MAX &&
	       item->value.len <= state_limits[item->space].value_max;
}

/* Tells one page. False when the engine does not answer. */
static bool
follow_hear(struct state *s, enum state_space space, bool *ret_more)
{
	struct state_following *f = &s->following[space];
	struct state_page page = { .count = 0 };
	char reason[STATE_REASON_MAX] = "";
	bool good;

	if (!state_turn_begin(s))
		return false;
	good = s->engine->follow(s->engine, space, &f->cursor, &page, clock_wall_ms(), reason) == 0;
	state_turn_end(s, good, reason);
	for (size_t i = 0; i < page.count; i++) {
		struct state_item *item = page.items[i];

		if (good && is_sane(item))
			f->follower.changed(f->follower.ctx, item->key, item->value);
		state_item_unref(item);
	}
	f->lost = f->lost || (good && page.anew);
	*ret_more = page.more;
	return good;
}

/* When the engine takes writes and there is room for many. */
static bool
must_tell_loss(struct state *s, enum state_space space)
{
	const struct state_following *f = &s->following[space];
	bool ret;

	pthread_mutex_lock(&s->lock);
	ret = !s->writes.away && s->table.queues[true].items <= STATE_BATCH_ITEMS &&
	      (f->lost || f->dropped != s->table.spaces[space].dropped);
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static void
tell_loss(struct state *s, enum state_space space)
{
	struct state_following *f = &s->following[space];

	f->lost = false;
	f->follower.lost(f->follower.ctx);
	/* What the follower puts again and is too much is not asked for another time: that would
	 * never end. */
	pthread_mutex_lock(&s->lock);
	f->dropped = s->table.spaces[space].dropped;
	pthread_mutex_unlock(&s->lock);
}

bool
state_follow_turn(struct state *s)
{
	bool on[STATE_SPACES], any_more = false;

	pthread_mutex_lock(&s->lock);
	for (enum state_space i = 0; i < STATE_SPACES; i++)
		on[i] = s->following[i].on;
	pthread_mutex_unlock(&s->lock);
	for (enum state_space i = 0; i < STATE_SPACES; i++) {
		bool more = false;

		if (!on[i])
			continue;
		if (!follow_hear(s, i, &more))
			break;
		any_more = any_more || more;
		/* First what the engine has now: the follower's answer shall not be older. */
		if (!more && must_tell_loss(s, i))
			tell_loss(s, i);
	}
	return any_more;
}

int
state_follow_try(struct state *s, char reason[STATE_REASON_MAX])
{
	bool begun[STATE_SPACES];
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	for (enum state_space i = 0; i < STATE_SPACES; i++)
		begun[i] = s->following[i].begun;
	pthread_mutex_unlock(&s->lock);
	for (enum state_space i = 0; i < STATE_SPACES && rc == 0; i++) {
		struct state_page page = { .count = 0 };
		struct state_cursor cursor = s->following[i].cursor;

		if (!begun[i])
			continue;
		rc = s->engine->follow(s->engine, i, &cursor, &page, clock_wall_ms(), reason);
		while (page.count > 0)
			state_item_unref(page.items[--page.count]);
	}
	return rc;
}

void
state_follow(struct state *s, enum state_space space, const struct state_follower *follower)
{
	struct state_following *f = &s->following[space];
	uint64_t until = clock_mono_ms() + STATE_ENGINE_MS;
	bool more = true;

	assert(state_limits[space].followed && !f->begun);
	if (s->engine == NULL)
		return;
	f->follower = *follower;
	pthread_mutex_lock(&s->lock);
	f->begun = true;
	pthread_mutex_unlock(&s->lock);
	while (more && clock_mono_ms() < until && follow_hear(s, space, &more))
		;
	pthread_mutex_lock(&s->lock);
	f->on = s->followed = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}
