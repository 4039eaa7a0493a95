/* fcgi_scan.c: requests at every split, hostile ones, and agreement with a naive walker. */
#include "config.h"

#include "net/fcgi/fcgi_scan.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/limits.h"
#include "fcgi_naive.h"
#include "fcgi_record.h"
#include "tap.h"

static const char *const words[] = {
	[FCGI_SCAN_MORE] = "more",
	[FCGI_SCAN_PARAMS] = "params",
	[FCGI_SCAN_WHOLE] = "whole",
	[FCGI_SCAN_TOO_LARGE] = "too large",
	[FCGI_SCAN_BAD] = "bad",
};

/* ---- writing requests ---- */

static void
begin(struct buf *b, unsigned id, unsigned role)
{
	const char content[8] = { (char)(role >> 8), (char)role };

	record(b, FCGI_TYPE_BEGIN, id, (struct slice){ content, sizeof(content) }, 0);
}

static void
length(struct buf *b, size_t len, bool wide)
{
	if (wide || len > 127)
		for (int shift = 24; shift >= 0; shift -= 8)
			buf_addc(b, (char)(len >> shift | (shift == 24 ? 0x80 : 0)));
	else
		buf_addc(b, (char)len);
}

static void
pair(struct buf *b, struct slice name, struct slice value, bool wide)
{
	length(b, name.len, wide);
	length(b, value.len, wide);
	buf_add_slice(b, name);
	buf_add_slice(b, value);
}

static enum fcgi_scan_result
scan_head(const struct buf *b, size_t len, struct fcgi_head *ret)
{
	/* A copy of its own size, so that a read behind the end is seen. */
	uint8_t *data = malloc(len > 0 ? len : 1);
	enum fcgi_scan_result result;

	if (len > 0)
		memcpy(data, b->data, len);
	*ret = (struct fcgi_head){ 0 };
	result = fcgi_scan(data, len, ret);
	free(data);
	return result;
}

static enum fcgi_scan_result
scan(const struct buf *b, size_t len)
{
	struct fcgi_head head;

	return scan_head(b, len, &head);
}

static void
result_is(struct buf *b, enum fcgi_scan_result want, const char *what)
{
	is_str(words[scan(b, b->len)], words[want], what);
	buf_reset(b);
}

/* ---- valid requests ---- */

/* MORE up to the end of the parameters, PARAMS up to the end of the request, WHOLE from there. */
static void
every_split(struct buf *b, size_t params_end, const char *what)
{
	struct fcgi_head head;
	size_t wrong = 0;

	for (size_t len = 0; len <= b->len; len++) {
		enum fcgi_scan_result want = len < params_end ? FCGI_SCAN_MORE
		                             : len < b->len   ? FCGI_SCAN_PARAMS
		                                              : FCGI_SCAN_WHOLE;

		wrong += scan_head(b, len, &head) != want;
		wrong += len >= params_end && head.len != params_end;
	}
	is_int(wrong, 0, what);
	buf_addc(b, 'x');
	is_str(
	    words[scan(b, b->len)], words[FCGI_SCAN_WHOLE], "  and what follows does not matter");
	buf_reset(b);
}

static void
test_valid(void)
{
	struct fcgi_head head;
	struct buf b, pairs;
	size_t params_end;

	buf_init(&b, MIB);
	buf_init(&pairs, MIB);
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE(""), 0);
	params_end = b.len;
	record(&b, FCGI_TYPE_STDIN, 1, SLICE(""), 0);
	every_split(&b, params_end, "no parameter, no body");

	pair(&pairs, SLICE("REQUEST_METHOD"), SLICE("POST"), false);
	pair(&pairs, SLICE("EMPTY"), SLICE(""), true);
	pair(&pairs, SLICE(""), SLICE(""), false);
	pair(&pairs, SLICE("LONG"),
	    SLICE("0123456789012345678901234567890123456789012345678901234567890"
		  "0123456789012345678901234567890123456789012345678901234567890123456789"),
	    false);
	begin(&b, 0xABCD, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_PARAMS, 0xABCD, buf_slice(&pairs), 3);
	record(&b, FCGI_TYPE_PARAMS, 0xABCD, SLICE(""), 5);
	params_end = b.len;
	record(&b, FCGI_TYPE_STDIN, 0xABCD, SLICE("{\"a\":1}"), 1);
	record(&b, FCGI_TYPE_STDIN, 0xABCD, SLICE("more"), 255);
	record(&b, FCGI_TYPE_STDIN, 0xABCD, SLICE(""), 8);
	scan_head(&b, b.len, &head);
	is_int(head.id, 0xABCD, "the request id");
	every_split(&b, params_end, "parameters, body, padding");

	/* The pairs cut by records at every place, length fields included. */
	begin(&b, 7, FCGI_ROLE_RESPONDER);
	for (unsigned i = 0; i < pairs.len; i++)
		record(&b, FCGI_TYPE_PARAMS, 7, (struct slice){ pairs.data + i, 1 }, i % 3);
	record(&b, FCGI_TYPE_PARAMS, 7, SLICE(""), 0);
	params_end = b.len;
	record(&b, FCGI_TYPE_STDIN, 7, SLICE(""), 0);
	every_split(&b, params_end, "a record for each byte of the parameters");
	buf_release(&b);
	buf_release(&pairs);
}

