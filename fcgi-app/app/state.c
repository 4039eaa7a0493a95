/*
 * The store: a lock around the table, the thread that writes to the engine, and what is done while
 * the engine is away. Only that thread finds out whether it is back, so nobody else waits for it.
 */
#include "config.h"

#include "app/state.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "state_priv.h"

/* Reading and writing fail apart: a disk may be full. Times are monotonic. */
struct side {
	bool away;
	uint64_t pause, retry_at;
};

struct state {
	struct state_engine *engine; /* NULL: memory alone */
	pthread_t thread;
	pthread_mutex_t read_lock; /* one reader at a time; taken before `lock` */
	pthread_mutex_t lock;      /* of all that follows */
	pthread_cond_t wake;
	struct state_table table;
	bool stop, away, drop_warned;
	struct side reads, writes;
	uint64_t dirty_since, tidy_at, dropped_warned;
	size_t untidied; /* bytes written since tidy */
};

/* ---- is the engine there? ---- */

/* The lock is held. Returns whether the log should tell. */
static bool
note_side(struct state *s, struct side *side, bool good)
{
	bool away, changed;

	if (good) {
		*side = (struct side){ 0 };
	} else {
		side->pause = side->away ? 2 * side->pause : STATE_RETRY_MIN_MS;
		if (side->pause > STATE_RETRY_MAX_MS)
			side->pause = STATE_RETRY_MAX_MS;
		side->away = true;
		side->retry_at = clock_mono_ms() + side->pause;
		pthread_cond_signal(&s->wake);
	}
	away = s->reads.away || s->writes.away;
	changed = away != s->away;
	s->away = away;
	return changed;
}

static void
note(struct state *s, struct side *side, bool good, const char *reason)
{
	bool changed;

	pthread_mutex_lock(&s->lock);
	changed = note_side(s, side, good);
	pthread_mutex_unlock(&s->lock);
	if (!changed)
		return;
	if (good)
		log_event(LOG_WARN, "state_back", LOG_S("engine", s->engine->name));
	else
		log_event(LOG_WARN, "state_away", LOG_S("engine", s->engine->name),
		    LOG_S("failed", side == &s->reads ? "read" : "write"), LOG_S("reason", reason));
}

/* ---- the writer ---- */

/* Once while it lasts. */
static void
warn_dropped(struct state *s)
{
	uint64_t dropped = 0;

	pthread_mutex_lock(&s->lock);
	if (s->table.dropped > s->dropped_warned && !s->drop_warned) {
		dropped = s->table.dropped - s->dropped_warned;
		s->drop_warned = true;
	}
	s->dropped_warned = s->table.dropped;
	if (s->table.queued == 0)
		s->drop_warned = false;
	pthread_mutex_unlock(&s->lock);
	if (dropped > 0)
		log_event(LOG_WARN, "state_dropped", LOG_S("engine", s->engine->name),
		    LOG_N("writes", dropped));
}

/* One batch, or only an attempt when none waits. False when it failed. */
static bool
write_batch(struct state *s)
{
	struct state_item *list[STATE_BATCH_ITEMS];
	char reason[STATE_REASON_MAX] = "";
	size_t count, bytes = 0;
	bool good;

	pthread_mutex_lock(&s->lock);
	count = state_table_batch(&s->table, list, ARRAY_SIZE(list));
	pthread_mutex_unlock(&s->lock);
	good = s->engine->write(s->engine, list, count, clock_wall_ms(), reason) == 0;
	pthread_mutex_lock(&s->lock);
	state_table_settle(&s->table, list, count, good, clock_wall_ms());
	pthread_mutex_unlock(&s->lock);
	note(s, &s->writes, good, reason);
	for (size_t i = 0; i < count; i++) {
		bytes += list[i]->value.len;
		state_item_unref(list[i]);
	}
	s->untidied += good ? bytes : 0;
	warn_dropped(s);
	return good;
}

static void
probe_read(struct state *s)
{
	char reason[STATE_REASON_MAX] = "";
	int rc;

	pthread_mutex_lock(&s->read_lock);
	rc = s->engine->read(s->engine, NULL, 0, clock_wall_ms(), reason);
	pthread_mutex_unlock(&s->read_lock);
	note(s, &s->reads, rc == 0, reason);
}

static void
tidy(struct state *s)
{
	char reason[STATE_REASON_MAX] = "";
	bool more = false;

	if (s->engine->tidy(s->engine, clock_wall_ms(), &more, reason) < 0)
		note(s, &s->writes, false, reason);
	s->untidied = 0;
	s->tidy_at = clock_mono_ms() + (more ? STATE_FLUSH_MS : STATE_TIDY_MS);
}

