/*
 * Base64 as clients send it. What is read is canonical and stands for the bytes that a look at its
 * beginning finds; bytes that are written are read as they are.
 */
#include "config.h"

#include <string.h>

#include "base/base64.h"
#include "fuzz.h"

#define PEEK_MAX 48

static void
check_text(struct slice text)
{
	unsigned char first[PEEK_MAX], again[PEEK_MAX];
	struct buf once, twice;
	size_t count;

	buf_init(&once, text.len + 3);
	buf_init(&twice, text.len + 6);
	if (base64_normalise(text, &once)) {
		FUZZ_CHECK(!once.failed && base64_is_canonical(buf_slice(&once)));
		FUZZ_CHECK(base64_normalise(buf_slice(&once), &twice));
		FUZZ_CHECK(slice_eq(buf_slice(&once), buf_slice(&twice)));
		if (base64_is_canonical(text)) {
			FUZZ_CHECK(slice_eq(buf_slice(&once), text));
			count = base64_peek(text, first, sizeof(first));
			FUZZ_CHECK(base64_peek(buf_slice(&once), again, sizeof(again)) == count);
			FUZZ_CHECK(memcmp(first, again, count) == 0);
		}
	} else {
		FUZZ_CHECK(!base64_is_canonical(text));
	}
	buf_release(&once);
	buf_release(&twice);
}

static void
check_bytes(struct slice bytes)
{
	unsigned char first[PEEK_MAX];
	struct buf text;
	size_t count, want = bytes.len < PEEK_MAX ? bytes.len : PEEK_MAX;

	buf_init(&text, bytes.len / 3 * 4 + 4);
	base64_add(&text, bytes.ptr, bytes.len);
	FUZZ_CHECK(!text.failed && base64_is_canonical(buf_slice(&text)));
	count = base64_peek(buf_slice(&text), first, sizeof(first));
	FUZZ_CHECK(count == want && (want == 0 || memcmp(first, bytes.ptr, want) == 0));
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size };

	check_text(all);
	check_bytes(all);
	return 0;
}