static void
test_large(void)
{
	static char value[PARAMS_MAX];
	struct buf b, pairs;
	size_t at;

	buf_init(&b, MIB);
	buf_init(&pairs, MIB);
	memset(value, 'v', sizeof(value));
	pair(&pairs, SLICE("HTTP_X"), (struct slice){ value, 100 * KIB }, false);
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	for (at = 0; at < pairs.len; at += FCGI_CONTENT_MAX) {
		size_t len = pairs.len - at < FCGI_CONTENT_MAX ? pairs.len - at : FCGI_CONTENT_MAX;

		record(&b, FCGI_TYPE_PARAMS, 1, (struct slice){ pairs.data + at, len }, 0);
		is_str(words[scan(&b, b.len)], "more", "100 KB of parameters, not complete");
	}
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE(""), 0);
	is_str(words[scan(&b, b.len)], "params", "100 KB of parameters");
	record(&b, FCGI_TYPE_STDIN, 1, SLICE(""), 0);
	result_is(&b, FCGI_SCAN_WHOLE, "100 KB of parameters and no body");

	begin(&b, 1, FCGI_ROLE_RESPONDER);
	for (at = 0; at <= PARAMS_MAX; at += 1024) {
		buf_reset(&pairs);
		pair(&pairs, SLICE("A"), (struct slice){ value, 1024 - 6 }, false);
		record(&b, FCGI_TYPE_PARAMS, 1, buf_slice(&pairs), 0);
	}
	result_is(&b, FCGI_SCAN_TOO_LARGE, "many parameters above the ceiling");
	buf_release(&b);
	buf_release(&pairs);
}

/* ---- hostile input ---- */

static void
params_are(struct slice content, enum fcgi_scan_result want, const char *what)
{
	struct buf b;

	buf_init(&b, MIB);
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_PARAMS, 1, content, 0);
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE(""), 0);
	record(&b, FCGI_TYPE_STDIN, 1, SLICE(""), 0);
	result_is(&b, want, what);
	buf_release(&b);
}

static void
test_lengths(void)
{
	params_are(SLICE("\xFF\xFF\xFF\xFF\x01"), FCGI_SCAN_TOO_LARGE, "a name of 2 GiB");
	params_are(SLICE("\x01\xFF\xFF\xFF\xFF"), FCGI_SCAN_TOO_LARGE, "a value of 2 GiB");
	/* CVE-2025-23016: the sum wraps in 32 bits. */
	params_are(SLICE("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), FCGI_SCAN_TOO_LARGE, "both of 2 GiB");
	params_are(SLICE("\x80\x02\x00\x01\x00"), FCGI_SCAN_TOO_LARGE, "a name above the ceiling");
	params_are(SLICE("\x80\x02\x00\x00\x00"), FCGI_SCAN_BAD, "a name that is not there");
	params_are(SLICE("\x01"), FCGI_SCAN_BAD, "cut behind the name's length");
	params_are(SLICE("\x01\x01"), FCGI_SCAN_BAD, "cut behind both lengths");
	params_are(SLICE("\x01\x01N"), FCGI_SCAN_BAD, "cut behind the name");
	params_are(SLICE("\x01\x02NV"), FCGI_SCAN_BAD, "cut within the value");
	params_are(SLICE("\x80"), FCGI_SCAN_BAD, "cut within a long length, 1");
	params_are(SLICE("\x80\x00\x00"), FCGI_SCAN_BAD, "cut within a long length, 3");
	params_are(SLICE("\x01\x80\x00\x00"), FCGI_SCAN_BAD, "cut within the value's long length");
	params_are(SLICE("\x01\x01NV"), FCGI_SCAN_WHOLE, "not cut");
	params_are(
	    SLICE("\x80\x00\x00\x01\x80\x00\x00\x01NV"), FCGI_SCAN_WHOLE, "not cut, long lengths");
}

static void
test_records(void)
{
	struct buf b;

	buf_init(&b, MIB);
	buf_adds(&b, "GET / HTTP/1.1\r\n");
	result_is(&b, FCGI_SCAN_BAD, "HTTP");
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	b.data[0] = 2;
	result_is(&b, FCGI_SCAN_BAD, "another version");
	begin(&b, 0, FCGI_ROLE_RESPONDER);
	result_is(&b, FCGI_SCAN_BAD, "id 0");
	begin(&b, 1, 2);
	result_is(&b, FCGI_SCAN_BAD, "an authorizer");
	begin(&b, 1, 3);
	result_is(&b, FCGI_SCAN_BAD, "a filter");
	begin(&b, 1, 0x0101);
	result_is(&b, FCGI_SCAN_BAD, "a role in both bytes");
	record(&b, FCGI_TYPE_BEGIN, 1, SLICE("\0\1\0\0\0\0\0"), 1);
	result_is(&b, FCGI_SCAN_BAD, "a short beginning");
	record(&b, FCGI_TYPE_BEGIN, 1, SLICE("\0\1\0\0\0\0\0\0\0"), 0);
	result_is(&b, FCGI_SCAN_BAD, "a long beginning");
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE("12345678"), 0);
	result_is(&b, FCGI_SCAN_BAD, "parameters first");
	record(&b, FCGI_TYPE_ABORT, 1, SLICE(""), 0);
	result_is(&b, FCGI_SCAN_BAD, "abort first");
	record(&b, 9, 0, SLICE("12345678"), 0);
	result_is(&b, FCGI_SCAN_BAD, "a management record");

	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_ABORT, 1, SLICE(""), 0);
	result_is(&b, FCGI_SCAN_BAD, "abort before the parameters");
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_PARAMS, 2, SLICE("\1\1NV"), 0);
	result_is(&b, FCGI_SCAN_BAD, "parameters of another request");
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_STDIN, 1, SLICE(""), 0);
	result_is(&b, FCGI_SCAN_BAD, "a body before the parameters");
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	result_is(&b, FCGI_SCAN_BAD, "begun twice");

	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE(""), 0);
	record(&b, FCGI_TYPE_ABORT, 1, SLICE(""), 0);
	result_is(&b, FCGI_SCAN_BAD, "abort instead of a body");
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE(""), 0);
	record(&b, FCGI_TYPE_STDIN, 1, SLICE("abc"), 0);
	record(&b, FCGI_TYPE_STDIN, 2, SLICE("abc"), 0);
	result_is(&b, FCGI_SCAN_BAD, "a body of another request");
	begin(&b, 1, FCGI_ROLE_RESPONDER);
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE(""), 0);
	record(&b, FCGI_TYPE_PARAMS, 1, SLICE("\1\1NV"), 0);
	result_is(&b, FCGI_SCAN_BAD, "parameters behind their end");
	buf_release(&b);
}

