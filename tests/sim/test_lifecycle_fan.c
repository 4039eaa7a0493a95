/* One answer of several upstream calls: each with its own key and tries, one client's side. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define CHOICES(n, more) \
	SLICE("{\"model\":\"gemini-3.8-flash\",\"n\":" #n more \
	      ",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}")
#define THREE     .params = { BEARER }, .body = CHOICES(3, "")
#define THREE_SSE .params = { BEARER }, .body = CHOICES(3, ",\"stream\":true")

static void
answer_call(struct sim_call *k)
{
	sim_answer(k, 200, SIM_JSON, ANSWER);
}

static void
stream_call(struct sim_call *k)
{
	sim_answer(k, 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
}

static void
test_whole(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(THREE);
	is_int(sim_calls(), 3, "three calls at once");
	for (size_t i = 0; i < 3; i++)
		ok(slice_find(sim_sent(sim_call(i)), SLICE("candidateCount")) < 0,
		    "each for one choice");
	answer_call(sim_call(2));
	answer_call(sim_call(0));
	is_int(sim_status(c), 0, "not before the last");
	answer_call(sim_call(1));
	is_int(sim_status(c), 200, "then");
	is_int(sim_count(c, "\"Hello\""), 3, "three choices");
	ok(sim_has(c, "\"index\":0") && sim_has(c, "\"index\":1") && sim_has(c, "\"index\":2"),
	    "numbered");
	ok(sim_has(c, "\"prompt_tokens\":9"), "the tokens of all");
	is_int(sim_log_int(c, "attempts"), 3, "logged: attempts");
	SIM_CLOSE();
}

static void
test_streams(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(THREE_SSE);
	is_int(sim_calls(), 3, "three calls at once");
	stream_call(sim_call(1));
	ok(sim_has(c, "\"index\":1"), "what came is told at once");
	ok(!sim_has(c, "[DONE]"), "the end is not");
	stream_call(sim_call(0));
	stream_call(sim_call(2));
	is_int(sim_count(c, "\"finish_reason\":\"stop\""), 3, "three ends");
	is_int(sim_count(c, DONE), 1, "one end of all");
	ok(slice_ends(sim_body(c), SLICE(DONE)), "at the end");
	is_int(sim_state(c), SIM_ENDED, "ended");
	SIM_CLOSE();
}

/* One branch fails where another key helps; the others do not notice. */
static void
test_branch_retried(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(THREE_SSE);
	stream_call(sim_call(0));
	sim_answer(sim_call(1), 429, SIM_JSON, QUOTA_MINUTE);
	is_int(sim_calls(), 4, "once more");
	stream_call(sim_call(2));
	stream_call(sim_call(3));
	is_int(sim_count(c, "Hello"), 3, "each choice once");
	ok(slice_ends(sim_body(c), SLICE(DONE)), "whole");
	is_int(sim_log_int(c, "attempts"), 4, "logged: attempts");
	SIM_CLOSE();
}

/* A fault that no key cures ends the whole answer, with one error. */
static void
test_branch_fails(void)
{
	static const char bad[] =
	    GOOGLE_ERROR(400, "INVALID_ARGUMENT", "The request is not good", "");
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(THREE);
	answer_call(sim_call(0));
	sim_answer(sim_call(1), 400, SIM_JSON, bad);
	is_int(sim_status(c), 400, "the error's status");
	is_int(sim_count(c, "The request is not good"), 1, "told once");
	ok(!sim_wanted(sim_call(2)), "no call goes on");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(THREE_SSE);
	stream_call(sim_call(0));
	sim_answer(sim_call(1), 400, SIM_JSON, bad);
	is_int(sim_status(c), 200, "the head was sent");
	is_int(sim_count(c, "{\"error\":{"), 1, "an error event");
	ok(!sim_has(c, "[DONE]"), "that is not hidden");
	ok(!sim_wanted(sim_call(2)), "no call goes on");
	SIM_CLOSE();
}

static void
test_client_leaves(void)
{
	struct sim_client *c;

	for (int found = 0; found < 2; found++) {
		SIM_OPEN(ONE_KEY);
		c = SIM_ASK(THREE_SSE);
		stream_call(sim_call(0));
		if (found) {
			sim_hide(c);
			sim_head(sim_call(1), 200, SIM_SSE);
			sim_data(sim_call(1), EVENT("Hello"));
		} else {
			sim_vanish(c);
		}
		ok(!sim_wanted(sim_call(1)) && !sim_wanted(sim_call(2)), "no call goes on");
		is_str(sim_log(c, "client"), "gone", "logged: the client");
		SIM_CLOSE();
	}
}

