/* Keys that are known to be cooling are left alone; requests wait for them, in turn, or are told.
 */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define SOON        QUOTA("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "5s")
#define PRO_UNARY \
	SLICE("{\"model\":\"gemini-2.5-pro\",\"messages\":[{\"role\":\"user\"," \
	      "\"content\":\"Hi\"}]}")
#define GPT_UNARY \
	SLICE("{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
#define GPT_STREAM \
	SLICE("{\"model\":\"gpt-4\",\"stream\":true," \
	      "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
#define PAGE_503 "<html>Sorry... automated queries</html>"

static void
test_waits(void)
{
	struct sim_client *c;

	for (int stream = 0; stream < 2; stream++) {
		SIM_OPEN(TWO_KEYS, "HEARTBEAT=2");
		c = stream ? SIM_ASK(STREAM) : SIM_ASK(UNARY);
		sim_answer(sim_call(0), 429, SIM_JSON, SOON);
		sim_answer(sim_call(1), 429, SIM_JSON, SOON);
		is_int(sim_state(c), SIM_OPEN_YET, stream ? "a stream waits" : "a request waits");
		sim_pass(4900);
		is_int(sim_calls(), 2, "no call to a key that is cooling");
		is_int(sim_status(c), stream ? 200 : 0, "a stream gets comments meanwhile");
		ok(!stream || sim_count(c, ": waiting\n\n") == 1, "at the usual pace");
		sim_pass(1000);
		is_int(sim_calls(), 3, "then one");
		sim_answer(sim_call(2), 200, stream ? SIM_SSE : SIM_JSON,
		    stream ? EVENT("Hello") LAST_EVENT : ANSWER);
		ok(sim_has(c, "Hello") && !sim_has(c, "error"), "served");
		ok(sim_log_int(c, "waited_ms") >= 5000 && sim_log_int(c, "waited_ms") < 6000,
		    "logged: the wait");
		ok(strstr(sim_log(c, "failed"), "=quota_minute ") != NULL, "logged: what failed");
		SIM_CLOSE();
	}
	/* Gone while it waits. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 429, SIM_JSON, SOON);
	sim_vanish(c);
	sim_pass(20000);
	is_int(sim_calls(), 1, "no request waits any more");
	SIM_CLOSE();
}

static void
test_told(void)
{
	struct sim_client *c;
	uint64_t seconds = 0;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_DAY);
	sim_answer(sim_call(1), 403, SIM_JSON, KEY_LEAKED);
	is_int(sim_status(c), 429, "a limit is worth more than a refused key");
	c = SIM_ASK(UNARY);
	is_int(sim_calls(), 2, "the next request: no call");
	is_int(sim_status(c), 429, "told at once");
	ok(slice_u64(sim_header(c, "Retry-After"), &seconds) && seconds > 3600 && seconds < 90000,
	    "when to come back: tomorrow");
	is_slice(sim_header(c, "x-should-retry"), "false", "not before");
	ok(sim_has(c, "GenerateRequestsPerDayPerProjectPerModel-FreeTier"), "which quota");
	is_str(sim_log(c, "class"), "quota_day", "logged: the class");
	is_str(sim_log(c, "quota"), "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
	    "logged: the quota");
	is_str(sim_log(c, "keys_ready"), "0/2", "logged: none of two keys is ready");
	ok(strstr(sim_log(c, "barred"), "=quota_day@2026-") != NULL &&
		strstr(sim_log(c, "barred"), "=key_leaked@2026-") != NULL,
	    "logged: why, and until when");
	c = SIM_ASK(NATIVE);
	is_int(sim_status(c), 429, "native");
	ok(sim_has(c, "\"status\":\"RESOURCE_EXHAUSTED\""), "in Google's shape");
	c = SIM_ASK(.params = { BEARER }, .body = PRO_UNARY);
	is_int(sim_calls(), 3, "another model has a quota of its own");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	SIM_CLOSE();

	/* The limit is known already when the other key turns out to be refused. */
	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_DAY);
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(2), 403, SIM_JSON, KEY_LEAKED);
	is_int(sim_status(c), 429, "a limit is worth more, in this order too");
	ok(sim_has(c, "GenerateRequestsPerDayPerProjectPerModel-FreeTier"), "which quota");
	is_str(sim_log(c, "keys_ready"), "0/2", "logged: none of two keys is ready");
	is_int(sim_log_int(c, "attempts"), 1, "logged: one attempt");
	is_int(sim_calls(), 3, "no call to a key that is cooling");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 400, SIM_JSON, KEY_INVALID);
	c = SIM_ASK(UNARY);
	is_int(sim_status(c), 502, "all keys are refused: no call");
	ok(sim_has(c, "remove the key"), "what to do");
	is_int(sim_calls(), 1, "for an hour");
	sim_pass(3600000 + 360000);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "then it is tried");
	SIM_CLOSE();

	/* Patience has an end. */
	SIM_OPEN(ONE_KEY, "KEY_PARALLEL=1", "WAIT_MAX=3");
	c = SIM_ASK(UNARY);
	c = SIM_ASK(UNARY);
	is_int(sim_calls(), 1, "one at a time");
	sim_pass(3100);
	is_int(sim_status(c), 429, "the other waits as long as it may");
	ok(sim_header(c, "Retry-After").ptr != NULL, "when to come back");
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	SIM_CLOSE();
}

