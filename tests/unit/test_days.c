/*
 * Days in the life of a pool, on a clock of numbers: projects with limits per minute and per day
 * under a steady load, around both changes of the clock in Los Angeles.
 */
#include "config.h"

#include "core/keys/keypool.h"

#include "core/keys/pacific.h"
#include "tap.h"

enum { PROJECTS = 3, KEYS = 2 * PROJECTS, PER_MINUTE = 10, PER_DAY = 300, STEP_MS = 500, DAYS = 3 };

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "test";

static struct google {
	uint64_t minute_since, midnight; /* of the window; at which the day's count begins anew */
	unsigned minute, day;
} google[PROJECTS];

static struct {
	unsigned served, refused, served_on[DAYS + 1][PROJECTS];
	unsigned barred;                   /* calls with a key that was known to be cooling */
	uint64_t idle, longest_idle, late; /* a project with quota left, unused; after midnight */
} seen;

static uint64_t known_until[PROJECTS]; /* what Google has told, by its hints and by midnight */
static uint64_t seed;

static uint64_t
chance(void)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return seed >> 11;
}

static bool
has_quota(struct google *g, uint64_t wall)
{
	if (wall - g->minute_since >= 60000)
		g->minute = 0;
	if (wall >= g->midnight) {
		g->midnight = pacific_next_midnight(wall);
		g->day = 0;
	}
	return g->minute < PER_MINUTE && g->day < PER_DAY;
}

/* Google's answer, which is also what the pool learns. True when it was served. */
static bool
call_ends(
    struct keypool *p, struct health *h, size_t index, uint64_t now, uint64_t wall, size_t day)
{
	static const char minute_body[] =
	    "{\"error\":{\"code\":429,\"details\":[{\"@type\":"
	    "\"x/google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":\"XPerMinute\"}]}]}}";
	static const char day_body[] =
	    "{\"error\":{\"code\":429,\"details\":[{\"@type\":"
	    "\"x/google.rpc.QuotaFailure\",\"violations\":[{\"quotaId\":\"XPerMinute\"},"
	    "{\"quotaId\":\"XPerDay\"}]}]}}";
	size_t project = index / 2;
	struct google *g = &google[project];
	bool good = has_quota(g, wall), day_over = g->day >= PER_DAY;
	struct gemini_status status;
	struct outcome o = { NET_OK, good ? 200 : 429, &status, false };
	struct verdict v;
	struct health_event e = { .who = keypool_subject(p, index),
		.model = 1,
		.started = now,
		.verdict = &v,
		.chance = chance(),
		.now = { now + 1, wall + 1 } };

	gemini_status_read(&status, slice_str(good ? "{}" : day_over ? day_body : minute_body));
	v = verdict_of(&o);
	seen.barred += now < known_until[project];
	if (good) {
		if (g->minute++ == 0)
			g->minute_since = wall;
		g->day++;
		seen.served++;
		seen.served_on[day][project]++;
	} else {
		seen.refused++;
		e.hint_ms = (uint32_t)(60000 - (wall - g->minute_since));
		known_until[project] = now + (day_over ? g->midnight - wall : e.hint_ms);
	}
	keypool_report(p, index, good);
	if (health_end(h, &e))
		keypool_wake(p, index, now + 1);
	return good;
}

/* A caller comes; it goes from key to key until it is served or none is ready. */
static void
caller(struct keypool *p, struct health *h, uint64_t now, uint64_t wall, size_t day)
{
	static uint64_t idle_since[PROJECTS];
	struct key_ask ask = { .model = 1, .only = -1, .now = now };
	enum key_lack lack;
	struct health_bar bar;
	ptrdiff_t index;

	do
		index = keypool_pick(p, &ask, &lack, &bar);
	while (index >= 0 && !call_ends(p, h, (size_t)index, now, wall, day));
	for (size_t i = 0; i < PROJECTS; i++) {
		bool idle = index < 0 && has_quota(&google[i], wall);

		if (!idle)
			idle_since[i] = 0;
		else if (idle_since[i] == 0)
			idle_since[i] = now;
		else if (now - idle_since[i] > seen.longest_idle)
			seen.longest_idle = now - idle_since[i];
	}
}

static void
live(uint64_t wall, const char *what)
{
	struct health *h = health_new(hash_key, 100);
	struct key_spec specs[KEYS];
	char names[KEYS][8], projects[KEYS][8];
	uint64_t now = 1000, next = pacific_next_midnight(wall), wait = 0;
	struct keypool p;
	size_t day = 0;
	bool whole = true, served_since = true;

	memset(google, 0, sizeof(google));
	memset(&seen, 0, sizeof(seen));
	memset(known_until, 0, sizeof(known_until));
	for (size_t i = 0; i < KEYS; i++) {
		snprintf(names[i], sizeof(names[i]), "key-%zu", i);
		snprintf(projects[i], sizeof(projects[i]), "p%zu", i / 2);
		specs[i] = (struct key_spec){ names[i], projects[i], 1, "", "", "", 0, 0 };
	}
	keypool_init(&p, BALANCE_LEAST);
	keypool_add(&p, specs, KEYS, KEYS, NULL);
	keypool_attach(&p, h, HEALTH_POOL, 0);
	for (; day <= DAYS; now += STEP_MS, wall += STEP_MS) {
		unsigned before;

		if (wall >= next) {
			next = pacific_next_midnight(wall);
			if (++day > DAYS)
				break;
			served_since = false;
			wait = 0;
		}
		before = seen.served;
		caller(&p, h, now, wall, day);
		if (!served_since) {
			served_since = seen.served > before;
			if (wait > seen.late)
				seen.late = wait;
			wait += STEP_MS;
		}
	}
	ok(true, what);
	is_int(seen.barred, 0, "no call with a key that is known to be cooling");
	for (size_t d = 0; d <= DAYS; d++)
		for (size_t i = 0; i < PROJECTS; i++)
			whole &= seen.served_on[d][i] == PER_DAY;
	ok(whole, "each day's quota of each project is used to the last request");
	ok(seen.late <= HEALTH_MIDNIGHT_SPREAD_MS + STEP_MS, "the new day begins at midnight");
	/* A tenth of a minute, by the jitter, and a step. */
	ok(seen.longest_idle <= 6000 + 2 * STEP_MS, "no key is idle while callers wait");
	printf("# served %u, refused %u, idle at most %llu ms, %llu ms after midnight\n",
	    seen.served, seen.refused, (unsigned long long)seen.longest_idle,
	    (unsigned long long)seen.late);
	keypool_release(&p);
	health_free(h);
}

int
main(void)
{
	seed = 1;
	live(1772870400000, "into daylight-saving time, 2026-03-08");
	live(1793430000000, "out of it, 2026-11-01");
	live(1782889200000, "in the middle of summer");
	return tap_done();
}
