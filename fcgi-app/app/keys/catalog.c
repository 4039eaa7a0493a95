/* A lock around core/learned and the list, and the store. */
#include "config.h"

#include "app/keys/catalog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/state/state.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "core/gemini/model_line.h"

#define LEARNED_MODELS_MAX 512        /* models remembered, and as many that are gone */
#define CATALOG_KEEP_MS    3600000ULL /* an older list of models is not decided on */
#define CATALOG_RETRY_MS   30000      /* it is not fetched again so soon after a failure */

/* No model has this name: the list's key in the store. Its value: TIME, then the names. */
static const char list_key[] = "/";

#define GONE_NAME_MAX (MODEL_NAME_MAX + 24)

struct catalog {
	pthread_mutex_t lock;
	/* Who asks for names that are gone pushes no lesson out. */
	struct learned *learned, *gone;
	atomic_bool any, any_gone; /* is there anything to be looked up? */
	struct buf names;
	uint64_t listed_at; /* wall clock; 0: there is no list */
	bool fetching;
	uint64_t failed_at;  /* monotonic; 0: it did not */
	struct state *state; /* NULL: nobody else wants to know */
};

struct catalog *
catalog_new(void)
{
	struct catalog *c = xcalloc(1, sizeof(*c));
	uint8_t key[SIPHASH_KEY_BYTES];

	random_bytes(key, sizeof(key));
	pthread_mutex_init(&c->lock, NULL);
	c->learned = learned_new(key, LEARNED_MODELS_MAX);
	c->gone = learned_new(key, LEARNED_MODELS_MAX);
	buf_init(&c->names, CATALOG_NAMES_MAX);
	return c;
}

void
catalog_free(struct catalog *c)
{
	if (c == NULL)
		return;
	learned_free(c->learned);
	learned_free(c->gone);
	buf_release(&c->names);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ---- with other processes ---- */

/* With the lock held; the store never waits for it with one of its own. */
static void
catalog_on_told(void *ctx, struct slice name, struct slice text)
{
	struct catalog *c = ctx;

	state_put(c->state, STATE_LEARNED, name, text);
}

static void
catalog_set_list(struct catalog *c, struct slice names, uint64_t at)
{
	buf_reset(&c->names);
	buf_add_slice(&c->names, names);
	c->listed_at = c->names.failed ? 0 : at;
}

static void
catalog_take_list(struct catalog *c, struct slice text)
{
	uint64_t at, now = clock_wall_ms();
	struct slice time;

	if (!slice_split(&text, '\n', &time) || !slice_u64(time, &at))
		return;
	at = at > now ? now : at;
	if (at > c->listed_at)
		catalog_set_list(c, text, at);
}

static void
catalog_on_changed(void *ctx, struct slice name, struct slice text)
{
	struct catalog *c = ctx;
	bool gone = slice_find(name, SLICE("@")) >= 0;

	pthread_mutex_lock(&c->lock);
	if (slice_eq(name, slice_str(list_key)))
		catalog_take_list(c, text);
	else
		learned_take(gone ? c->gone : c->learned, name, text, clock_wall_ms());
	pthread_mutex_unlock(&c->lock);
	atomic_store(gone ? &c->any_gone : &c->any, true);
}

/* With the lock held. */
static void
catalog_tell_list(struct catalog *c)
{
	struct buf text;

	if (c->state == NULL || c->listed_at == 0)
		return;
	buf_init(&text, LEARNED_VALUE_MAX);
	buf_addf(&text, "%llu\n", (unsigned long long)c->listed_at);
	buf_add_slice(&text, buf_slice(&c->names));
	if (!text.failed)
		state_put(c->state, STATE_LEARNED, slice_str(list_key), buf_slice(&text));
	buf_release(&text);
}

static void
catalog_on_lost(void *ctx)
{
	struct catalog *c = ctx;

	pthread_mutex_lock(&c->lock);
	learned_tell_all(c->learned);
	learned_tell_all(c->gone);
	catalog_tell_list(c);
	pthread_mutex_unlock(&c->lock);
}

void
catalog_share(struct catalog *c, struct state *state)
{
	const struct learned_watch watch = { catalog_on_told, c };
	const struct state_follower follower = { catalog_on_changed, catalog_on_lost, c };

	if (!state_is_shared(state))
		return;
	c->state = state;
	learned_set_watch(c->learned, &watch);
	learned_set_watch(c->gone, &watch);
	state_follow(state, STATE_LEARNED, &follower);
}

/* ---- lessons ---- */

/* What is gone for one caller may be there for others: `MODEL@OWNER`, of the pool `MODEL@0`. */
static struct slice
catalog_gone_name(const char *model, uint64_t owner, char ret[GONE_NAME_MAX])
{
	int len = snprintf(ret, GONE_NAME_MAX, "%s@%llx", model, (unsigned long long)owner);

	return (struct slice){ ret, (size_t)len };
}

/* With the lock held. */
static bool
catalog_is_gone(const struct catalog *c, const char *model, uint64_t owner)
{
	char name[GONE_NAME_MAX];
	struct lesson lesson;

	if (!atomic_load(&c->any_gone))
		return false;
	learned_get(c->gone, catalog_gone_name(model, owner, name), clock_wall_ms(), &lesson);
	return lesson.gone;
}

void
catalog_lesson(struct catalog *c, const char *model, uint64_t owner, struct lesson *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!atomic_load(&c->any) && !atomic_load(&c->any_gone))
		return;
	pthread_mutex_lock(&c->lock);
	learned_get(c->learned, slice_str(model), clock_wall_ms(), ret);
	ret->gone = catalog_is_gone(c, model, owner);
	pthread_mutex_unlock(&c->lock);
}

