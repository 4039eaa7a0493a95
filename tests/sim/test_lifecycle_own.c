/* Callers with keys of their own: all requests with the same list share what the gateway knows. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define OWN_1 "own-key-number-1"
#define OWN_2 "own-key-number-2"
#define BOTH  .params = { "HTTP_AUTHORIZATION=Bearer " OWN_1 "," OWN_2 }, .body = CHAT_UNARY
#define ONE   .params = { "HTTP_AUTHORIZATION=Bearer " OWN_1 }, .body = CHAT_UNARY
#define OTHER .params = { "HTTP_AUTHORIZATION=Bearer someone-elses-key" }, .body = CHAT_UNARY

static void
answer_call(struct sim_call *k)
{
	sim_answer(k, 200, SIM_JSON, ANSWER);
}

static void
test_turns(void)
{
	static const char *const balances[] = { "BALANCE=least", "BALANCE=round-robin" };

	for (size_t i = 0; i < 2; i++) {
		SIM_OPEN(balances[i]);
		for (size_t round = 0; round < 4; round++) {
			struct sim_client *c = SIM_ASK(BOTH);

			is_str(sim_key(sim_call(round)), round % 2 == 0 ? OWN_1 : OWN_2,
			    "one request after the other: the keys take turns");
			answer_call(sim_call(round));
			is_int(sim_status(c), 200, "served");
			is_str(sim_log(c, "keys"), "own", "logged: whose keys");
		}
		SIM_CLOSE();
	}
	SIM_OPEN("HEARTBEAT=10");
	SIM_ASK(BOTH);
	for (size_t round = 1; round < 4; round++) {
		SIM_ASK(BOTH);
		is_str(sim_key(sim_call(round)), OWN_2, "the key with the fewest requests");
		answer_call(sim_call(round));
	}
	answer_call(sim_call(0));
	SIM_CLOSE();
}

/* KEY_PARALLEL=1: further requests wait in turn, and the keys of others do not matter. */
static void
test_queue(void)
{
	struct sim_client *c[4];

	SIM_OPEN("KEY_PARALLEL=1");
	for (size_t i = 0; i < 3; i++)
		c[i] = SIM_ASK(ONE);
	is_int(sim_calls(), 1, "one call at a time");
	c[3] = SIM_ASK(OTHER);
	is_int(sim_calls(), 2, "another caller does not wait");
	answer_call(sim_call(1));
	is_int(sim_status(c[3]), 200, "and is served");
	for (size_t i = 0; i < 3; i++) {
		is_int(sim_status(c[i]), 0, "the next one's turn");
		answer_call(sim_call(i == 0 ? 0 : i + 1));
		is_int(sim_status(c[i]), 200, "served");
	}
	is_int(sim_calls(), 4, "one call for each");
	SIM_CLOSE();
}

/* Health belongs to the key, not to the list. */
static void
test_health(void)
{
	struct sim_client *c;

	SIM_OPEN("WAIT_MAX=0");
	c = SIM_ASK(BOTH);
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_DAY);
	is_str(sim_key(sim_call(1)), OWN_2, "the other key");
	answer_call(sim_call(1));
	is_int(sim_status(c), 200, "served");
	SIM_ASK(BOTH);
	is_str(sim_key(sim_call(2)), OWN_2, "what is used up is not asked again");
	answer_call(sim_call(2));
	c = SIM_ASK(ONE);
	is_int(sim_calls(), 3, "nor for another list");
	is_int(sim_status(c), 429, "told");
	SIM_CLOSE();
}

/* A credential that has become a token is not a key any more, even if it was kept as one. */
static void
test_reload(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "OWN_KEYS=yes");
	SIM_ASK(BOTH);
	is_str(sim_key(sim_call(0)), OWN_1, "two keys");
	answer_call(sim_call(0));
	is_str(
	    SIM_RELOAD("GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=" TOKEN "," OWN_2, "OWN_KEYS=yes"),
	    "", "reloaded: one of them is a token");
	c = SIM_ASK(BOTH);
	is_int(sim_calls(), 1, "it does not go to Google");
	is_int(sim_status(c), 401, "refused");
	is_str(SIM_RELOAD("GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=" TOKEN, "OWN_KEYS=yes",
		   "BALANCE=round-robin"),
	    "", "reloaded: it is none again");
	SIM_ASK(BOTH);
	is_int(sim_calls(), 2, "taken");
	answer_call(sim_call(1));
	SIM_CLOSE();
}

/* A check of keys leaves no trace. */
static void
test_verify(void)
{
	struct sim_client *c;

	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.method = "GET", .uri = "/verify",
	    .params = { "HTTP_X_GOOG_API_KEY=" OWN_1 "," OWN_2 });
	is_int(sim_calls(), 2, "both are checked");
	sim_answer(sim_call(0), 200, SIM_JSON, "{\"models\":[]}");
	sim_answer(sim_call(1), 200, SIM_JSON, "{\"models\":[]}");
	is_int(sim_count(c, "GOOD"), 2, "both are good");
	SIM_ASK(BOTH);
	is_str(sim_key(sim_call(2)), OWN_1, "a request begins with the first");
	answer_call(sim_call(2));
	SIM_CLOSE();
}

int
main(void)
{
	test_turns();
	test_queue();
	test_health();
	test_reload();
	test_verify();
	return tap_done();
}
