/* The event parser: any split of the input gives the same events and the same residue. */
#include "config.h"

#include "base/limits.h"
#include "core/http/sse.h"
#include "fuzz.h"

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
	struct slice part;
	int rc = 0;

	sse_init(&sse, event_max);
	while (rc == 0 && fuzz_piece(&bytes, piece, &part))
		rc = sse_feed(&sse, part, note, log);
	if (rc == 0)
		rc = sse_finish(&sse, note, log);
	FUZZ_CHECK(rc == 0 || sse.too_large);
	buf_addf(log, "%d/", rc);
	if (rc == 0)
		buf_add_slice(log, sse_residue(&sse));
	sse_release(&sse);
}

static void
parse_large(struct slice bytes, size_t piece, struct buf *log)
{
	parse(bytes, piece, MIB, log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size };
	struct buf small;

	fuzz_check_pieces(all, 64 * MIB, parse_large);
	buf_init(&small, 64 * MIB);
	parse(all, 3, SMALL_MAX, &small);
	buf_release(&small);
	return 0;
}
