/* coding.c: what the header says, what comes out, and the ceilings. */
#include "config.h"

#include "net/http/coding.h"

#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

enum { GZIP = MAX_WBITS + 16, ZLIB = MAX_WBITS, RAW = -MAX_WBITS };

static const struct body_limits wide = { .memory = KIB, .total = 8 * MIB, .dir = "/tmp" };

static void
pack(struct slice text, int bits, struct buf *out)
{
	uLong room = compressBound((uLong)text.len) + 64;
	unsigned char *bytes = xmalloc(room);
	z_stream z = { 0 };

	deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (z_const Bytef *)text.ptr;
	z.avail_in = (uInt)text.len;
	z.next_out = bytes;
	z.avail_out = (uInt)room;
	deflate(&z, Z_FINISH);
	buf_add(out, bytes, room - z.avail_out);
	deflateEnd(&z);
	free(bytes);
}

static enum coding_result
unpack(struct slice packed, const char *header, const struct body_limits *limits, struct buf *out)
{
	struct codings codings;
	enum coding_result result;
	struct slice text;
	struct body b;

	body_init(&b);
	ok(codings_read(slice_str(header), &codings), header);
	body_append(&b, &wide, packed.ptr, packed.len);
	result = body_decode(&b, &codings, limits);
	buf_reset(out);
	if (result == CODING_OK && body_slice(&b, &text))
		buf_add_slice(out, text);
	else
		ok(b.len == 0 && b.fd < 0, "  nothing is left of it");
	body_release(&b);
	return result;
}

static void
test_header(void)
{
	static const struct {
		const char *header;
		int count; /* -1: refused */
	} cases[] = { { "", 0 }, { "identity", 0 }, { "gzip", 1 }, { "GZIP", 1 }, { "x-gzip", 1 },
		{ " deflate ", 1 }, { "identity, gzip,", 1 }, { "deflate,gzip", 2 },
		{ "gzip,gzip,gzip,gzip", 4 }, { "gzip,gzip,gzip,gzip,gzip", -1 }, { "br", -1 },
		{ "zstd", -1 }, { "gzip, br", -1 }, { "gzip;q=1", -1 }, { "*", -1 } };
	struct codings codings;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool good = codings_read(slice_str(cases[i].header), &codings);

		is_int(good ? (int)codings.count : -1, cases[i].count, cases[i].header);
	}
}

static void
test_codings(void)
{
	static const struct {
		int bits;
		const char *header;
	} cases[] = { { GZIP, "gzip" }, { GZIP, "x-gzip" }, { ZLIB, "deflate" }, { RAW, "deflate" },
		{ GZIP, "identity,gzip" } };
	struct slice text = SLICE("{\"model\":\"gemini-flash-latest\"}");
	struct buf packed, twice, out, large;

	buf_init(&packed, MIB);
	buf_init(&twice, MIB);
	buf_init(&out, 8 * MIB);
	buf_init(&large, 8 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_reset(&packed);
		pack(text, cases[i].bits, &packed);
		is_int(unpack(buf_slice(&packed), cases[i].header, &wide, &out), CODING_OK, "good");
		is_slice(buf_slice(&out), text.ptr, "  the text");
	}
	buf_reset(&packed);
	pack(text, ZLIB, &packed);
	pack(buf_slice(&packed), GZIP, &twice);
	is_int(
	    unpack(buf_slice(&twice), "deflate, gzip", &wide, &out), CODING_OK, "the last first");
	is_slice(buf_slice(&out), text.ptr, "  the text");
	is_int(
	    unpack(buf_slice(&twice), "gzip, deflate", &wide, &out), CODING_BAD, "not the first");
	buf_reset(&packed);
	pack(SLICE("one "), GZIP, &packed);
	pack(SLICE(""), GZIP, &packed);
	pack(SLICE("two"), GZIP, &packed);
	is_int(unpack(buf_slice(&packed), "gzip", &wide, &out), CODING_OK, "members");
	is_slice(buf_slice(&out), "one two", "  the text of all");
	for (size_t i = 0; i < 600000; i++)
		buf_addf(&large, "%zu,", i);
	buf_reset(&packed);
	packed.max = 8 * MIB;
	pack(buf_slice(&large), GZIP, &packed);
	is_int(unpack(buf_slice(&packed), "gzip", &wide, &out), CODING_OK, "files in and out");
	ok(slice_eq(buf_slice(&out), buf_slice(&large)), "  the text");
	buf_release(&packed);
	buf_release(&twice);
	buf_release(&out);
	buf_release(&large);
}

static void
test_faults(void)
{
	const struct body_limits tight = { .memory = KIB, .total = 64 * KIB, .dir = "/tmp" };
	const struct body_limits nowhere = { .memory = 8, .total = MIB, .dir = "/nonexistent" };
	struct slice text = SLICE("some text, some text, some text");
	struct buf packed, out, zeros;

	buf_init(&packed, MIB);
	buf_init(&out, MIB);
	buf_init(&zeros, 64 * MIB);
	pack(text, GZIP, &packed);
	for (size_t len = 1; len < packed.len; len++)
		if (unpack((struct slice){ packed.data, len }, "gzip", &wide, &out) != CODING_BAD)
			ok(false, "cut");
	is_int(unpack(text, "gzip", &wide, &out), CODING_BAD, "no gzip");
	is_int(unpack(text, "deflate", &wide, &out), CODING_BAD, "no deflate");
	packed.data[packed.len - 6] ^= 1;
	is_int(unpack(buf_slice(&packed), "gzip", &wide, &out), CODING_BAD, "a wrong sum");
	packed.data[packed.len - 6] ^= 1;
	buf_adds(&packed, "more");
	is_int(unpack(buf_slice(&packed), "gzip", &wide, &out), CODING_BAD, "bytes behind it");
	buf_reset(&packed);
	pack(text, ZLIB, &packed);
	pack(text, ZLIB, &packed);
	is_int(unpack(buf_slice(&packed), "deflate", &wide, &out), CODING_BAD, "deflate is one");
	is_int(unpack(buf_slice(&packed), "deflate", &nowhere, &out), CODING_FAILED, "no file");
	memset(buf_room(&zeros, 32 * MIB), 0, 32 * MIB);
	zeros.len = 32 * MIB;
	buf_reset(&packed);
	pack(buf_slice(&zeros), GZIP, &packed);
	ok(packed.len < 64 * KIB, "a small thing");
	is_int(unpack(buf_slice(&packed), "gzip", &tight, &out), CODING_TOO_LARGE, "becomes large");
	buf_release(&packed);
	buf_release(&out);
	buf_release(&zeros);
}

int
main(void)
{
	test_header();
	test_codings();
	test_faults();
	return tap_done();
}
