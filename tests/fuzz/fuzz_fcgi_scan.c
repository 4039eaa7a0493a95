/*
 * The look at a FastCGI request before libfcgi reads it: agreement with a naive reading, and what
 * more bytes may change: a refusal and a whole request are final, parameters never get incomplete.
 * The reader of bodies takes what the look finds whole, refuses what it refuses, and finds the same
 * body whatever the pieces.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "fcgi_naive.h"
#include "fuzz.h"
#include "net/fcgi/fcgi_stdin.h"

#define SPLITS 200

/* In memory of exactly that size, so that a sanitizer sees a read behind the end. */
static enum fcgi_scan_result
scan(const uint8_t *bytes, size_t size, struct fcgi_head *ret)
{
	uint8_t *copy = xmalloc(size);
	enum fcgi_scan_result result;

	*ret = (struct fcgi_head){ 0 };

	if (size > 0)
		memcpy(copy, bytes, size);
	result = fcgi_scan(copy, size, ret);
	FUZZ_CHECK(result == naive_scan(copy, size));
	FUZZ_CHECK(ret->len <= size);
	FUZZ_CHECK(ret->id != 0 || result == FCGI_SCAN_MORE || result == FCGI_SCAN_BAD);
	free(copy);
	return result;
}

static bool
may_follow(enum fcgi_scan_result before, enum fcgi_scan_result after)
{
	switch (before) {
	case FCGI_SCAN_MORE:
		return true;
	case FCGI_SCAN_PARAMS:
		return after == FCGI_SCAN_PARAMS || after == FCGI_SCAN_WHOLE ||
		       after == FCGI_SCAN_BAD;
	case FCGI_SCAN_WHOLE:
	case FCGI_SCAN_TOO_LARGE:
	case FCGI_SCAN_BAD:
		break;
	}
	return after == before;
}

/* The records behind a head in pieces of that size. */
static enum fcgi_stdin_result
read_stdin(const uint8_t *bytes, size_t size, size_t piece, uint16_t id, struct buf *body)
{
	enum fcgi_stdin_result result = FCGI_STDIN_MORE;
	struct fcgi_stdin reader;

	buf_reset(body);
	fcgi_stdin_init(&reader, id);
	for (size_t at = 0; at < size && result == FCGI_STDIN_MORE; at += piece) {
		size_t len = size - at < piece ? size - at : piece;
		struct slice data = { (const char *)bytes + at, len }, content;

		while ((result = fcgi_stdin_next(&reader, &data, &content)) == FCGI_STDIN_CONTENT) {
			FUZZ_CHECK(content.len > 0);
			buf_add_slice(body, content);
		}
		FUZZ_CHECK(data.len == 0 || result != FCGI_STDIN_MORE);
	}
	return result;
}

static void
check_stdin(const uint8_t *bytes, size_t size, enum fcgi_scan_result look, uint16_t id)
{
	static const size_t pieces[] = { 1, 3, 8, 100 };
	enum fcgi_stdin_result result;
	struct buf once, again;

	buf_init(&once, SIZE_MAX / 4);
	buf_init(&again, SIZE_MAX / 4);
	result = read_stdin(bytes, size, size > 0 ? size : 1, id, &once);
	FUZZ_CHECK((result == FCGI_STDIN_END) == (look == FCGI_SCAN_WHOLE));
	FUZZ_CHECK((result == FCGI_STDIN_MORE) == (look == FCGI_SCAN_PARAMS));
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		FUZZ_CHECK(read_stdin(bytes, size, pieces[i], id, &again) == result);
		FUZZ_CHECK(slice_eq(buf_slice(&again), buf_slice(&once)));
	}
	buf_release(&once);
	buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	enum fcgi_scan_result result = FCGI_SCAN_MORE, last;
	struct fcgi_head head;
	size_t step = size / SPLITS + 1;

	for (size_t len = 0; len < size; len += step) {
		enum fcgi_scan_result next = scan(bytes, len, &head);

		FUZZ_CHECK(may_follow(result, next));
		result = next;
	}
	last = scan(bytes, size, &head);
	FUZZ_CHECK(may_follow(result, last));
	if (head.len > 0)
		check_stdin(bytes + head.len, size - head.len, last, head.id);
	return 0;
}
