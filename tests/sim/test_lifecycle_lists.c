/* What takes several calls: the model list in pages, embeddings in batches. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

#define PAGE(first, second, next) \
	"{\"models\":[{\"name\":\"models/" first "\"},{\"name\":\"models/" second "\"}]" next "}"
#define NEXT(token) ",\"nextPageToken\":\"" token "\""

#define MODELS .method = "GET", .uri = "/v1/models", .params = { BEARER }

static void
test_models(void)
{
	static const char base[] =
	    "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000";
	struct sim_client *c;
	char url[200];

	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(MODELS);
	is_str(sim_method(sim_call(0)), "GET", "models: the method upstream");
	is_str(sim_url(sim_call(0)), base, "the first page");
	is_int(sim_sent(sim_call(0)).len, 0, "no body");
	sim_answer(sim_call(0), 200, SIM_JSON, PAGE("gemini-2.5-pro", "a", NEXT("t+1/=")));
	snprintf(url, sizeof(url), "%s&pageToken=t%%2B1%%2F%%3D", base);
	is_str(sim_url(sim_call(1)), url, "the second page");
	sim_answer(sim_call(1), 200, SIM_JSON, PAGE("b", "c", NEXT("t2")));
	snprintf(url, sizeof(url), "%s&pageToken=t2", base);
	is_str(sim_url(sim_call(2)), url, "the third page");
	is_int(sim_status(c), 0, "nothing is answered before the last one");
	sim_answer(sim_call(2), 200, SIM_JSON, PAGE("d", "b", ""));
	is_int(sim_calls(), 3, "three pages");
	is_int(sim_status(c), 200, "the status");
	ok(slice_starts(sim_body(c), SLICE("{\"object\":\"list\",\"data\":[")), "OpenAI's list");
	is_int(sim_count(c, "\"object\":\"model\""), 5, "five models, each once");
	ok(sim_has(c, "\"id\":\"gemini-2.5-pro\"") && sim_has(c, "\"id\":\"d\""), "of all pages");
	SIM_CLOSE();
}

/* Every page may fail and go to another key. */
static void
test_models_fail(void)
{
	struct sim_client *c;

	SIM_OPEN(TWO_KEYS);
	c = SIM_ASK(MODELS);
	sim_answer(sim_call(0), 429, SIM_JSON, EXHAUSTED);
	sim_pass(5000);
	sim_answer(sim_call(1), 200, SIM_JSON, PAGE("a", "b", NEXT("t")));
	sim_answer(sim_call(2), 429, SIM_JSON, QUOTA_MINUTE);
	ok(strcmp(sim_key(sim_call(2)), sim_key(sim_call(3))) != 0, "another key for a page");
	is_str(sim_url(sim_call(3)), sim_url(sim_call(2)), "the same page");
	sim_answer(sim_call(3), 200, SIM_JSON, PAGE("c", "d", ""));
	is_int(sim_count(c, "\"object\":\"model\""), 4, "all pages");
	/* A page that cannot be fetched is not left out. */
	c = SIM_ASK(MODELS);
	sim_answer(sim_call(4), 200, SIM_JSON, PAGE("a", "b", NEXT("t")));
	sim_answer(sim_call(5), 400, SIM_JSON, BAD_FIELD);
	is_int(sim_status(c), 400, "a page that fails");
	c = SIM_ASK(MODELS);
	for (size_t i = 6; i <= 6 + SERVER_FAULT_TRIES; i++) {
		sim_answer(sim_call(i), 200, SIM_JSON, "{\"models\":");
		sim_pass(4 * BACKOFF_BASE_MS);
	}
	is_int(sim_status(c), 502, "a page that is not JSON, again and again");
	is_str(sim_log(c, "class"), "bad_answer", "logged: the class");
	/* Gone between two pages. */
	c = SIM_ASK(MODELS);
	sim_answer(sim_call(9), 200, SIM_JSON, PAGE("a", "b", NEXT("t")));
	sim_vanish(c);
	ok(sim_cancelled(sim_call(10)), "gone at the second page");
	SIM_CLOSE();
}