/* A client that does not read stops all calls; each goes on when it reads again. */
static void
test_slow_client(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(THREE_SSE);
	for (size_t i = 0; i < 3; i++) {
		sim_head(sim_call(i), 200, SIM_SSE);
		sim_data(sim_call(i), EVENT("one"));
	}
	sim_stall(c);
	sim_data(sim_call(0), EVENT("two"));
	for (size_t i = 0; i < 3; i++) {
		ok(sim_paused(sim_call(i)), "held back");
		sim_data(sim_call(i), EVENT("three") LAST_EVENT);
		sim_end(sim_call(i), NET_OK);
	}
	sim_pass(3600000);
	is_int(sim_state(c), SIM_OPEN_YET, "however long");
	sim_drain(c);
	is_int(sim_count(c, "three"), 3, "nothing is lost");
	ok(slice_ends(sim_body(c), SLICE(DONE)), "whole");
	SIM_CLOSE();
}

/* More calls than run at once. */
static void
test_many(void)
{
	struct sim_client *c;
	size_t most = 0;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.params = { BEARER }, .body = CHOICES(20, ""));
	for (size_t i = 0; i < 20; i++) {
		size_t running = 0;

		for (size_t k = 0; k < sim_calls(); k++)
			running += sim_wanted(sim_call(k));
		most = running > most ? running : most;
		answer_call(sim_call(i));
	}
	is_int((int64_t)most, FAN_PARALLEL, "so many at once");
	is_int(sim_calls(), 20, "all of them");
	is_int(sim_count(c, "\"Hello\""), 20, "answered");
	SIM_CLOSE();
}

static void
test_heartbeat(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(THREE_SSE);
	sim_pass(10001);
	is_int(sim_status(c), 200, "the head goes out");
	ok(sim_has(c, ": ok\n\n"), "with a comment");
	sim_pass(10001);
	is_int(sim_count(c, ": waiting\n\n"), 1, "one for all branches");
	for (size_t i = 0; i < 3; i++)
		stream_call(sim_call(i));
	ok(slice_ends(sim_body(c), SLICE(DONE)), "whole");
	SIM_CLOSE();
}

/* The last key is refused: no branch can start, and the answer says so once. */
static void
test_no_key(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(THREE);
	for (size_t i = 0; i < 3 && sim_wanted(sim_call(i)); i++)
		sim_answer(sim_call(i), 400, SIM_JSON, KEY_INVALID);
	is_int(sim_state(c), SIM_ENDED, "ended");
	ok(sim_status(c) >= 400, "an error");
	is_int(sim_count(c, "{\"error\":{"), 1, "told once");
	SIM_CLOSE();
}

/* What Google refuses of our translation is left out, in all branches; once. */
static void
test_mended(void)
{
	static const char refusal[] = GOOGLE_ERROR(
	    400, "INVALID_ARGUMENT", "Thinking is not enabled for models/gemini-3.8-flash", "");
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.params = { BEARER }, .body = CHOICES(3, ",\"reasoning_effort\":\"low\""));
	answer_call(sim_call(0));
	sim_answer(sim_call(1), 400, SIM_JSON, refusal);
	ok(!sim_wanted(sim_call(2)), "the others are given up");
	is_int(sim_calls(), 6, "all begin anew");
	ok(slice_find(sim_sent(sim_call(3)), SLICE("thinkingConfig")) < 0, "without it");
	for (size_t i = 3; i < 6; i++)
		answer_call(sim_call(i));
	is_int(sim_status(c), 200, "answered");
	is_int(sim_count(c, "\"Hello\""), 3, "three choices");
	SIM_CLOSE();

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.params = { BEARER }, .body = CHOICES(2, ",\"reasoning_effort\":\"low\""));
	sim_answer(sim_call(0), 400, SIM_JSON, refusal);
	sim_answer(sim_call(2), 400, SIM_JSON, refusal);
	is_int(sim_status(c), 400, "not a second time");
	is_int(sim_calls(), 4, "no further call");
	SIM_CLOSE();
}

int
main(void)
{
	test_whole();
	test_streams();
	test_branch_retried();
	test_branch_fails();
	test_client_leaves();
	test_slow_client();
	test_many();
	test_heartbeat();
	test_no_key();
	test_mended();
	return tap_done();
}
