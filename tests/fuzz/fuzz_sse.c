/* The event parser: any split of the input gives the same events and the same residue. */
#include "config.h"

#include "base/limits.h"
#include "core/sse.h"
#include "fuzz.h"

#define EVENT_MAX MIB
#define SMALL_MAX 16

static int
note(void *ctx, struct slice data)
{
	buf_add_u64(ctx, data.len);
	buf_addc(ctx, ':');
	buf_add_slice(ctx, data);
	buf_addc(ctx, '\n');
	return 0;
}

/* Events, residue and the final answer as one text. */
static void
parse(struct slice bytes, size_t piece, size_t event_max, struct buf *log)
{
	struct sse sse;
	int answer = 0;

	sse_init(&sse, event_max);
	for (size_t at = 0; at < bytes.len && answer == 0; at += piece) {
		size_t len = bytes.len - at < piece ? bytes.len - at : piece;

		answer = sse_feed(&sse, (struct slice){ bytes.ptr + at, len }, note, log);
	}
	if (answer == 0)
		answer = sse_finish(&sse, note, log);
	FUZZ_CHECK(answer == 0 || sse.too_large);
	buf_addf(log, "%d/", answer);
	if (answer == 0)
		buf_add_slice(log, sse_residue(&sse));
	sse_release(&sse);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size };
	struct buf whole, split;

	buf_init(&whole, 64 * MIB);
	buf_init(&split, 64 * MIB);
	parse(all, size > 0 ? size : 1, EVENT_MAX, &whole);
	for (size_t piece = 1; piece < 8 && piece < size; piece++) {
		buf_reset(&split);
		parse(all, piece, EVENT_MAX, &split);
		FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	parse(all, 3, SMALL_MAX, &split);
	buf_release(&whole);
	buf_release(&split);
	return 0;
}
