/* completions*.c: golden cases of requests with their answers, streams cut anywhere. */
#include "config.h"

#include "core/openai/completions/completions.h"

#include "base/xalloc.h"
#include "golden_dir.h"
#include "judge.h"

static struct answer_scratch scratch;

static struct models *models;

static struct completions_info
info_for(const struct completions_request *request)
{
	return (struct completions_info){
		.id = "0123456789abcdefghij",
		.scratch = &scratch,
		.created = 1700000000,
		.model = "gemini-golden",
		.request = request,
	};
}

/* ---- streams ---- */

/* All streams, one after the other, in pieces of at most max bytes (0: whole). */
static int
play(const struct completions_request *request, json_object *streams, size_t max, struct buf *out,
    struct apierror *err)
{
	struct completions_info info = info_for(request);
	struct completions_stream *s = completions_stream_new(&info);
	int answer = 0;

	for (size_t call = 0; answer == 0 && call < request->calls; call++) {
		struct slice text = json_str(json_object_array_get_idx(streams, call));

		while (answer == 0 && text.len > 0) {
			size_t len = max == 0 || max > text.len ? text.len : max;

			answer = completions_stream_feed(
			    s, call, (struct slice){ text.ptr, len }, out, err);
			text.ptr += len;
			text.len -= len;
		}
		if (answer == 0)
			answer = completions_stream_finish(s, call, out, err);
	}
	completions_stream_free(s);
	return answer;
}

/* An error becomes the last event, as the client sees it. */
static void
play_streams(const struct completions_request *request, json_object *streams, struct buf *whole)
{
	struct apierror err;
	struct buf split;

	buf_init(&split, GOLDEN_MAX);
	if (play(request, streams, 0, whole, &err) != 0)
		apierror_render_event(judged(&scratch, &err), DIALECT_OPENAI, whole);
	for (size_t max = 1; max <= 7; max++) {
		buf_reset(&split);
		if (play(request, streams, max, &split, &err) != 0)
			apierror_render_event(judged(&scratch, &err), DIALECT_OPENAI, &split);
		ok(slice_eq(buf_slice(&split), buf_slice(whole)), "  the same at every split");
	}
	buf_release(&split);
}

/* ---- golden cases ---- */

static void
describe(struct jwriter *w, const struct completions_request *request, struct changes *changes)
{
	struct buf body;

	buf_init(&body, GOLDEN_MAX);
	jw_str(w, "model", request->model.name);
	if (request->stream)
		jw_bool(w, "stream", true);
	if (changes->count > 0)
		jw_slice(w, "changes", changes_header(changes));
	jw_array(w, "bodies");
	for (size_t i = 0; i < request->calls; i++) {
		buf_reset(&body);
		completions_request_write(request, i, &body);
		jw_raw(w, NULL, buf_slice(&body));
	}
	jw_array_end(w);
	buf_release(&body);
}

static int
answer_whole(const struct completions_request *request, json_object *answers, struct jwriter *w,
    struct apierror *err)
{
	struct completions_info info = info_for(request);
	struct slice *texts = xcalloc(request->calls, sizeof(*texts));
	struct usage usage = { 0 };
	struct buf all, out;
	int answer;

	buf_init(&all, GOLDEN_MAX);
	buf_init(&out, GOLDEN_MAX);
	buf_room(&all, GOLDEN_MAX); /* what is in it must not move */
	for (size_t i = 0; i < request->calls; i++) {
		size_t start = all.len;

		json_write(json_object_array_get_idx(answers, i), &all);
		texts[i] = (struct slice){ all.data + start, all.len - start };
	}
	answer = completions_reply_translate(texts, &info, &out, &usage, err);
	if (answer == 0)
		jw_raw(w, "reply", buf_slice(&out));
	else
		is_int(out.len, 0, "  nothing half written");
	free(texts);
	buf_release(&all);
	buf_release(&out);
	return answer;
}

/* {"strict": bool, "request": {...}, "answers": [...] or "streams": ["...", ...]}; what becomes of
 * streams is in X.out.sse. */
