/* Access tokens: limits in the caller's dialect, models, names in the log, and that neither a token
 * nor a key is ever taken for the other. */
#include "config.h"

#include <stdlib.h>

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define POOL   "GEMINI_API_KEYS=" KEY_1
#define TOKENS "ACCESS_TOKENS=" TOKEN

static struct sim_client *
serve_call(struct sim_client *c)
{
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	return c;
}

static void
test_minute(void)
{
	struct sim_client *c;
	int wait;

	SIM_OPEN(POOL, TOKENS " name=alice rpm=2,other-token-here");
	c = serve_call(SIM_ASK(UNARY));
	is_str(sim_log(c, "token"), "alice", "logged: the name");
	sim_pass(10000);
	serve_call(SIM_ASK(NATIVE));
	c = SIM_ASK(UNARY);
	is_int(sim_status(c), 429, "one more than the limit");
	ok(sim_has(c, "\"code\":\"rate_limit_exceeded\"") && sim_has(c, "2 requests per minute") &&
		sim_has(c, "alice"),
	    "in OpenAI's shape, with the limit and the name");
	wait = atoi(sim_header(c, "Retry-After").ptr);
	ok(wait >= 50 && wait <= 51, "when the first has left");
	is_str(sim_log(c, "token"), "alice", "logged: the name");
	is_str(sim_log(c, "error"), "rate_limit", "logged: the error");
	is_str(sim_log(c, "class"), "token_minute", "logged: why");
	c = SIM_ASK(NATIVE_STREAM);
	is_int(sim_status(c), 429, "the native route");
	ok(sim_has(c, "\"status\":\"RESOURCE_EXHAUSTED\""), "in Google's shape");
	is_int(sim_calls(), 2, "nothing went upstream");
	c = serve_call(SIM_ASK(.params = { "HTTP_API_KEY=other-token-here" }, .body = CHAT_UNARY));
	is_str(sim_log(c, "token"), "", "another token: no limit, no name");
	sim_pass((uint64_t)wait * 1000);
	serve_call(SIM_ASK(UNARY));
	c = SIM_ASK(UNARY);
	is_int(sim_status(c), 429, "the promise was for one");
	SIM_CLOSE();
}

static void
test_day(void)
{
	struct sim_client *c;
	int wait;

	SIM_OPEN(POOL, TOKENS " tpd=16");
	serve_call(SIM_ASK(UNARY));
	c = SIM_ASK(NATIVE_STREAM);
	sim_head(sim_last_call(), 200, SIM_SSE);
	sim_data(sim_last_call(), EVENT("Hello"));
	sim_data(sim_last_call(), LAST_EVENT);
	sim_vanish(c);
	c = SIM_ASK(UNARY);
	is_int(sim_status(c), 429, "16 tokens, also of an answer that was left");
	ok(sim_has(c, "insufficient_quota") && sim_has(c, "16 tokens per day"), "the limit");
	wait = atoi(sim_header(c, "Retry-After").ptr);
	ok(wait > 0 && wait <= 86400, "at midnight");
	is_slice(sim_header(c, "x-should-retry"), "false", "SDKs need not wait");
	is_str(sim_log(c, "class"), "token_day", "logged: why");
	sim_pass((uint64_t)wait * 1000 - 1000);
	is_int(sim_status(SIM_ASK(UNARY)), 429, "not before");
	sim_pass(1000);
	serve_call(SIM_ASK(UNARY));
	SIM_CLOSE();
}

