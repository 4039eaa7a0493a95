/* Two processes that tell each other what they learn, with clocks that differ. */
#include "config.h"

#include "core/keys/health.h"

#include <string.h>

#include "base/xalloc.h"
#include "tap.h"

#define MODEL 77
#define WALL  1782864000000ULL /* 2026-07-01 00:00Z, 17:00 in Los Angeles */

/* A process; its monotonic clock is 1,000 s ahead of the one before. */
static struct peer {
	struct health *h;
	size_t told;
	char name[HEALTH_NAME_MAX], text[HEALTH_TEXT_MAX]; /* the last */
} peers[2];
static bool linked;
static uint64_t passed; /* milliseconds since WALL */

static struct instant
now_of(size_t i)
{
	return (struct instant){ 1000 + 1000000 * i + passed, WALL + passed };
}

static void
on_told(void *ctx, struct slice name, struct slice text)
{
	struct peer *from = ctx, *to = from == &peers[0] ? &peers[1] : &peers[0];
	struct instant now = now_of((size_t)(to - peers));

	from->told++;
	snprintf(from->name, sizeof(from->name), "%.*s", (int)name.len, name.ptr);
	snprintf(from->text, sizeof(from->text), "%.*s", (int)text.len, text.ptr);
	if (linked)
		health_take(to->h, name, text, &now);
}

static void
begin(void)
{
	static const uint8_t keys[2][SIPHASH_KEY_BYTES] = { "one", "two" };

	passed = 0;
	linked = true;
	for (size_t i = 0; i < 2; i++) {
		const struct health_watch watch = { 5, on_told, &peers[i] };

		peers[i] = (struct peer){ .h = health_new(keys[i], 100) };
		health_set_watch(peers[i].h, &watch);
	}
}

static void
end(void)
{
	health_free(peers[0].h);
	health_free(peers[1].h);
}

static const struct subject key = { HEALTH_POOL, 11, 12 }, other = { HEALTH_POOL, 13, 14 },
			    callers = { HEALTH_CALLERS, 11, 12 };

/* A call of process i with that key ends, which took so long. */
static bool
ends(size_t i, const struct subject *who, int http, const char *body, uint64_t took)
{
	struct instant now = now_of(i);
	struct gemini_status g;
	struct outcome o = { NET_OK, http, &g, who->side == HEALTH_CALLERS };
	struct verdict v;
	struct health_event e = { .who = *who, .model = MODEL, .verdict = &v, .now = now };

	gemini_status_read(&g, slice_str(body));
	v = verdict_of(&o);
	e.started = now.mono - took;
	e.quota = g.quota_id;
	e.hint_ms = g.retry_ms;
	return health_end(peers[i].h, &e);
}

static struct health_bar bar;

static bool
ready(size_t i, const struct subject *who)
{
	struct instant now = now_of(i);

	return health_open(peers[i].h, MODEL, now.mono, &bar) &&
	       health_ready(peers[i].h, who, MODEL, now.mono, &bar);
}

#define QUOTA(id) \
	"{\"error\":{\"code\":429,\"details\":[{\"@type\":\"x/google.rpc.QuotaFailure\"," \
	"\"violations\":[{\"quotaId\":\"" id "\",\"quotaValue\":\"15\"}]}]}}"
#define MINUTE  QUOTA("XPerMinute")
#define DAY     QUOTA("XPerDay")
#define INVALID "{\"error\":{\"code\":400,\"message\":\"API key not valid.\"}}"

static void
test_told(void)
{
	begin();
	ends(0, &key, 429, MINUTE, 50);
	ok(!ready(1, &key), "the other process knows");
	is_str(bar.verdict.class, "quota_minute", "why");
	is_str(bar.quota, "XPerMinute", "which quota");
	is_int(bar.until - now_of(1).mono, 20000, "until when, by its own clock");
	is_int(bar.scope, HEALTH_PROJECT, "whose");
	ok(ready(1, &other), "of others nothing is said");
	ok(ready(1, &callers), "callers' keys are apart");
	passed = 20000;
	ok(ready(1, &key), "it is over at the same time");
	ends(0, &key, 429, MINUTE, 50);
	passed += 20000;
	ok(!ready(1, &key), "the second time is longer");
	passed += 20000;
	is_int(health_news(peers[1].h, HEALTH_POOL), 0, "nothing got better so far");
	ends(0, &key, 200, "{}", 50);
	is_int(health_news(peers[1].h, HEALTH_POOL), 1, "a success is good news");
	ends(1, &key, 429, MINUTE, 50);
	is_int(bar.until != 0, 1, "barred again");
	ok(!ready(0, &key), "told in the other direction");
	is_int(bar.until - now_of(0).mono, 20000, "and as for the first time");
	end();

	begin();
	ends(0, &key, 400, INVALID, 50);
	ok(!ready(1, &key), "a key that is refused");
	is_int(bar.scope, HEALTH_KEY, "for all models");
	ok(bar.verdict.advice != NULL, "with an advice");
	is_int(bar.verdict.error, APIERROR_KEY_FAULT, "the pool's fault");
	ends(1, &callers, 400, INVALID, 50);
	ok(!ready(0, &callers), "a caller's key");
	is_int(bar.verdict.error, APIERROR_BAD_KEY, "the caller's fault");
	for (int i = 0; i < 8; i++, passed += 10)
		ends(0, &other, 503, "{}", 5);
	ok(!ready(1, &other), "a model that is overloaded");
	is_int(bar.scope, HEALTH_MODEL, "as a whole");
	end();
}