static void
test_frame(void)
{
	uint8_t header[FCGI_HEADER_LEN];

	fcgi_frame(header, FCGI_TYPE_STDOUT, 0x1234, 0xFEDC);
	ok(memcmp(header, "\x01\x06\x12\x34\xFE\xDC\x00\x00", FCGI_HEADER_LEN) == 0,
	    "a record header");
}

/* ---- against a naive walker ---- */

static uint64_t seed = 88172645463325252ULL;

static unsigned
chance(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % below);
}

/* A request in random pieces, most of them valid, some changed in a byte or cut. */
static void
random_request(struct buf *b)
{
	static const char filler[300] = "v";
	struct buf pairs;
	unsigned id = 1 + chance(3), count = chance(4);

	buf_init(&pairs, MIB);
	for (unsigned i = 0; i < count; i++)
		pair(&pairs, (struct slice){ filler, chance(4) },
		    (struct slice){ filler, chance(chance(2) ? 5 : 300) }, chance(4) == 0);
	begin(b, id, chance(20) == 0 ? 2 : FCGI_ROLE_RESPONDER);
	for (size_t at = 0, len; at < pairs.len; at += len) {
		len = 1 + chance(chance(2) ? 8 : 600);
		len = len < pairs.len - at ? len : pairs.len - at;
		record(b, FCGI_TYPE_PARAMS, id, (struct slice){ pairs.data + at, len }, chance(3));
	}
	record(b, FCGI_TYPE_PARAMS, id, SLICE(""), chance(3));
	for (unsigned i = chance(3); i > 0; i--)
		record(b, FCGI_TYPE_STDIN, id, (struct slice){ filler, 1 + chance(20) }, chance(3));
	record(b, FCGI_TYPE_STDIN, id, SLICE(""), chance(3));
	buf_release(&pairs);
	for (unsigned i = chance(3); i > 0; i--)
		b->data[chance((unsigned)(b->len < 60 ? b->len : 60))] = (char)chance(256);
	if (chance(2))
		b->len = chance((unsigned)b->len + 1);
}

static void
test_agreement(void)
{
	size_t counts[sizeof(words) / sizeof(words[0])] = { 0 }, wrong = 0;
	struct buf b;

	buf_init(&b, MIB);
	for (int i = 0; i < 60000; i++) {
		enum fcgi_scan_result got;

		buf_reset(&b);
		random_request(&b);
		got = scan(&b, b.len);
		counts[got]++;
		wrong += got != naive_scan((uint8_t *)b.data, b.len);
	}
	is_int(wrong, 0, "agreement with the naive walker");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ok(counts[i] > 100, words[i]);
	buf_release(&b);
}

int
main(void)
{
	test_valid();
	test_large();
	test_lengths();
	test_records();
	test_frame();
	test_agreement();
	return tap_done();
}
