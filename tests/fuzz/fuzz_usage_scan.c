/* The side scanner of the native route: any split of the input gives the same counts. */
#include "config.h"

#include "base/limits.h"
#include "core/usage.h"
#include "fuzz.h"

static void
scan(struct slice bytes, size_t piece, struct buf *out)
{
	struct jwriter w = jwriter_on(out);
	struct usage_scan scan;

	usage_scan_init(&scan);
	for (size_t at = 0; at < bytes.len; at += piece) {
		size_t len = bytes.len - at < piece ? bytes.len - at : piece;

		usage_scan_feed(&scan, (struct slice){ bytes.ptr + at, len });
	}
	usage_scan_finish(&scan);
	jw_bool(&w, NULL, scan.usage.known);
	usage_write_openai(&scan.usage, &w, NULL);
	usage_scan_release(&scan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size };
	struct buf whole, split;

	buf_init(&whole, 64 * KIB);
	buf_init(&split, 64 * KIB);
	scan(all, size > 0 ? size : 1, &whole);
	for (size_t piece = 1; piece < 16 && piece < size; piece += 2) {
		buf_reset(&split);
		scan(all, piece, &split);
		FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	buf_release(&whole);
	buf_release(&split);
	return 0;
}
