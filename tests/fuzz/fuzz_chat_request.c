/*
 * Chat requests: what is accepted becomes a JSON object with contents, what is refused becomes an
 * error of the caller's that is JSON in either dialect.
 */
#include "config.h"

#include "base/limits.h"
#include "core/chat.h"
#include "fuzz.h"

static void
check_error(const struct apierror *err)
{
	json_object *doc;
	struct buf out;

	FUZZ_CHECK(err->status >= 400 && err->status < 500);
	FUZZ_CHECK(err->message[0] != '\0');
	buf_init(&out, 64 * KIB);
	apierror_render(err, DIALECT_OPENAI, &out);
	doc = json_read(buf_slice(&out));
	FUZZ_CHECK(json_get_object(doc, "error") != NULL);
	json_object_put(doc);
	buf_release(&out);
}

static void
check_request(const struct chat_request *request)
{
	json_object *doc = json_read(buf_slice(&request->body)), *contents;

	FUZZ_CHECK(!request->body.failed && request->model.name[0] != '\0');
	contents = json_get_array(doc, "contents");
	FUZZ_CHECK(contents != NULL && json_object_array_length(contents) > 0);
	for (size_t i = 0; i < json_object_array_length(contents); i++) {
		json_object *parts =
		    json_get_array(json_object_array_get_idx(contents, i), "parts");

		FUZZ_CHECK(parts != NULL && json_object_array_length(parts) > 0);
	}
	json_object_put(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *reason = NULL;
	struct models *models = models_new(models_default_aliases, &reason);
	struct chat_request request;
	struct apierror err;

	chat_request_init(&request);
	if (chat_request_read(
		&request, (struct slice){ (const char *)bytes, size }, models, &err) == 0)
		check_request(&request);
	else
		check_error(&err);
	chat_request_release(&request);
	models_free(models);
	return 0;
}
