/* embeddings.c: the largest request, and vectors as bytes. */
#include "config.h"

#include "core/openai/embeddings/embeddings.h"

#include <math.h>

#include "base/base64.h"
#include "base/limits.h"
#include "tap.h"

static struct answer_scratch scratch;

static struct models *models;

/* 2048 inputs in 21 calls, the last of which is not full. */
static void
test_batches(void)
{
	struct embed_request request;
	struct embed_reply reply;
	struct apierror err;
	struct buf text, out;
	size_t calls = 0;
	int answer = 0;

	buf_init(&text, 16 * MIB);
	buf_init(&out, 16 * MIB);
	buf_adds(&text, "{\"model\":\"gemini-embedding-2\",\"input\":[\"x\"");
	for (int i = 1; i < EMBED_INPUTS_MAX; i++)
		buf_adds(&text, ",\"x\"");
	buf_adds(&text, "]}");
	embed_request_init(&request);
	embed_reply_init(&reply, &scratch);
	ok(embed_request_read(
	       &request, buf_slice(&text), &(struct translate_env){ .models = models }, &err) == 0,
	    "2048 inputs");
	is_int(request.count, EMBED_INPUTS_MAX, "are counted");
	for (size_t first = 0; first < request.count; first += EMBED_BATCH_MAX, calls++) {
		buf_reset(&text);
		embed_request_write(&request, first, &text);
		buf_reset(&out);
		buf_adds(&out, "{\"embeddings\":[");
		for (size_t i = first; i < request.count && i < first + EMBED_BATCH_MAX; i++)
			buf_addf(&out, "%s{\"values\":[%zu,0.5]}", i > first ? "," : "", i);
		buf_adds(&out, "]}");
		answer |= embed_reply_add(&reply, &request, buf_slice(&out), &err);
	}
	is_int(calls, 21, "in 21 calls");
	buf_reset(&out);
	ok(answer == 0 && embed_reply_write(&reply, &request, "m", &out, &err) == 0, "one list");
	ok(slice_find(buf_slice(&out), SLICE("\"index\":2047,\"embedding\":[2047,0.5]}]")) > 0,
	    "in order");
	is_int(reply.usage.prompt, EMBED_INPUTS_MAX, "usage is estimated");
	embed_reply_release(&reply);
	embed_request_release(&request);
	buf_release(&text);
	buf_release(&out);
}

/* What base64 holds after normalising is a vector of length one. */
static void
test_unit_length(void)
{
	struct embed_request request;
	struct embed_reply reply;
	struct apierror err;
	unsigned char bytes[12];
	double sum = 0;
	ptrdiff_t at;

	embed_request_init(&request);
	embed_reply_init(&reply, &scratch);
	ok(embed_request_read(&request,
	       SLICE("{\"model\":\"text-embedding-3-large\",\"input\":\"x\",\"dimensions\":3,"
		     "\"encoding_format\":\"base64\"}"),
	       &(struct translate_env){ .models = models }, &err) == 0,
	    "request");
	ok(embed_reply_add(&reply, &request,
	       SLICE("{\"embeddings\":[{\"values\":[1e-3,2e-3,-7]}]}"), &err) == 0,
	    "reply");
	at = slice_find(buf_slice(&reply.data), SLICE("\"embedding\":\""));
	if (ok(at > 0, "a string")) {
		base64_peek((struct slice){ reply.data.data + at + 13, 16 }, bytes, sizeof(bytes));
		for (int i = 0; i < 3; i++) {
			uint32_t bits = (uint32_t)bytes[i * 4] | (uint32_t)bytes[i * 4 + 1] << 8 |
			                (uint32_t)bytes[i * 4 + 2] << 16 |
			                (uint32_t)bytes[i * 4 + 3] << 24;
			float value;

			memcpy(&value, &bits, sizeof(value));
			sum += (double)value * (double)value;
		}
	}
	ok(fabs(sum - 1) < 1e-6, "of length one");
	embed_reply_release(&reply);
	embed_request_release(&request);
}

/* What is left out of a request, and what a strict list makes of it. */
static void
test_changes(void)
{
	/* clang-format off */
	static const struct {
		const char *text, *header, *param; /* header: NULL when it is refused */
		bool strict;
	} cases[] = {
		{ "{\"model\":\"gemini-embedding-001\",\"input\":\"x\",\"dimensions\":3,"
		  "\"task_type\":\"CLUSTERING\"}", "", "", true },
		{ "{\"model\":\"gemini-embedding-001\",\"input\":\"x\",\"user\":\"u\"}",
		  "/user ignored", "", true },
		{ "{\"model\":\"gemini-embedding-2\",\"input\":\"x\","
		  "\"google\":{\"task_type\":\"CLUSTERING\",\"title\":\"T\"}}",
		  "/google/task_type ignored, /google/title ignored", "", false },
		{ "{\"model\":\"gemini-embedding-2\",\"input\":\"x\",\"task_type\":\"CLUSTERING\"}",
		  NULL, "task_type", true },
		{ "{\"model\":\"gemini-embedding-001\",\"input\":\"x\","
		  "\"extra_body\":{\"google\":{\"title\":\"T\"}}}",
		  NULL, "extra_body.google.title", true },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct embed_request request;
		struct changes changes;
		struct apierror err = { 0 };
		int answer;

		embed_request_init(&request);
		changes_init(&changes, cases[i].strict);
		answer = embed_request_read(&request, slice_str(cases[i].text),
		    &(struct translate_env){ .models = models, .changes = &changes }, &err);
		is_int(answer, cases[i].header != NULL ? 0 : -1, cases[i].text);
		is_str(err.param, cases[i].param, "the field");
		if (cases[i].header != NULL)
			is_slice(changes_header(&changes), cases[i].header, "the header");
		changes_release(&changes);
		embed_request_release(&request);
	}
}

int
main(void)
{
	const char *error;

	models = models_new(models_default_aliases, &error);
	test_batches();
	test_unit_length();
	test_changes();
	models_free(models);
	return tap_done();
}
