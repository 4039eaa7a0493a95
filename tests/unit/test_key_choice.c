/* The three ways of choosing among keys, and how their health governs it. */
#include "config.h"

#include "core/keys/keypool.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "tap.h"
#include "base/limits.h"

static const uint8_t hash_key[SIPHASH_KEY_BYTES] = "test";
static struct health *h;
static uint64_t now = 1000;
static enum key_lack lack;
static struct health_bar bar;

static struct keypool
pool_of(enum balance balance, size_t count)
{
	struct keypool p;
	char name[32];

	keypool_init(&p, balance);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "key-%zu", i);
		keypool_add_list(&p, slice_str(name), KEYS_MAX);
	}
	keypool_attach(&p, h, HEALTH_POOL, 0);
	return p;
}

static ptrdiff_t
pick_for(struct keypool *p, uint64_t model, const uint8_t *tried, uint64_t chance)
{
	struct key_ask ask = { .model = model,
		.name = SLICE("gemini-2.5-pro"),
		.tried = tried,
		.only = -1,
		.chance = chance,
		.now = now };

	return keypool_pick(p, &ask, &lack, &bar);
}

static ptrdiff_t
pick(struct keypool *p, const uint8_t *tried, uint64_t chance)
{
	return pick_for(p, 1, tried, chance);
}

/* A call with that key, which began just now, ends so. */
static void
ends(struct keypool *p, ptrdiff_t index, uint64_t model, int http, const char *body, uint32_t hint)
{
	struct gemini_status g;
	struct outcome o = { NET_OK, http, &g, false };
	struct verdict v;
	struct health_event e = { .who = keypool_subject(p, (size_t)index),
		.model = model,
		.started = now,
		.verdict = &v,
		.hint_ms = hint,
		.now = { now, 1782864000000 } };

	gemini_status_read(&g, slice_str(body));
	v = verdict_of(&o);
	keypool_report(p, (size_t)index, http == 200);
	now++;
	e.now.mono = now;
	keypool_learn(p, (size_t)index, slice_str(g.project));
	e.who = keypool_subject(p, (size_t)index);
	if (health_end(h, &e))
		keypool_wake(p, (size_t)index, now);
}

static const char minute[] = "{\"error\":{\"code\":429,\"message\":\"requests per minute\"}}";

static void
test_least(void)
{
	struct keypool p = pool_of(BALANCE_LEAST, 3);
	uint8_t tried[1] = { 0 };

	is_int(pick(&p, NULL, 0), 0, "at first in the order of the list");
	is_int(pick(&p, NULL, 0), 1, "second");
	is_int(pick(&p, NULL, 0), 2, "third");
	keypool_report(&p, 1, true);
	keypool_report(&p, 2, true);
	is_int(pick(&p, NULL, 0), 1, "then the idle one that was used longest ago");
	is_int(pick(&p, NULL, 0), 2, "then the other idle one");
	is_int(pick(&p, NULL, 0), 0, "all have one in flight: least recently used");
	keypool_report(&p, 0, true);
	keypool_report(&p, 0, false);
	is_int(p.keys[0].failures, 1, "failures are counted");
	is_int(p.keys[0].picks, 2, "picks as well");
	keypool_tried_add(tried, 0);
	is_int(pick(&p, tried, 0), 1, "a key that was tried is not picked");
	keypool_tried_add(tried, 1);
	is_int(pick(&p, tried, 0), 2, "nor are two");
	keypool_tried_add(tried, 2);
	is_int(pick(&p, tried, 0), -1, "none is left");
	is_int(pick(&p, NULL, 0), 0, "which did not disturb the rest");
	keypool_release(&p);
}

