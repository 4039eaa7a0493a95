/* The client's side: it leaves at every step, it reads slowly, it sends what cannot be served. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- it leaves ---- */

static void
nothing_yet(void)
{
}

static void
a_heartbeat(void)
{
	sim_pass(10000);
}

static void
a_head(void)
{
	sim_head(sim_call(0), 200, SIM_SSE);
}

static void
an_error_head(void)
{
	sim_head(sim_call(0), 429, SIM_JSON);
}

static void
another_key(void)
{
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_MINUTE);
}

static void
a_pause(void)
{
	sim_answer(sim_call(0), 503, SIM_JSON, OVERLOADED);
}

static void
some_content(void)
{
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("Hello"));
}

static const struct step {
	const char *what;
	void (*lead)(void);
} steps[] = {
	{ "before the head", nothing_yet },
	{ "after a heartbeat", a_heartbeat },
	{ "after Google's head", a_head },
	{ "after an error's head", an_error_head },
	{ "with another key", another_key },
	{ "in a pause", a_pause },
	{ "after content", some_content },
};

static void
check_gone(const struct sim_client *c, const char *what)
{
	size_t calls = sim_calls();
	bool wanted = false;

	is_int(sim_state(c), SIM_DROPPED, what);
	for (size_t i = 0; i < calls; i++)
		wanted |= sim_wanted(sim_call(i));
	ok(!wanted, "no call goes on");
	sim_pass(600000);
	is_int(sim_calls(), (long long)calls, "none is started");
	is_str(sim_log(c, "client"), "gone", "logged: gone");
}

static void
test_gone(void)
{
	static const char *const kinds[] = { "chat stream", "chat", "native stream", "native" };
	struct sim_client *c;
	char what[100];

	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (size_t i = 0; i < COUNT(steps); i++) {
			SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
			c = kind == 0   ? SIM_ASK(STREAM)
			    : kind == 1 ? SIM_ASK(UNARY)
			    : kind == 2 ? SIM_ASK(NATIVE_STREAM)
			                : SIM_ASK(NATIVE);
			steps[i].lead();
			snprintf(what, sizeof(what), "%s: gone %s", kinds[kind], steps[i].what);
			sim_vanish(c);
			check_gone(c, what);
			is_int(sim_log_int(c, "status"), sim_status(c) != 0 ? 200 : 499,
			    "logged: the status");
			SIM_CLOSE();
		}
}

/* The hang-up shows only at the next write. */
static void
test_found_gone(void)
{
	struct sim_client *c;

	for (int native = 0; native < 2; native++) {
		SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_hide(c);
		sim_pass(10000);
		check_gone(c, "found by the first heartbeat");
		SIM_CLOSE();

		SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_hide(c);
		sim_head(sim_call(0), 200, SIM_SSE);
		sim_data(sim_call(0), EVENT("Hello"));
		check_gone(c, "found by the first event");
		SIM_CLOSE();

		SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		some_content();
		sim_hide(c);
		sim_data(sim_call(0), EVENT("Hello"));
		check_gone(c, "found by a further event");
		SIM_CLOSE();

		SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		some_content();
		sim_hide(c);
		sim_pass(10000);
		check_gone(c, "found by a heartbeat");
		SIM_CLOSE();

		/* The tail that might begin a key is written at the end. */
		SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		some_content();
		sim_data(sim_call(0), "data: pool-key-num");
		sim_hide(c);
		sim_end(sim_call(0), NET_OK);
		ok(sim_state(c) != SIM_OPEN_YET, "found by the last bytes");
		SIM_CLOSE();

		/* Nothing is left to be written: the end is not noticed, and does no harm. */
		SIM_OPEN(TWO_KEYS, "HEARTBEAT=10");
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		some_content();
		sim_hide(c);
		sim_end(sim_call(0), NET_CUT);
		ok(sim_state(c) != SIM_OPEN_YET, "hidden until the end");
		SIM_CLOSE();
	}
}

/* While it does not read. */
static void
test_gone_stalled(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(STREAM);
	some_content();
	sim_stall(c);
	sim_data(sim_call(0), EVENT("A"));
	sim_data(sim_call(0), EVENT("B"));
	sim_end(sim_call(0), NET_OK);
	ok(sim_wanted(sim_call(0)), "the end waits for the client");
	sim_vanish(c);
	check_gone(c, "gone while bytes wait");
	SIM_CLOSE();
}

/* ---- it reads slowly ---- */

static void
test_pauses(void)
{
	struct sim_client *c;
	size_t wrong = 0;

	for (int native = 0; native < 2; native++) {
		SIM_OPEN(ONE_KEY);
		c = native ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(STREAM);
		sim_head(sim_call(0), 200, SIM_SSE);
		for (int i = 0; i < 50; i++) {
			if (i % 3 == 0)
				sim_stall(c);
			sim_data(sim_call(0), EVENT("Hello"));
			wrong += sim_paused(sim_call(0)) != (i % 3 < 2);
			if (i % 3 == 1)
				sim_drain(c);
			wrong += i % 3 == 1 && sim_paused(sim_call(0));
		}
		is_int(wrong, 0, "paused while bytes wait, and only then");
		sim_stall(c);
		sim_data(sim_call(0), EVENT("Hello"));
		sim_data(sim_call(0), LAST_EVENT);
		sim_end(sim_call(0), NET_OK);
		is_int(sim_state(c), SIM_OPEN_YET, "the last bytes wait");
		sim_drain(c);
		is_int(sim_state(c), SIM_ENDED, "the last bytes go");
		is_int(sim_count(c, "Hello"), 51, "all events, each once");
		SIM_CLOSE();
	}
}

