/*
 * Many requests at once, in random order: clients come, stall, leave; calls answer in pieces, fail,
 * are cut; time passes; the pool is replaced. The simulator's rules hold, and every stream ends in
 * one of two ways. The seeds are fixed, but the gateway's jitter is not: a failure names its seed,
 * and may need a few runs to come again.
 */
#include "config.h"

#include <stdio.h>

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SEEDS       150
#define ACTIONS     150
#define CLIENTS_MAX 200
#define CALLS_MAX   2000
#define PAGE_OF_TWO "{\"models\":[{\"name\":\"models/a\"}],\"nextPageToken\":\"t\"}"
#define ONE_VECTOR  "{\"embeddings\":[{\"values\":[1,0.5]}]}"
#define EMBED_BODY  SLICE("{\"model\":\"gemini-embedding-001\",\"input\":\"Hi\"}")

enum kind {
	CHAT_EVENTS,
	CHAT_WHOLE,
	NATIVE_EVENTS,
	NATIVE_WHOLE,
	MODELS,
	EMBED,
	VERIFY,
	LOCAL,
	REFUSED,
	KINDS
};

static const struct sim_ask asks[KINDS] = {
	[CHAT_EVENTS] = { STREAM },
	[CHAT_WHOLE] = { UNARY },
	[NATIVE_EVENTS] = { NATIVE_STREAM },
	[NATIVE_WHOLE] = { NATIVE, .spooled = true },
	[MODELS] = { .method = "GET", .uri = "/v1/models", .params = { BEARER } },
	[EMBED] = { .uri = "/v1/embeddings", .params = { BEARER }, .body = { NULL, 0 } },
	[VERIFY] = { .uri = "/verify",
	    .params = { BEARER },
	    .body = { "own-key-1,own-key-2,own-key-3", 29 } },
	[LOCAL] = { .method = "GET", .uri = "/healthz" },
	[REFUSED] = { .params = { "HTTP_AUTHORIZATION=Bearer wrong-token" } },
};

static const struct {
	int status;
	const char *body;
} failures[] = {
	{ 400, KEY_INVALID },
	{ 429, QUOTA_MINUTE },
	{ 429, EXHAUSTED },
	{ 503, OVERLOADED },
	{ 500, INTERNAL_ERROR },
	{ 400, BAD_FIELD },
	{ 403, KEY_LEAKED },
	{ 502, "<html>" },
};

static const enum netresult ends[] = { NET_CONNECT, NET_CUT, NET_TIMEOUT, NET_OK, NET_RESOLVE };

static uint64_t seed;
static struct {
	struct sim_client *client;
	enum kind kind;
	bool hidden; /* it may have missed the end */
} clients[CLIENTS_MAX];
static size_t client_count;
static struct {
	struct slice rest; /* of the answer, once the head is sent */
	bool headed;
} calls[CALLS_MAX];

static unsigned
random_chance(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % below;
}

static void
random_arrive(void)
{
	enum kind kind = (enum kind)random_chance(KINDS);
	struct sim_ask ask = asks[kind];

	if (client_count == CLIENTS_MAX)
		return;
	if (kind == EMBED)
		ask.body = EMBED_BODY;
	clients[client_count].kind = kind;
	clients[client_count].hidden = false;
	clients[client_count++].client = sim_ask(&ask);
}

/* What the call is answered with when all is well. */
static struct slice
answer_for(const struct sim_call *k)
{
	const char *url = sim_url(k);

	if (strstr(url, "alt=sse") != NULL)
		return SLICE(": hi\n\n" EVENT("Hel") EVENT("lo") LAST_EVENT);
	if (strstr(url, "batchEmbedContents") != NULL)
		return SLICE(ONE_VECTOR);
	if (strstr(url, "pageSize=1000&") == NULL && strstr(url, "pageSize=1000") != NULL)
		return SLICE(PAGE_OF_TWO);
	if (strstr(url, "pageSize") != NULL)
		return SLICE("{\"models\":[{\"name\":\"models/b\"}]}");
	return SLICE(ANSWER);
}

/* The next thing that happens to a call. */
static void
random_answer(size_t i)
{
	struct sim_call *k = sim_call(i);
	unsigned dice = random_chance(10);

	if (!calls[i].headed && dice == 0) {
		sim_end(k, ends[random_chance(COUNT(ends))]);
	} else if (!calls[i].headed && dice < 3) {
		size_t f = random_chance(COUNT(failures));

		sim_answer(k, failures[f].status, SIM_JSON, failures[f].body);
	} else if (!calls[i].headed) {
		calls[i].headed = true;
		calls[i].rest = answer_for(k);
		sim_head(k, 200, strstr(sim_url(k), "alt=sse") != NULL ? SIM_SSE : SIM_JSON);
	} else if (calls[i].rest.len == 0 || random_chance(20) == 0) {
		sim_end(k, calls[i].rest.len == 0 ? NET_OK : NET_CUT);
	} else {
		size_t len = 1 + random_chance(random_chance(2) ? 30 : 400);
		struct slice piece = calls[i].rest;

		piece.len = len < piece.len ? len : piece.len;
		calls[i].rest.ptr += piece.len;
		calls[i].rest.len -= piece.len;
		sim_bytes(k, piece);
	}
}