static void
test_others(void)
{
	struct keypool p = pool_of(BALANCE_ROUND_ROBIN, 3);
	uint8_t tried[1] = { 0 };
	size_t seen[3] = { 0 };
	ptrdiff_t index;

	is_int(pick(&p, NULL, 0), 0, "in turn: first");
	keypool_report(&p, 0, true);
	is_int(pick(&p, NULL, 0), 1, "second, though the first is idle");
	is_int(pick(&p, NULL, 0), 2, "third");
	is_int(pick(&p, NULL, 0), 0, "and round");
	keypool_tried_add(tried, 1);
	is_int(pick(&p, tried, 0), 2, "over a tried one");
	is_int(pick(&p, tried, 0), 0, "and on from there");
	keypool_tried_add(tried, 0);
	keypool_tried_add(tried, 2);
	is_int(pick(&p, tried, 0), -1, "none is left");
	keypool_release(&p);

	p = pool_of(BALANCE_RANDOM, 3);
	for (uint64_t chance = 0; chance < 300; chance++) {
		index = pick(&p, NULL, chance * 7919);
		seen[index]++;
		keypool_report(&p, (size_t)index, true);
	}
	ok(seen[0] > 50 && seen[1] > 50 && seen[2] > 50, "by chance: all are used");
	tried[0] = 3;
	is_int(pick(&p, tried, 0), 2, "but never a tried one");
	is_int(pick(&p, tried, UINT64_MAX), 2, "whatever the chance");
	tried[0] = 7;
	is_int(pick(&p, tried, 5), -1, "none is left");
	keypool_release(&p);
}

/* The heap against a plain search, over a long random life. */
static void
test_heap(void)
{
	enum { KEYS = 37, STEPS = 20000 };
	struct keypool p = pool_of(BALANCE_LEAST, KEYS);
	uint8_t tried[(KEYS + 7) / 8];
	uint64_t seed = 42;
	bool good = true;

	for (size_t step = 0; step < STEPS && good; step++) {
		ptrdiff_t best = -1, got;

		seed = seed * 6364136223846793005U + 1442695040888963407U;
		if ((seed >> 33 & 1) != 0 && p.keys[(seed >> 40) % KEYS].in_flight > 0) {
			keypool_report(&p, (seed >> 40) % KEYS, true);
			continue;
		}
		for (size_t i = 0; i < sizeof(tried); i++)
			tried[i] = (uint8_t)(seed >> (i * 8) & seed >> 20);
		for (size_t i = 0; i < KEYS; i++) {
			const struct key *k = &p.keys[i];

			if ((tried[i / 8] >> (i % 8) & 1) == 0 &&
			    (best < 0 || k->in_flight < p.keys[best].in_flight ||
				(k->in_flight == p.keys[best].in_flight &&
				    k->last_used < p.keys[best].last_used)))
				best = (ptrdiff_t)i;
		}
		got = pick(&p, tried, 0);
		good = got == best;
	}
	ok(good, "the heap picks what a plain search picks");
	keypool_release(&p);
}

/* A lane against a plain search, with keys that cool and wake, over a long random life. */
static void
test_life(void)
{
	enum { KEYS = 29, STEPS = 20000 };
	struct keypool p = pool_of(BALANCE_LEAST, KEYS);
	uint64_t seed = 4711;
	bool good = true;

	for (size_t step = 0; step < STEPS && good; step++) {
		uint64_t model = 1 + step % 3;
		ptrdiff_t best = -1, got;

		seed = seed * 6364136223846793005U + 1442695040888963407U;
		now += seed >> 60;
		if ((seed >> 33 & 1) != 0 && p.keys[(seed >> 40) % KEYS].in_flight > 0) {
			if ((seed >> 34 & 3) == 0)
				ends(
				    &p, (ptrdiff_t)((seed >> 40) % KEYS), model, 429, minute, 1000);
			else
				ends(&p, (ptrdiff_t)((seed >> 40) % KEYS), model, 200, "{}", 0);
			continue;
		}
		for (size_t i = 0; i < KEYS; i++) {
			const struct key *k = &p.keys[i];
			struct subject who = keypool_subject(&p, i);

			if (health_ready(h, &who, model, now, &bar) &&
			    (best < 0 || k->in_flight < p.keys[best].in_flight ||
				(k->in_flight == p.keys[best].in_flight &&
				    k->last_used < p.keys[best].last_used)))
				best = (ptrdiff_t)i;
		}
		got = pick_for(&p, model, NULL, 0);
		good = got == best;
	}
	ok(good, "the lane picks the best of the ready keys");
	keypool_release(&p);
}