/* The answer ends while the client does not read: net/ delivers the rest. */
static void
test_end_behind_the_back(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(UNARY);
	sim_stall(c);
	sim_answer(sim_call(0), 200, SIM_JSON, ANSWER);
	is_int(sim_state(c), SIM_ENDED, "a whole answer for a client that does not read");
	sim_drain(c);
	is_int(sim_status(c), 200, "arrives later");
	SIM_CLOSE();
}

/* A head that waits: what Google says meanwhile waits too, failures included. */
static void
test_stalled_at_the_head(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS, "HEARTBEAT=10", "FIRST_BYTE_TIMEOUT=60", "RETRY_TIME=600");
	c = SIM_ASK(STREAM);
	sim_stall(c);
	sim_pass(10000);
	sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_MINUTE);
	sim_pass(120000);
	is_int(sim_calls(), 1, "no other call while the head waits");
	sim_drain(c);
	is_slice(sim_body(c), ": ok\n\n", "one comment");
	is_str(sim_key(sim_call(1)), KEY_2, "then another key");
	sim_answer(sim_call(1), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	ok(slice_ends(sim_body(c), SLICE(DONE)), "done");
	SIM_CLOSE();
}

/* ---- it sends what cannot be served ---- */

static void
test_faults(void)
{
	static const struct {
		enum fcgi_conn_fault fault;
		int status;
		const char *what, *code;
	} rows[] = {
		{ FCGI_CONN_BODY_TOO_LARGE, 413, "a body that is too large", "\"code\":413" },
		{ FCGI_CONN_BODY_TIMEOUT, 408, "a body that does not come", "\"code\":408" },
		{ FCGI_CONN_BODY_REFUSED, 503, "a body that has no place", "\"code\":503" },
		{ FCGI_CONN_BODY_FAILED, 500, "a body that cannot be stored", "\"code\":500" },
	};
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "MAX_BODY=1K");
	for (size_t i = 0; i < COUNT(rows); i++) {
		c = SIM_ASK(STREAM, .fault = rows[i].fault);
		is_int(sim_status(c), rows[i].status, rows[i].what);
		ok(sim_has(c, "{\"error\":{\"message\":\"") && sim_has(c, "\"param\":null"),
		    "OpenAI's shape");
		c = SIM_ASK(NATIVE, .fault = rows[i].fault);
		is_int(sim_status(c), rows[i].status, "native");
		ok(sim_has(c, rows[i].code), "Google's shape");
	}
	c = SIM_ASK(STREAM, .fault = FCGI_CONN_BODY_TOO_LARGE);
	ok(sim_has(c, "1024 bytes"), "it says how large it may be");
	is_int(sim_calls(), 0, "no call is made");
	SIM_CLOSE();
}

/* Requests that cannot be sent upstream. */
static void
test_large_heads(void)
{
	static char header[HEADERS_BYTES_MAX + 100] = "HTTP_X_LARGE=",
					       uri[URL_MAX + 200] = GENERATE "?x=";
	struct sim_client *c;

	memset(header + strlen(header), 'h', sizeof(header) - strlen(header) - 1);
	memset(uri + strlen(uri), 'q', sizeof(uri) - strlen(uri) - 1);
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = GENERATE, .params = { GOOGLE, header }, .body = CONTENTS);
	is_int(sim_status(c), 431, "headers that are too large");
	ok(sim_has(c, "\"code\":431"), "Google's shape");
	c = SIM_ASK(.uri = uri, .params = { GOOGLE }, .body = CONTENTS);
	is_int(sim_status(c), 431, "a URL that is too long");
	is_int(sim_calls(), 0, "no call is made");
	SIM_CLOSE();
}

/* An answer that is larger than what can be translated. */
static void
test_large_answers(void)
{
	static char piece[MIB];
	struct sim_client *c;
	size_t sent = 0;

	memset(piece, ' ', sizeof(piece));
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(UNARY);
	sim_head(sim_call(0), 200, SIM_JSON);
	while (sim_wanted(sim_call(0)) && sent < 2 * COLLECT_MAX) {
		sim_bytes(sim_call(0), (struct slice){ piece, sizeof(piece) });
		sent += sizeof(piece);
	}
	ok(sim_cancelled(sim_call(0)), "an answer without end is cancelled");
	is_int(sent, COLLECT_MAX + MIB, "at the ceiling");
	is_int(sim_status(c), 502, "the status");
	is_int(sim_calls(), 1, "it is not asked for again");
	SIM_CLOSE();

	/* On the native route it is nothing special. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(NATIVE);
	sim_head(sim_call(0), 200, SIM_JSON);
	for (sent = 0; sent < COLLECT_MAX + MIB; sent += sizeof(piece))
		sim_bytes(sim_call(0), (struct slice){ piece, sizeof(piece) });
	sim_end(sim_call(0), NET_OK);
	is_int(sim_state(c), SIM_ENDED, "native: ended");
	is_int(sim_body(c).len, sent, "whole");
	SIM_CLOSE();
}

int
main(void)
{
	test_gone();
	test_found_gone();
	test_gone_stalled();
	test_pauses();
	test_end_behind_the_back();
	test_stalled_at_the_head();
	test_faults();
	test_large_heads();
	test_large_answers();
	return tap_done();
}
