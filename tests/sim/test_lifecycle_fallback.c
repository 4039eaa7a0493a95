/* Fallbacks of an alias, at every endpoint that knows aliases, for one call and for several. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define MISSING GOOGLE_ERROR(404, "NOT_FOUND", "models/x is not found for API version v1beta", "")
#define DATA_ANSWER(mime, data) \
	"{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"inlineData\":{" \
	"\"mimeType\":\"" mime "\",\"data\":\"" data "\"}}]},\"finishReason\":\"STOP\"}]}"
#define VECTOR(x) "{\"embeddings\":[{\"values\":[" x ",0.5]}]}"
#define FORM_LINE "CONTENT_TYPE=multipart/form-data; boundary=b"
#define FORM \
	"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nhears\r\n" \
	"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n" \
	"Content-Type: audio/mpeg\r\n\r\nID3\r\n--b--\r\n"
#define EDIT_FORM \
	"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ndraws\r\n" \
	"--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na cat\r\n" \
	"--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n" \
	"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\r\n--b--\r\n"

static const char aliases[] =
    "MODEL_ALIASES=talks=gemini-9|gemini-8|gemini-3.8-flash,"
    "draws=gemini-9-image|gemini-3.1-flash-image,places=gemini-embedding-9|gemini-embedding-001,"
    "speaks=gemini-9-flash-tts|gemini-3.8-flash-tts,hears=gemini-9-flash|gemini-2.5-flash";

static const struct row {
	const char *what, *uri, *param;
	const char *body;
	size_t calls;      /* for one answer */
	unsigned missing;  /* models that are not there, one after the other */
	const char *model; /* that is used in the end */
	const char *answer;
	const char *shown; /* in the reply; NULL: the dialect shows no model */
	bool events;       /* the upstream call streams */
} rows[] = {
	{ "chat, three choices", "/v1/chat/completions", NULL,
	    "{\"model\":\"talks\",\"n\":3,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
	    3, 2, "gemini-3.8-flash", ANSWER, "\"model\":\"gemini-3.8-flash\"", false },
	{ "chat, three choices as a stream", "/v1/chat/completions", NULL,
	    "{\"model\":\"talks\",\"n\":3,\"stream\":true,"
	    "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
	    3, 2, "gemini-3.8-flash", EVENT("Hello") LAST_EVENT, "\"model\":\"gemini-3.8-flash\"",
	    true },
	{ "completions", "/v1/completions", NULL, "{\"model\":\"talks\",\"prompt\":\"Hi\"}", 1, 2,
	    "gemini-3.8-flash", ANSWER, "\"model\":\"gemini-3.8-flash\"", false },
	{ "completions, two prompts", "/v1/completions", NULL,
	    "{\"model\":\"talks\",\"prompt\":[\"Hi\",\"Ho\"]}", 2, 2, "gemini-3.8-flash", ANSWER,
	    "\"model\":\"gemini-3.8-flash\"", false },
	{ "completions, two prompts as a stream", "/v1/completions", NULL,
	    "{\"model\":\"talks\",\"stream\":true,\"prompt\":[\"Hi\",\"Ho\"]}", 2, 2,
	    "gemini-3.8-flash", EVENT("Hello") LAST_EVENT, "\"model\":\"gemini-3.8-flash\"", true },
	{ "embeddings", "/v1/embeddings", NULL, "{\"model\":\"places\",\"input\":\"Hi\"}", 1, 1,
	    "gemini-embedding-001", VECTOR("1"), "\"model\":\"gemini-embedding-001\"", false },
	{ "one image", "/v1/images/generations", NULL, "{\"model\":\"draws\",\"prompt\":\"a cat\"}",
	    1, 1, "gemini-3.1-flash-image", DATA_ANSWER("image/png", "AAAA"), NULL, false },
	{ "three images", "/v1/images/generations", NULL,
	    "{\"model\":\"draws\",\"prompt\":\"a cat\",\"n\":3}", 3, 1, "gemini-3.1-flash-image",
	    DATA_ANSWER("image/png", "AAAA"), NULL, false },
	{ "two images as a stream", "/v1/images/generations", NULL,
	    "{\"model\":\"draws\",\"prompt\":\"a cat\",\"n\":2,\"stream\":true}", 2, 1,
	    "gemini-3.1-flash-image", DATA_ANSWER("image/png", "AAAA"), NULL, false },
	{ "an edit", "/v1/images/edits", FORM_LINE, EDIT_FORM, 1, 1, "gemini-3.1-flash-image",
	    DATA_ANSWER("image/png", "AAAA"), NULL, false },
	{ "speech", "/v1/audio/speech", NULL,
	    "{\"model\":\"speaks\",\"input\":\"Hi\",\"voice\":\"alloy\",\"response_format\":"
	    "\"wav\"}",
	    1, 1, "gemini-3.8-flash-tts", DATA_ANSWER("audio/l16;rate=24000", "AAAA"), NULL,
	    false },
	{ "a transcript", "/v1/audio/transcriptions", FORM_LINE, FORM, 1, 1, "gemini-2.5-flash",
	    ANSWER, NULL, false },
};

static void
answer_call(struct sim_call *k, const struct row *row)
{
	sim_answer(k, 200, row->events ? SIM_SSE : SIM_JSON, row->answer);
}