static void
test_cooling(void)
{
	struct keypool p = pool_of(BALANCE_LEAST, 3);
	struct key_notes notes;
	struct key_ask ask = {
		.model = 1, .name = SLICE("gemini-2.5-pro"), .only = -1, .now = now
	};

	is_int(pick(&p, NULL, 0), 0, "the first key");
	ends(&p, 0, 1, 429, minute, 5000);
	is_int(pick(&p, NULL, 0), 1, "it cools: the second");
	is_int(pick(&p, NULL, 0), 2, "and the third");
	is_int(pick(&p, NULL, 0), 1, "the first is left out");
	is_int(pick_for(&p, 2, NULL, 0), 0, "for another model it is ready");
	ends(&p, 1, 1, 429, minute, 9000);
	ends(&p, 2, 1, 403,
	    "{\"error\":{\"code\":403,\"message\":\"Your API key was reported as leaked.\"}}", 0);
	keypool_explain(&p, &ask, &notes);
	is_int(notes.ready, 0, "explained: none is ready, though there was no request since");
	is_int(pick(&p, NULL, 0), -1, "none is left");
	is_int(lack, KEY_LACK_BARRED, "all are barred");
	is_str(bar.verdict.class, "quota_minute", "the first to be free says why");
	ok(bar.until - now <= 5000 && bar.until - now > 4900, "and when");
	ask.now = now;
	keypool_explain(&p, &ask, &notes);
	is_int(notes.keys, 3, "explained: three keys");
	is_int(notes.ready, 0, "none ready");
	is_int(notes.count, 3, "each with its reason");
	is_int(notes.first[0].index, 0, "the first to be free stands first");
	now = bar.until;
	is_int(pick(&p, NULL, 0), 0, "then it is picked again");
	is_int(pick(&p, NULL, 0), -1, "by one call");
	ok(bar.until - now == HEALTH_PROBE_MS, "for a moment");
	ends(&p, 0, 1, 200, "{}", 0);
	is_int(pick(&p, NULL, 0), 0, "it works: others may follow");
	is_int(pick(&p, NULL, 0), 0, "all of them");
	keypool_release(&p);
}

static void
test_projects(void)
{
	static const struct key_spec specs[] = { { "a1", "red", 1, "", "", "", 0, 0 },
		{ "b2", "red", 1, "", "", "", 0, 0 }, { "c3", "", 1, "", "", "", 0, 0 },
		{ "d4", "", 1, "", "", "", 0, 0 },
		{ "e5", "", 1, "", "gemini-3-*, gemini-2.0-flash", "", 0, 0 } };
	static const char told[] = "{\"error\":{\"code\":429,\"message\":\"requests per minute, "
				   "consumer 'project_number:12345'\"}}";
	struct keypool p;
	uint8_t tried[1] = { 0 };

	keypool_init(&p, BALANCE_LEAST);
	keypool_add(&p, specs, ARRAY_SIZE(specs), 9, NULL);
	keypool_attach(&p, h, HEALTH_POOL, 0);
	is_int(pick_for(&p, 5, NULL, 0), 0, "a key of a project");
	ends(&p, 0, 5, 429, minute, 5000);
	is_int(pick_for(&p, 5, NULL, 0), 2, "its project's other key cools with it");
	ends(&p, 2, 5, 429, told, 9000);
	is_int(pick_for(&p, 5, NULL, 0), 3, "a key whose project is not known");
	ends(&p, 3, 5, 429, told, 9000);
	ok(p.keys[2].project == p.keys[3].project, "two keys of one project, by its number");
	is_int(pick_for(&p, 5, NULL, 0), -1, "a key for other models is not picked");
	is_int(pick_for(&p, 6, NULL, 0), 1, "other models go on");
	tried[0] = 0xef;
	is_int(pick_for(&p, 7, tried, 0), -1, "a key for other models will never do");
	is_int(lack, KEY_LACK_TRIED, "the others were tried");
	ends(&p, 1, 6, 429, told, 9000);
	ok(p.keys[2].project == p.keys[1].project,
	    "the operator's name joins what the number names");
	keypool_release(&p);
}

