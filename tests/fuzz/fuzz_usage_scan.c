/* The side scanner of the native route: any split of the input gives the same counts. */
#include "config.h"

#include "base/limits.h"
#include "core/gemini/usage.h"
#include "fuzz.h"

static void
scan(struct slice bytes, size_t piece, struct buf *out)
{
	struct slice part;
	struct jwriter w = jwriter_on(out);
	struct usage_scan scan;

	usage_scan_init(&scan);
	while (fuzz_piece(&bytes, piece, &part))
		usage_scan_feed(&scan, part);
	usage_scan_finish(&scan);
	jw_bool(&w, NULL, scan.usage.known);
	usage_write_openai(&scan.usage, &w, NULL);
	usage_scan_release(&scan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_check_pieces((struct slice){ (const char *)bytes, size }, 64 * KIB, scan);
	return 0;
}
