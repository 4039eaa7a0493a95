/* RETRY_EMPTY: an answer without anything in it is tried again, before the client has seen it. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define EMPTY \
	"{\"candidates\":[{\"content\":{\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":" \
	"0}]," USAGE "}"
#define TEXT \
	"{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello\"}]}}]}"
#define FIRST_EVENT \
	"data: " \
	"{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]}}]}" \
	"\r\n\r\n"
#define ARRAY         "/v1beta/models/" MODEL ":streamGenerateContent"
#define PROMPT        SLICE("{\"model\":\"" MODEL "\",\"prompt\":\"Hi\"}")
#define PROMPT_STREAM SLICE("{\"model\":\"" MODEL "\",\"prompt\":\"Hi\",\"stream\":true}")
#define INPUT         SLICE("{\"model\":\"" MODEL "\",\"input\":\"Hi\"}")
#define INPUT_STREAM  SLICE("{\"model\":\"" MODEL "\",\"input\":\"Hi\",\"stream\":true}")

static const struct row {
	const char *what;
	struct sim_ask ask;
	const char *type, *empty, *good;
} rows[] = {
	{ "chat", { UNARY }, SIM_JSON, EMPTY, ANSWER },
	{ "a stream of chat", { STREAM }, SIM_SSE, FIRST_EVENT LAST_EVENT,
	    FIRST_EVENT EVENT("Hello") LAST_EVENT },
	{ "completions", { .uri = "/v1/completions", .params = { BEARER } }, SIM_JSON, EMPTY,
	    ANSWER },
	{ "a stream of completions", { .uri = "/v1/completions", .params = { BEARER } }, SIM_SSE,
	    LAST_EVENT, EVENT("Hello") LAST_EVENT },
	{ "responses", { .uri = "/v1/responses", .params = { BEARER } }, SIM_JSON, EMPTY, ANSWER },
	{ "a stream of responses", { .uri = "/v1/responses", .params = { BEARER } }, SIM_SSE,
	    LAST_EVENT, EVENT("Hello") LAST_EVENT },
	{ "generateContent", { NATIVE }, SIM_JSON, EMPTY, ANSWER },
	{ "streamGenerateContent", { NATIVE_STREAM }, SIM_SSE, LAST_EVENT,
	    FIRST_EVENT EVENT("Hello") LAST_EVENT },
	{ "streamGenerateContent as an array", { .uri = ARRAY, .params = { GOOGLE } }, SIM_JSON,
	    "[" EMPTY "\n]", "[{},\n" TEXT ",\n" EMPTY "]" },
};

/* Slices are not constants, so the bodies cannot stand in the table. */
static struct sim_client *
ask_native(const struct row *row)
{
	const struct slice bodies[] = { CHAT_UNARY, CHAT_STREAM, PROMPT, PROMPT_STREAM, INPUT,
		INPUT_STREAM, CONTENTS, CONTENTS, CONTENTS };
	struct sim_ask copy = row->ask;

	copy.body = bodies[row - rows];
	return sim_ask(&copy);
}

static bool
is_native(const struct row *row)
{
	return strstr(row->what, "Content") != NULL;
}

/* Empty once, then not: in pieces, because nothing may slip out before the content. */
static void
test_once(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sim_client *c;

		SIM_OPEN(TWO_KEYS, "RETRY_EMPTY=yes");
		c = ask_native(row);
		is_str(sim_key(sim_call(0)), KEY_1, row->what);
		sim_head(sim_call(0), 200, row->type);
		sim_pieces(sim_call(0), slice_str(row->empty), 7);
		is_int(sim_status(c), 0, "nothing goes out");
		sim_end(sim_call(0), NET_OK);
		is_int(sim_calls(), 1, "a pause");
		sim_pass(2 * BACKOFF_BASE_MS);
		is_str(sim_key(sim_call(1)), KEY_2, "then another key");
		sim_head(sim_call(1), 200, row->type);
		sim_pieces(sim_call(1), slice_str(row->good), 7);
		sim_end(sim_call(1), NET_OK);
		is_int(sim_status(c), 200, "served");
		ok(sim_count(c, "Hello") >= 1, "with the text");
		if (is_native(row))
			is_slice(sim_body(c), row->good, "byte by byte");
		is_str(sim_log(c, "class"), "ok", "logged: how it ended");
		ok(strstr(sim_log(c, "failed"), "=empty") != NULL, "logged: what went before");
		is_int(sim_log_int(c, "attempts"), 2, "logged: attempts");
		is_str(sim_log(c, "error"), "", "logged: no error");
		SIM_CLOSE();
	}
}

/* What a client gets, without the parts that differ each time. */
static void
keep_event(struct buf *out, struct sim_client *c)
{
	struct slice body = sim_body(c);

	buf_addf(out, "%d ", sim_status(c));
	for (size_t i = 0; i < body.len; i++)
		if (body.ptr[i] < '0' || body.ptr[i] > '9')
			if (body.ptr[i] < 'a' || body.ptr[i] > 'f')
				buf_addc(out, body.ptr[i]);
}

