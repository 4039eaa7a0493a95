/* Cooldowns, probes, bursts, back-off and ceilings, on a clock of numbers. */
#include "config.h"

#include "core/keys/health.h"

#include "core/keys/pacific.h"
#include "tap.h"
#include "core/keys/health_priv.h"

#define MINUTE 60000ULL
#define HOUR   (60 * MINUTE)
#define MODEL  77
#define WALL   1782864000000ULL /* 2026-07-01 00:00Z, 17:00 in Los Angeles */

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "test";
static struct health *h;
static uint64_t now; /* monotonic; the wall clock goes along */
static uint64_t chance;
static uint32_t hint;
static const char *quota;
static uint64_t quota_model;

static void
begin(size_t max)
{
	h = health_new(hash_key, max);
	now = 1000;
	chance = hint = 0;
	quota_model = 0;
	quota = "";
}

static struct subject
key_of(uint64_t key, uint64_t project)
{
	return (struct subject){ HEALTH_POOL, key, project };
}

static struct verdict
verdict_for(int http, const char *body)
{
	struct gemini_status g;
	struct outcome o = { NET_OK, http, &g, false };

	gemini_status_read(&g, slice_str(body));
	return verdict_of(&o);
}

#define QUOTA_BODY(id, value) \
	"{\"error\":{\"code\":429,\"details\":[{\"@type\":\"x/google.rpc.QuotaFailure\"," \
	"\"violations\":[{\"quotaId\":\"" id "\",\"quotaValue\":\"" value "\"}]}]}}"

static uint64_t source; /* of the calls */

/* A call of that key ends; it began `ago` before. */
static bool
ends(struct subject who, uint64_t model, int http, const char *body, uint64_t ago)
{
	struct verdict v = verdict_for(http, body);
	struct health_event e = { who, model, quota_model, now - ago, &v, quota, hint, chance,
		{ now, WALL + now }, source };

	return health_end(h, &e);
}

static bool
minute(struct subject who, uint64_t ago)
{
	return ends(who, MODEL, 429, QUOTA_BODY("XPerMinute", "15"), ago);
}

static bool
day(struct subject who, uint64_t ago)
{
	return ends(who, MODEL, 429, QUOTA_BODY("XPerDay", "20"), ago);
}

static bool
works(struct subject who, uint64_t ago)
{
	return ends(who, MODEL, 200, "{}", ago);
}

/* How long until that key may be used for the model; 0: now. */
static uint64_t
wait_of(struct subject who, uint64_t model)
{
	struct health_bar bar;

	if (!health_open(h, model, now, &bar) || !health_ready(h, &who, model, now, &bar))
		return bar.until - now;
	return 0;
}

static void
test_scopes(void)
{
	struct subject a = key_of(1, 10), b = key_of(2, 10), c = key_of(3, 30);
	struct health_bar bar;

	begin(100);
	hint = 30000;
	quota = "XPerMinute";
	is_int(wait_of(a, MODEL), 0, "who never failed is ready");
	minute(a, 10);
	is_int(wait_of(a, MODEL), 30000, "a minute's quota: the hint");
	is_int(wait_of(b, MODEL), 30000, "another key of the project waits as well");
	is_int(wait_of(c, MODEL), 0, "another project does not");
	is_int(wait_of(a, MODEL + 1), 0, "nor does another model");
	ok(!health_ready(h, &b, MODEL, now, &bar), "it says why");
	is_str(bar.verdict.class, "quota_minute", "the class");
	is_str(bar.quota, "XPerMinute", "the quota's id");
	is_int(bar.scope, HEALTH_PROJECT, "the scope");
	ends(c, MODEL, 403,
	    "{\"error\":{\"code\":403,\"message\":\"Your API key was reported as leaked.\"}}", 10);
	ok(wait_of(c, MODEL + 1) == HOUR, "a dead key is dead for every model");
	now++;
	ok(ends(c, 0, 200, "{}", 0), "until a check shows that it is accepted");
	is_int(wait_of(c, MODEL), 0, "which ends it");
	quota_model = MODEL + 2;
	ends(c, MODEL + 1, 429, QUOTA_BODY("XPerMinute", "15"), 10);
	is_int(wait_of(c, MODEL + 1), 30000, "a model that is another name");
	is_int(wait_of(c, MODEL + 2), 30000, "and the one whose quota Google says it is");
	is_int(wait_of(c, MODEL), 0, "but no other");
	health_free(h);
}

