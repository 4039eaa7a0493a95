/* Google's servers fail: how often, when and with what the call is made again. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Ways to fail that a moment's wait may cure. */
static const struct fault {
	const char *what;
	int status; /* 0: the transfer ends with `result` before there is a head */
	const char *body;
	enum netresult result;
	const char *class;
	int final;
} faults[] = {
	{ "500", 500, INTERNAL_ERROR, NET_OK, "internal", 500 },
	{ "503", 503, OVERLOADED, NET_OK, "overloaded", 503 },
	{ "504", 504, GOOGLE_ERROR(504, "DEADLINE_EXCEEDED", "Deadline expired", ""), NET_OK,
	    "deadline", 504 },
	{ "an HTML page", 502, "<html>Bad Gateway</html>", NET_OK, "server_error", 502 },
	{ "no name", 0, NULL, NET_RESOLVE, "net_resolve", 502 },
	{ "no connection", 0, NULL, NET_CONNECT, "net_connect", 502 },
	{ "no TLS", 0, NULL, NET_TLS, "net_tls", 502 },
	{ "a reset", 0, NULL, NET_CUT, "net_cut", 502 },
	{ "a time limit", 0, NULL, NET_TIMEOUT, "net_timeout", 504 },
	{ "an end without an answer", 0, NULL, NET_OK, "net_cut", 502 },
	{ "a stream that says nothing", 200, "", NET_OK, "net_cut", 502 },
	{ "a cut before the content", 200, "", NET_CUT, "net_cut", 502 },
	{ "a cut behind a comment", 200, ": hi\n\n", NET_CUT, "net_cut", 502 },
};

static void
fail_with(struct sim_call *k, const struct fault *f)
{
	if (f->status == 0) {
		sim_end(k, f->result);
		return;
	}
	sim_head(k, f->status, f->status == 200 ? SIM_SSE : SIM_JSON);
	if (f->body[0] != '\0')
		sim_data(k, f->body);
	if (sim_wanted(k))
		sim_end(k, f->result);
}

/* The next call starts within the bounds of the n-th pause: half to one and a half of it. */
static void
pause_is(unsigned n, size_t calls)
{
	uint64_t base = (uint64_t)BACKOFF_BASE_MS << n;

	is_int(sim_calls(), calls, "a pause first");
	sim_pass(base / 2 - 1);
	is_int(sim_calls(), calls, "not too short");
	sim_pass(base + 1);
	is_int(sim_calls(), calls + 1, "not too long");
}

static void
test_tries(void)
{
	struct sim_client *c;

	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct fault *f = &faults[i];

		SIM_OPEN(ONE_KEY);
		c = SIM_ASK(STREAM);
		fail_with(sim_call(0), f);
		is_int(sim_state(c), SIM_OPEN_YET, f->what);
		pause_is(0, 1);
		is_str(sim_key(sim_call(1)), KEY_1, "the only key again");
		fail_with(sim_call(1), f);
		pause_is(1, 2);
		fail_with(sim_call(2), f);
		sim_pass(60000);
		is_int(sim_calls(), 1 + SERVER_FAULT_TRIES, "not more tries than that");
		is_int(sim_state(c), SIM_ENDED, "ended");
		is_int(sim_status(c), f->final, "the status");
		ok(sim_has(c, "{\"error\":{\"message\":\""), "an error");
		is_str(sim_log(c, "class"), f->class, "logged: the class");
		is_int(sim_log_int(c, "attempts"), 1 + SERVER_FAULT_TRIES, "logged: attempts");
		SIM_CLOSE();
	}
}

