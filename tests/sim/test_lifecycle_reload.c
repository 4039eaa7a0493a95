/* SIGHUP: requests end with what they began with, and what is known goes over. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define OTHER       "another-token-here"
#define OTHER_TOKEN "HTTP_AUTHORIZATION=Bearer " OTHER

static void
finish_stream(struct sim_client *c, struct sim_call *k)
{
	sim_data(k, EVENT("Hello"));
	sim_data(k, LAST_EVENT);
	sim_end(k, NET_OK);
	ok(slice_ends(sim_body(c), SLICE(DONE)), "the stream ends as it should");
}

static void
test_stream(void)
{
	struct sim_client *stream, *c;

	SIM_OPEN(ONE_KEY);
	stream = SIM_ASK(STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("first"));
	is_str(SIM_RELOAD("GEMINI_API_KEYS=" KEY_2, "ACCESS_TOKENS=" OTHER), "", "reloaded");
	ok(sim_wanted(sim_call(0)), "the stream goes on");
	c = SIM_ASK(UNARY);
	is_int(sim_status(c), 401, "the old token is none any more");
	c = SIM_ASK(.params = { OTHER_TOKEN }, .body = CHAT_UNARY);
	is_str(sim_key(sim_last_call()), KEY_2, "the new token, the new key");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	finish_stream(stream, sim_call(0));
	SIM_CLOSE();
}

/* A request that tries again does it with the keys that it began with. */
static void
test_retry(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(UNARY);
	is_str(SIM_RELOAD("GEMINI_API_KEYS=" KEY_3, "ACCESS_TOKENS=" TOKEN), "", "reloaded");
	sim_answer(sim_call(0), 429, SIM_JSON, EXHAUSTED);
	is_str(sim_key(sim_call(1)), KEY_2, "the next of the old keys");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

static void
test_in_flight(void)
{
	struct sim_client *first, *second;

	SIM_OPEN(TWO_KEYS);
	first = SIM_ASK(STREAM);
	is_str(sim_key(sim_call(0)), KEY_1, "a key is in use");
	is_str(
	    SIM_RELOAD("GEMINI_API_KEYS=" KEY_1 "," KEY_3, "ACCESS_TOKENS=" TOKEN), "", "reloaded");
	second = SIM_ASK(STREAM);
	is_str(sim_key(sim_call(1)), KEY_3, "it counts as in use");
	is_str(SIM_RELOAD("GEMINI_API_KEYS=" KEY_3 "," KEY_1 "," KEY_2, "ACCESS_TOKENS=" TOKEN), "",
	    "reloaded again");
	sim_vanish(SIM_ASK(UNARY));
	is_str(sim_key(sim_call(2)), KEY_2, "both count");
	sim_head(sim_call(0), 200, SIM_SSE);
	finish_stream(first, sim_call(0));
	for (int i = 0; i < 2; i++)
		SIM_ASK(UNARY);
	is_str(sim_key(sim_call(3)), KEY_1, "the first is free, over two changes");
	is_str(sim_key(sim_call(4)), KEY_2, "as is the one of the client that left");
	for (size_t i = 3; i < 5; i++)
		sim_answer(sim_call(i), 200, SIM_JSON, ANSWER);
	sim_head(sim_call(1), 200, SIM_SSE);
	finish_stream(second, sim_call(1));
	SIM_CLOSE();
}

/* What a key's failures have shown holds for the keys that stay, also when they fail later. */
static void
test_health(void)
{
	struct sim_client *c, *late;

	SIM_OPEN(THREE_KEYS);
	late = SIM_ASK(UNARY);
	c = SIM_ASK(UNARY);
	is_str(sim_key(sim_call(1)), KEY_2, "a key");
	sim_answer(sim_call(1), 429, SIM_JSON, QUOTA_MINUTE);
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served by another");
	is_str(SIM_RELOAD("GEMINI_API_KEYS=" KEY_2 "," KEY_1 "," KEY_3, "ACCESS_TOKENS=" TOKEN), "",
	    "reloaded");
	sim_answer(sim_call(0), 400, SIM_JSON, KEY_INVALID);
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_int(sim_status(late), 200, "a request of before finds that another one is refused");
	for (int i = 0; i < 4; i++) {
		c = SIM_ASK(UNARY);
		is_str(sim_key(sim_last_call()), KEY_3, "neither is tried");
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	}
	sim_pass(120000);
	c = SIM_ASK(UNARY);
	is_str(sim_key(sim_last_call()), KEY_2, "until its minute is over");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

static void
test_refused(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	ok(strstr(SIM_RELOAD("GEMINI_API_KEYS=" KEY_2), "ACCESS_TOKENS") != NULL,
	    "contradictions are refused");
	ok(strstr(SIM_RELOAD("GEMINI_API_KEYS=" KEY_2 " weight=x", "ACCESS_TOKENS=" TOKEN),
	       "weight=") != NULL,
	    "so are mistakes");
	ok(strstr(SIM_RELOAD(ONE_KEY, "MODEL_ALIASES=nonsense"), "MODEL_ALIASES") != NULL,
	    "so are aliases that are none");
	ok(strstr(SIM_RELOAD(ONE_KEY, "MODEL_FAMILIES_FILE=/nonexistent/f"), "/nonexistent/f") !=
		NULL,
	    "so is a file that is not there");
	ok(strstr(SIM_RELOAD(ONE_KEY, "HEARTBEAT=often"), "HEARTBEAT") != NULL,
	    "so is any option that is not valid");
	c = SIM_ASK(UNARY);
	is_str(sim_key(sim_last_call()), KEY_1, "nothing is changed");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

static void
test_tokens(void)
{
	struct sim_client *c;

	SIM_OPEN("GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=" TOKEN " rpm=2");
	for (int i = 0; i < 2; i++) {
		c = SIM_ASK(UNARY);
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	}
	is_str(SIM_RELOAD("GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=" OTHER "," TOKEN " rpm=2"), "",
	    "reloaded");
	c = SIM_ASK(UNARY);
	is_int(sim_status(c), 429, "what a token has used is not forgotten");
	is_str(SIM_RELOAD("GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=" TOKEN " name=al rpm=9"), "",
	    "more is allowed");
	c = SIM_ASK(UNARY);
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_str(sim_log(c, "token"), "al", "at once");
	SIM_CLOSE();
}

static void
test_models(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	is_str(SIM_RELOAD(ONE_KEY, "MODEL_ALIASES=" MODEL "=gemini-4-argon"), "", "reloaded");
	c = SIM_ASK(UNARY);
	ok(strstr(sim_url(sim_call(0)), "gemini-4-argon") != NULL, "the new aliases");
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

/* A pool may come and go. */
static void
test_pool(void)
{
	struct sim_client *own, *c;

	SIM_OPEN("HEARTBEAT=10");
	own = SIM_ASK(.params = { "HTTP_API_KEY=own-key-number-1" }, .body = CHAT_STREAM);
	is_str(SIM_RELOAD(ONE_KEY), "", "a pool");
	c = SIM_ASK(.params = { "HTTP_API_KEY=own-key-number-1" }, .body = CHAT_UNARY);
	is_int(sim_status(c), 401, "from now on callers need a token");
	c = SIM_ASK(UNARY);
	is_str(sim_key(sim_last_call()), KEY_1, "for its key");
	is_str(SIM_RELOAD("HEARTBEAT=10"), "", "no pool");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "the request of the pool ends well");
	sim_head(sim_call(0), 200, SIM_SSE);
	finish_stream(own, sim_call(0));
	SIM_CLOSE();
}

int
main(void)
{
	test_stream();
	test_retry();
	test_in_flight();
	test_health();
	test_refused();
	test_tokens();
	test_models();
	test_pool();
	return tap_done();
}