/* Who must wait again comes before those who came later: it is the one who looks at the clock then,
 * and who was first until then may sleep on. */
static void
test_comes_back(void)
{
	struct sim_client *a, *b;

	SIM_OPEN(ONE_KEY);
	a = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 429, SIM_JSON, SOON);
	b = SIM_ASK(UNARY);
	sim_pass(6000);
	is_int(sim_calls(), 2, "the one that waits longest tries");
	sim_answer(sim_call(1), 429, SIM_JSON, SOON);
	sim_pass(6000);
	is_int(sim_calls(), 3, "and again as soon as the key is ready");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	ok(sim_has(a, "Hello"), "with success");
	is_int(sim_calls(), 4, "the other one follows at once");
	sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
	ok(sim_has(b, "Hello"), "with success");
	SIM_CLOSE();
}

/* Callers take turns, however many requests each of them has. */
static void
test_turns(void)
{
	static const char *const who[] = { "a-token", "a-token", "a-token", "a-token", "b-token" };
	static const size_t order[] = { 0, 1, 4, 2, 3 };
	struct sim_client *c[COUNT(who)];

	SIM_OPEN("GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=a-token,b-token", "KEY_PARALLEL=1");
	for (size_t i = 0; i < COUNT(who); i++) {
		char bearer[64];

		snprintf(bearer, sizeof(bearer), "HTTP_AUTHORIZATION=Bearer %s", who[i]);
		c[i] = SIM_ASK(.params = { bearer }, .body = CHAT_UNARY);
	}
	for (size_t i = 0; i < COUNT(order); i++) {
		is_int(sim_calls(), i + 1, "one after another");
		is_int(sim_state(c[order[i]]), SIM_OPEN_YET, "in turn");
		sim_answer(sim_call(i), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c[order[i]]), 200, "served");
	}
	SIM_CLOSE();
}

/* Who waits for a model that is cooling does not stand before who waits for another one. */
static void
test_two_models(void)
{
	struct sim_client *c, *d;

	SIM_OPEN(ONE_KEY, "KEY_PARALLEL=1");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 429, SIM_JSON, SOON);
	d = SIM_ASK(.params = { BEARER }, .body = PRO_UNARY);
	is_int(sim_calls(), 2, "a call for another model");
	c = SIM_ASK(.params = { BEARER }, .body = PRO_UNARY);
	is_int(sim_calls(), 2, "one at a time");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_status(d), 200, "served");
	is_int(sim_calls(), 3, "the next, at once");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	sim_pass(6000);
	sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
	SIM_CLOSE();
}