static void
random_reload(void)
{
	static const char *const pools[][3] = { { ONE_KEY }, { TWO_KEYS }, { THREE_KEYS },
		{ "GEMINI_API_KEYS=" KEY_3 " weight=3," KEY_1, "ACCESS_TOKENS=x," TOKEN } };

	if (sim_reload(pools[random_chance(COUNT(pools))])[0] != '\0')
		ok(false, "a reload was refused");
}

static void
random_act(void)
{
	size_t who = client_count > 0 ? random_chance((unsigned)client_count) : 0;
	struct sim_client *c = client_count > 0 ? clients[who].client : NULL;
	size_t count = sim_calls(), start = count > 0 ? random_chance((unsigned)count) : 0;
	unsigned dice = random_chance(100);

	if (dice < 15 || c == NULL) {
		random_arrive();
	} else if (dice < 70) {
		for (size_t i = 0; i < count; i++)
			if (sim_may_answer(sim_call((start + i) % count))) {
				random_answer((start + i) % count);
				break;
			}
	} else if (dice < 82) {
		sim_pass(random_chance(random_chance(8) > 0 ? 3000 : 400000));
	} else if (dice < 88) {
		sim_stall(c);
	} else if (dice < 96) {
		sim_drain(c);
	} else if (dice < 98) {
		sim_vanish(c);
	} else if (dice < 99) {
		random_reload();
	} else {
		sim_hide(c);
		clients[who].hidden = true;
	}
}

/* All clients read, and all open requests come to an end. */
static bool
random_settle(void)
{
	for (int round = 0; round < 20000; round++) {
		bool over = true;

		for (size_t i = 0; i < client_count; i++) {
			sim_drain(clients[i].client);
			over = over && sim_state(clients[i].client) != SIM_OPEN_YET;
		}
		if (over)
			return true;
		for (size_t i = 0; i < sim_calls(); i++)
			if (sim_may_answer(sim_call(i)))
				random_answer(i);
		sim_pass(1000);
	}
	return false;
}

/* Of a chat stream that was not cut off: [DONE] or an error, never both, never neither. */
static const char *
wrong_answer(const struct sim_client *c, enum kind kind)
{
	bool failed = sim_has(c, "\"error\":{"), good = sim_status(c) == 200;

	if (sim_state(c) != SIM_ENDED)
		return NULL;
	if (kind == CHAT_EVENTS && good && failed == sim_has(c, DONE))
		return "a stream without an end, or with two";
	if (kind == CHAT_EVENTS && good && !failed &&
	    sim_count(c, "\"finish_reason\":\"stop\"") != 1)
		return "a stream without its finish reason";
	if (kind == NATIVE_WHOLE && good && !slice_eq(sim_body(c), SLICE(ANSWER)))
		return "a native answer that was changed";
	if (kind == VERIFY && sim_count(c, "\"total\":3") != 1)
		return "a sum that is missing";
	if ((kind == CHAT_WHOLE || kind == MODELS || kind == EMBED) && good == failed)
		return "a status that does not fit the answer";
	if (kind == REFUSED && sim_status(c) != 401)
		return "a wrong token that was taken";
	return NULL;
}

static const char *
random_run(uint64_t number)
{
	const char *wrong = NULL, *rules;

	seed = (number + 1) * 0x9E3779B97F4A7C15ULL;
	client_count = 0;
	memset(calls, 0, sizeof(calls));
	SIM_OPEN(THREE_KEYS, number % 3 == 0 ? "HEARTBEAT=2" : "HEARTBEAT=10",
	    number % 2 == 0 ? "RETRY_MAX=6" : "RETRY_MAX=1", "IDLE_TIMEOUT=60",
	    "FIRST_BYTE_TIMEOUT=90");
	for (int i = 0; i < ACTIONS && sim_calls() + 20 < CALLS_MAX; i++)
		random_act();
	if (!random_settle())
		wrong = "a request that does not end";
	for (size_t i = 0; i < client_count && wrong == NULL; i++)
		if (!clients[i].hidden)
			wrong = wrong_answer(clients[i].client, clients[i].kind);
	rules = sim_close();
	return wrong != NULL ? wrong : rules[0] != '\0' ? rules : NULL;
}

int
main(void)
{
	int failed = 0;

	for (uint64_t number = 0; number < SEEDS; number++) {
		const char *wrong = random_run(number);

		if (wrong != NULL) {
			printf("# seed %llu: %s\n", (unsigned long long)number, wrong);
			failed++;
		}
	}
	is_int(failed, 0, "random requests");
	return tap_done();
}
