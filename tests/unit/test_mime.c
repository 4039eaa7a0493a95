/* mime.c: spellings and guesses. */
#include "config.h"

#include "core/http/mime.h"

#include "base/xalloc.h"
#include "tap.h"

static void
test_clean(void)
{
	static const struct {
		const char *text, *want; /* NULL: no type */
	} rows[] = {
		{ "", "" },
		{ "; charset=utf-8", "" },
		{ "image/png", "image/png" },
		{ " Image/PNG ; q=1", "image/png" },
		{ "image/jpg", "image/jpeg" },
		{ "application/x-pdf", "application/pdf" },
		{ "text/plain; charset=utf-8", "text/plain" },
		{ "text/csv; header=present; charset=\"ISO-8859-1\"",
		    "text/csv;charset=ISO-8859-1" },
		{ "text/csv; charset=a b", "text/csv" },
		{ "text/csv; charset=", "text/csv" },
		{ "audio/L16; rate=24000", "audio/l16;rate=24000" },
		{ "audio/x-wav;codecs=\"1\"", "audio/wav" },
		{ "image/svg+xml", "image/svg+xml" },
		{ "image", NULL },
		{ "image/", NULL },
		{ "/png", NULL },
		{ "a/b/c", NULL },
		{ "*/*", NULL },
		{ "image/p ng", NULL },
		{ "image/png\r\nX: y", NULL },
	};
	char mime[MIME_MAX], *huge = xstrndup("", 0);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ok(mime_clean(slice_str(rows[i].text), mime) == (rows[i].want != NULL),
		    rows[i].text[0] != 'i' || rows[i].want != NULL ? rows[i].text : "an odd image");
		if (rows[i].want != NULL)
			is_str(mime, rows[i].want, "its spelling");
	}
	for (size_t len = 1; len <= 2 * MIME_MAX; len++) {
		huge = xrealloc(huge, len + 1);
		memset(huge, 'x', len);
		huge[len] = '\0';
		if (len > 8)
			memcpy(huge, "audio/x;", len > 120 ? 8 : 6);
		if (mime_clean(slice_str(huge), mime) && strlen(mime) >= MIME_MAX)
			ok(false, "a long type");
	}
	secret_free(huge);
}

static void
test_charset(void)
{
	is_slice(mime_charset(SLICE("text/csv;charset=latin1")), "latin1", "a charset");
	is_slice(mime_charset(SLICE("text/csv")), "", "no charset");
	is_slice(mime_charset(SLICE("")), "", "no type");
}

static void
test_media(void)
{
	static const struct {
		const char *type;
		bool media, in_result;
	} rows[] = {
		{ "image/png", true, true },
		{ "image/jpeg", true, true },
		{ "image/webp", true, true },
		{ "application/pdf", true, true },
		{ "image/gif", true, false },
		{ "audio/wav", true, false },
		{ "audio/l16;rate=24000", true, false },
		{ "video/mp4", true, false },
		{ "text/rtf", true, false },
		{ "image/svg+xml", false, false },
		{ "image/bmp", false, false },
		{ "text/csv", false, false },
		{ "text/plain;charset=latin1", false, false },
		{ "application/json", false, false },
		{ "application/zip", false, false },
		{ "image/pngx", false, false },
		{ "audio", false, false },
		{ "", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ok(mime_is_media(slice_str(rows[i].type)) == rows[i].media, rows[i].type);
		ok(mime_in_result(slice_str(rows[i].type)) == rows[i].in_result, "in a result");
	}
}

static void
test_vague(void)
{
	ok(mime_is_vague(SLICE("")), "nothing");
	ok(mime_is_vague(SLICE("application/octet-stream")), "bytes");
	ok(mime_is_vague(SLICE("Binary/Octet-Stream")), "bytes in an odd spelling");
	ok(!mime_is_vague(SLICE("text/plain")), "text");
}

static void
test_bytes(void)
{
	static const struct {
		struct slice bytes;
		const char *want;
	} rows[] = {
		{ { "\x89PNG\r\n\x1A\n", 8 }, "image/png" },
		{ { "\xFF\xD8\xFF\xE0", 4 }, "image/jpeg" },
		{ { "RIFF....WEBPVP8 ", 16 }, "image/webp" },
		{ { "RIFF....WAVEfmt ", 16 }, "audio/wav" },
		{ { "....ftypheic", 12 }, "image/heic" },
		{ { "....ftypisom", 12 }, "video/mp4" },
		{ { "....ftypM4A ", 12 }, "audio/m4a" },
		{ { "%PDF-1.7", 8 }, "application/pdf" },
		{ { "%PDF", 4 }, "" },
		{ { "RIFF....WEB", 11 }, "" },
		{ { "RIFF", 4 }, "" },
		{ { "", 0 }, "" },
		{ { NULL, 0 }, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *mime = mime_from_bytes(rows[i].bytes);

		is_str(mime != NULL ? mime : "", rows[i].want, "what the bytes tell");
	}
}

static void
test_name(void)
{
	is_str(mime_from_name(SLICE("a.b.PNG")), "image/png", "the last extension");
	is_str(mime_from_name(SLICE("https://x.test/a/b.mp3")), "audio/mp3", "of a URL");
	ok(mime_from_name(SLICE("https://x.test")) == NULL, "a host is none");
	ok(mime_from_name(SLICE("png")) == NULL, "no dot");
	ok(mime_from_name(SLICE("a.")) == NULL, "nothing behind it");
	ok(mime_from_name(SLICE("")) == NULL, "nothing at all");
	ok(mime_from_name((struct slice){ NULL, 0 }) == NULL, "less than that");
}

int
main(void)
{
	test_clean();
	test_charset();
	test_media();
	test_vague();
	test_bytes();
	test_name();
	return tap_done();
}
