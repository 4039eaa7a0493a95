/*
 * What an error of Google's means is the same wherever it comes: as the status, as the first event
 * of a stream, behind content, or as a whole answer with status 200. One table, in
 * tests/golden/judgement/table.txt; UPDATE=1 writes it. A row tells what another key or a pause is
 * tried for, what the client sees when nothing helps, the class in the access line, and what is
 * barred for the next request.
 */
#include "config.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "unit/golden_dir.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define RESPONSES(stream) \
	.uri = "/v1/responses", .params = { BEARER }, \
	.body = SLICE("{\"model\":\"" MODEL "\",\"input\":\"Hi\",\"stream\":" stream "}")

enum place { PLACE_HEAD, PLACE_FIRST, PLACE_AFTER, PLACE_WHOLE, PLACES };
enum dialect_of_row { ROW_CHAT, ROW_RESPONSES, ROW_NATIVE, ROW_DIALECTS };

static const char *const place_words[] = { "head", "first event", "after content", "whole 200" };
static const char *const dialect_words[] = { "chat", "responses", "native" };

static const struct {
	const char *class, *body;
	int status;
} errors[] = {
	{ "key_invalid", KEY_INVALID, 400 },
	{ "key_expired", KEY_EXPIRED, 400 },
	{ "key_leaked", KEY_LEAKED, 403 },
	{ "key_suspended", KEY_SUSPENDED, 403 },
	{ "payment", PAYMENT, 402 },
	{ "quota_minute", QUOTA_MINUTE, 429 },
	{ "quota_day", QUOTA_DAY, 429 },
	{ "exhausted", EXHAUSTED, 429 },
	{ "region",
	    GOOGLE_ERROR(
		400, "FAILED_PRECONDITION", "User location is not supported for the API use.", ""),
	    400 },
	{ "model_not_found",
	    GOOGLE_ERROR(
		404, "NOT_FOUND", "models/" MODEL " is not found for API version v1beta.", ""),
	    404 },
	{ "context_length",
	    GOOGLE_ERROR(400, "INVALID_ARGUMENT",
		"The input token count (9) exceeds the maximum number of tokens allowed (8).", ""),
	    400 },
	{ "bad_request", BAD_FIELD, 400 },
	{ "overloaded", OVERLOADED, 503 },
	{ "internal", INTERNAL_ERROR, 500 },
	{ "deadline", GOOGLE_ERROR(504, "DEADLINE_EXCEEDED", "Deadline expired.", ""), 504 },
};

static struct sim_client *
ask_once(enum dialect_of_row dialect, enum place place)
{
	bool stream = place == PLACE_FIRST || place == PLACE_AFTER;

	switch (dialect) {
	case ROW_CHAT:
		return stream ? SIM_ASK(STREAM) : SIM_ASK(UNARY);
	case ROW_RESPONSES:
		return stream ? SIM_ASK(RESPONSES("true")) : SIM_ASK(RESPONSES("false"));
	case ROW_NATIVE:
	case ROW_DIALECTS:
		break;
	}
	return stream ? SIM_ASK(NATIVE_STREAM) : SIM_ASK(NATIVE);
}

static void
fail_call(struct sim_call *call, size_t error, enum place place)
{
	switch (place) {
	case PLACE_HEAD:
		sim_answer(call, errors[error].status, SIM_JSON, errors[error].body);
		return;
	case PLACE_WHOLE:
		sim_answer(call, 200, SIM_JSON, errors[error].body);
		return;
	case PLACE_FIRST:
	case PLACE_AFTER:
	case PLACES:
		break;
	}
	sim_head(call, 200, SIM_SSE);
	if (place == PLACE_AFTER)
		sim_data(call, EVENT("Hello"));
	sim_data(call, "data: ");
	sim_data(call, errors[error].body);
	sim_data(call, "\r\n\r\n");
	if (sim_may_answer(call))
		sim_end(call, NET_OK);
}

/* With another key at hand. */
static const char *
count_tries(size_t error, enum place place, enum dialect_of_row dialect)
{
	const char *word = "nothing";

	sim_open((const char *const[]){ TWO_KEYS, NULL });
	ask_once(dialect, place);
	fail_call(sim_call(0), error, place);
	if (sim_calls() > 1)
		word = "another key";
	sim_pass(2 * BACKOFF_BASE_MS);
	if (sim_calls() > 1 && word[0] == 'n')
		word = "a pause";
	while (sim_calls() > 1 && sim_may_answer(sim_last_call())) {
		fail_call(sim_last_call(), error, place);
		sim_pass(25000);
	}
	SIM_CLOSE();
	return word;
}

/* The length of the object that text begins with. */
static size_t
object_length(struct slice text)
{
	size_t depth = 0, end = 0;

	for (; end < text.len; end++) {
		depth += text.ptr[end] == '{';
		depth -= text.ptr[end] == '}';
		if (depth == 0)
			return end + 1;
	}
	return end;
}