static void
test_endless_pages(void)
{
	struct sim_client *c;

	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(MODELS);
	for (size_t i = 0; i < 2 * PAGES_MAX && sim_state(c) == SIM_OPEN_YET; i++)
		sim_answer(sim_last_call(), 200, SIM_JSON, PAGE("a", "b", NEXT("again")));
	is_int(sim_calls(), PAGES_MAX, "pages without end");
	is_int(sim_status(c), 200, "what there is");
	SIM_CLOSE();
}

static void
test_model(void)
{
	static const struct {
		const char *uri, *upstream, *shown;
	} rows[] = {
		{ "/v1/models/gemini-2.5-pro", "gemini-2.5-pro", "gemini-2.5-pro" },
		{ "/v1/models/gpt-4o", "gemini-pro-latest", "gpt-4o" },
		{ "/v1/models/google%2Fgemini-2.5-pro", "gemini-2.5-pro", "google/gemini-2.5-pro" },
	};
	struct sim_client *c;
	char text[200];

	SIM_OPEN(ONE_KEY);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = SIM_ASK(.method = "GET", .uri = rows[i].uri, .params = { BEARER });
		snprintf(text, sizeof(text),
		    "https://generativelanguage.googleapis.com/v1beta/models/%s", rows[i].upstream);
		is_str(sim_url(sim_last_call()), text, rows[i].uri);
		sim_answer(sim_last_call(), 200, SIM_JSON, "{\"name\":\"models/gemini-2.5-pro\"}");
		snprintf(text, sizeof(text), "\"id\":\"%s\"", rows[i].shown);
		ok(sim_has(c, text), text);
	}
	c = SIM_ASK(.method = "GET", .uri = "/v1/models/no-such-model", .params = { BEARER });
	sim_answer(sim_last_call(), 404, SIM_JSON,
	    GOOGLE_ERROR(
		404, "NOT_FOUND", "models/no-such-model is not found for API version v1beta", ""));
	is_int(sim_status(c), 404, "an unknown model");
	ok(sim_has(c, "\"code\":\"model_not_found\""), "in OpenAI's words");
	c = SIM_ASK(.method = "GET", .uri = "/v1/models/%zz", .params = { BEARER });
	is_int(sim_status(c), 400, "an id with a bad escape");
	c = SIM_ASK(.method = "HEAD", .uri = "/v1/models/gemini-2.5-pro", .params = { BEARER });
	sim_answer(sim_last_call(), 200, SIM_JSON, "{\"name\":\"models/gemini-2.5-pro\"}");
	is_int(sim_status(c), 200, "HEAD");
	is_int(sim_body(c).len, 0, "without a body");
	ok(sim_header(c, "Content-Length").len > 0, "with its length");
	SIM_CLOSE();
}

/* ---- embeddings ---- */

static size_t
count_in(struct slice text, const char *word)
{
	size_t count = 0;
	ptrdiff_t at;

	for (; (at = slice_find(text, slice_str(word))) >= 0; count++)
		text = (struct slice){ text.ptr + at + 1, text.len - (size_t)at - 1 };
	return count;
}

/* `count` inputs, "input 0" and so on. */
static void
write_inputs(struct buf *out, size_t count)
{
	buf_adds(out, "{\"model\":\"text-embedding-3-small\",\"input\":[");
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s\"input %zu.\"", i > 0 ? "," : "", i);
	buf_adds(out, "]}");
}

/* Vectors whose first value is their place. */
static void
write_vectors(struct buf *out, size_t first, size_t count)
{
	buf_reset(out);
	buf_adds(out, "{\"embeddings\":[");
	for (size_t i = first; i < first + count; i++)
		buf_addf(out, "%s{\"values\":[%zu,0.5]}", i > first ? "," : "", i);
	buf_adds(out, "]}");
}

