/* Large bodies: translated off the loop, within the memory of one and of all requests. */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"
#include "app/request/request.h"

#define EMBEDDINGS "{\"model\":\"gemini-embedding-001\",\"input\":[\"a\",\"b\"]}"
#define IMAGES     "{\"model\":\"gemini-2.5-flash-image\",\"prompt\":\"A cat\"}"
#define SPEECH     "{\"model\":\"gemini-3.1-flash-tts\",\"input\":\"Hi\",\"voice\":\"alloy\"}"
#define PROMPT     "{\"model\":\"" MODEL "\",\"prompt\":\"Hi\"}"
#define INPUT      "{\"model\":\"" MODEL "\",\"input\":\"Hi\"}"
#define CHAT       "{\"model\":\"" MODEL "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"

/* The text with blanks at its end, so that it has that length. */
static void
padded_body(const char *text, size_t len, struct buf *out)
{
	char *room;

	buf_init(out, 64 * MIB);
	buf_adds(out, text);
	room = buf_room(out, len - out->len);
	memset(room, ' ', len - out->len);
	out->len = len;
}

/* What a request means does not depend on which side of the limit its body is. */
static void
test_both_sides(void)
{
	static const struct {
		const char *uri, *body;
	} rows[] = {
		{ "/v1/chat/completions", CHAT },
		{ "/v1/responses", INPUT },
		{ "/v1/completions", PROMPT },
		{ "/v1/embeddings", EMBEDDINGS },
		{ "/v1/images/generations", IMAGES },
		{ "/v1/audio/speech", SPEECH },
		{ GENERATE, CHAT },
	};
	static const size_t lengths[] = { 1000, BODY_UNSCANNED, BODY_UNSCANNED + 1, BODY_INLINE,
		BODY_INLINE + 1, 2 * MIB };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool native = strcmp(rows[i].uri, GENERATE) == 0;
		struct slice first = SLICE("");

		SIM_OPEN(ONE_KEY);
		for (size_t k = 0; k < ARRAY_SIZE(lengths); k++) {
			struct slice sent;
			struct buf body;

			padded_body(rows[i].body, lengths[k], &body);
			SIM_ASK(.uri = rows[i].uri, .params = { native ? GOOGLE : BEARER },
			    .body = buf_slice(&body));
			sim_pass(2);
			is_int(sim_calls(), k + 1, rows[i].uri);
			sent = sim_sent(sim_last_call());
			first = k == 0 ? sent : first;
			ok(native ? sent.len == lengths[k] : slice_eq(sent, first),
			    "  the same goes to Google");
			sim_answer(sim_last_call(), 400, SIM_JSON, BAD_FIELD);
			buf_release(&body);
		}
		SIM_CLOSE();
	}
}

/* While a thread has the request, its client may leave and the process may stop. */
static void
test_meanwhile(void)
{
	struct sim_client *c;
	struct buf body;

	padded_body(CHAT, BODY_INLINE + 1, &body);
	SIM_OPEN(ONE_KEY, "HEARTBEAT=1");
	c = SIM_ASK(.params = { BEARER }, .body = buf_slice(&body));
	is_int(sim_calls(), 0, "a thread has it");
	sim_vanish_early(c);
	is_int(sim_state(c), SIM_OPEN_YET, "its client left");
	sim_pass(2);
	is_int(sim_state(c), SIM_DROPPED, "dropped when the thread is done");
	is_int(sim_calls(), 0, "without a call");
	is_str(sim_log(c, "client"), "gone", "logged: why");
	c = SIM_ASK(.params = { BEARER }, .body = buf_slice(&body));
	sim_cut(c);
	sim_pass(2);
	is_int(sim_status(c), 503, "the process stops meanwhile");
	is_str(sim_log(c, "error"), "stopping", "logged: why");
	is_int(sim_calls(), 0, "without a call");
	SIM_CLOSE();
	buf_release(&body);
}

/* A stream that the process ends says so. */
static void
test_cut(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("Hello"));
	sim_cut(c);
	is_int(sim_state(c), SIM_ENDED, "a stream that is cut ends");
	is_int(sim_count(c, "data: {\"error\":{\"message\":\"The gateway is shutting down"), 1,
	    "and says why");
	ok(sim_cancelled(sim_call(0)), "its call is cancelled");
	is_str(sim_log(c, "class"), "stopping", "logged: whose doing it was");
	is_str(sim_log(c, "client"), "", "not the client's");
	SIM_CLOSE();
}

/* What becomes of a body is bounded, wherever in it the JSON stands. */
static void
test_values(void)
{
	static const struct {
		const char *what, *before, *one, *after;
	} rows[] = {
		{ "in a field that nobody reads",
		    "{\"model\":\"" MODEL "\",\"messages\":[{\"role\":\"user\","
		    "\"content\":\"Hi\"}],\"metadata\":[0",
		    ",{}", "]}" },
		{ "in the arguments of a call",
		    "{\"model\":\"" MODEL "\",\"messages\":[{\"role\":\"user\","
		    "\"content\":\"Hi\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\","
		    "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"[0",
		    ",{}", "]\"}}]}]}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sim_client *c;
		struct buf body;

		buf_init(&body, 64 * MIB);
		buf_adds(&body, rows[i].before);
		while (body.len < 2 * MIB)
			buf_adds(&body, rows[i].one);
		buf_adds(&body, rows[i].after);
		SIM_OPEN(ONE_KEY);
		c = SIM_ASK(.params = { BEARER }, .body = buf_slice(&body));
		sim_pass(2);
		is_int(sim_status(c), 413, rows[i].what);
		ok(sim_has(c, "\"code\":\"request_too_large\"") && sim_has(c, "JSON values"),
		    "  it says what is wrong");
		is_int(sim_calls(), 0, "  no call is made");
		SIM_CLOSE();
		buf_release(&body);
	}
}

/* All bodies together. */
static void
test_account(void)
{
	struct sim_client *c;
	struct buf body;

	padded_body(CHAT, 50 * KIB, &body);
	SIM_OPEN(ONE_KEY, "MEMORY_MAX=240K");
	for (size_t i = 0; i < 10; i++)
		SIM_ASK(STREAM);
	is_int(sim_calls(), 10, "small ones have room");
	c = SIM_ASK(.params = { BEARER }, .body = buf_slice(&body));
	is_int(sim_calls(), 11, "and a larger one");
	c = SIM_ASK(.params = { BEARER }, .body = buf_slice(&body));
	is_int(sim_status(c), 503, "the next one would be too much");
	ok(sim_header(c, "Retry-After").len > 0, "  it is told when to come back");
	is_str(sim_log(c, "error"), "no_memory", "logged: why");
	sim_answer(sim_call(10), 200, SIM_JSON, ANSWER);
	SIM_ASK(.params = { BEARER }, .body = buf_slice(&body));
	is_int(sim_calls(), 12, "there is room again when one has ended");
	sim_answer(sim_call(11), 200, SIM_JSON, ANSWER);
	buf_release(&body);
	padded_body(CHAT, 90 * KIB, &body);
	c = SIM_ASK(.params = { BEARER }, .body = buf_slice(&body));
	is_int(sim_status(c), 413, "more than there is for all");
	for (size_t i = 0; i < 10; i++)
		sim_answer(sim_call(i), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	SIM_CLOSE();
	buf_release(&body);
}

int
main(void)
{
	test_both_sides();
	test_meanwhile();
	test_cut();
	test_values();
	test_account();
	return tap_done();
}