bool
catalog_served(struct catalog *c, const struct families *families, const char *model,
    struct slice version, uint64_t since)
{
	char text[MODEL_NAME_MAX];
	struct lesson lesson;
	enum learned_news news;

	if (version.len >= sizeof(text))
		return false;
	if (slice_eq(version, slice_str(model)) && !atomic_load(&c->any))
		return false;
	memcpy(text, version.ptr, version.len);
	text[version.len] = '\0';
	pthread_mutex_lock(&c->lock);
	learned_get(c->learned, slice_str(model), clock_wall_ms(), &lesson);
	news = learned_is_news(families, model, &lesson, text);
	if (news != LEARNED_NOTHING)
		learned_served(c->learned, slice_str(model), version,
		    news == LEARNED_OTHER ? since : 0, clock_wall_ms());
	pthread_mutex_unlock(&c->lock);
	if (news != LEARNED_NOTHING)
		atomic_store(&c->any, true);
	return news == LEARNED_OTHER;
}

void
catalog_refused(struct catalog *c, const char *model, const struct refusals *refused)
{
	pthread_mutex_lock(&c->lock);
	learned_refused(c->learned, slice_str(model), refused, clock_wall_ms());
	pthread_mutex_unlock(&c->lock);
	atomic_store(&c->any, true);
}

void
catalog_gone(struct catalog *c, const char *model, uint64_t owner)
{
	char name[GONE_NAME_MAX];

	pthread_mutex_lock(&c->lock);
	learned_gone(c->gone, catalog_gone_name(model, owner, name), clock_wall_ms());
	pthread_mutex_unlock(&c->lock);
	atomic_store(&c->any_gone, true);
}

/* ---- Google's list ---- */

void
catalog_list(struct catalog *c, struct slice names)
{
	pthread_mutex_lock(&c->lock);
	catalog_set_list(c, names, clock_wall_ms());
	catalog_tell_list(c);
	pthread_mutex_unlock(&c->lock);
}

struct usable {
	const struct catalog *catalog;
	uint64_t owner;
	bool (*fn)(void *ctx, struct slice name);
	void *ctx;
};

static bool
catalog_is_usable(void *ctx, struct slice name)
{
	const struct usable *u = ctx;
	char text[MODEL_NAME_MAX];

	if (name.len >= sizeof(text) || !u->fn(u->ctx, name))
		return false;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	return !catalog_is_gone(u->catalog, text, u->owner);
}

bool
catalog_newest(struct catalog *c, const char *model, uint64_t owner,
    bool (*usable)(void *ctx, struct slice name), void *ctx, char ret[MODEL_NAME_MAX])
{
	struct usable u = { c, owner, usable, ctx };
	bool found;

	pthread_mutex_lock(&c->lock);
	found =
	    model_line_newest(buf_slice(&c->names), slice_str(model), catalog_is_usable, &u, ret);
	pthread_mutex_unlock(&c->lock);
	return found;
}

void
catalog_near(struct catalog *c, const char *model, char ret[MODEL_NAME_MAX])
{
	struct slice near;

	pthread_mutex_lock(&c->lock);
	near = model_line_near(buf_slice(&c->names), slice_str(model));
	memcpy(ret, near.ptr, near.len);
	ret[near.len] = '\0';
	pthread_mutex_unlock(&c->lock);
}

enum catalog_turn
catalog_turn(struct catalog *c)
{
	uint64_t mono = clock_mono_ms();
	enum catalog_turn turn = CATALOG_YOURS;

	pthread_mutex_lock(&c->lock);
	if (c->listed_at != 0 && c->listed_at + CATALOG_KEEP_MS > clock_wall_ms())
		turn = CATALOG_KNOWN;
	else if (c->fetching)
		turn = CATALOG_OTHERS;
	else if (c->failed_at != 0 && c->failed_at + CATALOG_RETRY_MS > mono)
		turn = CATALOG_AWAY;
	else
		c->fetching = true;
	pthread_mutex_unlock(&c->lock);
	return turn;
}

void
catalog_fetched(struct catalog *c, bool good)
{
	pthread_mutex_lock(&c->lock);
	c->fetching = false;
	c->failed_at = good ? 0 : clock_mono_ms();
	pthread_mutex_unlock(&c->lock);
}
