/* caller_keys.c: the keyrings of callers between their requests. */
#include "config.h"

#include "app/keys/caller_keys.h"

#include <pthread.h>
#include <stdio.h>

#include "base/limits.h"
#include "tap.h"
#include "app/keys/balancer.h"
#include "app/keys/keyring.h"

#define THREADS 4
#define ROUNDS  4000

static struct balancer *balancer;
static struct caller_keys *rings;
static const char *reason;

static void
begin(unsigned cap)
{
	balancer = balancer_new();
	rings = caller_keys_new(balancer, cap);
}

static void
end(void)
{
	caller_keys_free(rings);
	balancer_free(balancer);
}

static struct caller_ring *
get(const char *list, uint64_t now)
{
	return caller_keys_get(rings, slice_str(list), BALANCE_LEAST, now, &reason);
}

/* As a request that came and went. */
static void
touch(const char *list, uint64_t now)
{
	caller_keys_put(rings, get(list, now), now);
}

static ptrdiff_t
pick(struct caller_ring *place)
{
	struct keyring_ask ask = { .model = 1, .only = -1 };
	struct keyring_lack lack;

	return keyring_pick(caller_ring_keys(place), &ask, &lack);
}

static void
test_same(void)
{
	struct caller_ring *a, *b, *c, *d;

	begin(1);
	a = get("k1,k2", 0);
	b = get("k1,k2", 0);
	c = get("k2,k1", 0);
	d = caller_keys_get(rings, SLICE("k1,k2"), BALANCE_RANDOM, 0, &reason);
	ok(a == b, "the same list, the same ring");
	ok(a != c, "another order is another ring");
	ok(a != d, "and so is another way to choose");
	is_int(keyring_count(caller_ring_keys(a)), 2, "with the keys of the list");
	is_int(pick(a), 0, "one request uses the first key");
	is_int(pick(b), 1, "another at the same time the second");
	is_int(pick(a), -1, "a third none: one at a time");
	keyring_report(caller_ring_keys(b), 1, true);
	keyring_report(caller_ring_keys(a), 0, true);
	caller_keys_put(rings, a, 0);
	caller_keys_put(rings, b, 0);
	caller_keys_put(rings, d, 0);
	is_int(pick(get("k1,k2", 1)), 0, "the next request goes on where they stood");
	keyring_report(caller_ring_keys(a), 0, true);
	caller_keys_put(rings, a, 1);
	caller_keys_put(rings, c, 1);
	reason = "";
	ok(get(" , ", 1) == NULL && reason == NULL, "no key");
	ok(get("a\x01", 1) == NULL && reason != NULL, "a control character, and why");
	is_int(caller_keys_count(rings), 3, "of these nothing is kept");
	end();
}

/* Time, the number of rings, the number of keys: what rested longest goes, what is used never. */
static void
test_ceilings(void)
{
	struct caller_ring *used, *kept;
	static char many[CALLER_KEYS_MAX * 8];
	char list[32];
	size_t len = 0, rounds = CALLER_KEYS_KEPT_MAX / CALLER_KEYS_MAX;

	begin(0);
	used = get("used", 0);
	touch("old", 1000);
	touch("young", 2000);
	touch("old", 3000);
	is_int(caller_keys_count(rings), 3, "three are kept");
	touch("other", 2000 + CALLER_RING_IDLE_MS);
	is_int(caller_keys_count(rings), 3, "one of them so long");
	kept = get("old", 2000 + CALLER_RING_IDLE_MS);
	caller_keys_put(rings, kept, 2000 + CALLER_RING_IDLE_MS);
	is_int(caller_keys_count(rings), 3, "not the one that was used again");
	for (unsigned i = 0; i < CALLER_RINGS_MAX; i++) {
		snprintf(list, sizeof(list), "key-%u", i);
		touch(list, 2000 + CALLER_RING_IDLE_MS);
	}
	is_int(caller_keys_count(rings), CALLER_RINGS_MAX + 1,
	    "no more than the ceiling, and what is used");
	ok(get("used", 2000 + CALLER_RING_IDLE_MS) == used, "which stays");
	caller_keys_put(rings, used, 2000 + CALLER_RING_IDLE_MS);
	caller_keys_put(rings, used, 2000 + CALLER_RING_IDLE_MS);
	is_int(caller_keys_count(rings), CALLER_RINGS_MAX, "until it rests as well");
	for (size_t round = 0; round <= rounds; round++) {
		len = 0;
		for (unsigned i = 0; i < CALLER_KEYS_MAX; i++)
			len +=
			    (size_t)snprintf(many + len, sizeof(many) - len, "%zu.%u,", round, i);
		touch(many, 2000 + CALLER_RING_IDLE_MS);
	}
	ok(caller_keys_count(rings) <= rounds + CALLER_KEYS_KEPT_MAX % CALLER_KEYS_MAX,
	    "long lists count by their keys");
	ok(caller_keys_count(rings) >= rounds, "as many of them as fit");
	touch("last", 2000 + 2 * CALLER_RING_IDLE_MS);
	is_int(caller_keys_count(rings), 1, "later only the last");
	end();
}

static void *
use(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	char list[64];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct caller_ring *place;
		const char *why;
		ptrdiff_t index;

		seed = seed * 1103515245 + 12345;
		snprintf(list, sizeof(list), "a%u,b%u", seed >> 16 & 7, seed >> 16 & 7);
		place = caller_keys_get(
		    rings, slice_str(list), BALANCE_LEAST, i * (CALLER_RING_IDLE_MS / 8), &why);
		index = pick(place);
		if (index < 0 || keyring_secret(caller_ring_keys(place), 0)[1] != list[1])
			return rings;
		keyring_report(caller_ring_keys(place), (size_t)index, true);
		caller_keys_put(rings, place, i * (CALLER_RING_IDLE_MS / 8));
	}
	return NULL;
}

static void
test_threads(void)
{
	pthread_t threads[THREADS];
	void *failed;
	int wrong = 0;

	begin(0);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, use, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failed);
		wrong += failed != NULL;
	}
	is_int(wrong, 0, "several threads get their own rings");
	ok(caller_keys_count(rings) <= 8, "each list once");
	end();
}

int
main(void)
{
	test_same();
	test_ceilings();
	test_threads();
	return tap_done();
}
