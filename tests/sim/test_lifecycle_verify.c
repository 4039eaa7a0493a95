/* /verify: some keys at a time, an event for each as it answers, then the sum. */
#include "config.h"

#include <stdio.h>

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define GOOD_ANSWER "{\"models\":[]}"

/* Keys "own-key-number-1" and so on, separated by a comma and a blank. */
static const char *
own_keys(size_t count, char *text, size_t size)
{
	size_t len = (size_t)snprintf(text, size, "HTTP_X_GOOG_API_KEY=");

	for (size_t i = 1; i <= count; i++)
		len += (size_t)snprintf(
		    text + len, size - len, "%sown-key-number-%zu", i > 1 ? ", " : "", i);
	return text;
}

static size_t
calls_wanted(void)
{
	size_t count = 0;

	for (size_t i = 0; i < sim_calls(); i++)
		count += sim_wanted(sim_call(i));
	return count;
}

static void
test_events(void)
{
	struct sim_client *c;
	char keys[200];

	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.method = "GET", .uri = "/verify",
	    .params = { own_keys(4, keys, sizeof(keys)) });
	is_int(sim_status(c), 200, "a stream");
	is_slice(sim_header(c, "Content-Type"), "text/event-stream; charset=utf-8", "of events");
	is_slice(sim_body(c), ": ok\n\n", "begins at once");
	is_int(calls_wanted(), 4, "all four are asked about");
	is_str(sim_method(sim_call(0)), "GET", "by a call that costs nothing");
	is_str(sim_url(sim_call(0)),
	    "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1", "the URL");
	is_str(sim_key(sim_call(2)), "own-key-number-3", "each with its own key");
	sim_answer(sim_call(2), 200, SIM_JSON, GOOD_ANSWER);
	is_int(sim_count(c, "data: "), 1, "an event as soon as a key answers");
	ok(sim_has(c, "\"status\":\"GOOD\"") && sim_has(c, "\"index\":2"), "a good key");
	sim_answer(sim_call(0), 400, SIM_JSON, KEY_INVALID);
	ok(sim_has(c, "\"status\":\"BAD\"") && sim_has(c, "\"class\":\"key_invalid\""),
	    "a bad key");
	sim_answer(sim_call(1), 429, SIM_JSON, QUOTA_MINUTE);
	is_int(sim_count(c, "\"status\":\"GOOD\""), 2, "a good key that is limited");
	is_int(sim_state(c), SIM_OPEN_YET, "one is missing");
	sim_end(sim_call(3), NET_CONNECT);
	ok(sim_has(c, "\"status\":\"ERROR\""), "no answer says nothing about the key");
	is_int(sim_state(c), SIM_ENDED, "ended");
	is_int(sim_count(c, "data: "), 5, "four events and the sum");
	ok(slice_ends(sim_body(c),
	       SLICE("data: {\"summary\":{\"total\":4,\"good\":2,\"bad\":1,\"error\":1,"
		     "\"duplicates\":0}}\n\n")),
	    "the sum");
	ok(!sim_has(c, "own-key-number"), "no key is shown");
	is_str(sim_log(c, "route"), "verify", "logged: the route");
	SIM_CLOSE();
}

/* A call that is under way, the oldest or the youngest. */
static struct sim_call *
some_wanted(bool youngest)
{
	size_t count = sim_calls();

	for (size_t i = 0; i < count; i++) {
		struct sim_call *k = sim_call(youngest ? count - 1 - i : i);

		if (sim_wanted(k))
			return k;
	}
	return NULL;
}

static void
test_parallel(void)
{
	struct sim_client *c;
	char keys[1000];

	SIM_OPEN("VERIFY_PARALLEL=3");
	c = SIM_ASK(.method = "GET", .uri = "/verify",
	    .params = { own_keys(20, keys, sizeof(keys)) });
	for (int i = 0; i < 20; i++) {
		is_int(calls_wanted(), i < 18 ? 3 : 20 - i, "three at a time");
		sim_answer(some_wanted(i % 3 > 0), 200, SIM_JSON, GOOD_ANSWER);
	}
	is_int(sim_calls(), 20, "each key once");
	is_int(sim_state(c), SIM_ENDED, "ended");
	ok(sim_has(c, "\"total\":20,\"good\":20"), "all of them");
	SIM_CLOSE();
}

static void
test_time_limit(void)
{
	struct sim_client *c;
	char keys[200];

	SIM_OPEN("VERIFY_TIMEOUT=15", "VERIFY_PARALLEL=2", "HEARTBEAT=10");
	c = SIM_ASK(.method = "GET", .uri = "/verify",
	    .params = { own_keys(3, keys, sizeof(keys)) });
	sim_head(sim_call(0), 200, SIM_JSON);
	sim_pass(10000);
	is_int(sim_count(c, ": waiting\n\n"), 1, "a heartbeat");
	sim_pass(4999);
	is_int(calls_wanted(), 2, "keys may take their time");
	sim_pass(1);
	ok(sim_cancelled(sim_call(0)) && sim_cancelled(sim_call(1)),
	    "but not longer than the limit");
	is_int(sim_count(c, "\"status\":\"ERROR\""), 2, "which is told");
	is_int(calls_wanted(), 1, "the next one");
	sim_pass(14999);
	ok(sim_wanted(sim_call(2)), "has a limit of its own");
	sim_answer(sim_call(2), 200, SIM_JSON, GOOD_ANSWER);
	ok(sim_has(c, "\"good\":1,\"bad\":0,\"error\":2"), "the sum");
	SIM_CLOSE();
}

