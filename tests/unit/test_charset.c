/* charset.c: what is text, and in which encoding. */
#include "config.h"

#include "core/http/charset.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

int
main(void)
{
	static const struct {
		const char *what, *charset;
		struct slice bytes;
		const char *want; /* NULL: no text */
	} rows[] = {
		{ "ASCII", "", BYTES("a,b\r\n\t1\f\x1B[0m"), "a,b\r\n\t1\f\x1B[0m" },
		{ "nothing", "", BYTES(""), "" },
		{ "UTF-8", "", BYTES("h\xC3\xA9 \xF0\x9F\x98\x80"), "h\xC3\xA9 \xF0\x9F\x98\x80" },
		{ "UTF-8 by name", "UTF-8", BYTES("\xC3\xA9"), "\xC3\xA9" },
		{ "a BOM", "", BYTES("\xEF\xBB\xBFx"), "x" },
		{ "a BOM outranks a name", "latin1", BYTES("\xEF\xBB\xBF\xC3\xA9"), "\xC3\xA9" },
		{ "UTF-16, little", "",
		    BYTES("\xFF\xFE"
			  "a\0\xE9\0\x3D\xD8\x00\xDE"),
		    "a\xC3\xA9\xF0\x9F\x98\x80" },
		{ "UTF-16, big", "", BYTES("\xFE\xFF\0a\x20\xAC"), "a\xE2\x82\xAC" },
		{ "UTF-16 by name", "utf-16le", BYTES("a\0"), "a" },
		{ "Latin 1", "ISO-8859-1", BYTES("caf\xE9"), "caf\xC3\xA9" },
		{ "Windows", "windows-1252", BYTES("\x80 \x93q\x94"),
		    "\xE2\x82\xAC \xE2\x80\x9Cq\xE2\x80\x9D" },
		{ "Latin 1 without its name", "", BYTES("caf\xE9"), NULL },
		{ "a NUL", "", BYTES("a\0b"), NULL },
		{ "a control", "", BYTES("a\x01"), NULL },
		{ "half a character", "", BYTES("a\xC3"), NULL },
		{ "half a unit", "",
		    BYTES("\xFF\xFE"
			  "a"),
		    NULL },
		{ "half a pair", "", BYTES("\xFF\xFE\x3D\xD8"), NULL },
		{ "the other half", "", BYTES("\xFF\xFE\x00\xDE"), NULL },
		{ "a pair of one half", "",
		    BYTES("\xFF\xFE\x3D\xD8"
			  "a\0"),
		    NULL },
		{ "an unknown charset", "x-klingon", BYTES("a"), NULL },
		{ "Latin 1 with a NUL", "latin1", BYTES("a\0"), NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf out;

		buf_init(&out, KIB);
		ok(text_file_read(rows[i].bytes, slice_str(rows[i].charset), &out) ==
			(rows[i].want != NULL),
		    rows[i].what);
		if (rows[i].want != NULL)
			is_slice(buf_slice(&out), rows[i].want, "its text");
		buf_release(&out);
	}
	return tap_done();
}
