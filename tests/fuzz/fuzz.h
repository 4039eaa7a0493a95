/* What the fuzz targets share. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

/* The entry point of libFuzzer, and of replay_main.c. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A property that holds for every input; also without assertions. */
#define FUZZ_CHECK(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expr); \
			abort(); \
		} \
	} while (0)

/* Takes the next piece off rest, at most size (which is not 0) bytes; false when there is none. */
static inline bool
fuzz_piece(struct slice *rest, size_t size, struct slice *ret)
{
	*ret = (struct slice){ rest->ptr, rest->len < size ? rest->len : size };
	if (ret->len == 0)
		return false;
	rest->ptr += ret->len;
	rest->len -= ret->len;
	return true;
}

/* What reads bytes, at most `piece` of them at a time, and writes down what it found. */
typedef void (*fuzz_read_fn)(struct slice bytes, size_t piece, struct buf *out);

/* However the input is cut, the same is found. limit: of out. */
static inline void
fuzz_check_pieces(struct slice bytes, size_t limit, fuzz_read_fn read)
{
	struct buf whole, split;

	buf_init(&whole, limit);
	buf_init(&split, limit);
	read(bytes, bytes.len > 0 ? bytes.len : 1, &whole);
	for (size_t piece = 1; piece < 16 && piece < bytes.len; piece += 2) {
		buf_reset(&split);
		read(bytes, piece, &split);
		FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	buf_release(&whole);
	buf_release(&split);
}

#endif
