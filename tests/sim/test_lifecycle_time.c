/* Silence: heartbeats, time limits for the Gemini API, a client that does not read. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define HEARTBEATS(c) (sim_count((c), ": ok\n\n") + sim_count((c), ": waiting\n\n"))

static void
test_heartbeat(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
	c = SIM_ASK(STREAM);
	sim_pass(9999);
	is_int(sim_status(c), 0, "nothing before the time");
	sim_pass(1);
	is_int(sim_status(c), 200, "then a head");
	is_slice(sim_header(c, "Content-Type"), "text/event-stream; charset=utf-8", "of a stream");
	is_slice(sim_body(c), ": ok\n\n", "and a comment");
	sim_pass(10000);
	is_int(HEARTBEATS(c), 2, "another one");
	sim_pass(20000);
	is_int(HEARTBEATS(c), 4, "and so on");
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_pass(10000);
	is_int(HEARTBEATS(c), 5, "Google's head is not content");
	sim_data(sim_call(0), EVENT("Hel"));
	sim_pass(9999);
	is_int(HEARTBEATS(c), 5, "content counts as a sign of life");
	sim_data(sim_call(0), EVENT("lo"));
	sim_pass(9999);
	is_int(HEARTBEATS(c), 5, "each time");
	sim_pass(1);
	is_int(HEARTBEATS(c), 6, "silence inside the answer");
	sim_data(sim_call(0), LAST_EVENT);
	sim_end(sim_call(0), NET_OK);
	is_int(sim_count(c, "\"content\":\"Hel\""), 1, "the content");
	ok(slice_ends(sim_body(c), SLICE(DONE)), "done");
	is_int(sim_log_int(c, "first_byte_ms"), 50000, "logged: a comment is not a first byte");
	SIM_CLOSE();
}

/* The time to the first heartbeat counts from the request, not from a try. */
static void
test_heartbeat_over_tries(void)
{
	struct sim_client *c;

	SIM_OPEN(THREE_KEYS, "HEARTBEAT=10");
	c = SIM_ASK(STREAM);
	sim_pass(6000);
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_MINUTE);
	sim_pass(3999);
	is_int(sim_status(c), 0, "another key");
	sim_pass(1);
	is_slice(sim_body(c), ": ok\n\n", "does not put the heartbeat off");
	sim_pass(6000);
	sim_answer(sim_call(1), 429, SIM_JSON, QUOTA_MINUTE);
	sim_pass(4000);
	is_int(HEARTBEATS(c), 2, "nor the next one");
	sim_answer(sim_call(2), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	SIM_CLOSE();
}

static void
test_no_heartbeat(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "HEARTBEAT=0");
	c = SIM_ASK(STREAM);
	sim_pass(200000);
	is_int(sim_status(c), 0, "HEARTBEAT=0: none");
	sim_answer(sim_call(0), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	SIM_CLOSE();
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE);
	sim_pass(200000);
	is_int(sim_status(c), 0, "none in a whole native answer");
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	is_slice(sim_body(c), ANSWER, "which stays as it is");
	SIM_CLOSE();
}

/* After the heartbeat another key may still be tried; a failure can only be told in the stream. */
static void
test_after_heartbeat(void)
{
	struct sim_client *c;

	for (int native = 0; native < 2; native++) {
		SIM_OPEN(TWO_KEYS, "HEARTBEAT=10", "WAIT_MAX=0");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_pass(10000);
		is_slice(sim_body(c), ": ok\n\n", native ? "native" : "chat");
		sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_MINUTE);
		is_str(sim_key(sim_call(1)), KEY_2, "the other key after the heartbeat");
		sim_answer(sim_call(1), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
		is_int(sim_count(c, "Hello"), 1, "serves");
		ok(!sim_has(c, "error") && !sim_has(c, "Status:"), "nothing else is seen");

		sim_pass(60000);
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_pass(10000);
		sim_answer(sim_call(2), 429, SIM_JSON, QUOTA_MINUTE);
		sim_pass(10000);
		sim_answer(sim_call(3), 429, SIM_JSON, QUOTA_MINUTE);
		is_int(sim_state(c), SIM_ENDED, "both fail: ended");
		is_int(sim_status(c), 200, "the head was sent");
		ok(slice_starts(sim_body(c), SLICE(": ok\n\n: waiting\n\ndata: {\"error\":{")),
		    "an error event behind the comments");
		ok(sim_has(c, native ? "\"status\":\"RESOURCE_EXHAUSTED\""
				     : "\"code\":\"rate_limit_exceeded\""),
		    "in the caller's dialect");
		ok(slice_ends(sim_body(c), SLICE("}}\n\n")), "whole");
		is_int(sim_log_int(c, "status"), 200, "logged: what the client saw");
		is_str(sim_log(c, "error"), "rate_limit", "logged: why");

		sim_pass(60000);
		/* A fault of the caller, too: Google's answer is not mixed into the stream. */
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_pass(10000);
		sim_answer(sim_call(4), 400, SIM_JSON, BAD_FIELD);
		is_int(sim_count(c, "data: {\"error\":{"), 1, "a bad request behind a heartbeat");
		ok(sim_has(c, "Cannot find field"), "in Google's words");
		SIM_CLOSE();
	}
}