/* The address is slowed down: everything waits, no key is harmed. */
static void
test_host(void)
{
	struct sim_client *c, *d;

	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 429, "Content-Type: text/html\r\n", PAGE_503);
	sim_pass(1000);
	d = SIM_ASK(NATIVE);
	is_int(sim_calls(), 1, "a page that blocks: no call with any key");
	sim_pass(5000);
	is_int(sim_calls(), 2, "then one goes first");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_calls(), 3, "and the other follows");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	is_int(sim_status(d), 200, "both");
	SIM_CLOSE();
}

/* What /verify shows of the pool's keys holds for all; the region is a flag for the operator. */
static void
test_shown(void)
{
	static const char region[] = GOOGLE_ERROR(
	    400, "FAILED_PRECONDITION", "User location is not supported for the API use.", "");
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS, "ADMIN_TOKEN=the-token-of-the-operator");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 403, SIM_JSON, KEY_SUSPENDED);
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	sim_pass(1000);
	c = SIM_ASK(.method = "GET", .uri = "/verify",
	    .params = { "HTTP_AUTHORIZATION=Bearer the-token-of-the-operator" });
	sim_answer(sim_call(2), 200, SIM_JSON, "{\"models\":[]}");
	sim_answer(sim_call(3), 403, SIM_JSON, KEY_LEAKED);
	ok(sim_has(c, "GOOD") && sim_has(c, "BAD"), "the operator checks the pool");
	for (size_t i = 0; i < 2; i++) {
		c = SIM_ASK(UNARY);
		is_str(sim_key(sim_last_call()), KEY_1, "the key that was repaired is used again");
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	}
	is_int(sim_calls(), 6, "the one that is refused now is not");
	c = SIM_ASK(UNARY);
	sim_answer(sim_last_call(), 400, SIM_JSON, region);
	c = SIM_ASK(.method = "GET", .uri = "/readyz");
	ok(sim_has(c, "unsupported_region"), "the region is a flag");
	c = SIM_ASK(UNARY);
	is_str(sim_key(sim_last_call()), KEY_1, "and no key's fault");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	c = SIM_ASK(.method = "GET", .uri = "/readyz");
	is_slice(sim_body(c), "{\"status\":\"ok\"}", "until one is served");
	SIM_CLOSE();
}

/* An alias goes on to its fallbacks when no key gets its model; the reply names the one used. */
static void
test_fallbacks(void)
{
	static const char closed[] = GOOGLE_ERROR(404, "NOT_FOUND",
	    "This model models/gemini-8 is no longer available to new users.", "");
	static const char missing[] = GOOGLE_ERROR(
	    404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta", "");
	static const char aliases[] = "MODEL_ALIASES=gpt-4=gemini-8|gemini-9|" MODEL;
	struct sim_client *c;

	for (int stream = 0; stream < 2; stream++) {
		SIM_OPEN(TWO_KEYS, aliases);
		c = SIM_ASK(.params = { BEARER }, .body = stream ? GPT_STREAM : GPT_UNARY);
		sim_answer(sim_call(0), 404, SIM_JSON, closed);
		sim_answer(sim_call(1), 404, SIM_JSON, closed);
		ok(strstr(sim_url(sim_call(2)), "/gemini-9:") != NULL, "closed to all: the next");
		sim_answer(sim_call(2), 404, SIM_JSON, missing);
		ok(strstr(sim_url(sim_call(3)), "/" MODEL ":") != NULL, "missing: the last");
		if (stream)
			sim_answer(sim_call(3), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
		else
			sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), 200, "served");
		ok(sim_has(c, "\"model\":\"" MODEL "\""), "the reply names the model used");
		is_str(sim_log(c, "model"), MODEL, "and so does the log");
		c = SIM_ASK(.params = { BEARER }, .body = GPT_UNARY);
		ok(strstr(sim_url(sim_call(4)), "/" MODEL ":") != NULL,
		    "what is closed or missing is not tried");
		sim_answer(sim_call(4), 404, SIM_JSON, missing);
		ok(strstr(sim_url(sim_call(5)), "/models?") != NULL, "has the list another one?");
		sim_answer(sim_call(5), 200, SIM_JSON, "{\"models\":[]}");
		is_int(sim_calls(), 6, "it has not");
		is_int(sim_status(c), 404, "none is there: told");
		SIM_CLOSE();
	}
	for (int busy = 0; busy < 2; busy++) {
		SIM_OPEN(ONE_KEY, aliases, busy ? "ALIAS_FALLBACK=busy" : "ALIAS_FALLBACK=missing");
		c = SIM_ASK(.params = { BEARER }, .body = GPT_UNARY);
		sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_DAY);
		is_int(sim_calls(), busy ? 2 : 1, "at its limit: the next, if that is wanted");
		if (busy)
			sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), busy ? 200 : 429, "told, or served");
		SIM_CLOSE();
	}
}

