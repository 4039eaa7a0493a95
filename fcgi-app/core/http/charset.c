/* Text in one of four encodings (WHATWG Encoding, names and Windows-1252) to UTF-8. */
#include "config.h"

#include "core/http/charset.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "base/xalloc.h"

enum encoding { ENCODING_UTF8, ENCODING_UTF16LE, ENCODING_UTF16BE, ENCODING_1252 };

/* clang-format off */
static const struct {
	const char *name;
	enum encoding encoding;
} charsets[] = {
	{ "",             ENCODING_UTF8 },
	{ "utf-8",        ENCODING_UTF8 },
	{ "utf8",         ENCODING_UTF8 },
	{ "us-ascii",     ENCODING_UTF8 },
	{ "ascii",        ENCODING_UTF8 },
	{ "utf-16",       ENCODING_UTF16LE },
	{ "utf-16le",     ENCODING_UTF16LE },
	{ "utf-16be",     ENCODING_UTF16BE },
	{ "iso-8859-1",   ENCODING_1252 },
	{ "latin1",       ENCODING_1252 },
	{ "windows-1252", ENCODING_1252 },
	{ "cp1252",       ENCODING_1252 },
};

static const struct {
	struct slice bom;
	enum encoding encoding;
} boms[] = {
	{ { "\xEF\xBB\xBF", 3 }, ENCODING_UTF8 },
	{ { "\xFF\xFE", 2 },     ENCODING_UTF16LE },
	{ { "\xFE\xFF", 2 },     ENCODING_UTF16BE },
};

/* Windows-1252 from 0x80 on; what it leaves open stands for itself. */
static const uint16_t high_1252[32] = {
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};
/* clang-format on */

/* Controls that text has: backspace to carriage return, escape. */
static bool
is_text(uint32_t c)
{
	return c >= ' ' || (c >= '\b' && c <= '\r') || c == 0x1B;
}

static void
add_character(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addc(out, (char)(0xC0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_addc(out, (char)(0xE0 | c >> 12));
		} else {
			buf_addc(out, (char)(0xF0 | c >> 18));
			buf_addc(out, (char)(0x80 | (c >> 12 & 63)));
		}
		buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
	}
	buf_addc(out, (char)(0x80 | (c & 63)));
}

static bool
read_utf8(const unsigned char *bytes, size_t len, struct buf *out)
{
	for (size_t i = 0, width; i < len; i += width) {
		width = utf8_width(bytes + i, len - i);
		if (width == 0 || (width == 1 && !is_text(bytes[i])))
			return false;
	}
	buf_add(out, bytes, len);
	return true;
}

/* high: the index of a unit's upper byte. */
static bool
read_utf16(const unsigned char *bytes, size_t len, size_t high, struct buf *out)
{
	uint32_t lead = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		uint32_t unit = (uint32_t)bytes[i + high] << 8 | bytes[i + 1 - high];
		bool low = unit >= 0xDC00 && unit < 0xE000;

		if (low != (lead != 0) || !is_text(unit))
			return false;
		if (unit >= 0xD800 && unit < 0xDC00) {
			lead = unit;
			continue;
		}
		add_character(out, low ? 0x10000 + ((lead & 0x3FF) << 10 | (unit & 0x3FF)) : unit);
		lead = 0;
	}
	return len % 2 == 0 && lead == 0;
}

static bool
read_1252(const unsigned char *bytes, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_text(bytes[i]))
			return false;
		add_character(out,
		    bytes[i] >= 0x80 && bytes[i] < 0xA0 ? high_1252[bytes[i] - 0x80] : bytes[i]);
	}
	return true;
}

static bool
find_encoding(struct slice *bytes, struct slice charset, enum encoding *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(boms); i++) {
		if (!slice_starts(*bytes, boms[i].bom))
			continue;
		*bytes = slice_skip(*bytes, boms[i].bom.len);
		*ret = boms[i].encoding;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(charsets); i++) {
		*ret = charsets[i].encoding;
		if (slice_eqi(charset, slice_str(charsets[i].name)))
			return true;
	}
	return false;
}

bool
text_file_read(struct slice bytes, struct slice charset, struct buf *out)
{
	const unsigned char *from;
	enum encoding encoding;

	if (!find_encoding(&bytes, charset, &encoding))
		return false;
	from = (const unsigned char *)bytes.ptr;
	if (encoding == ENCODING_UTF8)
		return read_utf8(from, bytes.len, out);
	if (encoding == ENCODING_1252)
		return read_1252(from, bytes.len, out);
	return read_utf16(from, bytes.len, encoding == ENCODING_UTF16LE, out);
}