static void
test_models(void)
{
	static const struct {
		const char *method, *uri, *body;
		bool good;
	} rows[] = {
		{ "POST", GENERATE, "{}", true },
		{ "POST", "/v1beta/models/gemini-2.5-pro:generateContent", "{}", false },
		{ "POST", "/v1beta/tunedModels/x:generateContent", "{}", false },
		{ "POST", "/v1beta/tunedModels/files:generateContent", "{}", false },
		{ "POST", "/v1beta/files-of-mine:generateContent", "{}", false },
		{ "POST", "/v1beta/interactions/files", "{\"model\":\"gemini-2.5-pro\"}", false },
		{ "POST", "/v1beta/interactions", "{\"model\":\"gemini-2.5-pro\"}", false },
		{ "POST", "/v1beta/cachedContents", "{\"model\":\"models/x\"}", false },
		{ "POST", "/upload/v1beta/files", "bytes", true },
		{ "POST", "/v1beta/files:register", "{}", true },
		{ "POST", "/upload/v1beta/environments/e/files/p", "bytes", true },
		{ "GET", "/v1beta/files", "", true },
		{ "DELETE", "/v1beta/files/x", "", true },
		{ "POST", "/v1/embeddings",
		    "{\"model\":\"text-embedding-3-small\",\"input\":\"x\"}", false },
		{ "POST", "/v1/chat/completions",
		    "{\"model\":\"gpt-3.5-turbo\",\"messages\":[{\"role\":\"user\",\"content\":"
		    "\"x\"}]}",
		    true },
		{ "POST", "/v1/chat/completions",
		    "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
		    false },
	};
	struct sim_client *c;

	SIM_OPEN(POOL, TOKENS " name=bob models=gemini-2.5-flash*|gemini-flash-latest");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t before = sim_calls();

		c = SIM_ASK(.method = rows[i].method, .uri = rows[i].uri, .params = { GOOGLE },
		    .body = slice_str(rows[i].body));
		is_int(sim_calls() - before, rows[i].good, rows[i].uri);
		if (rows[i].good) {
			sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
			continue;
		}
		is_int(sim_status(c), 403, "  forbidden");
		is_str(sim_log(c, "token"), "bob", "  logged: who");
		is_str(sim_log(c, "class"), "token_model", "  logged: why");
	}
	c = SIM_ASK(.params = { BEARER },
	    .body = SLICE("{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\","
			  "\"content\":\"x\"}]}"));
	ok(sim_has(c, "may not use the model gemini-pro-latest"), "the model is named");
	c = SIM_ASK(.method = "GET", .uri = "/v1beta/interactions",
	    .params = { GOOGLE, "HTTP_X_HTTP_METHOD_OVERRIDE=POST" });
	is_int(sim_status(c), 403, "a method in a header");
	c = SIM_ASK(.method = "GET", .uri = "/v1/models", .params = { BEARER });
	sim_answer(sim_last_call(), 200, SIM_JSON,
	    "{\"models\":[{\"name\":\"models/gemini-2.5-pro\"},"
	    "{\"name\":\"models/gemini-2.5-flash\"}]}");
	ok(sim_has(c, "\"gemini-2.5-flash\"") && !sim_has(c, "gemini-2.5-pro"),
	    "the list shows those that may be used");
	SIM_CLOSE();
}

/* Where both tokens and keys are taken, a token must not reach Google. */
static void
test_no_confusion(void)
{
	static const char *const params[] = {
		"HTTP_AUTHORIZATION=Bearer own-key-number-1, " TOKEN,
		"HTTP_AUTHORIZATION=Bearer " TOKEN ",own-key-number-1",
		"HTTP_X_GOOG_API_KEY=" TOKEN "," TOKEN,
		"HTTP_API_KEY=\"" TOKEN "\"",
	};
	struct sim_client *c;

	SIM_OPEN(POOL, TOKENS, "OWN_KEYS=yes");
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		c = SIM_ASK(.params = { params[i] }, .body = CHAT_UNARY);
		is_int(sim_status(c), 401, params[i]);
		c = SIM_ASK(.method = "GET", .uri = "/verify", .params = { params[i] });
		is_int(sim_status(c), 401, "  nor is it checked");
	}
	c = SIM_ASK(.uri = "/verify", .params = { BEARER },
	    .body = SLICE("own-key-number-1 " TOKEN));
	is_int(sim_status(c), 401, "nor in a list");
	is_int(sim_calls(), 0, "nothing went upstream");
	SIM_CLOSE();
	SIM_OPEN(POOL, TOKENS, "OWN_KEYS=yes");
	c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer " KEY_1 }, .body = CHAT_UNARY);
	is_str(sim_log(c, "keys"), "", "a key is not a token");
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	is_str(sim_log(c, "keys"), "own", "it is its owner's");
	SIM_CLOSE();
}

int
main(void)
{
	test_minute();
	test_day();
	test_models();
	test_no_confusion();
	return tap_done();
}