static void
test_limits(void)
{
	struct subject a = key_of(1, 10);

	begin(100);
	hint = 200;
	minute(a, 10);
	is_int(wait_of(a, MODEL), 1000, "a floor under the hint");
	now += 2000;
	hint = 500000;
	minute(a, 10);
	is_int(wait_of(a, MODEL), 90000, "a ceiling above it");
	now += 100000;
	hint = 10000;
	chance = 999;
	minute(a, 10);
	is_int(wait_of(a, MODEL), 10999, "jitter: never less than the hint, a tenth more");
	now += 20000;
	chance = 0;
	hint = 5000;
	day(a, 10);
	is_int(now + wait_of(a, MODEL), pacific_next_midnight(WALL + now) - WALL,
	    "a day's quota: until midnight there, whatever the hint");
	hint = 1000;
	minute(a, 10);
	ok(wait_of(a, MODEL) > HOUR, "which a minute's quota does not shorten");
	health_free(h);

	begin(100);
	ends(a, MODEL, 429, QUOTA_BODY("XPerDay", "0"), 10);
	is_int(now + wait_of(a, MODEL), pacific_next_midnight(WALL + now) - WALL,
	    "a limit of 0: checked once a day");
	health_free(h);

	begin(100);
	minute(a, 10);
	is_int(wait_of(a, MODEL), 20000, "without a hint");
	now += 30000;
	minute(a, 10);
	is_int(wait_of(a, MODEL), 40000, "longer when it fails again");
	now += 50000;
	works(a, 10);
	minute(a, 5);
	is_int(wait_of(a, MODEL), 20000, "and from the start after a success");
	health_free(h);
}

static void
test_probe(void)
{
	struct subject a = key_of(1, 10), b = key_of(2, 10);

	begin(100);
	hint = 5000;
	minute(a, 10);
	now += 5000;
	is_int(wait_of(b, MODEL), 0, "the cooldown is over");
	health_begin(h, &b, MODEL, now);
	is_int(wait_of(a, MODEL), HEALTH_PROBE_MS, "one call goes first");
	now += 300;
	ok(works(b, 300), "it is served, which others wait for");
	is_int(wait_of(a, MODEL), 0, "all may follow");
	minute(a, 10);
	now += 5000;
	health_begin(h, &b, MODEL, now);
	now += HEALTH_PROBE_MS;
	is_int(wait_of(a, MODEL), 0, "or when it is not refused soon");
	minute(b, HEALTH_PROBE_MS);
	is_int(wait_of(a, MODEL), 5000, "refused: the next cooldown");
	health_free(h);
}

static void
test_burst(void)
{
	struct subject a = key_of(1, 10);

	begin(100);
	for (size_t i = 0; i < 20; i++)
		minute(a, 50);
	is_int(wait_of(a, MODEL), 20000, "a burst of failures counts once");
	now += 10;
	minute(a, 60);
	is_int(wait_of(a, MODEL), 19990, "its stragglers too");
	works(a, 60);
	is_int(wait_of(a, MODEL), 19990, "a success that began before proves nothing");
	day(a, 60);
	ok(wait_of(a, MODEL) > HOUR, "but the worst of it counts");
	health_free(h);
}

/* Google's reset comes late: a day must not be lost for it. */
static void
test_late_reset(void)
{
	struct subject a = key_of(1, 10);

	begin(100);
	day(a, 10);
	now += wait_of(a, MODEL);
	health_begin(h, &a, MODEL, now);
	now += 200;
	day(a, 200);
	is_int(wait_of(a, MODEL), HEALTH_LATE_CHECK_MS, "soon after midnight: again in minutes");
	now += HEALTH_LATE_CHECK_MS;
	day(a, 10);
	is_int(wait_of(a, MODEL), HEALTH_LATE_CHECK_MS, "and again");
	now += HEALTH_LATE_MS;
	day(a, 10);
	ok(wait_of(a, MODEL) > 20 * HOUR, "but not all day");
	now += wait_of(a, MODEL);
	works(a, 10);
	day(a, 5);
	ok(wait_of(a, MODEL) > 20 * HOUR, "a day's quota may be used up within minutes");
	health_free(h);
}

static void
test_model(void)
{
	struct subject a = key_of(1, 10), b = key_of(2, 20);
	static const char body[] = "{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}";

	begin(100);
	for (size_t i = 0; i < HEALTH_MODEL_FREE; i++) {
		ends(i % 2 != 0 ? a : b, MODEL, 503, body, 10);
		now += 100;
	}
	is_int(wait_of(a, MODEL), 0, "a few faults of a model are ordinary");
	for (size_t i = 0; i < 10; i++)
		ends(a, MODEL, 503, body, 10);
	is_int(wait_of(b, MODEL), HEALTH_MODEL_MS, "many in a row: a rest, for all keys");
	is_int(wait_of(b, MODEL + 1), 0, "other models go on");
	now += HEALTH_MODEL_MS;
	ends(a, MODEL, 503, body, 10);
	is_int(wait_of(b, MODEL), 2 * HEALTH_MODEL_MS, "a longer one");
	ok(works(b, 60000), "a success ends it");
	is_int(wait_of(b, MODEL), 0, "for all");
	for (size_t i = 0; i < 40; i++) {
		now += 60000;
		ends(a, MODEL, 503, body, 10);
	}
	is_int(wait_of(b, MODEL), HEALTH_SLOW_MAX_MS, "the longest");
	for (size_t i = 0; i < 40; i++) {
		now += 60000;
		ends(a, MODEL + 2, 500, "", 10);
	}
	is_int(wait_of(b, MODEL + 2), HEALTH_FAULT_MAX_MS,
	    "less when a request may be the cause: it must not stop the others");
	health_free(h);
}

