/* Models that are gone: who takes their place, and how Google's list gets there. */
#include "config.h"

#include "base/limits.h"
#include "model_texts.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define IMAGE \
	"{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"inlineData\":{" \
	"\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]},\"finishReason\":\"STOP\"}]}"

static void
is_list_call(size_t call)
{
	ok(strstr(sim_url(sim_call(call)), "/v1beta/models?") != NULL, "the list is asked for");
}

static void
test_gone(void)
{
	struct sim_client *c, *others[2];

	SIM_OPEN(TWO_KEYS);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("gemini-2.5-flash"));
	is_list_call(1);
	for (size_t i = 0; i < 2; i++) {
		others[i] = chat(i == 0 ? CHAT("gemini-3-flash-preview", "")
					: CHAT("gemini-2.5-flash", ",\"stream\":true"));
		sim_answer(sim_call(2 + i), 404, SIM_JSON, MISSING("x"));
	}
	is_int(sim_calls(), 4, "by one request of all");
	sim_answer(sim_call(1), 200, SIM_JSON, LIST);
	sim_pass(CATALOG_POLL_MS);
	is_int(sim_calls(), 7, "then all go on");
	for (size_t i = 4; i < 7; i++) {
		ok(asks_for(i, "gemini-flash-latest"), "with the newest of the line");
		good(i);
	}
	is_int(sim_status(c), 200, "served");
	is_slice(
	    sim_header(c, "x-gemini-balance-model"), "gemini-flash-latest", "the header tells");
	ok(sim_has(c, "\"model\":\"gemini-flash-latest\""), "and the answer");
	is_slice(sim_header(c, "x-gemini-balance-changes"), "/model rewritten", "as a change");
	is_str(sim_log(c, "instead_of"), "gemini-2.5-flash", "and the log");
	is_int(sim_status(others[0]), 200, "served");
	is_int(sim_status(others[1]), 200, "served");
	c = chat(CHAT("gemini-2.5-flash", ""));
	ok(asks_for(7, "gemini-flash-latest"), "at once the next time");
	good(7);
	is_int(sim_status(c), 200, "served");
	sim_pass(LEARNED_KEEP_MS);
	c = chat(CHAT("gemini-2.5-flash", ""));
	ok(asks_for(8, "gemini-2.5-flash"), "a day later it is asked for again");
	good(8);
	ok(sim_header(c, "x-gemini-balance-model").ptr == NULL, "and there");
	SIM_CLOSE();
}

/* Successors that are gone too, names that the list lacks, and a list that cannot be fetched. */
static void
test_no_successor(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
	sim_answer(sim_call(1), 200, SIM_JSON, LIST);
	sim_answer(sim_call(2), 404, SIM_JSON, MISSING("x"));
	ok(asks_for(3, "gemini-3.8-flash"), "the next one");
	sim_answer(sim_call(3), 404, SIM_JSON, MISSING("x"));
	is_int(sim_calls(), 4, "none is left");
	is_int(sim_status(c), 404, "told");
	c = chat(CHAT("gemini-3.8-flsh", ""));
	sim_answer(sim_call(4), 404, SIM_JSON, MISSING("gemini-3.8-flsh"));
	is_int(sim_calls(), 5, "a misspelt name is of no line");
	is_int(sim_status(c), 404, "told");
	ok(sim_has(c, "Did you mean 'gemini-3.8-flash'?"), "with the one that is likely meant");
	c = chat(CHAT("gemini-9-flash", ""));
	sim_answer(sim_call(5), 404, SIM_JSON, MISSING("x"));
	is_int(sim_status(c), 404, "what is newer than all is not retired");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
	sim_answer(sim_call(1), 500, SIM_JSON, INTERNAL_ERROR);
	while (sim_status(c) == 0 && sim_may_answer(sim_last_call()))
		sim_answer(sim_last_call(), 500, SIM_JSON, INTERNAL_ERROR);
	is_int(sim_status(c), 404, "without a list");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
	sim_pass(CATALOG_WAIT_MS);
	is_int(sim_status(c), 404, "or when it takes too long");
	ok(sim_cancelled(sim_call(1)), "which is given up");
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(2), 404, SIM_JSON, MISSING("x"));
	is_int(sim_calls(), 3, "and not tried again at once");
	is_int(sim_status(c), 404, "told");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
	sim_vanish(c);
	ok(sim_cancelled(sim_call(1)), "nor when no request waits any more");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY, "STRICT=yes");
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
	is_int(sim_calls(), 1, "STRICT");
	is_int(sim_status(c), 404, "passed on");
	SIM_CLOSE();
}

