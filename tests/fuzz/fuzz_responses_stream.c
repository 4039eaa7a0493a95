/*
 * The events of the Responses API. Input: a line `: REQUEST`, which may be missing, then what
 * upstream sends. Any split gives the same events; each is named and JSON, their numbers have no
 * gap, and the last one says how it ended.
 */
#include "config.h"

#include "base/limits.h"
#include "core/openai/responses/responses.h"
#include "fuzz.h"

#define OUT_MAX (64 * MIB)

struct result {
	struct buf out;
	struct apierror err;
	int rc;
};

static void
translate(const struct responses_info *info, struct slice bytes, size_t piece, struct result *ret)
{
	struct responses_stream *stream = responses_stream_new(info);
	struct buf again;

	buf_init(&ret->out, OUT_MAX);
	buf_init(&again, OUT_MAX);
	ret->rc = 0;
	for (size_t at = 0; at < bytes.len && ret->rc == 0; at += piece) {
		size_t len = bytes.len - at < piece ? bytes.len - at : piece;

		ret->rc = responses_stream_feed(
		    stream, (struct slice){ bytes.ptr + at, len }, &ret->out, &ret->err);
	}
	if (ret->rc == 0)
		ret->rc = responses_stream_finish(stream, &ret->out, &ret->err);
	if (ret->rc == 0 && !info->events && !info->compaction) {
		responses_stream_response(stream, &again);
		FUZZ_CHECK(slice_eq(buf_slice(&again), buf_slice(&ret->out)));
	} else if (info->events && ret->rc != 0) {
		responses_stream_fail(stream, &ret->err, &ret->out);
	}
	responses_stream_free(stream);
	buf_release(&again);
}

static void
check_last(json_object *event, int rc)
{
	struct slice status = json_get_str(json_get(event, "response"), "status");

	FUZZ_CHECK(rc != 0 ? slice_eq(status, SLICE("failed"))
			   : slice_eq(status, SLICE("completed")) ||
				 slice_eq(status, SLICE("incomplete")));
}

/* event: TYPE, and data: {"type": TYPE, "sequence_number": number, ...} */
static void
check_event(struct slice event, int64_t number, bool last, int rc)
{
	struct slice name;
	json_object *doc;

	FUZZ_CHECK(slice_split(&event, '\n', &name) && slice_starts(name, SLICE("event: ")));
	FUZZ_CHECK(slice_starts(event, SLICE("data: ")));
	doc = json_read((struct slice){ event.ptr + 6, event.len - 6 });
	FUZZ_CHECK(
	    slice_eq(json_get_str(doc, "type"), (struct slice){ name.ptr + 7, name.len - 7 }));
	FUZZ_CHECK(json_get_int(doc, "sequence_number", -1) == number);
	if (last)
		check_last(doc, rc);
	json_object_put(doc);
}

static void
check_events(const struct result *r)
{
	struct slice rest = buf_slice(&r->out);
	int64_t number = 0;

	while (rest.len > 0) {
		ptrdiff_t end = slice_find(rest, SLICE("\n\n"));
		struct slice event = { rest.ptr, (size_t)end };

		FUZZ_CHECK(end >= 0);
		rest = (struct slice){ rest.ptr + end + 2, rest.len - (size_t)end - 2 };
		check_event(event, number++, rest.len == 0, r->rc);
	}
	FUZZ_CHECK(number > 0);
}

static void
run(const struct responses_info *info, struct slice all)
{
	struct result whole, split;

	translate(info, all, all.len + 1, &whole);
	if (info->events)
		check_events(&whole);
	for (size_t piece = 1; piece < 14 && piece < all.len; piece += 6) {
		translate(info, all, piece, &split);
		FUZZ_CHECK(split.rc == whole.rc);
		FUZZ_CHECK(slice_eq(buf_slice(&split.out), buf_slice(&whole.out)));
		FUZZ_CHECK(split.rc == 0 || split.err.kind == whole.err.kind);
		buf_release(&split.out);
	}
	buf_release(&whole.out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size }, first = SLICE("");
	const char *reason = NULL;
	struct models *models = models_new(models_default_aliases, &reason);
	struct translate_env env = { .models = models };
	static struct answer_scratch scratch;
	struct responses_info info = {
		.chat = { .id = "fuzz", .created = 1, .model = "m", .scratch = &scratch }
	};
	struct responses_request q;
	struct apierror err;

	responses_request_init(&q);
	if (slice_starts(all, SLICE(": ")) && slice_split(&all, '\n', &first) &&
	    responses_request_read(
		&q, (struct slice){ first.ptr + 2, first.len - 2 }, &env, &err) == 0) {
		info.echo = buf_slice(&q.echo);
		info.chat.tools = q.chat.tools;
		info.chat.one_call = q.chat.one_call;
		info.chat.grounded = q.chat.grounded;
		info.compact = q.compact;
	}
	info.events = true;
	run(&info, all);
	info.events = false;
	run(&info, all);
	info.compact = info.compaction = true;
	run(&info, all);
	responses_request_release(&q);
	models_free(models);
	return 0;
}