/* A request that always fails does not rest the model. */
static void
test_poison(void)
{
	struct subject a = key_of(1, 10), b = key_of(2, 20);

	begin(100);
	for (size_t i = 0; i < 40; i++) {
		source = 7;
		ends(a, MODEL, 500, "", 10);
		now += 500;
	}
	is_int(wait_of(b, MODEL), 0, "one request that fails again and again");
	for (size_t i = 0; i < 2 * HEALTH_MODEL_FREE + 2; i++) {
		source = i % 2 != 0 ? 7 : 8;
		ends(a, MODEL, 500, "", 10);
		now += 100;
	}
	ok(wait_of(b, MODEL) > 0, "another one fails too: the model rests");
	source = 7;
	for (size_t i = 0; i <= HEALTH_MODEL_FREE; i++) {
		ends(a, MODEL + 1, 503, "", 10);
		now += 100;
	}
	ok(wait_of(b, MODEL + 1) > 0, "an overload is the model's, for every key");
	source = 0;
	health_free(h);
}

static void
test_host(void)
{
	static const char bare[] = "{\"error\":{\"code\":429,\"message\":\"Resource has been "
				   "exhausted (e.g. check quota).\"}}";
	static const char region[] = "{\"error\":{\"code\":400,\"message\":\"User location is not "
				     "supported for the API use.\"}}";
	struct health_bar bar;

	begin(100);
	for (size_t i = 0; i < 5; i++)
		ends(key_of(1, 10), MODEL, 429, bare, 1);
	ends(key_of(2, 20), MODEL, 429, bare, 1);
	is_int(wait_of(key_of(3, 30), MODEL), 0, "two projects: not yet the address");
	now += HEALTH_SUSPECT_MS + 1;
	ends(key_of(3, 30), MODEL, 429, bare, 1);
	is_int(wait_of(key_of(4, 40), MODEL), 0, "nor a third much later");
	ends(key_of(1, 10), MODEL, 429, bare, 1);
	ends(key_of(2, 20), MODEL, 429, bare, 1);
	is_int(wait_of(key_of(4, 40), MODEL + 1), HEALTH_HOST_MS, "three within seconds: it is");
	ok(!health_open(h, 0, now, &bar) && bar.scope == HEALTH_HOST, "for everything");
	now += HEALTH_HOST_MS;
	ends(key_of(4, 40), MODEL, 429, "<html>Sorry...</html>", 1);
	is_int(wait_of(key_of(5, 50), MODEL), 2 * HEALTH_HOST_MS, "a page says it at once");
	is_int(health_region(h), false, "the region is fine");
	ends(key_of(5, 50), MODEL, 400, region, 1);
	ok(health_region(h), "a flag for the region");
	is_int(wait_of(key_of(5, 50), MODEL), 2 * HEALTH_HOST_MS, "and nothing else");
	now += 2 * HEALTH_HOST_MS;
	works(key_of(5, 50), 1);
	ok(!health_region(h) && wait_of(key_of(6, 60), MODEL) == 0, "a success ends both");
	health_free(h);
}

/* Ceilings, and that neither side's records push out the other side's. */
static void
test_bounds(void)
{
	struct subject mine = key_of(1, 10), first = { HEALTH_CALLERS, 1000, 1000 },
		       last = { HEALTH_CALLERS, 1999, 1999 };

	begin(100);
	day(mine, 1);
	for (uint64_t i = 0; i < 1000; i++)
		day((struct subject){ HEALTH_CALLERS, 1000 + i, 1000 + i }, 1);
	ok(wait_of(mine, MODEL) > 0, "callers' keys do not push out the pool's");
	ok(wait_of(last, MODEL) > 0, "the latest are remembered");
	is_int(wait_of(first, MODEL), 0, "the earliest are forgotten");
	for (uint64_t i = 0; i < 1000; i++)
		works((struct subject){ HEALTH_CALLERS, 1000 + i, 1000 + i }, 0);
	for (uint64_t i = 0; i < 100; i++)
		day((struct subject){ HEALTH_CALLERS, 3000 + i, 3000 + i }, 1);
	ok(wait_of((struct subject){ HEALTH_CALLERS, 3000, 3000 }, MODEL) > 0,
	    "what was given back is used again");
	for (size_t i = 0; i < 2 * HEALTH_QUOTAS_MAX; i++) {
		char id[32];

		snprintf(id, sizeof(id), "Quota%zu", i);
		quota = id;
		now += 10;
		minute(key_of(500, 500), 1);
	}
	ok(health_id(SLICE("a")) != health_id(SLICE("b")), "ids differ");
	health_free(h);
}

int
main(void)
{
	test_scopes();
	test_limits();
	test_probe();
	test_burst();
	test_late_reset();
	test_model();
	test_poison();
	test_host();
	test_bounds();
	return tap_done();
}
