/*
 * The Test Anything Protocol for C tests: count, compare, explain. A test program calls checks and
 * ends with `return tap_done();`.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static int tap_count, tap_failed;

static inline bool
tap_check(bool good, const char *file, int line, const char *what)
{
	tap_count++;
	if (!good)
		tap_failed++;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_count, what);
	if (!good)
		printf("# failed at %s:%d\n", file, line);
	fflush(stdout);
	return good;
}

static inline bool
tap_slice(struct slice got, struct slice want, const char *file, int line, const char *what)
{
	bool good = tap_check(slice_eq(got, want), file, line, what);

	if (!good)
		printf("#      got: %.*s\n# expected: %.*s\n", (int)got.len, got.ptr, (int)want.len,
		    want.ptr);
	return good;
}

static inline bool
tap_int(long long got, long long want, const char *file, int line, const char *what)
{
	bool good = tap_check(got == want, file, line, what);

	if (!good)
		printf("#      got: %lld\n# expected: %lld\n", got, want);
	return good;
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed == 0 ? 0 : 1;
}

/* A slice of a literal, for the rows of a table. */
#define BYTES(text) \
	{ \
		text, sizeof(text) - 1 \
	}

#define ok(expr, what) tap_check((expr), __FILE__, __LINE__, (what))
#define is_int(got, want, what) \
	tap_int((long long)(got), (long long)(want), __FILE__, __LINE__, (what))
#define is_str(got, want, what) \
	tap_slice(slice_str(got), slice_str(want), __FILE__, __LINE__, (what))
#define is_slice(got, want, what) tap_slice((got), slice_str(want), __FILE__, __LINE__, (what))

/* The program of a test that this build cannot run. */
#define TAP_SKIP_MAIN(why) \
	int main(void) \
	{ \
		printf("1..0 # SKIP " why "\n"); \
		return 0; \
	}

#endif