/* Other keys come first where a model is closed for one project. */
static void
test_closed(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, CLOSED("gemini-2.5-flash"));
	ok(asks_for(1, "gemini-2.5-flash"), "another key");
	good(1);
	is_int(sim_status(c), 200, "which has it");
	SIM_CLOSE();

	SIM_OPEN(TWO_KEYS);
	c = chat(CHAT("gemini-2.5-flash", ",\"n\":2"));
	sim_answer(sim_call(0), 404, SIM_JSON, CLOSED("gemini-2.5-flash"));
	sim_answer(sim_call(1), 404, SIM_JSON, CLOSED("gemini-2.5-flash"));
	is_list_call(2);
	sim_answer(sim_call(2), 200, SIM_JSON, LIST);
	for (size_t i = 3; i < 5; i++) {
		ok(asks_for(i, "gemini-flash-latest"), "closed to all: the newest of its line");
		good(i);
	}
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, CLOSED("gemini-2.5-flash"));
	sim_answer(sim_call(1), 200, SIM_JSON, "{\"models\":[]}");
	is_int(sim_status(c), 404, "none: told");
	ok(sim_has(c, "no longer available"), "in Google's words");
	SIM_CLOSE();
}

/* Several calls for one answer begin anew together. */
static void
test_fan(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = chat(CHAT("gemini-3-flash-preview", ",\"n\":3"));
	sim_answer(sim_call(1), 404, SIM_JSON, MISSING("x"));
	is_int(sim_calls(), 4, "one list for all");
	is_list_call(3);
	sim_answer(sim_call(3), 200, SIM_JSON, LIST);
	is_int(sim_calls(), 7, "all anew");
	for (size_t i = 4; i < 7; i++)
		good(i);
	is_int(sim_status(c), 200, "served");
	is_int(sim_count(c, "\"Hello\""), 3, "three choices");
	SIM_CLOSE();
}

/* A list that a client asks for counts too; built-in aliases follow it. */
static void
test_lists(void)
{
	static const char list[] = "{\"models\":[" LISTED("gemini-5-flash-image") "," LISTED(
	    "gemini-3.1-flash-image") "," LISTED("gemini-5-flash") "]}";
	static const char image[] = "{\"model\":\"dall-e-3\",\"prompt\":\"a cat\"}";
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	SIM_ASK(.method = "GET", .uri = "/v1/models", .params = { BEARER });
	sim_answer(sim_call(0), 200, SIM_JSON, list);
	SIM_ASK(.uri = "/v1/images/generations", .params = { BEARER }, .body = slice_str(image));
	ok(asks_for(1, "gemini-5-flash-image"), "the newest image model");
	good(1);
	c = chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(2), 404, SIM_JSON, MISSING("x"));
	ok(asks_for(3, "gemini-5-flash"), "no other list is needed");
	good(3);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY, "MODEL_ALIASES=dall-e-*=gemini-3.1-flash-image");
	SIM_ASK(.method = "GET", .uri = "/v1/models", .params = { BEARER });
	sim_answer(sim_call(0), 200, SIM_JSON, list);
	SIM_ASK(.uri = "/v1/images/generations", .params = { BEARER }, .body = slice_str(image));
	ok(asks_for(1, "gemini-3.1-flash-image"), "an operator's alias says what it means");
	good(1);
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	SIM_ASK(.method = "GET", .uri = "/v1/models", .params = { BEARER });
	sim_answer(sim_call(0), 200, SIM_JSON, "{\"models\":[" LISTED("gemini-embedding-2") "]}");
	c = SIM_ASK(.uri = "/v1/embeddings", .params = { BEARER },
	    .body = SLICE("{\"model\":\"gemini-embedding-001\",\"input\":\"Hi\"}"));
	ok(strstr(sim_url(sim_call(1)), "gemini-embedding-001:") != NULL, "vectors stay");
	sim_answer(sim_call(1), 404, SIM_JSON, MISSING("gemini-embedding-001"));
	is_int(sim_calls(), 2, "of one model");
	is_int(sim_status(c), 404, "told");
	SIM_CLOSE();
}

