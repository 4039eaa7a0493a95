/*
 * Embeddings. Input: the request of the client, a line with `--`, the answer of upstream. What goes
 * either way is JSON, and a reply has one vector for each input.
 */
#include "config.h"

#include "base/limits.h"
#include "core/openai/embeddings/embeddings.h"
#include "fuzz.h"

static struct answer_scratch scratch;

static void
check_requests(const struct embed_request *request)
{
	json_object *doc, *list;
	struct buf out;
	size_t count = 0;

	buf_init(&out, COLLECT_MAX);
	for (size_t first = 0; first < request->count; first += EMBED_BATCH_MAX) {
		buf_reset(&out);
		embed_request_write(request, first, &out);
		doc = json_read(buf_slice(&out));
		list = json_get_array(doc, "requests");
		FUZZ_CHECK(list != NULL && json_object_array_length(list) > 0);
		FUZZ_CHECK(json_object_array_length(list) <= EMBED_BATCH_MAX);
		count += json_object_array_length(list);
		json_object_put(doc);
	}
	FUZZ_CHECK(count == request->count && count > 0);
	buf_release(&out);
}

static void
check_reply(const struct embed_request *request, struct slice upstream)
{
	struct embed_reply reply;
	struct apierror err;
	json_object *doc, *data;
	struct buf out;

	embed_reply_init(&reply, &scratch);
	buf_init(&out, COLLECT_MAX);
	if (embed_reply_add(&reply, request, upstream, &err) == 0 &&
	    embed_reply_write(&reply, request, "m", &out, &err) == 0) {
		doc = json_read(buf_slice(&out));
		data = json_get_array(doc, "data");
		FUZZ_CHECK(data != NULL && json_object_array_length(data) == request->count);
		json_object_put(doc);
	} else {
		FUZZ_CHECK(err.status >= 400);
	}
	buf_release(&out);
	embed_reply_release(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *reason = NULL;
	struct models *models = models_new(models_default_aliases, &reason);
	struct slice text = { (const char *)bytes, size }, upstream = SLICE("");
	ptrdiff_t at = slice_find(text, SLICE("\n--\n"));
	struct embed_request request;
	struct apierror err;

	if (at >= 0) {
		upstream = (struct slice){ text.ptr + at + 4, text.len - (size_t)at - 4 };
		text.len = (size_t)at;
	}
	embed_request_init(&request);
	if (embed_request_read(&request, text, &(struct translate_env){ .models = models }, &err) ==
	    0) {
		check_requests(&request);
		check_reply(&request, upstream);
	} else {
		FUZZ_CHECK(err.status >= 400 && err.status < 500);
	}
	embed_request_release(&request);
	models_free(models);
	return 0;
}