/* What is due, and else how long to wait for the next thing. */
struct work {
	bool write, probe, tidy;
	uint64_t wait;
};

static bool
is_due(struct work *work, uint64_t at, uint64_t now)
{
	if (at > now && at - now < work->wait)
		work->wait = at - now;
	return at <= now;
}

/* The lock is held. */
static struct work
find_work(struct state *s)
{
	uint64_t now = clock_mono_ms();
	struct work work = { .wait = STATE_TIDY_MS };

	if (s->writes.away)
		work.write = is_due(&work, s->writes.retry_at, now);
	else if (s->table.queued_bytes >= STATE_BATCH_BYTES)
		work.write = true;
	else if (state_table_waiting(&s->table))
		work.write = is_due(&work, s->dirty_since + STATE_FLUSH_MS, now);
	if (s->reads.away)
		work.probe = is_due(&work, s->reads.retry_at, now);
	if (s->engine->tidy != NULL && !s->writes.away)
		work.tidy = s->untidied >= STATE_TIDY_BYTES || is_due(&work, s->tidy_at, now);
	return work;
}

/* The lock is held. */
static void
wait_ms(struct state *s, uint64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&s->wake, &s->lock, &until);
}

/* False when the store is to stop. */
static bool
wait_for_work(struct state *s, struct work *ret)
{
	bool stop;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		*ret = find_work(s);
		if (s->stop || ret->write || ret->probe || ret->tidy)
			break;
		wait_ms(s, ret->wait);
	}
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

static void *
writer(void *ctx)
{
	struct state *s = ctx;
	struct work work;

	/* An engine that is away shall be heard of at once. */
	write_batch(s);
	probe_read(s);
	while (wait_for_work(s, &work)) {
		/* The writer is the one that mends what a reader found broken. */
		if (work.write || work.probe)
			write_batch(s);
		if (work.probe)
			probe_read(s);
		if (work.tidy)
			tidy(s);
	}
	while (s->table.queued > 0 && write_batch(s))
		;
	if (s->table.queued > 0)
		log_event(LOG_WARN, "state_lost", LOG_S("engine", s->engine->name),
		    LOG_N("writes", s->table.queued));
	return NULL;
}

/* ---- making and ending ---- */

static int
start_thread(struct state *s, char error[CONF_ERROR_MAX])
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	rc = pthread_create(&s->thread, NULL, writer, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return 0;
	snprintf(error, CONF_ERROR_MAX, "No thread for the state: %s.", strerror(rc));
	return -1;
}

static void
release(struct state *s)
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
state_new(const char *spec, char error[CONF_ERROR_MAX])
{
	struct state_engine *engine;
	uint8_t hash_key[SIPHASH_KEY_BYTES];
	pthread_condattr_t attributes;
	struct state *s;

	if (state_engine_open(spec, &engine, error) < 0)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->engine = engine;
	if (getentropy(hash_key, sizeof(hash_key)) != 0)
		for (size_t i = 0; i < sizeof(hash_key); i++)
			hash_key[i] = (uint8_t)(clock_wall_ms() >> i % 8 * 8 ^ (uintptr_t)s >> i);
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
	if (start_thread(s, error) == 0)
		return s;
	release(s);
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
	release(s);
}

const char *
state_engine_name(const struct state *s)
{
	return s->engine != NULL ? s->engine->name : "memory";
}

/* ---- the callers' side ---- */

static bool
is_key(struct slice key)
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
	if (s->engine != NULL && s->table.queued_bytes >= STATE_BATCH_BYTES)
		pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

bool
state_put(struct state *s, enum state_space space, struct slice key, struct slice value)
{
	uint64_t now = clock_wall_ms();

	if (!is_key(key) || value.len > state_limits[space].value_max)
		return false;
	put(s, state_item_new(space, key, value, now + state_limits[space].keep_ms), now);
	return true;
}

void
state_delete(struct state *s, enum state_space space, struct slice key)
{
	if (is_key(key))
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

	if (!is_key(key))
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
	bool away;
	int rc = -1;

	pthread_mutex_lock(&s->read_lock);
	pthread_mutex_lock(&s->lock);
	away = s->reads.away;
	pthread_mutex_unlock(&s->lock);
	if (!away) {
		rc = s->engine->read(s->engine, list, count, now, reason);
		/* Before the next in line has its turn. */
		note(s, &s->reads, rc == 0, reason);
	}
	pthread_mutex_unlock(&s->read_lock);
	return rc == 0;
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
		if (is_key(query->key))
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
