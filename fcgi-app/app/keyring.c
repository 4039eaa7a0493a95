/* The lock around core/keypool. */
#include "config.h"

#include "app/keyring.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"

struct keyring {
	pthread_mutex_t lock;
	struct keypool
	    pool; /* secrets and fingerprints never change, so they are read without the lock */
};

static struct keyring *
ring_new(enum balance balance)
{
	struct keyring *ring = xcalloc(1, sizeof(*ring));

	pthread_mutex_init(&ring->lock, NULL);
	keypool_init(&ring->pool, balance);
	return ring;
}

static struct keyring *
checked(struct keyring *ring, int added, const char **ret_error)
{
	if (added >= 0)
		return ring;
	*ret_error = "the list of keys is not valid: too many keys, a key that is too long, a "
		     "weight out of range, or control characters";
	keyring_free(ring);
	return NULL;
}

struct keyring *
keyring_new(const struct key_spec *specs, size_t count, enum balance balance, size_t max,
    size_t *ret_repeated, const char **ret_error)
{
	struct keyring *ring = ring_new(balance);

	return checked(ring, keypool_add(&ring->pool, specs, count, max, ret_repeated), ret_error);
}

struct keyring *
keyring_of_list(struct slice list, enum balance balance, size_t max, const char **ret_error)
{
	struct keyring *ring = ring_new(balance);

	return checked(ring, keypool_add_list(&ring->pool, list, max), ret_error);
}

void
keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	assert(keyring_in_flight(ring) == 0);
	keypool_release(&ring->pool);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

size_t
keyring_count(const struct keyring *ring)
{
	return ring->pool.count;
}

ptrdiff_t
keyring_pick(struct keyring *ring, const uint8_t *tried, uint64_t chance)
{
	ptrdiff_t index;

	pthread_mutex_lock(&ring->lock);
	index = keypool_pick(&ring->pool, tried, chance);
	pthread_mutex_unlock(&ring->lock);
	return index;
}

void
keyring_report(struct keyring *ring, size_t index, bool ok)
{
	pthread_mutex_lock(&ring->lock);
	keypool_report(&ring->pool, index, ok);
	pthread_mutex_unlock(&ring->lock);
}

size_t
keyring_in_flight(struct keyring *ring)
{
	size_t count = 0;

	pthread_mutex_lock(&ring->lock);
	for (size_t i = 0; i < ring->pool.count; i++)
		count += ring->pool.keys[i].in_flight;
	pthread_mutex_unlock(&ring->lock);
	return count;
}

ptrdiff_t
keyring_find(const struct keyring *ring, struct slice fingerprint)
{
	for (size_t i = 0; i < ring->pool.count; i++)
		if (slice_eq(slice_str(ring->pool.keys[i].fingerprint), fingerprint))
			return (ptrdiff_t)i;
	return -1;
}

const char *
keyring_secret(const struct keyring *ring, size_t index)
{
	return ring->pool.keys[index].spec.secret;
}

const struct key_spec *
keyring_spec(const struct keyring *ring, size_t index)
{
	return &ring->pool.keys[index].spec;
}

const char *
keyring_fingerprint(const struct keyring *ring, size_t index)
{
	return ring->pool.keys[index].fingerprint;
}
