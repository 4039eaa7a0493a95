/* keyring.c: keys behind a lock: choice, names, and what many threads leave behind. */
#include "config.h"

#include "app/keys/keyring.h"

#include <pthread.h>

#include "base/limits.h"
#include "tap.h"

#define THREADS 4
#define ROUNDS  5000

static const char *reason;
static struct balancer *balancer;

static ptrdiff_t
pick(struct keyring *ring, const uint8_t *tried, uint64_t chance)
{
	struct keyring_ask ask = { .model = 1, .tried = tried, .only = -1, .chance = chance };
	struct keyring_lack lack;

	return keyring_pick(ring, &ask, &lack);
}

static struct keyring *
ring_of(struct slice list, enum balance balance)
{
	struct keyring *ring = keyring_of_list(list, balance, 10, &reason);

	keyring_attach(ring, balancer, HEALTH_POOL, 0);
	return ring;
}

static void
test_list(void)
{
	struct keyring *ring = ring_of(SLICE("one, two,,\"three\" one\nfour"), BALANCE_LEAST);

	is_int(keyring_count(ring), 4, "keys, each once");
	is_str(keyring_secret(ring, 2), "three", "a key");
	is_int(strlen(keyring_fingerprint(ring, 2)), FINGERPRINT_LEN, "its name");
	is_int(keyring_find(ring, slice_str(keyring_fingerprint(ring, 2))), 2, "found by it");
	is_int(keyring_find(ring, SLICE("000000000000")), -1, "another name is not found");
	is_int(keyring_find(ring, SLICE("")), -1, "nor is no name");
	keyring_free(ring);
	ring = ring_of(SLICE(" , "), BALANCE_LEAST);
	is_int(keyring_count(ring), 0, "no key");
	is_int(pick(ring, NULL, 0), -1, "nothing to pick");
	keyring_free(ring);
	keyring_free(NULL);
}

static void
test_refused(void)
{
	char text[KEY_BYTES_MAX + 2];

	reason = NULL;
	ok(keyring_of_list(SLICE("a,b,c"), BALANCE_LEAST, 2, &reason) == NULL, "too many keys");
	ok(reason != NULL, "and why");
	ok(keyring_of_list(SLICE("a\x01"), BALANCE_LEAST, 2, &reason) == NULL,
	    "a control character");
	memset(text, 'k', sizeof(text));
	ok(keyring_of_list((struct slice){ text, KEY_BYTES_MAX + 1 }, BALANCE_LEAST, 2, &reason) ==
		NULL,
	    "a key that is too long");
}

static void
test_in_flight(void)
{
	struct keyring *ring = ring_of(SLICE("one,two"), BALANCE_LEAST);
	uint8_t tried[1] = { 0 };
	ptrdiff_t first, second, third;

	first = pick(ring, tried, 0);
	second = pick(ring, tried, 0);
	ok(first >= 0 && second >= 0 && first != second, "the other key while one is busy");
	is_int(keyring_in_flight(ring), 2, "two in flight");
	keyring_report(ring, (size_t)second, true);
	third = pick(ring, tried, 0);
	is_int(third, second, "the one that is free again");
	keyring_report(ring, (size_t)first, false);
	keyring_report(ring, (size_t)third, true);
	is_int(keyring_in_flight(ring), 0, "none in flight");
	tried[0] = 3;
	is_int(pick(ring, tried, 0), -1, "all of them tried");
	is_int(keyring_in_flight(ring), 0, "which counts nothing");
	keyring_free(ring);
}

static void *
use(void *arg)
{
	struct keyring *ring = arg;
	uint64_t chance = (uintptr_t)&chance;

	for (int i = 0; i < ROUNDS; i++) {
		ptrdiff_t index;

		chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
		index = pick(ring, NULL, chance >> 33);
		if (index < 0 || keyring_secret(ring, (size_t)index)[0] != 'k')
			return ring;
		keyring_report(ring, (size_t)index, i % 3 != 0);
	}
	return NULL;
}

static void
test_threads(enum balance balance, const char *what)
{
	struct keyring *ring = ring_of(SLICE("k1,k2,k3,k4,k5"), balance);
	pthread_t threads[THREADS];
	void *failed;
	int wrong = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, use, ring);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failed);
		wrong += failed != NULL;
	}
	is_int(wrong, 0, what);
	is_int(keyring_in_flight(ring), 0, "  all of them reported");
	keyring_free(ring);
}

static void
test_take_over(void)
{
	struct keyring *a = ring_of(SLICE("k1,k2,k3"), BALANCE_LEAST);
	struct keyring *b = ring_of(SLICE("k4,k3,k1"), BALANCE_LEAST);
	struct keyring *c = ring_of(SLICE("k1"), BALANCE_LEAST);

	for (ptrdiff_t i = 0; i < 3; i++)
		is_int(pick(a, NULL, 0), i, "each key of the old ring is in use");
	keyring_take_over(b, a);
	is_int(keyring_in_flight(b), 2, "those that stay are in use on the new one");
	is_int(pick(b, NULL, 0), 0, "the new key comes first");
	keyring_report(a, 1, true);
	is_int(keyring_in_flight(b), 3, "what left is no matter of the new ring");
	is_int(pick(a, NULL, 0), 1, "a late pick on the old ring");
	keyring_report(a, 1, true);
	keyring_report(a, 2, true);
	is_int(keyring_in_flight(b), 2, "an old call ended");
	is_int(pick(b, NULL, 0), 1, "so the key is free");
	is_int(pick(a, NULL, 0), 2, "another one");
	keyring_report(a, 2, false);
	keyring_take_over(c, b);
	keyring_free(b);
	is_int(keyring_in_flight(c), 1, "the third ring counts what the first began");
	keyring_report(b, 0, true);
	keyring_report(b, 1, true);
	keyring_report(a, 0, true);
	is_int(keyring_in_flight(c), 0, "until that ends");
	keyring_free(a);
	keyring_free(c);
}

struct change {
	struct keyring *old, *new;
};

static void *
replace(void *arg)
{
	struct change *change = arg;

	keyring_take_over(change->new, change->old);
	return NULL;
}

/* Requests of the old ring go on while another takes over, and then on both. */
static void
test_take_over_threads(void)
{
	struct keyring *a = ring_of(SLICE("k1,k2,k3,k4,k5"), BALANCE_LEAST);
	struct change change = { a, ring_of(SLICE("k5,k6,k1"), BALANCE_LEAST) };
	pthread_t threads[THREADS], changer;
	ptrdiff_t held = pick(a, NULL, 0);

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, use, a);
	pthread_create(&changer, NULL, replace, &change);
	pthread_join(changer, NULL);
	use(change.new);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	is_int(keyring_in_flight(a), 1, "one is in use on the old ring");
	is_int(keyring_in_flight(change.new), 1, "which the new one knows");
	keyring_report(a, (size_t)held, true);
	is_int(keyring_in_flight(change.new), 0, "until it is reported");
	keyring_free(change.new);
	keyring_free(a);
}

int
main(void)
{
	balancer = balancer_new();
	test_list();
	test_refused();
	test_in_flight();
	test_threads(BALANCE_LEAST, "least");
	test_threads(BALANCE_ROUND_ROBIN, "round robin");
	test_threads(BALANCE_RANDOM, "random");
	test_take_over();
	test_take_over_threads();
	balancer_free(balancer);
	return tap_done();
}