/* What is kept in a file is read again by a clock that was set back. */
static void
test_clock_set_back(void)
{
	struct instant now;

	begin();
	linked = false;
	ends(0, &key, 429, MINUTE, 50);
	now = now_of(1);
	now.wall -= 3600000;
	health_take(peers[1].h, slice_str(peers[0].name), slice_str(peers[0].text), &now);
	ok(!ready(1, &key), "the key rests");
	passed = 91000;
	ok(ready(1, &key), "a minute, not the hour by which the clock was set back");
	end();
}

static void
test_order(void)
{
	struct instant now;
	char text[HEALTH_TEXT_MAX];

	begin();
	linked = false;
	ends(0, &key, 429, DAY, 50);
	now = now_of(1);
	passed = 10;
	ends(1, &key, 429, MINUTE, 50);
	health_take(peers[1].h, slice_str(peers[0].name), slice_str(peers[0].text), &now);
	ready(1, &key);
	is_str(bar.verdict.class, "quota_day", "the worse one counts, though it is older");
	now = now_of(0);
	health_take(peers[0].h, slice_str(peers[1].name), slice_str(peers[1].text), &now);
	ready(0, &key);
	is_str(bar.verdict.class, "quota_day", "in whatever order they come");
	end();

	begin();
	ends(0, &key, 429, MINUTE, 50);
	snprintf(text, sizeof(text), "%s", peers[0].text);
	passed = 25000;
	ends(1, &key, 200, "{}", 50);
	ok(ready(0, &key) && ready(1, &key), "well again");
	is_str(peers[1].text, "0 1782864024950", "since the call began");
	now = now_of(1);
	health_take(peers[1].h, slice_str(peers[0].name), slice_str(text), &now);
	ok(ready(1, &key), "what is told late is over");
	end();

	begin();
	linked = false;
	passed = 1000;
	ends(0, &key, 429, MINUTE, 50);
	ends(1, &key, 429, MINUTE, 50);
	passed = 30000;
	ends(0, &key, 200, "{}", 29500);
	now = now_of(1);
	health_take(peers[1].h, slice_str(peers[0].name), slice_str(peers[0].text), &now);
	passed = 2000;
	ok(!ready(1, &key), "a success that began before says nothing");
	end();
}

static void
test_all(void)
{
	static const uint8_t secret[SIPHASH_KEY_BYTES] = "three";
	const struct health_watch watch = { 6, on_told, &peers[1] };
	struct instant now;

	begin();
	linked = false;
	ends(0, &key, 429, DAY, 50);
	ends(0, &other, 400, INVALID, 50);
	health_learn(peers[0].h, HEALTH_POOL, 11, 99);
	ends(0, &key, 429, "<html>", 50);
	is_int(peers[0].told, 4, "four things are told");
	health_free(peers[1].h);
	peers[1].h = health_new(secret, 100);
	health_set_watch(peers[1].h, &watch);
	linked = true;
	now = now_of(0);
	health_tell_all(peers[0].h, &now);
	is_int(peers[0].told, 8, "all is told again");
	ok(!ready(1, &key) && !ready(1, &other), "who comes later knows");
	is_int(health_project(peers[1].h, HEALTH_POOL, 11), 99, "also of projects");
	is_int(bar.scope == HEALTH_HOST, 0, "another machine's address is its own matter");
	is_int(health_news(peers[1].h, HEALTH_POOL), 1, "a project is news");
	end();
}

static void
test_garbage(void)
{
	static const char *const names[] = { "", "p", "p000000000000000b", "P000000000000000b",
		"x000000000000000b", "p00000000000000", "p000000000000000g", "p000000000000000b0",
		"h0000000000000005" };
	static const char *const texts[] = { "", "1", "1 2", "1 2 3", "1 2 3 no_such_class ", "x",
		"0", "0 x", "-1 2 3 ok ", "99999999999 2 3 quota_day ", "1 2 3 quota_day",
		"1 18446744073709551615 18446744073709551615 quota_day x",
		"18446744073709551616 1 1 quota_day x", "0000000000000000" };
	struct instant now;

	begin();
	now = now_of(1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			health_take(peers[1].h, slice_str(names[i]), slice_str(texts[k]), &now);
	ok(true, "whatever is told, nothing breaks");
	end();
}

int
main(void)
{
	test_told();
	test_clock_set_back();
	test_order();
	test_all();
	test_garbage();
	return tap_done();
}