/* Heartbeats go on during the pause before another try. */
static void
test_heartbeat_in_pause(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "HEARTBEAT=0.02");
	c = SIM_ASK(STREAM);
	sim_answer(sim_call(0), 503, SIM_JSON, OVERLOADED);
	sim_pass(120);
	is_int(sim_calls(), 1, "in the pause");
	sim_pass(1000);
	is_int(sim_calls(), 2, "the pause ends");
	sim_answer(sim_call(1), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	ok(slice_ends(sim_body(c), SLICE(DONE)), "served");
	SIM_CLOSE();
}

/* The bytes of a native event stay together: they wait for its end, and heartbeats go before. */
static void
test_inside_an_event(void)
{
	static const char event[] = EVENT("Hello");
	static const struct {
		struct slice text;
		const char *what;
		bool whole;
	} rows[] = {
		{ { event, 20 }, "in a line", false },
		{ { event, sizeof(event) - 1 - 4 }, "behind the last line", false },
		{ { event, sizeof(event) - 1 - 2 }, "behind its end, CR LF", false },
		{ { event, sizeof(event) - 1 - 1 }, "behind CR LF CR", false },
		{ { event, sizeof(event) - 1 }, "behind the blank line", true },
		{ { "data: {}\n\n", 10 }, "behind LF LF", true },
		{ { "data: {}\n", 9 }, "behind LF", false },
		{ { "data: {}\r\r", 10 }, "behind CR CR", true },
	};
	struct sim_client *c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf want;

		SIM_OPEN(ONE_KEY, "HEARTBEAT=10");
		buf_init(&want, KIB);
		c = SIM_ASK(NATIVE_STREAM);
		sim_head(sim_call(0), 200, SIM_SSE);
		/* In two pieces, so that the end is not always that of a piece. */
		sim_bytes(sim_call(0), (struct slice){ rows[i].text.ptr, rows[i].text.len - 1 });
		sim_bytes(
		    sim_call(0), (struct slice){ rows[i].text.ptr + rows[i].text.len - 1, 1 });
		sim_pass(25000);
		if (rows[i].whole)
			buf_add_slice(&want, rows[i].text);
		buf_adds(&want, ": waiting\n\n: waiting\n\n");
		is_slice(sim_body(c), want.data, rows[i].what);
		sim_data(sim_call(0), "x");
		sim_end(sim_call(0), NET_OK);
		if (!rows[i].whole)
			buf_add_slice(&want, rows[i].text);
		buf_adds(&want, "x");
		is_slice(sim_body(c), want.data, "  the end brings what is left");
		SIM_CLOSE();
		buf_release(&want);
	}
}

static void
test_first_byte_timeout(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "FIRST_BYTE_TIMEOUT=30", "IDLE_TIMEOUT=5", "HEARTBEAT=0");
	c = SIM_ASK(UNARY);
	sim_pass(29999);
	ok(sim_wanted(sim_call(0)), "the first byte may take its time");
	sim_pass(1);
	ok(sim_cancelled(sim_call(0)), "no longer");
	sim_pass(2000);
	ok(sim_wanted(sim_call(1)), "another try");
	sim_pass(30000);
	ok(sim_cancelled(sim_call(1)), "the same limit");
	sim_pass(2000);
	sim_pass(30000);
	is_int(sim_calls(), 3, "three tries");
	is_int(sim_status(c), 504, "the status");
	ok(sim_has(c, "\"code\":\"upstream_timeout\""), "the code");
	SIM_CLOSE();
}

