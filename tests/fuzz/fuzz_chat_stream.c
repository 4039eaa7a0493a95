/*
 * The stream translator. Input: a byte of flags, then what upstream sends. Any split gives the same
 * events; each is JSON; [DONE] ends a stream that was complete and no other.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "core/chat.h"
#include "fuzz.h"

#define OUT_MAX (64 * MIB)

struct result {
	struct buf out;
	struct apierror err;
	int rc;
};

static void
translate(const struct chat_reply_info *info, struct slice bytes, size_t piece, struct result *ret)
{
	struct chat_stream *stream = chat_stream_new(info);

	buf_init(&ret->out, OUT_MAX);
	ret->rc = 0;
	for (size_t at = 0; at < bytes.len && ret->rc == 0; at += piece) {
		size_t len = bytes.len - at < piece ? bytes.len - at : piece;

		ret->rc = chat_stream_feed(
		    stream, 0, (struct slice){ bytes.ptr + at, len }, &ret->out, &ret->err);
	}
	if (ret->rc == 0)
		ret->rc = chat_stream_finish(stream, 0, &ret->out, &ret->err);
	chat_stream_free(stream);
}

static void
check_event(struct slice event, bool last, int rc)
{
	json_object *doc;

	FUZZ_CHECK(slice_starts(event, SLICE("data: ")));
	event = (struct slice){ event.ptr + 6, event.len - 6 };
	if (slice_eq(event, SLICE("[DONE]"))) {
		FUZZ_CHECK(last && rc == 0);
		return;
	}
	FUZZ_CHECK(!last || rc != 0);
	doc = json_read(event);
	FUZZ_CHECK(json_get_array(doc, "choices") != NULL && json_get_str(doc, "id").len > 0);
	json_object_put(doc);
}

static void
check_events(const struct result *r)
{
	struct slice rest = buf_slice(&r->out);

	while (rest.len > 0) {
		ptrdiff_t end = slice_find(rest, SLICE("\n\n"));
		struct slice event = { rest.ptr, (size_t)end };

		FUZZ_CHECK(end >= 0);
		rest = (struct slice){ rest.ptr + end + 2, rest.len - (size_t)end - 2 };
		check_event(event, rest.len == 0, r->rc);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct chat_reply_info info = { .id = "fuzz", .created = 1, .model = "m" };
	struct slice all = { (const char *)bytes, size };
	struct result whole, split;

	if (size == 0)
		return 0;
	info.include_usage = (bytes[0] & 1) != 0;
	info.legacy_functions = (bytes[0] & 2) != 0;
	info.one_call = (bytes[0] & 4) != 0;
	info.grounded = (bytes[0] & 8) != 0;
	all = (struct slice){ all.ptr + 1, all.len - 1 };
	translate(&info, all, all.len + 1, &whole);
	check_events(&whole);
	for (size_t piece = 1; piece < 14 && piece < all.len; piece += 4) {
		translate(&info, all, piece, &split);
		FUZZ_CHECK(split.rc == whole.rc);
		FUZZ_CHECK(slice_eq(buf_slice(&split.out), buf_slice(&whole.out)));
		FUZZ_CHECK(split.rc == 0 || split.err.kind == whole.err.kind);
		buf_release(&split.out);
	}
	buf_release(&whole.out);
	return 0;
}
