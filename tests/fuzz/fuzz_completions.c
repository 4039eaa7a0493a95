/*
 * Legacy completions. Input: the client's JSON, a line with `--`, what upstream sends to each call.
 * The bodies of all calls are JSON; whole answers become one; a stream is the same at every split.
 */
#include "config.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/completions/completions.h"
#include "check_json.h"
#include "fuzz.h"

static struct answer_scratch scratch;

static int
stream(const struct completions_info *info, struct slice bytes, size_t piece, struct buf *out)
{
	struct completions_stream *s = completions_stream_new(info);
	struct apierror err;
	int rc = 0;

	for (size_t call = 0; call < info->request->calls && rc == 0; call++) {
		for (size_t at = 0; at < bytes.len && rc == 0; at += piece) {
			size_t len = bytes.len - at < piece ? bytes.len - at : piece;

			rc = completions_stream_feed(
			    s, call, (struct slice){ bytes.ptr + at, len }, out, &err);
		}
		rc = rc == 0 ? completions_stream_finish(s, call, out, &err) : rc;
	}
	completions_stream_free(s);
	return rc;
}

static void
check_reply(const struct completions_request *request, struct slice upstream)
{
	struct completions_info info = {
		.id = "fuzz", .created = 1, .model = "m", .scratch = &scratch, .request = request
	};
	struct slice *answers = xcalloc(request->calls, sizeof(*answers));
	struct usage usage = { 0 };
	struct apierror err;
	struct buf whole, split;

	buf_init(&whole, 64 * MIB);
	buf_init(&split, 64 * MIB);
	for (size_t i = 0; i < request->calls; i++)
		answers[i] = upstream;
	if (completions_reply_translate(answers, &info, &whole, &usage, &err) == 0)
		check_json(&whole);
	else
		FUZZ_CHECK(whole.len == 0);
	buf_reset(&whole);
	stream(&info, upstream, upstream.len + 1, &whole);
	for (size_t piece = 1; piece < 8; piece += 3) {
		buf_reset(&split);
		stream(&info, upstream, piece, &split);
		FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	free(answers);
	buf_release(&whole);
	buf_release(&split);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct models *models;
	struct slice text = { (const char *)bytes, size }, answer = SLICE("{}");
	struct completions_request request;
	struct apierror err;
	const char *error;
	struct buf body;
	ptrdiff_t at = slice_find(text, SLICE("\n--\n"));

	if (models == NULL)
		models = models_new(models_default_aliases, &error);
	if (at >= 0) {
		answer = (struct slice){ text.ptr + at + 4, text.len - (size_t)at - 4 };
		text.len = (size_t)at;
	}
	completions_request_init(&request);
	buf_init(&body, 64 * MIB);
	if (completions_request_read(
		&request, text, &(struct translate_env){ .models = models }, &err) == 0) {
		FUZZ_CHECK(request.calls >= 1 && request.calls <= FAN_MAX);
		for (size_t i = 0; i < request.calls; i++) {
			buf_reset(&body);
			completions_request_write(&request, i, &body);
			check_json(&body);
		}
		check_reply(&request, answer);
	} else {
		FUZZ_CHECK(err.status >= 400 && err.status < 500 && err.message[0] != '\0');
	}
	buf_release(&body);
	completions_request_release(&request);
	return 0;
}