/* Images: some may fail while others come, but not for want of the model. */
static void
test_images(void)
{
	static const char body[] = "{\"model\":\"gpt-image-1\",\"prompt\":\"a cat\",\"n\":2}";
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = "/v1/images/generations", .params = { BEARER }, .body = SLICE(body));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
	is_list_call(2);
	sim_answer(sim_call(2), 200, SIM_JSON, "{\"models\":[" LISTED("gemini-4-flash-image") "]}");
	for (size_t i = 3; i < 5; i++) {
		ok(asks_for(i, "gemini-4-flash-image"), "with the newest");
		sim_answer(sim_call(i), 200, SIM_JSON, IMAGE);
	}
	is_int(sim_status(c), 200, "served");
	is_slice(sim_header(c, "x-gemini-balance-model"), "gemini-4-flash-image", "told");
	SIM_CLOSE();
}

/* A model that counts no tokens may generate all the same. */
static void
test_count(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = "/v1/responses/input_tokens", .params = { BEARER },
	    .body = SLICE("{\"model\":\"gemini-2.5-flash\",\"input\":\"Hi\"}"));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("gemini-2.5-flash"));
	sim_answer(sim_call(1), 200, SIM_JSON, LIST);
	ok(asks_for(2, "gemini-flash-latest"), "the newest counts");
	sim_answer(sim_call(2), 200, SIM_JSON, "{\"totalTokens\":3}");
	is_int(sim_status(c), 200, "served");
	chat(CHAT("gemini-2.5-flash", ""));
	ok(asks_for(3, "gemini-2.5-flash"), "the name is still asked");
	good(3);
	SIM_CLOSE();
}

/* A token for certain models does not get another model. */
static void
test_token(void)
{
	struct sim_client *c;

	SIM_OPEN("GEMINI_API_KEYS=" KEY_1, "ACCESS_TOKENS=token-for-one-model "
					   "models=gemini-2.5-flash|gemini-3.1-flash-image," TOKEN);
	chat(CHAT("gemini-2.5-flash", ""));
	sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
	sim_answer(sim_call(1), 200, SIM_JSON,
	    "{\"models\":[" LISTED("gemini-flash-latest") "," LISTED("gemini-5-flash-image") "]}");
	good(2);
	c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer token-for-one-model" },
	    .body = CHAT("gemini-2.5-flash", ""));
	ok(asks_for(3, "gemini-2.5-flash"), "the one that it is for");
	sim_answer(sim_call(3), 404, SIM_JSON, MISSING("x"));
	is_int(sim_status(c), 404, "or none");
	SIM_ASK(.uri = "/v1/images/generations",
	    .params = { "HTTP_AUTHORIZATION=Bearer token-for-one-model" },
	    .body = SLICE("{\"model\":\"gpt-image-1\",\"prompt\":\"a cat\"}"));
	ok(asks_for(4, "gemini-3.1-flash-image"), "nor does the list change that");
	good(4);
	SIM_CLOSE();
}

/* A model that is gone for a caller's own keys is still there for others. */
static void
test_own_keys(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "OWN_KEYS=yes");
	for (size_t i = 0; i < 2; i++) {
		c = SIM_ASK(.params = { "HTTP_AUTHORIZATION=Bearer a-callers-own-key" },
		    .body = CHAT("gemini-2.5-flash", ""));
		if (i == 0) {
			sim_answer(sim_call(0), 404, SIM_JSON, MISSING("x"));
			sim_answer(sim_call(1), 200, SIM_JSON, LIST);
		}
		ok(asks_for(2 + i, "gemini-flash-latest"), "the caller's is gone");
		is_str(sim_key(sim_call(2 + i)), "a-callers-own-key", "with the caller's key");
		good(2 + i);
		is_int(sim_status(c), 200, "served");
	}
	c = chat(CHAT("gemini-2.5-flash", ""));
	ok(asks_for(4, "gemini-2.5-flash"), "the pool's is not");
	good(4);
	SIM_CLOSE();
}

int
main(void)
{
	test_gone();
	test_no_successor();
	test_closed();
	test_fan();
	test_lists();
	test_own_keys();
	test_token();
	test_count();
	test_images();
	return tap_done();
}
