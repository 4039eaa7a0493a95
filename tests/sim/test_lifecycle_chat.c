/* Chat through the whole life of a request: streams, whole answers, what the client sees and what
 * Google sees. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

static void
test_unary(void)
{
	struct sim_client *c;
	struct sim_call *k;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(UNARY);
	k = sim_call(0);
	is_str(sim_method(k), "POST", "unary: the method upstream");
	is_str(sim_url(k),
	    "https://generativelanguage.googleapis.com/v1beta/models/" MODEL ":generateContent",
	    "the URL upstream");
	is_str(sim_key(k), KEY_1, "the key upstream");
	is_slice(sim_line(k, "Content-Type"), "application/json", "the type upstream");
	ok(slice_find(sim_sent(k), SLICE("\"text\":\"Hi\"")) > 0, "the question upstream");
	is_int(sim_status(c), 0, "nothing is answered yet");
	sim_pass(60000);
	is_int(sim_status(c), 0, "and no heartbeat is sent");
	sim_answer(k, 200, SIM_JSON, ANSWER);
	is_int(sim_state(c), SIM_ENDED, "ended");
	is_int(sim_status(c), 200, "the status");
	is_slice(sim_header(c, "Content-Type"), "application/json", "the type");
	ok(sim_header(c, "x-request-id").len >= 16, "an id");
	ok(sim_has(c, "\"object\":\"chat.completion\""), "a completion");
	ok(sim_has(c, "\"content\":\"Hello\""), "the answer");
	ok(sim_has(c, "\"finish_reason\":\"stop\""), "its end");
	ok(sim_has(c, "\"total_tokens\":8"), "its usage");
	is_str(sim_log(c, "route"), "chat", "logged: the route");
	is_str(sim_log(c, "model"), MODEL, "logged: the model");
	is_str(sim_log(c, "keys"), "pool", "logged: whose keys");
	is_str(sim_log(c, "class"), "ok", "logged: the class");
	is_int(sim_log_int(c, "attempts"), 1, "logged: attempts");
	is_int(sim_log_int(c, "upstream_status"), 200, "logged: Google's status");
	is_int(sim_log_int(c, "prompt_tokens"), 3, "logged: tokens in");
	is_int(sim_log_int(c, "completion_tokens"), 5, "logged: tokens out");
	is_int(sim_log_int(c, "first_byte_ms"), 60000, "logged: time to the first byte");
	is_int(sim_log_int(c, "total_ms"), 60000, "logged: time in all");
	is_int(sim_log_int(c, "bytes_in"), (long long)CHAT_UNARY.len, "logged: bytes in");
	is_str(sim_log(c, "error"), "", "logged: no error");
	SIM_CLOSE();
}

static void
test_stream(void)
{
	struct sim_client *c;
	struct sim_call *k;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(STREAM);
	k = sim_call(0);
	is_str(sim_url(k),
	    "https://generativelanguage.googleapis.com/v1beta/models/" MODEL
	    ":streamGenerateContent?alt=sse",
	    "stream: the URL upstream");
	sim_head(k, 200, SIM_SSE);
	is_int(sim_status(c), 0, "the head waits for the first event");
	sim_pass(100);
	sim_data(k, EVENT("Hel"));
	is_int(sim_status(c), 200, "the status");
	is_slice(sim_header(c, "Content-Type"), "text/event-stream; charset=utf-8", "the type");
	is_slice(sim_header(c, "Cache-Control"), "no-cache, no-transform", "not to be held back");
	is_slice(sim_header(c, "X-Accel-Buffering"), "no", "by nginx either");
	ok(sim_header(c, "Content-Length").ptr == NULL, "no length");
	ok(sim_has(c, "\"content\":\"Hel\""), "the first event at once");
	ok(sim_forgotten(c), "and the request is forgotten");
	sim_pass(100);
	sim_data(k, EVENT("lo"));
	ok(sim_has(c, "\"content\":\"lo\""), "the second event at once");
	ok(!sim_has(c, "[DONE]"), "not done yet");
	sim_data(k, LAST_EVENT);
	sim_end(k, NET_OK);
	is_int(sim_state(c), SIM_ENDED, "ended");
	is_int(sim_count(c, DONE), 1, "done, once");
	ok(slice_ends(sim_body(c), SLICE(DONE)), "at the end");
	is_int(sim_count(c, "\"finish_reason\":\"stop\""), 1, "one finish reason");
	ok(!sim_has(c, "\"usage\":{"), "no usage that was not asked for");
	is_int(sim_log_int(c, "first_byte_ms"), 100, "logged: time to the first byte");
	is_int(sim_log_int(c, "total_ms"), 200, "logged: time in all");
	is_int(sim_log_int(c, "completion_tokens"), 5, "logged: tokens out");
	SIM_CLOSE();
}

static void
test_usage_in_stream(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.params = { BEARER },
	    .body = SLICE("{\"model\":\"" MODEL
			  "\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
			  "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
	sim_answer(sim_call(0), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	ok(sim_has(c, "\"usage\":{\"prompt_tokens\":3"), "usage that was asked for");
	SIM_CLOSE();
}

/* Any split of the upstream's bytes gives the same answer. */
static void
test_splits(void)
{
	static const char stream[] =
	    ": hello\n\n" EVENT("A\xC3\xA9\xF0\x9F\x98\x80") EVENT("B") LAST_EVENT;
	struct buf first;
	size_t wrong = 0;

	buf_init(&first, 1000000);
	for (size_t size = sizeof(stream) - 1; size > 0; size -= size > 40 ? 40 : 1) {
		struct slice body;
		struct sim_client *c;
		ptrdiff_t at;

		SIM_OPEN(ONE_KEY);
		c = SIM_ASK(STREAM);
		sim_head(sim_call(0), 200, SIM_SSE);
		sim_pieces(sim_call(0), SLICE(stream), size);
		sim_end(sim_call(0), NET_OK);
		/* Without the id, which is random. */
		body = sim_body(c);
		while ((at = slice_find(body, SLICE("chatcmpl-"))) >= 0) {
			struct slice id = { body.ptr + at, 9 };

			while (id.ptr[id.len] != '"')
				id.len++;
			memset((char *)(uintptr_t)id.ptr, 'x', id.len);
		}
		body = sim_body(c);
		if (first.len == 0)
			buf_add_slice(&first, body);
		wrong += !slice_eq(buf_slice(&first), body) || sim_state(c) != SIM_ENDED;
		wrong += sim_close()[0] != '\0';
	}
	is_int(wrong, 0, "any split gives the same answer");
	ok(first.len > 200 && slice_find(buf_slice(&first), SLICE("A\xC3\xA9\xF0\x9F\x98\x80")) > 0,
	    "that holds the text");
	buf_release(&first);
}

