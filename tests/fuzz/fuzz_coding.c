/*
 * Coded bodies: the first line is the Content-Encoding, the rest the body. What comes out keeps to
 * the ceiling and is the same whether the body lies in memory or in a file; of a refusal nothing is
 * left.
 */
#include "config.h"

#include "base/limits.h"
#include "fuzz.h"
#include "net/http/coding.h"

static enum coding_result
decode(struct slice packed, const struct codings *codings, size_t memory, struct buf *out)
{
	const struct body_limits limits = { .memory = memory, .total = 64 * KIB, .dir = "/tmp" };
	enum coding_result result = CODING_TOO_LARGE;
	struct slice text;
	struct body b;

	buf_reset(out);
	body_init(&b);
	if (body_append(&b, &limits, packed.ptr, packed.len) == BODY_OK)
		result = body_decode(&b, codings, &limits);
	if (result == CODING_OK) {
		FUZZ_CHECK(b.len <= limits.total && body_slice(&b, &text));
		buf_add_slice(out, text);
	} else {
		FUZZ_CHECK(b.len == 0 || b.len == packed.len);
	}
	body_release(&b);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice body = { (const char *)bytes, size }, header = SLICE("");
	struct codings codings;
	struct buf near, far;

	slice_split(&body, '\n', &header);
	if (!codings_read(header, &codings))
		return 0;
	FUZZ_CHECK(codings.count <= CODINGS_MAX);
	buf_init(&near, MIB);
	buf_init(&far, MIB);
	FUZZ_CHECK(decode(body, &codings, MIB, &near) == decode(body, &codings, 64, &far));
	FUZZ_CHECK(slice_eq(buf_slice(&near), buf_slice(&far)));
	if (codings.count == 0)
		FUZZ_CHECK(near.len == 0 || slice_eq(buf_slice(&near), body));
	buf_release(&near);
	buf_release(&far);
	return 0;
}
