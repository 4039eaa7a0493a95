/*
 * The store as its callers see it: memory first, then the engine when it is asked for.
 */
#include "config.h"

#include "app/state/state.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "state_store.h"

/* ---- making and ending ---- */

static int
state_start_thread(struct state *s, char error[STATE_ERROR_MAX])
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	rc = pthread_create(&s->thread, NULL, state_writer, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return 0;
	snprintf(error, STATE_ERROR_MAX, "No thread for the state: %s.", strerror(rc));
	return -1;
}

static void
state_release(struct state *s)
{
	if (s->engine != NULL)
		s->engine->free(s->engine);
	state_table_release(&s->table);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->read_lock);
	free(s);
}

struct state *
state_new(const char *spec, char error[STATE_ERROR_MAX])
{
	struct state_engine *engine;
	uint8_t hash_key[SIPHASH_KEY_BYTES];
	pthread_condattr_t attributes;
	struct state *s;

	if (state_engine_open(spec, &engine, error) < 0)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->engine = engine;
	random_bytes(hash_key, sizeof(hash_key));
	state_table_init(&s->table, state_limits, engine != NULL, hash_key);
	pthread_mutex_init(&s->read_lock, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (engine == NULL)
		return s;
	s->tidy_at = clock_mono_ms() + STATE_RETRY_MAX_MS;
	if (state_start_thread(s, error) == 0)
		return s;
	state_release(s);
	return NULL;
}

void
state_free(struct state *s)
{
	if (s == NULL)
		return;
	if (s->engine != NULL) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_signal(&s->wake);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	state_release(s);
}

const char *
state_engine_name(const struct state *s)
{
	return s->engine != NULL ? s->engine->name : "memory";
}

bool
state_is_shared(const struct state *s)
{
	return s->engine != NULL;
}

/* ---- the callers' side ---- */

static bool
state_is_key(struct slice key)
{
	return key.len > 0 && key.len <= STATE_KEY_MAX;
}

static void
put(struct state *s, struct state_item *item, uint64_t now)
{
	pthread_mutex_lock(&s->lock);
	if (s->engine != NULL && !state_table_waiting(&s->table)) {
		s->dirty_since = clock_mono_ms();
		pthread_cond_signal(&s->wake);
	}
	state_table_put(&s->table, item, now);
	if (s->engine != NULL && state_table_queued_bytes(&s->table) >= STATE_BATCH_BYTES)
		pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

bool
state_put(struct state *s, enum state_space space, struct slice key, struct slice value)
{
	uint64_t now = clock_wall_ms();

	if (!state_is_key(key) || value.len > state_limits[space].value_max)
		return false;
	put(s, state_item_new(space, key, value, now + state_limits[space].keep_ms), now);
	return true;
}

void
state_delete(struct state *s, enum state_space space, struct slice key)
{
	assert(!state_limits[space].followed);
	if (state_is_key(key))
		put(s, state_item_deleted(space, key), clock_wall_ms());
}

static void
copy_value(const struct state_item *item, struct buf *ret)
{
	buf_init(ret, state_limits[item->space].value_max);
	buf_add_slice(ret, item->value);
}

enum state_answer
state_get(struct state *s, enum state_space space, struct slice key, struct buf *ret_value)
{
	struct state_item *item;
	enum state_answer answer;

	if (!state_is_key(key))
		return STATE_ABSENT;
	pthread_mutex_lock(&s->lock);
	answer = state_table_get(&s->table, space, key, clock_wall_ms(), &item);
	pthread_mutex_unlock(&s->lock);
	if (answer == STATE_FOUND)
		copy_value(item, ret_value);
	state_item_unref(item);
	return answer;
}

/* False when the engine did not answer. */
static bool
ask_engine(struct state *s, struct state_lookup *list, size_t count, uint64_t now)
{
	char reason[STATE_REASON_MAX] = "";
	bool good;

	if (!state_turn_begin(s))
		return false;
	good = s->engine->read(s->engine, list, count, now, reason) == 0;
	state_turn_end(s, good, reason);
	return good;
}

/* The engine's answer, for the table too. */
static void
take_answer(struct state *s, struct state_lookup *lookup, struct state_mark mark)
{
	struct state_query *query = lookup->query;
	struct state_item *item = NULL;

	lookup->found = lookup->found && !query->value.failed;
	query->answer = lookup->found ? STATE_FOUND : STATE_ABSENT;
	if (lookup->found)
		item = state_item_new(
		    query->space, query->key, buf_slice(&query->value), lookup->expires);
	else
		buf_reset(&query->value);
	pthread_mutex_lock(&s->lock);
	if (item != NULL)
		state_table_learn(&s->table, item, mark);
	else
		state_table_forget(&s->table, query->space, query->key, mark);
	pthread_mutex_unlock(&s->lock);
}

void
state_ask(struct state *s, struct state_query *list, size_t count)
{
	struct state_lookup *lookups = xcalloc(count, sizeof(*lookups));
	struct state_item **copies = xcalloc(count, sizeof(struct state_item *));
	uint64_t now = clock_wall_ms();
	struct state_mark mark;
	size_t wanted = 0;
	bool answered;

	pthread_mutex_lock(&s->lock);
	mark = state_table_mark(&s->table, now);
	for (size_t i = 0; i < count; i++) {
		struct state_query *query = &list[i];

		query->answer = STATE_ABSENT;
		buf_init(&query->value, state_limits[query->space].value_max);
		if (state_is_key(query->key))
			query->answer =
			    state_table_get(&s->table, query->space, query->key, now, &copies[i]);
		if (query->answer == STATE_UNKNOWN)
			lookups[wanted++].query = query;
	}
	pthread_mutex_unlock(&s->lock);
	answered = wanted > 0 && ask_engine(s, lookups, wanted, now);
	for (size_t i = 0; i < wanted && answered; i++) {
		state_item_unref(TAKE(copies[lookups[i].query - list]));
		take_answer(s, &lookups[i], mark);
	}
	/* What needed no engine, and old copies when it is away. */
	for (size_t i = 0; i < count; i++) {
		if (copies[i] != NULL) {
			list[i].answer = STATE_FOUND;
			buf_reset(&list[i].value);
			buf_add_slice(&list[i].value, copies[i]->value);
			state_item_unref(copies[i]);
		} else if (list[i].answer == STATE_UNKNOWN) {
			buf_reset(&list[i].value);
		}
	}
	free(lookups);
	free(copies);
}