static void
test_embeddings(void)
{
	struct buf text;
	struct sim_client *c;

	buf_init(&text, MIB);
	SIM_OPEN(TWO_KEYS);
	write_inputs(&text, 250);
	c = SIM_ASK(.uri = "/v1/embeddings", .params = { BEARER }, .body = buf_slice(&text));
	is_str(sim_url(sim_call(0)),
	    "https://generativelanguage.googleapis.com/v1beta/models/"
	    "gemini-embedding-001:batchEmbedContents",
	    "embeddings: the URL upstream");
	is_int(count_in(sim_sent(sim_call(0)), "\"text\":"), 100, "the first hundred");
	ok(slice_find(sim_sent(sim_call(0)), SLICE("input 0.")) > 0 &&
		slice_find(sim_sent(sim_call(0)), SLICE("input 99.")) > 0,
	    "in order");
	write_vectors(&text, 0, 100);
	sim_answer(sim_call(0), 200, SIM_JSON, text.data);
	is_int(count_in(sim_sent(sim_call(1)), "\"text\":"), 100, "the second hundred");
	sim_answer(sim_call(1), 429, SIM_JSON, QUOTA_MINUTE);
	ok(slice_eq(sim_sent(sim_call(2)), sim_sent(sim_call(1))), "again with another key");
	write_vectors(&text, 100, 100);
	sim_answer(sim_call(2), 200, SIM_JSON, text.data);
	is_int(count_in(sim_sent(sim_call(3)), "\"text\":"), 50, "the rest");
	ok(slice_find(sim_sent(sim_call(3)), SLICE("input 249.")) > 0, "up to the last");
	is_int(sim_status(c), 0, "nothing is answered before");
	write_vectors(&text, 200, 50);
	sim_answer(sim_call(3), 200, SIM_JSON, text.data);
	is_int(sim_status(c), 200, "the status");
	is_int(sim_count(c, "\"object\":\"embedding\""), 250, "all of them");
	ok(sim_has(c, "\"index\":249"), "with their places");
	ok(sim_has(c, "\"model\":\"gemini-embedding-001\""), "and the model that was used");
	SIM_CLOSE();
	buf_release(&text);
}

/* The title goes with each input: two megabytes become two hundred. */
static void
test_embedding_title(void)
{
	struct sim_client *c;
	struct buf text;

	buf_init(&text, 4 * MIB);
	SIM_OPEN(ONE_KEY);
	buf_adds(&text, "{\"model\":\"gemini-embedding-001\",\"extra_body\":{\"google\":{"
			"\"task_type\":\"RETRIEVAL_DOCUMENT\",\"title\":\"");
	for (size_t i = 0; i < 2 * MIB; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\"}},\"input\":[\"a\"");
	for (size_t i = 1; i < 100; i++)
		buf_adds(&text, ",\"a\"");
	buf_adds(&text, "]}");
	c = SIM_ASK(.uri = "/v1/embeddings", .params = { BEARER }, .body = buf_slice(&text));
	sim_pass(2);
	is_int(sim_status(c), 413, "more than one call may hold");
	ok(sim_has(c, "\"param\":\"title\""), "because of the title");
	is_int(sim_calls(), 0, "nothing is sent");
	SIM_CLOSE();
	buf_release(&text);
}

static void
test_embedding_faults(void)
{
	struct buf text;
	struct sim_client *c;

	buf_init(&text, MIB);
	SIM_OPEN(ONE_KEY);
	c = SIM_ASK(.uri = "/v1/embeddings", .params = { BEARER },
	    .body = SLICE("{\"model\":\"gemini-embedding-001\",\"input\":\"Hi\"}"));
	write_vectors(&text, 0, 2);
	sim_answer(sim_call(0), 200, SIM_JSON, text.data);
	is_int(sim_status(c), 502, "more vectors than inputs");
	c = SIM_ASK(.uri = "/v1/embeddings", .params = { BEARER },
	    .body = SLICE("{\"model\":\"gemini-embedding-001\",\"input\":[]}"));
	is_int(sim_status(c), 400, "no input");
	ok(sim_has(c, "\"param\":\"input\""), "names the field");
	is_int(sim_calls(), 1, "no call");
	SIM_CLOSE();
	buf_release(&text);
}

int
main(void)
{
	test_models();
	test_models_fail();
	test_endless_pages();
	test_model();
	test_embeddings();
	test_embedding_title();
	test_embedding_faults();
	return tap_done();
}
