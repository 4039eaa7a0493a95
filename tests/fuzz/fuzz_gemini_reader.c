/*
 * The reader of Gemini's answers. The first byte tells whether plain events may be read in place.
 * Any split of a stream tells the sink the same and ends the same. As a document, the same bytes
 * tell no part without a kind.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/gemini/reader.h"
#include "fuzz.h"

static struct answer_scratch scratch;

static void
tell_part(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	FUZZ_CHECK(candidate < CANDIDATES_MAX && part->kind != PART_NONE);
	FUZZ_CHECK(gemini_part_speaks(part) || logprobs == NULL);
	buf_addf(ctx, "%zu.%d ", candidate, part->kind);
	if (gemini_part_speaks(part))
		gemini_part_write(part, ctx);
	buf_add_slice(ctx, part->signature);
	buf_addc(ctx, '\n');
}

static const struct gemini_sink sink = { tell_part, NULL };

static void
tell_end(struct gemini_reader *g, int rc, const struct apierror *err, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	for (size_t i = 0; i < CANDIDATES_MAX; i++) {
		FUZZ_CHECK(memchr(g->native[i], '\0', sizeof(g->native[i])) != NULL);
		buf_addf(out, "%s/%d ", g->native[i], gemini_reader_blocked(g, i));
	}
	buf_addf(out, "%s %d ", g->block_reason, rc);
	if (rc != 0)
		buf_addf(out, "%d %d %s", err->kind, err->status, err->message);
	usage_write_openai(gemini_reader_usage(g), &w, NULL);
}

static void
read_stream(struct slice bytes, size_t size, bool plain, struct buf *out)
{
	struct gemini_reader g;
	struct apierror err = { 0 };
	struct slice piece;
	int rc = 0;

	buf_reset(out);
	gemini_reader_init(&g, &scratch, plain, &sink, out);
	while (rc == 0 && fuzz_piece(&bytes, size, &piece))
		rc = gemini_reader_feed(&g, piece, &err);
	if (rc == 0)
		rc = gemini_reader_finish(&g, &err);
	tell_end(&g, rc, &err, out);
	gemini_reader_release(&g);
}

static void
read_document(struct slice text, struct buf *out)
{
	struct gemini_reader g;
	struct apierror err = { 0 };
	int rc;

	buf_reset(out);
	gemini_reader_init(&g, &scratch, false, &sink, out);
	rc = gemini_reader_document(&g, text, &err);
	tell_end(&g, rc, &err, out);
	gemini_reader_release(&g);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const size_t sizes[] = { 1, 2, 5, 17 };
	struct slice all = { (const char *)bytes + 1, size - 1 };
	struct buf whole, split;

	if (size == 0)
		return 0;
	buf_init(&whole, 64 * MIB);
	buf_init(&split, 64 * MIB);
	read_stream(all, size, bytes[0] % 2 == 1, &whole);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		read_stream(all, sizes[i], bytes[0] % 2 == 1, &split);
		FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	read_document(all, &split);
	buf_release(&whole);
	buf_release(&split);
	return 0;
}
