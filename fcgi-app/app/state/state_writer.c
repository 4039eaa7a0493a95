/*
 * The store's thread: it writes what waits, tidies, lets followers hear of news, and finds out
 * whether an engine that was away is back, so that nobody else waits for it.
 */
#include "config.h"

#include "state_store.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "base/limits.h"

#define STATE_FLUSH_MS   100   /* a write waits this long for company */
#define STATE_FOLLOW_MS  250   /* between questions for what other processes have put */
#define STATE_TIDY_MS    60000 /* between searches for expired rows */
#define STATE_TIDY_BYTES (64 * MIB)

/* ---- what it does ---- */

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
	if (state_table_queued(&s->table) == 0)
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
	state_note(s, &s->writes, good, reason);
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
	/* All that is asked of the engine, or it would be away and back by turns. */
	if (rc == 0)
		rc = state_follow_try(s, reason);
	state_turn_end(s, rc == 0, reason);
}

static void
writer_tidy(struct state *s)
{
	char reason[STATE_REASON_MAX] = "";
	bool more = false;

	if (s->engine->tidy(s->engine, clock_wall_ms(), &more, reason) < 0)
		state_note(s, &s->writes, false, reason);
	s->untidied = 0;
	s->tidy_at = clock_mono_ms() + (more ? STATE_FLUSH_MS : STATE_TIDY_MS);
}

static void
writer_follow(struct state *s)
{
	bool more = state_follow_turn(s);

	s->follow_at = clock_mono_ms() + (more ? 0 : STATE_FOLLOW_MS);
}

/* What is due, and else how long to wait for the next thing. */
struct work {
	bool write, probe, follow, tidy;
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
	else if (state_table_queued_bytes(&s->table) >= STATE_BATCH_BYTES)
		work.write = true;
	else if (state_table_waiting(&s->table))
		work.write = is_due(&work, s->dirty_since + STATE_FLUSH_MS, now);
	if (s->reads.away)
		work.probe = is_due(&work, s->reads.retry_at, now);
	else if (s->followed)
		work.follow = is_due(&work, s->follow_at, now);
	if (!s->writes.away)
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
		if (s->stop || ret->write || ret->probe || ret->follow || ret->tidy)
			break;
		wait_ms(s, ret->wait);
	}
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

void *
state_writer(void *ctx)
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
		if (work.follow)
			writer_follow(s);
		if (work.tidy)
			writer_tidy(s);
	}
	while (state_table_queued(&s->table) > 0 && write_batch(s))
		;
	if (state_table_queued(&s->table) > 0)
		log_event(LOG_WARN, "state_lost", LOG_S("engine", s->engine->name),
		    LOG_N("writes", state_table_queued(&s->table)));
	return NULL;
}
