/* Keys: one credential upstream, the next key when one cannot, the right error when none can. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What another key may cure, and what a client sees when none does. */
static const struct fault {
	const char *what;
	int status;
	const char *body;
	const char *class;
	int final;              /* with the server's key */
	const char *code;       /* OpenAI's */
	int callers;            /* with the caller's own key */
	unsigned after, before; /* Retry-After lies between; 0: there is none */
} faults[] = {
	{ "key invalid", 400, KEY_INVALID, "key_invalid", 502, "upstream_key_rejected", 401, 0, 0 },
	{ "key expired", 400, KEY_EXPIRED, "key_expired", 502, "upstream_key_rejected", 401, 0, 0 },
	{ "key leaked", 403, KEY_LEAKED, "key_leaked", 502, "upstream_key_rejected", 401, 0, 0 },
	{ "key suspended", 403, KEY_SUSPENDED, "key_suspended", 502, "upstream_key_rejected", 403,
	    0, 0 },
	{ "credits used up", 402, PAYMENT, "payment", 402, "insufficient_quota", 402, 0, 0 },
	{ "quota per minute", 429, QUOTA_MINUTE, "quota_minute", 429, "rate_limit_exceeded", 429,
	    27, 30 },
	{ "quota per day", 429, QUOTA_DAY, "quota_day", 429, "insufficient_quota", 429, 1, 90005 },
	{ "bare 429", 429, EXHAUSTED, "exhausted", 429, "rate_limit_exceeded", 429, 2, 3 },
};

static const struct fault *const invalid = &faults[0], *const suspended = &faults[3],
				 *const minute = &faults[5];

static void
fail_with(struct sim_call *k, const struct fault *f)
{
	sim_answer(k, f->status, SIM_JSON, f->body);
}

static void
test_failover(void)
{
	struct sim_client *c;

	for (size_t i = 0; i < COUNT(faults); i++) {
		SIM_OPEN(THREE_KEYS);
		c = i % 2 == 0 ? SIM_ASK(UNARY) : SIM_ASK(STREAM);
		is_str(sim_key(sim_call(0)), KEY_1, faults[i].what);
		fail_with(sim_call(0), &faults[i]);
		is_int(sim_calls(), 2, "another call, at once");
		is_str(sim_key(sim_call(1)), KEY_2, "with the next key");
		is_str(sim_url(sim_call(1)), sim_url(sim_call(0)), "to the same URL");
		ok(slice_eq(sim_sent(sim_call(1)), sim_sent(sim_call(0))), "with the same body");
		fail_with(sim_call(1), &faults[i]);
		is_str(sim_key(sim_call(2)), KEY_3, "and the next");
		if (i % 2 == 0)
			sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
		else
			sim_answer(sim_call(2), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
		is_int(sim_status(c), 200, "the client sees none of it");
		ok(sim_has(c, "Hello"), "but the answer");
		is_int(sim_log_int(c, "attempts"), 3, "logged: attempts");
		is_str(sim_log(c, "class"), "ok", "logged: how it ended");
		is_str(sim_log(c, "error"), "", "logged: no error");
		SIM_CLOSE();
	}
}

static void
test_all_fail(void)
{
	struct sim_client *c;
	uint64_t seconds;
	char code[64];

	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct fault *f = &faults[i];

		SIM_OPEN(TWO_KEYS, "WAIT_MAX=0");
		c = SIM_ASK(STREAM);
		fail_with(sim_call(0), f);
		fail_with(sim_call(1), f);
		is_int(sim_calls(), 2, f->what);
		is_int(sim_state(c), SIM_ENDED, "no key is left: ended");
		is_int(sim_status(c), f->final, "the status");
		is_slice(sim_header(c, "Content-Type"), "application/json", "the type");
		snprintf(code, sizeof(code), "\"code\":\"%s\"", f->code);
		ok(sim_has(c, code), code);
		if (!slice_u64(sim_header(c, "Retry-After"), &seconds))
			seconds = 0;
		ok(seconds >= f->after && seconds <= f->before, "when to come back");
		ok((strcmp(f->code, "insufficient_quota") == 0) ==
			slice_eq(sim_header(c, "x-should-retry"), SLICE("false")),
		    "whether to come back");
		is_str(sim_log(c, "class"), f->class, "logged: the class");
		is_int(sim_log_int(c, "upstream_status"), f->status, "logged: Google's status");
		SIM_CLOSE();
	}
}

static void
test_own_keys(void)
{
	struct sim_client *c;

	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct fault *f = &faults[i];

		SIM_OPEN("WAIT_MAX=0");
		c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer own-key-number-1, "
					"own-key-number-2" },
		    .body = CHAT_UNARY);
		is_str(sim_key(sim_call(0)), "own-key-number-1", f->what);
		fail_with(sim_call(0), f);
		is_str(sim_key(sim_call(1)), "own-key-number-2", "the caller's other key");
		fail_with(sim_call(1), f);
		is_int(sim_status(c), f->callers, "the fault of a key is its owner's");
		is_str(sim_log(c, "keys"), "own", "logged: whose keys");
		SIM_CLOSE();
	}
}

