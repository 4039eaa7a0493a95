/*
 * Files of callers: their media types and their text. Input: a line with a Content-Type, then
 * bytes. A cleaned type is clean, text is UTF-8, and what came from Windows or a web page is taken
 * off once.
 */
#include "config.h"

#include <string.h>

#include "base/utf8.h"
#include "core/http/mime.h"
#include "core/http/charset.h"
#include "fuzz.h"

static void
check_utf8(struct slice text)
{
	for (size_t at = 0, width; at < text.len; at += width) {
		width = utf8_width((const unsigned char *)text.ptr + at, text.len - at);
		FUZZ_CHECK(width > 0);
	}
}

static void
check_type(struct slice text, char ret[MIME_MAX])
{
	char again[MIME_MAX];

	if (!mime_clean(text, ret)) {
		ret[0] = '\0';
		return;
	}
	FUZZ_CHECK(strlen(ret) < MIME_MAX);
	FUZZ_CHECK(mime_clean(slice_str(ret), again) && strcmp(ret, again) == 0);
	mime_is_vague(slice_str(ret));
	mime_is_media(slice_str(ret));
	mime_in_result(slice_str(ret));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice rest = { (const char *)bytes, size }, line = SLICE("");
	char type[MIME_MAX];
	struct buf out;

	slice_split(&rest, '\n', &line);
	check_type(line, type);
	mime_from_bytes(rest);
	mime_from_name(line);
	buf_init(&out, 4 * size + 16);
	if (text_file_read(rest, mime_charset(slice_str(type)), &out))
		check_utf8(buf_slice(&out));
	buf_release(&out);
	return 0;
}
