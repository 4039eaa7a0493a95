/*
 * Query strings. What is taken out is gone and nothing else has changed, and what is encoded
 * decodes to itself.
 */
#include "config.h"

#include <string.h>

#include "core/http/query.h"
#include "fuzz.h"

static const char *const names[] = { "key", "alt", NULL };

static void
check_without(struct slice query)
{
	struct buf once, twice;
	struct slice value;

	buf_init(&once, query.len);
	buf_init(&twice, query.len);
	query_without(query, names, &once);
	for (size_t i = 0; names[i] != NULL; i++)
		FUZZ_CHECK(!query_get(buf_slice(&once), names[i], &value));
	query_without(buf_slice(&once), names, &twice);
	FUZZ_CHECK(!once.failed && slice_eq(buf_slice(&once), buf_slice(&twice)));
	buf_release(&once);
	buf_release(&twice);
}

static void
check_codes(struct slice text)
{
	struct buf coded, plain;
	bool good;

	buf_init(&coded, 3 * text.len);
	buf_init(&plain, 3 * text.len);
	percent_encode(text, &coded);
	good = percent_decode(buf_slice(&coded), true, &plain);
	FUZZ_CHECK(!coded.failed);
	/* A NUL cannot come back. */
	FUZZ_CHECK(!good || slice_eq(buf_slice(&plain), text));
	FUZZ_CHECK(good || memchr(text.ptr, '\0', text.len) != NULL);
	buf_reset(&plain);
	if (percent_decode(text, false, &plain))
		FUZZ_CHECK(plain.len <= text.len);
	buf_release(&coded);
	buf_release(&plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice text = { (const char *)bytes, size }, value;

	check_without(text);
	check_codes(text);
	if (query_get(text, "key", &value))
		FUZZ_CHECK(value.ptr >= text.ptr && value.ptr + value.len <= text.ptr + text.len);
	return 0;
}
