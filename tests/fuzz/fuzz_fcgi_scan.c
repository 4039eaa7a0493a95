/*
 * The look at a FastCGI request before libfcgi reads it: agreement with a naive reading, and what
 * more bytes may change: a refusal and a whole request are final, parameters never get incomplete.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "fcgi_naive.h"
#include "fuzz.h"

#define SPLITS 200

/* In memory of exactly that size, so that a sanitizer sees a read behind the end. */
static enum fcgi_scan_result
scan(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = xmalloc(size);
	enum fcgi_scan_result result;
	uint16_t id = 0;

	if (size > 0)
		memcpy(copy, bytes, size);
	result = fcgi_scan(copy, size, &id);
	FUZZ_CHECK(result == naive_scan(copy, size));
	FUZZ_CHECK(id != 0 || result == FCGI_SCAN_MORE || result == FCGI_SCAN_BAD);
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

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	enum fcgi_scan_result result = FCGI_SCAN_MORE;
	size_t step = size / SPLITS + 1;

	for (size_t len = 0; len < size; len += step) {
		enum fcgi_scan_result next = scan(bytes, len);

		FUZZ_CHECK(may_follow(result, next));
		result = next;
	}
	FUZZ_CHECK(may_follow(result, scan(bytes, size)));
	return 0;
}
