/* Tables of media types, and what reads them. */
#include "config.h"

#include "core/http/mime.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"

struct mime_word {
	const char *from, *to;
};

/* clang-format off */
/* Types that clients write and Google does not know. */
static const struct mime_word synonyms[] = {
	{ "image/jpg", "image/jpeg" },
	{ "image/pjpeg", "image/jpeg" },
	{ "image/x-png", "image/png" },
	{ "audio/x-wav", "audio/wav" },
	{ "audio/wave", "audio/wav" },
	{ "audio/vnd.wave", "audio/wav" },
	{ "audio/x-m4a", "audio/m4a" },
	{ "application/x-pdf", "application/pdf" },
};

/* Types that servers give to everything. */
static const char *const vague[] = {
	"application/octet-stream",
	"binary/octet-stream",
	"application/binary",
	"application/x-binary",
	"application/download",
	"application/force-download",
	"application/x-download",
	"application/unknown",
};

static const struct mime_word extensions[] = {
	{ "pdf", "application/pdf" }, { "json", "application/json" }, { "rtf", "application/rtf" },
	{ "txt", "text/plain" }, { "md", "text/markdown" }, { "markdown", "text/markdown" },
	{ "csv", "text/csv" }, { "htm", "text/html" }, { "html", "text/html" },
	{ "xml", "text/xml" }, { "css", "text/css" }, { "js", "text/javascript" },
	{ "py", "text/x-python" }, { "c", "text/plain" }, { "h", "text/plain" },
	{ "log", "text/plain" }, { "yaml", "text/plain" }, { "yml", "text/plain" },
	{ "png", "image/png" }, { "jpg", "image/jpeg" }, { "jpeg", "image/jpeg" },
	{ "webp", "image/webp" }, { "gif", "image/gif" }, { "heic", "image/heic" },
	{ "heif", "image/heif" }, { "avif", "image/avif" },
	{ "wav", "audio/wav" }, { "mp3", "audio/mp3" }, { "aiff", "audio/aiff" },
	{ "aac", "audio/aac" }, { "ogg", "audio/ogg" }, { "flac", "audio/flac" },
	{ "m4a", "audio/m4a" },
	{ "mp4", "video/mp4" }, { "mpeg", "video/mpeg" }, { "mpg", "video/mpg" },
	{ "mov", "video/mov" }, { "avi", "video/avi" }, { "flv", "video/x-flv" },
	{ "webm", "video/webm" }, { "wmv", "video/wmv" }, { "3gp", "video/3gpp" },
	/* What nobody reads as media: its text is read, or its name is told. */
	{ "svg", "image/svg+xml" }, { "bmp", "image/bmp" }, { "tif", "image/tiff" },
	{ "tiff", "image/tiff" }, { "ico", "image/x-icon" }, { "psd", "image/vnd.adobe.photoshop" },
	{ "doc", "application/msword" }, { "xls", "application/vnd.ms-excel" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "epub", "application/epub+zip" }, { "zip", "application/zip" },
	{ "gz", "application/gzip" }, { "tar", "application/x-tar" },
	{ "7z", "application/x-7z-compressed" }, { "rar", "application/vnd.rar" },
	{ "sqlite", "application/vnd.sqlite3" }, { "parquet", "application/vnd.apache.parquet" },
};

/* What Google reads as media: the types of Blob.mimeType in its description of the API but for those
 * of text, of which it says that they belong into a part's text. A type that ends in `/` stands for
 * all of its kind. in_result: also inside a function's response (guide "Function calling",
 * multimodal responses; sound and video are refused there). */
static const struct {
	const char *type;
	bool in_result;
} media[] = {
	{ "image/png",       true },
	{ "image/jpeg",      true },
	{ "image/webp",      true },
	{ "image/heic",      false },
	{ "image/heif",      false },
	{ "image/gif",       false },
	{ "image/avif",      false },
	{ "application/pdf", true },
	{ "application/rtf", false },
	{ "text/rtf",        false },
	{ "audio/",          false },
	{ "video/",          false },
};

/* What the first bytes tell; the more precise row stands first. */
static const struct {
	size_t offset;
	struct slice magic;
	const char *mime;
} magics[] = {
	{ 0, { "\x89PNG", 4 },         "image/png" },
	{ 0, { "\xFF\xD8\xFF", 3 },    "image/jpeg" },
	{ 0, { "GIF8", 4 },            "image/gif" },
	{ 8, { "WEBP", 4 },            "image/webp" },
	{ 4, { "ftypavif", 8 },        "image/avif" },
	{ 4, { "ftypheic", 8 },        "image/heic" },
	{ 4, { "ftypheix", 8 },        "image/heic" },
	{ 4, { "ftypmif1", 8 },        "image/heif" },
	{ 4, { "ftypM4A", 7 },         "audio/m4a" },
	{ 4, { "ftypqt", 6 },          "video/mov" },
	{ 4, { "ftyp", 4 },            "video/mp4" },
	{ 0, { "%PDF-", 5 },           "application/pdf" },
	{ 8, { "WAVE", 4 },            "audio/wav" },
	{ 8, { "AIFF", 4 },            "audio/aiff" },
	{ 0, { "ID3", 3 },             "audio/mp3" },
	{ 0, { "\xFF\xFB", 2 },        "audio/mp3" },
	{ 0, { "\xFF\xF3", 2 },        "audio/mp3" },
	{ 0, { "OggS", 4 },            "audio/ogg" },
	{ 0, { "fLaC", 4 },            "audio/flac" },
	{ 0, { "\x1A\x45\xDF\xA3", 4 }, "video/webm" },
};
/* clang-format on */