static void
test_idle_timeout(void)
{
	struct sim_client *c;

	for (int native = 0; native < 2; native++) {
		SIM_OPEN(ONE_KEY, "FIRST_BYTE_TIMEOUT=30", "IDLE_TIMEOUT=25", "HEARTBEAT=10");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_head(sim_call(0), 200, SIM_SSE);
		for (int i = 0; i < 4; i++) {
			sim_pass(24000);
			sim_data(sim_call(0), EVENT("Hello"));
		}
		ok(sim_wanted(sim_call(0)), native ? "native" : "chat");
		sim_pass(24999);
		ok(sim_wanted(sim_call(0)), "silence may last");
		sim_pass(1);
		ok(sim_cancelled(sim_call(0)), "not longer than the limit");
		is_int(sim_state(c), SIM_ENDED, "ended");
		is_int(sim_count(c, "data: {\"error\":{"), 1, "with an error event");
		ok(sim_has(c, native ? "\"DEADLINE_EXCEEDED\"" : "\"upstream_timeout\""),
		    "that says so");
		ok(!sim_has(c, "[DONE]"), "not done");
		is_int(sim_calls(), 1, "no second call");
		SIM_CLOSE();
	}
	/* Before any content there is another try, as after the limit of the first byte. */
	for (int native = 0; native < 2; native++) {
		SIM_OPEN(ONE_KEY, "IDLE_TIMEOUT=25");
		c = native ? SIM_ASK(NATIVE) : SIM_ASK(UNARY);
		sim_head(sim_call(0), 200, SIM_JSON);
		sim_data(sim_call(0), "{");
		sim_pass(25000);
		ok(sim_cancelled(sim_call(0)),
		    native ? "silence inside a native document" : "silence inside a whole answer");
		sim_pass(2000);
		sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), 200, "is cured by another try");
		SIM_CLOSE();
	}
	/* Bytes of another kind, which went out at once, can only be cut short. */
	SIM_OPEN(ONE_KEY, "IDLE_TIMEOUT=25");
	c = SIM_ASK(NATIVE);
	sim_head(sim_call(0), 200, "Content-Type: video/mp4\r\n");
	sim_data(sim_call(0), "{");
	sim_pass(25000);
	is_int(sim_state(c), SIM_DROPPED, "silence inside a video cuts it short");
	is_slice(sim_body(c), "{", "without a word of ours");
	SIM_CLOSE();
}

/* A client that does not read stops the upstream; no comment is piled up for it, and that silence
 * is not the upstream's. */
static void
test_stalled(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "IDLE_TIMEOUT=25", "HEARTBEAT=10");
	c = SIM_ASK(STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("A"));
	ok(!sim_paused(sim_call(0)), "a client that reads");
	sim_stall(c);
	sim_data(sim_call(0), EVENT("B"));
	ok(sim_paused(sim_call(0)), "a client that does not: paused");
	sim_data(sim_call(0), EVENT("C"));
	sim_pass(100000);
	ok(sim_wanted(sim_call(0)), "its silence is not the upstream's");
	ok(!sim_has(c, "\"B\""), "nothing went out");
	sim_drain(c);
	ok(!sim_paused(sim_call(0)), "it reads again: resumed");
	ok(sim_has(c, "\"B\"") && sim_has(c, "\"C\""), "what waited is delivered");
	is_int(HEARTBEATS(c), 0, "no comment was piled up");
	sim_pass(20000);
	is_int(HEARTBEATS(c), 2, "heartbeats go on");
	sim_data(sim_call(0), EVENT("D"));
	sim_stall(c);
	sim_pass(100000);
	sim_drain(c);
	is_int(HEARTBEATS(c), 3, "one comment waited, no more");
	sim_pass(24999);
	ok(sim_wanted(sim_call(0)), "the upstream's time counts from then");
	sim_data(sim_call(0), LAST_EVENT);
	sim_end(sim_call(0), NET_OK);
	ok(slice_ends(sim_body(c), SLICE(DONE)), "done");
	SIM_CLOSE();
}

int
main(void)
{
	test_heartbeat();
	test_heartbeat_over_tries();
	test_no_heartbeat();
	test_after_heartbeat();
	test_heartbeat_in_pause();
	test_inside_an_event();
	test_first_byte_timeout();
	test_idle_timeout();
	test_stalled();
	return tap_done();
}