/* The answer with the last model, and what is told of it. */
static void
check_served(struct sim_client *c, const struct row *row, size_t from)
{
	char path[64];

	snprintf(path, sizeof(path), "/%s:", row->model);
	is_int(sim_calls(), from + row->calls, "all calls once more");
	for (size_t i = from; i < from + row->calls; i++) {
		ok(strstr(sim_url(sim_call(i)), path) != NULL, "with the fallback");
		answer_call(sim_call(i), row);
	}
	is_int(sim_status(c), 200, "served");
	is_int(sim_state(c), SIM_ENDED, "to the end");
	ok(!sim_has(c, "\"error\""), "without an error");
	ok(row->shown == NULL || sim_has(c, row->shown), "the reply names the model used");
	is_str(sim_log(c, "model"), row->model, "and so does the log");
}

static struct sim_client *
ask_models(const struct row *row)
{
	return SIM_ASK(.uri = row->uri, .params = { BEARER, row->param },
	    .body = slice_str(row->body));
}

/* The model does not exist for any key: the first call that says so is enough. */
static void
test_missing(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sim_client *c;

		SIM_OPEN(TWO_KEYS, aliases);
		c = ask_models(row);
		is_int(sim_calls(), row->calls, row->what);
		for (unsigned m = 0; m < row->missing; m++) {
			sim_answer(sim_call(m * row->calls), 404, SIM_JSON, MISSING);
			for (size_t k = 1; k < row->calls; k++)
				ok(sim_cancelled(sim_call(m * row->calls + k)),
				    "its other calls are given up");
		}
		check_served(c, row, row->missing * row->calls);
		SIM_CLOSE();
	}
}

/* A model at its limits for all keys is not called at all. */
static void
test_busy(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sim_client *c;
		size_t before;

		if (row->missing > 1)
			continue;
		for (int busy = 0; busy < 2; busy++) {
			SIM_OPEN(ONE_KEY, aliases, "WAIT_MAX=0",
			    busy ? "ALIAS_FALLBACK=busy" : "ALIAS_FALLBACK=missing");
			c = ask_models(row);
			sim_answer(sim_call(0), 429, SIM_JSON, QUOTA_DAY);
			for (size_t k = 1; !busy && k < row->calls; k++)
				sim_answer(sim_call(k), 429, SIM_JSON, QUOTA_DAY);
			before = sim_calls();
			is_int(
			    before, busy ? 2 * row->calls : row->calls, "only if that is wanted");
			if (busy) {
				check_served(c, row, row->calls);
				c = ask_models(row);
				check_served(c, row, before);
			} else {
				is_int(sim_status(c), 429, "told");
			}
			SIM_CLOSE();
		}
	}
}

/* A fallback that makes several choices in one call. */
static void
test_one_call(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, "MODEL_ALIASES=talks=gemini-9|gemini-2.5-flash");
	c = ask_models(&rows[0]);
	is_int(sim_calls(), 3, "three calls");
	sim_answer(sim_call(1), 404, SIM_JSON, MISSING);
	is_int(sim_calls(), 4, "one for all three");
	ok(slice_find(sim_sent(sim_call(3)), SLICE("\"candidateCount\":3")) >= 0,
	    "which asks for them");
	sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

/* Vectors of two models are never mixed. */
static void
test_batches(void)
{
	struct buf body, vectors;
	struct sim_client *c;

	buf_init(&body, MIB);
	buf_init(&vectors, MIB);
	buf_adds(&body, "{\"model\":\"places\",\"input\":[\"Hi\"");
	buf_adds(&vectors, "{\"embeddings\":[{\"values\":[1,0.5]}");
	for (size_t i = 1; i < 100; i++) {
		buf_adds(&body, ",\"Hi\"");
		buf_adds(&vectors, ",{\"values\":[1,0.5]}");
	}
	buf_adds(&body, ",\"the last\"]}");
	buf_adds(&vectors, "]}");
	SIM_OPEN(ONE_KEY, aliases);
	c = SIM_ASK(.uri = "/v1/embeddings", .params = { BEARER }, .body = buf_slice(&body));
	sim_answer(sim_call(0), 200, SIM_JSON, vectors.data);
	sim_answer(sim_call(1), 404, SIM_JSON, MISSING);
	is_int(sim_calls(), 3, "the model is gone after the first batch");
	ok(strstr(sim_url(sim_call(2)), "/gemini-embedding-001:") != NULL, "the fallback");
	ok(slice_find(sim_sent(sim_call(2)), SLICE("\"Hi\"")) >= 0, "begins with the first batch");
	sim_answer(sim_call(2), 200, SIM_JSON, vectors.data);
	sim_answer(sim_call(3), 200, SIM_JSON, VECTOR("2"));
	is_int(sim_status(c), 200, "served");
	is_int(sim_count(c, "\"object\":\"embedding\""), 101, "each vector once");
	ok(sim_has(c, "\"model\":\"gemini-embedding-001\""), "of one model");
	SIM_CLOSE();
	buf_release(&body);
	buf_release(&vectors);
}

/* Once a choice has begun in the stream there is no way back. */
static void
test_begun(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY, aliases);
	c = ask_models(&rows[1]);
	sim_head(sim_call(0), 200, SIM_SSE);
	sim_data(sim_call(0), EVENT("Hello"));
	ok(sim_has(c, "Hello"), "the first choice has begun");
	sim_answer(sim_call(1), 404, SIM_JSON, MISSING);
	is_int(sim_calls(), 3, "no other model");
	is_int(sim_count(c, "{\"error\":{"), 1, "told");
	SIM_CLOSE();
}

int
main(void)
{
	test_missing();
	test_busy();
	test_one_call();
	test_batches();
	test_begun();
	return tap_done();
}