static bool
is_token(char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$&^_.+-", c) != NULL);
}

/* `;charset=` and its name, but for UTF-8 and the ASCII in it. */
static void
add_charset(struct slice params, char *mime)
{
	static const struct slice key = { "charset=", 8 };
	size_t len = strlen(mime);
	struct slice param;

	while (slice_split(&params, ';', &param)) {
		param = slice_trim(param);
		if (!slice_startsi(param, key))
			continue;
		param = slice_trim(slice_skip(param, key.len));
		if (param.len > 2 && param.ptr[0] == '"' && param.ptr[param.len - 1] == '"')
			param = (struct slice){ param.ptr + 1, param.len - 2 };
		if (param.len == 0 || slice_eqi(param, SLICE("utf-8")) ||
		    slice_eqi(param, SLICE("utf8")) || slice_eqi(param, SLICE("us-ascii")) ||
		    len + 1 + key.len + param.len >= MIME_MAX)
			return;
		for (size_t i = 0; i < param.len; i++)
			if (!is_token(param.ptr[i]))
				return;
		snprintf(mime + len, MIME_MAX - len, ";charset=%.*s", (int)param.len, param.ptr);
		return;
	}
}

/* Parameters matter for audio (`audio/L16;rate=24000`); odd ones are left out. */
static void
add_params(struct slice params, char *mime)
{
	size_t len = strlen(mime);

	params = slice_trim(params);
	if (params.len == 0 || params.len + 2 > MIME_MAX - len)
		return;
	for (size_t i = 0; i < params.len; i++)
		if (!is_token(params.ptr[i]) && params.ptr[i] != '=' && params.ptr[i] != ';')
			return;
	mime[len++] = ';';
	memcpy(mime + len, params.ptr, params.len);
	mime[len + params.len] = '\0';
}

bool
mime_clean(struct slice text, char ret[MIME_MAX])
{
	struct slice params = text, type;
	size_t slashes = 0;

	ret[0] = '\0';
	if (!slice_split(&params, ';', &type))
		return true;
	type = slice_trim(type);
	if (type.len >= MIME_MAX)
		return false;
	for (size_t i = 0; i < type.len; i++) {
		slashes += type.ptr[i] == '/';
		if (type.ptr[i] != '/' && !is_token(type.ptr[i]))
			return false;
		ret[i] = ascii_lower(type.ptr[i]);
	}
	ret[type.len] = '\0';
	if (type.len == 0)
		return true;
	if (slashes != 1 || ret[0] == '/' || ret[type.len - 1] == '/')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++)
		if (strcmp(ret, synonyms[i].from) == 0)
			strcpy(ret, synonyms[i].to);
	if (slice_starts(slice_str(ret), SLICE("audio/")))
		add_params(params, ret);
	else
		add_charset(params, ret);
	return true;
}

bool
mime_is_vague(struct slice mime)
{
	for (size_t i = 0; i < ARRAY_SIZE(vague); i++)
		if (slice_eqi(mime, slice_str(vague[i])))
			return true;
	return mime.len == 0;
}

const char *
mime_from_name(struct slice filename)
{
	const char *dot = filename.len > 0 ? memrchr(filename.ptr, '.', filename.len) : NULL;
	struct slice extension;

	if (dot == NULL)
		return NULL;
	extension = slice_skip(filename, (size_t)(dot + 1 - filename.ptr));
	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		if (slice_eqi(extension, slice_str(extensions[i].from)))
			return extensions[i].to;
	return NULL;
}

const char *
mime_from_bytes(struct slice head)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (head.len >= magics[i].offset &&
		    slice_starts(slice_skip(head, magics[i].offset), magics[i].magic))
			return magics[i].mime;
	return NULL;
}

/* Its row in the table of media, or -1. */
static ptrdiff_t
find_media(struct slice mime)
{
	struct slice params = mime, type = mime;

	slice_split(&params, ';', &type);
	for (size_t i = 0; i < ARRAY_SIZE(media); i++) {
		struct slice row = slice_str(media[i].type);

		if (slice_ends(row, SLICE("/")) ? slice_starts(type, row) : slice_eq(type, row))
			return (ptrdiff_t)i;
	}
	return -1;
}

bool
mime_is_media(struct slice mime)
{
	return find_media(mime) >= 0;
}

bool
mime_in_result(struct slice mime)
{
	ptrdiff_t row = find_media(mime);

	return row >= 0 && media[row].in_result;
}

struct slice
mime_charset(struct slice mime)
{
	static const struct slice key = { ";charset=", 9 };
	ptrdiff_t at = slice_find(mime, key);

	return at >= 0 ? slice_skip(mime, (size_t)at + key.len) : SLICE("");
}