static void
test_bad_requests(void)
{
	static const struct {
		const char *body, *param, *what;
	} rows[] = {
		{ "{", "null", "no JSON" },
		{ "", "null", "no body" },
		{ "[]", "null", "no object" },
		{ "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", "\"model\"",
		    "no model" },
		{ "{\"model\":\"" MODEL "\"}", "\"messages\"", "no messages" },
		{ "{\"model\":\"" MODEL "\",\"messages\":[{\"role\":\"king\",\"content\":\"Hi\"}]}",
		    "\"messages[0].role\"", "an unknown role" },
		{ "{\"model\":\"../x\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
		    "\"model\"", "a name that climbs" },
	};
	struct sim_client *c;
	char param[64];

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = SIM_ASK(.params = { BEARER }, .body = slice_str(rows[i].body));
		is_int(sim_status(c), 400, rows[i].what);
		snprintf(param, sizeof(param), "\"param\":%s", rows[i].param);
		ok(sim_has(c, param), param);
	}
	is_int(sim_calls(), 0, "no call is made for them");
	SIM_CLOSE();
}

/* What cannot be read of a good answer is Google's fault, not the client's. */
static void
test_bad_answers(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "RETRY_MAX=0");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 200, SIM_JSON, "<html>");
	is_int(sim_status(c), 502, "a whole answer that is not JSON");
	c = SIM_ASK(STREAM);
	sim_answer(sim_call(1), 200, SIM_SSE, "data: {\"candidates\":\n\n");
	is_int(sim_state(c), SIM_ENDED, "an event that is not JSON: ended");
	ok(sim_has(c, "\"error\":{"), "with an error");
	ok(!sim_has(c, "[DONE]"), "not done");
	c = SIM_ASK(STREAM);
	sim_answer(sim_call(2), 200, SIM_SSE, "");
	ok(sim_status(c) >= 500 || sim_has(c, "\"error\":{"), "an empty stream is an error");
	ok(!sim_has(c, "[DONE]"), "not done");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(3), 200, SIM_JSON, "");
	is_int(sim_status(c), 502, "an empty answer");
	SIM_CLOSE();
}

/* The request body may be needed longer than the answer's beginning: it stays as long. */
static void
test_body_held(void)
{
	struct sim_client *c;
	struct sim_call *k;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(STREAM);
	k = sim_call(0);
	sim_hold_body(k);
	sim_head(k, 200, SIM_SSE);
	sim_data(k, EVENT("Hel"));
	sim_data(k, EVENT("lo"));
	ok(!sim_forgotten(c), "the body is kept until it was sent");
	sim_take_body(k);
	sim_data(k, LAST_EVENT);
	sim_end(k, NET_OK);
	ok(slice_ends(sim_body(c), SLICE(DONE)), "an answer before the body was sent");
	SIM_CLOSE();
}

int
main(void)
{
	test_unary();
	test_stream();
	test_usage_in_stream();
	test_splits();
	test_bad_requests();
	test_bad_answers();
	test_body_held();
	return tap_done();
}