static void
test_cured(void)
{
	struct sim_client *c;

	for (size_t i = 0; i < COUNT(faults); i++) {
		SIM_OPEN(TWO_KEYS);
		c = SIM_ASK(STREAM);
		fail_with(sim_call(0), &faults[i]);
		sim_pass(2000);
		is_str(sim_key(sim_call(1)), KEY_2, faults[i].what);
		ok(slice_eq(sim_sent(sim_call(1)), sim_sent(sim_call(0))), "the same body again");
		sim_answer(sim_call(1), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
		is_int(sim_status(c), 200, "cured");
		is_int(sim_count(c, "Hello"), 1, "the answer, once");
		ok(slice_ends(sim_body(c), SLICE(DONE)), "whole");
		SIM_CLOSE();
	}
}

static void
test_whole_answers(void)
{
	struct sim_client *c;

	/* No byte of a whole answer that was cut has reached the client: it is fetched again. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(UNARY);
	sim_head(sim_call(0), 200, SIM_JSON);
	sim_data(sim_call(0), "{\"candidates\":[{\"content\":");
	sim_end(sim_call(0), NET_CUT);
	is_int(sim_state(c), SIM_OPEN_YET, "a cut whole answer");
	sim_pass(2000);
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "is fetched again");
	SIM_CLOSE();
}

static void
test_retry_max(void)
{
	struct sim_client *c;

	SIM_OPEN(THREE_KEYS, "RETRY_MAX=0");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 503, SIM_JSON, OVERLOADED);
	is_int(sim_status(c), 503, "RETRY_MAX=0: no second call after 503");
	is_slice(sim_header(c, "Retry-After"), "5", "when to come back");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(1), 400, SIM_JSON, KEY_INVALID);
	is_int(sim_status(c), 502, "RETRY_MAX=0: no second key");
	is_int(sim_calls(), 2, "two calls in all");
	SIM_CLOSE();
	SIM_OPEN(THREE_KEYS, "RETRY_MAX=1");
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 400, SIM_JSON, KEY_INVALID);
	sim_answer(sim_call(1), 400, SIM_JSON, KEY_INVALID);
	is_int(sim_status(c), 502, "RETRY_MAX=1: no third key");
	is_int(sim_calls(), 2, "two calls in all");
	SIM_CLOSE();
}

/* A key that was refused is not worth another try; one that met an overloaded server is. */
static void
test_mixed(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(UNARY);
	sim_answer(sim_call(0), 400, SIM_JSON, KEY_INVALID);
	sim_answer(sim_call(1), 503, SIM_JSON, OVERLOADED);
	sim_pass(2000);
	is_str(sim_key(sim_call(2)), KEY_2, "refused, overloaded: the second key again");
	sim_answer(sim_call(2), 503, SIM_JSON, OVERLOADED);
	sim_pass(2000);
	is_str(sim_key(sim_call(3)), KEY_2, "and again");
	sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(UNARY);
	is_str(sim_key(sim_call(0)), KEY_1, "overloaded,");
	sim_answer(sim_call(0), 503, SIM_JSON, OVERLOADED);
	sim_pass(2000);
	is_str(sim_key(sim_call(1)), KEY_2, "then refused:");
	sim_answer(sim_call(1), 400, SIM_JSON, KEY_INVALID);
	is_str(sim_key(sim_call(2)), KEY_1, "the first key again");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(UNARY);
	sim_answer(sim_last_call(), 503, SIM_JSON, OVERLOADED);
	sim_pass(2000);
	sim_answer(sim_last_call(), 400, SIM_JSON, KEY_INVALID);
	sim_answer(sim_last_call(), 400, SIM_JSON, KEY_INVALID);
	is_int(sim_status(c), 502, "overloaded, then both refused: no third round");
	is_int(sim_calls(), 3, "three calls");
	SIM_CLOSE();
}

/* Google answers 200 and says in the first event that it failed. */
static void
test_framed(void)
{
	static const struct {
		const char *what, *first, *class;
		bool pause;
	} rows[] = {
		{ "an error event, quota", "data: " QUOTA_MINUTE "\r\n\r\n", "quota_minute",
		    false },
		{ "an error event, overloaded", "data: " OVERLOADED "\n\n", "overloaded", true },
		{ "a bare error object", QUOTA_MINUTE "\n", "quota_minute", false },
		{ "an array", "[" KEY_INVALID "]", "key_invalid", false },
		{ "behind a comment", ": hi\n\ndata: " QUOTA_DAY "\n\n", "quota_day", false },
	};
	struct sim_client *c;

	for (size_t i = 0; i < COUNT(rows) * 2; i++) {
		bool native = i >= COUNT(rows);
		size_t row = i % COUNT(rows);

		SIM_OPEN(TWO_KEYS);
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_answer(sim_call(0), 200, SIM_SSE, rows[row].first);
		is_int(sim_status(c), 0, rows[row].what);
		is_int(sim_calls(), rows[row].pause ? 1 : 2,
		    "another key, after a pause where it helps");
		sim_pass(2000);
		is_str(sim_key(sim_call(1)), KEY_2, "the other key");
		sim_answer(sim_call(1), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
		ok(sim_has(c, "Hello") && !sim_has(c, "error"), "the client sees the answer only");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		for (int n = 0; n < 3 && sim_state(c) == SIM_OPEN_YET; n++) {
			sim_answer(sim_last_call(), 200, SIM_SSE, rows[row].first);
			sim_pass(2000);
		}
		ok(sim_status(c) >= 400, "all of them: a status that tells");
		ok(sim_has(c, native ? "\"status\":\"" : "\"param\":null"),
		    "in the caller's dialect");
		is_str(sim_log(c, "class"), rows[row].class, "logged: the class");
		SIM_CLOSE();
	}
}

/* After the first content nothing is repeated: the client is told. */
static void
test_after_content(void)
{
	static const char *const error_event = "data: " OVERLOADED "\n\n";
	struct sim_client *c;

	for (int native = 0; native < 2; native++)
		for (int way = 0; way < 3; way++) {
			static const char *const ways[] = { "cut after content",
				"error event after content", "bare error after content" };

			SIM_OPEN(TWO_KEYS);
			c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
			sim_head(sim_call(0), 200, SIM_SSE);
			sim_data(sim_call(0), EVENT("Hel"));
			if (way == 1)
				sim_data(sim_call(0), error_event);
			if (way == 2)
				sim_data(sim_call(0), OVERLOADED);
			if (sim_wanted(sim_call(0)))
				sim_end(sim_call(0), way == 0 ? NET_CUT : NET_OK);
			sim_pass(60000);
			is_int(sim_calls(), 1, ways[way]);
			is_int(sim_state(c), SIM_ENDED, "ended");
			is_int(sim_count(c, "Hel"), 1, "the content");
			is_int(sim_count(c, "\"error\":"), 1, "one error");
			ok(!sim_has(c, "[DONE]"), "not done");
			ok(native || sim_has(c, "\"param\":null"), "in the caller's dialect");
			SIM_CLOSE();
		}
}

/* A cut behind the last event does no harm. */
static void
test_cut_at_the_end(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("Hello") LAST_EVENT);
	sim_end(sim_call(0), NET_CUT);
	ok(slice_ends(sim_body(c), SLICE(DONE)), "a cut behind the last event");
	ok(!sim_has(c, "error"), "is not an error");
	SIM_CLOSE();
}

/* Bodies are sent again, from memory and from the file; large ones as well. */
static void
test_bodies(void)
{
	static char large[3 * MIB];
	struct sim_client *c;

	memset(large, 'x', sizeof(large));
	memcpy(large, "begin", 5);
	memcpy(large + sizeof(large) - 3, "end", 3);
	for (int spooled = 0; spooled < 2; spooled++) {
		SIM_OPEN(THREE_KEYS);
		c = SIM_ASK(.uri = GENERATE, .params = { GOOGLE, "CONTENT_TYPE=application/json" },
		    .body = { large, sizeof(large) }, .spooled = spooled);
		/* A thread reads the file first. */
		sim_pass(2);
		sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_MINUTE);
		sim_answer(sim_call(1), 503, SIM_JSON, OVERLOADED);
		sim_pass(2000);
		for (size_t i = 0; i < 3; i++) {
			ok(slice_eq(sim_sent(sim_call(i)), (struct slice){ large, sizeof(large) }),
			    spooled ? "the body from the file" : "the body from memory");
			is_slice(
			    sim_line(sim_call(i), "content-type"), "application/json", "its type");
		}
		sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), 200, "served");
		is_int(sim_log_int(c, "bytes_in"), sizeof(large), "logged: bytes in");
		c = SIM_ASK(.params = { BEARER }, .body = CHAT_UNARY, .spooled = spooled);
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), 200, "a translated one");
		SIM_CLOSE();
	}
}

int
main(void)
{
	test_tries();
	test_cured();
	test_whole_answers();
	test_retry_max();
	test_mixed();
	test_framed();
	test_after_content();
	test_cut_at_the_end();
	test_bodies();
	return tap_done();
}
