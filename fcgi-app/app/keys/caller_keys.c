/* A hash table of rings by their lists, and a list of those that rest, the longest first. */
#include "config.h"

#include "app/keys/caller_keys.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/xalloc.h"
#include "core/keys/keypool.h"
#include "app/keys/keyring.h"
#include "core/keys/health.h"
#include "base/buf.h"

struct caller_ring {
	struct caller_ring *next;           /* in its bucket */
	struct caller_ring *before, *after; /* among those that rest */
	uint64_t hash;
	char *list; /* the caller's bytes */
	size_t len;
	enum balance balance;
	struct keyring *keys;
	unsigned users;
	uint64_t rests_since;
};

struct caller_keys {
	pthread_mutex_t lock;
	uint8_t hash_key[SIPHASH_KEY_BYTES]; /* secret: nobody can choose lists that collide */
	struct balancer *balancer;
	unsigned cap;
	size_t count;
	struct caller_ring *first, *last; /* of those that rest */
	size_t resting, resting_keys;
	struct caller_ring *buckets[CALLER_RINGS_MAX];
};

struct caller_keys *
caller_keys_new(struct balancer *b, unsigned cap)
{
	struct caller_keys *o = xcalloc(1, sizeof(*o));

	pthread_mutex_init(&o->lock, NULL);
	o->balancer = b;
	o->cap = cap;
	random_bytes(o->hash_key, sizeof(o->hash_key));
	return o;
}

static void
place_free(struct caller_ring *p)
{
	if (p == NULL)
		return;
	keyring_free(p->keys);
	secret_free(p->list);
	free(p);
}

/* A chain through `next`. */
static void
chain_free(struct caller_ring *p)
{
	while (p != NULL) {
		struct caller_ring *next = p->next;

		place_free(p);
		p = next;
	}
}

void
caller_keys_free(struct caller_keys *o)
{
	if (o == NULL)
		return;
	assert(o->count == o->resting);
	for (size_t i = 0; i < ARRAY_SIZE(o->buckets); i++)
		chain_free(o->buckets[i]);
	pthread_mutex_destroy(&o->lock);
	explicit_bzero(o->hash_key, sizeof(o->hash_key));
	free(o);
}

/* ---- with the lock held ---- */

static struct caller_ring **
caller_keys_bucket(struct caller_keys *o, uint64_t hash)
{
	return &o->buckets[hash % ARRAY_SIZE(o->buckets)];
}

static struct caller_ring *
caller_keys_find(struct caller_keys *o, uint64_t hash, struct slice list, enum balance balance)
{
	struct caller_ring *p = *caller_keys_bucket(o, hash);

	while (p != NULL && (p->hash != hash || p->balance != balance || p->len != list.len ||
				memcmp(p->list, list.ptr, list.len) != 0))
		p = p->next;
	return p;
}

static void
caller_keys_wake(struct caller_keys *o, struct caller_ring *p)
{
	if (p->users++ > 0)
		return;
	*(p->before != NULL ? &p->before->after : &o->first) = p->after;
	*(p->after != NULL ? &p->after->before : &o->last) = p->before;
	p->before = p->after = NULL;
	o->resting--;
	o->resting_keys -= keyring_count(p->keys);
}

static void
caller_keys_rest(struct caller_keys *o, struct caller_ring *p, uint64_t now)
{
	p->rests_since = now;
	p->before = o->last;
	*(o->last != NULL ? &o->last->after : &o->first) = p;
	o->last = p;
	o->resting++;
	o->resting_keys += keyring_count(p->keys);
}

static void
caller_keys_take_out(struct caller_keys *o, struct caller_ring *p)
{
	struct caller_ring **at = caller_keys_bucket(o, p->hash);

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	o->count--;
}

/* What may not be kept any longer, as a chain for chain_free. */
static struct caller_ring *
caller_keys_surplus(struct caller_keys *o, uint64_t now)
{
	struct caller_ring *gone = NULL, *p;

	while ((p = o->first) != NULL &&
	       (o->resting > CALLER_RINGS_MAX || o->resting_keys > CALLER_KEYS_KEPT_MAX ||
		   now >= p->rests_since + CALLER_RING_IDLE_MS)) {
		caller_keys_wake(o, p);
		caller_keys_take_out(o, p);
		p->next = gone;
		gone = p;
	}
	return gone;
}

/* ---- for requests ---- */

static struct caller_ring *
place_new(struct caller_keys *o, uint64_t hash, struct slice list, enum balance balance,
    const char **ret_error)
{
	struct keyring *keys = keyring_of_list(list, balance, CALLER_KEYS_MAX, ret_error);
	struct caller_ring *p;

	if (keys != NULL && keyring_count(keys) == 0)
		keyring_free(TAKE(keys));
	if (keys == NULL)
		return NULL;
	keyring_attach(keys, o->balancer, HEALTH_CALLERS, o->cap);
	p = xcalloc(1, sizeof(*p));
	p->hash = hash;
	p->list = xstrndup(list.ptr, list.len);
	p->len = list.len;
	p->balance = balance;
	p->keys = keys;
	p->users = 1;
	return p;
}

struct caller_ring *
caller_keys_get(struct caller_keys *o, struct slice list, enum balance balance, uint64_t now,
    const char **ret_error)
{
	uint64_t hash = siphash(o->hash_key, list);
	struct caller_ring *p, *made = NULL, *gone;

	*ret_error = NULL;
	pthread_mutex_lock(&o->lock);
	gone = caller_keys_surplus(o, now);
	p = caller_keys_find(o, hash, list, balance);
	if (p == NULL) {
		/* Others need not wait while it is made, and one of them may be faster. */
		pthread_mutex_unlock(&o->lock);
		made = place_new(o, hash, list, balance, ret_error);
		pthread_mutex_lock(&o->lock);
		p = made != NULL ? caller_keys_find(o, hash, list, balance) : NULL;
	}
	if (p != NULL) {
		caller_keys_wake(o, p);
	} else if (made != NULL) {
		p = TAKE(made);
		p->next = *caller_keys_bucket(o, hash);
		*caller_keys_bucket(o, hash) = p;
		o->count++;
	}
	pthread_mutex_unlock(&o->lock);
	place_free(made);
	chain_free(gone);
	return p;
}

void
caller_keys_put(struct caller_keys *o, struct caller_ring *place, uint64_t now)
{
	struct caller_ring *gone;

	pthread_mutex_lock(&o->lock);
	assert(place->users > 0);
	if (--place->users == 0)
		caller_keys_rest(o, place, now);
	gone = caller_keys_surplus(o, now);
	pthread_mutex_unlock(&o->lock);
	chain_free(gone);
}

struct keyring *
caller_ring_keys(const struct caller_ring *place)
{
	return place->keys;
}

size_t
caller_keys_count(struct caller_keys *o)
{
	size_t count;

	pthread_mutex_lock(&o->lock);
	count = o->count;
	pthread_mutex_unlock(&o->lock);
	return count;
}
