/* What the choice of a key costs with pools of different sizes: prints nanoseconds for a pick, a
 * judgement and a report, all keys ready and all but one cooling. */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "core/keys/keypool.h"
#include "app/keys/balancer.h"
#include "base/limits.h"

enum { ROUNDS = 1000000, IN_FLIGHT = 32, MODELS = 5 };

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "bench";
static const struct verdict day = { .class = "quota_day", .limit = VERDICT_LIMIT_DAY };
static const struct verdict good = { .class = "ok",
	.key = VERDICT_KEY_WORKS,
	.model = VERDICT_MODEL_WORKS,
	.host = VERDICT_HOST_WORKS };

static double
picks_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t
picks_pick(struct keypool *p, uint64_t model)
{
	struct key_ask ask = { .model = model, .only = -1, .now = 1000 };
	struct health_bar bar;
	enum key_lack lack;

	return (size_t)keypool_pick(p, &ask, &lack, &bar);
}

static void
picks_end(
    struct keypool *p, struct health *h, size_t index, uint64_t started, const struct verdict *v)
{
	struct health_event e = { .who = keypool_subject(p, index),
		.model = 1,
		.started = started,
		.verdict = v,
		.now = { 1000, 1790000000000 } };

	health_end(h, &e);
	keypool_report(p, index, v == &good);
}

static double
picks_measure(size_t count, bool cooling)
{
	struct health *h = health_new(hash_key, HEALTH_RECORDS_MAX);
	size_t flying[IN_FLIGHT];
	struct keypool p;
	double start;

	keypool_init(&p, BALANCE_LEAST);
	for (size_t i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "key-%zu", i);
		keypool_add_list(&p, slice_str(name), KEYS_MAX);
	}
	keypool_attach(&p, h, HEALTH_POOL, 0);
	for (size_t i = 0; cooling && i + 1 < count; i++)
		picks_end(&p, h, picks_pick(&p, 1), 999, &day);
	for (uint64_t model = 2; model <= MODELS; model++)
		keypool_report(&p, picks_pick(&p, model), true);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		flying[i] = picks_pick(&p, 1);
	start = picks_seconds();
	for (size_t i = 0; i < ROUNDS; i++) {
		picks_end(&p, h, flying[i % IN_FLIGHT], 1001, &good);
		flying[i % IN_FLIGHT] = picks_pick(&p, 1);
	}
	start = picks_seconds() - start;
	keypool_release(&p);
	health_free(h);
	return start * 1e9 / ROUNDS;
}

int
main(void)
{
	printf("%8s %12s %12s\n", "keys", "ready", "cooling");
	for (size_t count = 1; count <= KEYS_MAX; count *= 10)
		printf("%8zu %9.0f ns %9.0f ns\n", count, picks_measure(count, false),
		    picks_measure(count, true));
	return 0;
}