/* ---- 60 calls at 15 per minute over 2 projects ---- */

enum { CALLS = 60, PER_MINUTE = 15, STEP_MS = 50, LATENCY_MS = 500 };

static struct {
	const char *key;
	unsigned used;
	uint64_t since;
} projects[] = { { KEY_1, 0, 0 }, { KEY_2, 0, 0 } };

/* Google's answer to a call that arrives at that time. */
static void
answer_call(struct sim_call *k, uint64_t now)
{
	size_t p = strcmp(sim_key(k), KEY_1) == 0 ? 0 : 1;
	char body[1024];

	if (projects[p].used == 0 || now - projects[p].since >= 60000) {
		projects[p].since = now;
		projects[p].used = 0;
	}
	if (projects[p].used++ < PER_MINUTE) {
		sim_answer(k, 200, SIM_JSON, ANSWER);
		return;
	}
	snprintf(body, sizeof(body), QUOTA("XPerMinutePerProject", "%llus"),
	    (unsigned long long)(60000 - (now - projects[p].since) + 999) / 1000);
	sim_answer(k, 429, SIM_JSON, body);
}

static void
test_sixty(void)
{
	struct sim_client *c[CALLS];
	uint64_t started[8 * CALLS], now = 0, done = 0;
	size_t seen = 0, served;

	SIM_OPEN(TWO_KEYS, "WAIT_MAX=90");
	for (size_t i = 0; i < CALLS; i++)
		c[i] = i % 2 != 0 ? SIM_ASK(UNARY) : SIM_ASK(NATIVE);
	while (now < 120000 && done == 0) {
		for (; seen < sim_calls() && seen < COUNT(started); seen++)
			started[seen] = now;
		for (size_t i = 0; i < seen; i++)
			if (sim_may_answer(sim_call(i)) && now - started[i] >= LATENCY_MS)
				answer_call(sim_call(i), started[i]);
		served = 0;
		for (size_t i = 0; i < CALLS; i++)
			served += sim_state(c[i]) == SIM_ENDED;
		if (served == CALLS)
			done = now;
		sim_pass(STEP_MS);
		now += STEP_MS;
	}
	served = 0;
	for (size_t i = 0; i < CALLS; i++)
		served += sim_status(c[i]) == 200;
	is_int(served, CALLS, "60 calls, 15 per minute, 2 projects: none sees a 429");
	/* A minute for the second half, a tenth of jitter, three calls one after another. */
	ok(done >= 60000 && done <= 60000 + 6000 + 4 * LATENCY_MS + 500, "in the predicted time");
	ok(sim_calls() <= CALLS + 2 * (CALLS - 2 * PER_MINUTE) + 4, "without a storm of refusals");
	printf("# done after %llu ms with %zu calls\n", (unsigned long long)done, sim_calls());
	SIM_CLOSE();
}

int
main(void)
{
	test_waits();
	test_told();
	test_comes_back();
	test_turns();
	test_two_models();
	test_host();
	test_shown();
	test_fallbacks();
	test_sixty();
	return tap_done();
}