/* That the limit is reached is worth more to the client than that another key was refused. */
static void
test_preference(void)
{
	static const char own[] = "HTTP_AUTHORIZATION=Bearer own-key-number-1,own-key-number-2";
	static const struct {
		const struct fault *const *first, *const *second;
		const char *what;
	} rows[] = {
		{ &minute, &invalid, "limit, then invalid" },
		{ &invalid, &minute, "invalid, then limit" },
		{ &minute, &suspended, "limit, then suspended" },
		{ &suspended, &minute, "suspended, then limit" },
	};
	struct sim_client *c;
	uint64_t seconds;

	for (size_t i = 0; i < COUNT(rows) * 2; i++) {
		bool native = i >= COUNT(rows);

		SIM_OPEN(TWO_KEYS, "OWN_KEYS=yes");
		for (size_t who = 0; who < 2; who++) {
			if (native)
				c = SIM_ASK(.uri = GENERATE, .params = { who == 0 ? GOOGLE : own },
				    .body = CONTENTS);
			else
				c = SIM_ASK(.params = { who == 0 ? BEARER : own },
				    .body = CHAT_UNARY);
			fail_with(sim_last_call(), *rows[i % COUNT(rows)].first);
			fail_with(sim_last_call(), *rows[i % COUNT(rows)].second);
			is_int(sim_status(c), 429, rows[i % COUNT(rows)].what);
			ok(slice_u64(sim_header(c, "Retry-After"), &seconds) && seconds >= 27 &&
				seconds <= 30,
			    "when to come back");
			ok(sim_has(c, QUOTA_TEXT), "and why");
		}
		SIM_CLOSE();
	}
}

/* A model that has no successor. */
#define NO_LINE \
	SLICE("{\"model\":\"gemini-4-argon\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}" \
	      "]}")

/* Faults of the caller are returned at once, whatever keys there are. */
static void
test_callers_faults(void)
{
	static const struct {
		int status;
		const char *body, *class;
	} rows[] = {
		{ 400, BAD_FIELD, "bad_request" },
		{ 404,
		    GOOGLE_ERROR(
			404, "NOT_FOUND", "models/x is not found for API version v1beta", ""),
		    "model_not_found" },
		{ 403,
		    GOOGLE_ERROR(
			403, "PERMISSION_DENIED", "The caller does not have permission", ""),
		    "forbidden" },
		{ 413, "<html>Too large</html>", "too_large" },
		{ 400,
		    GOOGLE_ERROR(400, "FAILED_PRECONDITION",
			"User location is not supported for the API use.", ""),
		    "region" },
	};
	struct sim_client *c;

	SIM_OPEN(THREE_KEYS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		c = SIM_ASK(.params = { BEARER }, .body = NO_LINE);
		sim_answer(sim_last_call(), rows[i].status, SIM_JSON, rows[i].body);
		is_int(sim_calls(), i + 1, "one call");
		is_int(sim_status(c), rows[i].status, rows[i].class);
		is_str(sim_log(c, "class"), rows[i].class, "logged: the class");
	}
	SIM_CLOSE();
}

/* The five places where callers put a credential: none of them goes upstream. */
static void
test_one_credential(void)
{
	static const char *const credentials[] = { "HTTP_X_GOOG_API_KEY=" TOKEN,
		"HTTP_AUTHORIZATION=Bearer " TOKEN, "HTTP_API_KEY=" TOKEN,
		"HTTP_X_API_KEY=" TOKEN };
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i <= COUNT(credentials); i++) {
		bool in_query = i == COUNT(credentials);

		c = SIM_ASK(.uri = in_query ? GENERATE "?key=" TOKEN "&x=y" : GENERATE "?x=y",
		    .params = { in_query ? "HTTP_ACCEPT=*/*" : credentials[i], "HTTP_COOKIE=a=b",
			"HTTP_X_GOOG_API_CLIENT=sdk/1", "HTTP_PROXY_AUTHORIZATION=Basic x" },
		    .body = CONTENTS);
		is_str(sim_key(sim_call(i)), KEY_1, in_query ? "?key=" : credentials[i]);
		ok(slice_ends(slice_str(sim_url(sim_call(i))), SLICE(":generateContent?x=y")),
		    "the query without it");
		is_slice(
		    sim_line(sim_call(i), "x-goog-api-client"), "sdk/1", "other headers go on");
		ok(sim_line(sim_call(i), "cookie").ptr == NULL, "cookies do not");
		sim_answer(sim_call(i), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), 200, "served");
	}
	/* All of them at once. */
	c = SIM_ASK(.uri = GENERATE "?key=" TOKEN,
	    .params = { credentials[0], credentials[1], credentials[2], credentials[3] },
	    .body = CONTENTS);
	is_str(sim_key(sim_last_call()), KEY_1, "all of them");
	ok(slice_ends(slice_str(sim_url(sim_last_call())), SLICE(":generateContent")),
	    "no query is left");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

/* The key with the fewest requests in flight, then the one that was not used for longest. */
static void
test_choice(void)
{
	struct sim_client *c[4];

	SIM_OPEN(THREE_KEYS);
	for (size_t i = 0; i < 4; i++)
		c[i] = SIM_ASK(UNARY);
	is_str(sim_key(sim_call(0)), KEY_1, "the first key");
	is_str(sim_key(sim_call(1)), KEY_2, "the second");
	is_str(sim_key(sim_call(2)), KEY_3, "the third");
	is_str(sim_key(sim_call(3)), KEY_1, "the first again");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	c[1] = SIM_ASK(UNARY);
	is_str(sim_key(sim_call(4)), KEY_2, "of two that are idle the one used longest ago");
	c[2] = SIM_ASK(UNARY);
	is_str(sim_key(sim_call(5)), KEY_3, "then the other");
	for (size_t i = 0; i < sim_calls(); i++)
		if (sim_wanted(sim_call(i)))
			sim_answer(sim_call(i), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c[0]), 200, "all are served");
	SIM_CLOSE();
}

int
main(void)
{
	test_failover();
	test_all_fail();
	test_own_keys();
	test_preference();
	test_callers_faults();
	test_one_credential();
	test_choice();
	return tap_done();
}