static int
translate(json_object *input, struct buf *out, struct buf *events, struct apierror *err)
{
	struct completions_request request;
	struct changes changes;
	struct translate_env env = { .models = models, .changes = &changes };
	struct buf text;
	struct jwriter w = jwriter_on(out);
	json_object *answers = json_get_array(input, "answers");
	json_object *streams = json_get_array(input, "streams");
	int result;

	completions_request_init(&request);
	changes_init(&changes, json_get_bool(input, "strict", false));
	buf_init(&text, GOLDEN_MAX);
	json_write(json_get(input, "request"), &text);
	result = completions_request_read(&request, buf_slice(&text), &env, err);
	jw_object(&w, NULL);
	if (result == 0) {
		describe(&w, &request, &changes);
		if (answers != NULL)
			result = answer_whole(&request, answers, &w, err);
		if (streams != NULL)
			play_streams(&request, streams, events);
	}
	jw_object_end(&w);
	if (result != 0)
		*err = *judged(&scratch, err);
	buf_release(&text);
	changes_release(&changes);
	completions_request_release(&request);
	return result;
}

static void
run_case(const char *path, struct slice input)
{
	golden_expect_translation(path, input, translate);
}

/* ---- several calls at a time ---- */

static void
test_interleaved(void)
{
	static const char event[] = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
				    "\"x\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{"
				    "\"promptTokenCount\":3,\"candidatesTokenCount\":1,"
				    "\"totalTokenCount\":4}}\r\n\r\n";
	struct completions_request request;
	struct completions_info info = info_for(&request);
	struct completions_stream *s;
	struct translate_env env = { .models = models };
	struct apierror err;
	struct usage usage;
	struct buf out;

	completions_request_init(&request);
	buf_init(&out, GOLDEN_MAX);
	ok(completions_request_read(&request,
	       SLICE("{\"model\":\"gemini-2.5-flash\",\"prompt\":[\"a\",\"b\"],\"stream\":true,"
		     "\"stream_options\":{\"include_usage\":true}}"),
	       &env, &err) == 0,
	    "two prompts");
	s = completions_stream_new(&info);
	for (size_t i = 0; i < sizeof(event) - 1; i++)
		for (size_t call = 0; call < 2; call++)
			completions_stream_feed(
			    s, 1 - call, (struct slice){ event + i, 1 }, &out, &err);
	is_int(completions_stream_finish(s, 1, &out, &err), 0, "the second ends first");
	ok(slice_find(buf_slice(&out), SLICE("[DONE]")) < 0, "which is not the end");
	is_int(completions_stream_finish(s, 0, &out, &err), 0, "the first one's");
	ok(slice_ends(buf_slice(&out), SLICE("data: [DONE]\n\n")), "is");
	usage = completions_stream_usage(s);
	is_int(usage.total, 8, "usage is summed");
	ok(slice_find(buf_slice(&out), SLICE("\"total_tokens\":8")) > 0, "and told");
	completions_stream_free(s);
	completions_request_release(&request);
	buf_release(&out);
}

static void
test_too_many(void)
{
	struct completions_request request;
	struct translate_env env = { .models = models };
	struct apierror err;
	struct buf text;

	buf_init(&text, GOLDEN_MAX);
	buf_adds(&text, "{\"model\":\"gemini-2.5-flash\",\"n\":2,\"prompt\":[\"x\"");
	for (int i = 1; i <= FAN_MAX / 2; i++)
		buf_adds(&text, ",\"x\"");
	buf_adds(&text, "]}");
	completions_request_init(&request);
	ok(completions_request_read(&request, buf_slice(&text), &env, &err) == 0,
	    "more choices than one request may make");
	is_int(request.n, 1, "are fewer");
	is_int(request.calls, FAN_MAX / 2 + 1, "of each prompt");
	completions_request_release(&request);
	buf_release(&text);
}

int
main(void)
{
	const char *error;

	models = models_new("gpt-*=gemini-2.5-flash", &error);
	golden_run("completions", ".in.json", NULL, run_case);
	test_interleaved();
	test_too_many();
	models_free(models);
	return tap_done();
}
