/* Who may use which keys. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define POOL        "GEMINI_API_KEYS=" KEY_1
#define OWN         "own-key-number-1"
#define OTHER_TOKEN "another-token-here"

/* The stands: a pool or none, tokens, the two options. */
static const struct stand {
	const char *what;
	const char *options[4];
} stands[] = {
	{ "a pool and tokens", { POOL, "ACCESS_TOKENS=" TOKEN ", " OTHER_TOKEN } },
	{ "an open pool", { POOL, "OPEN_ACCESS=yes" } },
	{ "an open pool with tokens", { POOL, "OPEN_ACCESS=yes", "ACCESS_TOKENS=" TOKEN } },
	{ "a pool, tokens, own keys", { POOL, "ACCESS_TOKENS=" TOKEN, "OWN_KEYS=yes" } },
	{ "an open pool, own keys", { POOL, "OPEN_ACCESS=yes", "OWN_KEYS=yes" } },
	{ "no pool", { "HEARTBEAT=10" } },
};

/* Whose key is used in each stand; NULL: 401. */
#define NOTHING  NULL, KEY_1, KEY_1, NULL, KEY_1, NULL
#define A_TOKEN  KEY_1, KEY_1, KEY_1, KEY_1, TOKEN, TOKEN
#define A_KEY(k) NULL, KEY_1, KEY_1, (k), (k), (k)

/* The credentials of a caller, and what they count as. */
static const struct row {
	const char *what, *param, *uri;
	const char *key[6];
} rows[] = {
	{ "nothing", NULL, GENERATE, { NOTHING } },
	{ "a token", "HTTP_AUTHORIZATION=Bearer " TOKEN, GENERATE, { A_TOKEN } },
	{ "a token, other case", "HTTP_AUTHORIZATION=bearer   " TOKEN " ", GENERATE, { A_TOKEN } },
	{ "a token as x-goog-api-key", "HTTP_X_GOOG_API_KEY=" TOKEN, GENERATE, { A_TOKEN } },
	{ "a token as api-key", "HTTP_API_KEY=" TOKEN, GENERATE, { A_TOKEN } },
	{ "a token as x-api-key", "HTTP_X_API_KEY=" TOKEN, GENERATE, { A_TOKEN } },
	{ "a token as ?key=", NULL, GENERATE "?key=" TOKEN, { A_TOKEN } },
	{ "an own key", "HTTP_AUTHORIZATION=Bearer " OWN, GENERATE, { A_KEY(OWN) } },
	{ "an own key, escaped", NULL, GENERATE "?key=own%2Dkey%2dnumber-1", { A_KEY(OWN) } },
	{ "another scheme", "HTTP_AUTHORIZATION=Basic abc", GENERATE, { NOTHING } },
	{ "an empty key", "HTTP_X_GOOG_API_KEY=  ", GENERATE, { NOTHING } },
	{ "an empty ?key=", NULL, GENERATE "?key=", { NOTHING } },
	{ "a part of a token", "HTTP_API_KEY=token-of", GENERATE, { A_KEY("token-of") } },
	{ "more than a token", "HTTP_API_KEY=" TOKEN "x", GENERATE, { A_KEY(TOKEN "x") } },
};

static void
test_table(void)
{
	struct sim_client *c;
	char what[200];

	for (size_t s = 0; s < COUNT(stands); s++) {
		if (!sim_open(stands[s].options)) {
			ok(false, stands[s].what);
			sim_close();
			continue;
		}
		for (size_t i = 0; i < COUNT(rows); i++) {
			const char *want = rows[i].key[s];
			size_t before = sim_calls();

			c = SIM_ASK(.uri = rows[i].uri, .params = { rows[i].param },
			    .body = CONTENTS);
			snprintf(what, sizeof(what), "%s: %s", stands[s].what, rows[i].what);
			is_int(sim_calls() - before, want != NULL, what);
			if (want != NULL) {
				is_str(sim_key(sim_last_call()), want, "  the key upstream");
				sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
				is_str(sim_log(c, "keys"),
				    strcmp(want, KEY_1) == 0 ? "pool" : "own", "  logged: whose");
			} else {
				is_int(sim_status(c), 401, "  refused");
				ok(sim_has(c, "\"code\":401"), "  in Google's shape");
			}
		}
		SIM_CLOSE();
	}
}