static void
test_weight_and_cap(void)
{
	static const struct key_spec specs[] = { { "a1", "", 3, "", "", "", 0, 0 },
		{ "b2", "", 1, "", "", "", 0, 0 } };
	size_t seen[2] = { 0 };
	struct keypool p;
	ptrdiff_t index;

	keypool_init(&p, BALANCE_LEAST);
	keypool_add(&p, specs, ARRAY_SIZE(specs), 9, NULL);
	keypool_attach(&p, h, HEALTH_POOL, 0);
	for (size_t i = 0; i < 400; i++) {
		index = pick(&p, NULL, 0);
		seen[index]++;
		keypool_report(&p, (size_t)index, true);
	}
	ok(seen[0] >= 299 && seen[0] <= 301, "one after another: by weight");
	for (size_t i = 0; i < 40; i++)
		pick(&p, NULL, 0);
	ok(p.keys[0].in_flight >= 29 && p.keys[0].in_flight <= 31, "at once: by weight");
	keypool_release(&p);

	p = pool_of(BALANCE_LEAST, 2);
	p.cap = 2;
	for (size_t i = 0; i < 4; i++)
		index = pick_for(&p, 9, NULL, 0);
	is_int(index, 1, "as many as may be");
	is_int(pick_for(&p, 9, NULL, 0), -1, "no more");
	is_int(lack, KEY_LACK_BUSY, "for the keys are busy");
	keypool_report(&p, 0, true);
	is_int(pick_for(&p, 9, NULL, 0), 0, "until one is free");
	keypool_release(&p);
}

/* Keys a and b of one project, c and d of another, each described so. */
static struct keypool
two_projects(void)
{
	static const struct key_spec specs[] = {
		{ "a", "red", 1, "", "", "", 0, 0 },
		{ "b", "red", 1, "", "", "", 0, 0 },
		{ "c", "blue", 1, "", "", "", 0, 0 },
		{ "d", "blue", 1, "", "", "", 0, 0 },
	};
	struct keypool p;

	keypool_init(&p, BALANCE_LEAST);
	keypool_add(&p, specs, ARRAY_SIZE(specs), KEYS_MAX, NULL);
	keypool_attach(&p, h, HEALTH_POOL, 0);
	return p;
}

static void
test_home(void)
{
	struct keypool p = two_projects();
	struct key_ask ask = { .model = 1, .only = -1, .now = now, .home = p.keys[2].project };
	uint8_t tried[1] = { 0 };

	is_int(keypool_pick(&p, &ask, &lack, &bar), 2, "a key of that project");
	is_int(keypool_pick(&p, &ask, &lack, &bar), 3, "then the other one");
	is_int(keypool_pick(&p, &ask, &lack, &bar), 2, "and none else");
	ask.tried = tried;
	keypool_tried_add(tried, 2);
	keypool_tried_add(tried, 3);
	is_int(keypool_pick(&p, &ask, &lack, &bar), -1, "both were tried");
	is_int(lack, KEY_LACK_TRIED, "which is said");
	ask.tried = NULL;
	ends(&p, 2, 1, 429, minute, 20000);
	ask.now = now;
	is_int(keypool_pick(&p, &ask, &lack, &bar), -1, "its quota is used up");
	is_int(lack, KEY_LACK_BARRED, "which is said, though others are ready");
	ask.home = 12345;
	is_int(keypool_pick(&p, &ask, &lack, &bar), -1, "a project that is not there");
	is_int(lack, KEY_LACK_NONE, "has no key");
	keypool_release(&p);
}

