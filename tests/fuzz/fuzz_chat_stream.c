/*
 * The stream translator. Input: a byte of flags, then what upstream sends, by turns when there are
 * several calls. Any split gives the same events; each is a chunk as OpenAI has it; every choice
 * ends once; [DONE] ends a stream that was complete and no other.
 */
#include "config.h"

#include "chat_shape.h"

struct result {
	struct buf out, kept;
	struct apierror err;
	int rc;
};

static void
keep(void *ctx, struct slice call_id, struct slice value)
{
	struct buf *kept = ctx;

	FUZZ_CHECK(call_id.len > 0 && value.len > 0);
	buf_add_slice(kept, call_id);
	buf_add_slice(kept, value);
}

static void
translate(const struct chat_reply_info *want, struct slice bytes, size_t piece, struct result *ret)
{
	struct chat_reply_info info = *want;
	struct chat_stream *stream;
	size_t lane = 0;

	buf_init(&ret->out, SHAPE_OUT_MAX);
	buf_init(&ret->kept, SHAPE_OUT_MAX);
	info.keep = keep;
	info.keep_ctx = &ret->kept;
	stream = chat_stream_new(&info);
	ret->rc = 0;
	for (; bytes.len > 0 && ret->rc == 0; lane++) {
		struct slice turn = bytes;

		if (info.fan > 1)
			slice_split(&bytes, SHAPE_LANE_END, &turn);
		else
			bytes.len = 0;
		for (size_t at = 0; at < turn.len && ret->rc == 0; at += piece) {
			size_t len = turn.len - at < piece ? turn.len - at : piece;

			ret->rc = chat_stream_feed(stream, lane % info.fan,
			    (struct slice){ turn.ptr + at, len }, &ret->out, &ret->err);
		}
	}
	for (lane = 0; lane < info.fan && ret->rc == 0; lane++)
		ret->rc = chat_stream_finish(stream, lane, &ret->out, &ret->err);
	FUZZ_CHECK(chat_stream_usage(stream).prompt >= 0);
	chat_stream_free(stream);
}

struct seen {
	bool open, ended;
	size_t calls, characters;
};

struct check {
	const struct chat_reply_info *info;
	struct seen choices[CANDIDATES_MAX];
	bool usage;
};

static void
check_delta(struct check *c, struct seen *seen, json_object *delta)
{
	json_object *calls = json_get_array(delta, "tool_calls");

	FUZZ_CHECK((json_get(delta, "role") != NULL) == !seen->open);
	seen->open = true;
	seen->characters += shape_characters(json_get_str(delta, "content"));
	for (size_t i = 0; calls != NULL && i < json_object_array_length(calls); i++) {
		json_object *call = json_object_array_get_idx(calls, i);

		FUZZ_CHECK(json_get_int(call, "index", -1) == (int64_t)seen->calls);
		seen->calls++;
		shape_check_call(call, false);
	}
	if (json_get(delta, "function_call") != NULL) {
		FUZZ_CHECK(c->info->legacy_functions && seen->calls == 0);
		seen->calls++;
		shape_check_call(json_get(delta, "function_call"), true);
	}
	FUZZ_CHECK(!c->info->one_call || seen->calls <= 1);
	shape_check_annotations(json_get_array(delta, "annotations"), seen->characters);
}

static void
check_choice(struct check *c, json_object *choice)
{
	int64_t index = json_get_int(choice, "index", -1);
	size_t count = c->info->fan > 1 ? c->info->fan : CANDIDATES_MAX;
	struct seen *seen;

	FUZZ_CHECK(index >= 0 && (size_t)index < count);
	seen = &c->choices[index];
	FUZZ_CHECK(!seen->ended && json_get_object(choice, "delta") != NULL);
	check_delta(c, seen, json_get(choice, "delta"));
	if (json_get(choice, "finish_reason") != NULL) {
		seen->ended = true;
		shape_check_finish(choice, seen->calls > 0, c->info->legacy_functions);
		FUZZ_CHECK(json_object_object_length(json_get(choice, "delta")) == 0);
	}
}

static void
check_event(struct check *c, struct slice event, bool last, int rc)
{
	json_object *doc, *choices;

	FUZZ_CHECK(slice_starts(event, SLICE("data: ")));
	event = (struct slice){ event.ptr + 6, event.len - 6 };
	if (slice_eq(event, SLICE("[DONE]"))) {
		FUZZ_CHECK(last && rc == 0);
		return;
	}
	FUZZ_CHECK(!last || rc != 0);
	FUZZ_CHECK(!c->usage);
	doc = json_read(event);
	choices = json_get_array(doc, "choices");
	FUZZ_CHECK(choices != NULL && json_get_str(doc, "id").len > 0);
	c->usage = json_get(doc, "usage") != NULL;
	FUZZ_CHECK(c->usage == (json_object_array_length(choices) == 0));
	for (size_t i = 0; i < json_object_array_length(choices); i++)
		check_choice(c, json_object_array_get_idx(choices, i));
	json_object_put(doc);
}

static void
check_events(const struct chat_reply_info *info, const struct result *r)
{
	struct check c = { .info = info };
	struct slice rest = buf_slice(&r->out);

	while (rest.len > 0) {
		ptrdiff_t end = slice_find(rest, SLICE("\n\n"));
		struct slice event = { rest.ptr, (size_t)end };

		FUZZ_CHECK(end >= 0);
		rest = (struct slice){ rest.ptr + end + 2, rest.len - (size_t)end - 2 };
		check_event(&c, event, rest.len == 0, r->rc);
	}
	for (size_t i = 0; i < CANDIDATES_MAX && r->rc == 0; i++)
		FUZZ_CHECK(c.choices[i].open == c.choices[i].ended);
	FUZZ_CHECK(r->rc != 0 || c.usage == info->include_usage);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tool_names *tools = shape_tools();
	struct chat_reply_info info = shape_info(size > 0 ? bytes[0] : 0, tools);
	struct slice all = { (const char *)bytes, size };
	struct result whole, split;

	if (size == 0)
		goto out;
	all = (struct slice){ all.ptr + 1, all.len - 1 };
	translate(&info, all, all.len + 1, &whole);
	check_events(&info, &whole);
	for (size_t piece = 1; piece < 14 && piece < all.len; piece += 4) {
		translate(&info, all, piece, &split);
		FUZZ_CHECK(split.rc == whole.rc);
		FUZZ_CHECK(slice_eq(buf_slice(&split.out), buf_slice(&whole.out)));
		FUZZ_CHECK(slice_eq(buf_slice(&split.kept), buf_slice(&whole.kept)));
		FUZZ_CHECK(split.rc == 0 || split.err.kind == whole.err.kind);
		buf_release(&split.out);
		buf_release(&split.kept);
	}
	buf_release(&whole.out);
	buf_release(&whole.kept);
out:
	tool_names_free(tools);
	return 0;
}