static void
test_second_token(void)
{
	struct sim_client *c;

	sim_open(stands[0].options);
	c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer " OTHER_TOKEN }, .body = CHAT_UNARY);
	is_str(sim_key(sim_call(0)), KEY_1, "the second token");
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer " TOKEN ", " OTHER_TOKEN },
	    .body = CHAT_UNARY);
	is_int(sim_status(c), 401, "a list of tokens is not a token");
	c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer wrong-token" }, .body = CHAT_UNARY);
	is_int(sim_status(c), 401, "a wrong one");
	ok(sim_has(c, "\"code\":\"invalid_api_key\"") &&
		sim_has(c, "\"type\":\"authentication_error\""),
	    "in OpenAI's shape");
	ok(!sim_has(c, "wrong-token"), "which is not repeated");
	SIM_CLOSE();
}

/* Comma lists, with and without blanks. */
static void
test_lists(void)
{
	static const char *const lists[] = {
		"HTTP_AUTHORIZATION=Bearer own-key-number-1,own-key-number-2",
		"HTTP_AUTHORIZATION=Bearer own-key-number-1, own-key-number-2",
		"HTTP_AUTHORIZATION=Bearer  own-key-number-1 , ,own-key-number-2,",
		"HTTP_X_GOOG_API_KEY=own-key-number-1,\town-key-number-2",
		"HTTP_API_KEY=\"own-key-number-1\", \"own-key-number-2\"",
		"HTTP_X_API_KEY=own-key-number-1,own-key-number-1,own-key-number-2",
	};
	struct sim_client *c;

	for (size_t i = 0; i < COUNT(lists); i++) {
		SIM_OPEN("WAIT_MAX=0");
		c = SIM_ASK(.params = { lists[i] }, .body = CHAT_UNARY);
		is_str(sim_key(sim_call(0)), "own-key-number-1", lists[i]);
		sim_answer(sim_call(0), 429, SIM_JSON, EXHAUSTED);
		is_str(sim_key(sim_call(1)), "own-key-number-2", "  the second");
		sim_answer(sim_call(1), 429, SIM_JSON, EXHAUSTED);
		is_int(sim_calls(), 2, "  no more");
		is_int(sim_status(c), 429, "  told");
		SIM_CLOSE();
	}
	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.uri = GENERATE "?key=own-key-number-1,own-key-number-2", .body = CONTENTS);
	sim_answer(sim_call(0), 429, SIM_JSON, EXHAUSTED);
	is_str(sim_key(sim_call(1)), "own-key-number-2", "a list in ?key=");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	sim_pass(60000);
	c = SIM_ASK(.uri = GENERATE "?key=own-key-number-1%2C+own-key-number-2&alt=json",
	    .body = CONTENTS);
	sim_answer(sim_call(2), 429, SIM_JSON, EXHAUSTED);
	is_str(sim_key(sim_call(3)), "own-key-number-2", "a list in ?key=, escaped");
	ok(slice_ends(slice_str(sim_url(sim_call(3))), SLICE(":generateContent?alt=json")),
	    "taken out");
	sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
	c = SIM_ASK(.params = { "HTTP_X_GOOG_API_KEY= , ," }, .body = CHAT_UNARY);
	is_int(sim_status(c), 401, "a list of nothing");
	c = SIM_ASK(.params = { "HTTP_X_GOOG_API_KEY=own-key\x01number" }, .body = CHAT_UNARY);
	is_int(sim_status(c), 401, "a control character");
	is_int(sim_calls(), 4, "no call for those");
	SIM_CLOSE();
}

/* Both kinds at once: the first place in the order decides. */
static void
test_order(void)
{
	struct sim_client *c;

	sim_open(stands[3].options);
	c = SIM_ASK(.uri = GENERATE "?key=" OWN, .params = { BEARER }, .body = CONTENTS);
	is_str(sim_key(sim_call(0)), KEY_1, "a token and ?key=: the token");
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	c = SIM_ASK(.uri = GENERATE, .params = { BEARER, "HTTP_X_GOOG_API_KEY=" OWN },
	    .body = CONTENTS);
	is_str(sim_key(sim_call(1)), OWN, "a token and x-goog-api-key: the key");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	c = SIM_ASK(.uri = GENERATE,
	    .params = { "HTTP_AUTHORIZATION=Basic abc", "HTTP_API_KEY=" OWN }, .body = CONTENTS);
	is_str(sim_key(sim_call(2)), OWN, "another scheme does not hide what follows");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

/* A key of the caller's own is never mixed with the pool. */
static void
test_no_mixing(void)
{
	struct sim_client *c;

	sim_open(stands[4].options);
	c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer " OWN }, .body = CHAT_UNARY);
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_DAY);
	is_int(sim_calls(), 1, "the pool does not help out");
	is_int(sim_status(c), 429, "the caller is told");
	SIM_CLOSE();
}

int
main(void)
{
	test_table();
	test_second_token();
	test_lists();
	test_order();
	test_no_mixing();
	return tap_done();
}