static void
test_seed(void)
{
	struct keypool p = two_projects();
	struct key_ask ask = { .model = 7, .only = -1, .now = now };
	ptrdiff_t first, second;
	size_t red = 0, moved = 0;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		ask.seed = seed;
		ask.now = now;
		first = keypool_pick(&p, &ask, &lack, &bar);
		second = keypool_pick(&p, &ask, &lack, &bar);
		red += first < 2;
		moved += p.keys[first].project != p.keys[second].project || first == second;
		keypool_report(&p, (size_t)first, true);
		keypool_report(&p, (size_t)second, true);
	}
	ok(red > 25 && red < 75, "seeds are spread over the projects");
	is_int(moved, 0, "each keeps to its own, and uses all its keys");
	ask.seed = 5;
	first = keypool_pick(&p, &ask, &lack, &bar);
	ends(&p, first, 7, 429, minute, 20000);
	ask.now = now;
	second = keypool_pick(&p, &ask, &lack, &bar);
	ok(p.keys[first].project != p.keys[second].project, "what one cannot take another does");
	keypool_report(&p, (size_t)second, true);
	ask.now = now + 60000;
	is_int(keypool_pick(&p, &ask, &lack, &bar) / 2, first / 2, "until it is well again");
	keypool_release(&p);
}

static void
test_prefix(void)
{
	static const char text[2 * PREFIX_MIN] = "a long prompt";
	struct keypool p = two_projects();
	struct prefix prefix = prefix_of((struct slice){ text, sizeof(text) }, 9);
	struct prefix other = prefix_of((struct slice){ text, sizeof(text) }, 8);
	struct key_ask ask = { .model = 9, .only = -1, .now = now, .prefix = &prefix };
	struct key_ask plain = { .model = 9, .only = -1, .now = now };

	is_int(keypool_pick(&p, &ask, &lack, &bar), 0, "first whose turn it is");
	keypool_report(&p, 0, true);
	is_int(keypool_pick(&p, &ask, &lack, &bar), 0, "the same again");
	is_int(keypool_pick(&p, &ask, &lack, &bar), 1, "but not while it is busier");
	keypool_report(&p, 0, true);
	keypool_report(&p, 1, true);
	is_int(keypool_pick(&p, &ask, &lack, &bar), 1, "from then on the other one");
	keypool_report(&p, 1, true);
	is_int(keypool_pick(&p, &plain, &lack, &bar), 2, "a short request is not concerned");
	keypool_report(&p, 2, true);
	ask.prefix = &other;
	is_int(keypool_pick(&p, &ask, &lack, &bar), 3, "nor one that begins otherwise");
	ask.prefix = &prefix;
	ends(&p, 3, 9, 200, "{}", 0);
	keypool_pick(&p, &ask, &lack, &bar);
	ends(&p, 1, 9, 429, minute, 20000);
	ask.now = now;
	is_int(keypool_pick(&p, &ask, &lack, &bar), 2, "its quota is used up: another");
	keypool_report(&p, 2, true);
	is_int(keypool_pick(&p, &ask, &lack, &bar), 2, "which is the one from then on");
	keypool_release(&p);
}

int
main(void)
{
	h = health_new(hash_key, 1000);
	test_least();
	test_others();
	test_heap();
	health_free(h);
	h = health_new(hash_key, 1000);
	test_life();
	health_free(h);
	h = health_new(hash_key, 1000);
	test_cooling();
	test_projects();
	test_weight_and_cap();
	health_free(h);
	h = health_new(hash_key, 1000);
	test_home();
	test_seed();
	test_prefix();
	health_free(h);
	return tap_done();
}
