/*
 * Images. Input: the client's JSON, a line with `--`, the answer of upstream; the first byte tells
 * whether it is an edit. What goes either way is JSON, and what is refused is a fault of the
 * caller's.
 */
#include "config.h"

#include "base/limits.h"
#include "core/openai/images/images.h"
#include "check_json.h"
#include "fuzz.h"

static struct answer_scratch scratch;

static void
check_reply(const struct images_request *request, struct slice upstream)
{
	struct images_reply reply;
	struct apierror err;
	struct buf out;

	images_reply_init(&reply, &scratch);
	buf_init(&out, 64 * MIB);
	if (images_reply_add(&reply, 0, upstream, &err) != 0)
		images_reply_fail(&reply, &err);
	if (images_reply_write(&reply, request, 1, NULL, &out, &err) == 0)
		check_json(&out);
	else
		FUZZ_CHECK(err.message[0] != '\0');
	buf_reset(&out);
	images_events_write(&reply, request, 0, 1, &out);
	images_reply_release(&reply);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct models *models;
	struct slice text = { (const char *)bytes + 1, size - 1 }, answer = SLICE("{}");
	struct images_request request;
	struct changes changes;
	struct apierror err;
	const char *error;
	ptrdiff_t at;
	int rc;

	if (size == 0)
		return 0;
	if (models == NULL)
		models = models_new(models_default_aliases, &error);
	at = slice_find(text, SLICE("\n--\n"));
	if (at >= 0) {
		answer = (struct slice){ text.ptr + at + 4, text.len - (size_t)at - 4 };
		text.len = (size_t)at;
	}
	changes_init(&changes, (bytes[0] & 2) != 0);
	images_request_init(&request);
	rc = ((bytes[0] & 1) != 0 ? images_edit_read : images_request_read)(
	    &request, text, &(struct translate_env){ .models = models, .changes = &changes }, &err);
	if (rc == 0) {
		FUZZ_CHECK(request.n >= 1 && request.n <= IMAGES_MAX);
		check_json(&request.body);
		check_reply(&request, answer);
	} else {
		FUZZ_CHECK(err.status >= 400 && err.status < 500 && err.message[0] != '\0');
	}
	images_request_release(&request);
	changes_release(&changes);
	return 0;
}