static void
test_gone(void)
{
	struct sim_client *c;
	char keys[1000];

	for (int found = 0; found < 3; found++) {
		SIM_OPEN("VERIFY_PARALLEL=3", "HEARTBEAT=10");
		c = SIM_ASK(.method = "GET", .uri = "/verify",
		    .params = { own_keys(20, keys, sizeof(keys)) });
		sim_answer(sim_call(0), 200, SIM_JSON, GOOD_ANSWER);
		is_int(calls_wanted(), 3, "three are under way");
		if (found > 0)
			sim_hide(c);
		if (found == 0)
			sim_vanish(c);
		else if (found == 1)
			sim_answer(sim_call(1), 200, SIM_JSON, GOOD_ANSWER);
		else
			sim_pass(10000);
		is_int(sim_state(c), SIM_DROPPED, found == 0 ? "gone" : "found gone");
		is_int(calls_wanted(), 0, "all are cancelled");
		sim_pass(60000);
		is_int(sim_calls(), 4, "no further one is begun");
		is_str(sim_log(c, "client"), "gone", "logged: gone");
		SIM_CLOSE();
	}
}

static void
test_lists(void)
{
	static const struct {
		const char *body;
		size_t keys;
		const char *what;
	} rows[] = {
		{ "{\"keys\":[\"own-key-number-1\",\"own-key-number-2\"]}", 2,
		    "an array in an object" },
		{ "[\"own-key-number-1\",\"own-key-number-2\"]", 2, "an array" },
		{ "{\"keys\":\"own-key-number-1, own-key-number-2\"}", 2, "a text in an object" },
		{ "own-key-number-1\nown-key-number-2\r\n", 2, "plain text" },
		{ "own-key-number-1,own-key-number-2,own-key-number-1,,\"own-key-number-2\"", 2,
		    "repetitions" },
		{ "{\"keys\":[1]}", 0, "a number" },
		{ "{\"keys\":", 0, "no JSON" },
	};
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t before = sim_calls();

		c = SIM_ASK(.uri = "/verify", .params = { BEARER },
		    .body = slice_str(rows[i].body));
		is_int(sim_calls() - before, (long long)rows[i].keys, rows[i].what);
		for (size_t k = before; k < sim_calls(); k++)
			sim_answer(sim_call(k), 200, SIM_JSON, GOOD_ANSWER);
		is_int(sim_status(c), rows[i].keys > 0 ? 200 : 400, "the status");
		is_int(sim_state(c), SIM_ENDED, "ended");
	}
	SIM_CLOSE();
}