/* Always empty: after two further tries the answer is passed on as without the option. */
static void
test_always(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sim_client *c;
		struct buf off, on;

		buf_init(&off, 64 * KIB);
		buf_init(&on, 64 * KIB);
		SIM_OPEN(ONE_KEY);
		c = ask_native(row);
		sim_answer(sim_call(0), 200, row->type, row->empty);
		is_int(sim_state(c), SIM_ENDED, row->what);
		is_str(sim_log(c, "failed"), "", "without the option it is an answer");
		keep_event(&off, c);
		SIM_CLOSE();
		SIM_OPEN(ONE_KEY, "RETRY_EMPTY=yes");
		c = ask_native(row);
		for (size_t k = 0; k <= SERVER_FAULT_TRIES; k++) {
			is_int(sim_calls(), k + 1, "another try");
			sim_answer(sim_call(k), 200, row->type, row->empty);
			sim_pass(4 * BACKOFF_BASE_MS);
		}
		is_int(sim_calls(), SERVER_FAULT_TRIES + 1, "not more");
		keep_event(&on, c);
		is_slice(buf_slice(&on), off.data, "passed as it is");
		is_str(sim_log(c, "class"), "empty", "logged: the class");
		SIM_CLOSE();
		buf_release(&off);
		buf_release(&on);
	}
}

/* What has a reason, what was cut, and what does not generate text is judged as it is without
 * the option. */
static void
test_others(void)
{
	static const char full[] = "{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\"}]}";
	static const char blocked[] = "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}";
	static const char *const reasons[] = { full, blocked };
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS, "RETRY_EMPTY=yes");
	for (size_t i = 0; i < COUNT(reasons); i++) {
		c = SIM_ASK(NATIVE);
		sim_answer(sim_last_call(), 200, SIM_JSON, reasons[i]);
		is_slice(sim_body(c), reasons[i], "there is a reason: passed");
	}
	c = SIM_ASK(.uri = "/v1beta/models/" MODEL ":countTokens", .params = { GOOGLE },
	    .body = CONTENTS);
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	is_slice(sim_body(c), "{}", "no generation: passed");
	c = SIM_ASK(.method = "GET", .uri = "/v1beta/files", .params = { GOOGLE });
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	is_slice(sim_body(c), "{}", "a list of files: passed");
	c = SIM_ASK(.uri = "/v1/images/generations", .params = { BEARER },
	    .body = SLICE("{\"model\":\"gemini-3.1-flash-image\",\"prompt\":\"a cat\"}"));
	sim_answer(sim_last_call(), 200, SIM_JSON, EMPTY);
	is_int(sim_status(c), 502, "no image: told as ever");
	is_int(sim_calls(), 5, "one call each");
	c = SIM_ASK(STREAM);
	sim_head(sim_last_call(), 200, SIM_SSE);
	sim_data(sim_last_call(), FIRST_EVENT);
	sim_end(sim_last_call(), NET_CUT);
	sim_pass(2 * BACKOFF_BASE_MS);
	is_int(sim_calls(), 7, "cut before its content: another try");
	sim_answer(sim_last_call(), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	ok(slice_ends(sim_body(c), SLICE(DONE)), "served");
	ok(strstr(sim_log(c, "failed"), "=net_cut") != NULL, "logged: it was cut");
	SIM_CLOSE();
}

/* A stream that holds nothing yet gets its comments; an empty answer of one key does not bar the
 * model. */
static void
test_heartbeat(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "RETRY_EMPTY=yes", "HEARTBEAT=2");
	c = SIM_ASK(STREAM);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), FIRST_EVENT);
	sim_pass(5000);
	ok(sim_has(c, ": ok\n\n") && sim_has(c, ": waiting\n\n"), "comments meanwhile");
	ok(!sim_has(c, "data:"), "and nothing else");
	sim_data(sim_call(0), LAST_EVENT);
	sim_end(sim_call(0), NET_OK);
	SIM_ASK(UNARY);
	is_int(sim_calls(), 2, "the key serves others at once");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	sim_pass(2 * BACKOFF_BASE_MS);
	sim_answer(sim_call(2), 200, SIM_SSE, EVENT("Hello") LAST_EVENT);
	is_int(sim_count(c, "Hello"), 1, "the text once");
	ok(slice_ends(sim_body(c), SLICE(DONE)), "to its end");
	SIM_CLOSE();
}

/* Of several choices the empty one is tried again. */
static void
test_fan(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "RETRY_EMPTY=yes");
	c = SIM_ASK(.uri = "/v1/completions", .params = { BEARER },
	    .body = SLICE("{\"model\":\"" MODEL "\",\"prompt\":[\"one\",\"two\"]}"));
	sim_answer(sim_call(0), 200, SIM_JSON, EMPTY);
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	sim_pass(2 * BACKOFF_BASE_MS);
	is_int(sim_calls(), 3, "one more call");
	ok(slice_find(sim_sent(sim_call(2)), SLICE("one")) >= 0, "for the first prompt");
	sim_answer(sim_call(2), 200, SIM_JSON, ANSWER);
	is_int(sim_count(c, "Hello"), 2, "both have a text");
	SIM_CLOSE();
}

int
main(void)
{
	test_once();
	test_always();
	test_others();
	test_heartbeat();
	test_fan();
	return tap_done();
}
