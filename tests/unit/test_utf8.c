/* utf8.c: every character, every pair of bytes, and the borders of the rest, against RFC 3629. */
#include "config.h"

#include "base/utf8.h"

#include <stdint.h>

#include "tap.h"

static size_t
encode(uint32_t c, unsigned char *out)
{
	if (c < 0x80) {
		out[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xC0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xE0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (unsigned char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (unsigned char)(0xF0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (unsigned char)(0x80 | (c & 0x3F));
	return 4;
}

/* All values that four bytes can express, in their shortest form. */
static void
test_characters(void)
{
	size_t wrong = 0, wrong_cut = 0;

	for (uint32_t c = 0; c < 0x200000; c++) {
		unsigned char bytes[5] = { 0 };
		size_t len = encode(c, bytes);
		bool good = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);

		wrong += utf8_width(bytes, len) != (good ? len : 0);
		wrong += utf8_width(bytes, len + 1) != (good ? len : 0);
		for (size_t cut = 0; cut < len; cut++)
			wrong_cut += utf8_width(bytes, cut) != 0;
	}
	is_int(wrong, 0, "characters are taken, surrogates and what lies behind U+10FFFF are not");
	is_int(wrong_cut, 0, "no cut character is taken");
}

static void
test_pairs(void)
{
	size_t wrong = 0;

	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			unsigned char bytes[2] = { (unsigned char)a, (unsigned char)b };
			size_t want = a < 0x80                                      ? 1
			              : a >= 0xC2 && a < 0xE0 && (b & 0xC0) == 0x80 ? 2
			                                                            : 0;

			wrong += utf8_width(bytes, 2) != want;
		}
	is_int(wrong, 0, "every pair of bytes");
}

static void
refused(struct slice bytes, const char *what)
{
	is_int(utf8_width((const unsigned char *)bytes.ptr, bytes.len), 0, what);
}

int
main(void)
{
	test_characters();
	test_pairs();
	refused(SLICE(""), "nothing");
	refused(SLICE("\xC0\x80"), "overlong NUL");
	refused(SLICE("\xC1\xBF"), "overlong, two bytes");
	refused(SLICE("\xE0\x9F\xBF"), "overlong, three bytes");
	refused(SLICE("\xF0\x8F\xBF\xBF"), "overlong, four bytes");
	refused(SLICE("\xED\xA0\x80"), "first surrogate");
	refused(SLICE("\xED\xBF\xBF"), "last surrogate");
	refused(SLICE("\xF4\x90\x80\x80"), "behind U+10FFFF");
	refused(SLICE("\xF8\x88\x80\x80\x80"), "five bytes");
	refused(SLICE("\xE2\x82"
		      "A"),
	    "third byte is no continuation");
	refused(SLICE("\xF0\x9F\x98"
		      "A"),
	    "fourth byte is no continuation");
	is_int(
	    utf8_width((const unsigned char *)UTF8_REPLACEMENT, 3), 3, "the replacement character");
	return tap_done();
}