static void
test_who(void)
{
	static const char list[] = "own-key-number-1";
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = "/verify", .body = SLICE(list));
	is_int(sim_status(c), 401, "no token");
	c = SIM_ASK(.uri = "/verify", .params = { "HTTP_AUTHORIZATION=Bearer wrong-token" },
	    .body = SLICE(list));
	is_int(sim_status(c), 401, "a wrong token");
	is_int(sim_calls(), 0, "nothing is asked");
	SIM_CLOSE();
	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.method = "GET", .uri = "/verify");
	is_int(sim_status(c), 401, "no key at all");
	c = SIM_ASK(.uri = "/verify", .body = SLICE(list));
	is_int(sim_calls(), 1, "where callers bring keys nobody needs a token");
	sim_answer(sim_call(0), 200, SIM_JSON, GOOD_ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

#define ADMIN   "token-of-the-operator"
#define OPERATE "HTTP_AUTHORIZATION=Bearer " ADMIN

static void
test_pool(void)
{
	struct sim_client *c;

	SIM_OPEN("GEMINI_API_KEYS=" KEY_1 " project=home proxy=http://10.0.0.1:9," KEY_2 "," KEY_1
		 "," KEY_1,
	    "ACCESS_TOKENS=" TOKEN, "ADMIN_TOKEN=" ADMIN, "OWN_KEYS=yes");
	c = SIM_ASK(.method = "GET", .uri = "/verify", .params = { OPERATE });
	is_int(sim_calls(), 2, "each key of the pool once");
	is_str(sim_key(sim_call(0)), KEY_1, "the first");
	is_str(sim_proxy(sim_call(0)), "http://10.0.0.1:9", "through its proxy");
	is_str(sim_proxy(sim_call(1)), "", "the other without");
	sim_answer(sim_call(1), 403, SIM_JSON,
	    GOOGLE_ERROR(403, "PERMISSION_DENIED", "Consumer 'api_key:" KEY_2 "' suspended",
		"{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":"
		"\"CONSUMER_SUSPENDED\",\"metadata\":{\"consumer\":\"projects/4711\"}}"));
	ok(sim_has(c, "\"reason\":\"CONSUMER_SUSPENDED\",\"project\":\"4711\",\"duplicates\":0"),
	    "Google's reason, and the project that it names");
	sim_answer(sim_call(0), 200, SIM_JSON, GOOD_ANSWER);
	ok(sim_has(c,
	       "\"key\":\"poo......r-1\",\"status\":\"GOOD\",\"error\":null,\"class\":\"ok\","
	       "\"reason\":null,\"project\":\"home\",\"duplicates\":2,\"index\":0,"),
	    "what is known of a key");
	ok(sim_has(c, "\"total\":2,\"good\":1,\"bad\":1,\"error\":0,\"duplicates\":2"), "the sum");
	is_str(sim_log(c, "keys"), "pool", "logged: whose");
	c = SIM_ASK(.uri = "/verify", .params = { OPERATE }, .body = SLICE("own-key-number-1"));
	is_str(sim_key(sim_last_call()), "own-key-number-1", "keys in the request come first");
	sim_answer(sim_last_call(), 200, SIM_JSON, GOOD_ANSWER);
	ok(sim_has(c, "\"total\":1,"), "and alone");
	c = SIM_ASK(.method = "GET", .uri = "/verify", .params = { BEARER });
	is_int(sim_status(c), 401, "a token is not enough for the pool");
	c = SIM_ASK(.uri = "/verify", .params = { BEARER }, .body = SLICE("one " ADMIN));
	is_int(sim_status(c), 401, "the operator's token is not a key");
	c = SIM_ASK(.params = { OPERATE }, .body = CHAT_UNARY);
	is_int(sim_status(c), 403, "nor a token for requests");
	c = SIM_ASK(.uri = GENERATE, .params = { "HTTP_X_GOOG_API_KEY=x," ADMIN },
	    .body = CONTENTS);
	is_int(sim_status(c), 401, "nor one of several keys");
	is_int(sim_calls(), 3, "nothing of that went upstream");
	SIM_CLOSE();
	SIM_OPEN("ADMIN_TOKEN=" ADMIN);
	c = SIM_ASK(.method = "GET", .uri = "/verify", .params = { OPERATE });
	is_int(sim_status(c), 401, "without a pool there is nothing to check");
	SIM_CLOSE();
}

static void
test_generate(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS, "ADMIN_TOKEN=" ADMIN);
	c = SIM_ASK(.method = "GET", .uri = "/verify?generate=1", .params = { OPERATE });
	is_str(sim_method(sim_call(0)), "POST", "a generation");
	ok(slice_ends(slice_str(sim_url(sim_call(0))),
	       SLICE("/v1beta/models/gemini-flash-latest:generateContent")),
	    "with a model that every project has");
	ok(slice_find(sim_sent(sim_call(1)), SLICE("\"maxOutputTokens\":1}")) > 0, "of one token");
	is_slice(sim_line(sim_call(1), "content-type"), "application/json", "as JSON");
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	sim_answer(sim_call(1), 429, SIM_JSON, QUOTA_DAY);
	is_int(sim_count(c, "\"status\":\"GOOD\""), 2, "a key without quota is good");
	ok(sim_has(c, "\"class\":\"quota_day\""), "which is told");
	is_str(sim_log(c, "model"), "gemini-flash-latest", "logged: the model");
	c = SIM_ASK(.method = "GET", .uri = "/verify?generate=1&model=gpt-4o",
	    .params = { OPERATE });
	ok(slice_find(slice_str(sim_url(sim_call(2))), SLICE("/gemini-pro-latest:")) > 0,
	    "another model, or an alias");
	sim_vanish(c);
	c = SIM_ASK(.method = "GET", .uri = "/verify?generate=1&model=a%2Fb%3F",
	    .params = { OPERATE });
	is_int(sim_status(c), 400, "not a name");
	c = SIM_ASK(.method = "GET", .uri = "/verify?generate=0", .params = { OPERATE });
	is_str(sim_method(sim_last_call()), "GET", "not wanted");
	sim_vanish(c);
	SIM_CLOSE();
}

/* Google repeats the key in what it says. */
static void
test_echo(void)
{
	struct sim_client *c;

	SIM_OPEN("HEARTBEAT=10");
	c = SIM_ASK(.uri = "/verify", .body = SLICE("own-key-number-1"));
	sim_answer(sim_call(0), 400, SIM_JSON,
	    GOOGLE_ERROR(400, "INVALID_ARGUMENT", "API key not valid: own-key-number-1", ""));
	ok(sim_has(c, "API key not valid: ****************"), "its echo is hidden");
	ok(!sim_has(c, "own-key-number-1"), "all of it");
	SIM_CLOSE();
}

int
main(void)
{
	test_events();
	test_parallel();
	test_time_limit();
	test_gone();
	test_lists();
	test_who();
	test_pool();
	test_generate();
	test_echo();
	return tap_done();
}