/* The objects behind a text that the client got, without their words. */
static void
write_objects(struct slice body, struct slice before, struct buf *out)
{
	static const char *const words[] = { "message", "details", "sequence_number" };
	json_object *error;
	ptrdiff_t at;

	while ((at = slice_find(body, before)) >= 0) {
		body.ptr += (size_t)at + before.len;
		body.len -= (size_t)at + before.len;
		if (!slice_starts(body, SLICE("{")))
			continue;
		error = json_read((struct slice){ body.ptr, object_length(body) });
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			json_object_object_del(error, words[i]);
		json_write(error, out);
		json_object_put(error);
	}
}

static void
write_error(struct slice body, struct buf *out)
{
	write_objects(body, SLICE("event: error\ndata: "), out);
	write_objects(body, SLICE("\"error\":"), out);
}

/* What bars the key for the next request, without the time. */
static void
write_bar(const struct sim_client *next, struct buf *out)
{
	struct slice bar = slice_str(sim_log(next, "barred")), word;

	if (slice_split(&bar, '=', &word) && slice_split(&bar, '@', &word))
		buf_addf(out, " | %.*s\n", (int)word.len, word.ptr);
	else
		buf_addf(out, " | all, %d\n", sim_status(next));
}

static void
write_row(size_t error, enum place place, enum dialect_of_row dialect, struct buf *out)
{
	const char *tried = count_tries(error, place, dialect);
	struct sim_client *c, *next;
	size_t calls;

	sim_open((const char *const[]){ ONE_KEY, "WAIT_MAX=0", NULL });
	c = ask_once(dialect, place);
	for (size_t i = 0; i < 4 && sim_may_answer(sim_last_call()); i++) {
		fail_call(sim_last_call(), error, place);
		if (sim_state(c) == SIM_OPEN_YET)
			sim_pass(4 * BACKOFF_BASE_MS);
	}
	buf_addf(out, "%-15s | %-13s | %-9s | %-11s | %d ", errors[error].class, place_words[place],
	    dialect_words[dialect], tried, sim_status(c));
	write_error(sim_body(c), out);
	is_str(sim_log(c, "class"), errors[error].class, "logged: the class");
	buf_addf(out, " | %s", sim_log(c, "error"));
	calls = sim_calls();
	next = ask_once(ROW_NATIVE, PLACE_HEAD);
	if (sim_calls() > calls) {
		buf_adds(out, " | nothing\n");
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	} else {
		write_bar(next, out);
	}
	SIM_CLOSE();
}

/* A stream in the form of an array, which ends with an error. */
static void
test_array_errors(void)
{
	static const char uri[] = "/v1beta/models/" MODEL ":streamGenerateContent";
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(.uri = uri, .params = { GOOGLE }, .body = CONTENTS);
	sim_head(sim_call(0), 200, SIM_JSON);
	sim_data(sim_call(0), "[");
	sim_data(sim_call(0), KEY_LEAKED "]");
	is_int(sim_status(c), 0, "nothing of an error goes out");
	sim_end(sim_call(0), NET_OK);
	is_int(sim_calls(), 2, "another key is tried");
	sim_head(sim_call(1), 200, SIM_JSON);
	sim_data(sim_call(1), "[" ANSWER "\n,\n");
	sim_data(sim_call(1), "{\n  \"error\": {\"code\": 403, \"status\": \"PERMISSION_DENIED\",");
	sim_data(sim_call(1), "\"message\": \"Your API key was reported as leaked.\"}}\n]");
	sim_end(sim_call(1), NET_OK);
	ok(slice_ends(sim_body(c), SLICE("as leaked.\"}}\n]")), "an error behind content passes");
	is_str(sim_log(c, "class"), "key_leaked", "and is judged");
	c = SIM_ASK(.uri = uri, .params = { GOOGLE }, .body = CONTENTS);
	is_int(sim_calls(), 2, "no key is left");
	is_int(sim_status(c), 502, "as the caller is told");
	SIM_CLOSE();
	/* A file of the caller's may begin like an error. */
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = "/v1beta/files/a:download?alt=media", .method = "GET",
	    .params = { GOOGLE });
	sim_head(sim_call(0), 200, "Content-Type: text/plain\r\n");
	sim_data(sim_call(0), "{\"error\":{\"code\":500}}");
	sim_end(sim_call(0), NET_OK);
	is_slice(sim_body(c), "{\"error\":{\"code\":500}}", "a file is a file");
	is_str(sim_log(c, "class"), "ok", "logged: the class");
	SIM_CLOSE();
}

int
main(void)
{
	const char *root = getenv("srcdir");
	char path[512];
	struct buf out;

	buf_init(&out, GOLDEN_MAX);
	buf_adds(&out, "class           | place         | dialect   | tried       | client sees | "
		       "error in the access line | barred for the next request\n");
	for (size_t error = 0; error < ARRAY_SIZE(errors); error++)
		for (enum place place = 0; place < PLACES; place++)
			for (enum dialect_of_row d = 0; d < ROW_DIALECTS; d++)
				write_row(error, place, d, &out);
	snprintf(path, sizeof(path), "%s/tests/golden/judgement/table", root != NULL ? root : ".");
	golden_expect(path, ".txt", buf_slice(&out));
	buf_release(&out);
	test_array_errors();
	return tap_done();
}
